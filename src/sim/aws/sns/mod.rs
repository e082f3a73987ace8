//! SNS: topics, who subscribes to one, and what reaches them.

mod access;
mod mail;
mod subscriptions;
mod topics;

pub(super) use access::{Publisher, Refused, publish_for};
pub(super) use subscriptions::open;

use super::auth::{self, Caller};
use super::posture::{Posture, Subscription};
use super::state::State;
use super::wire::{Form, Refusal, Xml, read_offset, write_offset};
use super::{Ctx, Outcome};
use serde_json::json;

const PAGE: usize = 100;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    let operation: fn(&mut Ctx<'_>) -> Outcome = match action {
        "ListSubscriptionsByTopic" => |ctx| list(ctx),
        "GetTopicAttributes" => |ctx| attributes(ctx),
        "GetSubscriptionAttributes" => |ctx| subscription(ctx),
        "CreateTopic" => topics::create,
        "SetTopicAttributes" => topics::set_attributes,
        "DeleteTopic" => topics::delete,
        "Subscribe" => subscriptions::subscribe,
        "ConfirmSubscription" => subscriptions::confirm,
        "Unsubscribe" => subscriptions::unsubscribe,
        "Publish" => subscriptions::publish,
        _ => return None,
    };
    subscriptions::expire(&mut ctx.state.posture, ctx.now);
    let resource = resource(action, ctx.state, ctx.caller, ctx.form);
    let allowed = auth::authorize(ctx, &format!("sns:{action}"), &resource);
    Some(allowed.and_then(|()| operation(ctx)))
}

/// The topic that a request is about: a subscription's ARN is its topic's and one part more.
fn topic_of(form: &Form) -> &str {
    let of_subscription = || form.get("SubscriptionArn").and_then(|arn| Some(arn.rsplit_once(':')?.0));
    form.get("TopicArn").or_else(of_subscription).unwrap_or_default()
}

pub(super) fn resource(action: &str, state: &State, caller: &Caller, form: &Form) -> String {
    if action != "CreateTopic" {
        return topic_of(form).to_owned();
    }
    let region = caller.context.get("aws:requestedregion").map_or("", String::as_str);
    let name = form.get("Name").unwrap_or_default();
    format!("arn:{}:sns:{region}:{}:{name}", state.partition.as_str(), state.account)
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "InvalidParameter", format!("Invalid parameter: {what}"))
}

fn existing<'c>(ctx: &'c Ctx<'_>) -> Result<&'c str, Refusal> {
    let topic =
        ctx.form.get("TopicArn").ok_or_else(|| invalid("TopicArn Reason: no value for required parameter"))?;
    // A topic of another region has no meaning to this one.
    if topic.split(':').nth(3) != Some(ctx.region) {
        return Err(invalid("TopicArn"));
    }
    let posture = &ctx.state.posture;
    let exists = posture.topics.iter().any(|one| one.arn == topic)
        || posture.subscriptions.iter().any(|one| one.topic == topic);
    if exists { Ok(topic) } else { Err(Refusal::new(404, "NotFound", "Topic does not exist")) }
}

