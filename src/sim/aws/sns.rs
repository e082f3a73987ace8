//! SNS: who subscribes to a topic.

use super::auth::{self, Caller};
use super::posture::Subscription;
use super::state::State;
use super::wire::{Form, Refusal, Xml, read_offset, write_offset};
use super::{Ctx, Outcome};

/// Subscriptions to a page.
const PAGE: usize = 100;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    if action != "ListSubscriptionsByTopic" {
        return None;
    }
    let topic = ctx.form.get("TopicArn").unwrap_or_default();
    let allowed = auth::authorize(ctx, "sns:ListSubscriptionsByTopic", topic);
    Some(allowed.and_then(|()| list(ctx)))
}

pub(super) fn resource(_: &str, _: &State, _: &Caller, form: &Form) -> String {
    form.get("TopicArn").unwrap_or_default().to_owned()
}

fn list(ctx: &Ctx<'_>) -> Outcome {
    let invalid = |what: &str| Refusal::new(400, "InvalidParameter", format!("Invalid parameter: {what}"));
    let topic =
        ctx.form.get("TopicArn").ok_or_else(|| invalid("TopicArn Reason: no value for required parameter"))?;
    // A topic of another region has no meaning to this one.
    if topic.split(':').nth(3) != Some(ctx.region) {
        return Err(invalid("TopicArn"));
    }
    let all: Vec<&Subscription> = ctx.state.posture.subscriptions.iter().filter(|s| s.topic == topic).collect();
    if all.is_empty() {
        return Err(Refusal::new(404, "NotFound", "Topic does not exist"));
    }
    let start = match ctx.form.get("NextToken") {
        None => 0,
        Some(token) => read_offset(token).ok_or_else(|| invalid("NextToken"))?,
    };
    let subscribed: Vec<_> = all.into_iter().filter(|subscription| !subscription.endpoint.is_empty()).collect();
    let end = start.saturating_add(PAGE);
    let mut xml = Xml::default();
    xml.list("Subscriptions", subscribed.iter().enumerate().skip(start).take(PAGE), |xml, (number, subscription)| {
        let arn = match subscription.confirmed {
            true => format!("{topic}:{number:08x}-0000-4000-8000-000000000000"),
            false => "PendingConfirmation".to_owned(),
        };
        xml.text("TopicArn", topic);
        xml.text("Protocol", &subscription.protocol);
        xml.text("SubscriptionArn", &arn);
        xml.text("Owner", &ctx.state.account);
        xml.text("Endpoint", &subscription.endpoint);
    });
    if end < subscribed.len() {
        xml.text("NextToken", &write_offset(end));
    }
    Ok(xml)
}
