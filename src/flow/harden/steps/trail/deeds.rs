//! What is done between two states, in its order: the plan names the calls, and leading makes them.

use super::{BucketIs, OwnBucket, Seen, State};
use crate::aws::Call;
use crate::aws::hardening::{self, TrailChange};
use serde_json::Value;

/// A part of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Trust,
    MakeBucket,
    BlockPublicAccess,
    EnforceOwner,
    Encrypt,
    Version,
    PutBucketPolicy(String),
    DropBucketPolicy,
    MakeGroup,
    KeepEvents(u32),
    MakeRole,
    PutRolePolicy(Value),
    Create(Box<hardening::Trail>),
    Update(Box<(hardening::Trail, TrailChange)>),
    Start(hardening::Trail),
    Stop(hardening::Trail),
    Delete(hardening::Trail),
    DropRolePolicy,
    DeleteRole,
    DeleteGroup,
    DeleteBucket,
    Distrust,
}

impl Deed {
    /// What changes something.
    pub(super) fn calls(&self) -> Option<Call> {
        Some(match self {
            Self::Trust => Call::EnableAwsServiceAccess,
            Self::Distrust => Call::DisableAwsServiceAccess,
            Self::MakeBucket => Call::CreateBucket,
            Self::BlockPublicAccess => Call::PutPublicAccessBlock,
            Self::EnforceOwner => Call::PutBucketOwnershipControls,
            Self::Encrypt => Call::PutBucketEncryption,
            Self::Version => Call::PutBucketVersioning,
            Self::PutBucketPolicy(_) => Call::PutBucketPolicy,
            Self::DropBucketPolicy => Call::DeleteBucketPolicy,
            Self::MakeGroup => Call::CreateLogGroup,
            Self::KeepEvents(_) => Call::PutRetentionPolicy,
            Self::MakeRole => Call::CreateRole,
            Self::PutRolePolicy(_) => Call::PutRolePolicy,
            Self::Create(_) => Call::CreateTrail,
            Self::Update(_) => Call::UpdateTrail,
            Self::Start(_) => Call::StartLogging,
            Self::Stop(_) => Call::StopLogging,
            Self::Delete(_) => Call::DeleteTrail,
            Self::DropRolePolicy => Call::DeleteRolePolicy,
            Self::DeleteRole => Call::DeleteRole,
            Self::DeleteGroup => Call::DeleteLogGroup,
            Self::DeleteBucket => Call::DeleteBucket,
        })
    }

    pub(super) fn is_of_trail(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Update(_) | Self::Start(_) | Self::Stop(_) | Self::Delete(_))
    }

    /// Afterwards something is delivered that was not, where all goes well.
    pub(super) fn is_about_delivery(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::Start(_)
            | Self::MakeGroup
            | Self::PutRolePolicy(_)
            | Self::PutBucketPolicy(_) => true,
            Self::Update(update) => update.1.logs.is_some() || update.1.organization == Some(true),
            _ => false,
        }
    }
}

/// What leads from one state to another. Where the other has a trail that is as it should be, what the trail needs comes
/// first; on the way back the trail goes first.
pub(super) fn between(now: &State, to: &State) -> Vec<Deed> {
    let trusts = |state: &State| state.organization.as_ref().and_then(|whole| whole.trusted);
    let (is_trusted, is_to_be) = (trusts(now), trusts(to));
    let mut puts = Vec::new();
    if (is_trusted, is_to_be) == (Some(false), Some(true)) {
        puts.push(Deed::Trust);
    }
    puts.extend(of_bucket(now, to));
    puts.extend(of_group(now, to));
    puts.extend(of_role(now, to));
    let mut deeds = of_trails(now, to);
    match to.is_good() {
        true => deeds.splice(..0, puts).for_each(drop),
        false => deeds.extend(puts),
    }
    deeds.extend(removals(now, to));
    if (is_trusted, is_to_be) == (Some(true), Some(false)) {
        deeds.push(Deed::Distrust);
    }
    deeds
}

