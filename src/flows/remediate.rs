//! From facts to a plan, and from an approved plan to the facts after it.

use std::collections::BTreeSet;

use super::promise::promise;
use crate::aws::{Failure, Session};
use crate::flows::{Audited, judge_all};
use crate::model::organization::Policy;
use crate::model::settings::Settings;
use crate::model::{AccountId, NodeId, Observed, OuId, PolicyId, Snapshot};
use crate::plan::{
    GUARD_NAME, OnlyError, PathCount, Plan, PlanDocument, PlanError, Responder, ResponderRole,
    Returning, Wishes, hung, place_to_look_up,
};

/// Facts, findings and the plan that follows from them.
#[derive(Debug)]
pub struct Planned {
    /// What was found.
    pub before: Audited,
    /// What would be done.
    pub plan: Plan,
    /// What would be found then.
    pub after: Audited,
    /// The plan as it is reviewed, approved and kept.
    pub document: PlanDocument,
}

impl Planned {
    /// Keeps only the named steps of the plan.
    ///
    /// # Errors
    /// A name that is no step, or a step that needs one that was left out.
    pub fn keep_only(&mut self, steps: &[String], settings: &Settings) -> Result<(), OnlyError> {
        self.plan
            .keep_only(steps, &self.before.snapshot, settings)?;
        self.after = judge_all((*self.plan.predicted).clone(), settings);
        self.document = documented(&self.plan, &self.before, &self.after);
        Ok(())
    }
}

fn documented(plan: &Plan, before: &Audited, after: &Audited) -> PlanDocument {
    let mut document = PlanDocument::new(plan, counts(before), counts(after));
    document.promise = (!plan.steps.is_empty()).then(|| promise(after));
    document
}

/// Members by path.
pub fn counts(audited: &Audited) -> Vec<PathCount> {
    let paths = audited.document().paths;
    let count = |row: crate::report::PathRow| PathCount {
        path: row.path.to_owned(),
        blocked: row.blocked,
        conditional: row.conditional,
        open: row.open,
        undetermined: row.undetermined,
    };
    paths.into_iter().map(count).collect()
}

/// Judges the facts and plans.
pub fn make_plan(
    snapshot: Snapshot,
    settings: &Settings,
    wishes: &Wishes,
) -> Result<Planned, PlanError> {
    let before = judge_all(snapshot, settings);
    let plan = crate::plan::plan(
        &before.snapshot,
        &before.judgement,
        &before.findings,
        &before.detections,
        settings,
        wishes,
    )?;
    let after = judge_all((*plan.predicted).clone(), settings);
    let document = documented(&plan, &before, &after);
    Ok(Planned {
        before,
        plan,
        after,
        document,
    })
}

/// Adds the SCPs that carry the guard's name, with their texts and targets: an earlier run may
/// have created the guard without attaching it, and an audit reads only what hangs somewhere.
///
/// # Errors
/// The failed read; without it a second guard could be created.
pub async fn read_namesakes(session: &Session, snapshot: &mut Snapshot) -> Result<(), Failure> {
    let reads = session.reads();
    for policy in reads.list_policies().await? {
        if !policy.name.starts_with(GUARD_NAME) {
            continue;
        }
        let known = snapshot.policies.get(&policy.id);
        if known.is_none_or(|known| known.content.known().is_none()) {
            let whole = reads.describe_policy(&policy.id).await?;
            snapshot.policies.insert(whole.id.clone(), whole);
        }
        let targets = &mut snapshot.attachments.by_policy;
        if targets
            .get(&policy.id)
            .is_none_or(|known| known.known().is_none())
        {
            let read = reads.list_targets_for_policy(&policy.id).await?;
            targets.insert(policy.id, Observed::Known(read));
        }
    }
    Ok(())
}

/// Adds the SCPs that are named, with their texts, and the tags of those that may be this tool's: whose
/// they are decides whether they are attached.
///
/// # Errors
/// The failed read.
pub async fn read_owners(
    session: &Session,
    snapshot: &mut Snapshot,
    named: &BTreeSet<PolicyId>,
) -> Result<(), Failure> {
    read_texts(session, snapshot, named.iter()).await?;
    let reads = session.reads();
    for id in named {
        let read = reads.list_targets_for_policy(id).await?;
        let targets = &mut snapshot.attachments.by_policy;
        targets.insert(id.clone(), Observed::Known(read));
    }
    let asked: Vec<PolicyId> = snapshot
        .policies
        .values()
        .filter(|one| !one.aws_managed && one.tags.known().is_none())
        .filter(|one| one.name.starts_with(GUARD_NAME) || denies_leaving(one))
        .map(|one| one.id.clone())
        .collect();
    for id in asked {
        let tags = reads.list_tags(&id).await?;
        if let Some(policy) = snapshot.policies.get_mut(&id) {
            policy.tags = Observed::Known(tags);
        }
    }
    Ok(())
}

