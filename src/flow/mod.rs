//! The stories: each reads top to bottom as a person would tell it. A flow has never seen an APDU, an SDK type or a
//! print macro; it speaks to the person in facts and returns facts.

pub mod access_key;
mod acknowledged;
mod announce;
mod audit;
mod confirm;
mod desk;
pub mod devices;
pub mod drill;
pub mod enroll;
#[allow(missing_docs)] // each field is named for what it is
mod failure;
pub mod fido_key;
mod holdings;
mod naming;
pub mod places;
mod record;
pub mod recover;
mod removal;
pub mod resync;
pub mod retire;
pub mod root;
pub mod roster;
pub mod rotate;
mod run;
mod self_management;
pub mod session;
mod spending;

pub use audit::{
    AuditRequest, Audited, Benchmark, Break, Evidence, Finding, Link, RULES, Rule, RuleInfo, Sees, Severity, Swept,
    Titles, TrailProblem, Verdict, audit, is_member, judge, out_of_reach,
};
pub use failure::{
    AccessKeyRefusal, BadLedger, BadRecord, Cause, CommonRefusal, EnrollRefusal, Failed, FidoRefusal, Implausible,
    Left, RecoverRefusal, Refusal, RemovalRefusal, RootRefusal, RosterRefusal, RotateRefusal, SessionRefusal, Stage,
};
pub use naming::{credential_name, device_of};
pub use record::Undo;
#[doc(hidden)]
pub use record::fuzz_record;
