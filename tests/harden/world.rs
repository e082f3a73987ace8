//! Accounts to harden, and whoever does it.

use super::alarm_world::{Chain, Reader, chain, record};
use super::trail::{self, Recorded};
use crate::enroll::api;
use crate::support::blows::messages;
use crate::support::{Keys, Run, Simulated, run};
use glasskey::sim::aws::organization::{Feature, Kind as MemberKind};
use glasskey::sim::aws::posture::{AlternateContact, PasswordPolicy, Posture};
use glasskey::sim::aws::{self, Fault, Organization, Setup};
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

/// What takes everything away from root of members.
pub(crate) const MEMBERS: [&str; 5] =
    ["--org", "--members-password", "--members-mfa", "--only", "member-root-credentials"];

/// What makes somebody be told of root.
pub(crate) const TOLD: [&str; 4] = ["--only", "root-alarm", "--alarm-email", ADDRESS];

/// By rules of EventBridge.
pub(crate) const VIA_RULES: [&str; 2] = ["--via", "eventbridge"];

/// What attaches the policy about root.
pub(crate) const SCP: [&str; 3] = ["--org", "--only", "deny-root-scp"];

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
    /// The same, who is to be told by rules of EventBridge.
    Ruled,
    /// The same, with an encrypted topic: by a filter, and by rules.
    Keyed,
    KeyedRules,
    /// An organization of two members whose root users have a password, factors, and a key or a certificate, by the
    /// administrator of its management account. Central root access is on.
    Organization,
    /// The management account of an organization in which nothing records events, by its administrator, who wants a trail of
    /// all accounts. CloudTrail is not trusted.
    OrganizationTrail,
    /// The same of two members whose root users need nothing, where service control policies are off: what is applied is
    /// the policy about root.
    Guarded,
}

impl Kind {
    /// Whether applying all takes a hundred messages and more.
    pub(crate) fn is_long(self) -> bool {
        matches!(self, Self::Untrailed | Self::OrganizationTrail) || self.is_watched()
    }

    /// Whether undoing leaves a bucket and a log group that hold records.
    pub(crate) fn leaves_records(self) -> bool {
        matches!(self, Self::Untrailed | Self::OrganizationTrail)
    }

    /// Whether somebody is to be told of root.
    pub(crate) fn is_watched(self) -> bool {
        matches!(self, Self::Watched | Self::Ruled | Self::Keyed | Self::KeyedRules)
    }

    /// Whether applying all takes away what does not come back.
    pub(crate) fn is_for_good(self) -> bool {
        matches!(self, Self::OfRoot | Self::Organization | Self::Guarded)
    }
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
    /// The role that sends events from region to region.
    bus_role: String,
    pub(crate) recorded: Recorded,
    /// Of root of each member: what the account's summary says of it.
    members: Vec<Vec<bool>>,
    /// Service control policies: each name, and to how many it is attached.
    policies: Vec<(String, usize)>,
    /// The services that the organization trusts.
    trusted: String,
}

