//! By what this tool knows its own policies again: their name, and tags that it sets when it creates
//! them.

use std::collections::BTreeMap;

use super::digest::sha256_hex;
use super::organization::Policy;

/// Name of the SCP that is created as the guard; quarantines begin with it.
pub const GUARD_NAME: &str = "org-exit-guard";
/// The tag that says which run created a policy.
pub const RUN_TAG: &str = "org-exit-guard:run";
/// The tag that says what a policy said when it was created.
pub const TEXT_TAG: &str = "org-exit-guard:text";

/// The value of [`TEXT_TAG`]: a hash of the text, white space and the order of keys aside.
pub fn text_digest(text: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    let plain = value.map_or_else(|_| text.to_owned(), |value| value.to_string());
    sha256_hex(plain.as_bytes())
}

impl Policy {
    /// Did a run of this tool create it? `None`: its tags were not read.
    pub fn is_ours(&self) -> Option<bool> {
        self.tags.known().map(|tags| tags.contains_key(RUN_TAG))
    }

    /// Is its name the guard's, or one of those that are taken where that is not free?
    pub fn is_named_as_the_guard(&self) -> bool {
        let numbered = |rest: &str| {
            let number = rest.strip_prefix('-');
            number.is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let rest = self.name.strip_prefix(GUARD_NAME);
        rest.is_some_and(|rest| rest.is_empty() || numbered(rest))
    }

    /// Does it say something else than when this tool created it, as far as its tags tell?
    pub fn was_rewritten(&self) -> bool {
        let written = self.tags.known().and_then(|tags| tags.get(TEXT_TAG));
        match (written, self.content.known()) {
            (Some(written), Some(text)) => *written != text_digest(text),
            _ => false,
        }
    }
}

/// The tags with which a run creates a policy.
pub fn policy_tags(run: &str, reason: String, text: &str) -> BTreeMap<String, String> {
    [
        (RUN_TAG.to_owned(), run.to_owned()),
        ("org-exit-guard:reason".to_owned(), reason),
        (TEXT_TAG.to_owned(), text_digest(text)),
    ]
    .into()
}
