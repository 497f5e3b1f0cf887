//! What an audit of a generated organization costs; `benches/read_path.py` runs this and prints
//! the tables.
//!
//! `virtual N guarded|open`: the facts of an audit in virtual time, against the simulator with
//! AWS's published rates. Prints calls by operation beside the minimum, time beside the floor.
//!
//! `client ENDPOINT KEY SECRET`: the same facts over loopback as fast as the endpoint answers,
//! then judged and reported; prints this process's processor time and peak memory.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark stops at what it does not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use org_exit_guard::aws::{Keys, Session, SessionOptions};
use org_exit_guard::collect::{Scope, Watching, collect};
use org_exit_guard::flows::judge_all;
use org_exit_guard::model::operations::operation;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::model::snapshot::Depth;
use org_exit_guard::model::{NodeId, PolicyId, Silent, Snapshot, Timestamp};
use org_exit_guard::report::{Format, render};
use org_exit_guard::sim::{GeneratorOptions, Simulator, World, generate};
use org_exit_guard::verdict::settled;
use serde_json::{Value, json};

const NOW: &str = "2026-11-24T10:00:00Z";
/// Rows in a page of Organizations, and of CloudTrail's event history.
const PAGE: usize = 20;
const EVENT_PAGE: usize = 50;

type Counts = BTreeMap<String, usize>;

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn world(accounts: usize, guarded: bool) -> World {
    let options = GeneratorOptions {
        guarded_root: guarded,
        ..GeneratorOptions::sized(accounts)
    };
    generate(&options, now())
}

async fn facts(session: &Session, depth: Depth) -> Snapshot {
    let names = org_exit_guard::exits::event_names();
    let scope = Scope {
        depth,
        event_names: &names,
        watching: Watching::Everything,
        ..Scope::default()
    };
    collect(session, &scope, now(), &Silent)
        .await
        .expect("an organization")
}

async fn in_process(world: World, share: f64) -> (Arc<Simulator>, Session) {
    let simulator = Simulator::new(world);
    let keys = simulator.keys_of_management();
    let session = Session::open(SessionOptions {
        keys: Some(Keys {
            id: keys.access_key_id,
            secret: keys.secret_access_key,
            token: None,
        }),
        http_client: Some(simulator.http_client()),
        time_source: Some(simulator.time_source()),
        region: Some("us-east-1".to_owned()),
        share,
        ..SessionOptions::default()
    })
    .await
    .expect("the simulator lets the management account in");
    (simulator, session)
}

async fn virtually(accounts: usize, guarded: bool) -> Value {
    let (_, session) = in_process(world(accounts, guarded), f64::INFINITY).await;
    let whole = facts(&session, Depth::Full).await;
    assert!(whole.gaps().is_empty(), "{:?}", whole.gaps());
    let minimum = minimum(&whole);

    let (simulator, session) = in_process(world(accounts, guarded), 1.0).await;
    simulator.set_throttling(true);
    let before = tokio::time::Instant::now();
    let snapshot = facts(&session, Depth::Proof).await;
    let seconds = before.elapsed().as_secs_f64();
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());

    let mut calls = Counts::new();
    let mut throttled = 0;
    for call in simulator.log() {
        let refused = format!("{:?}", call.outcome).contains("Throttl")
            || format!("{:?}", call.outcome).contains("TooManyRequests");
        throttled += usize::from(refused);
        *calls.entry(call.operation).or_default() += 1;
    }
    json!({
        "accounts": accounts,
        "guarded": guarded,
        "calls": calls,
        "minimum": minimum,
        "throttled": throttled,
        "seconds": seconds,
        "floor_seconds": floor(&minimum),
    })
}

/// The longest of the operations' own times: calls beyond the burst, at the published rate.
fn floor(calls: &Counts) -> f64 {
    let each = calls.iter().map(|(name, count)| {
        let rate = operation(name).expect("an operation of the table").rate;
        #[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
        let beyond = (*count as f64 - rate.burst).max(0.0);
        beyond / rate.per_second
    });
    each.fold(0.0, f64::max)
}

