//! Configuration and credentials, as the AWS SDK resolves them: profiles, regions, endpoints, SSO, `aws login`,
//! `credential_process`. It does not know what the credentials are used for.

use super::client::{Connector, Wire};
use super::error::{Error, message};
use crate::totp::Clock;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use check::variable;
use differences::differences;
use files::Files;
use origin::follow;
use process::Process;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

mod check;
mod differences;
mod files;
mod ini;
mod origin;
mod process;
mod trouble;
mod trust;
mod wire;
mod within;

pub use differences::Difference;
pub use origin::{Origin, Way};
pub use process::{Running, Waiting};
pub use trouble::{Misnamed, NearMiss, ProcessFault, Trouble, Unreadable};
pub(super) use trust::Bundle;
pub(super) use wire::{LONGEST_REPLY, OnTheWire};

/// What a connector found: everything that stands behind an account.
pub(super) struct Loaded {
    pub(super) config: SdkConfig,
    pub(super) credentials: Cached,
    /// The credentials as they were asked for first.
    pub(super) first: Credentials,
    pub(super) bundle: Option<Bundle>,
}

impl Connector {
    /// Loads everything, and asks for credentials once, so that a problem with them has its own error.
    pub(super) fn load(&self) -> Result<Loaded, Error> {
        let runtime = runtime()?;
        runtime.block_on(async {
            tokio::select! {
                biased;
                // First: Ctrl-C on a terminal ends a credential_process too, which is no failure of its own.
                () = self.interrupt.raised_async() => Err(Error::Interrupted),
                loaded = self.load_async() => loaded,
            }
        })
    }

