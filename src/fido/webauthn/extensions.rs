//! The extensions that options ask for (WebAuthn L3 §10.1).

use super::members::{Members, decode};
use super::options::{Error, Requirement};
use sha2::{Digest, Sha256};
use std::fmt;

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

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prf {
    pub eval: Option<Salts>,
    /// For one credential, by its id. In requests only.
    pub eval_by_credential: Vec<(Vec<u8>, Salts)>,
}

/// Extensions of a registration. Unknown ones are ignored, as §9.4 says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationExtensions {
    /// credProps: tell whether the credential is discoverable.
    pub cred_props: bool,
    pub protection: Option<ProtectionPolicy>,
    /// enforceCredentialProtectionPolicy: fail where the key cannot.
    pub enforce_protection: bool,
    /// hmacCreateSecret, or prf.
    pub hmac_secret: bool,
    pub prf: Option<Prf>,
    pub min_pin_length: bool,
    pub large_blob: Option<Requirement>,
}

/// The extension largeBlob of a request (§10.1.5): one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LargeBlob {
    Read,
    Write(Vec<u8>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestExtensions {
    pub prf: Option<Prf>,
    pub large_blob: Option<LargeBlob>,
}

pub(super) fn registration_extensions(at: &Members<'_>) -> Result<RegistrationExtensions, Error> {
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

pub(super) fn request_extensions(at: &Members<'_>) -> Result<RequestExtensions, Error> {
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
