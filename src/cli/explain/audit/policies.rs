//! What an audit says of service control policies, and how to open them to the tasks of AssumeRoot.

use crate::aws::posture::{AllowList, Level, LevelKind, PolicyName, RootDeny, Stops, Tasks, calls};
use crate::flow::Evidence;
use std::collections::BTreeMap;

/// A policy that denies root something.
pub(super) fn denying(deny: &RootDeny) -> String {
    let PolicyName { id, name } = &deny.policy;
    let attached = match (deny.at.as_slice(), deny.in_force) {
        ([], _) => "not attached".to_owned(),
        (at, true) => format!("attached to {}", levels(at)),
        (at, false) => format!("attached to {}, which no policy reaches", levels(at)),
    };
    let does = match deny.stops.worst() {
        Stops::No => "denies root and spares AssumeRoot's sessions".to_owned(),
        _ => stops(&deny.stops, "denies AssumeRoot's sessions what their tasks need"),
    };
    format!("{name} ({id}), {attached}: {does}")
}

/// A level at which not everything is allowed.
pub(super) fn allow_list(list: &AllowList) -> String {
    let policies: Vec<String> =
        list.policies.iter().map(|policy| format!("{} ({})", policy.name, policy.id)).collect();
    let allows = match policies.as_slice() {
        [] => "allows nothing".to_owned(),
        policies => format!("allows only what {} does", policies.join(", ")),
    };
    let so = match list.stops.worst() {
        Stops::No => "that limits root and stops no task".to_owned(),
        _ => stops(&list.stops, "that leaves out what AssumeRoot's tasks need"),
    };
    format!("{} {allows}: {so}", level(&list.level))
}

/// Which tasks are stopped, and of which that cannot be told.
fn stops(tasks: &Tasks, said: &str) -> String {
    let stopped: Vec<String> = tasks.stopped().map(|(task, call)| format!("{} ({call})", task.name())).collect();
    let mut unclear: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    tasks.unclear().for_each(|(task, key)| unclear.entry(key).or_default().push(task.name()));
    let stopped = (!stopped.is_empty()).then(|| format!("{said}: {}", stopped.join(", ")));
    let unclear = unclear.iter().map(|(key, tasks)| {
        format!("whether it stops AssumeRoot's sessions ({}) depends on {key}", tasks.join(", "))
    });
    stopped.into_iter().chain(unclear).collect::<Vec<_>>().join("; ")
}

fn level(level: &Level) -> String {
    let Level { id, name, kind } = level;
    match kind {
        LevelKind::Root => format!("the organization's root ({id})"),
        LevelKind::Unit => format!("the unit \"{name}\" ({id})"),
        LevelKind::Account => format!("the account {id} ({name})"),
    }
}

/// The first three, and how many more.
fn levels(all: &[Level]) -> String {
    let mut shown: Vec<String> = all.iter().take(3).map(level).collect();
    if all.len() > shown.len() {
        shown.push(format!("{} more", all.len() - shown.len()));
    }
    shown.join(", ")
}

/// What opens each policy and each level that stops a task, or may.
pub(super) fn fix(evidence: &[Evidence]) -> Vec<String> {
    let of = |one: &Evidence| match one {
        Evidence::Policy(deny) if deny.in_force && deny.stops.worst() != Stops::No => spare_tasks(deny),
        Evidence::AllowList(list) if list.stops.worst() != Stops::No => allow_tasks(list),
        _ => Vec::new(),
    };
    evidence.iter().flat_map(of).collect()
}

fn spare_tasks(deny: &RootDeny) -> Vec<String> {
    let how =
        r#"in policy.json, add "BoolIfExists": {"aws:AssumedRoot": "false"} to the Condition of what denies it"#;
    change(&deny.policy.id, how.to_owned())
}

fn allow_tasks(list: &AllowList) -> Vec<String> {
    let stopped = list.stops.stopped().map(|(task, _)| task);
    let tasks = stopped.chain(list.stops.unclear().map(|(task, _)| task));
    let actions: Vec<String> = tasks.flat_map(calls).map(|call| format!("\"{call}\"")).collect();
    let how = format!(
        r#"in policy.json, add to Statement: {{"Effect": "Allow", "Action": [{}], "Resource": "*", "Condition": {{"Bool": {{"aws:AssumedRoot": "true"}}}}}}"#,
        actions.join(", ")
    );
    change(list.policies.first().map_or("ID", |policy| &policy.id), how)
}

/// AWS replaces a policy's text as a whole.
fn change(policy: &str, how: String) -> Vec<String> {
    vec![
        format!(
            "aws organizations describe-policy --policy-id {policy} --query Policy.Content --output text >policy.json"
        ),
        how,
        format!("aws organizations update-policy --policy-id {policy} --content file://policy.json"),
    ]
}
