//! Who signed: the credential scope of a `SigV4` Authorization header.

/// `Credential=AKID/20261124/us-east-1/organizations/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub access_key: String,
    pub region: String,
    pub service: String,
}

impl Scope {
    pub(crate) fn parse(authorization: &str) -> Option<Self> {
        let (_, rest) = authorization.split_once("Credential=")?;
        let mut parts = rest.split(',').next()?.split('/');
        let access_key = parts.next()?.to_owned();
        let (_day, region, service) = (parts.next()?, parts.next()?, parts.next()?);
        (parts.next()?.trim() == "aws4_request").then(|| Self {
            access_key,
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261124/eu-west-1/sts/aws4_request, \
                      SignedHeaders=host, Signature=00";
        let scope = Scope::parse(header).unwrap();
        assert_eq!(
            (scope.access_key, scope.region, scope.service),
            ("AKIA1".into(), "eu-west-1".into(), "sts".into())
        );
        assert_eq!(Scope::parse("Bearer x"), None);
        assert_eq!(Scope::parse("Credential=AKIA1/20261124/eu-west-1"), None);
    }
}
