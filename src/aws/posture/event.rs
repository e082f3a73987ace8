//! EventBridge event patterns, held against root's sign-ins and API calls, and everybody else's: [`super::model`]'s
//! events, as EventBridge has them.

use super::model::{Event, Observed, Own, Trial, Trials, like};
use serde_json::Value;

/// What a rule does with root's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Sign-ins and API calls.
    Everything,
    /// Sign-ins only.
    SignIns,
    /// Something of root's, but not every sign-in.
    Part,
    /// Nothing of root's.
    Nothing,
    /// Everybody's events too.
    Noisy,
    /// It uses what is not modelled here.
    NotJudged,
}

impl Watch {
    /// What an event pattern watches in the account, on the bus of this region.
    #[must_use]
    pub fn of(pattern: &str, own: &Own, region: &str) -> Self {
        let pattern = serde_json::from_str::<Value>(pattern).ok().filter(Value::is_object);
        let Some(asked) = pattern.and_then(|pattern| Ask::of(&pattern, "", 0)) else { return Self::NotJudged };
        let (Some(sign_ins), Some(calls)) =
            (seen(&asked, own, region, Kind::SignIn), seen(&asked, own, region, Kind::Call))
        else {
            return Self::NotJudged;
        };
        match () {
            () if !sign_ins.some && !calls.some => Self::Nothing,
            () if sign_ins.noisy.is_some() || calls.noisy.is_some() => Self::Noisy,
            () if sign_ins.misses.is_some() => Self::Part,
            () if calls.misses.is_none() => Self::Everything,
            () => Self::SignIns,
        }
    }
}

impl Watch {
    /// What an event pattern watches of root's calls in a region in which it does not sign in.
    #[must_use]
    pub fn of_calls(pattern: &str, own: &Own, region: &str) -> Self {
        let pattern = serde_json::from_str::<Value>(pattern).ok().filter(Value::is_object);
        let Some(asked) = pattern.and_then(|pattern| Ask::of(&pattern, "", 0)) else { return Self::NotJudged };
        match seen(&asked, own, region, Kind::Call) {
            None => Self::NotJudged,
            Some(calls) if !calls.some => Self::Nothing,
            Some(calls) if calls.noisy.is_some() => Self::Noisy,
            Some(calls) if calls.misses.is_some() => Self::Part,
            Some(_) => Self::Everything,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    SignIn,
    Call,
}

/// Fields outside of `detail` have this before their names.
const OUTSIDE: char = '@';

/// What is in `detail`, at its top (CloudTrail record contents).
const TOP: [&str; 24] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "eventType",
    "apiVersion",
    "managementEvent",
    "recipientAccountId",
    "vpcEndpointId",
    "sessionCredentialFromConsole",
    "eventCategory",
    "tlsDetails",
];

fn seen(asked: &Ask, own: &Own, region: &str, kind: Kind) -> Option<Observed> {
    let mut trials = Trials::of(own);
    asked.each(&mut |field, choices| {
        trials.constants(field, choices.iter().flat_map(Choice::constants));
        let top = field.split('.').next().unwrap_or(field);
        // What CloudTrail does not write is not there. `resources` is an empty list.
        if !field.starts_with(OUTSIDE) && !TOP.contains(&top) || field == "@resources" {
            trials.fix(field, vec![Trial::Missing]);
        }
    });
    fix_what_is_known(&mut trials, own, region, kind);
    let enough = |seen: &Observed| seen.some && seen.misses.is_some() && seen.noisy.is_some();
    trials.each(|event| asked.holds(event), enough).ok()
}

/// Fields that have one value, or few, in every event of the kind.
fn fix_what_is_known(trials: &mut Trials<'_>, own: &Own, region: &str, kind: Kind) {
    let text = |text: &str| vec![Trial::text(text)];
    let detail_type = match kind {
        Kind::SignIn => "AWS Console Sign In via CloudTrail",
        Kind::Call => "AWS API Call via CloudTrail",
    };
    for (field, value) in [
        ("@version", "0"),
        ("@detail-type", detail_type),
        ("@account", &own.account),
        ("@region", region),
        ("awsRegion", region),
        ("recipientAccountId", &own.account),
        ("eventCategory", "Management"),
    ] {
        trials.fix(field, text(value));
    }
    trials.fix("managementEvent", vec![Trial::Bool(true)]);
    match kind {
        Kind::SignIn => {
            trials.fix("@source", text("aws.signin"));
            trials.fix("eventSource", text("signin.amazonaws.com"));
            trials.fix("eventName", text("ConsoleLogin"));
            trials.fix("eventType", text("AwsConsoleSignIn"));
            trials.fix("readOnly", vec![Trial::Bool(false)]);
        }
        Kind::Call => {
            trials.fix("eventType", text("AwsApiCall"));
            trials.fix("readOnly", vec![Trial::Bool(false), Trial::Bool(true)]);
        }
    }
}

/// Nesting at most.
const MAX_DEPTH: usize = 32;

enum Ask {
    All(Vec<Ask>),
    Any(Vec<Ask>),
    Field(String, Vec<Choice>),
}

impl Ask {
    /// `None`: it says something that is not known here. `path`: where in the event this is about.
    fn of(pattern: &Value, path: &str, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let each = |choices: &Vec<Value>| choices.iter().map(|one| Self::of(one, path, depth + 1)).collect();
        match pattern {
            Value::Object(fields) => {
                let part = |(name, inner): (&String, &Value)| match name.as_str() {
                    "$or" => Some(Self::Any(inner.as_array().and_then(each)?)),
                    name => Self::of(inner, &below(path, name)?, depth + 1),
                };
                Some(Self::All(fields.iter().map(part).collect::<Option<_>>()?))
            }
            Value::Array(choices) if !path.is_empty() => {
                Some(Self::Field(path.to_owned(), choices.iter().map(Choice::of).collect::<Option<_>>()?))
            }
            _ => None,
        }
    }

