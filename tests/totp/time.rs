//! RFC 6238 appendix B, and the clock.

use glasskey::secret::Seed;
use glasskey::totp::{AWS, Algorithm, Clock, HostClock, Params, Step, code, unix};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The appendix's table: time in seconds, then the codes of SHA-1, SHA-256 and SHA-512.
const APPENDIX_B: [(u64, [&str; 3]); 6] = [
    (59, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, ["65353130", "77737706", "47863826"]),
];

/// The appendix's seeds are the digits 1 to 0 repeated to the hash's length (its errata 2866).
fn seed(len: usize) -> Seed {
    Seed::from_bytes(&b"1234567890".repeat(7)[..len]).ok().unwrap()
}

#[test]
fn rfc_6238_appendix_b() {
    let algorithms = [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)];
    for (seconds, codes) in APPENDIX_B {
        let step = Step::at(UNIX_EPOCH + Duration::from_secs(seconds), 30);
        for ((algorithm, len), expected) in algorithms.into_iter().zip(codes) {
            for digits in 6..=8u8 {
                let code = code(&seed(len), Params { algorithm, digits, period: 30 }, step);
                let expected = &expected[8 - usize::from(digits)..];
                assert_eq!(code.expose(), expected, "{algorithm:?} at {seconds}, {digits} digits");
            }
        }
    }
}

#[test]
fn the_period_is_in_the_step_and_not_in_the_code() {
    let in_a_minute = UNIX_EPOCH + Duration::from_secs(119);
    assert_eq!((Step::at(in_a_minute, 60), Step::at(in_a_minute, 30)), (Step(1), Step(3)));
    let of = |period| code(&seed(20), Params { period, ..AWS }, Step(1));
    assert!(of(30).matches(&of(60)));
    assert_eq!(of(30).expose(), "287082", "appendix B at 59 seconds is step 1");
}

#[test]
fn steps_begin_and_end_where_time_says() {
    let begin = Step(2).begins(30);
    assert_eq!(begin, UNIX_EPOCH + Duration::from_secs(60));
    assert_eq!(Step::at(begin, 30), Step(2));
    assert_eq!(Step::at(begin - Duration::from_nanos(1), 30), Step(1));
    assert_eq!(Step::at(UNIX_EPOCH - Duration::from_secs(1), 30), Step(0));
    assert_eq!((Step(0).previous(), Step(u64::MAX).next()), (Step(0), Step(u64::MAX)));
}

#[test]
fn seeds_shorter_than_the_rfc_asks_for_still_count() {
    // Services do give 80-bit seeds; RFC 4226 §4 asks for 128.
    let short = Seed::from_bytes(b"1234567890").ok().unwrap();
    assert_eq!(code(&short, AWS, Step(1)).expose().len(), 6);
}

/// A host's clock that stands still.
struct Stopped(SystemTime);

impl HostClock for Stopped {
    fn now(&self) -> SystemTime {
        self.0
    }

    fn sleep(&self, _: Duration) -> bool {
        true
    }
}

#[test]
fn the_clock_follows_aws_in_both_directions() {
    let host = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let clock = Clock::new(Arc::new(Stopped(host)));
    assert_eq!((clock.ahead_seconds(), clock.now()), (None, host));

    let behind = host - Duration::from_secs(74);
    clock.heard(behind, host);
    assert_eq!((clock.ahead_seconds(), clock.now(), clock.host_now()), (Some(74), behind, host));

    let ahead = host + Duration::from_secs(600);
    clock.clone().heard(ahead, host);
    assert_eq!((clock.ahead_seconds(), clock.now()), (Some(-600), ahead), "clones share the correction");
}

#[test]
fn a_time_more_than_a_day_off_is_believed_only_once_aws_takes_a_signature_by_it() {
    let host = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let days = |days: u64| Duration::from_secs(days * 86_400);
    for far in [host + days(3000), host - days(3000), UNIX_EPOCH, Step(u64::MAX).begins(30)] {
        let clock = Clock::new(Arc::new(Stopped(host)));
        clock.heard(far, host);
        assert_eq!((clock.ahead_seconds(), clock.now()), (None, host), "not believed");
        let trial = clock.try_doubted().unwrap();
        assert_eq!(clock.now(), far, "while it is tried");
        assert!(clock.try_doubted().is_none(), "once");
        trial.end(false);
        assert_eq!((clock.ahead_seconds(), clock.now()), (None, host), "not taken");
        clock.heard(far, host);
        clock.try_doubted().unwrap().end(true);
        // From here on it is what other times are compared with.
        clock.heard(far + Duration::from_secs(2), host);
        assert_eq!(clock.now(), far + Duration::from_secs(2));
        clock.heard(host + Duration::from_secs(7), host);
        assert_eq!(clock.ahead_seconds(), Some(-7), "the host's clock was put right");
        assert!(clock.try_doubted().is_none());
    }
}

#[test]
fn no_step_is_too_late_to_say_when_it_begins() {
    let last = Step(u64::MAX).begins(u32::MAX);
    assert_eq!((Step(u64::MAX).begins(30), unix(last)), (last, 253_402_300_799));
    assert_eq!(Step(0).begins(30), UNIX_EPOCH);
}
