//! Notices of one line: what is waited for, what is done, and what is not as it should be.

use super::super::explain::{aws as answer, no_keyring};
use super::super::moments::{clock_time, off_by};
use crate::aws;
use crate::cli::counts::count;
use crate::person::Notice;

/// What is waited for.
pub(super) fn waiting(notice: &Notice) -> Option<(&'static str, String)> {
    Some(match notice {
        Notice::InsertKey { user, key: Some(key) } => ("insert", format!("YubiKey {key} for {user}; Ctrl-C stops")),
        Notice::InsertKey { user, key: None } => ("insert", format!("a key for {user}; Ctrl-C stops")),
        Notice::OtherKey { present, wanted: Some(wanted) } => {
            ("other", format!("YubiKey {present} is not the one: {wanted} is wanted"))
        }
        Notice::OtherKey { present, wanted: None } => {
            ("other", format!("YubiKey {present} has been handed out already; take it out"))
        }
        Notice::Touch { key } => ("touch", format!("YubiKey {key} now: it blinks")),
        Notice::FidoTouch { key } => ("touch", format!("{key} now: it blinks")),
        Notice::Retrying(retry) => {
            ("waiting", format!("{} s, then {} again: {}", retry.after.as_secs(), retry.call, retry.why))
        }
        Notice::Waiting { what, seconds } => ("waiting", format!("{what}: {seconds} s")),
        Notice::Asking => ("asking", "the reply was lost; asking IAM what happened".to_owned()),
        Notice::ResyncAgain => {
            let what = "the reply was lost; the next two codes are right whether these were taken or not";
            ("again", what.to_owned())
        }
        _ => return None,
    })
}

/// What is done.
pub(super) fn done(notice: &Notice) -> Option<(String, String)> {
    let (verb, what) = match notice {
        Notice::Written { key } => return Some((key.to_string(), "written, its code matches".to_owned())),
        Notice::CredentialRemoved { key, name } => return Some((key.to_string(), format!("\"{name}\" removed"))),
        Notice::Created { arn } => ("created", arn.to_string()),
        Notice::OnPhone => ("phone", "has it, its code matches".to_owned()),
        Notice::Escrowed { path, recipients } => {
            let who = count(*recipients, "recipient");
            ("escrow", format!("{} for {who}; read back, header and content are right", path.display()))
        }
        Notice::HandedOver { program, checked } => {
            let unseen = if *checked { "" } else { "; what it stored was not looked at" };
            ("command", format!("`{program}` read the seed and ended with status 0{unseen}"))
        }
        Notice::StoreChecked { program } => ("command", format!("`{program}` printed a code, and it matches")),
        Notice::Enabled { codes: [first, second], by } => {
            let from = by.map_or_else(|| "the seed".to_owned(), |key| format!("YubiKey {key}"));
            let (first, second) = (clock_time(*first), clock_time(*second));
            ("enabled", format!("with the codes for {first} and {second}, from {from}"))
        }
        Notice::Listed { user } => ("listed", format!("IAM shows it for {user}")),
        Notice::NotConfirmed { why } => {
            ("enabled", format!("AWS acknowledged it; not looked up again ({})", not_told(why)))
        }
        Notice::SessionOpened { serial, key } => {
            ("session", format!("opened with a code for {serial} from YubiKey {key}"))
        }
        Notice::Resynced { serial, codes: [first, second] } => {
            let (first, second) = (clock_time(*first), clock_time(*second));
            ("in step", format!("{serial}: AWS took the codes for {first} and {second}"))
        }
        Notice::Deactivated { serial } => ("inactive", format!("{serial}: its codes open nothing any more")),
        Notice::Deleted { serial } => ("deleted", serial.clone()),
        Notice::DeletedAlready { serial } => ("gone", format!("{serial}: IAM has it no more")),
        _ => return None,
    };
    Some((verb.to_owned(), what))
}

