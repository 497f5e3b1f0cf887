use super::super::answer::{Answer, Grade};
use super::super::judge::judge;
use crate::exits::PathId::Leave;
use crate::model::fixture::{self, attach};

/// The grade of the one exemption of a guard, beside another deny.
fn graded(exempt: &str, guard: &str) -> (Grade, String) {
    let mut snapshot = fixture::organization();
    let leave = format!(
        r#"{{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{{{exempt}}}}}"#
    );
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{leave},{guard}]}}"#);
    attach(&mut snapshot, "p-guard000", &text, &["r-ab12"]);
    let judgement = judge(&snapshot);
    let member = fixture::account_id("222222222222");
    let standing = judgement.standings.get(&member).unwrap();
    let Answer::Conditional { exemptions, .. } = standing.verdict(Leave).unwrap() else {
        panic!("{:?}", standing.verdict(Leave));
    };
    let easiest = exemptions.iter().map(|one| (one.grade, one.reason.clone()));
    easiest.min().unwrap()
}

/// Everything that sets tags or makes principals with some.
const TAGGING: &str = r#"["iam:TagRole","iam:TagUser","iam:CreateRole","iam:CreateUser","sts:TagSession","sts:GetFederationToken"]"#;

/// A deny of all tagging under a condition, for an exemption by the tag `exempt`.
fn by_tag(operator: &str, condition: &str) -> Grade {
    let exempt = format!(r#""{operator}":{{"aws:PrincipalTag/exempt":"yes*"}}"#);
    let guard = format!(
        r#"{{"Effect":"Deny","Action":{TAGGING},"Resource":"*","Condition":{{{condition}}}}}"#
    );
    graded(&exempt, &guard).0
}

#[test]
fn the_language_of_values_decides_and_not_one_sample() {
    let request = |operator: &str, value: &str| {
        format!(r#""{operator}":{{"aws:RequestTag/exempt":"{value}"}}"#)
    };
    for (guard, expected) in [
        (request("StringEquals", "yes"), Grade::SelfService),
        (request("StringLike", "yes?*"), Grade::SelfService),
        (request("StringLike", "yes*"), Grade::Held),
        (request("StringLike", "y*"), Grade::Held),
        (request("StringNotLike", "no*"), Grade::Held),
        (request("Null", "false"), Grade::Held),
    ] {
        assert_eq!(by_tag("StringNotLike", &guard), expected, "{guard}");
    }
    // The same tag by its exact value.
    let exact = request("StringEquals", "yes*");
    assert_eq!(by_tag("StringNotEquals", &exact), Grade::Held);
}

#[test]
fn a_second_tag_or_another_case_escapes_a_guard_of_tag_keys() {
    for (operator, value, expected) in [
        ("ForAllValues:StringEquals", "exempt", Grade::SelfService),
        ("ForAnyValue:StringEquals", "exempt", Grade::SelfService),
        ("ForAnyValue:StringEqualsIgnoreCase", "exempt", Grade::Held),
        (
            "ForAnyValue:StringEqualsIgnoreCase",
            "other",
            Grade::SelfService,
        ),
        ("ForAnyValue:StringLike", "*", Grade::Held),
    ] {
        let guard = format!(r#""{operator}":{{"aws:TagKeys":"{value}"}}"#);
        assert_eq!(by_tag("StringNotLike", &guard), expected, "{guard}");
    }
}

/// A deny of these actions to all but the exempt, whose ARNs match `pattern`.
fn by_arn(pattern: &str, actions: &str) -> (Grade, String) {
    let exempt = format!(r#""ArnNotLike":{{"aws:PrincipalArn":"{pattern}"}}"#);
    let guard = format!(
        r#"{{"Effect":"Deny","Action":{actions},"Resource":"{pattern}","Condition":{{{exempt}}}}}"#
    );
    graded(&exempt, &guard)
}

#[test]
fn a_user_is_renamed_into_an_exemption_and_a_role_is_passed_on() {
    let users = "arn:aws:iam::*:user/exempt/*";
    let most = r#"["iam:CreateUser","iam:CreateAccessKey","iam:CreateLoginProfile","iam:UpdateLoginProfile","iam:AttachUserPolicy","iam:PutUserPolicy"]"#;
    let (grade, reason) = by_arn(users, most);
    assert_eq!(grade, Grade::SelfService);
    assert!(reason.starts_with("iam:UpdateUser "), "{reason}");
    let all = most.replace("iam:CreateUser", r#"iam:CreateUser","iam:UpdateUser"#);
    assert_eq!(by_arn(users, &all).0, Grade::Held);
    let roles = "arn:aws:iam::*:role/exempt/*";
    let most = r#"["iam:CreateRole","iam:UpdateAssumeRolePolicy","sts:AssumeRole","iam:AttachRolePolicy","iam:PutRolePolicy"]"#;
    let (grade, reason) = by_arn(roles, most);
    assert_eq!(grade, Grade::SelfService);
    assert!(reason.starts_with("iam:PassRole "), "{reason}");
    let all = most.replace("iam:CreateRole", r#"iam:CreateRole","iam:PassRole"#);
    assert_eq!(by_arn(roles, &all).0, Grade::Held);
}

#[test]
fn a_federated_session_gets_tags_only_by_tag_session_or_from_its_user() {
    let exempt = r#""StringNotEquals":{"aws:PrincipalTag/exempt":"yes"}"#;
    let with = |actions: &str| {
        let guard = format!(
            r#"{{"Effect":"Deny","Action":{actions},"Resource":"*","Condition":{{"Null":{{"aws:RequestTag/exempt":"false"}}}}}}"#
        );
        graded(exempt, &guard)
    };
    // `sts:GetFederationToken` is free.
    let tagging =
        r#"["iam:TagRole","iam:TagUser","iam:CreateRole","iam:CreateUser","sts:TagSession"]"#;
    assert_eq!(with(tagging).0, Grade::Held);
    let (grade, reason) = with(&tagging.replace(r#","sts:TagSession""#, ""));
    assert_eq!(grade, Grade::SelfService);
    assert!(reason.contains("sts:TagSession"), "{reason}");
}
