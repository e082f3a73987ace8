//! Configuration, credentials and connections: what stands behind an [`Account`].

use super::answer::OwnAnswer;
use super::arn::Caller;
use super::call::Retry;
use super::config::{Bundle, Cached, DEFAULT_REGION, Loaded, Waiting, runtime};
use super::ears::Ears;
use super::error::Error;
use super::pace::Pace;
use super::plain::Plain;
use crate::platform::Interrupt;
use crate::secret::on_wiped_stack;
use crate::totp::Clock;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Where HTTP goes.
#[derive(Clone)]
pub enum Wire {
    /// To the endpoints the configuration resolves to (`AWS_ENDPOINT_URL_IAM`, … included).
    Network,
    /// To a client in process: the simulator, with the credentials it knows.
    InProcess(SharedHttpClient, Credentials),
}

/// What it takes to reach an account.
#[derive(Clone)]
pub struct Connector {
    /// `--profile`; otherwise as the SDK resolves it.
    pub profile: Option<String>,
    /// `--region`; otherwise as the SDK resolves it, or us-east-1, since IAM is global.
    pub region: Option<String>,
    /// Where HTTP goes.
    pub wire: Wire,
    /// Learns from every reply how far the host is off.
    pub clock: Clock,
    /// Ends a wait for a reply.
    pub interrupt: Interrupt,
    /// Told before every repeat.
    pub on_retry: Arc<dyn Fn(&Retry) + Send + Sync>,
    /// Told of a `credential_process` that is waited for.
    pub on_wait: Arc<dyn Fn(&Waiting) + Send + Sync>,
}

/// An account, seen with one caller's credentials.
pub struct Account {
    pub(super) connector: Connector,
    config: SdkConfig,
    bundle: Option<Bundle>,
    credentials: Cached,
    caller: Caller,
    access_key_id: String,
    pub(super) long_term: bool,
    live: RefCell<Option<Live>>,
    pub(super) pace: Option<Arc<Pace>>,
}

/// How long a connection may idle before it is not trusted: an end that closed it meanwhile would look like a lost
/// reply to the next call.
const STALE: Duration = Duration::from_secs(4);

/// A runtime and the clients whose connections it drives.
pub(super) struct Live {
    used: Cell<Instant>,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) plain: Plain,
    pub(super) runtime: tokio::runtime::Runtime,
}

impl Connector {
    /// Loads configuration and credentials, and asks AWS who the caller is (one GetCallerIdentity).
    pub fn connect(&self) -> Result<Account, Error> {
        let mut account = self.reach()?;
        account.identify()?;
        Ok(account)
    }

    /// Loads configuration and credentials, and asks AWS nothing: who the caller is is not known yet.
    pub fn reach(&self) -> Result<Account, Error> {
        let Loaded { config, credentials, first, bundle } = on_wiped_stack(|| self.load())?;
        // Long-term access keys have no session token (IAM User Guide, "Temporary security credentials").
        let long_term = first.session_token().is_none();
        let caller = Caller {
            partition: String::new(),
            account: String::new(),
            arn: String::new(),
            identity: super::Identity::Other,
        };
        let access_key_id = first.access_key_id().to_owned();
        let live = RefCell::new(None);
        Ok(Account {
            connector: self.clone(),
            config,
            bundle,
            credentials,
            caller,
            access_key_id,
            long_term,
            live,
            pace: None,
        })
    }
}

impl Account {
    /// Asks AWS who the caller is (GetCallerIdentity).
    pub fn identify(&mut self) -> Result<(), Error> {
        self.caller = self.get_caller_identity()?;
        Ok(())
    }

    /// The id of the access key that signs: not secret, and nobody else's.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Who is calling.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether the credentials are an access key without a session: what IAM's self-management rule looks at.
    #[must_use]
    pub fn uses_long_term_key(&self) -> bool {
        self.long_term
    }

