//! A command for a user's first password: it comes on standard input, a line with nothing else in it.
//!
//! What is proved: the command read all of it and ended with status 0. What it stored is not looked at.

use super::Error;
use super::command::ChildCommand;
use super::told::is_told;
use crate::secret::{SecretText, on_wiped_stack};
use zeroize::Zeroizing;

pub struct PasswordSink {
    pub child: ChildCommand,
}

impl PasswordSink {
    /// Hands the password over. When this fails the command may have it or not.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn put(&self, password: &SecretText) -> Result<(), Error> {
        on_wiped_stack(|| {
            password.expose(|text| {
                let line = Zeroizing::new(format!("{text}\n"));
                self.child.run(&line, &|heard| is_told(heard, &[text.as_bytes()], line.as_bytes()))
            })
        })
    }
}
