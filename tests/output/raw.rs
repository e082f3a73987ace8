//! Text from keys, files, servers and the command line, made of everything that acts on a screen: none of it reaches
//! standard output or standard error as it is, whatever is asked and however the answer is written.

use crate::audit::office::{Office, organization};
use crate::fido_cli::credentials::register;
use crate::support::{FidoKeys, Keys, Run, Simulated, put, run, with_fd};
use glasskey::sim::authenticator::Options;
use glasskey::sim::aws::organization::Kind;
use serde_json::Value;

/// What acts, by character: controls of both sets, separators, marks of direction, what has no width, tags, fillers.
pub(super) const ACTING: [char; 32] = [
    '\u{1b}',
    '\u{9b}',
    '\u{9d}',
    '\u{7f}',
    '\u{8}',
    '\r',
    '\t',
    '\n',
    '\u{b}',
    '\u{85}',
    '\u{90}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{202a}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{2028}',
    '\u{2029}',
    '\u{feff}',
    '\u{ad}',
    '\u{61c}',
    '\u{34f}',
    '\u{2060}',
    '\u{115f}',
    '\u{180e}',
    '\u{fff9}',
    '\u{fe0f}',
    '\u{1d173}',
    '\u{e0041}',
];

/// Names with one of each in them, and what would be a line of its own behind it.
pub(super) fn hostile() -> impl Iterator<Item = String> {
    ACTING.iter().enumerate().map(|(nth, c)| format!("n{nth}{c}FORGED"))
}

/// All of them in one, short enough for a key.
pub(super) fn few(of: &[char]) -> String {
    let all: String = of.iter().collect();
    format!("n{all}FORGED")
}

/// That nothing in what a run wrote acts, and that no text from outside begins a line.
#[track_caller]
pub(super) fn is_tame(done: &Run) {
    for text in [&done.stdout, &done.stderr] {
        let ends = text.replace("\r\n", "\n");
        let raw: Vec<char> = ends.chars().filter(|c| *c != '\n' && ACTING.contains(c)).collect();
        assert!(raw.is_empty(), "{raw:?} in {text:?}");
        assert!(!ends.lines().any(|line| line.starts_with("FORGED")), "a line was forged: {text:?}");
    }
}

/// As [`is_tame`], of a run that has shown the text.
#[track_caller]
pub(super) fn shows_tamely(done: &Run) {
    is_tame(done);
    assert!(done.stdout.contains("FORGED") || done.stderr.contains("FORGED"), "it is not shown: {done:?}");
}

#[test]
fn names_of_oath_credentials() {
    for name in hostile() {
        let keys = Keys::serve(1);
        put(keys.key(0), &name, false);
        let asked = ["oath list", "oath code --all", "oath list --json", "oath code --all --json"];
        for line in asked {
            shows_tamely(&keys.run(line.split(' ')));
        }
        let json = keys.run(["oath", "list", "--json"]).json();
        assert_eq!(json["credentials"][0]["name"], Value::from(name.as_str()), "JSON holds the name itself");
        shows_tamely(&keys.run(["oath", "code", "n"]));
        // No name of that kind is given; one that is there can be renamed and deleted.
        let refused = keys.run(["oath", "rename", &name, &format!("{name}2"), "--yes", "--key", "12345678"]);
        is_tame(&refused);
        assert_eq!((refused.code, keys.key(0).credentials().len()), (2, 1), "{refused:?}");
        shows_tamely(&keys.run(["oath", "rename", &name, "plain", "--yes", "--key", "12345678"]));
        put(keys.key(0), &name, false);
        shows_tamely(&keys.run(["oath", "delete", &name, "--yes", "--key", "12345678"]));
        assert_eq!(keys.key(0).credentials().len(), 1);
    }
}

#[test]
fn what_looks_written_out_is_told_from_what_was() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a\u{1b}b", false);
    put(keys.key(0), "a\\u{1b}b", false);
    let listed = keys.run(["oath", "list"]).stdout;
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a\\\\u{1b}b", "a\\u{1b}b"]);
}

#[test]
fn names_on_a_fido2_key_and_of_the_device() {
    for part in ACTING.chunks(4) {
        let name = few(part);
        let keys = FidoKeys::with_pin();
        let id = register(keys.key(0), "example.com", &name);
        for more in ["", " --json"] {
            shows_tamely(&keys.run_with_pin(&format!("fido credentials list --key 12345678{more}")));
        }
        shows_tamely(&keys.run_with_pin(&format!("fido credentials delete {id} --key 12345678 --yes")));
        // The device's own name is shown where the key cannot be read.
        let product = Options { product: name.clone(), ..Options::new(12_345_678) };
        let keys = FidoKeys::of([product]);
        let socket = keys.socket(0);
        std::fs::remove_file(&socket).unwrap();
        std::fs::write(&socket, "").unwrap();
        let listed = keys.run("fido list");
        is_tame(&listed);
        assert!(listed.stdout.contains("-       Yubico "), "{listed:?}");
        for line in ["fido list --json", "keys", "keys --json", "doctor --offline"] {
            is_tame(&keys.run(line));
        }
    }
}

