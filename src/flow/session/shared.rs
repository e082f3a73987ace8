//! One opener at a time: the others wait for what it opens, and get it through its memory.
//!
//! A lock file says whose turn it is; it falls with its process. While it works, the opener listens on a socket beside
//! it, in a directory that its owner alone can enter, and gives what it has opened to whoever waits there. So callers at
//! the same moment share one touch and one code even where the system keeps nothing in memory.

use super::super::context::Context;
use super::kept::Session;
use crate::flow::failure::Cause;
use crate::platform::local::{Listener, Stream};
use crate::store;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) enum Turn {
    /// Ours: open the session, and give it.
    Ours(Shown),
    Given(Session),
}

/// The opener's side. Dropped without giving, the next in line takes its turn.
pub(super) struct Shown {
    listener: Option<(Listener, PathBuf)>,
    _lock: Option<File>,
}

/// How often a waiting caller looks whether its turn has come.
const LOOK: Duration = Duration::from_millis(100);

/// Waits for the turn, or for what another opens. A lock that cannot be had does not stop the command: it goes on
/// alone.
pub(super) fn take_turn(state: &Path, turns: &str, name: &str, context: &mut Context<'_>) -> Result<Turn, Cause> {
    // A name's own files would pile up, with access keys that live for an hour.
    let place = name.bytes().last().map_or('0', char::from);
    let (lock, socket) = (state.join(format!("{turns}-{place}.lock")), state.join(format!("{turns}-{place}.sock")));
    let opened = store::own_directory(state).and_then(|()| store::lock_file(&lock));
    let Ok(file) = opened else { return Ok(Turn::Ours(Shown::unseen(None))) };
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Turn::Ours(Shown::at(&socket, file))),
            Err(TryLockError::Error(_)) => return Ok(Turn::Ours(Shown::unseen(None))),
            Err(TryLockError::WouldBlock) => {}
        }
        if let Some(session) = receive(&socket, name, context) {
            return Ok(Turn::Given(session));
        }
        context.go_on()?;
        if context.interrupt.wait(LOOK) {
            return Err(Cause::Interrupted);
        }
    }
}

impl Shown {
    fn at(socket: &Path, lock: File) -> Self {
        // Left by a process that was killed; the lock says that nobody listens there.
        let _ = std::fs::remove_file(socket);
        let listener = Listener::bind(socket).ok().map(|listener| (listener, socket.to_owned()));
        Self { listener, _lock: Some(lock) }
    }

    fn unseen(lock: Option<File>) -> Self {
        Self { listener: None, _lock: lock }
    }

    /// Gives it to all who wait.
    pub(super) fn give(self, text: &[u8]) {
        let Some((listener, socket)) = &self.listener else { return };
        // Nobody new comes; who has come is in the queue.
        let _ = std::fs::remove_file(socket);
        while let Ok(Some(waiting)) = listener.accept_who_has_come() {
            // A few hundred bytes fit into a buffer of the system's: nobody can hold this up.
            let _ = waiting.write_now(text);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some((_, socket)) = &self.listener {
            let _ = std::fs::remove_file(socket);
        }
    }
}

/// Waits at the opener's socket until it gives something or hangs up.
fn receive(socket: &Path, name: &str, context: &Context<'_>) -> Option<Session> {
    let opener = Stream::connect(socket).ok()?;
    // More than any session takes: a buffer that grows leaves its old place behind.
    let mut text = Zeroizing::new(vec![0; 16 * 1024]);
    let mut len = 0;
    while !context.interrupt.raised() {
        match opener.read_within(text.get_mut(len..)?, LOOK) {
            Ok(None) => {}
            Ok(Some(0)) | Err(_) => break,
            Ok(Some(read)) => len += read,
        }
    }
    Session::read(text.get(..len)?, name)
}
