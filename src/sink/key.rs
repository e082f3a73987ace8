//! A YubiKey's OATH applet.

use super::{Context, Error};
use crate::keys::Serial;
use crate::oath::{self, Name, New};
use crate::person::Notice;
use crate::secret::{Code, Seed};
use crate::totp::{self, AWS, Clock, Kind, Step};
use crate::unlock;

/// How often the step may end before both codes of it are there. One touch that comes late costs one.
const ROUNDS: u32 = 10;

pub struct KeySink {
    pub key: Serial,
    /// The credential's id.
    pub name: Name,
    pub touch: bool,
}

impl KeySink {
    /// Writes the seed. When this fails the key may hold it or not.
    ///
    /// # Errors
    /// [`Error::UnlockedKeys`].
    pub fn put(&self, seed: &Seed, context: &mut Context<'_, '_>) -> Result<(), Error> {
        let mut session = context.keys.session(self.key, context.person)?;
        let new = New { name: &self.name, kind: Kind::Totp, params: AWS, touch: self.touch, seed };
        Ok(session.put(&new).map_err(|cause| self.oath(cause))?)
    }

    /// Has the key compute a code, and compares it with the seed's.
    ///
    /// # Errors
    /// [`Error::UnlockedKeys`], [`Error::WrongCode`].
    pub fn verify(&self, seed: &Seed, context: &mut Context<'_, '_>) -> Result<(), Error> {
        let step = Step::at(context.clock.now(), AWS.period);
        let code = self.code_at(step, context)?;
        self.compare(seed, step, &code)
    }

    /// The codes for the step before now and for now, which IAM accepts together without any waiting. With a touch
    /// credential a step may pass between the touches: then the later code serves as the earlier one.
    pub fn two_codes(&self, context: &mut Context<'_, '_>) -> Result<(Step, [Code; 2]), Error> {
        let now = |clock: &Clock| Step::at(clock.now(), AWS.period);
        let mut step = now(context.clock);
        let mut earlier = self.code_at(step.previous(), context)?;
        for _ in 0..ROUNDS {
            let code = self.code_at(step, context)?;
            let later = now(context.clock);
            if later <= step {
                return Ok((step, [earlier, code]));
            }
            earlier = if later == step.next() { code } else { self.code_at(later.previous(), context)? };
            step = later;
        }
        Err(Error::TooSlow { key: self.key })
    }

    /// Fails with [`Error::WrongCode`] when `code` is not the seed's for `step`.
    pub fn compare(&self, seed: &Seed, step: Step, code: &Code) -> Result<(), Error> {
        if totp::code(seed, AWS, step).matches(code) { Ok(()) } else { Err(Error::WrongCode { key: self.key }) }
    }

    /// The code for any step, after a touch where the credential asks for one.
    pub fn code_at(&self, step: Step, context: &mut Context<'_, '_>) -> Result<Code, Error> {
        let mut session = context.keys.session(self.key, context.person)?;
        if self.touch {
            context.person.tell(&Notice::Touch { key: self.key });
        }
        Ok(session.code(&self.name, step).map_err(|cause| self.oath(cause))?)
    }

    fn oath(&self, cause: oath::Error) -> unlock::Error {
        unlock::Error::Oath { key: self.key, cause }
    }
}
