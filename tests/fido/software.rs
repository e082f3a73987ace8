//! Every command against the software authenticator, which was written from the standard on its own.

use glasskey::fido::cbor::{Value, decode_lenient};
use glasskey::fido::pin::Protocol;
use glasskey::fido::{
    AssertionRequest, Attempt, BadPin, Capture, Ctap2, Descriptor, EDDSA, ES256, Error, Limits, MadeCredential,
    NewCredential, NewExtensions, Permissions, PinRule, RelyingParty, SampleQuality, Token, User,
};
use glasskey::keys::Serial;
use glasskey::platform::Interrupt;
use glasskey::secret::Password;
use glasskey::sim::authenticator::{Feature, Options, PinProtocol, SoftAuthenticator, Touch, Uv};
use glasskey::sim::clock::SimClock;
use p256::ecdsa::signature::Verifier;
use sha2::{Digest, Sha256};
use std::time::Duration;

const PIN: &str = "1234-gläsern";
const RP: &str = "glasskey.example";
const HASH: [u8; 32] = [0xC1; 32];
const SERIAL: u32 = 12_345_678;

pub(crate) const LIMITS: Limits =
    Limits { silence: Duration::from_secs(2), command: Duration::from_secs(5), person: Duration::from_secs(5) };

fn key(options: Options) -> (SoftAuthenticator, Ctap2) {
    let key = SoftAuthenticator::new(options);
    let opened = open(&key);
    (key, opened)
}

pub(crate) fn open(key: &SoftAuthenticator) -> Ctap2 {
    Ctap2::open(key.hid(), Interrupt::new().unwrap(), LIMITS).unwrap()
}

pub(crate) fn pin(text: &str) -> Password {
    Password::new(text.to_owned())
}

fn with_pin(options: Options) -> (SoftAuthenticator, Ctap2) {
    let (key, mut opened) = key(options);
    opened.set_pin(&pin(PIN)).unwrap();
    (key, opened)
}

pub(crate) fn token(key: &mut Ctap2, permissions: Permissions) -> Token {
    key.token(Attempt::new(&pin(PIN)), permissions, Some(RP)).unwrap()
}

pub(crate) fn rp() -> RelyingParty {
    RelyingParty { id: RP.to_owned(), name: Some("glasskey".to_owned()) }
}

pub(crate) fn user(n: u8) -> User {
    User { id: vec![n; 16], name: Some(format!("user{n}")), display_name: Some(format!("User {n}")) }
}

pub(crate) fn new<'a>(rp: &'a RelyingParty, user: &'a User, token: Option<&'a Token>) -> NewCredential<'a> {
    NewCredential {
        client_data_hash: &HASH,
        rp,
        user,
        algorithms: &[ES256],
        exclude: &[],
        resident: true,
        built_in_uv: false,
        enterprise: None,
        extensions: NewExtensions::default(),
        token,
        timeout: None,
    }
}

fn register(key: &mut Ctap2, n: u8) -> MadeCredential {
    let token = token(key, Permissions::MAKE_CREDENTIAL);
    key.make_credential(&new(&rp(), &user(n), Some(&token)), &mut || ()).unwrap()
}

fn id(made: &MadeCredential) -> Descriptor {
    Descriptor { id: made.auth_data.credential.as_ref().unwrap().id.clone(), transports: Vec::new() }
}

/// Keys of every age, with either protocol.
fn all_kinds() -> Vec<Options> {
    let with = |protocols: &[PinProtocol]| Options { pin_protocols: protocols.to_vec(), ..Options::new(SERIAL) };
    vec![
        Options::old(SERIAL),
        Options::preview(SERIAL),
        Options::new(SERIAL),
        with(&[PinProtocol::One]),
        with(&[PinProtocol::Two]),
        with(&[PinProtocol::One, PinProtocol::Two]),
        Options::bio(SERIAL),
    ]
}

fn silently() -> impl FnMut() {
    || ()
}

