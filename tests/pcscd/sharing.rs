//! Several programs and one card.

use glasskey::sim::card_server;
use glasskey::sim::oath_card::{Options, SoftKey};

use super::key::Key;
use super::probe::Probe;
use super::readers::{SELECT, says};
use super::rig::{Rig, reader_name};

/// A key in the only reader of a new rig, two programs, and how glasskey opens the key.
fn stage() -> (Rig, Key, Probe, Probe, String) {
    let rig = Rig::with_readers(1);
    let key = Key::plug(&rig.card_socket(0), says(&[0x90, 0x00]));
    rig.await_cards(1);
    let (ours, theirs) = (Probe::start(&rig), Probe::start(&rig));
    (rig, key, ours, theirs, format!("open {}", reader_name(0)))
}

fn busy(holder: &str) -> String {
    format!("Busy {{ reader: {:?}, holder: Some({holder}) }}", reader_name(0))
}

#[test]
fn an_exclusive_card_is_busy_for_others_who_learn_the_holders_name() {
    let (_rig, _key, mut first, mut second, open) = stage();
    assert_eq!(first.ask(&open), "alone");
    assert_eq!(second.ask(&open), busy(&first.holder()));
    assert_eq!(first.ask("close"), "closed");
    assert_eq!(second.ask(&open), "alone");
}

#[test]
fn a_card_is_reset_when_it_is_closed() {
    let (_rig, key, mut ours, _, open) = stage();
    ours.ask(&open);
    assert_eq!(ours.ask(&format!("transmit {SELECT}")), " 9000");
    let before = key.resets();
    assert_eq!(ours.ask("close"), "closed");
    assert_eq!(key.resets(), before + 1, "an unlocked applet is locked again");
}

#[test]
fn an_idle_connection_of_another_program_is_shared_and_kept_out() {
    let (_rig, _key, mut ours, mut theirs, open) = stage();
    assert_eq!(theirs.ask(&format!("other connect {}", reader_name(0))), "done");
    assert_eq!(ours.ask(&open), theirs.holder());
    assert_eq!(ours.ask(&format!("transmit {SELECT}")), " 9000");
    // pcscd makes them wait for the end of our transaction.
    theirs.begin(&format!("other transmit {SELECT}"));
    assert_eq!(ours.ask(&format!("transmit {SELECT}")), " 9000");
    assert!(theirs.is_busy(), "nobody gets between two commands");
    assert_eq!(ours.ask("close"), "closed");
    assert_eq!(theirs.answer(), "ResetCard", "they are told to select anew");
}

#[test]
fn another_programs_transaction_is_waited_for_but_not_for_ever() {
    let (_rig, key, mut ours, mut theirs, open) = stage();
    theirs.ask(&format!("other connect {}", reader_name(0)));
    assert_eq!(theirs.ask("other begin"), "done");
    assert_eq!(ours.ask(&open.replace("open", "open-briefly")), busy(&theirs.holder()));
    let before = key.resets();
    assert_eq!(theirs.ask(&format!("other transmit {SELECT}")), "9000", "giving up does not disturb them");
    assert_eq!(theirs.ask("other leave"), "done");
    assert_eq!(key.resets(), before);
}

#[test]
fn a_card_that_another_program_resets_and_leaves_is_ours_as_soon_as_it_is_free() {
    let (_rig, _key, mut ours, mut theirs, open) = stage();
    theirs.ask(&format!("other connect {}", reader_name(0)));
    theirs.ask("other begin");
    ours.begin(&open);
    ours.await_thread("pcsc-open");
    assert_eq!(theirs.ask("other reset"), "done");
    let answer = ours.answer();
    if answer != "alone" {
        // pcscd lets us in at the reset, and may strike the other from its list a moment later.
        assert_eq!(answer, theirs.holder());
        assert_eq!(ours.ask("close"), "closed");
        assert_eq!(ours.ask(&open), "alone");
    }
    assert_eq!(ours.ask(&format!("transmit {SELECT}")), " 9000");
}

#[test]
fn one_busy_reader_hides_no_other_key() {
    let rig = Rig::with_readers(3);
    let serve =
        |serial, slot| card_server::serve(&SoftKey::new(Options::new(serial)), &rig.card_socket(slot)).unwrap();
    let _keys = [serve(17_000_001, 0), serve(17_000_002, 2)];
    rig.await_cards(2);
    let (mut ours, mut theirs) = (Probe::start(&rig), Probe::start(&rig));
    let no_card = format!("Transport(NoCard {{ reader: {:?} }})", reader_name(1));
    assert_eq!(ours.ask("keys"), format!("17000001|{no_card}|17000002"));
    theirs.ask(&format!("open {}", reader_name(0)));
    assert_eq!(ours.ask("keys"), format!("Transport({})|{no_card}|17000002", busy(&theirs.holder())));
}

#[test]
fn a_program_that_is_killed_leaves_the_card_free() {
    let (_rig, _key, mut ours, mut theirs, open) = stage();
    assert_eq!(theirs.ask(&open), "alone");
    drop(theirs);
    // pcscd may notice the end of its client a moment after us, and list it till then.
    let gone = |answer: &String| !answer.starts_with("Busy") && !answer.starts_with("Holder");
    let answer = (0..1000).map(|_| ours.ask(&open)).find(gone);
    assert_eq!(answer.as_deref(), Some("alone"));
}
