//! Software authenticators in a directory, as [`crate::sim`] serves them: `DIR/hidrawN/sock`, and beside it what sysfs
//! would say of the device.

use super::Error;
use super::ports::{DiscoveredDevice, FidoPorts};
use crate::transport::hid::Hid;
use crate::transport::hid_socket;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The authenticators of a directory; those that are pulled are not in it.
#[derive(Clone, Debug)]
pub struct SocketFidoPorts {
    directory: PathBuf,
}

impl SocketFidoPorts {
    /// Those in this directory. It need not exist yet.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }
}

impl FidoPorts for SocketFidoPorts {
    fn list(&self) -> Result<Vec<DiscoveredDevice>, Error> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| system(&error))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let place = entry.map_err(|error| system(&error))?.path();
            if place.join("sock").exists() {
                // Pulled between the two looks, it is not here.
                found.extend(fs::read_to_string(place.join("device/uevent")).ok().map(|told| device(&place, &told)));
            }
        }
        found.sort_by(|one: &DiscoveredDevice, other| one.path.cmp(&other.path));
        Ok(found)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Hid>, Error> {
        let place = PathBuf::from(path);
        hid_socket::connect(&place.join("sock")).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => Error::NoPermission { path: place },
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Error::NoDevice { path: place },
            _ => system(&error),
        })
    }
}

fn system(error: &io::Error) -> Error {
    Error::System { why: error.to_string() }
}

/// `HID_ID=0003:00001050:00000407`, `HID_NAME=Yubico YubiKey`.
fn device(place: &Path, uevent: &str) -> DiscoveredDevice {
    let value = |key: &str| uevent.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let mut ids = value("HID_ID").unwrap_or_default().split(':').skip(1);
    let mut id = || ids.next().and_then(|id| u32::from_str_radix(id, 16).ok()).and_then(|id| u16::try_from(id).ok());
    DiscoveredDevice {
        path: place.to_string_lossy().into_owned(),
        vendor: id().unwrap_or_default(),
        product: id().unwrap_or_default(),
        name: value("HID_NAME").unwrap_or_default().to_owned(),
    }
}
