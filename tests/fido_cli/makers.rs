//! Keys of other makers: what they tell is shown as they tell it, and where glasskey knows nothing of them, every
//! command says so in the same words.

use super::roots_of;
use crate::support::{FidoKeys, Run, Typist, run};
use glasskey::sim::authenticator::{Aaguid, Fault, On, Options, Touch, What, When};
use serde_json::Value;
use std::time::Duration;

const UNKNOWN: &str = "glasskey has no advisories for this kind of key; ask its maker";

/// A key that is not Yubico's, of this model: firmware number 329476 in its getInfo, which Yubico would call 5.7.4.
fn of_maker(vendor_id: u16, product_id: u16, aaguid: u128, product: &str) -> Options {
    Options {
        vendor_id,
        product_id,
        aaguid: Aaguid(aaguid.to_be_bytes()),
        product: product.to_owned(),
        device_info: false,
        serial: None,
        ..Options::new(1)
    }
}

/// Known to the FIDO Alliance, and not to the table of advisories.
fn nitrokey() -> Options {
    of_maker(0x20A0, 0x42B2, 0x2cd2_f727_f6ca_44da_8f48_5c2e_5da0_00a2, "Nitrokey 3")
}

fn ishield() -> Options {
    of_maker(0x1370, 0x0911, 0x5d62_9218_d3a5_11ed_afa1_0242_ac12_0002, "Swissbit Secure USB")
}

fn advisory_checks(run: &Run) -> Vec<Value> {
    let json = run.json();
    json["checks"].as_array().unwrap().iter().filter(|check| check["check"] == "advisory").cloned().collect()
}

/// The key's row in a table: the only one.
fn row(keys: &FidoKeys, command: &str) -> String {
    let run = keys.run(command);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 2), "{run:?}");
    run.stdout.lines().nth(1).unwrap().to_owned()
}

#[test]
fn every_command_says_the_same_of_a_key_that_the_table_does_not_cover() {
    let keys = FidoKeys::of([nitrokey()]);
    for command in ["fido list", "keys"] {
        let row = row(&keys, command);
        assert!(row.ends_with(UNKNOWN), "{command}: {row}");
    }
    let info = keys.run("fido info");
    assert!(info.stdout.ends_with(&format!("\nadvisories      {UNKNOWN}\n")), "{info:?}");
    let doctor = advisory_checks(&keys.run("doctor --offline --json"));
    assert_eq!((&doctor[0]["verdict"], &doctor[0]["message"]), (&"cannot_tell".into(), &UNKNOWN.into()));
    assert_eq!(doctor.len(), 1);

    let (roots, path) = (roots_of(&keys, 0), keys.path(0));
    let line = format!("fido prepare --key {path} --attestation-roots {roots} --new-pin-fd 3");
    let prepared = keys.run_with_pins(&line, &["some-new-pin"]);
    assert_eq!(prepared.code, 0, "{prepared:?}");
    assert!(prepared.stderr.starts_with(&format!("  advisory  {UNKNOWN}\n")), "{prepared:?}");
    assert!(prepared.stdout.contains(&format!("\nadvisory     {UNKNOWN}\n")), "{prepared:?}");
    for command in ["fido list", "keys"] {
        assert!(keys.run(&format!("{command} --json")).json()["keys"][0]["advisories"].is_null());
    }
}

#[test]
fn another_makers_firmware_is_the_number_that_its_key_gives() {
    let keys = FidoKeys::of([nitrokey()]);
    for command in ["fido list", "keys"] {
        let (row, json) = (row(&keys, command), keys.run(&format!("{command} --json")).json());
        assert!(row.contains("329476") && !row.contains("5.7.4"), "{row}");
        assert_eq!(json["keys"][0]["firmware"], "329476");
    }
    assert_eq!(keys.run("fido info --json").json()["firmware"], "329476");
    assert!(keys.run("fido info").stdout.contains("\nfirmware        329476\n"));
    assert!(!keys.run("doctor --offline --json").stdout.contains("5.7.4"));

    let (roots, path) = (roots_of(&keys, 0), keys.path(0));
    let line = format!("fido prepare --key {path} --attestation-roots {roots} --new-pin-fd 3");
    let prepared = keys.run_with_pins(&line, &["some-new-pin"]);
    assert!(prepared.stdout.contains("\nmodel        Nitrokey 3 AM, firmware 329476\n"), "{prepared:?}");
}

