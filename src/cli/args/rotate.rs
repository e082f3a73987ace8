//! `rotate`, `resync`.

use super::{Aws, serial};
use crate::keys::Serial;
use clap::Args;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey rotate alice --from alice --key 23456789              to another key, by the old device's name
  glasskey rotate alice --from 12345678 --key 23456789           from the device that this key holds
  glasskey rotate alice --from alice --key 23456789 --key 34567890   one seed on both new keys
  glasskey rotate alice --from alice --key 23456789 --dry-run    the plan, and the permissions it needs
")]
pub(in crate::cli) struct Rotate {
    /// the IAM user
    pub(in crate::cli) user: String,
    /// the old device: its name, its serial number, or the number of a key here that holds it
    #[arg(long, value_name = "DEVICE-OR-KEY")]
    pub(in crate::cli) from: String,
    /// a key for the new device; give it again for more keys
    #[arg(long = "key", value_name = "SERIAL", value_parser = serial, required = true)]
    pub(in crate::cli) keys: Vec<Serial>,
    /// have the keys ask for a touch before every code
    #[arg(long)]
    pub(in crate::cli) touch: bool,
    /// the new device's name; the user's, or with a number behind it, when not given
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) device_name: Option<String>,
    /// the new device's path
    #[arg(long, value_name = "/PATH/")]
    pub(in crate::cli) path: Option<String>,
    /// deactivate the old device before the new one is made; for a user who has eight devices
    #[arg(long)]
    pub(in crate::cli) replace_first: bool,
    /// print the plan and the permissions it needs, and stop
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
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
