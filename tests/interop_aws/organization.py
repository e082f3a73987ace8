"""Every operation about root users and organizations, read with boto3 from an organization of thirteen or more."""

import csv
import io
import json
import time

import boto3
from botocore.exceptions import ClientError

from common import control, refused

TASK = "arn:aws:iam::aws:policy/root-task/"


def client(service, keys=None, region="us-east-1"):
    if keys is None:
        return boto3.client(service, region_name=region)
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def pages(of, operation, member, **parameters):
    return [item for page in of.get_paginator(operation).paginate(**parameters) for item in page[member]]


# Organizations
org = client("organizations")
whole = org.describe_organization()["Organization"]
management = whole["MasterAccountId"]
assert whole["FeatureSet"] == "ALL" and whole["Arn"].endswith(f"organization/{whole['Id']}")
accounts = pages(org, "list_accounts", "Accounts")
assert len(accounts) > 20 and accounts[0]["JoinedTimestamp"].year > 2000
by_kind = {}
# One of each kind, and none that is suspended: numbers are random, and so is which of two comes first.
for account in accounts:
    if account["State"] != "ACTIVE":
        continue
    by_kind.setdefault(account["Name"].rsplit("-", 1)[0], account["Id"])
suspended = [account["Id"] for account in accounts if account["State"] == "SUSPENDED"]
assert len(suspended) == 1
assert org.describe_account(AccountId=suspended[0])["Account"]["Status"] == "SUSPENDED"
with refused(
    org.exceptions.AccountNotFoundException,
    400,
    "You specified an account that doesn't exist or is not a member of this organization.",
):
    org.describe_account(AccountId="999999999999")
root_id = pages(org, "list_roots", "Roots")[0]["Id"]
assert org.list_parents(ChildId=management)["Parents"] == [{"Id": root_id, "Type": "ROOT"}]
assert len(pages(org, "list_accounts_for_parent", "Accounts", ParentId=root_id)) == len(accounts)
assert len(pages(org, "list_children", "Children", ParentId=root_id, ChildType="ACCOUNT")) == len(accounts)
assert pages(org, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=root_id) == []
deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
control("organization", {"policies": [{"name": "no-s3", "document": deny, "targets": [by_kind["sound"]]}]})
scp = "SERVICE_CONTROL_POLICY"
policies = {policy["Name"]: policy for policy in pages(org, "list_policies", "Policies", Filter=scp)}
assert set(policies) == {"FullAWSAccess", "no-s3"} and policies["FullAWSAccess"]["AwsManaged"]
content = org.describe_policy(PolicyId=policies["no-s3"]["Id"])["Policy"]["Content"]
assert json.loads(content) == deny
targets = pages(org, "list_targets_for_policy", "Targets", PolicyId=policies["no-s3"]["Id"])
assert [(target["TargetId"], target["Type"]) for target in targets] == [(by_kind["sound"], "ACCOUNT")]
attached = pages(org, "list_policies_for_target", "Policies", TargetId=by_kind["sound"], Filter=scp)
assert len(attached) == 2
trusted = pages(org, "list_aws_service_access_for_organization", "EnabledServicePrincipals")
assert "iam.amazonaws.com" in [service["ServicePrincipal"] for service in trusted]
assert pages(org, "list_delegated_administrators", "DelegatedAdministrators") == []
control("organization", {"delegated": {by_kind["sound"]: "iam.amazonaws.com"}})
assert pages(org, "list_delegated_administrators", "DelegatedAdministrators")[0]["Id"] == by_kind["sound"]
services = pages(org, "list_delegated_services_for_account", "DelegatedServices", AccountId=by_kind["sound"])
assert services[0]["ServicePrincipal"] == "iam.amazonaws.com"

