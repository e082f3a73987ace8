//! Which codes have been sent to AWS, by device and time step, so that none is sent twice.
//!
//! STS takes each code once, and a code offered too early is refused and spent all the same. So every step is written
//! down, on disk, before its code is sent; the file holds serial numbers and step numbers and nothing secret. It is
//! shared by all processes of the state directory, under a lock that is held for a moment only. No trouble with the
//! file stops a command: what is not known counts as spent, and this process remembers its own. This room does not know
//! who takes the codes.

use crate::store;
use crate::totp::Step;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The steps whose codes have been sent.
pub struct UsedCodes {
    dir: PathBuf,
    /// What this process has sent, whatever the file says.
    own: BTreeMap<String, u64>,
    /// The step at which the file was first found unreadable.
    unread: Option<u64>,
    doubt: Option<Doubt>,
}

/// Why the memory is not whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum Doubt {
    /// The file is not one this version writes. Every device's present step counts as spent, and a new file is begun.
    Unreadable { path: PathBuf },
    /// It cannot be written: other commands will not know what this one sends.
    Unwritable { path: PathBuf, cause: io::Error },
}

/// A code of this step, or a later one, has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code of step {}, or of a later one, has been sent already", last.0)]
pub struct Taken {
    /// The last step whose code has been sent.
    pub last: Step,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The format, 1.
    version: u32,
    /// Where an unreadable file was: no code of this step or an earlier one is to be sent, whatever the device.
    #[serde(default)]
    floor: u64,
    /// The last step whose code was sent, by the device's serial number or ARN.
    devices: BTreeMap<String, u64>,
    /// A later version's file is there, which this one does not replace.
    #[serde(skip)]
    later: bool,
}

/// Held while a process reads or writes the file.
const LOCK: &str = "spent.lock";
/// The format that the file names as `version`.
const FORMAT: u32 = 1;
/// Codes are for the present step, give or take the touch that one waits for. A record further ahead than this was
/// written by a clock that was wrong, and says nothing but that the present step may be spent.
const AHEAD: u64 = 3;
/// A day: older records are struck.
const OLD: u64 = 2880;
/// A file longer than this many bytes is none of ours: a day's codes of ten thousand devices are less.
const LONGEST: u64 = 16 << 20;
/// In place of a step: no code has been sent.
const NONE: u64 = 0;
/// Another process holds the lock for as long as it takes to write one file.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

impl UsedCodes {
    /// The memory in a state directory. Touches no file yet.
    #[must_use]
    pub fn in_dir(state: &Path) -> Self {
        Self { dir: state.to_owned(), own: BTreeMap::new(), unread: None, doubt: None }
    }

