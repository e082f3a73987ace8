//! How to mend what records root's doings, and what tells of them. The next thing that is missing decides.

use super::fixes::{Fix, quoted};
use crate::aws::posture::OWN_RULE;
use crate::flow::{Break, Evidence, Link, TrailProblem};

/// The pattern of the AWS documentation.
const PATTERN: &str =
    r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;
/// The same for EventBridge.
const EVENTS: &str = r#"{"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#;
/// Pages of the console.
const ALARMS: &str = "cloudwatch/home#alarmsV2:";
const TRAILS: &str = "cloudtrailv2/home#/trails";
const RULES: &str = "events/home#/rules";
const SUBSCRIBE: &str = "--protocol email --notification-endpoint ADDRESS";

/// What the trail that lacks least lacks.
pub(super) fn trail(console: &str, evidence: &[Evidence]) -> Fix {
    let trails = evidence.iter().filter_map(|one| match one {
        Evidence::Trail { name, problems } => Some((name, problems)),
        _ => None,
    });
    let aws = match trails.min_by_key(|(_, problems)| problems.len()) {
        Some((name, problems)) => problems.iter().flat_map(|problem| mend(&quoted(name), problem)).collect(),
        None => vec![
            "aws cloudtrail create-trail --name all-regions --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation".to_owned(),
            "aws cloudtrail start-logging --name all-regions".to_owned(),
        ],
    };
    Fix::new(aws, format!("{console}/cloudtrailv2/home#/trails"))
}

fn mend(name: &str, problem: &TrailProblem) -> Vec<String> {
    match problem {
        TrailProblem::OneRegion => vec![format!("aws cloudtrail update-trail --name {name} --is-multi-region-trail")],
        TrailProblem::NotLogging => vec![format!("aws cloudtrail start-logging --name {name}")],
        // It replaces all of them.
        TrailProblem::HalfTheEvents | TrailProblem::NoManagementEvents => vec![
            format!("aws cloudtrail get-event-selectors --trail-name {name}"),
            format!(
                r#"aws cloudtrail put-event-selectors --trail-name {name} --event-selectors '[{{"ReadWriteType":"All","IncludeManagementEvents":true}}]'"#
            ),
        ],
        TrailProblem::NotValidated => {
            vec![format!("aws cloudtrail update-trail --name {name} --enable-log-file-validation")]
        }
        TrailProblem::NotDelivered(_) => vec![
            format!("aws cloudtrail get-trail-status --name {name} --query LatestDeliveryError"),
            format!("aws cloudtrail update-trail --name {name} --s3-bucket-name BUCKET"),
        ],
    }
}

