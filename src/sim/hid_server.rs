//! A software authenticator as a hidraw device in a directory, for a shim that puts it before hidapi and libfido2.
//!
//! `DIR/hidrawN/sock` is a stream (a Unix socket; a named pipe on Windows): HID reports, 64 bytes each, without a report id. Every connection
//! gets every report of the key, as with hidraw. `DIR/hidrawN/device` holds `uevent` and `report_descriptor` as sysfs
//! has them. Pulling the key closes the connections and removes `DIR/hidrawN`; plugging it in puts it there again.

use super::authenticator::{Connection, SoftAuthenticator};
use super::socket_server::{self, Place};
use crate::platform::files;
use crate::platform::local::{Listener, Stream};
use crate::transport::hid::Report;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
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

pub type Served = socket_server::Served<Device>;

pub struct Device {
    key: SoftAuthenticator,
    /// `DIR/hidrawN`.
    path: PathBuf,
    number: u32,
}

/// Serves `key` as `hidraw{number}` in the directory `dir`, which only this user may use.
///
/// # Errors
/// When the files or the socket cannot be made; `DIR/hidrawN` must not be there yet.
pub fn serve(key: &SoftAuthenticator, dir: &Path, number: u32) -> io::Result<Served> {
    let path = dir.join(format!("hidraw{number}"));
    let device = Device { key: key.clone(), path, number };
    Served::new(device, key.is_plugged_in(), |watcher| key.watch(Arc::downgrade(&watcher)))
}

impl Served {
    /// `DIR/hidrawN`.
    pub fn path(&self) -> &Path {
        &self.place().path
    }

    /// The node that programs see: `/dev/hidrawN`.
    pub fn node(&self) -> PathBuf {
        PathBuf::from(format!("/dev/hidraw{}", self.place().number))
    }
}

impl Place for Device {
    type Connection = Arc<Connection>;

    /// Makes the device's files, the socket last: a device is there when its socket is.
    fn open(&self) -> io::Result<Listener> {
        files::create_private_directory(&self.path)?;
        let device = self.path.join("device");
        fs::create_dir(&device)?;
        fs::write(device.join("report_descriptor"), REPORT_DESCRIPTOR)?;
        fs::write(device.join("uevent"), self.uevent())?;
        Listener::bind(&self.path.join("sock"))
    }

    fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }

    fn connect(&self) -> Arc<Connection> {
        Arc::new(self.key.connect())
    }

    fn converse(connection: Arc<Connection>, stream: &Arc<Stream>) {
        let (out, to) = (Arc::downgrade(&connection), Arc::clone(stream));
        thread::spawn(move || answer(&out, &to));
        listen_to(&connection, stream);
    }
}

impl Device {
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
}

/// Hands the key what comes in, until the other side or the key has gone.
fn listen_to(connection: &Connection, mut stream: &Stream) {
    let mut report: Report = [0; 64];
    while stream.read_exact(&mut report).is_ok() && connection.send(&report).is_ok() {}
}

/// Sends on what comes from the key, until the other side or the key has gone.
fn answer(connection: &std::sync::Weak<Connection>, mut stream: &Stream) {
    while let Some(connection) = connection.upgrade() {
        match connection.receive(LOOK) {
            Ok(Some(report)) if stream.write_all(&report).is_err() => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
