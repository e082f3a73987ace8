//! Write-ahead records of runs that change something, so that an interrupted one can be finished or undone.
//!
//! One file a run, one JSON object a line, on disk (fsync) before the effect it speaks of. This room knows files and
//! lines, not what they mean; nothing secret is ever given to it. Only one run writes at a time.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory of runs. Clones share the lock where it is held.
#[derive(Clone)]
pub struct Journal {
    runs: PathBuf,
    lock: PathBuf,
    /// Taken once for many runs, which may go on side by side in this process.
    held: Option<Arc<Lock>>,
}

/// A run being written. Dropping it leaves the file, for recovery.
pub struct Writer {
    file: File,
    path: PathBuf,
    _lock: Arc<Lock>,
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

/// Why the journal cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read or written.
    Io {
        /// The path.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// Another run is at work.
    Busy {
        /// Its process id, where the lock file says.
        pid: Option<u32>,
    },
    /// A line is not one this version writes.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |cause| Error::Io { path: path.to_owned(), cause }
}

impl Journal {
    /// Opens the journal in a state directory, making both where absent, readable by the owner only.
    pub fn open(state: &Path) -> Result<Self, Error> {
        let runs = state.join("runs");
        make_private(&runs).map_err(at(&runs))?;
        Ok(Self { runs, lock: state.join("lock"), held: None })
    }

    /// The runs that did not end, oldest first. A last line cut short by a crash is left out: what it announced was
    /// not begun.
    pub fn unfinished<E: DeserializeOwned>(&self) -> Result<Vec<Unfinished<E>>, Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.runs).map_err(at(&self.runs))? {
            let path = entry.map_err(at(&self.runs))?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            if let (Some(id), Some("jsonl")) = (id, path.extension().and_then(|end| end.to_str())) {
                let entries = read(&path)?;
                if !entries.is_empty() {
                    found.push(Unfinished { id, entries });
                }
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// Begins a run with its first record. Its id is `name` (letters, digits and dashes, sorting by age) and a number
    /// drawn by chance, so that no run of another machine has the same.
    pub fn begin(&self, name: &str, first: &impl Serialize) -> Result<Writer, Error> {
        let lock = self.take_lock()?;
        let chance = getrandom::u32().map_err(|why| at(&self.runs)(io::Error::other(why)))?;
        let path = self.runs.join(format!("{name}-{chance:08x}.jsonl"));
        let file = File::options().append(true).create_new(true).open(&path).map_err(at(&path))?;
        let mut writer = Writer { file, path, _lock: lock };
        writer.append(first)?;
        sync_dir(&self.runs).map_err(at(&self.runs))?;
        Ok(writer)
    }

    /// Goes on with a run that did not end.
    pub fn resume(&self, id: &str) -> Result<Writer, Error> {
        let lock = self.take_lock()?;
        let path = self.runs.join(format!("{id}.jsonl"));
        drop_torn_line(&path).map_err(at(&path))?;
        let file = File::options().append(true).open(&path).map_err(at(&path))?;
        Ok(Writer { file, path, _lock: lock })
    }

    /// Fails with [`Error::Busy`] while a run is being written: what stands in the journal then is not left over.
    pub fn idle(&self) -> Result<(), Error> {
        self.take_lock().map(drop)
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
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.lock)
            .map_err(at(&self.lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
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

/// Writes a file beside the runs, whole or not at all, and on disk when this returns. Its directory is made where
/// absent, readable by the owner only.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(Path::new(""));
    make_private(dir).map_err(at(dir))?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = File::create(&fresh).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&fresh, path)).and_then(|()| sync_dir(dir)).map_err(at(path))
}

impl Writer {
    /// The run's id: its file's stem.
    pub fn id(&self) -> &str {
        self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Appends a record and waits until it is on disk. When this fails, what it announces must not be begun.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(record).map_err(|cause| at(&self.path)(cause.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(at(&self.path))
    }

    /// Ends the run: its file is removed.
    pub fn finish(self) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(at(&self.path))?;
        match self.path.parent() {
            Some(runs) => sync_dir(runs).map_err(at(runs)),
            None => Ok(()),
        }
    }
}

fn read<E: DeserializeOwned>(path: &Path) -> Result<Vec<E>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // Finished by its own process while we looked.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(at(path)(cause)),
    };
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let lines = text.get(..whole).unwrap_or_default().lines().enumerate();
    lines
        .map(|(n, line)| {
            serde_json::from_str(line).map_err(|_| Error::Unreadable { path: path.to_owned(), line: n + 1 })
        })
        .collect()
}

/// Cuts off a last line without its end, so that the next record does not run into it.
fn drop_torn_line(path: &Path) -> io::Result<()> {
    let text = fs::read(path)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        let file = File::options().write(true).open(path)?;
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Makes a directory that its owner alone can enter, where there is none.
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A new or removed name is durable only when its directory is.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
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
        run.file.write_all(b"\"tor").unwrap();
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
