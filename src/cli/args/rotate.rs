//! `rotate`, `resync`.

use super::{Aws, SeedPlaces, serial};
use crate::keys::Serial;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey rotate alice --from alice --key 23456789              to another key, by device name
  glasskey rotate alice --from 12345678 --key 23456789           from the device that this key holds
  glasskey rotate alice --from alice --key 23456789 --key 34567890   one seed on both new keys
  glasskey rotate alice --from alice --key 23456789 --dry-run    the plan and its permissions
  glasskey rotate --roster team.csv                              key after key, where it stopped
  glasskey rotate alice --access-key --secret-to-command 'vault kv put -mount=kv aws/alice -'
  glasskey rotate alice --from alice --key 23456789 --access-key \
      --secret-to-command 'pass insert -m aws/alice'
  glasskey rotate alice --access-key --secret-fd 3 3> >(vault kv put -mount=kv aws/alice -)
  glasskey rotate alice --access-key --secret-format csv \
      --secret-to-command 'aws configure import --csv file:///dev/stdin'
")]
pub(in crate::cli) struct Rotate {
    /// the IAM user
    #[arg(required_unless_present = "roster")]
    pub(in crate::cli) user: Option<String>,
    /// the old device: its name, its serial number, or the number of a key here that holds it
    #[arg(long, value_name = "DEVICE-OR-KEY", required_unless_present_any = ["access_key", "roster"])]
    pub(in crate::cli) from: Option<String>,
    /// a key for the new device; give it again for more keys
    #[arg(long = "key", value_name = "SERIAL", value_parser = serial, requires = "from")]
    pub(in crate::cli) keys: Vec<Serial>,
    #[command(flatten)]
    pub(in crate::cli) places: SeedPlaces,
    /// have the keys ask for a touch before every code; they do without this where the old device's codes want one
    #[arg(long, conflicts_with = "no_touch")]
    pub(in crate::cli) touch: bool,
    /// have the keys ask for no touch, though the old device's codes want one
    #[arg(long)]
    pub(in crate::cli) no_touch: bool,
    /// put the new device on fewer keys than the old one is on
    #[arg(long)]
    pub(in crate::cli) fewer_keys: bool,
    /// the new device's name; the user's, or with a number behind it, when not given
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) device_name: Option<String>,
    /// the new device's path
    #[arg(long, value_name = "/PATH/")]
    pub(in crate::cli) path: Option<String>,
    /// deactivate the old device before the new one is made; for a user who has eight devices
    #[arg(long)]
    pub(in crate::cli) replace_first: bool,
    /// replace a device of every user of this CSV file: user,device-name,key-serial,touch,from
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "from", "keys", "device_name", "escrow_file", "access_key", "taker"])]
    pub(in crate::cli) roster: Option<PathBuf>,
    /// where it is written down who of the roster is done; FILE.ledger.jsonl beside it when not given
    #[arg(long, value_name = "FILE", requires = "roster")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// print the plan and the permissions it needs, and stop
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) access_key: KeyOptions,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Access key")]
pub(in crate::cli) struct KeyOptions {
    /// rotate the user's access key too; without --from it alone
    #[arg(long, requires = "taker")]
    pub(in crate::cli) access_key: bool,
    /// hand the new secret to this command, on standard input (run by sh -c, with GLASSKEY_USER, GLASSKEY_ACCOUNT and GLASSKEY_ACCESS_KEY_ID set)
    #[arg(long, value_name = "COMMAND", group = "taker", requires = "access_key")]
    pub(in crate::cli) secret_to_command: Option<String>,
    /// write the new secret into the pipe that is this file descriptor; 1 is standard output
    #[arg(long, value_name = "FD", group = "taker", requires = "access_key")]
    pub(in crate::cli) secret_fd: Option<u32>,
    /// how it is written: json, as a credential_process prints it; csv, for `aws configure import`; env, for a shell
    #[arg(long, value_name = "FORMAT", requires = "access_key", default_value = "json", hide_default_value = true)]
    pub(in crate::cli) secret_format: Written,
    /// the access key that goes, where the user has two: it is deleted first, and the other one stays
    #[arg(long, value_name = "KEY-ID", requires = "access_key")]
    pub(in crate::cli) replace: Option<String>,
    /// an inactive access key that is deleted first, where the user has two, so that the other one can be rotated
    #[arg(long, value_name = "KEY-ID", requires = "access_key", conflicts_with = "replace")]
    pub(in crate::cli) make_room: Option<String>,
    /// only deactivate the old access key
    #[arg(long, requires = "access_key")]
    pub(in crate::cli) keep_old: bool,
}

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Written {
    Json,
    Csv,
    Env,
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey resync alice --key 12345678                   the device that this key holds
  glasskey resync alice --device alice-2 --key 12345678  one of several that it holds
")]
pub(in crate::cli) struct Resync {
    /// the IAM user
    pub(in crate::cli) user: String,
    /// the device, by its name or serial number; the one that the key holds when not given
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) device: Option<String>,
    /// the key that holds it
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub(in crate::cli) key: Serial,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
