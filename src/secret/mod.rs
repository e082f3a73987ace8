//! Seeds, codes and passwords, and the memory they live in.
//!
//! None of these types has `Clone`, `Debug`, `Display` or `Serialize`: a secret cannot be printed, logged or rendered
//! by accident. The room does not know what a secret is for.

mod base32;
mod memory;
mod password;
mod text;

pub use memory::{
    Protection, SecretPages, Unprotected, WipingAllocator, harden, on_wiped_stack, protection, stdout_was_closed,
    unset_empty_variables, was_empty,
};
pub use text::{plain_text, without_mark};

use secrecy::{ExposeSecret, SecretBox};
use zeroize::{Zeroize, Zeroizing};

/// The longest seed taken, in bytes. AWS's are 40; a YubiKey takes 64 (128 with SHA-512) before hashing.
pub const MAX_SEED: usize = 1024;

/// The shared secret of a TOTP or HOTP credential, raw (not base32). Lives in a page of its own that is locked,
/// kept out of core dumps and wiped on drop.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn log(seed: &glasskey::secret::Seed) -> String {
///     format!("{seed:?}")
/// }
/// ```
/// nor copied:
/// ```compile_fail,E0308
/// fn keep(seed: &glasskey::secret::Seed) -> glasskey::secret::Seed {
///     seed.clone()
/// }
/// ```
/// but lent:
/// ```
/// fn bits(seed: &glasskey::secret::Seed) -> usize {
///     seed.expose(|key| key.len() * 8)
/// }
/// ```
pub struct Seed {
    page: memory::Page,
}

/// Why bytes or text cannot be a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSeed {
    /// Nothing in it.
    #[error("the secret is empty")]
    Empty,
    /// More than [`MAX_SEED`] bytes.
    #[error("the secret is too long")]
    TooLong,
    /// Not base32 (RFC 4648 §6): the position of the first character that cannot be, counted from 0.
    #[error("the secret is not base32: character {} cannot be", position + 1)]
    NotBase32 {
        /// Counted in bytes of the text given.
        position: usize,
    },
    /// Base32 over more than one line: a second line may be another thing, a password above a secret.
    #[error("there is more than one line, and a secret is one")]
    Lines,
    /// Base32 of so many characters that the last of them begins a byte and does not end it: one is missing, or there
    /// is one too many.
    #[error("the secret is not complete: {}", incomplete(*characters))]
    Incomplete {
        /// How many there are, without separators and padding.
        characters: usize,
    },
    /// The system gave no page to keep it in.
    #[error("there is no memory to keep the secret in")]
    NoMemory,
}

fn incomplete(characters: usize) -> String {
    match characters {
        1 => "one character of base32 is no byte".to_owned(),
        several => format!("base32 never has {several} characters, so some are missing or one is too many"),
    }
}

impl Seed {
    /// Copies raw key bytes into a page of their own. The caller wipes its own copy.
    pub fn from_bytes(raw: &[u8]) -> Result<Self, BadSeed> {
        match raw.len() {
            0 => Err(BadSeed::Empty),
            1..=MAX_SEED => Self::filled(raw.len(), |page| page.copy_from_slice(raw)),
            _ => Err(BadSeed::TooLong),
        }
    }

    /// Reads base32 (RFC 4648 §6) as people and services write it: upper or lower case, spaces and dashes
    /// ignored, padding optional, line ends around it but not inside. Runs on the wiped stack; the bytes go straight to their page.
    pub fn from_base32(text: &[u8]) -> Result<Self, BadSeed> {
        on_wiped_stack(|| match base32::decoded_len(text)? {
            0 => Err(BadSeed::Empty),
            len @ 1..=MAX_SEED => Self::filled(len, |page| base32::decode(text, page)),
            _ => Err(BadSeed::TooLong),
        })
    }

    fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, BadSeed> {
        let page = on_wiped_stack(|| memory::Page::filled(len, fill));
        page.map(|page| Self { page }).ok_or(BadSeed::NoMemory)
    }

    /// Lends the raw bytes to `f`. Whatever `f` copies is its own to wipe; run it on the wiped stack
    /// ([`on_wiped_stack`]) when it calls code that spills.
    pub fn expose<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.page.bytes())
    }

    /// The length in bytes; never 0.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.page.bytes().len()
    }

    /// The base32 text (RFC 4648 §6, upper case, no padding), for a QR code or an otpauth URI.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        on_wiped_stack(|| self.expose(base32::encode))
    }
}

/// A one-time code: 6 to 8 digits, wiped on drop, compared in constant time.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn log(code: &glasskey::secret::Code) -> String {
///     format!("{code:?}")
/// }
/// ```
/// but lent:
/// ```
/// fn length(code: &glasskey::secret::Code) -> usize {
///     code.expose().len()
/// }
/// ```
pub struct Code {
    digits: Zeroizing<[u8; 10]>,
    len: usize,
}

impl Code {
    /// Takes ASCII digits, at most 10; anything else is dropped.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut code = Self { digits: Zeroizing::new([0; 10]), len: 0 };
        for (slot, digit) in code.digits.iter_mut().zip(text.iter().filter(|c| c.is_ascii_digit())) {
            *slot = *digit;
            code.len += 1;
        }
        code
    }

    /// The digits, leading zeros kept.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.digits.get(..self.len).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.len == other.len && bool::from(self.digits.ct_eq(&*other.digits))
    }
}

/// A secret that is text and that is told once: a secret access key, a first password. Lives in a page of its own, as a [`Seed`] does.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn log(secret: &glasskey::secret::SecretText) -> String {
///     format!("{secret:?}")
/// }
/// ```
/// but lent:
/// ```
/// fn length(secret: &glasskey::secret::SecretText) -> usize {
///     secret.expose(str::len)
/// }
/// ```
pub struct SecretText {
    page: memory::Page,
}

impl SecretText {
    /// Takes the text over; the string it came in is wiped. `None`: it is empty, or the system gave no memory.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return None;
        }
        let fill = |page: &mut [u8]| page.copy_from_slice(text.as_bytes());
        on_wiped_stack(|| memory::Page::filled(text.len(), fill)).map(|page| Self { page })
    }

    /// Lends the text to `f`, under the conditions of [`Seed::expose`].
    pub fn expose<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        f(std::str::from_utf8(self.page.bytes()).unwrap_or_default())
    }
}

/// A password or PIN as a person gave it: UTF-8, wiped on drop.
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn log(password: &glasskey::secret::Password) -> String {
///     format!("{password:?}")
/// }
/// ```
/// but lent:
/// ```
/// fn length(password: &glasskey::secret::Password) -> usize {
///     password.expose().len()
/// }
/// ```
pub struct Password(SecretBox<str>);

impl Password {
    /// Takes the text over; the string it came in is wiped.
    #[must_use]
    pub fn new(mut text: String) -> Self {
        let boxed: Box<str> = text.as_str().into();
        text.zeroize();
        Self(SecretBox::new(boxed))
    }

    /// Lends the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
