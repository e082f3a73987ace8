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
    /// prove each hop from an event of root's to a person
    Test(RootAlarmTest),
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

#[derive(Debug, Args)]
#[command(before_long_help = "\
The chain is proved hop by hop: the filter's pattern on AWS's own matcher, with events of root, of
users and of AssumeRoot's tasks; the trail by this command's own call in the log group; filter,
alarm and topic by a marked event in that group, which is asked first since it leaves a line
there; the mail by a code that you type back.

Rules of EventBridge are proved by a marked event in each region, and by what EventBridge counts:
each is a mail, and is asked first.

An alarm that is on, after a use of root or an earlier test, is waited for first: it goes off about
15 minutes after the last event, and another event changes nothing before.

Ends with 0 where every hop that can be proved from here is proved, with 1 otherwise.

Examples:
  glasskey root alarm test
  glasskey root alarm test --yes --json        without a terminal the mail is not proved
  glasskey root alarm test --wait 0            look once for what the trail has delivered
")]
pub(in crate::cli) struct RootAlarmTest {
    /// how long to wait for the trail, for an alarm that is on to go off, and up to 300 s of it for the alarm to go on
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(in crate::cli) wait: u64,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}
