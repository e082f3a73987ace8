//! The truth table: account states, and every rule's verdict on each. What is not named in a row is as it is for an
//! account as it should be, so a false failure shows as well as a false pass.

use super::fixes::{of, read_by_the_cli};
use super::office::{Office, always, finding, verdicts};
use crate::support::blows::side_by_side;
use aws_credential_types::Credentials;
use glasskey::sim::aws::organization::{Feature, Kind};
use glasskey::sim::aws::posture::{
    AdvancedSelector, Alarm, BasicSelector, Composite, FieldSelector, Key, MetricFilter, PasswordPolicy, Posture,
    Rule, Selectors, Subscription, Topic, Trail, allowing,
};
use glasskey::sim::aws::{Aws, Organization, Wrong};
use glasskey::sim::clock::SimClock;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A state's name, what brings it about, and the verdicts that are not as for an account as it should be.
pub(super) type Row = (&'static str, Box<dyn Fn(&Aws) + Send>, &'static [(&'static str, &'static str)]);

/// Each state of what watches root.
pub(super) fn watched() -> Vec<Row> {
    [of_trails(), of_alarms(), of_one_event(), of_actions(), of_topics(), of_events()].into_iter().flatten().collect()
}

const FAIL: &str = "fail";
const NA: &str = "not_applicable";
const UNKNOWN: &str = "unknown";
/// Root has nothing to sign in with.
const NO_SIGN_IN: [(&str, &str); 4] =
    [("root-mfa", NA), ("root-hardware-mfa", NA), ("root-virtual-mfa", NA), ("root-two-factors", NA)];

