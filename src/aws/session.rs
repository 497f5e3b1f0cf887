//! Who calls, and how: credentials, region, endpoint, clock, connector.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;

use super::connector;
use super::error::Failure;
use super::inside::IntoMembers;
use super::lanes::{Lane, Port};
use super::reads::Reads;
use super::receipts::{Receipt, Receipts};
use super::session_error::{Origin, SessionError};
use super::session_policy::{AthenaRights, for_reading};
use super::transcript::{Recorder, Transcript};
use super::undo_writes::UndoWrites;
use super::waits::Waits;
use super::writes::Writes;
use crate::model::snapshot::Caller;
use crate::model::{Event, Observer, Partition, Silent};

/// How long one attempt may take; an answer of Organizations takes well under a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Where STS is asked when no region is configured.
const DEFAULT_REGION: &str = "us-east-1";
/// In the user agent of every call, and so in CloudTrail.
pub(super) const APP_NAME: &str = "org-exit-guard";

/// Credentials given by the caller; the machine's own are then never consulted.
#[derive(Clone)]
pub struct Keys {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token of temporary credentials.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How to open a [`Session`].
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Profile of the shared AWS configuration; when given, it wins over keys in the environment.
    pub profile: Option<String>,
    /// Region in which STS is asked; default: the configured one, else us-east-1.
    pub region: Option<String>,
    /// One endpoint for every service.
    pub endpoint_url: Option<String>,
    /// A role to assume first.
    pub role_arn: Option<String>,
    /// External id for `role_arn`.
    pub external_id: Option<String>,
    /// Limits an assumed role to the reads of the operations table, whatever else it could do.
    pub read_only: bool,
    /// The role that will be assumed in members; an assumed role may then do that too.
    pub member_role: Option<String>,
    /// Athena will be asked; an assumed role may then do that too.
    pub athena: Option<AthenaRights>,
    /// Fixed credentials in place of the machine's own.
    pub keys: Option<Keys>,
    /// Another connector, for tests.
    pub http_client: Option<SharedHttpClient>,
    /// Another clock, for tests.
    pub time_source: Option<SharedTimeSource>,
    /// Share of AWS's published rates that is used, above 0 to 1; infinity: no pacing, for
    /// endpoints that nobody shares.
    pub share: f64,
    /// How long one call waits for throttling to end; all writes of a session wait twice as long
    /// together.
    pub patience: Duration,
    /// Hears of every attempt.
    pub observer: Arc<dyn Observer>,
    /// Keeps every attempt, without secrets.
    pub transcript: Option<Arc<Transcript>>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            role_arn: None,
            external_id: None,
            read_only: true,
            member_role: None,
            athena: None,
            keys: None,
            http_client: None,
            time_source: None,
            share: 0.5,
            patience: Duration::from_mins(5),
            observer: Arc::new(Silent),
            transcript: None,
        }
    }
}

/// What every port is built with.
#[derive(Debug, Clone)]
pub(super) struct Tuning {
    pub(super) share: f64,
    pub(super) patience: Duration,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) transcript: Option<Arc<Transcript>>,
    /// What came of each attempt of a write.
    pub(super) receipts: Receipts,
    /// How long all writes together wait for throttling to end.
    pub(super) waits: Waits,
    /// Lists end with their first page: to see whether an operation answers at all.
    pub(super) first_page_only: bool,
    /// A lane in which sessions in several accounts go together.
    pub(super) together: Option<Arc<Lane>>,
}

impl Tuning {
    pub(super) fn recorder(&self) -> Recorder {
        Recorder(self.transcript.clone())
    }

    pub(super) fn lane(&self, operation: &'static str) -> Arc<Lane> {
        match &self.together {
            Some(lane) if lane.name() == operation => lane.clone(),
            _ => Arc::new(
                Lane::new(operation, self.share, self.patience).first_page(self.first_page_only),
            ),
        }
    }
}

/// A port of the client of one service: its own lane, retries of its own, the observer.
macro_rules! read_port {
    ($service:ident, $config:expr, $tuning:expr, $operation:literal) => {{
        let lane = $tuning.lane($operation);
        let config = $service::config::Builder::from($config)
            .retry_partition(lane.partition())
            .retry_config(lane.read_retries())
            .retry_classifier($crate::aws::lanes::Contention)
            .interceptor($crate::aws::session::Watch($tuning.observer.clone()))
            .interceptor($tuning.recorder())
            .build();
        $crate::aws::lanes::Port {
            lane,
            client: $service::Client::from_conf(config),
        }
    }};
}
pub(super) use read_port;

