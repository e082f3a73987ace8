//! What each operating system protects, and what it lacks: for doctor and for docs/hardware.md.

use schemars::JsonSchema;
use serde::Serialize;

/// What this operating system protects, and what it lacks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "system")]
pub(super) struct System {
    /// Linux, macOS or Windows; another Unix counts as macOS.
    name: &'static str,
    /// Each thing that is protected, or cannot be.
    protection: Vec<Protected>,
}

/// One thing, and how it is protected.
#[derive(Serialize, JsonSchema)]
struct Protected {
    /// What is protected, for people.
    what: &'static str,
    /// How, or what is lacking, for people.
    how: &'static str,
}

const NAMES: [&str; 3] = ["Linux", "macOS", "Windows"];

/// Where this program runs, of [`NAMES`].
const HERE: usize = if cfg!(target_os = "linux") {
    0
} else if cfg!(windows) {
    2
} else {
    1
};

/// What is protected, and how on each system, in the order of [`NAMES`].
const TABLE: &[(&str, [&str; 3])] = &[
    (
        "live seeds",
        [
            "a page that nobody else can read, not even root (`memfd_secret`); a locked page where the kernel has none",
            "a locked page (`mlock`); root can read it",
            "a locked page (`VirtualLock`), left out of error reports; administrators can read it",
        ],
    ),
    (
        "what is computed with a seed",
        [
            "a locked stack of its own, wiped after each use",
            "a locked stack of its own, wiped after each use",
            "the ordinary stack, wiped after each use; it may reach the page file",
        ],
    ),
    (
        "crashes",
        [
            "no core file (`RLIMIT_CORE`)",
            "no core file (`RLIMIT_CORE`); the system's own report of a crash holds its registers",
            "no error report and no dump of it (`SEM_NOGPFAULTERRORBOX`)",
        ],
    ),
    (
        "other processes of this user",
        [
            "cannot look in (`PR_SET_DUMPABLE`)",
            "cannot attach (`PT_DENY_ATTACH`)",
            "cannot open the process to look in (its access list); an elevated one can",
        ],
    ),
    (
        "files and the state directory",
        [
            "their owner's alone (modes 600 and 700); one that others may write to is refused",
            "their owner's alone (modes 600 and 700); one that others may write to is refused",
            "this user's, the system's and its administrators' (an access list on the directory, which its files have too); \
             one that others may write to is refused",
        ],
    ),
    (
        "an open session",
        [
            "in the kernel's keyring, never on a disk; callers at the same moment share one touch",
            "nowhere: callers at the same moment share one touch, later ones open a session of their own",
            "nowhere: callers at the same moment share one touch, later ones open a session of their own",
        ],
    ),
    (
        "typed secrets",
        [
            "read without echo from the terminal, wherever standard input leads",
            "read without echo from the terminal, wherever standard input leads",
            "read without echo from the console, wherever standard input leads",
        ],
    ),
    (
        "secrets from programs",
        [
            "`--pin-stdin` and `--password-stdin`, and file descriptors",
            "`--pin-stdin` and `--password-stdin`, and file descriptors",
            "`--pin-stdin` and `--password-stdin`; a program gets no file descriptors",
        ],
    ),
    (
        "FIDO2 keys",
        [
            "whoever sits at the machine (udev)",
            "every user, once the system's question about input monitoring is answered where it comes",
            "administrators alone: run glasskey from an elevated console, or use the key in a virtual machine or WSL 2 \
             that has it (usbipd)",
        ],
    ),
    (
        "programs that another program has started",
        [
            "ended with it",
            "ended with it, where they stay in its group; not those of a `credential_process` or an age plugin",
            "ended with it (`taskkill /T`); not those of a `credential_process` or an age plugin",
        ],
    ),
];

/// This one.
pub(super) fn here() -> System {
    let protection =
        TABLE.iter().map(|(what, how)| Protected { what, how: how.get(HERE).copied().unwrap_or_default() });
    System { name: NAMES.get(HERE).copied().unwrap_or_default(), protection: protection.collect() }
}

/// The table of docs/hardware.md.
pub(super) fn table() -> String {
    let row = |words: &[&str]| format!("| {} |\n", words.join(" | "));
    let mut table = row(&[&["what"], &NAMES[..]].concat()) + "|---|---|---|---|\n";
    for (what, how) in TABLE {
        table.push_str(&row(&[&[*what], &how[..]].concat()));
    }
    table
}
