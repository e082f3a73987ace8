//! What a software authenticator is, and how the person in front of it behaves.

use super::attestation::Authority;
use super::pin_protocol::PinProtocol;
use crate::keys::{Applications, FormFactor, Serial};
use crate::oath::Version;
use crate::sim::clock::SimClock;
use crate::sim::oath_card;
use std::time::Duration;

/// A model's identifier, as in authenticator data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aaguid(pub [u8; 16]);

/// YubiKey 5 with NFC, firmware 5.7: d7781e5d-e353-46aa-afe2-3ca49f13332a.
const YUBIKEY_5_NFC: Aaguid =
    Aaguid([0xD7, 0x78, 0x1E, 0x5D, 0xE3, 0x53, 0x46, 0xAA, 0xAF, 0xE2, 0x3C, 0xA4, 0x9F, 0x13, 0x33, 0x2A]);
/// YubiKey 5 with NFC, firmware 5.2 and 5.4: 2fc0579f-8113-47ea-b116-bb5a8db9202a.
const YUBIKEY_5_NFC_5_2: Aaguid =
    Aaguid([0x2F, 0xC0, 0x57, 0x9F, 0x81, 0x13, 0x47, 0xEA, 0xB1, 0x16, 0xBB, 0x5A, 0x8D, 0xB9, 0x20, 0x2A]);
/// YubiKey Bio, FIDO edition: d8522d9f-575b-4866-88a9-ba99fa02f35b.
const YUBIKEY_BIO: Aaguid =
    Aaguid([0xD8, 0x52, 0x2D, 0x9F, 0x57, 0x5B, 0x48, 0x66, 0x88, 0xA9, 0xBA, 0x99, 0xFA, 0x02, 0xF3, 0x5B]);

/// Which CTAP the authenticator speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `FIDO_2_0` only: no credential or fingerprint management, no configuration, no tokens with permissions.
    Fido20,
    /// `FIDO_2_0` and `FIDO_2_1_PRE`: management under the preview commands 0x41 and 0x40, as firmware 5.2 to 5.6.
    Fido21Pre,
    /// `FIDO_2_0` and `FIDO_2_1`, as firmware 5.7; and `FIDO_2_1_PRE` where a preview command is there too.
    Fido21,
}

/// Under which command something is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    Absent,
    /// Under the vendor command of the time before the standard: 0x41 credentials, 0x40 fingerprints.
    Preview,
    /// Under the standard's command: 0x0A credentials, 0x09 fingerprints.
    Standard,
    /// Under both, as YubiKeys of firmware 5.7 for the sake of older platforms: libfido2 1.12 knows only the preview.
    Both,
}

impl Feature {
    pub fn is_standard(self) -> bool {
        matches!(self, Self::Standard | Self::Both)
    }

    pub fn is_preview(self) -> bool {
        matches!(self, Self::Preview | Self::Both)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256, COSE -7.
    Es256,
    /// Ed25519, COSE -8.
    EdDsa,
}

impl Algorithm {
    pub fn cose(self) -> i32 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
        }
    }
}

/// What a registration's attestation statement is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// Packed, with a batch certificate that [`Authority`] issued.
    Packed,
    /// Format `none`.
    None,
    /// Packed, signed with the credential's own key, without certificates.
    Own,
    /// Certificates with the right names, issued by somebody else's root and intermediate.
    ForgedChain,
    /// The certificate names another model than the authenticator data.
    WrongAaguid,
    /// The certificate has no AAGUID extension, which is allowed, but says nothing of the model.
    NoAaguid,
    /// The certificate is one of a certificate authority.
    CaLeaf,
    /// The certificate's OU is another than `Authenticator Attestation`.
    WrongUnit,
    /// The signature is over something else.
    WrongSignature,
    /// The statement names another algorithm than the one it was signed with.
    WrongAlgorithm,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// `None`: the key does not tell its serial.
    pub serial: Option<Serial>,
    /// Told by getInfo, INIT and the device information.
    pub firmware: Version,
    /// The model's identifier.
    pub aaguid: Aaguid,
    pub product: String,
    pub vendor_id: u16,
    pub product_id: u16,
    /// Connector and shape, for the device information.
    pub form_factor: FormFactor,
    pub fips: bool,
    pub security_key: bool,
    pub usb: Applications,
    /// Applications enabled over NFC; `None` where the key has no NFC.
    pub nfc: Option<Applications>,
    /// Answers the vendor command 0x42 with the device information.
    pub device_info: bool,

    /// Which CTAP it speaks. Lower levels lack what came later, whatever the options below say.
    pub level: Level,
    /// Says `U2F_V2` and answers VERSION; registers nothing over U2F.
    pub u2f: bool,
    /// PIN/UV auth protocols, the preferred one first.
    pub pin_protocols: Vec<PinProtocol>,
    pub credential_management: Feature,
    /// A fingerprint sensor, and under which command it is managed.
    pub bio: Feature,
    pub config: bool,
    pub large_blobs: bool,
    pub hmac_secret: bool,
    pub cred_protect: bool,
    pub cred_blob: bool,
    pub min_pin_length: bool,
    /// `Some`: the option alwaysUv is there, with this value from the factory.
    pub always_uv: Option<bool>,
    /// Enterprise attestation can be enabled.
    pub enterprise_attestation: bool,
    /// The relying parties that get enterprise attestation of the vendor-facilitated kind.
    pub enterprise_rp_ids: Vec<String>,
    /// Signature algorithms, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// Discoverable credentials that fit.
    pub slots: usize,
    /// Wrong PINs until it is blocked.
    pub max_pin_retries: u8,
    /// Code points a PIN must have, from the factory.
    pub initial_min_pin_length: u8,
    /// Bytes of the largest message.
    pub max_message: usize,
    /// Every answer has members that no standard knows yet.
    pub unknown_members: bool,

    /// What attestation is worth.
    pub attestation: Attestation,
    /// Who issues attestation certificates; share one between keys of a batch. `None`: one of its own.
    pub authority: Option<Authority>,
    /// Whether attestation statements carry the intermediate after the leaf, or the leaf alone.
    pub intermediate_in_x5c: bool,

    /// How long the key waits for a touch (30 s).
    pub touch_timeout: Duration,
    /// How long it waits for the next report of a message (3 s).
    pub message_timeout: Duration,
    /// The clock of the reset window: 10 s from power-up.
    pub clock: SimClock,
}

