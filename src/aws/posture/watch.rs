//! Who notices when root is used: trail, log group, filter, alarm, topic, subscription; or an EventBridge rule.

use super::alarm::{Metric, Raised, Unweighed, raised};
use super::facts::Fact;
use super::model::Own;
use super::pattern::{Coverage, NotJudged, Pattern};
use super::replies::{self, CompositeAlarm, DescribedTrails, FieldSelector, MetricAlarm, MetricFilter, Selectors};
use super::topic::{self, Publisher, Sender, is_gone};
use super::watchers::{Alarm, Behind, Filter, Logs, Management, Reach, Target, Trail, TrailStatus};
use crate::aws::Call;
use crate::aws::send::AsyncClient;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use tokio::sync::Mutex;

/// Whoever follows the chains of one account. Topics and alarms are read once, however many lead to them.
pub(super) struct Follower<'a> {
    pub(super) client: &'a AsyncClient,
    pub(super) own: Own,
    /// The caller's region, and the one where root's sign-ins are recorded.
    region: &'a str,
    pub(super) global: &'a str,
    topics: Mutex<HashMap<String, Option<topic::Read>>>,
}

impl<'a> Follower<'a> {
    pub(super) fn new(client: &'a AsyncClient, own: Own, region: &'a str, global: &'a str) -> Self {
        Self { client, own, region, global, topics: Mutex::default() }
    }

    /// Every trail that reaches the region, or the one of root's sign-ins, each with all that is behind it, asked in its
    /// home region.
    pub(super) async fn trails(&self) -> Fact<Vec<Trail>> {
        let elsewhere = Some(self.global).filter(|global| *global != self.region);
        self.trails_from(std::iter::once(self.region).chain(elsewhere)).await
    }

    /// Every trail that reaches one of these regions.
    pub(super) async fn trails_from(&self, regions: impl IntoIterator<Item = &str>) -> Fact<Vec<Trail>> {
        let call = Call::DescribeTrails;
        let (mut trails, mut seen) = (Vec::new(), HashSet::new());
        for region in regions {
            let found = match self.client.ask(call, region, json!({})).await {
                Ok(DescribedTrails { trail_list }) => trail_list,
                Err(why) => return Fact::of(call, Err(why)),
            };
            for trail in found {
                if seen.insert(trail.arn.clone()) {
                    trails.extend(self.trail(region, trail).await);
                }
            }
        }
        Fact::Known(trails)
    }

