//! How an organization is made and changed from outside its API.

use super::super::policy::Policy;
use super::super::state::{Certificate, Owner, State, Totp, Use};
use super::super::world::Furnish;
use super::super::{Aws, Setup, random};
use super::change::{CLOUDTRAIL, shrink_trails};
use super::{FULL_ACCESS, Feature, Register, Scp, Status, Unit};
use crate::sim::clock::SimClock;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// What an account of an organization is like when it is first looked at. The management account is always
/// [`Kind::Sound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Two security keys on root, and everything that watches it: [`Aws::protect`].
    Sound,
    /// Root has no credentials at all: managed centrally.
    NoCredentials,
    OneKey,
    /// A virtual device with its usual name, `root-account-mfa-device`.
    Virtual,
    /// A password and no second factor.
    NoMfa,
    /// Two security keys, and an active access key of root's that was used three days ago.
    ActiveKey,
    /// Two security keys, and an access key that is inactive.
    InactiveKey,
    /// A security key and a virtual device under a name of its own.
    KeyAndVirtual,
    HardwareToken,
    /// Two security keys, and a signing certificate.
    Certificate,
    /// No second factor on root; the users `groot` and `root-account-mfa-device` have virtual devices of these names.
    Groot,
    /// No password, and a security key that was left behind.
    KeyWithoutPassword,
}

impl Kind {
    /// All of them, in the order `glasskey simulate --org` goes through again and again.
    pub const ALL: [Self; 12] = [
        Self::Sound,
        Self::NoCredentials,
        Self::OneKey,
        Self::Virtual,
        Self::NoMfa,
        Self::ActiveKey,
        Self::InactiveKey,
        Self::KeyAndVirtual,
        Self::HardwareToken,
        Self::Certificate,
        Self::Groot,
        Self::KeyWithoutPassword,
    ];

    /// The account's name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::NoCredentials => "no-credentials",
            Self::OneKey => "one-key",
            Self::Virtual => "virtual",
            Self::NoMfa => "no-mfa",
            Self::ActiveKey => "active-key",
            Self::InactiveKey => "inactive-key",
            Self::KeyAndVirtual => "key-and-virtual",
            Self::HardwareToken => "hardware-token",
            Self::Certificate => "certificate",
            Self::Groot => "groot",
            Self::KeyWithoutPassword => "key-without-password",
        }
    }

    fn furnish(self, state: &mut State, management: &str, now: SystemTime) {
        state.protect();
        trust_management(state, management, now);
        match self {
            Self::Sound => {}
            Self::NoCredentials => state.strip_root(),
            Self::OneKey => keep_factors(state, 1),
            Self::Virtual => {
                keep_factors(state, 0);
                enable_virtual(state, Owner::Root, "root-account-mfa-device", now);
            }
            Self::NoMfa => keep_factors(state, 0),
            Self::ActiveKey | Self::InactiveKey => give_root_a_key(state, self == Self::ActiveKey, now),
            Self::KeyAndVirtual => {
                keep_factors(state, 1);
                enable_virtual(state, Owner::Root, "phone", now);
            }
            Self::HardwareToken => {
                keep_factors(state, 0);
                state.enable_device("GAHT12345678".to_owned(), None, Owner::Root, now);
            }
            Self::Certificate => {
                let certificate = Certificate { owner: Owner::Root, active: true, uploaded: now };
                state.certificates.insert(random::certificate_id(), certificate);
            }
            Self::Groot => {
                keep_factors(state, 0);
                for name in ["groot", "root-account-mfa-device"] {
                    state.insert_user(name, "/", now);
                    enable_virtual(state, Owner::User(name.to_owned()), name, now);
                }
            }
            Self::KeyWithoutPassword => {
                keep_factors(state, 1);
                state.root.password = None;
            }
        }
    }
}

/// A member trusts its management account from the start.
fn trust_management(state: &mut State, management: &str, now: SystemTime) {
    if state.insert_role("OrganizationAccountAccessRole", &[management], now).is_ok()
        && let Some(role) = state.roles.get_mut("OrganizationAccountAccessRole")
    {
        let partition = state.partition.as_str();
        role.policies.attached.insert(format!("arn:{partition}:iam::aws:policy/AdministratorAccess"));
    }
}

fn enable_virtual(state: &mut State, owner: Owner, name: &str, now: SystemTime) {
    let mut totp = Totp::new();
    totp.announce(Some(owner.clone()), now, Duration::ZERO);
    state.enable_device(state.arn(&format!("mfa/{name}")), Some(totp), owner, now);
}

