//! Which folders and files cannot hold a match, by rule.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::place::{FileName, Folder, Named};
use super::query::Query;
use crate::model::{AccountId, Partition, Timestamp};

/// Before this day, events of global services could be recorded in other regions.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail-by-using-the-aws-cli-update-trail.html>
const GLOBAL_EVENTS_MOVED: Date = Date::constant(2021, 11, 22);

/// Why something was not looked into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Another account than the wanted ones.
    Account,
    /// Not the region in which the events are recorded.
    Region,
    /// Delivered before the window: every record in it is older.
    DeliveredBefore,
    /// Delivered after the window and its margin.
    DeliveredAfter,
    /// Not logs of management events: a digest, insights, network activity.
    Kind(String),
}

impl Rule {
    /// The word for reports.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Account => "account".to_owned(),
            Self::Region => "region".to_owned(),
            Self::DeliveredBefore => "delivered-before".to_owned(),
            Self::DeliveredAfter => "delivered-after".to_owned(),
            Self::Kind(kind) => kind.clone(),
        }
    }
}

/// The rules for one query.
#[derive(Debug)]
pub(super) struct Pruning<'q> {
    query: &'q Query,
    /// May other regions be left out?
    by_region: bool,
    first: Date,
    last: Date,
    last_delivery: Timestamp,
}

impl<'q> Pruning<'q> {
    pub(super) fn new(query: &'q Query, all_regions: bool) -> Self {
        let day = |time: Timestamp| TimeZone::UTC.to_datetime(time).date();
        let last_delivery = query.window.last_delivery();
        Self {
            query,
            by_region: query.in_one_region() && !all_regions,
            first: day(query.window.since),
            last: day(last_delivery),
            last_delivery,
        }
    }

    /// Why a folder need not be entered.
    pub(super) fn folder(&self, folder: &Folder) -> Option<Rule> {
        match folder {
            Folder::Loose(_) => None,
            Folder::Sibling(kind) => Some(Rule::Kind(kind.clone())),
            Folder::Trail(account) => self.account(account.as_ref()?),
            Folder::Region(_, region, day) => {
                let Some((first, last)) = day.range() else {
                    return self.region(region, self.first);
                };
                self.region(region, first.max(self.first))
                    .or_else(|| self.days(first, last))
            }
        }
    }

    /// Why a file need not be opened.
    pub(super) fn file(&self, name: &FileName) -> Option<Rule> {
        match name {
            FileName::Other => None,
            FileName::Sibling(kind) => Some(Rule::Kind(kind.clone())),
            FileName::Log(named) => self.log(named),
        }
    }

    fn log(&self, named: &Named) -> Option<Rule> {
        let day = TimeZone::UTC.to_datetime(named.delivered).date();
        // The name has minutes only: the file may be as late as the end of its minute.
        let end = named
            .delivered
            .checked_add(SignedDuration::from_secs(60))
            .unwrap_or(Timestamp::MAX);
        self.account(&named.account)
            .or_else(|| self.region(&named.region, day))
            .or_else(|| (end <= self.query.window.since).then_some(Rule::DeliveredBefore))
            .or_else(|| (named.delivered > self.last_delivery).then_some(Rule::DeliveredAfter))
    }

    fn account(&self, account: &AccountId) -> Option<Rule> {
        let wanted = &self.query.accounts;
        (!wanted.is_empty() && !wanted.contains(account)).then_some(Rule::Account)
    }

    /// `earliest` is the first day of what would be left out.
    fn region(&self, region: &str, earliest: Date) -> Option<Rule> {
        let home = Partition::of_region(region).organizations_region();
        (self.by_region && region != home && earliest >= GLOBAL_EVENTS_MOVED)
            .then_some(Rule::Region)
    }

    fn days(&self, first: Date, last: Date) -> Option<Rule> {
        if last < self.first {
            Some(Rule::DeliveredBefore)
        } else if first > self.last {
            Some(Rule::DeliveredAfter)
        } else {
            None
        }
    }

