//! Why no session is opened.

use crate::cli::explain::{Exit, Explanation, nobody};
use crate::cli::moments::clock_time;
use crate::flow::SessionRefusal;

pub(super) fn session(refusal: &SessionRefusal) -> Explanation {
    match refusal {
        SessionRefusal::NeedsMfaSession { devices } => {
            Explanation::new("mfa_session_needed", "you have an MFA device already, so AWS lets you change your devices only through an MFA session")
                .note(format!("your devices: {}", devices.join(", ")))
                .hint("plug in a key that holds one of them (a FIDO device cannot open such a session), use the credentials of an MFA session, or have an administrator do it")
        }
        SessionRefusal::TouchNeeded { key } => nobody(&format!("YubiKey {key} wants a touch, and nobody can be asked for it")),
        SessionRefusal::NoDevice => Explanation::new("no_mfa_device", "the caller has no MFA device to open a session with")
            .hint("`glasskey enroll --key SERIAL` makes one"),
        SessionRefusal::NoSuchDevice { device, devices } => {
            let text = Explanation::new("no_such_device", format!("the caller has no MFA device \"{device}\""));
            if devices.is_empty() { text } else { text.note(format!("there are: {}", devices.join(", "))) }
        }
        SessionRefusal::NoKeyHolds { devices, key } => {
            let what = match key {
                Some(key) => format!("YubiKey {key} holds none of the caller's MFA devices"),
                None => "no key that is plugged in holds one of the caller's MFA devices".to_owned(),
            };
            let text = Explanation::new("no_key_holds", what)
                .hint("plug in a key that holds one; `glasskey devices` shows which key holds which");
            if devices.is_empty() { text } else { text.note(format!("there are: {}", devices.join(", "))) }
        }
        SessionRefusal::NameTheDevice { devices } => {
            Explanation::new("name_the_device", "the keys hold several devices, and the caller may not list their own")
                .note(format!("there are: {}", devices.join(", ")))
                .hint("name one: `glasskey session DEVICE`; or allow iam:ListMFADevices")
                .exit(Exit::Usage)
        }
        SessionRefusal::SessionOfSession => {
            Explanation::new("session_of_session", "these AWS credentials are a session's, and AWS opens no session with those")
                .hint("name the profile with the access key: --profile NAME; or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
        }
        SessionRefusal::LongerThanRole { role, longest } => {
            let seconds = longest.as_secs();
            Explanation::new("role_duration", format!("sessions of {role} last at most {seconds} s; no code was used"))
                .hint(format!("run it again with `--duration {seconds}`, or raise the role's MaxSessionDuration"))
                .exit(Exit::Usage)
        }
        SessionRefusal::CodeSpent { serial, from } => {
            Explanation::new("code_spent", format!("the present code of {serial} has been sent to AWS already, and no code is sent twice"))
                .hint(format!("run the same command again from {}", clock_time(*from)))
        }
    }
}
