//! The stories: each reads top to bottom as a person would tell it. A flow has never seen an APDU, an SDK type or a
//! print macro; it speaks to the person in facts and returns facts.

pub mod access_key;
mod acknowledged;
pub mod alarm;
mod announce;
mod audit;
mod confirm;
mod context;
pub mod devices;
pub mod drill;
pub mod enroll;
mod failure;
pub mod fido_key;
pub mod harden;
mod holdings;
mod naming;
mod proof;
mod record;
pub mod recover;
mod removal;
pub mod resync;
pub mod retire;
pub mod root;
pub mod roster;
pub mod rotate;
mod run;
pub mod seed_sinks;
mod self_management;
pub mod session;
mod spending;

pub use audit::{
    AuditRequest, Audited, Benchmark, Break, Evidence, Finding, Link, RULES, Rule, RuleInfo, Sees, Severity, Swept,
    Titles, TrailProblem, Verdict, audit, caller, check, is_member, out_of_reach,
};
pub use failure::{
    AccessKeyRefusal, AlarmRefusal, BadLedger, BadRecord, Cause, CommonRefusal, EnrollRefusal, Failed, FidoRefusal,
    HardenRefusal, Implausible, RecoverRefusal, Refusal, RemovalRefusal, Residue, RootRefusal, RosterRefusal,
    RotateRefusal, SessionRefusal, Stage,
};
pub use naming::{credential_name, device_of};
pub use record::Undo;
#[doc(hidden)]
pub use record::fuzz_record;
