//! Rotation explored: in process, with the real flows over the simulated AWS and software keys, something goes wrong at
//! every message, and a second glasskey runs at every call. At every single message of all of it, whichever run it is
//! of: alice has a device that works, and none is enabled whose seed is on no key.

#![allow(clippy::print_stdout)] // how much was explored

use crate::enroll::api;
use glasskey::flow;
use glasskey::flow::enroll::Request;
use glasskey::flow::recover::RecoverRequest;
use glasskey::flow::retire::RetireRequest;
use glasskey::flow::rotate::RotateRequest;
use glasskey::keys::Serial;
use glasskey::oath::Session;
use glasskey::person::{Choice, Notice, Person, Question};
use glasskey::secret::Seed;
use glasskey::sim::aws::{self, Aws, Fault, Wrong};
use glasskey::sim::clock::SimClock;
use glasskey::sim::oath_card::{Options, SoftKey};
use glasskey::sim::tap::{Passing, Tap, Wire};
use glasskey::totp::{self, AWS, Step};
use glasskey::world::World;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

type Hook = Box<dyn FnMut(&Passing)>;

thread_local! {
    /// What this thread's run does when one of its messages passes.
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    /// The keys are being looked at by the test.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// What was seen in all worlds.
#[derive(Default)]
struct Seen {
    states: Mutex<BTreeSet<String>>,
    messages: AtomicUsize,
    runs: AtomicUsize,
}

/// One world: an account, three keys, two machines.
#[derive(Clone)]
struct Outside {
    aws: Aws,
    clock: SimClock,
    keys: Vec<SoftKey>,
    alice: aws::Keys,
    /// State directories of two machines.
    machines: [PathBuf; 2],
    _dirs: Arc<[TempDir; 2]>,
    seen: Arc<Seen>,
    /// The first thing that was wrong.
    wrong: Arc<Mutex<Option<String>>>,
    /// What the keys and IAM were when they were last looked at closely.
    last: Arc<Mutex<String>>,
}

const KEYS: [u32; 3] = [12_345_678, 12_345_679, 12_345_680];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    Admin,
    Alice,
}

