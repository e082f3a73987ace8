//! Root's credentials as IAM tells of them, and who else may do everything.

use super::client::{Got, call, verdict};
use super::{account, wait};
use glasskey::sim::aws::Aws;
use std::time::Duration;

const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The number of a key in the summary.
fn summary(got: &Got, key: &str) -> u32 {
    let (_, after) = got.text.split_once(&format!("<key>{key}</key>")).unwrap();
    after.split(['<', '>']).nth(2).unwrap().parse().unwrap()
}

fn flags(aws: &Aws) -> [u32; 4] {
    let got = call(aws, &aws.admin(), "GetAccountSummary", &[]);
    ["AccountMFAEnabled", "AccountAccessKeysPresent", "AccountPasswordPresent", "AccountSigningCertificatesPresent"]
        .map(|key| summary(&got, key))
}

#[test]
fn the_summary_counts_what_root_has() {
    let (aws, _) = account();
    assert_eq!(flags(&aws), [0, 0, 1, 0], "a new account");
    aws.set_root_password(false);
    assert_eq!(flags(&aws), [0, 0, 0, 0]);
    aws.protect();
    assert_eq!(flags(&aws), [1, 0, 1, 0]);
    aws.add_root_key(false);
    assert_eq!(flags(&aws), [1, 1, 1, 0], "an inactive key counts");
    aws.add_root_certificate(true);
    assert_eq!(flags(&aws), [1, 1, 1, 1]);
    aws.strip_root();
    assert_eq!(flags(&aws), [0, 0, 0, 0]);
    aws.add_token_for("root", "GAHT12345678");
    assert_eq!(flags(&aws), [1, 0, 0, 0]);
}

#[test]
fn each_kind_of_factor_has_its_serial_number_and_only_the_virtual_are_listed_as_such() {
    let (aws, admin) = account();
    let key = aws.add_fido_for("root", "desk");
    let phone = aws.add_virtual_for("root", "anything");
    aws.add_token_for("root", "GAHT12345678");
    let _ = (aws.add_user("groot"), aws.add_user("root-account-mfa-device"));
    let groot = aws.add_virtual_for("groot", "groot");
    let other = aws.add_virtual_for("root-account-mfa-device", "root-account-mfa-device");

    let root = aws.root();
    let mut own = call(&aws, &root, "ListMFADevices", &[]).all("SerialNumber");
    own.sort();
    assert_eq!(own, ["GAHT12345678".to_owned(), phone.clone(), key.clone()]);
    assert!(key.starts_with("arn:aws:iam::111122223333:u2f/root/desk-"), "{key}");

    let listed = call(&aws, &admin, "ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")]);
    let pairs: Vec<_> = listed.all("SerialNumber").into_iter().zip(listed.all("Arn")).collect();
    let arn = |what: &str| format!("arn:aws:iam::111122223333:{what}");
    assert_eq!(
        pairs,
        [(phone, arn("root")), (groot, arn("user/groot")), (other, arn("user/root-account-mfa-device")),]
    );
    aws.remove_device("GAHT12345678");
    assert_eq!(call(&aws, &root, "ListMFADevices", &[]).all("SerialNumber").len(), 2);
}

#[test]
fn root_asks_about_itself_without_a_name() {
    let (aws, admin) = account();
    aws.use_root_password(Duration::from_secs(60));
    let key = aws.add_root_key(false);
    let certificate = aws.add_root_certificate(true);
    aws.use_key(&key, Duration::from_secs(90), "s3", "eu-west-1");
    let root = aws.root();
    let user = call(&aws, &root, "GetUser", &[]);
    assert_eq!(user.get("Arn").unwrap(), "arn:aws:iam::111122223333:root");
    assert_eq!((user.get("UserName"), user.get("Path")), (None, None));
    assert!(user.get("PasswordLastUsed").is_some());
    let keys = call(&aws, &root, "ListAccessKeys", &[]);
    assert!(keys.all("AccessKeyId").contains(&key) && keys.all("Status").contains(&"Inactive".to_owned()));
    let used = call(&aws, &root, "GetAccessKeyLastUsed", &[("AccessKeyId", &key)]);
    assert_eq!((used.get("ServiceName").unwrap(), used.get("Region").unwrap()), ("s3".into(), "eu-west-1".into()));
    let never = call(&aws, &root, "GetAccessKeyLastUsed", &[("AccessKeyId", &aws.root().access_key_id)]);
    assert_eq!((never.get("LastUsedDate"), never.get("ServiceName").unwrap()), (None, "N/A".into()));
    assert_eq!(call(&aws, &root, "ListSigningCertificates", &[]).all("CertificateId"), [certificate.as_str()]);
    assert_eq!(verdict(&aws, &root, "DeleteSigningCertificate", &[("CertificateId", &certificate)]), "200");
    assert_eq!(call(&aws, &root, "ListSigningCertificates", &[]).all("CertificateId"), [""; 0]);
    assert_eq!(verdict(&aws, &root, "GetLoginProfile", &[]), "200");
    assert_eq!(verdict(&aws, &root, "DeleteLoginProfile", &[]), "200");
    let missing = "404 NoSuchEntity: Login Profile for User null cannot be found.";
    assert_eq!(verdict(&aws, &root, "GetLoginProfile", &[]), missing);
    assert_eq!(verdict(&aws, &root, "CreateLoginProfile", &[]), "200");
    assert_eq!(
        verdict(&aws, &root, "CreateLoginProfile", &[]),
        "409 EntityAlreadyExists: Login Profile for account 111122223333 already exists."
    );
    // For anybody else, no name means themselves.
    assert_eq!(
        verdict(&aws, &admin, "GetLoginProfile", &[]),
        "404 NoSuchEntity: Login Profile for User admin cannot be found."
    );
}

