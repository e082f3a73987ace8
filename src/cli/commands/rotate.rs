//! `glasskey rotate`, `glasskey resync`

use super::devices::kind;
use super::enroll::device_json;
use crate::cli::args::{Cli, Resync, Rotate};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::{Outcome, outside};
use crate::flow::{self, ProvedBy, Request, ResyncRequest, RotateRequest, Rotated};
use crate::totp::unix;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(in crate::cli) fn rotate(args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    if args.keys.iter().collect::<BTreeSet<_>>().len() != args.keys.len() {
        return Err(Box::new(Explanation::new("usage", "the same key is named twice").exit(Exit::Usage)));
    }
    let new = Request {
        user: Some(args.user.clone()),
        keys: args.keys.clone(),
        touch: args.touch,
        device_name: args.device_name.clone(),
        path: args.path.clone(),
        dry_run: args.dry_run,
        approved: cli.global.yes,
        ..Request::default()
    };
    let request = RotateRequest { new, from: args.from.clone(), replace_first: args.replace_first };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let rotated = flow::rotate(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let Some(device) = rotated.enrolled.devices.first() else {
        let permissions = flow::rotate_permissions(&request);
        console.permissions(&permissions);
        console.result("", &plan_json(&rotated, &permissions));
        return Ok(Exit::Done);
    };
    let answer = json!({
        "type": "rotated", "account": rotated.enrolled.plan.account, "user": rotated.old.user,
        "device": device_json(device), "proof": proof(rotated.proof), "retired": old_json(&rotated),
        "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    console.result(&format!("{}\n", device.arn), &answer);
    Ok(Exit::Done)
}

fn plan_json(rotated: &Rotated, permissions: &[&str]) -> Value {
    let plan = &rotated.enrolled.plan;
    let devices = plan.devices.iter().map(|device| {
        let keys: Vec<u32> = device.keys.iter().map(|(key, _)| key.0).collect();
        json!({ "arn": device.arn.to_string(), "credential": device.credential, "keys": keys, "touch": device.touch })
    });
    json!({
        "type": "rotation_plan", "account": plan.account, "caller": plan.caller, "user": plan.user,
        "devices_used": plan.used, "device": devices.collect::<Vec<_>>().pop(), "proof": proof(rotated.proof),
        "retired": old_json(rotated), "permissions": permissions,
    })
}

fn old_json(rotated: &Rotated) -> Value {
    let credential = |(key, name): &(_, String)| json!({ "key": key, "credential": name });
    let old = &rotated.old;
    json!({
        "device": old.serial, "kind": kind(old.kind).1,
        "credentials": old.credentials.iter().map(credential).collect::<Vec<_>>(),
    })
}

fn proof(proof: ProvedBy) -> &'static str {
    match proof {
        ProvedBy::Session => "session",
        ProvedBy::Arithmetic => "arithmetic",
    }
}

pub(in crate::cli) fn resync(args: &Resync, cli: &Cli, console: &mut Console) -> Outcome {
    let request = ResyncRequest { user: args.user.clone(), device: args.device.clone(), key: args.key };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let done = flow::resync(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let answer = json!({
        "type": "resynced", "account": done.account, "user": request.user, "device": done.serial,
        "key": request.key, "codes": done.codes.map(unix), "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    console.result(&format!("{}\n", done.serial), &answer);
    Ok(Exit::Done)
}
