//! The command line: arguments in, results on stdout, the conversation on stderr, secrets on the terminal.
//!
//! The only room that prints and the only one that decides exit codes.

mod advisories;
mod args;
mod commands;
mod console;
mod counts;
mod deeds;
mod environment;
mod explain;
mod fixes;
#[cfg(test)]
mod hints;
mod invocation;
mod moments;
mod notices;
mod page;
mod private_dir;
mod report;
mod secret_line;
mod shell;
mod systems;
mod table;
mod terminal;
mod unanswered;

use crate::platform::descriptors;
use args::{Cli, Command};
use clap::Parser;
use console::Console;
use explain::{Exit, Explanation};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one command and returns its exit code (docs/json.md lists what each means).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    console::say_panics();
    // A file that has come to its limit is an error that is told, not an end in the middle of a run.
    let _ = crate::platform::files::survive_file_size_limit();
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(version) = commands::version::asked_for(&args) {
        return ExitCode::from(console::print_page(&version) as u8);
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(usage) => return ExitCode::from(not_parsed(&usage, &args) as u8),
    };
    // Asked before this process opens anything of its own, which would then have that number.
    let closed = cli.secret_fd().filter(|fd| !descriptors::is_open(*fd));
    let mut console = Console::new(&cli.global);
    let outcome = match closed {
        Some(fd) => Err(Box::new(explain::not_open(fd))),
        None => secret_line::check_sources(&cli.global).and_then(|()| dispatch(&cli, &mut console)),
    };
    let exit = match outcome {
        Ok(exit) => exit,
        Err(text) => {
            let text = unanswered::truly(*text);
            console.error(&text);
            text.exit
        }
    };
    ExitCode::from(console.end(exit) as u8)
}

/// The JSON Schema (draft 2020-12) of everything that `--json` prints: one for each `type`, which is its `title`.
pub fn schemas() -> Vec<serde_json::Value> {
    let error = report::schema::<console::ErrorReport<'_>>();
    std::iter::once(error).chain(commands::schemas()).map(Into::into).collect()
}

/// What each operating system protects and lacks, as a table in Markdown.
pub fn systems() -> String {
    systems::table()
}

/// Help and the version go to stdout and are not errors; clap knows which is which.
fn not_parsed(usage: &clap::Error, args: &[OsString]) -> Exit {
    if !usage.use_stderr() {
        return console::print(|| usage.print());
    }
    // It repeats the arguments, which may come from a script's input: asked again, it repeats them written out.
    let written_out = args.iter().map(|arg| OsString::from(page::displayed(&arg.to_string_lossy())));
    match Cli::try_parse_from(written_out) {
        Err(again) if again.use_stderr() => {
            let _ = again.print();
        }
        _ => console::print_error(&page::Page::document(&usage.render().to_string())),
    }
    Exit::Usage
}

/// What a command ends with: an exit code, or an error to be shown.
type Outcome = Result<Exit, Box<Explanation>>;

fn dispatch(cli: &Cli, console: &mut Console) -> Outcome {
    match &cli.command {
        Command::Keys(args) => commands::keys::run(args, cli, console),
        Command::Enroll(args) => commands::enroll::run(args, cli, console),
        Command::Recover(args) => commands::recover::run(args, cli, console),
        Command::Devices(args) => commands::devices::run(args, cli, console),
        Command::Session(args) => commands::session::run(args, cli, console),
        Command::Drill(args) => commands::drill::run(args, cli, console),
        Command::Rotate(args) => commands::rotate::rotate(args, cli, console),
        Command::Resync(args) => commands::rotate::resync(args, cli, console),
        Command::Retire(args) => commands::retire::run(args, cli, console),
        Command::Oath(args) => commands::oath::run(args, cli, console),
        Command::Fido(args) => commands::fido::run(args, cli, console),
        Command::Piv(args) => commands::piv::run(args, cli, console),
        Command::Doctor(args) => commands::doctor::run(args, cli, console),
        Command::Root(args) => commands::root::run(args, cli, console),
        Command::Simulate(args) => commands::simulate::run(args, cli, console),
        Command::Demo => commands::demo::run(cli, console),
        Command::Completions { shell } => commands::generate::completions(*shell, console),
        Command::Man { command } => commands::generate::man(command, console),
    }
}
