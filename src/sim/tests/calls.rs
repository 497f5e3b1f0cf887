//! Reads, callers, pages, the call log and its `CloudTrail` records.

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};

use super::support::*;
use crate::sim::{CallOutcome, Simulator, World, demo};

#[tokio::test]
async fn an_organization_is_described_to_its_members_and_listed_to_its_management_account() {
    let world = builder()
        .account("app", "Workloads/Prod")
        .standalone("out")
        .build();
    let simulator = Simulator::new(world);
    let management = organizations(&simulator, MANAGEMENT);
    let described = management.describe_organization().send().await.unwrap();
    let organization = described.organization().unwrap();
    assert_eq!(organization.master_account_id(), Some(MANAGEMENT));
    let accounts = management.list_accounts().send().await.unwrap();
    let app = accounts.accounts().iter().find(|a| a.name() == Some("app"));
    let app = app.unwrap();
    let path = app.paths().first().unwrap();
    assert!(path.starts_with(organization.id().unwrap()));
    assert!(path.ends_with(&format!("/{MEMBER}/")));
    assert_eq!(path.matches("/ou-").count(), 2);
    assert_eq!(app.state().unwrap().as_str(), "ACTIVE");

    let member = organizations(&simulator, MEMBER);
    assert!(member.describe_organization().send().await.is_ok());
    assert_eq!(
        refused!(member.list_accounts().send()),
        "AccessDeniedException"
    );
    let outsider = organizations(&simulator, "300000000001");
    assert_eq!(
        refused!(outsider.describe_organization().send()),
        "AWSOrganizationsNotInUseException"
    );
    let stranger = organizations(&simulator, "999999999999");
    assert_eq!(
        refused!(stranger.describe_organization().send()),
        "UnrecognizedClientException"
    );
}

#[tokio::test]
async fn paths_and_state_can_be_absent_as_before_2026() {
    let world = builder()
        .account("app", "Workloads")
        .switches(|s| (s.paths, s.state, s.status) = (false, false, true))
        .build();
    let simulator = Simulator::new(world);
    let client = organizations(&simulator, MANAGEMENT);
    let described = client.describe_account().account_id(MEMBER).send().await;
    let account = described.unwrap().account.unwrap();
    assert_eq!((account.paths, account.state), (None, None));
    assert!(account.joined_timestamp.is_some());
}

#[tokio::test]
async fn pages_hold_twenty_and_tokens_are_bound_to_their_call() {
    let mut builder = builder();
    for n in 0..44 {
        builder = builder.account(&format!("a{n}"), "All");
    }
    let simulator = Simulator::new(builder.build());
    let client = organizations(&simulator, MANAGEMENT);
    let mut token = None;
    let mut sizes = Vec::new();
    let mut tokens = Vec::new();
    loop {
        let page = client.list_accounts().set_next_token(token).send().await;
        let page = page.unwrap();
        sizes.push(page.accounts().len());
        token = page.next_token;
        match &token {
            Some(token) => tokens.push(token.clone()),
            None => break,
        }
    }
    assert_eq!(sizes, [20, 20, 5]);
    let foreign = client.list_roots().next_token(&tokens[0]).send().await;
    let error = foreign.unwrap_err().into_service_error();
    let reason = match error {
        aws_sdk_organizations::operation::list_roots::ListRootsError::InvalidInputException(e) => {
            e.reason.unwrap()
        }
        other => panic!("{other}"),
    };
    assert_eq!(reason.as_str(), "INVALID_NEXT_TOKEN");
    for size in [0, 21] {
        let page = client.list_accounts().max_results(size).send();
        assert_eq!(refused!(page), "InvalidInputException");
    }
}

#[tokio::test]
async fn a_denied_action_is_refused_in_iams_words_logged_and_recorded() {
    let world = builder()
        .denied("Management", "organizations:ListRoots")
        .build();
    let simulator = Simulator::new(world);
    let client = organizations(&simulator, MANAGEMENT);
    let error = client
        .list_roots()
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let text = error.meta().message().unwrap().to_owned();
    assert_eq!(
        text,
        format!(
            "User: arn:aws:iam::{MANAGEMENT}:user/OrgAdmin is not authorized to perform: \
             organizations:ListRoots on resource: * because no identity-based policy allows the \
             organizations:ListRoots action"
        )
    );
    let log = simulator.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].operation, "organizations:ListRoots");
    assert_eq!(log[0].account.as_deref(), Some(MANAGEMENT));
    assert_eq!(
        log[0].outcome,
        CallOutcome::Refused("AccessDeniedException".into())
    );
    let record = &simulator.world().accounts[MANAGEMENT].trail["us-east-1"][0];
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["eventName"], "ListRoots");
    assert_eq!(record["userIdentity"]["userName"], "OrgAdmin");
}

