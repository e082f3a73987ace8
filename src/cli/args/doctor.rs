//! `doctor`.

use super::Aws;
use clap::Args;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Looks, and changes nothing. Exit code 0: nothing to fix; 1: something is to be fixed.

Examples:
  glasskey doctor                                   machine, keys, configuration, clock
  glasskey doctor --offline                         without asking AWS
  glasskey doctor --profile prod                    with the credentials of that profile
")]
pub(in crate::cli) struct Doctor {
    /// do not ask AWS: no credentials are fetched
    #[arg(long)]
    pub(in crate::cli) offline: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
