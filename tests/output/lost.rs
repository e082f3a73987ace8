//! Standard output that takes nothing: full, closed, its reader gone; every command, for people and in JSON.

use crate::root::{place::Place, totp};
use crate::session::Bob;
use crate::support::{FidoKeys, Keys, Run, Simulated, Typist, put, put_as, run};
use glasskey::sim::aws::TwoCodes;
use glasskey::totp::Kind;
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

/// What becomes of the lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Full,
    Closed,
    ReaderGone,
}

pub(crate) const FATES: [Fate; 3] = [Fate::Full, Fate::Closed, Fate::ReaderGone];

/// Runs the command so.
pub(crate) fn suffer(command: &Command, fate: Fate) -> Run {
    let mut shell = Command::new("sh");
    let line = if fate == Fate::Closed { r#"exec "$0" "$@" >&-"# } else { r#"exec "$0" "$@""# };
    shell.arg("-c").arg(line).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    match fate {
        Fate::Full => _ = shell.stdout(File::options().write(true).open("/dev/full").unwrap()),
        Fate::Closed => {}
        Fate::ReaderGone => {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            shell.stdout(writer);
        }
    }
    let output = shell.stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Run { stdout: String::new(), stderr, code: output.status.code().unwrap() }
}

/// That the exit code says it. `well`: the code of a run whose output is read.
#[track_caller]
pub(crate) fn says_so(command: &Command, fate: Fate, well: i32) -> Run {
    let done = suffer(command, fate);
    let args: Vec<&OsStr> = command.get_args().collect();
    let said = done.stderr.contains("glasskey: error: standard output could not be written: ");
    match fate {
        Fate::ReaderGone => assert_eq!((done.code, said), (well, false), "{args:?}: {done:?}"),
        _ => assert_eq!((done.code, said), (3, true), "{fate:?}, {args:?}: {done:?}"),
    }
    done
}

fn both(line: &str) -> [String; 2] {
    [line.to_owned(), format!("{line} --json")]
}

#[test]
fn what_a_key_says_that_nobody_can_read_is_no_success() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    for line in ["keys", "oath list", "oath info", "oath code --all", "oath code a"] {
        for (line, fate) in both(line).iter().flat_map(|line| FATES.map(|fate| (line.clone(), fate))) {
            says_so(&keys.glasskey(line.split(' ')), fate, 0);
        }
    }
    let fido = FidoKeys::with_pin();
    for line in ["fido list", "fido info", "fido attest"] {
        for (line, fate) in both(line).iter().flat_map(|line| FATES.map(|fate| (line.clone(), fate))) {
            let well = run(&mut fido.glasskey(line.split(' '))).code;
            says_so(&fido.glasskey(line.split(' ')), fate, well);
        }
    }
}

#[test]
fn what_this_program_tells_of_itself_is_written_or_the_exit_code_says_so() {
    let home = tempfile::tempdir().unwrap();
    let lines = [
        "--version",
        "--help",
        "oath add --help",
        "help",
        "--version --verbose",
        "--version --verbose --json",
        "completions bash",
        "man",
        "man oath add",
        "demo --json",
    ];
    for (line, fate) in lines.iter().flat_map(|line| FATES.map(|fate| (line, fate))) {
        says_so(crate::support::glasskey(home.path()).args(line.split(' ')), fate, 0);
    }
    // Nothing was to be said there.
    let mut demo = crate::support::glasskey(home.path());
    assert_eq!(suffer(demo.arg("demo"), Fate::Closed).code, 0);
}

#[test]
fn a_simulator_whose_lines_nobody_can_read_does_not_stay() {
    let home = tempfile::tempdir().unwrap();
    for (line, fate) in both("simulate").iter().flat_map(|line| [Fate::Full, Fate::Closed].map(|fate| (line, fate))) {
        says_so(crate::support::glasskey(home.path()).args(line.split(' ')), fate, 0);
    }
}

#[test]
fn what_aws_says_that_nobody_can_read_is_no_success() {
    let world = Simulated::with_keys(1);
    assert_eq!(world.run(world.enroll_args()).code, 0);
    let lines = ["devices --all", "recover", "doctor", "root login-check", "root audit", "root audit --format csv"]
        .into_iter()
        .flat_map(both)
        .chain(["html", "markdown", "ocsf"].map(|format| format!("root audit --format {format}")));
    for line in lines {
        let well = world.run(line.split(' ')).code;
        if well == 2 {
            continue; // two formats at once
        }
        for fate in FATES {
            says_so(&world.glasskey(line.split(' ')), fate, well);
        }
    }
}

