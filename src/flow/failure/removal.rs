//! Why a device is not taken away from its user.

use crate::aws::DeviceArn;
use std::time::SystemTime;

/// Why a device is not taken away from its user, or not given back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemovalRefusal {
    /// The user would be left without a device.
    LastFactor {
        /// The device that was to go.
        serial: String,
        /// The device that was to stay, and is not enabled any more; `None`: there is no other.
        without: Option<String>,
    },
    /// The device that was to stay is being removed by a run on another machine.
    GoesElsewhere {
        /// The device that was to go.
        serial: String,
        /// The one that was to stay.
        going: String,
        /// Until when that run may remove it.
        until: SystemTime,
    },
    /// Too long after the removal was announced: the machine may have slept.
    TooLate {
        /// The device that was to go.
        serial: String,
    },
    /// The device that was to be deleted has been enabled again by somebody.
    InUseAgain {
        /// Its serial number.
        arn: DeviceArn,
    },
    /// A deactivated device can be enabled again only from a key that holds its seed.
    NoKeyToEnable {
        /// Its serial number.
        serial: String,
    },
}
