//! `glasskey recover`

use crate::cli::args::{Cli, Recover};
use crate::cli::console::Console;
use crate::cli::explain::{self, A_PHONE, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow;
use crate::flow::recover::{Found, Outcome as Became, RecoverRequest, Recovered};
use crate::keys::Serial;
use crate::person::{
    Choice, DeviceState, FileState, Handed, KeyIs, KeyState, Leaving, Unfinished, UnfinishedKey, UnfinishedRetirement,
};
use serde_json::{Value, json};

pub(in crate::cli) fn run(args: &Recover, cli: &Cli, console: &mut Console) -> Outcome {
    let choice = if args.finish {
        Some(Choice::Finish)
    } else if args.undo {
        Some(Choice::Undo)
    } else {
        args.forget.then_some(Choice::Forget)
    };
    let request = RecoverRequest { choice, recommended: cli.global.yes };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    match flow::recover::recover(request, &mut world) {
        Ok(runs) => {
            let human =
                if runs.is_empty() { Page::of("nothing to recover") } else { runs.iter().map(sentence).collect() };
            let runs_json: Vec<Value> = runs.iter().map(to_json).collect();
            console.result(&human, &json!({ "type": "recovered", "runs": runs_json }));
            let left = runs.iter().any(|run| run.outcome == Became::Left);
            Ok(if left { Exit::Left } else { Exit::Done })
        }
        Err(failed) => Err(Box::new(explain::failed(&failed))),
    }
}

fn sentence(run: &Recovered) -> String {
    match &run.found {
        Found::Run(found) => run_sentence(found, &run.outcome),
        Found::Retirement(found) => retirement_sentence(found, &run.outcome),
        Found::AccessKey(found) => key_sentence(found, &run.outcome),
    }
}

fn retirement_sentence(found: &UnfinishedRetirement, outcome: &Became) -> String {
    let serial = &found.leaving.serial;
    match outcome {
        Became::Undone => format!("undone: {serial} is enabled for {}", found.user),
        Became::NothingLeft => format!("nothing was left to do; {serial} is not what it was, and was not touched"),
        Became::Left => format!("left as it is: {serial}"),
        Became::Forgotten => format!("forgotten: {serial}, as it is"),
        _ => format!("complete: {serial} is gone"),
    }
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
        Became::Left if !found.certain => format!(
            "left as it is: {new} of {user} may be of somebody else's making; --undo deletes it, --forget keeps it"
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

fn run_sentence(found: &Unfinished, outcome: &Became) -> String {
    let (user, arn) = (&found.user, &found.arn);
    if found.root {
        return root_sentence(found, outcome);
    }
    let foreign = matches!(found.device, DeviceState::Foreign { .. });
    if let Some(old) = &found.replaces {
        match outcome {
            Became::Completed { keys } | Became::WasComplete { keys } if !keys.is_empty() => {
                let gone = matches!(outcome, Became::Completed { .. });
                return format!("complete: {user} can sign in with {}; {}", name(keys), state_of(old, gone, false));
            }
            Became::Undone => {
                let stored = stored(found);
                return format!("undone: {arn} and its credentials are gone; {}{stored}", state_of(old, false, true));
            }
            _ => {}
        }
    }
    match outcome {
        Became::NothingLeft if foreign => format!("nothing was left of the run; {arn} is not of its making"),
        Became::Left if foreign => format!(
            "left as it is: {arn} is enabled, and not by this run; a credential of its name may be what somebody signs \
             in with; --forget strikes the run"
        ),
        Became::Left if found.device == DeviceState::Enabled => format!(
            "left as it is: {arn} is enabled, and somebody may be using it; --undo removes what the run made, --forget \
             keeps it"
        ),
        Became::Left if found.device == DeviceState::Uncertain => format!(
            "left as it is: {arn} is nobody's, and may be of somebody else's making; --undo deletes it, --forget keeps it"
        ),
        Became::Finished { keys, .. } => {
            format!("recovered: {user} can sign in with {}{}", name(keys), others(found))
        }
        Became::WasComplete { keys } if keys.is_empty() => format!("complete already: {arn} is enabled for {user}"),
        Became::WasComplete { keys } => format!("complete already: {user} can sign in with {}", name(keys)),
        Became::Completed { .. } => format!("complete: {arn} is enabled for {user}"),
        Became::Undone => format!("undone: {arn} and its credentials are gone{}", stored(found)),
        Became::NothingLeft => format!("nothing was left of {arn}"),
        Became::Left => format!("left as it is: {arn}"),
        Became::Forgotten => format!("forgotten: {arn}, as it is"),
    }
}

/// What is so of the device that was to go, now that it has been removed (`gone`), or given back where that was needed.
fn state_of(old: &Leaving, gone: bool, given_back: bool) -> String {
    let serial = &old.serial;
    match &old.device {
        _ if gone => format!("{serial} is gone"),
        DeviceState::Missing => format!("{serial} is gone"),
        DeviceState::Unassigned if !given_back => format!("{serial} is not enabled"),
        DeviceState::Enabled | DeviceState::Unassigned => format!("{serial} is enabled"),
        DeviceState::Foreign { user } => format!("{serial} is enabled for {user}, and was not touched"),
        DeviceState::Uncertain => format!("{serial} is nobody's, and was not touched"),
    }
}

fn root_sentence(found: &Unfinished, outcome: &Became) -> String {
    let arn = &found.arn;
    let phone = if found.phone { format!("; {A_PHONE}") } else { String::new() };
    match outcome {
        Became::WasComplete { keys } if keys.is_empty() => format!("complete already: root has {arn}"),
        Became::WasComplete { keys } => format!("complete already: root can sign in with {}", name(keys)),
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

/// What is to be said of the run's other keys.
fn others(run: &Unfinished) -> String {
    let say = |(key, state): &(Serial, KeyState)| match state {
        KeyState::Present => None,
        KeyState::Absent => Some(format!("; YubiKey {key} does not hold it")),
        KeyState::NotHere => Some(format!("; YubiKey {key} was not plugged in and may hold it too")),
    };
    let mut others: String = run.keys.iter().filter_map(say).collect();
    if let Some((path, FileState::Absent | FileState::Torn | FileState::Unreadable)) = &run.escrow {
        others += &format!("; the escrow file {} was not written", path.display());
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

fn to_json(run: &Recovered) -> Value {
    let (outcome, keys) = match &run.outcome {
        Became::Finished { keys, .. } => ("finished", keys.clone()),
        Became::Completed { keys } => ("finished", keys.clone()),
        Became::WasComplete { keys } => ("was_complete", keys.clone()),
        Became::Undone => ("undone", Vec::new()),
        Became::NothingLeft => ("nothing_left", Vec::new()),
        Became::Left => ("left", Vec::new()),
        Became::Forgotten => ("forgotten", Vec::new()),
    };
    let (command, arn, user, escrow) = match &run.found {
        Found::Run(found) => {
            let command = match (found.root, found.replaces.is_some()) {
                (true, _) => "root enroll",
                (false, true) => "rotate",
                (false, false) => "enroll",
            };
            (command, found.arn.to_string(), &found.user, found.escrow.as_ref())
        }
        Found::Retirement(found) => ("retire", found.leaving.serial.clone(), &found.user, None),
        Found::AccessKey(found) => return key_json(found, outcome),
    };
    let holds =
        matches!(run.outcome, Became::Finished { .. } | Became::WasComplete { .. } | Became::Completed { .. });
    let escrow = escrow.filter(|(_, state)| holds && *state == FileState::Whole);
    let escrow = escrow.map(|(path, _)| path.display().to_string());
    json!({
        "command": command, "arn": arn, "user": user, "outcome": outcome, "keys": keys, "escrow": escrow,
    })
}

fn key_json(found: &UnfinishedKey, outcome: &str) -> Value {
    let old = found.old.as_ref().map(|(id, _)| id);
    json!({
        "command": "rotate_access_key", "user": found.user, "outcome": outcome, "new": found.new, "old": old,
        "to": found.to,
    })
}
