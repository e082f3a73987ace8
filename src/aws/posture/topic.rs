//! SNS topics: whether what is published to one arrives at somebody. Its policy, its key, its subscriptions and what
//! they filter out.
//!
//! CloudWatch's alarms and EventBridge publish as services; what is said of each is from the SNS Developer Guide ("Allow
//! CloudWatch alarms to publish", "Key management") and from what people met: see [`Publisher`].

use super::facts::{Fact, Unreadable};
use super::policy::{Answer, KeyValue, Keys, conditions, filled_in, fits, named, texts};
use super::replies::{self, DescribedKey, FoundSubscription, FoundTopic, KeyMetadata, KeyPolicy};
use super::watchers::{May, Receives, Seal, Subscription, Topic};
use crate::aws::send::AsyncClient;
use crate::aws::{Call, Error};
use serde_json::{Value, json};

/// How many confirmed subscriptions are asked for their filters, at most.
const ASKED: usize = 10;

/// A topic as it was read: what each publisher may do follows from it.
#[derive(Clone)]
pub(super) struct Read {
    policy: Fact<String>,
    seal: Fact<Sealed>,
    subscriptions: Fact<Vec<Subscription>>,
}

#[derive(Clone)]
enum Sealed {
    Not,
    /// By AWS's own key for SNS, whose policy nobody can change.
    ByAws,
    Gone,
    /// `Disabled`, `PendingDeletion` and the like.
    Unusable(String),
    /// By a key with this policy.
    By(String),
}

/// Whether an error says that there is no such thing, in the words of any of the services.
pub(super) fn is_gone(why: &Error) -> bool {
    match why {
        Error::NotFound { .. } => true,
        Error::Refused { code, .. } => code.ends_with("NotFound") || code.ends_with("NotFoundException"),
        _ => false,
    }
}

/// `None`: there is no such topic.
pub(super) async fn read(client: &AsyncClient, arn: &str) -> Option<Read> {
    let region = arn.split(':').nth(3).unwrap_or_default();
    let call = Call::GetTopicAttributes;
    let attributes = match client.ask(call, region, json!({ "TopicArn": arn })).await {
        Err(why) if is_gone(&why) => return None,
        answer => Fact::of(call, answer).map(|FoundTopic { attributes }| attributes),
    };
    let subscriptions = match subscriptions(client, region, arn).await {
        Err(why) if is_gone(&why) => return None,
        found => Fact::of(Call::ListSubscriptionsByTopic, found),
    };
    let seal = match &attributes {
        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
        Fact::Known(attributes) => seal(client, region, &attributes.kms_master_key_id).await,
    };
    let policy = attributes.map(|attributes| attributes.policy);
    Some(Read { policy, seal, subscriptions })
}

async fn subscriptions(client: &AsyncClient, region: &str, arn: &str) -> Result<Vec<Subscription>, Error> {
    let call = Call::ListSubscriptionsByTopic;
    let found: Vec<replies::Subscription> =
        client.pages(call, region, json!({ "TopicArn": arn }), "Subscriptions", "NextToken").await?;
    let (mut read, mut asked, mut received) = (Vec::new(), 0, false);
    for replies::Subscription { subscription_arn: of, protocol, endpoint } in found {
        let receives = match protocol.as_str() {
            _ if of == "Deleted" => Some(Receives::Deleted),
            _ if !of.starts_with("arn:") => Some(Receives::Unconfirmed),
            // A stream into storage.
            "firehose" => Some(Receives::Nobody),
            // One that receives is enough.
            _ if received || asked >= ASKED => Some(Receives::NotAsked),
            _ => {
                asked += 1;
                filter(client, region, &of).await
            }
        };
        received |= receives == Some(Receives::Everything);
        read.extend(receives.map(|receives| Subscription { endpoint, receives }));
    }
    Ok(read)
}

/// GetSubscriptionAttributes; `None`: it is gone. Neither alarms nor rules give a message attributes.
async fn filter(client: &AsyncClient, region: &str, arn: &str) -> Option<Receives> {
    let call = Call::GetSubscriptionAttributes;
    let attributes = match client.ask(call, region, json!({ "SubscriptionArn": arn })).await {
        Ok(FoundSubscription { attributes }) => attributes,
        Err(why) if is_gone(&why) => return None,
        Err(why) => return Some(Receives::Unread(Unreadable { call, why })),
    };
    let filter = attributes.filter_policy.as_str();
    let of_body = attributes.filter_policy_scope == "MessageBody";
    Some(match serde_json::from_str::<Value>(filter) {
        _ if filter.is_empty() => Receives::Everything,
        Ok(Value::Object(fields)) if fields.is_empty() => Receives::Everything,
        Ok(Value::Object(fields)) if !of_body => match fields.values().all(wants_absence) {
            true => Receives::Everything,
            false if fields.contains_key("$or") => Receives::NotJudged,
            false => Receives::Filtered,
        },
        _ => Receives::NotJudged,
    })
}

