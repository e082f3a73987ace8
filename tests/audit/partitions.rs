//! Other partitions than `aws`: China, GovCloud, the European Sovereign Cloud. Other ARNs, regions, hosts and console,
//! and what AWS does not have there.

use super::office::{Office, auditor, finding, verdicts};
use crate::interop_aws;
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::posture::{Posture, Rule, Topic};
use glasskey::sim::aws::{Aws, Organization, Partition, Setup};
use glasskey::sim::clock::SimClock;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

const OTHERS: [Partition; 3] = [Partition::AwsCn, Partition::AwsUsGov, Partition::AwsEusc];

fn setup(partition: Partition) -> Setup {
    Setup { account: Some("111122223333".to_owned()), partition, ..Setup::default() }
}

fn sound(partition: Partition) -> Office {
    let aws = Aws::with(SimClock::host(), setup(partition));
    aws.protect();
    let _ = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    let keys = auditor(&aws);
    Office::over(aws, keys)
}

#[test]
fn an_account_as_it_should_be() {
    for partition in OTHERS {
        let office = sound(partition);
        let (lines, code) = office.lines(&[]);
        let (name, region) = (partition.as_str(), partition.region());
        assert_eq!((lines[0]["verdict"].as_str(), code), (Some("pass"), 0), "{name}: {}", lines[0]);
        assert_eq!(lines[0]["partition"], name);
        let chain = finding(&lines[0], "root-alarm")["evidence"][0].as_str().unwrap().to_owned();
        assert!(chain.contains(&format!("arn:{name}:sns:{region}:111122223333:root-use")), "{chain}");
        // An EventBridge rule counts in the region where root's sign-ins are recorded.
        office.aws.arrange(|posture| {
            posture.metric_filters.clear();
            let targets = vec![posture.subscriptions[0].topic.clone()];
            posture.topics = targets.iter().map(|arn| Topic::open(arn)).collect();
            posture.rules.push(Rule { region: region.to_owned(), targets, ..Rule::default() });
        });
        let (lines, _) = office.lines(&[]);
        assert_eq!(verdicts(&lines[0])["root-alarm"], "pass", "{name}: {}", finding(&lines[0], "root-alarm"));
    }
}

/// GovCloud's root users cannot sign in to the console and have no MFA; there is no central root access.
#[test]
fn what_aws_does_not_have_in_govcloud_is_not_asked_for() {
    let office = sound(Partition::AwsUsGov);
    let root = office.aws.devices().into_iter().filter(|device| device.user.as_deref() == Some("root"));
    root.for_each(|device| office.aws.remove_device(&device.arn));
    let (lines, code) = office.lines(&[]);
    assert_eq!(code, 0);
    for rule in ["root-mfa", "root-hardware-mfa", "root-virtual-mfa", "root-two-factors", "root-credentials"] {
        let finding = finding(&lines[0], rule);
        assert_eq!(finding["verdict"], "not_applicable", "{finding}");
        let evidence = "in the partition aws-us-gov root cannot sign in to the console, and has no MFA";
        assert_eq!(finding["evidence"][0], evidence, "{finding}");
    }
    // An access key is what root can have there.
    let _ = office.aws.add_root_key(true);
    let (lines, code) = office.lines(&[]);
    assert_eq!((verdicts(&lines[0])["root-access-keys"].as_str(), code), ("fail", 1));
    // In China and Europe the same state fails.
    for partition in [Partition::AwsCn, Partition::AwsEusc] {
        let office = sound(partition);
        let root = office.aws.devices().into_iter().filter(|device| device.user.as_deref() == Some("root"));
        root.for_each(|device| office.aws.remove_device(&device.arn));
        assert_eq!(verdicts(&office.lines(&[]).0[0])["root-mfa"], "fail");
    }

    let organization = Organization::with(SimClock::host(), setup(Partition::AwsUsGov));
    let aws = organization.management().clone();
    let admin = aws.admin();
    let office = Office::over(aws, admin);
    let (lines, _) = office.lines(&[]);
    for rule in ["central-root", "scp-stops-tasks"] {
        let finding = finding(&lines[0], rule);
        assert_eq!(finding["verdict"], "not_applicable");
        assert_eq!(finding["evidence"][0], "the partition aws-us-gov has no central root access");
    }
    let asked = |action: &str| office.aws.calls().iter().any(|call| call.action == action);
    assert!(!asked("ListOrganizationsFeatures") && !asked("ListPolicies"));
}

