//! One file a command: arguments to a request, the flow, its report.

pub(super) mod access_key;
pub(super) mod demo;
pub(super) mod devices;
pub(super) mod doctor;
pub(super) mod drill;
pub(super) mod enroll;
pub(super) mod fido;
pub(super) mod generate;
pub(super) mod keys;
pub(super) mod oath;
pub(super) mod piv;
pub(super) mod recover;
pub(super) mod retire;
pub(super) mod root;
pub(super) mod roster;
pub(super) mod rotate;
pub(super) mod session;
pub(super) mod simulate;
pub(super) mod version;
