//! An authenticator app, through a QR code on the terminal.

use super::{Context, Error};
use crate::person::Notice;
use crate::secret::Seed;
use crate::totp::{self, AWS, Step, Uri};

/// A phone that scans the seed.
pub struct PhoneSink {
    pub issuer: String,
    pub account: String,
}

impl PhoneSink {
    /// Shows the QR code until a code of the phone's proves that it was scanned, then erases it.
    ///
    /// # Errors
    /// [`Error::NotConfirmed`], [`Error::NobodyToAsk`].
    pub fn verify(&self, seed: &Seed, context: &mut Context<'_, '_>) -> Result<(), Error> {
        let uri = Uri::totp_text(Some(&self.issuer), &self.account, AWS, seed);
        let clock = context.clock;
        // The phone's clock may be a step off, and typing takes time.
        let mut check = |code: &crate::secret::Code| {
            let step = Step::at(clock.now(), AWS.period);
            [step.previous(), step, step.next()].iter().any(|step| totp::code(seed, AWS, *step).matches(code))
        };
        match context.person.show_qr(&uri, &mut check) {
            Some(true) => {
                context.person.tell(&Notice::OnPhone);
                Ok(())
            }
            Some(false) => Err(Error::NotConfirmed),
            None => Err(Error::NobodyToAsk),
        }
    }
}
