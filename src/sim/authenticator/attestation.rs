//! Batch attestation: a root, an intermediate and the certificate of one batch of keys, with Yubico's profile.
//!
//! A packed attestation certificate is described in WebAuthn §8.2.1. Nothing here is signed by, or says it is,
//! Yubico: a simulated key is genuine only to those who trust its own root.

use super::der;
use super::keys::{coordinates, p256_secret, random};
use super::options::Aaguid;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use std::sync::Arc;

const ORGANIZATION: &str = "glasskey simulator";
const ROOT_NAME: &str = "Simulated Attestation Root 1";
const INTERMEDIATE_NAME: &str = "Simulated FIDO Attestation A 1";

const ECDSA_WITH_SHA256: &[u32] = &[1, 2, 840, 10045, 4, 3, 2];
const EC_PUBLIC_KEY: &[u32] = &[1, 2, 840, 10045, 2, 1];
const PRIME256V1: &[u32] = &[1, 2, 840, 10045, 3, 1, 7];
const COUNTRY: &[u32] = &[2, 5, 4, 6];
const ORGANIZATION_OID: &[u32] = &[2, 5, 4, 10];
const UNIT: &[u32] = &[2, 5, 4, 11];
const COMMON_NAME: &[u32] = &[2, 5, 4, 3];
const BASIC_CONSTRAINTS: &[u32] = &[2, 5, 29, 19];
const KEY_USAGE: &[u32] = &[2, 5, 29, 15];
/// `id-fido-gen-ce-aaguid`.
const AAGUID_EXTENSION: &[u32] = &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
/// `id-fido-u2f-ce-transports`: USB.
const TRANSPORTS_EXTENSION: &[u32] = &[1, 3, 6, 1, 4, 1, 45724, 2, 1, 1];

/// Who issues attestation certificates: a root and an intermediate. Clones are the same authority.
#[derive(Clone)]
pub struct Authority(Arc<Issuers>);

struct Issuers {
    root: Vec<u8>,
    intermediate: Vec<u8>,
    intermediate_key: SigningKey,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A new one, with new keys and always the same names.
    pub fn generate() -> Self {
        let (root_key, intermediate_key) = (SigningKey::from(p256_secret()), SigningKey::from(p256_secret()));
        let root_name = name("Simulated Root", ROOT_NAME);
        let root = Certificate {
            issuer: root_name.clone(),
            subject: root_name.clone(),
            key: &root_key,
            extensions: issuing(None),
        };
        let intermediate = Certificate {
            issuer: root_name,
            subject: name("Simulated Intermediate", INTERMEDIATE_NAME),
            key: &intermediate_key,
            extensions: issuing(Some(0)),
        };
        let (root, intermediate) = (root.signed_by(&root_key), intermediate.signed_by(&root_key));
        Self(Arc::new(Issuers { root, intermediate, intermediate_key }))
    }

    /// The root's certificate, DER.
    pub fn root(&self) -> Vec<u8> {
        self.0.root.clone()
    }

    /// The intermediate's certificate, DER.
    pub fn intermediate(&self) -> Vec<u8> {
        self.0.intermediate.clone()
    }

    pub(super) fn issue(&self, leaf: &Leaf) -> Batch {
        let key = SigningKey::from(p256_secret());
        let number = u32::from_be_bytes(*random::<4>());
        let certificate = Certificate {
            issuer: name("Simulated Intermediate", INTERMEDIATE_NAME),
            subject: name(leaf.unit, &format!("Simulated FIDO EE Serial {number}")),
            key: &key,
            extensions: leaf.extensions(),
        };
        let leaf = certificate.signed_by(&self.0.intermediate_key);
        Batch { key, leaf }
    }
}

pub(super) struct Leaf {
    pub(super) unit: &'static str,
    /// `None`: without the extension.
    pub(super) aaguid: Option<Aaguid>,
    pub(super) ca: bool,
}

impl Leaf {
    /// As WebAuthn wants it.
    pub(super) fn proper(aaguid: Aaguid) -> Self {
        Self { unit: "Authenticator Attestation", aaguid: Some(aaguid), ca: false }
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let constraints = if self.ca { vec![der::boolean(true)] } else { Vec::new() };
        let mut extensions = vec![
            extension(TRANSPORTS_EXTENSION, false, &der::bits(4, &[0x30])),
            extension(BASIC_CONSTRAINTS, true, &der::sequence(&constraints)),
        ];
        if let Some(aaguid) = self.aaguid {
            extensions.push(extension(AAGUID_EXTENSION, false, &der::octets(&aaguid.0)));
        }
        extensions
    }
}

/// The attestation key that many keys of a model share.
pub(super) struct Batch {
    key: SigningKey,
    pub(super) leaf: Vec<u8>,
}

impl Batch {
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: p256::ecdsa::Signature = self.key.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

struct Certificate<'a> {
    issuer: Vec<u8>,
    subject: Vec<u8>,
    key: &'a SigningKey,
    extensions: Vec<Vec<u8>>,
}

impl Certificate<'_> {
    fn signed_by(&self, issuer: &SigningKey) -> Vec<u8> {
        let algorithm = der::sequence(&[der::oid(ECDSA_WITH_SHA256)]);
        let validity = der::sequence(&[der::utc_time("200101000000Z"), der::generalized_time("99991231235959Z")]);
        let (x, y) = coordinates(&self.key.verifying_key().into());
        let key = der::sequence(&[
            der::sequence(&[der::oid(EC_PUBLIC_KEY), der::oid(PRIME256V1)]),
            der::bits(0, &[&[0x04][..], &x, &y].concat()),
        ]);
        let to_be_signed = der::sequence(&[
            der::explicit(0, &der::integer(&[2])), // v3
            der::integer(random::<8>().as_slice()),
            algorithm.clone(),
            self.issuer.clone(),
            validity,
            self.subject.clone(),
            key,
            der::explicit(3, &der::sequence(&self.extensions)),
        ]);
        let signature: p256::ecdsa::Signature = issuer.sign(&to_be_signed);
        der::sequence(&[to_be_signed, algorithm, der::bits(0, signature.to_der().as_bytes())])
    }
}

fn name(unit: &str, common: &str) -> Vec<u8> {
    let part = |kind, value| der::set(&[der::sequence(&[der::oid(kind), value])]);
    der::sequence(&[
        part(COUNTRY, der::printable("SE")),
        part(ORGANIZATION_OID, der::utf8(ORGANIZATION)),
        part(UNIT, der::utf8(unit)),
        part(COMMON_NAME, der::utf8(common)),
    ])
}

fn issuing(path_length: Option<u8>) -> Vec<Vec<u8>> {
    let mut constraints = vec![der::boolean(true)];
    constraints.extend(path_length.map(|length| der::integer(&[length])));
    vec![
        extension(BASIC_CONSTRAINTS, true, &der::sequence(&constraints)),
        extension(KEY_USAGE, true, &der::bits(1, &[0x06])), // keyCertSign, cRLSign
    ]
}

fn extension(kind: &[u32], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![der::oid(kind)];
    if critical {
        parts.push(der::boolean(true));
    }
    parts.push(der::octets(value));
    der::sequence(&parts)
}
