//! SNS's subscriptions: asking for one, confirming it, ending it, and publishing to those there are.

use super::super::posture::{Posture, Subscription};
use super::super::wire::{Refusal, Xml};
use super::super::{Ctx, Outcome, random};
use super::{existing, invalid, mail, numbered};
use crate::totp;
use std::time::SystemTime;

/// Seconds a token lasts; a subscription that nobody confirms is gone with it.
const TOKEN_LASTS: u64 = 2 * 86_400;
/// What Subscribe says in the place of an ARN.
const PENDING: &str = "pending confirmation";
/// Protocols whose endpoint has to confirm.
const ASKED: [&str; 4] = ["email", "email-json", "http", "https"];
const UNASKED: [&str; 5] = ["application", "firehose", "lambda", "sms", "sqs"];

/// Forgets the subscriptions that were not confirmed in time.
pub(super) fn expire(posture: &mut Posture, now: SystemTime) {
    let now = totp::unix(now);
    let over = |one: &Subscription| !one.confirmed && one.asked.is_some_and(|asked| asked + TOKEN_LASTS <= now);
    let late: Vec<String> =
        posture.subscriptions.iter().filter(|one| over(one)).map(|one| one.topic.clone()).collect();
    posture.subscriptions.retain(|one| !over(one));
    // A topic outlives its last subscription.
    late.iter().for_each(|topic| keep_topic(posture, topic));
}

/// Writes down every subscription's ARN, so that it stays the same when others go.
fn settle(posture: &mut Posture) {
    let arns: Vec<String> = numbered(posture).map(|(arn, _)| arn).collect();
    posture.subscriptions.iter_mut().zip(arns).for_each(|(one, arn)| one.arn = arn);
}

fn keep_topic(posture: &mut Posture, topic: &str) {
    if !posture.topics.iter().any(|one| one.arn == topic) {
        posture.topics.push(super::super::posture::Topic { arn: topic.to_owned(), ..Default::default() });
    }
}

fn endpoint<'c>(ctx: &'c Ctx<'_>, protocol: &str) -> Result<&'c str, Refusal> {
    let endpoint = ctx.form.get("Endpoint").unwrap_or_default();
    let fits = match protocol {
        "email" | "email-json" => endpoint.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty()),
        "http" | "https" => endpoint.starts_with(&format!("{protocol}://")),
        _ => !endpoint.is_empty(),
    };
    match protocol {
        _ if fits => Ok(endpoint),
        "email" | "email-json" => Err(invalid("Email address")),
        "http" | "https" => Err(invalid("Endpoint must match the specified protocol")),
        _ => Err(invalid("Endpoint")),
    }
}

/// Asking once more sends another mail; the tokens of both confirm.
pub(super) fn subscribe(ctx: &mut Ctx<'_>) -> Outcome {
    let topic = existing(ctx)?.to_owned();
    let protocol = ctx.form.get("Protocol").unwrap_or_default();
    if !ASKED.contains(&protocol) && !UNASKED.contains(&protocol) {
        let message = format!("Amazon SNS does not support this protocol string: {protocol}");
        return Err(invalid(&message));
    }
    let (protocol, endpoint) = (protocol.to_owned(), endpoint(ctx, protocol)?.to_owned());
    if ctx.form.get("Attributes.entry.1.key").is_some() {
        return Err(invalid("Attributes"));
    }
    let shown = ctx.form.get("ReturnSubscriptionArn") == Some("true");
    let one = find_or_make(&mut ctx.state.posture, &topic, &protocol, &endpoint, ctx.now);
    if !one.confirmed {
        mail::ask(&mut ctx.state.posture, &one, ctx.now);
    }
    let mut xml = Xml::default();
    xml.text("SubscriptionArn", if shown || one.confirmed { &one.arn } else { PENDING });
    Ok(xml)
}

