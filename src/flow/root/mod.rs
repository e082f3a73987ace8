//! The root user's own factors: what no API registers, done in the console with glasskey at both ends of it.
//!
//! Nothing is believed that can be looked at, and what cannot be looked at is asked, and called *said*.

mod codes;
mod fido;
mod leaving;
mod login;
mod remove;
mod resync;
mod totp;
mod view;

pub use fido::{Candidate, Enrolled, Evidence, FidoRequest, Registered, Sitting, begin};
pub use login::{Answer, Login, Sight, login_check};
pub use remove::{Removal, RemoveRequest, remove};
pub use resync::{ResyncCodes, ResyncCodesRequest, resync_codes};
pub use totp::{TotpEnrolled, TotpRequest, TotpSitting, begin_totp};

use super::failure::{At, Cause, Failed, Residue, RootRefusal, Stage};
use crate::aws;
use std::time::Duration;

/// How long and how often root is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchLimits {
    pub timeout: Duration,
    /// Between two looks, at first.
    pub every: Duration,
}

/// Root was not given its factors, or not all.
#[derive(Debug, thiserror::Error)]
#[error("root's devices were not all changed as asked")]
pub struct NotDone {
    /// Where, why, and what is left on keys and on a phone.
    #[source]
    pub failed: Failed,
    pub registered: Vec<Registered>,
    pub awaited: Option<String>,
    pub removed: Vec<String>,
    pub undone: bool,
}

impl From<At> for NotDone {
    fn from((stage, cause): At) -> Self {
        let failed = Failed { stage, cause, left: Vec::new(), ahead: None };
        Self { failed, registered: Vec::new(), awaited: None, removed: Vec::new(), undone: false }
    }
}

/// Before anything was done.
impl From<Cause> for NotDone {
    fn from(cause: Cause) -> Self {
        Self::from((Stage::Preflight, cause))
    }
}

impl NotDone {
    fn leaving(mut self, left: Vec<Residue>) -> Self {
        self.failed.left = left;
        self
    }
}

const MOST: usize = 8;

impl view::View {
    /// What can be refused before anybody does anything; and what root has now.
    fn check(&mut self, wanted: usize) -> Result<view::Look, Cause> {
        if !aws::Partition::named(&self.partition).root_signs_in() {
            return Err(Cause::refused(RootRefusal::NoConsole { partition: self.partition.clone() }));
        }
        let look = self.look_closely()?;
        if let (Some(false), Some(account)) = (look.flags.and_then(|flags| flags.password), &self.account) {
            return Err(Cause::refused(RootRefusal::NoPassword { account: account.clone() }));
        }
        let has = look.devices.len();
        if has + wanted > MOST {
            return Err(Cause::refused(RootRefusal::NoRoom { has, wanted }));
        }
        Ok(look)
    }
}