/// Every fix is for the partition: its console, its ARNs, its regions.
#[test]
fn fixes_are_for_the_partition() {
    for (partition, console) in OTHERS.into_iter().zip([
        "https://console.amazonaws.cn/",
        "https://console.amazonaws-us-gov.com/",
        "https://console.amazonaws-eusc.eu/",
    ]) {
        let organization = Organization::with(SimClock::host(), setup(partition));
        let aws = organization.management().clone();
        let admin = aws.admin();
        let _ = aws.add_root_key(true);
        let _ = aws.add_root_certificate(true);
        aws.add_virtual_for("root", "phone");
        aws.arrange(|posture| *posture = Posture::default());
        organization.set_features(&[]);
        for kind in [Kind::ActiveKey, Kind::Certificate, Kind::KeyAndVirtual, Kind::NoMfa] {
            organization.add(kind);
        }
        let office = Office::over(aws, admin);
        let (mut lines, code) = office.lines(&["--org"]);
        organization.set_features(&[glasskey::sim::aws::organization::Feature::RootCredentialsManagement]);
        lines.extend(office.lines(&["--org"]).0);
        assert_eq!(code, 1);
        let name = partition.as_str();
        let mut consoles = 0;
        let findings = lines.iter().flat_map(|line| line["findings"].as_array().into_iter().flatten());
        for fix in findings.map(|finding| &finding["fix"]).filter(|fix| !fix.is_null()) {
            let text = fix.to_string();
            for other in ["arn:aws:", "us-east-1", "console.aws.amazon.com"] {
                assert!(!text.contains(other), "{name}: {text}");
            }
            assert!(
                !text.contains("assume-root") || text.contains(&format!("--region {} ", partition.region())),
                "{text}"
            );
            consoles += usize::from(text.contains(console));
        }
        assert!(consoles > 5, "{name}: {consoles}");
        let members = lines.iter().filter(|line| line["standing"] == "member");
        assert!(members.clone().count() >= 4 && members.clone().all(|line| line["partition"] == name));
    }
}

/// A proxy that lets nothing through, and the hosts it was asked for.
fn proxy() -> (String, Arc<Mutex<BTreeSet<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, hosts) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(BTreeSet::new())));
    let asked = Arc::clone(&hosts);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 1024];
            let length = stream.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            if let Some(host) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()) {
                asked.lock().unwrap().insert(host.to_owned());
            }
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (url, hosts)
}

/// Where each service is asked, held against where boto3 asks it. All but one service are the simulator's in each run,
/// so that the audit comes as far as asking that one.
#[test]
fn every_service_is_asked_where_boto3_asks_it() {
    const SERVICES: [(&str, &str); 9] = [
        ("STS", "sts"),
        ("IAM", "iam"),
        ("ORGANIZATIONS", "organizations"),
        ("ACCOUNT", "account"),
        ("CLOUDTRAIL", "cloudtrail"),
        ("CLOUDWATCH_LOGS", "logs"),
        ("CLOUDWATCH", "cloudwatch"),
        ("SNS", "sns"),
        ("EVENTBRIDGE", "events"),
    ];
    let partitions = [Partition::Aws, Partition::AwsCn, Partition::AwsUsGov, Partition::AwsEusc];
    let script = "import boto3, json, sys
print(json.dumps({region: {service: boto3.client(service, region_name=region).meta.endpoint_url.removeprefix('https://')
    for service in sys.argv[2].split()} for region in sys.argv[1].split()}))";
    let regions: Vec<&str> = partitions.iter().map(|partition| partition.region()).collect();
    let services: Vec<&str> = SERVICES.iter().map(|(_, service)| *service).collect();
    let mut python = Command::new(interop_aws::venv().join("bin/python"));
    python.args(["-c", script, &regions.join(" "), &services.join(" ")]).env_clear();
    python.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_CONFIG_FILE", "/dev/null");
    let said = python.output().unwrap();
    let right: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&said.stderr)));

    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for partition in partitions {
            for (variable, service) in SERVICES {
                let (right, wrong) = (&right, &wrong);
                scope.spawn(move || {
                    let office = sound(partition);
                    let (url, hosts) = proxy();
                    let mut command = office.command(&["--json"]);
                    command.env_remove("AWS_ENDPOINT_URL").env_remove(format!("AWS_ENDPOINT_URL_{variable}"));
                    command.env("HTTPS_PROXY", url).env("NO_PROXY", "127.0.0.1");
                    let run = crate::support::run(&mut command);
                    let wanted = BTreeSet::from([right[partition.region()][service].clone()]);
                    let hosts = hosts.lock().unwrap().clone();
                    if hosts != wanted {
                        wrong.lock().unwrap().push(format!("{wanted:?}, not {hosts:?}: {}", run.stderr));
                    }
                    // Nothing is well that could not be asked about; the alarm is enough without rules.
                    let code = match (variable, partition) {
                        ("STS", _) => 3,
                        ("EVENTBRIDGE", _) | ("ORGANIZATIONS", Partition::AwsUsGov) => 0,
                        _ => 4,
                    };
                    assert_eq!(run.code, code, "{variable}: {}", run.stderr);
                });
            }
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
