//! The parameters of a URI: lenient about how a value is spelled, strict about what it means.

use super::label::text;
use super::{BadUri, Given, decode, split_once};
use crate::secret::{BadSeed, Seed};
use crate::totp::{AWS, Algorithm, Params};
use zeroize::Zeroizing;

/// The longest period taken: a day.
pub(super) const MAX_PERIOD: u32 = 86_400;

/// The parameters this tool knows, still escaped.
#[derive(Default)]
pub(super) struct Fields<'a> {
    secret: Option<&'a [u8]>,
    issuer: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    digits: Option<&'a [u8]>,
    period: Option<&'a [u8]>,
    counter: Option<&'a [u8]>,
    encoder: Option<&'a [u8]>,
    /// Where the clock of the service starts, and how far it is off, as some apps write it.
    epoch: Option<&'a [u8]>,
    offset: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// Takes the query apart. What it does not know is ignored.
    pub(super) fn read(query: &'a [u8]) -> Result<Self, BadUri> {
        let mut fields = Self::default();
        for pair in query.split(|c| *c == b'&') {
            // Copied out of a web page's source, `&` is `&amp;`: what follows is the next parameter all the same.
            let pair = strip_entity(pair);
            let (key, value) = split_once(pair, b'=');
            let Some(key) = decode(key, false) else { continue };
            let known = [
                ("secret", &mut fields.secret),
                ("issuer", &mut fields.issuer),
                ("algorithm", &mut fields.algorithm),
                ("digits", &mut fields.digits),
                ("period", &mut fields.period),
                ("counter", &mut fields.counter),
                ("encoder", &mut fields.encoder),
                ("t0", &mut fields.epoch),
                ("offset", &mut fields.offset),
            ];
            for (name, field) in known {
                // Without its equals sign, or with it escaped, a parameter would be lost without a word.
                if key.get(name.len()) == Some(&b'=') && starts_with(&key, name) {
                    return Err(BadUri::value(name, None));
                }
                if key.eq_ignore_ascii_case(name.as_bytes()) && field.replace(value).is_some() {
                    return Err(BadUri::Twice(name));
                }
            }
        }
        Ok(fields)
    }

    pub(super) fn any(&self) -> bool {
        [self.secret, self.issuer, self.algorithm, self.digits, self.period, self.counter, self.encoder]
            .iter()
            .any(Option::is_some)
    }

    pub(super) fn seed(&self) -> Result<Seed, BadUri> {
        let text = self.secret.ok_or(BadUri::NoSecret)?;
        let text = decode(text, true).ok_or_else(|| BadUri::value("secret", None))?;
        Seed::from_base32(&text).map_err(|bad| match bad {
            BadSeed::Empty => BadUri::NoSecret,
            bad => BadUri::Seed(bad),
        })
    }

    /// Empty where there is none.
    pub(super) fn issuer(&self) -> Result<String, BadUri> {
        let bad = || BadUri::value("issuer", None);
        let issuer = decode(self.issuer.unwrap_or_default(), true).ok_or_else(bad)?;
        text(&issuer).map(|issuer| issuer.trim().to_owned()).ok_or_else(bad)
    }

    /// Steam's codes are five letters of an alphabet of its own. Its URIs say so by an `encoder`, or only by its name:
    /// then a person may say that digits are meant all the same.
    pub(super) fn refuse_steam(&self, issuer: Option<&str>, given: &Given) -> Result<(), BadUri> {
        let encoder = plain(self.encoder.unwrap_or_default());
        let named = issuer.is_some_and(|issuer| issuer.eq_ignore_ascii_case("steam"));
        match encoder {
            Some(encoder) if encoder.eq_ignore_ascii_case("steam") => Err(BadUri::Steam),
            _ if named && given.digits.is_none() => Err(BadUri::Steam),
            Some(encoder) if encoder.is_empty() => Ok(()),
            encoder => Err(BadUri::value("encoder", encoder.as_deref().map(String::as_str))),
        }
    }

    /// Codes of another time than the clock's, which keys do not compute: dropped in silence, every code would be wrong.
    pub(super) fn refuse_other_times(&self) -> Result<(), BadUri> {
        for (name, value) in [("t0", self.epoch), ("offset", self.offset)] {
            let value = plain(value.unwrap_or_default());
            let value = value.as_deref().map(String::as_str);
            if !value.is_some_and(|value| value.bytes().all(|c| c == b'0')) {
                return Err(BadUri::value(name, value));
            }
        }
        Ok(())
    }

    pub(super) fn params(&self, given: &Given) -> Result<Params, BadUri> {
        let algorithm = match (given.algorithm, self.algorithm) {
            (Some(algorithm), _) => algorithm,
            (None, None) => AWS.algorithm,
            (None, Some(written)) => {
                let written = plain(written);
                let written = written.as_deref().map(String::as_str);
                written.and_then(Algorithm::spelled).ok_or_else(|| BadUri::value("algorithm", written))?
            }
        };
        let digits = match given.digits {
            Some(digits) => digits,
            None => {
                let digits = number("digits", self.digits, 6, 8, u32::from(AWS.digits))?;
                u8::try_from(digits).map_err(|_| BadUri::value("digits", None))?
            }
        };
        let period = match given.period {
            Some(period) => period,
            None => number("period", self.period, 1, MAX_PERIOD, AWS.period)?,
        };
        Ok(Params { algorithm, digits, period })
    }

    pub(super) fn counter(&self, given: &Given) -> Result<u32, BadUri> {
        given.counter.map_or_else(|| number("counter", self.counter, 0, u32::MAX, 0), Ok)
    }
}

/// As `<[u8]>::starts_with`, in any case.
fn starts_with(text: &[u8], prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// What follows an ampersand that HTML wrote as an entity.
fn strip_entity(pair: &[u8]) -> &[u8] {
    let entity = "amp;";
    if starts_with(pair, entity) { pair.get(entity.len()..).unwrap_or_default() } else { pair }
}

/// A value decoded, without blanks around it; `None` where it is no text.
fn plain(value: &[u8]) -> Option<Zeroizing<String>> {
    let value = decode(value, true)?;
    text(&value).map(|value| Zeroizing::new(value.trim().to_owned()))
}

/// A decimal number within bounds, or the default if none is given.
fn number(name: &'static str, value: Option<&[u8]>, least: u32, most: u32, default: u32) -> Result<u32, BadUri> {
    let Some(value) = value else { return Ok(default) };
    let value = decode(value, false);
    let value = value.as_ref().and_then(|value| text(value));
    // `parse` would take a plus sign.
    let digits = value.filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| BadUri::value(name, value))
}
