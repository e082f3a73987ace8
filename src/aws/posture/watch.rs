//! Who notices when root is used: trail, log group, filter, alarm, topic, subscription; or an EventBridge rule.

use super::alarm::{Metric, Raised, Unweighed, raised};
use super::event::Watch;
use super::facts::{Alarm, Behind, Fact, Filter, Logs, Management, Reach, Rule, Target, Trail, TrailStatus};
use super::model::Own;
use super::pattern::{Coverage, NotJudged, Pattern};
use super::topic::{self, Publisher, Service, is_gone};
use crate::aws::Call;
use crate::aws::send::Asker;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use tokio::sync::Mutex;

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Whoever follows the chains of one account. Topics and alarms are read once, however many lead to them.
pub(super) struct Follower<'a> {
    asker: &'a Asker,
    own: Own,
    /// The caller's region, and the one where root's sign-ins are recorded.
    region: &'a str,
    global: &'a str,
    topics: Mutex<HashMap<String, Option<topic::Read>>>,
}

impl<'a> Follower<'a> {
    pub(super) fn new(asker: &'a Asker, own: Own, region: &'a str, global: &'a str) -> Self {
        Self { asker, own, region, global, topics: Mutex::default() }
    }

    /// Every trail that reaches the region, or the one of root's sign-ins, each with all that is behind it, asked in its
    /// home region.
    pub(super) async fn trails(&self) -> Fact<Vec<Trail>> {
        let call = Call::DescribeTrails;
        let (mut trails, mut seen) = (Vec::new(), HashSet::new());
        let elsewhere = Some(self.global).filter(|global| *global != self.region);
        for region in std::iter::once(self.region).chain(elsewhere) {
            let answer = match self.asker.ask(call, region, json!({})).await {
                Ok(answer) => answer,
                Err(why) => return Fact::of(call, Err(why)),
            };
            for trail in items(&answer, "trailList") {
                if seen.insert(text(trail, "TrailARN").to_owned()) {
                    trails.extend(self.trail(region, trail).await);
                }
            }
        }
        Fact::Known(trails)
    }

