//! Why a device is not enrolled.

use crate::cli::explain::{Explanation, oath};
use crate::cli::shell::by_name;
use crate::flow::EnrollRefusal;
use crate::oath;

pub(super) fn enroll(refusal: &EnrollRefusal) -> Explanation {
    match refusal {
        EnrollRefusal::RootCaller => Explanation::new("root_caller", "the caller is the root user, whose MFA can be enabled in the console only")
            .hint("name an IAM user, or enable root's MFA in the console: https://console.aws.amazon.com/iam/home#/security_credentials"),
        EnrollRefusal::TooManyDevices { used, wanted } => {
            Explanation::new("too_many_devices", format!("the user has {used} MFA devices; {wanted} more would exceed AWS's limit of 8"))
                .hint("`aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer used")
        }
        EnrollRefusal::NameTaken { arn, user: Some(user) } => {
            let owner = user.rsplit('/').next().unwrap_or(user);
            Explanation::new("device_exists", format!("{arn} exists already and is enabled for {owner}"))
                .hint(format!("--device-name {}-2 makes another beside it", arn.name()))
        }
        EnrollRefusal::NameTaken { arn, user: None } => {
            Explanation::new("device_exists", format!("{arn} exists already and was not made by an unfinished run of this machine; it was not touched"))
                .hint(format!(
                    "if nobody is enrolling it right now, delete it: `aws iam delete-virtual-mfa-device --serial-number {arn}`; or use --device-name {}-2",
                    arn.name()
                ))
        }
        EnrollRefusal::CredentialThere { key, name } => Explanation::new(
            "name_taken",
            format!("a credential \"{}\" is on YubiKey {key} already; it was not overwritten", name.id()),
        )
        .hint("--device-name NAME makes a device of another name beside it")
        .hint(format!("where its device is gone from IAM, `glasskey oath delete --key {key} {}` removes it", by_name(name))),
        EnrollRefusal::KeyFull { key, capacity } => {
            let mut text = oath(Some(*key), &oath::Error::Full);
            text.what = format!("{} (all {capacity} are used)", text.what);
            text
        }
        EnrollRefusal::NameTooLong { name, bytes } => {
            Explanation::new("name_too_long", format!("\"{name}\" has {bytes} bytes; a key's credential name holds 64"))
                .hint("choose a shorter --device-name or --path")
        }
        EnrollRefusal::NotListed { arn, user } => Explanation::new(
            "not_listed",
            format!("AWS acknowledged that {arn} is enabled, but IAM does not list it for {user}"),
        ),
        EnrollRefusal::Unproved => Explanation::new(
            "unproved",
            "no place proves the new seed by a code, so nothing would show that it was stored; --yes does not accept that",
        )
        .hint("put the seed on a key too, or give --code-from-command: a command that prints the store's current code")
        .hint("--accept-unproved enables the device all the same"),
        EnrollRefusal::KeysDiffer => Explanation::new("keys_differ", "the keys of this run compute different codes, so one of them was not written by it")
            .hint("undo the run and enroll again"),
    }
}
