//! What is so about whatever watches the root user: trails, filters, alarms, rules and topics. Judges nothing.

use super::alarm::Raised;
use super::event::Watch;
use super::facts::{Fact, Unreadable};
use super::pattern::{Coverage, NotJudged};
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Trail {
    /// Which management events of a region it brings to EventBridge: those that it logs there (EventBridge User Guide, "AWS
    /// service events delivered via CloudTrail").
    fn brings(&self, region: &str) -> Result<Management, Unreadable> {
        if !self.all_regions && self.region != region {
            return Ok(Management::None);
        }
        match (&self.status, &self.management) {
            (Fact::Known(status), _) if !status.logging => Ok(Management::None),
            (_, Fact::Known(Management::None)) => Ok(Management::None),
            (Fact::Known(_), Fact::Known(management)) => Ok(*management),
            (Fact::Unreadable(why), _) | (_, Fact::Unreadable(why)) => Err(why.clone()),
        }
    }
}

/// Which management events of a region these trails bring to EventBridge. Without those that change something, sign-ins
/// included, it is not enough, and what could not be read may be what is lacking.
pub fn brought(trails: &[Trail], region: &str) -> Fact<Management> {
    let (mut seen, mut unknown) = (Management::None, None);
    for trail in trails {
        match trail.brings(region) {
            Ok(brings) => seen = seen.and(brings),
            Err(why) => unknown = Some(why),
        }
    }
    match (seen, unknown) {
        (Management::None | Management::Reads, Some(why)) => Fact::Unreadable(why),
        _ => Fact::Known(seen),
    }
}

impl Management {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, one) | (one, Self::None) => one,
            (one, other) if one == other => one,
            _ => Self::All,
        }
    }

    /// Calls that change something are among them.
    pub fn has_changes(self) -> bool {
        matches!(self, Self::All | Self::Writes)
    }
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
    /// Its event pattern, as it is written.
    pub pattern: String,
    /// It is switched on.
    pub enabled: bool,
    /// Calls that only read come to it as well.
    pub reads: bool,
    /// What it lets through.
    pub watch: Watch,
    /// Whom it tells.
    pub targets: Fact<Vec<Target>>,
}

/// Another region in which the account is, and what looks at root's calls there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionWatch {
    /// Its name.
    pub region: String,
    /// Its rules that have to do with root.
    pub rules: Fact<Vec<Rule>>,
    /// The rules of the region of the sign-ins, by their names, that would take its events if they were sent there.
    pub taken: Vec<String>,
    /// Which of its management events trails bring to EventBridge; `None`: not asked, since no rule there watches root.
    pub brought: Option<Fact<Management>>,
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
    /// The default bus of this account in another region.
    Bus {
        /// Which.
        region: String,
        /// Whether events come to it.
        sent: Fact<Sent>,
    },
    /// A program, which is taken to tell somebody.
    Program,
    /// It does something else, and tells nobody.
    Nobody,
    /// It is not known here what it does.
    NotKnown,
}

/// What becomes of an event that a rule sends to another bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It comes there, as far as the role says.
    Comes,
    /// The role that sends it is gone, or none is named.
    NoRole,
    /// EventBridge may not assume the role.
    NotAssumed,
    /// The role may not put events on the bus.
    MayNotPut,
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
    /// Nothing: it was deleted, and is listed for a while.
    Deleted,
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
