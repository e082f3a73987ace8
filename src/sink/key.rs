//! A YubiKey's OATH applet.

use super::{Bench, Error};
use crate::keys::Serial;
use crate::oath::{self, Name, New};
use crate::person::Notice;
use crate::ring;
use crate::secret::{Code, Seed};
use crate::totp::{self, AWS, Clock, Kind, Step};

/// How often the step may end before both codes of it are there. One touch that comes late costs one.
const ROUNDS: u32 = 10;

/// One credential on one key.
pub struct KeySink {
    pub key: Serial,
    /// The credential's id.
    pub name: Name,
    /// Every code asks for a touch.
    pub touch: bool,
}

impl KeySink {
    /// Writes the seed. When this fails the key may hold it or not.
    ///
    /// # Errors
    /// [`Error::Ring`].
    pub fn put(&self, seed: &Seed, bench: &mut Bench<'_, '_>) -> Result<(), Error> {
        let mut session = bench.ring.session(self.key, bench.person)?;
        let new = New { name: &self.name, kind: Kind::Totp, params: AWS, touch: self.touch, seed };
        Ok(session.put(&new).map_err(|cause| self.oath(cause))?)
    }

    /// Has the key compute a code, and compares it with the seed's.
    ///
    /// # Errors
    /// [`Error::Ring`], [`Error::WrongCode`].
    pub fn verify(&self, seed: &Seed, bench: &mut Bench<'_, '_>) -> Result<(), Error> {
        let step = Step::at(bench.clock.now(), AWS.period);
        let code = self.code_at(step, bench)?;
        self.compare(seed, step, &code)
    }

    /// The codes for the step before now and for now, which IAM accepts together without any waiting. With a touch
    /// credential a step may pass between the touches: then the later code serves as the earlier one.
    pub fn two_codes(&self, bench: &mut Bench<'_, '_>) -> Result<(Step, [Code; 2]), Error> {
        let now = |clock: &Clock| Step::at(clock.now(), AWS.period);
        let mut step = now(bench.clock);
        let mut earlier = self.code_at(step.previous(), bench)?;
        for _ in 0..ROUNDS {
            let code = self.code_at(step, bench)?;
            let later = now(bench.clock);
            if later <= step {
                return Ok((step, [earlier, code]));
            }
            earlier = if later == step.next() { code } else { self.code_at(later.previous(), bench)? };
            step = later;
        }
        Err(Error::TooSlow { key: self.key })
    }

    /// Fails with [`Error::WrongCode`] when `code` is not the seed's for `step`.
    pub fn compare(&self, seed: &Seed, step: Step, code: &Code) -> Result<(), Error> {
        if totp::code(seed, AWS, step).matches(code) { Ok(()) } else { Err(Error::WrongCode { key: self.key }) }
    }

    /// The code for any step, after a touch where the credential asks for one.
    pub fn code_at(&self, step: Step, bench: &mut Bench<'_, '_>) -> Result<Code, Error> {
        let mut session = bench.ring.session(self.key, bench.person)?;
        if self.touch {
            bench.person.tell(&Notice::Touch { key: self.key });
        }
        Ok(session.code(&self.name, step).map_err(|cause| self.oath(cause))?)
    }

    fn oath(&self, cause: oath::Error) -> ring::Error {
        ring::Error::Oath { key: self.key, cause }
    }
}
