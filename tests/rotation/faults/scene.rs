//! One world for each flow, and what must hold of it whatever went wrong.

use crate::enroll::api;
use crate::support::blows::{KILLED, messages_beside};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws;
use glasskey::sim::oath_card::SoftKey;
use glasskey::sim::tap::{Passing, Wire};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flow {
    /// By an administrator, from the first key to the second.
    Rotate,
    /// By the user: through a session with the old device, proved by one with the new.
    RotateOwn,
    /// By an administrator, of one of eight devices.
    ReplaceFirst,
    /// By an administrator; another device stays, on the second key.
    Retire,
    /// By the user, through a session.
    RetireOwn,
    Resync,
}

/// Alice's device `alice-1` is on the first key; her others, if she has any, are on the second.
pub(crate) struct Scene {
    pub(super) flow: Flow,
    pub(crate) world: Simulated,
    alice: aws::Keys,
    before: State,
}

/// The messages of a run that goes well, which all tests share.
pub(super) fn calm(flow: Flow) -> &'static [Passing] {
    static CALM: [OnceLock<Vec<Passing>>; 6] = [const { OnceLock::new() }; 6];
    CALM[flow as usize].get_or_init(|| {
        let scene = Scene::new(flow);
        messages_beside(&scene.world, scene.command(), scene.hurry())
    })
}

/// A command that writes to a key (PUT, DELETE), or a call to AWS.
pub(super) fn tells(wire: &Wire) -> bool {
    matches!(wire, Wire::Aws { .. } | Wire::Key { ins: 0x01 | 0x02, .. })
}

