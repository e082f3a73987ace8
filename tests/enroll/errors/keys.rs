//! Keys that are not there, not named, locked, full, too old or without the applet.

use super::{CREATED, PLAN, UNDONE, enroll, fails};
use crate::support::{Keys, Simulated, protect, put, run, with_fd};
use glasskey::keys::Applications;
use glasskey::sim::oath_card::{Options, Touch};
use std::time::Duration;

#[test]
fn no_key_is_plugged_in() {
    let world = Simulated::with_keys(1);
    world.keys.key(0).pull();
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: YubiKey 12345678 is not plugged in; no key is\n\
         glasskey: hint: the serial number is printed on the key\n",
    );
    assert!(world.actions().is_empty(), "AWS is not asked about a key that is not here");
}

#[test]
fn no_key_is_named() {
    let world = Simulated::with_keys(2);
    fails(
        &world,
        &mut world.glasskey(["enroll", "alice", "--yes"]),
        2,
        "glasskey: error: nowhere to put the seed\n\
         glasskey: hint: name a key with --key SERIAL (`glasskey keys` lists them), show a phone a QR code with --qr, \
         or use --escrow or --to-command\n",
    );
}

#[test]
fn the_serial_is_unknown() {
    let world = Simulated::with_keys(2);
    fails(
        &world,
        &mut world.glasskey(["enroll", "alice", "--yes", "--key", "11111111"]),
        3,
        "glasskey: error: YubiKey 11111111 is not plugged in; here are: 12345678, 12345679\n\
         glasskey: hint: the serial number is printed on the key; `glasskey keys` lists what is plugged in\n",
    );
}

#[test]
fn the_same_key_is_named_twice() {
    let world = Simulated::with_keys(1);
    fails(&world, &mut enroll(&world, &["--key", "12345678"]), 2, "glasskey: error: the same key is named twice\n");
}

#[test]
fn the_password_is_wrong() {
    let world = Simulated::with_keys(1);
    protect(world.keys.key(0), "right");
    let command = with_fd(&enroll(&world, &["--password-fd", "7"]), 7, "wrong\n");
    fails(
        &world,
        &mut { command },
        3,
        "glasskey: error: that is not the OATH password of YubiKey 12345678\n\
         glasskey: wrong tries are not counted; nothing is locked\n",
    );
}

#[test]
fn a_password_is_needed_and_nobody_can_be_asked() {
    let world = Simulated::with_keys(1);
    protect(world.keys.key(0), "right");
    fails(
        &world,
        &mut enroll(&world, &[]),
        5,
        "glasskey: error: the OATH applet of YubiKey 12345678 has a password, and nobody can be asked for it\n\
         glasskey: hint: --password-stdin reads it from standard input, --password-fd FD from a file descriptor: one line per key\n",
    );
}

#[test]
fn passwords_of_two_keys_come_line_by_line() {
    let world = Simulated::with_keys(2);
    protect(world.keys.key(0), "first");
    protect(world.keys.key(1), "second");
    let args = world.enroll_args().into_iter().chain(["--password-fd".to_owned(), "7".to_owned()]);
    let done = run(&mut with_fd(&world.glasskey(args), 7, "first\nsecond\n"));
    assert_eq!(done.code, 0, "{done:?}");
    done.never_says(&["first\n", "second"]);
    assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"));
    for key in world.keys.all() {
        assert_eq!(key.credentials(), [world.credential("alice")]);
    }
}

#[test]
fn the_key_is_full() {
    let world = Simulated::around(Keys::firmware(5, 4, 3));
    for nth in 0..32 {
        let _ = put(world.keys.key(0), &format!("Example:{nth}"), false);
    }
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: no free slot on YubiKey 12345678 (all 32 are used)\n\
         glasskey: hint: `glasskey oath list --key 12345678` shows what is on it\n",
    );
}

/// Fewer slots than its firmware promises, as other makers' keys have.
#[test]
fn the_key_turns_out_to_be_full() {
    let world = Simulated::around(Keys::of(vec![Options { capacity: Some(1), ..Options::new(12_345_678) }]));
    let _ = put(world.keys.key(0), "Example:somebody", false);
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        &format!(
            "{PLAN}{CREATED}glasskey: error: no free slot on YubiKey 12345678 (while writing to YubiKey 12345678)\n\
             glasskey: hint: `glasskey oath list --key 12345678` shows what is on it\n{UNDONE}"
        ),
    );
}

#[test]
fn a_credential_of_the_name_is_on_the_key_already() {
    let world = Simulated::with_keys(1);
    let _ = put(world.keys.key(0), &world.credential("alice"), false);
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: a credential \"AWS:ACCOUNT/alice\" is on YubiKey 12345678 already; it was not overwritten\n\
         glasskey: hint: --device-name NAME makes a device of another name beside it\n\
         glasskey: hint: where its device is gone from IAM, `glasskey oath delete --key 12345678 \"AWS:ACCOUNT/alice\"` removes it\n",
    );
}

/// Nor the factor of somebody else.
#[test]
fn another_users_device_is_on_this_key() {
    let world = Simulated::with_keys(1);
    assert_eq!(run(&mut enroll(&world, &[])).code, 0);
    let _ = world.aws.add_user("bob");
    let args = ["enroll", "bob", "--device-name", "alice", "--key", "12345678", "--yes", "--no-input"];
    let done = world.run(args);
    let says = format!("glasskey: error: {} exists already and is enabled for alice\n", world.arn("alice"));
    assert!(done.code == 3 && done.stderr.starts_with(&says) && !done.stderr.contains("delete"), "{done:?}");
}

/// Nobody is told to delete the factor they sign in with.
#[test]
fn enrolled_already_on_this_very_key() {
    let world = Simulated::with_keys(1);
    assert_eq!(run(&mut enroll(&world, &[])).code, 0);
    let again = run(&mut enroll(&world, &[]));
    assert_eq!(again.code, 3, "{again:?}");
    let says = format!("glasskey: error: {} exists already and is enabled for alice\n", world.arn("alice"));
    assert!(again.stderr.starts_with(&says) && !again.stderr.contains("delete"), "{again:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn the_firmware_cannot_ask_for_a_touch() {
    let world = Simulated::around(Keys::firmware(4, 1, 0));
    fails(
        &world,
        &mut enroll(&world, &["--touch"]),
        3,
        "glasskey: error: the firmware of YubiKey 12345678 cannot do touch; 4.2.6 and later can\n",
    );
}

#[test]
fn the_applet_is_disabled() {
    let usb = Applications(Applications::ALL.0 & !Applications::OATH.0);
    let world = Simulated::around(Keys::of(vec![Options { usb, ..Options::new(12_345_678) }]));
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: YubiKey 12345678 has no OATH applet, or it is disabled over this interface\n\
         glasskey: hint: `glasskey keys` shows what is enabled; `ykman config usb --enable OATH` enables it\n",
    );
}

#[test]
fn nobody_touches_the_key() {
    let world = Simulated::with_keys(1);
    world.keys.key(0).set_touch(Touch::Never(Duration::from_millis(50)));
    let plan = PLAN.replace("/alice\"\n", "/alice\", with touch\n");
    fails(
        &world,
        &mut enroll(&world, &["--touch"]),
        5,
        &format!(
            "{plan}{CREATED}  touch     YubiKey 12345678 now: it blinks\n\
             glasskey: error: nobody touched YubiKey 12345678 in time (while proving YubiKey 12345678)\n{UNDONE}"
        ),
    );
}
