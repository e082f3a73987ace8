//! A flow that failed: its cause, where it happened, and what is left.

use super::refusals::who;
use super::{Exit, Explanation, aws, ceremonies, fido_unlock, keys, nobody, places, refusals, unlock};
use crate::cli::fixes;
use crate::cli::moments::off_by;
use crate::flow::{Cause, Failed, RecoverRefusal, Refusal, Residue, RotateRefusal, Stage};
use crate::store::{self, Odd};
use crate::{journal, sink};
use std::path::Path;

pub(in crate::cli) fn failed(failed: &Failed) -> Explanation {
    let mut text = cause(&failed.cause, failed.stage);
    if let Some(ahead) = failed.ahead.filter(|ahead| ahead.unsigned_abs() > 5 && is_about_codes(&failed.cause)) {
        text.notes.push(format!(
            "this computer's clock is {}; the codes were computed by AWS's time, so the clock is not the cause",
            off_by(ahead)
        ));
    }
    let is_disproved = matches!(&failed.cause, Cause::Refused(Refusal::Recover(RecoverRefusal::AnotherSeed { .. })));
    text.state.extend(failed.left.iter().map(|one| match one {
        // IAM has just refused its codes.
        Residue::Credential { key, name, why: None } if is_disproved => {
            format!("kept: the credential \"{name}\" on YubiKey {key}")
        }
        one => left(one),
    }));
    let recover = failed.left.iter().any(Residue::is_for_recover);
    if recover {
        text.exit = Exit::Left;
        // It would be refused while this run is unfinished.
        text.hints.retain(|hint| hint != "run the same command again");
        text.hints.push("`glasskey recover` looks at what is left and finishes or undoes it".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Residue::Earlier { .. })) {
        text.exit = Exit::Left;
        text.hints.push("run the command again for the keys that have no device yet".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Residue::Rotated { .. })) {
        text.exit = Exit::Left;
        text.hints
            .push("the device is done; run the command again without --from and --key for the access key".to_owned());
    } else if failed.left.iter().any(is_said_alone) {
        text.exit = Exit::Left;
    } else if failed.stage == Stage::Create && was_refused(&failed.cause) {
        text.state.insert(0, "nothing was created".to_owned());
    } else if began(failed.stage) {
        text.state.insert(0, "what had been done was undone again; nothing was left behind".to_owned());
    }
    text
}

/// What is left for nobody to finish, and yet is another end than that nothing was done.
fn is_said_alone(left: &Residue) -> bool {
    matches!(
        left,
        Residue::KeyGone { .. }
            | Residue::KeyWorks { .. }
            | Residue::RecoveryPerhaps { .. }
            | Residue::PasswordPerhaps { .. }
            | Residue::ConfirmedPerhaps { .. }
    )
}

/// Whether a clock that is wrong is what people think of first.
fn is_about_codes(cause: &Cause) -> bool {
    use crate::aws::Error::{MfaRefused, WrongCodes};
    matches!(
        cause,
        Cause::Aws(MfaRefused { .. } | WrongCodes) | Cause::Refused(Refusal::Rotate(RotateRefusal::NotProved { .. }))
    )
}

/// AWS has answered, and it was no.
fn was_refused(cause: &Cause) -> bool {
    use crate::aws::Error::{Interrupted, Malformed, OutcomeUnknown};
    match cause {
        Cause::Aws(error) => !matches!(error, OutcomeUnknown { .. } | Malformed { .. } | Interrupted),
        cause => matches!(cause, Cause::Refused(_)),
    }
}

/// Stages in which something may have been created, so that a word about it is due.
fn began(stage: Stage) -> bool {
    !matches!(
        stage,
        Stage::Preflight
            | Stage::Deactivate
            | Stage::Resync
            | Stage::Codes
            | Stage::Console
            | Stage::Harden
            | Stage::Recover
            | Stage::Roster
    )
}

pub(super) fn cause(cause: &Cause, stage: Stage) -> Explanation {
    match cause {
        Cause::Aws(error) => aws(error),
        Cause::Keys(error) => keys(error),
        Cause::Sink(error) => sink(error, stage),
        Cause::Journal(error) => journal(error),
        Cause::Refused(error) => refusals::refusal(error),
        Cause::Ledger { path, why } => places::ledger(path, why),
        Cause::Fido(error) => fido_unlock(error),
        Cause::Record(error) => ceremonies::record(error),
        Cause::PlanMark(why) => Explanation::new("plan_mark", format!("{cause}: {why}")).note("nothing was changed"),
        // The command says more.
        Cause::DrillLog { .. } => Explanation::of("drill_log", cause),
        Cause::Declined => Explanation::of("declined", cause),
        Cause::NobodyToAsk => nobody(cause).hint("--yes says yes"),
        Cause::Interrupted => Explanation::interrupted(),
    }
}

