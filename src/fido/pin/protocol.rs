//! PIN/UV auth protocols 1 and 2 (CTAP 2.1 §6.5.6, §6.5.7).
//!
//! Everything that touches a PIN, its hash, a shared secret or a token runs on the wiped stack; what stays lives on the
//! heap and is wiped on drop. Sends nothing.

use super::{BadPin, MAX_PIN, Permissions};
use crate::fido::Error;
use crate::fido::cbor::Value;
use crate::secret::{Password, on_wiped_stack};
use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const BLOCK: usize = 16;

/// A PIN/UV auth protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// SHA-256 for the key, a zero IV, half an HMAC.
    One,
    /// HKDF, a random IV, a whole HMAC, and two keys.
    Two,
}

impl Protocol {
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// HMAC-SHA-256 as the protocol cuts it: 16 bytes, or all 32.
    fn authenticate(self, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut mac = hmac(key, &[message])?.to_vec();
        if self == Self::One {
            mac.truncate(BLOCK);
        }
        Ok(mac)
    }
}

/// A secret shared with one key, for one command. Its public half travels with the command.
pub struct SharedSecret {
    protocol: Protocol,
    keys: Box<Keys>,
    platform: Value,
}

/// The same key twice under protocol 1.
struct Keys {
    hmac: Zeroizing<[u8; 32]>,
    aes: Zeroizing<[u8; 32]>,
}

impl SharedSecret {
    /// Agrees on one with the key whose `keyAgreement` this is (a COSE key).
    ///
    /// # Errors
    /// [`Error::Malformed`] when that is no point on P-256.
    pub fn agree(protocol: Protocol, peer: &Value) -> Result<Self, Error> {
        let peer = public_key(peer).ok_or(Error::Malformed { what: "key agreement" })?;
        on_wiped_stack(|| {
            let ours = ephemeral()?;
            Self::between(protocol, &ours, &peer)
        })
    }

    fn between(protocol: Protocol, ours: &p256::SecretKey, peer: &p256::PublicKey) -> Result<Self, Error> {
        let z = p256::ecdh::diffie_hellman(ours.to_nonzero_scalar(), peer.as_affine());
        let z: &[u8] = z.raw_secret_bytes();
        let keys = match protocol {
            Protocol::One => {
                let key: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(z).into());
                Keys { aes: key.clone(), hmac: key }
            }
            Protocol::Two => {
                let extracted = hmac(&[0; 32], &[z])?;
                let expand = |info: &[u8]| hmac(&extracted[..], &[info, &[1]]);
                Keys { hmac: expand(b"CTAP2 HMAC key")?, aes: expand(b"CTAP2 AES key")? }
            }
        };
        Ok(Self { protocol, keys: Box::new(keys), platform: cose(&ours.public_key())? })
    }

    /// Our public half, as a COSE key.
    #[must_use]
    pub fn platform(&self) -> Value {
        self.platform.clone()
    }

    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Encrypts whole blocks of 16 bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything but whole blocks.
    pub fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut iv = [0; BLOCK];
        let mut out = Vec::with_capacity(BLOCK + plain.len());
        if self.protocol == Protocol::Two {
            getrandom::fill(&mut iv).map_err(|error| Error::System { why: error.to_string() })?;
            out.extend_from_slice(&iv);
        }
        on_wiped_stack(|| {
            let mut buffer = Zeroizing::new(plain.to_vec());
            let cipher = cbc::Encryptor::<Aes256>::new((&*self.keys.aes).into(), (&iv).into());
            let encrypted = cipher.encrypt_padded::<NoPadding>(&mut buffer, plain.len()).map_err(|_| UNEVEN)?;
            out.extend_from_slice(encrypted);
            Ok(out)
        })
    }

    /// Decrypts whole blocks.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything but whole blocks.
    pub fn decrypt(&self, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (iv, body) = match self.protocol {
            Protocol::One => ([0; BLOCK], encrypted),
            Protocol::Two => {
                let (iv, body) = encrypted.split_first_chunk::<BLOCK>().ok_or(UNEVEN)?;
                (*iv, body)
            }
        };
        on_wiped_stack(|| {
            let mut buffer = Zeroizing::new(body.to_vec());
            let cipher = cbc::Decryptor::<Aes256>::new((&*self.keys.aes).into(), (&iv).into());
            cipher.decrypt_padded::<NoPadding>(&mut buffer).map_err(|_| UNEVEN)?;
            Ok(buffer)
        })
    }

    /// Proves that `message` is from who shares the secret.
    ///
    /// # Errors
    /// None in practice: HMAC takes keys of any length.
    pub fn authenticate(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        on_wiped_stack(|| self.protocol.authenticate(&self.keys.hmac[..], message))
    }

    /// The first half of the PIN's SHA-256, encrypted: what proves it.
    ///
    /// # Errors
    /// As [`SharedSecret::encrypt`].
    pub fn encrypt_hash(&self, pin: &Password) -> Result<Vec<u8>, Error> {
        on_wiped_stack(|| {
            let digest: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(pin.expose().as_bytes()).into());
            self.encrypt(digest.first_chunk::<BLOCK>().ok_or(UNEVEN)?)
        })
    }

    /// A new PIN, padded with zeros to 64 bytes, encrypted.
    ///
    /// # Errors
    /// [`Error::BadPin`] for a longer one; as [`SharedSecret::encrypt`].
    pub fn encrypt_new(&self, pin: &Password) -> Result<Vec<u8>, Error> {
        let text = pin.expose().as_bytes();
        if text.len() > MAX_PIN {
            return Err(BadPin::TooManyBytes { most: MAX_PIN }.into());
        }
        on_wiped_stack(|| {
            let mut padded = Zeroizing::new([0; MAX_PIN + 1]);
            padded.iter_mut().zip(text).for_each(|(slot, byte)| *slot = *byte);
            self.encrypt(&padded[..])
        })
    }

    /// The token in a key's answer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when its length is none that a token has: 16 or 32 bytes under protocol 1 (CTAP 2.0 allows
    /// any number of blocks), 32 under protocol 2.
    pub fn token(
        &self,
        encrypted: &[u8],
        permissions: Option<Permissions>,
        rp_id: Option<&str>,
    ) -> Result<Token, Error> {
        let key = self.decrypt(encrypted)?;
        let fits = match self.protocol {
            Protocol::One => !key.is_empty(),
            Protocol::Two => key.len() == 32,
        };
        if !fits {
            return Err(Error::Malformed { what: "token" });
        }
        Ok(Token { protocol: self.protocol, key, permissions, rp_id: rp_id.map(str::to_owned) })
    }
}

