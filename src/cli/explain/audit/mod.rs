//! What an audit's findings say: [`fixes`] has what to do, [`seen`] the evidence. Titles and reasons are the rules' own.

mod fixes;
mod policies;
mod seen;
mod watching;

pub use fixes::{Fix, fix};
pub use seen::{evidence, may_pass, unreadable};
