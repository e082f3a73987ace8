//! An administrator who is not root: planned, made, used, undone, and what stands in the way.

pub(crate) mod faults; // every call in every way, killed at every message: never without MFA, never with a lost password
mod places; // where the password goes
mod refusals; // what is left as it is, and plans that are out of date
mod scene;
mod story; // planned, made, applied again, undone
