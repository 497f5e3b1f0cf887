//! SCP stacks and requests drawn from a grammar over the whole language, the same in every run.

use org_exit_guard::evaluate::{Request, Resource};
use org_exit_guard::model::{AccountId, NodeId, OrganizationId, Partition};
use org_exit_guard::prove::{Example, Level, Subject};
use org_exit_guard::scp::{Dialect, Document, parse};

pub(crate) const ACTION: &str = "organizations:LeaveOrganization";
pub(crate) const FULL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A small generator, so that every run sees the same stacks.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("small")
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    /// One or two of them, as JSON.
    fn list(&mut self, from: &[&str]) -> String {
        let (one, two) = (self.pick(from), self.pick(from));
        if one == two {
            format!(r#""{one}""#)
        } else {
            format!(r#"["{one}","{two}"]"#)
        }
    }
}

const ARNS: [&str; 11] = [
    "arn:aws:iam::*:role/Org*",
    "arn:aws:iam::*:role/OrgAdmin",
    "arn:aws:iam::111122223333:user/*",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::*:*",
    "arn:aws:sts::*:federated-user/*",
    "arn:aws:iam::*:role/*/Admin",
    "arn:*:iam::*:role/a?c",
    "arn:aws:iam::${aws:PrincipalAccount}:role/*",
    "arn:aws:iam::444455556666:role/OrgAdmin",
    "arn:aws:iam::*:user/${aws:username}",
];
const TEXTS: [&str; 7] = [
    "a*",
    "*a",
    "a*a",
    "yes",
    "ab?",
    "${aws:username}",
    "${aws:PrincipalTag/y, 'yes'}",
];
const PATHS: [&str; 4] = [
    "o-exampleorg1/*",
    "o-exampleorg1/*/ou-ab12-11111111/*",
    "o-other00000/*",
    "*",
];
const STRINGS: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];
const ARN_OPERATORS: [&str; 4] = ["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"];
const ORDERS: [&str; 6] = [
    "Equals",
    "NotEquals",
    "LessThan",
    "LessThanEquals",
    "GreaterThan",
    "GreaterThanEquals",
];

