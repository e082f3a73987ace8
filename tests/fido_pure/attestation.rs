//! One attestation that holds, and one for every reason why another does not.

use super::authority::{
    Authority, HASH, MODEL, Token, aaguid_extension, ca, expired, leaf, metadata, not_yet, now, self_attested,
    subject,
};
use glasskey::fido::attestation::{AttestationObject, Genuine, Malformed, Reason, What, verify};
use glasskey::fido::auth_data::{self, Aaguid, AuthData};
use glasskey::fido::cbor::{self, Value};
use glasskey::fido::certificates::{self, fingerprint};
use glasskey::fido::cose;
use glasskey::fido::metadata::{Certification, Warning};
use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyUsagePurpose};

fn check(object: &AttestationObject, root: &Authority) -> Result<Genuine, Reason> {
    verify(object, &HASH, &metadata(&[root]), &[], now())
}

/// The reason why a certificate made from `params` by the right root does not do.
fn reason(params: &CertificateParams) -> Reason {
    let root = Authority::root("Maker Root 1");
    check(&Token::of(&root, params).attest(), &root).unwrap_err()
}

fn but(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

/// Changes the good statement.
fn changed(change: impl FnOnce(&mut AttestationObject)) -> Reason {
    let root = Authority::root("Maker Root 1");
    let mut object = Token::of(&root, &leaf()).attest();
    change(&mut object);
    check(&object, &root).unwrap_err()
}

fn set(object: &mut AttestationObject, member: &str, value: Option<Value>) {
    let Value::Map(members) = &mut object.statement else { panic!("no map") };
    members.retain(|(name, _)| name.as_text() != Some(member));
    members.extend(value.map(|value| (Value::from(member), value)));
}

thread_local! {
    /// A root's certificate, a key's certificate, and its private key.
    static TOKEN: (Vec<u8>, Vec<u8>, Vec<u8>) = {
        let root = Authority::root("Maker Root 1");
        let token = Token::of(&root, &leaf());
        (root.der, token.x5c[0].clone(), token.key.serialize_der())
    };
}

#[test]
fn a_key_of_a_pinned_root_is_genuine_and_has_a_name() {
    let root = Authority::root("Maker Root 1");
    let genuine = check(&Token::of(&root, &leaf()).attest(), &root).unwrap();
    assert_eq!((genuine.root.as_str(), genuine.model.as_str()), ("Maker Root 1", "Maker Key 1"));
    assert_eq!(genuine.root_fingerprint, fingerprint(&root.der));
    assert_eq!((genuine.aaguid, genuine.certification), (MODEL, Certification::Level("L2".to_owned())));
}

#[test]
fn paths_go_over_the_keys_own_the_metadatas_and_brought_intermediates() {
    let root = Authority::root("Maker Root 1");
    let middle = root.below(ca("Maker Intermediate B"));
    let low = middle.below(ca("Maker FIDO Attestation B"));
    let token = || Token::of(&low, &leaf());
    let names = ["Maker FIDO EE 1", "Maker FIDO Attestation B", "Maker Intermediate B", "Maker Root 1"];

    let brought_by_the_key = check(&token().with(&[&low, &middle]).attest(), &root).unwrap();
    assert_eq!(brought_by_the_key.path, names);
    let listed = verify(&token().attest(), &HASH, &metadata(&[&root, &low, &middle]), &[], now()).unwrap();
    assert_eq!((listed.path, listed.root_fingerprint), (names.map(str::to_owned).to_vec(), fingerprint(&root.der)));
    let extra = [middle.der.clone(), low.der.clone()];
    assert!(verify(&token().attest(), &HASH, &metadata(&[&root]), &extra, now()).is_ok());
    let reason = check(&token().with(&[&low]).attest(), &root).unwrap_err();
    assert_eq!(reason, Reason::UnknownRoot { name: "Maker Intermediate B".to_owned() });
}

#[test]
fn an_intermediate_that_is_published_but_not_built_in_is_said_to_be_missing() {
    let root = Authority::root("Maker Root 1");
    let low = root.below(ca("Yubico FIDO Attestation B2 1"));
    let object = Token::of(&low, &leaf()).attest();
    let issuer = "Yubico FIDO Attestation B2 1".to_owned();
    assert_eq!(check(&object, &root), Err(Reason::IntermediateUnknown { issuer }));
    assert!(verify(&object, &HASH, &metadata(&[&root]), &[low.der], now()).is_ok());
}

#[test]
fn other_formats_prove_nothing() {
    assert_eq!(changed(|object| object.fmt = "none".to_owned()), Reason::NoAttestation);
    assert_eq!(changed(|object| object.fmt = "fido-u2f".to_owned()), Reason::U2f);
    assert_eq!(changed(|object| object.fmt = "tpm".to_owned()), Reason::Format { fmt: "tpm".to_owned() });
}

#[test]
fn self_attestation_is_told_from_a_forgery_of_it() {
    let root = Authority::root("Maker Root 1");
    let mut object = self_attested();
    assert_eq!(check(&object, &root), Err(Reason::SelfAttestation));
    set(&mut object, "alg", Some(Value::from(cose::EDDSA)));
    assert_eq!(check(&object, &root), Err(Reason::Algorithm { alg: cose::EDDSA }));
    let mut object = self_attested();
    object.auth_data[0] ^= 1;
    assert_eq!(check(&object, &root), Err(Reason::BadSignature));
}

#[test]
fn a_wrong_signature_is_noticed_whatever_was_changed() {
    assert_eq!(changed(|object| object.auth_data[40] ^= 1), Reason::BadSignature);
    assert_eq!(changed(|object| set(object, "sig", Some(Value::from(vec![0x30; 70])))), Reason::BadSignature);
    let root = Authority::root("Maker Root 1");
    let object = Token::of(&root, &leaf()).attest();
    assert_eq!(verify(&object, &[0; 32], &metadata(&[&root]), &[], now()), Err(Reason::BadSignature));
}

#[test]
fn the_algorithm_must_be_the_certificates() {
    for alg in [cose::EDDSA, cose::RS256, -35, 0] {
        let reason = changed(|object| set(object, "alg", Some(Value::from(alg))));
        assert_eq!(reason, Reason::Algorithm { alg });
    }
}

#[test]
fn statements_that_cannot_be_read_are_malformed() {
    let is = |reason: Reason, malformed: Malformed| assert_eq!(reason, Reason::Malformed(malformed));
    for member in ["alg", "sig"] {
        is(changed(|object| set(object, member, None)), Malformed::Member(member));
        is(changed(|object| set(object, member, Some(Value::Null))), Malformed::Member(member));
    }
    is(changed(|object| set(object, "x5c", Some(Value::array([Value::Null])))), Malformed::Member("x5c"));
    // A map is no list, and the empty list is no certificate: not self attestation either.
    is(changed(|object| set(object, "x5c", Some(Value::Map(vec![])))), Malformed::Member("x5c"));
    is(changed(|object| set(object, "x5c", Some(Value::Array(vec![])))), Malformed::Member("x5c"));
    is(changed(|object| set(object, "x5c", Some(Value::array([vec![0x30, 0x00]])))), Malformed::Certificate);
    is(changed(|object| set(object, "x5c", Some(Value::array(vec![vec![0]; 9])))), Malformed::TooManyCertificates);
    is(changed(|object| object.auth_data.truncate(60)), Malformed::AuthData(auth_data::Error::Truncated));
    is(
        changed(|object| {
            object.auth_data.truncate(37);
            object.auth_data[32] = 0x05;
        }),
        Malformed::NoCredential,
    );
    let none = AttestationObject::from_bytes(&[0xA0]);
    assert_eq!(none, Err(Reason::Malformed(Malformed::Member("fmt"))));
    assert_eq!(AttestationObject::from_bytes(&[]), Err(Reason::Malformed(Malformed::Cbor(cbor::Error::Truncated))));
}

#[test]
fn a_self_attested_key_that_cannot_be_read_is_malformed() {
    let root = Authority::root("Maker Root 1");
    let mut object = self_attested();
    let mut data = AuthData::parse(&object.auth_data).unwrap();
    data.credential.as_mut().unwrap().cose_key = cbor::encode(&Value::map([(3, -7)]));
    object.auth_data = data.to_bytes();
    let key = Malformed::Key(cose::Error::Member { label: 1 });
    assert_eq!(check(&object, &root), Err(Reason::Malformed(key)));
}

#[test]
fn a_leaf_that_is_an_authority_is_refused() {
    let mut params = leaf();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(reason(&params), Reason::LeafIsCa);
}

#[test]
fn the_certificate_must_keep_to_the_profile() {
    const UNIT: &str = "Authenticator Attestation";
    for (name, what) in [
        (subject("", "Maker", UNIT, "EE"), What::Country),
        (subject("SWE", "Maker", UNIT, "EE"), What::Country),
        (subject("SE", "", UNIT, "EE"), What::Organization),
        (subject("SE", " ", UNIT, "EE"), What::Organization),
        (subject("SE", "Maker", "", "EE"), What::Unit),
        (subject("SE", "Maker", "Authenticator attestation", "EE"), What::Unit),
        (subject("SE", "Maker", UNIT, ""), What::CommonName),
    ] {
        let params = but(leaf(), |params| params.distinguished_name = name);
        assert_eq!(reason(&params), Reason::BadProfile { what });
    }
    let params = but(leaf(), |params| params.is_ca = IsCa::NoCa);
    assert_eq!(reason(&params), Reason::BadProfile { what: What::BasicConstraints });
}

#[test]
fn the_model_must_be_in_the_certificate_in_its_form() {
    let with =
        |extensions: Vec<CustomExtension>| reason(&but(leaf(), |params| params.custom_extensions = extensions));
    let form =
        |content: &[u8]| CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4], content.to_vec());
    let bad = |what| Reason::BadProfile { what };
    assert_eq!(with(vec![]), bad(What::NoAaguid));
    let mut critical = aaguid_extension(MODEL);
    critical.set_criticality(true);
    assert_eq!(with(vec![critical]), bad(What::CriticalAaguid));
    // Not wrapped a second time, wrapped with another tag, too short, too long, twice.
    for content in [MODEL.0.to_vec(), [&[0x03, 0x10], &MODEL.0[..]].concat(), [&[0x04, 0x10], &MODEL.0[1..]].concat()]
    {
        assert_eq!(with(vec![form(&content)]), bad(What::AaguidForm));
    }
    assert_eq!(with(vec![form(&[&[0x04, 0x10], &MODEL.0[..], &[0]].concat())]), bad(What::AaguidForm));
    assert_eq!(with(vec![aaguid_extension(MODEL), aaguid_extension(MODEL)]), bad(What::AaguidForm));
    let certified = Aaguid([0x43; 16]);
    assert_eq!(with(vec![aaguid_extension(certified)]), Reason::WrongAaguid { claimed: MODEL, certified });
}

