//! Links, pipes and devices in a file's place, limits, and what a crash leaves at the end of a file.

use super::*;
use crate::support::run;
use glasskey::sim::aws::{Fault, Wrong};
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

/// An age recipient; nobody needs its identity here.
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The same command, begun by a shell that runs this first.
fn after(world: &Simulated, first: &str, args: &[&str]) -> Run {
    let mut command = world.glasskey(args);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!(r#"{first}; exec "$0" "$@""#)).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap());
    command = shell;
    run(&mut command)
}

/// The command, which must end by itself.
fn ends<A: AsRef<OsStr>>(world: &Simulated, args: impl IntoIterator<Item = A>) -> Run {
    let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_str().unwrap().to_owned()).collect();
    let command = world.glasskey(&args);
    let mut bounded = Command::new("timeout");
    bounded.args(["-k", "1", "60"]).arg(command.get_program()).args(command.get_args());
    bounded.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bounded.current_dir(command.get_current_dir().unwrap());
    let done = run(&mut bounded);
    assert!(![124, 137].contains(&done.code), "{args:?} did not end: {done:?}");
    done
}

/// Everywhere a file may be named or planted.
fn named(path: &str) -> [(Vec<&str>, i32); 3] {
    [
        (vec!["enroll", "--roster", "team.csv", "--yes", "--no-input", "--escrow", RECIPIENT, "--ledger", path], 3),
        (vec!["drill", "--key", "12345678", "--log", path, "--no-input"], 3),
        (vec!["root", "audit", "--account", "111122223333", "--resume", path], 3),
    ]
}

/// As somebody who may do all that the commands take.
fn world() -> Simulated {
    let world = Simulated::with_keys(1);
    fs::write(world.keys.home.path().join("team.csv"), "alice\n").unwrap();
    world
}

#[test]
fn a_pipe_in_a_files_place_is_not_waited_for() {
    let world = world();
    let state = runs(&world).parent().unwrap().to_owned();
    for name in ["spent.json", "spent.lock"] {
        pipe(&state.join(name));
    }
    let done = ends(&world, world.enroll_args());
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("spent"), "it is said: {done:?}");
    pipe(&state.join("lock-pipe"));
    fs::rename(state.join("lock-pipe"), state.join("lock")).unwrap();
    let done = ends(&world, ["enroll", "admin", "--key", "12345678", "--yes", "--no-input"]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("lock: it is not a regular file"), "{done:?}");
    fs::remove_file(state.join("lock")).unwrap();

    pipe(&world.keys.home.path().join("pipe"));
    for (args, code) in named("pipe") {
        let done = ends(&world, &args);
        assert_eq!(done.code, code, "{args:?} {done:?}");
        assert!(done.stderr.contains("it is not a regular file"), "{args:?} {done:?}");
    }
}

#[test]
fn a_link_in_a_files_place_is_not_followed() {
    let world = world();
    let state = runs(&world).parent().unwrap().to_owned();
    let mine = world.keys.home.path().join("mine");
    fs::write(&mine, "mine\n").unwrap();
    symlink(&mine, state.join("spent.json.new")).unwrap();
    let done = ends(&world, world.enroll_args());
    assert_eq!(done.code, 0, "{done:?}");
    assert!(state.join("spent.json").is_file() && !state.join("spent.json").is_symlink());
    fs::remove_file(state.join("lock")).unwrap();
    symlink(&mine, state.join("lock")).unwrap();
    let done = ends(&world, ["enroll", "admin", "--key", "12345678", "--yes", "--no-input"]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("lock: it is a symbolic link"), "{done:?}");
    fs::remove_file(state.join("lock")).unwrap();

    symlink(&mine, world.keys.home.path().join("link")).unwrap();
    for (args, code) in named("link") {
        let done = ends(&world, &args);
        assert_eq!(done.code, code, "{args:?} {done:?}");
        assert!(done.stderr.contains("it is a symbolic link"), "{args:?} {done:?}");
    }
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine\n");
}

