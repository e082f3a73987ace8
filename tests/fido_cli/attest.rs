//! `fido attest`: genuine only when all of it holds, every reason why not by its name, and the metadata it goes by.

use super::roots_of;
use crate::support::FidoKeys;
use crate::support::fido::PIN;
use glasskey::fido::metadata::Metadata;
use glasskey::sim::authenticator::{Aaguid, Attestation, Authority, Options};
use serde_json::json;

const METADATA: &str =
    "metadata     number 237, good until 2026-04-01; a newer one is out, which --mds FILE brings\n";
const D7: &str = "YubiKey 5 Series with NFC (d7781e5d-e353-46aa-afe2-3ca49f13332a)";

#[test]
fn a_key_whose_root_is_trusted_is_genuine_and_keeps_nothing_of_it() {
    let keys = FidoKeys::serve(1);
    let roots = roots_of(&keys, 0);
    let run = keys.run(&format!("fido attest --key 12345678 --attestation-roots {roots}"));
    run.is(
        0,
        &format!(
            "genuine      yes\nmodel        {D7}\n\
             attested by  Simulated Attestation Root 1, a root that you brought\n\
             certified    FIDO certified L2\n{METADATA}"
        ),
        "",
    );
    let credentials = keys.key(0).credentials();
    assert!(credentials.iter().all(|one| !one.discoverable && one.rp_id == "glasskey.invalid"), "{credentials:?}");
    let json = keys.run(&format!("fido attest --json --attestation-roots {roots}")).json();
    assert_eq!(
        (&json["genuine"], &json["root"]["from"], &json["reason"]),
        (&json!(true), &json!("file"), &json!(null))
    );
    assert_eq!(json["metadata"], json!({ "number": 237, "next_update": "2026-04-01", "stale": true }));
    assert_eq!(json["certificates"].as_array().unwrap().len(), 3);
}

#[test]
fn a_key_with_a_pin_that_does_not_need_it_is_not_asked_for_it() {
    let keys = FidoKeys::with_pin();
    let attest = format!("fido attest --key 12345678 --attestation-roots {}", roots_of(&keys, 0));
    assert_eq!(keys.run(&attest).code, 0);
    // One of CTAP 2.0 makes no credential without.
    let old = FidoKeys::with_pins([Options::old(12_345_678)]);
    let attest = format!("fido attest --key 12345678 --attestation-roots {}", roots_of(&old, 0));
    assert_eq!(old.run(&attest).code, 5);
    assert_eq!(old.run_with_pin(&attest).never_says(&[PIN]).code, 0);
}

#[test]
fn every_reason_why_not_is_named() {
    let keys = FidoKeys::serve(1);
    let roots = roots_of(&keys, 0);
    let seller = "do not rely on this key before its seller has explained this";
    let unit = "the attestation's certificate is not as it must be: its unit is not \"Authenticator Attestation\"";
    let model = "the attestation's certificate is not as it must be: it names no model";
    for (kind, code, why) in [
        (Attestation::None, "no_attestation", "the key gave no attestation"),
        (Attestation::Own, "self_attestation", "the key vouches for itself, which proves nothing"),
        (Attestation::ForgedChain, "bad_path", "the signature on the certificate of \"LEAF\" is wrong"),
        (
            Attestation::WrongAaguid,
            "wrong_aaguid",
            "the key says it is model d7781e5d-e353-46aa-afe2-3ca49f13332a, its certificate is for OTHER",
        ),
        (Attestation::NoAaguid, "bad_profile", model),
        (Attestation::CaLeaf, "leaf_is_ca", "the attestation's certificate is an authority's, not a key's"),
        (Attestation::WrongUnit, "bad_profile", unit),
        (Attestation::WrongSignature, "bad_signature", "the attestation's signature is wrong"),
        (Attestation::WrongAlgorithm, "algorithm", "algorithm -8 does not fit the attestation's certificate"),
    ] {
        keys.key(0).set_attestation(kind);
        let run = keys.run(&format!("fido attest --key 12345678 --json --attestation-roots {roots}"));
        let json = run.json();
        assert_eq!(
            (run.code, &json["genuine"], &json["reason"]["code"]),
            (1, &json!(false), &json!(code)),
            "{kind:?} {run:?}"
        );
        let said = json["reason"]["message"].as_str().unwrap();
        let hidden = |mark: &str| {
            why.split_once(mark).map(|(before, after)| said.starts_with(before) && said.ends_with(after))
        };
        assert!(hidden("LEAF").or(hidden("OTHER")).unwrap_or(said == why), "{kind:?}: {said}");
        assert!(json["root"].is_null() && json["certification"].is_null(), "nothing is lent to it");
        assert_eq!(run.stderr, format!("glasskey: hint: {seller}\n"));
    }
}

