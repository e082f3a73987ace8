//! Key pairs of credentials and certificates, and random numbers.

use super::options::Algorithm;
use crate::fido::cbor::Value;
use p256::ecdsa::signature::Signer;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

pub(super) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    // On a running system the random source does not fail; without one no simulated secret would be one.
    getrandom::fill(bytes.as_mut_slice()).unwrap_or_else(|_| std::process::abort());
    bytes
}

/// A random scalar of P-256. Nearly every 32 bytes are one.
pub(super) fn p256_secret() -> p256::SecretKey {
    loop {
        if let Ok(secret) = p256::SecretKey::from_slice(random::<32>().as_slice()) {
            return secret;
        }
    }
}

/// X and Y of a point.
pub(super) fn coordinates(public: &p256::PublicKey) -> (Vec<u8>, Vec<u8>) {
    let point = public.to_encoded_point(false);
    let part = |part: Option<&p256::FieldBytes>| part.map(|bytes| bytes.to_vec()).unwrap_or_default();
    (part(point.x()), part(point.y()))
}

pub(super) enum PrivateKey {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(Ed25519KeyPair),
}

impl PrivateKey {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es256 => Self::Es256(p256_secret().into()),
            Algorithm::EdDsa => loop {
                if let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(random::<32>().as_slice()) {
                    return Self::EdDsa(pair);
                }
            },
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// ES256: DER as X9.62 has it. EdDSA: the 64 bytes of RFC 8032.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The public key as a COSE_Key (RFC 9053).
    pub(super) fn cose(&self) -> Value {
        match self {
            Self::Es256(key) => {
                let (x, y) = coordinates(&key.verifying_key().into());
                Value::map([
                    (1, 2.into()),
                    (3, (-7).into()),
                    (-1, 1.into()),
                    (-2, Value::Bytes(x)),
                    (-3, Value::Bytes(y)),
                ])
            }
            Self::EdDsa(pair) => {
                let x = pair.public_key().as_ref().to_vec();
                Value::map([(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, Value::Bytes(x))])
            }
        }
    }
}
