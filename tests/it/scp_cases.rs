//! 127 SCP stacks with their expected answers, as data.

use org_exit_guard::evaluate::{Decision, Request, Resource, evaluate};
use org_exit_guard::scp::{Dialect, Document, parse};
use serde_json::Value;

const CASES: &str = include_str!("data/scp-cases.jsonl");

fn cases() -> Vec<Value> {
    CASES
        .lines()
        .map(|line| serde_json::from_str(line).expect("a case is JSON"))
        .collect()
}

fn text(document: &Value) -> String {
    document
        .as_str()
        .map_or_else(|| document.to_string(), str::to_owned)
}

fn levels(case: &Value) -> Result<Vec<Vec<Document>>, String> {
    case["scps_by_level"]
        .as_array()
        .expect("levels")
        .iter()
        .map(|level| {
            let documents = level.as_array().expect("a level").iter();
            documents
                .map(|one| parse(&text(one), Dialect::Scp).map_err(|error| error.to_string()))
                .collect()
        })
        .collect()
}

#[test]
fn what_aws_refuses_to_store_is_an_error_and_nothing_else_is() {
    for case in cases() {
        let parsed = levels(&case);
        let expected = case["expected"].as_str().expect("expected");
        assert_eq!(
            parsed.is_err(),
            expected == "error",
            "{}: {parsed:?}",
            case["id"]
        );
    }
}

#[test]
fn ordinary_requests_and_the_probes_are_decided_as_the_cases_expect() {
    let mut requests = 0;
    for case in cases() {
        let Ok(levels) = levels(&case) else { continue };
        let stack: Vec<Vec<&Document>> =
            levels.iter().map(|level| level.iter().collect()).collect();
        let probes = case["extra_probes"].as_array().into_iter().flatten();
        let probes: Vec<Request> = probes.map(|probe| request(&case, probe)).collect();
        for request in ordinary(&case).into_iter().chain(probes) {
            let allowed = evaluate(&stack, &request) == Decision::Allowed;
            match case["expected"].as_str() {
                _ if !case["ambiguous"].is_null() => {}
                Some("blocked") => assert!(!allowed, "{} {request:?}", case["id"]),
                Some("open") => assert!(allowed, "{} {request:?}", case["id"]),
                _ => {}
            }
            requests += 1;
        }
    }
    assert!(requests > 500, "{requests} requests were decided");
}

const ACCOUNT: &str = "111122223333";

/// What AWS puts into every signed request of a member account.
fn base(action: &str, arn: &str) -> Request {
    let resource = if action == "organizations:AcceptHandshake" {
        Resource::Arn(
            "arn:aws:organizations::999988887777:handshake/o-foreignorg1/invite/h-examplehandshakeid1"
                .into(),
        )
    } else {
        Resource::Any
    };
    let region = if action.starts_with("s3:") {
        "eu-central-1"
    } else {
        "us-east-1"
    };
    Request::new(action, resource)
        .with("aws:PrincipalArn", arn)
        .with("aws:PrincipalAccount", ACCOUNT)
        .with("aws:PrincipalOrgID", "o-exampleorg1")
        .with_all(
            "aws:PrincipalOrgPaths",
            vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".into()],
        )
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false")
        .with("aws:SecureTransport", "true")
        .with("aws:RequestedRegion", region)
        .with("aws:CurrentTime", "2026-11-24T00:00:00Z")
}

fn ordinary(case: &Value) -> Vec<Request> {
    let action = case["action"].as_str().expect("action");
    let principal = |kind: &str, tail: &str, service: &str| {
        base(action, &format!("arn:aws:{service}::{ACCOUNT}:{tail}"))
            .with("aws:PrincipalType", kind)
    };
    vec![
        principal("Account", "root", "iam"),
        principal("User", "user/someone", "iam").with("aws:username", "someone"),
        principal("AssumedRole", "role/whoever", "iam"),
        principal("AssumedRole", "role/some/path/whoever", "iam")
            .with("aws:MultiFactorAuthPresent", "true"),
        principal("FederatedUser", "federated-user/bob", "sts"),
    ]
}

fn request(case: &Value, probe: &Value) -> Request {
    let arn = probe["principal"]
        .as_str()
        .expect("a probe names its principal");
    let mut request = base(case["action"].as_str().expect("action"), arn);
    if let Some(resource) = probe["resource"].as_str() {
        request.resource = Resource::Arn(resource.to_owned());
    }
    for (key, value) in probe["context"].as_object().into_iter().flatten() {
        request = request.with(key, text(value));
    }
    request
}

