//! `root enroll`, `resync-codes`, `remove` and `login-check`.

use super::account_id;
use crate::cli::args::ceremonies::Trusting;
use crate::cli::args::fido::key_id;
use crate::cli::args::{Aws, serial};
use crate::keys::{KeyId, Serial};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
AWS has no call that gives root a factor: the console alone does. glasskey makes the keys ready
(as `fido prepare` does), says what to do in the console, and looks at IAM until the device is
there. Without AWS credentials it takes your word, and says so.

With --totp the secret key that the console shows is asked for without echo, or read from standard
input; it is never an argument. The codes are shown on the terminal and nowhere else. A phone
proves that it has the secret by a code that you type, before codes for the console are shown.

Examples:
  glasskey root enroll --key 12345678 --key 23456789           two security keys, one by one
  glasskey root enroll --profile root --key 12345678 --key 23456789    as root: every key is seen
  glasskey root enroll --account 111122223333 --key 12345678 --key 23456789   a member account
  glasskey root enroll --totp --key 12345678 --key 23456789    codes instead, one seed on both keys
  glasskey root enroll --totp --key 12345678 --phone           a key and a phone
  glasskey root enroll --totp --phone --account 111122223333   a phone alone
")]
pub(in crate::cli) struct RootEnroll {
    /// the key, by serial number or device; give it twice, for two keys
    #[arg(long = "key", value_name = "SERIAL|PATH", value_parser = key_id)]
    pub(in crate::cli) keys: Vec<KeyId>,
    /// one key only: losing it locks root out
    #[arg(long)]
    pub(in crate::cli) one_key: bool,
    /// codes computed by the keys (TOTP) instead of security keys; AWS counts that as virtual MFA
    #[arg(long)]
    pub(in crate::cli) totp: bool,
    /// with --totp: a phone holds the seed too, or alone; show it a QR code on the terminal
    #[arg(long, visible_alias = "qr", requires = "totp")]
    pub(in crate::cli) phone: bool,
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
    #[arg(long, requires_all = ["totp", "keys"])]
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
    #[command(flatten)]
    pub(in crate::cli) pace: Pace,
}

/// How long, and how often.
#[derive(Debug, Args)]
pub(in crate::cli) struct Pace {
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

#[derive(Debug, Args)]
#[command(before_long_help = "\
The console resynchronises a device of root's with two consecutive codes; no call of AWS does. The
codes are shown on the terminal until Enter is pressed, or with --json printed once.

Examples:
  glasskey root resync-codes --key 12345678
  glasskey root resync-codes --key 12345678 --account 111122223333    a member's root
")]
pub(in crate::cli) struct RootResyncCodes {
    /// the key that holds the device
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub(in crate::cli) key: Serial,
    /// the device, by its name or serial number, where the key holds several
    #[arg(long, value_name = "NAME|ARN")]
    pub(in crate::cli) device: Option<String>,
    /// a member account, seen through AssumeRoot; without AWS credentials, the account that is meant
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account: Option<String>,
    /// ask AWS nothing
    #[arg(long)]
    pub(in crate::cli) no_watch: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
For the caller's own account this says what to do in the console, and looks at IAM until the
devices are gone. For a member it deactivates them through AssumeRoot's delete task, once confirmed.
There is no undo: the console alone can give root a device.

Examples:
  glasskey root remove arn:aws:iam::111122223333:u2f/root/old-ABC    in the console, and seen to go
  glasskey root remove --account 111122223333 arn:aws:iam::111122223333:u2f/root/old-ABC
  glasskey root remove --account 111122223333 --all --without-mfa 111122223333
")]
pub(in crate::cli) struct RootRemove {
    /// the devices, by their whole serial numbers
    #[arg(value_name = "ARN|SERIAL", conflicts_with = "all")]
    pub(in crate::cli) devices: Vec<String>,
    /// all of a member's
    #[arg(long, requires = "account")]
    pub(in crate::cli) all: bool,
    /// a member account
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account: Option<String>,
    /// leave root of this account without MFA, although it has a password or access keys
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) without_mfa: Option<String>,
    /// do not look until they are gone; what the console says is taken from you
    #[arg(long, conflicts_with = "account")]
    pub(in crate::cli) no_watch: bool,
    #[command(flatten)]
    pub(in crate::cli) pace: Pace,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
