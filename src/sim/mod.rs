//! Stand-ins for keys and AWS: a feature of the product, so that everything runs without either.
//!
//! They answer at the wire (APDU, HID report, HTTP), so the real code above them runs in full. Simulated seeds
//! come from the system's random source; nothing is hard-coded.

pub mod authenticator;
pub mod aws;
#[cfg(unix)]
pub mod card_server;
pub mod clock;
pub mod fido_ports;
#[cfg(unix)]
pub mod hid_server;
pub mod oath_card;
pub mod serve;
pub mod tap;
#[cfg(target_os = "linux")]
pub mod uhid;
