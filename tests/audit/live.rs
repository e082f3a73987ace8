//! What users sign in with is what IAM has now. The credential report may be four hours old: users are newer or gone, and
//! devices were enrolled and removed since.

use super::office::{Office, auditor, finding, verdicts};
use super::script;
use crate::enroll::api;
use glasskey::sim::aws::{Aws, Setup};
use glasskey::sim::clock::SimClock;
use std::collections::BTreeMap;

const ADMIN: &str = "AdministratorAccess";
/// Everything, with MFA alone.
const WITH_MFA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;

/// An account whose credential report is older than this change.
fn changed(before: impl FnOnce(&Aws), change: impl FnOnce(&Aws)) -> Office {
    let office = Office::sound();
    before(&office.aws);
    let report = reported(&office.aws);
    change(&office.aws);
    assert_eq!(reported(&office.aws), report, "the report is the one from before");
    office
}

/// What IAM gives for a credential report.
fn reported(aws: &Aws) -> String {
    while !api::call(aws, &aws.admin(), "GenerateCredentialReport", &[]).contains("COMPLETE") {}
    let text = api::call(aws, &aws.admin(), "GetCredentialReport", &[]);
    text.split_once("<Content>").unwrap().1.split('<').next().unwrap().to_owned()
}

fn seen(office: &Office) -> (BTreeMap<String, String>, String) {
    let (lines, _) = office.lines(&[]);
    (verdicts(&lines[0]), finding(&lines[0], "admin-mfa")["evidence"].to_string())
}

fn bob(aws: &Aws) {
    let _ = aws.add_user("bob");
    aws.attach("user/bob", ADMIN);
}

fn enrolled(aws: &Aws) {
    let _ = aws.add_fido_for("bob", "desk");
}

fn removed(aws: &Aws) {
    let mine = aws.devices().into_iter().filter(|device| device.user.as_deref() == Some("bob"));
    mine.for_each(|device| aws.remove_device(&device.arn));
}

#[test]
fn an_administrator_who_has_enrolled_since_the_report_has_mfa() {
    assert_eq!(seen(&changed(bob, enrolled)).0["admin-mfa"], "pass");
}

#[test]
fn an_administrator_whose_device_is_gone_since_the_report_has_none() {
    let before = |aws: &Aws| {
        bob(aws);
        enrolled(aws);
    };
    let (verdicts, evidence) = seen(&changed(before, removed));
    assert!(verdicts["admin-mfa"] == "fail" && evidence.contains("bob"), "{evidence}");
}

#[test]
fn an_administrator_who_is_newer_than_the_report_is_seen() {
    let (verdicts, evidence) = seen(&changed(|_| {}, bob));
    assert!(verdicts["admin-mfa"] == "fail" && evidence.contains("bob"), "{evidence}");
    let both = |aws: &Aws| {
        bob(aws);
        enrolled(aws);
    };
    assert_eq!(seen(&changed(|_| {}, both)).0["admin-mfa"], "pass");
}

#[test]
fn an_administrator_who_is_gone_since_the_report_is_not_counted() {
    let gone = |aws: &Aws| {
        let admin = aws.admin();
        for key in aws.access_keys("bob") {
            let of_key = [("UserName", "bob"), ("AccessKeyId", key.id.as_str())];
            let _ = api::call(aws, &admin, "DeleteAccessKey", &of_key);
        }
        let arn = format!("arn:aws:iam::aws:policy/{ADMIN}");
        let _ = api::call(aws, &admin, "DetachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &arn)]);
        let _ = api::call(aws, &admin, "DeleteUser", &[("UserName", "bob")]);
    };
    assert_eq!(seen(&changed(bob, gone)).0["admin-mfa"], "pass");
}

/// Their policy gives them everything with MFA, which the report does not know of yet.
#[test]
fn whom_a_policy_makes_administrator_with_mfa_is_one_once_they_have_enrolled() {
    let aws = Aws::with(SimClock::host(), Setup::default());
    aws.protect();
    let office = Office::over(aws.clone(), auditor(&aws));
    let _ =
        api::call(&aws, &aws.root(), "DeleteUserPolicy", &[("UserName", "admin"), ("PolicyName", "Administrator")]);
    let _ = aws.add_user("bob");
    aws.set_user_password("bob");
    let arn = aws.add_managed_policy("with-mfa", WITH_MFA).unwrap();
    aws.attach("user/bob", &arn);
    let of = |verdicts: BTreeMap<String, String>| (verdicts["other-admin"].clone(), verdicts["admin-mfa"].clone());
    assert_eq!(of(seen(&office).0), ("fail".to_owned(), "pass".to_owned()));
    enrolled(&aws);
    assert_eq!(of(seen(&office).0), ("pass".to_owned(), "pass".to_owned()));
}

/// A device of a user's that is gone is not root's, and one that is new is not either.
#[test]
fn roots_factors_are_counted_by_what_users_have_now() {
    let bobs = |aws: &Aws| {
        let _ = aws.add_user("bob");
        enrolled(aws);
    };
    let right = seen(&Office::sound()).0;
    assert_eq!(right["root-two-factors"], "pass");
    assert_eq!(seen(&changed(bobs, removed)).0, right);
    assert_eq!(seen(&changed(|_| {}, bobs)).0, right);
}

/// The script looks as the audit does.
#[test]
fn the_script_sees_what_is_newer_than_the_report() {
    type Change = fn(&Aws);
    let before: Change = |aws| {
        aws.attach("user/admin", ADMIN);
        bob(aws);
        enrolled(aws);
    };
    let changes: [(Change, i32); 4] = [
        (|_| {}, 0),
        (removed, 1),
        (
            |aws| {
                let _ = aws.add_user("carol");
                aws.attach("user/carol", ADMIN);
            },
            1,
        ),
        (
            |aws| {
                removed(aws);
                enrolled(aws);
                let _ = aws.add_user("dave");
                aws.attach("user/dave", ADMIN);
                let _ = aws.add_fido_for("dave", "desk");
            },
            0,
        ),
    ];
    for (change, code) in changes {
        let office = script::sound();
        before(&office.aws);
        let report = reported(&office.aws);
        change(&office.aws);
        assert_eq!(reported(&office.aws), report);
        script::agrees(&office, &[], code);
    }
}
