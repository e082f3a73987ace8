//! The key pulled, and reset by another program, before and after every command of every operation.
//!
//! Each case runs an operation with one fault at its n-th APDU, for every n until the operation no longer meets the
//! fault. Then it looks at the key with a session of its own.

use super::{credential, name, open, password, seed};
use glasskey::oath::{Error, Session};
use glasskey::secret::Seed;
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, What, When};
use glasskey::totp::{self, Step};
use glasskey::transport;

const PULLED: Error = Error::Transport(transport::Error::Removed);

/// An operation under test: what it starts from, what it does, and the names before and after.
struct Case<'a> {
    operation: &'a dyn Fn(&mut Session) -> Result<(), Error>,
    before: &'a [&'a str],
    after: &'a [&'a str],
}

/// A key with `names`, under this password.
fn prepared(names: &[&str], secret: Option<&str>) -> (SoftKey, Seed) {
    let key = SoftKey::new(Options::new(1));
    let seed = seed(40);
    let mut session = open(&key);
    for id in names {
        session.put(&credential(&name(id), &seed)).unwrap();
    }
    if let Some(secret) = secret {
        session.set_password(&password(secret)).unwrap();
    }
    (key, seed)
}

/// Runs a case once with a fault; `None` when the operation ended before the fault.
fn run(case: &Case<'_>, secret: Option<&str>, fault: Fault) -> Option<(Result<(), Error>, SoftKey)> {
    let (key, _) = prepared(case.before, secret);
    let mut session = open(&key);
    if let Some(secret) = secret {
        session.unlock(&password(secret)).unwrap();
    }
    key.fault(fault);
    let result = (case.operation)(&mut session);
    (key.faults_left() == 0).then_some((result, key))
}

/// A reset anywhere leaves no trace: the operation succeeds and its effect is there once. Pulled anywhere, it says so,
/// and the key is as before or as after. Returns how many positions there were.
fn survives(case: &Case<'_>, secret: Option<&str>) -> usize {
    let mut positions = 0;
    for when in [When::Before, When::After] {
        for nth in 1.. {
            let fault = |what| Fault { on: On::Nth(nth), when, what };
            let Some((result, key)) = run(case, secret, fault(What::Reset)) else { break };
            assert_eq!(result, Ok(()), "reset {when:?} command {nth}");
            assert_eq!(key.credentials(), case.after, "reset {when:?} command {nth}");

            let (result, key) = run(case, secret, fault(What::Pull)).unwrap();
            assert_eq!(result, Err(PULLED), "pulled {when:?} command {nth}");
            let now = key.credentials();
            assert!(now == case.before || now == case.after, "pulled {when:?} command {nth}: {now:?}");

            for what in [What::Sw(0x6F00), What::Malformed] {
                let (result, key) = run(case, secret, fault(what)).unwrap();
                assert!(result.is_err(), "{what:?} {when:?} command {nth}");
                let now = key.credentials();
                assert!(now == case.before || now == case.after, "{what:?} {when:?} command {nth}: {now:?}");
            }
            positions += 1;
        }
    }
    positions
}

#[test]
fn put() {
    let (id, seed) = (name("new"), seed(40));
    let operation = |session: &mut Session| {
        session.put(&credential(&id, &seed))?;
        // Whatever happened, the seed on the key is this one.
        assert!(session.code(&id, Step(5))?.matches(&totp::code(&seed, totp::AWS, Step(5))));
        Ok(())
    };
    let case = Case { operation: &operation, before: &["old"], after: &["old", "new"] };
    assert_eq!(survives(&case, None), 6);
    assert_eq!(survives(&case, Some("p")), 6);
}

#[test]
fn put_into_the_last_slot() {
    let (id, seed) = (name("new"), seed(40));
    for when in [When::Before, When::After] {
        let key = SoftKey::new(Options { capacity: Some(1), ..Options::new(1) });
        let mut session = open(&key);
        key.fault(Fault { on: On::Ins(0x01), when, what: What::Reset });
        assert_eq!(session.put(&credential(&id, &seed)), Ok(()));
        assert_eq!(key.credentials(), ["new"]);
    }
}

#[test]
fn delete() {
    let operation = |session: &mut Session| session.delete(&name("b"));
    let case = Case { operation: &operation, before: &["a", "b"], after: &["a"] };
    assert_eq!(survives(&case, None), 2);
    assert_eq!(survives(&case, Some("p")), 2);
}

#[test]
fn rename() {
    let operation = |session: &mut Session| session.rename(&name("b"), &name("c"));
    let case = Case { operation: &operation, before: &["a", "b"], after: &["a", "c"] };
    assert_eq!(survives(&case, None), 4);
    assert_eq!(survives(&case, Some("p")), 4);
}

#[test]
fn list_and_codes() {
    let operation = |session: &mut Session| {
        assert_eq!(session.list()?.len(), 2);
        assert_eq!(session.all(0)?.len(), 2);
        session.code(&name("a"), Step(1)).map(drop)
    };
    let case = Case { operation: &operation, before: &["a", "b"], after: &["a", "b"] };
    assert_eq!(survives(&case, None), 6);
    assert_eq!(survives(&case, Some("p")), 6);
}

