//! The remediation scenarios of `data/remediation`: a world, what is asked for, what is planned.

use std::collections::BTreeSet;
use std::path::Path;

use org_exit_guard::flows::{make_plan, read_hung, read_place, read_returning};
use org_exit_guard::model::NodeId;
use org_exit_guard::model::settings::Settings;
use org_exit_guard::plan::{Change, PlanDocument, Returning, Wishes};
use org_exit_guard::sim::scenario::read;
use org_exit_guard::sim::{Mutation, World};
use serde::Deserialize;

use crate::support::{Bench, now, stopped};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of its own, as the file has it"
)]
struct Asked {
    reinvite: Vec<String>,
    enable_policy_type: bool,
    recreate_rewritten: bool,
    transition: Vec<String>,
    canary: Option<String>,
    /// What happens after the snapshot that is restored.
    since_snapshot: Vec<Mutation>,
    /// What happens after the snapshot that is the baseline of the way back.
    since_baseline: Vec<Mutation>,
    accept_in_account: bool,
    break_glass: Option<String>,
    accept_role_risk: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) steps: Vec<String>,
    /// How many steps, and the first, where the others are named after ids.
    count: Option<usize>,
    first: Option<String>,
    /// At which step the run stops, and stays stopped.
    pub(crate) stops: Option<String>,
    text_has: Vec<String>,
    text_lacks: Vec<String>,
    not_done: Vec<String>,
}

/// A scenario, read from its file.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) world: World,
    pub(crate) expected: Expected,
    asked: Asked,
    /// The world of the snapshot that is restored.
    before: Option<World>,
}

impl Scenario {
    fn of(name: &str, text: &str) -> Self {
        let mut table: toml::Table = toml::from_str(text).expect(name);
        let mut part = |key: &str| {
            table
                .remove(key)
                .unwrap_or(toml::Value::Table(toml::Table::new()))
        };
        let asked: Asked = part("wishes").try_into().expect(name);
        let expected = part("expect").try_into().expect(name);
        let mut world = read(&table.to_string(), now()).expect(name);
        if let Some(role) = &asked.break_glass {
            let management = world.management.clone();
            for account in &asked.reinvite {
                world.ensure_role(account, role, &management);
            }
        }
        let since = [&asked.since_snapshot[..], &asked.since_baseline].concat();
        let before = (!since.is_empty()).then(|| world.clone());
        for mutation in &since {
            world.mutate(mutation);
        }
        Self {
            name: name.to_owned(),
            world,
            expected,
            asked,
            before,
        }
    }

    fn node(&self, place: &str) -> NodeId {
        let unit = self.world.unit_at(place);
        let account = || {
            self.world
                .account_named(place)
                .map(|found| found.id.as_str())
        };
        unit.or_else(account)
            .expect("a place")
            .parse()
            .expect("an id")
    }

    /// Plans in the scenario's world; the session's reads have left their traces in it.
    pub(crate) async fn plan(&self, bench: &Bench) -> PlanDocument {
        let ids = self.asked.reinvite.iter();
        let then = match &self.before {
            Some(before) => Some(Box::new(Bench::new(before.clone()).await.full().await)),
            None => None,
        };
        let (restore, baseline) = if self.asked.since_baseline.is_empty() {
            (then.clone(), None)
        } else {
            (None, then.clone())
        };
        let canary = self.asked.canary.as_deref().map(|place| self.node(place));
        let mut snapshot = match restore {
            Some(_) => bench.full().await,
            None => bench.snapshot().await,
        };
        if let Some(then) = &then {
            let read = read_hung(&bench.session, &mut snapshot, then).await;
            read.expect("texts can be read");
        }
        if let Some(node) = &canary {
            let read = read_place(&bench.session, &mut snapshot, node).await;
            read.expect("the canary can be read");
        }
        let ids: Vec<_> = ids.map(|id| id.parse().expect("an account id")).collect();
        let access = "OrganizationAccountAccessRole".to_owned();
        let mut back = Returning {
            role: self.asked.accept_in_account.then(|| access.clone()),
            access_role: Some(access),
            break_glass: self.asked.break_glass.clone(),
            baseline,
            accept_role_risk: self.asked.accept_role_risk,
            ..Returning::default()
        };
        let read = read_returning(&bench.session, &mut snapshot, &mut back, &ids).await;
        read.expect("the accounts can be read");
        let wishes = Wishes {
            canary,
            restore,
            back,
            enable_policy_type: self.asked.enable_policy_type,
            recreate_rewritten: self.asked.recreate_rewritten,
            reinvite: ids.into_iter().collect(),
            ..Wishes::default()
        };
        let ou = |path: &String| {
            self.world
                .unit_at(path)
                .expect("an OU")
                .parse()
                .expect("an id")
        };
        let settings = Settings {
            transition_ous: self
                .asked
                .transition
                .iter()
                .map(ou)
                .collect::<BTreeSet<_>>(),
            ..Settings::default()
        };
        make_plan(snapshot, &settings, &wishes)
            .expect("a plan")
            .document
    }
}

/// Every scenario, by name.
pub(crate) fn all() -> Vec<Scenario> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/remediation");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 11, "{files:?}");
    let scenario = |path: &std::path::PathBuf| {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        Scenario::of(name, &std::fs::read_to_string(path).expect("a file"))
    };
    files.iter().map(scenario).collect()
}

#[tokio::test(start_paused = true)]
async fn each_gets_what_is_missing_and_nothing_else() {
    for scenario in all() {
        let name = &scenario.name;
        let bench = Bench::new(scenario.world.clone()).await;
        let plan = scenario.plan(&bench).await;
        let steps: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
        if let Some(count) = scenario.expected.count {
            assert_eq!(steps.len(), count, "{name}: {steps:?} {:?}", plan.not_done);
            if let Some(first) = &scenario.expected.first {
                assert_eq!(steps[0], first, "{name}");
            }
        } else {
            let expected = &scenario.expected.steps;
            assert_eq!(steps, *expected, "{name}: {:?}", plan.not_done);
        }
        let text = plan.steps.iter().find_map(|step| match &step.change {
            Change::CreatePolicy { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let text = text.unwrap_or_default();
        for part in &scenario.expected.text_has {
            assert!(text.contains(part), "{name}: {part} in {text}");
        }
        for part in &scenario.expected.text_lacks {
            assert!(!text.contains(part), "{name}: {part} in {text}");
        }
        let whys: Vec<&str> = plan.not_done.iter().map(|one| one.why.as_str()).collect();
        for part in &scenario.expected.not_done {
            assert!(
                whys.iter().any(|why| why.contains(part)),
                "{name}: {whys:?}"
            );
        }
        assert_eq!(
            plan.not_done.is_empty(),
            scenario.expected.not_done.is_empty(),
            "{name}: {whys:?}"
        );
        // The verdicts that the plan promises are those that are read back.
        if plan.steps.is_empty() {
            continue;
        }
        let promised = plan.after.clone();
        let applied = bench.apply_plan(plan).await;
        if let Some(at) = &scenario.expected.stops {
            let left = stopped(applied.expect_err(name));
            let run = left.run;
            assert_eq!(left.failed[0].0, *at, "{name}");
            assert!(bench.resume(&run).await.is_err(), "{name}");
            continue;
        }
        applied.expect(name);
        let after = org_exit_guard::flows::judge_all(bench.snapshot().await, &Settings::default());
        assert_eq!(org_exit_guard::flows::counts(&after), promised, "{name}");
        let again = scenario.plan(&bench).await;
        assert!(again.steps.is_empty(), "{name}: {:?}", again.steps);
    }
}
