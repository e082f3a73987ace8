//! Why a device is not replaced.

use crate::cli::explain::{Exit, Explanation};
use crate::cli::moments::clock_time;
use crate::flow::RotateRefusal;

pub(super) fn rotate(refusal: &RotateRefusal) -> Explanation {
    match refusal {
        RotateRefusal::OnlyFactor { serial } => {
            Explanation::new("last_factor", format!("{serial} is the user's only MFA device, so it cannot go before the new one works"))
                .hint("leave out --replace-first")
        }
        RotateRefusal::NoRoomToRotate { used } => {
            Explanation::new("too_many_devices", format!("the user has {used} MFA devices, and AWS allows no more, not even for a moment"))
                .hint("--replace-first deactivates the old one before the new one is made; the others stay, and one of them should be known to work")
        }
        RotateRefusal::NameNotAllowed { arn, message } => {
            Explanation::new("access_denied", format!("AWS does not let you make {arn}: {message}"))
                .note("many policies let users make only the device that is called as they are, and the old one has that name")
                .hint("an administrator can rotate for you, or widen the policy: docs/policies/self-service-rotate.json")
        }
        RotateRefusal::NotProved { serial, message, tried, refills } => {
            Explanation::new("not_proved", match tried {
                1 => format!("STS did not take the code for {serial}: {message}"),
                tried => format!("STS took none of {tried} codes for {serial}: {message}"),
            })
                .note(format!(
                    "STS allows nine tries in three minutes, and counts anew from {}; no more are made now",
                    clock_time(*refills)
                ))
        }
        RotateRefusal::NameOldDevice { devices } if devices.is_empty() => {
            Explanation::new("no_mfa_device", "the user has no MFA device that could be replaced").hint("`glasskey enroll` makes one")
        }
        RotateRefusal::NameOldDevice { devices } => {
            Explanation::new("which_device", format!("the user has {} MFA devices, and the roster does not say which one goes", devices.len()))
                .note(format!("the user's devices: {}", devices.join(", ")))
                .hint("name it in a column \"from\"")
        }
        RotateRefusal::FewerKeys { serial, before, after } => {
            let keys = before.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Explanation::new(
                "fewer_keys",
                format!("{serial} is on {} here ({keys}), and the new device would be on {}", count(before.len()), count(*after)),
            )
            .hint("name as many with --key, or give --fewer-keys where that is meant")
            .exit(Exit::Usage)
        }
        RotateRefusal::CannotKeepTouch { serial, key } => {
            Explanation::new("cannot_keep_touch", format!("the codes of {serial} want a touch, and YubiKey {key} is too old to ask for one"))
                .hint("use a key with firmware 4.2.6 or later, or give --no-touch where that is meant")
        }
    }
}

/// `2 keys`.
fn count(keys: usize) -> String {
    match keys {
        0 => "no key".to_owned(),
        1 => "1 key".to_owned(),
        several => format!("{several} keys"),
    }
}
