//! The Management applet's READ CONFIG: bytes to facts, and facts to the product's name.
//!
//! After Yubico's own reading of it (yubikey-manager, `yubikit/management.py` and `support.py`), whose names are the
//! ones people know.

use super::{Applications, FormFactor, Serial};
use crate::oath::Version;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) serial: Option<Serial>,
    pub(super) firmware: Version,
    pub(super) form_factor: FormFactor,
    pub(super) usb_supported: Applications,
    pub(super) usb: Applications,
    pub(super) nfc_supported: Applications,
    pub(super) nfc: Applications,
    pub(super) fips: bool,
    pub(super) security_key: bool,
    pub(super) locked: bool,
    pub(super) pin_complexity: bool,
}

/// READ CONFIG's tags; the pages of one key taken together.
#[derive(Default)]
pub(super) struct Pages {
    usb_supported: Option<Applications>,
    serial: Option<Serial>,
    usb_enabled: Option<Applications>,
    form_factor: u8,
    version: Option<Version>,
    locked: bool,
    nfc_supported: Option<Applications>,
    nfc_enabled: Option<Applications>,
    pin_complexity: bool,
}

impl Pages {
    /// Takes a page in: a length byte, then tags with lengths of one byte. Answers whether there is another;
    /// `None` where the bytes are not a page.
    pub(super) fn add(&mut self, page: &[u8]) -> Option<bool> {
        let (len, mut rest) = page.split_first()?;
        if usize::from(*len) != rest.len() {
            return None;
        }
        let mut more = false;
        while let [tag, len, after @ ..] = rest {
            let (value, after) = after.split_at_checked(usize::from(*len))?;
            rest = after;
            match (tag, value) {
                (0x01, _) => self.usb_supported = Some(applications(value)?),
                (0x02, &[a, b, c, d]) => {
                    self.serial = Some(Serial(u32::from_be_bytes([a, b, c, d]))).filter(|serial| serial.0 != 0);
                }
                (0x03, _) => self.usb_enabled = Some(applications(value)?),
                (0x04, &[form_factor]) => self.form_factor = form_factor,
                (0x05, &[major, minor, patch]) => self.version = Some(Version(major, minor, patch)),
                (0x0A, &[locked]) => self.locked = locked == 1,
                (0x0D, _) => self.nfc_supported = Some(applications(value)?),
                (0x0E, _) => self.nfc_enabled = Some(applications(value)?),
                (0x10, &[left]) => more = left == 1,
                (0x16, &[on]) => self.pin_complexity = on == 1,
                _ => {}
            }
        }
        rest.is_empty().then_some(more)
    }

    /// A NEO has no pages. What it can do is known; its serial is told by another applet.
    pub(super) fn of_neo(firmware: Version, serial: Option<Serial>) -> Self {
        let u2f = if firmware >= Version(3, 3, 0) { Applications::U2F.0 } else { 0 };
        let all = Applications::OTP.0 | Applications::OPENPGP.0 | Applications::PIV.0 | Applications::OATH.0 | u2f;
        let all = Some(Applications(all));
        Self { serial, usb_supported: all, nfc_supported: all, version: Some(firmware), ..Self::default() }
    }

    /// Puts right what is known to be reported wrongly. `selected`: the version that SELECT told.
    pub(super) fn config(self, selected: Version) -> Config {
        let firmware = self.version.unwrap_or(selected);
        let usb_supported = match firmware {
            Version(4, 2, 4) => Applications(0x3F), // reports nonsense
            _ => self.usb_supported.unwrap_or_default(),
        };
        // The YubiKey 4 has no switch for each application, and what it reports as enabled means nothing.
        let usb = self.usb_enabled.filter(|_| firmware.0 >= 5).unwrap_or(usb_supported);
        let form_factor = FormFactor::from(self.form_factor);
        let has_nfc = may_have_nfc(form_factor, firmware);
        let nfc_supported = self.nfc_supported.filter(|_| has_nfc).unwrap_or_default();
        Config {
            serial: self.serial,
            firmware,
            form_factor,
            usb_supported,
            usb,
            nfc_supported,
            nfc: self.nfc_enabled.filter(|_| has_nfc).unwrap_or(nfc_supported),
            fips: self.form_factor & 0x80 != 0 || (Version(4, 4, 0)..Version(4, 5, 0)).contains(&firmware),
            security_key: self.form_factor & 0x40 != 0,
            locked: self.locked,
            pin_complexity: self.pin_complexity,
        }
    }
}

