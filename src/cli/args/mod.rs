//! The arguments.

mod detect;
mod emit;
mod members;
mod remediate;

use std::path::PathBuf;

use super::moment::{Moment, parse_recent};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(in crate::cli) use detect::DetectArgs;
pub(in crate::cli) use emit::{AthenaTableArgs, EmitArgs, EmitWhat, IamJob};
pub(in crate::cli) use members::MemberArgs;
pub(in crate::cli) use remediate::{
    Events, Language, RemediateArgs, ResumeArgs, RunArgs, RunsArgs, StateArgs, UndoArgs, WriteArgs,
};

use crate::model::OrganizationId;
use crate::model::rule::Severity;
use crate::report::Format;

/// Audits and closes the ways by which an account can leave an AWS Organization.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 findings, \
    4 incomplete, 5 plan has changes, 6 refused, 7 stopped part-way, 130 interrupted"
)]
pub(in crate::cli) struct Cli {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    /// Configuration file (default: org-exit-guard.toml here, then in the user's configuration directory)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ORG_EXIT_GUARD_CONFIG"
    )]
    pub(in crate::cli) config: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(in crate::cli) enum Command {
    /// Can any member get out, who could lift the guard, who left lately?
    Audit(AuditArgs),
    /// Why an account can or cannot get out: root to account, statement by statement
    Explain(ExplainArgs),
    /// One decision of service control policies with its reasons, for any action
    Check(CheckArgs),
    /// Judge files that hold service control policies, offline
    Lint(LintArgs),
    /// Exits, attempts and changes to the guard, from CloudTrail records
    Detect(DetectArgs),
    /// Would an alarm fire? Judges `EventBridge` rules and metric filters in templates, offline
    Alarm(AlarmArgs),
    /// Save the facts of an audit to a file
    Snapshot(SnapshotArgs),
    /// Plan the guard and invitations; with --apply, carry them out
    Remediate(RemediateArgs),
    /// The runs of remediate --apply: when, who, why, where they stand
    Runs(RunsArgs),
    /// Go on with a run that did not end; without --apply nothing is written
    Resume(ResumeArgs),
    /// Take back what a run did, as far as its journal proves it ours; without --apply nothing is written
    Undo(UndoArgs),
    /// Who am I, what may I read, what does each missing permission cost?
    Doctor(DoctorArgs),
    /// Print what is deployed by other means
    Emit(EmitArgs),
    /// Rules, with their documentation
    Rules(CatalogArgs),
    /// Ways out of an organization
    Paths(CatalogArgs),
    /// The simulated AWS
    Demo(DemoArgs),
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct OutputArgs {
    /// Colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub(in crate::cli) color: Color,
    /// No progress on the terminal
    #[arg(long, global = true, help_heading = "Output")]
    pub(in crate::cli) no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    Auto,
    Always,
    Never,
}

/// Whose AWS, and as whom.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct AwsArgs {
    /// Profile of the AWS configuration
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(in crate::cli) profile: Option<String>,
    /// Region in which STS is asked, and Athena; decides the partition for the first call
    #[arg(long, help_heading = "AWS")]
    pub(in crate::cli) region: Option<String>,
    /// One endpoint for every service
    #[arg(long, value_name = "URL", help_heading = "AWS")]
    pub(in crate::cli) endpoint_url: Option<String>,
    /// Role to assume first
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub(in crate::cli) role_arn: Option<String>,
    /// External id for --role-arn
    #[arg(long, value_name = "ID", requires = "role_arn", help_heading = "AWS")]
    pub(in crate::cli) external_id: Option<String>,
    /// A simulated organization on loopback instead of AWS
    #[arg(long, conflicts_with_all = ["profile", "endpoint_url", "role_arn"], help_heading = "AWS")]
    pub(in crate::cli) demo: bool,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct ScopeArgs {
    /// Read the tags of every account, one call for each; `snapshot` does so by itself
    #[arg(long, help_heading = "Scope")]
    pub(in crate::cli) tags: bool,
    /// Read every SCP and every attachment, also where nothing depends on it; `snapshot` does so by
    /// itself
    #[arg(long, help_heading = "Scope")]
    pub(in crate::cli) full: bool,
    /// From when on to read the event history: so long ago (90d, 36h), a day, or RFC 3339, in UTC
    #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = parse_recent, help_heading = "Scope")]
    pub(in crate::cli) since: Moment,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct AuditArgs {
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) members: MemberArgs,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArgs,
    /// Judge the facts of a file; nothing is called
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn", "member_role", "full", "since", "tags"], help_heading = "Scope")]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Write a report to a file as well (can be repeated)
    #[arg(long, value_name = "FORMAT=PATH", value_parser = parse_report, help_heading = "Output")]
    pub(in crate::cli) report: Vec<(Format, PathBuf)>,
    /// Lowest severity that makes the exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Medium, help_heading = "Behaviour")]
    pub(in crate::cli) fail_on: FailOn,
    /// Do not exit with 4 when something could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(in crate::cli) allow_gaps: bool,
    /// Put the verdicts to AWS's own policy simulator as well (iam:SimulateCustomPolicy)
    #[arg(long, conflicts_with = "snapshot", help_heading = "Behaviour")]
    pub(in crate::cli) verify_with_aws: bool,
    /// An earlier snapshot: who vanished since, which guards went (default: that of the last run)
    #[arg(long, value_name = "FILE", help_heading = "Behaviour")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Neither use nor keep the snapshot of the last run
    #[arg(long, help_heading = "Behaviour")]
    pub(in crate::cli) no_baseline: bool,
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
}

#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard explain 222222222222 --profile NAME\n  \
    org-exit-guard explain checkout-prod --path leave --snapshot facts.json\n  \
    org-exit-guard explain checkout-prod --demo --format json")]
pub(in crate::cli) struct ExplainArgs {
    /// An account's id, or its name if no other has it
    pub(in crate::cli) account: String,
    /// One way out only (org-exit-guard paths lists them)
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) path: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    /// Explain the facts of a file; nothing is called
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn"], help_heading = "Scope")]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Do not exit with 4 when a verdict hangs on something that could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(in crate::cli) allow_gaps: bool,
}

