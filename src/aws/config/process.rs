//! What a profile's `credential_process` gives (AWS SDKs and Tools Reference Guide, "Process credential provider").
//!
//! It is run here and not by the SDK, which reads what it prints without a bound, waits in silence, leaves it running, and
//! takes credentials that have expired.

use super::trouble::{ProcessFault, Trouble};
use super::within;
use crate::platform::{end_with_all_it_started, program_of, shell};
use crate::totp::Clock;
use aws_credential_types::Credentials;
use aws_credential_types::attributes::AccountId;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// The most bytes that are read of its standard output.
const LONGEST: usize = 1 << 20;
/// How much of its standard error is kept: the end.
const WORDS: usize = 8 << 10;
/// After this long it is said what is waited for.
const SLOW: Duration = Duration::from_secs(5);

/// A profile's `credential_process` is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The profile.
    pub profile: String,
    /// The program, without its arguments: they may be secret.
    pub program: String,
    /// How far it is.
    pub stage: Running,
}

/// How far a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// It was started.
    Started,
    /// It has taken some seconds so far.
    Slow,
    /// It has ended.
    Ended,
}

/// Told of every program that is waited for.
pub(super) type Listener = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// The `credential_process` of one profile.
#[derive(Clone)]
pub(super) struct Process {
    pub(super) profile: String,
    pub(super) command: String,
    /// The profile's `aws_account_id`.
    pub(super) account: Option<String>,
    pub(super) clock: Clock,
    pub(super) listener: Listener,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Process")
    }
}

impl ProvideCredentials for Process {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let given = self.run().await;
            given.map_err(|why| {
                let (profile, program) = (self.profile.clone(), program_of(&self.command));
                CredentialsError::provider_error(Trouble::Process { profile, program, why })
            })
        })
    }
}

impl Process {
    async fn run(&self) -> Result<Credentials, ProcessFault> {
        let mut command = Command::from(shell(&self.command));
        let (name, marks) = within::mark_of(&self.profile);
        command.env(name, marks).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let not_started = |cause: std::io::Error| ProcessFault::NotStarted { why: cause.to_string() };
        let mut started = Started(command.spawn().map_err(not_started)?);
        self.tell(Running::Started);
        let ended = tokio::select! {
            ended = started.end() => ended,
            ended = async {
                tokio::time::sleep(SLOW).await;
                self.tell(Running::Slow);
                std::future::pending().await
            } => ended,
        };
        self.tell(Running::Ended);
        let (printed, said, status) = ended?;
        if !status.success() {
            return Err(ProcessFault::Status { status: status.code(), said: lines(&said) });
        }
        self.read(&printed)
    }

    fn tell(&self, stage: Running) {
        let (profile, program) = (self.profile.clone(), program_of(&self.command));
        (self.listener)(&Waiting { profile, program, stage });
    }

    fn read(&self, printed: &[u8]) -> Result<Credentials, ProcessFault> {
        let printed: Printed = serde_json::from_slice(printed).map_err(|_| ProcessFault::NotJson)?;
        if printed.version.as_i64() != Some(1) {
            return Err(ProcessFault::Version);
        }
        let lacks = |name| ProcessFault::Lacks { name };
        let id = printed.access_key_id.ok_or(lacks("AccessKeyId"))?;
        let secret = printed.secret_access_key.ok_or(lacks("SecretAccessKey"))?;
        let expires = printed.expiration.map(|text| self.expiry(&text)).transpose()?;
        let mut credentials = Credentials::builder()
            .access_key_id(id.0.as_str())
            .secret_access_key(secret.0.as_str())
            .provider_name("CredentialProcess");
        credentials.set_session_token(printed.session_token.map(|token| token.0.to_string()));
        credentials.set_expiry(expires);
        credentials.set_account_id(printed.account_id.or_else(|| self.account.clone()).map(AccountId::from));
        Ok(credentials.build())
    }

    /// As the AWS CLI has it: what has expired is not used.
    fn expiry(&self, text: &str) -> Result<SystemTime, ProcessFault> {
        let expires: jiff::Timestamp = text.parse().map_err(|_| ProcessFault::NotATime)?;
        let time = SystemTime::from(expires);
        if time <= self.clock.now() {
            return Err(ProcessFault::Expired { at: expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() });
        }
        Ok(time)
    }
}

/// A process that does not outlive what waits for it.
struct Started(Child);

type Ended = (Zeroizing<Vec<u8>>, Vec<u8>, ExitStatus);

impl Started {
    /// Its output to the end, and its status.
    async fn end(&mut self) -> Result<Ended, ProcessFault> {
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        let all = async {
            let (printed, said, status) = tokio::try_join!(
                async { output(stdout).await },
                async { Ok::<_, ProcessFault>(last_words(stderr).await) },
                async { self.0.wait().await.map_err(|cause| ProcessFault::NotStarted { why: cause.to_string() }) },
            )?;
            Ok((printed, said, status))
        };
        all.await
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Gone once it was waited for.
        if let Some(id) = self.0.id() {
            end_with_all_it_started(id);
        }
    }
}

async fn output(from: Option<impl AsyncRead + Unpin>) -> Result<Zeroizing<Vec<u8>>, ProcessFault> {
    // Room for all at once: a vector that grows leaves copies.
    let mut printed = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    if let Some(from) = from {
        let read = from.take(LONGEST as u64 + 1).read_to_end(&mut printed).await;
        read.map_err(|cause| ProcessFault::NotStarted { why: cause.to_string() })?;
    }
    if printed.len() > LONGEST { Err(ProcessFault::TooLong { most: LONGEST >> 20 }) } else { Ok(printed) }
}

/// All of it is taken, so that the process never waits for us.
async fn last_words(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut said, mut chunk) = (Vec::new(), [0; WORDS]);
    let Some(mut from) = from else { return said };
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        said.extend_from_slice(chunk.get(..read).unwrap_or_default());
        said.drain(..said.len().saturating_sub(WORDS));
    }
    said
}

fn lines(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    #[serde(default)]
    version: Value,
    access_key_id: Option<Text>,
    secret_access_key: Option<Text>,
    session_token: Option<Text>,
    expiration: Option<String>,
    account_id: Option<String>,
}

/// Wiped on drop.
struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Zeroizing::new(text)))
    }
}
