//! CBOR as the RPC protocol uses it (RFC 8949), to and from JSON values.
//!
//! A member whose name ends in `Timestamp` or `Timestamps` is written as a time, or as several: tag 1. What cannot be read is `None`.

use serde_json::{Map, Number, Value};

/// Nothing nests deeper.
const MAX_DEPTH: usize = 32;

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value, false);
    out
}

fn head(out: &mut Vec<u8>, major: u8, n: u64) {
    let major = major << 5;
    if n < 24 {
        out.push(major | n as u8);
    } else if let Ok(n) = u8::try_from(n) {
        out.extend([major | 24, n]);
    } else if let Ok(n) = u16::try_from(n) {
        out.push(major | 25);
        out.extend(n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(n) {
        out.push(major | 26);
        out.extend(n.to_be_bytes());
    } else {
        out.push(major | 27);
        out.extend(n.to_be_bytes());
    }
}

fn write(out: &mut Vec<u8>, value: &Value, time: bool) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(yes) => out.push(0xf4 + u8::from(*yes)),
        Value::Number(number) => {
            if time {
                head(out, 6, 1);
            }
            match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(n), ..) => head(out, 0, n),
                (_, Some(n), _) => head(out, 1, n.unsigned_abs() - 1),
                (_, _, Some(n)) => {
                    out.push(0xfb);
                    out.extend(n.to_be_bytes());
                }
                _ => out.push(0xf6),
            }
        }
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write(out, item, time));
        }
        Value::Object(members) => {
            head(out, 5, members.len() as u64);
            for (name, value) in members {
                write(out, &Value::String(name.clone()), false);
                write(out, value, name.trim_end_matches('s').ends_with("Timestamp"));
            }
        }
    }
}

/// One item and nothing after it.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut input = bytes;
    let value = item(&mut input, 0)?;
    input.is_empty().then_some(value)
}

fn take<'b>(input: &mut &'b [u8], n: usize) -> Option<&'b [u8]> {
    let (taken, rest) = input.split_at_checked(n)?;
    *input = rest;
    Some(taken)
}

/// The argument of a head; `None` inside: an indefinite length.
fn argument(input: &mut &[u8], info: u8) -> Option<Option<u64>> {
    let width = match info {
        n @ 0..24 => return Some(Some(u64::from(n))),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        31 => return Some(None),
        _ => return None,
    };
    Some(Some(take(input, width)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))))
}

const BREAK: u8 = 0xff;

fn item(input: &mut &[u8], depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let first = *take(input, 1)?.first()?;
    let (major, info) = (first >> 5, first & 0x1f);
    if major == 7 {
        return simple(input, info);
    }
    let length = argument(input, info)?;
    match (major, length) {
        (0, Some(n)) => Some(n.into()),
        (1, Some(n)) => Some((-1i64).checked_sub(i64::try_from(n).ok()?)?.into()),
        (3, Some(n)) => {
            let text = take(input, usize::try_from(n).ok()?)?;
            Some(Value::String(String::from_utf8(text.to_vec()).ok()?))
        }
        (4, length) => {
            let mut items = Vec::new();
            while more(input, length, items.len())? {
                items.push(item(input, depth + 1)?);
            }
            Some(Value::Array(items))
        }
        (5, length) => {
            let mut members = Map::new();
            let mut read = 0;
            while more(input, length, read)? {
                let Value::String(name) = item(input, depth + 1)? else { return None };
                members.insert(name, item(input, depth + 1)?);
                read += 1;
            }
            Some(Value::Object(members))
        }
        // A tag says what the item after it means; the members' names say that too.
        (6, Some(_)) => item(input, depth + 1),
        _ => None,
    }
}

/// Whether another item follows; takes the break that ends an indefinite length.
fn more(input: &mut &[u8], length: Option<u64>, read: usize) -> Option<bool> {
    match length {
        Some(n) => Some((read as u64) < n),
        None if *input.first()? == BREAK => take(input, 1).map(|_| false),
        None => Some(true),
    }
}

fn simple(input: &mut &[u8], info: u8) -> Option<Value> {
    match info {
        20 | 21 => Some(Value::Bool(info == 21)),
        22 | 23 => Some(Value::Null),
        26 => {
            let raw: [u8; 4] = take(input, 4)?.try_into().ok()?;
            Number::from_f64(f64::from(f32::from_be_bytes(raw))).map(Value::Number)
        }
        27 => {
            let raw: [u8; 8] = take(input, 8)?.try_into().ok()?;
            Number::from_f64(f64::from_be_bytes(raw)).map(Value::Number)
        }
        _ => None,
    }
}
