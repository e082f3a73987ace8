//! AssumeRoot: who may, into what, for which task, and what the session can then do.

use super::client::{call, reply, request, verdict};
use super::organization::{account, organization};
use glasskey::sim::aws::organization::{Feature, Status};
use glasskey::sim::aws::{Aws, Keys};
use std::time::Duration;

const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "222233334444";
const DELEGATE: &str = "333344445555";

fn policy(task: &str) -> String {
    format!("arn:aws:iam::aws:policy/root-task/{task}")
}

fn assume(aws: &Aws, keys: &Keys, target: &str, task: &str) -> String {
    verdict(aws, keys, "AssumeRoot", &[("TargetPrincipal", target), ("TaskPolicyArn.arn", &policy(task))])
}

fn session(aws: &Aws, keys: &Keys, task: &str) -> Keys {
    let opened = call(aws, keys, "AssumeRoot", &[("TargetPrincipal", MEMBER), ("TaskPolicyArn.arn", &policy(task))]);
    opened.keys()
}

const AUDIT: &str = "IAMAuditRootUserCredentials";
const DELETE: &str = "IAMDeleteRootUserCredentials";
const CREATE: &str = "IAMCreateRootUserPassword";

#[test]
fn the_audit_task_reads_roots_credentials_and_nothing_else() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let member = account(&organization, MEMBER);
    let key = member.add_root_key(true);
    let virtual_device = member.add_virtual_for("root", "phone");
    let _ = member.add_user("bob");
    let root = session(aws, &admin, AUDIT);
    let user = call(aws, &root, "GetUser", &[]);
    assert_eq!((user.get("Arn").unwrap(), user.get("UserName")), (format!("arn:aws:iam::{MEMBER}:root"), None));
    assert_eq!(call(aws, &root, "ListAccessKeys", &[]).all("AccessKeyId"), [key.as_str()]);
    assert_eq!(call(aws, &root, "ListMFADevices", &[]).all("SerialNumber"), [virtual_device]);
    for action in ["ListSigningCertificates", "GetLoginProfile", "GetAccountSummary"] {
        assert_eq!(verdict(aws, &root, action, &[]), "200", "{action}");
    }
    assert_eq!(verdict(aws, &root, "GetAccessKeyLastUsed", &[("AccessKeyId", &key)]), "200");
    let denied = |action: &str, parameters: &[(&str, &str)]| {
        let got = verdict(aws, &root, action, parameters);
        let start =
            format!("403 AccessDenied: User: arn:aws:iam::{MEMBER}:root is not authorized to perform: iam:{action} ");
        assert!(got.starts_with(&start) && got.ends_with("with an explicit deny in a session policy"), "{got}");
    };
    denied("ListVirtualMFADevices", &[]);
    denied("GenerateCredentialReport", &[]);
    denied("GetMFADevice", &[("SerialNumber", "x")]);
    denied("DeleteAccessKey", &[("AccessKeyId", &key)]);
    denied("ListMFADevices", &[("UserName", "bob")]);
    denied("ListUsers", &[]);
    assert_eq!(verdict(aws, &root, "GetCallerIdentity", &[]), "200");
}

#[test]
fn the_delete_task_removes_them() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let member = account(&organization, MEMBER);
    let (key, certificate) = (member.add_root_key(true), member.add_root_certificate(true));
    let (phone, security_key) = (member.add_virtual_for("root", "phone"), member.add_fido_for("root", "desk"));
    let root = session(aws, &admin, DELETE);
    assert_eq!(verdict(aws, &root, "DeleteAccessKey", &[("AccessKeyId", &key)]), "200");
    assert_eq!(verdict(aws, &root, "DeleteSigningCertificate", &[("CertificateId", &certificate)]), "200");
    assert_eq!(verdict(aws, &root, "DeleteLoginProfile", &[]), "200");
    for serial in [&phone, &security_key] {
        assert_eq!(verdict(aws, &root, "DeactivateMFADevice", &[("SerialNumber", serial)]), "200");
    }
    // The policy names the action, and its second statement denies it on anything but root.
    let device = [("SerialNumber", phone.as_str())];
    assert!(verdict(aws, &root, "DeleteVirtualMFADevice", &device).ends_with("deny in a session policy"));
    assert!(verdict(aws, &root, "GetAccountSummary", &[]).ends_with("deny in a session policy"));
    let audit = session(aws, &admin, AUDIT);
    let summary = call(aws, &audit, "GetAccountSummary", &[]).text;
    for flag in ["AccountMFAEnabled", "AccountAccessKeysPresent", "AccountPasswordPresent"] {
        assert!(summary.contains(&format!("<key>{flag}</key>\n<value>0</value>")), "{flag}");
    }
}

#[test]
fn the_password_task_lets_the_address_ask_for_one() {
    let (organization, admin) = organization();
    let aws = organization.management();
    account(&organization, MEMBER).strip_root();
    let root = session(aws, &admin, CREATE);
    assert_eq!(
        verdict(aws, &root, "GetLoginProfile", &[]),
        "404 NoSuchEntity: Login Profile for User null cannot be found."
    );
    assert_eq!(verdict(aws, &root, "CreateLoginProfile", &[]), "200");
    assert_eq!(
        verdict(aws, &root, "CreateLoginProfile", &[]),
        format!("409 EntityAlreadyExists: Login Profile for account {MEMBER} already exists.")
    );
    assert!(verdict(aws, &root, "DeleteLoginProfile", &[]).ends_with("deny in a session policy"));
}

