//! Random stacks: what `prove` says of all requests holds for thousands of single ones.
//!
//! `evaluate` shares no matching code with `prove`, so each is the other's judge.

use org_exit_guard::evaluate::{Decision, Request, Resource, evaluate};
use org_exit_guard::model::{AccountId, NodeId, OrganizationId, Partition};
use org_exit_guard::prove::{
    Decision as Proved, Example, Kind, Level, Question, Subject, Target, decide,
};
use org_exit_guard::scp::{Dialect, Document, parse};

const STACKS: usize = 1_500;
const ACTION: &str = "organizations:LeaveOrganization";
const FULL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A small generator, so that every run sees the same stacks.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("small")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const ARNS: [&str; 9] = [
    "arn:aws:iam::*:role/Org*",
    "arn:aws:iam::*:role/OrgAdmin",
    "arn:aws:iam::111122223333:user/*",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::*:*",
    "arn:aws:sts::*:federated-user/*",
    "arn:aws:iam::*:role/*/Admin",
    "arn:*:iam::*:role/a?c",
    "arn:aws:iam::${aws:PrincipalAccount}:role/*",
];
const TEXTS: [&str; 5] = ["a*", "*a", "a*a", "yes", "ab?"];

fn condition(dice: &mut Dice) -> String {
    let exists = ["", "IfExists"][dice.roll(2)];
    let set = ["", "", "", "ForAllValues:", "ForAnyValue:"][dice.roll(5)];
    match dice.roll(8) {
        0 | 1 => {
            let operator = dice.pick(&[
                "ArnLike",
                "ArnNotLike",
                "StringLike",
                "StringNotLike",
                "ArnNotEquals",
            ]);
            let (one, two) = (dice.pick(&ARNS), dice.pick(&ARNS));
            format!(r#""{set}{operator}{exists}":{{"aws:PrincipalArn":["{one}","{two}"]}}"#)
        }
        2 => {
            let operator = dice.pick(&[
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLike",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
            ]);
            let (one, two) = (dice.pick(&TEXTS), dice.pick(&TEXTS));
            format!(r#""{set}{operator}{exists}":{{"aws:PrincipalTag/x":["{one}","{two}"]}}"#)
        }
        3 => {
            let flag = dice.pick(&["true", "false"]);
            format!(r#""Bool{exists}":{{"aws:MultiFactorAuthPresent":"{flag}"}}"#)
        }
        4 => {
            let operator = dice.pick(&["IpAddress", "NotIpAddress"]);
            let range = dice.pick(&["10.0.0.0/8", "0.0.0.0/0", "203.0.113.0/24", "2001:db8::/32"]);
            format!(r#""{operator}{exists}":{{"aws:SourceIp":"{range}"}}"#)
        }
        5 => {
            let operator = dice.pick(&[
                "NumericLessThan",
                "NumericGreaterThanEquals",
                "NumericNotEquals",
            ]);
            format!(r#""{operator}{exists}":{{"aws:MultiFactorAuthAge":"300"}}"#)
        }
        6 => {
            let key = dice.pick(&[
                "aws:PrincipalTag/x",
                "aws:MultiFactorAuthPresent",
                "aws:username",
            ]);
            let flag = dice.pick(&["true", "false"]);
            format!(r#""Null":{{"{key}":"{flag}"}}"#)
        }
        _ => {
            let operator = dice.pick(&["StringLike", "StringNotLike"]);
            let set = dice.pick(&["ForAllValues:", "ForAnyValue:"]);
            let path = dice.pick(&[
                "o-exampleorg1/*",
                "o-exampleorg1/*/ou-ab12-11111111/*",
                "o-other00000/*",
            ]);
            format!(r#""{set}{operator}":{{"aws:PrincipalOrgPaths":"{path}"}}"#)
        }
    }
}

fn statement(dice: &mut Dice) -> String {
    let effect = ["Deny", "Deny", "Deny", "Allow"][dice.roll(4)];
    let action = dice.pick(&[
        r#""Action":"organizations:LeaveOrganization""#,
        r#""Action":["s3:*","organizations:Leave*"]"#,
        r#""Action":"*""#,
        r#""NotAction":"organizations:LeaveOrganization""#,
        r#""NotAction":["s3:*"]"#,
    ]);
    // One condition for each operator: a JSON key stands once.
    let first = condition(dice);
    let second = condition(dice);
    let name = |text: &str| text.split(':').take(2).collect::<String>();
    let conditions = match dice.roll(3) {
        0 => String::new(),
        1 if name(&first) != name(&second) => format!(r#","Condition":{{{first},{second}}}"#),
        _ => format!(r#","Condition":{{{first}}}"#),
    };
    format!(r#"{{"Effect":"{effect}",{action},"Resource":"*"{conditions}}}"#)
}

fn stack(dice: &mut Dice) -> Vec<Vec<Document>> {
    (0..=dice.roll(3))
        .map(|_| {
            let mut texts: Vec<String> = (0..dice.roll(3))
                .map(|_| {
                    let statements: Vec<String> =
                        (0..=dice.roll(2)).map(|_| statement(dice)).collect();
                    format!(
                        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
                        statements.join(",")
                    )
                })
                .collect();
            if dice.roll(8) > 0 {
                texts.push(FULL.to_owned());
            }
            texts
                .iter()
                .map(|text| {
                    parse(text, Dialect::Scp).unwrap_or_else(|error| panic!("{text}: {error}"))
                })
                .collect()
        })
        .collect()
}

/// A request that AWS could produce for a principal of the account.
fn request(dice: &mut Dice) -> Request {
    let (kind, arn) = [
        ("Account", "arn:aws:iam::111122223333:root"),
        ("User", "arn:aws:iam::111122223333:user/ann"),
        ("User", "arn:aws:iam::111122223333:user/x/ann"),
        ("AssumedRole", "arn:aws:iam::111122223333:role/OrgAdmin"),
        ("AssumedRole", "arn:aws:iam::111122223333:role/Org"),
        ("AssumedRole", "arn:aws:iam::111122223333:role/abc"),
        ("AssumedRole", "arn:aws:iam::111122223333:role/p/Admin"),
        (
            "FederatedUser",
            "arn:aws:sts::111122223333:federated-user/bob",
        ),
    ][dice.roll(8)];
    let mut request = Request::new(ACTION, Resource::Any)
        .with("aws:PrincipalArn", arn)
        .with("aws:PrincipalType", kind)
        .with("aws:PrincipalAccount", "111122223333")
        .with_all(
            "aws:PrincipalOrgPaths",
            vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".into()],
        );
    if kind == "User" {
        request = request.with("aws:username", "ann");
    }
    if kind != "Account" && dice.roll(2) == 0 {
        request = request.with(
            "aws:PrincipalTag/x",
            dice.pick(&["a", "aa", "yes", "YES", "b", "abc", "ba"]),
        );
    }
    if dice.roll(2) == 0 {
        request = request.with("aws:MultiFactorAuthPresent", dice.pick(&["true", "false"]));
    }
    if dice.roll(2) == 0 {
        let address = dice.pick(&[
            "10.1.2.3",
            "203.0.113.9",
            "198.51.100.1",
            "2001:db8::1",
            "2001:dead::1",
        ]);
        request = request.with("aws:SourceIp", address);
    }
    if dice.roll(2) == 0 {
        request = request.with(
            "aws:MultiFactorAuthAge",
            dice.pick(&["0", "299", "300", "301"]),
        );
    }
    request
}

fn concrete(example: &Example) -> Request {
    let mut request = Request::new(ACTION, Resource::Any)
        .with("aws:PrincipalArn", example.principal.clone())
        .with("aws:PrincipalAccount", "111122223333");
    for (key, values) in &example.context {
        request = match values {
            Some(values) => request.with_all(key, values.clone()),
            None => request.without(key),
        };
    }
    request
}

#[test]
fn a_proof_holds_for_every_request_and_every_example_gets_through() {
    let account: AccountId = "111122223333".parse().expect("an account id");
    let organization: OrganizationId = "o-exampleorg1".parse().expect("an organization id");
    let parents: [NodeId; 2] =
        ["r-ab12", "ou-ab12-11111111"].map(|text| text.parse().expect("a node"));
    let subject = Subject {
        partition: Partition::Aws,
        account: &account,
        organization: Some(&organization),
        parents: Some(&parents),
        now: "2026-11-24T00:00:00Z".parse().expect("a time"),
    };
    let mut dice = Dice(0x0e61_7c7d_5eed_2026);
    let (mut blocked, mut open, mut conditional, mut undetermined) = (0, 0, 0, 0);
    for number in 0..STACKS {
        let documents = stack(&mut dice);
        let levels: Vec<Level> = documents
            .iter()
            .map(|level| Level {
                policies: level.iter().enumerate().collect(),
                denies_complete: true,
                allows_complete: true,
            })
            .collect();
        let plain: Vec<Vec<&Document>> = documents
            .iter()
            .map(|level| level.iter().collect())
            .collect();
        let passes = |request: &Request| evaluate(&plain, request) == Decision::Allowed;
        let questions = [Question {
            action: ACTION,
            target: Target::None,
        }];
        let decision = decide(&levels, &questions, &subject, &Kind::ALL);
        let requests: Vec<Request> = (0..40).map(|_| request(&mut dice)).collect();
        match &decision {
            Proved::Blocked(_) => {
                blocked += 1;
                assert!(
                    !requests.iter().any(passes),
                    "stack {number}: {documents:?}"
                );
            }
            Proved::Open(example) => {
                open += 1;
                assert!(
                    passes(&concrete(example)),
                    "stack {number}: {example:?} {documents:?}"
                );
                assert!(requests.iter().all(passes), "stack {number}: {documents:?}");
            }
            Proved::Conditional { through, denied } => {
                conditional += 1;
                for example in through {
                    assert!(
                        passes(&concrete(example)),
                        "stack {number}: {example:?} {documents:?}"
                    );
                }
                assert!(
                    !passes(&concrete(denied)),
                    "stack {number}: {denied:?} {documents:?}"
                );
            }
            Proved::Undetermined(_) => undetermined += 1,
        }
    }
    assert!(
        blocked > 100 && open > 100 && conditional > 100,
        "{blocked} {open} {conditional}"
    );
    assert!(
        undetermined * 100 <= STACKS,
        "{undetermined} of {STACKS} undetermined"
    );
}
