//! The entries. Each AWS behaviour stands next to its page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names an exit path; in JSON and on the command line in kebab-case.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PathId {
    /// `LeaveOrganization`.
    Leave,
    /// `AcceptHandshake` of another organization's invitation.
    DirectTransfer,
    /// `account:CloseAccount` by the root user.
    SelfClosure,
    /// `RemoveAccountFromOrganization` by the management account.
    Removal,
    /// `organizations:CloseAccount` by the management account.
    ManagedClosure,
    /// `DeleteOrganization`.
    Deletion,
}

impl PathId {
    /// The id as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::DirectTransfer => "direct-transfer",
            Self::SelfClosure => "self-closure",
            Self::Removal => "removal",
            Self::ManagedClosure => "managed-closure",
            Self::Deletion => "deletion",
        }
    }
}

impl std::fmt::Display for PathId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who can take a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Any principal of the member account, its root user included.
    Member,
    /// Only the member account's root user, signed in.
    MemberRoot,
    /// Principals of the management account, which no SCP binds.
    Management,
}

/// What the action's requests name as their resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceShape {
    /// The action has no resource types: only `"*"` in a statement names it.
    ///
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html>
    None,
    /// `arn:PARTITION:organizations::ACCOUNT:handshake/o-…/invite/h-…` of the inviter.
    Handshake,
    /// `arn:PARTITION:account::ACCOUNT:account`.
    Account,
}

/// An IAM action that must be allowed for the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// `service:Action`.
    pub name: &'static str,
    /// Its resource.
    pub resource: ResourceShape,
}

/// Which statement of the guard closes a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardStatement {
    /// Statement 1: leaving and being taken over.
    Exit,
    /// Statement 2: closing oneself.
    SelfClosure,
}

/// One way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitPath {
    /// Which.
    pub id: PathId,
    /// A few words.
    pub title: &'static str,
    /// What happens, and under which conditions.
    pub summary: &'static str,
    /// Who.
    pub actor: Actor,
    /// All of them must be allowed.
    pub actions: &'static [ActionSpec],
    /// The guard's answer; `None` for paths outside SCPs.
    pub guard: Option<GuardStatement>,
    /// ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// AWS pages.
    pub references: &'static [&'static str],
}

impl ExitPath {
    /// The paths that a principal of a member account can take, so that SCPs decide.
    pub fn of_members() -> impl Iterator<Item = &'static Self> {
        PATHS
            .into_iter()
            .filter(|path| path.actor != Actor::Management)
    }
}

const LEAVE: ActionSpec = ActionSpec {
    name: "organizations:LeaveOrganization",
    resource: ResourceShape::None,
};
const ACCEPT: ActionSpec = ActionSpec {
    name: "organizations:AcceptHandshake",
    resource: ResourceShape::Handshake,
};
const CLOSE: ActionSpec = ActionSpec {
    name: "account:CloseAccount",
    resource: ResourceShape::Account,
};

static LEAVE_PATH: ExitPath = ExitPath {
    id: PathId::Leave,
    title: "leave the organization",
    summary: "The account becomes standalone. It needs its own payment method, contact data and \
              support plan, and may not be a delegated administrator; accounts created in the \
              organization wait four days.",
    actor: Actor::Member,
    actions: &[LEAVE],
    guard: Some(GuardStatement::Exit),
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_leave-as-member.html",
    ],
};

static DIRECT_TRANSFER: ExitPath = ExitPath {
    id: PathId::DirectTransfer,
    title: "accept another organization's invitation",
    summary: "Since November 2025 the account moves straight into the inviting organization: no \
              standalone step, no payment method. AWS's authorization reference asks for both \
              AcceptHandshake and LeaveOrganization; two other AWS pages say that the latter is \
              not needed.",
    actor: Actor::Member,
    actions: &[ACCEPT, LEAVE],
    guard: Some(GuardStatement::Exit),
    attack: &["T1666", "T1666.A002"],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_organizations.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_account_migration.html",
    ],
};

static SELF_CLOSURE: ExitPath = ExitPath {
    id: PathId::SelfClosure,
    title: "close the account from inside",
    summary: "The root user closes the account on its Account page. It stays in the organization \
              for 90 days as CLOSED and then departs.",
    actor: Actor::MemberRoot,
    actions: &[CLOSE],
    guard: Some(GuardStatement::SelfClosure),
    attack: &["T1531"],
    references: &[
        "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_security_default_controls.html",
    ],
};

static REMOVAL: ExitPath = ExitPath {
    id: PathId::Removal,
    title: "be removed by the management account",
    summary: "RemoveAccountFromOrganization makes the member standalone. Not delegable; no SCP \
              binds the management account: protect it by IAM policies there.",
    actor: Actor::Management,
    actions: &[ActionSpec {
        name: "organizations:RemoveAccountFromOrganization",
        resource: ResourceShape::Account,
    }],
    guard: None,
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_remove.html",
    ],
};

static MANAGED_CLOSURE: ExitPath = ExitPath {
    id: PathId::ManagedClosure,
    title: "be closed by the management account",
    summary: "CloseAccount of the Organizations API; the account departs as CLEANED after 90 days.",
    actor: Actor::Management,
    actions: &[ActionSpec {
        name: "organizations:CloseAccount",
        resource: ResourceShape::Account,
    }],
    guard: None,
    attack: &["T1531"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_account_close_policy.html",
    ],
};

static DELETION: ExitPath = ExitPath {
    id: PathId::Deletion,
    title: "the organization is deleted",
    summary: "DeleteOrganization, possible once no member is left.",
    actor: Actor::Management,
    actions: &[ActionSpec {
        name: "organizations:DeleteOrganization",
        resource: ResourceShape::None,
    }],
    guard: None,
    attack: &["T1666"],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DeleteOrganization.html",
    ],
};

/// Every way out, members' paths first.
pub static PATHS: [&ExitPath; 6] = [
    &LEAVE_PATH,
    &DIRECT_TRANSFER,
    &SELF_CLOSURE,
    &REMOVAL,
    &MANAGED_CLOSURE,
    &DELETION,
];

/// The entry of a path.
pub fn path(id: PathId) -> &'static ExitPath {
    match id {
        PathId::Leave => &LEAVE_PATH,
        PathId::DirectTransfer => &DIRECT_TRANSFER,
        PathId::SelfClosure => &SELF_CLOSURE,
        PathId::Removal => &REMOVAL,
        PathId::ManagedClosure => &MANAGED_CLOSURE,
        PathId::Deletion => &DELETION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_its_entry() {
        use PathId::{Deletion, DirectTransfer, Leave, ManagedClosure, Removal, SelfClosure};
        let all = [
            Leave,
            DirectTransfer,
            SelfClosure,
            Removal,
            ManagedClosure,
            Deletion,
        ];
        assert_eq!(all.len(), PATHS.len());
        for id in all {
            assert_eq!(path(id).id, id);
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("\"{id}\""));
        }
    }

    #[test]
    fn scps_guard_exactly_the_members_paths() {
        for path in PATHS {
            assert_eq!(
                path.guard.is_some(),
                path.actor != Actor::Management,
                "{}",
                path.id
            );
            assert!(!path.attack.is_empty() && !path.references.is_empty());
        }
    }
}
