//! Escrow files and commands that did not take a seed.

use super::{Exit, Explanation};
use crate::flow::BadLedger;
use crate::sink::{self, CodeTrouble, CommandEnd, PipeTrouble};
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
        sink::Error::Command { program, what, end, said } => command(program, what, end, said.as_deref()),
        sink::Error::Code { program, why, said } => code(program, why, said.as_deref()),
        sink::Error::Pipe { fd, why } => pipe(*fd, why),
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

/// A file descriptor that was not inherited.
pub(in crate::cli) fn not_open(fd: u32) -> Explanation {
    pipe(fd, &PipeTrouble::NotOpen { why: "it is not open".to_owned() })
}

fn pipe(fd: u32, why: &PipeTrouble) -> Explanation {
    let text = |what: String| {
        Explanation::new("secret_fd", what).hint(
            "--secret-fd takes a pipe that a program reads: `glasskey rotate … --secret-fd 3 3> >(vault kv put …)`",
        )
    };
    match why {
        PipeTrouble::NotOpen { why } => {
            text(format!("file descriptor {fd} cannot be written to: {why}")).exit(Exit::Usage)
        }
        PipeTrouble::NotAPipe => {
            text(format!("file descriptor {fd} is not a pipe; a secret goes neither to a file nor to a terminal"))
                .exit(Exit::Usage)
        }
        PipeTrouble::Closed => {
            text(format!("whoever read file descriptor {fd} has closed it without reading the secret"))
        }
        PipeTrouble::TimedOut { seconds } => {
            text(format!("nobody read the secret from file descriptor {fd} within {seconds} s"))
        }
        PipeTrouble::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    }
}

/// A store's command that did not print the seed's code.
fn code(program: &str, why: &CodeTrouble, said: Option<&[String]>) -> Explanation {
    let what = match why {
        CodeTrouble::Ended(end) => match end {
            CommandEnd::NotStarted { why } => format!("`{program}` could not be started: {why}"),
            CommandEnd::Status(status) => format!("`{program}` printed no code: exit status {status}"),
            CommandEnd::Killed => format!("`{program}` printed no code: a signal ended it"),
            CommandEnd::TimedOut { seconds } => format!("`{program}` did not end within {seconds} s, and was killed"),
            CommandEnd::DidNotRead => format!("`{program}` printed no code"),
            CommandEnd::Interrupted => {
                return Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted);
            }
        },
        CodeTrouble::NotACode => format!("`{program}` printed something other than one code of six digits"),
        CodeTrouble::Another => {
            format!("`{program}` printed a code that is not the seed's, so the store does not have the seed")
        }
    };
    let mut text = Explanation::new("store_code", what);
    text.notes.extend(said.unwrap_or_default().iter().map(|line| format!("`{program}` said: {line}")));
    text.hint(
        "--to-command and --code-from-command must mean the same entry; the second prints its current code and nothing else",
    )
}

fn command(program: &str, secret: &str, end: &CommandEnd, said: Option<&[String]>) -> Explanation {
    let what = match end {
        CommandEnd::NotStarted { why } => format!("`{program}` could not be started: {why}"),
        CommandEnd::Status(status) => format!("`{program}` did not take the {secret}: exit status {status}"),
        CommandEnd::Killed => format!("`{program}` did not take the {secret}: a signal ended it"),
        CommandEnd::TimedOut { seconds } => format!("`{program}` did not end within {seconds} s, and was killed"),
        CommandEnd::DidNotRead => format!("`{program}` ended without reading the {secret} from its standard input"),
        CommandEnd::Interrupted => return Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    };
    let mut text = Explanation::new("command", what);
    text.notes.extend(said.unwrap_or_default().iter().map(|line| format!("`{program}` said: {line}")));
    let input = if secret == "seed" { "a made-up otpauth URI" } else { "a made-up secret" };
    text.hint(format!("try the command by hand with {input} on its standard input; it must be unlocked before, since it cannot ask on the terminal"))
}
