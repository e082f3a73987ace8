//! `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON` (WebAuthn L3 §5.1.8, §5.1.9).
//! Read strictly where a wrong member would change what is asked of a key, leniently where the standard says to
//! ignore what is unknown.

use super::extensions::{RegistrationExtensions, RequestExtensions, registration_extensions, request_extensions};
use super::members::Members;
use super::origin::{BadRpId, Origin, check_rp_id};
use crate::fido::cose;
use crate::fido::types::Descriptor;
use serde_json::Value;
use std::time::Duration;

/// No longer options are read.
const MAX_LEN: usize = 256 * 1024;

/// Why options are not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the options are not JSON (line {line})")]
    NotJson {
        /// Where reading stopped; 0 where it did not begin.
        line: usize,
    },
    /// A member that must be there is not. Dotted: "user.id".
    #[error("the options lack \"{member}\"")]
    Missing { member: String },
    #[error("\"{member}\" in the options must be {expected}")]
    Wrong { member: String, expected: &'static str },
    /// The relying party's id does not go with the origin.
    #[error("{0}")]
    RpId(BadRpId),
    #[error("the relying party takes neither ES256 (-7) nor EdDSA (-8)")]
    NoAlgorithm,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpEntity {
    /// Not there: the origin's host.
    pub id: Option<String>,
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEntity {
    /// 1 to 64 bytes.
    pub id: Vec<u8>,
    /// For people: an account name.
    pub name: String,
    /// For people: a name.
    pub display_name: String,
}

/// How much something is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requirement {
    Required,
    #[default]
    Preferred,
    Discouraged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// Part of the machine: none that this tool has.
    Platform,
    CrossPlatform,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Not there: any.
    pub attachment: Option<Attachment>,
    /// Whether the credential shall be discoverable.
    pub resident_key: Requirement,
    /// Whether PIN or fingerprint shall be asked for.
    pub user_verification: Requirement,
}

/// What is meant where the options say nothing: no discoverable credential (§5.4.4), and verification where it can be.
impl Default for Selection {
    fn default() -> Self {
        Self { attachment: None, resident_key: Requirement::Discouraged, user_verification: Requirement::Preferred }
    }
}

/// How much of the key's attestation the relying party wants (§5.4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conveyance {
    /// Nothing: it is stripped.
    #[default]
    None,
    /// Some; it is given as the key gave it.
    Indirect,
    Direct,
    /// With the key's serial number, where the key was set up for this relying party.
    Enterprise,
}

/// `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationOptions {
    pub rp: RpEntity,
    pub user: UserEntity,
    pub challenge: Vec<u8>,
    /// COSE's numbers, most wanted first. Types other than "public-key" are left out.
    pub algorithms: Vec<i64>,
    /// How long the relying party would wait.
    pub timeout: Option<Duration>,
    /// Keys that have one of these are not to be enrolled again.
    pub exclude: Vec<Descriptor>,
    pub selection: Selection,
    pub attestation: Conveyance,
    pub extensions: RegistrationExtensions,
}

/// `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOptions {
    pub challenge: Vec<u8>,
    /// Not there: the origin's host.
    pub rp_id: Option<String>,
    /// One of these; empty: any that the key finds by itself.
    pub allow: Vec<Descriptor>,
    /// Whether PIN or fingerprint shall be asked for.
    pub user_verification: Requirement,
    /// How long the relying party would wait.
    pub timeout: Option<Duration>,
    pub extensions: RequestExtensions,
}

impl CreationOptions {
    /// Reads them, bare or as the member "publicKey".
    ///
    /// # Errors
    /// What is wrong, by its member's name.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let json = read(json)?;
        let top = top(&json)?;
        let rp = top.object("rp")?;
        let user = top.object("user")?;
        let algorithms = algorithms(&top)?;
        let selection = top.optional_object("authenticatorSelection")?.map(|at| selection(&at)).transpose()?;
        let extensions = top.optional_object("extensions")?.map(|at| registration_extensions(&at)).transpose()?;
        let id = user.bytes("id")?;
        if !(1..=64).contains(&id.len()) {
            return Err(user.wrong("id", "1 to 64 bytes in base64url"));
        }
        Ok(Self {
            rp: RpEntity { id: rp.optional_text("id")?, name: rp.text("name")? },
            user: UserEntity { id, name: user.text("name")?, display_name: user.text("displayName")? },
            challenge: challenge(&top)?,
            algorithms,
            timeout: top.timeout()?,
            exclude: top.descriptors("excludeCredentials")?,
            selection: selection.unwrap_or_default(),
            attestation: conveyance(&top)?,
            extensions: extensions.unwrap_or_default(),
        })
    }

    /// The relying party's id, checked against the origin.
    ///
    /// # Errors
    /// [`Error::RpId`].
    pub fn rp_id(&self, origin: &Origin) -> Result<String, Error> {
        rp_id(self.rp.id.as_deref(), origin)
    }

    /// The first algorithm of the relying party's list that is among the key's too; without a list of the key's,
    /// ES256 and EdDSA are taken.
    ///
    /// # Errors
    /// [`Error::NoAlgorithm`].
    pub fn choose_algorithm(&self, key: Option<&[i64]>) -> Result<i64, Error> {
        let has = |alg: i64| matches!(alg, cose::ES256 | cose::EDDSA) && key.is_none_or(|key| key.contains(&alg));
        self.algorithms.iter().copied().find(|alg| has(*alg)).ok_or(Error::NoAlgorithm)
    }
}

