//! SCPs bind members, and say so in AWS's words.

use super::support::*;
use crate::sim::{Simulator, World};

const LEAVE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;
const ARN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"arn:aws:organizations::*:organization/*"}]}"#;
const EXEMPT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/OrgAdmin"}}}]}"#;
const ALLOW_LIST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}"#;
const REGION: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}"#;

fn guarded(text: &str, place: &str) -> World {
    builder()
        .account("app", "Workloads")
        .scp("guard", text, &[place])
        .build()
}

/// Leaving as the member's `OrgAdmin` user: the refusal's text, if it is refused.
async fn leave(world: World) -> Option<String> {
    let simulator = Simulator::new(world);
    let client = organizations(&simulator, MEMBER);
    let error = client.leave_organization().send().await.err()?;
    let error = error.into_service_error();
    let record = &simulator.world().accounts[MEMBER].trail["us-east-1"][0];
    assert_eq!(record["errorCode"], "AccessDenied");
    error.meta().message().map(str::to_owned)
}

#[tokio::test]
async fn a_deny_at_any_level_keeps_the_account() {
    for place in ["/", "Workloads", "app"] {
        assert_eq!(
            leave(guarded(LEAVE, place)).await.unwrap(),
            format!(
                "User: arn:aws:iam::{MEMBER}:user/OrgAdmin is not authorized to perform: \
                 organizations:LeaveOrganization on resource: * with an explicit deny in a \
                 service control policy"
            )
        );
    }
}

#[tokio::test]
async fn dead_exempting_and_misplaced_denies_let_it_go() {
    for (text, place) in [(ARN, "/"), (EXEMPT, "/"), (LEAVE, "Elsewhere")] {
        assert_eq!(leave(guarded(text, place)).await, None, "{text} at {place}");
    }
    let disabled = builder().account("app", "/").scp("guard", LEAVE, &["/"]);
    assert_eq!(leave(disabled.scps_disabled().build()).await, None);
}

#[tokio::test]
async fn an_allow_list_and_a_region_lock_keep_it_too() {
    let allow_list = builder()
        .account("app", "Workloads")
        .scp("list", ALLOW_LIST, &["Workloads"])
        .detached("FullAWSAccess", "Workloads")
        .build();
    let text = leave(allow_list).await.unwrap();
    assert!(
        text.ends_with(
            "because no service control policy allows the organizations:LeaveOrganization action"
        ),
        "{text}"
    );
    assert!(leave(guarded(REGION, "Workloads")).await.is_some());
}

#[tokio::test]
async fn the_management_account_is_not_bound() {
    let text = LEAVE.replace("LeaveOrganization", "*");
    let simulator = Simulator::new(guarded(&text, "/"));
    let management = organizations(&simulator, MANAGEMENT);
    assert!(management.list_accounts().send().await.is_ok());
    let member = organizations(&simulator, MEMBER);
    assert_eq!(
        refused!(member.describe_organization().send()),
        "AccessDeniedException"
    );
}

const DELEGATION: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Policies","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::200000000001:root"},"Action":["organizations:DetachPolicy","organizations:DescribePolicy"],"Resource":"*","Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}]}"#;

#[tokio::test]
async fn the_delegation_policy_lets_a_member_lift_a_guard_and_nothing_more() {
    let world = builder()
        .account("platform", "/")
        .account("other", "/")
        .scp("guard", LEAVE, &["/"])
        .delegation_policy(DELEGATION)
        .build();
    let guard = world.policy_named("guard").unwrap().id.clone();
    let root = world.organization().unwrap().root.clone();
    let simulator = Simulator::new(world);
    let detach = |account: &str| {
        let call = organizations(&simulator, account).detach_policy();
        call.policy_id(&guard).target_id(&root).send()
    };
    assert_eq!(refused!(detach("200000000002")), "AccessDeniedException");
    let attach = organizations(&simulator, MEMBER).attach_policy();
    let attach = attach.policy_id(&guard).target_id(MEMBER).send();
    assert_eq!(refused!(attach), "AccessDeniedException");
    detach(MEMBER).await.unwrap();
    let left = organizations(&simulator, MEMBER).leave_organization();
    assert!(left.send().await.is_ok());
}

#[tokio::test]
async fn arns_and_records_follow_the_partition() {
    let china = crate::model::Partition::AwsCn;
    let simulator = Simulator::new(builder().partition(china).account("app", "/").build());
    let keys = simulator.keys_of_management();
    let region = aws_config::Region::new("cn-northwest-1");
    let config = config(&simulator, &keys).region(region).build();
    let client = aws_sdk_organizations::Client::new(&config);
    let account = client.describe_account().account_id(MEMBER).send().await;
    let arn = account.unwrap().account.unwrap().arn.unwrap();
    assert!(arn.starts_with("arn:aws-cn:organizations::"), "{arn}");
    let trail = &simulator.world().accounts[MANAGEMENT].trail;
    assert_eq!(trail.keys().collect::<Vec<_>>(), ["cn-northwest-1"]);
}
