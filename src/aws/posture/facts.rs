//! What is so: facts about the root user of an account and about what watches it. Judges nothing.

use super::alarm::Raised;
use super::event::Watch;
use super::pattern::{Coverage, NotJudged};
use super::scp::ServiceControl;
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
    pub standing: Fact<Standing>,
    /// Its root user.
    pub root: Root,
    /// Who is told about security; `None`: nobody.
    pub security_contact: Fact<Option<Contact>>,
    /// The rest; `None` for a member of an organization that is seen from outside.
    pub around: Option<Around>,
}

/// An account and organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
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
pub struct Around {
    /// The account's own contact.
    pub contact: Fact<Option<Contact>>,
    /// Central management of the members' root users; `None` where that is none of this account's business.
    pub central: Option<Fact<Central>>,
    /// The trails.
    pub trails: Fact<Vec<Trail>>,
    /// EventBridge rules that root's sign-ins come past, in the region where they are recorded.
    pub rules: Fact<Vec<Rule>>,
    /// Administrators other than root.
    pub admins: Fact<Admins>,
    /// What service control policies do to root; `None` where they are none of this account's business.
    pub scps: Option<Fact<ServiceControl>>,
    /// The password policy; `None`: there is none.
    pub password_policy: Fact<Option<PasswordPolicy>>,
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

/// A trail, with everything behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Where it lives: log group, filter, alarm and topic are there too.
    pub region: String,
    /// It records all regions.
    pub all_regions: bool,
    /// It is an organization's.
    pub organization: bool,
    /// Its files can be validated.
    pub validation: bool,
    /// Whether it records, and what goes wrong with that.
    pub status: Fact<TrailStatus>,
    /// Whether it records every management event.
    pub management: Fact<Management>,
    /// What is behind it in CloudWatch Logs; `None`: it does not deliver there.
    pub logs: Option<Logs>,
}

/// GetTrailStatus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailStatus {
    /// It records.
    pub logging: bool,
    /// Why files did not arrive.
    pub delivery_error: Option<String>,
    /// Why events did not arrive in the log group.
    pub logs_error: Option<String>,
}

/// Management events of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Management {
    /// All of them, reads and writes. `excluding`: but for some services that do not concern root.
    All,
    /// Only reads.
    Reads,
    /// Only writes.
    Writes,
    /// None.
    None,
}

/// A log group, and what looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// The log group's name.
    pub group: String,
    /// What is behind it.
    pub behind: Behind,
}

/// What is behind a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It belongs to another account, of this number, and is not seen from here.
    Elsewhere(String),
    /// There is no such log group.
    Nothing,
    /// Its metric filters that have to do with root.
    Filters(Fact<Vec<Filter>>),
}

/// A metric filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Its pattern, as it is written.
    pub pattern: String,
    /// What the pattern does.
    pub coverage: Result<Coverage, NotJudged>,
    /// The alarms on its metric.
    pub alarms: Fact<Vec<Alarm>>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its actions happen.
    pub enabled: bool,
    /// What becomes of it when root is used once.
    pub raised: Raised,
    /// Whom it tells.
    pub targets: Vec<Target>,
}

/// An EventBridge rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The region of its bus.
    pub region: String,
    /// It is switched on.
    pub enabled: bool,
    /// Calls that only read come to it as well.
    pub reads: bool,
    /// What it lets through.
    pub watch: Watch,
    /// Whom it tells.
    pub targets: Fact<Vec<Target>>,
}

/// Where a notice goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its ARN.
    pub arn: String,
    /// What is behind it.
    pub reach: Reach,
}

/// What a target does with a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// An SNS topic.
    Topic(Box<Topic>),
    /// There is no such topic.
    NoTopic,
    /// A topic of this other account, which does not show itself from here.
    Elsewhere(String),
    /// A program, which is taken to tell somebody.
    Program,
    /// It does something else, and tells nobody.
    Nobody,
    /// It is not known here what it does.
    NotKnown,
}

/// A topic, as whoever publishes to it meets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Who publishes: a service's principal.
    pub publisher: &'static str,
    /// Whether its policy lets them.
    pub publish: Fact<May>,
    /// Whether its key does.
    pub seal: Fact<Seal>,
    /// Who subscribes.
    pub subscriptions: Fact<Vec<Subscription>>,
}

/// Whether somebody may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum May {
    Yes,
    No,
    /// This decides, a condition key for example, which is not known here.
    DependsOn(String),
}

/// A topic's encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// There is none, or the publisher may use its key.
    Open,
    /// AWS's own key for SNS, with which no service can publish.
    AwsManaged,
    /// The key does not exist.
    Gone,
    /// The key cannot be used: AWS's word for its state.
    Unusable(String),
    /// The key's policy does not let the publisher.
    Refuses,
    /// This decides, which is not known here.
    DependsOn(String),
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whom it reaches.
    pub endpoint: String,
    /// What does.
    pub receives: Receives,
}

/// What a subscription receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receives {
    /// Nothing: nobody has said yes.
    Unconfirmed,
    /// Everything that is published.
    Everything,
    /// Nothing that an alarm or a rule publishes: its filter asks for attributes that they do not give.
    Filtered,
    /// It is confirmed and is no person: a stream.
    Nobody,
    /// Its filter is about what is not modelled here.
    NotJudged,
    /// It is confirmed; another one receives everything, or too many were asked.
    NotAsked,
    /// It is confirmed, and its filter could not be read.
    Unread(Unreadable),
}

/// Who can do everything, root aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admins {
    /// Users.
    pub users: Vec<Admin>,
    /// Roles that somebody can assume; those of services left out.
    pub roles: Vec<String>,
    /// Why the credential report does not say what the users have, where it could not be read.
    pub unread: Option<Unreadable>,
}

/// A user who can do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Their name.
    pub name: String,
    /// They have a factor; `None`: the credential report could not be read.
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
    pub password: bool,
    pub mfa: bool,
    pub active_keys: usize,
}
