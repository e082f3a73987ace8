//! SNS: the topic that alarms and rules publish to, and whom it reaches.

use super::found;
use super::read::{needed, text};
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A topic as it is (GetTopicAttributes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Its policy. One that nobody has put is AWS's default.
    pub policy: Option<String>,
    /// The KMS key that encrypts it: an id, an ARN or an alias.
    pub key: Option<String>,
}

/// How far a subscription has come (ListSubscriptionsByTopic).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subscription {
    /// Whoever reads the mail has not confirmed.
    Pending,
    /// It was ended, and is listed for a while.
    Deleted,
    /// It is confirmed, and this is its ARN.
    Confirmed(String),
}

/// Whom a topic reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSubscriber {
    /// How far it has come.
    pub subscription: Subscription,
    /// `email`, `https`, …
    pub protocol: String,
    /// An address, as a rule.
    pub endpoint: String,
}

/// Who publishes to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// CloudWatch, for the alarm of this ARN.
    Alarm(String),
    /// EventBridge. It does not say for which rule (see [`topic_statements`]).
    Rules,
}

/// What a confirmation mail's link has in it. No `Debug`: whoever has the token can confirm.
#[derive(Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The topic's ARN.
    pub topic: String,
    /// The address that is asked, where the link names it.
    pub endpoint: Option<String>,
    token: String,
}

impl Confirmation {
    /// Reads the link of a confirmation mail: `https://sns.REGION.amazonaws.com/confirmation.html?TopicArn=…&Token=…`.
    /// `None`: it is none.
    #[must_use]
    pub fn of_link(link: &str) -> Option<Self> {
        let (page, query) = link.trim().split_once('?')?;
        let host = page.strip_prefix("https://")?.split('/').next()?;
        if !host.starts_with("sns.") {
            return None;
        }
        // Out of the source of a mail, `&` is written `&amp;`.
        let query = query.replace("&amp;", "&");
        let value = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        let topic = value("TopicArn").filter(|arn| region_of(arn).is_some())?;
        Some(Self { topic, endpoint: value("Endpoint"), token: value("Token")? })
    }
}

/// The region in a topic's ARN, where it is one.
fn region_of(topic: &str) -> Option<&str> {
    let parts: Vec<&str> = topic.split(':').collect();
    match *parts {
        ["arn", _, "sns", region, account, name, ..] if ![region, account, name].contains(&"") => Some(region),
        _ => None,
    }
}

/// As [`region_of`]; what is no topic's ARN is refused before anything is sent.
fn region(topic: &str) -> Result<&str, Error> {
    region_of(topic).ok_or_else(|| Error::Invalid { message: format!("{topic} is no topic's ARN") })
}

impl Account {
    /// CreateTopic: its ARN. The one that has the name already is given as it is.
    pub fn create_topic(&self, region: &str, name: &str) -> Result<String, Error> {
        let call = Call::CreateTopic;
        needed(call, &self.plain(call, region, json!({ "Name": name }))?, "TopicArn")
    }

    /// GetTopicAttributes. `None`: there is no such topic.
    pub fn topic(&self, arn: &str) -> Result<Option<Topic>, Error> {
        let call = Call::GetTopicAttributes;
        let Some(answer) = found(self.plain(call, region(arn)?, json!({ "TopicArn": arn })))? else {
            return Ok(None);
        };
        let all = answer.get("Attributes").ok_or(Error::Malformed { call })?;
        Ok(Some(Topic { arn: arn.to_owned(), policy: text(all, "Policy"), key: text(all, "KmsMasterKeyId") }))
    }

