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

use crate::aws;
use crate::flow::failure::{Left, Stage};
use std::time::Duration;

/// How long and how often root is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one device.
    pub timeout: Duration,
    /// Between two looks, at first.
    pub every: Duration,
}

/// Root was not given its factors, or not all.
#[derive(Debug)]
pub struct NotDone {
    /// Why.
    pub cause: Cause,
    /// Keys that are registered all the same.
    pub registered: Vec<Registered>,
    /// What was waited for.
    pub awaited: Option<String>,
    /// Devices that root has no more.
    pub removed: Vec<String>,
    /// What is left on keys, and on a phone.
    pub left: Vec<Left>,
    /// What was begun was undone.
    pub undone: bool,
}

/// Why.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Cause {
    Aws(aws::Error),
    Refused(Refusal),
    /// A key or the journal.
    Flow(Stage, super::failure::Cause),
    /// Nothing was seen in this time.
    TimedOut(Duration),
    /// What cannot be seen must be asked, and nobody can be.
    NobodyToAsk,
    /// The person says that the console did not add it.
    NotAdded,
    /// The person says that the console did not remove this.
    NotRemoved(String),
    /// These have not gone in this time, as far as was seen.
    StillThere(Vec<String>, Duration),
    /// All have gone from root, and whether these are deleted too is not known: why.
    PerhapsDeleted(Vec<(String, aws::Error)>),
    Interrupted,
}

/// Why nothing was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Root of such an account cannot sign in to the console.
    NoConsole {
        /// Its partition.
        partition: String,
    },
    /// Root has no password, so that nobody can sign in as root.
    NoPassword {
        /// The account.
        account: String,
    },
    /// Root may have eight devices.
    NoRoom {
        /// How many it has.
        has: usize,
        /// How many were to be added.
        wanted: usize,
    },
    /// Neither a key nor a phone is to hold the secret.
    NoPlace,
    /// A credential's name has the account's number, which nobody has said.
    NameTheAccount,
    /// Codes are shown on a terminal, and there is none.
    NobodyToShow,
    /// The key holds no device of root's, or several.
    WhichCredential {
        /// The key.
        key: crate::keys::Serial,
        /// Root's virtual devices, as far as they show.
        roots: Vec<String>,
        /// What the key holds of this account.
        on_key: Vec<String>,
        /// Several.
        several: bool,
    },
    /// Without credentials nothing of root shows.
    NoCredentials,
    /// No device is named, or one that root does not have.
    WhichDevice {
        /// What was named.
        named: Option<String>,
        /// What root has, as far as it shows.
        devices: Vec<String>,
        /// Those are all.
        all: bool,
    },
    /// Root could sign in without MFA.
    WouldLoseMfa {
        /// The account.
        account: String,
        /// The last factors.
        serials: Vec<String>,
        /// Every device of root's shows, so that this is certain.
        sure: bool,
    },
    /// The person said no.
    Declined,
    /// A yes is needed, and nobody can be asked.
    NobodyConfirms,
    /// AssumeRoot is not for root.
    RootIntoMember,
    /// This view will not show that the devices are gone, and nobody can be asked.
    WouldNotBeSeenToGo,
    /// This view will not show the devices, and nobody can be asked.
    WouldNotBeSeen {
        /// None of them, or not the last.
        none: bool,
    },
}

impl From<Cause> for NotDone {
    fn from(cause: Cause) -> Self {
        Self { cause, registered: Vec::new(), awaited: None, removed: Vec::new(), left: Vec::new(), undone: false }
    }
}

/// Devices root may have.
const MOST: usize = 8;

impl view::View {
    /// What can be refused before anybody does anything; and what root has now.
    fn check(&mut self, wanted: usize) -> Result<view::Look, Cause> {
        if !aws::root_signs_in(&self.partition) {
            return Err(Cause::Refused(Refusal::NoConsole { partition: self.partition.clone() }));
        }
        let look = self.look_closely().map_err(Cause::Aws)?;
        if let (Some(false), Some(account)) = (look.flags.and_then(|flags| flags.password), &self.account) {
            return Err(Cause::Refused(Refusal::NoPassword { account: account.clone() }));
        }
        let has = look.devices.len();
        if has + wanted > MOST {
            return Err(Cause::Refused(Refusal::NoRoom { has, wanted }));
        }
        Ok(look)
    }
}
