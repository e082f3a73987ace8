//! moto judges what the audit reads: boto3 puts a state into moto's server over HTTP, and glasskey says what it is.
//!
//! moto answers for CloudTrail, Logs, CloudWatch, SNS, EventBridge, Organizations and Account Management. It is wrong
//! about root (no AssumeRoot, no root in the summary or the report), so the simulator answers for IAM and STS, with an
//! account and members of the same numbers. GetContactInformation moto does not have: that is the simulator's too.

use super::office::{finding, verdicts};
use crate::{interop_aws, support};
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::{Aws, Keys, Organization, Setup};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// moto's account.
const ACCOUNT: &str = "123456789012";
/// What moto answers for. Account Management is divided: see [`Judge::audit`].
const MOTOS: [&str; 6] = ["CLOUDTRAIL", "CLOUDWATCH", "CLOUDWATCH_LOGS", "EVENTBRIDGE", "ORGANIZATIONS", "SNS"];

/// moto's server, and boto3 beside it.
struct Moto {
    process: Child,
    states: ChildStdin,
    told: BufReader<ChildStdout>,
    url: String,
}

impl Moto {
    fn start() -> Self {
        let python = interop_aws::venv_with_moto().join("bin/python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit/put_into_moto.py");
        let mut command = Command::new(python);
        command.arg(script).env_clear().env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        // What it logs of every request is of no interest; what it dies of shows as the end of what it tells.
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (states, told) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut moto = Self { process, states, told, url: String::new() };
        moto.url = moto.line();
        moto
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.told.read_line(&mut line).unwrap(), 0, "moto's process has ended");
        line.trim_end().to_owned()
    }

    /// Forgets everything and puts a state; the numbers of its members by name.
    fn put(&mut self, state: &str) -> BTreeMap<String, String> {
        writeln!(self.states, "{state}").unwrap();
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The simulator's side.
struct Judge {
    moto: Moto,
    server: Server,
    keys: Keys,
}

impl Judge {
    fn of(aws: &Aws) -> Self {
        let keys = aws.admin();
        let _ = aws.add_fido_for("admin", "desk");
        Self { moto: Moto::start(), server: Server::start(aws.clone(), None).unwrap(), keys }
    }

    /// `account`: moto answers for Account Management too.
    fn audit(&self, args: &[&str], account: bool) -> (Vec<Value>, i32) {
        let home = tempfile::tempdir().unwrap();
        let mut command = support::glasskey(home.path());
        command.args(["root", "audit", "--json"]).args(args).stdin(Stdio::null());
        command.envs(self.server.environment(&self.keys));
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        let account = account.then_some("ACCOUNT");
        for service in MOTOS.into_iter().chain(account) {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &self.moto.url);
        }
        let run = support::run(&mut command);
        assert!(matches!(run.code, 0 | 1 | 4 | 5), "{run:?}");
        (run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), run.code)
    }
}

/// A state, and of each rule that is not as for [`SOUND`] its verdict, with what the evidence must say.
type Row = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// What is moto's to tell, for an account as it should be.
const SOUND: [(&str, &str, &str); 4] = [
    ("trail", "pass", "trail \"everywhere\": well"),
    ("trail-validation", "pass", "trail \"everywhere\": well"),
    (
        "root-alarm",
        "pass",
        "trail \"everywhere\" → log group \"trail-logs\" → filter \"root-use\" → alarm \"root-used\" → arn:aws:sns:us-east-1:123456789012:root-use → security@example.com",
    ),
    ("scp-stops-tasks", "not_applicable", ""),
];

const DEAF: &str = "trail \"everywhere\" → does not record everything";

const STATES: &[Row] = &[
    ("sound", &[]),
    (
        "trail of one region",
        &[
            ("trail", "fail", "records one region only"),
            ("trail-validation", "fail", ""),
            ("root-alarm", "fail", DEAF),
        ],
    ),
    ("trail switched off", &[("trail", "fail", "is switched off"), ("root-alarm", "fail", DEAF)]),
    ("trail not validated", &[("trail-validation", "fail", "files are not validated")]),
    (
        "trail gone",
        &[
            ("trail", "fail", "there is no trail"),
            ("trail-validation", "not_applicable", ""),
            ("root-alarm", "fail", "no metric filter on a trail's log group and no EventBridge rule is about root"),
        ],
    ),
    (
        "trail of reads",
        &[("trail", "fail", "records only some of the management events"), ("root-alarm", "fail", DEAF)],
    ),
    ("trail of data", &[("trail", "fail", "records no management events"), ("root-alarm", "fail", DEAF)]),
    ("advanced selectors, all", &[]),
    (
        "advanced selectors, writes",
        &[("trail", "fail", "records only some of the management events"), ("root-alarm", "fail", DEAF)],
    ),
    ("no filter", &[("root-alarm", "fail", "log group \"trail-logs\" → no metric filter is about root")]),
    ("filter in another order", &[]),
    (
        "filter that misses sign-ins",
        &[("root-alarm", "fail", "filter \"root-use\" misses root events such as eventName=ConsoleLogin")],
    ),
    ("no alarm", &[("root-alarm", "fail", "filter \"root-use\" has no alarm on its metric")]),
    ("alarm on another metric", &[("root-alarm", "fail", "filter \"root-use\" has no alarm on its metric")]),
    ("alarm without action", &[("root-alarm", "fail", "alarm \"root-used\" tells nobody")]),
    ("alarm switched off", &[("root-alarm", "fail", "the actions of alarm \"root-used\" are switched off")]),
    ("alarm from five on", &[("root-alarm", "fail", "alarm \"root-used\" is not raised by a single event")]),
    ("nobody subscribed", &[("root-alarm", "fail", "root-use has no subscription")]),
    ("second subscriber", &[]),
    ("rule", &[("root-alarm", "pass", "EventBridge rule \"root-events\"")]),
    ("rule switched off", &[("root-alarm", "fail", "EventBridge rule \"root-events\" → it is switched off")]),
    ("rule without target", &[("root-alarm", "fail", "EventBridge rule \"root-events\" → it has no target")]),
    (
        "rule for some sign-ins",
        &[("root-alarm", "fail", "EventBridge rule \"root-events\" → it does not catch every sign-in of root")],
    ),
    (
        "rule for something else",
        &[("root-alarm", "fail", "log group \"trail-logs\" → no metric filter is about root")],
    ),
    ("rule for a function", &[("root-alarm", "pass", "EventBridge rule \"root-events\"")]),
    ("no security contact", &[("security-contact", "fail", "none is set")]),
];

