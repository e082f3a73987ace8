//! Who may use whom. Reads the sources as text, without comments and literals, and holds the arrows of `src/lib.rs`:
//! a room uses only rooms below it, and each outside library is named in one place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod circles; // files and folders that know each other
mod house; // how large files and functions are: `make house`
mod source; // Rust text, without comments and literals

use circles::Uses;
use source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each room, and the rooms it may use. A room that is not here may be used by none.
const ROOMS: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("totp", &["secret"]),
    ("qr", &["secret"]),
    ("platform", &["totp"]),
    ("transport", &["platform"]),
    ("store", &["platform"]),
    ("journal", &["store"]),
    ("used_codes", &["store", "totp"]),
    ("oath", &["secret", "totp", "transport"]),
    ("fido", &["platform", "secret", "transport"]),
    ("keys", &["fido", "oath", "platform", "secret", "transport"]),
    ("piv", &["keys", "oath", "transport"]),
    ("aws", &["platform", "secret", "totp"]),
    ("person", &["aws", "keys", "platform", "secret", "transport"]),
    ("unlock", &["fido", "keys", "oath", "person", "platform", "secret", "transport"]),
    ("sink", &["keys", "oath", "person", "platform", "unlock", "secret", "store", "totp"]),
    ("world", &["aws", "fido", "person", "platform", "totp", "transport"]),
    (
        "flow",
        &[
            "aws",
            "fido",
            "journal",
            "keys",
            "oath",
            "person",
            "platform",
            "unlock",
            "secret",
            "sink",
            "used_codes",
            "store",
            "totp",
            "world",
        ],
    ),
    ("sim", &["aws", "fido", "keys", "oath", "person", "platform", "totp", "transport", "world"]),
    (
        "cli",
        &[
            "aws",
            "fido",
            "flow",
            "journal",
            "keys",
            "oath",
            "person",
            "piv",
            "platform",
            "qr",
            "unlock",
            "secret",
            "sim",
            "sink",
            "store",
            "totp",
            "transport",
            "used_codes",
            "world",
        ],
    ),
];

/// Something only some places may name.
struct Confined {
    what: &'static str,
    is: fn(&Source, usize) -> bool,
    /// Beginnings of paths below `src`; none: nowhere.
    only_in: &'static [&'static str],
}

