//! A key compared with another key through a variable: values tried for the latter.

use super::compile::Family;
use super::domain::{Given, Scene, Values, Variable};
use super::effort::Effort;
use super::formula::{Builder, EPOCH, PRINCIPAL, TIME, USER_NAME};
use super::key::{KeyClass, key_classes};
use super::multivalued::multivalued;

/// Values tried for one key.
const MOST_VALUES: usize = 10;
/// Combinations tried.
const MOST: usize = 64;

/// Combinations of values for the keys that stand in variables: enough to show that something
/// gets through, or that something does not; never that nothing does.
pub(super) fn instances(
    builder: &Builder<'_>,
    keys: &[Vec<KeyClass>],
    effort: &mut Effort,
) -> Vec<Given> {
    let mut names: Vec<&String> = builder
        .variables
        .iter()
        .filter(|name| !multivalued(name) && builder.scene.variable(name) == Variable::Differs)
        // Two keys for one time, which no example could hold apart.
        .filter(|name| !matches!(name.as_str(), TIME | EPOCH))
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Vec::new();
    }
    let texts: Vec<String> = texts(builder, keys);
    let mut all = vec![Given::new()];
    for name in names {
        let values = candidates(&builder.scene, name, &texts, effort);
        let with = |given: &Given| {
            let given = given.clone();
            values
                .clone()
                .into_iter()
                .map(move |value| {
                    let mut given = given.clone();
                    given.insert(name.clone(), value);
                    given
                })
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).take(MOST).collect();
    }
    all.retain(agrees);
    all
}

/// The name of a user is the last part of its ARN.
fn agrees(given: &Given) -> bool {
    let value = |key: &str| given.get(key)?.as_ref()?.first();
    match (value(PRINCIPAL), value(USER_NAME)) {
        (Some(arn), Some(name)) => arn.rsplit('/').next() == Some(name.as_str()),
        _ => true,
    }
}

/// Texts that some other key holds, or that a policy compares with.
fn texts(builder: &Builder<'_>, keys: &[Vec<KeyClass>]) -> Vec<String> {
    let held = keys
        .iter()
        .flatten()
        .filter_map(|class| class.values.as_ref());
    let named = builder.tests.iter().flatten();
    let literal = named.filter(|test| matches!(test.family, Family::Exact | Family::AnyCase));
    let mut texts: Vec<String> = literal
        .flat_map(|test| test.values.iter().cloned())
        .collect();
    texts.extend(held.flatten().cloned());
    texts.sort();
    texts.dedup();
    texts
}

fn candidates(
    scene: &Scene<'_>,
    name: &str,
    texts: &[String],
    effort: &mut Effort,
) -> Vec<Option<Vec<String>>> {
    let held = scene.values(name);
    let (classes, _) = key_classes(&held, &[], effort);
    let mut values: Vec<Option<Vec<String>>> =
        classes.into_iter().map(|class| class.values).collect();
    if let Values::Text { shape, .. } = &held {
        let plain = ["a", "b"].map(str::to_owned);
        let fitting = plain.iter().chain(texts).filter(|text| shape.matches(text));
        for text in fitting {
            let value = Some(vec![text.clone()]);
            if values.len() < MOST_VALUES && !values.contains(&value) {
                values.push(value);
            }
        }
    }
    values
}
