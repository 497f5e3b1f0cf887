//! The arguments of the commands that may write.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::moment::Moment;
use super::{AwsArgs, ScopeArgs, parse_format};
use crate::emit::Iac;
use crate::model::{AccountId, NodeId, PolicyId};
use crate::report::Format;

/// What every command that may write asks for.
#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct WriteArgs {
    /// Carry it out; without it nothing is written
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) apply: bool,
    /// The organization's id, typed out: nothing else is touched
    #[arg(long, value_name = "ORG-ID", help_heading = "Remediation")]
    pub(in crate::cli) confirm: Option<String>,
    /// Why; kept in the journal and as a tag of the policy
    #[arg(long, value_name = "TEXT", help_heading = "Remediation")]
    pub(in crate::cli) reason: Option<String>,
    /// The most changes that may be made; more are refused before the first
    #[arg(
        long,
        value_name = "N",
        default_value_t = WriteArgs::MAX_CHANGES,
        help_heading = "Remediation"
    )]
    pub(in crate::cli) max_changes: usize,
    /// Apply although the endpoint is not AWS's own
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) allow_endpoint_override: bool,
    /// Everything that happens on stderr, one JSON object a line, for CI
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub(in crate::cli) events: Option<Events>,
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
}

impl WriteArgs {
    /// As many changes as a plan may have that nobody was asked about.
    pub(in crate::cli) const MAX_CHANGES: usize = 10;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Events {
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Language {
    Terraform,
    #[value(name = "cloudformation")]
    CloudFormation,
}

impl Language {
    /// As it is typed.
    pub(in crate::cli) fn word(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::CloudFormation => "cloudformation",
        }
    }
}

impl From<Language> for Iac {
    fn from(language: Language) -> Self {
        match language {
            Language::Terraform => Self::Terraform,
            Language::CloudFormation => Self::CloudFormation,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(in crate::cli) struct StateArgs {
    /// Where lock, journal and the last snapshot are kept
    #[arg(
        long,
        value_name = "DIR",
        env = "ORG_EXIT_GUARD_STATE_DIR",
        help_heading = "Behaviour"
    )]
    pub(in crate::cli) state_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct RunsArgs {
    /// The runs of --demo, which are kept apart
    #[arg(long, help_heading = "AWS")]
    pub(in crate::cli) demo: bool,
    #[command(flatten)]
    pub(in crate::cli) state: StateArgs,
    /// Format on the standard output: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format, help_heading = "Output")]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct RunArgs {
    /// The run, as org-exit-guard runs shows it
    pub(in crate::cli) run: String,
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) write: WriteArgs,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct ResumeArgs {
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
    /// Take only this step, and leave the others open (can be repeated)
    #[arg(long, value_name = "STEP", help_heading = "Remediation")]
    pub(in crate::cli) only: Vec<String>,
    /// Go on although the run began more than 30 days ago
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) stale_ok: bool,
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct UndoArgs {
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
    /// Take back only this step (can be repeated)
    #[arg(long, value_name = "STEP", help_heading = "Remediation")]
    pub(in crate::cli) only: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub(in crate::cli) struct RemediateArgs {
    #[command(flatten)]
    pub(in crate::cli) aws: AwsArgs,
    #[command(flatten)]
    pub(in crate::cli) write: WriteArgs,
    /// Invite this departed account (can be repeated)
    #[arg(long, value_name = "ACCOUNT", help_heading = "Remediation")]
    pub(in crate::cli) reinvite: Vec<AccountId>,
    /// Accept the invitation inside the account, quarantine it, move it to where it was
    #[arg(long, requires = "reinvite", help_heading = "Remediation")]
    pub(in crate::cli) accept_in_account: bool,
    /// The role there that trusts this management account: `OrganizationAccountAccessRole` unless
    /// named; named, it is also looked for in accounts whose owner accepted
    #[arg(long, value_name = "NAME", help_heading = "Remediation")]
    pub(in crate::cli) member_role: Option<String>,
    /// The most accounts that AWS lets this organization have (Service Quotas): it bounds the
    /// invitations of a day
    #[arg(
        long,
        value_name = "N",
        requires = "reinvite",
        help_heading = "Remediation"
    )]
    pub(in crate::cli) account_maximum: Option<usize>,
    /// The one role in a returning account that its quarantine lets through
    #[arg(
        long,
        value_name = "NAME",
        requires = "reinvite",
        help_heading = "Remediation"
    )]
    pub(in crate::cli) break_glass_role: Option<String>,
    /// Take that role although it is younger than the incident, trusts a stranger, or could not be
    /// looked at
    #[arg(long, requires = "break_glass_role", help_heading = "Remediation")]
    pub(in crate::cli) accept_role_risk: bool,
    /// Facts from before accounts departed: where they were, and which SCPs hung on them
    #[arg(
        long,
        value_name = "FILE",
        requires = "reinvite",
        help_heading = "Remediation"
    )]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Where a returning account belongs (can be repeated)
    #[arg(long, value_name = "ACCOUNT=OU", value_parser = parse_return, requires = "reinvite", help_heading = "Remediation")]
    pub(in crate::cli) return_to: Vec<(AccountId, NodeId)>,
    /// Leave out the statement against closing accounts from inside
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) without_self_closure: bool,
    /// Enable the SCP policy type if need be; that cannot be taken back
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) enable_policy_type: bool,
    /// Attach the guard to this OU or account first, prove there that it works, then attach it to
    /// the root and detach it from here
    #[arg(long, value_name = "NODE", help_heading = "Remediation")]
    pub(in crate::cli) canary: Option<NodeId>,
    /// Attach SCPs again as they hung when this snapshot was taken, for instance after the policy
    /// type was disabled; no guard is planned
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reinvite", "without_self_closure", "canary", "baseline"], help_heading = "Remediation")]
    pub(in crate::cli) from_snapshot: Option<PathBuf>,
    /// Attach this SCP of somebody else where it says exactly what is needed, instead of a new one
    /// (can be repeated)
    #[arg(long, value_name = "POLICY", help_heading = "Remediation")]
    pub(in crate::cli) use_policy: Vec<PolicyId>,
    /// Take a snapshot or baseline that did not read everywhere which SCPs hang: what it did not
    /// read is listed, and not attached
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) accept_unread: bool,
    /// Where an SCP was edited since the snapshot and denied more then: create its former text
    /// again as a second SCP beside it
    #[arg(long, requires = "from_snapshot", help_heading = "Remediation")]
    pub(in crate::cli) recreate_rewritten: bool,
    /// Move accounts although AWS Control Tower manages the organization
    #[arg(long, requires = "reinvite", help_heading = "Remediation")]
    pub(in crate::cli) allow_control_tower: bool,
    /// Print the plan as code instead; nothing is written
    #[arg(
        long,
        value_enum,
        value_name = "LANGUAGE",
        conflicts_with = "apply",
        help_heading = "Remediation"
    )]
    pub(in crate::cli) emit: Option<Language>,
    /// Take only this step of the plan (can be repeated)
    #[arg(long, value_name = "STEP", help_heading = "Remediation")]
    pub(in crate::cli) only: Vec<String>,
    /// Write the plan to a file as well, mode 0600
    #[arg(long, value_name = "FILE", help_heading = "Remediation")]
    pub(in crate::cli) plan_out: Option<PathBuf>,
    /// Take exactly the plan of this file, which --plan-out wrote; nothing is selected anew
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reinvite", "without_self_closure", "enable_policy_type", "canary", "from_snapshot", "use_policy", "accept_unread", "only", "plan_out"], help_heading = "Remediation")]
    pub(in crate::cli) plan: Option<PathBuf>,
    /// The digest of the plan that was reviewed; another plan is refused
    #[arg(
        long,
        value_name = "HEX",
        requires = "plan",
        help_heading = "Remediation"
    )]
    pub(in crate::cli) plan_sha256: Option<String>,
    /// Exit with 5 if the plan has changes
    #[arg(long, help_heading = "Remediation")]
    pub(in crate::cli) detailed_exit_code: bool,
}

