//! `glasskey root remove`

use super::enroll::limits;
use crate::aws::{DeviceKind, Error};
use crate::cli::args::{Cli, RootRemove};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::root::{self, Removal, RemoveRequest};
use crate::person::RootView;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(args: &RootRemove, cli: &Cli, console: &mut Console) -> Outcome {
    let request = RemoveRequest {
        serials: args.devices.clone(),
        all: args.all,
        account: args.account.clone(),
        without_mfa: args.without_mfa.clone(),
        limits: (!args.no_watch).then(|| limits(&args.pace)),
    };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let removal = root::remove(&request, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    for (serial, why) in &removal.unassigned {
        let why = match why {
            Error::Denied { .. } => "the task does not allow it".to_owned(),
            why => explain::aws(why).what,
        };
        console.say(&format!(
            "glasskey: {serial} is nobody's now, and not deleted: {why}; {}",
            explain::delete_it(serial)
        ));
    }
    if !removal.said.is_empty() {
        console.say("glasskey: what you said has not been seen; `glasskey root audit` as root would show it");
    }
    for serial in removal.removed.iter().filter(|serial| DeviceKind::of(serial) == DeviceKind::Virtual) {
        console.say(&format!(
            "glasskey: what a key or a phone still holds of {serial} is of no use; `glasskey oath list` shows a key's"
        ));
    }
    console.result(&human(&removal), &report(&removal));
    Ok(Exit::Done)
}

fn human(removal: &Removal) -> Page {
    removal
        .removed
        .iter()
        .map(|serial| format!("{serial}{}", if removal.said.contains(serial) { ", as you said" } else { "" }))
        .collect()
}

fn report(removal: &Removal) -> Report<'_> {
    Report {
        account: &removal.account,
        partition: &removal.partition,
        view: removal.view,
        devices: &removal.devices,
        named: &removal.meant,
        removed: &removal.removed,
        said: &removal.said,
        unassigned: removal.unassigned.iter().map(|(serial, _)| serial.as_str()).collect(),
    }
}

/// Root's devices that were removed, all by their serial numbers.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "root_removal")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The partition, such as `aws`.
    partition: &'a str,
    /// From where root was seen.
    view: RootView,
    /// Root's devices before, as far as the view shows them.
    devices: &'a [String],
    /// The devices to be removed.
    named: &'a [String],
    /// The devices that are removed.
    removed: &'a [String],
    /// Of `removed`, those known only from the person, who read it in the console.
    said: &'a [String],
    /// Virtual devices that are assigned to nobody now, and were not deleted.
    unassigned: Vec<&'a str>,
}
