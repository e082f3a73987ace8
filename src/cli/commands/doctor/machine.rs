//! This machine: where runs are written down, and how well memory is protected.

use super::Check;
use crate::cli::explain;
use crate::cli::fixes;
use crate::journal::Journal;
use crate::platform::files;
use crate::secret::{self, Protection, SecretPages};
use crate::store::{self, Odd};
use crate::used_codes::{Doubt, UsedCodes};
use serde_json::Value;
use std::path::Path;

pub(super) fn checks(state: &Path) -> Vec<Check> {
    let mut checks = vec![directory(state)];
    checks.extend(runs(state));
    checks.extend(used_codes(state));
    checks.extend(memory(secret::protection()));
    checks
}

const STATE: &str = "state directory";

/// Nothing is made: where the directory is missing, the one that it would be made in is looked at.
fn directory(state: &Path) -> Check {
    let standing = state.ancestors().find(|path| path.exists());
    let shown = state.display();
    let move_it = "GLASSKEY_STATE_DIR names another directory for it";
    if let Some(above) = above(state) {
        let fix = match above.odd {
            Odd::OtherOwner => move_it.to_owned(),
            _ => fixes::keep_others_from_writing(&above.path, false),
        };
        return Check::problem("state_directory", STATE, format!("{shown}: {above}")).fix(fix);
    }
    match standing {
        Some(standing) if !standing.is_dir() => {
            let what = format!("{} is no directory", standing.display());
            Check::problem("state_directory", STATE, what).fix(move_it)
        }
        Some(standing) if !files::may_write(standing) => {
            let what = format!("{} may not be written to", standing.display());
            Check::problem("state_directory", STATE, what).fix(move_it)
        }
        Some(standing) if standing == state && is_odd(state, Odd::OtherOwner) => {
            Check::problem("state_directory", STATE, format!("{shown} belongs to another user")).fix(move_it)
        }
        Some(standing) if standing == state && is_odd(state, Odd::OthersWrite) => {
            Check::problem("state_directory", STATE, format!("other users may write to {shown}"))
                .fix(format!("look at what is in it, then {}", fixes::keep_others_from_writing(state, true)))
        }
        Some(standing) if standing == state && files::others_may_look(state) => {
            Check::problem("state_directory", STATE, format!("other users may look into {shown}"))
                .fix(fixes::keep_others_out(state))
        }
        Some(standing) if standing == state => Check::ok("state_directory", STATE, shown.to_string()),
        Some(_) => Check::ok("state_directory", STATE, format!("{shown}, not made yet")),
        None => Check::problem("state_directory", STATE, format!("{shown} cannot be made")).fix(move_it),
    }
}

fn above(state: &Path) -> Option<store::Above> {
    store::check_above(state).err().and_then(|cause| store::above(&cause).cloned())
}

fn is_odd(state: &Path, odd: Odd) -> bool {
    store::check_directory(state).err().and_then(|cause| store::odd(&cause)) == Some(odd)
}

/// Runs that did not end. Where none was ever begun there is nothing to open.
fn runs(state: &Path) -> Option<Check> {
    const ABOUT: &str = "unfinished runs";
    if state.join("runs").symlink_metadata().is_err() {
        return Some(Check::ok("unfinished_runs", ABOUT, "none"));
    }
    let read = Journal::open(state).and_then(|journal| Ok((journal.all::<Value>()?, journal)));
    let (found, journal) = match read {
        Ok(read) => read,
        Err(error) => return Some(Check::error("unfinished_runs", ABOUT, explain::journal(&error))),
    };
    if let Some((first, others)) = found.unreadable.split_first() {
        let check = Check::error("unfinished_runs", ABOUT, explain::journal(first));
        let runs = found.unfinished.iter().map(|run| format!("{} did not end", journal.path_of(&run.id).display()));
        let others = others.iter().map(|other| explain::journal(other).what).chain(runs);
        return Some(others.fold(check, Check::detail));
    }
    let (unfinished, empty) = (found.unfinished, found.empty);
    if unfinished.is_empty() && empty.is_empty() {
        return Some(Check::ok("unfinished_runs", ABOUT, "none"));
    }
    if let Err(busy) = journal.idle() {
        return Some(Check::cannot_tell("unfinished_runs", ABOUT, explain::journal(&busy).what));
    }
    let what = match unfinished.len() {
        0 => "no run did not end; a file without a record is left".to_owned(),
        1 => "1 run did not end".to_owned(),
        several => format!("{several} runs did not end"),
    };
    let mut check = Check::problem("unfinished_runs", ABOUT, what).fix("glasskey recover");
    check.details.extend(empty.iter().map(|path| format!("{} is empty", path.display())));
    check.details.extend(unfinished.iter().filter_map(|run| {
        let word = |name: &str| run.entries.first()?.get(name)?.as_str().map(str::to_owned);
        Some(format!("{} {}: {}", word("command")?, word("user")?, word("arn")?))
    }));
    Some(check)
}

