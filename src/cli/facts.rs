//! Where the facts come from: a file, the demo, or AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::args::{AwsArgs, Cli, Events, MemberArgs, ScopeArgs, StateArgs, WriteArgs};
use super::error::CliError;
use super::moment::reach_back;
use super::progress::Progress;
use super::streams;
use super::writing::{check_session, state_place};
use crate::apply::Stop;
use crate::aws::{AthenaRights, Keys, Session, SessionOptions, Transcript};
use crate::collect::{
    Finished, Members, Scope, Watching, collect, collect_chain, collect_events, collect_members,
    list_accounts,
};
use crate::config::Config;
use crate::exits::event_names;
use crate::flows::{FinishedMembers, find_account, read_snapshot};
use crate::model::organization::Account;
use crate::model::snapshot::Depth;
use crate::model::{AccountId, Observed, Snapshot};
use crate::sim::{Serving, Simulator, WIRE_LOG, World};

/// As of when the demo's organization is looked at, so that its report is always the same.
const DEMO_NOW: &str = "2026-11-24T02:00:00Z";
/// What the demo's administrator decided.
const DEMO_CONFIG: &str = include_str!("../../policies/demo.toml");

/// An open session, its clock, and the demo's server if there is one.
pub(super) struct Source {
    pub(super) session: Session,
    pub(super) now: Timestamp,
    pub(super) config: Config,
    pub(super) progress: Arc<Progress>,
    /// Says when a run is to stop.
    pub(super) stop: Stop,
    demo: Option<Serving>,
}

/// Looking into members, and where finished ones are kept.
pub(super) type Inside<'a> = (&'a MemberArgs, &'a StateArgs);

/// What a session is for.
#[derive(Debug, Default)]
pub(super) struct How {
    /// Limits assumed roles to the read list.
    pub(super) read_only: bool,
    /// The role that will be assumed in members.
    pub(super) member_role: Option<String>,
    /// Athena will be asked.
    pub(super) athena: Option<AthenaRights>,
    /// Keeps every call.
    pub(super) transcript: Option<Arc<Transcript>>,
}

impl Source {
    /// Opens a session as the arguments say. `read_only` limits assumed roles to the read list.
    pub(super) async fn open(cli: &Cli, args: &AwsArgs, read_only: bool) -> Result<Self, CliError> {
        let how = How {
            read_only,
            ..How::default()
        };
        Self::open_as(cli, args, how).await
    }

    /// The same for reading, inside members too if the arguments name a role there.
    pub(super) async fn open_into(
        cli: &Cli,
        args: &AwsArgs,
        members: &MemberArgs,
    ) -> Result<Self, CliError> {
        let how = How {
            read_only: true,
            member_role: members.member_role.clone(),
            ..How::default()
        };
        Self::open_as(cli, args, how).await
    }

    /// The same for a command that may write: read-only unless it does, events if asked for.
    pub(super) async fn open_to_write(
        cli: &Cli,
        aws: &AwsArgs,
        write: &WriteArgs,
        (stop, member_role): (&Stop, Option<String>),
    ) -> Result<Self, CliError> {
        let how = How {
            read_only: !write.apply,
            member_role,
            ..How::default()
        };
        let mut source = Self::open_as(cli, aws, how).await?;
        source.stop = stop.clone();
        if let Err(refused) = check_session(write, &source) {
            source.close().await;
            return Err(refused);
        }
        if write.events == Some(Events::Json) {
            source.progress.stream_events();
        }
        Ok(source)
    }

    /// Opens a session in that way.
    pub(super) async fn open_as(cli: &Cli, args: &AwsArgs, how: How) -> Result<Self, CliError> {
        let progress = Arc::new(Progress::new(!cli.output.no_progress));
        let mut config = crate::config::load(cli.config.as_deref(), &crate::flows::rule_ids())?;
        let mut options = SessionOptions {
            profile: args.profile.clone(),
            region: args.region.clone(),
            endpoint_url: args.endpoint_url.clone(),
            role_arn: args.role_arn.clone(),
            external_id: args.external_id.clone(),
            share: config.rate_share,
            read_only: how.read_only,
            member_role: how.member_role,
            athena: how.athena,
            observer: progress.clone(),
            transcript: how.transcript,
            ..SessionOptions::default()
        };
        let (mut demo, mut now) = (None, whole_second());
        if args.demo {
            now = demo_now();
            let (serving, keys) = serve_demo(now).await?;
            options.endpoint_url = Some(serving.url());
            options.keys = Some(keys);
            options.region = Some("us-east-1".to_owned());
            // Nobody shares the simulator's buckets, so nothing needs to be left to others.
            options.share = f64::INFINITY;
            demo = Some(serving);
            if config.origin.is_none() {
                config = demo_config();
            }
        }
        let session = Session::open(options).await?;
        Ok(Self {
            session,
            now,
            config,
            progress,
            stop: Stop::default(),
            demo,
        })
    }

    /// Reads the facts.
    pub(super) async fn collect(&self, scope: &ScopeArgs) -> Result<Snapshot, CliError> {
        let nobody = (&MemberArgs::default(), &StateArgs::default());
        self.collect_into(scope, nobody).await
    }

    /// Reads the facts, inside members too if the arguments name a role there.
    pub(super) async fn collect_into(
        &self,
        scope: &ScopeArgs,
        inside: Inside<'_>,
    ) -> Result<Snapshot, CliError> {
        let names = event_names();
        let scope = Scope {
            depth: if scope.full {
                Depth::Full
            } else {
                Depth::Proof
            },
            since: reach_back(scope.since.first(self.now), self.now)?,
            event_names: &names,
            watching: Watching::Everything,
            tags: scope.tags,
        };
        let observer = self.progress.as_ref();
        let collected = collect(&self.session, &scope, self.now, observer).await;
        let mut snapshot = collected.inspect_err(|_| self.progress.finish())?;
        self.enter(&mut snapshot, inside, &BTreeSet::new()).await;
        self.progress.finish();
        if self.demo.is_some() {
            // Its port changes from run to run.
            snapshot.caller.endpoint = Some("the demo's simulated AWS on loopback".to_owned());
        }
        Ok(snapshot)
    }

