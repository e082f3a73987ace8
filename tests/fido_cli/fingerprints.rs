//! Fingerprints, taken, renamed and removed.

use crate::support::fido::PIN;
use crate::support::{FidoKeys, Typist};
use glasskey::sim::authenticator::Options;
use serde_json::Value;

fn bio() -> FidoKeys {
    FidoKeys::with_pins([Options::bio(12_345_678)])
}

const LIST: &str = "fido fingerprints list --key 12345678";

fn listed(keys: &FidoKeys) -> Vec<Value> {
    keys.run_with_pin(&format!("{LIST} --json")).json()["fingerprints"].as_array().unwrap().clone()
}

#[test]
fn a_finger_is_taken_sample_by_sample() {
    let keys = bio();
    keys.run_with_pin(LIST).is(0, "", "glasskey: no fingerprint is on YubiKey 12345678\n");
    keys.key(0).set_samples(&[0x00, 0x05]);
    let run = keys.run_with_pin("fido fingerprints add --key 12345678 --name thumb");
    let id = listed(&keys)[0]["id"].as_str().unwrap().to_owned();
    let told: Vec<_> = run.stderr.lines().filter(|line| !line.contains("touch the sensor")).collect();
    assert_eq!(
        told,
        [
            "  finger    good; 4 more",
            "  finger    too fast: leave it there longer; 4 more",
            "  finger    good; 3 more",
            "  finger    good; 2 more",
            "  finger    good; 1 more",
            "  finger    good; that was the last one",
            &format!("  12345678  knows the finger as \"thumb\" ({id})"),
        ]
    );
    keys.run_with_pin(LIST).is(0, &format!("ID    NAME\n{id}  thumb\n"), "");
}

#[test]
fn one_is_renamed_and_deleted_by_its_name() {
    let keys = bio();
    for name in ["left", "right"] {
        assert_eq!(keys.run_with_pin(&format!("fido fingerprints add --key 12345678 --name {name}")).code, 0);
    }
    let ids: Vec<_> = listed(&keys).iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let (left, right) = (&ids[0], &ids[1]);
    keys.run_with_pin("fido fingerprints rename left thumb --key 12345678").is(
        0,
        "",
        &format!("  12345678  \"left\" ({left}) is now \"thumb\" ({left})\n"),
    );
    assert_eq!(keys.run_with_pin("fido fingerprints delete left --key 12345678 --yes").code, 3);
    let mut person = Typist::start(&keys.bare(["fido", "fingerprints", "delete", right, "--key", "12345678"]));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    let prompt = format!("Remove the fingerprint \"right\" ({right}) from YubiKey 12345678 for good? [y/N] ");
    person.sees(&prompt).types("y");
    person.end().1.is(0, "", &format!("  12345678  \"right\" ({right}) removed\n"));
    assert_eq!(listed(&keys).len(), 1);
}

#[test]
fn what_cannot_be_is_said_before_the_pin_is_asked_for() {
    let keys = bio();
    keys.run("fido fingerprints add --key 12345678 --name a-name-that-is-too-long").is(
        2,
        "",
        "glasskey: error: the name has 23 bytes; 15 fit\n",
    );
    let plain = FidoKeys::with_pin();
    plain.run(LIST).is(3, "", "glasskey: error: YubiKey 12345678 cannot do fingerprints\n");
}

#[test]
fn a_finger_that_does_not_come_leaves_nothing() {
    let keys = bio();
    keys.key(0).set_samples(&[0x00, 0x0D, 0x0D, 0x0D]);
    let run = keys.run_with_pin("fido fingerprints add --key 12345678");
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("glasskey: error: nobody touched YubiKey 12345678 in time\n"), "{run:?}");
    assert!(listed(&keys).is_empty());
}
