//! Every command of a session, and every way it can be refused.

use super::{credential, fill, key, name, old_key, open, password, seed};
use glasskey::oath::{Answer, Credential, Error, Name, New, PREFIX, Session, Version};
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, Touch, What, When};
use glasskey::totp::{self, Algorithm, Kind, Params, Step};
use glasskey::transport::Sw;
use std::time::Duration;

fn sw_on(ins: u8, sw: u16) -> Fault {
    Fault { on: On::Ins(ins), when: When::Before, what: What::Sw(sw) }
}

#[test]
fn a_credential_written_answers_with_the_seeds_codes() {
    let key = key();
    let mut session = open(&key);
    let (id, seed) = (Name::new(30, Some("AWS"), "123456789012/alice").unwrap(), seed(40));
    session.put(&credential(&id, &seed)).unwrap();
    for step in [0, 1, 59_000_000, u64::MAX] {
        assert!(session.code(&id, Step(step)).unwrap().matches(&totp::code(&seed, totp::AWS, Step(step))));
    }
    assert_eq!(session.list().unwrap(), [Credential { name: id.clone(), algorithm: Algorithm::Sha1, hotp: false }]);
    session.delete(&id).unwrap();
    assert_eq!(session.list().unwrap(), []);
}

#[test]
fn select_tells_version_capacity_and_a_device_id_that_changes_on_reset() {
    let mut session = open(&key());
    let before = session.info().clone();
    assert_eq!((before.version, before.capacity, before.protected), (Version(5, 7, 1), 64, false));
    assert_eq!(before.device_id.len(), 22);
    fill(&mut session, "a");
    session.set_password(&password("secret")).unwrap();
    session.reset().unwrap();
    assert_ne!(session.info().device_id, before.device_id);
    assert!(!session.info().protected && !session.is_locked());
    assert_eq!(session.list().unwrap(), []);
    assert_eq!(open(&old_key(5, 6, 9)).info().capacity, 32);
}

#[test]
fn reset_works_locked() {
    let key = key();
    open(&key).set_password(&password("secret")).unwrap();
    let mut session = open(&key);
    assert!(session.is_locked());
    session.reset().unwrap();
    assert!(!open(&key).is_locked());
}

#[test]
fn a_key_without_the_applet_says_so() {
    for sw in [0x6A82, 0x6D00, 0x6E00] {
        let key = key();
        key.fault(sw_on(0xA4, sw));
        assert_eq!(Session::open(key.card()).err(), Some(Error::NoApplet));
    }
    let mut options = Options::new(1);
    options.usb = glasskey::keys::Applications::PIV;
    assert_eq!(Session::open(SoftKey::new(options).card()).err(), Some(Error::NoApplet));
    let key = key();
    key.fault(sw_on(0xA4, 0x6F00));
    assert_eq!(Session::open(key.card()).err(), Some(Error::Refused(Sw(0x6F00))));
}

#[test]
fn a_password_locks_every_command_until_it_is_given() {
    let key = key();
    let mut session = open(&key);
    fill(&mut session, "a");
    session.set_password(&password("pässword")).unwrap();
    assert!(session.info().protected && !session.is_locked());
    session.list().unwrap(); // still unlocked

    let mut session = open(&key);
    assert!(session.is_locked() && session.info().protected);
    let (a, seed) = (name("a"), seed(20));
    assert_eq!(session.list(), Err(Error::Locked));
    assert_eq!(session.put(&credential(&name("b"), &seed)), Err(Error::Locked));
    assert_eq!(session.delete(&a), Err(Error::Locked));
    assert_eq!(session.rename(&a, &name("b")), Err(Error::Locked));
    assert_eq!(session.code(&a, Step(1)).err(), Some(Error::Locked));
    assert_eq!(session.all(1).err(), Some(Error::Locked));
    assert_eq!(session.set_password(&password("mine")), Err(Error::Locked));
    assert_eq!(session.clear_password(), Err(Error::Locked));
    assert_eq!(session.unlock(&password("password")), Err(Error::WrongPassword));
    assert!(session.is_locked());
    session.unlock(&password("pässword")).unwrap();
    assert!(!session.is_locked());
    assert_eq!(session.list().unwrap().len(), 1);

    session.set_password(&password("other")).unwrap();
    assert_eq!(session.unlock(&password("pässword")), Err(Error::WrongPassword));
    session.unlock(&password("other")).unwrap();
    session.clear_password().unwrap();
    assert!(!open(&key).is_locked());
}

#[test]
fn unlocking_a_key_without_a_password_does_nothing() {
    let key = key();
    let mut session = open(&key);
    let before = key.apdu_count();
    session.unlock(&password("any")).unwrap();
    assert_eq!(key.apdu_count(), before);
}