impl Options {
    /// A YubiKey 5C NFC with firmware 5.7.4.
    pub fn new(serial: u32) -> Self {
        Self {
            serial: Some(Serial(serial)),
            firmware: Version(5, 7, 4),
            aaguid: YUBIKEY_5_NFC,
            product: "YubiKey OTP+FIDO+CCID".to_owned(),
            vendor_id: 0x1050,
            product_id: 0x0407,
            form_factor: FormFactor::UsbCKeychain,
            fips: false,
            security_key: false,
            usb: Applications::ALL,
            nfc: Some(Applications::ALL),
            device_info: true,
            level: Level::Fido21,
            u2f: true,
            pin_protocols: vec![PinProtocol::Two, PinProtocol::One],
            credential_management: Feature::Both,
            bio: Feature::Absent,
            config: true,
            large_blobs: true,
            hmac_secret: true,
            cred_protect: true,
            cred_blob: true,
            min_pin_length: true,
            always_uv: Some(false),
            enterprise_attestation: false,
            enterprise_rp_ids: Vec::new(),
            algorithms: vec![Algorithm::Es256, Algorithm::EdDsa],
            slots: 100,
            max_pin_retries: 8,
            initial_min_pin_length: 4,
            max_message: 1280,
            unknown_members: false,
            attestation: Attestation::Packed,
            authority: None,
            intermediate_in_x5c: false,
            touch_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(3),
            clock: SimClock::host(),
        }
    }

    /// A YubiKey 5C NFC with firmware 5.4.3: the preview commands, 25 slots, no configuration.
    pub fn preview(serial: u32) -> Self {
        Self {
            firmware: Version(5, 4, 3),
            aaguid: YUBIKEY_5_NFC_5_2,
            level: Level::Fido21Pre,
            credential_management: Feature::Preview,
            slots: 25,
            max_message: 1200,
            ..Self::new(serial)
        }
    }

    /// A key that speaks CTAP 2.0 and protocol 1 only.
    pub fn old(serial: u32) -> Self {
        Self {
            firmware: Version(5, 1, 2),
            aaguid: YUBIKEY_5_NFC_5_2,
            level: Level::Fido20,
            pin_protocols: vec![PinProtocol::One],
            credential_management: Feature::Absent,
            algorithms: vec![Algorithm::Es256],
            slots: 25,
            max_message: 1200,
            ..Self::new(serial)
        }
    }

    /// A YubiKey Bio with firmware 5.7.4 and no fingerprint yet.
    pub fn bio(serial: u32) -> Self {
        let usb = Applications(Applications::U2F.0 | Applications::FIDO2.0);
        Self {
            aaguid: YUBIKEY_BIO,
            product: "YubiKey FIDO".to_owned(),
            product_id: 0x0402,
            form_factor: FormFactor::UsbABio,
            usb,
            nfc: None,
            bio: Feature::Both,
            ..Self::new(serial)
        }
    }

    /// One page of the device information, with its length before it.
    pub(super) fn device_info(&self, page: u8) -> Option<Vec<u8>> {
        let serial = self.serial.map(|serial| serial.0);
        let device = oath_card::Options {
            serial: self.serial,
            firmware: self.firmware,
            form_factor: self.form_factor,
            fips: self.fips,
            security_key: self.security_key,
            supported: self.usb,
            usb: self.usb,
            nfc: self.nfc,
            ..oath_card::Options::new(serial.unwrap_or_default())
        };
        oath_card::device_info(&device, page)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Before the key even shows that it waits.
    AtOnce,
    /// This long after it began to.
    After(Duration),
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uv {
    Match,
    NoMatch,
}
