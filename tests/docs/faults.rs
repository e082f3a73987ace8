//! The counts in docs/flows.md: from the sources of `tests/enroll` and from one enrollment that goes well.

use super::{entries, files_in, hold, read, root};
use crate::support::Simulated;
use crate::support::blows::ways;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A test function, as it stands in its file.
struct Test {
    file: String,
    name: String,
    body: String,
}

/// The tests of faults: all of a directory but those of what goes well.
fn tests(directory: &str) -> Vec<Test> {
    let directory = root().join(directory);
    let inner = entries(&directory).into_iter().filter(|path| path.is_dir());
    let files: Vec<PathBuf> =
        std::iter::once(directory.clone()).chain(inner).flat_map(|it| files_in(&it, "rs")).collect();
    let mut tests = Vec::new();
    for path in files {
        let file = path.strip_prefix(&directory).unwrap().display().to_string();
        if file != "happy.rs" {
            let source = read(&path);
            tests.extend(source.split("\n#[test]\n").skip(1).map(|rest| test(&file, rest)));
        }
    }
    tests
}

fn test(file: &str, rest: &str) -> Test {
    let name = rest.split_once("fn ").unwrap().1.split_once('(').unwrap().0;
    // rustfmt: the brace that ends a function is the first one in column 0.
    let body = rest.split_once("\n}").map_or(rest, |(body, _)| body);
    Test { file: file.to_owned(), name: name.to_owned(), body: body.to_owned() }
}

impl Test {
    /// How many items the array has that follows `before`.
    fn items(&self, before: &str) -> usize {
        let start = self.body.find(&format!("{before} [")).unwrap_or_else(|| panic!("{}: {before}", self.name));
        let (mut depth, mut items, mut pending) = (0, 0, false);
        for c in self.body[start + before.len() + 1..].chars() {
            match c {
                '[' | '(' | '{' => depth += 1,
                ']' | ')' | '}' => depth -= 1,
                _ => {}
            }
            match c {
                ',' if depth == 1 => (items, pending) = (items + 1, false),
                _ if depth == 0 => break,
                c => pending |= depth > 1 || !(c.is_whitespace() || c == '['),
            }
        }
        items + usize::from(pending)
    }

    /// The exit codes it names: compared with `code`, or handed to something that compares them.
    fn exit_codes(&self) -> BTreeSet<u32> {
        let known = |text: &str| text.trim().parse().ok().filter(|code| [0, 1, 2, 3, 4, 5, 130].contains(code));
        let mut codes = BTreeSet::new();
        for line in self.body.lines() {
            codes.extend(line.strip_suffix(',').and_then(known));
            let handed_over = ["is(&", "fails("].iter().any(|helper| line.contains(helper));
            for mark in [".is(", "code, ", "), ", ", ", "), (", ".code == "] {
                // What an assertion compares otherwise is a count.
                let other = |mark| {
                    (mark == "), " && line.contains("assert"))
                        || (mark == ", " && !handed_over)
                        || (mark == "), (" && !line.contains("code"))
                };
                let marked = line.match_indices(mark).filter(|_| !other(mark));
                for (at, _) in marked {
                    let rest = &line[at + mark.len()..];
                    let alternatives = rest.split([',', ')', ';', '"']).next().unwrap_or_default();
                    codes.extend(alternatives.split('|').filter_map(known));
                }
            }
        }
        codes
    }

    fn sentence(&self) -> String {
        self.name.replace('_', " ").replace("aws", "AWS").replace("apdu", "APDU").replace("iam", "IAM")
    }
}

/// What passes in an enrollment on two keys that goes well.
struct Calm {
    calls: usize,
    apdus: [usize; 2],
    /// Each call and each APDU passes twice: before it is carried out, and after.
    messages: usize,
}

/// The shorter of two, since a key computes one code more when a time step ends just then.
fn calm() -> Calm {
    let (one, other) = (one_calm(), one_calm());
    if one.messages <= other.messages { one } else { other }
}

