//! The metadata service's BLOB (MDS 3.0 §3.1.7): a signed JSON Web Token. Nothing in it is looked at, but for who
//! signed it, before the signature and the path to a pinned root hold.

use super::{Certification, Metadata, Warning, is_preview};
use crate::fido::auth_data::Aaguid;
use crate::fido::certificates::{self, from_pem, parse};
use ::ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::civil::Date;
use serde::Deserialize;
use std::time::SystemTime;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

/// No longer file is read: some five times the issues of 2026.
pub const MAX_LEN: usize = 40 * 1024 * 1024;

/// The name in the signing certificate.
pub const SIGNER: &str = "mds.fidoalliance.org";

/// Why a file is not used as metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`MAX_LEN`].
    #[error("too long to be a metadata BLOB")]
    TooLong,
    /// Not three parts in base64url with a header of JSON.
    #[error("not a metadata BLOB (a JSON Web Token with its certificates)")]
    NotJwt,
    /// Signed by an algorithm other than RS256 and ES256; "none" too.
    #[error("the metadata is signed with \"{alg}\"; RS256 or ES256 is expected")]
    Algorithm { alg: String },
    #[error("who signed the metadata is not trusted: {0}")]
    UntrustedChain(certificates::Error),
    #[error("the metadata is signed by \"{name}\", not by {SIGNER}")]
    WrongSigner { name: String },
    #[error("the signature on the metadata is wrong")]
    BadSignature,
    #[error("the metadata's \"{member}\" is missing or wrong")]
    Malformed { member: &'static str },
    /// An issue before the one that is known already: someone may want to hide a warning.
    #[error("the metadata is number {number}; number {known} is known already")]
    Older { number: u64, known: u64 },
    #[error("metadata number {number} was to be replaced by {next_update}")]
    Stale {
        number: u64,
        /// Until when it was good.
        next_update: Date,
    },
}

/// What a BLOB is held against.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Roots in DER; one of them must be at the end of the signer's path.
    pub anchors: Vec<Vec<u8>>,
    /// The time at which certificates must be valid and the issue current.
    pub at: SystemTime,
    /// The number that is known already: nothing before it is taken.
    pub known: u64,
    /// Take an issue that should have been replaced. [`Metadata::is_stale`] still says so.
    pub stale: bool,
}

impl Rules {
    /// Those for a file that someone brings now: the pinned roots, and nothing older than what is built in.
    #[must_use]
    pub fn new(at: SystemTime) -> Self {
        Self { anchors: pinned(), at, known: Metadata::bundled().number(), stale: false }
    }
}

/// GlobalSign Root R3, which has signed the service's certificates so far, and Root R46, which follows it.
fn pinned() -> Vec<Vec<u8>> {
    // A test holds that both can be read. None read means that nothing is trusted.
    from_pem(include_str!("../../../data/mds-roots.pem")).unwrap_or_default()
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    x5c: Vec<String>,
}

#[derive(Deserialize)]
struct Payload {
    no: Option<u64>,
    #[serde(rename = "nextUpdate")]
    next_update: Option<String>,
    entries: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: Option<String>,
    metadata_statement: Option<Statement>,
    #[serde(default)]
    status_reports: Vec<Report>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default)]
    description: String,
    #[serde(default)]
    attachment_hint: Vec<String>,
    #[serde(default)]
    attestation_root_certificates: Vec<String>,
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    status: String,
}

/// Checks a BLOB and reads it.
///
/// # Errors
/// The first thing that does not hold.
pub fn read(bytes: &[u8], rules: &Rules) -> Result<Metadata, Error> {
    if bytes.len() > MAX_LEN {
        return Err(Error::TooLong);
    }
    let token = bytes.trim_ascii();
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::NotJwt);
    };
    let signed = token.get(..header.len() + 1 + payload.len()).ok_or(Error::NotJwt)?;
    let decode = |part: &[u8]| BASE64URL_NOPAD.decode(part).map_err(|_| Error::NotJwt);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Error::NotJwt)?;
    check_signature(&header, signed, &decode(signature)?, rules)?;
    let payload = serde_json::from_slice(&decode(payload)?).map_err(|_| Error::Malformed { member: "payload" })?;
    metadata(payload, rules)
}

