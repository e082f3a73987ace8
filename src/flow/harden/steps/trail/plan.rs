//! What should become of the trails: nothing, a new one, or the one that is used mended.

use super::judge::Problem;
use super::parts::{self, Left, cannot, role_arn};
use super::{Bucket, BucketIs, OwnBucket, Seen, State, deeds};
use crate::aws::hardening::{Delivery, Place, Trail, merged, trail_statements};
use crate::aws::posture::Management;
use crate::flow::harden::names;
use crate::flow::harden::step::{Change, Planning, Proposal};
use crate::person::{Dollars, HardenChange, OpenCode};

/// Trails that count in a region, at most (CloudTrail User Guide, "Quotas in AWS CloudTrail").
const LIMIT: usize = 5;
/// CloudWatch Logs takes in a gigabyte for so much (list price of us-east-1).
const GIGABYTE: Dollars = Dollars { cents: 50 };
/// Seconds that CloudTrail may take to see a role and a policy.
const PROPAGATION: u64 = 120;

pub(super) fn proposal(state: &State, planning: &Planning<'_>) -> Proposal<State> {
    let place = state.place(planning.place);
    let planned = match state.used() {
        None => new(state, &place),
        Some(used) if used.is_own(&state.account) => mended(used, state, &place),
        Some(used) => anothers(used, &state.account),
    };
    match planned {
        Ok(None) => Proposal::Nothing,
        Ok(Some(after)) => Proposal::Change(Box::new(change(state, after, planning))),
        Err((code, message)) => Proposal::Open { code, message },
    }
}

/// The state that is led to; `None`: it is as it should be.
type Planned = Result<Option<State>, Left>;

fn anothers(used: &Seen, account: &str) -> Planned {
    let problems = used.problems(account);
    if problems.is_empty() {
        return Ok(None);
    }
    let code = match problems.contains(&Problem::Unreadable) {
        true => OpenCode::Unreadable,
        false => OpenCode::OtherCaller,
    };
    let owner = used.is.arn.split(':').nth(4).unwrap_or_default();
    let what = used.sentence(&problems);
    Err((
        code,
        format!("the organization's trail {what}: account {owner} has to mend it; a second one here would cost"),
    ))
}

fn new(state: &State, place: &Place) -> Planned {
    if state.count >= LIMIT {
        let region = &place.region;
        let message = format!(
            "{region} has {} trails, which is the limit, and none records management events: delete one",
            state.count
        );
        return Err((OpenCode::Limit, message));
    }
    let mut after = state.clone();
    let arn = place.trail(names::TRAIL);
    after.bucket.is = BucketIs::Own(parts::bucket(state, place, &arn)?);
    let logs = parts::logs(&mut after, place)?;
    after.count += 1;
    let is = Trail {
        name: names::TRAIL.to_owned(),
        arn,
        home_region: place.region.clone(),
        bucket: state.bucket.name.clone(),
        prefix: None,
        kms_key: None,
        multi_region: true,
        global_events: true,
        validation: true,
        organization: state.organization.is_some(),
        logs: Some(logs),
    };
    let events = Some(Management::All);
    after.trails.push(Seen { is, logging: Some(true), events, bucket_error: None, logs_error: None });
    after.trails.sort_by(|one, other| one.is.arn.cmp(&other.is.arn));
    Ok(Some(after))
}

fn mended(used: &Seen, state: &State, place: &Place) -> Planned {
    let mut problems = used.problems(&state.account);
    if state.has_lost_its_group() && !problems.contains(&Problem::LogsNotDelivered) {
        problems.push(Problem::LogsNotDelivered);
    }
    if problems.is_empty() {
        return Ok(None);
    }
    if !problems.iter().all(|problem| problem.is_mendable()) {
        let what = used.sentence(&problems);
        return Err(cannot(format!(
            "the trail {what}: which events it leaves out was somebody's choice, so it is not changed here; set its \
             event selectors to all management events"
        )));
    }
    let mut after = state.clone();
    if problems.contains(&Problem::NotDelivered) {
        let policy = Some(mended_policy(used, state, place)?);
        if let BucketIs::Own(bucket) = &mut after.bucket.is {
            bucket.policy = policy;
        }
    }
    let is_of_logs = |problem: &Problem| matches!(problem, Problem::NoLogs | Problem::LogsNotDelivered);
    let logs = if problems.iter().any(is_of_logs) { Some(mended_logs(used, &mut after, place)?) } else { None };
    if let Some(seen) = after.trails.iter_mut().find(|seen| seen.is.arn == used.is.arn) {
        (seen.is.multi_region, seen.is.global_events, seen.is.validation) = (true, true, true);
        (seen.logging, seen.bucket_error, seen.logs_error) = (Some(true), None, None);
        seen.is.logs = logs.or(seen.is.logs.take());
    }
    Ok(Some(after))
}

