//! Keys over HID without a kernel: the real binary, with ctap-hid-fido2 and hidapi in it, and other people's programs
//! find software authenticators through a preloaded shim in place of hidraw and libudev (see `shim.c`).
//!
//! What the shim fakes runs for real in [`crate::kernel`].

#![cfg(all(feature = "hid", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

pub(crate) mod rig;
