//! The client data (WebAuthn L3 §5.8.1): which ceremony, challenge and origin a key's signature is for.

use super::origin::Origin;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    Create,
    Get,
}

impl Ceremony {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// Client data as sent: these very bytes are hashed, signed over and handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientData {
    json: Vec<u8>,
}

impl ClientData {
    /// Writes it byte for byte as §5.8.1.1 says, so that relying parties with the limited check (§5.8.1.2) agree.
    #[must_use]
    pub fn new(ceremony: Ceremony, challenge: &[u8], origin: &Origin) -> Self {
        // An origin has no character that JSON would escape.
        let json = format!(
            r#"{{"type":"{}","challenge":"{}","origin":"{}","crossOrigin":false}}"#,
            ceremony.name(),
            BASE64URL_NOPAD.encode(challenge),
            origin.as_str()
        );
        Self { json: json.into_bytes() }
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.json
    }

    /// The SHA-256 of the JSON: what the key gets.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.json)
    }
}

pub(super) fn hash(json: &[u8]) -> [u8; 32] {
    Sha256::digest(json).into()
}

/// A challenge that nobody has seen yet (§13.4.3 wants 16 bytes at least).
///
/// # Errors
/// The system gives no random numbers.
pub fn fresh_challenge() -> Result<[u8; 32], crate::fido::Error> {
    let mut challenge = [0; 32];
    getrandom::fill(&mut challenge).map_err(|error| crate::fido::Error::System { why: error.to_string() })?;
    Ok(challenge)
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadClientData {
    /// "webauthn.create" or "webauthn.get".
    #[serde(rename = "type")]
    pub kind: String,
    /// In base64url.
    pub challenge: String,
    pub origin: String,
    /// Whether it was in a frame of another origin's page.
    #[serde(default)]
    pub cross_origin: bool,
}

impl ReadClientData {
    /// Reads JSON; `None` where it is not client data.
    #[must_use]
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}
