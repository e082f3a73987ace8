//! `glasskey enroll`

use crate::cli::args::{Cli, Enroll, SeedPlaces};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::enroll::{DeviceResult, Enrolled, Request};
use crate::flow::roster::Kind as RosterKind;
use crate::flow::seed_sinks::{CommandTo, EscrowTo, SeedSinks};
use crate::flow::{self, Cause};
use crate::keys::Serial;
use crate::person::PlannedDevice;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

pub(in crate::cli) fn run(args: &Enroll, cli: &Cli, console: &mut Console) -> Outcome {
    if let Some(roster) = &args.roster {
        return of_roster(roster, args, cli, console);
    }
    let request = request(args, cli)?;
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    match flow::enroll::enroll(&request, &mut world) {
        Ok(enrolled) if request.dry_run => {
            let permissions = flow::enroll::permissions(&request);
            console.permissions(&permissions, false);
            console.result(&Page::nothing(), &PlanReport::of(&enrolled, &permissions));
            Ok(Exit::Done)
        }
        Ok(enrolled) => {
            let arns: Page = enrolled.devices.iter().map(|device| device.arn.to_string()).collect();
            console.result(&arns, &Report::of(&enrolled, world.clock.ahead_seconds()));
            Ok(Exit::Done)
        }
        Err(failed) => {
            let mut text = explain::failed(&failed);
            // A prompt cut short by Ctrl-C is an interruption, not a missing person.
            if world.interrupt.raised() && failed.left.is_empty() && matches!(failed.cause, Cause::Sink(_)) {
                text = Explanation::interrupted();
            }
            Err(Box::new(text))
        }
    }
}

fn of_roster(roster: &Path, args: &Enroll, cli: &Cli, console: &mut Console) -> Outcome {
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
    super::roster::run(sheet, cli, console)
}

fn request(args: &Enroll, cli: &Cli) -> Result<Request, Box<Explanation>> {
    let places = places(&args.places);
    if args.keys.is_empty() && !args.qr && places.is_empty() {
        return Err(Box::new(
            usage("nowhere to put the seed")
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

pub(super) fn places(args: &SeedPlaces) -> SeedSinks {
    let escrow = EscrowTo {
        recipients: args.escrow.clone(),
        file: args.escrow_file.clone(),
        directory: args.escrow_dir.clone(),
        timeout: Duration::from_secs(args.escrow_timeout),
    };
    let timeout = Duration::from_secs(args.command_timeout);
    SeedSinks {
        escrow: Some(escrow).filter(|escrow| !escrow.recipients.is_empty()),
        command: args.to_command.clone().map(|line| CommandTo { line, timeout }),
        code: args.code_from_command.clone().map(|line| CommandTo { line, timeout }),
        accept_unproved: args.accept_unproved,
    }
}

/// With `--dry-run`: what would be done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "plan")]
pub(in crate::cli) struct PlanReport<'a> {
    /// The account number.
    account: &'a str,
    /// The caller's ARN.
    caller: &'a str,
    /// The user's name.
    user: &'a str,
    /// How many of the 8 MFA devices that a user may have are in use.
    devices_used: usize,
    /// The devices that would be made.
    devices: Vec<PlannedReport<'a>>,
    /// The permissions that the caller needs, including those to undo and to recover.
    permissions: &'a [&'static str],
}

/// A device that would be made.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct PlannedReport<'a> {
    /// The device's serial number, an ARN.
    arn: String,
    /// The credential's name on each of `keys`.
    credential: &'a str,
    /// The serial numbers of the keys.
    keys: Vec<Serial>,
    /// A phone would hold the seed too.
    phone: bool,
    /// The credential would require a touch.
    touch: bool,
    /// The age file that would hold the seed too; null where none is asked for.
    escrow: Option<String>,
    /// The program that would get the seed too; null where none is asked for.
    command: Option<&'a str>,
    /// The program of `--code-from-command`; null where none is asked for.
    code_command: Option<&'a str>,
    /// A key, a phone or a command will give a code before the device is enabled.
    proved: bool,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "enrolled")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The user's name.
    user: &'a str,
    /// The devices that were enabled, in the plan's order; more than one with `--separate`.
    devices: &'a [DeviceResult],
    /// How far this computer's clock is ahead of AWS, in seconds; negative where it is behind, null where AWS did not say.
    clock_ahead_seconds: Option<i64>,
}

impl<'a> PlanReport<'a> {
    fn of(enrolled: &'a Enrolled, permissions: &'a [&'static str]) -> Self {
        let plan = &enrolled.plan;
        let device = |device: &'a PlannedDevice| PlannedReport {
            arn: device.arn.to_string(),
            credential: &device.credential,
            keys: device.keys.iter().map(|(key, _)| *key).collect(),
            phone: device.phone,
            touch: device.touch,
            escrow: device.escrow.as_ref().map(|(path, _)| displayed(path)),
            command: device.command.as_deref(),
            code_command: device.code.as_deref(),
            proved: device.is_proved(),
        };
        Self {
            account: &plan.account,
            caller: &plan.caller,
            user: &plan.user,
            devices_used: plan.used,
            devices: plan.devices.iter().map(device).collect(),
            permissions,
        }
    }
}

impl<'a> Report<'a> {
    fn of(enrolled: &'a Enrolled, clock_ahead_seconds: Option<i64>) -> Self {
        Self {
            account: &enrolled.plan.account,
            user: &enrolled.plan.user,
            devices: &enrolled.devices,
            clock_ahead_seconds,
        }
    }
}

fn displayed(path: &Path) -> String {
    path.display().to_string()
}
