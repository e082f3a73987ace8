//! `delete`, `rename`, `password` and `reset`, as scripts run them.

use super::{KEY, fault, oath};
use crate::support::{Keys, protect, put, put_named, run, with_fd};
use glasskey::sim::oath_card::{What, When};
use serde_json::json;

const NOBODY: &str = "\
glasskey: error: a confirmation is needed, and nobody can be asked
glasskey: hint: --yes says yes
";

const NOT_KNOWN: &str = "\
glasskey: error: YubiKey 12345678 was pulled while it was in use
glasskey: hint: plug it in again
glasskey: it is not known whether the change was made; `glasskey oath list --key 12345678` shows
";

#[test]
fn delete_takes_the_whole_name_and_a_yes() {
    let keys = Keys::serve(1);
    put(keys.key(0), "Example:alice", false);
    put(keys.key(0), "AWS:123456789012/alice", false);
    let missing = "\
glasskey: error: there is no credential \"alice\" on YubiKey 12345678
glasskey: hint: `glasskey oath list --key 12345678` shows what is on it
";
    oath(&keys, &["delete", "alice", "--yes"]).is(3, "", missing);
    oath(&keys, &["delete", "Example:alice"]).is(5, "", NOBODY);
    oath(&keys, &["delete", "Example:alice", "--no-input"]).is(5, "", NOBODY);
    assert_eq!(keys.key(0).credentials().len(), 2);
    oath(&keys, &["delete", "Example:alice", "--yes"]).is(0, "", "  12345678  \"Example:alice\" removed\n");
    let warned = "\
glasskey: warning: \"AWS:123456789012/alice\" is named like an MFA device of AWS; without it this key can no longer sign in with that device
  12345678  \"AWS:123456789012/alice\" removed
";
    let run = oath(&keys, &["delete", "AWS:123456789012/alice", "--yes", "--json"]);
    assert_eq!((run.code, &*run.stderr), (0, warned));
    assert_eq!(
        run.json(),
        json!({ "type": "credential_deleted", "key": 12_345_678, "name": "AWS:123456789012/alice" })
    );
    assert_eq!(keys.key(0).credentials().len(), 0);
}

#[test]
fn a_credential_whose_name_is_not_utf_8_is_deleted_by_its_bytes() {
    let keys = Keys::serve(1);
    put(keys.key(0), "Example:J\u{fffd}rgen", false);
    let odd = glasskey::oath::Name::from_bytes(b"Example:J\xFCrgen").unwrap();
    put_named(keys.key(0), &odd, glasskey::totp::Kind::Totp, false);
    let listed = "Example:J\u{fffd}rgen\nExample:J\u{fffd}rgen  (not text: --id 4578616d706c653a4afc7267656e)\n";
    oath(&keys, &["list"]).is(0, listed, "");
    assert_eq!(oath(&keys, &["list", "--json"]).json()["credentials"][1]["id"], "4578616d706c653a4afc7267656e");
    let gone = "  12345678  \"Example:J\u{fffd}rgen\" removed\n";
    oath(&keys, &["delete", "--id", "4578616D706C653A4AFC7267656E", "--yes"]).is(0, "", gone);
    oath(&keys, &["list"]).is(0, "Example:J\u{fffd}rgen\n", "");

    // Named as it is shown, it is not found, and what it is deleted by is said.
    oath(&keys, &["delete", "Example:J\u{fffd}rgen", "--yes"]).is(0, "", gone);
    put_named(keys.key(0), &odd, glasskey::totp::Kind::Totp, false);
    let hint = "`glasskey oath delete --key 12345678 --id 4578616d706c653a4afc7267656e`";
    let missing = oath(&keys, &["delete", "Example:J\u{fffd}rgen", "--yes"]);
    assert_eq!((missing.code, missing.stderr.contains(hint)), (3, true), "{missing:?}");
    assert_eq!(oath(&keys, &["delete", "--id", "xyz", "--yes"]).code, 2);
    assert_eq!(oath(&keys, &["delete", "--id", "", "--yes"]).code, 2);
}

