//! Why a device is not enrolled.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use crate::oath::Name;

/// Why a device is not enrolled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollRefusal {
    /// The root user's MFA can be enabled in the console only.
    #[error("the caller is the root user, whose MFA can be enabled in the console only")]
    RootCaller,
    /// The user has, or would have, more than 8 devices.
    #[error("the user has {used} MFA devices; {wanted} more would exceed AWS's limit of 8")]
    TooManyDevices {
        /// How many there are.
        used: usize,
        /// How many were to be added.
        wanted: usize,
    },
    /// The device exists already.
    #[error("{arn} exists already{}", user.as_ref().map_or_else(String::new, |user| format!(" and is enabled for {user}")))]
    NameTaken {
        /// Its serial number.
        arn: DeviceArn,
        /// The ARN of the user it is enabled for; `None`: nobody's, or it could not be seen.
        user: Option<String>,
    },
    /// A credential of this name is on the key already.
    #[error("a credential \"{}\" is on YubiKey {key} already; it was not overwritten", name.id())]
    CredentialThere {
        key: Serial,
        /// The credential's id.
        name: Name,
    },
    /// The key has no free slot.
    #[error("no free slot on YubiKey {key} (all {capacity} are used)")]
    KeyFull {
        key: Serial,
        /// Slots in all.
        capacity: usize,
    },
    /// The composed credential name is too long.
    #[error("\"{name}\" has {bytes} bytes; a key's credential name holds 64")]
    NameTooLong {
        name: String,
        /// Its length in bytes; 64 fit.
        bytes: usize,
    },
    /// No place proves the seed by a code, and nobody has accepted that.
    #[error("no place proves the new seed by a code, so nothing would show that it was stored")]
    Unproved,
    /// AWS has acknowledged that the device is enabled, and IAM does not list it.
    #[error("AWS acknowledged that {arn} is enabled, but IAM does not list it for {user}")]
    NotListed { arn: DeviceArn, user: String },
    /// The keys of one run compute different codes.
    #[error("the keys of this run compute different codes, so one of them was not written by it")]
    KeysDiffer,
}
