//! Why no session is opened with a code.

use crate::keys::Serial;
use std::time::{Duration, SystemTime};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRefusal {
    /// IAM's self-management rule, and no attached key can satisfy it.
    #[error("you have an MFA device already, so AWS lets you change your devices only through an MFA session")]
    NeedsMfaSession { devices: Vec<String> },
    #[error("the present code of {serial} has been sent to AWS already, and no code is sent twice")]
    CodeSpent {
        serial: String,
        /// From when there is one that has not.
        from: SystemTime,
    },
    #[error("YubiKey {key} wants a touch, and nobody can be asked for it")]
    TouchNeeded { key: Serial },
    #[error("the caller has no MFA device to open a session with")]
    NoDevice,
    #[error("the caller has no MFA device \"{device}\"")]
    NoSuchDevice {
        device: String,
        /// What there is; empty where AWS did not let that be seen.
        devices: Vec<String>,
    },
    #[error("{} of the caller's MFA devices", key.map_or_else(|| "no key that is plugged in holds one".to_owned(), |key| format!("YubiKey {key} holds none")))]
    NoKeyHolds {
        /// The devices looked for; empty where AWS did not let them be seen.
        devices: Vec<String>,
        /// The only key that was looked at.
        key: Option<Serial>,
    },
    #[error("the keys hold several devices, and the caller may not list their own")]
    NameTheDevice { devices: Vec<String> },
    #[error("these AWS credentials are a session's, and AWS opens no session with those")]
    SessionOfSession,
    #[error("sessions of {role} last at most {} s; no code was used", longest.as_secs())]
    LongerThanRole {
        /// The role's ARN.
        role: String,
        longest: Duration,
    },
}
