//! Where a log file stands: account, region and time, from folders and names.
//!
//! `AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz`,
//! with any prefix before. The time in a name is that of delivery.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{AccountId, Timestamp};

/// How far down the layout a folder stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Folder {
    /// Not below `CloudTrail`, or not laid out as AWS does; with its own name if that is an account.
    Loose(Option<AccountId>),
    /// `CloudTrail`.
    Trail(Option<AccountId>),
    /// `CloudTrail-Digest` and other siblings, by what follows the hyphen.
    Sibling(String),
    /// A region below `CloudTrail`, and what is known of the day.
    Region(Option<AccountId>, String, Day),
}

/// How much of a day is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// Nothing.
    Any,
    /// The year.
    Year(i16),
    /// Year and month.
    Month(i16, i8),
    /// The day.
    Date(Date),
}

impl Day {
    /// First and last day.
    pub(super) fn range(self) -> Option<(Date, Date)> {
        match self {
            Self::Any => None,
            Self::Year(year) => Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?)),
            Self::Month(year, month) => {
                let first = Date::new(year, month, 1).ok()?;
                Some((first, first.last_of_month()))
            }
            Self::Date(date) => Some((date, date)),
        }
    }

    fn enter(self, name: &str) -> Option<Self> {
        let digits = |count| name.len() == count && name.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Any if digits(4) => Some(Self::Year(name.parse().ok()?)),
            Self::Year(year) if digits(2) => {
                let month = name.parse().ok()?;
                Date::new(year, month, 1).ok()?;
                Some(Self::Month(year, month))
            }
            Self::Month(year, month) if digits(2) => {
                Some(Self::Date(Date::new(year, month, name.parse().ok()?).ok()?))
            }
            _ => None,
        }
    }
}

impl Folder {
    /// The folder of that name in this one.
    pub(super) fn enter(&self, name: &str) -> Self {
        match self {
            Self::Loose(account) => match name.strip_prefix("CloudTrail") {
                Some("") => Self::Trail(account.clone()),
                Some(kind @ ("-Digest" | "-Insight")) => Self::Sibling(word(kind)),
                // A folder of somebody's own may be called so, but not beside an account's logs.
                Some(kind) if kind.starts_with('-') && account.is_some() => {
                    Self::Sibling(word(kind))
                }
                _ => Self::Loose(name.parse().ok()),
            },
            Self::Trail(account) if is_region(name) => {
                Self::Region(account.clone(), name.to_owned(), Day::Any)
            }
            Self::Region(account, region, day) => match day.enter(name) {
                Some(day) => Self::Region(account.clone(), region.clone(), day),
                None => Self::Loose(None),
            },
            Self::Trail(_) | Self::Sibling(_) => Self::Loose(None),
        }
    }
}

/// What a file's name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) account: AccountId,
    pub(super) region: String,
    /// The minute of delivery.
    pub(super) delivered: Timestamp,
}

/// What a name in AWS's form says the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileName {
    /// A log file.
    Log(Named),
    /// A digest or the like.
    Sibling(String),
    /// Not AWS's form.
    Other,
}

impl FileName {
    pub(super) fn read(name: &str) -> Self {
        Self::parse(name).unwrap_or(Self::Other)
    }

    fn parse(name: &str) -> Option<Self> {
        let (account, rest) = name.split_once("_CloudTrail")?;
        let account: AccountId = account.parse().ok()?;
        if let Some((kind, _)) = rest.strip_prefix('-').and_then(|rest| rest.split_once('_')) {
            return Some(Self::Sibling(word(kind)));
        }
        let mut parts = rest.strip_prefix('_')?.split('_');
        let region = parts.next().filter(|region| is_region(region))?;
        let delivered = minute(parts.next()?)?;
        parts.next()?;
        Some(Self::Log(Named {
            account,
            region: region.to_owned(),
            delivered,
        }))
    }
}

/// `-Digest` → `digest`.
fn word(kind: &str) -> String {
    kind.trim_start_matches('-').to_ascii_lowercase()
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(name: &str) -> bool {
    let mut parts = name.split('-');
    let last = parts.next_back().unwrap_or_default();
    let lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let count = parts.clone().count();
    (2..=3).contains(&count)
        && parts.all(lower)
        && !last.is_empty()
        && last.bytes().all(|b| b.is_ascii_digit())
}

/// `20261124T0905Z`.
fn minute(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(date, 8) || !digits(time, 4) {
        return None;
    }
    let date = Date::new(
        date.get(..4)?.parse().ok()?,
        date.get(4..6)?.parse().ok()?,
        date.get(6..)?.parse().ok()?,
    )
    .ok()?;
    let hour: i8 = time.get(..2)?.parse().ok()?;
    let minute: i8 = time.get(2..)?.parse().ok()?;
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str) -> Folder {
        path.split('/')
            .fold(Folder::Loose(None), |folder, name| folder.enter(name))
    }

    #[test]
    fn both_layouts_are_known_below_any_prefix() {
        let account: AccountId = "111122223333".parse().unwrap();
        let day = Day::Date(Date::constant(2026, 11, 24));
        let wanted = Folder::Region(Some(account), "us-east-1".to_owned(), day);
        for path in [
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/24",
            "AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/11/24",
            "some/prefix/AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/11/24",
        ] {
            assert_eq!(folder(path), wanted, "{path}");
        }
    }

    #[test]
    fn what_is_laid_out_otherwise_is_loose() {
        for path in [
            "incident/111122223333",
            "CloudTrail/notes",
            "CloudTrail/us-east-1/2026/13",
            "CloudTrail/us-east-1/copy",
            "CloudTrail-of-last-week",
        ] {
            assert!(matches!(folder(path), Folder::Loose(_)), "{path}");
        }
        for (path, kind) in [
            ("AWSLogs/111122223333/CloudTrail-Digest", "digest"),
            ("CloudTrail-Insight", "insight"),
            ("111122223333/CloudTrail-NetworkActivity", "networkactivity"),
        ] {
            assert_eq!(folder(path), Folder::Sibling(kind.to_owned()));
        }
    }

    #[test]
    fn names_tell_delivery_to_the_minute() {
        let name = "111122223333_CloudTrail_us-gov-west-1_20261124T0905Z_AbCd_e.json.gz";
        let FileName::Log(named) = FileName::read(name) else {
            panic!("a log file's name");
        };
        assert_eq!(named.region, "us-gov-west-1");
        assert_eq!(named.delivered.to_string(), "2026-11-24T09:05:00Z");
        let digest =
            "111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20261124T0905Z.json.gz";
        assert_eq!(
            FileName::read(digest),
            FileName::Sibling("digest".to_owned())
        );
        for other in [
            "events.json.gz",
            "111122223333_CloudTrail_us-east-1_20261324T0905Z_x.json.gz",
            "111122223333_CloudTrail_us-east-1_20261124T0905Z.json.gz",
            "1111_CloudTrail_us-east-1_20261124T0905Z_x.json.gz",
        ] {
            assert_eq!(FileName::read(other), FileName::Other, "{other}");
        }
    }
}
