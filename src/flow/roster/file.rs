//! A roster: who gets which device, one user a line of a CSV file.
//!
//! Columns are `user,device-name,key-serial,touch`, and of a rotation `from` after them. All but the first may be empty
//! or missing: the device is then named as the user (of a rotation, by a name that is free), the seed goes where the
//! command says, touch is as the command says, and the user's only device is the one that goes. A first line that begins with
//! `user` names the columns, in any order. Semicolons or tabs may stand in place of the commas, as spreadsheets write
//! them; a line before all others may say which (`sep=;`, Excel's). UTF-16, which spreadsheets call Unicode text, is read
//! as UTF-8 is. All that is wrong is told at once, with line numbers.

use super::row::{SeenRows, row, shortened};
use crate::keys::Serial;
use crate::secret::plain_text;

pub const LARGEST: u64 = 16 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub user: String,
    /// The device's name. Empty, which only a rotation's may be: one that is free.
    pub device: String,
    pub key: Option<Serial>,
    /// Every code asks for a touch; `None`: as the command says.
    pub touch: Option<bool>,
    /// Of a rotation: the device that goes, as the command's `--from`; `None`: the user's only one.
    pub from: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A device for everybody.
    #[default]
    Enroll,
    /// A new device for everybody, in place of one there is.
    Rotate,
}

impl Kind {
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Enroll => &["user", "device-name", "key-serial", "touch"],
            Self::Rotate => &["user", "device-name", "key-serial", "touch", "from"],
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the roster is wrong")]
pub struct BadRow {
    pub line: u64,
    #[source]
    pub what: Wrong,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("the file is UTF-16, and damaged or cut short")]
    BadUtf16,
    #[error("{found} fields, and the roster has {known} columns")]
    TooManyColumns { found: usize, known: usize },
    #[error("there is no column \"{name}\"")]
    UnknownColumn { name: String },
    /// The header has no `user`, or a column twice.
    #[error("the header names a column twice, or no user")]
    BadHeader,
    #[error("no user is named")]
    NoUser,
    #[error("\"{value}\" is not a {what} that IAM takes")]
    BadName {
        /// `user name` or `device name`.
        what: &'static str,
        value: String,
    },
    #[error("the credential's name would have {bytes} bytes; 64 fit on a key")]
    TooLong {
        /// Of the credential's name; 64 fit.
        bytes: usize,
    },
    #[error("\"{value}\" is not a serial number")]
    BadSerial { value: String },
    #[error("touch is yes or no, not \"{value}\"")]
    BadTouch { value: String },
    #[error("the {what} {value} is on line {first} already")]
    Twice {
        /// `user`, `device` or `key`.
        what: &'static str,
        value: String,
        first: u64,
    },
    /// A quotation mark is not closed, so that the rest of the file would be one field.
    #[error("its quotation mark is not closed")]
    Unclosed,
    #[error("nobody is in it")]
    Nobody,
}

/// Reads a roster.
///
/// # Errors
/// All lines that are wrong.
pub fn read(bytes: &[u8], kind: Kind) -> Result<Vec<Row>, Vec<BadRow>> {
    let Some(text) = plain_text(bytes) else { return Err(vec![BadRow { line: 1, what: Wrong::BadUtf16 }]) };
    let bytes = text.as_slice();
    if let Some(line) = unclosed(bytes) {
        return Err(vec![BadRow { line, what: Wrong::Unclosed }]);
    }
    let mut named = named_delimiter(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(named.unwrap_or_else(|| delimiter(bytes)))
        .from_reader(bytes);
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    let columns = kind.columns();
    let mut order: Vec<usize> = (0..columns.len()).collect();
    let mut record = csv::ByteRecord::new();
    let mut first = true;
    let mut seen = SeenRows::default();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if named.take().is_some() {
            continue; // the line that named it
        }
        let line = record.position().map_or(0, |position| line_of(bytes, position));
        if std::mem::take(&mut first) && record.get(0).is_some_and(|field| field.eq_ignore_ascii_case(b"user")) {
            match header(&record, columns) {
                Ok(named) => order = named,
                Err(what) => return Err(vec![BadRow { line, what }]),
            }
            continue;
        }
        let mut bad = Vec::new();
        rows.extend(row(line, &record, &order, kind, &mut seen, &mut bad));
        wrong.extend(bad.into_iter().map(|what| BadRow { line, what }));
    }
    if rows.is_empty() && wrong.is_empty() {
        wrong.push(BadRow { line: 1, what: Wrong::Nobody });
    }
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// What a first line `sep=;` says of the fields, for Excel alone; `None`: there is no such line.
fn named_delimiter(bytes: &[u8]) -> Option<u8> {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    match line {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            byte @ (b'\t' | b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~'),
        ] if *byte != b'"' => Some(*byte),
        _ => None,
    }
}

/// The line of a quotation mark that is never closed; within quotation marks one is written twice (RFC 4180 §2).
fn unclosed(bytes: &[u8]) -> Option<u64> {
    let marks = bytes.iter().filter(|byte| **byte == b'"').count();
    let last = bytes.iter().rposition(|byte| *byte == b'"').filter(|_| marks % 2 == 1)?;
    let before = bytes.get(..last).unwrap_or_default();
    Some(1 + before.iter().filter(|byte| **byte == b'\n').count() as u64)
}

/// What stands between the fields: a comma, or the semicolon or tab that spreadsheets write in its place. A comma may be
/// in a name that IAM takes; the other two are in nothing that a roster holds.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut quoted = false;
    let plain = bytes.iter().filter(|byte| {
        quoted ^= **byte == b'"';
        !quoted
    });
    plain.copied().find(|byte| matches!(byte, b';' | b'\t' | b',')).unwrap_or(b',')
}

