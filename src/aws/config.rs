//! Configuration and credentials, as the AWS SDK resolves them: profiles, regions, endpoints, SSO, `aws login`,
//! `credential_process`. It does not know what the credentials are used for.

use super::client::{Connector, Wire};
use super::error::{Error, words};
use crate::totp::Clock;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector as HttpConnector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::RetryConfig;
use aws_types::os_shim_internal::{Env, Fs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

impl Connector {
    /// Loads everything, and asks for credentials once, so that a problem with them has its own error.
    pub(super) fn load(&self) -> Result<(SdkConfig, Cached, Credentials), Error> {
        let runtime = runtime()?;
        runtime.block_on(async {
            tokio::select! {
                biased;
                loaded = self.load_async() => loaded,
                () = self.interrupt.raised_async() => Err(Error::Interrupted),
            }
        })
    }

    async fn load_async(&self) -> Result<(SdkConfig, Cached, Credentials), Error> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .time_source(CorrectedTime(self.clock.clone()))
            .http_client(self.http_client())
            .region(self.region_chain());
        if let Wire::InProcess(_, credentials) = &self.wire {
            loader = loader.empty_test_environment().credentials_provider(credentials.clone());
        } else {
            self.check_profile().await?;
            if let Some(profile) = &self.profile {
                loader = loader.profile_name(profile).credentials_provider(self.of_profile(profile).await);
            }
        }
        let config = loader.load().await;
        let nothing = || Error::NoCredentials { detail: "the configuration names none".to_owned() };
        let cached = Cached::over(config.credentials_provider().ok_or_else(nothing)?, self.clock.clone());
        let first =
            cached.provide_credentials().await.map_err(|cause| no_credentials(cause, self.profile.as_deref()))?;
        Ok((config, cached, first))
    }

    /// A profile named outright is meant: as with the AWS CLI, and unlike the SDK's chain, access keys in the
    /// environment do not go before it.
    async fn of_profile(&self, name: &str) -> ProfileFileCredentialsProvider {
        let config = ProviderConfig::default()
            .with_region(self.region_chain().region().await)
            .with_http_client(self.http_client())
            .with_time_source(CorrectedTime(self.clock.clone()));
        ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build()
    }

    /// Which profile and region are used, without asking anybody on the network.
    ///
    /// # Errors
    /// [`Error::BadConfiguration`]: a file that cannot be read, or a profile that does not exist.
    pub fn settings(&self) -> Result<Settings, Error> {
        runtime()?.block_on(async {
            profiles().await?;
            self.check_profile().await?;
            let named = self.named_region().region().await;
            Ok(Settings {
                profile: self.named_profile(),
                region_is_named: named.is_some(),
                region: named.map_or_else(|| DEFAULT_REGION.to_owned(), |region| region.to_string()),
            })
        })
    }

    fn named_profile(&self) -> Option<String> {
        self.profile.clone().or_else(|| Env::real().get("AWS_PROFILE").ok()).filter(|name| !name.is_empty())
    }

    /// The `credential_process` of the profile that gives the credentials, where one does. Tells nothing of profiles
    /// that it names in turn.
    #[must_use]
    pub fn credential_process(&self) -> Option<String> {
        self.setting("credential_process")
    }

    /// A setting of that profile.
    fn setting(&self, name: &str) -> Option<String> {
        let env = Env::real();
        if self.profile.is_none() && env.get("AWS_ACCESS_KEY_ID").is_ok() {
            return None;
        }
        let named = self.named_profile();
        let profiles = runtime().ok()?.block_on(async {
            aws_config::profile::load(&Fs::real(), &env, &EnvConfigFiles::default(), None).await.ok()
        })?;
        let profile = profiles.get_profile(named.as_deref().unwrap_or("default"))?;
        profile.get(name).map(str::to_owned)
    }

    /// Who signed in with `aws login` for the profile that gives the credentials, where somebody did: an ARN.
    #[must_use]
    pub fn login_session(&self) -> Option<String> {
        self.setting("login_session")
    }

    /// The SDK takes a profile that does not exist for an empty one.
    async fn check_profile(&self) -> Result<(), Error> {
        let Some(name) = self.named_profile() else { return Ok(()) };
        let profiles = profiles().await?;
        if profiles.get_profile(&name).is_some() {
            return Ok(());
        }
        let mut known: Vec<&str> = profiles.profiles().collect();
        known.sort_unstable();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Error::BadConfiguration { detail: format!("there is no profile \"{name}\"; there are: {known}") })
    }

    /// `--region`, environment, profile, else [`DEFAULT_REGION`]. Unlike the SDK's own chain it does not ask the EC2
    /// metadata service, which costs seconds everywhere else.
    fn region_chain(&self) -> RegionProviderChain {
        self.named_region().or_else(Region::from_static(DEFAULT_REGION))
    }

    fn named_region(&self) -> RegionProviderChain {
        let mut profile = ProfileFileRegionProvider::builder();
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        RegionProviderChain::first_try(self.region.clone().map(Region::new))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(profile.build())
    }

    /// A new HTTP client with no connection open. TLS by ring: a process starts 25 ms sooner than with aws-lc.
    pub(super) fn http_client(&self) -> SharedHttpClient {
        match &self.wire {
            Wire::InProcess(http, _) => http.clone(),
            Wire::Network => Builder::new().build_with_connector_fn(|settings, components| {
                let mut connector = HttpConnector::builder()
                    .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
                    .proxy_config(ProxyConfig::from_env());
                connector.set_connector_settings(settings.cloned());
                connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
                connector.build()
            }),
        }
    }
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
}

async fn profiles() -> Result<aws_config::profile::ProfileSet, Error> {
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    profiles.map_err(|cause| Error::BadConfiguration { detail: words(&cause) })
}

/// IAM and STS answer everywhere; commercial accounts need name no region.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::BadConfiguration { detail: cause.to_string() })
}

fn no_credentials(cause: CredentialsError, profile: Option<&str>) -> Error {
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
        (cause, None) if words(&cause).contains("IMDS") => Error::NoCredentials { detail: words(&cause) },
        (cause, _) => Error::BadConfiguration { detail: words(&cause) },
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
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
            Ok(credentials)
        })
    }
}
