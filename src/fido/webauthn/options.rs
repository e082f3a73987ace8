//! `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON` (WebAuthn L3 §5.1.8, §5.1.9).
//! Read strictly where a wrong member would change what is asked of a key, leniently where the standard says to
//! ignore what is unknown.

use super::origin::{BadRpId, Origin, check_rp_id};
use crate::fido::cose;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// No longer options are read.
const MAX_LEN: usize = 256 * 1024;

/// Why options are not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or longer than any options are.
    NotJson {
        /// Where reading stopped; 0 where it did not begin.
        line: usize,
    },
    /// A member that must be there is not. Dotted: "user.id".
    Missing {
        /// Which.
        member: String,
    },
    /// A member is of another type, or has a value that is not allowed.
    Wrong {
        /// Which.
        member: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The relying party's id does not go with the origin.
    RpId(BadRpId),
    /// The relying party takes no algorithm that keys have here.
    NoAlgorithm,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line: 0 } => f.write_str("the options are not JSON"),
            Self::NotJson { line } => write!(f, "the options are not JSON (line {line})"),
            Self::Missing { member } => write!(f, "the options lack \"{member}\""),
            Self::Wrong { member, expected } => write!(f, "\"{member}\" in the options must be {expected}"),
            Self::RpId(error) => error.fmt(f),
            Self::NoAlgorithm => f.write_str("the relying party takes neither ES256 (-7) nor EdDSA (-8)"),
        }
    }
}

impl std::error::Error for Error {}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpEntity {
    /// Not there: the origin's host.
    pub id: Option<String>,
    /// For people.
    pub name: String,
}

/// For whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEntity {
    /// 1 to 64 bytes.
    pub id: Vec<u8>,
    /// For people: an account name.
    pub name: String,
    /// For people: a name.
    pub display_name: String,
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its id.
    pub id: Vec<u8>,
    /// Hints, like "usb".
    pub transports: Vec<String>,
}

/// How much something is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requirement {
    /// Fail without.
    Required,
    /// With, if possible.
    #[default]
    Preferred,
    /// Without, if possible.
    Discouraged,
}

/// What kind of authenticator is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// Part of the machine: none that this tool has.
    Platform,
    /// One that can be carried around.
    CrossPlatform,
}

/// The member "authenticatorSelection".
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
    /// As the key gave it.
    Direct,
    /// With the key's serial number, where the key was set up for this relying party.
    Enterprise,
}

/// credProtect's levels (CTAP 2.1 §12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectionPolicy {
    /// 1.
    Optional,
    /// 2.
    OptionalWithCredentialIdList,
    /// 3.
    Required,
}

impl ProtectionPolicy {
    /// The number that the key gets.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::Optional => 1,
            Self::OptionalWithCredentialIdList => 2,
            Self::Required => 3,
        }
    }
}

/// What prf is evaluated on; to be hashed before a key gets it (§10.1.4).
#[derive(Clone, PartialEq, Eq)]
pub struct Salts {
    /// The first.
    pub first: Vec<u8>,
    /// The second.
    pub second: Option<Vec<u8>>,
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salts(…)")
    }
}

impl Salts {
    /// What a key gets: it never sees a salt that another use of hmac-secret could choose (§10.1.4).
    #[must_use]
    pub fn hashed(&self) -> Vec<[u8; 32]> {
        let hash = |input: &[u8]| Sha256::new().chain_update(b"WebAuthn PRF\0").chain_update(input).finalize().into();
        std::iter::once(&self.first).chain(&self.second).map(|input| hash(input)).collect()
    }
}

/// The extension prf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prf {
    /// For any credential.
    pub eval: Option<Salts>,
    /// For one credential, by its id. In requests only.
    pub eval_by_credential: Vec<(Vec<u8>, Salts)>,
}

/// Extensions of a registration. Unknown ones are ignored, as §9.4 says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationExtensions {
    /// credProps: tell whether the credential is discoverable.
    pub cred_props: bool,
    /// credentialProtectionPolicy.
    pub protection: Option<ProtectionPolicy>,
    /// enforceCredentialProtectionPolicy: fail where the key cannot.
    pub enforce_protection: bool,
    /// hmacCreateSecret, or prf.
    pub hmac_secret: bool,
    /// prf, if asked for.
    pub prf: Option<Prf>,
    /// minPinLength.
    pub min_pin_length: bool,
    /// largeBlob.support.
    pub large_blob: Option<Requirement>,
}

