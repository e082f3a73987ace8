//! An organization as its management account, its delegates and its members see it.

use super::client::{call, json, json_error, noon, verdict};
use glasskey::sim::aws::organization::{Feature, Kind, Status};
use glasskey::sim::aws::{Aws, Fault, Keys, Organization, Setup, Wrong};
use glasskey::sim::clock::SimClock;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "222233334444";
const DELEGATE: &str = "333344445555";

/// A management account, a member without a second factor, and a sound one.
pub(super) fn organization() -> (Organization, Keys) {
    let setup = Setup { account: Some(MANAGEMENT.to_owned()), ..Setup::default() };
    let organization = Organization::with(SimClock::manual(noon()), setup);
    organization.add_as(Kind::NoMfa, MEMBER);
    organization.add_as(Kind::Sound, DELEGATE);
    let admin = organization.management().admin();
    (organization, admin)
}

pub(super) fn account(organization: &Organization, number: &str) -> Aws {
    organization.account(number).unwrap()
}

/// Every item of a list, page by page.
fn all(aws: &Aws, keys: &Keys, action: &str, body: &Value, list: &str) -> Vec<Value> {
    let (mut found, mut body) = (Vec::new(), body.clone());
    loop {
        let reply = json(aws, keys, action, &body);
        found.extend(reply[list].as_array().unwrap().clone());
        match reply.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => return found,
        }
    }
}

#[test]
fn an_account_alone_is_in_none() {
    let (aws, admin) = super::account();
    assert_eq!(
        json_error(&aws, &admin, "organizations.DescribeOrganization", &json!({})),
        "400 AWSOrganizationsNotInUseException: Your account is not a member of an organization."
    );
    assert!(verdict(&aws, &admin, "ListOrganizationsFeatures", &[]).starts_with("400 OrganizationNotFoundException"));
}

#[test]
fn accounts_come_in_pages_of_twenty_with_where_they_are_in_their_lives() {
    let (organization, admin) = organization();
    let aws = organization.management();
    organization.add_many(40);
    organization.set_status(MEMBER, Status::Suspended);
    organization.set_status(DELEGATE, Status::PendingClosure);
    let first = json(aws, &admin, "organizations.ListAccounts", &json!({}));
    assert_eq!(first["Accounts"].as_array().unwrap().len(), 20);
    let accounts = all(aws, &admin, "organizations.ListAccounts", &json!({}), "Accounts");
    assert_eq!(accounts.len(), 43);
    let state = |number: &str| accounts.iter().find(|account| account["Id"] == number).unwrap()["State"].clone();
    assert_eq!(
        [MANAGEMENT, MEMBER, DELEGATE].map(state),
        ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE"].map(Value::from)
    );
    let one = json(aws, &admin, "organizations.DescribeAccount", &json!({"AccountId": MEMBER}));
    assert_eq!((&one["Account"]["Status"], &one["Account"]["Name"]), (&json!("SUSPENDED"), &json!("no-mfa-1")));
    organization.retire_status();
    let one = json(aws, &admin, "organizations.DescribeAccount", &json!({"AccountId": MEMBER}));
    assert_eq!((one["Account"].get("Status"), &one["Account"]["State"]), (None, &json!("SUSPENDED")));
    assert!(
        json_error(aws, &admin, "organizations.DescribeAccount", &json!({"AccountId": "999999999999"}))
            .starts_with("400 AccountNotFoundException")
    );
    assert!(
        json_error(aws, &admin, "organizations.ListAccounts", &json!({"NextToken": "x"}))
            .starts_with("400 InvalidInputException")
    );
}

#[test]
fn members_may_ask_which_it_is_and_delegates_may_read_it() {
    let (organization, _) = organization();
    let member = account(&organization, DELEGATE);
    let keys = member.admin();
    let which = json(&member, &keys, "organizations.DescribeOrganization", &json!({}));
    assert_eq!(which["Organization"]["MasterAccountId"], MANAGEMENT);
    assert_eq!(which["Organization"]["FeatureSet"], "ALL");
    assert_eq!(
        json_error(&member, &keys, "organizations.ListAccounts", &json!({})),
        "400 AccessDeniedException: You don't have permissions to access this resource."
    );
    organization.delegate(DELEGATE, "iam.amazonaws.com");
    assert_eq!(
        json(&member, &keys, "organizations.ListAccounts", &json!({}))["Accounts"].as_array().unwrap().len(),
        3
    );
    let delegates = json(&member, &keys, "organizations.ListDelegatedAdministrators", &json!({}));
    assert_eq!(delegates["DelegatedAdministrators"][0]["Id"], DELEGATE);
    let services = json!({"AccountId": DELEGATE});
    let services = json(&member, &keys, "organizations.ListDelegatedServicesForAccount", &services);
    assert_eq!(services["DelegatedServices"][0]["ServicePrincipal"], "iam.amazonaws.com");
    let trusted = all(
        &member,
        &keys,
        "organizations.ListAWSServiceAccessForOrganization",
        &json!({}),
        "EnabledServicePrincipals",
    );
    let trusted: Vec<_> = trusted.iter().map(|service| service["ServicePrincipal"].as_str().unwrap()).collect();
    assert_eq!(trusted, ["account.amazonaws.com", "cloudtrail.amazonaws.com", "iam.amazonaws.com"]);
    organization.end_delegation(DELEGATE);
    assert!(json_error(&member, &keys, "organizations.ListAccounts", &json!({})).starts_with("400 AccessDenied"));
}

