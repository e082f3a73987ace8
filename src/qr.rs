//! QR codes, in and out.
