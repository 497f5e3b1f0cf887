//! Invitations, leaving, transfer, removal, closure.

use aws_sdk_organizations::operation::leave_organization::LeaveOrganizationError as E;
use aws_sdk_organizations::types::{HandshakeParty, HandshakePartyType};

use super::support::*;
use crate::sim::{Simulator, World};

const OUTSIDER: &str = "300000000001";
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

fn party(id: &str) -> HandshakeParty {
    HandshakeParty::builder()
        .id(id)
        .r#type(HandshakePartyType::Account)
        .build()
        .unwrap()
}

fn service_events(world: &World, account: &str, name: &str) -> Vec<serde_json::Value> {
    let trail = world.accounts[account].trail.get("us-east-1");
    let named = trail
        .into_iter()
        .flatten()
        .filter(|r| r["eventName"] == name);
    named.map(|r| r["serviceEventDetails"].clone()).collect()
}

#[tokio::test]
async fn an_invitation_is_sent_once_and_accepted_by_its_recipient_only() {
    let simulator = Simulator::new(builder().account("app", "/").standalone("out").build());
    let client = organizations(&simulator, MANAGEMENT);
    let invite = |id: &str| {
        client
            .invite_account_to_organization()
            .target(party(id))
            .send()
    };
    let sent = invite(OUTSIDER).await.unwrap().handshake.unwrap();
    let id = sent.id.unwrap();
    let (from, until) = (sent.requested_timestamp, sent.expiration_timestamp);
    assert_eq!(until.unwrap().secs() - from.unwrap().secs(), 15 * 24 * 3600);
    assert_eq!(refused!(invite(OUTSIDER)), "DuplicateHandshakeException");
    assert_eq!(
        refused!(invite(MEMBER)),
        "HandshakeConstraintViolationException"
    );
    let own = client.accept_handshake().handshake_id(&id);
    assert_eq!(refused!(own.send()), "AccessDeniedException");
    let outsider = organizations(&simulator, OUTSIDER);
    let received = outsider.list_handshakes_for_account().send().await.unwrap();
    assert_eq!(received.handshakes()[0].id(), Some(id.as_str()));
    outsider
        .accept_handshake()
        .handshake_id(&id)
        .send()
        .await
        .unwrap();
    let world = simulator.world();
    let member = &world.organization().unwrap().members[OUTSIDER];
    assert_eq!(member.joined_method, "INVITED");
    assert_eq!(member.parent, world.organization().unwrap().root);
    let joined = service_events(&world, MANAGEMENT, "AccountJoinedOrganization");
    assert_eq!(joined[0]["accountId"], OUTSIDER);
    let again = outsider.accept_handshake().handshake_id(&id);
    assert_eq!(refused!(again.send()), "HandshakeAlreadyInStateException");
}

#[tokio::test]
async fn an_invitation_lapses_after_fifteen_days_and_is_forgotten_after_thirty_more() {
    let simulator = Simulator::new(builder().standalone("out").build());
    let client = organizations(&simulator, MANAGEMENT);
    let invite = client
        .invite_account_to_organization()
        .target(party(OUTSIDER));
    let id = invite.send().await.unwrap().handshake.unwrap().id.unwrap();
    simulator.skip(DAY * 15);
    let state = client
        .describe_handshake()
        .handshake_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(state.handshake.unwrap().state.unwrap().as_str(), "EXPIRED");
    let cancel = client.cancel_handshake().handshake_id(&id);
    assert_eq!(
        refused!(cancel.send()),
        "InvalidHandshakeTransitionException"
    );
    simulator.skip(DAY * 30);
    let gone = client.describe_handshake().handshake_id(&id);
    assert_eq!(refused!(gone.send()), "HandshakeNotFoundException");
}

