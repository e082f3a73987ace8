//! A software key behind a Unix socket, which is there while the key is plugged in. What is spoken on a connection is
//! the key's affair.

use super::oath_card::Watcher;
use rustix::event::{PollFd, PollFlags};
use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A key, and where it is served.
pub trait Place: Send + Sync + 'static {
    type Connection: Send + 'static;

    /// Makes the socket, which does not block.
    fn open(&self) -> io::Result<UnixListener>;

    /// Removes the socket, and what was made with it.
    fn remove(&self);

    fn connect(&self) -> Self::Connection;

    /// Until the other side or the key has gone.
    fn converse(connection: Self::Connection, stream: &Arc<UnixStream>);
}

/// A key being served. Dropping it stops: to whoever uses it that is the key being pulled.
pub struct Served<P: Place>(Arc<Server<P>>);

struct Server<P> {
    place: P,
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
    open: BTreeMap<u64, Arc<UnixStream>>,
}

impl<P: Place> Served<P> {
    /// `watch` tells the key who wants to know when it comes and goes.
    pub(super) fn new(place: P, plugged_in: bool, watch: impl FnOnce(Arc<dyn Watcher>)) -> io::Result<Self> {
        let server = Arc::new(Server { place, listener: Mutex::default(), connections: Mutex::default() });
        watch(Arc::<Server<P>>::clone(&server));
        if plugged_in {
            server.listen()?;
        }
        Ok(Self(server))
    }

    pub(super) fn place(&self) -> &P {
        &self.0.place
    }

    /// Closes every connection and removes the socket. The key itself stays as it is, and can be served again.
    pub fn stop(self) {}
}

impl<P: Place> Drop for Served<P> {
    fn drop(&mut self) {
        lock(&self.0.listener).stopped = true;
        self.0.close();
    }
}

impl<P: Place> Watcher for Server<P> {
    fn pulled(&self) {
        self.close();
    }

    fn plugged_in(self: Arc<Self>) {
        // Where the socket cannot be had again, the key stays away, which is what it shows.
        let _ = self.listen();
    }
}

impl<P: Place> Server<P> {
    fn listen(self: &Arc<Self>) -> io::Result<()> {
        let mut listener = lock(&self.listener);
        if listener.stopped || listener.running.is_some() {
            return Ok(());
        }
        let socket = self.place.open()?;
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
            let [_, ringing] = &waiting;
            if woken.is_ok() && !ringing.revents().is_empty() {
                return;
            }
            if let Ok((stream, _)) = socket.accept()
                && stream.set_nonblocking(false).is_ok()
            {
                self.begin(stream); // set to block: that it does not is inherited on some systems
            }
        }
    }

    fn begin(self: &Arc<Self>, stream: UnixStream) {
        let stream = Arc::new(stream);
        let connection = self.place.connect();
        let number = {
            let mut connections = lock(&self.connections);
            connections.last += 1;
            let number = connections.last;
            connections.open.insert(number, Arc::clone(&stream));
            number
        };
        let server = Arc::clone(self);
        thread::spawn(move || {
            P::converse(connection, &stream);
            let _ = stream.shutdown(Shutdown::Both);
            lock(&server.connections).open.remove(&number);
        });
    }

    /// Ends listening and every connection; the socket is gone when this returns.
    fn close(&self) {
        let mut listener = lock(&self.listener);
        if let Some((thread, bell)) = listener.running.take() {
            drop(bell);
            self.place.remove();
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
