//! Faults, throttling, virtual time, and the same over loopback.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::json;

use super::support::*;
use crate::sim::{CallOutcome, Calls, Fault, Keys, Kind, Refusal, Simulator, demo, serve};

const LIST: &str = "organizations:ListAccounts";

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_times_out_in_virtual_time() {
    let simulator = Simulator::new(builder().build());
    simulator.add_fault(Fault::new(
        LIST,
        Calls::Nth(1),
        Kind::Delay(Duration::from_hours(1)),
    ));
    let timeouts = TimeoutConfig::builder()
        .read_timeout(Duration::from_secs(30))
        .build();
    let config = config(&simulator, &simulator.keys_of_management());
    let client = aws_sdk_organizations::Client::new(&config.timeout_config(timeouts).build());
    let began = tokio::time::Instant::now();
    let error = client.list_accounts().send().await.unwrap_err();
    assert!(
        matches!(&error, aws_sdk_organizations::error::SdkError::DispatchFailure(e) if e.is_timeout())
    );
    assert_eq!(began.elapsed().as_secs(), 30);
    assert!(client.list_accounts().send().await.is_ok());
}

#[tokio::test]
async fn a_declared_error_takes_the_place_of_the_effect() {
    let simulator = Simulator::new(builder().account("app", "/").build());
    let refusal = Refusal::new("ConcurrentModificationException", "busy");
    let leave = "organizations:LeaveOrganization";
    simulator.add_fault(Fault::new(leave, Calls::First(1), Kind::Error(refusal)));
    let client = organizations(&simulator, MEMBER);
    assert_eq!(
        refused!(client.leave_organization().send()),
        "ConcurrentModificationException"
    );
    assert!(simulator.world().organization_of(MEMBER).is_some());
    client.leave_organization().send().await.unwrap();
    let outcomes: Vec<CallOutcome> = simulator.log().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Faulted, CallOutcome::Done]);
}

#[tokio::test]
async fn a_lost_answer_keeps_its_effect() {
    for kind in [Kind::ClosedAfter, Kind::ResetAfter] {
        let simulator = Simulator::new(builder().account("app", "/").build());
        let leave = "organizations:LeaveOrganization";
        simulator.add_fault(Fault::new(leave, Calls::Every, kind));
        let client = organizations(&simulator, MEMBER);
        let error = client.leave_organization().send().await.unwrap_err();
        assert!(matches!(
            error,
            aws_sdk_organizations::error::SdkError::DispatchFailure(_)
        ));
        assert!(simulator.world().organization_of(MEMBER).is_none());
        assert_eq!(simulator.log()[0].outcome, CallOutcome::AnswerLost);
    }
}

#[tokio::test]
async fn answers_that_are_not_awss_or_break_off_are_errors_of_the_response() {
    let page = Kind::Raw {
        status: 200,
        content_type: "text/html".into(),
        body: "<html>proxy</html>".into(),
    };
    for kind in [page, Kind::CutBody] {
        let simulator = Simulator::new(builder().build());
        simulator.add_fault(Fault::new("*", Calls::Every, kind));
        let client = organizations(&simulator, MANAGEMENT);
        let error = client.list_accounts().send().await.unwrap_err();
        assert!(
            matches!(
                error,
                aws_sdk_organizations::error::SdkError::ResponseError(_)
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn pages_can_be_empty_or_repeat_and_values_can_be_replaced() {
    let simulator = Simulator::new(builder().build());
    simulator.add_fault(Fault::new(LIST, Calls::Nth(1), Kind::EmptyPage));
    simulator.add_fault(Fault::new(LIST, Calls::Nth(2), Kind::RepeatToken));
    let null = Kind::Replace {
        pointer: "/Accounts".into(),
        value: json!(null),
    };
    simulator.add_fault(Fault::new(LIST, Calls::Nth(4), null));
    let client = organizations(&simulator, MANAGEMENT);
    let list = |token| client.list_accounts().set_next_token(token).send();
    let first = list(None).await.unwrap();
    assert_eq!(first.accounts().len(), 0);
    let second = list(first.next_token.clone()).await.unwrap();
    assert_eq!(second.accounts().len(), 1);
    assert_eq!(second.next_token, first.next_token);
    let third = list(second.next_token).await.unwrap();
    assert_eq!((third.accounts().len(), third.next_token), (1, None));
    assert_eq!(list(None).await.unwrap().accounts, None);
}

#[tokio::test(start_paused = true)]
async fn throttling_follows_the_published_rates_in_virtual_time() {
    let simulator = Simulator::new(builder().build());
    simulator.set_throttling(true);
    let client = organizations(&simulator, MANAGEMENT);
    let describe = || client.describe_policy().policy_id("p-FullAWSAccess").send();
    assert!(describe().await.is_ok() && describe().await.is_ok());
    assert_eq!(refused!(describe()), "TooManyRequestsException");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(describe().await.is_ok());
}

#[tokio::test]
async fn the_demo_answers_over_loopback_and_only_there() {
    let simulator = Simulator::new(demo(now()));
    let serving = serve(simulator.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let client = loopback(&serving.url(), &simulator.keys_of_management());
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_accounts()
            .set_next_token(token)
            .send()
            .await
            .unwrap();
        names.extend(page.accounts().iter().map(|a| a.name().unwrap().to_owned()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 39);
    assert!(
        names
            .iter()
            .any(|n| n.starts_with('=') && n.contains('\u{1b}'))
    );
    simulator.add_fault(Fault::new(LIST, Calls::Every, Kind::ClosedAfter));
    let error = client.list_accounts().send().await.unwrap_err();
    assert!(matches!(
        error,
        aws_sdk_organizations::error::SdkError::DispatchFailure(_)
    ));
    simulator.clear_faults();
    simulator.add_fault(Fault::new(LIST, Calls::Every, Kind::CutBody));
    let error = client.list_accounts().send().await.unwrap_err();
    assert!(
        matches!(
            error,
            aws_sdk_organizations::error::SdkError::ResponseError(_)
        ),
        "{error:?}"
    );
    serving.stop().await;
    let error = client.list_roots().send().await.unwrap_err();
    assert!(matches!(
        error,
        aws_sdk_organizations::error::SdkError::DispatchFailure(_)
    ));
    let refused = serve(simulator, "0.0.0.0:0".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

fn loopback(url: &str, keys: &Keys) -> aws_sdk_organizations::Client {
    let client = aws_smithy_http_client::Builder::new().build_http();
    let config = config_over(client, keys).endpoint_url(url);
    aws_sdk_organizations::Client::new(&config.retry_config(RetryConfig::disabled()).build())
}
