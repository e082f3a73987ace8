//! An organization as its management account changes it: trust, delegation, service control policies.

use super::client::{json, json_call, json_error, verdict};
use super::organization::{account, organization};
use super::wait;
use glasskey::sim::aws::organization::Status;
use glasskey::sim::aws::{Keys, Organization};
use serde_json::{Value, json};

const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "222233334444";
const DELEGATE: &str = "333344445555";
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"},"Null":{"aws:AssumedRoot":"true"}}}]}"#;

fn ask(organization: &Organization, admin: &Keys, action: &str, body: &Value) -> Value {
    json(organization.management(), admin, &format!("organizations.{action}"), body)
}

/// The error's type and its reason.
fn refused(organization: &Organization, admin: &Keys, action: &str, body: &Value) -> String {
    let action = format!("organizations.{action}");
    let (status, value) = json_call(organization.management(), admin, "us-east-1", &action, body);
    assert_eq!(status, 400, "{value}");
    assert!(value["Message"].as_str().is_some_and(|message| !message.is_empty()), "{value}");
    let kind = value["__type"].as_str().unwrap();
    value["Reason"].as_str().map_or_else(|| kind.to_owned(), |reason| format!("{kind} {reason}"))
}

fn create(organization: &Organization, admin: &Keys, name: &str) -> String {
    let body = json!({"Name": name, "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": DENY});
    let policy = ask(organization, admin, "CreatePolicy", &body);
    policy["Policy"]["PolicySummary"]["Id"].as_str().unwrap().to_owned()
}

