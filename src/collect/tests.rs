//! Collections against a small canned organization, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{CollectError, Scope, collect};
use crate::aws::testing::{Asked, Canned, Heard, Reply, html, ok, refuse};
use crate::model::fixture::{ALLOW_ALL, DENY_ALL_EXITS, DENY_LEAVE, FULL, MANAGEMENT, node};
use crate::model::snapshot::Depth;
use crate::model::{GapReason, Snapshot, Timestamp};
use crate::verdict::judge;

const GUARD: &str = "p-guard0001";

/// An organization that answers as AWS does.
#[derive(Debug, Clone)]
struct World {
    /// OU → its parent.
    units: BTreeMap<String, String>,
    /// Account → its parent.
    accounts: BTreeMap<String, String>,
    /// Policy → text and targets.
    policies: BTreeMap<String, (String, Vec<String>)>,
    /// Operations that are refused, with the answer.
    faults: BTreeMap<String, Reply>,
    paths: bool,
    management: String,
    scps: bool,
    events: BTreeMap<String, Vec<String>>,
}

impl World {
    /// `units` OUs under the root with `each` accounts each; FullAWSAccess everywhere.
    fn new(units: usize, each: usize) -> Self {
        let mut world = Self {
            units: BTreeMap::new(),
            accounts: BTreeMap::from([(MANAGEMENT.to_owned(), "r-ab12".to_owned())]),
            policies: BTreeMap::new(),
            faults: BTreeMap::new(),
            paths: true,
            management: MANAGEMENT.to_owned(),
            scps: true,
            events: BTreeMap::new(),
        };
        let mut nodes = vec!["r-ab12".to_owned(), MANAGEMENT.to_owned()];
        for unit in 0..units {
            let id = format!("ou-ab12-{unit:08}");
            world.units.insert(id.clone(), "r-ab12".to_owned());
            nodes.push(id.clone());
            for account in 0..each {
                let member = format!("2{unit:05}{account:06}");
                world.accounts.insert(member.clone(), id.clone());
                nodes.push(member);
            }
        }
        world
            .policies
            .insert(FULL.to_owned(), (ALLOW_ALL.to_owned(), nodes));
        world
    }

    fn hang(mut self, policy: &str, text: &str, targets: &[&str]) -> Self {
        let targets = targets.iter().map(|id| (*id).to_owned()).collect();
        self.policies
            .insert(policy.to_owned(), (text.to_owned(), targets));
        self
    }

    fn fault(mut self, operation: &str, reply: Reply) -> Self {
        self.faults.insert(operation.to_owned(), reply);
        self
    }

    fn path(&self, account: &str) -> String {
        let mut path = format!("{account}/");
        let mut at = &self.accounts[account];
        loop {
            path = format!("{at}/{path}");
            match self.units.get(at) {
                Some(parent) => at = parent,
                None => return format!("o-exampleorg1/{path}"),
            }
        }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        if let Some(reply) = self.faults.get(&asked.operation) {
            return reply.clone();
        }
        let word = |field: &str| asked.body[field].as_str().unwrap_or_default().to_owned();
        let summary = |id: &str| json!({"Id": id, "Name": format!("name of {id}"), "Arn": "arn"});
        let on = |target: &str| {
            let policies = self.policies.iter();
            let hanging = policies.filter(|(_, (_, at))| at.iter().any(|node| node == target));
            hanging.map(|(id, _)| summary(id)).collect::<Vec<_>>()
        };
        ok(&match asked.operation.as_str() {
            "DescribeOrganization" => json!({"Organization": {"Id": "o-exampleorg1", "Arn": "arn",
                "FeatureSet": "ALL", "MasterAccountId": self.management}}),
            "ListRoots" => {
                let scp = json!({"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"});
                let types = if self.scps { vec![scp] } else { vec![] };
                json!({"Roots": [{"Id": "r-ab12", "PolicyTypes": types}]})
            }
            "ListAccounts" => json!({"Accounts": self.accounts.keys().map(|id| {
                let mut row = json!({"Id": id, "Name": "n", "Email": "e", "State": "ACTIVE"});
                if self.paths {
                    row["Paths"] = json!([self.path(id)]);
                }
                row
            }).collect::<Vec<_>>()}),
            "ListPolicies" => {
                json!({"Policies": self.policies.keys().map(|id| summary(id)).collect::<Vec<_>>()})
            }
            "ListPoliciesForTarget" => json!({"Policies": on(&word("TargetId"))}),
            "ListTargetsForPolicy" => json!({"Targets": self.policies[&word("PolicyId")].1.iter()
                .map(|id| json!({"TargetId": id})).collect::<Vec<_>>()}),
            "DescribePolicy" => json!({"Policy": {"PolicySummary": summary(&word("PolicyId")),
                "Content": self.policies[&word("PolicyId")].0}}),
            "ListOrganizationalUnitsForParent" => json!({"OrganizationalUnits":
                children(&self.units, &word("ParentId"))}),
            "ListAccountsForParent" => {
                json!({"Accounts": children(&self.accounts, &word("ParentId"))})
            }
            "DescribeOrganizationalUnit" => json!({"OrganizationalUnit":
                {"Id": word("OrganizationalUnitId"), "Name": "described"}}),
            "DescribeResourcePolicy" => return refuse("ResourcePolicyNotFoundException"),
            "ListDelegatedAdministrators" => json!({"DelegatedAdministrators": []}),
            "ListAWSServiceAccessForOrganization" => json!({"EnabledServicePrincipals": []}),
            "ListHandshakesForOrganization" => json!({"Handshakes": []}),
            "LookupEvents" => {
                let name = asked.body["LookupAttributes"][0]["AttributeValue"].as_str();
                let found = name.and_then(|name| self.events.get(name));
                json!({"Events": found.into_iter().flatten()
                    .map(|text| json!({"CloudTrailEvent": text})).collect::<Vec<_>>()})
            }
            "ListOrganizationsFeatures" => {
                let body = "<ListOrganizationsFeaturesResponse><ListOrganizationsFeaturesResult>\
                    <EnabledFeatures><member>RootSessions</member></EnabledFeatures>\
                    </ListOrganizationsFeaturesResult></ListOrganizationsFeaturesResponse>";
                return Reply::Answer(200, "text/xml", body.to_owned());
            }
            _ => json!({}),
        })
    }

