//! Something goes wrong at every message of a rotation of an access key. After each: alice has an access key that is
//! active and whose secret somebody holds, the exit code tells the truth, and `recover` brings the world to a good state.

use crate::enroll::api::call;
use crate::support::blows::{Blow, KILLED, is_call, nth as at, side_by_side, struck, tally, ways};
use crate::support::{Run, Simulated};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::tap::Passing;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const ROTATE: [&str; 7] =
    ["rotate", "alice", "--access-key", "--secret-to-command", "cat >taken", "--yes", "--no-input"];

/// Cases beside each other: they wait for something now and then.
const AT_ONCE: usize = 16;

/// The calls of a rotation that goes well.
pub(crate) const CALLS: [(&str, u32); 10] = [
    ("GetCallerIdentity", 1),
    ("ListAccessKeys", 1),
    ("ListAccessKeys", 2),
    ("CreateAccessKey", 1),
    ("GetCallerIdentity", 2),
    ("ListAccessKeys", 3),
    ("UpdateAccessKey", 1),
    ("ListAccessKeys", 4),
    ("DeleteAccessKey", 1),
    ("ListAccessKeys", 5),
];

/// A world, and the access key that alice has in it.
pub(crate) struct World {
    pub(crate) outside: Simulated,
    old: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let outside = Simulated::with_keys(0);
        let old = outside.aws.access_keys("alice")[0].id.clone();
        Self { outside, old }
    }

    /// Keys that are active and whose secret somebody holds.
    fn working(&self) -> Vec<String> {
        let taken = std::fs::read_to_string(self.outside.keys.home.path().join("taken")).unwrap_or_default();
        let works = |id: &String| *id == self.old || taken.contains(&**self.outside.aws.secret_of(id).unwrap());
        let active = self.outside.aws.access_keys("alice").into_iter().filter(|key| key.active).map(|key| key.id);
        active.filter(works).collect()
    }

    fn all(&self) -> Vec<String> {
        self.outside.aws.access_keys("alice").into_iter().map(|key| key.id).collect()
    }

    fn is_as_it_was(&self) -> bool {
        self.all() == [self.old.clone()] && self.working() == self.all()
    }

    fn is_rotated(&self) -> bool {
        self.all().len() == 1 && !self.all().contains(&self.old) && self.working() == self.all()
    }

    /// Holds the world to the exit code, then recovers it where something is left. Returns the kind of ending.
    pub(crate) fn settle(&self, done: &Run, what: &str) -> &'static str {
        let what = format!("{what} (exit {}): {:?}; {}", done.code, self.all(), done.stderr);
        assert!(!self.working().is_empty(), "{what}");
        match done.code {
            0 => assert!(self.is_rotated() && self.outside.unfinished() == 0, "{what}"),
            3 | 130 => assert!(self.is_as_it_was() && self.outside.unfinished() == 0, "{what}"),
            4 | KILLED => return self.recover(&what),
            _ => panic!("an exit code that means nothing here: {what}"),
        }
        if done.code == 0 { "done" } else { "undone" }
    }

    /// As [`World::settle`], of a recovery.
    pub(crate) fn settle_recovery(&self, done: &Run, choice: &str, what: &str) -> &'static str {
        let what = format!("{what} (exit {}): {:?}; {}", done.code, self.all(), done.stderr);
        assert!(!self.working().is_empty(), "{what}");
        let right = if choice == "--finish" { self.is_rotated() } else { self.is_as_it_was() };
        match done.code {
            0 => assert!(right && self.outside.unfinished() == 0, "{what}"),
            4 => return self.recover(&what),
            _ => panic!("an exit code that means nothing here: {what}"),
        }
        "done"
    }

    fn recover(&self, what: &str) -> &'static str {
        self.outside.tap.silence();
        self.outside.aws.heal();
        let mut done = self.outside.run(["recover", "--yes", "--no-input"]);
        let asked = done.code == 4 && done.stdout.contains("may be of somebody else's making");
        if asked {
            let refused = self.outside.run(["recover", "--undo", "--no-input"]);
            assert!(
                refused.code == 4 && refused.stderr.contains(" may be somebody else's: it appeared "),
                "{refused:?}"
            );
            done = self.outside.run(["recover", "--undo", "--accept-unproved", "--no-input"]);
        }
        assert_eq!(done.code, 0, "{what}: {done:?}");
        assert!(self.is_as_it_was() || self.is_rotated(), "{what}: {:?} {done:?}", self.all());
        let again = self.outside.run(["recover", "--yes", "--no-input"]);
        assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to recover\n"), "{what}: {again:?}");
        if asked { "asked" } else { "recovered" }
    }
}

