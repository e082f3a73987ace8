//! A key on a Unix socket, as a reader's driver sees one (`reader.c`): plugged in until dropped.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// The ATR of a YubiKey 5 over USB.
const ATR: [u8; 23] = *b"\x3B\xFD\x13\x00\x00\x81\x31\xFE\x15\x80\x73\xC0\x21\xC0\x57YubiKey\x40";

/// What a card does with a command: its answer with the status word. `None` pulls the card before it answers.
pub(crate) type Applets = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

/// A key in a reader. Dropping it pulls it out.
pub(crate) struct Key {
    path: PathBuf,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    pulled: AtomicBool,
    resets: AtomicUsize,
    reader: Mutex<Option<UnixStream>>,
}

impl Key {
    /// Plugs a key into the reader whose driver looks for `path`.
    pub(crate) fn plug(path: &Path, mut applets: Applets) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let server = thread::spawn(move || {
            for reader in listener.incoming().map_while(Result::ok) {
                if theirs.pulled.load(Ordering::SeqCst) {
                    break;
                }
                *theirs.reader.lock().unwrap() = Some(reader.try_clone().unwrap());
                if let Ok(Pulled) = serve(&reader, &mut applets, &theirs) {
                    let _ = std::fs::remove_file(listener.local_addr().unwrap().as_pathname().unwrap());
                    let _ = reader.shutdown(Shutdown::Both);
                    break;
                }
            }
        });
        Self { path: path.to_owned(), shared, server: Some(server) }
    }

    /// How often the card was reset while powered.
    pub(crate) fn resets(&self) -> usize {
        self.shared.resets.load(Ordering::SeqCst)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.shared.pulled.store(true, Ordering::SeqCst);
        // The name goes before the connection, or the driver would connect anew.
        let wake = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
        if let Some(reader) = self.shared.reader.lock().unwrap().take() {
            let _ = reader.shutdown(Shutdown::Both);
        }
        drop(wake);
        let ended = self.server.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the key's thread failed");
    }
}

/// The applets pulled the card.
struct Pulled;

/// Answers one reader until it lets go (an error) or the card is pulled.
fn serve(mut reader: &UnixStream, applets: &mut Applets, shared: &Shared) -> std::io::Result<Pulled> {
    loop {
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        let mut body = vec![0; usize::from(u16::from_be_bytes(length))];
        reader.read_exact(&mut body)?;
        let answer = match body[..] {
            [0 | 1] => continue,
            [2] => {
                shared.resets.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            [4] => ATR.to_vec(),
            _ => match applets(&body) {
                Some(answer) => answer,
                None => return Ok(Pulled),
            },
        };
        reader.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes())?;
        reader.write_all(&answer)?;
    }
}
