//! `fido prepare`: each step says what it did, and a run that was cut short is completed by the next one.

use super::roots_of;
use crate::support::fido::PIN;
use crate::support::{FIRST, FidoKeys, Run, Typist, glasskey, run, with_fd};
use glasskey::sim::authenticator::{Attestation, Authority, Fault, On, Options, SoftAuthenticator, What, When};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const GENUINE: &str = "  genuine   YubiKey 5 Series with NFC, attested by Simulated Attestation Root 1\n";

/// `fido prepare` of the first key with its roots trusted.
fn line(keys: &FidoKeys, more: &str) -> String {
    format!("fido prepare --key 12345678 --attestation-roots {} {more}", roots_of(keys, 0))
}

#[test]
fn a_new_key_is_made_ready_by_a_person() {
    let keys = FidoKeys::serve(1);
    let command = keys.bare(line(&keys, "--min-pin-length 8 --always-uv").split_whitespace());
    let mut person = Typist::start(&command);
    person.sees("New PIN for YubiKey 12345678 (at least 8 characters): ").types("long-enough");
    person.sees("The same again: ").types("long-enough");
    let (terminal, run) = person.end();
    assert!(!terminal.contains("long-enough"));
    run.never_says(&["long-enough"]).is(
        0,
        "\
key          YubiKey 12345678
model        YubiKey 5C NFC, firmware 5.7.4
genuine      YubiKey 5 Series with NFC, attested by Simulated Attestation Root 1, a root that you brought
certified    FIDO certified L2
metadata     number 237, good until 2026-04-01; a newer one is out, which --mds FILE brings
PIN          set; at least 8 characters
always-UV    on
free slots   100
",
        &format!(
            "{GENUINE}  PIN       set\n  PIN       at least 8 characters from now on\n  \
             always-UV on from now on: nothing works without the PIN\n  ready     100 discoverable slots free\n"
        ),
    );
    assert!(keys.key(0).pin_is("long-enough"));
    assert!(keys.key(0).credentials().iter().all(|one| !one.discoverable));
    // Once more: everything is done already.
    let again = keys.run_with_pins(&line(&keys, "--min-pin-length 8 --always-uv --pin-fd 3"), &["long-enough"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(
        again.stderr,
        format!(
            "{GENUINE}  PIN       right\n  PIN       at least 8 characters already\n  always-UV on already\n  \
             ready     100 discoverable slots free\n"
        )
    );
}

#[test]
fn json_has_the_record_of_the_key() {
    let keys = FidoKeys::with_pin();
    let json = keys.run_with_pin(&line(&keys, "--json")).never_says(&[PIN]).json();
    let key = &json["keys"][0];
    assert_eq!((&key["key"], &key["pin"], &key["min_pin_length"]), (&json!(12_345_678), &json!("right"), &json!(4)));
    assert_eq!((&key["attestation"]["genuine"], &key["always_uv"]), (&json!(true), &json!(false)));
    assert_eq!((&key["firmware"], &key["advisories"]), (&json!("5.7.4"), &json!([])));
    // Another maker's key of CTAP 2.0 says nothing of its firmware.
    let other = FidoKeys::with_pins([Options { device_info: false, ..Options::old(FIRST) }]);
    let more = format!("--json --attestation-roots {}", roots_of(&other, 0));
    let run = other.run_with_pin(&format!("fido prepare --key {} {more}", other.path(0)));
    assert!(run.stderr.starts_with("  advisory  not known: the key does not tell its firmware\n"), "{run:?}");
    assert_eq!((&run.json()["keys"][0]["advisories"], &run.json()["keys"][0]["key"]), (&json!(null), &json!(null)));
}

#[test]
fn a_pin_shorter_than_the_new_minimum_is_changed() {
    let keys = FidoKeys::with_pin();
    let short = line(&keys, "--min-pin-length 8 --pin-fd 3 --new-pin-fd 3");
    let run = keys.run_with_pins(&short, &[PIN, "twelve-chars"]);
    assert_eq!(
        (run.code, &*run.stderr),
        (
            0,
            &*format!(
                "{GENUINE}  PIN       right\n  PIN       at least 8 characters from now on\n  PIN       changed\n  \
                 ready     100 discoverable slots free\n"
            )
        )
    );
    assert!(keys.key(0).pin_is("twelve-chars"));
}

#[test]
fn a_new_pin_that_is_missing_is_given_to_the_next_run() {
    let keys = FidoKeys::with_pin();
    // The key has its new minimum, and wants another PIN for it; nobody gives one.
    let run = keys.run_with_pin(&line(&keys, "--min-pin-length 8"));
    assert_eq!(
        (run.code, &*run.stderr),
        (
            4,
            &*format!(
                "{GENUINE}  PIN       right\n  PIN       at least 8 characters from now on\n\
                 glasskey: error: YubiKey 12345678 needs a new PIN, and nobody can be asked for it\n\
                 glasskey: hint: run the command on a terminal, or give it with --new-pin-fd FD\n\
                 glasskey: hint: the same command goes on from here\n\
                 glasskey: done before this: a PIN has at least 8 characters\n"
            )
        )
    );
    let again = line(&keys, "--min-pin-length 8 --pin-fd 3 --new-pin-fd 3");
    let run = keys.run_with_pins(&again, &[PIN, "twelve-chars"]);
    assert_eq!((run.code, keys.key(0).pin_is("twelve-chars")), (0, true), "{run:?}");
}

#[test]
fn a_pin_is_changed_on_request() {
    let keys = FidoKeys::with_pin();
    let change = line(&keys, "--change-pin --pin-fd 3 --new-pin-fd 3");
    let run = keys.run_with_pins(&change, &[PIN, "another-one"]);
    let told = format!("{GENUINE}  PIN       changed\n  ready     100 discoverable slots free\n");
    assert_eq!((run.code, run.stderr), (0, told));
    assert!(keys.key(0).pin_is("another-one"));
}

#[test]
fn a_wrong_pin_ends_it_and_is_counted() {
    let keys = FidoKeys::with_pin();
    let run = keys.run_with_pins(&line(&keys, "--pin-fd 3"), &["wrong"]);
    run.is(
        3,
        "",
        &format!("{GENUINE}glasskey: error: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n"),
    );
}

#[test]
fn a_key_that_is_not_genuine_gets_no_pin() {
    let keys = FidoKeys::serve(1);
    for (kind, why) in [
        (Attestation::Own, "the key vouches for itself, which proves nothing"),
        (Attestation::CaLeaf, "the attestation's certificate is an authority's, not a key's"),
    ] {
        keys.key(0).set_attestation(kind);
        keys.run_with_pins(&line(&keys, "--new-pin-fd 3"), &["some-new-pin"]).is(
            1,
            "",
            &format!(
                "glasskey: error: YubiKey 12345678 is not shown to be genuine: {why}\n\
                 glasskey: hint: do not rely on this key before its seller has explained this\n"
            ),
        );
    }
    assert!(!keys.key(0).has_pin());
}

#[test]
fn advisories_come_first_and_what_the_firmware_cannot_do_is_said_before_anything() {
    let keys = FidoKeys::of([Options::preview(FIRST)]);
    let run = keys.run_with_pins(&line(&keys, "--new-pin-fd 3"), &["some-new-pin"]);
    assert_eq!(run.code, 0, "{run:?}");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines[0].starts_with("  advisory  YSA-2024-03: FIDO2 is affected: someone who has the key"), "{run:?}");
    assert!(lines[1].starts_with("  advisory  YSA-2025-02: FIDO2 may be affected: "), "{run:?}");
    assert!(lines[2].starts_with("  genuine   "), "{run:?}");
    assert!(run.stdout.contains("advisory     YSA-2024-03\nadvisory     YSA-2025-02\n"), "{run:?}");

    let fresh = FidoKeys::of([Options::preview(FIRST)]);
    fresh.run_with_pins(&line(&fresh, "--new-pin-fd 3 --min-pin-length 6"), &["some-new-pin"]).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 cannot do a minimum PIN length\n",
    );
    fresh.run_with_pins(&line(&fresh, "--new-pin-fd 3 --always-uv"), &["some-new-pin"]).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 cannot do always verifying the user\n",
    );
    assert!(!fresh.key(0).has_pin() && fresh.key(0).credentials().is_empty());
}

