//! Principals: users, roles, keys, sessions, root.

use serde_json::json;

use super::support::*;
use crate::sim::Simulator;

fn role_arn(role: &str) -> String {
    format!("arn:aws:iam::{MEMBER}:role/{role}")
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_allow_and_a_deny_wins() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let admin = Plain::of(&simulator, MEMBER);
    admin.iam("CreateUser", &[("UserName", "eve")]).unwrap();
    assert_eq!(
        admin.iam("CreateUser", &[("UserName", "EVE")]).unwrap_err(),
        "409 EntityAlreadyExists"
    );
    let made = admin
        .iam("CreateAccessKey", &[("UserName", "eve")])
        .unwrap();
    let eve = Plain {
        simulator: simulator.clone(),
        key: text_of(&made, "AccessKeyId"),
        token: None,
    };
    assert_eq!(eve.iam("ListUsers", &[]).unwrap_err(), "403 AccessDenied");
    let put = |name: &str, document: &str| {
        let fields = [
            ("UserName", "eve"),
            ("PolicyName", name),
            ("PolicyDocument", document),
        ];
        admin.iam("PutUserPolicy", &fields)
    };
    put("all", &policy("Allow", "*")).unwrap();
    assert!(
        eve.iam("ListUsers", &[])
            .unwrap()
            .contains("<UserName>eve<")
    );
    put("no", &policy("Deny", "iam:ListUsers")).unwrap();
    assert_eq!(eve.iam("ListUsers", &[]).unwrap_err(), "403 AccessDenied");
    assert!(eve.iam("ListRoles", &[]).is_ok());
    assert_eq!(put("bad", "{").unwrap_err(), "400 MalformedPolicyDocument");
    let used = [("AccessKeyId", eve.key.as_str())];
    let used = admin.iam("GetAccessKeyLastUsed", &used).unwrap();
    assert_eq!(text_of(&used, "ServiceName"), "iam");
    assert_eq!(
        admin.iam("DeleteUser", &[("UserName", "eve")]).unwrap_err(),
        "409 DeleteConflict"
    );
}

#[tokio::test]
async fn inactive_and_deleted_keys_are_refused_by_every_service_in_its_words() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let admin = Plain::of(&simulator, MEMBER);
    let other = admin.iam("CreateAccessKey", &[]).unwrap();
    let other = Plain {
        simulator: simulator.clone(),
        key: text_of(&other, "AccessKeyId"),
        token: None,
    };
    assert!(other.iam("ListUsers", &[]).is_ok());
    assert_eq!(
        admin.iam("CreateAccessKey", &[]).unwrap_err(),
        "409 LimitExceeded"
    );
    let fields = [("AccessKeyId", other.key.as_str()), ("Status", "Inactive")];
    admin.iam("UpdateAccessKey", &fields).unwrap();
    let refusals = || {
        [
            other.iam("ListUsers", &[]).unwrap_err(),
            other
                .organizations("DescribeOrganization", json!({}))
                .unwrap_err(),
            other
                .account("/getAccountInformation", json!({}))
                .unwrap_err(),
        ]
    };
    let expected = [
        "403 InvalidClientTokenId",
        "UnrecognizedClientException",
        "403 UnrecognizedClientException",
    ];
    assert_eq!(refusals(), expected);
    let active = [("AccessKeyId", other.key.as_str()), ("Status", "Active")];
    admin.iam("UpdateAccessKey", &active).unwrap();
    assert!(other.iam("ListUsers", &[]).is_ok());
    admin.iam("DeleteAccessKey", &active[..1]).unwrap();
    assert_eq!(refusals(), expected);
}

#[tokio::test]
async fn a_session_policy_cuts_a_session_down() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let reads = policy("Allow", "organizations:Describe*");
    let role = role_arn("OrganizationAccountAccessRole");
    let session = me.assume(&role, &[("Policy", &reads)]).unwrap();
    assert!(
        session
            .organizations("DescribeOrganization", json!({}))
            .is_ok()
    );
    assert_eq!(
        session
            .organizations("LeaveOrganization", json!({}))
            .unwrap_err(),
        "AccessDeniedException"
    );
    assert!(simulator.world().organization_of(MEMBER).is_some());
    let whole = me.assume(&role, &[]).unwrap();
    whole.organizations("LeaveOrganization", json!({})).unwrap();
}

