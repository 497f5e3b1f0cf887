//! Organizations, OUs and accounts from nothing; delegations; all features.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use crate::sim::{Simulator, empty};

const OUTSIDER: &str = "300000000001";

fn refused(result: Result<Value, String>) -> String {
    result.unwrap_err()
}

#[tokio::test]
async fn an_organization_is_founded_filled_and_dissolved() {
    let simulator = Simulator::new(empty(now()));
    let me = Plain::of(&simulator, MANAGEMENT);
    assert_eq!(
        refused(me.organizations("DescribeOrganization", json!({}))),
        "AWSOrganizationsNotInUseException"
    );
    let founded = me.organizations("CreateOrganization", json!({"FeatureSet": "ALL"}));
    assert_eq!(founded.unwrap()["Organization"]["FeatureSet"], "ALL");
    assert_eq!(
        refused(me.organizations("CreateOrganization", json!({}))),
        "AlreadyInOrganizationException"
    );
    let roots = me.organizations("ListRoots", json!({})).unwrap();
    assert_eq!(roots["Roots"][0]["PolicyTypes"], json!([]));
    let unit = json!({"ParentId": roots["Roots"][0]["Id"], "Name": "Prod"});
    let unit = me.organizations("CreateOrganizationalUnit", unit).unwrap();
    assert_eq!(
        refused(me.organizations("DeleteOrganization", json!({}))),
        "OrganizationNotEmptyException"
    );
    let unit = json!({"OrganizationalUnitId": unit["OrganizationalUnit"]["Id"]});
    me.organizations("DeleteOrganizationalUnit", unit).unwrap();
    me.organizations("DeleteOrganization", json!({})).unwrap();
    let world = simulator.world();
    assert!(world.organizations.is_empty());
    let past = &world.accounts[MANAGEMENT].trail["us-east-1"];
    let departed = past
        .iter()
        .filter(|r| r["eventName"] == "AccountDepartedOrganization");
    let methods: Vec<&Value> = departed
        .map(|r| &r["serviceEventDetails"]["departureMethod"])
        .collect();
    assert_eq!(methods, ["LEFT"]);
}

#[tokio::test]
async fn an_account_is_made_after_a_while_and_cannot_leave_in_its_first_four_days() {
    let world = builder().switches(|s| s.creation_delay = 90).build();
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let input = json!({"Email": "new@example.com", "AccountName": "new"});
    let asked = me.organizations("CreateAccount", input.clone()).unwrap();
    let status = |asked: &Value| {
        let id = json!({"CreateAccountRequestId": asked["CreateAccountStatus"]["Id"]});
        me.organizations("DescribeCreateAccountStatus", id).unwrap()["CreateAccountStatus"].clone()
    };
    assert_eq!(status(&asked)["State"], "IN_PROGRESS");
    simulator.skip(Duration::from_secs(90));
    let done = status(&asked);
    assert_eq!(done["State"], "SUCCEEDED");
    let again = me.organizations("CreateAccount", input).unwrap();
    simulator.skip(Duration::from_secs(90));
    assert_eq!(status(&again)["FailureReason"], "EMAIL_ALREADY_EXISTS");
    let account = done["AccountId"].as_str().unwrap();
    let role = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
    let member = me.assume(&role, &[]).unwrap();
    assert_eq!(
        refused(member.organizations("LeaveOrganization", json!({}))),
        "ConstraintViolationException WAIT_PERIOD_ACTIVE"
    );
    simulator.skip(Duration::from_hours(24 * 4));
    let member = me.assume(&role, &[]).unwrap();
    assert_eq!(
        refused(member.organizations("LeaveOrganization", json!({}))),
        "ConstraintViolationException MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"
    );
}

