//! `glasskey recover`

use crate::cli::args::{Cli, Recover};
use crate::cli::console::Console;
use crate::cli::explain::{self, A_PHONE, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment, unanswered};
use crate::flow;
use crate::flow::recover::{NotAll, Outcome as Became, RecoverRequest, Recovered, RunState};
use crate::keys::Serial;
use crate::person::{
    Choice, DeactivatedBy, DeviceState, FileState, Handed, KeyIs, KeyState, OldDevice, Unfinished, UnfinishedHarden,
    UnfinishedKey, UnfinishedRetirement,
};
use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::cli) fn run(args: &Recover, cli: &Cli, console: &mut Console) -> Outcome {
    let choice = if args.finish {
        Some(Choice::Finish)
    } else if args.undo {
        Some(Choice::Undo)
    } else {
        args.forget.then_some(Choice::Forget)
    };
    let (user, accept_unproved) = (args.user.clone(), args.accept_unproved);
    let request = RecoverRequest { choice, recommended: cli.global.yes, accept_unproved, user };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    match flow::recover::recover(&request, &mut world) {
        Ok(runs) => {
            let human =
                if runs.is_empty() { Page::of("nothing to recover") } else { runs.iter().map(sentence).collect() };
            console.result(&human, &Report { runs: runs.iter().map(RunReport::of).collect(), error: None });
            let left = runs.iter().any(|run| run.outcome == Became::Left);
            Ok(if left { Exit::Left } else { Exit::Done })
        }
        Err(NotAll { done, failed }) => {
            let error = explain::failed(&failed);
            if done.is_empty() {
                return Err(Box::new(error));
            }
            let error = unanswered::truly(error);
            console.style().explain(&error);
            let report = Report { runs: done.iter().map(RunReport::of).collect(), error: Some(&error) };
            console.result(&done.iter().map(sentence).collect(), &report);
            Ok(error.exit)
        }
    }
}

fn sentence(run: &Recovered) -> String {
    match &run.found {
        RunState::Run(found) => run_sentence(found, &run.outcome),
        RunState::Retirement(found) => retirement_sentence(found, &run.outcome),
        RunState::AccessKey(found) => key_sentence(found, &run.outcome),
        RunState::Harden(found) => harden_sentence(found, &run.outcome),
    }
}

fn retirement_sentence(found: &UnfinishedRetirement, outcome: &Became) -> String {
    let serial = &found.leaving.serial;
    match outcome {
        Became::Undone => format!("undone: {serial} is enabled for {}", found.user),
        Became::NothingLeft => format!("nothing was left to do; {serial} is not what it was, and was not touched"),
        Became::Left => format!("left as it is: {serial}"),
        Became::Forgotten => format!("forgotten: {serial}, as it is"),
        _ => format!("complete: {serial} is gone{}", elsewhere(&found.leaving)),
    }
}

fn harden_sentence(found: &UnfinishedHarden, outcome: &Became) -> String {
    let account = &found.account;
    match outcome {
        Became::Undone => {
            let stays: String = found.stays.iter().map(|what| format!("; not brought back: {what}")).collect();
            match stays.is_empty() {
                true => format!("undone: account {account} is as it was before the run"),
                false => format!("undone, as far as it can be: account {account}{stays}"),
            }
        }
        Became::NothingLeft => format!("nothing was begun in account {account}"),
        Became::Left => format!("left as it is: account {account}; --undo undoes what the run has done"),
        Became::Forgotten => format!("forgotten: account {account}, as it is"),
        _ => format!("complete: account {account} is as planned"),
    }
}

/// The keys that may hold its credential still.
fn elsewhere(gone: &OldDevice) -> String {
    let away = gone.keys.iter().filter(|(_, _, state)| *state == KeyState::NotHere);
    away.map(|(key, _, _)| format!("; YubiKey {key} was not plugged in and may hold its credential")).collect()
}

