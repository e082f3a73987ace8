//! What there is of an alarm on root's use: the trail's log group, and everything that has glasskey's names.

use super::super::logs_place::LogsPlace;
use super::super::trail::Trail;
use super::{Audience, Consent, Hindrance, OwnAlarm, OwnFilter, OwnTopic, State, metric};
use crate::aws::hardening::{
    MetricFilters, NewAlarm, Place, Publisher, Subscription, TopicSubscriber, merged, topic_statements,
};
use crate::aws::posture::{self, Behind, Fact, Filter, May, Receives, Seal, Topic, Unreadable, lets_alarm};
use crate::aws::{self, Account};
use crate::flow::audit::{delivers, filter_tells, rule_tells};
use crate::flow::harden::names::ROOT_USE;
use crate::flow::harden::plan::is_wanted;
use crate::flow::harden::step::{Hardening, Planning, Proposal};
use crate::person::HardenSettings;

/// The things that have glasskey's names, in one region.
pub(super) struct Names {
    pub(super) region: String,
    pub(super) group: String,
    /// ARNs.
    pub(super) topic: String,
    pub(super) alarm: String,
}

impl Names {
    pub(super) fn at(account: &Account, logs: &LogsPlace) -> Self {
        Self::in_place(&Place::of(account.caller(), &logs.region), &logs.group)
    }

    pub(super) fn in_place(place: &Place, group: &str) -> Self {
        let (region, group) = (place.region.clone(), group.to_owned());
        Self { region, group, topic: place.topic(ROOT_USE), alarm: place.alarm(ROOT_USE) }
    }

    /// The alarm as it should be.
    pub(super) fn new_alarm(&self) -> NewAlarm {
        NewAlarm {
            name: ROOT_USE.to_owned(),
            description: "The root user of this account was used. If that was not planned, find out who did it."
                .to_owned(),
            metric: metric(),
            topic: self.topic.clone(),
        }
    }

    /// The topic's policy with what lets the alarm in; `None`: it has that already.
    pub(super) fn topic_policy(&self, there: Option<&str>) -> Option<Result<String, ()>> {
        let statements = topic_statements(&self.topic, &[Publisher::Alarm(self.alarm.clone())]);
        merged(there, &statements).map_err(|_| ()).transpose()
    }
}

fn known<T>(fact: Fact<T>) -> Result<T, aws::Error> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Unreadable(why) => Err(why.why),
    }
}

fn told(answer: Result<bool, Unreadable>) -> Result<bool, aws::Error> {
    answer.map_err(|why| why.why)
}

pub(super) fn read(account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
    let (trails, rules) = account.watchers()?;
    let (trails, rules) = (known(trails)?, known(rules)?);
    let logs = logs_place(account, settings, &trails)?;
    let mut state = State {
        others_tell: false,
        tells: false,
        filter: None,
        alarm: None,
        topic: None,
        consent: Consent::None,
        logs: logs.clone(),
    };
    for rule in &rules {
        state.others_tell |= told(rule_tells(rule))?;
    }
    for (place, filter) in filters(account, trails, logs.as_ref())? {
        let tells = told(filter_tells(&filter))?;
        match filter.name == ROOT_USE && Some(&place) == logs.as_ref() {
            true => state.tells |= tells,
            false => state.others_tell |= tells,
        }
    }
    if let Some(logs) = &logs {
        read_own(account, &Names::at(account, logs), settings, &mut state)?;
    }
    Ok(state)
}

/// The log group to which root's events are brought, or will be once the plan's step for trails is done: that step must
/// not make this state another.
fn logs_place(
    account: &Account,
    settings: &HardenSettings,
    trails: &[posture::Trail],
) -> Result<Option<LogsPlace>, aws::Error> {
    let state = Hardening::read(&Trail, account, settings)?;
    let place = Place::of(account.caller(), &account.region());
    let planning = Planning { settings, place: &place, made: 0, earlier: &[] };
    let delivers_to = match Hardening::propose(&Trail, &state, &planning) {
        Proposal::Change(change) if is_wanted(&Trail, settings) => change.after.delivers_to(),
        _ => state.delivers_to(),
    };
    if delivers_to.is_some() {
        return Ok(delivers_to);
    }
    for trail in trails {
        let logs = trail.logs.as_ref().filter(|logs| matches!(logs.behind, Behind::Filters(_)));
        if let Some(logs) = logs.filter(|_| delivers(trail).is_ok_and(|delivers| delivers)) {
            return Ok(Some(LogsPlace { region: trail.region.clone(), group: logs.group.clone() }));
        }
    }
    Ok(None)
}

