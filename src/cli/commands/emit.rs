//! `emit`

use super::super::args::{AthenaTableArgs, EmitArgs, EmitWhat, IamJob};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::streams;
use crate::emit::{IamPolicy, TrailPlace, alarm, athena_table, iam_policy};
use crate::flows::{everybody, read_snapshot};
use crate::plan::Guard;

pub(in crate::cli) fn run(args: &EmitArgs) -> Result<Exit, CliError> {
    let text = match &args.what {
        EmitWhat::IamPolicy { job, member_role } => iam_policy(
            match job {
                IamJob::Audit => IamPolicy::Audit,
                IamJob::Remediation => IamPolicy::Remediation,
                IamJob::Undo => IamPolicy::Undo,
                IamJob::Member => IamPolicy::Member,
                IamJob::Athena => IamPolicy::Athena,
            },
            member_role.as_deref(),
        ),
        EmitWhat::AthenaTable(args) => table(args)?,
        EmitWhat::Alarm { format } => alarm((*format).into()),
        EmitWhat::GuardsGuard { policy } => crate::emit::guards_guard(policy.as_deref()),
        EmitWhat::Guard {
            without_self_closure,
        } => {
            let guard = Guard {
                exit: true,
                self_closure: !without_self_closure,
                carved_out: Vec::new(),
            };
            format!("{}\n", guard.text())
        }
    };
    streams::print(&text)?;
    Ok(Exit::Done)
}

fn table(args: &AthenaTableArgs) -> Result<String, CliError> {
    let mut place = TrailPlace {
        bucket: args.bucket.clone(),
        prefix: args.prefix.clone(),
        organization: args.organization.to_string(),
        accounts: args.account.iter().cloned().collect(),
        first_day: args.since.strftime("%Y/%m/%d").to_string(),
    };
    if let Some(path) = &args.snapshot {
        let snapshot = read_snapshot(path)?;
        place.accounts.extend(everybody(&snapshot));
    }
    Ok(athena_table(&args.table, &place))
}