fn key_sentence(found: &UnfinishedKey, outcome: &Became) -> String {
    let user = &found.user;
    let new = found.new.as_deref().unwrap_or("no new key");
    match outcome {
        Became::Undone => {
            let stored = match found.handed {
                Handed::No => String::new(),
                Handed::Perhaps => format!("; {} may have stored its secret: remove it there", found.to),
                Handed::Yes => format!("; its secret is of no use any more: remove it from {}", found.to),
            };
            match (&found.new, &found.old) {
                (Some(new), Some((old, KeyIs::Gone))) => {
                    format!("undone: {new} is gone; {old} had been deleted already{stored}")
                }
                (Some(new), Some((old, _))) => format!("undone: {new} is gone, {old} is as it was{stored}"),
                (Some(new), None) => format!("undone: {new} is gone{stored}"),
                (None, _) => format!("undone: the access key of {user} is active again"),
            }
        }
        Became::NothingLeft => format!("nothing was left of a rotation of the access key of {user}"),
        Became::Left if perhaps_others(found).is_some() && found.handed != Handed::Yes => format!(
            "left as it is: {} of {user} is inactive, and somebody else may have deactivated it; --undo --accept-unproved \
             activates it again, --forget leaves all as it is",
            perhaps_others(found).unwrap_or_default()
        ),
        Became::Left if !found.certain => format!(
            "left as it is: {new} of {user} may be of somebody else's making; --undo --accept-unproved deletes it, --forget \
             keeps it"
        ),
        Became::Left if found.new.is_some() && !found.active => format!(
            "left as it is: {new} of {user} is not active any more; activate it in IAM and run this again, or --forget \
             leaves it so"
        ),
        Became::Left if matches!(found.old, Some((_, KeyIs::Gone))) => format!(
            "left as it is: {new} may be the only access key of {user} that works; --finish keeps it, --undo deletes it"
        ),
        Became::Left => format!("left as it is: {new} of {user}"),
        Became::Forgotten => format!("forgotten: {new} of {user}, as it is"),
        _ => match &found.old {
            Some((old, _)) if found.keep => format!("complete: {user} has {new}; {old} is inactive"),
            Some((old, _)) => format!("complete: {user} has {new}; {old} is gone"),
            None => format!("complete: {user} has {new}"),
        },
    }
}

/// An access key that the run may have deactivated, or somebody else.
fn perhaps_others(found: &UnfinishedKey) -> Option<&str> {
    let mut keys = found.first.iter().chain(&found.old);
    keys.find(|(_, is)| *is == KeyIs::Inactive(DeactivatedBy::Unknown)).map(|(id, _)| id.as_str())
}

fn run_sentence(found: &Unfinished, outcome: &Became) -> String {
    let (user, arn) = (&found.user, &found.arn);
    if found.root {
        return root_sentence(found, outcome);
    }
    let foreign = matches!(found.device, DeviceState::Foreign { .. });
    if let Some(sentence) = found.replaces.as_ref().and_then(|old| replaced_sentence(found, old, outcome)) {
        return sentence;
    }
    match outcome {
        Became::NothingLeft if foreign => format!("nothing was left of the run; {arn} is not of its making"),
        Became::Left if foreign => format!(
            "left as it is: {arn} is enabled, and not by this run; a credential of its name may be what somebody signs \
             in with; --forget strikes the run"
        ),
        Became::Left
            if found.device == DeviceState::Unproved
                && found.keys.iter().any(|(_, state)| *state == KeyState::Present) =>
        {
            format!("left as it is: {arn} is enabled for {user}; finishing proves it with two codes of its key")
        }
        Became::Left if found.device == DeviceState::Unproved => format!(
            "left as it is: {arn} is enabled for {user}, but nothing here shows that it has the run's seed: plug in a \
             key of the run, or sign in with it; then --finish --accept-unproved takes your word, --forget keeps all"
        ),
        Became::Left if found.device == DeviceState::Enabled => format!(
            "left as it is: {arn} is enabled, and somebody may be using it; --forget keeps it, --undo removes what the run \
             made where that leaves the user a device"
        ),
        Became::Left if found.device == DeviceState::Uncertain => format!(
            "left as it is: {arn} is nobody's, and may be of somebody else's making; --undo deletes it, --forget keeps it"
        ),
        Became::Finished { keys, .. } => {
            format!("recovered: {user} can sign in with {}{}", name(keys), others(found))
        }
        Became::WasComplete { keys } if keys.is_empty() => format!("complete already: {arn} is enabled for {user}"),
        // IAM has just taken codes of these keys.
        Became::WasComplete { keys } if found.device == DeviceState::Unproved => {
            format!("complete already: {user} can sign in with {}", name(keys))
        }
        Became::WasComplete { keys } => {
            format!("complete already: {arn} is enabled for {user}; {} holds its credential", name(keys))
        }
        Became::Completed { .. } => format!("complete: {arn} is enabled for {user}"),
        Became::Undone => format!("undone: {arn} and its credentials are gone{}", stored(found)),
        Became::NothingLeft => format!("nothing was left of {arn}"),
        Became::Left => format!("left as it is: {arn}"),
        Became::Forgotten => format!("forgotten: {arn}, as it is"),
    }
}

