//! `emit`

use super::super::args::{EmitArgs, EmitWhat, IamJob};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::streams;
use crate::emit::{IamPolicy, iam_policy};
use crate::plan::Guard;

pub(in crate::cli) fn run(args: &EmitArgs) -> Result<Exit, CliError> {
    let text = match &args.what {
        EmitWhat::IamPolicy { job, member_role } => iam_policy(
            match job {
                IamJob::Audit => IamPolicy::Audit,
                IamJob::Remediation => IamPolicy::Remediation,
                IamJob::Undo => IamPolicy::Undo,
                IamJob::Member => IamPolicy::Member,
            },
            member_role.as_deref(),
        ),
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