#[test]
fn services_are_trusted_and_delegated() {
    let (organization, admin) = organization();
    let iam = |number: &str| json!({"AccountId": number, "ServicePrincipal": "iam.amazonaws.com"});
    let service = json!({"ServicePrincipal": "iam.amazonaws.com"});
    let failed = |action: &str, body: &Value| refused(&organization, &admin, action, body);
    ask(&organization, &admin, "DisableAWSServiceAccess", &service);
    let missing = verdict(organization.management(), &admin, "ListOrganizationsFeatures", &[]);
    assert!(missing.starts_with("400 ServiceAccessNotEnabledException"), "{missing}");
    assert_eq!(
        failed("RegisterDelegatedAdministrator", &iam(DELEGATE)),
        "ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED"
    );
    for _ in 0..2 {
        ask(&organization, &admin, "EnableAWSServiceAccess", &service);
    }
    assert_eq!(verdict(organization.management(), &admin, "ListOrganizationsFeatures", &[]), "200");
    let unknown = json!({"ServicePrincipal": "iam"});
    assert_eq!(failed("EnableAWSServiceAccess", &unknown), "InvalidInputException INVALID_ENUM");
    ask(&organization, &admin, "RegisterDelegatedAdministrator", &iam(DELEGATE));
    let register = |number: &str| failed("RegisterDelegatedAdministrator", &iam(number));
    assert_eq!(register(DELEGATE), "AccountAlreadyRegisteredException");
    assert_eq!(
        register(MEMBER),
        "ConstraintViolationException MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED"
    );
    assert_eq!(
        register(MANAGEMENT),
        "ConstraintViolationException CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    );
    assert_eq!(register("999999999999"), "AccountNotFoundException");
    organization.set_status(MEMBER, Status::Suspended);
    assert_eq!(
        register(MEMBER),
        "ConstraintViolationException CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR"
    );
    let delegate = account(&organization, DELEGATE);
    let theirs = json_error(&delegate, &delegate.admin(), "organizations.EnableAWSServiceAccess", &service);
    assert!(theirs.starts_with("400 AccessDeniedException: "), "a delegate reads: {theirs}");
    ask(&organization, &admin, "DeregisterDelegatedAdministrator", &iam(DELEGATE));
    assert_eq!(failed("DeregisterDelegatedAdministrator", &iam(DELEGATE)), "AccountNotRegisteredException");
}

#[test]
fn a_policy_is_made_attached_enforced_and_undone() {
    let (organization, admin) = organization();
    let id = create(&organization, &admin, "no-root");
    let failed = |action: &str, body: &Value| refused(&organization, &admin, action, body);
    let on = json!({"PolicyId": id, "TargetId": organization.root_id()});
    ask(&organization, &admin, "AttachPolicy", &on);
    assert_eq!(failed("AttachPolicy", &on), "DuplicatePolicyAttachmentException");
    let member = account(&organization, MEMBER);
    let denied = verdict(&member, &member.root(), "GetAccountSummary", &[]);
    assert!(denied.ends_with("with an explicit deny in a service control policy"), "{denied}");
    assert_eq!(verdict(&member, &member.admin(), "GetAccountSummary", &[]), "200");
    assert_eq!(failed("DeletePolicy", &json!({"PolicyId": id})), "PolicyInUseException");
    let allow = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let renamed = json!({"PolicyId": id, "Name": "all", "Content": allow});
    let updated = ask(&organization, &admin, "UpdatePolicy", &renamed);
    assert_eq!(
        (&updated["Policy"]["PolicySummary"]["Name"], &updated["Policy"]["Content"]),
        (&json!("all"), &json!(allow))
    );
    assert_eq!(verdict(&member, &member.root(), "GetAccountSummary", &[]), "200");
    ask(&organization, &admin, "DetachPolicy", &on);
    assert_eq!(failed("DetachPolicy", &on), "PolicyNotAttachedException");
    ask(&organization, &admin, "DeletePolicy", &json!({"PolicyId": id}));
    assert_eq!(failed("DeletePolicy", &json!({"PolicyId": id})), "PolicyNotFoundException");
}

#[test]
fn policies_have_limits() {
    let (organization, admin) = organization();
    let failed = |action: &str, body: &Value| refused(&organization, &admin, action, body);
    let named = |name: &str, content: &str| json!({"Name": name, "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": content});
    let long = format!("{DENY}{}", " ".repeat(5_121 - DENY.len()));
    assert_eq!(
        failed("CreatePolicy", &named("long", &long)),
        "ConstraintViolationException POLICY_CONTENT_LIMIT_EXCEEDED"
    );
    create(&organization, &admin, "0");
    assert_eq!(failed("CreatePolicy", &named("0", DENY)), "DuplicatePolicyException");
    assert_eq!(failed("CreatePolicy", &named("bad", "{}")), "MalformedPolicyDocumentException");
    let tags = json!({"Name": "t", "Description": "", "Type": "TAG_POLICY", "Content": DENY});
    assert_eq!(failed("CreatePolicy", &tags), "PolicyTypeNotAvailableForOrganizationException");
    let on = |id: &str| json!({"PolicyId": id, "TargetId": MEMBER});
    for name in ["1", "2", "3", "4"] {
        ask(&organization, &admin, "AttachPolicy", &on(&create(&organization, &admin, name)));
    }
    let sixth = create(&organization, &admin, "6");
    assert_eq!(
        failed("AttachPolicy", &on(&sixth)),
        "ConstraintViolationException MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    );
    let full = "p-FullAWSAccess";
    let root = json!({"PolicyId": full, "TargetId": organization.root_id()});
    assert_eq!(
        failed("DetachPolicy", &root),
        "ConstraintViolationException MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    );
    let nowhere = json!({"PolicyId": full, "TargetId": "ou-none-12345678"});
    assert_eq!(failed("AttachPolicy", &nowhere), "TargetNotFoundException");
    for action in ["UpdatePolicy", "DeletePolicy"] {
        assert_eq!(failed(action, &json!({"PolicyId": full})), "InvalidInputException IMMUTABLE_POLICY");
    }
}

#[test]
fn a_policy_type_is_enabled_within_seconds() {
    let (organization, admin) = organization();
    let failed = |action: &str, body: &Value| refused(&organization, &admin, action, body);
    let body = json!({"RootId": organization.root_id(), "PolicyType": "SERVICE_CONTROL_POLICY"});
    assert_eq!(failed("EnablePolicyType", &body), "PolicyTypeAlreadyEnabledException");
    let other = json!({"RootId": "r-none", "PolicyType": "SERVICE_CONTROL_POLICY"});
    assert_eq!(failed("EnablePolicyType", &other), "RootNotFoundException");
    organization.set_scps(false);
    let id = create(&organization, &admin, "no-root");
    let on = json!({"PolicyId": id, "TargetId": MEMBER});
    assert_eq!(failed("AttachPolicy", &on), "PolicyTypeNotEnabledException");
    let status = |reply: &Value| reply["PolicyTypes"][0]["Status"].clone();
    let root = ask(&organization, &admin, "EnablePolicyType", &body);
    assert_eq!(status(&root["Root"]), "PENDING_ENABLE");
    assert_eq!(failed("AttachPolicy", &on), "PolicyTypeNotEnabledException");
    wait(organization.management(), 5);
    let roots = ask(&organization, &admin, "ListRoots", &json!({}));
    assert_eq!(status(&roots["Roots"][0]), "ENABLED");
    ask(&organization, &admin, "AttachPolicy", &on);
}
