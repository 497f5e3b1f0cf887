//! CloudTrail events that tell of exits, attempts, weakened guards and what comes before.
//!
//! Where AWS logs each: the member's own calls in the member only, the rest in
//! the management account, all of Organizations in one region of the partition
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>).

use std::collections::BTreeSet;

/// What an event means for the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// An account is gone.
    Departure,
    /// An account came.
    Joining,
    /// A member tried to get out.
    MemberAttempt,
    /// The management account put a member out, or tried to.
    Expulsion,
    /// The organization is gone, or somebody tried to delete it.
    Deletion,
    /// A guard was weakened, or somebody tried to.
    GuardChange,
    /// A guard was put in place.
    GuardRestored,
    /// The root user of an account changed hands, or somebody tried: who holds it decides about
    /// invitations and recovery.
    Precursor,
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSpec {
    /// `eventName`.
    pub name: &'static str,
    /// `eventSource`.
    pub source: &'static str,
    /// Its meaning.
    pub kind: EventKind,
    /// Is it logged in the acting member only, so that the management account's
    /// own history cannot show it?
    pub in_member: bool,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
}

const ORGANIZATIONS: &str = "organizations.amazonaws.com";
/// Closing an account from its own Account page, and primary e-mail addresses. The former is an
/// action without an API; AWS documents no record of it, so name and source are expected ones.
const ACCOUNT: &str = "account.amazonaws.com";
/// Central root access.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-assume-root.html>
const IAM: &str = "iam.amazonaws.com";
/// What root users do on the sign-in page.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-event-reference-aws-console-sign-in-events.html>
const SIGN_IN: &str = "signin.amazonaws.com";

const EXIT: &[&str] = &["T1666", "T1666.A002"];
const WEAKENED: &[&str] = &["T1666", "T1484"];
const TAKEN_OVER: &[&str] = &["T1098"];

use EventKind::{
    Deletion, Departure, Expulsion, GuardChange, GuardRestored, Joining, MemberAttempt, Precursor,
};

/// Logged in the management account, or a delegated administrator.
const fn managed(
    source: &'static str,
    name: &'static str,
    kind: EventKind,
    attack: &'static [&'static str],
) -> EventSpec {
    EventSpec {
        name,
        source,
        kind,
        in_member: false,
        attack,
    }
}

/// Logged in the member that it concerns.
const fn of_member(
    source: &'static str,
    name: &'static str,
    kind: EventKind,
    attack: &'static [&'static str],
) -> EventSpec {
    EventSpec {
        in_member: true,
        ..managed(source, name, kind, attack)
    }
}

/// Every event that is looked for.
pub const EVENTS: &[EventSpec] = &[
    managed(
        ORGANIZATIONS,
        "AccountDepartedOrganization",
        Departure,
        &["T1666"],
    ),
    managed(
        ORGANIZATIONS,
        "AccountJoinedOrganization",
        Joining,
        &["T1666"],
    ),
    of_member(ORGANIZATIONS, "LeaveOrganization", MemberAttempt, EXIT),
    of_member(ORGANIZATIONS, "AcceptHandshake", MemberAttempt, EXIT),
    of_member(ACCOUNT, "CloseAccount", MemberAttempt, &["T1531"]),
    managed(
        ORGANIZATIONS,
        "RemoveAccountFromOrganization",
        Expulsion,
        &["T1666"],
    ),
    managed(ORGANIZATIONS, "CloseAccount", Expulsion, &["T1531"]),
    managed(ORGANIZATIONS, "CloseAccountResult", Expulsion, &["T1531"]),
    managed(ORGANIZATIONS, "DeleteOrganization", Deletion, &["T1666"]),
    managed(ORGANIZATIONS, "DetachPolicy", GuardChange, WEAKENED),
    managed(ORGANIZATIONS, "UpdatePolicy", GuardChange, WEAKENED),
    managed(ORGANIZATIONS, "DeletePolicy", GuardChange, WEAKENED),
    managed(ORGANIZATIONS, "DisablePolicyType", GuardChange, WEAKENED),
    managed(ORGANIZATIONS, "MoveAccount", GuardChange, &["T1666"]),
    managed(
        ORGANIZATIONS,
        "PutResourcePolicy",
        GuardChange,
        &["T1666", "T1098"],
    ),
    managed(
        ORGANIZATIONS,
        "DeleteResourcePolicy",
        GuardChange,
        &["T1666"],
    ),
    managed(
        ORGANIZATIONS,
        "DeregisterDelegatedAdministrator",
        GuardChange,
        &["T1666"],
    ),
    managed(
        IAM,
        "DisableOrganizationsRootCredentialsManagement",
        GuardChange,
        TAKEN_OVER,
    ),
    managed(
        IAM,
        "DisableOrganizationsRootSessions",
        GuardChange,
        TAKEN_OVER,
    ),
    managed(ORGANIZATIONS, "AttachPolicy", GuardRestored, &[]),
    managed(ORGANIZATIONS, "EnablePolicyType", GuardRestored, &[]),
    managed(ACCOUNT, "StartPrimaryEmailUpdate", Precursor, TAKEN_OVER),
    managed(ACCOUNT, "AcceptPrimaryEmailUpdate", Precursor, TAKEN_OVER),
    of_member(SIGN_IN, "EmailUpdated", Precursor, TAKEN_OVER),
    of_member(SIGN_IN, "PasswordRecoveryRequested", Precursor, TAKEN_OVER),
    of_member(SIGN_IN, "PasswordRecoveryCompleted", Precursor, TAKEN_OVER),
];

/// The entry of an event, if it is one that matters.
pub fn event(source: &str, name: &str) -> Option<&'static EventSpec> {
    EVENTS
        .iter()
        .find(|spec| spec.name == name && spec.source == source)
}

/// Every name that is looked up, once, in the order of [`EVENTS`].
pub fn event_names() -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    let names = EVENTS.iter().map(|spec| spec.name);
    names.filter(|name| seen.insert(*name)).collect()
}

/// Names of the events that only the history of the acting member shows.
pub fn member_event_names() -> Vec<&'static str> {
    let own = EVENTS.iter().filter(|spec| spec.in_member);
    own.map(|spec| spec.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_listed_once_and_found_by_source_and_name() {
        let pairs: BTreeSet<_> = EVENTS.iter().map(|spec| (spec.source, spec.name)).collect();
        assert_eq!(pairs.len(), EVENTS.len());
        for spec in EVENTS {
            assert_eq!(event(spec.source, spec.name), Some(spec));
        }
        assert_eq!(event(IAM, "LeaveOrganization"), None);
        assert_eq!(
            event_names().len(),
            EVENTS.len() - 1,
            "CloseAccount has two"
        );
    }
}
