//! `retire`.

use super::Aws;
use clap::Args;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey retire alice --device alice-2                         by its name
  glasskey retire alice --device 12345678                        the one that this key holds
  glasskey retire alice --device alice --last-factor alice       the last one she has
")]
pub(in crate::cli) struct Retire {
    /// the IAM user
    pub(in crate::cli) user: String,
    /// the device: its name, its serial number, or the number of a key here that holds it
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) device: String,
    /// the device again, where it is the user's last one
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) last_factor: Option<String>,
    /// print the plan and the permissions it needs, and stop
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
