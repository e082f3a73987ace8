//! Why no session is opened with a code.

use crate::keys::Serial;
use std::time::{Duration, SystemTime};

/// Why no session is opened with a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRefusal {
    /// IAM's self-management rule, and no attached key can satisfy it.
    #[error("you have an MFA device already, so AWS lets you change your devices only through an MFA session")]
    NeedsMfaSession {
        /// The user's devices.
        devices: Vec<String>,
    },
    /// The codes that could be sent now have been sent already.
    #[error("the present code of {serial} has been sent to AWS already, and no code is sent twice")]
    CodeSpent {
        serial: String,
        /// From when there is one that has not.
        from: SystemTime,
    },
    /// The credential gives no code without a touch, and nobody is there to give it.
    #[error("YubiKey {key} wants a touch, and nobody can be asked for it")]
    TouchNeeded { key: Serial },
    /// The caller has no MFA device, so there is nothing to open a session with.
    #[error("the caller has no MFA device to open a session with")]
    NoDevice,
    /// The caller has no device of this name or serial number.
    #[error("the caller has no MFA device \"{device}\"")]
    NoSuchDevice {
        /// What was asked for.
        device: String,
        /// What there is; empty where AWS did not let that be seen.
        devices: Vec<String>,
    },
    /// No key here holds one of the devices.
    #[error("{} holds none of the caller's MFA devices", key.map_or_else(|| "every key that is plugged in".to_owned(), |key| format!("YubiKey {key}")))]
    NoKeyHolds {
        /// The devices looked for; empty where AWS did not let them be seen.
        devices: Vec<String>,
        /// The only key that was looked at.
        key: Option<Serial>,
    },
    /// AWS does not say which devices the caller has, and the keys hold several of the account's.
    #[error("the keys hold several devices, and the caller may not list their own")]
    NameTheDevice {
        /// What they hold.
        devices: Vec<String>,
    },
    /// A session opens no further one.
    #[error("these AWS credentials are a session's, and AWS opens no session with those")]
    SessionOfSession,
    /// The role does not allow a session that long.
    #[error("sessions of {role} last at most {} s; no code was used", longest.as_secs())]
    LongerThanRole {
        /// The role's ARN.
        role: String,
        /// The longest it allows.
        longest: Duration,
    },
}
