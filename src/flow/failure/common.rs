//! What stands in the way of more than one flow.

use crate::aws::DeviceArn;
use crate::keys::Serial;

/// What stands in the way of more than one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommonRefusal {
    /// The caller is not a user: which user is meant?
    NameTheUser {
        /// The caller's ARN.
        caller: String,
    },
    /// No such user.
    NoSuchUser {
        /// The name.
        user: String,
    },
    /// No device of the user's, or more than one, is called so.
    WhichDevice {
        /// What was asked for.
        named: String,
        /// The user's devices.
        devices: Vec<String>,
        /// More than one.
        several: bool,
    },
    /// A name or path IAM does not take.
    BadValue {
        /// Which argument.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// An earlier run for this device or user did not end.
    Unfinished {
        /// Its device.
        arn: DeviceArn,
        /// Its user.
        user: String,
    },
    /// An earlier removal for this user did not end.
    UnfinishedRemoval {
        /// The device that was to go.
        serial: String,
        /// Its user.
        user: String,
    },
    /// An earlier rotation of this user's access key did not end.
    UnfinishedKey {
        /// Who.
        user: String,
    },
    /// The key does not hold the device.
    NotOnKey {
        /// The key.
        key: Serial,
        /// The device.
        serial: String,
    },
}
