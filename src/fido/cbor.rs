//! CTAP2 canonical CBOR (CTAP 2.1 §8, RFC 8949), as much of it as the protocol uses. Knows no command.
//!
//! No floats, tags, indefinite lengths or simple values but `false`, `true` and `null`: nothing in CTAP has them.
//! The order of map keys is that of their encoded bytes, which for shortest encodings is the order CTAP describes:
//! by major type, then by length, then by value.

/// Maps and arrays may be nested this deep. CTAP messages keep to 4; getInfo and attestation statements too.
pub const MAX_DEPTH: usize = 8;

/// No longer input is read: several times the longest CTAPHID message (7609 bytes) and any key's large-blob array.
pub const MAX_INPUT: usize = 65_536;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Zero or more.
    Uint(u64),
    /// Less than zero: `-1 - n`, so that -1 is `Nint(0)`.
    Nint(u64),
    Bytes(Vec<u8>),
    /// UTF-8 text.
    Text(String),
    Array(Vec<Self>),
    /// Keys and values, in the order they came or were put in: [`encode`] sorts.
    Map(Vec<(Self, Self)>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Why bytes are not CTAP2 canonical CBOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("ends within an item")]
    Truncated,
    /// They are more than [`MAX_INPUT`].
    #[error("too long")]
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested too deep")]
    TooDeep,
    #[error("a number is not in its shortest form")]
    NotShortest,
    #[error("an indefinite length")]
    Indefinite,
    #[error("a tag, float or unknown simple value")]
    Unsupported,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    #[error("map keys are out of order")]
    KeyOrder,
    #[error("a map key is there twice")]
    DuplicateKey,
    #[error("bytes after the end")]
    Trailing,
}

/// Reads one item from the start of `input`, and says how many bytes it took.
///
/// # Errors
/// Whatever is not canonical is refused.
pub fn decode(input: &[u8]) -> Result<(Value, usize), Error> {
    Reader::read(input, Order::Canonical)
}

/// The same, but map keys may come in any order: some keys' firmware and some host libraries do not sort. Keys that
/// are there twice are still refused.
///
/// # Errors
/// As [`decode`], without [`Error::KeyOrder`].
pub fn decode_lenient(input: &[u8]) -> Result<(Value, usize), Error> {
    Reader::read(input, Order::Any)
}

/// Reads one item that is all of `input`, with map keys in any order.
///
/// # Errors
/// As [`decode_lenient`], and [`Error::Trailing`].
pub fn decode_all_lenient(input: &[u8]) -> Result<Value, Error> {
    whole(decode_lenient(input)?, input)
}

/// Reads one canonical item that is all of `input`.
///
/// # Errors
/// As [`decode`], and [`Error::Trailing`].
pub fn decode_all(input: &[u8]) -> Result<Value, Error> {
    whole(decode(input)?, input)
}

fn whole((value, used): (Value, usize), input: &[u8]) -> Result<Value, Error> {
    if used == input.len() { Ok(value) } else { Err(Error::Trailing) }
}

/// Writes `value` in canonical form: shortest numbers, sorted map keys. A key given twice is written twice; no
/// decoder takes that.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

impl Value {
    pub fn map<K: Into<Self>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    pub fn array<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }

    /// The value at a key; `None` where this is no map or has no such key.
    #[must_use]
    pub fn get(&self, key: &Self) -> Option<&Self> {
        self.as_map()?.iter().find(|(candidate, _)| candidate == key).map(|(_, value)| value)
    }

    #[must_use]
    pub fn get_int(&self, key: i64) -> Option<&Self> {
        self.get(&Self::from(key))
    }

    #[must_use]
    pub fn get_text(&self, key: &str) -> Option<&Self> {
        self.as_map()?.iter().find(|(candidate, _)| candidate.as_text() == Some(key)).map(|(_, value)| value)
    }

    /// The number, where it is one that is not negative.
    #[must_use]
    pub fn as_uint(&self) -> Option<u64> {
        if let Self::Uint(n) = self { Some(*n) } else { None }
    }

    /// The number, where it is one that fits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Uint(n) => i64::try_from(*n).ok(),
            Self::Nint(n) => i64::try_from(*n).ok().map(|n| -1 - n),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        if let Self::Map(entries) = self { Some(entries) } else { None }
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Uint(n)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        u64::try_from(n).map_or_else(|_| Self::Nint((-1 - n).unsigned_abs()), Self::Uint)
    }
}

