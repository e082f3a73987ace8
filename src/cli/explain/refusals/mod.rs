//! What each flow refuses, and what to do then.

mod access_key;
mod alarm;
mod common;
mod enroll;
mod harden;
mod recover;
mod removal;
mod root;
mod roster;
mod rotate;
mod session;

use super::Explanation;
use crate::flow::Refusal;

pub(super) use recover::who;
pub(super) use root::not_seen;
pub(in crate::cli) use root::{delete_it, last_factors};

pub(super) fn refusal(refusal: &Refusal) -> Explanation {
    match refusal {
        Refusal::Common(refusal) => common::common(refusal),
        Refusal::Enroll(refusal) => enroll::enroll(refusal),
        Refusal::Rotate(refusal) => rotate::rotate(refusal),
        Refusal::Removal(refusal) => removal::removal(refusal),
        Refusal::AccessKey(refusal) => access_key::access_key(refusal),
        Refusal::Session(refusal) => session::session(refusal),
        Refusal::Recover(refusal) => recover::recover(refusal),
        Refusal::Roster(refusal) => roster::roster(refusal),
        Refusal::Root(refusal) => root::root(refusal),
        Refusal::Harden(refusal) => harden::harden(refusal),
        Refusal::Alarm(refusal) => alarm::alarm(refusal),
        // Which key it was is known where it is shown.
        Refusal::Fido(refusal) => Explanation::new("fido", refusal.to_string()),
    }
}
