//! `Date` headers of any year on every reply: commands end in their own time, by the host's clock where that is right and
//! by AWS's where it is not, and the first Ctrl-C is heard.

use crate::audit::office::Office;
use crate::rotation::faults::scene::{Flow, Scene};
use crate::session::Bob;
use crate::support::blows::{Blow, nth, side_by_side, struck};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Aws, Fault, Wrong};
use std::time::{Duration, Instant};

/// From the first year a date can have to the last, and some that no calendar has.
const DATES: [&str; 12] = [
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Mon, 01 Jan 1601 00:00:00 GMT",
    "Wed, 31 Dec 1969 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Tue, 01 Jan 1980 00:00:00 GMT",
    "Tue, 19 Jan 2038 03:14:08 GMT",
    "Thu, 31 Dec 2099 23:59:59 GMT",
    "Fri, 01 Jan 2500 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Mon, 00 Foo 0000 99:99:99 GMT",
    "",
];

/// A build without optimization, on a machine that does other things: what took minutes before takes seconds.
const LIMIT: Duration = Duration::from_secs(30);

fn every_reply(aws: &Aws, date: &str) {
    aws.fail(Fault { action: None, nth: 1, times: 1_000_000, what: Wrong::Date(date.to_owned()) });
}

fn in_time(what: &str, work: impl FnOnce() -> Run) -> Run {
    let begun = Instant::now();
    let done = work();
    assert!(begun.elapsed() < LIMIT, "{what} took {:?}: {done:?}", begun.elapsed());
    done
}

#[test]
fn whatever_year_a_reply_is_of_each_command_does_its_work_in_time() {
    side_by_side(4, DATES.to_vec(), |date| {
        let world = Simulated::with_keys(1);
        every_reply(&world.aws, date);
        let done = in_time(&format!("enroll, {date}"), || world.run(world.enroll_args()));
        assert_eq!(done.code, 0, "{date}: {done:?}");
        assert!(!done.stderr.contains("clock"), "{date}: a date that is not believed is not spoken of: {done:?}");
        world.alice_is_enrolled().unwrap_or_else(|problem| panic!("{date}: {problem}"));
        for args in [&["devices", "alice"][..], &["doctor"], &["recover", "--yes"]] {
            let done = in_time(&format!("{args:?}, {date}"), || world.run(args));
            assert!(matches!(done.code, 0 | 1), "{args:?}, {date}: {done:?}");
        }
        for flow in [Flow::Rotate, Flow::Retire, Flow::Resync] {
            let scene = Scene::new(flow);
            every_reply(&scene.world.aws, date);
            let done = in_time(&format!("{flow:?}, {date}"), || scene.run_hurried());
            assert_eq!(scene.settle(&done, &format!("{flow:?}, {date}")), "done");
        }
        let bob = Bob::new();
        every_reply(&bob.world.aws, date);
        assert_eq!(in_time(&format!("session, {date}"), || bob.fresh(&[])).code, 0, "{date}");
        let office = Office::sound();
        every_reply(&office.aws, date);
        assert_eq!(in_time(&format!("audit, {date}"), || office.run(&[])).code, 0, "{date}");
    });
}

/// AWS takes no signature of the host's time, and says what time it is: one that is taken is believed.
#[test]
fn a_host_whose_clock_is_decades_off_goes_by_aws() {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    side_by_side(4, vec![-30 * YEAR, 30 * YEAR, -3 * 24 * 60 * 60, 2 * YEAR], |ahead| {
        let world = Simulated::with_keys(1);
        world.aws.clock().set_offset_seconds(ahead);
        let done = in_time(&format!("AWS {ahead} s ahead"), || world.run(world.enroll_args()));
        assert_eq!(done.code, 0, "{ahead}: {done:?}");
        assert!(done.stderr.contains("; codes are computed by AWS's time\n"), "{ahead}: {done:?}");
        world.alice_is_enrolled().unwrap();
        let calls = world.aws.calls();
        // The first three go together, before any answer has come: who calls, and what devices there are.
        let (first, later) = calls.split_at(3);
        assert!(first.iter().all(|call| call.code.as_deref() == Some("SignatureDoesNotMatch")), "{calls:?}");
        let actions: std::collections::BTreeSet<&str> = first.iter().map(|call| &*call.action).collect();
        assert!(actions.len() == 3 && later.iter().all(|call| call.status == 200), "{calls:?}");
    });
}

