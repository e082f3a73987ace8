//! When the alarm of an account was last proved, and which: a small file for each account in the state directory.

use crate::aws::posture::{Behind, Facts, Reach, Receives, Target};
use crate::store;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No file is longer, in bytes.
const LONGEST: u64 = 4096;
const VERSION: u32 = 2;

/// What such a file holds.
#[derive(Serialize, Deserialize)]
struct Dated {
    version: u32,
    /// Seconds since 1970.
    proved: u64,
    chain: ProvedChain,
}

/// The end of a chain that was proved: from the alarm or the rule on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::flow) struct ProvedChain {
    /// The alarm's name, or the rule's.
    by: String,
    /// The topic's ARN.
    topic: String,
    /// Whom the topic told, by their addresses.
    told: Vec<String>,
}

impl ProvedChain {
    /// `None`: the target is no topic that tells anybody.
    pub(in crate::flow) fn of(by: &str, target: &Target) -> Option<Self> {
        let mut told: Vec<String> = hears(target).map(str::to_owned).collect();
        told.sort();
        let chain = Self { by: by.to_owned(), topic: target.arn.clone(), told };
        (!chain.told.is_empty()).then_some(chain)
    }

    /// Whether it is there still. Others may be told too.
    fn is_of(&self, facts: &Facts) -> bool {
        let is_so = |(by, target): (&str, &Target)| {
            let told: Vec<&str> = hears(target).collect();
            by == self.by && target.arn == self.topic && self.told.iter().all(|one| told.contains(&one.as_str()))
        };
        targets(facts).into_iter().any(is_so)
    }
}

/// Where a message of this target arrives.
pub(in crate::flow) fn hears(target: &Target) -> impl Iterator<Item = &str> {
    let topic = match &target.reach {
        Reach::Topic(topic) => Some(topic),
        _ => None,
    };
    let subscriptions = topic.and_then(|topic| topic.subscriptions.known()).into_iter().flatten();
    let hears = subscriptions.filter(|one| matches!(one.receives, Receives::Everything | Receives::NotAsked));
    hears.map(|one| one.endpoint.as_str())
}

/// What alarms and rules tell, each with its name.
fn targets(facts: &Facts) -> Vec<(&str, &Target)> {
    let Some(around) = &facts.around else { return Vec::new() };
    let mut found = Vec::new();
    for logs in around.trails.known().into_iter().flatten().filter_map(|trail| trail.logs.as_ref()) {
        let Behind::Filters(filters) = &logs.behind else { continue };
        for alarm in filters.known().into_iter().flatten().filter_map(|filter| filter.alarms.known()).flatten() {
            found.extend(alarm.targets.iter().map(|target| (alarm.name.as_str(), target)));
        }
    }
    for rule in around.rules.known().into_iter().flatten() {
        found.extend(rule.targets.known().into_iter().flatten().map(|target| (rule.name.as_str(), target)));
    }
    found
}

pub(in crate::flow) struct Proofs(PathBuf);

impl Proofs {
    pub(in crate::flow) fn in_dir(state: &Path) -> Self {
        Self(state.join("alarm-proofs"))
    }

    /// `account` is twelve digits, as AWS has it; anything else has no file.
    fn path(&self, account: &str) -> io::Result<PathBuf> {
        match account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(self.0.join(format!("{account}.json"))),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(in crate::flow) fn write(&self, account: &str, proved: u64, chain: ProvedChain) -> io::Result<()> {
        let text = serde_json::to_vec(&Dated { version: VERSION, proved, chain })?;
        store::replace(&self.path(account)?, &text)
    }

    /// When a chain of the account that is there was proved. `None`: never from here, what was proved is not there any more,
    /// or the file cannot be read.
    pub(in crate::flow) fn last(&self, facts: &Facts) -> Option<SystemTime> {
        let text = store::read_own(&self.path(&facts.account).ok()?, LONGEST).ok()?;
        let dated: Dated = serde_json::from_slice(&text).ok().filter(|dated: &Dated| dated.version == VERSION)?;
        if !dated.chain.is_of(facts) {
            return None;
        }
        UNIX_EPOCH.checked_add(Duration::from_secs(dated.proved))
    }
}
