//! Why root does not get, keep or lose a device as was asked.

use crate::aws;
use crate::keys::Serial;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootRefusal {
    #[error("root has {serial} now, which is not called \"{name}\", and nobody can be asked whether it is the one")]
    OtherName { serial: String, name: String },
    #[error("root has {serial} already, and nobody can be asked whether it is {key}")]
    HasAlready { serial: String, key: String },
    #[error("root of an account in {partition} cannot sign in to the console there, so it can be given no factor")]
    NoConsole { partition: String },
    #[error("root of account {account} has no password, so nobody can sign in as root")]
    NoPassword { account: String },
    #[error("root has {has} MFA devices, and 8 are allowed: there is no room for {wanted} more")]
    NoRoom { has: usize, wanted: usize },
    #[error("nothing is named that is to hold the secret")]
    NoPlace,
    #[error("the account is not known, and the credential's name has its number")]
    NameTheAccount,
    #[error("the codes are shown on the terminal, and there is none")]
    NobodyToShow {
        /// They may be written to a file descriptor.
        enrolls: bool,
    },
    #[error("YubiKey {key} holds {} of root's", if *several { "several devices" } else { "no such device" })]
    WhichCredential {
        key: Serial,
        /// Root's virtual devices, as far as they show.
        roots: Vec<String>,
        on_key: Vec<String>,
        several: bool,
    },
    #[error("without AWS credentials nothing of root shows")]
    NoCredentials,
    #[error("{}", named.as_ref().map_or_else(|| "no device is named".to_owned(), |named| format!("root has no device {named}, as far as this view shows")))]
    WhichDevice {
        named: Option<String>,
        /// What root has, as far as it shows.
        devices: Vec<String>,
        all: bool,
    },
    #[error("root of account {account} would be left without MFA; nothing was changed")]
    WouldLoseMfa {
        account: String,
        serials: Vec<String>,
        /// Every device of root's shows, so that this is certain.
        sure: bool,
    },
    #[error("root of account {account} would be left without MFA, since what was to stay is gone")]
    NothingStays { account: String },
    #[error("root of account {account} has no MFA any more: what was to stay was taken away meanwhile")]
    NoMfaLeft { account: String },
    #[error("whether root of account {account} has MFA left could not be looked at")]
    StaysUnseen { account: String, why: aws::Error },
    #[error("{serial} is not root's any more: it was removed before this ended")]
    RemovedMeanwhile { serial: String },
    #[error("these credentials are root's, and AssumeRoot is not for root")]
    RootIntoMember,
    #[error("it would not be seen that the devices are gone, and nobody can be asked")]
    WouldNotBeSeenToGo,
    #[error("these credentials will not show {}, and nobody can be asked", if *none { "the new devices" } else { "the last device" })]
    WouldNotBeSeen {
        /// None of them, or not the last.
        none: bool,
    },
    #[error("the device did not appear within {} s", after.as_secs())]
    NotSeen { after: Duration },
    #[error("whether the console added it cannot be seen, and nobody can be asked")]
    NobodySays,
    #[error("the console did not add it, as you said")]
    NotAdded,
    #[error("the console did not remove {serial}, as you said")]
    NotRemoved { serial: String },
    #[error("root still has {}, as far as shows after {} s", serials.join(", "), after.as_secs())]
    StillThere { serials: Vec<String>, after: Duration },
    #[error("it is not known whether everything was deleted")]
    PerhapsDeleted { devices: Vec<(String, aws::Error)> },
}
