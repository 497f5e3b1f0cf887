//! Which events nobody would hear of: for the rules about alarms.

use std::collections::BTreeSet;

use crate::alarm::{Fires, Raised, Scene, listening, service_event, would_fire_in};
use crate::audit::finding::OLDER_SNAPSHOT;
use crate::audit::{Context, Finding, Outcome};
use crate::exits::EventSpec;
use crate::model::rule::RuleMeta;
use crate::model::{Gap, GapReason, Snapshot};

/// What to say of one group of events.
pub(super) struct Question {
    pub(super) meta: &'static RuleMeta,
    /// The events.
    pub(super) of: fn(&EventSpec) -> bool,
    /// "a departure"
    pub(super) what: &'static str,
}

/// Events of the group that raise no alarm, and those of which that could not be told.
pub(super) fn unheard(cx: &Context<'_>, question: &Question) -> Vec<Finding> {
    let snapshot = cx.snapshot;
    let organization = snapshot.organization.known();
    let management = organization.map(|one| one.management_account.as_str());
    let scene = Scene {
        management: management.unwrap_or(snapshot.caller.account.as_str()),
        region: &snapshot.caller.region,
    };
    let (mut silent, mut unclear, mut gaps) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut all = 0;
    for raised in would_fire_in(&listening(snapshot), scene) {
        if !(question.of)(raised.event) {
            continue;
        }
        all += 1;
        if matches!(raised.fires, Fires::Yes(_)) {
            continue;
        }
        let missing = missing(snapshot, &raised);
        if missing.is_empty() && matches!(raised.fires, Fires::No(_)) {
            silent.push(raised);
        } else {
            gaps.extend(missing.into_iter().cloned());
            unclear.push(raised);
        }
    }
    let remedy = "org-exit-guard emit alarm prints a rule and a metric filter to deploy in the \
                  management account"
        .to_owned();
    if !silent.is_empty() {
        let members = silent.iter().any(|raised| raised.event.in_member);
        let own = "rules on the members' own buses are not read; those that a StackSet brings to every member would hear \
                   what happens there";
        let evidence = lines(&silent).into_iter().chain(lines(&unclear));
        return vec![Finding {
            evidence: evidence.chain(members.then(|| own.to_owned())).collect(),
            remedy,
            ..Finding::failed(
                question.meta,
                "organization",
                format!(
                    "nobody would hear of {}: {}",
                    question.what,
                    which(&silent, all)
                ),
            )
        }];
    }
    if unclear.is_empty() {
        return Vec::new();
    }
    let operations: BTreeSet<&str> = gaps.iter().map(|gap| gap.operation.as_str()).collect();
    let operations: Vec<&str> = operations.into_iter().collect();
    let because = match operations.as_slice() {
        [] => String::new(),
        names => format!(", because {} did not tell", names.join(", ")),
    };
    vec![Finding {
        outcome: Outcome::CouldNotTell,
        evidence: lines(&unclear),
        remedy: if gaps.is_empty() {
            remedy
        } else if gaps.iter().all(Gap::is_not_read) {
            OLDER_SNAPSHOT.to_owned()
        } else {
            "grant what is missing, or ask from the management account: org-exit-guard doctor"
                .to_owned()
        },
        gaps: gaps.into_iter().collect(),
        ..Finding::failed(
            question.meta,
            "organization",
            format!(
                "could not tell whether anybody would hear of {}{because}",
                question.what
            ),
        )
    }]
}

/// What was not read and might hear the event, or tell whether what matches it is heard.
fn missing<'a>(snapshot: &'a Snapshot, raised: &Raised) -> Vec<&'a Gap> {
    let trails = || snapshot.organization_trails().into_iter().flatten();
    let mut gaps = Vec::new();
    if !raised.event.in_member {
        gaps.extend(snapshot.event_rules.gap());
    }
    if !service_event(raised.event) {
        gaps.extend(snapshot.trails.gap());
        let with_group = trails().filter(|trail| trail.log_group.is_some());
        gaps.extend(with_group.filter_map(|trail| trail.filters.gap()));
    }
    if matches!(raised.fires, Fires::CouldNotTell(_)) {
        let rules = snapshot.event_rules.known().into_iter().flatten();
        gaps.extend(rules.filter_map(|rule| rule.targets.gap()));
        gaps.extend(snapshot.trails.gap());
        let all = snapshot.trails.known().into_iter().flatten();
        gaps.extend(all.filter_map(|trail| trail.status.gap()));
        // Nobody asked for the targets of a rule that hears nothing.
        gaps.retain(|gap| gap.reason != GapReason::NotRead || gap.target.is_none());
    }
    gaps
}

/// Up to so many events are named in the summary.
const NAMED: usize = 3;

/// "`A`, `B`", or "n of m events".
fn which(raised: &[Raised], all: usize) -> String {
    if raised.len() > NAMED {
        return format!("{} of {all} events", raised.len());
    }
    let names: Vec<String> = raised.iter().map(|one| name(one.event)).collect();
    names.join(", ")
}

/// Events of other services are told apart by those.
fn name(event: &EventSpec) -> String {
    match event.source.strip_suffix(".amazonaws.com") {
        Some("organizations") | None => event.name.to_owned(),
        Some(service) => format!("{service}:{}", event.name),
    }
}

/// One line for the events that share where they are delivered, and why they are not heard.
fn lines(raised: &[Raised]) -> Vec<String> {
    let mut groups: Vec<((&str, String), Vec<String>)> = Vec::new();
    for one in raised {
        let why = match &one.fires {
            Fires::No(near) if near.is_empty() => "nothing that was read hears".to_owned(),
            Fires::No(near) => format!("nothing that was read hears ({})", near.join("; ")),
            Fires::CouldNotTell(what) if what.is_empty() => "could not tell who hears".to_owned(),
            Fires::CouldNotTell(what) => {
                format!("could not tell whether {} hears", what.join(" or "))
            }
            Fires::Yes(_) => continue,
        };
        let key = (one.delivered, why);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, names)) => names.push(name(one.event)),
            None => groups.push((key, vec![name(one.event)])),
        }
    }
    let line = |((delivered, why), names): ((&str, String), Vec<String>)| {
        format!("on {delivered}, {why}: {}", names.join(", "))
    };
    groups.into_iter().map(line).collect()
}
