//! Signature Version 4, made and checked (IAM User Guide, "Create a signed AWS API request").
//!
//! The path is encoded once more than it was sent, except for S3; only S3 has queries, and may leave its body unsigned.

use super::wire::{Request, compact};
use super::{Keys, auth};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::time::SystemTime;
use subtle::ConstantTimeEq;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

struct Parts<'h> {
    /// `20261123/us-east-1/iam/aws4_request`
    scope: &'h str,
    headers: &'h str,
    signature: &'h str,
}

fn parts(header: &str) -> Option<Parts<'_>> {
    let mut parts = Parts { scope: "", headers: "", signature: "" };
    for part in header.strip_prefix(ALGORITHM)?.split([',', ' ']).filter(|part| !part.is_empty()) {
        match part.split_once('=')? {
            ("Credential", credential) => parts.scope = credential.split_once('/')?.1,
            ("SignedHeaders", headers) => parts.headers = headers,
            ("Signature", signature) => parts.signature = signature,
            _ => {}
        }
    }
    Some(parts)
}

/// Whether a request is signed with this secret.
pub(super) fn is_right(request: &Request, secret: &str) -> bool {
    let Some(parts) = request.header("authorization").and_then(parts) else { return false };
    let stamp = request.header("x-amz-date").unwrap_or_default();
    let right = signature(request, secret, stamp, parts.scope, parts.headers);
    // Without these two it could be sent again: at another time, to another service.
    let held = |name| parts.headers.split(';').any(|header| header == name);
    held("host") && held("x-amz-date") && bool::from(right.as_bytes().ct_eq(parts.signature.as_bytes()))
}

fn signature(request: &Request, secret: &str, stamp: &str, scope: &str, headers: &str) -> String {
    let of_s3 = scope.split('/').nth(2) == Some("s3");
    let canonical = HEXLOWER.encode(&Sha256::digest(canonical(request, headers, of_s3)));
    let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{canonical}");
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    HEXLOWER.encode(&mac(&key, &text))
}

fn canonical(request: &Request, headers: &str, of_s3: bool) -> String {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = if of_s3 { path.to_owned() } else { encoded(path) };
    let mut pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(with_equals_sign).collect();
    pairs.sort();
    let mut text = format!("{}\n{path}\n{}\n", request.method, pairs.join("&"));
    for name in headers.split(';') {
        let value = request.header(name).unwrap_or_default();
        let value = value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{name}:{value}\n"));
    }
    let body = match request.header("x-amz-content-sha256") {
        Some(unsigned @ "UNSIGNED-PAYLOAD") if of_s3 => unsigned.to_owned(),
        _ => HEXLOWER.encode(&Sha256::digest(&request.body)),
    };
    text + &format!("\n{headers}\n{body}")
}

/// `policy` counts as `policy=`.
fn with_equals_sign(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn encoded(path: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"/-_.~".contains(&c);
    path.bytes().map(|c| if plain(c) { char::from(c).to_string() } else { format!("%{c:02X}") }).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec());
    mac.unwrap_or_default()
}

impl Request {
    pub fn signed(mut self, keys: &Keys, at: SystemTime, region: &str, service: &str) -> Self {
        let stamp = compact(at);
        let mut set = |name: &str, value: &str| drop(self.headers.insert(name.to_owned(), value.to_owned()));
        set("x-amz-date", &stamp);
        let mut headers = "host;x-amz-date".to_owned();
        if let Some(token) = &keys.session_token {
            set("x-amz-security-token", token);
            headers += ";x-amz-security-token";
        }
        self.headers.entry("host".to_owned()).or_insert_with(|| "localhost".to_owned());
        let day = stamp.get(..8).unwrap_or_default();
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let signature = signature(&self, &keys.secret_access_key, &stamp, &scope, &headers);
        let header = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={headers}, Signature={signature}",
            keys.access_key_id
        );
        self.headers.insert("authorization".to_owned(), header);
        self
    }
}

pub(super) fn refusal() -> super::wire::Refusal {
    super::wire::Refusal::new(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.",
    )
}

impl super::State {
    /// Remembers the use of a long-term key. The service that STS is in is not one of IAM's own.
    pub(super) fn note_use(&mut self, scope: &auth::Scope, at: SystemTime) {
        if let Some(key) = self.access_keys.get_mut(&scope.access_key) {
            let (service, region) = (scope.service.clone(), scope.region.clone());
            key.used = Some(super::state::Use { at, service, region });
        }
    }
}
