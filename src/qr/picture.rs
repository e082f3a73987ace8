//! A picture file as grey pixels.

use super::{BadPicture, MAX_PIXELS, MAX_SIDE};
use png::{ColorType, DecodingError, Limits, Transformations};
use zeroize::Zeroizing;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Grey pixels, row by row: 0 is black, 255 is white.
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Zeroizing<Vec<u8>>,
}

impl Picture {
    pub(super) fn read(file: &[u8]) -> Result<Self, BadPicture> {
        match file {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::png(file),
            [0xFF, 0xD8, 0xFF, ..] => Self::jpeg(file),
            _ => Err(BadPicture::NotAPicture),
        }
    }

    fn png(file: &[u8]) -> Result<Self, BadPicture> {
        let broken = |_: DecodingError| BadPicture::Damaged;
        // Limits of the decoder's own buffers: rows, palettes, colour profiles. The picture's are checked here.
        let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(file), Limits { bytes: 16 << 20 });
        decoder.set_transformations(Transformations::normalize_to_color8());
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let (width, height) = decoder.read_header_info().map_err(broken)?.size();
        check_size(width, height)?;
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
        let (width, height) = (frame.width as usize, frame.height as usize);
        let mut pixels = Zeroizing::new(Vec::with_capacity(width * height));
        pixels.extend(data.chunks_exact(samples).take(width * height).map(luminance));
        Self::whole(width, height, pixels)
    }

    /// Photographs. How the camera was held, which EXIF tells, does not matter to a QR code.
    fn jpeg(file: &[u8]) -> Result<Self, BadPicture> {
        let options = DecoderOptions::new_safe()
            .jpeg_set_out_colorspace(ColorSpace::Luma)
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX));
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
        decoder.decode_headers().map_err(|_| BadPicture::Damaged)?;
        // What scanners and printers' programs write: grey is not to be had at once.
        let in_colours = matches!(decoder.input_colorspace(), Some(ColorSpace::CMYK | ColorSpace::YCCK));
        if in_colours {
            decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
        }
        let (width, height) = decoder.dimensions().ok_or(BadPicture::Damaged)?;
        let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
        check_size(side(width), side(height))?;
        let size = decoder.output_buffer_size().ok_or(BadPicture::Damaged)?;
        let mut pixels = Zeroizing::new(vec![255; size]);
        decoder.decode_into(&mut pixels).map_err(|_| BadPicture::Damaged)?;
        if in_colours {
            pixels = Zeroizing::new(pixels.chunks_exact(3).map(luminance).collect());
        }
        Self::whole(width, height, pixels)
    }

    fn whole(width: usize, height: usize, pixels: Zeroizing<Vec<u8>>) -> Result<Self, BadPicture> {
        if pixels.len() == width * height { Ok(Self { width, height, pixels }) } else { Err(BadPicture::Damaged) }
    }

    /// Light for dark.
    pub(super) fn inverted(&self) -> Self {
        let mut pixels = self.pixels.clone();
        pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        Self { pixels, ..*self }
    }

    /// Half as wide and high, each pixel the mean of four: noise and blur shrink, and so do the modules.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Zeroizing::new(Vec::with_capacity(width * height));
        let mut rows = self.pixels.chunks_exact(self.width.max(1));
        while let (Some(upper), Some(lower)) = (rows.next(), rows.next()) {
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2)).take(width);
            pixels.extend(pairs.map(|(upper, lower)| {
                let sum: u32 = upper.iter().chain(lower).map(|pixel| u32::from(*pixel)).sum();
                u8::try_from(sum / 4).unwrap_or(255)
            }));
        }
        Self { width, height, pixels }
    }

    /// Twice as wide and high, the pixels in between interpolated: for modules of one or two pixels.
    pub(super) fn doubled(&self) -> Self {
        let at = |x: usize, y: usize| {
            let (x, y) = (x.min(self.width.saturating_sub(1)), y.min(self.height.saturating_sub(1)));
            self.pixels.get(y * self.width + x).copied().map_or(255, u32::from)
        };
        let mut pixels = Zeroizing::new(Vec::with_capacity(self.width * self.height * 4));
        for y in 0..self.height * 2 {
            pixels.extend((0..self.width * 2).map(|x| {
                let (left, right) = (x / 2, x.div_ceil(2));
                let (upper, lower) = (y / 2, y.div_ceil(2));
                let sum = at(left, upper) + at(right, upper) + at(left, lower) + at(right, lower);
                u8::try_from(sum / 4).unwrap_or(255)
            }));
        }
        Self { width: self.width * 2, height: self.height * 2, pixels }
    }
}

fn check_size(width: u32, height: u32) -> Result<(), BadPicture> {
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(BadPicture::TooLarge { width, height });
    }
    Ok(())
}

/// 0 for black to 255 for white, over white where transparent. 8 bits a sample, the last of 2 or 4 being opacity.
fn luminance(pixel: &[u8]) -> u8 {
    let (grey, opacity) = match *pixel {
        [grey] => (u32::from(grey), 255),
        [grey, opacity] => (u32::from(grey), u32::from(opacity)),
        [red, green, blue] => (luma(red, green, blue), 255),
        [red, green, blue, opacity] => (luma(red, green, blue), u32::from(opacity)),
        _ => (255, 255),
    };
    u8::try_from((grey * opacity + 255 * (255 - opacity)) / 255).unwrap_or(255)
}

/// Rec. 601 luma.
fn luma(red: u8, green: u8, blue: u8) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000
}
