//! Service control policies, as far as they concern root users: which deny them, which levels of the organization allow
//! only some things, and which of the tasks of AssumeRoot that stops.
//!
//! Something may be done in an account when at every level, from the organization's root through each unit to the
//! account, a policy allows it, and none denies it (AWS Organizations User Guide, "SCP evaluation"). So a Deny is weighed
//! policy by policy, and what is allowed level by level. Both are held against the calls that the tasks make, as a
//! session of AssumeRoot makes them in a member account ([`request`]). [`read`] asks for the policies.

mod read;
mod request;

pub(super) use read::{Organization, PolicyReader};

use super::policy::{Answer, conditions, texts};
use crate::aws::RootTask;
use request::{PrincipalKind, RequestContext, ResourceKind, applies};
use serde_json::Value;
use std::collections::BTreeMap;

/// What an organization's policies do to its members' root users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceControl {
    /// The policies that deny them something.
    pub denying: Vec<RootDeny>,
    /// The levels that do not allow everything.
    pub allow_lists: Vec<AllowList>,
}

/// A policy that denies root users something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDeny {
    /// The policy.
    pub policy: PolicyName,
    /// Where it is attached.
    pub at: Vec<Level>,
    /// It reaches a member: no policy reaches the management account.
    pub in_force: bool,
    /// The tasks of AssumeRoot that it stops as well.
    pub stops: Tasks,
}

/// A level at which not everything is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList {
    /// Where.
    pub level: Level,
    /// The policies attached there: nothing else is allowed.
    pub policies: Vec<PolicyName>,
    /// The tasks of AssumeRoot that are left out.
    pub stops: Tasks,
}

/// A policy, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PolicyName {
    pub id: String,
    pub name: String,
}

/// What policies are attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Level {
    pub id: String,
    pub name: String,
    pub kind: LevelKind,
}

/// What a level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelKind {
    /// The root of the organization.
    Root,
    /// An organizational unit.
    Unit,
    /// One account.
    Account,
}

/// The tasks that are stopped, and those of which that cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tasks(BTreeMap<RootTask, Stops>);

/// Whether something is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stops {
    /// It is not.
    No,
    /// It is: the first call that cannot be made.
    Yes(&'static str),
    /// That depends on this condition key.
    DependsOn(String),
}

/// What a policy's text does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// A statement denies root users something that it does not deny everybody.
    pub denies_root: bool,
    /// A statement denies root users everything, and nothing to anybody else or to a session of AssumeRoot.
    pub denies_root_everything: bool,
    /// The tasks that its statements deny something they need.
    pub stops: Tasks,
}

/// What policies allow together, at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Everything, without condition.
    pub everything: bool,
    /// The tasks that need something else.
    pub stops: Tasks,
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

const TASKS: [(RootTask, &[(&str, ResourceKind)]); 5] = [
    (
        RootTask::Audit,
        &[
            ("iam:GetAccountSummary", ResourceKind::Account),
            ("iam:ListMFADevices", ResourceKind::Root),
            ("iam:ListAccessKeys", ResourceKind::Root),
            ("iam:GetUser", ResourceKind::Root),
            ("iam:GetAccessKeyLastUsed", ResourceKind::Root),
            ("iam:ListSigningCertificates", ResourceKind::Root),
        ],
    ),
    (
        RootTask::Delete,
        &[
            ("iam:DeleteAccessKey", ResourceKind::Root),
            ("iam:DeleteSigningCertificate", ResourceKind::Root),
            ("iam:DeleteLoginProfile", ResourceKind::Root),
            ("iam:DeactivateMFADevice", ResourceKind::Root),
        ],
    ),
    (RootTask::CreatePassword, &[("iam:CreateLoginProfile", ResourceKind::Root)]),
    (RootTask::UnlockBucket, &[("s3:DeleteBucketPolicy", ResourceKind::Bucket)]),
    (RootTask::UnlockQueue, &[("sqs:SetQueueAttributes", ResourceKind::Queue)]),
];

