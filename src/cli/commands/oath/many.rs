//! What `glasskey oath import` reads: lists and exports on standard input, or pictures of QR codes.

use super::secret::{bounded, looks_like_a_uri, readable};
use super::{Failed, Invocation, picture, usage};
use crate::cli::explain::{Exit, Explanation};
use crate::cli::secret_line::check_stdin_is_free;
use crate::qr::Codes;
use crate::secret::without_mark;
use crate::totp::{BadMigration, BadUri, Exported, Given, Migration, Uri, is_migration};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// One credential of many, and where it came from.
pub(super) struct Entry {
    pub(super) source: String,
    /// What its maker calls it, where that can be told.
    pub(super) called: Option<String>,
    pub(super) uri: Result<Uri, BadUri>,
    /// The rest of a URI whose names alone cannot be read, for one that is given another name.
    pub(super) unnamed: Option<Uri>,
}

#[derive(Default)]
pub(super) struct Many {
    pub(super) entries: Vec<Entry>,
    /// Parts of exports that have not come, in words.
    pub(super) missing: Vec<String>,
    /// Pictures with a code that seems to be there and could not be read.
    pub(super) unread: Vec<PathBuf>,
    /// Parts of exports that have come, by their id: how many there are, and which.
    parts: BTreeMap<i32, (u32, BTreeSet<u32>)>,
    wrong: Vec<String>,
}

const MAX_LIST: usize = 1 << 20;

/// Every credential in these pictures, or on standard input where there are none.
pub(super) fn many(pictures: &[PathBuf], invocation: &Invocation<'_>) -> Result<Many, Failed> {
    let mut many = Many::default();
    if pictures.is_empty() {
        many.list(invocation)?;
    }
    for path in pictures {
        many.picture(path, invocation)?;
    }
    many.end()
}

impl Many {
    fn list(&mut self, invocation: &Invocation<'_>) -> Result<(), Failed> {
        check_stdin_is_free("the list")?;
        if io::stdin().is_terminal() {
            let nobody =
                Explanation::new("no_secret", "nothing was piped to standard input, and no picture is named");
            return Err(Box::new(
                nobody.hint("pipe in otpauth URIs, one a line, or name pictures with --qr-image").exit(Exit::Person),
            ));
        }
        let text = bounded(io::stdin().lock(), MAX_LIST)
            .map_err(|cause| usage(format!("cannot read standard input: {cause}")))?;
        if invocation.interrupt.raised() {
            return Err(Box::new(Explanation::interrupted()));
        }
        let text = text.ok_or_else(|| usage("there is more than 1 MiB on standard input"))?;
        let text = readable(&text)?;
        // A mark may stand before every file that was joined to the list.
        let lines = text.split(|c| *c == b'\n').map(|line| without_mark(line).trim_ascii()).enumerate();
        let lines: Vec<(usize, &[u8])> =
            lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#")).collect();
        if !lines.is_empty() && !lines.iter().any(|(_, line)| looks_like_a_uri(line)) {
            return Err(Box::new(no_list(&text, lines.len())));
        }
        // Neighbours that are no URIs are one entry: they belong together, and there may be many.
        for run in lines.chunk_by(|(_, one), (_, next)| !looks_like_a_uri(one) && !looks_like_a_uri(next)) {
            match run {
                [(nth, line)] => self.add(format!("line {}", nth + 1), line),
                [(first, line), .., (last, _)] => self.add(format!("lines {} to {}", first + 1, last + 1), line),
                [] => {}
            }
        }
        Ok(())
    }

    fn picture(&mut self, path: &Path, invocation: &Invocation<'_>) -> Result<(), Failed> {
        let Codes { texts, more } = picture::codes_in(path)?;
        if more {
            invocation.warn(&picture::one_unread(path));
            self.unread.push(path.to_owned());
        }
        let several = texts.len() > 1;
        let any = texts.iter().any(|text| looks_like_a_uri(text));
        for (nth, text) in texts.iter().enumerate().filter(|(_, text)| !any || looks_like_a_uri(text)) {
            let code = if several { format!(", QR code {}", nth + 1) } else { String::new() };
            self.add(format!("{}{code}", path.display()), text);
        }
        Ok(())
    }

    fn add(&mut self, source: String, text: &[u8]) {
        if !is_migration(text) {
            let uri = Uri::parse(text);
            let names = Given { issuer: true, account: true, ..Given::default() };
            let unnamed = if uri.is_err() { Uri::parse_beside(text, &names).ok() } else { None };
            self.entries.push(Entry { source, called: Uri::label(text), uri, unnamed });
            return;
        }
        let found = match Migration::parse(text) {
            Ok(found) => found,
            Err(cause) => return self.wrong.push(format!("{source}: {}", bad_migration(cause))),
        };
        // Some apps write no part numbers.
        if found.parts > 0 {
            let (parts, have) = self.parts.entry(found.id).or_insert((found.parts, BTreeSet::new()));
            if *parts == found.parts {
                have.insert(found.part);
            } else {
                let what =
                    format!("{source}: it belongs to an export of {} parts, others to one of {parts}", found.parts);
                self.wrong.push(what);
            }
        }
        for (nth, Exported { name, uri, unnamed }) in found.entries.into_iter().enumerate() {
            self.entries.push(Entry {
                source: format!("{source}, its credential {}", nth + 1),
                called: name,
                uri,
                unnamed,
            });
        }
    }

    fn end(mut self) -> Result<Self, Failed> {
        for (parts, have) in self.parts.values() {
            let missing: Vec<String> =
                (0..*parts).filter(|part| !have.contains(part)).map(|part| (part + 1).to_string()).collect();
            if !missing.is_empty() {
                self.missing.push(format!("of an export of {parts} parts these are missing: {}", missing.join(", ")));
            }
        }
        if !self.wrong.is_empty() {
            let mut text = Explanation::new("bad_export", "the export cannot be read whole; nothing was written")
                .exit(Exit::Usage);
            text.notes = std::mem::take(&mut self.wrong);
            text.notes.append(&mut self.missing);
            return Err(Box::new(text));
        }
        if self.entries.is_empty() {
            return Err(Box::new(Explanation::new("no_secret", "there is nothing to import").exit(Exit::Usage)));
        }
        Ok(self)
    }
}

/// Why a text without a single URI is no list.
fn no_list(text: &[u8], lines: usize) -> Explanation {
    let kind = match text.trim_ascii().first() {
        Some(b'{' | b'[') => "standard input holds JSON, and no otpauth URI is on a line of its own",
        Some(b'<') => "standard input holds HTML or XML, and no otpauth URI is on a line of its own",
        _ if lines == 1 => "the line on standard input is not an otpauth URI",
        _ => "no line on standard input is an otpauth URI",
    };
    Explanation::new("no_secret", kind)
        .hint("most apps export otpauth URIs too, often called a plain text or URI list; one a line is read")
        .exit(Exit::Usage)
}

fn bad_migration(cause: BadMigration) -> &'static str {
    match cause {
        BadMigration::NotMigration => "it has no data",
        BadMigration::NotBase64 => "its data is not base64",
        BadMigration::Damaged => "its data is damaged or cut short",
        BadMigration::BadPart => "its part number makes no sense",
    }
}
