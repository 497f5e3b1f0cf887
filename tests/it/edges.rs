//! Verdicts at the edges of AWS's text: a fragment beside `FullAWSAccess`, and what it comes to.

use org_exit_guard::model::{AccountId, Partition};
use org_exit_guard::prove::{Decision, Kind, Question, Target, Why, decide};

use crate::prove_random::{allows, decided, word};
use crate::random_stacks::{ACTION, FULL, Place, concrete, levels, parsed, policy};

/// Statements beside `FullAWSAccess`, each with its conditions.
fn beside_full(effect: &str, conditions: &[&str]) -> Decision {
    let statement = |condition: &&str| {
        format!(
            r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#
        )
    };
    let statements: Vec<String> = conditions.iter().map(statement).collect();
    let mut level = vec![policy("2012-10-17", &statements)];
    if effect == "Deny" {
        level.push(FULL.to_owned());
    }
    let documents = parsed(&[level]);
    let decision = decided(&documents);
    if let Decision::Conditional { through, denied } = &decision {
        for example in through {
            assert!(allows(&documents, &concrete(example)), "{example:?}");
        }
        assert!(!allows(&documents, &concrete(denied)), "{denied:?}");
    }
    if let Decision::Open(example) = &decision {
        assert!(allows(&documents, &concrete(example)), "{example:?}");
    }
    decision
}

fn denied(conditions: &[&str]) -> &'static str {
    word(&beside_full("Deny", conditions))
}

/// The only allow at its level.
fn allowed(conditions: &[&str]) -> &'static str {
    word(&beside_full("Allow", conditions))
}

#[test]
fn dates_far_ahead_are_dates() {
    for condition in [
        r#""DateLessThan":{"aws:CurrentTime":"9999-12-31T23:59:59Z"}"#,
        r#""DateLessThan":{"aws:EpochTime":"1900000000000"}"#,
        r#""NumericLessThan":{"aws:EpochTime":"1900000000000"}"#,
    ] {
        assert_eq!(denied(&[condition]), "conditional", "{condition}");
        assert_eq!(allowed(&[condition]), "conditional", "{condition}");
    }
    for condition in [
        r#""DateGreaterThan":{"aws:CurrentTime":"9999-12-31"}"#,
        r#""DateEquals":{"aws:CurrentTime":"9999-12-31T23:59:59.5Z"}"#,
        r#""NumericEquals":{"aws:EpochTime":"900000000000000"}"#,
    ] {
        assert_eq!(denied(&[condition]), "conditional", "{condition}");
    }
}

