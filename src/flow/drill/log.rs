//! The record of drills: a file of one JSON object a line, each with the SHA-256 of the line before it, and signed by
//! the key that was drilled. What is written can be proved later by anybody, without a key and without AWS.
//!
//! A line is `{"record":{…},"assertion":{…}}`. The key signs everything before `,"assertion":`. Nothing in it is secret.

use super::super::fido_key::{ORIGIN, RP_ID};
use crate::fido::cose::PublicKey;
use crate::fido::webauthn::{AssertionResponse, Expected, Origin, Refusal, Stored, verify_assertion};
use crate::flow::failure::{BadLog, DRILL_FORMAT as FORMAT, Flaw, Problem};
use crate::keys::Serial;
use crate::store::{self, Lines, Odd};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// What one drill of one key showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The format, 1.
    pub version: u32,
    /// The SHA-256 of the line before, without its line end, in hexadecimal; zeros in the first line.
    pub previous: String,
    /// When the drill began, in seconds since the Unix epoch, by AWS's clock.
    pub started: u64,
    /// When its last check ended, in seconds since the Unix epoch, by AWS's clock.
    pub ended: u64,
    /// The key's serial number.
    pub key: Serial,
    /// The model's name; empty where the key was not here.
    pub model: String,
    /// The model's identifier (AAGUID), by attestation or as the key claims; null where it is not known.
    pub aaguid: Option<String>,
    /// The account number.
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// The serial number of the MFA device whose code the key gave; null where it is not known.
    pub device: Option<String>,
    /// Whether the key is plugged in.
    pub present: Check,
    /// Whether the key is genuine.
    pub attestation: Check,
    /// Whether the key's FIDO2 credential for glasskey's own relying party signs.
    pub credential: Check,
    /// Whether the key's code opens an MFA session.
    pub session: Check,
    /// Whether the session is the caller's.
    pub identity: Check,
    /// The credential that signs; null on a key without FIDO2.
    pub fido: Option<Credential>,
    /// No check failed.
    pub passed: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How it ended.
    pub state: State,
    /// Why it failed or was not done, for people; else null.
    pub why: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Passed,
    Failed,
    Skipped,
}

impl Check {
    pub(super) fn passed() -> Self {
        Self { state: State::Passed, why: None }
    }

    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self { state: State::Failed, why: Some(why.into()) }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { state: State::Skipped, why: Some(why.into()) }
    }
}

/// The credential that a record is signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its id, in base64url.
    pub id: String,
    /// Its public key, a COSE_Key in base64url.
    pub public_key: String,
    /// PIN or fingerprint is required.
    pub user_verified: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    client_data: String,
    auth_data: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    record: Entry,
    assertion: Option<Assertion>,
}

/// With what a key was enrolled on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledHere {
    /// A COSE_Key in base64url.
    pub public_key: String,
    /// When, in seconds since the Unix epoch. An earlier drill may be signed with what the key was enrolled with before.
    pub since: u64,
}

/// What is before the first line.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What divides a line into what is signed and the signature; a JSON string cannot hold it.
const SEAM: &str = ",\"assertion\":";
/// Ten thousand drills of ten keys are less.
const LONGEST: u64 = 256 << 20;

/// A file that proves what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Its records, each with whether the key signed it.
    pub entries: Vec<(Entry, bool)>,
    /// How many are older than what their key was enrolled with here, and signed with something else: with what it was
    /// enrolled with before, or by another key. That is not known any more.
    pub earlier: usize,
    /// The SHA-256 of its last line: whoever knows it knows that no line has been cut off.
    pub head: String,
}

/// The part of a line that the key signs.
pub(super) fn signed_part(entry: &Entry) -> Result<String, serde_json::Error> {
    Ok(format!("{{\"record\":{}", serde_json::to_string(entry)?))
}

/// What the key is challenged with.
pub(super) fn challenge(signed: &str) -> Vec<u8> {
    Sha256::digest(signed.as_bytes()).to_vec()
}

