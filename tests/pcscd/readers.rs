//! Readers and cards that come, go, and are not there.

use super::key::{Applets, Key};
use super::probe::Probe;
use super::rig::{READER, Rig, reader_name};

/// SELECT of an applet by its identifier, here any.
pub(super) const SELECT: &str = "00A4040007A0000005272101";

/// A key that answers everything with these bytes.
pub(crate) fn says(answer: &[u8]) -> Applets {
    let answer = answer.to_vec();
    Box::new(move |_| Some(answer.clone()))
}

/// An error as a probe shows it, about the first reader.
fn about_reader(error: &str) -> String {
    format!("{error} {{ reader: {:?} }}", reader_name(0))
}

#[test]
fn without_a_service_the_error_says_so() {
    let rig = Rig::without_service();
    let mut probe = Probe::start(&rig);
    assert_eq!(probe.ask("readers"), "NoService");
    assert_eq!(probe.ask(&format!("open {READER}")), "NoService");
}

#[test]
fn a_service_without_readers_lists_none() {
    let rig = Rig::with_readers(0);
    let mut probe = Probe::start(&rig);
    assert_eq!(probe.ask("readers"), "");
    assert_eq!(probe.ask(&format!("open {}", reader_name(0))), about_reader("NoReader"));
}

#[test]
fn empty_readers_are_listed_and_hold_no_card() {
    let rig = Rig::with_readers(2);
    let mut probe = Probe::start(&rig);
    assert_eq!(probe.ask("readers"), [reader_name(0), reader_name(1)].join("|"));
    assert_eq!(probe.ask(&format!("open {}", reader_name(0))), about_reader("NoCard"));
}

#[test]
fn a_reader_whose_name_is_not_utf8_is_opened_by_its_bytes() {
    let mut rig = Rig::without_service();
    rig.start_service_with(&[b"Lesegr\xe4t", READER.as_bytes()]);
    let _key = Key::plug(&rig.card_socket(0), says(&[0x90, 0x00]));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    let name = "Lesegr\u{fffd}t 00 00";
    assert_eq!(probe.ask("readers"), [name.to_owned(), reader_name(1)].join("|"));
    assert_eq!(probe.ask(&format!("open {name}")), "alone");
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), " 9000");
    assert_eq!(probe.ask("open Lesegr\u{fffd} 00 00"), "NoReader { reader: \"Lesegr\u{fffd} 00 00\" }");
}

#[test]
fn commands_and_answers_of_every_length_pass_unchanged() {
    let rig = Rig::with_readers(1);
    let echo: Applets = Box::new(|command| Some([command, &[0x61, 0x02]].concat()));
    let _key = Key::plug(&rig.card_socket(0), echo);
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    assert_eq!(probe.ask(&format!("open {}", reader_name(0))), "alone");
    for length in [4, 5, 255, 261, 262, 4096, 65_533] {
        let command = "A5".repeat(length);
        assert_eq!(probe.ask(&format!("transmit {command}")), format!("{command} 6102"), "{length} bytes");
    }
}

#[test]
fn an_answer_without_a_status_word_is_malformed() {
    let rig = Rig::with_readers(1);
    let _key = Key::plug(&rig.card_socket(0), says(&[0x90]));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    probe.ask(&format!("open {}", reader_name(0)));
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "Malformed");
}

#[test]
fn a_card_that_says_nothing_is_mute_and_was_not_pulled() {
    let rig = Rig::with_readers(1);
    let _key = Key::plug(&rig.card_socket(0), says(&[]));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    assert_eq!(probe.ask(&format!("open {}", reader_name(0))), "alone");
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), about_reader("Mute"));
}

#[test]
fn a_key_pulled_between_two_commands_is_removed_and_can_come_back() {
    let rig = Rig::with_readers(1);
    let key = Key::plug(&rig.card_socket(0), says(&[0x90, 0x00]));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    let open = format!("open {}", reader_name(0));
    assert_eq!(probe.ask(&open), "alone");
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), " 9000");

    drop(key);
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "Removed");
    rig.await_no_card(0);
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "Removed");
    assert_eq!(probe.ask(&open), about_reader("NoCard"));

    let _key = Key::plug(&rig.card_socket(0), says(&[0x90, 0x00]));
    rig.await_cards(2);
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "Removed", "another key is not the one that was open");
    assert_eq!(probe.ask("close"), "closed");
    assert_eq!(probe.ask(&open), "alone");
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), " 9000");
}

#[test]
fn a_key_pulled_during_a_command_is_removed() {
    let rig = Rig::with_readers(1);
    let _key = Key::plug(&rig.card_socket(0), Box::new(|_| None));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    probe.ask(&format!("open {}", reader_name(0)));
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "Removed");
}

#[test]
fn a_service_that_dies_in_between_is_named() {
    let mut rig = Rig::with_readers(1);
    let _key = Key::plug(&rig.card_socket(0), says(&[0x90, 0x00]));
    rig.await_cards(1);
    let mut probe = Probe::start(&rig);
    probe.ask(&format!("open {}", reader_name(0)));
    rig.stop_service();
    assert_eq!(probe.ask(&format!("transmit {SELECT}")), "NoService");
    assert_eq!(probe.ask("readers"), "NoService");
}
