//! CloudWatch Logs: metric filters, and the pattern for the root user's events.

use super::found;
use super::read::{needed, text};
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A metric, which a filter counts into and an alarm looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
}

/// A metric filter: it counts 1 for every event that matches. It has no unit, no dimensions and no default value: an
/// alarm's must be equal, and a default makes a silent alarm a loud one or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// Its name. One of the same name takes its place.
    pub name: String,
    /// The log group's name.
    pub group: String,
    /// [`RootPattern::text`], for example.
    pub pattern: String,
    /// What it counts into.
    pub metric: Metric,
}

/// The metric filters of a log group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFilters {
    /// Those that count 1 into one metric, and do nothing else.
    pub plain: Vec<MetricFilter>,
    /// The names of all others.
    pub others: Vec<String>,
}

impl MetricFilters {
    /// Of all.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        self.plain.into_iter().map(|filter| filter.name).chain(self.others).collect()
    }
}

/// Which of root's events the pattern is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootPattern {
    /// All but those of AssumeRoot's tasks, which an administrator does, not whoever holds root's password.
    #[default]
    SparingTasks,
    /// All: the pattern of the CIS benchmark, to the letter.
    Cis,
}

impl RootPattern {
    /// The pattern (CIS AWS Foundations Benchmark, "root user usage").
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Cis => {
                r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }"#
            }
            Self::SparingTasks => {
                r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" && ($.userIdentity.sessionContext.assumedRoot NOT EXISTS) }"#
            }
        }
    }
}

impl Account {
    /// PutMetricFilter. Takes the place of one with the same name; what was logged before is not counted.
    pub fn put_metric_filter(&self, region: &str, filter: &MetricFilter) -> Result<(), Error> {
        let Metric { namespace, name } = &filter.metric;
        let to = json!({ "metricName": name, "metricNamespace": namespace, "metricValue": "1" });
        let body = json!({
            "logGroupName": filter.group, "filterName": filter.name, "filterPattern": filter.pattern,
            "metricTransformations": [to],
        });
        self.plain(Call::PutMetricFilter, region, body).map(drop)
    }

    /// DescribeMetricFilters, of a log group. `None`: there is no such group.
    pub fn metric_filters(&self, region: &str, group: &str) -> Result<Option<MetricFilters>, Error> {
        let call = Call::DescribeMetricFilters;
        let body = json!({ "logGroupName": group });
        let list = found(self.plain_list(call, region, body, ("metricFilters", "nextToken")))?;
        let Some(list) = list else { return Ok(None) };
        let mut filters = MetricFilters::default();
        for one in &list {
            let name = needed(call, one, "filterName")?;
            match counts_ones(one) {
                Some(metric) => {
                    let pattern = text(one, "filterPattern").unwrap_or_default();
                    filters.plain.push(MetricFilter { name, group: group.to_owned(), pattern, metric });
                }
                None => filters.others.push(name),
            }
        }
        Ok(Some(filters))
    }

    /// DeleteMetricFilter.
    pub fn delete_metric_filter(&self, region: &str, group: &str, name: &str) -> Result<(), Error> {
        let body = json!({ "logGroupName": group, "filterName": name });
        self.plain(Call::DeleteMetricFilter, region, body).map(drop)
    }

    /// TestMetricFilter: which of the messages match, in their order. At most fifty.
    pub fn test_metric_filter(&self, region: &str, pattern: &str, messages: &[String]) -> Result<Vec<bool>, Error> {
        let call = Call::TestMetricFilter;
        let answer = self.plain(call, region, json!({ "filterPattern": pattern, "logEventMessages": messages }))?;
        let matches = answer.get("matches").and_then(Value::as_array).ok_or(Error::Malformed { call })?;
        let numbers: Vec<u64> =
            matches.iter().filter_map(|one| one.get("eventNumber").and_then(Value::as_u64)).collect();
        Ok((1..).zip(messages).map(|(number, _)| numbers.contains(&number)).collect())
    }
}

/// The metric that a filter counts ones into. `None`: it does something else as well, or instead.
fn counts_ones(filter: &Value) -> Option<Metric> {
    let [to] = filter.get("metricTransformations")?.as_array()?.as_slice() else { return None };
    let is_plain = |name: &str| to.get(name).is_none_or(|value| value.is_null() || value == "None");
    let no_dimensions = to.get("dimensions").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
    let whole = text(filter, "fieldSelectionCriteria").is_none()
        && filter.get("applyOnTransformedLogs").and_then(Value::as_bool) != Some(true)
        && filter.get("emitSystemFieldDimensions").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let ones = text(to, "metricValue").as_deref() == Some("1");
    (ones && whole && no_dimensions && is_plain("unit") && is_plain("defaultValue")).then_some(())?;
    Some(Metric { namespace: text(to, "metricNamespace")?, name: text(to, "metricName")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::posture::{Coverage, Own, Pattern};

    #[test]
    fn both_patterns_take_all_of_roots_events_and_nobody_elses() {
        let own = Own { account: "111122223333".to_owned(), partition: "aws".to_owned() };
        let coverage =
            |pattern: RootPattern| Pattern::parse(pattern.text()).and_then(|pattern| pattern.coverage(&own));
        assert_eq!(coverage(RootPattern::Cis), Ok(Coverage::Root { assumed: true }));
        assert_eq!(coverage(RootPattern::SparingTasks), Ok(Coverage::Root { assumed: false }));
    }

    #[test]
    fn a_filter_that_does_more_than_count_is_another() {
        let one = |to: Value| counts_ones(&json!({ "metricTransformations": [to] }));
        let to = json!({ "metricName": "m", "metricNamespace": "n", "metricValue": "1" });
        assert!(one(to.clone()).is_some());
        for (name, value) in [
            ("metricValue", json!("$.x")),
            ("unit", json!("Count")),
            ("defaultValue", json!(0.0)),
            ("dimensions", json!({ "a": "$.b" })),
        ] {
            let mut other = to.clone();
            other.as_object_mut().map(|members| members.insert(name.to_owned(), value));
            assert_eq!(one(other), None, "{name}");
        }
    }
}
