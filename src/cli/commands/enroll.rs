//! `glasskey enroll`

use crate::cli::args::{Cli, Enroll, SeedPlaces};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow::enroll::{DeviceResult, Enrolled, Request};
use crate::flow::places::{CommandTo, EscrowTo, Places};
use crate::flow::roster::Kind as RosterKind;
use crate::flow::{self, Cause};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

pub(in crate::cli) fn run(args: &Enroll, cli: &Cli, console: &mut Console) -> Outcome {
    if let Some(roster) = &args.roster {
        let sheet = super::roster::Sheet {
            kind: RosterKind::Enroll,
            file: roster,
            ledger: args.ledger.as_ref(),
            places: places(&args.places),
            touch: args.touch,
            path: args.path.as_ref(),
            tags: &args.tags,
            replace_first: false,
            no_touch: false,
            fewer_keys: false,
            dry_run: args.dry_run,
            aws: &args.aws,
        };
        return super::roster::run(sheet, cli, console);
    }
    let request = request(args, cli)?;
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    match flow::enroll::enroll(&request, &mut world) {
        Ok(enrolled) if request.dry_run => {
            let permissions = flow::enroll::permissions(&request);
            console.permissions(&permissions, false);
            console.result(&Page::nothing(), &dry_run_json(&enrolled, &permissions));
            Ok(Exit::Done)
        }
        Ok(enrolled) => {
            let arns: Page = enrolled.devices.iter().map(|device| device.arn.to_string()).collect();
            console.result(&arns, &enrolled_json(&enrolled, world.clock.ahead_seconds()));
            Ok(Exit::Done)
        }
        Err(failed) => {
            let mut text = explain::failed(&failed);
            // A prompt cut short by Ctrl-C is an interruption, not a missing person.
            if world.interrupt.raised() && failed.left.is_empty() && matches!(failed.cause, Cause::Sink(_)) {
                text = Explanation::new("interrupted", "interrupted").exit(Exit::Interrupted);
            }
            Err(Box::new(text))
        }
    }
}

fn request(args: &Enroll, cli: &Cli) -> Result<Request, Box<Explanation>> {
    let usage = |what: &str| Box::new(Explanation::new("usage", what).exit(Exit::Usage));
    let places = places(&args.places);
    if args.keys.is_empty() && !args.qr && places.is_empty() {
        return Err(Box::new(
            Explanation::new("usage", "nowhere to put the seed")
                .hint(
                    "name a key with --key SERIAL (`glasskey keys` lists them), show a phone a QR code with --qr, or use --escrow or --to-command",
                )
                .exit(Exit::Usage),
        ));
    }
    if args.keys.iter().collect::<BTreeSet<_>>().len() != args.keys.len() {
        return Err(usage("the same key is named twice"));
    }
    if args.tags.len() > 50 {
        return Err(usage("a device takes 50 tags at most"));
    }
    Ok(Request {
        user: args.user.clone(),
        keys: args.keys.clone(),
        phone: args.qr,
        places,
        separate: args.separate,
        touch: args.touch,
        device_name: args.device_name.clone(),
        path: args.path.clone(),
        tags: args.tags.clone(),
        dry_run: args.dry_run,
        approved: cli.global.yes,
    })
}

pub(super) fn places(args: &SeedPlaces) -> Places {
    let escrow = EscrowTo {
        recipients: args.escrow.clone(),
        file: args.escrow_file.clone(),
        directory: args.escrow_dir.clone(),
        patience: Duration::from_secs(args.escrow_timeout),
    };
    let patience = Duration::from_secs(args.command_timeout);
    Places {
        escrow: Some(escrow).filter(|escrow| !escrow.recipients.is_empty()),
        command: args.to_command.clone().map(|line| CommandTo { line, patience }),
        code: args.code_from_command.clone().map(|line| CommandTo { line, patience }),
        accept_unproved: args.accept_unproved,
    }
}

fn dry_run_json(enrolled: &Enrolled, permissions: &[&str]) -> Value {
    let plan = &enrolled.plan;
    let devices: Vec<Value> = plan
        .devices
        .iter()
        .map(|device| {
            let keys: Vec<u32> = device.keys.iter().map(|(key, _)| key.0).collect();
            json!({
                "arn": device.arn.to_string(), "credential": device.credential, "keys": keys, "phone": device.phone,
                "touch": device.touch, "escrow": device.escrow.as_ref().map(|(path, _)| path.display().to_string()),
                "command": device.command, "code_command": device.code, "proved": device.is_proved(),
            })
        })
        .collect();
    json!({
        "type": "plan", "account": plan.account, "caller": plan.caller, "user": plan.user, "devices_used": plan.used,
        "devices": devices, "permissions": permissions,
    })
}

fn enrolled_json(enrolled: &Enrolled, ahead: Option<i64>) -> Value {
    let devices: Vec<Value> = enrolled.devices.iter().map(device_json).collect();
    json!({
        "type": "enrolled", "account": enrolled.plan.account, "user": enrolled.plan.user, "devices": devices,
        "clock_ahead_seconds": ahead,
    })
}

pub(super) fn device_json(device: &DeviceResult) -> Value {
    json!({
        "arn": device.arn.to_string(), "credential": device.credential, "keys": device.keys,
        "phone": device.phone, "escrow": device.escrow.as_ref().map(|path| path.display().to_string()),
        "command": device.command, "proved": device.proved, "confirmed": device.confirmed, "first_code_from": device.first_code_from,
    })
}