fn wrongs(state: &str, row: &Value, wanted: &BTreeMap<&str, (&str, &str)>) -> Vec<String> {
    let seen = verdicts(row);
    let mut wrong = Vec::new();
    for (rule, (verdict, says)) in wanted {
        let finding = finding(row, rule);
        let evidence = finding["evidence"].as_array().unwrap();
        let said = says.is_empty() || evidence.iter().any(|one| one.as_str().unwrap().contains(says));
        if seen[*rule] != *verdict || !said {
            wrong.push(format!("{state}: {rule} is {}, {}", seen[*rule], finding["evidence"]));
        }
    }
    wrong
}

/// The account is in no organization. Everything but the root user itself is moto's to tell.
#[test]
fn what_boto3_put_into_moto_is_what_the_audit_reads() {
    let aws = Aws::with(SimClock::host(), Setup { account: Some(ACCOUNT.to_owned()), ..Setup::default() });
    aws.protect();
    // Nothing of what moto answers for is the simulator's: a fact that came from there would show.
    aws.arrange(|posture| {
        (posture.trails, posture.metric_filters, posture.alarms) = Default::default();
        (posture.subscriptions, posture.rules, posture.alternate_contacts) = Default::default();
    });
    let mut judge = Judge::of(&aws);
    let mut wrong = Vec::new();
    for (state, changed) in STATES {
        judge.moto.put(state);
        let mut wanted: BTreeMap<&str, (&str, &str)> =
            SOUND.iter().map(|(rule, verdict, says)| (*rule, (*verdict, *says))).collect();
        wanted.insert("security-contact", ("pass", "security@example.com"));
        wanted.insert("contact", ("unknown", ""));
        wanted.insert("root-credentials", ("not_applicable", ""));
        wanted.extend(changed.iter().map(|(rule, verdict, says)| (*rule, (*verdict, *says))));
        let (rows, _) = judge.audit(&[], true);
        wrong.extend(wrongs(state, &rows[0], &wanted));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The account manages an organization, of which moto knows the policies and members, and the simulator the root users.
#[test]
fn an_organization_in_moto() {
    let setup = Setup { account: Some(ACCOUNT.to_owned()), ..Setup::default() };
    let organization = Organization::with(SimClock::host(), setup);
    let mut judge = Judge::of(organization.management());
    let spared = "denies root and spares AssumeRoot's sessions";
    for (state, verdict, says) in [
        ("organization", "pass", "no policy that is attached stops them"),
        ("policy against root", "fail", "), attached to the organization's root (r-"),
        (
            "policy not attached",
            "pass",
            ", not attached: denies AssumeRoot's sessions what their tasks need: IAMAuditRootUserCredentials (iam:GetAccountSummary)",
        ),
        ("policy that spares AssumeRoot", "pass", spared),
        (
            "allow-list",
            "fail",
            " does: that leaves out what AssumeRoot's tasks need: SQSUnlockQueuePolicy (sqs:SetQueueAttributes)",
        ),
        ("allow-list that is enough", "pass", " does: that limits root and stops no task"),
    ] {
        judge.moto.put(state);
        let (rows, _) = judge.audit(&[], false);
        let wrong = wrongs(state, &rows[0], &BTreeMap::from([("scp-stops-tasks", (verdict, says))]));
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(rows[0]["standing"], "management", "{state}");
    }

    let members = judge.moto.put("members");
    organization.add_as(Kind::NoCredentials, &members["open"]);
    let (rows, code) = judge.audit(&["--org"], true);
    // The management account's contact moto cannot tell.
    assert_eq!((rows.len(), code), (4, 4), "{rows:?}");
    let of = |account: &str| rows.iter().find(|row| row["account"] == account).unwrap();
    assert_eq!((&of(&members["open"])["verdict"], &of(&members["open"])["name"]), (&"pass".into(), &"open".into()));
    assert_eq!(finding(of(&members["open"]), "security-contact")["evidence"][0], "open@example.com");
    assert_eq!(of(&members["closed"])["verdict"], "closed");
    assert_eq!(of(&members["closed"])["state"], "SUSPENDED");
    assert_eq!(of(ACCOUNT)["standing"], "management");

    // More than two pages of accounts.
    let members = judge.moto.put("many members");
    members.values().for_each(|number| drop(organization.add_as(Kind::OneKey, number)));
    let (rows, _) = judge.audit(&["--org"], false);
    let summary = rows.last().unwrap();
    assert_eq!((members.len(), &summary["accounts"], &summary["fail"]), (45, &46.into(), &45.into()), "{summary}");
    let seen: Vec<&str> = rows.iter().filter_map(|row| row["account"].as_str()).collect();
    assert!(members.values().all(|number| seen.contains(&number.as_str())), "{seen:?}");
}
