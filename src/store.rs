//! Files as this program keeps them: opened without following a link or waiting for a pipe, read up to a bound, added to
//! by whole lines, replaced whole or not at all, and locked. What is in them is for others to say.
//!
//! In a directory that others may write to, nothing is what it seems: such a directory is refused, with all that is in it.

mod lines;

pub use lines::{Lines, check_version, later_version, may_begin, split, whole_lines};

use crate::platform::{Writers, files};
use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};

/// What stands there is not what it should be. Comes as the inner error of an [`io::Error`]; see [`odd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Odd {
    #[error("it is a symbolic link")]
    Link,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it belongs to another user")]
    OtherOwner,
    #[error("it is a pipe, and nobody writes to it")]
    NobodyWrites,
    #[error("other users may write to it")]
    OthersWrite,
    #[error("it is longer than {most} bytes")]
    TooLong { most: u64 },
    #[error("another glasskey is adding to it")]
    InUse,
    #[error("a later version of glasskey wrote it (format {version}; this one knows {known})")]
    Later {
        version: u64,
        /// The latest format that this program knows.
        known: u64,
    },
}

impl From<Odd> for io::Error {
    fn from(odd: Odd) -> Self {
        Self::other(odd)
    }
}

/// A directory above one of this program's own, through which others can put another in its place. Comes as the inner
/// error of an [`io::Error`]; see [`above`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Above {
    pub path: PathBuf,
    /// [`Odd::OtherOwner`] or [`Odd::OthersWrite`].
    pub odd: Odd,
}

impl fmt::Display for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.odd {
            Odd::OtherOwner => write!(f, "{path}, above it, belongs to another user"),
            _ => write!(f, "other users may write to {path}, above it"),
        }
    }
}

impl Error for Above {}

#[must_use]
pub fn above(cause: &io::Error) -> Option<&Above> {
    cause.get_ref()?.downcast_ref()
}

/// Whether what stands there is refused, rather than not to be had.
#[must_use]
pub fn is_refused(cause: &io::Error) -> bool {
    odd(cause).is_some() || above(cause).is_some()
}

#[must_use]
pub fn odd(cause: &io::Error) -> Option<Odd> {
    cause.get_ref()?.downcast_ref().copied()
}

/// Makes a directory that its owner alone can enter, where there is none, and looks at one that is there.
///
/// # Errors
/// It cannot be made, or it is not this user's alone ([`Odd::OtherOwner`], [`Odd::OthersWrite`], [`Above`]).
pub fn own_directory(dir: &Path) -> io::Result<()> {
    check_above(dir)?;
    files::create_private_directories(dir).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => not_a_directory(),
        _ => cause,
    })?;
    check_directory(dir)
}

/// Looks whether a directory is this user's, and nobody else's to write to. Of a link, where it leads is looked at.
///
/// # Errors
/// As [`own_directory`].
pub fn check_directory(dir: &Path) -> io::Result<()> {
    let there = fs::metadata(dir)?;
    if !there.is_dir() {
        return Err(not_a_directory());
    }
    check_writers(dir, &there)?;
    check_above(dir)
}

fn not_a_directory() -> io::Error {
    io::ErrorKind::NotADirectory.into()
}

/// Looks whether others can put another directory in the place of one, as sshd does (sshd_config(5), `StrictModes`):
/// every directory above it, up to the home directory or the root, is this user's or the system's, and nobody else's to
/// write to. Of links, those above the link and those above where it leads are looked at. What is not there yet is passed
/// over.
///
/// # Errors
/// [`Above`].
pub fn check_above(dir: &Path) -> io::Result<()> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let real = dir.ancestors().find_map(|path| Some((path, fs::canonicalize(path).ok()?)));
    let above = |path: &Path| -> io::Result<()> {
        for path in path.ancestors().skip(1) {
            check_movers(path)?;
            if home.as_deref() == Some(path) {
                break;
            }
        }
        Ok(())
    };
    above(dir)?;
    match real {
        Some((standing, real)) if standing != real => {
            // Of one that is not there yet, the directory that it would be made in counts too.
            if standing != dir {
                check_movers(&real)?;
            }
            above(&real)
        }
        _ => Ok(()),
    }
}

