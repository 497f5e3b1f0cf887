//! Planned migrations: shown, not counted, inside their window.

use super::detection::Detection;
use super::home::Home;
use crate::model::Timestamp;
use crate::model::settings::Waiver;
use crate::scp::Pattern;

/// The first waiver that covers a detection, judged as of a time.
pub(super) fn waiver<'a>(
    waivers: &'a [Waiver],
    detection: &Detection,
    home: &Home<'_>,
    at: Timestamp,
) -> Option<&'a Waiver> {
    waivers.iter().find(|one| {
        one.rule == detection.rule.id
            && one.expires > at
            && one.from.is_none_or(|from| from <= detection.time)
            && one.until.is_none_or(|until| detection.time <= until)
            && by_principal(one, detection)
            && at_target(one, detection, home)
    })
}

/// A session counts as its role too.
fn by_principal(waiver: &Waiver, detection: &Detection) -> bool {
    let Some(principal) = &waiver.principal else {
        return true;
    };
    let pattern = Pattern::new(principal.as_str());
    let actor = &detection.actor;
    let names = [&actor.arn, &actor.session_issuer, &actor.invoked_by];
    names
        .into_iter()
        .flatten()
        .any(|name| pattern.matches(name))
}

/// A call at the very node counts as well. Where an account lies is known only if it is listed; what
/// is not known is not waived.
fn at_target(waiver: &Waiver, detection: &Detection, home: &Home<'_>) -> bool {
    let Some(target) = &waiver.target else {
        return true;
    };
    if detection.target.as_ref() == Some(target) {
        return true;
    }
    let account = detection.account.as_ref();
    account.and_then(|account| home.within(account, target)) == Some(true)
}