#[test]
fn the_two_features_allow_different_tasks() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let tasks = [AUDIT, DELETE, CREATE, "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"];
    let each = || tasks.map(|task| assume(aws, &admin, MEMBER, task));
    let credentials =
        "403 AccessDenied: Root credentials management feature is not enabled for your AWS Organization.".to_owned();
    let sessions = "403 AccessDenied: Root sessions feature is not enabled for your AWS Organization.".to_owned();
    let (yes, no, other) = ("200".to_owned(), credentials, sessions);
    let all = |credential: &String, session: &String| {
        [credential.clone(), credential.clone(), credential.clone(), session.clone(), session.clone()]
    };
    assert_eq!(each(), all(&yes, &yes));
    organization.set_features(&[Feature::RootCredentialsManagement]);
    assert_eq!(each(), all(&yes, &other));
    organization.set_features(&[Feature::RootSessions]);
    assert_eq!(each(), all(&no, &yes));
    organization.trust("iam.amazonaws.com", false);
    let untrusted = "403 AccessDenied: Service not enabled for AWS Organizations.".to_owned();
    assert_eq!(each(), all(&untrusted, &untrusted));
}

#[test]
fn who_may_not_is_told_the_same_whatever_the_reason() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let refused = |who: &str, target: &str| {
        format!(
            "403 AccessDenied: User: arn:aws:iam::{who} is not authorized to perform: sts:AssumeRoot on resource: \
             arn:aws:iam::{target}:root"
        )
    };
    let by_admin = |target: &str| refused("111122223333:user/admin", target);
    assert_eq!(assume(aws, &admin, MANAGEMENT, AUDIT), by_admin(MANAGEMENT), "the management account itself");
    assert_eq!(assume(aws, &admin, "999999999999", AUDIT), by_admin("999999999999"), "a stranger");
    let bob = aws.add_user("bob");
    assert_eq!(assume(aws, &bob, MEMBER, AUDIT), refused("111122223333:user/bob", MEMBER), "without the permission");
    assert_eq!(assume(aws, &aws.root(), MEMBER, AUDIT), refused("111122223333:root", MEMBER), "root");
    for status in [Status::Suspended, Status::PendingClosure] {
        organization.set_status(MEMBER, status);
        assert_eq!(assume(aws, &admin, MEMBER, AUDIT), by_admin(MEMBER), "{status:?}");
    }
    organization.set_status(MEMBER, Status::Active);
    let delegate = account(&organization, DELEGATE);
    let keys = delegate.admin();
    assert_eq!(assume(&delegate, &keys, MEMBER, AUDIT), refused("333344445555:user/admin", MEMBER));
    organization.delegate(DELEGATE, "account.amazonaws.com");
    assert_eq!(assume(&delegate, &keys, MEMBER, AUDIT), refused("333344445555:user/admin", MEMBER), "for IAM");
    organization.delegate(DELEGATE, "iam.amazonaws.com");
    assert_eq!(assume(&delegate, &keys, MEMBER, AUDIT), "200");
    assert_eq!(assume(&delegate, &keys, MANAGEMENT, AUDIT), refused("333344445555:user/admin", MANAGEMENT));
}

#[test]
fn a_permission_can_be_for_one_task() {
    let (organization, _) = organization();
    let aws = organization.management();
    let bob = aws.add_user("bob");
    let only = policy(AUDIT);
    let text = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoot","Resource":"arn:aws:iam::*:root","Condition":{{"StringEquals":{{"sts:TaskPolicyArn":"{only}"}}}}}}]}}"#
    );
    aws.allow("bob", &text).unwrap();
    assert_eq!(assume(aws, &bob, MEMBER, AUDIT), "200");
    assert!(assume(aws, &bob, MEMBER, DELETE).starts_with("403"));
}

#[test]
fn requests_that_make_no_sense() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let audit = policy(AUDIT);
    let ask = |parameters: &[(&str, &str)]| verdict(aws, &admin, "AssumeRoot", parameters);
    let null = |what| {
        format!(
            "400 ValidationError: 1 validation error detected: Value null at '{what}' failed to satisfy constraint: Member must not be null"
        )
    };
    assert_eq!(ask(&[("TargetPrincipal", MEMBER)]), null("taskPolicyArn"));
    assert_eq!(ask(&[("TaskPolicyArn.arn", &audit)]), null("targetPrincipal"));
    let user = format!("arn:aws:iam::{MEMBER}:user/x");
    assert_eq!(
        ask(&[("TargetPrincipal", &user), ("TaskPolicyArn.arn", &audit)]),
        "400 ValidationError: Request must contain a valid target principal"
    );
    let other = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    assert_eq!(
        ask(&[("TargetPrincipal", MEMBER), ("TaskPolicyArn.arn", other)]),
        "400 ValidationError: Request must contain valid AWS managed task policy ARN"
    );
    let root = format!("arn:aws:iam::{MEMBER}:root");
    let long = [("TargetPrincipal", root.as_str()), ("TaskPolicyArn.arn", &audit), ("DurationSeconds", "901")];
    assert_eq!(
        ask(&long),
        "400 ValidationError: 1 validation error detected: Value '901' at 'durationSeconds' failed to satisfy \
         constraint: Member must have value less than or equal to 900"
    );
    assert_eq!(ask(&long[..2]), "200", "by ARN");
}

