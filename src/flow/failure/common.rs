//! What stands in the way of more than one flow.

use crate::aws::DeviceArn;
use crate::keys::Serial;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommonRefusal {
    #[error("the caller is not an IAM user: {caller}")]
    NameTheUser {
        /// The caller's ARN.
        caller: String,
    },
    #[error("there is no IAM user \"{user}\" in this account")]
    NoSuchUser { user: String },
    #[error("{} \"{named}\"", if *several { "more than one device of the user is meant by" } else { "no device of the user is called" })]
    WhichDevice { named: String, devices: Vec<String>, several: bool },
    #[error("\"{value}\" is not a {what} that IAM takes")]
    BadValue { what: &'static str, value: String },
    #[error("an earlier run for user {user} did not end; it was making {arn}")]
    Unfinished { arn: DeviceArn, user: String },
    #[error("an earlier run for user {user} did not end; it was removing {serial}")]
    UnfinishedRemoval { serial: String, user: String },
    #[error("an earlier run for user {user} did not end; it was rotating the access key")]
    UnfinishedKey { user: String },
    #[error("YubiKey {key} holds no credential of {serial}")]
    NotOnKey { key: Serial, serial: String },
}
