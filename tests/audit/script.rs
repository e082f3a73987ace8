//! `root audit --script`: the AWS CLI comes to the verdicts that glasskey comes to, and changes nothing.

use super::aws_cli::AwsCli;
use super::office::{Office, organization, verdicts};
use super::truth::{Row, watched};
use crate::interop_aws::venv;
use crate::support::blows::side_by_side;
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::posture::Posture;
use glasskey::sim::aws::{Aws, Setup};
use glasskey::sim::clock::SimClock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The script for an office's account, in a file.
fn script(office: &Office) -> PathBuf {
    let done = office.run(&["--script"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done:?}");
    let path = office.path().join("check.sh");
    std::fs::write(&path, done.stdout).unwrap();
    path
}

fn carried_out(office: &Office, script: &PathBuf) -> Output {
    let path = format!("{}:{}", venv().join("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.arg(script).env_clear().envs(office.environment()).env("PATH", path).env("HOME", office.path());
    command.env("AWS_MAX_ATTEMPTS", "1").env("NO_PROXY", "*").output().unwrap()
}

/// What a script's lines say of each rule.
fn said(output: &Output) -> BTreeMap<String, String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let verdict = match words.next().unwrap() {
            "n/a" => "not_applicable",
            verdict => verdict,
        };
        (words.next().unwrap().to_owned(), verdict.to_owned())
    };
    text.lines().map(line).collect()
}

/// Its script and its audit agree but for these rules, which the script leaves open.
pub(super) fn agrees(office: &Office, open: &[&str], code: i32) {
    let before = office.aws.posture();
    let output = carried_out(office, &script(office));
    let mut said = said(&output);
    assert_eq!(office.aws.posture(), before, "it changes nothing");
    let (lines, _) = office.lines(&[]);
    let mut right = verdicts(&lines[0]);
    for rule in open {
        assert_eq!(said.remove(*rule).as_deref(), Some("unknown"), "{rule}: {output:?}");
        right.remove(*rule);
    }
    assert_eq!(said, right, "{output:?}");
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

/// An account as it should be, read by its administrator, who has a policy of their own.
pub(super) fn sound() -> Office {
    let aws = Aws::with(SimClock::host(), Setup::default());
    aws.protect();
    let admin = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    Office::over(aws, admin)
}

#[test]
fn the_aws_cli_comes_to_the_same_verdicts() {
    let states: Vec<Box<dyn FnOnce() + Send>> = vec![
        Box::new(|| {
            let office = sound();
            office.aws.attach("user/admin", "AdministratorAccess");
            agrees(&office, &[], 0);
        }),
        Box::new(|| {
            let office = sound();
            office.aws.arrange(|posture| *posture = Posture::default());
            let _ = office.aws.add_root_key(true);
            let _ = office.aws.add_user("bob");
            office.aws.attach("user/bob", "AdministratorAccess");
            agrees(&office, &[], 1);
        }),
        Box::new(|| {
            let office = sound();
            office.aws.arrange(|posture| {
                posture.metric_filters.iter_mut().for_each(|filter| filter.pattern = "{ $.a = \"b\" }".to_owned());
                posture.trails.iter_mut().for_each(|trail| trail.validation = false);
            });
            office.aws.use_root_password(std::time::Duration::from_secs(86_400));
            agrees(&office, &["other-admin"], 1);
        }),
        Box::new(|| {
            let (_organization, office, _) = organization(&[Kind::NoCredentials]);
            agrees(&office, &["scp-stops-tasks", "other-admin"], 4);
        }),
    ];
    side_by_side(2, states, |state| state());
}

/// States of which the script says that it does not know, and the audit does.
const OPEN: &[&str] = &[
    "an EventBridge rule in its place",
    "an EventBridge rule for sign-ins",
    "an EventBridge rule without target",
    "an EventBridge rule and a pending subscription",
    "a rule that writes to a log group",
    "a rule that names its account",
    "a rule without a trail",
    "a rule, and a trail that is off",
    "a rule, and a trail of reads",
    "a rule, and a trail of writes there",
    "a rule, and a trail of another region",
    "a rule, and the policy of a new topic",
    "a policy that wants TLS",
    "a policy that denies alarms",
    "AWS's own key, by its id",
    "a key for both",
    "a key for both, by an alias",
    "a key for the account alone",
    "a key that is not there",
    "a key that is switched off",
    "a key that cannot decrypt",
    "a filter that asks for none",
];

/// The whole of a script, and its part about what watches root.
const CHECKS: [&str; 2] =
    ["root_credentials\nroot_use\norganization\ntrails\nadministrators\nsettings\n", "trails\n"];

/// Every state of the audit's own table, with the AWS CLI: the script says what the audit says, or that it does not know.
#[test]
fn whom_root_alarms_is_judged_as_by_the_audit_or_left_open() {
    let cli = AwsCli::start();
    let wrong = side_by_side(4, watched(), |row| judged_alike(&cli, row));
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn judged_alike(cli: &AwsCli, (name, change, _): Row) -> Option<String> {
    let office = sound();
    change(&office.aws);
    let path = script(&office);
    let whole = std::fs::read_to_string(&path).unwrap();
    let part = whole.replace(CHECKS[0], CHECKS[1]);
    assert_ne!(part, whole);
    std::fs::write(&path, part).unwrap();
    let mut variables = office.environment();
    variables.push(("AWS_MAX_ATTEMPTS", "1".to_owned()));
    let output = cli.run(&path, &variables);
    let (said, mut right) = (said(&output), verdicts(&office.lines(&[]).0[0]));
    right.retain(|rule, _| said.contains_key(rule));
    assert_eq!(said.len(), 3, "{name}: {output:?}");
    if OPEN.contains(&name) {
        assert_ne!(right["root-alarm"], "unknown", "{name}");
        right.insert("root-alarm".to_owned(), "unknown".to_owned());
    }
    let code = match () {
        () if right.values().any(|verdict| verdict == "fail") => 1,
        () if right.values().any(|verdict| verdict == "unknown") => 4,
        () => 0,
    };
    let is_alike = said == right && output.status.code() == Some(code);
    (!is_alike).then(|| format!("{name}: {right:?}: {output:?}"))
}

/// Who may not ask AWS's own matcher is told so.
#[test]
fn what_may_not_be_asked_is_not_known() {
    let office = Office::sound();
    let output = carried_out(&office, &script(&office));
    assert_eq!((said(&output)["root-alarm"].as_str(), output.status.code()), ("unknown", Some(4)), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("logs:TestMetricFilter"), "{output:?}");
}

#[test]
fn the_script_is_for_one_account() {
    let (office, other) = (Office::sound(), Office::sound());
    let output = carried_out(&other, &script(&office));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with(&format!("; the script is for account {}\n", office.aws.account())), "{said}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn shellcheck_finds_nothing() {
    let office = Office::sound();
    let path = script(&office);
    let output = Command::new("shellcheck").arg(&path).output().expect("shellcheck, as scripts/prepare installs it");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn json_holds_the_script() {
    let office = Office::sound();
    let done = office.run(&["--script", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let (json, text) = (done.json(), std::fs::read_to_string(script(&office)).unwrap());
    assert_eq!(json["account"], office.aws.account());
    assert_eq!(json["script"], text);
}
