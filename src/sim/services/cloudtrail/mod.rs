//! `CloudTrail`: the event history, and trails as far as auditors and attackers care.

mod lookup;
mod trails;

use super::Handler;

pub(super) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "LookupEvents" => lookup::lookup_events,
        "DescribeTrails" => trails::describe,
        "GetTrail" => trails::get,
        "ListTrails" => trails::list,
        "GetTrailStatus" => trails::status,
        "GetEventSelectors" => trails::event_selectors,
        "PutEventSelectors" => trails::put_event_selectors,
        "CreateTrail" => trails::create,
        "UpdateTrail" => trails::update,
        "DeleteTrail" => trails::delete,
        "StartLogging" => trails::start,
        "StopLogging" => trails::stop,
        _ => return None,
    })
}