fn find_or_make(posture: &mut Posture, topic: &str, protocol: &str, endpoint: &str, now: SystemTime) -> Subscription {
    settle(posture);
    let is = |one: &Subscription| one.topic == topic && one.protocol == protocol && one.endpoint == endpoint;
    posture.subscriptions.retain(|one| !(is(one) && one.deleted));
    let there = posture.subscriptions.iter().find(|one| is(one)).cloned();
    let mut one = there.unwrap_or_else(|| Subscription {
        topic: topic.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        confirmed: !ASKED.contains(&protocol),
        arn: format!("{topic}:{}", random::request_id()),
        ..Subscription::default()
    });
    if !one.confirmed {
        one.token.get_or_insert_with(|| format!("{}{}", random::lower(32), random::lower(32)));
        one.asked = Some(totp::unix(now));
    }
    match posture.subscriptions.iter_mut().find(|one| is(one)) {
        Some(there) => *there = one.clone(),
        None => posture.subscriptions.push(one.clone()),
    }
    one
}

/// Confirms with a token, and with the account's authority if `authenticated`; the ARN. A token can be used again.
fn confirm_with(posture: &mut Posture, topic: &str, token: &str, authenticated: bool) -> Option<String> {
    let is = |one: &&mut Subscription| one.topic == topic && !one.deleted && one.token.as_deref() == Some(token);
    let one = posture.subscriptions.iter_mut().find(is)?;
    one.confirmed = true;
    one.authenticated |= authenticated;
    Some(one.arn.clone())
}

pub(super) fn confirm(ctx: &mut Ctx<'_>) -> Outcome {
    let topic = existing(ctx)?.to_owned();
    let token = ctx.form.get("Token").unwrap_or_default().to_owned();
    let authenticated = ctx.form.get("AuthenticateOnUnsubscribe").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let arn = confirm_with(&mut ctx.state.posture, &topic, &token, authenticated);
    let mut xml = Xml::default();
    xml.text("SubscriptionArn", &arn.ok_or_else(|| invalid("Token"))?);
    Ok(xml)
}

/// What is already gone is no error.
pub(super) fn unsubscribe(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.get("SubscriptionArn").ok_or_else(|| invalid("SubscriptionArn"))?;
    if !arn.starts_with("arn:") {
        return Err(invalid(&format!("SubscriptionArn Reason: {arn} does not start with arn")));
    }
    settle(&mut ctx.state.posture);
    let found = ctx.state.posture.subscriptions.iter_mut().find(|one| one.arn == arn);
    match found {
        Some(one) if !one.confirmed => {
            Err(invalid(&format!("SubscriptionArn Reason: {PENDING} does not start with arn")))
        }
        Some(one) => {
            one.deleted = true;
            Ok(Xml::default())
        }
        None => Ok(Xml::default()),
    }
}

pub(super) fn publish(ctx: &mut Ctx<'_>) -> Outcome {
    let topic = existing(ctx)?.to_owned();
    let message = ctx.form.get("Message").unwrap_or_default();
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    let subject = ctx.form.get("Subject").unwrap_or("AWS Notification Message");
    if !(1..=100).contains(&subject.len()) || !subject.is_ascii() {
        return Err(invalid("Subject"));
    }
    mail::deliver(&mut ctx.state.posture, &topic, subject, message, ctx.now);
    let mut xml = Xml::default();
    xml.text("MessageId", &random::request_id());
    Ok(xml)
}

/// Opens a link out of a mail, as its reader or a mail scanner does: without an AWS account. What the page then says;
/// the error says why it does nothing.
pub(in super::super) fn open(posture: &mut Posture, link: &str, now: SystemTime) -> Result<String, String> {
    expire(posture, now);
    settle(posture);
    let (page, query) = link.split_once(".html?").ok_or("not a link of SNS")?;
    let all: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let value = |name: &str| all.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    if page.ends_with("/confirmation") {
        let arn = confirm_with(posture, value("TopicArn"), value("Token"), false);
        return arn.map(|arn| format!("Subscription confirmed! {arn}")).ok_or("Invalid token".to_owned());
    }
    if !page.ends_with("/unsubscribe") {
        return Err("not a link of SNS".to_owned());
    }
    let is = |one: &&mut Subscription| one.arn == value("SubscriptionArn") && one.confirmed && !one.deleted;
    let one = posture.subscriptions.iter_mut().find(is).ok_or("Subscription does not exist")?;
    if one.authenticated {
        return Err("This subscription can be ended only by the owner of the topic or of the subscription".to_owned());
    }
    one.deleted = true;
    let one = one.clone();
    mail::say_farewell(posture, &one, now);
    Ok("Subscription removed!".to_owned())
}
