//! Answers that nobody should give, for every operation that an audit calls: a gap that names
//! the operation, and no account that is proved blocked without the facts.

use org_exit_guard::exits::ExitPath;
use org_exit_guard::model::Snapshot;
use org_exit_guard::model::operations::OPERATIONS;
use org_exit_guard::sim::{Calls, Fault, Kind, Refusal, World, WorldBuilder};
use org_exit_guard::verdict::judge;
use serde_json::json;

use crate::support::{Bench, now};

const GUARD: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"],"Resource":"*"}]}"#;

/// Who calls was settled when the session was opened; an OU without a name is shown by its id.
const NO_FACT: [&str; 2] = [
    "sts:GetCallerIdentity",
    "organizations:DescribeOrganizationalUnit",
];

fn world() -> World {
    WorldBuilder::new(now())
        .account("shop", "Workloads/Prod")
        .account("lab", "Workloads")
        .account("admin", "Security")
        .delegated_administrator("admin", &["guardduty.amazonaws.com"])
        .root_features(&["RootCredentialsManagement", "RootSessions"])
        .trail("everything", |trail| {
            trail.log_group = Some("trail".to_owned());
        })
        .log_group("trail")
        .rule("exits", r#"{"source":["aws.organizations"]}"#, true, 1)
        .scp("guard", GUARD, &["/"])
        .build()
}

/// How many verdicts are `blocked`.
fn blocked(snapshot: &Snapshot) -> usize {
    let standings = judge(snapshot).standings;
    let words = standings.values().flat_map(|standing| {
        ExitPath::of_members()
            .map(|path| standing.word(path.id))
            .collect::<Vec<_>>()
    });
    words.filter(|word| *word == "blocked").count()
}

async fn read_with(name: &str, kind: Kind) -> (Snapshot, usize) {
    let bench = Bench::new(world()).await;
    let fault = Fault::new(name, Calls::Every, kind);
    bench.simulator.add_fault(fault);
    let snapshot = bench.facts().await;
    let log = bench.simulator.log();
    let asked = log.iter().filter(|call| call.operation == name).count();
    (snapshot, asked)
}

fn page(status: u16, content_type: &str, body: &str) -> Kind {
    Kind::Raw {
        status,
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_back_a_missing_answer_is_a_gap() {
    let html = "<html><title>proxy</title></html>";
    let denied = Refusal::new("AccessDeniedException", "no");
    let internal = Refusal::new("InternalFailure", "busy").status(500);
    let kinds = [
        page(200, "text/html", html),
        page(500, "text/html", html),
        page(403, "text/html", html),
        page(200, "application/x-amz-json-1.1", ""),
        page(200, "application/x-amz-json-1.1", "null"),
        page(200, "application/x-amz-json-1.1", "[]"),
        page(200, "application/x-amz-json-1.1", "{\"Accounts\":"),
        Kind::CutBody,
        Kind::ResetBefore,
        Kind::ClosedAfter,
        Kind::Error(denied),
        Kind::Error(internal),
    ];
    let whole = Bench::new(world()).await.facts().await;
    assert!(whole.gaps().is_empty(), "{:?}", whole.gaps());
    let whole = blocked(&whole);
    assert_eq!(whole, 9, "3 members, 3 ways out");
    let reads = OPERATIONS.iter().filter(|row| !row.job.writes());
    let mut struck = 0;
    let mut wrong = Vec::new();
    for row in reads.filter(|row| !NO_FACT.contains(&row.name)) {
        for kind in &kinds {
            let (snapshot, asked) = read_with(row.name, kind.clone()).await;
            if asked == 0 {
                continue;
            }
            struck += 1;
            let what = format!("{} {:.90}", row.name, format!("{kind:?}"));
            let gaps = snapshot.gaps();
            if !gaps.iter().any(|gap| gap.operation == row.name) {
                wrong.push(format!("{what}: no gap, {gaps:?}"));
            }
            if blocked(&snapshot) > whole {
                wrong.push(format!("{what}: blocked more than there is"));
            }
            let needed = ["ListRoots", "ListAccounts", "DescribePolicy"];
            let needed = needed
                .iter()
                .any(|name| row.name.ends_with(&format!(":{name}")));
            if needed && blocked(&snapshot) > 0 {
                wrong.push(format!("{what}: blocked without the facts"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(struck >= 100, "{struck}");
}

/// JSON that readers disagree on, and text that AWS would not store, proves nothing.
#[tokio::test(start_paused = true)]
async fn a_policy_text_that_aws_would_refuse_proves_nothing() {
    let twice = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    // More than twice what AWS stores; below that, its quota may have been raised once more.
    let long = GUARD.replace(
        r#"{"Effect""#,
        &format!(r#"{{"Sid":"{}","Effect""#, "a".repeat(30_000)),
    );
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "not JSON",
        twice,
        &GUARD[..GUARD.len() - 2],
        &GUARD.replace("Deny", "deny"),
        &GUARD.replace("2012-10-17", "2030-01-01"),
        &GUARD.replace(r#""Resource":"*""#, r#""Resource":"*","Future":1"#),
        &long,
        &deep,
    ] {
        let kind = Kind::Replace {
            pointer: "/Policy/Content".to_owned(),
            value: json!(text),
        };
        let (snapshot, asked) = read_with("organizations:DescribePolicy", kind).await;
        assert!(asked > 0);
        assert_eq!(blocked(&snapshot), 0, "{text:.80}");
        let standings = judge(&snapshot).standings;
        let open = standings
            .values()
            .any(|standing| ExitPath::of_members().any(|path| standing.word(path.id) == "open"));
        assert!(!open, "{text:.80}: neither is it proved open");
    }
}
