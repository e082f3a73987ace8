//! `glasskey drill` and `glasskey drill verify`

use super::fido::trusting::Trusted;
use crate::cli::args::{Cli, Drill, DrillCommand};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation, Reason};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::drill::{self, BadLog, DrillRequest, Drilled, Entry, Flaw, Problem, Proved, State, enrolled_here};
use crate::flow::fido_key::Records;
use crate::flow::{Cause, Failed};
use crate::keys::KeyId;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(in crate::cli) fn run(args: &Drill, cli: &Cli, console: &mut Console) -> Outcome {
    match (&args.command, &args.log) {
        (Some(DrillCommand::Verify { file, head }), _) => verify(file, head.as_deref(), console),
        (None, Some(log)) => drill(args, log, cli, console),
        (None, None) => Err(usage("no file is named: --log FILE")),
    }
}

fn drill(args: &Drill, log: &Path, cli: &Cli, console: &mut Console) -> Outcome {
    if args.keys.iter().collect::<BTreeSet<_>>().len() != args.keys.len() {
        return Err(usage("the same key is named twice"));
    }
    let trusted = Trusted::read(&args.trusting)?;
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let request = DrillRequest {
        keys: args.keys.clone(),
        log: log.to_owned(),
        last_try: args.last_try,
        no_touch: cli.global.no_input,
    };
    let words = |key: &KeyId, cause: &Cause| explain::ceremony(key, cause).what;
    match drill::drill(&request, trusted.trust(), &words, &mut world) {
        Ok(drilled) => {
            let mut human: Page =
                drilled.entries.iter().flat_map(|(entry, signed)| sentence(entry, *signed)).collect();
            human.line(&format!("last line  {}", drilled.head));
            console.result(&human, &Report::of(&drilled, log));
            let passed = drilled.entries.iter().all(|(entry, _)| entry.passed);
            Ok(if passed { Exit::Done } else { Exit::No })
        }
        Err((drilled, why)) => {
            let mut text = not_drilled(&why);
            text.state = drilled.entries.iter().map(|(entry, signed)| written(entry, *signed)).collect();
            Err(Box::new(text))
        }
    }
}

fn written(entry: &Entry, signed: bool) -> String {
    format!("written before: {}", sentence(entry, signed).first().map_or("", String::as_str))
}

/// A line for the key, and one for each check that failed or was not done.
fn sentence(entry: &Entry, signed: bool) -> Vec<String> {
    let verdict = if entry.passed { "passed" } else { "FAILED" };
    let signed = if signed { "signed by the key" } else { "unsigned" };
    let mut lines = vec![format!("{}  {verdict}, {signed}", entry.key)];
    for (name, check) in checks(entry) {
        let word = match check.state {
            State::Passed => continue,
            State::Failed => "failed",
            State::Skipped => "not done",
        };
        lines.push(format!("  {name:<12} {word}: {}", check.why.as_deref().unwrap_or_default()));
    }
    lines
}

fn checks(entry: &Entry) -> [(&'static str, &drill::Check); 5] {
    [
        ("present", &entry.present),
        ("attestation", &entry.attestation),
        ("credential", &entry.credential),
        ("session", &entry.session),
        ("identity", &entry.identity),
    ]
}

/// The drills that were done.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "drilled")]
pub(in crate::cli) struct Report<'a> {
    /// The file of drills.
    log: String,
    /// The SHA-256 of the file's last line, in hexadecimal.
    head: &'a str,
    /// The keys.
    keys: Vec<DrilledKey<'a>>,
}

/// A key's drill.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct DrilledKey<'a> {
    /// What was written to the file, with the names that it has there.
    record: &'a Entry,
    /// Whether the key signed the line.
    signed: bool,
}

impl<'a> Report<'a> {
    fn of(drilled: &'a Drilled, log: &Path) -> Self {
        let keys = drilled.entries.iter().map(|(record, signed)| DrilledKey { record, signed: *signed });
        Self { log: log.display().to_string(), head: &drilled.head, keys: keys.collect() }
    }
}

/// Whether a file of drills proves what it says.
#[derive(Default, Serialize, JsonSchema)]
#[serde(tag = "type", rename = "drill_log")]
pub(in crate::cli) struct VerifyReport {
    /// Every line follows from the one before it, and every signature is right. Else the exit code is 1.
    intact: bool,
    /// How many lines there are; null where the file is not intact.
    records: Option<usize>,
    /// How many lines are signed; null where the file is not intact.
    signed: Option<usize>,
    /// How many lines say that a drill failed; null where the file is not intact.
    failed: Option<usize>,
    /// How many lines are older than what their key was enrolled with on this machine, and signed with something else, which
    /// is not known here any more; null where the file is not intact.
    earlier: Option<usize>,
    /// The SHA-256 of the last line, in hexadecimal; null where the file is not intact.
    head: Option<String>,
    /// What is wrong with the file.
    problems: Vec<ProblemReport>,
}

/// A line that is wrong.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ProblemReport {
    /// The line, counted from 1.
    line: usize,
    #[serde(flatten)]
    reason: Reason,
}

