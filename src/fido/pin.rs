//! PINs: the rules for one, an attempt with one, and what a token that it gets may be used for.

mod protocol; // what is made of a PIN: PIN/UV auth protocols 1 and 2

pub use protocol::{Protocol, SharedSecret, Token};

use crate::secret::Password;
use std::ops::BitOr;

/// The shortest PIN any key takes, in code points; a key may ask for more (§6.5.1).
pub const MIN_PIN: usize = 4;
/// The longest, in bytes of UTF-8.
pub const MAX_PIN: usize = 63;

/// Why a text cannot be this key's PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPin {
    #[error("the PIN is too short: the key takes {least} characters at least")]
    TooShort {
        /// The fewest, in code points.
        least: usize,
    },
    #[error("the PIN is too long: the key takes {most} characters at most")]
    TooLong {
        /// The key's own limit, in code points.
        most: usize,
    },
    #[error("the PIN is too long: a key takes {most} bytes at most")]
    TooManyBytes {
        /// The most, in bytes of UTF-8.
        most: usize,
    },
    #[error("the PIN has a control character in it")]
    Control,
    #[error("the PIN has a character in it that systems write in more than one way")]
    Ambiguous,
}

/// Whether a text can be a PIN at all: 4 code points to 63 bytes, in Normalization Form C.
///
/// # Errors
/// The first rule broken.
pub fn check(pin: &Password) -> Result<(), BadPin> {
    let text = pin.expose();
    let length = text.chars().count();
    if length < MIN_PIN {
        return Err(BadPin::TooShort { least: MIN_PIN });
    }
    if text.len() > MAX_PIN {
        return Err(BadPin::TooManyBytes { most: MAX_PIN });
    }
    if text.chars().any(char::is_control) {
        return Err(BadPin::Control);
    }
    if text.chars().all(is_stable) { Ok(()) } else { Err(BadPin::Ambiguous) }
}

/// Whether a text can become this key's PIN.
///
/// # Errors
/// The first rule broken.
pub fn check_new(pin: &Password, least: usize, most: Option<usize>) -> Result<(), BadPin> {
    check(pin)?;
    let length = pin.expose().chars().count();
    match most {
        _ if length < least => Err(BadPin::TooShort { least }),
        Some(most) if length > most => Err(BadPin::TooLong { most }),
        _ => Ok(()),
    }
}

/// Whether a character is the same in every normalization to NFC, whatever stands next to it: NFC_Quick_Check is Yes
/// and its combining class 0. A text of such characters *is* in NFC (UAX #15 §9), so that none has to be rewritten.
/// The blocks are those that people type PINs in; every assigned character in them was checked against the Unicode
/// data. Combining marks, compatibility forms and anything else is refused rather than guessed at.
fn is_stable(c: char) -> bool {
    matches!(c,
        '\u{20}'..='\u{7E}' | '\u{A0}'..='\u{2FF}' // Latin
        | '\u{388}'..='\u{38A}' | '\u{38C}' | '\u{38E}'..='\u{3A1}' | '\u{3A3}'..='\u{3E1}' // Greek
        | '\u{400}'..='\u{482}' | '\u{48A}'..='\u{52F}' // Cyrillic
        | '\u{531}'..='\u{556}' // Armenian
        | '\u{5D0}'..='\u{5EA}' // Hebrew
        | '\u{620}'..='\u{64A}' | '\u{660}'..='\u{66F}' // Arabic
        | '\u{904}'..='\u{939}' // Devanagari
        | '\u{E01}'..='\u{E30}' // Thai
        | '\u{10D0}'..='\u{10FF}' // Georgian
        | '\u{1E00}'..='\u{1EFF}' // Latin, Vietnamese
        | '\u{2010}'..='\u{2027}' | '\u{20A0}'..='\u{20C0}' // punctuation, currencies
        | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FF}' // kana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' // Han
        | '\u{AC00}'..='\u{D7A3}' // Hangul
        | '\u{1F300}'..='\u{1F64F}' | '\u{1F900}'..='\u{1F9FF}' // emoji
    )
}

/// A PIN for one attempt. Consumed by the call that spends it.
pub struct Attempt<'a> {
    pub(super) pin: &'a Password,
    pub(super) last_try: bool,
}

impl<'a> Attempt<'a> {
    /// An attempt that is not made when only one try is left ([`LastTry`](super::Error::LastTry)).
    #[must_use]
    pub fn new(pin: &'a Password) -> Self {
        Self { pin, last_try: false }
    }

    /// An attempt that is made even if it is the last: when it fails, the key must be reset.
    #[must_use]
    pub fn even_the_last(pin: &'a Password) -> Self {
        Self { pin, last_try: true }
    }
}

/// What a token may be used for (§6.5.5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(pub u8);

impl Permissions {
    /// Registering, for one relying party.
    pub const MAKE_CREDENTIAL: Self = Self(0x01);
    /// Signing in, to one relying party.
    pub const GET_ASSERTION: Self = Self(0x02);
    /// Listing, deleting, renaming credentials.
    pub const CREDENTIAL_MANAGEMENT: Self = Self(0x04);
    pub const BIO_ENROLLMENT: Self = Self(0x08);
    pub const LARGE_BLOB_WRITE: Self = Self(0x10);
    pub const CONFIGURATION: Self = Self(0x20);

    /// Whether every permission of `other` is in the set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_four_code_points_to_63_bytes_in_nfc() {
        let bad = |text: &str| check(&Password::new(text.to_owned())).err();
        assert_eq!(bad("123"), Some(BadPin::TooShort { least: 4 }));
        assert_eq!(bad("äöü"), Some(BadPin::TooShort { least: 4 }), "six bytes are three characters");
        assert_eq!(bad("1234"), None);
        assert_eq!(bad(&"x".repeat(63)), None);
        assert_eq!(bad(&"x".repeat(64)), Some(BadPin::TooManyBytes { most: 63 }));
        assert_eq!(bad(&"ä".repeat(32)), Some(BadPin::TooManyBytes { most: 63 }));
        assert_eq!(bad("geheim-Ä"), None);
        assert_eq!(bad("geheim-A\u{308}"), Some(BadPin::Ambiguous), "decomposed");
        assert_eq!(bad("12\u{1100}\u{1161}"), Some(BadPin::Ambiguous), "conjoining");
        assert_eq!(bad("1234\u{2126}"), Some(BadPin::Ambiguous), "the Ohm sign becomes an omega");
        assert_eq!(bad("1234\n"), Some(BadPin::Control));
        assert_eq!(check_new(&Password::new("12345".to_owned()), 6, None), Err(BadPin::TooShort { least: 6 }));
        assert_eq!(check_new(&Password::new("12345".to_owned()), 4, Some(4)), Err(BadPin::TooLong { most: 4 }));
    }
}
