//! Whether a key is what it says it is: the packed attestation statement (WebAuthn L3 §8.2) checked in full against
//! pinned roots. Knows neither the key nor the ceremony that made the statement. There are two answers, "genuine" and
//! the reason why not; nothing in between.

mod profile;

use super::auth_data::{self, Aaguid, AuthData};
use super::cbor::{self, Value};
use super::certificates::{self, Fingerprint};
use super::cose::{self, PublicKey};
use super::metadata::{Certification, Metadata, Model, Warning};
use ::ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use std::time::SystemTime;

pub use profile::What;

/// An attestation object (§6.5): what a registration hands to the relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationObject {
    /// The format of the statement: "packed", "none", "fido-u2f", ….
    pub fmt: String,
    pub auth_data: Vec<u8>,
    /// The statement: a map.
    pub statement: Value,
}

impl AttestationObject {
    /// Reads the CBOR that relying parties get. Map keys in any order.
    ///
    /// # Errors
    /// [`Reason::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Reason> {
        let object = cbor::decode_all_lenient(bytes).map_err(Malformed::Cbor)?;
        let fmt = object.get_text("fmt").and_then(Value::as_text).ok_or(Malformed::Member("fmt"))?;
        let auth_data = object.get_text("authData").and_then(Value::as_bytes).ok_or(Malformed::Member("authData"))?;
        let statement = object.get_text("attStmt").filter(|statement| statement.as_map().is_some());
        let statement = statement.ok_or(Malformed::Member("attStmt"))?;
        Ok(Self { fmt: fmt.to_owned(), auth_data: auth_data.to_vec(), statement: statement.clone() })
    }

    /// The CBOR that relying parties get, canonical.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(&Value::map([
            ("fmt", Value::from(self.fmt.as_str())),
            ("attStmt", self.statement.clone()),
            ("authData", Value::from(self.auth_data.as_slice())),
        ]))
    }

    /// The same credential without what says who made the key: format "none", and the AAGUID all zeros (§5.1.3).
    ///
    /// # Errors
    /// Authenticator data that cannot be taken apart.
    pub fn stripped(&self) -> Result<Self, auth_data::Error> {
        // Found to be sound, then changed in place, so that no other byte can differ.
        let data = AuthData::parse(&self.auth_data)?;
        let mut auth_data = self.auth_data.clone();
        if data.credential.is_some()
            && let Some(aaguid) = auth_data.get_mut(37..53)
        {
            aaguid.fill(0);
        }
        Ok(Self { fmt: "none".to_owned(), auth_data, statement: Value::Map(vec![]) })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    /// The name of the pinned root at the end of the path.
    pub root: String,
    /// Its SHA-256.
    pub root_fingerprint: Fingerprint,
    /// The names on the path, the key's batch certificate first.
    pub path: Vec<String>,
    /// The model's name, from the metadata.
    pub model: String,
    /// The model's identifier, vouched for by the certificate.
    pub aaguid: Aaguid,
    pub certification: Certification,
    /// What the FIDO Alliance warns of, where it does not spoil the attestation itself.
    pub warnings: Vec<Warning>,
}

