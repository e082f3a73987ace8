//! Where the secret of `glasskey oath add` comes from: a hidden prompt, standard input, or a QR code in a picture.
//! Never an argument.

use super::{Bench, Failed, interrupted, usage};
use crate::cli::args::Add;
use crate::cli::explain::{self, Exit, Explanation};
use crate::platform::Interrupt;
use crate::qr::{self, BadPicture};
use crate::secret::Seed;
use crate::totp::{BadMigration, BadUri, Migration, Uri, is_migration};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest text taken: base32 of the longest seed, with room for separators and a URI's names.
const MAX_TEXT: usize = 8192;
/// The largest picture file taken: an uncompressed PNG of a large screen, with two displays.
const MAX_PICTURE: usize = 64 << 20;

/// A secret, and what came with it.
pub(in crate::cli) enum Found {
    /// Base32, which says nothing else.
    Seed(Seed),
    /// An otpauth URI.
    Uri(Uri),
}

/// The secret, where it can be had without asking anybody: a picture, or standard input that is no terminal.
pub(super) fn given(args: &Add, bench: &Bench<'_>) -> Result<Option<Found>, Failed> {
    given_as(args.qr_image.as_deref(), &bench.interrupt)
}

/// As [`given`], for any command.
pub(in crate::cli) fn given_as(qr_image: Option<&Path>, interrupt: &Interrupt) -> Result<Option<Found>, Failed> {
    if let Some(path) = qr_image {
        return picture(path).map(Some);
    }
    if io::stdin().is_terminal() {
        return Ok(None);
    }
    let text = bounded(io::stdin().lock(), MAX_TEXT)
        .map_err(|cause| Box::new(usage(format!("cannot read standard input: {cause}"))))?;
    if interrupt.raised() {
        return Err(Box::new(interrupted()));
    }
    let text = text.ok_or_else(|| Box::new(usage("there is too much on standard input to be a secret")))?;
    if text.trim_ascii().is_empty() {
        let what = "standard input holds no secret";
        let hint = "run the command on a terminal to be asked for it, or pipe it in: base32 or an otpauth URI";
        return Err(Box::new(Explanation::new("no_secret", what).hint(hint).exit(Exit::Person)));
    }
    parse(&text).map(Some)
}

/// The secret, asked for without echo.
pub(super) fn asked(bench: &Bench<'_>) -> Result<Found, Failed> {
    let Some(text) = bench.person.ask_secret("Secret (base32 or otpauth URI, not shown): ") else {
        let what = "the secret is needed, and nobody can be asked";
        return Err(bench.unanswered(
            Explanation::new("nobody_to_ask", what).hint("pipe it to standard input").exit(Exit::Person),
        ));
    };
    parse(text.expose().as_bytes())
}

pub(in crate::cli) fn parse(text: &[u8]) -> Result<Found, Failed> {
    let text = text.trim_ascii();
    if !looks_like_a_uri(text) {
        let seed = Seed::from_base32(text).map_err(|cause| Box::new(explain::bad_uri(&BadUri::Seed(cause))))?;
        return Ok(Found::Seed(seed));
    }
    Uri::parse(text).map(Found::Uri).map_err(|cause| Box::new(bad_uri(text, &cause)))
}

fn bad_uri(text: &[u8], cause: &BadUri) -> Explanation {
    let explained = explain::bad_uri(cause);
    if starts_with(text, b"otpauth-migration:") {
        return explained.hint("this is Google Authenticator's export; `glasskey oath import` takes it");
    }
    explained
}

/// Whether a text is meant as a URI.
pub(super) fn looks_like_a_uri(text: &[u8]) -> bool {
    starts_with(text.trim_ascii(), b"otpauth")
}

fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn picture(path: &Path) -> Result<Found, Failed> {
    let shown = path.display();
    let bad = |code, what: &str| Box::new(Explanation::new(code, format!("{shown}: {what}")).exit(Exit::Usage));
    let texts = codes_in(path)?;
    match &*texts {
        [text] if looks_like_a_uri(text) => parse(text),
        [_] => Err(bad("bad_secret", "its QR code is not an otpauth URI")),
        several => {
            let what = format!("{} QR codes are in this picture; crop it to the one that is meant", several.len());
            Err(bad("several_qr_codes", &what))
        }
    }
}

/// The texts of all QR codes in a picture; at least one.
fn codes_in(path: &Path) -> Result<Vec<Zeroizing<Vec<u8>>>, Failed> {
    let shown = path.display();
    let cannot = |cause: io::Error| Box::new(usage(format!("cannot read {shown}: {cause}")));
    let bytes = bounded(File::open(path).map_err(cannot)?, MAX_PICTURE).map_err(cannot)?;
    let bad = |code, what: &str| Box::new(Explanation::new(code, format!("{shown}: {what}")).exit(Exit::Usage));
    let bytes = bytes.ok_or_else(|| bad("bad_picture", "more than 64 MiB; crop the picture to the QR code"))?;
    qr::decode_png(&bytes).map_err(|cause| match cause {
        BadPicture::NotPng => bad("bad_picture", "not a PNG picture"),
        BadPicture::Damaged => bad("bad_picture", "the PNG is damaged or cut short"),
        BadPicture::TooLarge { width, height } => {
            bad("bad_picture", &format!("{width} by {height} pixels are too many; crop the picture to the QR code"))
        }
        BadPicture::NoQrCode => bad("no_qr_code", "no QR code is in this picture"),
        BadPicture::Unreadable => bad("no_qr_code", "its QR code cannot be read; take a sharper or larger picture"),
    })
}

