//! Whom a conditional guard lets through, in words, and how hard it is to be one of them.

use std::collections::BTreeMap;

use super::answer::{Exemption, Grade};
use super::case::Case;
use crate::prove::{Effort, Example, Kind, Selection, guarded};

/// Actions that must all be allowed for one call.
type Way = &'static [&'static str];

/// What makes, changes or takes on a role, or has a service take it on.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
const OF_ROLES: [Way; 6] = [
    &["iam:CreateRole"],
    &["iam:UpdateAssumeRolePolicy"],
    &["sts:AssumeRole"],
    &["iam:AttachRolePolicy"],
    &["iam:PutRolePolicy"],
    &["iam:PassRole"],
];
/// The same for users; `iam:UpdateUser` gives a user another name or path, so that it becomes
/// one of them, and asks for the permission on both:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>.
const OF_USERS: [Way; 7] = [
    &["iam:CreateUser"],
    &["iam:CreateAccessKey"],
    &["iam:CreateLoginProfile"],
    &["iam:UpdateLoginProfile"],
    &["iam:UpdateUser"],
    &["iam:AttachUserPolicy"],
    &["iam:PutUserPolicy"],
];
const OF_FEDERATED: [Way; 1] = [&["sts:GetFederationToken"]];
/// What sets a tag on a role or its session, and on a user.
const TAGS_ROLES: [Way; 3] = [&["iam:TagRole"], &["iam:CreateRole"], &["sts:TagSession"]];
const TAGS_USERS: [Way; 2] = [&["iam:TagUser"], &["iam:CreateUser"]];
/// A session "include[s] the user tags and the passed session tags", and to pass some takes
/// `sts:TagSession` as well:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-getfederationtoken>.
const TAGS_FEDERATED: [Way; 3] = [
    &["sts:GetFederationToken", "sts:TagSession"],
    &["iam:TagUser"],
    &["iam:CreateUser"],
];

/// Examples with the same facts become one exemption; sorted.
pub(super) fn exemptions(case: &Case<'_>, through: &[Example]) -> Vec<Exemption> {
    let mut groups: BTreeMap<&[String], Vec<&Example>> = BTreeMap::new();
    for one in through {
        groups.entry(one.because.as_slice()).or_default().push(one);
    }
    // One decision's steps for all: what those do not reach counts as self-service.
    let exempt: Vec<Selection> = through.iter().map(|one| one.who.clone()).collect();
    let mut exemptions: Vec<Exemption> = case.budget.decision(|effort| {
        let told = groups.into_iter();
        told.filter_map(|(facts, members)| told_of(case, &exempt, facts, &members, effort))
            .collect()
    });
    exemptions.sort();
    exemptions
}

/// What is told of examples with the same facts.
fn told_of(
    case: &Case<'_>,
    exempt: &[Selection],
    facts: &[String],
    members: &[&Example],
    effort: &mut Effort,
) -> Option<Exemption> {
    let kinds: Vec<Kind> = members.iter().map(|one| one.kind).collect();
    let mut words = vec![Kind::nouns(&kinds)];
    words.extend(facts.iter().cloned());
    // The easiest way in counts.
    let graded = members.iter();
    let graded = graded.map(|one| grade(case, exempt, one, effort));
    let (grade, reason) = graded.min()?;
    let first = members.first()?;
    Some(Exemption {
        words,
        principal: first.principal.clone(),
        context: first.context.clone(),
        grade,
        reason,
    })
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
    if let Some(key) = tag {
        let carried = one.context.get(&format!("aws:principaltag/{key}"));
        if !matches!(carried, Some(Some(_))) {
            return alone("the tag only has to be left out");
        }
    }
    let by_arn = keys.contains(&"aws:principalarn");
    if let (Some(key), None, false) = (keys.first(), &tag, by_arn) {
        return alone(chosen(key));
    }
    let mut held = |ways: &[Way], tag: Option<&str>| {
        let subject = case.subject();
        let mut free = |way: &&Way| {
            let (levels, who) = (&case.levels, &one.who);
            !guarded(levels, &subject, exempt, who, way, tag, effort)
        };
        let free = ways.iter().find(&mut free)?;
        Some(free.join(" and "))
    };
    let (makes, tags): (&[Way], &[Way]) = match one.kind {
        Kind::Role | Kind::RoleInPath => (&OF_ROLES, &TAGS_ROLES),
        Kind::User | Kind::UserInPath => (&OF_USERS, &TAGS_USERS),
        Kind::Federated | Kind::Root => (&OF_FEDERATED, &TAGS_FEDERATED),
    };
    let free_tag = tag.map(|tag| held(tags, Some(tag)));
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

#[cfg(test)]
mod tests;
