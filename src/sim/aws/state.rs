//! What the simulated account holds.

use super::managed;
use super::policy::Policy;
use super::posture::Posture;
use super::task::Task;
use super::{Partition, random};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

pub(super) type Tags = BTreeMap<String, String>;

/// Devices a user, or root, can have: IAM's quota.
pub(super) const DEVICES_PER_USER: usize = 8;
/// Verifications of one device's codes by STS in one window.
pub(super) const VERIFICATIONS: u32 = 9;
/// The window of [`VERIFICATIONS`] in seconds, aligned to the epoch.
pub(super) const VERIFICATION_WINDOW: u64 = 180;

pub(super) struct State {
    pub(super) partition: Partition,
    pub(super) account: String,
    pub(super) created: SystemTime,
    /// How long STS goes on seeing the binding from before a change.
    pub(super) propagation: Duration,
    /// How long AWS takes to know a new access key.
    pub(super) key_propagation: Duration,
    pub(super) root: Root,
    pub(super) users: BTreeMap<String, User>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) roles: BTreeMap<String, Role>,
    /// The account's own managed policies, by ARN.
    pub(super) managed: BTreeMap<String, Managed>,
    pub(super) devices: BTreeMap<String, Device>,
    /// Long-term access keys by id.
    pub(super) access_keys: BTreeMap<String, AccessKey>,
    pub(super) certificates: BTreeMap<String, Certificate>,
    /// The credential report there is, and how many calls have asked for the one that is being made.
    pub(super) report: Option<Report>,
    pub(super) report_asked: u32,
    /// Everything around root that is not IAM's.
    pub(super) posture: Posture,
    /// The number of the first call that metric filters have not looked at yet.
    pub(super) uncounted: u64,
    /// Temporary credentials by access key id.
    pub(super) sessions: BTreeMap<String, Session>,
    /// Verifications by serial number: the window's number and the count. Kept when a device is deleted: a device
    /// made again under the same ARN inherits what is left.
    pub(super) verifications: BTreeMap<String, (u64, u32)>,
}

pub(super) struct User {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    pub(super) password: Option<Password>,
    pub(super) policies: Policies,
    pub(super) tags: Tags,
}

/// The root user, without its keys, certificates and devices.
pub(super) struct Root {
    pub(super) password: Option<Password>,
}

pub(super) struct Password {
    pub(super) created: SystemTime,
    pub(super) used: Option<SystemTime>,
    /// It has to be changed at the next sign-in.
    pub(super) reset: bool,
    /// `None`: nobody has said what it is.
    pub(super) text: Option<Zeroizing<String>>,
}

/// The policies of a user, group or role.
#[derive(Default)]
pub(super) struct Policies {
    /// Inline ones by name: the text as stored, and read.
    pub(super) inline: BTreeMap<String, (String, Policy)>,
    /// ARNs of the managed ones.
    pub(super) attached: BTreeSet<String>,
}

impl Policies {
    pub(super) fn is_empty(&self) -> bool {
        self.inline.is_empty() && self.attached.is_empty()
    }

    /// Its inline policies, and the managed ones as far as they are known.
    fn all<'s>(&'s self, state: &'s State) -> impl Iterator<Item = &'s Policy> {
        let inline = self.inline.values().map(|(_, policy)| policy);
        inline.chain(self.attached.iter().filter_map(|arn| state.managed_policy(arn)))
    }
}

/// A managed policy of the account's own.
pub(super) struct Managed {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    pub(super) text: String,
    pub(super) policy: Policy,
}

pub(super) struct Group {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    pub(super) members: BTreeSet<String>,
    pub(super) policies: Policies,
}

/// An X.509 signing certificate.
pub(super) struct Certificate {
    pub(super) owner: Owner,
    pub(super) active: bool,
    pub(super) uploaded: SystemTime,
}

pub(super) struct Report {
    pub(super) at: SystemTime,
    pub(super) text: String,
}

/// A role, as far as AssumeRole needs one.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) created: SystemTime,
    pub(super) trust: (String, Policy),
    pub(super) longest: u64,
    pub(super) policies: Policies,
}

/// Whose a device or an access key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Root,
    /// By user name: neither devices nor keys outlive their user.
    User(String),
}

pub(super) struct AccessKey {
    pub(super) owner: Owner,
    pub(super) secret: Zeroizing<String>,
    /// When AWS begins to know it everywhere.
    pub(super) known_from: SystemTime,
    pub(super) active: bool,
    pub(super) created: SystemTime,
    pub(super) used: Option<Use>,
}

