//! `glasskey recover`

use crate::cli::args::{Cli, Recover};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::{Outcome, outside};
use crate::flow::{self, Outcome as Became, RecoverRequest, Recovered};
use crate::keys::Serial;
use crate::person::{Choice, DeviceState, FileState, KeyState};
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
    match flow::recover(request, &mut world) {
        Ok(runs) => {
            let human = if runs.is_empty() {
                "nothing to recover\n".to_owned()
            } else {
                runs.iter().map(|run| format!("{}\n", sentence(run))).collect()
            };
            let runs_json: Vec<Value> = runs.iter().map(to_json).collect();
            console.result(&human, &json!({ "type": "recovered", "runs": runs_json }));
            let left = runs.iter().any(|run| run.outcome == Became::Left);
            Ok(if left { Exit::Left } else { Exit::Done })
        }
        Err(failed) => Err(Box::new(explain::failed(&failed))),
    }
}

fn sentence(run: &Recovered) -> String {
    let (user, arn) = (&run.found.user, &run.found.arn);
    let foreign = matches!(run.found.device, DeviceState::Foreign { .. });
    match &run.outcome {
        Became::Undone if foreign => {
            format!("undone: the keys' credentials for {arn} are gone; the device was not touched")
        }
        Became::NothingLeft if foreign => format!("nothing was left of the run; {arn} is not of its making"),
        Became::Left if matches!(run.found.device, DeviceState::Foreign { .. } | DeviceState::Enabled) => format!(
            "left as it is: {arn} is enabled, and somebody may be using it; --undo removes what the run made, --forget \
             keeps it"
        ),
        Became::Left if run.found.device == DeviceState::Uncertain => format!(
            "left as it is: {arn} is nobody's, and may be of somebody else's making; --undo deletes it, --forget keeps it"
        ),
        Became::Finished { keys, .. } => format!("recovered: {user} can sign in with {}{}", name(keys), others(run)),
        Became::WasComplete { keys } if keys.is_empty() => format!("complete already: {arn} is enabled for {user}"),
        Became::WasComplete { keys } => format!("complete already: {user} can sign in with {}", name(keys)),
        Became::Undone => format!("undone: {arn} and its credentials are gone{}", stored(run)),
        Became::NothingLeft => format!("nothing was left of {arn}"),
        Became::Left => format!("left as it is: {arn}"),
        Became::Forgotten => format!("forgotten: {arn}, as it is"),
    }
}

/// What is to be said of the run's other keys.
fn others(run: &Recovered) -> String {
    let say = |(key, state): &(Serial, KeyState)| match state {
        KeyState::Present => None,
        KeyState::Absent => Some(format!("; YubiKey {key} does not hold it")),
        KeyState::NotHere => Some(format!("; YubiKey {key} was not plugged in and may hold it too")),
    };
    let mut others: String = run.found.keys.iter().filter_map(say).collect();
    if let Some((path, FileState::Absent | FileState::Torn | FileState::Unreadable)) = &run.found.escrow {
        others += &format!("; the escrow file {} was not written", path.display());
    }
    if let Some((program, false)) = &run.found.command {
        others += &format!("; `{program}` was not given the seed");
    }
    others
}

/// What undoing cannot take away.
fn stored(run: &Recovered) -> String {
    match &run.found.command {
        Some((program, true)) => format!("; `{program}` may have stored the seed: remove it there"),
        _ => String::new(),
    }
}

fn name(keys: &[Serial]) -> String {
    keys.iter().map(|key| format!("YubiKey {key}")).collect::<Vec<_>>().join(" and ")
}

fn to_json(run: &Recovered) -> Value {
    let (outcome, keys) = match &run.outcome {
        Became::Finished { keys, .. } => ("finished", keys.clone()),
        Became::WasComplete { keys } => ("was_complete", keys.clone()),
        Became::Undone => ("undone", Vec::new()),
        Became::NothingLeft => ("nothing_left", Vec::new()),
        Became::Left => ("left", Vec::new()),
        Became::Forgotten => ("forgotten", Vec::new()),
    };
    let holds = matches!(run.outcome, Became::Finished { .. } | Became::WasComplete { .. });
    let escrow = run.found.escrow.as_ref().filter(|(_, state)| holds && *state == FileState::Whole);
    let escrow = escrow.map(|(path, _)| path.display().to_string());
    json!({
        "arn": run.found.arn.to_string(), "user": run.found.user, "outcome": outcome, "keys": keys, "escrow": escrow,
    })
}
