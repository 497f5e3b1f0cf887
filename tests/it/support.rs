//! A simulated organization and a session with it, in process.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use org_exit_guard::apply::{
    Applied, ApplyError, History, Left, Place, Resuming, Stop, UndoPlan, apply, plan_undo, resume,
    undo,
};
use org_exit_guard::aws::{Keys, Session, SessionOptions};
use org_exit_guard::collect::{Scope, Watching, collect};
use org_exit_guard::flows::{Planned, make_plan, read_namesakes, read_owners};
use org_exit_guard::model::settings::Settings;
use org_exit_guard::model::snapshot::Depth;
use org_exit_guard::model::{Silent, Snapshot, Timestamp};
use org_exit_guard::plan::{Approved, PlanDocument, Wishes};
use org_exit_guard::sim::{Simulator, WIRE_LOG, World};

pub(crate) const NOW: &str = "2026-11-24T10:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// Records what goes over the wire, if the test run asks for it.
pub(crate) fn record(simulator: &Simulator) {
    if let Some(directory) = std::env::var_os(WIRE_LOG) {
        let name = format!("simulator-{}.jsonl", std::process::id());
        let path = Path::new(&directory).join(name);
        simulator.record_to(&path).expect("the directory is there");
    }
}

pub(crate) fn approved(plan: PlanDocument) -> Approved {
    let organization = plan.organization.to_string();
    Approved::confirm(plan, &organization, "test".to_owned()).expect("its own id")
}

/// What a run left that stopped.
pub(crate) fn stopped(error: ApplyError) -> Left {
    match error {
        ApplyError::Stopped(left) => *left,
        other => panic!("{other}"),
    }
}

/// How a session of an account's administrator begins, in process.
pub(crate) fn options(simulator: &Arc<Simulator>, account: &str) -> SessionOptions {
    let keys = simulator.keys_of(account);
    SessionOptions {
        keys: Some(Keys {
            id: keys.access_key_id,
            secret: keys.secret_access_key,
            token: None,
        }),
        http_client: Some(simulator.http_client()),
        time_source: Some(simulator.time_source()),
        ..SessionOptions::default()
    }
}

/// A simulator and a session of its management account.
pub(crate) struct Bench {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) session: Session,
    pub(crate) state: tempfile::TempDir,
    pub(crate) stop: Stop,
}

impl Bench {
    pub(crate) async fn new(world: World) -> Self {
        let simulator = Simulator::new(world);
        record(&simulator);
        let management = simulator.world().management;
        Self::of(simulator, &management).await
    }

    /// The same, of another account.
    pub(crate) async fn of(simulator: Arc<Simulator>, account: &str) -> Self {
        let session = Session::open(SessionOptions {
            region: Some("us-east-1".to_owned()),
            share: 1.0,
            read_only: false,
            ..options(&simulator, account)
        })
        .await
        .expect("the simulator lets the account in");
        Self {
            simulator,
            session,
            state: tempfile::tempdir().expect("a directory"),
            stop: Stop::default(),
        }
    }

    /// The facts of an audit, recent events included.
    pub(crate) async fn facts(&self) -> Snapshot {
        let names = org_exit_guard::exits::event_names();
        let scope = Scope {
            event_names: &names,
            watching: Watching::Everything,
            ..Scope::default()
        };
        collect(&self.session, &scope, now(), &Silent)
            .await
            .expect("an organization")
    }

    /// Every SCP and every attachment, without events.
    pub(crate) async fn full(&self) -> Snapshot {
        let scope = Scope {
            depth: Depth::Full,
            tags: true,
            ..Scope::default()
        };
        collect(&self.session, &scope, now(), &Silent)
            .await
            .expect("an organization")
    }

    /// What a plan rests on.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.facts().await;
        read_namesakes(&self.session, &mut snapshot)
            .await
            .expect("policies can be listed");
        read_owners(&self.session, &mut snapshot, &BTreeSet::new())
            .await
            .expect("tags can be listed");
        snapshot
    }

    pub(crate) async fn plan(&self, wishes: &Wishes) -> Planned {
        make_plan(self.snapshot().await, &Settings::default(), wishes).expect("a plan")
    }

    pub(crate) async fn apply(&self, planned: Planned) -> Result<Applied, ApplyError> {
        self.apply_plan(planned.document).await
    }

    pub(crate) async fn apply_plan(&self, plan: PlanDocument) -> Result<Applied, ApplyError> {
        apply(self.place(), &approved(plan)).await
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            session: &self.session,
            state: self.state(),
            now: now(),
            observer: &Silent,
            max_changes: 10,
            stop: &self.stop,
        }
    }

    pub(crate) fn history(&self, run: &str) -> History {
        History::read(self.state(), run).expect("a journal")
    }

    /// Goes on with a run.
    pub(crate) async fn resume(&self, run: &str) -> Result<Applied, ApplyError> {
        let history = self.history(run);
        let plan = history.header().expect("a header").plan.clone();
        let how = Resuming::default();
        resume(self.place(), &history, &approved(plan), &how).await
    }

    /// Takes a run back; returns how many writes that took.
    pub(crate) async fn undo(&self, run: &str) -> Result<usize, ApplyError> {
        let plan = plan_undo(self.place(), &self.history(run)).await?;
        self.carry_out(plan).await
    }

    /// The same, and lifts the quarantines, every step named.
    pub(crate) async fn undo_all(&self, run: &str) -> Result<usize, ApplyError> {
        let mut plan = plan_undo(self.place(), &self.history(run)).await?;
        let all = plan.reversals.iter().chain(&plan.held);
        let all: Vec<String> = all.map(|one| one.0.clone()).collect();
        plan.keep_only(&all).expect("its own steps");
        self.carry_out(plan).await
    }

    async fn carry_out(&self, plan: UndoPlan) -> Result<usize, ApplyError> {
        let organization = plan.organization.to_string();
        let approved = plan
            .confirm(&organization, "test".to_owned())
            .expect("its own id");
        undo(self.place(), &approved)
            .await
            .map(|undone| undone.results.len())
    }

    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// How many calls of an operation had their effect.
    pub(crate) fn done(&self, operation: &str) -> usize {
        use org_exit_guard::sim::CallOutcome::{AnswerLost, Done};
        let log = self.simulator.log();
        log.iter()
            .filter(|call| call.operation == operation && matches!(call.outcome, Done | AnswerLost))
            .count()
    }
}
