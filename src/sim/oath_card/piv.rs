//! The PIV applet (NIST SP 800-73-4, with Yubico's extensions), as far as it can be read: tries, metadata, certificates.
//!
//! It signs nothing, stores nothing and knows no PIN: whatever is offered as one is wrong, and costs a try.

mod certificate;

use super::command::{Command, push};
use super::{Options, Reply};
use crate::oath::Version;
use certificate::Entity;

const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08];
/// The application's version, which follows in its whole identifier.
const PIX: &[u8] = &[0x00, 0x00, 0x10, 0x00, 0x01, 0x00];

/// Fetches the rest of a long answer.
pub(super) const GET_RESPONSE: u8 = 0xC0;
const VERIFY: u8 = 0x20;
const GET_DATA: u8 = 0xCB;
const GET_METADATA: u8 = 0xF7;
const GET_SERIAL: u8 = 0xF8;
const GET_VERSION: u8 = 0xFD;

const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const MANAGEMENT_KEY: u8 = 0x9B;

const NOT_FOUND: u16 = 0x6A82;

#[derive(Clone, Debug)]
pub struct Piv {
    pub pin: Tries,
    pub puk: Tries,
    /// The management key's algorithm, where not the firmware's own.
    pub management_algorithm: Option<ManagementAlgorithm>,
    /// Whether the management key is the one that every key has at first.
    pub management_default: bool,
    pub slots: Vec<PivSlot>,
}

#[derive(Clone, Copy, Debug)]
pub struct Tries {
    pub left: u8,
    pub of: u8,
    /// Whether it is the one that every key has at first.
    pub default: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ManagementAlgorithm {
    ThreeDes = 0x03,
    Aes128 = 0x08,
    Aes192 = 0x0A,
    Aes256 = 0x0C,
}

#[derive(Clone, Debug)]
pub struct PivSlot {
    /// 0x9A, 0x9C, 0x9D, 0x9E, 0x82 to 0x95, or 0xF9.
    pub number: u8,
    /// The public key, as an uncompressed point on P-256; `None` for a certificate without a key.
    pub point: Option<Vec<u8>>,
    /// What the certificate's data object holds (SP 800-73-4 part 1, table 10); `None` for a key without one.
    pub object: Option<Vec<u8>>,
}

impl Piv {
    /// As it comes from the factory, but without an attestation key.
    pub fn new() -> Self {
        let three = Tries { left: 3, of: 3, default: true };
        Self { pin: three, puk: three, management_algorithm: None, management_default: true, slots: Vec::new() }
    }
}

impl Default for Piv {
    fn default() -> Self {
        Self::new()
    }
}

impl PivSlot {
    /// A new P-256 key, with a certificate that it signed itself. The times are seconds since the Unix epoch.
    /// `None` where the system gives no random numbers.
    pub fn self_signed(number: u8, common_name: &str, not_before: i64, not_after: i64) -> Option<Self> {
        let entity = Entity::generate()?;
        let certificate = entity.self_signed(common_name, not_before, not_after)?;
        let object = [certificate::tlv(0x70, &[&certificate]), vec![0x71, 1, 0, 0xFE, 0]].concat();
        Some(Self { number, point: Some(entity.point()), object: Some(object) })
    }

    /// The certificate's data object, by the slot's number.
    fn object_id(number: u8) -> Option<[u8; 3]> {
        let low = match number {
            0x9A => 0x05,
            0x9C => 0x0A,
            0x9D => 0x0B,
            0x9E => 0x01,
            0x82..=0x95 => number - 0x82 + 0x0D,
            0xF9 => return Some([0x5F, 0xFF, 0x01]),
            _ => return None,
        };
        Some([0x5F, 0xC1, low])
    }
}

/// Whether a SELECT means this applet: its identifier, with or without the version.
pub(super) fn is_meant(aid: &[u8]) -> bool {
    aid.strip_prefix(AID).is_some_and(|rest| PIX.starts_with(rest))
}

/// SELECT answers with the application property template.
pub(super) fn selected() -> Reply {
    let authority = certificate::tlv(0x79, &[&certificate::tlv(0x4F, &[AID])]);
    Reply::data(certificate::tlv(0x61, &[&certificate::tlv(0x4F, &[PIX]), &authority]))
}

pub(super) fn answer(options: &mut Options, command: &Command<'_>) -> Reply {
    let Version(major, minor, patch) = options.firmware;
    match command.ins {
        GET_VERSION => Reply::data(vec![major, minor, patch]),
        GET_SERIAL if major >= 5 => match options.serial {
            Some(serial) => Reply::data(serial.0.to_be_bytes().to_vec()),
            None => Reply::sw(0x6A82),
        },
        VERIFY if command.p2 == PIN => verify(&mut options.piv.pin, command.data),
        GET_METADATA if options.firmware >= Version(5, 3, 0) => metadata(options, command.p2),
        GET_DATA => object(&options.piv, command.data),
        _ => Reply::sw(0x6D00),
    }
}

/// Without data it only asks for the tries, of which the answer can count 15.
fn verify(pin: &mut Tries, offered: &[u8]) -> Reply {
    if !offered.is_empty() {
        pin.left = pin.left.saturating_sub(1);
    }
    Reply::sw(if pin.left == 0 { 0x6983 } else { 0x63C0 | u16::from(pin.left.min(15)) })
}

fn metadata(options: &Options, of: u8) -> Reply {
    let piv = &options.piv;
    let mut out = Vec::new();
    match of {
        PIN | PUK => {
            let tries = if of == PIN { piv.pin } else { piv.puk };
            push(&mut out, 0x01, &[0xFF]);
            push(&mut out, 0x05, &[u8::from(tries.default)]);
            push(&mut out, 0x06, &[tries.of, tries.left]);
        }
        MANAGEMENT_KEY => {
            push(&mut out, 0x01, &[management_algorithm(options) as u8]);
            push(&mut out, 0x02, &[0, 1]);
            push(&mut out, 0x05, &[u8::from(piv.management_default)]);
        }
        _ => {
            let found = piv.slots.iter().find(|slot| slot.number == of).and_then(|slot| slot.point.as_ref());
            let Some(point) = found else { return Reply::sw(0x6A88) };
            push(&mut out, 0x01, &[0x11]);
            push(&mut out, 0x02, &[2, 1]);
            push(&mut out, 0x03, &[1]);
            push(&mut out, 0x04, &certificate::tlv(0x86, &[point]));
        }
    }
    Reply::data(out)
}

/// AES-192 came as the factory's with firmware 5.7.
fn management_algorithm(options: &Options) -> ManagementAlgorithm {
    let of_factory = match options.firmware >= Version(5, 7, 0) {
        true => ManagementAlgorithm::Aes192,
        false => ManagementAlgorithm::ThreeDes,
    };
    options.piv.management_algorithm.unwrap_or(of_factory)
}

fn object(piv: &Piv, wanted: &[u8]) -> Reply {
    let Some(id) = wanted.strip_prefix(&[0x5C, 0x03]) else { return Reply::sw(NOT_FOUND) };
    let found = piv.slots.iter().find(|slot| PivSlot::object_id(slot.number).is_some_and(|own| own == id));
    match found.and_then(|slot| slot.object.as_ref()) {
        Some(object) => Reply::data(certificate::tlv(0x53, &[object])),
        None => Reply::sw(NOT_FOUND),
    }
}