    fn each(&self, visit: &mut impl FnMut(&str, &[Choice])) {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().for_each(|ask| ask.each(visit)),
            Self::Field(field, choices) => visit(field, choices),
        }
    }

    fn holds(&self, event: &Event<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|ask| ask.holds(event)),
            Self::Any(all) => all.iter().any(|ask| ask.holds(event)),
            Self::Field(field, choices) => {
                let value = event.get(field.as_str()).copied().unwrap_or(&Trial::Missing);
                choices.iter().any(|choice| choice.holds(value))
            }
        }
    }
}

/// The name of a field in another. What is in `detail` goes by CloudTrail's names, the rest with [`OUTSIDE`].
fn below(path: &str, name: &str) -> Option<String> {
    // A dot in a name could be mistaken for a field in a field.
    if name.contains('.') || name.starts_with(OUTSIDE) {
        return None;
    }
    Some(match path {
        "" => format!("{OUTSIDE}{name}"),
        "@detail" => name.to_owned(),
        path => format!("{path}.{name}"),
    })
}

/// One element of a pattern's list: a constant, or `{"prefix": …}` and its like.
enum Choice {
    Is(Trial),
    Exists(bool),
    Prefix(String),
    Suffix(String),
    Like(String),
    AnyCase(String),
    NoneOf(Vec<Trial>),
}

impl Choice {
    fn of(choice: &Value) -> Option<Self> {
        let Value::Object(filter) = choice else { return constant(choice).map(Self::Is) };
        let (kind, wanted) = filter.iter().next().filter(|_| filter.len() == 1)?;
        let text = || wanted.as_str().map(str::to_owned);
        Some(match kind.as_str() {
            "exists" => Self::Exists(wanted.as_bool()?),
            "prefix" => Self::Prefix(text()?),
            "suffix" => Self::Suffix(text()?),
            "wildcard" => Self::Like(text()?),
            "equals-ignore-case" => Self::AnyCase(text()?),
            "anything-but" => Self::NoneOf(match wanted {
                Value::Array(wanted) => wanted.iter().map(constant).collect::<Option<_>>()?,
                wanted => vec![constant(wanted)?],
            }),
            _ => return None,
        })
    }

    fn constants(&self) -> Vec<String> {
        let text = |trial: &Trial| match trial {
            Trial::Text(text) => Some(text.clone()),
            _ => None,
        };
        match self {
            Self::Is(trial) => text(trial).into_iter().collect(),
            Self::Exists(_) => Vec::new(),
            Self::Prefix(prefix) => vec![prefix.clone(), format!("{prefix}*")],
            Self::Suffix(suffix) => vec![suffix.clone(), format!("*{suffix}")],
            Self::Like(pattern) => vec![pattern.clone()],
            Self::AnyCase(text) => vec![text.clone(), text.to_ascii_uppercase()],
            Self::NoneOf(trials) => trials.iter().filter_map(text).collect(),
        }
    }

    fn holds(&self, value: &Trial) -> bool {
        let text = match value {
            Trial::Text(text) => Some(text.as_str()),
            _ => None,
        };
        match self {
            Self::Is(trial) => value == trial,
            Self::Exists(wanted) => (*value != Trial::Missing) == *wanted,
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix.as_str())),
            Self::Like(pattern) => text.is_some_and(|text| like(pattern, text)),
            Self::AnyCase(wanted) => text.is_some_and(|text| text.eq_ignore_ascii_case(wanted)),
            Self::NoneOf(unwanted) => *value != Trial::Missing && !unwanted.contains(value),
        }
    }
}

/// Numbers are not modelled: no field that tells root from others has one.
fn constant(value: &Value) -> Option<Trial> {
    match value {
        Value::String(text) => Some(Trial::text(text)),
        Value::Bool(value) => Some(Trial::Bool(*value)),
        Value::Null => Some(Trial::Null),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
