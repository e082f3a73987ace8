//! `glasskey piv info`, through the real pcscd and the `yubikey` crate. ykman judges the software applet.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use glasskey::keys::Applications;
use glasskey::sim::card_server::{self, Served};
use glasskey::sim::oath_card::{Fault, ManagementAlgorithm, On, Options, Piv, PivSlot, SoftKey, Tries, What, When};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::key::Key;
use super::probe::Probe;
use super::readers::SELECT;
use super::rig::{Rig, reader_name};
use super::ykman;
use crate::cli::json::is_documented;
use crate::output::lost::{FATES, says_so};
use crate::support::{FIRST, Keys, Run, run};

/// 2020-01-01, 2021-01-01 and 2090-01-01.
const PAST: i64 = 1_577_836_800;
const LATER: i64 = 1_609_459_200;
const FUTURE: i64 = 3_786_912_000;

/// Software keys behind pcscd.
struct Stage {
    keys: Vec<SoftKey>,
    _served: Vec<Served>,
    rig: Rig,
}

impl Stage {
    fn of(options: Vec<Options>) -> Self {
        let rig = Rig::with_readers(options.len());
        let keys: Vec<SoftKey> = options.into_iter().map(SoftKey::new).collect();
        let serve = |(slot, key)| card_server::serve(key, &rig.card_socket(slot)).unwrap();
        let served: Vec<Served> = keys.iter().enumerate().map(serve).collect();
        rig.await_cards(keys.len());
        Self { keys, _served: served, rig }
    }

    fn one(options: Options) -> Self {
        Self::of(vec![options])
    }

    fn info(&self, args: &[&str]) -> Run {
        run(&mut info(&self.rig, args))
    }
}

fn info(rig: &Rig, args: &[&str]) -> Command {
    let mut command = rig.command(env!("CARGO_BIN_EXE_glasskey"));
    command.args(["piv", "info"]).args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", rig.home()).env("NO_COLOR", "1");
    command
}

fn with(firmware: (u8, u8, u8), piv: Piv) -> Options {
    Options { piv, ..Options::new(FIRST).firmware(firmware.0, firmware.1, firmware.2) }
}

fn slot(number: u8, name: &str, not_before: i64, not_after: i64) -> PivSlot {
    PivSlot::self_signed(number, name, not_before, not_after).unwrap()
}

/// One of everything that a slot can be.
fn slots() -> Vec<PivSlot> {
    let alice = slot(0x9A, "alice", PAST, FUTURE);
    let without_certificate = PivSlot { object: None, ..slot(0x9D, "", PAST, FUTURE) };
    let without_key = PivSlot { point: None, ..slot(0x82, "kept \u{202e}", PAST, i64::MAX) };
    let garbage = PivSlot { number: 0x9E, point: None, object: Some(vec![0x70, 3, 1, 2, 3]) };
    let deleted = PivSlot { number: 0x95, point: None, object: Some(Vec::new()) };
    let early = slot(0xF9, "early", FUTURE, i64::MAX);
    vec![alice, slot(0x9C, "bob", PAST, LATER), without_certificate, without_key, garbage, deleted, early]
}

const ONE_OF_EVERYTHING: &str = "\
key             YubiKey 5C NFC 12345678
firmware        5.7.1
PIN             3 of 3 tries left; still the factory's, which everybody knows
PUK             3 of 3 tries left; still the factory's, which everybody knows
management key  AES-192, the default algorithm; still the factory's, which everybody knows
slot 9a         authentication; P-256 key, generated on it; \"CN=alice\" expires on 2090-01-01
slot 9c         signature; P-256 key, generated on it; \"CN=bob\" EXPIRED on 2021-01-01
slot 9d         key management; P-256 key, generated on it; no certificate
slot 9e         card authentication; no key; a certificate that cannot be read
slot 82         retired key management; no key; \"CN=kept \\u{202e}\" does not expire
slot f9         attestation; P-256 key, generated on it; \"CN=early\" NOT VALID before 2090-01-01
";