#[test]
fn an_old_version_of_certificate_is_refused() {
    let root = Authority::root("Maker Root 1");
    let mut token = Token::of(&root, &leaf());
    // [0] { INTEGER 2 } says version 3; the certificate's own signature is looked at later.
    let at = token.x5c[0].windows(5).position(|window| window == [0xA0, 3, 2, 1, 2]).unwrap();
    token.x5c[0][at + 4] = 1;
    assert_eq!(check(&token.attest(), &root), Err(Reason::BadProfile { what: What::Version }));
}

#[test]
fn a_model_that_nothing_is_known_of_is_not_genuine() {
    let root = Authority::root("Maker Root 1");
    let aaguid = Aaguid([0x44; 16]);
    let params = but(leaf(), |params| params.custom_extensions = vec![aaguid_extension(aaguid)]);
    let token = Token { aaguid, ..Token::of(&root, &params) };
    assert_eq!(check(&token.attest(), &root), Err(Reason::UnknownModel { aaguid }));
}

#[test]
fn models_whose_attestation_is_spoiled_are_refused_and_other_warnings_are_passed_on() {
    let root = Authority::root("Maker Root 1");
    let object = Token::of(&root, &leaf()).attest();
    let with = |warning| {
        let mut metadata = metadata(&[&root]);
        metadata.warn(MODEL, warning);
        verify(&object, &HASH, &metadata, &[], now())
    };
    for warning in [Warning::Revoked, Warning::AttestationKeyCompromise] {
        assert_eq!(with(warning), Err(Reason::Revoked { warning }));
    }
    let warning = Warning::UserKeyPhysicalCompromise;
    assert_eq!(with(warning).unwrap().warnings, [warning]);
}

