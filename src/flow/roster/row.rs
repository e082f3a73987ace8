//! One line of a roster: each field checked, and all that is wrong named.

use super::file::{Kind, Row, Wrong};
use crate::aws::check_name;
use crate::keys::Serial;
use crate::oath::MAX_NAME;
use std::collections::HashMap;

/// The row, where all of it is right; all that is wrong otherwise. What is right of a wrong row counts as seen, so that
/// a later duplicate of it is told too.
pub(super) fn row(
    line: u64,
    record: &csv::ByteRecord,
    order: &[usize],
    kind: Kind,
    seen: &mut SeenRows,
    bad: &mut Vec<Wrong>,
) -> Option<Row> {
    if record.len() > order.len() && record.iter().skip(order.len()).any(|field| !field.is_empty()) {
        bad.push(Wrong::TooManyColumns { found: record.len(), known: order.len() });
    }
    let [user, device, key, touch, from] = fields(record, order, bad);
    let user = user.and_then(|user| user_name(user, bad));
    let device = device.and_then(|device| device_name(device, user, kind, bad));
    let key = key.and_then(|key| key_serial(key, bad));
    let touch = touch.and_then(|touch| touch_or_not(touch, bad));
    if let Some(from) = from.filter(|from| from.chars().any(char::is_control) || from.chars().count() > 256) {
        bad.push(Wrong::BadName { what: "device", value: shortened(from) });
    }
    seen.add(line, user, device, key, bad);
    if !bad.is_empty() {
        return None;
    }
    let from = from.filter(|from| !from.is_empty()).map(str::to_owned);
    Some(Row { line, user: user?.to_owned(), device: device?.to_owned(), key, touch, from })
}

/// The columns in their own order; one that is missing is empty, and one that is not text is none.
fn fields<'r>(record: &'r csv::ByteRecord, order: &[usize], bad: &mut Vec<Wrong>) -> [Option<&'r str>; 5] {
    let mut fields = [Some(""); 5];
    for (field, column) in record.iter().zip(order) {
        let text = std::str::from_utf8(field).ok();
        if text.is_none() && !bad.contains(&Wrong::NotUtf8) {
            bad.push(Wrong::NotUtf8);
        }
        if let Some(slot) = fields.get_mut(*column) {
            *slot = text;
        }
    }
    fields
}

fn user_name<'r>(user: &'r str, bad: &mut Vec<Wrong>) -> Option<&'r str> {
    if user.is_empty() {
        bad.push(Wrong::NoUser);
        return None;
    }
    good_name("user name", user, bad)
}

/// The name that is given; of an enrollment without one the user's.
fn device_name<'r>(device: &'r str, user: Option<&'r str>, kind: Kind, bad: &mut Vec<Wrong>) -> Option<&'r str> {
    let device = match (device, kind) {
        ("", Kind::Rotate) => return Some(device),
        // Where the user's is wrong, that is said already.
        ("", Kind::Enroll) => user?,
        _ => good_name("device name", device, bad)?,
    };
    // `AWS:`, the account, a slash, and the name.
    let bytes = "AWS:123456789012/".len() + device.len();
    if bytes > MAX_NAME {
        bad.push(Wrong::TooLong { bytes });
    }
    Some(device)
}

fn good_name<'r>(what: &'static str, value: &'r str, bad: &mut Vec<Wrong>) -> Option<&'r str> {
    if check_name(value) {
        return Some(value);
    }
    bad.push(Wrong::BadName { what, value: shortened(value) });
    None
}

fn key_serial(text: &str, bad: &mut Vec<Wrong>) -> Option<Serial> {
    let key = serial(text);
    if key.is_none() && !text.is_empty() {
        bad.push(Wrong::BadSerial { value: shortened(text) });
    }
    key
}

fn touch_or_not(text: &str, bad: &mut Vec<Wrong>) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "" => None,
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => {
            bad.push(Wrong::BadTouch { value: shortened(text) });
            None
        }
    }
}

fn serial(text: &str) -> Option<Serial> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0).map(Serial)
}

/// What may be shown of a field, which may be as long as the file.
pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

/// Where each name stood first.
#[derive(Default)]
pub(super) struct SeenRows {
    users: HashMap<String, u64>,
    devices: HashMap<String, u64>,
    keys: HashMap<Serial, u64>,
}

impl SeenRows {
    /// All that is there for the second time. Names that differ in case only are the same to IAM (User Guide, "IAM
    /// identifiers").
    fn add(
        &mut self,
        line: u64,
        user: Option<&str>,
        device: Option<&str>,
        key: Option<Serial>,
        bad: &mut Vec<Wrong>,
    ) {
        let mut twice = |what, value: String, first: u64| {
            if first != line {
                bad.push(Wrong::Twice { what, value, first });
            }
        };
        let user_first = user.map(|user| *self.users.entry(user.to_ascii_lowercase()).or_insert(line));
        if let (Some(user), Some(first)) = (user, user_first) {
            twice("user", user.to_owned(), first);
        }
        let named = device.filter(|device| !device.is_empty());
        let device_first = named.map(|device| *self.devices.entry(device.to_ascii_lowercase()).or_insert(line));
        if let (Some(device), Some(first)) = (named, device_first)
            // Named as the user, and the user is there twice: one thing, said once.
            && (user != Some(device) || user_first != Some(first))
        {
            twice("device", device.to_owned(), first);
        }
        if let Some(key) = key {
            twice("key", key.to_string(), *self.keys.entry(key).or_insert(line));
        }
    }
}
