//! Registrations and assertions.

use super::client::{AuthData, Client, HASH, PIN, map, registration, rk};
use glasskey::fido::cbor::Value;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use sha2::{Digest, Sha256};

fn descriptor(id: &[u8]) -> Value {
    Value::map([("id", Value::from(id)), ("type", "public-key".into())])
}

fn fresh() -> (SoftAuthenticator, Client) {
    let key = SoftAuthenticator::new(Options::new(1));
    let client = Client::new(&key);
    (key, client)
}

fn register(client: &mut Client, rp: &str, user: u8, more: Vec<(i32, Value)>) -> AuthData {
    AuthData::of(&client.ask(0x01, registration(rp, user, more)).unwrap())
}

fn request(rp: &str, more: Vec<(i32, Value)>) -> Value {
    let mut params = vec![(1, rp.into()), (2, HASH.to_vec().into())];
    params.extend(more);
    Value::map(params)
}

fn extensions(client: &mut Client, value: Value, more: Vec<(i32, Value)>) -> Result<Value, u8> {
    let mut all = vec![(6, value)];
    all.extend(more);
    client.ask(0x01, registration("example.com", 1, all))
}

#[test]
fn what_is_registered_signs() {
    for algorithm in [-7, -8] {
        let (key, mut client) = fresh();
        let wanted = Value::array([Value::map([("alg", Value::from(algorithm)), ("type", "public-key".into())])]);
        let made = register(&mut client, "example.com", 1, vec![(4, wanted)]);
        assert_eq!(made.rp_id_hash, Sha256::digest("example.com").to_vec());
        assert_eq!((made.flags, made.counter), (0x41, 1));
        assert_eq!(made.aaguid, key.options().aaguid.0);
        assert_eq!(made.key.get_int(3), Some(&algorithm.into()));
        let answer =
            client.ask(0x02, request("example.com", vec![(3, Value::array([descriptor(&made.id)]))])).unwrap();
        let data = AuthData::of(&answer);
        assert_eq!((data.flags, data.counter), (0x01, 2));
        assert_eq!(answer.get_int(1), Some(&descriptor(&made.id)));
        assert_eq!(answer.get_int(4), None, "no user for a credential that is not discoverable");
        data.verify(&made.key, answer.get_int(3).unwrap().as_bytes().unwrap());
    }
}

#[test]
fn a_credential_answers_only_its_own_relying_party() {
    let (_, mut client) = fresh();
    let made = register(&mut client, "example.com", 1, vec![]);
    let named = || (3, Value::array([descriptor(&made.id)]));
    assert_eq!(client.ctap(0x02, request("example.org", vec![named()])), Err(0x2E));
    assert_eq!(client.ctap(0x02, request("example.com", vec![])), Err(0x2E), "it is not discoverable");
    assert!(client.ctap(0x02, request("example.com", vec![named()])).is_ok());
}

#[test]
fn discoverable_credentials_come_newest_first() {
    let (_, mut client) = fresh();
    let made: Vec<AuthData> = (1..=3).map(|user| register(&mut client, "example.com", user, vec![rk()])).collect();
    register(&mut client, "other.example", 9, vec![rk()]);
    let first = client.ask(0x02, request("example.com", vec![])).unwrap();
    assert_eq!(first.get_int(5), Some(&3.into()));
    let mut answers = vec![first];
    for _ in 0..2 {
        answers.push(client.raw(0x08, &[]).unwrap().unwrap());
    }
    assert_eq!(client.raw(0x08, &[]), Err(0x30));
    for (answer, made) in answers.iter().zip(made.iter().rev()) {
        assert_eq!(answer.get_int(1), Some(&descriptor(&made.id)));
        assert_eq!(answer.get_int(4).unwrap().get_text("name"), None, "no names without verification");
        AuthData::of(answer).verify(&made.key, answer.get_int(3).unwrap().as_bytes().unwrap());
    }
    client.ask(0x02, request("example.com", vec![])).unwrap();
    client.info();
    assert_eq!(client.raw(0x08, &[]), Err(0x30), "another command ends the sequence");
}

