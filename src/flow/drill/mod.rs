//! Drill: every break-glass key in turn shows that it would work today, and that is written down.
//!
//! The key is here, is genuine, signs with the credential it was enrolled with, and its code opens an MFA session that
//! is the caller's. A check that fails is a result, and is written down too.

mod log;

pub use super::failure::{BadLog, Flaw, Problem};
pub use log::{Check, Credential, EnrolledHere, Entry, Proved, State, prove, read as read_log};

use super::context::Context;
use super::fido_key::{Ceremony, Finding, Record, Records, Trust, attest, known, sign};
use super::self_management::with_code;
use super::session::{SessionRequest, find, find_unlisted};
use crate::aws::Account;
use crate::fido::webauthn::AssertionResponse;
use crate::flow::failure::{Cause, Failed, Refusal, SessionRefusal, Stage};
use crate::keys::{self, KeyId, Serial};
use crate::sink;
use crate::totp::unix;
use crate::unlock;
use crate::unlock::fido::Opened;
use crate::world::World;
use data_encoding::BASE64URL_NOPAD;
use log::{Log, challenge, line, passes, signed_part};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct DrillRequest {
    /// The keys, in this order.
    pub keys: Vec<Serial>,
    pub log: PathBuf,
    /// Use the last try of a PIN without asking.
    pub last_try: bool,
    pub no_touch: bool,
}

#[derive(Debug)]
pub struct Drilled {
    /// What was written, each with whether the key signed it.
    pub entries: Vec<(Entry, bool)>,
    /// The SHA-256 of the file's last line.
    pub head: String,
}

/// What a failure of this key is called in the record: the words are the command line's.
pub type Words<'a> = dyn Fn(&KeyId, &Cause) -> String + 'a;

/// The shortest session STS opens.
const SESSION: Duration = Duration::from_secs(900);

/// With what each key was enrolled on this machine, by what is on record.
#[must_use]
pub fn enrolled_here(records: &Records) -> BTreeMap<Serial, EnrolledHere> {
    let all = records.all().unwrap_or_default();
    let of = |record: &Record| {
        let (public_key, since) = (encoded_key(record), unix(record.enrolled));
        Some((record.key?, EnrolledHere { public_key, since }))
    };
    all.iter().filter_map(of).collect()
}

fn encoded_key(record: &Record) -> String {
    BASE64URL_NOPAD.encode(&record.public_key.to_cbor())
}

