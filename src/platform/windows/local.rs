//! Streams between this user's processes on this machine: named pipes.
//!
//! At the path there is a file that holds the pipe's name, which is drawn anew each time. So a path means the same as
//! with Unix sockets: who may not read the file finds no pipe, and who is not this user may not open it.

use super::interrupt::Interrupt;
use super::system::access::{self, Descriptor};
use std::fs::{self, File};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

const PREFIX: &str = r"\\.\pipe\glasskey-";
/// Longer than any name.
const LONGEST_NAME: u64 = 256;
/// Every end of the pipe serves somebody else (`ERROR_PIPE_BUSY`): another one is about to be made.
const BUSY: i32 = 231;
const UNTIL_FREE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Who drives reading and writing: whichever thread waits.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().ok());
    made.as_ref().ok_or_else(|| ErrorKind::OutOfMemory.into())
}

/// Where processes of this user come to.
pub struct Listener {
    name: String,
    path: PathBuf,
    descriptor: Descriptor,
    /// The end that the next one gets.
    waiting: Mutex<Option<NamedPipeServer>>,
}

impl Listener {
    /// At this path, which only this user may use. What a process that died has left there is replaced; anything else in
    /// the place is an error (`AddrInUse`).
    pub fn bind(path: &Path) -> io::Result<Self> {
        let drawn = getrandom::u64().map_err(io::Error::other)?;
        let name = format!("{PREFIX}{drawn:016x}");
        let descriptor = Descriptor::of_this_user()?;
        let first = descriptor.pipe(ServerOptions::new().first_pipe_instance(true), &name, runtime()?)?;
        let mut file = match File::create_new(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_abandoned(path) => {
                fs::remove_file(path)?;
                File::create_new(path)?
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(ErrorKind::AddrInUse.into()),
            made => made?,
        };
        access::keep_to_this_user(path)?;
        file.write_all(name.as_bytes())?;
        Ok(Self { name, path: path.to_owned(), descriptor, waiting: Mutex::new(Some(first)) })
    }

    /// The next that comes; `None`: none has come in time, or the wait was interrupted.
    pub fn accept(&self, within: Duration, interrupt: &Interrupt) -> io::Result<Option<Stream>> {
        self.accept_until(within, interrupt.raised_async())
    }

    /// The next of those who have come already: one of them has an end, the others look for one again and again.
    pub fn accept_who_has_come(&self) -> io::Result<Option<Stream>> {
        self.accept_until(3 * LOOK, std::future::pending())
    }

    fn accept_until(&self, within: Duration, stop: impl Future<Output = ()>) -> io::Result<Option<Stream>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let end = match waiting.take() {
            Some(end) => end,
            None => self.descriptor.pipe(&mut ServerOptions::new(), &self.name, runtime()?)?,
        };
        let came = runtime()?.block_on(async {
            tokio::select! {
                biased;
                () = stop => None,
                came = timeout(within, end.connect()) => came.ok(),
            }
        });
        match came {
            None => {
                *waiting = Some(end);
                Ok(None)
            }
            Some(came) => {
                came?;
                // Before this one is served, so that the next finds an end.
                *waiting = self.descriptor.pipe(&mut ServerOptions::new(), &self.name, runtime()?).ok();
                Ok(Some(Stream::over(Pipe::Server(end))))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Unless somebody else has the place by now.
        if name_at(&self.path).is_ok_and(|name| name == self.name) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a process that died left the file behind.
fn is_abandoned(path: &Path) -> bool {
    name_at(path).is_ok_and(|name| {
        let runtime = runtime().map(Runtime::enter);
        runtime.is_ok_and(|_entered| {
            ClientOptions::new().open(&name).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        })
    })
}

/// The name of the pipe; `InvalidData`: another file is there.
fn name_at(path: &Path) -> io::Result<String> {
    let mut name = String::new();
    File::open(path)?.take(LONGEST_NAME).read_to_string(&mut name)?;
    if name.starts_with(PREFIX) { Ok(name) } else { Err(ErrorKind::InvalidData.into()) }
}

enum Pipe {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
}

impl Pipe {
    async fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Server(pipe) => pipe.readable().await.and_then(|()| pipe.try_read(into)),
                Self::Client(pipe) => pipe.readable().await.and_then(|()| pipe.try_read(into)),
            };
            match read {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
                // The other side has closed its end.
                Err(cause) if cause.kind() == ErrorKind::BrokenPipe => return Ok(0),
                read => return read,
            }
        }
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let written = match self {
                Self::Server(pipe) => pipe.writable().await.and_then(|()| pipe.try_write(bytes)),
                Self::Client(pipe) => pipe.writable().await.and_then(|()| pipe.try_write(bytes)),
            };
            match written {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }
}

/// Bytes, both ways, until one side ends it.
pub struct Stream {
    pipe: Pipe,
    patience: Option<Duration>,
    ended: watch::Sender<bool>,
}

impl Stream {
    fn over(pipe: Pipe) -> Self {
        Self { pipe, patience: None, ended: watch::channel(false).0 }
    }

    /// Nobody there is `NotFound` or `ConnectionRefused`.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let name = name_at(path)?;
        let _entered = runtime()?.enter();
        let deadline = Instant::now() + UNTIL_FREE;
        loop {
            match ClientOptions::new().open(&name) {
                Ok(pipe) => return Ok(Self::over(Pipe::Client(pipe))),
                Err(cause) if cause.kind() == ErrorKind::NotFound => return Err(ErrorKind::ConnectionRefused.into()),
                Err(cause) if cause.raw_os_error() == Some(BUSY) && Instant::now() < deadline => {
                    std::thread::sleep(LOOK);
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Reading and writing that take longer fail (`WouldBlock` or `TimedOut`).
    pub fn with_patience(self, patience: Duration) -> io::Result<Self> {
        Ok(Self { patience: Some(patience), ..self })
    }

    /// Reads what is there, which is waited for so long; 0: the other side has ended it. `None`: nothing came.
    pub fn read_within(&self, into: &mut [u8], within: Duration) -> io::Result<Option<usize>> {
        match self.carried(Some(within), self.pipe.read(into)) {
            Err(cause) if cause.kind() == ErrorKind::TimedOut => Ok(None),
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(Some(0)),
            read => read.map(Some),
        }
    }

    /// Writes what fits at once: nobody who does not read can hold this up.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<()> {
        self.carried(Some(LOOK), self.pipe.write(bytes)).map(drop)
    }

    /// Ends it, for whoever reads or writes here; there, once it is dropped.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// What reading or writing came to, within a time and until the stream is ended here (`BrokenPipe`).
    fn carried(&self, within: Option<Duration>, work: impl Future<Output = io::Result<usize>>) -> io::Result<usize> {
        let mut ended = self.ended.subscribe();
        runtime()?.block_on(async {
            let limited = async {
                match within {
                    None => work.await,
                    Some(within) => timeout(within, work).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())),
                }
            };
            tokio::select! {
                biased;
                _ = ended.wait_for(|ended| *ended) => Err(ErrorKind::BrokenPipe.into()),
                done = limited => done,
            }
        })
    }
}

impl Read for &Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.carried(self.patience, self.pipe.read(into)) {
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(0),
            read => read,
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.carried(self.patience, self.pipe.write(bytes))
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        parts.iter().find(|part| !part.is_empty()).map_or(Ok(0), |part| self.write(part))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
