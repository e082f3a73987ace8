//! Why root does not get, keep or lose a device.

use crate::aws;
use crate::cli::explain::{self, Exit, Explanation, nobody};
use crate::flow::RootRefusal;
use crate::keys::Serial;
use std::time::Duration;

pub(super) fn root(refusal: &RootRefusal) -> Explanation {
    match refusal {
        RootRefusal::NoConsole { partition } => Explanation::new(
            "no_root_console",
            format!("root of an account in {partition} cannot sign in to the console there, so it can be given no factor"),
        )
        .note("AWS GovCloud (US) is entered by IAM users and roles only; the standard account that the account is linked to has a root user of its own")
        .hint("name the profile of that standard account"),
        RootRefusal::NoPassword { account } => {
            Explanation::new("no_root_password", format!("root of account {account} has no password, so nobody can sign in as root"))
                .note("a root user without credentials, managed by its organization, needs no factor")
                .hint("`glasskey root audit` tells how it is managed")
        }
        RootRefusal::NoRoom { has, wanted } => {
            Explanation::new("too_many_devices", format!("root has {has} MFA devices, and 8 are allowed: there is no room for {wanted} more"))
                .hint("`glasskey root remove` tells how to take one away")
        }
        RootRefusal::NoPlace => Explanation::new("usage", "nothing is named that is to hold the secret")
            .hint("name a key with --key SERIAL (`glasskey keys` lists them), or say --phone, for an authenticator app; or both")
            .exit(Exit::Usage),
        RootRefusal::NameTheAccount => Explanation::new("name_the_account", "the account is not known, and the credential's name has its number")
            .hint("--account ID names it")
            .exit(Exit::Usage),
        RootRefusal::NobodyToShow => nobody("the codes are shown on the terminal, and there is none")
            .hint("--json prints two codes at once"),
        RootRefusal::WhichCredential { key, roots, on_key, several } => {
            let note = format!("it holds {}; root has {}", list(on_key), list(roots));
            which_credential(*key, *several).note(note)
        }
        RootRefusal::NoCredentials => Explanation::new("no_credentials", "without AWS credentials nothing of root shows")
            .hint("name a profile with --profile"),
        RootRefusal::WhichDevice { named, devices, all } => which_device(named.as_deref(), devices, *all),
        RootRefusal::WouldLoseMfa { account, serials, sure } => would_lose_mfa(account, serials, *sure),
        RootRefusal::RootIntoMember => Explanation::new("root_into_member", "these credentials are root's, and AssumeRoot is not for root")
            .hint("name a profile of a user or role of the management account, or of IAM's delegated administrator")
            .exit(Exit::Usage),
        RootRefusal::WouldNotBeSeenToGo => {
            nobody("it would not be seen that the devices are gone, and nobody can be asked")
                .hint("sign in as root (`aws login`) and name that profile, without --no-watch; or run the command on a terminal")
        }
        RootRefusal::WouldNotBeSeen { none } => {
            let what = if *none { "the new devices" } else { "the last device" };
            nobody(&format!("these credentials will not show {what}, and nobody can be asked"))
                .hint("sign in as root (`aws login`) and name that profile; or run the command on a terminal")
        }
        RootRefusal::NotSeen { after } => not_seen("the device", *after),
        RootRefusal::NobodySays => nobody("whether the console added it cannot be seen, and nobody can be asked")
            .hint("sign in as root (`aws login`) and name that profile: then it can be seen"),
        RootRefusal::NotAdded => Explanation::new("not_added", "the console did not add it, as you said")
            .hint("the same command begins again; another browser may do better"),
        RootRefusal::NotRemoved { serial } => {
            Explanation::new("not_removed", format!("the console did not remove {serial}, as you said"))
                .hint("the same command begins again")
        }
        RootRefusal::StillThere { serials, after } => still_there(serials, *after),
        RootRefusal::PerhapsDeleted { devices } => perhaps_deleted(devices),
    }
}

fn which_credential(key: Serial, several: bool) -> Explanation {
    if several {
        return Explanation::new("which_device", format!("YubiKey {key} holds several devices of root's"))
            .hint("--device NAME names one")
            .exit(Exit::Usage);
    }
    Explanation::new("not_on_key", format!("YubiKey {key} holds no such device of root's"))
        .hint(format!("`glasskey oath list --key {key}` shows what is on it"))
}

fn which_device(named: Option<&str>, devices: &[String], all: bool) -> Explanation {
    let what = match named {
        Some(named) => format!("root has no device {named}, as far as this view shows"),
        None => "no device is named".to_owned(),
    };
    let text = Explanation::new("which_device", what).note(format!("root has {}", list(devices)));
    let text = if all { text } else { text.note("an administrator sees root's virtual devices only") };
    text.hint("name each by its whole serial number; --all means all of a member's").exit(Exit::Usage)
}

fn would_lose_mfa(account: &str, serials: &[String], sure: bool) -> Explanation {
    let what = format!("root of account {account} would be left without MFA; nothing was changed");
    let text = Explanation::new("would_lose_mfa", what);
    let text = text.note(last_factors(serials, sure));
    text.hint("give it another factor first: `glasskey root enroll`")
        .hint(format!("--without-mfa {account} says that this is meant"))
}

fn still_there(serials: &[String], after: Duration) -> Explanation {
    let what = format!("root still has {}, as far as shows after {} s", list(serials), after.as_secs());
    Explanation::new("still_there", what)
        .hint("if the console says that it is removed, `glasskey root audit` shows what root has now")
        .hint("--timeout SECONDS waits longer; the same command begins again")
}

/// `what`: a device, as it is called.
pub(in crate::cli::explain) fn not_seen(what: &str, after: Duration) -> Explanation {
    Explanation::new("not_seen", format!("{what} did not appear within {} s", after.as_secs()))
        .hint("if the console says that it was added, `glasskey root audit` shows what root has now")
        .hint("--timeout SECONDS waits longer; the same command begins again")
}

fn perhaps_deleted(devices: &[(String, aws::Error)]) -> Explanation {
    let why = devices.first().map_or_else(String::new, |(_, why)| format!(": {}", explain::aws(why).what));
    let text = Explanation::new("perhaps_deleted", format!("it is not known whether everything was deleted{why}"));
    let mut text = text.exit(Exit::Left);
    for (serial, _) in devices {
        text.state.push(format!("perhaps left behind: {serial}; it is not root's any more"));
        text.hints.push(delete_it(serial));
    }
    text
}

fn list(serials: &[String]) -> String {
    if serials.is_empty() { "none that shows".to_owned() } else { serials.join(", ") }
}

/// How an administrator of the account deletes a device that is nobody's.
pub(in crate::cli) fn delete_it(serial: &str) -> String {
    format!(
        "an administrator of the account may delete it: `aws iam delete-virtual-mfa-device --serial-number {serial}`"
    )
}

/// That these are all that root has.
pub(in crate::cli) fn last_factors(serials: &[String], sure: bool) -> String {
    let all = serials.join(", ");
    match (serials, sure) {
        ([_], true) => format!("{all} is root's last factor: without it the password alone signs in"),
        (_, true) => format!("{all} are root's last factors: without them the password alone signs in"),
        ([_], false) => format!("{all} is the last factor of root's that shows here; {UNSEEN_KEYS}"),
        (_, false) => format!("{all} are the last factors of root's that show here; {UNSEEN_KEYS}"),
    }
}

const UNSEEN_KEYS: &str = "security keys do not show to an administrator";