    fn aws(&self) -> Canned {
        let world = self.clone();
        Canned::new(move |asked| world.answer(asked))
    }
}

fn children(parents: &BTreeMap<String, String>, parent: &str) -> Vec<Value> {
    let under = parents.iter().filter(|(_, at)| *at == parent);
    under
        .map(|(id, _)| json!({"Id": id, "Name": format!("walked {id}")}))
        .collect()
}

fn now() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().unwrap()
}

async fn read(aws: &Canned, scope: &Scope<'_>) -> Snapshot {
    let session = aws.session().await;
    collect(&session, scope, now(), &crate::model::Silent)
        .await
        .unwrap()
}

/// Every account's verdicts in words; the same facts read in another way must give the same.
fn verdicts(snapshot: &Snapshot) -> Vec<String> {
    let standings = judge(snapshot).standings;
    standings
        .iter()
        .map(|(id, standing)| format!("{id} {standing:?}"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_guarded_root_costs_a_dozen_calls_whatever_the_size() {
    let world = World::new(10, 30).hang(GUARD, DENY_ALL_EXITS, &["r-ab12"]);
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    let calls = aws.calls();
    assert!(calls.len() <= 13, "{calls:?}");
    assert_eq!(aws.count("ListPoliciesForTarget"), 1);
    assert_eq!(aws.count("DescribePolicy"), 2);
    assert_eq!(
        snapshot.policies_listed.gap().unwrap().reason,
        GapReason::NotRead
    );
    assert_eq!(snapshot.accounts.known().unwrap().len(), 301);
    assert_eq!(snapshot.units.len(), 10);
    assert!(snapshot.root_features.known().unwrap().root_sessions);
    assert!(
        verdicts(&snapshot)
            .iter()
            .all(|line| !line.contains("Undetermined"))
    );
}

#[tokio::test(start_paused = true)]
async fn below_an_open_root_the_cheaper_way_is_taken_and_nothing_is_described_twice() {
    // 304 nodes, 4 SCPs: by policy.
    let world = World::new(3, 100)
        .hang(GUARD, DENY_ALL_EXITS, &["ou-ab12-00000000"])
        .hang("p-leave0001", DENY_LEAVE, &["ou-ab12-00000001"])
        .hang("p-stray0001", DENY_LEAVE, &[]);
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("ListPoliciesForTarget"), 1);
    assert_eq!(aws.count("ListTargetsForPolicy"), 4);
    // FullAWSAccess, the guard, the other deny; what hangs nowhere is not read.
    assert_eq!(aws.count("DescribePolicy"), 3);
    let full = read(&world.aws(), &full()).await;
    assert_eq!(verdicts(&snapshot), verdicts(&full));
    // One list names both unsettled OUs, and their settled sibling with them.
    assert_eq!(aws.count("ListOrganizationalUnitsForParent"), 1);
    assert_eq!(aws.count("DescribeOrganizationalUnit"), 0);
    assert!(snapshot.units.values().all(|unit| unit.name.is_some()));
}

#[tokio::test(start_paused = true)]
async fn names_come_from_lists_where_those_are_fewer_and_else_one_by_one() {
    let guarded: Vec<String> = (0..59).map(|unit| format!("ou-ab12-{unit:08}")).collect();
    let guarded: Vec<&str> = guarded.iter().map(String::as_str).collect();
    // One unsettled OU, and three pages of OUs beside it.
    let world = World::new(60, 1).hang(GUARD, DENY_ALL_EXITS, &guarded);
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("ListOrganizationalUnitsForParent"), 0);
    assert_eq!(aws.count("DescribeOrganizationalUnit"), 1);
    let named = snapshot.units.values().filter(|unit| unit.name.is_some());
    assert_eq!(named.count(), 1);

    // All of them unsettled: more than are asked about one by one.
    let world = World::new(60, 1);
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("DescribeOrganizationalUnit"), 0);
    assert!(snapshot.units.values().all(|unit| unit.name.is_some()));

    let denied = refuse("AccessDeniedException");
    let aws = world
        .fault("ListOrganizationalUnitsForParent", denied)
        .aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("DescribeOrganizationalUnit"), 50);
    let named = snapshot.units.values().filter(|unit| unit.name.is_some());
    assert_eq!(named.count(), 50);
    assert_eq!(snapshot.gaps(), []);
}

