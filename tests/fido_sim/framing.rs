//! CTAPHID: reports, channels, keepalives and cancelling.

use super::client::{Client, frames, registration};
use glasskey::fido::cbor::Value;
use glasskey::keys::Serial;
use glasskey::sim::authenticator::{Feature, Options, SoftAuthenticator, Touch};
use glasskey::sim::tap::{Passing, Tap, Wire};
use glasskey::transport::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn key() -> SoftAuthenticator {
    SoftAuthenticator::new(Options::new(1))
}

#[test]
fn init_gives_channels_of_their_own_and_tells_the_firmware() {
    let key = key();
    let (one, mut other) = (Client::new(&key), Client::new(&key));
    assert_ne!(one.channel, other.channel);
    let (_, data) = other.exchange(0x06, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(data[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(data[8..12], other.channel.to_be_bytes());
    assert_eq!(data[12..], [2, 5, 7, 4, 0x05]);
}

#[test]
fn ping_comes_back_whole_at_every_length() {
    let mut client = Client::new(&key());
    for length in [0, 1, 57, 58, 116, 117, 1024, 7609] {
        let data: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        assert_eq!(client.exchange(0x01, &data), (0x01, data));
    }
}

#[test]
fn the_small_commands() {
    let key = key();
    let mut client = Client::new(&key);
    assert_eq!(client.exchange(0x08, &[]), (0x08, vec![]));
    assert_eq!(client.exchange(0x08, &[1]), (0x3F, vec![0x03]));
    assert_eq!(key.winks(), 1);
    assert_eq!(client.exchange(0x03, &[0, 3, 0, 0, 0, 0, 0]), (0x03, b"U2F_V2\x90\x00".to_vec()));
    assert_eq!(client.exchange(0x03, &[0, 9, 0, 0]), (0x03, vec![0x6D, 0x00]));
    assert_eq!(client.exchange(0x2A, &[]), (0x3F, vec![0x01]));
    assert_eq!(client.exchange(0x10, &[]), (0x10, vec![0x03]));
}

#[test]
fn the_device_information_is_that_of_the_management_applet() {
    let mut client = Client::new(&SoftAuthenticator::new(Options::new(0x0102_0304)));
    let (command, data) = client.exchange(0x42, &[0]);
    assert_eq!(command, 0x42);
    assert_eq!(usize::from(data[0]), data.len() - 1);
    assert!(data.windows(6).any(|tlv| tlv == [2, 4, 1, 2, 3, 4]), "{data:02x?}");
    assert!(data.windows(5).any(|tlv| tlv == [5, 3, 5, 7, 4]), "{data:02x?}");
    assert_eq!(client.exchange(0x42, &[9]), (0x3F, vec![0x02]));
}

#[test]
fn channels_that_were_not_given_are_refused() {
    let mut client = Client::new(&key());
    let own = client.channel;
    for wrong in [0, own ^ 1, 0xFFFF_FFFF] {
        client.channel = wrong;
        assert_eq!(client.exchange(0x01, &[1]), (0x3F, vec![0x0B]), "{wrong:x}");
    }
    client.channel = own;
    assert_eq!(client.exchange(0x01, &[1]), (0x01, vec![1]));
}

#[test]
fn reports_out_of_sequence_are_refused_and_the_channel_goes_on() {
    let mut client = Client::new(&key());
    let ping = frames(client.channel, 0x01, &[5; 200]);
    client.hid.send(&ping[0]).unwrap();
    client.hid.send(&ping[2]).unwrap();
    assert_eq!(client.receive(), (0x3F, vec![0x04]));
    // A first report where a following one was due.
    client.hid.send(&ping[0]).unwrap();
    assert_eq!(client.exchange(0x01, &[1]), (0x3F, vec![0x04]));
    // Following reports that follow nothing are passed over.
    client.hid.send(&ping[1]).unwrap();
    assert_eq!(client.exchange(0x01, &[1]), (0x01, vec![1]));
    let mut long = ping[0];
    (long[5], long[6]) = (0x7F, 0xFF);
    client.hid.send(&long).unwrap();
    assert_eq!(client.receive(), (0x3F, vec![0x03]));
}

#[test]
fn a_message_that_is_not_finished_times_out() {
    let mut options = Options::new(1);
    options.message_timeout = Duration::from_millis(30);
    let mut client = Client::new(&SoftAuthenticator::new(options));
    client.hid.send(&frames(client.channel, 0x01, &[5; 200])[0]).unwrap();
    assert_eq!(client.receive(), (0x3F, vec![0x05]));
    assert_eq!(client.exchange(0x01, &[1]), (0x01, vec![1]));
}

#[test]
fn another_channel_is_told_that_the_key_is_busy() {
    let key = key();
    let (mut one, mut other) = (Client::new(&key), Client::new(&key));
    let ping = frames(one.channel, 0x01, &[5; 100]);
    one.hid.send(&ping[0]).unwrap();
    assert_eq!(other.exchange(0x01, &[1]), (0x3F, vec![0x06]));
    one.hid.send(&ping[1]).unwrap();
    assert_eq!(one.receive(), (0x01, vec![5; 100]));
    // Both devices saw all of it: the other one's next answer stands after the first one's.
    assert_eq!(other.exchange(0x01, &[2]), (0x01, vec![2]));
}

#[test]
fn a_lock_keeps_others_out_until_it_is_given_back() {
    let key = key();
    let (mut one, mut other) = (Client::new(&key), Client::new(&key));
    assert_eq!(one.exchange(0x04, &[10]), (0x04, vec![]));
    assert_eq!(other.exchange(0x01, &[1]), (0x3F, vec![0x06]));
    assert_eq!(one.exchange(0x04, &[11]), (0x3F, vec![0x02]));
    assert_eq!(one.exchange(0x04, &[0]), (0x04, vec![]));
    assert_eq!(other.exchange(0x01, &[1]), (0x01, vec![1]));
}

#[test]
fn every_open_device_sees_every_report() {
    let key = key();
    let (mut one, mut other) = (Client::new(&key), key.hid());
    one.exchange(0x01, &[1]);
    let seen = other.receive(Duration::ZERO).unwrap().unwrap();
    assert_eq!(seen[..4], one.channel.to_be_bytes());
}

#[test]
fn waiting_for_a_touch_keeps_the_channel_alive() {
    let key = key();
    key.set_touch(Touch::After(Duration::from_millis(250)));
    let mut client = Client::new(&key);
    client.ask(0x01, registration("example.com", 1, vec![])).unwrap();
    assert!((2..=5).contains(&client.keepalives), "{}", client.keepalives);
}

#[test]
fn a_wait_can_be_cancelled_by_its_own_channel_only() {
    let key = key();
    key.set_touch(Touch::Never);
    let (mut client, mut other) = (Client::new(&key), Client::new(&key));
    let request = [&[1][..], &glasskey::fido::cbor::encode(&registration("example.com", 1, vec![]))].concat();
    client.send(0x10, &request);
    assert_eq!(client.receive(), (0x3B, vec![2]));
    assert!(key.is_waiting());
    assert_eq!(other.exchange(0x01, &[1]), (0x3F, vec![0x06]));
    other.send(0x11, &[]);
    assert!(key.is_waiting());
    client.send(0x11, &[]);
    let answer = loop {
        match client.receive() {
            (0x3B, _) => {}
            message => break message,
        }
    };
    assert_eq!(answer, (0x10, vec![0x2D]));
    assert!(key.credentials().is_empty());
    // A cancel that comes too late does nothing.
    client.send(0x11, &[]);
    assert_eq!(client.exchange(0x01, &[3]), (0x01, vec![3]));
}

#[test]
fn init_on_the_channel_drops_its_wait() {
    let key = key();
    key.set_touch(Touch::Never);
    let mut client = Client::new(&key);
    client.send(0x10, &[&[1][..], &glasskey::fido::cbor::encode(&registration("example.com", 1, vec![]))].concat());
    assert_eq!(client.receive(), (0x3B, vec![2]));
    let (command, _) = client.exchange(0x06, &[1; 8]);
    assert_eq!(command, 0x06);
    assert!(!key.is_waiting());
}

#[test]
fn nobody_touches_and_the_key_gives_up() {
    let mut options = Options::new(1);
    options.touch_timeout = Duration::from_millis(50);
    let key = SoftAuthenticator::new(options);
    key.set_touch(Touch::Never);
    assert_eq!(Client::new(&key).raw(0x0B, &[]), Err(0x2F));
}

#[test]
fn a_touch_that_comes_while_it_waits_ends_the_wait() {
    let key = key();
    key.set_touch(Touch::Never);
    let mut client = Client::new(&key);
    client.send(0x10, &[0x0B]);
    assert_eq!(client.receive(), (0x3B, vec![2]));
    key.set_touch(Touch::AtOnce);
    loop {
        match client.receive() {
            (0x3B, _) => {}
            message => return assert_eq!(message, (0x10, vec![0])),
        }
    }
}

#[test]
fn a_pulled_key_is_gone_for_those_who_had_it_open() {
    let key = key();
    let mut client = Client::new(&key);
    key.pull();
    assert_eq!(client.hid.send(&[0; 64]), Err(Error::Removed));
    assert_eq!(key.hid().receive(Duration::ZERO), Err(Error::Removed));
    key.plug_in();
    assert_eq!(client.hid.receive(Duration::ZERO), Err(Error::Removed));
    assert_eq!(Client::new(&key).exchange(0x01, &[1]), (0x01, vec![1]));
}

#[test]
fn pulling_the_key_wakes_whoever_waits_for_it() {
    let key = key();
    key.set_touch(Touch::Never);
    let mut client = Client::new(&key);
    client.send(0x10, &[0x0B]);
    assert_eq!(client.receive(), (0x3B, vec![2]));
    let other = key.clone();
    let puller = std::thread::spawn(move || other.pull());
    let end = loop {
        match client.hid.receive(Duration::from_secs(20)) {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!(end, Err(Error::Removed));
    puller.join().unwrap();
}

#[test]
fn taps_see_commands_before_and_after() {
    let key = key();
    let (tap, seen) = (Tap::default(), Arc::new(Mutex::new(Vec::new())));
    let to = Arc::clone(&seen);
    tap.listen(move |passing| to.lock().unwrap().push(passing.clone()));
    key.tap(&tap);
    let mut client = Client::new(&key);
    client.info();
    client.exchange(0x08, &[]);
    let wire = |command| Wire::Fido { serial: Some(Serial(1)), command };
    let expected = [(0x04, false), (0x04, true), (0x88, false), (0x88, true)];
    let expected: Vec<Passing> = expected.map(|(command, done)| Passing { wire: wire(command), done }).to_vec();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn only_canonical_cbor_is_taken() {
    let mut client = Client::new(&key());
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let cases = [
        ("a202010101", 0x12),   // getRetries with keys out of order
        ("a1180201", 0x12),     // a key not in its shortest form
        ("a2020102010a", 0x12), // a key twice
        ("bf0201ff", 0x12),     // an indefinite length
        ("a1020100", 0x12),     // a byte too many
        ("a102", 0x12),         // cut
        ("820102", 0x11),       // an array
        ("a1026131", 0x11),     // text for a number
        ("a0", 0x14),           // no subcommand
        ("", 0x14),             // nothing at all
    ];
    for (params, status) in cases {
        assert_eq!(client.raw(0x06, &hex(params)), Err(status), "{params}");
    }
    assert!(client.raw(0x06, &hex("a201010201")).is_ok());
    assert_eq!(client.raw(0x04, &[0xA0]), Err(0x03));
    assert_eq!(client.raw(0x33, &[]), Err(0x01));
}

#[test]
fn get_info_says_what_each_kind_of_key_can_do() {
    let texts = |info: &Value, key| -> Vec<String> {
        info.get_int(key).unwrap().as_array().unwrap().iter().map(|item| item.as_text().unwrap().to_owned()).collect()
    };
    let numbers = |info: &Value, key| -> Vec<u64> {
        info.get_int(key).unwrap().as_array().unwrap().iter().map(|item| item.as_uint().unwrap()).collect()
    };
    let mut new = Client::new(&key());
    let info = new.info();
    assert_eq!(texts(&info, 1), ["U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1"]);
    assert_eq!(numbers(&info, 6), [2, 1]);
    assert_eq!(info.get_int(14), Some(&Value::Uint(0x05_07_04)));
    assert_eq!(info.get_int(20), Some(&Value::Uint(100)));
    assert_eq!(
        (new.option("clientPin"), new.option("credMgmt"), new.option("alwaysUv")),
        (Some(false), Some(true), Some(false))
    );
    assert_eq!(new.option("credentialMgmtPreview"), Some(true));
    let mut options = Options::new(1);
    options.credential_management = Feature::Standard;
    let mut strict = Client::new(&SoftAuthenticator::new(options));
    assert_eq!(texts(&strict.info(), 1), ["U2F_V2", "FIDO_2_0", "FIDO_2_1"]);
    assert_eq!(strict.option("credentialMgmtPreview"), None);
    let mut preview = Client::new(&SoftAuthenticator::new(Options::preview(1)));
    assert_eq!(texts(&preview.info(), 1), ["U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE"]);
    assert_eq!((preview.option("credMgmt"), preview.option("credentialMgmtPreview")), (None, Some(true)));
    assert_eq!(preview.raw(0x0A, &[0xA0]), Err(0x01));
    let mut old = Client::new(&SoftAuthenticator::new(Options::old(1)));
    let info = old.info();
    assert_eq!(texts(&info, 1), ["U2F_V2", "FIDO_2_0"]);
    assert_eq!(info.as_map().unwrap().len(), 6);
    assert_eq!(old.raw(0x0D, &[0xA0]), Err(0x01));
    assert_eq!(old.raw(0x41, &[0xA0]), Err(0x01));
}
