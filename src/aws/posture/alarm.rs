//! Whether one event of root's raises an alarm: a metric filter's number, and what CloudWatch makes of it.
//!
//! A period in which root was used has the filter's value once, and its default value as often as there were other
//! minutes with events in them; a quiet one has the default value alone, or nothing. The alarm must be raised by the
//! first, whatever else there was and however often root was used, and by neither of the others.

use super::replies::{MetricAlarm, MetricName, Transformation};

pub(super) struct Metric {
    name: MetricName,
    /// `None`: not a number, but a field of the event.
    value: Option<f64>,
    default: Option<f64>,
    unit: Option<String>,
    dimensions: Vec<String>,
}

/// What becomes of an alarm when root is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// It is raised.
    ByOneEvent,
    /// It takes more than one event, or cannot be raised at all.
    NeedsMore,
    /// It is raised by one event, and not where there are several in its period: a sign-in and what follows it.
    NotBySeveral,
    /// It is on without any event, so that nothing changes when there is one.
    AlwaysOn,
    /// It looks at a unit or at dimensions that the filter does not give.
    NoData,
    /// It is not known here.
    NotJudged(Unweighed),
}

/// What about an alarm is not modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unweighed {
    /// An expression over metrics, or a band of an anomaly detector.
    MetricMath,
    /// An alarm over alarms.
    Composite,
    /// A percentile or a trimmed mean.
    Statistic,
    /// The filter counts with a field of the event.
    Value,
    /// One event among periods without data.
    MissingData,
    /// Values of dimensions.
    Dimensions,
}

impl Metric {
    /// `system`: the fields of Logs' own that the filter gives as dimensions too.
    pub(super) fn of(transformation: &Transformation, system: &[String]) -> Self {
        // Absent, and "None", are the same unit.
        let unit = Some(&transformation.unit).filter(|unit| !unit.is_empty() && *unit != "None");
        Self {
            name: MetricName {
                metric_name: transformation.metric_name.clone(),
                namespace: transformation.metric_namespace.clone(),
            },
            value: transformation.metric_value.trim().parse().ok(),
            default: transformation.default_value,
            unit: unit.cloned(),
            dimensions: transformation.dimensions.keys().chain(system).cloned().collect(),
        }
    }

    /// Whether an alarm is on this metric, or on an expression in which it is.
    pub(super) fn is_of(&self, alarm: &MetricAlarm) -> bool {
        let queried = alarm.metrics.iter().filter_map(|query| query.metric_stat.as_ref()).map(|stat| &stat.metric);
        std::iter::once(&alarm.metric).chain(queried).any(|metric| *metric == self.name)
    }
}

/// What becomes of a metric alarm, as DescribeAlarms has it, when one event of root's is counted by the filter.
pub(super) fn raised(alarm: &MetricAlarm, metric: &Metric) -> Raised {
    if !alarm.metrics.is_empty() {
        return Raised::NotJudged(Unweighed::MetricMath);
    }
    if let Some(raised) = without_data(alarm, metric) {
        return raised;
    }
    let (Some(statistic), false) = (Statistic::of(&alarm.statistic), alarm.extended_statistic.is_some()) else {
        return Raised::NotJudged(Unweighed::Statistic);
    };
    let Some(limit) = Limit::of(alarm) else { return Raised::NotJudged(Unweighed::MetricMath) };
    let Some(value) = metric.value else { return Raised::NotJudged(Unweighed::Value) };
    // Filters write once a minute.
    let minutes = (alarm.period.unwrap_or(60) / 60).clamp(1, 1440);
    let on = |values: &[(f64, u64)]| limit.is_broken(statistic.over(values));
    let by = |events: u64| match metric.default {
        None => on(&[(value, events)]),
        Some(default) => (0..=minutes).all(|quiet| on(&[(value, events), (default, quiet)])),
    };
    let when_quiet = metric.default.is_some_and(|default| (1..=minutes).any(|quiet| on(&[(default, quiet)])));
    let breaching = alarm.treat_missing_data == "breaching";
    if when_quiet || breaching && metric.default.is_none() {
        return Raised::AlwaysOn;
    }
    if !by(1) {
        return Raised::NeedsMore;
    }
    if ![2, 3, MANY].into_iter().all(by) {
        return Raised::NotBySeveral;
    }
    in_periods(alarm, metric)
}

