//! An SCP of earlier facts, to hang again: as it is, or created again from its stored text.
//!
//! A policy that somebody else wrote is never edited. One whose text was changed is shown with
//! the difference; its former text can come back as a second policy beside it.

use std::collections::BTreeSet;

use super::control_tower;
use super::facts::{Equals, says};
use super::step::{Change, PolicyRef, Step};
use crate::model::organization::Policy;
use crate::model::{PolicyId, Snapshot};
use crate::scp::{Dialect, Document, Effect, Statement, parse};

/// What is done about an SCP whose text was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// It hangs again with today's text: where it hangs elsewhere, that text binds as well.
    HangsAgain,
    /// The difference is told.
    IsTold,
    /// Its former text is created again beside it, if that only denies.
    ComesBeside,
}

/// What is attached.
#[derive(Debug, Clone)]
pub(super) struct Again {
    pub(super) policy: PolicyRef,
    /// What it says.
    pub(super) text: String,
    /// In words.
    pub(super) called: String,
    /// The step that creates it, if it is not there.
    pub(super) create: Option<Step>,
    /// SCPs of others that say the same.
    pub(super) notes: Vec<String>,
}

/// How the SCP can hang again.
///
/// # Errors
/// It cannot; why, in words.
pub(super) fn again(
    (now, then): (&Snapshot, &Snapshot),
    id: &PolicyId,
    rewritten: Rewritten,
    used: &BTreeSet<PolicyId>,
) -> Result<Again, String> {
    let former = then.policies.get(id);
    let managed = former.is_some_and(|policy| control_tower::owns(&policy.name));
    if managed {
        return Err("it is AWS Control Tower's own: repair it there".to_owned());
    }
    let before = former.and_then(|policy| policy.content.known());
    let Some(policy) = now.policies.get(id) else {
        return created((now, then), id, used);
    };
    let Some(today) = policy.content.known() else {
        return Err(format!("the text of SCP {id} could not be read"));
    };
    if let Some(before) = before
        && !same(before, today)
    {
        match rewritten {
            Rewritten::HangsAgain => {}
            Rewritten::IsTold => return Err(told(then, before, today)),
            Rewritten::ComesBeside => return beside((now, then), id, (before, today), used),
        }
    }
    Ok(Again {
        policy: PolicyRef::Existing(id.clone()),
        text: today.clone(),
        called: name(now, id),
        create: None,
        notes: Vec::new(),
    })
}

/// Was the text of an SCP that is still there changed? The difference in words.
pub(super) fn difference(now: &Snapshot, then: &Snapshot, id: &PolicyId) -> Option<String> {
    let text = |snapshot: &'_ Snapshot| snapshot.policies.get(id)?.content.known().cloned();
    let (before, today) = (text(then)?, text(now)?);
    (!same(&before, &today)).then(|| told(then, &before, &today))
}

fn told(then: &Snapshot, before: &str, today: &str) -> String {
    let mut words = vec![format!(
        "its text was changed since {}; it is not attached unseen, and not edited.",
        then.taken_at
    )];
    let parsed = |text: &str| parse(text, Dialect::Scp).ok();
    let (Some(was), Some(is)) = (parsed(before), parsed(today)) else {
        words.push(format!("It was: {before} It is: {today}"));
        return words.join(" ");
    };
    let list = |text: &str, statements: &[&Statement]| {
        let texts: Vec<&str> = statements
            .iter()
            .filter_map(|one| text.get(one.range.clone()))
            .collect();
        texts.join(", ")
    };
    let (gone, new) = (was.beyond(&is), is.beyond(&was));
    if !gone.is_empty() {
        words.push(format!(
            "It does not say any more: {}.",
            list(before, &gone)
        ));
    }
    if !new.is_empty() {
        words.push(format!("It says now: {}.", list(today, &new)));
    }
    if gone.is_empty() && new.is_empty() {
        words.push("Only its Version differs.".to_owned());
    }
    if denies_more(&was, &is) {
        words.push(
            "Its former text denies what today's may not: add --recreate-rewritten to create it again as a second SCP \
             beside this one."
                .to_owned(),
        );
    }
    words.join(" ")
}

