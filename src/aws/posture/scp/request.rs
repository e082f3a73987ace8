//! A call that a task of AssumeRoot makes, as far as it is known before it is made; and whether a statement of a policy
//! applies to it: action, resource and every condition.
//!
//! What the request will say is known of some condition keys and not of others (an address, a tag of a bucket). Where
//! such a key decides, the answer is that it cannot be told.

use super::Place;
use crate::aws::root_arn;
use serde_json::Value;

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// No resource: a policy matches it with `*` alone.
    Account,
    Root,
    /// Any bucket. A policy that protects buckets of certain names stops no task.
    Bucket,
    Queue,
}

impl On {
    /// IAM is in one region; buckets and queues are in any.
    pub(super) fn has_a_region_of_its_own(self) -> bool {
        matches!(self, Self::Bucket | Self::Queue)
    }
}

/// Whose request it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Root, signed in or by its access key.
    Root,
    /// Root by AssumeRoot.
    Session,
    /// A role like any other.
    Role,
}

/// A request.
pub(super) struct Scene<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) who: Who,
    pub(super) on: On,
}

/// What is known of a condition key.
enum Known {
    Is(String),
    /// It is not in the request.
    Absent,
    Unknown,
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unclear(String),
}

impl Answer {
    fn told(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unclear(key), _) | (_, Self::Unclear(key)) => Self::Unclear(key),
            (Self::No, Self::No) => Self::No,
        }
    }

    fn and(self, other: Self) -> Self {
        self.not().or(other.not()).not()
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unclear @ Self::Unclear(_) => unclear,
        }
    }
}

/// Whether a statement applies to a call, whatever its effect is.
pub(super) fn applies(statement: &Value, action: &str, scene: &Scene<'_>) -> Answer {
    let action = named(statement, "Action", "NotAction", |pattern| {
        Answer::told(fits(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    });
    let arn = scene.arn();
    let resource = || {
        named(statement, "Resource", "NotResource", |pattern| match filled_in(pattern, scene) {
            Ok(pattern) => Answer::told(fits(&pattern, &arn)),
            // Whatever the variable is, it would not fit.
            Err(unclear) if !fits(&unclear.at_most, &arn) => Answer::No,
            Err(unclear) => Answer::Unclear(unclear.variable),
        })
    };
    match action {
        Answer::No => Answer::No,
        action => action.and(resource()).and(conditions(statement, scene)),
    }
}

/// Whether what a statement names, or does not name, is meant.
fn named(statement: &Value, is: &str, not: &str, fits: impl Fn(&str) -> Answer) -> Answer {
    let any = |patterns: &Value| texts(patterns).iter().map(|one| fits(one)).fold(Answer::No, Answer::or);
    match (statement.get(is), statement.get(not)) {
        (Some(patterns), _) => any(patterns),
        (None, Some(patterns)) => any(patterns).not(),
        (None, None) => Answer::No,
    }
}

impl Scene<'_> {
    fn arn(&self) -> String {
        let (partition, region, account) = (self.place.partition, self.region, self.account);
        match self.on {
            On::Account => "*".to_owned(),
            On::Root => root_arn(partition, account),
            On::Bucket => format!("arn:{partition}:s3:::a-bucket-of-no-name-in-particular"),
            On::Queue => format!("arn:{partition}:sqs:{region}:{account}:a-queue-of-no-name-in-particular"),
        }
    }

    fn key(&self, key: &str) -> Known {
        let is = |text: &str| Known::Is(text.to_owned());
        let organization = || self.place.organization.map_or(Known::Unknown, is);
        let partition = self.place.partition;
        match (key, self.who) {
            ("aws:principalarn", Who::Role) => {
                Known::Is(format!("arn:{partition}:iam::{}:role/a-role", self.account))
            }
            ("aws:principalarn", _) => Known::Is(root_arn(partition, self.account)),
            ("aws:principaltype", Who::Role) => is("AssumedRole"),
            ("aws:principaltype", _) => is("Account"),
            ("aws:assumedroot", Who::Session) => is("true"),
            ("aws:assumedroot", _) => Known::Absent,
            ("aws:userid", Who::Role) => Known::Unknown,
            ("aws:principalaccount" | "aws:resourceaccount" | "aws:userid", _) => is(self.account),
            ("aws:principalorgid" | "aws:resourceorgid", _) => organization(),
            ("aws:viaawsservice" | "aws:principalisawsservice", _) => is("false"),
            ("aws:securetransport", _) => is("true"),
            ("aws:username" | "aws:principalservicename" | "aws:federatedprovider" | "aws:tagkeys", _) => {
                Known::Absent
            }
            ("aws:requestedregion", _) => is(self.region),
            // Root has no tags, and no task gives any. Nor is it called on behalf of a service.
            (key, who) if key.starts_with("aws:principaltag/") && who != Who::Role => Known::Absent,
            (key, _) if key.starts_with("aws:requesttag/") || key.starts_with("aws:calledvia") => Known::Absent,
            _ => Known::Unknown,
        }
    }
}

/// All conditions of a statement together.
pub(super) fn conditions(statement: &Value, scene: &Scene<'_>) -> Answer {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let tests = operators.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values))
    });
    tests
        .map(|(operator, key, values)| condition(operator, key, &texts(values), scene))
        .fold(Answer::Yes, Answer::and)
}

