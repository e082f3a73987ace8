//! Who notices when root is used: trail, log group, filter, alarm, topic, subscription; or an EventBridge rule.

use super::event::Watch;
use super::facts::{Alarm, Fact, Filter, Logs, Management, Rule, Subscription, Target, Trail, TrailStatus};
use super::pattern::{Coverage, Pattern};
use crate::aws::Call;
use crate::aws::ask::Asker;
use serde_json::{Value, json};

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Every trail that reaches the region, each with all that is behind it, asked in its home region.
pub(super) async fn trails(asker: &Asker, region: &str) -> Fact<Vec<Trail>> {
    let call = Call::DescribeTrails;
    let answer = match asker.ask(call, region, json!({})).await {
        Ok(answer) => answer,
        Err(why) => return Fact::of(call, Err(why)),
    };
    let mut trails = Vec::new();
    for trail in items(&answer, "trailList") {
        trails.push(read_trail(asker, region, trail).await);
    }
    Fact::Known(trails)
}

async fn read_trail(asker: &Asker, region: &str, trail: &Value) -> Trail {
    let arn = text(trail, "TrailARN");
    let home = Some(text(trail, "HomeRegion")).filter(|home| !home.is_empty()).unwrap_or(region);
    let (status, selectors) = (Call::GetTrailStatus, Call::GetEventSelectors);
    let (status, management, logs) = tokio::join!(
        async {
            Fact::of(status, asker.ask(status, home, json!({ "Name": arn })).await).map(|answer| read_status(&answer))
        },
        async {
            Fact::of(selectors, asker.ask(selectors, home, json!({ "TrailName": arn })).await)
                .map(|answer| read_selectors(&answer))
        },
        read_logs(asker, trail),
    );
    Trail {
        arn: arn.to_owned(),
        name: text(trail, "Name").to_owned(),
        region: home.to_owned(),
        all_regions: flag(trail, "IsMultiRegionTrail"),
        organization: flag(trail, "IsOrganizationTrail"),
        validation: flag(trail, "LogFileValidationEnabled"),
        status,
        management,
        logs,
    }
}

fn read_status(answer: &Value) -> TrailStatus {
    let error = |name| Some(text(answer, name)).filter(|text| !text.is_empty()).map(str::to_owned);
    TrailStatus {
        logging: flag(answer, "IsLogging"),
        delivery_error: error("LatestDeliveryError"),
        logs_error: error("LatestCloudWatchLogsDeliveryError"),
    }
}

