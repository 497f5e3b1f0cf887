//! SCPs: texts, attachments and their limits.

use aws_sdk_organizations::types::{PolicyType, Tag};

use super::support::*;
use crate::sim::Simulator;

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}"#;

fn create(
    client: &aws_sdk_organizations::Client,
    name: &str,
    content: &str,
) -> aws_sdk_organizations::operation::create_policy::builders::CreatePolicyFluentBuilder {
    client
        .create_policy()
        .name(name)
        .description("")
        .content(content)
        .r#type(PolicyType::ServiceControlPolicy)
}

#[tokio::test]
async fn a_policy_is_created_attached_listed_and_taken_away() {
    let simulator = Simulator::new(builder().account("app", "Workloads").build());
    let client = organizations(&simulator, MANAGEMENT);
    let root = client
        .list_roots()
        .send()
        .await
        .unwrap()
        .roots
        .unwrap()
        .remove(0);
    let root = root.id.unwrap();
    let tag = Tag::builder().key("owner").value("us").build().unwrap();
    let made = create(&client, "guard", DENY)
        .tags(tag)
        .send()
        .await
        .unwrap();
    let id = made.policy.unwrap().policy_summary.unwrap().id.unwrap();
    let attach = || {
        client
            .attach_policy()
            .policy_id(&id)
            .target_id(&root)
            .send()
    };
    attach().await.unwrap();
    assert_eq!(refused!(attach()), "DuplicatePolicyAttachmentException");
    let targets = client
        .list_targets_for_policy()
        .policy_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(targets.targets()[0].target_id(), Some(root.as_str()));
    let at_root = client
        .list_policies_for_target()
        .target_id(&root)
        .filter(PolicyType::ServiceControlPolicy)
        .send()
        .await
        .unwrap();
    assert_eq!(at_root.policies().len(), 2);
    let text = client
        .describe_policy()
        .policy_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(text.policy().unwrap().content(), Some(DENY));
    let tags = client
        .list_tags_for_resource()
        .resource_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags()[0].value(), "us");
    assert_eq!(
        refused!(client.delete_policy().policy_id(&id).send()),
        "PolicyInUseException"
    );
    let detach = |policy: &str| {
        client
            .detach_policy()
            .policy_id(policy)
            .target_id(&root)
            .send()
    };
    detach(&id).await.unwrap();
    assert_eq!(refused!(detach(&id)), "PolicyNotAttachedException");
    assert_eq!(
        refused!(detach("p-FullAWSAccess")),
        "ConstraintViolationException"
    );
    client.delete_policy().policy_id(&id).send().await.unwrap();
    assert_eq!(
        refused!(client.describe_policy().policy_id(&id).send()),
        "PolicyNotFoundException"
    );
}

#[tokio::test]
async fn texts_and_names_that_aws_would_refuse_are_refused() {
    let simulator = Simulator::new(builder().build());
    let client = organizations(&simulator, MANAGEMENT);
    create(&client, "a", DENY).send().await.unwrap();
    assert_eq!(
        refused!(create(&client, "a", DENY).send()),
        "DuplicatePolicyException"
    );
    for text in [
        "{",
        "{}",
        r#"{"Statement":[{"Effect":"Deny","Action":"*"}]}"#,
    ] {
        assert_eq!(
            refused!(create(&client, "b", text).send()),
            "MalformedPolicyDocumentException",
            "{text}"
        );
    }
    let at_limit = format!("{DENY}{}", " ".repeat(10_240 - DENY.len()));
    create(&client, "c", &at_limit).send().await.unwrap();
    assert_eq!(
        refused!(create(&client, "d", &format!("{at_limit} ")).send()),
        "ConstraintViolationException"
    );
    let managed = client
        .update_policy()
        .policy_id("p-FullAWSAccess")
        .content(DENY);
    assert_eq!(refused!(managed.send()), "InvalidInputException");
}

#[tokio::test]
async fn ten_policies_fit_on_a_target() {
    let mut builder = builder().account("app", "/");
    for n in 0..9 {
        builder = builder.scp(&format!("p{n}"), DENY, &["app"]);
    }
    let simulator = Simulator::new(builder.scp("one-more", DENY, &[]).build());
    let client = organizations(&simulator, MANAGEMENT);
    let id = simulator
        .world()
        .policy_named("one-more")
        .unwrap()
        .id
        .clone();
    let attach = client.attach_policy().policy_id(id).target_id(MEMBER);
    assert_eq!(refused!(attach.send()), "ConstraintViolationException");
}

#[tokio::test]
async fn disabling_the_type_loses_every_attachment() {
    let world = builder()
        .account("app", "Workloads")
        .scp("guard", DENY, &["/"])
        .switches(|s| s.policy_type_delay = 60)
        .build();
    let (id, root) = {
        let organization = world.organization().unwrap();
        let id = world.policy_named("guard").unwrap().id.clone();
        (id, organization.root.clone())
    };
    let simulator = Simulator::new(world);
    let client = organizations(&simulator, MANAGEMENT);
    let status = || async {
        let roots = client.list_roots().send().await.unwrap().roots.unwrap();
        let types = roots[0].policy_types().to_vec();
        types
            .first()
            .map(|t| t.status().unwrap().as_str().to_owned())
    };
    let scp = PolicyType::ServiceControlPolicy;
    let disable = client
        .disable_policy_type()
        .root_id(&root)
        .policy_type(scp.clone());
    disable.send().await.unwrap();
    assert_eq!(status().await.as_deref(), Some("PENDING_DISABLE"));
    let attach = || {
        client
            .attach_policy()
            .policy_id(&id)
            .target_id(&root)
            .send()
    };
    assert_eq!(refused!(attach()), "PolicyChangesInProgressException");
    simulator.skip(std::time::Duration::from_secs(61));
    assert_eq!(status().await, None);
    assert_eq!(refused!(attach()), "PolicyTypeNotEnabledException");
    let enable = client.enable_policy_type().root_id(&root).policy_type(scp);
    enable.send().await.unwrap();
    simulator.skip(std::time::Duration::from_secs(61));
    assert_eq!(status().await.as_deref(), Some("ENABLED"));
    let targets = client
        .list_targets_for_policy()
        .policy_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(targets.targets().len(), 0, "only FullAWSAccess comes back");
    let full = client
        .list_targets_for_policy()
        .policy_id("p-FullAWSAccess")
        .send();
    assert_eq!(full.await.unwrap().targets().len(), 4);
}
