//! The texts of the QR codes in a picture.

use super::lines::Asking;
use super::secret::{bounded, looks_like_a_uri};
use super::{Failed, usage};
use crate::cli::explain::{Exit, Explanation};
use crate::cli::shell::word;
use crate::qr::{self, BadPicture, Codes};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// The largest picture file taken: an uncompressed PNG of a large screen, with two displays.
const MAX_PICTURE: usize = 64 << 20;

/// The only otpauth URI in a picture. Other codes, of an app's shop or of a web page, do no harm.
pub(super) fn uri_in(path: &Path, asking: Asking<'_>) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let Codes { mut texts, more } = codes_in(path)?;
    if more {
        asking.style.warn(&one_unread(path));
    }
    let codes = texts.len();
    texts.retain(|text| looks_like_a_uri(text));
    match texts.len() {
        1 => Ok(texts.swap_remove(0)),
        0 if codes == 1 => Err(bad(path, "bad_secret", "its QR code is not an otpauth URI")),
        0 => Err(bad(path, "bad_secret", &format!("none of its {codes} QR codes is an otpauth URI"))),
        several => {
            let what = format!("{several} otpauth QR codes are in this picture; crop it to the one that is meant");
            let bad = bad(path, "several_qr_codes", &what);
            Err(match asking.import {
                Some(import) => Box::new(
                    bad.hint(format!("`{import} --qr-image {}` takes them all", word(&path.to_string_lossy()))),
                ),
                None => bad,
            })
        }
    }
}

/// That a code in a picture was not read.
pub(super) fn one_unread(path: &Path) -> String {
    format!(
        "{}: another QR code seems to be in it, which cannot be read; crop the picture to it, or take a sharper one",
        path.display()
    )
}

/// The QR codes in a picture; at least one.
pub(super) fn codes_in(path: &Path) -> Result<Codes, Failed> {
    let cannot = |cause: io::Error| usage(format!("cannot read {}: {cause}", path.display()));
    let bytes = bounded(crate::store::named(path).map_err(cannot)?, MAX_PICTURE).map_err(cannot)?;
    let bytes = bytes.ok_or_else(|| bad(path, "bad_picture", "more than 64 MiB; crop the picture to the QR code"))?;
    qr::decode_picture(&bytes).map_err(|cause| match cause {
        BadPicture::NotAPicture => Box::new(
            bad(path, "bad_picture", "not a PNG or JPEG picture")
                .hint("save it as one of them: most viewers do, and a screenshot of it will do too"),
        ),
        BadPicture::Damaged => bad(path, "bad_picture", "the picture is damaged or cut short"),
        BadPicture::TooLarge { width, height } => {
            let what = format!("{width} by {height} pixels are too many; crop the picture to the QR code");
            bad(path, "bad_picture", &what)
        }
        BadPicture::NoQrCode => Box::new(
            bad(path, "no_qr_code", "no QR code was found in this picture")
                .hint("if there is one: crop the picture to it, with some white around it, or take a sharper one"),
        ),
        BadPicture::Unreadable => bad(
            path,
            "no_qr_code",
            "its QR code cannot be read; take a sharper or larger picture, from straight above",
        ),
    })
}

fn bad(path: &Path, code: &'static str, what: &str) -> Box<Explanation> {
    Box::new(Explanation::new(code, format!("{}: {what}", path.display())).exit(Exit::Usage))
}
