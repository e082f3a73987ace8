//! `glasskey completions` and `glasskey man`: made from the arguments themselves.

use crate::cli::Outcome;
use crate::cli::args::Cli;
use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use clap::CommandFactory;

pub(in crate::cli) fn completions(shell: clap_complete::Shell, console: &mut Console) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "glasskey", &mut script);
    console.made_here(&script);
    Ok(Exit::Done)
}

/// The page of the whole command, or of a subcommand: `glasskey man oath add`.
pub(in crate::cli) fn man(of: &[String], console: &mut Console) -> Outcome {
    let mut command = Cli::command();
    // Hands the options that every command has down to each.
    command.build();
    for name in of {
        let unknown = || Box::new(Explanation::new("usage", "there is no such command").exit(Exit::Usage));
        command = command.find_subcommand(name).ok_or_else(unknown)?.clone();
    }
    let title = [&["glasskey".to_owned()], of].concat().join("-");
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.name(title)).render(&mut page);
    rendered.map_err(|cause| Box::new(Explanation::new("man", cause.to_string())))?;
    console.made_here(&page);
    Ok(Exit::Done)
}
