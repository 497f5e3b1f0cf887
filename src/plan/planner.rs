//! From what was found to what would be done.

use std::collections::{BTreeMap, BTreeSet};

use super::again::{Rewritten, name};
use super::facts::Facts;
use super::guard::Guard;
use super::guarding::plan_guard;
use super::predict;
use super::proof;
use super::quota::Invitations;
use super::reinvite::candidates;
use super::resolves::{resolved, resolved_by};
use super::restore;
use super::step::{Change, Existing, NotDone, Plan, PolicyRef, Step};
use super::way_back::{Returning, check_baseline, plan_return};
use crate::audit::Finding;
use crate::detect::Detection;
use crate::model::organization::PolicyTypeState;
use crate::model::settings::Settings;
use crate::model::{AccountId, Gap, NodeId, PolicyId, Snapshot, Timestamp};
use crate::verdict::Judgement;

/// What the administrator asked for.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of its own, as the command line has it"
)]
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
    /// Take a snapshot that did not read everywhere what hangs; what it did not read is told.
    pub accept_unread: bool,
    /// SCPs of others that are attached instead of new ones, where they say the same.
    pub use_policy: BTreeSet<PolicyId>,
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
    /// The snapshot does not hold what was asked for.
    #[error("the snapshot of {taken_at} did not read which SCPs hang on {nodes}")]
    NotRead {
        /// Of when it is.
        taken_at: Timestamp,
        /// Where: untrusted text.
        nodes: String,
    },
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Gap(_) => "org-exit-guard doctor shows what the caller may read",
            Self::Foreign { .. } => "check the profile and the file",
            Self::NotRead { .. } => {
                "give a snapshot that read every attachment, as org-exit-guard snapshot takes it; or add \
                 --accept-unread: what was not read is listed then, and left out"
            }
        }
    }
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
        existing: BTreeMap::new(),
        notes: Vec::new(),
        used: wishes.use_policy.clone(),
        candidates: candidates(snapshot, detections),
    };
    if let Some(then) = &wishes.restore {
        plan_restoration(&mut plan, snapshot, then, wishes)?;
    } else {
        let carving = (&guard, &settings.transition_ous);
        plan_guard(&mut plan, snapshot, judgement, carving, wishes);
    }
    let mut invitations = Invitations::of(snapshot, wishes.account_maximum);
    if let (Some(then), false) = (&wishes.back.baseline, wishes.accept_unread) {
        check_baseline(then, &wishes.reinvite)?;
    }
    for account in &wishes.reinvite {
        plan_return(&mut plan, snapshot, &wishes.back, account, &mut invitations);
    }
    invitations.tell(&mut plan);
    tell_unused(&mut plan, snapshot);
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
    keep_existing(&mut plan, snapshot);
    Ok(plan)
}

/// SCPs that were named to be attached and are not.
fn tell_unused(plan: &mut Plan, snapshot: &Snapshot) {
    for id in plan.used.clone() {
        let attached = |step: &Step| matches!(&step.change, Change::AttachPolicy { policy: PolicyRef::Existing(one), .. } if *one == id);
        if !plan.steps.iter().any(attached) {
            plan.not_done.push(NotDone {
                what: format!("attach {}", name(snapshot, &id)),
                why: "it does not say exactly what a step of this plan attaches".to_owned(),
                unmet: true,
            });
        }
    }
}

/// The existing SCPs that are attached: their names, and as they are today.
fn keep_existing(plan: &mut Plan, snapshot: &Snapshot) {
    for step in &plan.steps {
        let Change::AttachPolicy {
            policy: PolicyRef::Existing(id),
            ..
        } = &step.change
        else {
            continue;
        };
        let Some(policy) = snapshot.policies.get(id) else {
            continue;
        };
        if !policy.name.is_empty() {
            plan.names.insert(id.clone(), policy.name.clone());
        }
        if let Some(text) = policy.content.known() {
            let targets = snapshot.attachments.by_policy.get(id);
            let existing = Existing {
                text: text.clone(),
                description: policy.description.clone(),
                targets: targets.and_then(|targets| targets.known().cloned()),
            };
            plan.existing.insert(id.clone(), existing);
        }
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
    if !wishes.accept_unread {
        restore::check_snapshot(then)?;
    }
    if let Some(nodes) = restore::unread(then) {
        plan.not_done.push(NotDone {
            unmet: true,
            what: format!("attach again what hung on {nodes}"),
            why: format!("the snapshot of {} did not read it", then.taken_at),
        });
    }
    if facts.feature_set != "ALL" || facts.scp_state != PolicyTypeState::Enabled.as_str() {
        if let Some(why) = type_obstacle(&facts, wishes) {
            plan.not_done.push(NotDone {
                unmet: true,
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

/// Why no SCP can be attached at all.
pub(super) fn type_obstacle(facts: &Facts, wishes: &Wishes) -> Option<String> {
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

pub(super) fn enable(facts: &Facts) -> Step {
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