#[tokio::test]
async fn leaving_is_logged_in_the_member_and_told_to_the_management_account() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let member = organizations(&simulator, MEMBER);
    member.leave_organization().send().await.unwrap();
    let world = simulator.world();
    let departed = service_events(&world, MANAGEMENT, "AccountDepartedOrganization");
    assert_eq!(departed[0]["departureMethod"], "LEFT");
    assert!(service_events(&world, MANAGEMENT, "LeaveOrganization").is_empty());
    assert_eq!(service_events(&world, MEMBER, "LeaveOrganization").len(), 1);
    assert_eq!(
        refused!(member.leave_organization().send()),
        "AWSOrganizationsNotInUseException"
    );
    let management = organizations(&simulator, MANAGEMENT);
    assert_eq!(
        refused!(management.leave_organization().send()),
        "MasterCannotLeaveOrganizationException"
    );
}

#[tokio::test]
async fn what_keeps_an_account_from_leaving() {
    let world = builder()
        .account_with("poor", "/", |a| a.payment_method = false)
        .account_with("young", "/", |a| a.created_at = now())
        .account("delegate", "/")
        .delegated_administrator("delegate", &["sso.amazonaws.com"])
        .build();
    let simulator = Simulator::new(world);
    let expected = [
        ("200000000001", "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"),
        ("200000000002", "WAIT_PERIOD_ACTIVE"),
        (
            "200000000003",
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
        ),
    ];
    for (account, reason) in expected {
        let leave = organizations(&simulator, account)
            .leave_organization()
            .send();
        let error = leave.await.unwrap_err().into_service_error();
        let E::ConstraintViolationException(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.reason.unwrap().as_str(), reason);
    }
}

#[tokio::test]
async fn a_member_can_be_taken_over_by_another_organization_in_one_call() {
    let world = builder()
        .account_with("app", "Workloads", |a| a.payment_method = false)
        .foreign_organization("Attacker", &[])
        .build();
    let simulator = Simulator::new(world);
    let attacker = organizations(&simulator, OUTSIDER);
    let invite = attacker
        .invite_account_to_organization()
        .target(party(MEMBER));
    let id = invite.send().await.unwrap().handshake.unwrap().id.unwrap();
    let member = organizations(&simulator, MEMBER);
    member
        .accept_handshake()
        .handshake_id(id)
        .send()
        .await
        .unwrap();
    let world = simulator.world();
    assert_eq!(world.organization_of(MEMBER).unwrap().management, OUTSIDER);
    let departed = service_events(&world, MANAGEMENT, "AccountDepartedOrganization");
    assert_eq!(departed[0]["departureMethod"], "LEFT");
    assert_eq!(
        service_events(&world, OUTSIDER, "AccountJoinedOrganization").len(),
        1
    );
}

#[tokio::test]
async fn a_transfer_needs_the_permission_to_leave_in_one_reading_of_aws_pages() {
    for (needed, expected) in [(true, false), (false, true)] {
        let world = builder()
            .account("app", "/")
            .denied("app", "organizations:LeaveOrganization")
            .foreign_organization("Attacker", &[])
            .switches(|s| s.transfer_needs_leave = needed)
            .build();
        let simulator = Simulator::new(world);
        let attacker = organizations(&simulator, OUTSIDER);
        let invite = attacker
            .invite_account_to_organization()
            .target(party(MEMBER));
        let id = invite.send().await.unwrap().handshake.unwrap().id.unwrap();
        let member = organizations(&simulator, MEMBER);
        let accepted = member.accept_handshake().handshake_id(id).send().await;
        assert_eq!(accepted.is_ok(), expected);
    }
}

