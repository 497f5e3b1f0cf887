//! From an assignment to a request that people can read, and to the facts that let it through.

use std::collections::BTreeMap;

use super::compare::Test;
use super::compile::Family;
use super::decide::Example;
use super::domain::{Kind, Values};
use super::effort::Effort;
use super::formula::{Builder, EPOCH, PRINCIPAL, RESOURCE, TIME, USER_NAME};
use super::key::{KeyClass, key_classes};
use super::moment::{moment, written};
use super::solve::{Assignment, Clause, Formula, Literal, holds};
use super::who::Selection;

type Keys = [Vec<KeyClass>];

/// The facts that suffice: any request of which they hold gets through.
pub(super) fn facts(formula: &Formula, keys: &Keys, chosen: &Assignment) -> Vec<Literal> {
    let mut facts: Vec<Literal> = Vec::new();
    let fails = |clause: &Clause| -> Vec<Literal> {
        let literals = clause.literals.iter().copied();
        literals
            .filter(|one| holds(keys, chosen, *one) == Some(false) || always(keys, one.opposite()))
            .map(Literal::opposite)
            .collect()
    };
    let mut ways: Vec<Vec<Literal>> = formula.denies.iter().map(fails).collect();
    // Where there is no choice first, so that the others can lean on it.
    ways.sort_by_key(Vec::len);
    for mut way in ways {
        way.sort();
        let free = |one: &&Literal| always(keys, **one) || facts.contains(one);
        if way.iter().find(free).is_none() {
            facts.extend(way.first());
        }
    }
    for level in &formula.allows {
        let wanted = |clause: &Clause| -> Option<Vec<Literal>> {
            let needed = |one: &&Literal| !always(keys, **one) && !facts.contains(one);
            let literals = clause.literals.iter();
            let held =
                |one: &Literal| holds(keys, chosen, *one) == Some(true) || always(keys, *one);
            clause
                .literals
                .iter()
                .all(held)
                .then(|| literals.filter(needed).copied().collect())
        };
        let cheapest = level.iter().filter_map(wanted).min_by_key(Vec::len);
        facts.extend(cheapest.unwrap_or_default());
    }
    facts.sort();
    facts.dedup();
    facts
}

/// Does the literal hold in every class of its key?
pub(super) fn always(keys: &Keys, literal: Literal) -> bool {
    let classes = keys.get(literal.key).map(Vec::as_slice).unwrap_or_default();
    let outcome = |class: &KeyClass| class.outcomes.get(literal.test) == Some(&literal.outcome);
    !classes.is_empty() && classes.iter().all(outcome)
}

/// A request of the assignment; `facts` is what it is let through for.
pub(super) fn example(
    builder: &Builder<'_>,
    keys: &Keys,
    chosen: &Assignment,
    facts: &[Literal],
) -> Example {
    let class = |key: usize| {
        let number = chosen.get(key).copied().flatten().unwrap_or(0);
        keys.get(key).and_then(|classes| classes.get(number))
    };
    let held = |name: &str| {
        let key = builder.names.iter().position(|known| known == name)?;
        class(key)?.values.as_ref()?.first().cloned()
    };
    let first = |classes: Vec<KeyClass>| {
        let mut values = classes.into_iter().filter_map(|class| class.values);
        values.next()?.into_iter().next()
    };
    let default = |held: &Values| first(key_classes(held, &[], &mut Effort::default()).0);
    let principal = held(PRINCIPAL)
        .or_else(|| default(&builder.scene.values(PRINCIPAL)))
        .unwrap_or_default();
    let resource = held(RESOURCE)
        .or_else(|| first(builder.resource_classes(&[], &mut Effort::default()).0))
        .unwrap_or_default();
    let mut context = BTreeMap::new();
    for (key, name) in builder.names.iter().enumerate() {
        if let (Some(class), false) = (class(key), name.starts_with('\u{0}')) {
            context.insert(name.clone(), class.values.clone());
        }
    }
    for name in builder.mentioned.iter().chain(&builder.variables) {
        let values = match builder.scene.values(name) {
            _ if context.contains_key(name) => continue,
            Values::Constant(values) => Some(values),
            _ if name == USER_NAME && builder.scene.kind.has_user_name() => {
                principal.rsplit('/').next().map(|one| vec![one.to_owned()])
            }
            // Nothing hangs on it.
            Values::Absent
            | Values::Text { optional: true, .. }
            | Values::Texts { optional: true, .. }
            | Values::Flag { optional: true }
            | Values::Time { from: None }
            | Values::Number
            | Values::Address => None,
            held => default(&held).map(|value| vec![value]),
        };
        context.insert(name.clone(), values);
    }
    let now = context
        .get(TIME)
        .and_then(|values| values.as_ref()?.first());
    let now = now
        .cloned()
        .or_else(|| default(&builder.scene.values(TIME)));
    let seconds = now.and_then(|now| moment(&now)).map(written);
    if let (Some(epoch), Some(seconds)) = (context.get_mut(EPOCH), seconds) {
        *epoch = Some(vec![seconds]);
    }
    let told = facts.iter().filter_map(|literal| {
        let test = builder.tests.get(literal.key)?.get(literal.test)?;
        let name = builder.names.get(literal.key)?;
        Some((name, test, literal.outcome, class(literal.key)?))
    });
    let mut because = Vec::new();
    let mut selected = Vec::new();
    for (name, test, outcome, class) in told {
        because.push(words(name, test, outcome, class.values.as_deref()));
        selected.push((name.clone(), test.clone(), outcome));
    }
    because.sort();
    because.dedup();
    Example {
        kind: builder.scene.kind,
        principal,
        resource,
        context,
        because,
        who: Selection {
            kind: builder.scene.kind,
            facts: selected,
        },
    }
}

