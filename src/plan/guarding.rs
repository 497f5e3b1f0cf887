//! The steps that attach the guard.

use std::collections::{BTreeMap, BTreeSet};

use super::again::name;
use super::canary;
use super::facts::{Equals, Facts, attached_guard};
use super::guard::{GUARD_NAME, Guard};
use super::planner::{Wishes, enable, type_obstacle};
use super::step::{Change, NotDone, Plan, PolicyRef, Step};
use crate::exits::{ExitPath, GuardStatement};
use crate::model::organization::PolicyTypeState;
use crate::model::{NodeId, OuId, PolicyId, Snapshot};
use crate::scp::{SCP_SIZE_LIMIT, SCPS_PER_TARGET, size};
use crate::verdict::{Answer, Block, Judgement, Standing};

pub(super) fn plan_guard(
    plan: &mut Plan,
    snapshot: &Snapshot,
    judgement: &Judgement,
    (guard, transition): (&Guard, &BTreeSet<OuId>),
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
    let why = too_long(guard).or_else(|| obstacle(&facts, guard, wishes));
    if let Some(why) = why {
        plan.not_done.push(NotDone {
            unmet: true,
            what: "attach the guard to the root".to_owned(),
            why,
        });
        return;
    }
    tell_carved(plan, snapshot, (guard, transition));
    let mut before = Vec::new();
    if facts.scp_state != PolicyTypeState::Enabled.as_str() {
        before.push(enable(&facts));
    }
    let equals = Equals::of(snapshot, &document, &wishes.use_policy);
    plan.note(equals.mention());
    let policy = if let Some(policy) = equals.taken {
        PolicyRef::Existing(policy.id.clone())
    } else {
        let create = create(snapshot, guard);
        let id = create.id.clone();
        before.push(create);
        PolicyRef::Created(id)
    };
    let what = match (&policy, equals.taken) {
        (PolicyRef::Existing(id), Some(_)) => {
            format!("{}, which says the same,", name(snapshot, id))
        }
        _ => "it".to_owned(),
    };
    let attach = attach(&facts, &what, &policy, (guard, exposed));
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
            unmet: true,
            what: format!("attach the guard to the root, with {node} as canary"),
            why: format!("{node} cannot be the canary: {why}"),
        }),
    }
}

fn attach(facts: &Facts, what: &str, policy: &PolicyRef, (guard, covers): (&Guard, usize)) -> Step {
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

/// Why AWS would not store the guard: it counts every character.
fn too_long(guard: &Guard) -> Option<String> {
    let length = size(&guard.text());
    (length > SCP_SIZE_LIMIT).then(|| {
        format!(
            "with {} transition OUs carved out it would have {length} characters, and AWS stores {SCP_SIZE_LIMIT}: put \
             them below one OU, and name that alone in transition_ous",
            guard.carved_out.len()
        )
    })
}

/// Says whom the guard leaves out: a deny at the root cannot be lifted below it.
fn tell_carved(
    plan: &mut Plan,
    snapshot: &Snapshot,
    (guard, transition): (&Guard, &BTreeSet<OuId>),
) {
    if !guard.exit {
        return;
    }
    let nodes = transition
        .iter()
        .cloned()
        .map(NodeId::Ou)
        .collect::<BTreeSet<_>>();
    let mut inside: BTreeMap<NodeId, usize> = BTreeMap::new();
    for account in snapshot.members().into_iter().flatten() {
        let chain = snapshot.known_chain(account);
        if let Some(node) = chain.iter().find(|node| nodes.contains(*node))
            && account.is_acting()
        {
            *inside.entry(node.clone()).or_default() += 1;
        }
    }
    let told = nodes.iter().map(|node| {
        let accounts = match inside.get(node).copied().unwrap_or_default() {
            1 => "1 account in it".to_owned(),
            count => format!("{count} accounts in it"),
        };
        format!(
            "the guard leaves out {}, as transition_ous in the configuration says: {accounts} can leave and be \
             transferred afterwards; what closes itself is denied there too",
            snapshot.called(node)
        )
    });
    plan.note(told.collect());
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

fn create(snapshot: &Snapshot, guard: &Guard) -> Step {
    let text = guard.text();
    let name = free_name(snapshot, GUARD_NAME);
    Step {
        id: "create-guard".to_owned(),
        title: format!(
            "create SCP `{name}` ({} of {} characters)",
            size(&text),
            SCP_SIZE_LIMIT
        ),
        change: Change::CreatePolicy { name, text },
        covers: 0,
        undo: "delete it once it is detached".to_owned(),
    }
}

/// The name, or the first numbered one that no SCP of the snapshot has.
pub(super) fn free_name(snapshot: &Snapshot, wanted: &str) -> String {
    let taken: BTreeSet<&str> = snapshot
        .policies
        .values()
        .map(|policy| policy.name.as_str())
        .collect();
    let mut name = wanted.to_owned();
    let mut number = 2;
    while taken.contains(name.as_str()) {
        name = format!("{wanted}-{number}");
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