#[test]
fn a_forged_chain_does_not_help_itself() {
    let root = Authority::root("Maker Root 1");
    // The same name, another key; and another name.
    let twin = Authority::root("Maker Root 1");
    let object = Token::of(&twin, &leaf()).with(&[&twin]).attest();
    assert_eq!(check(&object, &root), Err(bad_signature("Maker Root 1")));
    let other = Authority::root("Evil Root");
    for object in [Token::of(&other, &leaf()).attest(), Token::of(&other, &leaf()).with(&[&other, &root]).attest()] {
        assert_eq!(check(&object, &root), Err(Reason::UnknownRoot { name: "Evil Root".to_owned() }));
    }
}

fn bad_signature(subject: &str) -> Reason {
    Reason::BadPath(certificates::Error::BadSignature { subject: subject.to_owned() })
}

#[test]
fn a_path_with_a_wrong_signature_is_refused() {
    let root = Authority::root("Maker Root 1");
    let twin = Authority::root("Maker Root 1");
    let object = Token::of(&twin, &leaf()).attest();
    assert_eq!(check(&object, &root), Err(bad_signature("Maker FIDO EE 1")));
}

#[test]
fn the_roots_of_another_maker_do_not_vouch() {
    let (root, other) = (Authority::root("Maker Root 1"), Authority::root("Other Maker Root"));
    let mut metadata = metadata(&[&root]);
    metadata.insert(Aaguid([9; 16]), "Other Key", Certification::None, &[&other.der]);
    let object = Token::of(&other, &leaf()).attest();
    let name = "Other Maker Root".to_owned();
    assert_eq!(verify(&object, &HASH, &metadata, &[], now()), Err(Reason::UnknownRoot { name }));
}

