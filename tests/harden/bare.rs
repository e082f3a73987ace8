//! From a bare account, and from a bare organization, to an audit that passes: one command, one confirmation, one mail. Said
//! again, it changes nothing.

use super::alarm_world::{ADDRESS, Reader, chain};
use super::trail::AT_ONCE;
use super::world::{CONTACT, organization};
use crate::audit::office::{Office, auditor};
use crate::audit::prowler::{CHECKS, prowler};
use crate::enroll::api;
use crate::support::{Run, Simulated, Typist, run};
use glasskey::aws::Call;
use glasskey::sim::aws::organization::Kind as MemberKind;
use glasskey::sim::aws::posture::PasswordPolicy;
use glasskey::sim::aws::{self, Aws, Organization};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// What `root harden` closes.
const CLOSED: [&str; 10] = [
    "other-admin",
    "trail",
    "trail-validation",
    "root-alarm",
    "password-policy",
    "security-contact",
    "central-root",
    "root-access-keys",
    "root-certificates",
    "root-credentials",
];

/// Somebody who hardens, and whoever reads the mail.
struct Story {
    outside: Simulated,
    caller: aws::Keys,
    _reader: Reader,
}

/// Everything that there is in the accounts, and nothing that passes by itself.
#[derive(Debug, PartialEq, Eq)]
struct Everything(Vec<String>);

impl Everything {
    fn of(aws: &Aws) -> Self {
        let organization = Organization::of(aws);
        let accounts = organization.iter().flat_map(|organization| {
            organization.members().into_iter().filter_map(|number| organization.account(&number))
        });
        let mut all: Vec<String> = std::iter::once(aws.clone()).chain(accounts).map(|one| account(&one)).collect();
        all.extend(organization.map(|organization| format!("{} {:?}", organization.view(), organization.policies())));
        Self(all)
    }
}

fn account(aws: &Aws) -> String {
    let mut posture = aws.posture();
    let alarms = chain(&posture);
    // What the alarms were told, and what has become of them.
    (posture.alarms, posture.alarm_history, posture.datapoints) = Default::default();
    let admin = aws.admin();
    let iam = ["GetAccountAuthorizationDetails", "GetAccountSummary"].map(|action| {
        let text = api::answered(aws, &admin, action, &[]);
        let is_denied = text.contains("AccessDenied");
        let text = if is_denied { api::call(aws, &aws.root_session(), action, &[]) } else { text };
        text.lines().filter(|line| !line.contains("RequestId")).collect::<String>()
    });
    let users = aws.users().into_iter().map(|user| user.name).chain(["root".to_owned()]);
    let keys: Vec<String> = users.map(|user| format!("{user}: {} keys", aws.access_keys(&user).len())).collect();
    let devices: Vec<_> = aws.devices().into_iter().map(|device| (device.arn, device.user)).collect();
    format!("{posture:?} {alarms:?} {iam:?} {keys:?} {devices:?}")
}

/// An account that nobody has set up: nothing records, nobody is told, the passwords are weak.
fn strip(aws: &Aws) {
    aws.arrange(|posture| {
        *posture = aws::Posture::default();
        posture.delays = AT_ONCE;
        posture.password_policy = Some(PasswordPolicy { minimum_length: 6, ..PasswordPolicy::default() });
    });
}

impl Story {
    fn by(outside: Simulated, caller: aws::Keys) -> Self {
        let reader = Reader::of(&outside.aws);
        Self { outside, caller, _reader: reader }
    }

    /// Only root is in the account, with a password, an access key that was never used, and a certificate. Root's own
    /// security keys are there: only a person can register them, in the console.
    fn account() -> Self {
        let outside = Simulated::with_keys(1);
        let caller = outside.aws.root_session();
        let arguments = [("UserName", "admin"), ("PolicyName", "Administrator")];
        let _ = api::call(&outside.aws, &caller, "DeleteUserPolicy", &arguments);
        strip(&outside.aws);
        let _ = outside.aws.add_root_key(true);
        let _ = outside.aws.add_root_certificate(true);
        for name in ["desk", "safe"] {
            let _ = outside.aws.add_fido_for("root", name);
        }
        Self::by(outside, caller)
    }

