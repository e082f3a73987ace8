//! Writing DER (X.690), as much as a certificate takes.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0C;
const PRINTABLE_STRING: u8 = 0x13;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len().to_be_bytes();
    if content.len() < 0x80 {
        out.extend(len.last());
    } else {
        let short: Vec<u8> = len.into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | u8::try_from(short.len()).unwrap_or(8));
        out.extend(short);
    }
    out.extend_from_slice(content);
    out
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(SET, &parts.concat())
}

/// A context tag around a value.
pub(super) fn explicit(number: u8, value: &[u8]) -> Vec<u8> {
    tlv(0xA0 | number, value)
}

/// A number that is not negative, from its big-endian bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(INTEGER, &content)
}

pub(super) fn boolean(truth: bool) -> Vec<u8> {
    tlv(BOOLEAN, &[if truth { 0xFF } else { 0 }])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, bytes)
}

/// A bit string whose last `unused` bits do not count.
pub(super) fn bits(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[unused], bytes].concat())
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    tlv(UTF8_STRING, text.as_bytes())
}

pub(super) fn printable(text: &str) -> Vec<u8> {
    tlv(PRINTABLE_STRING, text.as_bytes())
}

/// `YYMMDDhhmmssZ`, for years to 2049.
pub(super) fn utc_time(text: &str) -> Vec<u8> {
    tlv(UTC_TIME, text.as_bytes())
}

/// `YYYYMMDDhhmmssZ`, for years from 2050.
pub(super) fn generalized_time(text: &str) -> Vec<u8> {
    tlv(GENERALIZED_TIME, text.as_bytes())
}

/// An object identifier from its numbers; the first two go into one.
pub(super) fn oid(numbers: &[u32]) -> Vec<u8> {
    let (first, rest) = match numbers {
        [first, second, rest @ ..] => (first * 40 + second, rest),
        _ => (0, numbers),
    };
    let mut content = Vec::new();
    for number in std::iter::once(&first).chain(rest) {
        let mut septets = vec![(number & 0x7F) as u8];
        let mut left = number >> 7;
        while left > 0 {
            septets.push(0x80 | (left & 0x7F) as u8);
            left >>= 7;
        }
        content.extend(septets.into_iter().rev());
    }
    tlv(OID, &content)
}
