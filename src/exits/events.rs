//! CloudTrail events that tell of exits, attempts and weakened guards.
//!
//! Where AWS logs each: the member's own calls in the member only, the rest in
//! the management account
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>).

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
    /// A guard was weakened, or somebody tried to.
    GuardChange,
}

/// One event name.
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

const fn spec(
    name: &'static str,
    kind: EventKind,
    in_member: bool,
    attack: &'static [&'static str],
) -> EventSpec {
    EventSpec {
        name,
        source: ORGANIZATIONS,
        kind,
        in_member,
        attack,
    }
}

use EventKind::{Departure, Expulsion, GuardChange, Joining, MemberAttempt};

/// Every event that is looked up.
pub const EVENTS: &[EventSpec] = &[
    spec("AccountDepartedOrganization", Departure, false, &["T1666"]),
    spec("AccountJoinedOrganization", Joining, false, &["T1666"]),
    spec(
        "LeaveOrganization",
        MemberAttempt,
        true,
        &["T1666", "T1666.A002"],
    ),
    spec(
        "AcceptHandshake",
        MemberAttempt,
        true,
        &["T1666", "T1666.A002"],
    ),
    spec(
        "RemoveAccountFromOrganization",
        Expulsion,
        false,
        &["T1666"],
    ),
    spec("CloseAccount", Expulsion, false, &["T1531"]),
    spec("DetachPolicy", GuardChange, false, &["T1666", "T1484"]),
    spec("UpdatePolicy", GuardChange, false, &["T1666", "T1484"]),
    spec("DeletePolicy", GuardChange, false, &["T1666", "T1484"]),
    spec("DisablePolicyType", GuardChange, false, &["T1666", "T1484"]),
    spec("MoveAccount", GuardChange, false, &["T1666"]),
    spec("PutResourcePolicy", GuardChange, false, &["T1666", "T1098"]),
    spec(
        "DeregisterDelegatedAdministrator",
        GuardChange,
        false,
        &["T1666"],
    ),
];

/// The entry of an event name, if it is one that matters.
pub fn event(name: &str) -> Option<&'static EventSpec> {
    EVENTS.iter().find(|spec| spec.name == name)
}