#[tokio::test]
async fn a_denial_by_token_time_revokes_older_sessions_only() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let role = role_arn("OrganizationAccountAccessRole");
    let old = me.assume(&role, &[]).unwrap();
    simulator.skip(std::time::Duration::from_mins(10));
    let revoke = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-24T10:05:00Z"}}}]}"#;
    let admin = Plain::of(&simulator, MEMBER);
    let fields = [
        ("RoleName", "OrganizationAccountAccessRole"),
        ("PolicyName", "AWSRevokeOlderSessions"),
        ("PolicyDocument", revoke),
    ];
    admin.iam("PutRolePolicy", &fields).unwrap();
    assert_eq!(old.iam("ListUsers", &[]).unwrap_err(), "403 AccessDenied");
    let new = me.assume(&role, &[]).unwrap();
    assert!(new.iam("ListUsers", &[]).is_ok());
    let kept = admin.iam("GetRolePolicy", &fields[..2]).unwrap();
    assert!(text_of(&kept, "PolicyDocument").starts_with("%7B%22Version%22"));
}

#[tokio::test]
async fn a_trust_policy_with_an_external_id_and_a_changed_one() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let admin = Plain::of(&simulator, MEMBER);
    let trust = |account: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"e1"}}}}}}]}}"#
        )
    };
    let text = trust(MANAGEMENT);
    let fields = [
        ("RoleName", "audit"),
        ("AssumeRolePolicyDocument", text.as_str()),
    ];
    admin.iam("CreateRole", &fields).unwrap();
    let arn = role_arn("audit");
    assert_eq!(me.assume(&arn, &[]).err().unwrap(), "403 AccessDenied");
    let with_id = [("ExternalId", "e1")];
    let session = me.assume(&arn, &with_id).unwrap();
    assert_eq!(
        session.iam("ListUsers", &[]).unwrap_err(),
        "403 AccessDenied",
        "the role has no policy"
    );
    let text = trust("999999999999");
    let fields = [("RoleName", "audit"), ("PolicyDocument", text.as_str())];
    admin.iam("UpdateAssumeRolePolicy", &fields).unwrap();
    assert_eq!(me.assume(&arn, &with_id).err().unwrap(), "403 AccessDenied");
}

#[tokio::test]
async fn a_root_session_does_its_task_and_nothing_else() {
    let world = builder()
        .account("app", "/")
        .root_features(&["RootCredentialsManagement", "RootSessions"])
        .build();
    let simulator = Simulator::new(world);
    let me = Plain::of(&simulator, MANAGEMENT);
    let root = |plain: &Plain, task: &str| {
        let arn = format!("arn:aws:iam::aws:policy/root-task/{task}");
        let fields = [("TargetPrincipal", MEMBER), ("TaskPolicyArn.arn", &arn)];
        plain.query("sts", "AssumeRoot", &fields)
    };
    let audit = root(&me, "IAMAuditRootUserCredentials").unwrap();
    let audit = Plain::session(&simulator, &audit);
    assert_eq!(
        audit.iam("GetLoginProfile", &[]).unwrap_err(),
        "404 NoSuchEntity"
    );
    assert_eq!(
        audit
            .organizations("LeaveOrganization", json!({}))
            .unwrap_err(),
        "AccessDeniedException"
    );
    let create = root(&me, "IAMCreateRootUserPassword").unwrap();
    let create = Plain::session(&simulator, &create);
    create.iam("CreateLoginProfile", &[]).unwrap();
    assert!(audit.iam("GetLoginProfile", &[]).is_ok());
    let member = Plain::of(&simulator, MEMBER);
    assert_eq!(
        root(&member, "IAMAuditRootUserCredentials").unwrap_err(),
        "403 AccessDenied"
    );
    assert_eq!(root(&me, "Everything").unwrap_err(), "400 ValidationError");
    simulator.skip(std::time::Duration::from_mins(15));
    assert_eq!(
        audit.iam("GetLoginProfile", &[]).unwrap_err(),
        "403 ExpiredToken"
    );
}

