//! Finding and choosing keys, among software keys in process and on sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod choosing; // exactly one, or why not
mod reading; // what a key says of itself, and its name
mod sockets; // software keys on Unix sockets

use glasskey::oath::{Name, New, Session};
use glasskey::secret::Seed;
use glasskey::sim::oath_card::{Options, SoftKey};
use glasskey::totp::{self, Kind};

fn key(serial: u32) -> SoftKey {
    SoftKey::new(Options::new(serial))
}

/// Puts a credential with a seed nobody keeps.
fn put(session: &mut Session, id: &str, touch: bool) {
    let mut raw = [0; 20];
    getrandom::fill(&mut raw).unwrap();
    let (name, seed) = (Name::from_id(id).unwrap(), Seed::from_bytes(&raw).unwrap());
    session.put(&New { name: &name, kind: Kind::Totp, params: totp::AWS, touch, seed: &seed }).unwrap();
}
