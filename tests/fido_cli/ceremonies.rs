//! `fido enroll`, `assert` and `verify`: what the binary makes stands before relying parties that are not ours, and
//! what cannot be made is refused with its reason.

use crate::support::fido::{PIN, open};
use crate::support::{FIRST, FidoKeys, Run, Typist, run_with, with_fd};
use data_encoding::BASE64URL_NOPAD;
use glasskey::sim::authenticator::{Fault, Level, On, Options, SoftAuthenticator, Touch, What, When};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub(crate) const ENROLL: &str = "fido enroll --key 12345678 --origin https://signin.example.com";
pub(crate) const ASSERT: &str = "fido assert --key 12345678 --origin https://signin.example.com";
const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

pub(crate) fn creation(change: &Value) -> Value {
    let mut options = json!({
        "rp": { "id": "example.com", "name": "Example" },
        "user": { "id": "YWxpY2U", "name": "alice", "displayName": "Alice" },
        "challenge": CHALLENGE,
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -8 }],
        "attestation": "direct",
    });
    merge(&mut options, change);
    options
}

pub(crate) fn request(change: &Value) -> Value {
    let mut options = json!({ "challenge": CHALLENGE, "rpId": "example.com" });
    merge(&mut options, change);
    options
}

fn merge(options: &mut Value, change: &Value) {
    options.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
}

/// Runs a line with these options on standard input and [`PIN`] at hand.
pub(super) fn ceremony(keys: &FidoKeys, line: &str, options: &Value) -> Run {
    let command = keys.glasskey(format!("{line} --pin-fd 3").split_whitespace());
    run_with(&mut with_fd(&command, 3, &format!("{PIN}\n")), options.to_string().as_bytes())
}

/// A case for a relying party: see `tests/judges/verify.py`.
fn case(what: &str, response: &Value, verified: bool) -> Value {
    let wanted = if verified { "required" } else { "discouraged" };
    json!({
        "rpId": "example.com", "origin": "https://signin.example.com", "challenge": CHALLENGE,
        "userVerification": wanted, what: response,
    })
}