/// Why a key did not prove what it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Format "none": the key, or something before us, left the attestation out.
    #[error("the key gave no attestation")]
    NoAttestation,
    /// Signed with the new credential's own key: anything can do that.
    #[error("the key vouches for itself, which proves nothing")]
    SelfAttestation,
    /// Format "fido-u2f": it names no model, and a FIDO2 key does not use it.
    #[error("the attestation is U2F's, which names no model")]
    U2f,
    /// Another format: of platforms and phones, not of security keys.
    #[error("an attestation of format \"{fmt}\", which security keys do not use")]
    Format { fmt: String },
    #[error("the attestation cannot be read: {0}")]
    Malformed(Malformed),
    #[error("algorithm {alg} does not fit the attestation's certificate")]
    Algorithm {
        /// COSE's number.
        alg: i64,
    },
    #[error("the attestation's signature is wrong")]
    BadSignature,
    #[error("the attestation's certificate is an authority's, not a key's")]
    LeafIsCa,
    /// The certificate is not as §8.2.1 wants it.
    #[error("the attestation's certificate is not as it must be: {what}")]
    BadProfile { what: What },
    #[error("the key says it is model {claimed}, its certificate is for {certified}")]
    WrongAaguid {
        /// The key's word.
        claimed: Aaguid,
        certified: Aaguid,
    },
    #[error("no metadata names model {aaguid}")]
    UnknownModel {
        /// The key's word.
        aaguid: Aaguid,
    },
    #[error("the FIDO Alliance lists the model as {}", warning.status())]
    Revoked { warning: Warning },
    #[error("the certificates end at \"{name}\", not at a root of the maker")]
    UnknownRoot { name: String },
    /// The path names an intermediate that its maker publishes but that is not built in. This is no proof of
    /// anything: with the certificate the path may hold or not.
    #[error("the certificate of \"{issuer}\" is not built in, so the path cannot be completed")]
    IntermediateUnknown { issuer: String },
    /// A certificate on the path was not signed by the next one.
    #[error("{0}")]
    BadPath(certificates::Error),
    #[error("the certificate of \"{subject}\" has expired")]
    Expired { subject: String, since: SystemTime },
    /// A certificate on the path is not valid yet: more often, the clock of this machine is wrong.
    #[error("the certificate of \"{subject}\" is not valid yet")]
    NotYetValid { subject: String, from: SystemTime },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    #[error("bad CBOR: {0}")]
    Cbor(cbor::Error),
    #[error("\"{0}\" is missing or wrong")]
    Member(&'static str),
    #[error("{0}")]
    AuthData(auth_data::Error),
    #[error("it is about no credential")]
    NoCredential,
    /// The credential's public key.
    #[error("{0}")]
    Key(cose::Error),
    #[error("its certificate cannot be read")]
    Certificate,
    #[error("it has too many certificates")]
    TooManyCertificates,
}

impl From<Malformed> for Reason {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// A key sends 1 to 3 certificates.
const MAX_X5C: usize = 8;

/// Intermediates that Yubico publishes for firmware 5.7.4 and later, and that no issue of the metadata built in here
/// carried. A newer issue, or the file Yubico publishes, completes the path.
const PUBLISHED: [&str; 1] = ["Yubico FIDO Attestation B2 1"];

/// Checks everything there is to check, in the order of §8.2: format, signature, certificate, model, path.
/// `intermediates` are further certificates in DER that paths may go over; they confer no trust.
///
/// # Errors
/// The first reason why the key is not shown to be genuine.
pub fn verify(
    object: &AttestationObject,
    client_data_hash: &[u8; 32],
    metadata: &Metadata,
    intermediates: &[Vec<u8>],
    at: SystemTime,
) -> Result<Genuine, Reason> {
    let statement = packed(object)?;
    let data = AuthData::parse(&object.auth_data).map_err(Malformed::AuthData)?;
    let credential = data.credential.ok_or(Malformed::NoCredential)?;
    let signed = [object.auth_data.as_slice(), client_data_hash].concat();
    let Some(x5c) = statement.x5c else {
        return Err(surrogate(&credential, &statement, &signed));
    };
    let (first, others) = x5c.split_first().ok_or(Malformed::Member("x5c"))?;
    let leaf = certificates::parse(first).map_err(|_| Malformed::Certificate)?;
    let algorithm = algorithm(statement.alg, &leaf)?;
    UnparsedPublicKey::new(algorithm, &leaf.public_key().subject_public_key.data)
        .verify(&signed, statement.signature)
        .map_err(|_| Reason::BadSignature)?;
    let certified = profile::check(&leaf)?;
    if certified != credential.aaguid {
        return Err(Reason::WrongAaguid { claimed: credential.aaguid, certified });
    }
    let model = metadata.model(certified).ok_or(Reason::UnknownModel { aaguid: certified })?;
    if let Some(warning) = model.warnings.iter().find(|warning| warning.spoils_attestation()) {
        return Err(Reason::Revoked { warning: *warning });
    }
    let trust = metadata.trust(model);
    let brought = intermediates.iter().map(Vec::as_slice);
    let helpers: Vec<&[u8]> = others.iter().copied().chain(trust.intermediates).chain(brought).collect();
    let path = certificates::path(first, &helpers, &trust.anchors, at).map_err(no_path)?;
    Ok(genuine(path, model, certified))
}

fn genuine(path: certificates::Path, model: &Model, aaguid: Aaguid) -> Genuine {
    Genuine {
        root: path.root().to_owned(),
        root_fingerprint: path.anchor,
        path: path.names,
        model: model.name.clone(),
        aaguid,
        certification: model.certification.clone(),
        warnings: model.warnings.clone(),
    }
}

struct Packed<'a> {
    alg: i64,
    signature: &'a [u8],
    x5c: Option<Vec<&'a [u8]>>,
}