impl Outside {
    /// Alice has the device `alice`, on the first key; with `more`, another that a key holds.
    fn new(seen: &Arc<Seen>, more: bool) -> Self {
        let clock = SimClock::manual(UNIX_EPOCH + Duration::from_secs(1_795_435_203));
        let aws = Aws::new(clock.clone());
        let keys: Vec<SoftKey> = KEYS.iter().map(|serial| SoftKey::new(Options::new(*serial))).collect();
        let alice = api::free_user(&aws, "alice");
        let dirs = Arc::new([tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
        let machines = [0, 1].map(|nth| dirs[nth].path().to_owned());
        let (seen, wrong, last) = (Arc::clone(seen), Arc::default(), Arc::default());
        let world = Self { aws, clock, keys, alice, machines, _dirs: dirs, seen, wrong, last };
        let request = Request {
            user: Some("alice".to_owned()),
            keys: vec![Serial(KEYS[0])],
            approved: true,
            ..Request::default()
        };
        flow::enroll::enroll(&request, &mut world.world(Caller::Admin, 0)).unwrap();
        if more {
            let serial = world.aws.add_device_for("alice", 1).remove(0);
            api::hold(&world.aws, &world.keys[2], &serial, &serial);
        }
        world.clock.advance(Duration::from_secs(200));
        let tap = Tap::default();
        world.aws.tap(&tap);
        world.keys.iter().for_each(|key| key.tap(&tap));
        let watched = world.clone();
        tap.listen(move |passing| watched.passes(passing));
        world
    }

    fn passes(&self, passing: &Passing) {
        if LOOKING.get() {
            return;
        }
        self.seen.messages.fetch_add(1, Ordering::Relaxed);
        self.read();
        // Taken out while it runs: it may run something itself.
        let hook = HOOK.take();
        if let Some(mut hook) = hook {
            HOOK.set(None);
            let outcome = catch_unwind(AssertUnwindSafe(|| hook(passing)));
            HOOK.set(Some(hook));
            if let Err(death) = outcome {
                HOOK.set(None);
                resume_unwind(death);
            }
        }
    }

    /// The two sentences, and the state they were held to.
    fn read(&self) {
        LOOKING.set(true);
        let devices: Vec<_> = self.aws.devices().into_iter().filter(|device| device.is_virtual).collect();
        let held: Vec<_> = self.keys.iter().map(SoftKey::credentials).collect();
        let names: Vec<_> =
            devices.iter().map(|device| (device.arn.rsplit('/').next(), device.user.as_deref())).collect();
        let outside = format!("{names:?} {held:?}");
        let records: Vec<_> = self.machines.iter().map(|machine| records(machine)).collect();
        let state = format!("{outside} {records:?}").replace(&self.aws.account(), "");
        self.seen.states.lock().unwrap().insert(state.clone());
        let changed = *self.last.lock().unwrap() != outside;
        if changed {
            let enabled: Vec<_> = devices.iter().filter(|device| device.user.as_deref() == Some("alice")).collect();
            let works = |arn: &str| self.keys.iter().any(|key| self.computes(key, arn));
            let useless: Vec<_> =
                enabled.iter().filter(|device| !works(&device.arn)).map(|device| &device.arn).collect();
            let factors = enabled.len() - useless.len();
            if factors == 0 || !useless.is_empty() {
                let sentence = format!("{factors} factors, enabled and held nowhere: {useless:?}; {state}");
                self.wrong.lock().unwrap().get_or_insert(sentence);
            }
            *self.last.lock().unwrap() = outside;
        }
        LOOKING.set(false);
    }

    /// Whether a key computes the device's codes. Of a key that is pulled the name must do.
    fn computes(&self, key: &SoftKey, arn: &str) -> bool {
        let name = arn.split_once(":mfa/").unwrap().1;
        let called = |id: &str| id == arn || id == format!("AWS:{}/{name}", self.aws.account());
        if !key.credentials().iter().any(|id| called(id)) {
            return false;
        }
        let Ok(mut session) = Session::open(key.card()) else { return true };
        let Ok(credentials) = session.list() else { return true };
        let seed = Seed::from_bytes(&self.aws.seed_of(arn).unwrap()).unwrap();
        let step = Step::at(self.clock.now(), AWS.period);
        let ours = credentials.into_iter().find(|credential| called(credential.name.id())).unwrap();
        session.code(&ours.name, step).is_ok_and(|code| code.matches(&totp::code(&seed, AWS, step)))
    }

    fn world(&self, caller: Caller, machine: usize) -> World {
        let keys = if caller == Caller::Admin { self.aws.admin() } else { self.alice.clone() };
        let world = glasskey::sim::world(&self.aws, &keys, &self.keys, &self.machines[machine]).unwrap();
        World { person: Box::new(Yes), ..world }
    }

    /// Runs a flow with this hook, in this thread. `None`: it died.
    fn run(&self, deed: Deed, caller: Caller, machine: usize, hook: impl FnMut(&Passing) + 'static) -> Option<bool> {
        self.seen.runs.fetch_add(1, Ordering::Relaxed);
        HOOK.set(Some(Box::new(hook)));
        let mut world = self.world(caller, machine);
        let outcome = catch_unwind(AssertUnwindSafe(|| deed.carry_out(&mut world)));
        HOOK.set(None);
        self.read();
        match outcome {
            Ok(done) => Some(done),
            Err(death) if death.is::<Death>() => None,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// With everything well again: recovered as told, and then as recommended, until nothing is unfinished.
    fn recover(&self, caller: Caller, choice: Option<Choice>, what: &str) {
        self.aws.heal();
        self.keys.iter().for_each(SoftKey::plug_in);
        for machine in (0..2).filter(|machine| !records(&self.machines[*machine]).is_empty()) {
            let _ = self.run(Deed::Recover(choice), caller, machine, |_| {});
            let _ = self.run(Deed::Recover(None), caller, machine, |_| {});
            // A device that the run may not have made is left, until it is told otherwise.
            if !records(&self.machines[machine]).is_empty() {
                let _ = self.run(Deed::Recover(Some(Choice::Undo)), caller, machine, |_| {});
            }
            assert_eq!(records(&self.machines[machine]), Vec::<String>::new(), "{what}: a run is left");
        }
        self.is_well(what);
    }

    fn is_well(&self, what: &str) {
        self.read();
        let wrong = self.wrong.lock().unwrap();
        assert_eq!(*wrong, None, "{what}");
    }
}

/// The records of the runs in a journal, by kind.
fn records(machine: &Path) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(machine.join("runs")) else { return Vec::new() };
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        let kind = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            format!("{}{}", record["record"], record["undo"])
        };
        all.extend(text.lines().map(kind));
    }
    all
}

/// A process that is no more.
struct Death;

/// What a run is to do.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// From this device to this key.
    Rotate {
        from: &'static str,
        to: u32,
        replace_first: bool,
    },
    Retire(&'static str),
    Enroll {
        name: &'static str,
        key: u32,
    },
    Recover(Option<Choice>),
}

impl Deed {
    fn carry_out(self, world: &mut World) -> bool {
        let request = |key, name: Option<&str>| Request {
            user: Some("alice".to_owned()),
            keys: vec![Serial(key)],
            device_name: name.map(str::to_owned),
            approved: true,
            ..Request::default()
        };
        match self {
            Self::Rotate { from, to, replace_first } => {
                let request = RotateRequest {
                    new: request(to, None),
                    from: Some(from.to_owned()),
                    replace_first,
                    ..Default::default()
                };
                flow::rotate::rotate(&request, world).is_ok()
            }
            Self::Retire(device) => {
                let (user, device) = ("alice".to_owned(), device.to_owned());
                flow::retire::retire(
                    &RetireRequest { user, device, approved: true, ..RetireRequest::default() },
                    world,
                )
                .is_ok()
            }
            Self::Enroll { name, key } => flow::enroll::enroll(&request(key, Some(name)), world).is_ok(),
            Self::Recover(choice) => {
                let request = RecoverRequest { choice, recommended: true, ..RecoverRequest::default() };
                flow::recover::recover(&request, world).is_ok()
            }
        }
    }
}

struct Yes;

impl Person for Yes {
    fn is_there(&self) -> bool {
        true
    }
    fn tell(&mut self, _: &Notice) {}
    fn confirm(&mut self, _: &Question) -> Option<bool> {
        Some(true)
    }
}

/// The messages of a rotation that goes well.
fn messages(seen: &Arc<Seen>, caller: Caller, rotate: Deed, more: bool) -> Vec<Passing> {
    let world = Outside::new(seen, more);
    let passed = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&passed);
    let done = world.run(rotate, caller, 0, move |passing| list.lock().unwrap().push(passing.clone()));
    assert_eq!(done, Some(true), "{caller:?} {rotate:?}");
    world.is_well("a calm rotation");
    assert_eq!(records(&world.machines[0]), Vec::<String>::new());
    let passed = passed.lock().unwrap();
    passed.clone()
}

