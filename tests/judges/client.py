"""python-fido2 as the client of one authenticator: client.py NODE, with a JSON array of steps on standard input, each an
array of a name and its arguments.

Steps: info; pin-set NEW; pin-change OLD NEW; pin-wrong WRONG; register PIN; authenticate PIN CREDENTIAL...;
hmac PIN CREDENTIAL; blob-read PIN CREDENTIAL; credentials PIN; blobs PIN; config PIN; selection; reset. What the steps learn goes to standard
output as a JSON array; a failure is an exception.
"""

import json
import os
import sys

from fido2 import cbor
from fido2.client import ClientError, DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Config, CredentialManagement, Ctap2, LargeBlobs
from fido2.ctap2.extensions import CredProtectExtension, HmacSecretExtension, LargeBlobExtension
from fido2.hid import CtapHidDevice, open_connection
from fido2.hid.linux import get_descriptor
from fido2.utils import websafe_decode, websafe_encode

ORIGIN = "https://signin.example.com"
RP = {"id": "example.com", "name": "Example"}


class Person(UserInteraction):
    """Touches (the authenticator sees to that) and knows the PIN."""

    def __init__(self, pin):
        self.pin = pin

    def request_pin(self, permissions, rp_id):
        return self.pin


def connect(node):
    descriptor = get_descriptor(node)
    assert (descriptor.report_size_in, descriptor.report_size_out) == (64, 64), descriptor
    return CtapHidDevice(descriptor, open_connection(descriptor))


def challenge():
    return os.urandom(32)


def client(device, pin):
    extensions = [CredProtectExtension(), HmacSecretExtension(allow_hmac_secret=True), LargeBlobExtension()]
    return Fido2Client(device, DefaultClientDataCollector(ORIGIN), Person(pin), extensions)


def token(ctap, pin, permission):
    pins = ClientPin(ctap)
    return pins.protocol, pins.get_pin_token(pin, permission)


def info(device):
    ctap = Ctap2(device)
    said = ctap.info
    pins = {}
    if ClientPin.is_supported(said):
        pins = {"retries": ClientPin(ctap).get_pin_retries()[0]}
    return {
        "versions": said.versions,
        "extensions": said.extensions,
        "aaguid": str(said.aaguid),
        "options": dict(said.options),
        "algorithms": [entry["alg"] for entry in said.algorithms],
        "pinProtocols": said.pin_uv_protocols,
        "minPinLength": said.min_pin_length,
        "remaining": said.remaining_disc_creds,
        **pins,
    }


def pin_set(device, new):
    ctap = Ctap2(device)
    assert ctap.info.options["clientPin"] is False
    ClientPin(ctap).set_pin(new)
    assert ctap.get_info().options["clientPin"] is True


def pin_change(device, old, new):
    ClientPin(Ctap2(device)).change_pin(old, new)


def pin_wrong(device, wrong):
    pins = ClientPin(Ctap2(device))
    before = pins.get_pin_retries()[0]
    try:
        pins.get_pin_token(wrong, ClientPin.PERMISSION.GET_ASSERTION, RP["id"])
    except CtapError as why:
        return {"code": why.code.name, "before": before, "after": pins.get_pin_retries()[0]}
    raise AssertionError("a wrong PIN was taken")


def register(device, pin):
    """One discoverable credential with a large blob key, and one that is not discoverable. ES256 first."""
    made = []
    for name, resident in [("alice", "required"), ("bob", "discouraged")]:
        asked = challenge()
        options = {
            "rp": RP,
            "user": {"id": websafe_encode(name.encode()), "name": name, "displayName": name.title()},
            "challenge": websafe_encode(asked),
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, -8)],
            "authenticatorSelection": {"residentKey": resident, "userVerification": "required"},
            "attestation": "direct",
            "extensions": {"credProps": True, "hmacCreateSecret": True},
        }
        response = client(device, pin).make_credential(options)
        credential = response.response.attestation_object.auth_data.credential_data
        key = websafe_encode(cbor.encode(dict(credential.public_key)))
        made.append({**party(asked), "registration": plain(response), "publicKey": key})
        excluded = {"type": "public-key", "id": made[-1]["registration"]["id"]}
        try:
            client(device, pin).make_credential({**options, "excludeCredentials": [excluded]})
            raise AssertionError("an excluded credential was no hindrance")
        except ClientError as why:
            assert why.code == ClientError.ERR.DEVICE_INELIGIBLE, why
    return made


