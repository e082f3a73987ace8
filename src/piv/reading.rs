//! The `yubikey` crate, at arm's length. Measured and read in 0.9.0-rc.0:
//!
//! - It slices answers unchecked in places (GET VERSION, metadata) and panics on short ones. It waits for another
//!   program's transaction without limit, and asks for the rest of an answer for as long as the card says there is
//!   one. So it runs on a thread of its own: a panic is a malformed answer, and patience ends.
//! - `YubiKey::open` and `open_by_serial` connect to every reader and select PIV in each. Here one reader is opened, by
//!   name.
//! - Access is shared, with a transaction for each operation only: another program can select its own applet in
//!   between. What is sent here changes nothing in any applet, and an answer of the wrong one is noticed ([`again`]).
//! - Dropping a `YubiKey` disconnects and resets the card. That is what [`crate::transport::pcsc`] does as well: a
//!   program that shares the reader is told that what it had selected is selected no more.
//! - It traces APDUs to the `log` crate, PINs too. None is sent here, and this program installs no logger.
//! - `Certificate::read` takes every failure, a pulled key too, for an empty slot, and does not decompress. So the data
//!   object is fetched, whose errors are typed, and only the certificate in it is the crate's to parse.

use super::{Certificate, Error, Info, METADATA_SINCE, ManagementKey, Slot, SlotKey, Tries};
use crate::keys::Serial;
use crate::oath::Version;
use crate::transport::{self, pcsc};
use std::io::Read;
use std::panic;
use std::sync::{Once, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};
use yubikey::piv::{self, AlgorithmId, ManagementSlotId, Origin, SlotAlgorithmId, SlotId, SlotMetadata};
use yubikey::{Context, MgmAlgorithmId, MgmKey, YubiKey};

/// How long all of it may take. A slow key takes 3 s; a program that waits for a touch holds its transaction 15 s.
const PATIENCE: Duration = Duration::from_secs(15);

const THREAD: &str = "piv";

/// The most a compressed certificate may grow to. A data object holds 3052 bytes.
const MAX_CERTIFICATE: u64 = 64 * 1024;

/// `SCARD_E_NO_MEMORY`: there is no thread to be had.
const NO_MEMORY: u32 = 0x8010_0006;

pub(super) fn read(reader: &str, expected: Option<Serial>) -> Result<Info, Error> {
    match attempt(reader, expected) {
        Err(error) if again(&error) => attempt(reader, expected), // once: reading changes nothing
        outcome => outcome,
    }
}

/// Whether it may have been another program that got between two commands.
fn again(error: &Error) -> bool {
    matches!(error, Error::Disturbed | Error::Refused | Error::Transport(transport::Error::Reset))
}

fn attempt(reader: &str, expected: Option<Serial>) -> Result<Info, Error> {
    hush();
    let name = reader.to_owned();
    let (give, take) = mpsc::sync_channel(1);
    let visit = move || drop(give.send(visit(&name, expected)));
    let no_thread = |_| Error::Transport(transport::Error::Pcsc { code: NO_MEMORY });
    thread::Builder::new().name(THREAD.into()).spawn(visit).map_err(no_thread)?;
    match take.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Error::Transport(pcsc::busy(reader))),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(Error::Malformed), // it panicked
    }
}

/// Keeps a panic of the crate from being printed: it becomes an error, which is.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(THREAD) {
                before(panic);
            }
        }));
    });
}

fn visit(reader: &str, expected: Option<Serial>) -> Result<Info, Error> {
    let told = |error| describe(error, reader);
    let mut context = Context::open().map_err(told)?;
    let found = context.iter().map_err(told)?.find(|found| found.name() == reader);
    let no_reader = || Error::Transport(transport::Error::NoReader { reader: reader.to_owned() });
    let mut key = found.ok_or_else(no_reader)?.open().map_err(told)?;
    let serial = Serial(key.serial().0);
    if expected.is_some_and(|expected| expected != serial) {
        return Err(Error::OtherKey { found: serial });
    }
    let version = key.version();
    let mut applet = Applet { version: Version(version.major, version.minor, version.patch), key: &mut key, reader };
    Ok(Info {
        serial,
        version: applet.version,
        pin: applet.pin()?,
        puk: applet.tries(ManagementSlotId::Puk)?,
        management_key: applet.management_key()?,
        slots: applet.slots()?,
    })
}

