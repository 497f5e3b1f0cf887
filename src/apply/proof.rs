//! Attached is not effective: what binds an account is read anew and judged.

use super::execute::Place;
use super::sending::{PAUSES, StepFailure};
use crate::collect::{Scope, collect};
use crate::model::{NodeId, PolicyId, Silent};
use crate::plan::Proves;
use crate::verdict::{Answer, judge};

/// Waits until the facts prove what the plan promised of the account.
pub(super) async fn wait(
    place: Place<'_>,
    proves: &Proves,
    policy: &PolicyId,
    node: &NodeId,
) -> Result<String, StepFailure> {
    let mut pauses = PAUSES.iter();
    let last = loop {
        let told = match missing(place, proves).await {
            Ok(missing) if missing.is_empty() => {
                let paths: Vec<&str> = proves.blocked.iter().map(String::as_str).collect();
                return Ok(format!(
                    "account {} is proved blocked: {}",
                    proves.account,
                    paths.join(", ")
                ));
            }
            Ok(missing) => format!("not proved blocked: {}", missing.join(", ")),
            Err(why) => why,
        };
        match pauses.next() {
            Some(pause) if !place.stop.is_asked() => place.stop.pause(*pause).await,
            _ => break told,
        }
    };
    Err(StepFailure::Unknown(format!(
        "SCP {policy} is attached to {} {node}, but of account {} in it: {last}",
        node.kind(),
        proves.account
    )))
}

/// The promised paths that are not blocked by the facts of now.
async fn missing(place: Place<'_>, proves: &Proves) -> Result<Vec<String>, String> {
    let facts = collect(place.session, &Scope::default(), place.now, &Silent)
        .await
        .map_err(|error| error.to_string())?;
    let judgement = judge(&facts);
    let standing = judgement.standings.get(&proves.account);
    let blocked = |path: &&String| {
        let paths = crate::exits::ExitPath::of_members();
        let mut named = paths.filter(|known| known.id.as_str() == path.as_str());
        named.any(|path| {
            let answer = standing.and_then(|standing| standing.verdict(path.id));
            answer.is_some_and(Answer::is_blocked)
        })
    };
    let open = proves.blocked.iter().filter(|path| !blocked(path));
    Ok(open.cloned().collect())
}
