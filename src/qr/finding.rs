//! QR codes in grey pixels.
//!
//! The decoder is rxing's port of zxing-cpp, of the decoders written in Rust the one that reads photographs and
//! enlarged screenshots of a dense export; rqrr and quircs read a third of them. Its results are taken as bytes:
//! which characters they are is not for a decoder to guess.

use super::picture::Picture;
use super::{BadPicture, Codes};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets};
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, Point, RXingResult};
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use zeroize::Zeroizing;

/// Below this many pixels a side, a picture is looked at enlarged too.
const SMALL: usize = 600;
/// Above this many, halved too.
const LARGE: usize = 200;

/// What a picture holds, dark on light and light on dark.
pub(super) fn codes(picture: &Picture) -> Result<Codes, BadPicture> {
    let mut found = scaled(picture);
    let light = scaled(&picture.inverted());
    found.more |= light.more;
    light.texts.into_iter().for_each(|text| found.add(text));
    match (found.texts.is_empty(), found.more) {
        (false, _) => Ok(found),
        (true, true) => Err(BadPicture::Unreadable),
        (true, false) => Err(BadPicture::NoQrCode),
    }
}

/// As it is; where nothing is read, or not all that is seen, smaller and larger too.
fn scaled(picture: &Picture) -> Codes {
    let least = picture.width.min(picture.height);
    let most = picture.width.max(picture.height);
    let mut found = read(picture);
    for scaled in [(least > LARGE).then(|| picture.halved()), (most < SMALL).then(|| picture.doubled())] {
        let Some(scaled) = scaled.filter(|_| found.texts.is_empty() || found.more) else { continue };
        let here = read(&scaled);
        // A scale at which more is read tells better what is left.
        let more = if here.texts.len() > found.texts.len() { here.more } else { found.more || here.more };
        here.texts.into_iter().for_each(|text| found.add(text));
        found.more = more;
    }
    found
}

impl Codes {
    fn add(&mut self, text: Zeroizing<Vec<u8>>) {
        if !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }
}

fn read(picture: &Picture) -> Codes {
    // The decoder indexes by what it has measured. A picture that leads it astray is an unreadable one, not the end of
    // the program.
    quietly(|| decode(picture)).unwrap_or(Codes { texts: Vec::new(), more: true })
}

/// Finder patterns that a code shows of which a corner is cut off or covered.
const SHOWN: usize = 2;

/// Whether a place in the picture is in a code that was read, or close to it: its modules may look like anything.
fn is_in(code: &RXingResult, at: Point) -> bool {
    let within = |of: fn(&Point) -> f32, at: f32| {
        let (least, most) =
            code.getPoints().iter().map(of).fold((f32::MAX, f32::MIN), |(a, b), x| (a.min(x), b.max(x)));
        let margin = (most - least) / 4.0;
        (least - margin..=most + margin).contains(&at)
    };
    within(|point| point.x, at.x) && within(|point| point.y, at.y)
}

fn decode(picture: &Picture) -> Codes {
    let mut codes = Codes { texts: Vec::new(), more: false };
    let size = u32::try_from(picture.width).ok().zip(u32::try_from(picture.height).ok());
    let Some((width, height)) = size else { return codes };
    // It wants pixels of its own; the allocator wipes them when it is done.
    let Ok(source) = Luma8LuminanceSource::new(picture.pixels.to_vec(), width, height) else { return codes };
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let found = QrReader.decode_multiple_with_hints(&mut bitmap, &hints).unwrap_or_default();
    let read = found.iter().map(|result| result.getRawBytes()).filter(|text| !text.is_empty());
    read.for_each(|text| codes.add(Zeroizing::new(text.to_vec())));
    let mut patterns = FindFinderPatterns(bitmap.get_black_matrix(), true, 0);
    codes.more = match found.is_empty() {
        true => !GenerateFinderPatternSets(&mut patterns).is_empty(),
        false => patterns.iter().filter(|one| !found.iter().any(|code| is_in(code, one.p))).count() >= SHOWN,
    };
    codes
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
