//! `remediate`

use std::collections::BTreeMap;

use super::super::args::{AwsArgs, Cli, RemediateArgs, WriteArgs};
use super::super::command_line::{carry_out, look_back, look_on};
use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::facts::Source;
use super::super::preflight::{Files, check_organization, check_remediate, no_plan};
use super::super::{streams, writing};
use crate::apply::{
    Applied, ApplyError, Check, Left, Place, Said, Stop, apply, check, check_returned,
};
use crate::emit::code;
use crate::flows::{
    Kept, judge_all, kept, make_plan, read_hung, read_namesakes, read_owners, read_place,
    read_returning, write_plan,
};
use crate::model::AccountId;
use crate::model::settings::Settings;
use crate::plan::{Approved, PlanDocument, Returning, Wishes};
use crate::report::{AppliedView, CheckView, ENFORCED, RemediationDocument};

pub(in crate::cli) async fn run(
    cli: &Cli,
    args: &RemediateArgs,
    stop: &Stop,
) -> Result<Exit, CliError> {
    let mut files = check_remediate(args)?;
    let source =
        Source::open_to_write(cli, &args.aws, &args.write, (stop, args.access_role())).await?;
    let result = match files.plan.take() {
        Some(plan) => with_plan((cli, args), &source, plan, false).await,
        None => Box::pin(with_new_plan((cli, args), &source, files)).await,
    };
    source.close().await;
    result
}

async fn with_new_plan(
    (cli, args): (&Cli, &RemediateArgs),
    source: &Source,
    files: Files,
) -> Result<Exit, CliError> {
    check_organization(source, &args.write).await?;
    let Files { then, baseline, .. } = files;
    let mut scope = RemediateArgs::scope();
    scope.full = then.is_some();
    let mut snapshot = source.collect(&scope).await?;
    read_namesakes(&source.session, &mut snapshot)
        .await
        .map_err(|failure| CliError::refused(format!("{failure}, so a guard may exist already")))?;
    let unread = |failure: crate::aws::Failure| CliError::refused(failure.to_string());
    if let Some(node) = &args.canary {
        read_place(&source.session, &mut snapshot, node)
            .await
            .map_err(unread)?;
    }
    if let Some(then) = &then {
        read_hung(&source.session, &mut snapshot, then)
            .await
            .map_err(unread)?;
    }
    if let Some(then) = &baseline {
        read_hung(&source.session, &mut snapshot, then)
            .await
            .map_err(unread)?;
    }
    let mut back = Returning {
        role: args.access_role().filter(|_| args.accept_in_account),
        access_role: args.access_role(),
        break_glass: args.break_glass_role.clone(),
        responders: BTreeMap::new(),
        accept_role_risk: args.accept_role_risk,
        baseline: baseline.map(Box::new),
        to: args.return_to.iter().cloned().collect(),
        despite_control_tower: args.allow_control_tower,
    };
    read_returning(&source.session, &mut snapshot, &mut back, &args.reinvite)
        .await
        .map_err(unread)?;
    let use_policy = args.use_policy.iter().cloned().collect();
    read_owners(&source.session, &mut snapshot, &use_policy)
        .await
        .map_err(unread)?;
    let wishes = Wishes {
        back,
        without_self_closure: args.without_self_closure,
        enable_policy_type: args.enable_policy_type,
        reinvite: args.reinvite.iter().cloned().collect(),
        canary: args.canary.clone(),
        restore: then.map(Box::new),
        use_policy,
        accept_unread: args.accept_unread,
        recreate_rewritten: args.recreate_rewritten,
        account_maximum: args.account_maximum,
    };
    let settings: &Settings = &source.config.settings;
    let mut planned = make_plan(snapshot, settings, &wishes).map_err(|error| no_plan(&error))?;
    if !args.only.is_empty() {
        planned.keep_only(&args.only, settings).map_err(|error| {
            CliError::refused_with(
                error.to_string(),
                "name every step that is wanted with --only",
            )
        })?;
    }
    if let Some(path) = &args.plan_out {
        let digest = write_plan(path, &planned.document)?;
        streams::note(&format!("plan written to {}: {digest}", path.display()));
    }
    with_plan((cli, args), source, planned.document, true).await
}

