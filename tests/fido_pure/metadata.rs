//! The table that is built in, and newer issues from files.

use super::authority::{Authority, MODEL, Token, ca, expired, leaf, now};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use glasskey::fido::auth_data::Aaguid;
use glasskey::fido::certificates::{self, fingerprint, from_pem};
use glasskey::fido::metadata::blob::{self, Error, Rules};
use glasskey::fido::metadata::{Certification, Metadata, Warning};
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The tool behind `scripts/metadata`: checks a real BLOB's signature and path, and compiles the table from it.
/// Certificates are judged at the time given, which may be past: a BLOB in a package is older than its release.
#[test]
#[ignore = "needs a BLOB: run scripts/metadata"]
fn compile_the_table() {
    let from = std::env::var("GLASSKEY_MDS_BLOB").expect("GLASSKEY_MDS_BLOB: the BLOB to compile");
    let to = std::env::var("GLASSKEY_MDS_TABLE").expect("GLASSKEY_MDS_TABLE: where the table goes");
    let at: u64 = std::env::var("GLASSKEY_MDS_AT").expect("GLASSKEY_MDS_AT: Unix time").parse().unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
    let metadata = blob::read(&std::fs::read(from).unwrap(), &Rules { at, stale: true, ..Rules::new(at) }).unwrap();
    std::fs::write(to, metadata.to_table()).unwrap();
}

fn model(aaguid: &str) -> &'static glasskey::fido::metadata::Model {
    Metadata::bundled().model(aaguid.parse().unwrap()).unwrap()
}

#[test]
fn the_table_is_read_and_written_alike() {
    let text = include_str!("../../data/metadata.json");
    assert_eq!(Metadata::bundled().to_table(), text);
    assert!(text.len() < 300_000, "{} bytes", text.len());
    assert!(Metadata::bundled().number() >= 237 && Metadata::bundled().models().count() > 250);
    let table: Value = serde_json::from_str(text).unwrap();
    for listed in table["certificates"].as_array().unwrap() {
        let der = BASE64.decode(listed["der"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(listed["sha256"], HEXLOWER.encode(&fingerprint(&der)));
        assert!(certificates::parse(&der).is_ok());
    }
}

/// From Yubico's page of its roots, https://developers.yubico.com/PKI/.
const YUBICO_ROOTS: [(&str, &str, &str); 3] = [
    ("Yubico U2F Root CA Serial 457200631", "0fa1386f", "2b092d42"),
    ("Yubico FIDO Root CA Serial 450203556", "35f1a54b", "2fd6faad"),
    ("Yubico Attestation Root 1", "62760c6a", "586cd5a8"),
];

#[test]
fn yubicos_keys_are_vouched_for_by_yubicos_roots_and_by_no_other() {
    let metadata = Metadata::bundled();
    let mut found = std::collections::BTreeSet::new();
    for (aaguid, model) in metadata.models().filter(|(_, model)| model.name.starts_with("YubiKey")) {
        assert!(!metadata.roots(model).is_empty() || model.name.contains("Preview"), "{aaguid} {}", model.name);
        found.extend(metadata.roots(model).iter().map(|root| HEXLOWER.encode(root)));
    }
    assert_eq!(found.len(), YUBICO_ROOTS.len());
    for (name, start, end) in YUBICO_ROOTS {
        assert!(found.iter().any(|root| root.starts_with(start) && root.ends_with(end)), "{name}");
    }
}

#[test]
fn models_have_their_names_and_certifications() {
    let yk5 = model("2fc0579f-8113-47ea-b116-bb5a8db9202a");
    assert_eq!((yk5.name.as_str(), &yk5.certification), ("YubiKey 5 Series with NFC", &level("L1")));
    assert_eq!(model("a25342c0-3cdc-4414-8e46-f4807fca511c").certification, level("L2"));
    assert_eq!(level("L3plus").to_string(), "FIDO certified L3+");
    assert!(level("L2") > level("L1plus") && level("L1") > Certification::Certified);
}

fn level(level: &str) -> Certification {
    Certification::Level(level.to_owned())
}

/// Every intermediate that is built in leads to Yubico's newest root, over the others.
#[test]
fn built_in_intermediates_lead_to_the_root() {
    let metadata = Metadata::bundled();
    let trust = metadata.trust(model("d7781e5d-e353-46aa-afe2-3ca49f13332a"));
    let mut yubicos = 0;
    for der in &trust.intermediates {
        let name = certificates::subject(&certificates::parse(der).unwrap());
        if name.starts_with("Yubico") {
            let path = certificates::path(der, &trust.intermediates, &trust.anchors, now()).unwrap();
            assert_eq!(path.root(), "Yubico Attestation Root 1", "{:?}", path.names);
            yubicos += 1;
        }
    }
    assert_eq!(yubicos, 4);
}

#[test]
fn the_services_roots_are_those_of_globalsign() {
    let roots = from_pem(include_str!("../../data/mds-roots.pem")).unwrap();
    let fingerprints: Vec<String> = roots.iter().map(|root| HEXLOWER.encode(&fingerprint(root))).collect();
    assert_eq!(
        fingerprints,
        [
            "cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b",
            "4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9"
        ]
    );
    assert_eq!(Rules::new(now()).anchors, roots);
}

#[test]
fn staleness_begins_the_day_after() {
    let metadata = Metadata::new(1, "2026-06-30".parse().unwrap());
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_863_999);
    assert!(!metadata.is_stale(last) && metadata.is_stale(last + Duration::from_secs(1)));
}

/// A metadata service of our own.
struct Service {
    root: Authority,
    key: KeyPair,
    leaf: CertificateParams,
}

impl Service {
    fn new() -> Self {
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name.push(DnType::CommonName, "A common name");
        leaf.subject_alt_names = vec![SanType::DnsName("mds.fidoalliance.org".try_into().unwrap())];
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self { root: Authority::root("Test Root R3"), key, leaf }
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "JWT", "x5c": [BASE64.encode(&self.root.certify(&self.leaf, &self.key))] })
    }

    /// JSON Web Tokens carry ECDSA signatures as two numbers, not in DER.
    fn sign(&self, header: &Value, payload: &str) -> String {
        let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let signed = format!("{}.{}", part(header.to_string().as_bytes()), part(payload.as_bytes()));
        let random = ring::rand::SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.key.serialize_der(), &random);
        let signature = key.unwrap().sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", part(signature.as_ref()))
    }

    fn blob(&self, payload: &Value) -> String {
        self.sign(&self.header(), &payload.to_string())
    }

    fn rules(&self) -> Rules {
        Rules { anchors: vec![self.root.der.clone()], at: now(), known: 237, stale: false }
    }

    fn read(&self, token: &str) -> Result<Metadata, Error> {
        blob::read(token.as_bytes(), &self.rules())
    }
}

