//! The text of a configuration file, read as the AWS CLI reads it (Python's `configparser`, strict). Pure.

use super::trouble::Unreadable;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// What stands between its brackets.
    pub(super) header: String,
    /// Names in small letters. A value of several lines keeps their ends.
    pub(super) settings: Vec<(String, String)>,
    /// The names of those whose values end before a comment.
    pub(super) commented: Vec<String>,
}

/// The sections, or the number of the line that is at fault and what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Section>, (usize, Unreadable)> {
    let mut reading = Reading { sections: Vec::new(), indent: 0, in_setting: false };
    for (number, line) in lines(text).enumerate() {
        let read = if hides_a_line(line) { Err(Unreadable::ReturnWithin) } else { reading.line(line) };
        read.map_err(|why| (number + 1, why))?;
    }
    Ok(reading.sections)
}

/// A text without a line feed has its lines ended by carriage returns, as on the old Macintosh.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end).map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// Whether a line has another behind a carriage return, which the AWS CLI would read and the SDKs would not.
fn hides_a_line(line: &str) -> bool {
    line.split('\r').skip(1).any(|part| part.contains('=') || part.trim_start().starts_with('['))
}

struct Reading {
    sections: Vec<Section>,
    /// Of the last section or setting: what stands further in continues it.
    indent: usize,
    in_setting: bool,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), Unreadable> {
        let said = line.trim();
        if said.is_empty() || said.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.in_setting && indent > self.indent {
            return self.go_on(said);
        }
        self.indent = indent;
        match said.strip_prefix('[') {
            Some(rest) => self.section(rest),
            None => self.setting(said),
        }
    }

    fn go_on(&mut self, said: &str) -> Result<(), Unreadable> {
        let setting = self.sections.last_mut().and_then(|section| section.settings.last_mut());
        if let Some((_, value)) = setting {
            // Below a setting that says nothing, the AWS CLI and the SDKs take settings only.
            if (value.is_empty() || value.starts_with('\n')) && !said.contains('=') {
                return Err(Unreadable::NotASetting);
            }
            value.push('\n');
            value.push_str(said);
        }
        Ok(())
    }

    fn section(&mut self, rest: &str) -> Result<(), Unreadable> {
        let (header, _) = rest.rsplit_once(']').ok_or(Unreadable::OpenSection)?;
        if self.sections.iter().any(|section| section.header == header) {
            return Err(Unreadable::Twice { name: format!("[{header}]") });
        }
        self.sections.push(Section { header: header.to_owned(), settings: Vec::new(), commented: Vec::new() });
        self.in_setting = false;
        Ok(())
    }

    fn setting(&mut self, said: &str) -> Result<(), Unreadable> {
        let section = self.sections.last_mut().ok_or(Unreadable::NoSection)?;
        let (name, value) = said.split_once(['=', ':']).ok_or(Unreadable::NotASetting)?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return Err(Unreadable::NotASetting);
        }
        if section.settings.iter().any(|(there, _)| *there == name) {
            return Err(Unreadable::Twice { name });
        }
        let said = without_comment(value);
        if said != value.trim() {
            section.commented.push(name.clone());
        }
        section.settings.push((name, said.to_owned()));
        self.in_setting = true;
        Ok(())
    }
}

/// The SDKs end a value where a space and `#` or `;` follow; the AWS CLI takes both for a part of it, and no value that
/// it could use has one.
fn without_comment(value: &str) -> &str {
    let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    value.get(..end.unwrap_or(value.len())).unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().pop().unwrap().settings
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn settings_are_read_in_every_spelling() {
        let text = "# a comment\n[default] ; whatever\nRegion=us-east-1\n  \n; another\noutput : json\na = b = c\n";
        assert_eq!(one(text), [pair("region", "us-east-1"), pair("output", "json"), pair("a", "b = c")]);
        assert_eq!(one("[default]\nregion = eu-west-1 # home\n"), [pair("region", "eu-west-1")]);
        assert_eq!(one("[default]\n  region = x\n  output = y\n"), [pair("region", "x"), pair("output", "y")]);
        assert_eq!(
            one("[services s]\niam =\n  endpoint_url = http://h:1\n"),
            [pair("iam", "\nendpoint_url = http://h:1")]
        );
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let wrong = [
            ("region = x\n", 1, Unreadable::NoSection),
            ("[default]\n\n[profile x\n", 3, Unreadable::OpenSection),
            ("[default]\nregion\n", 2, Unreadable::NotASetting),
            ("[default]\na =\n  x\n", 3, Unreadable::NotASetting),
            ("[default]\n= x\n", 2, Unreadable::NotASetting),
            ("[default]\na = 1\nA = 2\n", 3, Unreadable::Twice { name: "a".to_owned() }),
            ("[a]\n[b]\n[a]\n", 3, Unreadable::Twice { name: "[a]".to_owned() }),
            ("[a]\n# x\ry = 1\n", 2, Unreadable::ReturnWithin),
            ("[a]\r[b\r", 2, Unreadable::OpenSection),
        ];
        for (text, line, why) in wrong {
            assert_eq!(parse(text), Err((line, why)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[\\[\\]=: a\\n\\r\\t#;é]{0,60}") {
            let _ = parse(&text);
        }
    }
}
