//! otpauth URIs, in and out: `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=…&algorithm=…&digits=…&period=…`.
//!
//! There is no standard; the reference is Google Authenticator's "Key Uri Format", and where apps disagree this reads
//! what any of them writes and writes what all of them read. How a thing is spelled matters little; where it is not
//! certain what is meant, nothing is guessed, since a credential with other parameters than its maker's gives wrong
//! codes. The text is the seed itself, so it is read and written on the wiped stack, and every buffer that holds a
//! part of it is as long as it will get and wiped.

mod fields;
mod label;
mod writing;

pub(super) use label::Names;

use super::{Algorithm, Params};
use crate::secret::{BadSeed, Seed, on_wiped_stack};
use fields::Fields;
use zeroize::Zeroizing;

/// HOTP counts events, TOTP counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 4226, with the counter to start from.
    Hotp {
        /// The initial counter.
        counter: u32,
    },
    /// RFC 6238.
    Totp,
}

/// A credential as an otpauth URI describes it.
pub struct Uri {
    /// The `issuer` parameter, or the part before the colon of the label.
    pub issuer: Option<String>,
    /// The account; empty where the URI names none.
    pub account: String,
    /// The issuer that the label names, where it is another than the parameter's, which was taken.
    pub other_issuer: Option<String>,
    /// Hash, digits and period.
    pub params: Params,
    /// HOTP or TOTP.
    pub kind: Kind,
    /// The secret.
    pub seed: Seed,
}

/// What a person says beside a URI. Of what is said here the URI is not asked, so that it may lack it or have it wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    /// Whether the issuer is.
    pub issuer: bool,
    /// Whether the account is.
    pub account: bool,
    /// The hash.
    pub algorithm: Option<Algorithm>,
    /// 6, 7 or 8.
    pub digits: Option<u8>,
    /// Seconds.
    pub period: Option<u32>,
    /// HOTP's.
    pub counter: Option<u32>,
}

/// What is wrong with an otpauth URI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadUri {
    /// It does not begin with `otpauth://totp` or `otpauth://hotp`, or is not a URI at all.
    #[error("it is not an otpauth://totp/ or otpauth://hotp/ URI")]
    NotOtpauth,
    /// There is more than one line.
    #[error("there is more than one line, and a URI is one")]
    Lines,
    /// There is no `secret` parameter, or it is empty.
    #[error("the URI holds no secret")]
    NoSecret,
    /// The secret is not usable.
    #[error(transparent)]
    Seed(#[from] BadSeed),
    /// A parameter has a value that means nothing here. `label` is the part before the parameters.
    #[error("the URI's {name} {}", value.as_ref().map_or_else(|| "cannot be read".to_owned(), |value| format!("is \"{value}\", which means nothing here")))]
    Value {
        /// The parameter.
        name: &'static str,
        /// The value, where it is short and plain enough to be no secret that has slipped.
        value: Option<String>,
    },
    /// A parameter is given twice.
    #[error("the URI gives its {0} twice")]
    Twice(&'static str),
    /// There are parameters behind a `#`, where a URI ends.
    #[error("the URI ends at a #, and what follows would not be read")]
    Fragment,
    /// Steam's five letters, which keys do not compute.
    #[error("it is Steam's: its codes are five letters, and keys compute digits")]
    Steam,
    /// A counter in a `totp` URI: it counts, or it goes by time.
    #[error("the URI goes by time (totp), and has a counter, which only hotp has")]
    Counted,
}

impl BadUri {
    /// The longest value that is repeated, in bytes: `HMAC-SHA-512` fits, and hardly a secret.
    const SHOWN: usize = 16;

    pub(super) fn value(name: &'static str, value: Option<&str>) -> Self {
        let harmless =
            |text: &&str| text.len() <= Self::SHOWN && text.bytes().all(|c| matches!(c, b' '..=b'~' if c != b'='));
        Self::Value { name, value: value.filter(harmless).map(str::to_owned) }
    }
}

impl Uri {
    /// Reads an otpauth URI, as scanned from a QR code or pasted; blanks around it are ignored.
    ///
    /// Parameters this tool does not know are ignored, but one that is given twice or makes no sense is refused.
    /// Defaults are SHA-1, 6 digits, 30 seconds and counter 0. The position in [`BadSeed::NotBase32`] counts from the
    /// beginning of the secret.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, BadUri> {
        Self::parse_beside(text, &Given::default())
    }

    /// As [`Uri::parse`], beside what a person says.
    ///
    /// # Errors
    /// What is wrong with the rest.
    pub fn parse_beside(text: &[u8], given: &Given) -> Result<Self, BadUri> {
        on_wiped_stack(|| {
            let (hotp, label, query) = split(text)?;
            let or_given =
                |text: Result<String, BadUri>, given| if given { Ok(text.unwrap_or_default()) } else { text };
            let label = or_given(label::read(label), given.account)?;
            let fields = Fields::read(query)?;
            let parameter = or_given(fields.issuer(), given.issuer)?;
            let Names { issuer, account, other_issuer } = Names::of(&label, &parameter);
            fields.refuse_steam(issuer.as_deref(), given)?;
            fields.refuse_other_times()?;
            let counter = fields.counter(given)?;
            if !hotp && given.counter.is_none() && counter > 0 {
                return Err(BadUri::Counted);
            }
            Ok(Self {
                issuer,
                account,
                other_issuer,
                params: fields.params(given)?,
                kind: if hotp { Kind::Hotp { counter } } else { Kind::Totp },
                seed: fields.seed()?,
            })
        })
    }

    /// The label of a URI that may be faulty, to name it by. `None` where it has none, or where a secret could have
    /// slipped into it.
    #[must_use]
    pub fn label(text: &[u8]) -> Option<String> {
        let (_, label, query) = split(text).ok()?;
        label::read(label).ok().filter(|label| !query.is_empty() && !label.is_empty() && label.len() <= 200)
    }
}

