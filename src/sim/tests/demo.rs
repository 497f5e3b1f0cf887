//! The demo holds one example of everything that an audit finds.

use std::collections::BTreeSet;

use super::support::*;
use crate::sim::demo;

#[test]
fn the_demo_has_closed_foreign_departed_and_invited_accounts() {
    let world = demo(now());
    let state = |name: &str| world.account_named(name).unwrap().state.clone();
    assert_eq!(state("old-intranet"), "CLOSED");
    assert_eq!(state("old-wiki"), "SUSPENDED");
    assert_eq!(state("retired-crm"), "PENDING_CLOSURE");
    let taken = &world.account_named("analytics-prod").unwrap().id;
    let owner = &world.organization_of(taken).unwrap().management;
    assert_ne!(*owner, world.management);
    for name in ["payments-poc", "divested-media", "hackathon-2026"] {
        let account = world.account_named(name).unwrap();
        assert!(world.organization_of(&account.id).is_none());
        assert!(account.roles.contains_key("OrganizationAccountAccessRole"));
    }
    let states: BTreeSet<&str> = world
        .handshakes
        .values()
        .map(|h| h.state.as_str())
        .collect();
    assert_eq!(states, BTreeSet::from(["EXPIRED", "OPEN"]));
    let root = &world.organization().unwrap().root;
    let at_root = world.organization().unwrap().attachments.get(root).unwrap();
    assert_eq!(at_root.iter().collect::<Vec<_>>(), ["p-FullAWSAccess"]);
}

#[test]
fn the_demos_past_tells_who_did_what_and_the_exit_itself_only_in_the_member() {
    let world = demo(now());
    let past = &world.accounts[MANAGEMENT].trail["us-east-1"];
    let names: BTreeSet<&str> = past
        .iter()
        .map(|r| r["eventName"].as_str().unwrap())
        .collect();
    let expected = [
        "AccountDepartedOrganization",
        "AccountJoinedOrganization",
        "CloseAccount",
        "DeregisterDelegatedAdministrator",
        "DetachPolicy",
        "DisablePolicyType",
        "MoveAccount",
        "PutResourcePolicy",
        "RemoveAccountFromOrganization",
        "UpdatePolicy",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    let denied = past
        .iter()
        .find(|r| r["eventName"] == "DisablePolicyType")
        .unwrap();
    assert_eq!(denied["errorCode"], "AccessDenied");
    for call in past.iter().filter(|r| r["eventType"] == "AwsApiCall") {
        assert!(call["userIdentity"]["arn"].is_string() && call["sourceIPAddress"].is_string());
    }
    let member = &world.account_named("payments-poc").unwrap().trail["us-east-1"];
    assert_eq!(member[0]["eventName"], "LeaveOrganization");
}