/// The whole line, without its end.
pub(super) fn line(signed: &str, response: Option<&AssertionResponse>) -> Result<String, serde_json::Error> {
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let assertion = response.map(|response| Assertion {
        client_data: encode(&response.client_data),
        auth_data: encode(&response.auth_data),
        signature: encode(&response.signature),
    });
    Ok(format!("{signed}{SEAM}{}}}", serde_json::to_string(&assertion)?))
}

/// Proves a file: the chain and every signature. `enrolled`: with what each key was enrolled here.
///
/// # Errors
/// Every line that proves nothing, and why.
pub fn prove(text: &[u8], enrolled: &BTreeMap<Serial, EnrolledHere>) -> Result<Proved, Vec<Problem>> {
    let mut proof = Proof { previous: NOTHING.to_owned(), known: BTreeMap::new(), enrolled, earlier: 0 };
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut rest = text;
    let mut nth = 0;
    while !rest.is_empty() {
        nth += 1;
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            problems.push(Problem { line: nth, flaw: Flaw::CutOff });
            break;
        };
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        match proof.line(nth, line) {
            Ok(entry) => entries.push(entry),
            Err(flaw) => problems.push(Problem { line: nth, flaw }),
        }
        // What follows is held against what stands there.
        proof.previous = hash(line);
    }
    if nth == 0 {
        problems.push(Problem { line: 1, flaw: Flaw::Empty });
    }
    let Proof { previous: head, earlier, .. } = proof;
    if problems.is_empty() { Ok(Proved { entries, earlier, head }) } else { Err(problems) }
}

/// The format of a line that a later version wrote, whatever else is in it.
fn later_version(line: &str) -> Option<u64> {
    let outer: serde_json::Value = serde_json::from_str(line).ok()?;
    outer.get("record")?.get("version")?.as_u64().filter(|version| *version > u64::from(FORMAT))
}

fn hash(line: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(line))
}

struct Proof<'a> {
    previous: String,
    /// The credential, its line and its counter, by key.
    known: BTreeMap<Serial, (Credential, usize, u32)>,
    enrolled: &'a BTreeMap<Serial, EnrolledHere>,
    earlier: usize,
}

impl Proof<'_> {
    fn line(&mut self, nth: usize, text: &[u8]) -> Result<(Entry, bool), Flaw> {
        let text = std::str::from_utf8(text).map_err(|_| Flaw::NotARecord)?;
        if let Some(version) = later_version(text) {
            return Err(Flaw::Later { version });
        }
        let line: Line = serde_json::from_str(text).map_err(|_| Flaw::NotARecord)?;
        if line.record.version != FORMAT {
            return Err(Flaw::NotARecord);
        }
        if serde_json::to_string(&line).ok().as_deref() != Some(text) {
            return Err(Flaw::NotAsWritten);
        }
        let signed = text.rfind(SEAM).and_then(|seam| text.get(..seam)).ok_or(Flaw::NotARecord)?;
        let is_signed = self.signature(nth, &line, signed)?;
        let entry = line.record;
        if entry.previous != self.previous {
            return Err(if nth == 1 { Flaw::NotTheFirst } else { Flaw::Chain });
        }
        if entry.passed != passes(&entry) {
            return Err(Flaw::Verdict);
        }
        Ok((entry, is_signed))
    }

    fn signature(&mut self, nth: usize, line: &Line, signed: &str) -> Result<bool, Flaw> {
        let entry = &line.record;
        let Some(assertion) = &line.assertion else {
            // A key that signs elsewhere in the file signs each drill that it passes.
            let signs = entry.fido.is_some() || self.known.contains_key(&entry.key);
            let claims = entry.credential.state == State::Passed || (entry.passed && signs);
            return if claims { Err(Flaw::Unsigned) } else { Ok(false) };
        };
        let credential = entry.fido.as_ref().ok_or(Flaw::NoCredential)?;
        let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Flaw::NotARecord);
        let known = self.known.get(&entry.key);
        let id = decode(&credential.id)?;
        let stored = Stored {
            credential_id: id.clone(),
            public_key: PublicKey::from_cbor(&decode(&credential.public_key)?)
                .map_err(|why| Flaw::Signature(Refusal::Key(why)))?,
            counter: known.map_or(0, |(_, _, counter)| *counter),
            user_id: Vec::new(),
        };
        let origin = Origin::parse(ORIGIN).map_err(|_| Flaw::NotARecord)?;
        let challenge = challenge(signed);
        let expected = Expected {
            challenge: &challenge,
            origin: &origin,
            rp_id: RP_ID,
            user_verification: credential.user_verified,
            algorithms: &[],
        };
        let response = AssertionResponse {
            id,
            client_data: decode(&assertion.client_data)?,
            auth_data: decode(&assertion.auth_data)?,
            signature: decode(&assertion.signature)?,
            user_handle: None,
            extensions: serde_json::Map::new(),
        };
        if let Some((before, line, _)) = known
            && before != credential
        {
            return Err(Flaw::OtherCredential { line: *line });
        }
        let here = self.enrolled.get(&entry.key).filter(|here| here.public_key != credential.public_key);
        if here.is_some_and(|here| entry.started > here.since) {
            return Err(Flaw::NotAsEnrolled);
        }
        self.earlier += usize::from(here.is_some());
        let asserted = verify_assertion(&expected, &stored, &response).map_err(Flaw::Signature)?;
        let first = known.map_or(nth, |(_, line, _)| *line);
        self.known.insert(entry.key, (credential.clone(), first, asserted.counter));
        Ok(true)
    }
}

