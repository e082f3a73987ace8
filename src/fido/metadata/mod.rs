//! What the FIDO Alliance's metadata service says of models of keys: their names, certifications and attestation
//! roots. A table compiled from one issue of it is built in; a newer issue can be read from a file ([`blob`]).
//! Knows no key and no network.

pub mod blob;
mod table;

use super::auth_data::Aaguid;
use super::certificates::{self, Fingerprint};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;
use std::time::SystemTime;

pub use table::NotATable;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    number: u64,
    next_update: Date,
    models: BTreeMap<Aaguid, Model>,
    /// In DER; models name them by their place.
    certificates: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// As its maker writes it, like "YubiKey 5 Series with NFC".
    pub name: String,
    /// The highest the FIDO Alliance gave it.
    pub certification: Certification,
    /// What the FIDO Alliance warns of; empty for nearly all.
    pub warnings: Vec<Warning>,
    certificates: Vec<usize>,
}

/// A FIDO certification (MDS 3.0 §3.1.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certification {
    /// The entry does not say, or says that there is none.
    None,
    /// From before there were levels; counts as level 1.
    Certified,
    /// Of a level: "L1", "L1plus", "L2", ….
    Level(String),
}

impl fmt::Display for Certification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("not FIDO certified"),
            Self::Certified => f.write_str("FIDO certified"),
            Self::Level(level) => write!(f, "FIDO certified {}", level.replace("plus", "+")),
        }
    }
}

/// Undesired statuses (MDS 3.0 §3.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// The FIDO Alliance withdrew its trust.
    Revoked,
    /// The key that vouches for the model has leaked: anyone can pretend.
    AttestationKeyCompromise,
    /// PIN or fingerprint can be got around.
    UserVerificationBypass,
    /// Credentials can be taken from afar.
    UserKeyRemoteCompromise,
    /// Credentials can be taken by someone who holds the key.
    UserKeyPhysicalCompromise,
}

impl Warning {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Revoked, "REVOKED"),
        (Self::AttestationKeyCompromise, "ATTESTATION_KEY_COMPROMISE"),
        (Self::UserVerificationBypass, "USER_VERIFICATION_BYPASS"),
        (Self::UserKeyRemoteCompromise, "USER_KEY_REMOTE_COMPROMISE"),
        (Self::UserKeyPhysicalCompromise, "USER_KEY_PHYSICAL_COMPROMISE"),
    ];

    /// The name that the metadata service uses.
    #[must_use]
    pub fn status(self) -> &'static str {
        Self::ALL.iter().find(|(warning, _)| *warning == self).map_or("", |(_, status)| status)
    }

    /// Whether an attestation of this model proves nothing any more.
    #[must_use]
    pub const fn spoils_attestation(self) -> bool {
        matches!(self, Self::Revoked | Self::AttestationKeyCompromise)
    }

    fn from_status(status: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == status).map(|(warning, _)| *warning)
    }
}

/// What an attestation of one model is checked against.
#[derive(Clone, Debug, Default)]
pub struct Trust<'a> {
    pub anchors: Vec<&'a [u8]>,
    /// What a path may go over. Confers no trust.
    pub intermediates: Vec<&'a [u8]>,
}

static BUNDLED: LazyLock<Metadata> = LazyLock::new(|| {
    // A test holds that the table can be read. An empty one knows no model and trusts nothing.
    Metadata::from_table(include_str!("../../../data/metadata.json")).unwrap_or_else(|_| Metadata::new(0, Date::ZERO))
});

impl Metadata {
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// An issue without models.
    #[must_use]
    pub const fn new(number: u64, next_update: Date) -> Self {
        Self { number, next_update, models: BTreeMap::new(), certificates: Vec::new() }
    }

    /// Adds a model, or replaces it. Certificates are in DER: its roots, and intermediates if its maker gives them.
    pub fn insert(&mut self, aaguid: Aaguid, name: &str, certification: Certification, certificates: &[&[u8]]) {
        let certificates = certificates.iter().map(|der| self.place(der)).collect();
        let model = Model { name: name.to_owned(), certification, warnings: vec![], certificates };
        self.models.insert(aaguid, model);
    }

