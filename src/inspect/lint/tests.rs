use super::*;

fn found(statement: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let linted = lint(&text, now);
    (
        linted.notes.iter().map(|note| note.rule.id).collect(),
        linted.coverage.iter().map(|one| one.verdict).collect(),
    )
}

const EXITS: &str = r#""Effect":"Deny","Action":["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"]"#;

#[test]
fn guards_dead_accidental_and_exempting_are_told_apart() {
    let blocked = vec!["blocked", "blocked", "blocked"];
    let of = |rest: &str| found(&format!("{{{EXITS},{rest}}}"));
    assert_eq!(of(r#""Resource":"*""#), (vec![], blocked.clone()));
    let (notes, coverage) = of(r#""Resource":"arn:aws:organizations::*:handshake/*""#);
    assert_eq!(notes, ["guard-is-dead", "guard-is-dead"]);
    assert_eq!(coverage, ["open", "blocked", "open"]);
    let exempt = r#""Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/A*"}}"#;
    let (notes, coverage) = of(exempt);
    assert_eq!(notes, ["guard-has-exemptions"]);
    assert_eq!(coverage, ["conditional", "conditional", "blocked"]);
    let carved = r#""Resource":"*","Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":["o-a1b2c3d4e5/*/ou-ab12-11111111/*"]}}"#;
    assert_eq!(of(carved).0, ["guard-carves-out"]);
    let by_account =
        r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}}"#;
    assert_eq!(of(by_account).0, ["guard-carves-out"]);
    let lock = r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-central-1"}}}"#;
    assert_eq!(found(lock), (vec!["guard-by-accident"; 3], blocked.clone()));
    let allow = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    assert_eq!(found(allow), (vec!["guard-by-accident"; 3], blocked));
    for action in ["organizations:*", "organizations:Leave*"] {
        let of = |condition: &str| {
            let guard = format!(
                r#"{{"Effect":"Deny","Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#
            );
            found(&guard).0
        };
        let dead = of(r#""Bool":{"aws:SecureTransport":"false"}"#);
        assert!(dead.contains(&"guard-is-dead"), "{action}: {dead:?}");
        let exempt = of(r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/A*"}"#);
        assert!(
            exempt.contains(&"guard-has-exemptions"),
            "{action}: {exempt:?}"
        );
    }
    let other = r#"{"Effect":"Deny","Action":"organizations:*","Resource":"arn:aws:organizations::*:policy/*"}"#;
    assert_eq!(found(other), (vec![], vec!["open"; 3]));
}

#[test]
fn sizes_are_those_of_the_text_and_of_what_is_left_of_it() {
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let policy = |fill: &str, space: usize| {
        let blank = " ".repeat(space);
        format!(
            r#"{{{blank}"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"s3:{fill}","Resource":"*"}}}}"#
        )
    };
    let rules = |text: &str| {
        let notes = lint(text, now).notes;
        notes.iter().map(|note| note.rule.id).collect::<Vec<_>>()
    };
    let short = policy("x", 0);
    let room = SCP_SIZE_LIMIT - size(&short);
    assert!(rules(&policy("x", room)).is_empty());
    assert_eq!(
        rules(&policy("x", room + 1)),
        ["policy-over-quota-as-written"]
    );
    let long = "x".repeat(room + 1);
    assert!(rules(&policy(&long, 0)).is_empty());
    assert_eq!(
        rules(&policy(&format!("{long}x"), 0)),
        ["policy-over-quota"]
    );
    let twice = "x".repeat(2 * SCP_SIZE_LIMIT);
    assert_eq!(
        rules(&policy(&twice, 0)),
        ["policy-invalid", "policy-over-quota"]
    );
}

/// Statements that each have more states than can be visited, as many as fit.
fn endless() -> String {
    let statement = |number: usize| {
        let gap = "?".repeat(40);
        format!(
            r#"{{"Effect":"Deny","Action":"organizations:*","Resource":"*","Condition":{{"StringNotLike":{{"aws:PrincipalArn":"*{number}a{gap}b*"}}}}}}"#
        )
    };
    let accounts = (0..8).map(|one| format!(r#""{}""#, 100_000_000_001_u64 + one));
    let accounts: Vec<String> = accounts.collect();
    let place = format!(
        r#"{{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalAccount":[{}]}}}}}}"#,
        accounts.join(",")
    );
    let mut statements = vec![place];
    statements.extend((0..50).map(statement));
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    assert!(text.len() <= SCP_SIZE_LIMIT, "{}", text.len());
    text
}

#[test]
fn what_the_steps_of_a_file_do_not_reach_is_said_to_be_undecided() {
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let linted = lint(&endless(), now);
    let leave = linted.coverage.first().unwrap();
    assert_eq!(leave.verdict, "undetermined");
    let said = leave.because.join(" ");
    assert!(said.contains("more work than is allowed"), "{said}");
    // Nothing is called dead or exempting that was not decided.
    assert!(linted.notes.is_empty(), "{:?}", linted.notes);
}