/// The fewest calls by which a verdict for every member can be known, told from all the facts:
/// one call of each side fact, full pages, SCPs below the root either by target or by policy,
/// whichever is less for this organization, no text twice and none that nothing hangs on.
fn minimum(whole: &Snapshot) -> Counts {
    let mut least = Counts::new();
    let pages = |rows: usize, page: usize| rows.div_ceil(page).max(1);
    let mut add = |name: &str, count: usize| {
        *least.entry(name.to_owned()).or_default() += count;
    };
    add("sts:GetCallerIdentity", 1);
    for name in [
        "DescribeOrganization",
        "ListRoots",
        "DescribeResourcePolicy",
        "ListAWSServiceAccessForOrganization",
    ] {
        add(&format!("organizations:{name}"), 1);
    }
    add("iam:ListOrganizationsFeatures", 1);
    let accounts = whole.accounts.known().expect("accounts");
    add("organizations:ListAccounts", pages(accounts.len(), PAGE));
    let delegated = whole.delegated_administrators.known().expect("a list");
    add(
        "organizations:ListDelegatedAdministrators",
        pages(delegated.len(), PAGE),
    );
    add(
        "organizations:ListDelegatedServicesForAccount",
        delegated.len(),
    );
    let handshakes = whole.handshakes.known().expect("a list").len();
    add(
        "organizations:ListHandshakesForOrganization",
        pages(handshakes, PAGE),
    );
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &whole.events.records {
        *named.entry(record.name.as_str()).or_default() += 1;
    }
    for name in org_exit_guard::exits::event_names() {
        let rows = named.get(name).copied().unwrap_or_default();
        add("cloudtrail:LookupEvents", pages(rows, EVENT_PAGE));
    }
    // No trail and no rule in organizations that were generated.
    add("cloudtrail:DescribeTrails", 1);
    add("events:ListRules", 1);
    let below = below_the_root(whole);
    add("organizations:ListPoliciesForTarget", 1 + below.by_target);
    add("organizations:DescribePolicy", below.texts);
    add("organizations:ListPolicies", below.list);
    add("organizations:ListTargetsForPolicy", below.by_policy);
    let (by_unit, by_parent) = below.names;
    if by_parent < by_unit {
        add("organizations:ListOrganizationalUnitsForParent", by_parent);
    } else {
        add("organizations:DescribeOrganizationalUnit", by_unit);
    }
    least.retain(|_, count| *count > 0);
    least
}

#[derive(Default)]
struct Below {
    by_target: usize,
    by_policy: usize,
    list: usize,
    texts: usize,
    /// Names of the OUs that carry unsettled accounts: one by one, or by their parents.
    names: (usize, usize),
}

fn below_the_root(whole: &Snapshot) -> Below {
    let mut hanging: BTreeMap<NodeId, BTreeSet<PolicyId>> = BTreeMap::new();
    for (id, nodes) in &whole.attachments.by_policy {
        for node in nodes.known().expect("targets") {
            hanging.entry(node.clone()).or_default().insert(id.clone());
        }
    }
    let mut chains: Vec<Vec<NodeId>> = whole
        .members()
        .expect("members")
        .filter(|account| account.is_acting())
        .map(|account| account.chain().expect("a place"))
        .collect();
    let mut texts = BTreeSet::new();
    let mut asked = BTreeSet::new();
    let deepest = chains.iter().map(Vec::len).max().unwrap_or(0);
    let mut small = Small::new(whole);
    for depth in 0..deepest {
        let nodes: BTreeSet<NodeId> = chains
            .iter()
            .filter_map(|chain| chain.get(depth).cloned())
            .collect();
        for node in &nodes {
            texts.extend(hanging.get(node).into_iter().flatten().cloned());
        }
        if depth > 0 {
            asked.extend(nodes);
        }
        chains.retain(|chain| {
            let upper: Vec<NodeId> = chain.iter().take(depth + 1).cloned().collect();
            !small.settled(&hanging, &upper)
        });
    }
    let mut below = Below {
        texts: texts.len(),
        ..Below::default()
    };
    if asked.is_empty() {
        return below;
    }
    below.names = names(whole, &chains);
    let open: BTreeSet<&NodeId> = chains.iter().flatten().skip(1).collect();
    let list = whole.policies.len().div_ceil(PAGE).max(1);
    let (mut others, mut allows) = (0, 0);
    for (id, nodes) in &whole.attachments.by_policy {
        let pages = nodes.known().expect("targets").len().div_ceil(PAGE).max(1);
        if id.is_full_aws_access() {
            allows += pages;
        } else {
            others += pages;
        }
    }
    let by_policy = list + others + allows.min(open.len());
    if by_policy < asked.len() {
        below.list = list;
        below.by_policy = others;
        if allows <= open.len() {
            below.by_policy += allows;
        } else {
            below.by_target = open.len();
        }
    } else {
        below.by_target = asked.len();
    }
    below
}

