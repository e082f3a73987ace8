//! Service control policies, as far as they concern root users: which deny them, and which also stop the tasks of
//! AssumeRoot.
//!
//! A statement is held against the calls that the tasks make, as a session of AssumeRoot makes them in a member account:
//! action, resource and every condition. What that session's request will say is known of some condition keys and not of
//! others (an address, a tag of a bucket). Where such a key decides, the answer is that it cannot be told.

use crate::aws::root_arn;
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
    /// Whether it stops the tasks of AssumeRoot as well.
    pub stops_tasks: Stops,
}

/// Whether tasks of AssumeRoot are stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stops {
    /// They are not.
    No,
    /// They are: the first call that is denied.
    Yes(&'static str),
    /// That depends on this condition key.
    DependsOn(String),
}

/// What a policy's text does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// A statement denies root users something that it does not deny everybody.
    pub denies_root: bool,
    /// Whether a statement denies sessions of AssumeRoot what their tasks need.
    pub stops_tasks: Stops,
}

/// Where a policy is in force.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// The region that IAM's requests are signed for.
    pub region: &'a str,
    /// The organization's id, where that is known.
    pub organization: Option<&'a str>,
    /// The accounts it is attached to, where it is attached to accounts alone; otherwise none.
    pub accounts: &'a [String],
}

/// What the tasks of AssumeRoot do, and what with.
const TASKS: [(&str, On); 13] = [
    ("iam:GetAccountSummary", On::Account),
    ("iam:ListMFADevices", On::Root),
    ("iam:ListAccessKeys", On::Root),
    ("iam:GetUser", On::Root),
    ("iam:GetAccessKeyLastUsed", On::Root),
    ("iam:ListSigningCertificates", On::Root),
    ("iam:DeleteAccessKey", On::Root),
    ("iam:DeleteSigningCertificate", On::Root),
    ("iam:DeleteLoginProfile", On::Root),
    ("iam:DeactivateMFADevice", On::Root),
    ("iam:CreateLoginProfile", On::Root),
    ("s3:DeleteBucketPolicy", On::Bucket),
    ("sqs:SetQueueAttributes", On::Queue),
];

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// No resource: a policy matches it with `*` alone.
    Account,
    Root,
    /// Any bucket. A policy that protects buckets of certain names stops no task.
    Bucket,
    Queue,
}

impl On {
    fn arn(self, partition: &str, region: &str, account: &str) -> String {
        match self {
            Self::Account => "*".to_owned(),
            Self::Root => root_arn(partition, account),
            Self::Bucket => format!("arn:{partition}:s3:::a-bucket-of-no-name-in-particular"),
            Self::Queue => format!("arn:{partition}:sqs:{region}:{account}:a-queue-of-no-name-in-particular"),
        }
    }
}

impl Effect {
    /// Reads a policy's text; `None` where it is no policy.
    #[must_use]
    pub fn of(text: &str, place: &Place<'_>) -> Option<Self> {
        let policy: Value = serde_json::from_str(text).ok()?;
        let statements = match policy.get("Statement")? {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let accounts = match place.accounts {
            [] => numbers(text),
            accounts => accounts.to_vec(),
        };
        let mut effect = Self { denies_root: false, stops_tasks: Stops::No };
        for statement in statements {
            if statement.get("Effect").and_then(Value::as_str) != Some("Deny") {
                continue;
            }
            for account in &accounts {
                let scene = |who| Scene { place, account, who, on: On::Root };
                let holds = |who| conditions(statement, &scene(who));
                effect.denies_root |= holds(Who::Root) == Answer::Yes && holds(Who::Role) == Answer::No;
                effect.stops_tasks = effect.stops_tasks.or(stopped(statement, place, account));
            }
        }
        Some(effect)
    }
}

impl Stops {
    /// What is stopped by one of two things.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes(call), _) | (_, Self::Yes(call)) => Self::Yes(call),
            (Self::DependsOn(key), _) | (_, Self::DependsOn(key)) => Self::DependsOn(key),
            (Self::No, Self::No) => Self::No,
        }
    }
}

