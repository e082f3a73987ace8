//! Something goes wrong at every message of a session, with its process, or with those that wait beside it. After each:
//! credentials are printed or none are, no code was sent twice, and the next command goes on.

use super::{Bob, keyring_is};
use crate::enroll::api;
use crate::support::blows::{self, Blow, KILLED, messages, server_error, struck};
use crate::support::{Run, run};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::{self, On, Touch, What, When};
use glasskey::sim::tap::Wire;
use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

impl Bob {
    /// Holds a run to its exit code, and the world to what it promises.
    #[track_caller]
    pub(crate) fn settle(&self, done: &Run, what: &str) {
        let printed = done.stdout.contains("export AWS_SESSION_TOKEN=");
        assert!(matches!(done.code, 0 | 3 | 5 | 130 | KILLED), "{what}: {done:?}");
        assert!(if printed { matches!(done.code, 0 | KILLED) } else { done.code != 0 }, "{what}: {done:?}");
        assert!(printed || done.stdout.is_empty() || done.code == KILLED, "{what}: {done:?}");
        let mut codes = BTreeSet::new();
        for call in self.world.aws.calls() {
            assert!(call.codes.iter().all(|code| codes.insert(code.clone())), "{what}: a code was sent twice");
        }
        self.world.aws.heal();
        self.world.keys.key(0).plug_in();
        self.world.aws.clock().advance(Duration::from_secs(30));
    }
}

/// Several bobs beside each other; each has a share of the cases, one after the other, and a session in the end.
fn shared<T: Send>(cases: Vec<T>, try_one: impl Fn(&Bob, T) + Sync) {
    const BOBS: usize = 6;
    let mut shares: Vec<Vec<T>> = (0..BOBS).map(|_| Vec::new()).collect();
    cases.into_iter().enumerate().for_each(|(nth, case)| shares[nth % BOBS].push(case));
    blows::side_by_side(BOBS, shares, |share| {
        let bob = Bob::new();
        share.into_iter().for_each(|case| try_one(&bob, case));
        assert_eq!(bob.fresh(&[]).code, 0);
    });
}

#[test]
fn every_aws_call() {
    let web_page = Wrong::Code { status: 200, code: String::new(), message: "<html>".to_owned() };
    let ways = [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, Wrong::Expire, server_error(), web_page];
    blows::side_by_side(3, vec!["ListMFADevices", "GetSessionToken", "AssumeRole"], |action| {
        let bob = Bob::new();
        let role = bob.role();
        let as_role = ["--role", &*role];
        for wrong in &ways {
            bob.world.aws.fail(Fault::next(action, wrong.clone()));
            let done = bob.fresh(if action == "AssumeRole" { &as_role } else { &[] });
            bob.settle(&done, &format!("{action}: {wrong:?}"));
        }
        assert_eq!(bob.fresh(&[]).code, 0);
    });
}

#[test]
fn every_command_to_the_key() {
    let bob = Bob::new();
    let passing = messages(&bob.world, bob.command(&["--no-cache"]));
    let ways = [
        (When::Before, What::Pull),
        (When::After, What::Mute),
        (When::After, What::Malformed),
        (When::Before, What::Sw(0x6F00)),
    ];
    let commands = 1..=passing.iter().filter(|it| matches!(it.wire, Wire::Key { .. }) && !it.done).count();
    let fault = |nth, (when, what)| oath_card::Fault { on: On::Nth(nth), when, what };
    shared(commands.flat_map(|nth| ways.map(|way| fault(nth, way))).collect(), |bob, fault| {
        bob.world.keys.key(0).fault(fault);
        let done = bob.fresh(&[]);
        bob.settle(&done, &format!("{fault:?}"));
    });
}

#[test]
fn killed_and_interrupted_at_every_message() {
    let bob = Bob::new();
    let count = messages(&bob.world, bob.command(&["--no-cache"])).len();
    let cases = (0..count).flat_map(|nth| [(Blow::Kill, nth), (Blow::Interrupt, nth)]);
    shared(cases.collect(), |bob, (blow, nth)| {
        let done = struck(&bob.world, bob.command(&["--no-cache"]), blow, blows::nth(nth));
        bob.settle(&done, &format!("{blow:?} at message {nth} of {count}"));
    });
}

/// As with GetSessionToken: the code is spent, and the next command knows it.
#[test]
fn a_lost_reply_to_assume_role() {
    let bob = Bob::new();
    let role = bob.role();
    bob.before_the_end_of_a_step(20);
    let began = bob.step();
    bob.world.aws.fail(Fault::next("AssumeRole", Wrong::LoseReply));
    let lost = bob.fresh(&["--role", &role]);
    assert_eq!((lost.code, lost.stdout.as_str()), (3, ""), "{lost:?}");
    assert!(lost.stderr.contains("error: the reply to AssumeRole was lost"), "{lost:?}");
    assert_eq!(bob.world.spent(&bob.serial), Some(began));
    for more in [&["--role", &role, "--no-wait"][..], &["--no-wait"]] {
        let told = bob.fresh(more);
        assert!(told.code == 3 && told.stderr.contains("and no code is sent twice\n"), "{told:?}");
    }
    bob.world.aws.clock().advance(Duration::from_secs(30));
    assert_eq!(bob.fresh(&["--role", &role]).code, 0);
    assert_eq!((bob.count("AssumeRole"), bob.count("GetSessionToken")), (2, 0));
}

