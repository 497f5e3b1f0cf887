//! Whom a conditional guard lets through, in words, and how hard it is to be one of them.

use std::collections::BTreeMap;

use super::answer::{Exemption, Grade};
use super::case::Case;
use crate::prove::{Effort, Example, Kind, Selection, TagNeeded, guarded};

/// What makes, changes or takes on a role.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
const OF_ROLES: [&str; 5] = [
    "iam:CreateRole",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
];
/// The same for users.
const OF_USERS: [&str; 6] = [
    "iam:CreateUser",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:AttachUserPolicy",
    "iam:PutUserPolicy",
];
const OF_FEDERATED: [&str; 1] = ["sts:GetFederationToken"];
/// What sets a tag on a role or its session, and on a user.
const TAGS_ROLES: [&str; 3] = ["iam:TagRole", "iam:CreateRole", "sts:TagSession"];
const TAGS_USERS: [&str; 2] = ["iam:TagUser", "iam:CreateUser"];

/// Examples with the same facts become one exemption; sorted.
pub(super) fn exemptions(case: &Case<'_>, through: &[Example]) -> Vec<Exemption> {
    let mut groups: BTreeMap<&[String], Vec<&Example>> = BTreeMap::new();
    for one in through {
        groups.entry(one.because.as_slice()).or_default().push(one);
    }
    // One budget for all: what it does not reach counts as self-service.
    let mut effort = Effort::default();
    let exempt: Vec<Selection> = through.iter().map(|one| one.who.clone()).collect();
    let mut exemptions: Vec<Exemption> = groups
        .into_iter()
        .filter_map(|(facts, members)| {
            let kinds: Vec<Kind> = members.iter().map(|one| one.kind).collect();
            let mut words = vec![Kind::nouns(&kinds)];
            words.extend(facts.iter().cloned());
            // The easiest way in counts.
            let graded = members
                .iter()
                .map(|one| grade(case, &exempt, one, &mut effort));
            let (grade, reason) = graded.min()?;
            let first = members.first()?;
            Some(Exemption {
                words,
                principal: first.principal.clone(),
                context: first.context.clone(),
                grade,
                reason,
            })
        })
        .collect();
    exemptions.sort();
    exemptions
}

/// How hard it is to satisfy the facts that let `one` through, for others than the exempt.
fn grade(
    case: &Case<'_>,
    exempt: &[Selection],
    one: &Example,
    effort: &mut Effort,
) -> (Grade, String) {
    let alone = |reason: &str| (Grade::SelfService, reason.to_owned());
    if one.kind == Kind::Root {
        return alone("whoever holds the credentials of the root user satisfies it alone");
    }
    let keys: Vec<&str> = one.who.keys().collect();
    let tag = keys
        .iter()
        .find_map(|key| key.strip_prefix("aws:principaltag/"));
    let tag = match tag {
        Some(key) => match one.context.get(&format!("aws:principaltag/{key}")) {
            Some(Some(values)) => Some(TagNeeded {
                key: key.to_owned(),
                value: values.first().cloned().unwrap_or_default(),
            }),
            _ => return alone("the tag only has to be left out"),
        },
        None => None,
    };
    let by_arn = keys.contains(&"aws:principalarn");
    if let (Some(key), None, false) = (keys.first(), &tag, by_arn) {
        return alone(chosen(key));
    }
    let mut held = |actions: &[&'static str], tag: Option<&TagNeeded>| {
        let subject = case.subject();
        let mut free = |action: &&&str| {
            !guarded(
                &case.levels,
                &subject,
                exempt,
                &one.who,
                action,
                tag,
                effort,
            )
        };
        actions.iter().find(&mut free).copied()
    };
    let (makes, tags): (&[&str], &[&str]) = match one.kind {
        Kind::Role | Kind::RoleInPath => (&OF_ROLES, &TAGS_ROLES),
        Kind::User | Kind::UserInPath => (&OF_USERS, &TAGS_USERS),
        Kind::Federated | Kind::Root => (&OF_FEDERATED, &OF_FEDERATED),
    };
    let free_tag = tag.as_ref().map(|tag| held(tags, Some(tag)));
    if free_tag == Some(None) {
        let reason = "SCPs keep all others from setting the tag; whether a principal carries it \
                      is not known (iam:ListRoles in the account)";
        return (Grade::Held, reason.to_owned());
    }
    match (free_tag.flatten(), held(makes, None)) {
        (Some(action), _) if !by_arn => alone(&format!(
            "{action} is not denied to others, so the tag can be set"
        )),
        (_, Some(action)) => alone(&format!(
            "{action} is not denied to others, so one can be made or taken over"
        )),
        (_, None) => {
            let reason = "SCPs keep all others from creating, changing or assuming one; whether \
                          one exists is not known (iam:ListRoles in the account)";
            (Grade::Held, reason.to_owned())
        }
    }
}

/// Why a fact about the request is no obstacle.
fn chosen(key: &str) -> &'static str {
    match key {
        "aws:multifactorauthpresent" | "aws:multifactorauthage" => {
            "the caller signs in with or without MFA as it likes"
        }
        "aws:sourceip" | "aws:vpcsourceip" | "aws:sourcevpc" | "aws:sourcevpce"
        | "aws:sourcevpcarn" | "aws:vpceorgid" | "aws:vpceaccount" | "aws:vpceorgpaths" => {
            "the caller chooses the network"
        }
        "aws:currenttime" | "aws:epochtime" | "aws:tokenissuetime" => "the caller only has to wait",
        _ => "it is about the request, which the caller makes up",
    }
}
