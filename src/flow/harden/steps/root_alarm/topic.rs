//! The topic that whoever looks at root's events publishes to, and the address that is told.

use super::key;
use crate::aws::hardening::{
    Obstacle, Place, Publisher, Subscription, TopicSubscriber, key_document, merged, topic_statements, without,
};
use crate::aws::posture::{self, Fact, May, Receives, Seal, Sender, lets_in};
use crate::aws::{self, Account, Call};
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::names::ROOT_USE;
use crate::flow::harden::step::Hands;
use crate::person::{HardenNotice, HardenSettings, Notice, RootStep};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Seconds between two looks at whether the address has confirmed; the last one again and again.
const LOOKS: [u64; 5] = [1, 2, 2, 5, 10];

/// The topic that has glasskey's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnTopic {
    /// Its policy has the statement that lets the alarm in, or the rules.
    pub(super) lets_in: bool,
    /// What keeps the messages from the address, and is not glasskey's to change.
    pub(super) hindrance: Option<Hindrance>,
    pub(super) others: Audience,
    pub(super) encryption: Encryption,
}

impl OwnTopic {
    /// As glasskey makes it.
    pub(super) fn new(settings: &HardenSettings) -> Self {
        let encryption = if settings.alarm_kms { Encryption::Own } else { Encryption::None };
        Self { lets_in: true, hindrance: None, others: Audience::Nobody, encryption }
    }

    /// As it will be: what is there is kept.
    pub(super) fn after(there: Option<&Self>, settings: &HardenSettings) -> Self {
        let Some(there) = there else { return Self::new(settings) };
        let encryption = match there.encryption {
            Encryption::None if settings.alarm_kms => Encryption::Own,
            other => other,
        };
        Self { lets_in: true, encryption, ..there.clone() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Hindrance {
    /// It is encrypted with this key, which does not let the messages through.
    Key(String),
    /// Its policy denies it, or cannot be read.
    Policy,
    /// The address's subscription filters the messages out.
    Filter,
}

/// Who subscribes to the topic beside the address that was named, and has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Audience {
    Nobody,
    /// Somebody who receives nothing of this.
    Deaf,
    /// Somebody who is told.
    Hears,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Encryption {
    None,
    /// With the key that has glasskey's name.
    Own,
    /// With another one.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Consent {
    None,
    /// The mail that asks has been sent.
    Pending,
    Confirmed,
}

/// Where the topic is, and who publishes to it.
pub(super) struct TopicAt {
    pub(super) place: Place,
    /// Its ARN.
    pub(super) topic: String,
    sender: From,
}

/// The ARN of the alarm, or of the rule.
enum From {
    Alarm(String),
    Rule(String),
}

impl TopicAt {
    pub(super) fn of_alarm(place: Place) -> Self {
        Self { topic: place.topic(ROOT_USE), sender: From::Alarm(place.alarm(ROOT_USE)), place }
    }

    pub(super) fn of_rule(place: Place) -> Self {
        let rule = place.arn("events", &format!("rule/{ROOT_USE}"));
        Self { topic: place.topic(ROOT_USE), sender: From::Rule(rule), place }
    }

    pub(super) fn sender(&self) -> Sender<'_> {
        match &self.sender {
            From::Alarm(arn) => Sender::Alarm(arn),
            From::Rule(arn) => Sender::Rule(arn),
        }
    }

    pub(super) fn publisher(&self) -> Publisher {
        match &self.sender {
            From::Alarm(arn) => Publisher::Alarm(arn.clone()),
            From::Rule(_) => Publisher::Rules,
        }
    }

    /// The statement's name in the topic's policy.
    fn statement(&self) -> &'static str {
        match self.sender {
            From::Alarm(_) => "GlasskeyAlarm",
            From::Rule(_) => "GlasskeyRules",
        }
    }

    /// The service that publishes.
    pub(super) fn service(&self) -> &'static str {
        match self.sender {
            From::Alarm(_) => "cloudwatch.amazonaws.com",
            From::Rule(_) => "events.amazonaws.com",
        }
    }

    /// The policy of a key for the topic.
    pub(super) fn key_policy(&self) -> Value {
        key_document(&self.place, self.service())
    }

    /// The topic's policy with what lets the publisher in; `None`: it has that already.
    fn policy(&self, there: Option<&str>) -> Option<Result<String, ()>> {
        merged(there, &topic_statements(&self.topic, &[self.publisher()])).map_err(|_| ()).transpose()
    }
}

pub(super) fn known<T>(fact: Fact<T>) -> Result<T, aws::Error> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Unreadable(why) => Err(why.why),
    }
}

