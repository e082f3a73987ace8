//! `glasskey doctor`: what stands between this machine and its work, a line for each thing looked at. Changes nothing.

mod account;
mod machine;
mod plugged;

use crate::cli::args::{Cli, Doctor};
use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::systems::{self, System};
use crate::cli::{Outcome, environment};
use schemars::JsonSchema;
use serde::Serialize;

/// What stands between this machine and its work.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "doctor")]
pub(in crate::cli) struct Report {
    /// What was checked. One that exists for each key or reader comes several times.
    checks: Vec<Check>,
    /// What this operating system protects, and what it lacks.
    system: System,
    /// How many checks found a problem.
    problems: usize,
    /// How many checks could find nothing out.
    cannot_tell: usize,
}

/// What was found about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// Nothing is to be done.
    Ok,
    /// Something is to be fixed; the exit code is 1.
    Problem,
    /// It could not be found out, or there is nothing to find out about.
    CannotTell,
}

/// One thing that was checked.
#[derive(Serialize, JsonSchema)]
struct Check {
    /// Short and stable, see below.
    #[serde(rename = "check")]
    name: &'static str,
    /// The key, reader or device, or what is checked, for people.
    about: String,
    /// What was found.
    verdict: Verdict,
    /// The same for people.
    #[serde(rename = "message")]
    what: String,
    /// What else is worth knowing, for people.
    details: Vec<String>,
    /// What to do, for people.
    fixes: Vec<String>,
}

impl Check {
    fn new(name: &'static str, about: impl Into<String>, verdict: Verdict, what: impl Into<String>) -> Self {
        Self { name, about: about.into(), verdict, what: what.into(), details: Vec::new(), fixes: Vec::new() }
    }

    fn ok(name: &'static str, about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(name, about, Verdict::Ok, what)
    }

    fn problem(name: &'static str, about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(name, about, Verdict::Problem, what)
    }

    fn cannot_tell(name: &'static str, about: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(name, about, Verdict::CannotTell, what)
    }

    /// A problem, in the words of the error that it would be elsewhere.
    fn error(name: &'static str, about: impl Into<String>, text: Explanation) -> Self {
        let mut check = Self::problem(name, about, text.what);
        check.details = text.notes;
        check.fixes = text.hints;
        check
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fixes.push(fix.into());
        self
    }

    fn fixes(mut self, fixes: Vec<String>) -> Self {
        self.fixes = fixes;
        self
    }
}

pub(in crate::cli) fn run(args: &Doctor, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let mut checks = plugged::checks(&world)?;
    checks.extend(machine::checks(&world.state));
    checks.extend(account::checks(&mut world, args.offline)?);
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (problems, unknown) = (count(Verdict::Problem), count(Verdict::CannotTell));
    let human = human(&checks, problems, unknown);
    console.result(&human, &Report { checks, system: systems::here(), problems, cannot_tell: unknown });
    Ok(if problems == 0 { Exit::Done } else { Exit::No })
}

fn human(checks: &[Check], problems: usize, unknown: usize) -> Page {
    let width = checks.iter().map(|check| check.about.chars().count()).max().unwrap_or(0);
    let mut page = Page::default();
    for Check { about, verdict, what, details, fixes, .. } in checks {
        let verdict = match verdict {
            Verdict::Ok => "ok",
            Verdict::Problem => "PROBLEM",
            Verdict::CannotTell => "cannot tell",
        };
        page.line(&format!("  {verdict:<11}  {about:<width$}  {what}"));
        let below = |mark: &str, line: &String| format!("  {:11}  {:width$}  {mark}{line}", "", "");
        details.iter().for_each(|line| page.line(&below("", line)));
        fixes.iter().for_each(|line| page.line(&below("fix: ", line)));
    }
    let problems = match problems {
        0 => "nothing to fix".to_owned(),
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    let unknown = if unknown == 0 { String::new() } else { format!("; {unknown} not told") };
    page.line(&format!("{problems}{unknown}"));
    page
}
