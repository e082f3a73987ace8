//! One key: as it is seen through the PC/SC service, over HID, or both. The two are joined by the serial number.

use super::{Device, FormFactor, Opened, Pcsc, Serial};
use crate::fido::Info;
use crate::fido::advisories::{self, Applied, Firmware, Unknown, Version};

/// A key that is plugged in. At least one of the two is there.
pub struct Key {
    /// Through the PC/SC service.
    pub pcsc: Option<Pcsc>,
    /// Over HID.
    pub fido: Option<Opened>,
}

/// Joins what both ways of looking show. A key that hides its serial number is seen twice.
#[must_use]
pub fn join(pcsc: Vec<Pcsc>, mut fido: Vec<Opened>) -> Vec<Key> {
    let mut keys = Vec::new();
    for pcsc in pcsc {
        let same = |key: &Opened| pcsc.device.serial.is_some() && key.id.serial() == pcsc.device.serial;
        let fido = fido.iter().position(same).map(|nth| fido.remove(nth));
        keys.push(Key { pcsc: Some(pcsc), fido });
    }
    keys.extend(fido.into_iter().map(|key| Key { pcsc: None, fido: Some(key) }));
    keys
}

impl Key {
    /// Its serial number, where it tells it.
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        let over_hid = || self.fido.as_ref().and_then(|key| key.id.serial());
        self.pcsc.as_ref().and_then(|key| key.device.serial).or_else(over_hid)
    }

    /// What its Management application says.
    #[must_use]
    pub fn device(&self) -> Option<&Device> {
        let over_hid = || self.fido.as_ref().and_then(|key| key.device.as_ref());
        self.pcsc.as_ref().map(|key| &key.device).or_else(over_hid)
    }

    /// Connector and shape.
    #[must_use]
    pub fn form_factor(&self) -> FormFactor {
        self.device().map_or(FormFactor::Unknown, |device| device.form_factor)
    }

    /// The product's name. `info`: what it says over HID, where it is seen there.
    #[must_use]
    pub fn model(&self, info: Option<&Info>) -> String {
        match (&self.pcsc, &self.fido, info) {
            (Some(pcsc), ..) => pcsc.device.model.clone(),
            (None, Some(fido), Some(info)) => fido.model(info),
            _ => String::new(),
        }
    }

    /// The firmware, where it tells.
    #[must_use]
    pub fn firmware(&self, info: Option<&Info>) -> Option<Firmware> {
        match (&self.pcsc, &self.fido, info) {
            (Some(pcsc), ..) => Some(Firmware::Yubico(pcsc.device.version())),
            (None, Some(fido), Some(info)) => fido.firmware(info),
            _ => None,
        }
    }

    /// The advisories about it.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn advisories(&self, info: Option<&Info>) -> Result<Vec<Applied>, Unknown> {
        match (&self.pcsc, &self.fido, info) {
            (Some(pcsc), ..) => pcsc.device.advisories(),
            (None, Some(fido), Some(info)) => fido.advisories(info),
            _ => Err(Unknown::Firmware),
        }
    }
}

impl Device {
    fn version(&self) -> Version {
        Version(self.firmware.0, self.firmware.1, self.firmware.2)
    }

    /// The advisories about it, which is a YubiKey.
    ///
    /// # Errors
    /// Why nobody knows.
    pub fn advisories(&self) -> Result<Vec<Applied>, Unknown> {
        advisories::about(&advisories::Key {
            yubico: true,
            firmware: Some(self.version()),
            model: &self.model,
            fips: self.fips,
            aaguid: None,
            usb: None,
        })
    }
}
