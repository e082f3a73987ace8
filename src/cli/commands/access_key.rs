//! `glasskey rotate --access-key`

use crate::cli::args::{Cli, Rotate, Written};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow::access_key::{KeyRequest, KeyRotated, OldKey, SecretTo};
use crate::flow::places::CommandTo;
use crate::flow::{self, Cause, Failed, Stage};
use crate::sink::{Pipe, SecretFormat};
use serde_json::{Value, json};
use std::time::Duration;

/// Standard output, where it is named as a file descriptor.
const STDOUT: u32 = 1;

/// What the command line asks for; `None` where it does not speak of the access key.
pub(super) fn request(args: &Rotate, cli: &Cli, console: &Console) -> Result<Option<KeyRequest>, Box<Explanation>> {
    let key = &args.access_key;
    if !key.access_key {
        return Ok(None);
    }
    let patience = Duration::from_secs(args.places.command_timeout);
    let to = match (&key.secret_to_command, key.secret_fd) {
        (Some(line), _) => SecretTo::Command(CommandTo { line: line.clone(), patience }),
        (None, Some(fd)) => SecretTo::Pipe(pipe(fd, patience, cli, console)?),
        (None, None) => return Ok(None),
    };
    Ok(Some(KeyRequest {
        user: args.user.clone().unwrap_or_default(),
        to,
        format: match key.secret_format {
            Written::Json => SecretFormat::Json,
            Written::Csv => SecretFormat::Csv,
            Written::Env => SecretFormat::Env,
        },
        replace: key.replace.clone(),
        make_room: key.make_room.clone(),
        keep_old: key.keep_old,
        dry_run: args.dry_run,
        approved: cli.global.yes,
    }))
}

fn pipe(fd: u32, patience: Duration, cli: &Cli, console: &Console) -> Result<Pipe, Box<Explanation>> {
    let usage = |what: &str| Box::new(Explanation::new("usage", what).exit(Exit::Usage));
    let trouble = |cause| {
        let (stage, cause) = (Stage::Preflight, Cause::Sink(cause));
        Box::new(explain::failed(&Failed { stage, cause, left: Vec::new(), ahead: None }))
    };
    match fd {
        STDOUT if cli.global.json => Err(usage("with --json standard output has the result, which holds no secret")),
        STDOUT => {
            let out = console.stdout().map_err(|_| usage("standard output cannot be used here"))?;
            Pipe::over(fd, out, patience).map_err(trouble)
        }
        0 | 2 => Err(usage("--secret-fd names neither standard input nor standard error")),
        _ => Pipe::inherited(fd, patience).map_err(trouble),
    }
}

/// Rotates the access key alone.
pub(super) fn rotate(request: &KeyRequest, args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let rotated =
        flow::access_key::rotate_access_key(request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let Some(new) = &rotated.new else {
        let permissions = flow::access_key::access_key_permissions();
        console.say("It needs these permissions:");
        permissions.iter().for_each(|permission| console.say(&format!("  {permission}")));
        let mut plan = json!({
            "type": "access_key_plan", "account": rotated.plan.account, "caller": rotated.plan.caller,
            "user": rotated.plan.user, "permissions": permissions,
        });
        add_plan(&mut plan, Some(&rotated));
        console.result(&Page::nothing(), &plan);
        return Ok(Exit::Done);
    };
    let mut answer = json!({
        "type": "access_key_rotated", "account": rotated.plan.account, "user": rotated.plan.user,
        "clock_ahead_seconds": world.clock.ahead_seconds(),
    });
    add(&mut answer, Some(&rotated));
    result(args, &Page::of(new), &answer, console);
    Ok(Exit::Done)
}

/// The result; on standard error where standard output has the secret.
pub(super) fn result(args: &Rotate, human: &Page, answer: &Value, console: &mut Console) {
    if args.access_key.secret_fd == Some(STDOUT) {
        human.text().lines().for_each(|line| console.say(line));
    } else {
        console.result(human, answer);
    }
}

/// Adds what became of the access key.
pub(super) fn add(answer: &mut Value, rotated: Option<&KeyRotated>) {
    let (Some(rotated), Some(answer)) = (rotated, answer.as_object_mut()) else { return };
    let state = match rotated.old {
        OldKey::Kept => "active",
        OldKey::Inactive => "inactive",
        OldKey::Deleted => "deleted",
    };
    let old = rotated.plan.old.as_ref().map(|(id, _)| json!({ "id": id, "state": state }));
    let key = json!({
        "id": rotated.new, "to": rotated.plan.to, "old": old,
        "made_room": rotated.plan.first.as_ref().map(|(id, _)| id),
    });
    answer.insert("access_key".to_owned(), key);
}

/// Adds what is to become of it.
pub(super) fn add_plan(plan: &mut Value, rotated: Option<&KeyRotated>) {
    let (Some(rotated), Some(answer)) = (rotated, plan.as_object_mut()) else { return };
    let end = if rotated.plan.keep { "inactive" } else { "deleted" };
    let old = rotated.plan.old.as_ref().map(|(id, _)| json!({ "id": id, "state": end }));
    let key = json!({
        "to": rotated.plan.to, "old": old, "made_room": rotated.plan.first.as_ref().map(|(id, _)| id),
    });
    answer.insert("access_key".to_owned(), key);
}
