//! Faults on demand: each strikes once, where it was armed, and leaves a key that works.

use super::client::{Client, PIN, registration};
use glasskey::sim::authenticator::{Fault, On, Options, SoftAuthenticator, What, When};
use glasskey::transport::Error;
use glasskey::transport::hid::Report;
use std::time::Duration;

fn armed(on: On, when: When, what: What) -> (SoftAuthenticator, Client) {
    let key = SoftAuthenticator::new(Options::new(1));
    let client = Client::new(&key);
    key.fault(Fault { on, when, what });
    (key, client)
}

/// All reports that are there for one getInfo.
fn reports(client: &mut Client) -> Vec<Report> {
    client.send(0x10, &[0x04]);
    let mut all = Vec::new();
    while let Some(report) = client.hid.receive(Duration::ZERO).unwrap() {
        all.push(report);
    }
    all
}

#[test]
fn a_key_pulled_before_a_command_has_not_done_it() {
    for (when, made) in [(When::Before, 0), (When::After, 1)] {
        let (key, mut client) = armed(On::Command(0x01), when, What::Pull);
        let request = glasskey::fido::cbor::encode(&registration("example.com", 1, vec![]));
        let frames = super::client::frames(client.channel, 0x10, &[&[1][..], &request].concat());
        frames.iter().for_each(|report| client.hid.send(report).unwrap());
        assert_eq!(client.hid.receive(Duration::ZERO), Err(Error::Removed));
        assert!(!key.is_plugged_in());
        assert_eq!((key.credentials().len(), key.faults_left()), (made, 0));
        key.plug_in();
        Client::new(&key).info();
    }
}

#[test]
fn a_key_is_pulled_in_the_middle_of_a_message() {
    let (key, mut client) = armed(On::Report(2), When::Before, What::Pull);
    let ping = super::client::frames(client.channel, 0x01, &[0; 200]);
    client.hid.send(&ping[0]).unwrap();
    assert_eq!(client.hid.send(&ping[1]), Err(Error::Removed));
    assert!(!key.is_plugged_in());
    // The last report of a command gets there, and then the key is gone.
    let (key, mut client) = armed(On::Report(1), When::After, What::Pull);
    client.send(0x08, &[]);
    assert_eq!(client.hid.receive(Duration::ZERO), Err(Error::Removed));
    assert_eq!(key.winks(), 1);
}

#[test]
fn an_answer_is_lost() {
    let (key, mut client) = armed(On::Message(1), When::After, What::Drop);
    client.send(0x08, &[]);
    assert_eq!(client.hid.receive(Duration::ZERO), Ok(None));
    assert_eq!(key.winks(), 1);
    let (key, mut client) = armed(On::Message(1), When::Before, What::Drop);
    client.send(0x08, &[]);
    assert_eq!(client.hid.receive(Duration::ZERO), Ok(None));
    assert_eq!(key.winks(), 0);
    client.info();
}

#[test]
fn a_report_is_lost_or_refused() {
    let (_, mut client) = armed(On::Report(1), When::Before, What::Drop);
    client.send(0x08, &[]);
    assert_eq!(client.hid.receive(Duration::ZERO), Ok(None));
    let (_, mut client) = armed(On::Report(1), When::Before, What::Error(0x06));
    assert_eq!(client.exchange(0x01, &[1]), (0x3F, vec![0x06]));
    assert_eq!(client.exchange(0x01, &[1]), (0x01, vec![1]));
}

#[test]
fn another_answer_comes_instead() {
    let (_, mut client) = armed(On::Command(0x04), When::Before, What::Status(0x34));
    assert_eq!(client.raw(0x04, &[]), Err(0x34));
    client.info();
    let (_, mut client) = armed(On::Message(2), When::After, What::Error(0x7F));
    client.info();
    assert_eq!(client.exchange(0x10, &[0x04]), (0x3F, vec![0x7F]));
}

#[test]
fn an_answer_is_cut_in_half() {
    let (_, mut client) = armed(On::Message(1), When::After, What::Truncated);
    let (_, cut) = client.exchange(0x10, &[0x04]);
    let (_, whole) = client.exchange(0x10, &[0x04]);
    assert_eq!(cut[..], whole[..whole.len() / 2]);
}

#[test]
fn reports_are_malformed_or_out_of_sequence() {
    let (_, mut client) = armed(On::Report(1), When::Before, What::Malformed);
    assert_eq!(reports(&mut client)[0][5..7], [0xFF, 0xFF]);
    let (_, mut client) = armed(On::Message(1), When::After, What::WrongSequence);
    let (spoiled, whole) = (reports(&mut client), reports(&mut client));
    assert_eq!(spoiled.len(), whole.len() - 1);
    assert_eq!(spoiled[1][4], 1);
}

#[test]
fn another_program_talks_in_between() {
    let (_, mut client) = armed(On::Message(1), When::After, What::Stranger);
    let (mixed, whole) = (reports(&mut client), reports(&mut client));
    let own: Vec<_> = mixed.iter().filter(|report| report[..4] == client.channel.to_be_bytes()).copied().collect();
    assert_eq!(own, whole);
    assert!(mixed.len() > 2 * whole.len());
}

#[test]
fn the_log_says_what_came() {
    let (key, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(client.plain_token(2, "wrong").err(), Some(0x31));
    client.exchange(0x08, &[]);
    let seen: Vec<_> = key.log().iter().map(|logged| (logged.command, logged.status)).collect();
    assert_eq!(seen[seen.len() - 2..], [(0x06, Some(0x31)), (0x88, None)]);
    client.plain_token(2, PIN).unwrap();
}