    pub fn warn(&mut self, aaguid: Aaguid, warning: Warning) {
        if let Some(model) = self.models.get_mut(&aaguid) {
            model.warnings.push(warning);
        }
    }

    fn place(&mut self, der: &[u8]) -> usize {
        let known = self.certificates.iter().position(|known| known == der);
        known.unwrap_or_else(|| {
            self.certificates.push(der.to_vec());
            self.certificates.len() - 1
        })
    }

    /// The number of the issue: each new one has a higher number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The day by which there is a newer issue.
    #[must_use]
    pub const fn next_update(&self) -> Date {
        self.next_update
    }

    /// Whether there must be a newer issue by now.
    #[must_use]
    pub fn is_stale(&self, at: SystemTime) -> bool {
        jiff::Timestamp::try_from(at).is_ok_and(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date() > self.next_update)
    }

    #[must_use]
    pub fn model(&self, aaguid: Aaguid) -> Option<&Model> {
        self.models.get(&aaguid)
    }

    pub fn models(&self) -> impl Iterator<Item = (Aaguid, &Model)> {
        self.models.iter().map(|(aaguid, model)| (*aaguid, model))
    }

    /// Takes the models of `newer` in place of those here; models that only this issue has stay. So nothing that was
    /// known is forgotten when a file holds only part of the service's entries.
    #[must_use]
    pub fn updated_with(&self, newer: &Self) -> Self {
        let mut merged = self.clone();
        merged.number = newer.number;
        merged.next_update = newer.next_update;
        for (aaguid, model) in &newer.models {
            let ders = newer.ders(model);
            merged.insert(*aaguid, &model.name, model.certification.clone(), &ders);
            model.warnings.iter().for_each(|warning| merged.warn(*aaguid, *warning));
        }
        merged
    }

    /// The same, with those of `roots` that signed themselves vouching for one model too.
    #[must_use]
    pub fn trusting(&self, aaguid: Aaguid, roots: &[Vec<u8>]) -> Self {
        let mut more = self.clone();
        let places: Vec<usize> = roots.iter().filter(|der| is_root(der)).map(|der| more.place(der)).collect();
        if let Some(model) = more.models.get_mut(&aaguid) {
            model.certificates.extend(places);
        }
        more
    }

    fn ders(&self, model: &Model) -> Vec<&[u8]> {
        model.certificates.iter().filter_map(|place| self.certificates.get(*place)).map(Vec::as_slice).collect()
    }

    /// Where a path from a key of this model may end. Its maker lists intermediates among its roots; where a root of
    /// theirs is listed too, only the root is an anchor, so that what is trusted stays what is pinned.
    #[must_use]
    pub fn anchors(&self, model: &Model) -> Vec<&[u8]> {
        let (roots, others): (Vec<&[u8]>, Vec<&[u8]>) = self.ders(model).into_iter().partition(|der| is_root(der));
        if roots.is_empty() { others } else { roots }
    }

    /// What vouches for a model. Intermediates of all models help: a maker has one set, and entries of older models
    /// do not list the newer ones.
    #[must_use]
    pub fn trust(&self, model: &Model) -> Trust<'_> {
        Trust { anchors: self.anchors(model), intermediates: self.intermediates() }
    }

    fn intermediates(&self) -> Vec<&[u8]> {
        self.certificates.iter().map(Vec::as_slice).filter(|der| is_intermediate(der)).collect()
    }

    #[must_use]
    pub fn roots(&self, model: &Model) -> BTreeSet<Fingerprint> {
        self.anchors(model).into_iter().map(certificates::fingerprint).collect()
    }
}

fn is_root(der: &[u8]) -> bool {
    certificates::parse(der).is_ok_and(|certificate| certificates::self_issued(&certificate))
}

fn is_intermediate(der: &[u8]) -> bool {
    certificates::parse(der).is_ok_and(|certificate| !certificates::self_issued(&certificate) && certificate.is_ca())
}

/// Yubico's preview roots vouch for engineering samples: never for a key that someone should rely on.
fn is_preview(der: &[u8]) -> bool {
    certificates::parse(der).is_ok_and(|certificate| {
        let name = certificates::subject(&certificate);
        name.starts_with("Yubico") && name.contains("Preview")
    })
}