fn packed(object: &AttestationObject) -> Result<Packed<'_>, Reason> {
    match object.fmt.as_str() {
        "packed" => {}
        "none" => return Err(Reason::NoAttestation),
        "fido-u2f" => return Err(Reason::U2f),
        fmt => return Err(Reason::Format { fmt: fmt.chars().take(40).collect() }),
    }
    let statement = &object.statement;
    let alg = statement.get_text("alg").and_then(Value::as_int).ok_or(Malformed::Member("alg"))?;
    let signature = statement.get_text("sig").and_then(Value::as_bytes).ok_or(Malformed::Member("sig"))?;
    let x5c = statement.get_text("x5c").map(certificates_of).transpose()?;
    Ok(Packed { alg, signature, x5c })
}

fn certificates_of(x5c: &Value) -> Result<Vec<&[u8]>, Malformed> {
    let items = x5c.as_array().ok_or(Malformed::Member("x5c"))?;
    if items.len() > MAX_X5C {
        return Err(Malformed::TooManyCertificates);
    }
    items.iter().map(|item| item.as_bytes().ok_or(Malformed::Member("x5c"))).collect()
}

/// No certificate: self attestation, if the credential's key did sign; otherwise not even that.
fn surrogate(credential: &auth_data::AttestedCredential, statement: &Packed<'_>, signed: &[u8]) -> Reason {
    let key = match credential.public_key() {
        Ok(key) => key,
        Err(error) => return Malformed::Key(error).into(),
    };
    if key.algorithm() != statement.alg {
        return Reason::Algorithm { alg: statement.alg };
    }
    key.verify(signed, statement.signature).map_or(Reason::BadSignature, |()| Reason::SelfAttestation)
}

/// How to check a signature of the leaf's key, if that is what `alg` says. An EdDSA credential is attested by an
/// ES256 certificate all the same: `alg` is of the statement, not of the credential.
fn algorithm(
    alg: i64,
    leaf: &x509_parser::certificate::X509Certificate<'_>,
) -> Result<&'static dyn VerificationAlgorithm, Reason> {
    let spki = leaf.public_key();
    let oid = spki.algorithm.algorithm.to_id_string();
    let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
    match (alg, oid.as_str(), curve.as_deref()) {
        (cose::ES256, "1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => Ok(&signature::ECDSA_P256_SHA256_ASN1),
        (cose::EDDSA, "1.3.101.112", None) => Ok(&signature::ED25519),
        (cose::RS256, "1.2.840.113549.1.1.1", _) => Ok(&signature::RSA_PKCS1_2048_8192_SHA256),
        _ => Err(Reason::Algorithm { alg }),
    }
}

fn no_path(error: certificates::Error) -> Reason {
    use certificates::Error;
    match error {
        Error::Malformed => Malformed::Certificate.into(),
        Error::TooLong => Malformed::TooManyCertificates.into(),
        Error::Untrusted { root } => Reason::UnknownRoot { name: root },
        Error::IssuerMissing { issuer } if PUBLISHED.contains(&issuer.as_str()) => {
            Reason::IntermediateUnknown { issuer }
        }
        Error::IssuerMissing { issuer } => Reason::UnknownRoot { name: issuer },
        Error::Expired { subject, since } => Reason::Expired { subject, since },
        Error::NotYetValid { subject, from } => Reason::NotYetValid { subject, from },
        error => Reason::BadPath(error),
    }
}

/// The public key of the credential that an attestation object is about.
///
/// # Errors
/// [`Reason::Malformed`].
pub fn credential_key(object: &AttestationObject) -> Result<PublicKey, Reason> {
    let data = AuthData::parse(&object.auth_data).map_err(Malformed::AuthData)?;
    let credential = data.credential.ok_or(Malformed::NoCredential)?;
    Ok(credential.public_key().map_err(Malformed::Key)?)
}