#[tokio::test]
async fn ous_are_five_levels_deep_at_most_and_names_are_unique_among_siblings() {
    let world = builder().account("app", "1/2/3/4/5").build();
    let (first, fifth) = ("1", "1/2/3/4/5");
    let id = |path: &str| world.unit_at(path).unwrap().to_owned();
    let (first, fifth) = (id(first), id(fifth));
    let root = world.organization().unwrap().root.clone();
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let create = |parent: &str, name: &str| {
        me.organizations(
            "CreateOrganizationalUnit",
            json!({"ParentId": parent, "Name": name}),
        )
    };
    assert_eq!(
        refused(create(&fifth, "6")),
        "ConstraintViolationException OU_DEPTH_LIMIT_EXCEEDED"
    );
    assert_eq!(
        refused(create(&root, "1")),
        "DuplicateOrganizationalUnitException"
    );
    let made = create(&first, "1").unwrap();
    let made = made["OrganizationalUnit"]["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let world = simulator.world();
    let attached = world
        .organization()
        .unwrap()
        .attachments
        .get(&made)
        .unwrap();
    assert_eq!(attached.iter().collect::<Vec<_>>(), ["p-FullAWSAccess"]);
    let rename = json!({"OrganizationalUnitId": made, "Name": "2"});
    assert_eq!(
        refused(me.organizations("UpdateOrganizationalUnit", rename)),
        "DuplicateOrganizationalUnitException"
    );
    assert_eq!(
        refused(me.organizations(
            "DeleteOrganizationalUnit",
            json!({"OrganizationalUnitId": fifth})
        )),
        "OrganizationalUnitNotEmptyException"
    );
}

#[tokio::test]
async fn a_delegated_administrator_stays_until_it_is_deregistered() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let service = json!({"ServicePrincipal": "sso.amazonaws.com"});
    let about = json!({"AccountId": MEMBER, "ServicePrincipal": "sso.amazonaws.com"});
    let register = || me.organizations("RegisterDelegatedAdministrator", about.clone());
    assert_eq!(
        refused(register()),
        "ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED"
    );
    me.organizations("EnableAWSServiceAccess", service.clone())
        .unwrap();
    register().unwrap();
    assert_eq!(refused(register()), "AccountAlreadyRegisteredException");
    let disable = || me.organizations("DisableAWSServiceAccess", service.clone());
    assert!(disable().is_err());
    let remove = || {
        me.organizations(
            "RemoveAccountFromOrganization",
            json!({"AccountId": MEMBER}),
        )
    };
    assert_eq!(
        refused(remove()),
        "ConstraintViolationException CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    );
    me.organizations("DeregisterDelegatedAdministrator", about)
        .unwrap();
    disable().unwrap();
    remove().unwrap();
}

#[tokio::test]
async fn all_features_wait_for_every_invited_member_and_then_for_the_management_account() {
    let world = builder()
        .feature_set("CONSOLIDATED_BILLING")
        .account("created", "/")
        .account("invited", "/")
        .world(|world| {
            let organization = world.organization_of_mut(MEMBER).unwrap();
            let member = organization.members.get_mut("200000000002").unwrap();
            member.joined_method = "INVITED".to_owned();
        })
        .build();
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let asked = me.organizations("EnableAllFeatures", json!({})).unwrap();
    assert_eq!(asked["Handshake"]["State"], "REQUESTED");
    assert_eq!(
        refused(me.organizations("EnableAllFeatures", json!({}))),
        "HandshakeConstraintViolationException ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
    );
    let received = |plain: &Plain, action: &str| {
        let filter = json!({"Filter": {"ActionType": action}});
        let list = plain
            .organizations("ListHandshakesForAccount", filter)
            .unwrap();
        list["Handshakes"].as_array().unwrap().clone()
    };
    assert!(received(&Plain::of(&simulator, MEMBER), "ENABLE_ALL_FEATURES").is_empty());
    assert!(received(&me, "APPROVE_ALL_FEATURES").is_empty());
    let invited = Plain::of(&simulator, "200000000002");
    let asked = received(&invited, "ENABLE_ALL_FEATURES");
    let accept = |plain: &Plain, handshake: &Value| {
        plain.organizations("AcceptHandshake", json!({"HandshakeId": handshake["Id"]}))
    };
    accept(&invited, &asked[0]).unwrap();
    assert_eq!(
        simulator.world().organization().unwrap().feature_set,
        "CONSOLIDATED_BILLING"
    );
    accept(&me, &received(&me, "APPROVE_ALL_FEATURES")[0]).unwrap();
    assert_eq!(simulator.world().organization().unwrap().feature_set, "ALL");
}

#[tokio::test]
async fn an_invitation_is_declined_by_its_recipient_only() {
    let simulator = Simulator::new(builder().standalone("out").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let target = json!({"Target": {"Id": OUTSIDER, "Type": "ACCOUNT"}});
    let sent = me
        .organizations("InviteAccountToOrganization", target)
        .unwrap();
    let id = json!({"HandshakeId": sent["Handshake"]["Id"]});
    assert_eq!(
        refused(me.organizations("DeclineHandshake", id.clone())),
        "AccessDeniedException"
    );
    let out = Plain::of(&simulator, OUTSIDER);
    let declined = out.organizations("DeclineHandshake", id.clone()).unwrap();
    assert_eq!(declined["Handshake"]["State"], "DECLINED");
    assert_eq!(
        refused(out.organizations("AcceptHandshake", id)),
        "InvalidHandshakeTransitionException"
    );
}

#[tokio::test]
async fn a_new_organization_cannot_take_a_member_over_in_its_first_week() {
    let simulator = Simulator::new(builder().account("app", "/").standalone("new").build());
    let attacker = Plain::of(&simulator, OUTSIDER);
    attacker
        .organizations("CreateOrganization", json!({}))
        .unwrap();
    let target = json!({"Target": {"Id": MEMBER, "Type": "ACCOUNT"}});
    let sent = attacker
        .organizations("InviteAccountToOrganization", target)
        .unwrap();
    let id = json!({"HandshakeId": sent["Handshake"]["Id"]});
    let member = Plain::of(&simulator, MEMBER);
    assert_eq!(
        refused(member.organizations("AcceptHandshake", id.clone())),
        "ConstraintViolationException WAIT_PERIOD_ACTIVE"
    );
    simulator.skip(Duration::from_hours(24 * 7));
    member.organizations("AcceptHandshake", id).unwrap();
    let world = simulator.world();
    assert_eq!(world.organization_of(MEMBER).unwrap().management, OUTSIDER);
}

#[tokio::test]
async fn tags_are_taken_away_and_scps_have_no_effective_policy() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    me.organizations("TagResource", json!({"ResourceId": MEMBER, "Tags": tags}))
        .unwrap();
    me.organizations(
        "UntagResource",
        json!({"ResourceId": MEMBER, "TagKeys": ["a"]}),
    )
    .unwrap();
    let left = me
        .organizations("ListTagsForResource", json!({"ResourceId": MEMBER}))
        .unwrap();
    assert_eq!(left["Tags"], json!([{"Key": "b", "Value": "2"}]));
    let effective = |kind: &str| {
        let about = json!({"PolicyType": kind, "TargetId": MEMBER});
        refused(me.organizations("DescribeEffectivePolicy", about))
    };
    assert_eq!(
        effective("SERVICE_CONTROL_POLICY"),
        "InvalidInputException INVALID_ENUM_POLICY_TYPE"
    );
    assert_eq!(effective("TAG_POLICY"), "EffectivePolicyNotFoundException");
}

#[tokio::test]
async fn no_more_than_three_accounts_close_at_once() {
    let mut builder = builder();
    for n in 0..4 {
        builder = builder.account(&format!("a{n}"), "/");
    }
    let simulator = Simulator::new(builder.build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let close = |n: u64| {
        let account = (200_000_000_001 + n).to_string();
        me.organizations("CloseAccount", json!({"AccountId": account}))
    };
    for n in 0..3 {
        close(n).unwrap();
    }
    assert_eq!(
        refused(close(3)),
        "ConstraintViolationException CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED"
    );
    simulator.skip(Duration::from_mins(1));
    close(3).unwrap();
}
