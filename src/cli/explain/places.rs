//! Escrow files and commands that did not take a seed.

use super::{Exit, Explanation};
use crate::flow::BadLedger;
use crate::sink::{self, CodeTrouble, CommandEnd, PipeTrouble, Secret};
use std::path::Path;

/// A place beside keys and phones.
pub(super) fn place(error: &sink::Error) -> Explanation {
    let text = |code| Explanation::of(code, error);
    match error {
        sink::Error::BadRecipient { .. } => text("bad_recipient")
            .hint("a recipient is age1…, age1PLUGIN1…, \"ssh-ed25519 …\" or \"ssh-rsa …\"")
            .exit(Exit::Usage),
        sink::Error::Recipient { .. } => text("recipient").hint(
            "`age -r RECIPIENT` shows whether age can; a plugin must be on the PATH and must need no answers to encrypt",
        ),
        sink::Error::Escrow { what, .. } => text("escrow").hint(format!("{} names another place", named_by(*what))),
        sink::Error::EscrowThere { what, .. } => {
            text("escrow_exists").hint(format!("move it away, or name another place with {}", named_by(*what)))
        }
        sink::Error::EscrowDiffers { .. } => text("escrow_differs").hint("do not trust that disk"),
        sink::Error::Command { program, what, end, said } => command(program, what, end, said.as_deref()),
        sink::Error::Code { program, why, said } => code(program, why, said.as_deref()),
        sink::Error::Pipe { fd, why } => pipe(*fd, why),
        // The others have their sentences where they come from.
        _ => text("too_long"),
    }
}

/// The option that names the place of an escrow file in every command that writes such a one.
fn named_by(what: Secret) -> &'static str {
    match what {
        Secret::Seed => "--escrow-dir",
        Secret::Password => "--password-escrow",
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
        PipeTrouble::Interrupted => Explanation::interrupted(),
    }
}

/// A store's command that did not print the seed's code.
fn code(program: &str, why: &CodeTrouble, said: Option<&[String]>) -> Explanation {
    let what = match why {
        CodeTrouble::Ended(CommandEnd::Interrupted) => return Explanation::interrupted(),
        CodeTrouble::Ended(end) => ended(program, end, "printed no code"),
        CodeTrouble::NotACode => format!("`{program}` printed something other than one code of six digits"),
        CodeTrouble::Another => {
            format!("`{program}` printed a code that is not the seed's, so the store does not have the seed")
        }
    };
    with_said(Explanation::new("store_code", what), program, said).hint(
        "--to-command and --code-from-command must mean the same entry; the second prints its current code and nothing else",
    )
}

fn command(program: &str, secret: &str, end: &CommandEnd, said: Option<&[String]>) -> Explanation {
    let what = match end {
        CommandEnd::Interrupted => return Explanation::interrupted(),
        CommandEnd::DidNotRead => {
            format!("`{program}` ended without reading the {secret} from its standard input")
        }
        end => ended(program, end, &format!("did not take the {secret}")),
    };
    let input = if secret == "seed" { "a made-up otpauth URI" } else { "a made-up secret" };
    with_said(Explanation::new("command", what), program, said).hint(format!(
        "try the command by hand with {input} on its standard input; it must be unlocked before, since it cannot ask on the terminal"
    ))
}

/// `failed`: what a program that ended by itself did not do.
fn ended(program: &str, end: &CommandEnd, failed: &str) -> String {
    match end {
        CommandEnd::NotStarted { why } => format!("`{program}` could not be started: {why}"),
        CommandEnd::TimedOut { seconds } => format!("`{program}` did not end within {seconds} s, and was killed"),
        CommandEnd::Status(_) | CommandEnd::Killed => format!("`{program}` {failed}: {end}"),
        CommandEnd::DidNotRead | CommandEnd::Interrupted => format!("`{program}` {failed}"),
    }
}

/// With the end of the program's standard error.
fn with_said(mut text: Explanation, program: &str, said: Option<&[String]>) -> Explanation {
    text.notes.extend(said.unwrap_or_default().iter().map(|line| format!("`{program}` said: {line}")));
    text
}
