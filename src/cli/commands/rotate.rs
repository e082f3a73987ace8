//! `glasskey rotate`, `glasskey resync`

use super::access_key;
use super::access_key::{KeyPlanReport, KeyReport};
use super::enroll::places;
use crate::aws::DeviceKind;
use crate::cli::args::{Cli, Resync, Rotate};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow;
use crate::flow::access_key::KeyRotated;
use crate::flow::enroll::{DeviceResult, Request};
use crate::flow::resync::ResyncRequest;
use crate::flow::roster::Kind as RosterKind;
use crate::flow::rotate::{ProvedBy, RotateRequest, Rotated};
use crate::keys::Serial;
use crate::person::{Loss, RemovalPlan};
use crate::totp::unix;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

pub(in crate::cli) fn rotate(args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    if let Some(roster) = &args.roster {
        return of_roster(roster, args, cli, console);
    }
    if args.keys.iter().collect::<BTreeSet<_>>().len() != args.keys.len() {
        return Err(usage("the same key is named twice"));
    }
    let key = access_key::request(args, cli, console)?;
    let Some(from) = &args.from else {
        let key =
            key.ok_or_else(|| usage("nothing to rotate: --from names a device, --access-key the access key"))?;
        return access_key::rotate(&key, args, cli, console);
    };
    let request = request(args, from, cli)?;
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let (rotated, rotated_key) = match &key {
        Some(key) => flow::rotate::rotate_with_access_key(&request, key, &mut world),
        None => flow::rotate::rotate(&request, &mut world).map(|rotated| (rotated, None)),
    }
    .map_err(|failed| explain::failed(&failed))?;
    let Some(device) = rotated.enrolled.devices.first() else {
        let mut permissions = flow::rotate::rotate_permissions(&request);
        permissions.splice(0..0, key.iter().flat_map(|_| flow::access_key::access_key_permissions()));
        console.permissions(&permissions, true);
        console.result(&Page::nothing(), &PlanReport::of(&rotated, rotated_key.as_ref(), &permissions));
        return Ok(Exit::Done);
    };
    let report = Report::of(&rotated, device, rotated_key.as_ref(), world.clock.ahead_seconds());
    let new_key = rotated_key.as_ref().and_then(|key| key.new.clone());
    let lines: Page = std::iter::once(device.arn.to_string()).chain(new_key).collect();
    access_key::result(args, &lines, &report, console);
    Ok(Exit::Done)
}

fn request(args: &Rotate, from: &str, cli: &Cli) -> Result<RotateRequest, Box<Explanation>> {
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
    Ok(RotateRequest {
        new,
        from: Some(from.to_owned()),
        replace_first: args.replace_first,
        no_touch: args.no_touch,
        fewer_keys: args.fewer_keys,
    })
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

/// With `--dry-run`: what would be done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "rotation_plan")]
pub(in crate::cli) struct PlanReport<'a> {
    /// The account number.
    account: &'a str,
    /// The caller's ARN.
    caller: &'a str,
    /// The user's name.
    user: &'a str,
    /// How many of the 8 MFA devices that a user may have are in use.
    devices_used: usize,
    /// The device that would be made.
    device: Option<PlannedReport<'a>>,
    /// How the new device would be tested before the old one is removed.
    proof: ProvedBy,
    /// The device that would be removed, with its credentials on the keys that are here.
    retired: RemovedReport<'a>,
    /// What the user would have less of than before.
    losses: Vec<LossReport>,
    /// The permissions that the caller needs, including those to undo and to recover.
    permissions: &'a [&'static str],
    /// With `--access-key`: what would become of the access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<KeyPlanReport<'a>>,
}

/// The device that would be made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlannedNewDevice")]
pub(in crate::cli) struct PlannedReport<'a> {
    /// The device's serial number, an ARN.
    arn: String,
    /// The credential's name on each of `keys`.
    credential: &'a str,
    /// The serial numbers of the keys.
    keys: Vec<Serial>,
    /// The credential would require a touch.
    touch: bool,
    /// A key or a command will give a code before the device is enabled.
    proved: bool,
}

/// What was done. With `--access-key` and without `--from` the type is `access_key_rotated`.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "rotated")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The user's name.
    user: &'a str,
    /// The new device.
    device: &'a DeviceResult,
    /// How the new device was tested before the old one was removed.
    proof: ProvedBy,
    /// The device that was removed, with its credentials on the keys that were here.
    retired: RemovedReport<'a>,
    /// What the user has less of than before.
    losses: Vec<LossReport>,
    /// How far this computer's clock is ahead of AWS, in seconds; negative where it is behind, null where AWS did not say.
    clock_ahead_seconds: Option<i64>,
    /// With `--access-key`: what became of the access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<KeyReport<'a>>,
}

