//! Which accounts have other tags than before.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::organization::Account;
use crate::model::{AccountId, GapReason, Observed};

/// An account with other tags: untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retagged {
    /// Which.
    pub account: AccountId,
    /// Tags that it has and had not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub added: BTreeMap<String, String>,
    /// Tags that it had and has not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, String>,
    /// Tags with another value, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, OtherValue>,
}

/// The value of a tag: untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OtherValue {
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

type Tags = BTreeMap<String, String>;

/// Compares the tags of one account after the other.
#[derive(Debug, Default)]
pub(super) struct Retagging {
    /// Those that have others.
    pub(super) retagged: Vec<Retagged>,
    /// Accounts of which only one snapshot was to hold them.
    pub(super) read_once: usize,
    /// Accounts of which AWS did not give them, though they were asked for.
    unread: usize,
}

impl Retagging {
    /// Compares those of one account, as far as they were read both times.
    pub(super) fn look_at(&mut self, before: &Account, after: &Account) {
        match (&before.tags, &after.tags) {
            (Observed::Known(old), Observed::Known(new)) => {
                self.retagged.extend(retagged(&after.id, old, new));
            }
            (Observed::Known(_), Observed::Unknown(gap))
            | (Observed::Unknown(gap), Observed::Known(_))
                if gap.reason == GapReason::NotRead =>
            {
                self.read_once += 1;
            }
            // Nobody compares what was not asked for in one and not given in the other.
            (old, new) if old.is_not_read() || new.is_not_read() => {}
            _ => self.unread += 1,
        }
    }

    /// What AWS did not give, in a sentence.
    pub(super) fn not_compared(&self) -> Option<String> {
        let count = self.unread;
        (count > 0).then(|| format!("the tags of {count} accounts were not read both times"))
    }
}

fn retagged(account: &AccountId, old: &Tags, new: &Tags) -> Option<Retagged> {
    let only_in = |these: &Tags, others: &Tags| -> Tags {
        let only = these.iter().filter(|(key, _)| !others.contains_key(*key));
        only.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let other = |(key, before): (&String, &String)| {
        let after = new.get(key).filter(|after| *after != before)?.clone();
        let before = before.clone();
        Some((key.clone(), OtherValue { before, after }))
    };
    (old != new).then(|| Retagged {
        account: account.clone(),
        added: only_in(new, old),
        removed: only_in(old, new),
        changed: old.iter().filter_map(other).collect(),
    })
}

impl Retagged {
    /// In one line; holds untrusted text.
    pub fn sentence(&self) -> String {
        let told = |tags: &Tags, what: &str| -> Vec<String> {
            let each = tags.iter();
            each.map(|(key, value)| format!("`{key}={value}` {what}"))
                .collect()
        };
        let changed = self.changed.iter().map(|(key, one)| {
            let OtherValue { before, after } = one;
            format!("`{key}` was `{before}` and is `{after}`")
        });
        let mut parts = told(&self.added, "added");
        parts.extend(told(&self.removed, "removed"));
        parts.extend(changed);
        format!("account {}: {}", self.account, parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::changes::{Changes, Judged, changes};
    use super::*;
    use crate::model::Snapshot;
    use crate::model::fixture::{self, account_id, gap};

    const ACCOUNT: &str = "222222222222";

    fn with(tags: Observed<Tags>) -> Snapshot {
        let mut snapshot = fixture::organization();
        if let Observed::Known(accounts) = &mut snapshot.accounts {
            accounts.get_mut(&account_id(ACCOUNT)).unwrap().tags = tags;
        }
        snapshot
    }

    fn tags(pairs: &[(&str, &str)]) -> Observed<Tags> {
        let pairs = pairs.iter();
        Observed::Known(
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    fn compared(before: Observed<Tags>, after: Observed<Tags>) -> Changes {
        let (before, after) = (with(before), with(after));
        let (old, new) = (
            crate::verdict::judge(&before),
            crate::verdict::judge(&after),
        );
        let judged = |snapshot, judgement| Judged {
            snapshot,
            judgement,
        };
        changes(judged(&before, &old), judged(&after, &new))
    }

    fn denied() -> Observed<Tags> {
        Observed::Unknown(gap("organizations:ListTagsForResource"))
    }

    fn unasked() -> Observed<Tags> {
        Observed::not_read("organizations:ListTagsForResource")
    }

    #[test]
    fn tags_that_came_went_or_have_another_value_are_told_apart() {
        let before = tags(&[("owner", "a"), ("stage", "prod"), ("gone", "x")]);
        let after = tags(&[("owner", "b"), ("stage", "prod"), ("new", "y")]);
        let found = compared(before.clone(), after.clone());
        let [one] = &found.retagged[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            one.sentence(),
            "account 222222222222: `new=y` added; `gone=x` removed; `owner` was `a` and is `b`"
        );
        assert!(!found.is_empty());
        assert!(found.not_compared.is_empty());
        // No tags are known tags.
        let bare = compared(tags(&[]), after);
        assert_eq!(bare.retagged[0].added.len(), 3);
        let same = compared(before.clone(), before);
        assert!(same.retagged.is_empty() && same.is_empty());
    }

    #[test]
    fn what_was_not_read_makes_no_change_and_is_told() {
        let known = || tags(&[("owner", "a")]);
        for (before, after, read_once, unread) in [
            (known(), unasked(), 1, 0),
            (unasked(), known(), 1, 0),
            (unasked(), unasked(), 0, 0),
            (unasked(), denied(), 0, 0),
            (known(), denied(), 0, 1),
            (denied(), known(), 0, 1),
            (denied(), denied(), 0, 1),
        ] {
            let found = compared(before, after);
            assert!(found.retagged.is_empty() && found.is_empty());
            assert_eq!(found.tags_read_once, read_once);
            assert_eq!(found.not_compared.len(), unread, "{found:?}");
        }
        let told = compared(known(), denied()).not_compared;
        assert_eq!(told, ["the tags of 1 accounts were not read both times"]);
    }
}