#[test]
fn what_was_done_is_done_although_nobody_can_read_it() {
    for fate in FATES {
        for json in [&[][..], &["--json"]] {
            let world = Simulated::with_keys(1);
            let enroll: Vec<String> =
                world.enroll_args().into_iter().chain(json.iter().map(|&arg| arg.to_owned())).collect();
            let done = says_so(&world.glasskey(enroll), fate, 0);
            world.alice_is_enrolled().unwrap();
            assert!(fate == Fate::ReaderGone || done.stderr.contains("whatever the command was to do is done"));
            world.aws.clock().set_offset_seconds(120); // IAM takes newer codes only
            let resync = ["resync", "alice", "--key", "12345678", "--no-input"];
            says_so(&world.glasskey(resync.iter().chain(json)), fate, 0);
            let retire = ["retire", "alice", "--device", "alice", "--last-factor", "alice", "--yes", "--no-input"];
            says_so(&world.glasskey(retire.iter().chain(json)), fate, 0);
            world.nothing_is_left().unwrap();
        }
    }
}

#[test]
fn a_session_that_nobody_can_read_says_that_its_code_is_spent() {
    for fate in [Fate::Full, Fate::Closed] {
        for more in [&[][..], &["--json"], &["--format", "credential-process"]] {
            let bob = Bob::new();
            let done = says_so(&bob.command(&[&["--no-cache"], more].concat()), fate, 0);
            assert!(done.stderr.contains("the code that it took is spent"), "{done:?}");
        }
    }
}

#[test]
fn a_counted_code_that_nobody_can_read_says_that_it_is_spent() {
    let keys = Keys::serve(1);
    put_as(keys.key(0), "counted", Kind::Hotp { counter: 0 }, false);
    let done = says_so(&keys.glasskey(["oath", "code", "counted"]), Fate::Full, 0);
    assert!(done.stderr.contains("the code is spent: the key has counted on"), "{done:?}");
}

/// What a person saw of a command whose result was lost.
#[track_caller]
fn saw_the_loss(person: Typist) {
    let (seen, run) = person.end();
    let said = seen.contains("glasskey: error: standard output could not be written: ");
    assert!(run.code == 3 && said && seen.contains("whatever the command was to do is done"), "{run:?}: {seen}");
}

#[test]
fn a_reset_whose_result_nobody_can_read_is_no_success() {
    for line in both("fido reset --key 12345678 --yes") {
        let keys = FidoKeys::with_pin();
        let mut person = Typist::start_talking_to_full(&keys.bare(line.split(' ')));
        person.sees("unplug    YubiKey 12345678, and plug it in again");
        keys.key(0).pull();
        keys.key(0).plug_in();
        // Without JSON nothing is written to standard output.
        if line.ends_with("--json") {
            saw_the_loss(person);
        } else {
            assert_eq!(person.end().1.code, 0);
        }
        assert!(!keys.key(0).has_pin());
    }
}

#[test]
fn a_root_enrollment_whose_result_nobody_can_read_is_no_success() {
    for line in both(totp::LINE) {
        let place = Place::new();
        let (serial, secret) = totp::made(&place);
        let mut person = Typist::start_talking_to_full(&place.at_terminal(Some(&place.aws.admin()), &line));
        person.sees(totp::PROMPT).types(&secret);
        let codes = totp::on_screen(&mut person);
        place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
        saw_the_loss(person);
        assert_eq!((place.credentials(), place.unfinished()), (2, 0));
    }
}

#[test]
fn an_error_keeps_its_own_exit_code() {
    let keys = Keys::serve(1);
    for fate in FATES {
        let done = suffer(&keys.glasskey(["oath", "code", "a", "--key", "1", "--json"]), fate);
        assert!(done.code == 3 && done.stderr.contains("glasskey: error: YubiKey 1 is not plugged in"), "{done:?}");
        assert!(!done.stderr.contains("whatever the command was to do is done"), "{done:?}");
        assert_eq!(suffer(&keys.glasskey(["oath", "no-such-command"]), fate).code, 2);
    }
}
