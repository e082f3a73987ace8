//! One's own access key under policies that want MFA: in process, since every session takes a code of its own, and only
//! a simulated clock need not be waited for.

use crate::enroll::api;
use glasskey::aws::Connector;
use glasskey::flow;
use glasskey::flow::access_key::{KeyRequest, OldKey, SecretTo};
use glasskey::flow::enroll::Request;
use glasskey::flow::rotate::RotateRequest;
use glasskey::flow::seed_sinks::CommandTo;
use glasskey::keys::Serial;
use glasskey::person::{Notice, OwnKey, Person, Question};
use glasskey::platform::Interrupt;
use glasskey::sim::aws::{self, Aws};
use glasskey::sim::clock::SimClock;
use glasskey::sim::oath_card::{Options, SoftKey, SoftPorts};
use glasskey::totp::Clock;
use glasskey::world::World;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// Nothing about access keys without MFA.
const WITH_MFA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*AccessKey*","Resource":"*",
    "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;

struct Outside {
    aws: Aws,
    clock: SimClock,
    keys: Vec<SoftKey>,
    alice: aws::Keys,
    home: TempDir,
    told: Arc<Mutex<Vec<Notice>>>,
}

impl Outside {
    /// Alice has the device `alice`, on the first key, and a policy that wants it.
    fn new() -> Self {
        let clock = SimClock::manual(UNIX_EPOCH + Duration::from_secs(1_795_435_203));
        let aws = Aws::new(clock.clone());
        let keys: Vec<SoftKey> = (0..2).map(|nth| SoftKey::new(Options::new(12_345_678 + nth))).collect();
        let alice = api::free_user(&aws, "alice");
        let world = Self { aws, clock, keys, alice, home: tempfile::tempdir().unwrap(), told: Arc::default() };
        let request = new_device(12_345_678);
        flow::enroll::enroll(&request, &mut world.world(&world.aws.admin())).unwrap();
        world.aws.allow("alice", WITH_MFA).unwrap();
        world.clock.advance(Duration::from_secs(200));
        world
    }

    fn world(&self, keys: &aws::Keys) -> World {
        let clock = Clock::new(Arc::new(self.clock.clone()));
        let interrupt = Interrupt::new().unwrap();
        World {
            ports: Box::new(SoftPorts(self.keys.clone())),
            fido: Box::new(glasskey::sim::fido_ports::SoftFidoPorts(Vec::new())),
            aws: Connector {
                profile: None,
                region: None,
                wire: self.aws.wire(keys),
                clock: clock.clone(),
                interrupt: interrupt.clone(),
                on_retry: Arc::new(|_| {}),
                on_wait: Arc::new(|_| {}),
            },
            person: Box::new(Yes(Arc::clone(&self.told))),
            clock,
            interrupt,
            state: self.home.path().join("state"),
        }
    }

    fn request(&self) -> KeyRequest {
        let line = format!("cat >{}", self.home.path().join("taken").display());
        KeyRequest {
            user: "alice".to_owned(),
            to: SecretTo::Command(CommandTo { line, timeout: Duration::from_secs(20) }),
            format: glasskey::sink::SecretFormat::Env,
            replace: None,
            make_room: None,
            keep_old: false,
            dry_run: false,
            approved: true,
        }
    }

    fn count(&self, action: &str) -> usize {
        let calls = self.aws.calls();
        calls.iter().filter(|call| call.action == action && call.status == 200).count()
    }

    /// Alice has one access key, and the secret of that was taken.
    fn is_rotated(&self) {
        let keys = self.aws.access_keys("alice");
        assert!(keys.len() == 1 && keys[0].id != self.alice.access_key_id, "{keys:?}");
        let taken = std::fs::read_to_string(self.home.path().join("taken")).unwrap();
        assert!(taken.contains(&**self.aws.secret_of(&keys[0].id).unwrap()), "{}", keys[0].id);
    }
}

fn new_device(key: u32) -> Request {
    let user = Some("alice".to_owned());
    Request { user, keys: vec![Serial(key)], approved: true, ..Request::default() }
}

struct Yes(Arc<Mutex<Vec<Notice>>>);

