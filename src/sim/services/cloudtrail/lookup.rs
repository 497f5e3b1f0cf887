//! `CloudTrail` event history: one account, one region, 90 days, newest first.

use std::cmp::Reverse;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::super::{Call, Outcome};
use crate::model::Timestamp;
use crate::sim::refusal::Refusal;
use crate::sim::world::{Delivery, unit_interval};

const KEYS: [&str; 8] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];
const PAGE: usize = 50;
const HISTORY: SignedDuration = SignedDuration::from_hours(24 * 90);

pub(super) fn lookup_events(call: &mut Call<'_>) -> Outcome {
    let input = &call.request.input;
    let filter = filter(input.get("LookupAttributes"))?;
    let (from, until) = (time(input.get("StartTime"))?, time(input.get("EndTime"))?);
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(bad_range());
    }
    let size = match input.get("MaxResults").map(Value::as_u64) {
        None => PAGE,
        Some(Some(size @ 1..=50)) => usize::try_from(size).unwrap_or(PAGE),
        Some(_) => {
            let text = "MaxResults must be between 1 and 50.";
            return Err(Refusal::new("InvalidMaxResultsException", text));
        }
    };
    let bad_token = || Refusal::new("InvalidNextTokenException", "The NextToken is not valid.");
    let start = call.start().ok_or_else(bad_token)?;
    let oldest = call.now() - HISTORY;
    let within = |time: Timestamp| {
        time >= oldest && from.is_none_or(|f| time >= f) && until.is_none_or(|u| time <= u)
    };
    let history = call
        .world
        .accounts
        .get(&call.caller.account)
        .and_then(|account| account.trail.get(&call.request.region));
    let delivery = &call.world.switches.delivery;
    let mut found: Vec<(Timestamp, &Value)> = history
        .into_iter()
        .flatten()
        .enumerate()
        .flat_map(|(number, record)| std::iter::repeat_n(record, copies(delivery, number)))
        .filter_map(|record| Some((field(record, "eventTime").parse().ok()?, record)))
        .filter(|(time, record)| arrived(delivery, *time, record, call.now()))
        .filter(|(time, record)| {
            within(*time) && filter.as_ref().is_none_or(|filter| filter.matches(record))
        })
        .collect();
    // Later arrivals of the same second first.
    found.reverse();
    found.sort_by_key(|(time, _)| Reverse(*time));
    let (page, next) = call.slice(found.into_iter(), start, size);
    let events = page
        .into_iter()
        .map(|(time, record)| event(time, record))
        .collect();
    Ok(call.answer("Events", events, next))
}

/// How often the `number`th record is there.
fn copies(delivery: &Delivery, number: usize) -> usize {
    let every = usize::try_from(delivery.twice).unwrap_or_default();
    let twice = every > 0 && (number + 1).is_multiple_of(every);
    if twice { 2 } else { 1 }
}

/// Can the record be looked up by now? Its own delay depends on its id only.
fn arrived(delivery: &Delivery, time: Timestamp, record: &Value, now: Timestamp) -> bool {
    let latest = f64::from(delivery.late);
    let delay = if delivery.out_of_order {
        let id = field(record, "eventID").bytes();
        let seed = id.fold(0_u64, |seed, byte| {
            seed.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)
        });
        latest * unit_interval(seed)
    } else {
        latest
    };
    // A delay of at most 2^32 seconds always converts.
    let delay = SignedDuration::try_from_secs_f64(delay).unwrap_or_default();
    delivery.late == 0 || time + delay <= now
}

fn bad_range() -> Refusal {
    Refusal::new(
        "InvalidTimeRangeException",
        "The start time must be before the end time.",
    )
}

fn time(value: Option<&Value>) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = value else {
        return Ok(None);
    };
    let seconds = value.as_f64().ok_or_else(bad_range)?;
    let duration = SignedDuration::try_from_secs_f64(seconds).map_err(|_| bad_range())?;
    Timestamp::from_duration(duration)
        .map(Some)
        .map_err(|_| bad_range())
}

/// The one attribute that a lookup may name.
struct Filter<'a> {
    key: &'a str,
    value: &'a str,
}

fn filter(attributes: Option<&Value>) -> Result<Option<Filter<'_>>, Refusal> {
    let invalid = |text: &str| Refusal::new("InvalidLookupAttributesException", text);
    let attributes = match attributes {
        None => return Ok(None),
        Some(list) => list.as_array().map(Vec::as_slice).unwrap_or_default(),
    };
    let attribute = match attributes {
        [] => return Ok(None),
        [one] => one,
        _ => return Err(invalid("Only one lookup attribute can be specified.")),
    };
    let key = field(attribute, "AttributeKey");
    let value = field(attribute, "AttributeValue");
    if !KEYS.contains(&key) || value.is_empty() {
        return Err(invalid("The lookup attribute is not valid."));
    }
    Ok(Some(Filter { key, value }))
}

impl Filter<'_> {
    fn matches(&self, record: &Value) -> bool {
        match self.key {
            "EventId" => field(record, "eventID") == self.value,
            "EventName" => field(record, "eventName") == self.value,
            "EventSource" => field(record, "eventSource") == self.value,
            "ReadOnly" => read_only(record) == self.value,
            "Username" => username(record) == Some(self.value),
            "AccessKeyId" => access_key(record) == Some(self.value),
            // Organizations records name no resources.
            _ => false,
        }
    }
}

fn field<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn read_only(record: &Value) -> &'static str {
    let flag = record.get("readOnly").and_then(Value::as_bool);
    if flag.unwrap_or(false) {
        "true"
    } else {
        "false"
    }
}

/// IAM user name, or session name of a role.
fn username(record: &Value) -> Option<&str> {
    let identity = record.get("userIdentity")?;
    let user = identity.get("userName").and_then(Value::as_str);
    user.or_else(|| identity.get("arn")?.as_str()?.rsplit('/').next())
}

fn access_key(record: &Value) -> Option<&str> {
    record.pointer("/userIdentity/accessKeyId")?.as_str()
}

fn event(time: Timestamp, record: &Value) -> Value {
    let mut event = Map::from_iter([
        ("EventId".to_owned(), json!(field(record, "eventID"))),
        ("EventName".to_owned(), json!(field(record, "eventName"))),
        ("ReadOnly".to_owned(), json!(read_only(record))),
        ("EventTime".to_owned(), json!(time.as_second())),
        (
            "EventSource".to_owned(),
            json!(field(record, "eventSource")),
        ),
        ("Resources".to_owned(), json!([])),
        ("CloudTrailEvent".to_owned(), json!(record.to_string())),
    ]);
    if let Some(name) = username(record) {
        event.insert("Username".to_owned(), json!(name));
    }
    if let Some(key) = access_key(record) {
        event.insert("AccessKeyId".to_owned(), json!(key));
    }
    Value::Object(event)
}