/// The calls that a task makes.
pub fn calls(task: RootTask) -> impl Iterator<Item = &'static str> {
    let of_task = TASKS.into_iter().filter(move |(one, _)| *one == task);
    of_task.flat_map(|(_, calls)| calls.iter().map(|(action, _)| *action))
}

impl Tasks {
    /// Those that are stopped, each with the first call that cannot be made.
    pub fn stopped(&self) -> impl Iterator<Item = (RootTask, &'static str)> {
        self.0.iter().filter_map(|(task, stops)| match stops {
            Stops::Yes(call) => Some((*task, *call)),
            _ => None,
        })
    }

    /// Those of which it cannot be told, each with the condition key that decides.
    pub fn unclear(&self) -> impl Iterator<Item = (RootTask, &str)> {
        self.0.iter().filter_map(|(task, stops)| match stops {
            Stops::DependsOn(key) => Some((*task, key.as_str())),
            _ => None,
        })
    }

    /// The worst that befalls any.
    #[must_use]
    pub fn worst(&self) -> Stops {
        self.0.values().cloned().fold(Stops::No, Stops::or)
    }

    /// Weighs every call of every task, in each account, in a region where it goes best: a policy that closes regions
    /// stops no task in the others.
    fn weigh(
        place: &Place<'_>,
        accounts: &[String],
        regions: &[String],
        one: impl Fn(&'static str, &RequestContext<'_>) -> Stops,
        in_several_accounts: fn(Stops, Stops) -> Stops,
    ) -> Self {
        let here = [place.region.to_owned()];
        let call = |(action, on): &(&'static str, ResourceKind)| {
            let regions = if on.has_a_region_of_its_own() { regions } else { &here };
            let in_account = |account: &String| {
                let scenes = regions.iter().map(|region| RequestContext {
                    place,
                    account,
                    region,
                    who: PrincipalKind::Session,
                    on: *on,
                });
                scenes.map(|scene| one(action, &scene)).reduce(Stops::at_best).unwrap_or(Stops::No)
            };
            accounts.iter().map(in_account).reduce(in_several_accounts).unwrap_or(Stops::No)
        };
        let tasks = TASKS.into_iter().map(|(task, calls)| (task, calls.iter().map(call).fold(Stops::No, Stops::or)));
        Self(tasks.filter(|(_, stops)| *stops != Stops::No).collect())
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

    /// What is stopped where one of two ways is enough.
    fn at_best(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::DependsOn(key), _) | (_, Self::DependsOn(key)) => Self::DependsOn(key),
            (Self::Yes(call), Self::Yes(_)) => Self::Yes(call),
        }
    }

    /// What two accounts have in common; where they differ, it depends on which are at that level.
    fn in_either(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::DependsOn(key), _) | (_, Self::DependsOn(key)) => Self::DependsOn(key),
            _ => Self::DependsOn("aws:PrincipalAccount".to_owned()),
        }
    }
}

impl Effect {
    /// Reads a policy's text; `None` where it is no policy.
    #[must_use]
    pub fn of(text: &str, place: &Place<'_>) -> Option<Self> {
        let policy = parse(text)?;
        let deny = with_effect([&policy], "Deny");
        let accounts = accounts(place, text);
        let holds = |statement: &Value, account: &str, who| {
            conditions(
                statement,
                &RequestContext { place, account, region: place.region, who, on: ResourceKind::Root },
            )
        };
        let of_everybody = |statement: &Value, account: &str| {
            holds(statement, account, PrincipalKind::Root) == Answer::Yes
                && holds(statement, account, PrincipalKind::Role) == Answer::No
        };
        let of_root_alone = |statement: &Value, account: &str| {
            of_everybody(statement, account) && holds(statement, account, PrincipalKind::Session) == Answer::No
        };
        let denies_root =
            accounts.iter().any(|account| deny.iter().any(|statement| of_everybody(statement, account)));
        let whole = |statement: &&&Value| is_about_everything(statement);
        let denies_root_everything = accounts
            .iter()
            .all(|account| deny.iter().filter(whole).any(|statement| of_root_alone(statement, account)));
        let one = |action: &'static str, scene: &RequestContext<'_>| match deny
            .iter()
            .map(|statement| applies(statement, action, scene))
            .fold(Answer::No, Answer::or)
        {
            Answer::Yes => Stops::Yes(action),
            Answer::No => Stops::No,
            Answer::Unclear(key) => Stops::DependsOn(key),
        };
        let stops = Tasks::weigh(place, &accounts, &regions([&policy], place), one, Stops::or);
        Some(Self { denies_root, denies_root_everything, stops })
    }
}

