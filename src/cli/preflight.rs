//! What can be told from flags and files alone, before anything is asked of AWS: reading a large
//! organization takes minutes.

use std::io::IsTerminal;
use std::path::Path;

use super::args::{AwsArgs, RemediateArgs, UndoArgs, WriteArgs};
use super::error::CliError;
use super::facts::Source;
use super::writing;
use crate::apply::History;
use crate::flows::{check_writable, read_plan, read_snapshot};
use crate::model::{NodeId, OrganizationId, Snapshot};
use crate::plan::{
    PlanDocument, PlanError, WrongOrganization, check_baseline, check_snapshot, is_role_name,
};

/// Files that `remediate` was given.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) plan: Option<PlanDocument>,
    /// `--from-snapshot`.
    pub(super) then: Option<Snapshot>,
    pub(super) baseline: Option<Snapshot>,
}

/// Checks the flags that every command that may write has.
pub(super) fn check_flags(aws: &AwsArgs, write: &WriteArgs) -> Result<(), CliError> {
    writing::state_directory(&write.state, aws.demo)?;
    if !write.apply {
        return Ok(());
    }
    writing::reason(write)?;
    if let Some(endpoint) = &aws.endpoint_url {
        writing::check_endpoint(write, endpoint)?;
    }
    match &write.confirm {
        None if !can_be_asked() => Err(writing::nobody_confirmed()),
        Some(typed) if typed.parse::<OrganizationId>().is_err() => Err(CliError::refused_with(
            format!("--confirm says `{typed}`, which is no organization's id"),
            "the same command without --apply shows the organization's id",
        )),
        _ => Ok(()),
    }
}

/// Can a person be asked here?
pub(super) fn can_be_asked() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Checks the flags of `remediate`, and reads the files that they name.
pub(super) fn check_remediate(args: &RemediateArgs) -> Result<Files, CliError> {
    check_flags(&args.aws, &args.write)?;
    check_return(args)?;
    if let Some(path) = &args.plan_out {
        check_output("plan", path)?;
    }
    let files = Files {
        plan: args.plan.as_deref().map(read_plan).transpose()?,
        then: args
            .from_snapshot
            .as_deref()
            .map(read_snapshot)
            .transpose()?,
        baseline: args.baseline.as_deref().map(read_snapshot).transpose()?,
    };
    if !args.accept_unread {
        check_read(args, &files)?;
    }
    if let Some(plan) = &files.plan {
        if let Some(wanted) = &args.plan_sha256 {
            check_digest(plan, wanted)?;
        }
        check_confirmed(&args.write, &plan.organization)?;
    }
    let organizations = [&files.then, &files.baseline].map(|facts| {
        let known = facts.as_ref().and_then(|facts| facts.organization.known());
        known.map(|organization| &organization.id)
    });
    for organization in organizations.into_iter().flatten() {
        check_confirmed(&args.write, organization)?;
    }
    Ok(files)
}

/// Checks the flags of `resume` and `undo` beside the journal of the run.
pub(super) fn check_run(
    (aws, write): (&AwsArgs, &WriteArgs),
    history: &History,
) -> Result<(), CliError> {
    check_flags(aws, write)?;
    match history.header() {
        Some(header) => check_confirmed(write, &header.plan.organization),
        None => Ok(()),
    }
}

/// The same, and that the run has the steps that `--only` names.
pub(super) fn check_undo(args: &UndoArgs, history: &History) -> Result<(), CliError> {
    check_run((&args.run.aws, &args.run.write), history)?;
    let Some(header) = history.header() else {
        return Ok(());
    };
    let steps: Vec<&str> = header
        .plan
        .steps
        .iter()
        .map(|step| step.id.as_str())
        .collect();
    match args.only.iter().find(|one| !steps.contains(&one.as_str())) {
        Some(wanted) => Err(CliError::refused_with(
            format!(
                "the run has no step `{wanted}`; it has: {}",
                steps.join(", ")
            ),
            "undo without --only shows every step",
        )),
        None => Ok(()),
    }
}

/// Refuses another organization's id by one call, before everything else is read.
pub(super) async fn check_organization(source: &Source, write: &WriteArgs) -> Result<(), CliError> {
    if !write.apply || write.confirm.is_none() {
        return Ok(());
    }
    let described = source.session.reads().describe_organization().await;
    // What stands in the way of reading it is told when the facts are read.
    match described {
        Ok(organization) => check_confirmed(write, &organization.id),
        Err(_) => Ok(()),
    }
}

/// Can what is asked for be written? That it cannot is found out at once.
pub(super) fn check_output(what: &str, path: &Path) -> Result<(), CliError> {
    check_writable(path).map_err(|source| CliError::Output {
        what: format!("{what} `{}`", path.display()),
        source,
    })
}

fn check_confirmed(write: &WriteArgs, organization: &OrganizationId) -> Result<(), CliError> {
    match &write.confirm {
        Some(typed) if write.apply && typed != organization.as_str() => {
            Err(writing::wrong_organization(&WrongOrganization {
                typed: typed.clone(),
                organization: organization.clone(),
            }))
        }
        _ => Ok(()),
    }
}

fn check_digest(plan: &PlanDocument, wanted: &str) -> Result<(), CliError> {
    let hex = |text: &str| text.trim_start_matches("sha256:").to_ascii_lowercase();
    let digest = plan.digest();
    if hex(&digest) == hex(wanted) {
        return Ok(());
    }
    Err(CliError::refused_with(
        format!("the plan's digest is {digest}, not `{wanted}`"),
        "review the plan of the file, and give the digest that it shows",
    ))
}

/// What hangs was read, as far as it is to hang again.
fn check_read(args: &RemediateArgs, files: &Files) -> Result<(), CliError> {
    if let Some(then) = &files.then {
        check_snapshot(then).map_err(|error| no_plan(&error))?;
    }
    if let Some(then) = &files.baseline {
        check_baseline(then, &args.reinvite.iter().cloned().collect())
            .map_err(|error| no_plan(&error))?;
    }
    Ok(())
}

/// A plan that cannot be made.
pub(super) fn no_plan(error: &PlanError) -> CliError {
    CliError::refused_with(error.to_string(), error.hint())
}

/// What is said of accounts that are to come back.
fn check_return(args: &RemediateArgs) -> Result<(), CliError> {
    let usage = |message: String, hint| Err(CliError::Usage { message, hint });
    for (number, (account, place)) in args.return_to.iter().enumerate() {
        if !args.reinvite.contains(account) {
            return usage(
                format!("--return-to names account {account}, which --reinvite does not"),
                "add --reinvite for it, or take it out",
            );
        }
        if !matches!(place, NodeId::Ou(_)) {
            return usage(
                format!("--return-to names {place}, which is no OU"),
                "name an OU; an account arrives in the root by itself",
            );
        }
        let mut earlier = args.return_to.iter().take(number);
        if earlier.any(|(one, _)| one == account) {
            return usage(
                format!("--return-to names two places for account {account}"),
                "name one",
            );
        }
    }
    match &args.break_glass_role {
        Some(role) if !is_role_name(role) => usage(
            format!("--break-glass-role `{role}` is not the name of one role"),
            "give its name with its path, without wildcards",
        ),
        _ => Ok(()),
    }
}
