//! Whether policies let somebody do everything.
//!
//! A statement that leaves out some actions or resources counts where what it allows gives the rest. Permissions boundaries
//! and service control policies are not weighed, nor is a statement that allows IAM alone.

use super::policy::{fits, texts};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::iter::Sum;

/// What the policies of one principal come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Powers {
    /// A statement allows everything.
    all: bool,
    /// One allows everything on what gives the rest, and on no more: they can make themselves an administrator.
    escalates: bool,
    /// One does with MFA.
    with_mfa: bool,
    /// One does, on another condition.
    perhaps: bool,
    /// One denies everything.
    none: bool,
}

impl Powers {
    /// Of one policy, from its document as IAM gives it. `own`: the ARN of the user, group or role whose it is, or of the
    /// managed policy: who may do everything to that may do everything.
    pub(super) fn of(document: Option<&str>, own: Option<&str>) -> Self {
        let own = own.unwrap_or_default();
        let reaching = |statement: &Value| Some(Self::of_statement(statement, Reach::of(statement, own)?));
        statements(document).iter().filter_map(reaching).sum()
    }

    /// Of AdministratorAccess.
    pub(super) fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn of_statement(statement: &Value, reach: Reach) -> Self {
        let conditional = statement.get("Condition").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        match (allows(statement), conditional) {
            (true, false) if reach == Reach::Targets => Self { escalates: true, ..Self::default() },
            (true, false) => Self::all(),
            (true, true) if wants_mfa(statement) => Self { with_mfa: reach == Reach::All, ..Self::default() },
            (true, true) => Self { perhaps: true, ..Self::default() },
            (false, false) => Self { none: true, ..Self::default() },
            (false, true) => Self::default(),
        }
    }

    /// Whether they can do everything, or make themselves somebody who can. `mfa`: whether they have a factor, without which
    /// what wants MFA allows nothing. `None`: that depends on a condition.
    pub(super) fn may_be_admin(self, mfa: Option<bool>) -> Option<bool> {
        Self { all: self.all || self.escalates, ..self }.is_admin(mfa)
    }

    /// As [`Powers::may_be_admin`], of those who need not do anything for it.
    pub(super) fn is_admin(self, mfa: Option<bool>) -> Option<bool> {
        match (self, mfa) {
            (Self { none: true, .. }, _) => Some(false),
            (Self { all: true, .. }, _) | (Self { with_mfa: true, .. }, Some(true)) => Some(true),
            (Self { perhaps: true, .. }, _) | (Self { with_mfa: true, .. }, None) => None,
            _ => Some(false),
        }
    }
}

/// Several taken together.
impl Sum for Powers {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |one, other| Self {
            all: one.all || other.all,
            escalates: one.escalates || other.escalates,
            with_mfa: one.with_mfa || other.with_mfa,
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

/// Each of these gives somebody all the rest.
const GIVE_ALL: [&str; 8] = [
    "iam:attachuserpolicy",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:putuserpolicy",
    "iam:putgrouppolicy",
    "iam:createpolicyversion",
    "iam:addusertogroup",
    "iam:updateassumerolepolicy",
];

/// On what a statement allows or denies everything: an allow, if it gives what gives the rest; a deny, if it leaves nothing
/// that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    All,
    /// On some of [`targets`].
    Targets,
}

impl Reach {
    fn of(statement: &Value, own: &str) -> Option<Self> {
        let all = |of: &str| statement.get(of).map(texts);
        let everywhere = match (all("Resource"), all("NotResource")) {
            (Some(named), _) => named.iter().any(|one| every_resource(one)),
            (None, Some(left)) if allows(statement) => targets(own).all(|arn| !reaches(&left, &arn)),
            (None, Some(left)) => !left.iter().any(|one| every_resource(one)),
            (None, None) => false,
        };
        let on_targets = || match (all("Resource"), all("NotResource")) {
            (Some(named), _) => targets(own).any(|arn| reaches(&named, &arn)),
            (None, Some(left)) => targets(own).any(|arn| !reaches(&left, &arn)),
            (None, None) => false,
        };
        match every_action_of(statement) {
            false => None,
            true if everywhere => Some(Self::All),
            true => (allows(statement) && on_targets()).then_some(Self::Targets),
        }
    }
}

fn every_action_of(statement: &Value) -> bool {
    let all = |of: &str| statement.get(of).map(texts);
    match (all("Action"), all("NotAction")) {
        (Some(actions), _) => actions.iter().any(|one| every_action(one)),
        (None, Some(left)) => {
            let mut named =
                GIVE_ALL.iter().map(|action| left.iter().any(|one| fits(&one.to_ascii_lowercase(), action)));
            if allows(statement) { named.any(|named| !named) } else { !named.any(|named| named) }
        }
        (None, None) => false,
    }
}

/// What somebody need only be allowed everything on to be allowed everything: themselves, whose policy this is, or any
/// user, group, role or managed policy of the account.
fn targets(own: &str) -> impl Iterator<Item = String> {
    let account = own.splitn(6, ':').take(5).collect::<Vec<_>>().join(":");
    let any = ["user", "group", "role", "policy"].into_iter().map(move |kind| format!("{account}:{kind}/-"));
    std::iter::once(own.to_owned()).chain(any)
}

/// Whether a pattern of these fits an ARN. A policy variable may stand for anything.
fn reaches(patterns: &[String], arn: &str) -> bool {
    patterns.iter().any(|pattern| every_resource(pattern) || fits(&with_variables(pattern), arn))
}

fn with_variables(pattern: &str) -> String {
    match pattern.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?.1))) {
        Some((before, after)) => format!("{before}*{}", with_variables(after)),
        None => pattern.to_owned(),
    }
}

