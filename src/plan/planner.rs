//! From what was found to what would be done.

use std::collections::BTreeSet;

use super::facts::{Facts, attached_guard, equal_policy};
use super::guard::{GUARD_NAME, Guard};
use super::reinvite::{candidates, open_invitation, refusal};
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use crate::audit::{Context, Finding};
use crate::detect::Detection;
use crate::exits::{ExitPath, GuardStatement};
use crate::model::organization::Policy;
use crate::model::settings::Settings;
use crate::model::{AccountId, Gap, NodeId, Observed, PolicyId, Snapshot};
use crate::scp::{SCPS_PER_TARGET, size};
use crate::verdict::{Answer, Judgement, Standing, judge};

/// What the administrator asked for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Leave out the statement against closing accounts from inside.
    pub without_self_closure: bool,
    /// Invite these accounts.
    pub reinvite: BTreeSet<AccountId>,
}

/// No plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A fact that every step rests on is missing.
    #[error("no plan can be made without {0}")]
    Gap(Gap),
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
        reused: Vec::new(),
        candidates: candidates(snapshot, detections),
        reinvite: wishes.reinvite.iter().cloned().collect(),
    };
    plan_guard(&mut plan, snapshot, judgement, &facts, &guard);
    if !plan.steps.is_empty() {
        plan.resolves = resolved(&plan.predicted, findings, settings);
    }
    for account in &wishes.reinvite {
        plan_invitation(&mut plan, snapshot, account);
    }
    Ok(plan)
}

fn plan_guard(
    plan: &mut Plan,
    snapshot: &Snapshot,
    judgement: &Judgement,
    facts: &Facts,
    guard: &Guard,
) {
    let exposed = exposed(judgement, guard);
    let not_done = |why: String| NotDone {
        what: "attach the guard to the root".to_owned(),
        why,
    };
    let Some(document) = guard.document() else {
        return;
    };
    if exposed == 0 || attached_guard(snapshot, &document).is_some() {
        return;
    }
    if facts.feature_set != "ALL" {
        let why = "the organization has consolidated billing only: enable all features first";
        plan.not_done.push(not_done(why.to_owned()));
        return;
    }
    if facts.scp_state != "ENABLED" {
        let why = format!(
            "the SCP policy type is {} on the root: enable it first; that cannot be taken back",
            facts.scp_state
        );
        plan.not_done.push(not_done(why));
        return;
    }
    if facts.attached.len() >= SCPS_PER_TARGET {
        let why = format!(
            "{SCPS_PER_TARGET} SCPs hang on the root, the most that AWS documents; add these statements to \
             one of them: {}",
            guard.text()
        );
        plan.not_done.push(not_done(why));
        return;
    }
    let (policy, id) = if let Some(policy) = equal_policy(snapshot, &document) {
        (PolicyRef::Existing(policy.id.clone()), policy.id.clone())
    } else {
        plan.steps.push(create(snapshot, guard));
        (PolicyRef::Created, planned_id())
    };
    plan.steps.push(Step {
        id: "attach-guard".to_owned(),
        title: format!(
            "attach {} to root {}",
            match &policy {
                PolicyRef::Existing(id) => format!("SCP {id}, which says the same,"),
                PolicyRef::Created => "it".to_owned(),
            },
            facts.root
        ),
        change: Change::AttachPolicy {
            policy,
            root: facts.root.clone(),
        },
        covers: exposed,
        undo: "detach it from the root",
    });
    predict(&mut plan.predicted, facts, id, guard);
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
        undo: "delete it once it is detached",
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

/// A stand-in id for the policy that does not exist yet.
fn planned_id() -> PolicyId {
    // INVARIANT: the literal is a policy id (tested by every plan of the tests).
    "p-guardplanned"
        .parse()
        .unwrap_or_else(|_| PolicyId::full_aws_access())
}

fn predict(snapshot: &mut Snapshot, facts: &Facts, id: PolicyId, guard: &Guard) {
    snapshot
        .policies
        .entry(id.clone())
        .or_insert_with(|| Policy {
            id: id.clone(),
            arn: String::new(),
            name: GUARD_NAME.to_owned(),
            aws_managed: false,
            content: Observed::Known(guard.text()),
        });
    let root = NodeId::Root(facts.root.clone());
    // A policy that does not exist yet hangs nowhere else.
    let targets = snapshot.attachments.by_policy.entry(id.clone());
    if let Observed::Known(targets) = targets.or_insert_with(|| Observed::Known(Vec::new())) {
        targets.push(root.clone());
    }
    let attached = snapshot
        .attachments
        .by_node
        .entry(root)
        .or_insert_with(|| Observed::Known(Vec::new()));
    if let Observed::Known(attached) = attached {
        attached.push(id);
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
            format!(
                "{} ({}, {} accounts)",
                finding.rule.id,
                finding.cause,
                finding.accounts.len()
            )
        })
        .collect()
}

fn plan_invitation(plan: &mut Plan, snapshot: &Snapshot, account: &AccountId) {
    if let Some(not_done) = refusal(snapshot, account) {
        plan.not_done.push(not_done);
        return;
    }
    let handshakes = snapshot
        .handshakes
        .known()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if let Some(open) = open_invitation(handshakes, account, snapshot) {
        plan.reused.push(open.clone());
        return;
    }
    plan.steps.push(Step {
        id: format!("invite-{account}"),
        title: format!("invite account {account}; the invitation lapses after 15 days"),
        change: Change::InviteAccount {
            account: account.clone(),
        },
        covers: 1,
        undo: "cancel the invitation while nobody has accepted it",
    });
}
