//! A software key on a Unix socket, as a card behind a virtual reader.
//!
//! Frames, both ways: a length of two bytes, big-endian, and as many bytes of body. A body of one byte is a control:
//! 0 power off, 1 power on, 2 reset, 4 send the ATR; only the last is answered. Any other body is a command APDU. It
//! is the format of vpcd and of one-slot reader drivers for pcscd, and of [`crate::transport::socket`].
//!
//! The reader side takes a socket that accepts connections for a card that is present. So pulling the key closes the
//! socket, and plugging it in opens it again.

use super::oath_card::{SoftCard, SoftKey, Watcher};
use crate::transport::{Card, Error, Response};
use rustix::event::{PollFd, PollFlags};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use zeroize::Zeroizing;

/// The answer to reset of a YubiKey 5 over USB.
pub const ATR: [u8; 23] = [
    0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69,
    0x4B, 0x65, 0x79, 0x40,
];

/// A key being served. Dropping it stops: to the reader that is the key being pulled.
pub struct Served(Arc<Server>);

struct Server {
    key: SoftKey,
    path: PathBuf,
    /// Held while the socket is opened or closed.
    listener: Mutex<Listener>,
    connections: Mutex<Connections>,
}

#[derive(Default)]
struct Listener {
    stopped: bool,
    /// The thread that accepts, and the other end of its bell: closing that ends it.
    running: Option<(JoinHandle<()>, UnixStream)>,
}

/// The open connections, by a running number.
#[derive(Default)]
struct Connections {
    last: u64,
    open: BTreeMap<u64, UnixStream>,
}

/// Serves `key` on a socket at `path`, which only this user may use. A socket that nobody listens on any more is
/// replaced; anything else in the place is an error (`AddrInUse`). Several connections at a time are served, each
/// with its own selection, as readers of one key would be.
pub fn serve(key: &SoftKey, path: &Path) -> io::Result<Served> {
    let server = Arc::new(Server {
        key: key.clone(),
        path: path.to_owned(),
        listener: Mutex::default(),
        connections: Mutex::default(),
    });
    let as_watcher: Arc<dyn Watcher> = Arc::<Server>::clone(&server);
    key.watch(Arc::downgrade(&as_watcher));
    if key.is_plugged_in() {
        server.listen()?;
    }
    Ok(Served(server))
}

impl Served {
    /// Where the socket is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Closes every connection and removes the socket. The key itself stays as it is, and can be served again.
    pub fn stop(self) {}
}

impl Drop for Served {
    fn drop(&mut self) {
        lock(&self.0.listener).stopped = true;
        self.0.close();
    }
}

impl Watcher for Server {
    fn pulled(&self) {
        self.close();
    }

    fn plugged_in(self: Arc<Self>) {
        // Where the socket cannot be had again, the reader stays empty, which is what it shows.
        let _ = self.listen();
    }
}

impl Server {
    fn listen(self: &Arc<Self>) -> io::Result<()> {
        let mut listener = lock(&self.listener);
        if listener.stopped || listener.running.is_some() {
            return Ok(());
        }
        let socket = bind(&self.path)?;
        let (bell, ours) = UnixStream::pair()?;
        let server = Arc::clone(self);
        listener.running = Some((thread::spawn(move || server.accept(&socket, &bell)), ours));
        Ok(())
    }

    /// Accepts until the other end of the bell is closed.
    fn accept(self: Arc<Self>, socket: &UnixListener, bell: &UnixStream) {
        loop {
            let mut waiting = [PollFd::new(socket, PollFlags::IN), PollFd::new(bell, PollFlags::IN)];
            let woken = rustix::event::poll(&mut waiting, None);
            if woken.is_ok() && !waiting[1].revents().is_empty() {
                return;
            }
            if let Ok((stream, _)) = socket.accept() {
                let _ = self.begin(stream);
            }
        }
    }

    fn begin(self: &Arc<Self>, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?; // inherited from the socket on some systems
        let handle = stream.try_clone()?;
        let card = self.key.connect();
        let number = {
            let mut connections = lock(&self.connections);
            connections.last += 1;
            let number = connections.last;
            connections.open.insert(number, handle);
            number
        };
        let server = Arc::clone(self);
        thread::spawn(move || {
            let _ = converse(card, &stream);
            lock(&server.connections).open.remove(&number);
        });
        Ok(())
    }

    /// Ends listening and every connection; the socket is gone when this returns.
    fn close(&self) {
        let mut listener = lock(&self.listener);
        if let Some((thread, bell)) = listener.running.take() {
            drop(bell);
            let _ = std::fs::remove_file(&self.path);
            let _ = thread.join();
        }
        for (_, connection) in std::mem::take(&mut lock(&self.connections).open) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    listener.set_nonblocking(true)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether a server that died left the socket behind.
fn is_abandoned(path: &Path) -> bool {
    UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        && std::fs::symlink_metadata(path).is_ok_and(|found| {
            use std::os::unix::fs::FileTypeExt;
            found.file_type().is_socket()
        })
}

/// Answers frames until the other side, or a fault, ends the connection.
fn converse(mut card: SoftCard, mut stream: &UnixStream) -> io::Result<()> {
    loop {
        let mut len = [0; 2];
        stream.read_exact(&mut len)?;
        let mut body = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(len))]);
        stream.read_exact(&mut body)?;
        match body[..] {
            [] => return Ok(()),
            [0..=2] => card.reset(),
            [4] => send(stream, &ATR)?,
            [_] => {}
            _ => match card.transmit(&body) {
                Ok(Response { mut data, sw }) => {
                    data.reserve_exact(2); // the wiping allocator takes care of a copy left behind
                    data.extend_from_slice(&sw.0.to_be_bytes());
                    send(stream, &data)?;
                }
                Err(Error::Malformed) => send(stream, &[0x90])?,
                Err(_) => return Ok(()),
            },
        }
    }
}

fn send(mut stream: &UnixStream, body: &[u8]) -> io::Result<()> {
    let len = u16::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = Zeroizing::new(Vec::with_capacity(2 + body.len()));
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(body);
    stream.write_all(&frame)
}