/// What is named by mistake is not cut off at its last line's end before it is looked at.
#[test]
fn a_file_that_is_something_else_is_not_cut() {
    let world = world();
    let mine = world.keys.home.path().join("mine");
    for text in ["no line end", "a line\nand no line end", "{\"mine\":true}"] {
        fs::write(&mine, text).unwrap();
        for (args, _) in named("mine") {
            let done = ends(&world, &args);
            assert!([2, 3].contains(&done.code), "{args:?} {done:?}");
            assert_eq!(fs::read_to_string(&mine).unwrap(), text, "{args:?}");
        }
    }
}

#[test]
fn files_are_their_owners_alone_whatever_the_umask() {
    let world = world();
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    let args = world.enroll_args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(after(&world, "umask 000", &args).code, 4);
    let roster = "enroll --roster team.csv --yes --no-input --accept-unproved --ledger ledger";
    fs::write(world.keys.home.path().join("team.csv"), "admin\n").unwrap();
    let places: Vec<&str> = roster.split(' ').chain(["--escrow", RECIPIENT]).collect();
    assert_eq!(after(&world, "umask 000", &places).code, 0);
    let state = world.keys.state_dir();
    let run = fs::read_dir(state.join("runs")).unwrap().next().unwrap().unwrap().path();
    let home = world.keys.home.path();
    let files = [run, state.join("lock"), state.join("spent.json"), state.join("spent.lock"), home.join("ledger")];
    for file in files.iter().chain([&home.join("admin.age")]) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!((mode(&state), mode(&state.join("runs"))), (0o700, 0o700));
}

/// `ulimit -f`: the kernel sends a signal that ends a process, and an error to one that outlives it.
#[test]
fn a_limit_on_files_is_an_error_that_is_told() {
    for limit in [0, 1] {
        let world = world();
        let places = ["enroll", "alice", "--yes", "--no-input", "--key", "12345678", "--escrow", RECIPIENT];
        let path = "x".repeat(200);
        let directory = world.keys.home.path().join(&path);
        fs::create_dir(&directory).unwrap();
        let args = [&places[..], &["--escrow-dir", &path]].concat();
        let done = after(&world, &format!("ulimit -f {limit}"), &args);
        assert_eq!(done.code, 3, "{limit}: {done:?}");
        assert!(done.stderr.contains("File too large"), "{limit}: {done:?}");
        world.nothing_is_left().unwrap_or_else(|problem| panic!("{limit}: {problem} {done:?}"));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    }
}

/// Whoever else uses this machine is not held up by a torn end.
#[test]
fn a_line_cut_inside_a_character_holds_nobody_up() {
    let world = Simulated::with_keys(1);
    let mut text = lines(&[begin(&world, "carol", &json!({ "user": "carol" })), delete_device()]);
    text.extend(b"{\"record\":\"intend\",\"undo\":\"take_back\",\"program\":\"\xe6\x97");
    fs::write(runs(&world).join("000000000001-1-000001-0000abcd.jsonl"), text).unwrap();
    assert_eq!(world.run(world.enroll_args()).code, 0);
    let done = recover(&world, "--yes");
    assert_eq!((done.code, world.unfinished()), (0, 0), "{done:?}");
}

#[test]
fn two_hundred_megabytes_are_not_read() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    let path = place.join("000000000001-1-000001-0000abcd.jsonl");
    fs::File::create(&path).unwrap().set_len(200 << 20).unwrap();
    let began = Instant::now();
    let done = recover(&world, "--yes");
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("jsonl: it is longer than 1048576 bytes"), "{done:?}");
    fs::remove_file(&path).unwrap();
    let mut one = lines(&[begin(&world, "ghost", &json!({}))]);
    one.extend(std::iter::repeat_n(&b"{\"record\":\"created\"}\n"[..], 49_000).flatten());
    for nth in 0..40 {
        fs::write(place.join(format!("000000000001-1-{nth:06}-0000abcd.jsonl")), &one).unwrap();
    }
    let done = recover(&world, "--yes");
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("runs: it is longer than 33554432 bytes"), "{done:?}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
