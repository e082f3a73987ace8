//! Why a ceremony with a FIDO2 key came to nothing.

use crate::fido;
use crate::fido::attestation::Reason;
use crate::fido::webauthn::{self, Refusal};
use crate::journal;
use crate::person::{KeyStep, NoNewPin};
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FidoRefusal {
    #[error("it is not known whether the key holds the new credential")]
    PerhapsMade(#[source] fido::Error),
    #[error(transparent)]
    Options(#[from] webauthn::Error),
    #[error("the relying party wants an authenticator that is part of a computer; a key is none")]
    PlatformWanted,
    #[error("the relying party wants a discoverable credential, and the key keeps none")]
    NotDiscoverable,
    #[error("the relying party insists on credProtect, which the key does not have")]
    NoProtection,
    #[error("the relying party insists on large blobs, which the key does not have")]
    NoLargeBlob,
    #[error("the key holds credentials for several users: {} of them", names.len())]
    SeveralAccounts {
        /// Their names, where the key tells them.
        names: Vec<String>,
    },
    #[error("the key holds no credential for that user")]
    NoSuchAccount { names: Vec<String> },
    #[error("what the key answered does not hold")]
    Refused(#[source] Refusal),
    #[error("the key is not enrolled for glasskey's own checks")]
    NotEnrolled,
    #[error(transparent)]
    NoNewPin(#[from] NoNewPin),
    #[error("the key is not shown to be genuine: {0}")]
    NotGenuine(Reason),
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
    #[error("the record of the key cannot be kept")]
    Files(#[from] journal::Error),
    #[error("{path} is not a record that this version can read")]
    Unreadable { path: PathBuf },
}
