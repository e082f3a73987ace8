//! Where runs are written down, and memory.

use super::{check, says};
use crate::support::{Keys, Run};
use glasskey::journal::Journal;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn doctor(keys: &Keys) -> Run {
    keys.run(["doctor", "--offline", "--json"])
}

#[test]
fn nothing_is_made_by_looking() {
    let keys = Keys::serve(1);
    let done = doctor(&keys);
    let state = keys.state_dir();
    says(&done, "state_directory", "ok", &format!("{}, not made yet", state.display()), &[]);
    says(&done, "unfinished_runs", "ok", "none", &[]);
    assert!(!state.exists());
    assert_eq!((done.code, &*done.stderr), (0, ""));
}

#[test]
fn a_directory_that_others_may_look_into() {
    let keys = Keys::serve(1);
    let state = keys.state_dir();
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    let (what, fix) =
        (format!("other users may look into {0}", state.display()), format!("chmod 700 {}", state.display()));
    says(&doctor(&keys), "state_directory", "problem", &what, &[&fix]);
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    says(&doctor(&keys), "state_directory", "ok", &state.display().to_string(), &[]);
}

#[test]
fn a_file_in_the_place_of_the_directory_of_runs() {
    let keys = Keys::serve(1);
    let state = keys.state_dir();
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(state.join("runs"), "").unwrap();
    let what = format!("the journal cannot be used: {}: not a directory", state.join("runs").display());
    says(&doctor(&keys), "unfinished_runs", "problem", &what, &["GLASSKEY_STATE_DIR names another directory for it"]);
}

#[test]
fn the_file_of_used_codes_that_cannot_be_read() {
    let keys = Keys::serve(1);
    let state = keys.state_dir();
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let path = state.join("spent.json");
    fs::write(&path, "no JSON").unwrap();
    let what = format!("{}: cannot be read: the next code of every device waits for up to 30 s", path.display());
    says(&doctor(&keys), "used_codes", "problem", &what, &["the next command that sends a code begins a new one"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "no JSON");
    fs::write(&path, r#"{"version":1,"devices":{}}"#).unwrap();
    assert!(!doctor(&keys).stdout.contains("used_codes"));
    let lock = state.join("spent.lock");
    fs::create_dir(&lock).unwrap();
    let (what, fix) =
        (format!("{0}: it is not a file", lock.display()), format!("look at it, and move {0} away", lock.display()));
    says(&doctor(&keys), "used_codes", "problem", &what, &[&fix]);
}

#[test]
fn a_file_in_the_directorys_place() {
    let keys = Keys::serve(1);
    fs::write(keys.state_dir(), "").unwrap();
    let what = format!("{} is no directory", keys.state_dir().display());
    says(&doctor(&keys), "state_directory", "problem", &what, &["GLASSKEY_STATE_DIR names another directory for it"]);
}

#[test]
fn runs_that_did_not_end_and_one_that_is_at_work() {
    let keys = Keys::serve(1);
    let journal = Journal::open(&keys.state_dir()).unwrap();
    let begin = serde_json::json!({ "record": "begin", "command": "enroll", "user": "alice", "arn": "arn:of:it" });
    let writer = journal.begin("000000000001-1", &begin).unwrap();
    let busy = format!("another glasskey is at work (process {})", std::process::id());
    says(&doctor(&keys), "unfinished_runs", "cannot_tell", &busy, &[]);
    drop(writer);
    let done = doctor(&keys);
    says(&done, "unfinished_runs", "problem", "1 run did not end", &["glasskey recover"]);
    assert_eq!(check(&done, "unfinished_runs")["details"], serde_json::json!(["enroll alice: arn:of:it"]));
    drop(journal.begin("000000000002-1", &begin).unwrap());
    says(&doctor(&keys), "unfinished_runs", "problem", "2 runs did not end", &["glasskey recover"]);
}

#[test]
fn a_journal_that_cannot_be_read() {
    let keys = Keys::serve(1);
    let runs = keys.state_dir().join("runs");
    glasskey::store::own_directory(&runs).unwrap();
    fs::write(runs.join("1.jsonl"), "garbage\n").unwrap();
    let check = check(&doctor(&keys), "unfinished_runs");
    let message = format!("line 1 of {} is not one this version writes", runs.join("1.jsonl").display());
    assert_eq!((&check["verdict"], &check["message"]), (&"problem".into(), &message.into()), "{check}");
}

/// What the test's own machine gives differs; what the binary does for itself does not.
#[test]
fn memory() {
    let done = doctor(&Keys::serve(1));
    says(
        &done,
        "process_memory",
        "ok",
        "no core file is written, and other processes of this user cannot look in",
        &[],
    );
    let given = glasskey::secret::protection().pages;
    let page = check(&done, "secret_memory");
    let words = match given {
        glasskey::secret::SecretPages::Unseen => "a page that nobody else can read",
        glasskey::secret::SecretPages::Locked => "a page that is not swapped out",
        glasskey::secret::SecretPages::Ordinary => "cannot be locked",
    };
    assert!(page["message"].as_str().unwrap().contains(words), "{given:?}: {page}");
}

/// Without the right to lock memory, a seed's page is an ordinary one: said, and a problem where there is swap.
#[test]
fn memory_that_cannot_be_locked() {
    let keys = Keys::serve(1);
    let command = keys.glasskey(["doctor", "--offline", "--json"]);
    let mut limited = std::process::Command::new("setpriv");
    // Root may lock in spite of the limit, so the right is dropped too.
    limited.args(["--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"]);
    limited.args(["prlimit", "--memlock=0:0"]).arg(command.get_program()).args(command.get_args()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let done = crate::support::run(&mut limited);
    let page = check(&done, "secret_memory");
    let swap = fs::read_to_string("/proc/swaps").unwrap().lines().count() > 1;
    let (verdict, words) =
        if swap { ("problem", "a seed may reach the swap space") } else { ("ok", "there is no swap") };
    assert_eq!(page["verdict"], verdict, "{page}");
    assert!(page["message"].as_str().unwrap().contains(words), "{page}");
    assert!(page["fixes"][0].as_str().unwrap().starts_with("ulimit -l 8192"), "{page}");
}