/// Basic selectors name their kind; of advanced ones, those whose `eventCategory` is `Management` count, and fields that
/// narrow them down make them half.
fn read_selectors(answer: &Value) -> Management {
    let mut seen = [false; 2];
    for selector in items(answer, "EventSelectors").filter(|selector| flag(selector, "IncludeManagementEvents")) {
        match text(selector, "ReadWriteType") {
            "ReadOnly" => seen[0] = true,
            "WriteOnly" => seen[1] = true,
            _ => seen = [true; 2],
        }
    }
    for selector in items(answer, "AdvancedEventSelectors") {
        let field = |name: &str| items(selector, "FieldSelectors").find(|field| text(field, "Field") == name);
        let values = |field: &Value, name: &str| -> Vec<String> {
            items(field, name).filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
        };
        if !field("eventCategory")
            .is_some_and(|field| values(field, "Equals").iter().any(|value| value == "management"))
        {
            continue;
        }
        // Excluding KMS or the RDS Data API is usual and says nothing of root. Naming sources leaves all others out.
        let narrowed = items(selector, "FieldSelectors").any(|field| match text(field, "Field") {
            "eventCategory" | "readOnly" => false,
            "eventSource" => {
                let harmless = |source: &String| source == "kms.amazonaws.com" || source == "rdsdata.amazonaws.com";
                !values(field, "NotEquals").iter().all(harmless) || values(field, "NotEquals").is_empty()
            }
            _ => true,
        });
        if narrowed {
            continue;
        }
        let read_only = field("readOnly").map(|field| {
            values(field, "Equals").iter().any(|value| value == "true")
                || values(field, "NotEquals").iter().any(|value| value == "false")
        });
        match read_only {
            Some(true) => seen[0] = true,
            Some(false) => seen[1] = true,
            None => seen = [true; 2],
        }
    }
    match seen {
        [true, true] => Management::All,
        [false, false] => Management::None,
        _ => Management::Half,
    }
}

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`
async fn read_logs(asker: &Asker, trail: &Value) -> Option<Logs> {
    let arn = text(trail, "CloudWatchLogsLogGroupArn");
    let mut parts = arn.split(':');
    let region = parts.nth(3).filter(|region| !region.is_empty())?;
    let group = parts.nth(2)?.to_owned();
    let call = Call::DescribeMetricFilters;
    let found = asker.pages(call, region, json!({ "logGroupName": group }), "metricFilters", "nextToken").await;
    let found = match found {
        Ok(found) => found,
        Err(why) => return Some(Logs { group, filters: Fact::of(call, Err(why)) }),
    };
    let mut filters = Vec::new();
    for filter in &found {
        filters.extend(read_filter(asker, region, filter).await);
    }
    Some(Logs { group, filters: Fact::Known(filters) })
}

/// `None` where a filter has nothing to do with root: it catches none of root's events that it does not catch by being
/// about something else.
async fn read_filter(asker: &Asker, region: &str, filter: &Value) -> Option<Filter> {
    let pattern = text(filter, "filterPattern");
    let coverage = Pattern::parse(pattern).and_then(|pattern| pattern.coverage());
    let speaks_of_root = pattern.to_ascii_lowercase().contains("root");
    if !speaks_of_root && !matches!(coverage, Ok(Coverage::Root { .. } | Coverage::Noisy(_))) {
        return None;
    }
    let mut alarms = Fact::Known(Vec::new());
    for metric in items(filter, "metricTransformations") {
        let (name, namespace) = (text(metric, "metricName"), text(metric, "metricNamespace"));
        alarms = match (alarms, read_alarms(asker, region, namespace, name).await) {
            (Fact::Known(mut so_far), Fact::Known(more)) => {
                so_far.extend(more);
                Fact::Known(so_far)
            }
            (Fact::Unreadable(why), _) | (_, Fact::Unreadable(why)) => Fact::Unreadable(why),
        };
    }
    Some(Filter { name: text(filter, "filterName").to_owned(), pattern: pattern.to_owned(), coverage, alarms })
}

async fn read_alarms(asker: &Asker, region: &str, namespace: &str, metric: &str) -> Fact<Vec<Alarm>> {
    let call = Call::DescribeAlarms;
    let found = match asker
        .pages(call, region, json!({ "AlarmTypes": ["MetricAlarm"] }), "MetricAlarms", "NextToken")
        .await
    {
        Ok(found) => found,
        Err(why) => return Fact::of(call, Err(why)),
    };
    let mut alarms = Vec::new();
    let ours = |alarm: &&Value| text(alarm, "MetricName") == metric && text(alarm, "Namespace") == namespace;
    for alarm in found.iter().filter(ours) {
        let mut targets = Vec::new();
        for arn in items(alarm, "AlarmActions").filter_map(Value::as_str) {
            targets.push(read_target(asker, arn).await);
        }
        alarms.push(Alarm {
            name: text(alarm, "AlarmName").to_owned(),
            enabled: flag(alarm, "ActionsEnabled"),
            by_one_event: by_one_event(alarm),
            targets,
        });
    }
    Fact::Known(alarms)
}

/// Whether a single event in a period raises the alarm.
fn by_one_event(alarm: &Value) -> bool {
    let threshold = alarm.get("Threshold").and_then(Value::as_f64).unwrap_or(f64::MAX);
    let counts = ["Sum", "SampleCount", "Maximum"].contains(&text(alarm, "Statistic"));
    let needed = match text(alarm, "ComparisonOperator") {
        "GreaterThanOrEqualToThreshold" => threshold <= 1.0,
        "GreaterThanThreshold" => threshold < 1.0,
        _ => false,
    };
    let of = |name: &str| alarm.get(name).and_then(Value::as_u64).unwrap_or(1);
    counts && needed && (of("DatapointsToAlarm").min(of("EvaluationPeriods")) <= 1)
}

async fn read_target(asker: &Asker, arn: &str) -> Target {
    let mut parts = arn.split(':');
    let (service, region) = (parts.nth(2).unwrap_or_default(), parts.next().unwrap_or_default());
    if service != "sns" {
        return Target { arn: arn.to_owned(), subscriptions: None };
    }
    let call = Call::ListSubscriptionsByTopic;
    let found = asker.pages(call, region, json!({ "TopicArn": arn }), "Subscriptions", "NextToken").await;
    let read = |found: Vec<Value>| {
        let subscription = |one: &Value| Subscription {
            endpoint: text(one, "Endpoint").to_owned(),
            // `PendingConfirmation`, or `Deleted`, in the place of an ARN.
            confirmed: text(one, "SubscriptionArn").starts_with("arn:"),
        };
        found.iter().map(subscription).collect()
    };
    Target { arn: arn.to_owned(), subscriptions: Some(Fact::of(call, found).map(read)) }
}

/// Rules of the default bus that root's sign-ins come past.
pub(super) async fn rules(asker: &Asker, region: &str) -> Fact<Vec<Rule>> {
    let call = Call::ListRules;
    let found = match asker.pages(call, region, json!({}), "Rules", "NextToken").await {
        Ok(found) => found,
        Err(why) => return Fact::of(call, Err(why)),
    };
    let mut rules = Vec::new();
    for rule in &found {
        let pattern = text(rule, "EventPattern");
        let watch = Watch::of(pattern);
        let speaks_of_root = pattern.contains("Root") || pattern.contains("root");
        let ours = match watch {
            Watch::Everything | Watch::SignIns | Watch::Part => true,
            Watch::NotJudged => speaks_of_root,
            Watch::Noisy | Watch::Nothing => false,
        };
        if ours {
            let name = text(rule, "Name").to_owned();
            let targets = rule_targets(asker, region, &name).await;
            rules.push(Rule { name, enabled: text(rule, "State").starts_with("ENABLED"), watch, targets });
        }
    }
    Fact::Known(rules)
}

async fn rule_targets(asker: &Asker, region: &str, rule: &str) -> Fact<Vec<Target>> {
    let call = Call::ListTargetsByRule;
    let found = match asker.pages(call, region, json!({ "Rule": rule }), "Targets", "NextToken").await {
        Ok(found) => found,
        Err(why) => return Fact::of(call, Err(why)),
    };
    let mut targets = Vec::new();
    for target in &found {
        targets.push(read_target(asker, text(target, "Arn")).await);
    }
    Fact::Known(targets)
}
