//! Public keys as COSE writes them (RFC 9053, WebAuthn L3 §6.5.6): reading them, checking signatures with them, and
//! rewriting them as X.509 does. Knows no protocol.

use super::cbor::{self, Value};
use ::ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// ECDSA over P-256 with SHA-256.
pub const ES256: i64 = -7;
/// EdDSA; on authenticators always Ed25519.
pub const EDDSA: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub const RS256: i64 = -257;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// A point on P-256, known to be on it.
    Es256 {
        /// Big endian.
        x: [u8; 32],
        /// Big endian.
        y: [u8; 32],
    },
    /// An Ed25519 key.
    Ed25519 {
        /// As RFC 8032 encodes it.
        x: [u8; 32],
    },
    /// An RSA key of 2048 to 8192 bits.
    Rs256 {
        /// The modulus, big endian, without leading zeros.
        n: Vec<u8>,
        /// The exponent, big endian, without leading zeros.
        e: Vec<u8>,
    },
}

/// Why a COSE key is of no use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the public key is bad CBOR: {0}")]
    Cbor(cbor::Error),
    #[error("member {label} of the COSE key is missing or wrong")]
    Member {
        /// 1 kty, 3 alg, -1 crv or n, -2 x or e, -3 y.
        label: i64,
    },
    #[error("a public key of algorithm {alg}, which is not supported")]
    Algorithm {
        /// COSE's number.
        alg: i64,
    },
    #[error("the public key is not a point of its curve")]
    NotOnCurve,
}

/// A signature that is not one over these bytes by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is wrong")]
pub struct BadSignature;

const KTY: i64 = 1;
const ALG: i64 = 3;
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;
const ED25519: i64 = 6;

impl PublicKey {
    /// Reads a COSE_Key.
    ///
    /// # Errors
    /// Bytes that are none, or one of another algorithm.
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_value(&cbor::decode_all_lenient(bytes).map_err(Error::Cbor)?)
    }

    /// The same, from CBOR that is decoded already.
    ///
    /// # Errors
    /// As [`PublicKey::from_cbor`].
    pub fn from_value(key: &Value) -> Result<Self, Error> {
        let alg = integer(key, ALG)?;
        match alg {
            ES256 => {
                expect(key, KTY, EC2)?;
                expect(key, -1, P256)?;
                on_curve(coordinate(key, -2)?, coordinate(key, -3)?)
            }
            EDDSA => {
                expect(key, KTY, OKP)?;
                expect(key, -1, ED25519)?;
                Ok(Self::Ed25519 { x: coordinate(key, -2)? })
            }
            RS256 => {
                expect(key, KTY, RSA)?;
                Ok(Self::Rs256 { n: number(key, -1, 256..=1024)?, e: number(key, -2, 1..=8)? })
            }
            alg => Err(Error::Algorithm { alg }),
        }
    }

    /// COSE's number of the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> i64 {
        match self {
            Self::Es256 { .. } => ES256,
            Self::Ed25519 { .. } => EDDSA,
            Self::Rs256 { .. } => RS256,
        }
    }

    /// The COSE_Key, in canonical CBOR.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let pair = |label: i64, value: Value| (Value::from(label), value);
        let bytes = |bytes: &[u8]| Value::from(bytes);
        let (kty, alg) = match self {
            Self::Es256 { .. } => (EC2, ES256),
            Self::Ed25519 { .. } => (OKP, EDDSA),
            Self::Rs256 { .. } => (RSA, RS256),
        };
        let mut members = vec![pair(KTY, kty.into()), pair(ALG, alg.into())];
        members.extend(match self {
            Self::Es256 { x, y } => vec![pair(-1, P256.into()), pair(-2, bytes(x)), pair(-3, bytes(y))],
            Self::Ed25519 { x } => vec![pair(-1, ED25519.into()), pair(-2, bytes(x))],
            Self::Rs256 { n, e } => vec![pair(-1, bytes(n)), pair(-2, bytes(e))],
        });
        cbor::encode(&Value::Map(members))
    }

    /// The key as an X.509 SubjectPublicKeyInfo in DER: what `getPublicKey()` gives to a web page.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        match self {
            Self::Es256 { x, y } => [SPKI_P256, &[0x04], x, y].concat(),
            Self::Ed25519 { x } => [SPKI_ED25519, x].concat(),
            Self::Rs256 { n, e } => {
                let key = der(0x30, &[der_unsigned(n), der_unsigned(e)].concat());
                der(0x30, &[RSA_ALGORITHM, &der(0x03, &[&[0x00], key.as_slice()].concat())].concat())
            }
        }
    }

    /// Checks a signature as authenticators write them: ECDSA in DER, the others raw.
    ///
    /// # Errors
    /// It is not this key's over these bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let check = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        match self {
            Self::Es256 { x, y } => check(&signature::ECDSA_P256_SHA256_ASN1, &[&[0x04], &x[..], y].concat()),
            Self::Ed25519 { x } => check(&signature::ED25519, x),
            Self::Rs256 { n, e } => signature::RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        }
        .map_err(|_| BadSignature)
    }
}

fn integer(key: &Value, label: i64) -> Result<i64, Error> {
    key.get_int(label).and_then(Value::as_int).ok_or(Error::Member { label })
}

fn expect(key: &Value, label: i64, wanted: i64) -> Result<(), Error> {
    if integer(key, label)? == wanted { Ok(()) } else { Err(Error::Member { label }) }
}

fn coordinate(key: &Value, label: i64) -> Result<[u8; 32], Error> {
    let bytes = key.get_int(label).and_then(Value::as_bytes);
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Error::Member { label })
}

fn number(key: &Value, label: i64, len: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>, Error> {
    let bytes = key.get_int(label).and_then(Value::as_bytes).ok_or(Error::Member { label })?;
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    if len.contains(&bytes.len()) { Ok(bytes.to_vec()) } else { Err(Error::Member { label }) }
}

fn on_curve(x: [u8; 32], y: [u8; 32]) -> Result<PublicKey, Error> {
    let point = [&[0x04], &x[..], &y].concat();
    p256::PublicKey::from_sec1_bytes(&point).map_err(|_| Error::NotOnCurve)?;
    Ok(PublicKey::Es256 { x, y })
}

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes … } (RFC 5480).
const SPKI_P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING of 32 bytes … } (RFC 8410).
const SPKI_ED25519: &[u8] = &[0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

/// SEQUENCE { rsaEncryption, NULL } (RFC 3279).
const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];

/// One DER value of less than 64 KiB.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..0x80) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// An INTEGER that is not negative: a leading zero where the first bit is set.
fn der_unsigned(big_endian: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if big_endian.first().is_some_and(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    der(0x02, &[sign, big_endian].concat())
}
