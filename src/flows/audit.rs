//! Facts to report.

use std::collections::BTreeMap;

use super::verify::SIMULATOR_DISAGREES;
use crate::audit::{
    Aftermath, BASELINE_RULES, Changes, Context, DepartureEvent, Finding, Former, RULES,
    WAIVER_EXPIRED, WAIVER_UNUSED, aftermath, unused_waiver,
};
use crate::config::RuleIds;
use crate::detect::{Detection, Home, Story, latest_departures, stories};
use crate::model::organization::JoinedMethod;
use crate::model::rule::RuleMeta;
use crate::model::settings::{Settings, Waiver};
use crate::model::{AccountId, Snapshot, Timestamp};
use crate::report::{AuditDocument, Verification};
use crate::trail::{Method, joining};
use crate::verdict::Judgement;

/// A snapshot and everything that follows from it.
#[derive(Debug)]
pub struct Audited {
    /// The facts.
    pub snapshot: Snapshot,
    /// Their verdicts.
    pub judgement: Judgement,
    /// Their findings.
    pub findings: Vec<Finding>,
    /// Their detections.
    pub detections: Vec<Detection>,
    /// Which detections belong together.
    pub stories: Vec<Story>,
    /// What AWS's policy simulator was asked, if it was.
    pub verification: Option<Verification>,
    /// Accounts that are in an earlier roster and not in this one.
    pub departed: Vec<Former>,
    /// What differs from an earlier snapshot, if there is one.
    pub changes: Option<Changes>,
    /// Tags that the earlier snapshot holds.
    pub former_tags: BTreeMap<AccountId, BTreeMap<String, String>>,
}

impl Audited {
    /// The report.
    pub fn document(&self) -> AuditDocument {
        AuditDocument {
            verification: self.verification.clone(),
            departed: self.departed.clone(),
            aftermath: self.aftermaths(),
            changes: self.changes.clone(),
            ..AuditDocument::new(
                &self.snapshot,
                &self.judgement,
                &self.findings,
                (&self.detections, &self.stories),
            )
        }
    }

    /// What departures ended of accounts that no roster knows; what one knows is told with its
    /// finding.
    fn aftermaths(&self) -> BTreeMap<AccountId, Aftermath> {
        let known = |id: &AccountId| self.departed.iter().any(|one| one.id == *id);
        latest_departures(&self.snapshot)
            .into_iter()
            .filter(|(id, _)| !known(id))
            .map(|(id, (method, _))| {
                let aftermath = self.aftermath(&id, &method);
                (id, aftermath)
            })
            .collect()
    }

    /// What the departure of an account ended that no roster knows.
    fn aftermath(&self, account: &AccountId, method: &Method) -> Aftermath {
        let records = self.snapshot.events.records.iter();
        let joinings = records.filter_map(joining);
        let own = joinings.filter(|one| one.account.as_ref() == Some(account));
        // A role that came with the account stays when it goes and comes back.
        let joined = own.reduce(|newer, older| match older.method {
            Some(JoinedMethod::Created) => older,
            _ => newer,
        });
        aftermath(
            &self.snapshot,
            DepartureEvent {
                left_or_removed: matches!(method, Method::Left | Method::Removed),
                joined: joined.as_ref().and_then(|one| one.method.as_ref()),
            },
        )
    }
}

/// Judges a snapshot.
pub fn judge_all(snapshot: Snapshot, settings: &Settings) -> Audited {
    let judgement = crate::verdict::judge(&snapshot);
    let cx = Context {
        snapshot: &snapshot,
        judgement: &judgement,
        settings,
    };
    let mut findings = crate::audit::run(&cx);
    let home = Home::of(&snapshot, &judgement);
    let records = snapshot.records();
    let detections = crate::detect::detect(records, &home, settings, snapshot.taken_at);
    let stories = stories(&detections, &home);
    let unused = unused_event_waivers(settings, &detections, snapshot.taken_at);
    findings.extend(unused.map(unused_waiver));
    crate::audit::sort(&mut findings);
    Audited {
        snapshot,
        judgement,
        findings,
        detections,
        stories,
        verification: None,
        departed: Vec::new(),
        changes: None,
        former_tags: BTreeMap::new(),
    }
}

/// Live waivers of events that cover none.
pub(super) fn unused_event_waivers<'a>(
    settings: &'a Settings,
    detections: &'a [Detection],
    at: Timestamp,
) -> impl Iterator<Item = &'a Waiver> {
    let used = |waiver: &Waiver| {
        let mut waived = detections.iter().filter_map(|one| one.waived.as_ref());
        waived.any(|one| one == waiver)
    };
    of_events(settings).filter(move |waiver| waiver.expires > at && !used(waiver))
}

/// Waivers of events.
pub(super) fn of_events(settings: &Settings) -> impl Iterator<Item = &Waiver> {
    let rules = &crate::detect::RULES;
    let of_event = move |waiver: &&Waiver| rules.iter().any(|rule| rule.id == waiver.rule);
    settings.waivers.iter().filter(of_event)
}

/// Every rule, of audits and of events.
pub fn rules() -> Vec<&'static RuleMeta> {
    RULES
        .iter()
        .map(|rule| rule.meta)
        .chain(crate::detect::RULES)
        .chain(BASELINE_RULES)
        .chain([&SIMULATOR_DISAGREES, &WAIVER_EXPIRED, &WAIVER_UNUSED])
        .collect()
}

/// Their ids.
pub fn rule_ids() -> RuleIds {
    let events = crate::detect::RULES.map(|rule| rule.id);
    let ids = rules().into_iter().map(|rule| rule.id);
    RuleIds {
        of_findings: ids.filter(|id| !events.contains(id)).collect(),
        of_events: events.to_vec(),
    }
}
