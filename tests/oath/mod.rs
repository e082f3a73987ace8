//! The OATH applet's protocol: against the software key, and against recorded and constructed bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod card; // the software key itself, byte for byte
mod faults; // pulled and reset before and after every command
mod model; // random operations and random bytes
mod session; // every command and every refusal
mod wire; // recorded and constructed bytes

use glasskey::oath::{Name, New, Session};
use glasskey::secret::{Password, Seed};
use glasskey::sim::oath_card::{Options, SoftKey};
use glasskey::totp::{self, Kind, Params};

/// A key with the newest firmware.
fn key() -> SoftKey {
    SoftKey::new(Options::new(12_345_678))
}

fn old_key(major: u8, minor: u8, patch: u8) -> SoftKey {
    SoftKey::new(Options::new(12_345_678).firmware(major, minor, patch))
}

fn open(key: &SoftKey) -> Session {
    Session::open(key.card()).unwrap()
}

fn name(id: &str) -> Name {
    Name::from_id(id).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

/// A seed of this many random bytes.
fn seed(len: usize) -> Seed {
    let mut raw = vec![0; len];
    getrandom::fill(&mut raw).unwrap();
    Seed::from_bytes(&raw).unwrap()
}

/// A TOTP credential as AWS has them.
fn credential<'a>(name: &'a Name, seed: &'a Seed) -> New<'a> {
    New { name, kind: Kind::Totp, params: Params { period: name.parts().0, ..totp::AWS }, touch: false, seed }
}

/// Puts a credential that nobody needs the seed of.
fn fill(session: &mut Session, id: &str) {
    session.put(&credential(&name(id), &seed(20))).unwrap();
}
