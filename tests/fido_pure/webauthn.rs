//! The ceremonies without a browser: options in, responses out, and the checks of a relying party.

use super::authority::{Authority, Token, credential_key, leaf};
use glasskey::fido::auth_data::{Aaguid, AuthData, Flags};
use glasskey::fido::webauthn::{
    AssertionResponse, BadOrigin, BadRpId, Ceremony, ClientData, Conveyance, CreationOptions, Error, Expected,
    LargeBlob, Made, Origin, PrfResults, ProtectionPolicy, Refusal, RegistrationResponse, RequestOptions,
    Requirement, Stored, Used, check_rp_id, verify_assertion, verify_registration,
};
use p256::ecdsa::signature::Signer;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn creation() -> Value {
    json!({
        "rp": { "id": "example.com", "name": "Example" },
        "user": { "id": "dXNlcg", "name": "root", "displayName": "The root user" },
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
        "timeout": 60000,
        "excludeCredentials": [{ "type": "public-key", "id": "AQID", "transports": ["usb"] }, { "type": "odd", "id": 1 }],
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        "attestation": "direct",
        "extensions": {
            "credProps": true, "minPinLength": true, "hmacCreateSecret": true, "largeBlob": { "support": "preferred" },
            "credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true,
            "ofTheFuture": { "a": 1 },
        },
    })
}

fn parse(json: &Value) -> Result<CreationOptions, Error> {
    CreationOptions::parse(json.to_string().as_bytes())
}

fn origin() -> Origin {
    Origin::parse("https://login.example.com").unwrap()
}

#[test]
fn creation_options_are_read_whole() {
    let options = parse(&creation()).unwrap();
    assert_eq!((options.rp.id.as_deref(), options.user.id.as_slice()), (Some("example.com"), &b"user"[..]));
    assert_eq!(options.challenge, (0..16).collect::<Vec<u8>>());
    assert_eq!((options.algorithms.as_slice(), options.timeout.unwrap().as_secs()), (&[-7, -257][..], 60));
    assert_eq!((options.exclude.len(), options.exclude[0].id.as_slice()), (1, &[1, 2, 3][..]));
    assert_eq!(options.selection.resident_key, Requirement::Required);
    assert_eq!(options.attestation, Conveyance::Direct);
    let extensions = &options.extensions;
    assert!(extensions.cred_props && extensions.min_pin_length && extensions.hmac_secret);
    assert_eq!(extensions.protection.map(ProtectionPolicy::level), Some(3));
    assert_eq!(parse(&json!({ "publicKey": creation() })), Ok(options));
}

#[test]
fn what_is_not_said_has_the_standards_defaults() {
    let mut json = creation();
    for member in ["timeout", "excludeCredentials", "authenticatorSelection", "attestation", "extensions"] {
        json.as_object_mut().unwrap().remove(member);
    }
    json["rp"]["id"] = Value::Null;
    json["pubKeyCredParams"] = json!([]);
    let options = parse(&json).unwrap();
    assert_eq!(options.rp_id(&origin()).as_deref(), Ok("login.example.com"));
    assert_eq!(options.algorithms, [-7, -257]);
    assert_eq!((options.attestation, options.timeout), (Conveyance::None, None));
    assert_eq!(options.selection.user_verification, Requirement::Preferred);
    json["authenticatorSelection"] = json!({ "requireResidentKey": true, "userVerification": "of the future" });
    assert_eq!(parse(&json).unwrap().selection.resident_key, Requirement::Required);
}

