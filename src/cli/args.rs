//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::rule::Severity;
use crate::model::{AccountId, OrganizationId};
use crate::report::Format;

/// Audits and closes the ways by which an account can leave an AWS Organization.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 findings, \
    4 incomplete, 5 plan has changes, 6 refused, 7 stopped part-way, 130 interrupted"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Configuration file (default: org-exit-guard.toml here, then in the user's configuration directory)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ORG_EXIT_GUARD_CONFIG"
    )]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Can any member get out, who could lift the guard, who left lately?
    Audit(AuditArgs),
    /// Why an account can or cannot get out: root to account, statement by statement
    Explain(ExplainArgs),
    /// One decision of service control policies with its reasons, for any action
    Check(CheckArgs),
    /// Judge files that hold service control policies, offline
    Lint(LintArgs),
    /// Save the facts of an audit to a file
    Snapshot(SnapshotArgs),
    /// Plan the guard and invitations; with --apply, carry them out
    Remediate(RemediateArgs),
    /// The runs of remediate --apply: when, who, why, where they stand
    Runs(RunsArgs),
    /// Go on with a run that did not end; without --apply nothing is written
    Resume(RunArgs),
    /// Take back what a run did, as far as its journal proves it ours; without --apply nothing is written
    Undo(RunArgs),
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

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub(super) color: Color,
    /// No progress on the terminal
    #[arg(long, global = true, help_heading = "Output")]
    pub(super) no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// Whose AWS, and as whom.
#[derive(Debug, Args)]
pub(super) struct AwsArgs {
    /// Profile of the AWS configuration
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(super) profile: Option<String>,
    /// Region in which STS is asked; decides the partition for the first call
    #[arg(long, help_heading = "AWS")]
    pub(super) region: Option<String>,
    /// One endpoint for every service
    #[arg(long, value_name = "URL", help_heading = "AWS")]
    pub(super) endpoint_url: Option<String>,
    /// Role to assume first
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub(super) role_arn: Option<String>,
    /// External id for --role-arn
    #[arg(long, value_name = "ID", requires = "role_arn", help_heading = "AWS")]
    pub(super) external_id: Option<String>,
    /// A simulated organization on loopback instead of AWS
    #[arg(long, conflicts_with_all = ["profile", "endpoint_url", "role_arn"], help_heading = "AWS")]
    pub(super) demo: bool,
}

/// What is read.
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// Read every SCP and every attachment, also where nothing depends on it
    #[arg(long, help_heading = "Scope")]
    pub(super) full: bool,
    /// How many days of the event history to read
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=90), help_heading = "Scope")]
    pub(super) since: u16,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Judge the facts of a file; nothing is called
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn", "full", "since"], help_heading = "Scope")]
    pub(super) snapshot: Option<PathBuf>,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
    /// Write a report to a file as well (can be repeated)
    #[arg(long, value_name = "FORMAT=PATH", value_parser = parse_report, help_heading = "Output")]
    pub(super) report: Vec<(Format, PathBuf)>,
    /// Lowest severity that makes the exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Medium, help_heading = "Behaviour")]
    pub(super) fail_on: FailOn,
    /// Do not exit with 4 when something could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(super) allow_gaps: bool,
    /// Put the verdicts to AWS's own policy simulator as well (iam:SimulateCustomPolicy)
    #[arg(long, conflicts_with = "snapshot", help_heading = "Behaviour")]
    pub(super) verify_with_aws: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard explain 222222222222 --profile NAME\n  \
    org-exit-guard explain checkout-prod --path leave --snapshot facts.json\n  \
    org-exit-guard explain checkout-prod --demo --format json")]
pub(super) struct ExplainArgs {
    /// An account's id, or its name if no other has it
    pub(super) account: String,
    /// One way out only (org-exit-guard paths lists them)
    #[arg(long, value_name = "ID")]
    pub(super) path: Option<String>,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    /// Explain the facts of a file; nothing is called
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn"], help_heading = "Scope")]
    pub(super) snapshot: Option<PathBuf>,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
    /// Do not exit with 4 when a verdict hangs on something that could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(super) allow_gaps: bool,
}

