//! `root harden`: planned, applied, seen and undone, through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod asking; // who is asked, and what where nobody is there
mod faults; // every call in every way, killed at every message: the same end
mod organization; // a whole organization: who may, which plan, which accounts
mod organization_faults; // every call about members, killed, and both at once
mod organization_scp; // the policy about root: attached, not attached, taken back
mod plans; // plans that are refused, and facts that change
mod steps; // what each step has of its own
mod story; // planned, applied, applied again, undone
pub(crate) mod world;
