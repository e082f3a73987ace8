//! What is told while root is given a factor: above all, what to do in the console.

use super::device_kind;
use crate::aws;
use crate::aws::Partition;
use crate::cli::console::Style;
use crate::cli::explain::{aws as aws_words, last_factors};
use crate::cli::moments::{clock_time, date_time};
use crate::person::{ConsoleTask, DeviceState, KeyState, RootStep, RootView, Unfinished};
use std::collections::BTreeMap;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Why AWS shows nothing any more.
fn unseen(why: &aws::Error) -> String {
    match why {
        aws::Error::Denied { call, .. } => format!("{} is not allowed any more", call.permission()),
        why => aws_words(why).what,
    }
}

/// Where root manages its own credentials.
pub(in crate::cli) fn url(partition: &str) -> String {
    format!("https://{}/iam/home#/security_credentials", Partition::named(partition).console())
}

pub(super) fn lines(step: &RootStep, style: Style) -> Vec<String> {
    let described = |verb: &str, what: String| vec![format!("  {} {what}", style.bold(&format!("{verb:<9}")))];
    let warn = |what: String| vec![format!("glasskey: {} {what}", style.yellow("warning:"))];
    match step {
        RootStep::Harden(notice) => super::harden::lines(notice, style),
        RootStep::Alarm(notice) => super::alarm::lines(notice, style),
        RootStep::Sees { view, account, lacks } => sees(*view, account.as_deref(), lacks),
        RootStep::AtConsole { task, partition } => console(task, partition, style),
        RootStep::Watching { what, elapsed, left } => {
            described("waiting", format!("for {what}: {}, {} left; Ctrl-C stops", minutes(*elapsed), minutes(*left)))
        }
        RootStep::Appeared { serial: Some(serial), expected } => {
            let mut lines = described("seen", serial.clone());
            if let Some(expected) = expected {
                lines.extend(warn(format!(
                    "it is not called \"{expected}\"; if it is another than was asked for, remove it in the console"
                )));
            }
            lines
        }
        RootStep::Appeared { serial: None, .. } => described(
            "seen",
            "root has MFA now (AccountMFAEnabled went from 0 to 1); with which device, an administrator is not told"
                .to_owned(),
        ),
        RootStep::HasAlready { serial } => described("found", format!("root has {serial} already")),
        RootStep::Certified { aws, attested } => {
            let attested = described("attested", format!("{attested}, by the key's own statement"));
            [attested, described("AWS says", aws_says(aws.as_ref()))].concat()
        }
        RootStep::OneMoreInUse => described(
            "counted",
            "one more MFA device is in use in this account; whose it is, an administrator is not told".to_owned(),
        ),
        RootStep::Removed { serial: Some(serial) } => described("gone", serial.clone()),
        RootStep::Removed { serial: None } => described(
            "gone",
            "root has no MFA any more (AccountMFAEnabled went from 1 to 0); that is all an administrator is told"
                .to_owned(),
        ),
        RootStep::OneFewerInUse => described(
            "counted",
            "one MFA device fewer is in use in this account; whose it was, an administrator is not told".to_owned(),
        ),
        RootStep::NotListedYet => described("waiting", "IAM does not list it for root yet".to_owned()),
        RootStep::CountsAsVirtual => vec![
            "AWS counts a device with codes as virtual, also where a YubiKey computes them: controls for hardware MFA \
             (CIS 2.6, Security Hub IAM.6) stay failed. `glasskey root enroll` without --totp gives root security keys."
                .to_owned(),
        ],
        RootStep::RemovalPlan { account, serials, stay, password, keys } => {
            parting(account, serials, stay, *password, *keys)
        }
        RootStep::Other { .. }
        | RootStep::Gone { .. }
        | RootStep::ListedAgain { .. }
        | RootStep::LastFactors { .. }
        | RootStep::Blind { .. } => warn(warning(step)),
    }
}

fn warning(step: &RootStep) -> String {
    match step {
        RootStep::Other { serial, kind } => format!(
            "another device has appeared: {serial} ({}). That is not what is waited for; if it was not you, find out \
             who",
            device_kind(*kind)
        ),
        RootStep::Gone { serial } => format!("a device of root's is gone: {serial}"),
        RootStep::ListedAgain { serial } => {
            format!("{serial} is listed again: it has not gone, or IAM's lists are some seconds old")
        }
        RootStep::LastFactors { serials, sure } => last_factors(serials, *sure),
        RootStep::Blind { why } => {
            format!("root cannot be seen any more: {}; your word is taken instead", unseen(why))
        }
        _ => String::new(),
    }
}

fn sees(view: RootView, account: Option<&str>, lacks: &[&str]) -> Vec<String> {
    let of = account.map_or_else(|| "this account".to_owned(), |account| format!("account {account}"));
    let mut lines = vec![match view {
        RootView::Root => format!("Watching as root of {of}: each device shows with its serial number."),
        RootView::Member => {
            format!("Watching root of {of} through AssumeRoot: each device shows with its serial number.")
        }
        RootView::Administrator => format!(
            "Watching as an administrator of {of}: that root has MFA shows, and its virtual devices. Security keys do \
             not: for those your word is taken, and recorded as said. Signed in as root (`aws login`) all would show."
        ),
        RootView::Nowhere => {
            "Nothing is asked of AWS: what the console says is taken from you, and recorded as said.".to_owned()
        }
    }];
    lines.extend(lacks.iter().map(|permission| format!("Not allowed, so not seen: {permission}")));
    lines
}

