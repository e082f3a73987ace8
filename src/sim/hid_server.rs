//! A software authenticator as a hidraw device in a directory, for a shim that puts it before hidapi and libfido2.
//!
//! `DIR/hidrawN/sock` is a Unix stream socket: HID reports, 64 bytes each, without a report id. Every connection
//! gets every report of the key, as with hidraw. `DIR/hidrawN/device` holds `uevent` and `report_descriptor` as sysfs
//! has them. Pulling the key closes the connections and removes `DIR/hidrawN`; plugging it in puts it there again.

use super::authenticator::{Connection, SoftAuthenticator};
use super::oath_card::Watcher;
use crate::transport::hid::Report;
use rustix::event::{PollFd, PollFlags};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The FIDO usage page with one input and one output report of 64 bytes (CTAP 2.1 §11.2.8.1).
pub const REPORT_DESCRIPTOR: [u8; 34] = [
    0x06, 0xD0, 0xF1, // usage page FIDO alliance
    0x09, 0x01, // usage CTAPHID
    0xA1, 0x01, // collection application
    0x09, 0x20, // usage input report data
    0x15, 0x00, 0x26, 0xFF, 0x00, // logical 0 to 255
    0x75, 0x08, 0x95, 0x40, 0x81, 0x02, // 64 bytes in
    0x09, 0x21, // usage output report data
    0x15, 0x00, 0x26, 0xFF, 0x00, // logical 0 to 255
    0x75, 0x08, 0x95, 0x40, 0x91, 0x02, // 64 bytes out
    0xC0, // end
];

/// How long a writer waits before it looks whether its connection still stands.
const LOOK: Duration = Duration::from_millis(200);

/// A key being served. Dropping it stops: to whoever uses it that is the key being pulled.
pub struct Served(Arc<Server>);

struct Server {
    key: SoftAuthenticator,
    /// `DIR/hidrawN`.
    place: PathBuf,
    number: u32,
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

/// Serves `key` as `hidraw{number}` in the directory `dir`, which only this user may use.
///
/// # Errors
/// When the files or the socket cannot be made; `DIR/hidrawN` must not be there yet.
pub fn serve(key: &SoftAuthenticator, dir: &Path, number: u32) -> io::Result<Served> {
    let server = Arc::new(Server {
        key: key.clone(),
        place: dir.join(format!("hidraw{number}")),
        number,
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
    /// `DIR/hidrawN`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.place
    }

    /// The node that programs see: `/dev/hidrawN`.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        PathBuf::from(format!("/dev/hidraw{}", self.0.number))
    }

    /// Closes every connection and removes the device. The key itself stays as it is, and can be served again.
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
        // Where the device cannot be made again, it stays away, which is what it shows.
        let _ = self.listen();
    }
}

impl Server {
    fn listen(self: &Arc<Self>) -> io::Result<()> {
        let mut listener = lock(&self.listener);
        if listener.stopped || listener.running.is_some() {
            return Ok(());
        }
        let socket = self.make()?;
        let (bell, ours) = UnixStream::pair()?;
        let server = Arc::clone(self);
        listener.running = Some((thread::spawn(move || server.accept(&socket, &bell)), ours));
        Ok(())
    }

    /// Makes the device's files, the socket last: a device is there when its socket is.
    fn make(&self) -> io::Result<UnixListener> {
        fs::create_dir(&self.place)?;
        fs::set_permissions(&self.place, fs::Permissions::from_mode(0o700))?;
        let device = self.place.join("device");
        fs::create_dir(&device)?;
        fs::write(device.join("report_descriptor"), REPORT_DESCRIPTOR)?;
        fs::write(device.join("uevent"), self.uevent())?;
        let socket = UnixListener::bind(self.place.join("sock"))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// As the kernel's HID layer writes it for a device on USB (bus 3). YubiKeys have no HID serial.
    fn uevent(&self) -> String {
        let options = self.key.options();
        let (vendor, product) = (options.vendor_id, options.product_id);
        format!(
            "DRIVER=hid-generic\nHID_ID=0003:{vendor:08X}:{product:08X}\nHID_NAME=Yubico {}\n\
             HID_PHYS=usb-0000:00:14.0-{}/input1\nHID_UNIQ=\n\
             MODALIAS=hid:b0003g0001v{vendor:08X}p{product:08X}\n",
            options.product, self.number
        )
    }

    /// Accepts until the other end of the bell is closed.
    fn accept(self: Arc<Self>, socket: &UnixListener, bell: &UnixStream) {
        loop {
            let mut waiting = [PollFd::new(socket, PollFlags::IN), PollFd::new(bell, PollFlags::IN)];
            let woken = rustix::event::poll(&mut waiting, None);
            let [incoming, ringing] = &waiting;
            if woken.is_ok() && !ringing.revents().is_empty() {
                return;
            }
            if incoming.revents().is_empty() {
                continue;
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
        let connection = Arc::new(self.key.connect());
        let number = {
            let mut connections = lock(&self.connections);
            connections.last += 1;
            let number = connections.last;
            connections.open.insert(number, Arc::clone(&stream));
            number
        };
        let (out, to) = (Arc::downgrade(&connection), Arc::clone(&stream));
        thread::spawn(move || answer(&out, &to));
        let server = Arc::clone(self);
        thread::spawn(move || {
            listen_to(&connection, &stream);
            let _ = stream.shutdown(Shutdown::Both);
            lock(&server.connections).open.remove(&number);
        });
    }

    /// Ends listening and every connection; the device is gone when this returns.
    fn close(&self) {
        let mut listener = lock(&self.listener);
        if let Some((thread, bell)) = listener.running.take() {
            drop(bell);
            let _ = fs::remove_dir_all(&self.place);
            let _ = thread.join();
        }
        for (_, connection) in std::mem::take(&mut lock(&self.connections).open) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// Hands the key what comes in, until the other side or the key has gone.
fn listen_to(connection: &Connection, mut stream: &UnixStream) {
    let mut report: Report = [0; 64];
    while stream.read_exact(&mut report).is_ok() && connection.send(&report).is_ok() {}
}

/// Sends on what comes from the key, until the other side or the key has gone.
fn answer(connection: &std::sync::Weak<Connection>, mut stream: &UnixStream) {
    while let Some(connection) = connection.upgrade() {
        match connection.receive(LOOK) {
            Ok(Some(report)) if stream.write_all(&report).is_err() => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