fn payload(maker: &Authority) -> Value {
    let statement = |name: &str, hint: &str| {
        json!({ "description": name, "attachmentHint": [hint],
            "attestationRootCertificates": [format!("{}\n", BASE64.encode(&maker.der)), "no certificate"] })
    };
    json!({
        "legalHeader": "…", "no": 240, "nextUpdate": "2026-08-01",
        "entries": [
            { "aaguid": MODEL.to_string(), "metadataStatement": statement("Maker\u{7} Key 2", "external"),
              "statusReports": [{ "status": "FIDO_CERTIFIED" }, { "status": "FIDO_CERTIFIED_L1plus" },
                                { "status": "USER_VERIFICATION_BYPASS" }, { "status": "OF_THE_FUTURE" }] },
            { "aaguid": "00000000-0000-0000-0000-000000000001", "metadataStatement": statement("A laptop", "internal") },
            { "attestationCertificateKeyIdentifiers": ["00"], "metadataStatement": statement("A U2F key", "external") },
            { "aaguid": "00000000-0000-0000-0000-000000000002" },
        ],
    })
}

#[test]
fn a_newer_issue_is_read_and_vouches_for_its_models() {
    let (service, maker) = (Service::new(), Authority::root("Maker Root 2"));
    let read = service.read(&format!("{}\n", service.blob(&payload(&maker)))).unwrap();
    assert_eq!((read.number(), read.next_update().to_string().as_str()), (240, "2026-08-01"));
    assert_eq!(read.models().count(), 1);
    let model = read.model(MODEL).unwrap();
    assert_eq!((model.name.as_str(), &model.certification), ("Maker Key 2", &level("L1plus")));
    assert_eq!(model.warnings, [Warning::UserVerificationBypass]);
    let object = Token::of(&maker, &leaf()).attest();
    let merged = Metadata::bundled().updated_with(&read);
    let hash = super::authority::HASH;
    assert!(glasskey::fido::attestation::verify(&object, &hash, &merged, &[], now()).is_ok());
    assert_eq!(merged.number(), 240);
    assert!(merged.model("2fc0579f-8113-47ea-b116-bb5a8db9202a".parse().unwrap()).is_some());
}