fn console(task: &ConsoleTask, partition: &str, style: Style) -> Vec<String> {
    let (title, steps) = tasks(task, style);
    let sign_in = format!("Sign in as root (\"Sign in using root user email\") and go to {}", url(partition));
    // Whoever confirms is there already.
    let sign_in = Some(sign_in).filter(|_| !matches!(task, ConsoleTask::Confirm));
    let steps = sign_in.into_iter().chain(steps);
    let mut lines = vec![title];
    lines.extend(steps.enumerate().map(|(nth, step)| format!("  {}. {step}", nth + 1)));
    if Partition::named(partition) == Partition::China && matches!(task, ConsoleTask::AddKey { .. }) {
        lines.push(
            "In China the choice of devices may be smaller: if \"Passkey or security key\" is not offered, \
             `glasskey root enroll --totp` is what is left."
                .to_owned(),
        );
    }
    lines
}

/// What to do there, after signing in.
fn tasks(task: &ConsoleTask, style: Style) -> (String, Vec<String>) {
    let choose = "Under \"Multi-factor authentication (MFA)\" choose";
    let assign = || format!("{choose} \"Assign MFA device\"");
    match task {
        ConsoleTask::AddKey { name, key, nth, of } => (
            format!("In the console, key {nth} of {of}: {key}"),
            vec![
                assign(),
                format!("Device name: {}", style.bold(name)),
                "Choose \"Passkey or security key\", then \"Next\"".to_owned(),
                format!(
                    "In the browser's window choose \"security key\" (not this device, not a phone); insert {key} and \
                     no other, give its PIN, touch it"
                ),
                "Allow the site to see the make and model of the key, if the browser asks".to_owned(),
            ],
        ),
        ConsoleTask::ShowSecret { name, phone } => (
            "In the console".to_owned(),
            vec![
                assign(),
                format!("Device name: {}", style.bold(name)),
                "Choose \"Authenticator app\", then \"Next\"; choose \"Show secret key\"".to_owned(),
                if *phone {
                    "The phone may scan the QR code there, or the same one here later; do not type its codes there yet"
                } else {
                    "A phone may scan the QR code there too; with --phone it is asked for a code, as proof"
                }
                .to_owned(),
            ],
        ),
        ConsoleTask::Confirm => (
            "In the console".to_owned(),
            vec!["Type the two codes into \"MFA code 1\" and \"MFA code 2\", then \"Add MFA\"".to_owned()],
        ),
        ConsoleTask::Resync { serial } => (
            "In the console".to_owned(),
            vec![
                format!("{choose} {}, then \"Resync\"", serial.as_deref().unwrap_or("the device")),
                "Type the two codes into the two fields".to_owned(),
            ],
        ),
        ConsoleTask::Remove { serials } => (
            "In the console".to_owned(),
            serials.iter().map(|serial| format!("{choose} {}, then \"Remove\"", style.bold(serial))).collect(),
        ),
    }
}

fn aws_says(certifications: Option<&BTreeMap<String, String>>) -> String {
    match certifications {
        Some(none) if none.is_empty() => "nothing about its certification".to_owned(),
        Some(all) => all.iter().map(|(name, level)| format!("{name} {level}")).collect::<Vec<_>>().join(", "),
        None => "not told here: root alone may ask (iam:GetMFADevice)".to_owned(),
    }
}

fn minutes(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn parting(
    account: &str,
    serials: &[String],
    stay: &[String],
    password: Option<bool>,
    keys: Option<bool>,
) -> Vec<String> {
    let mut lines = vec![format!("From root of account {account}:")];
    lines.extend(serials.iter().map(|serial| format!("  remove    {serial}")));
    lines.extend(stay.iter().map(|serial| format!("  stays     {serial}")));
    let has = |what: &str, flag: Option<bool>| match flag {
        Some(true) => format!("  root has  {what}"),
        Some(false) => format!("  root has  no {what}"),
        None => format!("  unknown   whether root has {what}"),
    };
    lines.push(has("a password", password).replace("no a ", "no "));
    lines.push(has("access keys", keys));
    lines
}

/// A run that was to give root a device with codes.
pub(super) fn unfinished(run: &Unfinished) -> Vec<String> {
    let of = format!("root of account {}", run.arn.account());
    let mut lines = vec![format!("root enroll, started {}, did not end", date_time(run.started))];
    let device = match run.device {
        DeviceState::Enabled | DeviceState::Unproved => format!("has {} for {of}", run.arn),
        DeviceState::Missing => format!("has no virtual device for {of}"),
        _ => format!("does not tell whether {of} has it, perhaps under another name"),
    };
    lines.push(format!("  {:<9} {device}", "IAM"));
    lines.extend(run.keys.iter().map(|(key, state)| {
        let state = match state {
            KeyState::NotHere => "is not plugged in, or cannot be read".to_owned(),
            KeyState::Absent => "does not hold its credential".to_owned(),
            KeyState::Present => format!("holds its credential \"{}\"", run.credential),
        };
        format!("  {key:<9} {state}", key = key.to_string())
    }));
    if run.phone {
        lines.push(format!("  {:<9} may hold it", "phone"));
    }
    lines
}

/// With less than this left, a pair is not begun with any more.
const HURRY: u64 = 10;

/// The two lines of the codes, while they are good. They hold secrets, and are written to the terminal alone.
pub(in crate::cli) fn code_lines(first: &str, second: &str, left: u64, until: SystemTime) -> [Zeroizing<String>; 2] {
    let apart = |code: &str| {
        let (head, tail) = code.split_at_checked(code.len() / 2).unwrap_or((code, ""));
        Zeroizing::new(format!("{head} {tail}"))
    };
    let rest = if left < HURRY { "wait for the next two" } else { "press Enter when the console has taken them" };
    [
        Zeroizing::new(format!("  MFA code 1  {}    MFA code 2  {}", *apart(first), *apart(second))),
        Zeroizing::new(format!("  good until {}, {left} s; {rest}, Ctrl-C gives up", clock_time(until))),
    ]
}
