//! What the certificate of a packed attestation must look like (WebAuthn L3 §8.2.1).

use super::Reason;
use crate::fido::auth_data::Aaguid;
use std::fmt;
use x509_parser::certificate::X509Certificate;
use x509_parser::x509::{X509Name, X509Version};

/// id-fido-gen-ce-aaguid.
const AAGUID: &str = "1.3.6.1.4.1.45724.1.1.4";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Not X.509 version 3.
    Version,
    /// The subject names no country of two letters.
    Country,
    /// The subject names no organization.
    Organization,
    /// The subject's unit is not "Authenticator Attestation".
    Unit,
    /// The subject has no common name.
    CommonName,
    /// No basic constraints, which must say that this is no authority.
    BasicConstraints,
    /// No extension with the AAGUID. The standard lets it be absent where a root serves one model only; then nothing
    /// but the key's word says what model this is.
    NoAaguid,
    CriticalAaguid,
    /// The extension with the AAGUID is not 16 bytes in an OCTET STRING, or there are two of them.
    AaguidForm,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "not X.509 version 3",
            Self::Country => "no country",
            Self::Organization => "no organization",
            Self::Unit => "its unit is not \"Authenticator Attestation\"",
            Self::CommonName => "no common name",
            Self::BasicConstraints => "no basic constraints",
            Self::NoAaguid => "it names no model",
            Self::CriticalAaguid => "the extension that names the model is critical",
            Self::AaguidForm => "the extension that names the model is malformed",
        })
    }
}

/// Checks the certificate by itself; tells which model it is for.
pub(super) fn check(leaf: &X509Certificate<'_>) -> Result<Aaguid, Reason> {
    let bad = |what| Err(Reason::BadProfile { what });
    if leaf.version() != X509Version::V3 {
        return bad(What::Version);
    }
    match leaf.basic_constraints() {
        Ok(Some(constraints)) if constraints.value.ca => return Err(Reason::LeafIsCa),
        Ok(Some(_)) => {}
        _ => return bad(What::BasicConstraints),
    }
    subject(leaf.subject()).map_err(|what| Reason::BadProfile { what })?;
    aaguid(leaf).map_err(|what| Reason::BadProfile { what })
}

fn subject(name: &X509Name<'_>) -> Result<(), What> {
    let country = name.iter_country().next().and_then(|country| country.as_str().ok());
    if !country.is_some_and(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic())) {
        return Err(What::Country);
    }
    let said = |part: Option<&str>| part.is_some_and(|part| !part.trim().is_empty());
    if !said(name.iter_organization().next().and_then(|part| part.as_str().ok())) {
        return Err(What::Organization);
    }
    if !name.iter_organizational_unit().any(|unit| unit.as_str() == Ok("Authenticator Attestation")) {
        return Err(What::Unit);
    }
    if !said(name.iter_common_name().next().and_then(|part| part.as_str().ok())) {
        return Err(What::CommonName);
    }
    Ok(())
}

/// 16 bytes in an OCTET STRING, itself the content of the extension's OCTET STRING.
fn aaguid(leaf: &X509Certificate<'_>) -> Result<Aaguid, What> {
    let mut extensions = leaf.extensions().iter().filter(|extension| extension.oid.to_id_string() == AAGUID);
    let extension = extensions.next().ok_or(What::NoAaguid)?;
    if extensions.next().is_some() {
        return Err(What::AaguidForm);
    }
    if extension.critical {
        return Err(What::CriticalAaguid);
    }
    match extension.value {
        [0x04, 0x10, aaguid @ ..] => aaguid.try_into().map(Aaguid).map_err(|_| What::AaguidForm),
        _ => Err(What::AaguidForm),
    }
}