#[test]
fn only_regional_endpoints_know_the_action() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let audit = policy(AUDIT);
    let parameters = [("TargetPrincipal", MEMBER), ("TaskPolicyArn.arn", audit.as_str())];
    for (host, status) in [("sts.amazonaws.com", 400), ("sts.eu-west-1.amazonaws.com", 200), ("127.0.0.1:8080", 200)]
    {
        let mut request = request(&admin, aws.clock().now(), "AssumeRoot", &parameters);
        request.headers.insert("host".to_owned(), host.to_owned());
        let reply = reply(aws, &request.signed(&admin, aws.clock().now(), "us-east-1", "sts"));
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, status, "{host}: {text}");
        assert_eq!(text.contains("<Code>InvalidAction</Code>\n<Message>Unknown Operation</Message>"), status == 400);
    }
}

#[test]
fn a_session_lasts_fifteen_minutes_and_outlives_what_allowed_it() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let root = session(aws, &admin, AUDIT);
    organization.set_features(&[]);
    organization.trust("iam.amazonaws.com", false);
    assert_eq!(verdict(aws, &root, "GetUser", &[]), "200");
    aws.clock().advance(Duration::from_secs(899));
    assert_eq!(verdict(aws, &root, "GetUser", &[]), "200");
    aws.clock().advance(Duration::from_secs(1));
    assert_eq!(
        verdict(aws, &root, "GetUser", &[]),
        "403 ExpiredToken: The security token included in the request is expired"
    );
}

#[test]
fn a_policy_against_root_stops_the_tasks_unless_it_lets_them_by() {
    let deny = |more: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringLike":{{"aws:PrincipalArn":"arn:aws:iam::*:root"}}{more}}}}}]}}"#
        )
    };
    for (text, expected) in [(deny(""), false), (deny(r#","BoolIfExists":{"aws:AssumedRoot":"false"}"#), true)] {
        let (organization, admin) = organization();
        let policy = organization.add_policy("no-root", &text).unwrap();
        organization.attach(&policy, &organization.root_id());
        let aws = organization.management();
        // The session is opened all the same: its account is where the policy is.
        let root = session(aws, &admin, AUDIT);
        let got = verdict(aws, &root, "GetUser", &[]);
        assert_eq!(got == "200", expected, "{text}: {got}");
        let member = account(&organization, MEMBER);
        assert!(
            verdict(&member, &member.root(), "GetUser", &[]).starts_with("403"),
            "root itself, either way: {text}"
        );
    }
}

/// Something must allow each call, at every level; a Deny elsewhere does not matter, and what is missing is said.
#[test]
fn allow_lists_bind_the_sessions_of_every_task() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let unit = organization.add_unit("workloads", None);
    organization.move_to(MEMBER, &unit);
    let (key, reads) = (
        account(&organization, MEMBER).add_root_key(true),
        r#"{"Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]}"#,
    );
    let reads = organization.add_policy("reads", reads).unwrap();
    organization.attach(&reads, &unit);
    organization.detach("p-FullAWSAccess", &unit);
    // Opened from outside, where no policy of the member's reaches.
    let (audit, delete, create) =
        (session(aws, &admin, AUDIT), session(aws, &admin, DELETE), session(aws, &admin, CREATE));
    assert_eq!(verdict(aws, &audit, "ListAccessKeys", &[]), "200");
    for (keys, action, parameters) in
        [(&delete, "DeleteAccessKey", vec![("AccessKeyId", key.as_str())]), (&create, "CreateLoginProfile", vec![])]
    {
        let got = verdict(aws, keys, action, &parameters);
        let reason = format!("because no service control policy allows the iam:{action} action");
        assert!(got.starts_with("403 AccessDenied: ") && got.ends_with(&reason), "{got}");
    }
    // For sessions of AssumeRoot alone.
    let tasks = r#"{"Statement":[{"Effect":"Allow","Action":["iam:DeleteAccessKey","iam:CreateUser"],"Resource":"*","Condition":{"Bool":{"aws:AssumedRoot":"true"}}}]}"#;
    organization.attach(&organization.add_policy("tasks", tasks).unwrap(), &unit);
    assert_eq!(verdict(aws, &delete, "DeleteAccessKey", &[("AccessKeyId", &key)]), "200");
    let member = account(&organization, MEMBER);
    let got = verdict(&member, &member.root(), "CreateUser", &[("UserName", "bob")]);
    assert!(got.ends_with("because no service control policy allows the iam:CreateUser action"), "{got}");
}
