//! QR codes, in and out: a PNG file to the texts in it, and a text to a drawing for the terminal.
//!
//! A QR code of an otpauth URI is the seed itself, so everything here runs on the wiped stack and hands out memory
//! that is wiped. The pixel buffers of the png and rqrr crates and the bits of qrcodegen are wiped by the global
//! allocator ([`crate::secret::WipingAllocator`]) when those crates free them. The room does not know what the texts
//! mean.

use crate::secret::on_wiped_stack;
use png::{ColorType, DecodingError, Limits, Transformations};
use qrcodegen::{QrCode, QrCodeEcc, QrSegment};
use std::panic::{AssertUnwindSafe, catch_unwind};
use zeroize::Zeroizing;

/// The longest side of a picture taken, in pixels.
pub const MAX_SIDE: u32 = 10_000;
/// The most pixels taken: more than any camera gives, and less than would exhaust memory.
pub const MAX_PIXELS: u64 = 64_000_000;
/// The most bytes a QR code holds (version 40, error correction L, digits only: ISO/IEC 18004 table 7).
const MAX_TEXT: usize = 7089;
/// Light modules on every side of a code, ISO/IEC 18004 §5.3.8.
const QUIET: usize = 4;

/// Why there is no text to be had from a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadPicture {
    /// The file does not begin like a PNG.
    NotPng,
    /// A PNG that is damaged or cut short.
    Damaged,
    /// More than [`MAX_SIDE`] pixels a side or [`MAX_PIXELS`] in all; refused before any of it was decoded.
    TooLarge {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// No QR code in the picture.
    NoQrCode,
    /// There is a QR code, but too blurred, small or damaged to be read.
    Unreadable,
}

/// The texts of all QR codes in a PNG picture, in the order they are found; never empty. Takes every colour type and
/// bit depth, interlaced or not; transparent counts as white; of an animation the first frame. Codes drawn light on
/// dark are read too.
pub fn decode_png(png: &[u8]) -> Result<Vec<Zeroizing<Vec<u8>>>, BadPicture> {
    on_wiped_stack(|| {
        let picture = Picture::read(png)?;
        let dark_on_light = find(&picture, |luminance| luminance);
        if dark_on_light.is_ok() {
            return dark_on_light;
        }
        match find(&picture, |luminance| 255 - luminance) {
            // What stands dark on light is the likelier code, so its failure is the one to report.
            Err(BadPicture::NoQrCode) => dark_on_light,
            light_on_dark => light_on_dark,
        }
    })
}

/// 8 bits a sample, `samples` samples a pixel, the last of 2 or 4 being opacity.
struct Picture {
    width: usize,
    height: usize,
    samples: usize,
    data: Zeroizing<Vec<u8>>,
}

impl Picture {
    fn read(png: &[u8]) -> Result<Self, BadPicture> {
        let broken = |_: DecodingError| BadPicture::Damaged;
        if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(BadPicture::NotPng);
        }
        // Limits of the decoder's own buffers: rows, palettes, colour profiles. The picture's are checked here.
        let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(png), Limits { bytes: 16 << 20 });
        decoder.set_transformations(Transformations::normalize_to_color8());
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let (width, height) = decoder.read_header_info().map_err(broken)?.size();
        if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(BadPicture::TooLarge { width, height });
        }
        let mut reader = decoder.read_info().map_err(broken)?;
        let size = reader.output_buffer_size().ok_or(BadPicture::TooLarge { width, height })?;
        let mut data = Zeroizing::new(vec![0; size]);
        let frame = reader.next_frame(&mut data).map_err(broken)?;
        let samples = match frame.color_type {
            ColorType::Grayscale | ColorType::Indexed => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
        };
        Ok(Self { width: frame.width as usize, height: frame.height as usize, samples, data })
    }

    /// 0 for black to 255 for white, over white where transparent.
    fn luminance(&self, x: usize, y: usize) -> u8 {
        let at = (y * self.width + x) * self.samples;
        let (grey, opacity) = match *self.data.get(at..at + self.samples).unwrap_or_default() {
            [grey] => (u32::from(grey), 255),
            [grey, opacity] => (u32::from(grey), u32::from(opacity)),
            [red, green, blue] => (grey(red, green, blue), 255),
            [red, green, blue, opacity] => (grey(red, green, blue), u32::from(opacity)),
            _ => (255, 255),
        };
        u8::try_from((grey * opacity + 255 * (255 - opacity)) / 255).unwrap_or(255)
    }
}

/// Rec. 601 luma.
fn grey(red: u8, green: u8, blue: u8) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000
}

