//! What a notice sounds like. Pure: facts in, lines out.

mod access_key;
mod proof;
mod root;

pub(super) use root::{code_lines, url as console_url};

use super::advisories;
use super::console::Style;
use super::explain::{aws as answer, no_keyring};
use super::moments::{clock_time, date_time, off_by};
use crate::aws::{self, DeviceKind};
use crate::fido::advisories::Unknown;
use crate::keys::Serial;
use crate::person::{
    DeviceState, FileState, KeyState, KeyStep, Notice, Parting, Plan, RosterPlan, Unfinished, UnfinishedRetirement,
};

/// What is waited for, of a program that takes long.
pub(super) fn waiting(waiting: &aws::Waiting, style: Style) -> Vec<String> {
    let what =
        format!("for `{}`, the credential_process of profile \"{}\"; Ctrl-C stops", waiting.program, waiting.profile);
    vec![format!("  {} {what}", style.bold(&format!("{:<9}", "waiting")))]
}

/// The lines of a notice, without their ends; none for notices that are shown otherwise.
pub(super) fn lines(notice: &Notice, style: Style) -> Vec<String> {
    let step = |verb: &str, what: String| vec![format!("  {} {what}", style.bold(&format!("{verb:<9}")))];
    let warn = |what: String| vec![format!("glasskey: {} {what}", style.yellow("warning:"))];
    match notice {
        Notice::Plan(plan) => plan_lines(plan, style),
        Notice::RosterPlan(plan) => roster_lines(plan, style),
        Notice::UnknownUsers { users } => unknown_lines(users, style),
        Notice::UsersNotListed => vec![
            "Without iam:ListUsers it cannot be said now who of them does not exist; that shows at their turn."
                .to_owned(),
        ],
        Notice::NextUser { user, nth, of } => vec![format!("{user}, {nth} of {of}")],
        Notice::InsertKey { user, key: Some(key) } => {
            step("insert", format!("YubiKey {key} for {user}; Ctrl-C stops"))
        }
        Notice::InsertKey { user, key: None } => step("insert", format!("a key for {user}; Ctrl-C stops")),
        Notice::OtherKey { present, wanted: Some(wanted) } => {
            step("other", format!("YubiKey {present} is not the one: {wanted} is wanted"))
        }
        Notice::OtherKey { present, wanted: None } => {
            step("other", format!("YubiKey {present} has been handed out already; take it out"))
        }
        Notice::Touch { key } => step("touch", format!("YubiKey {key} now: it blinks")),
        Notice::PinAgain { key, left: Some(left) } => {
            vec![
                format!("glasskey: that is not the PIN of {key}"),
                match left {
                    1 => "glasskey: 1 try is left".to_owned(),
                    left => format!("glasskey: {left} tries are left"),
                },
            ]
        }
        Notice::PinAgain { key, left: None } => {
            vec![format!("glasskey: that cannot be a PIN; nothing was sent to {key}")]
        }
        Notice::FidoTouch { key } => step("touch", format!("{key} now: it blinks")),
        Notice::Shared { key, holder } => {
            let warning = style.yellow("warning:");
            vec![format!(
                "glasskey: {warning} {} (process {}) has YubiKey {key} open too; access is shared",
                holder.name, holder.pid
            )]
        }
        Notice::KeyUnread { key } => {
            warn(format!("YubiKey {key} could not be read: if it holds a credential of the device, that stays on it"))
        }
        Notice::ReaderUnread { reader } => warn(format!(
            "the key in the reader \"{reader}\" could not be read: if it holds a credential of the device, that stays on it"
        )),
        Notice::Created { arn } => step("created", arn.to_string()),
        Notice::Written { key } => step(&key.to_string(), "written, its code matches".to_owned()),
        Notice::OnPhone => step("phone", "has it, its code matches".to_owned()),
        Notice::Escrowed { path, recipients } => {
            let who = if *recipients == 1 { "1 recipient".to_owned() } else { format!("{recipients} recipients") };
            step("escrow", format!("{} for {who}; read back, header and content are right", path.display()))
        }
        Notice::HandedOver { program, checked } => {
            let unseen = if *checked { "" } else { "; what it stored was not looked at" };
            step("command", format!("`{program}` read the seed and ended with status 0{unseen}"))
        }
        Notice::StoreChecked { program } => step("command", format!("`{program}` printed a code, and it matches")),
        Notice::Enabled { codes: [first, second], by } => {
            let from = by.map_or_else(|| "the seed".to_owned(), |key| format!("YubiKey {key}"));
            let (first, second) = (clock_time(*first), clock_time(*second));
            step("enabled", format!("with the codes for {first} and {second}, from {from}; nothing to wait for"))
        }
        Notice::Listed { user } => step("listed", format!("IAM shows it for {user}")),
        Notice::NotConfirmed { why } => {
            step("enabled", format!("AWS acknowledged it; not looked up again ({})", not_told(why)))
        }
        Notice::JournalKept => {
            vec!["glasskey: the journal still lists this run; `glasskey recover` will find it complete".to_owned()]
        }
        Notice::EmptyRun { path, removed: true } => {
            vec![format!("glasskey: {} was empty and is removed: its run had not begun anything", path.display())]
        }
        Notice::EmptyRun { path, removed: false } => {
            vec![format!(
                "glasskey: {} is empty and is not called as a run's file is; it was not touched",
                path.display()
            )]
        }
        Notice::FirstCode { from, seconds } => {
            vec![format!("First sign-in code: from {} (in {seconds} s).", clock_time(*from))]
        }
        Notice::ClockOff { ahead } => {
            let warning = style.yellow("warning:");
            vec![format!(
                "glasskey: {warning} this computer's clock is {}; codes are computed by AWS's time",
                off_by(*ahead)
            )]
        }
        Notice::Retrying(retry) => {
            step("waiting", format!("{} s, then {} again: {}", retry.after.as_secs(), retry.call, retry.why))
        }
        Notice::SessionOpened { serial, key } => {
            step("session", format!("opened with a code for {serial} from YubiKey {key}"))
        }
        Notice::NotKept(why) => warn(format!("{}; this session is not kept in memory", no_keyring(why))),
        Notice::Waiting { what, seconds } => step("waiting", format!("{what}: {seconds} s")),
        Notice::StepsUnreadable { path } => warn(format!(
            "{} cannot be read; this step's codes count as sent, and a new file is begun",
            path.display()
        )),
        Notice::StepsNotKept { path, why } => warn(format!(
            "{} cannot be written ({why}); wait half a minute before another command that needs a code",
            path.display()
        )),
        Notice::Undoing => {
            vec!["glasskey: interrupted; undoing (press Ctrl-C again to stop at once and leave it to `glasskey recover`)".to_owned()]
        }
        Notice::Asking => step("asking", "the reply was lost; asking IAM what happened".to_owned()),
        Notice::Unfinished(run) => unfinished_lines(run),
        Notice::Key(key) => key_step(key).map_or_else(Vec::new, |(verb, what)| step(verb, what)),
        Notice::Root(root) => root::lines(root, style),
        Notice::UnfinishedRetirement(run) => retirement_lines(run),
        Notice::KeyPlan(plan) => access_key::plan_lines(plan, style),
        Notice::AccessKey(key) => {
            let (verb, what) = access_key::step(key);
            step(verb, what)
        }
        Notice::UnfinishedKey(run) => access_key::unfinished_lines(run),
        Notice::Parting(parting) => parting_lines(parting, style),
        Notice::ProofPlanned(proving) => vec![proof::proving(*proving).to_owned()],
        Notice::Losses(losses) => losses.iter().map(|loss| proof::loss(loss, style)).collect(),
        Notice::CodeDue { serial, seconds } => {
            vec![format!("First a code of {serial} is needed, and the next one is due in {seconds} s.")]
        }
        Notice::OtherName { name, user } => vec![format!(
            "Two devices cannot have one name. A policy that allows only the device \"{user}\" refuses \"{name}\"; \
             then nothing is changed."
        )],
        Notice::ClockVerdict { ahead } => clock_verdict(*ahead, style),
        Notice::ResyncAgain => step(
            "again",
            "the reply was lost; the next two codes are right whether these were taken or not".to_owned(),
        ),
        Notice::Resynced { serial, codes: [first, second] } => {
            let (first, second) = (clock_time(*first), clock_time(*second));
            step("in step", format!("{serial}, by the codes for {first} and {second}"))
        }
        Notice::Deactivated { serial } => step("inactive", format!("{serial}: its codes open nothing any more")),
        Notice::NotAnnounced { .. } | Notice::OthersUnseen { .. } | Notice::StillAnnounced { .. } => {
            announcement(notice).map(warn).into_iter().flatten().collect()
        }
        Notice::Deleted { serial } => step("deleted", serial.clone()),
        Notice::CredentialRemoved { key, name } => step(&key.to_string(), format!("\"{name}\" removed")),
    }
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

fn key_step(step: &KeyStep) -> Option<(&'static str, String)> {
    Some(match step {
        KeyStep::Advisory { id, affected: true, effect, advice } => ("advisory", format!("{id}: {effect}. {advice}")),
        KeyStep::Advisory { id, affected: false, effect, .. } => ("advisory", format!("{id}: {effect}")),
        KeyStep::NoFirmware => ("advisory", advisories::unknown(Unknown::Firmware).to_owned()),
        KeyStep::NotCovered => ("advisory", advisories::unknown(Unknown::Kind).to_owned()),
        KeyStep::Genuine { model, root } => ("genuine", format!("{model}, attested by {root}")),
        KeyStep::PinSet => ("PIN", "set".to_owned()),
        KeyStep::PinChanged => ("PIN", "changed".to_owned()),
        KeyStep::PinRight => ("PIN", "right".to_owned()),
        KeyStep::MinPinLength { length, raised: true } => {
            ("PIN", format!("at least {length} characters from now on"))
        }
        KeyStep::MinPinLength { length, raised: false } => ("PIN", format!("at least {length} characters already")),
        KeyStep::AlwaysUv { turned_on: true } => {
            ("always-UV", "on from now on: nothing works without the PIN".to_owned())
        }
        KeyStep::AlwaysUv { turned_on: false } => ("always-UV", "on already".to_owned()),
        KeyStep::Ready { free_slots: Some(free) } => ("ready", format!("{free} discoverable slots free")),
        KeyStep::Ready { free_slots: None } => {
            ("ready", "it does not tell how many discoverable slots are free".to_owned())
        }
    })
}

fn plan_lines(plan: &Plan, style: Style) -> Vec<String> {
    let mut lines = vec![format!("glasskey will, in account {} as {}:", plan.account, plan.caller)];
    let mut step = |verb: &str, what: &str, detail: String| {
        lines.push(format!("  {} {what:<19} {detail}", style.bold(&format!("{verb:<7}"))));
    };
    for device in &plan.devices {
        let mut places: Vec<String> = device.keys.iter().map(|(key, model)| place(*key, model)).collect();
        if device.phone {
            places.push("a phone, by QR code".to_owned());
        }
        let touch = if device.touch { ", with touch" } else { "" };
        step("create", "virtual MFA device", device.arn.to_string());
        if !places.is_empty() {
            step("write", "its seed to", format!("{} as \"{}\"{touch}", places.join(" and "), device.credential));
        }
        if let Some((path, recipients)) = &device.escrow {
            step("encrypt", "its seed into", format!("{} for {}", path.display(), recipients.join(", ")));
        }
        if let Some(program) = &device.command {
            step("hand", "its seed to", format!("`{program}`, on its standard input"));
        }
        if let Some(places) = proof::places(device) {
            step("check", "a code from", places);
        }
        step("enable", "it for", format!("user {} ({} of 8 devices used)", plan.user, plan.used));
    }
    lines.extend(proof::unchecked(plan, style));
    if plan.shared_seed {
        lines.push(
            "One seed in several places: each of them can sign in; losing one means rotating all. --separate makes one device per key."
                .to_owned(),
        );
    } else if plan.devices.len() > 1 {
        lines.push(
            "One device per key: losing a key means retiring its device only; each counts toward the 8.".to_owned(),
        );
    }
    lines
}

fn roster_lines(plan: &RosterPlan, style: Style) -> Vec<String> {
    let verb = |verb: &str| style.bold(&format!("{verb:<7}"));
    let before = if plan.before == 0 {
        String::new()
    } else {
        format!("; {} {} done already", plan.before, if plan.before == 1 { "is" } else { "are" })
    };
    let users = if plan.users == 1 { "1 user" } else { &format!("each of {} users", plan.users) };
    let mut lines = vec![
        format!("glasskey will, in account {} as {}:", plan.account, plan.caller),
        if plan.rotate {
            format!("  {} a device of {users} of the roster{before}", verb("replace"))
        } else {
            format!("  {} a device for {users} of the roster{before}", verb("enroll"))
        },
    ];
    if plan.keys > 0 {
        lines.push(format!("  {} the keys of {} of them, one by one", verb("write"), plan.keys));
    }
    if !plan.recipients.is_empty() {
        lines.push(format!("  {} each seed into an age file for {}", verb("encrypt"), plan.recipients.join(", ")));
    }
    if let Some(program) = &plan.command {
        lines.push(format!("  {} each seed to `{program}`, on its standard input", verb("hand")));
    }
    if let Some(program) = &plan.code {
        lines.push(format!("  {} a code of each from `{program}`", verb("check")));
    }
    if plan.rotate {
        lines.push(format!(
            "  {} each old device, once the new one is enabled and its places have taken the seed",
            verb("delete")
        ));
    }
    lines.extend(proof::unchecked_users(plan, style));
    lines
}

/// Not all of thousands.
const SHOWN: usize = 20;

fn unknown_lines(users: &[(u64, String)], style: Style) -> Vec<String> {
    let warning = style.yellow("warning:");
    let number = match users.len() {
        1 => "1 user of the roster does".to_owned(),
        several => format!("{several} users of the roster do"),
    };
    let mut lines = vec![format!("glasskey: {warning} {number} not exist in this account:")];
    lines.extend(users.iter().take(SHOWN).map(|(line, user)| format!("glasskey:   line {line}, {user}")));
    if users.len() > SHOWN {
        lines.push(format!("glasskey:   and {} more", users.len() - SHOWN));
    }
    lines
}

/// AWS takes codes of two steps on either side.
const FORGIVEN: u64 = 60;

fn clock_verdict(ahead: i64, style: Style) -> Vec<String> {
    let off = off_by(ahead);
    let line = |text: String| vec![format!("  {} {text}", style.bold(&format!("{:<9}", "clock")))];
    match ahead.unsigned_abs() {
        0..=5 => line("this computer's is right".to_owned()),
        6..=FORGIVEN => {
            line(format!("this computer's is {off}; AWS forgives {FORGIVEN} s. The codes sent are by AWS's time"))
        }
        _ => line(format!(
            "this computer's is {off}: codes that other programs compute here are refused, since AWS forgives \
             {FORGIVEN} s. The codes sent are by AWS's time; set the clock"
        )),
    }
}

fn parting_lines(parting: &Parting, style: Style) -> Vec<String> {
    let mut lines = vec![format!("glasskey will, for user {}:", parting.user)];
    let mut step = |verb: &str, what: &str, detail: &str| {
        lines.push(format!("  {} {what:<19} {detail}", style.bold(&format!("{verb:<7}"))));
    };
    let kind = device_kind(parting.kind);
    match parting.kind {
        DeviceKind::Virtual => step("delete", &format!("{kind} device"), &parting.serial),
        _ => step("remove", &format!("{kind} device"), &parting.serial),
    }
    for (key, name) in &parting.credentials {
        step("remove", "its credential", &format!("\"{name}\" from YubiKey {key}"));
    }
    if matches!(parting.kind, DeviceKind::Fido | DeviceKind::RootFido) {
        lines.push("The passkey itself stays on the security key; AWS takes it no more.".to_owned());
    }
    lines.push(match parting.others {
        0 => "It is the last one: afterwards a password or an access key is enough.".to_owned(),
        1 => "One other device stays.".to_owned(),
        others => format!("{others} other devices stay."),
    });
    if parting.no_session {
        lines.push("None of those opens a session on the command line: STS takes codes only.".to_owned());
    }
    lines
}

/// As people call it.
pub(super) fn device_kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Virtual => "virtual MFA",
        DeviceKind::Fido => "FIDO",
        DeviceKind::RootFido => "root's FIDO",
        DeviceKind::Sms => "SMS",
        DeviceKind::HardwareTotp => "hardware TOTP",
    }
}

