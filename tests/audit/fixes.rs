//! What an audit says to do: in each state the commands that belong to it; each one read by the real AWS CLI, or by
//! glasskey; and for members, carried out by the CLI, after which the finding is gone.

use super::office::{Office, finding, organization, setup, verdicts};
use crate::interop_aws::venv;
use crate::support::blows::side_by_side;
use glasskey::sim::aws::organization::{Feature, Kind};
use glasskey::sim::aws::posture::{Rule, Selectors, Topic, Trail};
use glasskey::sim::aws::{Aws, Organization};
use glasskey::sim::clock::SimClock;
use serde_json::Value;
use std::process::Command;

const PATTERN: &str =
    r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

type State = (&'static str, Box<dyn Fn(&Aws) + Send>, &'static str, Vec<String>);

fn state(name: &'static str, rule: &'static str, aws: &[&str], change: impl Fn(&Aws) + Send + 'static) -> State {
    (name, Box::new(change), rule, aws.iter().map(|one| (*one).to_owned()).collect())
}

/// States of an account by itself, and what is to be done in the shell.
fn states() -> Vec<State> {
    let filter = |group: &str, filter: &str, metric: &str, namespace: &str| {
        format!(
            "aws logs put-metric-filter --log-group-name {group} --filter-name {filter} --metric-transformations metricName={metric},metricNamespace={namespace},metricValue=1 --filter-pattern '{PATTERN}'"
        )
    };
    let alarm = |name: &str, metric: &str, namespace: &str| {
        format!(
            "aws cloudwatch put-metric-alarm --alarm-name {name} --metric-name {metric} --namespace {namespace} --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching --alarm-actions TOPIC"
        )
    };
    let rule = |change: fn(&mut Rule)| {
        move |aws: &Aws| {
            aws.arrange(|posture| {
                posture.metric_filters.clear();
                posture.trails[0].log_group = None;
                let mut rule = Rule { targets: vec![posture.subscriptions[0].topic.clone()], ..Rule::default() };
                change(&mut rule);
                posture.rules.push(rule);
            });
        }
    };
    let topic = |change: fn(&mut Topic)| {
        move |aws: &Aws| {
            aws.arrange(|posture| {
                let mut topic = Topic { arn: posture.subscriptions[0].topic.clone(), ..Topic::default() };
                change(&mut topic);
                posture.topics = vec![topic];
            });
        }
    };
    vec![
        state("a key of root's", "root-access-keys", &["aws login", "for each"], |aws| drop(aws.add_root_key(true))),
        state(
            "certificates of root's",
            "root-certificates",
            &[
                "aws login",
                "for id in $(aws iam list-signing-certificates --query 'Certificates[].CertificateId' --output text); do aws iam delete-signing-certificate --certificate-id $id; done",
            ],
            |aws| drop(aws.add_root_certificate(true)),
        ),
        state(
            "root was used",
            "root-use",
            &[
                "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=Username,AttributeValue=root",
            ],
            |aws| aws.use_root_password(std::time::Duration::from_secs(86_400)),
        ),
        state("no factor", "root-mfa", &[], |aws| {
            aws.devices()
                .iter()
                .filter(|one| one.user.as_deref() == Some("root"))
                .for_each(|one| aws.remove_device(&one.arn));
        }),
        state(
            "no trail",
            "trail",
            &[
                "aws cloudtrail create-trail --name all-regions --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation",
                "aws cloudtrail start-logging --name all-regions",
            ],
            |aws| aws.arrange(|posture| posture.trails.clear()),
        ),
        state(
            "a trail of one region that is off, beside a better one of reads",
            "trail",
            &[
                "aws cloudtrail get-event-selectors --trail-name trail",
                r#"aws cloudtrail put-event-selectors --trail-name trail --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true}]'"#,
            ],
            |aws| {
                aws.arrange(|posture| {
                    let old =
                        Trail { name: "old".to_owned(), multi_region: false, logging: false, ..Trail::default() };
                    posture.trails.insert(0, old);
                    posture.trails[1].selectors = Selectors::Basic(Vec::new());
                });
            },
        ),
        state(
            "a trail of one region that is off",
            "trail",
            &[
                "aws cloudtrail update-trail --name trail --is-multi-region-trail",
                "aws cloudtrail start-logging --name trail",
            ],
            |aws| {
                aws.arrange(|posture| {
                    posture.trails[0].multi_region = false;
                    posture.trails[0].logging = false;
                });
            },
        ),
        state(
            "a trail that is not validated",
            "trail-validation",
            &["aws cloudtrail update-trail --name trail --is-multi-region-trail --enable-log-file-validation"],
            |aws| aws.arrange(|posture| posture.trails[0].validation = false),
        ),
        state(
            "a trail that cannot deliver",
            "trail",
            &[
                "aws cloudtrail get-trail-status --name trail --query LatestDeliveryError",
                "aws cloudtrail update-trail --name trail --s3-bucket-name BUCKET",
            ],
            |aws| aws.arrange(|posture| posture.trails[0].delivery_error = Some("AccessDenied".to_owned())),
        ),
        state(
            "nothing watches",
            "root-alarm",
            &[
                &filter("trail", "root-use", "RootUse", "LogMetrics"),
                "aws sns create-topic --name root-use",
                "aws sns subscribe --topic-arn TOPIC --protocol email --notification-endpoint ADDRESS",
                &alarm("root-use", "RootUse", "LogMetrics"),
            ],
            |aws| aws.arrange(|posture| posture.metric_filters.clear()),
        ),
        state("a trail that is off", "root-alarm", &["aws cloudtrail get-trail-status --name trail"], |aws| {
            aws.arrange(|posture| posture.trails[0].logging = false)
        }),
        state(
            "no log group",
            "root-alarm",
            &[
                "aws cloudtrail update-trail --name trail --cloud-watch-logs-log-group-arn ARN --cloud-watch-logs-role-arn ROLE",
            ],
            |aws| aws.arrange(|posture| posture.trails[0].log_group = None),
        ),
        // A name is a word of the shell, whatever is in it.
        state(
            "a filter that misses sign-ins",
            "root-alarm",
            &[
                r"aws logs describe-metric-filters --log-group-name trail --filter-name-prefix 'it'\''s; rm -rf ~'",
                &filter("trail", r"'it'\''s; rm -rf ~'", "METRIC", "NAMESPACE"),
            ],
            |aws| {
                aws.arrange(|posture| {
                    posture.metric_filters[0].name = "it's; rm -rf ~".to_owned();
                    posture.metric_filters[0].pattern =
                        r#"{ $.userIdentity.type = "Root" && $.eventName != "ConsoleLogin" }"#.to_owned();
                });
            },
        ),
        state(
            "no alarm",
            "root-alarm",
            &[
                "aws logs describe-metric-filters --log-group-name trail --filter-name-prefix root-use",
                &alarm("root-use", "METRIC", "NAMESPACE"),
            ],
            |aws| aws.arrange(|posture| posture.alarms.clear()),
        ),
        state(
            "an alarm that is off",
            "root-alarm",
            &["aws cloudwatch enable-alarm-actions --alarm-names 'root used'"],
            |aws| {
                aws.arrange(|posture| {
                    posture.alarms[0].name = "root used".to_owned();
                    posture.alarms[0].actions_enabled = false;
                });
            },
        ),
        state(
            "an alarm without action",
            "root-alarm",
            &["aws cloudwatch describe-alarms --alarm-names root-use", &alarm("root-use", "METRIC", "NAMESPACE")],
            |aws| aws.arrange(|posture| posture.alarms[0].actions.clear()),
        ),
        state(
            "nobody subscribed",
            "root-alarm",
            &[
                "aws sns subscribe --topic-arn arn:aws:sns:us-east-1:111122223333:root-use --protocol email --notification-endpoint ADDRESS",
            ],
            |aws| aws.arrange(|posture| posture.subscriptions[0].endpoint = String::new()),
        ),
        state(
            "a subscription that is pending",
            "root-alarm",
            &[
                "`glasskey root alarm confirm -` reads the link in the message that AWS has sent to security@example.com; or have it sent again:",
                "aws sns subscribe --topic-arn arn:aws:sns:us-east-1:111122223333:root-use --protocol email --notification-endpoint security@example.com",
            ],
            |aws| aws.arrange(|posture| posture.subscriptions[0].confirmed = false),
        ),
        state(
            "a topic that lets nobody publish",
            "root-alarm",
            &[
                "aws sns get-topic-attributes --topic-arn arn:aws:sns:us-east-1:111122223333:root-use",
                "aws sns set-topic-attributes --topic-arn arn:aws:sns:us-east-1:111122223333:root-use --attribute-name Policy --attribute-value POLICY",
            ],
            topic(|topic| topic.policy = Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())),
        ),
        state(
            "a topic with AWS's own key",
            "root-alarm",
            &[
                "aws sns get-topic-attributes --topic-arn arn:aws:sns:us-east-1:111122223333:root-use",
                "aws sns set-topic-attributes --topic-arn arn:aws:sns:us-east-1:111122223333:root-use --attribute-name KmsMasterKeyId --attribute-value KEY",
            ],
            topic(|topic| {
                *topic = Topic { key: Some("alias/aws/sns".to_owned()), ..Topic::open(&topic.arn) };
            }),
        ),
        state(
            "a rule that is off",
            "root-alarm",
            &["aws events enable-rule --region us-east-1 --name root-use"],
            rule(|rule| rule.state = "DISABLED".to_owned()),
        ),
        state(
            "a rule without target",
            "root-alarm",
            &["aws events put-targets --region us-east-1 --rule root-use --targets Id=1,Arn=TOPIC"],
            rule(|rule| rule.targets.clear()),
        ),
        state(
            "a rule for some sign-ins",
            "root-alarm",
            &[
                r#"aws events put-rule --region us-east-1 --name root-use --event-pattern '{"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}'"#,
            ],
            rule(|rule| {
                rule.pattern = Some(
                    r#"{"detail":{"userIdentity":{"type":["Root"]},"additionalEventData":{"MFAUsed":["No"]}}}"#
                        .to_owned(),
                )
            }),
        ),
        state(
            "an administrator without MFA",
            "admin-mfa",
            &[
                "aws iam create-virtual-mfa-device --virtual-mfa-device-name alice --bootstrap-method QRCodePNG --outfile alice.png",
                "aws iam enable-mfa-device --user-name alice --serial-number arn:aws:iam::111122223333:mfa/alice --authentication-code1 CODE --authentication-code2 CODE",
            ],
            |aws| {
                let _ = aws.add_user("alice");
                aws.attach("user/alice", "AdministratorAccess");
            },
        ),
        state(
            "no contact",
            "contact",
            &[
                "aws account put-contact-information --contact-information FullName=NAME,AddressLine1=STREET,City=CITY,PostalCode=CODE,CountryCode=CC,PhoneNumber=NUMBER",
            ],
            |aws| aws.arrange(|posture| posture.contact = None),
        ),
        state(
            "no security contact",
            "security-contact",
            &[
                "aws account put-alternate-contact --alternate-contact-type SECURITY --email-address ADDRESS --name NAME --phone-number NUMBER --title TITLE",
            ],
            |aws| aws.arrange(|posture| drop(posture.alternate_contacts.remove("SECURITY"))),
        ),
        state(
            "no password policy",
            "password-policy",
            &[
                "aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters --allow-users-to-change-password",
            ],
            |aws| aws.arrange(|posture| posture.password_policy = None),
        ),
    ]
}

