//! The parsed form of a policy document.

use super::operator::Condition;
use super::pattern::Pattern;
use super::statement::Doubt;

/// Which grammar a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A service control policy: no `Principal`.
    Scp,
    /// The organization's delegation policy: a resource policy with `Principal`.
    Delegation,
}

/// A place in the policy's text, both counted from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The `Version` element; it decides whether `${…}` is a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2012-10-17`: variables are replaced.
    V2012,
    /// `2008-10-17`: variables are literal text.
    V2008,
    /// Missing: read as 2008-10-17; the SCP page says that every SCP carries 2012-10-17.
    Absent,
}

/// `Allow` or `Deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Explicit deny: wins over every allow.
    Deny,
}

/// `Action`/`NotAction`, `Resource`/`NotResource` or `Principal`/`NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternList {
    /// The `Not…` form: everything except the patterns.
    pub negated: bool,
    /// At least one, as written.
    pub patterns: Vec<Pattern>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its `Sid`: untrusted text.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// `Action` or `NotAction`.
    pub actions: PatternList,
    /// `Resource` or `NotResource`.
    pub resources: PatternList,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// `Principal`, in a delegation policy only.
    pub principals: Option<PatternList>,
    /// Points that AWS's pages leave open.
    pub doubts: Vec<Doubt>,
    /// Where it begins.
    pub at: Position,
    /// Byte range in the text.
    pub range: std::ops::Range<usize>,
}

/// A policy document that AWS would store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its language version.
    pub version: Version,
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

impl Document {
    /// The text of the AWS-managed `FullAWSAccess`, which AWS documents and never changes.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub fn full_aws_access() -> Self {
        let everything = PatternList {
            negated: false,
            patterns: vec![Pattern::new("*")],
        };
        let statement = Statement {
            sid: None,
            effect: Effect::Allow,
            actions: everything.clone(),
            resources: everything,
            conditions: Vec::new(),
            principals: None,
            doubts: Vec::new(),
            at: Position { line: 1, column: 1 },
            range: 0..0,
        };
        Self {
            version: Version::V2012,
            statements: vec![statement],
        }
    }

    /// Its statements that the other has not, whatever their sids and the order of patterns.
    pub fn beyond<'a>(&'a self, other: &Self) -> Vec<&'a Statement> {
        let theirs: Vec<String> = other.statements.iter().map(normal_form).collect();
        let own = self.statements.iter();
        own.filter(|statement| !theirs.contains(&normal_form(statement)))
            .collect()
    }

    /// Do two documents say the same, statement by statement, whatever their white space,
    /// ids, sids and the order of statements and patterns?
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let normal = |document: &Self| {
            let mut statements: Vec<String> = document.statements.iter().map(normal_form).collect();
            statements.sort();
            statements.dedup();
            statements
        };
        self.version == other.version && normal(self) == normal(other)
    }
}

fn normal_form(statement: &Statement) -> String {
    let list = |list: &PatternList, fold: bool| {
        let mut patterns: Vec<String> = list
            .patterns
            .iter()
            .map(|pattern| {
                if fold {
                    pattern.as_str().to_ascii_lowercase()
                } else {
                    pattern.as_str().to_owned()
                }
            })
            .collect();
        patterns.sort();
        patterns.dedup();
        (list.negated, patterns)
    };
    let mut conditions: Vec<_> = statement
        .conditions
        .iter()
        .map(|condition| {
            let mut values = condition.values.clone();
            values.sort();
            (
                format!("{:?}", condition.operator),
                condition.key.to_ascii_lowercase(),
                values,
            )
        })
        .collect();
    conditions.sort();
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        statement.effect,
        list(&statement.actions, true),
        list(&statement.resources, false),
        conditions,
        statement
            .principals
            .as_ref()
            .map(|principals| list(principals, false)),
    )
}