#[test]
fn a_key_says_what_it_is() {
    let (_, mut new) = key(Options::new(SERIAL));
    let info = new.info().unwrap();
    assert!(info.versions.iter().any(|version| version == "FIDO_2_1"));
    assert_eq!(info.aaguid.to_string(), "d7781e5d-e353-46aa-afe2-3ca49f13332a");
    assert_eq!(info.yubico_firmware(), Some((5, 7, 4)));
    assert_eq!((info.pin_set(), info.pin_protocol()), (Some(false), Some(Protocol::Two)));
    assert_eq!((info.credential_management(), info.bio_enrollment()), (Some(0x0A), None));
    assert_eq!((info.min_pin_length, info.max_message), (4, 1280));
    assert!(info.extends("credProtect") && info.algorithms.contains(&EDDSA));

    let (_, mut preview) = key(Options::preview(SERIAL));
    assert_eq!(preview.info().unwrap().credential_management(), Some(0x41));
    let (_, mut old) = key(Options::old(SERIAL));
    let info = old.info().unwrap();
    assert_eq!((info.credential_management(), info.pin_protocol()), (None, Some(Protocol::One)));
    let (_, mut bio) = key(Options::bio(SERIAL));
    assert_eq!(bio.info().unwrap().bio_enrollment(), Some(0x09));
    let (_, mut bio) = key(Options { bio: Feature::Preview, ..Options::preview(SERIAL) });
    assert_eq!(bio.info().unwrap().bio_enrollment(), Some(0x40));
}

#[test]
fn a_yubikey_tells_its_serial_and_another_makers_key_does_not() {
    let (_, mut opened) = key(Options::new(SERIAL));
    let device = glasskey::keys::device_over_hid(&mut opened).unwrap().unwrap();
    assert_eq!((device.serial, device.model.as_str()), (Some(Serial(SERIAL)), "YubiKey 5C NFC"));
    let (_, mut other) = key(Options { device_info: false, ..Options::new(SERIAL) });
    assert_eq!(glasskey::keys::device_over_hid(&mut other).unwrap(), None);
    other.ping(b"still there").unwrap();
}

#[test]
fn a_pin_is_set_proved_and_changed_on_keys_of_every_age() {
    for options in all_kinds() {
        let (key, mut opened) = key(options);
        assert_eq!(opened.verify_pin(Attempt::new(&pin(PIN))), Err(Error::PinNotSet));
        opened.set_pin(&pin(PIN)).unwrap();
        assert!(key.pin_is(PIN));
        assert_eq!(opened.set_pin(&pin("other")), Err(Error::PinAlreadySet));
        opened.verify_pin(Attempt::new(&pin(PIN))).unwrap();
        opened.change_pin(Attempt::new(&pin(PIN)), &pin("öther-pin")).unwrap();
        assert!(key.pin_is("öther-pin"));
        assert_eq!(opened.verify_pin(Attempt::new(&pin(PIN))), Err(Error::PinWrong { left: Some(7) }));
        opened.verify_pin(Attempt::new(&pin("öther-pin"))).unwrap();
        assert_eq!(opened.pin_retries().unwrap().left, 8);
    }
}

#[test]
fn a_pin_that_cannot_be_one_is_not_sent() {
    let (key, mut opened) = with_pin(Options { initial_min_pin_length: 6, ..Options::new(SERIAL) });
    let sent = key.report_count();
    let long = "x".repeat(64);
    assert_eq!(opened.verify_pin(Attempt::new(&pin("123"))), Err(Error::BadPin(BadPin::TooShort { least: 4 })));
    assert_eq!(opened.verify_pin(Attempt::new(&pin(&long))), Err(Error::BadPin(BadPin::TooManyBytes { most: 63 })));
    assert_eq!(key.report_count(), sent);
    let short = opened.change_pin(Attempt::new(&pin(PIN)), &pin("12345"));
    assert_eq!(short, Err(Error::BadPin(BadPin::TooShort { least: 6 })));
    assert_eq!(key.pin_retries(), 8);
}

