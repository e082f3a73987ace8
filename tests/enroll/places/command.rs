//! A password manager's command: given the seed on standard input, and every way in which it does not take it.

use super::*;
use std::time::{Duration, Instant};

const HINT: &str = "glasskey: hint: try the command by hand with a made-up otpauth URI on its standard input; it must be \
                    unlocked before, since it cannot ask on the terminal\n";

#[test]
fn it_gets_the_uri_on_standard_input_and_names_in_its_environment() {
    let world = Simulated::with_keys(1);
    let line = r#"cat >taken; echo "$GLASSKEY_USER $GLASSKEY_DEVICE $GLASSKEY_ACCOUNT $GLASSKEY_ARN" >named; echo out; echo err >&2"#;
    let done = run(&mut enroll(&world, &["--key", "12345678", "--to-command", line, "--json"]));
    assert_eq!(done.code, 0, "{done:?}");
    world.alice_is_enrolled().unwrap();
    let read = |name: &str| std::fs::read_to_string(world.keys.home.path().join(name)).unwrap();
    assert_eq!(read("taken"), format!("{}\n", uri(&world)));
    assert_eq!(read("named"), format!("alice alice {} {}\n", world.aws.account(), world.arn("alice")));
    let told = "  command   `cat` read the seed and ended with status 0; what it stored was not looked at\n";
    assert!(done.stderr.contains(told), "{done:?}");
    assert_eq!(done.json()["devices"][0]["command"], "cat");
    assert!(!done.stderr.contains("err") && !done.stdout.contains("out\n"));
}

#[test]
fn it_alone_is_enough() {
    let world = Simulated::with_keys(0);
    let done = run(&mut enroll(&world, &["--to-command", "/bin/cat >taken"]));
    assert_eq!(done.code, 0, "{done:?}");
    enabled(&world);
}

#[test]
fn it_fails() {
    let world = Simulated::with_keys(1);
    let line = "cat >/dev/null; echo 'the vault is locked' >&2; exit 7";
    let error = "glasskey: error: `cat` did not take the seed: exit status 7";
    let done = fails(&world, &mut enroll(&world, &["--key", "12345678", "--to-command", line]), 3, error);
    let rest = format!(
        "{error}\nglasskey: `cat` said: the vault is locked\n{HINT}glasskey: what had been done was undone again; nothing \
         was left behind\nglasskey: `cat` may have stored \"AWS ({}/alice)\": remove it there, its codes are of no use\n",
        world.aws.account()
    );
    assert!(done.stderr.ends_with(&rest), "{done:?}");
}

#[test]
fn it_cannot_be_found() {
    let world = Simulated::with_keys(1);
    let error = "glasskey: error: `no-such-manager` did not take the seed: exit status 127";
    fails(&world, &mut enroll(&world, &["--key", "12345678", "--to-command", "no-such-manager insert"]), 3, error);
}

#[test]
fn it_ends_well_without_reading() {
    let world = Simulated::with_keys(1);
    let error = "glasskey: error: `true` ended without reading the seed from its standard input";
    fails(&world, &mut enroll(&world, &["--key", "12345678", "--to-command", "true"]), 3, error);
}

#[test]
fn it_hangs_and_all_of_it_is_killed() {
    let world = Simulated::with_keys(1);
    let started = Instant::now();
    let line = "cat >/dev/null; sleep 1000 & echo $! >child; sleep 1000";
    let command = ["--key", "12345678", "--to-command", line, "--command-timeout", "1"];
    let error = "glasskey: error: `cat` did not end within 1 s, and was killed";
    fails(&world, &mut enroll(&world, &command), 3, error);
    assert!(started.elapsed() < Duration::from_secs(60));
    let child = std::fs::read_to_string(world.keys.home.path().join("child")).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[test]
fn it_prints_the_seed() {
    for line in [
        "cat",
        "tee /dev/stderr",
        "cat >&2; exit 1",
        "tr a-z A-Z >&2; exit 1",
        "base64 >&2; exit 1",
        "fold -w 5 >&2; exit 1",
        // The URI in hexadecimal, as two tools write it.
        "od -An -v -tx1 >&2; exit 1",
        "od -An -v -tx1 | tr -d ' \\n' >&2; exit 1",
    ] {
        let world = Simulated::with_keys(1);
        let lost = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (known, aws, arn) = (lost.clone(), world.aws.clone(), world.arn("alice"));
        world.tap.listen(move |passing| {
            if format!("{:?}", passing.wire).contains("CreateVirtualMFADevice") && passing.done {
                *known.lock().unwrap() = data_encoding::BASE32_NOPAD.encode(&aws.seed_of(&arn).unwrap());
            }
        });
        let done = run(&mut enroll(&world, &["--key", "12345678", "--to-command", line]));
        let seed = lost.lock().unwrap().clone();
        assert_eq!(seed.len(), 64, "the seed is known");
        let fails = line.contains("exit 1");
        assert_eq!(done.code, if fails { 3 } else { 0 }, "{line}: {done:?}");
        assert_eq!(
            done.stderr.contains("said: it printed the seed; its words are not shown"),
            fails,
            "{line}: {done:?}"
        );
        let squeezed: String = format!("{}{}", done.stdout, done.stderr).split_whitespace().collect();
        for at in 0..seed.len() - 8 {
            assert!(!squeezed.to_ascii_uppercase().contains(&seed[at..at + 8]), "{line}: {done:?}");
        }
    }
}

#[test]
fn interrupted_while_it_works() {
    let world = Simulated::with_keys(1);
    let line = "cat >/dev/null; kill -s INT $PPID; sleep 1000";
    let done = run(&mut enroll(&world, &["--key", "12345678", "--to-command", line]));
    assert_eq!(done.code, 130, "{done:?}");
    world.nothing_is_left().unwrap();
    assert!(done.stderr.contains("`cat` may have stored"), "{done:?}");
}

#[test]
fn the_line_is_written_nowhere() {
    let world = Simulated::with_keys(0);
    let line = "cat >/dev/null; cat state/runs/* >seen; : token-1234";
    let done = run(&mut enroll(&world, &["--to-command", line]));
    assert_eq!(done.code, 0, "{done:?}");
    let seen = std::fs::read_to_string(world.keys.home.path().join("seen")).unwrap();
    assert!(seen.contains(r#""undo":"take_back","program":"cat""#) && !seen.contains("token-1234"), "{seen}");
    done.never_says(&["token-1234"]);
}
