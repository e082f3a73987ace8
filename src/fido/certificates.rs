//! X.509 certificates, as far as attestation and metadata need them: parsing, and the path from one certificate to
//! one that is trusted. Knows neither what the certificates are for nor which are trusted: callers bring those.
//!
//! No revocation lists: nothing here talks to a network. No name constraints or policies: a certificate that insists
//! on an extension not understood here is refused.

use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

/// Between the first certificate and the trusted one, both counted. Yubico's longest path has 4.
pub const MAX_PATH: usize = 6;

/// So many certificates are looked at beside the trusted ones; a key or a file that brings more is refused.
pub const MAX_CERTIFICATES: usize = 64;

/// A certificate's SHA-256.
pub type Fingerprint = [u8; 32];

/// The SHA-256 of a certificate's DER.
#[must_use]
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    Sha256::digest(der).into()
}

/// Why there is no path to a trusted certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an X.509 certificate.
    #[error("not an X.509 certificate")]
    Malformed,
    /// More than [`MAX_CERTIFICATES`] or a path longer than [`MAX_PATH`].
    #[error("too many certificates")]
    TooLong,
    #[error("the certificates lead to \"{root}\", which is not trusted")]
    Untrusted { root: String },
    #[error("the certificate of \"{issuer}\" is missing")]
    IssuerMissing { issuer: String },
    #[error("the signature on the certificate of \"{subject}\" is wrong")]
    BadSignature { subject: String },
    #[error("\"{subject}\" may not sign this certificate")]
    NotCa {
        /// The one that may not.
        subject: String,
    },
    #[error("the certificate of \"{subject}\" has expired")]
    Expired { subject: String, since: SystemTime },
    #[error("the certificate of \"{subject}\" is not valid yet")]
    NotYetValid { subject: String, from: SystemTime },
    #[error("the certificate of \"{subject}\" insists on extension {oid}, which is unknown here")]
    Critical {
        subject: String,
        /// The extension's object identifier.
        oid: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The common names, from the first certificate to the trusted one.
    pub names: Vec<String>,
    /// The trusted certificate at its end.
    pub anchor: Fingerprint,
}

impl Path {
    /// The trusted certificate's name.
    #[must_use]
    pub fn root(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

/// Reads a certificate; bytes after it are refused.
///
/// # Errors
/// [`Error::Malformed`].
pub fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Error::Malformed),
    }
}

/// What a person would call the certificate's owner: the common name, or else the whole subject.
#[must_use]
pub fn subject(certificate: &X509Certificate<'_>) -> String {
    short(certificate.subject())
}

fn short(name: &x509_parser::x509::X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|common| common.as_str().ok());
    common.map_or_else(|| name.to_string(), ToOwned::to_owned).chars().take(120).collect()
}

/// Whether a certificate says that it signed itself; not whether it did.
#[must_use]
pub fn self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Finds the path from `first` over any of `helpers` to one of `anchors`, and checks each step of it: signatures,
/// validity at the time `at`, who may sign, how deep. Helpers confer no trust. An anchor may be `first` itself.
///
/// # Errors
/// The reason the furthest attempt failed.
pub fn path(first: &[u8], helpers: &[&[u8]], anchors: &[&[u8]], at: SystemTime) -> Result<Path, Error> {
    if helpers.len() > MAX_CERTIFICATES {
        return Err(Error::TooLong);
    }
    let (helpers, anchors) = (readable(helpers), readable(anchors));
    let mut walk = Walk { used: vec![false; helpers.len()], helpers: &helpers, anchors: &anchors, at, names: vec![] };
    let first = parse(first)?;
    check(&first, at)?;
    let anchor = walk.from(&first)?;
    Ok(Path { names: walk.names, anchor })
}

/// Those that are certificates: the others cannot be part of a path.
fn readable<'a>(ders: &[&'a [u8]]) -> Vec<X509Certificate<'a>> {
    ders.iter().filter_map(|der| parse(der).ok()).collect()
}