/// What is not as it should be, and does not stop the command.
pub(super) fn warning(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Shared { key, holder } => {
            format!("{} (process {}) has YubiKey {key} open too; access is shared", holder.name, holder.pid)
        }
        Notice::KeyUnread { key } => {
            format!("YubiKey {key} could not be read: if it holds a credential of the device, that stays on it")
        }
        Notice::ReaderUnread { reader } => format!(
            "the key in the reader \"{reader}\" could not be read: if it holds a credential of the device, that stays on it"
        ),
        Notice::ClockOff { ahead } => {
            format!("this computer's clock is {}; codes are computed by AWS's time", off_by(*ahead))
        }
        Notice::NotKept(why) => format!("{}; this session is not kept in memory", no_keyring(why)),
        Notice::StepsUnreadable { path } => {
            format!("{} cannot be read; this step's codes count as sent, and a new file is begun", path.display())
        }
        Notice::StepsNotKept { path, why } => format!(
            "{} cannot be written ({why}); wait half a minute before another command that needs a code",
            path.display()
        ),
        _ => return announcement(notice),
    })
}

/// Lines in no form of their own.
pub(super) fn plain(notice: &Notice) -> Vec<String> {
    let line = match notice {
        Notice::UsersNotListed => {
            "Without iam:ListUsers it cannot be said now who of them does not exist; that shows at their turn."
                .to_owned()
        }
        Notice::NextUser { user, nth, of } => format!("{user}, {nth} of {of}"),
        Notice::PinAgain { key, left: Some(left) } => {
            let left = if *left == 1 { "1 try is left".to_owned() } else { format!("{left} tries are left") };
            return vec![format!("glasskey: that is not the PIN of {key}"), format!("glasskey: {left}")];
        }
        Notice::PinAgain { key, left: None } => {
            format!("glasskey: that cannot be a PIN; nothing was sent to {key}")
        }
        Notice::JournalKept => {
            "glasskey: the journal still lists this run; `glasskey recover` will find it complete".to_owned()
        }
        Notice::EmptyRun { path, removed: true } => {
            format!("glasskey: {} was empty and is removed: its run had not begun anything", path.display())
        }
        Notice::EmptyRun { path, removed: false } => {
            format!("glasskey: {} is empty and is not called as a run's file is; it was not touched", path.display())
        }
        Notice::FirstCode { from, seconds } => {
            format!("First sign-in code: from {} (in {seconds} s).", clock_time(*from))
        }
        Notice::Undoing { earlier: false } => {
            "glasskey: interrupted; undoing (press Ctrl-C again to stop at once and leave it to `glasskey recover`)"
                .to_owned()
        }
        Notice::Undoing { earlier: true } => "  undoing   had begun; finishing it is not what --yes does".to_owned(),
        Notice::CodeDue { serial, seconds } => {
            format!("First a code of {serial} is needed, and the next one is due in {seconds} s.")
        }
        Notice::OtherName { name, user } => format!(
            "Two devices cannot have one name. A policy that allows only the device \"{user}\" refuses \"{name}\"; \
             then nothing is changed."
        ),
        _ => return Vec::new(),
    };
    vec![line]
}

/// What kept a removal from being announced to other machines, or from being taken back.
fn announcement(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::NotAnnounced { user, serial, why } => format!(
            "{}, so glasskey on another machine cannot see that {serial} is going: nobody should remove another \
             device of {user} now",
            no_tag(why, "the removal could not be announced")
        ),
        Notice::OthersUnseen { user, why } => format!(
            "{}, so it cannot be seen whether another machine is removing a device of {user}",
            no_tag(why, "the user's tags could not be read")
        ),
        Notice::StillAnnounced { user, until, why: Some(why), certain } => format!(
            "{}left on user {user}: the tag that announced the removal ({}); it says nothing after {}, and the next \
             removal for this user takes it away",
            if *certain { "" } else { "perhaps " },
            answer(why).what,
            clock_time(*until)
        ),
        Notice::StillAnnounced { user, until, why: None, .. } => format!(
            "the removal stays announced by a tag on user {user} until {}: it may still come through",
            clock_time(*until)
        ),
        _ => return None,
    })
}

/// Why IAM did not tell.
fn not_told(why: &aws::Error) -> String {
    match why {
        aws::Error::Denied { call, .. } => format!("no permission for {}", call.permission()),
        why => answer(why).what,
    }
}

/// A missing permission, by its name; any other refusal in AWS's words.
fn no_tag(why: &aws::Error, otherwise: &str) -> String {
    match why {
        aws::Error::Denied { call, .. } => format!("{} is not allowed", call.permission()),
        why => format!("{otherwise} ({})", answer(why).what),
    }
}