#[cfg(target_os = "linux")]
#[test]
fn other_peoples_relying_parties_take_what_the_binary_makes() {
    let options = Options { intermediate_in_x5c: true, ..Options::new(FIRST) };
    let keys = FidoKeys::with_pins([options]);
    let root = std::fs::read_to_string(super::roots_of(&keys, 0)).unwrap();
    let root = format!("{}-----END CERTIFICATE-----\n", root.split_once("-----END").unwrap().0);
    let mut registrations = Vec::new();
    let kinds = [
        (json!({ "authenticatorSelection": { "residentKey": "required", "userVerification": "required" } }), true),
        (json!({ "authenticatorSelection": { "userVerification": "discouraged" } }), false),
        (json!({ "pubKeyCredParams": [{ "type": "public-key", "alg": -8 }] }), true),
    ];
    for (change, verified) in &kinds {
        let made = ceremony(&keys, ENROLL, &creation(change)).never_says(&[PIN]).json();
        let mut one = case("registration", &made, *verified);
        one["roots"] = json!([root]);
        registrations.push(one);
    }
    let facts = crate::judges::verified(&registrations);
    assert!(facts.iter().all(|facts| facts["fmt"] == "packed"), "{facts:#?}");
    let user_verified: Vec<bool> = facts.iter().map(|facts| facts["userVerified"].as_bool().unwrap()).collect();
    assert_eq!(user_verified, [true, false, true]);

    let mut assertions = Vec::new();
    for (facts, uv) in facts.iter().zip(["required", "discouraged", "preferred"]) {
        let allow = json!([{ "type": "public-key", "id": facts["id"] }]);
        let options = request(&json!({ "allowCredentials": allow, "userVerification": uv }));
        let made = ceremony(&keys, ASSERT, &options).never_says(&[PIN]).json();
        let mut one = case("assertion", &made, uv != "discouraged");
        one["publicKey"] = facts["publicKey"].clone();
        assertions.push(one);
    }
    // And whatever the key finds by itself.
    let made = ceremony(&keys, ASSERT, &request(&json!({}))).json();
    assert_eq!(made["response"]["userHandle"], "YWxpY2U");
    let mut found = case("assertion", &made, true);
    found["publicKey"] = facts[0]["publicKey"].clone();
    assertions.push(found);
    crate::judges::verified(&assertions);

    let wrong = |one: &Value| {
        let mut wrong = one.clone();
        wrong["challenge"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        wrong
    };
    crate::judges::refused(&registrations.iter().chain(&assertions).map(wrong).collect::<Vec<_>>());
}

#[test]
fn attestation_is_handed_on_only_where_it_is_wanted() {
    let keys = FidoKeys::serve(1);
    let object = |change: &Value| {
        let made = ceremony(&keys, ENROLL, &creation(change)).json();
        BASE64URL_NOPAD.decode(made["response"]["attestationObject"].as_str().unwrap().as_bytes()).unwrap()
    };
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    let none = object(&json!({ "attestation": "none" }));
    assert!(holds(&none, b"none") && !holds(&none, b"x5c"));
    let direct = object(&json!({ "attestation": "indirect" }));
    assert!(holds(&direct, b"packed") && holds(&direct, b"x5c"));
}

#[test]
fn extensions_are_asked_for_where_the_key_has_them() {
    let keys = FidoKeys::with_pin();
    let wanted = json!({
        "authenticatorSelection": { "residentKey": "preferred" },
        "extensions": {
            "credProps": true, "credentialProtectionPolicy": "userVerificationRequired", "minPinLength": true,
            "enforceCredentialProtectionPolicy": true, "prf": {}, "largeBlob": { "support": "required" },
        },
    });
    let made = ceremony(&keys, ENROLL, &creation(&wanted)).json();
    let results =
        json!({ "credProps": { "rk": true }, "prf": { "enabled": true }, "largeBlob": { "supported": true } });
    assert_eq!(made["clientExtensionResults"], results);
    let data = BASE64URL_NOPAD.decode(made["response"]["authenticatorData"].as_str().unwrap().as_bytes()).unwrap();
    assert!(data.windows(12).any(|window| window == b"\x6BcredProtect"), "credProtect is among the outputs");

    // The secret is the same each time, and another one for another salt.
    let salts = |first: &str| json!({ "extensions": { "prf": { "eval": { "first": first } } } });
    let secret = |change: &Value| {
        let made = ceremony(&keys, ASSERT, &request(change)).json();
        made["clientExtensionResults"]["prf"]["results"]["first"].as_str().unwrap().to_owned()
    };
    assert_eq!(secret(&salts("AAAA")), secret(&salts("AAAA")));
    assert_ne!(secret(&salts("AAAA")), secret(&salts("AAAB")));
    let by = json!({
        "allowCredentials": [{ "type": "public-key", "id": "AAAA" }, { "type": "public-key", "id": made["id"] }],
        "extensions": { "prf": {
            "eval": { "first": "BBBB" },
            "evalByCredential": { made["id"].as_str().unwrap(): { "first": "AAAA" } },
        } },
    });
    assert_eq!(secret(&by), secret(&salts("AAAA")), "the credential's own salt is used");

    // A key of CTAP 2.0 has neither.
    let old = FidoKeys::with_pins([Options { hmac_secret: false, ..Options::old(FIRST) }]);
    let insists = "glasskey: error: the relying party insists on credProtect, which YubiKey 12345678 does not have\n";
    ceremony(&old, ENROLL, &creation(&wanted)).is(3, "", insists);
    let mut gently = wanted;
    gently["extensions"]["enforceCredentialProtectionPolicy"] = json!(false);
    ceremony(&old, ENROLL, &creation(&gently)).is(
        3,
        "",
        "glasskey: error: the relying party insists on large blobs, which YubiKey 12345678 does not have\n",
    );
    gently["extensions"]["largeBlob"]["support"] = json!("preferred");
    let made = ceremony(&old, ENROLL, &creation(&gently)).json();
    let results =
        json!({ "credProps": { "rk": true }, "prf": { "enabled": false }, "largeBlob": { "supported": false } });
    assert_eq!(made["clientExtensionResults"], results);
}

#[test]
fn a_large_blob_is_written_and_read() {
    let keys = FidoKeys::with_pin();
    let wanted = json!({
        "authenticatorSelection": { "residentKey": "required" }, "extensions": { "largeBlob": { "support": "required" } },
    });
    let made = ceremony(&keys, ENROLL, &creation(&wanted)).json();
    let allow = json!([{ "type": "public-key", "id": made["id"] }]);
    let blob = |extension: Value| {
        let change = json!({ "allowCredentials": allow, "extensions": { "largeBlob": extension } });
        ceremony(&keys, ASSERT, &request(&change)).json()["clientExtensionResults"]["largeBlob"].clone()
    };
    assert_eq!(blob(json!({ "read": true })), json!({}), "there is none yet");
    assert_eq!(blob(json!({ "write": "AQID" })), json!({ "written": true }));
    assert_eq!(blob(json!({ "read": true })), json!({ "blob": "AQID" }));
    // Random bytes do not get shorter, and there is no room for so many.
    let mut long = vec![0; 5000];
    getrandom::fill(&mut long).unwrap();
    assert_eq!(blob(json!({ "write": BASE64URL_NOPAD.encode(&long) })), json!({ "written": false }));
    assert_eq!(blob(json!({ "read": true })), json!({ "blob": "AQID" }), "the old one is still there");
    ceremony(&keys, ASSERT, &request(&json!({ "extensions": { "largeBlob": { "write": "AQID" } } }))).is(
        2,
        "",
        "glasskey: error: \"extensions.largeBlob.write\" in the options must be for the only one of \"allowCredentials\"\n",
    );
}

#[test]
fn options_that_cannot_be_met_are_refused_before_the_key_is_asked() {
    let keys = FidoKeys::serve(1);
    let enroll =
        |line: &str, options: &str| run_with(&mut keys.glasskey(line.split_whitespace()), options.as_bytes());
    let made = "glasskey: hint: give the object that the relying party's server makes, as it makes it\n";
    let elsewhere = "glasskey: hint: a browser refuses this too: either the options or --origin are another site's\n";
    let changed = |change: Value| creation(&change).to_string();
    let cases = [
        (ENROLL, "not JSON".to_owned(), 2, format!("the options are not JSON (line 1)\n{made}")),
        (ENROLL, String::new(), 2, format!("the options are not JSON (line 1)\n{made}")),
        (ENROLL, changed(json!({ "challenge": null })), 2, "the options lack \"challenge\"\n".to_owned()),
        (
            ENROLL,
            changed(json!({ "timeout": "soon" })),
            2,
            "\"timeout\" in the options must be a number of milliseconds\n".to_owned(),
        ),
        (
            ENROLL,
            changed(json!({ "rp": { "id": "example.org", "name": "x" } })),
            2,
            format!(
                "rp.id \"example.org\" is neither the origin's host \"signin.example.com\" nor a domain above it\n{elsewhere}"
            ),
        ),
        (
            ENROLL,
            changed(json!({ "rp": { "id": "com", "name": "x" } })),
            2,
            "rp.id \"com\" is a public suffix: anyone can have a name under it\n".to_owned(),
        ),
        (
            ASSERT,
            request(&json!({ "rpId": "other.example.com" })).to_string(),
            2,
            format!(
                "rp.id \"other.example.com\" is neither the origin's host \"signin.example.com\" nor a domain above it\n{elsewhere}"
            ),
        ),
        (
            "fido enroll --key 12345678 --origin http://example.com",
            changed(json!({})),
            2,
            "--origin http://example.com: WebAuthn needs https, or http://localhost\n".to_owned(),
        ),
        (
            ENROLL,
            changed(json!({ "pubKeyCredParams": [{ "type": "public-key", "alg": -257 }] })),
            3,
            "the relying party takes neither ES256 (-7) nor EdDSA (-8)\n".to_owned(),
        ),
        (
            ENROLL,
            changed(json!({ "authenticatorSelection": { "authenticatorAttachment": "platform" } })),
            3,
            "the relying party wants an authenticator that is part of a computer; a key is none\n".to_owned(),
        ),
        (
            ENROLL,
            changed(json!({ "authenticatorSelection": { "userVerification": "required" } })),
            3,
            "no PIN is set on YubiKey 12345678\n\
             glasskey: hint: `glasskey fido pin set --key 12345678` sets one\n"
                .to_owned(),
        ),
    ];
    for (line, options, code, error) in cases {
        enroll(line, &options).is(code, "", &format!("glasskey: error: {error}"));
    }
    assert!(keys.key(0).credentials().is_empty());
    enroll(&format!("{ENROLL} --options missing.json"), "").is(
        2,
        "",
        "glasskey: error: cannot read missing.json: No such file or directory (os error 2)\n",
    );
}

#[test]
fn options_of_any_editor_are_read() {
    let keys = FidoKeys::serve(1);
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
    let forms = |text: &str| {
        let marked = format!("\u{feff}{text}");
        [
            marked.clone().into_bytes(),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
        ]
    };
    let options = creation(&json!({})).to_string();
    for form in forms(&options) {
        let made = run_with(&mut keys.glasskey(ENROLL.split(' ')), &form);
        assert_eq!(made.code, 0, "{form:?}: {made:?}");
        let id = made.json()["id"].clone();
        let allow = json!({ "allowCredentials": [{ "type": "public-key", "id": id }] });
        for form in forms(&request(&allow).to_string()) {
            std::fs::write(keys.home.path().join("options.json"), &form).unwrap();
            let signed = keys.run(&format!("{ASSERT} --options options.json"));
            assert_eq!((signed.code, &signed.json()["id"]), (0, &id), "{form:?}: {signed:?}");
        }
    }
    let cut = run_with(&mut keys.glasskey(ENROLL.split(' ')), b"\xFF\xFE{\0\"");
    let why = "the relying party's options are UTF-16, and damaged or cut short";
    cut.is(2, "", &format!("glasskey: error: {why}\nglasskey: hint: save them as UTF-8\n"));
}

#[test]
fn this_machine_needs_no_https() {
    let keys = FidoKeys::serve(1);
    for (host, port) in [("localhost", ":8080"), ("app.localhost", ""), ("a.b.localhost", ":3000")] {
        let options = creation(&json!({ "rp": { "id": host, "name": "x" } })).to_string();
        let line = format!("fido enroll --key 12345678 --origin http://{host}{port}");
        let made = run_with(&mut keys.glasskey(line.split(' ')), options.as_bytes());
        assert_eq!(made.code, 0, "{host}: {made:?}");
    }
    let line = "fido enroll --key 12345678 --origin http://localhost.example.com";
    let refused = run_with(&mut keys.glasskey(line.split(' ')), creation(&json!({})).to_string().as_bytes());
    assert!(refused.code == 2 && refused.stderr.contains("WebAuthn needs https"), "{refused:?}");
}

#[test]
fn an_algorithm_that_the_key_lacks_is_none() {
    let keys = FidoKeys::of([Options::old(FIRST)]);
    let eddsa = json!({ "pubKeyCredParams": [{ "type": "public-key", "alg": -8 }] });
    // It does not tell its algorithms, so it is asked.
    ceremony(&keys, ENROLL, &creation(&eddsa)).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 knows none of the algorithms asked for\n",
    );
}

