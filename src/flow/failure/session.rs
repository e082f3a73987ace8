//! Why no session is opened with a code.

use crate::keys::Serial;
use std::time::{Duration, SystemTime};

/// Why no session is opened with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionRefusal {
    /// IAM's self-management rule, and no attached key can satisfy it.
    NeedsMfaSession {
        /// The user's devices.
        devices: Vec<String>,
    },
    /// The codes that could be sent now have been sent already.
    CodeSpent {
        /// The device.
        serial: String,
        /// From when there is one that has not.
        from: SystemTime,
    },
    /// The credential gives no code without a touch, and nobody is there to give it.
    TouchNeeded {
        /// The key.
        key: Serial,
    },
    /// The caller has no MFA device, so there is nothing to open a session with.
    NoDevice,
    /// The caller has no device of this name or serial number.
    NoSuchDevice {
        /// What was asked for.
        device: String,
        /// What there is; empty where AWS did not let that be seen.
        devices: Vec<String>,
    },
    /// No key here holds one of the devices.
    NoKeyHolds {
        /// The devices looked for; empty where AWS did not let them be seen.
        devices: Vec<String>,
        /// The only key that was looked at.
        key: Option<Serial>,
    },
    /// AWS does not say which devices the caller has, and the keys hold several of the account's.
    NameTheDevice {
        /// What they hold.
        devices: Vec<String>,
    },
    /// A session opens no further one.
    SessionOfSession,
    /// The role does not allow a session that long.
    LongerThanRole {
        /// The role's ARN.
        role: String,
        /// The longest it allows.
        longest: Duration,
    },
}
