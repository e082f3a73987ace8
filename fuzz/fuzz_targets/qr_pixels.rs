//! Any picture, past the PNG's checksums: the input flips the pixels of a code that could be read.
//! `cargo fuzz run qr_pixels`
#![no_main]

use glasskey::qr::{decode_picture, matrix};
use libfuzzer_sys::fuzz_target;

const SCALE: usize = 3;

fuzz_target!(|flips: &[u8]| {
    let Ok(code) = matrix("otpauth://totp/a?secret=MZXW6YTBOI") else { return };
    let side = (code.size() + 8) * SCALE;
    let mut pixels = vec![255u8; side * side];
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (index % side / SCALE, index / side / SCALE);
        if x >= 4 && y >= 4 && code.is_dark(x - 4, y - 4) {
            *pixel = 0;
        }
    }
    for (pixel, flip) in pixels.iter_mut().zip(flips) {
        *pixel ^= flip;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_ok() {
        let _ = decode_picture(&file);
    }
});