/// Has the former text a Deny statement that today's has not, and nothing but such?
fn denies_more(was: &Document, is: &Document) -> bool {
    let only_denies = was.statements.iter().all(|one| one.effect == Effect::Deny);
    only_denies && !was.beyond(is).is_empty()
}

/// The former text beside today's.
fn beside(
    (now, then): (&Snapshot, &Snapshot),
    id: &PolicyId,
    (before, today): (&str, &str),
    used: &BTreeSet<PolicyId>,
) -> Result<Again, String> {
    let parsed = |text: &str| parse(text, Dialect::Scp).ok();
    let (Some(was), Some(is)) = (parsed(before), parsed(today)) else {
        return Err(told(then, before, today));
    };
    if !denies_more(&was, &is) {
        return Err(told(then, before, today));
    }
    let former = then.policies.get(id).map_or("", |policy| &policy.name);
    let day = then.taken_at.strftime("%Y-%m-%d");
    make(now, id, (&format!("{former}-of-{day}"), before, &was), used)
}

/// One that is gone, from its stored text.
fn created(
    (now, then): (&Snapshot, &Snapshot),
    id: &PolicyId,
    used: &BTreeSet<PolicyId>,
) -> Result<Again, String> {
    let gone = format!("SCP {id} does not exist any more");
    let former = then.policies.get(id);
    let Some((former, text)) = former.and_then(|one| Some((one, one.content.known()?))) else {
        return Err(format!("{gone}, and the snapshot does not hold its text"));
    };
    if former.aws_managed {
        return Err(format!("{gone}; AWS managed it"));
    }
    let document = parse(text, Dialect::Scp)
        .map_err(|error| format!("{gone}, and AWS would not store its text: {error}: {text}"))?;
    make(now, id, (&former.name, text, &document), used)
}

fn make(
    now: &Snapshot,
    id: &PolicyId,
    (name, text, document): (&str, &str, &Document),
    used: &BTreeSet<PolicyId>,
) -> Result<Again, String> {
    let equals = Equals::of(now, document, used);
    let mut namesakes = now.policies.values().filter(|one| one.name == name);
    // One that was made again under its name is what hung there, whoever made it.
    let again = namesakes.find(|one| says(one, document));
    if let Some(equal) = again.or(equals.taken) {
        return Ok(Again {
            policy: PolicyRef::Existing(equal.id.clone()),
            text: text.to_owned(),
            called: format!("{}, which says what {id} said,", self::name(now, &equal.id)),
            create: None,
            notes: Vec::new(),
        });
    }
    let namesake = now.policies.values().find(|policy| policy.name == name);
    if let Some(namesake) = namesake {
        return Err(format!(
            "SCP {} is named `{name}` too and says something else; it is not touched, and names are unique. The text \
             was: {text}",
            namesake.id
        ));
    }
    let step = format!("create-{id}");
    Ok(Again {
        policy: PolicyRef::Created(step.clone()),
        text: text.to_owned(),
        called: format!("SCP `{name}`, created again,"),
        create: Some(Step {
            id: step,
            title: format!("create SCP `{name}` again, which says what {id} said"),
            change: Change::CreatePolicy {
                name: name.to_owned(),
                text: text.to_owned(),
            },
            covers: 0,
            undo: "delete it once it is detached".to_owned(),
        }),
        notes: equals.mention(),
    })
}

fn same(before: &str, today: &str) -> bool {
    let parsed = |text: &str| parse(text, Dialect::Scp).ok();
    before == today
        || matches!((parsed(before), parsed(today)), (Some(before), Some(today)) if before.says_the_same_as(&today))
}

/// An SCP as sentences call it.
pub(super) fn name(snapshot: &Snapshot, id: &PolicyId) -> String {
    let policy = snapshot.policies.get(id);
    match policy.filter(|policy: &&Policy| !policy.name.is_empty()) {
        Some(policy) => format!("SCP `{}` ({id})", policy.name),
        None => format!("SCP {id}"),
    }
}
