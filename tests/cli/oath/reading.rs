//! `list`, `info`, `code`, and choosing the key.

use super::{fault, oath};
use crate::support::{Keys, protect, put, put_as, run, with_fd};
use glasskey::sim::oath_card::{Options, Touch, What, When};
use glasskey::totp::{self, Kind, Params, Step};
use serde_json::json;
use std::time::Duration;

const NOON: &str = "1795435200";

#[test]
fn list_prints_one_id_a_line() {
    let keys = Keys::serve(1);
    keys.run(["oath", "list"]).is(0, "", "glasskey: there is no credential on YubiKey 12345678\n");
    put(keys.key(0), "AWS:123456789012/alice", false);
    put(keys.key(0), "60/Example:bob", true);
    put_as(keys.key(0), "counter", Kind::Hotp { counter: 3 }, false);
    put(keys.key(0), "evil\u{1b}[2J\u{202e}", false);
    let lines = "AWS:123456789012/alice\n60/Example:bob\ncounter\nevil\\u{1b}[2J\\u{202e}\n";
    oath(&keys, &["list"]).is(0, lines, "");
    let json = oath(&keys, &["list", "--json"]).json();
    assert_eq!((&json["type"], &json["key"]), (&json!("credentials"), &json!(12_345_678)));
    assert_eq!(
        json["credentials"].as_array().unwrap()[..3],
        [
            json!({ "name": "AWS:123456789012/alice", "issuer": "AWS", "account": "123456789012/alice", "kind": "totp", "period": 30, "algorithm": "SHA1" }),
            json!({ "name": "60/Example:bob", "issuer": "Example", "account": "bob", "kind": "totp", "period": 60, "algorithm": "SHA1" }),
            json!({ "name": "counter", "issuer": null, "account": "counter", "kind": "hotp", "period": null, "algorithm": "SHA1" }),
        ]
    );
}

#[test]
fn info_needs_no_password() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", true);
    let open = keys.run(["oath", "info"]);
    assert!(
        open.stdout.contains("password   none\nslots      1 of 64 used\ntouch      1 of them ask for one\n"),
        "{open:?}"
    );
    protect(keys.key(0), "secret");
    let locked = keys.run(["oath", "info"]);
    assert!(
        locked
            .stdout
            .starts_with("key        YubiKey 5C NFC 12345678\nfirmware   5.7.1\napplet     5.7.1\ndevice id  ")
    );
    assert!(
        locked
            .stdout
            .ends_with("password   set\nslots      64; how many are used cannot be read without the password\n")
    );
    let json = keys.run(["oath", "info", "--json"]).json();
    assert_eq!((&json["type"], &json["password"], &json["used"]), (&json!("oath_info"), &json!(true), &json!(null)));
    assert_eq!(json["device_id"].as_str().unwrap().len(), 22);
}

#[test]
fn one_code_stands_alone_on_stdout() {
    let keys = Keys::serve(1);
    let seed = put(keys.key(0), "AWS:123456789012/alice", false);
    put(keys.key(0), "Example:alice", false);
    let code = totp::code(&seed, totp::AWS, Step(1_795_435_200 / 30)).expose().to_owned();
    for name in ["AWS:123456789012/alice", "aws", "12/AL"] {
        oath(&keys, &["code", name, "--at", NOON]).is(0, &format!("{code}\n"), "AWS:123456789012/alice\n");
    }
    oath(&keys, &["code", "aws", "--at", "2026-11-23T12:00:00Z"]).is(
        0,
        &format!("{code}\n"),
        "AWS:123456789012/alice\n",
    );
    let json = oath(&keys, &["code", "aws", "--at", NOON, "--json"]);
    assert_eq!(json.stderr, "");
    let expected = json!({
        "type": "codes", "key": 12_345_678, "at": 1_795_435_200, "codes": [{
            "name": "AWS:123456789012/alice", "issuer": "AWS", "account": "123456789012/alice", "kind": "totp",
            "period": 30, "code": code, "needs": null, "valid_from": 1_795_435_200, "valid_until": 1_795_435_230,
        }],
    });
    assert_eq!(json.json(), expected);

    let now = oath(&keys, &["code", "aws"]);
    let left: u64 =
        now.stderr.strip_prefix("AWS:123456789012/alice  (").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((1..=30).contains(&left) && now.stdout.len() == 7, "{now:?}");
}

