//! Why a device is not replaced by another.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::time::SystemTime;

/// Why a device is not replaced by another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotateRefusal {
    /// The only device cannot go before the new one works.
    #[error("{serial} is the user's only MFA device, so it cannot go before the new one works")]
    OnlyFactor {
        /// Its serial number.
        serial: String,
    },
    /// Eight devices leave no room for a ninth, not even for a moment.
    #[error("the user has {used} MFA devices, and AWS allows no more, not even for a moment")]
    NoRoomToRotate {
        /// How many there are.
        used: usize,
    },
    /// The caller's policies do not allow a device of this name beside the old one.
    #[error("AWS does not let you make {arn}: {message}")]
    NameNotAllowed {
        /// The new device.
        arn: DeviceArn,
        /// AWS's words.
        message: String,
    },
    /// STS has taken no code of the new device.
    #[error("STS took none of {tried} codes for {serial}: {message}")]
    NotProved {
        /// The new device.
        serial: String,
        /// AWS's words.
        message: String,
        /// How many codes were tried.
        tried: u32,
        /// When STS begins to count tries anew.
        refills: SystemTime,
    },
    /// Nothing says which device goes, and the user has none or several.
    #[error("the user has {} MFA devices, and nothing says which one goes", devices.len())]
    NameOldDevice { devices: Vec<String> },
    /// The new device would be on fewer keys than the old one is, and nobody has accepted that.
    #[error("{serial} is on {} keys here, and the new device would be on {after}", before.len())]
    FewerKeys {
        /// The old device.
        serial: String,
        /// The keys here that hold it.
        before: Vec<Serial>,
        /// How many are named for the new one.
        after: usize,
    },
    /// The old device's codes want a touch, and a key for the new one cannot ask for one.
    #[error("the codes of {serial} want a touch, and YubiKey {key} is too old to ask for one")]
    CannotKeepTouch {
        /// The old device.
        serial: String,
        key: Serial,
    },
}
