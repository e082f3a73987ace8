"""A relying party of python-fido2: verifies registrations and assertions.

Standard input: a JSON array of cases (binary values in base64url without padding):
    rpId, origin, challenge
    userVerification    "required" (the default) or "discouraged"
    registration        a RegistrationResponseJSON, or
    assertion           an AuthenticationResponseJSON, with
    publicKey           the COSE key of its credential
    roots               optional: PEM certificates; the attestation must lead to one of them

Standard output: a JSON array with, for each case, {"refused": REASON} or the facts: id, userVerified, counter; of a
registration also publicKey, aaguid, fmt.
"""

import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2 import cbor
from fido2.attestation import Attestation, verify_x509_chain
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticationResponse, RegistrationResponse


def lead_to_a_root(chain, roots):
    """The chain of DER certificates ends in, or is signed by, one of the roots."""
    for root in roots:
        der = root.public_bytes(Encoding.DER)
        try:
            verify_x509_chain(chain if chain[-1] == der else [*chain, der])
            return
        except Exception:
            continue
    raise ValueError("the attestation leads to none of the roots")


def attestation_verifier(roots):
    def verify_attestation(attestation_object, client_data_hash):
        verifier = Attestation.for_type(attestation_object.fmt)()
        result = verifier.verify(attestation_object.att_stmt, attestation_object.auth_data, client_data_hash)
        if roots:
            lead_to_a_root(result.trust_path, roots)

    return verify_attestation


def verify(case):
    roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in case.get("roots", [])]
    server = Fido2Server(
        {"id": case["rpId"], "name": case["rpId"]},
        attestation="direct",
        verify_origin=lambda origin: origin == case["origin"],
        verify_attestation=attestation_verifier(roots),
    )
    state = {"challenge": case["challenge"], "user_verification": case.get("userVerification", "required")}

    if "registration" in case:
        response = RegistrationResponse.from_dict(case["registration"])
        data = server.register_complete(state, response)
        credential = data.credential_data
        if credential.credential_id != response.raw_id:
            raise ValueError("the credential's id is not the response's")
        said = {
            "id": websafe_encode(credential.credential_id),
            "publicKey": websafe_encode(cbor.encode(dict(credential.public_key))),
            "aaguid": str(credential.aaguid),
            "fmt": response.response.attestation_object.fmt,
        }
    else:
        response = AuthenticationResponse.from_dict(case["assertion"])
        known = AttestedCredentialData.create(
            Aaguid.NONE, response.raw_id, cbor.decode(websafe_decode(case["publicKey"]))
        )
        server.authenticate_complete(state, [known], response)
        data = response.response.authenticator_data
        said = {"id": websafe_encode(response.raw_id)}

    return {**said, "userVerified": data.is_user_verified(), "counter": data.counter}


def verdict(case):
    try:
        return verify(case)
    except Exception as why:
        return {"refused": f"{type(why).__name__}: {why}"}


json.dump([verdict(case) for case in json.load(sys.stdin)], sys.stdout)
