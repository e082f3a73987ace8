//! The places a seed may go. Each can be written, proved, and undone.
//!
//! A sink knows its own place and nothing of AWS. Proving means: the place itself computed a code, and it is the one
//! the seed gives.

mod key;
mod phone;

pub use key::KeySink;
pub use phone::PhoneSink;

use crate::person::Person;
use crate::ring::{self, Ring};
use crate::secret::Seed;
use crate::totp::Clock;

/// What a sink needs while it works.
pub struct Bench<'a, 'p> {
    /// The keys.
    pub ring: &'a mut Ring<'p>,
    /// Touch prompts, the phone's screen.
    pub person: &'a mut dyn Person,
    /// The moment a proof is computed for.
    pub clock: &'a Clock,
}

/// A place for a seed.
pub trait Sink {
    /// Writes the seed. When this fails the place may hold it or not.
    fn put(&mut self, seed: &Seed, bench: &mut Bench<'_, '_>) -> Result<(), Error>;

    /// Has the place compute a code, and compares.
    fn verify(&mut self, seed: &Seed, bench: &mut Bench<'_, '_>) -> Result<(), Error>;
}

/// Why a place did not take the seed, or could not prove that it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The key.
    Ring(ring::Error),
    /// The key computes other codes than the seed gives.
    WrongCode {
        /// The key.
        key: crate::keys::Serial,
    },
    /// The person gave up before the phone showed the right code.
    NotConfirmed,
    /// A phone was asked for and there is no terminal to show the QR code on.
    NobodyToAsk,
    /// The QR code cannot hold the URI.
    TooLong,
}

impl From<ring::Error> for Error {
    fn from(cause: ring::Error) -> Self {
        Self::Ring(cause)
    }
}