fn place(key: Serial, model: &str) -> String {
    format!("{} {key}", if model.is_empty() { "YubiKey" } else { model })
}

fn unfinished_lines(run: &Unfinished) -> Vec<String> {
    if run.root {
        return root::unfinished(run);
    }
    let command = if run.replaces.is_some() { "rotate" } else { "enroll" };
    let mut lines = vec![format!("{command} {}, started {}, did not end", run.user, date_time(run.started))];
    let keys: Vec<_> = run.keys.iter().map(|(key, state)| (*key, run.credential.clone(), *state)).collect();
    lines.extend(device_lines(&run.arn.to_string(), &run.device, &run.user, &keys));
    if run.phone {
        lines.push(format!("  {:<9} may hold it", "phone"));
    }
    if let Some((path, state)) = &run.escrow {
        let state = match state {
            FileState::Absent => "was not written",
            FileState::Torn => "is cut short",
            FileState::Whole => "holds the seed, encrypted",
            FileState::Unreadable => "cannot be read",
        };
        lines.push(format!("  {:<9} {} {state}", "escrow", path.display()));
    }
    if let Some((program, reached)) = &run.command {
        let state = if *reached { "may hold it" } else { "was not reached" };
        lines.push(format!("  {:<9} `{program}` {state}", "command"));
    }
    if let Some(old) = &run.replaces {
        lines.push("the device that it was to replace:".to_owned());
        lines.extend(device_lines(&old.serial, &old.device, &run.user, &old.keys));
        lines.push("To finish removes that one; to undo removes the new one.".to_owned());
    }
    lines
}

