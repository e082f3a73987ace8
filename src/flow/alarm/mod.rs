//! The alarm on root's use, once it is there: whoever is told confirms, and each hop is proved.

mod confirm; // the subscription of an address

pub use crate::aws::hardening::Confirmation;
pub use confirm::{Confirmed, confirm};
