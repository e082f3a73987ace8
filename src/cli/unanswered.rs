//! Why a question has no answer although somebody, or a file, was there to give it.
//!
//! Flows know only that there is no answer. The last reason is kept here, for the sentence that the command ends with:
//! "nobody can be asked" would be wrong.

use super::explain::{Exit, Explanation};
use super::secret_line::Source;
use std::sync::{Mutex, PoisonError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The person ended the input.
    Ended,
    /// What was typed is not UTF-8.
    TypedNotUtf8,
    /// A file descriptor was named, and there are none on this system.
    NotInherited { fd: u32 },
    /// The text of a secret is not UTF-8, or not only.
    SecretNotUtf8 { from: Source, encoding: Encoding },
}

/// What text is in that is not plain UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, with a byte order mark before it.
    Utf8WithMark,
    Utf16,
    /// Text with a NUL in it.
    Nul,
    /// Some 8-bit encoding: Latin-1, as a rule.
    EightBit,
}

impl Encoding {
    /// `None`: it is plain UTF-8.
    pub(super) fn of_other_than_utf8(text: &[u8]) -> Option<Self> {
        match text {
            [0xEF, 0xBB, 0xBF, ..] => Some(Self::Utf8WithMark),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Self::Utf16),
            text if is_half_zeros(text) => Some(Self::Utf16),
            text if text.contains(&0) => Some(Self::Nul),
            text if std::str::from_utf8(text).is_err() => Some(Self::EightBit),
            _ => None,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Utf8WithMark => "UTF-8 with a byte order mark before it",
            Self::Utf16 => "UTF-16",
            Self::Nul => "no text: it has a NUL in it",
            Self::EightBit => "not UTF-8 (Latin-1, or another 8-bit encoding)",
        }
    }
}

/// Whether every second byte is a zero and no other is: UTF-16, as far as its letters are Latin ones.
fn is_half_zeros(text: &[u8]) -> bool {
    let zeros = |first: usize| text.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    let none = |first: usize| text.iter().skip(first).step_by(2).all(|byte| *byte != 0);
    text.len() > 1 && (zeros(0) && none(1) || zeros(1) && none(0))
}

static LAST: Mutex<Option<Why>> = Mutex::new(None);

/// Remembers why there was no answer.
pub(super) fn because(why: Why) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
}

pub(super) fn answered() {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// An error with the true reason in place of "nobody can be asked".
pub(super) fn truly(mut text: Explanation) -> Explanation {
    let last = *LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match last {
        Some(Why::SecretNotUtf8 { from, encoding }) if text.exit != Exit::Interrupted => {
            text.code = "not_utf8";
            text.what = format!("the text on {from} is {}", encoding.message());
            text.hints = vec![match encoding {
                Encoding::Nul => "give it without the NUL".to_owned(),
                _ => "save it as UTF-8, without a byte order mark".to_owned(),
            }];
            if text.exit != Exit::Left {
                text.exit = Exit::Usage;
            }
        }
        Some(Why::NotInherited { fd }) if text.exit != Exit::Interrupted => {
            text.what = format!("file descriptor {fd}: a program gets none on Windows");
            text.hints =
                vec!["type it at the console; --pin-stdin and --password-stdin read standard input".to_owned()];
            if text.exit != Exit::Left {
                (text.code, text.exit) = ("usage", Exit::Usage);
            }
        }
        Some(Why::TypedNotUtf8) if text.code == "nobody_to_ask" => {
            text.what = "what was typed is not UTF-8".to_owned();
            text.hints = vec!["use a terminal and a locale with UTF-8".to_owned()];
        }
        Some(Why::Ended) if text.code == "nobody_to_ask" => {
            text.what = "you ended the input, and an answer is needed".to_owned();
            text.hints.clear();
        }
        _ => {}
    }
    text
}
