//! Google Authenticator's export: `otpauth-migration://offline?data=…`, a protocol buffer in base64 that holds several
//! credentials, one part of an export in each QR code.
//!
//! The format is not published; its message was read out of the app by others and is the same in every account of it.
//! Fields that are not known are skipped, as protocol buffers want it. Everything is bounded by the text's own length.

use super::uri::Names;
use super::{AWS, Algorithm, BadUri, Kind, Params, Uri};
use crate::secret::{BadSeed, Seed, on_wiped_stack};
use zeroize::Zeroizing;

/// One part of an export.
pub struct Migration {
    /// Its credentials.
    pub entries: Vec<Exported>,
    /// How many parts the export has; 0 where it does not say, as some apps do not.
    pub parts: u32,
    /// Which of them this is, counted from 0.
    pub part: u32,
    /// What the parts of one export have in common.
    pub id: i32,
}

/// One credential of an export.
pub struct Exported {
    /// What the app calls it, to name it by where something is wrong; `None` where it is no text.
    pub name: Option<String>,
    /// The credential, or what is wrong with it.
    pub uri: Result<Uri, BadUri>,
    /// The credential without its names, where they alone cannot be read: it may be given others.
    pub unnamed: Option<Uri>,
}

/// Why there is no export to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadMigration {
    /// It does not begin with `otpauth-migration://offline?`, or has no `data`.
    #[error("it has no data")]
    NotMigration,
    /// The data is not base64.
    #[error("its data is not base64")]
    NotBase64,
    /// The data is not the message it should be, or is cut short.
    #[error("its data is damaged or cut short")]
    Damaged,
    /// The part's number makes no sense.
    #[error("its part number makes no sense")]
    BadPart,
}

/// The most parts taken; Google Authenticator puts ten credentials into each.
const MAX_PARTS: u32 = 1000;

impl Migration {
    /// Reads one part, as scanned from a QR code or pasted; blanks around it are ignored.
    pub fn parse(text: &[u8]) -> Result<Self, BadMigration> {
        on_wiped_stack(|| {
            let query = text.trim_ascii().get(PREFIX.len()..).filter(|_| is_migration(text));
            let data = query
                .into_iter()
                .flat_map(|query| query.split(|c| *c == b'&'))
                .find_map(|pair| pair.strip_prefix(b"data="))
                .ok_or(BadMigration::NotMigration)?;
            read(&decode(data).ok_or(BadMigration::NotBase64)?)
        })
    }
}

const PREFIX: &[u8] = b"otpauth-migration://offline?";

/// Whether a text is meant as a part of an export.
#[must_use]
pub fn is_migration(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.get(..PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(PREFIX))
}

/// Percent-encoded base64, standard or for URLs, padded or not.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter().copied();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(c) = rest.next() {
        plain.push(match c {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            // A query's blank that was a plus sign.
            b' ' => b'+',
            b'-' => b'+',
            b'_' => b'/',
            _ => c,
        });
    }
    let end = plain.iter().rposition(|c| *c != b'=').map_or(0, |last| last + 1);
    let text = plain.get(..end)?;
    let encoding = data_encoding::BASE64_NOPAD;
    let mut data = Zeroizing::new(vec![0; encoding.decode_len(text.len()).ok()?]);
    let length = encoding.decode_mut(text, &mut data).ok()?;
    data.truncate(length);
    Some(data)
}

/// A field of a message: its number and value (protobuf.dev/programming-guides/encoding).
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed-width number, which no known field is.
    Fixed,
}

/// Takes the next field off; `None` at the end. Fails where the message is damaged.
fn field<'a>(message: &mut &'a [u8]) -> Option<Result<(u64, Value<'a>), BadMigration>> {
    if message.is_empty() {
        return None;
    }
    let read = |message: &mut &'a [u8]| {
        let tag = varint(message)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(message)?),
            1 => skip(message, 8)?,
            2 => {
                let length = usize::try_from(varint(message)?).ok()?;
                Value::Bytes(take(message, length)?)
            }
            5 => skip(message, 4)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    };
    Some(read(message).ok_or(BadMigration::Damaged))
}

fn skip<'a>(message: &mut &'a [u8], length: usize) -> Option<Value<'a>> {
    take(message, length).map(|_| Value::Fixed)
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(head)
}

