//! What is to be said of a statement that guards a way out, or does so unintended.

use std::collections::BTreeSet;

use super::lint::{ACCIDENT, CARVES_OUT, Coverage, DEAD, EXEMPTS, Note, START, kinds, question};
use super::stack::Whose;
use super::statement::{Match, matches};
use crate::exits::{ActionSpec, ExitPath, ResourceShape};
use crate::prove::{Budget, Reach, StatementAt, reach};
use crate::scp::{Document, Effect, Statement};

/// Blocked only by what does not name the way out; `by` are the denies, for each account that
/// was asked about, if all of them are blocked.
pub(super) fn accident(
    document: &Document,
    path: &ExitPath,
    by: Option<Vec<&[StatementAt]>>,
) -> Option<Note> {
    let by = by?;
    let first = by.first()?;
    let denies = || {
        first
            .iter()
            .filter_map(|at| document.statements.get(at.statement))
    };
    if denies().any(|statement| names_one_of(statement, path)) {
        return None;
    }
    let (at, message) = match denies().next() {
        Some(statement) => (
            statement.at,
            format!(
                "{} is blocked only by a statement that does not name it",
                path.id
            ),
        ),
        None => (
            document.statements.first().map_or(START, |one| one.at),
            format!(
                "{} is blocked only where no other SCP of the same level allows it",
                path.id
            ),
        ),
    };
    Some(Note {
        rule: ACCIDENT,
        at,
        message,
        help: Some(
            "the next edit may open it: add a deny that names it (org-exit-guard emit guard)"
                .to_owned(),
        ),
    })
}

/// Does the statement name the action or its whole service, rather than everything?
fn names(statement: &Statement, spec: &ActionSpec) -> bool {
    let mut patterns = statement.actions.patterns.iter();
    !statement.actions.negated
        && patterns
            .any(|pattern| !pattern.is_star() && crate::scp::action_matches(pattern, spec.name))
}

/// Does it name only whole services?
fn names_services(statement: &Statement, spec: &ActionSpec) -> bool {
    let mut patterns = statement.actions.patterns.iter();
    patterns.all(|pattern| {
        let (_, name) = pattern.as_str().split_once(':').unwrap_or_default();
        let whole = name.chars().all(|c| c == '*');
        whole || !crate::scp::action_matches(pattern, spec.name)
    })
}

/// Does it name one of the path's actions?
fn names_one_of(statement: &Statement, path: &ExitPath) -> bool {
    path.actions.iter().any(|spec| names(statement, spec))
}

/// Keys by which a guard leaves out whole accounts or OUs.
const PLACES: [&str; 2] = ["aws:principalorgpaths", "aws:principalaccount"];

/// Denies of this statement that are dead or let some requests through.
pub(super) fn of(
    document: &Document,
    statement: &Statement,
    asked: &[Whose],
    coverage: &[Coverage],
    budget: &Budget,
) -> Vec<Note> {
    let mut notes = Vec::new();
    if statement.effect != Effect::Deny {
        return notes;
    }
    let mut exempted: BTreeSet<&str> = BTreeSet::new();
    for covered in coverage {
        for spec in covered.path.actions {
            if !names(statement, spec) {
                continue;
            }
            let found: Vec<Match> = asked
                .iter()
                .filter(|whose| reach(statement, &question(spec, whose)) != Reach::Never)
                .map(|whose| {
                    let question = question(spec, whose);
                    let kinds = kinds(covered.path);
                    matches(statement, document.version, &question, whose, kinds, budget)
                })
                .collect();
            // A whole service on resources of other actions is meant for those.
            let elsewhere =
                |whose: &Whose| reach(statement, &question(spec, whose)) == Reach::NeverBinds;
            if names_services(statement, spec) && asked.iter().all(elsewhere) {
                continue;
            }
            let never = found.iter().all(|one| matches!(one, Match::Never(_)));
            if let (true, Some(Match::Never(why))) = (never, found.first()) {
                notes.push(dead(statement, spec, why));
            } else if covered.verdict == "conditional"
                && found.iter().any(|one| *one != Match::Always)
            {
                exempted.insert(spec.name);
            }
        }
    }
    if !exempted.is_empty() {
        notes.push(exempts(statement, &exempted));
    }
    notes
}

fn dead(statement: &Statement, spec: &ActionSpec, why: &str) -> Note {
    let takes_none = spec.resource == ResourceShape::None;
    Note {
        rule: DEAD,
        at: statement.at,
        message: format!("this deny never applies to {}: {why}", spec.name),
        help: takes_none.then(|| "write \"Resource\": \"*\", without conditions".to_owned()),
    }
}

fn exempts(statement: &Statement, actions: &BTreeSet<&str>) -> Note {
    let actions: Vec<&str> = actions.iter().copied().collect();
    let places = statement.conditions.iter().all(|condition| {
        let key = condition.key.to_ascii_lowercase();
        PLACES.contains(&key.as_str())
    });
    let words: Vec<String> = statement
        .conditions
        .iter()
        .map(super::words::condition)
        .collect();
    let when = if words.is_empty() {
        "for some resources".to_owned()
    } else {
        format!("when {}", words.join(" and "))
    };
    let place = statement.conditions.first();
    Note {
        rule: if places && !words.is_empty() {
            CARVES_OUT
        } else {
            EXEMPTS
        },
        at: place.map_or(statement.at, |condition| condition.at),
        message: format!("{} denied only {when}", join(&actions)),
        help: (!places).then(|| {
            "a member administrator can often satisfy an exemption alone; deny without conditions, \
             or carve out whole OUs by aws:PrincipalOrgPaths"
                .to_owned()
        }),
    }
}

fn join(actions: &[&str]) -> String {
    match actions {
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(" and ")),
    }
}
