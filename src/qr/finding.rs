//! QR codes in grey pixels.
//!
//! The decoder is rxing's port of zxing-cpp, of the decoders written in Rust the one that reads photographs and
//! enlarged screenshots of a dense export; rqrr and quircs read a third of them. Its results are taken as bytes:
//! which characters they are is not for a decoder to guess.

use super::BadPicture;
use super::picture::Picture;
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets};
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource};
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use zeroize::Zeroizing;

type Texts = Vec<Zeroizing<Vec<u8>>>;

/// Below this many pixels a side, a picture is looked at enlarged too.
const SMALL: usize = 600;
/// Above this many, halved too.
const LARGE: usize = 200;

/// The texts in a picture: as it is, then smaller, then larger; dark on light, then light on dark.
pub(super) fn texts(picture: Picture) -> Result<Texts, BadPicture> {
    let mut seen = false;
    for light_on_dark in [false, true] {
        let picture = if light_on_dark { &picture.inverted() } else { &picture };
        let least = picture.width.min(picture.height);
        let most = picture.width.max(picture.height);
        let found = read(picture, &mut seen)
            .or_else(|| (least > LARGE).then(|| read(&picture.halved(), &mut seen))?)
            .or_else(|| (most < SMALL).then(|| read(&picture.doubled(), &mut seen))?);
        if let Some(texts) = found {
            return Ok(texts);
        }
    }
    Err(if seen { BadPicture::Unreadable } else { BadPicture::NoQrCode })
}

/// The texts, if any; notes whether there is what looks like a code.
fn read(picture: &Picture, seen: &mut bool) -> Option<Texts> {
    // The decoder indexes by what it has measured. A picture that leads it astray is an unreadable one, not the end of
    // the program.
    match quietly(|| decode(picture)) {
        Some((texts, _)) if !texts.is_empty() => Some(texts),
        Some((_, looks_like_one)) => {
            *seen |= looks_like_one;
            None
        }
        None => {
            *seen = true;
            None
        }
    }
}

fn decode(picture: &Picture) -> (Texts, bool) {
    let size = u32::try_from(picture.width).ok().zip(u32::try_from(picture.height).ok());
    let Some((width, height)) = size else { return (Vec::new(), false) };
    // It wants pixels of its own; the allocator wipes them when it is done.
    let Ok(source) = Luma8LuminanceSource::new(picture.pixels.to_vec(), width, height) else {
        return (Vec::new(), false);
    };
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let found = QrReader.decode_multiple_with_hints(&mut bitmap, &hints).unwrap_or_default();
    let mut texts: Texts = Vec::new();
    for text in found.iter().map(|result| result.getRawBytes()) {
        if !text.is_empty() && !texts.iter().any(|other| ***other == *text) {
            texts.push(Zeroizing::new(text.to_vec()));
        }
    }
    let looks_like_one = || {
        let mut patterns = FindFinderPatterns(bitmap.get_black_matrix(), true, 0);
        !GenerateFinderPatternSets(&mut patterns).is_empty()
    };
    let seen = !texts.is_empty() || looks_like_one();
    (texts, seen)
}

thread_local! {
    /// Whether a panic on this thread is caught and told in other words.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that may panic; `None` where it did. The panic is not printed.
fn quietly<T>(run: impl FnOnce() -> T) -> Option<T> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    outcome.ok()
}
