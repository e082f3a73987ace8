//! The language of policies, as far as it can be decided beforehand: conditions over what is known of a request, names
//! with wildcards, variables.
//!
//! Where something decides that is not known, the answer is that it cannot be told. Knows no request: [`Keys`] does.

use serde_json::Value;

pub(super) trait Keys {
    /// Of a condition key, in small letters.
    fn key(&self, key: &str) -> KeyValue;
}

pub(super) enum KeyValue {
    Is(String),
    /// It is not in the request.
    Absent,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unclear(String),
}

impl Answer {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unclear(key), _) | (_, Self::Unclear(key)) => Self::Unclear(key),
            (Self::No, Self::No) => Self::No,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.not().or(other.not()).not()
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unclear @ Self::Unclear(_) => unclear,
        }
    }
}

/// Whether what a statement names, or does not name, is meant.
pub(super) fn named(statement: &Value, is: &str, not: &str, fits: impl Fn(&str) -> Answer) -> Answer {
    let any = |patterns: &Value| texts(patterns).iter().map(|one| fits(one)).fold(Answer::No, Answer::or);
    match (statement.get(is), statement.get(not)) {
        (Some(patterns), _) => any(patterns),
        (None, Some(patterns)) => any(patterns).not(),
        (None, None) => Answer::No,
    }
}

pub(super) fn conditions(statement: &Value, keys: &impl Keys) -> Answer {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let tests = operators.flat_map(|(operator, tests)| {
        tests.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values))
    });
    tests.map(|(operator, key, values)| condition(operator, key, &texts(values), keys)).fold(Answer::Yes, Answer::and)
}

fn condition(operator: &str, key: &str, values: &[String], keys: &impl Keys) -> Answer {
    let lower = operator.to_ascii_lowercase();
    // A key of a session of root has one value, if any: the two ways with many differ where it has none.
    let (set, name) = lower.split_once(':').map_or(("", lower.as_str()), |(set, name)| (set, name));
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
    let actual = match keys.key(&key.to_ascii_lowercase()) {
        KeyValue::Unknown => return Answer::Unclear(key.to_owned()),
        KeyValue::Absent => None,
        KeyValue::Is(actual) => Some(actual),
    };
    if name == "null" {
        return Answer::of(values.iter().any(|value| value.eq_ignore_ascii_case("true")) == actual.is_none());
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
        return Answer::of(if_exists || set == "forallvalues" || (negated && set.is_empty()));
    };
    let mut any = false;
    for value in values {
        match filled_in(value, keys) {
            Ok(value) => any |= test(&value, &actual),
            Err(_) => return Answer::Unclear(key.to_owned()),
        }
    }
    Answer::of(any != negated)
}

/// A pattern with a variable in it that is not known.
pub(super) struct Variable {
    pub(super) variable: String,
    /// The pattern that fits whatever the variable is.
    pub(super) at_most: String,
}

/// A value with its variables (`${aws:PrincipalAccount}`) filled in.
pub(super) fn filled_in(value: &str, keys: &impl Keys) -> Result<String, Variable> {
    let (mut filled, mut rest, mut unknown) = (String::new(), value, None);
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        match (name, keys.key(&name.to_ascii_lowercase())) {
            ("*" | "?" | "$", _) => filled.push_str(name),
            (_, KeyValue::Is(text)) => filled.push_str(&text),
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
pub(super) fn fits(pattern: &str, text: &str) -> bool {
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
