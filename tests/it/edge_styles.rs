//! Conditions at the edges of AWS's text, drawn: dates far ahead and in every form, keys with
//! several values, empty values and lists, long lists of names, values that nothing reads.

use org_exit_guard::evaluate::Request;

use crate::random_stacks::{Dice, FULL, policy, request};

/// A condition, and whether AWS says what it comes to.
struct Drawn {
    text: String,
    documented: bool,
}

const DATES: [&str; 8] = [
    "9999-12-31T23:59:59Z",
    "1900000000000",
    "1900000000.5",
    "2026-12",
    "2027-01-01T02:30:00+02:30",
    "2026-10-01",
    "253402300800",
    "1798761600",
];
const PATHS: [&str; 4] = [
    "o-exampleorg1/*",
    "o-exampleorg1/r-ab12/*",
    "o-other00000/*",
    "*",
];
const NAMES: [&str; 8] = [
    "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_*_????????????????",
    "arn:aws:iam::*:role/*/AWSReservedSSO_Admin_*",
    "arn:aws:iam::*:role/*Admin*",
    "arn:aws:iam::*:role/*Break*Glass*",
    "arn:aws:iam::*:role/*Ops",
    "arn:aws:iam::*:user/*/ann",
    "arn:aws:iam::111122223333:role/Org?????",
    "arn:aws:sts::*:federated-user/*o*",
];
const MISREAD: [&str; 9] = [
    r#""NotIpAddress":{"aws:SourceIp":"<my-corporate-cidr>"}"#,
    r#""NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","10.0.0.0/33"]}"#,
    r#""DateNotEquals":{"aws:CurrentTime":"garbage"}"#,
    r#""DateLessThan":{"aws:CurrentTime":"2027"}"#,
    r#""NumericNotEquals":{"aws:MultiFactorAuthAge":"${aws:PrincipalTag/x}"}"#,
    r#""BinaryEquals":{"aws:PrincipalTag/x":"YQ=="}"#,
    r#""StringNotLike":{"aws:PrincipalOrgPaths":"o-exampleorg1/*"}"#,
    r#""NotIpAddressIfExists":{"aws:username":"10.0.0.1"}"#,
    r#""StringEqualsIgnoreCase":{"aws:PrincipalTag/x":"ÄRGER"}"#,
];

