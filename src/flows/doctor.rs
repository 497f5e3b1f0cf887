//! Who calls, and which operations answer: each read tried once, nothing written.

use std::time::Duration;

use crate::aws::{Failure, FailureClass, Reads, STACK_SETS_BUILT_IN, Session, Simulation};
use crate::model::monitoring::Trail;
use crate::model::operations::{Job, OPERATIONS, Operation};
use crate::model::organization::{Organization, PolicyTypeState};
use crate::model::snapshot::{Caller, STACK_SETS};
use crate::model::{AccountId, NodeId, OuId, PolicyId, Timestamp};

/// The event looked up to see whether the event history answers.
const EVENT: &str = "LeaveOrganization";
/// How far back it is looked up: answering takes longer the more there is.
const WINDOW: Duration = Duration::from_hours(1);

/// The log group asked about to see whether its filters could be listed.
const LOG_GROUP: &str = "org-exit-guard/doctor";

/// What `ListDelegatedServicesForAccount` says of an account that is no delegated administrator
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedServicesForAccount.html>).
const NOT_REGISTERED: &str = "AccountNotRegisteredException";

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It answered.
    Allowed,
    /// The caller may not call it.
    Denied(Failure),
    /// No usable answer.
    NoAnswer(Failure),
    /// What it would have been asked about is unknown.
    CouldNotTry(&'static str),
    /// There is nothing that it could be asked about, so nothing is lost either.
    NothingToAsk(&'static str),
    /// A write, or a read that only a write makes necessary.
    NotTried,
}

impl Answer {
    fn of<T>(result: Result<T, Failure>) -> Self {
        match result {
            Ok(_) => Self::Allowed,
            Err(failure) => match failure.class {
                FailureClass::AccessDenied => Self::Denied(failure),
                // Only who may call is told that there is no such thing.
                FailureClass::NotFound => Self::Allowed,
                _ if failure.code.as_deref() == Some(NOT_REGISTERED) => Self::Allowed,
                _ => Self::NoAnswer(failure),
            },
        }
    }

    /// Is something lost to an audit?
    pub fn lacks(&self) -> bool {
        matches!(
            self,
            Self::Denied(_) | Self::NoAnswer(_) | Self::CouldNotTry(_)
        )
    }
}

/// Everything that `doctor` tells.
#[derive(Debug)]
pub struct Examination {
    /// Who calls.
    pub caller: Caller,
    /// The organization, if it could be read.
    pub organization: Option<Organization>,
    /// Whether SCPs bind, if it could be read.
    pub scp_state: Option<PolicyTypeState>,
    /// Every operation of the table, in its order.
    pub operations: Vec<(&'static Operation, Answer)>,
}

impl Examination {
    /// Is the caller the management account, as far as is known?
    pub fn caller_manages(&self) -> Option<bool> {
        let organization = self.organization.as_ref()?;
        Some(organization.management_account == self.caller.account)
    }

    /// Did every read answer that an audit needs?
    pub fn is_complete(&self) -> bool {
        let mut needed = self
            .operations
            .iter()
            .filter(|(row, _)| row.job.is_for_every_audit());
        !needed.any(|(_, answer)| answer.lacks())
    }
}

/// What later reads are asked about: found by earlier ones.
struct Targets<'a> {
    caller: &'a AccountId,
    region: &'a str,
    /// Is it the management account, as far as is known?
    manages: bool,
    /// May `StackSets` act on accounts by themselves? `None` if that is not known.
    stack_sets: Option<bool>,
    root: Option<NodeId>,
    /// An OU, or why there is none to ask about.
    unit: Result<OuId, Answer>,
    administrator: Option<AccountId>,
    trail: Result<Trail, Answer>,
    rule: Result<String, Answer>,
    now: Timestamp,
}

/// Tries every read of the table once.
pub async fn examine(session: &Session, now: Timestamp) -> Examination {
    let reads = session.first_pages();
    let caller = session.caller().clone();
    let organization = reads.describe_organization().await;
    let roots = reads.list_roots().await;
    let root = roots.as_ref().ok().and_then(|roots| roots.first()).cloned();
    let administrators = reads.list_delegated_administrators().await;
    let trails = reads.describe_trails().await;
    let rules = reads.list_rules().await;
    let administrator = administrators.as_ref().ok().and_then(|all| all.first());
    let services = reads.list_aws_service_access().await;
    let trusted = services.as_ref().ok();
    let manages = organization.as_ref().ok();
    let mut targets = Targets {
        manages: manages.is_none_or(|one| one.management_account == caller.account),
        stack_sets: trusted.map(|all| all.iter().any(|one| one == STACK_SETS)),
        caller: &caller.account,
        region: &caller.region,
        root: root.as_ref().map(|root| NodeId::Root(root.id.clone())),
        unit: Err(Answer::CouldNotTry("the OUs below the root are unknown")),
        administrator: administrator.map(|one| one.account.clone()),
        trail: trails
            .as_ref()
            .map_err(|_| Answer::CouldNotTry("the trails are unknown"))
            .and_then(|all| an_organizations(all).cloned().ok_or(NO_TRAIL)),
        rule: rules
            .as_ref()
            .map_err(|_| Answer::CouldNotTry("the rules of the bus are unknown"))
            .and_then(|all| all.first().map(|rule| rule.name.clone()).ok_or(NO_RULE)),
        now,
    };
    let units = match &targets.root {
        Some(root) => Some(reads.list_organizational_units_for_parent(root).await),
        None => None,
    };
    if let Some(Ok(units)) = &units {
        let first = units.first().map(|(id, _)| id.clone());
        targets.unit = first.ok_or(Answer::NothingToAsk("there is no OU below the root"));
    }
    let mut operations = Vec::with_capacity(OPERATIONS.len());
    for row in OPERATIONS {
        let answer = match row.name {
            _ if row.job.writes() => Answer::NotTried,
            _ if row.job == Job::Member => IN_MEMBERS,
            _ if row.job == Job::Athena => IN_ATHENA,
            // The session could not have been opened without it.
            "sts:GetCallerIdentity" => Answer::Allowed,
            "organizations:DescribeOrganization" => {
                Answer::of(organization.as_ref().map_err(Clone::clone))
            }
            "organizations:ListRoots" => Answer::of(roots.as_ref().map_err(Clone::clone)),
            "organizations:ListDelegatedAdministrators" => {
                Answer::of(administrators.as_ref().map_err(Clone::clone))
            }
            "cloudtrail:DescribeTrails" => Answer::of(trails.as_ref().map_err(Clone::clone)),
            "events:ListRules" => Answer::of(rules.as_ref().map_err(Clone::clone)),
            "organizations:ListAWSServiceAccessForOrganization" => {
                Answer::of(services.as_ref().map_err(Clone::clone))
            }
            "organizations:ListOrganizationalUnitsForParent" => match &units {
                Some(units) => Answer::of(units.as_ref().map_err(Clone::clone)),
                None => NO_ROOT,
            },
            name => Box::pin(ask(&reads, name, &targets)).await,
        };
        operations.push((row, answer));
    }
    Examination {
        organization: organization.ok(),
        scp_state: root.map(|root| root.scp_state),
        operations,
        caller,
    }
}

const IN_MEMBERS: Answer =
    Answer::NothingToAsk("it serves what `audit --member-role` reads inside members");
const IN_ATHENA: Answer =
    Answer::NothingToAsk("it serves `detect --source athena:`, whose queries are billed");
const NO_TRAIL: Answer = Answer::NothingToAsk("there is no trail");
const NO_RULE: Answer = Answer::NothingToAsk("the default bus has no rule with a pattern");
const NO_ROOT: Answer = Answer::CouldNotTry("the root is unknown");

/// The smallest call of one operation.
async fn ask(reads: &Reads, operation: &str, targets: &Targets<'_>) -> Answer {
    match operation {
        "organizations:ListAccounts" => Answer::of(reads.list_accounts(drop).await),
        "organizations:ListPolicies" => Answer::of(reads.list_policies().await),
        "organizations:ListPoliciesForTarget" => match &targets.root {
            Some(root) => Answer::of(reads.list_policies_for_target(root).await),
            None => NO_ROOT,
        },
        "organizations:ListAccountsForParent" => match &targets.root {
            Some(root) => Answer::of(reads.list_accounts_for_parent(root).await),
            None => NO_ROOT,
        },
        "organizations:ListTargetsForPolicy" => {
            let policy = PolicyId::full_aws_access();
            Answer::of(reads.list_targets_for_policy(&policy).await)
        }
        "organizations:DescribePolicy" => {
            Answer::of(reads.describe_policy(&PolicyId::full_aws_access()).await)
        }
        "organizations:DescribeOrganizationalUnit" => match &targets.unit {
            Ok(unit) => Answer::of(reads.describe_organizational_unit(unit, Vec::new()).await),
            Err(answer) => answer.clone(),
        },
        "organizations:DescribeResourcePolicy" => {
            Answer::of(reads.describe_resource_policy().await)
        }
        "organizations:ListDelegatedServicesForAccount" => {
            let account = targets.administrator.as_ref().unwrap_or(targets.caller);
            Answer::of(reads.list_delegated_services_for_account(account).await)
        }
        "organizations:ListTagsForResource" => {
            Answer::of(reads.list_account_tags(targets.caller).await)
        }
        "cloudformation:ListStackSets" | "cloudformation:DescribeStackSet"
            if !STACK_SETS_BUILT_IN =>
        {
            Answer::NothingToAsk("this build leaves StackSets out")
        }
        "cloudformation:ListStackSets" | "cloudformation:DescribeStackSet"
            if targets.stack_sets == Some(false) =>
        {
            Answer::NothingToAsk("trusted access of StackSets is off, so none acts by itself")
        }
        "cloudformation:ListStackSets" => Answer::of(reads.list_stack_sets(targets.manages).await),
        "cloudformation:DescribeStackSet" => {
            // Whether there is such a StackSet or not: only who may ask is told.
            let asked = reads.describe_stack_set("org-exit-guard-doctor", targets.manages);
            Answer::of(asked.await)
        }
        "organizations:ListHandshakesForOrganization" => {
            Answer::of(reads.list_handshakes_for_organization().await)
        }
        "iam:ListOrganizationsFeatures" => Answer::of(reads.organizations_features().await),
        "iam:SimulateCustomPolicy" => {
            Answer::of(reads.simulate_scps(&Simulation::smallest()).await)
        }
        "cloudtrail:LookupEvents" => {
            let from = targets.now.checked_sub(WINDOW).unwrap_or(targets.now);
            Answer::of(reads.lookup_events(EVENT, from, targets.now).await)
        }
        _ => watching(reads, operation, targets).await,
    }
}

/// An organization trail if there is one, else any.
fn an_organizations(trails: &[Trail]) -> Option<&Trail> {
    let organization = trails.iter().find(|trail| trail.organization);
    organization.or_else(|| trails.first())
}

/// The smallest call of an operation about trails and alarms.
async fn watching(reads: &Reads, operation: &str, targets: &Targets<'_>) -> Answer {
    match (operation, &targets.trail, &targets.rule) {
        ("cloudtrail:GetTrailStatus", Ok(trail), _) => Answer::of(reads.trail_status(trail).await),
        ("cloudtrail:GetEventSelectors", Ok(trail), _) => {
            Answer::of(reads.event_selectors(trail).await)
        }
        ("events:ListTargetsByRule", _, Ok(rule)) => Answer::of(reads.count_targets(rule).await),
        // Only who may call is told that there is no such log group.
        ("logs:DescribeMetricFilters", ..) => {
            Answer::of(reads.metric_filters(targets.region, LOG_GROUP).await)
        }
        ("cloudtrail:GetTrailStatus" | "cloudtrail:GetEventSelectors", Err(answer), _)
        | ("events:ListTargetsByRule", _, Err(answer)) => answer.clone(),
        _ => Answer::CouldNotTry("this version does not know how"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::aws::{Keys, SessionOptions};
    use crate::sim::{Simulator, WorldBuilder};

    fn now() -> Timestamp {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    fn organization() -> WorldBuilder {
        WorldBuilder::new(now())
            .account("shop", "Workloads")
            .trail("everything", |_| {})
            .rule("exits", r#"{"source":["aws.organizations"]}"#, true, 1)
    }

    async fn examined(simulator: &Arc<Simulator>) -> Examination {
        let keys = simulator.keys_of_management();
        let options = SessionOptions {
            keys: Some(Keys {
                id: keys.access_key_id,
                secret: keys.secret_access_key,
                token: None,
            }),
            http_client: Some(simulator.http_client()),
            share: f64::INFINITY,
            ..SessionOptions::default()
        };
        let session = Session::open(options).await.unwrap();
        examine(&session, now()).await
    }

    fn denying(operation: &str) -> Arc<Simulator> {
        Simulator::new(organization().denied("Management", operation).build())
    }

    fn answer<'a>(examined: &'a Examination, operation: &str) -> &'a Answer {
        let mut rows = examined.operations.iter();
        &rows.find(|(row, _)| row.name == operation).unwrap().1
    }

    #[tokio::test(start_paused = true)]
    async fn an_administrator_may_read_everything_and_nothing_is_written() {
        let simulator = Simulator::new(organization().build());
        let before = simulator.world();
        let examined = examined(&simulator).await;
        for (row, answer) in &examined.operations {
            let expected = if row.job.writes() {
                Answer::NotTried
            } else if row.job == Job::Member {
                IN_MEMBERS
            } else if row.job == Job::Athena {
                IN_ATHENA
            } else if row.name.starts_with("cloudformation:") {
                // Trusted access is off in that world.
                assert!(matches!(answer, Answer::NothingToAsk(_)), "{answer:?}");
                continue;
            } else {
                Answer::Allowed
            };
            assert_eq!(*answer, expected, "{}", row.name);
        }
        assert_eq!(examined.operations.len(), OPERATIONS.len());
        assert!(examined.is_complete());
        assert_eq!(examined.caller_manages(), Some(true));
        assert_eq!(examined.scp_state, Some(PolicyTypeState::Enabled));
        for row in OPERATIONS {
            let calls = simulator.log();
            let count = calls
                .iter()
                .filter(|call| call.operation == row.name)
                .count();
            let off = row.name.starts_with("cloudformation:");
            let tried = !row.job.writes() && !matches!(row.job, Job::Member | Job::Athena) && !off;
            assert_eq!(count, usize::from(tried), "{}", row.name);
        }
        assert_eq!(before.organizations, simulator.world().organizations);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_of_many_pages_is_asked_for_once() {
        let many = (0..50).fold(organization(), |world, number| {
            world.account(&format!("account {number}"), "/")
        });
        let simulator = Simulator::new(many.build());
        assert!(examined(&simulator).await.is_complete());
        let calls = simulator.log();
        let lists = calls
            .iter()
            .filter(|call| call.operation == "organizations:ListAccounts");
        assert_eq!(lists.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_denied_is_told_and_the_rest_still_tried() {
        let simulator = denying("organizations:DescribeResourcePolicy");
        let examined = examined(&simulator).await;
        let denied = answer(&examined, "organizations:DescribeResourcePolicy");
        assert!(matches!(denied, Answer::Denied(_)), "{denied:?}");
        let lacking = examined.operations.iter().filter(|(_, a)| a.lacks());
        assert_eq!(lacking.count(), 1);
        assert!(!examined.is_complete());
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_root_what_hangs_on_it_could_not_be_tried() {
        let simulator = denying("organizations:ListRoots");
        let examined = examined(&simulator).await;
        for operation in [
            "organizations:ListPoliciesForTarget",
            "organizations:ListAccountsForParent",
            "organizations:ListOrganizationalUnitsForParent",
            "organizations:DescribeOrganizationalUnit",
        ] {
            let answer = answer(&examined, operation);
            assert!(matches!(answer, Answer::CouldNotTry(_)), "{operation}");
        }
        assert_eq!(
            *answer(&examined, "organizations:ListAccounts"),
            Answer::Allowed
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_organization_without_ous_lacks_nothing() {
        let simulator = Simulator::new(WorldBuilder::new(now()).build());
        let examined = examined(&simulator).await;
        let unit = answer(&examined, "organizations:DescribeOrganizationalUnit");
        assert!(matches!(unit, Answer::NothingToAsk(_)), "{unit:?}");
        assert!(examined.is_complete());
    }
}
