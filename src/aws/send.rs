//! The one way to send a call: asynchronously, any number beside each other. Whoever waits for one call uses its blocking
//! face, [`Account::call`].

use super::call::Call;
use super::client::Account;
use super::clients::Clients;
use super::error::Error;
use super::outcome::classify;
use super::pace::Pace;
use super::pages::Pages;
use super::plain::JsonClient;
use super::retry::{Attempts, Next, Retry, is_throttling, why};
use super::spread::Spread;
use crate::platform::Interrupt;
use crate::secret::on_wiped_stack;
use crate::totp::Clock;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// One caller's clients. Clones share everything.
#[derive(Clone)]
pub(super) struct AsyncClient {
    pub(super) iam: aws_sdk_iam::Client,
    shared: Arc<Shared>,
}

struct Shared {
    sts: aws_sdk_sts::Client,
    plain: JsonClient,
    spread: Arc<Spread>,
    manner: Manner,
    throttled: AtomicU64,
}

type Listener = Arc<dyn Fn(&Retry) + Send + Sync>;

#[derive(Clone)]
pub(super) struct Manner {
    pub(super) clock: Clock,
    pub(super) interrupt: Interrupt,
    /// Called before every repeat, except while many calls are under way together.
    pub(super) on_retry: Option<Listener>,
    pub(super) pace: Option<Arc<Pace>>,
    /// Many calls are under way together. Whoever waits for all of them hears the person interrupt, and a call that waits
    /// lets the others go on.
    pub(super) many: bool,
    /// What is to be open before a call is repeated.
    pub(super) gate: Option<watch::Receiver<bool>>,
}

impl Account {
    /// Asks something of several calls, and waits for it. What the calls leave in memory is wiped.
    pub(super) fn ask<T>(&self, question: impl AsyncFnOnce(&AsyncClient) -> Result<T, Error>) -> Result<T, Error> {
        on_wiped_stack(|| {
            self.with_connection(|connection| connection.runtime.block_on(question(&connection.client)))?
        })
    }

    /// Sends `send` once or more, as its call allows, and waits for the answer.
    pub(super) fn call<T, E, F>(&self, call: Call, send: impl Fn(&AsyncClient) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.ask(async |client| client.call(call, send).await)
    }

    /// As [`Account::ask`], for many calls beside each other, all of which change nothing. `aloud`: repeats are told.
    pub(super) fn ask_much<T>(
        &self,
        aloud: bool,
        question: impl AsyncFnOnce(&AsyncClient) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.with_connection(|connection| {
            let client = connection.client.for_many(aloud);
            let interrupt = &self.connector.interrupt;
            connection.runtime.block_on(async {
                tokio::select! {
                    outcome = question(&client) => if interrupt.raised() { Err(Error::Interrupted) } else { outcome },
                    () = interrupt.raised_async() => Err(Error::Interrupted),
                }
            })
        })?
    }
}

impl AsyncClient {
    pub(super) fn new(clients: Clients, spread: Spread, manner: Manner) -> Self {
        let (iam, sts) = (clients.iam(), clients.sts());
        let (plain, spread, throttled) = (JsonClient { clients }, Arc::new(spread), AtomicU64::new(0));
        Self { iam, shared: Arc::new(Shared { sts, plain, spread, manner, throttled }) }
    }

    fn for_many(&self, aloud: bool) -> Self {
        let manner = self.shared.manner.clone();
        let on_retry = manner.on_retry.clone().filter(|_| aloud);
        self.in_manner(Manner { on_retry, many: true, ..manner })
    }

    /// For a call that goes beside another, and is repeated only once that has been answered and has opened the gate.
    pub(super) fn behind(&self, gate: watch::Receiver<bool>) -> Self {
        self.in_manner(Manner { gate: Some(gate), ..self.shared.manner.clone() })
    }

    fn in_manner(&self, manner: Manner) -> Self {
        let Shared { sts, plain, spread, .. } = &*self.shared;
        let (sts, plain, spread) = (sts.clone(), plain.clone(), spread.clone());
        let shared = Shared { sts, plain, spread, manner, throttled: AtomicU64::new(0) };
        Self { iam: self.iam.clone(), shared: Arc::new(shared) }
    }

    /// Another caller to IAM, with a session's credentials.
    pub(super) fn with_session(&self, credentials: Credentials) -> Self {
        let clients = self.shared.plain.clients.with_credentials(credentials);
        Self { iam: clients.iam(), shared: self.shared.clone() }
    }