/// The extension largeBlob of a request (§10.1.5): one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LargeBlob {
    /// Read it.
    Read,
    /// Write this.
    Write(Vec<u8>),
}

/// Extensions of an assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestExtensions {
    /// prf.
    pub prf: Option<Prf>,
    /// largeBlob.
    pub large_blob: Option<LargeBlob>,
}

/// `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationOptions {
    /// Who asks.
    pub rp: RpEntity,
    /// For whom.
    pub user: UserEntity,
    /// To be signed over.
    pub challenge: Vec<u8>,
    /// COSE's numbers, most wanted first. Types other than "public-key" are left out.
    pub algorithms: Vec<i64>,
    /// How long the relying party would wait.
    pub timeout: Option<Duration>,
    /// Keys that have one of these are not to be enrolled again.
    pub exclude: Vec<Descriptor>,
    /// What kind of key and credential.
    pub selection: Selection,
    /// How much attestation.
    pub attestation: Conveyance,
    /// Extensions.
    pub extensions: RegistrationExtensions,
}

/// `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOptions {
    /// To be signed over.
    pub challenge: Vec<u8>,
    /// Not there: the origin's host.
    pub rp_id: Option<String>,
    /// One of these; empty: any that the key finds by itself.
    pub allow: Vec<Descriptor>,
    /// Whether PIN or fingerprint shall be asked for.
    pub user_verification: Requirement,
    /// How long the relying party would wait.
    pub timeout: Option<Duration>,
    /// Extensions.
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

fn registration_extensions(at: &Members<'_>) -> Result<RegistrationExtensions, Error> {
    let protection = match at.optional_text("credentialProtectionPolicy")?.as_deref() {
        None => None,
        Some("userVerificationOptional") => Some(ProtectionPolicy::Optional),
        Some("userVerificationOptionalWithCredentialIDList") => Some(ProtectionPolicy::OptionalWithCredentialIdList),
        Some("userVerificationRequired") => Some(ProtectionPolicy::Required),
        Some(_) => return Err(at.wrong("credentialProtectionPolicy", "a policy that credProtect has")),
    };
    let prf = at.optional_object("prf")?.map(|at| prf(&at)).transpose()?;
    if prf.as_ref().is_some_and(|prf| !prf.eval_by_credential.is_empty()) {
        return Err(at.wrong("prf.evalByCredential", "absent in a registration"));
    }
    let large_blob = at.optional_object("largeBlob")?;
    Ok(RegistrationExtensions {
        cred_props: at.boolean("credProps")?,
        protection,
        enforce_protection: at.boolean("enforceCredentialProtectionPolicy")?,
        hmac_secret: at.boolean("hmacCreateSecret")? || prf.is_some(),
        prf,
        min_pin_length: at.boolean("minPinLength")?,
        large_blob: large_blob.map(|at| large_blob_support(&at)).transpose()?,
    })
}

fn large_blob_support(at: &Members<'_>) -> Result<Requirement, Error> {
    for member in ["read", "write"] {
        if at.get(member).is_some() {
            return Err(at.wrong(member, "absent in a registration"));
        }
    }
    let required = at.optional_text("support")?.as_deref() == Some("required");
    Ok(if required { Requirement::Required } else { Requirement::Preferred })
}

fn request_extensions(at: &Members<'_>) -> Result<RequestExtensions, Error> {
    let prf = at.optional_object("prf")?.map(|at| prf(&at)).transpose()?;
    let large_blob = at.optional_object("largeBlob")?.map(|at| large_blob(&at)).transpose()?.flatten();
    Ok(RequestExtensions { prf, large_blob })
}

fn large_blob(at: &Members<'_>) -> Result<Option<LargeBlob>, Error> {
    if at.get("support").is_some() {
        return Err(at.wrong("support", "absent in a request"));
    }
    match (at.boolean("read")?, at.optional_bytes("write")?) {
        (true, Some(_)) => Err(at.wrong("write", "absent where \"read\" is asked for")),
        (true, None) => Ok(Some(LargeBlob::Read)),
        (false, write) => Ok(write.map(LargeBlob::Write)),
    }
}