# Central root access
iam = client("iam")
features = iam.list_organizations_features()
assert features["EnabledFeatures"] == ["RootSessions", "RootCredentialsManagement"]
assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement"]
assert iam.enable_organizations_root_sessions()["OrganizationId"] == whole["Id"]
iam.disable_organizations_root_credentials_management()
sts = client("sts")
with refused(ClientError, 403, "Root credentials management feature is not enabled for your AWS Organization."):
    sts.assume_root(
        TargetPrincipal=by_kind["virtual"], TaskPolicyArn={"arn": TASK + "IAMAuditRootUserCredentials"}
    )
iam.enable_organizations_root_credentials_management()
control("organization", {"trusted": {"iam.amazonaws.com": False}})
with refused(
    iam.exceptions.ServiceAccessNotEnabledException,
    400,
    f"Trusted Access for IAM not enabled by organization of input account {management}.",
):
    iam.list_organizations_features()
control("organization", {"trusted": {"iam.amazonaws.com": True}})


def root_of(kind, task="IAMAuditRootUserCredentials"):
    reply = sts.assume_root(
        TargetPrincipal=by_kind[kind], TaskPolicyArn={"arn": TASK + task}, DurationSeconds=900
    )
    return client("iam", reply["Credentials"])


def facts(kind):
    root = root_of(kind)
    summary = root.get_account_summary()["SummaryMap"]
    return (
        summary["AccountPasswordPresent"],
        [device["SerialNumber"].split(":")[-1].split("/")[0] for device in root.list_mfa_devices()["MFADevices"]],
        [key["Status"] for key in root.list_access_keys()["AccessKeyMetadata"]],
        len(root.list_signing_certificates()["Certificates"]),
    )


assert facts("sound") == (1, ["u2f", "u2f"], [], 0)
assert facts("no-credentials") == (0, [], [], 0)
assert facts("one-key") == (1, ["u2f"], [], 0)
assert facts("virtual") == (1, ["mfa"], [], 0)
assert facts("no-mfa") == (1, [], [], 0)
assert facts("active-key") == (1, ["u2f", "u2f"], ["Active"], 0)
assert facts("inactive-key") == (1, ["u2f", "u2f"], ["Inactive"], 0)
assert sorted(facts("key-and-virtual")[1]) == ["mfa", "u2f"]
assert facts("hardware-token") == (1, ["GAHT12345678"], [], 0)
assert facts("certificate") == (1, ["u2f", "u2f"], [], 1)
assert facts("groot") == (1, [], [], 0)
assert facts("key-without-password") == (0, ["u2f"], [], 0)

root = root_of("active-key")
user = root.get_user()["User"]
assert user["Arn"] == f"arn:aws:iam::{by_kind['active-key']}:root" and "UserName" not in user
key = root.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"]
assert root.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]["ServiceName"] == "ec2"
assert "CreateDate" in root.get_login_profile()["LoginProfile"]
try:
    root.generate_credential_report()
except ClientError as caught:
    assert caught.response["Error"]["Message"].endswith("with an explicit deny in a session policy"), caught
else:
    raise AssertionError("outside the task")
root = root_of("active-key", "IAMDeleteRootUserCredentials")
root.delete_access_key(AccessKeyId=key)
root.deactivate_mfa_device(SerialNumber=root.list_mfa_devices()["MFADevices"][0]["SerialNumber"])
root.delete_login_profile()
assert facts("active-key") == (0, ["u2f"], [], 0)
root = root_of("certificate", "IAMDeleteRootUserCredentials")
root.delete_signing_certificate(CertificateId=root.list_signing_certificates()["Certificates"][0]["CertificateId"])
root_of("no-credentials", "IAMCreateRootUserPassword").create_login_profile()
assert facts("no-credentials")[0] == 1
for target in (management, suspended[0]):
    try:
        sts.assume_root(TargetPrincipal=target, TaskPolicyArn={"arn": TASK + "IAMAuditRootUserCredentials"})
    except ClientError as caught:
        assert caught.response["Error"]["Message"].endswith(f"sts:AssumeRoot on resource: arn:aws:iam::{target}:root")
    else:
        raise AssertionError(target)

