//! Leads from one state of the trail to another, one call for each part.

use super::deeds::{Deed, between};
use super::{BucketIs, State, Trail, delivery, read};
use crate::aws::Error;
use crate::aws::hardening::{Bucket, NewTrail, Obstacle, Place, TrustedService, trust_document};
use crate::flow::acknowledged::look_until;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::names;
use crate::flow::harden::step::{Hands, Hardening};

/// A note before something is made.
const MAKING: &str = "making ";
/// A note after AWS has refused to make it.
const REFUSED: &str = "refused ";
pub(super) const BUCKET: &str = "bucket";
pub(super) const GROUP: &str = "log group";
pub(super) const ROLE: &str = "role";
pub(super) const TRAIL: &str = "trail";
pub(super) const TRUST: &str = "trust";

/// Whether the run has made a thing, by what it has noted.
pub(super) fn has_made(notes: &[String], thing: &str) -> bool {
    let count = |what: &str| notes.iter().filter(|note| note.strip_prefix(what) == Some(thing)).count();
    count(MAKING) > count(REFUSED)
}

pub(super) fn lead(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let deeds = between(now, to);
    let since = hands.context.clock.now();
    let mut parts_are_due = false;
    for deed in &deeds {
        hands.go_on()?;
        if parts_are_due && deed.is_of_trail() && to.is_good() {
            parts_are_there(to, hands)?;
            parts_are_due = false;
        }
        act(deed, now, to, hands)?;
        parts_are_due |= !deed.is_of_trail();
    }
    let delivers = deeds.iter().any(Deed::is_about_delivery);
    match to.used().filter(|_| delivers && to.is_good()) {
        Some(used) => delivery::watch(used, to, since, hands),
        None => Ok(()),
    }
}

/// Before the trail counts on them: a new plan would not look at the parts of a trail that works.
fn parts_are_there(to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (account, settings) = (hands.account, hands.settings);
    let looked = look_until("for AWS to show the change", hands.context, || {
        let there = read::state(account, settings)?;
        Ok(((), there.has_parts_of(to)))
    });
    match looked {
        Ok(((), false)) => Err(HardenRefusal::NotShown { step: Trail::ID.to_owned() }.into()),
        _ => Ok(()),
    }
}

/// The bucket of the one that has it.
fn bucket(now: &State, to: &State) -> Bucket {
    let region = [&to.bucket.is, &now.bucket.is].into_iter().find_map(|is| match is {
        BucketIs::Own(bucket) => Some(bucket.region.clone()),
        BucketIs::Absent | BucketIs::Elsewhere => None,
    });
    let region = region.unwrap_or_else(|| to.region.clone());
    Bucket { name: to.bucket.name.clone(), region, owner: to.account.clone() }
}

fn act(deed: &Deed, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    match deed {
        Deed::Trust | Deed::Distrust => of_trust(deed, hands),
        Deed::MakeBucket
        | Deed::BlockPublicAccess
        | Deed::EnforceOwner
        | Deed::Encrypt
        | Deed::Version
        | Deed::PutBucketPolicy(_)
        | Deed::DropBucketPolicy
        | Deed::DeleteBucket => of_bucket(deed, &bucket(now, to), hands),
        Deed::MakeGroup | Deed::KeepEvents(_) | Deed::DeleteGroup => of_group(deed, to, hands),
        Deed::MakeRole | Deed::PutRolePolicy(_) | Deed::DropRolePolicy | Deed::DeleteRole => of_role(deed, hands),
        Deed::Create(_) | Deed::Update(_) | Deed::Start(_) | Deed::Stop(_) | Deed::Delete(_) => of_trail(deed, hands),
    }
}

/// Trusted access is turned on by whoever needs it: only what this run has turned on is turned off again.
fn of_trust(deed: &Deed, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = hands.account;
    let on = matches!(deed, Deed::Trust);
    if on {
        make(TRUST, hands, || account.trust(TrustedService::CloudTrail, true))?;
    } else {
        account.trust(TrustedService::CloudTrail, false)?;
    }
    hands.tell(format!("trusted access for CloudTrail is {}", if on { "on" } else { "off" }));
    Ok(())
}

