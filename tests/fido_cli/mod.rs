//! `glasskey fido …` through the binary: software keys on sockets and, where it matters, behind hidraw.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod attest; // whether a key is genuine
pub(crate) mod ceremonies; // registering, signing in, and glasskey's own checks
mod choosing; // which key is meant
mod config; // how a key behaves
pub(crate) mod credentials; // what is kept on it
mod documented; // docs/json.md, the ceremonies
mod faults; // pulled, spoiled and interrupted at every message
mod fingerprints; // fingers
mod info; // what it says, and advisories
mod json; // docs/json.md
mod keys; // joined with the card side
mod makers; // keys of other makers
#[cfg(target_os = "linux")]
mod metadata; // a newer issue of the metadata, at the time it was new
mod pins; // asking for PINs, and what is said of them
mod prepare; // made ready for the safe
mod reset; // the same key after it was unplugged
mod stdin; // secrets on standard input
mod touches; // the person in front of the key

use crate::support::FidoKeys;
use crate::support::fido::write_roots;
use data_encoding::{BASE64, BASE64URL_NOPAD};

/// A file with what vouches for the n-th key, as `--attestation-roots` takes it.
pub(crate) fn roots_of(keys: &FidoKeys, nth: usize) -> String {
    let path = keys.home.path().join(format!("roots{nth}.pem"));
    write_roots(keys.key(nth), &path);
    path.display().to_string()
}

/// A metadata BLOB that nobody of the FIDO Alliance has signed.
fn forged(alg: &str, certificates: &[Vec<u8>]) -> String {
    let x5c: Vec<String> = certificates.iter().map(|der| BASE64.encode(der)).collect();
    let header = serde_json::json!({ "alg": alg, "x5c": x5c });
    let payload = serde_json::json!({ "no": 9999, "nextUpdate": "2099-01-01", "entries": [] });
    let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}.{}", part(header), part(payload), BASE64URL_NOPAD.encode(&[0; 64]))
}
