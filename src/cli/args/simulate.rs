//! `simulate`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Serves until interrupted. Prints `export` lines that point any AWS client, and glasskey itself, at
it.

Examples:
  glasskey simulate                                 then paste the export lines elsewhere
  glasskey simulate --org 25                        an organization, its root users in every state
  glasskey simulate --card-socket /tmp/card         a software key for a real pcscd
")]
pub(in crate::cli) struct Simulate {
    /// the port to listen on; a free one when not given
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(in crate::cli) port: u16,
    /// an organization of this many accounts, the management account among them
    #[arg(long, value_name = "ACCOUNTS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(in crate::cli) org: Option<u32>,
    /// the partition of the accounts
    #[arg(long, default_value = "aws", value_parser = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"])]
    pub(in crate::cli) partition: String,
    /// how many software keys
    #[arg(long, default_value_t = 2)]
    pub(in crate::cli) keys: u8,
    /// serve one software key as a card on this Unix socket, for a virtual reader of pcscd
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) card_socket: Option<PathBuf>,
}