#[test]
fn every_form_of_a_date_is_read() {
    // All of them before now, or all of them after it.
    for past in ["2026-10", "2026-11-23T23:59Z", "1700000000.5", "1700000000"] {
        let since = format!(r#""DateGreaterThan":{{"aws:CurrentTime":"{past}"}}"#);
        let until = format!(r#""DateLessThan":{{"aws:CurrentTime":"{past}"}}"#);
        assert_eq!(denied(&[&since]), "blocked", "{past}");
        assert_eq!(denied(&[&until]), "open", "{past}");
    }
    for ahead in ["2026-12", "2027-01-01T00:00+01:00", "1900000000.25"] {
        let until = format!(r#""DateLessThan":{{"aws:CurrentTime":"{ahead}"}}"#);
        assert_eq!(denied(&[&until]), "conditional", "{ahead}");
    }
    // The two keys hold one time, and Numeric operators read the one.
    assert_eq!(
        denied(&[
            r#""DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}"#,
            r#""NumericGreaterThanEquals":{"aws:EpochTime":"1798761600"}"#,
        ]),
        "blocked"
    );
    assert_eq!(
        denied(&[
            r#""DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}"#,
            r#""NumericGreaterThan":{"aws:EpochTime":"1798761600"}"#,
        ]),
        "conditional"
    );
}

fn decided_on(action: &str, target: Target<'_>, texts: &[Vec<String>]) -> Decision {
    let place = Place::new();
    let documents = parsed(texts);
    let questions = [Question { action, target }];
    decide(
        &levels(&documents),
        &questions,
        &place.subject(),
        &Kind::ALL,
    )
}

#[test]
fn keys_with_several_values_are_not_read_as_single() {
    for (action, key) in [
        ("ec2:CreateTags", "aws:TagKeys"),
        ("s3:PutObjectTagging", "s3:RequestObjectTagKeys"),
        ("dynamodb:GetItem", "dynamodb:Attributes"),
        ("kms:Decrypt", "kms:EncryptionContextKeys"),
        (ACTION, "aws:ResourceOrgPaths"),
        (ACTION, "aws:VpceOrgPaths"),
        (ACTION, "aws:SourceOrgPaths"),
    ] {
        // All but one value each: a request with both values passes.
        let deny = |value: &str| {
            format!(
                r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"ForAllValues:StringNotEquals":{{"{key}":"{value}"}}}}}}"#
            )
        };
        let text = policy("2012-10-17", &[deny("Owner"), deny("Cost")]);
        let decision = decided_on(action, Target::None, &[vec![text, FULL.to_owned()]]);
        let Decision::Conditional { through, .. } = &decision else {
            panic!("{key}: {decision:?}");
        };
        let values = through[0].context[&key.to_ascii_lowercase()].as_deref();
        assert_eq!(
            values,
            Some(["Cost", "Owner"].map(str::to_owned).as_slice())
        );
        let plain = format!(
            r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"{key}":"Owner"}}}}}}"#
        );
        let text = policy("2012-10-17", &[plain]);
        let decision = decided_on(action, Target::None, &[vec![text, FULL.to_owned()]]);
        assert_eq!(word(&decision), "undetermined", "{key}");
    }
}

#[test]
fn a_variable_before_the_fifth_colon_of_a_resource_replaces_nothing() {
    let account: AccountId = "111122223333".parse().expect("an account id");
    let closed = |resource: &str| {
        let deny = format!(
            r#"{{"Effect":"Deny","Action":"account:CloseAccount","Resource":"{resource}"}}"#
        );
        let target = Target::Account {
            partition: Partition::Aws,
            id: Some(&account),
        };
        let text = policy("2012-10-17", &[deny]);
        let texts = [vec![text, FULL.to_owned()]];
        word(&decided_on("account:CloseAccount", target, &texts))
    };
    assert_eq!(
        closed("arn:aws:account::${aws:PrincipalAccount}:account"),
        "open"
    );
    assert_eq!(closed("arn:${aws:x, 'aws'}:account::*:account"), "open");
    assert_eq!(closed("arn:aws:account::*:account"), "blocked");
    // Behind the fifth colon it is replaced.
    assert_eq!(closed("arn:aws:account::*:${aws:PrincipalAccount}"), "open");
}

#[test]
fn an_empty_value_is_none_to_the_set_operators() {
    let any = r#""ForAnyValue:StringLike":{"aws:PrincipalTag/x":"*"}"#;
    let missing = r#""Null":{"aws:PrincipalTag/x":"true"}"#;
    let Decision::Conditional { through, .. } = beside_full("Deny", &[any, missing]) else {
        panic!("an empty tag passes");
    };
    let empty = through.iter().find(|one| one.kind == Kind::Role);
    let tag = &empty.expect("a role").context["aws:principaltag/x"];
    assert_eq!(tag.as_deref(), Some([String::new()].as_slice()));
    let like = r#""StringLike":{"aws:PrincipalTag/x":"*"}"#;
    assert_eq!(denied(&[like, missing]), "blocked");
    let all = r#""ForAllValues:StringLike":{"aws:PrincipalTag/x":"?*"}"#;
    assert_eq!(denied(&[all]), "blocked");
}

