//! The page loop. The SDK's own paginators end silently on a repeated token
//! and hide a missing list behind an empty one; a short list must never look
//! complete, so this loop is ours.

use std::collections::BTreeSet;
use std::future::Future;

use super::error::{Failure, one_line};
use super::lanes::Lane;

/// No organization has more pages than this; an endpoint that never ends must not be followed.
const MOST_PAGES: usize = 20_000;

/// One page: the list as it came (`None`: absent or null) and the token of the next.
pub(super) struct Page<T> {
    pub(super) items: Option<Vec<T>>,
    pub(super) next: Option<String>,
}

/// Reads every page, or fails: never a part of the list, except in a lane for first pages.
///
/// `told` hears how many items there are after each page.
pub(super) async fn all<T, F, Fut>(
    lane: &Lane,
    target: Option<&str>,
    mut told: impl FnMut(usize),
    fetch: F,
) -> Result<Vec<T>, Failure>
where
    F: Fn(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, Failure>>,
{
    let mut all = Vec::new();
    let take = |items| {
        all.extend(items);
        told(all.len());
        Ok(())
    };
    each(lane, target, take, fetch).await?;
    Ok(all)
}

/// Hands over each page as it comes. What was handed over counts for nothing if this fails:
/// a part of a list must not pass for the list.
pub(super) async fn each<T, F, Fut>(
    lane: &Lane,
    target: Option<&str>,
    mut take: impl FnMut(Vec<T>) -> Result<(), Failure>,
    fetch: F,
) -> Result<(), Failure>
where
    F: Fn(Option<String>) -> Fut,
    Fut: Future<Output = Result<Page<T>, Failure>>,
{
    let operation = lane.name();
    let mut seen = BTreeSet::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let page = fetch(token).await?;
        let Some(items) = page.items else {
            let what = "the answer holds no list where AWS always sends one";
            return Err(Failure::malformed(operation, target, what));
        };
        take(items)?;
        // An empty page with a token is normal, and an empty token is none.
        let Some(next) = page.next.filter(|next| !next.is_empty()) else {
            return Ok(());
        };
        if lane.first_page_only() {
            return Ok(());
        }
        if !seen.insert(next.clone()) {
            let short: String = one_line(&next).chars().take(60).collect();
            let what = format!("the page token `{short}` came twice, so the list has no end");
            return Err(Failure::malformed(operation, target, what));
        }
        token = Some(next);
    }
    let what = format!("the list has more than {MOST_PAGES} pages");
    Err(Failure::malformed(operation, target, what))
}
