//! Command APDUs as a card reads them (ISO 7816-4 §5.2): short and extended.

pub(super) struct Command<'a> {
    pub(super) cla: u8,
    pub(super) ins: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    pub(super) data: &'a [u8],
    /// Extended lengths: the answer may be long as well.
    pub(super) extended: bool,
}

impl<'a> Command<'a> {
    /// `None` where the lengths do not agree.
    pub(super) fn parse(raw: &'a [u8]) -> Option<Self> {
        let (&[cla, ins, p1, p2], body) = raw.split_first_chunk::<4>()?;
        let (data, extended): (&[u8], bool) = match body {
            [] | [_] => (&[], false),
            [0, _, _] => (&[], true),
            &[0, high, low, ref rest @ ..] => (sized(rest, usize::from(u16::from_be_bytes([high, low])), 2)?, true),
            &[len, ref rest @ ..] => (sized(rest, usize::from(len), 1)?, false),
        };
        Some(Self { cla, ins, p1, p2, data, extended })
    }

    /// SELECT by name; CALCULATE ALL has the same number.
    pub(super) fn is_select(&self) -> bool {
        self.ins == 0xA4 && self.p1 == 0x04
    }
}

/// `len` bytes, and then nothing or an Le of `le` bytes.
fn sized(rest: &[u8], len: usize, le: usize) -> Option<&[u8]> {
    let (data, after) = rest.split_at_checked(len)?;
    (len > 0 && (after.is_empty() || after.len() == le)).then_some(data)
}

/// Takes one TLV off the front.
pub(super) fn tlv<'a>(data: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, rest) = data.split_first()?;
    let (&len, rest) = rest.split_first()?;
    let (len, rest) = match len {
        0..=0x7F => (len, rest),
        0x81 => rest.split_first().map(|(len, rest)| (*len, rest))?,
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(usize::from(len))?;
    *data = rest;
    Some((tag, value))
}

/// Takes one TLV of this tag off the front.
pub(super) fn tagged<'a>(data: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    if data.first() != Some(&tag) {
        return None;
    }
    tlv(data).map(|(_, value)| value)
}

pub(super) fn push(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    if value.len() >= 0x80 {
        out.push(0x81);
    }
    out.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(value);
}