pub(super) fn of(fix: &Value) -> Vec<String> {
    fix["aws"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn audited(change: &dyn Fn(&Aws), rule: &str) -> Value {
    let aws = Aws::with(SimClock::host(), setup());
    aws.protect();
    let _ = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    change(&aws);
    let keys = super::office::auditor(&aws);
    let (lines, _) = Office::over(aws, keys).lines(&[]);
    finding(&lines[0], rule).clone()
}

/// Each state has its fix, and each fix a page of the console. The CLI takes every command, with something in the place
/// of what is in capitals.
#[test]
fn each_state_has_the_commands_that_mend_it_and_the_cli_takes_them() {
    let looked = side_by_side(4, states(), |(name, change, rule, wanted)| {
        let found = audited(&*change, rule);
        let fix = &found["fix"];
        let seen = of(fix);
        let right = match wanted.get(1).map(String::as_str) {
            Some("for each") => {
                let id = found["evidence"][0].as_str().unwrap().split(',').next().unwrap().to_owned();
                // An administrator does not see its id.
                let command = "for id in $(aws iam list-access-keys --query 'AccessKeyMetadata[].AccessKeyId' --output text); do aws iam delete-access-key --access-key-id $id; done";
                id == "an access key" && seen == ["aws login", command]
            }
            _ => seen == wanted,
        };
        let console = fix["console"].as_str().unwrap_or_default();
        let right = found["verdict"] == "fail" && right && console.starts_with("https://console.aws.amazon.com/");
        ((!right).then(|| format!("{name}: {found}")), seen)
    });
    let (wrong, commands): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    let mut commands = commands.concat();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // Of an organization: what stops its tasks, and what is off.
    let organization = Organization::with(SimClock::host(), setup());
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
    organization.attach(&organization.add_policy("deny", deny).unwrap(), &organization.root_id());
    organization.set_all_features(false);
    let admin = organization.management().admin();
    let office = Office::over(organization.management().clone(), admin);
    let central = of(&finding(&office.lines(&[]).0[0], "central-root")["fix"]);
    assert_eq!(central.len(), 4, "{central:?}");
    organization.set_all_features(true);
    commands.extend(central);
    commands.extend(of(&finding(&office.lines(&[]).0[0], "scp-stops-tasks")["fix"]));
    let said = read_by_the_cli(&commands);
    assert!(said.is_empty(), "\n{said}");
}

/// What the CLI has to say against commands, none of which it sends.
pub(super) fn read_by_the_cli(commands: &[String]) -> String {
    let script = r#"
import contextlib, io, re, shlex, sys
from awscli.clidriver import create_clidriver
instead = {"CODE": "123456", "CC": "US", "ADDRESS": "a@example.com", "BUCKET": "bucket", "alice.png": "/dev/null"}

class Sent(Exception):
    pass

def stop(**_):
    raise Sent("all would be sent")

for line in sys.stdin:
    words = shlex.split(line.replace(">policy.json", ""))
    if not words or words[0] != "aws" or words[1] == "login":
        continue
    words = [re.sub(r"\b(%s)\b" % "|".join(instead), lambda one: instead[one[0]], word) for word in words[1:]]
    words = [word.replace("file://policy.json", "{}") for word in words]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        driver = create_clidriver()
        driver.session.register("before-call", stop)
        driver.main(words)
    if "all would be sent" not in told.getvalue():
        print(line.strip(), told.getvalue().strip(), sep="\n  ")
"#;
    let mut command = Command::new(venv().join("bin/python"));
    command
        .args(["-c", script])
        .env_clear()
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null");
    let run = crate::support::run_with(&mut command, format!("{}\n", commands.join("\n")).as_bytes());
    format!("{}{}", run.stdout, run.stderr)
}

/// In a session of AssumeRoot, by the CLI: afterwards there is nothing left to be mended.
#[test]
fn a_members_fixes_taken_as_they_are_written() {
    let kinds = [Kind::ActiveKey, Kind::Certificate, Kind::KeyAndVirtual, Kind::Sound];
    let rules = ["root-access-keys", "root-certificates", "root-virtual-mfa", "root-credentials"];
    let (organization, office, members) = organization(&kinds);
    organization.set_features(&[Feature::RootCredentialsManagement]);
    let before = office.lines(&["--org"]).0;
    let of_account =
        |lines: &[Value], account: &str| lines.iter().find(|line| line["account"] == account).unwrap().clone();
    let account = |nth: usize| members.get(nth).map_or("111122223333", String::as_str);
    let all: Vec<(usize, &str)> =
        rules.iter().copied().enumerate().chain([(members.len(), "central-root")]).collect();
    std::thread::scope(|scope| {
        for (nth, rule) in &all {
            let found = finding(&of_account(&before, account(*nth)), rule).clone();
            let office = &office;
            scope.spawn(move || {
                assert_eq!(found["verdict"], "fail", "{found}");
                let path = format!("{}:{}", venv().join("bin").display(), std::env::var("PATH").unwrap());
                let mut shell = Command::new("bash");
                shell
                    .args(["-ec", &of(&found["fix"]).join("\n")])
                    .env_clear()
                    .envs(office.environment())
                    .env("PATH", path);
                let run = crate::support::run(&mut shell);
                assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{found}\n{}", run.stdout);
            });
        }
    });
    let after = office.lines(&["--org"]).0;
    for (nth, rule) in all {
        assert_eq!(verdicts(&of_account(&after, account(nth)))[rule], "pass", "{rule}");
    }
    // glasskey's own way to the same.
    let found = finding(&of_account(&before, account(2)), "root-virtual-mfa").clone();
    let serial = found["evidence"][0].as_str().unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(found["fix"]["glasskey"], format!("glasskey root remove --account {} {serial}", members[2]));
}

/// What is said of glasskey is a command of glasskey's.
#[test]
fn glasskeys_own_commands_are_taken() {
    let factors = |kept: usize| {
        move |aws: &Aws| {
            let of_root = aws.devices().into_iter().filter(|one| one.user.as_deref() == Some("root"));
            of_root.skip(kept).for_each(|one| aws.remove_device(&one.arn));
        }
    };
    type Said = (&'static str, Box<dyn Fn(&Aws)>, &'static str);
    let states: [Said; 4] = [
        ("root-mfa", Box::new(factors(0)), "glasskey root enroll --key SERIAL --key SERIAL"),
        ("root-two-factors", Box::new(factors(1)), "glasskey root enroll --one-key --key SERIAL"),
        (
            "root-virtual-mfa",
            Box::new(|aws| drop(aws.add_virtual_for("root", "phone"))),
            "glasskey root remove arn:aws:iam::111122223333:mfa/phone",
        ),
        (
            "admin-mfa",
            Box::new(|aws| {
                let _ = aws.add_user("alice");
                aws.attach("user/alice", "AdministratorAccess");
            }),
            "glasskey enroll alice --key SERIAL",
        ),
    ];
    for (rule, change, wanted) in states {
        let found = audited(&*change, rule);
        assert_eq!(found["fix"]["glasskey"], wanted);
        let words = wanted.replace("SERIAL", "30208943");
        let words: Vec<&str> = words.split(' ').skip(1).collect();
        let run = crate::support::run(Command::new(env!("CARGO_BIN_EXE_glasskey")).args(words).arg("--help"));
        assert_eq!(run.code, 0, "{wanted}: {}", run.stderr);
    }
}

/// A member's password goes only where that is said, so the command says it; and it plans what it names.
#[test]
fn the_command_about_a_members_password_plans_that_it_goes() {
    let (_organization, office, members) = organization(&[Kind::Sound]);
    let (lines, _) = office.lines(&["--account", &members[0]]);
    let fix = &finding(&lines[0], "root-credentials")["fix"]["glasskey"];
    assert_eq!(fix, "glasskey root harden --org --only root-credentials --members-password");
    let mut command = crate::support::glasskey(office.path());
    command.args(fix.as_str().unwrap().split(' ').skip(1)).arg("--json").envs(office.environment());
    let plan = crate::support::run(&mut command);
    assert_eq!((plan.code, &plan.json()["steps"][0]["id"]), (1, &"member-root-credentials".into()), "{plan:?}");
}
