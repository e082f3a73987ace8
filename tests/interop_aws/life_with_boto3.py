"""boto3: the same life, each error by its class, HTTP status and message."""

import boto3
from botocore.exceptions import ClientError

from common import advance, code, refused, step

iam = boto3.client("iam")
errors = iam.exceptions
account = boto3.client("sts").get_caller_identity()["Account"]
iam.create_user(UserName="alice", Path="/ops/")
iam.create_user(UserName="bob")

made = iam.create_virtual_mfa_device(
    VirtualMFADeviceName="alice-key", Path="/glass/", Tags=[{"Key": "serial", "Value": "12345678"}]
)["VirtualMFADevice"]
serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode("ascii")
assert serial == f"arn:aws:iam::{account}:mfa/glass/alice-key"
assert made["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n")
with refused(errors.EntityAlreadyExistsException, 409, "MFA device already exists."):
    iam.create_virtual_mfa_device(VirtualMFADeviceName="alice-key", Path="/glass/")


def enable(one, two, user="alice", device=serial):
    iam.enable_mfa_device(UserName=user, SerialNumber=device, AuthenticationCode1=one, AuthenticationCode2=two)


now = step()
invalid = (errors.InvalidAuthenticationCodeException, 403, "Authentication code for device is not valid.")
for one, two in [(now, now), (now, now - 1), (now - 2, now)]:
    with refused(*invalid):
        enable(code(seed, one), code(seed, two))
with refused(errors.NoSuchEntityException, 404, "The user with name ghost cannot be found."):
    enable("000000", "000001", user="ghost")
missing = f"arn:aws:iam::{account}:mfa/missing"
with refused(errors.NoSuchEntityException, 404, f"MFA Device with serial number {missing} does not exist."):
    enable("000000", "000001", device=missing)
enable(code(seed, now - 1), code(seed, now))
with refused(errors.EntityAlreadyExistsException, 409, "MFA Device for user alice already exists."):
    enable(code(seed, now), code(seed, now + 1))
with refused(errors.EntityAlreadyExistsException, 409, "MFA Device is already in use."):
    enable(code(seed, now), code(seed, now + 1), user="bob")
with refused(errors.DeleteConflictException, 409, "MFA VirtualDevice in use. Must deactivate first."):
    iam.delete_virtual_mfa_device(SerialNumber=serial)
with refused(errors.DeleteConflictException, 409, "Cannot delete entity, must remove tokens from principal first."):
    iam.delete_user(UserName="alice")

device = iam.list_mfa_devices(UserName="alice")["MFADevices"][0]
assert (device["UserName"], device["SerialNumber"]) == ("alice", serial)
assert device["EnableDate"].tzinfo is not None
listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
assert [entry["User"]["Arn"] for entry in listed] == [f"arn:aws:iam::{account}:user/ops/alice"]
assert not any("Base32StringSeed" in entry or "QRCodePNG" in entry for entry in listed)

with refused(*invalid):
    iam.resync_mfa_device(
        UserName="alice", SerialNumber=serial,
        AuthenticationCode1=code(seed, now), AuthenticationCode2=code(seed, now + 1),
    )
iam.resync_mfa_device(
    UserName="alice", SerialNumber=serial,
    AuthenticationCode1=code(seed, now + 1), AuthenticationCode2=code(seed, now + 2),
)

keys = iam.create_access_key(UserName="alice")["AccessKey"]
mine = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"]}
sts = boto3.client("sts", **mine)
advance(20)
opened = sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, step() + 1))["Credentials"]
inside = boto3.client(
    "iam",
    aws_access_key_id=opened["AccessKeyId"],
    aws_secret_access_key=opened["SecretAccessKey"],
    aws_session_token=opened["SessionToken"],
)
with refused(
    ClientError,
    403,
    f"User: arn:aws:iam::{account}:user/ops/alice is not authorized to perform: iam:GetUser on resource: "
    f"arn:aws:iam::{account}:user/ops/alice because no identity-based policy allows the iam:GetUser action",
):
    inside.get_user()

with refused(iam.exceptions.ClientError, 400, "1 validation error detected: Value at 'tags.member.1.value' failed to satisfy "
    r"constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"):
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "place", "Value": "safe <1> & \"2\""}])
iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "place", "Value": "safe 1: @é"}])
iam.untag_mfa_device(SerialNumber=serial, TagKeys=["serial"])
assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "place", "Value": "safe 1: @é"}]

iam.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
with refused(errors.NoSuchEntityException, 404, "MFA Device invalid for user."):
    iam.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
for second in (now, now + 1, now + 2, now + 3):
    with refused(*invalid):  # Replayed or overlapping, after deactivation too.
        enable(code(seed, second - 1), code(seed, second))
enable(code(seed, now + 3), code(seed, now + 4))
iam.deactivate_mfa_device(UserName="alice", SerialNumber=serial)
iam.delete_virtual_mfa_device(SerialNumber=serial)
with refused(errors.NoSuchEntityException, 404, f"MFA Device with serial number {serial} does not exist."):
    iam.delete_virtual_mfa_device(SerialNumber=serial)

for number in range(8):
    each = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"bob-{number}")["VirtualMFADevice"]
    text, at = each["Base32StringSeed"].decode("ascii"), step()
    enable(code(text, at - 1), code(text, at), user="bob", device=each["SerialNumber"])
each = iam.create_virtual_mfa_device(VirtualMFADeviceName="bob-8")["VirtualMFADevice"]
with refused(errors.LimitExceededException, 409, "Cannot exceed quota for MFADevicesPerUser: 8"):
    enable("000000", "000001", user="bob", device=each["SerialNumber"])
summary = iam.get_account_summary()["SummaryMap"]
assert (summary["MFADevices"], summary["MFADevicesInUse"], summary["AccountMFAEnabled"]) == (9, 8, 0), summary
print("all well")
