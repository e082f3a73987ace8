//! Credential reports: by header, in either case, old and new.

use glasskey::aws::posture::{CredentialReport, LastUse, NotAReport};
use proptest::prelude::*;
use std::time::{Duration, UNIX_EPOCH};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
const ROOT: &str = "<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,true,2026-01-01T12:00:00+00:00,not_supported,not_supported,true,true,2024-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
const GROOT: &str = "groot,arn:aws:iam::111122223333:user/groot,2020-01-01T00:00:00+00:00,true,no_information,N/A,N/A,false,true,N/A,N/A,N/A,N/A,true,N/A,N/A,N/A,N/A,false,N/A,false,N/A";

#[test]
fn root_is_its_own_row_and_groot_is_a_user() {
    let report = CredentialReport::parse(&format!("{HEADER}\n{GROOT}\n{ROOT}\n")).unwrap();
    let root = report.root.unwrap();
    assert_eq!((root.password, root.mfa), (Some(true), Some(true)));
    assert_eq!(root.keys, [Some(true), Some(false)]);
    assert_eq!(root.keys_used, [LastUse::Never, LastUse::Never]);
    assert_eq!(root.password_used, LastUse::At(UNIX_EPOCH + Duration::from_secs(1_767_268_800)));
    let [groot] = &report.users[..] else { panic!("{:?}", report.users) };
    assert_eq!((groot.name.as_str(), groot.mfa), ("groot", false));
}

#[test]
fn capitals_a_23rd_column_and_another_order_change_nothing() {
    let plain = CredentialReport::parse(&format!("{HEADER}\n{ROOT}\n{GROOT}")).unwrap();
    let capitals = ROOT.replace("true", "TRUE").replace("false", "FALSE");
    assert_eq!(CredentialReport::parse(&format!("{HEADER}\r\n{capitals}\r\n{GROOT}\r\n")).unwrap(), plain);
    let wider = format!("{HEADER},additional_credentials_info\n{ROOT},\"a, \"\"b\"\"\"\n{GROOT},N/A\n");
    assert_eq!(CredentialReport::parse(&wider).unwrap(), plain);
    let turned = |line: &str| line.split(',').rev().collect::<Vec<_>>().join(",");
    let backwards = format!("{}\n{}\n{}\n", turned(HEADER), turned(ROOT), turned(GROOT));
    assert_eq!(CredentialReport::parse(&backwards).unwrap(), plain);
}

#[test]
fn what_is_not_told_is_not_guessed() {
    let old = ROOT.replacen("true", "not_supported", 1).replacen("2026-01-01T12:00:00+00:00", "not_supported", 1);
    let root = CredentialReport::parse(&format!("{HEADER}\n{old}")).unwrap().root.unwrap();
    assert_eq!((root.password, root.password_used), (None, LastUse::Untold));
    let short = CredentialReport::parse("user,mfa_active\n<root_account>\n").unwrap().root.unwrap();
    assert_eq!((short.mfa, short.keys), (None, [None, None]));
    assert!(CredentialReport::parse(&format!("{HEADER}\n")).unwrap().root.is_none());
    for text in ["", "\n", "mfa_active\ntrue\n", "<html>"] {
        assert_eq!(CredentialReport::parse(text), Err(NotAReport), "{text}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(text in ".{0,200}") {
        let _ = CredentialReport::parse(&text);
        let _ = CredentialReport::parse(&format!("{HEADER}\n{text}"));
    }
}