fn one_calm() -> Calm {
    let world = Simulated::with_keys(2);
    let passed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&passed);
    world.tap.listen(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let done = world.run(world.enroll_args());
    assert_eq!(done.code, 0, "{done:?}");
    let apdus = [0, 1].map(|nth| world.keys.key(nth).apdu_count());
    Calm { calls: world.actions().len(), apdus, messages: passed.load(Ordering::SeqCst) }
}

/// A test that goes through a list: how many cases, and what they are. `None`: a single situation.
fn sweep(test: &Test, calm: &Calm) -> Option<(usize, String)> {
    let [first, second] = calm.apdus;
    match test.name.as_str() {
        "every_aws_call_in_every_way" => {
            let (calls, ways) = (test.items("let calls ="), ways().len());
            assert_eq!(calls, calm.calls, "the calls of an enrollment are not those that are broken");
            Some((
                calls * ways,
                format!(
                    "{calls} calls, in {ways} ways: reply lost, request lost, Throttling, AccessDenied, ExpiredToken, ServiceFailure (500), ConcurrentModification"
                ),
            ))
        }
        "every_apdu_in_every_way" => {
            let (times, ways) = (test.items("for when in"), test.items("for what in"));
            let cases = (first + second) * times * ways;
            Some((
                cases,
                format!(
                    "{first} and {second} commands to the two keys, before and after being carried out, in {ways} ways: pulled, mute, malformed, refused"
                ),
            ))
        }
        "undoing_that_is_refused_or_lost_too" => {
            let ways = test.items("for wrong in");
            Some((
                ways,
                "Enable refused, then Delete: reply lost, request lost, AccessDenied, ExpiredToken".to_owned(),
            ))
        }
        "killed_at_every_message" => {
            Some((calm.messages, "SIGKILL before and after each message to AWS and to the keys".to_owned()))
        }
        "interrupted_at_every_message" => {
            Some((calm.messages, "Ctrl-C before and after each message to AWS and to the keys".to_owned()))
        }
        _ => None,
    }
}

#[test]
fn the_faults_are_those_that_are_tested() {
    let (tests, calm) = (tests("tests/enroll"), calm());
    let (mut sweeps, mut singles) = (String::new(), String::new());
    let (mut swept, mut single) = (0, 0);
    for test in &tests {
        let Test { file, name, .. } = test;
        if let Some((cases, what)) = sweep(test, &calm) {
            swept += cases;
            sweeps += &format!("| {what} | {cases} | `{file}` `{name}` |\n");
        } else {
            single += 1;
            let codes: Vec<String> = test.exit_codes().iter().map(ToString::to_string).collect();
            singles += &format!("| {} | {} | `{file}` |\n", test.sentence(), codes.join(", "));
        }
    }
    let right = format!(
        "{swept} cases, each message in turn. Each may end in any of the ways above; which one is right is decided by \
         the state of the world.\n\n\
         | what goes wrong | cases | test, in `tests/enroll` |\n|---|---|---|\n{sweeps}\n\
         {single} tests of one situation each, with the words on standard error where they matter. The exit codes are \
         those the test names; where there is none, the test is about something else, or a person answers.\n\n\
         | situation | exit codes | file |\n|---|---|---|\n{singles}"
    );
    hold("docs/flows.md", "faults", &right);
}

#[test]
fn the_faults_of_the_other_flows_are_those_that_are_tested() {
    for flow in ["rotation", "root", "session", "drill"] {
        let tests = tests(&format!("tests/{flow}"));
        let rows: String = tests
            .iter()
            .map(|test| {
                let codes: Vec<String> = test.exit_codes().iter().map(ToString::to_string).collect();
                format!("| {} | {} | `{}` |\n", test.sentence(), codes.join(", "), test.file)
            })
            .collect();
        let right = format!("| situation | exit codes | file, in `tests/{flow}` |\n|---|---|---|\n{rows}");
        hold("docs/flows.md", &format!("{flow}-faults"), &right);
    }
}