#[tokio::test]
async fn accounts_are_moved_removed_and_closed_by_the_management_account() {
    let world = builder()
        .account("a", "One")
        .account("b", "One")
        .ou("Two")
        .build();
    let (one, two) = (
        world.unit_at("One").unwrap().to_owned(),
        world.unit_at("Two").unwrap().to_owned(),
    );
    let simulator = Simulator::new(world);
    let client = organizations(&simulator, MANAGEMENT);
    let move_account = || {
        let call = client.move_account().account_id(MEMBER);
        call.source_parent_id(&one)
            .destination_parent_id(&two)
            .send()
    };
    move_account().await.unwrap();
    assert_eq!(refused!(move_account()), "SourceParentNotFoundException");
    let parents = client.list_parents().child_id(MEMBER).send().await.unwrap();
    assert_eq!(parents.parents()[0].id(), Some(two.as_str()));
    let remove = client.remove_account_from_organization().account_id(MEMBER);
    remove.send().await.unwrap();
    let gone = client.describe_account().account_id(MEMBER);
    assert_eq!(refused!(gone.send()), "AccountNotFoundException");
    let close = || client.close_account().account_id("200000000002").send();
    close().await.unwrap();
    assert_eq!(
        simulator.world().accounts["200000000002"].state,
        "PENDING_CLOSURE"
    );
    assert_eq!(refused!(close()), "ConflictException");
    simulator.skip(std::time::Duration::from_mins(1));
    assert_eq!(refused!(close()), "AccountAlreadyClosedException");
    let results = service_events(&simulator.world(), MANAGEMENT, "CloseAccountResult");
    assert_eq!(results[0]["closeAccountStatus"]["state"], "SUCCEEDED");
    simulator.skip(DAY * 90);
    client.list_accounts().send().await.unwrap();
    let departed = service_events(
        &simulator.world(),
        MANAGEMENT,
        "AccountDepartedOrganization",
    );
    let methods: Vec<&str> = departed
        .iter()
        .map(|d| d["departureMethod"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["REMOVED", "CLEANED"]);
}

const DENY_ACCEPT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:AcceptHandshake","NotResource":"arn:aws:organizations::111111111111:handshake/*"}]}"#;
const DENY_LEAVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;

#[tokio::test]
async fn scps_stop_a_transfer_by_its_own_action_or_by_leaving() {
    // The text, whether a transfer needs the permission to leave, whether it succeeds.
    let cases = [
        (DENY_ACCEPT, false, false),
        (DENY_LEAVE, true, false),
        (DENY_LEAVE, false, true),
    ];
    for (text, needed, expected) in cases {
        let world = builder()
            .account("app", "/")
            .scp("guard", text, &["/"])
            .foreign_organization("Attacker", &[])
            .switches(|s| s.transfer_needs_leave = needed)
            .build();
        let simulator = Simulator::new(world);
        let attacker = organizations(&simulator, OUTSIDER);
        let invite = attacker.invite_account_to_organization();
        let sent = invite.target(party(MEMBER)).send().await.unwrap();
        let id = sent.handshake.unwrap().id.unwrap();
        let member = organizations(&simulator, MEMBER);
        let accepted = member.accept_handshake().handshake_id(&id).send().await;
        assert_eq!(accepted.is_ok(), expected, "{text}");
        let owner = &simulator
            .world()
            .organization_of(MEMBER)
            .unwrap()
            .management
            .clone();
        assert_eq!(owner == OUTSIDER, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_just_left_can_be_invited_only_after_a_while() {
    let world = builder()
        .account("app", "/")
        .switches(|all| all.membership_change_wait = 3600)
        .build();
    let simulator = Simulator::new(world);
    let (me, app) = (
        Plain::of(&simulator, MANAGEMENT),
        Plain::of(&simulator, MEMBER),
    );
    app.organizations("LeaveOrganization", serde_json::json!({}))
        .unwrap();
    let target = serde_json::json!({"Target": {"Type": "ACCOUNT", "Id": MEMBER}});
    let invite = || me.organizations("InviteAccountToOrganization", target.clone());
    let refused =
        "HandshakeConstraintViolationException ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED";
    assert_eq!(invite().unwrap_err(), refused);
    simulator.skip(std::time::Duration::from_hours(1));
    let sent = invite().unwrap();
    let id = serde_json::json!({"HandshakeId": sent["Handshake"]["Id"]});
    app.organizations("AcceptHandshake", id).unwrap();
    assert_eq!(
        invite().unwrap_err().split(' ').next_back(),
        Some("ALREADY_IN_AN_ORGANIZATION")
    );
}
