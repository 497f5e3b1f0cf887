//! Before and after a change: is anything allowed then that was not allowed before?
//!
//! Decided by the engine that the verdicts rest on. A request was refused because some deny held
//! or because some node allowed nothing that fits; for each of those reasons the stack of
//! afterwards is asked whether a request gets through that has it.

use std::collections::BTreeSet;

use super::case::{Case, kinds, question};
use super::judge::{scps_off, unsettled};
use super::numbered::{Chain, Numbered};
use super::stack::NodeStack;
use super::texts::Texts;
use crate::exits::{ActionSpec, ExitPath};
use crate::model::organization::Account;
use crate::model::{AccountId, NodeId, PolicyId, Snapshot};
use crate::prove::{Decision, Level, Proof, Reach, decide, prove, reach};
use crate::scp::{Document, Effect, Statement};

/// What came of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrower {
    /// Members in use that were compared.
    pub accounts: usize,
    /// Those among them that no SCP bound before: whatever binds them now takes away only.
    pub unbound: usize,
    /// Distinct pairs of stacks among the others.
    pub stacks: usize,
    /// Questions that the engine was asked.
    pub questions: usize,
    /// Where it is not proved that nothing more is allowed; empty: it is.
    pub not_proved: Vec<NotNarrower>,
}

/// An account and action for which "nothing more is allowed" does not stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotNarrower {
    /// The account, or the first of those with the same stacks.
    pub account: AccountId,
    /// The action; empty if it is not one of them.
    pub action: String,
    /// In words.
    pub why: String,
}

/// Compares what members in use can do about exits: each distinct pair of stacks once.
pub fn narrower(before: &Snapshot, after: &Snapshot) -> Narrower {
    let mut found = Narrower::default();
    let (then, later) = (Texts::of(before), Texts::of(after));
    let mut sides = Sides {
        before: Side::of(before, &then),
        after: Side::of(after, &later),
    };
    let free = scps_off(before).is_some();
    let known = before.accounts.known();
    let mut seen = BTreeSet::new();
    for is in after.members().into_iter().flatten() {
        if !is.is_acting() {
            continue;
        }
        found.accounts += 1;
        let was = known.and_then(|accounts| accounts.get(&is.id));
        let (Some(was), false) = (was, free) else {
            found.unbound += 1;
            continue;
        };
        let pair = sides.pair(was, is);
        if !seen.insert(sides.key(&pair)) {
            continue;
        }
        found.stacks += 1;
        sides.compare(&pair, &mut found);
    }
    found
}

/// One snapshot, made ready.
struct Side<'a> {
    snapshot: &'a Snapshot,
    texts: &'a Texts<'a>,
    numbered: Numbered<'a>,
}

impl<'a> Side<'a> {
    fn of(snapshot: &'a Snapshot, texts: &'a Texts<'a>) -> Self {
        Self {
            snapshot,
            texts,
            numbered: Numbered::of(snapshot, texts),
        }
    }

    fn way(&mut self, account: &Account) -> Way {
        let chain = self.snapshot.known_chain(account);
        let stacks = chain.iter().map(|node| self.numbered.node(node)).collect();
        Way { chain, stacks }
    }
}

struct Sides<'a> {
    before: Side<'a>,
    after: Side<'a>,
}

/// The nodes above an account, root first, and the number of what hangs on each.
struct Way {
    chain: Vec<NodeId>,
    stacks: Chain,
}

/// An account before and after.
struct Pair<'a> {
    was: &'a Account,
    is: &'a Account,
    before: Way,
    after: Way,
}

impl Pair<'_> {
    fn moved(&self) -> bool {
        self.was.parents != self.is.parents
    }
}

/// Accounts with equal keys compare alike.
type Key = (Chain, Chain, Vec<String>, Option<AccountId>);