#[test]
fn names_are_told_to_a_verified_platform_that_must_choose() {
    let (_, mut client) = Client::with_pin(Options::new(1));
    for user in 1..=2 {
        let token = client.token(2, PIN, 1, Some("example.com")).unwrap();
        register(&mut client, "example.com", user, vec![rk(), (8, token.sign(&HASH).into()), (9, 2.into())]);
    }
    let token = client.token(2, PIN, 2, Some("example.com")).unwrap();
    let answer =
        client.ask(0x02, request("example.com", vec![(6, token.sign(&HASH).into()), (7, 2.into())])).unwrap();
    assert_eq!(AuthData::of(&answer).flags, 0x05);
    assert_eq!(answer.get_int(4).unwrap().get_text("name"), Some(&"user2".into()));
}

#[test]
fn the_same_account_takes_its_own_place_and_slots_run_out() {
    let mut options = Options::new(1);
    options.slots = 2;
    let key = SoftAuthenticator::new(options);
    let mut client = Client::new(&key);
    for user in [1, 1, 2] {
        register(&mut client, "example.com", user, vec![rk()]);
    }
    assert_eq!(key.credentials().len(), 2);
    assert_eq!(client.info().get_int(20), Some(&0.into()));
    assert_eq!(client.ctap(0x01, registration("example.com", 3, vec![rk()])), Err(0x28));
    register(&mut client, "example.com", 3, vec![]);
    register(&mut client, "example.com", 2, vec![rk()]);
}

#[test]
fn an_excluded_credential_is_told_after_a_touch() {
    let (key, mut client) = fresh();
    let made = register(&mut client, "example.com", 1, vec![]);
    let exclude = || vec![(5, Value::array([descriptor(&[1]), descriptor(&made.id)]))];
    assert_eq!(client.ctap(0x01, registration("example.com", 2, exclude())), Err(0x19));
    assert!(client.ctap(0x01, registration("example.org", 2, exclude())).is_ok());
    key.set_touch(glasskey::sim::authenticator::Touch::After(std::time::Duration::from_millis(1)));
    assert_eq!(client.ctap(0x01, registration("example.com", 2, exclude())), Err(0x19));
    assert!(client.keepalives > 0);
}

#[test]
fn bad_registrations_are_refused_by_name() {
    let (_, mut client) = fresh();
    let algorithms = Value::array([Value::map([("alg", Value::from(-257)), ("type", "public-key".into())])]);
    let nine = Value::array((0..9).map(|_| descriptor(&[1])));
    let cases = [
        (vec![(4, algorithms)], 0x26),
        (vec![(4, 1.into())], 0x11),
        (vec![(1, vec![1; 31].into())], 0x03),
        (vec![(7, Value::map([("up", false)]))], 0x2C),
        (vec![(7, Value::map([("uv", true)]))], 0x2C),
        (vec![(5, nine)], 0x15),
        (vec![(3, Value::map([("id", Vec::new())]))], 0x03),
        (vec![(10, 1.into())], 0x02),
    ];
    for (more, status) in cases {
        assert_eq!(client.ctap(0x01, registration("example.com", 1, more.clone())), Err(status), "{more:?}");
    }
    assert_eq!(client.ctap(0x01, map([(1, HASH.to_vec().into())])), Err(0x14));
    assert_eq!(client.ctap(0x02, request("example.com", vec![(5, Value::map([("rk", true)]))])), Err(0x2B));
}

#[test]
fn a_silent_assertion_needs_no_touch() {
    let (key, mut client) = fresh();
    let made = register(&mut client, "example.com", 1, vec![]);
    key.set_touch(glasskey::sim::authenticator::Touch::Never);
    let more = vec![(3, Value::array([descriptor(&made.id)])), (5, Value::map([("up", false)]))];
    assert_eq!(AuthData::of(&client.ask(0x02, request("example.com", more)).unwrap()).flags, 0x00);
}