/// The role that AWS makes in accounts created in an organization.
const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

impl RemediateArgs {
    /// The role through which returning accounts are looked into.
    pub(in crate::cli) fn access_role(&self) -> Option<String> {
        let enters = self.accept_in_account || self.break_glass_role.is_some();
        let usual = enters.then(|| ACCESS_ROLE.to_owned());
        self.member_role.clone().or(usual)
    }

    /// Nothing asked for but a plan.
    pub(in crate::cli) fn bare(aws: AwsArgs, write: WriteArgs) -> Self {
        Self {
            aws,
            write,
            reinvite: Vec::new(),
            accept_in_account: false,
            member_role: None,
            account_maximum: None,
            break_glass_role: None,
            accept_role_risk: false,
            baseline: None,
            return_to: Vec::new(),
            without_self_closure: false,
            enable_policy_type: false,
            canary: None,
            from_snapshot: None,
            use_policy: Vec::new(),
            accept_unread: false,
            recreate_rewritten: false,
            allow_control_tower: false,
            emit: None,
            only: Vec::new(),
            plan_out: None,
            plan: None,
            plan_sha256: None,
            detailed_exit_code: false,
        }
    }

    /// What a plan needs to know, the departures of 90 days included.
    pub(in crate::cli) fn scope() -> ScopeArgs {
        ScopeArgs {
            full: false,
            since: Moment::LONGEST,
            tags: false,
        }
    }
}

fn parse_return(text: &str) -> Result<(AccountId, NodeId), String> {
    let (account, place) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not ACCOUNT=OU"))?;
    let account = account.parse().map_err(|error| format!("{error}"))?;
    let place = place.parse().map_err(|error| format!("{error}"))?;
    Ok((account, place))
}
