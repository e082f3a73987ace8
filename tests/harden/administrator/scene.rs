//! An account with nobody but root in it, a key, and a place for a password.

use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{self, GroupView};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) const NAME: &str = "boss";
pub(super) const GROUP: &str = "Administrators";
pub(super) const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

pub(super) struct Scene {
    pub(super) outside: Simulated,
    pub(super) caller: aws::Keys,
}

/// All that the step makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    groups: Vec<GroupView>,
    users: Vec<String>,
    devices: Vec<(String, Option<String>)>,
    credentials: Vec<String>,
    has_password: bool,
}

impl Scene {
    /// Root hardens it, in a session.
    pub(super) fn new() -> Self {
        let outside = Simulated::with_keys(1);
        let caller = outside.aws.root_session();
        // The server's own administrator can do nothing.
        let arguments = [("UserName", "admin"), ("PolicyName", "Administrator")];
        let _ = crate::enroll::api::call(&outside.aws, &caller, "DeleteUserPolicy", &arguments);
        Self { outside, caller }
    }

    /// The server's administrator can do everything.
    pub(super) fn administered(&self) {
        let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        self.outside.aws.allow("admin", everything).unwrap();
    }

    pub(super) fn serial(&self) -> String {
        self.outside.keys.key(0).serial().unwrap().to_string()
    }

    /// Where the command puts the password that it takes.
    pub(super) fn taken(&self) -> PathBuf {
        self.outside.keys.home.path().join("taken")
    }

    /// The password that the command took last.
    pub(super) fn password(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.taken()).ok()?;
        text.strip_suffix('\n').map(str::to_owned)
    }

    /// The arguments that name the administrator.
    pub(super) fn named(&self) -> Vec<String> {
        ["--only", "administrator", "--admin-user", NAME, "--admin-key", &self.serial()].map(str::to_owned).to_vec()
    }

    pub(super) fn all(&self) -> Vec<String> {
        let taking = format!("cat >'{}'", self.taken().display());
        let apply = ["--apply", "--yes", "--no-input", "--password-to-command", &taking].map(str::to_owned);
        [self.named(), apply.to_vec()].concat()
    }

    pub(super) fn command<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Command {
        let mut command = self.outside.glasskey_as(&self.caller, ["root", "harden"]);
        command.args(args);
        command
    }

    pub(super) fn run<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Run {
        run(&mut self.command(args))
    }

    pub(super) fn recover(&self, args: &[&str]) -> Run {
        run(&mut self.outside.glasskey_as(&self.caller, [&["recover", "--no-input"], args].concat()))
    }

    /// Applies, and gives the run's name.
    pub(super) fn apply(&self) -> (Run, String) {
        let done = self.run(&[self.all(), vec!["--json".to_owned()]].concat());
        assert_eq!(done.code, 0, "{done:?}");
        let run = done.json()["run"].as_str().unwrap().to_owned();
        (done, run)
    }

    pub(super) fn undo(&self, run: &str) -> Run {
        self.run(&["--undo", run, "--yes", "--no-input"])
    }

    pub(super) fn has_password(&self) -> bool {
        let asked =
            crate::enroll::api::answered(&self.outside.aws, &self.caller, "GetLoginProfile", &[("UserName", NAME)]);
        asked.contains("<LoginProfile>")
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let aws = &self.outside.aws;
        self.outside.keys.key(0).plug_in();
        Snapshot {
            groups: aws.groups(),
            users: aws.users().into_iter().map(|user| user.name).collect(),
            devices: aws.devices().into_iter().map(|device| (device.arn, device.user)).collect(),
            credentials: self.outside.keys.key(0).credentials(),
            has_password: self.has_password(),
        }
    }

    fn is_member(&self) -> bool {
        self.outside.aws.groups().iter().any(|group| group.members.iter().any(|member| member == NAME))
    }

    /// Whatever happened: no administrator without MFA whose seed is on the key, and no password that nobody has.
    pub(super) fn is_safe(&self, what: &str) {
        let arn = self.outside.arn(NAME);
        if self.is_member() {
            assert_eq!(
                self.outside.devices_of(NAME),
                std::slice::from_ref(&arn),
                "an administrator without MFA: {what}"
            );
            assert!(self.outside.computes(self.outside.keys.key(0), &arn), "{what}");
        }
        self.outside.nobody_is_locked_out().unwrap_or_else(|why| panic!("{why}: {what}"));
        if self.has_password() {
            let taken = self.password().unwrap_or_default();
            assert_eq!(self.outside.aws.password_is(NAME, &taken), Some(true), "a password that is lost: {what}");
        }
    }

    /// All of it is there, and the command took the password that is in force.
    pub(super) fn is_made(&self, what: &str) {
        self.is_safe(what);
        let group =
            GroupView { name: GROUP.to_owned(), members: vec![NAME.to_owned()], policies: vec![POLICY.to_owned()] };
        assert_eq!(self.outside.aws.groups(), [group], "{what}");
        assert!(self.has_password(), "{what}");
        assert_eq!(self.outside.aws.devices().len(), 1, "{what}");
        assert_eq!(self.outside.unfinished(), 0, "{what}");
    }
}

/// Whether a text is in any file below a directory, but this one.
pub(super) fn is_in_a_file(text: &str, below: &Path, but: &Path) -> bool {
    let mut left = vec![below.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() && path != but {
            let content = std::fs::read(&path).unwrap_or_default();
            if content.windows(text.len()).any(|window| window == text.as_bytes()) {
                return true;
            }
        }
    }
    false
}