#[test]
fn it_tells_the_tries_the_management_key_and_what_is_in_the_slots() {
    let stage = Stage::one(with((5, 7, 1), Piv { slots: slots(), ..Piv::new() }));
    stage.info(&[]).is(0, ONE_OF_EVERYTHING, "");
    let json = stage.info(&["--json", "--key", "12345678"]).json();
    is_documented(&json);
    assert_eq!(json["pin"], json!({ "left": 3, "of": 3, "default": true }));
    assert_eq!(json["management_key"], json!({ "algorithm": "AES-192", "default_algorithm": true, "default": true }));
    let states = |json: &Value| -> Vec<(Value, Value, Value)> {
        let each = json["slots"].as_array().unwrap().iter();
        each.map(|one| (one["slot"].clone(), one["key"].clone(), one["certificate"]["state"].clone())).collect()
    };
    let expected = [
        ("9a", true, json!("valid")),
        ("9c", true, json!("expired")),
        ("9d", true, Value::Null),
        ("9e", false, json!("unreadable")),
        ("82", false, json!("valid")),
        ("f9", true, json!("not_yet_valid")),
    ];
    assert_eq!(states(&json), expected.map(|(slot, key, state)| (json!(slot), json!(key), state)));
    assert_eq!(json["slots"][1]["certificate"]["not_after"], LATER);
}

#[test]
fn output_that_could_not_be_written_is_said() {
    let stage = Stage::one(with((5, 7, 1), Piv { slots: slots(), ..Piv::new() }));
    for fate in FATES {
        for args in [&[][..], &["--json"]] {
            says_so(&info(&stage.rig, args), fate, 0);
        }
    }
}

#[test]
fn what_has_been_changed_and_what_is_blocked_is_said() {
    let piv = Piv {
        pin: Tries { left: 0, of: 8, default: false },
        puk: Tries { left: 1, of: 5, default: false },
        management_algorithm: Some(ManagementAlgorithm::ThreeDes),
        management_default: false,
        slots: Vec::new(),
    };
    let stage = Stage::one(with((5, 7, 1), piv));
    let said = "\
key             YubiKey 5C NFC 12345678
firmware        5.7.1
PIN             blocked: no tries left
PUK             1 of 5 tries left
management key  3DES, not the default algorithm (AES-192); changed
slots           none is occupied
";
    stage.info(&[]).is(0, said, "");
}

#[test]
fn what_an_older_firmware_does_not_tell_is_said_plainly() {
    let pin = Tries { left: 2, of: 3, default: true };
    let stage = Stage::one(with((5, 2, 7), Piv { pin, slots: slots(), ..Piv::new() }));
    let said = "\
key             YubiKey 5C NFC 12345678
firmware        5.2.7
PIN             2 tries left; whether it is still the factory's is not available on this firmware
PUK             tries left are not available on this firmware (5.3 and later tell)
management key  3DES, the default algorithm; whether it is still the factory's is not available on this firmware
slot 9a         authentication; \"CN=alice\" expires on 2090-01-01
slot 9c         signature; \"CN=bob\" EXPIRED on 2021-01-01
slot 9e         card authentication; a certificate that cannot be read
slot 82         retired key management; \"CN=kept \\u{202e}\" does not expire
slot f9         attestation; \"CN=early\" NOT VALID before 2090-01-01
slots           keys without a certificate are not available on this firmware (5.3 and later tell)
";
    // Twice: a try would have been counted.
    stage.info(&[]).is(0, said, "");
    stage.info(&[]).is(0, said, "");
    let json = stage.info(&["--json"]).json();
    is_documented(&json);
    assert_eq!(json["puk"], json!({ "left": null, "of": null, "default": null }));
    assert_eq!(json["slots"][0]["key"], Value::Null);
}

#[test]
fn nothing_but_reading_commands_reach_the_key() {
    for firmware in [(5, 7, 1), (5, 2, 7)] {
        let stage = Stage::one(with(firmware, Piv { slots: slots(), ..Piv::new() }));
        assert_eq!(stage.info(&[]).code, 0);
        let sent: BTreeSet<u8> = stage.keys[0].log().iter().map(|one| one.ins).collect();
        // SELECT, READ CONFIG and OATH's LIST; of PIV, empty VERIFY, GET RESPONSE, GET DATA, GET METADATA, serial, version.
        let reading = BTreeSet::from([0xA4, 0x1D, 0xA1, 0xA5, 0x20, 0xC0, 0xCB, 0xF7, 0xF8, 0xFD]);
        assert!(sent.is_subset(&reading), "{sent:02X?}");
        assert!(sent.contains(&0xCB));
    }
}

