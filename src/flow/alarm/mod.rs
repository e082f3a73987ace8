//! The alarm on root's use, once it is there: whoever is told confirms, and each hop is proved.

mod brought; // what trails record of root
mod chain; // which one is proved
mod confirm; // the subscription of an address
mod links; // what is certainly wrong with a rule
mod proof; // each hop of it
mod rules; // each hop from rules of EventBridge

pub use crate::aws::hardening::Confirmation;
pub use crate::person::{Hop, Proof, Tested};
pub use confirm::{Confirmed, confirm};
pub use proof::{AlarmTest, AlarmTested, test};
