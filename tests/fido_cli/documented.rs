//! docs/json.md describes what the ceremonies print.

use super::ceremonies::{ASSERT, ENROLL, ceremony, creation, request};
use super::roots_of;
use crate::cli::json::is_documented;
use crate::support::fido::PIN;
use crate::support::{FIRST, FidoKeys, glasskey, run};
use glasskey::sim::authenticator::{Attestation, Options};
use serde_json::json;

#[test]
fn every_output_of_the_ceremonies_is_as_documented() {
    let keys = FidoKeys::with_pins([Options::new(FIRST)]);
    let roots = format!("--attestation-roots {}", roots_of(&keys, 0));
    is_documented(&keys.run(&format!("fido attest --json {roots}")).json());
    is_documented(&keys.run_with_pin("fido enroll --key 12345678 --json").json());
    is_documented(&keys.run_with_pin("fido verify --json").json());
    std::fs::write(keys.home.path().join("state/fido/12345678.json"), "?").unwrap();
    is_documented(&keys.run_with_pin("fido verify --json").json());
    let json = ceremony(&keys, ENROLL, &creation(&json!({}))).json();
    is_documented(&json);
    let allow = json!([{ "type": "public-key", "id": json["id"] }]);
    let user = json!({ "authenticatorSelection": { "residentKey": "required" } });
    is_documented(&ceremony(&keys, &format!("{ENROLL} --json"), &creation(&user)).json());
    is_documented(&ceremony(&keys, ASSERT, &request(&json!({}))).json());
    // A credential that is not discoverable tells no user.
    let unnamed = ceremony(&keys, ASSERT, &request(&json!({ "allowCredentials": allow }))).json();
    assert!(unnamed["response"]["userHandle"].is_null());
    keys.key(0).set_attestation(Attestation::None);
    is_documented(&keys.run(&format!("fido attest --json {roots}")).json());
    is_documented(&keys.run(&format!("fido prepare --key 12345678 --json {roots}")).json());
}

#[test]
fn what_prepare_prints_is_as_documented() {
    let keys = FidoKeys::with_pins([Options::preview(FIRST)]);
    let json =
        keys.run_with_pin(&format!("fido prepare --key 12345678 --json --attestation-roots {}", roots_of(&keys, 0)));
    is_documented(&json.never_says(&[PIN]).json());
}

#[test]
fn the_version_tells_what_is_built_in() {
    let home = tempfile::tempdir().unwrap();
    let version = |args: &[&str]| run(glasskey(home.path()).args(args));
    let json = version(&["--version", "--verbose", "--json"]).json();
    is_documented(&json);
    let (models, count) = (&json["metadata"]["models"], &json["advisories"]["count"]);
    let stdout = format!(
        "glasskey {}\nmetadata     number 237, good until 2026-04-01, {models} models of FIDO2 keys; a newer one is out, \
         which --mds FILE brings\nadvisories   {count}, the newest YSA-2025-02\nfeatures     hid, pcsc, piv\n",
        env!("CARGO_PKG_VERSION")
    );
    version(&["--verbose", "-V"]).is(0, &stdout, "");
    version(&["--version"]).is(0, &format!("glasskey {}\n", env!("CARGO_PKG_VERSION")), "");
}
