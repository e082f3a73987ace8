//! Text where it meets a screen or a file. Names, paths and messages are other people's words: what in them would move
//! a cursor, end a line, turn the writing direction or not be seen at all is written out, as `\u{1b}`.
//!
//! Standard output takes a [`Page`] or JSON and nothing else, and standard error takes single lines, each through
//! [`shown`]: nobody who prints has to remember it. Text is written out once, here; what is kept and compared, and what
//! JSON holds, is the text as it came.

use serde::Serialize;

/// Whether a character acts on what shows it, or shows nothing: control characters, line and paragraph separators,
/// format characters, what is ignorable by default, and code points that are no characters (Unicode 16: Cc, Zl, Zp, Cf,
/// `Default_Ignorable_Code_Point`, `Noncharacter_Code_Point`).
pub(super) fn acts(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}'
            | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text as one line shows it. A backslash before `u{` is doubled, so that nobody can write what looks written out.
pub(super) fn displayed(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.as_str().starts_with("u{") => line.push_str("\\\\"),
            c if acts(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

/// The name that JSON has for a value of an enum.
pub(super) fn name(of: &impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// JSON on one line, in which what acts is `\u202e`: the same text to whoever parses it.
pub(super) fn json_line(json: &impl Serialize) -> String {
    escaped(&serde_json::to_string(json).unwrap_or_default())
}

/// The same on many lines, for a file that people read.
pub(super) fn json_pretty(json: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(json).unwrap_or_default();
    text.lines().map(|line| escaped(line) + "\n").collect()
}

/// Only the strings of JSON hold characters that act.
fn escaped(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
        } else {
            line.push(c);
        }
    }
    line
}

/// What standard output takes: whole lines in which nothing acts.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Nothing: the command has told all on standard error.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn of(line: &str) -> Self {
        let mut page = Self::default();
        page.line(line);
        page
    }

    /// JSON as the result for people too.
    pub(super) fn json(json: &impl Serialize) -> Self {
        Self(format!("{}\n", json_line(&serde_json::to_value(json).unwrap_or_default())))
    }

    /// What writes its own lines (Markdown, HTML, CSV) and has passed every word from outside through [`shown`]. Should
    /// one have been forgotten, nothing but an end of line gets through.
    pub(super) fn document(text: &str) -> Self {
        let mut page = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\n' => page.push(c),
                '\r' if rest.as_str().starts_with('\n') => page.push(c),
                c if acts(c) => page.extend(c.escape_unicode()),
                c => page.push(c),
            }
        }
        Self(page)
    }

    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(&displayed(line));
        self.0.push('\n');
    }

    /// Adds an empty line.
    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Adds another page below.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl<Line: AsRef<str>> FromIterator<Line> for Page {
    fn from_iter<Lines: IntoIterator<Item = Line>>(lines: Lines) -> Self {
        let mut page = Self::default();
        lines.into_iter().for_each(|line| page.line(line.as_ref()));
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_acts_is_written_out_and_the_rest_is_left_alone() {
        assert_eq!(
            displayed("a\u{1b}[31mb\nc\u{202e}d\u{200b}\u{e0041}"),
            "a\\u{1b}[31mb\\u{a}c\\u{202e}d\\u{200b}\\u{e0041}"
        );
        for plain in ["Ünïcode, 日本語, العربية", "C:\\Users\\u", "🔑", "e\u{301}", "a\u{a0}b"] {
            assert_eq!(displayed(plain), plain);
        }
    }

    #[test]
    fn nobody_can_write_what_looks_written_out() {
        assert_ne!(displayed("\\u{1b}"), displayed("\u{1b}"));
        assert_eq!(displayed("\\u{1b}"), "\\\\u{1b}");
    }

    #[test]
    fn json_holds_the_same_text() {
        let json = json!({ "name": "a\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}\u{2028}\\u{1b}é" });
        let line = json_line(&json);
        assert!(!line.contains(acts), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).ok(), Some(json));
    }

    #[test]
    fn a_document_keeps_only_its_ends_of_lines() {
        assert_eq!(Page::document("a\r\nb\rc\n\u{1b}").text(), "a\r\nb\\u{d}c\n\\u{1b}");
    }
}
