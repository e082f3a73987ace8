//! Root did not get its factors, or not all; or kept them.

use super::flow::{cause as flow_cause, left as flow_left};
use super::{Exit, Explanation, aws, nobody};
use crate::aws::{Call, Error};
use crate::flow::root::{Cause, Evidence, NotDone, Refusal, Registered};
use crate::flow::{self, Left};
use crate::keys::Serial;
use crate::sink;

/// Root was not given its factors, or not all.
#[must_use]
pub fn root_not_done(failed: &NotDone) -> Explanation {
    let mut text = cause(&failed.cause, failed.awaited.as_deref());
    // What a phone has is the person's to remove, unless it may be root's factor.
    let unsettled = failed.left.iter().any(|left| !failed.undone || left.is_for_recover());
    if failed.undone && !unsettled {
        text.state.push("what had been done was undone again; nothing was left behind".to_owned());
        text.hints.push("in the console, cancel the device that was being made".to_owned());
    }
    text.state.extend(failed.left.iter().map(|one| left(one, failed.undone)));
    if unsettled {
        text.exit = Exit::Left;
        text.hints.push("`glasskey recover` looks at what is left, and settles it".to_owned());
    }
    text.state.extend(failed.registered.iter().map(there));
    if !failed.removed.is_empty() {
        text.exit = Exit::Left;
        text.state.extend(failed.removed.iter().map(|serial| format!("removed before this: {serial}")));
        if !matches!(failed.cause, Cause::PerhapsDeleted(_)) {
            text.hints.push("the same command goes on with the others, without those".to_owned());
        }
    }
    if failed.registered.is_empty() {
        return text;
    }
    text.exit = Exit::Left;
    if let Some(key) = failed.awaited.as_deref().and_then(|name| name.strip_prefix("yubikey-")) {
        text.hints.push(format!("`glasskey root enroll --one-key --key {key}` goes on with the key that is missing"));
    }
    text.note("root has one factor fewer than it should: losing the only one locks root out")
}

fn left(left: &Left, undone: bool) -> String {
    match left {
        Left::OnPhone { .. } if undone => A_PHONE.to_owned(),
        Left::OnPhone { .. } => "kept: the entry on the phone, since it may be root's factor by now".to_owned(),
        Left::Credential { key, name, why: None } => {
            format!("kept: the credential \"{name}\" on YubiKey {key}, since it may be root's factor by now")
        }
        left => flow_left(left),
    }
}

/// What glasskey cannot take back.
pub(in crate::cli) const A_PHONE: &str = "a phone that scanned a QR code of this device still shows its codes: remove \
    the entry there, unless the console has taken them";

fn list(serials: &[String]) -> String {
    if serials.is_empty() { "none that shows".to_owned() } else { serials.join(", ") }
}

fn there(one: &Registered) -> String {
    match (&one.serial, one.evidence) {
        (Some(serial), _) => format!("registered before this: {} as {serial}", one.key),
        (None, Evidence::Seen) => format!("registered before this: {}, since root has MFA now", one.key),
        (None, Evidence::Said) => format!("registered before this, as you said: {}", one.key),
    }
}

pub(super) fn cause(cause: &Cause, awaited: Option<&str>) -> Explanation {
    match cause {
        Cause::Aws(error @ Error::Denied { call: Call::AssumeRoot, .. }) => aws(error)
            .note("AWS says no more: the account may not be an active member, or central root access may be off")
            .hint("`glasskey root audit` in the management account tells which of it is so"),
        Cause::Aws(error) => aws(error),
        Cause::Refused(error) => refusal(error),
        Cause::Flow(_, flow::Cause::Sink(sink::Error::NobodyToAsk)) => {
            nobody("--phone needs a terminal: the QR code is shown there, and the phone's code is typed")
                .hint("run the command on a terminal, without --no-input; or leave out --phone")
        }
        Cause::Flow(stage, cause @ flow::Cause::Sink(sink::Error::NotConfirmed)) => flow_cause(cause, *stage)
            .hint("without AWS credentials the codes are by this computer's clock: that must be right too"),
        Cause::Flow(stage, cause) => flow_cause(cause, *stage),
        Cause::TimedOut(after) => {
            let what = awaited.map_or_else(|| "the device".to_owned(), |name| format!("\"{name}\""));
            Explanation::new("not_seen", format!("{what} did not appear within {} s", after.as_secs()))
                .hint("if the console says that it was added, `glasskey root audit` shows what root has now")
                .hint("--timeout SECONDS waits longer; the same command begins again")
        }
        Cause::NobodyToAsk => nobody("whether the console added it cannot be seen, and nobody can be asked")
            .hint("sign in as root (`aws login`) and name that profile: then it can be seen"),
        Cause::NotAdded => Explanation::new("not_added", "the console did not add it, as you said")
            .hint("the same command begins again; another browser may do better"),
        Cause::NotRemoved(serial) => {
            Explanation::new("not_removed", format!("the console did not remove {serial}, as you said"))
                .hint("the same command begins again")
        }
        Cause::StillThere(serials, after) => {
            let text = Explanation::new(
                "still_there",
                format!("root still has {}, as far as shows after {} s", list(serials), after.as_secs()),
            );
            text.hint("if the console says that it is removed, `glasskey root audit` shows what root has now")
                .hint("--timeout SECONDS waits longer; the same command begins again")
        }
        Cause::PerhapsDeleted(devices) => perhaps_deleted(devices),
        Cause::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    }
}

