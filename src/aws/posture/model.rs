//! The events of an account's root user, and everybody else's: what a metric filter or an EventBridge rule must let
//! through, and what it must not. One model for both.
//!
//! A pattern compares fields with constants, so a field has finitely many values that make a difference: those are tried
//! in every combination. Knows no language that patterns are written in.

use super::pattern::NotJudged;
use crate::aws::root_arn;
use std::collections::BTreeMap;

/// Whose root user it is about: an account's own events name it in several fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
}

/// An event that shows something, as the fields that matter.
pub type Example = BTreeMap<String, String>;

/// A field's value in a trial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trial {
    Missing,
    Null,
    Bool(bool),
    Text(String),
}

impl Trial {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One event, as the fields that somebody looks at.
pub(super) type Event<'e> = BTreeMap<&'e str, &'e Trial>;

const TYPE: &str = "userIdentity.type";
const INVOKED_BY: &str = "userIdentity.invokedBy";
const EVENT_TYPE: &str = "eventType";
/// On the events of AssumeRoot sessions (CloudTrail, "Tracking privileged tasks").
const ASSUMED_ROOT: &str = "userIdentity.sessionContext.assumedRoot";
const ARN: &str = "userIdentity.arn";
/// Root's is its account's number (CloudTrail, "userIdentity element").
const PRINCIPAL: &str = "userIdentity.principalId";
const ACCOUNT: &str = "userIdentity.accountId";
const RECIPIENT: &str = "recipientAccountId";

/// Combinations that are tried at most.
const LIMIT: usize = 300_000;

/// What a pattern was seen to do with the events that were tried.
#[derive(Default)]
pub(super) struct Observed {
    /// An event of root's that it misses.
    pub(super) misses: Option<Example>,
    /// An event of somebody else's that it matches.
    pub(super) noisy: Option<Example>,
    /// It matches every event of AssumeRoot's sessions.
    pub(super) assumed: bool,
    /// It matches some event of root's.
    pub(super) some: bool,
}

enum Audience {
    Root,
    AssumedRoot,
    Others,
    /// Root's, but a service's doing, or another account's, or nobody's: may match or not.
    Either,
}

/// The fields that matter, with the constants that each is compared with, or the one value that it has.
pub(super) struct Trials<'o> {
    own: &'o Own,
    constants: BTreeMap<String, Vec<String>>,
    fixed: BTreeMap<String, Vec<Trial>>,
}

impl<'o> Trials<'o> {
    pub(super) fn of(own: &'o Own) -> Self {
        let mut trials = Self { own, constants: BTreeMap::new(), fixed: BTreeMap::new() };
        for (field, constant) in [
            (TYPE, Some("Root")),
            (INVOKED_BY, None),
            (EVENT_TYPE, Some("AwsServiceEvent")),
            (ASSUMED_ROOT, Some("true")),
        ] {
            trials.constants(field, constant.into_iter().map(str::to_owned));
        }
        trials
    }

    pub(super) fn constants(&mut self, field: &str, constants: impl IntoIterator<Item = String>) {
        self.constants.entry(field.to_owned()).or_default().extend(constants);
    }

    /// A field that has one of these values and no other, where it is looked at.
    pub(super) fn fix(&mut self, field: &str, values: Vec<Trial>) {
        self.fixed.insert(field.to_owned(), values);
    }

