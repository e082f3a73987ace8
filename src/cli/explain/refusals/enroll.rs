//! Why a device is not enrolled.

use crate::cli::explain::{Explanation, oath};
use crate::cli::shell::by_name;
use crate::flow::EnrollRefusal as R;
use crate::oath;

pub(super) fn enroll(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::RootCaller => text("root_caller").hint(
            "name an IAM user, or enable root's MFA in the console: https://console.aws.amazon.com/iam/home#/security_credentials",
        ),
        R::TooManyDevices { .. } => text("too_many_devices")
            .hint("`aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer used"),
        R::NameTaken { arn, user: Some(_) } => {
            text("device_exists").hint(format!("--device-name {}-2 makes another beside it", arn.name()))
        }
        R::NameTaken { arn, user: None } => text("device_exists")
            .hint(format!(
                "if nobody is enrolling it right now, delete it: `aws iam delete-virtual-mfa-device --serial-number {arn}`"
            ))
            .hint(format!("--device-name {}-2 makes another beside it", arn.name())),
        R::CredentialThere { key, name } => text("name_taken")
            .hint("--device-name NAME makes a device of another name beside it")
            .hint(format!(
                "where its device is gone from IAM, `glasskey oath delete --key {key} {}` removes it",
                by_name(name)
            )),
        R::KeyFull { key, .. } => Explanation { what: refusal.to_string(), ..oath(Some(*key), &oath::Error::Full) },
        R::NameTooLong { .. } => text("name_too_long").hint("choose a shorter --device-name or --path"),
        R::NotListed { .. } => text("not_listed"),
        R::Unproved => Explanation::new("unproved", format!("{refusal}; --yes does not accept that"))
            .hint("put the seed on a key too, or give --code-from-command: a command that prints the store's current code")
            .hint("--accept-unproved enables the device all the same"),
        R::KeysDiffer => text("keys_differ").hint("take out the key whose credential is another's, and run it again"),
    }
}