/// Removes all of root's devices but so many.
fn keep_factors(state: &mut State, kept: usize) {
    let serials: Vec<String> = state.devices_of(&Owner::Root).map(|device| device.serial.clone()).collect();
    serials.iter().skip(kept).for_each(|serial| drop(state.devices.remove(serial)));
}

fn give_root_a_key(state: &mut State, active: bool, now: SystemTime) {
    let (id, _) = state.insert_access_key(Owner::Root, now);
    if let Some(key) = state.access_keys.get_mut(&id) {
        key.active = active;
        let at = now.checked_sub(Duration::from_secs(3 * 86_400)).unwrap_or(now);
        let used = Use { at, service: "ec2".to_owned(), region: state.partition.region().to_owned() };
        key.used = Some(used).filter(|_| active);
    }
}

/// A simulated organization: central root access is on, and IAM, Account Management and CloudTrail are trusted.
/// Clones share it.
#[derive(Clone)]
pub struct Organization(Aws);

impl Organization {
    /// An organization of one management account with a user `admin`.
    pub fn new(clock: SimClock) -> Self {
        Self::with(clock, Setup::default())
    }

    /// One whose management account is made to order.
    pub fn with(clock: SimClock, setup: Setup) -> Self {
        let aws = Aws::with(clock, setup);
        aws.protect();
        let now = aws.clock().now();
        *aws.world.organization_mut() = Some(Register::new(&aws.account(), now));
        let organization = Self(aws);
        for service in ["account.amazonaws.com", "cloudtrail.amazonaws.com", "iam.amazonaws.com"] {
            organization.trust(service, true);
        }
        organization.set_features(&[Feature::RootSessions, Feature::RootCredentialsManagement]);
        organization
    }

    /// What `glasskey simulate --org` serves: so many accounts, of every kind in turn after the management account; the
    /// thirteenth of them is suspended.
    pub fn varied(clock: SimClock, setup: Setup, accounts: usize) -> Self {
        let organization = Self::with(clock, setup);
        let members = organization.add_many(accounts.saturating_sub(1));
        if let Some(number) = members.get(Kind::ALL.len()) {
            organization.set_status(number, Status::Suspended);
        }
        organization
    }

    pub fn of(aws: &Aws) -> Option<Self> {
        let management = {
            let organization = aws.world.organization();
            let register = organization.as_ref().filter(|register| register.members.contains_key(&aws.account()))?;
            register.management.clone()
        };
        aws.in_account(&management).map(Self)
    }

    pub fn management(&self) -> &Aws {
        &self.0
    }

    /// Adds an account; its number.
    pub fn add(&self, kind: Kind) -> String {
        self.add_as(kind, &random::account())
    }

    pub fn add_as(&self, kind: Kind, number: &str) -> String {
        let now = self.0.clock().now();
        let management = self.0.account();
        let furnish: Furnish = Box::new(move |state, now| kind.furnish(state, &management, now));
        self.0.world.add(number.to_owned(), furnish);
        let count = self.0.world.organization().as_ref().map_or(0, |register| register.members.len());
        let name = format!("{}-{count}", kind.as_str());
        self.change(|register| register.join(number, &name, false, now));
        number.to_owned()
    }

    /// Adds this many accounts, of every kind in turn; their numbers. What is in them is made when it is first looked
    /// at.
    pub fn add_many(&self, count: usize) -> Vec<String> {
        Kind::ALL.into_iter().cycle().take(count).map(|kind| self.add(kind)).collect()
    }

    /// The numbers of all accounts but the management account, in order.
    pub fn members(&self) -> Vec<String> {
        let organization = self.0.world.organization();
        let register = organization.as_ref();
        let members = register
            .into_iter()
            .flat_map(|register| register.members.keys().filter(|number| **number != register.management).cloned());
        members.collect()
    }

    pub fn account(&self, number: &str) -> Option<Aws> {
        self.0.in_account(number)
    }

    /// What an account is called: anything its owner likes.
    pub fn set_name(&self, account: &str, name: &str) {
        self.change(|register| {
            if let Some(member) = register.members.get_mut(account) {
                member.name = name.to_owned();
            }
        });
    }

    pub fn set_status(&self, account: &str, status: Status) {
        self.change(|register| {
            if let Some(member) = register.members.get_mut(account) {
                member.status = status;
            }
        });
    }

    /// Replies about accounts no longer have `Status`, as AWS announced for September 2026.
    pub fn retire_status(&self) {
        self.change(|register| register.status_shown = false);
    }

