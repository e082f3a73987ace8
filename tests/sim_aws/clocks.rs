//! The simulated clock moves when told, and nobody really waits.

use glasskey::sim::clock::{SimClock, SkewedClock};
use glasskey::totp::HostClock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_manual_clock_stands_until_it_is_moved() {
    let start = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let clock = SimClock::manual(start);
    let shared = clock.clone();
    assert_eq!(clock.now(), start);
    shared.advance(MINUTE);
    assert_eq!(clock.now(), start + MINUTE);
    let before = Instant::now();
    assert!(HostClock::sleep(&clock, Duration::from_secs(3600)));
    assert!(before.elapsed() < Duration::from_secs(5));
    assert_eq!(clock.now(), start + MINUTE + Duration::from_secs(3600));
}

#[test]
fn a_clock_that_follows_the_host_keeps_its_offset() {
    let clock = SimClock::host();
    let ahead = |clock: &SimClock| {
        let host = SystemTime::now();
        clock.now().duration_since(host).map_or_else(|e| -e.duration().as_secs_f64(), |d| d.as_secs_f64())
    };
    let about = |seconds: f64| assert!((ahead(&clock) - seconds).abs() < 2.0, "{} is not {seconds}", ahead(&clock));
    about(0.0);
    clock.set_offset_seconds(-74);
    about(-74.0);
    clock.advance(MINUTE);
    about(-14.0);
    clock.advance(MINUTE);
    about(46.0);
    clock.set_offset_seconds(600);
    about(600.0);
}

#[test]
fn a_skewed_computer_is_wrong_by_a_constant() {
    let clock = SimClock::manual(UNIX_EPOCH + Duration::from_secs(1_000_000));
    let fast = SkewedClock { clock: clock.clone(), ahead: 74 };
    let slow = SkewedClock { clock: clock.clone(), ahead: -600 };
    assert_eq!(HostClock::now(&fast), clock.now() + Duration::from_secs(74));
    assert_eq!(HostClock::now(&slow), clock.now() - Duration::from_secs(600));
    assert!(fast.sleep(MINUTE));
    assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(1_000_060), "its waiting moves AWS's time too");
}