/// The filters that root's events come past, or will.
fn filters(
    account: &Account,
    trails: Vec<posture::Trail>,
    logs: Option<&LogsPlace>,
) -> Result<Vec<(LogsPlace, Filter)>, aws::Error> {
    let mut groups = Vec::new();
    for trail in trails {
        let delivers = told(delivers(&trail))?;
        if let Some(of) = trail.logs.filter(|_| delivers) {
            groups.push((LogsPlace { region: trail.region, group: of.group }, of.behind));
        }
    }
    if let Some(place) = logs.filter(|place| !groups.iter().any(|(there, _)| there == *place)) {
        groups.push((place.clone(), account.behind(&place.region, &place.group)?));
    }
    let mut filters = Vec::new();
    for (place, behind) in groups {
        if let Behind::Filters(found) = behind {
            filters.extend(known(found)?.into_iter().map(|filter| (place.clone(), filter)));
        }
    }
    Ok(filters)
}

fn read_own(
    account: &Account,
    names: &Names,
    settings: &HardenSettings,
    state: &mut State,
) -> Result<(), aws::Error> {
    state.filter = account.metric_filters(&names.region, &names.group)?.and_then(own_filter);
    state.alarm = account.alarm(&names.region, ROOT_USE)?.map(|alarm| {
        match alarm.actions.iter().find(|action| **action != names.topic) {
            Some(action) => OwnAlarm::Other { action: action.clone() },
            None if alarm.is(&names.new_alarm()) => OwnAlarm::Right,
            None => OwnAlarm::Broken,
        }
    });
    let Some(topic) = account.topic(&names.topic)? else { return Ok(()) };
    let Some(subscribers) = account.subscribers(&names.topic)? else { return Ok(()) };
    let Some(seen) = account.topic_of_alarm(&names.topic, &names.alarm)? else { return Ok(()) };
    let address = settings.alarm_email.as_deref();
    state.consent = consent(&subscribers, address);
    let mut hindrance = hindrance(&seen, topic.key.as_deref(), address)?;
    let (has_statement, policy) = match names.topic_policy(topic.policy.as_deref()) {
        None => (true, topic.policy),
        Some(merged) => (false, merged.ok()),
    };
    // Another statement may deny it.
    let may = policy.map(|policy| lets_alarm(&policy, &names.topic, &account.caller().account, &names.alarm));
    if may.is_none_or(|may| may == May::No) {
        hindrance = Some(Hindrance::Policy);
    }
    state.topic = Some(OwnTopic { lets_alarm: has_statement, hindrance, others: audience(&seen, address)? });
    Ok(())
}

fn own_filter(filters: MetricFilters) -> Option<OwnFilter> {
    let plain = filters.plain.into_iter().find(|filter| filter.name == ROOT_USE);
    let counts = plain.map(|filter| OwnFilter::Counts { pattern: filter.pattern, metric: filter.metric });
    counts.or_else(|| filters.others.iter().any(|name| name == ROOT_USE).then_some(OwnFilter::Other))
}

/// How far the address has come. What has ended is listed for a while, and is as good as none.
pub(super) fn consent(subscribers: &[TopicSubscriber], address: Option<&str>) -> Consent {
    let of_address = subscribers.iter().filter(|one| is_of(&one.endpoint, address));
    let each = of_address.map(|one| match one.subscription {
        Subscription::Confirmed(_) => Consent::Confirmed,
        Subscription::Pending => Consent::Pending,
        Subscription::Deleted => Consent::None,
    });
    each.max_by_key(|consent| *consent as u8).unwrap_or(Consent::None)
}

fn is_of(endpoint: &str, address: Option<&str>) -> bool {
    address.is_some_and(|address| endpoint.eq_ignore_ascii_case(address))
}

fn hindrance(seen: &Topic, key: Option<&str>, address: Option<&str>) -> Result<Option<Hindrance>, aws::Error> {
    if !matches!(known(seen.seal.clone())?, Seal::Open | Seal::DependsOn(_)) {
        return Ok(Some(Hindrance::Key(key.unwrap_or_default().to_owned())));
    }
    let subscriptions = known(seen.subscriptions.clone())?;
    let filters = |receives: &Receives| matches!(receives, Receives::Filtered | Receives::NotJudged);
    let is_filtered = subscriptions.iter().any(|one| is_of(&one.endpoint, address) && filters(&one.receives));
    Ok(is_filtered.then_some(Hindrance::Filter))
}

fn audience(seen: &Topic, address: Option<&str>) -> Result<Audience, aws::Error> {
    let subscriptions = known(seen.subscriptions.clone())?;
    let others = subscriptions.iter().filter(|one| !is_of(&one.endpoint, address));
    let each = others.map(|one| match one.receives {
        Receives::Unconfirmed => Audience::Nobody,
        Receives::Everything | Receives::NotAsked => Audience::Hears,
        Receives::Filtered | Receives::Nobody | Receives::NotJudged | Receives::Unread(_) => Audience::Deaf,
    });
    Ok(each.max_by_key(|audience| *audience as u8).unwrap_or(Audience::Nobody))
}
