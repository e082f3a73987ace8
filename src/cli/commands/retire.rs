//! `glasskey retire`

use super::rotate::RemovedReport;
use crate::cli::args::{Cli, Retire};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow;
use crate::flow::retire::{RetireRequest, Retired};
use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::cli) fn run(args: &Retire, cli: &Cli, console: &mut Console) -> Outcome {
    let request = RetireRequest {
        user: args.user.clone(),
        device: args.device.clone(),
        last_factor: args.last_factor.clone(),
        dry_run: args.dry_run,
        approved: cli.global.yes,
    };
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let retired = flow::retire::retire(&request, &mut world).map_err(|failed| explain::failed(&failed))?;
    if request.dry_run {
        let permissions = flow::retire::retire_permissions();
        console.permissions(&permissions, true);
        console.result(
            &Page::nothing(),
            &PlanReport { retirement: Retirement::of(&retired), permissions: &permissions },
        );
    } else {
        console.result(&Page::of(&retired.parting.serial), &Report { retirement: Retirement::of(&retired) });
    }
    Ok(Exit::Done)
}

/// With `--dry-run`: what would be done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "retirement_plan")]
pub(in crate::cli) struct PlanReport<'a> {
    #[serde(flatten)]
    retirement: Retirement<'a>,
    /// The permissions that the caller needs, including those to undo and to recover.
    permissions: &'a [&'static str],
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "retired")]
pub(in crate::cli) struct Report<'a> {
    #[serde(flatten)]
    retirement: Retirement<'a>,
}

#[derive(Serialize, JsonSchema)]
struct Retirement<'a> {
    /// The account number.
    account: &'a str,
    /// The user's name.
    user: &'a str,
    #[serde(flatten)]
    removed: RemovedReport<'a>,
    /// How many devices the user has afterwards.
    devices_left: usize,
}

impl<'a> Retirement<'a> {
    fn of(retired: &'a Retired) -> Self {
        let parting = &retired.parting;
        Self {
            account: &retired.account,
            user: &parting.user,
            removed: RemovedReport::of(parting),
            devices_left: parting.others,
        }
    }
}
