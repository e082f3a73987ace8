//! Why a ceremony with a FIDO2 key came to nothing.

use crate::fido;
use crate::fido::attestation::Reason;
use crate::fido::webauthn::{self, Refusal};
use crate::journal;
use crate::person::{KeyStep, NoNewPin};
use std::path::PathBuf;

/// Why a ceremony with a FIDO2 key came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FidoRefusal {
    /// The key's answer to a registration was lost, or makes no sense: it may hold the credential.
    #[error("it is not known whether the key holds the new credential")]
    PerhapsMade(#[source] fido::Error),
    /// What the relying party wants cannot be read, or not be done by anybody here.
    #[error(transparent)]
    Options(#[from] webauthn::Error),
    /// The relying party wants an authenticator that is part of the machine.
    #[error("the relying party wants an authenticator that is part of a computer; a key is none")]
    PlatformWanted,
    /// The relying party wants a discoverable credential, and the key keeps none.
    #[error("the relying party wants a discoverable credential, and the key keeps none")]
    NotDiscoverable,
    /// The relying party insists on a protection of the credential that the key does not have.
    #[error("the relying party insists on credProtect, which the key does not have")]
    NoProtection,
    /// The relying party insists on large blobs, which the key does not have.
    #[error("the relying party insists on large blobs, which the key does not have")]
    NoLargeBlob,
    /// Several accounts are on the key, and none was named.
    #[error("the key holds credentials for several users: {} of them", names.len())]
    SeveralAccounts {
        /// Their names, where the key tells them.
        names: Vec<String>,
    },
    /// The account that was named is not on the key.
    #[error("the key holds no credential for that user")]
    NoSuchAccount {
        /// Those that are.
        names: Vec<String>,
    },
    /// What the key made does not stand a relying party's checks.
    #[error("what the key answered does not hold")]
    Refused(#[source] Refusal),
    /// Glasskey has no credential of its own on this key, as far as can be told.
    #[error("the key is not enrolled for glasskey's own checks")]
    NotEnrolled,
    /// No new PIN was given.
    #[error(transparent)]
    NoNewPin(#[from] NoNewPin),
    /// The key did not prove what it is.
    #[error("the key is not shown to be genuine: {0}")]
    NotGenuine(Reason),
    /// The key's answer to a step was lost: the step may be done.
    #[error("the answer of the key was lost: the step may be done")]
    InDoubt {
        /// How the answer was lost.
        #[source]
        cause: fido::Error,
        step: Box<KeyStep>,
    },
}

/// Why the record of glasskey's own credential cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadRecord {
    /// A file could not be read or written.
    #[error("the record of the key cannot be kept")]
    Files(#[from] journal::Error),
    /// A file is not a record, or one of a later version.
    #[error("{path} is not a record that this version can read")]
    Unreadable { path: PathBuf },
}
