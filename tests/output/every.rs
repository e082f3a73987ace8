//! Every command there is, by the binary's own help, with standard output full, closed, or its reader gone; for people and
//! in JSON. Where there is something to be said that nobody can read, the exit code says so.

use super::lost::{FATES, Fate, suffer};
use crate::drill::Safe;
use crate::enroll::api;
use crate::fido_cli::ceremonies::{ASSERT, request};
use crate::fido_cli::credentials::register;
use crate::root::place::Place;
use crate::root::remove::Member;
use crate::rotation::faults::scene::{Flow, Scene};
use crate::session::Bob;
use crate::support::blows::side_by_side;
use crate::support::fido::PIN;
use crate::support::{FidoKeys, Keys, Simulated, put, run, seed, with_fd};
use glasskey::sim::authenticator::Options;
use serde_json::json;
use std::any::Any;
use std::collections::BTreeSet;
use std::process::Command;

/// A command in a world of its own, which lives as long as this.
struct Stage {
    command: Command,
    _world: Box<dyn Any>,
}

fn stage(command: Command, world: impl Any) -> Stage {
    Stage { command, _world: Box::new(world) }
}

/// A key with two credentials. `stdin`: what the command reads.
fn card(line: &str, stdin: &str) -> Stage {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    put(keys.key(0), "b", false);
    stage(with_fd(&keys.glasskey(line.split(' ')), 0, stdin), keys)
}

fn otpauth() -> String {
    format!("otpauth://totp/Example:new?secret={}&issuer=Example\n", seed().1)
}

/// A FIDO2 key with a PIN, a credential and, where it has a sensor, a finger.
fn fido(line: &str) -> Stage {
    let bio = line.contains("fingerprints");
    let kind = if bio { Options::bio(12_345_678) } else { Options::new(12_345_678) };
    let options = Options { enterprise_attestation: line.contains("enterprise"), ..kind };
    let keys = FidoKeys::with_pins([options]);
    let id = register(keys.key(0), "example.com", "alice");
    if bio {
        assert_eq!(keys.run_with_pin("fido fingerprints add --key 12345678 --name thumb").code, 0);
    }
    if line.starts_with("fido verify") {
        assert_eq!(keys.run_with_pin("fido enroll --key 12345678").code, 0);
    }
    std::fs::write(keys.home.path().join("request.json"), request(&json!({})).to_string()).unwrap();
    let line = line.replace("ID", &id);
    let command = with_fd(&keys.glasskey(line.split(' ')), 3, &format!("{PIN}\n"));
    stage(with_fd(&command, 4, "another-pin\n"), keys)
}

fn no_pin(line: &str) -> Stage {
    let keys = FidoKeys::serve(1);
    stage(with_fd(&keys.glasskey(line.split(' ')), 4, "another-pin\n"), keys)
}

/// Alice has a device on the key.
fn account(line: &str) -> Stage {
    let world = Simulated::with_keys(1);
    world.aws.clock().set_offset_seconds(-60);
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    world.aws.clock().set_offset_seconds(0);
    api::hold(&world.aws, world.keys.key(0), &serial, &world.credential("alice-1"));
    stage(world.glasskey(line.split(' ')), world)
}

fn fresh(line: &str) -> Stage {
    let world = Simulated::with_keys(1);
    stage(world.glasskey(line.split(' ')), world)
}

/// An enrollment that was cut short, to be finished.
fn unfinished() -> Stage {
    use glasskey::sim::aws::{Fault, Wrong};
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    world.a_minute_passes_for_codes();
    stage(world.glasskey(["recover", "--yes", "--no-input"]), world)
}

fn scene(flow: Flow) -> Stage {
    let scene = Scene::new(flow);
    stage(scene.command(), scene)
}

fn drill(line: &[&str]) -> Stage {
    let safe = Safe::new();
    let command = match line {
        [] => safe.drilling(&[]),
        line => {
            assert_eq!(run(&mut safe.drilling(&[])).code, 0);
            safe.glasskey(line)
        }
    };
    stage(command, safe)
}

fn session() -> Stage {
    let bob = Bob::new();
    stage(bob.command(&["--no-cache"]), bob)
}