#[test]
fn an_equal_name_is_never_overwritten() {
    let key = key();
    let mut session = open(&key);
    let (id, first, second) = (name("AWS:a"), seed(40), seed(40));
    session.put(&credential(&id, &first)).unwrap();
    assert_eq!(session.put(&credential(&id, &second)), Err(Error::NameTaken(id.clone())));
    assert!(session.code(&id, Step(7)).unwrap().matches(&totp::code(&first, totp::AWS, Step(7))));
    assert!(key.log().iter().filter(|entry| entry.ins == 0x01).count() == 1, "the second PUT was not sent");
    // A key that itself refuses (CanoKey), where LIST did not show the name.
    key.fault(sw_on(0x01, 0x6985));
    assert_eq!(session.put(&credential(&name("b"), &first)), Err(Error::NameTaken(name("b"))));
}

#[test]
fn a_full_key_says_so() {
    let mut session = open(&key());
    for slot in 0..64 {
        fill(&mut session, &format!("slot {slot}"));
    }
    assert_eq!(session.put(&credential(&name("more"), &seed(20))), Err(Error::Full));

    // Fewer slots than the firmware should have: the status word tells.
    let key = SoftKey::new(Options { capacity: Some(1), ..Options::new(1) });
    let mut session = open(&key);
    fill(&mut session, "a");
    assert_eq!(session.put(&credential(&name("b"), &seed(20))), Err(Error::Full));
    // Some NEOs.
    let neo = old_key(3, 4, 0);
    neo.fault(sw_on(0x01, 0x6F00));
    assert_eq!(open(&neo).put(&credential(&name("b"), &seed(20))), Err(Error::Full));
    let other = super::key();
    other.fault(sw_on(0x01, 0x6F00));
    assert_eq!(open(&other).put(&credential(&name("b"), &seed(20))), Err(Error::Refused(Sw(0x6F00))));
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut session = open(&key());
    let a = name("a");
    assert_eq!(session.delete(&a), Err(Error::NotFound(a.clone())));
    assert_eq!(session.code(&a, Step(1)).err(), Some(Error::NotFound(a.clone())));
    assert_eq!(session.next_hotp(&a).err(), Some(Error::NotFound(a.clone())));
    assert_eq!(session.rename(&a, &name("b")), Err(Error::NotFound(a)));
}

#[test]
fn rename_keeps_the_seed_and_refuses_a_taken_name() {
    let mut session = open(&key());
    let (a, b, c, seed) = (name("a"), name("b"), name("c"), seed(20));
    session.put(&credential(&a, &seed)).unwrap();
    fill(&mut session, "b");
    assert_eq!(session.rename(&a, &b), Err(Error::NameTaken(b)));
    session.rename(&a, &c).unwrap();
    assert!(session.code(&c, Step(3)).unwrap().matches(&totp::code(&seed, totp::AWS, Step(3))));
    assert_eq!(session.code(&a, Step(3)).err(), Some(Error::NotFound(a)));
}

#[test]
fn firmware_limits_are_told_before_anything_is_sent() {
    let (id, seed) = (name("a"), seed(20));
    let touch = New { touch: true, ..credential(&id, &seed) };
    let sha512 = New { params: Params { algorithm: Algorithm::Sha512, ..totp::AWS }, ..credential(&id, &seed) };
    let unsupported = |what, since| Err(Error::Unsupported { what, since });
    assert_eq!(open(&old_key(4, 2, 5)).put(&touch), unsupported("touch", Version(4, 2, 6)));
    assert_eq!(open(&old_key(4, 2, 6)).put(&touch), Ok(()));
    assert_eq!(open(&old_key(4, 3, 0)).put(&sha512), unsupported("SHA-512", Version(4, 3, 1)));
    assert_eq!(open(&old_key(4, 3, 1)).put(&sha512), Ok(()));
    let key = old_key(5, 3, 0);
    let mut session = open(&key);
    fill(&mut session, "a");
    let before = key.apdu_count();
    assert_eq!(session.rename(&id, &name("b")), unsupported("rename", Version(5, 3, 1)));
    assert_eq!(key.apdu_count(), before);
}

#[test]
fn old_firmware_that_confuses_prefixes_is_kept_from_overwriting() {
    for (patch, safe) in [((4, 0, 1), false), ((4, 3, 4), false), ((4, 3, 5), true), ((4, 0, 0), true)] {
        let key = old_key(patch.0, patch.1, patch.2);
        let mut session = open(&key);
        fill(&mut session, "AWS:alice");
        let (shorter, longer, seed) = (name("AWS:al"), name("AWS:alice2"), seed(20));
        let put = session.put(&credential(&shorter, &seed));
        if safe {
            assert_eq!(put, Ok(()));
        } else {
            assert_eq!(put, Err(Error::Unsupported { what: PREFIX, since: Version(4, 3, 5) }));
            assert_eq!(key.credentials(), ["AWS:alice"]);
        }
        session.put(&credential(&longer, &seed)).unwrap();
    }
}

