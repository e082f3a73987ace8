//! Write-ahead records of runs that change something, so that an interrupted one can be finished or undone.
//!
//! One file a run, one JSON object a line, on disk (fsync) before the effect it speaks of. This room knows files and
//! lines, not what they mean; nothing secret is ever given to it. Only one run writes at a time. A file that is not as this
//! room writes them is reported and never touched.

use crate::store::{self, Lines, Odd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The format of a run's file, which its first line names as `version`.
pub const FORMAT: u64 = 1;
/// No run has written a hundredth of this, in bytes.
const LONGEST_RUN: u64 = 1 << 20;
/// In all, in bytes: ten thousand runs are less.
const LONGEST: u64 = 32 << 20;
/// How the files of runs end that are complete and kept: until that is written down elsewhere, or to be undone by.
const COMPLETE: &str = "complete";
/// How every first line begins.
const FIRST: &[u8] = b"{\"record\":\"";

/// The directory of runs. Clones share the lock where it is held.
#[derive(Clone)]
pub struct Journal {
    runs: PathBuf,
    lock: PathBuf,
    /// Taken once for many runs, which may go on side by side in this process.
    held: Option<Arc<Lock>>,
    /// It is held for one run and its parts.
    within: bool,
}

/// A run being written. Dropping it leaves the file, for recovery.
pub struct Writer {
    lines: Lines,
    path: PathBuf,
    /// See [`Writer::keep_complete`].
    kept: bool,
    lock: Arc<Lock>,
}

/// The lock, held. Let go of in so many words: a child that is being started has a copy of the file until it runs.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// A run that did not end.
pub struct Unfinished<E> {
    /// Its file's stem.
    pub id: String,
    /// Its lines; at least one.
    pub entries: Vec<E>,
}

pub struct Runs<E> {
    /// Runs that did not end, oldest first.
    pub unfinished: Vec<Unfinished<E>>,
    /// Files without a whole line: the run had not begun anything.
    pub empty: Vec<PathBuf>,
    /// What cannot be read, and why; by the names of the files.
    pub unreadable: Vec<Error>,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read or written, or is not as it should be ([`store::odd`]).
    #[error("the journal cannot be used: {path}")]
    Io {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("another glasskey is at work{}", pid.map_or_else(String::new, |pid| format!(" (process {pid})")))]
    Busy {
        /// Its process id, where the lock file says.
        pid: Option<u32>,
    },
    #[error("line {line} of {path} is not one this version writes")]
    Unreadable {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    #[error("{first}; {} more", others.len())]
    Several {
        #[source]
        first: Box<Error>,
        others: Vec<Error>,
    },
    #[error("a later glasskey wrote {path} (format {version}; this one knows {FORMAT})")]
    Later { path: PathBuf, version: u64 },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |cause| Error::Io { path: path.to_owned(), cause }
}

impl Journal {
    /// Opens the journal in a state directory, making both where absent, readable by the owner only. One that is not
    /// this user's alone is refused: whoever may write to it could have others' credentials deleted.
    pub fn open(state: &Path) -> Result<Self, Error> {
        let journal = Self::look(state)?;
        store::own_directory(&journal.runs).map_err(at(&journal.runs))?;
        // Somebody may have made it just now.
        store::check_directory(state).map_err(at(state))?;
        Ok(journal)
    }

    /// Opens it for whoever writes nothing: what is there is refused as by [`Journal::open`], and nothing is made.
    pub fn look(state: &Path) -> Result<Self, Error> {
        let runs = state.join("runs");
        store::check_above(state).map_err(at(state))?;
        let is_refused = |dir| store::check_directory(dir).err().filter(store::is_refused);
        if let Some(cause) = is_refused(state) {
            return Err(at(state)(cause));
        }
        if fs::symlink_metadata(&runs).is_ok_and(|there| there.is_symlink()) {
            return Err(at(&runs)(Odd::Link.into()));
        }
        if let Some(cause) = is_refused(&runs) {
            return Err(at(&runs)(cause));
        }
        Ok(Self { runs, lock: state.join("lock"), held: None, within: false })
    }

    /// The runs that did not end, oldest first. A last line cut short by a crash is left out: what it announced was
    /// not begun. Files in which nothing was begun are left out too.
    ///
    /// # Errors
    /// The files that cannot be read: what they say may concern any other run.
    pub fn unfinished<E: DeserializeOwned>(&self) -> Result<Vec<Unfinished<E>>, Error> {
        let found = self.all()?;
        let mut bad = found.unreadable.into_iter();
        match (bad.next(), bad.collect::<Vec<_>>()) {
            (None, _) => Ok(found.unfinished),
            (Some(error), others) if others.is_empty() => Err(error),
            (Some(first), others) => Err(Error::Several { first: Box::new(first), others }),
        }
    }

    /// All there is, good and bad.
    ///
    /// # Errors
    /// The directory cannot be read, or there is more in it than runs ever write.
    pub fn all<E: DeserializeOwned>(&self) -> Result<Runs<E>, Error> {
        self.all_called("jsonl")
    }

    /// The runs that were complete and whose command has not written that down, oldest first. What cannot be read among
    /// them is left out.
    ///
    /// # Errors
    /// As of [`Journal::all`].
    pub fn complete<E: DeserializeOwned>(&self) -> Result<Vec<Unfinished<E>>, Error> {
        Ok(self.all_called(COMPLETE)?.unfinished)
    }

    /// Removes the file of such a run: the command has written down that it is done.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_complete(&self, id: &str) -> Result<(), Error> {
        let path = self.path_of(id).with_extension(COMPLETE);
        store::remove(&path).map_err(at(&path))
    }

    /// Whether one command makes many runs.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some() && !self.within
    }

    /// Lets other runs be begun while this one is being written, of which they are a part.
    pub fn within(&mut self, run: &Writer) {
        self.within |= self.held.is_none();
        self.held = Some(Arc::clone(&run.lock));
    }

    fn all_called<E: DeserializeOwned>(&self, end: &str) -> Result<Runs<E>, Error> {
        let mut paths = Vec::new();
        match fs::read_dir(&self.runs) {
            Ok(entries) => {
                for entry in entries {
                    paths.push(entry.map_err(at(&self.runs))?.path());
                }
            }
            // No run was ever begun.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(at(&self.runs)(cause)),
        }
        paths.retain(|path| path.extension().is_some_and(|its| its == end));
        paths.sort();
        let mut found = Runs { unfinished: Vec::new(), empty: Vec::new(), unreadable: Vec::new() };
        let mut bytes = 0;
        for path in paths {
            match read(&path) {
                Err(error) => found.unreadable.push(error),
                // Finished by its own process while we looked.
                Ok(None) => {}
                Ok(Some(text)) => {
                    bytes += text.len() as u64;
                    if bytes > LONGEST {
                        return Err(at(&self.runs)(Odd::TooLong { most: LONGEST }.into()));
                    }
                    found.add(path, &text);
                }
            }
        }
        Ok(found)
    }

    /// Where a run's file is.
    #[must_use]
    pub fn path_of(&self, id: &str) -> PathBuf {
        self.runs.join(format!("{id}.jsonl"))
    }

    /// The same; of a run that was complete and is kept, the file that is there.
    #[must_use]
    pub fn file_of(&self, id: &str) -> PathBuf {
        let path = self.path_of(id);
        let complete = path.with_extension(COMPLETE);
        if complete.exists() { complete } else { path }
    }

    /// Removes a file without a whole line, if a run has left it there: by its name, and by how its torn line begins.
    /// Whether it has.
    ///
    /// # Errors
    /// It cannot be removed, or another run is at work, which may have made it just now.
    pub fn remove_empty(&self, path: &Path) -> Result<bool, Error> {
        let _lock = self.take_lock()?;
        let Some(text) = read(path)? else { return Ok(true) };
        let ours = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(is_id) && began_a_line(&text);
        if !store::whole_lines(&text).is_empty() || !ours {
            return Ok(false);
        }
        store::remove(path).map_err(at(path))?;
        Ok(true)
    }

    /// Begins a run with its first record. Its id is `name` (letters, digits and dashes, sorting by age) and a number
    /// drawn by chance, so that no run of another machine has the same.
    pub fn begin(&self, name: &str, first: &impl Serialize) -> Result<Writer, Error> {
        let lock = self.take_lock()?;
        let chance = getrandom::u32().map_err(|why| at(&self.runs)(io::Error::other(why)))?;
        let path = self.path_of(&format!("{name}-{chance:08x}"));
        let first = serde_json::to_vec(first).map_err(|cause| at(&path)(cause.into()))?;
        match Lines::begin_own(&path, &first) {
            Ok(lines) => Ok(Writer { lines, path, kept: false, lock }),
            Err(cause) => {
                // Nothing is in it that anybody needs.
                if cause.kind() != io::ErrorKind::AlreadyExists {
                    let _ = store::remove(&path);
                }
                Err(at(&path)(cause))
            }
        }
    }

    /// Goes on with a run that did not end.
    pub fn resume(&self, id: &str) -> Result<Writer, Error> {
        let lock = self.take_lock()?;
        let path = self.path_of(id);
        let lines = Lines::resume_own(&path, LONGEST_RUN).map_err(at(&path))?;
        Ok(Writer { lines, path, kept: false, lock })
    }

    /// Goes on with a run that did not end, or with one that was complete and was kept, which is then one that did not
    /// end.
    ///
    /// # Errors
    /// As [`Journal::resume`]; and where no run can be called so.
    pub fn reopen(&self, id: &str) -> Result<Writer, Error> {
        let path = self.path_of(id);
        if !is_id(id) {
            return Err(at(&path)(io::ErrorKind::NotFound.into()));
        }
        let lock = self.take_lock()?;
        let complete = path.with_extension(COMPLETE);
        if !path.exists() && complete.exists() {
            store::rename(&complete, &path).map_err(at(&path))?;
        }
        let lines = Lines::resume_own(&path, LONGEST_RUN).map_err(at(&path))?;
        Ok(Writer { lines, path, kept: false, lock })
    }

    /// Fails with [`Error::Busy`] while a run is being written: what stands in the journal then is not left over.
    pub fn idle(&self) -> Result<(), Error> {
        match fs::symlink_metadata(&self.lock) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => self.take_lock().map(drop),
        }
    }

    /// Takes the lock until the last clone is dropped: for a command that makes many runs.
    pub fn hold(&mut self) -> Result<(), Error> {
        self.held = Some(self.take_lock()?);
        Ok(())
    }

    fn take_lock(&self) -> Result<Arc<Lock>, Error> {
        if let Some(held) = &self.held {
            return Ok(Arc::clone(held));
        }
        let file = store::lock_file(&self.lock).map_err(at(&self.lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(20).read_to_string(&mut pid);
                return Err(Error::Busy { pid: pid.trim().parse().ok() });
            }
            Err(TryLockError::Error(cause)) => return Err(at(&self.lock)(cause)),
        }
        let mut lock = Lock(file);
        let written = lock.0.set_len(0).and_then(|()| write!(lock.0, "{}", std::process::id()));
        written.map_err(at(&self.lock))?;
        Ok(Arc::new(lock))
    }
}