const CONFINED: &[Confined] = &[
    Confined {
        what: "the AWS SDK",
        is: |text, at| {
            let crates =
                ["aws_sdk_", "aws_smithy_", "aws_config", "aws_credential_types", "aws_types", "aws_runtime"];
            crates.iter().any(|name| text.word(at).starts_with(name))
        },
        only_in: &["aws/", "sim/"],
    },
    Confined {
        what: "the pcsc crate",
        is: |text, at| text.is_crate(at, "pcsc"),
        only_in: &["transport/pcsc", "piv/reading.rs"],
    },
    Confined {
        what: "unsafe code",
        is: |text, at| text.word(at) == "unsafe",
        // Windows has much that nothing but its own calls can do.
        only_in: &["secret/memory.rs", "secret/memory/", "platform/windows/system/"],
    },
    Confined {
        what: "libc or psm",
        is: |text, at| text.is_crate(at, "libc") || text.is_crate(at, "psm"),
        only_in: &["secret/memory.rs", "secret/memory/"],
    },
    Confined {
        what: "printing",
        is: |text, at| {
            let macros = ["print", "println", "eprint", "eprintln"];
            (macros.contains(&text.word(at)) && text.after(at) == "!")
                || (["stdout", "stderr"].contains(&text.word(at)) && text.before(at) == "::" && text.after(at) == "(")
        },
        // One file, which writes out what would act on a screen. The other takes standard output from libraries.
        only_in: &["cli/console.rs", "platform/unix/descriptors.rs"],
    },
    Confined {
        what: "the terminal as a device",
        is: |text, at| text.word(at) == "Terminal",
        only_in: &["cli/terminal.rs", "platform/"],
    },
    Confined {
        what: "a page that has its own ends of lines",
        is: |text, at| {
            text.word(at) == "document" && text.before(at) == "::" && at >= 2 && text.word(at - 2) == "Page"
        },
        only_in: &["cli/page.rs", "cli/mod.rs", "cli/commands/root/audit/"],
    },
    Confined {
        what: "bytes for standard output",
        is: |text, at| text.word(at) == "made_here",
        only_in: &["cli/console.rs", "cli/commands/generate.rs"],
    },
    Confined {
        what: "async code",
        is: |text, at| ["async", "await"].contains(&text.word(at)) || text.is_crate(at, "tokio"),
        only_in: &["aws/", "sim/", "platform/"],
    },
    Confined { what: "the argument parser", is: |text, at| text.is_crate(at, "clap"), only_in: &["cli/"] },
    Confined {
        what: "exit codes",
        is: |text, at| text.word(at) == "ExitCode" || (text.word(at) == "exit" && text.before(at) == "::"),
        only_in: &["cli/", "main.rs"],
    },
    Confined {
        what: "the csv crate",
        is: |text, at| text.is_crate(at, "csv"),
        only_in: &["aws/posture/report.rs", "cli/commands/root/audit/", "flow/roster/"],
    },
    Confined {
        what: "the percent-encoding crate",
        is: |text, at| text.is_crate(at, "percent_encoding"),
        // IAM gives policies encoded, and takes them so.
        only_in: &["aws/hardening/role.rs", "aws/posture/powers.rs", "sim/aws/iam/policies.rs"],
    },
    Confined {
        what: "the unicode-width crate",
        is: |text, at| text.is_crate(at, "unicode_width"),
        only_in: &["cli/table.rs"],
    },
    Confined {
        what: "the windows-sys crate",
        is: |text, at| text.is_crate(at, "windows_sys"),
        only_in: &["platform/windows/", "secret/memory/"],
    },
    Confined {
        what: "the keyring crate",
        is: |text, at| text.is_crate(at, "linux_keyutils"),
        only_in: &["platform/linux/keyring.rs"],
    },
    Confined {
        what: "the age crate",
        is: |text, at| text.is_crate(at, "age") || text.is_crate(at, "age_core"),
        only_in: &["sink/escrow.rs"],
    },
    Confined { what: "totp-rs", is: |text, at| text.is_crate(at, "totp_rs"), only_in: &["totp"] },
    Confined { what: "debug prints", is: |text, at| text.word(at) == "dbg" && text.after(at) == "!", only_in: &[] },
];

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, below)| *below)
}

/// What is wrong with one file; `path` is relative to `src`.
fn check(path: &str, text: &str) -> Vec<String> {
    let source = Source::read(text);
    let mut wrong = Vec::new();
    let room = path.split('/').next().unwrap().trim_end_matches(".rs");
    if let Some(below) = allowed(room) {
        for (used, line) in source.rooms(depth(path), |name| allowed(name).is_some()) {
            if used != room && !below.contains(&used.as_str()) {
                wrong.push(format!("{path}:{line}: {room} uses {used}"));
            }
        }
    } else if !["lib", "main"].contains(&room) {
        wrong.push(format!("{path}: {room} is no room of the map"));
    }
    for confined in CONFINED.iter().filter(|confined| !confined.only_in.iter().any(|place| path.starts_with(place))) {
        for at in (0..source.len()).filter(|at| (confined.is)(&source, *at)) {
            wrong.push(format!("{path}:{}: {} is not named here", source.line(at), confined.what));
        }
    }
    wrong
}

/// How many modules deep a file is: `unlock.rs` and `oath/mod.rs` are 1, `oath/wire.rs` is 2.
fn depth(path: &str) -> usize {
    path.trim_end_matches("/mod.rs").split('/').count()
}

/// Every file of `src`, by its path below it.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    sources
}

