//! The one builder of clients of the AWS SDK: all services, all callers.

use super::answer::OwnAnswer;
use super::config::{Cached, DEFAULT_REGION};
use super::date_interceptor::DateInterceptor;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::config::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;
use std::time::Duration;

#[derive(Clone)]
pub(super) struct Clients {
    pub(super) config: SdkConfig,
    pub(super) date_interceptor: DateInterceptor,
}

impl Clients {
    pub(super) fn new(
        config: &SdkConfig,
        http: SharedHttpClient,
        credentials: Cached,
        date_interceptor: DateInterceptor,
    ) -> Self {
        let region = config.region().cloned().unwrap_or(Region::from_static(DEFAULT_REGION));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(20))
            .build();
        let config = config
            .to_builder()
            .region(region)
            .http_client(http)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            // The SDK's would keep what a caller signs with as long as the configuration that all callers share: each
            // session of an audit, to its end.
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            // The time source is already corrected; the SDK's own correction would be added on top.
            .disable_clock_skew_correction(true)
            // It goes through the time that passes in steps, by the clock that a reply may put elsewhere; the limit above
            // bounds a reply as well.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { config, date_interceptor }
    }

    pub(super) fn with_credentials(&self, credentials: Credentials) -> Self {
        let credentials = SharedCredentialsProvider::new(credentials);
        let config = self.config.to_builder().credentials_provider(credentials).build();
        Self { config, date_interceptor: self.date_interceptor.clone() }
    }

    pub(super) fn iam(&self) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::config::Builder::from(&self.config);
        aws_sdk_iam::Client::from_conf(
            config.interceptor(self.date_interceptor.clone()).interceptor(OwnAnswer).build(),
        )
    }

    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.config);
        aws_sdk_sts::Client::from_conf(
            config.interceptor(self.date_interceptor.clone()).interceptor(OwnAnswer).build(),
        )
    }

    /// `AWS_ENDPOINT_URL_…`, the profile's, or `AWS_ENDPOINT_URL`, for the service of this name.
    pub(super) fn own_endpoint(&self, service: &'static str) -> Option<String> {
        own_endpoint(&self.config, service)
    }
}

/// As [`Clients::own_endpoint`].
pub(super) fn own_endpoint(config: &SdkConfig, service: &'static str) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok();
    let own = key.and_then(|key| config.service_config()?.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}