#[test]
fn cred_protect_hides_a_credential_from_the_unverified() {
    for (level, discovered, named) in [(1, true, true), (2, false, true), (3, false, false)] {
        let (_, mut client) = fresh();
        let answer = extensions(&mut client, Value::map([("credProtect", level)]), vec![rk()]).unwrap();
        let made = AuthData::of(&answer);
        assert_eq!(made.extensions, Some(Value::map([("credProtect", level)])));
        assert_eq!(client.ctap(0x02, request("example.com", vec![])).is_ok(), discovered, "{level}");
        let allowed = vec![(3, Value::array([descriptor(&made.id)]))];
        assert_eq!(client.ctap(0x02, request("example.com", allowed)).is_ok(), named, "{level}");
    }
    let (_, mut client) = fresh();
    assert_eq!(extensions(&mut client, Value::map([("credProtect", 4)]), vec![]), Err(0x2C));
}

#[test]
fn hmac_secret_gives_the_same_for_the_same_salt() {
    for protocol in [1_u8, 2] {
        let (_, mut client) = fresh();
        let made = AuthData::of(&extensions(&mut client, Value::map([("hmac-secret", true)]), vec![]).unwrap());
        assert_eq!(made.extensions, Some(Value::map([("hmac-secret", true)])));
        let mut get = |salts: &[u8]| {
            let shared = client.agree(protocol);
            let sealed = shared.seal(salts);
            let input = map([
                (1, shared.public.clone()),
                (2, sealed.clone().into()),
                (3, shared.mac(&sealed).into()),
                (4, i32::from(protocol).into()),
            ]);
            let more = vec![(3, Value::array([descriptor(&made.id)])), (4, Value::map([("hmac-secret", input)]))];
            let answer = client.ask(0x02, request("example.com", more))?;
            let data = AuthData::of(&answer);
            data.verify(&made.key, answer.get_int(3).unwrap().as_bytes().unwrap());
            Ok::<_, u8>(shared.open(data.extensions.unwrap().get_text("hmac-secret").unwrap().as_bytes().unwrap()))
        };
        let one = get(&[1; 32]).unwrap();
        let both = get(&[[1; 32], [2; 32]].concat()).unwrap();
        assert_eq!(one, both[..32]);
        assert_ne!(both[..32], both[32..]);
        assert_eq!(get(&[1; 48]), Err(0x03));
    }
}

#[test]
fn blobs_and_their_keys() {
    let (_, mut client) = fresh();
    let made = AuthData::of(&extensions(&mut client, Value::map([("credBlob", vec![5; 32])]), vec![rk()]).unwrap());
    assert_eq!(made.extensions, Some(Value::map([("credBlob", true)])));
    let asked = vec![(4, Value::map([("credBlob", true)]))];
    let data = AuthData::of(&client.ask(0x02, request("example.com", asked)).unwrap());
    assert_eq!(data.extensions, Some(Value::map([("credBlob", vec![5; 32])])));
    let long = AuthData::of(&extensions(&mut client, Value::map([("credBlob", vec![5; 33])]), vec![rk()]).unwrap());
    assert_eq!(long.extensions, Some(Value::map([("credBlob", false)])));

    let wants = || Value::map([("largeBlobKey", true)]);
    assert_eq!(extensions(&mut client, wants(), vec![]), Err(0x2C), "only for discoverable ones");
    let made = extensions(&mut client, wants(), vec![rk()]).unwrap();
    let key = made.get_int(5).unwrap().as_bytes().unwrap();
    assert_eq!(key.len(), 32);
    let answer = client.ask(0x02, request("example.com", vec![(4, wants())])).unwrap();
    assert_eq!(answer.get_int(7).and_then(Value::as_bytes), Some(key));
    assert_eq!(client.ask(0x02, request("example.com", vec![])).unwrap().get_int(7), None);
}

#[test]
fn long_names_are_cut_at_a_character() {
    let (key, mut client) = fresh();
    let user = Value::map([("id", Value::Bytes(vec![1])), ("name", format!("x{}", "ü".repeat(40)).into())]);
    register(&mut client, "example.com", 1, vec![(3, user), rk()]);
    assert_eq!(key.credentials()[0].user.as_deref(), Some(&*format!("x{}", "ü".repeat(31))));
}