#[derive(Debug, Clone, PartialEq, Args)]
#[command(
    group(clap::ArgGroup::new("stack").required(true).args(["account", "chain", "batch"])),
    after_help = "Examples:\n  \
    org-exit-guard check organizations:LeaveOrganization --account 222222222222\n  \
    org-exit-guard check s3:DeleteBucket --chain stack.json --resource arn:aws:s3:::logs\n  \
    org-exit-guard check iam:CreateUser --chain stack.json --context aws:MultiFactorAuthPresent=true\n  \
    org-exit-guard check --batch cases.jsonl\n\n\
    A chain file is a list of levels, root first and the account last; a level is a list of \
    policies, each an object or a string that holds its text. Nothing is implied: not even \
    FullAWSAccess."
)]
pub(in crate::cli) struct CheckArgs {
    /// The action, service:Action
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    pub(in crate::cli) action: Option<String>,
    /// What binds this account, by id or name
    #[arg(long, value_name = "ACCOUNT", help_heading = "Stack")]
    pub(in crate::cli) account: Option<String>,
    /// The stack of a file; `-` is the standard input
    #[arg(long, value_name = "FILE", help_heading = "Stack")]
    pub(in crate::cli) chain: Option<PathBuf>,
    /// One case a line, one answer a line; `-` is the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "resource", "context", "without", "organization", "format", "expect"], help_heading = "Stack")]
    pub(in crate::cli) batch: Option<PathBuf>,
    /// The account's organization, for --chain
    #[arg(
        long,
        value_name = "ORG-ID",
        conflicts_with = "account",
        help_heading = "Stack"
    )]
    pub(in crate::cli) organization: Option<OrganizationId>,
    /// Facts of a file for --account; nothing is called
    #[arg(long, value_name = "FILE", requires = "account", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn"], help_heading = "Stack")]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    /// Who calls; left out: any principal of the account
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub(in crate::cli) principal: Option<String>,
    /// What it acts on; left out: anything
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub(in crate::cli) resource: Option<String>,
    /// A condition key and its value (can be repeated, also for a key with several values)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_context, help_heading = "Request")]
    pub(in crate::cli) context: Vec<(String, String)>,
    /// A condition key that is absent (can be repeated)
    #[arg(long, value_name = "KEY", help_heading = "Request")]
    pub(in crate::cli) without: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Exit with 3 if the decision is another one
    #[arg(long, value_name = "VERDICT", value_enum, help_heading = "Behaviour")]
    pub(in crate::cli) expect: Option<Expected>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Expected {
    Blocked,
    Conditional,
    Open,
}