#[tokio::test(start_paused = true)]
async fn few_accounts_under_many_policies_are_asked_by_target() {
    let mut world = World::new(2, 1).hang(GUARD, DENY_ALL_EXITS, &["ou-ab12-00000000"]);
    for number in 0..30 {
        world = world.hang(&format!("p-other{number:04}"), DENY_LEAVE, &[]);
    }
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("ListTargetsForPolicy"), 0);
    // Root, two OUs, and the one account that the guard of an OU does not settle.
    assert_eq!(aws.count("ListPoliciesForTarget"), 4);
    assert_eq!(aws.count("DescribePolicy"), 2);
    assert_eq!(
        verdicts(&snapshot),
        verdicts(&read(&world.aws(), &full()).await)
    );
}

fn full() -> Scope<'static> {
    Scope {
        depth: Depth::Full,
        ..Scope::default()
    }
}

#[tokio::test(start_paused = true)]
async fn full_depth_reads_every_text_every_target_and_every_name() {
    let world = World::new(2, 2)
        .hang(GUARD, DENY_ALL_EXITS, &["r-ab12"])
        .hang("p-stray0001", DENY_LEAVE, &[]);
    let aws = world.aws();
    let snapshot = read(&aws, &full()).await;
    assert_eq!(snapshot.policies_listed.known(), Some(&3));
    assert!(
        snapshot
            .policies
            .values()
            .all(|p| p.content.known().is_some())
    );
    assert_eq!(snapshot.attachments.by_policy.len(), 3);
    assert!(snapshot.units.values().all(|unit| unit.name.is_some()));
    assert_eq!(aws.count("DescribePolicy"), 3);
}

#[tokio::test(start_paused = true)]
async fn without_paths_the_walk_places_every_account() {
    let mut world = World::new(2, 3).hang(GUARD, DENY_ALL_EXITS, &["ou-ab12-00000001"]);
    let with_paths = read(&world.aws(), &Scope::default()).await;
    world.paths = false;
    let walked = read(&world.aws(), &Scope::default()).await;
    assert_eq!(walked.accounts, with_paths.accounts);
    assert_eq!(verdicts(&walked), verdicts(&with_paths));
    let names: Vec<_> = walked
        .units
        .values()
        .map(|unit| unit.name.as_deref())
        .collect();
    assert_eq!(names[0], Some("walked ou-ab12-00000000"));

    let denied = world.fault("ListAccountsForParent", refuse("AccessDeniedException"));
    let snapshot = read(&denied.aws(), &Scope::default()).await;
    let accounts = snapshot.accounts.known().unwrap();
    assert!(
        accounts
            .values()
            .all(|account| { account.parents.gap().unwrap().reason == GapReason::AccessDenied })
    );
}