#[test]
fn a_long_list() {
    let ids: Vec<String> = (0..10).map(|slot| format!("{slot:064}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let operation = |session: &mut Session| {
        assert_eq!(session.list()?.len(), 10);
        Ok(())
    };
    let case = Case { operation: &operation, before: &ids, after: &ids };
    assert_eq!(survives(&case, Some("p")), 6, "670 bytes in three parts, before and after");
}

#[test]
fn unlock() {
    let operation = |session: &mut Session| {
        session.unlock(&password("p"))?;
        session.list().map(drop)
    };
    let case = Case { operation: &operation, before: &["a"], after: &["a"] };
    for when in [When::Before, When::After] {
        for (nth, what) in [(1, What::Reset), (2, What::Reset), (1, What::Pull), (2, What::Pull)] {
            let (key, _) = prepared(case.before, Some("p"));
            let mut session = open(&key);
            key.fault(Fault { on: On::Nth(nth), when, what });
            let expected = if what == What::Pull { Err(PULLED) } else { Ok(()) };
            assert_eq!((case.operation)(&mut session), expected, "{what:?} {when:?} command {nth}");
            assert_eq!(key.faults_left(), 0);
        }
    }
}

#[test]
fn passwords() {
    for old in [None, Some("old")] {
        for when in [When::Before, When::After] {
            let (key, _) = prepared(&["a"], old);
            let mut session = open(&key);
            session.unlock(&password("old")).unwrap();
            key.fault(Fault { on: On::Ins(0x03), when, what: What::Reset });
            session.set_password(&password("new")).unwrap();
            session.list().unwrap();
            // The new key is the one remembered.
            key.fault(Fault { on: On::Nth(1), when, what: What::Reset });
            session.list().unwrap();
            assert_eq!(open(&key).unlock(&password("new")), Ok(()));

            key.fault(Fault { on: On::Ins(0x03), when, what: What::Reset });
            session.clear_password().unwrap();
            session.list().unwrap();
            assert!(!open(&key).is_locked());
        }
    }
}

#[test]
fn reset() {
    for when in [When::Before, When::After] {
        for nth in 1..=2 {
            let (key, _) = prepared(&["a"], Some("p"));
            let mut session = open(&key);
            let before = session.info().device_id.clone();
            key.fault(Fault { on: On::Nth(nth), when, what: What::Reset });
            session.reset().unwrap();
            assert_eq!(key.faults_left(), 0);
            assert!(key.credentials().is_empty() && !session.is_locked());
            assert_ne!(session.info().device_id, before);
            session.list().unwrap();
        }
    }
}

#[test]
fn open_survives_a_reset_before_it() {
    for when in [When::Before, When::After] {
        let (key, _) = prepared(&["a"], None);
        key.fault(Fault { on: On::Nth(1), when, what: What::Reset });
        assert_eq!(Session::open(key.card()).unwrap().list().unwrap().len(), 1);
    }
}

#[test]
fn two_resets_in_a_row_are_reported() {
    let (key, _) = prepared(&["a"], None);
    let mut session = open(&key);
    for nth in [1, 3] {
        key.fault(Fault { on: On::Nth(nth), when: When::Before, what: What::Reset }); // LIST, SELECT, LIST
    }
    assert_eq!(session.list(), Err(Error::Transport(transport::Error::Reset)));
    assert_eq!(session.list().unwrap().len(), 1, "and the session goes on");
}

#[test]
fn a_key_wiped_by_another_program_is_not_taken_for_the_same() {
    let (key, seed) = prepared(&["a"], None);
    let (mut ours, mut theirs) = (open(&key), open(&key));
    theirs.reset().unwrap();
    key.fault(Fault { on: On::Nth(1), when: When::Before, what: What::Reset });
    for _ in 0..2 {
        assert_eq!(ours.put(&credential(&name("b"), &seed)), Err(PULLED));
    }
    assert!(key.credentials().is_empty());
}

#[test]
fn a_password_changed_by_another_program_is_reported_as_wrong() {
    let (key, _) = prepared(&["a"], Some("p"));
    let (mut ours, mut theirs) = (open(&key), open(&key));
    ours.unlock(&password("p")).unwrap();
    theirs.unlock(&password("p")).unwrap();
    theirs.set_password(&password("q")).unwrap();
    key.fault(Fault { on: On::Nth(1), when: When::Before, what: What::Reset });
    assert_eq!(ours.list(), Err(Error::WrongPassword));
    assert!(ours.is_locked());
}

#[test]
fn a_reset_of_a_locked_session_is_still_locked() {
    let (key, _) = prepared(&["a"], Some("p"));
    let mut session = open(&key);
    key.fault(Fault { on: On::Nth(1), when: When::Before, what: What::Reset });
    assert_eq!(session.code(&name("a"), Step(1)).err(), Some(Error::Locked));
}

#[test]
fn a_pulled_key_stays_gone_for_the_connection_that_had_it() {
    let (key, _) = prepared(&["a"], None);
    let mut session = open(&key);
    key.pull();
    assert_eq!(session.list(), Err(PULLED));
    assert_eq!(Session::open(key.card()).err(), Some(PULLED));
    key.plug_in();
    assert_eq!(session.list(), Err(PULLED));
    assert_eq!(open(&key).list().unwrap().len(), 1, "what it holds stayed");
}
