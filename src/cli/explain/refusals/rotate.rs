//! Why a device is not replaced.

use crate::cli::explain::{Exit, Explanation};
use crate::cli::moments::clock_time;
use crate::flow::RotateRefusal as R;

pub(super) fn rotate(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::OnlyFactor { .. } => text("last_factor").hint("leave out --replace-first"),
        R::NoRoomToRotate { .. } => text("too_many_devices").hint(
            "--replace-first deactivates the old one before the new one is made; the others stay, and one of them should be known to work",
        ),
        R::NameNotAllowed { .. } => text("access_denied")
            .note("many policies let users make only the device that is called as they are, and the old one has that name")
            .hint("an administrator can rotate for you, or widen the policy: docs/policies/self-service-rotate.json"),
        R::NotProved { refills, .. } => text("not_proved").note(format!(
            "STS allows nine tries in three minutes, and counts anew from {}; no more are made now",
            clock_time(*refills)
        )),
        R::NameOldDevice { devices } if devices.is_empty() => {
            text("no_mfa_device").hint("`glasskey enroll` makes one")
        }
        R::NameOldDevice { devices } => text("which_device")
            .note(format!("the user's devices: {}", devices.join(", ")))
            .hint("name it in a column \"from\""),
        R::FewerKeys { .. } => text("fewer_keys")
            .hint("name as many with --key, or give --fewer-keys where that is meant")
            .exit(Exit::Usage),
        R::CannotKeepTouch { .. } => text("cannot_keep_touch")
            .hint("use a key with firmware 4.2.6 or later, or give --no-touch where that is meant"),
    }
}
