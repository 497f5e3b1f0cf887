//! What the identity and session policies of a caller let it do.

use std::collections::BTreeSet;

use crate::evaluate::{Decision, Request, evaluate};
use crate::scp::{self, Dialect, Document};

use super::world::Permissions;

/// The parsed policies of a caller.
#[derive(Debug, Clone)]
pub(crate) struct Permitted {
    lacks: BTreeSet<String>,
    administrator: bool,
    identity: Vec<Document>,
    session: Option<Vec<Document>>,
}

/// What they say of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    DeniedByIdentity,
    DeniedBySession,
    NotAllowedByIdentity,
    NotAllowedBySession,
}

impl Permitted {
    /// A root user's.
    pub(crate) fn everything() -> Self {
        Self {
            lacks: BTreeSet::new(),
            administrator: true,
            identity: Vec::new(),
            session: None,
        }
    }

    /// A user's or role's. A text that does not parse (only a scenario can hold
    /// one) neither allows nor denies.
    pub(crate) fn by(permissions: &Permissions) -> Self {
        Self {
            lacks: permissions.lacks.clone(),
            administrator: permissions.is_administrator(),
            identity: parsed(permissions.inline.values()),
            session: None,
        }
    }

    /// The same, cut down to what session policies allow; without any they cut nothing.
    pub(crate) fn within(mut self, policies: &[String]) -> Self {
        if !policies.is_empty() {
            self.session = Some(parsed(policies.iter()));
        }
        self
    }

    /// What they say of a request.
    pub(crate) fn decide(&self, request: &Request) -> Verdict {
        let full = self.administrator.then(Document::full_aws_access);
        let identity = decision(self.identity.iter().chain(&full), request);
        let session = self.session.as_ref();
        let session = session.map_or(Decision::Allowed, |policies| {
            decision(policies.iter(), request)
        });
        match (identity, session) {
            (Decision::ExplicitDeny(_), _) => Verdict::DeniedByIdentity,
            (_, Decision::ExplicitDeny(_)) => Verdict::DeniedBySession,
            (Decision::ImplicitDeny { .. }, _) => Verdict::NotAllowedByIdentity,
            _ if self.lacks.contains(&request.action) => Verdict::NotAllowedByIdentity,
            (_, Decision::ImplicitDeny { .. }) => Verdict::NotAllowedBySession,
            (Decision::Allowed, Decision::Allowed) => Verdict::Allowed,
        }
    }
}

fn decision<'a>(policies: impl Iterator<Item = &'a Document>, request: &Request) -> Decision {
    evaluate(&[policies.collect()], request)
}

fn parsed<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<Document> {
    texts
        .filter_map(|text| scp::parse(text, Dialect::Scp).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Resource;
    use crate::model::Partition;

    fn text(effect: &str, action: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
        )
    }

    fn decide(permitted: &Permitted, action: &str) -> Verdict {
        permitted.decide(&Request::new(action, Resource::Any))
    }

    #[test]
    fn identity_and_session_policies_both_have_to_allow_and_a_deny_wins() {
        let mut permissions = Permissions::default();
        permissions.inline.insert("a".into(), text("Allow", "s3:*"));
        permissions
            .inline
            .insert("d".into(), text("Deny", "s3:PutObject"));
        let plain = Permitted::by(&permissions);
        assert_eq!(decide(&plain, "s3:GetObject"), Verdict::Allowed);
        assert_eq!(decide(&plain, "s3:PutObject"), Verdict::DeniedByIdentity);
        assert_eq!(decide(&plain, "iam:GetUser"), Verdict::NotAllowedByIdentity);
        let session = plain.clone().within(&[text("Allow", "s3:ListBucket")]);
        assert_eq!(decide(&session, "s3:ListBucket"), Verdict::Allowed);
        let not_in_session = decide(&session, "s3:GetObject");
        assert_eq!(not_in_session, Verdict::NotAllowedBySession);
        let denied = plain.within(&[text("Deny", "s3:GetObject")]);
        assert_eq!(decide(&denied, "s3:GetObject"), Verdict::DeniedBySession);
    }

    #[test]
    fn an_administrator_lacks_only_what_a_scenario_took_away() {
        let mut permissions = Permissions::administrator(Partition::Aws);
        permissions.lacks.insert("organizations:ListRoots".into());
        let permitted = Permitted::by(&permissions);
        assert_eq!(decide(&permitted, "iam:GetUser"), Verdict::Allowed);
        assert_eq!(
            decide(&permitted, "organizations:ListRoots"),
            Verdict::NotAllowedByIdentity
        );
    }
}
