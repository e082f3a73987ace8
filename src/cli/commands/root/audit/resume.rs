//! The file of `--resume`: a row a line, each on disk before the next account.

use super::row::Row;
use crate::cli::explain::Explanation;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub(super) struct Resume {
    path: PathBuf,
    file: File,
    rows: HashMap<String, Row>,
}

impl Resume {
    /// Opens the file, or makes it. A last line that was cut short is dropped.
    pub(super) fn open(path: &Path) -> Result<Self, Box<Explanation>> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|cause| wrong(path, &cause))?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|cause| wrong(path, &cause))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(|cause| wrong(path, &cause))?;
        let mut rows = HashMap::new();
        for (nth, line) in text.get(..whole).unwrap_or_default().lines().enumerate() {
            let row: Row = serde_json::from_str(line).map_err(|_| {
                let what = format!("line {} of {} is no row of an audit", nth + 1, path.display());
                Box::new(
                    Explanation::new("resume", what).hint("name a file that an earlier --resume wrote, or a new one"),
                )
            })?;
            rows.insert(row.account.clone(), row);
        }
        Ok(Self { path: path.to_owned(), file, rows })
    }

    /// The rows that were told in full. The others are asked again.
    pub(super) fn take(&mut self) -> HashMap<String, Row> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|_, row| row.is_told());
        rows
    }

    pub(super) fn add(&mut self, row: &Row) -> Result<(), Explanation> {
        let line = format!("{}\n", row.json());
        self.file.write_all(line.as_bytes()).map_err(|cause| *wrong(&self.path, &cause))
    }
}

fn wrong(path: &Path, cause: &std::io::Error) -> Box<Explanation> {
    Box::new(Explanation::new("resume", format!("{} cannot be used: {cause}", path.display())))
}
