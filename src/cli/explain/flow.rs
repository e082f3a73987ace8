//! A flow that failed: its cause, where it happened, and what is left.

use super::{Exit, Explanation, access_key, aws, keys, nobody, oath, places, ring};
use crate::cli::commands::oath::by_name;
use crate::cli::notices::clock_time;
use crate::flow::{Cause, Failed, Implausible, Left, Refusal, Stage};
use crate::store::{self, Odd};
use crate::{journal, oath, sink};
use std::path::Path;

/// A flow that failed: its cause, where it happened, and what is left.
#[must_use]
pub fn failed(failed: &Failed) -> Explanation {
    let mut text = cause(&failed.cause, failed.stage);
    if let Some(ahead) = failed.ahead.filter(|ahead| ahead.unsigned_abs() > 5 && is_about_codes(&failed.cause)) {
        text.notes.push(format!(
            "this computer's clock is {}; the codes were computed by AWS's time, so the clock is not the cause",
            off_by(ahead)
        ));
    }
    text.state.extend(failed.left.iter().map(left));
    let recover = failed.left.iter().any(Left::is_for_recover);
    if recover {
        text.exit = Exit::Left;
        // It would be refused while this run is unfinished.
        text.hints.retain(|hint| hint != "run the same command again");
        text.hints.push("`glasskey recover` looks at what is left and finishes or undoes it".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Left::Earlier { .. })) {
        text.exit = Exit::Left;
        text.hints.push("run the command again for the keys that have no device yet".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Left::Rotated { .. })) {
        text.exit = Exit::Left;
        text.hints
            .push("the device is done; run the command again without --from and --key for the access key".to_owned());
    } else if failed.left.iter().any(|left| matches!(left, Left::KeyGone { .. } | Left::KeyWorks { .. })) {
        text.exit = Exit::Left;
    } else if began(failed.stage) {
        text.state.insert(0, "what had been done was undone again; nothing was left behind".to_owned());
    }
    text
}

/// Whether a clock that is wrong is what people think of first.
fn is_about_codes(cause: &Cause) -> bool {
    use crate::aws::Error::{MfaRefused, WrongCodes};
    matches!(cause, Cause::Aws(MfaRefused { .. } | WrongCodes) | Cause::Refused(Refusal::NotProved { .. }))
}

/// Stages in which something may have been created, so that a word about it is due.
fn began(stage: Stage) -> bool {
    !matches!(
        stage,
        Stage::Preflight | Stage::Deactivate | Stage::Resync | Stage::Codes | Stage::Recover | Stage::Roster
    )
}

/// `74 s ahead of AWS`.
#[must_use]
pub fn off_by(ahead: i64) -> String {
    let way = if ahead > 0 { "ahead of" } else { "behind" };
    format!("{} s {way} AWS", ahead.unsigned_abs())
}

pub(super) fn cause(cause: &Cause, stage: Stage) -> Explanation {
    match cause {
        Cause::Aws(error) => aws(error),
        Cause::Keys(error) => keys(error),
        Cause::Sink(error) => sink(error, stage),
        Cause::Journal(error) => journal(error),
        Cause::Refused(error) => refusal(error),
        Cause::Ledger { path, why } => places::ledger(path, why),
        Cause::Declined => Explanation::new("declined", "not confirmed; nothing was done"),
        Cause::NobodyToAsk => nobody("a confirmation is needed, and nobody can be asked").hint("--yes says yes"),
        Cause::Interrupted => Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted),
    }
}

