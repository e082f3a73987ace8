//! Identifiers, keys, tokens and seeds out of the system's random source.

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER};
use zeroize::Zeroizing;

pub(super) fn bytes<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    // On a running system the random source does not fail; without one no simulated secret would be one.
    getrandom::fill(bytes.as_mut_slice()).unwrap_or_else(|_| std::process::abort());
    bytes
}

/// Twelve digits, the first not 0.
pub(super) fn account() -> String {
    let n = u64::from_le_bytes(*bytes::<8>());
    format!("{:012}", 100_000_000_000 + n % 900_000_000_000)
}

/// A unique identifier as IAM makes them: four letters that tell the kind and sixteen of base32.
pub(super) fn identifier(prefix: &str) -> String {
    format!("{prefix}{}", BASE32_NOPAD.encode(bytes::<10>().as_slice()))
}

/// Letters and digits, as in the ids of an organization.
pub(super) fn lower(length: usize) -> String {
    let mut text = BASE32_NOPAD.encode(bytes::<20>().as_slice()).to_lowercase();
    text.truncate(length);
    text
}

/// An access key id. As in AWS's own since 2019, the account is in it: 48 bits after the prefix are a one, the account
/// number in 40 bits, and seven of something else.
pub(super) fn access_key_id(prefix: &str, account: &str) -> String {
    let number: u64 = account.parse().unwrap_or_default();
    let mut raw = bytes::<10>();
    let head = 1 << 47 | number << 7 | u64::from(raw.first().copied().unwrap_or_default() & 0x7f);
    for (byte, place) in raw.iter_mut().zip((0..6).rev()) {
        *byte = (head >> (8 * place)) as u8;
    }
    format!("{prefix}{}", BASE32_NOPAD.encode(raw.as_slice()))
}

pub(super) fn account_of(access_key_id: &str) -> Option<String> {
    let raw = BASE32_NOPAD.decode(access_key_id.get(4..)?.as_bytes()).ok()?;
    let head = raw.get(..6)?.iter().fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    Some(format!("{:012}", (head & 0x7fff_ffff_ff80) >> 7))
}

/// A signing certificate's id: thirty-two letters and digits; IAM has no shorter ones than twenty-four.
pub(super) fn certificate_id() -> String {
    BASE32_NOPAD.encode(bytes::<20>().as_slice())
}

/// A secret access key: forty characters of base64.
pub(super) fn secret_access_key() -> String {
    BASE64.encode(bytes::<30>().as_slice())
}

pub(super) fn session_token() -> String {
    format!("FwoGZXIvYXdzE{}", BASE64.encode(bytes::<180>().as_slice()))
}

/// A request id in the form of a UUID, version 4.
pub(super) fn request_id() -> String {
    let mut raw = bytes::<16>();
    for (at, byte) in raw.iter_mut().enumerate() {
        match at {
            6 => *byte = *byte & 0x0f | 0x40,
            8 => *byte = *byte & 0x3f | 0x80,
            _ => {}
        }
    }
    let hex = HEXLOWER.encode(raw.as_slice());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
