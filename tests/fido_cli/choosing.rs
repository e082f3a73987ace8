//! Exactly one key, and never one that was not meant.

use crate::support::{FidoKeys, Typist};
use glasskey::sim::authenticator::{Options, Touch};
use std::time::Duration;

/// Long enough that the key says that it waits.
const SOON: Touch = Touch::After(Duration::from_millis(200));

#[test]
fn no_key_is_an_answer_to_list_and_an_error_to_the_rest() {
    let none = FidoKeys::serve(0);
    none.run("fido list").is(0, "", "glasskey: no FIDO2 key is plugged in\n");
    none.run("fido blink").is(
        3,
        "",
        "glasskey: error: no FIDO2 key is plugged in\n\
         glasskey: hint: plug one in; `glasskey fido list` shows what is seen, and `glasskey simulate` makes software keys to try with\n",
    );
}

#[test]
fn keys_are_listed_with_their_pins() {
    let keys = FidoKeys::of([Options::new(12_345_678), Options::preview(23_456_789)]);
    keys.run_with_pins("fido pin set --key 12345678 --new-pin-fd 3", &["1357-9"]).is(
        0,
        "",
        "  12345678  PIN set, and the key accepts it\n\
         glasskey: a forgotten PIN cannot be recovered; `glasskey fido reset` would wipe the credentials too\n",
    );
    let (one, two) = (keys.path(0), keys.path(1));
    let width = one.len();
    keys.run("fido list").is(
        0,
        &format!(
            "SERIAL    MODEL           FIRMWARE  PIN           {:<width$}  NOTES\n\
             12345678  YubiKey 5C NFC  5.7.4     PIN set, 8/8  {one}\n\
             23456789  YubiKey 5C NFC  5.4.3     no PIN        {two}  \
             YSA-2024-03 touches FIDO2 and PIV, not TOTP; YSA-2025-02 may touch FIDO2, not TOTP or PIV\n",
            "DEVICE"
        ),
        "",
    );
}

#[test]
fn one_of_two_must_be_named() {
    let keys = FidoKeys::serve(2);
    keys.key(1).set_touch(SOON);
    keys.run("fido blink").is(
        2,
        "",
        "glasskey: error: more than one FIDO2 key is plugged in: 12345678, 12345679\n\
         glasskey: hint: name one with --key SERIAL, or with --key PATH where it tells no serial number\n",
    );
    keys.run("fido blink --key 12345679").is(
        0,
        "",
        "  touch     YubiKey 12345679 now: it blinks\n  12345679  it was touched\n",
    );
    assert_eq!((keys.key(0).winks(), keys.key(1).winks()), (0, 1));
    let path = keys.path(0);
    assert_eq!(keys.run(&format!("fido blink --key {path}")).code, 0);
    assert_eq!((keys.key(0).winks(), keys.key(1).winks()), (1, 1));
}

#[test]
fn a_key_that_is_not_here_is_told_with_those_that_are() {
    let keys = FidoKeys::serve(2);
    keys.run("fido blink --key 1").is(
        3,
        "",
        "glasskey: error: YubiKey 1 is not plugged in, or not as a FIDO2 key; here are: 12345678, 12345679\n\
         glasskey: hint: the serial number is printed on the key; `glasskey fido list` shows what is plugged in\n",
    );
    // A path that is no FIDO device is not opened: it may be a keyboard.
    let (one, two) = (keys.path(0), keys.path(1));
    keys.run("fido blink --key /dev/null").is(
        3,
        "",
        &format!(
            "glasskey: error: there is no FIDO2 key at /dev/null; here are: {one}, {two}\n\
             glasskey: hint: `glasskey fido list` shows what is plugged in\n"
        ),
    );
    let run = keys.run("fido blink --key alice");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("a serial number is digits only"), "{}", run.stderr);
}

#[test]
fn a_key_without_a_serial_number_is_named_by_its_device() {
    let keys = FidoKeys::of([Options { serial: None, ..Options::new(1) }]);
    keys.key(0).set_touch(SOON);
    let path = keys.path(0);
    keys.run("fido blink").is(
        0,
        "",
        &format!("  touch     the key at {path} now: it blinks\n  {path} it was touched\n"),
    );
    let json = keys.run("fido blink --json").json();
    assert_eq!((json["key"].is_null(), json["path"].as_str()), (true, Some(&*path)));
}

#[test]
fn the_only_key_is_written_only_when_it_is_confirmed() {
    let keys = FidoKeys::serve(1);
    keys.run_with_pins("fido pin set --new-pin-fd 3", &["1357-9"]).is(
        5,
        "",
        "glasskey: error: is YubiKey 12345678 (YubiKey 5C NFC) meant? Nobody can be asked\n\
         glasskey: hint: name it with --key 12345678\n",
    );
    let mut person = Typist::start(&keys.bare(["fido", "pin", "set"]));
    person.sees("Write to YubiKey 12345678 (YubiKey 5C NFC), the only FIDO2 key here? [y/N] ").types("n");
    let (_, run) = person.end();
    run.is(3, "", "glasskey: error: not confirmed; nothing was done\n");
    assert!(!keys.key(0).has_pin());
    let mut person = Typist::start(&keys.bare(["fido", "pin", "set"]));
    person.sees("the only FIDO2 key here? [y/N] ").types("y");
    person.sees("New PIN for YubiKey 12345678 (at least 4 characters): ").types("1357-9");
    person.sees("The same again: ").types("1357-9");
    let (terminal, run) = person.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!terminal.contains("1357-9"));
    assert!(keys.key(0).pin_is("1357-9"));
}
