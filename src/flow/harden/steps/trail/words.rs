//! What a plan says of the trail.

use super::parts;
use super::{Bucket, BucketIs, OwnBucket, Seen, State};
use crate::person::HardenChange;

/// What management events cost.
pub(super) fn copies(before: &State, after: &State) -> Option<String> {
    let used = after.used()?;
    let is_other = |seen: &&Seen| seen.is.arn != used.is.arn && seen.logging == Some(true);
    match before.trails.iter().find(is_other) {
        Some(other) => Some(format!(
            "{} records management events too: where both do, the second copy costs $2.00 for 100,000 events.",
            other.is.name
        )),
        None if before.used().is_none() => {
            Some("The first copy of management events costs nothing in CloudTrail.".to_owned())
        }
        None => None,
    }
}

pub(super) fn rows(before: &State, after: &State) -> Vec<HardenChange> {
    let row = |what: &str, before: String, after: String| HardenChange { what: what.to_owned(), before, after };
    let mut rows = Vec::new();
    let (was, is) = (before.used(), after.used());
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    match (was, is) {
        (None, Some(is)) => {
            let accounts =
                if is.is.organization { format!(" and of {}", accounts(after, true)) } else { String::new() };
            let made = format!("{}, of all regions{accounts}, with log file validation", is.is.name);
            rows.push(row("trail", "none".to_owned(), made));
        }
        (Some(was), Some(is)) => {
            let name = &was.is.name;
            let accounts = |seen: &Seen| accounts(before, seen.is.organization);
            rows.push(row(&format!("{name}: accounts"), accounts(was), accounts(is)));
            let regions = |all: bool| if all { "all" } else { "one" }.to_owned();
            rows.push(row(&format!("{name}: regions"), regions(was.is.multi_region), regions(is.is.multi_region)));
            let logs = |seen: &Seen| seen.group_in(&before.account).unwrap_or("none").to_owned();
            rows.push(row(&format!("{name}: log group"), logs(was), logs(is)));
            rows.push(row(&format!("{name}: log file validation"), on(was.is.validation), on(is.is.validation)));
            rows.push(row(&format!("{name}: logging"), on(was.logging == Some(true)), on(is.logging == Some(true))));
        }
        _ => {}
    }
    let trust = |state: &State| on(state.organization.as_ref().and_then(|whole| whole.trusted) == Some(true));
    rows.push(row("trusted access for CloudTrail", trust(before), trust(after)));
    rows.push(row("bucket", bucket_row(&before.bucket), bucket_row(&after.bucket)));
    if after.policy_of_bucket() != before.policy_of_bucket() {
        let was = if before.policy_of_bucket().is_some() { "does not let this trail deliver" } else { "none" };
        rows.push(row("policy of the bucket", was.to_owned(), "lets this trail deliver".to_owned()));
    }
    rows.push(row("log group", parts::group_row(&before.group), parts::group_row(&after.group)));
    rows.push(row("role", parts::role_row(before.role.as_ref()), parts::role_row(after.role.as_ref())));
    rows.retain(|row| row.before != row.after);
    rows
}

/// Whose events a trail has.
fn accounts(state: &State, of_all: bool) -> String {
    match state.organization.as_ref().filter(|_| of_all) {
        Some(whole) => format!("all accounts of {}", whole.id),
        None => "this one".to_owned(),
    }
}

/// What a trail of the organization means.
pub(super) fn of_organization(before: &State, after: &State) -> Vec<String> {
    let Some(whole) = before.organization.as_ref().filter(|whole| whole.wanted) else { return Vec::new() };
    if !whole.all_features {
        let why = "The organization has consolidated billing alone, so the trail is of this account alone: enable all \
                   features in the console, and run this again.";
        return vec![why.to_owned()];
    }
    let of_all = |state: &State| state.used().is_some_and(|used| used.is.organization);
    if of_all(before) || !of_all(after) {
        return Vec::new();
    }
    let effects = [
        "The events of every account come to this bucket and this log group, those of new accounts too; members see the \
         trail and cannot change it.",
        "Members keep trails of their own. Where one records management events too, the second copy costs its account \
         $2.00 for 100,000 events.",
    ];
    effects.map(str::to_owned).to_vec()
}

fn bucket_row(bucket: &Bucket) -> String {
    let BucketIs::Own(OwnBucket { settings: Some(settings), .. }) = &bucket.is else { return "none".to_owned() };
    let parts = [
        ("public access blocked", settings.public_access_blocked),
        ("owner enforced", settings.ownership.as_deref() == Some("BucketOwnerEnforced")),
        ("encrypted", settings.encryption.is_some()),
        ("versioned", settings.versioned),
    ];
    let on: Vec<&str> = parts.into_iter().filter(|(_, on)| *on).map(|(what, _)| what).collect();
    format!("{}: {}", bucket.name, if on.is_empty() { "no protection".to_owned() } else { on.join(", ") })
}