/// Nothing is said where the file is whole, or there is none.
fn used_codes(state: &Path) -> Option<Check> {
    const WAITS: &str = "cannot be read: the next code of every device waits for up to 30 s";
    let problem = |path: &Path, what: &str| {
        Check::problem("used_codes", "codes sent already", format!("{}: {what}", path.display()))
    };
    Some(match UsedCodes::look(state)? {
        Doubt::Unreadable { path } => {
            problem(&path, WAITS).fix("the next command that sends a code begins a new one")
        }
        Doubt::Unwritable { path, cause } => {
            problem(&path, &cause.to_string()).fix(format!("look at it, and move {} away", path.display()))
        }
    })
}

fn memory(given: Protection) -> Vec<Check> {
    const SEEDS: &str = "memory for seeds";
    let pages = match given.pages {
        SecretPages::Unseen => Check::ok("secret_memory", SEEDS, "a page that nobody else can read, not even root (memfd_secret)"),
        SecretPages::Locked if !cfg!(target_os = "linux") => {
            Check::ok("secret_memory", SEEDS, "a page that is not swapped out; administrators can read it")
        }
        SecretPages::Locked => Check::ok("secret_memory", SEEDS, "a page that is not swapped out; root can read it")
            .detail("memfd_secret hides it from root too: Linux 6.5, or secretmem.enable=1 on the kernel's command line from 5.14"),
        SecretPages::Ordinary if swap_is_on() == Some(false) => {
            Check::ok("secret_memory", SEEDS, "ordinary memory, which cannot be locked; there is no swap it could reach")
                .fixes(fixes::raise_memlock())
        }
        SecretPages::Ordinary => {
            Check::problem("secret_memory", SEEDS, "memory cannot be locked: a seed may reach the swap space")
                .fixes(fixes::raise_memlock())
        }
    };
    let safe = given.stack_locked || given.pages == SecretPages::Ordinary || swap_is_on() == Some(false);
    let stack = (!safe).then(|| {
        let what = "2 MB more cannot be locked: what is computed may reach the swap space";
        Check::problem("locked_stack", "memory for codes", what).fixes(fixes::raise_memlock())
    });
    [Some(pages), stack, core_dumps(given)].into_iter().flatten().collect()
}

/// Whether there is swap space; `None` where the system does not say.
fn swap_is_on() -> Option<bool> {
    let swaps = std::fs::read_to_string("/proc/swaps").ok()?;
    Some(swaps.lines().count() > 1)
}

fn core_dumps(given: Protection) -> Option<Check> {
    const ABOUT: &str = "crashes, debuggers";
    Some(match (given.no_core_dumps, given.no_tracing) {
        (true, true) => Check::ok(
            "process_memory",
            ABOUT,
            "no core file is written, and other processes of this user cannot look in",
        ),
        (true, false) => Check::cannot_tell(
            "process_memory",
            ABOUT,
            "no core file is written; whether other processes of this user can look in is up to the system",
        ),
        (false, _) if cfg!(unix) => Check::problem("process_memory", ABOUT, "a crash may write a core file")
            .fix("ulimit -c 0, before glasskey is started"),
        (false, _) => {
            Check::cannot_tell("process_memory", ABOUT, "this system does not say whether a crash is dumped")
        }
    })
}
