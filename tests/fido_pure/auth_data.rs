//! Authenticator data and COSE keys: what is read, what is refused, and that nothing makes the readers panic.

use glasskey::fido::auth_data::{Aaguid, AttestedCredential, AuthData, Error, Flags};
use glasskey::fido::cbor::Value;
use glasskey::fido::cose::{self, BadSignature, PublicKey};
use p256::ecdsa::signature::Signer;
use proptest::prelude::*;
use ring::signature::KeyPair;
use x509_parser::prelude::FromDer;

fn p256_key(byte: u8) -> (p256::ecdsa::SigningKey, PublicKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    let coordinate = |bytes: Option<&p256::FieldBytes>| (*bytes.unwrap()).into();
    (key, PublicKey::Es256 { x: coordinate(point.x()), y: coordinate(point.y()) })
}

fn registration() -> AuthData {
    AuthData {
        rp_id_hash: [7; 32],
        flags: Flags(Flags::USER_PRESENT | Flags::USER_VERIFIED | Flags::ATTESTED_CREDENTIAL | Flags::EXTENSIONS),
        counter: 258,
        credential: Some(AttestedCredential {
            aaguid: "2fc0579f-8113-47ea-b116-bb5a8db9202a".parse().unwrap(),
            id: vec![9; 48],
            cose_key: p256_key(1).1.to_cbor(),
        }),
        extensions: Some(Value::map([("credProtect", Value::from(2))])),
    }
}

#[test]
fn what_was_written_is_read() {
    let data = registration();
    let bytes = data.to_bytes();
    assert_eq!(AuthData::parse(&bytes), Ok(data.clone()));
    assert_eq!(data.extension("credProtect").and_then(Value::as_uint), Some(2));
    assert_eq!(data.credential.unwrap().aaguid.to_string(), "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    let assertion = AuthData { credential: None, extensions: None, flags: Flags(0x01), ..registration() };
    assert_eq!(assertion.to_bytes().len(), 37);
    assert_eq!(AuthData::parse(&assertion.to_bytes()), Ok(assertion));
}

#[test]
fn every_cut_is_noticed_and_so_is_every_byte_too_many() {
    let bytes = registration().to_bytes();
    for len in 0..bytes.len() {
        assert!(AuthData::parse(&bytes[..len]).is_err(), "{len} bytes");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(AuthData::parse(&longer), Err(Error::Trailing { len: 1 }));
}

#[test]
fn lengths_and_types_are_checked() {
    let bytes = registration().to_bytes();
    let mut long_id = bytes.clone();
    long_id[53..55].copy_from_slice(&1024_u16.to_be_bytes());
    assert_eq!(AuthData::parse(&long_id), Err(Error::CredentialIdTooLong { len: 1024 }));
    let no_map = AuthData { extensions: Some(Value::from(1)), ..registration() };
    assert_eq!(AuthData::parse(&no_map.to_bytes()), Err(Error::ExtensionsNotMap));
    let mut no_key = registration();
    no_key.credential.as_mut().unwrap().cose_key = vec![0x01];
    assert_eq!(AuthData::parse(&no_key.to_bytes()), Err(Error::KeyNotMap));
}

#[test]
fn aaguids_are_read_with_and_without_hyphens() {
    let one: Aaguid = "2FC0579F-8113-47EA-B116-BB5A8DB9202A".parse().unwrap();
    assert_eq!("2fc0579f811347eab116bb5a8db9202a".parse(), Ok(one));
    assert!("2fc0579f".parse::<Aaguid>().is_err() && "ü".parse::<Aaguid>().is_err());
}

#[test]
fn each_kind_of_key_checks_signatures_and_survives_cbor() {
    let message = b"authData and the hash of client data";
    let (signing, es256) = p256_key(3);
    let signature: p256::ecdsa::DerSignature = signing.sign(message);
    let ed = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let eddsa = PublicKey::Ed25519 { x: ed.public_key().as_ref().try_into().unwrap() };
    for (key, signature) in [(es256, signature.as_bytes().to_vec()), (eddsa, ed.sign(message).as_ref().to_vec())] {
        assert_eq!(key.verify(message, &signature), Ok(()));
        assert_eq!(key.verify(b"another message", &signature), Err(BadSignature));
        assert_eq!(key.verify(message, &signature[1..]), Err(BadSignature));
        assert_eq!(PublicKey::from_cbor(&key.to_cbor()), Ok(key.clone()));
        let der = key.to_spki();
        let (rest, spki) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&der).unwrap();
        assert!(rest.is_empty() && spki.subject_public_key.data.len() >= 32);
    }
}

#[test]
fn an_rsa_key_is_rewritten_as_x509_does() {
    let key = PublicKey::Rs256 { n: vec![0xC1; 256], e: vec![1, 0, 1] };
    assert_eq!(PublicKey::from_cbor(&key.to_cbor()), Ok(key.clone()));
    let der = key.to_spki();
    let (_, spki) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&der).unwrap();
    let x509_parser::public_key::PublicKey::RSA(rsa) = spki.parsed().unwrap() else { panic!("not RSA") };
    assert_eq!((rsa.key_size(), rsa.try_exponent().unwrap()), (2048, 65537));
}

#[test]
fn keys_that_cannot_be_are_refused() {
    let with = |label: i64, value: Value| {
        let (_, key) = p256_key(4);
        let Value::Map(mut members) = glasskey::fido::cbor::decode_all(&key.to_cbor()).unwrap() else { panic!() };
        members.retain(|(name, _)| name.as_int() != Some(label));
        members.push((label.into(), value));
        PublicKey::from_value(&Value::Map(members))
    };
    assert_eq!(with(3, Value::from(-35)), Err(cose::Error::Algorithm { alg: -35 }));
    assert_eq!(with(1, Value::from(1)), Err(cose::Error::Member { label: 1 }));
    assert_eq!(with(-1, Value::from(2)), Err(cose::Error::Member { label: -1 }));
    assert_eq!(with(-2, Value::from(vec![1; 31])), Err(cose::Error::Member { label: -2 }));
    assert_eq!(with(-3, Value::from(vec![1; 32])), Err(cose::Error::NotOnCurve));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = AuthData::parse(&bytes);
        let _ = PublicKey::from_cbor(&bytes);
    }

    #[test]
    fn one_changed_byte_is_read_or_refused_but_never_fatal(at in 0_usize..200, byte: u8) {
        let mut bytes = registration().to_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(data) = AuthData::parse(&bytes) {
            let _ = data.credential.map(|credential| credential.public_key());
        }
    }

    #[test]
    fn whatever_is_written_is_read_back(
        hash: [u8; 32], counter: u32, id in prop::collection::vec(any::<u8>(), 0..1024), with_extensions: bool,
    ) {
        let mut data = registration();
        data.rp_id_hash = hash;
        data.counter = counter;
        data.credential.as_mut().unwrap().id = id;
        if !with_extensions {
            data.extensions = None;
            data.flags = Flags(data.flags.0 & !Flags::EXTENSIONS);
        }
        prop_assert_eq!(AuthData::parse(&data.to_bytes()), Ok(data));
    }
}