#[test]
fn a_key_that_has_an_excluded_credential_is_not_enrolled_again() {
    let keys = FidoKeys::serve(1);
    let made = ceremony(&keys, ENROLL, &creation(&json!({}))).json();
    let mut excluded: Vec<Value> =
        (0..20u8).map(|n| json!({ "type": "public-key", "id": BASE64URL_NOPAD.encode(&[n; 64]) })).collect();
    let exclude = |list: &[Value]| creation(&json!({ "excludeCredentials": list }));
    assert_eq!(ceremony(&keys, ENROLL, &exclude(&excluded)).code, 0, "none of these is on the key");
    excluded.push(json!({ "type": "public-key", "id": made["id"] }));
    let error = "glasskey: error: YubiKey 12345678 holds one of the excluded credentials: it is registered already\n";
    ceremony(&keys, ENROLL, &exclude(&excluded)).is(3, "", error);
    ceremony(&keys, ENROLL, &exclude(&excluded[20..])).is(3, "", error);
}

#[test]
fn of_several_users_one_is_named() {
    let keys = FidoKeys::with_pin();
    for (id, name) in [("YQ", "alice"), ("Yg", "bob")] {
        let user = json!({ "id": id, "name": name, "displayName": name });
        let options = json!({ "user": user, "authenticatorSelection": { "residentKey": "required" } });
        assert_eq!(ceremony(&keys, ENROLL, &creation(&options)).code, 0);
    }
    ceremony(&keys, ASSERT, &request(&json!({}))).is(
        2,
        "",
        "glasskey: error: YubiKey 12345678 holds credentials for several users: \"bob\", \"alice\"\n\
         glasskey: hint: name one with --user NAME\n",
    );
    let made = ceremony(&keys, &format!("{ASSERT} --user alice"), &request(&json!({}))).json();
    assert_eq!(made["response"]["userHandle"], "YQ");
    ceremony(&keys, &format!("{ASSERT} --user carol"), &request(&json!({}))).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 holds no credential for that user; it has: \"bob\", \"alice\"\n",
    );
    ceremony(&keys, ASSERT, &request(&json!({ "allowCredentials": [{ "type": "public-key", "id": "AAAA" }] }))).is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 holds no credential that fits\n",
    );
}

