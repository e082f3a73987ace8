//! Where the secret of `glasskey oath add` comes from: a hidden prompt, standard input, or a QR code in a picture.
//! Never an argument.

use super::{Bench, Failed, interrupted, usage};
use crate::cli::args::Add;
use crate::cli::explain::{self, Exit, Explanation};
use crate::qr::{self, BadPicture};
use crate::secret::Seed;
use crate::totp::{BadUri, Uri};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest text taken: base32 of the longest seed, with room for separators and a URI's names.
const MAX_TEXT: usize = 8192;
/// The largest picture file taken: an uncompressed PNG of a large screen, with two displays.
const MAX_PICTURE: usize = 64 << 20;

/// A secret, and what came with it.
pub(super) enum Found {
    /// Base32, which says nothing else.
    Seed(Seed),
    /// An otpauth URI.
    Uri(Uri),
}

/// The secret, where it can be had without asking anybody: a picture, or standard input that is no terminal.
pub(super) fn given(args: &Add, bench: &Bench<'_>) -> Result<Option<Found>, Failed> {
    if let Some(path) = &args.qr_image {
        return picture(path).map(Some);
    }
    if io::stdin().is_terminal() {
        return Ok(None);
    }
    let text = bounded(io::stdin().lock(), MAX_TEXT)
        .map_err(|cause| Box::new(usage(format!("cannot read standard input: {cause}"))))?;
    if bench.interrupt.raised() {
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

fn parse(text: &[u8]) -> Result<Found, Failed> {
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
        return explained
            .hint("this is Google Authenticator's export of several accounts; have the service show its own code");
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
    let cannot = |cause: io::Error| Box::new(usage(format!("cannot read {shown}: {cause}")));
    let bytes = bounded(File::open(path).map_err(cannot)?, MAX_PICTURE).map_err(cannot)?;
    let bad = |code, what: &str| Box::new(Explanation::new(code, format!("{shown}: {what}")).exit(Exit::Usage));
    let bytes = bytes.ok_or_else(|| bad("bad_picture", "more than 64 MiB; crop the picture to the QR code"))?;
    let texts = qr::decode_png(&bytes).map_err(|cause| match cause {
        BadPicture::NotPng => bad("bad_picture", "not a PNG picture"),
        BadPicture::Damaged => bad("bad_picture", "the PNG is damaged or cut short"),
        BadPicture::TooLarge { width, height } => {
            bad("bad_picture", &format!("{width} by {height} pixels are too many; crop the picture to the QR code"))
        }
        BadPicture::NoQrCode => bad("no_qr_code", "no QR code is in this picture"),
        BadPicture::Unreadable => bad("no_qr_code", "its QR code cannot be read; take a sharper or larger picture"),
    })?;
    match &*texts {
        [text] if looks_like_a_uri(text) => parse(text),
        [_] => Err(bad("bad_secret", "its QR code is not an otpauth URI")),
        several => {
            let what = format!("{} QR codes are in this picture; crop it to the one that is meant", several.len());
            Err(bad("several_qr_codes", &what))
        }
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
