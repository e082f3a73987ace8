//! What stands in the way of more than one flow.

use crate::aws::DeviceArn;
use crate::keys::Serial;

/// What stands in the way of more than one flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommonRefusal {
    /// The caller is not a user: which user is meant?
    #[error("the caller is not an IAM user: {caller}")]
    NameTheUser {
        /// The caller's ARN.
        caller: String,
    },
    /// No such user.
    #[error("there is no IAM user \"{user}\" in this account")]
    NoSuchUser { user: String },
    /// No device of the user's, or more than one, is called so.
    #[error("{} \"{named}\"", if *several { "more than one device of the user is meant by" } else { "no device of the user is called" })]
    WhichDevice {
        /// What was asked for.
        named: String,
        /// The user's devices.
        devices: Vec<String>,
        /// More than one.
        several: bool,
    },
    /// A name or path IAM does not take.
    #[error("\"{value}\" is not a {what} that IAM takes")]
    BadValue { what: &'static str, value: String },
    /// An earlier run for this device or user did not end.
    #[error("an earlier run for user {user} did not end; it was making {arn}")]
    Unfinished { arn: DeviceArn, user: String },
    /// An earlier removal for this user did not end.
    #[error("an earlier run for user {user} did not end; it was removing {serial}")]
    UnfinishedRemoval {
        /// The device that was to go.
        serial: String,
        user: String,
    },
    /// An earlier rotation of this user's access key did not end.
    #[error("an earlier run for user {user} did not end; it was rotating the access key")]
    UnfinishedKey { user: String },
    /// The key does not hold the device.
    #[error("YubiKey {key} holds no credential of {serial}")]
    NotOnKey { key: Serial, serial: String },
}
