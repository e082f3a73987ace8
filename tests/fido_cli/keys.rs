//! `glasskey keys`: the card and the FIDO device of one key are one row.

use crate::cli::json::is_documented;
use crate::support::{FidoKeys, Keys, put, run};
use glasskey::sim::authenticator::Options;
use glasskey::sim::oath_card;

#[test]
fn both_views_of_a_key_are_one_row() {
    let mut old = oath_card::Options::new(23_456_789).firmware(5, 4, 3);
    old.nfc = None;
    let cards = Keys::of(vec![oath_card::Options::new(12_345_678), old]);
    put(cards.key(0), "Example:alice", false);
    // In another order, with one key that has no card side, and one without its FIDO side.
    let fido = FidoKeys::with_pins([Options::bio(34_567_890), Options::new(12_345_678)]);
    cards.with_fido(&fido, "keys").is(
        0,
        "\
SERIAL    MODEL                       FIRMWARE  FORM              OATH  FIDO2         NOTES
12345678  YubiKey 5C NFC              5.7.1     Keychain (USB-C)  1/64  PIN set, 8/8  software key; YSA-2025-02 may touch FIDO2, not TOTP or PIV
23456789  YubiKey 5C                  5.4.3     Keychain (USB-C)  0/32  -             software key; YSA-2024-03 touches FIDO2 and PIV, not TOTP; YSA-2025-02 may touch FIDO2, not TOTP or PIV
34567890  YubiKey Bio - FIDO Edition  5.7.4     Bio (USB-A)       -     PIN set, 8/8  software key
",
        "",
    );
    let json = cards.with_fido(&fido, "keys --json").json();
    let keys = json["keys"].as_array().unwrap();
    let path = |nth: usize| keys[nth]["fido"]["path"].as_str().map(ToOwned::to_owned);
    assert_eq!([path(0), path(1), path(2)], [Some(fido.path(1)), None, Some(fido.path(0))]);
    assert!(keys[2]["reader"].is_null());
}

#[test]
fn keys_that_do_not_tell_their_serial_numbers_are_not_joined() {
    let cards = Keys::of(vec![oath_card::Options { serial: None, ..oath_card::Options::new(1) }]);
    let fido = FidoKeys::of([Options { serial: None, ..Options::new(1) }]);
    let json = cards.with_fido(&fido, "keys --json").json();
    assert_eq!(json["keys"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn the_json_is_as_documented() {
    let cards = Keys::serve(2);
    cards.key(1).pull();
    let fido = FidoKeys::of([Options { firmware: glasskey::oath::Version(5, 7, 1), ..Options::new(12_345_678) }]);
    is_documented(&cards.with_fido(&fido, "keys --json").json());
}

#[test]
fn a_device_that_cannot_be_read_has_its_row() {
    let fido = FidoKeys::serve(2);
    std::fs::remove_file(fido.socket(0)).unwrap();
    std::fs::write(fido.socket(0), "").unwrap();
    let path = fido.path(0);
    let run = fido.run("keys");
    assert_eq!(run.code, 0);
    let rows: Vec<_> = run.stdout.lines().collect();
    assert!(rows[1].starts_with("12345679  YubiKey 5C NFC"), "{run:?}");
    assert!(rows[2].ends_with(&format!("there is no device {path}")), "{run:?}");
}

#[cfg(all(feature = "pcsc", feature = "hid", target_os = "linux"))]
#[test]
fn without_the_pcsc_service_what_is_seen_over_hid_is_shown() {
    use crate::hid::rig::HidRig;
    use crate::judges::bench::Bench;
    let keys = HidRig::new([Options::new(12_345_678)]);
    let mut command = keys.command(env!("CARGO_BIN_EXE_glasskey").as_ref());
    let home = tempfile::tempdir().unwrap();
    command.args(["keys", "--json"]).env("HOME", home.path());
    let run = run(command.env("PCSCLITE_CSOCK_NAME", home.path().join("no-such-socket")));
    let json = run.json();
    assert_eq!((run.code, json["keys"][0]["serial"].as_u64()), (0, Some(12_345_678)));
    assert_eq!(
        (json["unreadable"][0]["code"].as_str(), json["unreadable"][0]["reader"].is_null()),
        (Some("no_pcscd"), true)
    );
    assert_eq!(
        run.stderr,
        "glasskey: warning: the PC/SC service (pcscd) is not running\n\
         glasskey: hint: sudo systemctl enable --now pcscd.socket\n"
    );
}

#[test]
fn a_simulation_serves_each_key_as_a_card_and_as_a_fido_device() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let home = tempfile::tempdir().unwrap();
    let mut simulation = crate::support::glasskey(home.path());
    let simulation = simulation.args(["simulate", "--json", "--keys", "2"]).env("XDG_RUNTIME_DIR", home.path());
    let mut child = simulation.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let told = crate::support::schemas::read(line.as_bytes());
    let mut keys = crate::support::glasskey(home.path());
    for name in ["GLASSKEY_CARDS", "GLASSKEY_FIDO"] {
        keys.env(name, told["environment"][name].as_str().unwrap());
    }
    let json = run(keys.args(["keys", "--json"])).json();
    let listed = json["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{json}");
    for key in listed {
        assert!(key["reader"].is_string() && key["fido"]["path"].is_string(), "{key}");
    }
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