fn files(dir: &Path, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            into.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_file_keeps_to_the_arrows() {
    let sources = sources();
    assert!(sources.len() > 50, "the sources are found");
    let wrong: Vec<String> = sources.iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // An arrow that nothing uses is no rule any more.
    let mut used = BTreeSet::new();
    for (path, text) in &sources {
        let room = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let below = Source::read(text).rooms(depth(path), |name| allowed(name).is_some());
        used.extend(below.into_iter().map(|(below, _)| (room.clone(), below)));
    }
    let unused: Vec<_> = ROOMS
        .iter()
        .flat_map(|(room, below)| below.iter().map(move |below| ((*room).to_owned(), (*below).to_owned())))
        .filter(|arrow| !used.contains(arrow))
        .collect();
    assert!(unused.is_empty(), "arrows that nothing uses: {unused:?}");
}

/// Each room uses only rooms that stand before it in the table, so no circle can be.
#[test]
fn the_arrows_point_one_way() {
    for (nth, (room, below)) in ROOMS.iter().enumerate() {
        for used in *below {
            let place = ROOMS.iter().position(|(name, _)| name == used);
            assert!(place.is_some_and(|place| place < nth), "{room} uses {used}, which does not stand below it");
        }
    }
}

#[test]
fn no_files_or_folders_know_each_other() {
    let sources = sources();
    let uses = Uses::of(sources.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    assert_eq!(uses.circles_of_files(), Vec::<Vec<Vec<String>>>::new());
    assert_eq!(uses.circles_of_folders(), Vec::<Vec<Vec<String>>>::new());
}

#[test]
fn a_circle_is_found() {
    let between = |files: &[(&str, &str)]| {
        let uses = Uses::of(files.iter().copied());
        (uses.circles_of_files().len(), uses.circles_of_folders().len())
    };
    // Directly, by way of a third, by way of what another one passes on.
    assert_eq!(between(&[("a/x.rs", "use crate::b::y::Y;"), ("b/y.rs", "use crate::a::x::X;")]), (1, 1));
    let third =
        [("a/x.rs", "use crate::b::y::Y;"), ("b/y.rs", "use crate::c::Z;"), ("c.rs", "fn f() { crate::a::x::g() }")];
    assert_eq!(between(&third), (1, 1));
    let passed_on = [
        ("a/mod.rs", "mod x; pub use x::X;"),
        ("a/x.rs", "use crate::b::y::{self, Y};"),
        ("b/y.rs", "use crate::a::{X as Other};"),
    ];
    assert_eq!(between(&passed_on), (1, 1));
    // Folders, though no two files do.
    let folders = [
        ("a/x.rs", "use super::super::b::y::Y;"),
        ("b/y.rs", ""),
        ("b/z.rs", "use crate::{a::w::W};"),
        ("a/w.rs", ""),
    ];
    assert_eq!(between(&folders), (0, 1));
    // Parent and child, and files of one folder, may.
    assert_eq!(between(&[("a/mod.rs", "mod x; use x::X;"), ("a/x.rs", "use super::A;")]), (0, 0));
    assert_eq!(between(&[("a/x.rs", "use super::y::Y;"), ("a/y.rs", "use super::x::X;")]), (0, 0));
    assert_eq!(between(&[("a/x.rs", "// use crate::b::y::Y;"), ("b/y.rs", "use crate::a::x::X;")]), (0, 0));
}

#[test]
fn every_room_is_in_the_library() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(declared, ROOMS.iter().map(|(room, _)| *room).collect());
}

#[test]
fn what_breaks_a_rule_is_caught() {
    for (path, text, what) in [
        ("oath/wire.rs", "use crate::aws::Account;", "oath/wire.rs:1: oath uses aws"),
        ("oath/wire.rs", "\nfn f() { crate::keys::list(); }", "oath/wire.rs:2: oath uses keys"),
        ("oath/mod.rs", "use super::keys::Serial;", "oath/mod.rs:1: oath uses keys"),
        ("oath/wire.rs", "use super::super::keys::Serial;", "oath/wire.rs:1: oath uses keys"),
        (
            "transport/mod.rs",
            "use crate::{\n    oath::Name,\n    secret,\n};",
            "transport/mod.rs:2: transport uses oath",
        ),
        ("transport/mod.rs", "use crate::{oath::Name, secret};", "transport/mod.rs:1: transport uses secret"),
        ("aws/mfa.rs", "use crate::{totp::{self, AWS}, flow::Run};", "aws/mfa.rs:1: aws uses flow"),
        ("flow/run.rs", "use crate as glasskey; use crate::sim::aws::Aws;", "flow/run.rs:1: flow uses sim"),
        ("flow/run.rs", "use aws_sdk_iam::Client;", "flow/run.rs:1: the AWS SDK is not named here"),
        ("flow/run.rs", "fn f(e: aws_smithy_types::Blob) {}", "flow/run.rs:1: the AWS SDK is not named here"),
        ("flow/run.rs", "println!(\"{x}\");", "flow/run.rs:1: printing is not named here"),
        ("flow/run.rs", "std::io::stdout().write_all(b\"x\");", "flow/run.rs:1: printing is not named here"),
        ("cli/commands/keys.rs", "println!(\"{x}\");", "cli/commands/keys.rs:1: printing is not named here"),
        ("cli/notices.rs", "writeln!(io::stderr(), \"{x}\")", "cli/notices.rs:1: printing is not named here"),
        (
            "cli/commands/keys.rs",
            "platform::Terminal::open()",
            "cli/commands/keys.rs:1: the terminal as a device is not named here",
        ),
        (
            "cli/commands/keys.rs",
            "console.page(&Page::document(name))",
            "cli/commands/keys.rs:1: a page that has its own ends of lines is not named here",
        ),
        (
            "cli/commands/keys.rs",
            "console.made_here(name)",
            "cli/commands/keys.rs:1: bytes for standard output is not named here",
        ),
        ("flow/run.rs", "async fn f() {}", "flow/run.rs:1: async code is not named here"),
        ("flow/run.rs", "x.await?;", "flow/run.rs:1: async code is not named here"),
        ("keys.rs", "use pcsc::Context;", "keys.rs:1: the pcsc crate is not named here"),
        ("keys.rs", "let c = ::pcsc::Context::establish();", "keys.rs:1: the pcsc crate is not named here"),
        ("transport/socket.rs", "unsafe { go() }", "transport/socket.rs:1: unsafe code is not named here"),
        ("secret/mod.rs", "unsafe impl Send for X {}", "secret/mod.rs:1: unsafe code is not named here"),
        ("aws/mfa.rs", "std::process::exit(1)", "aws/mfa.rs:1: exit codes is not named here"),
        ("cli/mod.rs", "dbg!(x)", "cli/mod.rs:1: debug prints is not named here"),
        ("attic.rs", "", "attic.rs: attic is no room of the map"),
        // What comes behind a literal or a comment is still read.
        ("oath/wire.rs", "let c = '\"'; use crate::aws;", "oath/wire.rs:1: oath uses aws"),
        ("oath/wire.rs", "fn f<'a>(x: &'a str) {} use crate::aws;", "oath/wire.rs:1: oath uses aws"),
        ("oath/wire.rs", "let s = r#\"a \" b\"#; use crate::aws;", "oath/wire.rs:1: oath uses aws"),
        ("oath/wire.rs", "/* a /* b */ c */ use crate::aws;", "oath/wire.rs:1: oath uses aws"),
        ("oath/wire.rs", "let s = \"\\\\\"; use crate::aws;", "oath/wire.rs:1: oath uses aws"),
    ] {
        assert!(check(path, text).contains(&what.to_owned()), "{text}: {:?}", check(path, text));
    }
}

#[test]
fn what_keeps_to_the_rules_is_not() {
    for (path, text) in [
        ("transport/mod.rs", "//! Not [`crate::oath`].\n/// Nor [`crate::keys`].\npub struct X; // crate::aws"),
        ("transport/mod.rs", "const S: &str = \"crate::aws::Account println!\";"),
        ("transport/pcsc.rs", "use pcsc::Context;"),
        ("cli/environment.rs", "use crate::transport::pcsc::PcscPorts;"),
        ("cli/console.rs", "println!(); io::stderr().lock();"),
        ("cli/terminal.rs", "Terminal::open()"),
        (
            "flow/enroll/mod.rs",
            "use super::context::Context; use crate::aws::{self, Account}; use super::super::run::Run;",
        ),
        ("sim/serve.rs", "use super::aws::Aws; async fn f() { g().await }"),
        ("sim/aws/iam/mod.rs", "use super::super::aws::Aws;"),
        ("journal.rs", "#[cfg(test)] mod tests { use super::*; }"),
        ("secret/memory/unix.rs", "unsafe { libc::munmap(p, n) };"),
        ("secret/mod.rs", "#![allow(unsafe_code)]"),
    ] {
        assert_eq!(check(path, text), Vec::<String>::new(), "{text}");
    }
}