#[test]
fn nobody_touches_the_key_in_the_relying_partys_time() {
    let keys = FidoKeys::serve(1);
    keys.key(0).set_touch(Touch::Never);
    ceremony(&keys, ENROLL, &creation(&json!({ "timeout": 1 }))).is(
        5,
        "",
        "  touch     YubiKey 12345678 now: it blinks\n\
         glasskey: error: nobody touched YubiKey 12345678 in time\n\
         glasskey: hint: run the command again, and touch the key when it blinks\n",
    );
    keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(ceremony(&keys, ENROLL, &creation(&json!({}))).code, 0, "the key has been told to give up");
}

#[test]
fn the_key_gives_up_waiting_before_we_do() {
    let impatient = Options { touch_timeout: Duration::from_millis(300), ..Options::new(FIRST) };
    let keys = FidoKeys::of([impatient]);
    assert_eq!(keys.run("fido enroll --key 12345678").code, 0);
    keys.key(0).set_touch(Touch::Never);
    for line in ["fido verify", "fido attest", "fido prepare --key 12345678", "fido enroll --key 12345678"] {
        let run = keys.run(line);
        assert_eq!((run.code, &*run.stdout), (5, ""), "{line}: {run:?}");
        assert!(run.stderr.contains("glasskey: error: nobody touched YubiKey 12345678 in time\n"), "{line}: {run:?}");
    }
    assert!(!keys.key(0).has_pin());
    keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(keys.run("fido verify").code, 0);
}

