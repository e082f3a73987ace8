//! Prowler judges: its checks about root run against the same simulated account, and each verdict is held against
//! glasskey's. Where they differ the difference is in [`DIFFERENCES`], with the reason; one that is not there, and one
//! that is there and is no longer, fails. The table in docs/audit.md is written from it.

use super::office::{Office, finding, organization};
use crate::docs;
use crate::interop_aws;
use glasskey::sim::aws::organization::{Feature, Kind};
use glasskey::sim::aws::posture::{BasicSelector, PasswordPolicy, Rule, Selectors, Topic};
use glasskey::sim::aws::{Aws, Organization};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// The checks, each with the rules that are about the same.
pub(crate) const CHECKS: [(&str, &[&str]); 11] = [
    ("iam_root_mfa_enabled", &["root-mfa"]),
    ("iam_root_hardware_mfa_enabled", &["root-hardware-mfa"]),
    ("iam_no_root_access_key", &["root-access-keys"]),
    ("iam_avoid_root_usage", &["root-use"]),
    ("iam_root_credentials_management_enabled", &["central-root"]),
    ("iam_password_policy_minimum_length_14", &["password-policy"]),
    ("iam_password_policy_reuse_24", &["password-policy"]),
    ("iam_administrator_access_with_mfa", &["admin-mfa"]),
    ("cloudtrail_multi_region_enabled", &["trail"]),
    ("cloudtrail_log_file_validation_enabled", &["trail-validation"]),
    ("cloudwatch_log_metric_filter_root_usage", &["root-alarm"]),
];

