//! What is told and asked while root is given a factor in the console.

use super::{AlarmNotice, HardenNotice};
use crate::aws::{self, DeviceKind};
use crate::keys::Serial;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// From where root is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RootView {
    /// As root itself.
    Root,
    /// By an administrator of the account.
    Administrator,
    /// From the organization, through AssumeRoot.
    Member,
    /// From nowhere: AWS is not asked.
    #[serde(rename = "none")]
    Nowhere,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleTask {
    /// Register a security key under this name.
    AddKey {
        name: String,
        key: String,
        /// Counted from 1.
        nth: usize,
        of: usize,
    },
    /// Make a virtual device under this name, and have its secret key shown.
    ShowSecret {
        name: String,
        /// A phone is to hold it too, or alone.
        phone: bool,
    },
    /// Type two codes into the form of the device being made.
    Confirm,
    Resync {
        serial: Option<String>,
    },
    Remove {
        serials: Vec<String>,
    },
}

/// Something that happens while root is given a factor, or loses one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootStep {
    /// An account is hardened.
    Harden(HardenNotice),
    /// Its alarm is proved.
    Alarm(AlarmNotice),
    Sees {
        view: RootView,
        account: Option<String>,
        /// Calls that are refused, by their permissions.
        lacks: Vec<&'static str>,
    },
    AtConsole {
        task: ConsoleTask,
        partition: String,
    },
    /// Root is being looked at until a device appears.
    Watching {
        what: String,
        /// Seconds since the beginning.
        elapsed: u64,
        /// Seconds left.
        left: u64,
    },
    Appeared {
        /// Its serial number; `None`: this view does not tell it.
        serial: Option<String>,
        /// The name that was proposed, where it has another.
        expected: Option<String>,
    },
    /// Root had a device of the name that is proposed for a key before anything was done.
    HasAlready {
        serial: String,
    },
    /// What AWS takes the device to be certified for, beside what the key attested.
    Certified {
        /// AWS's word; `None`: it could not be asked.
        aws: Option<BTreeMap<String, String>>,
        /// By the key's attestation.
        attested: String,
    },
    /// Another device of root's has appeared.
    Other {
        serial: String,
        kind: DeviceKind,
    },
    Gone {
        serial: String,
    },
    /// One more device is in use in the account; whose is not told.
    OneMoreInUse,
    /// A device that was to go is gone.
    Removed {
        /// Its serial number; `None`: root has no MFA any more, and this view tells no more.
        serial: Option<String>,
    },
    ListedAgain {
        serial: String,
    },
    /// One device fewer is in use in the account; whose it was is not told.
    OneFewerInUse,
    /// What is to go are root's last factors, and that is wanted.
    LastFactors {
        serials: Vec<String>,
        /// Every device of root's shows.
        sure: bool,
    },
    /// Root cannot be seen any more: why.
    Blind {
        why: aws::Error,
    },
    /// The person says that the console has the device, and IAM does not list it; it is looked for on.
    NotListedYet,
    /// Hardware-MFA controls stay failed: AWS counts this device as virtual.
    CountsAsVirtual,
    RemovalPlan {
        account: String,
        serials: Vec<String>,
        stay: Vec<String>,
        password: Option<bool>,
        keys: Option<bool>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootQuestion {
    /// Has the console said that a device was added? `--yes` does not answer this.
    WasAdded { name: String },
    /// Is this the device that was added? It is called otherwise. `--yes` does not answer this.
    IsIt { serial: String, name: String },
    /// Is this device, which root had before, the key? `--yes` does not answer this.
    IsThisKey { serial: String, key: String },
    /// Has the console removed a device? `--yes` does not answer this.
    WasRemoved { serial: String },
    /// Are the credentials to be removed from the keys again? `--yes` does not answer this.
    TakeBack {
        credential: String,
        /// The keys; where there are none, a phone alone holds the seed, and the run is to end.
        keys: Vec<Serial>,
    },
    /// Take these devices away from root of this account?
    Remove { account: String, serials: Vec<String> },
}

/// Two codes for one form, and until when.
pub struct TwoCodes {
    /// The codes, the earlier one first.
    pub codes: [crate::secret::Code; 2],
    /// From then on they are too old.
    pub good_until: SystemTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtCodes {
    Reads,
    /// Pressed Enter: the console has taken them.
    Done,
    GivesUp,
}
