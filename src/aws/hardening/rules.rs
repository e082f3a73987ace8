//! EventBridge: rules of the default bus for the root user's events, one for each region. A rule sees the events of its
//! region, and its targets are in the same one.

use super::found;
use super::read::{needed, text};
use crate::aws::beside::side_by_side;
use crate::aws::send::AsyncClient;
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The state of a rule that sees management events which only read as well; `ENABLED` leaves those out.
pub const ALL_MANAGEMENT_EVENTS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// A rule to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// Its name. One of the same name is overwritten, and keeps its targets.
    pub name: String,
    /// What a person reads in the console.
    pub description: String,
    /// [`root_event_pattern`], for example.
    pub pattern: Value,
}

/// A rule as it is (DescribeRule).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRule {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its event pattern; `None`: it runs by a schedule.
    pub pattern: Option<Value>,
    /// `ENABLED`, `DISABLED` or [`ALL_MANAGEMENT_EVENTS`].
    pub state: String,
}

/// What a rule sends its events to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTarget {
    /// Its id, which is unique in its rule.
    pub id: String,
    /// Its ARN: a topic, for example.
    pub arn: String,
    /// What becomes of the event on its way ([`root_transformer`]); `None`: it is sent as it is.
    pub transformer: Option<Value>,
    /// The ARN of the role that sends it: to another region's bus.
    pub role: Option<String>,
}

/// A rule with its targets.
pub type TargetedRule = (EventRule, Vec<RuleTarget>);

/// What EventBridge counts of a rule (EventBridge User Guide, "Monitoring Amazon EventBridge").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// How often a target was invoked.
    pub invocations: u64,
    /// How often that failed for good.
    pub failed: u64,
}

impl Account {
    /// PutRule, for all management events: its ARN.
    pub fn put_rule(&self, region: &str, rule: &NewRule) -> Result<String, Error> {
        let call = Call::PutRule;
        let body = json!({
            "Name": rule.name, "Description": rule.description, "EventPattern": rule.pattern.to_string(),
            "State": ALL_MANAGEMENT_EVENTS,
        });
        needed(call, &self.plain(call, region, body)?, "RuleArn")
    }

    /// DescribeRule. `None`: there is no such rule.
    pub fn rule(&self, region: &str, name: &str) -> Result<Option<EventRule>, Error> {
        self.ask(async |client| rule(client, region, name).await)
    }

    /// DescribeRule and ListTargetsByRule, in each of these regions side by side: the rule of this name with its targets, in
    /// the order of the regions.
    pub fn rules_of(&self, regions: &[String], name: &str) -> Result<Vec<Option<TargetedRule>>, Error> {
        let whole = async |client: &AsyncClient, region: &str| {
            let Some(rule) = rule(client, region, name).await? else { return Ok(None) };
            Ok(targets(client, region, name).await?.map(|targets| (rule, targets)))
        };
        self.ask_much(true, async |client| {
            side_by_side(regions.iter().map(|region| whole(client, region))).await.into_iter().collect()
        })
    }

    /// PutTargets: one, in the place of the one with its id. A role that was made a moment ago is waited for.
    pub fn put_target(&self, region: &str, rule: &str, target: &RuleTarget) -> Result<(), Error> {
        let mut one = json!({ "Id": target.id, "Arn": target.arn });
        if let (Some(transformer), Some(members)) = (&target.transformer, one.as_object_mut()) {
            members.insert("InputTransformer".to_owned(), transformer.clone());
        }
        if let (Some(role), Some(members)) = (&target.role, one.as_object_mut()) {
            members.insert("RoleArn".to_owned(), json!(role));
        }
        let call = Call::PutTargets;
        let body = json!({ "Rule": rule, "Targets": [one] });
        self.patiently(call, || all_done(call, &self.plain(call, region, body.clone())?))
    }

    /// ListTargetsByRule. `None`: there is no such rule.
    pub fn rule_targets(&self, region: &str, rule: &str) -> Result<Option<Vec<RuleTarget>>, Error> {
        self.ask(async |client| targets(client, region, rule).await)
    }