/// Every hint of a deletion is a command that a shell runs as it is printed.
#[test]
fn a_hint_works_as_it_is_printed() {
    let keys = Keys::serve(1);
    let names = ["Example:alice", "it's $HOME", "a \"b\" `c` \\ !", "-x", "--yes", "*"];
    for name in names {
        put(keys.key(0), name, false);
        let run = keys.run_with(["oath", "add", KEY, "--", name], b"JBSWY3DPEHPK3PXP");
        let hint = run.stderr.split_once("is there, `").and_then(|(_, rest)| rest.split_once("` removes it"));
        let (hint, _) = hint.unwrap_or_else(|| panic!("{run:?}"));
        let words =
            std::process::Command::new("sh").args(["-c", &format!("printf '%s\\0' {hint}")]).output().unwrap();
        let words: Vec<String> =
            String::from_utf8(words.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
        assert_eq!(words[0], "glasskey");
        let done = keys.run([&words[1..], &["--yes".to_owned()]].concat());
        assert_eq!((done.code, keys.key(0).credentials().len()), (0, 0), "{hint}: {done:?}");
    }
}

#[test]
fn a_pulled_key_leaves_it_open_whether_the_change_was_made() {
    for (ins, args) in [(0x02, &["delete", "a", "--yes"][..]), (0x05, &["rename", "a", "b"])] {
        let keys = Keys::serve(1);
        put(keys.key(0), "a", false);
        keys.key(0).fault(fault(ins, When::After, What::Pull));
        oath(&keys, args).is(4, "", NOT_KNOWN);
    }
}

#[test]
fn every_spelling_of_an_aws_device_is_warned_about() {
    let keys = Keys::serve(1);
    let aws = ["arn:aws:iam::123456789012:mfa/a", "Amazon Web Services:a@123456789012", "aws/iam/123456789012:a"];
    for (name, warns) in aws.map(|name| (name, true)).into_iter().chain([("AWSome:a", false)]) {
        put(keys.key(0), name, false);
        let run = oath(&keys, &["delete", name, "--yes"]);
        assert_eq!((run.code, run.stderr.starts_with("glasskey: warning: ")), (0, warns), "{run:?}");
    }
}

#[test]
fn rename_keeps_the_period_and_takes_no_taken_name() {
    let keys = Keys::serve(1);
    put(keys.key(0), "60/Example:alice", false);
    put(keys.key(0), "Example:bob", false);
    let run = oath(&keys, &["rename", "60/Example:alice", "Example:carol"]);
    run.is(0, "60/Example:carol\n", "  12345678  \"60/Example:alice\" is now \"60/Example:carol\"\n");
    let taken = oath(&keys, &["rename", "Example:bob", "Example:bob"]);
    assert_eq!(
        (taken.code, taken.stderr.starts_with("glasskey: error: a credential \"Example:bob\" is on")),
        (3, true)
    );
    let period = "glasskey: error: a credential's period cannot be changed by renaming it\n";
    oath(&keys, &["rename", "Example:bob", "60/Example:bob"]).is(2, "", period);
    let json = oath(&keys, &["rename", "Example:bob", "bob", "--json"]).json();
    assert_eq!(json, json!({ "type": "credential_renamed", "key": 12_345_678, "from": "Example:bob", "to": "bob" }));
    let long = oath(&keys, &["rename", "bob", &"x".repeat(65)]);
    assert_eq!(
        (long.code, long.stderr.lines().next().unwrap()),
        (2, "glasskey: error: the credential's name has 65 bytes; 64 fit")
    );
    assert_eq!(oath(&keys, &["rename", "nobody", "else"]).code, 3);
    assert_eq!(keys.key(0).credentials(), ["60/Example:carol", "bob"]);

    put(keys.key(0), "AWS:123456789012/alice", false);
    let warned = "\
glasskey: warning: under its new name, glasskey does not recognise it as an MFA device of AWS
  12345678  \"AWS:123456789012/alice\" is now \"work\"
";
    oath(&keys, &["rename", "AWS:123456789012/alice", "work"]).is(0, "work\n", warned);

    let old = Keys::firmware(5, 2, 4);
    put(old.key(0), "a", false);
    let cannot = "glasskey: error: the firmware of YubiKey 12345678 cannot do rename; 5.3.1 and later can\n";
    oath(&old, &["rename", "a", "b"]).is(3, "", cannot);
}

#[test]
fn a_password_is_set_changed_and_cleared_by_file_descriptor() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    let set = keys.glasskey(["oath", "password", "set", KEY, "--new-password-fd", "4"]);
    let done = "  12345678  password set, and the key accepts it
glasskey: a forgotten password cannot be recovered; `glasskey oath reset` would wipe the credentials too
";
    run(&mut with_fd(&set, 4, "first words\n")).is(0, "", done);
    assert_eq!(oath(&keys, &["list"]).code, 5);

    run(&mut with_fd(&set, 4, "second words\n")).is(5, "", LOCKED);
    let mut change =
        keys.glasskey(["oath", "password", "set", KEY, "--new-password-fd", "4", "--password-fd", "3", "--json"]);
    change = with_fd(&with_fd(&change, 4, "second words"), 3, "first words\r\n");
    let changed = run(&mut change);
    assert_eq!(changed.json(), json!({ "type": "oath_password", "key": 12_345_678, "password": true }));
    changed.never_says(&["first words", "second words"]);

    let clear = keys.glasskey(["oath", "password", "clear", KEY, "--password-fd", "3"]);
    let wrong = run(&mut with_fd(&clear, 3, "first words\n"));
    assert_eq!((wrong.code, wrong.stderr.starts_with("glasskey: error: that is not the OATH password")), (3, true));
    let cleared = "  12345678  password removed; whoever holds the key can read its codes\n";
    run(&mut with_fd(&clear, 3, "second words\n")).is(0, "", cleared);
    oath(&keys, &["password", "clear"]).is(0, "", "  12345678  has no password; nothing to do\n");
    oath(&keys, &["list"]).is(0, "a\n", "");
}

