//! Service control policies, as far as they concern root users: which deny them, and which of those also stop the tasks
//! of AssumeRoot.

use super::pattern::like;
use serde_json::Value;

/// A policy that denies root users something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDeny {
    /// The policy's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// It is attached somewhere.
    pub attached: bool,
    /// It stops glasskey's audit of members' root users through AssumeRoot as well.
    pub stops_tasks: bool,
}

/// What a policy's text does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// A statement denies root users something, and names them.
    pub denies_root: bool,
    /// A statement denies sessions of AssumeRoot what their tasks need.
    pub stops_tasks: bool,
}

/// What the tasks of AssumeRoot do.
const TASKS: [&str; 10] = [
    "iam:GetAccountSummary",
    "iam:ListMFADevices",
    "iam:ListAccessKeys",
    "iam:GetUser",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeactivateMFADevice",
    "iam:CreateLoginProfile",
    "s3:DeleteBucketPolicy",
    "sqs:SetQueueAttributes",
];

/// Condition operators that hold when the key has the value.
const POSITIVE: [&str; 6] = ["stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase", "bool"];

impl Effect {
    /// Reads a policy's text; `None` where it is no policy.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(text).ok()?;
        let statements = match policy.get("Statement")? {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let mut effect = Self { denies_root: false, stops_tasks: false };
        for statement in statements {
            if statement.get("Effect").and_then(Value::as_str) != Some("Deny") {
                continue;
            }
            let whom = Whom::of(statement.get("Condition"));
            effect.denies_root |= whom.names_root;
            effect.stops_tasks |= whom.reaches_sessions && denies_a_task(statement);
        }
        Some(effect)
    }
}

/// Whom a statement's conditions let it reach.
struct Whom {
    /// Root users, by name.
    names_root: bool,
    /// Sessions of AssumeRoot.
    reaches_sessions: bool,
}

impl Whom {
    fn of(condition: Option<&Value>) -> Self {
        let mut whom = Self { names_root: false, reaches_sessions: true };
        for (operator, keys) in condition.and_then(Value::as_object).into_iter().flatten() {
            let operator = operator.to_ascii_lowercase();
            let operator = operator.rsplit(':').next().unwrap_or_default().trim_end_matches("ifexists").to_owned();
            let positive = POSITIVE.contains(&operator.as_str());
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values = texts(values);
                match key.to_ascii_lowercase().as_str() {
                    "aws:principalarn" => {
                        let root = values.iter().any(|value| is_root(value));
                        whom.names_root |= positive && root && !values.iter().any(|value| value == "*");
                        // The session of AssumeRoot has root's ARN.
                        whom.reaches_sessions &= positive == root;
                    }
                    "aws:assumedroot" => {
                        whom.reaches_sessions &= values.iter().any(|value| value.eq_ignore_ascii_case("true"))
                    }
                    // Anything else narrows it down to somebody; whom cannot be told, and the worst is assumed only
                    // where root is named.
                    _ => {}
                }
            }
        }
        // Without root's name in it, a Deny is about what is done and not about who does it.
        whom.reaches_sessions &= whom.names_root || condition.is_none_or(|condition| condition == &Value::Null);
        whom
    }
}

/// `arn:aws:iam::*:root` and its like.
fn is_root(pattern: &str) -> bool {
    ["aws", "aws-cn", "aws-us-gov"]
        .iter()
        .any(|partition| like(pattern, &format!("arn:{partition}:iam::111122223333:root")))
        || pattern.ends_with(":root")
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(value) => vec![value.to_string()],
        _ => Vec::new(),
    }
}

fn denies_a_task(statement: &Value) -> bool {
    let named = |patterns: &[String], action: &str| {
        patterns.iter().any(|pattern| like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => TASKS.iter().any(|task| named(&texts(actions), task)),
        (None, Some(others)) => TASKS.iter().any(|task| !named(&texts(others), task)),
        (None, None) => false,
    }
}