/// Whether nothing failed.
pub(super) fn passes(entry: &Entry) -> bool {
    let checks = [&entry.present, &entry.attestation, &entry.credential, &entry.session, &entry.identity];
    checks.iter().all(|check| check.state != State::Failed)
        && entry.session.state == State::Passed
        && entry.identity.state == State::Passed
}

/// A file that is being added to; nobody else can meanwhile.
pub(super) struct Log {
    lines: Lines,
    pub(super) head: String,
    /// The keys that have signed in it.
    pub(super) signers: BTreeSet<Serial>,
}

/// All of a file; it may be long, but not without end. A link to one may be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    store::read(&path.canonicalize()?, LONGEST)
}

impl Log {
    /// Opens it, making it where absent, and proves what is in it: nothing is added to what is broken.
    pub(super) fn open(path: &Path, enrolled: &BTreeMap<Serial, EnrolledHere>) -> Result<Self, BadLog> {
        let (lines, text) = Lines::open(path, LONGEST).map_err(|cause| match store::odd(&cause) {
            Some(Odd::InUse) => BadLog::Busy,
            _ => BadLog::Io(cause),
        })?;
        // What is added is signed with the present credential: all before it must be too.
        let at_any_time = |(key, here): (&Serial, &EnrolledHere)| (*key, EnrolledHere { since: 0, ..here.clone() });
        let enrolled = enrolled.iter().map(at_any_time).collect();
        let proved = match text.is_empty() {
            true => Proved { entries: Vec::new(), earlier: 0, head: NOTHING.to_owned() },
            false => prove(&text, &enrolled).map_err(|problems| {
                let first = problems.into_iter().next();
                BadLog::Broken(first.unwrap_or(Problem { line: 1, flaw: Flaw::Empty }))
            })?,
        };
        let signers = proved.entries.iter().filter(|(_, signed)| *signed).map(|(entry, _)| entry.key).collect();
        Ok(Self { lines, head: proved.head, signers })
    }

    /// Adds a line; it is on disk when this returns. Of one that does not fit on the disk nothing stays.
    pub(super) fn add(&mut self, line: &str) -> Result<(), BadLog> {
        self.lines.append(line.as_bytes()).map_err(BadLog::Io)?;
        self.head = hash(line.as_bytes());
        Ok(())
    }
}