#[test]
fn wrong_pins_are_counted_stopped_after_three_and_before_the_last() {
    for options in [Options::new(SERIAL), Options::old(SERIAL)] {
        let (key, mut opened) = with_pin(options);
        let wrong = |opened: &mut Ctap2| opened.verify_pin(Attempt::new(&pin("wrong")));
        assert_eq!(wrong(&mut opened), Err(Error::PinWrong { left: Some(7) }));
        assert_eq!(wrong(&mut opened), Err(Error::PinWrong { left: Some(6) }));
        assert_eq!(wrong(&mut opened), Err(Error::PinAuthBlocked { left: Some(5) }));
        assert_eq!(wrong(&mut opened), Err(Error::PinAuthBlocked { left: Some(5) }));
        assert_eq!(key.pin_retries(), 5, "a blocked try costs nothing");

        let replug = || {
            key.pull();
            key.plug_in();
            open(&key)
        };
        for left in [4, 3] {
            assert_eq!(wrong(&mut replug()), Err(Error::PinWrong { left: Some(left) }));
        }
        let mut opened = replug();
        assert_eq!(wrong(&mut opened), Err(Error::PinWrong { left: Some(2) }));
        assert_eq!(wrong(&mut opened), Err(Error::PinWrong { left: Some(1) }));
        let mut opened = replug();
        assert_eq!(wrong(&mut opened), Err(Error::LastTry));
        let change = opened.change_pin(Attempt::new(&pin("wrong")), &pin("another"));
        assert_eq!(change, Err(Error::LastTry));
        assert_eq!(key.pin_retries(), 1);
        assert_eq!(opened.verify_pin(Attempt::even_the_last(&pin("wrong"))), Err(Error::PinBlocked));
        assert_eq!(opened.verify_pin(Attempt::even_the_last(&pin(PIN))), Err(Error::PinBlocked));
    }
}

#[test]
fn a_registration_and_a_sign_in_prove_the_same_key() {
    for options in all_kinds() {
        let (key, mut opened) = with_pin(options);
        let made = register(&mut opened, 1);
        assert!(made.auth_data.flags.user_present() && made.auth_data.flags.user_verified());
        assert_eq!(made.auth_data.rp_id_hash, <[u8; 32]>::from(Sha256::digest(RP)));
        assert_eq!(made.format, "packed");
        assert_eq!(key.credentials().len(), 1);

        let token = token(&mut opened, Permissions::GET_ASSERTION);
        let request = AssertionRequest { token: Some(&token), ..AssertionRequest::new(RP, &HASH) };
        let [assertion] = opened.get_assertion(&request, &mut silently()).unwrap().try_into().ok().unwrap();
        assert_eq!(assertion.credential_id, id(&made).id);
        assert_eq!(assertion.user.as_ref().unwrap().id, [1; 16]);
        assert!(assertion.auth_data.counter > made.auth_data.counter || assertion.auth_data.counter == 0);
        let cose = &decode_lenient(&made.auth_data.credential.as_ref().unwrap().cose_key).unwrap().0;
        let part = |key| cose.get_int(key).and_then(Value::as_bytes).unwrap();
        let point = [&[4][..], part(-2), part(-3)].concat();
        let public = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
        let signature = p256::ecdsa::Signature::from_der(&assertion.signature).unwrap();
        public.verify(&[&assertion.signed[..], &HASH].concat(), &signature).unwrap();
    }
}

#[test]
fn all_credentials_that_fit_are_given() {
    let (_, mut opened) = with_pin(Options::new(SERIAL));
    let made: Vec<_> = (1..=3).map(|n| id(&register(&mut opened, n)).id).collect();
    let token = token(&mut opened, Permissions::GET_ASSERTION);
    let request = AssertionRequest { token: Some(&token), ..AssertionRequest::new(RP, &HASH) };
    let given = opened.get_assertion(&request, &mut silently()).unwrap();
    let given: Vec<_> = given.into_iter().map(|assertion| assertion.credential_id).collect();
    assert_eq!(given, made.into_iter().rev().collect::<Vec<_>>(), "the newest first");
}

