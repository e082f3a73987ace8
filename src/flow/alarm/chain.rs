//! Which chain is proved: from a trail over a log group, a filter, an alarm and a topic to whoever subscribes.

use crate::aws::posture::{Alarm, Behind, Fact, Filter, Raised, Reach, Receives, Target, Topic, Trail};
use crate::aws::{self, Account};
use crate::flow::audit::{delivers, filter_tells, hears};

/// A chain, as far as it goes.
pub(super) struct Chain {
    pub(super) trail: Trail,
    pub(super) region: String,
    pub(super) group: String,
    pub(super) filter: Option<Filter>,
    pub(super) alarm: Option<Alarm>,
}

/// The name that glasskey gives filter and alarm.
const OWN: &str = crate::flow::harden::ROOT_USE;

/// The best chain of the account: one that is whole goes before one that is not, and glasskey's before another's. `None`:
/// no trail delivers to a log group of this account.
pub(super) fn find(account: &Account) -> Result<Option<Chain>, aws::Error> {
    let trails = known(account.watchers()?.0)?;
    let mut chains: Vec<(u32, Chain)> = trails.into_iter().flat_map(of_trail).collect();
    chains.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    Ok(chains.into_iter().next().map(|(_, chain)| chain))
}

pub(super) fn known<T>(fact: Fact<T>) -> Result<T, aws::Error> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Unreadable(why) => Err(why.why),
    }
}

fn of_trail(trail: Trail) -> Vec<(u32, Chain)> {
    let Some(logs) = trail.logs.clone() else { return Vec::new() };
    let works = u32::from(delivers(&trail).unwrap_or(false));
    let chain = |filter, alarm| Chain {
        region: trail.region.clone(),
        group: logs.group.clone(),
        trail: trail.clone(),
        filter,
        alarm,
    };
    let Behind::Filters(Fact::Known(filters)) = logs.behind else {
        let is_here = matches!(logs.behind, Behind::Nothing);
        return if is_here { vec![(works, chain(None, None))] } else { Vec::new() };
    };
    let mut chains = vec![(works, chain(None, None))];
    for filter in filters {
        let rank = works + 2 + 2 * u32::from(filter.name == OWN);
        let rank = rank + 16 * u32::from(filter_tells(&filter).unwrap_or(false));
        let alarms = filter.alarms.known().cloned().unwrap_or_default();
        chains.push((rank, chain(Some(filter.clone()), None)));
        for alarm in alarms {
            let reaches = alarm.targets.iter().any(|target| hears(target).next().is_some());
            let rank = rank + 4 + u32::from(alarm.name == OWN) + 8 * u32::from(reaches);
            chains.push((rank, chain(Some(filter.clone()), Some(alarm))));
        }
    }
    chains
}

fn topic(target: &Target) -> Option<&Topic> {
    match &target.reach {
        Reach::Topic(topic) => Some(topic),
        _ => None,
    }
}

/// Why an alarm cannot be raised by one event of root's; `None`: nothing says so.
pub(super) fn cannot_be_raised(alarm: &Alarm) -> Option<&'static str> {
    Some(match alarm.raised {
        Raised::ByOneEvent | Raised::NotJudged(_) => return None,
        Raised::NeedsMore => "it takes more than one event to be raised, or is never raised",
        Raised::NotBySeveral => "several events in one period do not raise it",
        Raised::AlwaysOn => "it is on without any event, so an event changes nothing",
        Raised::NoData => "it looks at a unit or at dimensions that the filter does not give",
    })
}

/// Why nobody receives what a topic publishes; `None`: somebody does.
pub(super) fn nobody_hears(target: &Target) -> Option<String> {
    let Some(topic) = topic(target) else {
        return Some(format!("{} is no topic that could be looked at", target.arn));
    };
    if hears(target).next().is_some() {
        return None;
    }
    let subscriptions = topic.subscriptions.known()?;
    let deleted = !subscriptions.is_empty() && subscriptions.iter().all(|one| one.receives == Receives::Deleted);
    if deleted {
        return Some("no subscription has been confirmed; the one that is listed was deleted".to_owned());
    }
    let filtered = subscriptions.iter().any(|one| matches!(one.receives, Receives::Filtered | Receives::NotJudged));
    Some(match (subscriptions.is_empty(), filtered) {
        (true, _) => "nobody subscribes to the topic".to_owned(),
        (false, true) => "the filter policy of the subscription lets no alarm through".to_owned(),
        (false, false) => "no subscription has been confirmed".to_owned(),
    })
}
