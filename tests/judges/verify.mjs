// A relying party of @simplewebauthn/server: verifies registrations and assertions.
// Input and output are those of verify.py.

import { text } from "node:stream/consumers";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import process from "node:process";

// The package is installed in the target directory, which this script is not in.
const packages = createRequire(`${process.env.GLASSKEY_TEST_PACKAGES}/package.json`);
const { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } = await import(
  pathToFileURL(packages.resolve("@simplewebauthn/server"))
);

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

async function registration(given, expected) {
  for (const identifier of ["packed", "fido-u2f"]) {
    SettingsService.setRootCertificates({ identifier, certificates: given.roots ?? [] });
  }
  const { verified, registrationInfo: info } = await verifyRegistrationResponse({
    ...expected,
    expectedRPID: given.rpId,
    response: given.registration,
  });
  if (!verified) throw new Error("the registration does not verify");
  return {
    id: info.credential.id,
    publicKey: base64url(info.credential.publicKey),
    aaguid: info.aaguid,
    fmt: info.fmt,
    userVerified: info.userVerified,
    counter: info.credential.counter,
  };
}

async function assertion(given, expected) {
  const publicKey = new Uint8Array(Buffer.from(given.publicKey, "base64url"));
  const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
    ...expected,
    expectedRPID: given.rpId,
    response: given.assertion,
    credential: { id: given.assertion.id, publicKey, counter: 0 },
  });
  if (!verified) throw new Error("the assertion does not verify");
  return { id: info.credentialID, userVerified: info.userVerified, counter: info.newCounter };
}

async function verdict(given) {
  const expected = {
    expectedChallenge: given.challenge,
    expectedOrigin: given.origin,
    requireUserVerification: (given.userVerification ?? "required") === "required",
  };
  try {
    return given.registration ? await registration(given, expected) : await assertion(given, expected);
  } catch (why) {
    return { refused: `${why.name}: ${why.message}` };
  }
}

const verdicts = [];
// One after the other: the roots are a setting of the whole process.
for (const given of JSON.parse(await text(process.stdin))) verdicts.push(await verdict(given));
process.stdout.write(JSON.stringify(verdicts));