#[tokio::test(start_paused = true)]
async fn outside_an_organization_nothing_can_be_judged() {
    let world = World::new(1, 1).fault(
        "DescribeOrganization",
        refuse("AWSOrganizationsNotInUseException"),
    );
    let session = world.aws().session().await;
    let error = collect(&session, &Scope::default(), now(), &crate::model::Silent)
        .await
        .unwrap_err();
    let CollectError::NotInOrganization { account, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(account, MANAGEMENT);
    assert_eq!(
        error.to_string(),
        format!("account `{MANAGEMENT}` is not in an organization")
    );
}

#[tokio::test(start_paused = true)]
async fn every_single_denied_read_leaves_a_gap_that_is_told() {
    let world = World::new(2, 2).hang(GUARD, DENY_ALL_EXITS, &["ou-ab12-00000000"]);
    let scope = Scope {
        event_names: &["LeaveOrganization", "AccountDepartedOrganization"],
        ..Scope::default()
    };
    for operation in [
        "DescribeOrganization",
        "ListRoots",
        "ListAccounts",
        "ListPoliciesForTarget",
        "ListPolicies",
        "ListTargetsForPolicy",
        "DescribePolicy",
        "DescribeResourcePolicy",
        "ListDelegatedAdministrators",
        "ListAWSServiceAccessForOrganization",
        "ListHandshakesForOrganization",
        "LookupEvents",
    ] {
        let aws = world
            .clone()
            .fault(operation, refuse("AccessDeniedException"))
            .aws();
        let heard = Arc::new(Heard(Mutex::default()));
        let session = aws.session().await;
        let snapshot = collect(&session, &scope, now(), heard.as_ref())
            .await
            .unwrap();
        let told = heard.0.lock().unwrap().join("\n");
        let asked = aws.count(operation) > 0;
        let gap = told.contains(&format!(":{operation}\"")) && told.contains("GapFound");
        assert_eq!(gap, asked, "{operation}: {told}");
        let judged = verdicts(&snapshot).join("\n");
        if ["DescribeOrganization", "ListRoots", "DescribePolicy"].contains(&operation) {
            assert!(!judged.contains("Blocked"), "{operation}: {judged}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn switched_off_scps_are_not_read() {
    let mut world = World::new(2, 2);
    world.scps = false;
    let aws = world.aws();
    let snapshot = read(&aws, &Scope::default()).await;
    assert_eq!(aws.count("ListPoliciesForTarget"), 0);
    assert_eq!(aws.count("ListPolicies"), 0);
    assert!(
        verdicts(&snapshot)
            .iter()
            .any(|line| line.contains("NoScps"))
    );
}

fn event(id: &str, name: &str, time: &str) -> String {
    json!({"eventID": id, "eventName": name, "eventTime": time,
        "eventSource": "organizations.amazonaws.com"})
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn events_are_sorted_once_each_and_the_unreadable_are_counted() {
    let mut world = World::new(0, 0);
    let old = event("a", "DetachPolicy", "2026-11-01T00:00:00Z");
    let new = event("b", "MoveAccount", "2026-11-20T00:00:00Z");
    world.events = BTreeMap::from([
        (
            "DetachPolicy".to_owned(),
            vec![old.clone(), old, "<html>".to_owned()],
        ),
        ("MoveAccount".to_owned(), vec![new]),
    ]);
    let scope = Scope {
        event_names: &["DetachPolicy", "MoveAccount", "AccountDepartedOrganization"],
        ..Scope::default()
    };
    let snapshot = read(&world.aws(), &scope).await;
    let events = &snapshot.events;
    let ids: Vec<&str> = events.records.iter().map(|r| r.event_id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!(events.unparsed.len(), 1);
    assert!(events.unparsed[0].starts_with("number 3 of DetachPolicy: "));
    assert!(events.gaps.is_empty());
    assert_eq!(events.from.to_string(), "2026-08-26T02:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_member_cannot_see_departures_and_an_unknown_operation_is_asked_once() {
    let scope = Scope {
        event_names: &["LeaveOrganization", "AccountDepartedOrganization"],
        ..Scope::default()
    };
    let mut world = World::new(1, 1);
    world.management = "999999999999".to_owned();
    let snapshot = read(&world.aws(), &scope).await;
    let [gap] = snapshot.events.gaps.as_slice() else {
        panic!("{:?}", snapshot.events.gaps);
    };
    assert_eq!(gap.reason, GapReason::NotVisible);
    assert!(gap.message.contains("is not the management account"));

    let aws = World::new(1, 1).fault("LookupEvents", html(500)).aws();
    let snapshot = read(&aws, &scope).await;
    assert_eq!(aws.count("LookupEvents"), 3, "one name, tried again twice");
    assert_eq!(snapshot.events.gaps.len(), 2);
    assert!(
        snapshot.events.gaps[0]
            .message
            .contains("not an AWS answer")
    );
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_root_attachment_does_not_stop_the_descent() {
    let world = World::new(3, 20)
        .hang(GUARD, DENY_ALL_EXITS, &["r-ab12"])
        .fault("ListPoliciesForTarget", refuse("AccessDeniedException"));
    let snapshot = read(&world.aws(), &Scope::default()).await;
    let root = &snapshot.attachments.by_node[&node("r-ab12")];
    assert_eq!(root.gap().unwrap().reason, GapReason::AccessDenied);
    let judged = verdicts(&snapshot).join("\n");
    assert!(judged.contains("Blocked"), "the guard was found by policy");
}
