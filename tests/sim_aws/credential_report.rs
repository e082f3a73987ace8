//! The credential report, from none to an expired one.

use super::client::{call, verdict};
use super::{account, wait};
use glasskey::sim::aws::{Aws, Keys};
use std::collections::BTreeMap;

fn report(aws: &Aws, keys: &Keys) -> Vec<BTreeMap<String, String>> {
    let content = call(aws, keys, "GetCredentialReport", &[]).get("Content").unwrap();
    let text = String::from_utf8(data_encoding::BASE64.decode(content.as_bytes()).unwrap()).unwrap();
    assert!(!text.ends_with('\n'));
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    lines
        .map(|line| {
            assert_eq!(line.len(), header.len());
            header.iter().cloned().zip(line).collect()
        })
        .collect()
}

fn generate(aws: &Aws, keys: &Keys) -> String {
    call(aws, keys, "GenerateCredentialReport", &[]).get("State").unwrap()
}

#[test]
fn it_is_missing_then_in_progress_then_complete_then_expired() {
    let (aws, admin) = account();
    let get = || verdict(&aws, &admin, "GetCredentialReport", &[]);
    assert_eq!(get(), "410 ReportNotPresent: Unknown");
    assert_eq!(generate(&aws, &admin), "STARTED");
    assert_eq!(get(), "404 ReportInProgress: Unknown");
    assert_eq!(generate(&aws, &admin), "COMPLETE");
    assert_eq!(get(), "200");
    aws.add_root_key(true);
    assert_eq!(generate(&aws, &admin), "COMPLETE");
    assert_eq!(report(&aws, &admin)[0]["access_key_1_active"], "false", "the one of before is kept");
    wait(&aws, 4 * 3600);
    assert_eq!(get(), "410 ReportExpired: Unknown");
    assert_eq!((generate(&aws, &admin), generate(&aws, &admin)), ("STARTED".into(), "COMPLETE".into()));
    assert_eq!(report(&aws, &admin)[0]["access_key_1_active"], "true");
    aws.forget_report();
    aws.arrange(|posture| posture.report.polls = 3);
    let states: Vec<_> = (0..4).map(|_| generate(&aws, &admin)).collect();
    assert_eq!(states, ["STARTED", "INPROGRESS", "INPROGRESS", "COMPLETE"]);
}

#[test]
fn the_first_row_is_roots() {
    let (aws, admin) = account();
    let _ = (generate(&aws, &admin), generate(&aws, &admin));
    let rows = report(&aws, &admin);
    assert_eq!(rows[0].len(), 22);
    let row = |name: &str| rows[0][name].as_str();
    assert_eq!((row("user"), row("arn")), ("<root_account>", "arn:aws:iam::111122223333:root"));
    assert_eq!((row("password_enabled"), row("mfa_active"), row("cert_1_active")), ("true", "false", "false"));
    assert_eq!((row("password_last_used"), row("password_next_rotation")), ("no_information", "not_supported"));
    assert_eq!((row("access_key_1_active"), row("access_key_1_last_rotated")), ("false", "N/A"));
    assert_eq!(rows[1]["user"], "admin");
    assert_eq!((rows[1]["access_key_1_active"].as_str(), rows[1]["password_enabled"].as_str()), ("true", "false"));
}

#[test]
fn it_may_have_another_column_and_capitals() {
    let (aws, admin) = account();
    aws.protect();
    aws.arrange(|posture| {
        posture.report.additional_column = true;
        posture.report.capitals = true;
    });
    let _ = (generate(&aws, &admin), generate(&aws, &admin));
    let rows = report(&aws, &admin);
    assert_eq!(rows[0].len(), 23);
    assert!(rows[0].contains_key("additional_credentials_info"));
    assert_eq!((rows[0]["mfa_active"].as_str(), rows[1]["mfa_active"].as_str()), ("TRUE", "FALSE"));
    aws.forget_report();
    aws.arrange(|posture| posture.report.password_not_supported = true);
    let _ = (generate(&aws, &admin), generate(&aws, &admin));
    assert_eq!(report(&aws, &admin)[0]["password_enabled"], "not_supported");
}