#[derive(Debug, Args)]
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
pub(super) struct CheckArgs {
    /// The action, service:Action
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    pub(super) action: Option<String>,
    /// What binds this account, by id or name
    #[arg(long, value_name = "ACCOUNT", help_heading = "Stack")]
    pub(super) account: Option<String>,
    /// The stack of a file; `-` is the standard input
    #[arg(long, value_name = "FILE", help_heading = "Stack")]
    pub(super) chain: Option<PathBuf>,
    /// One case a line, one answer a line; `-` is the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "resource", "context", "without", "organization", "format", "expect"], help_heading = "Stack")]
    pub(super) batch: Option<PathBuf>,
    /// The account's organization, for --chain
    #[arg(
        long,
        value_name = "ORG-ID",
        conflicts_with = "account",
        help_heading = "Stack"
    )]
    pub(super) organization: Option<OrganizationId>,
    /// Facts of a file for --account; nothing is called
    #[arg(long, value_name = "FILE", requires = "account", conflicts_with_all = ["demo", "profile", "region", "endpoint_url", "role_arn"], help_heading = "Stack")]
    pub(super) snapshot: Option<PathBuf>,
    /// Who calls; left out: any principal of the account
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub(super) principal: Option<String>,
    /// What it acts on; left out: anything
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub(super) resource: Option<String>,
    /// A condition key and its value (can be repeated, also for a key with several values)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_context, help_heading = "Request")]
    pub(super) context: Vec<(String, String)>,
    /// A condition key that is absent (can be repeated)
    #[arg(long, value_name = "KEY", help_heading = "Request")]
    pub(super) without: Vec<String>,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
    /// Exit with 3 if the decision is another one
    #[arg(long, value_name = "VERDICT", value_enum, help_heading = "Behaviour")]
    pub(super) expect: Option<Expected>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Expected {
    Blocked,
    Conditional,
    Open,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    org-exit-guard lint policies/\n  \
    org-exit-guard lint guard.json --format json\n  \
    terraform output -raw guard | org-exit-guard lint -")]
pub(super) struct LintArgs {
    /// Files, or directories in which every *.json is meant; `-` is the standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(super) files: Vec<PathBuf>,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
    /// Lowest severity that makes the exit code 3
    #[arg(long, value_enum, default_value_t = FailOn::Medium, help_heading = "Behaviour")]
    pub(super) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    pub(super) fn reached_by(self, severity: Severity) -> bool {
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

#[derive(Debug, Args)]
pub(super) struct SnapshotArgs {
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Where to; written with mode 0600
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Do not exit with 4 when something could not be read
    #[arg(long, help_heading = "Behaviour")]
    pub(super) allow_gaps: bool,
}

/// What every command that may write asks for.
#[derive(Debug, Args)]
pub(super) struct WriteArgs {
    /// Carry it out; without it nothing is written
    #[arg(long, help_heading = "Remediation")]
    pub(super) apply: bool,
    /// The organization's id, typed out: nothing else is touched
    #[arg(long, value_name = "ORG-ID", help_heading = "Remediation")]
    pub(super) confirm: Option<String>,
    /// Why; kept in the journal and as a tag of the policy
    #[arg(long, value_name = "TEXT", help_heading = "Remediation")]
    pub(super) reason: Option<String>,
    /// The most changes that may be made; more are refused before the first
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        help_heading = "Remediation"
    )]
    pub(super) max_changes: usize,
    /// Apply although the endpoint is not AWS's own
    #[arg(long, help_heading = "Remediation")]
    pub(super) allow_endpoint_override: bool,
    /// Everything that happens on stderr, one JSON object a line, for CI
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub(super) events: Option<Events>,
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Events {
    Json,
}

#[derive(Debug, Args)]
pub(super) struct StateArgs {
    /// Where lock and journal are kept
    #[arg(
        long,
        value_name = "DIR",
        env = "ORG_EXIT_GUARD_STATE_DIR",
        help_heading = "Remediation"
    )]
    pub(super) state_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// Format on the standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The run, as org-exit-guard runs shows it
    pub(super) run: String,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct RemediateArgs {
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    /// Invite this departed account (can be repeated)
    #[arg(long, value_name = "ACCOUNT", help_heading = "Remediation")]
    pub(super) reinvite: Vec<AccountId>,
    /// Leave out the statement against closing accounts from inside
    #[arg(long, help_heading = "Remediation")]
    pub(super) without_self_closure: bool,
    /// Enable the SCP policy type if need be; that cannot be taken back
    #[arg(long, help_heading = "Remediation")]
    pub(super) enable_policy_type: bool,
    /// Take only this step of the plan (can be repeated)
    #[arg(long, value_name = "STEP", help_heading = "Remediation")]
    pub(super) only: Vec<String>,
    /// Write the plan to a file as well, mode 0600
    #[arg(long, value_name = "FILE", help_heading = "Remediation")]
    pub(super) plan_out: Option<PathBuf>,
    /// Take exactly the plan of this file, which --plan-out wrote; nothing is selected anew
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reinvite", "without_self_closure", "enable_policy_type", "only", "plan_out"], help_heading = "Remediation")]
    pub(super) plan: Option<PathBuf>,
    /// The digest of the plan that was reviewed; another plan is refused
    #[arg(
        long,
        value_name = "HEX",
        requires = "plan",
        help_heading = "Remediation"
    )]
    pub(super) plan_sha256: Option<String>,
    /// Exit with 5 if the plan has changes
    #[arg(long, help_heading = "Remediation")]
    pub(super) detailed_exit_code: bool,
}