#[test]
fn lists_longer_than_the_key_takes_are_asked_about_in_parts() {
    for options in [Options::new(SERIAL), Options::old(SERIAL)] {
        let (_, mut opened) = with_pin(options);
        let ours = id(&register(&mut opened, 1));
        let foreign = |n: u32| Descriptor { id: n.to_be_bytes().repeat(16), transports: Vec::new() };
        let mut list: Vec<Descriptor> = (1..100).map(foreign).collect();
        let both = Permissions::MAKE_CREDENTIAL | Permissions::GET_ASSERTION;

        let token_ = token(&mut opened, both);
        let (rp, user) = (rp(), user(2));
        let request = NewCredential { exclude: &list, ..new(&rp, &user, Some(&token_)) };
        opened.make_credential(&request, &mut silently()).unwrap();
        let hash = HASH;
        let token_ = token(&mut opened, both);
        let request = AssertionRequest { allow: &list, token: Some(&token_), ..AssertionRequest::new(RP, &hash) };
        assert_eq!(opened.get_assertion(&request, &mut silently()).err(), Some(Error::NoCredentials));

        list.insert(60, ours.clone());
        let token_ = token(&mut opened, both);
        let request = NewCredential { exclude: &list, ..new(&rp, &user, Some(&token_)) };
        assert_eq!(opened.make_credential(&request, &mut silently()).err(), Some(Error::Excluded));
        let token_ = token(&mut opened, both);
        let request = AssertionRequest { allow: &list, token: Some(&token_), ..AssertionRequest::new(RP, &hash) };
        let given = opened.get_assertion(&request, &mut silently()).unwrap();
        assert_eq!(given[0].credential_id, ours.id);
    }
}

#[test]
fn what_a_key_refuses_to_register_says_why() {
    let (_, mut opened) = with_pin(Options { slots: 1, ..Options::new(SERIAL) });
    let (rp, someone) = (rp(), user(2));
    let refused = |opened: &mut Ctap2, request: &NewCredential<'_>| opened.make_credential(request, &mut || ()).err();
    assert_eq!(refused(&mut opened, &new(&rp, &someone, None)), Some(Error::PinRequired));
    register(&mut opened, 1);
    let first = token(&mut opened, Permissions::MAKE_CREDENTIAL);
    assert_eq!(refused(&mut opened, &new(&rp, &someone, Some(&first))), Some(Error::KeyFull));
    let second = token(&mut opened, Permissions::MAKE_CREDENTIAL);
    let odd = NewCredential { algorithms: &[-257], ..new(&rp, &someone, Some(&second)) };
    assert_eq!(refused(&mut opened, &odd), Some(Error::UnsupportedAlgorithm));
    let wrong = token(&mut opened, Permissions::CONFIGURATION);
    let refusal = refused(&mut opened, &new(&rp, &someone, Some(&wrong)));
    assert!(matches!(refusal, Some(Error::PinAuthInvalid | Error::Unauthorized)), "{refusal:?}");
}

#[test]
fn extensions_go_there_and_come_back() {
    for options in [Options::new(SERIAL), Options { pin_protocols: vec![PinProtocol::One], ..Options::new(SERIAL) }] {
        let (_, mut opened) = with_pin(options);
        let token_ = token(&mut opened, Permissions::MAKE_CREDENTIAL);
        let (rp, user) = (rp(), user(1));
        let extensions = NewExtensions {
            cred_protect: Some(3),
            hmac_secret: true,
            min_pin_length: false,
            large_blob_key: true,
            cred_blob: Some(b"blob".to_vec()),
        };
        let request = NewCredential { extensions, ..new(&rp, &user, Some(&token_)) };
        let made = opened.make_credential(&request, &mut silently()).unwrap();
        assert_eq!(made.auth_data.extension("credProtect"), Some(&Value::from(3)));
        assert_eq!(made.auth_data.extension("hmac-secret"), Some(&Value::from(true)));
        assert_eq!(made.auth_data.extension("credBlob"), Some(&Value::from(true)));
        let blob_key = made.large_blob_key.unwrap();
        assert_eq!(blob_key.len(), 32);

        let mut with_salts = |salts: &[[u8; 32]]| {
            let token = token(&mut opened, Permissions::GET_ASSERTION);
            let request = AssertionRequest {
                hmac_salts: Some(salts),
                large_blob_key: true,
                cred_blob: true,
                token: Some(&token),
                ..AssertionRequest::new(RP, &HASH)
            };
            opened.get_assertion(&request, &mut silently()).unwrap().remove(0)
        };
        let (one, two) = (with_salts(&[[1; 32]]), with_salts(&[[2; 32], [1; 32]]));
        assert_eq!(one.large_blob_key.as_deref(), Some(&*blob_key));
        assert_eq!(one.auth_data.extension("credBlob"), Some(&Value::from(b"blob".to_vec())));
        let (one, two) = (one.hmac_secret.unwrap(), two.hmac_secret.unwrap());
        assert_eq!((one.len(), two.len()), (32, 64));
        assert_eq!(one[..], two[32..], "the same salt gives the same secret");
        assert_ne!(one[..], two[..32]);
    }
}