fn of_bucket(now: &State, to: &State) -> Vec<Deed> {
    let BucketIs::Own(to) = &to.bucket.is else { return Vec::new() };
    let mut deeds = Vec::new();
    let new = OwnBucket { settings: Some(hardening::BucketSettings::default()), policy: None, ..to.clone() };
    let now = match &now.bucket.is {
        BucketIs::Own(now) => now,
        BucketIs::Absent | BucketIs::Elsewhere => {
            deeds.push(Deed::MakeBucket);
            &new
        }
    };
    if let (Some(is), Some(should)) = (&now.settings, &to.settings) {
        let settings = [
            (Deed::BlockPublicAccess, is.public_access_blocked != should.public_access_blocked),
            (Deed::EnforceOwner, is.ownership != should.ownership),
            (Deed::Encrypt, is.encryption != should.encryption),
            (Deed::Version, is.versioned != should.versioned),
        ];
        deeds.extend(settings.into_iter().filter(|(_, differs)| *differs).map(|(deed, _)| deed));
    }
    if now.policy != to.policy {
        deeds.push(to.policy.clone().map_or(Deed::DropBucketPolicy, Deed::PutBucketPolicy));
    }
    deeds
}

fn of_group(now: &State, to: &State) -> Vec<Deed> {
    let Some(should) = &to.group.is else { return Vec::new() };
    let is = now.group.is.as_ref();
    let mut deeds = Vec::new();
    if is.is_none() {
        deeds.push(Deed::MakeGroup);
    }
    if is.is_none_or(|is| is.retention_days != should.retention_days) {
        deeds.extend(should.retention_days.map(Deed::KeepEvents));
    }
    deeds
}

fn of_role(now: &State, to: &State) -> Vec<Deed> {
    let Some(should) = &to.role else { return Vec::new() };
    let is = now.role.as_ref();
    let mut deeds = Vec::new();
    if is.is_none() {
        deeds.push(Deed::MakeRole);
    }
    let policy = is.and_then(|is| is.policy.as_ref());
    if policy != should.policy.as_ref() {
        deeds.push(should.policy.clone().map_or(Deed::DropRolePolicy, Deed::PutRolePolicy));
    }
    deeds
}

fn of_trails(now: &State, to: &State) -> Vec<Deed> {
    let find = |state: &State, seen: &Seen| state.trails.iter().find(|one| one.is.arn == seen.is.arn).cloned();
    let mut deeds = Vec::new();
    for should in &to.trails {
        let is = find(now, should);
        match &is {
            None => deeds.push(Deed::Create(Box::new(should.is.clone()))),
            Some(is) => deeds.extend(update(&is.is, &should.is)),
        }
        match (is.and_then(|is| is.logging), should.logging) {
            (Some(false) | None, Some(true)) => deeds.push(Deed::Start(should.is.clone())),
            (Some(true), Some(false)) => deeds.push(Deed::Stop(should.is.clone())),
            _ => {}
        }
    }
    for gone in now.trails.iter().filter(|seen| find(to, seen).is_none()) {
        deeds.extend([Deed::Stop(gone.is.clone()), Deed::Delete(gone.is.clone())]);
    }
    deeds
}

fn update(is: &hardening::Trail, should: &hardening::Trail) -> Option<Deed> {
    let differs = |is: bool, should: bool| (is != should).then_some(should);
    let change = TrailChange {
        multi_region: differs(is.multi_region, should.multi_region),
        global_events: differs(is.global_events, should.global_events),
        validation: differs(is.validation, should.validation),
        organization: differs(is.organization, should.organization),
        bucket: None,
        logs: (is.logs != should.logs).then(|| should.logs.clone()),
    };
    (change != TrailChange::default()).then(|| Deed::Update(Box::new((should.clone(), change))))
}

fn removals(now: &State, to: &State) -> Vec<Deed> {
    let mut deeds = Vec::new();
    if let (Some(role), None) = (&now.role, &to.role) {
        deeds.extend(role.policy.as_ref().map(|_| Deed::DropRolePolicy));
        deeds.push(Deed::DeleteRole);
    }
    if now.group.is.is_some() && to.group.is.is_none() {
        deeds.push(Deed::DeleteGroup);
    }
    if matches!((&now.bucket.is, &to.bucket.is), (BucketIs::Own(_), BucketIs::Absent)) {
        deeds.push(Deed::DeleteBucket);
    }
    deeds
}