pub(super) fn left(left: &Left) -> String {
    match left {
        Left::Device { arn, why } => {
            format!("left behind: {arn}, not enabled ({})", aws(why).what)
        }
        Left::Unknown { arn, asked, .. } => format!("perhaps left behind: {arn}; {}", unseen(asked.as_deref())),
        Left::Untouched { arn } => format!("left as it was: {arn}, and what the keys hold"),
        Left::Enabled { arn } => format!("{arn} is enabled"),
        Left::NotListed { arn } => {
            format!("perhaps left behind: {arn}, enabled or not; whatever holds its seed was left as it is")
        }
        Left::Rotated { arn } => format!("done before this: {arn} is enabled and works; the old device is gone"),
        Left::Earlier { arn } => format!("done before this: {arn} is enabled and works"),
        Left::Kept { serial } => format!("as it was: {serial} is enabled"),
        Left::PerhapsEnabled { serial, why } => format!("{serial} may be enabled or not; {}", unseen(Some(why))),
        Left::Deactivated { serial } => format!("{serial} is not enabled any more, and is not deleted yet"),
        Left::Credential { key, name, why: Some(why) } => {
            format!("left behind: the credential \"{name}\" on YubiKey {key} ({})", ring(why).what)
        }
        Left::Credential { key, name, why: None } => {
            format!("kept: the credential \"{name}\" on YubiKey {key}, which can still finish the device")
        }
        Left::OnPhone { account } => {
            format!(
                "if a phone scanned the QR code, remove its entry \"AWS ({account})\" there: its codes are of no use"
            )
        }
        Left::Escrow { path, why: Some(why) } => {
            format!("left behind: {} ({why}); its device does not exist", path.display())
        }
        Left::Escrow { path, why: None } => format!("kept: {}, as long as its device exists", path.display()),
        Left::AtCommand { program, account } => {
            format!("`{program}` may have stored \"AWS ({account})\": remove it there, its codes are of no use")
        }
        Left::NewKey { user, id: Some(id), why } => {
            format!("left behind: access key {id} of {user}, whose secret nobody can use ({})", aws(why).what)
        }
        Left::NewKey { user, id: None, .. } => {
            format!("perhaps left behind: a new access key of {user}, whose secret nobody has")
        }
        Left::KeyWorks { id } => format!("done before this: access key {id} works, and its secret is handed over"),
        Left::KeyActive { id } => format!("as it was: access key {id} is active"),
        Left::KeyInactive { id } => format!("access key {id} is not active any more, and is not deleted yet"),
        Left::KeyUnknown { id, why } => {
            format!("access key {id} may be active, inactive or gone; {}", unseen(Some(why)))
        }
        Left::KeyGone { id } => format!("access key {id} was deleted before this, and cannot be brought back"),
        Left::KeyStored { id, to } => {
            format!("`{to}` may have stored the secret of {id}: remove it there, it is of no use")
        }
        Left::Journal { cause } => format!("the journal still lists the run ({})", journal(cause).what),
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

/// The name in a serial number, where it has one.
fn short_name(serial: &str) -> &str {
    serial.rsplit('/').next().unwrap_or(serial)
}

fn sink(error: &sink::Error, stage: Stage) -> Explanation {
    match error {
        sink::Error::Ring(error) => {
            let mut text = ring(error);
            match stage {
                Stage::Write { key } => text.what = format!("{} (while writing to YubiKey {key})", text.what),
                Stage::Prove { key } => text.what = format!("{} (while proving YubiKey {key})", text.what),
                _ => {}
            }
            text
        }
        sink::Error::WrongCode { key } => {
            Explanation::new("wrong_code", format!("YubiKey {key} computes other codes than the seed gives"))
                .hint("do not use this key; `glasskey keys` shows its model and firmware")
        }
        sink::Error::TooSlow { key } => {
            Explanation::new("too_slow", format!("YubiKey {key} gave its codes so late that no two of them were of the present"))
                .hint("touch the key as soon as it blinks, and run the same command again")
        }
        sink::Error::NotConfirmed => {
            Explanation::new("not_confirmed", "no right code from the phone was typed in")
                .hint("scan the QR code with an authenticator app, then type the code it shows; the phone's clock must be right")
        }
        sink::Error::NobodyToAsk => nobody("--qr needs a terminal to show the QR code on"),
        error => places::place(error),
    }
}

/// A journal that cannot be used.
#[must_use]
pub fn journal(error: &journal::Error) -> Explanation {
    match error {
        journal::Error::Io { path, cause } => {
            Explanation::new("journal", format!("the journal cannot be used: {}: {cause}", path.display()))
                .hint(odd_file(path, store::odd(cause)))
        }
        journal::Error::Busy { pid } => {
            let who = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
            Explanation::new("busy", format!("another glasskey is at work{who}")).hint("wait until it has ended")
        }
        journal::Error::Later { path, version } => {
            Explanation::new("journal", format!("a later glasskey wrote {} (format {version}; this one knows {})", path.display(), journal::FORMAT))
                .hint("use that glasskey to recover; the file was not touched")
        }
        journal::Error::Unreadable { path, line } => {
            Explanation::new("journal", format!("line {line} of {} is not one this version writes", path.display()))
                .hint("was it written by a later glasskey? Use that one to recover, or move the file away once you know what it left")
        }
    }
}

/// What to do about a file or directory that is not as it should be.
fn odd_file(path: &Path, odd: Option<Odd>) -> String {
    let shown = path.display();
    let is_file = path.extension().is_some_and(|end| end == "jsonl");
    match odd {
        Some(Odd::OthersWrite) if !is_file => format!(
            "whoever can write there can have your credentials deleted. If you trust all that is in it: `chmod -R go-w {shown}`"
        ),
        Some(Odd::OtherOwner) if !is_file => {
            "GLASSKEY_STATE_DIR names a directory of your own; what another user began, that user recovers".to_owned()
        }
        Some(_) => format!("no glasskey has left it so: look at it, and move {shown} away once you know what it is"),
        None => "GLASSKEY_STATE_DIR names another directory for it".to_owned(),
    }
}

/// What is wrong with a run that no glasskey has written so.
fn implausible(why: &Implausible) -> String {
    match why {
        Implausible::NoBeginning => "the run does not begin with a beginning".to_owned(),
        Implausible::SecondBeginning => "a run begins in the middle of another".to_owned(),
        Implausible::Credential { named, device } => {
            format!("the credential \"{named}\" is not the one of {device}")
        }
        Implausible::Device { serial } => format!("{serial} is no device that this run could replace or remove"),
        Implausible::Key { key } => format!("the run does not write to YubiKey {key}"),
        Implausible::NoPlace => "the run has no place for its seed".to_owned(),
        Implausible::File { path } => {
            format!("{} is not known to be an escrow file of the run", path.display())
        }
        Implausible::Place => "the run has no such place for its seed".to_owned(),
        Implausible::AccessKey { id } => format!("access key {id} is not one of the run's"),
        Implausible::Step => "the run cannot have come to this step".to_owned(),
    }
}

/// `2 keys`.
fn count(keys: usize) -> String {
    match keys {
        0 => "no key".to_owned(),
        1 => "1 key".to_owned(),
        several => format!("{several} keys"),
    }
}

fn refusal(refusal: &Refusal) -> Explanation {
    match refusal {
        Refusal::RootCaller => Explanation::new("root_caller", "the caller is the root user, whose MFA can be enabled in the console only")
            .hint("name an IAM user, or enable root's MFA in the console: https://console.aws.amazon.com/iam/home#/security_credentials"),
        Refusal::NameTheUser { caller } => {
            Explanation::new("name_the_user", format!("the caller is not an IAM user: {caller}"))
                .hint("name the user: `glasskey enroll USER --key SERIAL`")
                .exit(Exit::Usage)
        }
        Refusal::NoSuchUser { user } => Explanation::new("no_such_user", format!("there is no IAM user \"{user}\" in this account"))
            .hint("`aws iam list-users` lists them; names are case-sensitive here"),
        Refusal::TooManyDevices { used, wanted } => {
            Explanation::new("too_many_devices", format!("the user has {used} MFA devices; {wanted} more would exceed AWS's limit of 8"))
                .hint("`aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer used")
        }
        Refusal::NameTaken { arn, user: Some(user) } => {
            let owner = user.rsplit('/').next().unwrap_or(user);
            Explanation::new("device_exists", format!("{arn} exists already and is enabled for {owner}"))
                .hint(format!("--device-name {}-2 makes another beside it", arn.name()))
        }
        Refusal::NameTaken { arn, user: None } => {
            Explanation::new("device_exists", format!("{arn} exists already and was not made by an unfinished run of this machine; it was not touched"))
                .hint(format!(
                    "if nobody is enrolling it right now, delete it: `aws iam delete-virtual-mfa-device --serial-number {arn}`; or use --device-name {}-2",
                    arn.name()
                ))
        }
        Refusal::NeedsPerson { line, user } => {
            nobody(&format!("line {line} of the roster names no key for {user}, and nobody is there to insert one"))
                .hint("name keys in the roster, or give --escrow or --to-command")
        }
        Refusal::Unfinished { arn, user } => {
            Explanation::new("unfinished_run", format!("an earlier run for user {user} did not end; it was making {arn}"))
                .hint("`glasskey recover` finishes or undoes it")
        }
        Refusal::WhichDevice { named, devices, several } => {
            let which = if *several { "more than one device of the user is meant by" } else { "no device of the user is called" };
            let mut text = Explanation::new("which_device", format!("{which} \"{named}\""));
            if !devices.is_empty() {
                text = text.note(format!("the user's devices: {}", devices.join(", ")));
            }
            text.hint("name one by its name, by its serial number, or by the number of a key here that holds it")
        }
        Refusal::NotOnKey { key, serial } => Explanation::new("not_on_key", format!("YubiKey {key} holds no credential of {serial}"))
            .hint("`glasskey devices USER` shows which key here holds which device"),
        Refusal::OnlyFactor { serial } => {
            Explanation::new("last_factor", format!("{serial} is the user's only MFA device, so it cannot go before the new one works"))
                .hint("leave out --replace-first")
        }
        Refusal::NoRoomToRotate { used } => {
            Explanation::new("too_many_devices", format!("the user has {used} MFA devices, and AWS allows no more, not even for a moment"))
                .hint("--replace-first deactivates the old one before the new one is made; the others stay, and one of them should be known to work")
        }
        Refusal::NameNotAllowed { arn, message } => {
            Explanation::new("access_denied", format!("AWS does not let you make {arn}: {message}"))
                .note("many policies let users make only the device that is called as they are, and the old one has that name")
                .hint("an administrator can rotate for you, or widen the policy: docs/policies/self-service-rotate.json")
        }
        Refusal::NotProved { serial, message, tried, refills } => {
            Explanation::new("not_proved", format!("STS took none of {tried} codes for {serial}: {message}"))
                .note(format!(
                    "STS allows nine tries in three minutes, and counts anew from {}; no more are made now",
                    clock_time(*refills)
                ))
        }
        Refusal::LastFactor { serial, without: None } => {
            Explanation::new("last_factor", format!("{serial} is the user's last MFA device"))
                .hint(format!("`glasskey rotate USER --from {0} --key SERIAL` replaces it; to leave the user without any, add --last-factor {0}", short_name(serial)))
        }
        Refusal::LastFactor { serial, without: Some(without) } => {
            Explanation::new("last_factor", format!("{without} is not enabled any more, so {serial} must stay"))
                .hint("somebody else is at work on this user's devices: `glasskey devices USER` shows them")
        }
        Refusal::GoesElsewhere { serial, going, until } => {
            Explanation::new("removed_elsewhere", format!("{going} is being removed by another run of glasskey, so {serial} must stay"))
                .note(format!("it has said so by a tag on the user, and may go on until {}", clock_time(*until)))
                .hint("`glasskey devices USER` shows what became of it; a run that was killed is ended by `glasskey recover` on its machine")
        }
        Refusal::TooLate { serial } => {
            Explanation::new("too_late", format!("{serial} was to be deactivated minutes ago, and this machine seems to have slept since"))
                .hint("run it again")
        }
        Refusal::NameOldDevice { devices } if devices.is_empty() => {
            Explanation::new("no_mfa_device", "the user has no MFA device that could be replaced").hint("`glasskey enroll` makes one")
        }
        Refusal::NameOldDevice { devices } => {
            Explanation::new("which_device", format!("the user has {} MFA devices, and the roster does not say which one goes", devices.len()))
                .note(format!("the user's devices: {}", devices.join(", ")))
                .hint("name it in a column \"from\"")
        }
        Refusal::InUseAgain { arn } => Explanation::new("in_use_again", format!("{arn} was deactivated, and somebody has enabled it again"))
            .hint("find out who before removing it once more"),
        Refusal::NoKeyToEnable { serial } => Explanation::new("cannot_undo", format!("no key here holds {serial}, so it cannot be enabled again"))
            .hint("plug in the key that holds it, or finish the run"),
        Refusal::UnfinishedRemoval { serial, user } => {
            Explanation::new("unfinished_run", format!("an earlier run for user {user} did not end; it was removing {serial}"))
                .hint("`glasskey recover` finishes or undoes it")
        }
        Refusal::NoAccessKey { user } => Explanation::new("no_access_key", format!("{user} has no access key to rotate"))
            .hint(format!("`aws iam create-access-key --user-name {user}` makes the first one")),
        Refusal::WhichAccessKey { user, named, keys } => access_key::which(user, named.as_deref(), keys),
        Refusal::ActiveKey { id } => {
            Explanation::new("key_active", format!("access key {id} is active, so it does not make room for another one's rotation"))
                .hint(format!("--replace {id} replaces it, and leaves the other one as it is"))
                .exit(Exit::Usage)
        }
        Refusal::LastActiveKey { id, other } => {
            Explanation::new("last_active_key", format!("{id} is the user's only active access key, so it cannot go before the new one works"))
                .hint(format!("--make-room {other} deletes the inactive one first"))
        }
        Refusal::SignsThis { id } => {
            Explanation::new("signs_this", format!("this command is signed with {id}, the access key that is to go"))
                .hint("use the new key, the user's other key, or have an administrator do it")
        }
        Refusal::KeyNotKnown { id, seconds } => {
            Explanation::new("key_not_known", format!("AWS does not know the new access key {id} after {seconds} s"))
                .hint("run the same command again later; the old key works")
        }
        Refusal::KeyOfAnother { id, arn } => {
            Explanation::new("key_of_another", format!("the new access key {id} is {arn}, and not the user"))
        }
        Refusal::NewKeyGone { id } => {
            Explanation::new("new_key_gone", format!("the new access key {id} is not active any more, so the old one must stay"))
                .hint("somebody else is at work on this user's access keys: `aws iam list-access-keys` shows them")
        }
        Refusal::UnfinishedKey { user } => {
            Explanation::new("unfinished_run", format!("an earlier run for user {user} did not end; it was rotating the access key"))
                .hint("`glasskey recover` finishes or undoes it")
        }
        Refusal::CredentialThere { key, name } => Explanation::new(
            "name_taken",
            format!("a credential \"{}\" is on YubiKey {key} already; it was not overwritten", name.id()),
        )
        .hint("--device-name NAME makes a device of another name beside it")
        .hint(format!(
            "where its device is gone from IAM, `glasskey oath delete --key {key} {}` removes it",
            by_name(name)
        )),
        Refusal::KeyFull { key, capacity } => {
            let mut text = oath(Some(*key), &oath::Error::Full);
            text.what = format!("{} (all {capacity} are used)", text.what);
            text
        }
        Refusal::NameTooLong { name, bytes } => {
            Explanation::new("name_too_long", format!("\"{name}\" has {bytes} bytes; a key's credential name holds 64"))
                .hint("choose a shorter --device-name or --path")
        }
        Refusal::NeedsMfaSession { devices } => {
            Explanation::new("mfa_session_needed", "you have an MFA device already, so AWS lets you change your devices only through an MFA session")
                .note(format!("your devices: {}", devices.join(", ")))
                .hint("plug in a key that holds one of them (a FIDO device cannot open such a session), use the credentials of an MFA session, or have an administrator do it")
        }
        Refusal::TouchNeeded { key } => nobody(&format!("YubiKey {key} wants a touch, and nobody can be asked for it")),
        Refusal::NoDevice => Explanation::new("no_mfa_device", "the caller has no MFA device to open a session with")
            .hint("`glasskey enroll --key SERIAL` makes one"),
        Refusal::NoSuchDevice { device, devices } => {
            let text = Explanation::new("no_such_device", format!("the caller has no MFA device \"{device}\""));
            if devices.is_empty() { text } else { text.note(format!("there are: {}", devices.join(", "))) }
        }
        Refusal::NoKeyHolds { devices, key } => {
            let what = match key {
                Some(key) => format!("YubiKey {key} holds none of the caller's MFA devices"),
                None => "no key that is plugged in holds one of the caller's MFA devices".to_owned(),
            };
            let text = Explanation::new("no_key_holds", what)
                .hint("plug in a key that holds one; `glasskey devices` shows which key holds which");
            if devices.is_empty() { text } else { text.note(format!("there are: {}", devices.join(", "))) }
        }
        Refusal::NameTheDevice { devices } => {
            Explanation::new("name_the_device", "the keys hold several devices, and the caller may not list their own")
                .note(format!("there are: {}", devices.join(", ")))
                .hint("name one: `glasskey session DEVICE`; or allow iam:ListMFADevices")
                .exit(Exit::Usage)
        }
        Refusal::SessionOfSession => {
            Explanation::new("session_of_session", "these AWS credentials are a session's, and AWS opens no session with those")
                .hint("name the profile with the access key: --profile NAME; or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
        }
        Refusal::LongerThanRole { role, longest } => {
            let seconds = longest.as_secs();
            Explanation::new("role_duration", format!("sessions of {role} last at most {seconds} s; no code was used"))
                .hint(format!("run it again with `--duration {seconds}`, or raise the role's MaxSessionDuration"))
                .exit(Exit::Usage)
        }
        Refusal::NotListed { arn, user } => Explanation::new(
            "not_listed",
            format!("AWS acknowledged that {arn} is enabled, but IAM does not list it for {user}"),
        ),
        Refusal::CodeSpent { serial, from } => {
            Explanation::new("code_spent", format!("the present code of {serial} has been sent to AWS already, and no code is sent twice"))
                .hint(format!("run the same command again from {}", clock_time(*from)))
        }
        Refusal::BadValue { what, value } => Explanation::new("bad_value", format!("\"{value}\" is not a {what} that IAM takes"))
            .hint(match *what {
                "path" => "a path is / or begins and ends with /, at most 512 characters",
                _ => "letters, digits and _+=,.@- only",
            })
            .exit(Exit::Usage),
        Refusal::OtherAccount { account } => {
            Explanation::new("other_account", format!("the unfinished run belongs to account {account}, and these credentials do not"))
                .hint("run `glasskey recover` with --profile for that account")
        }
        Refusal::NotBelieved { path, line, why } => {
            Explanation::new("not_believed", format!("line {line} of {} is not believed: {}", path.display(), implausible(why)))
                .note("the run was left as it is, and nothing that it names was touched")
                .hint("no glasskey has written it so: find out what became of what it names, then move the file away")
        }
        Refusal::CannotFinish => Explanation::new("cannot_finish", "the run cannot be finished: no key that is plugged in holds its credential, or the device is gone")
            .hint("plug in the key it was writing to, or undo the run"),
        Refusal::CannotUndo => Explanation::new("cannot_undo", "not everything could be undone"),
        Refusal::Unproved => Explanation::new(
            "unproved",
            "no place proves the new seed by a code, so nothing would show that it was stored; --yes does not accept that",
        )
        .hint("put the seed on a key too, or give --code-from-command: a command that prints the store's current code")
        .hint("--accept-unproved enables the device all the same"),
        Refusal::FewerKeys { serial, before, after } => {
            let keys = before.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Explanation::new(
                "fewer_keys",
                format!("{serial} is on {} here ({keys}), and the new device would be on {}", count(before.len()), count(*after)),
            )
            .hint("name as many with --key, or give --fewer-keys where that is meant")
            .exit(Exit::Usage)
        }
        Refusal::CannotKeepTouch { serial, key } => {
            Explanation::new("cannot_keep_touch", format!("the codes of {serial} want a touch, and YubiKey {key} is too old to ask for one"))
                .hint("use a key with firmware 4.2.6 or later, or give --no-touch where that is meant")
        }
        Refusal::KeysDiffer => Explanation::new("keys_differ", "the keys of this run compute different codes, so one of them was not written by it")
            .hint("undo the run and enroll again"),
    }
}
