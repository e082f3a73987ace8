//! `root alarm test`: each hop proved, and each dead chain named by it and by the audit.

use super::alarm::{made, root_alarm, topic};
use super::world::World;
use crate::support::{Run, Typist, run};
use glasskey::sim::aws::posture::{self, BasicSelector, MailKind, Posture, Selectors, Topic};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::{Value, json};

/// The alarm of [`made`], old enough to be raised.
pub(crate) fn ready() -> World {
    let world = made();
    world.outside.aws.arrange(|posture| posture.alarms[0].evaluate_from = Some(0));
    world
}

fn test(world: &World, args: &[&str]) -> Run {
    run(&mut world.any_command(&[&["root", "alarm", "test", "--json"], args].concat()))
}

const AGREED: [&str; 4] = ["--yes", "--no-input", "--wait", "30"];
const BRIEF: [&str; 4] = ["--yes", "--no-input", "--wait", "1"];

/// Each hop with its proof.
fn hops(done: &Run) -> Vec<(String, String)> {
    let report = done.json();
    let text = |hop: &Value, name: &str| hop[name].as_str().unwrap().to_owned();
    report["hops"].as_array().unwrap().iter().map(|hop| (text(hop, "hop"), text(hop, "proof"))).collect()
}

fn message(done: &Run, hop: &str) -> String {
    let report = done.json();
    let found = report["hops"].as_array().unwrap().iter().find(|one| one["hop"] == hop).cloned().unwrap();
    found["message"].as_str().unwrap().to_owned()
}

fn proofs(done: &Run) -> [String; 5] {
    let hops = hops(done);
    let names: Vec<&str> = hops.iter().map(|(hop, _)| hop.as_str()).collect();
    assert_eq!(names, ["pattern", "trail", "alarm", "topic", "mail"], "{done:?}");
    hops.into_iter().map(|(_, proof)| proof).collect::<Vec<_>>().try_into().unwrap()
}

fn marked(world: &World) -> usize {
    let groups = world.posture().log_groups;
    groups.iter().flat_map(|group| group.streams.get("glasskey-test")).map(Vec::len).sum()
}

#[test]
fn each_hop_is_proved_and_the_audit_shows_when() {
    let world = ready();
    let before = run(&mut world.any_command(&["root", "audit"]));
    assert!(!before.stdout.contains("proved the chain"), "{before:?}");
    let done = test(&world, &AGREED);
    assert_eq!(
        (done.code, proofs(&done)),
        (0, ["proven", "proven", "proven", "proven", "not_provable"].map(str::to_owned))
    );
    assert_eq!(marked(&world), 1);
    assert!(message(&done, "topic").starts_with("Successfully executed action arn:aws:sns:"), "{done:?}");
    assert!(message(&done, "mail").contains("without a terminal"), "{done:?}");
    let audit = run(&mut world.any_command(&["root", "audit", "--json"]));
    assert!(audit.stdout.contains("`glasskey root alarm test` proved the chain on "), "{audit:?}");
}

/// Tested again at once, the alarm is still on: that is said before anything is asked, and is never called broken.
#[test]
fn an_alarm_that_is_on_is_waited_for_before_anything_is_asked() {
    let world = ready();
    assert_eq!(test(&world, &AGREED).code, 0);
    let again = test(&world, &["--no-input", "--wait", "1"]);
    let rest = ["proven", "proven", "not_proven", "not_proven", "not_proven"].map(str::to_owned);
    assert_eq!((again.code, proofs(&again)), (1, rest), "{again:?}");
    let says = message(&again, "alarm");
    assert!(says.contains("is on") && says.contains("run `glasskey root alarm test` then"), "{again:?}");
    assert!(
        !again.stderr.contains("Continue?") && !again.stderr.contains("marked sign-in"),
        "nothing was asked: {again:?}"
    );
    assert_eq!(marked(&world), 1);
    // Once it is off, the test goes through.
    world.outside.aws.clock().set_offset_seconds(1_300);
    let later = test(&world, &AGREED);
    assert_eq!((later.code, marked(&world)), (0, 2), "{later:?}");
}

pub(crate) fn code_in_the_mail(world: &World) -> String {
    let mails = world.outside.aws.mailbox();
    let text = mails.into_iter().rfind(|mail| mail.text.contains("the code is ")).unwrap().text;
    text.split_once("the code is ").unwrap().1.chars().take(8).collect()
}

