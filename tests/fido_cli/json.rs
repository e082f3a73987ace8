//! docs/json.md describes what the fido commands print.

use super::credentials::register;
use crate::cli::json::is_documented;
use crate::support::fido::PIN;
use crate::support::{FIRST, FidoKeys};
use glasskey::sim::authenticator::Options;
use std::os::unix::fs::PermissionsExt;

#[test]
fn every_output_is_as_documented() {
    let keys = FidoKeys::with_pin();
    is_documented(&keys.run("fido blink --json").json());
    is_documented(&keys.run_with_pin("fido pin verify --json").never_says(&[PIN]).json());
}

#[test]
fn every_output_of_managing_is_as_documented() {
    let keys = FidoKeys::with_pins([Options { enterprise_attestation: true, ..Options::bio(FIRST) }]);
    let id = register(keys.key(0), "example.com", "alice");
    for line in [
        "fido fingerprints add --name thumb",
        "fido fingerprints list",
        "fido fingerprints rename thumb finger",
        "fido fingerprints delete finger",
        "fido fingerprints delete finger",
        "fido credentials list",
        &format!("fido credentials rename {id} bob"),
        &format!("fido credentials delete {id}"),
        "fido config always-uv on",
        "fido config enterprise-attestation",
        "fido config min-pin-length 8",
    ] {
        is_documented(&keys.run_with_pin(&format!("{line} --key {FIRST} --yes --json")).never_says(&[PIN]).json());
    }
    is_documented(&keys.run(&format!("fido reset --key {FIRST} --yes --json --wait 0")).json());
}

#[test]
fn what_a_key_says_is_as_documented() {
    // One with advisories: the example has one.
    let keys = FidoKeys::of([Options::preview(FIRST)]);
    is_documented(&keys.run("fido info --json").json());
}

#[test]
fn a_list_with_a_key_that_may_not_be_opened_is_as_documented() {
    let keys = FidoKeys::serve(2);
    // A socket of which nobody is at the other end, for whoever runs this may open everything.
    std::fs::remove_file(keys.socket(1)).unwrap();
    std::fs::write(keys.socket(1), "").unwrap();
    std::fs::set_permissions(keys.socket(1), std::fs::Permissions::from_mode(0o000)).unwrap();
    let json = keys.run("fido list --json").json();
    assert_eq!((json["keys"].as_array().unwrap().len(), json["unreadable"].as_array().unwrap().len()), (1, 1));
    is_documented(&json);
}