#[test]
fn who_may_not_sign_certificates_does_not_count() {
    let root = Authority::root("Maker Root 1");
    let not_ca = |params: CertificateParams| {
        let middle = root.below(params);
        check(&Token::of(&middle, &leaf()).with(&[&middle]).attest(), &root).unwrap_err()
    };
    let refused = || {
        let subject = "Middle".to_owned();
        Reason::BadPath(certificates::Error::NotCa { subject })
    };
    assert_eq!(not_ca(but(ca("Middle"), |params| params.is_ca = IsCa::ExplicitNoCa)), refused());
    assert_eq!(not_ca(but(ca("Middle"), |params| params.is_ca = IsCa::NoCa)), refused());
    let usage = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(not_ca(but(ca("Middle"), |params| params.key_usages = usage)), refused());
    let shallow = IsCa::Ca(BasicConstraints::Constrained(0));
    let high = root.below(but(ca("Middle"), |params| params.is_ca = shallow));
    let low = high.below(ca("Low"));
    assert_eq!(check(&Token::of(&low, &leaf()).with(&[&low, &high]).attest(), &root), Err(refused()));
}

#[test]
fn certificates_count_only_in_their_time() {
    let is_expired = |reason: Reason, name: &str| {
        assert!(matches!(&reason, Reason::Expired { subject, .. } if subject == name), "{reason:?}");
    };
    is_expired(reason(&expired(leaf())), "Maker FIDO EE 1");
    assert!(matches!(reason(&not_yet(leaf())), Reason::NotYetValid { .. }));
    let root = Authority::root("Maker Root 1");
    let middle = root.below(expired(ca("Middle")));
    is_expired(check(&Token::of(&middle, &leaf()).with(&[&middle]).attest(), &root).unwrap_err(), "Middle");
    let old = Authority::root_of(expired(ca("Old Root")));
    is_expired(check(&Token::of(&old, &leaf()).attest(), &old).unwrap_err(), "Old Root");
}

