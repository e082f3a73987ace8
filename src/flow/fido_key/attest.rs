//! Whether a key is what it says it is: it makes a credential that nobody keeps, and its statement is checked in full.

use super::Ceremony;
use super::own::{self, ORIGIN, RP_ID};
use super::register::register;
use crate::fido::Aaguid;
use crate::fido::attestation::{AttestationObject, Genuine, Reason, verify};
use crate::fido::certificates::{self, Fingerprint};
use crate::fido::metadata::Metadata;
use crate::fido::webauthn::{Conveyance, CreationOptions, Requirement, Selection};
use crate::flow::failure::Cause;
use jiff::civil::Date;
use std::time::SystemTime;

/// What an attestation is held against.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    pub metadata: &'a Metadata,
    /// Certificates that the person brought, in DER: roots among them are trusted for any model.
    pub brought: &'a [Vec<u8>],
    /// The time at which certificates must be valid.
    pub at: SystemTime,
}

/// Which issue of the metadata was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    pub number: u64,
    pub next_update: Date,
    pub stale: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    pub verdict: Result<Genuine, Reason>,
    pub aaguid: Aaguid,
    /// That model's name, where the metadata has it; no more than the key's word without the verdict.
    pub claimed: Option<String>,
    /// The root is one that the person brought.
    pub by_brought_root: bool,
    pub issue: Issue,
}

/// Has the key prove what it is. It makes a credential for a relying party that cannot exist, which is not
/// discoverable and which nobody keeps: nothing is left on the key.
///
/// # Errors
/// What keeps the key from making a credential. That it is not genuine is an answer.
pub fn attest(trust: Trust<'_>, ceremony: &mut Ceremony<'_>) -> Result<Attested, Cause> {
    let options = CreationOptions {
        selection: Selection {
            attachment: None,
            resident_key: Requirement::Discouraged,
            user_verification: Requirement::Discouraged,
        },
        attestation: Conveyance::Direct,
        ..own::options(RP_ID, ceremony)?
    };
    let registration = register(&options, &own::origin(ORIGIN)?, ceremony)?;
    let (object, hash) = &registration.attestation;
    Ok(check(object, hash, registration.registered.aaguid, trust))
}

/// The verdict on one statement.
fn check(object: &AttestationObject, hash: &[u8; 32], aaguid: Aaguid, trust: Trust<'_>) -> Attested {
    let Trust { metadata, brought, at } = trust;
    let by_metadata = verify(object, hash, metadata, brought, at);
    let verdict = match by_metadata {
        Err(reason @ (Reason::UnknownRoot { .. } | Reason::IntermediateUnknown { .. })) if !brought.is_empty() => {
            verify(object, hash, &metadata.trusting(aaguid, brought), brought, at).map_err(|_| reason)
        }
        verdict => verdict,
    };
    let is_brought = |root: &Fingerprint| brought.iter().any(|der| certificates::fingerprint(der) == *root);
    let known = |genuine: &Genuine| {
        metadata.model(aaguid).is_some_and(|model| metadata.roots(model).contains(&genuine.root_fingerprint))
    };
    Attested {
        by_brought_root: verdict
            .as_ref()
            .is_ok_and(|genuine| is_brought(&genuine.root_fingerprint) && !known(genuine)),
        verdict,
        aaguid,
        claimed: metadata.model(aaguid).map(|model| model.name.clone()),
        issue: Issue { number: metadata.number(), next_update: metadata.next_update(), stale: metadata.is_stale(at) },
    }
}