    async fn load_async(&self) -> Result<Loaded, Error> {
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .time_source(CorrectedTime(self.clock.clone()))
            // It steps through the time that passes, by a clock that a reply may put elsewhere.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let (config, bundle) = if let Wire::InProcess(_, credentials) = &self.wire {
            let region = self.region.clone().map_or(Region::from_static(DEFAULT_REGION), Region::new);
            let loader = loader.http_client(self.http_client(None)).region(region);
            (loader.empty_test_environment().credentials_provider(credentials.clone()).load().await, None)
        } else {
            let read = self.read().await?;
            let http = self.http_client(read.bundle.as_ref());
            let region = Region::new(read.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()));
            let process = self.process(&read);
            let sdk = read.files.for_sdk(process.as_ref().map(|process| process.profile.as_str()));
            let name = read.files.alias(&read.profile);
            let mut loader = loader
                .http_client(http.clone())
                .region(region.clone())
                .profile_files(sdk.clone())
                .profile_name(&name);
            if let Some(process) = process.as_ref().filter(|process| process.profile == read.profile) {
                loader = loader.credentials_provider(process.clone());
            } else if self.profile.is_some() || process.is_some() {
                loader = loader.credentials_provider(self.of_profile(sdk, &name, region, http, &read, process));
            } else if let Some(credentials) = with_older_token(&read.origin) {
                loader = loader.credentials_provider(credentials);
            }
            (loader.load().await, read.bundle)
        };
        let nothing = || Error::NoCredentials { detail: "the configuration names none".to_owned() };
        let credentials = Cached::over(config.credentials_provider().ok_or_else(nothing)?, self.clock.clone());
        let asked = credentials.provide_credentials().await;
        let first = asked.map_err(|cause| no_credentials(cause, self.profile.as_deref()))?;
        check::credentials(&first).map_err(|trouble| Error::Configuration(Box::new(trouble)))?;
        Ok(Loaded { config, credentials, first, bundle })
    }

    /// A profile named outright is meant: as with the AWS CLI, and unlike the SDK's chain, access keys in the
    /// environment do not go before it.
    fn of_profile(
        &self,
        files: EnvConfigFiles,
        name: &str,
        region: Region,
        http: SharedHttpClient,
        read: &Read,
        process: Option<Process>,
    ) -> ProfileFileCredentialsProvider {
        let config = ProviderConfig::default()
            .with_region(Some(region))
            .with_http_client(http)
            .with_use_fips(read.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"))
            .with_use_dual_stack(read.switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"))
            .with_time_source(CorrectedTime(self.clock.clone()));
        let mut builder = ProfileFileCredentialsProvider::builder();
        if let Some(process) = process {
            builder = builder.with_custom_provider(files::PROCESS, process);
        }
        builder.configure(&config).profile_files(files).profile_name(name).build()
    }

    /// The `credential_process` that the credentials come from, where they come from one.
    fn process(&self, read: &Read) -> Option<Process> {
        let Origin::Profile { name, way: Way::Process } = &read.origin else { return None };
        // A role that is assumed with no other profile's credentials is refused by the SDK, with its reason.
        if *name == read.profile && read.files.setting(name, "role_arn").is_some() {
            return None;
        }
        let setting = |setting| read.files.setting(name, setting).map(str::to_owned);
        Some(Process {
            profile: name.clone(),
            command: setting("credential_process")?,
            account: setting("aws_account_id"),
            clock: self.clock.clone(),
            listener: self.on_wait.clone(),
        })
    }

    /// Reads the configuration, and looks for what can be told to be wrong with it.
    async fn read(&self) -> Result<Read, Error> {
        self.read_files().await.map_err(|trouble| Error::Configuration(Box::new(trouble)))
    }

    async fn read_files(&self) -> Result<Read, Trouble> {
        check::variables()?;
        let files = Files::read()?;
        let named = self.named_profile();
        let profile = named.clone().unwrap_or_else(|| "default".to_owned());
        if named.is_some() && files.profile(&profile).is_none() {
            let (known, near) = (files.names(), files.near(&profile));
            return Err(Trouble::NoSuchProfile { name: profile, known, near });
        }
        check::switches(&files, &profile)?;
        check::endpoints(&files, &profile)?;
        let bundle = bundle(&files, &profile)?;
        let region = self.named_region(&files, &profile).await;
        region.as_deref().map_or(Ok(()), check::region)?;
        let origin = if self.profile.is_none() && check::key_in_environment()? {
            Origin::Environment
        } else {
            match follow(&files, &profile)? {
                Origin::Profile { way: Way::Nothing, .. } if self.profile.is_none() => Origin::Machine,
                origin => origin,
            }
        };
        check::opened(&files, &origin, bundle.is_some())?;
        Ok(Read { files, profile, named, region, bundle, origin })
    }

    /// Which profile and region are used, and where the credentials will come from, without asking anybody on the
    /// network.
    ///
    /// # Errors
    /// [`Error::Configuration`].
    pub fn settings(&self) -> Result<Settings, Error> {
        let read = runtime()?.block_on(self.read())?;
        let bundle = read.bundle.as_ref().map(|bundle| (bundle.setting, bundle.path.clone()));
        let named = read.region.is_some();
        Ok(Settings {
            differences: differences(
                &read.files,
                &read.profile,
                named,
                (self.profile.is_some(), self.region.is_some()),
            ),
            profile: read.named,
            region_is_named: read.region.is_some(),
            region: read.region.unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            older_token: with_older_token(&read.origin).is_some(),
            origin: read.origin,
            bundle,
        })
    }

    /// `--profile`, else as the AWS CLI looks for it.
    fn named_profile(&self) -> Option<String> {
        self.profile.clone().or_else(|| variable("AWS_DEFAULT_PROFILE")).or_else(|| variable("AWS_PROFILE"))
    }

    /// The `credential_process` of the profile that gives the credentials, where one does. Tells nothing of profiles
    /// that it names in turn.
    #[must_use]
    pub fn credential_process(&self) -> Option<String> {
        self.setting("credential_process")
    }

    /// A setting of that profile. What is wrong with the configuration is said by whoever uses it.
    fn setting(&self, name: &str) -> Option<String> {
        if self.profile.is_none() && check::key_in_environment().unwrap_or(true) {
            return None;
        }
        let files = Files::read().ok()?;
        files.setting(self.named_profile().as_deref().unwrap_or("default"), name).map(str::to_owned)
    }

    /// The refusal of a profile that gets its credentials from the command that is asked for them.
    #[must_use]
    pub fn endless(&self) -> Error {
        let bases = Files::read().map(|files| files.with_keys()).unwrap_or_default();
        let profile = self.named_profile().unwrap_or_else(|| "default".to_owned());
        Error::Configuration(Box::new(Trouble::Endless { profile, bases }))
    }

    /// Who signed in with `aws login` for the profile that gives the credentials, where somebody did: an ARN.
    #[must_use]
    pub fn login_session(&self) -> Option<String> {
        self.setting("login_session")
    }

    /// `--region`, environment, profile. Unlike the SDK's own chain it does not ask the EC2 metadata service, which
    /// costs seconds everywhere else.
    async fn named_region(&self, files: &Files, profile: &str) -> Option<String> {
        let named = self.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
        if named.is_some() {
            return named;
        }
        let sdk = files.for_sdk(None);
        let provider =
            ProfileFileRegionProvider::builder().profile_files(sdk).profile_name(files.alias(profile)).build();
        provider.region().await.map(|region| region.to_string())
    }

    /// A new HTTP client with no connection open.
    pub(super) fn http_client(&self, bundle: Option<&Bundle>) -> SharedHttpClient {
        wire::marked(match &self.wire {
            Wire::InProcess(http, _) => http.clone(),
            Wire::Network => wire::network(bundle),
        })
    }
}

struct Read {
    files: Files,
    profile: String,
    /// `None`: the profile is the default one, and may not exist.
    named: Option<String>,
    region: Option<String>,
    bundle: Option<Bundle>,
    origin: Origin,
}

impl Read {
    fn switch(&self, name: &str, setting: &str) -> Option<bool> {
        let value = variable(name).or_else(|| self.files.setting(&self.profile, setting).map(str::to_owned));
        value.map(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// The certificates to trust, where others than the system's are named.
fn bundle(files: &Files, profile: &str) -> Result<Option<Bundle>, Trouble> {
    let of_environment = variable("AWS_CA_BUNDLE").map(|path| ("AWS_CA_BUNDLE", path));
    let of_profile = || files.setting(profile, "ca_bundle").map(|path| ("ca_bundle", path.to_owned()));
    let named = of_environment.or_else(of_profile);
    named.map(|(setting, path)| Bundle::read(setting, path.as_ref())).transpose()
}

/// What the configuration says, before anybody is asked for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The profile that was named; `None`: the default one.
    pub profile: Option<String>,
    /// The region to sign for.
    pub region: String,
    /// Whether anything names it; else it is the one that serves for IAM.
    pub region_is_named: bool,
    /// Where the credentials will come from.
    pub origin: Origin,
    /// `AWS_SECURITY_TOKEN`, the older name, holds the session token of the access key in the environment. It goes
    /// before `AWS_SESSION_TOKEN`, as with the AWS CLI.
    pub older_token: bool,
    /// The bundle of certificates that is trusted instead of the system's: what names it, and its path.
    pub bundle: Option<(&'static str, PathBuf)>,
    /// What the AWS CLI does otherwise with the same configuration.
    pub differences: Vec<Difference>,
}

/// An access key in the environment with its token under the older name, which the SDK does not read.
fn with_older_token(origin: &Origin) -> Option<Credentials> {
    let token = variable(check::OLDER_TOKEN).filter(|_| *origin == Origin::Environment)?;
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(id, secret, Some(token), None, "Environment"))
}

/// IAM and STS answer everywhere; commercial accounts need name no region.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// A runtime; refused where few files can be opened, since tokio panics where it cannot open its own.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let room: std::io::Result<Vec<_>> = (0..6).map(|_| std::io::pipe()).collect();
    drop(room.map_err(|cause| Error::Configuration(Box::new(Trouble::System { why: cause.to_string() })))?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::Configuration(Box::new(Trouble::System { why: cause.to_string() })))
}

/// What is wrong with a configuration, where that is behind an error of the SDK.
pub(super) fn trouble(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let trouble = causes.find_map(|cause| cause.downcast_ref::<Trouble>())?;
    Some(Error::Configuration(Box::new(trouble.clone())))
}

fn no_credentials(cause: CredentialsError, profile: Option<&str>) -> Error {
    if let Some(trouble) = trouble(&cause) {
        return trouble;
    }
    match (cause, profile) {
        (CredentialsError::CredentialsNotLoaded(_), Some(profile)) => {
            Error::NoCredentials { detail: format!("the profile \"{profile}\" names none") }
        }
        (CredentialsError::CredentialsNotLoaded(_), None) => Error::NoCredentials {
            detail:
                "looked in the environment, the profile, a web identity token file, and the metadata services of \
                     containers and instances"
                    .to_owned(),
        },
        // The last place that is looked at. Whatever stands at its address, it gave none, and nothing before it did.
        (cause, None) if message(&cause).contains("IMDS") => Error::NoCredentials { detail: message(&cause) },
        (cause, _) => Error::BadConfiguration { detail: message(&cause) },
    }
}

/// Host time as corrected by AWS's replies, for signing.
#[derive(Clone)]
pub(super) struct CorrectedTime(Clock);

impl std::fmt::Debug for CorrectedTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CorrectedTime")
    }
}