fn prf(at: &Members<'_>) -> Result<Prf, Error> {
    let eval = at.optional_object("eval")?.map(|at| salts(&at)).transpose()?;
    let mut eval_by_credential = Vec::new();
    if let Some(by) = at.optional_object("evalByCredential")? {
        for name in by.object.keys() {
            let id = decode(name).filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| at.wrong("evalByCredential", "an object with credential ids in base64url"))?;
            eval_by_credential.push((id, salts(&by.object(name)?)?));
        }
    }
    Ok(Prf { eval, eval_by_credential })
}

fn salts(at: &Members<'_>) -> Result<Salts, Error> {
    Ok(Salts { first: at.bytes("first")?, second: at.optional_bytes("second")? })
}

/// base64url without padding; padding is let pass, as servers in the field add it.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    data_encoding::BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

/// An object of the options, and where it stands in them.
pub(super) struct Members<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) path: String,
}

impl<'a> Members<'a> {
    fn name(&self, member: &str) -> String {
        // Names come from the relying party where they are credential ids: kept short.
        let member: String = member.chars().take(80).collect();
        if self.path.is_empty() { member } else { format!("{}.{member}", self.path) }
    }

    pub(super) fn wrong(&self, member: &str, expected: &'static str) -> Error {
        Error::Wrong { member: self.name(member), expected }
    }

    pub(super) fn missing(&self, member: &str) -> Error {
        Error::Missing { member: self.name(member) }
    }

    /// `null` is as good as absent: servers write it for what they do not set.
    fn get(&self, member: &str) -> Option<&'a Value> {
        self.object.get(member).filter(|value| !value.is_null())
    }

    pub(super) fn optional_object(&self, member: &str) -> Result<Option<Self>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        let object = value.as_object().ok_or_else(|| self.wrong(member, "an object"))?;
        Ok(Some(Self { object, path: self.name(member) }))
    }

    pub(super) fn object(&self, member: &str) -> Result<Self, Error> {
        self.optional_object(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn optional_text(&self, member: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| self.wrong(member, "text"))
    }

    pub(super) fn text(&self, member: &str) -> Result<String, Error> {
        self.optional_text(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn optional_bytes(&self, member: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(text) = self.optional_text(member)? else { return Ok(None) };
        decode(&text).map(Some).ok_or_else(|| self.wrong(member, "base64url"))
    }

    pub(super) fn bytes(&self, member: &str) -> Result<Vec<u8>, Error> {
        self.optional_bytes(member)?.ok_or_else(|| self.missing(member))
    }

    fn boolean(&self, member: &str) -> Result<bool, Error> {
        let Some(value) = self.get(member) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong(member, "true or false"))
    }

    pub(super) fn array(&self, member: &str) -> Result<Option<&'a [Value]>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        value.as_array().map(|items| Some(items.as_slice())).ok_or_else(|| self.wrong(member, "a list"))
    }

    /// §2.1.1: unknown values are treated as if the member were not there.
    fn requirement(&self, member: &str) -> Result<Option<Requirement>, Error> {
        Ok(match self.optional_text(member)?.as_deref() {
            Some("required") => Some(Requirement::Required),
            Some("preferred") => Some(Requirement::Preferred),
            Some("discouraged") => Some(Requirement::Discouraged),
            _ => None,
        })
    }

    fn timeout(&self) -> Result<Option<Duration>, Error> {
        let Some(value) = self.get("timeout") else { return Ok(None) };
        let ms = value.as_u64().ok_or_else(|| self.wrong("timeout", "a number of milliseconds"))?;
        Ok(Some(Duration::from_millis(ms)))
    }

    /// Descriptors of types other than "public-key" are left out, as §5.8.3 says.
    fn descriptors(&self, member: &str) -> Result<Vec<Descriptor>, Error> {
        let mut descriptors = Vec::new();
        for (nth, item) in self.array(member)?.unwrap_or_default().iter().enumerate() {
            let object = item.as_object().ok_or_else(|| self.wrong(member, "a list of objects"))?;
            let at = Self { object, path: self.name(&format!("{member}[{nth}]")) };
            if at.text("type")? != "public-key" {
                continue;
            }
            let id = at.bytes("id")?;
            if id.is_empty() || id.len() > crate::fido::auth_data::MAX_CREDENTIAL_ID {
                return Err(at.wrong("id", "1 to 1023 bytes in base64url"));
            }
            let transports = at.array("transports")?.unwrap_or_default();
            let transports = transports.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            descriptors.push(Descriptor { id, transports });
        }
        Ok(descriptors)
    }
}