fn removal() -> Stage {
    let member = Member::with_two_keys();
    stage(member.removal(), member)
}

/// Root's device is on the key. Without a terminal the codes are for JSON alone.
fn root_codes() -> Stage {
    let place = Place::new();
    crate::root::resync::held(&place, "phone");
    stage(place.command(Some(&place.aws.root_session()), "root resync-codes --key 12345678"), place)
}

/// Alone in a home.
fn alone(line: &str) -> Stage {
    let home = tempfile::tempdir().unwrap();
    let mut command = crate::support::glasskey(home.path());
    command.args(line.split(' '));
    stage(command, home)
}

/// What a line is followed by that spends nothing but what is named: the words of a loss.
const SESSION: &str = "the code that it took is spent";

struct Row {
    /// The command's words.
    path: &'static str,
    make: fn() -> Stage,
    /// The exit code where its output is read.
    well: i32,
    /// What is said of what was spent.
    spent: &'static str,
}

const fn row(path: &'static str, make: fn() -> Stage) -> Row {
    Row { path, make, well: 0, spent: "" }
}

/// Ends with this exit code: nobody is there to be asked, or the answer is no. The output of those that need a person or
/// pcscd is lost in `lost` and in `pcscd::piv` too.
const fn ends(path: &'static str, well: i32, make: fn() -> Stage) -> Row {
    Row { path, make, well, spent: "" }
}

const ROWS: &[Row] = &[
    row("keys", || card("keys", "")),
    row("enroll", || fresh("enroll alice --key 12345678 --yes --no-input")),
    row("recover", unfinished),
    row("devices", || account("devices alice")),
    Row { spent: SESSION, ..row("session", session) },
    row("drill", || drill(&[])),
    row("drill verify", || drill(&["drill", "verify", "drills.jsonl"])),
    row("rotate", || scene(Flow::Rotate)),
    row("rotate", || account("rotate alice --access-key --secret-to-command cat --yes --no-input")),
    row("resync", || scene(Flow::Resync)),
    row("retire", || scene(Flow::Retire)),
    row("oath list", || card("oath list", "")),
    row("oath code", || card("oath code a", "")),
    row("oath add", || card("oath add new --key 12345678 --yes", &otpauth())),
    row("oath import", || card("oath import --key 12345678 --yes", &otpauth())),
    row("oath delete", || card("oath delete a --yes", "")),
    row("oath rename", || card("oath rename a c --yes", "")),
    row("oath password set", || card("oath password set --yes --new-password-fd 0", "secret\n")),
    row("oath password clear", || card("oath password clear --yes", "")),
    row("oath reset", || card("oath reset --yes --key 12345678", "")),
    row("oath info", || card("oath info", "")),
    row("fido list", || fido("fido list")),
    row("fido info", || fido("fido info")),
    row("fido pin set", || no_pin("fido pin set --key 12345678 --new-pin-fd 4")),
    row("fido pin change", || fido("fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 4")),
    row("fido pin verify", || fido("fido pin verify --key 12345678 --pin-fd 3")),
    row("fido config always-uv", || fido("fido config always-uv on --key 12345678 --pin-fd 3")),
    row("fido config min-pin-length", || fido("fido config min-pin-length 8 --key 12345678 --pin-fd 3 --yes")),
    row("fido config force-pin-change", || fido("fido config force-pin-change --key 12345678 --pin-fd 3 --yes")),
    row("fido config enterprise-attestation", || {
        fido("fido config enterprise-attestation --key 12345678 --pin-fd 3 --yes")
    }),
    row("fido credentials list", || fido("fido credentials list --key 12345678 --pin-fd 3")),
    row("fido credentials delete", || fido("fido credentials delete ID --key 12345678 --pin-fd 3 --yes")),
    row("fido credentials rename", || fido("fido credentials rename ID bob --key 12345678 --pin-fd 3 --yes")),
    row("fido fingerprints list", || fido("fido fingerprints list --key 12345678 --pin-fd 3")),
    row("fido fingerprints add", || fido("fido fingerprints add --key 12345678 --pin-fd 3 --name index")),
    row("fido fingerprints rename", || fido("fido fingerprints rename thumb left --key 12345678 --pin-fd 3 --yes")),
    row("fido fingerprints delete", || fido("fido fingerprints delete thumb --key 12345678 --pin-fd 3 --yes")),
    ends("fido reset", 5, || fido("fido reset --key 12345678 --yes --no-input")),
    ends("fido attest", 1, || fido("fido attest --key 12345678 --pin-fd 3")),
    row("fido enroll", || fido("fido enroll --key 12345678 --pin-fd 3")),
    row("fido assert", || fido(&format!("{ASSERT} --pin-fd 3 --options request.json"))),
    row("fido verify", || fido("fido verify --key 12345678 --pin-fd 3")),
    ends("fido prepare", 1, || fido("fido prepare --key 12345678 --pin-fd 3 --yes")),
    row("fido blink", || fido("fido blink --key 12345678")),
    ends("piv info", 3, || card("piv info", "")),
    ends("root audit", 1, || account("root audit")),
    ends("root harden", 1, || account("root harden")),
    ends("root alarm confirm", 2, || account("root alarm confirm nothing")),
    ends("root alarm test", 3, || account("root alarm test")),
    ends("root enroll", 5, || fresh("root enroll --totp --key 12345678 --yes --no-input")),
    ends("root resync-codes", 5, root_codes),
    row("root remove", removal),
    ends("root login-check", 1, || account("root login-check")),
    row("doctor", || account("doctor --offline")),
    row("demo", || alone("demo")),
    row("completions", || alone("completions bash")),
];