#[test]
fn what_is_wrong_is_named() {
    let member = |change: &dyn Fn(&mut Value)| {
        let mut json = creation();
        change(&mut json);
        match parse(&json) {
            Err(Error::Missing { member }) => format!("missing {member}"),
            Err(Error::Wrong { member, .. }) => format!("wrong {member}"),
            other => panic!("{other:?}"),
        }
    };
    for name in ["rp", "user", "challenge", "pubKeyCredParams"] {
        assert_eq!(member(&|json| json[name] = Value::Null), format!("missing {name}"));
        assert_eq!(member(&|json| json[name] = json!(5)), format!("wrong {name}"));
    }
    for (parent, name) in [("rp", "name"), ("user", "id"), ("user", "name"), ("user", "displayName")] {
        assert_eq!(member(&|json| json[parent][name] = Value::Null), format!("missing {parent}.{name}"));
    }
    assert_eq!(member(&|json| json["user"]["id"] = json!("")), "wrong user.id");
    assert_eq!(member(&|json| json["user"]["id"] = json!("A".repeat(88))), "wrong user.id");
    assert_eq!(member(&|json| json["challenge"] = json!("+/+/")), "wrong challenge");
    assert_eq!(member(&|json| json["challenge"] = json!("")), "wrong challenge");
    assert_eq!(member(&|json| json["timeout"] = json!(-1)), "wrong timeout");
    assert_eq!(member(&|json| json["excludeCredentials"][0]["id"] = json!("")), "wrong excludeCredentials[0].id");
    assert_eq!(member(&|json| json["pubKeyCredParams"] = json!([{}])), "wrong pubKeyCredParams");
    let policy = "extensions.credentialProtectionPolicy";
    assert_eq!(
        member(&|json| json["extensions"]["credentialProtectionPolicy"] = json!("x")),
        format!("wrong {policy}")
    );
    let write = json!({ "write": "AA" });
    assert_eq!(member(&|json| json["extensions"]["largeBlob"] = write.clone()), "wrong extensions.largeBlob.write");
    assert_eq!(CreationOptions::parse(b"{\n  \"rp\": }"), Err(Error::NotJson { line: 2 }));
    assert!(matches!(CreationOptions::parse(b"[]"), Err(Error::Wrong { .. })));
    assert_eq!(CreationOptions::parse(&vec![b' '; 300_000]), Err(Error::NotJson { line: 0 }));
}

#[test]
fn the_algorithm_is_the_first_that_both_have() {
    let with = |algs: &[i64], key: Option<&[i64]>| {
        let mut json = creation();
        json["pubKeyCredParams"] = algs.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
        parse(&json).unwrap().choose_algorithm(key)
    };
    assert_eq!(with(&[-257, -8, -7], None), Ok(-8));
    assert_eq!(with(&[-8, -7], Some(&[-7])), Ok(-7));
    assert_eq!(with(&[-257, -35], None), Err(Error::NoAlgorithm));
    assert_eq!(with(&[-8], Some(&[-7])), Err(Error::NoAlgorithm));
}

#[test]
fn request_options_are_read() {
    let json = json!({
        "challenge": "AAEC", "rpId": "example.com", "userVerification": "required",
        "allowCredentials": [{ "type": "public-key", "id": "AQID" }],
        "extensions": { "largeBlob": { "write": "AAEC" }, "prf": { "evalByCredential": { "AQID": { "first": "AA" } } } },
    });
    let options = RequestOptions::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!((options.allow[0].id.as_slice(), options.challenge.as_slice()), (&[1, 2, 3][..], &[0, 1, 2][..]));
    assert_eq!(options.extensions.large_blob, Some(LargeBlob::Write(vec![0, 1, 2])));
    assert_eq!(options.extensions.prf.unwrap().eval_by_credential[0].1.first, [0]);
    let both = json!({ "challenge": "AAEC", "extensions": { "largeBlob": { "write": "AA", "read": true } } });
    assert!(matches!(RequestOptions::parse(both.to_string().as_bytes()), Err(Error::Wrong { .. })));
}

