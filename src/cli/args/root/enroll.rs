//! `root enroll`, `resync-codes`, `remove` and `login-check`.

use super::account_id;
use crate::cli::args::Aws;
use crate::cli::args::ceremonies::Trusting;
use crate::cli::args::fido::key_id;
use crate::keys::KeyId;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
AWS has no call that gives root a factor: the console alone does. glasskey makes the keys ready (as `fido prepare`
does), says what to do in the console, and looks at IAM until the device is there. Without AWS credentials it takes
your word, and says so.

With --totp the secret key that the console shows is asked for without echo, or read from standard input; it is never
an argument. The codes are shown on the terminal and nowhere else.

Examples:
  glasskey root enroll --key 12345678 --key 23456789                          two security keys, one after the other
  glasskey root enroll --profile root --open --key 12345678 --key 23456789    as root (`aws login`): every key is seen
  glasskey root enroll --account 111122223333 --key 12345678 --key 23456789   a member, from the management account
  glasskey root enroll --totp --key 12345678 --key 23456789                   codes instead, one seed on both keys
")]
pub(in crate::cli) struct RootEnroll {
    /// the key, by serial number or device; give it twice, for two keys
    #[arg(long = "key", value_name = "SERIAL|PATH", value_parser = key_id, required = true)]
    pub(in crate::cli) keys: Vec<KeyId>,
    /// one key only: losing it locks root out
    #[arg(long)]
    pub(in crate::cli) one_key: bool,
    /// codes computed by the keys (TOTP) instead of security keys; AWS counts that as virtual MFA
    #[arg(long)]
    pub(in crate::cli) totp: bool,
    /// with --totp: the name to give the device in the console
    #[arg(long, value_name = "NAME", requires = "totp", default_value = "root-account-mfa-device")]
    pub(in crate::cli) device_name: String,
    /// with --totp: read the secret from the QR code in this PNG
    #[arg(long, value_name = "FILE", requires = "totp")]
    pub(in crate::cli) qr_image: Option<PathBuf>,
    /// with --totp: read the secret from this file descriptor
    #[arg(long, value_name = "FD", requires = "totp", conflicts_with = "qr_image")]
    pub(in crate::cli) secret_fd: Option<u32>,
    /// with --totp: have the keys ask for a touch before every code
    #[arg(long, requires = "totp")]
    pub(in crate::cli) touch: bool,
    /// with --totp: write the codes to this file descriptor too, a pair a line
    #[arg(long, value_name = "FD", requires = "totp")]
    pub(in crate::cli) codes_fd: Option<u32>,
    /// a member account, seen through AssumeRoot; without AWS credentials, the account that is meant
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account: Option<String>,
    /// open the console's page in the browser
    #[arg(long)]
    pub(in crate::cli) open: bool,
    #[command(flatten)]
    pub(in crate::cli) watching: Watching,
    /// read new PINs from this file descriptor, one line per key
    #[arg(long, value_name = "FD", conflicts_with = "totp")]
    pub(in crate::cli) new_pin_fd: Option<u32>,
    #[command(flatten)]
    pub(in crate::cli) trusting: Trusting,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

/// How IAM is looked at.
#[derive(Debug, Args)]
pub(in crate::cli) struct Watching {
    /// ask AWS nothing; what the console says is taken from you
    #[arg(long)]
    pub(in crate::cli) no_watch: bool,
    /// how long each device is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(..=86400))]
    pub(in crate::cli) timeout: u64,
    /// look at IAM this often; more seldom after two minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(in crate::cli) every: u64,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Reads, and changes nothing. Ends with 0 where the caller is root, with 1 where it is somebody else.

Examples:
  aws login --profile root                         sign in as root in the browser
  glasskey root login-check --profile root
")]
pub(in crate::cli) struct RootLoginCheck {
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
