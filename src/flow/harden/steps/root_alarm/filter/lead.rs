//! The calls that make the alarm, and those that take it away again.

use super::read::{Names, consent};
use super::{Consent, OwnAlarm, OwnFilter, State};
use crate::aws::hardening::{MetricFilter, Obstacle, Subscription, without};
use crate::aws::{self, Account};
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::names::ROOT_USE;
use crate::flow::harden::step::Hands;
use crate::person::{HardenNotice, Notice, RootStep};
use std::time::Duration;

/// The statement's name in the topic's policy.
const STATEMENT: &str = "GlasskeyAlarm";
/// Seconds between two looks at whether the address has confirmed; the last one again and again.
const LOOKS: [u64; 5] = [1, 2, 2, 5, 10];

/// What is made is made from the far end: no event is counted before somebody can be told of it. Everything is there
/// before the address is waited for, so that confirming is all that is left to be done.
pub(super) fn lead(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let Some(logs) = to.logs.as_ref().or(now.logs.as_ref()) else { return Ok(()) };
    let account = hands.account;
    let names = Names::at(account, logs);
    make_topic(now, to, &names, hands)?;
    let awaited = to.consent == Consent::Confirmed && now.consent != Consent::Confirmed;
    let address = hands.settings.alarm_email.clone().filter(|_| awaited && to.topic.is_some());
    if let Some(address) = &address {
        account.subscribe(&names.topic, address)?;
        hands.context.tell(Notice::from(HardenNotice::MailSent { address: address.clone() }));
    }
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
    take_topic_back(now, to, &names, hands)?;
    match address {
        Some(address) => await_consent(&address, &names, hands),
        None => Ok(()),
    }
}

fn make_topic(now: &State, to: &State, names: &Names, hands: &Hands<'_, '_>) -> Result<(), Cause> {
    let Some(wanted) = &to.topic else { return Ok(()) };
    let account = hands.account;
    if now.topic.is_none() {
        account.create_topic(&names.region, ROOT_USE)?;
    }
    if wanted.lets_alarm {
        let there = account.topic(&names.topic)?.and_then(|topic| topic.policy);
        // What cannot be merged was seen before, and nothing was planned.
        if let Some(Ok(policy)) = names.topic_policy(there.as_deref()) {
            account.set_topic_policy(&names.topic, &policy)?;
        }
    }
    Ok(())
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

/// Undoing: the topic with its subscriptions, or the statement and the address alone.
fn take_topic_back(now: &State, to: &State, names: &Names, hands: &Hands<'_, '_>) -> Result<(), Cause> {
    let (account, Some(there)) = (hands.account, &now.topic) else { return Ok(()) };
    let Some(wanted) = &to.topic else {
        return Ok(gone(account.delete_topic(&names.topic))?);
    };
    if now.consent == Consent::Confirmed && to.consent == Consent::None {
        let address = hands.settings.alarm_email.as_deref();
        for one in account.subscribers(&names.topic)?.unwrap_or_default() {
            if let Subscription::Confirmed(arn) = &one.subscription
                && consent(std::slice::from_ref(&one), address) == Consent::Confirmed
            {
                gone(account.unsubscribe(arn))?;
            }
        }
    }
    if there.lets_alarm && !wanted.lets_alarm {
        let policy = account.topic(&names.topic)?.and_then(|topic| topic.policy);
        let policy = policy.and_then(|policy| without(&policy, &[STATEMENT]).ok().flatten());
        if let Some(policy) = policy {
            account.set_topic_policy(&names.topic, &policy)?;
        }
    }
    Ok(())
}

/// What is not there any more need not be taken away.
fn gone(outcome: Result<(), aws::Error>) -> Result<(), aws::Error> {
    match outcome {
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => Ok(()),
        outcome => outcome,
    }
}

/// Looks until the address has confirmed, for as long as the person wants to wait.
fn await_consent(address: &str, names: &Names, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let limit = hands.settings.alarm_wait;
    let begun = hands.context.clock.now();
    let mut looks = LOOKS.iter().copied();
    let mut pause = 1;
    loop {
        let subscribers = hands.account.subscribers(&names.topic)?.unwrap_or_default();
        if consent(&subscribers, Some(address)) == Consent::Confirmed {
            hands.tell(format!("{address} has confirmed"));
            return Ok(());
        }
        let elapsed = hands.context.clock.now().duration_since(begun).unwrap_or_default().as_secs();
        let left = limit.saturating_sub(elapsed);
        if left == 0 {
            return Err(HardenRefusal::NotConfirmed { address: address.to_owned() }.into());
        }
        let what = format!("{address} to confirm");
        hands.context.tell(Notice::Root(RootStep::Watching { what, elapsed, left }));
        pause = looks.next().unwrap_or(pause);
        if !hands.context.clock.sleep(Duration::from_secs(pause.min(left))) {
            return Err(Cause::Interrupted);
        }
    }
}
