//! otpauth URIs, in and out: `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=…&algorithm=…&digits=…&period=…`.
//!
//! There is no standard; the reference is Google Authenticator's "Key Uri Format", and where apps disagree this reads
//! what any of them writes and writes what all of them read. The text is the seed itself, so it is read and written
//! on the wiped stack, and every buffer that holds a part of it is as long as it will get and wiped.

use super::{AWS, Algorithm, Params};
use crate::secret::{BadSeed, Seed, on_wiped_stack};
use std::fmt::Write;
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
    /// The part before the colon of the label, or the `issuer` parameter.
    pub issuer: Option<String>,
    /// The account; never empty.
    pub account: String,
    /// Hash, digits and period.
    pub params: Params,
    /// HOTP or TOTP.
    pub kind: Kind,
    /// The secret.
    pub seed: Seed,
}

/// What is wrong with an otpauth URI.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadUri {
    /// It does not begin with `otpauth://totp/` or `otpauth://hotp/`, or is not a URI at all.
    NotOtpauth,
    /// The label names no account.
    NoAccount,
    /// There is no `secret` parameter, or it is empty.
    NoSecret,
    /// The secret is not usable.
    Seed(BadSeed),
    /// A parameter has a value that means nothing here, or is given twice: its name. `label` is the part before the
    /// parameters.
    Parameter(&'static str),
    /// The issuer of the label is not the issuer of the parameter.
    TwoIssuers,
}

/// The longest period taken: a day.
const MAX_PERIOD: u32 = 86_400;

impl Uri {
    /// Reads an otpauth URI, as scanned from a QR code or pasted; blanks around it are ignored.
    ///
    /// Parameters this tool does not know are ignored, but one that is given twice or makes no sense is refused: a
    /// credential with other parameters than its maker meant gives wrong codes. Defaults are SHA-1, 6 digits,
    /// 30 seconds and counter 0. The position in [`BadSeed::NotBase32`] counts from the beginning of the secret.
    pub fn parse(text: &[u8]) -> Result<Self, BadUri> {
        on_wiped_stack(|| {
            let text = text.trim_ascii();
            let (hotp, rest) = strip_prefix(text, b"otpauth://totp/")
                .map(|rest| (false, rest))
                .or_else(|| strip_prefix(text, b"otpauth://hotp/").map(|rest| (true, rest)))
                .ok_or(BadUri::NotOtpauth)?;
            let (rest, _fragment) = split_once(rest, b'#');
            let (label, query) = split_once(rest, b'?');
            let (label_issuer, account) = read_label(label)?;
            let fields = Fields::read(query)?;
            let parameter_issuer = fields.issuer()?;
            if label_issuer.is_some() && parameter_issuer.is_some() && label_issuer != parameter_issuer {
                return Err(BadUri::TwoIssuers);
            }
            let counter = fields.counter()?;
            Ok(Self {
                issuer: label_issuer.or(parameter_issuer),
                account,
                params: fields.params()?,
                kind: if hotp { Kind::Hotp { counter } } else { Kind::Totp },
                seed: fields.seed()?,
            })
        })
    }

    /// The URI as text, for a QR code.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        write(self.issuer.as_deref(), &self.account, self.params, self.kind, &self.seed)
    }

    /// The text of a TOTP credential's URI, for a QR code. [`Uri::parse`] reads it back as it was, with two
    /// exceptions the format cannot express: an account with a colon and no issuer comes back as issuer and account,
    /// and blanks at either end of a name are lost. `issuer` and `account` are not empty and hold no control
    /// characters; an issuer holds no colon.
    #[must_use]
    pub fn totp_text(issuer: Option<&str>, account: &str, params: Params, seed: &Seed) -> Zeroizing<String> {
        write(issuer, account, params, Kind::Totp, seed)
    }
}

// ----------------------------------------------------------------------------------------------------- reading

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

/// Issuer and account. The first colon separates them, whether escaped or not: neither name may hold one, says the
/// format, and accounts that do (`arn:aws:…`) come out as the same text when the two are joined again.
fn read_label(label: &[u8]) -> Result<(Option<String>, String), BadUri> {
    let label = decode(label, Plus::Itself).ok_or(BadUri::Parameter("label"))?;
    let label = name(&label).ok_or(BadUri::Parameter("label"))?;
    let (issuer, account) = label.split_once(':').unwrap_or(("", label));
    let (issuer, account) = (issuer.trim(), account.trim());
    if account.is_empty() {
        return Err(BadUri::NoAccount);
    }
    Ok((Some(issuer.to_owned()).filter(|issuer| !issuer.is_empty()), account.to_owned()))
}

/// UTF-8 that can be shown on a terminal.
fn name(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}

/// What `+` stands for: a blank in queries, as browsers write them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Itself,
    Blank,
}

/// Percent-decodes (RFC 3986 §2.1) into a buffer that never grows. `None` if a `%` is not followed by two digits.
fn decode(text: &[u8], plus: Plus) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter().copied();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(c) = rest.next() {
        decoded.push(match c {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'+' if plus == Plus::Blank => b' ',
            _ => c,
        });
    }
    Some(decoded)
}

