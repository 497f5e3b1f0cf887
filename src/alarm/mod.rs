//! Would an alarm fire? Each event of the catalog is judged where AWS delivers it.

mod filter;
mod live;
mod pattern;
mod place;
mod template;
#[cfg(test)]
mod tests;
mod watch;

use serde_json::{Value, json};

use crate::exits::{EVENTS, EventKind, EventSpec};

pub use live::{could_hear, listening};
pub use template::{NotRead, read_template};

/// Where a rule is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployed {
    /// In the management account.
    Management,
    /// In every member.
    Members,
}

/// Something that an alarm needs: it is there, or why it is not, or what it hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// It is there.
    There,
    /// It is not.
    Lacks(String),
    /// It hangs on this.
    Unknown(String),
}

impl Piece {
    /// One that lacks, else one that hangs on something, else that all are there.
    fn worst<const N: usize>(pieces: [Self; N]) -> Self {
        let weight = |piece: &Self| match piece {
            Self::There => 0,
            Self::Unknown(_) => 1,
            Self::Lacks(_) => 2,
        };
        // The first of equals.
        let worst = pieces.into_iter().rev().max_by_key(weight);
        worst.unwrap_or(Self::There)
    }
}

/// An `EventBridge` rule.
#[derive(Debug, Clone)]
pub struct EventRule {
    /// Its name.
    pub name: String,
    /// Its pattern.
    pub pattern: Value,
    /// Whether it is enabled; `None`: that hangs on something else.
    pub enabled: Option<bool>,
    /// Whether it has a target; `None`: that hangs on something else.
    pub has_target: Option<bool>,
    /// Where.
    pub deployed: Deployed,
    /// Whether a trail logs there, without which CloudTrail sends nothing to the bus; a template
    /// takes that for granted. `None`: not known.
    pub fed: Option<bool>,
    /// What else it needs, as a template has it.
    pub further: Vec<Piece>,
}

/// A metric filter on the log group of the organization trail.
#[derive(Debug, Clone)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// Its pattern.
    pub pattern: String,
    /// Whether an alarm with an action watches its metric.
    pub has_alarm: Option<bool>,
    /// Whether the organization trail delivers to its log group; a template takes that for
    /// granted. `None`: not known.
    pub fed: Option<bool>,
    /// What else it needs, as a template has it.
    pub further: Vec<Piece>,
}

/// What could raise an alarm.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    /// Rules.
    pub rules: Vec<EventRule>,
    /// Filters.
    pub filters: Vec<MetricFilter>,
}

/// Does an event raise an alarm?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fires {
    /// By this.
    Yes(String),
    /// By nothing; what comes closest and why it does not.
    No(Vec<String>),
    /// It hangs on these.
    CouldNotTell(Vec<String>),
}

/// One event and what it raises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Which event.
    pub event: &'static EventSpec,
    /// Where AWS delivers it.
    pub delivered: &'static str,
    /// The answer.
    pub fires: Fires,
}

/// Where the sample events happen.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The management account.
    pub management: &'a str,
    /// The region of Organizations.
    pub region: &'a str,
}

/// For templates, which name no account of anybody's.
const ANYWHERE: Scene<'static> = Scene {
    management: "111111111111",
    region: "us-east-1",
};

/// Events of the catalog that should raise an alarm; that a guard was put in place, or that an
/// account joined, need not.
fn wanted() -> impl Iterator<Item = &'static EventSpec> {
    let quiet =
        |spec: &EventSpec| matches!(spec.kind, EventKind::GuardRestored | EventKind::Joining);
    EVENTS.iter().filter(move |spec| !quiet(spec))
}

/// Judges every event of the catalog that should raise an alarm.
pub fn would_fire(alarms: &Alarms) -> Vec<Raised> {
    would_fire_in(alarms, ANYWHERE)
}

/// The same, of an organization whose management account and region are known.
pub fn would_fire_in(alarms: &Alarms, scene: Scene<'_>) -> Vec<Raised> {
    wanted()
        .map(|event| Raised {
            event,
            delivered: delivered(event),
            fires: fires(alarms, event, scene),
        })
        .collect()
}

fn delivered(event: &EventSpec) -> &'static str {
    match (event.in_member, service_event(event)) {
        (true, _) => "the member's own bus, and the organization trail",
        (false, true) => "the management account's bus",
        (false, false) => "the management account's bus, and the organization trail",
    }
}