/// What there is of the topic, and how far the address has come. `key`: the ARN of glasskey's key, where it was asked for.
pub(super) fn read(
    account: &Account,
    at: &TopicAt,
    settings: &HardenSettings,
    key: Option<&str>,
) -> Result<(Option<OwnTopic>, Consent), aws::Error> {
    let none = (None, Consent::None);
    let Some(topic) = account.topic(&at.topic)? else { return Ok(none) };
    let Some(subscribers) = account.subscribers(&at.topic)? else { return Ok(none) };
    let Some(seen) = account.topic_for(&at.topic, at.sender())? else { return Ok(none) };
    let address = settings.alarm_email.as_deref();
    let mut hindrance = hindrance(&seen, topic.key.as_deref(), address)?;
    let (has_statement, policy) = match at.policy(topic.policy.as_deref()) {
        None => (true, topic.policy),
        Some(merged) => (false, merged.ok()),
    };
    // Another statement may deny it.
    let may = policy.map(|policy| lets_in(&policy, &at.topic, &at.place.account, at.sender()));
    if may.is_none_or(|may| may == May::No) {
        hindrance = Some(Hindrance::Policy);
    }
    let encryption = match topic.key.as_deref() {
        None => Encryption::None,
        Some(named) if key.is_some_and(|own| key::is_named(own, named)) => Encryption::Own,
        Some(_) => Encryption::Other,
    };
    let others = audience(&seen, address)?;
    let own = OwnTopic { lets_in: has_statement, hindrance, others, encryption };
    Ok((Some(own), consent(&subscribers, address)))
}

