//! Which certificates are trusted: the system's, or those of a bundle that is named.

use super::trouble::Trouble;
use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A bundle of certificates: with it, the system's are not trusted, as with the AWS CLI.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Bundle {
    pub(super) setting: &'static str,
    pub(super) path: PathBuf,
    /// Its certificates, each of which the TLS library takes: it would panic at another.
    pub(super) pem: Arc<String>,
}

impl Bundle {
    pub(super) fn read(setting: &'static str, path: &Path) -> Result<Self, Trouble> {
        let wrong = |why: String| Trouble::Bundle { setting, path: path.to_owned(), why };
        let about = std::fs::metadata(path).map_err(|cause| wrong(cause.to_string()))?;
        if !about.is_file() {
            return Err(wrong("it is not a file".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(|cause| wrong(cause.to_string()))?;
        let text = String::from_utf8_lossy(bytes.strip_prefix(BOM).unwrap_or(&bytes)).replace(TRUSTED, PLAIN);
        let blocks = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
        let ders: Vec<CertificateDer<'_>> = blocks.map(|block| without_trust(&block).to_vec().into()).collect();
        let taken = ders.iter().filter(|der| webpki::anchor_from_trusted_cert(der).is_ok());
        let pem: String = taken.map(|der| block(der)).collect();
        if pem.is_empty() {
            return Err(wrong("there is no certificate in it (PEM)".to_owned()));
        }
        Ok(Self { setting, path: path.to_owned(), pem: Arc::new(pem) })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
/// As `openssl x509 -trustout` writes it: the certificate, and then what OpenSSL trusts it for.
const TRUSTED: &str = " TRUSTED CERTIFICATE-----";
const PLAIN: &str = " CERTIFICATE-----";

/// The certificate alone: the first value in DER (X.690 §8.1.3), whose own length says where it ends.
fn without_trust(der: &[u8]) -> &[u8] {
    let end = match der {
        [_, short, ..] if *short < 0x80 => Some(2 + usize::from(*short)),
        [_, long, rest @ ..] => {
            let many = usize::from(*long & 0x7f);
            let length = rest.get(..many).filter(|_| many <= 4);
            length.map(|bytes| 2 + many + bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
        _ => None,
    };
    end.and_then(|end| der.get(..end)).unwrap_or(der)
}

fn block(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
