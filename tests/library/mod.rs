//! The library as another program uses it: `?`, and what its errors print.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../examples/audit.rs"]
mod audit;
#[path = "../../examples/code.rs"]
mod code;
#[path = "../../examples/enroll.rs"]
mod enroll;

use glasskey::aws::{self, Call, Trouble};
use glasskey::fido::{self, attestation, webauthn};
use glasskey::flow::{self, Cause, CommonRefusal, Failed, Refusal, Stage, drill, fido_key, root};
use glasskey::keys::{self, KeyId, Serial};
use glasskey::secret::{BadSeed, Seed};
use glasskey::sim::oath_card::SoftPorts;
use glasskey::totp::{self, BadUri, Uri};
use glasskey::{journal, oath, person, piv, platform, qr, sink, store, transport, unlock, used_codes, world};
use std::error::Error;
use std::io;
use std::iter::successors;

/// What an error prints, and then each that is behind it.
fn printed(error: &(dyn Error + 'static)) -> Vec<String> {
    successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect()
}

#[test]
fn the_examples_run() {
    code::main().unwrap();
    enroll::main().unwrap();
    audit::main().unwrap();
}

#[test]
fn a_question_mark_takes_every_room() {
    fn read(secret: &[u8], uri: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
        Seed::from_base32(secret)?;
        Uri::parse(uri)?;
        keys::open(&SoftPorts(Vec::new()), None)?;
        Ok(())
    }
    let failed = |secret, uri| read(secret, uri).unwrap_err().to_string();
    assert_eq!(failed(b"JBSW1", b""), "the secret is not base32: character 5 cannot be");
    assert_eq!(failed(b"JBSWY3DP", b"https://x"), "it is not an otpauth://totp/ or otpauth://hotp/ URI");
    assert_eq!(failed(b"JBSWY3DP", b"otpauth://totp/a?secret=JBSWY3DP"), "no key is plugged in");
}

#[test]
fn a_failed_flow_says_where_and_then_why() {
    let key = Serial(12_345_678);
    let cause = sink::Error::from(unlock::Error::Oath { key, cause: oath::Error::Full });
    let failed = Failed { stage: Stage::Write { key }, cause: cause.into(), left: Vec::new(), ahead: None };
    assert_eq!(
        printed(&failed),
        [
            "failed while writing the seed to YubiKey 12345678",
            "the OATH applet of YubiKey 12345678 could not be used",
            "no free slot on the key"
        ]
    );

    let denied = aws::Error::Denied { call: Call::GetUser, message: "not you".to_owned(), needs_mfa: false };
    let left =
        vec![flow::Residue::KeyActive { id: "AKIA".to_owned() }, flow::Residue::KeyGone { id: "AKIB".to_owned() }];
    let failed = Failed { stage: Stage::KeyProof, cause: denied.into(), left, ahead: None };
    assert_eq!(
        printed(&failed),
        ["failed while proving the new access key; left to recover: 1", "AWS refused GetUser: not you"]
    );
}

#[test]
fn a_refusal_becomes_a_cause_and_keeps_its_words() {
    let refusal = CommonRefusal::NoSuchUser { user: "bob".to_owned() };
    let cause = Cause::from(Refusal::from(refusal));
    assert_eq!(printed(&cause), ["there is no IAM user \"bob\" in this account"]);
}

#[test]
fn what_the_system_said_is_behind_the_file_it_is_about() {
    let cause = io::Error::from(io::ErrorKind::PermissionDenied);
    let error = journal::Error::Io { path: "/state".into(), cause };
    assert_eq!(printed(&error), ["the journal cannot be used: /state", "permission denied"]);
    let why = aws::Unreadable::OpenSection;
    let error = aws::Error::Configuration(Box::new(Trouble::Unreadable { path: "c".into(), line: Some(3), why }));
    let section = "it begins a section without an end: \"]\" is missing";
    assert_eq!(printed(&error), ["line 3 of c cannot be used", section]);
}

#[test]
fn errors_of_keys_tell_facts_and_no_hints() {
    let key = KeyId::Serial(Serial(7));
    let wrong = unlock::fido::Error::Fido { key: Some(key), cause: fido::Error::PinWrong { left: Some(2) } };
    assert_eq!(printed(&wrong), ["YubiKey 7 could not be used", "that is not the PIN of the key; tries left: 2"]);
    let other = fido::Error::Other { command: 1, status: 0x7F };
    assert_eq!(printed(&other), ["the key refused with status 7F (CTAP1_ERR_OTHER)"]);
    let busy = |holder| transport::Error::Busy { reader: "R".to_owned(), holder };
    let holder = transport::Holder { name: "scdaemon".to_owned(), pid: 7 };
    assert_eq!(printed(&busy(Some(holder))), ["\"R\" is held by scdaemon (process 7)"]);
    assert_eq!(printed(&busy(None)), ["\"R\" is held by another program"]);
    let old = oath::Error::Unsupported { what: "SHA-512", since: oath::Version(4, 3, 1) };
    assert_eq!(printed(&old), ["the firmware of the key cannot do SHA-512; 4.3.1 and later can"]);
    assert_eq!(printed(&BadUri::Seed(BadSeed::Empty)), ["the secret is empty"]);
}

/// Threads pass it on, and `?` puts it into a box.
fn is_error<E: Error + Send + Sync + 'static>() {}

/// Compiles only where each is an error.
#[test]
fn every_public_error_is_one() {
    is_error::<aws::Error>();
    is_error::<aws::NotAnArn>();
    is_error::<Trouble>();
    is_error::<aws::Unreadable>();
    is_error::<aws::posture::NotAReport>();
    is_error::<aws::posture::NotJudged>();
    is_error::<aws::posture::Unreadable>();
    is_error::<attestation::Malformed>();
    is_error::<attestation::Reason>();
    is_error::<fido::BadPin>();
    is_error::<fido::ChannelError>();
    is_error::<fido::Error>();
    is_error::<fido::advisories::Unknown>();
    is_error::<fido::auth_data::Error>();
    is_error::<fido::auth_data::NotAnAaguid>();
    is_error::<fido::cbor::Error>();
    is_error::<fido::certificates::Error>();
    is_error::<fido::cose::BadSignature>();
    is_error::<fido::cose::Error>();
    is_error::<fido::ctaphid::BadFrame>();
    is_error::<fido::metadata::blob::Error>();
    is_error::<webauthn::BadOrigin>();
    is_error::<webauthn::BadRpId>();
    is_error::<webauthn::Error>();
    is_error::<webauthn::Refusal>();
    is_error::<drill::BadLog>();
    is_error::<drill::Flaw>();
    is_error::<drill::Problem>();
    is_error::<flow::BadRecord>();
    is_error::<fido_key::Finding>();
    is_error::<fido_key::NotPrepared>();
    is_error::<flow::AccessKeyRefusal>();
    is_error::<flow::BadLedger>();
    is_error::<flow::roster::BadRow>();
    is_error::<Cause>();
    is_error::<CommonRefusal>();
    is_error::<flow::EnrollRefusal>();
    is_error::<Failed>();
    is_error::<flow::FidoRefusal>();
    is_error::<flow::Implausible>();
    is_error::<flow::RecoverRefusal>();
    is_error::<Refusal>();
    is_error::<flow::RemovalRefusal>();
    is_error::<flow::RosterRefusal>();
    is_error::<flow::RotateRefusal>();
    is_error::<flow::SessionRefusal>();
    is_error::<flow::devices::Unseen>();
    is_error::<flow::roster::Wrong>();
    is_error::<root::NotDone>();
    is_error::<flow::RootRefusal>();
    is_error::<journal::Error>();
    is_error::<keys::Error>();
    is_error::<oath::Error>();
    is_error::<person::NoNewPin>();
    is_error::<piv::Error>();
    is_error::<platform::NoKeyring>();
    is_error::<qr::BadPicture>();
    is_error::<qr::TooLong>();
    is_error::<unlock::Error>();
    is_error::<unlock::fido::Error>();
    is_error::<unlock::fido::NotChanged>();
    is_error::<BadSeed>();
    is_error::<sink::CodeTrouble>();
    is_error::<sink::CommandEnd>();
    is_error::<sink::Error>();
    is_error::<sink::PipeTrouble>();
    is_error::<used_codes::Taken>();
    is_error::<store::Above>();
    is_error::<store::Odd>();
    is_error::<totp::BadMigration>();
    is_error::<BadUri>();
    is_error::<transport::Error>();
    is_error::<world::Error>();
}