#[test]
fn of_two_keys_one_is_named() {
    let keys = FidoKeys::serve(2);
    let error = "glasskey: error: more than one FIDO2 key is plugged in: 12345678, 12345679\n\
                 glasskey: hint: name one with --key SERIAL, or with --key PATH where it tells no serial number\n";
    for line in ["fido attest", "fido enroll", "fido verify", "fido prepare --yes"] {
        keys.run(line).is(2, "", error);
    }
    let both = ceremony(&keys, "fido assert --origin https://signin.example.com", &request(&json!({})));
    both.is(2, "", error);
    assert!(keys.all().iter().all(|key| key.credentials().is_empty() && !key.has_pin()));
}

#[test]
fn ctrl_c_while_the_key_waits_leaves_it_usable() {
    let keys = FidoKeys::serve(1);
    keys.key(0).set_touch(Touch::Never);
    let mut person = Typist::start(&keys.bare(["fido", "enroll", "--key", "12345678"]));
    person.sees("now: it blinks").interrupts();
    person.end().1.is(130, "", "  touch     YubiKey 12345678 now: it blinks\nglasskey: error: interrupted\n");
    assert!(keys.key(0).credentials().is_empty());
    keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(keys.run("fido enroll --key 12345678").code, 0);
}

#[test]
fn a_wrong_pin_makes_nothing() {
    let keys = FidoKeys::with_pin();
    let command = keys.glasskey(format!("{ENROLL} --pin-fd 3").split_whitespace());
    let run = run_with(&mut with_fd(&command, 3, "wrong\n"), creation(&json!({})).to_string().as_bytes());
    run.is(3, "", "glasskey: error: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n");
    run_with(&mut keys.glasskey(ENROLL.split(' ')), creation(&json!({})).to_string().as_bytes()).is(
        5,
        "",
        "glasskey: error: the PIN of YubiKey 12345678 is needed, and nobody can be asked for it\n\
         glasskey: hint: --pin-stdin reads it from standard input, --pin-fd FD from a file descriptor: one line per key\n",
    );
    assert!(keys.key(0).credentials().is_empty());
}

