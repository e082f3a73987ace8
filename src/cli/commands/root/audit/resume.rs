//! The file of `--resume`: a row a line, each on disk before the next account.

use super::row::Row;
use crate::cli::args::Audit;
use crate::cli::console::Console;
use crate::cli::counts::count;
use crate::cli::explain::Explanation;
use crate::cli::moments::date_time;
use crate::store::{self, Lines};
use crate::totp::unix;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How every row begins.
const ROW: &[u8] = b"{\"type\":\"root_audit\"";
/// The format; one that is not named is the first.
const FORMAT: u64 = 1;
/// In seconds: what is older is no part of an audit that was interrupted.
const GOOD_FOR: u64 = 24 * 3600;
/// In seconds: AWS's clock, by which rows are dated, may be so far ahead of this one.
const AHEAD: u64 = 300;
/// In bytes; an organization of fifty thousand accounts is less.
const LONGEST: u64 = 512 << 20;

pub(super) struct Resume {
    path: PathBuf,
    lines: Lines,
    rows: HashMap<String, Row>,
}

impl Resume {
    /// Opens the file, or makes it. A last line that was cut short is dropped.
    pub(super) fn open(path: &Path) -> Result<Self, Box<Explanation>> {
        let wrong = |cause: std::io::Error| wrong(path, &cause);
        let (lines, text) = Lines::open(path, LONGEST).map_err(wrong)?;
        let whole = store::whole_lines(&text);
        // Nothing is cut off that is not the beginning of a row.
        if whole.is_empty() && !store::may_begin(&text, ROW) {
            return Err(no_row(path, 1));
        }
        let mut rows = HashMap::new();
        for (nth, line) in whole.split_inclusive(|byte| *byte == b'\n').enumerate() {
            store::check_version(line, FORMAT).map_err(wrong)?;
            let row: Row = serde_json::from_slice(line).map_err(|_| no_row(path, nth + 1))?;
            rows.insert(row.account.clone(), row);
        }
        lines.cut_torn(&text).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), lines, rows })
    }

    /// The rows that were told in full, and not long ago. The others are asked again.
    pub(super) fn take(&mut self) -> HashMap<String, Row> {
        let mut rows = std::mem::take(&mut self.rows);
        let now = unix(SystemTime::now());
        rows.retain(|_, row| row.is_told() && row.at <= now + AHEAD && now.saturating_sub(row.at) <= GOOD_FOR);
        rows
    }

    pub(super) fn add(&mut self, row: &Row) -> Result<(), Explanation> {
        self.lines.append(row.json().as_bytes()).map_err(|cause| *wrong(&self.path, &cause))
    }
}

/// The rows of an earlier run, each taken as its account turns out to be wanted.
pub(super) struct Known {
    rows: HashMap<String, Row>,
    taken: usize,
    /// Since when, in seconds since the Unix epoch.
    since: Option<u64>,
}

impl Known {
    pub(super) fn of(rows: HashMap<String, Row>) -> Self {
        Self { rows, taken: 0, since: None }
    }

    pub(super) fn accounts(&self) -> Vec<String> {
        self.rows.keys().cloned().collect()
    }

    pub(super) fn take(&mut self, account: &str) -> Option<Row> {
        let row = self.rows.remove(account)?;
        self.taken += 1;
        self.since = Some(self.since.map_or(row.at, |since| since.min(row.at)));
        Some(row)
    }

    /// Says how many were not asked again, and, of an organization, how many are none of its accounts.
    pub(super) fn tell(&self, args: &Audit, console: &mut Console) {
        let Some(path) = &args.resume else { return };
        if let Some(since) = self.since {
            let (accounts, since) =
                (count(self.taken, "account"), date_time(UNIX_EPOCH + Duration::from_secs(since)));
            console.say(&format!("glasskey: {accounts} of {} not asked again: asked since {since}", path.display()));
        }
        if args.org && !self.rows.is_empty() {
            let accounts = count(self.rows.len(), "account");
            console.say(&format!("glasskey: {accounts} of {} left out: not in this organization", path.display()));
        }
    }
}

fn no_row(path: &Path, line: usize) -> Box<Explanation> {
    let what = format!("line {line} of {} is no row of an audit", path.display());
    Box::new(Explanation::new("resume", what).hint("name a file that an earlier --resume wrote, or a new one"))
}

fn wrong(path: &Path, cause: &std::io::Error) -> Box<Explanation> {
    Box::new(Explanation::new("resume", format!("{} cannot be used: {cause}", path.display())))
}
