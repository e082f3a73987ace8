"""The aws CLI reads an organization."""

import json
import os
import subprocess


def aws(*arguments, **more):
    done = subprocess.run(
        ["aws", *arguments, "--output", "json"], capture_output=True, text=True, env={**os.environ, **more}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


accounts = aws("organizations", "list-accounts")["Accounts"]
assert len(accounts) > 20
member = next(account["Id"] for account in accounts if account["Name"].startswith("virtual-"))
keys = aws(
    "sts",
    "assume-root",
    "--target-principal",
    member,
    "--task-policy-arn",
    "arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
)["Credentials"]
session = {
    "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
    "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
    "AWS_SESSION_TOKEN": keys["SessionToken"],
}
devices = aws("iam", "list-mfa-devices", **session)["MFADevices"]
assert [device["SerialNumber"] for device in devices] == [f"arn:aws:iam::{member}:mfa/root-account-mfa-device"]
assert aws("cloudwatch", "describe-alarms")["MetricAlarms"][0]["Threshold"] == 1.0
assert aws("account", "get-alternate-contact", "--alternate-contact-type", "SECURITY")
print("all well")
