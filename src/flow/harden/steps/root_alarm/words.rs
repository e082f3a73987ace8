//! What a plan says of the topic, its key and its subscribers, for people.

use super::key::OwnKey;
use super::topic::{Consent, Encryption, Hindrance, OwnTopic, TopicAt};
use crate::flow::harden::emit::EmittedTopic;
use crate::flow::harden::names::{KEY_ALIAS, ROOT_USE};
use crate::person::{HardenChange, HardenSettings};

pub(super) const NO_ADDRESS: &str = "name the address to be told with --alarm-email ADDRESS; AWS asks it to confirm";
pub(super) const ASKED: &str = "AWS has asked the address to confirm; a subscription that nobody confirms ends by itself \
                                after two days";
pub(super) const CONFIRMED: &str =
    "the address had been asked before, and has confirmed since: its subscription stays";
pub(super) const UNKNOWN: &str = "whether the address confirms";

/// What of the topic is not as glasskey makes it, and may be somebody's.
pub(super) fn topic_in_the_way(topic: Option<&OwnTopic>, at: &TopicAt) -> Option<String> {
    let (who, service) = (who(at), at.service());
    Some(match topic?.hindrance.as_ref()? {
        Hindrance::Key(key) => format!(
            "the topic {ROOT_USE} is encrypted with {key}, with which {who} cannot publish: turn its encryption off, or \
             let {service} use a key of your own (kms:Decrypt, kms:GenerateDataKey*)"
        ),
        Hindrance::Policy => format!("the policy of the topic {ROOT_USE} keeps {who} out: mend or delete the topic"),
        Hindrance::Filter => format!(
            "the subscription of the address to the topic {ROOT_USE} has a filter policy, which lets nothing of {who} \
             through: remove it"
        ),
    })
}

fn who(at: &TopicAt) -> &'static str {
    match at.service() {
        "cloudwatch.amazonaws.com" => "alarms",
        _ => "rules",
    }
}

pub(super) fn row(what: &str, before: String, after: String) -> HardenChange {
    HardenChange { what: what.to_owned(), before, after }
}

/// The rows of topic, key and address.
pub(super) fn rows(
    (topic_before, topic_after): (Option<&OwnTopic>, Option<&OwnTopic>),
    (key_before, key_after): (Option<&OwnKey>, Option<&OwnKey>),
    (consent_before, consent_after): (Consent, Consent),
    settings: &HardenSettings,
    lets: &str,
) -> Vec<HardenChange> {
    let mut rows = vec![row("topic", topic(topic_before, lets), topic(topic_after, lets))];
    rows.push(row("topic's key", key(key_before, topic_before), key(key_after, topic_after)));
    let address = settings.alarm_email.as_deref().unwrap_or("address");
    rows.push(row(address, consent(consent_before), consent(consent_after)));
    rows
}

/// `lets`: whom its policy lets publish.
fn topic(topic: Option<&OwnTopic>, lets: &str) -> String {
    match topic {
        None => "none".to_owned(),
        Some(OwnTopic { lets_in: true, .. }) => format!("{ROOT_USE}, whose policy lets {lets} publish"),
        Some(_) => format!("{ROOT_USE}, whose policy does not name {lets}"),
    }
}

fn key(key: Option<&OwnKey>, topic: Option<&OwnTopic>) -> String {
    match (key, topic.map(|topic| topic.encryption)) {
        (_, Some(Encryption::Other)) => "another one".to_owned(),
        (Some(OwnKey { alias: true, rotates, .. }), Some(Encryption::Own)) => {
            let rotates = if *rotates { "rotated every year" } else { "not rotated" };
            format!("{KEY_ALIAS}, {rotates}")
        }
        (Some(OwnKey { alias: true, .. }), _) => format!("none; {KEY_ALIAS} is there"),
        (Some(_), _) => "none; one without a name is there".to_owned(),
        (None, _) => "none".to_owned(),
    }
}

fn consent(consent: Consent) -> String {
    match consent {
        Consent::None => "not subscribed",
        Consent::Pending => "asked to confirm",
        Consent::Confirmed => "subscribed and confirmed",
    }
    .to_owned()
}

/// What the address is asked, and whether the topic is encrypted.
pub(super) fn effects(
    (consent_before, consent_after): (Consent, Consent),
    makes_topic: bool,
    settings: &HardenSettings,
    publishers: &str,
) -> Vec<String> {
    let mut effects = Vec::new();
    if let Some(address) = settings.alarm_email.as_ref().filter(|_| consent_before != consent_after) {
        effects.push(format!(
            "AWS writes to {address}, which has to confirm: `glasskey root alarm confirm -` takes the link out of that \
             mail. The step is done once it is confirmed; it waits {} s for that.",
            settings.alarm_wait
        ));
    }
    if settings.alarm_kms {
        effects.push(
            "The key costs $1 a month. To undo this is to delete it, which KMS does after 30 days; until then that can be \
             cancelled."
                .to_owned(),
        );
    } else if makes_topic {
        effects.push(format!(
            "The topic is not encrypted: with AWS's own key for SNS {publishers} cannot publish, and a key of your own \
             (--kms) costs $1 a month. The messages say what happened, and hold no secret."
        ));
    }
    effects
}

/// Whether a key was asked for that the topic lacks.
pub(super) fn lacks_key(topic: Option<&OwnTopic>, key: Option<&OwnKey>, settings: &HardenSettings) -> bool {
    let is_whole = key.is_some_and(|key| key.alias && key.rotates);
    let lacks = match topic.map(|topic| topic.encryption) {
        Some(Encryption::Own) => !is_whole,
        Some(Encryption::Other) => false,
        Some(Encryption::None) | None => true,
    };
    settings.alarm_kms && lacks
}

/// The topic, in other languages.
pub(super) fn emitted<'s>(topic: Option<&OwnTopic>, settings: &'s HardenSettings) -> EmittedTopic<'s> {
    let is_own = topic.is_some_and(|topic| topic.encryption == Encryption::Own);
    EmittedTopic { name: ROOT_USE, email: settings.alarm_email.as_deref(), key: is_own.then_some(KEY_ALIAS) }
}
