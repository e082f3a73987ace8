//! `glasskey --version --verbose`: the version, and what is built in that grows old.

use crate::cli::page::Page;
use crate::fido::advisories;
use crate::fido::metadata::Metadata;
use schemars::JsonSchema;
use serde::Serialize;
use std::ffi::OsString;
use std::time::SystemTime;

/// The version, and what is built in.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "version")]
pub(in crate::cli) struct Report {
    /// The version of glasskey.
    version: &'static str,
    /// The FIDO Alliance's metadata.
    metadata: MetadataReport,
    /// Security advisories.
    advisories: AdvisoriesReport,
    /// Features that were built in: `hid`, `pcsc`, `piv`.
    features: Vec<&'static str>,
}

/// The FIDO Alliance's metadata that is built in.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct MetadataReport {
    /// The number.
    number: u64,
    /// The day by which there is a newer issue.
    next_update: String,
    /// That day has passed.
    stale: bool,
    /// How many models of FIDO2 keys it lists.
    models: usize,
}

/// The security advisories that are built in.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct AdvisoriesReport {
    /// How many there are.
    count: usize,
    /// The id of the newest.
    newest: Option<&'static str>,
}

/// The whole text, where these arguments ask for it and for nothing else.
pub(in crate::cli) fn asked_for(args: &[OsString]) -> Option<Page> {
    let mut flags: Vec<&str> = args.get(1..)?.iter().map(|arg| arg.to_str()).collect::<Option<_>>()?;
    let mut take = |names: &[&str]| {
        let there = flags.iter().any(|flag| names.contains(flag));
        flags.retain(|flag| !names.contains(flag));
        there
    };
    let asked = take(&["--version", "-V"]) && take(&["--verbose"]);
    let json = take(&["--json"]);
    (asked && flags.is_empty()).then(|| text(json))
}

fn text(json: bool) -> Page {
    let version = env!("CARGO_PKG_VERSION");
    let metadata = Metadata::bundled();
    let (number, next, stale) = (metadata.number(), metadata.next_update(), metadata.is_stale(SystemTime::now()));
    let (models, advisories) = (metadata.models().count(), advisories::all());
    // After whose they are, their numbers begin with the year.
    let newest = advisories.iter().max_by_key(|advisory| advisory.id.split_once('-').map(|(_, number)| number));
    let newest = newest.map(|advisory| advisory.id.as_str());
    let built_in = [("hid", cfg!(feature = "hid")), ("pcsc", cfg!(feature = "pcsc")), ("piv", cfg!(feature = "piv"))];
    let features: Vec<&str> = built_in.into_iter().filter_map(|(name, on)| on.then_some(name)).collect();
    if json {
        let metadata = MetadataReport { number, next_update: next.to_string(), stale, models };
        let advisories = AdvisoriesReport { count: advisories.len(), newest };
        return Page::json(&Report { version, metadata, advisories, features });
    }
    let overdue = if stale { "; a newer one is out, which --mds FILE brings" } else { "" };
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let lines = [
        format!("glasskey {version}"),
        format!("metadata     number {number}, good until {next}, {models} models of FIDO2 keys{overdue}"),
        format!("advisories   {}, the newest {}", advisories.len(), newest.unwrap_or("-")),
        format!("features     {features}"),
    ];
    lines.iter().collect()
}