# The credential report
with refused(iam.exceptions.CredentialReportNotPresentException, 410, "Unknown"):
    iam.get_credential_report()
assert iam.generate_credential_report()["State"] == "STARTED"
with refused(iam.exceptions.CredentialReportNotReadyException, 404, "Unknown"):
    iam.get_credential_report()
while iam.generate_credential_report()["State"] != "COMPLETE":
    time.sleep(0)
report = iam.get_credential_report()
rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
assert rows[0]["user"] == "<root_account>" and rows[0]["mfa_active"] == "true" and len(rows[0]) == 22

# Administrators, through the role that members have
role = f"arn:aws:iam::{by_kind['groot']}:role/OrganizationAccountAccessRole"
there = client("iam", sts.assume_role(RoleArn=role, RoleSessionName="judge")["Credentials"])
names = {user["UserName"] for user in pages(there, "list_users", "Users")}
assert names == {"groot", "root-account-mfa-device"}
owners = {d["User"]["Arn"].split(":", 5)[5] for d in pages(there, "list_virtual_mfa_devices", "VirtualMFADevices")}
assert owners == {"user/groot", "user/root-account-mfa-device"}
assert [role["RoleName"] for role in pages(there, "list_roles", "Roles")] == ["OrganizationAccountAccessRole", "trail-to-logs"]
there.create_group(GroupName="admins")
there.add_user_to_group(GroupName="admins", UserName="groot")
administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
there.attach_group_policy(GroupName="admins", PolicyArn=administrator)
assert pages(there, "list_groups_for_user", "Groups", UserName="groot")[0]["GroupName"] == "admins"
assert there.get_group(GroupName="admins")["Users"][0]["UserName"] == "groot"
assert pages(there, "list_attached_group_policies", "AttachedPolicies", GroupName="admins")
assert pages(there, "list_attached_role_policies", "AttachedPolicies", RoleName="OrganizationAccountAccessRole")
assert pages(there, "list_attached_user_policies", "AttachedPolicies", UserName="groot") == []
there.put_role_policy(RoleName="OrganizationAccountAccessRole", PolicyName="p", PolicyDocument=json.dumps(deny))
assert pages(there, "list_role_policies", "PolicyNames", RoleName="OrganizationAccountAccessRole") == ["p"]
assert there.get_role_policy(RoleName="OrganizationAccountAccessRole", PolicyName="p")["PolicyDocument"] == deny
assert pages(there, "list_group_policies", "PolicyNames", GroupName="admins") == []
assert there.list_entities_for_policy(PolicyArn=administrator)["PolicyGroups"][0]["GroupName"] == "admins"
version = there.get_policy(PolicyArn=administrator)["Policy"]["DefaultVersionId"]
document = there.get_policy_version(PolicyArn=administrator, VersionId=version)["PolicyVersion"]["Document"]
assert document["Statement"][0] == {"Effect": "Allow", "Action": "*", "Resource": "*"}
details = list(there.get_paginator("get_account_authorization_details").paginate(MaxItems=100))
users = {user["UserName"]: user for page in details for user in page["UserDetailList"]}
assert users["groot"]["GroupList"] == ["admins"] and users["groot"]["AttachedManagedPolicies"] == []
roles = [role for page in details for role in page["RoleDetailList"]]
assert roles[0]["RolePolicyList"][0]["PolicyDocument"] == deny
assert there.list_account_aliases()["AccountAliases"] == []
assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 14

