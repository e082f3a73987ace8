//! `glasskey rotate`, `glasskey resync`

use super::access_key;
use super::devices::kind;
use super::enroll::{device_json, places};
use crate::cli::args::{Cli, Resync, Rotate};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow;
use crate::flow::enroll::Request;
use crate::flow::resync::ResyncRequest;
use crate::flow::roster::Kind as RosterKind;
use crate::flow::rotate::{ProvedBy, RotateRequest, Rotated};
use crate::person::Loss;
use crate::totp::unix;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

pub(in crate::cli) fn rotate(args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    if let Some(roster) = &args.roster {
        return of_roster(roster, args, cli, console);
    }
    let usage = |what: &str| Box::new(Explanation::new("usage", what).exit(Exit::Usage));
    if args.keys.iter().collect::<BTreeSet<_>>().len() != args.keys.len() {
        return Err(usage("the same key is named twice"));
    }
    let key = access_key::request(args, cli, console)?;
    let Some(from) = &args.from else {
        let key =
            key.ok_or_else(|| usage("nothing to rotate: --from names a device, --access-key the access key"))?;
        return access_key::rotate(&key, args, cli, console);
    };
    let places = places(&args.places);
    if args.keys.is_empty() && places.is_empty() {
        return Err(usage("nowhere to put the new seed: name a key with --key, or use --escrow or --to-command"));
    }
    let new = Request {
        user: args.user.clone(),
        keys: args.keys.clone(),
        places,
        touch: args.touch,
        device_name: args.device_name.clone(),
        path: args.path.clone(),
        dry_run: args.dry_run,
        approved: cli.global.yes,
        ..Request::default()
    };
    let request = RotateRequest {
        new,
        from: Some(from.clone()),
        replace_first: args.replace_first,
        no_touch: args.no_touch,
        fewer_keys: args.fewer_keys,
    };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let (rotated, rotated_key) = match &key {
        Some(key) => flow::rotate::rotate_with_access_key(&request, key, &mut world),
        None => flow::rotate::rotate(&request, &mut world).map(|rotated| (rotated, None)),
    }
    .map_err(|failed| explain::failed(&failed))?;
    let Some(device) = rotated.enrolled.devices.first() else {
        let mut permissions = flow::rotate::rotate_permissions(&request);
        permissions.splice(0..0, key.iter().flat_map(|_| flow::access_key::access_key_permissions()));
        console.permissions(&permissions, true);
        let mut plan = plan_json(&rotated, &permissions);
        access_key::add_plan(&mut plan, rotated_key.as_ref());
        console.result(&Page::nothing(), &plan);
        return Ok(Exit::Done);
    };
    let mut answer = json!({
        "type": "rotated", "account": rotated.enrolled.plan.account, "user": rotated.old.user,
        "device": device_json(device), "proof": proof(rotated.proof), "retired": old_json(&rotated),
        "losses": losses_json(&rotated.losses), "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    access_key::add(&mut answer, rotated_key.as_ref());
    let new_key = rotated_key.and_then(|key| key.new);
    let lines: Page = std::iter::once(device.arn.to_string()).chain(new_key).collect();
    access_key::result(args, &lines, &answer, console);
    Ok(Exit::Done)
}

fn of_roster(roster: &Path, args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    let sheet = super::roster::Sheet {
        kind: RosterKind::Rotate,
        file: roster,
        ledger: args.ledger.as_ref(),
        places: places(&args.places),
        touch: args.touch,
        path: args.path.as_ref(),
        tags: &[],
        replace_first: args.replace_first,
        no_touch: args.no_touch,
        fewer_keys: args.fewer_keys,
        dry_run: args.dry_run,
        aws: &args.aws,
    };
    super::roster::run(sheet, cli, console)
}

fn plan_json(rotated: &Rotated, permissions: &[&str]) -> Value {
    let plan = &rotated.enrolled.plan;
    let devices = plan.devices.iter().map(|device| {
        let keys: Vec<u32> = device.keys.iter().map(|(key, _)| key.0).collect();
        json!({
            "arn": device.arn.to_string(), "credential": device.credential, "keys": keys, "touch": device.touch,
            "proved": device.is_proved(),
        })
    });
    json!({
        "type": "rotation_plan", "account": plan.account, "caller": plan.caller, "user": plan.user,
        "devices_used": plan.used, "device": devices.collect::<Vec<_>>().pop(), "proof": proof(rotated.proof),
        "retired": old_json(rotated), "losses": losses_json(&rotated.losses), "permissions": permissions,
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
        ProvedBy::Nothing => "none",
    }
}

fn losses_json(losses: &[Loss]) -> Vec<&'static str> {
    let name = |loss: &Loss| match loss {
        Loss::FewerKeys { .. } => "fewer_keys",
        Loss::NoTouch => "no_touch",
        Loss::Unseen { .. } => "not_seen",
        Loss::Name { .. } => "name",
        Loss::Phishing => "phishing_resistance",
    };
    losses.iter().map(name).collect()
}

pub(in crate::cli) fn resync(args: &Resync, cli: &Cli, console: &mut Console) -> Outcome {
    let request = ResyncRequest { user: args.user.clone(), device: args.device.clone(), key: args.key };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let done = flow::resync::resync(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let answer = json!({
        "type": "resynced", "account": done.account, "user": request.user, "device": done.serial,
        "key": request.key, "codes": done.codes.map(unix), "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    console.result(&Page::of(&done.serial), &answer);
    Ok(Exit::Done)
}