/// Where more is to be said, since the run was to replace a device.
fn replaced_sentence(found: &Unfinished, old: &OldDevice, outcome: &Became) -> Option<String> {
    let (user, arn) = (&found.user, &found.arn);
    match outcome {
        Became::Completed { keys } if !keys.is_empty() => {
            Some(format!("complete: {user} can sign in with {}; {}", name(keys), state_of(old, true, false)))
        }
        Became::WasComplete { keys } if !keys.is_empty() && found.device == DeviceState::Unproved => {
            Some(format!("complete: {user} can sign in with {}; {}", name(keys), state_of(old, false, false)))
        }
        Became::WasComplete { keys } if !keys.is_empty() => Some(format!(
            "complete: {arn} is enabled for {user}; {} holds its credential; {}",
            name(keys),
            state_of(old, false, false)
        )),
        Became::Undone if matches!(found.device, DeviceState::Foreign { .. }) => Some(format!(
            "undone: {}; {arn} is not of this run's making and was not touched{}",
            state_of(old, false, true),
            credentials_that_stay(found)
        )),
        Became::Undone => {
            let (old, stored) = (state_of(old, false, true), stored(found));
            let made = match found.device {
                DeviceState::Missing => "what the run had made is gone".to_owned(),
                _ => format!("{arn} and its credentials are gone"),
            };
            Some(format!("undone: {made}; {old}{stored}"))
        }
        _ => None,
    }
}

/// The credentials of the device's name that keys hold, or may.
fn credentials_that_stay(run: &Unfinished) -> String {
    let held = run.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
    held.map(|(key, state)| match state {
        KeyState::Present => format!("; YubiKey {key} holds a credential of its name"),
        _ => format!("; YubiKey {key} was not plugged in and may hold a credential of its name"),
    })
    .collect()
}

/// What is so of the device that was to go, now that it has been removed (`gone`), or given back where that was needed.
fn state_of(old: &OldDevice, gone: bool, given_back: bool) -> String {
    let serial = &old.serial;
    match &old.device {
        _ if gone => format!("{serial} is gone"),
        DeviceState::Missing => format!("{serial} is gone{}", elsewhere(old)),
        DeviceState::Unassigned if !given_back => format!("{serial} is not enabled"),
        DeviceState::Enabled | DeviceState::Unproved | DeviceState::Unassigned => format!("{serial} is enabled"),
        DeviceState::Foreign { user } => format!("{serial} is enabled for {user}, and was not touched"),
        DeviceState::Uncertain => format!("{serial} is nobody's, and was not touched"),
    }
}

fn root_sentence(found: &Unfinished, outcome: &Became) -> String {
    let arn = &found.arn;
    let phone = if found.phone { format!("; {A_PHONE}") } else { String::new() };
    match outcome {
        Became::WasComplete { keys } if keys.is_empty() => format!("complete already: root has {arn}"),
        Became::WasComplete { keys } => {
            format!("complete already: root has {arn}; sign in once with a code of {}", name(keys))
        }
        Became::Undone if found.keys.is_empty() => format!("undone: {arn} is not waited for any more{phone}"),
        Became::Undone => format!("undone: the keys' credentials for {arn} are gone{phone}"),
        Became::NothingLeft => format!("nothing was left of {arn}{phone}"),
        Became::Forgotten => format!("forgotten: {arn}, as it is"),
        _ if found.keys.is_empty() => format!(
            "left as it is: {arn}; a phone may hold root's factor. --undo and --forget end this, and touch nothing"
        ),
        _ => format!(
            "left as it is: {arn}; the credentials may be root's factor. --undo removes them, --forget keeps them"
        ),
    }
}

fn others(run: &Unfinished) -> String {
    let say = |(key, state): &(Serial, KeyState)| match state {
        KeyState::Present => None,
        KeyState::Absent => Some(format!("; YubiKey {key} does not hold it")),
        KeyState::NotHere => Some(format!("; YubiKey {key} was not plugged in and may hold it too")),
    };
    let mut others: String = run.keys.iter().filter_map(say).collect();
    if let Some((path, state)) = &run.escrow {
        let path = path.display();
        others += &match state {
            FileState::Whole => String::new(),
            FileState::Absent => format!("; the escrow file {path} was not written"),
            FileState::Moved => format!("; the escrow file {path} is not there any more"),
            FileState::Torn => format!("; the escrow file {path} is cut short"),
            FileState::Unreadable => format!("; the escrow file {path} cannot be read"),
        };
    }
    if let Some((program, false)) = &run.command {
        others += &format!("; `{program}` was not given the seed");
    }
    others
}

/// What undoing cannot take away.
fn stored(run: &Unfinished) -> String {
    let command = match &run.command {
        Some((program, true)) => format!("; `{program}` may have stored the seed: remove it there"),
        _ => String::new(),
    };
    let phone = if run.phone { "; if a phone scanned the QR code, remove its entry there" } else { "" };
    command + phone
}

fn name(keys: &[Serial]) -> String {
    keys.iter().map(|key| format!("YubiKey {key}")).collect::<Vec<_>>().join(" and ")
}

