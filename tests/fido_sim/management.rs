//! Credential management, fingerprints, configuration, large blobs and reset.

use super::client::{AuthData, Call, Client, HASH, PIN, map, registration, rk};
use glasskey::fido::cbor::{Value, encode};
use glasskey::sim::authenticator::{Feature, Options, SoftAuthenticator, Touch};
use glasskey::sim::clock::SimClock;
use sha2::{Digest, Sha256};
use std::time::{Duration, UNIX_EPOCH};

fn credentials(client: &mut Client, subcommand: u8, params: Option<Value>) -> Result<Option<Value>, u8> {
    let keys = [1, 2, 3, 4];
    client.managed(Call { command: 0x0A, subcommand, permission: 4, prefix: &[], keys, extra: vec![] }, params)
}

fn config(client: &mut Client, subcommand: u8, params: Option<Value>) -> Result<Option<Value>, u8> {
    let prefix = [&[0xFF; 32][..], &[0x0D]].concat();
    let keys = [1, 2, 3, 4];
    client.managed(Call { command: 0x0D, subcommand, permission: 0x20, prefix: &prefix, keys, extra: vec![] }, params)
}

fn fingers(client: &mut Client, subcommand: u8, params: Option<Value>) -> Result<Option<Value>, u8> {
    let (keys, extra) = ([2, 3, 4, 5], vec![(1, Value::from(1))]);
    client.managed(Call { command: 0x09, subcommand, permission: 8, prefix: &[1], keys, extra }, params)
}

/// Enrolls a finger with good samples; its id.
pub(super) fn enroll_finger(client: &mut Client) -> Vec<u8> {
    let begun = fingers(client, 1, Some(map([(3, 10_000.into())]))).unwrap().unwrap();
    let id = begun.get_int(4).unwrap().as_bytes().unwrap().to_vec();
    let mut left = begun.get_int(6).unwrap().as_uint().unwrap();
    while left > 0 {
        let next = fingers(client, 2, Some(map([(1, id.clone().into())]))).unwrap().unwrap();
        left = next.get_int(6).unwrap().as_uint().unwrap();
    }
    id
}

fn store(client: &mut Client, rp: &str, user: u8) -> Vec<u8> {
    let token = client.token(2, PIN, 1, Some(rp)).unwrap();
    let more = vec![rk(), (8, token.sign(&HASH).into()), (9, 2.into())];
    AuthData::of(&client.ask(0x01, registration(rp, user, more)).unwrap()).id
}

fn named(id: &[u8]) -> Value {
    Value::map([("id", Value::from(id)), ("type", "public-key".into())])
}

