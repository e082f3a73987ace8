//! The root user's factors through the binary: signing in, enrolling, resynchronising, removing; and the console beside
//! it, in the simulator.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod console; // what root does in the simulated console
mod fido; // security keys: what each view shows
mod fido_faults; // and what goes wrong
mod leaving; // factors that the console takes away, seen to go
mod login; // is this root, and what may it see
mod phone; // a phone beside keys, or alone
pub(crate) mod place; // keys, an account, somebody at the console
pub(crate) mod remove; // those of a member, through AssumeRoot
pub(crate) mod resync; // codes for the console's form
pub(crate) mod totp; // devices with codes
mod totp_faults; // and what goes wrong
mod totp_sweeps; // at every message
