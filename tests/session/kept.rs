//! The kernel keyring: what is kept, for how long, and for whom; many callers at the same moment.

use super::{Bob, keyring_is};
use crate::support::Run;
use std::process::{Command, Stdio};

const PROCESS: [&str; 2] = ["--format", "credential-process"];

/// What /proc/keys says of the sessions kept: id and time left.
fn kept() -> Vec<(String, String)> {
    let keys = std::fs::read_to_string("/proc/keys").unwrap();
    let ours = keys.lines().filter(|line| line.contains("glasskey:session:"));
    ours.map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap().to_owned(), words.nth(2).unwrap().to_owned())
    })
    .collect()
}

fn ten(mut command: impl FnMut() -> Command) -> Vec<Run> {
    let start = |_| command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running: Vec<_> = (0..10).map(start).collect();
    let end = |child: std::process::Child| {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap() }
    };
    running.into_iter().map(end).collect()
}

fn one_touch_one_call_ten_results(bob: &Bob, runs: &[Run]) {
    for run in runs {
        assert_eq!((run.code, &run.stdout), (0, &runs[0].stdout), "{run:?}");
        assert_eq!(run.json()["Version"], 1);
    }
    let touches: usize = runs.iter().map(|run| run.stderr.matches("touch     YubiKey").count()).sum();
    assert_eq!((touches, bob.calculated()), (1, 1), "touches asked for, and codes computed");
    let sts = ["GetSessionToken", "AssumeRole", "GetCallerIdentity"].map(|action| bob.count(action));
    assert_eq!(sts, [1, 0, 0], "calls of STS");
}

#[test]
fn ten_callers_one_touch_one_call_of_sts() {
    let bob = Bob::with(true);
    let runs = ten(|| bob.command(&PROCESS));
    one_touch_one_call_ten_results(&bob, &runs);
    // And the eleventh, later, talks to nobody.
    let calls = bob.world.aws.calls().len();
    let again = bob.run(&PROCESS);
    again.is(0, &runs[0].stdout, "");
    assert_eq!((bob.world.aws.calls().len(), bob.calculated()), (calls, 1));
}

/// The opener gives it to those who wait, where the kernel keeps nothing.
#[test]
fn ten_callers_without_a_keyring() {
    let bob = Bob::with(true);
    // All ten are there before the first can be done.
    bob.world.aws.set_latency(std::time::Duration::from_millis(1500));
    let runs = ten(|| {
        let mut command = bob.command(&PROCESS);
        keyring_is(&mut command, "missing");
        command
    });
    one_touch_one_call_ten_results(&bob, &runs);
    let warning =
        "glasskey: warning: the kernel keyring cannot be used (Unknown(38)); this session is not kept in memory\n";
    assert!(runs.iter().all(|run| run.stderr.contains(warning)), "{runs:?}");
}

#[test]
fn a_full_keyring_is_said_and_stops_nothing() {
    let bob = Bob::new();
    let mut command = bob.command(&PROCESS);
    keyring_is(&mut command, "full");
    let done = crate::support::run(&mut command);
    assert_eq!((done.code, done.json()["Version"].as_u64()), (0, Some(1)), "{done:?}");
    let warning = "glasskey: warning: the kernel keyring is full; this session is not kept in memory\n";
    assert!(done.stderr.ends_with(warning), "{done:?}");
    assert_eq!(bob.run(&["--forget"]).stdout, "no session of this access key was kept\n");
}

#[test]
fn it_is_kept_until_it_ends_and_no_longer() {
    let bob = Bob::new();
    let before = kept();
    let first = bob.run(&["--json", "--duration", "15m"]);
    assert_eq!(first.json()["source"], "key", "{first:?}");
    let after: Vec<_> = kept().into_iter().filter(|(id, _)| before.iter().all(|(old, _)| old != id)).collect();
    // Other tests keep theirs meanwhile; all of them end within the hour.
    assert!(after.iter().any(|(_, left)| ["14m", "15m"].contains(&&**left)), "{after:?}");
    assert!(after.iter().all(|(_, left)| left != "perm"), "{after:?}");
    let second = bob.run(&["--json", "--duration", "15m"]);
    assert_eq!(second.json()["source"], "memory", "{second:?}");
    assert_eq!(second.json()["access_key_id"], first.json()["access_key_id"]);
    // Another duration is another session; its code is another one too.
    assert_eq!(bob.run(&["--forget", "--duration", "15m"]).stdout, "forgotten\n");
    assert_eq!(bob.run(&["--forget", "--duration", "15m"]).stdout, "no session of this access key was kept\n");
    assert_eq!(bob.count("GetSessionToken"), 1);
}