#[test]
fn the_only_key_is_asked_about_before_it_gets_a_credential() {
    let keys = FidoKeys::serve(1);
    keys.run("fido enroll").is(
        5,
        "",
        "glasskey: error: is YubiKey 12345678 (YubiKey 5C NFC) meant? Nobody can be asked\n\
         glasskey: hint: name it with --key 12345678\n",
    );
    assert!(keys.key(0).credentials().is_empty());
    assert_eq!(keys.run("fido enroll --yes").code, 0);
}

// ------------------------------------------------------------------------------------- glasskey's own relying party

fn record(keys: &FidoKeys, serial: u32) -> std::path::PathBuf {
    keys.home.path().join(format!("state/fido/{serial}.json"))
}

fn set_counter(path: &Path, counter: u32) {
    let mut record: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    record["counter"] = json!(counter);
    std::fs::write(path, record.to_string()).unwrap();
}

fn counter(path: &Path) -> u64 {
    serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap()["counter"].as_u64().unwrap()
}

/// Who the key is and when it was enrolled are the record's word, which others can change.
#[test]
fn a_record_of_another_key_or_of_a_time_to_come_is_not_verified() {
    let keys = FidoKeys::with_pin();
    keys.run_with_pin("fido enroll --key 12345678");
    let path = record(&keys, 12_345_678);
    let whole: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let later = whole["enrolled"].as_u64().unwrap() + 100_000;
    for (field, value, says) in [
        ("enrolled", Value::from(later), "which is in the future"),
        ("verified", Value::from(later), "which is in the future"),
        ("key", Value::from(1_234_567), "its record names another key, 1234567"),
        ("key", Value::Null, "its record names no key"),
    ] {
        let mut altered: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let before = std::mem::replace(&mut altered[field], value);
        std::fs::write(&path, altered.to_string()).unwrap();
        let done = keys.run_with_pin("fido verify --key 12345678");
        assert_eq!(done.code, 1, "{field}: {done:?}");
        assert!(done.stdout.contains("not verified: ") && done.stdout.contains(says), "{field}: {done:?}");
        altered[field] = before;
        std::fs::write(&path, altered.to_string()).unwrap();
    }
    let mut altered = whole;
    altered["model"] = Value::from("Another key");
    std::fs::write(&path, altered.to_string()).unwrap();
    let done = keys.run_with_pin("fido verify --key 12345678 --json");
    assert!(done.code == 0 && !done.stdout.contains("Another key"), "{done:?}");
}

#[test]
fn an_enrolled_key_is_verified_and_its_counter_moves() {
    let keys = FidoKeys::with_pin();
    let enrolled = "YubiKey 12345678: enrolled for glasskey's own checks";
    keys.run_with_pin("fido enroll --key 12345678").is(0, &format!("{enrolled}\n"), "");
    let stored = keys.key(0).credentials();
    assert_eq!((stored.len(), stored[0].discoverable, &*stored[0].rp_id), (1, true, "glasskey.invalid"));
    let path = record(&keys, 12_345_678);
    let before = counter(&path);
    let verified = keys.run_with_pin("fido verify --key 12345678").never_says(&[PIN]).stdout.clone();
    assert!(verified.starts_with("YubiKey 12345678: verified; enrolled 20"), "{verified}");
    assert!(counter(&path) > before);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"public_key\"") && !text.contains(PIN), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    // Again: one credential, not two.
    let again = format!("{enrolled} again; what was on record before is replaced\n");
    keys.run_with_pin("fido enroll --key 12345678").is(0, &again, "");
    assert_eq!(keys.key(0).credentials().len(), 1);
    assert_eq!(keys.run_with_pin("fido verify").code, 0);
}

#[test]
fn a_counter_that_goes_back_is_a_finding_and_does_not_move() {
    let keys = FidoKeys::with_pin();
    assert_eq!(keys.run_with_pin("fido enroll --key 12345678").code, 0);
    let path = record(&keys, 12_345_678);
    set_counter(&path, 1_000_000);
    let run = keys.run_with_pin("fido verify --key 12345678");
    let (_, got) = run.stdout.trim_end().rsplit_once(' ').unwrap();
    let said = format!("the signature counter went back from 1000000 to {got}");
    run.is(
        1,
        &format!("YubiKey 12345678: not verified: {said}\n"),
        "glasskey: hint: there may be a copy of this key's credentials: take the key out of use and find out why\n",
    );
    assert_eq!(counter(&path), 1_000_000);
    let json = keys.run_with_pin("fido verify --json").json();
    assert_eq!((&json["verified"], &json["finding"]["code"]), (&json!(false), &json!("counter")));
}