/// What an SSO login gives is a role's session: AWS opens no session with it, and it has no MFA device of its own.
#[test]
fn a_role_opens_no_session() {
    let bob = Bob::new();
    let role = api::role_session(&bob.world.aws, "sso");
    let calls = bob.world.aws.calls().len();
    for more in [&[][..], &["--format", "credential-process"]] {
        let done = run(&mut bob.world.glasskey_as(&role, ["session", "--no-cache"].iter().chain(more)));
        done.is(
            3,
            "",
            "glasskey: error: these AWS credentials are a session's, and AWS opens no session with those\n\
             glasskey: hint: name the profile with the access key: --profile NAME; or unset AWS_ACCESS_KEY_ID, \
             AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN\n",
        );
    }
    assert_eq!(bob.world.aws.calls().len(), calls, "nothing was asked, and no code spent");
}

/// Told of every time that the key begins to blink.
fn blinking(bob: &Bob) -> mpsc::Receiver<()> {
    let (send, blinking) = mpsc::channel();
    let send = Mutex::new(send);
    bob.world.tap.listen(move |passing| {
        if matches!(passing.wire, Wire::Key { ins: 0xa2, .. }) && !passing.done {
            let _ = send.lock().unwrap().send(());
        }
    });
    blinking
}

fn start(bob: &Bob) -> Child {
    let mut command = bob.command(&["--format", "credential-process"]);
    keyring_is(&mut command, "missing");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Ctrl-C on a terminal reaches all of them.
#[test]
fn ten_callers_are_interrupted_while_the_key_blinks() {
    let bob = Bob::with(true);
    bob.world.keys.key(0).set_touch(Touch::Never(Duration::from_secs(2)));
    let blinking = blinking(&bob);
    let callers: Vec<Child> = (0..10).map(|_| start(&bob)).collect();
    blinking.recv().unwrap();
    callers.iter().for_each(|child| Blow::Interrupt.strike(child.id()));
    // One that has only just begun does not listen for it yet, and is ended by it.
    let ends: Vec<_> = callers.into_iter().map(end).collect();
    assert!(ends.iter().all(|it| matches!(it.0, Some(130) | None) && it.1.is_empty()), "{ends:?}");
    assert!(ends.iter().any(|it| it.0 == Some(130)), "{ends:?}");
    assert_eq!(bob.count("GetSessionToken"), 0);
    bob.world.keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(bob.fresh(&[]).code, 0);
}

/// The one that asks for the touch dies; one of those that wait takes its turn, and all have a session.
#[test]
fn the_opener_is_killed_and_the_others_go_on() {
    let bob = Bob::with(true);
    bob.world.keys.key(0).set_touch(Touch::Never(Duration::from_secs(60)));
    let blinking = blinking(&bob);
    let opener = start(&bob);
    blinking.recv().unwrap();
    bob.world.aws.set_latency(Duration::from_millis(1500));
    let others: Vec<Child> = (0..9).map(|_| start(&bob)).collect();
    bob.world.keys.key(0).set_touch(Touch::AtOnce);
    Blow::Kill.strike(opener.id());
    assert_eq!(end(opener), (None, String::new()));
    let ends: Vec<_> = others.into_iter().map(end).collect();
    assert!(ends.iter().all(|it| it.0 == Some(0) && it.1 == ends[0].1), "{ends:?}");
    assert_eq!((bob.count("GetSessionToken"), bob.calculated()), (1, 2));
}

/// Somebody who is not root: the user session keyring is theirs.
#[test]
fn another_user_of_the_machine() {
    let is_root = std::process::Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        // Every other test is that one then.
        return;
    }
    let bob = Bob::new();
    let home = bob.world.keys.home.path().to_owned();
    let owned = std::process::Command::new("chown").args(["-R", "65534:65534"]).arg(&home).status().unwrap();
    assert!(owned.success());
    // The way to the binary may be closed to them. Another name is enough, where the file systems are one.
    let (binary, theirs) = (env!("CARGO_BIN_EXE_glasskey"), home.join("glasskey"));
    std::fs::hard_link(binary, &theirs).or_else(|_| std::fs::copy(binary, &theirs).map(drop)).unwrap();
    let as_nobody = |more: &[&str]| {
        let theirs = bob.command(more);
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(home.join("glasskey"));
        // Behind `setsid` stands the binary's own path.
        command.args(theirs.get_args().skip(1)).env_clear();
        command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(&home);
        run(&mut command)
    };
    let first = as_nobody(&["--json"]);
    assert_eq!((first.code, first.json()["source"].as_str()), (0, Some("key")), "{first:?}");
    let second = as_nobody(&["--json"]);
    assert_eq!((second.json()["source"].as_str(), bob.count("GetSessionToken")), (Some("memory"), 1), "{second:?}");
    bob.world.aws.clock().advance(Duration::from_secs(30));
    // Another user's state directory is refused; with one of its own, root does not find what is kept.
    assert_eq!(bob.run(&["--json", "--no-input"]).code, 3);
    let own = tempfile::tempdir().unwrap();
    let root = run(bob.command(&["--json", "--no-input"]).env("GLASSKEY_STATE_DIR", own.path()));
    assert_eq!(root.json()["source"], "key", "root does not find it");
    assert_eq!(as_nobody(&["--forget"]).stdout, "forgotten\n");
}

impl Bob {
    /// A role that bob may assume with MFA.
    pub(crate) fn role(&self) -> String {
        let account = self.world.aws.account();
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole"}}}}"#
        );
        let parameters = [("RoleName", "break-glass"), ("AssumeRolePolicyDocument", &*trust)];
        api::call(&self.world.aws, &self.world.aws.admin(), "CreateRole", &parameters);
        format!("arn:aws:iam::{account}:role/break-glass")
    }
}
