//! A bash script that checks the account with the AWS CLI.

use crate::aws::Partition;
use crate::cli::args::{Audit, Cli};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow;
use schemars::JsonSchema;
use serde::Serialize;

/// With `@ACCOUNT@`, `@PARTITION@` and `@HOME@` for what the account is. None of them has a character that a shell reads.
const CHECK: &str = include_str!("check.sh");
/// Its part about whom root's events reach, for `@ALARM@`.
const ALARM: &str = include_str!("alarm.sh");

/// The script, for the caller's account.
pub(super) fn print(args: &Audit, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let caller = flow::caller(&mut world).map_err(|error| Box::new(explain::aws(&error)))?;
    let home = Partition::named(&caller.partition).region();
    let whole = CHECK.replace("@ALARM@\n", ALARM);
    let script =
        whole.replace("@ACCOUNT@", &caller.account).replace("@PARTITION@", &caller.partition).replace("@HOME@", home);
    console.result(&Page::document(&script), &ScriptReport { account: &caller.account, script: &script });
    Ok(Exit::Done)
}

/// A script that checks an account.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "audit_script")]
pub(in crate::cli) struct ScriptReport<'a> {
    /// The account number.
    account: &'a str,
    /// The text, for bash.
    script: &'a str,
}
