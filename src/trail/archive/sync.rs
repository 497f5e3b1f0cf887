//! The narrow `aws s3 sync` that brings what a scan would search.
//!
//! <https://docs.aws.amazon.com/cli/latest/reference/s3/sync.html>

use std::collections::BTreeSet;
use std::path::Path;

use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::query::Query;

/// Up to so many days are named one by one, more by month.
const DAYS: usize = 10;

/// Where an organization trail delivers.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// The trail's prefix; empty: none.
    pub prefix: &'a str,
    /// The organization's id; empty for the trail of a single account.
    pub organization: &'a str,
    /// The region whose logs are wanted; `*`: all.
    pub region: &'a str,
}

/// One command for each wanted account, or one for all.
pub fn sync_commands(query: &Query, bucket: &Bucket<'_>, to: &Path) -> Vec<String> {
    let parts = [
        bucket.prefix.trim_matches('/'),
        "AWSLogs",
        bucket.organization,
    ];
    let base: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let base = base.join("/");
    let slices = slices(query);
    let command = |below: &str, before: &str| {
        let from = quoted(&format!("s3://{}/{base}{below}", bucket.name));
        let to = quoted(&to.join(format!("{base}{below}")).display().to_string());
        let mut text = format!("aws s3 sync {from} {to} --exclude '*'");
        for slice in &slices {
            text.push_str(" --include ");
            text.push_str(&quoted(&format!("{before}{}/{slice}/*", bucket.region)));
        }
        text
    };
    if query.accounts.is_empty() {
        return vec![command("", "*/CloudTrail/")];
    }
    let accounts = query.accounts.iter();
    accounts
        .map(|account| command(&format!("/{account}/CloudTrail"), ""))
        .collect()
}

/// The days or months of delivery, `2026/11/24` or `2026/11`.
fn slices(query: &Query) -> BTreeSet<String> {
    let day = |time| TimeZone::UTC.to_datetime(time).date();
    let last = day(query.window.last_delivery());
    let days = || {
        let all = day(query.window.since).series(1.day());
        all.take_while(|day| *day <= last)
    };
    let form = if days().nth(DAYS).is_some() {
        "%Y/%m"
    } else {
        "%Y/%m/%d"
    };
    days().map(|day| day.strftime(form).to_string()).collect()
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::archive::Window;

    fn query(since: &str, accounts: &[&str]) -> Query {
        let window = Window {
            since: since.parse().unwrap(),
            until: "2026-11-23T12:00:00Z".parse().unwrap(),
            margin_hours: 24,
        };
        let accounts = accounts.iter().map(|id| id.parse().unwrap()).collect();
        Query::exits(window, accounts)
    }

    const BUCKET: Bucket<'_> = Bucket {
        name: "logs",
        prefix: "/trail/",
        organization: "o-exampleorg1",
        region: "us-east-1",
    };

    #[test]
    fn only_the_region_and_the_days_of_delivery_are_named() {
        let query = query("2026-11-22T00:00:00Z", &[]);
        assert_eq!(
            sync_commands(&query, &BUCKET, Path::new("my logs")),
            [
                "aws s3 sync s3://logs/trail/AWSLogs/o-exampleorg1 'my logs/trail/AWSLogs/o-exampleorg1' \
              --exclude '*' --include '*/CloudTrail/us-east-1/2026/11/22/*' \
              --include '*/CloudTrail/us-east-1/2026/11/23/*' --include '*/CloudTrail/us-east-1/2026/11/24/*'"
            ]
        );
    }

    #[test]
    fn accounts_have_a_command_each_and_long_windows_go_by_month() {
        let query = query("2026-09-30T00:00:00Z", &["111122223333", "444455556666"]);
        let commands = sync_commands(&query, &BUCKET, Path::new("it's"));
        assert_eq!(commands.len(), 2);
        assert_eq!(
            commands[1],
            "aws s3 sync s3://logs/trail/AWSLogs/o-exampleorg1/444455556666/CloudTrail \
             'it'\\''s/trail/AWSLogs/o-exampleorg1/444455556666/CloudTrail' --exclude '*' \
             --include 'us-east-1/2026/09/*' --include 'us-east-1/2026/10/*' \
             --include 'us-east-1/2026/11/*'"
        );
    }
}
