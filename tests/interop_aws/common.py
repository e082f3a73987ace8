"""What the scripts share: codes by RFC 6238, the simulator's control path, and expecting an error."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import struct
import urllib.request

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def control(command, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{ENDPOINT}/_glasskey/{command}", data) as reply:
        return json.load(reply)


def advance(seconds):
    control("clock", {"advance_seconds": seconds})


def step():
    """The present step by AWS's clock; never in a step's last seconds, so that it still is the present one when sent."""
    now = control("clock")["unix_seconds"]
    if now % 30 > 24:
        advance(30 - now % 30)
        now = control("clock")["unix_seconds"]
    return now // 30


def code(base32, at):
    digest = hmac.new(base64.b32decode(base32), struct.pack(">Q", at), hashlib.sha1).digest()
    word = struct.unpack_from(">I", digest, digest[19] & 15)[0] & 0x7FFFFFFF
    return f"{word % 1_000_000:06}"


@contextlib.contextmanager
def refused(error, status, message):
    """The block raises this botocore error class, with this HTTP status and message."""
    try:
        yield
    except error as caught:
        got = (caught.response["ResponseMetadata"]["HTTPStatusCode"], caught.response["Error"]["Message"])
        assert got == (status, message), got
    else:
        raise AssertionError(f"{error.__name__} was not raised")
