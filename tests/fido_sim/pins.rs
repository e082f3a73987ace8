//! PINs: both protocols, retries, blocking, policy, tokens and what they are good for.

use super::client::{Client, HASH, PIN, map, registration};
use glasskey::fido::cbor::Value;
use glasskey::sim::authenticator::{Options, SoftAuthenticator, Touch, Uv};
use std::time::Duration;

#[test]
fn a_pin_is_set_and_changed_under_both_protocols() {
    for protocol in [1, 2] {
        let key = SoftAuthenticator::new(Options::new(1));
        let mut client = Client::new(&key);
        assert_eq!(client.plain_token(protocol, PIN).err(), Some(0x35));
        client.set_pin(protocol, PIN).unwrap();
        assert!(key.pin_is(PIN));
        assert_eq!(client.option("clientPin"), Some(true));
        assert_eq!(client.set_pin(protocol, "654321"), Err(0x30));
        client.change_pin(protocol, PIN, "ÄÖÜß").unwrap();
        assert!(key.pin_is("ÄÖÜß") && !key.pin_is(PIN));
        client.plain_token(protocol, "ÄÖÜß").unwrap();
    }
}

#[test]
fn a_pin_is_four_code_points_to_63_bytes() {
    let key = SoftAuthenticator::new(Options::new(1));
    let mut client = Client::new(&key);
    for (pin, status) in [("123", 0x37), ("äöü", 0x37), ("", 0x37), (&"1".repeat(64), 0x37), (&"1".repeat(65), 0x02)]
    {
        assert_eq!(client.set_pin(2, pin), Err(status), "{pin}");
    }
    client.set_pin(2, &"1".repeat(63)).unwrap();
}

#[test]
fn three_wrong_pins_in_a_row_block_until_the_key_is_plugged_in_again() {
    for protocol in [1, 2] {
        let (key, mut client) = Client::with_pin(Options::new(1));
        assert_eq!(client.plain_token(protocol, "wrong").err(), Some(0x31));
        assert_eq!(client.token(protocol, "wrong", 4, None).err(), Some(0x31));
        assert_eq!(client.change_pin(protocol, "wrong", "123456"), Err(0x34));
        assert_eq!(client.retries(), 5);
        assert_eq!(client.plain_token(protocol, PIN).err(), Some(0x34), "the right one is not looked at");
        assert_eq!(client.retries(), 5);
        key.pull();
        key.plug_in();
        let mut client = Client::new(&key);
        client.plain_token(protocol, PIN).unwrap();
        assert_eq!(client.retries(), 8);
    }
}

#[test]
fn eight_wrong_pins_block_for_good() {
    let (key, mut client) = Client::with_pin(Options::new(1));
    let mut seen = Vec::new();
    for _ in 0..3 {
        for _ in 0..3 {
            seen.extend(client.plain_token(2, "wrong").err());
        }
        key.pull();
        key.plug_in();
        client = Client::new(&key);
    }
    assert_eq!(seen, [0x31, 0x31, 0x34, 0x31, 0x31, 0x34, 0x31, 0x32, 0x32]);
    assert_eq!(client.retries(), 0);
    assert_eq!(client.plain_token(2, PIN).err(), Some(0x32));
    assert_eq!(client.change_pin(2, PIN, "123456"), Err(0x32));
    client.raw(0x07, &[]).unwrap();
    assert_eq!(client.retries(), 8);
}

#[test]
fn a_wrong_mac_costs_no_attempt() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    let shared = client.agree(2);
    let sealed = shared.seal(&[0; 64]);
    let params = map([
        (1, 2.into()),
        (2, 4.into()),
        (3, shared.public.clone()),
        (4, vec![0; 32].into()),
        (5, sealed.into()),
        (6, shared.seal(&[0; 16]).into()),
    ]);
    assert_eq!(client.ctap(0x06, params), Err(0x33));
    assert_eq!(client.retries(), 8);
}

#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    let point =
        map([(1, 2.into()), (3, (-25).into()), (-1, 1.into()), (-2, vec![1; 32].into()), (-3, vec![1; 32].into())]);
    let params = map([(1, 2.into()), (2, 5.into()), (3, point), (6, vec![0; 32].into())]);
    assert_eq!(client.ctap(0x06, params), Err(0x02));
    assert_eq!(client.retries(), 8);
}

fn signed(rp: &str, signature: Vec<u8>, protocol: i32, more: Vec<(i32, Value)>) -> Value {
    let mut all = vec![(8, signature.into()), (9, protocol.into())];
    all.extend(more);
    registration(rp, 1, all)
}

