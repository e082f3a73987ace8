//! Why a device is not taken away from its user.

use crate::aws::DeviceArn;
use std::time::SystemTime;

/// Why a device is not taken away from its user, or not given back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemovalRefusal {
    #[error("{}", last_factor(serial, without.as_deref()))]
    LastFactor {
        serial: String,
        /// The device that was to stay, and is not enabled any more; `None`: there is no other.
        without: Option<String>,
    },
    #[error("{going} is being removed by another run of glasskey, so {serial} must stay")]
    GoesElsewhere {
        serial: String,
        going: String,
        /// Until when that run may remove it.
        until: SystemTime,
    },
    #[error("{serial} was to be deactivated minutes ago, and this machine seems to have slept since")]
    TooLate { serial: String },
    #[error("{arn} was not deleted: somebody has enabled a device of that name since")]
    InUseAgain { arn: DeviceArn },
    #[error("AWS acknowledged that {serial} is deactivated, but IAM lists it still")]
    StillListed { serial: String },
    #[error("no key here holds {serial}, so it cannot be enabled again")]
    NoKeyToEnable { serial: String },
}

fn last_factor(serial: &str, without: Option<&str>) -> String {
    match without {
        None => format!("{serial} is the user's last MFA device"),
        Some(without) => format!("{without} is not enabled any more, or was enabled anew, so {serial} must stay"),
    }
}
