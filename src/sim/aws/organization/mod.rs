//! An organization: who is in it, how it is built, what it trusts and delegates, and its service control policies.
//!
//! The register only. `handle` is how tests and the simulator build one, `control` how it is changed while it is
//! served, `service` how AWS clients see it, `change` how they change it.

mod change;
mod control;
mod handle;
mod service;

pub use control::{Attachment, Change};
pub use handle::{Kind, Organization};

use super::policy::{self, Asking, Policy, Verdict};
use super::posture::Trail;
use super::{Ctx, Partition, json, random};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// The policy that every root, unit and account has from the start.
pub(super) const FULL_ACCESS: &str = "p-FullAWSAccess";
const FULL_ACCESS_TEXT: &str = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    PendingActivation,
    Active,
    Suspended,
    PendingClosure,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
        }
    }
}

/// One of the two features of central root access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// `RootSessions`: the tasks on buckets and queues.
    RootSessions,
    /// `RootCredentialsManagement`: the tasks on root's credentials.
    RootCredentialsManagement,
}

impl Feature {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RootSessions => "RootSessions",
            Self::RootCredentialsManagement => "RootCredentialsManagement",
        }
    }
}

/// Organizations, as an AWS client meets it.
pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    change::run(action, ctx).or_else(|| service::run(action, ctx))
}

/// The whole of it.
pub(super) struct Register {
    pub(super) id: String,
    pub(super) management: String,
    root: String,
    /// All features, and not consolidated billing alone.
    pub(super) all_features: bool,
    /// Replies about accounts have `Status` beside `State`.
    status_shown: bool,
    pub(super) members: BTreeMap<String, Member>,
    units: BTreeMap<String, Unit>,
    policies: BTreeMap<String, Scp>,
    /// From when on service control policies can be attached; `None`: the policy type is not enabled.
    scps_from: Option<SystemTime>,
    /// Policies by target, where they are not [`FULL_ACCESS`] alone.
    attached: BTreeMap<String, BTreeSet<String>>,
    /// Service principals that are trusted, since when.
    trusted: BTreeMap<String, SystemTime>,
    /// Delegated administrators by account and service principal, since when.
    delegated: BTreeMap<(String, String), SystemTime>,
    pub(super) features: BTreeSet<Feature>,
    /// The management account's organization trails, as members see them.
    pub(super) trails: Vec<Trail>,
}

/// An account of an organization; the management account is one too.
pub(super) struct Member {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) status: Status,
    invited: bool,
    joined: SystemTime,
    parent: String,
}

struct Unit {
    id: String,
    name: String,
    parent: String,
}

/// A service control policy.
struct Scp {
    id: String,
    name: String,
    description: String,
    text: String,
    policy: Policy,
}

impl Register {
    fn new(management: &str, now: SystemTime) -> Self {
        let letters = |n: usize| random::lower(n);
        let root = format!("r-{}", letters(4));
        let full = Scp {
            id: FULL_ACCESS.to_owned(),
            name: "FullAWSAccess".to_owned(),
            description: "Allows access to every operation".to_owned(),
            text: FULL_ACCESS_TEXT.to_owned(),
            policy: Policy::administrator(),
        };
        let mut register = Self {
            id: format!("o-{}", letters(10)),
            management: management.to_owned(),
            root,
            all_features: true,
            status_shown: true,
            members: BTreeMap::new(),
            units: BTreeMap::new(),
            policies: BTreeMap::from([(FULL_ACCESS.to_owned(), full)]),
            scps_from: Some(now),
            attached: BTreeMap::new(),
            trusted: BTreeMap::new(),
            delegated: BTreeMap::new(),
            features: BTreeSet::new(),
            trails: Vec::new(),
        };
        register.join(management, "management", true, now);
        register
    }

    /// Takes an account in, below the root.
    fn join(&mut self, number: &str, name: &str, invited: bool, now: SystemTime) {
        let member = Member {
            number: number.to_owned(),
            name: name.to_owned(),
            email: format!("aws+{name}@example.com"),
            status: Status::Active,
            invited,
            joined: now,
            parent: self.root.clone(),
        };
        self.members.insert(number.to_owned(), member);
    }

    pub(super) fn trusts(&self, service: &str) -> bool {
        self.trusted.contains_key(service)
    }

    pub(super) fn speaks_for(&self, account: &str, service: &str) -> bool {
        account == self.management || self.delegated.contains_key(&(account.to_owned(), service.to_owned()))
    }

    /// Whether it may read the organization: the management account, and a delegated administrator of anything.
    fn may_read(&self, account: &str) -> bool {
        account == self.management || self.delegated.keys().any(|(delegate, _)| delegate == account)
    }

    /// The policies attached to a root, a unit or an account, not to what is above it.
    fn attached_to(&self, target: &str) -> Vec<&Scp> {
        match self.attached.get(target) {
            Some(ids) => ids.iter().filter_map(|id| self.policies.get(id)).collect(),
            None => self.policies.get(FULL_ACCESS).into_iter().collect(),
        }
    }

    fn chain<'r>(&'r self, account: &'r str) -> Vec<&'r str> {
        let mut chain = vec![account];
        let mut above = self.members.get(account).map(|member| member.parent.as_str());
        while let Some(at) = above {
            chain.push(at);
            above = self.units.get(at).map(|unit| unit.parent.as_str());
        }
        chain
    }

    /// What the service control policies say to an action in an account: a Deny anywhere outweighs, and every level
    /// must allow. They do not reach the management account.
    pub(super) fn verdict(&self, account: &str, asking: &Asking<'_>) -> Verdict {
        if account == self.management || !self.members.contains_key(account) || self.attached.is_empty() {
            return Verdict::Allowed;
        }
        let levels = self
            .chain(account)
            .into_iter()
            .map(|target| policy::evaluate(self.attached_to(target).into_iter().map(|scp| &scp.policy), asking));
        levels.fold(Verdict::Allowed, |all, level| match (all, level) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
            (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
            _ => Verdict::NotAllowed,
        })
    }

    fn arn(&self, partition: Partition, resource: &str) -> String {
        format!("arn:{}:organizations::{}:{resource}", partition.as_str(), self.management)
    }
}