#[test]
fn whoever_reads_the_mail_types_the_code_back() {
    for right in [true, false] {
        let world = ready();
        let mut command = world.outside.keys.bare(["root", "alarm", "test", "--wait", "30"]);
        command.envs(world.outside.environment(&world.caller));
        let mut typist = Typist::start(&command);
        typist.sees("Continue? [y/N] ").types("y");
        typist.sees("Code in the mail to security@example.com (empty to give up): ");
        let code = code_in_the_mail(&world);
        if right {
            typist.types(&code);
        } else {
            typist.types("00000000x").sees("Code in the mail").types("");
        }
        let (screen, done) = typist.end();
        assert_eq!(done.code, if right { 0 } else { 1 }, "{screen} {done:?}");
        let says = if right { "typed the code back" } else { "was not typed back" };
        assert!(done.stdout.contains(says) || screen.contains(says), "{screen} {done:?}");
    }
}

#[test]
fn without_a_yes_nothing_is_put_in_the_log_group() {
    let world = ready();
    let done = test(&world, &["--no-input", "--wait", "5"]);
    assert_eq!((done.code, marked(&world)), (1, 0), "{done:?}");
    assert_eq!(proofs(&done), ["proven", "proven", "not_proven", "not_proven", "not_proven"].map(str::to_owned));
    assert!(message(&done, "alarm").contains("--yes agrees"), "{done:?}");
    let audit = run(&mut world.any_command(&["root", "audit", "--json"]));
    assert!(!audit.stdout.contains("proved the chain"), "{audit:?}");
}

#[test]
fn without_a_log_group_there_is_nothing_to_test() {
    let world = World::new();
    world.outside.aws.arrange(|posture| posture.trails.clear());
    let done = test(&world, &BRIEF);
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("no_log_group")), "{done:?}");
}

/// The chains that are dead although everything seems to be there: the hop, and what is said of it.
#[test]
fn each_dead_chain_is_named_by_the_test_and_by_the_audit() {
    type Arrange = fn(&mut Posture, &str);
    let dead: [(&str, &str, Arrange); 15] = [
        ("topic", "AWSKMS", |posture, topic| {
            posture.topics = vec![Topic { key: Some("alias/aws/sns".to_owned()), ..Topic::open(topic) }];
        }),
        ("topic", "does not have authorization to access the SNS topic encryption key", |posture, topic| {
            posture.keys = vec![posture::Key::default()];
            posture.topics = vec![Topic { key: Some(posture::Key::default().id), ..Topic::open(topic) }];
        }),
        ("topic", "is not authorized to perform: SNS:Publish", |posture, topic| {
            let deny = posture::allowing("sns:Publish", topic).replace("Allow", "Deny");
            posture.topics = vec![Topic { policy: Some(deny), ..Topic::open(topic) }];
        }),
        ("topic", "went on and did nothing", |posture, _| posture.alarms[0].actions_enabled = false),
        ("mail", "filter policy", |posture, _| {
            posture.subscriptions[0].filter = Some("{\"team\":[\"a\"]}".to_owned());
        }),
        ("mail", "no subscription has been confirmed", |posture, _| {
            posture.subscriptions[0].confirmed = false;
            posture.subscriptions[0].asked = None;
        }),
        ("mail", "no subscription has been confirmed", |posture, _| posture.subscriptions[0].deleted = true),
        ("alarm", "a unit or at dimensions", |posture, _| posture.alarms[0].unit = Some("Count".to_owned())),
        ("alarm", "a unit or at dimensions", |posture, _| {
            _ = posture.alarms[0].dimensions.insert("a".to_owned(), "b".to_owned());
        }),
        ("alarm", "more than one event", |posture, _| {
            posture.metric_filters[0].default_value = Some(0);
            posture.alarms[0].statistic = "Average".to_owned();
        }),
        ("alarm", "on without any event", |posture, _| {
            posture.metric_filters[0].default_value = Some(0);
            posture.alarms[0].statistic = "SampleCount".to_owned();
        }),
        ("alarm", "no alarm is on the filter's metric", |posture, _| posture.alarms.clear()),
        ("pattern", "no filter of the log group trail is about root", |posture, _| posture.metric_filters.clear()),
        ("pattern", "passes over a call of root's", |posture, _| {
            posture.metric_filters[0].pattern =
                "{ $.userIdentity.type = \"Root\" && $.eventName = \"ConsoleLogin\" }".to_owned();
        }),
        ("trail", "AccessDenied", |posture, _| {
            posture.trails[0].logs_delivery_error = Some("AccessDenied".to_owned());
        }),
    ];
    for (hop, says, arrange) in dead {
        let world = ready();
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| arrange(posture, &topic));
        assert_eq!(root_alarm(&world), "fail", "{says}");
        let done = test(&world, &BRIEF);
        let broken = hops(&done).into_iter().find(|(_, proof)| proof == "broken");
        assert_eq!((done.code, broken.map(|(hop, _)| hop)), (1, Some(hop.to_owned())), "{says}: {done:?}");
        assert!(message(&done, hop).contains(says), "{says}: {done:?}");
    }
}