pub(super) fn left(left: &Residue) -> String {
    match left {
        Residue::Device { arn, why } => {
            format!("left behind: {arn}, not enabled ({})", aws(why).what)
        }
        Residue::Unknown { arn, asked, .. } => format!("perhaps left behind: {arn}; {}", unseen(asked.as_deref())),
        Residue::PerhapsAnothers { arn } => {
            format!("there: {arn}, not touched: whether this run made it is not known, since a reply was lost")
        }
        Residue::Untouched { arn } => format!("left as it was: {arn}, and what the keys hold"),
        Residue::Enabled { arn } => format!("{arn} is enabled"),
        Residue::NotListed { arn } => {
            format!("perhaps left behind: {arn}, enabled or not; whatever holds its seed was left as it is")
        }
        Residue::Rotated { arn } => format!("done before this: {arn} is enabled and works; the old device is gone"),
        Residue::Earlier { arn } => format!("done before this: {arn} is enabled and works"),
        Residue::Kept { serial } => format!("as it was: {serial} is enabled"),
        Residue::PerhapsEnabled { serial, why } => format!("{serial} may be enabled or not; {}", unseen(Some(why))),
        Residue::Deactivated { serial } => format!("{serial} was deactivated, and is not deleted yet"),
        Residue::MayComeBack { serial, user } => format!(
            "{serial} was deactivated, and is not deleted yet; `glasskey recover {} --undo` enables it again",
            who(user)
        ),
        Residue::Credential { key, name, why: Some(why) } => {
            format!("left behind: the credential \"{name}\" on YubiKey {key} ({})", unlock(why).what)
        }
        Residue::Credential { key, name, why: None } => {
            format!("kept: the credential \"{name}\" on YubiKey {key}, which can still finish the device")
        }
        Residue::OnPhone { account } => format!(
            "if a phone scanned the QR code, remove its entry \"AWS ({account})\" there: its codes are of no use"
        ),
        Residue::Escrow { path, why: Some(why) } => {
            format!("left behind: {} ({why}); its device does not exist", path.display())
        }
        Residue::Escrow { path, why: None } => format!("kept: {}, as long as its device exists", path.display()),
        Residue::AtCommand { program, account } => {
            format!("`{program}` may have stored \"AWS ({account})\": remove it there, its codes are of no use")
        }
        Residue::NewKey { .. }
        | Residue::KeyPerhapsAnothers { .. }
        | Residue::KeyWorks { .. }
        | Residue::KeyActive { .. }
        | Residue::KeyInactive { .. }
        | Residue::KeyMayComeBack { .. }
        | Residue::KeyUnknown { .. }
        | Residue::KeyGone { .. }
        | Residue::NoActiveKey { .. }
        | Residue::KeyStored { .. } => access_key_left(left),
        Residue::HardenDone { .. }
        | Residue::Hardening { .. }
        | Residue::RecoveryPerhaps { .. }
        | Residue::RuleOutOfReach { .. }
        | Residue::ConfirmedPerhaps { .. }
        | Residue::PasswordPerhaps { .. } => hardening_left(left),
        Residue::Journal { cause } => format!("the journal still lists the run ({})", journal(cause).what),
        Residue::BadRun { why } => format!("kept as it is: {}", cause(why, Stage::Recover).what),
    }
}

/// What is left of hardening.
fn hardening_left(left: &Residue) -> String {
    match left {
        Residue::HardenDone { step } => format!("done before this: {step}"),
        Residue::Hardening { account, step: Some(step), .. } => {
            format!("perhaps done in part: {step}, in account {account}")
        }
        Residue::Hardening { account, .. } => format!("the run in account {account} is not complete"),
        Residue::RuleOutOfReach { region } => {
            format!("left behind: the rule glasskey-root-use in {region}, which is disabled")
        }
        Residue::ConfirmedPerhaps { topic } => format!(
            "perhaps done: the address of the mail may have confirmed; run the same command again with the same link, or \
             `glasskey root audit`, which names who has not confirmed for {topic}"
        ),
        Residue::RecoveryPerhaps { account } => {
            format!("perhaps done: root of {account} may recover its password; say it again to be sure")
        }
        Residue::PasswordPerhaps { user } => format!(
            "perhaps done: {user} has the password that was handed over last, or the one before; run the same command \
             again, which sets another one"
        ),
        _ => String::new(),
    }
}