#[test]
fn policies_are_found_from_both_ends_of_the_tree() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let unit = organization.add_unit("workloads", None);
    organization.move_to(MEMBER, &unit);
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}]}"#;
    let policy = organization.add_policy("no-root", text).unwrap();
    organization.attach(&policy, &unit);
    let ask = |action: &str, body: Value| json(aws, &admin, &format!("organizations.{action}"), &body);
    let filter = "SERVICE_CONTROL_POLICY";
    let listed = ask("ListPolicies", json!({"Filter": filter}));
    assert_eq!(listed["Policies"].as_array().unwrap().len(), 2);
    assert_eq!(ask("ListPolicies", json!({"Filter": "TAG_POLICY"}))["Policies"], json!([]));
    let of_unit = ask("ListPoliciesForTarget", json!({"TargetId": unit, "Filter": filter}));
    let names: Vec<_> = of_unit["Policies"].as_array().unwrap().iter().map(|policy| policy["Name"].clone()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&json!("no-root")) && names.contains(&json!("FullAWSAccess")));
    let of_member = ask("ListPoliciesForTarget", json!({"TargetId": MEMBER, "Filter": filter}));
    assert_eq!(of_member["Policies"].as_array().unwrap().len(), 1, "not what is above");
    assert_eq!(ask("DescribePolicy", json!({"PolicyId": policy}))["Policy"]["Content"], text);
    let targets = ask("ListTargetsForPolicy", json!({"PolicyId": policy}));
    assert_eq!(
        (&targets["Targets"][0]["TargetId"], &targets["Targets"][0]["Type"]),
        (&json!(unit), &json!("ORGANIZATIONAL_UNIT"))
    );
    let root = organization.root_id();
    assert_eq!(ask("ListParents", json!({"ChildId": MEMBER}))["Parents"][0]["Id"], json!(unit));
    assert_eq!(ask("ListParents", json!({"ChildId": unit}))["Parents"], json!([{"Id": root, "Type": "ROOT"}]));
    assert_eq!(ask("ListRoots", json!({}))["Roots"][0]["Id"], json!(root));
    assert_eq!(
        ask("ListOrganizationalUnitsForParent", json!({"ParentId": root}))["OrganizationalUnits"][0]["Name"],
        "workloads"
    );
    assert_eq!(ask("ListAccountsForParent", json!({"ParentId": unit}))["Accounts"][0]["Id"], MEMBER);
    assert_eq!(ask("ListChildren", json!({"ParentId": unit, "ChildType": "ACCOUNT"}))["Children"][0]["Id"], MEMBER);
    assert_eq!(
        ask("DescribeOrganizationalUnit", json!({"OrganizationalUnitId": unit}))["OrganizationalUnit"]["Name"],
        "workloads"
    );
}

#[test]
fn policies_bind_the_accounts_below_and_nobody_else() {
    let (organization, admin) = organization();
    let deny = r#"{"Statement":[{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}]}"#;
    let policy = organization.add_policy("deny", deny).unwrap();
    let unit = organization.add_unit("a", None);
    let below = organization.add_unit("b", Some(&unit));
    organization.move_to(MEMBER, &below);
    organization.attach(&policy, &unit);
    let member = account(&organization, MEMBER);
    let by_policy = "403 AccessDenied: User: arn:aws:iam::222233334444:user/admin is not authorized to perform: \
         iam:ListUsers on resource: arn:aws:iam::222233334444:user/ with an explicit deny in a service control policy";
    assert_eq!(verdict(&member, &member.admin(), "ListUsers", &[]), by_policy);
    assert!(verdict(&member, &member.root(), "ListUsers", &[]).ends_with("service control policy"), "root too");
    assert_eq!(verdict(&member, &member.admin(), "GetUser", &[]), "200");
    let other = account(&organization, DELEGATE);
    assert_eq!(verdict(&other, &other.admin(), "ListUsers", &[]), "200");
    organization.attach(&policy, &organization.root_id());
    assert!(verdict(&other, &other.admin(), "ListUsers", &[]).starts_with("403"));
    assert_eq!(verdict(organization.management(), &admin, "ListUsers", &[]), "200", "never the management account");
    organization.detach("p-FullAWSAccess", DELEGATE);
    assert!(
        verdict(&other, &other.admin(), "GetUser", &[])
            .ends_with("because no service control policy allows the iam:GetUser action")
    );
    assert!(organization.add_policy("x", "{}").is_err());
}

