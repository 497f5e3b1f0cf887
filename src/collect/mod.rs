//! Which facts are read, in what order, and what is left unread.
//!
//! Deny proof first: what hangs on the root is read and judged before anything
//! below is asked about, for a root that denies every exit settles every
//! account in about a dozen calls, however many there are. Independent calls
//! overlap; each lane keeps its own pace. What cannot be read becomes a gap.

mod attachments;
mod calls;
mod chain;
mod frontier;
mod history;
mod members;
mod monitoring;
mod names;
mod probe;
mod roster;
mod sides;
mod stack_sets;
mod tags;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::try_join;

use crate::aws::{Failure, FailureClass, Session};
use crate::model::snapshot::{Depth, EventHistory, SNAPSHOT_VERSION, stack_sets_not_read};
use crate::model::{Gap, GapReason, Observed, Observer, Snapshot, Timestamp};
use calls::Calls;

pub use chain::collect_chain;
pub use members::{Finished, Members, collect_members};
pub use roster::list_accounts;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// How deep the attachments are read.
    pub depth: Depth,
    /// How far back the event history is read; AWS keeps 90 days.
    pub since: Duration,
    /// Names of the CloudTrail events to look up.
    pub event_names: &'a [&'a str],
    /// What is read of trails and alarms.
    pub watching: Watching,
    /// Whether the tags of every account are read: one call for each.
    pub tags: bool,
}

/// What is read of that which records exits, and of who would hear of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watching {
    /// Nothing.
    Nothing,
    /// Which trails there are.
    Trails,
    /// Trails and what they record, rules of the bus, metric filters.
    Everything,
}

impl Scope<'_> {
    /// As far back as the event history of CloudTrail reaches.
    pub const LONGEST: Duration = Duration::from_hours(90 * 24);
}

impl Default for Scope<'_> {
    /// As deep as the verdicts need, 90 days, no events, no trails, no tags.
    fn default() -> Self {
        Self {
            depth: Depth::Proof,
            since: Self::LONGEST,
            event_names: &[],
            watching: Watching::Nothing,
            tags: false,
        }
    }
}

/// Nothing can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// The account of the credentials stands alone.
    #[error("account `{account}` is not in an organization")]
    NotInOrganization {
        /// The caller's account.
        account: String,
        /// What AWS said.
        failure: Box<Failure>,
    },
    /// The account of the credentials is a member that AWS tells nothing of the organization.
    #[error(
        "account `{account}` is a member of organization `{organization}`, and AWS refuses it \
         the organization's accounts, roots and policies"
    )]
    PlainMember {
        /// The caller's account.
        account: String,
        /// Its organization.
        organization: String,
    },
}

impl CollectError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotInOrganization { .. } => {
                "use credentials of the management account or of a delegated administrator"
            }
            Self::PlainMember { .. } => {
                "use credentials of the management account or of a delegated administrator; if \
                 this is one, `org-exit-guard emit iam-policy audit` prints what it has to be allowed"
            }
        }
    }
}

/// Reads every fact of `scope` as of `now`; each gap is also told to `observer`.
///
/// # Errors
/// Only when the caller is in no organization, or a member that may read nothing of it;
/// everything else is a gap.
pub async fn collect(
    session: &Session,
    scope: &Scope<'_>,
    now: Timestamp,
    observer: &dyn Observer,
) -> Result<Snapshot, CollectError> {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    let blank = blank(session, scope, now);
    let history = blank.events.clone();
    let caller = session.caller();
    let (mut snapshot, sides, events, monitoring) = try_join!(
        Box::pin(tree::read(calls, blank)),
        Box::pin(async { Ok(sides::read(calls).await) }),
        Box::pin(async { Ok(history::read(calls, history, scope.event_names).await) }),
        Box::pin(async { Ok(monitoring::read(calls, caller, scope.watching).await) }),
    )?;
    if let Some(error) = plain_member(&snapshot) {
        return Err(error);
    }
    snapshot.delegation_policy = sides.delegation_policy;
    snapshot.delegated_administrators = sides.delegated_administrators;
    snapshot.trusted_services = sides.trusted_services;
    snapshot.root_features = sides.root_features;
    snapshot.handshakes = sides.handshakes;
    monitoring::keep(calls, &mut snapshot, monitoring);
    keep_events(calls, &mut snapshot, events, scope.event_names);
    // What they are asked about, and as whom, is known only now.
    let (stack_sets, tags) = futures::join!(
        Box::pin(stack_sets::read(calls, &snapshot)),
        Box::pin(tags::read(calls, &snapshot, scope.tags)),
    );
    snapshot.stack_sets = stack_sets;
    tags::keep(&mut snapshot, tags);
    if scope.depth == Depth::Full {
        tags::of_policies(calls, &mut snapshot).await;
    }
    Ok(snapshot)
}