/// An account's state.
type State = (&'static str, fn() -> Office);

/// State, check, Prowler's verdict, glasskey's, and why glasskey's is right.
type Difference = (&'static str, &'static str, &'static str, &'static str, &'static str);

const DIFFERENCES: &[Difference] = &[
    (
        "root has a security key and a virtual device",
        "iam_root_hardware_mfa_enabled",
        "FAIL",
        "PASS",
        "there is a hardware factor; that the virtual one should go is another finding, `root-virtual-mfa`, with another fix",
    ),
    (
        "root has security keys, a user `groot` a virtual device",
        "iam_root_hardware_mfa_enabled",
        "FAIL",
        "PASS",
        "the device is not root's: Prowler looks for `root` anywhere in its owner's ARN",
    ),
    (
        "root has no credentials",
        "iam_no_root_access_key",
        "NOTHING",
        "PASS",
        "there is no key, which is what is asked",
    ),
    (
        "root has no credentials",
        "iam_avoid_root_usage",
        "ERROR",
        "NOTHING",
        "Prowler takes the report's `N/A` for a date, and the check ends there",
    ),
    (
        "root has an inactive access key",
        "iam_no_root_access_key",
        "PASS",
        "FAIL",
        "root can switch it on again, and AWS's own summary counts it",
    ),
    (
        "root has no password and an active access key",
        "iam_root_mfa_enabled",
        "FAIL",
        "NOTHING",
        "MFA is asked for at sign-in, and without a password there is none; the key is a finding of its own",
    ),
    ("root has no password and an active access key", "iam_root_hardware_mfa_enabled", "FAIL", "NOTHING", "the same"),
    (
        "root has no password and an active access key",
        "iam_avoid_root_usage",
        "ERROR",
        "PASS",
        "as above: `N/A` is no date; the key has not been used",
    ),
    (
        "root signed in 30 days ago",
        "iam_avoid_root_usage",
        "PASS",
        "FAIL",
        "Prowler looks back one day, glasskey 90; the benchmark leaves the number open",
    ),
    (
        "the report writes `TRUE`; root's key was used 30 days ago",
        "iam_root_mfa_enabled",
        "NOTHING",
        "PASS",
        "AWS's documentation has `TRUE`, reports have `true`; Prowler takes the first for no credentials",
    ),
    (
        "the report writes `TRUE`; root's key was used 30 days ago",
        "iam_root_hardware_mfa_enabled",
        "NOTHING",
        "PASS",
        "the same",
    ),
    (
        "the report writes `TRUE`; root's key was used 30 days ago",
        "iam_no_root_access_key",
        "NOTHING",
        "FAIL",
        "the same: an active key goes unnoticed",
    ),
    (
        "the report writes `TRUE`; root's key was used 30 days ago",
        "iam_avoid_root_usage",
        "PASS",
        "FAIL",
        "one day, and 90",
    ),
    (
        "a trail of one region",
        "cloudtrail_multi_region_enabled",
        "PASS",
        "FAIL",
        "Prowler answers for each region that it scans, here one; the others are not recorded",
    ),
    (
        "a trail of one region",
        "cloudtrail_log_file_validation_enabled",
        "PASS",
        "FAIL",
        "the same: glasskey asks it of a trail of all regions",
    ),
    (
        "a management account, `RootCredentialsManagement` alone",
        "iam_root_credentials_management_enabled",
        "PASS",
        "FAIL",
        "glasskey asks for both features: without `RootSessions` a locked bucket or queue needs root's credentials again",
    ),
    (
        "a trail of reads",
        "cloudtrail_multi_region_enabled",
        "PASS",
        "FAIL",
        "it does not record who changed what: Prowler does not look at the selectors",
    ),
    (
        "a trail that cannot deliver",
        "cloudtrail_multi_region_enabled",
        "PASS",
        "FAIL",
        "nothing arrives: Prowler does not look at the last delivery's error",
    ),
    (
        "a trail of one region",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "root's events of other regions pass by unseen",
    ),
    ("a trail that is off", "cloudwatch_log_metric_filter_root_usage", "PASS", "FAIL", "no event reaches the filter"),
    (
        "a trail of reads",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "the events do not reach the filter",
    ),
    (
        "a trail that cannot deliver",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "the same trail is not counted on for anything",
    ),
    (
        "the filter's terms in another order",
        "cloudwatch_log_metric_filter_root_usage",
        "FAIL",
        "PASS",
        "it matches the same events: Prowler's is a regular expression for one order",
    ),
    (
        "the filter's terms joined by `||`",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "it counts everybody's events: the regular expression finds its words",
    ),
    (
        "the filter with one more term, which leaves sign-ins out",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "it misses the event that matters most; glasskey shows it",
    ),
    ("an alarm without action", "cloudwatch_log_metric_filter_root_usage", "PASS", "FAIL", "nobody is told"),
    (
        "an alarm from five events on",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "four uses of root raise nothing",
    ),
    (
        "a subscription that is pending",
        "cloudwatch_log_metric_filter_root_usage",
        "PASS",
        "FAIL",
        "nobody is told until it is confirmed",
    ),
    (
        "an EventBridge rule in the filter's place",
        "cloudwatch_log_metric_filter_root_usage",
        "FAIL",
        "PASS",
        "somebody is told, by another way",
    ),
    (
        "an administrator without MFA",
        "iam_administrator_access_with_mfa",
        "NOTHING",
        "FAIL",
        "Prowler's check is about groups; a policy attached to the user makes the same administrator",
    ),
];

fn office(change: fn(&Aws)) -> Office {
    let office = Office::sound();
    change(&office.aws);
    office
}

fn factors(aws: &Aws, kept: usize) {
    let of_root = aws.devices().into_iter().filter(|device| device.user.as_deref() == Some("root"));
    of_root.skip(kept).for_each(|device| aws.remove_device(&device.arn));
}

fn managed(change: fn(&Organization)) -> Office {
    let (organization, office, _) = organization(&[Kind::NoCredentials]);
    change(&organization);
    office
}

const DAY: Duration = Duration::from_secs(86_400);

fn states() -> Vec<State> {
    vec![
        ("all is as it should be", || office(|_| {})),
        ("root has no MFA", || office(|aws| factors(aws, 0))),
        ("root has a virtual device", || {
            office(|aws| {
                factors(aws, 0);
                aws.add_virtual_for("root", "phone");
            })
        }),
        ("root has a hardware token", || {
            office(|aws| {
                factors(aws, 0);
                aws.add_token_for("root", "GAHT12345678");
            })
        }),
        ("root has a security key and a virtual device", || {
            office(|aws| {
                factors(aws, 1);
                aws.add_virtual_for("root", "phone");
            })
        }),
        ("root has security keys, a user `groot` a virtual device", || {
            office(|aws| {
                let _ = aws.add_user("groot");
                aws.add_virtual_for("groot", "groot");
            })
        }),
        ("root has no credentials", || office(Aws::strip_root)),
        ("root has an active access key", || office(|aws| drop(aws.add_root_key(true)))),
        ("root has an inactive access key", || office(|aws| drop(aws.add_root_key(false)))),
        ("root has no password and an active access key", || {
            office(|aws| {
                aws.strip_root();
                let _ = aws.add_root_key(true);
            })
        }),
        ("root signed in an hour ago", || office(|aws| aws.use_root_password(DAY / 24))),
        ("root signed in 30 days ago", || office(|aws| aws.use_root_password(DAY * 30))),
        ("root's key was used an hour ago", || {
            office(|aws| {
                let id = aws.add_root_key(true);
                aws.use_key(&id, DAY / 24, "ec2", "us-east-1");
            })
        }),
        ("the report writes `TRUE`; root's key was used 30 days ago", || {
            office(|aws| {
                aws.arrange(|posture| posture.report.capitals = true);
                let id = aws.add_root_key(true);
                aws.use_key(&id, DAY * 30, "ec2", "us-east-1");
            })
        }),
        ("no trail", || office(|aws| aws.arrange(|posture| posture.trails.clear()))),
        ("a trail of one region", || office(|aws| aws.arrange(|posture| posture.trails[0].multi_region = false))),
        ("a trail that is off", || office(|aws| aws.arrange(|posture| posture.trails[0].logging = false))),
        ("a trail of reads", || {
            office(|aws| {
                aws.arrange(|posture| {
                    let reads = BasicSelector { read_write: "ReadOnly".to_owned(), ..BasicSelector::default() };
                    posture.trails[0].selectors = Selectors::Basic(vec![reads]);
                })
            })
        }),
        ("a trail that cannot deliver", || {
            office(|aws| {
                aws.arrange(|posture| posture.trails[0].delivery_error = Some("AccessDenied".to_owned()));
            })
        }),
        ("a trail that is not validated", || {
            office(|aws| aws.arrange(|posture| posture.trails[0].validation = false))
        }),
        ("no filter", || office(|aws| aws.arrange(|posture| posture.metric_filters.clear()))),
        ("the filter's terms in another order", || {
            filter(
                r#"{ ($.eventType != AwsServiceEvent) && ($.userIdentity.invokedBy NOT EXISTS) && ($.userIdentity.type = "Root") }"#,
            )
        }),
        ("the filter's terms joined by `||`", || {
            filter(
                r#"{ $.userIdentity.type = "Root" || $.userIdentity.invokedBy NOT EXISTS || $.eventType != "AwsServiceEvent" }"#,
            )
        }),
        ("the filter with one more term, which leaves sign-ins out", || {
            filter(
                r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" && $.eventName != "ConsoleLogin" }"#,
            )
        }),
        ("no alarm", || office(|aws| aws.arrange(|posture| posture.alarms.clear()))),
        ("an alarm without action", || office(|aws| aws.arrange(|posture| posture.alarms[0].actions.clear()))),
        ("an alarm from five events on", || office(|aws| aws.arrange(|posture| posture.alarms[0].threshold = 5))),
        ("a subscription that is pending", || {
            office(|aws| aws.arrange(|posture| posture.subscriptions[0].confirmed = false))
        }),
        ("an EventBridge rule in the filter's place", || {
            office(|aws| {
                aws.arrange(|posture| {
                    posture.metric_filters.clear();
                    let targets = vec![posture.subscriptions[0].topic.clone()];
                    posture.topics = targets.iter().map(|arn| Topic::open(arn)).collect();
                    posture.rules.push(Rule { targets, ..Rule::default() });
                })
            })
        }),
        ("no password policy", || office(|aws| aws.arrange(|posture| posture.password_policy = None))),
        ("a password policy of 13 characters", || {
            office(|aws| {
                aws.arrange(|posture| {
                    posture.password_policy = Some(PasswordPolicy { minimum_length: 13, ..PasswordPolicy::default() })
                })
            })
        }),
        ("an administrator without MFA", || {
            office(|aws| {
                let _ = aws.add_user("alice");
                aws.attach("user/alice", "AdministratorAccess");
            })
        }),
        ("an administrator by a group, without MFA", || {
            office(|aws| {
                let _ = aws.add_user("alice");
                aws.add_group("ops", &["alice"]);
                aws.attach("group/ops", "AdministratorAccess");
            })
        }),
        ("a management account, both root features on", || managed(|_| {})),
        ("a management account, `RootCredentialsManagement` alone", || {
            managed(|organization| organization.set_features(&[Feature::RootCredentialsManagement]))
        }),
        ("a management account, no root feature on", || managed(|organization| organization.set_features(&[]))),
        ("a management account, IAM not trusted", || {
            managed(|organization| organization.trust("iam.amazonaws.com", false))
        }),
    ]
}

fn filter(pattern: &'static str) -> Office {
    let office = Office::sound();
    office.aws.arrange(|posture| posture.metric_filters[0].pattern = pattern.to_owned());
    office
}

/// Runs Prowler for several accounts, one after the other.
pub(crate) fn prowler(offices: &[&Office]) -> Vec<BTreeMap<String, String>> {
    let python = interop_aws::venv_with_prowler().join("bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit/run_prowler.py");
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg(script).args(CHECKS.map(|(check, _)| check)).current_dir(home.path());
    command.env_clear().env("HOME", home.path()).env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_MAX_ATTEMPTS", "1");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut accounts, mut told) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
    let mut verdicts = Vec::new();
    for office in offices {
        let environment: BTreeMap<_, _> = office.environment().into_iter().collect();
        writeln!(accounts, "{}", json!(environment)).unwrap();
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        verdicts.push(serde_json::from_str(&line).unwrap_or_else(|_| {
            drop(process.kill());
            let said = std::io::read_to_string(process.stderr.take().unwrap()).unwrap();
            panic!("Prowler has not answered: {line:?}\n{said}")
        }));
    }
    drop(accounts);
    process.wait().unwrap();
    verdicts
}

/// glasskey's verdict on a check, in Prowler's words: `NOTHING` where the question does not arise.
fn ours(row: &Value, check: &str, rules: &[&str]) -> &'static str {
    let verdicts: Vec<&str> = rules.iter().map(|rule| finding(row, rule)["verdict"].as_str().unwrap()).collect();
    // One rule judges the policy's length and its memory: which of the two is wrong its evidence says.
    if check.starts_with("iam_password_policy") && verdicts == ["fail"] {
        let evidence = finding(row, "password-policy")["evidence"][0].as_str().unwrap();
        let short = evidence == "none is set" || evidence.starts_with("at least 13");
        let forgetful = evidence == "none is set" || !evidence.ends_with("24 old passwords remembered");
        return if (check.ends_with("14") && short) || (check.ends_with("24") && forgetful) {
            "FAIL"
        } else {
            "PASS"
        };
    }
    match verdicts.as_slice() {
        ["pass"] => "PASS",
        ["fail"] => "FAIL",
        ["not_applicable"] => "NOTHING",
        other => panic!("{check}: {other:?}"),
    }
}

#[test]
fn prowlers_verdicts_and_ours() {
    let states = states();
    let offices: Vec<Office> = states.iter().map(|(_, make)| make()).collect();
    let theirs = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (offices, theirs) = (&offices, &theirs);
            scope.spawn(move || {
                let mine: Vec<usize> = (0..offices.len()).filter(|nth| nth % 2 == half).collect();
                let asked: Vec<&Office> = mine.iter().map(|nth| &offices[*nth]).collect();
                let told = prowler(&asked);
                theirs.lock().unwrap().extend(mine.into_iter().zip(told));
            });
        }
    });
    let theirs = theirs.into_inner().unwrap();
    let mut seen = BTreeSet::new();
    let mut agreed = 0;
    for (nth, (state, _)) in states.iter().enumerate() {
        let row = offices[nth].lines(&[]).0.remove(0);
        for (check, rules) in CHECKS {
            let (their, our) = (theirs[&nth][check].as_str(), ours(&row, check, rules));
            // It looks at groups, and has nothing to say of an account without one.
            if their == our || (check == "iam_administrator_access_with_mfa" && (their, our) == ("NOTHING", "PASS")) {
                agreed += 1;
            } else {
                seen.insert(format!("{state}: {check}: {their}, {our}"));
            }
        }
    }
    let known: BTreeSet<String> =
        DIFFERENCES.iter().map(|(state, check, their, our, _)| format!("{state}: {check}: {their}, {our}")).collect();
    let list = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).map(|line| format!("  {line}\n")).collect::<String>()
    };
    assert!(
        seen == known,
        "differences that are new:\n{}and those that are no more:\n{}",
        list(&seen, &known),
        list(&known, &seen)
    );
    let mut table = format!(
        "{} account states, {} checks each: {agreed} verdicts agree, {} do not.\n\n",
        states.len(),
        CHECKS.len(),
        seen.len()
    );
    table.push_str("| state | check | Prowler | glasskey | why |\n|---|---|---|---|---|\n");
    for (state, check, their, our, why) in DIFFERENCES {
        let word =
            |verdict: &str| if verdict == "NOTHING" { "no finding".to_owned() } else { verdict.to_lowercase() };
        table.push_str(&format!("| {state} | `{check}` | {} | {} | {why} |\n", word(their), word(our)));
    }
    docs::hold("docs/audit.md", "prowler", &table);
}