impl From<i32> for Value {
    fn from(n: i32) -> Self {
        i64::from(n).into()
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

const UINT: u8 = 0;
const NINT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Uint(n) => head(UINT, *n, out),
        Value::Nint(n) => head(NINT, *n, out),
        Value::Bytes(bytes) => {
            head(BYTES, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Value::Text(text) => {
            head(TEXT, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(ARRAY, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Map(entries) => {
            head(MAP, entries.len() as u64, out);
            let mut sorted: Vec<(Vec<u8>, &Value)> =
                entries.iter().map(|(key, value)| (encode(key), value)).collect();
            sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (key, value) in sorted {
                out.extend_from_slice(&key);
                write(value, out);
            }
        }
        Value::Bool(truth) => head(SIMPLE, if *truth { 21 } else { 20 }, out),
        Value::Null => head(SIMPLE, 22, out),
    }
}

/// The major type and its number, in the shortest form.
fn head(major: u8, n: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = n.to_be_bytes();
    let (info, skip) = match n {
        0..24 => return out.push(major | bytes[7]),
        24..=0xFF => (24, 7),
        0x100..=0xFFFF => (25, 6),
        0x1_0000..=0xFFFF_FFFF => (26, 4),
        _ => (27, 0),
    };
    out.push(major | info);
    out.extend(bytes.iter().skip(skip));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Canonical,
    Any,
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    order: Order,
}

impl<'a> Reader<'a> {
    fn read(input: &'a [u8], order: Order) -> Result<(Value, usize), Error> {
        if input.len() > MAX_INPUT {
            return Err(Error::TooLong);
        }
        let mut reader = Self { input, at: 0, order };
        let value = reader.item(0)?;
        Ok((value, reader.at))
    }

    fn item(&mut self, depth: usize) -> Result<Value, Error> {
        let (major, n) = self.head()?;
        match major {
            UINT => Ok(Value::Uint(n)),
            NINT => Ok(Value::Nint(n)),
            BYTES => Ok(Value::Bytes(self.take(n)?.to_vec())),
            TEXT => std::str::from_utf8(self.take(n)?)
                .map(|text| Value::Text(text.to_owned()))
                .map_err(|_| Error::NotUtf8),
            ARRAY => {
                let len = self.count(n, 1, depth)?;
                (0..len).map(|_| self.item(depth + 1)).collect::<Result<_, _>>().map(Value::Array)
            }
            MAP => {
                let len = self.count(n, 2, depth)?;
                self.entries(len, depth).map(Value::Map)
            }
            SIMPLE => match n {
                20 => Ok(Value::Bool(false)),
                21 => Ok(Value::Bool(true)),
                22 => Ok(Value::Null),
                _ => Err(Error::Unsupported),
            },
            _ => Err(Error::Unsupported),
        }
    }

    fn entries(&mut self, len: usize, depth: usize) -> Result<Vec<(Value, Value)>, Error> {
        let mut entries = Vec::new();
        let mut seen: Vec<&'a [u8]> = Vec::new();
        for _ in 0..len {
            let from = self.at;
            let key = self.item(depth + 1)?;
            let raw = self.input.get(from..self.at).ok_or(Error::Truncated)?;
            if self.order == Order::Canonical {
                match seen.last().map(|last| raw.cmp(last)) {
                    Some(std::cmp::Ordering::Less) => return Err(Error::KeyOrder),
                    Some(std::cmp::Ordering::Equal) => return Err(Error::DuplicateKey),
                    Some(std::cmp::Ordering::Greater) | None => {}
                }
            }
            seen.push(raw);
            entries.push((key, self.item(depth + 1)?));
        }
        seen.sort_unstable();
        let twice = seen.iter().zip(seen.iter().skip(1)).any(|(one, next)| one == next);
        if twice { Err(Error::DuplicateKey) } else { Ok(entries) }
    }

    /// How many items follow. Each takes a byte at least, so a lying count is found before anything is made ready
    /// for it.
    fn count(&self, n: u64, each: u64, depth: usize) -> Result<usize, Error> {
        if depth + 1 > MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        let left = self.input.len().saturating_sub(self.at) as u64;
        if n > left / each {
            return Err(Error::Truncated);
        }
        usize::try_from(n).map_err(|_| Error::Truncated)
    }

    /// The major type and its number.
    fn head(&mut self) -> Result<(u8, u64), Error> {
        let first = *self.take(1)?.first().ok_or(Error::Truncated)?;
        let (major, info) = (first >> 5, first & 0x1F);
        let (bytes, least) = match info {
            0..24 => return Ok((major, u64::from(info))),
            // One byte after major type 7 is a simple value, two to eight are a float.
            24..=27 if major == SIMPLE => return Err(Error::Unsupported),
            24 => (self.take(1)?, 24),
            25 => (self.take(2)?, 0x100),
            26 => (self.take(4)?, 0x1_0000),
            27 => (self.take(8)?, 0x1_0000_0000),
            31 => return Err(Error::Indefinite),
            _ => return Err(Error::Unsupported),
        };
        let n = bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        if n < least { Err(Error::NotShortest) } else { Ok((major, n)) }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], Error> {
        let end = usize::try_from(n).ok().and_then(|n| self.at.checked_add(n)).ok_or(Error::Truncated)?;
        let taken = self.input.get(self.at..end).ok_or(Error::Truncated)?;
        self.at = end;
        Ok(taken)
    }
}