/// The parameters this tool knows, still escaped.
#[derive(Default)]
struct Fields<'a> {
    secret: Option<&'a [u8]>,
    issuer: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    digits: Option<&'a [u8]>,
    period: Option<&'a [u8]>,
    counter: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(query: &'a [u8]) -> Result<Self, BadUri> {
        let mut fields = Self::default();
        for pair in query.split(|c| *c == b'&') {
            let (key, value) = split_once(pair, b'=');
            let known = [
                ("secret", &mut fields.secret),
                ("issuer", &mut fields.issuer),
                ("algorithm", &mut fields.algorithm),
                ("digits", &mut fields.digits),
                ("period", &mut fields.period),
                ("counter", &mut fields.counter),
            ];
            let field = known.into_iter().find(|(name, _)| key.eq_ignore_ascii_case(name.as_bytes()));
            if let Some((name, field)) = field
                && field.replace(value).is_some()
            {
                return Err(BadUri::Parameter(name));
            }
        }
        Ok(fields)
    }

    fn seed(&self) -> Result<Seed, BadUri> {
        let text = self.secret.ok_or(BadUri::NoSecret)?;
        let text = decode(text, Plus::Blank).ok_or(BadUri::Parameter("secret"))?;
        Seed::from_base32(&text).map_err(|bad| match bad {
            BadSeed::Empty => BadUri::NoSecret,
            bad => BadUri::Seed(bad),
        })
    }

    /// An empty one is none.
    fn issuer(&self) -> Result<Option<String>, BadUri> {
        let bad = BadUri::Parameter("issuer");
        let text = decode(self.issuer.unwrap_or_default(), Plus::Blank).ok_or(bad.clone())?;
        let issuer = name(&text).ok_or(bad)?.trim();
        Ok(Some(issuer.to_owned()).filter(|issuer| !issuer.is_empty()))
    }

    fn params(&self) -> Result<Params, BadUri> {
        let algorithm = match self.algorithm {
            None => AWS.algorithm,
            Some(text) => [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
                .into_iter()
                .find(|algorithm| text.eq_ignore_ascii_case(algorithm.as_str().as_bytes()))
                .ok_or(BadUri::Parameter("algorithm"))?,
        };
        let digits = number("digits", self.digits, 6, 8, u32::from(AWS.digits))?;
        let digits = u8::try_from(digits).map_err(|_| BadUri::Parameter("digits"))?;
        let period = number("period", self.period, 1, MAX_PERIOD, AWS.period)?;
        Ok(Params { algorithm, digits, period })
    }

    fn counter(&self) -> Result<u32, BadUri> {
        number("counter", self.counter, 0, u32::MAX, 0)
    }
}

/// A decimal number within bounds, or the default if none is given.
fn number(name: &'static str, text: Option<&[u8]>, least: u32, most: u32, default: u32) -> Result<u32, BadUri> {
    let Some(text) = text else { return Ok(default) };
    // `parse` would take a plus sign.
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.filter(|number| (least..=most).contains(number)).ok_or(BadUri::Parameter(name))
}

// ----------------------------------------------------------------------------------------------------- writing

fn write(issuer: Option<&str>, account: &str, params: Params, kind: Kind, seed: &Seed) -> Zeroizing<String> {
    on_wiped_stack(|| {
        let secret = seed.to_base32();
        // Escaped, a byte takes three; the issuer is written twice; the rest is less than 128.
        let room = 6 * issuer.map_or(0, str::len) + 3 * account.len() + secret.len() + 128;
        let mut text = Zeroizing::new(String::with_capacity(room));
        text.push_str(if kind == Kind::Totp { "otpauth://totp/" } else { "otpauth://hotp/" });
        // With a colon in it, the label could not be told apart again.
        if let Some(issuer) = issuer.filter(|issuer| !issuer.contains(':')) {
            escape(issuer, &mut text);
            text.push(':');
        }
        escape(account, &mut text);
        text.push_str("?secret=");
        text.push_str(&secret);
        if let Some(issuer) = issuer {
            text.push_str("&issuer=");
            escape(issuer, &mut text);
        }
        write_params(params, kind, &mut text);
        text
    })
}

/// Only what differs from the defaults every reader has, for the smallest QR code.
fn write_params(params: Params, kind: Kind, text: &mut String) {
    if params.algorithm != AWS.algorithm {
        text.push_str("&algorithm=");
        text.push_str(params.algorithm.as_str());
    }
    // Writing to a String does not fail.
    if params.digits != AWS.digits {
        let _ = write!(text, "&digits={}", params.digits);
    }
    match kind {
        Kind::Hotp { counter } => _ = write!(text, "&counter={counter}"),
        Kind::Totp if params.period != AWS.period => _ = write!(text, "&period={}", params.period),
        Kind::Totp => {}
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters and `@`, which may stand in a path and in a query.
fn escape(name: &str, text: &mut String) {
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => text.push(char::from(byte)),
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests;
