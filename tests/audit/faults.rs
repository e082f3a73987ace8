//! Every call in turn is denied, throttled, lost, and answered with a server error. Which calls there are is what the
//! simulator saw: a call that is new to the audit is new here too, and the test fails until it has its row.

use super::office::{Office, always, finding, organization, verdicts};
use glasskey::sim::aws::organization::{Kind, Status};
use glasskey::sim::aws::posture::{Key, Rule, Topic, allowing};
use glasskey::sim::aws::{Aws, Fault, Organization, Wrong};
use glasskey::sim::tap::{Tap, Wire};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// An audit that makes calls.
#[derive(Clone, Copy, Debug)]
enum Setting {
    /// A management account, seen from inside: a policy against root, and an alarm.
    Management,
    /// The same with an EventBridge rule in the alarm's place.
    WithRule,
    /// A member whose root has an access key.
    Member,
    /// A member whose root has a password and has not been used.
    UnusedMember,
}

/// A call, and the rules that are unknown without it.
type Row = (&'static str, &'static [&'static str]);

const FACTORS: &[&str] = &["root-hardware-mfa", "root-virtual-mfa", "root-two-factors"];
const MFA: &[&str] = &["root-mfa", "root-hardware-mfa", "root-virtual-mfa", "root-two-factors"];
const ROOT: &[&str] = &[
    "root-mfa",
    "root-hardware-mfa",
    "root-virtual-mfa",
    "root-two-factors",
    "root-access-keys",
    "root-certificates",
    "root-use",
    "root-credentials",
];

const MANAGEMENT: &[Row] = &[
    ("DescribeOrganization", &["root-credentials"]),
    ("GenerateCredentialReport", &["root-use"]),
    ("GetCredentialReport", &["root-use"]),
    ("GetAccountSummary", MFA),
    ("ListVirtualMFADevices", FACTORS),
    ("ListUsers", &["root-two-factors"]),
    ("ListMFADevices", &["root-two-factors", "admin-mfa"]),
    // Their access key is enough.
    ("GetLoginProfile", &[]),
    ("ListAccessKeys", &["other-admin"]),
    ("ListOrganizationsFeatures", &["central-root"]),
    ("ListPolicies", &["scp-stops-tasks"]),
    ("DescribePolicy", &["scp-stops-tasks"]),
    ("ListTargetsForPolicy", &["scp-stops-tasks"]),
    ("ListPoliciesForTarget", &["scp-stops-tasks"]),
    ("DescribeTrails", &["trail", "trail-validation", "root-alarm"]),
    ("GetTrailStatus", &["trail", "root-alarm"]),
    ("GetEventSelectors", &["trail", "root-alarm"]),
    ("DescribeMetricFilters", &["root-alarm"]),
    ("DescribeAlarms", &["root-alarm"]),
    ("ListSubscriptionsByTopic", &["root-alarm"]),
    ("GetTopicAttributes", &["root-alarm"]),
    ("GetSubscriptionAttributes", &["root-alarm"]),
    // The alarm is enough.
    ("ListRules", &[]),
    // Whether rules of other regions send to one that is gone: they tell nobody in any case.
    ("GetRole", &[]),
    ("GetAccountAuthorizationDetails", &["other-admin", "admin-mfa"]),
    ("GetAccountPasswordPolicy", &["password-policy"]),
    ("GetContactInformation", &["contact"]),
    ("GetAlternateContact", &["security-contact"]),
];

const WITH_RULE: &[Row] = &[
    ("ListRules", &["root-alarm"]),
    ("ListTargetsByRule", &["root-alarm"]),
    // That sign-ins are told of is enough; in which regions calls are not, is said where it is known.
    ("ListRegions", &[]),
    ("DescribeKey", &["root-alarm"]),
    ("GetKeyPolicy", &["root-alarm"]),
    // Whether root's events come to the rule at all.
    ("DescribeTrails", &["trail", "trail-validation", "root-alarm"]),
    ("GetTrailStatus", &["trail", "root-alarm"]),
    ("GetEventSelectors", &["trail", "root-alarm"]),
];

const MEMBER: &[Row] = &[
    // Then every account is taken for a member.
    ("DescribeOrganization", &[]),
    ("AssumeRoot", ROOT),
    ("GetAccountSummary", &["root-credentials"]),
    ("ListMFADevices", FACTORS),
    // That there are keys the summary says.
    ("ListAccessKeys", &["root-use"]),
    ("GetAccessKeyLastUsed", &["root-use"]),
    // The key was used: that is enough to know.
    ("GetUser", &[]),
    ("GetAlternateContact", &["security-contact"]),
];

const UNUSED_MEMBER: &[Row] = &[("GetUser", &["root-use"])];

const SETTINGS: [(Setting, &[Row]); 4] = [
    (Setting::Management, MANAGEMENT),
    (Setting::WithRule, WITH_RULE),
    (Setting::Member, MEMBER),
    (Setting::UnusedMember, UNUSED_MEMBER),
];

/// A setting, made.
struct Scene {
    office: Office,
    organization: Organization,
    member: Option<String>,
}

impl Scene {
    fn of(setting: Setting) -> Self {
        let kinds: &[Kind] = match setting {
            Setting::Management | Setting::WithRule => &[],
            Setting::Member => &[Kind::ActiveKey],
            Setting::UnusedMember => &[Kind::Sound],
        };
        let (organization, office, members) = organization(kinds);
        let spare = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"BoolIfExists":{"aws:AssumedRoot":"false"}}}]}"#;
        let id = organization.add_policy("no-root", spare).unwrap();
        organization.attach(&id, &organization.root_id());
        if matches!(setting, Setting::WithRule) {
            office.aws.arrange(|posture| {
                posture.metric_filters.clear();
                let topic = posture.subscriptions[0].topic.clone();
                let key = Key { policy: Some(allowing("kms:*", "*")), ..Key::default() };
                posture.topics = vec![Topic { key: Some(key.id.clone()), ..Topic::open(&topic) }];
                posture.keys = vec![key];
                posture.rules.push(Rule { targets: vec![topic], ..Rule::default() });
            });
        }
        Self { office, organization, member: members.first().cloned() }
    }

    /// In the account that calls, and in the one that is reached into.
    fn fail(&self, fault: &Fault) {
        self.office.aws.fail(fault.clone());
        let member = self.member.as_ref().and_then(|member| self.organization.account(member));
        member.iter().for_each(|member: &Aws| member.fail(fault.clone()));
    }

    fn audit(&self) -> (Value, i32) {
        let args: Vec<&str> = self.member.iter().flat_map(|member| ["--account", member]).collect();
        let (mut lines, code) = self.office.lines(&args);
        (lines.remove(0), code)
    }

    /// What is seen when nothing goes wrong, and every call that it takes, with its permission.
    fn well(setting: Setting) -> (Value, BTreeMap<String, String>) {
        let scene = Self::of(setting);
        let row = scene.audit().0;
        let calls = scene.office.aws.calls().into_iter();
        let calls = calls.filter(|call| call.action != "GetCallerIdentity");
        let calls = calls.map(|call| (call.action.clone(), format!("{}:{}", call.service, call.action))).collect();
        (row, calls)
    }
}

