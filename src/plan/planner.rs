//! From what was found to what would be done.

use std::collections::{BTreeMap, BTreeSet};

use super::again::Rewritten;
use super::canary;
use super::facts::{Facts, attached_guard, equal_policy};
use super::guard::{GUARD_NAME, Guard};
use super::predict;
use super::proof::{self, Proof};
use super::quota::Invitations;
use super::reinvite::candidates;
use super::restore;
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use super::way_back::{Returning, plan_return};
use crate::audit::{Context, Finding};
use crate::detect::Detection;
use crate::exits::{ExitPath, GuardStatement};
use crate::model::organization::PolicyTypeState;
use crate::model::settings::Settings;
use crate::model::{AccountId, Gap, NodeId, PolicyId, Snapshot};
use crate::scp::{SCPS_PER_TARGET, size};
use crate::verdict::{Answer, Block, Judgement, Standing, judge};

/// What the administrator asked for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Leave out the statement against closing accounts from inside.
    pub without_self_closure: bool,
    /// Enable the SCP policy type if it is not; nobody can take that back without losing every
    /// attachment.
    pub enable_policy_type: bool,
    /// Bring these accounts back.
    pub reinvite: BTreeSet<AccountId>,
    /// How.
    pub back: Returning,
    /// The most accounts that AWS lets the organization have, which bounds the day's invitations.
    pub account_maximum: Option<usize>,
    /// Attach the guard here first.
    pub canary: Option<NodeId>,
    /// Only attach again what hung by these facts.
    pub restore: Option<Box<Snapshot>>,
    /// Create the former text of SCPs that were edited since again, beside them.
    pub recreate_rewritten: bool,
}

/// No plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A fact that every step rests on is missing.
    #[error("no plan can be made without {0}")]
    Gap(Gap),
    /// The snapshot to restore from is of another organization.
    #[error("the snapshot is of organization {found}, this is {organization}")]
    Foreign {
        /// Of which.
        found: String,
        /// That of the session.
        organization: String,
    },
}

/// Plans the guard and the invitations.
pub fn plan(
    snapshot: &Snapshot,
    judgement: &Judgement,
    findings: &[Finding],
    detections: &[Detection],
    settings: &Settings,
    wishes: &Wishes,
) -> Result<Plan, PlanError> {
    let facts = Facts::of(snapshot).map_err(PlanError::Gap)?;
    let guard = Guard::for_organization(
        snapshot,
        &settings.transition_ous,
        !wishes.without_self_closure,
    );
    let mut plan = Plan {
        organization: facts.organization.clone(),
        partition: facts.partition,
        management: facts.management.clone(),
        created: snapshot.taken_at,
        facts: facts.clone(),
        steps: Vec::new(),
        not_done: Vec::new(),
        resolves: Vec::new(),
        predicted: Box::new(snapshot.clone()),
        proof: None,
        reused: Vec::new(),
        access_role: wishes.back.access_role.clone(),
        names: BTreeMap::new(),
        candidates: candidates(snapshot, detections),
    };
    if let Some(then) = &wishes.restore {
        plan_restoration(&mut plan, snapshot, then, wishes)?;
    } else {
        plan_guard(&mut plan, snapshot, judgement, &guard, wishes);
    }
    let mut invitations = Invitations::of(snapshot, wishes.account_maximum);
    for account in &wishes.reinvite {
        plan_return(&mut plan, snapshot, &wishes.back, account, &mut invitations);
    }
    invitations.tell(&mut plan);
    proof::prove(&mut plan, snapshot, settings);
    *plan.predicted = predict::after(snapshot, &plan.steps);
    if !plan.steps.is_empty() {
        plan.resolves = resolved(&plan.predicted, findings, settings);
    }
    if let Some(proof) = &mut plan.proof {
        resolved_by(
            proof,
            &plan.steps,
            &plan.resolves,
            (snapshot, findings, settings),
        );
    }
    plan.names = names(snapshot, &plan.steps);
    Ok(plan)
}

/// Names of the existing SCPs that are attached.
fn names(snapshot: &Snapshot, steps: &[Step]) -> BTreeMap<PolicyId, String> {
    let existing = steps.iter().filter_map(|step| match &step.change {
        Change::AttachPolicy {
            policy: PolicyRef::Existing(id),
            ..
        } => snapshot.policies.get(id),
        _ => None,
    });
    let named = existing.filter(|policy| !policy.name.is_empty());
    named
        .map(|policy| (policy.id.clone(), policy.name.clone()))
        .collect()
}