fn find(picture: &Picture, tone: impl Fn(u8) -> u8) -> Result<Vec<Zeroizing<Vec<u8>>>, BadPicture> {
    // rqrr indexes by what it has measured in the picture. A picture that leads it astray is an unreadable one, not
    // the end of the program.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, |x, y| {
            tone(picture.luminance(x, y))
        });
        let grids = image.detect_grids();
        let found = grids.len();
        (found, grids.iter().filter_map(text_of).collect::<Vec<_>>())
    }));
    match read {
        Ok((0, _)) => Err(BadPicture::NoQrCode),
        Ok((_, texts)) if !texts.is_empty() => Ok(texts),
        _ => Err(BadPicture::Unreadable),
    }
}

fn text_of<G: rqrr::BitGrid>(grid: &rqrr::Grid<G>) -> Option<Zeroizing<Vec<u8>>> {
    // All the room a code can need, so that it never moves.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_TEXT));
    grid.decode_to(&mut *text).ok()?;
    Some(text)
}

/// The text does not fit into a QR code (2953 bytes; more if most of it is upper-case letters and digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// A QR code's modules.
pub struct Matrix {
    size: usize,
    dark: Zeroizing<Vec<bool>>,
}

/// Encodes a text. Error correction is the lowest that gives the smallest code: a screen has no dirt, and larger
/// modules are easier to scan.
pub fn matrix(text: &str) -> Result<Matrix, TooLong> {
    on_wiped_stack(|| {
        let code = QrCode::encode_segments(&segments(text), QrCodeEcc::Low).map_err(|_| TooLong)?;
        let side = code.size();
        let modules = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        let size = usize::try_from(side).unwrap_or_default();
        let mut dark = Zeroizing::new(Vec::with_capacity(size * size));
        dark.extend(modules.map(|(x, y)| code.get_module(x, y)));
        Ok(Matrix { size, dark })
    })
}

/// The longest run of upper-case letters and digits, which in an otpauth URI is the secret, takes 5.5 bits a character
/// in a segment of its own instead of 8. For an AWS seed that is often the difference between a drawing that fits
/// into 24 lines and one that does not.
fn segments(text: &str) -> Vec<QrSegment> {
    /// Below this, a segment's header costs more than it saves.
    const WORTHWHILE: usize = 16;
    let runs = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit()));
    let longest = runs.max_by_key(|run| run.len()).filter(|run| run.len() >= WORTHWHILE);
    let Some((run, (before, after))) = longest.and_then(|run| Some((run, text.split_once(run)?))) else {
        return vec![QrSegment::make_bytes(text.as_bytes())];
    };
    let bytes = |part: &str| Some(QrSegment::make_bytes(part.as_bytes())).filter(|_| !part.is_empty());
    [bytes(before), Some(QrSegment::make_alphanumeric(run)), bytes(after)].into_iter().flatten().collect()
}

/// A text as a drawing for the terminal: [`matrix`] and [`Matrix::render`].
pub fn render(text: &str) -> Result<Zeroizing<String>, TooLong> {
    Ok(matrix(text)?.render())
}

/// Black on white, whatever the terminal's theme: entries 16 and 231 of the 256 colours are fixed, where themes
/// replace the first 16.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

impl Matrix {
    /// Modules a side, without the quiet zone: 21 to 177.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a module is dark; outside the code none is.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && y < self.size && self.dark.get(y * self.size + x).copied().unwrap_or_default()
    }

    /// The drawing's size in the terminal: columns and lines.
    #[must_use]
    pub fn columns_and_lines(&self) -> (usize, usize) {
        let side = self.size + 2 * QUIET;
        (side, side.div_ceil(2))
    }

    /// The drawing: one character for two modules one above the other, as characters are twice as high as wide; a
    /// quiet zone of four modules around it; lines end in `\n`, the last too.
    ///
    /// Dark modules are black ink (`▀▄█`) on a white ground, both colours set on every line: drawn in the terminal's
    /// own colours, a code would be light on dark in most terminals, and not every scanner reads that. Should a font
    /// leave gaps between lines, white hairlines cross the ink, which scanners forgive.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        on_wiped_stack(|| {
            let (columns, lines) = self.columns_and_lines();
            // A block character is 3 bytes in UTF-8.
            let room = lines * (columns * 3 + BLACK_ON_WHITE.len() + RESET.len() + 1);
            let mut drawing = Zeroizing::new(String::with_capacity(room));
            for line in 0..lines {
                drawing.push_str(BLACK_ON_WHITE);
                drawing.extend((0..columns).map(|x| {
                    match (self.is_dark_in_frame(x, 2 * line), self.is_dark_in_frame(x, 2 * line + 1)) {
                        (false, false) => ' ',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (true, true) => '█',
                    }
                }));
                drawing.push_str(RESET);
                drawing.push('\n');
            }
            drawing
        })
    }

    /// As [`Matrix::is_dark`], counted from the quiet zone's corner.
    fn is_dark_in_frame(&self, x: usize, y: usize) -> bool {
        x.checked_sub(QUIET).zip(y.checked_sub(QUIET)).is_some_and(|(x, y)| self.is_dark(x, y))
    }
}