struct Applet<'a> {
    version: Version,
    key: &'a mut YubiKey,
    reader: &'a str,
}

impl Applet<'_> {
    /// Where metadata does not tell, an empty VERIFY does, which is no try.
    fn pin(&mut self) -> Result<Tries, Error> {
        if let Some(tries) = self.tries(ManagementSlotId::Pin)? {
            return Ok(tries);
        }
        let left = self.key.get_pin_retries().map_err(|error| describe(error, self.reader))?;
        Ok(Tries { left, of: None, default: None })
    }

    fn tries(&mut self, which: ManagementSlotId) -> Result<Option<Tries>, Error> {
        let Some(told) = self.metadata(SlotId::Management(which))? else { return Ok(None) };
        let SlotMetadata { retries: Some(tries), default, .. } = told.map_err(|_| Error::Malformed)? else {
            return Err(Error::Malformed);
        };
        Ok(Some(Tries { left: tries.remaining_count, of: Some(tries.retry_count), default }))
    }

    fn management_key(&mut self) -> Result<ManagementKey, Error> {
        let factory = MgmKey::get_default(self.key).map_err(|error| describe(error, self.reader))?;
        let factory_algorithm = name(factory.algorithm_id());
        let (algorithm, default) = match self.metadata(SlotId::Management(ManagementSlotId::Management))? {
            None => (Some("3DES"), None), // there was no other
            Some(Err(yubikey::Error::AlgorithmError)) => (None, None),
            Some(Err(_)) => return Err(Error::Malformed),
            Some(Ok(SlotMetadata { algorithm: SlotAlgorithmId::Management(one), default, .. })) => {
                (Some(name(one)), default)
            }
            // No algorithm told, which the crate shows as that of a PIN. ykman takes it for 3DES too.
            Some(Ok(SlotMetadata { algorithm: SlotAlgorithmId::PinPuk, default, .. })) => (Some("3DES"), default),
            Some(Ok(_)) => return Err(Error::Malformed),
        };
        Ok(ManagementKey { algorithm, factory_algorithm, default })
    }

    fn slots(&mut self) -> Result<Vec<Slot>, Error> {
        let mut slots = Vec::new();
        for number in [0x9A, 0x9C, 0x9D, 0x9E].into_iter().chain(0x82..=0x95).chain([0xF9]) {
            let key = self.slot_key(number)?;
            let certificate = self.certificate(number)?;
            if certificate.is_some() || matches!(key, SlotKey::Present { .. }) {
                slots.push(Slot { number, key, certificate });
            }
        }
        Ok(slots)
    }

    fn slot_key(&mut self, number: u8) -> Result<SlotKey, Error> {
        let slot = SlotId::try_from(number).map_err(|_| Error::Malformed)?;
        Ok(match self.metadata(slot)? {
            None => SlotKey::Untold,
            Some(Err(yubikey::Error::NotFound)) => SlotKey::Absent,
            // A policy or an algorithm that the crate does not know: it is there all the same.
            Some(Err(_)) => SlotKey::Present { algorithm: None, generated: None },
            Some(Ok(told)) => SlotKey::Present {
                algorithm: match told.algorithm {
                    SlotAlgorithmId::Asymmetric(algorithm) => Some(asymmetric(algorithm)),
                    _ => None,
                },
                generated: told.origin.map(|origin| origin == Origin::Generated),
            },
        })
    }

    /// What GET METADATA tells of a slot, or what the crate makes of that; `None` where the firmware has no such
    /// command. A firmware that has it and says otherwise is some other applet.
    fn metadata(&mut self, slot: SlotId) -> Result<Option<Result<SlotMetadata, yubikey::Error>>, Error> {
        use yubikey::Error as E;
        match piv::metadata(self.key, slot) {
            Err(E::NotSupported) if self.version < METADATA_SINCE => Ok(None),
            Err(E::NotSupported) => Err(Error::Disturbed),
            Err(error @ (E::PcscError { .. } | E::GenericError)) => Err(describe(error, self.reader)),
            answer => Ok(Some(answer)),
        }
    }

    fn certificate(&mut self, number: u8) -> Result<Option<Certificate>, Error> {
        use yubikey::Error as E;
        let Some(object) = object_id(number) else { return Ok(None) };
        match self.key.fetch_object(object) {
            Ok(object) if object.is_empty() => Ok(None), // deleted
            Ok(object) => Ok(Some(certificate(&object))),
            Err(E::NotFound) => Ok(None),
            Err(error @ (E::PcscError { .. } | E::GenericError)) => Err(describe(error, self.reader)),
            Err(_) => Ok(Some(Certificate::Unreadable)),
        }
    }
}

