//! Accounts to harden, and whoever does it.

use super::alarm_world::{Chain, Reader, chain, record};
use super::trail::{self, Recorded};
use crate::enroll::api;
use crate::support::blows::messages;
use crate::support::{Keys, Run, Simulated, run};
use glasskey::sim::aws::organization::Feature;
use glasskey::sim::aws::posture::{AlternateContact, PasswordPolicy, Posture};
use glasskey::sim::aws::{self, Organization, Setup};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use glasskey::sim::tap::{Passing, Tap};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// What sets a security contact.
pub(crate) const CONTACT: [&str; 8] = [
    "--security-name",
    "Sam Example",
    "--security-title",
    "Security",
    "--security-email",
    "security@example.com",
    "--security-phone",
    "+1 202 555 0100",
];

pub(crate) use super::alarm_world::ADDRESS;

/// Which account, and who hardens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An account that nobody has set up, by its administrator.
    Bare,
    /// The management account of an organization in which central root access is off, by its administrator.
    Managing,
    /// An account without a trail, by its administrator, who wants one.
    Untrailed,
    /// An account whose root user has keys and certificates, by root with a session; there is an administrator with MFA.
    OfRoot,
    /// An account with a trail that delivers to a log group, in which nobody is told of root; by its administrator. Mails
    /// that ask to confirm are confirmed.
    Watched,
}

pub(crate) struct World {
    pub(crate) outside: Simulated,
    pub(crate) caller: aws::Keys,
    pub(crate) kind: Kind,
    /// Whoever reads the mail, as long as this lives.
    pub(crate) _reader: Option<Reader>,
}

/// What hardening changes, and nothing that differs from one world to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    policy: Option<PasswordPolicy>,
    contacts: BTreeMap<String, AlternateContact>,
    central: String,
    /// Of root's access keys: whether each is active.
    keys: Vec<bool>,
    certificates: bool,
    alarm: Chain,
    pub(crate) recorded: Recorded,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Kind::Bare)
    }

    pub(crate) fn of(kind: Kind) -> Self {
        let outside = match kind {
            Kind::Bare | Kind::Untrailed | Kind::OfRoot | Kind::Watched => Simulated::with_keys(0),
            Kind::Managing => managing(),
        };
        let weak = PasswordPolicy { minimum_length: 8, reuse_prevention: None, symbols: false, ..weak() };
        let account = outside.aws.account();
        outside.aws.arrange(|posture| {
            posture.password_policy = Some(weak);
            posture.alternate_contacts.clear();
            let there = if kind == Kind::Untrailed { Vec::new() } else { vec![trail::good(&account)] };
            (posture.trails, posture.delays) = (there, trail::AT_ONCE);
        });
        let caller = match kind {
            Kind::Bare | Kind::Untrailed | Kind::Managing | Kind::Watched => outside.aws.admin(),
            Kind::OfRoot => of_root(&outside.aws),
        };
        if kind == Kind::Watched {
            record(&outside.aws);
        }
        let reader = (kind == Kind::Watched).then(|| Reader::of(&outside.aws));
        Self { outside, caller, kind, _reader: reader }
    }

    /// The arguments of applying all that can be applied.
    pub(crate) fn all(&self) -> Vec<&'static str> {
        let apply = ["--apply", "--yes", "--no-input"];
        match self.kind {
            Kind::Bare => apply.to_vec(),
            Kind::Untrailed => [&apply[..], &["--only", "trail"]].concat(),
            Kind::Managing => [&apply, &CONTACT[..]].concat(),
            Kind::OfRoot => [&apply[..], &["--accept-irreversible"]].concat(),
            Kind::Watched => [&apply[..], &["--only", "root-alarm", "--alarm-email", ADDRESS]].concat(),
        }
    }

    pub(crate) fn posture(&self) -> Posture {
        self.outside.aws.posture()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let aws = &self.outside.aws;
        let central = match self.kind {
            Kind::Managing => features(aws),
            Kind::Bare | Kind::Untrailed | Kind::OfRoot | Kind::Watched => String::new(),
        };
        let alarm = chain(&self.posture()).without(&aws.account());
        let Posture { password_policy: policy, alternate_contacts: contacts, .. } = self.posture();
        let summary = api::call(aws, &aws.admin(), "GetAccountSummary", &[]);
        let (_, certificates) = summary.split_once("AccountSigningCertificatesPresent</key>").unwrap();
        Snapshot {
            policy,
            contacts,
            central,
            keys: aws.access_keys("root").into_iter().map(|key| key.active).collect(),
            certificates: certificates.trim_start().starts_with("<value>1"),
            alarm,
            recorded: Recorded::of(aws),
        }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.any_command(&[&["root", "harden"], args].concat())
    }

    pub(crate) fn any_command(&self, args: &[&str]) -> Command {
        self.outside.glasskey_as(&self.caller, args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        run(&mut self.command(args))
    }

    pub(crate) fn recover(&self, choice: &str) -> Run {
        run(&mut self.any_command(&["recover", choice, "--no-input"]))
    }

    /// A plan in a file, and the file.
    pub(crate) fn plan(&self, name: &str, args: &[&str]) -> (PathBuf, Value) {
        let path = self.outside.keys.home.path().join(name);
        let done = self.run(&[args, &["--out", path.to_str().unwrap(), "--json"]].concat());
        assert_eq!(done.code, 1, "{done:?}");
        let there: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(there, done.json(), "the file holds what --json prints");
        (path, there)
    }

    /// Applies, and gives the run's name.
    pub(crate) fn apply(&self, args: &[&str]) -> (Run, String) {
        let done = self.run(&[&["--apply", "--yes", "--no-input", "--json"], args].concat());
        assert_eq!(done.code, 0, "{done:?}");
        let run = done.json()["run"].as_str().unwrap().to_owned();
        (done, run)
    }

    /// Every message of applying all, which must go well.
    pub(crate) fn messages(kind: Kind) -> Vec<Passing> {
        let world = Self::of(kind);
        messages(&world.outside, world.command(&world.all()))
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

pub(crate) fn hardened() -> PasswordPolicy {
    PasswordPolicy { maximum_age: Some(200), ..Default::default() }
}

fn managing() -> Simulated {
    let organization = Organization::with(SimClock::host(), Setup::default());
    organization.trust("iam.amazonaws.com", false);
    organization.set_features(&[]);
    let aws = organization.management().clone();
    let tap = Tap::default();
    aws.tap(&tap);
    let server = Server::start(aws.clone(), None).unwrap();
    Simulated { keys: Keys::serve(0), aws, server, tap }
}

/// The organization's root features that are on, or the refusal's code.
pub(crate) fn features(aws: &aws::Aws) -> String {
    let text = api::answered(aws, &aws.admin(), "ListOrganizationsFeatures", &[]);
    let known = ["ServiceAccessNotEnabled", "RootCredentialsManagement", "RootSessions"];
    known.into_iter().filter(|name| text.contains(name)).collect::<Vec<_>>().join(" ")
}

/// Root's credentials: two keys that were not used for long, a certificate, and a session.
fn of_root(aws: &aws::Aws) -> aws::Keys {
    let _ = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    let _ = aws.add_root_key(true);
    let _ = aws.add_root_key(false);
    let _ = aws.add_root_certificate(true);
    aws.root_session()
}

/// The feature that a test turns on beforehand.
pub(crate) const SESSIONS: Feature = Feature::RootSessions;
