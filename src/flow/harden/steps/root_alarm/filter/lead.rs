//! The calls that make filter and alarm, and those that take them away again.

use super::super::key;
use super::super::topic::{self, gone};
use super::read::Names;
use super::{OwnAlarm, OwnFilter, State};
use crate::aws::Account;
use crate::aws::hardening::MetricFilter;
use crate::flow::failure::Cause;
use crate::flow::harden::names::ROOT_USE;
use crate::flow::harden::step::Hands;

/// What is made is made from the far end: no event is counted before somebody can be told of it. Everything is there
/// before the address is waited for, so that confirming is all that is left to be done.
pub(in super::super) fn lead(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let Some(logs) = to.logs.as_ref().or(now.logs.as_ref()) else { return Ok(()) };
    let account = hands.account;
    let names = Names::at(account, logs);
    let (topic_now, topic_to) = (now.topic.as_ref(), to.topic.as_ref());
    key::make(now.key.as_ref(), to.key.as_ref(), &names.topic, hands)?;
    topic::make(topic_now, topic_to, &names.topic, account)?;
    let address = match topic_to {
        Some(_) => topic::ask((now.consent, to.consent), &names.topic, hands)?,
        None => None,
    };
    if now.alarm != to.alarm {
        match to.alarm {
            Some(OwnAlarm::Right) => account.put_alarm(&names.region, &names.new_alarm())?,
            None => gone(account.delete_alarm(&names.region, ROOT_USE))?,
            Some(_) => {}
        }
    }
    if now.filter != to.filter {
        lead_filter(to.filter.as_ref(), &names, account)?;
    }
    topic::take_back((topic_now, topic_to), (now.consent, to.consent), &names.topic, hands)?;
    key::take_back(now.key.as_ref(), to.key.as_ref(), &names.topic, hands)?;
    topic::await_consent(address, &names.topic, hands)
}

fn lead_filter(to: Option<&OwnFilter>, names: &Names, account: &Account) -> Result<(), Cause> {
    match to {
        Some(OwnFilter::Counts { pattern, metric }) => account.put_metric_filter(
            &names.region,
            &MetricFilter {
                name: ROOT_USE.to_owned(),
                group: names.group.clone(),
                pattern: pattern.clone(),
                metric: metric.clone(),
            },
        )?,
        None => gone(account.delete_metric_filter(&names.region, &names.group, ROOT_USE))?,
        Some(OwnFilter::Other) => {}
    }
    Ok(())
}
