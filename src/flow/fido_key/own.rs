//! Glasskey's own relying party, and the credential that a key has for it: what shows, years later, that a key still
//! works, that its PIN is known, and that it is the same key.
//!
//! Nobody can register a name under `.invalid` (RFC 2606 §2), so no page in any browser can use the credential. It is
//! discoverable where the key can keep it: another machine, or one that has lost its records, finds it with the PIN.
//! Its user is always the same, so that a key enrolled again has one credential and not two.

use super::Ceremony;
use super::assert::assert;
use super::record::{Record, Records};
use super::register::register;
use crate::fido::webauthn::{
    self, Asserted, AssertionResponse, Conveyance, CreationOptions, Expected, Origin, ProtectionPolicy, Refusal,
    RegistrationExtensions, RequestExtensions, RequestOptions, Requirement, RpEntity, Selection, Stored, UserEntity,
    fresh_challenge, rp_id_hash, verify_assertion,
};
use crate::fido::{self, Aaguid, Descriptor, EDDSA, ES256, Permissions, cose};
use crate::flow::failure::{Cause, FidoRefusal};
use crate::keys::Serial;
use crate::unlock::fido::Error as UnlockError;
use std::time::{Duration, SystemTime};

/// The id of the relying party.
pub const RP_ID: &str = "glasskey.invalid";
/// Its origin.
pub const ORIGIN: &str = "https://glasskey.invalid";
/// How far this machine's clock may have been ahead when a record was written.
const LENIENT: Duration = Duration::from_secs(5 * 60);
/// The handle of its only user.
const USER: &[u8] = b"glasskey-own-key";

/// A key that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// What was written down.
    pub record: Record,
    /// There was a record of this key, which this one took the place of.
    pub replaced: bool,
}

/// What a key's proof showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The record, as it is now.
    pub record: Record,
    /// There was none on this machine: it was made anew, of what the key says.
    pub from_key: bool,
    /// What was proved, or what is wrong.
    pub verdict: Result<Asserted, Finding>,
}

/// Why a key is not the one that was enrolled, or not as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// It does not hold the credential on record.
    #[error("the key does not hold the credential on record")]
    NotOnKey,
    /// The record says another model than the key.
    #[error("the record says that the key's model is {recorded}, and the key says {told}")]
    OtherModel {
        /// On record.
        recorded: Aaguid,
        /// As the key says.
        told: Aaguid,
    },
    /// The record, which lies under this key's number, names another.
    #[error("its record names another key")]
    OtherKey {
        /// On record.
        recorded: Option<Serial>,
    },
    /// The record says that it was made, or last proved, at a time that is still to come.
    #[error("its record is dated in the future")]
    InTheFuture {
        /// When, by the record.
        moment: SystemTime,
    },
    /// What it signed does not hold.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

pub(super) fn origin(text: &str) -> Result<Origin, Cause> {
    // Only constants come here.
    let wrong = |_| webauthn::Error::Wrong { member: "origin".to_owned(), expected: "an origin" };
    Origin::parse(text).map_err(|bad| FidoRefusal::Options(wrong(bad)).into())
}

/// What our relying party asks for when it registers.
pub(super) fn options(rp_id: &str, ceremony: &Ceremony<'_>) -> Result<CreationOptions, Cause> {
    let protection = Some(ProtectionPolicy::OptionalWithCredentialIdList);
    Ok(CreationOptions {
        rp: RpEntity { id: Some(rp_id.to_owned()), name: "glasskey".to_owned() },
        user: UserEntity { id: USER.to_vec(), name: "glasskey".to_owned(), display_name: "glasskey".to_owned() },
        challenge: challenge(ceremony)?,
        algorithms: vec![ES256, EDDSA],
        timeout: None,
        exclude: Vec::new(),
        selection: Selection {
            attachment: None,
            resident_key: Requirement::Preferred,
            user_verification: Requirement::Preferred,
        },
        attestation: Conveyance::Direct,
        extensions: RegistrationExtensions { protection, ..RegistrationExtensions::default() },
    })
}

fn challenge(ceremony: &Ceremony<'_>) -> Result<Vec<u8>, Cause> {
    let told = ceremony.key.described(fresh_challenge())?;
    Ok(told.to_vec())
}

/// Enrolls the key for glasskey's own relying party and writes the record. Should it be cut short in between, the key
/// holds a credential that no record names; enrolling again takes its place.
///
/// # Errors
/// As [`register`], and when the record cannot be written.
pub fn enroll(records: &Records, now: SystemTime, ceremony: &mut Ceremony<'_>) -> Result<Enrolled, Cause> {
    let key = ceremony.key.id.serial();
    let before = records.of(key)?;
    let options = options(RP_ID, ceremony)?;
    let registration = register(&options, &origin(ORIGIN)?, ceremony)?;
    let registered = &registration.registered;
    let info = ceremony.info()?;
    let record = Record {
        key,
        model: ceremony.key.model(&info),
        // What later checks are held against: the key says it each time.
        aaguid: info.aaguid,
        credential: registered.credential_id.clone(),
        public_key: registered.public_key.clone(),
        discoverable: registration.discoverable,
        user_verified: registered.flags.user_verified(),
        counter: registered.counter,
        enrolled: now,
        verified: None,
    };
    records.put(&record)?;
    Ok(Enrolled { record, replaced: key.is_some() && !before.is_empty() })
}

