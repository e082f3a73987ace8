//! What a notice sounds like. Pure: facts in, lines out.

mod access_key;
mod alarm;
mod harden;
mod proof;
mod root;
mod steps;

pub(super) use alarm::proof;
pub(super) use harden::{open_line, override_lines, plan_lines};
pub(super) use root::{code_lines, url as console_url};

use super::advisories;
use super::console::Style;
use super::moments::{date_time, off_by};
use crate::aws::DeviceKind;
use crate::fido::advisories::Unknown;
use crate::keys::Serial;
use crate::person::{
    DeviceState, FileState, KeyState, KeyStep, Notice, Plan, RemovalPlan, RosterPlan, Unfinished,
    UnfinishedRetirement,
};
use std::fmt::Display;

/// What is waited for, of a program that takes long.
pub(super) fn waiting(waiting: &crate::aws::Waiting, style: Style) -> Vec<String> {
    let what =
        format!("for `{}`, the credential_process of profile \"{}\"; Ctrl-C stops", waiting.program, waiting.profile);
    vec![format!("  {} {what}", style.bold(&format!("{:<9}", "waiting")))]
}

/// The lines of a notice, without their ends; none for notices that are shown otherwise.
pub(super) fn lines(notice: &Notice, style: Style) -> Vec<String> {
    match notice {
        Notice::Plan(plan) => enrollment_lines(plan, style),
        Notice::RosterPlan(plan) => roster_lines(plan, style),
        Notice::KeyPlan(plan) => access_key::plan_lines(plan, style),
        Notice::RemovalPlan(parting) => parting_lines(parting, style),
        Notice::ProofPlanned(proving) => vec![proof::proving(*proving).to_owned()],
        Notice::Losses(losses) => losses.iter().map(|loss| proof::loss(loss, style)).collect(),
        Notice::UnknownUsers { users } => unknown_lines(users, style),
        Notice::Unfinished(run) => unfinished_lines(run),
        Notice::UnfinishedRetirement(run) => retirement_lines(run),
        Notice::UnfinishedKey(run) => access_key::unfinished_lines(run),
        Notice::Root(root) => root::lines(root, style),
        Notice::ClockVerdict { ahead } => clock_verdict(*ahead, style),
        Notice::Key(key) => step(key_step(key), style),
        Notice::AccessKey(key) => step(Some(access_key::step(key)), style),
        Notice::InsertKey { .. }
        | Notice::OtherKey { .. }
        | Notice::Touch { .. }
        | Notice::FidoTouch { .. }
        | Notice::Retrying(_)
        | Notice::Waiting { .. }
        | Notice::Asking
        | Notice::ResyncAgain => step(steps::waiting(notice), style),
        Notice::Created { .. }
        | Notice::Written { .. }
        | Notice::OnPhone
        | Notice::Escrowed { .. }
        | Notice::HandedOver { .. }
        | Notice::StoreChecked { .. }
        | Notice::Enabled { .. }
        | Notice::Listed { .. }
        | Notice::NotConfirmed { .. }
        | Notice::SessionOpened { .. }
        | Notice::Resynced { .. }
        | Notice::Deactivated { .. }
        | Notice::Deleted { .. }
        | Notice::DeletedAlready { .. }
        | Notice::CredentialRemoved { .. } => step(steps::done(notice), style),
        Notice::Shared { .. }
        | Notice::KeyUnread { .. }
        | Notice::ReaderUnread { .. }
        | Notice::ClockOff { .. }
        | Notice::NotKept(_)
        | Notice::StepsUnreadable { .. }
        | Notice::StepsNotKept { .. }
        | Notice::NotAnnounced { .. }
        | Notice::OthersUnseen { .. }
        | Notice::StillAnnounced { .. } => warn(steps::warning(notice), style),
        Notice::UsersNotListed
        | Notice::NextUser { .. }
        | Notice::PinAgain { .. }
        | Notice::JournalKept
        | Notice::EmptyRun { .. }
        | Notice::FirstCode { .. }
        | Notice::Undoing { .. }
        | Notice::CodeDue { .. }
        | Notice::OtherName { .. } => steps::plain(notice),
    }
}

fn warn(what: Option<String>, style: Style) -> Vec<String> {
    what.map(|what| format!("glasskey: {} {what}", style.yellow("warning:"))).into_iter().collect()
}

fn step(step: Option<(impl Display, String)>, style: Style) -> Vec<String> {
    let line = |(verb, what)| format!("  {} {what}", style.bold(&format!("{verb:<9}")));
    step.map(line).into_iter().collect()
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

fn enrollment_lines(plan: &Plan, style: Style) -> Vec<String> {
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
    if plan.users == 0 {
        let all = if plan.before == 1 {
            "the user of the roster is".to_owned()
        } else {
            format!("all {} users of the roster are", plan.before)
        };
        return vec![format!("glasskey: {all} done already, in account {} as {}", plan.account, plan.caller)];
    }
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

fn parting_lines(parting: &RemovalPlan, style: Style) -> Vec<String> {
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
            FileState::Moved => "is not there any more",
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
        DeviceState::Unproved => format!(
            "has a device of this name, enabled for {user}; the run ended before it knew whether it had enabled it"
        ),
        DeviceState::Foreign { user } => {
            format!("has a device of this name, enabled for {user}; it will not be touched")
        }
    };
    let mut lines = vec![format!("  {:<9} {device}: {serial}", "IAM")];
    if *state == DeviceState::Unassigned {
        lines.push(format!(
            "  {:<9} IAM does not say when it was made; one that somebody else has made since looks the same",
            ""
        ));
    }
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