#[test]
fn a_key_that_makes_nothing_without_its_pin_gets_it_before_it_is_attested() {
    let keys = FidoKeys::of([Options { always_uv: Some(true), ..Options::new(FIRST) }]);
    let run = keys.run_with_pins(&line(&keys, "--new-pin-fd 3"), &["some-new-pin"]);
    let told = format!("  PIN       set\n{GENUINE}  ready     100 discoverable slots free\n");
    assert_eq!((run.code, run.stderr), (0, told));
}

fn pair() -> (FidoKeys, String) {
    let authority = Authority::generate();
    let of = |serial| Options { authority: Some(authority.clone()), ..Options::new(serial) };
    let keys = FidoKeys::of([of(FIRST), of(FIRST + 1)]);
    let roots = roots_of(&keys, 0);
    (keys, format!("--attestation-roots {roots} --new-pin-fd 3"))
}

#[test]
fn two_keys_are_made_ready_one_after_the_other() {
    let (keys, more) = pair();
    let both = format!("fido prepare --pair --key 12345678 --key 12345679 {more}");
    let run = keys.run_with_pins(&both, &["first-pin", "second-pin"]);
    let steps = format!("{GENUINE}  PIN       set\n  ready     100 discoverable slots free\n");
    assert_eq!((run.code, &*run.stderr), (0, &*format!("YubiKey 12345678:\n{steps}YubiKey 12345679:\n{steps}")));
    assert!(keys.key(0).pin_is("first-pin") && keys.key(1).pin_is("second-pin"));
    assert_eq!(run.stdout.matches("key          YubiKey").count(), 2);
    let json = keys.run_with_pins(&format!("{both} --json --pin-fd 3"), &["first-pin", "second-pin"]).json();
    assert_eq!(json["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_pair_is_two_different_keys() {
    let (keys, more) = pair();
    let same = "glasskey: error: both keys are YubiKey 12345678: a pair needs two different ones\n\
                glasskey: hint: plug both in, and name each by its own serial number\n";
    keys.run(&format!("fido prepare --pair --key 12345678 --key 12345678 {more}")).is(2, "", same);
    // Under another name it is the same key all the same.
    keys.run(&format!("fido prepare --pair --key 12345678 --key {} {more}", keys.path(0))).is(2, "", same);
    keys.run(&format!("fido prepare --pair --key 12345678 {more}")).is(
        2,
        "",
        "glasskey: error: --pair needs two keys\nglasskey: hint: name both: --key ONE --key OTHER\n",
    );
    assert!(!keys.key(0).has_pin() && !keys.key(1).has_pin());
}

#[test]
fn the_second_key_of_a_pair_fails_and_the_first_stays_ready() {
    let (keys, more) = pair();
    keys.key(1).set_attestation(Attestation::None);
    let both = format!("fido prepare --pair --key 12345678 --key 12345679 {more}");
    let run = keys.run_with_pins(&both, &["first-pin", "second-pin"]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.ends_with("glasskey: YubiKey 12345678 is ready\n"), "{run:?}");
    assert!(keys.key(0).pin_is("first-pin") && !keys.key(1).has_pin());
}

fn replug(key: &SoftAuthenticator) {
    key.pull();
    key.plug_in();
}

/// Whatever a first run had come to, a second one completes it: the PIN is the new one if it was set, and none if not.
fn completed_by_the_next(keys: &FidoKeys, run: &Run) {
    let all = line(keys, "--min-pin-length 8 --always-uv --pin-fd 3 --new-pin-fd 3");
    let set = keys.key(0).has_pin();
    if run.code != 4 {
        assert!(run.stdout.is_empty(), "{run:?}");
    }
    let again = keys.run_with_pins(&all, &["long-enough", "long-enough"]);
    assert_eq!(again.code, 0, "PIN set: {set}\n{run:?}\n{again:?}");
    assert!(keys.key(0).pin_is("long-enough"));
}

#[test]
fn a_key_pulled_at_any_moment_is_made_ready_by_the_next_run() {
    let mut struck = 0;
    for when in [When::Before, When::After] {
        for nth in 1.. {
            let keys = FidoKeys::serve(1);
            keys.key(0).fault(Fault { on: On::Message(nth), when, what: What::Pull });
            let all = line(&keys, "--min-pin-length 8 --always-uv --new-pin-fd 3");
            let run = keys.run_with_pins(&all, &["long-enough"]);
            if keys.key(0).faults_left() > 0 {
                assert_eq!(run.code, 0, "{run:?}");
                break;
            }
            struck += 1;
            assert!(matches!(run.code, 3 | 4), "{run:?}");
            // Nothing is left unsaid: a PIN that is on the key is known to be, or said to be in doubt.
            if keys.key(0).has_pin() {
                let said = ["the PIN is set", "it is not known whether"].iter().any(|word| run.stderr.contains(word));
                assert!(run.code == 4 && said, "{run:?}");
            }
            replug(keys.key(0));
            completed_by_the_next(&keys, &run);
        }
    }
    assert!(struck > 30, "{struck}");
}

#[test]
fn interrupted_at_a_prompt_it_goes_on_from_there() {
    let keys = FidoKeys::serve(1);
    let mut person = Typist::start(&keys.bare(line(&keys, "").split_whitespace()));
    person.sees("New PIN for YubiKey 12345678 (at least 4 characters): ").interrupts();
    person.end().1.is(130, "", &format!("{GENUINE}glasskey: error: interrupted\n"));
    assert!(!keys.key(0).has_pin());

    let mut person = Typist::start(&keys.bare(line(&keys, "--min-pin-length 8").split_whitespace()));
    person.sees("(at least 8 characters): ").types("long-enough").sees("again: ").types("long-enough");
    assert_eq!(person.end().1.code, 0);
}

#[test]
fn simulated_keys_are_prepared_as_the_runbook_says() {
    let home = tempfile::tempdir().unwrap();
    let mut simulation = glasskey(home.path());
    let simulation =
        simulation.args(["simulate", "--json", "--keys", "2"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = simulation.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said = crate::support::schemas::read(line.as_bytes());
    let fido = said["environment"]["GLASSKEY_FIDO"].as_str().unwrap();
    let there = |args: &str| {
        let mut command = glasskey(home.path());
        command.args(args.split_whitespace()).env("GLASSKEY_FIDO", fido);
        command
    };
    let listed = run(&mut there("fido list --json")).json();
    let serials: Vec<String> =
        listed["keys"].as_array().unwrap().iter().map(|key| key["serial"].to_string()).collect();
    let [first, second] = serials.as_slice() else { panic!("{listed}") };
    let both = there(&format!(
        "fido prepare --pair --key {first} --key {second} --attestation-roots {fido}/attestation-roots.pem --new-pin-fd 3"
    ));
    let prepared = run(&mut with_fd(&both, 3, "first-pin\nsecond-pin\n"));
    let stopped = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success() && child.wait().unwrap().success());
    assert_eq!((prepared.code, prepared.stderr.matches("  ready  ").count()), (0, 2), "{prepared:?}");
}