impl<'a> Sides<'a> {
    fn pair(&mut self, was: &'a Account, is: &'a Account) -> Pair<'a> {
        Pair {
            was,
            is,
            before: self.before.way(was),
            after: self.after.way(is),
        }
    }

    fn key(&mut self, pair: &Pair<'_>) -> Key {
        let (before, after) = (&pair.before.stacks, &pair.after.stacks);
        let mut signature = self.before.numbered.signature(before, pair.was);
        signature.extend(self.after.numbered.signature(after, pair.is));
        // Which node became which is told by numbers only where an account stays.
        let moved = pair.moved().then(|| pair.is.id.clone());
        (before.clone(), after.clone(), signature, moved)
    }

    fn compare(&self, pair: &Pair<'_>, found: &mut Narrower) {
        let mut fail = |action: &str, why: String| {
            found.not_proved.push(NotNarrower {
                account: pair.is.id.clone(),
                action: action.to_owned(),
                why,
            });
        };
        if scps_off(self.after.snapshot).is_some() || unsettled(self.after.snapshot).is_some() {
            fail(
                "",
                "SCPs would not bind it any more, or it is not known that they would".to_owned(),
            );
            return;
        }
        let before = self.before.numbered.levels(&pair.before.stacks);
        let after = self.after.numbered.levels(&pair.after.stacks);
        if let Some(lost) = lost(pair, &before, &after) {
            fail("", lost);
            return;
        }
        let case = Compared::new(self, pair, &before, &after);
        let mut asked = BTreeSet::new();
        for path in ExitPath::of_members() {
            for action in path.actions.iter().filter(|one| asked.insert(one.name)) {
                let (questions, wider) = case.wider(path, action);
                found.questions += questions;
                if let Some(why) = wider {
                    fail(action.name, why);
                }
            }
        }
    }
}

/// What could not be read before and need not bind any more.
fn lost(pair: &Pair<'_>, before: &[NodeStack], after: &[NodeStack]) -> Option<String> {
    for (node, stack) in pair.before.chain.iter().zip(before) {
        let later = pair.after.chain.iter().position(|one| one == node);
        let later = later.and_then(|index| after.get(index));
        let Some(later) = later else {
            return Some(format!("{node} would not be above it any more"));
        };
        let bad = |stack: &NodeStack| -> Vec<PolicyId> {
            stack.bad.iter().map(|one| one.0.clone()).collect()
        };
        let kept = bad(later);
        if let Some(gone) = bad(stack).iter().find(|id| !kept.contains(id)) {
            return Some(format!(
                "SCP {gone}, whose text cannot be judged, would not hang on {node} any more"
            ));
        }
    }
    None
}

/// The stacks of one account as the engine takes them.
struct Compared<'a> {
    before: Case<'a>,
    after: Case<'a>,
    pair: &'a Pair<'a>,
    everything: Document,
}

impl<'a> Compared<'a> {
    fn new(
        sides: &'a Sides<'a>,
        pair: &'a Pair<'a>,
        before: &'a [NodeStack],
        after: &'a [NodeStack],
    ) -> Self {
        let case = |side: &'a Side<'a>, stacks: &'a [NodeStack], account: &'a Account| {
            Case::new(side.snapshot, side.texts, stacks, account)
        };
        Self {
            before: case(&sides.before, before, pair.was),
            after: case(&sides.after, after, pair.is),
            pair,
            everything: Document::full_aws_access(),
        }
    }

    /// How many questions were asked, and why the action is not proved to be no wider.
    fn wider(&self, path: &ExitPath, action: &ActionSpec) -> (usize, Option<String>) {
        let asked = question(self.after.snapshot, action, Some(&self.after.account.id));
        let refused = matches!(
            prove(&self.after.levels, &asked),
            Proof::Denied(_) | Proof::NotAllowed { .. }
        );
        // Nothing at all gets through afterwards.
        if refused {
            return (1, None);
        }
        let mut questions = 1;
        for level in 0..self.before.levels.len() {
            for reason in self.reasons(level, action) {
                questions += 1;
                if let Some(why) = self.through(level, &reason, path, action) {
                    return (questions, Some(why));
                }
            }
        }
        (questions, None)
    }

