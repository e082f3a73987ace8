//! The stories: each reads top to bottom as a person would tell it. A flow has never seen an APDU, an SDK type or a
//! print macro; it speaks to the person in facts and returns facts.

mod access_key;
mod announce;
mod audit;
mod confirm;
mod desk;
mod devices;
pub mod drill;
mod enroll;
mod failure;
pub mod fido_key;
mod holdings;
mod naming;
mod places;
mod record;
mod recover;
mod removal;
mod resync;
mod retire;
pub mod root;
mod roster;
mod rotate;
mod run;
mod self_management;
mod session;
mod spending;

pub use access_key::{KeyRequest, KeyRotated, OldKey, SecretTo, access_key_permissions, rotate_access_key};
pub use audit::{
    AuditRequest, Audited, Break, Evidence, Finding, Link, Rule, Sees, Severity, Swept, TrailProblem, Verdict, audit,
    is_member, judge, out_of_reach,
};
pub use devices::{Device, DevicesRequest, Held, Inventory, Orphan, Proof, Unseen, devices};
pub use enroll::{DeviceResult, Enrolled, Request, enroll, permissions};
pub use failure::{
    AccessKeyRefusal, BadLedger, BadRecord, Cause, CommonRefusal, EnrollRefusal, Failed, FidoRefusal, Implausible,
    Left, RecoverRefusal, Refusal, RemovalRefusal, RootRefusal, RosterRefusal, RotateRefusal, SessionRefusal, Stage,
};
pub use naming::{credential_name, device_of};
pub use places::{CommandTo, EscrowTo, Places};
pub use record::Undo;
#[doc(hidden)]
pub use record::fuzz_record;
#[doc(hidden)]
pub use recover::{Course, Deed, Options, options_of};
pub use recover::{Found, Outcome, RecoverRequest, Recovered, recover};
pub use resync::{ResyncRequest, Resynced, resync, resync_permissions};
pub use retire::{RetireRequest, Retired, retire, retire_permissions};
pub use roster::{
    BadRow, Became, Kind as RosterKind, LARGEST as LARGEST_ROSTER, Progress, RosterDone, RosterRequest, Row,
    UserOutcome, Watch, Wrong, read as read_roster, work_through,
};
pub use rotate::{ProvedBy, RotateRequest, Rotated, rotate, rotate_permissions, rotate_with_access_key};
pub use session::{Session, SessionRequest, Source, forget_session, session};
