//! A text as a QR code, and as a drawing for the terminal.

use crate::secret::on_wiped_stack;
use qrcodegen::{QrCode, QrCodeEcc, QrSegment};
use zeroize::Zeroizing;

/// Light modules on every side of a code, ISO/IEC 18004 §5.3.8.
const QUIET: usize = 4;

/// The text does not fit into a QR code (2953 bytes; more if most of it is upper-case letters and digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
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