#[test]
fn another_public_key_on_record_is_a_finding() {
    let keys = FidoKeys::with_pins([Options::new(FIRST), Options::new(FIRST + 1)]);
    for key in [FIRST, FIRST + 1] {
        assert_eq!(keys.run_with_pin(&format!("fido enroll --key {key}")).code, 0);
    }
    let read = |serial| serde_json::from_slice::<Value>(&std::fs::read(record(&keys, serial)).unwrap()).unwrap();
    let mut mixed = read(FIRST);
    mixed["public_key"] = read(FIRST + 1)["public_key"].clone();
    std::fs::write(record(&keys, FIRST), mixed.to_string()).unwrap();
    let run = keys.run_with_pin("fido verify --key 12345678");
    assert_eq!((run.code, &*run.stdout), (1, "YubiKey 12345678: not verified: the signature is wrong\n"));
}

#[test]
fn another_model_on_record_is_a_finding() {
    let keys = FidoKeys::with_pin();
    assert_eq!(keys.run_with_pin("fido enroll --key 12345678").code, 0);
    let path = record(&keys, FIRST);
    let mut changed = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()).unwrap();
    changed["aaguid"] = json!("00000000-0000-0000-0000-000000000001");
    std::fs::write(&path, changed.to_string()).unwrap();
    let json = keys.run_with_pin("fido verify --json").json();
    assert_eq!((&json["verified"], &json["finding"]["code"]), (&json!(false), &json!("other_model")));
}

#[test]
fn a_key_that_was_reset_no_longer_holds_what_is_on_record() {
    let keys = FidoKeys::serve(1);
    assert_eq!(keys.run("fido enroll --key 12345678").code, 0);
    keys.key(0).pull();
    keys.key(0).plug_in();
    open(keys.key(0)).reset(&mut || ()).unwrap();
    keys.run("fido verify --key 12345678").is(
        1,
        "YubiKey 12345678: not verified: the key does not hold the credential on record\n",
        "glasskey: hint: it was reset, or enrolled anew from another machine; if neither was you, it is another key\n",
    );
}

#[test]
fn a_machine_without_a_record_reads_the_credential_from_the_key() {
    let keys = FidoKeys::with_pin();
    assert_eq!(keys.run_with_pin("fido enroll --key 12345678").code, 0);
    std::fs::remove_file(record(&keys, FIRST)).unwrap();
    let first = keys.run_with_pin("fido verify --json").json();
    assert_eq!((&first["verified"], &first["from_key"]), (&json!(true), &json!(true)));
    let second = keys.run_with_pin("fido verify --json").json();
    assert_eq!((&second["verified"], &second["from_key"]), (&json!(true), &json!(false)));
    // One that was never enrolled has nothing to be read.
    let fresh = FidoKeys::with_pin();
    fresh.run_with_pin("fido verify --key 12345678").is(
        3,
        "",
        "glasskey: error: YubiKey 12345678 is not enrolled for glasskey's own checks\n\
         glasskey: neither this machine's records nor the key know of such a credential\n\
         glasskey: hint: `glasskey fido enroll --key 12345678` enrolls it\n",
    );
}

#[test]
fn keys_that_tell_no_serial_number_are_known_by_their_credential() {
    let nameless = || Options { device_info: false, ..Options::new(FIRST) };
    let keys = FidoKeys::of([nameless(), nameless(), nameless()]);
    for nth in 0..2 {
        assert_eq!(keys.run(&format!("fido enroll --key {}", keys.path(nth))).code, 0);
    }
    for nth in 0..2 {
        let json = keys.run(&format!("fido verify --json --key {}", keys.path(nth))).json();
        assert_eq!((&json["verified"], &json["key"]), (&json!(true), &json!(null)));
    }
    let run = keys.run(&format!("fido verify --json --key {}", keys.path(2)));
    assert_eq!((run.code, &run.json()["code"]), (3, &json!("not_enrolled")));
}