fn check_movers(path: &Path) -> io::Result<()> {
    // In what is no directory there is nothing that could be moved: opening it says so.
    let there = fs::metadata(path).and_then(|there| if there.is_dir() { Ok(there) } else { Err(not_a_directory()) });
    let odd = match there.map(|there| files::movers(path, &there)) {
        Ok(Writers::ItsOwner) => Odd::OtherOwner,
        Ok(Writers::Others) => Odd::OthersWrite,
        Ok(Writers::Us) | Err(_) => return Ok(()),
    };
    Err(io::Error::other(Above { path: path.to_owned(), odd }))
}

fn check_writers(path: &Path, there: &Metadata) -> io::Result<()> {
    match files::writers(path, there) {
        Writers::Us => Ok(()),
        Writers::Others => Err(Odd::OthersWrite.into()),
        Writers::ItsOwner => Err(Odd::OtherOwner.into()),
    }
}

/// Opens a file that a person has named. What is made is readable and writable by its owner alone.
///
/// # Errors
/// [`Odd::Link`] or [`Odd::NotAFile`], which are not opened, and the system's errors.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Before it is opened: opening some devices does something.
    let there = fs::symlink_metadata(path);
    if let Ok(there) = &there {
        check_kind(there)?;
    }
    files::open_with_care(options);
    let file = options.open(path)?;
    if there.is_err() {
        files::keep_private(path)?;
    }
    // It may have been put there since.
    check_kind(&file.metadata()?)?;
    Ok(file)
}

fn check_kind(there: &Metadata) -> io::Result<()> {
    match there.file_type() {
        kind if kind.is_symlink() => Err(Odd::Link.into()),
        kind if !kind.is_file() => Err(Odd::NotAFile.into()),
        _ => Ok(()),
    }
}

/// Opens a file of this program's own, in a directory of its own.
///
/// # Errors
/// As [`open`]; also where it is another user's, or others may write to it. In a directory that nobody else can enter
/// the file's own mode opens it to nobody: earlier versions left it to the umask.
pub fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = open(path, options)?;
    let directory = directory_of(path);
    match files::writers(path, &file.metadata()?) {
        Writers::Us => Ok(file),
        Writers::Others if !files::others_may_enter(directory, &fs::metadata(directory)?) => Ok(file),
        Writers::Others => Err(Odd::OthersWrite.into()),
        Writers::ItsOwner => Err(Odd::OtherOwner.into()),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// All of an open file from where it stands, which may be this many bytes.
///
/// # Errors
/// [`Odd::TooLong`], and the system's errors.
pub fn all(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    if file.metadata()?.len() > most {
        return Err(Odd::TooLong { most }.into());
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Odd::TooLong { most }.into()) } else { Ok(bytes) }
}

/// All of a file that a person has named.
///
/// # Errors
/// As [`open`] and [`all`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    all(&mut open(path, File::options().read(true))?, most)
}

/// Opens what a person has named to be read, which may be a pipe: `<(command)`, or one in the file system.
///
/// # Errors
/// [`Odd::NobodyWrites`], where it would be waited for without end, and the system's errors.
pub fn named(path: &Path) -> io::Result<impl Read> {
    let (file, first) = files::open_pipe_or_file(path)?.ok_or(Odd::NobodyWrites)?;
    Ok(Cursor::new(first).chain(file))
}

/// All of a file of this program's own.
///
/// # Errors
/// As [`open_own`] and [`all`].
pub fn read_own(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    all(&mut open_own(path, File::options().read(true))?, most)
}

/// Writes a file whole or not at all; it is on disk when this returns. Its directory is made where absent.
///
/// # Errors
/// As [`own_directory`], and the system's.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_by(&path.with_extension(format!("{}.new", std::process::id())), path, content)
}

/// As [`replace`], by way of this file beside it.
///
/// # Errors
/// As [`replace`].
pub fn replace_by(fresh: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = directory_of(path);
    own_directory(dir)?;
    // Left by a process that died. A link goes, not what it leads to.
    match fs::remove_file(fresh) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = open(fresh, File::options().write(true).create_new(true))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(fresh, path)).and_then(|()| sync_directory(dir)).inspect_err(|_| {
        let _ = fs::remove_file(fresh);
    })
}

/// Removes a file, for good when this returns.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_directory(directory_of(path))
}

/// Gives a file another name in its directory, and waits until the disk has it.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_directory(directory_of(to))
}

/// Opens a file to be locked, or makes it.
///
/// # Errors
/// As [`open_own`].
pub fn lock_file(path: &Path) -> io::Result<File> {
    open_own(path, File::options().read(true).write(true).create(true).truncate(false))
}

/// A new or removed name is durable only when its directory is.
///
/// # Errors
/// The system's.
pub fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