#[test]
fn a_compressed_certificate_is_read() {
    let mut alice = slot(0x9A, "alice", PAST, FUTURE);
    let object = alice.object.take().unwrap();
    let der = &object[4..object.len() - 5]; // 70 82 xx xx … 71 01 00 FE 00
    assert_eq!(der[0], 0x30);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(der).unwrap();
    let packed = packed.finish().unwrap();
    let [high, low] = u16::try_from(packed.len()).unwrap().to_be_bytes();
    alice.object = Some([&[0x70, 0x82, high, low], &packed[..], &[0x71, 1, 1, 0xFE, 0]].concat());
    let stage = Stage::one(with((5, 7, 1), Piv { slots: vec![alice], ..Piv::new() }));
    assert_eq!(stage.info(&["--json"]).json()["slots"][0]["certificate"]["subject"], "CN=alice");
}

/// The code of the error, and the run.
#[track_caller]
fn failed(run: &Run) -> String {
    assert_eq!(run.code, 3, "{run:?}");
    let json = run.json();
    is_documented(&json);
    json["code"].as_str().unwrap().to_owned()
}

#[test]
fn only_the_named_keys_reader_is_opened_for_piv() {
    let second = Options::new(FIRST + 1);
    let stage = Stage::of(vec![Options::new(FIRST), second]);
    let several = stage.info(&["--json"]);
    assert_eq!((several.code, several.json()["code"].as_str()), (2, Some("several_keys")));
    let json = stage.info(&["--key", "12345679", "--json"]).json();
    assert_eq!(json["key"], FIRST + 1);
    assert!(stage.keys[0].log().iter().all(|one| !matches!(one.ins, 0xF8 | 0xFD)), "the other key is left alone");
    assert_eq!(failed(&stage.info(&["--key", "1", "--json"])), "key_not_found");
}

#[test]
fn without_the_applet_the_error_says_so() {
    let usb = Applications(Applications::ALL.0 & !Applications::PIV.0);
    let stage = Stage::one(Options { usb, ..Options::new(FIRST) });
    let run = stage.info(&["--json"]);
    assert_eq!(failed(&run), "no_piv");
    assert!(run.stderr.contains("YubiKey 12345678 has no PIV applet, or it is disabled"), "{run:?}");
    // The crate wants a YubiKey 4's serial from the OTP applet, which this one has not.
    assert_eq!(failed(&Stage::one(Options::new(FIRST).firmware(4, 3, 7)).info(&["--json"])), "no_serial");
}

#[test]
fn a_busy_reader_names_its_holder() {
    let stage = Stage::one(Options::new(FIRST));
    let mut other = Probe::start(&stage.rig);
    assert_eq!(other.ask(&format!("open {}", reader_name(0))), "alone");
    let run = stage.info(&["--json"]);
    assert_eq!(failed(&run), "reader_busy");
    assert!(run.stderr.contains(&format!("(process {})", other.pid())), "{run:?}");
}

#[test]
fn another_programs_idle_connection_is_no_hindrance_and_is_told_of_the_reset() {
    let stage = Stage::one(Options::new(FIRST));
    let mut other = Probe::start(&stage.rig);
    assert_eq!(other.ask(&format!("other connect {}", reader_name(0))), "done");
    assert_eq!(stage.info(&["--json"]).json()["type"], "piv_info");
    assert_eq!(other.ask(&format!("other transmit {SELECT}")), "ResetCard");
}

#[test]
fn a_key_that_is_pulled_is_said_to_have_been_pulled() {
    for ins in [0xFD, 0xF7, 0xCB] {
        let stage = Stage::one(Options::new(FIRST));
        stage.keys[0].fault(Fault { on: On::Ins(ins), when: When::Before, what: What::Pull });
        assert_eq!(failed(&stage.info(&["--json"])), "key_removed", "{ins:02X}");
    }
}

