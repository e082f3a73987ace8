//! A `credential_process` that comes back to itself.
//!
//! What a profile's `credential_process` starts is told in its environment for which profiles it was started. A glasskey
//! that is to start the process of one of these would do so without end. Where the environment is cleaned on the way
//! (`env -i`, sudo), the processes above this one tell.

use crate::platform::ancestors;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::ffi::OsString;

/// Names what a process was started for: a mark for each profile, separated by colons.
const WITHIN: &str = "GLASSKEY_WITHIN";

/// As many of this program above one another are no chain of profiles that somebody has written.
const DEPTH: usize = 5;

/// Whether this process was started, by whomever, for this profile's credentials.
pub(super) fn is_within(profile: &str) -> bool {
    let mark = mark(profile);
    marks().split(':').any(|there| there == mark) || is_below(profile, &ancestors::of_this_program())
}

/// Whether a `glasskey session` of this profile is above, or whatever is, too often: where profiles ask for each other,
/// and none has a name among its arguments.
fn is_below(profile: &str, above: &[Vec<OsString>]) -> bool {
    above.len() >= DEPTH || above.iter().any(|arguments| opens(arguments, profile))
}

fn opens(arguments: &[OsString], profile: &str) -> bool {
    let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let after = words.windows(2).any(|two| *two == ["--profile", profile]);
    let within = words.iter().filter_map(|word| word.strip_prefix("--profile="));
    words.contains(&"session") && (after || within.into_iter().any(|named| named == profile))
}

/// The variable that tells what this profile's command was started for, and what it says.
pub(super) fn mark_of(profile: &str) -> (&'static str, String) {
    let marks = [marks(), mark(profile)].into_iter().filter(|marks| !marks.is_empty()).collect::<Vec<_>>();
    (WITHIN, marks.join(":"))
}

/// What is not a list of marks is not passed on.
fn marks() -> String {
    let ours = |marks: &String| marks.bytes().all(|c| c.is_ascii_hexdigit() || c == b':');
    std::env::var(WITHIN).ok().filter(ours).unwrap_or_default()
}

/// A name in other files is another profile.
fn mark(profile: &str) -> String {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let parts = [variable("AWS_CONFIG_FILE"), variable("AWS_SHARED_CREDENTIALS_FILE"), profile.to_owned()];
    let mut mark = HEXLOWER.encode(&Sha256::digest(parts.join("\n")));
    mark.truncate(16);
    mark
}
