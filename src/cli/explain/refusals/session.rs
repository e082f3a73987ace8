//! Why no session is opened.

use crate::cli::explain::{Exit, Explanation, nobody};
use crate::cli::moments::clock_time;
use crate::flow::SessionRefusal as R;

pub(super) fn session(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    let there_are = |text: Explanation, devices: &[String]| {
        if devices.is_empty() { text } else { text.note(format!("there are: {}", devices.join(", "))) }
    };
    match refusal {
        R::NeedsMfaSession { devices } => text("mfa_session_needed")
            .note(format!("your devices: {}", devices.join(", ")))
            .hint("plug in a key that holds one of them (a FIDO device cannot open such a session), use the credentials of an MFA session, or have an administrator do it"),
        R::TouchNeeded { .. } => nobody(refusal),
        R::NoDevice => text("no_mfa_device").hint("`glasskey enroll --key SERIAL` makes one"),
        R::NoSuchDevice { devices, .. } => there_are(text("no_such_device"), devices),
        R::NoKeyHolds { devices, .. } => there_are(text("no_key_holds"), devices)
            .hint("plug in a key that holds one; `glasskey devices` shows which key holds which"),
        R::NameTheDevice { devices } => there_are(text("name_the_device"), devices)
            .hint("name one: `glasskey session DEVICE`; or allow iam:ListMFADevices")
            .exit(Exit::Usage),
        R::SessionOfSession => text("session_of_session").hint(
            "name the profile with the access key: --profile NAME; or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
        ),
        R::LongerThanRole { longest, .. } => text("role_duration")
            .hint(format!(
                "run it again with `--duration {}`, or raise the role's MaxSessionDuration",
                longest.as_secs()
            ))
            .exit(Exit::Usage),
        R::CodeSpent { from, .. } => {
            text("code_spent").hint(format!("run the same command again from {}", clock_time(*from)))
        }
    }
}
