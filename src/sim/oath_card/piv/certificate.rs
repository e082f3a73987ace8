//! Self-signed X.509 certificates (RFC 5280) of P-256 keys, written out in DER.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0C;

/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2, as an AlgorithmIdentifier.
const ECDSA_WITH_SHA256: &[u8] = &[SEQUENCE, 10, 0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
/// id-ecPublicKey with prime256v1, as an AlgorithmIdentifier.
const P256: &[u8] = &[
    SEQUENCE, 19, 0x06, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03,
    0x01, 0x07,
];
/// commonName, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 0x04, 0x03];
/// Version 3.
const V3: &[u8] = &[0xA0, 3, INTEGER, 1, 2];
/// "No well-defined expiration date" (RFC 5280 §4.1.2.5).
const NEVER: &str = "99991231235959Z";

pub(super) struct Entity {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Entity {
    pub(super) fn generate() -> Option<Self> {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok()?;
        Some(Self { pair, random })
    }

    /// The public key, as an uncompressed point.
    pub(super) fn point(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    pub(super) fn self_signed(&self, common_name: &str, not_before: i64, not_after: i64) -> Option<Vec<u8>> {
        let name = tlv(
            SEQUENCE,
            &[&tlv(SET, &[&tlv(SEQUENCE, &[COMMON_NAME, &tlv(UTF8_STRING, &[common_name.as_bytes()])])])],
        );
        let validity = tlv(SEQUENCE, &[&time(not_before), &time(not_after)]);
        let public_key = tlv(SEQUENCE, &[P256, &tlv(BIT_STRING, &[&[0], &self.point()])]);
        let serial = tlv(INTEGER, &[&[1]]);
        let tbs = tlv(SEQUENCE, &[V3, &serial, ECDSA_WITH_SHA256, &name, &validity, &name, &public_key]);
        let signature = self.pair.sign(&self.random, &tbs).ok()?;
        Some(tlv(SEQUENCE, &[&tbs, ECDSA_WITH_SHA256, &tlv(BIT_STRING, &[&[0], signature.as_ref()])]))
    }
}

/// UTCTime until 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5).
fn time(unix: i64) -> Vec<u8> {
    let Ok(time) = jiff::Timestamp::from_second(unix) else { return tlv(0x18, &[NEVER.as_bytes()]) };
    let text = time.strftime("%Y%m%d%H%M%SZ").to_string();
    match text.strip_prefix("19").or_else(|| text.strip_prefix("20")) {
        Some(short) if text.as_str() < "2050" => tlv(0x17, &[short.as_bytes()]),
        _ => tlv(0x18, &[text.as_bytes()]),
    }
}

/// A TLV with a definite length of at most 65 535 (X.690 §8.1.3).
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let [.., high, low] = len.to_be_bytes();
    let head: &[u8] = match len {
        0..=0x7F => &[tag, low],
        0x80..=0xFF => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, &parts.concat()].concat()
}