/// What becomes of an alarm that one event breaks the limit of, by the periods that it looks at.
fn in_periods(alarm: &MetricAlarm, metric: &Metric) -> Raised {
    let missing = alarm.treat_missing_data.as_str();
    match datapoints(alarm) {
        // Minutes without any event at all raise it as well.
        _ if missing == "breaching" => Raised::NotJudged(Unweighed::MissingData),
        0 | 1 => Raised::ByOneEvent,
        // Where everything else is missing, one point may be enough, after a while (CloudWatch, "missing data").
        _ if metric.default.is_none() && (missing.is_empty() || missing == "missing") => {
            Raised::NotJudged(Unweighed::MissingData)
        }
        _ => Raised::NeedsMore,
    }
}

/// More events than root has in a period.
const MANY: u64 = 1_000_000;

/// How many periods must be bad: all that are looked at, unless it says fewer.
fn datapoints(alarm: &MetricAlarm) -> u64 {
    let periods = alarm.evaluation_periods.unwrap_or(1);
    alarm.datapoints_to_alarm.unwrap_or(periods).min(periods)
}

/// An alarm sees only what has its unit, if it names one, and exactly its dimensions.
fn without_data(alarm: &MetricAlarm, metric: &Metric) -> Option<Raised> {
    let unit = Some(alarm.unit.as_str()).filter(|unit| !unit.is_empty());
    let same = |unit: &str| metric.unit.as_deref().unwrap_or("None") == unit;
    let mut asked: Vec<&str> = alarm.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let mut given: Vec<&str> = metric.dimensions.iter().map(String::as_str).collect();
    asked.sort_unstable();
    given.sort_unstable();
    match () {
        () if unit.is_some_and(|unit| !same(unit)) || asked != given => Some(Raised::NoData),
        () if !asked.is_empty() => Some(Raised::NotJudged(Unweighed::Dimensions)),
        () => None,
    }
}

#[derive(Clone, Copy)]
enum Statistic {
    Sum,
    Count,
    Average,
    Least,
    Most,
}

impl Statistic {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Sum" => Self::Sum,
            "SampleCount" => Self::Count,
            "Average" => Self::Average,
            "Minimum" => Self::Least,
            "Maximum" => Self::Most,
            _ => return None,
        })
    }

    /// Over values, each so many times; there is at least one.
    fn over(self, values: &[(f64, u64)]) -> f64 {
        let there = || values.iter().filter(|(_, times)| *times > 0);
        let sum: f64 = there().map(|(value, times)| value * *times as f64).sum();
        let count: f64 = there().map(|(_, times)| *times as f64).sum();
        match self {
            Self::Sum => sum,
            Self::Count => count,
            Self::Average => sum / count,
            Self::Least => there().map(|(value, _)| *value).fold(f64::INFINITY, f64::min),
            Self::Most => there().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// What a number is held against.
struct Limit {
    threshold: f64,
    broken: fn(f64, f64) -> bool,
}

impl Limit {
    /// `None`: a band, which has no number.
    fn of(alarm: &MetricAlarm) -> Option<Self> {
        let broken: fn(f64, f64) -> bool = match alarm.comparison_operator.as_str() {
            "GreaterThanOrEqualToThreshold" => |value, threshold| value >= threshold,
            "GreaterThanThreshold" => |value, threshold| value > threshold,
            "LessThanOrEqualToThreshold" => |value, threshold| value <= threshold,
            "LessThanThreshold" => |value, threshold| value < threshold,
            _ => return None,
        };
        Some(Self { threshold: alarm.threshold?, broken })
    }

    fn is_broken(&self, value: f64) -> bool {
        (self.broken)(value, self.threshold)
    }
}