fn of_bucket(deed: &Deed, bucket: &Bucket, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (account, name) = (hands.account, &bucket.name);
    let done = match deed {
        Deed::MakeBucket => {
            make(BUCKET, hands, || account.create_bucket(&bucket.region, name).map(drop))?;
            format!("bucket {name} is made")
        }
        Deed::BlockPublicAccess => {
            account.block_public_access(bucket)?;
            format!("public access to bucket {name} is blocked")
        }
        Deed::EnforceOwner => {
            account.enforce_bucket_owner(bucket)?;
            format!("bucket {name} owns its objects")
        }
        Deed::Encrypt => {
            account.encrypt_bucket(bucket)?;
            format!("bucket {name} is encrypted")
        }
        Deed::Version => {
            account.version_bucket(bucket)?;
            format!("bucket {name} keeps former versions")
        }
        Deed::PutBucketPolicy(policy) => {
            account.put_bucket_policy(bucket, policy)?;
            format!("the policy of bucket {name} is set")
        }
        Deed::DropBucketPolicy => {
            gone(account.delete_bucket_policy(bucket))?;
            format!("bucket {name} has no policy")
        }
        _ => {
            gone(account.delete_bucket(bucket)).map_err(|why| match why.obstacle() {
                Some(Obstacle::NotEmpty) => HardenRefusal::HoldsRecords { what: format!("bucket {name}") }.into(),
                _ => Cause::Aws(why),
            })?;
            format!("bucket {name} is deleted")
        }
    };
    hands.tell(done);
    Ok(())
}

fn of_group(deed: &Deed, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (account, region, name) = (hands.account, &to.region, &to.group.name);
    let done = match deed {
        Deed::MakeGroup => {
            make(GROUP, hands, || account.create_log_group(region, name))?;
            format!("log group {name} is made")
        }
        Deed::KeepEvents(days) => {
            account.keep_log_events(region, name, *days)?;
            format!("log group {name} keeps events for {days} days")
        }
        _ => {
            // The trail may have delivered once more before it stopped.
            if !account.log_group_is_empty(region, name)? {
                return Err(HardenRefusal::HoldsRecords { what: format!("log group {name}") }.into());
            }
            gone(account.delete_log_group(region, name))?;
            format!("log group {name} is deleted")
        }
    };
    hands.tell(done);
    Ok(())
}

fn of_role(deed: &Deed, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (account, name) = (hands.account, names::ROLE);
    let done = match deed {
        Deed::MakeRole => {
            let what = "CloudTrail writes to its log group (made by glasskey)";
            make(ROLE, hands, || account.create_role(name, &trust_document(), what).map(drop))?;
            format!("role {name} is made")
        }
        Deed::PutRolePolicy(policy) => {
            account.put_role_policy(name, name, policy)?;
            format!("role {name} may write to the log group")
        }
        Deed::DropRolePolicy => {
            gone(account.delete_role_policy(name, name))?;
            format!("role {name} may do nothing")
        }
        _ => {
            gone(account.delete_role(name))?;
            format!("role {name} is deleted")
        }
    };
    hands.tell(done);
    Ok(())
}

fn of_trail(deed: &Deed, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = hands.account;
    let done = match deed {
        Deed::Create(is) => {
            let new = NewTrail {
                name: is.name.clone(),
                bucket: is.bucket.clone(),
                prefix: is.prefix.clone(),
                organization: is.organization,
                logs: is.logs.clone(),
            };
            make(TRAIL, hands, || account.create_trail(&is.home_region, &new).map(drop))?;
            format!("trail {} is made", is.name)
        }
        Deed::Update(update) => {
            let (is, change) = &**update;
            account.update_trail(&is.home_region, &is.arn, change)?;
            format!("trail {} is set", is.name)
        }
        Deed::Start(is) => {
            account.start_logging(&is.home_region, &is.arn)?;
            format!("trail {} logs", is.name)
        }
        Deed::Stop(is) => {
            gone(account.stop_logging(&is.home_region, &is.arn))?;
            format!("trail {} does not log", is.name)
        }
        Deed::Delete(is) => {
            gone(account.delete_trail(&is.home_region, &is.arn))?;
            format!("trail {} is deleted", is.name)
        }
        _ => return Ok(()),
    };
    hands.tell(done);
    Ok(())
}

/// Makes something, and notes it first: what was there before the run is never deleted by it.
fn make(thing: &str, hands: &mut Hands<'_, '_>, call: impl FnOnce() -> Result<(), Error>) -> Result<(), Cause> {
    hands.note(format!("{MAKING}{thing}"))?;
    let Err(why) = call() else { return Ok(()) };
    // It may have been made.
    if !matches!(why, Error::OutcomeUnknown { .. } | Error::Interrupted) {
        hands.note(format!("{REFUSED}{thing}"))?;
    }
    Err(match why.obstacle() {
        Some(Obstacle::StrangersBucket) => {
            let bucket = hands.settings.bucket.clone();
            let bucket =
                bucket.unwrap_or_else(|| names::bucket(&Place::of(hands.account.caller(), &hands.account.region())));
            HardenRefusal::BucketTaken { bucket }.into()
        }
        _ => Cause::Aws(why),
    })
}

/// What is gone already is gone.
fn gone(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => Ok(()),
        outcome => outcome,
    }
}
