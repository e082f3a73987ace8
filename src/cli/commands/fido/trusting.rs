//! What attestations are held against: the metadata that is built in, or a newer issue, and certificates that the
//! person brought.

use super::Failed;
use crate::cli::args::Trusting;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::invocation::usage;
use crate::fido::certificates;
use crate::fido::metadata::Metadata;
use crate::fido::metadata::blob::{self, Error, Rules};
use crate::flow::fido_key::{Issue, Trust};
use crate::secret::plain_text;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// The largest file of certificates taken; Yubico's has 30 KiB.
const MAX_PEM: usize = 1 << 20;

pub(in crate::cli) struct Trusted {
    metadata: Cow<'static, Metadata>,
    brought: Vec<Vec<u8>>,
    at: SystemTime,
}

impl Trusted {
    pub(in crate::cli) fn read(args: &Trusting) -> Result<Self, Failed> {
        let at = SystemTime::now();
        let metadata = match &args.mds {
            Some(path) => Cow::Owned(Metadata::bundled().updated_with(&newer(path, at)?)),
            None => Cow::Borrowed(Metadata::bundled()),
        };
        let brought = args.attestation_roots.as_deref().map(brought).transpose()?.unwrap_or_default();
        Ok(Self { metadata, brought, at })
    }

    pub(in crate::cli) fn trust(&self) -> Trust<'_> {
        Trust { metadata: &self.metadata, brought: &self.brought, at: self.at }
    }
}

fn newer(path: &Path, at: SystemTime) -> Result<Metadata, Failed> {
    let bytes = read(path, blob::MAX_LEN)?;
    blob::read(&bytes, &Rules::new(at)).map_err(|error| {
        let text = bad(path, "bad_metadata", &error.to_string());
        Box::new(match error {
            Error::Stale { .. } | Error::Older { .. } => {
                text.hint("https://mds3.fidoalliance.org/ has the newest issue")
            }
            _ => text.hint("get it anew from https://mds3.fidoalliance.org/"),
        })
    })
}

fn brought(path: &Path) -> Result<Vec<Vec<u8>>, Failed> {
    let bytes = read(path, MAX_PEM)?;
    let text = plain_text(&bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let found = certificates::from_pem(&text).unwrap_or_default();
    let sound = !found.is_empty()
        && found.len() <= certificates::MAX_CERTIFICATES / 2
        && found.iter().all(|der| certificates::parse(der).is_ok());
    if sound { Ok(found) } else { Err(Box::new(bad(path, "bad_certificates", "no certificates in PEM"))) }
}

/// All of a file, if it is no longer than `most`; one byte more otherwise, which is too long for whoever reads it.
fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failed> {
    let all = |path: &Path| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        crate::store::named(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    all(path).map_err(|cause| usage(format!("cannot read {}: {cause}", path.display())))
}

fn bad(path: &Path, code: &'static str, why: &str) -> Explanation {
    Explanation::new(code, format!("{}: {why}", path.display())).exit(Exit::Usage)
}

/// `number 237, good until 2026-04-01`
pub(in crate::cli) fn issue_words(issue: &Issue) -> String {
    let overdue = if issue.stale { "; a newer one is out, which --mds FILE brings" } else { "" };
    format!("number {}, good until {}{overdue}", issue.number, issue.next_update)
}

/// The issue of the FIDO Alliance's metadata that was used.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct IssueReport {
    /// The issue's number.
    number: u64,
    /// The day by which there is a newer issue.
    next_update: String,
    /// That day has passed.
    stale: bool,
}

impl From<&Issue> for IssueReport {
    fn from(issue: &Issue) -> Self {
        Self { number: issue.number, next_update: issue.next_update.to_string(), stale: issue.stale }
    }
}
