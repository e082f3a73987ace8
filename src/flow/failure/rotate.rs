//! Why a device is not replaced by another.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::time::SystemTime;

/// Why a device is not replaced by another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotateRefusal {
    /// The only device cannot go before the new one works.
    OnlyFactor {
        /// Its serial number.
        serial: String,
    },
    /// Eight devices leave no room for a ninth, not even for a moment.
    NoRoomToRotate {
        /// How many there are.
        used: usize,
    },
    /// The caller's policies do not allow a device of this name beside the old one.
    NameNotAllowed {
        /// The new device.
        arn: DeviceArn,
        /// AWS's words.
        message: String,
    },
    /// STS has taken no code of the new device.
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
    NameOldDevice {
        /// The user's.
        devices: Vec<String>,
    },
    /// The new device would be on fewer keys than the old one is, and nobody has accepted that.
    FewerKeys {
        /// The old device.
        serial: String,
        /// The keys here that hold it.
        before: Vec<Serial>,
        /// How many are named for the new one.
        after: usize,
    },
    /// The old device's codes want a touch, and a key for the new one cannot ask for one.
    CannotKeepTouch {
        /// The old device.
        serial: String,
        /// The key.
        key: Serial,
    },
}
