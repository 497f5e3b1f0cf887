//! Tags of an account that came back: only keys that it lacks are set.

use std::collections::{BTreeMap, BTreeSet};

use super::ahead::Ahead;
use super::error::StepResult;
use super::rows::{Made, StepOutcome};
use super::sending::{StepFailure, in_words, read_back, write};
use super::steps::Hands;
use crate::model::AccountId;

/// Sets those of the tags whose key the account has not.
pub(super) async fn tag_account(
    Hands {
        reads,
        writes,
        stop,
    }: Hands<'_>,
    ahead: Ahead<'_>,
    account: &AccountId,
    tags: &BTreeMap<String, String>,
) -> Result<StepResult, StepFailure> {
    let mut there = reads.list_account_tags(account).await?;
    let mut lacking = lacks(tags, &there);
    // Organizations has no "only if it is not there": between the last look and the call nothing is done,
    // and the journal is written before that look. A key that somebody sets first is left alone.
    while !lacking.is_empty() {
        let keys = lacking.keys().cloned().collect();
        let ahead = Ahead {
            journal: &mut *ahead.journal,
            step: ahead.step,
        };
        ahead.sends(Some(Made::Tags(keys)))?;
        there = reads.list_account_tags(account).await?;
        let still = lacks(&lacking, &there);
        if still == lacking {
            break;
        }
        lacking = still;
    }
    let kept: Vec<&str> = tags
        .iter()
        .filter(|(key, value)| there.get(*key).is_some_and(|one| one != *value))
        .map(|(key, _)| key.as_str())
        .collect();
    let kept = if kept.is_empty() {
        String::new()
    } else {
        format!("; another value is there and stays: {}", kept.join(", "))
    };
    if lacking.is_empty() {
        return Ok(StepResult {
            outcome: StepOutcome::AlreadyDone,
            detail: format!("account {account} has the keys{kept}"),
            made: None,
        });
    }
    let keys: BTreeSet<String> = lacking.keys().cloned().collect();
    let sent = write(stop, || writes.tag_account(account, &lacking)).await;
    let lost = sent.lost(in_words)?;
    let missing = format!("the tags of account {account} are not listed yet");
    read_back(stop, lost.as_ref(), &missing, || async {
        let there = reads.list_account_tags(account).await?;
        let mut pairs = lacking.iter();
        Ok(pairs.all(|(key, value)| there.get(key) == Some(value)))
    })
    .await?;
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    Ok(StepResult {
        outcome: StepOutcome::Done,
        detail: format!(
            "account {account} tagged: {}, read back{kept}",
            names.join(", ")
        ),
        made: Some(Made::Tags(keys)),
    })
}

/// Those of the tags whose key is not there.
fn lacks(
    tags: &BTreeMap<String, String>,
    there: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let lacking = tags.iter().filter(|(key, _)| !there.contains_key(*key));
    lacking
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