/// The environment's names, and the JSON result's.
const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_SESSION_TOKEN", "session_token"),
];

/// In the shell that has it in its environment too.
#[test]
fn a_session_is_forgotten_with_its_own_credentials() {
    let bob = Bob::new();
    let first = bob.run(&["--json"]).json();
    let mut command = bob.command(&["--forget"]);
    for (name, field) in CREDENTIALS {
        command.env(name, first[field].as_str().unwrap());
    }
    let done = crate::support::run(&mut command);
    assert_eq!((done.code, &*done.stdout), (0, "forgotten\n"), "{done:?}");
    assert_eq!(bob.run(&["--forget"]).stdout, "no session of this access key was kept\n");
}

/// A role's session, opened in the shell of the MFA session: all that comes of the access key is forgotten, from there too.
#[test]
fn what_a_session_has_opened_is_forgotten_with_it() {
    let bob = Bob::new();
    let role = super::roles::role(&bob, "reader", "", "3600");
    let mfa = bob.run(&["--json"]).json();
    let as_session = |args: &[&str], of: &serde_json::Value| {
        let mut command = bob.command(args);
        for (name, field) in CREDENTIALS {
            command.env(name, of[field].as_str().unwrap());
        }
        crate::support::run(&mut command)
    };
    let in_it = as_session(&["--role", &role, "--json"], &mfa);
    assert_eq!(in_it.code, 0, "{in_it:?}");
    let done = as_session(&["--forget"], &in_it.json());
    assert_eq!((done.code, &*done.stdout), (0, "forgotten: 2 sessions\n"), "{done:?}");
    assert_eq!(bob.run(&["--forget"]).stdout, "no session of this access key was kept\n");
}

#[test]
fn one_that_has_ended_is_opened_anew() {
    let bob = Bob::new();
    let mut command = bob.command(&["--json"]);
    keyring_is(&mut command, "brief");
    let before = kept();
    let first = crate::support::run(&mut command);
    assert_eq!(first.code, 0, "{first:?}");
    // Its second passes.
    let gone = |left: &str| left == "expd";
    while kept()
        .iter()
        .any(|(id, left)| before.iter().all(|(old, _)| old != id) && left.ends_with('s') && !gone(left))
    {
        std::thread::yield_now();
    }
    bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    let second = bob.run(&["--json"]);
    assert_eq!(second.json()["source"], "key", "{second:?}");
    assert_ne!(second.json()["access_key_id"], first.json()["access_key_id"]);
}

#[test]
fn no_cache_neither_takes_nor_keeps() {
    let bob = Bob::new();
    bob.before_the_end_of_a_step(4);
    let first = bob.fresh(&["--json"]);
    assert_eq!(first.json()["source"], "key");
    assert_eq!(bob.run(&["--forget"]).stdout, "no session of this access key was kept\n");
    let kept = bob.run(&["--json"]);
    assert_eq!(kept.json()["source"], "key", "{kept:?}");
    bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    let third = bob.fresh(&["--json"]);
    assert_eq!(third.json()["source"], "key");
    assert_eq!(bob.count("GetSessionToken"), 3);
}

/// Two accounts with a user, a device and a key of the same names; and two users of one account.
#[test]
fn nobody_gets_anothers() {
    let (bob, other) = (Bob::new(), Bob::new());
    let first = bob.run(&["--json"]);
    let second = other.run(&["--json"]);
    assert_eq!(second.json()["source"], "key", "{second:?}");
    assert_ne!(first.json()["access_key_id"], second.json()["access_key_id"]);
    assert_ne!(bob.world.aws.account(), other.world.aws.account());
    // The same user's other access key: not the same credentials, so not the same session.
    let carol = super::api::free_user(&bob.world.aws, "carol");
    let done = crate::support::run(&mut bob.world.glasskey_as(&carol, ["session", "--json"]));
    assert_eq!((done.code, done.json()["code"].as_str()), (3, Some("no_mfa_device")), "{done:?}");
}