#[test]
fn a_trail_that_is_late_is_not_called_broken() {
    let world = ready();
    world.outside.aws.arrange(|posture| posture.delays.delivery = 3_600);
    let done = test(&world, &BRIEF);
    assert_eq!((done.code, &proofs(&done)[1]), (1, &"not_proven".to_owned()), "{done:?}");
    assert!(message(&done, "trail").contains("5 minutes as a rule"), "{done:?}");
}

/// A trail that delivers this command's own call may leave out root's.
#[test]
fn a_trail_that_leaves_out_what_root_does_is_called_broken() {
    let only = |read_write: &str| {
        let read_write = read_write.to_owned();
        Selectors::Basic(vec![BasicSelector { read_write, ..BasicSelector::default() }])
    };
    type Arrange<'a> = &'a dyn Fn(&mut Posture);
    let ways: [(&str, Arrange<'_>); 3] = [
        ("sign-ins, and calls that change something", &|posture| posture.trails[0].selectors = only("ReadOnly")),
        ("calls that only read", &|posture| posture.trails[0].selectors = only("WriteOnly")),
        ("other regions than its own", &|posture| posture.trails[0].multi_region = false),
    ];
    for (what, arrange) in ways {
        let world = ready();
        world.outside.aws.arrange(arrange);
        assert_eq!(root_alarm(&world), "fail", "{what}");
        let done = test(&world, &AGREED);
        assert_eq!((done.code, &proofs(&done)[1]), (1, &"broken".to_owned()), "{what}: {done:?}");
        assert!(message(&done, "trail").ends_with(&format!("does not record {what}")), "{what}: {done:?}");
        assert_eq!(done.json()["proved"], Value::Null, "{what}: {done:?}");
    }
}

/// What may not be asked is not called broken, and nothing of it is called proved.
#[test]
fn what_is_denied_is_not_provable_here() {
    for (action, hop) in [
        ("TestMetricFilter", 0),
        ("FilterLogEvents", 1),
        ("CreateLogStream", 2),
        ("PutLogEvents", 2),
        ("DescribeAlarmHistory", 2),
    ] {
        let world = ready();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        let done = test(&world, &BRIEF);
        world.outside.aws.heal();
        assert_eq!(proofs(&done)[hop], "not_provable", "{action}: {done:?}");
        assert!(!proofs(&done).contains(&"broken".to_owned()), "{action}: {done:?}");
    }
}

/// Each code is good for one mail, and the mail for the code is marked as a test.
#[test]
fn an_event_of_the_test_is_marked_as_one() {
    let world = ready();
    assert_eq!(test(&world, &AGREED).code, 0);
    let groups = world.posture().log_groups;
    let events = groups.iter().flat_map(|group| group.streams.get("glasskey-test")).flatten();
    let event: Value = serde_json::from_str(&events.last().unwrap().message).unwrap();
    assert!(event["userAgent"].as_str().unwrap().starts_with("glasskey test"), "{event}");
    assert_eq!(event["userIdentity"]["type"], "Root");
    let mails = world.outside.aws.mailbox();
    assert_eq!(mails.iter().filter(|mail| mail.kind == MailKind::Notification).count(), 1);
}

/// A proof is of the alarm, the topic and the addresses that were proved.
#[test]
fn the_audit_shows_the_proof_of_what_is_there_alone() {
    let world = ready();
    assert_eq!(test(&world, &AGREED).code, 0);
    let shows = || run(&mut world.any_command(&["root", "audit", "--json"])).stdout.contains("proved the chain");
    assert!(shows());
    let changes: [fn(&mut Posture); 2] = [
        |posture| posture.subscriptions.iter_mut().for_each(|one| one.endpoint = "another@example.com".to_owned()),
        |posture| posture.alarms.iter_mut().for_each(|alarm| alarm.name = "another".to_owned()),
    ];
    for change in changes {
        let proved = world.posture();
        world.outside.aws.arrange(change);
        assert_eq!((root_alarm(&world), shows()), (json!("pass"), false));
        world.outside.aws.arrange(|posture| *posture = proved.clone());
        assert!(shows());
    }
}
