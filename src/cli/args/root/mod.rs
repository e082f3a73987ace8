//! `root`.

mod administrator;
mod alarm;
mod enroll;
mod harden;

pub(in crate::cli) use administrator::Administrator;
pub(in crate::cli) use alarm::{RootAlarm, RootAlarmCommand, RootAlarmConfirm, RootAlarmTest};
pub(in crate::cli) use enroll::{Pace, RootEnroll, RootLoginCheck, RootRemove, RootResyncCodes};
pub(in crate::cli) use harden::{Harden, Language};

use super::Aws;
use crate::cli::page::name;
use crate::flow::Severity;
use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Root {
    #[command(subcommand)]
    pub(in crate::cli) command: RootCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RootCommand {
    /// tell the truth about the root user of one account, or of all
    Audit(Audit),
    /// plan what closes the audit's findings, apply it, see it, undo it
    Harden(Box<Harden>),
    /// the alarm on root's use: confirm who is told, prove each hop
    Alarm(RootAlarm),
    /// give root two hardware factors, in the console and seen in IAM
    Enroll(Box<RootEnroll>),
    /// two codes for the console's form that resynchronises a device of root's
    ResyncCodes(RootResyncCodes),
    /// take factors away from root: in the console and seen to go, or a member's through AssumeRoot
    Remove(RootRemove),
    /// is this profile signed in as root, and what may it see
    LoginCheck(RootLoginCheck),
}

#[derive(Debug, Args)]
#[command(before_long_help = "\
Reads, and changes nothing. Ends with 0 when all is well, with 1 for findings at or above
--fail-on; when there are none but something could not be told, with 4 if asking again may tell
it, and with 5 if a person must act first.

Examples:
  glasskey root audit                                            this account
  glasskey root audit --org                                      every account of the organization
  glasskey root audit --org --json --resume audit.jsonl          and go on there when interrupted
  glasskey root audit --account 111122223333                     a member account
  glasskey root audit --org --format html >report.html           for an auditor
  glasskey root audit --script >check.sh                         the checks for the AWS CLI
")]
pub(in crate::cli) struct Audit {
    /// every account of the organization; from its management account or a delegated administrator
    #[arg(long, conflicts_with_all = ["account", "accounts"])]
    pub(in crate::cli) org: bool,
    /// this account of the organization; give it again for more
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account: Vec<String>,
    /// the accounts listed in this file, one a line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) accounts: Option<PathBuf>,
    /// write each account here as it is done, and do not ask again for those that could be told in the last 24 hours
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) resume: Option<PathBuf>,
    /// how many accounts at once at most; fewer while AWS throttles
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(in crate::cli) concurrency: u16,
    /// end with 1 for findings of this severity or a higher one
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    pub(in crate::cli) fail_on: Severity,
    /// how the result is written
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "json")]
    pub(in crate::cli) format: Format,
    /// print a bash script that checks this account with the AWS CLI, and ask nothing else
    #[arg(long, conflicts_with_all = ["org", "account", "accounts", "resume", "format"])]
    pub(in crate::cli) script: bool,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Low, Self::Medium, Self::High, Self::Critical]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(name(self)))
    }
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// for people
    Table,
    /// one object a line, as with --json
    Json,
    /// Open Cybersecurity Schema Framework, compliance findings, one a line
    Ocsf,
    /// a line for each finding
    Csv,
    Markdown,
    /// one file, without scripts
    Html,
}

pub(in crate::cli) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account number is twelve digits".to_owned())
    }
}
