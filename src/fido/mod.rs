//! FIDO2 authenticators: CTAP2 over HID, registrations and assertions, attestation. Has never heard of AWS.
//!
//! [`Ctap2`] is an open key; the seam is the HID report below it ([`crate::transport::hid`]). `ctaphid.rs` knows channels and frames,
//! `pin.rs` the PIN's rules and cryptography, `ctap2/` the commands, `hid.rs` (alone) the libraries below.

pub mod advisories;
pub mod attestation;
pub mod auth_data;
pub mod cbor;
pub mod certificates;
pub mod cose;
mod ctap2;
pub mod ctaphid;
mod error;
mod fields;
// Built without USB HID there are no devices, which the other file says.
#[cfg_attr(not(feature = "hid"), path = "no_hid.rs")]
pub mod hid;
pub mod info;
pub mod large_blob;
pub mod metadata;
pub mod pin;
mod ports;
pub mod sockets;
pub mod types;
pub mod webauthn;

pub use auth_data::{Aaguid, AuthData};
pub use ctap2::Ctap2;
pub use ctaphid::{ChannelError, Limits};
pub use error::{Error, status_name};
pub use info::Info;
pub use pin::{Attempt, BadPin, Permissions, Token};
pub use ports::{DiscoveredDevice, FidoPorts, NoDevices, open};
pub use types::*;

/// Reads bytes as authenticator data; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_auth_data(bytes: &[u8]) {
    let _ = AuthData::parse(bytes);
}

/// Reads bytes as reports of 64 bytes, on the channel of the first; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_reports(bytes: &[u8]) {
    let Some(channel) = bytes.first_chunk::<4>() else { return };
    let mut frames = ctaphid::Reassembler::new(u32::from_be_bytes(*channel));
    for report in bytes.as_chunks::<64>().0 {
        if let Ok(Some(message)) = frames.feed(report) {
            assert!(message.data.len() <= ctaphid::MAX_MESSAGE, "no longer than a message can be");
        }
    }
}

#[doc(hidden)]
pub use ctap2::fuzz_answer;
