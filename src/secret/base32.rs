//! Base32 (RFC 4648 §6) as people and services write it, decoded without a copy in between.
//!
//! data-encoding's own lenient decoder wants an output buffer for the separators too and reports no position for a
//! text that ends too early; the encoder is data-encoding's.

use super::BadSeed;
use zeroize::Zeroizing;

/// One symbol: 5 bits.
fn value(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a'),
        b'2'..=b'7' => Some(symbol - b'2' + 26),
        _ => None,
    }
}

/// What people put between groups, or bring along when they paste. No line ends: a second line may be anything, and
/// with it the secret would be another.
fn is_separator(c: u8) -> bool {
    matches!(c, b' ' | b'-' | b'\t')
}

/// The text without padding and line ends at its end.
fn unpadded(text: &[u8]) -> &[u8] {
    let is_separator = |c: u8| is_separator(c) || matches!(c, b'\r' | b'\n');
    let end = text.iter().rposition(|c| !is_separator(*c) && *c != b'=').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// How many bytes the text stands for, or what it cannot be for.
///
/// Bits left over in the last symbol are ignored even if they are not zero: services that draw 26 random symbols for
/// 16 bytes exist, and every authenticator takes their seeds (RFC 4648 §3.5 leaves it to the decoder).
pub(super) fn decoded_len(text: &[u8]) -> Result<usize, BadSeed> {
    let mut symbols = 0usize;
    for (position, c) in unpadded(text).iter().enumerate().filter(|(_, c)| !is_separator(**c)) {
        match c {
            // Before the first character they are as harmless as behind the last.
            b'\r' | b'\n' if symbols == 0 => {}
            b'\r' | b'\n' => return Err(BadSeed::Lines),
            c => {
                value(*c).ok_or(BadSeed::NotBase32 { position })?;
                symbols += 1;
            }
        }
    }
    // 8 symbols are 5 bytes. After 1, 3 or 6 of them the last one has completed no byte: something is missing.
    match symbols % 8 {
        1 | 3 | 6 => Err(BadSeed::Incomplete { characters: symbols }),
        rest => Ok(symbols / 8 * 5 + rest * 5 / 8),
    }
}

/// Decodes a text that [`decoded_len`] has accepted, into that many bytes.
pub(super) fn decode(text: &[u8], out: &mut [u8]) {
    let (mut bits, mut held) = (0u16, 0u32);
    let mut out = out.iter_mut();
    for symbol in unpadded(text).iter().filter_map(|c| value(*c)) {
        bits = bits << 5 | u16::from(symbol);
        held += 5;
        if held >= 8 {
            held -= 8;
            let [_, byte] = (bits >> held).to_be_bytes();
            if let Some(slot) = out.next() {
                *slot = byte;
            }
        }
    }
}

/// Upper case, no padding.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let encoding = data_encoding::BASE32_NOPAD;
    // All the room it needs, so that it never moves.
    let mut text = Zeroizing::new(String::with_capacity(encoding.encode_len(bytes.len())));
    encoding.encode_append(bytes, &mut text);
    text
}
