//! What a key says of itself, and which advisories are about it.

use crate::support::FidoKeys;
use glasskey::sim::authenticator::Options;

#[test]
fn a_new_key_says_everything_and_no_advisory_touches_it() {
    let keys = FidoKeys::with_pin();
    let path = keys.path(0);
    keys.run("fido info").is(
        0,
        &format!(
            "key             YubiKey 5C NFC 12345678\n\
             device          {path}\n\
             model           YubiKey 5 Series with NFC, FIDO certified L2\n\
             AAGUID          d7781e5d-e353-46aa-afe2-3ca49f13332a\n\
             firmware        5.7.4\n\
             versions        U2F_V2, FIDO_2_0, FIDO_2_1_PRE, FIDO_2_1\n\
             extensions      credProtect, hmac-secret, largeBlobKey, credBlob, minPinLength\n\
             algorithms      ES256, EdDSA\n\
             options         alwaysUv off, authnrCfg, clientPin, credMgmt, credentialMgmtPreview, largeBlobs, \
             makeCredUvNotRqd, pinUvAuthToken, plat off, rk, setMinPINLength, up\n\
             PIN             set, 8 tries left; a new one has at least 4 characters\n\
             discoverable    100 slots free\n\
             certifications  the key tells none\n\
             advisories      none that is known touches this firmware\n"
        ),
        "",
    );
}

#[test]
fn an_advisory_says_which_use_it_touches_and_which_not() {
    let keys = FidoKeys::of([Options::preview(12_345_678)]);
    let run = keys.run("fido info");
    assert_eq!(run.code, 0, "{run:?}");
    let at = run.stdout.find("YSA-2024-03").expect("an advisory about firmware 5.4.3");
    let lines: Vec<_> = run.stdout[at..].lines().map(str::trim).collect();
    assert!(lines[1].starts_with("FIDO2 is affected: "), "{lines:?}");
    assert_eq!(lines[2], "TOTP is not affected: TOTP uses HMAC, not ECDSA");
    let json = keys.run("fido info --json").json();
    let ids: Vec<_> = json["advisories"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["YSA-2024-03", "YSA-2025-02"]);
    assert_eq!(json["advisories"][0]["oath"]["affected"], false);
}

#[test]
fn a_key_of_another_maker_tells_what_it_can() {
    let keys = FidoKeys::of([Options { device_info: false, serial: None, ..Options::old(1) }]);
    let json = keys.run("fido info --json").json();
    assert!(json["key"].is_null() && json["remaining_credentials"].is_null(), "{json}");
    // CTAP 2.0 has no firmware in getInfo: nobody knows.
    assert!(json["firmware"].is_null() && json["advisories"].is_null(), "{json}");
    let run = keys.run("fido info");
    assert!(run.stdout.contains("\nadvisories      not known: the key does not tell its firmware\n"), "{run:?}");
    assert!(run.stdout.contains("\nfirmware        not told\n"), "{run:?}");
}
