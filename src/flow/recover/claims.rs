//! What a run's record claims, held against itself: whether a run of this program can have written it. A record that was
//! edited, damaged or made by hand may name any credential, file or key, and recovery would remove it.

use crate::aws::DeviceArn;
use crate::flow::failure::Implausible;
use crate::flow::naming::{credential_name, device_of};
use crate::flow::record::{Begin, KeyRotation, Old, Record, Undo};
use crate::journal::FORMAT;
use crate::oath::Name;
use std::collections::BTreeSet;

/// A flaw, and its line, counted from 1.
type Flaw = (usize, Implausible);

/// Whether a run of this version can have written all of it.
pub(super) fn check(entries: &[Record]) -> Result<(), Flaw> {
    let Some((first, rest)) = entries.split_first() else { return Err((1, Implausible::NoBeginning)) };
    let first_line = |why| (1, why);
    match first {
        Record::Begin(begin) => {
            check_start(&begin.command, &["enroll", "rotate", "root enroll"], begin.started).map_err(first_line)?;
            check_begin(begin).map_err(first_line)?;
            let mut created = begin.root;
            each(rest, |record| check_enrolling(begin, record, &mut created))
        }
        Record::Retire(begin) => {
            check_start(&begin.command, &["retire"], begin.started).map_err(first_line)?;
            check_old(&begin.old, &begin.account).map_err(first_line)?;
            each(rest, check_retiring)
        }
        Record::Key(begin) => {
            check_start(&begin.command, &["rotate"], begin.started).map_err(first_line)?;
            check_key(begin).map_err(first_line)?;
            each(rest, |record| check_key_rotating(begin, record))
        }
        _ => Err((1, Implausible::NoBeginning)),
    }
}

/// The format that the first record names.
pub(super) fn format(first: &Record) -> Option<u64> {
    let version = match first {
        Record::Begin(begin) => begin.version,
        Record::Retire(begin) => begin.version,
        Record::Key(begin) => begin.version,
        _ => return None,
    };
    Some(version.into()).filter(|version| *version != FORMAT)
}

fn each(rest: &[Record], mut check: impl FnMut(&Record) -> Result<(), Implausible>) -> Result<(), Flaw> {
    rest.iter().enumerate().try_for_each(|(nth, record)| {
        let checked = match record {
            Record::Begin(_) | Record::Retire(_) | Record::Key(_) => Err(Implausible::SecondBeginning),
            record => check(record),
        };
        checked.map_err(|why| (nth + 2, why))
    })
}

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// `commands`: those that begin a run of its kind.
fn check_start(command: &str, commands: &[&str], started: u64) -> Result<(), Implausible> {
    if !commands.contains(&command) {
        return Err(Implausible::Command { command: command.to_owned() });
    }
    if started > LAST_SECOND { Err(Implausible::Start { started }) } else { Ok(()) }
}

fn check_begin(begin: &Begin) -> Result<(), Implausible> {
    let is_named = credential_name(&begin.arn).is_ok_and(|name| name.id() == begin.credential);
    if !is_named {
        return Err(Implausible::Credential { named: begin.credential.clone(), device: begin.arn.to_string() });
    }
    let mut seen = BTreeSet::new();
    if let Some(key) = begin.keys.iter().find(|key| !seen.insert(key.to_string())) {
        return Err(Implausible::KeyTwice { key: *key });
    }
    if begin.keys.is_empty() && !begin.phone && begin.escrow.is_none() && begin.program.is_none() {
        return Err(Implausible::NoPlace);
    }
    let Some(old) = &begin.replaces else { return Ok(()) };
    if begin.root || old.serial == begin.arn.to_string() {
        return Err(Implausible::Device { serial: old.serial.clone() });
    }
    check_old(old, begin.arn.account())?;
    match old.serial.parse::<DeviceArn>() {
        Ok(arn) if arn.partition() != begin.arn.partition() => {
            Err(Implausible::Device { serial: old.serial.clone() })
        }
        _ => Ok(()),
    }
}