#[test]
fn seeds_and_names_that_do_not_fit_are_refused_before_anything_is_sent() {
    let key = key();
    let mut session = open(&key);
    let before = key.apdu_count();
    let (id, hourly) = (name("a"), name("3600/a"));
    assert_eq!(session.put(&credential(&id, &seed(1))), Err(Error::SeedTooShort));
    let seed = seed(20);
    let wrong_period = New { params: totp::AWS, ..credential(&hourly, &seed) };
    assert_eq!(session.put(&wrong_period), Err(Error::BadName { bytes: 6 }));
    assert_eq!(key.apdu_count(), before);
}

#[test]
fn a_touch_that_does_not_come_is_not_a_missing_password() {
    let key = key();
    let mut session = open(&key);
    let (id, seed) = (name("a"), seed(40));
    session.put(&New { touch: true, ..credential(&id, &seed) }).unwrap();
    key.set_touch(Touch::Never(Duration::ZERO));
    assert_eq!(session.code(&id, Step(1)).err(), Some(Error::TouchTimedOut));
    session.set_password(&password("p")).unwrap();
    assert_eq!(session.code(&id, Step(1)).err(), Some(Error::TouchTimedOut));
    let mut locked = open(&key);
    assert_eq!(locked.code(&id, Step(1)).err(), Some(Error::Locked));
    key.set_touch(Touch::AtOnce);
    locked.unlock(&password("p")).unwrap();
    assert!(locked.code(&id, Step(1)).unwrap().matches(&totp::code(&seed, totp::AWS, Step(1))));
}

#[test]
fn hotp_counts_from_where_it_was_told() {
    // RFC 4226, appendix D.
    let rfc = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    let seed = glasskey::secret::Seed::from_bytes(b"12345678901234567890").unwrap();
    for start in [0u32, 5] {
        let mut session = open(&key());
        let id = name("counter");
        session.put(&New { kind: Kind::Hotp { counter: start }, ..credential(&id, &seed) }).unwrap();
        assert!(session.list().unwrap()[0].hotp);
        for code in &rfc[start as usize..] {
            assert_eq!(session.next_hotp(&id).unwrap().expose(), *code);
        }
    }
}

#[test]
fn all_asks_singly_where_the_period_is_not_thirty_seconds() {
    let mut session = open(&key());
    let (plain, slow, touch, counter) = (name("plain"), name("3600/slow"), name("touch"), name("counter"));
    let seed = seed(40);
    session.put(&credential(&plain, &seed)).unwrap();
    session.put(&credential(&slow, &seed)).unwrap();
    session.put(&New { touch: true, ..credential(&touch, &seed) }).unwrap();
    session.put(&New { kind: Kind::Hotp { counter: 0 }, ..credential(&counter, &seed) }).unwrap();
    let now = 1_763_900_000;
    for (id, answer) in session.all(now).unwrap() {
        match (id.id(), answer) {
            ("plain", Answer::Code(code)) => assert!(code.matches(&totp::code(&seed, totp::AWS, Step(now / 30)))),
            ("3600/slow", Answer::Code(code)) => {
                assert!(code.matches(&totp::code(&seed, totp::AWS, Step(now / 3600))));
            }
            ("touch", Answer::Touch) | ("counter", Answer::Hotp) => {}
            (id, _) => panic!("a wrong answer for {id}"),
        }
    }
    assert_eq!(session.all(now).unwrap().len(), 4);
    assert!(session.next_hotp(&counter).unwrap().matches(&totp::code(&seed, totp::AWS, Step(0))), "none was used up");
}

#[test]
fn long_answers_come_in_parts() {
    let key = key();
    let mut session = open(&key);
    let ids: Vec<Name> = (0..64).map(|slot| name(&format!("{slot:064}"))).collect();
    for id in &ids {
        fill(&mut session, id.id());
    }
    let listed = session.list().unwrap();
    assert!(listed.iter().map(|credential| &credential.name).eq(&ids));
    assert!(key.log().iter().filter(|entry| entry.ins == 0xA5).count() > 16);
    assert_eq!(session.all(0).unwrap().len(), 64);
}

#[test]
fn the_fragile_firmware_gets_a_pause_after_a_long_answer() {
    for (patch, pauses) in [(0, 1), (6, 1), (7, 0)] {
        let key = old_key(4, 2, patch);
        let mut session = open(&key);
        fill(&mut session, &"x".repeat(60));
        let before = key.apdu_count();
        session.list().unwrap();
        session.delete(&name("y")).unwrap_err();
        session.delete(&name("y")).unwrap_err();
        assert_eq!(key.apdu_count() - before, 3 + pauses, "firmware 4.2.{patch}");
    }
}
