//! `piv`.

use super::OneKey;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct Piv {
    #[command(subcommand)]
    pub(in crate::cli) command: PivCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PivCommand {
    /// show tries left, the management key's algorithm, and what is in the slots; changes nothing, asks for no PIN
    Info(OneKey),
}
