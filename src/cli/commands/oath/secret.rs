//! Where the secret of `glasskey oath add` comes from: a hidden prompt, standard input, or a QR code in a picture.
//! Never an argument.

use super::lines::{self, Asking};
use super::{Failed, Invocation, picture, usage};
use crate::cli::args::Add;
use crate::cli::console::Style;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::secret_line::stdin_has_text;
use crate::cli::shell::key_option;
use crate::keys::KeyId;
use crate::secret::{Password, Seed, plain_text};
use crate::totp::{BadUri, Given, Uri, is_migration};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest text taken: base32 of the longest seed, with room for separators and a URI's names.
const MAX_TEXT: usize = 8192;

/// A secret, and what came with it.
pub(in crate::cli) enum SecretInput {
    /// Base32, which says nothing else.
    Seed(Seed),
    Uri(Uri),
}

/// The secret, where it can be had without asking anybody: a picture, or standard input that is no terminal.
pub(super) fn given(args: &Add, invocation: &Invocation<'_>) -> Result<Option<SecretInput>, Failed> {
    given_beside(args.qr_image.as_deref(), &beside(args), asking(&import(args), invocation))
}

/// What the arguments say, so that the URI need not.
fn beside(args: &Add) -> Given {
    Given {
        issuer: args.issuer.is_some() || args.account.as_ref().is_some_and(|account| account.contains(':')),
        account: args.account.is_some(),
        algorithm: args.algorithm,
        digits: args.digits,
        period: args.period,
        counter: args.hotp,
    }
}

/// As [`given`], for any command.
pub(in crate::cli) fn given_as(qr_image: Option<&Path>, asking: Asking<'_>) -> Result<Option<SecretInput>, Failed> {
    given_beside(qr_image, &Given::default(), asking)
}

fn asking<'a>(import: &'a str, invocation: &'a Invocation<'_>) -> Asking<'a> {
    Asking {
        person: &invocation.person,
        style: invocation.console.style(),
        interrupt: &invocation.interrupt,
        import: Some(import),
    }
}

fn import(args: &Add) -> String {
    format!("glasskey oath import{}", key_option(args.key.key.map(KeyId::Serial).as_ref()))
}

fn given_beside(qr_image: Option<&Path>, given: &Given, asking: Asking<'_>) -> Result<Option<SecretInput>, Failed> {
    if let Some(path) = qr_image {
        return parse_or_import(&picture::uri_in(path, asking)?, given, asking).map(Some);
    }
    if !stdin_has_text() {
        return Ok(None);
    }
    let text = bounded(io::stdin().lock(), MAX_TEXT)
        .map_err(|cause| usage(format!("cannot read standard input: {cause}")))?;
    if asking.interrupt.raised() {
        return Err(Box::new(Explanation::interrupted()));
    }
    let text = text.ok_or_else(|| usage("there is too much on standard input to be a secret"))?;
    if text.trim_ascii().is_empty() {
        let what = "standard input holds no secret";
        let hint = "run the command on a terminal to be asked for it, or pipe it in: base32 or an otpauth URI";
        return Err(Box::new(Explanation::new("no_secret", what).hint(hint).exit(Exit::Person)));
    }
    parse_or_import(&lines::one_of(&text, given, asking)?, given, asking).map(Some)
}

/// The secret, asked for without echo.
pub(super) fn asked(args: &Add, invocation: &Invocation<'_>) -> Result<SecretInput, Failed> {
    let given = beside(args);
    let ask = || {
        let nobody = Explanation::new("nobody_to_ask", "the secret is needed, and nobody can be asked")
            .hint("pipe it to standard input")
            .exit(Exit::Person);
        let text = invocation.person.ask_pasted("Secret (base32 or otpauth URI, not shown): ");
        text.ok_or_else(|| invocation.unanswered(nobody))
    };
    let import = import(args);
    let asking = asking(&import, invocation);
    let read = |text: &[u8]| parse_or_import(&lines::one_of(text, &given, asking)?, &given, asking);
    until_right(ask, read, invocation.console.style())
}

/// How often a secret is asked for, since a mistyped one costs nothing.
pub(super) const TRIES: usize = 3;

