//! The answers and what they rest on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::exits::PathId;
use crate::model::organization::AccountState;
use crate::model::{Gap, NodeId, PolicyId};

/// A statement of an SCP, and on which level of the account's chain it hangs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// Level, 0 is the root; see [`Standing::node`].
    pub level: usize,
    /// The SCP.
    pub policy: PolicyId,
    /// Its name: untrusted text.
    pub policy_name: String,
    /// Number of the statement within it, from one.
    pub number: usize,
    /// Its `Sid`: untrusted text.
    pub sid: Option<String>,
    /// Line of the policy's text.
    pub line: usize,
    /// Does it name the service whose action it decides, rather than everything?
    pub names_service: bool,
}

/// Why nothing gets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    /// This explicit deny binds every principal.
    Deny(StatementRef),
    /// These denies bind every principal only together; sorted. Empty: allows and conditions
    /// leave no request through.
    Together(Vec<StatementRef>),
    /// No SCP on this level allows the action: protection by absence, gone with the next edit.
    NoAllow {
        /// Level, 0 is the root.
        level: usize,
    },
}

/// Why no SCP binds at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoScps {
    /// The organization has consolidated billing only.
    ConsolidatedBilling,
    /// The SCP policy type is not enabled on the root.
    TypeNotEnabled,
}

/// Why everything gets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// There are no SCPs in force.
    NoScps(NoScps),
    /// No SCP denies it; these name the action but can never bind.
    NoGuard {
        /// Dead denies.
        dead: Vec<StatementRef>,
    },
}

/// What an undetermined answer hangs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hinge {
    /// A statement that applies to some requests only.
    Statement {
        /// Which.
        statement: StatementRef,
        /// On what, in words; contains policy text, which is untrusted.
        why: Vec<String>,
    },
    /// A policy whose text AWS would refuse, or that this version cannot read.
    BadPolicy {
        /// Which.
        policy: PolicyId,
        /// What is wrong, with line and column.
        problem: String,
    },
    /// A fact that could not be read.
    Gap(Gap),
    /// The SCP policy type is changing state, or in a state that this version does not know.
    TypeState(String),
    /// LeaveOrganization is denied, AcceptHandshake is not: AWS's pages disagree on
    /// whether that stops a direct transfer.
    PagesDisagree,
    /// `evaluate` refused the request that `prove` found.
    EnginesDisagree,
}

impl Hinge {
    /// Is this a fact that is missing, rather than a property of the policies?
    pub fn is_gap(&self) -> bool {
        matches!(self, Self::Gap(_))
    }
}

/// Blocked, open, open to some, or could not tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// No principal of the account, in any request context, gets through.
    Blocked(Block),
    /// Every principal gets through; a [`Witness`] has been confirmed by `evaluate`.
    Open(Opening),
    /// Some requests get through.
    Conditional {
        /// Who, each with a request that `evaluate` has confirmed; sorted, at least one.
        exemptions: Vec<Exemption>,
        /// The statements that apply to some requests only.
        hinges: Vec<Hinge>,
    },
    /// Neither could be shown. Sorted, at least one.
    Undetermined(Vec<Hinge>),
}

impl Answer {
    /// `blocked`, `conditional`, `open` or `undetermined`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Open(_) => "open",
            Self::Conditional { .. } => "conditional",
            Self::Undetermined(_) => "undetermined",
        }
    }

    /// Is it proved that nobody gets through?
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }
}

/// How hard it is to be among those whom a guard lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A member administrator can satisfy it alone: as good as open.
    SelfService,
    /// Only principals that exist, and SCPs keep all others from creating, changing or
    /// assuming one.
    Held,
}

impl Grade {
    /// `self-service` or `held`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelfService => "self-service",
            Self::Held => "held",
        }
    }
}

/// Whom a guard lets through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exemption {
    /// Who, in words that make a sentence: "any role", "whose ARN matches `…`".
    pub words: Vec<String>,
    /// A principal that gets through, of the account judged first among equals.
    pub principal: String,
    /// The context that it needs; `None`: absent.
    pub context: BTreeMap<String, Option<Vec<String>>>,
    /// How hard it is to be one of them.
    pub grade: Grade,
    /// Why that grade, in words.
    pub reason: String,
}

impl Exemption {
    /// "any role whose ARN matches `…`, from network 10.0.0.0/8"; holds policy text, which is
    /// untrusted.
    pub fn sentence(&self) -> String {
        match self.words.split_first() {
            Some((who, [])) => who.clone(),
            Some((who, facts)) => format!("{who} {}", facts.join(", ")),
            None => self.principal.clone(),
        }
    }
}

/// Why a deny never applies in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeverApplies {
    /// Its resource never matches.
    Resource,
    /// This condition, as written, never holds.
    Condition(String),
    /// This condition, as written, exempts the account or its place as a whole.
    CarvedOut(String),
}

impl std::fmt::Display for NeverApplies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Resource => f.write_str("its Resource never matches this action"),
            Self::Condition(text) => write!(f, "its condition {text} never holds"),
            Self::CarvedOut(text) => write!(f, "its condition {text} leaves the account out"),
        }
    }
}

/// What is to be said of a single deny that names the service, whatever the answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DenyNote {
    /// Which.
    pub statement: StatementRef,
    /// Why it never applies; `None` if it can.
    pub never: Option<NeverApplies>,
    /// Condition key and value: meant to exempt, but no request of the account ever has it.
    pub vacuous: Vec<(String, String)>,
}

/// The answer for one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The path.
    pub path: PathId,
    /// The answer.
    pub answer: Answer,
    /// Denies of the path's first action that never apply, or exempt nobody; sorted.
    pub notes: Vec<DenyNote>,
}

/// A request that gets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Who calls.
    pub principal: String,
    /// IAM action.
    pub action: &'static str,
    /// `*` or an ARN.
    pub resource: String,
}

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The management account: no SCP binds it, and it cannot leave.
    Management,
    /// Closed or suspended: listed, not counted.
    NotActing(AccountState),
    /// A member.
    Member {
        /// Root first, the account last; the root only, if its place is unknown.
        chain: Vec<NodeId>,
        /// One verdict for each path that members can take, shared between equal stacks.
        verdicts: Arc<Vec<Verdict>>,
    },
}

impl Standing {
    /// The verdict for a path; `None` for accounts that are not judged.
    pub fn verdict(&self, path: PathId) -> Option<&Answer> {
        match self {
            Self::Member { verdicts, .. } => verdicts
                .iter()
                .find(|verdict| verdict.path == path)
                .map(|verdict| &verdict.answer),
            Self::Management | Self::NotActing(_) => None,
        }
    }

    /// Single denies of a path's action of which something is to be said.
    pub fn notes(&self, path: PathId) -> &[DenyNote] {
        match self {
            Self::Member { verdicts, .. } => verdicts
                .iter()
                .find(|verdict| verdict.path == path)
                .map(|verdict| verdict.notes.as_slice())
                .unwrap_or_default(),
            Self::Management | Self::NotActing(_) => &[],
        }
    }

    /// The node at a level of the account's chain.
    pub fn node(&self, level: usize) -> Option<&NodeId> {
        match self {
            Self::Member { chain, .. } => chain.get(level),
            Self::Management | Self::NotActing(_) => None,
        }
    }

    /// The word for a path: the verdict's, or why there is none.
    pub fn word(&self, path: PathId) -> &'static str {
        match self {
            Self::Management => "outside-scps",
            Self::NotActing(_) => "not-acting",
            Self::Member { .. } => self.verdict(path).map_or("undetermined", Answer::word),
        }
    }
}