#[test]
fn ones_own_arguments() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    for text in hostile() {
        let commands: [&[&str]; 14] = [
            &[&text],
            &["keys", &text],
            &["keys", &format!("--{text}")],
            &["--color", &text, "keys"],
            &["oath", "code", &text],
            &["oath", "code", "a", "--at", &text],
            &["oath", "delete", &text, "--yes"],
            &["oath", "list", "--key", &text],
            &["oath", "import", "--qr-image", &text],
            &["fido", "enroll", "--origin", &text, "--options", &text],
            &["enroll", &text, "--key", "1"],
            &["enroll", "--roster", &text],
            &["session", "--role", &text],
            &["root", "audit", "--accounts", &text],
        ];
        for command in commands {
            for more in [&[][..], &["--json"]] {
                let done = keys.run(command.iter().chain(more));
                assert_ne!(done.code, 0, "{command:?}: {done:?}");
                is_tame(&done);
            }
        }
        shows_tamely(&keys.run(["oath", "code", &text]));
        shows_tamely(&keys.run([&text]));
    }
}

#[test]
fn cells_of_a_roster_and_paths_of_files() {
    for text in hostile() {
        let world = Simulated::with_keys(0);
        let home = world.keys.home.path();
        std::fs::write(home.join("team.csv"), format!("user,device-name\n\"{text}\",\"{text}\"\n")).unwrap();
        std::fs::write(home.join(&text), format!("user,{text}\nx,y\n")).unwrap();
        for file in ["team.csv", &text] {
            let line = ["enroll", "--roster", file, "--yes", "--no-input", "--to-command", "false"];
            let done = world.run(line);
            assert_ne!(done.code, 0);
            shows_tamely(&done);
            is_tame(&world.run(line.iter().chain(&["--json"])));
        }
    }
}

#[test]
fn a_journal_below_such_a_path_and_what_is_in_it() {
    for text in hostile() {
        let world = Simulated::with_keys(0);
        let state = world.keys.home.path().join(&text);
        std::fs::create_dir_all(state.join("runs")).unwrap();
        std::fs::write(state.join(format!("runs/{text}.jsonl")), format!("{{\"a\":\"{text}\"}}\n")).unwrap();
        std::fs::write(state.join("spent.json"), "no JSON").unwrap();
        for line in ["recover", "devices", "doctor", "doctor --json"] {
            let mut command = world.glasskey(line.split(' '));
            is_tame(&run(command.env("GLASSKEY_STATE_DIR", &state)));
        }
    }
}

#[test]
fn words_of_a_command_that_fails() {
    let world = Simulated::with_keys(0);
    std::fs::write(world.keys.home.path().join("words"), few(&ACTING)).unwrap();
    for more in [&[][..], &["--json"]] {
        let line = "cat >/dev/null; cat words >&2; exit 1";
        let enroll = ["enroll", "alice", "--yes", "--no-input", "--to-command", line];
        is_tame(&world.run(enroll.iter().chain(more)));
    }
}

#[test]
fn names_in_an_account_that_is_audited_in_every_format() {
    for part in ACTING.chunks(8) {
        let text = few(part);
        let office = Office::sound();
        // XML has no place for most controls: what is sent of them is AWS's matter.
        office.aws.arrange(|posture| {
            posture.metric_filters.iter_mut().for_each(|filter| filter.name = text.clone());
            posture.alarms.iter_mut().for_each(|alarm| {
                alarm.name = text.clone();
                alarm.actions_enabled = false;
            });
            posture.subscriptions.iter_mut().for_each(|one| one.endpoint = text.clone());
            posture.rules.iter_mut().for_each(|rule| rule.name = text.clone());
            posture.trails.iter_mut().for_each(|trail| trail.name = text.clone());
        });
        for format in ["table", "json", "csv", "html", "markdown", "ocsf"] {
            is_tame(&office.run(&["--format", format]));
        }
    }
}

#[test]
fn names_of_accounts_in_every_format() {
    for part in ACTING.chunks(8) {
        let (organization, office, members) = organization(&[Kind::NoMfa]);
        organization.set_name(&members[0], &few(part));
        for format in ["table", "json", "csv", "html", "markdown", "ocsf"] {
            shows_tamely(&office.run(&["--org", "--format", format]));
        }
    }
}

#[test]
fn a_question_at_a_terminal_and_a_pin_that_is_asked_for() {
    let keys = FidoKeys::with_pin();
    let name = few(&['\u{1b}', '\u{202e}', '\n']);
    let id = register(keys.key(0), "example.com", &name);
    let command = keys.bare(["fido", "credentials", "delete", &id, "--key", "12345678", "--pin-fd", "3"]);
    let mut typist = crate::support::Typist::start(&with_fd(&command, 3, "246810\n246810\n"));
    typist.sees("Remove \"n\\u{1b}\\u{202e}\\u{a}FORGED\" at example.com from YubiKey 12345678 for good? [y/N] ");
    typist.types("n");
    is_tame(&typist.end().1);
}
