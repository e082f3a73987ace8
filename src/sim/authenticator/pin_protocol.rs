//! PIN/UV auth protocols one and two, the key's side (CTAP 2.1 §6.5.6 and §6.5.7).

use super::keys::{coordinates, p256_secret, random};
use super::status::{INVALID_PARAMETER, PIN_AUTH_INVALID, Status};
use crate::fido::cbor::Value;
use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::FromEncodedPoint;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinProtocol {
    /// SHA-256 of the shared point, AES with a zero IV, HMAC cut to 16 bytes.
    One,
    /// HKDF, a random IV, whole HMACs.
    Two,
}

impl PinProtocol {
    /// Its number in CTAP.
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// A protocol's key-agreement key and token, new with every power-up.
pub(super) struct Agreement {
    key: p256::SecretKey,
    pub(super) token: Zeroizing<[u8; 32]>,
}

pub(super) struct Shared {
    protocol: PinProtocol,
    hmac: Zeroizing<[u8; 32]>,
    aes: Zeroizing<[u8; 32]>,
}

impl Agreement {
    pub(super) fn new() -> Self {
        Self { key: p256_secret(), token: random() }
    }

    /// A new key-agreement key; the token stays.
    pub(super) fn regenerate(&mut self) {
        self.key = p256_secret();
    }

    pub(super) fn reset_token(&mut self) {
        self.token = random();
    }

    /// The public key, as COSE with ECDH-ES+HKDF-256 (-25), which is not what is done with it.
    pub(super) fn public(&self) -> Value {
        let (x, y) = coordinates(&self.key.public_key());
        Value::map([(1, 2.into()), (3, (-25).into()), (-1, 1.into()), (-2, Value::Bytes(x)), (-3, Value::Bytes(y))])
    }

    /// The keys shared with the platform that sent this COSE key.
    pub(super) fn decapsulate(&self, protocol: PinProtocol, cose: &Value) -> Result<Shared, Status> {
        let point = platform_key(cose).ok_or(INVALID_PARAMETER)?;
        let z = p256::ecdh::diffie_hellman(self.key.to_nonzero_scalar(), point.as_affine());
        let z = z.raw_secret_bytes();
        Ok(match protocol {
            PinProtocol::One => {
                let key = Zeroizing::new(Sha256::digest(z).into());
                Shared { protocol, hmac: Zeroizing::clone(&key), aes: key }
            }
            PinProtocol::Two => Shared { protocol, hmac: hkdf(z, b"CTAP2 HMAC key"), aes: hkdf(z, b"CTAP2 AES key") },
        })
    }
}

impl Shared {
    /// Whole blocks only.
    pub(super) fn decrypt(&self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Status> {
        let (iv, data) = match self.protocol {
            PinProtocol::One => ([0; 16], data),
            PinProtocol::Two => {
                let (iv, data) = data.split_first_chunk::<16>().ok_or(INVALID_PARAMETER)?;
                (*iv, data)
            }
        };
        cbc::Decryptor::<Aes256>::new((&*self.aes).into(), (&iv).into())
            .decrypt_padded_vec::<NoPadding>(data)
            .map(Zeroizing::new)
            .map_err(|_| INVALID_PARAMETER)
    }

    /// `data` must be whole blocks.
    pub(super) fn encrypt(&self, data: &[u8]) -> Vec<u8> {
        let iv = match self.protocol {
            PinProtocol::One => [0; 16],
            PinProtocol::Two => *random(),
        };
        let sealed =
            cbc::Encryptor::<Aes256>::new((&*self.aes).into(), (&iv).into()).encrypt_padded_vec::<NoPadding>(data);
        match self.protocol {
            PinProtocol::One => sealed,
            PinProtocol::Two => [&iv[..], &sealed].concat(),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Status> {
        verify(self.protocol, &self.hmac, message, signature)
    }
}

/// Checks a MAC made with `key`: the shared HMAC key or the token.
pub(super) fn verify(protocol: PinProtocol, key: &[u8; 32], message: &[u8], given: &[u8]) -> Result<(), Status> {
    let mac = hmac_sha256(key, message);
    let expected = match protocol {
        PinProtocol::One => mac.get(..16).unwrap_or_default(),
        PinProtocol::Two => &mac[..],
    };
    if bool::from(expected.ct_eq(given)) { Ok(()) } else { Err(PIN_AUTH_INVALID) }
}

pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    // A key of any length is one.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| std::process::abort());
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// HKDF-SHA-256 (RFC 5869) with a salt of 32 zero bytes and one block of output.
fn hkdf(secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = hmac_sha256(&[0; 32], secret);
    hmac_sha256(&extracted[..], &[info, &[1]].concat())
}

/// A point that is on the curve, out of a COSE key with the algorithm that CTAP names.
fn platform_key(cose: &Value) -> Option<p256::PublicKey> {
    let number = |key| cose.get_int(key).and_then(Value::as_int);
    if (number(1), number(3), number(-1)) != (Some(2), Some(-25), Some(1)) {
        return None;
    }
    let part = |key| <[u8; 32]>::try_from(cose.get_int(key)?.as_bytes()?).ok();
    let (x, y) = (part(-2)?, part(-3)?);
    let point = p256::EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
    Option::from(p256::PublicKey::from_encoded_point(&point))
}
