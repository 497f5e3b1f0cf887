//! A stack of SCPs with the words for its parts, and whose requests it is asked about.

use std::collections::BTreeMap;

use crate::model::organization::Account;
use crate::model::{
    AccountId, NodeId, Observed, OrganizationId, Partition, PolicyId, Snapshot, Timestamp,
};
use crate::prove::{Level, StatementAt, Subject};
use crate::scp::{Dialect, Document, Pattern, Statement, Version, parse};
use crate::verdict::{Hanging, hanging};

/// One SCP.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How it is called in sentences; may hold untrusted text.
    pub label: String,
    /// What it says.
    pub document: Document,
}

/// The SCPs of one level.
#[derive(Debug, Clone, Default)]
pub struct Tier {
    /// How the level is called in sentences; may hold untrusted text.
    pub label: String,
    /// What hangs there.
    pub policies: Vec<Policy>,
    /// What could not be read there.
    pub missing: Missing,
}

/// Why a level may hold more than is known.
#[derive(Debug, Clone, Default)]
pub struct Missing {
    /// Reasons why a deny cannot be ruled out.
    pub denies: Vec<String>,
    /// Reasons why an allow cannot be ruled out.
    pub allows: Vec<String>,
}

/// Levels from the root down to the account.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Root first.
    pub tiers: Vec<Tier>,
}

/// Whose requests are meant, and when.
#[derive(Debug, Clone)]
pub struct Whose {
    /// Partition of the account.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// Its organization, if it is known.
    pub organization: Option<OrganizationId>,
    /// Root first, its parent last, if its place is known.
    pub parents: Option<Vec<NodeId>>,
    /// Requests are made now or later.
    pub now: Timestamp,
}

impl Whose {
    /// An account of a snapshot.
    pub fn account(snapshot: &Snapshot, account: &Account) -> Self {
        let organization = snapshot.organization.known();
        Self {
            partition: snapshot.caller.partition,
            account: account.id.clone(),
            organization: organization.map(|organization| organization.id.clone()),
            parents: account.parents.known().cloned(),
            now: snapshot.taken_at,
        }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            partition: self.partition,
            account: &self.account,
            organization: self.organization.as_ref(),
            parents: self.parents.as_deref(),
            now: self.now,
        }
    }
}

impl Stack {
    /// What binds an account of a snapshot.
    pub fn of_account(snapshot: &Snapshot, account: &Account) -> Self {
        let chain = snapshot.known_chain(account);
        let mut tiers: Vec<Tier> = hanging(snapshot, &chain)
            .iter()
            .map(|hanging| tier(snapshot, hanging))
            .collect();
        if let Observed::Unknown(gap) = &account.parents {
            let reason = vec![gap.to_string()];
            tiers.push(Tier {
                label: "the account's unknown place".to_owned(),
                policies: Vec::new(),
                missing: Missing {
                    denies: reason.clone(),
                    allows: reason,
                },
            });
        }
        Self { tiers }
    }

    /// One level at which everything is allowed: for accounts that no SCP binds.
    pub fn unbound() -> Self {
        let label = "no SCP".to_owned();
        Self {
            tiers: vec![Tier {
                label: label.clone(),
                policies: vec![Policy {
                    label,
                    document: Document::full_aws_access(),
                }],
                missing: Missing::default(),
            }],
        }
    }

    /// A stack of which nothing is known, for this reason.
    pub fn unknown(reason: &str) -> Self {
        Self {
            tiers: vec![Tier {
                label: "the account's SCPs".to_owned(),
                policies: Vec::new(),
                missing: Missing {
                    denies: vec![reason.to_owned()],
                    allows: vec![reason.to_owned()],
                },
            }],
        }
    }

    /// Without the levels of which nothing is known, everything allowed at those of which a part
    /// is missing: a verdict that was reached without them holds whatever hangs there.
    pub(super) fn known(mut self) -> Self {
        self.tiers
            .retain(|tier| tier.missing.allows.is_empty() || !tier.policies.is_empty());
        for tier in &mut self.tiers {
            if !tier.missing.allows.is_empty() {
                tier.policies.push(Policy {
                    label: "what is not known".to_owned(),
                    document: Document::full_aws_access(),
                });
            }
        }
        self
    }

