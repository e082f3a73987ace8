//! What a store has, shown by the store itself: a command that prints the current code of its entry.
//!
//! That a command took the seed and ended well does not say that anything was stored. A code does: only who has the
//! seed can compute it.

use super::command::holds_seed;
use super::{ChildCommand, CommandEnd, Error, program_of};
use crate::secret::{Code, Seed, on_wiped_stack};
use crate::totp::{self, AWS, Clock, Step, Uri};
use std::ops::RangeInclusive;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// A command that prints the current code of what was stored.
pub struct CodeCommand {
    pub child: ChildCommand,
}

/// Why a command's code is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeTrouble {
    /// It did not end well.
    #[error(transparent)]
    Ended(#[from] CommandEnd),
    #[error("it printed something other than one code of six digits")]
    NotACode,
    #[error("it printed a code that is not the seed's")]
    Another,
}

/// Steps that a command may take: the longest patience is an hour.
const STEPS: u64 = 121;

impl CodeCommand {
    /// Has it print a code, and compares that with the seed's. Its clock is this computer's, which may be off; a code of
    /// either clock's steps since it was started will do.
    ///
    /// # Errors
    /// [`Error::Code`].
    pub fn check(&self, seed: &Seed, clock: &Clock) -> Result<(), Error> {
        let failed = |why, said| Error::Code { program: program_of(&self.child.line), why, said };
        let begun = [clock.now(), clock.host_now()];
        let secret = |heard: &[u8]| on_wiped_stack(|| holds_seed(heard, &Uri::totp_text(None, "", AWS, seed), seed));
        let printed = self.child.ask(&secret).map_err(|(end, said)| failed(CodeTrouble::Ended(end), said))?;
        let code = code_in(&printed).ok_or_else(|| failed(CodeTrouble::NotACode, None))?;
        let ended = [clock.now(), clock.host_now()];
        let mut steps = begun.into_iter().zip(ended).flat_map(|(from, to)| steps(from, to));
        if steps.any(|step| totp::code(seed, AWS, Step(step)).matches(&code)) {
            Ok(())
        } else {
            Err(failed(CodeTrouble::Another, None))
        }
    }
}

/// The steps between two moments, however far a clock may have jumped in between.
fn steps(from: SystemTime, to: SystemTime) -> RangeInclusive<u64> {
    let [from, to] = [from, to].map(|at| Step::at(at, AWS.period).0);
    from.max(to.saturating_sub(STEPS))..=to
}

/// The code, where nothing else was printed; some programs print it in two groups.
fn code_in(printed: &[u8]) -> Option<Code> {
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(printed.iter().filter(|c| !c.is_ascii_whitespace()).copied().collect());
    let whole = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_digit);
    whole.then(|| Code::new(&digits))
}

/// Digits of AWS's codes.
const DIGITS: usize = AWS.digits as usize;
