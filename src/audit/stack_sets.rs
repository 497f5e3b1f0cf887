//! Which `StackSets` act when an account changes its place.

use crate::model::organization::StackSet;
use crate::model::{NodeId, Observed, Snapshot};

/// What acts by itself when an account goes from one place to another.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Firing<'a> {
    /// They delete their stacks in the account, and the resources of those.
    pub delete: Vec<&'a StackSet>,
    /// They let go of their stacks in it; the resources stay.
    pub retain: Vec<&'a StackSet>,
    /// They deploy their stacks to it.
    pub deploy: Vec<&'a StackSet>,
}

/// The `StackSets` that act when an account leaves the places `from` for the places `to`: root
/// first, down to its parent; nothing in `to`: it departs from the organization.
///
/// AWS does not tell which accounts of a target were picked or left out, so one that is named may
/// turn out not to act; only `StackSets` of the region that was looked at are known.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html>
pub fn stack_sets_firing<'a>(
    snapshot: &'a Snapshot,
    from: &[NodeId],
    to: &[NodeId],
) -> Observed<Firing<'a>> {
    let mut firing = Firing::default();
    if snapshot.stack_sets_trusted() == Some(false) {
        return Observed::Known(firing);
    }
    let all = match &snapshot.stack_sets {
        Observed::Known(all) => all,
        Observed::Unknown(gap) => return Observed::Unknown(gap.clone()),
    };
    for one in all.iter().filter(|one| one.auto_deployment) {
        match (one.covers(from), one.covers(to)) {
            (true, false) if one.retains_stacks => firing.retain.push(one),
            (true, false) => firing.delete.push(one),
            (false, true) => firing.deploy.push(one),
            // Stacks stay where both places are targets.
            (true, true) | (false, false) => {}
        }
    }
    Observed::Known(firing)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::fixture::{gap, node, organization};
    use crate::model::snapshot::STACK_SETS;

    fn stack_set(name: &str, target: &str, retains: bool) -> StackSet {
        StackSet {
            name: name.to_owned(),
            id: format!("{name}:1"),
            region: "us-east-1".to_owned(),
            auto_deployment: true,
            retains_stacks: retains,
            targets: BTreeSet::from([node(target)]),
        }
    }

    fn names(sets: &[&StackSet]) -> Vec<String> {
        sets.iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn a_move_deletes_deploys_or_retains_and_what_covers_both_stays() {
        let (a, b) = ("ou-ab12-11111111", "ou-ab12-22222222");
        let mut snapshot = organization();
        snapshot.trusted_services = Observed::Known(vec![STACK_SETS.to_owned()]);
        let mut by_hand = stack_set("by-hand", a, false);
        by_hand.auto_deployment = false;
        snapshot.stack_sets = Observed::Known(vec![
            stack_set("deletes", a, false),
            stack_set("keeps", a, true),
            stack_set("arrives", b, false),
            stack_set("everywhere", "r-ab12", false),
            by_hand,
        ]);
        let (from, to) = ([node("r-ab12"), node(a)], [node("r-ab12"), node(b)]);
        let moved = stack_sets_firing(&snapshot, &from, &to);
        let moved = moved.known().unwrap();
        assert_eq!(names(&moved.delete), ["deletes"]);
        assert_eq!(names(&moved.retain), ["keeps"]);
        assert_eq!(names(&moved.deploy), ["arrives"]);
        let gone = stack_sets_firing(&snapshot, &from, &[]);
        let gone = gone.known().unwrap();
        assert_eq!(names(&gone.delete), ["deletes", "everywhere"]);
        assert!(gone.deploy.is_empty());
    }

    #[test]
    fn unread_is_unknown_unless_trusted_access_is_off() {
        let mut snapshot = organization();
        let place = [node("r-ab12")];
        snapshot.stack_sets = Observed::Unknown(gap("cloudformation:ListStackSets"));
        snapshot.trusted_services = Observed::Known(Vec::new());
        let off = stack_sets_firing(&snapshot, &place, &[]);
        assert_eq!(off, Observed::Known(Firing::default()));
        snapshot.trusted_services = Observed::Known(vec![STACK_SETS.to_owned()]);
        assert!(stack_sets_firing(&snapshot, &place, &[]).gap().is_some());
    }
}