/// How far the address has come. What has ended is listed for a while, and is as good as none.
fn consent(subscribers: &[TopicSubscriber], address: Option<&str>) -> Consent {
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

fn hindrance(
    seen: &posture::Topic,
    key: Option<&str>,
    address: Option<&str>,
) -> Result<Option<Hindrance>, aws::Error> {
    if !matches!(known(seen.seal.clone())?, Seal::Open | Seal::DependsOn(_)) {
        return Ok(Some(Hindrance::Key(key.unwrap_or_default().to_owned())));
    }
    let subscriptions = known(seen.subscriptions.clone())?;
    let filters = |receives: &Receives| matches!(receives, Receives::Filtered | Receives::NotJudged);
    let is_filtered = subscriptions.iter().any(|one| is_of(&one.endpoint, address) && filters(&one.receives));
    Ok(is_filtered.then_some(Hindrance::Filter))
}

fn audience(seen: &posture::Topic, address: Option<&str>) -> Result<Audience, aws::Error> {
    let subscriptions = known(seen.subscriptions.clone())?;
    let others = subscriptions.iter().filter(|one| !is_of(&one.endpoint, address));
    let each = others.map(|one| match one.receives {
        Receives::Unconfirmed | Receives::Deleted => Audience::Nobody,
        Receives::Everything | Receives::NotAsked => Audience::Hears,
        Receives::Filtered | Receives::Nobody | Receives::NotJudged | Receives::Unread(_) => Audience::Deaf,
    });
    Ok(each.max_by_key(|audience| *audience as u8).unwrap_or(Audience::Nobody))
}

/// Whether a run between the two states may have left the topic so: its policy and its key are put after it is made.
pub(super) fn is_between(before: Option<&OwnTopic>, now: Option<&OwnTopic>, after: Option<&OwnTopic>) -> bool {
    if now == before || now == after {
        return true;
    }
    let (Some(now), Some(whole)) = (now, after.or(before)) else { return false };
    let fits = |of: Option<&OwnTopic>, is: fn(&OwnTopic, &OwnTopic) -> bool| of.is_none_or(|of| is(now, of));
    let either = |is: fn(&OwnTopic, &OwnTopic) -> bool| {
        fits(before, is) || fits(after, is) || before.is_none() || after.is_none()
    };
    now.hindrance == whole.hindrance
        && now.others == whole.others
        && either(|one, other| one.lets_in == other.lets_in)
        && either(|one, other| one.encryption == other.encryption)
}

/// The calls that make it.
pub(super) fn calls(
    before: (Option<&OwnTopic>, Consent),
    after: (Option<&OwnTopic>, Consent),
) -> impl Iterator<Item = (Call, bool)> {
    let lets = before.0.is_some_and(|topic| topic.lets_in);
    let encrypts = |topic: Option<&OwnTopic>| topic.is_some_and(|topic| topic.encryption == Encryption::Own);
    let set = !lets || encrypts(after.0) && !encrypts(before.0);
    [(Call::CreateTopic, before.0.is_none()), (Call::SetTopicAttributes, set), (Call::Subscribe, before.1 != after.1)]
        .into_iter()
}

/// Makes the topic, lets its publisher in, and encrypts it.
pub(super) fn make(
    now: Option<&OwnTopic>,
    to: Option<&OwnTopic>,
    at: &TopicAt,
    account: &Account,
) -> Result<(), Cause> {
    let Some(wanted) = to else { return Ok(()) };
    if now.is_none() {
        account.create_topic(&at.place.region, ROOT_USE)?;
    }
    if wanted.lets_in {
        let there = account.topic(&at.topic)?.and_then(|topic| topic.policy);
        // What cannot be merged was seen before, and nothing was planned.
        if let Some(Ok(policy)) = at.policy(there.as_deref()) {
            account.set_topic_policy(&at.topic, &policy)?;
        }
    }
    if wanted.encryption == Encryption::Own
        && now.is_none_or(|now| now.encryption != Encryption::Own)
        && let Some(key) = key::found(account, at)?
    {
        account.set_topic_key(&at.topic, &key.arn)?;
    }
    Ok(())
}

/// Asks the address to confirm; `Some`: it is waited for.
pub(super) fn ask(
    (now, to): (Consent, Consent),
    at: &TopicAt,
    hands: &mut Hands<'_, '_>,
) -> Result<Option<String>, Cause> {
    if to != Consent::Confirmed || now == Consent::Confirmed {
        return Ok(None);
    }
    let Some(address) = hands.settings.alarm_email.clone() else { return Ok(None) };
    hands.account.subscribe(&at.topic, &address)?;
    hands.context.tell(Notice::from(HardenNotice::MailSent { address: address.clone() }));
    Ok(Some(address))
}

/// Undoing: the topic with its subscriptions, or the statement, the key and the address alone.
pub(super) fn take_back(
    (now, to): (Option<&OwnTopic>, Option<&OwnTopic>),
    (consent_now, consent_to): (Consent, Consent),
    at: &TopicAt,
    hands: &Hands<'_, '_>,
) -> Result<(), Cause> {
    let (account, Some(there)) = (hands.account, now) else { return Ok(()) };
    let Some(wanted) = to else {
        return Ok(gone(account.delete_topic(&at.topic))?);
    };
    if consent_now == Consent::Confirmed && consent_to == Consent::None {
        end(account, at, hands.settings.alarm_email.as_deref())?;
    }
    if there.encryption == Encryption::Own && wanted.encryption == Encryption::None {
        account.set_topic_key(&at.topic, "")?;
    }
    if there.lets_in && !wanted.lets_in {
        let policy = account.topic(&at.topic)?.and_then(|topic| topic.policy);
        let policy = policy.and_then(|policy| without(&policy, &[at.statement()]).ok().flatten());
        if let Some(policy) = policy {
            account.set_topic_policy(&at.topic, &policy)?;
        }
    }
    Ok(())
}

/// Ends the address's subscription.
fn end(account: &Account, at: &TopicAt, address: Option<&str>) -> Result<(), Cause> {
    for one in account.subscribers(&at.topic)?.unwrap_or_default() {
        if let Subscription::Confirmed(arn) = &one.subscription
            && consent(std::slice::from_ref(&one), address) == Consent::Confirmed
        {
            gone(account.unsubscribe(arn))?;
        }
    }
    Ok(())
}

/// What is not there any more need not be taken away.
pub(super) fn gone(outcome: Result<(), aws::Error>) -> Result<(), aws::Error> {
    match outcome {
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => Ok(()),
        outcome => outcome,
    }
}

/// How far the address is led back: with the topic, its subscriptions go. What stays is given.
pub(super) fn stays_undone(
    (topic, before): (Option<&OwnTopic>, Consent),
    now: Consent,
    to: &mut Consent,
) -> Vec<String> {
    let (consent, stays) = match (topic.is_some(), before, now) {
        (true, Consent::None, Consent::Pending) => (Consent::Pending, Some(super::words::ASKED)),
        (true, Consent::Pending, Consent::Confirmed) => (Consent::Confirmed, Some(super::words::CONFIRMED)),
        (true, Consent::Pending, Consent::None) => (Consent::None, None),
        _ => (before, None),
    };
    *to = consent;
    stays.into_iter().map(str::to_owned).collect()
}

/// Looks until the address has confirmed, for as long as the person wants to wait.
pub(super) fn await_consent(address: Option<String>, at: &TopicAt, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let Some(address) = address else { return Ok(()) };
    let limit = hands.settings.alarm_wait;
    let begun = hands.context.clock.now();
    let mut looks = LOOKS.iter().copied();
    let mut pause = 1;
    loop {
        let subscribers = hands.account.subscribers(&at.topic)?.unwrap_or_default();
        if consent(&subscribers, Some(&address)) == Consent::Confirmed {
            hands.tell(format!("{address} has confirmed"));
            return Ok(());
        }
        let elapsed = hands.context.clock.now().duration_since(begun).unwrap_or_default().as_secs();
        let left = limit.saturating_sub(elapsed);
        if left == 0 {
            return Err(HardenRefusal::NotConfirmed { address }.into());
        }
        let what = format!("{address} to confirm");
        hands.context.tell(Notice::Root(RootStep::Watching { what, elapsed, left }));
        pause = looks.next().unwrap_or(pause);
        if !hands.context.clock.sleep(Duration::from_secs(pause.min(left))) {
            return Err(Cause::Interrupted);
        }
    }
}