# What watches root
trails = client("cloudtrail")
trail = trails.describe_trails()["trailList"][0]
assert trail["IsMultiRegionTrail"] and trail["LogFileValidationEnabled"]
status = trails.get_trail_status(Name=trail["TrailARN"])
assert status["IsLogging"] and status["LatestDeliveryTime"].year > 2000
assert trails.get_event_selectors(TrailName=trail["TrailARN"])["EventSelectors"][0]["IncludeManagementEvents"]
selector = {"name": "m", "fields": [{"field": "eventCategory", "equals": ["Management"]}]}
control("posture", {"trails": [{"selectors": {"advanced": [selector]}}]})
advanced = trails.get_event_selectors(TrailName="trail")["AdvancedEventSelectors"][0]["FieldSelectors"]
assert advanced == [{"Field": "eventCategory", "Equals": ["Management"]}]
with refused(
    trails.exceptions.TrailNotFoundException,
    400,
    f"Unknown trail: arn:aws:cloudtrail:us-east-1:{management}:trail/none for the user: {management}",
):
    trails.get_trail_status(Name="none")
filters = pages(client("logs"), "describe_metric_filters", "metricFilters", logGroupName="trail")
assert filters[0]["filterPattern"].startswith("{$.userIdentity.type=")
metric = filters[0]["metricTransformations"][0]
watch = client("cloudwatch")
alarms = watch.describe_alarms_for_metric(MetricName=metric["metricName"], Namespace=metric["metricNamespace"])
alarm = alarms["MetricAlarms"][0]
assert alarm["StateUpdatedTimestamp"].year > 2000 and alarm["Threshold"] == 1.0
assert pages(watch, "describe_alarms", "MetricAlarms")[0] == alarm
topic = alarm["AlarmActions"][0]
sns = client("sns")
subscription = pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)[0]
assert subscription["SubscriptionArn"].startswith(topic + ":")
control("posture", {"subscriptions": [{"topic": topic, "confirmed": False}]})
pending = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]
assert pending == "PendingConfirmation"
with refused(sns.exceptions.NotFoundException, 404, "Topic does not exist"):
    sns.list_subscriptions_by_topic(TopicArn=topic + "-other")
events = client("events")
assert pages(events, "list_rules", "Rules") == []
control("posture", {"rules": [{"targets": [topic]}]})
assert pages(events, "list_rules", "Rules")[0]["State"] == "ENABLED"
assert "Root" in events.describe_rule(Name="root-use")["EventPattern"]
assert pages(events, "list_targets_by_rule", "Targets", Rule="root-use")[0]["Arn"] == topic
with refused(
    events.exceptions.ResourceNotFoundException, 400, "Rule other does not exist on EventBus default."
):
    events.describe_rule(Name="other")

# Contacts
account = client("account")
assert account.get_alternate_contact(AlternateContactType="SECURITY")["AlternateContact"]["EmailAddress"]
assert account.get_contact_information()["ContactInformation"]["CountryCode"] == "US"
assert account.get_primary_email(AccountId=by_kind["sound"])["PrimaryEmail"].endswith("@example.com")
assert account.get_account_information()["AccountId"] == management
assert pages(account, "list_regions", "Regions")[0]["RegionName"] == "us-east-1"
control("posture", {"account": by_kind["sound"], "alternate_contacts": {"SECURITY": None}})
with refused(
    account.exceptions.ResourceNotFoundException,
    404,
    "No contact of the inputted alternate contact type found.",
):
    account.get_alternate_contact(AccountId=by_kind["sound"], AlternateContactType="SECURITY")

# Refusals by their classes
control("fault", {"action": "ListAccounts", "what": "deny"})
try:
    org.list_accounts()
except org.exceptions.AccessDeniedException:
    pass
else:
    raise AssertionError("denied")
control("fault", {"action": "ListAccounts", "what": "throttle"})
with refused(org.exceptions.TooManyRequestsException, 400, "Rate exceeded"):
    org.list_accounts()
control("fault", {"action": "GetContactInformation", "what": "throttle"})
with refused(account.exceptions.TooManyRequestsException, 429, "Rate exceeded"):
    account.get_contact_information()
control("fault", {"action": "DescribeTrails", "what": "deny"})
try:
    trails.describe_trails()
except ClientError as caught:
    assert caught.response["Error"]["Code"] == "AccessDeniedException", caught
else:
    raise AssertionError("denied")
print("all well")