const UNEVEN: Error = Error::Malformed { what: "encrypted data" };

/// What a key gives for a right PIN or fingerprint. It proves later commands, until it expires or the key is unplugged;
/// a touch used up by a registration or a sign-in ends its use for those.
pub struct Token {
    protocol: Protocol,
    key: Zeroizing<Vec<u8>>,
    permissions: Option<Permissions>,
    rp_id: Option<String>,
}

impl Token {
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What it is for; `None`: a key of CTAP 2.0 does not limit it.
    #[must_use]
    pub fn permissions(&self) -> Option<Permissions> {
        self.permissions
    }

    /// The relying party it is for, where it is for one.
    #[must_use]
    pub fn rp_id(&self) -> Option<&str> {
        self.rp_id.as_deref()
    }

    /// Proves that `message` is from who knows the PIN.
    ///
    /// # Errors
    /// None in practice: HMAC takes keys of any length.
    pub fn authenticate(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        on_wiped_stack(|| self.protocol.authenticate(&self.key, message))
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Malformed { what: "key" })?;
    parts.iter().for_each(|part| mac.update(part));
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}

/// A fresh private key. One random number in 2^32 is none; then another is taken.
fn ephemeral() -> Result<p256::SecretKey, Error> {
    loop {
        let mut scalar = Zeroizing::new([0; 32]);
        getrandom::fill(&mut scalar[..]).map_err(|error| Error::System { why: error.to_string() })?;
        if let Ok(key) = p256::SecretKey::from_slice(&scalar[..]) {
            return Ok(key);
        }
    }
}

/// A point from a COSE key (RFC 9053 §7.1.1): EC2, P-256, x and y.
fn public_key(cose: &Value) -> Option<p256::PublicKey> {
    if cose.get_int(1)?.as_int()? != 2 || cose.get_int(-1)?.as_int()? != 1 {
        return None;
    }
    let x: &[u8; 32] = cose.get_int(-2)?.as_bytes()?.try_into().ok()?;
    let y: &[u8; 32] = cose.get_int(-3)?.as_bytes()?.try_into().ok()?;
    let point = p256::EncodedPoint::from_affine_coordinates(x.into(), y.into(), false);
    p256::PublicKey::from_sec1_bytes(point.as_bytes()).ok()
}