#[test]
fn credentials_are_counted_listed_renamed_and_deleted() {
    let (key, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(credentials(&mut client, 1, None), Ok(Some(map([(1, 0.into()), (2, 100.into())]))));
    assert_eq!(credentials(&mut client, 2, None), Err(0x2E));
    let ids = [("a.example", 1), ("a.example", 2), ("b.example", 3)].map(|(rp, user)| store(&mut client, rp, user));
    assert_eq!(credentials(&mut client, 1, None), Ok(Some(map([(1, 3.into()), (2, 97.into())]))));

    let first = credentials(&mut client, 2, None).unwrap().unwrap();
    assert_eq!(first.get_int(5), Some(&2.into()));
    let second = client.ask(0x0A, map([(1, 3.into())])).unwrap();
    assert_eq!(client.ctap(0x0A, map([(1, 3.into())])), Err(0x30));
    let mut rps: Vec<_> =
        [&first, &second].map(|rp| rp.get_int(3).unwrap().get_text("id").unwrap().as_text().unwrap()).into();
    rps.sort_unstable();
    assert_eq!(rps, ["a.example", "b.example"]);
    assert_eq!(second.get_int(4).unwrap().as_bytes().unwrap(), &Sha256::digest("a.example")[..]);

    let of = || Some(map([(1, Sha256::digest("a.example").to_vec().into())]));
    let first = credentials(&mut client, 4, of()).unwrap().unwrap();
    assert_eq!(first.get_int(9), Some(&2.into()));
    assert_eq!(first.get_int(7), Some(&named(&ids[1])));
    assert_eq!(first.get_int(6).unwrap().get_text("displayName"), Some(&"User 2".into()));
    assert_eq!(first.get_int(10), Some(&1.into()));
    let second = client.ask(0x0A, map([(1, 5.into())])).unwrap();
    assert_eq!(second.get_int(7), Some(&named(&ids[0])));
    assert_eq!(client.ctap(0x0A, map([(1, 5.into())])), Err(0x30));

    let user = |id: u8| Value::map([("id", Value::Bytes(vec![id; 4])), ("name", "renamed".into())]);
    assert_eq!(credentials(&mut client, 7, Some(map([(2, named(&ids[0])), (3, user(9))]))), Err(0x02));
    assert_eq!(credentials(&mut client, 7, Some(map([(2, named(&ids[0])), (3, user(1))]))), Ok(None));
    assert_eq!(key.credentials()[0].user.as_deref(), Some("renamed"));
    assert_eq!(credentials(&mut client, 6, Some(map([(2, named(&ids[0]))]))), Ok(None));
    assert_eq!(credentials(&mut client, 6, Some(map([(2, named(&ids[0]))]))), Err(0x2E));
    assert_eq!(key.credentials().len(), 2);
    assert_eq!(credentials(&mut client, 8, None), Err(0x3E));
}

#[test]
fn managing_credentials_needs_the_token_for_it() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(client.ctap(0x0A, map([(1, 1.into())])), Err(0x36));
    let token = client.token(2, PIN, 1, Some("a.example")).unwrap();
    let request = |signature: Vec<u8>| map([(1, 1.into()), (3, 2.into()), (4, signature.into())]);
    assert_eq!(client.ctap(0x0A, request(token.sign(&[1]))), Err(0x33));
    let bound = client.token(2, PIN, 4, Some("a.example")).unwrap();
    assert_eq!(client.ctap(0x0A, request(bound.sign(&[1]))), Err(0x33), "not for all relying parties");
    let token = client.token(2, PIN, 4, None).unwrap();
    assert_eq!(client.ctap(0x0A, request(token.sign(&[2]))), Err(0x33));
    assert!(client.ctap(0x0A, request(token.sign(&[1]))).is_ok());
    assert!(client.ctap(0x0A, request(token.sign(&[1]))).is_ok(), "it can be used again");
}

#[test]
fn the_preview_command_takes_a_plain_token() {
    let (_, mut client) = Client::with_pin(Options::preview(1));
    let token = client.plain_token(2, PIN).unwrap();
    let request = || map([(1, 1.into()), (3, 2.into()), (4, token.sign(&[1]).into())]);
    assert_eq!(client.ctap(0x0A, request()), Err(0x01));
    assert_eq!(client.ctap(0x41, request()), Ok(Some(map([(1, 0.into()), (2, 25.into())]))));
    // A key of the standard takes the same request, or only the new command.
    for (feature, expected) in [(Feature::Both, Ok(())), (Feature::Standard, Err(0x01))] {
        let mut options = Options::new(1);
        options.credential_management = feature;
        let (_, mut client) = Client::with_pin(options);
        let token = client.token(2, PIN, 4, None).unwrap();
        let request = map([(1, 1.into()), (3, 2.into()), (4, token.sign(&[1]).into())]);
        assert_eq!(client.ctap(0x41, request).map(|_| ()), expected);
    }
}

