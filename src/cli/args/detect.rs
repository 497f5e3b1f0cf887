//! Arguments of `detect`.

use std::path::PathBuf;

use clap::Args;

use super::super::moment::{Moment, parse_moment};
use super::super::source::{SourceArg, parse_source};
use super::{AwsArgs, FailOn, MemberArgs, StateArgs, parse_format};
use crate::model::{AccountId, OrganizationId};
use crate::report::Format;

#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard detect --demo\n  \
    org-exit-guard detect --member-role OrganizationAccountAccessRole\n  \
    org-exit-guard detect --since 7d --snapshot facts.json\n  \
    org-exit-guard detect --source archive:logs\n  \
    org-exit-guard detect --source archive:logs --since 2026-11-01 --until 2026-11-07 --format json\n  \
    org-exit-guard detect --source athena:logs.trail --athena-output s3://my-results/ --since 30d\n  \
    org-exit-guard detect --source archive:logs --account 222222222222 --print-sync --bucket my-logs")]
pub(in crate::cli) struct DetectArgs {
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) members: MemberArgs,
    /// Where the records are (can be repeated). lookup: the event history of the caller's account;
    /// archive:PATH: CloudTrail log files on disk, laid out as in the bucket or copied flat;
    /// athena:DATABASE.TABLE: a query to a table that `emit athena-table` printed, which AWS bills
    #[arg(long, default_value = "lookup", value_name = "SOURCE", value_parser = parse_source)]
    pub(in crate::cli) source: Vec<SourceArg>,
    /// From when on: so long ago (90d, 36h), a day, or RFC 3339, in UTC
    #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = parse_moment, help_heading = "Scope")]
    pub(in crate::cli) since: Moment,
    /// Until when, in the same forms; a day counts to its end (default: now)
    #[arg(long, value_name = "WHEN", value_parser = parse_moment, help_heading = "Scope")]
    pub(in crate::cli) until: Option<Moment>,
    /// Only what was logged in this account (can be repeated)
    #[arg(long, value_name = "ID", help_heading = "Scope")]
    pub(in crate::cli) account: Vec<AccountId>,
    /// Facts of the organization, as `snapshot` saves them: tells which places were guarded, which
    /// invitations are its own, and whose folders to ask about in Athena
    #[arg(long, value_name = "FILE", help_heading = "Scope")]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    /// Search log files delivered up to so many hours after --until
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8760), help_heading = "Scope")]
    pub(in crate::cli) margin: u32,
    /// Search every region's log files, though Organizations events are recorded in one only
    #[arg(long, help_heading = "Scope")]
    pub(in crate::cli) all_regions: bool,
    /// The organization's id: tells its own invitations from foreign ones in log files
    #[arg(long, value_name = "ORG-ID", help_heading = "Scope")]
    pub(in crate::cli) organization: Option<OrganizationId>,
    #[command(flatten)]
    pub(in crate::cli) fetch: FetchArgs,
    #[command(flatten)]
    pub(in crate::cli) athena: AthenaArgs,
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Lowest severity that makes the exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Medium, help_heading = "Behaviour")]
    pub(in crate::cli) fail_on: FailOn,
    /// Do not exit with 4 when something could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(in crate::cli) allow_gaps: bool,
}

/// How the log files are fetched, or asked where they are.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct FetchArgs {
    /// Print the `aws s3 sync` commands that fetch what would be searched, and nothing else
    #[arg(long, help_heading = "Fetching")]
    pub(in crate::cli) print_sync: bool,
    /// Print the queries for each athena:DATABASE.TABLE, and nothing else
    #[arg(long, conflicts_with = "print_sync", help_heading = "Fetching")]
    pub(in crate::cli) print_query: bool,
    /// The trail's bucket, for --print-sync
    #[arg(
        long,
        value_name = "NAME",
        default_value = "BUCKET",
        help_heading = "Fetching"
    )]
    pub(in crate::cli) bucket: String,
    /// The trail's prefix in the bucket, for --print-sync
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        help_heading = "Fetching"
    )]
    pub(in crate::cli) prefix: String,
    /// The Organizations region, for --print-sync and --print-query: cn-northwest-1 in China, us-gov-west-1 in
    /// GovCloud (default: us-east-1)
    #[arg(long, value_name = "REGION", help_heading = "Fetching")]
    home_region: Option<String>,
}

impl FetchArgs {
    /// Was it given?
    pub(in crate::cli) fn names_home_region(&self) -> bool {
        self.home_region.is_some()
    }

    /// The Organizations region as far as it is known without asking AWS.
    pub(in crate::cli) fn home_region(&self) -> &str {
        self.home_region.as_deref().unwrap_or("us-east-1")
    }
}

/// How Athena is asked.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Athena")]
pub(in crate::cli) struct AthenaArgs {
    /// The workgroup (default: primary)
    #[arg(long = "athena-workgroup", value_name = "NAME")]
    pub(in crate::cli) workgroup: Option<String>,
    /// Where Athena keeps results, an `s3://` place; needed where the workgroup names no place
    #[arg(long = "athena-output", value_name = "S3-URI", value_parser = parse_output)]
    pub(in crate::cli) output: Option<String>,
    /// The region of the table (default: the configured region)
    #[arg(long = "athena-region", value_name = "REGION", id = "athena_region")]
    pub(in crate::cli) region: Option<String>,
}

fn parse_output(text: &str) -> Result<String, String> {
    let bucket = text.strip_prefix("s3://").unwrap_or_default();
    if bucket.trim_start_matches('/').is_empty() {
        return Err(format!("`{text}` is not s3://BUCKET/PREFIX/"));
    }
    Ok(text.to_owned())
}

impl DetectArgs {
    /// Are queries run in Athena?
    pub(in crate::cli) fn asks_athena(&self) -> bool {
        let printed = self.fetch.print_query || self.fetch.print_sync;
        !printed && self.source.iter().any(|source| source.table().is_some())
    }
}
