//! What is told while the alarm on root's use is proved, hop by hop.

use super::{Notice, RootStep};
use schemars::JsonSchema;
use serde::Serialize;

/// A hop of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The filter's pattern takes root's events and no others.
    Pattern,
    /// The trail delivers to the log group, or to EventBridge.
    Trail,
    /// A rule of EventBridge sends on what it takes.
    Rule,
    /// The filter counts, and the alarm goes on.
    Alarm,
    /// The alarm publishes to the topic, or the rule does.
    Topic,
    /// A person reads the mail.
    Mail,
}

/// What came of proving a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It works.
    Proven,
    /// It cannot be proved from here.
    NotProvable,
    /// It could be, and was not.
    NotProven,
    /// It does not work.
    Broken,
}

/// A hop, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub hop: Hop,
    /// The region, where there is such a hop in several.
    pub region: Option<String>,
    pub proof: Proof,
    /// What was seen, or why not: AWS's own text where there is one.
    pub why: String,
}

/// What is told while the alarm is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlarmNotice {
    /// What putting a marked event means.
    MarkedEvent {
        group: String,
        alarm: String,
        /// Who gets mails.
        told: Vec<String>,
    },
    /// It is in the log group.
    Put { group: String },
    /// What sending marked events to EventBridge means.
    MarkedEvents {
        regions: Vec<String>,
        /// Who gets mails.
        told: Vec<String>,
    },
    /// What came of a hop.
    Tested(Tested),
    /// The date of the proof cannot be written.
    DateNotKept,
}

impl From<AlarmNotice> for Notice {
    fn from(notice: AlarmNotice) -> Self {
        Self::Root(RootStep::Alarm(notice))
    }
}
