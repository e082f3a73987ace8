//! `glasskey retire`

use super::devices::kind;
use crate::cli::args::{Cli, Retire};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow;
use crate::flow::retire::{RetireRequest, Retired};
use serde_json::{Value, json};

pub(in crate::cli) fn run(args: &Retire, cli: &Cli, console: &mut Console) -> Outcome {
    let request = RetireRequest {
        user: args.user.clone(),
        device: args.device.clone(),
        last_factor: args.last_factor.clone(),
        dry_run: args.dry_run,
        approved: cli.global.yes,
    };
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let retired = flow::retire::retire(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    if request.dry_run {
        let permissions = flow::retire::retire_permissions();
        console.permissions(&permissions, true);
        console.result(&Page::nothing(), &to_json(&retired, "retirement_plan", Some(&permissions)));
    } else {
        console.result(&Page::of(&retired.parting.serial), &to_json(&retired, "retired", None));
    }
    Ok(Exit::Done)
}

fn to_json(retired: &Retired, kind_of_answer: &str, permissions: Option<&[&str]>) -> Value {
    let parting = &retired.parting;
    let credential = |(key, name): &(_, String)| json!({ "key": key, "credential": name });
    let mut answer = json!({
        "type": kind_of_answer, "account": retired.account, "user": parting.user, "device": parting.serial,
        "kind": kind(parting.kind).1, "credentials": parting.credentials.iter().map(credential).collect::<Vec<_>>(),
        "devices_left": parting.others,
    });
    if let (Some(permissions), Some(answer)) = (permissions, answer.as_object_mut()) {
        answer.insert("permissions".to_owned(), json!(permissions));
    }
    answer
}