/// Seven bits a byte, the lowest first; ten bytes at most.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for nth in 0..10 {
        let byte = *take(message, 1)?.first()?;
        number |= u64::from(byte & 0x7F).checked_shl(7 * nth)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn read(mut message: &[u8]) -> Result<Migration, BadMigration> {
    let mut found = Migration { entries: Vec::new(), parts: 0, part: 0, id: 0 };
    while let Some(next) = field(&mut message) {
        match next? {
            (1, Value::Bytes(entry)) => found.entries.push(self::entry(entry)?),
            (3, Value::Number(parts)) => {
                found.parts = u32::try_from(parts).map_err(|_| BadMigration::BadPart)?;
            }
            (4, Value::Number(part)) => found.part = u32::try_from(part).map_err(|_| BadMigration::BadPart)?,
            // int32: a negative one is written as 64 bits, of which the lower half counts.
            (5, Value::Number(id)) => found.id = (id & 0xFFFF_FFFF) as u32 as i32,
            (1 | 3 | 4 | 5, _) => return Err(BadMigration::Damaged),
            _ => {}
        }
    }
    if found.part >= found.parts.max(1) || found.parts > MAX_PARTS {
        return Err(BadMigration::BadPart);
    }
    Ok(found)
}

/// The fields of one credential. Of a field that is there twice the last counts.
#[derive(Default)]
struct Entry<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
    counter: u64,
}

fn entry(mut message: &[u8]) -> Result<Exported, BadMigration> {
    let mut entry = Entry::default();
    while let Some(next) = field(&mut message) {
        match next? {
            (1, Value::Bytes(secret)) => entry.secret = secret,
            (2, Value::Bytes(name)) => entry.name = name,
            (3, Value::Bytes(issuer)) => entry.issuer = issuer,
            (4, Value::Number(algorithm)) => entry.algorithm = algorithm,
            (5, Value::Number(digits)) => entry.digits = digits,
            (6, Value::Number(kind)) => entry.kind = kind,
            (7, Value::Number(counter)) => entry.counter = counter,
            (1..=7, _) => return Err(BadMigration::Damaged),
            _ => {}
        }
    }
    let (uri, unnamed) = match entry.names() {
        Ok(names) => (entry.uri(names), None),
        Err(bad) => (Err(bad), entry.uri(Names::of("", "")).ok()),
    };
    Ok(Exported { name: entry.called(), uri, unnamed })
}

impl Entry<'_> {
    /// 0 is "not said" in every enumeration, and means the default.
    fn uri(&self, names: Names) -> Result<Uri, BadUri> {
        let algorithm = match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            4 => return Err(BadUri::value("algorithm", Some("MD5"))),
            other => return Err(BadUri::value("algorithm", Some(&other.to_string()))),
        };
        let digits = match self.digits {
            0 | 1 => 6,
            2 => 8,
            3 => 7,
            other => return Err(BadUri::value("digits", Some(&other.to_string()))),
        };
        let kind = match self.kind {
            0 | 2 => Kind::Totp,
            1 => {
                let counter = u32::try_from(self.counter);
                Kind::Hotp {
                    counter: counter.map_err(|_| BadUri::value("counter", Some(&self.counter.to_string())))?,
                }
            }
            other => return Err(BadUri::value("type", Some(&other.to_string()))),
        };
        let Names { issuer, account, other_issuer } = names;
        // The format has no field for Steam's five letters, and apps that have them export six digits.
        if issuer.as_deref().is_some_and(|issuer| issuer.eq_ignore_ascii_case("steam")) {
            return Err(BadUri::Steam);
        }
        let seed = Seed::from_bytes(self.secret).map_err(|bad| match bad {
            BadSeed::Empty => BadUri::NoSecret,
            bad => BadUri::Seed(bad),
        })?;
        let params = Params { algorithm, digits, period: AWS.period };
        Ok(Uri { issuer, account, other_issuer, params, kind, seed })
    }

    /// The name is the label of the URI that was scanned: often `issuer:account`, beside an issuer of its own.
    fn names(&self) -> Result<Names, BadUri> {
        let text = |bytes| {
            let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control));
            text.ok_or_else(|| BadUri::value("label", None))
        };
        Ok(Names::of(text(self.name)?, text(self.issuer)?))
    }

    fn called(&self) -> Option<String> {
        let Names { issuer, account, .. } = self.names().ok()?;
        Some(issuer.map_or_else(|| account.clone(), |issuer| format!("{issuer}:{account}")))
    }
}
