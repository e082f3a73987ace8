//! What is so: facts about the root user of an account and about what watches it. Judges nothing.

use super::scp::ServiceControl;
use super::watchers::{RegionWatch, Rule, Trail};
use crate::aws::{Call, DeviceKind, Error, Summary};
use std::time::SystemTime;

/// Something that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is so.
    Known(T),
    /// It could not be read, which says nothing of what it is.
    Unreadable(Unreadable),
}

/// Why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call} gave no answer that tells")]
pub struct Unreadable {
    /// The call that failed; its permission may be what is missing.
    pub call: Call,
    /// What came instead.
    #[source]
    pub why: Error,
}

impl<T> Fact<T> {
    /// The fact, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unreadable(_) => None,
        }
    }

    /// The outcome of a call.
    pub fn of(call: Call, outcome: Result<T, Error>) -> Self {
        match outcome {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Unreadable(Unreadable { call, why }),
        }
    }

    /// What follows from this one, where it is known.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Unreadable(why) => Fact::Unreadable(why),
        }
    }

    /// Another fact that follows from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Unreadable(why) => Fact::Unreadable(why),
        }
    }
}

/// Everything about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Twelve digits.
    pub account: String,
    /// Its name in the organization, where that is known.
    pub name: Option<String>,
    /// AWS's word for its state in the organization, where that is not `ACTIVE`.
    pub state: Option<String>,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// When this was read.
    pub at: SystemTime,
    /// Where it stands in an organization.
    pub standing: Fact<OrgMembership>,
    /// Its root user.
    pub root: Root,
    /// Who is told about security; `None`: nobody.
    pub security_contact: Fact<Option<Contact>>,
    /// The rest; `None` for a member of an organization that is seen from outside.
    pub around: Option<Surroundings>,
}

/// An account and organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrgMembership {
    /// In none.
    Alone,
    /// The management account of one.
    Management,
    /// A member of one, with the management account's number.
    Member(String),
}

/// The root user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// What the account's summary says.
    pub summary: Fact<Summary>,
    /// Its factors.
    pub factors: Fact<Factors>,
    /// Its access keys.
    pub keys: Fact<Vec<RootKey>>,
    /// Its signing certificates.
    pub certificates: Fact<Certificates>,
    /// When its password was last used.
    pub password_used: Fact<LastUse>,
}

/// Root's factors. Only root itself, or a session of AssumeRoot, sees every one. An administrator sees the virtual
/// ones, and how many there can be beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Those that were seen, each by its serial number.
    pub seen: Vec<Factor>,
    /// How many more there are at least.
    pub unseen_at_least: u32,
    /// How many more there can be; `None`: no telling.
    pub unseen_at_most: Option<u32>,
    /// What could not be read that would have told how many.
    pub uncounted: Option<Unreadable>,
}

impl Factors {
    /// All of them.
    pub fn all(seen: Vec<Factor>) -> Self {
        Self { seen, unseen_at_least: 0, unseen_at_most: Some(0), uncounted: None }
    }

    /// How many are virtual. Virtual ones are always seen.
    pub fn virtual_ones(&self) -> usize {
        self.seen.iter().filter(|factor| factor.kind == DeviceKind::Virtual).count()
    }

    /// How many hardware factors there are at least. What is unseen is hardware: FIDO or a hardware TOTP token.
    pub fn hardware_at_least(&self) -> usize {
        let seen = self.seen.iter().filter(|factor| factor.is_hardware()).count();
        seen + self.unseen_at_least as usize
    }

    /// How many there can be.
    pub fn hardware_at_most(&self) -> Option<usize> {
        let seen = self.seen.iter().filter(|factor| factor.is_hardware()).count();
        self.unseen_at_most.map(|unseen| seen + unseen as usize)
    }

    /// How many factors there are at least.
    pub fn at_least(&self) -> usize {
        self.seen.len() + self.unseen_at_least as usize
    }

    /// How many there can be.
    pub fn at_most(&self) -> Option<usize> {
        self.unseen_at_most.map(|unseen| self.seen.len() + unseen as usize)
    }
}

/// One factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its serial number.
    pub serial: String,
    /// Read from that.
    pub kind: DeviceKind,
    /// Since when.
    pub enabled: Option<SystemTime>,
}