/// The policy of its bucket, which lets the trail in.
fn mended_policy(used: &Seen, state: &State, place: &Place) -> Result<String, Left> {
    let name = &state.bucket.name;
    let trail = format!("the trail {} cannot deliver to its bucket {name}", used.is.name);
    let error = used.bucket_error.as_deref().unwrap_or_default();
    let bucket = match &state.bucket.is {
        BucketIs::Own(bucket) => bucket,
        BucketIs::Absent => return Err(cannot(format!("{trail} ({error}): there is no such bucket; make it again"))),
        BucketIs::Elsewhere => {
            return Err(cannot(format!(
                "{trail} ({error}): it is another account's, or these credentials may not look at it; its owner has to \
                 let the trail in"
            )));
        }
    };
    let organization = parts::organization(state, used.is.organization)?;
    let prefix = used.is.prefix.as_deref();
    let statements = trail_statements(place, name, prefix, &used.is.arn, organization);
    match merged(bucket.policy.as_deref(), &statements) {
        Ok(Some(policy)) => Ok(policy),
        Ok(None) => Err(cannot(format!("{trail} ({error}), although its policy lets the trail in"))),
        Err(why) => Err(cannot(format!("{trail} ({error}): {why}"))),
    }
}

/// Delivery to CloudWatch Logs, where there is none or it does not work.
fn mended_logs(used: &Seen, after: &mut State, place: &Place) -> Result<Delivery, Left> {
    let before = after.clone();
    let lost = before.has_lost_its_group();
    // The group is gone, and the role may be a good one.
    if let (true, Some(logs), None) = (lost, &used.is.logs, &used.logs_error)
        && logs.role != role_arn(place)
    {
        after.group.is = Some(parts::new_group());
        return Ok(logs.clone());
    }
    let logs = parts::logs(after, place)?;
    if used.is.logs.as_ref() == Some(&logs) && *after == before {
        let error = used.logs_error.as_deref().unwrap_or_default();
        let (name, group) = (&used.is.name, &before.group.name);
        return Err(cannot(format!(
            "the trail {name} cannot deliver to its log group {group} ({error}), although its role lets it"
        )));
    }
    Ok(logs)
}

fn change(before: &State, after: State, planning: &Planning<'_>) -> Change<State> {
    let deeds = deeds::between(before, &after);
    let undo = match before.used() {
        None => {
            "the trail is stopped and deleted, and what was made for it; a bucket and a log group that hold records stay"
        }
        Some(_) => {
            "the trail is set as it was before; a delivery that AWS rejects is not set again, and a bucket and a log \
             group that hold records stay"
        }
    };
    let mut change = Change::to(after.clone(), Vec::new(), undo);
    change.calls = deeds.iter().flat_map(deeds::Deed::calls).collect();
    change.changes = rows(before, &after);
    let delivers = deeds.iter().any(deeds::Deed::is_about_delivery);
    if delivers {
        change.waits = PROPAGATION + planning.settings.delivery_wait + 30;
        change.effects.push(
            "Afterwards the trail is watched until an event of this command is in the log group, or the time is over."
                .to_owned(),
        );
    }
    if logs_of(before) != logs_of(&after) {
        change.cost = GIGABYTE;
        change.effects.push(
            "The cost is for 1 GB of events a month in CloudWatch Logs, at $0.50 for each GB; the bucket's storage adds \
             cents."
                .to_owned(),
        );
    }
    change.effects.extend(copies(before, &after));
    change
}

fn logs_of(state: &State) -> Option<&Delivery> {
    state.used().and_then(|used| used.is.logs.as_ref())
}

/// What management events cost.
fn copies(before: &State, after: &State) -> Option<String> {
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

fn rows(before: &State, after: &State) -> Vec<HardenChange> {
    let row = |what: &str, before: String, after: String| HardenChange { what: what.to_owned(), before, after };
    let mut rows = Vec::new();
    let (was, is) = (before.used(), after.used());
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    match (was, is) {
        (None, Some(is)) => {
            let after = format!("{}, of all regions, with log file validation", is.is.name);
            rows.push(row("trail", "none".to_owned(), after));
        }
        (Some(was), Some(is)) => {
            let name = &was.is.name;
            let regions = |all: bool| if all { "all" } else { "one" }.to_owned();
            rows.push(row(&format!("{name}: regions"), regions(was.is.multi_region), regions(is.is.multi_region)));
            let logs = |seen: &Seen| seen.group_in(&before.account).unwrap_or("none").to_owned();
            rows.push(row(&format!("{name}: log group"), logs(was), logs(is)));
            rows.push(row(&format!("{name}: log file validation"), on(was.is.validation), on(is.is.validation)));
            rows.push(row(&format!("{name}: logging"), on(was.logging == Some(true)), on(is.logging == Some(true))));
        }
        _ => {}
    }
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
