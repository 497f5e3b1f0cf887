//! What only members can tell: their own attempts, and invitations that wait in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, join, stream};

use super::calls::Calls;
use super::{history, not_read};
use crate::aws::{Failure, Reads, Session};
use crate::exits::{ExitPath, member_event_names};
use crate::model::snapshot::{EventHistory, MemberFacts};
use crate::model::{AccountId, Event, Gap, GapReason, Observed, Observer, Silent, Snapshot};
use crate::trail::{Method, departure};
use crate::verdict::{Answer, Grade, Standing, judge};

/// Members that are asked at the same time; each history has a pace of its own.
const AT_ONCE: usize = 16;
const ROLES: &str = "iam:ListRoles";
const HANDSHAKES: &str = "organizations:ListHandshakesForAccount";

/// Members that were finished before a run was interrupted.
pub trait Finished: std::fmt::Debug + Sync {
    /// What was read inside `wanted.account` through `role`, if it will do for that window.
    fn found(&self, wanted: &EventHistory, role: &str) -> Option<MemberFacts>;

    /// Keeps what was read inside a member.
    fn keep(&self, account: &AccountId, facts: &MemberFacts);
}

/// Into which members, and how.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    /// Name of the role in each of them, with its path if it has one.
    pub role: &'a str,
    /// The external id that its trust policy asks for.
    pub external_id: Option<&'a str>,
    /// Only these; none: every member that acts, and those that departed in the window of the
    /// snapshot's events, whose histories outlive the departure.
    pub only: &'a BTreeSet<AccountId>,
    /// Where finished members are kept.
    pub finished: Option<&'a dyn Finished>,
}

/// Reads inside members, in the window of the snapshot's events. Lists the accounts first, if
/// the snapshot lacks them.
pub async fn collect_members(
    session: &Session,
    snapshot: &mut Snapshot,
    into: Members<'_>,
    observer: &dyn Observer,
) {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    list_accounts(calls, snapshot).await;
    calls.phase("members");
    let done = AtomicUsize::new(0);
    let blank = EventHistory {
        records: Vec::new(),
        gaps: Vec::new(),
        unparsed: Vec::new(),
        ..snapshot.events.clone()
    };
    let named = with_named_principals(snapshot);
    let asked = targets(snapshot, into.only)
        .into_iter()
        .map(|(account, membership)| {
            let history = EventHistory {
                account: account.clone(),
                ..blank.clone()
            };
            let done = &done;
            let place = Place {
                membership,
                lets_named_through: named.contains(&account),
            };
            async move {
                let facts = Box::pin(look_into(session, into, history, place)).await;
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                observer.on(&Event::Read {
                    what: "members",
                    count,
                });
                (account, facts)
            }
        });
    let told: Vec<_> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    snapshot.members = told.into_iter().collect();
    for facts in snapshot.members.values() {
        let inside = facts.history.known().into_iter();
        let inside = inside.flat_map(|history| &history.gaps);
        let whole = [
            facts.history.gap(),
            facts.handshakes.gap(),
            facts.roles.gap(),
        ];
        for gap in whole.into_iter().flatten().chain(inside) {
            if gap.reason != GapReason::NotRead {
                calls.tell(gap);
            }
        }
    }
}

/// Reads the accounts, if nothing has asked for them.
async fn list_accounts(calls: Calls<'_>, snapshot: &mut Snapshot) {
    let unread = snapshot.accounts.gap();
    if unread.is_none_or(|gap| gap.reason != GapReason::NotRead) {
        return;
    }
    calls.phase("accounts");
    let mut accounts = BTreeMap::new();
    let listed = calls.reads.list_accounts(|page| {
        accounts.extend(page.into_iter().map(|row| (row.id.clone(), row)));
    });
    let listed = listed.await;
    snapshot.accounts = calls.observed(listed).map(|()| accounts);
}

/// Is it in the organization?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    Member,
    Former,
}

/// What is asked of an account.
#[derive(Debug, Clone, Copy)]
struct Place {
    membership: Membership,
    lets_named_through: bool,
}

/// Members whose guard only named principals get past: whether they exist is asked there.
fn with_named_principals(snapshot: &Snapshot) -> BTreeSet<AccountId> {
    let named = |standing: &Standing| {
        ExitPath::of_members().any(|path| match standing.verdict(path.id) {
            Some(Answer::Conditional { exemptions, .. }) => {
                exemptions.iter().any(|one| one.grade == Grade::Held)
            }
            _ => false,
        })
    };
    let standings = judge(snapshot).standings.into_iter();
    standings
        .filter(|(_, standing)| named(standing))
        .map(|(id, _)| id)
        .collect()
}

