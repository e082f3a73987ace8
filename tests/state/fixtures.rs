//! Files that version 0.1.0 wrote, each with its last line cut short: still read, and recovered. Files of a later version:
//! refused, and left as they are.

use super::*;
use crate::drill::Safe;
use crate::support::run;
use glasskey::totp::Step;
use glasskey::used_codes::UsedCodes;

/// The account and the key that the files are about.
const ACCOUNT: &str = "795614738402";
const KEY: &str = "53224123";
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/state/fixtures/v1").join(name)).unwrap()
}

/// The same, about this world's account and its first key.
fn here(name: &str, world: &Simulated) -> String {
    fixture(name).replace(ACCOUNT, &world.aws.account()).replace(KEY, "12345678")
}

/// With this number in the field's place.
fn with(text: &str, field: &str, number: u64) -> String {
    let (before, after) = text.split_once(&format!("\"{field}\":")).unwrap();
    format!("{before}\"{field}\":{number}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn plant(world: &Simulated, text: &str) -> PathBuf {
    let path = runs(world).join("001795966494-1-000000-0000abcd.jsonl");
    fs::write(&path, text).unwrap();
    path
}

fn recovered(world: &Simulated, text: &str, choice: &str) {
    assert!(!text.ends_with('\n'), "its last line is torn");
    plant(world, &with(text, "started", now()));
    let done = recover(world, choice);
    assert_eq!((done.code, world.unfinished()), (0, 0), "{done:?}");
}

fn enroll(world: &Simulated, device: &str) {
    let done = world.run(["enroll", "alice", "--device-name", device, "--key", "12345678", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn an_enrollment_is_finished() {
    let world = Simulated::with_keys(1);
    let serial = unassigned(&world, "alice");
    api::hold(&world.aws, world.keys.key(0), &serial, &world.credential("alice"));
    recovered(&world, &here("enrollment.jsonl", &world), "--finish");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_rotation_is_finished() {
    let world = Simulated::with_keys(1);
    enroll(&world, "alice-2");
    let since = enabled(&world, "alice");
    enroll(&world, "alice-3");
    recovered(&world, &with(&here("rotation.jsonl", &world), "enabled", since), "--finish");
    assert_eq!(world.devices_of("alice"), [world.arn("alice-3")]);
}

#[test]
fn a_retirement_is_finished() {
    let world = Simulated::with_keys(1);
    enroll(&world, "alice-3");
    let since = enabled(&world, "alice");
    enroll(&world, "alice");
    recovered(&world, &with(&here("retirement.jsonl", &world), "enabled", since), "--finish");
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
}

#[test]
fn a_rotation_of_an_access_key_is_finished() {
    let world = Simulated::with_keys(0);
    let ids = || world.aws.access_keys("alice").into_iter().map(|key| key.id).collect::<Vec<_>>();
    let old = ids().remove(0);
    api::call(&world.aws, &world.aws.admin(), "CreateAccessKey", &[("UserName", "alice")]);
    let new = ids().into_iter().find(|id| *id != old).unwrap();
    let text = here("access-key.jsonl", &world);
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let third: Value = serde_json::from_str(text.lines().nth(2).unwrap()).unwrap();
    let text = text.replace(first["old"].as_str().unwrap(), &old).replace(third["id"].as_str().unwrap(), &new);
    recovered(&world, &text, "--finish");
    assert_eq!(ids(), [new]);
}

#[test]
fn an_enrollment_of_root_is_undone() {
    let world = Simulated::with_keys(1);
    crate::support::put(world.keys.key(0), &world.credential("root-account-mfa-device"), false);
    recovered(&world, &here("root.jsonl", &world), "--undo");
    assert!(world.keys.key(0).credentials().is_empty());
}

fn with_roster() -> (Simulated, PathBuf) {
    let world = Simulated::with_keys(0);
    let users: Vec<String> = (1..=12).map(|nth| format!("user{nth}")).collect();
    users.iter().for_each(|user| _ = world.aws.add_user(user));
    let roster = world.keys.home.path().join("team.csv");
    fs::write(&roster, users.join("\n")).unwrap();
    (world, roster.with_file_name("team.csv.ledger.jsonl"))
}

fn enroll_all(world: &Simulated) -> Run {
    let line = "enroll --roster team.csv --yes --no-input --accept-unproved --escrow";
    world.run(line.split(' ').chain([RECIPIENT]))
}

#[test]
fn a_roster_goes_on_where_it_stopped() {
    let (world, ledger) = with_roster();
    fs::write(ledger, here("ledger.jsonl", &world)).unwrap();
    let done = enroll_all(&world);
    assert_eq!((done.code, world.aws.devices().len()), (0, 5), "seven were done: {done:?}");
}

#[test]
fn a_record_of_drills_is_proved_and_added_to() {
    let safe = Safe::new();
    let log = safe.world.keys.home.path().join("drills.jsonl");
    let verify = || run(&mut safe.glasskey(&["drill", "verify", "drills.jsonl"]));
    let drill = || run(&mut safe.glasskey(&["drill", "--key", "12345678", "--log", "drills.jsonl"]));
    fs::write(&log, fixture("drills.jsonl")).unwrap();
    let intact = |records: u32| {
        let done = verify();
        assert!(done.code == 0 && done.stdout.starts_with(&format!("intact: {records} records")), "{done:?}");
    };
    intact(2);
    let _ = drill();
    intact(3);
    // Nothing is taken from a record that is cut off, and nothing added.
    let torn = fixture("drills.jsonl")[..2000].to_owned();
    fs::write(&log, &torn).unwrap();
    verify().is(1, "line 2: it was cut off\n", "");
    assert_eq!((drill().code, fs::read_to_string(&log).unwrap()), (3, torn));
}

#[test]
fn an_audit_goes_on_where_it_stopped() {
    let world = Simulated::with_keys(0);
    let row: Value = serde_json::from_str(fixture("audit.jsonl").lines().next().unwrap()).unwrap();
    // As if it had been written an hour ago: what is older than a day is asked again.
    let hour_ago = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 3600;
    let text = fixture("audit.jsonl").replace(&row["at"].to_string(), &hour_ago.to_string());
    let file = world.keys.home.path().join("audit.jsonl");
    fs::write(&file, &text).unwrap();
    let account = row["account"].as_str().unwrap();
    let done = world.run(["root", "audit", "--account", account, "--resume", "audit.jsonl", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!world.actions().contains(&"AssumeRoot".to_owned()), "it is not asked again: {:?}", world.actions());
    let whole = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with(&whole) && whole.ends_with('\n') && whole.lines().count() == 2);
}

#[test]
fn codes_that_were_sent_stay_spent() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("spent.json"), fixture("spent.json")).unwrap();
    let mut spent = UsedCodes::in_dir(dir.path());
    let serial = format!("arn:aws:iam::{ACCOUNT}:mfa/alice");
    let last = Step(59_865_553);
    assert_eq!(spent.last(&serial, last), Some(last));
    assert_eq!(spent.last("another", last), None);
}

/// What the command says of the file, which is as it was.
#[track_caller]
fn says_later(done: &Run, code: i32, path: &Path, text: &str) {
    assert_eq!(done.code, code, "{done:?}");
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(said.contains("a later ") && said.contains("format 2; this one knows 1"), "{done:?}");
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}

#[test]
fn a_later_versions_file_is_refused_and_left_as_it_is() {
    let later = |text: String| {
        assert!(text.contains("\"version\":1,"));
        text.replace("\"version\":1,", "\"version\":2,\"new\":{},")
    };
    let kinds = ["enrollment.jsonl", "rotation.jsonl", "retirement.jsonl", "access-key.jsonl", "root.jsonl"];
    for kind in kinds {
        let world = Simulated::with_keys(1);
        let text = later(here(kind, &world));
        let path = plant(&world, &text);
        says_later(&recover(&world, "--yes"), 3, &path, &text);
    }

    let (world, ledger) = with_roster();
    let text = later(here("ledger.jsonl", &world));
    fs::write(&ledger, &text).unwrap();
    says_later(&enroll_all(&world), 3, &ledger, &text);

    let world = Simulated::with_keys(1);
    let home = world.keys.home.path();
    let (log, text) = (home.join("drills.jsonl"), later(fixture("drills.jsonl")));
    fs::write(&log, &text).unwrap();
    says_later(&world.run("drill --key 12345678 --log drills.jsonl --no-input".split(' ')), 3, &log, &text);
    says_later(&world.run("drill verify drills.jsonl".split(' ')), 1, &log, &text);

    let text = fixture("audit.jsonl")
        .replace("{\"type\":\"root_audit_account\"", "{\"type\":\"root_audit_account\",\"version\":2");
    let resume = home.join("audit.jsonl");
    fs::write(&resume, &text).unwrap();
    says_later(&world.run("root audit --account 111122223333 --resume audit.jsonl".split(' ')), 3, &resume, &text);

    let spent = runs(&world).with_file_name("spent.json");
    let text = later(fixture("spent.json"));
    fs::write(&spent, &text).unwrap();
    says_later(&world.run(world.enroll_args()), 0, &spent, &text);
}
