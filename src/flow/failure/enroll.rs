//! Why a device is not enrolled.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use crate::oath::Name;

const NOT_OURS: &str = "was not made by an unfinished run of this machine; it was not touched";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollRefusal {
    #[error("the caller is the root user, whose MFA can be enabled in the console only")]
    RootCaller,
    #[error("the user has {used} MFA devices; {wanted} more would exceed AWS's limit of 8")]
    TooManyDevices { used: usize, wanted: usize },
    #[error("{arn} exists already and {}", user.as_ref().map_or_else(|| NOT_OURS.to_owned(), |user| format!("is enabled for {}", short(user))))]
    NameTaken {
        arn: DeviceArn,
        /// The ARN of the user it is enabled for; `None`: nobody's, or it could not be seen.
        user: Option<String>,
    },
    #[error("a credential \"{}\" is on YubiKey {key} already; it was not overwritten", name.id())]
    CredentialThere { key: Serial, name: Name },
    #[error("no free slot on YubiKey {key} (all {capacity} are used)")]
    KeyFull { key: Serial, capacity: usize },
    #[error("\"{name}\" has {bytes} bytes; a key's credential name holds 64")]
    NameTooLong {
        name: String,
        /// Its length in bytes; 64 fit.
        bytes: usize,
    },
    #[error("no place proves the new seed by a code, so nothing would show that it was stored")]
    Unproved,
    #[error("AWS acknowledged that {arn} is enabled, but IAM does not list it for {user}")]
    NotListed { arn: DeviceArn, user: String },
    #[error("the keys of this run compute different codes, so one of them was not written by it")]
    KeysDiffer,
}

/// The name in a user's ARN.
pub(super) fn short(user: &str) -> &str {
    user.rsplit('/').next().unwrap_or(user)
}