#[test]
fn an_unknown_critical_extension_is_not_passed_over() {
    let mut odd = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0x00]);
    odd.set_criticality(true);
    let extensions = vec![aaguid_extension(MODEL), odd];
    let reason = reason(&but(leaf(), |params| params.custom_extensions = extensions));
    let (subject, oid) = ("Maker FIDO EE 1".to_owned(), "1.2.3.4".to_owned());
    assert_eq!(reason, Reason::BadPath(certificates::Error::Critical { subject, oid }));
}

#[test]
fn endless_paths_end() {
    let mut authorities = vec![Authority::root("Root")];
    for nth in 0..6 {
        let next = authorities.last().unwrap().below(ca(&format!("CA {nth}")));
        authorities.push(next);
    }
    let further: Vec<&Authority> = authorities[1..].iter().collect();
    let object = Token::of(authorities.last().unwrap(), &leaf()).with(&further).attest();
    assert_eq!(check(&object, &authorities[0]), Err(Reason::Malformed(Malformed::TooManyCertificates)));
}

#[test]
fn stripping_leaves_the_credential_and_nothing_of_the_key() {
    let root = Authority::root("Maker Root 1");
    let object = Token::of(&root, &leaf()).attest();
    let stripped = object.stripped().unwrap();
    assert_eq!((stripped.fmt.as_str(), &stripped.statement), ("none", &Value::Map(vec![])));
    let (before, after) =
        (AuthData::parse(&object.auth_data).unwrap(), AuthData::parse(&stripped.auth_data).unwrap());
    let (before, after) = (before.credential.unwrap(), after.credential.unwrap());
    assert_eq!((after.aaguid, after.id, after.cose_key), (Aaguid::ZERO, before.id, before.cose_key));
    assert_eq!(check(&stripped, &root), Err(Reason::NoAttestation));
    assert_eq!(AttestationObject::from_bytes(&object.to_bytes()), Ok(object));
}

proptest! {
    #[test]
    fn no_certificate_makes_it_panic(at: prop::sample::Index, byte: u8, len: prop::sample::Index) {
        let (root, mut token) = TOKEN.with(|(root, x5c, key)| {
            let key = rcgen::KeyPair::try_from(key.clone()).unwrap();
            (root.clone(), Token { key, x5c: vec![x5c.clone()], aaguid: MODEL, alg: cose::ES256 })
        });
        let der = &mut token.x5c[0];
        let at = at.index(der.len());
        der[at] = byte;
        der.truncate(der.len() - len.index(4));
        let mut known = metadata(&[]);
        known.insert(MODEL, "Maker Key 1", Certification::None, &[&root]);
        let _ = verify(&token.attest(), &HASH, &known, &[], now());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = AttestationObject::from_bytes(&bytes);
        let statement = Value::map([("alg", Value::from(-7)), ("sig", Value::from(bytes.clone())),
            ("x5c", Value::array([bytes.clone()]))]);
        let object = AttestationObject { fmt: "packed".to_owned(), auth_data: bytes, statement };
        prop_assert!(verify(&object, &HASH, &metadata(&[]), &[], now()).is_err());
    }
}
