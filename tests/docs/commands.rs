//! Every `glasskey …` in a document can be typed: the subcommands and flags exist, and the values parse.

use super::{documents, read, root};
use std::process::Command;

/// The commands of a document: in fenced blocks of kind `console` what follows `$ `, in other blocks and indented ones
/// lines that begin with `glasskey`, and code in a line that does.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(kind) };
            continue;
        }
        match fence {
            Some("console") => found.extend(line.trim_start().strip_prefix("$ ").and_then(invocation)),
            Some("json") => {}
            Some(_) => found.extend(invocation(line)),
            None if line.starts_with("    ") => found.extend(invocation(line.trim_start())),
            None => found.extend(line.split('`').skip(1).step_by(2).filter_map(invocation)),
        }
    }
    found
}

/// The part of a shell line that calls glasskey.
fn invocation(line: &str) -> Option<String> {
    let start = if line.starts_with("glasskey ") { 0 } else { line.find("| glasskey ")? + 2 };
    let call = &line[start..];
    let end = [" > ", " | ", " # ", " && ", " 2>", " <"].iter().filter_map(|mark| call.find(mark)).min();
    Some(call[..end.unwrap_or(call.len())].trim_end().to_owned())
}

#[test]
fn every_command_can_be_typed() {
    let mut checked = 0;
    for document in documents() {
        // Names of commands to come, and of those that are gone, belong in a changelog.
        for command in commands(&read(&document)).into_iter().filter(|command| !command.contains('…')) {
            let words = command.split_whitespace().skip(1).map(|word| word.trim_matches(['"', '\'']));
            // clap answers --help when it comes to it; whatever is wrong before it is said instead.
            let done = Command::new(env!("CARGO_BIN_EXE_glasskey")).args(words).arg("--help").output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{}: {command}\n{said}", document.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} commands");
}

#[test]
fn what_make_installs_is_what_the_readme_says() {
    let prepare = read(&root().join("scripts/prepare"));
    let packages = |name: &str| {
        let line = prepare.lines().find_map(|line| line.strip_prefix(&format!("{name}=("))).unwrap();
        line.trim_end_matches(')').to_owned()
    };
    let readme = read(&root().join("README.md"));
    let tests = format!(
        "all of them, and {} {}; on x86-64 also {}",
        packages("tests"),
        packages("browser"),
        packages("kernel")
    );
    let made = format!("those, and {}", packages("package"));
    for (command, listed) in
        [("`make demo`", packages("build")), ("`make deb`, `make archive`", made), ("`make test`", tests)]
    {
        assert!(readme.contains(&format!("| {command} | {listed} |")), "{command}: {listed}");
    }
    let rust = read(&root().join("Cargo.toml"));
    let rust = rust.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(readme.contains(&format!("Rust {rust} or newer")), "{rust}");
}

#[test]
fn make_writes_a_manual_page_for_each_command() {
    let help = Command::new(env!("CARGO_BIN_EXE_glasskey")).arg("-h").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let commands =
        listed.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let commands: Vec<&str> = commands.filter(|command| *command != "help").collect();
    let makefile = read(&root().join("Makefile"));
    assert_eq!(makefile.lines().find_map(|line| line.strip_prefix("COMMANDS = ")), Some(&*commands.join(" ")));
}

/// clap breaks what is longer in the middle of its table of examples.
#[test]
fn what_help_opens_with_fits_the_width_it_is_given() {
    let mut files = vec![root().join("src/cli/args")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = read(&path);
        for opening in source.split("before_long_help = \"\\\n").skip(1) {
            let text = opening.split("\n\")").next().unwrap();
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{}: {line}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