def authenticate(device, pin, *credentials):
    """One assertion among these credentials, or by whatever is discoverable when there are none."""
    asked = challenge()
    options = {
        "challenge": websafe_encode(asked),
        "rpId": RP["id"],
        "userVerification": "required",
    }
    if credentials:
        options["allowCredentials"] = [{"type": "public-key", "id": one} for one in credentials]
    selection = client(device, pin).get_assertion(options)
    return {**party(asked), "assertion": plain(selection.get_response(0))}


def hmac(device, pin, credential):
    """The same salt gives the same secret twice, and another salt another one."""
    salts = [os.urandom(32), os.urandom(32)]
    secrets = []
    for salt in [salts[0], salts[0], salts[1]]:
        options = {
            "challenge": websafe_encode(challenge()),
            "rpId": RP["id"],
            "userVerification": "required",
            "allowCredentials": [{"type": "public-key", "id": credential}],
            "extensions": {"hmacGetSecret": {"salt1": websafe_encode(salt)}},
        }
        response = client(device, pin).get_assertion(options).get_response(0)
        secrets.append(response.client_extension_results.hmac_get_secret.output1)
    assert secrets[0] == secrets[1] != secrets[2] and len(secrets[0]) == 32


def blob_read(device, pin, credential):
    """The credential's large blob."""
    options = {
        "challenge": websafe_encode(challenge()),
        "rpId": RP["id"],
        "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": credential}],
        "extensions": {"largeBlob": {"read": True}},
    }
    response = client(device, pin).get_assertion(options).get_response(0)
    return plain(response)["clientExtensionResults"]["largeBlob"]["blob"]


def credentials(device, pin):
    """Lists, renames and deletes what is discoverable."""
    ctap = Ctap2(device)
    management = CredentialManagement(ctap, *token(ctap, pin, ClientPin.PERMISSION.CREDENTIAL_MGMT))
    R = CredentialManagement.RESULT
    before = management.get_metadata()[R.EXISTING_CRED_COUNT]
    found = []
    for party in management.enumerate_rps():
        for one in management.enumerate_creds(party[R.RP_ID_HASH]):
            found.append({"rpId": party[R.RP]["id"], "user": one[R.USER]["name"]})
            if CredentialManagement.is_update_supported(ctap.info):
                management.update_user_info(one[R.CREDENTIAL_ID], {**one[R.USER], "name": "renamed"})
                again = management.enumerate_creds(party[R.RP_ID_HASH])
                assert "renamed" in [other[R.USER]["name"] for other in again]
            management.delete_cred(one[R.CREDENTIAL_ID])
    after = management.get_metadata()[R.EXISTING_CRED_COUNT]
    return {"before": before, "found": found, "after": after}


def blobs(device, pin):
    """Writes, reads and deletes a blob of some fragments."""
    ctap = Ctap2(device)
    store = LargeBlobs(ctap, *token(ctap, pin, ClientPin.PERMISSION.LARGE_BLOB_WRITE))
    assert store.read_blob_array() == []
    # Random, or it would be packed into a single fragment.
    key, blob = os.urandom(32), os.urandom(900)
    store.put_blob(key, blob)
    assert store.get_blob(key) == blob
    assert store.get_blob(os.urandom(32)) is None
    store.delete_blob(key)
    assert store.get_blob(key) is None


def config(device, pin):
    """Always-UV on and off again, and a longer minimum for PINs."""
    ctap = Ctap2(device)
    settings = Config(ctap, *token(ctap, pin, ClientPin.PERMISSION.AUTHENTICATOR_CFG))
    before = ctap.info.options["alwaysUv"]
    settings.toggle_always_uv()
    assert ctap.get_info().options["alwaysUv"] is not before
    settings.toggle_always_uv()
    assert ctap.get_info().options["alwaysUv"] is before
    settings.set_min_pin_length(6)
    return {"minPinLength": ctap.get_info().min_pin_length}


def selection(device):
    Ctap2(device).selection()


def reset(device):
    Ctap2(device).reset()
    said = Ctap2(device).info
    return {"clientPin": said.options["clientPin"], "minPinLength": said.min_pin_length}


def party(asked):
    return {"rpId": RP["id"], "origin": ORIGIN, "challenge": websafe_encode(asked)}


def plain(response):
    """The response as the JSON that WebAuthn Level 3 gives it."""
    return json.loads(json.dumps(dict(response)))


STEPS = {
    step.__name__.replace("_", "-"): step
    for step in (
        info, pin_set, pin_change, pin_wrong, register, authenticate, hmac, credentials, blob_read, blobs, config, selection, reset
    )
}

if __name__ == "__main__":
    device = connect(sys.argv[1])
    json.dump([STEPS[step](device, *arguments) for step, *arguments in json.load(sys.stdin)], sys.stdout)