#[test]
fn every_call_in_every_way() {
    let cases =
        CALLS.into_iter().flat_map(|(action, nth)| ways().map(|wrong| Fault::nth(action, nth, wrong))).collect();
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let world = World::new();
        world.outside.aws.fail(fault.clone());
        world.settle(&world.outside.run(ROTATE), &format!("{fault:?}"))
    });
    tally("each call", &endings);
}

/// The new key cannot be deleted again at once, or cannot be looked for.
#[test]
fn undoing_that_is_refused_or_lost_too() {
    let mut cases = Vec::new();
    for (first, wrong, then) in [
        (("GetCallerIdentity", 2), Wrong::Deny, "DeleteAccessKey"),
        (("CreateAccessKey", 1), Wrong::LoseReply, "DeleteAccessKey"),
        (("CreateAccessKey", 1), Wrong::LoseReply, "ListAccessKeys"),
        (("CreateAccessKey", 1), Wrong::NeverArrive, "ListAccessKeys"),
    ] {
        for undoing in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, Wrong::Expire] {
            let nth = if then == "ListAccessKeys" { 3 } else { 1 };
            let undoing = Fault { times: 9, ..Fault::nth(then, nth, undoing) };
            cases.push((Fault::nth(first.0, first.1, wrong.clone()), undoing));
        }
    }
    let endings = side_by_side(AT_ONCE, cases, |(first, then)| {
        let world = World::new();
        world.outside.aws.fail(first.clone());
        world.outside.aws.fail(then.clone());
        world.settle(&world.outside.run(ROTATE), &format!("{first:?}, then {then:?}"))
    });
    assert!(endings.contains(&"recovered") && endings.contains(&"asked"), "{endings:?}");
    tally("undoing", &endings);
}

/// A reply that is lost takes the secret with it: the key is found by what was there before, and goes.
#[test]
fn a_lost_reply_is_found_by_what_was_there_before() {
    let world = World::new();
    world.outside.aws.fail(Fault::next("CreateAccessKey", Wrong::LoseReply));
    let done = world.outside.run(ROTATE);
    assert_eq!((done.code, world.is_as_it_was()), (3, true), "{done:?}");
    let told = |line: &str| done.stderr.lines().any(|it| it.starts_with(line));
    assert!(told("  asking    the reply was lost; asking IAM what happened"), "{done:?}");
    assert!(told("  found     AKIA") && told("  undoing   AKIA"), "{done:?}");
    assert!(done.stderr.contains(", which was not there before; nobody has its secret\n"), "{done:?}");
}

/// Somebody else makes a key while the plan is being read, and then the call that makes ours is lost: theirs stays.
#[test]
fn a_key_that_somebody_else_has_made_meanwhile_is_not_touched() {
    let world = World::new();
    world.outside.aws.fail(Fault::next("CreateAccessKey", Wrong::NeverArrive));
    let (aws, made) = (world.outside.aws.clone(), AtomicBool::new(false));
    world.outside.tap.listen(move |passing| {
        if is_call(passing, "ListAccessKeys") && passing.done && !made.swap(true, Ordering::SeqCst) {
            aws.clock().set_offset_seconds(-60);
            let _ = aws.add_user("alice");
            aws.clock().set_offset_seconds(0);
        }
    });
    let done = world.outside.run(ROTATE);
    assert_eq!((done.code, world.all().len(), world.outside.unfinished()), (3, 2, 0), "{done:?}");
    assert!(!world.outside.actions().contains(&"DeleteAccessKey".to_owned()), "{done:?}");
}

/// Ten calls, each seen coming and going.
const MESSAGES: usize = 20;

#[test]
fn killed_at_every_message() {
    let endings = side_by_side(AT_ONCE, (0..MESSAGES).collect(), |nth| {
        let world = World::new();
        let done = struck(&world.outside, world.outside.glasskey(ROTATE), Blow::Kill, at(nth));
        assert_eq!(done.code, KILLED, "message {nth}: {done:?}");
        world.settle(&done, &format!("killed at message {nth}"))
    });
    let asked = endings.iter().filter(|ending| **ending == "asked").count();
    assert_eq!(asked, 2, "a person is needed while Create is under way, and nowhere else");
    tally("SIGKILL at each message", &endings);
}