    /// An organization of 25 accounts, with members of every kind. Its administrator has MFA, and central root access is on.
    fn organization() -> Self {
        let kinds: Vec<MemberKind> = MemberKind::ALL.into_iter().cycle().take(24).collect();
        let outside = organization(&kinds);
        let register = Organization::of(&outside.aws).unwrap();
        register.trust("cloudtrail.amazonaws.com", false);
        strip(&outside.aws);
        let caller = outside.aws.admin();
        Self::by(outside, caller)
    }

    fn command(&self, args: &[String]) -> Command {
        let mut command = self.outside.keys.bare([&["root".to_owned(), "harden".to_owned()], args].concat());
        command.envs(self.outside.environment(&self.caller));
        command
    }

    /// At a terminal: what was on it, and what came of it.
    fn applied(&self, args: &[String], question: &str, answer: &str) -> (String, Run) {
        let mut typist = Typist::start(&self.command(args));
        typist.sees(question).types(answer);
        typist.end()
    }

    /// Each account's verdicts that neither pass nor do not apply, of what `root harden` closes.
    fn not_closed(&self, args: &[&str]) -> Vec<String> {
        let mut audit = self.outside.glasskey_as(&self.caller, [&["root", "audit", "--json"], args].concat());
        let done = run(&mut audit);
        let rows: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let accounts = rows.iter().filter(|row| row["findings"].is_array());
        let findings = accounts.flat_map(|row| {
            row["findings"].as_array().unwrap().iter().map(|finding| (row["account"].clone(), finding.clone()))
        });
        let open = findings.filter(|(_, finding)| {
            let well = finding["verdict"] == "pass" || finding["verdict"] == "not_applicable";
            !well && CLOSED.contains(&finding["id"].as_str().unwrap())
        });
        open.map(|(account, finding)| format!("{account} {finding}")).collect()
    }

    /// The calls since so many that have changed something.
    fn changes(&self, since: usize) -> Vec<String> {
        let changing: Vec<String> = Call::changing().map(|call| call.to_string()).collect();
        let looks = ["AssumeRoot", "GenerateCredentialReport"];
        let calls = self.outside.actions().split_off(since).into_iter();
        calls.filter(|action| changing.contains(action) && !looks.contains(&action.as_str())).collect()
    }

