//! Text that people and editors bring, as UTF-8: a byte order mark taken off, UTF-16 (what Windows writes into a file
//! where nobody asked for it) turned round. The text may be a secret, so it moves from one wiped buffer to another.

use super::on_wiped_stack;
use zeroize::Zeroizing;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text without the byte order mark that some editors put in front of UTF-8.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// The text as UTF-8, as far as it says or shows what it is in: UTF-16 is told by its mark, or by the zero that is half
/// of every letter. `None`: it is UTF-16 and damaged.
#[must_use]
pub fn plain_text(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    on_wiped_stack(|| match *text {
        [0xFF, 0xFE, ref rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, ref rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        [1..=0x7F, 0, 1..=0x7F, 0, ..] => from_utf16(text, u16::from_le_bytes),
        [0, 1..=0x7F, 0, 1..=0x7F, ..] => from_utf16(text, u16::from_be_bytes),
        _ => Some(Zeroizing::new(without_mark(text).to_vec())),
    })
}

fn from_utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    // Two bytes become three at most; with all the room it needs, the text never moves.
    let mut plain = Zeroizing::new(Vec::with_capacity(pairs.len() * 3));
    let mut utf8 = Zeroizing::new([0; 4]);
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        plain.extend_from_slice(c.ok()?.encode_utf8(&mut *utf8).as_bytes());
    }
    Some(plain)
}
