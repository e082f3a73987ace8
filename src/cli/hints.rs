//! Holds what the sentences of this program tell people to type to the arguments that it takes: every command, also one
//! whose parts are filled in later, and every option.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::args::Cli;
use super::commands::version::asked_for;
use clap::{CommandFactory as _, Parser as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What may stand for a part that is filled in, glued to the word before it, or on its own.
const GLUED: [&str; 4] = ["", " --key 12345678", " --account 111122223333", " --profile base"];
const ALONE: [&str; 7] = ["12345678", "111122223333", "alice", "--id 00ff", "3600", "info", "enroll"];

/// Options of other programs that sentences name outside backticks.
const OTHERS: [&str; 1] = ["--kill"];

/// The sources below this path of `src/cli`, but this file.
fn sources(below: &str) -> Vec<PathBuf> {
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli").join(below)];
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("hints.rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn literals(source: &str) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
    let code = code.replace("'\"'", "' '").replace("b'\"'", "' '");
    let mut rest = code.as_str();
    let mut found = Vec::new();
    while let Some(at) = rest.find('"') {
        let hashes = rest[..at].bytes().rev().take_while(|byte| *byte == b'#').count();
        let raw = rest[..at - hashes].ends_with('r');
        rest = &rest[at + 1..];
        if raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let (literal, after) = rest.split_once(&end).unwrap();
            found.push(literal.to_owned());
            rest = after;
            continue;
        }
        let (literal, end) = ordinary(rest);
        found.push(literal);
        rest = &rest[end..];
    }
    found
}

/// What an ordinary literal says, and where the text after it begins.
fn ordinary(rest: &str) -> (String, usize) {
    let (mut literal, mut escaped, mut skipping) = (String::new(), false, false);
    for (place, letter) in rest.char_indices() {
        match letter {
            '\n' if escaped => (escaped, skipping) = (false, true),
            letter if skipping && letter.is_whitespace() => {}
            '\\' if !escaped => (escaped, skipping) = (true, false),
            '"' if !escaped => return (literal, place + 1),
            letter => {
                literal.push(if escaped && letter == 'n' { '\n' } else { letter });
                (escaped, skipping) = (false, false);
            }
        }
    }
    (literal, rest.len())
}

/// The commands in a literal: in backticks, in `$(…)`, and the literal itself where it begins with one.
fn commands(literal: &str) -> Vec<String> {
    let subcommands: BTreeSet<String> =
        Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut found: Vec<String> = literal
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.starts_with("glasskey "))
        .map(str::to_owned)
        .collect();
    found.extend(literal.split("$(").skip(1).filter_map(|code| code.split(')').next()).map(str::to_owned));
    let first = literal.strip_prefix("glasskey ").and_then(|rest| rest.split([' ', '{']).next());
    if first.is_some_and(|word| subcommands.contains(word)) && !literal.contains('`') {
        found.push(literal.to_owned());
    }
    found.retain(|command| command.starts_with("glasskey ") && !command.contains('…'));
    found
}

/// Every way to fill in a command's parts.
fn filled(command: &str) -> Vec<String> {
    let Some((before, rest)) = command.split_once('{') else { return vec![command.to_owned()] };
    let (_, after) = rest.split_once('}').expect("a part ends");
    let values = if before.ends_with([' ', '"']) { &ALONE[..] } else { &GLUED };
    let after = filled(after);
    values.iter().flat_map(|value| after.iter().map(move |after| format!("{before}{value}{after}"))).collect()
}

/// A word of the command line, where capitals stand for what a person knows.
fn word(word: String) -> String {
    match word.as_str() {
        "SERIAL" | "KEY" => "12345678".to_owned(),
        "FD" => "3".to_owned(),
        "SECONDS" => "3600".to_owned(),
        "ID" => "111122223333".to_owned(),
        _ => word,
    }
}

fn works(command: &str) -> Result<(), String> {
    let words = shlex::split(command).ok_or("no command of a shell")?;
    let as_given: Vec<_> = words.iter().map(Into::into).collect();
    if asked_for(&as_given).is_some() {
        return Ok(());
    }
    match Cli::try_parse_from(words.into_iter().map(word)) {
        Ok(_) => Ok(()),
        Err(why) => Err(why.to_string()),
    }
}

#[test]
fn every_command_that_a_sentence_names_works_as_it_is_printed() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in sources("") {
        let source = std::fs::read_to_string(&path).unwrap();
        for command in literals(&source).iter().flat_map(|literal| commands(literal)) {
            seen += 1;
            let tried: Vec<_> = filled(&command).iter().map(|command| works(command)).collect();
            if tried.iter().all(Result::is_err) {
                let why = tried.into_iter().find_map(Result::err).unwrap_or_default();
                wrong.push(format!("{}: `{command}`: {why}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "{seen} commands");
}

fn options(command: &clap::Command, all: &mut BTreeSet<String>) {
    all.extend(command.get_arguments().filter_map(clap::Arg::get_long).map(|name| format!("--{name}")));
    command.get_subcommands().for_each(|below| options(below, all));
}

#[test]
fn every_option_that_a_sentence_names_exists() {
    let mut known: BTreeSet<String> = OTHERS.map(ToOwned::to_owned).into();
    let mut root = Cli::command();
    root.build();
    options(&root, &mut known);
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in ["explain", "notices", "notices.rs", "terminal.rs"].into_iter().flat_map(sources) {
        let inside = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path);
        if inside.components().any(|part| part.as_os_str() == "audit") {
            continue; // AWS's commands, which are tried against AWS's stand-ins
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for literal in literals(&source) {
            let prose = literal.split('`').enumerate();
            let ours = prose.filter(|(nth, text)| nth % 2 == 0 || text.contains("glasskey ")).map(|(_, text)| text);
            for word in
                ours.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-'))
            {
                if word.len() > 2 && word.starts_with("--") {
                    seen += 1;
                    if !known.contains(word) {
                        wrong.push(format!("{}: {word} in {literal:?}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "{seen} options");
}
