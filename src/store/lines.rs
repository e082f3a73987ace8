//! Files of lines: each line is whole and on disk before anybody relies on it. What a crash cut short at the end is left
//! out, and cut off before the next line, once the lines before it are known to be what they should.

use super::{Odd, all, directory_of, open, open_own, read_own, sync_directory};
use serde::Deserialize;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// A file of lines that is being added to.
pub struct Lines {
    file: File,
}

impl Lines {
    /// Opens a file that a person has named, or makes it, and reads what is in it. Nobody else adds to it meanwhile.
    ///
    /// # Errors
    /// As [`open`] and [`all`], and [`Odd::InUse`].
    pub fn open(path: &Path, most: u64) -> io::Result<(Self, Vec<u8>)> {
        let mut file = open(path, File::options().read(true).append(true).create(true))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Odd::InUse.into()),
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
        let text = all(&mut file, most)?;
        if text.is_empty() {
            sync_directory(directory_of(path))?;
        }
        Ok((Self { file }, text))
    }

    /// Makes a file of this program's own with its first line.
    ///
    /// # Errors
    /// As [`open_own`]; what was made may be there.
    pub fn begin_own(path: &Path, first: &[u8]) -> io::Result<Self> {
        let file = open_own(path, File::options().append(true).create_new(true))?;
        let mut lines = Self { file };
        lines.append(first)?;
        sync_directory(directory_of(path))?;
        Ok(lines)
    }

    /// Opens a file of this program's own to go on with it. A torn last line is cut off.
    ///
    /// # Errors
    /// As [`open_own`] and [`all`].
    pub fn resume_own(path: &Path, most: u64) -> io::Result<Self> {
        let text = read_own(path, most)?;
        let lines = Self { file: open_own(path, File::options().append(true))? };
        lines.cut_torn(&text)?;
        Ok(lines)
    }

    /// Cuts the file off where the whole lines of its text end, so that the next one does not run into a torn one.
    ///
    /// # Errors
    /// The system's.
    pub fn cut_torn(&self, text: &[u8]) -> io::Result<()> {
        let whole = whole_lines(text).len();
        if whole == text.len() { Ok(()) } else { self.cut(whole as u64) }
    }

    /// Adds a line; it is on disk when this returns. Of one that cannot be written whole nothing stays.
    ///
    /// # Errors
    /// The system's.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let text = [line, b"\n"].concat();
        self.file.write_all(&text).and_then(|()| self.file.sync_data()).inspect_err(|_| _ = self.cut(before))
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len).and_then(|()| self.file.sync_all())
    }
}

/// The lines that have an end. What follows the last of them is a line that a crash cut short.
#[must_use]
pub fn whole_lines(text: &[u8]) -> &[u8] {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    text.get(..whole).unwrap_or_default()
}

/// Each of whole lines, without its end.
pub fn split(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    whole.strip_suffix(b"\n").unwrap_or(whole).split(|byte| *byte == b'\n')
}

/// Whether a text without a whole line may be the beginning of a line that begins so.
#[must_use]
pub fn may_begin(text: &[u8], line: &[u8]) -> bool {
    text.starts_with(line) || line.starts_with(text)
}

/// The `version` that a JSON object names, where that is later than the one known.
#[must_use]
pub fn later_version(object: &[u8], known: u64) -> Option<u64> {
    #[derive(Deserialize)]
    struct Named {
        version: u64,
    }
    let named: Named = serde_json::from_slice(object).ok()?;
    Some(named.version).filter(|version| *version > known)
}

/// Refuses what a later version of this program wrote.
///
/// # Errors
/// [`Odd::Later`].
pub fn check_version(object: &[u8], known: u64) -> io::Result<()> {
    later_version(object, known).map_or(Ok(()), |version| Err(Odd::Later { version, known }.into()))
}
