//! Escrow files and commands that did not take a seed.

use super::{Exit, Explanation};
use crate::flow::BadLedger;
use crate::sink::{self, CommandEnd};
use std::path::Path;

/// A place beside keys and phones.
pub(super) fn place(error: &sink::Error) -> Explanation {
    match error {
        sink::Error::BadRecipient { recipient, why } => {
            Explanation::new("bad_recipient", format!("\"{recipient}\" is no escrow recipient: {why}"))
                .hint("a recipient is age1…, age1PLUGIN1…, \"ssh-ed25519 …\" or \"ssh-rsa …\"")
                .exit(Exit::Usage)
        }
        sink::Error::Recipient { recipient, why } => {
            Explanation::new("recipient", format!("the escrow recipient {recipient} cannot be used: {why}"))
                .hint("`age -r RECIPIENT` shows whether age can; a plugin must be on the PATH and must need no answers to encrypt")
        }
        sink::Error::Escrow { path, why, .. } => {
            Explanation::new("escrow", format!("the escrow file {} cannot be written: {why}", path.display()))
                .hint("--escrow-dir or --escrow-file names another place")
        }
        sink::Error::EscrowThere { path } => {
            Explanation::new("escrow_exists", format!("{} exists already; it was not touched", path.display()))
                .hint("move it away, or name another with --escrow-file")
        }
        sink::Error::EscrowDiffers { path } => {
            Explanation::new("escrow_differs", format!("what was read back from {} is not what was written", path.display()))
                .hint("do not trust that disk")
        }
        sink::Error::Command { program, end, said } => command(program, end, said.as_deref()),
        // The others have their sentences where they come from.
        _ => Explanation::new("too_long", "the QR code cannot hold the otpauth URI"),
    }
}

/// A roster's ledger that cannot be used.
pub(super) fn ledger(path: &Path, why: &BadLedger) -> Explanation {
    let shown = path.display();
    let other = |what: String| {
        Explanation::new("other_ledger", format!("the ledger {shown} {what}"))
            .hint("--ledger FILE names another; each roster has its own")
            .exit(Exit::Usage)
    };
    match why {
        BadLedger::OtherAccount { account } => other(format!("is of account {account}")),
        BadLedger::OtherCommand { command } => other(format!("is of `glasskey {command}`")),
        BadLedger::OtherRoster { user, device } => other(format!(
            "is of another roster: {user} is done in it, and this roster has no such user with device {device}"
        )),
        BadLedger::Unreadable { line } => {
            Explanation::new("ledger", format!("line {line} of the ledger {shown} is not one this version writes"))
                .exit(Exit::Usage)
        }
        BadLedger::Io { cause } => Explanation::new("ledger", format!("the ledger {shown} cannot be used: {cause}"))
            .hint("nobody is begun who cannot be written down; --ledger FILE names another place"),
    }
}

fn command(program: &str, end: &CommandEnd, said: Option<&[String]>) -> Explanation {
    let what = match end {
        CommandEnd::NotStarted { why } => format!("`{program}` could not be started: {why}"),
        CommandEnd::Status(status) => format!("`{program}` did not take the seed: exit status {status}"),
        CommandEnd::Killed => format!("`{program}` did not take the seed: a signal ended it"),
        CommandEnd::TimedOut { seconds } => format!("`{program}` did not end within {seconds} s, and was killed"),
        CommandEnd::DidNotRead => format!("`{program}` ended without reading the seed from its standard input"),
        CommandEnd::Interrupted => return Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    };
    let mut text = Explanation::new("command", what);
    text.notes.extend(said.unwrap_or_default().iter().map(|line| format!("`{program}` said: {line}")));
    text.hint("try the command by hand with a made-up otpauth URI on its standard input; it must be unlocked before, since it cannot ask on the terminal")
}