#[tokio::test]
async fn lookup_events_takes_one_attribute_and_answers_newest_first() {
    let simulator = Simulator::new(demo(now()));
    let client = trail(&simulator, MANAGEMENT);
    let attribute = |key, value: &str| {
        LookupAttribute::builder()
            .attribute_key(key)
            .attribute_value(value)
            .build()
            .unwrap()
    };
    let departed = attribute(LookupAttributeKey::EventName, "AccountDepartedOrganization");
    let answer = client.lookup_events().lookup_attributes(departed.clone());
    let events = answer.send().await.unwrap().events.unwrap();
    let times: Vec<i64> = events
        .iter()
        .map(|e| e.event_time.unwrap().secs())
        .collect();
    assert_eq!(times.len(), 5);
    assert!(times.is_sorted_by(|a, b| a >= b));
    let records: Vec<serde_json::Value> = events
        .iter()
        .map(|e| serde_json::from_str(e.cloud_trail_event().unwrap()).unwrap())
        .collect();
    let methods: Vec<&str> = records
        .iter()
        .map(|r| &r["serviceEventDetails"])
        .map(|d| {
            d["departureMethod"]
                .as_str()
                .or(d["departedMethod"].as_str())
                .unwrap()
        })
        .collect();
    assert_eq!(methods, ["LEFT", "LEFT", "REMOVED", "CLEANED", "Left"]);
    let two = client
        .lookup_events()
        .lookup_attributes(departed)
        .lookup_attributes(attribute(LookupAttributeKey::ReadOnly, "true"));
    assert_eq!(refused!(two.send()), "InvalidLookupAttributesException");
    let many = client.lookup_events().max_results(51);
    assert_eq!(refused!(many.send()), "InvalidMaxResultsException");
}

#[tokio::test]
async fn a_role_session_acts_in_the_member_until_it_expires() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let keys = simulator.keys_of_management();
    let sts = aws_sdk_sts::Client::new(&config(&simulator, &keys).build());
    let who = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(who.account(), Some(MANAGEMENT));
    let role = |account: &str| {
        sts.assume_role()
            .role_arn(format!(
                "arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
            ))
            .role_session_name("session")
            .send()
    };
    assert_eq!(refused!(role("111111111111")), "AccessDenied");
    let session = role(MEMBER).await.unwrap().credentials.unwrap();
    let credentials = aws_credential_types::Credentials::from_keys(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
    );
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
    let member = config(&simulator, &keys)
        .credentials_provider(provider)
        .build();
    let member = aws_sdk_sts::Client::new(&member);
    let who = member.get_caller_identity().send().await.unwrap();
    assert_eq!(
        who.arn().unwrap(),
        format!("arn:aws:sts::{MEMBER}:assumed-role/OrganizationAccountAccessRole/session")
    );
    simulator.skip(std::time::Duration::from_hours(1));
    assert_eq!(
        refused!(member.get_caller_identity().send()),
        "ExpiredToken"
    );
}

#[tokio::test]
async fn root_features_are_listed() {
    let simulator = Simulator::new(demo(now()));
    let keys = simulator.keys_of_management();
    let iam = aws_sdk_iam::Client::new(&config(&simulator, &keys).build());
    let answer = iam.list_organizations_features().send().await.unwrap();
    let features: Vec<&str> = answer
        .enabled_features()
        .iter()
        .map(aws_sdk_iam::types::FeatureType::as_str)
        .collect();
    assert_eq!(features, ["RootCredentialsManagement"]);
    let world = builder().build();
    let simulator = Simulator::new(world);
    let keys = simulator.keys_of_management();
    let iam = aws_sdk_iam::Client::new(&config(&simulator, &keys).build());
    assert_eq!(
        refused!(iam.list_organizations_features().send()),
        "ServiceAccessNotEnabledException"
    );
}

#[test]
fn the_same_seed_gives_the_same_world_and_json_keeps_all_of_it() {
    let world = demo(now());
    assert_eq!(world, demo(now()));
    let text = serde_json::to_string(&world).unwrap();
    assert_eq!(serde_json::from_str::<World>(&text).unwrap(), world);
}
