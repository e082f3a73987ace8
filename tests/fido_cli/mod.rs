//! `glasskey fido …` through the binary: software keys on sockets and, where it matters, behind hidraw.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod choosing; // which key is meant
mod config; // how a key behaves
mod credentials; // what is kept on it
mod fingerprints; // fingers
mod info; // what it says, and advisories
mod json; // docs/json.md
mod pins; // asking for PINs, and what is said of them
mod reset; // the same key after it was unplugged