/// `*`, `**`, `?*`, `*:*`.
fn every_action(pattern: &str) -> bool {
    pattern.contains('*') && pattern.chars().all(|c| matches!(c, '*' | '?' | ':'))
}

/// `*`, or the beginning of an ARN in which nothing but the partition is said, and `*`.
fn every_resource(pattern: &str) -> bool {
    let Some(at) = pattern.find(['*', '?']) else { return false };
    let (begins, rest) = pattern.split_at(at);
    // `arn:aws:`, `arn:aws-cn:`, or what any of them begins with.
    let said = begins.split(':').count() <= 3 && begins.split(':').nth(2).is_none_or(str::is_empty);
    let is_arn = "arn:aws".starts_with(begins) || begins.starts_with("arn:aws") || begins == "arn:";
    said && is_arn && every_action(rest)
}

/// Whether a statement takes something away from somebody who signs in with MFA.
pub(super) fn hinders(statement: &Value) -> bool {
    !allows(statement) && condition_on_mfa(statement, &["Bool", "BoolIfExists"]) != Some(false)
}

/// The resources on which a statement lets somebody with MFA assume roles: patterns.
pub(super) fn assumes(statement: &Value) -> Vec<String> {
    let any = |of: Option<&Value>| of.is_some_and(|of| of != &Value::Null);
    let free = !any(statement.get("Condition")) || wants_mfa(statement);
    let actions = statement.get("Action").map(texts).unwrap_or_default();
    let is_so = allows(statement) && free && actions.iter().any(|one| names(one, "sts:assumerole"));
    statement.get("Resource").filter(|_| is_so).map(texts).unwrap_or_default()
}

/// Whether a pattern of actions fits one, which is written in small letters.
pub(super) fn names(pattern: &str, action: &str) -> bool {
    every_action(pattern) || fits(&pattern.to_ascii_lowercase(), action)
}

/// Whether MFA is all that a statement's condition asks for.
pub(super) fn wants_mfa(statement: &Value) -> bool {
    condition_on_mfa(statement, &["Bool"]) == Some(true)
}

/// What a statement's condition says of MFA, where it says nothing else, with one of these operators.
fn condition_on_mfa(statement: &Value, operators: &[&str]) -> Option<bool> {
    let only = |of: &&Value| of.as_object().is_some_and(|all| all.len() == 1);
    let condition = statement.get("Condition").filter(only)?;
    let keys = operators.iter().find_map(|operator| condition.get(operator)).filter(only)?;
    let values = texts(keys.get("aws:MultiFactorAuthPresent")?);
    let all = |is: &str| !values.is_empty() && values.iter().all(|value| value.eq_ignore_ascii_case(is));
    match (all("true"), all("false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
