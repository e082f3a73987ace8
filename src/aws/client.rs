//! Configuration, credentials and connections: what stands behind an [`Account`].

use super::arn::Caller;
use super::clients::{Clients, own_endpoint};
use super::config::{Bundle, Cached, DEFAULT_REGION, Loaded, Origin, Settings, Waiting, Way, runtime};
use super::date_interceptor::DateInterceptor;
use super::error::Error;
use super::mfa::{Assignment, MfaDevice, VirtualDevice};
use super::pace::Pace;
use super::retry::Retry;
use super::send::{AsyncClient, Manner};
use super::spread::Spread;
use crate::platform::Interrupt;
use crate::secret::on_wiped_stack;
use crate::totp::Clock;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;
use tokio::sync::watch;

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
    connection: RefCell<Option<Connection>>,
    pace: Option<Arc<Pace>>,
}

/// A runtime, and the clients whose connections it drives.
pub(super) struct Connection {
    pub(super) client: AsyncClient,
    pub(super) runtime: tokio::runtime::Runtime,
}

impl Connector {
    /// Loads configuration and credentials, and asks AWS who the caller is (one GetCallerIdentity).
    pub fn connect(&self) -> Result<Account, Error> {
        let mut account = self.reach()?;
        account.identify()?;
        Ok(account)
    }

    /// Loads configuration and credentials beside whatever happens until the account is asked for: that may take calls to
    /// others. Not where a program gives the credentials, which may ask the person or want the very key that is being
    /// read.
    pub fn reach_meanwhile(&self) -> Reaching {
        if matches!(self.wire, Wire::InProcess(..)) {
            return Reaching::Later(self.clone());
        }
        let Ok(Settings { origin, .. }) = self.settings() else { return Reaching::Later(self.clone()) };
        if matches!(origin, Origin::Profile { way: Way::Process, .. }) {
            return Reaching::Later(self.clone());
        }
        let connector = self.clone();
        match std::thread::Builder::new().spawn(move || connector.reach()) {
            Ok(thread) => Reaching::Begun(thread),
            Err(_) => Reaching::Later(self.clone()),
        }
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
        let connection = RefCell::new(None);
        Ok(Account {
            connector: self.clone(),
            config,
            bundle,
            credentials,
            caller,
            access_key_id,
            long_term,
            connection,
            pace: None,
        })
    }
}

/// An account that is being reached. Dropped, nobody waits for it.
pub enum Reaching {
    /// By a thread.
    Begun(JoinHandle<Result<Account, Error>>),
    /// When it is asked for.
    Later(Connector),
}

impl Reaching {
    /// The account; who the caller is is not known yet.
    pub fn account(self) -> Result<Account, Error> {
        match self {
            Self::Begun(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Self::Later(connector) => connector.reach(),
        }
    }
}

/// The devices that matter to a new one of a user's.
#[derive(Debug)]
pub struct Looked {
    /// The user's (ListMFADevices).
    pub devices: Result<Vec<MfaDevice>, Error>,
    /// The account's virtual devices that are nobody's (ListVirtualMFADevices).
    pub unassigned: Result<Vec<VirtualDevice>, Error>,
}

impl AsyncClient {
    async fn read(&self, user: &str) -> Looked {
        let unassigned = self.virtual_devices(Assignment::Unassigned, |_| false);
        let (devices, unassigned) = tokio::join!(self.mfa_devices(Some(user)), unassigned);
        Looked { devices, unassigned }
    }
}

impl Account {
    /// The endpoints of STS and IAM, where the configuration names them; else empty.
    pub fn own_endpoints(&self) -> [String; 2] {
        ["STS", "IAM"].map(|service| own_endpoint(&self.config, service).unwrap_or_default())
    }

    /// Asks AWS who the caller is (GetCallerIdentity), and beside that what devices there are: three questions in the time
    /// of one. The others are repeated only where the first is answered.
    pub fn identify_and_look(&mut self, user: &str) -> Result<Looked, Error> {
        let (open, gate) = watch::channel(false);
        let (caller, looked) = self.ask(async |client| {
            let beside = client.behind(gate);
            let caller = async {
                let caller = client.caller().await?;
                open.send_replace(true);
                Ok(caller)
            };
            tokio::try_join!(caller, async { Ok(beside.read(user).await) })
        })?;
        self.caller = caller;
        Ok(looked)
    }

    /// Asks what devices there are: two questions in the time of one.
    pub fn read(&self, user: &str) -> Result<Looked, Error> {
        self.ask(async |client| Ok(client.read(user).await))
    }

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
        let credentials = Cached::over(provider, self.connector.clock.clone());
        Self { credentials, access_key_id, long_term: false, ..self.unconnected() }
    }

    /// The same caller, whose requests are signed for another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        Self { config, ..self.unconnected() }
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
        Self { pace: Some(pace), ..self.unconnected() }
    }

    /// The same caller, without a connection yet.
    fn unconnected(&self) -> Self {
        Self {
            connector: self.connector.clone(),
            config: self.config.clone(),
            bundle: self.bundle.clone(),
            credentials: self.credentials.clone(),
            caller: self.caller.clone(),
            access_key_id: self.access_key_id.clone(),
            long_term: self.long_term,
            connection: RefCell::new(None),
            pace: self.pace.clone(),
        }
    }

    /// Closes every connection and drops the runtime, so that no buffer of theirs outlives a reply that held a seed.
    pub(super) fn close(&self) {
        on_wiped_stack(|| drop(self.connection.borrow_mut().take()));
    }

    /// Lends the clients, making them where there are none.
    pub(super) fn with_connection<R>(&self, f: impl FnOnce(&Connection) -> R) -> Result<R, Error> {
        let mut slot = self.connection.borrow_mut();
        let connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let answer = f(&connection);
        *slot = Some(connection);
        Ok(answer)
    }

    fn connect(&self) -> Result<Connection, Error> {
        let Connector { clock, interrupt, on_retry, .. } = &self.connector;
        let http = self.connector.http_client(self.bundle.as_ref());
        let clients = Clients::new(&self.config, http, self.credentials.clone(), DateInterceptor(clock.clone()));
        let manner = Manner {
            clock: clock.clone(),
            interrupt: interrupt.clone(),
            on_retry: Some(on_retry.clone()),
            pace: self.pace.clone(),
            many: false,
            gate: None,
        };
        // Of FIPS endpoints not every region has one.
        let pinned = self.connector.region.is_some()
            || clients.own_endpoint("STS").is_some()
            || self.config.use_fips().unwrap_or_default();
        let spread = Spread::from(&self.region(), pinned);
        Ok(Connection { client: AsyncClient::new(clients, spread, manner), runtime: runtime()? })
    }
}