impl Person for Yes {
    fn is_there(&self) -> bool {
        true
    }
    fn tell(&mut self, notice: &Notice) {
        self.0.lock().unwrap().push(notice.clone());
    }
    fn confirm(&mut self, _: &Question) -> Option<bool> {
        Some(true)
    }
}

/// Even looking wants a session; what follows the hand-over is done through another, opened with the new key.
#[test]
fn a_session_for_each_of_the_two_keys() {
    let world = Outside::new();
    let done = flow::access_key::rotate_access_key(&world.request(), &mut world.world(&world.alice)).unwrap();
    assert_eq!((done.old, done.plan.own), (OldKey::Deleted, OwnKey::Signs));
    world.is_rotated();
    assert_eq!((world.count("GetSessionToken"), done.plan.session), (2, Some(api_arn(&world, "alice"))));
    // With a session's credentials it is not known which key opened it, and nothing is opened.
    let keys = world.aws.access_keys("alice");
    let secret_access_key = world.aws.secret_of(&keys[0].id).unwrap().to_string();
    let alice = aws::Keys { access_key_id: keys[0].id.clone(), secret_access_key, session_token: None };
    world.clock.advance(Duration::from_secs(200));
    let session = api::mfa_session(&world.aws, &alice, &api_arn(&world, "alice"));
    let done = flow::access_key::rotate_access_key(&world.request(), &mut world.world(&session)).unwrap();
    assert_eq!((done.old, done.plan.own, done.plan.session), (OldKey::Deleted, OwnKey::NotKnown, None));
    world.is_rotated();
}

/// The new device opens the sessions for the access key.
#[test]
fn the_device_and_then_the_access_key() {
    let world = Outside::new();
    let request = RotateRequest { new: new_device(12_345_679), from: Some("alice".to_owned()), ..Default::default() };
    let (device, key) =
        flow::rotate::rotate_with_access_key(&request, &world.request(), &mut world.world(&world.alice)).unwrap();
    assert_eq!(key.unwrap().old, OldKey::Deleted);
    world.is_rotated();
    let arns: Vec<String> = world.aws.devices().into_iter().map(|device| device.arn).collect();
    assert_eq!(arns, [device.enrolled.devices[0].arn.to_string()]);
    // With the old device, to look and to act; with the new one, as a proof and with the new key.
    assert_eq!(world.count("GetSessionToken"), 4);
}

/// The old device's key is not here: the access key alone is tried, and the policy's answer is told.
#[test]
fn without_a_key_it_is_the_policys_word() {
    let world = Outside::new();
    world.keys[0].pull();
    let failed = flow::access_key::rotate_access_key(&world.request(), &mut world.world(&world.alice)).unwrap_err();
    assert!(matches!(failed.cause, flow::Cause::Aws(glasskey::aws::Error::Denied { .. })), "{failed:?}");
    assert!(failed.left.is_empty() && world.aws.access_keys("alice").len() == 1);
}

/// AWS never comes to know the new key: it is waited for a minute and a half, and goes again.
#[test]
fn a_key_that_stays_unknown_goes_again() {
    let world = Outside::new();
    world.aws.set_key_propagation(Duration::from_secs(1000));
    let before = world.clock.now();
    let failed =
        flow::access_key::rotate_access_key(&world.request(), &mut world.world(&world.aws.admin())).unwrap_err();
    assert!(
        matches!(
            failed.cause,
            flow::Cause::Refused(flow::Refusal::AccessKey(flow::AccessKeyRefusal::KeyNotKnown { seconds: 90, .. }))
        ),
        "{failed:?}"
    );
    assert_eq!(world.clock.now().duration_since(before).unwrap().as_secs(), 90);
    assert!(failed.left.is_empty() && !world.home.path().join("taken").exists());
    let keys = world.aws.access_keys("alice");
    assert!(keys.len() == 1 && keys[0].id == world.alice.access_key_id && keys[0].active, "{keys:?}");
    let told = world.told.lock().unwrap();
    assert!(told.iter().any(|notice| matches!(notice, Notice::Waiting { .. })));
}

fn api_arn(world: &Outside, device: &str) -> String {
    format!("arn:aws:iam::{}:mfa/{device}", world.aws.account())
}
