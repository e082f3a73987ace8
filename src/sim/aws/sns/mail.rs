//! What SNS sends to subscribers, and the links in it.

use super::super::posture::{Mail, MailKind, Posture, Subscription};
use super::numbered;
use crate::totp;
use std::time::SystemTime;

/// The mailbox keeps this many messages.
const KEPT: usize = 10_000;

fn put(posture: &mut Posture, mail: Mail) {
    if posture.mailbox.len() >= KEPT {
        posture.mailbox.remove(0);
    }
    posture.mailbox.push(mail);
}

/// A page of SNS, with its query.
fn link(topic: &str, page: &str, query: &[(&str, &str)]) -> String {
    let region = topic.split(':').nth(3).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("https://sns.{region}.amazonaws.com/{page}.html?{query}")
}

fn to(subscription: &Subscription, kind: MailKind, now: SystemTime) -> Mail {
    Mail {
        to: subscription.endpoint.clone(),
        protocol: subscription.protocol.clone(),
        kind,
        topic: subscription.topic.clone(),
        sent: totp::unix(now),
        ..Mail::default()
    }
}

/// Asks the address whether it wants the subscription.
pub(super) fn ask(posture: &mut Posture, subscription: &Subscription, now: SystemTime) {
    let (topic, token) = (&subscription.topic, subscription.token.clone().unwrap_or_default());
    let query = [("TopicArn", topic.as_str()), ("Token", &token), ("Endpoint", &subscription.endpoint)];
    let link = link(topic, "confirmation", &query);
    put(
        posture,
        Mail {
            subject: "AWS Notification - Subscription Confirmation".to_owned(),
            text: format!(
                "You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this subscription: {link}"
            ),
            token: Some(token),
            link: Some(link),
            ..to(subscription, MailKind::Confirmation, now)
        },
    );
}

/// Tells the address that its subscription has ended.
pub(super) fn say_farewell(posture: &mut Posture, subscription: &Subscription, now: SystemTime) {
    let text = format!("Your subscription to the topic below has been deactivated:\n{}", subscription.topic);
    let subject = "AWS Notification - Unsubscribe Confirmation".to_owned();
    put(posture, Mail { subject, text, ..to(subscription, MailKind::Cancellation, now) });
}

/// Delivers a message to all who have confirmed. A subscription with a filter gets nothing: the message has no
/// attributes.
pub(super) fn deliver(posture: &mut Posture, topic: &str, subject: &str, text: &str, now: SystemTime) {
    let reached = |one: &Subscription| one.topic == topic && one.confirmed && !one.deleted && one.filter.is_none();
    let all = numbered(posture).filter(|(_, one)| reached(one) && !one.endpoint.is_empty());
    let all: Vec<(String, Subscription)> = all.map(|(arn, one)| (arn, one.clone())).collect();
    for (arn, one) in &all {
        let query = [("SubscriptionArn", arn.as_str()), ("Endpoint", &one.endpoint)];
        let link = link(topic, "unsubscribe", &query);
        let mail = Mail {
            subject: subject.to_owned(),
            text: format!("{text}\n\n--\nTo unsubscribe: {link}"),
            link: Some(link),
            ..to(one, MailKind::Notification, now)
        };
        put(posture, mail);
    }
}