fn perhaps_deleted(devices: &[(String, Error)]) -> Explanation {
    let why = devices.first().map_or_else(String::new, |(_, why)| format!(": {}", aws(why).what));
    let text = Explanation::new("perhaps_deleted", format!("it is not known whether everything was deleted{why}"));
    let mut text = text.exit(Exit::Left);
    for (serial, _) in devices {
        text.state.push(format!("perhaps left behind: {serial}; it is not root's any more"));
        text.hints.push(delete_it(serial));
    }
    text
}

/// How an administrator of the account deletes a device that is nobody's.
pub(in crate::cli) fn delete_it(serial: &str) -> String {
    format!(
        "an administrator of the account may delete it: `aws iam delete-virtual-mfa-device --serial-number {serial}`"
    )
}

fn refusal(refusal: &Refusal) -> Explanation {
    match refusal {
        Refusal::NoConsole { partition } => Explanation::new(
            "no_root_console",
            format!("root of an account in {partition} cannot sign in to the console there, so it can be given no factor"),
        )
        .note("AWS GovCloud (US) is entered by IAM users and roles only; the standard account that the account is linked to has a root user of its own")
        .hint("name the profile of that standard account"),
        Refusal::NoPassword { account } => {
            Explanation::new("no_root_password", format!("root of account {account} has no password, so nobody can sign in as root"))
                .note("a root user without credentials, managed by its organization, needs no factor")
                .hint("`glasskey root audit` tells how it is managed")
        }
        Refusal::NoRoom { has, wanted } => {
            Explanation::new("too_many_devices", format!("root has {has} MFA devices, and 8 are allowed: there is no room for {wanted} more"))
                .hint("`glasskey root remove` tells how to take one away")
        }
        Refusal::NoPlace => Explanation::new("usage", "nothing is named that is to hold the secret")
            .hint("name a key with --key SERIAL (`glasskey keys` lists them), or say --phone, for an authenticator app; or both")
            .exit(Exit::Usage),
        Refusal::NameTheAccount => Explanation::new("name_the_account", "the account is not known, and the credential's name has its number")
            .hint("--account ID names it")
            .exit(Exit::Usage),
        Refusal::NobodyToShow => nobody("the codes are shown on the terminal, and there is none")
            .hint("--json prints two codes at once"),
        Refusal::WhichCredential { key, roots, on_key, several } => which_credential(*key, roots, on_key, *several),
        Refusal::NoCredentials => Explanation::new("no_credentials", "without AWS credentials nothing of root shows")
            .hint("name a profile with --profile"),
        Refusal::WhichDevice { named, devices, all } => which_device(named.as_deref(), devices, *all),
        Refusal::WouldLoseMfa { account, serials, sure } => would_lose_mfa(account, serials, *sure),
        Refusal::Declined => Explanation::new("declined", "not confirmed; nothing was done"),
        Refusal::NobodyConfirms => {
            nobody("a confirmation is needed, and nobody can be asked").hint("--yes says yes")
        }
        Refusal::RootIntoMember => Explanation::new("root_into_member", "these credentials are root's, and AssumeRoot is not for root")
            .hint("name a profile of a user or role of the management account, or of IAM's delegated administrator")
            .exit(Exit::Usage),
        Refusal::WouldNotBeSeenToGo => {
            nobody("it would not be seen that the devices are gone, and nobody can be asked")
                .hint("sign in as root (`aws login`) and name that profile, without --no-watch; or run the command on a terminal")
        }
        Refusal::WouldNotBeSeen { none } => {
            let what = if *none { "the new devices" } else { "the last device" };
            nobody(&format!("these credentials will not show {what}, and nobody can be asked"))
                .hint("sign in as root (`aws login`) and name that profile; or run the command on a terminal")
        }
    }
}

fn which_credential(key: Serial, roots: &[String], on_key: &[String], several: bool) -> Explanation {
    let text = match several {
        true => Explanation::new("which_device", format!("YubiKey {key} holds several devices of root's"))
            .hint("--device NAME names one")
            .exit(Exit::Usage),
        false => Explanation::new("not_on_key", format!("YubiKey {key} holds no such device of root's"))
            .hint(format!("`glasskey oath list --key {key}` shows what is on it")),
    };
    text.note(format!("it holds {}; root has {}", list(on_key), list(roots)))
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
    let text = serials.iter().fold(text, |text, serial| text.note(format!("{serial} is {}", last_factor(sure))));
    text.hint("give it another factor first: `glasskey root enroll`")
        .hint(format!("--without-mfa {account} says that this is meant"))
}

/// What the only device of root's is.
pub(in crate::cli) fn last_factor(sure: bool) -> &'static str {
    if sure {
        "root's last factor: without it the password alone signs in"
    } else {
        "the last factor of root's that shows here; security keys do not show to an administrator"
    }
}
