//! Policies: Allow and Deny by action, resource and condition.
//!
//! Enough of the language for identity policies and trust policies around MFA. What it does not know it refuses when
//! the policy is stored, so that no policy silently means something else.

use serde_json::Value;
use std::collections::BTreeMap;

/// The keys conditions look at, in lower case; a missing key is a missing fact.
pub(super) type Context = BTreeMap<String, String>;

#[derive(Clone)]
pub(super) struct Policy(Vec<Statement>);

#[derive(Clone)]
struct Statement {
    allow: bool,
    action: Patterns,
    /// `None` in a trust policy.
    resource: Option<Patterns>,
    /// `None` in an identity policy; services are among them.
    principal: Option<Vec<String>>,
    conditions: Vec<Condition>,
}

#[derive(Clone)]
struct Patterns {
    not: bool,
    any: Vec<String>,
}

#[derive(Clone)]
struct Condition {
    over: Over,
    operator: Operator,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

/// How a condition looks at a key of several values: a set operator, or none.
#[derive(Clone, Copy, PartialEq)]
enum Over {
    One,
    All,
    Any,
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    Bool,
    Null,
    Equals { not: bool },
    Like { not: bool },
    Less,
    Greater,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    NotAllowed,
    Denied,
}

/// Who a statement of a trust policy may speak of.
pub(super) struct Asking<'a> {
    pub(super) action: &'a str,
    /// `None` when a trust policy is asked.
    pub(super) resource: Option<&'a str>,
    /// The names the caller goes by in a trust policy, the account's root among them.
    pub(super) principals: &'a [String],
    pub(super) context: &'a Context,
}

/// The verdict of several policies together: one Deny outweighs every Allow.
pub(super) fn evaluate<'p>(policies: impl IntoIterator<Item = &'p Policy>, asking: &Asking<'_>) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    for statement in policies.into_iter().flat_map(|policy| &policy.0).filter(|s| s.applies(asking)) {
        if !statement.allow {
            return Verdict::Denied;
        }
        verdict = Verdict::Allowed;
    }
    verdict
}

impl Policy {
    /// Reads a policy document. The error says what is wrong, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let policy = Self::read(text)?;
        if policy.0.iter().any(|statement| statement.resource.is_none() == statement.principal.is_none()) {
            return Err("Policy statement must contain resources.".to_owned());
        }
        Ok(policy)
    }

    /// Reads the policy of a resource, whose statements have both a principal and a resource.
    pub(super) fn parse_of_resource(text: &str) -> Result<Self, String> {
        let policy = Self::read(text)?;
        if policy.0.iter().any(|statement| statement.principal.is_none()) {
            return Err("Missing required field Principal".to_owned());
        }
        if policy.0.iter().any(|statement| statement.resource.is_none()) {
            return Err("Missing required field Resource".to_owned());
        }
        Ok(policy)
    }

    /// Whether every resource of a resource's policy begins with this ARN.
    pub(super) fn is_only_about(&self, arn: &str) -> bool {
        let named = self.0.iter().filter_map(|statement| statement.resource.as_ref());
        named.flat_map(|patterns| &patterns.any).all(|name| {
            name.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == "*")
        })
    }

    /// Whether a statement allows something to everybody, without a condition.
    pub(super) fn is_public(&self) -> bool {
        let everybody = |named: &Vec<String>| named.iter().any(|name| name == "*");
        self.0
            .iter()
            .any(|one| one.allow && one.conditions.is_empty() && one.principal.as_ref().is_some_and(everybody))
    }

    fn read(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|_| "Syntax errors in policy.".to_owned())?;
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(Statement::read).collect::<Result<_, _>>()?,
            Some(one @ Value::Object(_)) => vec![Statement::read(one)?],
            _ => return Err("Syntax errors in policy.".to_owned()),
        };
        Ok(Self(statements))
    }

    pub(super) fn nothing() -> Self {
        Self(Vec::new())
    }

    pub(super) fn administrator() -> Self {
        let all = || Patterns { not: false, any: vec!["*".to_owned()] };
        Self(vec![Statement {
            allow: true,
            action: all(),
            resource: Some(all()),
            principal: None,
            conditions: Vec::new(),
        }])
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, String> {
        const KNOWN: [&str; 9] =
            ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition", "Version"];
        let object = value.as_object().ok_or("Syntax errors in policy.")?;
        if let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("The simulator does not know the policy element {unknown}."));
        }
        let allow = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("Syntax errors in policy.".to_owned()),
        };
        let action = patterns(value, "Action", "NotAction")?.ok_or("Policy statement must contain actions.")?;
        let resource = patterns(value, "Resource", "NotResource")?;
        let principal = object.get("Principal").map(principals).transpose()?;
        let conditions = match object.get("Condition") {
            Some(condition) => conditions(condition)?,
            None => Vec::new(),
        };
        Ok(Self { allow, action, resource, principal, conditions })
    }

    fn applies(&self, asking: &Asking<'_>) -> bool {
        let action = asking.action.to_ascii_lowercase();
        let resource = match (&self.resource, asking.resource) {
            (Some(patterns), Some(resource)) => {
                patterns.hold(|p| substitute(p, asking.context).is_some_and(|pattern| matches(&pattern, resource)))
            }
            (None, None) => true,
            _ => false,
        };
        resource
            && self.action.hold(|p| matches(&p.to_ascii_lowercase(), &action))
            && self
                .principal
                .as_ref()
                .is_none_or(|named| named.iter().any(|name| name == "*" || asking.principals.contains(name)))
            && self.conditions.iter().all(|condition| condition.holds(asking.context))
    }
}

