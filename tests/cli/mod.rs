//! Arguments in; stdout, stderr and exit code out: every command through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod demo; // the whole story
pub(crate) mod json; // docs/json.md and the binary agree
mod keys; // what is plugged in
pub(crate) mod oath; // one key's OATH applet by hand