const ROTATE: Deed = Deed::Rotate { from: "alice", to: KEYS[1], replace_first: false };
const REPLACE: Deed = Deed::Rotate { from: "alice", to: KEYS[1], replace_first: true };

fn report(name: &str, seen: &Seen) {
    println!(
        "{name}: {} runs of glasskey, {} messages, {} states of IAM, keys and journal: in none is alice without a \
         device that works, in none is one enabled whose seed is nowhere",
        seen.runs.load(Ordering::Relaxed),
        seen.messages.load(Ordering::Relaxed),
        seen.states.lock().unwrap().len()
    );
}

/// What goes wrong at a message.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Death,
    Lost,
    Undelivered,
    /// For as long as anybody asks.
    Throttled,
    Denied,
    Pulled,
}

impl Blow {
    /// Those that can happen at this message.
    fn all(at: &Passing) -> &'static [Self] {
        match (&at.wire, at.done) {
            (Wire::Aws { .. }, false) => &[Self::Death, Self::Lost, Self::Undelivered, Self::Throttled, Self::Denied],
            (Wire::Aws { .. }, true) => &[Self::Death],
            _ => &[Self::Death, Self::Pulled],
        }
    }

    fn strike(self, world: &Outside, passing: &Passing) {
        let fail = |wrong| {
            if let Wire::Aws { action } = &passing.wire {
                world.aws.fail(Fault::next(action, wrong));
            }
        };
        match self {
            Self::Death => resume_unwind(Box::new(Death)),
            Self::Lost => fail(Wrong::LoseReply),
            Self::Undelivered => fail(Wrong::NeverArrive),
            Self::Throttled => {
                if let Wire::Aws { action } = &passing.wire {
                    world.aws.fail(Fault { times: 99, ..Fault::next(action, Wrong::Throttle) });
                }
            }
            Self::Denied => fail(Wrong::Deny),
            Self::Pulled => {
                let Wire::Key { key, .. } = &passing.wire else { return };
                world.keys.iter().find(|there| there.serial() == *key).unwrap().pull();
            }
        }
    }
}