#[test]
fn interrupted_at_every_message() {
    let endings = side_by_side(AT_ONCE, (0..MESSAGES).collect(), |nth| {
        let world = World::new();
        let done = struck(&world.outside, world.outside.glasskey(ROTATE), Blow::Interrupt, at(nth));
        assert!(matches!(done.code, 0 | 4 | 130), "message {nth}: {done:?}");
        // Once the secret is handed over, nothing is taken back.
        assert!(done.code != 4 || nth > 7, "message {nth}: {done:?}");
        world.settle(&done, &format!("interrupted at message {nth}"))
    });
    tally("Ctrl-C at each message", &endings);
}

/// The process dies while the command is at work: who has the secret is not known, and the old key stays.
#[test]
fn killed_by_the_command_before_and_after_it_reads() {
    for line in ["kill -s KILL $PPID; cat >taken", "cat >taken; kill -s KILL $PPID"] {
        for choice in ["--yes", "--finish", "--undo"] {
            let world = World::new();
            let args = ["rotate", "alice", "--access-key", "--secret-to-command", line, "--yes", "--no-input"];
            let status = world.outside.glasskey(args).stderr(Stdio::null()).status().unwrap();
            assert_eq!((status.code(), world.outside.unfinished()), (None, 1), "{line}");
            let done = world.outside.run(["recover", choice, "--no-input"]);
            assert_eq!(done.code, 0, "{line}, {choice}: {done:?}");
            let program = line.split(' ').next().unwrap();
            assert!(done.stderr.contains(&format!("  secret    {program} may have it\n")), "{done:?}");
            if choice == "--finish" {
                assert!(!world.all().contains(&world.old), "{line}: {done:?}");
            } else {
                assert!(world.is_as_it_was(), "{line}, {choice}: {done:?}");
                let stored = format!("; {program} may have stored its secret: remove it there\n");
                assert!(done.stdout.contains(&stored), "{done:?}");
            }
        }
    }
}

/// Killed as the old key was about to be deactivated, and somebody else deactivates it: it may have leaked, so nothing
/// activates it unasked. With AWS's answer on record it is the run's, and comes back.
#[test]
fn a_key_that_somebody_else_may_have_deactivated_is_not_activated_unasked() {
    let world = World::new();
    let before = |it: &Passing| is_call(it, "UpdateAccessKey") && !it.done;
    let done = struck(&world.outside, world.outside.glasskey(ROTATE), Blow::Kill, before);
    assert_eq!(world.outside.unfinished(), 1, "{done:?}");
    let inactive = [("UserName", "alice"), ("AccessKeyId", &*world.old), ("Status", "Inactive")];
    let _ = call(&world.outside.aws, &world.outside.aws.admin(), "UpdateAccessKey", &inactive);
    let before = world.outside.aws.access_keys("alice");
    let refused = world.outside.run(["recover", "--undo", "--yes", "--no-input"]);
    assert_eq!((refused.code, world.outside.unfinished()), (4, 1), "{refused:?}");
    let error = format!(
        "glasskey: error: access key {} is inactive, and nothing shows whether this run deactivated it or somebody else\n",
        world.old
    );
    assert!(refused.stderr.contains(&error), "{refused:?}");
    assert!(refused.stderr.contains("`glasskey recover alice --undo --accept-unproved`"), "{refused:?}");
    assert_eq!(world.outside.aws.access_keys("alice").len(), before.len());
    assert!(world.outside.aws.access_keys("alice").iter().all(|key| key.active == (key.id != world.old)));
    let told = world.outside.run(["recover", "alice", "--undo", "--accept-unproved", "--yes", "--no-input"]);
    assert!(told.code == 0 && world.is_as_it_was() && world.outside.unfinished() == 0, "{told:?}");
}

