//! Software keys on streams of this machine, in the frame format of virtual smart-card readers.
//!
//! Frames, both ways: a length of two bytes, big-endian, and as many bytes of body. A body of one byte is a control
//! (1: power on); any other is a command APDU, or its answer.

use super::{Card, Error, Ports, Response};
use crate::platform::local::Stream;
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

const POWER_ON: u8 = 1;

/// A key waits 15 s for a touch; after this long it will not answer any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// One reader for each socket, named after it.
pub struct SocketPorts {
    paths: Vec<PathBuf>,
}

impl SocketPorts {
    /// Readers for these sockets, in this order. They need not exist yet.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }
}

/// `software key at PATH`.
fn reader_name(path: &Path) -> String {
    format!("software key at {}", path.display())
}

impl Ports for SocketPorts {
    fn readers(&self) -> Result<Vec<String>, Error> {
        Ok(self.paths.iter().map(|path| reader_name(path)).collect())
    }

    fn open(&self, reader: &str) -> Result<Box<dyn Card>, Error> {
        let reader = reader.to_owned();
        let Some(path) = self.paths.iter().find(|path| reader_name(path) == reader) else {
            return Err(Error::NoReader { reader });
        };
        // Nobody on the socket, or nobody any more: the key is not plugged in.
        match power_on(path) {
            Ok(stream) => Ok(Box::new(SocketCard { reader, stream })),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Error::Denied),
            Err(_) => Err(Error::NoCard { reader }),
        }
    }
}

fn power_on(path: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(path)?.with_patience(PATIENCE)?;
    send(&stream, &[POWER_ON])?;
    Ok(stream)
}

/// A software key that is plugged in.
struct SocketCard {
    reader: String,
    stream: Stream,
}

impl SocketCard {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        send(&self.stream, command)?;
        let mut len = [0; 2];
        (&self.stream).read_exact(&mut len)?;
        let mut answer = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(len))]);
        (&self.stream).read_exact(&mut answer)?;
        Ok(answer)
    }
}

impl Card for SocketCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Response, Error> {
        if command.len() < 4 {
            return Err(Error::Malformed); // one byte would be a control
        }
        match self.exchange(command) {
            Ok(answer) => Response::parse(answer),
            Err(error) => {
                // A late answer would be taken for the next command's.
                self.stream.end();
                match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                        Err(Error::Mute { reader: self.reader.clone() })
                    }
                    _ => Err(Error::Removed),
                }
            }
        }
    }
}

/// Sends a frame without copying the body, which may hold a seed.
fn send(mut stream: &Stream, body: &[u8]) -> io::Result<()> {
    let len = u16::try_from(body.len()).map_err(io::Error::other)?.to_be_bytes();
    let sent = stream.write_vectored(&[IoSlice::new(&len), IoSlice::new(body)])?;
    match (len.get(sent..), body.get(sent.saturating_sub(len.len())..)) {
        (Some(len), _) if !len.is_empty() => {
            stream.write_all(len)?;
            stream.write_all(body)
        }
        (_, Some(rest)) => stream.write_all(rest),
        (_, None) => Err(io::ErrorKind::WriteZero.into()),
    }
}