/// One credential of many, and where it came from.
pub(super) struct Entry {
    pub(super) source: String,
    pub(super) uri: Result<Uri, BadUri>,
}

/// The largest list taken.
const MAX_LIST: usize = 1 << 20;

/// Every credential in these pictures, or on standard input where there are none.
pub(super) fn many(pictures: &[PathBuf], bench: &Bench<'_>) -> Result<Vec<Entry>, Failed> {
    let mut many = Many::default();
    if pictures.is_empty() {
        if io::stdin().is_terminal() {
            let nobody =
                Explanation::new("no_secret", "nothing was piped to standard input, and no picture is named");
            return Err(Box::new(
                nobody.hint("pipe in otpauth URIs, one a line, or name pictures with --qr-image").exit(Exit::Person),
            ));
        }
        let text = bounded(io::stdin().lock(), MAX_LIST)
            .map_err(|cause| Box::new(usage(format!("cannot read standard input: {cause}"))))?;
        if bench.interrupt.raised() {
            return Err(Box::new(interrupted()));
        }
        let text = text.ok_or_else(|| Box::new(usage("there is more than 1 MiB on standard input")))?;
        let lines = text.split(|c| *c == b'\n').enumerate();
        for (nth, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty() && !line.starts_with(b"#")) {
            many.add(format!("line {}", nth + 1), line);
        }
    }
    for path in pictures {
        let texts = codes_in(path)?;
        let several = texts.len() > 1;
        for (nth, text) in texts.iter().enumerate() {
            let code = if several { format!(", QR code {}", nth + 1) } else { String::new() };
            many.add(format!("{}{code}", path.display()), text);
        }
    }
    many.end()
}

/// What has been read so far.
#[derive(Default)]
struct Many {
    entries: Vec<Entry>,
    /// Parts of exports that have come, by their id: how many there are, and which.
    parts: BTreeMap<i32, (u32, BTreeSet<u32>)>,
    wrong: Vec<String>,
}

impl Many {
    fn add(&mut self, source: String, text: &[u8]) {
        if !is_migration(text) {
            self.entries.push(Entry { source, uri: Uri::parse(text) });
            return;
        }
        let found = match Migration::parse(text) {
            Ok(found) => found,
            Err(cause) => return self.wrong.push(format!("{source}: {}", bad_migration(cause))),
        };
        let (parts, have) = self.parts.entry(found.id).or_insert((found.parts, BTreeSet::new()));
        if *parts != found.parts {
            self.wrong.push(format!(
                "{source}: it belongs to an export of {} parts, others to one of {parts}",
                found.parts
            ));
        } else if !have.insert(found.part) {
            self.wrong.push(format!("{source}: part {} of {parts} is there already", found.part + 1));
        }
        let entries = found.entries.into_iter().enumerate();
        self.entries.extend(entries.map(|(nth, uri)| Entry { source: format!("{source}, entry {}", nth + 1), uri }));
    }

    fn end(mut self) -> Result<Vec<Entry>, Failed> {
        for (parts, have) in self.parts.values() {
            let missing: Vec<String> =
                (0..*parts).filter(|part| !have.contains(part)).map(|part| (part + 1).to_string()).collect();
            if !missing.is_empty() {
                self.wrong.push(format!("of an export of {parts} parts these are missing: {}", missing.join(", ")));
            }
        }
        if !self.wrong.is_empty() {
            let mut text = Explanation::new("bad_export", "the export cannot be read whole; nothing was written")
                .exit(Exit::Usage);
            text.notes = self.wrong;
            return Err(Box::new(text));
        }
        if self.entries.is_empty() {
            return Err(Box::new(Explanation::new("no_secret", "there is nothing to import").exit(Exit::Usage)));
        }
        Ok(self.entries)
    }
}

fn bad_migration(cause: BadMigration) -> &'static str {
    match cause {
        BadMigration::NotMigration => "it has no data",
        BadMigration::NotBase64 => "its data is not base64",
        BadMigration::Damaged => "its data is damaged or cut short",
        BadMigration::BadPart => "its part number makes no sense",
    }
}

/// All there is to read, into memory that is wiped; `None` where it is more than `most` bytes.
fn bounded(mut from: impl Read, most: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_TEXT + 1));
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let read = match from.read(&mut *chunk) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(read) => chunk.get(..read).unwrap_or_default(),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(cause),
        };
        if bytes.len() + read.len() > most {
            return Ok(None);
        }
        if bytes.len() + read.len() > bytes.capacity() {
            // Growing in place could leave an unwiped copy behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(bytes.capacity() * 2));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(read);
    }
}