/// A trail that is of all regions, if there is one.
pub(super) fn validation(console: &str, evidence: &[Evidence]) -> Fix {
    let name = evidence.iter().find_map(|one| match one {
        Evidence::Trail { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let aws = vec![format!(
        "aws cloudtrail update-trail --name {} --is-multi-region-trail --enable-log-file-validation",
        name.map_or_else(|| "NAME".to_owned(), quoted)
    )];
    Fix::new(aws, format!("{console}/cloudtrailv2/home#/trails"))
}

/// The chain that goes furthest, or a new one.
pub(super) fn alarm(console: &str, region: &str, evidence: &[Evidence]) -> Fix {
    if evidence.iter().any(|one| matches!(one, Evidence::RegionsWithoutTrail { .. })) {
        let all_regions = mend("TRAIL", &TrailProblem::OneRegion);
        let aws = std::iter::once("aws cloudtrail describe-trails".to_owned()).chain(all_regions).collect();
        return Fix::new(aws, format!("{console}/{TRAILS}"));
    }
    let chains = evidence.iter().filter_map(|one| match one {
        Evidence::Chain { trail, links, broken: Some(broken) } => {
            Some((links.len(), trail, links.as_slice(), broken))
        }
        Evidence::EventRule { name, broken: Some(broken), .. } => Some((2, name, [].as_slice(), broken)),
        Evidence::RegionsCut { rule, broken, .. } => Some((1, rule, [].as_slice(), broken)),
        _ => None,
    });
    let region = evidence.iter().find_map(cut_region).unwrap_or(region);
    let furthest = chains.max_by_key(|(length, ..)| *length);
    let broken = furthest.map(|(.., broken)| broken);
    let gone = evidence.iter().find_map(|one| match one {
        Evidence::RuleGone { rule, region } => Some((quoted(rule), region)),
        _ => None,
    });
    let (aws, page) = match (gone, furthest) {
        (Some((name, region)), _) => ([put_rule(region, &name), of_rule(region, &target_of(&name))].concat(), RULES),
        (None, Some((_, name, links, broken))) => next_link(name, links, broken, region),
        (None, None) => (whole_chain("GROUP"), ALARMS),
    };
    let capitals = broken.and_then(capitals).unwrap_or_default();
    Fix::new(aws, format!("{console}/{page}{capitals}"))
}

/// The first region whose rule does not work, where the rest does.
fn cut_region(evidence: &Evidence) -> Option<&str> {
    match evidence {
        Evidence::RegionsCut { regions, .. } => regions.first().map(String::as_str),
        _ => None,
    }
}

/// Whether it is about rules that glasskey has made.
pub(super) fn is_by_own_rules(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::EventRule { name, broken: Some(_), .. } => name == OWN_RULE,
        Evidence::RegionsCut { rule, .. } => rule == OWN_RULE,
        Evidence::RuleGone { .. } => true,
        _ => false,
    }
}

/// `name`: the trail's or the rule's.
fn next_link(name: &str, links: &[Link], broken: &Break, region: &str) -> (Vec<String>, &'static str) {
    let group = links.iter().find_map(|link| match link {
        Link::LogGroup(group) => Some(group.as_str()),
        _ => None,
    });
    let (name, group) = (quoted(name), quoted(group.unwrap_or("GROUP")));
    let look = |filter: &str| {
        format!("aws logs describe-metric-filters --log-group-name {group} --filter-name-prefix {}", quoted(filter))
    };
    match broken {
        Break::TrailDoesNotRecord => (vec![format!("aws cloudtrail get-trail-status --name {name}")], TRAILS),
        Break::NoLogGroup | Break::LogGroupGone | Break::LogsNotDelivered(_) => (
            vec![format!(
                "aws cloudtrail update-trail --name {name} --cloud-watch-logs-log-group-arn ARN --cloud-watch-logs-role-arn ROLE"
            )],
            TRAILS,
        ),
        Break::NoFilter => (whole_chain(&group), ALARMS),
        // The metric stays the one that the alarm is on.
        Break::FilterMisses { filter, .. }
        | Break::FilterNoisy { filter, .. }
        | Break::FilterNotJudged { filter, .. } => (
            vec![look(filter), metric_filter(&group, filter, "METRIC", "NAMESPACE")],
            "cloudwatch/home#logsV2:log-groups",
        ),
        Break::NoAlarm { filter } => (vec![look(filter), metric_alarm("root-use", "METRIC", "NAMESPACE")], ALARMS),
        Break::AlarmDisabled { alarm } => {
            (vec![format!("aws cloudwatch enable-alarm-actions --alarm-names {}", quoted(alarm))], ALARMS)
        }
        Break::AlarmNeedsMore { alarm }
        | Break::AlarmNotBySeveral { alarm }
        | Break::AlarmAlwaysOn { alarm }
        | Break::AlarmWithoutData { alarm }
        | Break::AlarmNotJudged { alarm, .. }
        | Break::NoAction { alarm } => (
            vec![
                format!("aws cloudwatch describe-alarms --alarm-names {}", quoted(alarm)),
                metric_alarm(alarm, "METRIC", "NAMESPACE"),
            ],
            ALARMS,
        ),
        Break::TellsNobody { .. } | Break::TargetNotJudged { .. } => another_target(&name, links),
        Break::TopicGone { .. }
        | Break::NobodySubscribed { .. }
        | Break::SubscriptionDeleted { .. }
        | Break::FilteredOut { .. }
        | Break::MayNotPublish { .. }
        | Break::KeyRefuses { .. }
        | Break::TopicNotJudged { .. } => (of_topic(broken), "sns/v3/home#/topics"),
        Break::Unconfirmed { topic, endpoints } => (unconfirmed(topic, endpoints), "sns/v3/home#/subscriptions"),
        Break::RuleDisabled => (of_rule(region, &format!("enable-rule --name {name}")), RULES),
        Break::RuleMisses | Break::RulePart | Break::RuleNoisy | Break::RuleNotJudged => {
            (put_rule(region, &name), RULES)
        }
        Break::NoTarget => (of_rule(region, &target_of(&name)), RULES),
        Break::NoTrailForRules => (vec!["aws cloudtrail describe-trails".to_owned()], TRAILS),
        // Another account's, what could not be read, and what `root harden` alone mends.
        _ => (Vec::new(), ALARMS),
    }
}

/// From the filter of this log group to a person.
fn whole_chain(group: &str) -> Vec<String> {
    let mut commands = vec![metric_filter(group, "root-use", "RootUse", "LogMetrics")];
    commands.extend(topic());
    commands.push(metric_alarm("root-use", "RootUse", "LogMetrics"));
    commands
}

fn of_rule(region: &str, command: &str) -> Vec<String> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    vec![format!("aws events {verb} --region {region} {rest}")]
}

fn put_rule(region: &str, name: &str) -> Vec<String> {
    of_rule(region, &format!("put-rule --name {name} --event-pattern '{EVENTS}'"))
}

fn target_of(name: &str) -> String {
    format!("put-targets --rule {name} --targets Id=1,Arn=TOPIC")
}

/// Something that reaches a person, beside what is there.
fn another_target(name: &str, links: &[Link]) -> (Vec<String>, &'static str) {
    let alarm = links.iter().find_map(|link| match link {
        Link::Alarm(alarm) => Some(alarm),
        _ => None,
    });
    let last = match alarm {
        Some(alarm) => metric_alarm(alarm, "METRIC", "NAMESPACE"),
        None => format!("aws events put-targets --rule {name} --targets Id=person,Arn=TOPIC"),
    };
    (topic().into_iter().chain([last]).collect(), "sns/v3/home#/topics")
}

/// What is wrong with a topic. A policy is put as a whole: the one that is there is looked at first.
fn of_topic(broken: &Break) -> Vec<String> {
    let attributes = |topic: &str| format!("aws sns get-topic-attributes --topic-arn {}", quoted(topic));
    match broken {
        Break::TopicGone { topic } => {
            let name = topic.rsplit(':').next().unwrap_or("root-use");
            vec![
                format!("aws sns create-topic --name {}", quoted(name)),
                format!("aws sns subscribe --topic-arn {} {SUBSCRIBE}", quoted(topic)),
            ]
        }
        Break::NobodySubscribed { topic } | Break::SubscriptionDeleted { topic, .. } => {
            vec![format!("aws sns subscribe --topic-arn {} {SUBSCRIBE}", quoted(topic))]
        }
        Break::FilteredOut { topic, .. } => vec![
            format!("aws sns list-subscriptions-by-topic --topic-arn {}", quoted(topic)),
            "aws sns set-subscription-attributes --subscription-arn ARN --attribute-name FilterPolicy --attribute-value '{}'"
                .to_owned(),
        ],
        Break::MayNotPublish { topic, .. } => vec![
            attributes(topic),
            format!(
                "aws sns set-topic-attributes --topic-arn {} --attribute-name Policy --attribute-value POLICY",
                quoted(topic)
            ),
        ],
        Break::KeyRefuses { topic, .. } => vec![
            attributes(topic),
            format!(
                "aws sns set-topic-attributes --topic-arn {} --attribute-name KmsMasterKeyId --attribute-value KEY",
                quoted(topic)
            ),
        ],
        Break::TopicNotJudged { topic, .. } => vec![attributes(topic)],
        _ => Vec::new(),
    }
}

/// What stands for the capitals in the commands about a topic.
fn capitals(broken: &Break) -> Option<String> {
    Some(match broken {
        Break::MayNotPublish { publisher, .. } => {
            format!(" (POLICY is the topic's policy with a statement that allows {publisher} sns:Publish)")
        }
        Break::KeyRefuses { publisher, .. } => {
            format!(" (KEY is a key whose policy allows {publisher} kms:Decrypt and kms:GenerateDataKey*)")
        }
        _ => return None,
    })
}

/// Whoever subscribes once more is sent the message once more.
fn unconfirmed(topic: &str, endpoints: &[String]) -> Vec<String> {
    let follow = "`glasskey root alarm confirm -` reads the link in the message that AWS has sent";
    match endpoints.iter().find(|endpoint| endpoint.contains('@')) {
        Some(address) => vec![
            format!("{follow} to {address}; or have it sent again:"),
            format!(
                "aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {}",
                quoted(address)
            ),
        ],
        None => vec![follow.to_owned()],
    }
}

fn topic() -> [String; 2] {
    ["aws sns create-topic --name root-use".to_owned(), format!("aws sns subscribe --topic-arn TOPIC {SUBSCRIBE}")]
}

fn metric_filter(group: &str, filter: &str, metric: &str, namespace: &str) -> String {
    let filter = quoted(filter);
    format!(
        "aws logs put-metric-filter --log-group-name {group} --filter-name {filter} --metric-transformations metricName={metric},metricNamespace={namespace},metricValue=1 --filter-pattern '{PATTERN}'"
    )
}

fn metric_alarm(alarm: &str, metric: &str, namespace: &str) -> String {
    let alarm = quoted(alarm);
    format!(
        "aws cloudwatch put-metric-alarm --alarm-name {alarm} --metric-name {metric} --namespace {namespace} --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching --alarm-actions TOPIC"
    )
}