/// `prove` may say less than the cases, never something else.
#[test]
fn a_proof_never_contradicts_the_expected_answer() {
    use org_exit_guard::prove::{Level, Proof, Question, Target, prove};
    let own = "o-exampleorg1".parse().expect("an organization id");
    let account = ACCOUNT.parse().expect("an account id");
    let mut decided = 0;
    for case in cases() {
        let Ok(documents) = levels(&case) else {
            continue;
        };
        let action = case["action"].as_str().expect("action");
        let partition = org_exit_guard::model::Partition::Aws;
        let target = match action {
            "organizations:AcceptHandshake" => Target::ForeignInvitation {
                partition,
                own: Some(&own),
            },
            "account:CloseAccount" => Target::Account {
                partition,
                id: Some(&account),
            },
            _ => Target::None,
        };
        let stack: Vec<Level> = documents.iter().map(Level::complete).collect();
        let proof = prove(&stack, &Question { action, target });
        let readings: Vec<&str> = match case["ambiguous"].as_array() {
            Some(readings) => readings.iter().filter_map(Value::as_str).collect(),
            None => case["expected"].as_str().into_iter().collect(),
        };
        let answer = match proof {
            Proof::Denied(_) | Proof::NotAllowed { .. } => "blocked",
            Proof::Open { .. } => "open",
            Proof::Undetermined { .. } => continue,
        };
        assert!(
            readings.contains(&answer),
            "{}: {answer}, expected {readings:?}",
            case["id"]
        );
        decided += 1;
    }
    assert!(
        decided >= 30,
        "{decided} cases are decided without looking at conditions"
    );
}

/// The decision procedure on every case, each of its requests confirmed by `evaluate`.
#[test]
fn every_case_is_decided_as_expected_and_its_requests_are_confirmed() {
    use org_exit_guard::prove::{
        Decision as Proved, Kind, Level, Question, Subject, Target, decide,
    };
    let organization = "o-exampleorg1".parse().expect("an organization id");
    let account = ACCOUNT.parse().expect("an account id");
    let parents = ["r-ab12", "ou-ab12-11111111"].map(|text| text.parse().expect("a node"));
    let partition = org_exit_guard::model::Partition::Aws;
    let subject = Subject {
        partition,
        account: &account,
        organization: Some(&organization),
        parents: Some(&parents),
        now: "2026-11-24T00:00:00Z".parse().expect("a time"),
    };
    let mut wrong = Vec::new();
    for case in cases() {
        let Ok(documents) = levels(&case) else {
            continue;
        };
        let action = case["action"].as_str().expect("action");
        let target = match action {
            "organizations:AcceptHandshake" => Target::ForeignInvitation {
                partition,
                own: None,
            },
            "account:CloseAccount" => Target::Account {
                partition,
                id: Some(&account),
            },
            _ => Target::None,
        };
        let levels = documents.iter().map(Level::complete);
        let levels: Vec<Level> = levels.collect();
        let passes = |example| passes(&documents, action, example);
        let decision = decide(
            &levels,
            &[Question { action, target }],
            &subject,
            &Kind::ALL,
        );
        let (answer, confirmed) = match &decision {
            Proved::Blocked(_) => ("blocked", true),
            Proved::Open(example) => ("open", passes(example)),
            Proved::Conditional { through, denied } => (
                "conditional",
                through.iter().all(&passes) && !passes(denied),
            ),
            Proved::Undetermined(_) => ("undetermined", true),
        };
        let readings: Vec<&str> = match case["ambiguous"].as_array() {
            Some(readings) => readings
                .iter()
                .filter_map(Value::as_str)
                .chain(["undetermined"])
                .collect(),
            None => case["expected"].as_str().into_iter().collect(),
        };
        if !readings.contains(&answer) || !confirmed {
            wrong.push(format!(
                "{}: {answer}, expected {readings:?}: {decision:?}",
                case["id"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Does `evaluate` let the example through?
fn passes(
    documents: &[Vec<Document>],
    action: &str,
    example: &org_exit_guard::prove::Example,
) -> bool {
    let stack: Vec<Vec<&Document>> = documents
        .iter()
        .map(|level| level.iter().collect())
        .collect();
    let mut request = base(action, &example.principal);
    request.resource = match example.resource.as_str() {
        "*" => Resource::Any,
        arn => Resource::Arn(arn.to_owned()),
    };
    for (key, values) in &example.context {
        request = match values {
            Some(values) => request.with_all(key, values.clone()),
            None => request.without(key),
        };
    }
    evaluate(&stack, &request) == Decision::Allowed
}