    /// What is wrong with the file in a state directory. Changes nothing.
    #[must_use]
    pub fn look(state: &Path) -> Option<Doubt> {
        let (path, lock) = (Self::in_dir(state).file(), state.join(LOCK));
        if lock.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            return Some(Doubt::Unwritable { path: lock, cause: io::Error::other("it is not a file") });
        }
        match store::read_own(&path, LONGEST) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            Ok(text) if serde_json::from_slice::<Table>(&text).is_ok_and(|table| table.version == FORMAT) => None,
            Ok(text) => match store::check_version(&text, u64::from(FORMAT)) {
                Err(cause) => Some(Doubt::Unwritable { path, cause }),
                Ok(()) => Some(Doubt::Unreadable { path }),
            },
            Err(_) => Some(Doubt::Unreadable { path }),
        }
    }

    /// What is wrong with the file, once.
    pub fn take_doubt(&mut self) -> Option<Doubt> {
        self.doubt.take()
    }

    /// The last step of a device whose code has been sent, at the present step `now`.
    pub fn last(&mut self, device: &str, now: Step) -> Option<Step> {
        self.locked(|used_codes| {
            let table = used_codes.read(now);
            used_codes.last_in(&table, device)
        })
    }

    /// Writes down that the codes for the steps from `first` to `last` are about to be sent. They may be when this
    /// returns `Ok`, and by the caller alone.
    pub fn claim(&mut self, device: &str, first: Step, last: Step, now: Step) -> Result<(), Taken> {
        self.locked(|used_codes| {
            let mut table = used_codes.read(now);
            if let Some(sent) = used_codes.last_in(&table, device).filter(|sent| *sent >= first) {
                return Err(Taken { last: sent });
            }
            table.devices.insert(device.to_owned(), last.0);
            used_codes.write(&mut table, now);
            used_codes.own.insert(device.to_owned(), last.0);
            Ok(())
        })
    }

    /// The device has a new seed: no code of it has ever been sent.
    pub fn forget(&mut self, device: &str, now: Step) {
        self.own.insert(device.to_owned(), NONE);
        self.locked(|used_codes| {
            let mut table = used_codes.read(now);
            let before = table.devices.insert(device.to_owned(), NONE);
            if before.is_some() || table.floor > NONE {
                used_codes.write(&mut table, now);
            }
        });
    }

    fn last_in(&self, table: &Table, device: &str) -> Option<Step> {
        let recorded = table.devices.get(device).into_iter().chain(self.own.get(device)).copied();
        // What is recorded of a device is younger than the floor.
        Some(recorded.max().unwrap_or(table.floor)).filter(|last| *last > NONE).map(Step)
    }

    /// The table, repaired on disk where it has to be, as is what this process remembers: its clock may have been put
    /// right since. No file is a whole one: nothing has been sent from here.
    fn read(&mut self, now: Step) -> Table {
        self.own.values_mut().filter(|step| is_unbelievable(**step, now)).for_each(|step| *step = now.0);
        let path = self.file();
        let text = match store::read_own(&path, LONGEST) {
            Ok(text) => Some(text),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Table::default(),
            Err(_) => None,
        };
        if let Some(Err(cause)) = text.as_deref().map(|text| store::check_version(text, u64::from(FORMAT))) {
            // Left as it is.
            self.doubt = Some(Doubt::Unwritable { path, cause });
            return Table { floor: *self.unread.get_or_insert(now.0), later: true, ..Table::default() };
        }
        let table = text.and_then(|text| serde_json::from_slice::<Table>(&text).ok());
        let Some(mut table) = table.filter(|table| table.version == FORMAT) else {
            self.doubt = Some(Doubt::Unreadable { path });
            // Kept here too: where the file can be neither read nor replaced, its step passes all the same.
            let floor = *self.unread.get_or_insert(now.0);
            let mut table = Table { floor, ..Table::default() };
            self.write(&mut table, now);
            return table;
        };
        let steps = table.devices.values_mut().chain([&mut table.floor]);
        let unbelievable: Vec<_> = steps.filter(|step| is_unbelievable(**step, now)).collect();
        if !unbelievable.is_empty() {
            unbelievable.into_iter().for_each(|step| *step = now.0);
            self.write(&mut table, now);
        }
        table
    }

    /// Replaces the file whole: a crash leaves the old one or the new one.
    fn write(&mut self, table: &mut Table, now: Step) {
        if table.later {
            return;
        }
        table.version = FORMAT;
        if table.floor.saturating_add(OLD) < now.0 {
            table.floor = NONE;
        }
        let floor = table.floor;
        table.devices.retain(|_, step| step.saturating_add(OLD) >= now.0 || (*step == NONE && floor > NONE));
        let path = self.file();
        let text = serde_json::to_vec(table).map_err(io::Error::from);
        let replaced = text.and_then(|text| store::replace_by(&self.dir.join("spent.json.new"), &path, &text));
        if let Err(cause) = replaced {
            self.doubt = Some(Doubt::Unwritable { path, cause });
        }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("spent.json")
    }

    /// Runs `f` while no other process reads or writes. A lock that cannot be had is told and done without.
    fn locked<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let lock = self.lock();
        let done = f(self);
        match lock {
            Ok(lock) => drop(lock),
            Err(cause) => {
                let path = self.dir.join(LOCK);
                self.doubt.get_or_insert(Doubt::Unwritable { path, cause });
            }
        }
        done
    }

    fn lock(&self) -> io::Result<File> {
        store::own_directory(&self.dir)?;
        let file = store::lock_file(&self.dir.join(LOCK))?;
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryLockError::Error(cause)) => return Err(cause),
            }
        }
    }
}

fn is_unbelievable(step: u64, now: Step) -> bool {
    step > now.0.saturating_add(AHEAD)
}