#[test]
fn a_root_that_nobody_vouches_for_is_named() {
    let keys = FidoKeys::serve(1);
    let stdout = format!(
        "genuine      not shown: the certificates end at \"Simulated FIDO Attestation A 1\", not at a root of the maker\n\
         says it is   {D7}\n{METADATA}"
    );
    keys.run("fido attest --key 12345678").is(
        1,
        &stdout,
        "glasskey: hint: do not rely on this key before its seller has explained this\n",
    );
    // Somebody else's roots do not help.
    let others = FidoKeys::of([Options { authority: Some(Authority::generate()), ..Options::new(1) }]);
    let run = keys.run(&format!("fido attest --attestation-roots {}", roots_of(&others, 0)));
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn a_model_that_no_metadata_names_is_not_genuine_whatever_its_roots() {
    let keys = FidoKeys::of([Options { aaguid: Aaguid([0x42; 16]), ..Options::new(12_345_678) }]);
    let run = keys.run(&format!("fido attest --json --attestation-roots {}", roots_of(&keys, 0)));
    assert_eq!((run.code, &run.json()["reason"]["code"]), (1, &json!("unknown_model")));
    assert!(run.stderr.ends_with(
        "glasskey: hint: a newer issue of the metadata may name it: --mds FILE, from https://mds3.fidoalliance.org/\n"
    ));
}

#[test]
fn files_that_are_no_metadata_or_no_certificates_are_refused_before_the_key_is_asked() {
    let keys = FidoKeys::serve(1);
    let file = |name: &str, content: &str| {
        let path = keys.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let anew = "glasskey: hint: get it anew from https://mds3.fidoalliance.org/\n";
    let jwt = file("not.jwt", "not a token");
    keys.run(&format!("fido attest --mds {jwt}")).is(
        2,
        "",
        &format!("glasskey: error: {jwt}: not a metadata BLOB (a JSON Web Token with its certificates)\n{anew}"),
    );
    let none = file("none.jwt", &super::forged("none", &[]));
    keys.run(&format!("fido attest --mds {none}")).is(
        2,
        "",
        &format!("glasskey: error: {none}: the metadata is signed with \"none\"; RS256 or ES256 is expected\n{anew}"),
    );
    let forged = file("forged.jwt", &super::forged("ES256", &keys.key(0).attestation_roots()));
    keys.run(&format!("fido attest --mds {forged}")).is(
        2,
        "",
        &format!(
            "glasskey: error: {forged}: who signed the metadata is not trusted: the certificates lead to \
             \"Simulated Attestation Root 1\", which is not trusted\n{anew}"
        ),
    );
    let pem = file("empty.pem", "");
    keys.run(&format!("fido attest --attestation-roots {pem}")).is(
        2,
        "",
        &format!("glasskey: error: {pem}: no certificates in PEM\n"),
    );
    let missing = keys.home.path().join("missing").display().to_string();
    keys.run(&format!("fido attest --mds {missing}")).is(
        2,
        "",
        &format!("glasskey: error: cannot read {missing}: No such file or directory (os error 2)\n"),
    );
    assert_eq!(keys.key(0).log().len(), 0, "nothing was asked of the key");
    assert_eq!(Metadata::bundled().number(), 237);
}

#[test]
fn a_key_pulled_at_any_moment_is_attested_by_the_next_run() {
    let keys = FidoKeys::serve(1);
    let attest = format!("fido attest --key 12345678 --attestation-roots {}", roots_of(&keys, 0));
    let struck = super::ceremonies::pulled_at_each_message(&keys, &attest, &mut |run| {
        assert_eq!((run.code, &*run.stdout), (3, ""), "{run:?}");
        assert_eq!(keys.run(&attest).code, 0);
    });
    assert!(struck >= 8, "{struck}");
}