fn not_drilled(failed: &Failed) -> Explanation {
    let Cause::DrillLog { path, why } = &failed.cause else { return explain::failed(failed) };
    let (text, path) = (|what| Explanation::new("drill_log", what), path.display());
    match &**why {
        BadLog::Io(cause) => text(format!("{path} cannot be used: {cause}")),
        BadLog::Busy => {
            Explanation::new("busy", format!("another glasskey is adding to {path}")).hint("wait until it has ended")
        }
        BadLog::Broken(problem) => text(format!("{path}, {}", problem_words(problem)))
            .hint("nothing is added to a file that proves nothing: keep it as it is, and begin another one"),
    }
}

fn verify(file: &Path, head: Option<&str>, console: &mut Console) -> Outcome {
    if head.is_some_and(|head| head.len() != 64 || !head.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(usage("--head is a SHA-256: 64 hexadecimal digits"));
    }
    let text = drill::read_log(file).map_err(|cause| usage(format!("cannot read {}: {cause}", file.display())))?;
    // What was enrolled on another machine is not known here, and nothing is held against it.
    let enrolled =
        environment::state_dir().map_or_else(|_| BTreeMap::new(), |state| enrolled_here(&Records::of_state(&state)));
    let proved = drill::prove(&text, &enrolled).and_then(|proved| match head {
        Some(head) if !head.eq_ignore_ascii_case(&proved.head) => {
            let (line, found) = (proved.entries.len(), proved.head);
            Err(vec![Problem { line, flaw: Flaw::Head { found } }])
        }
        _ => Ok(proved),
    });
    match proved {
        Ok(proved) => {
            let (human, report) = intact(proved);
            console.result(&human, &report);
            Ok(Exit::Done)
        }
        Err(problems) => {
            let human: Page = problems.iter().map(problem_words).collect();
            let problem = |problem: &Problem| ProblemReport {
                line: problem.line,
                reason: Reason { code: flaw_code(&problem.flaw), message: flaw_words(&problem.flaw) },
            };
            let problems = problems.iter().map(problem).collect();
            console.result(&human, &VerifyReport { problems, ..VerifyReport::default() });
            Ok(Exit::No)
        }
    }
}

fn intact(Proved { entries, earlier, head }: Proved) -> (Page, VerifyReport) {
    let signed = entries.iter().filter(|(_, signed)| *signed).count();
    let failed = entries.iter().filter(|(entry, _)| !entry.passed).count();
    let records = entries.len();
    let intact = format!("intact: {records} records, {signed} of them signed; {failed} say that a drill failed");
    let unknown = format!(
        "{earlier} of them are older than the keys' enrollment on this machine and signed with something else, which is \
         not known here any more"
    );
    let lines = [Some(intact), (earlier > 0).then_some(unknown), Some(format!("last line  {head}"))];
    let human = lines.iter().flatten().collect();
    let report = VerifyReport {
        intact: true,
        records: Some(records),
        signed: Some(signed),
        failed: Some(failed),
        earlier: Some(earlier),
        head: Some(head),
        problems: Vec::new(),
    };
    (human, report)
}

fn problem_words(problem: &Problem) -> String {
    format!("line {}: {}", problem.line, flaw_words(&problem.flaw))
}

fn flaw_code(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::Empty => "empty",
        Flaw::CutOff => "cut_off",
        Flaw::NotARecord => "not_a_record",
        Flaw::Later { .. } => "later_version",
        Flaw::NotAsWritten => "not_as_written",
        Flaw::NotTheFirst => "not_the_first",
        Flaw::Chain => "chain",
        Flaw::Signature(_) => "signature",
        Flaw::Unsigned => "unsigned",
        Flaw::NoCredential => "no_credential",
        Flaw::Verdict => "verdict",
        Flaw::OtherCredential { .. } => "other_credential",
        Flaw::NotAsEnrolled => "not_as_enrolled",
        Flaw::Head { .. } => "head",
    }
}

fn flaw_words(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Empty => "there is no record".to_owned(),
        Flaw::CutOff => "it was cut off".to_owned(),
        Flaw::NotARecord => "it is not a record of a drill".to_owned(),
        later @ Flaw::Later { .. } => later.to_string(),
        Flaw::NotAsWritten => "it is not as glasskey writes it: it was changed".to_owned(),
        Flaw::NotTheFirst => "it names a line before it: lines before it were removed, or moved".to_owned(),
        Flaw::Chain => {
            "it does not follow from the line before it: that one was changed, or lines were removed, added or moved"
                .to_owned()
        }
        Flaw::Signature(refusal) => {
            format!("its signature does not hold: {refusal}; it was changed, or another key signed")
        }
        Flaw::Unsigned => "it says that the key signs, and has no signature".to_owned(),
        Flaw::NoCredential => "it has a signature, and names no credential".to_owned(),
        Flaw::Verdict => "its verdict is not that of its checks".to_owned(),
        Flaw::OtherCredential { line } => {
            format!(
                "it is signed with another credential than the key's in line {line}: another key signed, or the key was enrolled again"
            )
        }
        Flaw::NotAsEnrolled => "it is signed with another credential than the key was enrolled with here".to_owned(),
        Flaw::Head { found } => {
            format!("the last line's SHA-256 is {found}, not the one given: lines were removed or added")
        }
    }
}