impl<E: DeserializeOwned> Runs<E> {
    fn add(&mut self, path: PathBuf, text: &[u8]) {
        let whole = store::whole_lines(text);
        let unreadable = |path, line| Error::Unreadable { path, line };
        if whole.is_empty() {
            if began_a_line(text) {
                self.empty.push(path)
            } else {
                self.unreadable.push(unreadable(path, 1))
            }
            return;
        }
        let first = store::split(whole).next().unwrap_or_default();
        if let Some(version) = store::later_version(first, FORMAT) {
            self.unreadable.push(Error::Later { path, version });
            return;
        }
        // Its name is its id: one that is not text is nobody's.
        let id = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let entries: Result<Vec<E>, usize> = store::split(whole)
            .enumerate()
            .map(|(nth, line)| serde_json::from_slice(line).map_err(|_| nth + 1))
            .collect();
        match (id, entries) {
            (Some(id), Ok(entries)) => self.unfinished.push(Unfinished { id, entries }),
            (None, Ok(_)) => self.unreadable.push(unreadable(path, 1)),
            (_, Err(line)) => self.unreadable.push(unreadable(path, line)),
        }
    }
}

impl Writer {
    /// The run's id: its file's stem.
    pub fn id(&self) -> &str {
        self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Appends a record and waits until it is on disk. When this fails, what it announces must not be begun.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), Error> {
        let line = serde_json::to_vec(record).map_err(|cause| at(&self.path)(cause.into()))?;
        self.lines.append(&line).map_err(at(&self.path))
    }

