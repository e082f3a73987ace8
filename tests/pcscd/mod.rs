//! The real PC/SC service: pcscd, libpcsclite and the `pcsc` crate run for real, and only the card is software.
//! The real `ykman` judges what glasskey writes.
//!
//! Every test has a pcscd of its own (see [`rig`]), so tests run in parallel and no key of this machine is touched.

#![cfg(all(feature = "pcsc", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

mod enroll;
pub(crate) mod key;
mod oath;
mod piv;
pub(crate) mod probe;
pub(crate) mod readers;
pub(crate) mod rig;
mod sharing;
mod udev;
pub(crate) mod ykman;

/// Downloads and builds what these tests need.
pub(crate) fn prepare() {
    ykman::ykman();
    rig::driver();
}
