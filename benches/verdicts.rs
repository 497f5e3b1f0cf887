//! How long verdicts take: single decisions, a whole organization from a snapshot, and the proof
//! that a plan's guard allows nothing more.
//!
//! `cargo bench --bench verdicts`. Everything is drawn from one seed; times are CPU times of
//! this process, as Linux counts them.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark reports to its user and may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use org_exit_guard::aws::{Keys, Session, SessionOptions};
use org_exit_guard::collect::{Scope, collect};
use org_exit_guard::flows::judge_all;
use org_exit_guard::model::organization::{
    Account, AccountState, Attachments, FeatureSet, JoinedMethod, Organization, Policy,
    PolicyTypeState, Root, RootFeatures, tags_not_read,
};
use org_exit_guard::model::settings::Settings;
use org_exit_guard::model::snapshot::{
    Caller, Depth, EventHistory, SNAPSHOT_VERSION, stack_sets_not_read,
};
use org_exit_guard::model::{
    AccountId, NodeId, Observed, Partition, PolicyId, Silent, Snapshot, Timestamp,
};
use org_exit_guard::plan::{Plan, Wishes, plan};
use org_exit_guard::prove::{Kind, Level, Proof, Question, Subject, Target, decide, prove};
use org_exit_guard::scp::{Dialect, Document, parse};
use org_exit_guard::sim::{GeneratorOptions, Simulator, generate};
use org_exit_guard::verdict::{judge, narrower};

const SEED: u64 = 0x0e61_7c7d_5eed_2026;
const MANAGEMENT: &str = "999999999999";
const FULL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// An SCP as organizations have them; with a condition on what denies the exit, or without.
fn policy(dice: &mut Dice, number: usize, conditional: bool) -> String {
    let condition = if conditional {
        match dice.roll(5) {
            0 => format!(
                r#","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":["arn:aws:iam::*:role/OrgAdmin{number}*","arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*","arn:aws:iam::*:role/BreakGlass"]}}}}"#
            ),
            1 => r#","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#.to_owned(),
            2 => format!(r#","Condition":{{"StringNotEquals":{{"aws:PrincipalTag/team":"t{number}"}}}}"#),
            3 => r#","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}"#.to_owned(),
            _ => r#","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1","us-east-1"]}}"#.to_owned(),
        }
    } else {
        String::new()
    };
    let action = match dice.roll(4) {
        0 => r#""organizations:LeaveOrganization""#,
        1 => {
            r#"["organizations:LeaveOrganization","organizations:AcceptHandshake","account:CloseAccount"]"#
        }
        2 => r#""organizations:*""#,
        _ => r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail"]"#,
    };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"S{number}","Effect":"Deny","Action":{action},"Resource":"*"{condition}}},{{"Effect":"Deny","Action":["ec2:RunInstances","iam:CreateUser","s3:PutBucketPolicy"],"Resource":"arn:aws:iam::*:user/team{number}/*","Condition":{{"StringNotLike":{{"aws:PrincipalArn":"arn:aws:iam::*:role/Deploy*"}}}}}}]}}"#
    )
}

fn attach(by_policy: &mut BTreeMap<PolicyId, Observed<Vec<NodeId>>>, id: &PolicyId, node: NodeId) {
    let nodes = by_policy
        .entry(id.clone())
        .or_insert_with(|| Observed::Known(Vec::new()));
    if let Observed::Known(nodes) = nodes {
        nodes.push(node);
    }
}

fn scp(id: PolicyId, content: String) -> Policy {
    Policy {
        arn: format!(
            "arn:aws:organizations::{MANAGEMENT}:policy/o-exampleorg1/service_control_policy/{id}"
        ),
        name: format!("scp {id}"),
        aws_managed: id.is_full_aws_access(),
        content: Observed::Known(content),
        description: None,
        tags: org_exit_guard::model::organization::tags_not_read(),
        id,
    }
}