#[test]
fn credentials_are_listed_renamed_and_deleted() {
    for options in [Options::new(SERIAL), Options::preview(SERIAL)] {
        let preview = options.credential_management == Feature::Preview;
        let (key, mut opened) = with_pin(options);
        // Of no relying party: a token for one sees only that one's.
        let buy = |opened: &mut Ctap2| {
            opened.token(Attempt::new(&pin(PIN)), Permissions::CREDENTIAL_MANAGEMENT, None).unwrap()
        };
        let token = buy(&mut opened);
        assert_eq!(opened.relying_parties(&token).unwrap(), []);
        let before = opened.credential_count(&token).unwrap();
        let made: Vec<_> = (1..=2).map(|n| id(&register(&mut opened, n))).collect();
        let token = buy(&mut opened);
        let after = opened.credential_count(&token).unwrap();
        assert_eq!((after.existing, after.remaining), (before.existing + 2, before.remaining - 2));

        let [rp] = opened.relying_parties(&token).unwrap().try_into().unwrap();
        assert_eq!((rp.id.as_deref(), rp.id_hash), (Some(RP), <[u8; 32]>::from(Sha256::digest(RP))));
        let stored = opened.credentials(&token, &rp.id_hash).unwrap();
        assert_eq!(stored.len(), 2);
        assert!(made.iter().all(|made| stored.iter().any(|stored| stored.id == made.id)));

        let renamed = User { name: Some("new".to_owned()), ..user(1) };
        let outcome = opened.rename_user(&token, &made[0], &renamed);
        if preview {
            assert_eq!(outcome, Err(Error::NotSupported { what: "renaming credentials" }));
        } else {
            outcome.unwrap();
            assert!(key.credentials().iter().any(|stored| stored.user.as_deref() == Some("new")));
        }
        opened.delete_credential(&token, &made[0]).unwrap();
        assert_eq!(opened.delete_credential(&token, &made[0]), Err(Error::NoCredentials));
        assert_eq!(key.credentials().len(), 1);
    }
    let (_, mut old) = with_pin(Options::old(SERIAL));
    let token = token(&mut old, Permissions::CREDENTIAL_MANAGEMENT);
    let none = Error::NotSupported { what: "credential management" };
    assert_eq!(old.credential_count(&token), Err(none));
}

#[test]
fn a_finger_is_taken_used_renamed_and_removed() {
    for options in [Options::bio(SERIAL), Options { bio: Feature::Preview, ..Options::preview(SERIAL) }] {
        let standard = options.bio == Feature::Standard;
        let (key, mut opened) = with_pin(options);
        assert!(!opened.sensor().unwrap().swipe);
        let token = token(&mut opened, Permissions::BIO_ENROLLMENT);
        assert_eq!(opened.fingerprints(&token).unwrap(), []);
        key.set_samples(&[0x00, 0x05, 0x07]);
        let mut seen = Vec::new();
        let finger = opened.enroll_fingerprint(&token, &mut |capture| seen.push(capture)).unwrap();
        let samples: Vec<_> = seen
            .iter()
            .filter_map(|capture| match capture {
                Capture::Sample { quality, remaining } => Some((*quality, *remaining)),
                _ => None,
            })
            .collect();
        assert_eq!((samples[1].0, samples[2].0), (SampleQuality::TooFast, SampleQuality::PoorQuality));
        assert_eq!(samples.last().unwrap(), &(SampleQuality::Good, 0));
        assert!(samples.windows(2).all(|two| two[1].1 <= two[0].1));

        opened.rename_fingerprint(&token, &finger, "left thumb").unwrap();
        let [listed] = opened.fingerprints(&token).unwrap().try_into().unwrap();
        assert_eq!((listed.id.as_slice(), listed.name.as_deref()), (finger.as_slice(), Some("left thumb")));
        if standard {
            let used = opened.uv_token(Permissions::GET_ASSERTION, Some(RP), &mut silently());
            assert!(used.is_ok());
            key.set_uv(Uv::NoMatch);
            let before = opened.uv_retries().unwrap().left;
            let refused = opened.uv_token(Permissions::GET_ASSERTION, Some(RP), &mut silently()).err();
            assert_eq!(refused, Some(Error::UvWrong { left: Some(before - 1) }));
        }
        let token = self::token(&mut opened, Permissions::BIO_ENROLLMENT);
        opened.remove_fingerprint(&token, &finger).unwrap();
        assert_eq!(opened.fingerprints(&token).unwrap(), []);
    }
    let (_, mut plain) = key(Options::new(SERIAL));
    assert_eq!(plain.sensor(), Err(Error::NotSupported { what: "fingerprints" }));
    assert_eq!(plain.uv_retries(), Err(Error::NotSupported { what: "fingerprints" }));
}