/// Whom to ask: never the caller's own account, whose history was read without a role.
fn targets(snapshot: &Snapshot, only: &BTreeSet<AccountId>) -> BTreeMap<AccountId, Membership> {
    let members = snapshot.members().into_iter().flatten();
    let acting = members.filter(|account| account.is_acting());
    let acting = acting.map(|account| (account.id.clone(), Membership::Member));
    let listed = |id: &AccountId| {
        let accounts = snapshot.accounts.known();
        accounts.is_some_and(|accounts| accounts.contains_key(id))
    };
    let departed = snapshot.events.records.iter().filter_map(departure);
    // Nobody can get into an account that AWS has done away with.
    let departed = departed.filter(|one| one.method != Method::Cleaned);
    let former = departed.filter_map(|one| one.account);
    let former = former
        .chain(only.iter().cloned())
        .filter(|id| !listed(id))
        .map(|id| (id, Membership::Former));
    let wanted = |id: &AccountId| only.is_empty() || only.contains(id);
    acting
        .chain(former)
        .filter(|(id, _)| wanted(id) && *id != snapshot.caller.account)
        .collect()
}

async fn look_into(
    session: &Session,
    into: Members<'_>,
    history: EventHistory,
    place: Place,
) -> MemberFacts {
    let account = history.account.clone();
    let role = session.member_role(&account, into.role);
    let found = into.finished.and_then(|one| one.found(&history, &role));
    let whole = |facts: &MemberFacts| {
        let handshakes =
            place.membership == Membership::Former || facts.handshakes.known().is_some();
        handshakes && (!place.lets_named_through || facts.roles.known().is_some())
    };
    if let Some(facts) = found.filter(whole) {
        return facts;
    }
    let opened = session.inside(&account, into.role, into.external_id).await;
    let (history, handshakes, roles) = match opened {
        // One gap tells it; the handshakes hang on the same.
        Err(failure) => (
            Observed::Unknown(gap_in(failure.into_gap(), &role)),
            not_read(HANDSHAKES),
            not_read(ROLES),
        ),
        Ok(reads) => join!(
            Box::pin(read_history(&reads, history, &role)),
            Box::pin(async {
                match place.membership {
                    Membership::Former => not_read(HANDSHAKES),
                    Membership::Member => {
                        let listed = reads.list_handshakes_for_account().await;
                        let told = listed.map_err(|failure: Failure| failure.into_gap());
                        Observed::from(told.map_err(|gap| gap_in(gap, &role)).map(|mut list| {
                            list.sort_by(|a, b| a.id.cmp(&b.id));
                            list
                        }))
                    }
                }
            }),
            Box::pin(async {
                if !place.lets_named_through {
                    return not_read(ROLES);
                }
                let listed = reads.list_roles().await;
                Observed::from(listed.map_err(|failure| gap_in(failure.into_gap(), &role)))
            })
        ),
    };
    let facts = MemberFacts {
        role,
        history,
        handshakes,
        roles,
    };
    if let Some(finished) = into.finished
        && is_whole(&facts)
    {
        finished.keep(&account, &facts);
    }
    facts
}

/// Was everything read that was asked for?
fn is_whole(facts: &MemberFacts) -> bool {
    let history = facts.history.known();
    let handshakes = facts.handshakes.gap();
    history.is_some_and(|history| history.gaps.is_empty())
        && [handshakes, facts.roles.gap()]
            .into_iter()
            .flatten()
            .all(|gap| gap.reason == GapReason::NotRead)
}

/// Its own events; unknown if nothing could be looked up.
async fn read_history(reads: &Reads, history: EventHistory, role: &str) -> Observed<EventHistory> {
    let names = member_event_names();
    let calls = Calls {
        reads,
        observer: &Silent,
    };
    let mut history = history::read(calls, history, &names).await;
    if history.gaps.len() == names.len()
        && let Some(gap) = history.gaps.pop()
    {
        return Observed::Unknown(gap_in(gap, role));
    }
    for gap in &mut history.gaps {
        let name = gap.target.take().unwrap_or_default();
        gap.target = Some(format!("{name} through {role}"));
    }
    Observed::Known(history)
}

/// A gap that names the role, and with it the account.
fn gap_in(gap: Gap, role: &str) -> Gap {
    Gap {
        target: Some(role.to_owned()),
        ..gap
    }
}
