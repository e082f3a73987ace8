"""An outside client makes its own user, gives it little, and is refused the rest."""

import json

import boto3
from botocore.exceptions import ClientError

from common import advance, code, refused, step

iam = boto3.client("iam")
account = boto3.client("sts").get_caller_identity()["Account"]
iam.create_user(UserName="carol")
arn = f"arn:aws:iam::{account}:user/carol"
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "Resource": "arn:aws:iam::*:mfa/${aws:username}",
        },
        {"Effect": "Allow", "Action": "iam:*MFADevice*", "Resource": "arn:aws:iam::*:user/${aws:username}"},
        {
            "Effect": "Deny",
            "Action": "iam:DeactivateMFADevice",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ],
}
iam.put_user_policy(UserName="carol", PolicyName="own", PolicyDocument=json.dumps(policy))
assert iam.get_user_policy(UserName="carol", PolicyName="own")["PolicyDocument"] == policy
keys = iam.create_access_key(UserName="carol")["AccessKey"]
mine = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"]}
carol = boto3.client("iam", **mine)


def sentence(action, resource, reason=None):
    reason = reason or f"because no identity-based policy allows the iam:{action} action"
    return f"User: {arn} is not authorized to perform: iam:{action} on resource: {resource} {reason}"


other = f"arn:aws:iam::{account}:mfa/other"
with refused(ClientError, 403, sentence("CreateVirtualMFADevice", other)):
    carol.create_virtual_mfa_device(VirtualMFADeviceName="other")
with refused(ClientError, 403, sentence("ListUsers", f"arn:aws:iam::{account}:user/")):
    carol.list_users()

made = carol.create_virtual_mfa_device(VirtualMFADeviceName="carol")["VirtualMFADevice"]
serial, seed, now = made["SerialNumber"], made["Base32StringSeed"].decode("ascii"), step()


def enable(client, one, two):
    client.enable_mfa_device(
        UserName="carol", SerialNumber=serial,
        AuthenticationCode1=code(seed, one), AuthenticationCode2=code(seed, two),
    )


enable(carol, now - 1, now)
with refused(
    ClientError,
    403,
    "To complete this action, please ensure that you are authenticated with an MFA device that is enabled for this user.",
):
    enable(carol, now, now + 1)
explicit = "with an explicit deny in an identity-based policy"
with refused(ClientError, 403, sentence("DeactivateMFADevice", arn, explicit)):
    carol.deactivate_mfa_device(SerialNumber=serial)

advance(20)
sts = boto3.client("sts", **mine)
opened = sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, step() + 1))["Credentials"]
inside = boto3.client(
    "iam",
    aws_access_key_id=opened["AccessKeyId"],
    aws_secret_access_key=opened["SecretAccessKey"],
    aws_session_token=opened["SessionToken"],
)
inside.deactivate_mfa_device(SerialNumber=serial)
inside.delete_virtual_mfa_device(SerialNumber=serial)
iam.update_access_key(UserName="carol", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
with refused(ClientError, 403, "The security token included in the request is invalid."):
    carol.list_mfa_devices()
print("all well")