/// Whether it is HOTP; the label and the query, both still escaped.
fn split(text: &[u8]) -> Result<(bool, &[u8], &[u8]), BadUri> {
    let text = text.trim_ascii();
    if strip_prefix(text, b"steam://").is_some() || strip_prefix(text, b"otpauth://steam").is_some() {
        return Err(BadUri::Steam);
    }
    let (hotp, rest) = strip_prefix(text, b"otpauth://totp")
        .map(|rest| (false, rest))
        .or_else(|| strip_prefix(text, b"otpauth://hotp").map(|rest| (true, rest)))
        .filter(|(_, rest)| matches!(rest.first(), None | Some(b'/' | b'?' | b'#')))
        .ok_or(BadUri::NotOtpauth)?;
    if rest.iter().any(|c| matches!(c, b'\n' | b'\r')) {
        return Err(BadUri::Lines);
    }
    let (rest, fragment) = split_once(rest, b'#');
    if fragment.contains(&b'=') {
        return Err(BadUri::Fragment);
    }
    let (label, query) = split_once(rest, b'?');
    let label = label.strip_prefix(b"/").unwrap_or(label);
    // `alice&secret=…` for `alice?secret=…`: a secret must not become a name.
    if label.contains(&b'=') && Fields::read(label).is_ok_and(|fields| fields.any()) {
        return Err(BadUri::value("label", None));
    }
    Ok((hotp, label, query))
}

/// As `<[u8]>::strip_prefix`, in any case: scheme and host of a URI have none (RFC 3986 §6.2.2.1).
fn strip_prefix<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What comes before and after the first `separator`; nothing comes after if there is none.
fn split_once(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let mut parts = text.splitn(2, |c| *c == separator);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Percent-decodes (RFC 3986 §2.1) into a buffer that never grows. In a query a plus sign is a blank, as browsers
/// write them. `None` if a `%` is not followed by two digits.
fn decode(text: &[u8], in_query: bool) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter().copied();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(c) = rest.next() {
        decoded.push(match c {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'+' if in_query => b' ',
            _ => c,
        });
    }
    Some(decoded)
}
