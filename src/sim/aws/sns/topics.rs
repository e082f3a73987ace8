//! SNS's topics: making, changing and deleting them.

use super::super::policy::Policy;
use super::super::posture::Topic;
use super::super::wire::{Refusal, Xml};
use super::super::{Ctx, Outcome};
use super::{existing, invalid};

/// Attributes by `Attributes.entry.N`, as CreateTopic takes them.
fn attributes<'c>(ctx: &'c Ctx<'_>) -> Vec<(&'c str, &'c str)> {
    let pair = |n: i32| {
        let key = ctx.form.get(&format!("Attributes.entry.{n}.key"))?;
        Some((key, ctx.form.get(&format!("Attributes.entry.{n}.value")).unwrap_or_default()))
    };
    (1..).map_while(pair).collect()
}

/// The ARN that a topic of this name has. `None`: no topic can have the name.
fn arn(ctx: &Ctx<'_>) -> Option<String> {
    let name = ctx.form.get("Name")?;
    let fits =
        (1..=256).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    fits.then(|| format!("arn:{}:sns:{}:{}:{name}", ctx.state.partition.as_str(), ctx.region, ctx.state.account))
}

/// A name that is taken gives the topic there is, unless the request wants it to be another.
pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = arn(ctx).ok_or_else(|| invalid("Topic Name"))?;
    let mut wanted = Topic { arn: arn.clone(), ..Topic::default() };
    for (name, value) in attributes(ctx) {
        set(&mut wanted, name, value)?;
    }
    let posture = &mut ctx.state.posture;
    let there = posture.topics.iter().find(|topic| topic.arn == arn).cloned();
    let subscribed = posture.subscriptions.iter().any(|one| one.topic == arn);
    let there = there.or_else(|| subscribed.then(|| Topic { arn: arn.clone(), ..Topic::default() }));
    match there {
        Some(there) => {
            let differs = |wanted: &Option<String>, there: &Option<String>| wanted.is_some() && wanted != there;
            if differs(&wanted.policy, &there.policy) || differs(&wanted.key, &there.key) {
                return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
            }
        }
        None => posture.topics.push(wanted),
    }
    let mut xml = Xml::default();
    xml.text("TopicArn", &arn);
    Ok(xml)
}

fn set(topic: &mut Topic, name: &str, value: &str) -> Result<(), Refusal> {
    match name {
        "Policy" => {
            Policy::parse_of_resource(value).map_err(|_| invalid("Policy Error: null"))?;
            topic.policy = Some(value.to_owned());
        }
        "KmsMasterKeyId" => topic.key = Some(value.to_owned()).filter(|key| !key.is_empty()),
        _ => return Err(invalid("AttributeName")),
    }
    Ok(())
}

pub(super) fn set_attributes(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = existing(ctx)?.to_owned();
    let name = ctx.form.get("AttributeName").ok_or_else(|| invalid("AttributeName"))?;
    let value = ctx.form.get("AttributeValue").unwrap_or_default();
    let topics = &mut ctx.state.posture.topics;
    let mut topic = topics.iter().find(|topic| topic.arn == arn).cloned().unwrap_or_default();
    set(&mut topic, name, value)?;
    topics.retain(|topic| topic.arn != arn);
    topics.push(Topic { arn, ..topic });
    Ok(Xml::default())
}

/// With its subscriptions. A topic that is not there is no error.
pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = match existing(ctx) {
        Ok(arn) => arn.to_owned(),
        Err(refusal) if refusal.code == "NotFound" => return Ok(Xml::default()),
        Err(refusal) => return Err(refusal),
    };
    let posture = &mut ctx.state.posture;
    posture.topics.retain(|topic| topic.arn != arn);
    posture.subscriptions.retain(|one| one.topic != arn);
    Ok(Xml::default())
}