/// Could it be the guard? Every form of it names this action or the other.
fn denies_leaving(policy: &Policy) -> bool {
    let text = policy.content.known().map(|text| text.to_ascii_lowercase());
    text.is_some_and(|text| {
        text.contains("organizations:leaveorganization") || text.contains("account:closeaccount")
    })
}

/// Adds what hangs on a node, with the texts.
///
/// # Errors
/// The failed read.
pub async fn read_place(
    session: &Session,
    snapshot: &mut Snapshot,
    node: &NodeId,
) -> Result<(), Failure> {
    let reads = session.reads();
    let mut ids = Vec::new();
    for policy in reads.list_policies_for_target(node).await? {
        ids.push(policy.id.clone());
        snapshot.policies.entry(policy.id.clone()).or_insert(policy);
    }
    read_texts(session, snapshot, ids.iter()).await?;
    let by_node = &mut snapshot.attachments.by_node;
    by_node.insert(node.clone(), Observed::Known(ids));
    Ok(())
}

/// Adds what is attached to accounts that are to come back and are members already, their tags, the
/// OUs to which they go back, and what looking for the responder's role in each told.
///
/// # Errors
/// The failed read. What cannot be read inside an account is told by the plan.
pub async fn read_returning(
    session: &Session,
    snapshot: &mut Snapshot,
    back: &mut Returning,
    accounts: &[AccountId],
) -> Result<(), Failure> {
    for account in accounts {
        let members = snapshot.accounts.known();
        if members.is_some_and(|members| members.contains_key(account)) {
            read_place(session, snapshot, &NodeId::Account(account.clone())).await?;
            let tags = session.reads().list_account_tags(account).await?;
            if let Observed::Known(members) = &mut snapshot.accounts
                && let Some(member) = members.get_mut(account)
            {
                member.tags = Observed::Known(tags);
            }
        }
        if let Some(unit) = place_to_look_up(snapshot, back, account) {
            read_unit(session, snapshot, unit).await?;
        }
        if let (Some(role), Some(name)) = (&back.access_role, &back.break_glass) {
            let found = look_for(session, account, role, name).await;
            back.responders.insert(account.clone(), found);
        }
    }
    Ok(())
}

/// An OU that holds no account, with those above it; one that is gone is not added.
async fn read_unit(session: &Session, snapshot: &mut Snapshot, unit: OuId) -> Result<(), Failure> {
    let reads = session.reads();
    let mut path = Vec::new();
    let mut node = NodeId::Ou(unit.clone());
    // OUs nest five deep: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    while let NodeId::Ou(_) = &node {
        let Some(parent) = reads.parent_of(&node).await? else {
            return Ok(());
        };
        path.insert(0, parent.clone());
        node = parent;
    }
    let found = reads.describe_organizational_unit(&unit, path).await?;
    let node = NodeId::Ou(unit.clone());
    snapshot.units.insert(unit, found);
    read_place(session, snapshot, &node).await
}

/// The responder's role in an account, looked for through the access role.
async fn look_for(session: &Session, account: &AccountId, role: &str, name: &str) -> Responder {
    let reads = match session.look_into(account, role).await {
        Ok(reads) => reads,
        Err(error) => return Responder::Unread(error.to_string()),
    };
    match reads.role(name).await {
        Ok(Some(found)) => Responder::Found(ResponderRole {
            arn: found.arn,
            created_at: found.created_at,
            trust: found.trust,
        }),
        Ok(None) => Responder::Missing,
        Err(failure) => Responder::Unread(failure.to_string()),
    }
}

/// Adds today's texts of the SCPs that hang in an earlier snapshot, as far as they still exist.
///
/// # Errors
/// The failed read.
pub async fn read_hung(
    session: &Session,
    snapshot: &mut Snapshot,
    then: &Snapshot,
) -> Result<(), Failure> {
    let wanted: BTreeSet<PolicyId> = hung(then).into_values().flatten().collect();
    // One that was deleted may have been created again, under its name.
    let hanging = then
        .policies
        .values()
        .filter(|one| wanted.contains(&one.id));
    let names: BTreeSet<&str> = hanging.map(|one| one.name.as_str()).collect();
    let listed = session.reads().list_policies().await?;
    let mut ids = Vec::new();
    for policy in listed
        .into_iter()
        .filter(|one| wanted.contains(&one.id) || names.contains(one.name.as_str()))
    {
        ids.push(policy.id.clone());
        snapshot.policies.entry(policy.id.clone()).or_insert(policy);
    }
    read_texts(session, snapshot, ids.iter()).await
}

async fn read_texts(
    session: &Session,
    snapshot: &mut Snapshot,
    ids: impl Iterator<Item = &PolicyId>,
) -> Result<(), Failure> {
    let reads = session.reads();
    for id in ids {
        let known = snapshot.policies.get(id);
        if known.is_none_or(|known| known.content.known().is_none()) {
            let whole = reads.describe_policy(id).await?;
            snapshot.policies.insert(whole.id.clone(), whole);
        }
    }
    Ok(())
}