    /// The region requests are signed for.
    #[must_use]
    pub fn region(&self) -> String {
        self.config.region().map_or_else(|| DEFAULT_REGION.to_owned(), ToString::to_string)
    }

    /// The same caller through a session's credentials.
    pub(super) fn with_session(&self, credentials: Credentials) -> Self {
        let access_key_id = credentials.access_key_id().to_owned();
        let provider = SharedCredentialsProvider::new(credentials);
        Self {
            connector: self.connector.clone(),
            config: self.config.clone(),
            bundle: self.bundle.clone(),
            credentials: Cached::over(provider, self.connector.clock.clone()),
            caller: self.caller.clone(),
            access_key_id,
            long_term: false,
            live: RefCell::new(None),
            pace: self.pace.clone(),
        }
    }

    /// When the credentials end, where that is known.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.credentials.expiry()
    }

    /// Another caller through a session's credentials.
    pub(super) fn as_other(&self, credentials: Credentials, caller: Caller) -> Self {
        Self { caller, ..self.with_session(credentials) }
    }

    /// The same caller over connections of its own, for another thread; all calls of one pace wait for their turn.
    #[must_use]
    pub fn another(&self, pace: Arc<Pace>) -> Self {
        Self {
            connector: self.connector.clone(),
            config: self.config.clone(),
            bundle: self.bundle.clone(),
            credentials: self.credentials.clone(),
            caller: self.caller.clone(),
            access_key_id: self.access_key_id.clone(),
            long_term: self.long_term,
            live: RefCell::new(None),
            pace: Some(pace),
        }
    }

    /// Closes every connection and drops the runtime, so that no buffer of theirs outlives a reply that held a seed.
    pub(super) fn hang_up(&self) {
        on_wiped_stack(|| drop(self.live.borrow_mut().take()));
    }

    /// Lends the clients, connecting where there are none.
    pub(super) fn with_live<R>(&self, f: impl FnOnce(&Live) -> R) -> Result<R, Error> {
        let mut slot = self.live.borrow_mut();
        let live = match slot.take() {
            Some(live) if live.used.get().elapsed() < STALE => live,
            _ => self.go_live()?,
        };
        let answer = f(&live);
        live.used.set(Instant::now());
        *slot = Some(live);
        Ok(answer)
    }

    fn go_live(&self) -> Result<Live, Error> {
        let http = self.connector.http_client(self.bundle.as_ref());
        let region = self.config.region().cloned().unwrap_or(Region::from_static(DEFAULT_REGION));
        let ears = Ears(self.connector.clock.clone());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(20))
            .build();
        let iam = aws_sdk_iam::config::Builder::from(&self.config)
            .region(region.clone())
            .http_client(http.clone())
            .credentials_provider(self.credentials.clone())
            // The SDK's would keep what a caller signs with as long as the configuration that all callers share.
            .identity_cache(aws_sdk_iam::config::IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            // The time source is already corrected; the SDK's own correction would be added on top.
            .disable_clock_skew_correction(true)
            // It goes through the time that passes in steps, by the clock that a reply may put elsewhere; the limit above
            // bounds a reply as well.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(ears.clone())
            .interceptor(OwnAnswer)
            .build();
        let plain = Plain {
            config: self.config.clone(),
            http: http.clone(),
            credentials: self.credentials.clone(),
            timeouts: timeouts.clone(),
            ears: ears.clone(),
        };
        let sts = aws_sdk_sts::config::Builder::from(&self.config)
            .region(region)
            .http_client(http)
            .credentials_provider(self.credentials.clone())
            .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .disable_clock_skew_correction(true)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(ears)
            .interceptor(OwnAnswer)
            .build();
        Ok(Live {
            used: Cell::new(Instant::now()),
            iam: aws_sdk_iam::Client::from_conf(iam),
            sts: aws_sdk_sts::Client::from_conf(sts),
            plain,
            runtime: runtime()?,
        })
    }
}