    /// All features, or consolidated billing alone.
    pub fn set_all_features(&self, all: bool) {
        self.change(|register| register.all_features = all);
    }

    /// Enables service control policies, or disables them, which detaches all there are.
    pub fn set_scps(&self, enabled: bool) {
        let now = self.0.clock().now();
        self.change(|register| {
            register.scps_from = enabled.then_some(now);
            register.attached.retain(|_, _| enabled);
        });
    }

    /// Trusts a service, or no longer.
    pub fn trust(&self, service: &str, trusted: bool) {
        let now = self.0.clock().now();
        self.change(|register| {
            if trusted {
                register.trusted.insert(service.to_owned(), now);
            } else {
                register.trusted.remove(service);
            }
        });
        if !trusted && service == CLOUDTRAIL {
            self.0.arrange(shrink_trails);
        }
    }

    /// Which features of central root access are on.
    pub fn set_features(&self, features: &[Feature]) {
        self.change(|register| register.features = features.iter().copied().collect());
    }

    /// Makes an account the delegated administrator for a service: `iam.amazonaws.com`.
    pub fn delegate(&self, account: &str, service: &str) {
        let now = self.0.clock().now();
        self.change(|register| {
            register.delegated.insert((account.to_owned(), service.to_owned()), now);
        });
    }

    pub fn end_delegation(&self, account: &str) {
        self.change(|register| register.delegated.retain(|(delegate, _), _| delegate != account));
    }

    pub fn root_id(&self) -> String {
        self.0.world.organization().as_ref().map(|register| register.root.clone()).unwrap_or_default()
    }

    /// Makes a unit below another, or below the root; its id.
    pub fn add_unit(&self, name: &str, parent: Option<&str>) -> String {
        let root = self.root_id();
        let id = format!("ou-{}-{}", root.trim_start_matches("r-"), random::lower(8));
        let unit = Unit { id: id.clone(), name: name.to_owned(), parent: parent.unwrap_or(&root).to_owned() };
        self.change(|register| drop(register.units.insert(id.clone(), unit)));
        id
    }

    /// Moves an account into a unit, or to the root.
    pub fn move_to(&self, account: &str, parent: &str) {
        self.change(|register| {
            if let Some(member) = register.members.get_mut(account) {
                member.parent = parent.to_owned();
            }
        });
    }

    /// Makes a service control policy; its id. The error says what is wrong with it, or that the simulator cannot
    /// enforce it.
    pub fn add_policy(&self, name: &str, policy_json: &str) -> Result<String, String> {
        let policy = Policy::parse(policy_json)?;
        let id = format!("p-{}", random::lower(8));
        let (name, description, text) = (name.to_owned(), String::new(), policy_json.to_owned());
        let scp = Scp { id: id.clone(), name, description, text, policy };
        self.change(|register| drop(register.policies.insert(id.clone(), scp)));
        Ok(id)
    }

    /// The organization's own service control policies: each name, and what it is attached to.
    pub fn policies(&self) -> Vec<(String, Vec<String>)> {
        let organization = self.0.world.organization();
        let Some(register) = organization.as_ref() else { return Vec::new() };
        let targets = |id: &String| -> Vec<String> {
            register.attached.iter().filter(|(_, ids)| ids.contains(id)).map(|(to, _)| to.clone()).collect()
        };
        let own = register.policies.values().filter(|scp| scp.id != FULL_ACCESS);
        let mut policies: Vec<_> = own.map(|scp| (scp.name.clone(), targets(&scp.id))).collect();
        policies.sort();
        policies
    }

    /// The id of the service control policy of this name.
    pub fn policy_named(&self, name: &str) -> Option<String> {
        let organization = self.0.world.organization();
        let register = organization.as_ref()?;
        register.policies.values().find(|scp| scp.name == name).map(|scp| scp.id.clone())
    }

    /// Attaches a policy to the root, a unit or an account, beside what is there.
    pub fn attach(&self, policy: &str, target: &str) {
        self.change(|register| {
            let full = || BTreeSet::from([FULL_ACCESS.to_owned()]);
            register.attached.entry(target.to_owned()).or_insert_with(full).insert(policy.to_owned());
        });
    }

    /// Detaches a policy from a target; `p-FullAWSAccess` can be detached too.
    pub fn detach(&self, policy: &str, target: &str) {
        self.change(|register| {
            let full = || BTreeSet::from([FULL_ACCESS.to_owned()]);
            register.attached.entry(target.to_owned()).or_insert_with(full).remove(policy);
        });
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Register)) {
        if let Some(register) = self.0.world.organization_mut().as_mut() {
            change(register);
        }
    }
}
