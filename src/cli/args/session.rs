//! `session`.

use super::{Aws, serial};
use crate::keys::Serial;
use clap::{Args, ValueEnum};
use std::time::Duration;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  eval \"$(glasskey session)\"                             an MFA session for this shell, one hour
  glasskey session --role arn:aws:iam::123456789012:role/admin
  glasskey session alice --duration 12h --format json
  glasskey session --forget                              drop the sessions that are open

In ~/.aws/config, for every AWS tool; the profile `base` holds the access key:
  [profile mfa]
  credential_process = glasskey session --profile base --format credential-process
")]
pub(in crate::cli) struct Session {
    /// your device, by its serial number or name; one that a key here holds when not given
    pub(in crate::cli) device: Option<String>,
    /// the key, by serial number; any that holds your device when not given
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub(in crate::cli) key: Option<Serial>,
    /// how long the session lasts: 3600, 90m, 12h
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1h")]
    pub(in crate::cli) duration: Duration,
    /// assume this role, with MFA
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) role: Option<String>,
    /// what the role's session is called in CloudTrail
    #[arg(long, value_name = "NAME", requires = "role", default_value = "glasskey", hide_default_value = true)]
    pub(in crate::cli) role_session_name: String,
    /// the external ID that the role's trust policy requires
    #[arg(long, value_name = "ID", requires = "role")]
    pub(in crate::cli) external_id: Option<String>,
    /// a session policy, as JSON or file://PATH, that limits what the session may do
    #[arg(long, value_name = "JSON", requires = "role")]
    pub(in crate::cli) policy: Option<String>,
    /// how to print the credentials
    #[arg(long, value_name = "FORMAT", default_value = "env")]
    pub(in crate::cli) format: SessionFormat,
    /// give up after this long, whatever is waited for
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "60s")]
    pub(in crate::cli) timeout: Duration,
    /// where the present code has been used already, fail instead of waiting for the next
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
    /// neither take the session from the kernel keyring nor keep it there
    #[arg(long, conflicts_with = "forget")]
    pub(in crate::cli) no_cache: bool,
    /// drop every session of your access key from the kernel keyring, and open none
    #[arg(long)]
    pub(in crate::cli) forget: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SessionFormat {
    /// lines to be evaluated by a shell
    Env,
    /// one JSON object
    Json,
    /// what `credential_process` in an AWS configuration is to print
    CredentialProcess,
}

/// Seconds, or a number with `s`, `m` or `h`.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'h')) => (text.get(..at), 3600),
        Some((at, 'm')) => (text.get(..at), 60),
        Some((at, 's')) => (text.get(..at), 1),
        _ => (Some(text), 1),
    };
    let seconds =
        number.filter(|number| number.bytes().all(|c| c.is_ascii_digit())).and_then(|n| n.parse::<u32>().ok());
    match seconds.and_then(|seconds| u64::from(seconds).checked_mul(unit)).filter(|seconds| *seconds > 0) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err("write it as seconds, or as 90m or 12h".to_owned()),
    }
}
