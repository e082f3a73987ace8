//! YKOATH bytes, pure: commands built, answers read. Knows nothing of cards or order.
//!
//! Commands are short APDUs (ISO 7816-4): at most 255 bytes of data, no Le. Every buffer is allocated once, in its
//! final size, and wiped on drop.

use super::{Answer, Credential, Error, MAX_NAME, Name, New, Version};
use crate::secret::{self, Code, Seed};
use crate::totp::{Algorithm, Kind};
use sha2::Digest;
use zeroize::Zeroizing;

const AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01];

/// Instructions.
mod ins {
    pub(super) const PUT: u8 = 0x01;
    pub(super) const DELETE: u8 = 0x02;
    pub(super) const SET_CODE: u8 = 0x03;
    pub(super) const RESET: u8 = 0x04;
    pub(super) const RENAME: u8 = 0x05;
    pub(super) const LIST: u8 = 0xA1;
    pub(super) const CALCULATE: u8 = 0xA2;
    pub(super) const VALIDATE: u8 = 0xA3;
    /// SELECT and CALCULATE ALL share the number; P1 tells them apart.
    pub(super) const SELECT: u8 = 0xA4;
    pub(super) const CALCULATE_ALL: u8 = 0xA4;
    /// Not ISO's GET RESPONSE (C0).
    pub(super) const SEND_REMAINING: u8 = 0xA5;
}

/// Tags.
mod tag {
    pub(super) const NAME: u8 = 0x71;
    pub(super) const LISTED: u8 = 0x72;
    pub(super) const KEY: u8 = 0x73;
    pub(super) const CHALLENGE: u8 = 0x74;
    pub(super) const RESPONSE: u8 = 0x75;
    pub(super) const TRUNCATED: u8 = 0x76;
    pub(super) const HOTP: u8 = 0x77;
    pub(super) const PROPERTY: u8 = 0x78;
    pub(super) const VERSION: u8 = 0x79;
    pub(super) const COUNTER: u8 = 0x7A;
    pub(super) const TOUCH: u8 = 0x7C;
}

const TYPE_HOTP: u8 = 0x10;
const TYPE_TOTP: u8 = 0x20;
const REQUIRE_TOUCH: u8 = 0x02;
/// What the access key's HMAC is: TOTP's type, SHA-1.
const ACCESS_ALGORITHM: u8 = TYPE_TOTP | 0x01;
/// The applet wants at least this much key; HMAC pads with zeros anyway, so nothing changes.
const MIN_KEY: usize = 14;

pub(super) type Apdu = Zeroizing<Vec<u8>>;

/// A part of a command's data.
enum Field<'a> {
    /// Tag, length, and the value in pieces.
    Tlv(u8, &'a [&'a [u8]]),
    /// As it stands: the property has no length byte.
    Bare(&'a [u8]),
}

impl Field<'_> {
    fn value_len(&self) -> usize {
        match self {
            Self::Tlv(_, pieces) => pieces.iter().map(|piece| piece.len()).sum(),
            Self::Bare(bytes) => bytes.len(),
        }
    }

    fn len(&self) -> usize {
        match (self, self.value_len()) {
            (Self::Bare(_), len) => len,
            (Self::Tlv(..), len @ 0..0x80) => 2 + len,
            (Self::Tlv(..), len) => 3 + len,
        }
    }
}

