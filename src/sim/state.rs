//! What happens to one request: faults, key, rate, permission, operation, record, answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::authorize;
use super::buckets::{self, Buckets};
use super::faults::{Change, Fault, Kind};
use super::identify::{self, Caller, Owners};
use super::latency::Latency;
use super::log::{CallOutcome, LoggedCall};
use super::refusal::Refusal;
use super::service::{Outcome, Reply};
use super::services::paging::Paging;
use super::services::{self, Call};
use super::wire::{self, Api, Request};
use super::world::World;
use crate::model::Timestamp;

#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: Vec<Fault>,
    /// Requests so far, by operation.
    counts: BTreeMap<String, u32>,
    owners: Owners,
    pub(super) log: Vec<LoggedCall>,
    buckets: Buckets,
    pub(super) throttling: bool,
    pub(super) latency: Latency,
    pub(super) skipped: Duration,
    /// Keys whose credentials a fault let expire.
    expired: BTreeSet<String>,
    /// Id of the request that is being answered.
    answering: String,
    /// The world before the last write and when that was, while a fault wants it.
    before: Option<(SystemTime, Box<World>)>,
}

impl State {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            faults: Vec::new(),
            counts: BTreeMap::new(),
            owners: Owners::new(),
            log: Vec::new(),
            buckets: Buckets::default(),
            throttling: false,
            latency: Latency::default(),
            skipped: Duration::ZERO,
            expired: BTreeSet::new(),
            answering: String::new(),
            before: None,
        }
    }
}

/// What a call came to, and who made it.
struct Performed {
    result: Result<Value, Refusal>,
    account: Option<String>,
    principal: Option<String>,
}

impl State {
    pub(super) fn handle(&mut self, now: SystemTime, request: &Request) -> Reply {
        if let Ok(now) = Timestamp::try_from(now) {
            self.world.advance_to(now);
        }
        let faults = self.faults_of(&request.action());
        self.strike(request, &faults);
        let id = self.world.draw_uuid();
        self.answering.clone_from(&id);
        let after = faults.iter().map(|fault| match fault {
            Kind::Delay(time) => *time,
            _ => Duration::ZERO,
        });
        let after = after.sum::<Duration>() + self.latency.next();
        let spoilt = faults
            .iter()
            .any(|fault| matches!(fault, Kind::Raw { .. } | Kind::Replace { .. }));
        if let Some(outcome) = faults.iter().find_map(|fault| before(request, fault, &id)) {
            self.note(request, None, CallOutcome::Faulted);
            return Reply {
                after,
                outcome,
                spoilt,
            };
        }
        let performed = self.perform(now, request, &faults);
        let response = match &performed.result {
            Ok(output) => wire::answer(request, &edited(output, &faults), &id),
            Err(refusal) => wire::refuse(request.api, refusal, &id),
        };
        let lost = faults.iter().find_map(|fault| match fault {
            Kind::ClosedAfter => Some(Outcome::Closed),
            Kind::ResetAfter => Some(Outcome::Reset),
            Kind::CutBody => Some(Outcome::CutBody(response.clone())),
            _ => None,
        });
        let slow = faults.iter().find_map(|fault| match fault {
            Kind::SlowBody(time) => Some(*time),
            _ => None,
        });
        let outcome = match (&lost, &performed.result) {
            (Some(_), _) => CallOutcome::AnswerLost,
            (None, Ok(_)) => CallOutcome::Done,
            (None, Err(refusal)) => CallOutcome::Refused(refusal.code.clone()),
        };
        self.note(request, Some(performed), outcome);
        Reply {
            after,
            outcome: match (lost, slow) {
                (Some(lost), _) => lost,
                (None, Some(time)) => Outcome::SlowBody(response, time),
                (None, None) => Outcome::Answer(response),
            },
            spoilt,
        }
    }

    /// What faults do before the call is looked at.
    fn strike(&mut self, request: &Request, faults: &[Kind]) {
        for fault in faults {
            match fault {
                Kind::ExpireCredentials => self.expired.extend(request.access_key.clone()),
                Kind::Change(change) => change.make(&mut self.world),
                _ => {}
            }
        }
    }

    /// Counts the call and finds the faults that strike it.
    fn faults_of(&mut self, action: &str) -> Vec<Kind> {
        let count = self.counts.entry(action.to_owned()).or_default();
        *count += 1;
        let number = *count;
        let planned = self.world.changes.iter();
        let planned = planned
            .filter(|planned| planned.before == action && planned.call == number)
            .map(|planned| Kind::Change(Change::named(planned.change.clone())));
        let faults = self.faults.iter();
        let faults = faults
            .filter(|fault| fault.hits(action, number))
            .map(|fault| fault.kind.clone());
        planned.chain(faults).collect()
    }