impl TimeSource for CorrectedTime {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

/// Credentials, asked for once and again when they are about to expire: `credential_process` may want a touch, and
/// each new client would ask anew.
#[derive(Clone)]
pub(super) struct Cached {
    inner: SharedCredentialsProvider,
    clock: Clock,
    held: Arc<Mutex<Option<Credentials>>>,
}

impl Cached {
    pub(super) fn over(inner: SharedCredentialsProvider, clock: Clock) -> Self {
        Self { inner, clock, held: Arc::default() }
    }

    pub(super) fn expiry(&self) -> Option<SystemTime> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Credentials::expiry)
    }

    fn fresh(&self) -> Option<Credentials> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = self.clock.now() + Duration::from_secs(60);
        held.clone().filter(|credentials| credentials.expiry().is_none_or(|expiry| expiry > soon))
    }
}

impl std::fmt::Debug for Cached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cached")
    }
}

impl ProvideCredentials for Cached {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            if let Some(credentials) = self.fresh() {
                return Ok(credentials);
            }
            let credentials = self.inner.provide_credentials().await?;
            if check::credentials(&credentials).is_err() && self.expiry().is_some() {
                // The first ones have been looked at, and are refused with their own words.
                return Err(CredentialsError::invalid_configuration("they hold a character that cannot be sent"));
            }
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
            Ok(credentials)
        })
    }
}