/// `accounts` accounts below `stacks` OUs, each with SCPs of its own; 500 SCPs at least.
fn organization(accounts: usize, stacks: usize) -> Snapshot {
    let mut dice = Dice(SEED);
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let root: NodeId = "r-ab12".parse().unwrap();
    let full = PolicyId::full_aws_access();
    let mut policies = BTreeMap::new();
    let mut by_policy = BTreeMap::new();
    let mut add = |id: PolicyId, content: String| {
        policies.insert(id.clone(), scp(id, content));
    };
    add(full.clone(), FULL.to_owned());
    attach(&mut by_policy, &full, root.clone());
    let ids: Vec<PolicyId> = (0..499.max(stacks))
        .map(|number| {
            let id: PolicyId = format!("p-{number:08}").parse().unwrap();
            add(id.clone(), policy(&mut dice, number, number % 3 == 0));
            id
        })
        .collect();
    let mut leaves: Vec<Vec<NodeId>> = Vec::new();
    let regions: Vec<NodeId> = (0..20)
        .map(|one| format!("ou-ab12-1000{one:04}").parse().unwrap())
        .collect();
    for region in &regions {
        attach(&mut by_policy, &full, region.clone());
    }
    for number in 0..stacks {
        let unit: NodeId = format!("ou-ab12-2{number:07}").parse().unwrap();
        attach(&mut by_policy, &full, unit.clone());
        attach(&mut by_policy, &ids[number], unit.clone());
        for _ in 0..dice.roll(3) {
            attach(&mut by_policy, &ids[dice.roll(ids.len())], unit.clone());
        }
        leaves.push(vec![
            root.clone(),
            regions[number % regions.len()].clone(),
            unit,
        ]);
    }
    let mut all = BTreeMap::new();
    for number in 0..accounts {
        let id: AccountId = format!("{:012}", 100_000_000_000 + number).parse().unwrap();
        attach(&mut by_policy, &full, NodeId::Account(id.clone()));
        let account = Account {
            id: id.clone(),
            name: format!("account {number}"),
            email: format!("root+{number}@example.com"),
            state: Some(AccountState::Active),
            joined_method: Some(JoinedMethod::Created),
            joined_at: Some(now),
            parents: Observed::Known(leaves[number % leaves.len()].clone()),
            tags: tags_not_read(),
        };
        all.insert(id, account);
    }
    // An SCP that hangs nowhere is known to hang nowhere.
    for id in policies.keys() {
        let targets = by_policy.entry(id.clone());
        targets.or_insert_with(|| Observed::Known(Vec::new()));
    }
    snapshot(all, policies, by_policy)
}

/// Everything read, and nothing else of note.
fn snapshot(
    accounts: BTreeMap<AccountId, Account>,
    policies: BTreeMap<PolicyId, Policy>,
    by_policy: BTreeMap<PolicyId, Observed<Vec<NodeId>>>,
) -> Snapshot {
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let management: AccountId = MANAGEMENT.parse().unwrap();
    Snapshot {
        format_version: SNAPSHOT_VERSION,
        tool_version: "0.0.0".to_owned(),
        taken_at: now,
        caller: Caller {
            account: management.clone(),
            arn: format!("arn:aws:iam::{MANAGEMENT}:user/auditor"),
            partition: Partition::Aws,
            region: "us-east-1".to_owned(),
            endpoint: None,
        },
        depth: Depth::Full,
        organization: Observed::Known(Organization {
            id: "o-exampleorg1".parse().unwrap(),
            arn: format!("arn:aws:organizations::{MANAGEMENT}:organization/o-exampleorg1"),
            feature_set: FeatureSet::All,
            management_account: management.clone(),
            management_email: None,
        }),
        root: Observed::Known(Root {
            id: "r-ab12".parse().unwrap(),
            scp_state: PolicyTypeState::Enabled,
        }),
        accounts: Observed::Known(accounts),
        units: BTreeMap::new(),
        trails: Observed::Known(Vec::new()),
        event_rules: Observed::Known(Vec::new()),
        members: BTreeMap::new(),
        policies_listed: Observed::Known(policies.len()),
        policies,
        attachments: Attachments {
            by_policy,
            ..Attachments::default()
        },
        delegation_policy: Observed::Known(None),
        delegated_administrators: Observed::Known(Vec::new()),
        trusted_services: Observed::Known(Vec::new()),
        root_features: Observed::Known(RootFeatures {
            root_credentials_management: true,
            root_sessions: true,
        }),
        handshakes: Observed::Known(Vec::new()),
        stack_sets: stack_sets_not_read(),
        events: EventHistory {
            account: management,
            region: "us-east-1".to_owned(),
            from: now,
            until: now,
            records: Vec::new(),
            gaps: Vec::new(),
            unparsed: Vec::new(),
        },
    }
}

