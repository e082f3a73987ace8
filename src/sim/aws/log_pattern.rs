//! CloudWatch Logs' filter patterns, applied to one event: of JSON (`{ … }`), or words to be found.

use crate::aws::posture::{Condition, NotJudged, Order, Pattern};
use serde_json::Value;

pub(super) enum LogPattern {
    /// Matches every event.
    All,
    Json(Pattern),
    Words(Vec<Word>),
}

pub(super) struct Word {
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Needed,
    /// `?word`: one of these is enough.
    Optional,
    /// `-word`
    Excluded,
}

const INVALID: &str = "Invalid metric filter pattern";

impl LogPattern {
    /// The error is what Logs says of a pattern that it does not take.
    pub(super) fn check(text: &str) -> Result<(), String> {
        match Pattern::parse(text.trim()) {
            // Regular expressions and columns: Logs takes them, and nothing here has to apply them.
            Err(NotJudged::Unmodelled) if text.trim().starts_with('{') => Ok(()),
            _ if text.trim().starts_with('[') && text.trim().ends_with(']') => Ok(()),
            _ => Self::read(text).map(drop),
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::All);
        }
        if text.starts_with('{') {
            return match Pattern::parse(text) {
                Ok(pattern) => Ok(Self::Json(pattern)),
                Err(NotJudged::Syntax(_)) => Err(INVALID.to_owned()),
                Err(_) => Err("The simulator cannot apply this filter pattern.".to_owned()),
            };
        }
        if text.starts_with('[') {
            return Err("The simulator cannot apply this filter pattern.".to_owned());
        }
        words(text).map(Self::Words)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Json(pattern) => {
                serde_json::from_str(message).is_ok_and(|event: Value| event.is_object() && holds(pattern, &event))
            }
            Self::Words(words) => {
                let of = |kind| words.iter().filter(move |word| word.kind == kind);
                let found = |word: &Word| message.contains(&word.text);
                of(Kind::Needed).all(found)
                    && !of(Kind::Excluded).any(found)
                    && (of(Kind::Optional).next().is_none() || of(Kind::Optional).any(found))
            }
        }
    }
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, start) = match rest.chars().next() {
            Some('?') => (Kind::Optional, 1),
            Some('-') => (Kind::Excluded, 1),
            _ => (Kind::Needed, 0),
        };
        let from = rest.get(start..).unwrap_or_default();
        let (word, after) = match from.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(|| INVALID.to_owned())?,
            None => {
                let (word, after) = from.split_once(' ').unwrap_or((from, ""));
                if word.is_empty() || !word.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    return Err(format!("Invalid character(s) in term '{word}'"));
                }
                (word, after)
            }
        };
        words.push(Word { text: word.to_owned(), kind });
        rest = after.trim_start();
    }
    Ok(words)
}

fn holds(pattern: &Pattern, event: &Value) -> bool {
    match pattern {
        Pattern::And(all) => all.iter().all(|one| holds(one, event)),
        Pattern::Or(all) => all.iter().any(|one| holds(one, event)),
        Pattern::Test(test) => {
            let found = values(event, &test.field);
            match &test.is {
                Condition::Missing => found.is_empty(),
                is => found.into_iter().any(|value| fits(is, value)),
            }
        }
    }
}

/// What a field such as `a.b[0].c` or `a[*]` holds: nothing, one value, or several.
fn values<'e>(event: &'e Value, field: &str) -> Vec<&'e Value> {
    let mut found = vec![event];
    for part in field.split('.') {
        let (name, indexes) = part.split_once('[').unwrap_or((part, ""));
        if !name.is_empty() {
            found = found.into_iter().filter_map(|value| value.get(name)).collect();
        }
        for index in indexes.split('[').filter_map(|index| index.strip_suffix(']')) {
            found = match index.parse::<usize>() {
                Ok(at) => found.into_iter().filter_map(|value| value.get(at)).collect(),
                Err(_) => found.into_iter().filter_map(Value::as_array).flatten().collect(),
            };
        }
    }
    found
}

fn fits(is: &Condition, value: &Value) -> bool {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match is {
        Condition::Equals(wanted) => text.is_some_and(|text| like(wanted, &text)),
        Condition::Differs(unwanted) => text.is_some_and(|text| !like(unwanted, &text)),
        Condition::Exists => true,
        Condition::Missing => false,
        Condition::Null => value.is_null(),
        Condition::Is(wanted) => text.is_some_and(|text| text == wanted.to_string()),
        Condition::Ordered(order, bound) => {
            let number = text.and_then(|text| text.parse::<f64>().ok());
            number.zip(bound.parse::<f64>().ok()).is_some_and(|(value, bound)| match order {
                Order::Less => value < bound,
                Order::LessOrEqual => value <= bound,
                Order::Greater => value > bound,
                Order::GreaterOrEqual => value >= bound,
            })
        }
    }
}

/// Whether a text is like a pattern, where `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}