    /// A stack of raw texts.
    ///
    /// # Errors
    /// Every fault that AWS would refuse, with level, document, line and column.
    pub fn of_texts(levels: &[Vec<String>]) -> Result<Self, String> {
        let mut problems = Vec::new();
        let mut tiers = Vec::new();
        for (level, texts) in levels.iter().enumerate() {
            let label = match level {
                0 => "level 1 (the root)".to_owned(),
                _ if level + 1 == levels.len() => format!("level {} (the account)", level + 1),
                _ => format!("level {}", level + 1),
            };
            let mut policies = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                match parse(text, Dialect::Scp) {
                    Ok(document) => policies.push(Policy {
                        label: format!("policy {}", number + 1),
                        document,
                    }),
                    Err(error) => {
                        problems.push(format!("{label}, policy {}: {error}", number + 1));
                    }
                }
            }
            tiers.push(Tier {
                label,
                policies,
                missing: Missing::default(),
            });
        }
        if problems.is_empty() {
            Ok(Self { tiers })
        } else {
            Err(problems.join("; "))
        }
    }

    /// Documents by level, as `evaluate` takes them.
    pub(super) fn concrete(&self) -> Vec<Vec<&Document>> {
        self.tiers
            .iter()
            .map(|tier| tier.policies.iter().map(|one| &one.document).collect())
            .collect()
    }

    /// Every statement with its place; a policy's handle is its index in its level.
    pub(super) fn statements(
        &self,
    ) -> impl Iterator<Item = (StatementAt, &Policy, &Statement)> + '_ {
        self.tiers.iter().enumerate().flat_map(|(level, tier)| {
            let policies = tier.policies.iter().enumerate();
            policies.flat_map(move |(handle, policy)| {
                let statements = policy.document.statements.iter().enumerate();
                statements.map(move |(index, statement)| {
                    let at = StatementAt {
                        level,
                        policy: handle,
                        statement: index,
                    };
                    (at, policy, statement)
                })
            })
        })
    }

    /// Every condition key that the stack names, in conditions or as a variable: in lower case,
    /// and as first spelled.
    pub fn keys(&self) -> BTreeMap<String, String> {
        let mut keys = BTreeMap::new();
        let mut name = |key: &str| {
            keys.entry(key.to_ascii_lowercase())
                .or_insert_with(|| key.to_owned());
        };
        for (_, policy, statement) in self.statements() {
            let conditions = &statement.conditions;
            for condition in conditions {
                name(&condition.key);
            }
            if policy.document.version != Version::V2012 {
                continue;
            }
            let patterns = statement.resources.patterns.iter();
            let values = conditions.iter().flat_map(|condition| &condition.values);
            let texts = patterns
                .map(Pattern::as_str)
                .chain(values.map(String::as_str));
            texts.flat_map(variables).for_each(&mut name);
        }
        keys
    }

    /// "statement 2 `Sid` of SCP `name` (p-…) on root r-…, line 7".
    pub(super) fn label(&self, at: StatementAt) -> String {
        let tier = self.tiers.get(at.level);
        let policy = tier.and_then(|tier| tier.policies.get(at.policy));
        let statement = policy.and_then(|one| one.document.statements.get(at.statement));
        let sid = statement.and_then(|one| one.sid.as_ref());
        format!(
            "statement {}{} of {} at {}, line {}",
            at.statement + 1,
            sid.map(|sid| format!(" `{sid}`")).unwrap_or_default(),
            policy.map_or("", |policy| policy.label.as_str()),
            tier.map_or("", |tier| tier.label.as_str()),
            statement.map_or(1, |one| one.at.line),
        )
    }
}

/// The keys of the policy variables in a text; `${*}`, `${?}` and `${$}` are none
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let name = rest.split(['}', ',']).next()?.trim();
        (!["*", "?", "$"].contains(&name)).then_some(name)
    })
}

/// Levels as `prove` takes them, of documents that stand in for the stack's own.
pub(super) fn levels(documents: &[Vec<Document>]) -> Vec<Level<'_>> {
    documents.iter().map(Level::complete).collect()
}

fn tier(snapshot: &Snapshot, hanging: &Hanging) -> Tier {
    let reasons = |gaps: &[crate::model::Gap]| {
        let bad = hanging
            .bad
            .iter()
            .map(|(id, problem)| format!("SCP {id} is not valid: {problem}"));
        gaps.iter().map(ToString::to_string).chain(bad).collect()
    };
    let policies = hanging.policies.iter().filter_map(|id| {
        Some(Policy {
            label: policy_label(snapshot, id),
            document: document(snapshot, id)?,
        })
    });
    Tier {
        label: snapshot.called(&hanging.node),
        policies: policies.collect(),
        missing: Missing {
            denies: reasons(&hanging.denies_missing),
            allows: reasons(&hanging.allows_missing),
        },
    }
}

fn policy_label(snapshot: &Snapshot, id: &PolicyId) -> String {
    match snapshot.policies.get(id) {
        Some(policy) => format!("SCP `{}` ({id})", policy.name),
        None => format!("SCP {id}"),
    }
}

/// The document of an SCP; that of `FullAWSAccess` is documented and need not have been read.
pub(super) fn document(snapshot: &Snapshot, id: &PolicyId) -> Option<Document> {
    let policy = snapshot.policies.get(id)?;
    match policy.content.known() {
        Some(text) => parse(text, Dialect::Scp).ok(),
        None => id.is_full_aws_access().then(Document::full_aws_access),
    }
}