/// One fact in words that follow "any role" or "any principal".
fn words(name: &str, test: &Test, outcome: bool, values: Option<&[String]>) -> String {
    let subject = subject(name);
    let Some(values) = values else {
        return match name {
            "aws:multifactorauthpresent" => "with MFA missing".to_owned(),
            "aws:sourceip" | "aws:vpcsourceip" => format!("without {name} in the request"),
            _ => match name.strip_prefix("aws:principaltag/") {
                Some(tag) => format!("without the tag `{tag}`"),
                None => format!("without {name}"),
            },
        };
    };
    if test.is_presence() {
        return match name.strip_prefix("aws:principaltag/") {
            Some(tag) => format!("with any tag `{tag}`"),
            None => format!("with any {name}"),
        };
    }
    let list = || {
        let quoted: Vec<String> = test
            .values
            .iter()
            .map(|value| format!("`{value}`"))
            .collect();
        quoted.join(", ")
    };
    let matches = outcome != test.negated;
    let equalled = match (values, test.values.as_slice()) {
        _ if !matches => None,
        // One value that matches one: no need to match again, which long patterns make costly.
        ([_], [only]) => Some(only.as_str()),
        _ => values.first().and_then(|value| test.equalled(value)),
    };
    match (name, test.family, equalled) {
        ("aws:multifactorauthpresent", ..) if values == ["true"] => "with MFA".to_owned(),
        ("aws:multifactorauthpresent", ..) => "without MFA".to_owned(),
        ("aws:currenttime" | "aws:epochtime" | "aws:tokenissuetime", ..)
        | (_, Family::Number(_) | Family::Time(_), _) => {
            format!("when {name} is such as {}", values.join(", "))
        }
        ("aws:sourceip" | "aws:vpcsourceip", _, Some(value)) if matches => {
            format!("from network {value}")
        }
        ("aws:sourceip" | "aws:vpcsourceip", ..) => format!("from outside {}", list()),
        (_, _, Some(value)) if matches && values.len() == 1 => {
            match name.strip_prefix("aws:principaltag/") {
                Some(tag) => format!("tagged {tag}=`{value}`"),
                None => format!("{subject} matches `{value}`"),
            }
        }
        _ if values.is_empty() => format!("with {name} empty"),
        _ if matches => format!("{subject} is such as {}", values.join(", ")),
        _ => match name.strip_prefix("aws:principaltag/") {
            Some(tag) => format!("whose tag `{tag}` is none of {}", list()),
            None => format!("{subject} is none of {}", list()),
        },
    }
}

fn subject(name: &str) -> String {
    match name {
        PRINCIPAL => "whose ARN".to_owned(),
        RESOURCE => "on a resource that".to_owned(),
        other => format!("whose {other}"),
    }
}

/// Who gets through, a sentence for each way: "any role whose ARN matches `…`, with MFA"; sorted.
pub fn sentences<'a>(through: impl IntoIterator<Item = &'a Example>) -> Vec<String> {
    let mut ways: BTreeMap<&[String], Vec<Kind>> = BTreeMap::new();
    for one in through {
        ways.entry(one.because.as_slice())
            .or_default()
            .push(one.kind);
    }
    let told = |(facts, kinds): (&[String], Vec<Kind>)| {
        let who = Kind::nouns(&kinds);
        if facts.is_empty() {
            return who;
        }
        format!("{who} {}", facts.join(", "))
    };
    let mut sentences: Vec<String> = ways.into_iter().map(told).collect();
    sentences.sort();
    sentences
}

impl Kind {
    /// Several kinds in words: "role", "role or IAM user", "principal" for all of them.
    pub fn nouns(kinds: &[Self]) -> String {
        let noun = |kind: &Self| match kind {
            Self::Root => "the root user",
            Self::Role | Self::RoleInPath => "any role",
            Self::User | Self::UserInPath => "any IAM user",
            Self::Federated => "any federated user session",
        };
        if Self::ALL.iter().all(|kind| kinds.contains(kind)) {
            return "any principal".to_owned();
        }
        let mut nouns: Vec<&str> = Self::ALL
            .iter()
            .filter(|kind| kinds.contains(kind))
            .map(noun)
            .collect();
        nouns.dedup();
        nouns.join(" or ")
    }
}
