//! Where FIDO keys are: the devices of this machine, or software.

use super::Error;
use super::ctap2::Ctap2;
use super::ctaphid::Limits;
use crate::platform::Interrupt;
use crate::transport::hid::Hid;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredDevice {
    /// What to open: a device node (`/dev/hidraw3`), or the system's name for the device.
    pub path: String,
    /// USB vendor id: 1050 is Yubico.
    pub vendor: u16,
    pub product: u16,
    /// What the device calls itself; may be empty.
    pub name: String,
}

pub trait FidoPorts {
    /// The FIDO devices here; empty when there is none. Opens none of them.
    ///
    /// # Errors
    /// [`Error::System`], [`Error::LibraryPanicked`].
    fn list(&self) -> Result<Vec<DiscoveredDevice>, Error>;

    /// Opens the device of this path.
    ///
    /// # Errors
    /// [`Error::NoPermission`], [`Error::NoDevice`], [`Error::System`], [`Error::LibraryPanicked`].
    fn open(&self, path: &str) -> Result<Box<dyn Hid>, Error>;
}

pub struct NoDevices;

impl FidoPorts for NoDevices {
    fn list(&self) -> Result<Vec<DiscoveredDevice>, Error> {
        Ok(Vec::new())
    }

    fn open(&self, path: &str) -> Result<Box<dyn Hid>, Error> {
        Err(Error::NoDevice { path: path.into() })
    }
}

/// Opens the key of this path, with a channel to it.
///
/// # Errors
/// As [`FidoPorts::open`] and [`Ctap2::open`].
pub fn open(ports: &dyn FidoPorts, path: &str, interrupt: &Interrupt) -> Result<Ctap2, Error> {
    Ctap2::open(ports.open(path)?, interrupt.clone(), Limits::default())
}
