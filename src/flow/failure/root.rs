//! Why root does not get, keep or lose a device as was asked.

use crate::aws;
use crate::keys::Serial;
use std::time::Duration;

/// Why root does not get, keep or lose a device as was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootRefusal {
    /// Root of such an account cannot sign in to the console.
    #[error("root of an account in {partition} cannot sign in to the console there, so it can be given no factor")]
    NoConsole { partition: String },
    /// Root has no password, so that nobody can sign in as root.
    #[error("root of account {account} has no password, so nobody can sign in as root")]
    NoPassword { account: String },
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
        key: Serial,
        /// Root's virtual devices, as far as they show.
        roots: Vec<String>,
        /// What the key holds of this account.
        on_key: Vec<String>,
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
        account: String,
        /// The last factors.
        serials: Vec<String>,
        /// Every device of root's shows, so that this is certain.
        sure: bool,
    },
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
    /// The device was not seen in this time.
    #[error("the device did not appear within {} s", after.as_secs())]
    NotSeen {
        /// How long was waited.
        after: Duration,
    },
    /// What cannot be seen must be asked, and nobody can be.
    #[error("whether the console added it cannot be seen, and nobody can be asked")]
    NobodySays,
    /// The person says that the console did not add it.
    #[error("the console did not add it, as the person said")]
    NotAdded,
    /// The person says that the console did not remove this.
    #[error("the console did not remove {serial}, as the person said")]
    NotRemoved {
        /// Its serial number.
        serial: String,
    },
    /// These have not gone in this time, as far as was seen.
    #[error("root still has {}, as far as shows after {} s", serials.join(", "), after.as_secs())]
    StillThere {
        /// Their serial numbers.
        serials: Vec<String>,
        /// How long was waited.
        after: Duration,
    },
    /// All have gone from root, and whether these are deleted too is not known.
    #[error("it is not known whether everything was deleted")]
    PerhapsDeleted {
        /// Their serial numbers, and why.
        devices: Vec<(String, aws::Error)>,
    },
}
