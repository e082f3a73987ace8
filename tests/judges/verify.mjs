// A relying party of @simplewebauthn/server: verifies one registration or assertion.
// Input, output and exit code are those of verify.py.

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

try {
  const given = JSON.parse(await text(process.stdin));
  const expected = {
    expectedChallenge: given.challenge,
    expectedOrigin: given.origin,
    requireUserVerification: (given.userVerification ?? "required") === "required",
  };
  const said = given.registration ? await registration(given, expected) : await assertion(given, expected);
  process.stdout.write(JSON.stringify(said));
} catch (why) {
  process.stderr.write(`refused: ${why.name}: ${why.message}\n`);
  process.exitCode = 1;
}
