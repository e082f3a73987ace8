//! Certificate authorities of our own, good and bad, and the attestations that their keys give.

use glasskey::fido::attestation::AttestationObject;
use glasskey::fido::auth_data::{Aaguid, AttestedCredential, AuthData, Flags};
use glasskey::fido::cbor::Value;
use glasskey::fido::cose::{ES256, PublicKey};
use glasskey::fido::metadata::{Certification, Metadata};
use p256::ecdsa::signature::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    SigningKey as _, date_time_ymd,
};
use std::time::{Duration, SystemTime};

pub(super) const MODEL: Aaguid = Aaguid([0x42; 16]);

/// The middle of 2026.
pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_900_000)
}

/// One that signs certificates.
pub(super) struct Authority {
    pub(super) params: CertificateParams,
    pub(super) key: KeyPair,
    pub(super) der: Vec<u8>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

pub(super) fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    pub(super) fn root(name: &str) -> Self {
        Self::root_of(ca(name))
    }

    pub(super) fn root_of(params: CertificateParams) -> Self {
        let key = key();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub(super) fn below(&self, params: CertificateParams) -> Self {
        let key = key();
        let der = self.certify(&params, &key);
        Self { params, key, der }
    }

    pub(super) fn certify(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.signed_by(key, &Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec()
    }
}

/// The extension with the AAGUID.
pub(super) fn aaguid_extension(aaguid: Aaguid) -> CustomExtension {
    let content = [&[0x04, 0x10], aaguid.0.as_slice()].concat();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4], content)
}

/// A certificate as §8.2.1 wants it.
pub(super) fn leaf() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject("SE", "Maker AB", "Authenticator Attestation", "Maker FIDO EE 1");
    params.is_ca = IsCa::ExplicitNoCa;
    params.custom_extensions = vec![aaguid_extension(MODEL)];
    params
}

/// Empty parts are left out.
pub(super) fn subject(country: &str, organization: &str, unit: &str, common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    let parts = [
        (DnType::CountryName, country),
        (DnType::OrganizationName, organization),
        (DnType::OrganizationalUnitName, unit),
        (DnType::CommonName, common),
    ];
    for (kind, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        name.push(kind, part);
    }
    name
}

pub(super) fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_after = date_time_ymd(2025, 1, 1);
    params
}

pub(super) fn not_yet(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2030, 1, 1);
    params
}

/// A key with a certificate, and what it says of itself.
pub(super) struct Token {
    pub(super) key: KeyPair,
    pub(super) x5c: Vec<Vec<u8>>,
    pub(super) aaguid: Aaguid,
    pub(super) alg: i64,
}

pub(super) const HASH: [u8; 32] = [0xAB; 32];

pub(super) fn credential_key() -> (p256::ecdsa::SigningKey, PublicKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[0x11; 32]).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    let (x, y) = ((*point.x().unwrap()).into(), (*point.y().unwrap()).into());
    (key, PublicKey::Es256 { x, y })
}

pub(super) fn auth_data(rp_id_hash: [u8; 32], aaguid: Aaguid) -> Vec<u8> {
    let cose_key = credential_key().1.to_cbor();
    let credential = Some(AttestedCredential { aaguid, id: vec![0x33; 32], cose_key });
    let flags = Flags(Flags::USER_PRESENT | Flags::USER_VERIFIED | Flags::ATTESTED_CREDENTIAL);
    AuthData { rp_id_hash, flags, counter: 7, credential, extensions: None }.to_bytes()
}

impl Token {
    pub(super) fn of(authority: &Authority, params: &CertificateParams) -> Self {
        let key = key();
        let x5c = vec![authority.certify(params, &key)];
        Self { key, x5c, aaguid: MODEL, alg: ES256 }
    }

    pub(super) fn with(mut self, further: &[&Authority]) -> Self {
        self.x5c.extend(further.iter().map(|authority| authority.der.clone()));
        self
    }

    pub(super) fn attest(&self) -> AttestationObject {
        self.attest_to([0x55; 32], &HASH)
    }

    pub(super) fn attest_to(&self, rp_id_hash: [u8; 32], hash: &[u8; 32]) -> AttestationObject {
        let auth_data = auth_data(rp_id_hash, self.aaguid);
        let signature = self.key.sign(&[auth_data.as_slice(), hash].concat()).unwrap();
        let x5c = Value::array(self.x5c.iter().map(Vec::as_slice));
        let statement = [("alg", Value::from(self.alg)), ("sig", Value::from(signature)), ("x5c", x5c)];
        AttestationObject { fmt: "packed".to_owned(), auth_data, statement: Value::map(statement) }
    }
}

/// An attestation by the new credential's own key.
pub(super) fn self_attested() -> AttestationObject {
    let auth_data = auth_data([0x55; 32], MODEL);
    let signature: p256::ecdsa::DerSignature = credential_key().0.sign(&[auth_data.as_slice(), &HASH].concat());
    let statement = [("alg", Value::from(ES256)), ("sig", Value::from(signature.as_bytes()))];
    AttestationObject { fmt: "packed".to_owned(), auth_data, statement: Value::map(statement) }
}

/// Metadata that knows one model, vouched for by these.
pub(super) fn metadata(roots: &[&Authority]) -> Metadata {
    let mut metadata = Metadata::new(1, "2030-01-01".parse().unwrap());
    let ders: Vec<&[u8]> = roots.iter().map(|root| root.der.as_slice()).collect();
    metadata.insert(MODEL, "Maker Key 1", Certification::Level("L2".to_owned()), &ders);
    metadata
}