impl RequestOptions {
    /// Reads them, bare or as the member "publicKey".
    ///
    /// # Errors
    /// What is wrong, by its member's name.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let json = read(json)?;
        let top = top(&json)?;
        let extensions = top.optional_object("extensions")?.map(|at| request_extensions(&at)).transpose()?;
        Ok(Self {
            challenge: challenge(&top)?,
            rp_id: top.optional_text("rpId")?,
            allow: top.descriptors("allowCredentials")?,
            user_verification: top.requirement("userVerification")?.unwrap_or_default(),
            timeout: top.timeout()?,
            extensions: extensions.unwrap_or_default(),
        })
    }

    /// The relying party's id, checked against the origin.
    ///
    /// # Errors
    /// [`Error::RpId`].
    pub fn rp_id(&self, origin: &Origin) -> Result<String, Error> {
        rp_id(self.rp_id.as_deref(), origin)
    }
}

fn rp_id(id: Option<&str>, origin: &Origin) -> Result<String, Error> {
    let id = id.unwrap_or_else(|| origin.host());
    check_rp_id(origin, id).map_err(Error::RpId)?;
    Ok(id.to_owned())
}

fn read(json: &[u8]) -> Result<Value, Error> {
    if json.len() > MAX_LEN {
        return Err(Error::NotJson { line: 0 });
    }
    // Editors on Windows put a byte order mark before it, which RFC 8259 lets a reader pass over.
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    serde_json::from_slice(json).map_err(|error| Error::NotJson { line: error.line() })
}

fn top(json: &Value) -> Result<Members<'_>, Error> {
    let object = json.as_object().ok_or(Error::Wrong { member: "options".into(), expected: "an object" })?;
    let top = Members { object, path: String::new() };
    Ok(top.optional_object("publicKey")?.unwrap_or(top))
}

/// Empty challenges are refused: whatever was signed over one could be used again.
fn challenge(top: &Members<'_>) -> Result<Vec<u8>, Error> {
    let challenge = top.bytes("challenge")?;
    if challenge.is_empty() { Err(top.wrong("challenge", "at least one byte in base64url")) } else { Ok(challenge) }
}

fn algorithms(top: &Members<'_>) -> Result<Vec<i64>, Error> {
    let items = top.array("pubKeyCredParams")?.ok_or_else(|| top.missing("pubKeyCredParams"))?;
    // §5.1.3 step 10: an empty list means these two.
    if items.is_empty() {
        return Ok(vec![cose::ES256, cose::RS256]);
    }
    let mut algorithms = Vec::new();
    for item in items {
        let alg = item.get("alg").and_then(Value::as_i64);
        let alg = alg.ok_or_else(|| top.wrong("pubKeyCredParams", "objects with an integer \"alg\""))?;
        if item.get("type").and_then(Value::as_str) == Some("public-key") {
            algorithms.push(alg);
        }
    }
    Ok(algorithms)
}

fn selection(at: &Members<'_>) -> Result<Selection, Error> {
    let attachment = match at.optional_text("authenticatorAttachment")?.as_deref() {
        Some("platform") => Some(Attachment::Platform),
        Some("cross-platform") => Some(Attachment::CrossPlatform),
        // §2.1.1: unknown values are treated as if the member were not there.
        _ => None,
    };
    let legacy = at.boolean("requireResidentKey")?;
    let resident_key = at.requirement("residentKey")?;
    let fallback = if legacy { Requirement::Required } else { Requirement::Discouraged };
    Ok(Selection {
        attachment,
        resident_key: resident_key.unwrap_or(fallback),
        user_verification: at.requirement("userVerification")?.unwrap_or_default(),
    })
}

fn conveyance(top: &Members<'_>) -> Result<Conveyance, Error> {
    Ok(match top.optional_text("attestation")?.as_deref() {
        Some("direct") => Conveyance::Direct,
        Some("indirect") => Conveyance::Indirect,
        Some("enterprise") => Conveyance::Enterprise,
        _ => Conveyance::None,
    })
}