async fn with_plan(
    (cli, args): (&Cli, &RemediateArgs),
    source: &Source,
    plan: PlanDocument,
    fresh: bool,
) -> Result<Exit, CliError> {
    let mut document = RemediationDocument::new(&plan);
    if !plan.steps.is_empty() {
        document.next = carry_out(cli, args, (&plan.organization, &document.digest));
    }
    let state = writing::state_directory(&args.write.state, args.aws.demo)?;
    let place = writing::place(source, &state, &args.write);
    if !args.write.apply || plan.steps.is_empty() {
        if !fresh {
            check(place, &plan).await?;
        }
        match args.emit {
            Some(language) => {
                streams::print(&code(&plan, language.into()))?;
            }
            None => streams::print(&document.render(args.write.format, streams::width()))?,
        }
        let changes = !plan.steps.is_empty();
        return Ok(if tell_unmet(&plan) {
            Exit::Refused
        } else if changes && args.detailed_exit_code {
            Exit::Changes
        } else {
            Exit::Done
        });
    }
    let shown = document.render(crate::report::Format::Table, streams::width());
    let (typed, reason) = writing::confirmation(&args.write, source, &shown).await?;
    let approved = Approved::confirm(plan, &typed, reason)
        .map_err(|error| writing::wrong_organization(&error))?;
    let applied = apply(place, &approved).await;
    report(
        place,
        &Taken::of(cli, (&args.aws, &args.write)),
        source,
        args.write.format,
        &mut document,
        approved.plan(),
        applied,
    )
    .await
}

/// How a run that was carried out is taken back, in commands.
pub(in crate::cli) struct Taken<'a> {
    cli: &'a Cli,
    session: (&'a AwsArgs, &'a WriteArgs),
}

impl<'a> Taken<'a> {
    /// By the flags that this command was given.
    pub(in crate::cli) fn of(cli: &'a Cli, session: (&'a AwsArgs, &'a WriteArgs)) -> Self {
        Self { cli, session }
    }

    /// The whole run, then each quarantine alone, which is lifted last.
    fn back(&self, run: &str, plan: &PlanDocument) -> Vec<String> {
        let steps = plan.steps.iter().map(|step| step.id.as_str());
        let quarantines = steps.filter(|id| id.starts_with("quarantine-"));
        let only = [None].into_iter().chain(quarantines.map(Some));
        let line = |only| look_back(self.cli, self.session, (run, only));
        only.map(line).collect()
    }
}

/// Prints what was done with the verdicts read back.
pub(in crate::cli) async fn report(
    place: Place<'_>,
    taken: &Taken<'_>,
    source: &Source,
    format: crate::report::Format,
    document: &mut RemediationDocument,
    plan: &PlanDocument,
    applied: Result<Applied, ApplyError>,
) -> Result<Exit, CliError> {
    source.progress.finish();
    let applied = match applied {
        Ok(applied) => applied,
        Err(error) => {
            if let ApplyError::Stopped(left) | ApplyError::Interrupted(left) = &error {
                note_left(document, left, &error);
                streams::print(&document.render(format, streams::width()))?;
            }
            return Err(error.into());
        }
    };
    note_outcomes(document, &applied, taken.back(&applied.run, plan));
    let after = match source.collect(&RemediateArgs::scope()).await {
        Ok(after) => judge_all(after, &source.config.settings),
        Err(error) => {
            document.stopped = format!(
                "Run {} is complete; the verdicts were not read back: {error}",
                applied.run
            );
            streams::print(&document.render(format, streams::width()))?;
            return Err(error);
        }
    };
    // Who came back cannot be invited back any more.
    let members = after.snapshot.accounts.known();
    let back = |account: &AccountId| members.is_some_and(|members| members.contains_key(account));
    document.departed.retain(|one| !back(&one.account));
    let checks = check_returned(place, plan).await;
    document.checks = checks.into_iter().map(checked).collect();
    let promised = std::mem::replace(&mut document.after, after.document().paths);
    streams::print(&document.render(format, streams::width()))?;
    let kept = match &plan.promise {
        // What is promised is promised of all steps.
        _ if !applied.open.is_empty() => true,
        Some(promise) => tell_kept(&kept(promise, &after)),
        None => {
            let same = promised == document.after;
            if !same {
                streams::note(NOT_AS_PROMISED);
            }
            same
        }
    };
    tell_open(&applied, taken);
    let unmet = tell_unmet(plan);
    Ok(if kept && !unmet {
        Exit::Done
    } else {
        Exit::Stopped
    })
}