    fn note(&mut self, request: &Request, by: Option<Performed>, outcome: CallOutcome) {
        let (account, principal) = by.map_or((None, None), |by| (by.account, by.principal));
        self.log.push(LoggedCall {
            operation: request.action(),
            account,
            principal,
            outcome,
        });
    }

    fn identify(&mut self, request: &Request) -> Result<Caller, Refusal> {
        let key = request.access_key.as_ref();
        if key.is_some_and(|key| self.expired.contains(key)) {
            return Err(identify::expired(request.api));
        }
        identify::identify(&self.world, &mut self.owners, request)
    }

    /// Key, rate, permission, operation, record: in AWS's order.
    fn perform(&mut self, now: SystemTime, request: &Request, faults: &[Kind]) -> Performed {
        let caller = match self.identify(request) {
            Ok(caller) => caller,
            Err(refusal) => {
                return Performed {
                    result: Err(refusal),
                    account: None,
                    principal: None,
                };
            }
        };
        let by = |result| Performed {
            result,
            account: Some(caller.account.clone()),
            principal: Some(caller.arn.clone()),
        };
        if !services::known(request) {
            return by(Err(services::unknown_operation(request)));
        }
        if self.throttling && !self.take_token(now, &caller, request) {
            return by(Err(buckets::throttled(request.api)));
        }
        by(self.judge(now, &caller, request, faults))
    }

    fn take_token(&mut self, now: SystemTime, caller: &Caller, request: &Request) -> bool {
        let account = &caller.account;
        let organization = self.world.organization_of(account);
        let organization = organization.map(|found| found.id.as_str());
        // CloudTrail counts each region by itself.
        let owner = match request.api {
            Api::CloudTrail => format!("{account} {}", request.region),
            _ => account.clone(),
        };
        self.buckets
            .take(&request.action(), &owner, organization, now)
    }

    /// Permission, operation, record.
    fn judge(
        &mut self,
        now: SystemTime,
        caller: &Caller,
        request: &Request,
        faults: &[Kind],
    ) -> Result<Value, Refusal> {
        let writes = !services::record::is_read(&request.operation);
        let keeps = |fault: &Fault| matches!(fault.kind, Kind::Stale { .. });
        if writes && self.faults.iter().any(keeps) {
            self.before = Some((now, Box::new(self.world.clone())));
        }
        // A session that is opened is no read, whatever its record says.
        let reads = !writes && request.api != Api::Sts;
        let mut past = reads.then(|| self.past(now, faults)).flatten();
        let mut call = Call {
            world: past.as_deref_mut().unwrap_or(&mut self.world),
            caller,
            request,
            paging: paging(faults),
        };
        let action = request.action();
        let result = services::resources::resources(&call)
            .iter()
            .try_for_each(|resource| {
                authorize::authorize(call.world, caller, &action, resource, request)
            })
            .and_then(|()| services::perform(&mut call));
        services::iam::note_use(&mut self.world, caller, request);
        services::record::record(&mut self.world, caller, request, &result, &self.answering);
        result
    }

    /// The world that a stale read sees.
    fn past(&self, now: SystemTime, faults: &[Kind]) -> Option<Box<World>> {
        let (since, world) = self.before.as_ref()?;
        let age = now.duration_since(*since).unwrap_or_default();
        let stale = faults.iter().any(|fault| match fault {
            Kind::Stale { within } => within.is_none_or(|within| age < within),
            _ => false,
        });
        stale.then(|| world.clone())
    }
}

/// The outcome of a fault that strikes before anything takes effect.
fn before(request: &Request, fault: &Kind, id: &str) -> Option<Outcome> {
    match fault {
        Kind::Error(refusal) => Some(Outcome::Answer(wire::refuse(request.api, refusal, id))),
        Kind::Raw {
            status,
            content_type,
            body,
        } => {
            let headers = [("content-type", content_type.as_str())];
            let body = body.clone().into_bytes();
            Some(Outcome::Answer(wire::response(*status, &headers, body)))
        }
        Kind::ResetBefore => Some(Outcome::Reset),
        _ => None,
    }
}

fn paging(faults: &[Kind]) -> Paging {
    faults
        .iter()
        .find_map(|fault| match fault {
            Kind::EmptyPage => Some(Paging::Empty),
            Kind::RepeatToken => Some(Paging::Repeat),
            Kind::ShortPage => Some(Paging::Short),
            _ => None,
        })
        .unwrap_or_default()
}

fn edited(output: &Value, faults: &[Kind]) -> Value {
    let mut output = output.clone();
    for fault in faults {
        match fault {
            Kind::Replace { pointer, value } => {
                if let Some(place) = output.pointer_mut(pointer) {
                    *place = value.clone();
                }
            }
            Kind::Reversed => {
                let members = output.as_object_mut().into_iter().flatten();
                members
                    .filter_map(|(_, member)| member.as_array_mut())
                    .for_each(|list| list.reverse());
            }
            _ => {}
        }
    }
    output
}
