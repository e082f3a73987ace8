//! The library in a process of its own, where the shim can be preloaded or the kernel is another: this test binary
//! again, with one step to do.

use crate::judges::bench::{Bench, run};
use glasskey::fido::hid::HidPorts;
use glasskey::fido::{
    self, AssertionRequest, Attempt, Ctap2, Descriptor, ES256, Error, FidoPorts, NewCredential, NewExtensions,
    Permissions, RelyingParty, User,
};
use glasskey::platform::Interrupt;
use glasskey::secret::Password;
use std::env;

const PIN: &str = "246810";
const NEW_PIN: &str = "crème brûlée";
const HASH: [u8; 32] = [7; 32];

/// A key's whole life through the library: as it comes, with a PIN, and reset.
pub(crate) fn library(bench: &mut dyn Bench) {
    ask(bench, 0, "set-up");
    ask(bench, 0, "use");
    bench.replug(0);
    ask(bench, 0, "reset");
}

/// Has a probe do a step with the n-th key.
#[track_caller]
pub(crate) fn ask(bench: &dyn Bench, nth: usize, step: &str) {
    let mut command = bench.command(env::current_exe().unwrap().as_os_str());
    command.args(["--ignored", "--exact", "hid::probe::probe", "--nocapture"]);
    command.env("GLASSKEY_TEST_STEP", step).env("GLASSKEY_TEST_NODE", bench.node(nth));
    let said = run(command, "");
    assert!(said.contains("1 passed"), "the probe ran: {said}");
}

#[test]
#[ignore = "a step of other tests"]
fn probe() {
    // Nothing to do when somebody runs every ignored test.
    let (Ok(step), Ok(node)) = (env::var("GLASSKEY_TEST_STEP"), env::var("GLASSKEY_TEST_NODE")) else { return };
    match &*step {
        "set-up" => set_up(&mut open(&node)),
        "use" => use_it(&mut open(&node)),
        "reset" => reset(&mut open(&node)),
        "denied" => denied(&node),
        "gone" => gone(&node),
        _ => panic!("no step {step}"),
    }
}

fn open(node: &str) -> Ctap2 {
    let listed = HidPorts.list().unwrap();
    assert!(listed.iter().any(|found| found.path == node), "{node} in {listed:?}");
    fido::open(&HidPorts, node, &Interrupt::new().unwrap()).unwrap()
}

fn password(pin: &str) -> Password {
    Password::new(pin.to_owned())
}

fn set_up(key: &mut Ctap2) {
    let info = key.info().unwrap();
    assert!(info.versions.contains(&"FIDO_2_1".to_owned()), "{info:?}");
    assert_eq!(info.pin_set(), Some(false));
    key.ping(&[0xA5; 1000]).unwrap();
    key.wink().unwrap();
    assert!(glasskey::keys::device_over_hid(key).unwrap().is_some());

    key.set_pin(&password(PIN)).unwrap();
    assert_eq!(key.info().unwrap().pin_set(), Some(true));
    assert!(matches!(key.set_pin(&password(PIN)), Err(Error::PinAlreadySet)));
    assert!(matches!(key.verify_pin(Attempt::new(&password("246811"))), Err(Error::PinWrong { .. })));
    assert_eq!(key.pin_retries().unwrap().left, 7);
    key.change_pin(Attempt::new(&password(PIN)), &password(NEW_PIN)).unwrap();
    key.verify_pin(Attempt::new(&password(NEW_PIN))).unwrap();
    assert_eq!(key.pin_retries().unwrap().left, 8);
}

fn use_it(key: &mut Ctap2) {
    let rp = RelyingParty { id: "example.com".to_owned(), name: Some("Example".to_owned()) };
    let pin = password(NEW_PIN);
    let mut touches = 0;
    let mut made = Vec::new();
    for (name, resident) in [("alice", true), ("bob", false)] {
        let both = Permissions(Permissions::MAKE_CREDENTIAL.0 | Permissions::GET_ASSERTION.0);
        let token = key.token(Attempt::new(&pin), both, Some(&rp.id)).unwrap();
        let user = User { id: name.into(), name: Some(name.to_owned()), display_name: Some(name.to_uppercase()) };
        let request = NewCredential {
            client_data_hash: &HASH,
            rp: &rp,
            user: &user,
            algorithms: &[ES256],
            exclude: &[],
            resident,
            built_in_uv: false,
            enterprise: None,
            extensions: NewExtensions::default(),
            token: Some(&token),
            timeout: None,
        };
        let credential = key.make_credential(&request, &mut || touches += 1).unwrap();
        assert_eq!(credential.format, "packed");
        assert!(credential.auth_data.flags.user_verified());
        let id = credential.auth_data.credential.unwrap().id;
        made.push(Descriptor { id, transports: Vec::new() });

        let token = key.token(Attempt::new(&pin), both, Some(&rp.id)).unwrap();
        let again = NewCredential { exclude: &made, token: Some(&token), ..request };
        let refused = key.make_credential(&again, &mut || touches += 1).map(drop);
        assert!(matches!(refused, Err(Error::Excluded)), "{refused:?}");
    }

    for allow in [&made[..1], &made[1..], &[]] {
        let token = key.token(Attempt::new(&pin), Permissions::GET_ASSERTION, Some(&rp.id)).unwrap();
        let request = AssertionRequest { allow, token: Some(&token), ..AssertionRequest::new(&rp.id, &HASH) };
        let assertions = key.get_assertion(&request, &mut || touches += 1).unwrap();
        assert_eq!(assertions.len(), 1);
        assert_eq!(assertions[0].credential_id, allow.first().unwrap_or(&made[0]).id);
        assert!(assertions[0].auth_data.flags.user_verified());
    }

    let token = key.token(Attempt::new(&pin), Permissions::CREDENTIAL_MANAGEMENT, None).unwrap();
    assert_eq!(key.credential_count(&token).unwrap().existing, 1);
    let parties = key.relying_parties(&token).unwrap();
    assert_eq!(parties.iter().map(|party| party.id.as_deref()).collect::<Vec<_>>(), [Some("example.com")]);
    let stored = key.credentials(&token, &parties[0].id_hash).unwrap();
    assert_eq!(stored.iter().map(|one| one.user.name.as_deref()).collect::<Vec<_>>(), [Some("alice")]);
    key.delete_credential(&token, &made[0]).unwrap();
    assert_eq!(key.credential_count(&token).unwrap().existing, 0);
}

fn reset(key: &mut Ctap2) {
    key.reset(&mut || {}).unwrap();
    assert_eq!(key.info().unwrap().pin_set(), Some(false));
}

fn denied(node: &str) {
    let listed = HidPorts.list();
    let why = HidPorts.open(node).map(drop).unwrap_err();
    assert!(matches!(why, Error::NoPermission { .. }), "{why:?}, listed: {listed:?}");
}

fn gone(node: &str) {
    let why = HidPorts.open(node).map(drop).unwrap_err();
    assert!(matches!(why, Error::NoDevice { .. }), "{why:?}");
}