const NOT_AS_PROMISED: &str = "warning: the verdicts read back are not those that the plan promised: AWS may not show \
                               the attachment yet, or somebody changed the organization meanwhile; run \
                               org-exit-guard audit";

/// Says how verdicts and members differ from the plan; false: a promise was not kept.
fn tell_kept(kept: &Kept) -> bool {
    let list = |accounts: &[AccountId]| {
        let ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
        ids.join(", ")
    };
    if !kept.new.is_empty() {
        streams::note(&format!(
            "members since the plan was made, of which it promises nothing: {}",
            list(&kept.new)
        ));
    }
    if !kept.gone.is_empty() {
        streams::note(&format!(
            "no members in use any more since the plan was made (left or closed): {}",
            list(&kept.gone)
        ));
    }
    for (account, path) in &kept.broken {
        streams::note(&format!(
            "account {account}: {path} is not proved blocked, which the plan promised"
        ));
    }
    if !kept.broken.is_empty() {
        streams::note(NOT_AS_PROMISED);
    }
    kept.broken.is_empty()
}

/// Says which steps `--only` of a resume left open, as it was asked.
fn tell_open(applied: &Applied, taken: &Taken<'_>) {
    if !applied.open.is_empty() {
        streams::note(&format!(
            "still open, as asked: {}; to see them: {}",
            applied.open.join(", "),
            look_on(taken.cli, taken.session, &applied.run)
        ));
    }
}

/// Says what was asked for, or needed, and not planned; true: there is some.
fn tell_unmet(plan: &PlanDocument) -> bool {
    let unmet: Vec<&str> = plan
        .not_done
        .iter()
        .filter(|one| one.unmet)
        .map(|one| one.what.as_str())
        .collect();
    if !unmet.is_empty() {
        streams::note(&format!(
            "not planned, though it was asked for or is needed: {}; the plan says why",
            unmet.join("; ")
        ));
    }
    !unmet.is_empty()
}

/// What a run that did not come to its end did, step by step.
fn note_left(document: &mut RemediationDocument, left: &Left, error: &ApplyError) {
    let done = left.results.iter().map(|(id, result)| {
        let outcome = format!("{}: {}", result.outcome.as_str(), result.detail);
        (id, outcome)
    });
    let failed = left
        .failed
        .iter()
        .map(|(id, why)| (id, format!("failed: {why}")));
    let open = left
        .open
        .iter()
        .map(|(id, why)| (id, format!("not begun: {why}")));
    for (id, outcome) in done.chain(failed).chain(open) {
        if let Some(step) = document.steps.iter_mut().find(|step| step.id == *id) {
            step.outcome = Some(outcome);
        }
    }
    document.stopped = error.to_string();
    document.next.clear();
}

fn checked(check: Check) -> CheckView {
    CheckView {
        what: check.what,
        answer: match check.said {
            Said::Yes => "yes",
            Said::No => "no",
            Said::Unknown => "could not tell",
        },
        detail: check.detail,
    }
}

fn note_outcomes(document: &mut RemediationDocument, applied: &Applied, undo: Vec<String>) {
    for (id, result) in &applied.results {
        if let Some(step) = document.steps.iter_mut().find(|step| step.id == *id) {
            step.outcome = Some(format!("{}: {}", result.outcome.as_str(), result.detail));
        }
    }
    document.applied = Some(AppliedView {
        run: applied.run.clone(),
        journal: applied.journal.join("journal.jsonl").display().to_string(),
        enforced: ENFORCED.to_owned(),
        undo,
    });
    document.next.clear();
}