#[test]
fn the_password_policy_is_there_or_not() {
    let (aws, admin) = account();
    assert_eq!(
        verdict(&aws, &admin, "GetAccountPasswordPolicy", &[]),
        "404 NoSuchEntity: The Password Policy with domain name 111122223333 cannot be found."
    );
    aws.arrange(|posture| posture.password_policy = Some(Default::default()));
    let policy = call(&aws, &admin, "GetAccountPasswordPolicy", &[]);
    assert_eq!(policy.get("MinimumPasswordLength").unwrap(), "14");
    assert_eq!((policy.get("MaxPasswordAge"), policy.get("ExpirePasswords").unwrap()), (None, "false".into()));
}

#[test]
fn administrators_are_found_by_every_way_they_come_to_be() {
    let (aws, admin) = account();
    for name in ["inline", "attached", "grouped", "own", "nobody"] {
        let keys = aws.add_user(name);
        assert!(verdict(&aws, &keys, "ListUsers", &[]).starts_with("403"), "{name}");
    }
    aws.allow("inline", EVERYTHING).unwrap();
    aws.attach("user/attached", "AdministratorAccess");
    aws.add_group("admins", &["grouped"]);
    aws.attach("group/admins", "AdministratorAccess");
    let policy = aws.add_managed_policy("everything", EVERYTHING).unwrap();
    aws.attach("user/own", &policy);
    for name in ["inline", "attached", "grouped", "own"] {
        assert_eq!(verdict(&aws, &aws.add_user(name), "ListUsers", &[]), "200", "{name}");
    }

    let of = |action: &str, name: &str| call(&aws, &admin, action, &[("UserName", name)]);
    assert_eq!(of("ListAttachedUserPolicies", "attached").all("PolicyName"), ["AdministratorAccess"]);
    assert_eq!(of("ListAttachedUserPolicies", "own").all("PolicyArn"), [policy.as_str()]);
    assert_eq!(of("ListGroupsForUser", "grouped").all("GroupName"), ["admins"]);
    let attached = call(&aws, &admin, "ListAttachedGroupPolicies", &[("GroupName", "admins")]);
    assert_eq!(attached.all("PolicyArn"), ["arn:aws:iam::aws:policy/AdministratorAccess"]);
    let version = [("PolicyArn", policy.as_str()), ("VersionId", "v1")];
    let document = call(&aws, &admin, "GetPolicyVersion", &version).get("Document").unwrap();
    assert!(document.starts_with("%7B%22Version%22"), "{document}");
    let aws_own = [("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    let who = call(&aws, &admin, "ListEntitiesForPolicy", &aws_own);
    assert_eq!((who.all("UserName"), who.all("GroupName")), (vec!["attached".into()], vec!["admins".into()]));
    assert_eq!(
        verdict(&aws, &admin, "GetPolicy", &[("PolicyArn", "arn:aws:iam::aws:policy/Nothing")]),
        "404 NoSuchEntity: Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable."
    );
    let take = [("UserName", "attached"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    assert_eq!(verdict(&aws, &admin, "DetachUserPolicy", &take), "200");
    assert!(verdict(&aws, &aws.add_user("attached"), "ListUsers", &[]).starts_with("403"));
}

#[test]
fn the_details_hold_everyone_in_pages() {
    let (aws, admin) = account();
    for number in 0..5 {
        let _ = aws.add_user(&format!("user-{number}"));
    }
    aws.add_group("admins", &["user-1"]);
    aws.attach("group/admins", "AdministratorAccess");
    aws.add_role("ops", &["111122223333"]).unwrap();
    aws.attach("role/ops", "SecurityAudit");
    let (mut users, mut roles, mut groups, mut policies) = (vec![], vec![], vec![], vec![]);
    let mut marker = None::<String>;
    for _ in 0..10 {
        let mut parameters = vec![("MaxItems", "3")];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let got = call(&aws, &admin, "GetAccountAuthorizationDetails", &parameters);
        users.extend(got.all("UserId"));
        roles.extend(got.all("RoleName"));
        groups.extend(got.all("GroupId"));
        policies.extend(got.all("Document"));
        marker = got.get("Marker");
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((users.len(), groups.len(), policies.len()), (6, 1, 2));
    assert_eq!(roles, ["ops"]);
}

#[test]
fn an_access_key_id_tells_its_account() {
    let (aws, admin) = account();
    wait(&aws, 1);
    let text = data_encoding::BASE32_NOPAD.decode(&admin.access_key_id.as_bytes()[4..]).unwrap();
    let head = text[..6].iter().fold(0u64, |head, byte| head << 8 | u64::from(*byte));
    assert_eq!((head & 0x7fff_ffff_ff80) >> 7, 111_122_223_333);
    assert_eq!(admin.access_key_id.len(), 20);
}
