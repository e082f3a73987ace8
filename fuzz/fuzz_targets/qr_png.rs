//! Any bytes are a picture with QR codes in it or are refused. Start from a corpus of PNG files.
//! `cargo fuzz run qr_png`
#![no_main]

use glasskey::qr::decode_picture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(codes) = decode_picture(file) {
        assert!(!codes.texts.is_empty());
    }
});