#[test]
fn fingers_are_enrolled_named_and_removed() {
    let (key, mut client) = Client::with_pin(Options::bio(1));
    assert_eq!((client.option("bioEnroll"), client.option("uv")), (Some(false), Some(false)));
    assert_eq!(client.ctap(0x09, map([(6, true.into())])), Ok(Some(map([(1, 1.into())]))));
    let sensor = client.ask(0x09, map([(1, 1.into()), (2, 7.into())])).unwrap();
    assert_eq!(sensor, map([(2, 1.into()), (3, 5.into()), (8, 15.into())]));
    assert_eq!(fingers(&mut client, 4, None), Err(0x2C));

    key.set_samples(&[0, 0x05, 0x04]);
    let begun = fingers(&mut client, 1, None).unwrap().unwrap();
    assert_eq!((begun.get_int(5), begun.get_int(6)), (Some(&0.into()), Some(&4.into())));
    let id = begun.get_int(4).unwrap().clone();
    let more = |client: &mut Client| {
        let next = fingers(client, 2, Some(map([(1, id.clone())]))).unwrap().unwrap();
        (next.get_int(5).unwrap().as_uint().unwrap(), next.get_int(6).unwrap().as_uint().unwrap())
    };
    let seen: Vec<_> = (0..6).map(|_| more(&mut client)).collect();
    assert_eq!(seen, [(5, 4), (4, 4), (0, 3), (0, 2), (0, 1), (0, 0)]);
    assert_eq!((client.option("bioEnroll"), client.option("uv")), (Some(true), Some(true)));

    assert_eq!(fingers(&mut client, 5, Some(map([(1, id.clone()), (2, "right thumb".into())]))), Ok(None));
    assert_eq!(fingers(&mut client, 5, Some(map([(1, id.clone()), (2, "sixteen letters!".into())]))), Err(0x03));
    let listed = map([(7, Value::array([map([(1, id.clone()), (2, "right thumb".into())])]))]);
    assert_eq!(fingers(&mut client, 4, None), Ok(Some(listed)));
    assert_eq!(fingers(&mut client, 6, Some(map([(1, vec![1, 2, 3].into())]))), Err(0x2C));
    assert_eq!(fingers(&mut client, 6, Some(map([(1, id.clone())]))), Ok(None));
    assert_eq!(client.option("uv"), Some(false));
}

#[test]
fn an_enrollment_waits_for_the_finger_and_can_be_given_up() {
    let mut options = Options::bio(1);
    options.touch_timeout = Duration::from_millis(30);
    let (key, mut client) = Client::with_pin(options);
    key.set_touch(Touch::Never);
    let begun = fingers(&mut client, 1, None).unwrap().unwrap();
    assert!(client.keepalives > 0);
    assert_eq!((begun.get_int(5), begun.get_int(6)), (Some(&0x0D.into()), Some(&5.into())));
    assert_eq!(client.ctap(0x09, map([(1, 1.into()), (2, 3.into())])), Ok(None));
    let id = begun.get_int(4).unwrap().clone();
    assert_eq!(fingers(&mut client, 2, Some(map([(1, id)]))), Err(0x30));
}

#[test]
fn a_finger_stands_for_the_pin() {
    let (_, mut client) = Client::with_pin(Options::bio(1));
    enroll_finger(&mut client);
    let more = vec![(7, Value::map([("uv", true), ("rk", true)]))];
    assert_eq!(AuthData::of(&client.ask(0x01, registration("a.example", 1, more)).unwrap()).flags, 0x45);
}

#[test]
fn always_uv_asks_for_verification_everywhere() {
    let (key, mut client) = Client::with_pin(Options::new(1));
    let made = AuthData::of(&client.ask(0x01, registration("a.example", 1, vec![])).unwrap());
    assert_eq!(config(&mut client, 2, None), Ok(None));
    assert_eq!((client.option("alwaysUv"), client.option("makeCredUvNotRqd")), (Some(true), Some(false)));
    assert_eq!(client.ctap(0x01, registration("a.example", 1, vec![])), Err(0x36));
    let request = |more: Vec<(i32, Value)>| {
        let mut params =
            vec![(1, "a.example".into()), (2, HASH.to_vec().into()), (3, Value::array([named(&made.id)]))];
        params.extend(more);
        Value::map(params)
    };
    assert_eq!(client.ctap(0x02, request(vec![])), Err(0x36));
    assert!(client.ctap(0x02, request(vec![(5, Value::map([("up", false)]))])).is_ok());
    let token = client.token(2, PIN, 2, Some("a.example")).unwrap();
    assert!(client.ctap(0x02, request(vec![(6, token.sign(&HASH).into()), (7, 2.into())])).is_ok());
    assert_eq!(config(&mut client, 2, None), Ok(None));
    assert_eq!(client.option("alwaysUv"), Some(false));
    drop(key);
}