    /// Ends the run: its file is removed.
    pub fn finish(self) -> Result<(), Error> {
        store::remove(&self.path).map_err(at(&self.path))
    }

    /// Ends a run that did what it was to do. Where many runs are one command's ([`Writer::keep_complete`]), its file stays
    /// beside the others, called `.complete`, until the command has written down that it is done.
    pub fn complete(self) -> Result<(), Error> {
        if !self.kept {
            return self.finish();
        }
        store::rename(&self.path, &self.path.with_extension(COMPLETE)).map_err(at(&self.path))
    }

    /// The run is one of many of a command that writes down which are done.
    pub fn keep_complete(&mut self) {
        self.kept = true;
    }
}

/// A run's file; `None` where it is gone.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match store::read_own(path, LONGEST_RUN) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(at(path)),
    }
}

/// Whether this may be the beginning of a run's first line.
fn began_a_line(text: &[u8]) -> bool {
    store::may_begin(text, FIRST)
}

/// `SECONDS-PID-COUNT-CHANCE`, as runs are called.
fn is_id(id: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = id.split('-').collect();
    matches!(parts[..], [started, pid, nth, chance]
        if digits(started) && digits(pid) && digits(nth)
            && chance.len() == 8 && chance.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_run_is_found_until_it_is_finished_and_a_torn_line_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let mut run = journal.begin("1", &"first").unwrap();
        run.append(&"second").unwrap();
        assert!(matches!(journal.begin("2", &"x"), Err(Error::Busy { pid: Some(pid) }) if pid == std::process::id()));
        // Cut in the middle of a character.
        File::options().append(true).open(&run.path).unwrap().write_all(b"\"tor\xc3").unwrap();
        let id = run.id().to_owned();
        assert!(id.starts_with("1-"), "{id}");
        drop(run);
        let found = journal.unfinished::<String>().unwrap();
        assert_eq!((found.len(), &found[0].id), (1, &id));
        assert_eq!(found[0].entries, ["first", "second"]);
        let mut run = journal.resume(&id).unwrap();
        assert_eq!(run.id(), id);
        run.append(&"third").unwrap();
        assert_eq!(journal.unfinished::<String>().unwrap()[0].entries, ["first", "second", "third"]);
        run.finish().unwrap();
        assert!(journal.unfinished::<String>().unwrap().is_empty());
    }

    #[test]
    fn a_lock_that_is_held_is_for_many_runs_of_this_process() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.hold().unwrap();
        let (one, two) = (journal.begin("1", &"a").unwrap(), journal.clone().begin("2", &"b").unwrap());
        let other = Journal::open(dir.path()).unwrap();
        assert!(matches!(other.begin("3", &"x"), Err(Error::Busy { .. })));
        one.finish().unwrap();
        drop(journal);
        assert!(matches!(other.idle(), Err(Error::Busy { .. })), "a run is still being written");
        two.finish().unwrap();
        other.idle().unwrap();
    }

    #[test]
    fn a_line_from_elsewhere_is_an_error_not_a_guess() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        drop(journal.begin("1", &"first").unwrap());
        let path = dir.path().join("runs/1.jsonl");
        fs::write(&path, "\"first\"\nnot json\n").unwrap();
        assert!(matches!(journal.unfinished::<String>(), Err(Error::Unreadable { line: 2, .. })));
    }
}