    /// Said again there is nothing to do, nothing is asked, and nothing is another.
    fn said_again(&self, args: &[String]) {
        let (before, calls) = (Everything::of(&self.outside.aws), self.outside.actions().len());
        let mut command =
            self.outside.glasskey_as(&self.caller, [&["root".to_owned(), "harden".to_owned()], args].concat());
        let again = run(&mut command);
        assert_eq!((again.code, again.stdout.lines().next()), (0, Some("nothing to do")), "{again:?}");
        assert_eq!(self.changes(calls), [""; 0]);
        assert_eq!(Everything::of(&self.outside.aws), before);
    }
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

/// Every step's values named, and what cannot be undone agreed to.
fn all_named(story: &Story) -> Vec<String> {
    let taken = story.outside.keys.home.path().join("taken");
    let taking = format!("cat >'{}'", taken.display());
    let serial = story.outside.keys.key(0).serial().unwrap().to_string();
    let admin = [
        "--apply",
        "--accept-irreversible",
        "--admin-user",
        "boss",
        "--admin-key",
        &serial,
        "--password-to-command",
        &taking,
    ];
    [words(&admin), words(&["--alarm-email", ADDRESS]), words(&CONTACT)].concat()
}

#[test]
fn from_a_bare_account_to_a_passing_audit_by_one_command_and_one_confirmation() {
    let story = Story::account();
    let open = story.not_closed(&[]);
    for finding in ["other-admin", "root-access-keys", "root-certificates", "trail", "root-alarm", "password-policy"]
    {
        assert!(open.iter().any(|line| line.contains(&format!("\"{finding}\""))), "{finding}: {open:?}");
    }
    let number = story.outside.aws.account();
    let args = all_named(&story);
    let question = format!("Type the account number to change account {number}: ");
    let (screen, done) = story.applied(&args, &question, &number);
    assert_eq!(done.code, 0, "{screen} {done:?}");
    // Nothing else was asked.
    assert_eq!(screen.trim(), format!("{question}{number}"));
    assert_eq!(story.not_closed(&[]), [""; 0]);
    let mails = story.outside.aws.mailbox();
    assert_eq!(mails.iter().filter(|mail| mail.link.is_some()).count(), 1, "{mails:?}");
    story.said_again(&args);
}

#[allow(clippy::print_stdout)]
#[test]
fn from_a_bare_organization_to_a_passing_audit_by_one_command_and_one_confirmation() {
    let story = Story::organization();
    let register = Organization::of(&story.outside.aws).unwrap();
    let over: Vec<String> = register
        .members()
        .iter()
        .flat_map(|member| register.account(member).unwrap().access_keys("root"))
        .filter(|key| key.used)
        .flat_map(|key| ["--override".to_owned(), key.id])
        .collect();
    assert_eq!(over.len(), 4);
    let apply = ["--org", "--apply", "--accept-irreversible", "--members-password", "--members-mfa"];
    let args = [words(&apply), over, words(&["--alarm-email", ADDRESS]), words(&CONTACT)].concat();
    let open = story.not_closed(&["--org"]);
    assert!(open.len() > 20, "{open:?}");
    let calls = story.outside.actions().len();
    let id = register.view()["id"].as_str().unwrap().to_owned();
    let question = "Type the organization's id and its number of accounts";
    let (screen, done) = story.applied(&args, question, &format!("{id} 25"));
    assert_eq!(done.code, 0, "{screen} {done:?}");
    assert_eq!(screen.matches('?').count() + screen.matches("Type ").count(), 1, "{screen}");
    let made = story.outside.actions().len() - calls;
    println!("root harden --org, 25 accounts: {made} calls, {} of them change something", story.changes(calls).len());
    assert_eq!(story.not_closed(&["--org"]), [""; 0]);
    let member = register.account(&register.members()[0]).unwrap();
    assert!(register.view()["trusted"].to_string().contains("cloudtrail"), "{}", member.account());
    story.said_again(&args);
}

/// Prowler's verdicts on what was open before and is closed afterwards.
#[test]
fn prowlers_checks_that_failed_pass_once_an_account_is_hardened() {
    let story = Story::account();
    let aws = &story.outside.aws;
    let office = Office::over(aws.clone(), auditor(aws));
    let before = prowler(&[&office]).remove(0);
    let args = [all_named(&story), words(&["--yes"])].concat();
    let done = run(&mut story.command(&args));
    assert_eq!(done.code, 0, "{done:?}");
    aws.forget_report();
    let after = prowler(&[&office]).remove(0);
    let failed = |verdicts: &BTreeMap<String, String>| -> Vec<String> {
        verdicts.iter().filter(|(_, verdict)| *verdict == "FAIL").map(|(check, _)| check.clone()).collect()
    };
    let closed = [
        "cloudtrail_multi_region_enabled",
        "cloudwatch_log_metric_filter_root_usage",
        "iam_no_root_access_key",
        "iam_password_policy_minimum_length_14",
    ];
    assert!(closed.iter().all(|check| failed(&before).iter().any(|one| one == check)), "{before:?}");
    assert_eq!(failed(&after), [""; 0], "{after:?}");
    for (check, _) in CHECKS.iter().filter(|(check, _)| !["iam_avoid_root_usage"].contains(check)) {
        assert!(["PASS", "NOTHING"].contains(&after[*check].as_str()), "{check}: {after:?}");
    }
    assert_eq!(after["cloudtrail_log_file_validation_enabled"], "PASS");
    assert_eq!(after["iam_root_hardware_mfa_enabled"], "PASS");
}