/// Serves until it is ended: whose lines are lost is in `lost`.
const ELSEWHERE: [&str; 1] = ["simulate"];

/// The commands that have no others below them, by the binary's own help; and `drill`, which has.
fn commands(path: &[String], found: &mut BTreeSet<String>) {
    let home = tempfile::tempdir().unwrap();
    let help = run(crate::support::glasskey(home.path()).args(path).arg("-h")).stdout;
    let below = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let is_command = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let below = below.lines().take_while(|line| !line.is_empty()).filter(is_command);
    let names: Vec<&str> =
        below.filter_map(|line| line.split_whitespace().next()).filter(|it| *it != "help").collect();
    if names.is_empty() || path == ["drill"] {
        found.insert(path.join(" "));
    }
    names.into_iter().for_each(|name| commands(&[path, &[name.to_owned()]].concat(), found));
}

#[test]
fn every_command_has_a_row() {
    let mut there = BTreeSet::new();
    commands(&[], &mut there);
    let rows = ROWS.iter().map(|row| row.path.to_owned()).chain(ELSEWHERE.map(ToOwned::to_owned));
    assert_eq!(there, rows.collect());
}

/// What is wrong with a command, `None` where its exit code says what became of its output.
fn trouble(row: &Row, json: bool, fate: Fate) -> Option<String> {
    let made = || {
        let mut stage = (row.make)();
        if json {
            stage.command.arg("--json");
        }
        stage
    };
    let well = run(&mut made().command);
    let silent = well.stdout.is_empty();
    // An error keeps its own exit code.
    let keeps = silent || fate == Fate::ReaderGone || well.code > 1;
    let stage = made();
    let done = suffer(&stage.command, fate);
    let said = done.stderr.contains("glasskey: error: standard output could not be written: ");
    let right = if keeps { well.code } else { 3 };
    // Whether another code was due meanwhile is no matter here.
    let as_well = well.code == row.well || json && row.well == 5;
    let told =
        keeps || done.stderr.contains("whatever the command was to do is done") && done.stderr.contains(row.spent);
    let quiet = !(silent || fate == Fate::ReaderGone) || !said;
    (!as_well || done.code != right || !told || !quiet || (!keeps && !said))
        .then(|| format!("{}, json {json}, {fate:?}: well {well:?}\n    lost {done:?}", row.path))
}

#[test]
fn what_nobody_can_read_is_no_success_of_any_command() {
    let cases = ROWS.iter().flat_map(|row| [false, true].map(|json| (row, json)));
    let cases: Vec<_> = cases.flat_map(|(row, json)| FATES.map(|fate| (row, json, fate))).collect();
    let wrong = side_by_side(8, cases, |(row, json, fate)| trouble(row, json, fate));
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
