//! A bare account, and whoever hardens it.

use crate::support::blows::messages;
use crate::support::{Run, Simulated};
use glasskey::sim::aws::posture::{PasswordPolicy, Posture};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// What sets a security contact.
pub(super) const CONTACT: [&str; 8] = [
    "--security-name",
    "Sam Example",
    "--security-title",
    "Security",
    "--security-email",
    "security@example.com",
    "--security-phone",
    "+1 202 555 0100",
];

pub(super) struct World {
    pub(super) outside: Simulated,
}

impl World {
    /// An account that nobody has set up, with a weak password policy.
    pub(super) fn new() -> Self {
        let outside = Simulated::with_keys(0);
        outside.aws.arrange(|posture| {
            posture.password_policy =
                Some(PasswordPolicy { minimum_length: 8, reuse_prevention: None, symbols: false, ..weak() });
        });
        Self { outside }
    }

    pub(super) fn posture(&self) -> Posture {
        self.outside.aws.posture()
    }

    pub(super) fn args<'a>(&self, args: &[&'a str]) -> Vec<&'a str> {
        [&["root", "harden"], args].concat()
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        self.outside.glasskey(self.args(args))
    }

    pub(super) fn run(&self, args: &[&str]) -> Run {
        self.outside.run(self.args(args))
    }

    /// A plan in a file, and the file.
    pub(super) fn plan(&self, name: &str, args: &[&str]) -> (PathBuf, Value) {
        let path = self.outside.keys.home.path().join(name);
        let done = self.run(&[args, &["--out", path.to_str().unwrap(), "--json"]].concat());
        assert_eq!(done.code, 1, "{done:?}");
        let there: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(there, done.json(), "the file holds what --json prints");
        (path, there)
    }

    /// Applies, and gives the run's name.
    pub(super) fn apply(&self, args: &[&str]) -> (Run, String) {
        let done = self.run(&[&["--apply", "--yes", "--no-input", "--json"], args].concat());
        assert_eq!(done.code, 0, "{done:?}");
        let run = done.json()["run"].as_str().unwrap().to_owned();
        (done, run)
    }

    /// Every message of applying, which must go well.
    pub(super) fn messages(args: &[&str]) -> Vec<glasskey::sim::tap::Passing> {
        let world = Self::new();
        messages(&world.outside, world.command(&[&["--apply", "--yes", "--no-input"], args].concat()))
    }
}

fn weak() -> PasswordPolicy {
    PasswordPolicy {
        numbers: false,
        uppercase: false,
        lowercase: false,
        maximum_age: Some(200),
        ..Default::default()
    }
}

pub(super) fn hardened() -> PasswordPolicy {
    PasswordPolicy { maximum_age: Some(200), ..Default::default() }
}
