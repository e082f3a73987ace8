//! What has been done of a roster, beside it: one JSON object a line, on disk before the next user is begun. No secrets.
//!
//! It belongs to one account and one roster: whoever is done must be in the roster.

use super::file::Row;
use crate::flow::failure::BadLedger;
use crate::keys::Serial;
use crate::store::{self, Lines};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line.
    Ledger { version: u32, command: String, account: String },
    /// The user's turn has come.
    Begun { user: String, device: String, at: u64 },
    /// The device is enabled, and every place has it.
    Done {
        user: String,
        device: String,
        arn: String,
        keys: Vec<Serial>,
        escrow: Option<PathBuf>,
        command: Option<String>,
        at: u64,
    },
    /// It is not; `code` and `exit` as in an error.
    Failed { user: String, device: String, code: String, exit: u8, at: u64 },
}

/// The format that the first line names as `version`.
const FORMAT: u32 = 1;
/// In bytes; a hundred thousand users are less.
const LONGEST: u64 = 256 << 20;

/// The exit code of a failure that left something for `recover`.
const LEFT: u8 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The process ended before it could say more, or left something for `recover`; it began at this second since the Unix epoch.
    Begun(u64),
    Done,
    Failed,
}

pub(super) struct Ledger {
    /// None: nothing is to be written (a dry run).
    lines: Option<Lines>,
    states: HashMap<(String, String), State>,
    pub(super) used: Vec<Serial>,
}

impl Ledger {
    /// Opens it, or makes it (0600). A last line that a crash cut short is cut off, once the others are a ledger's.
    pub(super) fn open(path: &Path, command: &str, account: &str, rows: &[Row]) -> Result<Self, BadLedger> {
        let (lines, text) = Lines::open(path, LONGEST)?;
        let whole = store::whole_lines(&text);
        let first = Line::Ledger { version: FORMAT, command: command.to_owned(), account: account.to_owned() };
        let mut ledger = Self { lines: None, states: HashMap::new(), used: Vec::new() };
        if whole.is_empty() {
            // Nothing is cut off that is not the beginning of a ledger.
            if !serde_json::to_vec(&first).map_err(io::Error::from)?.starts_with(&text) {
                return Err(BadLedger::Unreadable { line: 1 });
            }
            lines.cut_torn(&text)?;
            ledger.lines = Some(lines);
            ledger.write(&first)?;
            return Ok(ledger);
        }
        store::check_version(store::split(whole).next().unwrap_or_default(), u64::from(FORMAT))?;
        ledger.replay(whole, command, account)?;
        lines.cut_torn(&text)?;
        ledger.lines = Some(lines);
        let there: HashSet<(&str, &str)> = rows.iter().map(|row| (&*row.user, &*row.device)).collect();
        for ((user, device), state) in &ledger.states {
            if *state == State::Done && !there.contains(&(user, device)) {
                return Err(BadLedger::OtherRoster { user: user.clone(), device: device.clone() });
            }
        }
        Ok(ledger)
    }

    /// One that is empty and stays so.
    pub(super) fn nowhere() -> Self {
        Self { lines: None, states: HashMap::new(), used: Vec::new() }
    }

    fn replay(&mut self, text: &[u8], command: &str, account: &str) -> Result<(), BadLedger> {
        for (nth, line) in store::split(text).enumerate() {
            let unreadable = BadLedger::Unreadable { line: nth + 1 };
            match (nth, serde_json::from_slice(line).map_err(|_| BadLedger::Unreadable { line: nth + 1 })?) {
                (0, Line::Ledger { version: FORMAT, command: theirs, account: other }) => {
                    if other != account {
                        return Err(BadLedger::OtherAccount { account: other });
                    }
                    if theirs != command {
                        return Err(BadLedger::OtherCommand { command: theirs });
                    }
                }
                (0, _) | (_, Line::Ledger { .. }) => return Err(unreadable),
                (_, Line::Begun { user, device, at }) => _ = self.states.insert((user, device), State::Begun(at)),
                (_, Line::Done { user, device, keys, .. }) => {
                    self.states.insert((user, device), State::Done);
                    self.used.extend(keys);
                }
                // What it left, `recover` may have finished since: as if the process had ended.
                (_, Line::Failed { exit: LEFT, .. }) => {}
                (_, Line::Failed { user, device, .. }) => _ = self.states.insert((user, device), State::Failed),
            }
        }
        Ok(())
    }

    /// How far the row is; `None`: its turn has not come yet.
    pub(super) fn state(&self, row: &Row) -> Option<State> {
        self.states.get(&(row.user.clone(), row.device.clone())).copied()
    }

    /// Appends a line and waits until it is on disk.
    pub(super) fn write(&mut self, line: &Line) -> Result<(), BadLedger> {
        let text = serde_json::to_vec(line).map_err(io::Error::from)?;
        match &mut self.lines {
            Some(lines) => Ok(lines.append(&text)?),
            None => Ok(()),
        }
    }
}