/// A device that is removed.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct RemovedReport<'a> {
    /// The serial number: an ARN for all but SMS and hardware tokens.
    device: &'a str,
    /// The kind, read from the serial number.
    kind: DeviceKind,
    /// Its credentials on the keys that are here.
    credentials: Vec<CredentialReport<'a>>,
}

/// A credential on a key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct CredentialReport<'a> {
    /// The key's serial number.
    key: Serial,
    /// The credential's name.
    credential: &'a str,
}

/// What a user has less of than before.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum LossReport {
    /// Fewer keys hold the new device.
    FewerKeys,
    /// The new device's codes require no touch.
    NoTouch,
    /// No key here holds the old device, so that neither is known.
    NotSeen,
    /// The new device has another name.
    Name,
    /// The old device is a security key, which resists phishing.
    PhishingResistance,
}

impl<'a> Report<'a> {
    fn of(
        rotated: &'a Rotated,
        device: &'a DeviceResult,
        key: Option<&'a KeyRotated>,
        clock_ahead_seconds: Option<i64>,
    ) -> Self {
        Self {
            account: &rotated.enrolled.plan.account,
            user: &rotated.old.user,
            device,
            proof: rotated.proof,
            retired: RemovedReport::of(&rotated.old),
            losses: losses(&rotated.losses),
            clock_ahead_seconds,
            access_key: key.map(KeyReport::of),
        }
    }
}

impl<'a> PlanReport<'a> {
    fn of(rotated: &'a Rotated, key: Option<&'a KeyRotated>, permissions: &'a [&'static str]) -> Self {
        let plan = &rotated.enrolled.plan;
        let device = plan.devices.last().map(|device| PlannedReport {
            arn: device.arn.to_string(),
            credential: &device.credential,
            keys: device.keys.iter().map(|(key, _)| *key).collect(),
            touch: device.touch,
            proved: device.is_proved(),
        });
        Self {
            account: &plan.account,
            caller: &plan.caller,
            user: &plan.user,
            devices_used: plan.used,
            device,
            proof: rotated.proof,
            retired: RemovedReport::of(&rotated.old),
            losses: losses(&rotated.losses),
            permissions,
            access_key: key.map(KeyPlanReport::of),
        }
    }
}

impl<'a> RemovedReport<'a> {
    pub(super) fn of(old: &'a RemovalPlan) -> Self {
        let credential = |(key, name): &'a (Serial, String)| CredentialReport { key: *key, credential: name };
        Self { device: &old.serial, kind: old.kind, credentials: old.credentials.iter().map(credential).collect() }
    }
}

fn losses(losses: &[Loss]) -> Vec<LossReport> {
    let name = |loss: &Loss| match loss {
        Loss::FewerKeys { .. } => LossReport::FewerKeys,
        Loss::NoTouch => LossReport::NoTouch,
        Loss::Unseen { .. } => LossReport::NotSeen,
        Loss::Name { .. } => LossReport::Name,
        Loss::Phishing => LossReport::PhishingResistance,
    };
    losses.iter().map(name).collect()
}

/// The device is in step again.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "resynced")]
pub(in crate::cli) struct ResyncReport<'a> {
    /// The account number.
    account: &'a str,
    /// The user's name.
    user: &'a str,
    /// The device's serial number, an ARN.
    device: &'a str,
    /// The serial number of the key that computed the codes.
    key: Serial,
    /// When the time steps of the two codes begin, in seconds since the Unix epoch.
    codes: [u64; 2],
    /// How far this computer's clock is ahead of AWS, in seconds; negative where it is behind, null where AWS did not say.
    clock_ahead_seconds: Option<i64>,
}

pub(in crate::cli) fn resync(args: &Resync, cli: &Cli, console: &mut Console) -> Outcome {
    let request = ResyncRequest { user: args.user.clone(), device: args.device.clone(), key: args.key };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let done = flow::resync::resync(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let report = ResyncReport {
        account: &done.account,
        user: &request.user,
        device: &done.serial,
        key: request.key,
        codes: done.codes.map(unix),
        clock_ahead_seconds: world.clock.ahead_seconds(),
    };
    console.result(&Page::of(&done.serial), &report);
    Ok(Exit::Done)
}