#[test]
fn an_advisory_of_another_maker_may_be_about_a_key_of_its_model() {
    let keys = FidoKeys::of([ishield()]);
    for command in ["fido list", "keys"] {
        let row = row(&keys, command);
        assert!(row.ends_with("SB-2024-01 may touch FIDO2 and PIV, not TOTP"), "{row}");
    }
    let told = keys.run("fido info --json").json();
    let told = &told["advisories"][0];
    assert_eq!(
        (&told["id"], &told["certain"], &told["published"]),
        (&"SB-2024-01".into(), &false.into(), &"2024".into())
    );
    let info = keys.run("fido info").stdout;
    assert!(info.contains("FIDO2 may be affected: ") && info.contains("firmware before 3.35.0"), "{info}");
    assert!(info.ends_with("https://www.swissbit.com/en/support/security-advisories/sb-2021-01 (2024)\n"), "{info}");
    let doctor = advisory_checks(&keys.run("doctor --offline --json"));
    assert_eq!((doctor.len(), &doctor[0]["verdict"]), (1, &"problem".into()));

    // Told by its USB numbers.
    let keys = FidoKeys::of([of_maker(0x20A0, 0x42B1, 1, "Nitrokey FIDO2 2.4.1")]);
    let row = row(&keys, "fido list");
    assert!(row.ends_with("CVE-2020-27208 may touch FIDO2, not TOTP or PIV"), "{row}");
    // The series after it is not affected, and nothing else is known of it.
    let two = FidoKeys::of([of_maker(0x1370, 0x0911, 0x7787_a482_13e8_4784_8a06_c7ed_49a7_aaf4, "iShield Key 2")]);
    assert!(two.run("fido list").stdout.ends_with(&format!("{UNKNOWN}\n")));
}

/// Some answer with a status of their own, some with bytes that are no map.
#[test]
fn a_key_that_answers_nonsense_to_how_many_tries_are_left_can_be_read() {
    const CLIENT_PIN: u8 = 0x06;
    let plain = FidoKeys::of([nitrokey()]);
    let with_pin = FidoKeys::with_pins([nitrokey()]);
    for (keys, pin) in [(&plain, "no PIN"), (&with_pin, "PIN set, ?/8")] {
        for what in [What::Status(0xF3), What::Truncated] {
            for command in ["fido list", "keys", "fido info", "doctor --offline"] {
                // Once for the FIDO2 PIN; a fault that is still armed strikes in the next run.
                if keys.key(0).faults_left() == 0 {
                    keys.key(0).fault(Fault { on: On::Command(CLIENT_PIN), when: When::After, what });
                }
                let run = keys.run(command);
                assert!(run.code == 0 || command.starts_with("doctor"), "{command}: {run:?}");
                assert!(run.stdout.contains("Nitrokey 3 AM"), "{command}: {run:?}");
                if ["fido list", "keys"].contains(&command) {
                    assert!(run.stdout.contains(pin), "{command}: {run:?}");
                }
            }
        }
    }
}

/// 0x27 is OPERATION_DENIED, which some keys answer when nobody touched them in time.
#[test]
fn a_denial_may_be_a_touch_that_did_not_come() {
    let keys = FidoKeys::of([nitrokey()]);
    keys.key(0).set_touch(Touch::After(Duration::from_millis(200)));
    let path = keys.path(0);
    keys.key(0).fault(Fault { on: On::Command(0x0B), when: When::Before, what: What::Status(0x27) });
    keys.run("fido blink").is(
        3,
        "",
        &format!(
            "glasskey: error: it was refused on the key at {path}, or nobody touched it in time\n\
             glasskey: some keys give the same answer for both\n\
             glasskey: hint: run the command again, and touch the key when it blinks\n"
        ),
    );
}

#[test]
fn a_key_without_configuration_is_said_to_lack_it_before_its_pin_is_asked_for() {
    let keys = FidoKeys::with_pins([Options { config: false, ..nitrokey() }]);
    let path = keys.path(0);
    let mut command = keys.glasskey(["fido", "config", "force-pin-change", "--key", &path]);
    let lacks = format!("glasskey: error: the key at {path} cannot do wanting its PIN changed\n");
    run(&mut command).is(3, "", &lacks);
    let person = Typist::start(&keys.bare(["fido", "config", "force-pin-change", "--key", &path]));
    let (terminal, run) = person.end();
    assert_eq!((&*terminal, run.code, run.stderr), ("", 3, lacks));
}