    /// SetTopicAttributes: the policy, whole. What is put is [`super::merged`] with what was there.
    pub fn set_topic_policy(&self, arn: &str, policy: &str) -> Result<(), Error> {
        let body = json!({ "TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy });
        self.plain(Call::SetTopicAttributes, region(arn)?, body).map(drop)
    }

    /// Subscribe: an address, which gets a mail that asks it to confirm. `Some`: the subscription's ARN, where the address
    /// has confirmed before. Sent once: after a lost reply [`Account::subscribers`] tells.
    pub fn subscribe(&self, topic: &str, address: &str) -> Result<Option<String>, Error> {
        let call = Call::Subscribe;
        let body = json!({ "TopicArn": topic, "Protocol": "email", "Endpoint": address });
        let arn = needed(call, &self.plain(call, region(topic)?, body)?, "SubscriptionArn")?;
        Ok(Some(arn).filter(|arn| arn.starts_with("arn:")))
    }

    /// ConfirmSubscription: signed, so that the link in a mail does not end it. The subscription's ARN.
    pub fn confirm_subscription(&self, confirmation: &Confirmation) -> Result<String, Error> {
        let call = Call::ConfirmSubscription;
        let Confirmation { topic, token, .. } = confirmation;
        let body = json!({ "TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true" });
        needed(call, &self.plain(call, region(topic)?, body)?, "SubscriptionArn")
    }

    /// ListSubscriptionsByTopic. `None`: there is no such topic.
    pub fn subscribers(&self, topic: &str) -> Result<Option<Vec<TopicSubscriber>>, Error> {
        let call = Call::ListSubscriptionsByTopic;
        let body = json!({ "TopicArn": topic });
        let list = found(self.plain_list(call, region(topic)?, body, ("Subscriptions", "NextToken")))?;
        let read = |one: &Value| {
            let subscription = match needed(call, one, "SubscriptionArn")?.as_str() {
                "PendingConfirmation" => Subscription::Pending,
                "Deleted" => Subscription::Deleted,
                arn => Subscription::Confirmed(arn.to_owned()),
            };
            let protocol = needed(call, one, "Protocol")?;
            Ok(TopicSubscriber { subscription, protocol, endpoint: text(one, "Endpoint").unwrap_or_default() })
        };
        list.map(|list| list.iter().map(read).collect()).transpose()
    }

    /// GetSubscriptionAttributes: whether only the account can end it, and not the link in a mail. `None`: there is no such
    /// subscription.
    pub fn subscription_is_authenticated(&self, arn: &str) -> Result<Option<bool>, Error> {
        let call = Call::GetSubscriptionAttributes;
        let answer = found(self.plain(call, region(arn)?, json!({ "SubscriptionArn": arn })))?;
        let said = |answer: Value| text(answer.get("Attributes")?, "ConfirmationWasAuthenticated");
        Ok(answer.map(|answer| said(answer).as_deref() == Some("true")))
    }

    /// Unsubscribe. [`super::Obstacle::Pending`] while it is not confirmed: it ends by itself after two days.
    pub fn unsubscribe(&self, subscription: &str) -> Result<(), Error> {
        let body = json!({ "SubscriptionArn": subscription });
        self.plain(Call::Unsubscribe, region(subscription)?, body).map(drop)
    }

    /// DeleteTopic, with its subscriptions.
    pub fn delete_topic(&self, arn: &str) -> Result<(), Error> {
        self.plain(Call::DeleteTopic, region(arn)?, json!({ "TopicArn": arn })).map(drop)
    }
}

/// What lets these publish to a topic, and nobody else. EventBridge does not say for which rule it publishes: with
/// `aws:SourceArn` or `aws:SourceAccount` it would be kept out where AWS leaves them out.
#[must_use]
pub fn topic_statements(topic: &str, publishers: &[Publisher]) -> Vec<Value> {
    let statement = |publisher: &Publisher| match publisher {
        Publisher::Alarm(alarm) => json!({
            "Sid": "GlasskeyAlarm", "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" },
            "Action": "sns:Publish", "Resource": topic,
            "Condition": {
                "ArnLike": { "aws:SourceArn": alarm },
                "StringEquals": { "aws:SourceAccount": alarm.split(':').nth(4).unwrap_or_default() },
            },
        }),
        Publisher::Rules => json!({
            "Sid": "GlasskeyRules", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": topic,
        }),
    };
    publishers.iter().map(statement).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:root-use";

    #[test]
    fn the_link_of_a_confirmation_mail_gives_topic_and_token() {
        let encoded = "arn%3Aaws%3Asns%3Aus-east-1%3A111122223333%3Aroot-use";
        for link in [
            format!(
                "https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={TOPIC}&Token=2336&Endpoint=a@b.c"
            ),
            format!(" https://sns.us-east-1.amazonaws.com/confirmation.html?Token=2336&amp;TopicArn={encoded}\n"),
        ] {
            let confirmation = Confirmation::of_link(&link).unwrap();
            assert_eq!((confirmation.topic.as_str(), confirmation.token.as_str()), (TOPIC, "2336"), "{link}");
        }
        for link in [
            "",
            "2336",
            "https://sns.us-east-1.amazonaws.com/confirmation.html",
            &format!("https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={TOPIC}"),
            &format!("https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={TOPIC}&Token="),
            "https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn=root-use&Token=2336",
            &format!("https://example.com/confirmation.html?TopicArn={TOPIC}&Token=2336"),
            &format!("http://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={TOPIC}&Token=2336"),
        ] {
            assert!(Confirmation::of_link(link).is_none(), "{link}");
        }
    }

    #[test]
    fn an_alarm_is_let_in_by_its_arn_and_rules_without_a_source() {
        let alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use".to_owned();
        let [by_alarm, by_rules] = &topic_statements(TOPIC, &[Publisher::Alarm(alarm.clone()), Publisher::Rules])[..]
        else {
            return;
        };
        assert_eq!(by_alarm["Condition"]["ArnLike"]["aws:SourceArn"], json!(alarm));
        assert_eq!(by_alarm["Condition"]["StringEquals"]["aws:SourceAccount"], "111122223333");
        assert_eq!(by_rules.get("Condition"), None);
        assert_eq!((&by_alarm["Resource"], &by_rules["Resource"]), (&json!(TOPIC), &json!(TOPIC)));
    }
}
