//! What a rule says of an account: facts, no sentences.

use super::rule::RuleInfo;
use crate::aws::DeviceKind;
use crate::aws::posture::{AllowList, Example, LastUse, NotJudged, RootDeny, Seal, Unreadable, Unweighed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What a rule comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// It could not be told, which is never a pass.
    Unknown,
    /// The question does not arise.
    NotApplicable,
}

/// A rule's answer for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static RuleInfo,
    pub verdict: Verdict,
    pub evidence: Vec<Evidence>,
    /// What could not be read, where that matters.
    pub unreadable: Vec<Unreadable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    // Root has no password, no access key and no certificate. `managed`: its organization sees to that.
    NoCredentials { managed: bool },
    // Root cannot sign in: it has no password.
    NoPassword,
    Password,
    // The account's summary does not say whether root has one.
    PasswordUntold,
    MfaEnabled(bool),
    Factor { serial: String, kind: DeviceKind, enabled: Option<SystemTime> },
    // Factors that these credentials do not show.
    UnseenFactors { at_least: usize, at_most: Option<usize> },
    // How many factors there are in all, at least and at most.
    FactorCount { at_least: usize, at_most: Option<usize> },
    // In this partition root cannot sign in to the console, and has no MFA.
    NoSignIn { partition: String },
    // This partition has no central root access.
    NoCentralRoot { partition: String },
    AccessKey { id: Option<String>, active: bool, used: LastUse, days: Option<u64> },
    // The account's summary counts some, which could not be listed.
    SomeAccessKeys,
    Certificates { active: usize, present: usize },
    // The account's summary counts some, which could not be listed.
    SomeCertificates,
    PasswordUsed { used: LastUse, days: Option<u64> },
    Central { all_features: bool, trusted: bool, credentials: bool, sessions: bool },
    // The account is in no organization, or is not the one that answers for this.
    NotManagement,
    // The management account itself is not managed from anywhere.
    IsManagement,
    Policy(RootDeny),
    // A level of the organization that allows only some things.
    AllowList(AllowList),
    NoPolicyStopsTasks,
    NoTrail,
    Trail { name: String, problems: Vec<TrailProblem> },
    // A chain from trail to subscription, with where it breaks.
    Chain { trail: String, links: Vec<Link>, broken: Option<Break> },
    // An EventBridge rule.
    EventRule { name: String, sees: Sees, broken: Option<Break> },
    // Regions of the account in which no rule tells of root's calls.
    RegionsWithoutRule { regions: Vec<String> },
    // In these regions this rule, which is to tell of root's calls, does not.
    RegionsCut { regions: Vec<String>, rule: String, broken: Break },
    // Rules of other regions send root's calls to this one, where the rule of this name is gone.
    RuleGone { rule: String, region: String },
    // Regions in which a rule would tell of root's calls, and no trail brings them to EventBridge.
    RegionsWithoutTrail { regions: Vec<String> },
    // Regions in which somebody is told of root's calls but for those that only read.
    RegionsWithoutReads { regions: Vec<String> },
    NothingWatches,
    // When `root alarm test` last proved the chain, from this state directory.
    AlarmProved { at: SystemTime },
    // `unusable`: users who can do everything and have nothing to sign in with.
    Admins { users: usize, roles: usize, unusable: usize },
    AdminWithoutMfa { user: String },
    // Whether the user can do everything depends on a condition.
    PerhapsAdminWithoutMfa { user: String },
    Contact { who: String },
    NoContact,
    NoPasswordPolicy,
    PasswordPolicy { length: i32, reuse: i32 },
}

/// What is wrong with a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailProblem {
    OneRegion,
    NotLogging,
    HalfTheEvents,
    NoManagementEvents,
    NotValidated,
    NotDelivered(String),
}

/// A link of the chain that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    LogGroup(String),
    Filter { name: String, spares_assumed: bool },
    Alarm(String),
    Target(String),
    Subscription(String),
}

/// What of root's an EventBridge rule sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    Everything,
    /// Sign-ins, and calls that change something: those that only read are left out.
    Changes,
    SignIns,
}

/// Where a chain breaks, or where it can be followed no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    TrailDoesNotRecord,
    NoLogGroup,
    // The log group that the trail delivers to does not exist.
    LogGroupGone,
    // The log group is another account's: this one's.
    LogGroupElsewhere(String),
    LogsNotDelivered(String),
    NoFilter,
    FilterMisses { filter: String, event: Example },
    // Somebody is told, but of others' events as well.
    FilterNoisy { filter: String, event: Example },
    FilterNotJudged { filter: String, why: NotJudged },
    NoAlarm { filter: String },
    AlarmDisabled { alarm: String },
    AlarmNeedsMore { alarm: String },
    AlarmNotBySeveral { alarm: String },
    AlarmAlwaysOn { alarm: String },
    AlarmWithoutData { alarm: String },
    AlarmNotJudged { alarm: String, why: Unweighed },
    NoAction { alarm: String },
    // What is at the end does something and tells nobody.
    TellsNobody { target: String },
    TargetNotJudged { target: String },
    TopicGone { topic: String },
    TopicElsewhere { account: String },
    NobodySubscribed { topic: String },
    Unconfirmed { topic: String, endpoints: Vec<String> },
    // Whoever subscribed does not any more: SNS lists what was deleted for a while.
    SubscriptionDeleted { topic: String, endpoints: Vec<String> },
    // Subscriptions that receive nothing of this, by their filters or because no person is there.
    FilteredOut { topic: String, endpoints: Vec<String> },
    // The topic's policy does not let this service publish.
    MayNotPublish { topic: String, publisher: &'static str },
    // With the topic's key this service cannot publish.
    KeyRefuses { topic: String, publisher: &'static str, seal: Seal },
    // A policy or filter behind the topic says what is not modelled: this.
    TopicNotJudged { topic: String, on: String },
    RuleDisabled,
    // It has the name of a rule that is about root, and takes nothing of root's.
    RuleMisses,
    RulePart,
    RuleNoisy,
    RuleNotJudged,
    // EventBridge has root's events only where a trail records them.
    NoTrailForRules,
    NoTarget,
    // A rule sends to another region with a role that is gone, or that EventBridge may not assume, or that may not send.
    RoleGone,
    RoleNotAssumed,
    RoleMayNotSend,
    // No rule of this region takes what is sent there, and tells somebody.
    NotTaken { region: String },
    // What is behind this could not be read.
    Unreadable,
}

impl Break {
    /// Whether somebody may be told all the same: a person must look.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::FilterNotJudged { .. }
                | Self::RuleNotJudged
                | Self::LogGroupElsewhere(_)
                | Self::AlarmNotJudged { .. }
                | Self::TargetNotJudged { .. }
                | Self::TopicElsewhere { .. }
                | Self::TopicNotJudged { .. }
        )
    }
}
