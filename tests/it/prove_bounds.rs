//! However a policy is written, deciding it ends: work is counted in steps, never in time.

use org_exit_guard::model::{AccountId, Partition};
use org_exit_guard::prove::{
    DECISION_STEPS, Decision, Effort, Kind, Level, Question, Subject, Target, Why, decide_within,
};
use org_exit_guard::scp::{Dialect, Document, SCP_SIZE_LIMIT, parse};

/// One step of all machines at once may still run when the limit is reached.
const SLACK: u64 = 4_000_000;

fn decided(documents: &[Document], target: Target<'_>, action: &str) -> (Decision, u64) {
    let mut effort = Effort::default();
    let decision = decided_with(&mut effort, documents, target, action);
    (decision, effort.spent())
}

fn decided_with(
    effort: &mut Effort,
    documents: &[Document],
    target: Target<'_>,
    action: &str,
) -> Decision {
    let account: AccountId = "111122223333".parse().expect("an account id");
    let subject = Subject {
        partition: Partition::Aws,
        account: &account,
        organization: None,
        parents: None,
        now: "2026-11-24T00:00:00Z".parse().expect("a time"),
    };
    let full = Document::full_aws_access();
    let levels = [Level::complete(documents.iter().chain([&full]))];
    let questions = [Question { action, target }];
    decide_within(&levels, &questions, &subject, &Kind::ALL, effort)
}

fn policy(condition: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{{{condition}}}}}]}}"#
    );
    assert!(text.len() <= SCP_SIZE_LIMIT, "{}", text.len());
    parse(&text, Dialect::Scp).expect("it parses")
}

#[test]
fn patterns_full_of_wildcards_end_within_the_steps() {
    let fill = |unit: &str| unit.repeat((SCP_SIZE_LIMIT - 300) / unit.len());
    let one = |operator: &str, key: &str, value: &str| {
        policy(&format!(r#""{operator}":{{"{key}":"{value}"}}"#))
    };
    // As long as a policy can be, but their states grow with their length only: decided.
    let long = [
        one("StringNotLike", "aws:PrincipalTag/x", &fill("*a")),
        one("ForAllValues:StringNotLike", "aws:CalledVia", &fill("*?b")),
    ];
    for document in long {
        let (decision, spent) =
            decided(&[document], Target::None, "organizations:LeaveOrganization");
        let some = matches!(decision, Decision::Conditional { .. });
        assert!(some && spent < DECISION_STEPS, "{spent}");
    }
    // These have more states than anybody can visit, from whichever end they are read.
    let both = |letter: char| format!("*{letter}{}c*", "?".repeat(9_000));
    let cases = [
        one("StringNotLike", "aws:PrincipalTag/x", &both('a')),
        one(
            "ArnNotLike",
            "aws:PrincipalArn",
            &format!("arn:aws:iam::*:role/{}", both('b')),
        ),
        one("ForAllValues:StringNotLike", "aws:CalledVia", &both('b')),
    ];
    for document in cases {
        let (decision, spent) =
            decided(&[document], Target::None, "organizations:LeaveOrganization");
        let Decision::Undetermined(why) = &decision else {
            panic!("{}", format!("{decision:?}").split_at(200).0);
        };
        assert!(why.contains(&Why::TooComplex), "{why:?}");
        assert!(spent <= DECISION_STEPS + SLACK, "{spent}");
    }
}

#[test]
fn hundreds_of_statements_that_interact_end_within_the_steps() {
    let patterns = |number: usize| {
        let one = |index: usize| format!(r#""*{}?*{}*""#, number + index, index);
        (0..12).map(one).collect::<Vec<_>>().join(",")
    };
    let documents: Vec<Document> = (0..300)
        .map(|number| {
            let keys = ["aws:PrincipalTag/x", "aws:PrincipalTag/y", "aws:UserAgent"];
            let key = keys[number % keys.len()];
            let list = patterns(number);
            let age = number * 7;
            policy(&format!(
                r#""StringNotLike":{{"{key}":[{list}]}},"NumericLessThan":{{"aws:MultiFactorAuthAge":"{age}"}}"#
            ))
        })
        .collect();
    let (decision, spent) = decided(&documents, Target::None, "organizations:LeaveOrganization");
    assert!(spent <= DECISION_STEPS + SLACK, "{spent} {decision:?}");
    // A leave that is denied without conditions as well needs none of that.
    let mut guarded = documents;
    guarded.push(policy(r#""StringLike":{"aws:PrincipalArn":"*"}"#));
    let (decision, _) = decided(&guarded, Target::None, "organizations:LeaveOrganization");
    assert!(
        matches!(decision, Decision::Blocked(_) | Decision::Undetermined(_)),
        "{decision:?}"
    );
}

#[test]
fn a_smaller_budget_never_gives_another_certain_answer() {
    let documents = [
        policy(
            r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/Org*","arn:aws:iam::*:role/*Admin"]}"#,
        ),
        policy(r#""StringNotLike":{"aws:PrincipalTag/x":["a*b","*ba*"]}"#),
    ];
    let action = "organizations:LeaveOrganization";
    let full = decided(&documents, Target::None, action);
    let mut certain = 0;
    for steps in (0..full.1 + 1_000).step_by(usize::try_from(full.1 / 60 + 1).expect("small")) {
        let mut effort = Effort::of(steps);
        let found = decided_with(&mut effort, &documents, Target::None, action);
        if !matches!(found, Decision::Undetermined(_)) {
            certain += 1;
            let same = std::mem::discriminant(&found) == std::mem::discriminant(&full.0);
            assert!(same, "{steps} steps: {found:?}");
        }
    }
    assert!(
        certain > 0 && matches!(full.0, Decision::Conditional { .. }),
        "{full:?}"
    );
}