fn stopped(statement: &Value, place: &Place<'_>, account: &str) -> Stops {
    let calls = TASKS.iter().filter(|(action, _)| covers(statement, "Action", "NotAction", action, true));
    calls.fold(Stops::No, |stops, (action, on)| {
        let arn = on.arn(place.partition, place.region, account);
        if !covers(statement, "Resource", "NotResource", &arn, false) {
            return stops;
        }
        stops.or(match conditions(statement, &Scene { place, account, who: Who::Session, on: *on }) {
            Answer::Yes => Stops::Yes(action),
            Answer::No => Stops::No,
            Answer::Unclear(key) => Stops::DependsOn(key),
        })
    })
}

/// The account numbers that a text speaks of, and one that it does not.
fn numbers(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12);
    let mut numbers: Vec<String> = runs.map(str::to_owned).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let another = (100_000_000_000_u64..).map(|number| number.to_string()).find(|number| !numbers.contains(number));
    numbers.extend(another);
    numbers
}

fn covers(statement: &Value, is: &str, not: &str, text: &str, any_case: bool) -> bool {
    let fits = |patterns: &Value| {
        texts(patterns).iter().any(|pattern| match any_case {
            true => fits(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase()),
            false => fits(pattern, text),
        })
    };
    match (statement.get(is), statement.get(not)) {
        (Some(patterns), _) => fits(patterns),
        (None, Some(patterns)) => !fits(patterns),
        (None, None) => false,
    }
}

/// Whose request it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Root, signed in or by its access key.
    Root,
    /// Root by AssumeRoot.
    Session,
    /// A role like any other.
    Role,
}

/// A request, as far as it is known before it is made.
struct Scene<'a> {
    place: &'a Place<'a>,
    account: &'a str,
    who: Who,
    on: On,
}

/// What is known of a condition key.
enum Known {
    Is(String),
    /// It is not in the request.
    Absent,
    /// It may be anything, and one of it will do: a region policy closes regions, it stops no task in the others.
    Free,
    Unknown,
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    Unclear(String),
}

impl Scene<'_> {
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
            ("aws:requestedregion", _) => match self.on {
                On::Account | On::Root => is(self.place.region),
                On::Bucket | On::Queue => Known::Free,
            },
            // Root has no tags, and no task gives any. Nor is it called on behalf of a service.
            (key, who) if key.starts_with("aws:principaltag/") && who != Who::Role => Known::Absent,
            (key, _) if key.starts_with("aws:requesttag/") || key.starts_with("aws:calledvia") => Known::Absent,
            _ => Known::Unknown,
        }
    }
}

/// All conditions of a statement together.
fn conditions(statement: &Value, scene: &Scene<'_>) -> Answer {
    let mut unclear = None;
    for (operator, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            match condition(operator, key, &texts(values), scene) {
                Answer::Yes => {}
                Answer::No => return Answer::No,
                Answer::Unclear(key) => unclear = Some(key),
            }
        }
    }
    unclear.map_or(Answer::Yes, Answer::Unclear)
}

fn condition(operator: &str, key: &str, values: &[String], scene: &Scene<'_>) -> Answer {
    let lower = operator.to_ascii_lowercase();
    // A key of a session of root has one value, if any: the two ways with many differ where it has none.
    let (set, name) = lower.split_once(':').map_or(("", lower.as_str()), |(set, name)| (set, name));
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
    let told = |holds: bool| if holds { Answer::Yes } else { Answer::No };
    let actual = match scene.key(&key.to_ascii_lowercase()) {
        Known::Unknown => return Answer::Unclear(key.to_owned()),
        Known::Free => return Answer::No,
        Known::Absent => None,
        Known::Is(actual) => Some(actual),
    };
    if name == "null" {
        return told(values.iter().any(|value| value.eq_ignore_ascii_case("true")) == actual.is_none());
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
        return told(if_exists || set == "forallvalues" || (negated && set.is_empty()));
    };
    let mut any = false;
    for value in values {
        match filled_in(value, scene) {
            Some(value) => any |= test(&value, &actual),
            None => return Answer::Unclear(key.to_owned()),
        }
    }
    told(any != negated)
}

/// A value with its variables (`${aws:PrincipalAccount}`) filled in; `None` where one is not known.
fn filled_in(value: &str, scene: &Scene<'_>) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        match (name, scene.key(&name.to_ascii_lowercase())) {
            ("*" | "?" | "$", _) => filled.push_str(name),
            (_, Known::Is(text)) => filled.push_str(&text),
            _ => return None,
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
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

fn texts(value: &Value) -> Vec<String> {
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
