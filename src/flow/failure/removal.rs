//! Why a device is not taken away from its user.

use crate::aws::DeviceArn;
use std::time::SystemTime;

/// Why a device is not taken away from its user, or not given back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemovalRefusal {
    /// The user would be left without a device.
    #[error("{}", last_factor(serial, without.as_deref()))]
    LastFactor {
        /// The device that was to go.
        serial: String,
        /// The device that was to stay, and is not enabled any more; `None`: there is no other.
        without: Option<String>,
    },
    /// The device that was to stay is being removed by a run on another machine.
    #[error("{going} is being removed by another run of glasskey, so {serial} must stay")]
    GoesElsewhere {
        /// The device that was to go.
        serial: String,
        /// The one that was to stay.
        going: String,
        /// Until when that run may remove it.
        until: SystemTime,
    },
    /// Too long after the removal was announced: the machine may have slept.
    #[error("{serial} was to be deactivated minutes ago, and this machine seems to have slept since")]
    TooLate {
        /// The device that was to go.
        serial: String,
    },
    /// The device that was to be deleted has been enabled again by somebody.
    #[error("{arn} was deactivated, and somebody has enabled it again")]
    InUseAgain {
        /// Its serial number.
        arn: DeviceArn,
    },
    /// AWS acknowledged the deactivation, and IAM lists the device all the same, enabled since the same moment.
    #[error("AWS acknowledged that {serial} is deactivated, but IAM lists it still")]
    StillListed {
        /// Its serial number.
        serial: String,
    },
    /// A deactivated device can be enabled again only from a key that holds its seed.
    #[error("no key here holds {serial}, so it cannot be enabled again")]
    NoKeyToEnable {
        /// Its serial number.
        serial: String,
    },
}

fn last_factor(serial: &str, without: Option<&str>) -> String {
    match without {
        None => format!("{serial} is the user's last MFA device"),
        Some(without) => format!("{without} is not enabled any more, so {serial} must stay"),
    }
}