impl Patterns {
    fn hold(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.any.iter().any(|pattern| matches(pattern)) != self.not
    }
}

impl Condition {
    fn holds(&self, context: &Context) -> bool {
        match (context.get(&self.key), self.over) {
            // Several values are lines; of none, all fit and not one does.
            (actual, Over::All) => actual.is_none_or(|lines| lines.lines().all(|one| self.fits(one, context))),
            (actual, Over::Any) => actual.is_some_and(|lines| lines.lines().any(|one| self.fits(one, context))),
            (Some(actual), Over::One) => self.fits(actual, context),
            (None, Over::One) => {
                let negated = matches!(self.operator, Operator::Equals { not: true } | Operator::Like { not: true });
                match self.operator {
                    Operator::Null => self.values.iter().any(|v| v == "true"),
                    _ => self.if_exists || negated,
                }
            }
        }
    }

    fn fits(&self, actual: &str, context: &Context) -> bool {
        let any = |test: &dyn Fn(&str) -> bool| {
            self.values.iter().any(|value| substitute(value, context).is_some_and(|value| test(&value)))
        };
        let number = |text: &str| text.parse::<f64>().ok();
        match self.operator {
            Operator::Null => any(&|v| v == "false"),
            Operator::Bool => any(&|v| v.eq_ignore_ascii_case(actual)),
            Operator::Equals { not } => any(&|v| v == actual) != not,
            Operator::Like { not } => any(&|v| matches(v, actual)) != not,
            Operator::Less => any(&|v| number(actual) < number(v) && number(v).is_some()),
            Operator::Greater => any(&|v| number(v).is_some() && number(actual) > number(v)),
        }
    }
}

/// The key's value as one or several strings.
fn strings(value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("Syntax errors in policy.".to_owned()),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn patterns(statement: &Value, is: &str, not: &str) -> Result<Option<Patterns>, String> {
    match (statement.get(is), statement.get(not)) {
        (Some(any), None) => Ok(Some(Patterns { not: false, any: strings(any)? })),
        (None, Some(any)) => Ok(Some(Patterns { not: true, any: strings(any)? })),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("Syntax errors in policy.".to_owned()),
    }
}

/// The name that a service goes by among principals.
pub(super) fn service(name: &str) -> String {
    format!("service {name}")
}

fn principals(value: &Value) -> Result<Vec<String>, String> {
    let named = match value {
        Value::String(all) if all == "*" => return Ok(vec!["*".to_owned()]),
        // Identity providers assume roles by another door: nobody who asks here goes by their names.
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err("Syntax errors in policy.".to_owned()),
    };
    let mut all = Vec::new();
    for (kind, names) in named {
        match kind.as_str() {
            "AWS" => all.extend(strings(names)?),
            "Service" => all.extend(strings(names)?.iter().map(|name| service(name))),
            "Federated" => drop(strings(names)?),
            _ => {
                return Err("The simulator knows only principals of the kinds AWS, Service and Federated.".to_owned());
            }
        }
    }
    Ok(all)
}

/// What [`Context`] can hold.
const KEYS: [&str; 22] = [
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:username",
    "aws:userid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:principalorgid",
    "aws:assumedroot",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:tagkeys",
    "s3:x-amz-acl",
    "sts:externalid",
    "sts:taskpolicyarn",
    "iam:passedtoservice",
    "iam:policyarn",
    "organizations:serviceprincipal",
];

/// With the tag's key behind it. Only KMS tells them.
const TAGS: [&str; 2] = ["aws:requesttag/", "aws:resourcetag/"];

fn conditions(value: &Value) -> Result<Vec<Condition>, String> {
    let mut found = Vec::new();
    for (operator, tests) in value.as_object().ok_or("Syntax errors in policy.")? {
        let (name, if_exists) = operator.strip_suffix("IfExists").map_or((operator.as_str(), false), |n| (n, true));
        let (over, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Over::All, name),
            Some(("ForAnyValue", name)) => (Over::Any, name),
            _ => (Over::One, name),
        };
        let operator = operator_named(name)
            .ok_or_else(|| format!("The simulator does not know the condition operator {name}."))?;
        for (key, values) in tests.as_object().ok_or("Syntax errors in policy.")? {
            let key = key.to_ascii_lowercase();
            if !KEYS.contains(&key.as_str()) && !TAGS.iter().any(|of| key.starts_with(of)) {
                return Err(format!("The simulator does not know the condition key {key}."));
            }
            found.push(Condition { over, operator, if_exists, key, values: strings(values)? });
        }
    }
    Ok(found)
}

fn operator_named(name: &str) -> Option<Operator> {
    Some(match name {
        "Bool" => Operator::Bool,
        "Null" => Operator::Null,
        "StringEquals" => Operator::Equals { not: false },
        "StringNotEquals" => Operator::Equals { not: true },
        "StringLike" | "ArnLike" | "ArnEquals" => Operator::Like { not: false },
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Operator::Like { not: true },
        "NumericLessThan" => Operator::Less,
        "NumericGreaterThan" => Operator::Greater,
        _ => return None,
    })
}

/// Fills in `${aws:username}` and its like; `None` when a variable has no value.
fn substitute(pattern: &str, context: &Context) -> Option<String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(context.get(&name.to_ascii_lowercase())?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// Whether `text` fits `pattern`, where `*` is any run and `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go back to: just after the last star, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                p = after;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}