/// What is left of access keys.
fn access_key_left(left: &Residue) -> String {
    match left {
        Residue::NewKey { user, id: Some(id), why } => {
            format!("left behind: access key {id} of {user}, whose secret nobody can use ({})", aws(why).what)
        }
        Residue::NewKey { user, id: None, .. } => {
            format!("perhaps left behind: a new access key of {user}, whose secret nobody has")
        }
        Residue::KeyPerhapsAnothers { id, user } => {
            format!("as it was: access key {id} of {user}, which may be somebody else's")
        }
        Residue::KeyWorks { id } => format!("done before this: access key {id} works, and its secret is handed over"),
        Residue::KeyActive { id } => format!("as it was: access key {id} is active"),
        Residue::KeyInactive { id } => format!("access key {id} is not active any more, and is not deleted yet"),
        Residue::KeyMayComeBack { id, user } => format!(
            "access key {id} is not active any more, and is not deleted yet; `glasskey recover {} --undo` activates it again",
            who(user)
        ),
        Residue::KeyUnknown { id, why } => {
            format!("access key {id} may be active, inactive or gone; {}", unseen(Some(why)))
        }
        Residue::KeyGone { id } => format!("access key {id} was deleted before this, and cannot be brought back"),
        Residue::NoActiveKey { user } => {
            format!("{user} has no active access key left; `aws iam create-access-key --user-name {user}` makes one")
        }
        Residue::KeyStored { id, to } => {
            format!("`{to}` may have stored the secret of {id}: remove it there, it is of no use")
        }
        _ => String::new(),
    }
}

/// Why it is not known what AWS has.
fn unseen(asked: Option<&crate::aws::Error>) -> String {
    use crate::aws::Error as Answer;
    match asked {
        None | Some(Answer::Interrupted) => "AWS has not been asked".to_owned(),
        Some(Answer::OutcomeUnknown { .. } | Answer::Unreachable { .. }) => {
            "AWS did not answer when it was asked".to_owned()
        }
        Some(Answer::Denied { call, .. }) => {
            format!("AWS was asked and refused: {} is not allowed", call.permission())
        }
        Some(answer) => format!("AWS was asked, and did not say ({})", aws(answer).what),
    }
}

fn sink(error: &sink::Error, stage: Stage) -> Explanation {
    match error {
        sink::Error::Unlock(error) => {
            let mut text = unlock(error);
            match stage {
                Stage::Write { key } => text.what = format!("{} (while writing to YubiKey {key})", text.what),
                Stage::Prove { key } => text.what = format!("{} (while proving YubiKey {key})", text.what),
                _ => {}
            }
            text
        }
        sink::Error::WrongCode { .. } => Explanation::of("wrong_code", error)
            .hint("do not use this key; `glasskey keys` shows its model and firmware"),
        sink::Error::TooSlow { .. } => Explanation::of("too_slow", error)
            .hint("touch the key as soon as it blinks, and run the same command again"),
        sink::Error::NotConfirmed => Explanation::of("not_confirmed", error).hint(
            "scan the QR code with an authenticator app, then type the code it shows; the phone's clock must be right",
        ),
        sink::Error::NobodyToAsk => nobody("--qr needs a terminal to show the QR code on"),
        error => places::place(error),
    }
}

/// A journal that cannot be used.
pub(in crate::cli) fn journal(error: &journal::Error) -> Explanation {
    match error {
        journal::Error::Io { path, cause } => {
            Explanation::new("journal", format!("{error}: {cause}")).hint(match store::above(cause) {
                Some(above) => odd_above(above),
                None => odd_file(path, store::odd(cause)),
            })
        }
        journal::Error::Several { first, others } => {
            others.iter().fold(journal(first), |text, other| text.note(journal(other).what))
        }
        journal::Error::Busy { .. } => Explanation::of("busy", error).hint("wait until it has ended"),
        journal::Error::Later { .. } => {
            Explanation::of("journal", error).hint("use that glasskey to recover; the file was not touched")
        }
        journal::Error::Unreadable { .. } => Explanation::of("journal", error).hint(
            "was it written by a later glasskey? Use that one to recover, or move the file away once you know what it left",
        ),
    }
}

/// What to do about a directory above.
fn odd_above(above: &store::Above) -> String {
    match above.odd {
        Odd::OtherOwner => {
            "whoever it belongs to can put another directory in its place; GLASSKEY_STATE_DIR names one of \
                            your own, in directories of your own"
                .to_owned()
        }
        _ => format!(
            "whoever can write there can put another directory in its place: `{}`, or name another with \
             GLASSKEY_STATE_DIR",
            fixes::keep_others_from_writing(&above.path, false)
        ),
    }
}

/// What to do about a file or directory that is not as it should be.
fn odd_file(path: &Path, odd: Option<Odd>) -> String {
    let shown = path.display();
    let is_file = path.extension().is_some_and(|end| end == "jsonl");
    match odd {
        Some(Odd::OthersWrite) if !is_file => format!(
            "whoever can write there can have your credentials deleted. If you trust all that is in it: `{}`",
            fixes::keep_others_from_writing(path, true)
        ),
        Some(Odd::OtherOwner) if !is_file => {
            "GLASSKEY_STATE_DIR names a directory of your own; what another user began, that user recovers".to_owned()
        }
        Some(_) => format!("no glasskey has left it so: look at it, and move {shown} away once you know what it is"),
        // What a run has written down already is recovered from there alone.
        None if is_file => "make room there, or make it writable, and run this again".to_owned(),
        None => "GLASSKEY_STATE_DIR names another directory for it".to_owned(),
    }
}