/// Some of them, each once, as JSON.
fn some(dice: &mut Dice, from: &[&str], most: usize) -> String {
    let mut chosen: Vec<&str> = (0..=dice.roll(most)).map(|_| dice.pick(from)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    let quoted: Vec<String> = chosen.iter().map(|one| format!("\"{one}\"")).collect();
    format!("[{}]", quoted.join(","))
}

fn condition(dice: &mut Dice) -> Drawn {
    let exists = ["", "", "IfExists"][dice.roll(3)];
    let set = dice.pick(&["ForAllValues:", "ForAnyValue:"]);
    let like = dice.pick(&[
        "StringLike",
        "StringNotLike",
        "StringEquals",
        "StringNotEquals",
    ]);
    let order = dice.pick(&[
        "LessThan",
        "GreaterThanEquals",
        "Equals",
        "NotEquals",
        "GreaterThan",
    ]);
    let style = dice.roll(9);
    let text = match style {
        0 => {
            let key = dice.pick(&["aws:CurrentTime", "aws:EpochTime"]);
            format!(
                r#""Date{order}{exists}":{{"{key}":{}}}"#,
                some(dice, &DATES, 2)
            )
        }
        1 => {
            let numbers = ["1900000000000", "1798761600", "1700000000.5"];
            let list = some(dice, &numbers, 2);
            format!(r#""Numeric{order}{exists}":{{"aws:EpochTime":{list}}}"#)
        }
        2 => {
            let keys = [
                "aws:VpceOrgPaths",
                "aws:SourceOrgPaths",
                "aws:ResourceOrgPaths",
            ];
            let (key, list) = (dice.pick(&keys), some(dice, &PATHS, 2));
            format!(r#""{set}{like}{exists}":{{"{key}":{list}}}"#)
        }
        3 => {
            let list = some(dice, &["", "a*", "?*", "yes"], 2);
            format!(r#""{set}{like}{exists}":{{"aws:PrincipalTag/x":{list}}}"#)
        }
        4 if exists.is_empty() => format!(r#""{set}{like}":{{"aws:PrincipalTag/x":[]}}"#),
        4 => format!(r#""{like}IfExists":{{"aws:CalledViaFirst":[]}}"#),
        5 | 6 => {
            let operator = dice.pick(&["ArnLike", "ArnNotLike", "StringNotLike"]);
            let list = some(dice, &NAMES, 2);
            format!(r#""{operator}{exists}":{{"aws:PrincipalArn":{list}}}"#)
        }
        7 => {
            let key = dice.pick(&[
                "aws:SourceIp",
                "aws:SourceVpce",
                "aws:VpcSourceIp",
                "aws:MultiFactorAuthAge",
            ]);
            let missing = dice.pick(&["true", "false"]);
            format!(r#""Null":{{"{key}":"{missing}"}}"#)
        }
        _ => dice.pick(&MISREAD).to_owned(),
    };
    Drawn {
        text,
        documented: style != 8,
    }
}

/// Policy texts, root first, and whether AWS says what all of it comes to.
pub(crate) fn edge_stack(dice: &mut Dice) -> (Vec<Vec<String>>, bool) {
    let mut documented = true;
    let levels = (0..=dice.roll(2)).map(|_| {
        let statements: Vec<String> = (0..=dice.roll(2))
            .map(|_| {
                let effect = ["Deny", "Deny", "Deny", "Allow"][dice.roll(4)];
                let (first, second) = (condition(dice), condition(dice));
                let name = |one: &Drawn| one.text.split(":{").next().map(str::to_owned);
                let both = dice.roll(2) == 0 && name(&first) != name(&second);
                documented &= first.documented && (!both || second.documented);
                let more = if both { format!(",{}", second.text) } else { String::new() };
                format!(
                    r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{}{more}}}}}"#,
                    first.text
                )
            })
            .collect();
        let mut texts = vec![policy("2012-10-17", &statements)];
        if dice.roll(8) > 0 {
            texts.push(FULL.to_owned());
        }
        texts
    });
    let levels = levels.collect();
    (levels, documented)
}

/// A request as AWS sends it, with what these conditions ask for.
pub(crate) fn edge_request(dice: &mut Dice) -> Request {
    let (time, epoch) = [
        ("2026-11-24T00:00:00Z", "1795478400"),
        ("2026-12-31T23:59:59Z", "1798761599"),
        ("2027-01-01T00:00:00Z", "1798761600"),
        ("9999-12-31T23:59:59Z", "253402300799"),
        ("253402300800", "253402300800"),
        ("1900000000000", "1900000000000"),
    ][dice.roll(6)];
    let mut request = request(dice)
        .with("aws:CurrentTime", time)
        .with("aws:EpochTime", epoch);
    let arns = [
        "arn:aws:iam::111122223333:role/OrgAdmin",
        "arn:aws:iam::111122223333:role/BreakTheGlass",
        "arn:aws:iam::111122223333:role/NoOps",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
    ];
    if dice.roll(2) == 0 {
        request = request
            .with("aws:PrincipalArn", dice.pick(&arns))
            .with("aws:PrincipalType", "AssumedRole")
            .without("aws:username");
    }
    if dice.roll(4) == 0 && request.values("aws:PrincipalTag/x").is_some() {
        request = request.with("aws:PrincipalTag/x", "");
    }
    let paths = [
        "o-exampleorg1/r-ab12/ou-ab12-11111111/",
        "o-other00000/r-zz99/",
        "o-x/",
    ];
    for key in [
        "aws:SourceOrgPaths",
        "aws:ResourceOrgPaths",
        "aws:VpceOrgPaths",
    ] {
        let mut values: Vec<String> = (0..dice.roll(3))
            .map(|_| dice.pick(&paths).to_owned())
            .collect();
        values.dedup();
        if !values.is_empty() {
            request = request.with_all(key, values);
        }
    }
    // From a network, or through an endpoint.
    let endpoint = request.values("aws:VpceOrgPaths").is_some() || dice.roll(3) == 0;
    if endpoint {
        request = request
            .without("aws:SourceIp")
            .with("aws:SourceVpce", "vpce-1")
            .with("aws:VpcSourceIp", "10.0.0.7");
    }
    request
}
