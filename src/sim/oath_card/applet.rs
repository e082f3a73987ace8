//! The OATH applet as a YubiKey has it: credentials, the access key, and the status words.

use super::command::{Command, push, tagged, tlv};
use super::{Reply, Touch};
use crate::oath::Version;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::time::Duration;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub(super) const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01];
pub(super) const SEND_REMAINING: u8 = 0xA5;

const AUTH_REQUIRED: u16 = 0x6982;
const NO_SUCH_OBJECT: u16 = 0x6984;
const WRONG_SYNTAX: u16 = 0x6A80;
const NO_SPACE: u16 = 0x6A84;
const WRONG_PARAMETERS: u16 = 0x6A86;
const NO_SUCH_INSTRUCTION: u16 = 0x6D00;

const HOTP: u8 = 0x10;
const TOTP: u8 = 0x20;
const NEEDS_TOUCH: u8 = 0x02;

pub(super) struct Applet {
    version: Version,
    capacity: usize,
    salt: [u8; 8],
    access_key: Option<Zeroizing<Vec<u8>>>,
    credentials: Vec<Stored>,
}

struct Stored {
    name: Vec<u8>,
    /// Kind and hash, one nibble each.
    kind: u8,
    digits: u8,
    properties: u8,
    counter: u64,
    key: Zeroizing<Vec<u8>>,
}

/// What the holder of a connection has proved since SELECT.
#[derive(Default)]
pub(super) struct Security {
    validated: bool,
    challenge: [u8; 8],
}

impl Applet {
    pub(super) fn new(version: Version, capacity: Option<usize>) -> Self {
        let capacity = capacity.unwrap_or(if version >= Version(5, 7, 0) { 64 } else { 32 });
        Self { version, capacity, salt: random(), access_key: None, credentials: Vec::new() }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.credentials.iter().map(|stored| String::from_utf8_lossy(&stored.name).into_owned()).collect()
    }

    pub(super) fn selected(&self, security: &mut Security) -> Reply {
        let mut out = Vec::new();
        let Version(major, minor, patch) = self.version;
        push(&mut out, 0x79, &[major, minor, patch]);
        push(&mut out, 0x71, &self.salt);
        if self.access_key.is_some() {
            security.challenge = random();
            push(&mut out, 0x74, &security.challenge);
            push(&mut out, 0x7B, &[0x01]);
        }
        Reply::data(out)
    }

    pub(super) fn answer(&mut self, security: &mut Security, command: &Command<'_>, touch: Touch) -> Reply {
        let locked = self.access_key.is_some() && !security.validated;
        let (p, data) = ((command.p1, command.p2), command.data);
        let result = match (command.ins, p) {
            (0xA3, (0, 0)) => self.validate(security, data),
            (0x04, (0xDE, 0xAD)) => self.reset(security),
            (0x01..=0x03 | 0x05 | 0xA1 | 0xA2 | 0xA4, _) if locked => Err(AUTH_REQUIRED),
            (0x01, (0, 0)) => self.put(data),
            (0x02, (0, 0)) => self.delete(data),
            (0x03, (0, 0)) => self.set_code(security, data),
            (0x05, (0, 0)) if self.version >= Version(5, 3, 1) => self.rename(data),
            (0xA1, (0, 0)) => Ok(self.list()),
            (0xA2, (0, full @ (0 | 1))) => return self.calculate(data, full == 0, touch),
            (0xA4, (0, full @ (0 | 1))) => self.calculate_all(data, full == 0),
            (0x01..=0x05 | 0xA1..=0xA4, _) => Err(WRONG_PARAMETERS),
            _ => Err(NO_SUCH_INSTRUCTION),
        };
        result.map_or_else(Reply::sw, Reply::data)
    }

    fn find(&self, name: &[u8]) -> Result<usize, u16> {
        self.credentials.iter().position(|stored| stored.name == name).ok_or(NO_SUCH_OBJECT)
    }

    fn at(&mut self, index: usize) -> Result<&mut Stored, u16> {
        self.credentials.get_mut(index).ok_or(NO_SUCH_OBJECT)
    }