/// Calls for the names of the OUs on these chains: one by one, or by their parents.
fn names(whole: &Snapshot, chains: &[Vec<NodeId>]) -> (usize, usize) {
    let mut units = BTreeSet::new();
    let mut parents = BTreeMap::new();
    for chain in chains {
        for pair in chain.windows(2) {
            if let [parent, NodeId::Ou(unit)] = pair {
                units.insert(unit.clone());
                parents.insert(parent.clone(), 0_usize);
            }
        }
    }
    for unit in whole.units.values() {
        if let Some(count) = unit.parents.last().and_then(|node| parents.get_mut(node)) {
            *count += 1;
        }
    }
    let by_parent = parents.values().map(|count| count.div_ceil(PAGE)).sum();
    (units.len(), by_parent)
}

/// Asks whether a chain is settled, of a snapshot that holds nothing else; remembers answers.
struct Small {
    bare: Snapshot,
    whole: Snapshot,
    known: BTreeMap<Vec<BTreeSet<PolicyId>>, bool>,
}

impl Small {
    fn new(whole: &Snapshot) -> Self {
        let mut bare = whole.clone();
        bare.policies.clear();
        bare.attachments = org_exit_guard::model::organization::Attachments::default();
        bare.accounts = bare.accounts.map(|_| BTreeMap::new());
        bare.units.clear();
        bare.events.records.clear();
        Self {
            bare,
            whole: whole.clone(),
            known: BTreeMap::new(),
        }
    }

    fn settled(
        &mut self,
        hanging: &BTreeMap<NodeId, BTreeSet<PolicyId>>,
        chain: &[NodeId],
    ) -> bool {
        let key: Vec<BTreeSet<PolicyId>> = chain
            .iter()
            .map(|node| hanging.get(node).cloned().unwrap_or_default())
            .collect();
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut probe = self.bare.clone();
        for (node, ids) in chain.iter().zip(&key) {
            for id in ids {
                let policy = self.whole.policies.get(id).expect("a policy").clone();
                probe.policies.insert(id.clone(), policy);
            }
            let ids = ids.iter().cloned().collect();
            let known = org_exit_guard::model::Observed::Known(ids);
            probe.attachments.by_node.insert(node.clone(), known);
        }
        let answer = settled(&probe, chain);
        self.known.insert(key, answer);
        answer
    }
}

async fn client(endpoint: &str, key: &str, secret: &str) -> Value {
    let start = std::time::Instant::now();
    let session = Session::open(SessionOptions {
        keys: Some(Keys {
            id: key.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }),
        endpoint_url: Some(endpoint.to_owned()),
        region: Some("us-east-1".to_owned()),
        share: f64::INFINITY,
        ..SessionOptions::default()
    })
    .await
    .expect("a session");
    let snapshot = facts(&session, Depth::Proof).await;
    assert!(snapshot.gaps().is_empty(), "{:?}", snapshot.gaps());
    let accounts = snapshot.accounts.known().map_or(0, BTreeMap::len);
    let audited = judge_all(snapshot, &Settings::default());
    let document = audited.document();
    let table = render(&document, Format::Table, 100);
    let json = render(&document, Format::Json, 100);
    json!({
        "accounts": accounts,
        "seconds": start.elapsed().as_secs_f64(),
        "cpu_seconds": cpu().as_secs_f64(),
        "peak_mib": peak_mib(),
        "report_bytes": table.len() + json.len(),
    })
}

/// Processor time of this process, in hundredths of a second (Linux).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let behind = stat.rsplit_once(')').expect("a name").1;
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that was resident at once (Linux).
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.expect("a number").parse::<u64>().expect("a number") / 1024
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    let result = match words.as_slice() {
        ["virtual", accounts, guarded] => {
            let accounts = accounts.parse().expect("a number of accounts");
            let runtime = runtime.start_paused(true).build().expect("a runtime");
            runtime.block_on(virtually(accounts, *guarded == "guarded"))
        }
        ["client", endpoint, key, secret] => {
            let runtime = runtime.build().expect("a runtime");
            runtime.block_on(client(endpoint, key, secret))
        }
        // `cargo test --benches` and the like.
        _ => json!({"usage": "read_path virtual N guarded|open, or client ENDPOINT KEY SECRET"}),
    };
    println!("{result}");
}
