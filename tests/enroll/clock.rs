//! A host whose clock is wrong. Codes are computed by AWS's time, and the person is told which way and how far.

use crate::support::{Run, Simulated, run};

/// Enrolls while AWS is this many seconds ahead of the host (negative: behind).
fn enroll(aws_ahead: i64, more: &[&str]) -> (Simulated, Run) {
    let world = Simulated::with_keys(2);
    world.aws.clock().set_offset_seconds(aws_ahead);
    let args = world.enroll_args();
    let done = run(&mut world.glasskey(args.iter().map(String::as_str).chain(more.iter().copied())));
    (world, done)
}

/// The seconds and the direction of the one warning there is.
fn warning(done: &Run) -> (i64, &str) {
    let mut warnings = done.stderr.lines().filter(|line| line.contains("warning:"));
    let line = warnings.next().unwrap_or_else(|| panic!("no warning: {done:?}"));
    assert_eq!(warnings.next(), None, "{done:?}");
    let words = line.strip_prefix("glasskey: warning: this computer's clock is ").unwrap();
    let (seconds, rest) = words.split_once(" s ").unwrap();
    let (way, rest) = rest.split_once(" AWS").unwrap();
    assert_eq!(rest, "; codes are computed by AWS's time");
    (seconds.parse().unwrap(), way)
}

#[test]
fn the_host_is_fast() {
    let (world, done) = enroll(-74, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let (seconds, way) = warning(&done);
    // A Date header counts whole seconds.
    assert!((73..=74).contains(&seconds) && way == "ahead of", "{done:?}");
    // Two and a half steps off, and yet in step.
    world.alice_is_enrolled().unwrap();
    assert!(!done.stderr.contains("trying again"), "74 s are within AWS's five minutes: {done:?}");
}

#[test]
fn the_host_is_ten_minutes_slow() {
    let (world, done) = enroll(600, &["--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let (seconds, way) = warning(&done);
    assert!((599..=600).contains(&seconds) && way == "behind", "{done:?}");
    assert!(done.json()["clock_ahead_seconds"].as_i64().is_some_and(|ahead| (-600..=-599).contains(&ahead)));
    world.alice_is_enrolled().unwrap();
    // The first three go together. Each is refused once for its signing time, corrected by that very reply, and never again.
    let calls = world.aws.calls();
    let (first, later) = calls.split_at(3);
    assert!(first.iter().all(|call| call.code.as_deref() == Some("SignatureDoesNotMatch")), "{calls:?}");
    let actions: std::collections::BTreeSet<&str> = first.iter().map(|call| &*call.action).collect();
    assert!(actions.len() == 3 && later.iter().all(|call| call.status == 200), "{calls:?}");
    assert_eq!(calls.len(), 9);
}

#[test]
fn the_host_is_ten_minutes_fast() {
    let (world, done) = enroll(-600, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    let (seconds, way) = warning(&done);
    assert!((599..=600).contains(&seconds) && way == "ahead of", "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_clock_that_is_right_is_not_spoken_of() {
    let (world, done) = enroll(0, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!done.stderr.contains("clock"), "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_few_seconds_are_corrected_without_a_word() {
    let (world, done) = enroll(-4, &[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!done.stderr.contains("clock"), "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_failure_says_that_the_clock_is_not_its_cause() {
    let world = Simulated::with_keys(1);
    world.aws.clock().set_offset_seconds(-74);
    let refused = glasskey::sim::aws::Wrong::Code {
        status: 403,
        code: "InvalidAuthenticationCode".to_owned(),
        message: "Authentication code for device is not valid.".to_owned(),
    };
    world.aws.fail(glasskey::sim::aws::Fault::next("EnableMFADevice", refused));
    let done = run(&mut world.glasskey(["enroll", "alice", "--key", "12345678", "--yes"]));
    let note = |seconds| {
        format!(
            "glasskey: this computer's clock is {seconds} s ahead of AWS; the codes were computed by AWS's time, so the \
             clock is not the cause\n"
        )
    };
    assert!(done.stderr.contains(&note(73)) || done.stderr.contains(&note(74)), "{done:?}");
}

/// Nobody thinks of a clock where there is no such user.
#[test]
fn a_failure_that_is_not_about_codes_does_not_speak_of_the_clock() {
    let world = Simulated::with_keys(1);
    world.aws.clock().set_offset_seconds(-74);
    let done = run(&mut world.glasskey(["enroll", "nobody", "--key", "12345678", "--yes"]));
    assert_eq!(done.code, 3, "{done:?}");
    assert!(!done.stderr.contains("is not the cause"), "{done:?}");
}

/// Recovery computes codes too.
#[test]
fn recovery_goes_by_the_corrected_clock() {
    let world = Simulated::with_keys(1);
    world.aws.fail(glasskey::sim::aws::Fault::next("EnableMFADevice", glasskey::sim::aws::Wrong::Deny));
    world.aws.fail(glasskey::sim::aws::Fault::next("DeleteVirtualMFADevice", glasskey::sim::aws::Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    world.aws.clock().set_offset_seconds(600);
    let done = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    let (seconds, way) = warning(&done);
    assert!((599..=600).contains(&seconds) && way == "behind", "{done:?}");
    world.alice_is_enrolled().unwrap();
}
