"""moto's server, and an account's state put into it by boto3.

Prints where the server listens. Then, for each line on standard input, which is the name of a state: everything is
forgotten, the state is put, and what glasskey cannot know beforehand is printed as JSON. Ends with its input.
"""

import json
import os
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
os.environ.update(
    AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="moto", AWS_DEFAULT_REGION="us-east-1"
)
trails, logs, alarms, topics, events, organizations, account, buckets = (
    boto3.client(service, endpoint_url=url)
    for service in ["cloudtrail", "logs", "cloudwatch", "sns", "events", "organizations", "account", "s3"]
)

PATTERN = '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
TOPIC = "arn:aws:sns:us-east-1:123456789012:root-use"
METRIC = [{"metricName": "RootUse", "metricNamespace": "Trail", "metricValue": "1"}]


def sound():
    """Everything that watches root, as it should be."""
    buckets.create_bucket(Bucket="trail-bucket")
    logs.create_log_group(logGroupName="trail-logs")
    group = logs.describe_log_groups()["logGroups"][0]["arn"]
    trails.create_trail(
        Name="everywhere",
        S3BucketName="trail-bucket",
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
        CloudWatchLogsLogGroupArn=group,
        CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/trail",
    )
    # A new trail of AWS's records all management events; one of moto's has no selectors.
    select(ReadWriteType="All", IncludeManagementEvents=True)
    trails.start_logging(Name="everywhere")
    pattern(PATTERN)
    topics.create_topic(Name="root-use")
    topics.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="security@example.com")
    alarm()
    account.put_alternate_contact(
        AlternateContactType="SECURITY",
        EmailAddress="security@example.com",
        Name="Sam Security",
        PhoneNumber="+1 202 555 0100",
        Title="CISO",
    )


def select(**selector):
    trails.put_event_selectors(TrailName="everywhere", EventSelectors=[selector])


def select_advanced(*fields):
    selector = {"Name": "one", "FieldSelectors": [{"Field": name, "Equals": values} for name, values in fields]}
    trails.put_event_selectors(TrailName="everywhere", AdvancedEventSelectors=[selector])


def pattern(text):
    # One put under the same name stands beside the old one in moto, and not in its place.
    no_filter()
    logs.put_metric_filter(
        logGroupName="trail-logs", filterName="root-use", filterPattern=text, metricTransformations=METRIC
    )


def no_filter():
    for each in logs.describe_metric_filters(logGroupName="trail-logs")["metricFilters"]:
        logs.delete_metric_filter(logGroupName="trail-logs", filterName=each["filterName"])


def alarm(**changed):
    alarms.put_metric_alarm(
        **{
            "AlarmName": "root-used",
            "MetricName": "RootUse",
            "Namespace": "Trail",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [TOPIC],
        }
        | changed
    )


def nobody():
    for subscription in topics.list_subscriptions()["Subscriptions"]:
        topics.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


def rule(state="ENABLED", target=TOPIC, **detail):
    """In the place of the filter."""
    no_filter()
    detail = {"userIdentity": {"type": ["Root"]}} | detail
    events.put_rule(Name="root-events", EventPattern=json.dumps({"detail": detail}), State=state)
    # The policy of a new topic lets no rule in.
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    topics.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    if target:
        events.put_targets(Rule="root-events", Targets=[{"Id": "1", "Arn": target}])


def organization():
    organizations.create_organization(FeatureSet="ALL")


def members(*names):
    """Accounts of an organization. Told are their numbers by name."""
    organization()
    for name in names:
        organizations.create_account(AccountName=name, Email=f"{name}@example.com")
    listed = organizations.list_accounts()["Accounts"]
    told.update({each["Name"]: each["Id"] for each in listed if each["Name"] in names})


def closed():
    members("open", "closed")
    organizations.close_account(AccountId=told["closed"])
    account.put_alternate_contact(
        AlternateContactType="SECURITY",
        EmailAddress="open@example.com",
        Name="Open",
        PhoneNumber="1",
        Title="x",
        AccountId=told["open"],
    )


def policy(attached, **more):
    """A service control policy against root."""
    organization()
    condition = {"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}} | more
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    made = organizations.create_policy(
        Name="no-root",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    if attached:
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=root)


def allow_list(*actions):
    """A unit with a policy in the place of AWS's own."""
    organization()
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="sandbox")["OrganizationalUnit"]["Id"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    made = organizations.create_policy(
        Name="list",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=unit)
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)


STATES = {
    "sound": lambda: None,
    "trail of one region": lambda: trails.update_trail(Name="everywhere", IsMultiRegionTrail=False),
    "trail switched off": lambda: trails.stop_logging(Name="everywhere"),
    "trail not validated": lambda: trails.update_trail(Name="everywhere", EnableLogFileValidation=False),
    "trail gone": lambda: trails.delete_trail(Name="everywhere"),
    "trail of reads": lambda: select(ReadWriteType="ReadOnly", IncludeManagementEvents=True),
    "trail of data": lambda: select(ReadWriteType="All", IncludeManagementEvents=False),
    "advanced selectors, all": lambda: select_advanced(("eventCategory", ["Management"])),
    "advanced selectors, writes": lambda: select_advanced(("eventCategory", ["Management"]), ("readOnly", ["false"])),
    "no filter": no_filter,
    "filter in another order": lambda: pattern(
        "{ ($.eventType != AwsServiceEvent) && ($.userIdentity.invokedBy NOT EXISTS) && ($.userIdentity.type = Root) }"
    ),
    "filter that misses sign-ins": lambda: pattern('{ $.userIdentity.type = "Root" && $.eventName != "ConsoleLogin" }'),
    "no alarm": lambda: alarms.delete_alarms(AlarmNames=["root-used"]),
    "alarm on another metric": lambda: alarm(MetricName="Other"),
    "alarm without action": lambda: alarm(AlarmActions=[]),
    "alarm switched off": lambda: alarms.disable_alarm_actions(AlarmNames=["root-used"]),
    "alarm from five on": lambda: alarm(Threshold=5.0),
    "nobody subscribed": nobody,
    "second subscriber": lambda: topics.subscribe(TopicArn=TOPIC, Protocol="sms", Endpoint="+12025550100"),
    "rule": rule,
    "rule switched off": lambda: rule(state="DISABLED"),
    "rule without target": lambda: rule(target=None),
    "rule for some sign-ins": lambda: rule(additionalEventData={"MFAUsed": ["No"]}),
    "rule for something else": lambda: rule(eventName=["CreateUser"]),
    "rule for a function": lambda: rule(target="arn:aws:lambda:us-east-1:123456789012:function:tell"),
    "no security contact": lambda: account.delete_alternate_contact(AlternateContactType="SECURITY"),
    "organization": organization,
    "policy against root": lambda: policy(True),
    "policy not attached": lambda: policy(False),
    "policy that spares AssumeRoot": lambda: policy(True, BoolIfExists={"aws:AssumedRoot": "false"}),
    "allow-list": lambda: allow_list("ec2:*", "iam:*", "s3:*"),
    "allow-list that is enough": lambda: allow_list("iam:*", "s3:*", "sqs:*"),
    "members": closed,
    "many members": lambda: members(*(f"account-{nth}" for nth in range(45))),
}

told = {}
print(url, flush=True)
for line in sys.stdin:
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    told.clear()
    sound()
    STATES[line.strip()]()
    print(json.dumps(told), flush=True)
