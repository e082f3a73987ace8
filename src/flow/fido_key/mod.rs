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
pub use prepare::{NotPrepared, PinNow, PrepareRequest, Prepared, prepare, same_key};
pub use record::{Record, Records};
pub use register::{Registration, register};

use super::failure::Cause;
use crate::fido::{self, Ctap2, Info, Permissions, Token};
use crate::person::Person;
use crate::platform::Interrupt;
use crate::unlock;
use crate::unlock::fido::Opened;
use std::time::Duration;

/// A key, and who has it in hand.
pub struct Ceremony<'a> {
    pub key: &'a mut Opened,
    pub person: &'a mut dyn Person,
    pub interrupt: &'a Interrupt,
    /// Use the last try of a PIN without asking.
    pub last_try: bool,
}

/// A relying party's timeout is held between these (WebAuthn L3 §5.1.3 step 4): a person must have the time to touch a
/// key, and a key is not blocked for longer.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

fn ceremony_timeout(timeout: Option<Duration>) -> Option<Duration> {
    timeout.map(|timeout| timeout.clamp(SHORTEST, LONGEST))
}

/// Whether the key may have done what it was asked to all the same: its answer did not come, or makes no sense.
fn answer_lost(error: &fido::Error) -> bool {
    use fido::Error as E;
    matches!(error, E::Transport(_) | E::NoAnswer { .. } | E::CancelUnanswered | E::Malformed { .. } | E::Channel(_))
}

impl Ceremony<'_> {
    fn info(&mut self) -> Result<Info, Cause> {
        Ok(self.key.info()?)
    }

    /// Between two steps: has the person asked to stop?
    fn go_on(&self) -> Result<(), Cause> {
        if self.interrupt.raised() { Err(Cause::Interrupted) } else { Ok(()) }
    }

    fn token(&mut self, permissions: Permissions, rp_id: Option<&str>) -> Result<Token, Cause> {
        let token = self.key.token(self.person, self.last_try, permissions, rp_id);
        token.map_err(|error| self.unanswered(error))
    }

    /// Nobody answers a prompt that was interrupted.
    fn unanswered(&self, error: unlock::fido::Error) -> Cause {
        match error {
            unlock::fido::Error::NobodyToAsk { .. } if self.interrupt.raised() => Cause::Interrupted,
            error => Cause::Fido(error),
        }
    }

    /// A command that waits for a touch.
    fn touched<R>(
        &mut self,
        command: impl FnOnce(&mut Ctap2, &mut dyn FnMut()) -> Result<R, fido::Error>,
    ) -> Result<R, Cause> {
        Ok(self.key.touched(self.person, command)?)
    }
}