/// The runs that were interrupted, and what became of each.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "recovered")]
pub(in crate::cli) struct Report<'a> {
    /// The runs; empty where there was nothing to recover.
    runs: Vec<RunReport<'a>>,
    /// Why others could not be recovered, and what is left of them; null where there are none.
    error: Option<&'a Explanation>,
}

/// A run that was interrupted.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::cli) enum RunReport<'a> {
    /// The run of a device.
    Device {
        /// What was interrupted.
        command: DeviceCommand,
        /// The device's ARN; of a retirement, its serial number.
        arn: String,
        /// The user's name.
        user: &'a str,
        /// What became of the run.
        outcome: OutcomeReport,
        /// The serial numbers of the keys that hold the device's credential.
        keys: &'a [Serial],
        /// The age file, where it holds the seed of a device that is enabled; else null.
        escrow: Option<String>,
    },
    /// The rotation of an access key.
    AccessKey {
        /// What was interrupted.
        command: KeyCommand,
        /// The user's name.
        user: &'a str,
        /// What became of the run.
        outcome: OutcomeReport,
        /// The new access key's id; null where there is none.
        new: Option<&'a str>,
        /// The old access key's id; null where there is none.
        old: Option<&'a str>,
        /// Who reads the secret: a program, or `file descriptor 3`.
        to: &'a str,
    },
    /// The run of `root harden`.
    Harden {
        /// The command.
        command: HardenCommand,
        /// The account number.
        account: &'a str,
        /// What became of it.
        outcome: OutcomeReport,
        /// The steps of the plan.
        steps: Vec<&'a str>,
        /// What undoing does not bring back, for people.
        stays: &'a [String],
    },
}

/// A command that hardens an account and was interrupted.
#[derive(Serialize, JsonSchema)]
#[allow(missing_docs)]
pub(in crate::cli) enum HardenCommand {
    #[serde(rename = "root harden")]
    RootHarden,
}

/// A command of devices that was interrupted.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum DeviceCommand {
    Enroll,
    Rotate,
    Retire,
    #[serde(rename = "root enroll")]
    RootEnroll,
}

/// A command of access keys that was interrupted.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum KeyCommand {
    RotateAccessKey,
}

/// What became of an interrupted run.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum OutcomeReport {
    /// It was finished: the device is enabled with codes from a key, or the device that was to go is removed.
    Finished,
    /// It had been complete.
    WasComplete,
    /// It was undone.
    Undone,
    /// Nothing was left of it.
    NothingLeft,
    /// It was left as it is; the exit code is 4.
    Left,
    /// It was removed from the journal, and nothing else was changed.
    Forgotten,
}

impl OutcomeReport {
    /// With the keys that hold the device's credential.
    fn of(outcome: &Became) -> (Self, &[Serial]) {
        match outcome {
            Became::Finished { keys, .. } | Became::Completed { keys } => (Self::Finished, keys),
            Became::WasComplete { keys } => (Self::WasComplete, keys),
            Became::Undone => (Self::Undone, &[]),
            Became::NothingLeft => (Self::NothingLeft, &[]),
            Became::Left => (Self::Left, &[]),
            Became::Forgotten => (Self::Forgotten, &[]),
        }
    }
}

impl<'a> RunReport<'a> {
    fn of(run: &'a Recovered) -> Self {
        let (outcome, keys) = OutcomeReport::of(&run.outcome);
        let holds = matches!(outcome, OutcomeReport::Finished | OutcomeReport::WasComplete);
        match &run.found {
            RunState::Run(found) => Self::Device {
                command: match (found.root, found.replaces.is_some()) {
                    (true, _) => DeviceCommand::RootEnroll,
                    (false, true) => DeviceCommand::Rotate,
                    (false, false) => DeviceCommand::Enroll,
                },
                arn: found.arn.to_string(),
                user: &found.user,
                outcome,
                keys,
                escrow: match &found.escrow {
                    Some((path, FileState::Whole)) if holds => Some(path.display().to_string()),
                    _ => None,
                },
            },
            RunState::Retirement(found) => Self::Device {
                command: DeviceCommand::Retire,
                arn: found.leaving.serial.clone(),
                user: &found.user,
                outcome,
                keys,
                escrow: None,
            },
            RunState::AccessKey(found) => Self::AccessKey {
                command: KeyCommand::RotateAccessKey,
                user: &found.user,
                outcome,
                new: found.new.as_deref(),
                old: found.old.as_ref().map(|(id, _)| id.as_str()),
                to: &found.to,
            },
            RunState::Harden(found) => Self::Harden {
                command: HardenCommand::RootHarden,
                account: &found.account,
                outcome,
                steps: found.steps.iter().map(|(step, _)| step.as_str()).collect(),
                stays: &found.stays,
            },
        }
    }
}