    /// Reads inside members, if the arguments name a role there.
    async fn enter(
        &self,
        snapshot: &mut Snapshot,
        (args, state): Inside<'_>,
        only: &BTreeSet<AccountId>,
    ) {
        let Some(role) = &args.member_role else {
            return;
        };
        let place = state_place(state).filter(|_| !self.is_demo());
        let organization = snapshot.organization.known();
        let finished = place
            .zip(organization)
            .map(|(place, one)| FinishedMembers::of(&place, &one.id, args.fresh));
        let into = Members {
            role,
            external_id: args.member_external_id.as_deref(),
            only,
            finished: finished.as_ref().map(|one| one as &dyn Finished),
        };
        collect_members(&self.session, snapshot, into, self.progress.as_ref()).await;
        self.progress.finish();
        for line in finished.map(FinishedMembers::end).into_iter().flatten() {
            streams::note(&line);
        }
    }

    /// Reads the events of these names of the last `since`, and what tells whose invitations were
    /// accepted; no tree.
    pub(super) async fn collect_events(
        &self,
        (names, since): (&[&str], Duration),
        inside: Inside<'_>,
        only: &BTreeSet<AccountId>,
    ) -> Result<Snapshot, CliError> {
        let scope = Scope {
            since,
            event_names: names,
            ..Scope::default()
        };
        let observer = self.progress.as_ref();
        let collected = collect_events(&self.session, &scope, self.now, observer).await;
        let mut snapshot = collected.inspect_err(|_| self.progress.finish())?;
        self.enter(&mut snapshot, inside, only).await;
        self.progress.finish();
        Ok(snapshot)
    }

    /// Lists the accounts.
    pub(super) async fn list_accounts(&self) -> Observed<BTreeMap<AccountId, Account>> {
        let listed = list_accounts(&self.session, self.progress.as_ref()).await;
        self.progress.finish();
        listed
    }

    /// Reads the tree, and everything that hangs on the way to the account of that id or name; no
    /// events.
    pub(super) async fn collect_account(
        &self,
        account: &str,
    ) -> Result<(Snapshot, AccountId), CliError> {
        let scope = Scope {
            watching: Watching::Trails,
            ..Scope::default()
        };
        let observer = self.progress.as_ref();
        let collected = collect(&self.session, &scope, self.now, observer).await;
        let mut snapshot = collected.inspect_err(|_| self.progress.finish())?;
        let found = find_account(&snapshot, account).map(|account| account.id.clone());
        if let Ok(id) = &found {
            snapshot = collect_chain(&self.session, snapshot, id, observer).await;
        }
        self.progress.finish();
        Ok((snapshot, found?))
    }

    /// Is this the demo's simulated AWS?
    pub(super) fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// The time now: that of the demo, or the real one.
    pub(super) fn now(&self) -> Timestamp {
        if self.is_demo() {
            self.now
        } else {
            Timestamp::now()
        }
    }

    /// Ends the demo's server, if there is one.
    pub(super) async fn close(self) {
        if let Some(serving) = self.demo {
            serving.stop().await;
        }
    }
}

/// The facts about one account: of a file, or read.
pub(super) async fn of_account(
    cli: &Cli,
    aws: &AwsArgs,
    snapshot: Option<&Path>,
    account: &str,
) -> Result<(Snapshot, AccountId), CliError> {
    if let Some(path) = snapshot {
        let snapshot = read_snapshot(path)?;
        let id = find_account(&snapshot, account)?.id.clone();
        return Ok((snapshot, id));
    }
    let source = Source::open(cli, aws, true).await?;
    let facts = source.collect_account(account).await;
    source.close().await;
    facts
}

/// Refuses a `--since` that no event history reaches, before anything is asked.
pub(super) fn check_since(aws: &AwsArgs, scope: &ScopeArgs) -> Result<(), CliError> {
    let now = if aws.demo { demo_now() } else { whole_second() };
    reach_back(scope.since.first(now), now).map(|_| ())
}

/// Now, as records tell times.
pub(super) fn whole_second() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn demo_now() -> Timestamp {
    DEMO_NOW.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn demo_config() -> Config {
    crate::config::parse(DEMO_CONFIG, &crate::flows::rule_ids()).unwrap_or_default()
}

/// A simulator of that world. In a test run the judges of the simulator ask, by the
/// environment, for what goes over the wire.
pub(super) fn start_simulator(world: World) -> Result<Arc<Simulator>, CliError> {
    let simulator = Simulator::new(world);
    if let Some(directory) = std::env::var_os(WIRE_LOG) {
        let name = format!("simulator-{}.jsonl", std::process::id());
        let path = std::path::Path::new(&directory).join(name);
        simulator.record_to(&path).map_err(CliError::Demo)?;
    }
    Ok(simulator)
}

async fn serve_demo(now: Timestamp) -> Result<(Serving, Keys), CliError> {
    let simulator = start_simulator(crate::sim::demo(now))?;
    let keys = simulator.keys_of_management();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let serving = crate::sim::serve(simulator, address)
        .await
        .map_err(CliError::Demo)?;
    Ok((
        serving,
        Keys {
            id: keys.access_key_id,
            secret: keys.secret_access_key,
            token: None,
        },
    ))
}
