//! A simulated account and software keys behind the binary, and what must hold of them whatever went wrong.

use super::{Keys, Run, run};
use glasskey::oath::Session;
use glasskey::secret::Seed;
use glasskey::sim::aws::{self, Aws};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use glasskey::sim::tap::Tap;
use glasskey::totp::{self, AWS, Step};
use std::ffi::OsStr;
use std::process::Command;

/// The outside of one test.
pub(crate) struct Simulated {
    pub(crate) keys: Keys,
    pub(crate) aws: Aws,
    pub(crate) server: Server,
    /// Passes every message to the keys and to AWS.
    pub(crate) tap: Tap,
}

impl Simulated {
    /// An account with the users `admin` and `alice`, and `n` keys.
    pub(crate) fn with_keys(n: u32) -> Self {
        Self::around(Keys::serve(n))
    }

    pub(crate) fn around(keys: Keys) -> Self {
        let aws = Aws::new(SimClock::host());
        let _ = aws.add_user("alice");
        let tap = Tap::default();
        aws.tap(&tap);
        keys.all().iter().for_each(|key| key.tap(&tap));
        let server = Server::start(aws.clone(), None).unwrap();
        Self { keys, aws, server, tap }
    }

    /// Serial numbers of what a user has.
    pub(crate) fn devices_of(&self, user: &str) -> Vec<String> {
        let devices = self.aws.devices().into_iter();
        devices.filter(|device| device.user.as_deref() == Some(user)).map(|device| device.arn).collect()
    }

    /// The binary, as the administrator.
    pub(crate) fn glasskey<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.glasskey_as(&self.aws.admin(), args)
    }

    /// The binary, with these credentials.
    pub(crate) fn glasskey_as<A: AsRef<OsStr>>(
        &self,
        keys: &aws::Keys,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = self.keys.glasskey(args);
        command.envs(self.environment(keys));
        command
    }

    /// What points the binary at the simulated account.
    pub(crate) fn environment(&self, keys: &aws::Keys) -> Vec<(&'static str, String)> {
        let mut environment = self.server.environment(keys);
        environment.push(("AWS_CONFIG_FILE", "/dev/null".to_owned()));
        environment.push(("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()));
        environment
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        run(&mut self.glasskey(args))
    }

    /// `enroll alice`, approved, on every key there is.
    pub(crate) fn enroll_args(&self) -> Vec<String> {
        let keys = self.keys.all().iter().flat_map(|key| ["--key".to_owned(), key.serial().unwrap().to_string()]);
        ["enroll", "alice", "--yes", "--no-input"].map(str::to_owned).into_iter().chain(keys).collect()
    }

    pub(crate) fn arn(&self, device: &str) -> String {
        format!("arn:aws:iam::{}:mfa/{device}", self.aws.account())
    }

    pub(crate) fn credential(&self, device: &str) -> String {
        format!("AWS:{}/{device}", self.aws.account())
    }

    /// The actions AWS has got, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.aws.calls().into_iter().map(|call| call.action).collect()
    }

    /// As [`Simulated::actions`], by their names: those that go together come in any order.
    pub(crate) fn sorted_actions(&self) -> Vec<String> {
        let mut actions = self.actions();
        actions.sort();
        actions
    }

    /// No device, no credential, no record of a run: the world as it was.
    pub(crate) fn nothing_is_left(&self) -> Result<(), String> {
        let devices = self.aws.devices();
        let credentials: Vec<_> =
            self.keys.all().iter().flat_map(glasskey::sim::oath_card::SoftKey::credentials).collect();
        if devices.is_empty() && credentials.is_empty() && self.unfinished() == 0 {
            return Ok(());
        }
        Err(format!("left: {devices:?} {credentials:?}, {} runs in the journal", self.unfinished()))
    }

    /// Alice has her device, every key computes its codes, no run is unfinished.
    pub(crate) fn alice_is_enrolled(&self) -> Result<(), String> {
        let devices = self.aws.devices();
        let [device] = &devices[..] else { return Err(format!("not one device: {devices:?}")) };
        if device.user.as_deref() != Some("alice") || device.arn != self.arn("alice") {
            return Err(format!("not alice's: {device:?}"));
        }
        // -1: a time step ended while the codes were on their way.
        if !(-1..=0).contains(&device.offset_steps) {
            return Err(format!("out of step: {device:?}"));
        }
        let holding = self.keys.all().iter().filter(|key| self.computes(key, &device.arn)).count();
        if holding != self.keys.all().len() {
            return Err(format!("{holding} keys hold the seed of {}", device.arn));
        }
        if self.unfinished() == 0 { Ok(()) } else { Err("a run is left in the journal".to_owned()) }
    }

    /// Whatever happened: no enabled device whose seed is on no key.
    pub(crate) fn nobody_is_locked_out(&self) -> Result<(), String> {
        for device in self.aws.devices().iter().filter(|device| device.user.is_some() && device.is_virtual) {
            if !self.keys.all().iter().any(|key| self.computes(key, &device.arn)) {
                return Err(format!("{device:?} is enabled and no key holds its seed"));
            }
        }
        Ok(())
    }

    /// Whether a key computes the device's codes.
    pub(crate) fn computes(&self, key: &glasskey::sim::oath_card::SoftKey, arn: &str) -> bool {
        key.plug_in();
        let seed = Seed::from_bytes(&self.aws.seed_of(arn).unwrap()).unwrap();
        let step = Step::at(self.aws.clock().now(), AWS.period);
        let mut session = Session::open(key.card()).unwrap();
        let credentials = session.list().unwrap();
        let name = arn.split_once(":mfa/").unwrap().1;
        let ours = credentials.into_iter().find(|credential| credential.name.id() == self.credential(name));
        ours.is_some_and(|ours| session.code(&ours.name, step).unwrap().matches(&totp::code(&seed, AWS, step)))
    }

    /// As if the codes that have been sent had been sent a minute ago: nobody waits for the next ones.
    pub(crate) fn a_minute_passes_for_codes(&self) {
        let path = self.keys.state_dir().join("spent.json");
        let Ok(text) = std::fs::read(&path) else { return };
        let mut spent: serde_json::Value = serde_json::from_slice(&text).unwrap();
        for step in spent["devices"].as_object_mut().unwrap().values_mut() {
            *step = (step.as_u64().unwrap() - 2).into();
        }
        std::fs::write(&path, spent.to_string()).unwrap();
    }

    /// The last step whose code was sent, by what the state directory says.
    pub(crate) fn spent(&self, serial: &str) -> Option<u64> {
        let text = std::fs::read(self.keys.state_dir().join("spent.json")).ok()?;
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["devices"][serial].as_u64()
    }

    /// Runs in the journal.
    pub(crate) fn unfinished(&self) -> usize {
        let is_unfinished = |entry: &std::io::Result<std::fs::DirEntry>| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_none_or(|end| end != "complete"))
        };
        let runs = std::fs::read_dir(self.keys.state_dir().join("runs"));
        runs.map_or(0, |runs| runs.filter(is_unfinished).count())
    }
}