    fn put(&mut self, mut data: &[u8]) -> Result<Vec<u8>, u16> {
        let stored = Stored::parse(&mut data, self.version).ok_or(WRONG_SYNTAX)?;
        // Firmware 4.0.1 to 4.3.4 compares only as many bytes as the new name has.
        let confuses = (Version(4, 0, 1)..=Version(4, 3, 4)).contains(&self.version);
        let same = |old: &Stored| old.name == stored.name || (confuses && old.name.starts_with(&stored.name));
        match self.credentials.iter().position(same) {
            Some(index) => *self.at(index)? = stored,
            None if self.credentials.len() >= self.capacity => return Err(NO_SPACE),
            None => self.credentials.push(stored),
        }
        Ok(Vec::new())
    }

    fn delete(&mut self, mut data: &[u8]) -> Result<Vec<u8>, u16> {
        let index = self.find(name(&mut data)?)?;
        self.credentials.remove(index);
        Ok(Vec::new())
    }

    fn rename(&mut self, mut data: &[u8]) -> Result<Vec<u8>, u16> {
        let (from, to) = (name(&mut data)?, name(&mut data)?);
        let index = self.find(from)?;
        if self.find(to).is_ok() {
            return Err(NO_SUCH_OBJECT);
        }
        self.at(index)?.name = to.to_vec();
        Ok(Vec::new())
    }

    fn list(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for stored in &self.credentials {
            let mut value = vec![stored.kind];
            value.extend_from_slice(&stored.name);
            push(&mut out, 0x72, &value);
        }
        out
    }

    fn calculate(&mut self, mut data: &[u8], full: bool, touch: Touch) -> Reply {
        let found = name(&mut data).and_then(|name| self.find(name)).and_then(|index| self.at(index));
        let (stored, challenge) = match (found, tagged(&mut data, 0x74)) {
            (Ok(stored), Some(challenge)) => (stored, challenge),
            (Err(sw), _) => return Reply::sw(sw),
            (_, None) => return Reply::sw(WRONG_SYNTAX),
        };
        let after = match touch {
            Touch::Never(delay) if stored.needs_touch() => return Reply { after: delay, ..Reply::sw(AUTH_REQUIRED) },
            _ => Duration::ZERO,
        };
        match stored.calculate(challenge, full) {
            Some((tag, value)) => {
                let mut out = Vec::with_capacity(2 + value.len());
                push(&mut out, tag, &value);
                Reply { after, ..Reply::data(out) }
            }
            None => Reply::sw(WRONG_SYNTAX),
        }
    }

    fn calculate_all(&mut self, mut data: &[u8], full: bool) -> Result<Vec<u8>, u16> {
        let challenge = tagged(&mut data, 0x74).ok_or(WRONG_SYNTAX)?;
        let mut out = Vec::with_capacity(self.credentials.len() * 160); // enough not to grow over codes
        for stored in &mut self.credentials {
            push(&mut out, 0x71, &stored.name);
            match () {
                () if stored.kind & 0xF0 == HOTP => push(&mut out, 0x77, &[stored.digits]),
                () if stored.needs_touch() => push(&mut out, 0x7C, &[stored.digits]),
                () => {
                    let (tag, value) = stored.calculate(challenge, full).ok_or(WRONG_SYNTAX)?;
                    push(&mut out, tag, &value);
                }
            }
        }
        Ok(out)
    }

    fn set_code(&mut self, security: &mut Security, mut data: &[u8]) -> Result<Vec<u8>, u16> {
        let key = if data.is_empty() { data } else { tagged(&mut data, 0x73).ok_or(WRONG_SYNTAX)? };
        let Some((_kind, key)) = key.split_first() else {
            self.access_key = None;
            return Ok(Vec::new());
        };
        let challenge = tagged(&mut data, 0x74).ok_or(WRONG_SYNTAX)?;
        let response = tagged(&mut data, 0x75).ok_or(WRONG_SYNTAX)?;
        if !bool::from(hmac_sha1(key, challenge).ok_or(WRONG_SYNTAX)?.ct_eq(response)) {
            return Err(NO_SUCH_OBJECT);
        }
        self.access_key = Some(Zeroizing::new(key.to_vec()));
        security.validated = true;
        Ok(Vec::new())
    }