/// Builds a command. Only names can make it too long, so that is `BadName`.
fn command(ins: u8, p1: u8, p2: u8, fields: &[Field<'_>]) -> Result<Apdu, Error> {
    let len = fields.iter().map(Field::len).sum();
    let lc = u8::try_from(len).map_err(|_| Error::BadName { bytes: len })?;
    let mut apdu = Zeroizing::new(Vec::with_capacity(5 + len));
    apdu.extend_from_slice(&[0x00, ins, p1, p2, lc]);
    for field in fields {
        match field {
            Field::Bare(bytes) => apdu.extend_from_slice(bytes),
            Field::Tlv(tag, pieces) => {
                let len = u8::try_from(field.value_len()).unwrap_or(u8::MAX); // at most lc
                apdu.push(*tag);
                if len >= 0x80 {
                    apdu.push(0x81);
                }
                apdu.push(len);
                pieces.iter().for_each(|piece| apdu.extend_from_slice(piece));
            }
        }
    }
    Ok(apdu)
}

pub(super) fn select() -> Result<Apdu, Error> {
    command(ins::SELECT, 0x04, 0x00, &[Field::Bare(&AID)])
}

pub(super) fn send_remaining() -> Result<Apdu, Error> {
    command(ins::SEND_REMAINING, 0x00, 0x00, &[])
}

/// A command that no applet has. Firmware 4.2.0 to 4.2.6 wants one after an answer of more than 54 bytes.
pub(super) fn nothing() -> Result<Apdu, Error> {
    command(0x00, 0x00, 0x00, &[])
}

pub(super) fn list() -> Result<Apdu, Error> {
    command(ins::LIST, 0x00, 0x00, &[])
}

pub(super) fn delete(name: &Name) -> Result<Apdu, Error> {
    command(ins::DELETE, 0x00, 0x00, &[Field::Tlv(tag::NAME, &[name.bytes()])])
}

pub(super) fn rename(from: &Name, to: &Name) -> Result<Apdu, Error> {
    let (from, to) = ([from.bytes()], [to.bytes()]);
    command(ins::RENAME, 0x00, 0x00, &[Field::Tlv(tag::NAME, &from), Field::Tlv(tag::NAME, &to)])
}

pub(super) fn reset() -> Result<Apdu, Error> {
    command(ins::RESET, 0xDE, 0xAD, &[])
}

/// CALCULATE, truncated. `None`: an HOTP credential, which has its own counter.
pub(super) fn calculate(name: &Name, step: Option<u64>) -> Result<Apdu, Error> {
    let step = step.map(u64::to_be_bytes);
    let challenge = [step.as_ref().map_or(&[][..], |step| step)];
    let name = [name.bytes()];
    command(ins::CALCULATE, 0x00, 0x01, &[Field::Tlv(tag::NAME, &name), Field::Tlv(tag::CHALLENGE, &challenge)])
}

pub(super) fn calculate_all(step: u64) -> Result<Apdu, Error> {
    command(ins::CALCULATE_ALL, 0x00, 0x01, &[Field::Tlv(tag::CHALLENGE, &[&step.to_be_bytes()])])
}

pub(super) fn validate(response: &[u8], challenge: &[u8]) -> Result<Apdu, Error> {
    let (response, challenge) = ([response], [challenge]);
    let fields = [Field::Tlv(tag::RESPONSE, &response), Field::Tlv(tag::CHALLENGE, &challenge)];
    command(ins::VALIDATE, 0x00, 0x00, &fields)
}

pub(super) fn set_code(key: &[u8], challenge: &[u8], response: &[u8]) -> Result<Apdu, Error> {
    let (key, challenge, response) = ([&[ACCESS_ALGORITHM][..], key], [challenge], [response]);
    let fields =
        [Field::Tlv(tag::KEY, &key), Field::Tlv(tag::CHALLENGE, &challenge), Field::Tlv(tag::RESPONSE, &response)];
    command(ins::SET_CODE, 0x00, 0x00, &fields)
}

pub(super) fn clear_code() -> Result<Apdu, Error> {
    command(ins::SET_CODE, 0x00, 0x00, &[Field::Tlv(tag::KEY, &[])])
}

/// PUT. Hashing and copying the seed happen on the wiped stack; the only copy that stays is the command's.
pub(super) fn put(new: &New<'_>) -> Result<Apdu, Error> {
    if new.seed.len() < 2 {
        return Err(Error::SeedTooShort);
    }
    secret::on_wiped_stack(|| with_key(new.seed, new.params.algorithm, |key| put_key(new, key)))
}

fn put_key(new: &New<'_>, key: &[u8]) -> Result<Apdu, Error> {
    let (kind, counter) = match new.kind {
        Kind::Totp => (TYPE_TOTP, 0),
        Kind::Hotp { counter } => (TYPE_HOTP, counter),
    };
    let head = [kind | algorithm_code(new.params.algorithm), new.params.digits];
    let (name, key, counter) = ([new.name.bytes()], [&head[..], key], counter.to_be_bytes());
    let fields = [
        Field::Tlv(tag::NAME, &name),
        Field::Tlv(tag::KEY, &key),
        Field::Bare(if new.touch { &[tag::PROPERTY, REQUIRE_TOUCH] } else { &[] }),
        if counter == [0; 4] { Field::Bare(&[]) } else { Field::Tlv(tag::COUNTER, &[&counter]) },
    ];
    command(ins::PUT, 0x00, 0x00, &fields)
}

/// Lends the seed as the applet wants it: hashed when longer than the hash's block (RFC 2104 §2), at least 14 bytes.
fn with_key<R>(seed: &Seed, algorithm: Algorithm, f: impl FnOnce(&[u8]) -> R) -> R {
    let block = if algorithm == Algorithm::Sha512 { 128 } else { 64 };
    seed.expose(|raw| {
        let mut short = Zeroizing::new([0u8; MIN_KEY]);
        match (raw.len() > block, algorithm) {
            (true, Algorithm::Sha1) => f(&Zeroizing::<[u8; 20]>::new(sha1::Sha1::digest(raw).into())[..]),
            (true, Algorithm::Sha256) => f(&Zeroizing::<[u8; 32]>::new(sha2::Sha256::digest(raw).into())[..]),
            (true, Algorithm::Sha512) => f(&Zeroizing::<[u8; 64]>::new(sha2::Sha512::digest(raw).into())[..]),
            (false, _) => match short.get_mut(..raw.len()) {
                Some(front) => {
                    front.copy_from_slice(raw);
                    f(&short[..])
                }
                None => f(raw),
            },
        }
    })
}

fn algorithm_code(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Sha1 => 0x01,
        Algorithm::Sha256 => 0x02,
        Algorithm::Sha512 => 0x03,
    }
}

