//! IAM's credential report: a CSV table read by its header, because its columns have grown over time.

use super::facts::{LastUse, RootRow, UserRow};
use aws_smithy_types::date_time::{DateTime, Format};
use std::collections::HashMap;
use std::time::SystemTime;

/// A credential report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialReport {
    /// The row `<root_account>`; an emulator may leave it out.
    pub root: Option<RootRow>,
    /// The users.
    pub users: Vec<UserRow>,
}

/// Why a report cannot be read: it has no header, or one without `user`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credential report has no header, or one without `user`")]
pub struct NotAReport;

/// The name of root's row: no user can have it, since `<` is not in IAM's alphabet.
const ROOT: &str = "<root_account>";

impl CredentialReport {
    /// Reads one. Columns that are missing count as "not told".
    pub fn parse(text: &str) -> Result<Self, NotAReport> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let header = cells(lines.next().ok_or(NotAReport)?.trim_start_matches('\u{feff}'));
        let columns: HashMap<&str, usize> = header.iter().enumerate().map(|(nth, name)| (name.trim(), nth)).collect();
        if !columns.contains_key("user") {
            return Err(NotAReport);
        }
        let mut report = Self::default();
        for line in lines {
            let cells = cells(line);
            let row = Row { columns: &columns, cells: &cells };
            match row.text("user") {
                ROOT => report.root = Some(row.root()),
                _ => report.users.push(row.user()),
            }
        }
        Ok(report)
    }
}

/// The cells of a line: quoted where they hold commas or quotes (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                cells.last_mut().into_iter().for_each(|cell| cell.push('"'));
            }
            ('"', _) => quoted = !quoted,
            (',', false) => cells.push(String::new()),
            (letter, _) => cells.last_mut().into_iter().for_each(|cell| cell.push(letter)),
        }
    }
    cells
}

struct Row<'r> {
    columns: &'r HashMap<&'r str, usize>,
    cells: &'r [String],
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|nth| self.cells.get(*nth)).map_or("", |cell| cell.trim())
    }

    /// `true` or `TRUE`; `None` for `not_supported`, `N/A` and what is not there.
    fn flag(&self, column: &str) -> Option<bool> {
        match self.text(column).to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn last_use(&self, column: &str) -> LastUse {
        match self.text(column) {
            "" | "not_supported" => LastUse::Untold,
            "N/A" | "no_information" => LastUse::Never,
            text => moment(text).map_or(LastUse::Untold, LastUse::At),
        }
    }

    fn root(&self) -> RootRow {
        RootRow {
            password: self.flag("password_enabled"),
            mfa: self.flag("mfa_active"),
            keys: ["1", "2"].map(|nth| self.flag(&format!("access_key_{nth}_active"))),
            keys_used: ["1", "2"].map(|nth| self.last_use(&format!("access_key_{nth}_last_used_date"))),
            certificates: ["1", "2"].map(|nth| self.flag(&format!("cert_{nth}_active"))),
            password_used: self.last_use("password_last_used"),
        }
    }

    fn user(&self) -> UserRow {
        UserRow {
            name: self.text("user").to_owned(),
            password: self.flag("password_enabled").unwrap_or_default(),
            mfa: self.flag("mfa_active").unwrap_or_default(),
            active_keys: ["1", "2"]
                .iter()
                .filter(|nth| self.flag(&format!("access_key_{nth}_active")) == Some(true))
                .count(),
        }
    }
}

fn moment(text: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}