    /// Sends `send` once or more, as its call allows.
    pub(super) async fn call<T, E, F>(&self, call: Call, send: impl Fn(&Self) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Manner { clock, on_retry, pace, many, gate, .. } = &self.shared.manner;
        let mut attempts = Attempts::at(call, clock, !many);
        loop {
            if pace.as_ref().is_some_and(|pace| !pace.turn(clock)) {
                return Err(Error::Interrupted);
            }
            attempts.begin();
            let outcome = self.once(call, &send).await;
            attempts.end(&outcome);
            let error = match outcome {
                Ok(answer) => {
                    pace.iter().for_each(|pace| pace.went());
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if matches!(error, Error::TryLater { .. }) {
                self.shared.throttled.fetch_add(1, Ordering::Relaxed);
            }
            let paced = pace.as_ref().filter(|_| is_throttling(&error)).inspect(|pace| pace.refused());
            if let Some(mut gate) = gate.clone() {
                let _ = gate.wait_for(|open| *open).await;
            }
            let after = match attempts.next(&error, paced.is_some()) {
                Next::Now => continue,
                Next::After(after) => after,
                Next::GiveUp => return Err(error),
            };
            // Of a pace it is said once, by whoever set it.
            if let (Some(on_retry), None) = (on_retry, paced) {
                on_retry(&Retry { call, why: why(&error), after, attempt: attempts.count() });
            }
            self.wait(after).await?;
        }
    }

    /// Sends once, and stops waiting when the person interrupts.
    async fn once<T, E, F>(&self, call: Call, send: &impl Fn(&Self) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Manner { interrupt, many, .. } = &self.shared.manner;
        if interrupt.raised() {
            return Err(Error::Interrupted);
        }
        // On the heap while it is under way: what asks for many things would hold the room of all of them at once.
        let sent = Box::pin(send(self));
        let outcome = match many {
            true => Some(sent.await),
            false => tokio::select! {
                biased;
                outcome = sent => Some(outcome),
                () = interrupt.raised_async() => None,
            },
        };
        match outcome {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(classify(call, error)),
            None if call.may_be_repeated() => Err(Error::Interrupted),
            None => Err(Error::OutcomeUnknown { call, detail: "interrupted".to_owned() }),
        }
    }

    /// Waits, unless the person interrupts.
    pub(super) async fn wait(&self, after: Duration) -> Result<(), Error> {
        if self.shared.manner.many {
            tokio::time::sleep(after).await;
            return Ok(());
        }
        if self.shared.manner.clock.sleep(after) { Ok(()) } else { Err(Error::Interrupted) }
    }

    /// A call to one of the plain services, in a region. What does not have the form of its answer is none.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call, region: &str, body: Value) -> Result<T, Error> {
        // It may come from a reply, and becomes part of a host's name.
        if !is_region(region) {
            return Err(Error::Malformed { call });
        }
        let answer = self.call(call, |client| client.shared.plain.ask(call, region, body.clone())).await?;
        serde_json::from_value(answer).map_err(|_| Error::Malformed { call })
    }

    /// Every page of a list: the items of `list`, and the token that goes from `next` of a reply to `next` of the next
    /// request.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        call: Call,
        region: &str,
        body: Value,
        list: &str,
        next: &str,
    ) -> Result<Vec<T>, Error> {
        self.pages_by(call, region, body, list, (next, next)).await
    }

    /// The same where the token has one name in a reply and another in a request.
    pub(super) async fn pages_by<T: DeserializeOwned>(
        &self,
        call: Call,
        region: &str,
        mut body: Value,
        list: &str,
        (next, token_name): (&str, &str),
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut pages = Pages::of(call);
        loop {
            let mut page: Value = self.ask(call, region, body.clone()).await?;
            match page.get_mut(list).map(Value::take) {
                Some(found @ Value::Array(_)) => {
                    let found: Vec<T> = serde_json::from_value(found).map_err(|_| Error::Malformed { call })?;
                    items.extend(found);
                }
                // XML has no empty lists.
                None | Some(Value::Null | Value::Object(_)) => {}
                Some(_) => return Err(Error::Malformed { call }),
            }
            if !pages.go_on(page.get(next).and_then(Value::as_str))? {
                return Ok(items);
            }
            let token = Value::from(pages.token());
            body.as_object_mut().map(|members| members.insert(token_name.to_owned(), token));
        }
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        &self.shared.sts
    }

    pub(super) fn spread(&self) -> &Spread {
        &self.shared.spread
    }

    /// How often AWS has asked for patience.
    pub(super) fn throttled(&self) -> u64 {
        self.shared.throttled.load(Ordering::Relaxed)
    }
}

/// Whether a text may be a region's name: `us-east-1`.
fn is_region(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
