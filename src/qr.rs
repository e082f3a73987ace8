//! QR codes, in and out: a picture to the texts in it, and a text to a drawing for the terminal.
//!
//! A QR code of an otpauth URI is the seed itself, so everything here runs on the wiped stack and hands out memory
//! that is wiped. The pixel buffers of the png, zune-jpeg and rxing crates and the bits of qrcodegen are wiped by the
//! global allocator ([`crate::secret::WipingAllocator`]) when those crates free them. The room does not know what the
//! texts mean.

mod drawing;
mod finding;
mod picture;

pub use drawing::{Matrix, TooLong, matrix, render};

use crate::secret::on_wiped_stack;
use picture::Picture;
use zeroize::Zeroizing;

/// The longest side of a picture taken, in pixels.
pub const MAX_SIDE: u32 = 10_000;
/// The most pixels taken: more than any camera gives, and less than would exhaust memory.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Why there is no text to be had from a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum BadPicture {
    #[error("it is neither a PNG nor a JPEG")]
    NotAPicture,
    #[error("the picture is damaged or cut short")]
    Damaged,
    /// More than [`MAX_SIDE`] pixels a side or [`MAX_PIXELS`] in all; refused before any of it was decoded.
    #[error("the picture is too large: {width} by {height} pixels")]
    TooLarge {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    #[error("there is no QR code in the picture")]
    NoQrCode,
    #[error("the QR code in the picture cannot be read")]
    Unreadable,
}

/// What a picture holds.
pub struct Codes {
    /// The texts of the codes that could be read, each once, in the order they are found; never empty.
    pub texts: Vec<Zeroizing<Vec<u8>>>,
    /// There is what looks like another code, which could not be read.
    pub more: bool,
}

/// The texts of all QR codes in a PNG or JPEG picture. Takes every colour type and bit depth, interlaced or not; transparent
/// counts as white; of an animation the first frame. Codes drawn light on dark are read too.
///
/// # Errors
/// Why there is none.
pub fn decode_picture(file: &[u8]) -> Result<Codes, BadPicture> {
    on_wiped_stack(|| finding::codes(&Picture::read(file)?))
}
