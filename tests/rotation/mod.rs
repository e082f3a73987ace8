//! What happens to a device after it was enrolled, through the binary: devices, resync, retire, rotate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod access_key; // a user's access key is replaced, and its secret handed over
pub(crate) mod access_key_faults; // and what goes wrong with it
mod access_key_own; // ones own, where policies want MFA
mod announce; // a removal is announced to other machines
mod devices; // the list, and what a key is believed or proved to hold
mod devices_faults; // and what goes wrong with that
pub(crate) mod faults; // something goes wrong at every message in turn
mod inheritance; // what a new device takes over, and what the plan says that is lost
mod machines; // somebody takes away what must stay, without glasskey
mod model; // every failure and every second run, explored in process
mod policies; // a policy that does not let the last steps through
mod proof; // the new device is proved by a session before the old one goes
mod resync; // a device is brought into step
mod retire; // a device is taken away
mod rotate; // a device is replaced
mod situations; // clocks, keys and streams, in each flow
