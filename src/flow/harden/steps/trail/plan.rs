//! What should become of the trails: nothing, a new one, or the one that is used mended.

use super::judge::{Problem, Scope};
use super::parts::{self, Left, cannot, role_arn};
use super::{BucketIs, Seen, State, deeds, words};
use crate::aws::hardening::{Delivery, Place, Trail, merged, trail_statements};
use crate::aws::posture::Management;
use crate::flow::harden::names;
use crate::flow::harden::step::{Change, Planning, Proposal};
use crate::person::{Dollars, OpenCode};
use serde_json::Value;

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
    let problems = used.problems(Scope { account, whole: false });
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
    let of_all = state.scope().whole;
    let mut after = state.clone().trusting();
    let arn = place.trail(names::TRAIL);
    after.bucket.is = BucketIs::Own(parts::bucket(state, place, &arn)?);
    let logs = parts::logs(&mut after, of_all, place)?;
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
        organization: of_all,
        selective: false,
        logs: Some(logs),
    };
    let events = Some(Management::All);
    after.trails.push(Seen { is, logging: Some(true), events, bucket_error: None, logs_error: None });
    after.trails.sort_by(|one, other| one.is.arn.cmp(&other.is.arn));
    Ok(Some(after))
}

fn mended(used: &Seen, state: &State, place: &Place) -> Planned {
    let mut problems = used.problems(state.scope());
    if state.has_lost_its_group() && !problems.contains(&Problem::LogsNotDelivered) {
        problems.push(Problem::LogsNotDelivered);
    }
    if problems.is_empty() && !state.is_untrusted() {
        return Ok(None);
    }
    state.check_may_grow(used, place)?;
    if !problems.iter().all(|problem| problem.is_mendable()) {
        let what = used.sentence(&problems);
        return Err(cannot(format!(
            "the trail {what}: which events it leaves out was somebody's choice, so it is not changed here; set its \
             event selectors to all management events"
        )));
    }
    let mut after = state.clone().trusting();
    let grows = problems.contains(&Problem::OneAccount);
    let of_all = grows || used.is.organization;
    let policy = match problems.contains(&Problem::NotDelivered) {
        true => Some(mended_policy(used, of_all, state, place)?),
        false if grows => wider_policy(used, state, place)?,
        false => None,
    };
    if let (Some(policy), BucketIs::Own(bucket)) = (policy, &mut after.bucket.is) {
        bucket.policy = Some(policy);
    }
    let is_of_logs = |problem: &Problem| matches!(problem, Problem::NoLogs | Problem::LogsNotDelivered);
    let logs = match problems.iter().any(is_of_logs) {
        _ if grows => Some(parts::logs(&mut after, true, place)?),
        true => Some(mended_logs(used, &mut after, place)?),
        false => None,
    };
    if let Some(seen) = after.trails.iter_mut().find(|seen| seen.is.arn == used.is.arn) {
        (seen.is.multi_region, seen.is.global_events, seen.is.validation) = (true, true, true);
        (seen.logging, seen.bucket_error, seen.logs_error) = (Some(true), None, None);
        seen.is.organization = of_all;
        seen.is.logs = logs.or(seen.is.logs.take());
    }
    Ok(Some(after))
}

/// The statements with which its bucket lets the trail in.
fn statements(used: &Seen, of_all: bool, state: &State, place: &Place) -> Result<Vec<Value>, Left> {
    let (name, prefix) = (&state.bucket.name, used.is.prefix.as_deref());
    Ok(trail_statements(place, name, prefix, &used.is.arn, state.id_for(of_all)?))
}

/// The policy of its bucket, which lets the trail in below the organization's id too; `None`: it does that already.
fn wider_policy(used: &Seen, state: &State, place: &Place) -> Result<Option<String>, Left> {
    let statements = statements(used, true, state, place)?;
    merged(state.policy_of_bucket(), &statements)
        .map_err(|why| cannot(format!("{why} (bucket {} of the trail {})", state.bucket.name, used.is.name)))
}

/// The policy of its bucket, which lets the trail in.
fn mended_policy(used: &Seen, of_all: bool, state: &State, place: &Place) -> Result<String, Left> {
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
    let statements = statements(used, of_all, state, place)?;
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
    let logs = parts::logs(after, used.is.organization, place)?;
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
        Some(_) if grows(before, &after) => {
            "the trail is one of this account alone again, as it was before; what was delivered of members stays"
        }
        Some(_) => {
            "the trail is set as it was before; a delivery that AWS rejects is not set again, and a bucket and a log \
             group that hold records stay"
        }
    };
    let mut change = Change::to(after.clone(), Vec::new(), undo);
    change.calls = deeds.iter().flat_map(deeds::Deed::calls).collect();
    change.changes = words::rows(before, &after);
    let delivers = deeds.iter().any(deeds::Deed::is_about_delivery);
    if delivers {
        change.waits = PROPAGATION + planning.settings.delivery_wait + 30;
        change.effects.push(
            "Afterwards the trail is watched until an event of this command is in the log group, or the time is over."
                .to_owned(),
        );
    }
    if logs_of(before) != logs_of(&after) || grows(before, &after) {
        change.cost = GIGABYTE;
        change.effects.push(
            "The cost is for 1 GB of events a month in CloudWatch Logs, at $0.50 for each GB; the bucket's storage adds \
             cents."
                .to_owned(),
        );
    }
    change.effects.extend(words::copies(before, &after));
    change.effects.extend(words::of_organization(before, &after));
    change
}

/// The trail was of this account alone, and will be of every account.
fn grows(before: &State, after: &State) -> bool {
    let of_all = |state: &State| state.used().is_some_and(|used| used.is.organization);
    before.used().is_some() && !of_all(before) && of_all(after)
}

fn logs_of(state: &State) -> Option<&Delivery> {
    state.used().and_then(|used| used.is.logs.as_ref())
}
