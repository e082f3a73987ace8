//! Stand-ins for keys and AWS: a feature of the product, so that everything runs without either.
//!
//! They answer at the wire (APDU, HID report, HTTP), so the real code above them runs in full. Simulated seeds
//! come from the system's random source; nothing is hard-coded.

pub mod authenticator;
pub mod aws;
pub mod card_server;
pub mod clock;
pub mod fido_ports;
pub mod hid_server;
pub mod oath_card;
pub mod serve;
mod socket_server;
pub mod tap;
#[cfg(target_os = "linux")] // the kernel's own devices in user space
pub mod uhid;

use crate::aws::Connector;
use crate::person::Nobody;
use crate::platform::Interrupt;
use crate::totp::Clock;
use crate::world::World;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The world of a simulated account and software keys, with the account's clock. `caller`: whose credentials are used;
/// `state`: the state directory. Nobody is asked or told anything until `person` is somebody else.
///
/// # Errors
/// The system's, of what an [`Interrupt`] is made of.
pub fn world(aws: &aws::Aws, caller: &aws::Keys, keys: &[oath_card::SoftKey], state: &Path) -> io::Result<World> {
    let (clock, interrupt) = (Clock::new(Arc::new(aws.clock().clone())), Interrupt::new()?);
    Ok(World {
        ports: Box::new(oath_card::SoftPorts(keys.to_vec())),
        fido: Box::new(fido_ports::SoftFidoPorts(Vec::new())),
        aws: Connector {
            profile: None,
            region: None,
            wire: aws.wire(caller),
            clock: clock.clone(),
            interrupt: interrupt.clone(),
            on_retry: Arc::new(|_| ()),
            on_wait: Arc::new(|_| {}),
        },
        person: Box::new(Nobody),
        clock,
        interrupt,
        state: state.to_owned(),
    })
}
