//! Sending codes: each once, whichever command computed it.
//!
//! Sent once also means: six in three minutes at most, of the nine that STS allows.

use super::context::Context;
use super::failure::{Cause, SessionRefusal};
use crate::aws;
use crate::person::Notice;
use crate::totp::{AWS, Step};
use crate::used_codes::Doubt;
use std::time::{Duration, SystemTime};

/// Others may take the next code too, each time it is waited for. After so many it is said, and not waited for any more.
const WAITS: u32 = 10;
/// A pair behind the last step that is believed ([`crate::used_codes`]) begins sooner than this, whatever the clock does.
const LONGEST_WAIT: Duration = Duration::from_secs(180);

impl Context<'_> {
    /// The present step, once it is one whose code has not been sent. Waits for it, and says so.
    pub(super) fn unspent_step(&mut self, serial: &str) -> Result<Step, Cause> {
        self.unspent(serial, 1)
    }

    /// The present step, once neither its code nor that of the step before has been sent.
    pub(super) fn unspent_pair(&mut self, serial: &str) -> Result<Step, Cause> {
        self.unspent(serial, 2)
    }

    /// How long it takes until STS knows a device that was enabled then, and a code of it is due that has not been sent.
    pub(super) fn due(&mut self, serial: &str, enabled: SystemTime) -> Duration {
        let (now, step) = (self.clock.now(), self.step());
        let last = self.used_codes.last(serial, step);
        self.tell_doubt();
        let unsent = last.filter(|last| *last >= step).map(|last| last.next().begins(AWS.period));
        let times = unsent.into_iter().chain([enabled + aws::PROPAGATION]);
        times.filter_map(|time| time.duration_since(now).ok()).max().unwrap_or_default()
    }

    /// Writes down that the code for `step` is about to be sent. `false`: another process has just sent it.
    #[must_use]
    pub(super) fn spend(&mut self, serial: &str, step: Step) -> bool {
        self.claim(serial, step, step)
    }

    /// Writes down that the codes for the step before `step` and for `step` are about to be sent.
    pub(super) fn spend_pair(&mut self, serial: &str, step: Step) -> Result<(), Cause> {
        if self.claim(serial, step.previous(), step) {
            return Ok(());
        }
        let from = step.next().next().begins(AWS.period);
        Err(Cause::refused(SessionRefusal::CodeSpent { serial: serial.to_owned(), from }))
    }

    /// The device was made anew: its codes are others.
    pub(super) fn forget_spent(&mut self, serial: &str) {
        let now = self.step();
        self.used_codes.forget(serial, now);
        self.tell_doubt();
    }

    fn step(&self) -> Step {
        Step::at(self.clock.now(), AWS.period)
    }

    fn unspent(&mut self, serial: &str, codes: u64) -> Result<Step, Cause> {
        let mut from = SystemTime::UNIX_EPOCH;
        for _ in 0..WAITS {
            let now = self.step();
            let last = self.used_codes.last(serial, now);
            self.tell_doubt();
            let first = match last {
                Some(last) if last.0.saturating_add(codes) > now.0 => Step(last.0.saturating_add(codes)),
                _ => return Ok(now),
            };
            from = first.begins(AWS.period);
            if self.no_wait {
                break;
            }
            let left = from.duration_since(self.clock.now()).unwrap_or_default();
            self.wait("for the next code", left.min(LONGEST_WAIT))?;
        }
        Err(Cause::refused(SessionRefusal::CodeSpent { serial: serial.to_owned(), from }))
    }

    fn claim(&mut self, serial: &str, first: Step, last: Step) -> bool {
        let now = self.step();
        let claimed = self.used_codes.claim(serial, first, last, now);
        self.tell_doubt();
        claimed.is_ok()
    }

    fn tell_doubt(&mut self) {
        match self.used_codes.take_doubt() {
            None => {}
            Some(Doubt::Unreadable { path }) => self.tell(Notice::StepsUnreadable { path }),
            Some(Doubt::Unwritable { path, cause }) => {
                self.tell(Notice::StepsNotKept { path, why: cause.to_string() });
            }
        }
    }
}