/// An identified caller. Opening it made one call; it holds no connection.
#[derive(Debug, Clone)]
pub struct Session {
    pub(super) caller: Caller,
    pub(super) config: SdkConfig,
    /// The region that was configured; `config` has that of Organizations.
    configured: Region,
    pub(super) tuning: Tuning,
    pub(super) into_members: IntoMembers,
    reads: Reads,
}

impl Session {
    /// Finds credentials, assumes the role if one is given, and asks STS who calls.
    pub async fn open(options: SessionOptions) -> Result<Self, SessionError> {
        let tuning = Tuning {
            share: options.share,
            patience: options.patience,
            observer: options.observer.clone(),
            transcript: options.transcript.clone(),
            receipts: Receipts::default(),
            waits: Waits::new(options.patience.saturating_mul(2)),
            first_page_only: false,
            together: None,
        };
        let config = Box::pin(base_config(&options)).await?;
        let origin = Box::pin(origin(&options, &config)).await;
        let config = Box::pin(with_credentials(&options, &origin, config)).await?;
        let client = config.http_client().unwrap_or_else(connector::shared);
        let config = config.into_builder().http_client(client).build();
        let caller = identify(&origin, &config, &tuning).await?;
        let configured = config.region().cloned();
        let config = config
            .into_builder()
            .region(Region::new(caller.region.clone()))
            .build();
        let reads = Reads::new(&config, &tuning);
        Ok(Self {
            into_members: IntoMembers::new(&tuning),
            caller,
            config,
            configured: configured.unwrap_or(Region::from_static(DEFAULT_REGION)),
            tuning,
            reads,
        })
    }

    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The region that was configured; where STS is asked, and Athena.
    pub fn configured_region(&self) -> &Region {
        &self.configured
    }

    /// The read side. All reads of a session share its pace.
    pub fn reads(&self) -> Reads {
        self.reads.clone()
    }

    /// A read side of its own whose lists end with their first page: for finding out whether an
    /// operation answers, never for judging what it says.
    pub fn first_pages(&self) -> Reads {
        let tuning = Tuning {
            first_page_only: true,
            ..self.tuning.clone()
        };
        Reads::new(&self.config, &tuning)
    }

    /// What came of every attempt of a write since this was last asked, in order.
    pub fn take_receipts(&self) -> Vec<Receipt> {
        self.tuning.receipts.take()
    }

    /// The write side; only `apply` uses it.
    pub fn writes(&self) -> Writes {
        Writes::new(&self.config, &self.tuning)
    }

    /// The writes that take back; only `apply/undo.rs` and `apply/release.rs` use them.
    pub fn undo_writes(&self) -> UndoWrites {
        UndoWrites::new(&self.config, &self.tuning)
    }
}

/// Everything but the final credentials.
async fn base_config(options: &SessionOptions) -> Result<SdkConfig, SessionError> {
    let time_source = options
        .time_source
        .clone()
        .unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new()));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(20))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(options.patience.saturating_mul(2) + ATTEMPT_TIMEOUT)
        .build();
    let app = AppName::new(APP_NAME).map_err(|error| SessionError::Configuration {
        message: error.to_string(),
    })?;
    if let Some(keys) = &options.keys {
        let credentials = Credentials::new(
            &keys.id,
            &keys.secret,
            keys.token.clone(),
            None,
            "given keys",
        );
        let region = options.region.as_deref().unwrap_or(DEFAULT_REGION);
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(aws_config::identity::IdentityCache::lazy().build())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(time_source)
            .timeout_config(timeouts)
            .app_name(app);
        builder.set_http_client(options.http_client.clone());
        builder.set_endpoint_url(options.endpoint_url.clone());
        return Ok(builder.build());
    }
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .identity_cache(aws_config::identity::IdentityCache::lazy().build())
        .time_source(time_source)
        .timeout_config(timeouts)
        .app_name(app);
    if let Some(client) = &options.http_client {
        loader = loader.http_client(client.clone());
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &options.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    if config.region().is_some() {
        return Ok(config);
    }
    let region = Region::from_static(DEFAULT_REGION);
    Ok(config.into_builder().region(region).build())
}

