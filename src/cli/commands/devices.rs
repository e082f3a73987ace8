//! `glasskey devices`

use crate::aws::DeviceKind;
use crate::cli::args::{Cli, Devices};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::moments::date_time;
use crate::cli::page::{Page, name};
use crate::cli::table::table;
use crate::cli::{Outcome, environment};
use crate::flow;
use crate::flow::devices::{Device, DevicesRequest, Held, Inventory, Orphan, Proof, Unseen};
use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::cli) fn run(args: &Devices, cli: &Cli, console: &mut Console) -> Outcome {
    let request = DevicesRequest { user: args.user.clone(), all: args.all, prove: args.prove };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let found = flow::devices::devices(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let devices = headed(["DEVICE", "KIND", "USER", "ENABLED", "HELD BY", "CERTIFIED"], rows(&found));
    let orphans = found.orphans.iter().flatten().map(orphan_row);
    let orphans = headed(["NOBODY'S", "BEGUN", "HELD BY"], orphans.collect());
    let none = devices.is_empty() && orphans.is_empty();
    let mut human = devices;
    if !human.is_empty() && !orphans.is_empty() {
        human.gap();
    }
    human.append(&orphans);
    console.result(&human, &Report::of(&found));
    if none {
        console.say("glasskey: no MFA device");
    }
    for unseen in &found.unseen {
        console.say(&format!("glasskey: {}", not_seen(unseen)));
    }
    let refused = found.devices.iter().flat_map(|device| &device.held).any(|held| held.proof == Proof::Refused);
    Ok(if refused { Exit::No } else { Exit::Done })
}

/// Nothing where there are no rows.
fn headed<const COLUMNS: usize>(head: [&str; COLUMNS], mut rows: Vec<[String; COLUMNS]>) -> Page {
    if rows.is_empty() {
        return Page::nothing();
    }
    rows.insert(0, head.map(ToOwned::to_owned));
    table(&rows)
}

pub(in crate::cli) fn kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Virtual => "virtual",
        DeviceKind::Fido => "FIDO",
        DeviceKind::RootFido => "FIDO, root",
        DeviceKind::Sms => "SMS",
        DeviceKind::HardwareTotp => "hardware TOTP",
    }
}

fn rows(found: &Inventory) -> Vec<[String; 6]> {
    let row = |device: &Device| {
        let certified = device.certifications.iter().flatten().map(|(scheme, level)| format!("{scheme} {level}"));
        [
            device.serial.clone(),
            kind(device.kind).to_owned(),
            device.user.clone().unwrap_or_else(|| "(root)".to_owned()),
            device.enabled.map_or_else(|| "-".to_owned(), date_time),
            keys(&device.held),
            certified.collect::<Vec<_>>().join(", "),
        ]
    };
    found.devices.iter().map(row).collect()
}

fn orphan_row(orphan: &Orphan) -> [String; 3] {
    let begun = orphan.unfinished_since.map_or_else(
        || "age not known".to_owned(),
        |since| format!("{}, by an unfinished run of this machine", date_time(since)),
    );
    [orphan.serial.clone(), begun, keys(&orphan.held)]
}

fn keys(held: &[Held]) -> String {
    if held.is_empty() {
        return "-".to_owned();
    }
    held.iter().map(|held| format!("{} ({})", held.key, name(&held.proof))).collect::<Vec<_>>().join(", ")
}

fn not_seen(unseen: &Unseen) -> String {
    match unseen {
        Unseen::Keys { why } => format!("not read: the keys ({})", explain::keys(why).what),
        Unseen::Key { key, why } => format!("not read: YubiKey {key} ({})", explain::unlock(why).what),
        Unseen::Reader { reader, why } => {
            format!("not read: the card in the reader \"{reader}\" ({})", explain::keys(why).what)
        }
        Unseen::Call { call, .. } => format!("not seen: no permission for {}", call.permission()),
        Unseen::RootsFido => "not seen: FIDO devices of the root user, which AWS shows to root only".to_owned(),
        Unseen::Proof => {
            "not proved: a code proves something only for your own devices, with your long-term access key".to_owned()
        }
    }
}

/// MFA devices of users, and the keys that hold them.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "devices")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// MFA devices that are enabled.
    devices: &'a [Device],
    /// With `--all`: virtual devices that are assigned to nobody. Null where they were not asked for, or may not be
    /// listed.
    unassigned: Option<&'a [Orphan]>,
    /// What could not be read, for people.
    unseen: Vec<String>,
}

impl<'a> Report<'a> {
    fn of(found: &'a Inventory) -> Self {
        Self {
            account: &found.account,
            devices: &found.devices,
            unassigned: found.orphans.as_deref(),
            unseen: found.unseen.iter().map(not_seen).collect(),
        }
    }
}
