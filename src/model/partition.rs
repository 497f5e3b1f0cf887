//! AWS partitions: separate copies of AWS with their own endpoints and ARNs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An AWS partition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub enum Partition {
    /// The commercial partition.
    Aws,
    /// China.
    AwsCn,
    /// AWS GovCloud (US).
    AwsUsGov,
    /// AWS European Sovereign Cloud.
    AwsEusc,
    /// AWS Secret and Top Secret regions.
    AwsIso,
    /// See [`Partition::AwsIso`].
    AwsIsoB,
    /// See [`Partition::AwsIso`].
    AwsIsoE,
    /// See [`Partition::AwsIso`].
    AwsIsoF,
}

/// A partition that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown AWS partition `{0}`")]
pub struct UnknownPartition(pub String);

/// Name, region of the Organizations endpoint, prefix of its region names.
///
/// <https://docs.aws.amazon.com/general/latest/gr/ao.html>
const TABLE: [(Partition, &str, &str, &str); 8] = [
    (Partition::Aws, "aws", "us-east-1", ""),
    (Partition::AwsCn, "aws-cn", "cn-northwest-1", "cn-"),
    (
        Partition::AwsUsGov,
        "aws-us-gov",
        "us-gov-west-1",
        "us-gov-",
    ),
    (Partition::AwsEusc, "aws-eusc", "eusc-de-east-1", "eusc-"),
    (Partition::AwsIso, "aws-iso", "us-iso-east-1", "us-iso-"),
    (
        Partition::AwsIsoB,
        "aws-iso-b",
        "us-isob-east-1",
        "us-isob-",
    ),
    (
        Partition::AwsIsoE,
        "aws-iso-e",
        "eu-isoe-west-1",
        "eu-isoe-",
    ),
    (
        Partition::AwsIsoF,
        "aws-iso-f",
        "us-isof-south-1",
        "us-isof-",
    ),
];

impl Partition {
    /// Every known partition.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> (Self, &'static str, &'static str, &'static str) {
        TABLE
            .into_iter()
            .find(|row| row.0 == self)
            .unwrap_or((Self::Aws, "aws", "us-east-1", ""))
    }

    /// The partition as it stands in an ARN.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The one region whose endpoint serves Organizations, and in which its
    /// CloudTrail events appear.
    pub fn organizations_region(self) -> &'static str {
        self.row().2
    }

    /// The partition to which a region belongs, judged by the region's name.
    pub fn of_region(region: &str) -> Self {
        TABLE
            .into_iter()
            .find(|row| !row.3.is_empty() && region.starts_with(row.3))
            .map_or(Self::Aws, |row| row.0)
    }

    /// The partition that an ARN names.
    pub fn of_arn(arn: &str) -> Result<Self, UnknownPartition> {
        let mut parts = arn.split(':');
        match (parts.next(), parts.next()) {
            (Some("arn"), Some(partition)) => partition.parse(),
            _ => Err(UnknownPartition(arn.to_owned())),
        }
    }
}

impl FromStr for Partition {
    type Err = UnknownPartition;

    fn from_str(text: &str) -> Result<Self, UnknownPartition> {
        TABLE
            .into_iter()
            .find(|row| row.1 == text)
            .map(|row| row.0)
            .ok_or_else(|| UnknownPartition(text.to_owned()))
    }
}

impl TryFrom<String> for Partition {
    type Error = UnknownPartition;

    fn try_from(text: String) -> Result<Self, UnknownPartition> {
        text.parse()
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.name().to_owned()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_and_arn_name_the_same_partition() {
        for partition in Partition::all() {
            assert_eq!(
                Partition::of_region(partition.organizations_region()),
                partition
            );
            let arn = format!("arn:{partition}:iam::111122223333:role/x");
            assert_eq!(Partition::of_arn(&arn), Ok(partition));
        }
        assert_eq!(Partition::of_region("eu-central-1"), Partition::Aws);
        assert!(Partition::of_arn("arn:aws-moon:iam::1:role/x").is_err());
    }
}