fn something_goes_wrong_at_every_message(caller: Caller, rotate: Deed, more: bool) {
    let seen = Arc::new(Seen::default());
    let calm = messages(&seen, caller, rotate, more);
    for (nth, at) in calm.iter().enumerate() {
        for blow in Blow::all(at) {
            // Completed, or rolled back, as told.
            let choices: &[_] = if matches!(blow, Blow::Death) { &[None, Some(Choice::Undo)] } else { &[None] };
            for choice in choices {
                let world = Outside::new(&seen, more);
                let struck = world.clone();
                let mut count = 0;
                let done = world.run(rotate, caller, 0, move |passing| {
                    count += 1;
                    if count == nth + 1 {
                        blow.strike(&struck, passing);
                    }
                });
                let what = format!("{caller:?} {rotate:?}, {blow:?} at {nth}, {at:?}, then {choice:?}");
                assert_eq!(done.is_none(), matches!(blow, Blow::Death), "{what}");
                world.is_well(&what);
                world.recover(caller, *choice, &what);
            }
        }
    }
    report(&format!("{caller:?}, {rotate:?}, something goes wrong at each of {} messages", calm.len()), &seen);
}

#[test]
fn an_administrators_rotation_broken_at_every_message() {
    something_goes_wrong_at_every_message(Caller::Admin, ROTATE, false);
}

#[test]
fn ones_own_rotation_broken_at_every_message() {
    something_goes_wrong_at_every_message(Caller::Alice, ROTATE, false);
}

#[test]
fn a_rotation_that_replaces_first_broken_at_every_message() {
    something_goes_wrong_at_every_message(Caller::Admin, REPLACE, true);
}

/// What the first run is, and how its world is.
#[derive(Clone, Copy, Debug)]
enum First {
    Rotation,
    /// That replaces first; alice has another device, `alice-1`.
    Replacing,
    /// A rotation was killed when it was about to deactivate the old device: recovered so.
    Recovery(Choice),
}

impl First {
    fn world(self, seen: &Arc<Seen>, caller: Caller) -> (Outside, Deed) {
        let world = Outside::new(seen, matches!(self, Self::Replacing));
        let deed = match self {
            Self::Rotation => ROTATE,
            Self::Replacing => REPLACE,
            Self::Recovery(choice) => {
                let died = world.run(ROTATE, caller, 0, |passing| {
                    if matches!(&passing.wire, Wire::Aws { action } if action == "DeactivateMFADevice") {
                        resume_unwind(Box::new(Death));
                    }
                });
                assert_eq!(died, None);
                // Codes of the present have been sent already.
                world.clock.advance(Duration::from_secs(60));
                Deed::Recover(Some(choice))
            }
        };
        (world, deed)
    }
}

/// A second run begins at one call of the first, is stopped at one of its own until the first has ended, and then goes
/// on. Says whether it began, and whether it was stopped.
fn interleaved(
    (world, deed): (Outside, Deed),
    caller: Caller,
    (second, machine): (Deed, usize),
    begins: usize,
    stops: usize,
) -> (Outside, bool, bool) {
    let was_stopped = Arc::new(AtomicUsize::new(0));
    let note = Arc::clone(&was_stopped);
    let (other, mut count) = (world.clone(), 0);
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let running = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&running);
    let _ = world.run(deed, caller, 0, move |passing| {
        if !matches!(passing, Passing { wire: Wire::Aws { .. }, done: false }) {
            return;
        }
        count += 1;
        if count != begins + 1 {
            return;
        }
        let (other, wait, note) = (other.clone(), Arc::clone(&wait), Arc::clone(&note));
        let (stopped, is_stopped) = mpsc::channel();
        let ended = stopped.clone();
        let mut calls = 0;
        *slot.lock().unwrap() = Some(std::thread::spawn(move || {
            let _ = other.run(second, caller, machine, move |passing| {
                if matches!(passing, Passing { wire: Wire::Aws { .. }, done: false }) {
                    calls += 1;
                    if Some(calls) == stops.checked_add(1) {
                        note.store(1, Ordering::SeqCst);
                        stopped.send(()).unwrap();
                        let _ = wait.lock().unwrap().recv();
                    }
                }
            });
            let _ = ended.send(());
        }));
        is_stopped.recv().unwrap();
    });
    drop(go_on);
    let second = running.lock().unwrap().take();
    let began = second.is_some();
    second.into_iter().for_each(|second| second.join().unwrap());
    (world, began, was_stopped.load(Ordering::SeqCst) == 1)
}