#[test]
fn a_token_registers_under_both_protocols() {
    for protocol in [1, 2] {
        let (_, mut client) = Client::with_pin(Options::new(1));
        let token = client.token(protocol, PIN, 1, Some("example.com")).unwrap();
        let answer = client.ask(0x01, signed("example.com", token.sign(&HASH), protocol.into(), vec![])).unwrap();
        assert_eq!(super::client::AuthData::of(&answer).flags, 0x45);
    }
}

#[test]
fn a_token_is_good_for_its_permission_its_relying_party_and_one_touch() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    let token = client.token(2, PIN, 1, Some("example.com")).unwrap();
    assert_eq!(client.ctap(0x01, signed("example.org", token.sign(&HASH), 2, vec![])), Err(0x33));
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&[0; 32]), 2, vec![])), Err(0x33));
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&HASH), 1, vec![])), Err(0x33));
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&HASH), 3, vec![])), Err(0x02));
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&HASH)[..16].to_vec(), 2, vec![])), Err(0x33));
    client.ask(0x01, signed("example.com", token.sign(&HASH), 2, vec![])).unwrap();
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&HASH), 2, vec![])), Err(0x33), "spent");
    let managing = client.token(2, PIN, 4, None).unwrap();
    assert_eq!(client.ctap(0x01, signed("example.com", managing.sign(&HASH), 2, vec![])), Err(0x33));
}

#[test]
fn permissions_must_be_given_and_known_and_bound() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(client.token(2, PIN, 0, None).err(), Some(0x02));
    assert_eq!(client.token(2, PIN, 1, None).err(), Some(0x14));
    assert_eq!(client.token(2, PIN, 8, None).err(), Some(0x40), "it has no sensor");
    assert_eq!(client.retries(), 8);
}

#[test]
fn a_new_pin_ends_the_tokens_of_the_old_one() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    let token = client.token(2, PIN, 1, Some("example.com")).unwrap();
    client.change_pin(2, PIN, "654321").unwrap();
    assert_eq!(client.ctap(0x01, signed("example.com", token.sign(&HASH), 2, vec![])), Err(0x33));
}

#[test]
fn with_a_pin_a_discoverable_credential_needs_it() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    assert_eq!(client.ctap(0x01, registration("example.com", 1, vec![super::client::rk()])), Err(0x36));
    client.ask(0x01, registration("example.com", 1, vec![])).unwrap();
    let (_, mut old) = Client::with_pin(Options::old(1));
    assert_eq!(old.ctap(0x01, registration("example.com", 1, vec![])), Err(0x36));
}

#[test]
fn an_empty_signature_chooses_a_key_by_touch() {
    let key = SoftAuthenticator::new(Options::new(1));
    let mut client = Client::new(&key);
    let empty = || registration("example.com", 1, vec![(8, Vec::new().into()), (9, 1.into())]);
    key.set_touch(Touch::After(Duration::from_millis(1)));
    assert_eq!(client.ctap(0x01, empty()), Err(0x35));
    client.set_pin(1, PIN).unwrap();
    assert_eq!(client.ctap(0x01, empty()), Err(0x31));
    assert_eq!(client.retries(), 8);
}

#[test]
fn an_old_key_knows_only_its_own_protocol_and_token() {
    let (_, mut client) = Client::with_pin(Options::old(1));
    client.plain_token(1, PIN).unwrap();
    assert_eq!(client.token(1, PIN, 4, None).err(), Some(0x3E));
    assert_eq!(client.ctap(0x06, map([(1, 2.into()), (2, 2.into())])), Err(0x02));
}

#[test]
fn a_finger_gives_a_token_and_wrong_fingers_are_counted() {
    let (key, mut client) = Client::with_pin(Options::bio(1));
    let ask = |client: &mut Client| {
        let shared = client.agree(2);
        client.ask(0x06, map([(1, 2.into()), (2, 6.into()), (3, shared.public.clone()), (9, 4.into())]))
    };
    assert_eq!(ask(&mut client), Err(0x30), "no finger is enrolled");
    super::management::enroll_finger(&mut client);
    assert!(ask(&mut client).is_ok());
    key.set_uv(Uv::NoMatch);
    assert_eq!(ask(&mut client), Err(0x3F));
    let left = |client: &mut Client| client.ask(0x06, map([(2, 7.into())])).unwrap().get_int(5).cloned();
    assert_eq!(left(&mut client), Some(2.into()));
    assert_eq!(ask(&mut client), Err(0x3F));
    assert_eq!(ask(&mut client), Err(0x3C));
    key.set_uv(Uv::Match);
    assert_eq!(ask(&mut client), Err(0x3C));
    client.plain_token(2, PIN).unwrap();
    assert_eq!(left(&mut client), Some(3.into()), "the PIN helps");
}