/// Reads the events of `scope` as of `now` and what tells whose invitations were accepted; the
/// rest of the snapshot is not read.
///
/// # Errors
/// Only when the caller is in no organization; everything else is a gap.
pub async fn collect_events(
    session: &Session,
    scope: &Scope<'_>,
    now: Timestamp,
    observer: &dyn Observer,
) -> Result<Snapshot, CollectError> {
    let reads = session.reads();
    let calls = Calls {
        reads: &reads,
        observer,
    };
    let mut snapshot = blank(session, scope, now);
    let history = snapshot.events.clone();
    let (organization, handshakes, events) = futures::join!(
        reads.describe_organization(),
        reads.list_handshakes_for_organization(),
        history::read(calls, history, scope.event_names),
    );
    if let Err(failure) = &organization
        && let Some(error) = outside(&snapshot, failure)
    {
        return Err(error);
    }
    snapshot.organization = calls.observed(organization);
    snapshot.handshakes = calls.observed(handshakes);
    keep_events(calls, &mut snapshot, events, scope.event_names);
    Ok(snapshot)
}

/// Keeps the events, with the gap of what this caller's history cannot show.
fn keep_events(calls: Calls<'_>, snapshot: &mut Snapshot, events: EventHistory, names: &[&str]) {
    snapshot.events = events;
    if let Some(gap) = history::unseen(snapshot, names) {
        calls.tell(&gap);
        snapshot.events.gaps.push(gap);
    }
}

/// A snapshot of which nothing has been read.
fn blank(session: &Session, scope: &Scope<'_>, now: Timestamp) -> Snapshot {
    let since = jiff::SignedDuration::try_from(scope.since).unwrap_or(jiff::SignedDuration::ZERO);
    let caller = session.caller().clone();
    Snapshot {
        format_version: SNAPSHOT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now,
        depth: scope.depth,
        organization: not_read("organizations:DescribeOrganization"),
        root: not_read("organizations:ListRoots"),
        accounts: not_read("organizations:ListAccounts"),
        units: BTreeMap::new(),
        policies: BTreeMap::new(),
        policies_listed: not_read("organizations:ListPolicies"),
        attachments: crate::model::organization::Attachments::default(),
        delegation_policy: not_read("organizations:DescribeResourcePolicy"),
        delegated_administrators: not_read("organizations:ListDelegatedAdministrators"),
        trusted_services: not_read("organizations:ListAWSServiceAccessForOrganization"),
        root_features: not_read("iam:ListOrganizationsFeatures"),
        handshakes: not_read("organizations:ListHandshakesForOrganization"),
        stack_sets: stack_sets_not_read(),
        events: EventHistory {
            account: caller.account.clone(),
            region: caller.region.clone(),
            from: now.checked_sub(since).unwrap_or(Timestamp::MIN),
            until: now,
            records: Vec::new(),
            gaps: Vec::new(),
            unparsed: Vec::new(),
        },
        trails: not_read("cloudtrail:DescribeTrails"),
        event_rules: not_read("events:ListRules"),
        members: BTreeMap::new(),
        caller,
    }
}

/// Not asked, because nothing that was asked for depends on it.
fn not_read<T>(operation: &str) -> Observed<T> {
    Observed::not_read(operation)
}

/// A member that is refused the accounts and the roots: no row of a report would say anything.
fn plain_member(snapshot: &Snapshot) -> Option<CollectError> {
    let organization = snapshot.organization.known()?;
    let denied = |gap: Option<&Gap>| gap.is_some_and(|gap| gap.reason == GapReason::AccessDenied);
    let nothing = denied(snapshot.accounts.gap()) && denied(snapshot.root.gap());
    (nothing && snapshot.caller.account != organization.management_account).then(|| {
        CollectError::PlainMember {
            account: snapshot.caller.account.to_string(),
            organization: organization.id.to_string(),
        }
    })
}

/// The one failure that ends a collection.
fn outside(snapshot: &Snapshot, failure: &Failure) -> Option<CollectError> {
    (failure.class == FailureClass::NotInOrganization).then(|| CollectError::NotInOrganization {
        account: snapshot.caller.account.to_string(),
        failure: Box::new(failure.clone()),
    })
}