/// What the crate says, in this room's words.
fn describe(error: yubikey::Error, reader: &str) -> Error {
    use yubikey::Error as E;
    match error {
        E::PcscError { inner: Some(code) } => Error::Transport(pcsc::met_elsewhere(code, reader)),
        E::AppletNotFound { applet_name: "PIV" } => Error::NoApplet,
        E::AppletNotFound { .. } => Error::NoSerial,
        E::NotSupported => Error::TooOld,
        E::GenericError | E::PcscError { inner: None } => Error::Refused,
        _ => Error::Malformed,
    }
}

/// The data object of a slot's certificate (SP 800-73-4 part 1, table 3; F9 is Yubico's own).
fn object_id(slot: u8) -> Option<yubikey::ObjectId> {
    Some(match slot {
        0x9A => 0x5F_C105,
        0x9C => 0x5F_C10A,
        0x9D => 0x5F_C10B,
        0x9E => 0x5F_C101,
        0x82..=0x95 => 0x5F_C10D + u32::from(slot - 0x82),
        0xF9 => 0x5F_FF01,
        _ => return None,
    })
}

/// The certificate in a data object: 70 the certificate, 71 whether it is compressed, FE nothing.
pub(super) fn certificate(object: &[u8]) -> Certificate {
    parse(object).unwrap_or(Certificate::Unreadable)
}

fn parse(object: &[u8]) -> Option<Certificate> {
    let (mut der, mut compressed, mut rest) = (None, false, object);
    while !rest.is_empty() {
        let (tag, value) = tlv(&mut rest)?;
        match tag {
            0x70 => der = Some(value),
            0x71 => compressed = value.first().is_some_and(|flags| flags & 1 != 0),
            _ => {}
        }
    }
    let mut certificate = Vec::new();
    match der? {
        der if compressed => {
            flate2::read::GzDecoder::new(der).take(MAX_CERTIFICATE).read_to_end(&mut certificate).ok()?;
        }
        der => certificate.extend_from_slice(der),
    }
    let certificate = yubikey::Certificate::from_bytes(certificate).ok()?;
    let validity = certificate.cert.tbs_certificate().validity();
    let moment = |since_epoch| SystemTime::UNIX_EPOCH.checked_add(since_epoch);
    Some(Certificate::Readable {
        subject: certificate.subject(),
        not_before: moment(validity.not_before.to_unix_duration())?,
        not_after: moment(validity.not_after.to_unix_duration())?,
    })
}

/// Takes one TLV off the front: a tag of one byte, a length of one to three (X.690 §8.1.3).
fn tlv<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, len, after) = match **rest {
        [tag, 0x82, high, low, ref after @ ..] => (tag, usize::from(u16::from_be_bytes([high, low])), after),
        [tag, 0x81, len, ref after @ ..] => (tag, usize::from(len), after),
        [tag, len @ 0..=0x7F, ref after @ ..] => (tag, usize::from(len), after),
        _ => return None,
    };
    let (value, after) = after.split_at_checked(len)?;
    *rest = after;
    Some((tag, value))
}

fn name(algorithm: MgmAlgorithmId) -> &'static str {
    match algorithm {
        MgmAlgorithmId::ThreeDes => "3DES",
        MgmAlgorithmId::Aes128 => "AES-128",
        MgmAlgorithmId::Aes192 => "AES-192",
        MgmAlgorithmId::Aes256 => "AES-256",
    }
}

fn asymmetric(algorithm: AlgorithmId) -> &'static str {
    match algorithm {
        AlgorithmId::Rsa1024 => "RSA-1024",
        AlgorithmId::Rsa2048 => "RSA-2048",
        AlgorithmId::Rsa3072 => "RSA-3072",
        AlgorithmId::Rsa4096 => "RSA-4096",
        AlgorithmId::EccP256 => "P-256",
        AlgorithmId::EccP384 => "P-384",
        AlgorithmId::Ed25519 => "Ed25519",
        AlgorithmId::X25519 => "X25519",
    }
}