fn sound() -> BTreeMap<String, String> {
    let pass = [
        "root-mfa",
        "root-hardware-mfa",
        "root-virtual-mfa",
        "root-two-factors",
        "root-access-keys",
        "root-certificates",
        "root-use",
        "trail",
        "trail-validation",
        "root-alarm",
        "other-admin",
        "admin-mfa",
        "contact",
        "security-contact",
        "password-policy",
    ];
    let none = ["root-credentials", "central-root", "scp-stops-tasks"];
    let pass = pass.iter().map(|rule| ((*rule).to_owned(), "pass".to_owned()));
    pass.chain(none.iter().map(|rule| ((*rule).to_owned(), NA.to_owned()))).collect()
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn factors(aws: &Aws, kept: usize) {
    let of_root = aws.devices().into_iter().filter(|device| device.user.as_deref() == Some("root"));
    of_root.skip(kept).for_each(|device| aws.remove_device(&device.arn));
}

fn row(
    name: &'static str,
    change: impl Fn(&Aws) + Send + 'static,
    expected: &'static [(&'static str, &'static str)],
) -> Row {
    (name, Box::new(change), expected)
}

#[track_caller]
fn holds(rows: Vec<Row>) {
    let looked = side_by_side(4, rows, |(name, change, expected)| {
        let office = Office::sound();
        change(&office.aws);
        let (lines, code) = office.lines(&[]);
        let mut wanted = sound();
        wanted.extend(expected.iter().map(|(rule, verdict)| ((*rule).to_owned(), (*verdict).to_owned())));
        let seen = verdicts(&lines[0]);
        let exit = match () {
            () if wanted.values().any(|verdict| verdict == FAIL) => 1,
            // A pattern that is not judged: a person must look.
            () if wanted.values().any(|verdict| verdict == UNKNOWN) => 5,
            () => 0,
        };
        let wrong = (seen != wanted || code != exit).then(|| {
            let other: Vec<_> = seen.iter().filter(|(rule, verdict)| wanted.get(*rule) != Some(verdict)).collect();
            format!("{name}: exit {code}, not as expected: {other:?}")
        });
        (wrong, alarm_is_mended(name, &lines[0]))
    });
    let (wrong, fixes): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let commands: BTreeSet<String> = fixes.into_iter().flatten().collect();
    let said = read_by_the_cli(&commands.into_iter().collect::<Vec<_>>());
    assert!(said.is_empty(), "\n{said}");
}

/// Whatever is wrong with an alarm has commands that mend it, which the AWS CLI takes, and a page of the console.
fn alarm_is_mended(name: &str, line: &Value) -> Vec<String> {
    let found = finding(line, "root-alarm");
    if found["verdict"] != FAIL {
        return Vec::new();
    }
    let commands = of(&found["fix"]);
    assert!(!commands.is_empty() && found["fix"]["console"].is_string(), "{name}: {found}");
    commands
}

#[test]
fn factors_by_kind() {
    const NONE: &[(&str, &str)] =
        &[("root-mfa", FAIL), ("root-hardware-mfa", FAIL), ("root-virtual-mfa", NA), ("root-two-factors", NA)];
    const VIRTUAL: &[(&str, &str)] =
        &[("root-hardware-mfa", FAIL), ("root-virtual-mfa", NA), ("root-two-factors", FAIL)];
    holds(vec![
        row("as it should be", |_| {}, &[]),
        row("one security key", |aws| factors(aws, 1), &[("root-two-factors", FAIL)]),
        row(
            "one virtual device, under its usual name",
            |aws| {
                factors(aws, 0);
                aws.add_virtual_for("root", "root-account-mfa-device");
            },
            VIRTUAL,
        ),
        row(
            "one virtual device, under another name",
            |aws| {
                factors(aws, 0);
                aws.add_virtual_for("root", "phone");
            },
            VIRTUAL,
        ),
        row(
            "two virtual devices",
            |aws| {
                factors(aws, 0);
                aws.add_virtual_for("root", "phone");
                aws.add_virtual_for("root", "tablet");
            },
            &[("root-hardware-mfa", FAIL), ("root-virtual-mfa", NA)],
        ),
        row("no factor", |aws| factors(aws, 0), NONE),
        row(
            "users named groot and root-account-mfa-device have devices, root has none",
            |aws| {
                factors(aws, 0);
                for name in ["groot", "root-account-mfa-device"] {
                    let _ = aws.add_user(name);
                    aws.add_virtual_for(name, name);
                }
            },
            NONE,
        ),
        row(
            "users named groot and rootbeer have virtual devices, root has two keys",
            |aws| {
                for name in ["groot", "rootbeer"] {
                    let _ = aws.add_user(name);
                    aws.add_virtual_for(name, name);
                }
            },
            &[],
        ),
        row(
            "a security key and a virtual device",
            |aws| {
                factors(aws, 1);
                aws.add_virtual_for("root", "phone");
            },
            &[("root-virtual-mfa", FAIL)],
        ),
        row(
            "a hardware token",
            |aws| {
                factors(aws, 0);
                aws.add_token_for("root", "GAHT12345678");
            },
            &[("root-two-factors", FAIL)],
        ),
        row(
            "a hardware token and a security key",
            |aws| {
                factors(aws, 1);
                aws.add_token_for("root", "GAHT12345678");
            },
            &[],
        ),
        row(
            "a hardware token and a virtual device",
            |aws| {
                factors(aws, 0);
                aws.add_token_for("root", "GAHT12345678");
                aws.add_virtual_for("root", "phone");
            },
            &[("root-virtual-mfa", FAIL)],
        ),
        row(
            "one security key, beside users with three devices each",
            |aws| {
                factors(aws, 1);
                for name in ["one", "two"] {
                    let _ = aws.add_user(name);
                    aws.add_device_for(name, 1);
                    aws.add_fido_for(name, "a");
                    aws.add_fido_for(name, "b");
                }
            },
            &[("root-two-factors", FAIL)],
        ),
    ]);
}

#[test]
fn keys_certificates_passwords_and_use() {
    holds(vec![
        row("an active access key", |aws| drop(aws.add_root_key(true)), &[("root-access-keys", FAIL)]),
        row("an inactive access key", |aws| drop(aws.add_root_key(false)), &[("root-access-keys", FAIL)]),
        row(
            "an active access key, used three days ago",
            |aws| {
                let id = aws.add_root_key(true);
                aws.use_key(&id, days(3), "ec2", "us-east-1");
            },
            &[("root-access-keys", FAIL), ("root-use", FAIL)],
        ),
        row(
            "an active access key, used 200 days ago",
            |aws| {
                let id = aws.add_root_key(true);
                aws.use_key(&id, days(200), "ec2", "us-east-1");
            },
            &[("root-access-keys", FAIL)],
        ),
        row("an active certificate", |aws| drop(aws.add_root_certificate(true)), &[("root-certificates", FAIL)]),
        row("an inactive certificate", |aws| drop(aws.add_root_certificate(false)), &[("root-certificates", FAIL)]),
        row("signed in three days ago", |aws| aws.use_root_password(days(3)), &[("root-use", FAIL)]),
        row("signed in 89 days ago", |aws| aws.use_root_password(days(89)), &[("root-use", FAIL)]),
        row("signed in 91 days ago", |aws| aws.use_root_password(days(91)), &[]),
        row(
            "no credentials at all",
            Aws::strip_root,
            &[NO_SIGN_IN[0], NO_SIGN_IN[1], NO_SIGN_IN[2], NO_SIGN_IN[3], ("root-use", NA)],
        ),
        row(
            "no password, and keys left behind",
            |aws| aws.set_root_password(false),
            &[NO_SIGN_IN[0], NO_SIGN_IN[1], NO_SIGN_IN[2], NO_SIGN_IN[3], ("root-use", NA)],
        ),
        row(
            "no password, but an active access key",
            |aws| {
                aws.strip_root();
                let _ = aws.add_root_key(true);
            },
            &[NO_SIGN_IN[0], NO_SIGN_IN[1], NO_SIGN_IN[2], NO_SIGN_IN[3], ("root-access-keys", FAIL)],
        ),
        row("a report with a 23rd column", |aws| aws.arrange(|p| p.report.additional_column = true), &[]),
        row("a report in capitals", |aws| aws.arrange(|p| p.report.capitals = true), &[]),
        row(
            "a report in capitals, and an active key used lately",
            |aws| {
                aws.arrange(|p| p.report.capitals = true);
                let id = aws.add_root_key(true);
                aws.use_key(&id, days(3), "ec2", "us-east-1");
            },
            &[("root-access-keys", FAIL), ("root-use", FAIL)],
        ),
        row("a report that takes its time", |aws| aws.arrange(|p| p.report.polls = 3), &[]),
        row("a report that never was", Aws::forget_report, &[]),
        row("no contact", |aws| aws.arrange(|p| p.contact = None), &[("contact", FAIL)]),
        row(
            "no security contact",
            |aws| aws.arrange(|p| drop(p.alternate_contacts.remove("SECURITY"))),
            &[("security-contact", FAIL)],
        ),
        row("no password policy", |aws| aws.arrange(|p| p.password_policy = None), &[("password-policy", FAIL)]),
        row(
            "a password policy of 13 characters",
            |aws| {
                aws.arrange(|p| {
                    p.password_policy = Some(PasswordPolicy { minimum_length: 13, ..PasswordPolicy::default() })
                })
            },
            &[("password-policy", FAIL)],
        ),
        row(
            "an administrator without MFA",
            |aws| alice(aws, |aws| aws.attach("user/alice", "AdministratorAccess")),
            &[("admin-mfa", FAIL)],
        ),
        row(
            "an administrator by a group, without MFA",
            |aws| {
                alice(aws, |aws| {
                    aws.add_group("ops", &["alice"]);
                    aws.attach("group/ops", "AdministratorAccess");
                });
            },
            &[("admin-mfa", FAIL)],
        ),
        row(
            "an administrator by a policy of the account's own, without MFA",
            |aws| {
                alice(aws, |aws| {
                    let text =
                        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":"*"}]}"#;
                    let arn = aws.add_managed_policy("everything", text).unwrap();
                    aws.attach("user/alice", &arn);
                });
            },
            &[("admin-mfa", FAIL)],
        ),
        row("an administrator who is denied everything", |aws| alice_has(aws, &[EVERYTHING, DENIED]), &[]),
        row(
            "everything of the partition",
            |aws| alice_has(aws, &[r#""Allow","Action":"?*","Resource":"arn:aws:*""#]),
            LACKS,
        ),
        row(
            "all but billing",
            |aws| alice_has(aws, &[r#""Allow","NotAction":"aws-portal:*","Resource":"*""#]),
            LACKS,
        ),
        row(
            "all but a bucket",
            |aws| alice_has(aws, &[r#""Allow","Action":"**","NotResource":"arn:aws:s3:::a""#]),
            LACKS,
        ),
        row(
            "everything of an ARN's beginning",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"a*""#]),
            LACKS,
        ),
        row(
            "all but one way to all",
            |aws| alice_has(aws, &[r#""Allow","NotAction":"iam:Attach*","Resource":"*""#]),
            LACKS,
        ),
        row("no condition", |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"*","Condition":{}"#]), LACKS),
        row(
            "everything of one service",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"arn:aws:s3:*""#]),
            &[],
        ),
        row(
            "denied all but one call",
            |aws| {
                alice_has(aws, &[EVERYTHING, r#""Deny","NotAction":"iam:ListUsers","Resource":"*""#]);
            },
            &[],
        ),
        row(
            "everything to the own account",
            |aws| {
                let own = format!(r#""Allow","Action":"*","Resource":"arn:aws:*:*:{}:*""#, aws.account());
                alice_has(aws, &[&own]);
            },
            LACKS,
        ),
        row(
            "everything to roles",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"arn:aws:iam::*:role/*""#]),
            LACKS,
        ),
        row(
            "everything to oneself",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"arn:aws:iam::*:user/${aws:username}""#]),
            LACKS,
        ),
        row(
            "all but users",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","NotResource":"arn:aws:iam::*:user/*""#]),
            LACKS,
        ),
        row(
            "everything to the roles of one path",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","Resource":"arn:aws:iam::*:role/app/*""#]),
            &[],
        ),
        row(
            "all but what is IAM's",
            |aws| alice_has(aws, &[r#""Allow","Action":"*","NotResource":"arn:aws:iam::*""#]),
            &[],
        ),
        row(
            "denied all but IAM, which gives the rest",
            |aws| alice_has(aws, &[EVERYTHING, r#""Deny","NotAction":"iam:*","Resource":"*""#]),
            LACKS,
        ),
        row("all but IAM", |aws| alice_has(aws, &[r#""Allow","NotAction":"iam:*","Resource":"*""#]), &[]),
        row(
            "everything, with MFA",
            |aws| {
                let with = r#""Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
                alice_has(aws, &[with]);
            },
            &[],
        ),
        row(
            "everything, with MFA and on a condition",
            |aws| {
                let with = r#""Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"StringLike":{"aws:username":"*"}}"#;
                alice_has(aws, &[with]);
            },
            &[("admin-mfa", UNKNOWN)],
        ),
        row(
            "everything, on a condition",
            |aws| {
                let with = r#""Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:username":"*"}}"#;
                alice_has(aws, &[with]);
            },
            &[("admin-mfa", UNKNOWN)],
        ),
        row("a power user without MFA", |aws| alice(aws, |aws| aws.attach("user/alice", "PowerUserAccess")), &[]),
    ]);
}

const EVERYTHING: &str = r#""Allow","Action":"*","Resource":"*""#;
const DENIED: &str = r#""Deny","Action":"*","Resource":"*""#;
const LACKS: &[(&str, &str)] = &[("admin-mfa", FAIL)];

/// Alice, with a policy of these statements.
fn alice_has(aws: &Aws, statements: &[&str]) {
    let all: Vec<String> = statements.iter().map(|one| format!("{{\"Effect\":{one}}}")).collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(","));
    alice(aws, |aws| {
        let arn = aws.add_managed_policy("hers", &text).unwrap();
        aws.attach("user/alice", &arn);
    });
}

fn alice(aws: &Aws, may: impl FnOnce(&Aws)) {
    let _ = aws.add_user("alice");
    may(aws);
}

fn trail(change: impl Fn(&mut Trail) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    move |aws| aws.arrange(|posture| change(&mut posture.trails[0]))
}

fn filter(pattern: &'static str) -> impl Fn(&Aws) + Send + 'static {
    move |aws| aws.arrange(|posture| posture.metric_filters[0].pattern = pattern.to_owned())
}

fn selectors(selectors: &'static [(&'static str, &'static str)]) -> Selectors {
    let field = |(field, value): &(&str, &str)| FieldSelector {
        field: (*field).to_owned(),
        equals: vec![(*value).to_owned()],
        ..FieldSelector::default()
    };
    Selectors::Advanced(vec![AdvancedSelector {
        name: "one".to_owned(),
        fields: selectors.iter().map(field).collect(),
    }])
}

/// All management events but those of one source.
fn all_but(source: &str) -> Selectors {
    let Selectors::Advanced(mut all) = selectors(&[("eventCategory", "Management")]) else { unreachable!() };
    let field = "eventSource".to_owned();
    all[0].fields.push(FieldSelector { field, not_equals: vec![source.to_owned()], ..FieldSelector::default() });
    Selectors::Advanced(all)
}

#[test]
fn trails() {
    holds(of_trails());
}

fn of_trails() -> Vec<Row> {
    const DEAF: &[(&str, &str)] = &[("trail", FAIL), ("root-alarm", FAIL)];
    let basic = |read_write: &str, management| {
        Selectors::Basic(vec![BasicSelector {
            read_write: read_write.to_owned(),
            management,
            ..BasicSelector::default()
        }])
    };
    vec![
        row("there and not logging", trail(|trail| trail.logging = false), DEAF),
        row(
            "one region",
            trail(|trail| trail.multi_region = false),
            &[("trail", FAIL), ("root-alarm", FAIL), ("trail-validation", FAIL)],
        ),
        row(
            "none",
            |aws| aws.arrange(|posture| posture.trails.clear()),
            &[("trail", FAIL), ("root-alarm", FAIL), ("trail-validation", NA)],
        ),
        row(
            "its home region is no region's name",
            trail(|trail| {
                trail.log_group = Some("arn:aws:logs:eu\u{1b}west-1:000000000000:log-group:g:*".to_owned())
            }),
            &[("root-alarm", UNKNOWN)],
        ),
        row("not validated", trail(|trail| trail.validation = false), &[("trail-validation", FAIL)]),
        row("cannot deliver", trail(|trail| trail.delivery_error = Some("AccessDenied".to_owned())), DEAF),
        row("reads only", trail(move |trail| trail.selectors = basic("ReadOnly", true)), DEAF),
        row("no management events", trail(move |trail| trail.selectors = basic("All", false)), DEAF),
        row(
            "reads and writes, by two selectors",
            trail(move |trail| {
                let one = |read_write: &str| BasicSelector {
                    read_write: read_write.to_owned(),
                    ..BasicSelector::default()
                };
                trail.selectors = Selectors::Basic(vec![one("ReadOnly"), one("WriteOnly")]);
            }),
            &[],
        ),
        row(
            "advanced: all management events",
            trail(|trail| trail.selectors = selectors(&[("eventCategory", "Management")])),
            &[],
        ),
        row(
            "advanced: writes only",
            trail(|trail| trail.selectors = selectors(&[("eventCategory", "Management"), ("readOnly", "false")])),
            DEAF,
        ),
        row(
            "advanced: one source only",
            trail(|trail| {
                trail.selectors = selectors(&[("eventCategory", "Management"), ("eventSource", "s3.amazonaws.com")])
            }),
            DEAF,
        ),
        row("writes only", trail(move |trail| trail.selectors = basic("WriteOnly", true)), DEAF),
        row(
            "all but what is KMS's",
            trail(|trail| {
                let excluded = vec!["kms.amazonaws.com".to_owned()];
                trail.selectors = Selectors::Basic(vec![BasicSelector { excluded, ..BasicSelector::default() }]);
            }),
            &[],
        ),
        row("advanced: all but what is KMS's", trail(|trail| trail.selectors = all_but("kms.amazonaws.com")), &[]),
        row("advanced: all but what is S3's", trail(|trail| trail.selectors = all_but("s3.amazonaws.com")), DEAF),
        row(
            "advanced: reads only",
            trail(|trail| trail.selectors = selectors(&[("eventCategory", "Management"), ("readOnly", "true")])),
            DEAF,
        ),
        row(
            "advanced: data events only",
            trail(|trail| trail.selectors = selectors(&[("eventCategory", "Data")])),
            DEAF,
        ),
        row(
            "a bad one beside a good one",
            |aws| {
                aws.arrange(|posture| {
                    posture.trails.insert(0, Trail { name: "old".to_owned(), logging: false, ..Trail::default() });
                });
            },
            &[],
        ),
    ]
}

fn rule(aws: &Aws, change: impl FnOnce(&mut Rule)) {
    aws.arrange(|posture| {
        posture.metric_filters.clear();
        let targets = vec![posture.subscriptions[0].topic.clone()];
        posture.topics = vec![Topic::open(&targets[0])];
        let mut rule = Rule { targets, ..Rule::default() };
        change(&mut rule);
        posture.rules.push(rule);
    });
}

#[test]
fn alarms() {
    holds(of_alarms());
}

fn of_alarms() -> Vec<Row> {
    vec![
        row("no log group", trail(|trail| trail.log_group = None), NOBODY),
        row(
            "logs cannot be delivered",
            trail(|trail| trail.logs_delivery_error = Some("AccessDenied".to_owned())),
            NOBODY,
        ),
        row("no filter", |aws| aws.arrange(|posture| posture.metric_filters.clear()), NOBODY),
        row(
            "a filter with spaces, brackets and another order",
            filter(
                r#"{ ($.eventType != AwsServiceEvent) && ($.userIdentity.invokedBy NOT EXISTS) && ($.userIdentity.type = "Root") }"#,
            ),
            &[],
        ),
        row(
            "a filter that leaves AssumeRoot out",
            filter(
                r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" && $.userIdentity.sessionContext.assumedRoot NOT EXISTS }"#,
            ),
            &[],
        ),
        row(
            "a filter with EXISTS for NOT EXISTS",
            filter(
                r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy EXISTS && $.eventType != "AwsServiceEvent" }"#,
            ),
            NOBODY,
        ),
        row("a filter for \"root\"", filter(r#"{ $.userIdentity.type = "root" }"#), NOBODY),
        row(
            "a filter for failed sign-ins only",
            filter(r#"{ $.userIdentity.type = "Root" && $.errorMessage = "Failed authentication" }"#),
            NOBODY,
        ),
        row("a filter for everybody", filter(r#"{ $.userIdentity.type = "*" }"#), NOBODY),
        row(
            "a filter with a regular expression",
            filter("{ $.userIdentity.type = %Root% }"),
            &[("root-alarm", UNKNOWN)],
        ),
        row("no alarm", |aws| aws.arrange(|posture| posture.alarms.clear()), NOBODY),
        row(
            "an alarm on another metric",
            |aws| aws.arrange(|posture| posture.alarms[0].metric = "Other".to_owned()),
            NOBODY,
        ),
        row("an alarm without action", |aws| aws.arrange(|posture| posture.alarms[0].actions.clear()), NOBODY),
        row(
            "an alarm whose actions are off",
            |aws| aws.arrange(|posture| posture.alarms[0].actions_enabled = false),
            NOBODY,
        ),
        row("an alarm from five events on", |aws| aws.arrange(|posture| posture.alarms[0].threshold = 5), NOBODY),
        row(
            "a subscription that is pending",
            |aws| aws.arrange(|posture| posture.subscriptions[0].confirmed = false),
            NOBODY,
        ),
        row(
            "no subscription",
            |aws| aws.arrange(|posture| posture.subscriptions[0].endpoint = String::new()),
            NOBODY,
        ),
        row("an EventBridge rule in its place", |aws| rule(aws, |_| {}), &[]),
        row(
            "an EventBridge rule for sign-ins",
            |aws| {
                rule(aws, |rule| {
                    rule.pattern = Some(r#"{"detail-type":["AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#.to_owned());
                });
            },
            &[],
        ),
        row("an EventBridge rule that is off", |aws| rule(aws, |rule| rule.state = "DISABLED".to_owned()), NOBODY),
        row("an EventBridge rule without target", |aws| rule(aws, |rule| rule.targets.clear()), NOBODY),
        row(
            "an EventBridge rule and a pending subscription",
            |aws| {
                rule(aws, |_| {});
                aws.arrange(|posture| posture.subscriptions[0].confirmed = false);
            },
            NOBODY,
        ),
    ]
}

fn posture(change: impl Fn(&mut Posture) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    move |aws| aws.arrange(|posture| change(posture))
}

fn of_alarm(change: impl Fn(&mut Alarm) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    posture(move |posture| change(&mut posture.alarms[0]))
}

fn of_filter(change: impl Fn(&mut MetricFilter) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    posture(move |posture| change(&mut posture.metric_filters[0]))
}

fn actions(actions: &'static [&'static str]) -> impl Fn(&Aws) + Send + 'static {
    of_alarm(move |alarm| alarm.actions = actions.iter().map(|arn| (*arn).to_owned()).collect())
}

/// The topic, made to order.
fn topic(change: impl Fn(&mut Topic) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    posture(move |posture| {
        let mut topic = Topic { arn: posture.subscriptions[0].topic.clone(), ..Topic::default() };
        change(&mut topic);
        posture.topics = vec![topic];
    })
}

/// The topic, with this statement for its policy.
fn policy(statement: &'static str) -> impl Fn(&Aws) + Send + 'static {
    topic(move |topic| topic.policy = Some(format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)))
}

/// The topic, encrypted with this key.
fn encrypted(change: impl Fn(&mut Key) + Send + 'static) -> impl Fn(&Aws) + Send + 'static {
    posture(move |posture| {
        let arn = posture.subscriptions[0].topic.clone();
        let mut key = Key { policy: Some(allowing("kms:*", "*")), ..Key::default() };
        change(&mut key);
        let name = key.alias.clone().unwrap_or_else(|| key.id.clone());
        posture.topics = vec![Topic { arn, policy: None, key: Some(name) }];
        posture.keys = vec![key];
    })
}

const NOBODY: &[(&str, &str)] = &[("root-alarm", FAIL)];
const NOT_KNOWN: &[(&str, &str)] = &[("root-alarm", UNKNOWN)];

/// What one event of root's makes of an alarm.
#[test]
fn an_alarm_is_raised_by_one_event_or_it_is_none() {
    holds(of_one_event());
}

fn of_one_event() -> Vec<Row> {
    let statistic = |name: &'static str| of_alarm(move |alarm| alarm.statistic = name.to_owned());
    let missing = |what: &'static str| of_alarm(move |alarm| alarm.missing = what.to_owned());
    let with_default = |name: &'static str, default| {
        posture(move |posture| {
            posture.alarms[0].statistic = name.to_owned();
            posture.metric_filters[0].default_value = Some(default);
        })
    };
    vec![
        row("the sum, with a default of 0", with_default("Sum", 0), &[]),
        row("the sum, with a default of 1", with_default("Sum", 1), NOBODY),
        row("the number of samples", statistic("SampleCount"), &[]),
        row("the number of samples, with a default", with_default("SampleCount", 0), NOBODY),
        row("the average", statistic("Average"), &[]),
        row("the average, with a default of 0", with_default("Average", 0), NOBODY),
        row("the least, with a default of 0", with_default("Minimum", 0), NOBODY),
        row("the most, with a default of 0", with_default("Maximum", 0), &[]),
        row("a percentile", statistic("p99"), NOT_KNOWN),
        row("a value of 0", of_filter(|filter| filter.value = "0".to_owned()), NOBODY),
        row("a value of the event's", of_filter(|filter| filter.value = "$.size".to_owned()), NOT_KNOWN),
        row("three periods, all of them bad", of_alarm(|alarm| alarm.periods = 3), NOBODY),
        row(
            "three periods, one of them bad",
            of_alarm(|alarm| (alarm.periods, alarm.datapoints) = (3, Some(1))),
            &[],
        ),
        row(
            "three periods, two of them bad",
            of_alarm(|alarm| (alarm.periods, alarm.datapoints) = (3, Some(2))),
            NOBODY,
        ),
        row(
            "three periods, and what is missing is missing",
            of_alarm(|alarm| (alarm.periods, alarm.missing) = (3, "missing".to_owned())),
            NOT_KNOWN,
        ),
        row("what is missing is missing", missing("missing"), &[]),
        row("what is missing changes nothing", missing("ignore"), &[]),
        row("what is missing is bad", missing("breaching"), NOBODY),
        row(
            "more than 0",
            of_alarm(|alarm| {
                (alarm.comparison, alarm.threshold) = ("GreaterThanThreshold".to_owned(), 0);
            }),
            &[],
        ),
        row("more than 1", of_alarm(|alarm| alarm.comparison = "GreaterThanThreshold".to_owned()), NOBODY),
        row(
            "less than 2",
            of_alarm(|alarm| {
                (alarm.comparison, alarm.threshold) = ("LessThanThreshold".to_owned(), 2);
            }),
            NOBODY,
        ),
        row("at most 1", of_alarm(|alarm| alarm.comparison = "LessThanOrEqualToThreshold".to_owned()), NOBODY),
        row("less than 1", of_alarm(|alarm| alarm.comparison = "LessThanThreshold".to_owned()), NOBODY),
        row(
            "five periods, all of them bad",
            of_alarm(|alarm| (alarm.periods, alarm.datapoints) = (5, Some(5))),
            NOBODY,
        ),
        row("a unit of bytes", of_alarm(|alarm| alarm.unit = Some("Bytes".to_owned())), NOBODY),
        row("a band", of_alarm(|alarm| alarm.comparison = "GreaterThanUpperThreshold".to_owned()), NOT_KNOWN),
        row("a unit that the filter does not give", of_alarm(|alarm| alarm.unit = Some("Count".to_owned())), NOBODY),
        row(
            "the unit that the filter gives",
            posture(|posture| {
                posture.alarms[0].unit = Some("Count".to_owned());
                posture.metric_filters[0].unit = Some("Count".to_owned());
            }),
            &[],
        ),
        row("a unit that nobody asks for", of_filter(|filter| filter.unit = Some("Count".to_owned())), &[]),
        row(
            "dimensions that the filter does not give",
            of_alarm(|alarm| {
                alarm.dimensions = BTreeMap::from([("event".to_owned(), "ConsoleLogin".to_owned())]);
            }),
            NOBODY,
        ),
        row(
            "dimensions that the alarm does not have",
            of_filter(|filter| {
                filter.dimensions = BTreeMap::from([("event".to_owned(), "$.eventName".to_owned())]);
            }),
            NOBODY,
        ),
        row(
            "dimensions of both",
            posture(|posture| {
                let one = |value: &str| BTreeMap::from([("event".to_owned(), value.to_owned())]);
                posture.metric_filters[0].dimensions = one("$.eventName");
                posture.alarms[0].dimensions = one("ConsoleLogin");
            }),
            NOT_KNOWN,
        ),
        row(
            "a dimension of Logs' own",
            of_filter(|filter| filter.system_dimensions = vec!["@aws.account".to_owned()]),
            NOBODY,
        ),
        row(
            "events that are chosen",
            of_filter(|filter| filter.criteria = "@aws.account = \"999999999999\"".to_owned()),
            NOT_KNOWN,
        ),
        row("events as a transformer gives them", of_filter(|filter| filter.transformed = true), NOT_KNOWN),
        row("an expression", of_alarm(|alarm| alarm.expression = Some("FILL(m1, 0)".to_owned())), NOT_KNOWN),
        row(
            "an alarm over a silent one",
            posture(|posture| {
                let actions = std::mem::take(&mut posture.alarms[0].actions);
                posture.composites = vec![Composite { actions, ..Composite::default() }];
            }),
            NOT_KNOWN,
        ),
        row(
            "an alarm over a silent one, silent too",
            posture(|posture| {
                posture.alarms[0].actions.clear();
                posture.composites = vec![Composite::default()];
            }),
            NOBODY,
        ),
    ]
}

/// What an alarm does, and whom that reaches.
#[test]
fn an_action_must_reach_a_person() {
    holds(of_actions());
}

fn of_actions() -> Vec<Row> {
    vec![
        row("an instance is stopped", actions(&["arn:aws:automate:us-east-1:ec2:stop"]), NOBODY),
        row("a group is scaled", actions(&["arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:x"]), NOBODY),
        row("a topic of another account", actions(&["arn:aws:sns:us-east-1:999999999999:root-use"]), NOT_KNOWN),
        row("a function is called", actions(&["arn:aws:lambda:us-east-1:111122223333:function:tell"]), &[]),
        row(
            "something of another service",
            actions(&["arn:aws:aiops:us-east-1:111122223333:investigation/x"]),
            NOT_KNOWN,
        ),
        row(
            "a topic that does not exist",
            of_alarm(|alarm| alarm.actions.iter_mut().for_each(|arn| arn.push_str("-gone"))),
            NOBODY,
        ),
        row(
            "a topic without subscribers",
            posture(|posture| {
                let arn = posture.subscriptions.remove(0).topic;
                posture.topics = vec![Topic { arn, ..Topic::default() }];
            }),
            NOBODY,
        ),
        row(
            "a rule that writes to a log group",
            |aws| {
                rule(aws, |rule| {
                    rule.targets = vec!["arn:aws:logs:us-east-1:111122223333:log-group:/aws/events/x".to_owned()]
                });
            },
            NOBODY,
        ),
        row(
            "a rule for another bus",
            |aws| {
                rule(aws, |rule| {
                    rule.targets = vec!["arn:aws:events:us-east-1:444455556666:event-bus/default".to_owned()]
                });
            },
            NOT_KNOWN,
        ),
    ]
}

/// What is published must be let in, and let out again.
#[test]
fn a_topic_must_let_through_what_is_published() {
    holds(of_topics());
}

fn of_topics() -> Vec<Row> {
    let filter = |filter: &'static str, filters_body| {
        posture(move |posture| {
            posture.subscriptions[0].filter = Some(filter.to_owned());
            posture.subscriptions[0].filters_body = filters_body;
        })
    };
    let filtered = posture(|posture| {
        let other = Subscription { endpoint: "ops@example.com".to_owned(), ..posture.subscriptions[0].clone() };
        posture.subscriptions[0].filter = Some(r#"{"severity":["high"]}"#.to_owned());
        posture.subscriptions.push(other);
    });
    vec![
        row("a topic with a policy for alarms and rules", topic(|topic| *topic = Topic::open(&topic.arn)), &[]),
        row(
            "a policy for somebody else",
            policy(
                r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}"#,
            ),
            NOBODY,
        ),
        row(
            "a policy for this alarm",
            policy(
                r#"[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"SNS:Publish","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cloudwatch:us-east-1:*:alarm:root-use"}}}]"#,
            ),
            &[],
        ),
        row(
            "a policy for another alarm",
            policy(
                r#"[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"SNS:Publish","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:cloudwatch:us-east-1:*:alarm:other"}}}]"#,
            ),
            NOBODY,
        ),
        row(
            "a policy for another account",
            policy(
                r#"[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"SNS:Publish","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}]"#,
            ),
            NOBODY,
        ),
        row(
            "a policy that wants TLS",
            policy(
                r#"[{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]"#,
            ),
            &[],
        ),
        row(
            "a policy that denies alarms",
            policy(
                r#"[{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*"},{"Effect":"Deny","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}]"#,
            ),
            NOBODY,
        ),
        row(
            "a policy about what is not known",
            policy(
                r#"[{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]"#,
            ),
            NOT_KNOWN,
        ),
        row(
            "a rule, and the policy of a new topic",
            |aws| {
                rule(aws, |_| {});
                aws.arrange(|posture| posture.topics.clear());
            },
            NOBODY,
        ),
        row("AWS's own key, by its alias", topic(|topic| topic.key = Some("alias/aws/sns".to_owned())), NOBODY),
        row("AWS's own key, by its id", encrypted(|key| key.of_aws = true), NOBODY),
        row("a key for both", encrypted(|_| {}), &[]),
        row("a key for both, by an alias", encrypted(|key| key.alias = Some("alias/alarms".to_owned())), &[]),
        row("a key for the account alone", encrypted(|key| key.policy = None), NOBODY),
        row("a key that is not there", topic(|topic| topic.key = Some("alias/gone".to_owned())), NOBODY),
        row("a key that is switched off", encrypted(|key| key.state = "Disabled".to_owned()), NOBODY),
        row(
            "a key that cannot decrypt",
            encrypted(|key| key.policy = Some(allowing("kms:GenerateDataKey*", "*"))),
            NOBODY,
        ),
        row("a filter that asks for an attribute", filter(r#"{"severity":["high"]}"#, false), NOBODY),
        row("a filter that asks for none", filter(r#"{"severity":[{"exists":false}]}"#, false), &[]),
        row("a filter without a word", filter("{}", false), &[]),
        row("a filter over the body", filter(r#"{"NewStateValue":["ALARM"]}"#, true), NOT_KNOWN),
        row("a filter, beside somebody without", filtered, &[]),
        row(
            "a stream into storage",
            posture(|posture| posture.subscriptions[0].protocol = "firehose".to_owned()),
            NOBODY,
        ),
    ]
}

/// Where root's events come from, and whose log group they go to.
#[test]
fn events_must_come_to_what_watches() {
    holds(of_events());
}

fn of_events() -> Vec<Row> {
    let elsewhere = "arn:aws:logs:us-east-1:444455556666:log-group:trail:*";
    vec![
        row(
            "the log group of another account",
            trail(move |trail| {
                (trail.organization, trail.log_group) = (true, Some(elsewhere.to_owned()));
            }),
            NOT_KNOWN,
        ),
        row(
            "a rule without a trail",
            |aws| {
                rule(aws, |_| {});
                aws.arrange(|posture| posture.trails.clear());
            },
            &[("trail", FAIL), ("trail-validation", NA), ("root-alarm", FAIL)],
        ),
        row(
            "a rule, and a trail that is off",
            |aws| {
                rule(aws, |_| {});
                aws.arrange(|posture| posture.trails[0].logging = false);
            },
            &[("trail", FAIL), ("root-alarm", FAIL)],
        ),
        row(
            "a rule, and a trail of reads",
            |aws| {
                rule(aws, |_| {});
                let reads = BasicSelector { read_write: "ReadOnly".to_owned(), ..BasicSelector::default() };
                aws.arrange(|posture| posture.trails[0].selectors = Selectors::Basic(vec![reads.clone()]));
            },
            &[("trail", FAIL), ("root-alarm", FAIL)],
        ),
        row(
            "a rule, and a trail of writes there",
            |aws| {
                rule(aws, |_| {});
                let writes = BasicSelector { read_write: "WriteOnly".to_owned(), ..BasicSelector::default() };
                aws.arrange(|posture| {
                    posture.trails[0].selectors = Selectors::Basic(vec![writes.clone()]);
                    posture.trails[0].multi_region = false;
                });
            },
            &[("trail", FAIL), ("trail-validation", FAIL)],
        ),
        row(
            "a rule, and a trail of another region",
            |aws| {
                rule(aws, |_| {});
                aws.arrange(|posture| {
                    posture.trails[0].multi_region = false;
                    posture.trails[0].region = "eu-west-1".to_owned();
                });
            },
            &[("trail", FAIL), ("trail-validation", NA), ("root-alarm", FAIL)],
        ),
        row(
            "a rule that names its account",
            |aws| {
                let account = aws.account();
                rule(aws, |rule| {
                    rule.pattern = Some(format!(
                        r#"{{"account":["{account}"],"detail":{{"userIdentity":{{"type":["Root"]}}}}}}"#
                    ))
                });
            },
            &[],
        ),
        row(
            "a filter that names its account",
            |aws| {
                let account = aws.account();
                aws.arrange(|posture| {
                    posture.metric_filters[0].pattern =
                        format!(r#"{{ $.userIdentity.type = "Root" && $.recipientAccountId = "{account}" }}"#)
                });
            },
            &[],
        ),
        row("a filter by root's ARN", filter(r#"{ $.userIdentity.arn = "*:root" }"#), &[]),
    ]
}

/// What is said of a rule that is switched on, and of a filter that counts too much, is what is so.
#[test]
fn what_is_seen_and_what_is_not_is_said() {
    let office = Office::sound();
    rule(&office.aws, |_| {});
    let said = |office: &Office| finding(&office.lines(&[]).0[0], "root-alarm").clone();
    assert_eq!(said(&office)["evidence"][0], "EventBridge rule \"root-use\" (calls that only read are left out)");
    let all = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    office.aws.arrange(|posture| posture.rules[0].state = all.to_owned());
    assert_eq!(said(&office)["evidence"][0], "EventBridge rule \"root-use\"");

    let office = Office::sound();
    filter(r#"{ $.userIdentity.type = "*" }"#)(&office.aws);
    let found = said(&office);
    assert_eq!(found["title"], "whoever is told when root is used is told of others' doings too");
    let evidence = found["evidence"][0].as_str().unwrap();
    assert!(
        evidence.contains("security@example.com → but filter \"root-use\" counts events of others too"),
        "{evidence}"
    );

    let office = Office::sound();
    trail(|trail| trail.log_group = Some("arn:aws:logs:us-east-1:444455556666:log-group:trail:*".to_owned()))(
        &office.aws,
    );
    let evidence = said(&office)["evidence"][0].as_str().unwrap().to_owned();
    assert!(
        evidence.ends_with("it is account 444455556666's, and what is behind it cannot be seen from here"),
        "{evidence}"
    );

    let office = Office::sound();
    topic(|topic| topic.key = Some("alias/aws/sns".to_owned()))(&office.aws);
    let evidence = said(&office)["evidence"][0].as_str().unwrap().to_owned();
    assert!(
        evidence
            .ends_with("its key is AWS's own (alias/aws/sns), with which cloudwatch.amazonaws.com cannot publish"),
        "{evidence}"
    );
}

/// Each service has its own word for what is not there; it is a failure, and not something that could not be read.
#[test]
fn what_does_not_exist_is_a_failure_in_every_services_words() {
    for (action, code, says) in [
        ("ListSubscriptionsByTopic", "NotFound", "there is no such topic"),
        ("GetTopicAttributes", "NotFound", "there is no such topic"),
        ("GetTopicAttributes", "NotFoundException", "there is no such topic"),
        ("GetSubscriptionAttributes", "NotFound", "has no subscription"),
        ("DescribeMetricFilters", "ResourceNotFoundException", "there is no such log group"),
        ("GetTrailStatus", "TrailNotFoundException", "no metric filter on a trail's log group"),
    ] {
        let office = Office::sound();
        let what = Wrong::Code { status: 404, code: code.to_owned(), message: "There is none.".to_owned() };
        office.aws.fail(always(action, what));
        let (lines, code) = office.lines(&[]);
        let found = finding(&lines[0], "root-alarm");
        let evidence = found["evidence"].to_string();
        assert_eq!((found["verdict"].as_str(), code), (Some("fail"), 1), "{action}: {found}");
        assert!(evidence.contains(says), "{action}: {evidence}");
    }
}

/// Nobody but root: the auditor is no administrator, and `admin` is none any more.
#[tokio::test]
async fn no_other_administrator() {
    let office = Office::sound();
    let keys = office.aws.admin();
    let config = aws_sdk_iam::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_iam::config::Region::new("us-east-1"))
        .credentials_provider(Credentials::new(keys.access_key_id, keys.secret_access_key, None, None, "test"))
        .http_client(office.aws.http_client());
    let iam = aws_sdk_iam::Client::from_conf(config.build());
    // A role that only a service may assume is nobody's.
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam.create_role().role_name("machine").assume_role_policy_document(trust).send().await.unwrap();
    office.aws.attach("role/machine", "AdministratorAccess");
    iam.delete_user_policy().user_name("admin").policy_name("Administrator").send().await.unwrap();
    let (lines, code) = office.lines(&[]);
    assert_eq!((verdicts(&lines[0])["other-admin"].as_str(), code), ("fail", 1));
    // Who could only make themselves an administrator is none that the account can count on.
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:role/*"}]}"#;
    let roles = office.aws.add_managed_policy("roles", text).unwrap();
    office.aws.attach("user/admin", &roles);
    let (lines, _) = office.lines(&[]);
    assert_eq!(verdicts(&lines[0])["other-admin"], "unknown", "{}", lines[0]);
    office.aws.add_role("ops", &[&office.aws.account()]).unwrap();
    office.aws.attach("role/ops", "AdministratorAccess");
    let (lines, code) = office.lines(&[]);
    assert_eq!((verdicts(&lines[0])["other-admin"].as_str(), code), ("pass", 0), "{}", lines[0]);
}

/// Root itself sees each factor by its serial number.
#[test]
fn root_sees_its_own_factors() {
    let office = Office::sound();
    office.aws.add_virtual_for("root", "phone");
    let root = office.aws.root();
    let office = Office::over(office.aws, root);
    let (lines, code) = office.lines(&["--fail-on", "medium"]);
    let kinds: Vec<_> =
        lines[0]["factors"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "fido").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| **kind == "virtual").count(), 1);
    // The key it signs with is one of the findings.
    let keys = finding(&lines[0], "root-access-keys");
    assert_eq!((keys["verdict"].as_str(), code), (Some("fail"), 1));
    assert!(keys["evidence"][0].as_str().unwrap().starts_with("AKIA"), "{keys}");
    assert_eq!(verdicts(&lines[0])["root-virtual-mfa"], "fail");
}

/// Members, seen through AssumeRoot: every kind, and nothing that is not so.
#[test]
fn members_of_every_kind() {
    let organization = Organization::new(SimClock::host());
    let aws = organization.management().clone();
    let admin = aws.admin();
    let all = [
        "root-mfa",
        "root-hardware-mfa",
        "root-virtual-mfa",
        "root-two-factors",
        "root-access-keys",
        "root-certificates",
        "root-use",
        "root-credentials",
        "security-contact",
    ];
    let mut wanted: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for kind in Kind::ALL {
        let number = organization.add(kind);
        let mut row: BTreeMap<String, String> =
            all.iter().map(|rule| ((*rule).to_owned(), "pass".to_owned())).collect();
        let mut set = |rule: &str, verdict: &str| drop(row.insert(rule.to_owned(), verdict.to_owned()));
        // A password that the organization could do without.
        set("root-credentials", FAIL);
        match kind {
            Kind::NoCredentials | Kind::KeyWithoutPassword => {
                NO_SIGN_IN.iter().for_each(|(rule, verdict)| set(rule, verdict));
                set("root-use", NA);
                set("root-credentials", "pass");
            }
            Kind::OneKey | Kind::HardwareToken => set("root-two-factors", FAIL),
            Kind::Virtual => {
                set("root-hardware-mfa", FAIL);
                set("root-virtual-mfa", NA);
                set("root-two-factors", FAIL);
            }
            Kind::NoMfa | Kind::Groot => {
                set("root-mfa", FAIL);
                set("root-hardware-mfa", FAIL);
                set("root-virtual-mfa", NA);
                set("root-two-factors", NA);
            }
            Kind::ActiveKey => {
                set("root-access-keys", FAIL);
                set("root-use", FAIL);
            }
            Kind::InactiveKey => set("root-access-keys", FAIL),
            Kind::KeyAndVirtual => set("root-virtual-mfa", FAIL),
            Kind::Certificate => set("root-certificates", FAIL),
            _ => {}
        }
        wanted.insert(number, row);
    }
    let office = Office::over(aws, admin);
    let (lines, code) = office.lines(&["--org"]);
    assert_eq!(code, 1);
    let rows: BTreeMap<String, BTreeMap<String, String>> = lines
        .iter()
        .filter(|line| line["type"] == "root_audit_account" && line["standing"] == "member")
        .map(|line| (line["account"].as_str().unwrap().to_owned(), verdicts(line)))
        .collect();
    assert_eq!(rows, wanted);
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["type"], &summary["accounts"]),
        (&"root_audit_summary".into(), &(Kind::ALL.len() + 1).into())
    );
}

/// The management account answers for the organization.
#[test]
fn central_root_access_and_policies() {
    let state = |change: &dyn Fn(&Organization)| {
        let organization = Organization::new(SimClock::host());
        let aws = organization.management().clone();
        let admin = aws.admin();
        change(&organization);
        let (lines, _) = Office::over(aws, admin).lines(&[]);
        let verdicts = verdicts(&lines[0]);
        (verdicts["central-root"].clone(), verdicts["scp-stops-tasks"].clone())
    };
    let deny = |more: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringLike":{{"aws:PrincipalArn":"arn:*:iam::*:root"}}{more}}}}}]}}"#
        )
    };
    let (pass, fail) = ("pass".to_owned(), "fail".to_owned());
    assert_eq!(state(&|_| {}), (pass.clone(), pass.clone()));
    assert_eq!(state(&|org| org.trust("iam.amazonaws.com", false)), (fail.clone(), pass.clone()));
    assert_eq!(state(&|org| org.set_features(&[Feature::RootSessions])), (fail.clone(), pass.clone()));
    assert_eq!(state(&|org| org.set_features(&[Feature::RootCredentialsManagement])), (fail.clone(), pass.clone()));
    assert_eq!(state(&|org| org.set_features(&[])), (fail.clone(), pass.clone()));
    let policy = |text: String, attached: bool| {
        state(&move |org: &Organization| {
            let id = org.add_policy("no-root", &text).unwrap();
            if attached {
                org.attach(&id, &org.root_id());
            }
        })
    };
    assert_eq!(policy(deny(""), true), (pass.clone(), fail));
    assert_eq!(policy(deny(""), false), (pass.clone(), pass.clone()));
    assert_eq!(policy(deny(r#","BoolIfExists":{"aws:AssumedRoot":"false"}"#), true), (pass.clone(), pass));
}