/// Whether a field of a filter holds where there is no such attribute.
fn wants_absence(choices: &Value) -> bool {
    let absent = |choice: &Value| choice.get("exists").and_then(Value::as_bool) == Some(false);
    choices.as_array().is_some_and(|choices| choices.iter().any(absent))
}

/// DescribeKey takes every name of a key; GetKeyPolicy takes no alias.
async fn seal(client: &AsyncClient, region: &str, key: &str) -> Fact<Sealed> {
    if key.is_empty() {
        return Fact::Known(Sealed::Not);
    }
    if key.ends_with("alias/aws/sns") {
        return Fact::Known(Sealed::ByAws);
    }
    let call = Call::DescribeKey;
    let KeyMetadata { arn, key_state, key_manager } = match client.ask(call, region, json!({ "KeyId": key })).await {
        Err(why) if is_gone(&why) => return Fact::Known(Sealed::Gone),
        Err(why) => return Fact::of(call, Err(why)),
        Ok(DescribedKey { key_metadata }) => key_metadata,
    };
    if key_manager == "AWS" {
        return Fact::Known(Sealed::ByAws);
    }
    if key_state != "Enabled" {
        return Fact::Known(Sealed::Unusable(key_state));
    }
    let call = Call::GetKeyPolicy;
    match client.ask(call, region, json!({ "KeyId": arn, "PolicyName": "default" })).await {
        Err(why) if is_gone(&why) => Fact::Known(Sealed::Gone),
        answer => Fact::of(call, answer).map(|KeyPolicy { policy }| Sealed::By(policy)),
    }
}

impl Read {
    /// What this publisher's messages come to.
    pub(super) fn to(&self, topic: &str, publisher: &Publisher<'_>) -> Topic {
        let request = |key| Request { publisher, topic, key };
        let seal = self.seal.clone().map(|sealed| match sealed {
            Sealed::Not => Seal::Open,
            Sealed::ByAws => Seal::AwsManaged,
            Sealed::Gone => Seal::Gone,
            Sealed::Unusable(state) => Seal::Unusable(state),
            Sealed::By(policy) => {
                let both = ["kms:Decrypt", "kms:GenerateDataKey"].map(|action| request(true).may(&policy, action));
                match both {
                    [May::No, _] | [_, May::No] => Seal::Refuses,
                    [May::DependsOn(key), _] | [_, May::DependsOn(key)] => Seal::DependsOn(key),
                    [May::Yes, May::Yes] => Seal::Open,
                }
            }
        });
        Topic {
            publish: self.policy.clone().map(|policy| request(false).may(&policy, "sns:Publish")),
            publisher: publisher.service.name(),
            seal,
            subscriptions: self.subscriptions.clone(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// An alarm.
    CloudWatch,
    /// A rule.
    EventBridge,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch.amazonaws.com",
            Self::EventBridge => "events.amazonaws.com",
        }
    }
}

/// A service, on behalf of something in an account.
pub(super) struct Publisher<'a> {
    pub(super) service: Service,
    pub(super) account: &'a str,
    /// The alarm's ARN, or the rule's.
    pub(super) source: &'a str,
    /// A rule's target may name a role to publish with.
    pub(super) role: bool,
}

impl<'a> Publisher<'a> {
    /// An alarm, or a rule whose target names no role.
    pub(super) fn of(account: &'a str, sender: Sender<'a>) -> Self {
        let (service, source) = match sender {
            Sender::Alarm(alarm) => (Service::CloudWatch, alarm),
            Sender::Rule(rule) => (Service::EventBridge, rule),
        };
        Self { service, account, source, role: false }
    }
}