/// The algorithm is ECDH-ES + HKDF-256 by the specification's demand, under protocol 1 too (§6.5.6).
fn cose(key: &p256::PublicKey) -> Result<Value, Error> {
    let point = key.to_encoded_point(false);
    match (point.x(), point.y()) {
        (Some(x), Some(y)) => Ok(Value::map([
            (1, Value::from(2)),
            (3, Value::from(-25)),
            (-1, Value::from(1)),
            (-2, Value::from(&x[..])),
            (-3, Value::from(&y[..])),
        ])),
        _ => Err(Error::Malformed { what: "key" }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    fn scalar(byte: u8) -> p256::SecretKey {
        p256::SecretKey::from_slice(&[byte; 32]).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    /// Computed with Python's cryptography: private keys of 32 times 11 and 22.
    fn secret(protocol: Protocol) -> SharedSecret {
        let x = hex("d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf3");
        let y = hex("50185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285");
        let peer =
            Value::map([(1, Value::from(2)), (-1, Value::from(1)), (-2, Value::from(x)), (-3, Value::from(y))]);
        SharedSecret::between(protocol, &scalar(0x11), &public_key(&peer).unwrap()).unwrap()
    }

    #[test]
    fn protocol_one_gives_what_another_implementation_computes() {
        let secret = secret(Protocol::One);
        assert_eq!(
            secret.platform().get_int(-2).unwrap().as_bytes().unwrap(),
            hex("0217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed")
        );
        assert_eq!(secret.encrypt_hash(&password("12345678")).unwrap(), hex("31bda073455cc1593846bd76482f6d1f"));
        let new = "4a0cf3fae2a85fce62f9f9a775bebe4cb7f02241a0367c49f37f2da57c48df85\
                   3081118d5b6414c194bb827e83267efe72d8cdfc5486e5aa176bed6505d7d80c";
        assert_eq!(secret.encrypt_new(&password("12345678")).unwrap(), hex(new));
        assert_eq!(secret.authenticate(b"message").unwrap(), hex("6d75b5bba87dd047f9c7897424f3be6a"));
    }

    #[test]
    fn protocol_two_gives_what_another_implementation_computes() {
        let secret = secret(Protocol::Two);
        let encrypted = "07070707070707070707070707070707\
                         c824f3499cbe30d6f17118ae8d99ad3348fbd0482d62bfe4852356a69a9d9dfd";
        let token = secret.token(&hex(encrypted), None, None).unwrap();
        assert_eq!(
            secret.authenticate(b"message").unwrap(),
            hex("400ed27245666d9da974c13d1dbb898613ac4e39f2e8749fad2ff591c2fd455c")
        );
        assert_eq!(
            token.authenticate(b"message").unwrap(),
            hex("6297b77508a1a30ea4dfadd8f847c31b49aba45de10a79daf721d3f7ec112a24")
        );
        let again = secret.encrypt(&[5; 32]).unwrap();
        assert_ne!(again, secret.encrypt(&[5; 32]).unwrap(), "the IV is random");
        assert_eq!(*secret.decrypt(&again).unwrap(), [5; 32]);
    }

    #[test]
    fn odd_lengths_are_no_blocks() {
        for protocol in [Protocol::One, Protocol::Two] {
            let secret = secret(protocol);
            for len in [1, 15, 17, 33] {
                assert!(secret.decrypt(&vec![0; len]).is_err(), "{protocol:?} {len}");
                assert!(secret.encrypt(&vec![0; len]).is_err(), "{protocol:?} {len}");
            }
            assert!(secret.token(&[], None, None).is_err());
        }
        assert!(secret(Protocol::Two).token(&[0; 32], None, None).is_err(), "an IV and one block");
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_refused() {
        let off = Value::map([
            (1, Value::from(2)),
            (-1, Value::from(1)),
            (-2, Value::from(vec![1; 32])),
            (-3, Value::from(vec![2; 32])),
        ]);
        assert!(SharedSecret::agree(Protocol::One, &off).is_err());
    }
}
