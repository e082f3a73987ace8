//! A software key at a path of this machine, which is there while the key is plugged in. What is spoken on a connection is
//! the key's affair.

use super::oath_card::Watcher;
use crate::platform::Interrupt;
use crate::platform::local::{Listener, Stream};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long one wait for the next connection lasts.
const AGAIN: Duration = Duration::from_secs(3600);
/// How long nobody is accepted after an accepting that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// A key, and where it is served.
pub trait Place: Send + Sync + 'static {
    type Connection: Send + 'static;

    /// Makes the socket.
    fn open(&self) -> io::Result<Listener>;

    /// Removes the socket, and what was made with it.
    fn remove(&self);

    fn connect(&self) -> Self::Connection;

    /// Until the other side or the key has gone.
    fn converse(connection: Self::Connection, stream: &Arc<Stream>);
}

/// A key being served. Dropping it stops: to whoever uses it that is the key being pulled.
pub struct Served<P: Place>(Arc<Server<P>>);

struct Server<P> {
    place: P,
    /// Held while the socket is opened or closed.
    listener: Mutex<Listening>,
    connections: Mutex<Connections>,
}

#[derive(Default)]
struct Listening {
    stopped: bool,
    /// The thread that accepts, and the bell that ends it.
    running: Option<(JoinHandle<()>, Interrupt)>,
}

/// The open connections, by a running number.
#[derive(Default)]
struct Connections {
    last: u64,
    open: BTreeMap<u64, Arc<Stream>>,
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
        let bell = Interrupt::new()?;
        let ours = bell.clone();
        let server = Arc::clone(self);
        listener.running = Some((thread::spawn(move || server.accept(&socket, &bell)), ours));
        Ok(())
    }

    /// Accepts until the bell rings.
    fn accept(self: Arc<Self>, socket: &Listener, bell: &Interrupt) {
        while !bell.raised() {
            match socket.accept(AGAIN, bell) {
                Ok(Some(stream)) => self.begin(stream),
                Ok(None) => {}
                // Of whoever came and went, or of this machine, which has too much open: later there is room.
                Err(_) if bell.wait(PAUSE) => return,
                Err(_) => {}
            }
        }
    }

    fn begin(self: &Arc<Self>, stream: Stream) {
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
            stream.end();
            lock(&server.connections).open.remove(&number);
        });
    }

    /// Ends listening and every connection; the socket is gone when this returns.
    fn close(&self) {
        let mut listener = lock(&self.listener);
        if let Some((thread, bell)) = listener.running.take() {
            bell.raise();
            self.place.remove();
            let _ = thread.join();
        }
        for (_, connection) in std::mem::take(&mut lock(&self.connections).open) {
            connection.end();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