#[test]
fn the_minimum_pin_length_only_grows_and_forces_a_change() {
    let (key, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(config(&mut client, 3, Some(map([(1, 3.into())]))), Err(0x37));
    assert_eq!(config(&mut client, 3, Some(map([(1, 64.into())]))), Err(0x37));
    assert_eq!(config(&mut client, 3, Some(map([(1, 6.into())]))), Ok(None));
    assert_eq!(client.info().get_int(12), Some(&false.into()), "the PIN has six");
    let listed = Value::array(["a.example"]);
    assert_eq!(config(&mut client, 3, Some(map([(1, 8.into()), (2, listed)]))), Ok(None));
    let info = client.info();
    assert_eq!((info.get_int(13), info.get_int(12)), (Some(&8.into()), Some(&true.into())));
    assert_eq!(client.token(2, PIN, 4, None).err(), Some(0x37));
    assert_eq!(client.plain_token(2, PIN).err(), Some(0x31));
    assert_eq!(client.retries(), 8);
    assert_eq!(client.change_pin(2, PIN, "7654321"), Err(0x37));
    client.change_pin(2, PIN, "87654321").unwrap();
    assert_eq!(client.info().get_int(12), Some(&false.into()));
    let asked = |rp| registration(rp, 1, vec![(6, Value::map([("minPinLength", true)]))]);
    let told = AuthData::of(&client.ask(0x01, asked("a.example")).unwrap());
    assert_eq!(told.extensions, Some(Value::map([("minPinLength", 8)])));
    assert_eq!(AuthData::of(&client.ask(0x01, asked("b.example")).unwrap()).extensions, None);
    assert!(key.pin_is("87654321"));
}

#[test]
fn a_forced_change_must_be_one() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(config(&mut client, 3, Some(map([(3, true.into())]))), Ok(None));
    assert_eq!(client.change_pin(2, PIN, PIN), Err(0x37));
    client.change_pin(2, PIN, "654321").unwrap();
    let mut fresh = Client::new(&SoftAuthenticator::new(Options::new(2)));
    assert_eq!(fresh.ctap(0x0D, map([(1, 3.into()), (2, map([(3, true.into())]))])), Err(0x35));
}

#[test]
fn configuration_is_authenticated_as_soon_as_there_is_a_pin() {
    let mut fresh = Client::new(&SoftAuthenticator::new(Options::new(1)));
    assert_eq!(fresh.ctap(0x0D, map([(1, 3.into()), (2, map([(1, 6.into())]))])), Ok(None));
    assert_eq!(fresh.ctap(0x0D, map([(1, 1.into())])), Err(0x3E), "no enterprise attestation here");
    fresh.set_pin(2, PIN).unwrap();
    assert_eq!(fresh.ctap(0x0D, map([(1, 2.into())])), Err(0x36));
}

#[test]
fn enterprise_attestation_is_enabled_and_given_to_whom_it_is_for() {
    let mut options = Options::new(1);
    options.enterprise_attestation = true;
    options.enterprise_rp_ids = vec!["a.example".to_owned()];
    let (_, mut client) = Client::with_pin(options);
    let ask = |client: &mut Client, rp, kind: i32| {
        client.ask(0x01, registration(rp, 1, vec![(10, kind.into())])).map(|answer| answer.get_int(4).cloned())
    };
    assert_eq!(client.option("ep"), Some(false));
    assert_eq!(ask(&mut client, "a.example", 1), Err(0x02));
    assert_eq!(config(&mut client, 1, None), Ok(None));
    assert_eq!(client.option("ep"), Some(true));
    assert_eq!(ask(&mut client, "a.example", 1), Ok(Some(true.into())));
    assert_eq!(ask(&mut client, "b.example", 1), Ok(None));
    assert_eq!(ask(&mut client, "b.example", 2), Ok(Some(true.into())));
    assert_eq!(ask(&mut client, "b.example", 3), Err(0x2C));
}

fn array(bytes: usize) -> Vec<u8> {
    let array = encode(&Value::array([Value::Bytes(vec![7; bytes])]));
    [&array[..], &Sha256::digest(&array)[..16]].concat()
}

