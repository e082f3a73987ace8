//! Why a device is not enrolled.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use crate::oath::Name;

/// Why a device is not enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrollRefusal {
    /// The root user's MFA can be enabled in the console only.
    RootCaller,
    /// The user has, or would have, more than 8 devices.
    TooManyDevices {
        /// How many there are.
        used: usize,
        /// How many were to be added.
        wanted: usize,
    },
    /// The device exists already.
    NameTaken {
        /// Its serial number.
        arn: DeviceArn,
        /// The ARN of the user it is enabled for; `None`: nobody's, or it could not be seen.
        user: Option<String>,
    },
    /// A credential of this name is on the key already.
    CredentialThere {
        /// The key.
        key: Serial,
        /// The credential's id.
        name: Name,
    },
    /// The key has no free slot.
    KeyFull {
        /// The key.
        key: Serial,
        /// Slots in all.
        capacity: usize,
    },
    /// The composed credential name is too long.
    NameTooLong {
        /// The name.
        name: String,
        /// Its length in bytes; 64 fit.
        bytes: usize,
    },
    /// No place proves the seed by a code, and nobody has accepted that.
    Unproved,
    /// AWS has acknowledged that the device is enabled, and IAM does not list it.
    NotListed {
        /// The device.
        arn: DeviceArn,
        /// Its user.
        user: String,
    },
    /// The keys of one run compute different codes.
    KeysDiffer,
}