/// Drills the keys, one after the other, and writes down each before the next.
///
/// # Errors
/// AWS, the file, or a person who is not there or asked to stop. What was written before stays.
pub fn drill(
    request: &DrillRequest,
    trust: Trust<'_>,
    words: &Words<'_>,
    world: &mut World,
) -> Result<Drilled, (Drilled, Failed)> {
    let mut done = Drilled { entries: Vec::new(), head: log::NOTHING.to_owned() };
    let records = Records::of_state(&world.state);
    let opened = Log::open(&request.log, &enrolled_here(&records)).map_err(|why| request.log_failed(why, world));
    let outcome = opened.and_then(|mut log| {
        done.head.clone_from(&log.head);
        let account = world.aws.connect().map_err(|cause| nothing_left(Cause::Aws(cause), world))?;
        for key in &request.keys {
            let id = KeyId::Serial(*key);
            let drill = Drill { key: *key, id, request, trust, words, records: &records, account: &account };
            let entry = drill.one(&mut log, world)?;
            done.entries.push(entry);
            done.head.clone_from(&log.head);
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(done),
        Err(why) => Err((done, why)),
    }
}

impl DrillRequest {
    fn log_failed(&self, why: BadLog, world: &World) -> Failed {
        nothing_left(Cause::DrillLog { path: self.log.clone(), why: Box::new(why) }, world)
    }
}

fn nothing_left(cause: Cause, world: &World) -> Failed {
    let cause = if world.interrupt.raised() { Cause::Interrupted } else { cause };
    Failed { stage: Stage::Preflight, cause, left: Vec::new(), ahead: world.clock.ahead_seconds() }
}

struct Drill<'a> {
    key: Serial,
    id: KeyId,
    request: &'a DrillRequest,
    trust: Trust<'a>,
    words: &'a Words<'a>,
    records: &'a Records,
    account: &'a Account,
}

impl Drill<'_> {
    fn one(&self, log: &mut Log, world: &mut World) -> Result<(Entry, bool), Failed> {
        let mut entry = self.blank(log, world);
        match keys::open(&*world.ports, Some(self.key)) {
            Err(cause) => {
                entry.present = Check::failed(self.describe(Cause::Keys(cause), world)?);
            }
            Ok((found, card)) => {
                drop(card);
                entry.present = Check::passed();
                entry.model = found.device.model;
                let mut opened =
                    self.fido(found.device.usb.contains(keys::Applications::FIDO2), log, &mut entry, world)?;
                let record = match &mut opened {
                    Some(opened) => self.genuine(opened, &mut entry, world)?,
                    None => None,
                };
                self.code(&mut entry, world)?;
                entry.fido = record.as_ref().map(|record| Credential {
                    id: BASE64URL_NOPAD.encode(&record.credential),
                    public_key: encoded_key(record),
                    user_verified: record.user_verified,
                });
                if let (Some(opened), Some(record)) = (&mut opened, record) {
                    return self.sign(opened, record, entry, log, world);
                }
            }
        }
        self.write(entry, None, log, world)
    }

    fn blank(&self, log: &Log, world: &World) -> Entry {
        let now = unix(world.clock.now());
        let not_done = || Check::skipped("the key is not here");
        Entry {
            version: super::failure::DRILL_FORMAT,
            previous: log.head.clone(),
            started: now,
            ended: now,
            key: self.key,
            model: String::new(),
            aaguid: None,
            account: self.account.caller().account.clone(),
            caller: self.account.caller().arn.clone(),
            device: None,
            present: not_done(),
            attestation: not_done(),
            credential: not_done(),
            session: not_done(),
            identity: not_done(),
            fido: None,
            passed: false,
        }
    }

    /// The key's FIDO2 side. `expected`: the key says that it has one.
    fn fido(
        &self,
        expected: bool,
        log: &Log,
        entry: &mut Entry,
        world: &mut World,
    ) -> Result<Option<Opened>, Failed> {
        use unlock::fido::Error as E;
        match unlock::fido::open(&*world.fido, Some(&self.id), &world.interrupt) {
            Ok(opened) => Ok(Some(opened)),
            Err(E::Missing { .. } | E::NoKey) if !expected && log.signers.contains(&self.key) => {
                entry.attestation =
                    Check::failed("the key has signed earlier drills, and has no FIDO2 application now");
                entry.credential = entry.attestation.clone();
                Ok(None)
            }
            Err(E::Missing { .. } | E::NoKey) if !expected => {
                entry.attestation = Check::skipped("the key has no FIDO2 application");
                entry.credential = entry.attestation.clone();
                Ok(None)
            }
            Err(cause) => {
                let why = self.describe(Cause::Fido(cause), world)?;
                entry.attestation = Check::failed(why);
                entry.credential = entry.attestation.clone();
                Ok(None)
            }
        }
    }

    /// Its attestation, and the credential that it will sign with.
    fn genuine(&self, opened: &mut Opened, entry: &mut Entry, world: &mut World) -> Result<Option<Record>, Failed> {
        let now = world.clock.host_now();
        let mut ceremony = self.ceremony(opened, world);
        let attested = attest(self.trust, &mut ceremony);
        let record = known(self.records, now, &mut ceremony);
        entry.attestation = match attested {
            Ok(attested) => {
                entry.aaguid = Some(attested.aaguid.to_string());
                attested.verdict.map_or_else(|reason| Check::failed(reason.to_string()), |_| Check::passed())
            }
            Err(cause) => Check::failed(self.describe(cause, world)?),
        };
        match record {
            Ok(record) => Ok(Some(record)),
            Err(cause) => {
                entry.credential = Check::failed(self.describe(cause, world)?);
                Ok(None)
            }
        }
    }

    /// Its code opens a session, and the session is the caller's.
    fn code(&self, entry: &mut Entry, world: &mut World) -> Result<(), Failed> {
        let mut context = match Context::over(world) {
            Ok(context) => context,
            Err(cause) => return Err(nothing_left(cause, world)),
        };
        context.no_touch = self.request.no_touch;
        let asked = SessionRequest {
            device: None,
            key: Some(self.key),
            role: None,
            duration: SESSION,
            kept: false,
            no_touch: self.request.no_touch,
            no_wait: false,
        };
        let found = match find(&asked, self.account, &mut context) {
            Ok(None) => find_unlisted(&asked, self.account, &mut context),
            Ok(Some(factor)) => Ok(factor),
            Err(cause) => Err(cause),
        };
        let session = found.and_then(|factor| {
            entry.device = Some(factor.serial.clone());
            with_code(&factor, &mut context, |code| self.account.mfa_session(&factor.serial, code, SESSION))
        });
        entry.identity = Check::skipped("no session was opened");
        match session {
            Err(cause) => entry.session = Check::failed(self.describe(cause, world)?),
            Ok(mut session) => {
                entry.session = Check::passed();
                let before = self.account.caller();
                entry.identity = match session.identify() {
                    Ok(()) if session.caller() == before => Check::passed(),
                    Ok(()) => Check::failed(format!("the session is of {}", session.caller().arn)),
                    Err(cause) => Check::failed(self.describe(Cause::Aws(cause), world)?),
                };
            }
        }
        Ok(())
    }

    /// Has the key sign the record: that is the proof of its credential, too.
    fn sign(
        &self,
        opened: &mut Opened,
        record: Record,
        mut entry: Entry,
        log: &mut Log,
        world: &mut World,
    ) -> Result<(Entry, bool), Failed> {
        entry.credential = Check::passed();
        entry.ended = unix(world.clock.now());
        entry.passed = passes(&entry);
        let now = world.clock.host_now();
        let signed = signed_part(&entry).map_err(|cause| self.request.log_failed(BadLog::Io(cause.into()), world))?;
        let mut ceremony = self.ceremony(opened, world);
        let why = match sign(record, challenge(&signed), self.records, now, &mut ceremony) {
            Ok((verified, response)) => match (verified.verdict, response) {
                (Ok(_), Some(response)) => return self.write(entry, Some(&response), log, world),
                (Err(finding @ (Finding::Refused(_) | Finding::OtherModel { .. })), _) => finding.to_string(),
                (Err(Finding::OtherKey { .. }), _) => "the record names another key".to_owned(),
                (Err(Finding::InTheFuture { .. }), _) => "the record has a date in the future".to_owned(),
                _ => "the key does not hold the credential that it was enrolled with".to_owned(),
            },
            Err(cause) => self.describe(cause, world)?,
        };
        entry.credential = Check::failed(why);
        self.write(entry, None, log, world)
    }

    fn write(
        &self,
        mut entry: Entry,
        response: Option<&AssertionResponse>,
        log: &mut Log,
        world: &World,
    ) -> Result<(Entry, bool), Failed> {
        let io = |cause: serde_json::Error| self.request.log_failed(BadLog::Io(cause.into()), world);
        if response.is_none() {
            entry.ended = unix(world.clock.now());
            entry.passed = passes(&entry);
        }
        let text = line(&signed_part(&entry).map_err(io)?, response).map_err(io)?;
        log.add(&text).map_err(|why| self.request.log_failed(why, world))?;
        Ok((entry, response.is_some()))
    }

    fn ceremony<'c>(&self, key: &'c mut Opened, world: &'c mut World) -> Ceremony<'c> {
        let World { person, interrupt, .. } = world;
        Ceremony { key, person: &mut **person, interrupt, last_try: self.request.last_try }
    }

    /// What a failure is called in the record. A person who is missing, or asked to stop, is no fault of the key: that
    /// ends the drill.
    fn describe(&self, cause: Cause, world: &World) -> Result<String, Failed> {
        use unlock::fido::Error as E;
        let failed = nothing_left(cause, world);
        match &failed.cause {
            Cause::Interrupted
            | Cause::Refused(Refusal::Session(SessionRefusal::TouchNeeded { .. }))
            | Cause::Sink(sink::Error::Unlock(unlock::Error::NobodyToAsk { .. }))
            | Cause::Fido(E::NobodyToAsk { .. } | E::Declined) => Err(failed),
            cause => Ok((self.words)(&self.id, cause)),
        }
    }
}