    /// `None`: it has been deleted since it was listed.
    async fn trail(&self, region: &str, trail: replies::Trail) -> Option<Trail> {
        let arn = &trail.arn;
        let home = Some(trail.home_region.as_str()).filter(|home| !home.is_empty()).unwrap_or(region);
        let (status, selectors) = (Call::GetTrailStatus, Call::GetEventSelectors);
        let (asked, management, logs) = tokio::join!(
            self.client.ask(status, home, json!({ "Name": arn })),
            async {
                Fact::of(selectors, self.client.ask(selectors, home, json!({ "TrailName": arn })).await)
                    .map(|found| read_selectors(&found))
            },
            self.logs(&trail.cloud_watch_logs_log_group_arn),
        );
        if asked.as_ref().is_err_and(is_gone) {
            return None;
        }
        Some(Trail {
            region: home.to_owned(),
            all_regions: trail.is_multi_region_trail,
            organization: trail.is_organization_trail,
            validation: trail.log_file_validation_enabled,
            status: Fact::of(status, asked).map(read_status),
            management,
            logs,
            arn: trail.arn,
            name: trail.name,
        })
    }

    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`
    pub(super) async fn logs(&self, arn: &str) -> Option<Logs> {
        let mut parts = arn.split(':').skip(3);
        let region = parts.next().filter(|region| !region.is_empty())?;
        let account = parts.next().unwrap_or_default();
        let group = parts.nth(1)?.to_owned();
        // A group of the same name may be here as well; events do not come to it.
        if account != self.own.account {
            return Some(Logs { group, behind: Behind::Elsewhere(account.to_owned()) });
        }
        let call = Call::DescribeMetricFilters;
        let body = json!({ "logGroupName": group });
        let found: Vec<MetricFilter> = match self.client.pages(call, region, body, "metricFilters", "nextToken").await
        {
            Ok(found) => found,
            Err(why) if is_gone(&why) => return Some(Logs { group, behind: Behind::Nothing }),
            Err(why) => return Some(Logs { group, behind: Behind::Filters(Fact::of(call, Err(why))) }),
        };
        let found: Vec<(&MetricFilter, Result<Coverage, NotJudged>)> =
            found.iter().filter_map(|filter| Some((filter, self.coverage(filter)?))).collect();
        let mut filters = Vec::new();
        if !found.is_empty() {
            let alarms = self.alarms(region).await;
            for (filter, coverage) in found {
                filters.push(Filter {
                    name: filter.filter_name.clone(),
                    pattern: filter.filter_pattern.clone(),
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
    fn coverage(&self, filter: &MetricFilter) -> Option<Result<Coverage, NotJudged>> {
        let pattern = filter.filter_pattern.as_str();
        let coverage = Pattern::parse(pattern).and_then(|pattern| pattern.coverage(&self.own));
        let speaks_of_root = pattern.to_ascii_lowercase().contains("root");
        let catches = matches!(coverage, Ok(Coverage::Root { .. } | Coverage::Noisy(_)));
        let coverage = match filter.field_selection_criteria.trim() {
            "" if filter.apply_on_transformed_logs => Err(NotJudged::Transformed),
            "" => coverage,
            _ => Err(NotJudged::Selection),
        };
        (speaks_of_root || catches).then_some(coverage)
    }

    /// Metric alarms, and those over other alarms.
    async fn alarms(&self, region: &str) -> Fact<(Vec<MetricAlarm>, Vec<CompositeAlarm>)> {
        let kind = |kind| json!({ "AlarmTypes": [kind] });
        let call = Call::DescribeAlarms;
        let (metric, composite) = tokio::join!(
            self.client.pages(call, region, kind("MetricAlarm"), "MetricAlarms", "NextToken"),
            self.client.pages(call, region, kind("CompositeAlarm"), "CompositeAlarms", "NextToken"),
        );
        Fact::of(call, metric.and_then(|metric| composite.map(|composite| (metric, composite))))
    }

    async fn alarms_of(
        &self,
        filter: &MetricFilter,
        (metric, composite): &(Vec<MetricAlarm>, Vec<CompositeAlarm>),
    ) -> Vec<Alarm> {
        let system = &filter.emit_system_field_dimensions;
        let metrics: Vec<Metric> = filter.metric_transformations.iter().map(|to| Metric::of(to, system)).collect();
        let mut alarms = Vec::new();
        for alarm in metric {
            let Some(of) = metrics.iter().find(|metric| metric.is_of(alarm)) else { continue };
            let MetricAlarm { alarm_name: name, alarm_arn: arn, alarm_actions: actions, actions_enabled, .. } = alarm;
            let targets = self.targets_of_alarm(arn, actions).await;
            let raised = raised(alarm, of);
            alarms.push(Alarm { name: name.clone(), enabled: *actions_enabled, raised, targets });
            for over in composite {
                if over.alarm_rule.contains(name) || over.alarm_rule.contains(arn) {
                    let targets = self.targets_of_alarm(&over.alarm_arn, &over.alarm_actions).await;
                    let raised = Raised::NotJudged(Unweighed::Composite);
                    let (name, enabled) = (over.alarm_name.clone(), over.actions_enabled);
                    alarms.push(Alarm { name, enabled, raised, targets });
                }
            }
        }
        alarms
    }

    async fn targets_of_alarm(&self, source: &str, actions: &[String]) -> Vec<Target> {
        let publisher = Publisher::of(&self.own.account, Sender::Alarm(source));
        let mut targets = Vec::new();
        for arn in actions {
            targets.push(self.target(arn, &publisher).await);
        }
        targets
    }

    pub(super) async fn target(&self, arn: &str, publisher: &Publisher<'_>) -> Target {
        let arn = arn.to_owned();
        let reach = match reach(&arn) {
            Some(reach) => reach,
            None => {
                let mut topics = self.topics.lock().await;
                let read = match topics.get(&arn) {
                    Some(read) => read.clone(),
                    None => {
                        let read = topic::read(self.client, &arn).await;
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
}

/// What something other than a topic, or a bus of this account, does with a notice; `None`: it is one of these.
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
        // A bus of another account, or one of a name: what is behind it is not seen.
        "events" if resource.starts_with("event-bus/") => Reach::NotKnown,
        // An instance is stopped, a group scaled, a line written.
        "automate" | "swf" | "ec2" | "autoscaling" | "events" | "logs" | "kinesis" | "firehose" | "ssm" | "ecs"
        | "batch" | "codebuild" | "codepipeline" | "glue" | "inspector" | "redshift" | "sagemaker" => Reach::Nobody,
        _ => Reach::NotKnown,
    })
}

fn read_status(found: replies::TrailStatus) -> TrailStatus {
    let error = |text: String| Some(text).filter(|text| !text.is_empty());
    TrailStatus {
        logging: found.is_logging,
        delivery_error: error(found.latest_delivery_error),
        logs_error: error(found.latest_cloud_watch_logs_delivery_error),
    }
}

/// Excluding KMS or the RDS Data API is usual and says nothing of root. Naming sources leaves all others out.
fn narrows(field: &FieldSelector) -> bool {
    match field.field.as_str() {
        "eventCategory" | "readOnly" => false,
        "eventSource" => {
            let harmless = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
            let is_harmless = |source: &String| harmless.iter().any(|name| source.eq_ignore_ascii_case(name));
            field.not_equals.is_empty() || !field.not_equals.iter().all(is_harmless)
        }
        _ => true,
    }
}

/// What a reply to GetEventSelectors says; `None`: it names no selectors.
pub(in crate::aws) fn management(answer: &Value) -> Option<Management> {
    let names_any = ["EventSelectors", "AdvancedEventSelectors"].iter().any(|name| answer.get(name).is_some());
    let found = Selectors::deserialize(answer).ok().filter(|_| names_any)?;
    Some(read_selectors(&found))
}

/// Basic selectors name their kind; of advanced ones, those whose `eventCategory` is `Management` count, and fields that
/// narrow them down make them half.
fn read_selectors(found: &Selectors) -> Management {
    let mut seen = [false; 2];
    for selector in found.event_selectors.iter().filter(|selector| selector.include_management_events) {
        match selector.read_write_type.as_str() {
            "ReadOnly" => seen[0] = true,
            "WriteOnly" => seen[1] = true,
            _ => seen = [true; 2],
        }
    }
    for selector in &found.advanced_event_selectors {
        let field = |name: &str| selector.field_selectors.iter().find(|field| field.field == name);
        let has = |values: &[String], wanted: &str| values.iter().any(|value| value.eq_ignore_ascii_case(wanted));
        if !field("eventCategory").is_some_and(|field| has(&field.equals, "management")) {
            continue;
        }
        if selector.field_selectors.iter().any(narrows) {
            continue;
        }
        match field("readOnly").map(|field| has(&field.equals, "true") || has(&field.not_equals, "false")) {
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
