//! FIDO keys through the system's HID service. The only file that names `ctap-hid-fido2` and `hidapi`.
//!
//! The library finds the devices; reports go through hidapi, which gives reading a deadline, as the library does not.
//! It does not know what a report means.

use super::Error;
use super::ports::{DiscoveredDevice, FidoPorts};
use crate::transport::Error as Transport;
use crate::transport::hid::{Hid, Report};
use ctap_hid_fido2::HidParam;
use hidapi::{HidApi, HidDevice, HidError};
use std::ffi::CString;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// The FIDO devices of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct HidPorts;

impl FidoPorts for HidPorts {
    fn list(&self) -> Result<Vec<DiscoveredDevice>, Error> {
        let devices = guarded(ctap_hid_fido2::get_fidokey_devices)?;
        let found = devices.into_iter().filter_map(|device| match device.param {
            // Only a path says which of two devices of one kind is meant.
            HidParam::Path(path) => {
                Some(DiscoveredDevice { path, vendor: device.vid, product: device.pid, name: device.product_string })
            }
            HidParam::VidPid { .. } => None,
        });
        let mut found: Vec<DiscoveredDevice> = found.collect();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        // hidapi lists a device once for each of its usages.
        found.dedup_by(|one, other| one.path == other.path);
        Ok(found)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Hid>, Error> {
        let name = CString::new(path).map_err(|_| Error::NoDevice { path: PathBuf::from(path) })?;
        let opened = guarded(|| HidApi::new().and_then(|api| api.open_path(&name)))?;
        let device = opened.map_err(|error| cannot_open(path, &error))?;
        Ok(Box::new(Reports { device }))
    }
}

/// Runs library code that may panic; the panic's message went to standard error.
fn guarded<R>(library: impl FnOnce() -> R) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(library)).map_err(|_| Error::LibraryPanicked)
}

/// hidapi tells why it could not open a device only in words; the system tells it properly.
fn cannot_open(path: &str, error: &HidError) -> Error {
    let node = PathBuf::from(path);
    let system = std::fs::OpenOptions::new().read(true).write(true).open(&node).err();
    match system.map(|error| (error.kind(), error.raw_os_error())) {
        Some((ErrorKind::PermissionDenied, _)) => Error::NoPermission { path: node },
        // Elsewhere a device's name is no file's, and "not found" would say nothing.
        Some((ErrorKind::NotFound, _)) if cfg!(target_os = "linux") => Error::NoDevice { path: node },
        // ENXIO, ENODEV: the node is still there, the key is not.
        Some((_, Some(6 | 19))) if cfg!(target_os = "linux") => Error::NoDevice { path: node },
        _ => Error::System { why: error.to_string() },
    }
}

/// An open device's reports.
struct Reports {
    device: HidDevice,
}

impl Hid for Reports {
    fn send(&mut self, report: &Report) -> Result<(), Transport> {
        // The report's number goes first: 0, as FIDO devices do not number them.
        let mut numbered = Zeroizing::new([0; 65]);
        numbered.iter_mut().skip(1).zip(report).for_each(|(slot, byte)| *slot = *byte);
        match guarded(|| self.device.write(&numbered[..])) {
            Ok(Ok(_)) => Ok(()),
            // A device that takes no reports is as good as gone; the kernel says EIO, ENODEV or EPIPE.
            _ => Err(Transport::Removed),
        }
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Transport> {
        match self.read(within) {
            Ok(report) => Ok(report),
            // A signal ends the wait too, and looks the same as a device that is gone; asked again, only the latter fails.
            Err(Transport::Removed) => self.read(Duration::ZERO),
            Err(error) => Err(error),
        }
    }
}

impl Reports {
    fn read(&mut self, within: Duration) -> Result<Option<Report>, Transport> {
        // Rounded up: a wait of 0.5 ms must not become a spin.
        let milliseconds = i32::try_from(within.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let mut report = [0; 64];
        match guarded(|| self.device.read_timeout(&mut report, milliseconds)) {
            Ok(Ok(0)) => Ok(None),
            // A short report is no report; the rest would be zeros that nobody sent.
            Ok(Ok(64)) => Ok(Some(report)),
            Ok(Ok(_)) => Ok(None),
            _ => Err(Transport::Removed),
        }
    }
}