/// Capability bits, in one byte or two.
fn applications(value: &[u8]) -> Option<Applications> {
    match *value {
        [low] => Some(Applications(u16::from(low))),
        [high, low] => Some(Applications(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// Some keys without an antenna report NFC.
fn may_have_nfc(form_factor: FormFactor, firmware: Version) -> bool {
    match form_factor {
        FormFactor::UsbANano | FormFactor::UsbCNano | FormFactor::UsbCLightning => false,
        FormFactor::UsbCKeychain => firmware >= Version(5, 2, 4),
        _ => true,
    }
}

impl From<u8> for FormFactor {
    fn from(tag: u8) -> Self {
        match tag & 0x0F {
            0x01 => Self::UsbAKeychain,
            0x02 => Self::UsbANano,
            0x03 => Self::UsbCKeychain,
            0x04 => Self::UsbCNano,
            0x05 => Self::UsbCLightning,
            0x06 => Self::UsbABio,
            0x07 => Self::UsbCBio,
            _ => Self::Unknown,
        }
    }
}

/// The version in what SELECT answers: `Virtual mgr - FW version 5.4.3`. The YubiKey Edge appends a status word.
pub(super) fn version(selected: &[u8]) -> Option<Version> {
    let text = std::str::from_utf8(selected.strip_suffix(&[0x90, 0x00]).unwrap_or(selected)).ok()?;
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let mut parts = word.split('.').map(|part| part.parse().ok());
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(major), Some(minor), Some(patch), None) => Some(Version(major?, minor?, patch?)),
            _ => None,
        }
    })
}

/// The product's name.
pub(super) fn model(config: &Config) -> String {
    let fido_only = config.usb_supported.0 & !(Applications::U2F.0 | Applications::FIDO2.0) == 0;
    let old_security_key = config.serial.is_none() && fido_only && config.firmware < Version(5, 2, 8);
    let name = match config.firmware {
        Version(3, ..) => "YubiKey NEO",
        _ if old_security_key && config.nfc_supported.0 != 0 => "Security Key NFC",
        _ if old_security_key && !config.usb_supported.contains(Applications::FIDO2) => "FIDO U2F Security Key",
        _ if old_security_key => "Security Key by Yubico",
        Version(4, ..) if config.fips => "YubiKey FIPS (4 Series)",
        Version(4, ..) if is_edge(config.usb_supported) => "YubiKey Edge",
        Version(4, ..) => "YubiKey 4",
        Version(5, 0, _) | Version(5, 2, 0..=2) | Version(5, 5, 0..=1) => "YubiKey Preview",
        version if version > Version(5, 0, 0) => return five_series(config, fido_only),
        _ => "YubiKey",
    };
    name.to_owned()
}

fn is_edge(supported: Applications) -> bool {
    supported.0 == Applications::OTP.0 | Applications::U2F.0
}

/// `YubiKey 5C Nano FIPS`: series, connector, shape, NFC, edition.
fn five_series(config: &Config, fido_only: bool) -> String {
    use FormFactor::{UsbABio, UsbAKeychain, UsbANano, UsbCBio, UsbCKeychain, UsbCLightning, UsbCNano};
    let bio = matches!(config.form_factor, UsbABio | UsbCBio);
    let nfc = config.nfc_supported.0 != 0;
    let connector = match config.form_factor {
        UsbCKeychain | UsbCNano | UsbCBio => "C",
        UsbCLightning => "Ci",
        UsbAKeychain if !nfc => "A",
        _ => "",
    };
    // "YubiKey 5C", but "Security Key C", "YubiKey C Bio".
    let mut name = match (config.security_key, bio) {
        (true, _) => join("Security Key", connector),
        (false, true) => join("YubiKey", connector),
        (false, false) => format!("YubiKey 5{connector}"),
    };
    let editions = [
        (matches!(config.form_factor, UsbANano | UsbCNano), "Nano"),
        (nfc, "NFC"),
        (bio, "Bio"),
        (bio && fido_only, "- FIDO Edition"),
        (bio && config.usb_supported.contains(Applications::PIV), "- Multi-protocol Edition"),
        (config.fips, "FIPS"),
        (config.security_key && config.serial.is_some(), "- Enterprise Edition"),
        (config.pin_complexity && !config.security_key, "(Enhanced PIN)"),
    ];
    for (_, edition) in editions.iter().filter(|(applies, _)| *applies) {
        name = join(&name, edition);
    }
    name
}

fn join(front: &str, word: &str) -> String {
    if word.is_empty() { front.to_owned() } else { format!("{front} {word}") }
}