/// What lets the account's own publish, as a new topic has it (SNS Developer Guide).
fn new_policy(topic: &str, account: &str) -> String {
    let actions = ["Publish", "RemovePermission", "SetTopicAttributes", "DeleteTopic", "ListSubscriptionsByTopic"];
    let actions: Vec<String> = actions
        .iter()
        .chain(&["GetTopicAttributes", "AddPermission", "Subscribe"])
        .map(|name| format!("SNS:{name}"))
        .collect();
    let statement = json!({
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": actions,
        "Resource": topic, "Condition": { "StringEquals": { "AWS:SourceOwner": account } },
    });
    json!({ "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement] }).to_string()
}

fn entries(of: &[(&str, &str)]) -> Xml {
    let mut xml = Xml::default();
    xml.element("Attributes", |xml| {
        for (key, value) in of {
            xml.element("entry", |entry| {
                entry.text("key", key);
                entry.text("value", value);
            });
        }
    });
    xml
}

fn attributes(ctx: &Ctx<'_>) -> Outcome {
    let topic = existing(ctx)?;
    let posture = &ctx.state.posture;
    let own = posture.topics.iter().find(|one| one.arn == topic);
    let policy = own.and_then(|own| own.policy.clone()).unwrap_or_else(|| new_policy(topic, &ctx.state.account));
    let count = |is: fn(&Subscription) -> bool| subscribed(ctx, topic).filter(|(_, one)| is(one)).count().to_string();
    let deleted = count(|one| one.deleted);
    let (confirmed, pending) = (count(|one| one.confirmed && !one.deleted), count(|one| !one.confirmed));
    let mut all = vec![
        ("Policy", policy.as_str()),
        ("Owner", &ctx.state.account),
        ("SubscriptionsPending", &pending),
        ("TopicArn", topic),
        ("SubscriptionsConfirmed", &confirmed),
        ("SubscriptionsDeleted", &deleted),
        ("DisplayName", ""),
    ];
    all.extend(own.and_then(|own| own.key.as_deref()).map(|key| ("KmsMasterKeyId", key)));
    Ok(entries(&all))
}

fn subscribed<'c>(ctx: &'c Ctx<'_>, topic: &'c str) -> impl Iterator<Item = (String, &'c Subscription)> {
    numbered(&ctx.state.posture).filter(move |(_, one)| one.topic == topic && !one.endpoint.is_empty())
}

/// Every subscription and its ARN. Those that Subscribe has not made have their number among their topic's in it.
fn numbered(posture: &Posture) -> impl Iterator<Item = (String, &Subscription)> {
    let mut counts = std::collections::BTreeMap::new();
    posture.subscriptions.iter().map(move |one| {
        let count: &mut usize = counts.entry(one.topic.as_str()).or_default();
        let number = *count;
        *count += usize::from(!one.endpoint.is_empty());
        let made = || format!("{}:{number:08x}-0000-4000-8000-000000000000", one.topic);
        (if one.arn.is_empty() { made() } else { one.arn.clone() }, one)
    })
}

fn subscription(ctx: &Ctx<'_>) -> Outcome {
    let wanted = ctx.form.get("SubscriptionArn").ok_or_else(|| invalid("SubscriptionArn"))?;
    let topic = topic_of(ctx.form);
    let Some((_, found)) = subscribed(ctx, topic).find(|(arn, one)| arn == wanted && !one.deleted) else {
        return Err(Refusal::new(404, "NotFound", "Subscription does not exist"));
    };
    let said = |yes: bool| if yes { "true" } else { "false" };
    let mut all = vec![
        ("SubscriptionArn", wanted),
        ("TopicArn", topic),
        ("Owner", ctx.state.account.as_str()),
        ("Protocol", &found.protocol),
        ("Endpoint", &found.endpoint),
        ("PendingConfirmation", said(!found.confirmed)),
        ("ConfirmationWasAuthenticated", said(found.authenticated)),
        ("RawMessageDelivery", "false"),
    ];
    if let Some(filter) = &found.filter {
        all.push(("FilterPolicy", filter));
        all.push(("FilterPolicyScope", if found.filters_body { "MessageBody" } else { "MessageAttributes" }));
    }
    Ok(entries(&all))
}

fn list(ctx: &Ctx<'_>) -> Outcome {
    let topic = existing(ctx)?;
    let start = match ctx.form.get("NextToken") {
        None => 0,
        Some(token) => read_offset(token).ok_or_else(|| invalid("NextToken"))?,
    };
    let subscribed: Vec<_> = subscribed(ctx, topic).collect();
    let end = start.saturating_add(PAGE);
    let mut xml = Xml::default();
    xml.list("Subscriptions", subscribed.iter().skip(start).take(PAGE), |xml, (arn, subscription)| {
        let arn = match subscription {
            one if one.deleted => "Deleted",
            one if one.confirmed => arn,
            _ => "PendingConfirmation",
        };
        xml.text("TopicArn", topic);
        xml.text("Protocol", &subscription.protocol);
        xml.text("SubscriptionArn", arn);
        xml.text("Owner", &ctx.state.account);
        xml.text("Endpoint", &subscription.endpoint);
    });
    if end < subscribed.len() {
        xml.text("NextToken", &write_offset(end));
    }
    Ok(xml)
}