impl Allowed {
    /// Reads the texts of all policies of a level; `None` where one is no policy.
    #[must_use]
    pub fn of(texts: &[&str], place: &Place<'_>) -> Option<Self> {
        let policies = texts.iter().map(|text| parse(text)).collect::<Option<Vec<Value>>>()?;
        let allow = with_effect(&policies, "Allow");
        let one = |action: &'static str, scene: &RequestContext<'_>| match allow
            .iter()
            .map(|statement| applies(statement, action, scene))
            .fold(Answer::No, Answer::or)
        {
            Answer::Yes => Stops::No,
            Answer::No => Stops::Yes(action),
            Answer::Unclear(key) => Stops::DependsOn(key),
        };
        let accounts = accounts(place, &texts.join(" "));
        let stops = Tasks::weigh(place, &accounts, &regions(&policies, place), one, Stops::in_either);
        Some(Self { everything: allow.iter().any(|statement| allows_everything(statement)), stops })
    }
}

fn parse(text: &str) -> Option<Value> {
    let policy: Value = serde_json::from_str(text).ok()?;
    policy.get("Statement")?;
    Some(policy)
}

fn with_effect<'p>(policies: impl IntoIterator<Item = &'p Value>, effect: &str) -> Vec<&'p Value> {
    let statements = policies.into_iter().filter_map(|policy| policy.get("Statement")).flat_map(|all| match all {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    });
    statements.filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some(effect)).collect()
}

fn allows_everything(statement: &Value) -> bool {
    statement.get("Condition").is_none() && is_about_everything(statement)
}

fn is_about_everything(statement: &Value) -> bool {
    let everything = |key: &str| {
        statement.get(key).is_some_and(|patterns| texts(patterns).iter().any(|one| one == "*" || one == "*:*"))
    };
    everything("Action") && everything("Resource")
}

/// The accounts to be looked at: those of the place, or those that the text speaks of, and one that it does not.
fn accounts(place: &Place<'_>, text: &str) -> Vec<String> {
    if !place.accounts.is_empty() {
        return place.accounts.to_vec();
    }
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12);
    let mut numbers: Vec<String> = runs.map(str::to_owned).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let another = (100_000_000_000_u64..).map(|number| number.to_string()).find(|number| !numbers.contains(number));
    numbers.extend(another);
    numbers
}

/// The regions to be looked at: those that the policies tell apart, this one, and another.
fn regions<'p>(policies: impl IntoIterator<Item = &'p Value>, place: &Place<'_>) -> Vec<String> {
    fn collect(value: &Value, asked: bool, found: &mut Vec<String>) {
        match value {
            Value::String(text) if asked => found.push(text.clone()),
            Value::String(text) if text.starts_with("arn:") => {
                found.extend(text.split(':').nth(3).map(str::to_owned))
            }
            Value::Array(all) => all.iter().for_each(|one| collect(one, asked, found)),
            Value::Object(all) => all.iter().for_each(|(key, one)| {
                collect(one, asked || key.eq_ignore_ascii_case("aws:RequestedRegion"), found);
            }),
            _ => {}
        }
    }
    let mut found = vec![place.region.to_owned(), "of-no-name".to_owned()];
    policies.into_iter().for_each(|policy| collect(policy, false, &mut found));
    // One that fits the pattern stands for all that do.
    let mut found: Vec<String> = found.iter().map(|one| one.replace('*', "").replace('?', "x")).collect();
    found.retain(|one| !one.is_empty());
    found.sort_unstable();
    found.dedup();
    found
}
