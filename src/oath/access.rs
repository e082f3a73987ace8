//! The access key: what a password becomes, and the proofs made with it.

use super::Error;
use crate::secret::{self, Password};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// PBKDF2's rounds, the protocol's choice.
const ROUNDS: u32 = 1000;

/// A derived access key, on the heap and wiped on drop.
pub(super) struct AccessKey(Box<Zeroizing<[u8; 16]>>);

impl AccessKey {
    /// PBKDF2-HMAC-SHA1 of the password's UTF-8 and the key's salt.
    pub(super) fn derive(password: &Password, salt: &[u8]) -> Result<Self, Error> {
        let mut key = Self(Box::new(Zeroizing::new([0; 16])));
        secret::on_wiped_stack(|| {
            pbkdf2::pbkdf2::<Hmac<Sha1>>(password.expose().as_bytes(), salt, ROUNDS, &mut key.0[..])
        })
        .map_err(|_| Error::Malformed)?; // HMAC takes keys of any length
        Ok(key)
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0[..]
    }

    /// HMAC-SHA1 of a challenge.
    pub(super) fn prove(&self, challenge: &[u8]) -> Result<[u8; 20], Error> {
        secret::on_wiped_stack(|| {
            let mut mac = Hmac::<Sha1>::new_from_slice(&self.0[..]).map_err(|_| Error::Malformed)?;
            mac.update(challenge);
            Ok(mac.finalize().into_bytes().into())
        })
    }

    /// Whether `proof` is the HMAC of our challenge; in constant time.
    pub(super) fn proves(&self, challenge: &[u8], proof: &[u8; 20]) -> Result<bool, Error> {
        Ok(self.prove(challenge)?.ct_eq(proof).into())
    }
}

/// A fresh challenge of ours.
///
/// # Panics
/// When the system's random source fails. A guessable challenge would let an impostor pass, so stopping is right.
#[allow(clippy::expect_used)]
pub(super) fn challenge() -> [u8; 8] {
    let mut challenge = [0; 8];
    getrandom::fill(&mut challenge).expect("the system's random source answers");
    challenge
}
