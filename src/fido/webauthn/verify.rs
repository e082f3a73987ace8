//! The checks of a relying party (WebAuthn L3 §7.1, §7.2), for registrations and assertions of our own and as a
//! second pair of eyes on those for others. Attestation is checked in [`crate::fido::attestation`].

use super::client_data::{Ceremony, ReadClientData, hash};
use super::members::decode;
use super::origin::Origin;
use super::response::{AssertionResponse, RegistrationResponse};
use crate::fido::auth_data::{self, Aaguid, AuthData, Flags};
use crate::fido::cose::{self, PublicKey};
use sha2::{Digest, Sha256};

/// What a response must be about.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    pub challenge: &'a [u8],
    pub origin: &'a Origin,
    pub rp_id: &'a str,
    /// Whether PIN or fingerprint was required.
    pub user_verification: bool,
    /// In registrations: the algorithms that were offered.
    pub algorithms: &'a [i64],
}

/// Why a response is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    #[error("the client data cannot be read")]
    ClientData,
    #[error("the client data is of another ceremony")]
    Type,
    /// The answer to another challenge: an old one, or someone else's.
    #[error("it answers another challenge")]
    Challenge,
    #[error("it was made at \"{origin}\"")]
    Origin {
        /// The client data's word.
        origin: String,
    },
    #[error("it was made in a frame of another origin's page")]
    CrossOrigin,
    #[error("{0}")]
    AuthData(auth_data::Error),
    #[error("it was made for another relying party")]
    RpIdHash,
    #[error("nobody touched the key")]
    NotPresent,
    #[error("neither PIN nor fingerprint was checked")]
    NotVerified,
    /// Backed up, but said to be a credential that cannot be (§7.1 step 16).
    #[error("its backup flags contradict each other")]
    BackupFlags,
    #[error("it holds no credential")]
    NoCredential,
    #[error("it is about another credential")]
    CredentialId,
    /// The public key cannot be used.
    #[error("{0}")]
    Key(cose::Error),
    #[error("algorithm {alg} was not offered")]
    Algorithm {
        /// COSE's number.
        alg: i64,
    },
    #[error("the signature is wrong")]
    Signature,
    /// The counter did not go up: there may be a copy of the key, or an answer was replayed.
    #[error("the signature counter is {got}, it was {stored} before")]
    Counter {
        /// As of the last time.
        stored: u32,
        got: u32,
    },
    #[error("the credential belongs to another user")]
    UserHandle,
}

/// A registration that holds. Who made the key it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// To be kept: the credential's id.
    pub credential_id: Vec<u8>,
    /// To be kept: its key.
    pub public_key: PublicKey,
    /// To be kept: the signature counter.
    pub counter: u32,
    /// The model, by the key's word; zero after attestation was stripped.
    pub aaguid: Aaguid,
    pub flags: Flags,
}

/// A credential as a relying party keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    /// The counter of the last time.
    pub counter: u32,
    pub user_id: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// To be kept for the next time.
    pub counter: u32,
    pub flags: Flags,
}

/// Checks a registration (§7.1), all but the attestation statement.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify_registration(expected: &Expected<'_>, response: &RegistrationResponse) -> Result<Registered, Refusal> {
    check_client_data(expected, Ceremony::Create, &response.client_data)?;
    let data = check_auth_data(expected, &response.object.auth_data)?;
    let credential = data.credential.ok_or(Refusal::NoCredential)?;
    if credential.id != response.id {
        return Err(Refusal::CredentialId);
    }
    let public_key = credential.public_key().map_err(Refusal::Key)?;
    if !expected.algorithms.contains(&public_key.algorithm()) {
        return Err(Refusal::Algorithm { alg: public_key.algorithm() });
    }
    Ok(Registered {
        credential_id: credential.id,
        public_key,
        counter: data.counter,
        aaguid: credential.aaguid,
        flags: data.flags,
    })
}

/// Checks an assertion (§7.2) against the credential that was registered.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify_assertion(
    expected: &Expected<'_>,
    stored: &Stored,
    response: &AssertionResponse,
) -> Result<Asserted, Refusal> {
    if response.id != stored.credential_id {
        return Err(Refusal::CredentialId);
    }
    if response.user_handle.as_ref().is_some_and(|handle| *handle != stored.user_id) {
        return Err(Refusal::UserHandle);
    }
    check_client_data(expected, Ceremony::Get, &response.client_data)?;
    let data = check_auth_data(expected, &response.auth_data)?;
    let signed = [response.auth_data.as_slice(), &hash(&response.client_data)].concat();
    stored.public_key.verify(&signed, &response.signature).map_err(|_| Refusal::Signature)?;
    // A key that does not count says 0 always.
    if (data.counter, stored.counter) != (0, 0) && data.counter <= stored.counter {
        return Err(Refusal::Counter { stored: stored.counter, got: data.counter });
    }
    Ok(Asserted { counter: data.counter, flags: data.flags })
}

/// What a key knows a relying party by.
#[must_use]
pub fn rp_id_hash(rp_id: &str) -> [u8; 32] {
    Sha256::digest(rp_id.as_bytes()).into()
}

fn check_client_data(expected: &Expected<'_>, ceremony: Ceremony, json: &[u8]) -> Result<(), Refusal> {
    let read = ReadClientData::parse(json).ok_or(Refusal::ClientData)?;
    if read.kind != ceremony.name() {
        return Err(Refusal::Type);
    }
    if decode(&read.challenge).as_deref() != Some(expected.challenge) {
        return Err(Refusal::Challenge);
    }
    if read.origin != expected.origin.as_str() {
        let origin = read.origin.chars().take(200).collect();
        return Err(Refusal::Origin { origin });
    }
    if read.cross_origin { Err(Refusal::CrossOrigin) } else { Ok(()) }
}

fn check_auth_data(expected: &Expected<'_>, bytes: &[u8]) -> Result<AuthData, Refusal> {
    let data = AuthData::parse(bytes).map_err(Refusal::AuthData)?;
    if data.rp_id_hash != rp_id_hash(expected.rp_id) {
        Err(Refusal::RpIdHash)
    } else if !data.flags.user_present() {
        Err(Refusal::NotPresent)
    } else if expected.user_verification && !data.flags.user_verified() {
        Err(Refusal::NotVerified)
    } else if data.flags.backed_up() && !data.flags.backup_eligible() {
        Err(Refusal::BackupFlags)
    } else {
        Ok(data)
    }
}
