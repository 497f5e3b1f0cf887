//! Names of OUs that carry unsettled accounts; a name that cannot be read is no gap.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Calls;
use crate::model::organization::OrganizationalUnit;
use crate::model::{NodeId, OuId};

/// At most so many OUs are asked about one by one, and so many parents for the names of theirs;
/// more take too long for what they tell.
const MOST_ONE_BY_ONE: usize = 50;
const MOST_PARENTS: usize = 500;
/// The most OUs that one page of a list holds.
const PAGE: usize = 20;

type Units = BTreeMap<OuId, OrganizationalUnit>;

/// The names of the `wanted` ones among `units`, as far as they are told.
///
/// A list gives the names of all OUs under one parent, a description only one: lists first where
/// they are fewer calls, descriptions for what is then still without a name.
pub(super) async fn read(
    calls: Calls<'_>,
    units: &Units,
    mut wanted: BTreeSet<OuId>,
) -> BTreeMap<OuId, String> {
    let mut named = BTreeMap::new();
    let parents = parents_of(units, &wanted);
    if lists_needed(units, &parents) < wanted.len() {
        named = by_parent(calls, parents).await;
        wanted.retain(|id| !named.contains_key(id));
    }
    let asked = wanted.into_iter().take(MOST_ONE_BY_ONE).collect();
    let answers = calls
        .each("names", asked, |id: &OuId| {
            let id = id.clone();
            let reads = calls.reads;
            async move { reads.describe_organizational_unit(&id, Vec::new()).await }
        })
        .await;
    for (id, answer) in answers {
        if let Some(name) = answer.ok().and_then(|unit| unit.name) {
            named.insert(id, name);
        }
    }
    named
}

/// The nodes directly above some OUs.
fn parents_of(units: &Units, wanted: &BTreeSet<OuId>) -> BTreeSet<NodeId> {
    let wanted = wanted.iter().filter_map(|id| units.get(id));
    wanted
        .filter_map(|unit| unit.parents.last().cloned())
        .collect()
}

/// How many calls it takes to list the OUs under some nodes, as far as their OUs are known.
fn lists_needed(units: &Units, parents: &BTreeSet<NodeId>) -> usize {
    let mut under: BTreeMap<&NodeId, usize> = BTreeMap::new();
    for parent in units.values().filter_map(|unit| unit.parents.last()) {
        *under.entry(parent).or_default() += 1;
    }
    let counts = parents.iter().filter_map(|parent| under.get(parent));
    counts.map(|count| count.div_ceil(PAGE)).sum()
}

async fn by_parent(calls: Calls<'_>, parents: BTreeSet<NodeId>) -> BTreeMap<OuId, String> {
    let asked = parents.into_iter().take(MOST_PARENTS).collect();
    let answers = calls
        .each("names", asked, |parent: &NodeId| {
            let parent = parent.clone();
            let reads = calls.reads;
            async move { reads.list_organizational_units_for_parent(&parent).await }
        })
        .await;
    let listed = answers
        .into_iter()
        .filter_map(|(_, one)| one.ok())
        .flatten();
    listed.filter_map(|(id, name)| Some((id, name?))).collect()
}