/// CPU time of this process in milliseconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|word| word.parse::<f64>().ok());
    nanoseconds.unwrap_or(f64::NAN) / 1.0e6
}

/// The most memory that this process ever held, in MiB.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

/// Wall times of one decision each, in microseconds, sorted: the quick proof, and the exact
/// procedure where that leaves it open.
fn decisions(stacks: &[Vec<Vec<Document>>]) -> Vec<f64> {
    let account: AccountId = "111122223333".parse().unwrap();
    let organization = "o-exampleorg1".parse().unwrap();
    let parents = ["r-ab12", "ou-ab12-11111111"].map(|text| text.parse().unwrap());
    let subject = Subject {
        partition: Partition::Aws,
        account: &account,
        organization: Some(&organization),
        parents: Some(&parents),
        now: "2026-11-24T00:00:00Z".parse().unwrap(),
    };
    let mut times: Vec<f64> = Vec::new();
    for stack in stacks {
        let levels: Vec<Level> = stack.iter().map(Level::complete).collect();
        let question = Question {
            action: "organizations:LeaveOrganization",
            target: Target::None,
        };
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let start = Instant::now();
            if matches!(prove(&levels, &question), Proof::Undetermined { .. }) {
                let questions = std::slice::from_ref(&question);
                std::hint::black_box(decide(&levels, questions, &subject, &Kind::ALL));
            }
            best = best.min(start.elapsed().as_secs_f64() * 1.0e6);
        }
        times.push(best);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn report(what: &str, stacks: &[Vec<Vec<Document>>]) {
    let times = decisions(stacks);
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!(
        "{what}: {} stacks, median {:.1} µs, 90 % {:.1} µs, slowest {:.1} µs",
        times.len(),
        at(50),
        at(90),
        at(100)
    );
}

fn parsed(text: &str) -> Document {
    parse(text, Dialect::Scp).unwrap()
}

/// The published cases, as far as AWS would store them.
fn cases() -> Vec<Vec<Vec<Document>>> {
    let text = include_str!("../tests/it/data/scp-cases.jsonl");
    let case = |line: &str| {
        let case: serde_json::Value = serde_json::from_str(line).ok()?;
        let levels = case["scps_by_level"].as_array()?.iter();
        levels
            .map(|level| {
                let documents = level.as_array()?.iter();
                documents
                    .map(|one| {
                        let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
                        parse(&text, Dialect::Scp).ok()
                    })
                    .collect()
            })
            .collect()
    };
    text.lines().filter_map(case).collect()
}

/// Times the judging of a whole organization, read from a file.
fn whole(accounts: usize, stacks: usize) {
    let file = std::env::temp_dir().join(format!("verdicts-{}.json", std::process::id()));
    {
        let snapshot = organization(accounts, stacks);
        std::fs::write(&file, serde_json::to_vec(&snapshot).unwrap()).unwrap();
    }
    let program = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(program);
    child.args(["--snapshot".as_ref(), file.as_os_str()]);
    let output = child.output().unwrap();
    print!(
        "{accounts} accounts, {stacks} stacks: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    std::fs::remove_file(&file).unwrap();
}

/// In a process of its own, so that memory and time are those of reading and judging.
fn judge_file(path: &str) {
    let start = cpu();
    let snapshot: Snapshot = {
        let text = std::fs::read(path).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let read = cpu();
    let judgement = judge(&snapshot);
    let judged = cpu();
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut distinct: BTreeSet<*const ()> = BTreeSet::new();
    for standing in judgement.standings.values() {
        if let org_exit_guard::verdict::Standing::Member { verdicts, .. } = standing {
            distinct.insert(std::sync::Arc::as_ptr(verdicts).cast());
            for verdict in verdicts.iter() {
                *words.entry(verdict.answer.word()).or_default() += 1;
            }
        }
    }
    println!(
        "read {:.0} ms, judged {:.0} ms of CPU, peak {:.0} MiB; {} distinct results, {words:?}",
        read - start,
        judged - read,
        peak(),
        distinct.len(),
    );
}

/// The facts of a generated organization, as a plan rests on them.
async fn generated(accounts: usize) -> Snapshot {
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let simulator = Simulator::new(generate(&GeneratorOptions::sized(accounts), now));
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
        share: f64::INFINITY,
        ..SessionOptions::default()
    });
    let session = session.await.unwrap();
    collect(&session, &Scope::default(), now, &Silent)
        .await
        .unwrap()
}

/// CPU time of one pass in milliseconds: the least of five rounds, each of many passes, as Linux
/// counts in ticks of several milliseconds.
fn least<T>(mut work: impl FnMut() -> T) -> f64 {
    let round = |_| {
        let (start, mut passes) = (cpu(), 0.0);
        while cpu() - start < 200.0 {
            std::hint::black_box(work());
            passes += 1.0;
        }
        (cpu() - start) / passes
    };
    (0..5).map(round).fold(f64::INFINITY, f64::min)
}

/// Times the proof of a guard plan, beside the judging of the same facts.
fn proof(accounts: usize) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let snapshot = runtime.block_on(generated(accounts));
    let audited = judge_all(snapshot.clone(), &Settings::default());
    let planned = || -> Plan {
        let (settings, wishes) = (Settings::default(), Wishes::default());
        let (judgement, findings) = (&audited.judgement, &audited.findings);
        plan(&snapshot, judgement, findings, &[], &settings, &wishes).unwrap()
    };
    let made = planned();
    let compared = narrower(&snapshot, &made.predicted);
    assert!(!made.steps.is_empty() && compared.not_proved.is_empty());
    let judged = least(|| judge(&snapshot));
    let proved = least(|| narrower(&snapshot, &made.predicted));
    let whole = least(planned);
    println!(
        "{accounts} generated accounts, {} pairs of stacks: judged {judged:.2} ms, guard proved {proved:.2} ms \
         (x {:.2}), whole plan {whole:.2} ms (x {:.2}) of CPU",
        compared.stacks,
        proved / judged,
        whole / judged,
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, path] = arguments.as_slice()
        && flag == "--snapshot"
    {
        return judge_file(path);
    }
    println!("seed {SEED:#x}");
    report("published cases", &cases());
    let mut dice = Dice(SEED);
    let mut drawn = |conditional: bool| {
        let one = |number| {
            let text = policy(&mut dice, number, conditional);
            vec![
                vec![parsed(FULL), parsed(&text)],
                vec![parsed(FULL)],
                vec![parsed(FULL)],
            ]
        };
        (0..300).map(one).collect::<Vec<_>>()
    };
    report("drawn, without conditions", &drawn(false));
    report("drawn, with conditions", &drawn(true));
    whole(50_000, 300);
    whole(2_000, 2_000);
    proof(1_000);
    proof(10_000);
}
