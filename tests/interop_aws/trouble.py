"""Throttling, lost replies and clocks, made through the control path."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from common import control, refused

iam = boto3.client("iam")
control("fault", {"action": "ListUsers", "what": "throttle"})
with refused(ClientError, 400, "Rate exceeded"):
    iam.list_users()

patient = boto3.client("iam", config=Config(retries={"total_max_attempts": 4, "mode": "standard"}))
control("fault", {"action": "ListUsers", "what": "throttle", "times": 2})
assert patient.list_users()["ResponseMetadata"]["RetryAttempts"] == 2

control("fault", {"action": "CreateVirtualMFADevice", "what": "lose_reply"})
try:
    iam.create_virtual_mfa_device(VirtualMFADeviceName="lost")
except ConnectionClosedError:
    pass
else:
    raise AssertionError("the reply came")
assert [device["arn"].rsplit("/")[-1] for device in control("state")["devices"]] == ["lost"]
control("fault", {"action": "CreateVirtualMFADevice", "what": "never_arrive"})
try:
    iam.create_virtual_mfa_device(VirtualMFADeviceName="dropped")
except ConnectionClosedError:
    pass
else:
    raise AssertionError("the reply came")
assert [device["arn"].rsplit("/")[-1] for device in control("state")["devices"]] == ["lost"]

control("clock", {"offset_seconds": -3600})
try:
    iam.list_users()
except ClientError as caught:
    assert caught.response["Error"]["Code"] == "SignatureDoesNotMatch", caught
    message = caught.response["Error"]["Message"]
    assert message.startswith("Signature not yet current: ") and message.endswith(" + 5 min.)"), message
else:
    raise AssertionError("an hour is too far")
control("clock", {"offset_seconds": 74})
assert iam.list_users()["Users"][0]["UserName"] == "admin"
print("all well")