#[test]
fn an_empty_list_has_its_documented_meaning() {
    let missing = r#""Null":{"aws:PrincipalTag/x":"true"}"#;
    let there = r#""StringLike":{"aws:PrincipalTag/x":"?*"}"#;
    for base in ["StringEquals", "StringNotEquals"] {
        // "matches only if the key is missing from the request context"
        for operator in [format!("ForAllValues:{base}"), format!("{base}IfExists")] {
            let empty = format!(r#""{operator}":{{"aws:PrincipalTag/x":[]}}"#);
            assert_eq!(denied(&[&empty]), "conditional", "{empty}");
            let both = format!("{empty},{missing}");
            assert_eq!(denied(&[&both]), "conditional", "{both}");
            let never = format!("{empty},{there}");
            assert_eq!(denied(&[&never]), "open", "{never}");
        }
        // "never matches the request context"
        let never = format!(r#""ForAnyValue:{base}":{{"aws:PrincipalTag/x":[]}}"#);
        assert_eq!(denied(&[&never]), "open", "{never}");
        for unsaid in [base.to_owned(), format!("ForAnyValue:{base}IfExists")] {
            let empty = format!(r#""{unsaid}":{{"aws:PrincipalTag/x":[]}}"#);
            assert_eq!(denied(&[&empty]), "undetermined", "{empty}");
        }
    }
}

#[test]
fn what_aws_does_not_say_is_undetermined_with_a_reason() {
    for condition in [
        r#""NotIpAddress":{"aws:SourceIp":"<my-corporate-cidr>"}"#,
        r#""NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","10.0.0.0/33"]}"#,
        r#""NotIpAddress":{"aws:SourceIp":"10.0.0.0/+8"}"#,
        r#""NotIpAddress":{"aws:SourceIp":"::ffff:10.0.0.0/104"}"#,
        r#""DateNotEquals":{"aws:CurrentTime":"garbage"}"#,
        r#""DateNotEquals":{"aws:CurrentTime":"${aws:TokenIssueTime}"}"#,
        r#""DateGreaterThan":{"aws:CurrentTime":"2001"}"#,
        r#""NumericNotEquals":{"aws:MultiFactorAuthAge":"an hour"}"#,
        r#""NumericLessThanIfExists":{"aws:MultiFactorAuthAge":"${aws:PrincipalTag/age}"}"#,
        r#""BinaryEquals":{"aws:PrincipalTag/x":"YQ=="}"#,
        r#""StringNotEquals":{"aws:TagKeys":"x"},"StringLike":{"aws:CalledVia":"*"}"#,
        r#""NumericNotEquals":{"aws:username":"1"}"#,
        r#""NotIpAddress":{"aws:username":"10.0.0.1"}"#,
        r#""NumericNotEquals":{"aws:PrincipalArn":"1"}"#,
        r#""NumericNotEquals":{"aws:CurrentTime":"1"}"#,
        r#""StringNotEqualsIgnoreCase":{"aws:PrincipalTag/x":"straße"}"#,
        r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"maybe"}"#,
    ] {
        let decision = beside_full("Deny", &[condition]);
        let Decision::Undetermined(why) = &decision else {
            panic!("{condition}: {decision:?}");
        };
        let said = |why: &Why| !matches!(why, Why::TooComplex) && why.to_string().len() > 20;
        assert!(why.iter().any(said), "{condition}: {why:?}");
    }
    // As the only allow neither.
    let only = r#""IpAddress":{"aws:SourceIp":"<my-corporate-cidr>"}"#;
    assert_eq!(allowed(&[only]), "undetermined");
    // Whatever they come to, what does not hang on them is decided: five are not too many.
    let five: Vec<String> = (0..5)
        .map(|number| format!(r#""NotIpAddress":{{"aws:SourceIp":"<cidr {number}>"}}"#))
        .collect();
    let mut all: Vec<&str> = five.iter().map(String::as_str).collect();
    all.push(r#""StringLike":{"aws:PrincipalArn":"*"}"#);
    assert_eq!(denied(&all), "blocked");
    let exempt = r#""NotIpAddress":{"aws:SourceIp":"<cidr>"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/A*"}"#;
    let guard = r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/A*"}"#;
    assert_eq!(denied(&[exempt, guard]), "conditional");
}

#[test]
fn everyday_guards_are_decided() {
    let arn = |values: Vec<String>| {
        let quoted: Vec<String> = values.iter().map(|one| format!("\"{one}\"")).collect();
        format!(
            r#""ArnNotLike":{{"aws:PrincipalArn":[{}]}}"#,
            quoted.join(",")
        )
    };
    let list = |many: usize, pattern: fn(usize) -> String| (0..many).map(pattern).collect();
    let fixed =
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_*_????????????????";
    let sso = arn(list(8, |one| {
        format!("arn:aws:iam::*:*AWSReservedSSO_Name{one}_*")
    }));
    let plain = sso
        .replace("ArnNotLike", "StringNotLike")
        .replace("arn:aws:iam::*:", "");
    let names = arn(list(11, |one| format!("arn:aws:iam::*:role/*Name{one}*")));
    for condition in [arn(vec![fixed.to_owned()]), sso, plain, names] {
        assert_eq!(denied(&[&condition]), "conditional", "{condition}");
    }
}

#[test]
fn the_order_of_values_changes_nothing_that_is_said() {
    let values = [
        "arn:aws:iam::*:role/Ab*",
        "arn:aws:iam::*:role/A*",
        "arn:aws:iam::*:role/*z",
    ];
    let told = |order: [usize; 3]| {
        let list: Vec<String> = order
            .iter()
            .map(|one| format!("\"{}\"", values[*one]))
            .collect();
        let condition = format!(
            r#""ArnNotLike":{{"aws:PrincipalArn":[{}]}}"#,
            list.join(",")
        );
        format!("{:?}", beside_full("Deny", &[&condition]))
    };
    let first = told([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(told(order), first, "{order:?}");
    }
}

/// Requests that AWS never sends are no examples.
#[test]
fn examples_hold_together() {
    let age = r#""NumericLessThan":{"aws:MultiFactorAuthAge":"300"}"#;
    let Decision::Conditional { denied, .. } = beside_full("Deny", &[age]) else {
        panic!("conditional");
    };
    let with = |key: &str| denied.context.get(key).cloned().flatten();
    assert_eq!(
        with("aws:multifactorauthpresent"),
        Some(vec!["true".to_owned()])
    );
    // Only with MFA there is an age.
    let absent = r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"},"Null":{"aws:MultiFactorAuthAge":"false"}"#;
    let without = r#""Bool":{"aws:MultiFactorAuthPresent":"false"},"Null":{"aws:MultiFactorAuthAge":"false"}"#;
    assert_eq!(self::denied(&[absent]), "conditional");
    assert_eq!(self::denied(&[without]), "open");
    // From a network or through an endpoint, never both.
    for key in ["aws:VpcSourceIp", "aws:SourceVpce", "aws:VpceOrgPaths"] {
        let both = format!(r#""Null":{{"aws:SourceIp":"false","{key}":"false"}}"#);
        assert_eq!(self::denied(&[&both]), "open", "{key}");
        let one = format!(r#""Null":{{"aws:SourceIp":"true","{key}":"true"}}"#);
        assert_eq!(self::denied(&[&one]), "conditional", "{key}");
    }
    let later = r#""DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"},"NumericNotEquals":{"aws:EpochTime":"1"}"#;
    let Decision::Conditional { through, .. } = beside_full("Deny", &[later]) else {
        panic!("conditional");
    };
    let time = |key: &str| through[0].context[key].clone();
    assert_eq!(
        time("aws:currenttime"),
        Some(vec!["2027-01-01T00:00:00Z".to_owned()])
    );
    assert_eq!(time("aws:epochtime"), Some(vec!["1798761600".to_owned()]));
}