/// Both keys work: completed, or rolled back as told.
#[test]
fn recovered_as_told_after_the_hand_over() {
    for (choice, rotated) in [("--yes", true), ("--finish", true), ("--undo", false)] {
        for action in ["UpdateAccessKey", "DeleteAccessKey"] {
            let world = World::new();
            world.outside.aws.fail(Fault::next(action, Wrong::Deny));
            let done = world.outside.run(ROTATE);
            assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
            assert!(done.stderr.contains("glasskey: done before this: access key AKIA"), "{done:?}");
            let recovered = world.outside.run(["recover", choice, "--no-input"]);
            assert_eq!(recovered.code, 0, "{action}, {choice}: {recovered:?}");
            let right = if rotated { world.is_rotated() } else { world.is_as_it_was() };
            assert!(right, "{action}, {choice}: {recovered:?} {:?}", world.all());
        }
    }
}

/// Somebody has taken the new key away meanwhile: the old one stays, and nothing is undone unasked either.
#[test]
fn the_old_key_stays_where_the_new_one_is_not_active_any_more() {
    for action in ["UpdateAccessKey", "DeleteAccessKey"] {
        let world = World::new();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        assert_eq!(world.outside.run(ROTATE).code, 4);
        let new = world.all().into_iter().find(|id| *id != world.old).unwrap();
        let inactive = [("UserName", "alice"), ("AccessKeyId", &*new), ("Status", "Inactive")];
        let admin = world.outside.aws.admin();
        let _ = call(&world.outside.aws, &admin, "UpdateAccessKey", &inactive);
        for choice in ["--yes", "--finish"] {
            let done = world.outside.run(["recover", choice, "--no-input"]);
            assert_eq!((done.code, world.all().len(), world.outside.unfinished()), (4, 2, 1), "{done:?}");
            let error = format!("the new access key {new} is not active any more, so the old one must stay\n");
            assert!(done.stderr.contains(&error), "{done:?}");
        }
        let done = world.outside.run(["recover", "--undo", "--no-input"]);
        assert!(done.code == 0 && world.is_as_it_was(), "{done:?}");
    }
}

/// The old key is deleted, and somebody has deactivated the new one: undoing would leave the user without any.
#[test]
fn the_new_key_is_not_deleted_where_the_old_one_is_gone() {
    let world = World::new();
    let after = |it: &Passing| is_call(it, "DeleteAccessKey") && it.done;
    let _ = struck(&world.outside, world.outside.glasskey(ROTATE), Blow::Kill, after);
    let new = world.all().remove(0);
    let inactive = [("UserName", "alice"), ("AccessKeyId", &*new), ("Status", "Inactive")];
    let _ = call(&world.outside.aws, &world.outside.aws.admin(), "UpdateAccessKey", &inactive);
    let done = world.outside.run(["recover", "--undo", "--yes", "--no-input"]);
    assert_eq!((done.code, world.all(), world.outside.unfinished()), (4, vec![new.clone()], 1), "{done:?}");
    let error =
        format!("the run is not undone: the old access key is deleted, and somebody has the secret of {new}\n");
    assert!(done.stderr.contains(&error), "{done:?}");
    let active = [("UserName", "alice"), ("AccessKeyId", &*new), ("Status", "Active")];
    let _ = call(&world.outside.aws, &world.outside.aws.admin(), "UpdateAccessKey", &active);
    let done = world.outside.run(["recover", "--yes", "--no-input"]);
    assert!(done.code == 0 && world.is_rotated() && world.outside.unfinished() == 0, "{done:?}");
}

/// The new key may be the only one, and somebody may have its secret.
#[test]
fn the_last_key_is_not_deleted_unasked() {
    let world = World::new();
    let line = "cat >taken; kill -s KILL $PPID";
    let args = ["rotate", "alice", "--access-key", "--secret-to-command", line, "--yes", "--no-input"];
    let status = world.outside.glasskey(args).stderr(Stdio::null()).status().unwrap();
    assert_eq!((status.code(), world.outside.unfinished()), (None, 1));
    let old = [("UserName", "alice"), ("AccessKeyId", &*world.old)];
    let _ = call(&world.outside.aws, &world.outside.aws.admin(), "DeleteAccessKey", &old);
    let left = world.outside.run(["recover", "--yes", "--no-input"]);
    assert_eq!((left.code, world.working().len()), (4, 1), "{left:?}");
    assert!(left.stdout.contains(" may be the only access key of alice that works; --finish keeps it"), "{left:?}");
    let done = world.outside.run(["recover", "--finish", "--no-input"]);
    assert!(done.code == 0 && world.is_rotated() && world.outside.unfinished() == 0, "{done:?}");
}