struct Walk<'a, 'b> {
    helpers: &'a [X509Certificate<'b>],
    /// Each helper is tried once: one that led nowhere will not lead anywhere the second time, and a hostile pile of
    /// certificates costs no more than its number.
    used: Vec<bool>,
    anchors: &'a [X509Certificate<'b>],
    at: SystemTime,
    names: Vec<String>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn from(&mut self, certificate: &X509Certificate<'_>) -> Result<Fingerprint, Error> {
        if self.names.len() >= MAX_PATH {
            return Err(Error::TooLong);
        }
        self.names.push(subject(certificate));
        if self.anchors.iter().any(|anchor| anchor.as_raw() == certificate.as_raw()) {
            return Ok(fingerprint(certificate.as_raw()));
        }
        let below = self.names.len() - 1;
        let mut failed = None;
        let anchors = self.anchors;
        for anchor in anchors.iter().filter(|anchor| issued(anchor, certificate)) {
            match self.step(anchor, certificate, below) {
                Ok(()) => {
                    self.names.push(subject(anchor));
                    return Ok(fingerprint(anchor.as_raw()));
                }
                Err(error) => failed = Some(error),
            }
        }
        if self_issued(certificate) {
            return Err(failed.unwrap_or_else(|| Error::Untrusted { root: subject(certificate) }));
        }
        let helpers = self.helpers;
        for (nth, helper) in helpers.iter().enumerate().filter(|(_, helper)| issued(helper, certificate)) {
            if self.used.get_mut(nth).is_none_or(|used| std::mem::replace(used, true)) {
                continue;
            }
            let depth = self.names.len();
            match self.step(helper, certificate, below).and_then(|()| self.from(helper)) {
                Ok(anchor) => return Ok(anchor),
                Err(error) => failed = Some(error),
            }
            self.names.truncate(depth);
        }
        Err(failed.unwrap_or_else(|| Error::IssuerMissing { issuer: short(certificate.issuer()) }))
    }

    /// Whether `issuer` could and did sign `certificate`, `below` of whose predecessors are CAs (RFC 5280 §6.1.4).
    fn step(
        &self,
        issuer: &X509Certificate<'b>,
        certificate: &X509Certificate<'_>,
        below: usize,
    ) -> Result<(), Error> {
        check(issuer, self.at)?;
        if !may_sign(issuer, below) {
            return Err(Error::NotCa { subject: subject(issuer) });
        }
        certificate
            .verify_signature(Some(issuer.public_key()))
            .map_err(|_| Error::BadSignature { subject: subject(certificate) })
    }
}

fn issued(issuer: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    issuer.subject().as_raw() == certificate.issuer().as_raw()
}

fn may_sign(issuer: &X509Certificate<'_>, below: usize) -> bool {
    let ca = issuer.basic_constraints().ok().flatten().is_some_and(|constraints| {
        let deep = constraints.value.path_len_constraint.is_none_or(|most| below <= most as usize);
        constraints.value.ca && deep
    });
    let usage = issuer.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
    issuer.version() == X509Version::V3 && ca && usage
}

/// The extensions that may be critical: basicConstraints, keyUsage, extendedKeyUsage, subjectAltName,
/// certificatePolicies (whose only effect would be to name policies, and none is asked for).
const UNDERSTOOD: [&str; 5] = ["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.32"];

/// What must hold for each certificate by itself.
fn check(certificate: &X509Certificate<'_>, at: SystemTime) -> Result<(), Error> {
    let unknown =
        certificate.extensions().iter().find(|e| e.critical && !UNDERSTOOD.contains(&e.oid.to_id_string().as_str()));
    if let Some(extension) = unknown {
        return Err(Error::Critical { subject: subject(certificate), oid: extension.oid.to_id_string() });
    }
    let validity = certificate.validity();
    let (from, since) = (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()));
    if at < from {
        Err(Error::NotYetValid { subject: subject(certificate), from })
    } else if at > since {
        Err(Error::Expired { subject: subject(certificate), since })
    } else {
        Ok(())
    }
}

fn time(unix: i64) -> SystemTime {
    let by = Duration::from_secs(unix.unsigned_abs());
    if unix < 0 { UNIX_EPOCH.checked_sub(by) } else { UNIX_EPOCH.checked_add(by) }.unwrap_or(UNIX_EPOCH)
}

/// The DER of every certificate in PEM text. Text around them is passed over.
///
/// # Errors
/// A block that does not end, or is not base64.
pub fn from_pem(text: &str) -> Result<Vec<Vec<u8>>, Error> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let blocks = text.split(BEGIN).skip(1);
    blocks
        .map(|block| {
            let (body, _) = block.split_once(END).ok_or(Error::Malformed)?;
            let digits: String = body.split_whitespace().collect();
            data_encoding::BASE64.decode(digits.as_bytes()).map_err(|_| Error::Malformed)
        })
        .collect()
}
