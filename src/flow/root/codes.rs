//! Two consecutive codes, shown to be typed into one form of the console.
//!
//! The pair is for the present step and the next one. It is good until the next one ends: whoever types it by then
//! leaves AWS no further off than a step, of the two that it forgives. A pair stays the same for as long as it is good,
//! so that nobody types the first code of one and the second of another.

use crate::flow::Cause;
use crate::flow::desk::Desk;
use crate::person::{AtCodes, TwoCodes};
use crate::secret::{Code, Seed};
use crate::sink::KeySink;
use crate::totp::{self, AWS, Step};

/// What computes codes.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Key(&'a KeySink),
    /// No key holds it, and a phone cannot be asked.
    Seed(&'a Seed),
}

impl Source<'_> {
    fn code(self, step: Step, desk: &mut Desk<'_>) -> Result<Code, Cause> {
        match self {
            Self::Key(sink) => sink.code_at(step, &mut desk.bench()).map_err(Cause::Sink),
            Self::Seed(seed) => Ok(totp::code(seed, AWS, step)),
        }
    }
}

/// What is shown, and its first step.
pub(super) struct Shown {
    step: Step,
    codes: TwoCodes,
}

/// A pair that no earlier command has used up.
fn pair(source: Source<'_>, first: Step, desk: &mut Desk<'_>) -> Result<Shown, Cause> {
    let codes = [source.code(first, desk)?, source.code(first.next(), desk)?];
    let good_until = first.next().next().begins(AWS.period);
    Ok(Shown { step: first, codes: TwoCodes { codes, good_until } })
}

impl Shown {
    /// The first pair: of the present step, or of the one after the last that was used.
    pub(super) fn first(source: Source<'_>, serial: &str, desk: &mut Desk<'_>) -> Result<Self, Cause> {
        let now = Step::at(desk.clock.now(), AWS.period);
        let used = desk.spent.last(serial, now);
        let first = used.map_or(now, |used| used.next().max(now));
        pair(source, first, desk)
    }

    /// Shows it for a second; a pair that is not good any more is replaced before.
    pub(super) fn show(&mut self, source: Source<'_>, desk: &mut Desk<'_>) -> Result<AtCodes, Cause> {
        let now = desk.clock.now();
        if now >= self.codes.good_until {
            desk.person.hide_codes();
            *self = pair(source, Step::at(now, AWS.period), desk)?;
        }
        desk.go_on()?;
        match desk.person.show_codes(&self.codes, desk.clock.now()) {
            Some(at) => Ok(at),
            None if desk.interrupt.raised() => Ok(AtCodes::GivesUp),
            None => Err(Cause::NobodyToAsk),
        }
    }

    pub(super) fn into_codes(self) -> TwoCodes {
        self.codes
    }

    /// Writes down that these have been taken: whoever needs a pair next gets a later one.
    pub(super) fn used(&self, serial: &str, desk: &mut Desk<'_>) {
        let now = Step::at(desk.clock.now(), AWS.period);
        // An earlier claim of another process is as good.
        let _ = desk.spent.claim(serial, self.step, self.step.next(), now);
    }
}