#[tokio::test]
async fn root_features_are_switched_by_the_management_account() {
    let simulator = Simulator::new(builder().trusted_service("iam.amazonaws.com").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let on = me.iam("EnableOrganizationsRootCredentialsManagement", &[]);
    assert!(on.unwrap().contains("RootCredentialsManagement"));
    me.iam("EnableOrganizationsRootSessions", &[]).unwrap();
    let off = me.iam("DisableOrganizationsRootCredentialsManagement", &[]);
    let off = off.unwrap();
    assert!(off.contains("<member>RootSessions</member>"), "{off}");
    assert!(
        !off.contains("<member>RootCredentialsManagement</member>"),
        "{off}"
    );
}

#[tokio::test]
async fn the_policy_simulator_answers_as_the_evaluator_does() {
    let simulator = Simulator::new(builder().build());
    let keys = simulator.keys_of_management();
    let iam = aws_sdk_iam::Client::new(&config(&simulator, &keys).build());
    let level = |texts: &[&str]| {
        let level = aws_sdk_iam::types::OrderedOrganizationPolicyType::builder();
        texts
            .iter()
            .fold(level, |level, text| {
                level.service_control_policy_input_list(*text)
            })
            .build()
    };
    let (all, deny) = (policy("Allow", "*"), policy("Deny", "organizations:Leave*"));
    let answer = iam
        .simulate_custom_policy()
        .policy_input_list(&all)
        .action_names("organizations:LeaveOrganization")
        .action_names("organizations:ListRoots")
        .ordered_organization_policy_input_list(level(&[&all]))
        .ordered_organization_policy_input_list(level(&[&all, &deny]))
        .send()
        .await
        .unwrap();
    let decisions: Vec<&str> = answer
        .evaluation_results()
        .iter()
        .map(|result| result.eval_decision.as_str())
        .collect();
    assert_eq!(decisions, ["explicitDeny", "allowed"]);
    let detail = answer.evaluation_results()[0].organizations_decision_detail();
    assert!(!detail.unwrap().allowed_by_organizations());
    let on = |account: &str| format!("arn:aws:iam::{account}:user/eve");
    let only_one = policy("Deny", "iam:*").replace("\"*\"}", &format!("\"{}\"}}", on("1")));
    let answer = iam
        .simulate_custom_policy()
        .policy_input_list(&all)
        .policy_input_list(only_one)
        .action_names("iam:GetUser")
        .resource_arns(on("1"))
        .resource_arns(on("2"))
        .send()
        .await
        .unwrap();
    let [result] = answer.evaluation_results() else {
        panic!("one result an action");
    };
    assert_eq!(result.eval_decision.as_str(), "explicitDeny");
    let each: Vec<&str> = result
        .resource_specific_results()
        .iter()
        .map(|one| one.eval_resource_decision.as_str())
        .collect();
    assert_eq!(each, ["explicitDeny", "allowed"]);
}

#[tokio::test]
async fn records_hide_what_is_secret_and_show_the_keys_of_sessions() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let session = me
        .assume(&role_arn("OrganizationAccountAccessRole"), &[])
        .unwrap();
    session.iam("CreateUser", &[("UserName", "eve")]).unwrap();
    let fields = [("UserName", "eve"), ("Password", "Hunter2!")];
    session.iam("CreateLoginProfile", &fields).unwrap();
    let made = session.iam("CreateAccessKey", &fields[..1]).unwrap();
    let secret = text_of(&made, "SecretAccessKey");
    let world = simulator.world();
    let text = serde_json::to_string(&world.accounts[MEMBER].trail).unwrap();
    assert!(!text.contains(&secret));
    assert!(!text.contains("Hunter2!"));
    let assumed = world.accounts[MEMBER].trail["us-east-1"]
        .iter()
        .find(|record| record["eventName"] == "AssumeRole")
        .unwrap();
    let key = &assumed["responseElements"]["credentials"]["accessKeyId"];
    assert_eq!(*key, session.key);
}

