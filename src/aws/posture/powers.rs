//! Whether policies let somebody do everything.
//!
//! Whoever may give themselves any policy counts, be it that a statement leaves some actions or resources out. Permissions
//! boundaries and service control policies are not weighed.

use super::policy::{fits, texts};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What the policies of one principal come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Powers {
    /// A statement allows everything.
    all: bool,
    /// One does, on a condition.
    perhaps: bool,
    /// One denies everything.
    none: bool,
}

impl Powers {
    /// Of one policy, from its document as IAM gives it.
    pub(super) fn of(document: Option<&str>) -> Self {
        statements(document).iter().filter(|one| covers_everything(one)).map(Self::of_statement).fold_up()
    }

    /// Of AdministratorAccess.
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn of_statement(statement: &Value) -> Self {
        let conditional = statement.get("Condition").is_some();
        match (allows(statement), conditional) {
            (true, false) => Self::all(),
            // Without a factor it allows nothing.
            (true, true) if wants_mfa(statement) => Self::default(),
            (true, true) => Self { perhaps: true, ..Self::default() },
            (false, false) => Self { none: true, ..Self::default() },
            (false, true) => Self::default(),
        }
    }

    /// `None`: that depends on a condition.
    pub(super) fn is_admin(self) -> Option<bool> {
        match self {
            Self { none: true, .. } => Some(false),
            Self { all: true, .. } => Some(true),
            Self { perhaps, .. } => (!perhaps).then_some(false),
        }
    }
}

/// Several taken together.
pub(super) trait FoldUp {
    fn fold_up(self) -> Powers;
}

impl<I: Iterator<Item = Powers>> FoldUp for I {
    fn fold_up(self) -> Powers {
        self.fold(Powers::default(), |one, other| Powers {
            all: one.all || other.all,
            perhaps: one.perhaps || other.perhaps,
            none: one.none || other.none,
        })
    }
}

/// A policy's statements, from its document, which is percent-encoded as IAM gives it.
pub(super) fn statements(document: Option<&str>) -> Vec<Value> {
    let text = percent_decode_str(document.unwrap_or_default()).decode_utf8_lossy();
    let policy = serde_json::from_str::<Value>(&text).ok();
    match policy.and_then(|mut policy| policy.get_mut("Statement").map(Value::take)) {
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

pub(super) fn allows(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// What gives somebody all the rest.
const GIVES_ALL: &str = "iam:attachuserpolicy";

/// A deny must say all; an allow, what gives the rest.
fn covers_everything(statement: &Value) -> bool {
    let any = |of: &str, is: fn(&str) -> bool| statement.get(of).map(|of| texts(of).iter().any(|one| is(one)));
    let lacks = |of: &str, is: fn(&str) -> bool| allows(statement) && any(of, is) == Some(false);
    let is_lost = |action: &str| fits(&action.to_ascii_lowercase(), GIVES_ALL);
    (any("Action", every_action) == Some(true) || lacks("NotAction", is_lost))
        && (any("Resource", every_resource) == Some(true) || lacks("NotResource", every_resource))
}

/// `*`, `**`, `?*`, `*:*`.
fn every_action(pattern: &str) -> bool {
    pattern.contains('*') && pattern.chars().all(|c| matches!(c, '*' | '?' | ':'))
}

/// `*`, or an ARN of which nothing but the partition is said.
fn every_resource(pattern: &str) -> bool {
    let rest = pattern.strip_prefix("arn:").map_or(pattern, |rest| match rest.split_once(':') {
        Some((_, rest)) => rest,
        None => rest,
    });
    every_action(rest)
}

fn wants_mfa(statement: &Value) -> bool {
    let bool_of = |name: &str| statement.get("Condition")?.get(name)?.get("aws:MultiFactorAuthPresent").map(texts);
    bool_of("Bool").is_some_and(|values| values.iter().all(|value| value.eq_ignore_ascii_case("true")))
}
