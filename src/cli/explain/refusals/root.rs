//! Why root does not get, keep or lose a device.

use crate::aws;
use crate::cli::explain::{self, Exit, Explanation, nobody};
use crate::flow::RootRefusal as R;
use std::time::Duration;

pub(super) fn root(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::NoConsole { .. } => text("no_root_console")
            .note("AWS GovCloud (US) is entered by IAM users and roles only; the standard account that the account is linked to has a root user of its own")
            .hint("name the profile of that standard account"),
        R::OtherName { .. } => nobody(refusal)
            .note("its codes, not its name, show which seed it has")
            .hint("sign in as root with a code of the keys; if that works, `glasskey recover root --forget` ends the run"),
        R::HasAlready { .. } => nobody(refusal)
            .hint("run the command on a terminal; or remove that device in the console first, if it is another"),
        R::NoPassword { .. } => text("no_root_password")
            .note("a root user without credentials, managed by its organization, needs no factor")
            .hint("`glasskey root audit` tells how it is managed"),
        R::NoRoom { .. } => text("too_many_devices").hint("`glasskey root remove` tells how to take one away"),
        R::NoPlace => text("usage")
            .hint("name a key with --key SERIAL (`glasskey keys` lists them), or say --phone, for an authenticator app; or both")
            .exit(Exit::Usage),
        R::NameTheAccount => text("name_the_account").hint("--account ID names it").exit(Exit::Usage),
        R::NobodyToShow { enrolls: false } => nobody(refusal).hint("--json prints two codes at once"),
        R::NobodyToShow { enrolls: true } => {
            nobody(refusal).hint("--codes-fd FD writes them to a file descriptor; or run the command on a terminal")
        }
        R::WhichCredential { key, roots, on_key, several } => {
            let text = match several {
                true => text("which_device").hint("--device NAME names one").exit(Exit::Usage),
                false => {
                    text("not_on_key").hint(format!("`glasskey oath list --key {key}` shows what is on it"))
                }
            };
            text.note(format!("it holds {}; root has {}", list(on_key), list(roots)))
        }
        R::NoCredentials => text("no_credentials").hint("name a profile with --profile"),
        R::WhichDevice { devices, all, .. } => {
            let mut text = text("which_device").note(format!("root has {}", list(devices)));
            if !all {
                text = text.note("an administrator sees root's virtual devices only");
            }
            text.hint("name each by its whole serial number; --all means all of a member's").exit(Exit::Usage)
        }
        R::WouldLoseMfa { .. } | R::NothingStays { .. } | R::NoMfaLeft { .. } | R::StaysUnseen { .. } | R::RemovedMeanwhile { .. } => losing(refusal),
        R::RootIntoMember => text("root_into_member")
            .hint("name a profile of a user or role of the management account, or of IAM's delegated administrator")
            .exit(Exit::Usage),
        R::WouldNotBeSeenToGo => nobody(refusal).hint(
            "sign in as root (`aws login`) and name that profile, without --no-watch; or run the command on a terminal",
        ),
        R::WouldNotBeSeen { .. } => nobody(refusal)
            .hint("sign in as root (`aws login`) and name that profile; or run the command on a terminal"),
        R::NotSeen { after } => not_seen("the device", *after),
        R::NobodySays => nobody(refusal)
            .hint("sign in as root (`aws login`) and name that profile: then it can be seen"),
        R::NotAdded => text("not_added").hint("the same command begins again; another browser may do better"),
        R::NotRemoved { .. } => text("not_removed").hint("the same command begins again"),
        R::StillThere { .. } => watched_in_vain(text("still_there"), "is removed"),
        R::PerhapsDeleted { devices } => perhaps_deleted(text("perhaps_deleted").exit(Exit::Left), devices),
    }
}

/// Root loses a factor, or would.
fn losing(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::WouldLoseMfa { account, serials, sure } => text("would_lose_mfa")
            .note(last_factors(serials, *sure))
            .hint("give it another factor first: `glasskey root enroll`")
            .hint(format!("--without-mfa {account} says that this is meant")),
        R::NothingStays { .. } => text("would_lose_mfa")
            .hint("somebody else is at work on root's devices; the same command begins with what root has now"),
        R::NoMfaLeft { account } => text("no_mfa_left")
            .note("the password alone signs in as root")
            .hint(format!("`glasskey root enroll --account {account}` gives it a factor"))
            .exit(Exit::Left),
        R::RemovedMeanwhile { .. } => text("removed_meanwhile")
            .hint("somebody else is at work on root's devices: `glasskey root audit` shows them"),
        _ => text("refused"),
    }
}

fn perhaps_deleted(mut text: Explanation, devices: &[(String, aws::Error)]) -> Explanation {
    if let Some((_, why)) = devices.first() {
        text.what = format!("{}: {}", text.what, explain::aws(why).what);
    }
    for (serial, _) in devices {
        text.state.push(format!("perhaps left behind: {serial}; it is not root's any more"));
        text.hints.push(delete_it(serial));
    }
    text
}

/// `what`: a device, as it is called.
pub(in crate::cli::explain) fn not_seen(what: &str, after: Duration) -> Explanation {
    let text = Explanation::new("not_seen", format!("{what} did not appear within {} s", after.as_secs()));
    watched_in_vain(text, "was added")
}

fn watched_in_vain(text: Explanation, done: &str) -> Explanation {
    text.hint(format!("if the console says that it {done}, `glasskey root audit` shows what root has now"))
        .hint("--timeout SECONDS waits longer; the same command begins again")
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