#[test]
fn whatever_is_not_signed_by_the_service_is_refused() {
    let (service, maker) = (Service::new(), Authority::root("Maker Root 2"));
    let payload = payload(&maker);
    let good = service.blob(&payload);
    let parts: Vec<&str> = good.split('.').collect();
    let other = BASE64URL_NOPAD.encode(payload.to_string().replace("240", "241").as_bytes());
    assert_eq!(service.read(&format!("{}.{other}.{}", parts[0], parts[2])), Err(Error::BadSignature));
    let forger = Service::new();
    let untrusted = service.read(&forger.blob(&payload));
    let wrong = certificates::Error::BadSignature { subject: "A common name".to_owned() };
    assert_eq!(untrusted, Err(Error::UntrustedChain(wrong)));
    // A certificate of the right root, but someone else's.
    for name in ["example.com", "mds.fidoalliance.org.example.com"] {
        let mut someone = Service { root: service.root_again(), ..Service::new() };
        someone.leaf.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        // The common name does not count where there are alternative names.
        someone.leaf.distinguished_name = rcgen::DistinguishedName::new();
        someone.leaf.distinguished_name.push(DnType::CommonName, "mds.fidoalliance.org");
        let refused = service.read(&someone.blob(&payload));
        assert_eq!(refused, Err(Error::WrongSigner { name: "mds.fidoalliance.org".to_owned() }));
    }
    let late = Service { leaf: expired(service.leaf.clone()), root: service.root_again(), ..Service::new() };
    let refused = service.read(&late.blob(&payload));
    assert!(matches!(refused, Err(Error::UntrustedChain(certificates::Error::Expired { .. }))), "{refused:?}");
    assert!(matches!(blob::read(good.as_bytes(), &Rules::new(now())), Err(Error::UntrustedChain(_))));
}

impl Service {
    fn root_again(&self) -> Authority {
        let key = KeyPair::try_from(self.root.key.serialize_der()).unwrap();
        Authority { params: ca("Test Root R3"), key, der: self.root.der.clone() }
    }
}

#[test]
fn algorithms_that_prove_nothing_are_refused() {
    let service = Service::new();
    for alg in ["none", "HS256", "es256", ""] {
        let mut header = service.header();
        header["alg"] = json!(alg);
        assert_eq!(service.read(&service.sign(&header, "{}")), Err(Error::Algorithm { alg: alg.to_owned() }));
    }
    let mut header = service.header();
    header["alg"] = json!("RS256");
    assert_eq!(service.read(&service.sign(&header, "{}")), Err(Error::BadSignature));
}

#[test]
fn what_is_no_token_is_said_to_be_none() {
    let service = Service::new();
    for text in ["", "{}", "a.b", "a.b.c.d", "!.!.!", "e30.e30.e30", "<html>.<body>.x"] {
        assert_eq!(service.read(text), Err(Error::NotJwt), "{text}");
    }
    let mut header = service.header();
    header["x5c"] = json!([]);
    assert_eq!(service.read(&service.sign(&header, "{}")), Err(Error::NotJwt));
    assert_eq!(blob::read(&vec![b'a'; blob::MAX_LEN + 1], &service.rules()), Err(Error::TooLong));
}

#[test]
fn an_older_or_stale_issue_is_refused_and_one_of_the_same_number_is_not() {
    let (service, maker) = (Service::new(), Authority::root("Maker Root 2"));
    let with = |number: u64, day: &str| {
        let mut payload = payload(&maker);
        payload["no"] = json!(number);
        payload["nextUpdate"] = json!(day);
        service.blob(&payload)
    };
    assert_eq!(service.read(&with(236, "2026-08-01")), Err(Error::Older { number: 236, known: 237 }));
    assert!(service.read(&with(237, "2026-08-01")).is_ok());
    let stale = with(238, "2026-05-01");
    let next_update = "2026-05-01".parse().unwrap();
    assert_eq!(service.read(&stale), Err(Error::Stale { number: 238, next_update }));
    let taken = blob::read(stale.as_bytes(), &Rules { stale: true, ..service.rules() }).unwrap();
    assert!(taken.is_stale(now()));
}

#[test]
fn signed_but_malformed_is_named() {
    let (service, maker) = (Service::new(), Authority::root("Maker Root 2"));
    for member in ["no", "nextUpdate", "entries"] {
        let mut payload = payload(&maker);
        payload[member] = Value::Null;
        assert_eq!(service.read(&service.blob(&payload)), Err(Error::Malformed { member }));
    }
    let mut odd = payload(&maker);
    odd["nextUpdate"] = json!("soon");
    assert_eq!(service.read(&service.blob(&odd)), Err(Error::Malformed { member: "nextUpdate" }));
    odd = payload(&maker);
    odd["entries"][0]["aaguid"] = json!("x");
    assert_eq!(service.read(&service.blob(&odd)), Err(Error::Malformed { member: "aaguid" }));
    let unread = service.read(&service.sign(&service.header(), "not JSON"));
    assert_eq!(unread, Err(Error::Malformed { member: "payload" }));
}

#[test]
fn preview_roots_vouch_for_nothing() {
    let (service, preview) = (Service::new(), Authority::root("Yubico 2027 FIDO Preview CA"));
    let read = service.read(&service.blob(&payload(&preview))).unwrap();
    assert!(read.roots(read.model(MODEL).unwrap()).is_empty());
    for der in Metadata::bundled().models().flat_map(|(_, model)| Metadata::bundled().anchors(model)) {
        let name = certificates::subject(&certificates::parse(der).unwrap());
        assert!(!(name.starts_with("Yubico") && name.contains("Preview")), "{name}");
    }
    assert!(Metadata::bundled().model(Aaguid::ZERO).is_none());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(blob::read(text.as_bytes(), &Rules::new(now())).is_err());
    }
}