#[tokio::test]
async fn a_federated_session_outlives_the_key_that_asked_for_it() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let admin = Plain::of(&simulator, MEMBER);
    let all = policy("Allow", "*");
    let ask =
        |plain: &Plain, fields: &[(&str, &str)]| plain.query("sts", "GetFederationToken", fields);
    let bare = ask(&admin, &[("Name", "nobody")]).unwrap();
    let bare = Plain::session(&simulator, &bare);
    let session = ask(&admin, &[("Name", "mallory"), ("Policy", &all)]).unwrap();
    let session = Plain::session(&simulator, &session);
    let who = session.query("sts", "GetCallerIdentity", &[]).unwrap();
    assert!(text_of(&who, "Arn").ends_with(":federated-user/mallory"));
    admin
        .iam("DeleteAccessKey", &[("AccessKeyId", &admin.key)])
        .unwrap();
    assert_eq!(
        bare.organizations("DescribeOrganization", json!({}))
            .unwrap_err(),
        "AccessDeniedException"
    );
    assert_eq!(
        session.iam("ListUsers", &[]).unwrap_err(),
        "403 InvalidClientTokenId"
    );
    assert_eq!(
        ask(&session, &[("Name", "again")]).unwrap_err(),
        "403 AccessDenied"
    );
    session
        .organizations("LeaveOrganization", json!({}))
        .unwrap();
    let world = simulator.world();
    let left = world.accounts[MEMBER].trail["us-east-1"]
        .iter()
        .find(|record| record["eventName"] == "LeaveOrganization");
    assert_eq!(left.unwrap()["userIdentity"]["type"], "FederatedUser");
}

#[tokio::test]
async fn a_session_of_a_user_is_bound_by_its_policies_as_they_are_now() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let admin = Plain::of(&simulator, MEMBER);
    let session = admin.query("sts", "GetSessionToken", &[]).unwrap();
    let session = Plain::session(&simulator, &session);
    assert!(
        session
            .organizations("DescribeOrganization", json!({}))
            .is_ok()
    );
    let deny = policy("Deny", "*");
    let fields = [
        ("UserName", "OrgAdmin"),
        ("PolicyName", "stop"),
        ("PolicyDocument", deny.as_str()),
    ];
    admin.iam("PutUserPolicy", &fields).unwrap();
    assert_eq!(
        session
            .organizations("DescribeOrganization", json!({}))
            .unwrap_err(),
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn tags_of_a_role_and_of_a_session_open_a_guard_that_exempts_them() {
    let guard = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/exit":"yes"}}}]}"#;
    let world = builder().account("a", "/").account("b", "/");
    let simulator = Simulator::new(world.scp("guard", guard, &["/"]).build());
    let me = Plain::of(&simulator, MANAGEMENT);
    let role = "OrganizationAccountAccessRole";
    let session = me.assume(&role_arn(role), &[]).unwrap();
    let leave = |plain: &Plain| plain.organizations("LeaveOrganization", json!({}));
    assert_eq!(leave(&session).unwrap_err(), "AccessDeniedException");
    let tags = [
        ("RoleName", role),
        ("Tags.member.1.Key", "exit"),
        ("Tags.member.1.Value", "yes"),
    ];
    session.iam("TagRole", &tags).unwrap();
    assert!(
        session
            .iam("ListRoleTags", &tags[..1])
            .unwrap()
            .contains("<Key>exit</Key>")
    );
    session
        .iam(
            "UntagRole",
            &[("RoleName", role), ("TagKeys.member.1", "exit")],
        )
        .unwrap();
    assert_eq!(leave(&session).unwrap_err(), "AccessDeniedException");
    session.iam("TagRole", &tags).unwrap();
    leave(&session).unwrap();
    let other = format!("arn:aws:iam::200000000002:role/{role}");
    let tagged = || me.assume(&other, &tags[1..]);
    assert_eq!(
        tagged().err().unwrap(),
        "403 AccessDenied",
        "no sts:TagSession"
    );
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
    let fields = [("RoleName", role), ("PolicyDocument", trust)];
    let admin = Plain::of(&simulator, "200000000002");
    admin.iam("UpdateAssumeRolePolicy", &fields).unwrap();
    leave(&tagged().unwrap()).unwrap();
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused_in_xml() {
    let simulator = Simulator::new(builder().build());
    let body = bytes::Bytes::from("Action=AssumeRoleWithWebIdentity");
    let request = http::Request::new(body);
    let reply =
        crate::sim::Service::handle(simulator.as_ref(), std::time::SystemTime::now(), &request);
    let crate::sim::Outcome::Answer(answer) = reply.outcome else {
        panic!("no answer");
    };
    assert_eq!(answer.status(), 403);
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    assert_eq!(text_of(&text, "Code"), "MissingAuthenticationToken");
}