#[test]
fn a_name_is_exact_before_it_is_a_part() {
    let keys = Keys::serve(1);
    let seed = put(keys.key(0), "alice", false);
    put(keys.key(0), "Example:alice", false);
    let code = totp::code(&seed, totp::AWS, Step(0)).expose().to_owned();
    oath(&keys, &["code", "alice", "--at", "0"]).is(0, &format!("{code}\n"), "alice\n");
    let several = "\
glasskey: error: 2 credentials have \"ALICE\" in their names: alice, Example:alice
glasskey: hint: give the whole name of one, or more of it
";
    oath(&keys, &["code", "ALICE"]).is(2, "", several);
    let none = "\
glasskey: error: no credential on YubiKey 12345678 has \"bob\" in its name
glasskey: hint: `glasskey oath list --key 12345678` shows what is on it
";
    oath(&keys, &["code", "bob"]).is(3, "", none);
    for wrong in ["noon", "2026-11-23", "-5", "1969-12-31T23:59:59Z"] {
        let error = format!(
            "glasskey: error: \"{wrong}\" is not a moment\nglasskey: hint: write it as 2026-11-23T14:03:00Z, or as seconds since the Unix epoch\n"
        );
        oath(&keys, &["code", "alice", &format!("--at={wrong}")]).is(2, "", &error);
    }
}

#[test]
fn all_codes_are_shown_without_asking_for_anything() {
    let keys = Keys::serve(1);
    let plain = put(keys.key(0), "AWS:123456789012/alice", false);
    let minute = put(keys.key(0), "60/Example:bob", false);
    put(keys.key(0), "touched", true);
    put_as(keys.key(0), "counter", Kind::Hotp { counter: 3 }, false);
    let first = totp::code(&plain, totp::AWS, Step(1_795_435_200 / 30));
    let second = totp::code(&minute, Params { period: 60, ..totp::AWS }, Step(1_795_435_200 / 60));
    let all = format!(
        "{}    AWS:123456789012/alice\n{}    60/Example:bob\n[touch]   touched\n[HOTP]    counter\n",
        first.expose(),
        second.expose()
    );
    oath(&keys, &["code", "--all", "--at", NOON]).is(0, &all, "");
    let json = oath(&keys, &["code", "--all", "--at", NOON, "--json"]).json();
    let needs: Vec<_> = json["codes"].as_array().unwrap().iter().map(|one| one["needs"].as_str()).collect();
    assert_eq!(needs, [None, None, Some("touch"), Some("counter")]);
    assert_eq!(json["codes"][3]["valid_until"], json!(null));
    assert!(oath(&keys, &["code", "--all"]).stdout.contains(" s left)\n"));
}

#[test]
fn a_touch_is_asked_for_in_time() {
    let keys = Keys::serve(1);
    let seed = put(keys.key(0), "touched", true);
    let code = totp::code(&seed, totp::AWS, Step(0)).expose().to_owned();
    let touch = "  touch     YubiKey 12345678 now: it blinks\n";
    oath(&keys, &["code", "touched", "--at", "0"]).is(0, &format!("{code}\n"), &format!("{touch}touched\n"));
    keys.key(0).set_touch(Touch::Never(Duration::ZERO));
    let never = format!("{touch}glasskey: error: nobody touched YubiKey 12345678 in time\n");
    oath(&keys, &["code", "touched"]).is(5, "", &never);
}

#[test]
fn hotp_uses_up_one_code() {
    let keys = Keys::serve(1);
    put_as(keys.key(0), "counter", Kind::Hotp { counter: 3 }, false);
    let first = oath(&keys, &["code", "counter"]);
    assert_eq!((first.code, &*first.stderr, first.stdout.len()), (0, "counter\n", 7));
    assert_ne!(oath(&keys, &["code", "counter", "--json"]).json()["codes"][0]["code"], first.stdout.trim());
    let error = "glasskey: error: an HOTP credential counts events; --at means nothing to it\n";
    oath(&keys, &["code", "counter", "--at", "0"]).is(2, "", error);
}

