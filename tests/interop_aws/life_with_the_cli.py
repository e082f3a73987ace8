"""The aws command: create, enable with a wrong and a right pair, a session, replay, deactivate, delete."""

import json
import os
import subprocess

from common import advance, code, control, step


def aws(*arguments, environment=None):
    done = subprocess.run(
        ["aws", *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode:
        return done.stderr.strip()
    return json.loads(done.stdout) if done.stdout.strip() else None


identity = aws("sts", "get-caller-identity")
account = identity["Account"]
assert identity["Arn"] == f"arn:aws:iam::{account}:user/admin", identity

aws("iam", "create-user", "--user-name", "alice")
keys = aws("iam", "create-access-key", "--user-name", "alice")["AccessKey"]
alice = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}

create = ["iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "alice-key", "--outfile"]
made = aws(*create, "seed", "--bootstrap-method", "Base32StringSeed", "--tags", "Key=by,Value=cli")
serial = made["VirtualMFADevice"]["SerialNumber"]
assert serial == f"arn:aws:iam::{account}:mfa/alice-key", made
with open("seed", encoding="ascii") as file:
    seed = file.read()
assert len(seed) == 64, len(seed)
again = aws(*create, "qr.png", "--bootstrap-method", "QRCodePNG")
assert again.endswith("(EntityAlreadyExists) when calling the CreateVirtualMFADevice operation: MFA device already exists.")
tags = aws("iam", "list-mfa-device-tags", "--serial-number", serial)["Tags"]
assert tags == [{"Key": "by", "Value": "cli"}], tags


def enable(one, two):
    pair = ["--authentication-code1", one, "--authentication-code2", two]
    return aws("iam", "enable-mfa-device", "--user-name", "alice", "--serial-number", serial, *pair)


invalid = "(InvalidAuthenticationCode) when calling the EnableMFADevice operation: Authentication code for device is not valid."
now = enrolled = step()
wrong = enable(code(seed, now), code(seed, now))
assert wrong.endswith(invalid), wrong
assert enable(code(seed, now - 1), code(seed, now)) is None
devices = aws("iam", "list-mfa-devices", "--user-name", "alice")["MFADevices"]
assert [device["SerialNumber"] for device in devices] == [serial], devices


def session(token):
    return aws("sts", "get-session-token", "--serial-number", serial, "--token-code", token, environment=alice)


early = session(code(seed, now))
assert "unable to validate MFA code" in early, early
advance(20)
now = step()
opened = session(code(seed, now + 1))["Credentials"]
spent = session(code(seed, now + 1))
assert spent.endswith("MultiFactorAuthentication failed with invalid MFA one time pass code."), spent
inside = {
    "AWS_ACCESS_KEY_ID": opened["AccessKeyId"],
    "AWS_SECRET_ACCESS_KEY": opened["SecretAccessKey"],
    "AWS_SESSION_TOKEN": opened["SessionToken"],
}
assert aws("sts", "get-caller-identity", environment=inside)["Arn"] == f"arn:aws:iam::{account}:user/alice"

assert aws("iam", "deactivate-mfa-device", "--user-name", "alice", "--serial-number", serial) is None
replay = enable(code(seed, enrolled - 1), code(seed, enrolled))
assert replay.endswith(invalid), replay
assert aws("iam", "delete-virtual-mfa-device", "--serial-number", serial) is None
gone = aws("iam", "delete-virtual-mfa-device", "--serial-number", serial)
assert gone.endswith(f"MFA Device with serial number {serial} does not exist."), gone

log = control("log")["calls"]
assert {call["code"] for call in log} == {
    None,
    "AccessDenied",
    "EntityAlreadyExists",
    "InvalidAuthenticationCode",
    "NoSuchEntity",
}, log
print("all well")