#[test]
fn a_finger_that_does_not_come_leaves_nothing_half_done() {
    let (key, mut opened) = with_pin(Options::bio(SERIAL));
    let token = token(&mut opened, Permissions::BIO_ENROLLMENT);
    key.set_samples(&[0x00, 0x0D, 0x0D, 0x0D]);
    assert_eq!(opened.enroll_fingerprint(&token, &mut |_| ()), Err(Error::TouchTimedOut));
    assert_eq!(opened.fingerprints(&token).unwrap(), []);
    opened.enroll_fingerprint(&token, &mut |_| ()).unwrap();
}

#[test]
fn an_interrupted_finger_leaves_nothing_half_done() {
    let (key, _) = with_pin(Options::bio(SERIAL));
    let interrupt = Interrupt::new().unwrap();
    let mut opened = Ctap2::open(key.hid(), interrupt.clone(), LIMITS).unwrap();
    let token = token(&mut opened, Permissions::BIO_ENROLLMENT);
    let outcome = opened.enroll_fingerprint(&token, &mut |capture| {
        if matches!(capture, Capture::Sample { .. }) {
            interrupt.raise();
        }
    });
    assert_eq!(outcome, Err(Error::Cancelled));
    // Refused before it was sent; what was begun was cancelled although the interrupt is still raised.
    interrupt.clear();
    assert_eq!(key.log().iter().filter(|logged| logged.command == 0x09).count(), 2);
    assert_eq!(opened.fingerprints(&token).unwrap(), []);
}

#[test]
fn always_verifying_is_turned_on_and_off_once() {
    let (_, mut opened) = with_pin(Options::new(SERIAL));
    for (on, changes) in [(true, true), (true, false), (false, true), (false, false)] {
        let token = token(&mut opened, Permissions::CONFIGURATION);
        assert_eq!(opened.set_always_uv(Some(&token), on).unwrap(), changes);
        assert_eq!(opened.info().unwrap().option("alwaysUv"), Some(on));
    }
    let (_, mut without) = key(Options { always_uv: None, ..Options::new(SERIAL) });
    let none = Error::NotSupported { what: "always verifying the user" };
    assert_eq!(without.set_always_uv(None, true), Err(none));
}

#[test]
fn the_rule_for_pins_can_only_become_stricter() {
    let (_, mut opened) = with_pin(Options::new(SERIAL));
    let least = |n| PinRule { min_length: Some(n), ..PinRule::default() };
    let token = token(&mut opened, Permissions::CONFIGURATION);
    opened.set_pin_rule(Some(&token), &least(8)).unwrap();
    assert_eq!(opened.info().unwrap().min_pin_length, 8);
    let token = self::token(&mut opened, Permissions::CONFIGURATION);
    assert_eq!(opened.set_pin_rule(Some(&token), &least(6)), Err(Error::PinPolicy));
    let token = self::token(&mut opened, Permissions::CONFIGURATION);
    let rule = PinRule { rp_ids: vec![RP.to_owned()], force_change: true, ..PinRule::default() };
    opened.set_pin_rule(Some(&token), &rule).unwrap();
    let refused = opened.token(Attempt::new(&pin(PIN)), Permissions::CONFIGURATION, None).err();
    assert_eq!(refused, Some(Error::PinMustChange));
    opened.change_pin(Attempt::new(&pin(PIN)), &pin("long-enough")).unwrap();
    opened.verify_pin(Attempt::new(&pin("long-enough"))).unwrap();
}

