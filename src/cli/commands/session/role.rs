//! `--role` and what goes with it, checked before anything is asked of AWS.

use crate::aws::Role;
use crate::cli::args::Session as Arguments;
use crate::cli::explain::Explanation;
use crate::cli::invocation::usage;
use crate::secret::plain_text;
use crate::store;
use std::io::Read;
use std::path::Path;

/// STS's bounds (API reference, AssumeRole).
const POLICY: usize = 2048;
/// Blanks around it do not count there, but all is read.
const LONGEST: u64 = 1 << 20;
const EXTERNAL_ID: std::ops::RangeInclusive<usize> = 2..=1224;

pub(super) fn wanted(args: &Arguments) -> Result<Option<Role>, Box<Explanation>> {
    let Some(arn) = &args.role else { return Ok(None) };
    if !(arn.starts_with("arn:") && arn.contains(":role/")) {
        return Err(usage(format!("\"{arn}\" is not the ARN of a role")));
    }
    let name = &args.role_session_name;
    if !(crate::aws::check_name(name) && (2..=64).contains(&name.len())) {
        return Err(usage(format!("\"{name}\" cannot name a role's session: 2 to 64 letters, digits and _+=,.@-")));
    }
    if let Some(id) = &args.external_id
        && !is_external_id(id)
    {
        return Err(usage(format!("\"{id}\" is not an external ID: 2 to 1224 letters, digits and _+=,.@:/-")));
    }
    let policy = args.policy.as_deref().map(policy).transpose()?;
    Ok(Some(Role { arn: arn.clone(), session_name: name.clone(), external_id: args.external_id.clone(), policy }))
}

fn is_external_id(id: &str) -> bool {
    EXTERNAL_ID.contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&c))
}

/// A session policy, given as the AWS CLI takes it: the JSON itself, or file://PATH.
fn policy(given: &str) -> Result<String, Box<Explanation>> {
    let text = match given.strip_prefix("file://") {
        None => given.to_owned(),
        Some(path) => {
            let mut bytes = Vec::new();
            let read = store::named(Path::new(path)).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
            read.map_err(|cause| usage(format!("cannot read the policy {path}: {cause}")))?;
            let text = plain_text(&bytes).and_then(|text| String::from_utf8(text.to_vec()).ok());
            text.ok_or_else(|| usage(format!("the policy {path} is not UTF-8")))?
        }
    };
    let text = text.trim();
    if !serde_json::from_str::<serde_json::Value>(text).is_ok_and(|read| read.is_object()) {
        return Err(usage("the session policy is not a JSON object"));
    }
    let length = text.chars().count();
    if length > POLICY {
        return Err(usage(format!("the session policy has {length} characters, and STS takes {POLICY}")));
    }
    Ok(text.to_owned())
}