/// Every pair of calls: where the second run begins, and where it is stopped.
fn every_pair(mut explore: impl FnMut(usize, usize) -> (bool, bool)) {
    for begins in 0.. {
        for stops in 0.. {
            match explore(begins, stops) {
                (false, _) => return,
                // It ended before it came so far.
                (true, false) => break,
                (true, true) => {}
            }
        }
    }
}

/// The machines a second run may be on.
const SAME: usize = 0;
const OTHER: usize = 1;

const TO_THIRD: Deed = Deed::Rotate { from: "alice", to: KEYS[2], replace_first: false };
const NEW_TO_THIRD: Deed = Deed::Rotate { from: "alice-2", to: KEYS[2], replace_first: false };
const ENROLL: Deed = Deed::Enroll { name: "alice-x", key: KEYS[2] };

fn a_second_run(caller: Caller, first: First, seconds: &[(Deed, usize)]) {
    let seen = Arc::new(Seen::default());
    let mut interleavings = 0;
    for second in seconds {
        every_pair(|begins, stops| {
            let world = first.world(&seen, caller);
            let (world, began, stopped) = interleaved(world, caller, *second, begins, stops);
            let what = format!("{caller:?}, {first:?}: {second:?} begins at call {begins}, stops at {stops}");
            world.is_well(&what);
            world.recover(caller, None, &what);
            interleavings += 1;
            (began, stopped)
        });
    }
    report(&format!("{caller:?}, {first:?} and a second run in {interleavings} interleavings"), &seen);
}

/// On the same machine the lock of the journal keeps two runs apart; on another machine what they announce in IAM does.
const BESIDE_A_ROTATION: [(Deed, usize); 8] = [
    (TO_THIRD, SAME),
    (Deed::Retire("alice-2"), SAME),
    (Deed::Recover(Some(Choice::Undo)), SAME),
    (TO_THIRD, OTHER),
    (NEW_TO_THIRD, OTHER),
    (Deed::Retire("alice"), OTHER),
    (Deed::Retire("alice-2"), OTHER),
    (ENROLL, OTHER),
];

#[test]
fn an_administrators_rotation_and_a_second_run() {
    a_second_run(Caller::Admin, First::Rotation, &BESIDE_A_ROTATION);
}

#[test]
fn ones_own_rotation_and_a_second_run() {
    a_second_run(Caller::Alice, First::Rotation, &BESIDE_A_ROTATION);
}

#[test]
fn a_rotation_that_replaces_first_and_a_second_run() {
    let seconds = [(Deed::Retire("alice-1"), OTHER), (Deed::Retire("alice-2"), OTHER)];
    a_second_run(Caller::Admin, First::Replacing, &seconds);
}

#[test]
fn a_recovery_and_a_second_run() {
    let seconds = [(Deed::Retire("alice"), OTHER), (Deed::Retire("alice-2"), OTHER)];
    a_second_run(Caller::Admin, First::Recovery(Choice::Finish), &seconds);
    a_second_run(Caller::Admin, First::Recovery(Choice::Undo), &seconds);
}

/// Where users may not be tagged, nothing keeps two machines apart: another one may retire the new device between this
/// one's last look and its deactivation of the old one. Whoever sees it enables its own again at once, so at the end
/// there is one.
#[test]
fn without_tags_another_machine_retires_the_new_device() {
    let seen = Arc::new(Seen::default());
    let mut without = 0;
    every_pair(|begins, stops| {
        let (world, deed) = First::Rotation.world(&seen, Caller::Admin);
        for action in ["TagUser", "ListUserTags"] {
            world.aws.fail(Fault { times: 99, ..Fault::next(action, Wrong::Deny) });
        }
        let second = (Deed::Retire("alice-2"), OTHER);
        let (world, began, stopped) = interleaved((world, deed), Caller::Admin, second, begins, stops);
        // For a moment there was none.
        without += usize::from(world.wrong.lock().unwrap().take().is_some());
        world.last.lock().unwrap().clear();
        let what = format!("begins at call {begins}, stops at {stops}");
        world.is_well(&what);
        world.recover(Caller::Admin, None, &what);
        (began, stopped)
    });
    println!(
        "without tags, another machine retires the new device: in {without} interleavings there was none for a moment"
    );
}
