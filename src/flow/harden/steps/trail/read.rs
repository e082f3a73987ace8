//! What AWS says of the trails, and of what the one that is used is made of.

use super::{Bucket, BucketIs, Group, GroupIs, OwnBucket, Role, Seen, State, whole};
use crate::aws::hardening::{self, Obstacle, Place, trust_document};
use crate::aws::posture::Management;
use crate::aws::{Account, Error, Partition};
use crate::flow::harden::names;
use crate::person::HardenSettings;

pub(super) fn state(account: &Account, settings: &HardenSettings) -> Result<State, Error> {
    let place = Place::of(account.caller(), &account.region());
    let Found { count, of_all, trails } = trails(account, &place)?;
    let organization = whole::read(account, settings, of_all)?;
    let wanted = settings_bucket(settings, &place);
    let mut state = State {
        account: place.account.clone(),
        region: place.region.clone(),
        organization,
        count,
        bucket: Bucket { name: wanted.clone(), is: BucketIs::Elsewhere },
        group: Group { name: names::LOG_GROUP.to_owned(), is: None },
        role: None,
        trails,
    };
    if let Some(seen) = state.used() {
        let (region, bucket) = (seen.is.home_region.clone(), seen.is.bucket.clone());
        (state.region, state.bucket.name) = (region, bucket);
    }
    let own = state.used().is_none_or(|seen| seen.is_own(&place.account));
    if own {
        parts(account, &mut state, &wanted)?;
    }
    Ok(state)
}

/// The bucket that was named, or glasskey's.
pub(super) fn settings_bucket(settings: &HardenSettings, place: &Place) -> String {
    settings.bucket.clone().unwrap_or_else(|| names::bucket(place))
}

/// The trails that there are.
struct Found {
    /// How many count in the command's region.
    count: usize,
    /// How many of this account's are of every account of the organization.
    of_all: usize,
    /// Those that record management events.
    trails: Vec<Seen>,
}

/// Those of the region of root's sign-ins are seen too.
fn trails(account: &Account, place: &Place) -> Result<Found, Error> {
    let global = Partition::named(&place.partition).region();
    let mut found = account.trails(&place.region)?;
    let count = found.len();
    if place.region != global {
        let there = account.trails(global)?;
        found.extend(there.into_iter().filter(|trail| trail.home_region == global && !trail.multi_region));
    }
    found.sort_by(|one, other| one.arn.cmp(&other.arn));
    found.dedup_by(|one, other| one.arn == other.arn);
    let is_own = |trail: &&hardening::Trail| trail.arn.split(':').nth(4) == Some(&place.account);
    let of_all = found.iter().filter(is_own).filter(|trail| trail.organization).count();
    let mut trails = Vec::new();
    for trail in found {
        let seen = seen(account, trail, &place.account)?;
        trails.extend(seen.filter(|seen| seen.events != Some(Management::None)));
    }
    Ok(Found { count, of_all, trails })
}

/// `None`: it has been deleted since it was listed.
fn seen(account: &Account, is: hardening::Trail, own: &str) -> Result<Option<Seen>, Error> {
    let status = account.trail_status(&is.home_region, &is.arn);
    let events = account.trail_management(&is.home_region, &is.arn);
    let mut seen = Seen { is, logging: None, events: None, bucket_error: None, logs_error: None };
    let may_look = seen.is_own(own);
    match status {
        Ok(status) => {
            seen.logging = Some(status.logging);
            (seen.bucket_error, seen.logs_error) = (status.delivery_error, status.logs_error);
        }
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => return Ok(None),
        Err(Error::Denied { .. }) if !may_look => {}
        Err(why) => return Err(why),
    }
    match events {
        Ok(events) => seen.events = Some(events),
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => return Ok(None),
        Err(Error::Denied { .. }) if !may_look => {}
        Err(why) => return Err(why),
    }
    Ok(Some(seen))
}

fn parts(account: &Account, state: &mut State, wanted: &str) -> Result<(), Error> {
    let name = state.used().and_then(|seen| seen.group_in(&state.account)).map(str::to_owned);
    if let Some(name) = name {
        state.group.name = name;
    }
    let group = account.log_group(&state.region, &state.group.name)?;
    let empty = group.is_some() && state.group.name == names::LOG_GROUP && {
        let empty = account.log_group_is_empty(&state.region, &state.group.name);
        known(empty)?.unwrap_or(false)
    };
    state.group.is = group.map(|group| GroupIs { retention_days: group.retention_days, class: group.class, empty });
    state.bucket.is = bucket(account, state, wanted)?;
    state.role = match account.role(names::ROLE)? {
        None => None,
        Some(role) => Some(Role {
            trusts_cloudtrail: role.trust == Some(trust_document()),
            policy: account.role_policy(names::ROLE, names::ROLE)?,
            further: account.further_policies(names::ROLE, names::ROLE)?,
        }),
    };
    Ok(())
}

fn bucket(account: &Account, state: &State, wanted: &str) -> Result<BucketIs, Error> {
    let name = &state.bucket.name;
    let global = Partition::named(&account.caller().partition).region();
    let found = match account.bucket_region(&state.region, name) {
        Err(why) if why.obstacle() == Some(Obstacle::WrongRegion) => account.bucket_region(global, name),
        found => found,
    };
    let region = match found {
        Ok(Some(region)) => region,
        Ok(None) => return Ok(BucketIs::Absent),
        Err(Error::Denied { .. }) => return Ok(BucketIs::Elsewhere),
        Err(why) => return Err(why),
    };
    let bucket = hardening::Bucket { name: name.clone(), region, owner: state.account.clone() };
    if name != wanted {
        let policy = known(account.bucket_policy(&bucket))?;
        let own = |policy| BucketIs::Own(OwnBucket { region: bucket.region, settings: None, policy, empty: false });
        return Ok(policy.map_or(BucketIs::Elsewhere, own));
    }
    let (settings, policy) = (Some(account.bucket_settings(&bucket)?), account.bucket_policy(&bucket)?);
    let empty = known(account.bucket_is_empty(&bucket))?.unwrap_or(false);
    Ok(BucketIs::Own(OwnBucket { region: bucket.region, settings, policy, empty }))
}

/// What is asked for; `None`: these credentials may not ask.
fn known<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::Denied { .. }) => Ok(None),
        Err(why) => Err(why),
    }
}
