//! What lies between two states, and where undoing leads.

use super::lead::{BUCKET, GROUP, ROLE, TRAIL, TRUST, has_made};
use super::{BucketIs, Seen, State};
use crate::aws::hardening::BucketSettings;
use crate::flow::harden::names;
use crate::flow::harden::step::{Begun, Undone};

impl State {
    /// Without what changes by itself: what AWS last said of a delivery, and whether something holds records.
    pub(super) fn still(&self) -> Self {
        let mut still = Self { count: 0, ..self.clone() };
        for seen in &mut still.trails {
            (seen.bucket_error, seen.logs_error, seen.is.selective) = (None, None, false);
        }
        if let Some(whole) = &mut still.organization {
            whole.trails = 0;
        }
        if let BucketIs::Own(bucket) = &mut still.bucket.is {
            bucket.empty = false;
        }
        if let Some(group) = &mut still.group.is {
            group.empty = false;
        }
        still
    }

    /// The bucket, the log group, the role and the organization's trust are as in the other.
    pub(super) fn has_parts_of(&self, other: &Self) -> bool {
        let (one, other) = (self.still(), other.still());
        (one.bucket, one.group, one.role, one.organization)
            == (other.bucket, other.group, other.role, other.organization)
    }

    /// Each part is as in one of the two, or what is made on the way.
    pub(super) fn is_between(&self, one: &Self, other: &Self) -> bool {
        let (one, now, other) = (one.still(), self.still(), other.still());
        let same = |state: &Self| (state.account.clone(), state.region.clone());
        same(&now) == same(&one)
            && either(&now.organization, &one.organization, &other.organization)
            && (now.bucket.name == one.bucket.name && now.group.name == one.group.name)
            && trails_between(&one, &now, &other)
            && bucket_between(&one.bucket.is, &now.bucket.is, &other.bucket.is)
            && group_between(&one, &now, &other)
            && role_between(&one, &now, &other)
    }
}

fn either<T: PartialEq>(now: &T, one: &T, other: &T) -> bool {
    now == one || now == other
}

fn trails_between(one: &State, now: &State, other: &State) -> bool {
    let find = |state: &State, arn: &str| state.trails.iter().find(|seen| seen.is.arn == arn).cloned();
    let arns = one.trails.iter().chain(&now.trails).chain(&other.trails).map(|seen| seen.is.arn.clone());
    arns.into_iter().all(|arn| match (find(one, &arn), find(now, &arn), find(other, &arn)) {
        (Some(one), Some(now), Some(other)) => seen_between(&one, &now, &other),
        // It is made, and does not log yet, or not any longer.
        (None, Some(now), Some(made)) | (Some(made), Some(now), None) => {
            Seen { logging: made.logging, ..now.clone() } == made
        }
        (one, now, other) => now.is_none() && (one.is_none() || other.is_none()),
    })
}

fn seen_between(one: &Seen, now: &Seen, other: &Seen) -> bool {
    let mut rest = now.clone();
    rest.logging = one.logging;
    (rest.is.multi_region, rest.is.global_events) = (one.is.multi_region, one.is.global_events);
    (rest.is.validation, rest.is.logs) = (one.is.validation, one.is.logs.clone());
    rest.is.organization = one.is.organization;
    rest == *one
        && either(&now.logging, &one.logging, &other.logging)
        && either(&now.is.multi_region, &one.is.multi_region, &other.is.multi_region)
        && either(&now.is.global_events, &one.is.global_events, &other.is.global_events)
        && either(&now.is.validation, &one.is.validation, &other.is.validation)
        && either(&now.is.logs, &one.is.logs, &other.is.logs)
        && either(&now.is.organization, &one.is.organization, &other.is.organization)
}

fn bucket_between(one: &BucketIs, now: &BucketIs, other: &BucketIs) -> bool {
    if either(now, one, other) {
        return true;
    }
    match (one, now, other) {
        (BucketIs::Own(one), BucketIs::Own(now), BucketIs::Own(other)) => {
            now.region == one.region
                && either(&now.policy, &one.policy, &other.policy)
                && settings_between(one.settings.as_ref(), now.settings.as_ref(), other.settings.as_ref())
        }
        // It is made, with whatever a new bucket is set to.
        (BucketIs::Own(made), BucketIs::Own(now), BucketIs::Absent)
        | (BucketIs::Absent, BucketIs::Own(now), BucketIs::Own(made)) => {
            now.region == made.region && either(&now.policy, &made.policy, &None)
        }
        _ => false,
    }
}

fn settings_between(
    one: Option<&BucketSettings>,
    now: Option<&BucketSettings>,
    other: Option<&BucketSettings>,
) -> bool {
    let (Some(one), Some(now), Some(other)) = (one, now, other) else { return now == one };
    either(&now.public_access_blocked, &one.public_access_blocked, &other.public_access_blocked)
        && either(&now.ownership, &one.ownership, &other.ownership)
        && either(&now.encryption, &one.encryption, &other.encryption)
        && either(&now.versioned, &one.versioned, &other.versioned)
}

fn group_between(one: &State, now: &State, other: &State) -> bool {
    let (one, now, other) = (&one.group.is, &now.group.is, &other.group.is);
    match (one, now, other) {
        (None, Some(now), Some(made)) | (Some(made), Some(now), None) => {
            now.class == made.class && either(&now.retention_days, &made.retention_days, &None)
        }
        _ => either(now, one, other),
    }
}