impl Snapshot {
    /// What root of members has.
    pub(crate) fn members_only(&self) -> &[Vec<bool>] {
        &self.members
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Kind::Bare)
    }

    pub(crate) fn of(kind: Kind) -> Self {
        let outside = match kind {
            Kind::Bare | Kind::Untrailed | Kind::OfRoot => Simulated::with_keys(0),
            Kind::Watched | Kind::Ruled | Kind::Keyed | Kind::KeyedRules => Simulated::with_keys(0),
            Kind::Managing => managing(),
            Kind::Organization => organization(&[MemberKind::InactiveKey, MemberKind::Certificate]),
            Kind::Guarded => guarded(),
            Kind::OrganizationTrail => unrecorded(),
        };
        let weak = PasswordPolicy { minimum_length: 8, reuse_prevention: None, symbols: false, ..weak() };
        let account = outside.aws.account();
        outside.aws.arrange(|posture| {
            posture.password_policy = Some(weak);
            posture.alternate_contacts.clear();
            let there = if kind.leaves_records() { Vec::new() } else { vec![trail::good(&account)] };
            (posture.trails, posture.delays) = (there, trail::AT_ONCE);
        });
        let caller = match kind {
            Kind::OfRoot => of_root(&outside.aws),
            _ => outside.aws.admin(),
        };
        if kind.is_watched() {
            record(&outside.aws);
        }
        let reader = kind.is_watched().then(|| Reader::of(&outside.aws));
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
            Kind::Watched => [&apply[..], &TOLD].concat(),
            Kind::Ruled => [&apply[..], &TOLD, &VIA_RULES].concat(),
            Kind::Keyed => [&apply[..], &TOLD, &["--kms"]].concat(),
            Kind::KeyedRules => [&apply[..], &TOLD, &VIA_RULES, &["--kms"]].concat(),
            Kind::Organization => [&apply[..], &["--accept-irreversible"], &MEMBERS].concat(),
            Kind::Guarded => [&apply[..], &["--accept-irreversible"], &SCP].concat(),
            Kind::OrganizationTrail => [&apply[..], &["--org", "--only", "trail"]].concat(),
        }
    }

    pub(crate) fn posture(&self) -> Posture {
        self.outside.aws.posture()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let aws = &self.outside.aws;
        let central = match self.kind {
            Kind::Managing => features(aws),
            _ => String::new(),
        };
        let organization = Organization::of(aws);
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
            bus_role: if self.kind.is_watched() { bus_role(aws) } else { String::new() },
            members: organization.as_ref().map(members).unwrap_or_default(),
            policies: organization.as_ref().map(policies).unwrap_or_default(),
            trusted: organization.map(|organization| organization.view()["trusted"].to_string()).unwrap_or_default(),
        }
    }

    fn accounts(&self) -> Vec<aws::Aws> {
        let organization = Organization::of(&self.outside.aws);
        let members = organization.iter().flat_map(|organization| {
            organization.members().into_iter().filter_map(|number| organization.account(&number))
        });
        std::iter::once(self.outside.aws.clone()).chain(members).collect()
    }

    /// Something goes wrong in the caller's account, and in each member of its organization.
    pub(crate) fn fail(&self, fault: &Fault) {
        self.accounts().iter().for_each(|account| account.fail(fault.clone()));
    }

    pub(crate) fn heal(&self) {
        self.accounts().iter().for_each(aws::Aws::heal);
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

fn bus_role(aws: &aws::Aws) -> String {
    let name = "glasskey-root-use-to-bus";
    let of_role = [("RoleName", name), ("PolicyName", name)];
    let parts = ["GetRole", "GetRolePolicy"].map(|action| {
        let text = api::answered(aws, &aws.admin(), action, &of_role);
        let lines = text.split('<').filter(|part| part.contains("Document") || part.contains("Code"));
        lines.collect::<String>().replace(&aws.account(), "ACCOUNT")
    });
    parts.concat()
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
    serve(&organization)
}

/// An organization of these members, numbered from 000000000001 on, with an administrator who has MFA.
pub(crate) fn organization(kinds: &[MemberKind]) -> Simulated {
    let organization = Organization::with(SimClock::host(), Setup::default());
    let _ = organization.management().admin();
    let _ = organization.management().add_fido_for("admin", "desk");
    for (nth, kind) in kinds.iter().enumerate() {
        let _ = organization.add_as(*kind, &format!("{:012}", nth + 1));
    }
    serve(&organization)
}

fn unrecorded() -> Simulated {
    let simulated = organization(&[MemberKind::NoCredentials, MemberKind::Sound]);
    let organization = Organization::of(&simulated.aws).unwrap();
    organization.trust("cloudtrail.amazonaws.com", false);
    simulated.aws.arrange(|posture| posture.buckets.clear());
    for member in organization.members() {
        organization.account(&member).unwrap().arrange(|posture| posture.trails.clear());
    }
    simulated
}

fn guarded() -> Simulated {
    let simulated = organization(&[MemberKind::Sound, MemberKind::NoCredentials]);
    Organization::of(&simulated.aws).unwrap().set_scps(false);
    simulated
}

fn policies(organization: &Organization) -> Vec<(String, usize)> {
    organization.policies().into_iter().map(|(name, targets)| (name, targets.len())).collect()
}

fn serve(organization: &Organization) -> Simulated {
    let aws = organization.management().clone();
    let tap = Tap::default();
    aws.tap(&tap);
    let server = Server::start(aws.clone(), None).unwrap();
    Simulated { keys: Keys::serve(0), aws, server, tap }
}

/// Of each member's root: whether it has a password, keys, certificates, MFA.
pub(crate) fn members(organization: &Organization) -> Vec<Vec<bool>> {
    let of = |number: String| {
        let member = organization.account(&number).unwrap();
        let summary = api::call(&member, &member.admin(), "GetAccountSummary", &[]);
        let is = |name: &str| {
            let (_, value) = summary.split_once(&format!("{name}</key>")).unwrap();
            !value.trim_start().starts_with("<value>0")
        };
        [
            "AccountPasswordPresent",
            "AccountAccessKeysPresent",
            "AccountSigningCertificatesPresent",
            "AccountMFAEnabled",
        ]
        .map(is)
        .to_vec()
    };
    organization.members().into_iter().map(of).collect()
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
