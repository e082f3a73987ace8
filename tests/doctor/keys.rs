//! The way to keys, over PC/SC and over HID, and the keys.

use super::{check, checks, says};
use crate::support::{FidoKeys, Keys, Run, protect, put};
use glasskey::keys::Applications;
use glasskey::sim::authenticator;
use glasskey::sim::oath_card::{Fault, On, Options, What, When};

const ARGS: [&str; 3] = ["doctor", "--offline", "--json"];

#[test]
fn a_key_and_its_oath_applet() {
    let keys = Keys::serve(1);
    put(keys.key(0), "Example:alice", false);
    let done = keys.run(ARGS);
    says(&done, "key", "ok", "YubiKey 5C NFC, firmware 5.7.1", &[]);
    says(&done, "oath", "ok", "OATH is there, 1 of 64 slots used", &[]);
    assert_eq!(check(&done, "oath")["about"], "YubiKey 12345678");
    protect(keys.key(0), "secret");
    says(&keys.run(ARGS), "oath", "ok", "OATH is there, 64 slots, behind a password", &[]);
}

#[test]
fn an_applet_that_is_disabled() {
    let mut options = Options::new(12_345_678);
    options.usb = Applications(Applications::ALL.0 & !Applications::OATH.0);
    says(
        &Keys::of(vec![options]).run(ARGS),
        "oath",
        "problem",
        "OATH is disabled over USB: no TOTP seed can be put on it",
        &["ykman --device 12345678 config usb --enable OATH"],
    );
}

#[test]
fn an_applet_that_is_full() {
    let keys = Keys::firmware(5, 4, 3);
    for nth in 0..32 {
        put(keys.key(0), &format!("Example:{nth}"), false);
    }
    let done = keys.run(ARGS);
    says(
        &done,
        "oath",
        "problem",
        "all 32 OATH slots are used",
        &[
            "glasskey oath list --key 12345678",
            "where a credential's device is gone, `glasskey oath delete --key 12345678 NAME` makes room",
        ],
    );
}

#[test]
fn empty_readers_and_cards_that_do_not_answer() {
    let keys = Keys::serve(2);
    keys.key(0).pull();
    keys.key(1).fault(Fault { on: On::Nth(1), when: When::Before, what: What::Malformed });
    let done = keys.run(ARGS);
    let readers = checks(&done, "reader");
    assert_eq!((&readers[0]["verdict"], &readers[0]["message"]), (&"ok".into(), &"is empty".into()), "{readers:?}");
    assert_eq!(readers[1]["verdict"], "problem", "{readers:?}");
    assert_eq!(readers[1]["message"], "the key's answer makes no sense", "{readers:?}");
    says(&done, "keys", "cannot_tell", "no key that could be read is plugged in", &[]);
}

fn advisories(done: &Run) -> Vec<(String, String)> {
    let of = |check: &serde_json::Value| {
        let id = check["message"].as_str().unwrap().split(':').next().unwrap().to_owned();
        (check["verdict"].as_str().unwrap().to_owned(), id)
    };
    checks(done, "advisory").iter().map(of).collect()
}

#[test]
fn advisories_that_touch_the_use_and_those_that_do_not() {
    let old = Keys::firmware(5, 4, 3).run(ARGS);
    let pair = |verdict: &str, id: &str| (verdict.to_owned(), id.to_owned());
    assert_eq!(advisories(&old), [pair("problem", "YSA-2024-03"), pair("ok", "YSA-2025-02")]);
    let first = &checks(&old, "advisory")[0];
    assert!(first["details"][1].as_str().unwrap().starts_with("TOTP is not affected: "), "{first}");
    let new = Keys::firmware(5, 7, 4).run(ARGS);
    says(&new, "advisory", "ok", "no advisory that is known is about firmware 5.7.4", &[]);
    // ROCA: PIV alone.
    let four = Keys::firmware(4, 3, 1).run(ARGS);
    assert!(advisories(&four).contains(&pair("ok", "YSA-2017-01")), "{four:?}");
}