fn device_lines(serial: &str, state: &DeviceState, user: &str, keys: &[(Serial, String, KeyState)]) -> Vec<String> {
    let device = match state {
        DeviceState::Missing => "has no such device".to_owned(),
        DeviceState::Unassigned => "has the device, not enabled".to_owned(),
        DeviceState::Uncertain => {
            "has a device of this name, not enabled; the run ended before it knew whether it had made it".to_owned()
        }
        DeviceState::Enabled => format!("has the device, enabled for {user}"),
        DeviceState::Foreign { user } => {
            format!("has a device of this name, enabled for {user}; it will not be touched")
        }
    };
    let mut lines = vec![format!("  {:<9} {device}: {serial}", "IAM")];
    for (key, credential, state) in keys {
        let state = match state {
            KeyState::NotHere => "not plugged in, or not readable".to_owned(),
            KeyState::Absent => "does not hold the credential".to_owned(),
            KeyState::Present => format!("holds the credential \"{credential}\""),
        };
        lines.push(format!("  {:<9} {state}", key.to_string()));
    }
    lines
}

fn retirement_lines(run: &UnfinishedRetirement) -> Vec<String> {
    let mut lines = vec![format!("retire {}, started {}, did not end", run.user, date_time(run.started))];
    lines.extend(device_lines(&run.leaving.serial, &run.leaving.device, &run.user, &run.leaving.keys));
    lines
}