#[test]
fn central_root_access_is_turned_on_by_the_management_account_alone() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let features = || call(aws, &admin, "ListOrganizationsFeatures", &[]).all("member");
    assert_eq!(features(), ["RootSessions", "RootCredentialsManagement"]);
    assert_eq!(verdict(aws, &admin, "DisableOrganizationsRootSessions", &[]), "200");
    assert_eq!(features(), ["RootCredentialsManagement"]);
    let delegate = account(&organization, DELEGATE);
    let keys = delegate.admin();
    assert_eq!(
        verdict(&delegate, &keys, "ListOrganizationsFeatures", &[]),
        "400 AccountNotManagementOrDelegatedAdministratorException: Input account 333344445555 is neither management \
         account nor delegated admin."
    );
    organization.delegate(DELEGATE, "iam.amazonaws.com");
    assert_eq!(
        verdict(&delegate, &keys, "EnableOrganizationsRootSessions", &[]),
        "400 CallerIsNotManagementAccountException: Caller account 333344445555 is not management account of the \
         organization and cannot enable IAM features."
    );
    assert_eq!(verdict(&delegate, &keys, "DisableOrganizationsRootCredentialsManagement", &[]), "200");
    assert_eq!(features(), [""; 0]);
    assert_eq!(verdict(aws, &admin, "EnableOrganizationsRootCredentialsManagement", &[]), "200");
    organization.trust("iam.amazonaws.com", false);
    assert_eq!(
        verdict(aws, &admin, "ListOrganizationsFeatures", &[]),
        "400 ServiceAccessNotEnabledException: Trusted Access for IAM not enabled by organization of input account \
         111122223333."
    );
    organization.set_features(&[Feature::RootSessions]);
    organization.trust("iam.amazonaws.com", true);
    assert_eq!(features(), ["RootSessions"]);
}

#[test]
fn contacts_of_a_member_are_read_from_outside_where_the_service_is_trusted() {
    let (organization, admin) = organization();
    let aws = organization.management();
    account(&organization, MEMBER).arrange(|posture| drop(posture.alternate_contacts.remove("SECURITY")));
    let contact = |number: &str| json!({"AccountId": number, "AlternateContactType": "SECURITY"});
    assert!(json(aws, &admin, "account.GetAlternateContact", &contact(DELEGATE))["AlternateContact"].is_object());
    assert!(json_error(aws, &admin, "account.GetAlternateContact", &contact(MEMBER)).starts_with("404"));
    let email = json(aws, &admin, "account.GetPrimaryEmail", &json!({"AccountId": MEMBER}));
    assert_eq!(email["PrimaryEmail"], "aws+no-mfa-1@example.com");
    let refused = "403 AccessDeniedException: User: arn:aws:iam::111122223333:user/admin is not authorized to perform: \
         account:GetPrimaryEmail";
    assert_eq!(
        json_error(aws, &admin, "account.GetPrimaryEmail", &json!({"AccountId": MANAGEMENT})),
        format!("{refused} (Access Denied)")
    );
    organization.trust("account.amazonaws.com", false);
    assert_eq!(
        json_error(aws, &admin, "account.GetPrimaryEmail", &json!({"AccountId": MEMBER})),
        format!("{refused} (Your organization must first enable trusted access with AWS Account Management.)")
    );
}

#[test]
fn the_management_account_takes_the_role_it_has_in_every_member() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let role = format!("arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole");
    let opened = call(aws, &admin, "AssumeRole", &[("RoleArn", &role), ("RoleSessionName", "audit")]);
    let keys = opened.keys();
    let who = call(aws, &keys, "GetCallerIdentity", &[]).get("Arn").unwrap();
    assert_eq!(who, format!("arn:aws:sts::{MEMBER}:assumed-role/OrganizationAccountAccessRole/audit"));
    assert_eq!(verdict(aws, &keys, "GetAccountSummary", &[]), "200");
    let other = account(&organization, DELEGATE);
    let refused = verdict(&other, &other.admin(), "AssumeRole", &[("RoleArn", &role), ("RoleSessionName", "audit")]);
    assert!(refused.starts_with("403 AccessDenied: User: arn:aws:iam::333344445555:user/admin"), "{refused}");
    let nowhere = [("RoleArn", "arn:aws:iam::999999999999:role/x"), ("RoleSessionName", "audit")];
    assert!(verdict(aws, &admin, "AssumeRole", &nowhere).starts_with("403"));
}