#[test]
fn fido2_keys_and_their_pins() {
    let keys = FidoKeys::serve(1);
    let done = keys.run("doctor --offline --json");
    says(&done, "hid", "ok", "1 device", &[]);
    let at = keys.path(0);
    says(&done, "fido2", "ok", &format!("YubiKey 5C NFC, FIDO2 at {at}; no PIN yet"), &[]);
    assert_eq!(checks(&done, "advisory").len(), 1);

    let keys = FidoKeys::with_pin();
    let done = keys.run("doctor --offline --json");
    assert!(check(&done, "fido2")["message"].as_str().unwrap().ends_with("; PIN set, 8 of 8 tries left"), "{done:?}");

    keys.waste_tries(0, 8);
    let done = keys.run("doctor --offline --json");
    let blocked = check(&done, "fido2");
    assert_eq!(
        (&blocked["verdict"], &blocked["message"]),
        (&"problem".into(), &"the PIN of YubiKey 12345678 is blocked".into())
    );
}

/// One device: told of once, whichever way it is seen.
#[test]
fn a_key_seen_both_ways_has_its_advisories_once() {
    let fido = FidoKeys::of([authenticator::Options::new(12_345_678)]);
    let cards = Keys::serve(1);
    let mut command = fido.glasskey(ARGS);
    let done = crate::support::run(command.env("GLASSKEY_CARDS", cards.cards()));
    assert_eq!((checks(&done, "key").len(), checks(&done, "fido2").len()), (1, 1), "{done:?}");
    assert_eq!(checks(&done, "advisory").len(), 1, "{done:?}");
    assert_eq!(check(&done, "fido2")["details"], serde_json::json!([]), "{done:?}");
}

#[cfg(all(feature = "hid", target_os = "linux"))]
#[test]
fn a_node_that_may_not_be_opened_is_named_with_what_to_do() {
    use crate::hid::rig::HidRig;
    let rig = HidRig::new([authenticator::Options::new(12_345_678), authenticator::Options::new(12_345_679)]);
    rig.permit(1, false);
    let home = tempfile::tempdir().unwrap();
    let mut command = crate::support::glasskey(home.path());
    rig.show_to(command.args(ARGS));
    let done = crate::support::run(&mut command);
    let keys = checks(&done, "fido2");
    assert_eq!((&keys[0]["verdict"], &keys[0]["about"]), (&"ok".into(), &"YubiKey 12345678".into()), "{done:?}");
    assert_eq!((&keys[1]["verdict"], &keys[1]["about"]), (&"problem".into(), &"/dev/hidraw1".into()), "{done:?}");
    assert_eq!(keys[1]["message"], "this user may not open /dev/hidraw1, the device of a FIDO2 key");
    let fixes = keys[1]["fixes"].to_string();
    assert!(fixes.contains("sudo setfacl -m") && fixes.contains("/dev/hidraw1"), "{fixes}");
}

#[cfg(all(feature = "pcsc", target_os = "linux"))]
mod through_pcscd {
    use super::{says as says_of, *};
    use crate::pcscd::key::Key;
    use crate::pcscd::probe::Probe;
    use crate::pcscd::readers::says;
    use crate::pcscd::rig::{Rig, reader_name};
    use glasskey::sim::card_server;
    use glasskey::sim::oath_card::SoftKey;

    /// The binary in a rig.
    fn doctor(rig: &Rig) -> Run {
        glasskey(rig, &ARGS)
    }

    fn glasskey(rig: &Rig, args: &[&str]) -> Run {
        let home = tempfile::tempdir().unwrap();
        let outside = crate::support::glasskey(home.path());
        let mut command = rig.command(env!("CARGO_BIN_EXE_glasskey"));
        command.args(args).env_clear();
        command.envs(outside.get_envs().filter_map(|(name, value)| Some((name, value?))));
        crate::support::run(&mut command)
    }