    /// RemoveTargets: those of these ids.
    pub fn remove_targets(&self, region: &str, rule: &str, ids: &[&str]) -> Result<(), Error> {
        let call = Call::RemoveTargets;
        all_done(call, &self.plain(call, region, json!({ "Rule": rule, "Ids": ids }))?)
    }

    /// DeleteRule. [`super::Obstacle::InUse`] while it has targets.
    pub fn delete_rule(&self, region: &str, name: &str) -> Result<(), Error> {
        self.plain(Call::DeleteRule, region, json!({ "Name": name })).map(drop)
    }

    /// TestEventPattern: whether it matches an event ([`super::bus_event`]).
    pub fn test_event_pattern(&self, region: &str, pattern: &Value, event: &Value) -> Result<bool, Error> {
        let call = Call::TestEventPattern;
        let body = json!({ "EventPattern": pattern.to_string(), "Event": event.to_string() });
        let answer = self.plain(call, region, body)?;
        answer.get("Result").and_then(Value::as_bool).ok_or(Error::Malformed { call })
    }
}

impl Account {
    /// PutEvents: one event on the default bus. EventBridge takes no source that begins with `aws.` from anybody.
    pub fn put_event(&self, region: &str, source: &str, detail_type: &str, detail: &Value) -> Result<(), Error> {
        let call = Call::PutEvents;
        let entry = json!({ "Source": source, "DetailType": detail_type, "Detail": detail.to_string() });
        let answer = self.plain(call, region, json!({ "Entries": [entry] }))?;
        let first = answer.get("Entries").and_then(|all| all.get(0)).ok_or(Error::Malformed { call })?;
        match text(first, "ErrorCode") {
            None if text(first, "EventId").is_some() => Ok(()),
            None => Err(Error::Malformed { call }),
            Some(code) => {
                let message = text(first, "ErrorMessage").unwrap_or_default();
                Err(Error::Refused { call, status: 200, code, message })
            }
        }
    }

    /// GetMetricData: what rules of several regions have counted from one moment to another, asked side by side. Each is a
    /// region and a name.
    pub fn counts_of(
        &self,
        rules: &[(&str, &str)],
        from: SystemTime,
        to: SystemTime,
    ) -> Result<Vec<RuleCounts>, Error> {
        self.ask_much(true, async |client| {
            side_by_side(rules.iter().map(|rule| counts(client, *rule, (from, to)))).await.into_iter().collect()
        })
    }
}

async fn counts(
    client: &AsyncClient,
    (region, rule): (&str, &str),
    (from, to): (SystemTime, SystemTime),
) -> Result<RuleCounts, Error> {
    let call = Call::GetMetricData;
    let seconds = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let query = |id: &str, name: &str| {
        let metric = json!({
            "Namespace": "AWS/Events", "MetricName": name, "Dimensions": [{ "Name": "RuleName", "Value": rule }],
        });
        json!({ "Id": id, "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" }, "ReturnData": true })
    };
    let body = json!({
        "MetricDataQueries": [query("invoked", "Invocations"), query("failed", "FailedInvocations")],
        "StartTime": seconds(from), "EndTime": seconds(to),
    });
    let results: Vec<Value> = client.pages(call, region, body, "MetricDataResults", "NextToken").await?;
    let sum = |id: &str| {
        let of = results.iter().filter(|one| one.get("Id").and_then(Value::as_str) == Some(id));
        let values = of.filter_map(|one| one.get("Values")?.as_array()).flatten().filter_map(Value::as_f64);
        values.sum::<f64>().round().max(0.0) as u64
    };
    Ok(RuleCounts { invocations: sum("invoked"), failed: sum("failed") })
}

