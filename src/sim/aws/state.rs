//! What the simulated account holds.

use super::policy::Policy;
use super::{Partition, random};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Devices a user, or root, can have: IAM's quota.
pub(super) const DEVICES_PER_USER: usize = 8;
/// Verifications of one device's codes by STS in one window.
pub(super) const VERIFICATIONS: u32 = 9;
/// The window of [`VERIFICATIONS`] in seconds, aligned to the epoch.
pub(super) const VERIFICATION_WINDOW: u64 = 180;

/// The account and everything in it.
pub(super) struct State {
    pub(super) partition: Partition,
    pub(super) account: String,
    pub(super) created: SystemTime,
    /// How long STS goes on seeing the binding from before a change.
    pub(super) propagation: Duration,
    pub(super) users: BTreeMap<String, User>,
    pub(super) roles: BTreeMap<String, Role>,
    /// By serial number.
    pub(super) devices: BTreeMap<String, Device>,
    /// Long-term access keys by id.
    pub(super) access_keys: BTreeMap<String, AccessKey>,
    /// Temporary credentials by access key id.
    pub(super) sessions: BTreeMap<String, Session>,
    /// Verifications by serial number: the window's number and the count. Kept when a device is deleted: a device
    /// made again under the same ARN inherits what is left.
    pub(super) verifications: BTreeMap<String, (u64, u32)>,
}

/// An IAM user.
pub(super) struct User {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    /// Inline policies by name: the text as stored, and read.
    pub(super) policies: BTreeMap<String, (String, Policy)>,
}

/// A role, as far as AssumeRole needs one.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    pub(super) trust: (String, Policy),
    /// Longest session in seconds.
    pub(super) longest: u64,
    pub(super) policies: BTreeMap<String, (String, Policy)>,
}

/// Whose a device or an access key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Root,
    /// By user name: neither devices nor keys outlive their user.
    User(String),
}

/// An access key of a user or of root.
pub(super) struct AccessKey {
    pub(super) owner: Owner,
    pub(super) active: bool,
    pub(super) created: SystemTime,
}

/// Temporary credentials.
pub(super) struct Session {
    pub(super) token: String,
    pub(super) principal: Principal,
    pub(super) expires: SystemTime,
    /// When MFA was given; `None` for a session without.
    pub(super) mfa: Option<SystemTime>,
}

/// Who signs a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    Root,
    User { name: String, id: String },
    Role { name: String, id: String, session: String },
}

/// An MFA device.
pub(super) struct Device {
    pub(super) serial: String,
    /// `None` for a FIDO security key and for SMS.
    pub(super) totp: Option<Totp>,
    pub(super) enabled: Option<(Owner, SystemTime)>,
    pub(super) tags: BTreeMap<String, String>,
}

/// The inside of a virtual device or a hardware token.
pub(super) struct Totp {
    pub(super) seed: Zeroizing<Vec<u8>>,
    /// Steps the device is ahead of AWS's clock, as the last accepted pair showed.
    pub(super) offset: i64,
    /// The step of the second code of the last accepted pair; survives deactivation.
    pub(super) last_pair: Option<i64>,
    /// Steps whose code STS has taken, or was offered before it knew the device; survives deactivation.
    pub(super) spent: BTreeSet<i64>,
    /// What STS sees and will see, oldest first.
    pub(super) bindings: Vec<Binding>,
}

/// An assignment as STS knows it.
#[derive(Clone)]
pub(super) struct Binding {
    /// When STS begins to see it.
    pub(super) seen_from: SystemTime,
    pub(super) owner: Option<Owner>,
    pub(super) offset: i64,
}

impl Totp {
    pub(super) fn new() -> Self {
        // Sixty-four characters of base32, forty bytes.
        let seed = Zeroizing::new(random::bytes::<40>().to_vec());
        Self { seed, offset: 0, last_pair: None, spent: BTreeSet::new(), bindings: Vec::new() }
    }

    /// Tells STS of a change, which it sees only from `seen_from`.
    pub(super) fn announce(&mut self, owner: Option<Owner>, now: SystemTime, propagation: Duration) {
        let seen_from = now.checked_add(propagation).unwrap_or(now);
        // Keep the one binding STS sees now and those it has not seen yet.
        let current = self.bindings.iter().rposition(|b| b.seen_from <= now).unwrap_or_default();
        self.bindings.drain(..current);
        self.bindings.push(Binding { seen_from, owner, offset: self.offset });
    }

    /// The binding STS sees at `now`.
    pub(super) fn seen_by_sts(&self, now: SystemTime) -> Option<&Binding> {
        self.bindings.iter().rev().find(|binding| binding.seen_from <= now)
    }
}

impl Device {
    pub(super) fn owner(&self) -> Option<&Owner> {
        self.enabled.as_ref().map(|(owner, _)| owner)
    }

    /// Whether IAM lists it among the virtual devices, and can delete it: not a hardware token, whose serial number is
    /// no ARN.
    pub(super) fn is_virtual(&self) -> bool {
        self.totp.is_some() && self.serial.starts_with("arn:")
    }

    pub(super) fn is_of(&self, owner: &Owner) -> bool {
        self.owner() == Some(owner)
    }
}

impl State {
    /// An IAM ARN in this account: `resource` is like `user/path/name`.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition.as_str(), self.account)
    }

    pub(super) fn user_arn(&self, user: &User) -> String {
        self.arn(&format!("user{}{}", user.path, user.name))
    }

    pub(super) fn role_arn(&self, role: &Role) -> String {
        self.arn(&format!("role{}{}", role.path, role.name))
    }

    pub(super) fn principal_arn(&self, principal: &Principal) -> String {
        match principal {
            Principal::Root => self.arn("root"),
            Principal::User { name, .. } => {
                self.users.get(name).map_or_else(|| self.arn(&format!("user/{name}")), |user| self.user_arn(user))
            }
            Principal::Role { name, session, .. } => {
                format!("arn:{}:sts::{}:assumed-role/{name}/{session}", self.partition.as_str(), self.account)
            }
        }
    }

    pub(super) fn devices_of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a Device> {
        self.devices.values().filter(move |device| device.is_of(owner))
    }

    pub(super) fn keys_of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = (&'a String, &'a AccessKey)> {
        self.access_keys.iter().filter(move |(_, key)| key.owner == *owner)
    }

    /// Makes a user without any permission; the caller has checked that the name is free.
    pub(super) fn insert_user(&mut self, name: &str, path: &str, now: SystemTime) {
        let user = User {
            name: name.to_owned(),
            id: random::identifier("AIDA"),
            path: path.to_owned(),
            created: now,
            policies: BTreeMap::new(),
        };
        self.users.insert(name.to_owned(), user);
    }

    /// Makes an access key: its id and its secret, which is not kept since no signature is checked.
    pub(super) fn insert_access_key(&mut self, owner: Owner, now: SystemTime) -> (String, String) {
        let id = random::identifier("AKIA");
        self.access_keys.insert(id.clone(), AccessKey { owner, active: true, created: now });
        (id, random::secret_access_key())
    }
}
