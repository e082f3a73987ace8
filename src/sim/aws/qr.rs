//! The picture IAM sends along with a new virtual device's seed.

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

const SCALE: usize = 4;
/// Light modules around the code, ISO/IEC 18004 §6.3.8.
const BORDER: usize = 4;

/// A PNG of the QR code for `text`: one bit to a pixel, black on white. Empty if the text does not fit.
pub(super) fn png(text: &str) -> Zeroizing<Vec<u8>> {
    let mut file = Zeroizing::new(Vec::new());
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return file };
    let modules = usize::try_from(code.size()).unwrap_or_default();
    let side = (modules + 2 * BORDER) * SCALE;
    let light = |pixel: usize| i32::try_from(pixel / SCALE).unwrap_or_default() - BORDER as i32;
    let mut pixels = Zeroizing::new(Vec::with_capacity(side * side.div_ceil(8)));
    for y in 0..side {
        for first in (0..side).step_by(8) {
            let bits = (0..8).map(|i| first + i).map(|x| x < side && !code.get_module(light(x), light(y)));
            pixels.push(bits.fold(0u8, |byte, white| byte << 1 | u8::from(white)));
        }
    }
    let mut encoder = png::Encoder::new(&mut *file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_err() {
        file.clear();
    }
    file
}
