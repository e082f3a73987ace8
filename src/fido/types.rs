//! What goes to a key and comes from it, typed.

use super::auth_data::AuthData;
use super::cbor::Value;
use super::pin::Token;
use std::time::Duration;
use zeroize::Zeroizing;

/// ES256: ECDSA on P-256 with SHA-256 (COSE -7).
pub const ES256: i64 = -7;
/// EdDSA on Ed25519 (COSE -8).
pub const EDDSA: i64 = -8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Until blocked: 8 on most keys, at first.
    pub left: u8,
    /// No more tries before the key is unplugged. `None`: the key does not tell.
    pub power_cycle: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    pub id: String,
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its handle, 1 to 64 bytes.
    pub id: Vec<u8>,
    /// `alice@example.com`
    pub name: Option<String>,
    /// `Alice`
    pub display_name: Option<String>,
}

/// A credential's id, and how its key may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub id: Vec<u8>,
    /// `usb`, `nfc`, …; for the relying party, not sent to the key.
    pub transports: Vec<String>,
}

pub struct NewCredential<'a> {
    /// SHA-256 of the client data.
    pub client_data_hash: &'a [u8; 32],
    pub rp: &'a RelyingParty,
    pub user: &'a User,
    /// COSE algorithms, the favourite first.
    pub algorithms: &'a [i64],
    /// Credentials that must not be on the key.
    pub exclude: &'a [Descriptor],
    pub resident: bool,
    /// Have the key verify its user itself (fingerprint), where there is no token.
    pub built_in_uv: bool,
    /// Enterprise attestation: 1 by the maker's list of relying parties, 2 by ours.
    pub enterprise: Option<u8>,
    /// Wanted extensions. The caller has looked in getInfo whether the key has them.
    pub extensions: NewExtensions,
    /// The PIN's proof.
    pub token: Option<&'a Token>,
    /// How long the person may take. `None`: [`Limits::person`](super::Limits::person).
    pub timeout: Option<Duration>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewExtensions {
    /// credProtect: 1 optional, 2 optional with a list, 3 required.
    pub cred_protect: Option<u8>,
    /// hmac-secret.
    pub hmac_secret: bool,
    pub min_pin_length: bool,
    /// largeBlobKey; for discoverable credentials.
    pub large_blob_key: bool,
    /// credBlob: bytes kept with the credential.
    pub cred_blob: Option<Vec<u8>>,
}

/// A registration's answer. The attestation is as the key gave it: unproven.
pub struct MadeCredential {
    /// `packed`, `none`, `fido-u2f`, …
    pub format: String,
    pub auth_data: AuthData,
    /// The authenticator data as the key gave it: what was signed, before the client data's hash.
    pub signed: Vec<u8>,
    pub statement: Value,
    pub enterprise: bool,
    pub large_blob_key: Option<Zeroizing<Vec<u8>>>,
}

pub struct AssertionRequest<'a> {
    /// SHA-256 of the client data.
    pub client_data_hash: &'a [u8; 32],
    pub rp_id: &'a str,
    /// With one of these; empty: with any discoverable credential.
    pub allow: &'a [Descriptor],
    /// Ask for a touch. Off only to find out whether a credential is on the key.
    pub user_presence: bool,
    /// Have the key verify its user itself (fingerprint), where there is no token.
    pub built_in_uv: bool,
    /// hmac-secret: one salt or two, of 32 bytes each.
    pub hmac_salts: Option<&'a [[u8; 32]]>,
    pub large_blob_key: bool,
    pub cred_blob: bool,
    /// The PIN's proof.
    pub token: Option<&'a Token>,
    /// How long the person may take. `None`: [`Limits::person`](super::Limits::person).
    pub timeout: Option<Duration>,
}

impl<'a> AssertionRequest<'a> {
    /// A sign-in with a touch and nothing else.
    #[must_use]
    pub fn new(rp_id: &'a str, client_data_hash: &'a [u8; 32]) -> Self {
        Self {
            client_data_hash,
            rp_id,
            allow: &[],
            user_presence: true,
            built_in_uv: false,
            hmac_salts: None,
            large_blob_key: false,
            cred_blob: false,
            token: None,
            timeout: None,
        }
    }
}

/// A sign-in's answer.
pub struct Assertion {
    pub credential_id: Vec<u8>,
    pub auth_data: AuthData,
    /// The authenticator data as the key gave it: what was signed, before the client data's hash.
    pub signed: Vec<u8>,
    pub signature: Vec<u8>,
    /// The account: its id, and its names only where the person was verified and may choose.
    pub user: Option<User>,
    pub user_selected: bool,
    pub large_blob_key: Option<Zeroizing<Vec<u8>>>,
    /// hmac-secret's outputs, 32 bytes for each salt.
    pub hmac_secret: Option<Zeroizing<Vec<u8>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialCount {
    pub existing: u64,
    /// How many more fit, at most.
    pub remaining: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRelyingParty {
    /// Its id; keys may cut it to 32 bytes.
    pub id: Option<String>,
    pub name: Option<String>,
    /// SHA-256 of the whole id.
    pub id_hash: [u8; 32],
}

pub struct StoredCredential {
    pub id: Vec<u8>,
    pub user: User,
    pub public_key: Value,
    /// credProtect, 1 to 3.
    pub cred_protect: Option<u8>,
    pub large_blob_key: Option<Zeroizing<Vec<u8>>>,
    /// For payments by third parties. `None`: the key does not tell.
    pub third_party_payment: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// Swiped (`true`) or touched.
    pub swipe: bool,
    /// The most samples a finger takes.
    pub max_samples: Option<u64>,
    /// The longest name of a fingerprint, in bytes.
    pub max_name: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub id: Vec<u8>,
    pub name: Option<String>,
}

/// How a fingerprint's enrollment goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capture {
    Waiting,
    Sample {
        quality: SampleQuality,
        /// How many good ones are still wanted.
        remaining: u64,
    },
}

/// What the sensor thought of a sample (CTAP 2.1 §6.7.4, lastEnrollSampleStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum SampleQuality {
    Good,
    TooHigh,
    TooLow,
    TooLeft,
    TooRight,
    TooFast,
    TooSlow,
    PoorQuality,
    TooSkewed,
    TooShort,
    MergeFailure,
    AlreadyThere,
    NoActivity,
    NotLifted,
    Other(u8),
}

impl From<u8> for SampleQuality {
    fn from(status: u8) -> Self {
        match status {
            0x00 => Self::Good,
            0x01 => Self::TooHigh,
            0x02 => Self::TooLow,
            0x03 => Self::TooLeft,
            0x04 => Self::TooRight,
            0x05 => Self::TooFast,
            0x06 => Self::TooSlow,
            0x07 => Self::PoorQuality,
            0x08 => Self::TooSkewed,
            0x09 => Self::TooShort,
            0x0A => Self::MergeFailure,
            0x0B => Self::AlreadyThere,
            0x0D => Self::NoActivity,
            0x0E => Self::NotLifted,
            status => Self::Other(status),
        }
    }
}

/// A new rule for PINs. What is `None` or empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinRule {
    /// The shortest new PIN, in code points. It can only grow, until the key is reset.
    pub min_length: Option<usize>,
    /// Relying parties that may be told the minimum.
    pub rp_ids: Vec<String>,
    /// The PIN must be changed before it is taken again.
    pub force_change: bool,
}
