//! Many calls beside each other, all of which change nothing: what an audit is made of.
//!
//! The rules for repeating are those of [`super::call`]; here waiting is asynchronous, and throttling is counted, so
//! that whoever asks for many accounts can slow down.

use super::answer::OwnAnswer;
use super::call::{Call, LOST_PATIENCE, PATIENCE, Retry, classify, why};
use super::client::Account;
use super::ears::Ears;
use super::error::Error;
use super::pages::Pages;
use super::plain::Plain;
use crate::platform::Interrupt;
use crate::totp::Clock;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One caller's clients. Clones share everything.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) iam: aws_sdk_iam::Client,
    shared: Arc<Shared>,
}

type Listener = Arc<dyn Fn(&Retry) + Send + Sync>;

struct Shared {
    sts: aws_sdk_sts::Client,
    plain: Plain,
    clock: Clock,
    interrupt: Interrupt,
    /// Told before every repeat; in a crowd nobody is.
    on_retry: Option<Listener>,
    throttled: AtomicU64,
}

impl Account {
    /// The same caller, for many calls at once. `aloud`: repeats are told.
    pub(super) fn asker(&self, aloud: bool) -> Result<Asker, Error> {
        self.with_live(|live| Asker {
            iam: live.iam.clone(),
            shared: Arc::new(Shared {
                sts: live.sts.clone(),
                plain: live.plain.clone(),
                clock: self.connector.clock.clone(),
                interrupt: self.connector.interrupt.clone(),
                on_retry: aloud.then(|| self.connector.on_retry.clone()),
                throttled: AtomicU64::new(0),
            }),
        })
    }
}

impl Asker {
    /// Sends `send` once or more.
    pub(super) async fn call<T, E, F>(&self, call: Call, send: impl Fn(&Self) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut corrected = false;
        let mut attempt = 1;
        loop {
            let ahead = self.shared.clock.ahead_seconds();
            let outcome = tokio::select! {
                biased;
                outcome = send(self) => outcome,
                () = self.shared.interrupt.raised_async() => return Err(Error::Interrupted),
            };
            let error = match outcome {
                Ok(answer) => return Ok(answer),
                Err(error) => classify(call, error),
            };
            let patience = match &error {
                Error::BadSignature { .. } if !corrected && self.shared.clock.ahead_seconds() != ahead => {
                    corrected = true;
                    continue;
                }
                Error::TryLater { .. } => PATIENCE,
                Error::OutcomeUnknown { .. } | Error::Unreachable { .. } => LOST_PATIENCE,
                _ => return Err(error),
            };
            if matches!(error, Error::TryLater { .. }) {
                self.shared.throttled.fetch_add(1, Ordering::Relaxed);
            }
            if attempt >= patience {
                return Err(error);
            }
            attempt += 1;
            let after = Duration::from_secs(1 << (attempt - 2).min(4));
            if let Some(on_retry) = &self.shared.on_retry {
                on_retry(&Retry { call, why: why(&error), after, attempt });
            }
            self.wait(after).await?;
        }
    }

    /// A call to one of the plain services, in a region.
    pub(super) async fn ask(&self, call: Call, region: &str, body: Value) -> Result<Value, Error> {
        self.call(call, |asker| asker.shared.plain.ask(call, region, body.clone())).await
    }

    /// Every page of a list: the items of `list`, and the token that goes from `next` of a reply to `token` of the next
    /// request.
    pub(super) async fn pages(
        &self,
        call: Call,
        region: &str,
        mut body: Value,
        list: &str,
        next: &str,
    ) -> Result<Vec<Value>, Error> {
        let mut items = Vec::new();
        let mut pages = Pages::of(call);
        loop {
            let mut page = self.ask(call, region, body.clone()).await?;
            match page.get_mut(list).map(Value::take) {
                Some(Value::Array(found)) => items.extend(found),
                // XML has no empty lists.
                None | Some(Value::Null | Value::Object(_)) => {}
                Some(_) => return Err(Error::Malformed { call }),
            }
            if !pages.go_on(page.get(next).and_then(Value::as_str))? {
                return Ok(items);
            }
            let token = Value::from(pages.token());
            body.as_object_mut().map(|members| members.insert(next.to_owned(), token));
        }
    }

    /// Waits, unless the person interrupts.
    pub(super) async fn wait(&self, after: Duration) -> Result<(), Error> {
        tokio::select! {
            () = tokio::time::sleep(after) => Ok(()),
            () = self.shared.interrupt.raised_async() => Err(Error::Interrupted),
        }
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        &self.shared.sts
    }

    /// How often AWS has asked for patience.
    pub(super) fn throttled(&self) -> u64 {
        self.shared.throttled.load(Ordering::Relaxed)
    }

    pub(super) fn interrupted(&self) -> bool {
        self.shared.interrupt.raised()
    }

    /// Another caller to IAM, with a session's credentials.
    pub(super) fn with_session(&self, credentials: Credentials) -> Self {
        let Plain { config, http, timeouts, ears, .. } = &self.shared.plain;
        Self { iam: iam(config, http, timeouts, ears, credentials), shared: self.shared.clone() }
    }
}

fn iam(
    config: &SdkConfig,
    http: &SharedHttpClient,
    timeouts: &TimeoutConfig,
    ears: &Ears,
    credentials: Credentials,
) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::from_conf(
        aws_sdk_iam::config::Builder::from(config)
            .http_client(http.clone())
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            .disable_clock_skew_correction(true)
            .interceptor(ears.clone())
            .interceptor(OwnAnswer)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build(),
    )
}