impl RemediateArgs {
    /// What a plan needs to know, the departures of 90 days included.
    pub(super) const fn scope() -> ScopeArgs {
        ScopeArgs {
            full: false,
            since: 90,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    /// Write what went over the wire to a file, mode 0600, without secrets and e-mail addresses
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct EmitArgs {
    #[command(subcommand)]
    pub(super) what: EmitWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum EmitWhat {
    /// The least-privilege IAM policy for a job
    IamPolicy {
        /// Which job
        #[arg(value_enum)]
        job: IamJob,
    },
    /// The guard as a service control policy
    Guard {
        /// Without the statement against closing accounts from inside
        #[arg(long)]
        without_self_closure: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IamJob {
    Audit,
    Remediation,
    Undo,
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    /// One entry, in full
    pub(super) id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(subcommand)]
    pub(super) what: DemoWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum DemoWhat {
    /// Serve the simulated AWS on loopback, for any AWS client, until Ctrl-C
    Serve(ServeArgs),
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// A generated organization of that many accounts instead of the demo's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50_000), conflicts_with_all = ["scenario", "empty"])]
    pub(super) accounts: Option<u32>,
    /// The world that a scenario file describes (docs/scenarios.md), or one that --dump wrote
    #[arg(long, value_name = "FILE", conflicts_with = "empty")]
    pub(super) scenario: Option<PathBuf>,
    /// One account outside any organization
    #[arg(long)]
    pub(super) empty: bool,
    /// Port on 127.0.0.1; 0: any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(super) port: u16,
    /// Refuse calls above AWS's published rates
    #[arg(long)]
    pub(super) throttle: bool,
    /// Answer each call this many milliseconds later
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(super) latency: u32,
    /// With --latency: half of the answers take that long or less, one in a hundred ten times as long
    #[arg(long, requires = "latency")]
    pub(super) long_tail: bool,
    /// Write the world to this file at the end
    #[arg(long, value_name = "FILE")]
    pub(super) dump: Option<PathBuf>,
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
