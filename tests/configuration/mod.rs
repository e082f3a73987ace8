//! The AWS configuration as it is written by people and tools: read as the AWS CLI reads it, or refused for what it is,
//! and never passed over. Through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod environment; // variables: empty, half, not text, not an address
mod files; // files and lines that cannot be read
mod opened; // files that the SDK opens by itself
mod origin; // which credentials are used; the aws CLI as judge
mod process; // what a credential_process prints, and how long it takes
mod trust; // bundles of certificates, FIPS and dual-stack
mod within; // a credential_process that comes back to itself

use crate::support::{Run, Simulated, run};
use std::path::PathBuf;
use std::process::Command;

/// A simulated account behind a home with both files, and nothing of credentials or files in the environment.
struct Home {
    world: Simulated,
}

impl Home {
    fn new() -> Self {
        Self { world: Simulated::with_keys(1) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.keys.home.path().join(".aws").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::create_dir_all(self.world.keys.home.path().join(".aws")).unwrap();
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    /// The administrator's access key, as settings of a profile.
    fn key(&self) -> String {
        let admin = self.world.aws.admin();
        format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", admin.access_key_id, admin.secret_access_key)
    }

    /// A command that finds its credentials in the files.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.glasskey(args);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
            command.env_remove(name);
        }
        command
    }

    fn doctor(&self, args: &[&str]) -> Run {
        run(&mut self.command(&[&["doctor", "--json"], args].concat()))
    }

    /// Who doctor says that the credentials are.
    fn identity(&self, args: &[&str]) -> String {
        check(&self.doctor(args), "aws_identity")["message"].as_str().unwrap().to_owned()
    }

    fn admin(&self) -> String {
        format!("arn:aws:iam::{}:user/admin", self.world.aws.account())
    }

    /// Holds a command to a refusal before anybody was asked: its first line, and a part of the rest.
    #[track_caller]
    fn refuses(&self, command: &mut Command, error: &str, hint: &str) {
        let done = run(command);
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
        assert_eq!(done.stderr.lines().next(), Some(format!("glasskey: error: {error}").as_str()), "{done:?}");
        assert!(done.stderr.contains(hint), "{hint}: {done:?}");
        assert_eq!(self.world.actions(), [""; 0], "nobody was asked");
    }

    /// The same of a command that takes a profile.
    #[track_caller]
    fn refuses_profile(&self, profile: &str, error: &str, hint: &str) {
        self.refuses(&mut self.command(&["devices", "--profile", profile]), error, hint);
    }
}

fn check(run: &Run, name: &str) -> serde_json::Value {
    let checks = run.json()["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["check"] == name).unwrap()
}