/// Where the process is struck: before and after each call to AWS and each command that writes, and between two of
/// those at each kind of command that reads, now before it and now after it.
pub(super) fn places(passing: &[Passing]) -> Vec<usize> {
    let telling = (0..passing.len()).filter(|nth| tells(&passing[*nth].wire));
    let reading = distinct(passing).into_iter().filter(|nth| !tells(&passing[*nth].wire));
    // Right behind a command that is about to be carried out comes its answer.
    telling.chain(reading.enumerate().map(|(n, nth)| nth + n % 2)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The first command of each kind to each key, between two that [`tells`] of.
pub(super) fn distinct(passing: &[Passing]) -> BTreeSet<usize> {
    let (mut phase, mut seen) = (0, BTreeSet::new());
    let mut first = |it: &Passing| match &it.wire {
        Wire::Key { key, ins } if !tells(&it.wire) => seen.insert((phase, *key, *ins)),
        _ => {
            phase += 1;
            true
        }
    };
    let commands = passing.iter().enumerate().filter(|(_, it)| !it.done);
    commands.filter_map(|(nth, it)| first(it).then_some(nth)).collect()
}

/// What there is of devices and credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    /// By serial number, each with whose it is.
    devices: BTreeMap<String, Option<String>>,
    credentials: Vec<Vec<String>>,
}

impl State {
    fn of(world: &Simulated) -> Self {
        let devices = world.aws.devices().into_iter().map(|device| (device.arn, device.user)).collect();
        Self { devices, credentials: world.keys.all().iter().map(SoftKey::credentials).collect() }
    }
}

impl Scene {
    pub(crate) fn new(flow: Flow) -> Self {
        Self::under(flow, api::EVERYTHING)
    }

    /// Alice's policy is this one.
    pub(crate) fn under(flow: Flow, policy: &str) -> Self {
        let world = Simulated::with_keys(2);
        let alice = world.aws.add_user("alice");
        world.aws.allow("alice", policy).unwrap();
        // Long enough ago for STS to know of it.
        world.aws.clock().set_offset_seconds(-60);
        let devices = match flow {
            Flow::ReplaceFirst => 8,
            Flow::Retire | Flow::RetireOwn => 2,
            _ => 1,
        };
        for (nth, serial) in world.aws.add_device_for("alice", devices).iter().enumerate() {
            let name = serial.rsplit('/').next().unwrap();
            api::hold(&world.aws, world.keys.key(usize::from(nth > 0)), serial, &world.credential(name));
        }
        world.aws.clock().set_offset_seconds(0);
        let before = State::of(&world);
        Self { flow, world, alice, before }
    }

    pub(crate) fn as_caller(&self, args: &[&str]) -> Command {
        match self.flow {
            Flow::RotateOwn | Flow::RetireOwn => self.world.glasskey_as(&self.alice, args),
            _ => self.world.glasskey(args),
        }
    }

    pub(crate) fn command(&self) -> Command {
        let rotate = ["rotate", "alice", "--from", "alice-1", "--key", "12345679", "--yes", "--no-input"];
        match self.flow {
            Flow::Rotate | Flow::RotateOwn => self.as_caller(&rotate),
            Flow::ReplaceFirst => self.as_caller(&[&rotate[..], &["--replace-first"]].concat()),
            Flow::Retire | Flow::RetireOwn => {
                self.as_caller(&["retire", "alice", "--device", "alice-1", "--yes", "--no-input"])
            }
            Flow::Resync => self.as_caller(&["resync", "alice", "--key", "12345678", "--no-input"]),
        }
    }

    /// For who listens to the wires. Nobody waits for the step after the one whose code enabled the new device; the 15
    /// seconds until STS is sure to know it remain.
    pub(super) fn hurry(&self) -> impl Fn(&Passing) + Send + Sync + 'static {
        let (own, clock) = (self.flow == Flow::RotateOwn, self.world.aws.clock().clone());
        move |it| {
            if own && it.done && matches!(&it.wire, Wire::Aws { action } if action == "EnableMFADevice") {
                clock.advance(Duration::from_secs(30));
            }
        }
    }

    /// How many calls AWS has got.
    pub(crate) fn actions(&self) -> usize {
        self.world.aws.calls().len()
    }

    /// As [`Scene::run`], without the waits that can be spared.
    pub(crate) fn run_hurried(&self) -> Run {
        self.world.tap.listen(self.hurry());
        let done = self.run();
        self.world.tap.silence();
        done
    }

    /// Stands for a plan that promises to remove the old credential.
    pub(crate) const PROMISE: &str = "(promised)";

    pub(crate) fn run(&self) -> Run {
        run(&mut self.command())
    }

    /// What the world is to be when all was done; `told`: what the plan said.
    fn after_as(&self, told: &str) -> State {
        let mut state = self.after();
        let promised = told == Self::PROMISE
            || told.contains(&format!("\"{}\" from YubiKey 12345678\n", self.world.credential("alice-1")));
        if self.flow != Flow::Resync && !promised {
            // The key could not be read, or was not there.
            state.credentials[0].push(self.world.credential("alice-1"));
        }
        state
    }

    fn after(&self) -> State {
        let mut state = self.before.clone();
        if self.flow == Flow::Resync {
            return state;
        }
        state.devices.remove(&self.world.arn("alice-1"));
        state.credentials[0].clear();
        if !matches!(self.flow, Flow::Retire | Flow::RetireOwn) {
            state.devices.insert(self.world.arn("alice"), Some("alice".to_owned()));
            state.credentials[1].push(self.world.credential("alice"));
        }
        state
    }

    fn is(&self, right: &State) -> Result<(), String> {
        let mut there = State::of(&self.world);
        let mut right = right.clone();
        let all = there.credentials.iter_mut().chain(&mut right.credentials);
        all.for_each(|credentials| credentials.sort());
        if there != right {
            return Err(format!("there is {there:?}, not {right:?}"));
        }
        if self.world.unfinished() > 0 { Err("a run is left in the journal".to_owned()) } else { Ok(()) }
    }

    /// Whatever happened.
    fn holds(&self) -> Result<(), String> {
        self.world.nobody_is_locked_out()?;
        let enabled = self.world.aws.devices().into_iter().filter(|it| it.user.as_deref() == Some("alice")).count();
        // Each of them is on a key, or the line above would have said so.
        if enabled == 0 {
            return Err("alice has no device that works".to_owned());
        }
        self.no_code_was_sent_twice()
    }

    /// A pair that IAM refused for now was not looked at, and is sent again.
    fn no_code_was_sent_twice(&self) -> Result<(), String> {
        let mut sent = BTreeSet::new();
        for call in self.world.aws.calls() {
            let for_now = matches!(call.code.as_deref(), Some("Throttling" | "ConcurrentModification"));
            let not_looked_at = for_now && call.codes.len() == 2;
            for code in call.codes.iter().filter(|_| !not_looked_at) {
                if !sent.insert((call.serial.clone(), code.clone())) {
                    return Err(format!("{} sent a code of {:?} that had been sent", call.action, call.serial));
                }
            }
        }
        Ok(())
    }

    /// Holds the world to what was said of it. Then, where something is left, it is recovered. Returns the kind of
    /// ending.
    pub(crate) fn settle(&self, done: &Run, what: &str) -> &'static str {
        let say = |problem: String| panic!("{what}: {problem}\n{done:?}");
        self.world.aws.heal();
        self.world.keys.all().iter().for_each(SoftKey::plug_in);
        self.holds().unwrap_or_else(say);
        match done.code {
            0 => {
                self.is(&self.after_as(&done.stderr)).unwrap_or_else(say);
                self.a_tag_is_left_where_it_is_said(done).unwrap_or_else(say);
                "done"
            }
            3 | 5 | 130 => {
                self.is(&self.before).unwrap_or_else(say);
                "as it was"
            }
            4 | KILLED => {
                let mut after = self.after();
                if done.code == 4 {
                    after = self.after_as(&done.stderr);
                    self.what_is_left_is_told(&done.stderr).unwrap_or_else(say);
                }
                self.recover(&after, what)
            }
            code => panic!("{what}: exit code {code} means nothing here: {done:?}"),
        }
    }

    /// Holds a recovery that was struck to what it was told, and ends it where it did not end. Some are through before
    /// they are struck: waits take more looks or fewer, so that the message that was to be met does not come.
    pub(crate) fn settle_recovery(&self, done: &Run, choice: &str, what: &str) -> &'static str {
        let after = self.after();
        let right = if choice == "--undo" { &self.before } else { &after };
        self.holds().unwrap_or_else(|problem| panic!("{what}: {problem}\n{done:?}"));
        match done.code {
            0 => {
                self.is(right).unwrap_or_else(|problem| panic!("{what}: {problem}\n{done:?}"));
                "through before it was struck"
            }
            4 | KILLED => self.recover(&after, what),
            code => panic!("{what}: exit code {code} means nothing here: {done:?}"),
        }
    }

    /// The announcement is gone, or said to stay.
    fn a_tag_is_left_where_it_is_said(&self, done: &Run) -> Result<(), String> {
        let users = self.world.aws.users();
        let tags = users.iter().filter(|user| user.name == "alice").flat_map(|user| user.tags.keys());
        let (there, told) =
            (tags.count(), done.stderr.contains("left on user alice: the tag that announced the removal"));
        // A later step of the same run takes it away, as is said beside it.
        let taken = self.world.aws.calls().iter().any(|call| call.action == "UntagUser" && call.code.is_none());
        let right = if there > 0 { told } else { !told || taken };
        if right { Ok(()) } else { Err(format!("{there} tags are left, and that is said: {told}")) }
    }

    /// Each sentence about the state of the world is true, and there is one.
    fn what_is_left_is_told(&self, stderr: &str) -> Result<(), String> {
        if !stderr.contains("glasskey: hint: `glasskey recover` looks at what is left")
            || self.world.unfinished() != 1
        {
            return Err("something is left for recovery, and it is not said so".to_owned());
        }
        let mut told = 0;
        let devices = State::of(&self.world).devices;
        let is = |serial: &str, enabled: bool| devices.get(serial).is_some_and(|user| user.is_some() == enabled);
        for line in stderr.lines() {
            let about = |before: &str, after: &str| {
                line.strip_prefix("glasskey: ")?.strip_prefix(before)?.split_once(after).map(|(it, _)| it.to_owned())
            };
            let enabled =
                about("done before this: ", " is enabled and works").or_else(|| about("as it was: ", " is enabled"));
            let disabled = about("left behind: arn:", ", not enabled (")
                .map(|rest| format!("arn:{rest}"))
                .or_else(|| about("", " was deactivated, and is not deleted yet"));
            let credential = about("left behind: the credential \"", "\" on YubiKey ");
            let unsure = line.contains("perhaps left behind: ") || line.contains(" may be enabled or not; ");
            let kept = line.contains("glasskey: kept: the credential \"");
            if let Some(serial) = enabled.as_ref().filter(|serial| !is(serial, true)) {
                return Err(format!("{serial} is not enabled"));
            }
            if let Some(serial) = disabled.as_ref().filter(|serial| !is(serial, false)) {
                return Err(format!("{serial} is not there, or enabled"));
            }
            let speaks = enabled.is_some() || disabled.is_some() || credential.is_some() || unsure || kept;
            told += usize::from(speaks);
        }
        if told == 0 { Err("what is left is not said".to_owned()) } else { Ok(()) }
    }

    /// With everything well again, recovery ends in one of the two good states. Only where the process died before it
    /// knew whether the device was of its making, a person has to say so.
    fn recover(&self, after: &State, what: &str) -> &'static str {
        // STS and IAM take newer codes only.
        self.world.aws.clock().advance(Duration::from_secs(90));
        let recover = |choice: &str| run(&mut self.as_caller(&["recover", choice, "--no-input"]));
        let mut done = recover("--yes");
        let asked = done.code == 4 && done.stdout.contains("may be of somebody else's making");
        if asked {
            done = recover("--undo");
        }
        let say = |problem: String| panic!("{what}: {problem}, after recovery: {done:?}");
        assert_eq!(done.code, 0, "{what}: {done:?}");
        self.holds().unwrap_or_else(say);
        let (finished, undone) = (self.is(after), self.is(&self.before));
        if let (Err(finished), Err(_)) = (&finished, &undone) {
            say(finished.clone());
        }
        match (asked, finished.is_ok()) {
            (true, _) => "recovered by a person's word",
            (_, true) => "recovered: finished",
            _ => "recovered: undone",
        }
    }
}