    /// Every day of delivery that is searched.
    pub(super) fn days_searched(&self) -> impl Iterator<Item = Date> {
        let last = self.last;
        self.first
            .series(1.day())
            .take_while(move |day| *day <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::archive::Window;

    fn query(since: &str, until: &str, accounts: &[&str]) -> Query {
        let window = Window {
            since: since.parse().unwrap(),
            until: until.parse().unwrap(),
            margin_hours: 24,
        };
        let accounts = accounts.iter().map(|id| id.parse().unwrap()).collect();
        Query::exits(window, accounts)
    }

    fn folder(path: &str) -> Folder {
        path.split('/')
            .fold(Folder::Loose(None), |folder, name| folder.enter(name))
    }

    #[test]
    fn folders_fall_to_the_first_rule_that_holds() {
        let query = query(
            "2026-11-20T12:00:00Z",
            "2026-11-23T12:00:00Z",
            &["111122223333"],
        );
        let pruning = Pruning::new(&query, false);
        for (path, rule) in [
            ("111122223333/CloudTrail", None),
            ("444455556666/CloudTrail", Some(Rule::Account)),
            ("CloudTrail/eu-west-1", Some(Rule::Region)),
            ("CloudTrail/us-east-1", None),
            ("CloudTrail/cn-northwest-1", None),
            ("CloudTrail/cn-north-1", Some(Rule::Region)),
            ("CloudTrail/us-east-1/2025", Some(Rule::DeliveredBefore)),
            ("CloudTrail/us-east-1/2026/10", Some(Rule::DeliveredBefore)),
            ("CloudTrail/us-east-1/2026/12", Some(Rule::DeliveredAfter)),
            (
                "CloudTrail/us-east-1/2026/11/19",
                Some(Rule::DeliveredBefore),
            ),
            ("CloudTrail/us-east-1/2026/11/20", None),
            ("CloudTrail/us-east-1/2026/11/24", None),
            (
                "CloudTrail/us-east-1/2026/11/25",
                Some(Rule::DeliveredAfter),
            ),
            ("444455556666/notes", None),
        ] {
            assert_eq!(pruning.folder(&folder(path)), rule, "{path}");
        }
        let everywhere = Pruning::new(&query, true);
        assert_eq!(everywhere.folder(&folder("CloudTrail/eu-west-1")), None);
    }

    #[test]
    fn older_days_are_searched_in_every_region() {
        let query = query("2021-10-01T00:00:00Z", "2026-11-23T12:00:00Z", &[]);
        let pruning = Pruning::new(&query, false);
        for (path, rule) in [
            ("CloudTrail/eu-west-1", None),
            ("CloudTrail/eu-west-1/2021", None),
            ("CloudTrail/eu-west-1/2021/11", None),
            ("CloudTrail/eu-west-1/2021/11/21", None),
            ("CloudTrail/eu-west-1/2021/11/22", Some(Rule::Region)),
            ("CloudTrail/eu-west-1/2022", Some(Rule::Region)),
        ] {
            assert_eq!(pruning.folder(&folder(path)), rule, "{path}");
        }
    }

    #[test]
    fn names_count_to_the_end_of_their_minute() {
        let query = query("2026-11-20T12:00:30Z", "2026-11-23T12:00:00Z", &[]);
        let pruning = Pruning::new(&query, false);
        for (minute, rule) in [
            ("20261120T1159Z", Some(Rule::DeliveredBefore)),
            ("20261120T1200Z", None),
            ("20261124T1200Z", None),
            ("20261124T1201Z", Some(Rule::DeliveredAfter)),
        ] {
            let name = format!("111122223333_CloudTrail_us-east-1_{minute}_x.json.gz");
            assert_eq!(pruning.file(&FileName::read(&name)), rule, "{minute}");
        }
    }
}