const LOCKED: &str = "\
glasskey: error: the OATH applet of YubiKey 12345678 has a password, and nobody can be asked for it
glasskey: hint: --password-stdin reads it from standard input, --password-fd FD from a file descriptor: one line per key
";

#[test]
fn a_new_password_must_come_from_somewhere() {
    let keys = Keys::serve(1);
    let nobody = "\
glasskey: error: the new password is needed, and nobody can be asked
glasskey: hint: --new-password-fd FD reads it from a file descriptor
";
    oath(&keys, &["password", "set"]).is(5, "", nobody);
    // A number that no terminal of a test running beside this one has: rexpect lets its own be inherited.
    let empty = "glasskey: error: there is no password to read on file descriptor 250\n";
    oath(&keys, &["password", "set", "--new-password-fd", "250"]).is(2, "", empty);
    let same = "glasskey: error: --new-password-fd and --password-fd must be two file descriptors\n";
    oath(&keys, &["password", "set", "--new-password-fd", "3", "--password-fd", "3"]).is(2, "", same);
    assert!(keys.key(0).log().iter().all(|command| command.ins != 0x03));
}

#[test]
fn reset_wipes_a_locked_key_too() {
    let keys = Keys::serve(1);
    put(keys.key(0), "AWS:123456789012/alice", false);
    put(keys.key(0), "Example:alice", false);
    let unnamed = "\
glasskey: error: with --yes, a reset needs the key's serial number
glasskey: hint: name the key with --key SERIAL
";
    keys.run(["oath", "reset", "--yes"]).is(2, "", unnamed);
    let warning = "glasskey: warning: 1 of the credentials is named like an MFA device of AWS; without it this key can no longer sign in\n";
    let nobody = "\
glasskey: error: the serial number must be typed in, and nobody can be asked
glasskey: hint: --yes together with --key 12345678 does without
";
    oath(&keys, &["reset"]).is(5, "", &format!("{warning}{nobody}"));
    assert_eq!(keys.key(0).credentials().len(), 2);
    protect(keys.key(0), "forgotten");
    let run = oath(&keys, &["reset", "--yes", "--json"]);
    let told = "glasskey: warning: it has a password, so whether a credential on it is an MFA device of AWS is not known\n  \
                12345678  reset: no credential and no password is on it\n";
    assert_eq!((run.code, &*run.stderr), (0, told));
    assert_eq!(run.json(), json!({ "type": "oath_reset", "key": 12_345_678, "credentials": null }));
    oath(&keys, &["list"]).is(0, "", "glasskey: there is no credential on YubiKey 12345678\n");
    // The journal of enrollments is another command's: none of these touched the state directory.
    assert!(!keys.state_dir().exists());
}