    /// The reasons for which this node refused requests, each as an SCP that lets exactly those
    /// requests through.
    fn reasons(&self, level: usize, action: &ActionSpec) -> Vec<Reason> {
        let Some(known) = self.before.levels.get(level) else {
            return Vec::new();
        };
        let asked = question(self.before.snapshot, action, Some(&self.before.account.id));
        let mut reasons = Vec::new();
        let mut allowed = vec![self.everything.clone()];
        for (_, document) in &known.policies {
            for statement in &document.statements {
                let reaches = reach(statement, &asked);
                if matches!(reaches, Reach::Never) {
                    continue;
                }
                match statement.effect {
                    Effect::Deny if matches!(reaches, Reach::NeverBinds) => {}
                    Effect::Deny => reasons.push(Reason {
                        documents: vec![turned(document, statement, Effect::Allow)],
                        places: names_places(statement),
                        missing_allow: false,
                    }),
                    Effect::Allow => allowed.push(turned(document, statement, Effect::Deny)),
                }
            }
        }
        let places = known
            .policies
            .iter()
            .flat_map(|(_, document)| &document.statements)
            .any(names_places);
        reasons.push(Reason {
            documents: allowed,
            places,
            missing_allow: true,
        });
        reasons
    }

    /// Why a request that was refused for this reason may get through afterwards.
    fn through(
        &self,
        level: usize,
        reason: &Reason,
        path: &ExitPath,
        action: &ActionSpec,
    ) -> Option<String> {
        let node = self.pair.before.chain.get(level)?;
        if self.pair.moved() && reason.places {
            return Some(format!(
                "an SCP on {node} tells places apart, and the account is moved"
            ));
        }
        let mut levels = self.after.levels.clone();
        for (index, one) in levels.iter_mut().enumerate() {
            // What could not be read may allow anything, but for the node whose allows are asked
            // for: what it could not be read to allow is the same before and after.
            let same = reason.missing_allow && self.pair.after.chain.get(index) == Some(node);
            if !one.allows_complete && !same {
                one.policies.push((usize::MAX, &self.everything));
            }
        }
        levels.push(Level::complete(&reason.documents));
        let asked = [question(
            self.after.snapshot,
            action,
            Some(&self.after.account.id),
        )];
        match decide(&levels, &asked, &self.after.subject(), kinds(path)) {
            Decision::Blocked(_) => None,
            Decision::Open(example) => Some(shown(node, &example.principal)),
            Decision::Conditional { through, .. } => {
                let first = through.first();
                Some(shown(node, first.map_or("somebody", |one| &one.principal)))
            }
            Decision::Undetermined(_) if self.unchanged(level) => None,
            Decision::Undetermined(_) => {
                Some(format!("it could not be decided for what hangs on {node}"))
            }
        }
    }

    /// Does all that hung on the node still hang there, and nothing that may allow more?
    fn unchanged(&self, level: usize) -> bool {
        let Some(node) = self.pair.before.chain.get(level) else {
            return false;
        };
        let documents = |case: &Case<'a>, at: usize| -> Vec<&'a Document> {
            let known = case.levels.get(at);
            known
                .into_iter()
                .flat_map(|level| &level.policies)
                .map(|one| one.1)
                .collect()
        };
        let was = documents(&self.before, level);
        let later = self.pair.after.chain.iter().position(|one| one == node);
        let is = later
            .map(|at| documents(&self.after, at))
            .unwrap_or_default();
        let denies = |document: &Document| {
            let mut all = document.statements.iter();
            all.all(|statement| statement.effect == Effect::Deny)
        };
        was.iter().all(|one| is.contains(one))
            && is.iter().all(|one| was.contains(one) || denies(one))
    }
}

/// Why a node refused a request.
struct Reason {
    documents: Vec<Document>,
    /// Does it tell places in the tree apart?
    places: bool,
    /// Nothing allowed it, rather than a deny.
    missing_allow: bool,
}

/// The statement alone, with the other effect.
fn turned(document: &Document, statement: &Statement, effect: Effect) -> Document {
    let mut statement = statement.clone();
    statement.effect = effect;
    Document {
        version: document.version,
        statements: vec![statement],
    }
}

fn names_places(statement: &Statement) -> bool {
    let mut conditions = statement.conditions.iter();
    conditions.any(|one| one.key.eq_ignore_ascii_case("aws:PrincipalOrgPaths"))
}

fn shown(node: &NodeId, principal: &str) -> String {
    format!(
        "`{principal}` would get through with a request that what hangs on {node} refuses today"
    )
}

#[cfg(test)]
mod tests;