    fn validate(&mut self, security: &mut Security, mut data: &[u8]) -> Result<Vec<u8>, u16> {
        let key = self.access_key.as_ref().ok_or(NO_SUCH_OBJECT)?;
        let response = tagged(&mut data, 0x75).ok_or(WRONG_SYNTAX)?;
        let challenge = tagged(&mut data, 0x74).ok_or(WRONG_SYNTAX)?;
        let expected = hmac_sha1(key, &security.challenge).ok_or(WRONG_SYNTAX)?;
        if !bool::from(expected.ct_eq(response)) {
            return Err(WRONG_SYNTAX);
        }
        security.validated = true;
        let mut out = Vec::new();
        push(&mut out, 0x75, &hmac_sha1(key, challenge).ok_or(WRONG_SYNTAX)?);
        Ok(out)
    }

    fn reset(&mut self, security: &mut Security) -> Result<Vec<u8>, u16> {
        *self = Self::new(self.version, Some(self.capacity));
        *security = Security::default();
        Ok(Vec::new())
    }
}

impl Stored {
    /// The data of PUT. The property has a tag and a value and no length.
    fn parse(data: &mut &[u8], version: Version) -> Option<Self> {
        let name = name(data).ok()?.to_vec();
        let &[kind, digits @ 6..=8, ref secret @ ..] = tagged(data, 0x73)? else { return None };
        if !matches!(kind & 0xF0, HOTP | TOTP) {
            return None;
        }
        let longest = match kind & 0x0F {
            0x01 | 0x02 => 64,
            0x03 if version >= Version(4, 3, 1) => 128,
            _ => return None,
        };
        if !(14..=longest).contains(&secret.len()) {
            return None;
        }
        let key = Zeroizing::new(secret.to_vec());
        let mut stored = Self { name, kind, digits, properties: 0, counter: 0, key };
        while let Some(tag) = data.first() {
            if *tag == 0x78 {
                let (_, rest) = data.split_first()?;
                let (properties, rest) = rest.split_first()?;
                (stored.properties, *data) = (*properties, rest);
            } else {
                let (0x7A, counter) = tlv(data)? else { return None };
                stored.counter = u64::from(u32::from_be_bytes(counter.try_into().ok()?));
            }
        }
        let touches = version >= Version(4, 2, 6);
        (stored.properties & !0x03 == 0 && (touches || !stored.needs_touch())).then_some(stored)
    }

    fn needs_touch(&self) -> bool {
        self.properties & NEEDS_TOUCH != 0
    }

    /// The tag and value of an answer: the code's four bytes (RFC 4226 §5.3), or the full HMAC.
    fn calculate(&mut self, challenge: &[u8], full: bool) -> Option<(u8, Zeroizing<Vec<u8>>)> {
        let counter = self.counter.to_be_bytes();
        let message = if self.kind & 0xF0 == HOTP {
            self.counter += 1;
            &counter[..]
        } else {
            Some(challenge).filter(|challenge| challenge.len() == 8)?
        };
        let mac = match self.kind & 0x0F {
            0x01 => hmac::<Hmac<Sha1>>(&self.key, message)?,
            0x02 => hmac::<Hmac<Sha256>>(&self.key, message)?,
            _ => hmac::<Hmac<Sha512>>(&self.key, message)?,
        };
        let mut value = Zeroizing::new(Vec::with_capacity(1 + mac.len()));
        value.push(self.digits);
        if full {
            value.extend_from_slice(&mac);
            return Some((0x75, value));
        }
        let offset = usize::from(mac.last()? & 0x0F);
        value.extend_from_slice(mac.get(offset..offset + 4)?);
        if let Some(first) = value.get_mut(1) {
            *first &= 0x7F;
        }
        Some((0x76, value))
    }
}

/// A name of 1 to 64 bytes.
fn name<'a>(data: &mut &'a [u8]) -> Result<&'a [u8], u16> {
    tagged(data, 0x71).filter(|name| (1..=64).contains(&name.len())).ok_or(WRONG_SYNTAX)
}

fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    hmac::<Hmac<Sha1>>(key, message)
}

/// # Panics
/// When the system's random source fails.
#[allow(clippy::expect_used)]
fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    bytes
}
