//! A whole story, broken at every report and message: the error is typed, no PIN try is lost, and the key is usable.

use super::software::{new, open, pin, rp, token, user};
use glasskey::fido::{AssertionRequest, Attempt, Ctap2, Descriptor, Error, Limits, NewCredential, Permissions};
use glasskey::platform::Interrupt;
use glasskey::sim::authenticator::{Fault, On, Options, SoftAuthenticator, What, When};
use glasskey::transport;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PIN: &str = "1234-gläsern";
const LIMITS: Limits =
    Limits { silence: Duration::from_millis(60), command: Duration::from_secs(5), person: Duration::from_secs(5) };

/// Everything that a key is prepared and used with.
fn story(key: &SoftAuthenticator, limits: Limits) -> Result<(), Error> {
    let mut opened = Ctap2::open(key.hid(), Interrupt::new().unwrap(), limits)?;
    opened.info()?;
    glasskey::keys::device_over_hid(&mut opened)?;
    opened.set_pin(&pin(PIN))?;
    let both = Permissions::MAKE_CREDENTIAL | Permissions::GET_ASSERTION;
    let token = opened.token(Attempt::new(&pin(PIN)), both, Some("glasskey.example"))?;
    let (rp, user) = (rp(), user(1));
    let made = opened.make_credential(&NewCredential { ..new(&rp, &user, Some(&token)) }, &mut || ())?;
    let hash = [1; 32];
    let request = AssertionRequest::new("glasskey.example", &hash);
    opened.get_assertion(&request, &mut || ())?;
    let token = opened.token(Attempt::new(&pin(PIN)), Permissions::CREDENTIAL_MANAGEMENT, None)?;
    opened.relying_parties(&token)?;
    opened.credentials(&token, &Sha256::digest("glasskey.example").into())?;
    let id = made.auth_data.credential.ok_or(Error::Malformed { what: "registration" })?.id;
    opened.delete_credential(&token, &Descriptor { id, transports: Vec::new() })?;
    opened.change_pin(Attempt::new(&pin(PIN)), &pin("another"))?;
    opened.wink()
}

fn fresh() -> SoftAuthenticator {
    SoftAuthenticator::new(Options::new(12_345_678))
}

/// How many messages and reports an undisturbed story has.
fn undisturbed() -> (usize, usize) {
    let key = fresh();
    story(&key, LIMITS).unwrap();
    (key.log().len(), key.report_count())
}

fn usable_after(key: &SoftAuthenticator) {
    key.plug_in();
    let mut opened = open(key);
    opened.info().unwrap();
    assert_eq!(key.pin_retries(), 8, "no try is lost");
    if key.pin_is(PIN) {
        token(&mut opened, Permissions::CREDENTIAL_MANAGEMENT);
    }
}

#[test]
fn a_key_pulled_at_any_report_is_gone_and_works_when_it_is_back() {
    let (_, reports) = undisturbed();
    for nth in 1..=reports {
        for when in [When::Before, When::After] {
            let key = fresh();
            key.fault(Fault { on: On::Report(nth), when, what: What::Pull });
            let outcome = story(&key, LIMITS);
            // Pulled when the last answer was on its way: not all is lost.
            let gone = outcome == Err(Error::Transport(transport::Error::Removed));
            assert!(gone, "report {nth} {when:?}: {outcome:?}");
            usable_after(&key);
        }
    }
}

#[test]
fn whatever_is_wrong_with_any_answer_is_a_typed_error() {
    let (messages, _) = undisturbed();
    let wrong =
        [What::Drop, What::Error(0x04), What::Status(0x7F), What::Malformed, What::Truncated, What::WrongSequence];
    for nth in 1..=messages {
        for what in wrong {
            let key = fresh();
            key.fault(Fault { on: On::Message(nth), when: When::After, what });
            let outcome = story(&key, LIMITS);
            let typed = match (what, &outcome) {
                (What::Error(_), Err(Error::Channel(_))) => true,
                (What::Status(_), Err(Error::Other { status: 0x7F, .. } | Error::Malformed { .. })) => true,
                (What::Malformed | What::Truncated, Err(Error::Malformed { .. })) => true,
                (What::WrongSequence | What::Drop, Err(Error::NoAnswer { .. } | Error::Malformed { .. })) => true,
                // An answer of one byte has no half to lose, one without content no length to lie about.
                (_, Ok(())) => key.faults_left() == 0 && matches!(what, What::Truncated),
                _ => false,
            };
            assert!(typed, "message {nth} {what:?}: {outcome:?}");
            usable_after(&key);
        }
    }
}

#[test]
fn another_program_among_the_reports_changes_nothing() {
    let (messages, _) = undisturbed();
    let key = fresh();
    for nth in 1..=messages {
        key.fault(Fault { on: On::Message(nth), when: When::After, what: What::Stranger });
    }
    story(&key, LIMITS).unwrap();
    assert_eq!(key.faults_left(), 0);
}

/// More reports than are kept for a program came while it did not listen: they do not drown the next answer.
#[test]
fn what_came_for_another_program_is_passed_over_before_anything_is_asked() {
    let key = fresh();
    let (mut ours, mut other) = (open(&key), open(&key));
    for _ in 0..1000 {
        other.ping(&[7; 300]).unwrap();
    }
    ours.info().unwrap();
}

#[test]
fn a_program_that_uses_the_key_at_the_same_time_disturbs_nothing() {
    let key = fresh();
    let done = AtomicBool::new(false);
    let patient = Limits { silence: Duration::from_secs(5), ..LIMITS };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut other = Ctap2::open(key.hid(), Interrupt::new().unwrap(), patient).unwrap();
            let mut served = 0;
            while !done.load(Ordering::SeqCst) {
                other.info().unwrap();
                other.ping(&[served; 300]).unwrap();
                served = served.wrapping_add(1);
            }
            served
        });
        let outcome = story(&key, patient);
        done.store(true, Ordering::SeqCst);
        assert!(other.join().unwrap() > 0);
        outcome.unwrap();
    });
}
