//! `glasskey root alarm …`

pub(super) mod confirm;
pub(super) mod test;

use crate::cli::Outcome;
use crate::cli::args::{Cli, RootAlarm, RootAlarmCommand};
use crate::cli::console::Console;

pub(super) fn run(args: &RootAlarm, cli: &Cli, console: &mut Console) -> Outcome {
    match &args.command {
        RootAlarmCommand::Confirm(args) => confirm::run(args, cli, console),
        RootAlarmCommand::Test(args) => test::run(args, cli, console),
    }
}
