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
#[derive(Debug, thiserror::Error)]
#[error("root's devices were not all changed as asked")]
pub struct NotDone {
    /// Why.
    #[source]
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
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Cause {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A key or the journal.
    #[error("failed while {0}")]
    Flow(Stage, #[source] super::failure::Cause),
    /// Nothing was seen in this time.
    #[error("the device did not appear within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// What cannot be seen must be asked, and nobody can be.
    #[error("whether the console added it cannot be seen, and nobody can be asked")]
    NobodyToAsk,
    /// The person says that the console did not add it.
    #[error("the console did not add it, as the person said")]
    NotAdded,
    /// The person says that the console did not remove this.
    #[error("the console did not remove {0}, as the person said")]
    NotRemoved(String),
    /// These have not gone in this time, as far as was seen.
    #[error("root still has {}, as far as shows after {} s", .0.join(", "), .1.as_secs())]
    StillThere(Vec<String>, Duration),
    /// All have gone from root, and whether these are deleted too is not known: why.
    #[error("it is not known whether everything was deleted")]
    PerhapsDeleted(Vec<(String, aws::Error)>),
    #[error("interrupted")]
    Interrupted,
}

/// Why nothing was begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Root of such an account cannot sign in to the console.
    #[error("root of an account in {partition} cannot sign in to the console there, so it can be given no factor")]
    NoConsole {
        /// Its partition.
        partition: String,
    },
    /// Root has no password, so that nobody can sign in as root.
    #[error("root of account {account} has no password, so nobody can sign in as root")]
    NoPassword {
        /// The account.
        account: String,
    },
    /// Root may have eight devices.
    #[error("root has {has} MFA devices, and 8 are allowed: there is no room for {wanted} more")]
    NoRoom {
        /// How many it has.
        has: usize,
        /// How many were to be added.
        wanted: usize,
    },
    /// Neither a key nor a phone is to hold the secret.
    #[error("nothing is named that is to hold the secret")]
    NoPlace,
    /// A credential's name has the account's number, which nobody has said.
    #[error("the account is not known, and the credential's name has its number")]
    NameTheAccount,
    /// Codes are shown on a terminal, and there is none.
    #[error("the codes are shown on the terminal, and there is none")]
    NobodyToShow,
    /// The key holds no device of root's, or several.
    #[error("YubiKey {key} holds {} of root's", if *several { "several devices" } else { "no such device" })]
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
    #[error("without AWS credentials nothing of root shows")]
    NoCredentials,
    /// No device is named, or one that root does not have.
    #[error("{}", named.as_ref().map_or_else(|| "no device is named".to_owned(), |named| format!("root has no device {named}, as far as this view shows")))]
    WhichDevice {
        /// What was named.
        named: Option<String>,
        /// What root has, as far as it shows.
        devices: Vec<String>,
        /// Those are all.
        all: bool,
    },
    /// Root could sign in without MFA.
    #[error("root of account {account} would be left without MFA; nothing was changed")]
    WouldLoseMfa {
        /// The account.
        account: String,
        /// The last factors.
        serials: Vec<String>,
        /// Every device of root's shows, so that this is certain.
        sure: bool,
    },
    /// The person said no.
    #[error("not confirmed; nothing was done")]
    Declined,
    /// A yes is needed, and nobody can be asked.
    #[error("a confirmation is needed, and nobody can be asked")]
    NobodyConfirms,
    /// AssumeRoot is not for root.
    #[error("these credentials are root's, and AssumeRoot is not for root")]
    RootIntoMember,
    /// This view will not show that the devices are gone, and nobody can be asked.
    #[error("it would not be seen that the devices are gone, and nobody can be asked")]
    WouldNotBeSeenToGo,
    /// This view will not show the devices, and nobody can be asked.
    #[error("these credentials will not show {}, and nobody can be asked", if *none { "the new devices" } else { "the last device" })]
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
        if !aws::Partition::named(&self.partition).root_signs_in() {
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