/// The credentials of a device that is to go are called as that device: by whatever tool wrote them.
fn check_old(old: &Old, account: &str) -> Result<(), Implausible> {
    let arn = old.serial.parse::<DeviceArn>().ok();
    if arn.as_ref().is_some_and(|arn| arn.account() != account) {
        return Err(Implausible::Device { serial: old.serial.clone() });
    }
    let is_of = |credential: &str| {
        let (Some(arn), Ok(name)) = (&arn, Name::from_id(credential)) else { return false };
        device_of(&name, arn.partition(), account).as_ref() == Some(arn)
    };
    let mut seen = BTreeSet::new();
    if let Some(held) = old.held.iter().find(|held| !seen.insert((held.key.to_string(), &held.credential))) {
        return Err(Implausible::KeyTwice { key: held.key });
    }
    match old.held.iter().find(|held| !is_of(&held.credential)) {
        Some(held) => Err(Implausible::Credential { named: held.credential.clone(), device: old.serial.clone() }),
        None => Ok(()),
    }
}

/// `created`: the device may have been created by here. Root's is the console's to create.
fn check_enrolling(begin: &Begin, record: &Record, created: &mut bool) -> Result<(), Implausible> {
    let (undo, intended) = match record {
        Record::Intend(undo) => (undo, true),
        Record::Void(undo) => (undo, false),
        Record::Created | Record::Enabled if *created && !begin.root => return Ok(()),
        Record::Enabling if *created => return Ok(()),
        Record::Deleted | Record::EnablingAgain if begin.replaces.is_some() => return Ok(()),
        _ => return Err(Implausible::Step),
    };
    match undo {
        Undo::DeleteDevice if !begin.root => {
            *created = intended;
            Ok(())
        }
        Undo::EnableAgain if begin.replaces.is_some() => Ok(()),
        // The seed comes with the device.
        _ if !*created => Err(Implausible::Step),
        Undo::RemoveCredential { key } if begin.keys.contains(key) => Ok(()),
        Undo::RemoveCredential { key } => Err(Implausible::Key { key: *key }),
        Undo::RemoveEscrow(file) if begin.escrow.as_ref() == Some(&file.path) && file.is_plausible() => Ok(()),
        Undo::RemoveEscrow(file) => Err(Implausible::File { path: file.path.clone() }),
        Undo::RemoveFromPhone if begin.phone => Ok(()),
        Undo::TakeBack { program } if begin.program.as_ref() == Some(program) => Ok(()),
        Undo::RemoveFromPhone | Undo::TakeBack { .. } => Err(Implausible::Place),
        _ => Err(Implausible::Step),
    }
}

fn check_retiring(record: &Record) -> Result<(), Implausible> {
    match record {
        Record::Intend(Undo::EnableAgain)
        | Record::Void(Undo::EnableAgain)
        | Record::Deleted
        | Record::EnablingAgain => Ok(()),
        _ => Err(Implausible::Step),
    }
}

fn check_key(begin: &KeyRotation) -> Result<(), Implausible> {
    let mut going = begin.first.iter().chain(&begin.old);
    match going.find(|id| !begin.before.contains(id)) {
        Some(id) => Err(Implausible::AccessKey { id: id.clone() }),
        None => Ok(()),
    }
}

fn check_key_rotating(begin: &KeyRotation, record: &Record) -> Result<(), Implausible> {
    let other = |id: &String| Err(Implausible::AccessKey { id: id.clone() });
    let goes = |id: &String| begin.first.iter().chain(&begin.old).any(|going| going == id);
    match record {
        Record::Intend(undo) | Record::Void(undo) => match undo {
            Undo::DeleteKey | Undo::TakeBack { .. } => Ok(()),
            Undo::ActivateKey { id } if goes(id) => Ok(()),
            Undo::ActivateKey { id } => other(id),
            _ => Err(Implausible::Step),
        },
        // One that was there before is not new.
        Record::NewKey { id } if begin.before.contains(id) => other(id),
        Record::KeyDeleted { id } if !goes(id) => other(id),
        Record::NewKey { .. } | Record::KeyDeleted { .. } | Record::HandedOver => Ok(()),
        _ => Err(Implausible::Step),
    }
}
