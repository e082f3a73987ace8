//! From a topic to a person: who subscribes, who may publish, and with which key.

use super::super::finding::{Break, Link};
use super::alarm::{Followed, Stop, broken};
use crate::aws::posture::{Fact, May, Receives, Seal, Subscription, Topic};

/// What is certainly wrong goes before what is not known.
pub(super) fn follow(mut links: Vec<Link>, arn: &str, topic: &Topic) -> Followed {
    if let Some(wrong) = wrong(arn, topic) {
        return broken(links, wrong);
    }
    if let Some(stop) = unknown(arn, topic) {
        return Err((links, stop));
    }
    let subscriptions = topic.subscriptions.known().map(Vec::as_slice).unwrap_or_default();
    let told = subscriptions.iter().find(|one| one.receives == Receives::Everything);
    links.extend(told.map(|told| Link::Subscription(told.endpoint.clone())));
    Ok(links)
}

fn wrong(arn: &str, topic: &Topic) -> Option<Break> {
    let (name, publisher) = (arn.to_owned(), topic.publisher);
    if let Fact::Known(subscriptions) = &topic.subscriptions
        && let Some(wrong) = nobody(arn, subscriptions)
    {
        return Some(wrong);
    }
    if let Fact::Known(May::No) = topic.publish {
        return Some(Break::MayNotPublish { topic: name, publisher });
    }
    match &topic.seal {
        Fact::Known(Seal::Open | Seal::DependsOn(_)) | Fact::Unreadable(_) => None,
        Fact::Known(seal) => Some(Break::KeyRefuses { topic: name, publisher, seal: seal.clone() }),
    }
}

fn nobody(arn: &str, subscriptions: &[Subscription]) -> Option<Break> {
    let topic = arn.to_owned();
    let endpoints = |of: &[Receives]| {
        let of = subscriptions.iter().filter(|one| of.contains(&one.receives));
        of.map(|one| one.endpoint.clone()).collect::<Vec<_>>()
    };
    let unreached = [Receives::Filtered, Receives::Nobody];
    let all = |of: &[Receives]| subscriptions.iter().all(|one| of.contains(&one.receives));
    match () {
        () if subscriptions.is_empty() => Some(Break::NobodySubscribed { topic }),
        () if all(&[Receives::Deleted]) => {
            Some(Break::SubscriptionDeleted { topic, endpoints: endpoints(&[Receives::Deleted]) })
        }
        () if all(&[Receives::Unconfirmed, Receives::Deleted]) => {
            Some(Break::Unconfirmed { topic, endpoints: endpoints(&[Receives::Unconfirmed]) })
        }
        () if all(&[Receives::Unconfirmed, Receives::Deleted, Receives::Filtered, Receives::Nobody]) => {
            Some(Break::FilteredOut { topic, endpoints: endpoints(&unreached) })
        }
        () => None,
    }
}

fn unknown(arn: &str, topic: &Topic) -> Option<Stop> {
    let not_judged = |on: &str| Stop::Broken(Break::TopicNotJudged { topic: arn.to_owned(), on: on.to_owned() });
    let subscriptions = match &topic.subscriptions {
        Fact::Known(subscriptions) => subscriptions,
        Fact::Unreadable(why) => return Some(Stop::Unreadable(why.clone())),
    };
    let unread = subscriptions.iter().find_map(|one| match &one.receives {
        Receives::Unread(why) => Some(why.clone()),
        _ => None,
    });
    let told = subscriptions.iter().any(|one| one.receives == Receives::Everything);
    match (&topic.publish, &topic.seal) {
        (Fact::Unreadable(why), _) | (_, Fact::Unreadable(why)) => Some(Stop::Unreadable(why.clone())),
        _ if !told && unread.is_some() => unread.map(Stop::Unreadable),
        (Fact::Known(May::DependsOn(on)), _) | (_, Fact::Known(Seal::DependsOn(on))) => Some(not_judged(on)),
        _ if !told => Some(not_judged("FilterPolicy")),
        _ => None,
    }
}