#[test]
fn the_first_interrupt_is_heard_whatever_the_date() {
    let cases = ["Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 31 Dec 2099 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"];
    let cases = cases.into_iter().flat_map(|date| [0, 1, 3, 8, 13].map(|message| (date, message))).collect();
    side_by_side(4, cases, |(date, message)| {
        let world = Simulated::with_keys(1);
        every_reply(&world.aws, date);
        let what = format!("{date}, message {message}");
        let done =
            in_time(&what, || struck(&world, world.glasskey(world.enroll_args()), Blow::Interrupt, nth(message)));
        assert_eq!(done.code, 130, "{what}: {done:?}");
        world.nothing_is_left().unwrap_or_else(|problem| panic!("{what}: {problem}"));
    });
}

/// The header of a time so many minutes from now.
fn minutes_off(minutes: i64) -> String {
    let now = i64::try_from(glasskey::totp::unix(std::time::SystemTime::now())).unwrap();
    let stamp = jiff::Timestamp::from_second(now + minutes * 60).unwrap();
    stamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Signed by the host's clock, and accepted: the header is wrong, and nothing is signed or computed by it.
#[test]
fn a_date_that_an_accepted_signature_contradicts_is_not_believed() {
    side_by_side(4, vec![-67, 67, 20 * 60, 21 * 60, -21 * 60, 16, -16], |minutes| {
        let world = Simulated::with_keys(1);
        every_reply(&world.aws, &minutes_off(minutes));
        let done = in_time("enroll", || world.run(world.enroll_args()));
        assert_eq!(done.code, 0, "{minutes}: {done:?}");
        assert!(!done.stderr.contains("clock"), "{minutes}: {done:?}");
        world.alice_is_enrolled().unwrap();
        for args in [&["devices", "alice"][..], &["devices", "--all"]] {
            assert_eq!(world.run(args).code, 0, "{minutes}");
        }
        assert!(world.aws.calls().iter().all(|call| call.status == 200), "{minutes}: {:?}", world.aws.calls());
        let doctor = world.run(["doctor"]);
        assert!(
            doctor.stdout.contains("a proxy or the endpoint writes a wrong Date header"),
            "{minutes}: {doctor:?}"
        );
        let office = Office::sound();
        every_reply(&office.aws, &minutes_off(minutes));
        assert_eq!(office.run(&[]).code, 0, "{minutes}");
        let refused = |code: &Option<String>| code.as_deref().is_some_and(|code| code.contains("Signature"));
        assert!(!office.aws.calls().iter().any(|call| refused(&call.code)), "{minutes}");
    });
}

/// One reply of another time, among those of this one.
#[test]
fn a_date_that_jumps_by_hours_changes_nothing() {
    let world = Simulated::with_keys(1);
    let date = minutes_off(20 * 60);
    world.aws.fail(Fault { times: 1, ..Fault::next("ListMFADevices", Wrong::Date(date)) });
    let done = in_time("a day's date", || run(&mut world.glasskey(world.enroll_args())));
    assert_eq!(done.code, 0, "{done:?}");
}

/// The host's clock is wrong, and so is every date: AWS's own sentence speaks of the time, and so does the hint.
#[test]
fn where_aws_refuses_the_time_of_a_signature_the_hint_speaks_of_the_clock() {
    for ahead in [-20 * 60, 20 * 60] {
        let world = Simulated::with_keys(1);
        world.aws.clock().set_offset_seconds(ahead);
        every_reply(&world.aws, &minutes_off(0));
        let done = world.run(["devices", "alice"]);
        assert_eq!(done.code, 3, "{done:?}");
        assert!(done.stderr.contains("AWS does not accept the time of the signature: Signature "), "{done:?}");
        assert!(done.stderr.contains("hint: set this computer's clock"), "{done:?}");
        assert!(!done.stderr.contains("secret access key"), "{done:?}");
    }
}