#[test]
fn a_record_that_cannot_be_read_or_written_is_not_guessed_at() {
    let keys = FidoKeys::serve(1);
    let path = record(&keys, FIRST);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "{\"version\":2}").unwrap();
    let error = format!(
        "glasskey: error: {} is not a record that this version can read\n\
         glasskey: hint: move it away; the key itself still knows its credential\n",
        path.display()
    );
    keys.run("fido verify --key 12345678").is(3, "", &error);
    keys.run("fido enroll --key 12345678").is(3, "", &error);
    assert!(keys.key(0).credentials().is_empty(), "looked at before the key is asked");
}

#[test]
fn keys_of_every_age_are_enrolled_and_verified() {
    for (options, discoverable) in [
        (Options::old(FIRST), true),
        (Options::preview(FIRST), true),
        (Options { slots: 0, ..Options::new(FIRST) }, false),
        (Options { level: Level::Fido20, ..Options::new(FIRST) }, true),
        (Options { always_uv: Some(true), ..Options::new(FIRST) }, true),
    ] {
        let keys = FidoKeys::with_pins([options]);
        let enrolled = keys.run_with_pin("fido enroll --key 12345678 --json").json();
        assert_eq!(enrolled["discoverable"], json!(discoverable), "{enrolled}");
        let json = keys.run_with_pin("fido verify --json").json();
        assert_eq!((&json["verified"], &json["user_verified"]), (&json!(true), &json!(true)), "{json}");
    }
}

fn again(key: &SoftAuthenticator) {
    key.pull();
    key.plug_in();
}

/// Pulls the key at each message of a command that would go well, before and after the key has carried it out.
pub(super) fn pulled_at_each_message(keys: &FidoKeys, line: &str, check: &mut dyn FnMut(&Run)) -> usize {
    let mut struck = 0;
    for when in [When::Before, When::After] {
        for nth in 1.. {
            again(keys.key(0));
            keys.key(0).fault(Fault { on: On::Message(nth), when, what: What::Pull });
            let run = keys.run_with_pin(line);
            if keys.key(0).faults_left() > 0 {
                assert_eq!(run.code, 0, "{run:?}");
                // The next message meets it; then it is gone.
                let _ = keys.run("fido list");
                break;
            }
            keys.key(0).plug_in();
            struck += 1;
            check(&run);
        }
    }
    struck
}

#[test]
fn a_key_pulled_at_any_moment_is_enrolled_by_the_next_run() {
    let keys = FidoKeys::with_pin();
    let struck = pulled_at_each_message(&keys, "fido enroll --key 12345678", &mut |run| {
        assert!(matches!(run.code, 3 | 4) && run.stdout.is_empty(), "{run:?}");
        assert!(
            run.stderr.contains("was pulled while it was in use")
                || run.stderr.contains("is not plugged in")
                || run.stderr.contains("there is no device"),
            "{run:?}"
        );
        if run.code == 4 {
            assert!(
                run.stderr.contains("it is not known whether YubiKey 12345678 holds the new credential"),
                "{run:?}"
            );
        }
        assert_eq!(keys.run_with_pin("fido enroll --key 12345678").code, 0);
        assert_eq!(keys.run_with_pin("fido verify --key 12345678").code, 0);
        assert_eq!(keys.key(0).credentials().len(), 1);
    });
    assert!(struck > 10, "{struck}");
    let struck = pulled_at_each_message(&keys, "fido verify --key 12345678", &mut |run| {
        assert_eq!((run.code, &*run.stdout), (3, ""), "{run:?}");
        assert_eq!(keys.run_with_pin("fido verify --key 12345678").code, 0);
    });
    assert!(struck > 10, "{struck}");
}

#[test]
fn an_answer_that_makes_no_sense_is_no_registration() {
    let keys = FidoKeys::serve(1);
    keys.key(0).fault(Fault { on: On::Command(0x01), when: When::After, what: What::Truncated });
    let run = keys.run("fido enroll --key 12345678");
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.contains("it is not known whether"), "{run:?}");
    assert_eq!(run.stdout, "");
    keys.key(0).fault(Fault { on: On::Command(0x01), when: When::After, what: What::Stranger });
    assert_eq!(keys.run("fido enroll --key 12345678").code, 0, "another program's reports are passed over");
}