fn plan_guard(
    plan: &mut Plan,
    snapshot: &Snapshot,
    judgement: &Judgement,
    guard: &Guard,
    wishes: &Wishes,
) {
    let exposed = exposed(judgement, guard);
    // A carve-out leaves accounts conditional for ever, so what hangs is looked for by its text.
    let hangs = |guard: &Guard| {
        let document = guard.document();
        document.is_some_and(|document| attached_guard(snapshot, &document).is_some())
    };
    let whole = guard;
    let guard = &missing(judgement, whole);
    let Some(document) = guard.document() else {
        return;
    };
    if exposed == 0 || hangs(whole) || hangs(guard) {
        return;
    }
    let facts = plan.facts.clone();
    if let Some(why) = obstacle(&facts, guard, wishes) {
        plan.not_done.push(NotDone {
            what: "attach the guard to the root".to_owned(),
            why,
        });
        return;
    }
    let mut before = Vec::new();
    if facts.scp_state != PolicyTypeState::Enabled.as_str() {
        before.push(enable(&facts));
    }
    let policy = if let Some(policy) = equal_policy(snapshot, &document) {
        PolicyRef::Existing(policy.id.clone())
    } else {
        let create = create(snapshot, guard);
        let id = create.id.clone();
        before.push(create);
        PolicyRef::Created(id)
    };
    let attach = attach(&facts, &policy, guard, exposed);
    let Some(node) = &wishes.canary else {
        plan.steps.extend(before);
        plan.steps.push(attach);
        return;
    };
    match canary::steps(snapshot, node, &before, &policy, &guard.text()) {
        Ok((first, release)) => {
            plan.facts.rest_on(node, snapshot);
            plan.steps.extend(before);
            plan.steps.extend([first, attach, release]);
        }
        Err(why) => plan.not_done.push(NotDone {
            what: format!("attach the guard to the root, with {node} as canary"),
            why: format!("{node} cannot be the canary: {why}"),
        }),
    }
}

fn attach(facts: &Facts, policy: &PolicyRef, guard: &Guard, covers: usize) -> Step {
    let what = match policy {
        PolicyRef::Existing(id) => format!("SCP {id}, which says the same,"),
        PolicyRef::Created(_) => "it".to_owned(),
    };
    Step {
        id: "attach-guard".to_owned(),
        title: format!("attach {what} to root {}", facts.root),
        change: Change::AttachPolicy {
            policy: policy.clone(),
            target: NodeId::Root(facts.root.clone()),
            text: guard.text(),
            proves: None,
        },
        covers,
        undo: "detach it from the root".to_owned(),
    }
}

/// Plans what `then` says and today lacks.
fn plan_restoration(
    plan: &mut Plan,
    snapshot: &Snapshot,
    then: &Snapshot,
    wishes: &Wishes,
) -> Result<(), PlanError> {
    let facts = plan.facts.clone();
    let of = then.organization.known().map(|found| found.id.clone());
    if of.as_ref() != Some(&facts.organization) {
        return Err(PlanError::Foreign {
            found: of.map_or_else(|| "unknown".to_owned(), |id| id.to_string()),
            organization: facts.organization.to_string(),
        });
    }
    if facts.feature_set != "ALL" || facts.scp_state != PolicyTypeState::Enabled.as_str() {
        if let Some(why) = type_obstacle(&facts, wishes) {
            plan.not_done.push(NotDone {
                what: "attach again what the snapshot shows".to_owned(),
                why,
            });
            return Ok(());
        }
        plan.steps.push(enable(&facts));
    }
    let rewritten = if wishes.recreate_rewritten {
        Rewritten::ComesBeside
    } else {
        Rewritten::IsTold
    };
    restore::plan_attachments(plan, snapshot, then, rewritten);
    for step in plan.steps.clone() {
        if let Change::AttachPolicy { target, .. } = &step.change {
            plan.facts.rest_on(target, snapshot);
        }
    }
    Ok(())
}

/// Why the guard cannot be attached, and what to do instead.
fn obstacle(facts: &Facts, guard: &Guard, wishes: &Wishes) -> Option<String> {
    let why = type_obstacle(facts, wishes);
    if why.is_some() || facts.attached.len() < SCPS_PER_TARGET {
        return why;
    }
    let names: Vec<&str> = facts
        .attached
        .keys()
        .filter(|id| !id.is_full_aws_access())
        .map(PolicyId::as_str)
        .collect();
    Some(format!(
        "{SCPS_PER_TARGET} SCPs hang on the root, the most that AWS documents; this tool edits none of them. \
         Add these statements to one of yours ({}): {}",
        names.join(", "),
        guard.text()
    ))
}

/// Why no SCP can be attached at all.
fn type_obstacle(facts: &Facts, wishes: &Wishes) -> Option<String> {
    if facts.feature_set != "ALL" {
        let why = "the organization has consolidated billing only: enable all features first";
        return Some(why.to_owned());
    }
    let not_enabled = PolicyTypeState::NotEnabled;
    if facts.scp_state == not_enabled.as_str() {
        return (!wishes.enable_policy_type).then(|| {
            "the SCP policy type is not enabled on the root: add --enable-policy-type; that cannot be taken \
             back, for disabling it deletes every attachment"
                .to_owned()
        });
    }
    if facts.scp_state != PolicyTypeState::Enabled.as_str() {
        return Some(format!(
            "the SCP policy type is {} on the root: wait until AWS is done, then plan again",
            facts.scp_state
        ));
    }
    None
}