/// Tags and values of an answer, in order; ends after the first error. Lengths as in BER (one byte, or 81 to 83 and
/// as many more).
struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    fn take(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (len, rest) = match first {
            0x00..=0x7F => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x0F))?;
                (bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((*tag, value))
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<(u8, &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = self.take().ok_or(Error::Malformed);
        if taken.is_err() {
            self.0 = &[];
        }
        Some(taken)
    }
}

pub(super) struct Selected {
    pub(super) version: Version,
    pub(super) salt: Vec<u8>,
    /// Present while a password is set.
    pub(super) challenge: Option<Vec<u8>>,
}

pub(super) fn selected(answer: &[u8]) -> Result<Selected, Error> {
    let (mut version, mut salt, mut challenge) = (None, None, None);
    for tlv in Tlvs(answer) {
        match tlv? {
            (tag::VERSION, &[major, minor, patch]) => version = Some(Version(major, minor, patch)),
            (tag::NAME, value) => salt = Some(value.to_vec()),
            (tag::CHALLENGE, value) => challenge = Some(value.to_vec()),
            _ => {} // 7B, the algorithm: always SHA-1
        }
    }
    match (version, salt) {
        (Some(version), Some(salt)) => Ok(Selected { version, salt, challenge }),
        _ => Err(Error::Malformed),
    }
}

pub(super) fn listed(answer: &[u8]) -> Result<Vec<Credential>, Error> {
    Tlvs(answer)
        .map(|tlv| match tlv? {
            (tag::LISTED, &[kind, ref name @ ..]) if !name.is_empty() => Ok(Credential {
                name: Name::from_key(name),
                algorithm: match kind & 0x0F {
                    0x01 => Algorithm::Sha1,
                    0x02 => Algorithm::Sha256,
                    0x03 => Algorithm::Sha512,
                    _ => return Err(Error::Malformed),
                },
                hotp: kind & 0xF0 == TYPE_HOTP,
            }),
            _ => Err(Error::Malformed),
        })
        .collect()
}

pub(super) fn calculated(answer: &[u8]) -> Result<Code, Error> {
    match Tlvs(answer).next() {
        Some(Ok((tag::TRUNCATED, value))) => truncated(value),
        _ => Err(Error::Malformed),
    }
}

/// CALCULATE ALL: a name, then what the key says of it, and so on.
pub(super) fn calculated_all(answer: &[u8]) -> Result<Vec<(Name, Answer)>, Error> {
    let mut tlvs = Tlvs(answer);
    let mut all = Vec::new();
    while let Some(name) = tlvs.next() {
        let (tag::NAME, name) = name? else { return Err(Error::Malformed) };
        let answer = match tlvs.next().ok_or(Error::Malformed)?? {
            (tag::TRUNCATED, value) => Answer::Code(truncated(value)?),
            (tag::TOUCH, _) => Answer::Touch,
            (tag::HOTP, _) => Answer::Hotp,
            _ => return Err(Error::Malformed),
        };
        all.push((Name::from_key(name), answer));
    }
    Ok(all)
}

/// VALIDATE: the key's own proof.
pub(super) fn proof(answer: &[u8]) -> Result<[u8; 20], Error> {
    match Tlvs(answer).next() {
        Some(Ok((tag::RESPONSE, value))) => value.try_into().map_err(|_| Error::Malformed),
        _ => Err(Error::Malformed),
    }
}

/// Digits, then the four bytes of RFC 4226 §5.3's dynamic truncation.
fn truncated(value: &[u8]) -> Result<Code, Error> {
    let &[digits @ 6..=8, a, b, c, d] = value else { return Err(Error::Malformed) };
    let mut rest = u32::from_be_bytes([a, b, c, d]) & 0x7FFF_FFFF;
    let mut text = Zeroizing::new([0u8; 8]);
    let text = text.get_mut(..usize::from(digits)).ok_or(Error::Malformed)?;
    for place in text.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    Ok(Code::new(text))
}

const _: () = assert!(2 * (2 + MAX_NAME) <= 255, "two names fit one command");
