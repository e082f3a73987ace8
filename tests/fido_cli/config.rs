//! How a key behaves: each setting, said before and held to afterwards.

use crate::support::fido::PIN;
use crate::support::{FidoKeys, Typist};
use glasskey::sim::authenticator::Options;

#[test]
fn always_verifying_is_switched_on_and_off() {
    let keys = FidoKeys::with_pin();
    let set = |state: &str| keys.run_with_pin(&format!("fido config always-uv {state} --key 12345678"));
    for (state, line) in [
        ("on", "always verifies its user from now on, for every registration and sign-in"),
        ("on", "always verifies its user already; nothing to do"),
        ("off", "leaves it to the relying party whether its user is verified"),
        ("off", "leaves it to the relying party already; nothing to do"),
    ] {
        set(state).is(0, "", &format!("  12345678  {line}\n"));
        let on = keys.run("fido info --json").json()["options"]["on"].to_string().contains("alwaysUv");
        assert_eq!(on, state == "on");
    }
}

#[test]
fn a_key_without_a_pin_is_not_made_to_always_ask_for_it() {
    let keys = FidoKeys::serve(1);
    keys.run("fido config always-uv on --key 12345678").is(
        3,
        "",
        "glasskey: error: no PIN is set on YubiKey 12345678\n\
         glasskey: hint: `glasskey fido pin set --key 12345678` sets one\n",
    );
}

#[test]
fn the_minimum_pin_length_can_only_grow_and_is_asked_about() {
    let keys = FidoKeys::with_pin();
    let command = "fido config min-pin-length 8 --key 12345678";
    keys.run_with_pin(command).is(
        5,
        "",
        "glasskey: error: a confirmation is needed, and nobody can be asked\nglasskey: hint: --yes says yes\n",
    );
    let mut person = Typist::start(&keys.bare(command.split(' ')));
    person
        .sees("YubiKey 12345678 will take no PIN shorter than 8 characters until it is reset. Go on? [y/N] ")
        .types("y");
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    person.end().1.is(
        0,
        "",
        "  12345678  takes new PINs of at least 8 characters\n\
         glasskey: warning: the present PIN is shorter; the key takes it only for `glasskey fido pin change --key 12345678`\n",
    );
    keys.run_with_pin("fido config min-pin-length 6 --key 12345678 --yes").is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 asks for 8 characters already; that can only grow\n\
         glasskey: hint: only a reset of the key starts again from the factory's\n",
    );
    // Known before the PIN is asked for.
    keys.run("fido credentials list --key 12345678").is(
        3,
        "",
        "glasskey: error: the PIN of YubiKey 12345678 must be changed before it is taken\n\
         glasskey: hint: `glasskey fido pin change --key 12345678` changes it\n",
    );
    let change = "fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 3";
    keys.run_with_pins(change, &[PIN, "1234567"]).is(
        2,
        "",
        "glasskey: error: the PIN is too short: YubiKey 12345678 takes 8 characters or more\n\
         glasskey: nothing was sent to the key\n",
    );
    assert_eq!(keys.run_with_pins(change, &[PIN, "12345678"]).code, 0);
    assert_eq!(keys.run_with_pins("fido pin verify --pin-fd 3", &["12345678"]).code, 0);
}

#[test]
fn a_pin_change_is_forced() {
    let keys = FidoKeys::with_pin();
    let force = "fido config force-pin-change --key 12345678";
    keys.run_with_pin(force).is(0, "", "  12345678  takes its PIN only to change it, from now on\n");
    keys.run_with_pin(force).is(0, "", "  12345678  wants its PIN changed already\n");
    assert_eq!(keys.run_with_pin("fido pin verify").code, 3);
    let change = "fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 3";
    keys.run_with_pins(change, &[PIN, PIN]).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 does not take that: too short, too simple, or as before\n\
         glasskey: hint: `glasskey fido info --key 12345678` shows its rule for PINs\n",
    );
    assert_eq!(keys.run_with_pins(change, &[PIN, "another"]).code, 0);
}

#[test]
fn enterprise_attestation_is_asked_about_and_enabled_once() {
    let keys = FidoKeys::with_pins([Options { enterprise_attestation: true, ..Options::new(12_345_678) }]);
    let enable = "fido config enterprise-attestation --key 12345678 --yes";
    keys.run_with_pin(enable).is(0, "", "  12345678  attests itself to its enterprise from now on\n");
    keys.run_with_pin(enable).is(0, "", "  12345678  does so already; nothing to do\n");
    let without = FidoKeys::with_pin();
    without.run_with_pin(enable).is(3, "", "glasskey: error: YubiKey 12345678 cannot do enterprise attestation\n");
}
