//! Two consecutive codes, shown to be typed into one form of the console.
//!
//! The pair is for the present step and the next one. It is good until the next one ends: whoever types it by then
//! leaves AWS no further off than a step, of the two that it forgives. A pair stays the same for as long as it is good,
//! so that nobody types the first code of one and the second of another.

use crate::flow::Cause;
use crate::flow::context::Context;
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
    fn code(self, step: Step, context: &mut Context<'_>) -> Result<Code, Cause> {
        match self {
            Self::Key(sink) => sink.code_at(step, &mut context.sinks()).map_err(Cause::Sink),
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
fn pair(source: Source<'_>, first: Step, context: &mut Context<'_>) -> Result<Shown, Cause> {
    let codes = [source.code(first, context)?, source.code(first.next(), context)?];
    let good_until = first.next().next().begins(AWS.period);
    Ok(Shown { step: first, codes: TwoCodes { codes, good_until } })
}

impl Shown {
    /// The first pair: of the present step, or of the one after the last that was used.
    pub(super) fn first(source: Source<'_>, serial: &str, context: &mut Context<'_>) -> Result<Self, Cause> {
        let now = Step::at(context.clock.now(), AWS.period);
        let used = context.used_codes.last(serial, now);
        let first = used.map_or(now, |used| used.next().max(now));
        pair(source, first, context)
    }

    /// Shows it for a second; a pair that is not good any more is replaced before.
    pub(super) fn show(&mut self, source: Source<'_>, context: &mut Context<'_>) -> Result<AtCodes, Cause> {
        let now = context.clock.now();
        if now >= self.codes.good_until {
            context.person.hide_codes();
            *self = pair(source, Step::at(now, AWS.period), context)?;
        }
        context.go_on()?;
        match context.person.show_codes(&self.codes, context.clock.now()) {
            Some(at) => Ok(at),
            None if context.interrupt.raised() => Ok(AtCodes::GivesUp),
            None => Err(Cause::NobodyToAsk),
        }
    }

    pub(super) fn into_codes(self) -> TwoCodes {
        self.codes
    }

    /// Writes down that these have been taken: whoever needs a pair next gets a later one.
    pub(super) fn used(&self, serial: &str, context: &mut Context<'_>) {
        let now = Step::at(context.clock.now(), AWS.period);
        // An earlier claim of another process is as good.
        let _ = context.used_codes.claim(serial, self.step, self.step.next(), now);
    }
}
