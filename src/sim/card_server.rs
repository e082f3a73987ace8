//! A software key on a stream of this machine, as a card behind a virtual reader.
//!
//! Frames, both ways: a length of two bytes, big-endian, and as many bytes of body. A body of one byte is a control:
//! 0 power off, 1 power on, 2 reset, 4 send the ATR; only the last is answered. Any other body is a command APDU. It
//! is the format of vpcd and of one-slot reader drivers for pcscd, and of [`crate::transport::socket`].
//!
//! The reader side takes a socket that accepts connections for a card that is present. So pulling the key closes the
//! socket, and plugging it in opens it again.

use super::oath_card::{SoftCard, SoftKey};
use super::socket_server::{self, Place};
use crate::platform::local::{Listener, Stream};
use crate::transport::{Card, Error, Response};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The answer to reset of a YubiKey 5 over USB.
pub const ATR: [u8; 23] = [
    0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69,
    0x4B, 0x65, 0x79, 0x40,
];

pub type Served = socket_server::Served<Reader>;

pub struct Reader {
    key: SoftKey,
    path: PathBuf,
}

/// Serves `key` on a socket at `path`, which only this user may use. A socket that nobody listens on any more is
/// replaced; anything else in the place is an error (`AddrInUse`). Several connections at a time are served, each
/// with its own selection, as readers of one key would be.
pub fn serve(key: &SoftKey, path: &Path) -> io::Result<Served> {
    let reader = Reader { key: key.clone(), path: path.to_owned() };
    Served::new(reader, key.is_plugged_in(), |watcher| key.watch(Arc::downgrade(&watcher)))
}

impl Served {
    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.place().path
    }
}

impl Place for Reader {
    type Connection = SoftCard;

    fn open(&self) -> io::Result<Listener> {
        Listener::bind(&self.path)
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn connect(&self) -> SoftCard {
        self.key.connect()
    }

    fn converse(card: SoftCard, stream: &Arc<Stream>) {
        let _ = converse(card, stream);
    }
}

/// Answers frames until the other side, or a fault, ends the connection.
fn converse(mut card: SoftCard, mut stream: &Stream) -> io::Result<()> {
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

fn send(mut stream: &Stream, body: &[u8]) -> io::Result<()> {
    let len = u16::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = Zeroizing::new(Vec::with_capacity(2 + body.len()));
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(body);
    stream.write_all(&frame)
}
