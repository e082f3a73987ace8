//! Packed attestation, with x509-parser as judge.

use super::client::{AuthData, Client, HASH, registration};
use glasskey::fido::cbor::Value;
use glasskey::sim::authenticator::{Aaguid, Attestation, Authority, Options, SoftAuthenticator};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_parser::prelude::*;

const AAGUID: &str = "1.3.6.1.4.1.45724.1.1.4";

fn attested(key: &SoftAuthenticator) -> Value {
    Client::new(key).ask(0x01, registration("example.com", 1, vec![])).unwrap()
}

fn chain(answer: &Value) -> Vec<Vec<u8>> {
    let certificates = answer.get_int(3).unwrap().get_text("x5c").unwrap().as_array().unwrap();
    certificates.iter().map(|certificate| certificate.as_bytes().unwrap().to_vec()).collect()
}

fn parse(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

fn signs(issuer: &[u8], subject: &[u8]) -> bool {
    let (issuer, subject) = (parse(issuer), parse(subject));
    assert_eq!(issuer.subject(), subject.issuer());
    subject.verify_signature(Some(issuer.public_key())).is_ok()
}

fn aaguid_of(leaf: &[u8]) -> Option<Vec<u8>> {
    let leaf = parse(leaf);
    let extension = leaf.extensions().iter().find(|extension| extension.oid.to_id_string() == AAGUID)?;
    assert!(!extension.critical);
    assert_eq!(extension.value[..2], [0x04, 0x10]);
    Some(extension.value[2..].to_vec())
}

fn signature_holds(answer: &Value) -> bool {
    let leaf = chain(answer).remove(0);
    let leaf = parse(&leaf);
    let message = [&AuthData::of(answer).raw[..], &HASH].concat();
    let signature = answer.get_int(3).unwrap().get_text("sig").unwrap().as_bytes().unwrap();
    let point = &leaf.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&message, signature).is_ok()
}

#[test]
fn a_genuine_statement_holds_in_every_part() {
    let key = SoftAuthenticator::new(Options::new(1));
    let answer = attested(&key);
    assert_eq!(answer.get_int(1), Some(&"packed".into()));
    assert_eq!(answer.get_int(3).unwrap().get_text("alg"), Some(&(-7).into()));
    let (root, intermediate) = (key.attestation_roots().remove(0), key.attestation_intermediates().remove(0));
    let chain = chain(&answer);
    assert_eq!(chain.len(), 1, "the leaf alone, as keys with many intermediates do");
    assert!(signs(&root, &root) && signs(&root, &intermediate) && signs(&intermediate, &chain[0]));
    for issuer in [&root, &intermediate] {
        let issuer = parse(issuer);
        assert!(issuer.is_ca() && issuer.key_usage().unwrap().unwrap().value.key_cert_sign());
    }
    let leaf = parse(&chain[0]);
    assert_eq!(leaf.version(), X509Version::V3);
    assert!(!leaf.is_ca() && leaf.basic_constraints().unwrap().is_some());
    assert!(leaf.validity().is_valid() && parse(&root).validity().is_valid());
    let one = |mut parts: Vec<&str>| parts.pop().unwrap().to_owned();
    let subject = leaf.subject();
    assert_eq!(one(subject.iter_country().map(|part| part.as_str().unwrap()).collect()), "SE");
    assert!(!one(subject.iter_organization().map(|part| part.as_str().unwrap()).collect()).is_empty());
    assert!(!one(subject.iter_common_name().map(|part| part.as_str().unwrap()).collect()).is_empty());
    let unit = one(subject.iter_organizational_unit().map(|part| part.as_str().unwrap()).collect());
    assert_eq!(unit, "Authenticator Attestation");
    assert_eq!(aaguid_of(&chain[0]), Some(AuthData::of(&answer).aaguid));
    assert!(signature_holds(&answer));
}

#[test]
fn ed25519_credentials_are_attested_by_the_same_key() {
    let key = SoftAuthenticator::new(Options::new(1));
    let eddsa = Value::array([Value::map([("alg", Value::from(-8)), ("type", "public-key".into())])]);
    let answer = Client::new(&key).ask(0x01, registration("example.com", 1, vec![(4, eddsa)])).unwrap();
    assert_eq!(answer.get_int(3).unwrap().get_text("alg"), Some(&(-7).into()));
    assert!(signature_holds(&answer));
}

#[test]
fn the_intermediate_comes_along_where_wanted() {
    let mut options = Options::new(1);
    options.intermediate_in_x5c = true;
    let key = SoftAuthenticator::new(options);
    assert_eq!(chain(&attested(&key))[1..], key.attestation_intermediates());
}

#[test]
fn keys_of_one_authority_share_its_root() {
    let with =
        |serial| SoftAuthenticator::new(Options { authority: Some(Authority::generate()), ..Options::new(serial) });
    assert_ne!(with(1).attestation_roots(), with(2).attestation_roots());
    let authority = Authority::generate();
    let of = |serial| SoftAuthenticator::new(Options { authority: Some(authority.clone()), ..Options::new(serial) });
    assert_eq!(of(1).attestation_roots(), of(2).attestation_roots());
    assert_eq!(of(1).attestation_roots(), [authority.root()]);
}

#[test]
fn each_bad_statement_is_bad_in_its_own_way_and_no_other() {
    let key = SoftAuthenticator::new(Options::new(1));
    let intermediate = key.attestation_intermediates().remove(0);
    let own = Some(key.options().aaguid);
    let unit = |leaf: &[u8]| {
        let leaf = parse(leaf);
        leaf.subject().iter_organizational_unit().next().unwrap().as_str().unwrap() == "Authenticator Attestation"
    };
    let facts = |kind| {
        key.set_attestation(kind);
        let answer = attested(&key);
        let leaf = chain(&answer).remove(0);
        let model = aaguid_of(&leaf).map(|bytes| Aaguid(bytes.try_into().unwrap()));
        let es256 = answer.get_int(3).unwrap().get_text("alg") == Some(&(-7).into());
        (
            signs(&intermediate, &leaf),
            model == own,
            !parse(&leaf).is_ca(),
            unit(&leaf),
            signature_holds(&answer),
            es256,
        )
    };
    assert_eq!(facts(Attestation::Packed), (true, true, true, true, true, true));
    assert_eq!(facts(Attestation::ForgedChain), (false, true, true, true, true, true));
    assert_eq!(facts(Attestation::WrongAaguid), (true, false, true, true, true, true));
    assert_eq!(facts(Attestation::NoAaguid), (true, false, true, true, true, true));
    assert_eq!(facts(Attestation::CaLeaf), (true, true, false, true, true, true));
    assert_eq!(facts(Attestation::WrongUnit), (true, true, true, false, true, true));
    assert_eq!(facts(Attestation::WrongSignature), (true, true, true, true, false, true));
    assert_eq!(facts(Attestation::WrongAlgorithm), (true, true, true, true, true, false));
}

#[test]
fn none_and_self_attestation() {
    let key = SoftAuthenticator::new(Options::new(1));
    key.set_attestation(Attestation::None);
    let answer = attested(&key);
    assert_eq!(answer.get_int(1), Some(&"none".into()));
    assert_eq!(answer.get_int(3), Some(&Value::Map(vec![])));
    key.set_attestation(Attestation::Own);
    let answer = attested(&key);
    let data = AuthData::of(&answer);
    assert_eq!(answer.get_int(3).unwrap().get_text("x5c"), None);
    data.verify(&data.key, answer.get_int(3).unwrap().get_text("sig").unwrap().as_bytes().unwrap());
}
