//! The responder: the one role in a returning account that its quarantine lets through. Is it there,
//! since when, and whom does it trust?

use std::collections::BTreeSet;

use serde_json::Value;

use super::way_back::Returning;
use crate::model::{AccountId, Snapshot, Timestamp};
use crate::trail::departure;

/// A role as it was found in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponderRole {
    /// Its ARN, with its path.
    pub arn: String,
    /// When it was made; `None`: not known.
    pub created_at: Option<Timestamp>,
    /// The text of its trust policy; `None`: not known. Untrusted text.
    pub trust: Option<String>,
}

/// What looking for the responder told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Responder {
    /// It is there.
    Found(ResponderRole),
    /// There is no role of that name.
    Missing,
    /// It could not be looked for, for this reason.
    Unread(String),
}

/// The responder that a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trusted {
    /// Its ARN.
    pub(super) arn: String,
    /// Since when it is there and whom it trusts, in words: partly untrusted text.
    pub(super) told: String,
    /// Was it looked at? Otherwise its risk was accepted.
    pub(super) seen: bool,
}

/// The responder of a returning account, if nothing speaks against it or its risk is accepted.
///
/// # Errors
/// Why nothing is begun, in words.
pub(super) fn responder(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    name: &str,
) -> Result<Trusted, String> {
    let named = format!("arn:{}:iam::{account}:role/{name}", now.caller.partition);
    let (arn, told, risks, seen) = match wishes.responders.get(account) {
        Some(Responder::Missing) => {
            return Err(format!(
                "there is no role `{name}` in account {account}, so its quarantine would let nobody through: make the role, \
                 or name another with --break-glass-role"
            ));
        }
        Some(Responder::Found(role)) => {
            let risks = risks(now, wishes, account, role);
            (role.arn.clone(), told(role), risks, true)
        }
        unread => {
            let why = match unread {
                Some(Responder::Unread(why)) => why.as_str(),
                _ => "no role to look through was named: add --member-role NAME",
            };
            let risk = format!("whether it is there could not be told: {why}");
            (named, "not looked at".to_owned(), vec![risk], false)
        }
    };
    if risks.is_empty() || wishes.accept_role_risk {
        return Ok(Trusted { arn, told, seen });
    }
    Err(format!(
        "role `{name}`, which the quarantine would let through, may be an intruder's: {}; name another role, or add \
         --accept-role-risk",
        risks.join("; ")
    ))
}

fn told(role: &ResponderRole) -> String {
    let made = role
        .created_at
        .map_or_else(|| "at an unknown time".to_owned(), |time| time.to_string());
    let trusts = match role.trust.as_deref().map(principals) {
        Some(Some(principals)) if !principals.is_empty() => {
            principals.into_iter().collect::<Vec<_>>().join(", ")
        }
        Some(Some(_)) => "nobody".to_owned(),
        _ => "whom is not known".to_owned(),
    };
    format!("made {made}, trusts {trusts}")
}

/// What speaks against the role.
fn risks(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
    role: &ResponderRole,
) -> Vec<String> {
    let mut risks = Vec::new();
    let incident = incident(now, wishes, account);
    match (role.created_at, incident) {
        (Some(made), Some((time, what))) if made > time => {
            risks.push(format!("it was made on {made}, after {what} on {time}"));
        }
        (Some(_), Some(_)) => {}
        _ => risks.push("whether it is older than the incident is not known".to_owned()),
    }
    match role.trust.as_deref().map(principals) {
        Some(Some(principals)) => {
            let strangers = principals
                .iter()
                .filter(|one| !is_ours(now, account, one))
                .map(String::as_str);
            let strangers: Vec<&str> = strangers.collect();
            if !strangers.is_empty() {
                risks.push(format!("it trusts {}", strangers.join(", ")));
            }
        }
        _ => risks.push("whom it trusts could not be told".to_owned()),
    }
    risks
}

/// The latest time at which the account was known to be ours still: the baseline, or its first
/// departure. That it joined again tells nothing of when it left.
fn incident(
    now: &Snapshot,
    wishes: &Returning,
    account: &AccountId,
) -> Option<(Timestamp, &'static str)> {
    let baseline = wishes.baseline.as_deref();
    let baseline = baseline.map(|then| (then.taken_at, "the baseline was taken"));
    let departures = now.events.records.iter().filter(|record| {
        departure(record).is_some_and(|departure| departure.account.as_ref() == Some(account))
    });
    let departed = departures.map(|record| (record.time, "the account departed"));
    baseline.into_iter().chain(departed).min()
}

/// Whom a trust policy lets in; `None`: it is not understood.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn principals(trust: &str) -> Option<BTreeSet<String>> {
    let document: Value = serde_json::from_str(trust).ok()?;
    let statements = match document.get("Statement")? {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let mut found = BTreeSet::new();
    for statement in statements {
        if statement.get("Effect")?.as_str()? == "Deny" {
            continue;
        }
        match statement.get("Principal")? {
            Value::String(anybody) => {
                found.insert(anybody.clone());
            }
            Value::Object(kinds) => {
                for values in kinds.values() {
                    match values {
                        Value::String(one) => {
                            found.insert(one.clone());
                        }
                        Value::Array(all) => {
                            for one in all {
                                found.insert(one.as_str()?.to_owned());
                            }
                        }
                        _ => return None,
                    }
                }
            }
            _ => return None,
        }
    }
    Some(found)
}

/// Is it the management account, or another member of the organization? Whoever held the account
/// can be every principal of its own, and every service and identity provider in it.
fn is_ours(now: &Snapshot, account: &AccountId, principal: &str) -> bool {
    let of = principal.split(':').nth(4).unwrap_or(principal);
    let Ok(of) = of.parse::<AccountId>() else {
        return false;
    };
    if of == *account {
        return false;
    }
    let manages = now.organization.known();
    manages.is_some_and(|organization| organization.management_account == of)
        || now
            .accounts
            .known()
            .is_some_and(|accounts| accounts.contains_key(&of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_of_a_trust_policy_are_all_read_or_none() {
        let read = |trust: &str| principals(trust).map(|all| all.into_iter().collect::<Vec<_>>());
        let one = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","222222222222"],"Service":"ec2.amazonaws.com"}}}"#;
        assert_eq!(
            read(one).unwrap(),
            [
                "222222222222",
                "arn:aws:iam::111111111111:root",
                "ec2.amazonaws.com"
            ]
        );
        let anybody = r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#;
        assert_eq!(read(anybody).unwrap(), ["*"]);
        for odd in [
            "",
            "[]",
            r#"{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"111111111111"}}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":{"odd":1}}}]}"#,
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