/// The line a record stands on. Its position is where the one before ended: within a line end of two characters, or
/// before empty lines.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

/// Which column each field is.
fn header(record: &csv::ByteRecord, columns: &[&str]) -> Result<Vec<usize>, Wrong> {
    let mut order = Vec::new();
    for field in record {
        let name = String::from_utf8_lossy(field).to_ascii_lowercase();
        let known = columns.iter().position(|column| *column == name);
        let column =
            known.ok_or_else(|| Wrong::UnknownColumn { name: shortened(&String::from_utf8_lossy(field)) })?;
        if order.contains(&column) {
            return Err(Wrong::BadHeader);
        }
        order.push(column);
    }
    if order.contains(&0) { Ok(order) } else { Err(Wrong::BadHeader) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::aws::check_name;
    use proptest::prelude::*;

    fn wrong(text: &str) -> Vec<(u64, Wrong)> {
        read(text.as_bytes(), Kind::Enroll).unwrap_err().into_iter().map(|bad| (bad.line, bad.what)).collect()
    }

    #[test]
    fn as_spreadsheets_write_it() {
        let text = "\u{FEFF}User,Device-Name,Key-Serial,Touch\r\n\"alice\",,12345678,yes\r\n\r\n bob , bob-2 ,,\r\ncarol\r\n";
        let rows = read(text.as_bytes(), Kind::Enroll).unwrap();
        let row = |line, user: &str, device: &str, key: Option<u32>, touch| Row {
            line,
            user: user.to_owned(),
            device: device.to_owned(),
            key: key.map(Serial),
            touch,
            from: None,
        };
        let right = [
            row(2, "alice", "alice", Some(12_345_678), Some(true)),
            row(4, "bob", "bob-2", None, None),
            row(5, "carol", "carol", None, None),
        ];
        assert_eq!(rows, right);
        // Columns in another order.
        assert_eq!(read(b"user,touch\nalice,no", Kind::Enroll).unwrap()[0].touch, Some(false));
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let text = "alice,,x1,\nbob,b b\ncarol,,,maybe\n,dora\nalice2,,1,yes,more\nerin,,7\nfrank,,7\nErin,erin-2,8\n\
                    gina,erin\n";
        let twice = |what, value: &str, first| Wrong::Twice { what, value: value.to_owned(), first };
        assert_eq!(
            wrong(text),
            [
                (1, Wrong::BadSerial { value: "x1".to_owned() }),
                (2, Wrong::BadName { what: "device name", value: "b b".to_owned() }),
                (3, Wrong::BadTouch { value: "maybe".to_owned() }),
                (4, Wrong::NoUser),
                (5, Wrong::TooManyColumns { found: 5, known: 4 }),
                (7, twice("key", "7", 6)),
                (8, twice("user", "Erin", 6)),
                (9, twice("device", "erin", 6)),
            ]
        );
        assert_eq!(wrong(""), [(1, Wrong::Nobody)]);
        assert_eq!(wrong("user\n"), [(1, Wrong::Nobody)]);
        assert_eq!(wrong("user,serial\n"), [(1, Wrong::UnknownColumn { name: "serial".to_owned() })]);
        assert_eq!(wrong("user,user\n"), [(1, Wrong::BadHeader)]);
        assert_eq!(wrong(&format!("{}\n", "x".repeat(48))), [(1, Wrong::TooLong { bytes: 65 })]);
        assert_eq!(read(b"al\xFFice\n", Kind::Enroll).unwrap_err()[0].what, Wrong::NotUtf8);
        assert_eq!(wrong("\"a\nb\nc"), [(1, Wrong::Unclosed)]);
        assert_eq!(wrong("bob\n\"alice,,12345678,\ncarol"), [(2, Wrong::Unclosed)]);
    }

    #[test]
    fn a_duplicate_shows_beside_whatever_else_is_wrong() {
        let twice = |what, value: &str, first| Wrong::Twice { what, value: value.to_owned(), first };
        let touch = Wrong::BadTouch { value: "maybe".to_owned() };
        // The earlier line is wrong, the later one is, and both at once.
        let text = "alice,,7,maybe\nbob,,7\nalice,al-2,8\ncarol,,8,maybe\n";
        let right = [(1, touch.clone()), (2, twice("key", "7", 1)), (3, twice("user", "alice", 1)), (4, touch)];
        let mut right = right.to_vec();
        right.push((4, twice("key", "8", 3)));
        assert_eq!(wrong(text), right);
        assert_eq!(wrong("alice\nALICE\n"), [(2, twice("user", "ALICE", 1))]);
        assert_eq!(wrong("al,x\nbob,X\n"), [(2, twice("device", "X", 1))]);
    }

    #[test]
    fn semicolons_and_tabs_stand_for_commas() {
        for delimiter in [";", "\t", ","] {
            let text = "User,Key-Serial,Touch\r\nalice,12345678,yes\r\n\"b;o,b\",,\r\n".replace(',', delimiter);
            let bad = read(text.as_bytes(), Kind::Enroll).unwrap_err();
            assert_eq!(bad.len(), 1, "{delimiter:?}: {bad:?}");
            assert!(matches!((bad[0].line, &bad[0].what), (3, Wrong::BadName { .. })), "{delimiter:?}: {bad:?}");
            let text = text.replace("b;o", "bo").replace(&format!("bo{delimiter}b"), "bo");
            let rows = read(text.as_bytes(), Kind::Enroll).unwrap();
            let keys: Vec<_> = rows.iter().map(|row| (&*row.user, row.key, row.touch)).collect();
            assert_eq!(keys, [("alice", Some(Serial(12_345_678)), Some(true)), ("bo", None, None)], "{delimiter:?}");
        }
        // A name may have a comma in it, where no comma stands between the fields.
        assert_eq!(read(b"alice\nbo,b;x;7\n", Kind::Enroll).unwrap_err().len(), 1);
        assert_eq!(read(b"a;x;7\nbo,b;y;8\n", Kind::Enroll).unwrap()[1].user, "bo,b");
    }

    #[test]
    fn a_rotation_says_what_goes() {
        let rows = read(b"user,from,key-serial\nalice,alice-2,7\nbob,,8\n", Kind::Rotate).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (&*row.user, &*row.device, row.from.as_deref())).collect();
        assert_eq!(seen, [("alice", "", Some("alice-2")), ("bob", "", None)]);
        assert_eq!(read(b"alice,new,,yes,old\n", Kind::Rotate).unwrap()[0].from.as_deref(), Some("old"));
        let unknown = Wrong::UnknownColumn { name: "from".to_owned() };
        assert_eq!(wrong("user,from\nalice,x\n"), [(1, unknown)]);
        let twice = read(b"alice,new\nbob,new\ncarol\ndora\n", Kind::Rotate).unwrap_err();
        assert_eq!((twice.len(), twice[0].line), (1, 2));
    }

    #[test]
    fn ten_thousand_rows() {
        let text: String = (0..10_000).map(|nth| format!("user{nth},,{},no\n", nth + 1)).collect();
        let rows = read(text.as_bytes(), Kind::Enroll).unwrap();
        assert_eq!((rows.len(), rows[9_999].line), (10_000, 10_000));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_roster_or_are_not(bytes in prop::collection::vec(any::<u8>(), 0..300), rotate in any::<bool>()) {
            let unnamed = |row: &Row| rotate && row.device.is_empty();
            match read(&bytes, if rotate { Kind::Rotate } else { Kind::Enroll }) {
                Ok(rows) => prop_assert!(
                    rows.iter().all(|row| check_name(&row.user) && (check_name(&row.device) || unnamed(row)))
                ),
                Err(wrong) => prop_assert!(!wrong.is_empty()),
            }
        }
    }
}
