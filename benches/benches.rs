//! What glasskey spends time on, without a network or a key: `cargo bench`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use glasskey::aws::{Connector, Wire};
use glasskey::flow::enroll::{Request, enroll};
use glasskey::keys::Serial;
use glasskey::oath::{Name, New, Session};
use glasskey::person::{Notice, Person, Question};
use glasskey::platform::Interrupt;
use glasskey::secret::{Seed, WipingAllocator, on_wiped_stack};
use glasskey::sim::aws::Aws;
use glasskey::sim::clock::SimClock;
use glasskey::sim::fido_ports::SoftFidoPorts;
use glasskey::sim::oath_card::{Options, SoftKey, SoftPorts};
use glasskey::totp::{self, AWS, Clock, Kind, Step, Uri};
use glasskey::world::World;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// As in the binary: what is measured pays for its wiping.
#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

const SERIAL: u32 = 12_345_678;

/// Forty random bytes, as AWS's seeds.
fn seed() -> Seed {
    let mut raw = [0; 40];
    getrandom::fill(&mut raw).unwrap();
    Seed::from_bytes(&raw).unwrap()
}

fn codes(c: &mut Criterion) {
    let seed = seed();
    c.bench_function("totp::code, 40-byte seed", |b| b.iter(|| totp::code(&seed, AWS, black_box(Step(59_000_000)))));
    let uri = Uri::totp_text(Some("AWS"), "123456789012/alice", AWS, &seed);
    c.bench_function("otpauth URI, parse", |b| b.iter(|| Uri::parse(black_box(uri.as_bytes())).unwrap()));
    c.bench_function("base32, parse into a page of its own", |b| {
        let text = seed.to_base32();
        b.iter(|| Seed::from_base32(black_box(text.as_bytes())).unwrap());
    });
}

fn memory(c: &mut Criterion) {
    c.bench_function("on_wiped_stack, nothing to do", |b| b.iter(|| on_wiped_stack(|| black_box(0))));
    c.bench_function("on_wiped_stack, 64 KiB touched", |b| {
        b.iter(|| on_wiped_stack(|| black_box(&mut [1u8; 64 * 1024]).len()));
    });
    c.bench_function("a 4 KiB block, allocated and wiped", |b| b.iter(|| black_box(vec![1u8; 4096])));
}

fn applet(c: &mut Criterion) {
    let seed = seed();
    let name = Name::new(30, Some("AWS"), "123456789012/alice").unwrap();
    let new = New { name: &name, kind: Kind::Totp, params: AWS, touch: false, seed: &seed };
    c.bench_function("YKOATH SELECT and PUT, software key", |b| {
        b.iter_batched(
            || SoftKey::new(Options::new(SERIAL)),
            |key| Session::open(key.card()).unwrap().put(&new).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let key = SoftKey::new(Options::new(SERIAL));
    let mut session = Session::open(key.card()).unwrap();
    session.put(&new).unwrap();
    c.bench_function("YKOATH CALCULATE, software key", |b| {
        b.iter(|| session.code(&name, black_box(Step(59_000_000))).unwrap());
    });
}

/// Says yes, and listens to nothing.
struct Silent;

impl Person for Silent {
    fn is_there(&self) -> bool {
        false
    }

    fn tell(&mut self, _: &Notice) {}
    fn confirm(&mut self, _: &Question) -> Option<bool> {
        Some(true)
    }
}

/// A world with nothing in it but one key and the user alice.
fn world(state: &Path) -> World {
    let simulated = SimClock::host();
    let aws = Aws::new(simulated.clone());
    let _ = aws.add_user("alice");
    let interrupt = Interrupt::new().unwrap();
    let clock = Clock::new(Arc::new(simulated));
    World {
        ports: Box::new(SoftPorts(vec![SoftKey::new(Options::new(SERIAL))])),
        fido: Box::new(SoftFidoPorts(Vec::new())),
        aws: Connector {
            profile: None,
            region: None,
            wire: aws.wire(&aws.admin()),
            clock: clock.clone(),
            interrupt: interrupt.clone(),
            on_retry: Arc::new(|_| {}),
            on_wait: Arc::new(|_| {}),
        },
        person: Box::new(Silent),
        clock,
        interrupt,
        state: state.to_owned(),
    }
}

fn flows(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let request =
        Request { user: Some("alice".to_owned()), keys: vec![Serial(SERIAL)], approved: true, ..Request::default() };
    assert!(matches!(world(directory.path()).aws.wire, Wire::InProcess(..)));
    c.bench_function("enroll on one key, simulated AWS in process", |b| {
        b.iter_batched(
            || world(directory.path()),
            |mut world| assert_eq!(enroll(&request, &mut world).unwrap().devices.len(), 1),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, codes, memory, applet, flows);
criterion_main!(benches);
