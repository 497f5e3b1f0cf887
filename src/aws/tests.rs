//! The room against canned answers, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::testing::{Canned, Heard, Reply, caller, html, ok, refuse};
use super::{
    Failure, FailureClass, Keys, Reads, Session, SessionError, SessionOptions, WriteFailure,
};
use crate::model::organization::{Account, AccountState, PolicyTypeState};
use crate::model::{GapReason, NodeId, Observed, Partition};

fn root() -> NodeId {
    "r-ab12".parse().unwrap()
}

async fn accounts(reads: &Reads) -> Result<Vec<Account>, Failure> {
    let mut all = Vec::new();
    reads.list_accounts(|page| all.extend(page)).await?;
    Ok(all)
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_with_a_token_goes_on() {
    let aws = Canned::new(|asked| {
        let account = |id: &str| {
            json!({"Id": id, "Name": "a", "Email": "a@example.com", "State": "CLOSED",
                "Status": "SUSPENDED", "JoinedMethod": "INVITED", "JoinedTimestamp": 1.5e9,
                "Paths": [format!("o-exampleorg1/r-ab12/ou-ab12-11111111/{id}/")]})
        };
        ok(&match asked.body["NextToken"].as_str() {
            None => json!({"Accounts": [account("111122223333")], "NextToken": "one"}),
            Some("one") => json!({"Accounts": [], "NextToken": "two"}),
            Some(_) => json!({"Accounts": [account("444455556666")]}),
        })
    });
    let heard = Arc::new(Heard::default());
    let options = SessionOptions {
        observer: heard.clone(),
        ..aws.options()
    };
    let session = Session::open(options).await.unwrap();
    let rows = accounts(&session.reads()).await.unwrap();
    let ids: Vec<&str> = rows.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["111122223333", "444455556666"]);
    assert_eq!(rows[0].state, Some(AccountState::Closed));
    assert_eq!(
        rows[0].joined_at.unwrap().to_string(),
        "2017-07-14T02:40:00Z"
    );
    assert_eq!(rows[0].parents.known().unwrap().len(), 2);
    let heard = heard.0.lock().unwrap().join("\n");
    assert!(heard.contains("Read { what: \"accounts\", count: 2 }"));
    assert!(
        heard.contains("Called { operation: \"organizations:ListAccounts\", status: Some(200) }")
    );
    assert!(heard.contains("sts:GetCallerIdentity"));
}

