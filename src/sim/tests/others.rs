//! Account Management, trails, `EventBridge` rules.

use serde_json::{Value, json};

use super::support::*;
use crate::sim::Simulator;

#[tokio::test]
async fn a_members_root_address_changes_with_the_password_sent_to_the_new_one() {
    let world = builder()
        .account("app", "/")
        .trusted_service("account.amazonaws.com")
        .build();
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let about = json!({"AccountId": MEMBER});
    let email = || me.account("/getPrimaryEmail", about.clone()).unwrap()["PrimaryEmail"].clone();
    assert_eq!(email(), "aws+app@example.com");
    let new = json!({"AccountId": MEMBER, "PrimaryEmail": "root@example.com"});
    let started = me.account("/startPrimaryEmailUpdate", new).unwrap();
    assert_eq!(started["Status"], "PENDING");
    assert_eq!(email(), "aws+app@example.com");
    let accept = |otp: &str| {
        let input = json!({"AccountId": MEMBER, "PrimaryEmail": "root@example.com", "Otp": otp});
        me.account("/acceptPrimaryEmailUpdate", input)
    };
    let sent = simulator.world().accounts[MEMBER]
        .new_email
        .clone()
        .unwrap();
    let wrong = if sent.otp == "000000" {
        "000001"
    } else {
        "000000"
    };
    assert_eq!(accept(wrong).unwrap_err(), "400 ValidationException");
    assert_eq!(accept(&sent.otp).unwrap()["Status"], "ACCEPTED");
    assert_eq!(email(), "root@example.com");
    let member = Plain::of(&simulator, MEMBER);
    let own = member.account("/getPrimaryEmail", about).unwrap_err();
    assert_eq!(own, "403 AccessDeniedException");
}

#[tokio::test]
async fn members_are_managed_only_with_trusted_access() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let about = json!({"AccountId": MEMBER});
    assert_eq!(
        me.account("/getPrimaryEmail", about).unwrap_err(),
        "403 AccessDeniedException"
    );
    let own = me.account("/getAccountInformation", json!({})).unwrap();
    assert_eq!(own["AccountId"], MANAGEMENT);
    assert_eq!(own["AccountState"], "ACTIVE");
}

#[tokio::test]
async fn an_alternate_contact_is_put_shown_and_deleted() {
    let simulator = Simulator::new(builder().build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let kind = json!({"AlternateContactType": "SECURITY"});
    let get = || me.account("/getAlternateContact", kind.clone());
    assert_eq!(get().unwrap_err(), "404 ResourceNotFoundException");
    let contact = json!({
        "AlternateContactType": "SECURITY", "Name": "SOC", "Title": "Desk",
        "EmailAddress": "soc@example.com", "PhoneNumber": "+1",
    });
    me.account("/putAlternateContact", contact.clone()).unwrap();
    assert_eq!(get().unwrap()["AlternateContact"], contact);
    me.account("/deleteAlternateContact", kind.clone()).unwrap();
    assert!(get().is_err());
}

fn trail(plain: &Plain, operation: &str, input: Value) -> Result<Value, String> {
    plain.json(&format!("CloudTrail_20131101.{operation}"), input)
}

#[tokio::test]
async fn a_trail_logs_from_start_to_stop() {
    let simulator = Simulator::new(builder().build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let name = json!({"Name": "org"});
    let organization = json!({"Name": "org", "S3BucketName": "b", "IsOrganizationTrail": true});
    assert_eq!(
        trail(&me, "CreateTrail", organization).unwrap_err(),
        "CloudTrailAccessNotEnabledException"
    );
    let plain = json!({"Name": "org", "S3BucketName": "b", "IsMultiRegionTrail": true});
    trail(&me, "CreateTrail", plain).unwrap();
    let logs = || trail(&me, "GetTrailStatus", name.clone()).unwrap()["IsLogging"].clone();
    assert_eq!(logs(), false);
    trail(&me, "StartLogging", name.clone()).unwrap();
    assert_eq!(logs(), true);
    trail(&me, "StopLogging", name.clone()).unwrap();
    assert_eq!(logs(), false);
    let listed = trail(&me, "DescribeTrails", json!({})).unwrap();
    assert_eq!(listed["trailList"][0]["IsMultiRegionTrail"], true);
    trail(&me, "DeleteTrail", name.clone()).unwrap();
    assert_eq!(
        trail(&me, "GetTrailStatus", name).unwrap_err(),
        "TrailNotFoundException"
    );
}

#[tokio::test]
async fn a_rule_keeps_its_pattern_and_targets_and_goes_after_them() {
    let simulator = Simulator::new(builder().build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let events = |operation: &str, input: Value| me.json(&format!("AWSEvents.{operation}"), input);
    let pattern = r#"{"source":["aws.organizations"]}"#;
    let broken = json!({"Name": "exits", "EventPattern": "["});
    assert_eq!(
        events("PutRule", broken).unwrap_err(),
        "InvalidEventPatternException"
    );
    events("PutRule", json!({"Name": "exits", "EventPattern": pattern})).unwrap();
    let target = json!([{"Id": "1", "Arn": "arn:aws:sns:us-east-1:111111111111:exits"}]);
    events("PutTargets", json!({"Rule": "exits", "Targets": target})).unwrap();
    // Putting it again keeps the targets.
    events("PutRule", json!({"Name": "exits", "EventPattern": pattern})).unwrap();
    let listed = events("ListTargetsByRule", json!({"Rule": "exits"})).unwrap();
    assert_eq!(listed["Targets"], target);
    let rule = events("DescribeRule", json!({"Name": "exits"})).unwrap();
    assert_eq!(
        (&rule["EventPattern"], &rule["State"]),
        (&json!(pattern), &json!("ENABLED"))
    );
    assert_eq!(
        events("DeleteRule", json!({"Name": "exits"})).unwrap_err(),
        "ValidationException"
    );
    events("RemoveTargets", json!({"Rule": "exits", "Ids": ["1"]})).unwrap();
    events("DeleteRule", json!({"Name": "exits"})).unwrap();
    assert_eq!(events("ListRules", json!({})).unwrap()["Rules"], json!([]));
}

#[tokio::test]
async fn an_scp_can_pin_the_domain_of_the_root_address() {
    let pin = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"account:StartPrimaryEmailUpdate","Resource":"*","Condition":{"StringNotEquals":{"account:EmailTargetDomain":"example.com"}}}]}"#;
    let world = builder()
        .account("delegate", "/")
        .account("app", "/")
        .delegated_administrator("delegate", &["account.amazonaws.com"])
        .scp("pin", pin, &["/"])
        .build();
    let simulator = Simulator::new(world);
    let delegate = Plain::of(&simulator, MEMBER);
    let start = |email: &str| {
        let input = json!({"AccountId": "200000000002", "PrimaryEmail": email});
        delegate.account("/startPrimaryEmailUpdate", input)
    };
    let refused = start("root@evil.example").unwrap_err();
    assert_eq!(refused, "403 AccessDeniedException");
    assert!(start("root@example.com").is_ok());
}