fn write(client: &mut Client, offset: usize, part: &[u8], whole: Option<usize>) -> Result<Option<Value>, u8> {
    let token = client.token(2, PIN, 0x10, None).unwrap();
    let place = (offset as u32).to_le_bytes();
    let message = [&[0xFF; 32][..], &[0x0C, 0], &place, &Sha256::digest(part)].concat();
    let mut params: Vec<(i32, Value)> =
        vec![(2, part.into()), (3, (offset as i32).into()), (5, token.sign(&message).into()), (6, 2.into())];
    params.extend(whole.map(|whole| (4, (whole as i32).into())));
    client.ctap(0x0C, Value::map(params))
}

fn read(client: &mut Client, offset: i32, get: i32) -> Result<Vec<u8>, u8> {
    let answer = client.ask(0x0C, map([(1, get.into()), (3, offset.into())]))?;
    Ok(answer.get_int(1).unwrap().as_bytes().unwrap().to_vec())
}

#[test]
fn large_blobs_are_written_in_fragments_and_read_again() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    let empty = data_encoding::HEXLOWER.decode(b"8076be8b528d0075f7aae98d6fa57a6d3c").unwrap();
    assert_eq!(read(&mut client, 0, 1000), Ok(empty.clone()));
    let blob = array(2000);
    assert_eq!(write(&mut client, 0, &blob[..1000], Some(blob.len())), Ok(None));
    assert_eq!(write(&mut client, 1000, &blob[1000..2000], None), Ok(None));
    assert_eq!(write(&mut client, 2000, &blob[2000..], None), Ok(None));
    assert_eq!([read(&mut client, 0, 1200).unwrap(), read(&mut client, 1200, 1200).unwrap()].concat(), blob);
    assert_eq!(read(&mut client, 0, 1217), Err(0x03));
    assert_eq!(read(&mut client, 4000, 1), Err(0x02));

    assert_eq!(write(&mut client, 5, &blob[5..50], None), Err(0x04), "nothing begun");
    assert_eq!(write(&mut client, 0, &blob[..10], Some(5000)), Err(0x42));
    assert_eq!(write(&mut client, 0, &blob[..10], None), Err(0x14));
    let mut spoiled = array(20);
    spoiled[3] ^= 1;
    assert_eq!(write(&mut client, 0, &spoiled, Some(spoiled.len())), Err(0x3D));
    assert_eq!(read(&mut client, 0, 10).unwrap(), blob[..10], "what was there still is");
    assert_eq!(client.ctap(0x0C, map([(2, empty.into()), (3, 0.into()), (4, 17.into())])), Err(0x36));
}

fn at_a_clock() -> (SoftAuthenticator, SimClock) {
    let clock = SimClock::manual(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    (SoftAuthenticator::new(Options { clock: clock.clone(), ..Options::new(1) }), clock)
}

#[test]
fn reset_is_taken_ten_seconds_from_power_up() {
    let (key, clock) = at_a_clock();
    let mut client = Client::new(&key);
    client.set_pin(2, PIN).unwrap();
    store(&mut client, "a.example", 1);
    clock.advance(Duration::from_secs(11));
    assert_eq!(client.raw(0x07, &[]), Err(0x30));
    key.pull();
    key.plug_in();
    let mut client = Client::new(&key);
    clock.advance(Duration::from_secs(9));
    assert_eq!(client.raw(0x07, &[]), Ok(None));
    assert!(!key.has_pin() && key.credentials().is_empty());
    assert_eq!(client.option("clientPin"), Some(false));
}

#[test]
fn reset_needs_a_touch() {
    let mut options = Options::new(1);
    options.touch_timeout = Duration::from_millis(30);
    let (key, mut client) = Client::with_pin(options);
    key.set_touch(Touch::Never);
    assert_eq!(client.raw(0x07, &[]), Err(0x2F));
    assert!(key.has_pin());
}

#[test]
fn what_a_key_lacks_it_does_not_know() {
    let mut options = Options::new(1);
    options.credential_management = Feature::Absent;
    options.config = false;
    options.large_blobs = false;
    let mut client = Client::new(&SoftAuthenticator::new(options));
    for command in [0x09, 0x0A, 0x0C, 0x0D, 0x40, 0x41] {
        assert_eq!(client.raw(command, &[0xA0]), Err(0x01), "{command:x}");
    }
    assert_eq!(client.option("authnrCfg"), None);
}
