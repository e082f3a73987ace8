//! Whether another service may publish to a topic: by the topic's policy, and by that of its key.

use super::super::kms;
use super::super::policy::{self, Asking, Context, Policy, Verdict};
use super::super::state::State;
use super::{mail, new_policy, subscriptions};
use std::time::SystemTime;

/// A service that publishes for something of the account's.
pub(in super::super) struct Publisher<'p> {
    /// `cloudwatch.amazonaws.com`, for example.
    pub(in super::super) service: &'p str,
    /// The alarm that it publishes for. `None`: the service does not say, as EventBridge does not.
    pub(in super::super) source: Option<&'p str>,
}

/// Why nothing is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Refused {
    /// There is no such topic.
    NoTopic,
    ByPolicy,
    /// The topic is encrypted with AWS's own key for SNS, which no service may use.
    ByAwsKey,
    ByKey,
}

fn facts(state: &State, publisher: &Publisher<'_>) -> Context {
    let mut facts = Context::new();
    if let Some(source) = publisher.source {
        facts.insert("aws:sourcearn".to_owned(), source.to_owned());
        facts.insert("aws:sourceaccount".to_owned(), state.account.clone());
        facts.insert("aws:sourceowner".to_owned(), state.account.clone());
    }
    facts
}

/// Publishes for a service, where topic and key let it.
pub(in super::super) fn publish_for(
    state: &mut State,
    publisher: &Publisher<'_>,
    topic: &str,
    (subject, text): (&str, &str),
    now: SystemTime,
) -> Result<(), Refused> {
    subscriptions::expire(&mut state.posture, now);
    let posture = &state.posture;
    let own = posture.topics.iter().find(|one| one.arn == topic);
    if own.is_none() && !posture.subscriptions.iter().any(|one| one.topic == topic) {
        return Err(Refused::NoTopic);
    }
    let context = facts(state, publisher);
    let principals = [policy::service(publisher.service)];
    let allows = |text: &str, action: &str, resource: &str| {
        let asking = Asking { action, resource: Some(resource), principals: &principals, context: &context };
        Policy::parse_of_resource(text).is_ok_and(|read| policy::evaluate([&read], &asking) == Verdict::Allowed)
    };
    let policy = own.and_then(|own| own.policy.clone()).unwrap_or_else(|| new_policy(topic, &state.account));
    if !allows(&policy, "sns:Publish", topic) {
        return Err(Refused::ByPolicy);
    }
    if let Some(name) = own.and_then(|own| own.key.as_deref()) {
        if name.ends_with("alias/aws/sns") {
            return Err(Refused::ByAwsKey);
        }
        let region = topic.split(':').nth(3).unwrap_or_default();
        let key = kms::found(state, region, name).filter(|key| key.state == "Enabled");
        let (arn, policy) =
            key.and_then(|key| Some((kms::arn(state, key), key.policy.as_deref()?))).ok_or(Refused::ByKey)?;
        if !["kms:Decrypt", "kms:GenerateDataKey"].iter().all(|action| allows(policy, action, &arn)) {
            return Err(Refused::ByKey);
        }
    }
    mail::deliver(&mut state.posture, topic, subject, text, now);
    Ok(())
}
