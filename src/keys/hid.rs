//! Keys seen over HID, as FIDO2 authenticators.

use super::{Device, KeyId, read_device};
use crate::fido::advisories::{self, Applied, Firmware, Unknown, Version};
use crate::fido::{self, Ctap2, DiscoveredDevice, FidoPorts, Info};
use crate::oath;
use crate::platform::Interrupt;
use crate::secret::Password;

/// A device, and the key that it is or why that cannot be told.
pub struct ListedAuthenticator {
    /// The device.
    pub found: DiscoveredDevice,
    /// The key, or the error to show in its row.
    pub key: Result<Opened, fido::Error>,
}

/// An open FIDO2 key.
pub struct Opened {
    /// How to name it.
    pub id: KeyId,
    /// Where it is.
    pub found: DiscoveredDevice,
    /// What its Management application says; `None` for keys of other makers, and before version 4.
    pub device: Option<Device>,
    /// The key.
    pub key: Ctap2,
    /// A PIN that was right, so that it is asked for once.
    pub(crate) pin: Option<Password>,
}

/// Yubico's USB vendor id.
const YUBICO: u16 = 0x1050;

/// Looks into every device. One that cannot be opened has its row with the reason.
///
/// # Errors
/// When the devices cannot be listed, or the person interrupts.
pub fn list_fido(ports: &dyn FidoPorts, interrupt: &Interrupt) -> Result<Vec<ListedAuthenticator>, fido::Error> {
    let mut seen = Vec::new();
    for found in ports.list()? {
        let key = open_device(ports, &found, interrupt);
        if matches!(key, Err(fido::Error::Cancelled)) {
            return Err(fido::Error::Cancelled);
        }
        seen.push(ListedAuthenticator { found, key });
    }
    Ok(seen)
}

pub(crate) fn open_device(
    ports: &dyn FidoPorts,
    found: &DiscoveredDevice,
    interrupt: &Interrupt,
) -> Result<Opened, fido::Error> {
    let mut key = fido::open(ports, &found.path, interrupt)?;
    let device = device_over_hid(&mut key)?;
    let serial = device.as_ref().and_then(|device| device.serial);
    let id = serial.map_or_else(|| KeyId::Device(found.path.clone()), KeyId::Serial);
    Ok(Opened { id, found: found.clone(), device, key, pin: None })
}

/// What a key's Management application says. `None` for keys of other makers, and before version 4.
///
/// # Errors
/// The key does not answer.
pub fn device_over_hid(key: &mut Ctap2) -> Result<Option<Device>, fido::Error> {
    let (major, minor, patch) = key.device().version;
    // No page is no configuration.
    read_device(oath::Version(major, minor, patch), |page| Ok(key.management_page(page)?.unwrap_or_default()))
}

impl ListedAuthenticator {
    /// How to name it: by the device, where the key cannot be asked.
    #[must_use]
    pub fn id(&self) -> KeyId {
        match &self.key {
            Ok(opened) => opened.id.clone(),
            Err(_) => KeyId::Device(self.found.path.clone()),
        }
    }
}

impl Opened {
    /// Whether it is Yubico's, by its USB vendor id or because its Management application answers.
    #[must_use]
    pub fn is_yubico(&self) -> bool {
        self.found.vendor == YUBICO || self.device.is_some()
    }

    /// The firmware: the device's own word, else what getInfo says, which only Yubico's keys pack as versions.
    #[must_use]
    pub fn firmware(&self, info: &Info) -> Option<Firmware> {
        if let Some(device) = &self.device {
            let told = device.firmware;
            return Some(Firmware::Yubico(Version(told.0, told.1, told.2)));
        }
        let number = info.firmware?;
        match Version::from_fido(number) {
            Some(version) if self.is_yubico() => Some(Firmware::Yubico(version)),
            _ => Some(Firmware::Number(number)),
        }
    }

    /// The advisories about it.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn advisories(&self, info: &Info) -> Result<Vec<Applied>, Unknown> {
        advisories::about(&advisories::Key {
            yubico: self.is_yubico(),
            firmware: self.firmware(info).and_then(Firmware::yubico),
            model: &self.model(info),
            fips: self.device.as_ref().is_some_and(|device| device.fips),
            aaguid: Some(info.aaguid),
            usb: Some((self.found.vendor, self.found.product)),
        })
    }

    /// The key's own name for its model, else the model's in the metadata, else what the device calls itself.
    #[must_use]
    pub fn model(&self, info: &Info) -> String {
        let known = || fido::metadata::Metadata::bundled().model(info.aaguid).map(|model| model.name.clone());
        let named = self.device.as_ref().map(|device| device.model.clone()).or_else(known);
        named.unwrap_or_else(|| self.found.name.clone())
    }
}
