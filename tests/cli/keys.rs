//! `glasskey keys`: the table, the JSON, and what is in the way.

use crate::support::{Keys, protect, put};
#[cfg(feature = "pcsc")]
use crate::support::{glasskey, run};
use glasskey::keys::{Applications, FormFactor};
use glasskey::sim::oath_card::{Fault, On, Options, What, When};
use serde_json::json;

#[test]
fn each_key_has_a_row() {
    let mut nano = Options::new(23_456_789).firmware(4, 4, 5);
    nano.form_factor = FormFactor::UsbCNano;
    nano.nfc = None;
    let mut locked = Options::new(34_567_890).firmware(5, 4, 3);
    (locked.fips, locked.config_locked) = (true, true);
    let keys = Keys::of(vec![Options::new(12_345_678), nano, locked]);
    put(keys.key(0), "AWS:123456789012/alice", true);
    put(keys.key(0), "Example:alice", false);
    protect(keys.key(2), "secret");
    keys.run(["keys"]).is(
        0,
        "\
SERIAL    MODEL                    FIRMWARE  FORM              OATH  FIDO2  NOTES
12345678  YubiKey 5C NFC           5.7.1     Keychain (USB-C)  2/64  -      software key; 1 with touch; YSA-2025-02 may touch FIDO2, not TOTP or PIV
23456789  YubiKey FIPS (4 Series)  4.4.5     Nano (USB-C)      0/32  -      software key; FIPS
34567890  YubiKey 5C NFC FIPS      5.4.3     Keychain (USB-C)  ?/32  -      software key; FIPS; configuration locked; password set; YSA-2024-03 touches FIDO2 and PIV, not TOTP; YSA-2025-02 may touch FIDO2, not TOTP or PIV
",
        "",
    );
}

#[test]
fn what_is_disabled_is_noted_and_the_applet_is_missing() {
    let mut options = Options::new(12_345_678);
    options.usb = Applications(Applications::ALL.0 & !Applications::OATH.0);
    options.nfc = Some(Applications(Applications::ALL.0 & !Applications::FIDO2.0));
    let keys = Keys::of(vec![options]);
    let run = keys.run(["keys"]);
    let row = "12345678  YubiKey 5C NFC  5.7.1     Keychain (USB-C)  -     -      software key; no OATH over USB; no FIDO2 over NFC; \
               YSA-2025-02 may touch FIDO2, not TOTP or PIV\n";
    assert!(run.stdout.ends_with(row), "{run:?}");
    let error = "\
glasskey: error: YubiKey 12345678 has no OATH applet, or it is disabled over this interface
glasskey: hint: `glasskey keys` shows what is enabled; `ykman config usb --enable OATH` enables it
";
    for args in [&["oath", "list", "--key", "12345678"][..], &["oath", "info"], &["oath", "code", "--all"]] {
        keys.run(args).is(3, "", error);
    }
}

#[test]
fn json_tells_everything() {
    let keys = Keys::serve(2);
    put(keys.key(0), "Example:alice", true);
    protect(keys.key(1), "secret");
    let mut json = keys.run(["keys", "--json"]).json();
    assert!(json["keys"][0]["reader"].take().as_str().unwrap().contains("0.sock"));
    assert_eq!(json["keys"][0]["advisories"].take()[0]["id"], "YSA-2025-02");
    let all = ["OTP", "FIDO U2F", "OpenPGP", "PIV", "OATH", "YubiHSM Auth", "FIDO2"];
    let first = json!({
        "serial": 12_345_678, "model": "YubiKey 5C NFC", "firmware": "5.7.1", "form_factor": "usb_c_keychain",
        "usb": all, "nfc": all, "fips": false, "config_locked": false, "software": true, "reader": null, "fido": null,
        "advisories": null,
        "oath": { "state": "open", "used": 1, "capacity": 64, "touch": 1, "password": false },
    });
    assert_eq!((&json["type"], &json["keys"][0], &json["unreadable"]), (&json!("keys"), &first, &json!([])));
    let oath = json!({ "state": "locked", "used": null, "capacity": 64, "touch": null, "password": true });
    assert_eq!(json["keys"][1]["oath"], oath);
}

#[test]
fn no_key_is_an_answer() {
    let keys = Keys::serve(1);
    keys.key(0).pull();
    let run = keys.run(["keys"]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "glasskey: no key is plugged in\nglasskey: hint: `glasskey simulate` makes software keys to try with\n"
    );
    assert!(run.stdout.lines().nth(1).unwrap().ends_with("0.sock\" is empty"), "{run:?}");
    let json = keys.run(["keys", "--json"]).json();
    assert_eq!((&json["keys"], &json["unreadable"][0]["code"]), (&json!([]), &json!("no_card")));
}

#[test]
fn a_key_that_cannot_be_read_does_not_hide_the_others() {
    let keys = Keys::serve(2);
    keys.key(0).fault(Fault { on: On::Nth(2), when: When::Before, what: What::Sw(0x6F00) });
    let run = keys.run(["keys"]);
    let rows: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert!(
        rows[1].starts_with("-         -")
            && rows[1].ends_with("not a YubiKey, or its Management applet does not answer")
    );
    assert!(rows[0].starts_with("12345679  YubiKey 5C NFC"));
    assert_eq!((run.code, &*run.stderr), (0, ""));
}

#[cfg(feature = "pcsc")]
#[test]
fn without_the_service_nobody_knows() {
    let home = tempfile::tempdir().unwrap();
    let mut command = glasskey(home.path());
    command.arg("keys").env("PCSCLITE_CSOCK_NAME", home.path().join("no-such-socket"));
    let error = "\
glasskey: error: the PC/SC service (pcscd) is not running
glasskey: hint: sudo systemctl enable --now pcscd.socket
";
    run(&mut command).is(3, "", error);
    let run = run(command.arg("--json"));
    assert_eq!((&run.json()["type"], &run.json()["code"], run.code), (&json!("error"), &json!("no_pcscd"), 3));
}