#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard lint policies/\n  \
    org-exit-guard lint guard.json --format json\n  \
    terraform output -raw guard | org-exit-guard lint -")]
pub(in crate::cli) struct LintArgs {
    /// Files, or directories in which every *.json is meant; `-` is the standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// Lowest severity that makes the exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Medium, help_heading = "Behaviour")]
    pub(in crate::cli) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    pub(in crate::cli) fn reached_by(self, severity: Severity) -> bool {
        let threshold = match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= threshold
    }
}

#[derive(Debug, Clone, PartialEq, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::cli) struct SnapshotArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: Option<SnapshotWhat>,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) members: MemberArgs,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArgs,
    /// Leave the tags of accounts out: one call less for each, and nothing to give back to one that
    /// departs
    #[arg(long, conflicts_with = "tags", help_heading = "Scope")]
    pub(in crate::cli) no_tags: bool,
    /// Read of the attachments only what the verdicts need: fewer calls, and no file from which
    /// `remediate --from-snapshot` or `--baseline` brings SCPs back
    #[arg(long, conflicts_with = "full", help_heading = "Scope")]
    pub(in crate::cli) verdicts_only: bool,
    /// Where to; written with mode 0600
    #[arg(short, long, required = true, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Do not exit with 4 when something could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(in crate::cli) allow_gaps: bool,
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(in crate::cli) enum SnapshotWhat {
    /// What differs between two: who vanished, which guards went. Exit code 3 if either did
    Diff(DiffArgs),
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct DiffArgs {
    /// The earlier one
    #[arg(value_name = "A")]
    pub(in crate::cli) before: PathBuf,
    /// The later one
    #[arg(value_name = "B")]
    pub(in crate::cli) after: PathBuf,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct DoctorArgs {
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    /// Write what went over the wire to a file, mode 0600, without secrets and e-mail addresses
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) record: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard emit alarm --format cloudformation > alarm.json\n  \
    org-exit-guard alarm alarm.json\n  \
    org-exit-guard alarm main.tf.json --members stackset.json --format json")]
pub(in crate::cli) struct AlarmArgs {
    /// Templates that are deployed in the management account: CloudFormation in JSON, .tf.json
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// A template that is deployed in every member account (can be repeated)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) members: Vec<PathBuf>,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct CatalogArgs {
    /// One entry, in full
    pub(in crate::cli) id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct DemoArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: DemoWhat,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(in crate::cli) enum DemoWhat {
    /// Serve the simulated AWS on loopback, for any AWS client, until Ctrl-C
    Serve(ServeArgs),
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct ServeArgs {
    /// A generated organization of that many accounts instead of the demo's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50_000), conflicts_with_all = ["scenario", "empty"])]
    pub(in crate::cli) accounts: Option<u32>,
    /// The world that a scenario file describes (docs/scenarios.md), or one that --dump wrote
    #[arg(long, value_name = "FILE", conflicts_with = "empty")]
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// One account outside any organization
    #[arg(long)]
    pub(in crate::cli) empty: bool,
    /// Port on 127.0.0.1; 0: any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(in crate::cli) port: u16,
    /// Refuse calls above AWS's published rates
    #[arg(long)]
    pub(in crate::cli) throttle: bool,
    /// Answer each call this many milliseconds later
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(in crate::cli) latency: u32,
    /// With --latency: half of the answers take that long or less, one in a hundred ten times as long
    #[arg(long, requires = "latency")]
    pub(in crate::cli) long_tail: bool,
    /// Write the world to this file at the end
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) dump: Option<PathBuf>,
}

fn parse_context(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    text.parse()
}

fn parse_report(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not FORMAT=PATH"))?;
    if path.is_empty() {
        return Err(format!("`{text}` names no path"));
    }
    Ok((format.parse()?, PathBuf::from(path)))
}
