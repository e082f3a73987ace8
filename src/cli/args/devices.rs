//! `devices`.

use super::Aws;
use clap::Args;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey devices                   your own
  glasskey devices alice             alice's
  glasskey devices --all             everybody's, and what is nobody's
  glasskey devices --prove           your own; AWS takes a code of each that a key here holds
")]
pub(in crate::cli) struct Devices {
    /// the IAM user; the caller when not named
    #[arg(conflicts_with = "all")]
    pub(in crate::cli) user: Option<String>,
    /// the devices of every user, and those that are nobody's
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// prove what the keys hold: spends one code of each of your own devices that a key here holds
    #[arg(long)]
    pub(in crate::cli) prove: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