fn role_between(one: &State, now: &State, other: &State) -> bool {
    let (one, now, other) = (&one.role, &now.role, &other.role);
    match (one, now, other) {
        (None, Some(now), Some(made)) | (Some(made), Some(now), None) => {
            now.trusts_cloudtrail == made.trusts_cloudtrail && either(&now.policy, &made.policy, &None)
        }
        _ => either(now, one, other),
    }
}

/// What the run has made goes, unless it holds records; what was there is set as it was, as far as AWS takes that.
pub(super) fn undone(begun: &Begun<'_, State>) -> Undone<State> {
    let Begun { before, now, notes, .. } = *begun;
    let mut to = State { count: now.count, ..before.clone() };
    let mut stays = Vec::new();
    let made = now.trails.iter().find(|seen| !before.trails.iter().any(|was| was.is.arn == seen.is.arn));
    if let Some(made) = made.filter(|_| !has_made(notes, TRAIL)) {
        stays.push(format!("trail {}: nothing shows that this run made it", made.is.name));
        return Undone { to: now.clone(), stays };
    }
    let keeps_logs = trails_back(&mut to, now, &mut stays);
    bucket_back(&mut to, begun, &mut stays);
    trust_back(&mut to, begun, &mut stays);
    if keeps_logs {
        (to.group, to.role) = (now.group.clone(), now.role.clone());
    } else {
        group_back(&mut to, begun, &mut stays);
        role_back(&mut to, begun, &mut stays);
    }
    Undone { to, stays }
}

/// AWS does not take a delivery that is broken: one that was replaced stays replaced. Whether there is any.
fn trails_back(to: &mut State, now: &State, stays: &mut Vec<String>) -> bool {
    let mut keeps = false;
    for seen in &mut to.trails {
        let is = now.trails.iter().find(|one| one.is.arn == seen.is.arn);
        if let (Some(is), Some(was)) = (is, &seen.is.logs)
            && is.is.logs.as_ref() != Some(was)
        {
            keeps = true;
            stays.push(format!(
                "trail {} delivers to CloudWatch Logs: AWS rejects the delivery that it had before",
                seen.is.name
            ));
            seen.is.logs.clone_from(&is.is.logs);
        }
    }
    keeps
}

/// Trusted access goes only where the run has turned it on, and no other trail needs it: without it AWS deletes
/// organization trails from members (Organizations User Guide, "AWS CloudTrail and AWS Organizations").
fn trust_back(to: &mut State, begun: &Begun<'_, State>, stays: &mut Vec<String>) {
    let (was, now) = (&begun.before.organization, &begun.now.organization);
    let (Some(was), Some(now), Some(back)) = (was, now, &mut to.organization) else { return };
    if was.trusted == now.trusted {
        return;
    }
    let of_all = |state: &State| state.trails.iter().filter(|seen| seen.is.organization).count();
    let others = now.trails.saturating_sub(of_all(begun.now).saturating_sub(of_all(begun.before)));
    let why = match () {
        () if !has_made(begun.notes, TRUST) => "nothing shows that this run turned it on",
        () if others > 0 => "other organization trails need it",
        () => return,
    };
    stays.push(format!("trusted access for CloudTrail stays on: {why}"));
    back.trusted = now.trusted;
}

fn bucket_back(to: &mut State, begun: &Begun<'_, State>, stays: &mut Vec<String>) {
    let name = &begun.now.bucket.name;
    match (&mut to.bucket.is, &begun.now.bucket.is) {
        (BucketIs::Own(to), BucketIs::Own(now)) => {
            if to.settings != now.settings {
                stays.push(format!("bucket {name} keeps the protections that were turned on"));
            }
            to.settings.clone_from(&now.settings);
        }
        (BucketIs::Absent, BucketIs::Own(now)) => {
            let made = has_made(begun.notes, BUCKET);
            if made && now.empty {
                return;
            }
            let why = if made { "holds records" } else { "was perhaps not made by this run" };
            stays.push(format!("bucket {name} {why}, so it stays"));
            to.bucket.is = begun.now.bucket.is.clone();
        }
        _ => {}
    }
}

fn group_back(to: &mut State, begun: &Begun<'_, State>, stays: &mut Vec<String>) {
    let Some(now) = &begun.now.group.is else { return };
    let name = &begun.now.group.name;
    match &mut to.group.is {
        None if has_made(begun.notes, GROUP) && now.empty => {}
        None => {
            let made = has_made(begun.notes, GROUP);
            let why = if made { "holds events" } else { "was perhaps not made by this run" };
            stays.push(format!("log group {name} {why}, so it stays"));
            to.group.is = Some(now.clone());
        }
        Some(was) if was.retention_days.is_none() && now.retention_days.is_some() => {
            stays.push(format!("log group {name} goes on deleting events after some time"));
            was.retention_days = now.retention_days;
        }
        Some(_) => {}
    }
}

fn role_back(to: &mut State, begun: &Begun<'_, State>, stays: &mut Vec<String>) {
    if to.role.is_none() && begun.now.role.is_some() && !has_made(begun.notes, ROLE) {
        stays.push(format!("role {}: nothing shows that this run made it", names::ROLE));
        to.role.clone_from(&begun.now.role);
    }
}
