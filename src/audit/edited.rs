//! What an SCP says that it did not, and the other way round.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::PolicyId;
use crate::scp::{Dialect, Effect, Statement, parse};

/// An SCP with another text; names, sids and actions are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Edited {
    /// Which.
    pub policy: PolicyId,
    /// What it is called now.
    pub name: String,
    /// Statements that it had, by effect and sid, or by effect and first action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Statements that are new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<String>,
    /// Statements that say something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Could both texts be read? Else nothing is known of their statements.
    pub compared: bool,
}

impl Edited {
    /// The SCP, its text before and its text now.
    pub(super) fn of(policy: &PolicyId, name: &str, before: &str, now: &str) -> Self {
        let mut edited = Self {
            policy: policy.clone(),
            name: name.to_owned(),
            gone: Vec::new(),
            new: Vec::new(),
            changed: Vec::new(),
            compared: false,
        };
        let parsed = |text: &str| parse(text, Dialect::Scp).ok();
        let (Some(was), Some(is)) = (parsed(before), parsed(now)) else {
            return edited;
        };
        edited.compared = true;
        let called = |statements: Vec<&Statement>| statements.into_iter().map(called).collect();
        let (mut gone, mut new): (Vec<String>, Vec<String>) =
            (called(was.beyond(&is)), called(is.beyond(&was)));
        edited.changed.clone_from(&gone);
        edited.changed.retain(|one| new.contains(one));
        gone.retain(|one| !edited.changed.contains(one));
        new.retain(|one| !edited.changed.contains(one));
        (edited.gone, edited.new) = (gone, new);
        edited
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let parts = [
            ("without", &self.gone),
            ("with the new", &self.new),
            ("with another text of", &self.changed),
        ];
        let told: Vec<String> = parts
            .iter()
            .filter(|(_, statements)| !statements.is_empty())
            .map(|(how, statements)| format!("{how} {}", statements.join(", ")))
            .collect();
        let told = match (told.is_empty(), self.compared) {
            (false, _) => told.join("; "),
            (true, true) => "no statement came or went".to_owned(),
            (true, false) => "its statements could not be compared".to_owned(),
        };
        format!("`{}` ({}): {told}", self.name, self.policy)
    }
}

fn called(statement: &Statement) -> String {
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    if let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty()) {
        return format!("{effect} `{sid}`");
    }
    let actions = &statement.actions;
    let but = if actions.negated { "all but " } else { "" };
    let first = actions.patterns.first().map_or("", |one| one.as_str());
    match actions.patterns.len().saturating_sub(1) {
        0 => format!("{effect} {but}{first}"),
        more => format!("{effect} {but}{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{DENY_ALL_EXITS, DENY_LEAVE, policy_id};

    fn told(before: &str, now: &str) -> String {
        Edited::of(&policy_id("p-exits000"), "Guard", before, now).sentence()
    }

    #[test]
    fn statements_are_told_by_sid_or_first_action() {
        let all = "Deny organizations:LeaveOrganization and 2 more";
        let expected = format!("`Guard` (p-exits000): without {all}; with the new Deny `NoLeave`");
        assert_eq!(told(DENY_ALL_EXITS, DENY_LEAVE), expected);
        let narrower = DENY_LEAVE.replace("LeaveOrganization", "InviteAccountToOrganization");
        let changed = "`Guard` (p-exits000): with another text of Deny `NoLeave`";
        assert_eq!(told(DENY_LEAVE, &narrower), changed);
        let but = DENY_ALL_EXITS.replace("\"Action\"", "\"NotAction\"");
        assert!(told(DENY_LEAVE, &but).contains("Deny all but organizations:LeaveOrganization"));
        let spaced = DENY_LEAVE.replace(',', ", ");
        assert!(told(DENY_LEAVE, &spaced).ends_with("no statement came or went"));
        assert!(told(DENY_LEAVE, "{").ends_with("its statements could not be compared"));
    }
}
