//! The plan of `root harden`, what is told while it is carried out, and what is found of a run of it that did not end.

use super::{Notice, RootStep};
use crate::keys::Serial;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::SystemTime;

/// A state, as a plan and the journal hold it: the members of an object.
pub type RecordedState = Map<String, Value>;

/// What hardening an account would change. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardenPlan {
    /// Always `glasskey-harden`.
    pub format: String,
    /// The version of the format: 1.
    pub version: u32,
    /// The partition, such as `aws`.
    pub partition: String,
    /// The account number.
    pub account: String,
    /// The organization's id; null where there is none, or it could not be seen.
    pub organization: Option<String>,
    /// How many accounts the organization has, where all of it is hardened; null where the account alone is.
    pub accounts: Option<usize>,
    /// The ARN of the caller who made the plan.
    pub caller: String,
    /// The region that it was made for.
    pub region: String,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// Until when it can be applied, in seconds since 1970.
    pub expires: u64,
    /// The SHA-256 of the plan without this member and `type`, in hexadecimal.
    pub digest: String,
    /// What was asked for.
    pub settings: HardenSettings,
    /// The administrator who is counted on while root's credentials go, for people; null where no step needs one, or the plan
    /// makes one.
    #[serde(default)]
    pub protected_by: Option<String>,
    /// The changes, in the order in which they are made.
    pub steps: Vec<HardenStep>,
    /// What the plan leaves as it is, and why.
    pub open: Vec<OpenStep>,
}

/// What is asked of a plan. A member that a record of an earlier version lacks was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HardenSettings {
    /// Only these steps, by their ids or the findings that they close; all where it is empty.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// The address that the alarm on root's use tells; null where none was named.
    pub alarm_email: Option<String>,
    /// Which of root's events raise that alarm; null where none was named: all but those of AssumeRoot's tasks.
    pub alarm_pattern: Option<AlarmPattern>,
    /// How long is waited for the address to confirm, in seconds.
    pub alarm_wait: u64,
    /// By what the alarm is raised; null where none was named: by a metric filter on the trail's log group.
    pub alarm_via: Option<AlarmVia>,
    /// The alarm's topic is encrypted with a key of the account's own.
    pub alarm_kms: bool,
    /// The security contact to be set; null where none was named.
    pub security_contact: Option<SecurityContact>,
    /// The administrator to be made; null where none was named.
    pub administrator: Option<AdministratorSettings>,
    /// Credentials of root that were used within so many days are not taken away.
    pub quiet_days: u64,
    /// How many seconds root's access keys and certificates are inactive before they are deleted.
    pub grace: u64,
    /// The name of the trail's bucket; null: one that is made of the account and the region.
    pub bucket: Option<String>,
    /// How many seconds a new delivery of the trail is waited for at most.
    pub delivery_wait: u64,
    /// Access keys of root that may be deleted although they were used within that time.
    pub override_keys: Vec<String>,
    /// The whole organization, and not the account alone.
    pub organization: bool,
    /// The account that becomes delegated administrator for IAM; null where none was named.
    pub delegate: Option<String>,
    /// The passwords of members' root users go too.
    pub members_password: bool,
    /// Their MFA devices go too.
    pub members_mfa: bool,
    /// To what the policy about root is attached: a unit's id, or the root's; null: the root.
    pub scp_target: Option<String>,
}

/// Which of root's events raise the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmPattern {
    /// All but those of AssumeRoot's tasks.
    SpareTasks,
    /// All: the CIS benchmark's pattern, to the letter.
    Cis,
}

/// What looks at root's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmVia {
    /// A metric filter on the trail's log group, and an alarm on its metric.
    Filter,
    /// A rule of EventBridge in every region that is enabled.
    Eventbridge,
}

/// An administrator who is not root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdministratorSettings {
    /// The user's name.
    pub user: String,
    /// The group that has AdministratorAccess.
    pub group: String,
    /// The serial numbers of the keys that hold the seed of the user's MFA device.
    pub keys: Vec<Serial>,
}

