//! A bash script that checks the account with the AWS CLI.

use crate::aws::{Caller, Partition};
use crate::cli::console::Console;
use crate::cli::page::Page;
use schemars::JsonSchema;
use serde::Serialize;

/// With `@ACCOUNT@`, `@PARTITION@` and `@HOME@` for what the account is. None of them has a character that a shell reads.
const CHECK: &str = include_str!("check.sh");

/// The script, for the caller's account.
pub(super) fn print(caller: &Caller, console: &mut Console) {
    let home = Partition::named(&caller.partition).region();
    let script =
        CHECK.replace("@ACCOUNT@", &caller.account).replace("@PARTITION@", &caller.partition).replace("@HOME@", home);
    console.result(&Page::document(&script), &ScriptReport { account: &caller.account, script: &script });
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