    /// Tries every combination, until it is known `enough`.
    pub(super) fn each(
        self,
        matches: impl Fn(&Event<'_>) -> bool,
        enough: impl Fn(&Observed) -> bool,
    ) -> Result<Observed, NotJudged> {
        let Self { own, constants, mut fixed } = self;
        let values = |(field, constants): (String, Vec<String>)| {
            let values = fixed.remove(&field).unwrap_or_else(|| trials(&field, &constants, own));
            (field, values)
        };
        let domains: Vec<(String, Vec<Trial>)> = constants.into_iter().map(values).collect();
        let combinations = domains.iter().try_fold(1_usize, |product, (_, values)| product.checked_mul(values.len()));
        if combinations.is_none_or(|combinations| combinations > LIMIT) {
            return Err(NotJudged::TooManyFields);
        }
        let mut seen = Observed { assumed: true, ..Observed::default() };
        let mut indexes = vec![0_usize; domains.len()];
        loop {
            let event: Event<'_> = domains
                .iter()
                .zip(&indexes)
                .filter_map(|((field, values), index)| Some((field.as_str(), values.get(*index)?)))
                .collect();
            seen.note(own, &event, matches(&event));
            if enough(&seen) || !next(&domains, &mut indexes) {
                return Ok(seen);
            }
        }
    }
}

/// The next combination; after the last one there is none.
fn next(domains: &[(String, Vec<Trial>)], indexes: &mut [usize]) -> bool {
    for ((_, values), index) in domains.iter().zip(indexes.iter_mut()) {
        *index += 1;
        if *index < values.len() {
            return true;
        }
        *index = 0;
    }
    false
}

impl Observed {
    fn note(&mut self, own: &Own, event: &Event<'_>, matches: bool) {
        match audience(own, event) {
            Audience::Root if matches => self.some = true,
            Audience::Root if self.misses.is_none() => self.misses = Some(example(event)),
            Audience::AssumedRoot => self.assumed &= matches,
            Audience::Others if matches && self.noisy.is_none() => self.noisy = Some(example(event)),
            Audience::Root | Audience::Others | Audience::Either => {}
        }
    }
}

fn audience(own: &Own, event: &Event<'_>) -> Audience {
    let text = |field: &str| match event.get(field) {
        Some(Trial::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    // A field that nobody looks at is as it should be.
    let is = |field: &str, wanted: &str| !event.contains_key(field) || text(field) == Some(wanted);
    let kind = text(TYPE).unwrap_or_default();
    if kind != "Root" {
        // Only root's ARN ends so, and only root's principal is the account: what else would is nobody's.
        let of_root = text(ARN).is_some_and(|arn| arn.ends_with(":root"))
            || text(PRINCIPAL) == Some(&own.account)
            || kind.eq_ignore_ascii_case("root");
        return if of_root { Audience::Either } else { Audience::Others };
    }
    let ours = is(ARN, &root_arn(&own.partition, &own.account))
        && [PRINCIPAL, ACCOUNT, RECIPIENT].iter().all(|field| is(field, &own.account));
    let by_itself = matches!(event.get(INVOKED_BY), None | Some(Trial::Missing));
    if !ours || !by_itself || text(EVENT_TYPE) == Some("AwsServiceEvent") {
        return Audience::Either;
    }
    match event.get(ASSUMED_ROOT) {
        None | Some(Trial::Missing) => Audience::Root,
        Some(_) => Audience::AssumedRoot,
    }
}

fn example(event: &Event<'_>) -> Example {
    let shown = |trial: &Trial| match trial {
        Trial::Missing => None,
        Trial::Null => Some("null".to_owned()),
        Trial::Bool(value) => Some(value.to_string()),
        Trial::Text(text) => Some(text.clone()),
    };
    event.iter().filter_map(|(field, trial)| Some(((*field).to_owned(), shown(trial)?))).collect()
}

/// The values of a field that can make a difference: each constant, one that is none of them, and what `*` may stand
/// for.
fn trials(field: &str, constants: &[String], own: &Own) -> Vec<Trial> {
    let mut texts: Vec<String> = Vec::new();
    for constant in constants {
        let others = constants.iter().map(|other| other.replace('*', "")).chain([String::new(), "other".to_owned()]);
        texts.extend(others.map(|filling| constant.replace('*', &filling)));
    }
    texts.push("something else".to_owned());
    match field {
        ARN => {
            let user = format!("arn:{}:iam::{}:user/groot", own.partition, own.account);
            texts.extend([root_arn(&own.partition, &own.account), user]);
        }
        PRINCIPAL | ACCOUNT | RECIPIENT => texts.push(own.account.clone()),
        // Every service's name ends so.
        "eventSource" => {
            texts.retain(|text| text.ends_with(".amazonaws.com"));
            texts.push("something-else.amazonaws.com".to_owned());
        }
        "@source" => {
            texts.retain(|text| text.starts_with("aws."));
            texts.push("aws.something-else".to_owned());
        }
        _ => {}
    }
    let mut trials: Vec<Trial> = texts.into_iter().map(Trial::Text).collect();
    match field {
        // In every event of CloudTrail, and always text (CloudTrail record contents).
        TYPE | EVENT_TYPE | RECIPIENT | "eventVersion" | "eventSource" | "eventName" | "awsRegion" | "eventTime" => {}
        // Of EventBridge's own.
        "@source" | "@id" | "@time" => {}
        ASSUMED_ROOT => trials = vec![Trial::text("true"), Trial::Missing],
        INVOKED_BY | ARN | PRINCIPAL | ACCOUNT => trials.push(Trial::Missing),
        _ => trials.extend([Trial::Missing, Trial::Null, Trial::Bool(true), Trial::Bool(false)]),
    }
    trials.sort();
    trials.dedup();
    trials
}

/// Whether a text is like a pattern in which `*` stands for any text.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
