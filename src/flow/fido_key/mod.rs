//! A FIDO2 key's ceremonies: proving what it is, registering, signing in, and making it ready for its safe. The part
//! of a browser and of a relying party, told as stories; knows no CBOR.

mod assert;
mod attest;
mod own;
mod prepare;
mod record;
mod register;
mod verifying;

pub use assert::assert;
pub use attest::{Attested, Issue, Trust, attest};
pub use own::{Enrolled, Finding, ORIGIN, RP_ID, Verified, enroll, known, sign, verify};
pub use prepare::{Cause, NotPrepared, PinNow, PrepareRequest, Prepared, prepare, same_key};
pub use record::{BadRecord, Record, Records};
pub use register::{Registration, register};

use crate::fido::webauthn::{self, Refusal};
use crate::fido::{self, Ctap2, Info, Permissions, Token};
use crate::person::{NoNewPin, Person};
use crate::platform::Interrupt;
use crate::ring;
use crate::ring::fido::Opened;
use std::time::Duration;

/// A key, and who has it in hand.
pub struct Ceremony<'a> {
    /// The key.
    pub key: &'a mut Opened,
    /// Whoever touches it and knows its PIN.
    pub person: &'a mut dyn Person,
    /// Raised when the person asks to stop.
    pub interrupt: &'a Interrupt,
    /// Use the last try of a PIN without asking.
    pub last_try: bool,
}

/// Why a ceremony came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The key, or asking for its PIN.
    #[error(transparent)]
    Ring(#[from] ring::fido::Error),
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
    /// The record of glasskey's own credential cannot be read or written.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// Glasskey has no credential of its own on this key, as far as can be told.
    #[error("the key is not enrolled for glasskey's own checks")]
    NotEnrolled,
    /// No new PIN was given.
    #[error(transparent)]
    NoNewPin(#[from] NoNewPin),
    /// The person asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// A relying party's timeout is held between these (WebAuthn L3 §5.1.3 step 4): a person must have the time to touch a
/// key, and a key is not blocked for longer.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

fn patience(timeout: Option<Duration>) -> Option<Duration> {
    timeout.map(|timeout| timeout.clamp(SHORTEST, LONGEST))
}

/// Whether the key may have done what it was asked to all the same: its answer did not come, or makes no sense.
fn answer_lost(error: &fido::Error) -> bool {
    use fido::Error as E;
    matches!(error, E::Transport(_) | E::NoAnswer { .. } | E::CancelUnanswered | E::Malformed { .. } | E::Channel(_))
}

impl Ceremony<'_> {
    fn info(&mut self) -> Result<Info, Trouble> {
        Ok(self.key.info()?)
    }

    /// Between two steps: has the person asked to stop?
    fn go_on(&self) -> Result<(), Trouble> {
        if self.interrupt.raised() { Err(Trouble::Interrupted) } else { Ok(()) }
    }

    fn token(&mut self, permissions: Permissions, rp_id: Option<&str>) -> Result<Token, Trouble> {
        let token = self.key.token(self.person, self.last_try, permissions, rp_id);
        token.map_err(|error| self.unanswered(error))
    }

    /// Nobody answers a prompt that was interrupted.
    fn unanswered(&self, error: ring::fido::Error) -> Trouble {
        match error {
            ring::fido::Error::NobodyToAsk { .. } if self.interrupt.raised() => Trouble::Interrupted,
            error => Trouble::Ring(error),
        }
    }

    /// A command that waits for a touch.
    fn touched<R>(
        &mut self,
        command: impl FnOnce(&mut Ctap2, &mut dyn FnMut()) -> Result<R, fido::Error>,
    ) -> Result<R, Trouble> {
        Ok(self.key.touched(self.person, command)?)
    }
}