impl Factor {
    fn is_hardware(&self) -> bool {
        match self.kind {
            DeviceKind::Fido | DeviceKind::RootFido | DeviceKind::HardwareTotp => true,
            DeviceKind::Virtual | DeviceKind::Sms => false,
        }
    }
}

/// An access key of root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// Its id, where the caller may see that.
    pub id: Option<String>,
    /// It can be used.
    pub active: bool,
    /// When it was.
    pub used: LastUse,
    /// Why that is not told, where it could not be read.
    pub unread: Option<Unreadable>,
}

/// Signing certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// How many can be used.
    pub active: usize,
    /// How many are there.
    pub present: usize,
}

/// When something was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastUse {
    /// AWS does not say.
    Untold,
    /// Never, as far as AWS has looked.
    Never,
    /// Then.
    At(SystemTime),
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Where mail reaches them; empty in the account's own.
    pub email: String,
    /// Their name.
    pub name: String,
}

/// What is around the root user: seen from inside the account only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The account's own contact.
    pub contact: Fact<Option<Contact>>,
    /// Central management of the members' root users; `None` where that is none of this account's business.
    pub central: Option<Fact<Central>>,
    /// The trails.
    pub trails: Fact<Vec<Trail>>,
    /// EventBridge rules that root's sign-ins come past, in the region where they are recorded.
    pub rules: Fact<Vec<Rule>>,
    /// The account's other regions; `None`: not asked, since no rule watches root's calls.
    pub elsewhere: Option<Fact<Vec<RegionWatch>>>,
    /// Administrators other than root.
    pub admins: Fact<Admins>,
    /// What service control policies do to root; `None` where they are none of this account's business.
    pub scps: Option<Fact<ServiceControl>>,
    /// The password policy; `None`: there is none.
    pub password_policy: Fact<Option<PasswordPolicy>>,
}

/// The organization of its management account (DescribeOrganization).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedOrganization {
    /// `o-…`
    pub id: String,
    /// It has all features, and not consolidated billing alone.
    pub all_features: bool,
}

/// ListOrganizationsFeatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Central {
    /// The organization has all features, and not consolidated billing alone; without that IAM cannot be trusted.
    pub all_features: bool,
    /// IAM is trusted in the organization; without that nothing else can be on.
    pub trusted: bool,
    /// RootCredentialsManagement: members' root credentials can be audited and removed.
    pub credentials: bool,
    /// RootSessions: policies that lock everybody out of a bucket or queue can be removed.
    pub sessions: bool,
}

/// Who can do everything, root aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admins {
    /// Users.
    pub users: Vec<Admin>,
    /// Roles that somebody can assume; those of services left out.
    pub roles: Vec<String>,
    /// Of these roles, those that nothing hinders, and who is seen to be able to assume them.
    pub reachable: Vec<ReachableRole>,
    /// Why it is not known what one of the users signs in with.
    pub unread: Option<Unreadable>,
}

/// A role that can do everything, without exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachableRole {
    /// Its name.
    pub name: String,
    /// People of an identity provider or of another account can assume it.
    pub from_outside: bool,
    /// Users of the account who can.
    pub users: Vec<String>,
}

/// A user who can do everything, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Their name.
    pub name: String,
    /// No condition decides whether they can.
    pub certain: bool,
    /// They can as they are; otherwise they can only make themselves somebody who can.
    pub outright: bool,
    /// Something is denied to them even with MFA, or a boundary limits them.
    pub hindered: bool,
    /// They have a factor; `None`: that could not be read.
    pub mfa: Option<bool>,
    /// They can sign in with a password or an access key; `None`: as above.
    pub can_sign_in: Option<bool>,
}

/// GetAccountPasswordPolicy, as far as benchmarks ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Characters.
    pub length: i32,
    /// How many old passwords cannot come again.
    pub reuse: i32,
}

/// Root in the credential report. `None`: not told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RootRow {
    pub password: Option<bool>,
    pub mfa: Option<bool>,
    pub keys: [Option<bool>; 2],
    pub keys_used: [LastUse; 2],
    pub certificates: [Option<bool>; 2],
    pub password_used: LastUse,
}

/// A user in the credential report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct UserRow {
    pub name: String,
    pub mfa: bool,
}