fn fires(alarms: &Alarms, event: &EventSpec, scene: Scene<'_>) -> Fires {
    let mut weighed = Weighed::default();
    let here = if event.in_member {
        Deployed::Members
    } else {
        Deployed::Management
    };
    let envelope = envelope(event, scene);
    for rule in &alarms.rules {
        let what = format!("rule `{}`", rule.name);
        let matched = pattern::matches(&rule.pattern, &envelope);
        let rest = [
            (
                Some(rule.deployed == here),
                "is deployed where AWS does not deliver it",
            ),
            (rule.enabled, "is disabled"),
            (rule.has_target, "has no target"),
            (
                rule.fed,
                "no trail logs, without which CloudTrail sends nothing to the bus",
            ),
        ];
        if let Some(what) = weighed.weigh(what, matched, &rest, &rule.further) {
            return Fires::Yes(what);
        }
    }
    // AWS documents these for the management account's event history only.
    if !service_event(event) {
        for filter in &alarms.filters {
            let what = format!("metric filter `{}`", filter.name);
            let matched = envelope
                .get("detail")
                .and_then(|detail| filter::matches(&filter.pattern, detail));
            let rest = [
                (
                    filter.has_alarm,
                    "no alarm with an action watches its metric",
                ),
                (filter.fed, "the trail does not deliver to the log group"),
            ];
            if let Some(what) = weighed.weigh(what, matched, &rest, &filter.further) {
                return Fires::Yes(what);
            }
        }
    }
    if weighed.unknown.is_empty() {
        Fires::No(weighed.near)
    } else {
        Fires::CouldNotTell(weighed.unknown)
    }
}

/// What does not raise an alarm, or may not.
#[derive(Default)]
struct Weighed {
    near: Vec<String>,
    unknown: Vec<String>,
}

impl Weighed {
    /// Hands back what raises an alarm.
    fn weigh(
        &mut self,
        what: String,
        matched: Option<bool>,
        rest: &[(Option<bool>, &str)],
        further: &[Piece],
    ) -> Option<String> {
        if matched == Some(false) {
            return None;
        }
        let lacks = rest.iter().find(|(fact, _)| *fact == Some(false));
        let mut others = further.iter().filter_map(|piece| match piece {
            Piece::Lacks(why) => Some(why.as_str()),
            _ => None,
        });
        if let Some(lacks) = lacks.map(|(_, lacks)| *lacks).or_else(|| others.next()) {
            self.near.push(format!("{what} matches, but {lacks}"));
            return None;
        }
        let hangs = further.iter().filter_map(|piece| match piece {
            Piece::Unknown(on) => Some(on.as_str()),
            _ => None,
        });
        let hangs: Vec<&str> = hangs.collect();
        if !hangs.is_empty() {
            self.unknown.push(format!("{what}: {}", hangs.join("; ")));
            return None;
        }
        if matched.is_none() || rest.iter().any(|(fact, _)| fact.is_none()) {
            self.unknown.push(what);
            return None;
        }
        Some(what)
    }
}

/// Is it written by Organizations itself, into the management account's event history only?
pub fn service_event(event: &EventSpec) -> bool {
    matches!(event.kind, EventKind::Departure | EventKind::Joining)
        || event.name == "CloseAccountResult"
}

/// The event as `EventBridge` delivers it.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
fn envelope(event: &EventSpec, scene: Scene<'_>) -> Value {
    let account = if event.in_member {
        "222222222222"
    } else {
        scene.management
    };
    let (kind, detail_type) = match (service_event(event), event.source) {
        (true, _) => ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
        (_, "signin.amazonaws.com") => ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
        _ => ("AwsApiCall", "AWS API Call via CloudTrail"),
    };
    let service = event.source.trim_end_matches(".amazonaws.com");
    json!({
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": detail_type,
        "source": format!("aws.{service}"),
        "account": account,
        "time": "2026-11-24T02:00:00Z",
        "region": scene.region,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "eventSource": event.source,
            "eventName": event.name,
            "eventType": kind,
            "awsRegion": scene.region,
            "recipientAccountId": account,
            "readOnly": false,
            "managementEvent": true,
            "eventCategory": "Management",
        },
    })
}
