//! `root alarm`.

use crate::cli::args::Aws;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct RootAlarm {
    #[command(subcommand)]
    pub(in crate::cli) command: RootAlarmCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RootAlarmCommand {
    /// confirm an address with the link in AWS's mail, so that no unsubscribe link ends it
    Confirm(RootAlarmConfirm),
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
AWS asks an address to confirm by a mail with a link. Opened in a browser, the link confirms, and
later anyone who follows the unsubscribe link of a mail ends the subscription: mail scanners do.
This command confirms with your credentials; then only the account can end it.

Whoever has the link can confirm. As an argument it is seen by other programs of this machine;
without one it is asked for, or read from standard input.

Examples:
  glasskey root alarm confirm -            paste the link when asked for it
  glasskey root alarm confirm <mail.txt    the link is found in the mail
")]
pub(in crate::cli) struct RootAlarmConfirm {
    /// the link; - or none: ask for it, or read it from standard input
    #[arg(value_name = "LINK")]
    pub(in crate::cli) link: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