#[test]
fn faults_wait_in_the_account_they_are_put_in() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let member = account(&organization, MEMBER);
    member.fail(Fault::next("GetUser", Wrong::Deny));
    member.fail(Fault::next("AssumeRoot", Wrong::Throttle));
    assert_eq!(verdict(aws, &admin, "GetUser", &[]), "200");
    assert!(verdict(aws, &member.admin(), "GetUser", &[]).starts_with("403"));
    let into = |number| {
        let task = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";
        verdict(aws, &admin, "AssumeRoot", &[("TargetPrincipal", number), ("TaskPolicyArn.arn", task)])
    };
    assert_eq!(into(DELEGATE), "200");
    assert_eq!(into(MEMBER), "400 Throttling: Rate exceeded");
    assert_eq!(into(MEMBER), "200");
    member.set_rate(Some(0.001));
    assert_eq!(verdict(aws, &member.admin(), "GetUser", &[]), "200");
    assert_eq!(verdict(aws, &member.admin(), "GetUser", &[]), "400 Throttling: Rate exceeded");
    assert_eq!(verdict(aws, &admin, "GetUser", &[]), "200");
    let calls = aws.calls();
    let throttled = calls.iter().find(|call| call.action == "AssumeRoot" && call.status == 400).unwrap();
    assert_eq!((throttled.account.as_deref(), throttled.target.as_deref()), (Some(MANAGEMENT), Some(MEMBER)));
}

/// What nobody looks at is not made, and listing does not look.
#[test]
fn ten_thousand_accounts_are_cheap() {
    let setup = Setup { account: Some(MANAGEMENT.to_owned()), ..Setup::default() };
    let organization = Organization::with(SimClock::manual(noon()), setup);
    let start = Instant::now();
    organization.add_many(10_000);
    let aws = organization.management();
    let accounts = all(aws, &aws.admin(), "organizations.ListAccounts", &json!({}), "Accounts");
    assert_eq!(accounts.len(), 10_001);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// Eight callers audit a thousand accounts: no account waits for another, and none is taken twice.
#[test]
fn a_thousand_accounts_are_audited_at_once() {
    let setup = Setup { account: Some(MANAGEMENT.to_owned()), ..Setup::default() };
    let organization = Organization::with(SimClock::manual(noon()), setup);
    let members = organization.add_many(1_000);
    let (aws, admin) = (organization.management().clone(), organization.management().admin());
    let task = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";
    let start = Instant::now();
    std::thread::scope(|scope| {
        for share in members.chunks(125) {
            let (aws, admin) = (&aws, &admin);
            scope.spawn(move || {
                for number in share {
                    let opened =
                        call(aws, admin, "AssumeRoot", &[("TargetPrincipal", number), ("TaskPolicyArn.arn", task)]);
                    let root = opened.keys();
                    for action in [
                        "GetAccountSummary",
                        "ListMFADevices",
                        "ListAccessKeys",
                        "ListSigningCertificates",
                        "GetUser",
                    ] {
                        let got = call(aws, &root, action, &[]);
                        assert_eq!(got.status, 200, "{number} {action}: {}", got.text);
                    }
                    let who = call(aws, &root, "GetCallerIdentity", &[]);
                    assert_eq!(who.get("Account").unwrap(), *number);
                }
            });
        }
    });
    assert_eq!(aws.calls().len(), 7_000);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn other_partitions_have_arns_and_task_policies_of_their_own() {
    use glasskey::sim::aws::Partition;
    for (partition, name) in
        [(Partition::AwsCn, "aws-cn"), (Partition::AwsUsGov, "aws-us-gov"), (Partition::AwsEusc, "aws-eusc")]
    {
        let setup = Setup { partition, ..Setup::default() };
        let organization = Organization::with(SimClock::manual(noon()), setup);
        let member = organization.add(Kind::Virtual);
        let aws = organization.management();
        let task = format!("arn:{name}:iam::aws:policy/root-task/IAMAuditRootUserCredentials");
        let target = format!("arn:{name}:iam::{member}:root");
        let into = [("TargetPrincipal", target.as_str()), ("TaskPolicyArn.arn", &task)];
        let root = call(aws, &aws.admin(), "AssumeRoot", &into).keys();
        let serial = call(aws, &root, "ListMFADevices", &[]).get("SerialNumber").unwrap();
        assert_eq!(serial, format!("arn:{name}:iam::{member}:mfa/root-account-mfa-device"));
        assert!(verdict(aws, &root, "ListUsers", &[]).starts_with("403"));
        let commercial = [
            ("TargetPrincipal", member.as_str()),
            ("TaskPolicyArn.arn", "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"),
        ];
        assert!(verdict(aws, &aws.admin(), "AssumeRoot", &commercial).starts_with("400 ValidationError"));
    }
}
