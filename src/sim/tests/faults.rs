//! Faults by share, stale reads, expiring credentials, others' changes, slow bodies, uneven pages.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::sim::{
    Calls, Change, Fault, ForeignChange, Kind, Latency, Mutation, Refusal, Simulator,
};

const LIST: &str = "organizations:ListAccounts";

#[tokio::test]
async fn a_share_of_calls_is_struck_the_same_with_the_same_seed() {
    let struck = |seed: u64| {
        let simulator = Simulator::new(builder().build());
        let refusal = Refusal::new("ServiceException", "busy");
        let calls = Calls::PerMille { share: 300, seed };
        simulator.add_fault(Fault::new(LIST, calls, Kind::Error(refusal)));
        let me = Plain::of(&simulator, MANAGEMENT);
        let call = |_| me.organizations("ListAccounts", json!({})).is_err();
        (0..200).map(call).collect::<Vec<bool>>()
    };
    let first = struck(1);
    assert_eq!(first, struck(1));
    assert_ne!(first, struck(2));
    let count = first.iter().filter(|struck| **struck).count();
    assert!((40..80).contains(&count), "{count} of 200");
}

#[tokio::test(start_paused = true)]
async fn a_read_can_answer_from_before_the_last_write_for_a_while() {
    let simulator = Simulator::new(builder().build());
    let within = Some(Duration::from_secs(20));
    let kind = Kind::Stale { within };
    simulator.add_fault(Fault::new("organizations:ListPolicies", Calls::Every, kind));
    let me = Plain::of(&simulator, MANAGEMENT);
    let create = json!({
        "Name": "new", "Description": "", "Type": "SERVICE_CONTROL_POLICY",
        "Content": policy("Deny", "s3:*"),
    });
    let made = me.organizations("CreatePolicy", create).unwrap();
    let count = || {
        let filter = json!({"Filter": "SERVICE_CONTROL_POLICY"});
        let listed = me.organizations("ListPolicies", filter).unwrap();
        listed["Policies"].as_array().unwrap().len()
    };
    assert_eq!(count(), 1, "only FullAWSAccess");
    let id = json!({"PolicyId": made["Policy"]["PolicySummary"]["Id"]});
    assert!(me.organizations("DescribePolicy", id).is_ok(), "not struck");
    simulator.skip(Duration::from_secs(20));
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn credentials_expire_in_the_middle_and_stay_so() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    simulator.add_fault(Fault::new(LIST, Calls::Nth(2), Kind::ExpireCredentials));
    let me = Plain::of(&simulator, MANAGEMENT);
    assert!(me.organizations("ListAccounts", json!({})).is_ok());
    for _ in 0..2 {
        let refused = me.organizations("ListAccounts", json!({})).unwrap_err();
        assert_eq!(refused, "ExpiredTokenException");
    }
    assert_eq!(
        me.query("sts", "GetCallerIdentity", &[]).unwrap_err(),
        "403 ExpiredToken"
    );
    let member = Plain::of(&simulator, MEMBER);
    assert!(
        member
            .organizations("DescribeOrganization", json!({}))
            .is_ok()
    );
}

#[tokio::test]
async fn somebody_else_changes_the_world_before_a_call() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let leave = Change::new(|world| world.depart(MEMBER, "REMOVED"));
    simulator.add_fault(Fault::new(LIST, Calls::Nth(2), Kind::Change(leave)));
    let me = Plain::of(&simulator, MANAGEMENT);
    let count = || {
        let listed = me.organizations("ListAccounts", json!({})).unwrap();
        listed["Accounts"].as_array().unwrap().len()
    };
    assert_eq!([count(), count(), count()], [2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_arrives_whole_in_its_time() {
    let simulator = Simulator::new(builder().build());
    let slow = Kind::SlowBody(Duration::from_secs(7));
    simulator.add_fault(Fault::new(LIST, Calls::Every, slow));
    let client = organizations(&simulator, MANAGEMENT);
    let began = tokio::time::Instant::now();
    let answer = client.list_accounts().send().await.unwrap();
    assert_eq!(answer.accounts().len(), 1);
    assert_eq!(began.elapsed(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn latency_is_added_to_every_answer() {
    let simulator = Simulator::new(builder().build());
    simulator.set_latency(Latency::Fixed(Duration::from_millis(30)));
    let client = organizations(&simulator, MANAGEMENT);
    let began = tokio::time::Instant::now();
    for _ in 0..10 {
        client.list_accounts().send().await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::from_millis(300));
}

#[tokio::test]
async fn uneven_pages_come_short_and_empty_and_still_hold_everything_once() {
    let mut builder = builder().switches(|s| s.uneven_pages = true);
    for n in 0..120 {
        builder = builder.account(&format!("a{n}"), "/");
    }
    let simulator = Simulator::new(builder.build());
    let client = organizations(&simulator, MANAGEMENT);
    let (mut token, mut sizes, mut ids) = (None, Vec::new(), Vec::new());
    loop {
        let page = client.list_accounts().set_next_token(token).send().await;
        let page = page.unwrap();
        sizes.push(page.accounts().len());
        ids.extend(page.accounts().iter().filter_map(|a| a.id.clone()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((all, ids.len()), (121, 121));
    assert!(sizes.iter().any(|size| *size < 20), "{sizes:?}");
    assert!(sizes.iter().max() <= Some(&20));
}

#[tokio::test]
async fn a_short_page_has_a_token_and_the_next_one_goes_on() {
    let simulator = Simulator::new(builder().account("a", "/").account("b", "/").build());
    simulator.add_fault(Fault::new(LIST, Calls::Nth(1), Kind::ShortPage));
    let me = Plain::of(&simulator, MANAGEMENT);
    let first = me
        .organizations("ListAccounts", json!({"MaxResults": 3}))
        .unwrap();
    assert_eq!(first["Accounts"].as_array().unwrap().len(), 2);
    let next = json!({"MaxResults": 3, "NextToken": first["NextToken"]});
    let second = me.organizations("ListAccounts", next).unwrap();
    assert_eq!(second["Accounts"].as_array().unwrap().len(), 1);
    assert_eq!(second.get("NextToken"), None);
}

#[tokio::test]
async fn a_world_says_what_others_change_before_which_call() {
    let mut world = builder().account("app", "/").build();
    world.changes.push(ForeignChange {
        before: LIST.to_owned(),
        call: 2,
        change: Mutation::Leave {
            account: "app".to_owned(),
        },
    });
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let count = || {
        let answer = me.organizations("ListAccounts", json!({})).unwrap();
        answer["Accounts"].as_array().unwrap().len()
    };
    assert_eq!([count(), count()], [2, 1]);
}