/// What publishes to a topic, by its ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sender<'a> {
    Alarm(&'a str),
    Rule(&'a str),
}

/// Whether a topic with this policy would let a sender of this account publish.
#[must_use]
pub fn lets_in(policy: &str, topic: &str, account: &str, sender: Sender<'_>) -> May {
    Request { publisher: &Publisher::of(account, sender), topic, key: false }.may(policy, "sns:Publish")
}

/// Whether a key with this policy would let a sender of this account publish to a topic that it encrypts.
#[must_use]
pub fn key_lets_in(policy: &str, topic: &str, account: &str, sender: Sender<'_>) -> bool {
    let request = Request { publisher: &Publisher::of(account, sender), topic, key: true };
    ["kms:Decrypt", "kms:GenerateDataKey"].iter().all(|action| request.may(policy, action) != May::No)
}

/// A publisher's use of a topic, or of its key.
struct Request<'a> {
    publisher: &'a Publisher<'a>,
    topic: &'a str,
    key: bool,
}

impl Request<'_> {
    /// Whether a policy lets it: some statement must allow it, and none deny.
    fn may(&self, policy: &str, action: &str) -> May {
        let statements = match serde_json::from_str::<Value>(policy)
            .ok()
            .and_then(|mut policy| policy.get_mut("Statement").map(Value::take))
        {
            Some(Value::Array(all)) => all,
            Some(one @ Value::Object(_)) => vec![one],
            _ => return May::DependsOn("Policy".to_owned()),
        };
        let any = |effect: &str| {
            let of =
                statements.iter().filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some(effect));
            of.map(|statement| self.is_meant(statement, action)).fold(Answer::No, Answer::or)
        };
        match any("Allow").and(any("Deny").not()) {
            Answer::Yes => May::Yes,
            // Its role may be allowed by a policy of its own.
            Answer::No if self.publisher.role => May::DependsOn("RoleArn".to_owned()),
            Answer::No => May::No,
            Answer::Unclear(key) => May::DependsOn(key),
        }
    }

    fn is_meant(&self, statement: &Value, action: &str) -> Answer {
        let action = named(statement, "Action", "NotAction", |pattern| {
            Answer::of(fits(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
        });
        // A key's policy is about the key, whatever it says.
        let resource = || match self.key {
            true => Answer::Yes,
            false => named(statement, "Resource", "NotResource", |pattern| match filled_in(pattern, self) {
                Ok(pattern) => Answer::of(fits(&pattern, self.topic)),
                Err(unclear) if !fits(&unclear.at_most, self.topic) => Answer::No,
                Err(unclear) => Answer::Unclear(unclear.variable),
            }),
        };
        match action.and(self.is_named(statement)) {
            Answer::No => Answer::No,
            answer => answer.and(resource()).and(conditions(statement, self)),
        }
    }

    fn is_named(&self, statement: &Value) -> Answer {
        let Some(principal) = statement.get("Principal") else { return Answer::Unclear("NotPrincipal".to_owned()) };
        let of = |kind: &str| principal.get(kind).map(texts).unwrap_or_default();
        let service = self.publisher.service.name();
        let of_aws = of("AWS");
        if principal == "*" || of_aws.iter().any(|one| one == "*") || of("Service").iter().any(|one| one == service) {
            return Answer::Yes;
        }
        // Whether an alarm counts as its account is nowhere said.
        let own = |one: &String| {
            *one == self.publisher.account || one.ends_with(&format!(":{}:root", self.publisher.account))
        };
        match self.publisher.service {
            Service::CloudWatch if !self.key && of_aws.iter().any(own) => Answer::Unclear("Principal".to_owned()),
            _ => Answer::No,
        }
    }
}

impl Keys for Request<'_> {
    fn key(&self, key: &str) -> KeyValue {
        let is = |text: &str| KeyValue::Is(text.to_owned());
        let Publisher { service, account, source, .. } = self.publisher;
        match (key, service) {
            ("aws:sourceaccount", Service::CloudWatch) => is(account),
            ("aws:sourcearn", Service::CloudWatch) => is(source),
            // What a topic's default policy asks for: alarms pass, rules do not.
            ("aws:sourceowner", Service::CloudWatch) => is(account),
            ("aws:sourceowner", Service::EventBridge) => KeyValue::Absent,
            // EventBridge gives a key neither; whether it gives them to a topic, AWS has said both.
            ("aws:sourceaccount" | "aws:sourcearn", Service::EventBridge) if self.key => KeyValue::Absent,
            ("aws:securetransport" | "aws:principalisawsservice", _) => is("true"),
            ("aws:principalservicename", _) => is(service.name()),
            ("kms:encryptioncontext:aws:sns:topicarn", _) => is(self.topic),
            ("sns:endpoint" | "sns:protocol", _) => KeyValue::Absent,
            (key, _) if key.starts_with("aws:principal") => KeyValue::Absent,
            _ => KeyValue::Unknown,
        }
    }
}