/// An alternate contact for security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecurityContact {
    /// The name.
    pub name: String,
    /// The title.
    pub title: String,
    /// The e-mail address.
    pub email: String,
    /// The phone number.
    pub phone: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardenStep {
    /// Its name, such as `password-policy`.
    pub id: String,
    /// The audit's findings that it closes.
    pub findings: Vec<String>,
    /// The state that was read; the change is made only where it is still so.
    pub before: RecordedState,
    /// The state that it leads to.
    pub after: RecordedState,
    /// What cannot be known before it is done.
    pub unknown: Vec<String>,
    /// What changes, for people.
    pub changes: Vec<HardenChange>,
    /// What else it means, for people.
    pub effects: Vec<String>,
    /// The permissions of the calls that change something.
    pub calls: Vec<String>,
    /// What it costs a month, in US dollars.
    pub cost: Dollars,
    /// How long it waits at most, in seconds.
    pub waits: u64,
    /// Whether all of it can be undone.
    pub reversible: bool,
    /// How it is undone, or that it cannot be.
    pub undo: String,
}

/// A value that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardenChange {
    /// Of what.
    pub what: String,
    /// What it is.
    pub before: String,
    /// What it will be.
    pub after: String,
}

/// A step that the plan leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenStep {
    /// Its name, such as `security-contact`.
    pub id: String,
    /// The audit's findings that it would close.
    pub findings: Vec<String>,
    /// Why it is left out: short and stable.
    pub code: OpenCode,
    /// The same for people; the wording may change.
    pub message: String,
}

/// Why a plan leaves a step out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenCode {
    /// What is to be set was not named.
    NotNamed,
    /// Only another caller can do it.
    OtherCaller,
    /// Something of that name is there, and is not glasskey's to change.
    Taken,
    /// What protects from lock-out is not there.
    NotProtected,
    /// It was used too recently.
    InUse,
    /// AWS does not offer it here.
    NotHere,
    /// What has glasskey's name may be somebody's, and is in the way.
    NotOurs,
    /// The state could not be read.
    Unreadable,
    /// What is there cannot be changed safely.
    NotSafe,
    /// A name that it needs is taken.
    NameTaken,
    /// A limit of AWS's is reached.
    Limit,
}

impl OpenCode {
    /// Whether the finding stays although it was asked to be closed.
    #[must_use]
    pub fn is_refused(self) -> bool {
        self != Self::NotNamed
    }
}

/// An amount of money, as a number of US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars {
    /// In cents.
    pub cents: u32,
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.cents) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Ok(Self { cents: (dollars * 100.0).round() as u32 })
    }
}

impl JsonSchema for Dollars {
    fn schema_name() -> Cow<'static, str> {
        "Dollars".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

/// What is told while an account is hardened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HardenNotice {
    /// What is about to be done.
    Plan(Box<HardenPlan>),
    /// A step is done, and AWS shows it.
    Done { step: String },
    /// A step is undone, and AWS shows it.
    Undone { step: String },
    /// A step cannot be undone, or not all of it.
    Stays { step: String, what: String },
    /// AWS has sent this address a mail that asks it to confirm.
    MailSent { address: String },
    /// One call of a step has had its effect.
    Part { what: String },
    /// What a step has set up was not seen to work in the time that was given.
    NotSeen { what: String },
    /// An earlier run that did not end is set aside: this plan starts from what is there.
    SetAside { run: String },
    /// Root of this member is about to be allowed to recover its password.
    AllowRecovery { account: String },
    /// A run was found that did not end, or is to be undone.
    Unfinished(UnfinishedHarden),
}

impl From<HardenNotice> for Notice {
    fn from(notice: HardenNotice) -> Self {
        Self::Root(RootStep::Harden(notice))
    }
}

/// A run of `root harden` that did not end, or is to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedHarden {
    /// The account number.
    pub account: String,
    pub started: SystemTime,
    /// In the order of the plan.
    pub steps: Vec<(String, HardenStepIs)>,
    /// What undoing does not bring back, each a sentence with the step's name before it.
    pub stays: Vec<String>,
    /// The plan was made too long ago to be gone on with.
    pub expired: bool,
}

/// What is seen of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HardenStepIs {
    /// The run had not begun it, and the state is what the plan was made for.
    NotBegun,
    /// The run had not begun it, and the state is not what the plan was made for.
    Changed,
    /// The run had begun it, and the state is as it was before.
    AsBefore,
    /// The state is as planned.
    Done,
    /// The state is on the way from one to the other.
    Between,
    /// Somebody has taken back a part of it; the rest is on the way.
    TakenBack,
    /// The run had begun it, and somebody else has changed the state since.
    Others,
    /// The plan's caller saw it from elsewhere: as root, or not as root.
    Unseen,
}
