//! Arguments of `emit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::super::source::parse_table;
use super::Language;
use crate::model::{AccountId, OrganizationId};

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct EmitArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: EmitWhat,
}

#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(in crate::cli) enum EmitWhat {
    /// The least-privilege IAM policy for a job
    IamPolicy {
        /// Which job
        #[arg(value_enum)]
        job: IamJob,
        /// Allow to assume the role of this name in members, for --member-role
        #[arg(long, value_name = "NAME")]
        member_role: Option<String>,
    },
    /// An alarm on exits, attempts and weakened guards
    Alarm {
        /// CloudFormation in JSON, or Terraform's JSON syntax
        #[arg(long, value_enum)]
        format: Language,
    },
    /// The Athena table of an organization trail, with partition projection
    AthenaTable(AthenaTableArgs),
    /// A service control policy for delegated administrators: they cannot lift the guard
    GuardsGuard {
        /// ARN of the guard; left out: every service control policy is kept from them
        #[arg(long, value_name = "ARN")]
        policy: Option<String>,
    },
    /// The guard as a service control policy
    Guard {
        /// Without the statement against closing accounts from inside
        #[arg(long)]
        without_self_closure: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Args)]
pub(in crate::cli) struct AthenaTableArgs {
    /// The table
    #[arg(value_name = "DATABASE.TABLE", value_parser = parse_table)]
    pub(in crate::cli) table: String,
    /// The trail's bucket
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) bucket: String,
    /// The trail's prefix in the bucket
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub(in crate::cli) prefix: String,
    /// The organization's id
    #[arg(long, value_name = "ORG-ID")]
    pub(in crate::cli) organization: OrganizationId,
    /// Whose folders, former accounts too (can be repeated): a query that names no account then looks into
    /// those, and none into any other. Without, every query names its accounts, as `detect` does
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) account: Vec<AccountId>,
    /// Facts of the organization, as `snapshot` saves them: their accounts are added, departed ones too
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) snapshot: Option<PathBuf>,
    /// The first day that the table covers; organization trails exist since that of the default
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2018-11-19")]
    pub(in crate::cli) since: jiff::civil::Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum IamJob {
    Audit,
    Remediation,
    Undo,
    /// For the role of --member-role, in each member
    Member,
    /// For detect --source athena:, beside those of an audit; both buckets are to be filled in
    Athena,
}