fn condition(dice: &mut Dice) -> String {
    let exists = ["", "", "IfExists"][dice.roll(3)];
    // Set operators belong to keys with several values; here and there on others.
    let set = ["", "", "", "", "", "ForAllValues:", "ForAnyValue:"][dice.roll(7)];
    match dice.roll(12) {
        0 | 1 => {
            let like = [ARN_OPERATORS[dice.roll(4)], STRINGS[2 + dice.roll(2)]][dice.roll(2)];
            let list = dice.list(&ARNS);
            format!(r#""{set}{like}{exists}":{{"aws:PrincipalArn":{list}}}"#)
        }
        2 | 3 => {
            let operator = dice.pick(&STRINGS);
            let list = dice.list(&TEXTS);
            format!(r#""{set}{operator}{exists}":{{"aws:PrincipalTag/x":{list}}}"#)
        }
        4 => {
            let key = dice.pick(&[
                "aws:MultiFactorAuthPresent",
                "aws:ViaAWSService",
                "aws:SecureTransport",
            ]);
            let flag = dice.pick(&["true", "false"]);
            format!(r#""Bool{exists}":{{"{key}":"{flag}"}}"#)
        }
        5 => {
            let operator = dice.pick(&["IpAddress", "NotIpAddress"]);
            let list = dice.list(&["10.0.0.0/8", "0.0.0.0/0", "203.0.113.0/24", "2001:db8::/32"]);
            format!(r#""{operator}{exists}":{{"aws:SourceIp":{list}}}"#)
        }
        6 => {
            let order = dice.pick(&ORDERS);
            let list = dice.list(&["300", "299.5", "3600"]);
            format!(r#""Numeric{order}{exists}":{{"aws:MultiFactorAuthAge":{list}}}"#)
        }
        7 => {
            let order = dice.pick(&ORDERS);
            let key = dice.pick(&["aws:CurrentTime", "aws:TokenIssueTime"]);
            let list = dice.list(&["2026-11-01T00:00:00Z", "2027-01-01", "1800000000"]);
            format!(r#""Date{order}{exists}":{{"{key}":{list}}}"#)
        }
        8 => {
            let key = dice.pick(&[
                "aws:PrincipalTag/x",
                "aws:MultiFactorAuthPresent",
                "aws:username",
            ]);
            let flag = dice.pick(&["true", "false"]);
            format!(r#""Null":{{"{key}":"{flag}"}}"#)
        }
        9 => {
            let operator = dice.pick(&STRINGS);
            let key = dice.pick(&["aws:username", "aws:PrincipalType", "aws:RequestedRegion"]);
            let list = dice.list(&["ann", "a*", "User", "AssumedRole", "us-east-1", "eu-*"]);
            format!(r#""{operator}{exists}":{{"{key}":{list}}}"#)
        }
        10 => {
            let operator = dice.pick(&STRINGS[..2]);
            let key = dice.pick(&["aws:PrincipalOrgID", "aws:PrincipalAccount"]);
            let list = dice.list(&[
                "o-exampleorg1",
                "o-other00000",
                "111122223333",
                "444455556666",
            ]);
            format!(r#""{operator}{exists}":{{"{key}":{list}}}"#)
        }
        _ => {
            let operator = dice.pick(&["StringLike", "StringNotLike"]);
            let set = dice.pick(&["ForAllValues:", "ForAnyValue:"]);
            let list = dice.list(&PATHS);
            format!(r#""{set}{operator}":{{"aws:PrincipalOrgPaths":{list}}}"#)
        }
    }
}

pub(crate) fn statement(dice: &mut Dice, effect: &str) -> String {
    let action = dice.pick(&[
        r#""Action":"organizations:LeaveOrganization""#,
        r#""Action":["s3:*","organizations:Leave*"]"#,
        r#""Action":"*""#,
        r#""NotAction":"organizations:LeaveOrganization""#,
        r#""NotAction":["s3:*"]"#,
        r#""Action":"organizations:?eaveOrganization""#,
    ]);
    // One condition for each operator: a JSON key stands once.
    let (first, second) = (condition(dice), condition(dice));
    let name = |text: &str| text.split(":{").next().expect("a name").to_owned();
    let conditions = match dice.roll(3) {
        0 => String::new(),
        1 if name(&first) != name(&second) => format!(r#","Condition":{{{first},{second}}}"#),
        _ => format!(r#","Condition":{{{first}}}"#),
    };
    let resource = [
        r#""*""#,
        r#""*""#,
        r#""*""#,
        r#"["arn:aws:s3:::x","*"]"#,
        r#""arn:aws:s3:::x""#,
    ][dice.roll(5)];
    format!(r#"{{"Effect":"{effect}",{action},"Resource":{resource}{conditions}}}"#)
}

pub(crate) fn policy(version: &str, statements: &[String]) -> String {
    format!(
        r#"{{"Version":"{version}","Statement":[{}]}}"#,
        statements.join(",")
    )
}

/// Policy texts, root first.
pub(crate) fn stack(dice: &mut Dice) -> Vec<Vec<String>> {
    (0..=dice.roll(3))
        .map(|_| {
            let mut texts: Vec<String> = (0..dice.roll(3))
                .map(|_| {
                    let draw = |dice: &mut Dice| {
                        let effect = ["Deny", "Deny", "Deny", "Allow"][dice.roll(4)];
                        statement(dice, effect)
                    };
                    let count = 1 + dice.roll(2);
                    let statements: Vec<String> = (0..count).map(|_| draw(dice)).collect();
                    let version = ["2012-10-17", "2008-10-17"][usize::from(dice.roll(12) == 0)];
                    policy(version, &statements)
                })
                .collect();
            if dice.roll(8) > 0 {
                texts.push(FULL.to_owned());
            }
            texts
        })
        .collect()
}

pub(crate) fn parsed(stack: &[Vec<String>]) -> Vec<Vec<Document>> {
    let one =
        |text: &String| parse(text, Dialect::Scp).unwrap_or_else(|error| panic!("{text}: {error}"));
    let levels = stack.iter();
    levels
        .map(|level| level.iter().map(one).collect())
        .collect()
}

pub(crate) fn levels(documents: &[Vec<Document>]) -> Vec<Level<'_>> {
    documents.iter().map(Level::complete).collect()
}

/// With MFA, without, or nothing about it; the age is there only with MFA.
fn with_mfa(dice: &mut Dice, mut request: Request) -> Request {
    let mfa = dice.roll(4);
    if mfa < 2 {
        request = request.with("aws:MultiFactorAuthPresent", ["true", "false"][mfa]);
    }
    if mfa == 0 && dice.roll(2) == 0 {
        let ages = ["0", "299", "299.5", "300", "301", "3600", "3601"];
        request = request.with("aws:MultiFactorAuthAge", dice.pick(&ages));
    }
    request
}

/// A request that AWS could produce for a principal of the account; values lie in, on and
/// beside the borders of what policies name.
pub(crate) fn request(dice: &mut Dice) -> Request {
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
        .with("aws:PrincipalOrgID", "o-exampleorg1")
        .with_all(
            "aws:PrincipalOrgPaths",
            vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".into()],
        )
        .with("aws:RequestedRegion", "us-east-1")
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", dice.pick(&["true", "false"]))
        .with(
            "aws:CurrentTime",
            dice.pick(&[
                "2026-11-24T00:00:00Z",
                "2026-12-31T23:59:59Z",
                "2027-01-01T00:00:00Z",
                "2030-01-01T00:00:00Z",
            ]),
        );
    if kind == "User" {
        request = request.with("aws:username", "ann");
    }
    if kind != "Account" {
        for tag in ["aws:PrincipalTag/x", "aws:PrincipalTag/y"] {
            if dice.roll(2) == 0 {
                let value = dice.pick(&["a", "aa", "yes", "YES", "b", "abc", "ba", "ann"]);
                request = request.with(tag, value);
            }
        }
    }
    request = with_mfa(dice, request);
    let optional: [(&str, &[&str]); 2] = [
        (
            "aws:SourceIp",
            &[
                "10.1.2.3",
                "9.255.255.255",
                "11.0.0.0",
                "203.0.113.9",
                "198.51.100.1",
                "2001:db8::1",
                "2001:dead::1",
            ],
        ),
        (
            "aws:TokenIssueTime",
            &[
                "2026-10-31T23:59:59Z",
                "2026-11-01T00:00:00Z",
                "2026-11-23T00:00:00Z",
            ],
        ),
    ];
    for (key, values) in optional {
        if dice.roll(2) == 0 {
            request = request.with(key, dice.pick(values));
        }
    }
    request
}

/// The request of an example: what it names, and what is the same for every request.
pub(crate) fn concrete(example: &Example) -> Request {
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

/// The account that all of this is about.
pub(crate) struct Place {
    account: AccountId,
    organization: OrganizationId,
    parents: [NodeId; 2],
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            account: "111122223333".parse().expect("an account id"),
            organization: "o-exampleorg1".parse().expect("an organization id"),
            parents: ["r-ab12", "ou-ab12-11111111"].map(|text| text.parse().expect("a node")),
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            partition: Partition::Aws,
            account: &self.account,
            organization: Some(&self.organization),
            parents: Some(&self.parents),
            now: "2026-11-24T00:00:00Z".parse().expect("a time"),
        }
    }
}
