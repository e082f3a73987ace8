//! `glasskey rotate --access-key`

use crate::cli::args::{Cli, Rotate, Written};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::access_key::{KeyRequest, KeyRotated, OldKey, SecretTo};
use crate::flow::seed_sinks::CommandTo;
use crate::flow::{self, Cause, Failed, Stage};
use crate::sink::{Pipe, SecretFormat};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// Standard output, where it is named as a file descriptor.
const STDOUT: u32 = 1;

/// What the command line asks for; `None` where it does not speak of the access key.
pub(super) fn request(args: &Rotate, cli: &Cli, console: &Console) -> Result<Option<KeyRequest>, Box<Explanation>> {
    let key = &args.access_key;
    if !key.access_key {
        return Ok(None);
    }
    let timeout = Duration::from_secs(args.places.command_timeout);
    let to = match (&key.secret_to_command, key.secret_fd) {
        (Some(line), _) => SecretTo::Command(CommandTo { line: line.clone(), timeout }),
        (None, Some(fd)) => SecretTo::Pipe(pipe(fd, timeout, cli, console)?),
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

fn pipe(fd: u32, timeout: Duration, cli: &Cli, console: &Console) -> Result<Pipe, Box<Explanation>> {
    let trouble = |cause| {
        let (stage, cause) = (Stage::Preflight, Cause::Sink(cause));
        Box::new(explain::failed(&Failed { stage, cause, left: Vec::new(), ahead: None }))
    };
    match fd {
        STDOUT if cli.global.json => Err(usage("with --json standard output has the result, which holds no secret")),
        STDOUT => {
            let out = console.stdout().map_err(|_| usage("standard output cannot be used here"))?;
            Pipe::over(fd, out, timeout).map_err(trouble)
        }
        0 | 2 => Err(usage("--secret-fd names neither standard input nor standard error")),
        _ => Pipe::inherited(fd, timeout).map_err(trouble),
    }
}

/// Rotates the access key alone.
pub(super) fn rotate(request: &KeyRequest, args: &Rotate, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let rotated =
        flow::access_key::rotate_access_key(request, &mut world).map_err(|failed| explain::failed(&failed))?;
    let Some(new) = &rotated.new else {
        let permissions = flow::access_key::access_key_permissions();
        console.say("It needs these permissions:");
        permissions.iter().for_each(|permission| console.say(&format!("  {permission}")));
        let plan = PlanReport {
            account: &rotated.plan.account,
            caller: &rotated.plan.caller,
            user: &rotated.plan.user,
            access_key: KeyPlanReport::of(&rotated),
            permissions: &permissions,
        };
        console.result(&Page::nothing(), &plan);
        return Ok(Exit::Done);
    };
    let report = Report {
        account: &rotated.plan.account,
        user: &rotated.plan.user,
        access_key: KeyReport::of(&rotated),
        clock_ahead_seconds: world.clock.ahead_seconds(),
    };
    result(args, &Page::of(new), &report, console);
    Ok(Exit::Done)
}

/// The result; on standard error where standard output has the secret.
pub(super) fn result(args: &Rotate, human: &Page, report: &impl Serialize, console: &mut Console) {
    if args.access_key.secret_fd == Some(STDOUT) {
        human.text().lines().for_each(|line| console.say(line));
    } else {
        console.result(human, report);
    }
}

/// With `--access-key`, without `--from` and with `--dry-run`: what would be done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "access_key_plan")]
pub(in crate::cli) struct PlanReport<'a> {
    /// The account number.
    account: &'a str,
    /// The caller's ARN.
    caller: &'a str,
    /// The user's name.
    user: &'a str,
    /// What would become of the access key.
    access_key: KeyPlanReport<'a>,
    /// The permissions that the caller needs.
    permissions: &'a [&'static str],
}

/// With `--access-key` and without `--from`: what was done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "access_key_rotated")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The user's name.
    user: &'a str,
    /// What became of the access key.
    access_key: KeyReport<'a>,
    /// How far this computer's clock is ahead of AWS, in seconds; negative where it is behind, null where AWS did not say.
    clock_ahead_seconds: Option<i64>,
}

/// What would become of an access key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct KeyPlanReport<'a> {
    /// Who would read the secret: a program, or `file descriptor 3`.
    to: &'a str,
    /// The access key that would go; null where it would go first, to make room, or there is none.
    old: Option<OldKeyReport<'a>>,
    /// The access key that would be deleted first; null where there is room.
    made_room: Option<&'a str>,
}

/// What became of an access key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessKey")]
pub(in crate::cli) struct KeyReport<'a> {
    /// The new access key's id. Its secret is in no JSON of glasskey's.
    id: Option<&'a str>,
    /// Who read the secret: a program, or `file descriptor 3`.
    to: &'a str,
    /// The access key that went; null where it went first, to make room, or there was none.
    old: Option<OldKeyReport<'a>>,
    /// The access key that was deleted first; null where there was room.
    made_room: Option<&'a str>,
}

/// An access key that goes.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct OldKeyReport<'a> {
    /// The access key's id.
    id: &'a str,
    /// What became of it, or would.
    state: KeyState,
}

/// What became of an access key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum KeyState {
    /// Nothing yet.
    Active,
    /// It was deactivated.
    Inactive,
    /// It was deleted.
    Deleted,
}

impl<'a> KeyReport<'a> {
    pub(super) fn of(rotated: &'a KeyRotated) -> Self {
        let state = match rotated.old {
            OldKey::Kept => KeyState::Active,
            OldKey::Inactive => KeyState::Inactive,
            OldKey::Deleted => KeyState::Deleted,
        };
        Self {
            id: rotated.new.as_deref(),
            to: &rotated.plan.to,
            old: rotated.plan.old.as_ref().map(|(id, _)| OldKeyReport { id, state }),
            made_room: rotated.plan.first.as_ref().map(|(id, _)| id.as_str()),
        }
    }
}

impl<'a> KeyPlanReport<'a> {
    pub(super) fn of(rotated: &'a KeyRotated) -> Self {
        let plan = &rotated.plan;
        let state = if plan.keep { KeyState::Inactive } else { KeyState::Deleted };
        Self {
            to: &plan.to,
            old: plan.old.as_ref().map(|(id, _)| OldKeyReport { id, state }),
            made_room: plan.first.as_ref().map(|(id, _)| id.as_str()),
        }
    }
}
