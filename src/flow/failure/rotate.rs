//! Why a device is not replaced by another.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::time::SystemTime;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotateRefusal {
    #[error("{serial} is the user's only MFA device, so it cannot go before the new one works")]
    OnlyFactor { serial: String },
    #[error("the user has {used} MFA devices, and AWS allows no more, not even for a moment")]
    NoRoomToRotate { used: usize },
    #[error("AWS does not let you make {arn}: {message}")]
    NameNotAllowed { arn: DeviceArn, message: String },
    #[error("STS {} for {serial}: {message}", if *tried == 1 { "did not take the code".to_owned() } else { format!("took none of {tried} codes") })]
    NotProved {
        serial: String,
        message: String,
        tried: u32,
        /// When STS begins to count tries anew.
        refills: SystemTime,
    },
    #[error("{}", which_goes(devices.len()))]
    NameOldDevice { devices: Vec<String> },
    #[error("{serial} is on {} here ({}), and the new device would be on {}", count(before.len()), before.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), count(*after))]
    FewerKeys {
        serial: String,
        before: Vec<Serial>,
        /// How many are named for the new one.
        after: usize,
    },
    #[error("the codes of {serial} want a touch, and YubiKey {key} is too old to ask for one")]
    CannotKeepTouch { serial: String, key: Serial },
}

fn which_goes(devices: usize) -> String {
    match devices {
        0 => "the user has no MFA device that could be replaced".to_owned(),
        _ => format!("the user has {devices} MFA devices, and the roster does not say which one goes"),
    }
}

fn count(keys: usize) -> String {
    match keys {
        0 => "no key".to_owned(),
        1 => "1 key".to_owned(),
        several => format!("{several} keys"),
    }
}
