//! Puts a credential on a key and prints its code. The key is a software one; the real ones are behind
//! `glasskey::world::system_ports()`.
#![allow(clippy::print_stdout)]

use glasskey::keys;
use glasskey::oath::{Name, New, Session};
use glasskey::secret::Seed;
use glasskey::sim::oath_card::{Options, SoftKey, SoftPorts};
use glasskey::totp::{AWS, Kind, Step};
use std::error::Error;
use std::time::SystemTime;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let ports = SoftPorts(vec![SoftKey::new(Options::new(12_345_678))]);
    let (key, card) = keys::open(&ports, None)?;
    let mut session = Session::open(card)?;
    let (name, seed) = (Name::from_id("example.com:alice")?, Seed::from_base32(b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")?);
    session.put(&New { name: &name, kind: Kind::Totp, params: AWS, touch: false, seed: &seed })?;
    let code = session.code(&name, Step::at(SystemTime::now(), AWS.period))?;
    println!("{} on the {}: {}", name.id(), key.device.model, code.expose());
    Ok(())
}