    #[test]
    fn no_service() {
        let done = doctor(&Rig::without_service());
        let service = check(&done, "pcsc_service");
        assert_eq!((&service["verdict"], &service["message"]), (&"problem".into(), &"is not running".into()));
        assert!(service["fixes"][0].as_str().unwrap().contains("pcscd"), "{service}");
    }

    #[test]
    fn a_service_that_is_not_installed_is_called_that_by_every_command() {
        let rig = Rig::without_program();
        let done = doctor(&rig);
        let service = check(&done, "pcsc_service");
        assert_eq!((&service["verdict"], &service["message"]), (&"problem".into(), &"is not installed".into()));
        for args in [&["keys"][..], &["oath", "list"], &["piv", "info"]] {
            let done = glasskey(&rig, args);
            let error = "glasskey: error: the PC/SC service (pcscd) is not installed\n";
            assert!(done.code == 3 && done.stderr.starts_with(error), "{args:?}: {done:?}");
        }
    }

    #[test]
    fn a_card_that_says_nothing_does_not_answer_and_was_not_pulled() {
        let rig = Rig::with_readers(1);
        let _key = Key::plug(&rig.card_socket(0), says(&[]));
        rig.await_cards(1);
        let words = format!("the card in \"{}\" does not answer", reader_name(0));
        let reader = check(&doctor(&rig), "reader");
        assert_eq!((&reader["verdict"], &reader["message"]), (&"problem".into(), &words.clone().into()), "{reader}");
        let listed = glasskey(&rig, &["keys"]);
        assert!(listed.code == 0 && listed.stdout.contains(&words), "{listed:?}");
        glasskey(&rig, &["oath", "list"]).is(
            3,
            "",
            &format!("glasskey: error: {words}\nglasskey: hint: unplug the key and plug it in again\n"),
        );
    }

    #[test]
    fn a_card_of_another_maker_is_named() {
        let rig = Rig::with_readers(1);
        // 6A82, file not found: it has no Management application.
        let _card = Key::plug(&rig.card_socket(0), says(&[0x6A, 0x82]));
        rig.await_cards(1);
        says_of(&doctor(&rig), "reader", "ok", "holds another card, not a YubiKey", &[]);
        glasskey(&rig, &["oath", "list"]).is(
            3,
            "",
            &format!(
                "glasskey: error: no YubiKey is plugged in; another maker's card is in \"{}\"\n\
                 glasskey: hint: glasskey keeps TOTP seeds on YubiKeys; `glasskey fido list` shows FIDO2 keys, those of every maker\n",
                reader_name(0)
            ),
        );
    }

    #[test]
    fn who_has_the_reader() {
        let rig = Rig::with_readers(1);
        let _key = card_server::serve(&SoftKey::new(Options::new(12_345_678)), &rig.card_socket(0)).unwrap();
        rig.await_cards(1);
        says_of(&doctor(&rig), "pcsc_service", "ok", "answers; 1 reader", &[]);
        says_of(&doctor(&rig), "reader_access", "ok", "this user may reach readers", &[]);

        let mut other = Probe::start(&rig);
        assert_eq!(other.ask(&format!("other connect {}", reader_name(0))), "done");
        let name = std::fs::read_to_string(format!("/proc/{}/comm", other.pid())).unwrap().trim_end().to_owned();
        let shared = check(&doctor(&rig), "key");
        let words = format!("{name} (process {}) keeps its reader open; access is shared", other.pid());
        assert_eq!((&shared["verdict"], &shared["details"]), (&"ok".into(), &serde_json::json!([words])));

        assert_eq!(other.ask("other leave"), "done");
        assert_eq!(other.ask(&format!("open {}", reader_name(0))), "alone");
        let busy = check(&doctor(&rig), "reader");
        let words = format!("\"{}\" is held by {name} (process {})", reader_name(0), other.pid());
        assert_eq!((&busy["verdict"], &busy["message"]), (&"problem".into(), &words.into()), "{busy}");
    }
}