    /// `None`: it has been deleted since it was listed.
    async fn trail(&self, region: &str, trail: &Value) -> Option<Trail> {
        let arn = text(trail, "TrailARN");
        let home = Some(text(trail, "HomeRegion")).filter(|home| !home.is_empty()).unwrap_or(region);
        let (status, selectors) = (Call::GetTrailStatus, Call::GetEventSelectors);
        let (asked, management, logs) = tokio::join!(
            self.asker.ask(status, home, json!({ "Name": arn })),
            async {
                Fact::of(selectors, self.asker.ask(selectors, home, json!({ "TrailName": arn })).await)
                    .map(|answer| read_selectors(&answer))
            },
            self.logs(trail),
        );
        if asked.as_ref().is_err_and(is_gone) {
            return None;
        }
        Some(Trail {
            arn: arn.to_owned(),
            name: text(trail, "Name").to_owned(),
            region: home.to_owned(),
            all_regions: flag(trail, "IsMultiRegionTrail"),
            organization: flag(trail, "IsOrganizationTrail"),
            validation: flag(trail, "LogFileValidationEnabled"),
            status: Fact::of(status, asked).map(|answer| read_status(&answer)),
            management,
            logs,
        })
    }

    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`
    async fn logs(&self, trail: &Value) -> Option<Logs> {
        let arn = text(trail, "CloudWatchLogsLogGroupArn");
        let mut parts = arn.split(':').skip(3);
        let region = parts.next().filter(|region| !region.is_empty())?;
        let account = parts.next().unwrap_or_default();
        let group = parts.nth(1)?.to_owned();
        // A group of the same name may be here as well; events do not come to it.
        if account != self.own.account {
            return Some(Logs { group, behind: Behind::Elsewhere(account.to_owned()) });
        }
        let call = Call::DescribeMetricFilters;
        let found =
            self.asker.pages(call, region, json!({ "logGroupName": group }), "metricFilters", "nextToken").await;
        let found = match found {
            Ok(found) => found,
            Err(why) if is_gone(&why) => return Some(Logs { group, behind: Behind::Nothing }),
            Err(why) => return Some(Logs { group, behind: Behind::Filters(Fact::of(call, Err(why))) }),
        };
        let found: Vec<(&Value, Result<Coverage, NotJudged>)> =
            found.iter().filter_map(|filter| Some((filter, self.coverage(filter)?))).collect();
        let mut filters = Vec::new();
        if !found.is_empty() {
            let alarms = self.alarms(region).await;
            for (filter, coverage) in found {
                filters.push(Filter {
                    name: text(filter, "filterName").to_owned(),
                    pattern: text(filter, "filterPattern").to_owned(),
                    coverage,
                    alarms: match &alarms {
                        Fact::Known(alarms) => Fact::Known(self.alarms_of(filter, alarms).await),
                        Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
                    },
                });
            }
        }
        Some(Logs { group, behind: Behind::Filters(Fact::Known(filters)) })
    }

    /// `None` where a filter has nothing to do with root: it catches none of root's events that it does not catch by
    /// being about something else.
    fn coverage(&self, filter: &Value) -> Option<Result<Coverage, NotJudged>> {
        let pattern = text(filter, "filterPattern");
        let coverage = Pattern::parse(pattern).and_then(|pattern| pattern.coverage(&self.own));
        let speaks_of_root = pattern.to_ascii_lowercase().contains("root");
        let catches = matches!(coverage, Ok(Coverage::Root { .. } | Coverage::Noisy(_)));
        (speaks_of_root || catches).then_some(coverage)
    }

    /// Metric alarms, and those over other alarms.
    async fn alarms(&self, region: &str) -> Fact<(Vec<Value>, Vec<Value>)> {
        let call = Call::DescribeAlarms;
        let kind = async |kind: &str, list: &str| {
            self.asker.pages(call, region, json!({ "AlarmTypes": [kind] }), list, "NextToken").await
        };
        let metric = match kind("MetricAlarm", "MetricAlarms").await {
            Ok(metric) => metric,
            Err(why) => return Fact::of(call, Err(why)),
        };
        Fact::of(call, kind("CompositeAlarm", "CompositeAlarms").await).map(|composite| (metric, composite))
    }

    async fn alarms_of(&self, filter: &Value, (metric, composite): &(Vec<Value>, Vec<Value>)) -> Vec<Alarm> {
        let metrics: Vec<Metric> = items(filter, "metricTransformations").map(Metric::of).collect();
        let mut alarms = Vec::new();
        for alarm in metric {
            let Some(of) = metrics.iter().find(|metric| metric.is_of(alarm)) else { continue };
            alarms.push(self.alarm(alarm, raised(alarm, of)).await);
            let (name, arn) = (text(alarm, "AlarmName"), text(alarm, "AlarmArn"));
            for over in composite {
                let rule = text(over, "AlarmRule");
                if rule.contains(name) || rule.contains(arn) {
                    alarms.push(self.alarm(over, Raised::NotJudged(Unweighed::Composite)).await);
                }
            }
        }
        alarms
    }

    async fn alarm(&self, alarm: &Value, raised: Raised) -> Alarm {
        let source = text(alarm, "AlarmArn");
        let publisher = Publisher { service: Service::CloudWatch, account: &self.own.account, source, role: false };
        let mut targets = Vec::new();
        for arn in items(alarm, "AlarmActions").filter_map(Value::as_str) {
            targets.push(self.target(arn, &publisher).await);
        }
        Alarm { name: text(alarm, "AlarmName").to_owned(), enabled: flag(alarm, "ActionsEnabled"), raised, targets }
    }

    async fn target(&self, arn: &str, publisher: &Publisher<'_>) -> Target {
        let arn = arn.to_owned();
        let reach = match reach(&arn) {
            Some(reach) => reach,
            None => {
                let mut topics = self.topics.lock().await;
                let read = match topics.get(&arn) {
                    Some(read) => read.clone(),
                    None => {
                        let read = topic::read(self.asker, &arn).await;
                        topics.insert(arn.clone(), read.clone());
                        read
                    }
                };
                // SNS says "not found" of another account's topic as well, where it may not be seen from here.
                let account = arn.split(':').nth(4).unwrap_or_default();
                match read {
                    Some(read) => Reach::Topic(Box::new(read.to(&arn, publisher))),
                    None if account != self.own.account => Reach::Elsewhere(account.to_owned()),
                    None => Reach::NoTopic,
                }
            }
        };
        Target { arn, reach }
    }

    /// Rules of the default bus that root's sign-ins come past.
    pub(super) async fn rules(&self) -> Fact<Vec<Rule>> {
        let (call, region) = (Call::ListRules, self.global);
        let found = match self.asker.pages(call, region, json!({}), "Rules", "NextToken").await {
            Ok(found) => found,
            Err(why) => return Fact::of(call, Err(why)),
        };
        let mut rules = Vec::new();
        for rule in &found {
            let pattern = text(rule, "EventPattern");
            let watch = Watch::of(pattern, &self.own, region);
            let speaks_of_root = pattern.contains("Root") || pattern.contains("root");
            let targets = match watch {
                Watch::Everything | Watch::SignIns | Watch::Part => self.rule_targets(rule).await,
                Watch::NotJudged if speaks_of_root => self.rule_targets(rule).await,
                // Whom it tells does not matter: it is no watch over root.
                Watch::Noisy => Some(Fact::Known(Vec::new())),
                Watch::NotJudged | Watch::Nothing => None,
            };
            let state = text(rule, "State");
            rules.extend(targets.map(|targets| Rule {
                name: text(rule, "Name").to_owned(),
                region: region.to_owned(),
                enabled: state.starts_with("ENABLED"),
                // What only reads is left out of the others (EventBridge, "events from AWS services via CloudTrail").
                reads: state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                watch,
                targets,
            }));
        }
        Fact::Known(rules)
    }

    /// `None`: the rule has been deleted since it was listed.
    async fn rule_targets(&self, rule: &Value) -> Option<Fact<Vec<Target>>> {
        let call = Call::ListTargetsByRule;
        let name = text(rule, "Name");
        let found = match self.asker.pages(call, self.global, json!({ "Rule": name }), "Targets", "NextToken").await {
            Ok(found) => found,
            Err(why) if is_gone(&why) => return None,
            Err(why) => return Some(Fact::of(call, Err(why))),
        };
        let mut targets = Vec::new();
        for target in &found {
            let publisher = Publisher {
                service: Service::EventBridge,
                account: &self.own.account,
                source: text(rule, "Arn"),
                role: !text(target, "RoleArn").is_empty(),
            };
            targets.push(self.target(text(target, "Arn"), &publisher).await);
        }
        Some(Fact::Known(targets))
    }
}

/// What something other than a topic does with a notice; `None`: it is a topic.
fn reach(arn: &str) -> Option<Reach> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    Some(match service {
        "sns" => return None,
        // Functions, queues, workflows, incidents and their like: whether they tell anybody is their own affair.
        "lambda" | "states" | "sqs" | "ssm-incidents" | "execute-api" => Reach::Program,
        "ssm" if resource.starts_with("opsitem") => Reach::Program,
        "events" if resource.starts_with("api-destination/") => Reach::Program,
        // Another bus: what is behind it is not seen.
        "events" if resource.starts_with("event-bus/") => Reach::NotKnown,
        // An instance is stopped, a group scaled, a line written.
        "automate" | "swf" | "ec2" | "autoscaling" | "events" | "logs" | "kinesis" | "firehose" | "ssm" | "ecs"
        | "batch" | "codebuild" | "codepipeline" | "glue" | "inspector" | "redshift" | "sagemaker" => Reach::Nobody,
        _ => Reach::NotKnown,
    })
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
        [true, false] => Management::Reads,
        [false, true] => Management::Writes,
        [false, false] => Management::None,
    }
}
