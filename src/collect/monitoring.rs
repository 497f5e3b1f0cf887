//! Trails, rules of the bus and metric filters: what records exits, and who would hear of them.

use futures::future::join_all;
use futures::join;

use super::calls::Calls;
use super::{Watching, not_read};
use crate::alarm::{Scene, could_hear};
use crate::aws::{Failure, FailureClass};
use crate::model::monitoring::{EventRule, Trail};
use crate::model::snapshot::Caller;
use crate::model::{Gap, GapReason, Observed, Snapshot};

const RULES: &str = "events:ListRules";
const FILTERS: &str = "logs:DescribeMetricFilters";

/// See the fields of the same names in [`Snapshot`]; not yet known to be those of the management
/// account.
#[derive(Debug)]
pub(super) struct Monitoring {
    trails: Observed<Vec<Trail>>,
    rules: Option<Result<Vec<EventRule>, Failure>>,
}

/// Reads both at once.
pub(super) async fn read(calls: Calls<'_>, caller: &Caller, watching: Watching) -> Monitoring {
    match watching {
        Watching::Nothing => Monitoring {
            trails: not_read("cloudtrail:DescribeTrails"),
            rules: None,
        },
        Watching::Trails => Monitoring {
            trails: calls.observed(calls.reads.describe_trails().await.map(sorted)),
            rules: None,
        },
        Watching::Everything => {
            let (trails, rules) = join!(trails(calls, caller), rules(calls, caller));
            Monitoring {
                trails,
                rules: Some(rules),
            }
        }
    }
}

fn sorted(mut trails: Vec<Trail>) -> Vec<Trail> {
    trails.sort_by(|a, b| a.arn.cmp(&b.arn));
    trails
}

async fn trails(calls: Calls<'_>, caller: &Caller) -> Observed<Vec<Trail>> {
    let listed = match calls.reads.describe_trails().await {
        Ok(listed) => sorted(listed),
        Err(failure) => return calls.observed(Err(failure)),
    };
    let asked = listed.into_iter().map(|trail| async move {
        let (status, selectors, filters) = join!(
            calls.reads.trail_status(&trail),
            calls.reads.event_selectors(&trail),
            filters(calls, caller, &trail),
        );
        Trail {
            status: calls.observed(status),
            selectors: calls.observed(selectors),
            filters,
            ..trail
        }
    });
    Observed::Known(join_all(asked).await)
}

/// Those of an organization trail's log group, if it lies in the caller's account.
async fn filters(
    calls: Calls<'_>,
    caller: &Caller,
    trail: &Trail,
) -> Observed<Vec<crate::model::monitoring::MetricFilter>> {
    let Some(arn) = trail.log_group.as_deref().filter(|_| trail.organization) else {
        return trail.filters.clone();
    };
    // arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*
    let mut parts = arn.splitn(7, ':').skip(3);
    let (region, account, name) = (parts.next(), parts.next(), parts.nth(1));
    let name = name.map(|name| name.strip_suffix(":*").unwrap_or(name));
    let gap = |reason, message: String| {
        let gap = Gap {
            operation: FILTERS.to_owned(),
            target: Some(arn.to_owned()),
            reason,
            message,
            request_id: None,
        };
        calls.tell(&gap);
        Observed::Unknown(gap)
    };
    match (region, account, name) {
        (Some(region), Some(account), Some(name)) if account == caller.account.as_str() => {
            calls.observed(calls.reads.metric_filters(region, name).await)
        }
        (Some(_), Some(account), Some(_)) => {
            let message = format!("the log group lies in account {account}, which was not asked");
            gap(GapReason::NotVisible, message)
        }
        _ => gap(
            GapReason::Malformed,
            "not the ARN of a log group".to_owned(),
        ),
    }
}

async fn rules(calls: Calls<'_>, caller: &Caller) -> Result<Vec<EventRule>, Failure> {
    let mut rules = calls.reads.list_rules().await?;
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    let scene = Scene {
        management: caller.account.as_str(),
        region: &caller.region,
    };
    let asked = rules.into_iter().map(|rule| async move {
        if !could_hear(&rule, scene) {
            return rule;
        }
        let counted = calls.reads.count_targets(&rule.name).await;
        EventRule {
            targets: Observed::from(counted.map_err(Failure::into_gap)),
            ..rule
        }
    });
    Ok(join_all(asked).await)
}

/// Keeps what was read; the bus of another account than the management account is not the one
/// that hears of departures.
pub(super) fn keep(calls: Calls<'_>, snapshot: &mut Snapshot, found: Monitoring) {
    snapshot.trails = found.trails;
    let Some(rules) = found.rules else {
        return;
    };
    let manages = snapshot.caller_manages();
    let left_out = |failure: &Failure| failure.class == FailureClass::NotBuiltIn;
    let built_in = !rules.as_ref().is_err_and(left_out);
    snapshot.event_rules = if manages == Some(true) || !built_in {
        calls.observed(rules)
    } else {
        let gap = not_the_management_bus(&snapshot.caller, manages);
        calls.tell(&gap);
        Observed::Unknown(gap)
    };
    for rule in snapshot.event_rules.known().into_iter().flatten() {
        let gap = rule.targets.gap();
        if let Some(gap) = gap.filter(|gap| gap.reason != GapReason::NotRead) {
            calls.tell(gap);
        }
    }
}

fn not_the_management_bus(caller: &Caller, manages: Option<bool>) -> Gap {
    let account = &caller.account;
    let message = if manages.is_some() {
        format!(
            "AWS delivers departures to the management account's bus, and {account} is not the \
             management account"
        )
    } else {
        format!(
            "AWS delivers departures to the management account's bus, and whether {account} is the \
             management account is unknown"
        )
    };
    Gap {
        operation: RULES.to_owned(),
        target: Some("default bus of the management account".to_owned()),
        reason: GapReason::NotVisible,
        message,
        request_id: None,
    }
}
