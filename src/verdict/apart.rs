//! What an account's stack comes down to: statements that can touch a way out, and what of
//! the account they can tell apart.

use super::stack::NodeStack;
use super::texts::{Text, Texts};
use crate::exits::ExitPath;
use crate::model::Observed;
use crate::model::organization::Account;
use crate::scp::{Condition, Document, Pattern, Statement, action_matches};

/// Something in which two accounts can differ before a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Feature {
    /// Whether its id matches.
    Id(Pattern),
    /// Its id, digit by digit.
    WholeId,
    /// Its place in the tree.
    Place,
}

impl Feature {
    /// The account's value, for comparison only.
    pub(super) fn of(&self, account: &Account) -> String {
        match self {
            Self::Id(pattern) => u8::from(pattern.matches(account.id.as_str())).to_string(),
            Self::WholeId => account.id.to_string(),
            Self::Place => match &account.parents {
                Observed::Known(parents) => {
                    parents.last().map(ToString::to_string).unwrap_or_default()
                }
                Observed::Unknown(_) => String::new(),
            },
        }
    }
}

/// By policy handle: can it touch a way out, and what does it tell accounts apart by?
#[derive(Debug)]
pub(super) struct Apart {
    policies: Vec<(bool, Vec<Feature>)>,
}

impl Apart {
    pub(super) fn of(texts: &Texts<'_>) -> Self {
        let one = |text: &Text| match text {
            Text::Parsed(document) => (touches(document), features(document)),
            Text::Bad(_) | Text::Missing(_) => (true, Vec::new()),
        };
        Self {
            policies: texts.all().map(one).collect(),
        }
    }

    /// The stack without the SCPs that no way out meets.
    pub(super) fn slice(&self, stack: &NodeStack) -> NodeStack {
        let touches = |handle: &usize| self.policies.get(*handle).is_none_or(|one| one.0);
        let mut slice = stack.clone();
        slice.policies.retain(touches);
        slice
    }

    /// Sorted, each once.
    pub(super) fn features(&self, levels: &[NodeStack]) -> Vec<Feature> {
        let handles = levels.iter().flat_map(|level| &level.policies);
        let found = handles.filter_map(|handle| self.policies.get(*handle));
        let mut features: Vec<Feature> = found.flat_map(|one| one.1.iter().cloned()).collect();
        features.sort();
        features.dedup();
        features
    }
}

fn touches(document: &Document) -> bool {
    let mut actions = ExitPath::of_members().flat_map(|path| path.actions);
    actions.any(|action| {
        document.statements.iter().any(|statement| {
            let list = &statement.actions;
            // White space in an action may mean nothing: such a pattern counts.
            let named = list.patterns.iter().any(|pattern| {
                action_matches(pattern, action.name)
                    || pattern.as_str().contains(char::is_whitespace)
            });
            named || list.negated
        })
    })
}

fn features(document: &Document) -> Vec<Feature> {
    let mut found = Vec::new();
    for statement in &document.statements {
        resources(statement, &mut found);
        for condition in &statement.conditions {
            of_condition(condition, &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The account in an ARN; handshakes carry the inviter's.
fn resources(statement: &Statement, found: &mut Vec<Feature>) {
    for pattern in &statement.resources.patterns {
        let text = pattern.as_str();
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            _ if names_account(text) => found.push(Feature::WholeId),
            [_, _, "organizations", ..] => {}
            [_, _, _, _, account, _] if *account != "*" => {
                found.push(Feature::Id(Pattern::new(*account)));
            }
            _ => {}
        }
    }
}

/// Does a variable stand for the account's id?
fn names_account(text: &str) -> bool {
    text.to_ascii_lowercase().contains(ACCOUNT)
}

/// Begins the variable that stands for the account's id.
const ACCOUNT: &str = "${aws:principalaccount";

fn of_condition(condition: &Condition, found: &mut Vec<Feature>) {
    let key = condition.key.to_ascii_lowercase();
    if key == "aws:principalorgpaths" {
        found.push(Feature::Place);
    }
    for value in &condition.values {
        match key.as_str() {
            "aws:principalarn" => found.extend(in_arn(value)),
            _ if names_account(value) => found.push(Feature::WholeId),
            "aws:principalaccount" => found.push(Feature::Id(Pattern::new(value.as_str()))),
            _ => {}
        }
    }
}

/// What a pattern of `aws:PrincipalArn` tells accounts apart by. Only a digit of the pattern can
/// meet a digit of the account, and only between the fourth and the fifth colon.
fn in_arn(value: &str) -> Option<Feature> {
    let digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    // The account's own id matches itself, whatever it is.
    let own = format!("{ACCOUNT}}}");
    let lower = value
        .to_ascii_lowercase()
        .replace(&format!(":{own}:"), ":*:");
    if names_account(&lower) {
        return Some(Feature::WholeId);
    }
    if !digit(&lower) {
        return None;
    }
    let parts: Vec<&str> = lower.splitn(6, ':').collect();
    let (Some(before), Some(account), Some(_)) = (parts.get(..4), parts.get(4), parts.get(5))
    else {
        return Some(Feature::WholeId);
    };
    if before.iter().any(|part| digit(part)) {
        return Some(Feature::WholeId);
    }
    match *account {
        part if !digit(part) => None,
        part if before.iter().any(|part| part.contains('*')) || part.contains("${") => {
            Some(Feature::WholeId)
        }
        part => Some(Feature::Id(Pattern::new(part))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_where_the_account_stands_tell_accounts_apart() {
        let id = |text: &str| Some(Feature::Id(Pattern::new(text)));
        for (value, expected) in [
            ("arn:aws:iam::*:role/OrgAdmin2", None),
            ("arn:*:iam::*:role/Org*", None),
            ("*", None),
            ("arn:aws:iam::${aws:PrincipalAccount}:role/Org2", None),
            ("arn:aws:iam::111122223333:role/x", id("111122223333")),
            ("arn:aws:iam::1111*:role/x", id("1111*")),
            ("arn:*:iam::111122223333:role/x", Some(Feature::WholeId)),
            ("*2*", Some(Feature::WholeId)),
            (
                "arn:aws:iam::*:role/${aws:PrincipalAccount}",
                Some(Feature::WholeId),
            ),
        ] {
            assert_eq!(in_arn(value), expected, "{value}");
        }
    }
}
