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
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| NotAReport)?.clone();
        let columns: HashMap<&str, usize> = header.iter().enumerate().map(|(nth, name)| (name, nth)).collect();
        if !columns.contains_key("user") {
            return Err(NotAReport);
        }
        let mut report = Self::default();
        for cells in reader.records().flatten().filter(|cells| !cells.iter().all(str::is_empty)) {
            let row = Row { columns: &columns, cells: &cells };
            match row.text("user") {
                ROOT => report.root = Some(row.root()),
                _ => report.users.push(row.user()),
            }
        }
        Ok(report)
    }
}

struct Row<'r> {
    columns: &'r HashMap<&'r str, usize>,
    cells: &'r csv::StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|nth| self.cells.get(*nth)).unwrap_or_default()
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
        UserRow { name: self.text("user").to_owned(), mfa: self.flag("mfa_active").unwrap_or_default() }
    }
}

fn moment(text: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}