/// Runs every case of every setting, several at a time, and collects what is wrong.
fn sweep(judge: impl Fn(Setting, &Row, &Value, &str) -> Result<(), String> + Sync) {
    let mut cases = Vec::new();
    let well: Vec<_> = SETTINGS.iter().map(|(setting, _)| Scene::well(*setting)).collect();
    for ((setting, rows), (row, calls)) in SETTINGS.iter().zip(&well) {
        for case in *rows {
            let permission = calls.get(case.0).unwrap_or_else(|| panic!("{setting:?}: {} is not called", case.0));
            cases.push((*setting, case, row, permission));
        }
    }
    let (next, wrong) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let case = next.lock().unwrap().next();
                    let Some((setting, case, row, permission)) = case else { break };
                    if let Err(why) = judge(*setting, case, row, permission) {
                        wrong.lock().unwrap().push(format!("{setting:?}, {}: {why}", case.0));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The rules of the case are unknown and name the permission; every other says what it said before.
fn unknown_and_no_other(
    seen: &Value,
    code: i32,
    case: &Row,
    well: &Value,
    permission: &str,
    exit: i32,
) -> Result<(), String> {
    let (before, after) = (verdicts(well), verdicts(seen));
    let changed: BTreeSet<&str> =
        after.iter().filter(|(rule, now)| before.get(*rule) != Some(now)).map(|(rule, _)| rule.as_str()).collect();
    let wanted: BTreeSet<&str> = case.1.iter().copied().collect();
    if changed != wanted || changed.iter().any(|rule| after[*rule] != "unknown") {
        return Err(format!("changed are {changed:?}: {after:?}"));
    }
    for rule in wanted {
        let unreadable = finding(seen, rule)["unreadable"].as_array().unwrap();
        if !unreadable.iter().any(|why| why["permission"] == permission) {
            return Err(format!("{rule} does not name {permission}: {unreadable:?}"));
        }
    }
    let exit = match () {
        () if after.values().any(|verdict| verdict == "fail") => 1,
        () if after.values().any(|verdict| verdict == "unknown") => exit,
        () => 0,
    };
    if code == exit { Ok(()) } else { Err(format!("exit {code}, not {exit}")) }
}

#[test]
fn no_call_is_left_out() {
    let mut seen = BTreeSet::new();
    let mut known = BTreeSet::new();
    for (setting, rows) in SETTINGS {
        seen.extend(Scene::well(setting).1.into_keys());
        known.extend(rows.iter().map(|(action, _)| (*action).to_owned()));
    }
    assert_eq!(seen, known, "the calls that an audit makes, and those that are made to fail here");
}

/// A refusal is not a pass and not a failure; the permission is named, and only a person can grant it.
#[test]
fn each_call_is_denied_in_turn() {
    sweep(|setting, case, well, permission| {
        let scene = Scene::of(setting);
        scene.fail(&always(case.0, Wrong::Deny));
        let (seen, code) = scene.audit();
        unknown_and_no_other(&seen, code, case, well, permission, 5)?;
        let reasons = case.1.iter().flat_map(|rule| finding(&seen, rule)["unreadable"].as_array().unwrap());
        let needs = format!("(needs {permission})");
        match reasons.map(|why| why["reason"].as_str().unwrap()).find(|reason| !reason.ends_with(&needs)) {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(()),
        }
    });
}

/// Throttling, in each service's own words, is waited out, and then all is as it is.
#[test]
fn each_call_is_throttled_in_turn() {
    sweep(|setting, case, well, permission| {
        let (status, code) = match permission.split(':').next().unwrap() {
            "iam" | "sts" => (400, "Throttling"),
            "sns" => (429, "Throttled"),
            "organizations" | "account" => (429, "TooManyRequestsException"),
            _ => (400, "ThrottlingException"),
        };
        let scene = Scene::of(setting);
        let what = Wrong::Code { status, code: code.to_owned(), message: "Rate exceeded".to_owned() };
        scene.fail(&Fault { action: Some(case.0.to_owned()), nth: 1, times: 2, what });
        let (seen, code) = scene.audit();
        unknown_and_no_other(&seen, code, &(case.0, &[]), well, permission, 4)
    });
}

/// A reply that is lost and then a server error: the third answer counts.
#[test]
fn each_call_is_lost_in_turn() {
    sweep(|setting, case, well, permission| {
        let scene = Scene::of(setting);
        scene.fail(&Fault::nth(case.0, 1, Wrong::LoseReply));
        let what = Wrong::Code { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() };
        scene.fail(&Fault::nth(case.0, 2, what));
        let (seen, code) = scene.audit();
        unknown_and_no_other(&seen, code, &(case.0, &[]), well, permission, 4)
    });
}

/// A service that is down stays unknown; the next run may tell, so the code is another than for a refusal.
#[test]
fn each_call_is_answered_by_a_server_error_in_turn() {
    sweep(|setting, case, well, permission| {
        let scene = Scene::of(setting);
        let what = Wrong::Code { status: 500, code: "InternalFailure".to_owned(), message: String::new() };
        scene.fail(&always(case.0, what));
        let (seen, code) = scene.audit();
        unknown_and_no_other(&seen, code, case, well, permission, 4)
    });
}

/// Calls that are made only because another was refused.
#[test]
fn calls_behind_a_refusal() {
    let scene = Scene::of(Setting::Member);
    for action in ["GetAccountSummary", "ListSigningCertificates"] {
        scene.fail(&always(action, Wrong::Deny));
    }
    let (seen, code) = scene.audit();
    let certificates = finding(&seen, "root-certificates");
    assert_eq!((certificates["verdict"].as_str(), code), (Some("unknown"), 1));
    assert_eq!(certificates["unreadable"][0]["permission"], "iam:ListSigningCertificates");

    // Whether it has been closed cannot be told either: it is as unknown as before.
    let scene = Scene::of(Setting::UnusedMember);
    for action in ["AssumeRoot", "DescribeAccount"] {
        scene.fail(&always(action, Wrong::Deny));
    }
    let (seen, code) = scene.audit();
    assert_eq!((seen["verdict"].as_str(), code), (Some("unknown"), 5));
}

/// With what must be waited for and what must be granted, asking again comes first.
#[test]
fn four_goes_before_five_and_one_before_both() {
    let office = Office::sound();
    office.aws.fail(always("GetContactInformation", Wrong::Deny));
    assert_eq!(office.run(&[]).code, 5);
    let what = Wrong::Code { status: 500, code: "InternalFailure".to_owned(), message: String::new() };
    office.aws.fail(always("GetAlternateContact", what));
    assert_eq!(office.run(&[]).code, 4);
    // Neither counts from here on.
    assert_eq!(office.run(&["--fail-on", "high"]).code, 0);
    office.aws.arrange(|posture| posture.password_policy = None);
    assert_eq!(office.run(&[]).code, 1);
}

/// Who must sign in again first is told so, and nothing is known without it.
#[test]
fn credentials_that_expire_on_the_way() {
    let office = Office::sound();
    office.aws.fail(Fault { action: None, nth: 2, times: 1_000_000, what: Wrong::Expire });
    let (lines, code) = office.lines(&[]);
    assert_eq!((lines[0]["verdict"].as_str(), code), (Some("unknown"), 5));
    assert!(verdicts(&lines[0]).values().all(|verdict| verdict == "unknown"), "{}", lines[0]);
    let reason = &finding(&lines[0], "root-mfa")["unreadable"][0]["reason"];
    assert_eq!(reason, "GetAccountSummary: the AWS credentials have expired");
}

/// An account is closed between the list and its turn, or after the session was opened.
#[test]
fn an_account_is_closed_half_way() {
    for (at, done, status, word) in [
        ("AssumeRoot", false, Status::Suspended, "SUSPENDED"),
        ("AssumeRoot", false, Status::PendingClosure, "PENDING_CLOSURE"),
        ("GetAccountSummary", false, Status::Suspended, "SUSPENDED"),
    ] {
        let (organization, office, members) = organization(&[Kind::NoMfa, Kind::NoCredentials]);
        let tap = Tap::default();
        office.aws.tap(&tap);
        let (register, closing) = (organization.clone(), members[0].clone());
        tap.listen(move |passing| {
            if matches!(&passing.wire, Wire::Aws { action } if action == at) && passing.done == done {
                register.set_status(&closing, status);
                // What a closed account's sessions may do is not documented; the worst is assumed.
                let member = register.account(&closing).unwrap();
                member.fail(always("GetAccountSummary", Wrong::Deny));
            }
        });
        let (lines, code) = office.lines(&["--org"]);
        let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
        let closed = of(&members[0]);
        assert_eq!((closed["verdict"].as_str(), closed["state"].as_str()), (Some("closed"), Some(word)), "{at}");
        assert!(closed["name"].as_str().unwrap().starts_with("no-mfa-"), "{closed}");
        assert_eq!((of(&members[1])["verdict"].as_str(), code), (Some("pass"), 0), "{at}: {}", of("111122223333"));
        assert_eq!(lines.last().unwrap()["closed"], 1);
    }
    // One that is being made is not closed: it is asked, and what it does not tell is not known.
    let (register, office, members) = organization(&[Kind::Sound]);
    register.set_status(&members[0], Status::PendingActivation);
    let (lines, code) = office.lines(&["--org"]);
    let waiting = lines.iter().find(|line| line["account"] == members[0].as_str()).unwrap();
    let shown = (waiting["verdict"].as_str(), waiting["state"].as_str());
    assert_eq!((shown, code), ((Some("unknown"), Some("PENDING_ACTIVATION")), 5), "{waiting}");
    assert_eq!(lines.last().unwrap()["closed"], 0);
    // One that is named and has been closed long ago is no different.
    let (organization, office, members) = organization(&[Kind::NoMfa]);
    organization.set_status(&members[0], Status::Suspended);
    let (lines, code) = office.lines(&["--account", &members[0]]);
    assert_eq!((lines[0]["verdict"].as_str(), code), (Some("closed"), 0));
}