fn condition(operator: &str, key: &str, values: &[String], scene: &Scene<'_>) -> Answer {
    let lower = operator.to_ascii_lowercase();
    // A key of a session of root has one value, if any: the two ways with many differ where it has none.
    let (set, name) = lower.split_once(':').map_or(("", lower.as_str()), |(set, name)| (set, name));
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
    let actual = match scene.key(&key.to_ascii_lowercase()) {
        Known::Unknown => return Answer::Unclear(key.to_owned()),
        Known::Absent => None,
        Known::Is(actual) => Some(actual),
    };
    if name == "null" {
        return Answer::told(values.iter().any(|value| value.eq_ignore_ascii_case("true")) == actual.is_none());
    }
    let (name, negated) = match name.split_once("not") {
        Some((kind, rest)) => (format!("{kind}{rest}"), true),
        None => (name.to_owned(), false),
    };
    let test: fn(&str, &str) -> bool = match name.as_str() {
        "stringequals" => |value, actual| value == actual,
        "stringequalsignorecase" | "bool" => |value, actual| value.eq_ignore_ascii_case(actual),
        "stringlike" | "arnlike" | "arnequals" => fits,
        _ => return Answer::Unclear(key.to_owned()),
    };
    let Some(actual) = actual else {
        return Answer::told(if_exists || set == "forallvalues" || (negated && set.is_empty()));
    };
    let mut any = false;
    for value in values {
        match filled_in(value, scene) {
            Ok(value) => any |= test(&value, &actual),
            Err(_) => return Answer::Unclear(key.to_owned()),
        }
    }
    Answer::told(any != negated)
}

/// A pattern with a variable in it that is not known.
struct Variable {
    variable: String,
    /// The pattern that fits whatever the variable is.
    at_most: String,
}

/// A value with its variables (`${aws:PrincipalAccount}`) filled in.
fn filled_in(value: &str, scene: &Scene<'_>) -> Result<String, Variable> {
    let (mut filled, mut rest, mut unknown) = (String::new(), value, None);
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        match (name, scene.key(&name.to_ascii_lowercase())) {
            ("*" | "?" | "$", _) => filled.push_str(name),
            (_, Known::Is(text)) => filled.push_str(&text),
            _ => {
                unknown = Some(name.to_owned());
                filled.push('*');
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    match unknown {
        Some(variable) => Err(Variable { variable, at_most: filled }),
        None => Ok(filled),
    }
}

/// Whether a text fits a pattern in which `*` stands for any text and `?` for any letter.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit: after it, and one letter further.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (p, t) = (after, taken + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|letter| *letter == '*')
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(all) => all.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}