#[tokio::test(start_paused = true)]
async fn status_stands_in_for_state_and_a_missing_path_is_a_gap() {
    let aws = Canned::new(|_| {
        ok(&json!({"Accounts": [
            {"Id": "111122223333", "Status": "PENDING_CLOSURE"},
            {"Id": "444455556666", "State": "BRAND_NEW", "Paths": ["nonsense"]},
        ]}))
    });
    let rows = accounts(&aws.session().await.reads()).await.unwrap();
    assert_eq!(rows[0].state, Some(AccountState::PendingClosure));
    let reason = |i: usize| rows[i].parents.gap().unwrap().reason;
    assert_eq!(reason(0), GapReason::NotRead);
    assert_eq!(
        rows[1].state,
        Some(AccountState::Other("BRAND_NEW".to_owned()))
    );
    assert_eq!(reason(1), GapReason::Malformed);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_token_and_a_missing_list_are_malformed() {
    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "ListPolicies" => ok(&json!({"Policies": [], "NextToken": "again"})),
        "ListAccounts" => ok(&json!({"Accounts": null})),
        _ => ok(&json!({})),
    });
    let reads = aws.session().await.reads();
    let failure = reads.list_policies().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Malformed);
    assert!(failure.message.contains("`again`"), "{failure}");
    assert_eq!(aws.count("ListPolicies"), 2);
    for failure in [
        accounts(&reads).await.unwrap_err(),
        reads.list_roots().await.unwrap_err(),
        reads.describe_organization().await.unwrap_err(),
    ] {
        assert_eq!(failure.class, FailureClass::Malformed, "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_named() {
    let aws = Canned::new(|_| ok(&json!({"Targets": [{"TargetId": "everywhere"}]})));
    let policy = "p-12345678".parse().unwrap();
    let failure = aws
        .session()
        .await
        .reads()
        .list_targets_for_policy(&policy)
        .await
        .unwrap_err();
    let gap = failure.into_gap();
    assert_eq!(gap.reason, GapReason::Malformed);
    assert_eq!(gap.target.as_deref(), Some("p-12345678"));
    assert!(gap.message.contains("`everywhere`"), "{gap}");
}

#[tokio::test(start_paused = true)]
async fn refusals_keep_code_reason_message_and_request_id() {
    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "ListRoots" => refuse("AccessDeniedException"),
        "DescribeOrganization" => refuse("AWSOrganizationsNotInUseException"),
        "ListPolicies" => Reply::Answer(
            400,
            "application/x-amz-json-1.1",
            json!({"__type": "com.amazonaws.organizations#ConstraintViolationException",
                "Reason": "SOMETHING_NEW", "Message": "no\nway"})
            .to_string(),
        ),
        _ => refuse("ResourcePolicyNotFoundException"),
    });
    let reads = aws.session().await.reads();
    let denied = reads.list_roots().await.unwrap_err();
    assert_eq!(denied.class, FailureClass::AccessDenied);
    assert_eq!(denied.request_id.as_deref(), Some("req-1234"));
    assert_eq!(aws.count("ListRoots"), 1, "a denial is not repeated");
    let outside = reads.describe_organization().await.unwrap_err();
    assert_eq!(outside.class, FailureClass::NotInOrganization);
    let constraint = reads.list_policies().await.unwrap_err();
    assert_eq!(constraint.class, FailureClass::Constraint);
    assert_eq!(constraint.reason.as_deref(), Some("SOMETHING_NEW"));
    assert_eq!(constraint.message, "no way");
    assert_eq!(reads.describe_resource_policy().await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_costs_little_and_is_told_in_plain_words() {
    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "GetCallerIdentity" => ok(&json!({})),
        "ListRoots" => html(200),
        _ => html(500),
    });
    let reads = aws.session().await.reads();
    let start = Instant::now();
    let failure = reads.list_handshakes_for_organization().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(failure.class, FailureClass::Unreachable);
    assert_eq!(
        failure.message,
        "the endpoint answered HTTP 500 with text/html; charset=utf-8, which is not an AWS answer"
    );
    assert_eq!(aws.count("ListHandshakesForOrganization"), 3);
    for failure in [
        reads.organizations_features().await.unwrap_err(),
        reads.list_roots().await.unwrap_err(),
    ] {
        assert_eq!(failure.class, FailureClass::Unreachable, "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_and_contention_are_waited_out() {
    for code in [
        "TooManyRequestsException",
        "ConcurrentModificationException",
    ] {
        let mut left = 12;
        let aws = Canned::new(move |asked| {
            if asked.operation != "ListRoots" || left == 0 {
                return ok(&json!({"Roots": [{"Id": "r-ab12", "PolicyTypes": [
                    {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]}));
            }
            left -= 1;
            refuse(code)
        });
        let roots = aws.session().await.reads().list_roots().await.unwrap();
        assert_eq!(roots[0].scp_state, PolicyTypeState::Enabled);
        assert_eq!(aws.count("ListRoots"), 13);
    }
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_ends_and_is_called_so() {
    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "GetCallerIdentity" => ok(&json!({})),
        _ => refuse("TooManyRequestsException"),
    });
    let start = Instant::now();
    let failure = aws.session().await.reads().list_roots().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Throttled);
    let took = start.elapsed();
    assert!(took > Duration::from_mins(2), "{took:?}");
    assert!(took < Duration::from_secs(700), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_and_a_late_answer_are_tried_again_only_a_little() {
    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "GetCallerIdentity" => ok(&json!({})),
        "ListRoots" => Reply::Broken,
        _ => Reply::Late(Duration::from_hours(1)),
    });
    let reads = aws.session().await.reads();
    let failure = reads.list_roots().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable);
    assert_eq!(aws.count("ListRoots"), 3);
    let start = Instant::now();
    let failure = accounts(&reads).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "{failure}");
    assert!(start.elapsed() < Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn policies_are_described_no_faster_than_the_share() {
    let aws = Canned::new(|asked| {
        let id = asked.body["PolicyId"].as_str().unwrap_or_default();
        ok(&json!({"Policy": {"PolicySummary": {"Id": id}, "Content": "{}"}}))
    });
    let reads = aws.session().await.reads();
    let start = Instant::now();
    let policy = "p-12345678".parse().unwrap();
    let calls = (0..20).map(|_| reads.describe_policy(&policy));
    let described = futures::future::join_all(calls).await;
    assert!(described.iter().all(Result::is_ok));
    assert_eq!(
        described[0].as_ref().unwrap().content,
        Observed::Known("{}".to_owned())
    );
    // 2 a second, half of it, 5 % headroom: the first at once, 19 more.
    let expected = 19.0 / 0.95;
    let took = start.elapsed().as_secs_f64();
    assert!((took - expected).abs() < 0.5, "{took} for {expected}");
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_once_and_a_lost_answer_is_unknown() {
    let policy = "p-12345678".parse().unwrap();
    for reply in [
        Reply::Broken,
        html(500),
        Reply::Late(Duration::from_hours(1)),
        Reply::Answer(
            500,
            "application/x-amz-json-1.1",
            "{\"__type\":\"ServiceException\"}".to_owned(),
        ),
    ] {
        let answer = reply.clone();
        let aws = Canned::new(move |asked| match asked.operation.as_str() {
            "GetCallerIdentity" => ok(&json!({})),
            _ => answer.clone(),
        });
        let writes = aws.session().await.writes();
        let failure = writes.attach_policy(&policy, &root()).await.unwrap_err();
        assert!(
            matches!(failure, WriteFailure::OutcomeUnknown(_)),
            "{reply:?}: {failure}"
        );
        assert_eq!(aws.count("AttachPolicy"), 1, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_refused_and_a_throttled_one_is_sent_again() {
    let mut throttles = 3;
    let aws = Canned::new(move |asked| match asked.operation.as_str() {
        "AttachPolicy" => refuse("DuplicatePolicyAttachmentException"),
        "CreatePolicy" if throttles > 0 => {
            throttles -= 1;
            refuse("TooManyRequestsException")
        }
        "CreatePolicy" => ok(&json!({"Policy": {"PolicySummary": {
            "Id": "p-12345678", "Arn": "arn:aws:organizations::1:policy/x"}}})),
        "InviteAccountToOrganization" => ok(&json!({"Handshake": {
            "Id": "h-12345678", "Action": "INVITE", "State": "OPEN",
            "Parties": [{"Id": "444455556666", "Type": "ACCOUNT"},
                {"Id": "exampleorg1", "Type": "ORGANIZATION"}]}})),
        _ => ok(&json!({})),
    });
    let writes = aws.session().await.writes();
    let policy = "p-12345678".parse().unwrap();
    let failure = writes.attach_policy(&policy, &root()).await.unwrap_err();
    assert!(matches!(failure, WriteFailure::Refused(_)));
    assert_eq!(failure.failure().class, FailureClass::AlreadyDone);
    let tags = [("owner".to_owned(), "us".to_owned())];
    let created = writes.create_policy("n", "d", "{}", &tags).await.unwrap();
    assert_eq!(created.id, policy);
    assert_eq!(aws.count("CreatePolicy"), 4);
    let account = "444455556666".parse().unwrap();
    let handshake = writes.invite_account(&account, "come").await.unwrap();
    assert_eq!(handshake.account, Some(account));
    assert_eq!(handshake.organization.unwrap().as_str(), "o-exampleorg1");
}

#[tokio::test(start_paused = true)]
async fn events_are_read_in_one_window_by_name() {
    let aws = Canned::new(|asked| {
        if asked.operation == "LookupEvents" {
            assert_eq!(
                asked.body["LookupAttributes"],
                json!([{"AttributeKey": "EventName", "AttributeValue": "LeaveOrganization"}])
            );
            assert_eq!(asked.body["MaxResults"], 50);
        }
        ok(&json!({"Events": [{"CloudTrailEvent": "{\"eventID\":\"x\"}"}]}))
    });
    let until: crate::model::Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let from = "2026-08-26T00:00:00Z".parse().unwrap();
    let reads = aws.session().await.reads();
    let events = reads.lookup_events("LeaveOrganization", from, until).await;
    assert_eq!(events.unwrap(), ["{\"eventID\":\"x\"}"]);
}

#[tokio::test(start_paused = true)]
async fn the_callers_partition_decides_the_region() {
    let arn = "arn:aws-cn:sts::111111111111:assumed-role/r/s";
    let aws = Canned::new(move |_| caller(arn));
    let session = aws.session().await;
    assert_eq!(session.caller().partition, Partition::AwsCn);
    assert_eq!(session.caller().region, "cn-northwest-1");
    assert_eq!(session.caller().endpoint, None);
    let aws = Canned::new(|_| caller("arn:aws-moon:iam::111111111111:user/x"));
    let error = Session::open(aws.options()).await.unwrap_err();
    assert!(matches!(error, SessionError::UnknownPartition(_)));
}

#[tokio::test(start_paused = true)]
async fn what_sts_says_decides_the_error_and_its_hint() {
    let sts = |code: &'static str| {
        Canned::new(move |_| {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            );
            Reply::Answer(403, "text/xml", body)
        })
    };
    let open = async |aws: Canned| Session::open(aws.options()).await.unwrap_err();
    let expired = open(sts("ExpiredToken")).await;
    assert!(matches!(expired, SessionError::Expired { .. }), "{expired}");
    let invalid = open(sts("InvalidClientTokenId")).await;
    assert!(
        matches!(invalid, SessionError::InvalidKey { .. }),
        "{invalid}"
    );
    let html = open(Canned::new(|_| html(502))).await;
    assert!(matches!(html, SessionError::Unreachable { .. }), "{html}");
    let broken = open(Canned::new(|_| Reply::Broken)).await;
    assert!(broken.to_string().contains("AWS STS in us-east-1"));
    for error in [expired, invalid, html, broken] {
        assert!(!error.hint().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_once_with_the_read_list_and_a_refusal_is_told() {
    let assumed = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::111111111111:assumed-role/r/s</Arn>\
        <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser><Credentials>\
        <AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
        <SessionToken>t</SessionToken><Expiration>2036-11-24T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let aws = Canned::new(move |asked| match asked.operation.as_str() {
        "AssumeRole" => {
            assert!(asked.text.contains("organizations%3AListAccounts"));
            assert!(!asked.text.contains("AttachPolicy"));
            assert!(asked.text.contains("ExternalId=x1"));
            Reply::Answer(200, "text/xml", assumed.to_owned())
        }
        _ => ok(&json!({"Roots": [], "Accounts": [], "Policies": []})),
    });
    let role = |aws: &Canned| SessionOptions {
        role_arn: Some("arn:aws:iam::111111111111:role/audit".to_owned()),
        external_id: Some("x1".to_owned()),
        ..aws.options()
    };
    let session = Session::open(role(&aws)).await.unwrap();
    let reads = session.reads();
    let _ = futures::join!(reads.list_roots(), accounts(&reads), reads.list_policies());
    assert!(aws.count("AssumeRole") <= 2, "{}", aws.count("AssumeRole"));

    let aws = Canned::new(|asked| match asked.operation.as_str() {
        "AssumeRole" => Reply::Answer(
            403,
            "text/xml",
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>\
             </ErrorResponse>"
                .to_owned(),
        ),
        _ => ok(&json!({})),
    });
    let error = Session::open(role(&aws)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the role `arn:aws:iam::111111111111:role/audit` could not be assumed: \
         AccessDenied: not you"
    );
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let keys = Keys {
        id: "AKID".to_owned(),
        secret: "hidden-secret".to_owned(),
        token: Some("hidden-token".to_owned()),
    };
    let options = SessionOptions {
        keys: Some(keys),
        ..SessionOptions::default()
    };
    assert!(!format!("{options:?}").contains("hidden"));
}
