//! What a question fixes: a principal, a resource, context keys. The stack that is left.

use std::collections::BTreeMap;

use super::request::{Context, kind_of, present};
use super::stack::{Stack, Whose, variables};
use crate::evaluate::{Request, Resource, applies};
use crate::prove::Kind;
use crate::scp::{Condition, Document, Operator, Pattern, PatternList, Statement, Version};

/// What of the request is fixed; everything else is left open.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// `aws:PrincipalArn`.
    pub principal: Option<String>,
    /// `*` or an ARN.
    pub resource: Option<String>,
    /// Context keys in lower case; `None`: absent.
    pub context: BTreeMap<String, Option<Vec<String>>>,
}

/// A principal that the question cannot be about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It is a session, whose key holds the role's ARN instead.
    #[error(
        "`{0}` is a role session; aws:PrincipalArn holds the ARN of its role, so name that one"
    )]
    Session(String),
    /// It is no root user, user, role or federated user.
    #[error("`{0}` is not the ARN of a root user, user, role or federated user")]
    Unknown(String),
    /// It belongs to another account.
    #[error("`{principal}` is not a principal of account {account}, whose SCPs are asked about")]
    Stranger {
        /// The principal.
        principal: String,
        /// The account.
        account: String,
    },
}

impl Pins {
    /// Can the principal be one of the account?
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(&self, whose: &Whose) -> Result<(), PinError> {
        let Some(arn) = &self.principal else {
            return Ok(());
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        if parts
            .get(5)
            .is_some_and(|tail| tail.starts_with("assumed-role/"))
        {
            return Err(PinError::Session(arn.clone()));
        }
        let known = parts.first() == Some(&"arn") && kind_of(arn).is_some();
        if !known {
            return Err(PinError::Unknown(arn.clone()));
        }
        let own = parts.get(4) == Some(&whose.account.as_str())
            && parts.get(1) == Some(&whose.partition.name());
        if own {
            Ok(())
        } else {
            Err(PinError::Stranger {
                principal: arn.clone(),
                account: whose.account.to_string(),
            })
        }
    }

    /// A service-linked role, which no SCP binds
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>).
    pub(super) fn is_service_linked(&self) -> bool {
        let arn = self.principal.as_deref().unwrap_or_default();
        arn.contains(":role/aws-service-role/")
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        match self.principal.as_deref().and_then(kind_of) {
            Some(kind) => vec![kind],
            None => Kind::ALL.to_vec(),
        }
    }

    /// Every pinned key, those included that follow from the principal.
    pub(super) fn keys(&self, whose: &Whose) -> Context {
        let mut keys = BTreeMap::new();
        if let Some(arn) = &self.principal {
            for key in ["aws:principalarn", "aws:principaltype", "aws:username"] {
                keys.insert(key.to_owned(), present(key, arn, whose));
            }
        }
        keys.extend(self.context.clone());
        keys
    }

    /// The documents with every condition and resource decided that the pins decide, and for
    /// each the index that a statement had before.
    pub(super) fn residue(
        &self,
        stack: &Stack,
        action: &str,
        whose: &Whose,
    ) -> (Vec<Vec<Document>>, Vec<Vec<Vec<usize>>>) {
        let keys = self.keys(whose);
        let resource = match self.resource.as_deref() {
            None | Some("*") => Resource::Any,
            Some(arn) => Resource::Arn(arn.to_owned()),
        };
        let mut request = Request::new(action, resource);
        for (key, values) in &keys {
            if let Some(values) = values {
                request = request.with_all(key, values.clone());
            }
        }
        let mut documents = Vec::new();
        let mut numbers = Vec::new();
        for tier in &stack.tiers {
            let left = tier.policies.iter().map(|policy| {
                let version = policy.document.version;
                let statements = policy.document.statements.iter().enumerate();
                let left = statements.filter_map(|(number, statement)| {
                    let left = self.left(statement, version, &keys, &request)?;
                    Some((number, left))
                });
                let (numbers, statements): (Vec<usize>, Vec<Statement>) = left.unzip();
                (
                    Document {
                        version,
                        statements,
                    },
                    numbers,
                )
            });
            let (level, level_numbers): (Vec<Document>, Vec<Vec<usize>>) = left.unzip();
            documents.push(level);
            numbers.push(level_numbers);
        }
        (documents, numbers)
    }

    /// What is left of a statement; `None` if the pins keep it from applying.
    fn left(
        &self,
        statement: &Statement,
        version: Version,
        keys: &Context,
        request: &Request,
    ) -> Option<Statement> {
        let mut left = statement.clone();
        if self.resource.is_some() {
            let bare = only(statement, Vec::new());
            if applies(&bare, version, request) {
                left.resources = everything();
            } else if statement_names(statement, request) {
                return None;
            }
        }
        left.conditions.clear();
        for condition in &statement.conditions {
            if !decided(condition, keys) {
                left.conditions.push(condition.clone());
                continue;
            }
            let mut alone = only(statement, vec![condition.clone()]);
            alone.actions = everything();
            alone.resources = everything();
            if !applies(&alone, version, request) {
                return None;
            }
        }
        Some(left)
    }
}

fn statement_names(statement: &Statement, request: &Request) -> bool {
    let mut any = only(statement, Vec::new());
    any.resources = everything();
    applies(&any, Version::V2012, request)
}

fn only(statement: &Statement, conditions: Vec<Condition>) -> Statement {
    Statement {
        conditions,
        ..statement.clone()
    }
}

fn everything() -> PatternList {
    PatternList {
        negated: false,
        patterns: vec![Pattern::new("*")],
    }
}

/// Is the condition about pinned keys only, those in its variables included?
fn decided(condition: &Condition, keys: &Context) -> bool {
    let pinned = |key: &str| keys.contains_key(&key.to_ascii_lowercase());
    let mut variables = condition.values.iter().flat_map(|value| variables(value));
    // What AWS does not document stays for the search, which tries every reading.
    let documented = Operator::read(&condition.operator_text).is_some_and(|(_, exact)| exact);
    documented && pinned(&condition.key) && variables.all(pinned)
}