/// Asks for a secret until it can be read, with what was wrong; the last time that is the error.
pub(in crate::cli) fn until_right<T>(
    ask: impl Fn() -> Result<Password, Failed>,
    read: impl Fn(&[u8]) -> Result<T, Failed>,
    style: Style,
) -> Result<T, Failed> {
    for _ in 1..TRIES {
        match read(ask()?.expose().as_bytes()) {
            Err(wrong) if wrong.exit == Exit::Usage => style.say(&format!("glasskey: {}", wrong.what)),
            read => return read,
        }
    }
    read(ask()?.expose().as_bytes())
}

pub(in crate::cli) fn parse(text: &[u8]) -> Result<SecretInput, Failed> {
    parse_beside(text, &Given::default())
}

/// As [`parse`], of what may have several lines.
pub(in crate::cli) fn parse_one_of(text: &[u8], asking: Asking<'_>) -> Result<SecretInput, Failed> {
    parse(&lines::one_of(text, &Given::default(), asking)?)
}

pub(super) fn parse_beside(text: &[u8], given: &Given) -> Result<SecretInput, Failed> {
    let text = readable(text)?;
    let text = text.trim_ascii();
    let lines = text.split(|c| matches!(c, b'\n' | b'\r')).filter(|line| !line.trim_ascii().is_empty()).count();
    if lines > 1 {
        return Err(Box::new(several_lines(lines)));
    }
    if !looks_like_a_uri(text) {
        if let Some(other) = other_than_base32(text) {
            return Err(Box::new(other));
        }
        let seed = Seed::from_base32(text).map_err(|cause| Box::new(explain::bad_uri(&BadUri::Seed(cause))))?;
        return Ok(SecretInput::Seed(seed));
    }
    Uri::parse_beside(text, given).map(SecretInput::Uri).map_err(|cause| Box::new(explain::bad_uri(&cause)))
}

/// As [`parse_beside`]; an export of several secrets is told what takes it.
fn parse_or_import(text: &[u8], given: &Given, asking: Asking<'_>) -> Result<SecretInput, Failed> {
    parse_beside(text, given).map_err(|why| match asking.import {
        Some(import) if is_migration(text.trim_ascii()) => {
            Box::new(why.hint(format!("this is Google Authenticator's export; `{import}` takes it")))
        }
        _ => why,
    })
}

/// The text as UTF-8, whatever an editor or a shell has made of it.
pub(super) fn readable(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failed> {
    plain_text(text).ok_or_else(|| {
        let text = Explanation::new("bad_text", "the text is UTF-16, and damaged or cut short");
        Box::new(text.hint("save it as UTF-8").exit(Exit::Usage))
    })
}

/// A password above a secret, as a password store has them, would read as one longer secret, and its code would match.
pub(super) fn several_lines(lines: usize) -> Explanation {
    let mut text = explain::bad_uri(&BadUri::Lines);
    text.what = format!("there are {lines} lines, and a secret is one");
    text
}

/// A text that is neither base32 nor a URI that is taken, by what it is.
fn other_than_base32(text: &[u8]) -> Option<Explanation> {
    let bad = |what: String| Explanation::new("bad_secret", what).exit(Exit::Usage);
    let within = text.trim_ascii().get(1..).filter(|_| !text.first().is_some_and(u8::is_ascii_alphanumeric));
    if text.first().is_some_and(|first| b"\"'`<".contains(first)) && within.is_some_and(looks_like_a_uri) {
        let what = "the otpauth URI stands between quotation marks or brackets".to_owned();
        return Some(bad(what).hint("give it without them"));
    }
    let scheme = text
        .split(|c| *c == b':')
        .next()
        .filter(|scheme| text.get(scheme.len()..).is_some_and(|rest| rest.starts_with(b"://")))?;
    let named =
        (1..=10).contains(&scheme.len()) && scheme.iter().all(|c| c.is_ascii_alphanumeric() || b"+.-".contains(c));
    let scheme = std::str::from_utf8(scheme).ok().filter(|_| named)?;
    let text = bad(format!("it is a {scheme}:// address, and no secret"));
    Some(text.hint("a secret is base32, or an otpauth://totp/ or otpauth://hotp/ URI; services show one of them beside the QR code"))
}

pub(super) fn looks_like_a_uri(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let begins = |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    begins(b"otpauth") || begins(b"steam://")
}

/// All there is to read, into memory that is wiped; `None` where it is more than `most` bytes.
pub(super) fn bounded(mut from: impl Read, most: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
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
