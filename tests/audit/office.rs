//! A simulated account or organization, and an auditor at the binary.

use crate::support::{self, Run};
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::{Aws, Fault, Keys, Organization, Setup, Wrong};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub(crate) struct Office {
    pub(crate) home: TempDir,
    pub(crate) aws: Aws,
    server: Server,
    keys: Keys,
}

impl Office {
    /// An account as it should be, with an administrator who has MFA, and an auditor who may read.
    pub(crate) fn sound() -> Self {
        let aws = Aws::with(SimClock::host(), Setup::default());
        aws.protect();
        let _ = aws.admin();
        let _ = aws.add_fido_for("admin", "desk");
        let keys = auditor(&aws);
        Self::over(aws, keys)
    }

    /// This account, as whoever has these keys.
    pub(crate) fn over(aws: Aws, keys: Keys) -> Self {
        let server = Server::start(aws.clone(), None).unwrap();
        Self { home: tempfile::tempdir().unwrap(), aws, server, keys }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = support::glasskey(self.home.path());
        command.args(["root", "audit"]).args(args).stdin(Stdio::null());
        command.envs(self.environment());
        command
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.server.environment(&self.keys);
        environment.push(("AWS_CONFIG_FILE", "/dev/null".to_owned()));
        environment.push(("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()));
        environment
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        support::run(&mut self.command(args))
    }

    /// Every line of `--json`, and the exit code.
    pub(crate) fn lines(&self, args: &[&str]) -> (Vec<Value>, i32) {
        let run = self.run(&[args, &["--json"]].concat());
        (run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), run.code)
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }
}

/// Somebody who may read what an audit reads.
pub(crate) fn auditor(aws: &Aws) -> Keys {
    let keys = aws.add_user("auditor");
    let _ = aws.add_fido_for("auditor", "desk");
    aws.attach("user/auditor", "SecurityAudit");
    keys
}

/// Each rule's verdict.
pub(crate) fn verdicts(row: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    row["findings"].as_array().unwrap().iter().map(|one| (text(&one["id"]), text(&one["verdict"]))).collect()
}

pub(crate) fn finding<'v>(row: &'v Value, id: &str) -> &'v Value {
    row["findings"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()
}

/// An account whose number is known.
pub(crate) fn setup() -> Setup {
    Setup { account: Some("111122223333".to_owned()), ..Setup::default() }
}

/// An organization of these members, and its administrator.
pub(crate) fn organization(kinds: &[Kind]) -> (Organization, Office, Vec<String>) {
    let organization = Organization::with(SimClock::host(), setup());
    let aws = organization.management().clone();
    let admin = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    let members = kinds.iter().enumerate().map(|(nth, kind)| organization.add_as(*kind, &format!("{:012}", nth + 1)));
    let members = members.collect();
    (organization, Office::over(aws, admin), members)
}

/// Something goes wrong with every call of this action.
pub(crate) fn always(action: &str, what: Wrong) -> Fault {
    Fault { action: Some(action.to_owned()), nth: 1, times: 1_000_000, what }
}