/// Has the key sign a challenge, and checks everything: signature, relying party, flags, and that the counter went up.
/// The counter on record moves when all of it holds.
///
/// # Errors
/// What keeps the key from signing. That something does not hold is an answer.
pub fn verify(records: &Records, now: SystemTime, ceremony: &mut Ceremony<'_>) -> Result<Verified, Cause> {
    let known = records.of(ceremony.key.id.serial())?;
    let from_key = known.is_empty();
    let candidates = if from_key { vec![read_from_key(now, ceremony)?] } else { known };
    let challenge = challenge(ceremony)?;
    prove(candidates, from_key, challenge, records, now, ceremony).map(|(verified, _)| verified)
}

/// The credential that a key signs with: of the newest record, or as the key itself lists it.
///
/// # Errors
/// There is none, or it cannot be told.
pub fn known(records: &Records, now: SystemTime, ceremony: &mut Ceremony<'_>) -> Result<Record, Cause> {
    match records.of(ceremony.key.id.serial())?.into_iter().next() {
        Some(record) => Ok(record),
        None => read_from_key(now, ceremony),
    }
}

/// As [`verify`], with a challenge that says something, and with what the key signed: others can check it.
///
/// # Errors
/// As [`verify`].
pub fn sign(
    record: Record,
    challenge: Vec<u8>,
    records: &Records,
    now: SystemTime,
    ceremony: &mut Ceremony<'_>,
) -> Result<(Verified, Option<AssertionResponse>), Cause> {
    prove(vec![record], false, challenge, records, now, ceremony)
}

/// `candidates`: one for a key that tells its serial number; else every record of a key that does not.
fn prove(
    candidates: Vec<Record>,
    from_key: bool,
    challenge: Vec<u8>,
    records: &Records,
    now: SystemTime,
    ceremony: &mut Ceremony<'_>,
) -> Result<(Verified, Option<AssertionResponse>), Cause> {
    let Some(newest) = candidates.first().cloned() else { return Err(FidoRefusal::NotEnrolled.into()) };
    let required = candidates.iter().all(|record| record.user_verified);
    let options = RequestOptions {
        challenge,
        rp_id: Some(RP_ID.to_owned()),
        allow: candidates.iter().map(|one| Descriptor { id: one.credential.clone(), transports: vec![] }).collect(),
        user_verification: if required { Requirement::Required } else { Requirement::Preferred },
        timeout: None,
        extensions: RequestExtensions::default(),
    };
    let info = ceremony.info()?;
    let (told, model) = (info.aaguid, ceremony.key.model(&info));
    let origin = origin(ORIGIN)?;
    let response = match assert(&options, &origin, None, ceremony) {
        Err(Cause::Fido(UnlockError::Fido { cause: fido::Error::NoCredentials, .. })) => {
            return not_on_key(newest, from_key, ceremony).map(|verified| (verified, None));
        }
        response => response?,
    };
    let record = candidates.into_iter().find(|record| record.credential == response.id).unwrap_or(newest);
    let record = Record { model, ..record };
    let stored = Stored {
        credential_id: record.credential.clone(),
        public_key: record.public_key.clone(),
        counter: record.counter,
        user_id: USER.to_vec(),
    };
    let expected = Expected {
        challenge: &options.challenge,
        origin: &origin,
        rp_id: RP_ID,
        user_verification: record.user_verified,
        algorithms: &[],
    };
    let verdict = match verify_assertion(&expected, &stored, &response) {
        Ok(_) if record.aaguid != told => Err(Finding::OtherModel { recorded: record.aaguid, told }),
        Ok(_) if record.key != ceremony.key.id.serial() => Err(Finding::OtherKey { recorded: record.key }),
        Ok(_) if let Some(moment) = to_come(&record, now) => Err(Finding::InTheFuture { moment }),
        verdict => verdict.map_err(Finding::Refused),
    };
    let record = match &verdict {
        Ok(asserted) => {
            let moved = Record { counter: asserted.counter, verified: Some(now), ..record };
            records.put(&moved)?;
            moved
        }
        Err(_) => record,
    };
    Ok((Verified { record, from_key, verdict }, Some(response)))
}

/// A time on record that has not come. The clock may have been put back a little since.
fn to_come(record: &Record, now: SystemTime) -> Option<SystemTime> {
    let soon = now.checked_add(LENIENT)?;
    [Some(record.enrolled), record.verified].into_iter().flatten().find(|moment| *moment > soon)
}

/// A key without a serial number may simply be another one than those on record.
fn not_on_key(record: Record, from_key: bool, ceremony: &Ceremony<'_>) -> Result<Verified, Cause> {
    if from_key || ceremony.key.id.serial().is_none() {
        return Err(FidoRefusal::NotEnrolled.into());
    }
    Ok(Verified { record, from_key, verdict: Err(Finding::NotOnKey) })
}

/// The credential as the key itself lists it, for a machine that has no record of it.
fn read_from_key(now: SystemTime, ceremony: &mut Ceremony<'_>) -> Result<Record, Cause> {
    let info = ceremony.info()?;
    if info.credential_management().is_none() || info.pin_set() != Some(true) {
        return Err(FidoRefusal::NotEnrolled.into());
    }
    let token = ceremony.token(Permissions::CREDENTIAL_MANAGEMENT, None)?;
    let listed = ceremony.key.key.credentials(&token, &rp_id_hash(RP_ID));
    let listed = ceremony.key.described(listed)?;
    let ours = listed.into_iter().find(|stored| stored.user.id == USER).ok_or(FidoRefusal::NotEnrolled)?;
    let public_key =
        cose::PublicKey::from_value(&ours.public_key).map_err(|why| FidoRefusal::Refused(Refusal::Key(why)))?;
    Ok(Record {
        key: ceremony.key.id.serial(),
        model: ceremony.key.model(&info),
        aaguid: info.aaguid,
        credential: ours.id,
        public_key,
        discoverable: true,
        user_verified: true,
        counter: 0,
        enrolled: now,
        verified: None,
    })
}