#[test]
fn origins_are_https_or_localhost_and_have_names() {
    for (text, written) in [
        ("https://Example.com", "https://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://app.localhost", "http://app.localhost"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ] {
        assert_eq!(Origin::parse(text).as_ref().map(Origin::as_str), Ok(written));
    }
    for (text, error) in [
        ("example.com", BadOrigin::Form),
        ("https://", BadOrigin::Form),
        ("https://example.com/login", BadOrigin::Form),
        ("https://user@example.com", BadOrigin::Form),
        ("https://example.com:99999", BadOrigin::Form),
        ("http://example.com", BadOrigin::Insecure),
        ("http://localhost.example.com", BadOrigin::Insecure),
        ("ftp://example.com", BadOrigin::Insecure),
        ("https://192.0.2.1", BadOrigin::IpAddress),
        ("https://0x7f.1", BadOrigin::IpAddress),
        ("https://example.0xA", BadOrigin::IpAddress),
        ("https://[2001:db8::1]", BadOrigin::IpAddress),
        ("https://bücher.example", BadOrigin::NotAscii),
        ("https://a..example", BadOrigin::Host),
        ("https://example.com.", BadOrigin::Host),
        ("https://a b.example", BadOrigin::Host),
        ("https://a\".example", BadOrigin::Host),
    ] {
        assert_eq!(Origin::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_relying_partys_id_is_the_host_or_a_domain_someone_registered_above_it() {
    let check = |origin: &str, rp_id: &str| check_rp_id(&Origin::parse(origin).unwrap(), rp_id);
    for (origin, rp_id) in [
        ("https://login.example.com", "login.example.com"),
        ("https://login.example.com:8443", "example.com"),
        ("https://a.b.example.co.uk", "example.co.uk"),
        ("http://localhost:3000", "localhost"),
        ("https://us-east-1.signin.aws.amazon.com", "amazon.com"),
        // A host may be a public suffix itself; it speaks for itself only.
        ("https://github.io", "github.io"),
    ] {
        assert_eq!(check(origin, rp_id), Ok(()), "{origin} {rp_id}");
    }
    let is = |result: Result<(), BadRpId>, kind: &str| assert!(format!("{result:?}").contains(kind), "{result:?}");
    is(check("https://login.example.com", "other.com"), "OtherDomain");
    is(check("https://example.com", "login.example.com"), "OtherDomain");
    is(check("https://notexample.com", "example.com"), "OtherDomain");
    is(check("https://login.example.com", "com"), "PublicSuffix");
    is(check("https://login.example.co.uk", "co.uk"), "PublicSuffix");
    is(check("https://login.example.co.uk", "uk"), "PublicSuffix");
    is(check("https://me.github.io", "github.io"), "PublicSuffix");
    is(check("https://me.github.io", "io"), "PublicSuffix");
    for rp_id in ["", "Example.com", "example.com.", ".com", "192.0.2.1", "https://example.com", "exa mple.com"] {
        is(check("https://login.example.com", rp_id), "Form");
    }
}

#[test]
fn client_data_is_written_byte_for_byte() {
    let data = ClientData::new(Ceremony::Create, &[0xFB, 0xFF], &origin());
    let expected =
        r#"{"type":"webauthn.create","challenge":"-_8","origin":"https://login.example.com","crossOrigin":false}"#;
    assert_eq!(data.as_bytes(), expected.as_bytes());
    assert_eq!(data.hash(), <[u8; 32]>::from(Sha256::digest(expected)));
}

/// A registration as a key of the right making answers it.
fn registered(options: &CreationOptions) -> RegistrationResponse {
    let client_data = ClientData::new(Ceremony::Create, &options.challenge, &origin());
    let token = Token::of(&Authority::root("Maker Root 1"), &leaf());
    let object = token.attest_to(Sha256::digest("example.com").into(), &client_data.hash());
    let made =
        Made { resident: Some(true), large_blob: true, transports: vec!["usb".into(), "nfc".into(), "usb".into()] };
    RegistrationResponse::new(options, &client_data, object, made).unwrap()
}

fn expected<'a>(challenge: &'a [u8], origin: &'a Origin) -> Expected<'a> {
    Expected { challenge, origin, rp_id: "example.com", user_verification: true, algorithms: &[-7] }
}

#[test]
fn a_registration_response_has_every_member_and_holds() {
    let options = parse(&creation()).unwrap();
    let response = registered(&options);
    let json = response.to_json();
    assert_eq!((&json["id"], &json["type"]), (&json["rawId"], &json!("public-key")));
    let inner = &json["response"];
    assert_eq!((&inner["publicKeyAlgorithm"], &inner["transports"]), (&json!(-7), &json!(["nfc", "usb"])));
    assert_eq!(inner["publicKey"].as_str().unwrap().len(), 122);
    assert_eq!(json["clientExtensionResults"]["credProps"], json!({ "rk": true }));
    assert_eq!(json["clientExtensionResults"]["largeBlob"], json!({ "supported": true }));
    let read = RegistrationResponse::from_json(json.to_string().as_bytes()).unwrap();
    assert_eq!(read, response);
    let origin = origin();
    let registered = verify_registration(&expected(&options.challenge, &origin), &read).unwrap();
    assert_eq!((registered.counter, registered.public_key), (7, credential_key().1));
}

#[test]
fn without_attestation_nothing_of_the_key_goes_out() {
    let mut json = creation();
    json["attestation"] = json!("none");
    let options = parse(&json).unwrap();
    let response = registered(&options);
    assert_eq!(response.object.fmt, "none");
    let origin = origin();
    let registered = verify_registration(&expected(&options.challenge, &origin), &response).unwrap();
    assert_eq!(registered.aaguid, Aaguid::ZERO);
    let text = response.to_json().to_string();
    assert!(!text.contains(&data_encoding::BASE64URL_NOPAD.encode(&[0x42; 15])), "the AAGUID is in {text}");
}

#[test]
fn a_registration_for_something_else_is_refused() {
    let options = parse(&creation()).unwrap();
    let (response, origin) = (registered(&options), origin());
    let other = Origin::parse("https://example.com").unwrap();
    let good = expected(&options.challenge, &origin);
    let refusal = |expected: Expected<'_>| verify_registration(&expected, &response).unwrap_err();
    assert_eq!(refusal(Expected { challenge: b"other", ..good.clone() }), Refusal::Challenge);
    let at = "https://login.example.com".to_owned();
    assert_eq!(refusal(Expected { origin: &other, ..good.clone() }), Refusal::Origin { origin: at });
    assert_eq!(refusal(Expected { rp_id: "other.com", ..good.clone() }), Refusal::RpIdHash);
    assert_eq!(refusal(Expected { algorithms: &[-8], ..good.clone() }), Refusal::Algorithm { alg: -7 });
    let changed = |change: &dyn Fn(&mut RegistrationResponse)| {
        let mut response = response.clone();
        change(&mut response);
        verify_registration(&good, &response).unwrap_err()
    };
    assert_eq!(changed(&|response| response.id.push(0)), Refusal::CredentialId);
    assert_eq!(changed(&|response| response.object.auth_data[32] &= !Flags::USER_PRESENT), Refusal::NotPresent);
    assert_eq!(changed(&|response| response.object.auth_data[32] &= !Flags::USER_VERIFIED), Refusal::NotVerified);
    assert_eq!(changed(&|response| response.object.auth_data[32] |= Flags::BACKED_UP), Refusal::BackupFlags);
    assert_eq!(changed(&|response| response.client_data = b"{}".to_vec()), Refusal::ClientData);
    let get = ClientData::new(Ceremony::Get, &options.challenge, &origin);
    assert_eq!(changed(&|response| response.client_data = get.as_bytes().to_vec()), Refusal::Type);
    let framed = String::from_utf8(response.client_data.clone()).unwrap().replace("false", "true");
    assert_eq!(changed(&|response| response.client_data = framed.clone().into_bytes()), Refusal::CrossOrigin);
    let data = AuthData { credential: None, ..AuthData::parse(&response.object.auth_data).unwrap() };
    assert_eq!(changed(&|response| response.object.auth_data = data.to_bytes()), Refusal::NoCredential);
}

fn stored(counter: u32) -> Stored {
    Stored { credential_id: vec![1, 2, 3], public_key: credential_key().1, counter, user_id: b"user".to_vec() }
}

fn asserted(counter: u32, origin: &Origin) -> AssertionResponse {
    let client_data = ClientData::new(Ceremony::Get, b"challenge", origin);
    let flags = Flags(Flags::USER_PRESENT | Flags::USER_VERIFIED);
    let rp_id_hash = Sha256::digest("example.com").into();
    let auth_data = AuthData { rp_id_hash, flags, counter, credential: None, extensions: None }.to_bytes();
    let signed = [auth_data.as_slice(), &client_data.hash()].concat();
    let signature: p256::ecdsa::DerSignature = credential_key().0.sign(&signed);
    AssertionResponse {
        id: vec![1, 2, 3],
        client_data: client_data.as_bytes().to_vec(),
        auth_data,
        signature: signature.as_bytes().to_vec(),
        user_handle: Some(b"user".to_vec()),
        extensions: serde_json::Map::new(),
    }
}

#[test]
fn an_assertion_holds_for_its_credential_only() {
    let origin = origin();
    let good = expected(b"challenge", &origin);
    let response = asserted(8, &origin);
    let read = AssertionResponse::from_json(response.to_json().to_string().as_bytes()).unwrap();
    assert_eq!(read, response);
    assert_eq!(verify_assertion(&good, &stored(7), &read).unwrap().counter, 8);
    let changed = |change: &dyn Fn(&mut AssertionResponse)| {
        let mut response = response.clone();
        change(&mut response);
        verify_assertion(&good, &stored(7), &response).unwrap_err()
    };
    assert_eq!(changed(&|response| response.id = vec![9]), Refusal::CredentialId);
    assert_eq!(changed(&|response| response.user_handle = Some(vec![9])), Refusal::UserHandle);
    assert_eq!(changed(&|response| response.signature[9] ^= 1), Refusal::Signature);
    assert_eq!(changed(&|response| response.auth_data[36] ^= 1), Refusal::Signature);
    assert_eq!(changed(&|response| response.auth_data[0] ^= 1), Refusal::RpIdHash);
    assert!(matches!(changed(&|response| response.auth_data.truncate(36)), Refusal::AuthData(_)));
}

#[test]
fn the_counter_must_go_up_unless_the_key_does_not_count() {
    let origin = origin();
    let check = |before: u32, now: u32| {
        verify_assertion(&expected(b"challenge", &origin), &stored(before), &asserted(now, &origin))
    };
    assert!(check(0, 0).is_ok() && check(0, 1).is_ok() && check(7, u32::MAX).is_ok());
    for (stored, got) in [(7, 7), (7, 6), (7, 0)] {
        assert_eq!(check(stored, got), Err(Refusal::Counter { stored, got }));
    }
}

#[test]
fn outputs_of_extensions_go_out_only_where_they_were_asked_for() {
    let used = || Used {
        prf: Some(PrfResults { first: vec![1; 32].into(), second: None }),
        blob: Some(vec![7]),
        written: None,
    };
    let asked = json!({ "challenge": "AA", "extensions": { "prf": { "eval": { "first": "AA" } }, "largeBlob": { "read": true } } });
    let asked = RequestOptions::parse(asked.to_string().as_bytes()).unwrap();
    let json = asserted(1, &origin()).with(&asked, &used()).to_json();
    let first = data_encoding::BASE64URL_NOPAD.encode(&[1; 32]);
    let expected = json!({ "prf": { "results": { "first": first } }, "largeBlob": { "blob": "Bw" } });
    assert_eq!(json["clientExtensionResults"], expected);
    let unasked = RequestOptions::parse(br#"{ "challenge": "AA" }"#).unwrap();
    let json = asserted(1, &origin()).with(&unasked, &used()).to_json();
    assert_eq!(json["clientExtensionResults"], json!({}));
}

#[test]
fn responses_that_contradict_themselves_are_refused() {
    let json = asserted(1, &origin()).to_json();
    for (member, value) in [("rawId", json!("AAAA")), ("type", json!("odd")), ("response", json!(null))] {
        let mut json = json.clone();
        json[member] = value;
        let error = AssertionResponse::from_json(json.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains(member), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,200}") {
        let _ = CreationOptions::parse(text.as_bytes());
        let _ = RegistrationResponse::from_json(text.as_bytes());
        if let Ok(origin) = Origin::parse(&text) {
            let _ = check_rp_id(&origin, &text);
        }
        let https = Origin::parse(&format!("https://{text}"));
        if let Ok(origin) = https {
            prop_assert!(origin.as_str().is_ascii() && !origin.as_str().contains(['"', '\\']));
            let _ = check_rp_id(&origin, &text);
        }
    }

    #[test]
    fn any_member_may_be_of_any_type(member in 0_usize..9, kind in 0_usize..6) {
        let mut json = creation();
        let name = json.as_object().unwrap().keys().nth(member).unwrap().clone();
        let odd = [json!(null), json!(true), json!(-1.5), json!("text"), json!([[{}]]), json!({ "id": [] })];
        json[name.as_str()] = odd[kind].clone();
        let _ = parse(&json);
        let _ = RequestOptions::parse(json.to_string().as_bytes());
    }
}

#[test]
fn what_the_options_do_not_say_means_no_discoverable_credential() {
    let mut json = creation();
    json.as_object_mut().unwrap().remove("authenticatorSelection");
    let selection = parse(&json).unwrap().selection;
    assert_eq!(
        (selection.resident_key, selection.user_verification),
        (Requirement::Discouraged, Requirement::Preferred)
    );
}