fn enable(facts: &Facts) -> Step {
    Step {
        id: "enable-scps".to_owned(),
        title: format!(
            "enable the SCP policy type on root {}; AWS then attaches FullAWSAccess everywhere",
            facts.root
        ),
        change: Change::EnablePolicyType {
            root: facts.root.clone(),
        },
        covers: 0,
        undo: "cannot be taken back: disabling the type deletes every attachment".to_owned(),
    }
}

fn create(snapshot: &Snapshot, guard: &Guard) -> Step {
    let text = guard.text();
    let name = free_name(snapshot);
    Step {
        id: "create-guard".to_owned(),
        title: format!(
            "create SCP `{name}` ({} of {} characters)",
            size(&text),
            crate::scp::SCP_SIZE_LIMIT
        ),
        change: Change::CreatePolicy { name, text },
        covers: 0,
        undo: "delete it once it is detached".to_owned(),
    }
}

/// The guard's name, or the first numbered one that no SCP of the snapshot has.
fn free_name(snapshot: &Snapshot) -> String {
    let taken: BTreeSet<&str> = snapshot
        .policies
        .values()
        .map(|policy| policy.name.as_str())
        .collect();
    let mut name = GUARD_NAME.to_owned();
    let mut number = 2;
    while taken.contains(name.as_str()) {
        name = format!("{GUARD_NAME}-{number}");
        number += 1;
    }
    name
}

/// The guard without the half that the root's own SCPs deny to every member already.
///
/// What is blocked below the root only stays in: the root is where accounts arrive.
fn missing(judgement: &Judgement, guard: &Guard) -> Guard {
    let needed = |half: GuardStatement| {
        let paths = ExitPath::of_members().filter(move |path| path.guard == Some(half));
        let open = |path: &ExitPath| {
            let mut verdicts = judgement
                .standings
                .values()
                .filter_map(|standing| standing.verdict(path.id));
            verdicts.any(|answer| !denied_at_root(answer))
        };
        paths.into_iter().any(open)
    };
    Guard {
        exit: needed(GuardStatement::Exit),
        self_closure: guard.self_closure && needed(GuardStatement::SelfClosure),
        carved_out: guard.carved_out.clone(),
    }
}

fn denied_at_root(answer: &Answer) -> bool {
    match answer {
        Answer::Blocked(Block::Deny(statement)) => statement.level == 0,
        Answer::Blocked(Block::Together(statements)) => {
            !statements.is_empty() && statements.iter().all(|statement| statement.level == 0)
        }
        _ => false,
    }
}

/// Acting members for which a path that the guard closes is not proved blocked.
fn exposed(judgement: &Judgement, guard: &Guard) -> usize {
    let closes = |path: &&ExitPath| match path.guard {
        Some(GuardStatement::Exit) => true,
        Some(GuardStatement::SelfClosure) => guard.self_closure,
        None => false,
    };
    let needs = |standing: &Standing| {
        ExitPath::of_members().filter(closes).any(|path| {
            standing
                .verdict(path.id)
                .is_some_and(|answer| !Answer::is_blocked(answer))
        })
    };
    judgement
        .standings
        .values()
        .filter(|standing| needs(standing))
        .count()
}

/// Attachments for which each one's own findings are told; beyond, only those of the whole plan.
const MOST_TOLD: usize = 24;

/// Tells each attachment the findings that are gone after it and were there before it; `all`:
/// those that are gone after the last step.
fn resolved_by(
    proof: &mut Proof,
    steps: &[Step],
    all: &[String],
    (now, findings, settings): (&Snapshot, &[Finding], &Settings),
) {
    if proof.takes.len() > MOST_TOLD {
        return;
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        let Some(takes) = proof.takes.iter_mut().find(|one| one.step == step.id) else {
            continue;
        };
        let first = steps.get(..=number).unwrap_or_default();
        let gone = if first.len() == steps.len() {
            all.to_vec()
        } else {
            resolved(&predict::after(now, first), findings, settings)
        };
        let gone: Vec<String> = gone
            .into_iter()
            .filter(|one| known.insert(one.clone()))
            .collect();
        takes.resolves = gone;
    }
}

/// Findings that are gone once the facts are as predicted.
fn resolved(predicted: &Snapshot, findings: &[Finding], settings: &Settings) -> Vec<String> {
    let judgement = judge(predicted);
    let after = crate::audit::run(&Context {
        snapshot: predicted,
        judgement: &judgement,
        settings,
    });
    let left: BTreeSet<&str> = after
        .iter()
        .map(|finding| finding.fingerprint.as_str())
        .collect();
    findings
        .iter()
        .filter(|finding| !left.contains(finding.fingerprint.as_str()))
        .map(|finding| {
            let count = finding.accounts.len();
            let accounts = if count == 1 { "account" } else { "accounts" };
            format!(
                "{} ({}, {count} {accounts})",
                finding.rule.id, finding.cause
            )
        })
        .collect()
}