#[test]
fn a_refusal_in_the_middle_is_no_empty_slot() {
    let stage = Stage::one(Options::new(FIRST));
    let refuse = |ins, sw| stage.keys[0].fault(Fault { on: On::Ins(ins), when: When::Before, what: What::Sw(sw) });
    // Once may be another program's doing, so it is tried again.
    refuse(0xCB, 0x6D00);
    assert_eq!(stage.info(&[]).code, 0);
    refuse(0xCB, 0x6D00);
    refuse(0xCB, 0x6D00);
    assert_eq!(failed(&stage.info(&["--json"])), "key_refused");
    // This firmware knows the command, so it was some other applet that did not.
    refuse(0xF7, 0x6D00);
    refuse(0xF7, 0x6D00);
    assert_eq!(failed(&stage.info(&["--json"])), "key_disturbed");
}

#[test]
fn an_answer_that_makes_the_library_panic_is_an_error() {
    let rig = Rig::with_readers(1);
    let (key, mut select) = (SoftKey::new(Options::new(FIRST)), Vec::new());
    let applets = move |command: &[u8]| {
        // A card does not go from thread to thread, so each command has one of its own, with the same applet selected.
        let mut card = key.card();
        if command[1..3] == [0xA4, 0x04] {
            select = command.to_vec();
        } else {
            card.transmit(&select).ok()?;
        }
        let answer = card.transmit(command).ok()?;
        // GET VERSION in one byte.
        let data = if command[1] == 0xFD { &answer.data[..1] } else { &answer.data[..] };
        Some([data, &answer.sw.0.to_be_bytes()].concat())
    };
    let _key = Key::plug(&rig.card_socket(0), Box::new(applets));
    rig.await_cards(1);
    let run = run(&mut info(&rig, &["--json"]));
    assert_eq!(failed(&run), "malformed_answer");
    assert_eq!(run.stderr, "glasskey: error: the answer of YubiKey 12345678 makes no sense\n");
}

#[test]
fn without_a_service_the_error_says_so() {
    assert_eq!(failed(&run(&mut info(&Rig::without_service(), &["--json"]))), "no_pcscd");
}

#[test]
fn software_keys_on_sockets_are_out_of_reach_and_it_says_so() {
    let keys = Keys::serve(1);
    let run = keys.run(["piv", "info", "--json"]);
    assert_eq!(failed(&run), "software_key");
    assert!(run.stderr.contains("PIV is read through the PC/SC service alone"), "{run:?}");
    assert_eq!(keys.key(0).apdu_count(), 0);
}

#[test]
fn ykman_reads_the_same_from_the_software_applet() {
    let pin = Tries { left: 2, of: 3, default: true };
    let mut slots = slots();
    slots.truncate(2);
    let stage = ykman::Stage::of(&SoftKey::new(with((5, 7, 1), Piv { pin, slots, ..Piv::new() })));
    let said = stage.ykman(&["piv", "info"]);
    for line in [
        "PIN tries remaining:      2/3",
        "PUK tries remaining:      3/3",
        "Management key algorithm: AES192",
        "Slot 9A (AUTHENTICATION):",
        "Subject DN:       CN=alice",
        "Slot 9C (SIGNATURE):",
        "Not after:        2021-01-01T00:00:00+00:00",
    ] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
    assert!(!said.contains("9D"), "{said}");
}

proptest! {
    #[test]
    fn any_bytes_are_some_certificate_object(object in proptest::collection::vec(any::<u8>(), 0..200)) {
        glasskey::piv::fuzz_object(&object);
    }

    #[test]
    fn a_certificate_that_was_tampered_with_is_read_or_not(at in 0..300_usize, byte: u8, cut in 0..400_usize) {
        let mut object = slot(0x9A, "alice", PAST, FUTURE).object.unwrap();
        if let Some(place) = object.get_mut(at) {
            *place = byte;
        }
        object.truncate(cut);
        glasskey::piv::fuzz_object(&object);
    }
}