#[test]
fn exactly_one_key_is_chosen() {
    let keys = Keys::serve(2);
    let several = "\
glasskey: error: more than one key is plugged in: 12345678, 12345679
glasskey: hint: name one with --key SERIAL
";
    for args in [&["oath", "list"][..], &["oath", "info"], &["oath", "code", "--all"], &["oath", "delete", "a"]] {
        keys.run(args).is(2, "", several);
    }
    let unknown = "\
glasskey: error: YubiKey 1 is not plugged in; here are: 12345678, 12345679
glasskey: hint: the serial number is printed on the key; `glasskey keys` lists what is plugged in
";
    keys.run(["oath", "list", "--key", "1"]).is(3, "", unknown);
    keys.key(0).pull();
    keys.run(["oath", "list"]).is(0, "", "glasskey: there is no credential on YubiKey 12345679\n");
    keys.key(1).pull();
    let none = "\
glasskey: error: no key is plugged in
glasskey: hint: plug one in; `glasskey keys` shows what is seen, and `glasskey simulate` makes software keys to try with
";
    keys.run(["oath", "list"]).is(3, "", none);
    let json = keys.run(["oath", "list", "--json"]);
    assert_eq!((&json.json()["code"], &json.json()["exit"], json.code), (&json!("no_key"), &json!(3), 3));
    assert_eq!(json.stderr, none);
}

#[test]
fn a_key_that_hides_its_serial_number_says_what_makes_it_tell() {
    let keys = Keys::of(vec![Options { serial: None, ..Options::new(12_345_678) }]);
    let done = keys.run(["oath", "list"]);
    let hint = "glasskey: hint: `ykman otp settings --serial-usb-visible SLOT` makes it tell, where SLOT (1 or 2) is \
                programmed; it resets the other settings of that slot\n";
    assert!(done.code == 3 && done.stderr.ends_with(hint), "{done:?}");
    // Of several keys all are named, this one too.
    let keys = Keys::of(vec![
        Options::new(12_345_678),
        Options::new(12_345_679),
        Options { serial: None, ..Options::new(1) },
    ]);
    let done = keys.run(["oath", "list"]);
    let all =
        "glasskey: error: more than one key is plugged in: 12345678, 12345679, one that hides its serial number\n";
    assert!(done.code == 2 && done.stderr.starts_with(all), "{done:?}");
}

#[test]
fn a_locked_key_needs_its_password() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    protect(keys.key(0), "correct horse");
    let nobody = "\
glasskey: error: the OATH applet of YubiKey 12345678 has a password, and nobody can be asked for it
glasskey: hint: --password-stdin reads it from standard input, --password-fd FD from a file descriptor: one line per key
";
    oath(&keys, &["list", "--no-input"]).is(5, "", nobody);
    oath(&keys, &["code", "--all"]).is(5, "", nobody);
    let list = keys.glasskey(["oath", "list", "--password-fd", "3"]);
    run(&mut with_fd(&list, 3, "correct horse\n")).is(0, "a\n", "");
    let wrong = "\
glasskey: error: that is not the OATH password of YubiKey 12345678
glasskey: wrong tries are not counted; nothing is locked
";
    run(&mut with_fd(&list, 3, "battery staple\n")).is(3, "", wrong).never_says(&["battery staple"]);
}

#[test]
fn a_key_pulled_in_the_middle_is_said_to_be() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    let pulled =
        "glasskey: error: YubiKey 12345678 was pulled while it was in use\nglasskey: hint: plug it in again\n";
    keys.key(0).fault(fault(0xA1, When::Before, What::Pull));
    oath(&keys, &["list"]).is(3, "", pulled);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    for args in ["keys", "oath list", "oath code --all", "keys --json"] {
        let mut shell = std::process::Command::new("sh");
        let command = keys.glasskey(args.split(' '));
        shell.args(["-c", r#"{ "$0" "$@"; echo $? >code; } | true; cat code"#]).arg(command.get_program());
        shell.args(command.get_args()).env_clear().current_dir(keys.home.path());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        run(&mut shell).is(0, "0\n", "");
    }
}