/// What is known about the source of the credentials, before they are asked for.
async fn origin(options: &SessionOptions, config: &SdkConfig) -> Origin {
    let region = config.region().map_or(DEFAULT_REGION, Region::as_ref);
    let mut origin = Origin {
        endpoint: endpoint_override(config).unwrap_or_else(|| format!("AWS STS in {region}")),
        ..Origin::default()
    };
    if options.keys.is_some() {
        return origin;
    }
    let wanted = options.profile.clone().map(Cow::Owned);
    #[expect(
        deprecated,
        reason = "the new name lives in a crate that is not depended on"
    )]
    let files = aws_config::profile::profile_file::ProfileFiles::default();
    let loaded = aws_config::profile::load(&Fs::real(), &Env::real(), &files, wanted).await;
    let Ok(profiles) = loaded else {
        return origin;
    };
    let selected = profiles.selected_profile().to_owned();
    match profiles.get_profile(&selected) {
        Some(profile) => {
            let sso = ["sso_session", "sso_start_url"];
            if sso.iter().any(|key| profile.get(key).is_some()) {
                origin.sso_profile = Some(selected);
            }
        }
        None if selected != "default" => origin.missing_profile = Some(selected),
        None => {}
    }
    origin
}

/// Resolves the credentials once, so that a failure can be told for what it is.
async fn with_credentials(
    options: &SessionOptions,
    origin: &Origin,
    config: SdkConfig,
) -> Result<SdkConfig, SessionError> {
    let provider = match &options.profile {
        // The default chain asks the environment first; a profile that was
        // asked for by name must not lose against a forgotten variable.
        Some(profile) if options.keys.is_none() => {
            let mut sources = ProviderConfig::without_region()
                .with_behavior_version(Some(BehaviorVersion::v2026_01_12()))
                .with_region(config.region().cloned());
            if let Some(client) = &options.http_client {
                sources = sources.with_http_client(client.clone());
            }
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&sources)
                .profile_name(profile)
                .build();
            Some(SharedCredentialsProvider::new(provider))
        }
        _ => config.credentials_provider(),
    };
    let provider = provider.ok_or(SessionError::NoCredentials)?;
    provider
        .provide_credentials()
        .await
        .map_err(|error| origin.credentials(&error))?;
    let config = config
        .into_builder()
        .credentials_provider(provider.clone())
        .build();
    let Some(role) = &options.role_arn else {
        return Ok(config);
    };
    let mut assume = AssumeRoleProvider::builder(role)
        .configure(&config)
        .session_name(APP_NAME);
    if let Some(id) = &options.external_id {
        assume = assume.external_id(id);
    }
    if options.read_only {
        assume = assume.policy(for_reading(
            role,
            options.member_role.as_deref(),
            options.athena.as_ref(),
        ));
    }
    let assumed = assume.build_from_provider(provider).await;
    assumed
        .provide_credentials()
        .await
        .map_err(|error| origin.assume_role(role, &error))?;
    Ok(config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(assumed))
        .build())
}

/// `sts:GetCallerIdentity`, and what follows from its answer.
pub(super) async fn identify(
    origin: &Origin,
    config: &SdkConfig,
    tuning: &Tuning,
) -> Result<Caller, SessionError> {
    let port: Port<aws_sdk_sts::Client> =
        read_port!(aws_sdk_sts, config, tuning, "sts:GetCallerIdentity");
    let answer = port
        .read(None, |client| client.get_caller_identity().send())
        .await
        .map_err(|failure| origin.failed(&failure))?;
    let missing = |what: &str| SessionError::Identity {
        message: format!("`sts:GetCallerIdentity` answered without {what}"),
    };
    let arn = answer.arn.ok_or_else(|| missing("an ARN"))?;
    let account = answer.account.ok_or_else(|| missing("an account"))?;
    let account = account.parse().map_err(|error| SessionError::Identity {
        message: Failure::bad_id(port.lane.name(), None, &error).words(),
    })?;
    let partition = Partition::of_arn(&arn)?;
    Ok(Caller {
        account,
        arn,
        partition,
        region: partition.organizations_region().to_owned(),
        endpoint: endpoint_override(config),
    })
}

/// An endpoint that is not AWS's own: for all services, or for Organizations alone.
fn endpoint_override(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("Organizations")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let own = key.and_then(|key| config.service_config()?.load_config(key));
    let all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return all.or(own);
    }
    own.or(all)
}

/// As IAM actions are written, e.g. `organizations:ListAccounts`.
pub(super) fn operation(metadata: &Metadata) -> String {
    let service = metadata.service().to_ascii_lowercase();
    format!("{service}:{}", metadata.name())
}

/// Tells the observer of every attempt, retried ones included.
#[derive(Debug)]
pub(super) struct Watch(pub(super) Arc<dyn Observer>);

#[dyn_dispatch_hint]
impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(operation) = bag.load::<Metadata>().map(operation) else {
            return Ok(());
        };
        self.0.on(&Event::Called {
            operation: &operation,
            status: context.response().map(|answer| answer.status().as_u16()),
        });
        Ok(())
    }
}