#[test]
fn enterprise_attestation_is_enabled_once() {
    let (_, mut opened) = with_pin(Options { enterprise_attestation: true, ..Options::new(SERIAL) });
    for changes in [true, false] {
        let token = token(&mut opened, Permissions::CONFIGURATION);
        assert_eq!(opened.enable_enterprise_attestation(Some(&token)).unwrap(), changes);
    }
    let (_, mut without) = key(Options::new(SERIAL));
    let none = Error::NotSupported { what: "enterprise attestation" };
    assert_eq!(without.enable_enterprise_attestation(None), Err(none));
}

#[test]
fn large_blobs_of_several_fragments_come_back() {
    let (_, mut opened) = with_pin(Options { max_message: 1024, ..Options::new(SERIAL) });
    assert_eq!(opened.large_blobs().unwrap(), [0x80]);
    assert!(opened.set_large_blobs(None, &[0x80]).is_err(), "a PIN is set");
    let room = opened.info().unwrap().max_large_blob.unwrap();
    // One byte string that fills the array, and lengths around those of one fragment.
    for len in [0, 960 - 16 - 4, 960 - 16 - 3, room - 16 - 4] {
        let head = (len as u16).to_be_bytes();
        let array = [&[0x81, 0x59, head[0], head[1]][..], &vec![0x5A; len]].concat();
        let token = token(&mut opened, Permissions::LARGE_BLOB_WRITE);
        opened.set_large_blobs(Some(&token), &array).unwrap();
        assert!(opened.large_blobs().unwrap() == array, "{len}");
    }
    let token = token(&mut opened, Permissions::LARGE_BLOB_WRITE);
    assert_eq!(opened.set_large_blobs(Some(&token), &vec![0; room]), Err(Error::LargeBlobFull));
    let (_, mut without) = key(Options { large_blobs: false, ..Options::new(SERIAL) });
    assert_eq!(without.large_blobs(), Err(Error::NotSupported { what: "large blobs" }));
}

#[test]
fn a_reset_is_taken_only_after_plugging_in() {
    let clock = SimClock::host();
    let (key, mut opened) = with_pin(Options { clock: clock.clone(), ..Options::new(SERIAL) });
    register(&mut opened, 1);
    clock.advance(Duration::from_secs(11));
    assert_eq!(opened.reset(&mut silently()), Err(Error::NotAllowed));
    key.pull();
    assert_eq!(opened.info().err(), Some(Error::Transport(glasskey::transport::Error::Removed)));
    key.plug_in();
    open(&key).reset(&mut silently()).unwrap();
    assert!(key.credentials().is_empty() && !key.has_pin());
}

#[test]
fn a_touch_that_never_comes_leaves_the_key_usable() {
    let (key, _) = key(Options::new(SERIAL));
    key.set_touch(Touch::Never);
    let limits = Limits { person: Duration::from_millis(250), ..LIMITS };
    let mut opened = Ctap2::open(key.hid(), Interrupt::new().unwrap(), limits).unwrap();
    let mut told = 0;
    assert_eq!(opened.select(&mut || told += 1), Err(Error::TouchTimedOut));
    assert_eq!(told, 1);
    assert!(!key.is_waiting());
    key.set_touch(Touch::AtOnce);
    opened.select(&mut silently()).unwrap();
    opened.wink().unwrap();
    assert_eq!(key.winks(), 1);
}

#[test]
fn an_interrupt_while_waiting_for_a_touch_cancels() {
    let (key, _) = key(Options::new(SERIAL));
    key.set_touch(Touch::Never);
    let interrupt = Interrupt::new().unwrap();
    let mut opened = Ctap2::open(key.hid(), interrupt.clone(), LIMITS).unwrap();
    assert_eq!(opened.select(&mut || interrupt.raise()), Err(Error::Cancelled));
    interrupt.clear();
    assert!(!key.is_waiting());
    assert_eq!(opened.pin_retries().unwrap().left, 8);
}