async fn rule(client: &AsyncClient, region: &str, name: &str) -> Result<Option<EventRule>, Error> {
    let call = Call::DescribeRule;
    let asked: Result<Value, Error> = client.ask(call, region, json!({ "Name": name })).await;
    let Some(answer) = found(asked)? else { return Ok(None) };
    Ok(Some(EventRule {
        name: needed(call, &answer, "Name")?,
        arn: needed(call, &answer, "Arn")?,
        pattern: text(&answer, "EventPattern").and_then(|pattern| serde_json::from_str(&pattern).ok()),
        state: needed(call, &answer, "State")?,
    }))
}

async fn targets(client: &AsyncClient, region: &str, rule: &str) -> Result<Option<Vec<RuleTarget>>, Error> {
    let call = Call::ListTargetsByRule;
    let list: Result<Vec<Value>, Error> =
        client.pages(call, region, json!({ "Rule": rule }), "Targets", "NextToken").await;
    let read = |one: &Value| {
        let transformer = one.get("InputTransformer").filter(|value| !value.is_null()).cloned();
        let (id, arn, role) = (needed(call, one, "Id")?, needed(call, one, "Arn")?, text(one, "RoleArn"));
        Ok(RuleTarget { id, arn, transformer, role })
    };
    found(list)?.map(|list| list.iter().map(read).collect()).transpose()
}

/// The call succeeds where some of its entries failed: those are said in the reply.
fn all_done(call: Call, answer: &Value) -> Result<(), Error> {
    match answer.get("FailedEntryCount").and_then(Value::as_u64) {
        Some(0) => Ok(()),
        Some(_) => {
            let first = answer.get("FailedEntries").and_then(|all| all.get(0)).unwrap_or(&Value::Null);
            let said = |name: &str| text(first, name).unwrap_or_default();
            Err(Error::Refused { call, status: 200, code: said("ErrorCode"), message: said("ErrorMessage") })
        }
        None => Err(Error::Malformed { call }),
    }
}

/// What a rule matches: root's sign-ins and calls, but not those that a service makes. `spare_tasks`: nor those of
/// AssumeRoot's tasks.
#[must_use]
pub fn root_event_pattern(spare_tasks: bool) -> Value {
    let mut identity = json!({ "type": ["Root"], "invokedBy": [{ "exists": false }] });
    if let Some(members) = identity.as_object_mut().filter(|_| spare_tasks) {
        members.insert("sessionContext".to_owned(), json!({ "assumedRoot": [{ "exists": false }] }));
    }
    json!({
        "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
        "detail": { "userIdentity": identity },
    })
}

/// What makes a mail of an event that a person can read, be it root's or a marked one of a test. It names nothing that an
/// event of root's may lack.
#[must_use]
pub fn root_transformer() -> Value {
    json!({
        "InputPathsMap": {
            "account": "$.account", "what": "$.detail.eventName", "service": "$.detail.eventSource",
            "region": "$.detail.awsRegion", "when": "$.detail.eventTime", "address": "$.detail.sourceIPAddress",
        },
        "InputTemplate": "\"Use of the root user of AWS account <account>: <what> (<service>) in <region> at <when> from <address>.\"",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::posture::{Own, Watch};

    #[test]
    fn the_pattern_takes_all_of_roots_events_and_nobody_elses() {
        let own = Own { account: "111122223333".to_owned(), partition: "aws".to_owned() };
        for spare_tasks in [false, true] {
            let pattern = root_event_pattern(spare_tasks).to_string();
            assert_eq!(Watch::of(&pattern, &own, "us-east-1"), Watch::Everything, "{pattern}");
        }
    }

    #[test]
    fn an_entry_that_failed_is_a_refusal() {
        let answer = json!({ "FailedEntryCount": 1, "FailedEntries": [
            { "TargetId": "mail", "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "again" },
        ] });
        let refused = all_done(Call::PutTargets, &answer);
        assert!(matches!(&refused, Err(Error::Refused { code, .. }) if code == "ConcurrentModificationException"));
        assert_eq!(all_done(Call::PutTargets, &json!({ "FailedEntryCount": 0 })), Ok(()));
    }
}