/// The last use of an access key.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) at: SystemTime,
    pub(super) service: String,
    pub(super) region: String,
}

pub(super) struct Session {
    pub(super) secret: Zeroizing<String>,
    pub(super) token: String,
    pub(super) principal: Principal,
    pub(super) expires: SystemTime,
    /// When MFA was given; `None` for a session without.
    pub(super) mfa: Option<SystemTime>,
    /// What AssumeRoot limits a session of root to.
    pub(super) task: Option<Task>,
    /// The policy that AssumeRole limits a session to.
    pub(super) policy: Option<Policy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    Root,
    User { name: String, id: String },
    Role { name: String, id: String, session: String },
}

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
    /// An account nobody has touched: root's password and nothing else.
    pub(super) fn new(partition: Partition, account: String, created: SystemTime, propagation: Duration) -> Self {
        Self {
            partition,
            account,
            created,
            propagation,
            key_propagation: Duration::ZERO,
            root: Root { password: Some(Password { created, used: None, reset: false, text: None }) },
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            managed: BTreeMap::new(),
            devices: BTreeMap::new(),
            access_keys: BTreeMap::new(),
            certificates: BTreeMap::new(),
            report: None,
            report_asked: 0,
            posture: Posture::default(),
            uncounted: 0,
            sessions: BTreeMap::new(),
            verifications: BTreeMap::new(),
        }
    }

    /// What the ARN of an account's root begins with, without the account.
    pub(super) fn iam_prefix(&self) -> String {
        format!("arn:{}:iam::", self.partition.as_str())
    }

    /// An IAM ARN in this account: `resource` is like `user/path/name`.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition.as_str(), self.account)
    }

    pub(super) fn user_arn(&self, user: &User) -> String {
        self.arn(&format!("user{}{}", user.path, user.name))
    }

    pub(super) fn group_arn(&self, group: &Group) -> String {
        self.arn(&format!("group{}{}", group.path, group.name))
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

    /// Every policy a user is under: their own and their groups'.
    pub(super) fn policies_of_user<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Policy> {
        let own = self.users.get(name).into_iter().map(|user| &user.policies);
        let groups = self.groups.values().filter(move |group| group.members.contains(name));
        own.chain(groups.map(|group| &group.policies)).flat_map(|policies| policies.all(self))
    }

    pub(super) fn policies_of_role(&self, name: &str) -> impl Iterator<Item = &Policy> {
        self.roles.get(name).into_iter().flat_map(|role| role.policies.all(self))
    }

    /// A managed policy: the account's own, or AWS's.
    fn managed_policy(&self, arn: &str) -> Option<&Policy> {
        self.managed.get(arn).map(|own| &own.policy).or_else(|| managed::of_aws(arn).map(|known| &known.policy))
    }

    /// Makes a user without any permission; the caller has checked that the name is free.
    pub(super) fn insert_user(&mut self, name: &str, path: &str, now: SystemTime) {
        let user = User {
            name: name.to_owned(),
            id: random::identifier("AIDA"),
            path: path.to_owned(),
            created: now,
            password: None,
            policies: Policies::default(),
            tags: Tags::new(),
        };
        self.users.insert(name.to_owned(), user);
    }

    /// Makes a user who may do everything, if there is none of this name, and an access key for them.
    pub(super) fn administrator(&mut self, name: &str, now: SystemTime) -> (String, String) {
        if !self.users.contains_key(name) {
            self.insert_user(name, "/", now);
        }
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        if let Some(user) = self.users.get_mut(name) {
            user.policies.inline.insert("Administrator".to_owned(), (text.to_owned(), Policy::administrator()));
        }
        self.insert_access_key(Owner::User(name.to_owned()), now)
    }

    /// Makes an access key: its id and its secret.
    pub(super) fn insert_access_key(&mut self, owner: Owner, now: SystemTime) -> (String, String) {
        let id = random::access_key_id("AKIA", &self.account);
        let secret = random::secret_access_key();
        let kept = Zeroizing::new(secret.clone());
        let key = AccessKey {
            owner,
            secret: kept,
            known_from: SystemTime::UNIX_EPOCH,
            active: true,
            created: now,
            used: None,
        };
        self.access_keys.insert(id.clone(), key);
        (id, secret)
    }
}
