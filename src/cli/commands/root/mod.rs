//! `glasskey root …`

mod alarm;
mod audit;
mod enroll;
mod harden;
mod login;
mod remove;
mod resync;
mod totp;

use crate::cli::Outcome;
use crate::cli::args::{Cli, Root, RootCommand};
use crate::cli::console::Console;
use crate::cli::report::schema;
use schemars::Schema;

pub(in crate::cli) fn run(args: &Root, cli: &Cli, console: &mut Console) -> Outcome {
    match &args.command {
        RootCommand::Audit(args) => audit::run(args, cli, console),
        RootCommand::Harden(args) => harden::run(args, cli, console),
        RootCommand::Alarm(args) => alarm::run(args, cli, console),
        RootCommand::Enroll(args) if args.totp => totp::run(args, cli, console),
        RootCommand::Enroll(args) => enroll::run(args, cli, console),
        RootCommand::ResyncCodes(args) => resync::run(args, cli, console),
        RootCommand::Remove(args) => remove::run(args, cli, console),
        RootCommand::LoginCheck(args) => login::run(args, cli, console),
    }
}

pub(in crate::cli) fn schemas() -> Vec<Schema> {
    vec![
        schema::<audit::Row>(),
        schema::<audit::ScriptReport<'_>>(),
        schema::<audit::Summary<'_>>(),
        schema::<harden::PlanReport<'_>>(),
        schema::<harden::Report<'_>>(),
        schema::<harden::EmitReport<'_>>(),
        schema::<harden::Undone<'_>>(),
        schema::<alarm::confirm::Report<'_>>(),
        schema::<alarm::test::Report<'_>>(),
        schema::<harden::Recovery<'_>>(),
        schema::<enroll::Report<'_>>(),
        schema::<resync::Report<'_>>(),
        schema::<remove::Report<'_>>(),
        schema::<login::Report<'_>>(),
    ]
}