fn check_signature(header: &Header, signed: &[u8], signature: &[u8], rules: &Rules) -> Result<(), Error> {
    let algorithm: &dyn VerificationAlgorithm = match header.alg.as_str() {
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        alg => return Err(Error::Algorithm { alg: alg.chars().take(20).collect() }),
    };
    let certificates: Vec<Vec<u8>> = header
        .x5c
        .iter()
        .map(|der| BASE64.decode(der.as_bytes()).map_err(|_| Error::NotJwt))
        .collect::<Result<_, _>>()?;
    let (leaf, others) = certificates.split_first().ok_or(Error::NotJwt)?;
    let helpers: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    let anchors: Vec<&[u8]> = rules.anchors.iter().map(Vec::as_slice).collect();
    certificates::path(leaf, &helpers, &anchors, rules.at).map_err(Error::UntrustedChain)?;
    let leaf = parse(leaf).map_err(Error::UntrustedChain)?;
    if !names(&leaf).any(|name| name.eq_ignore_ascii_case(SIGNER)) {
        return Err(Error::WrongSigner { name: certificates::subject(&leaf) });
    }
    UnparsedPublicKey::new(algorithm, &leaf.public_key().subject_public_key.data)
        .verify(signed, signature)
        .map_err(|_| Error::BadSignature)
}

/// The DNS names, or where there are none the common name.
fn names<'a>(leaf: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a str> {
    let alternative = leaf.subject_alternative_name().ok().flatten();
    let dns: Vec<&str> = alternative.map_or_else(Vec::new, |extension| {
        let names = extension.value.general_names.iter();
        names.filter_map(|name| if let GeneralName::DNSName(dns) = name { Some(*dns) } else { None }).collect()
    });
    let common = if dns.is_empty() { leaf.subject().iter_common_name().next() } else { None };
    dns.into_iter().chain(common.and_then(|common| common.as_str().ok()))
}

fn metadata(payload: Payload, rules: &Rules) -> Result<Metadata, Error> {
    let number = payload.no.ok_or(Error::Malformed { member: "no" })?;
    let next_update = payload.next_update.and_then(|day| day.parse::<Date>().ok());
    let next_update = next_update.ok_or(Error::Malformed { member: "nextUpdate" })?;
    let entries = payload.entries.ok_or(Error::Malformed { member: "entries" })?;
    if number < rules.known {
        return Err(Error::Older { number, known: rules.known });
    }
    let mut metadata = Metadata::new(number, next_update);
    if metadata.is_stale(rules.at) && !rules.stale {
        return Err(Error::Stale { number, next_update });
    }
    for entry in entries {
        add(&mut metadata, entry)?;
    }
    Ok(metadata)
}

/// Keys that can be plugged in or tapped; entries for U2F and UAF have no AAGUID, platforms are not plugged in.
fn add(metadata: &mut Metadata, entry: Entry) -> Result<(), Error> {
    let (Some(aaguid), Some(statement)) = (entry.aaguid, entry.metadata_statement) else { return Ok(()) };
    if !statement.attachment_hint.iter().any(|hint| hint == "external") {
        return Ok(());
    }
    let aaguid: Aaguid = aaguid.parse().map_err(|_| Error::Malformed { member: "aaguid" })?;
    let ders: Vec<Vec<u8>> = statement.attestation_root_certificates.iter().filter_map(|pem| der(pem)).collect();
    let ders: Vec<&[u8]> = ders.iter().map(Vec::as_slice).collect();
    let name: String = statement.description.trim().chars().filter(|c| !c.is_control()).take(120).collect();
    let statuses = || entry.status_reports.iter().map(|report| report.status.as_str());
    let certification = statuses().map(certification).max().unwrap_or(Certification::None);
    metadata.insert(aaguid, &name, certification, &ders);
    statuses().filter_map(Warning::from_status).for_each(|warning| metadata.warn(aaguid, warning));
    Ok(())
}

/// Some entries break their base64 into lines. What is no certificate vouches for nothing and is left out.
fn der(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.split_whitespace().collect();
    let der = BASE64.decode(digits.as_bytes()).ok()?;
    (parse(&der).is_ok() && !is_preview(&der)).then_some(der)
}

fn certification(status: &str) -> Certification {
    match status.strip_prefix("FIDO_CERTIFIED") {
        Some("") => Certification::Certified,
        Some(level) => Certification::Level(level.trim_start_matches('_').to_owned()),
        None => Certification::None,
    }
}
