//! What there is of an alarm on root's use: the trail's log group, and everything that has glasskey's names.

use super::super::super::logs_place::LogsPlace;
use super::super::super::trail::Trail;
use super::super::key;
use super::super::recorded::{is_fed, is_recorded, told};
use super::super::topic::{self, Consent, TopicAt, known};
use super::{OwnAlarm, OwnFilter, State, metric};
use crate::aws::hardening::{MetricFilters, NewAlarm, Place};
use crate::aws::posture::{self, Behind, Filter};
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
    pub(super) topic: TopicAt,
}

impl Names {
    pub(super) fn at(account: &Account, logs: &LogsPlace) -> Self {
        Self::in_place(&Place::of(account.caller(), &logs.region), &logs.group)
    }

    pub(super) fn in_place(place: &Place, group: &str) -> Self {
        let (region, group) = (place.region.clone(), group.to_owned());
        Self { region, group, topic: TopicAt::of_alarm(place.clone()) }
    }

    /// The alarm as it should be.
    pub(super) fn new_alarm(&self) -> NewAlarm {
        NewAlarm {
            name: ROOT_USE.to_owned(),
            description: "The root user of this account was used. If that was not planned, find out who did it."
                .to_owned(),
            metric: metric(),
            topic: self.topic.topic.clone(),
        }
    }
}

pub(in super::super) fn read(account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
    let (trails, rules) = account.watchers()?;
    let (trails, rules) = (known(trails)?, known(rules)?);
    let logs = logs_place(account, settings, &trails)?;
    let mut state = State {
        others_tell: false,
        tells: Some(false),
        filter: None,
        alarm: None,
        topic: None,
        consent: Consent::None,
        key: None,
        logs: logs.clone(),
    };
    for rule in &rules {
        let tells = told(rule_tells(rule))?;
        // Without a trail nothing comes to a rule.
        state.others_tell |= tells && (is_recorded(account, settings, &trails)? || is_fed(account)?);
    }
    for (place, filter) in filters(account, trails, logs.as_ref())? {
        let tells = told(filter_tells(&filter))?;
        match filter.name == ROOT_USE && Some(&place) == logs.as_ref() {
            true => state.tells = state.tells.map(|told| told || tells),
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
    let planning = Planning::of(settings, &place);
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
        match alarm.actions.iter().find(|action| **action != names.topic.topic) {
            Some(action) => OwnAlarm::Other { action: action.clone() },
            None if alarm.is(&names.new_alarm()) => OwnAlarm::Right,
            None => OwnAlarm::Broken,
        }
    });
    let key = key::read(account, &names.topic, settings)?;
    let arn = key.as_ref().map(|(_, arn)| arn.as_str());
    (state.topic, state.consent) = topic::read(account, &names.topic, settings, arn)?;
    state.key = key.map(|(key, _)| key);
    Ok(())
}

fn own_filter(filters: MetricFilters) -> Option<OwnFilter> {
    let plain = filters.plain.into_iter().find(|filter| filter.name == ROOT_USE);
    let counts = plain.map(|filter| OwnFilter::Counts { pattern: filter.pattern, metric: filter.metric });
    counts.or_else(|| filters.others.iter().any(|name| name == ROOT_USE).then_some(OwnFilter::Other))
}
