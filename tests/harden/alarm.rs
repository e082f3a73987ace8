//! The alarm: planned, made, confirmed, mended where it is glasskey's, left alone where it is not, undone.

use super::alarm_world::{ADDRESS, Reader, chain, record};
use super::world::{Kind, World};
use crate::support::{Run, run, run_with};
use glasskey::sim::aws::posture::{self, MailKind, MetricFilter, Posture, Rule, Subscription, Topic};
use glasskey::sim::aws::{Fault, Partition, Wrong};
use serde_json::{Value, json};

const ONLY: [&str; 2] = ["--only", "root-alarm"];
const ASKED: [&str; 4] = ["--only", "root-alarm", "--alarm-email", ADDRESS];

/// The account with a trail, in which nobody reads the mail.
fn unread() -> World {
    let world = World::new();
    record(&world.outside.aws);
    world
}

pub(crate) fn topic(world: &World) -> String {
    format!("arn:aws:sns:us-east-1:{}:glasskey-root-use", world.outside.aws.account())
}

/// An account with an alarm of glasskey's.
pub(crate) fn made() -> World {
    let world = World::of(Kind::Watched);
    let _ = world.apply(&ASKED);
    world
}

pub(super) fn root_alarm(world: &World) -> Value {
    audited(world)["verdict"].clone()
}

/// The audit's finding about the alarm.
pub(super) fn audited(world: &World) -> Value {
    let done = run(&mut world.any_command(&["root", "audit", "--json"]));
    let row = done.stdout.lines().next().map(serde_json::from_str::<Value>).unwrap().unwrap();
    let findings = row["findings"].as_array().unwrap().clone();
    findings.into_iter().find(|finding| finding["id"] == "root-alarm").unwrap()
}

/// The links of the mails that ask to confirm.
pub(crate) fn links(world: &World) -> Vec<String> {
    let mails = world.outside.aws.mailbox().into_iter();
    mails.filter(|mail| mail.kind == MailKind::Confirmation).map(|mail| mail.link.unwrap()).collect()
}

pub(crate) fn confirm(world: &World, link: &str) -> Run {
    run_with(&mut world.any_command(&["root", "alarm", "confirm", "-", "--json"]), link.as_bytes())
}

/// Applies with a mail that is not confirmed within a second.
pub(crate) fn pending() -> World {
    let world = unread();
    let done = world.run(&[&ASKED[..], &["--apply", "--yes", "--no-input", "--alarm-wait", "1"]].concat());
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    for line in [
        "AWS has asked security@example.com to confirm, by mail",
        "security@example.com has not confirmed that it wants the alarm's mails",
        "`glasskey root alarm confirm -` confirms, with the link out of AWS's mail",
        "`glasskey root harden --apply --only root-alarm --alarm-email security@example.com` goes on",
    ] {
        assert!(done.stderr.contains(line), "{line}: {done:?}");
    }
    world
}

#[test]
fn a_plan_says_what_is_made_what_it_costs_and_why_without_a_key() {
    let world = unread();
    let before = world.posture();
    let done = world.run(&ASKED);
    assert_eq!((done.code, world.posture() == before), (1, true), "{done:?}");
    for line in [
        "root-alarm  closes root-alarm",
        "  filter of trail       none → glasskey-root-use, for root's events but those of AssumeRoot's tasks",
        "  alarm in us-east-1    none → glasskey-root-use, on one event in 15 minutes",
        "  topic                 none → glasskey-root-use, whose policy lets this alarm publish",
        "  security@example.com  not subscribed → subscribed and confirmed",
        "  AWS writes to security@example.com, which has to confirm",
        "  The topic is not encrypted: with AWS's own key for SNS alarms cannot publish",
        "  known only when it is done: whether the address confirms",
        "  cost    $0.40 a month; waits 330 s at most",
    ] {
        assert!(done.stdout.lines().any(|it| it.starts_with(line)), "{line}: {done:?}");
    }
}

#[test]
fn from_a_trail_to_an_alarm_that_reaches_a_person() {
    let world = World::of(Kind::Watched);
    let before = world.snapshot();
    let (done, run) = world.apply(&ASKED);
    assert_eq!(done.json()["findings"], json!([{ "id": "root-alarm", "before": "fail", "after": "pass" }]));
    let made = world.posture();
    let again = world.run(&world.all());
    assert_eq!((again.code, again.stdout.lines().next()), (0, Some("nothing to do")), "{again:?}");
    assert!(chain(&world.posture()) == chain(&made));
    // Root signs in, and a mail arrives.
    world.outside.aws.sign_in_as_root().unwrap();
    world.outside.aws.clock().set_offset_seconds(301);
    let told = |mail: &posture::Mail| mail.kind == MailKind::Notification && mail.to == ADDRESS;
    assert!(world.outside.aws.mailbox().iter().any(told));
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(world.snapshot() == before, "{:?}", world.posture());
}

#[test]
fn without_an_address_or_a_trail_it_is_left_as_it_is() {
    let world = unread();
    let done = world.run(&ONLY);
    assert!(
        done.code == 1 && done.stdout.contains("name the address to be told with --alarm-email ADDRESS"),
        "{done:?}"
    );
    assert_eq!(world.run(&["--skip", "password-policy"]).code, 0, "it was not asked for");
    let world = World::new();
    world.outside.aws.arrange(|posture| posture.trails.clear());
    let done = world.run(&ASKED);
    assert!(done.code == 1 && done.stdout.contains("delivers to a log group of this account"), "{done:?}");
    for wrong in ["", "nobody", "@", "a@", "a b@c"] {
        assert_eq!(world.run(&["--alarm-email", wrong]).code, 2, "{wrong}");
    }
}

/// Confirmed with the account's credentials, a mail scanner does not end it.
#[test]
fn a_mail_that_nobody_confirms_is_said_and_goes_on_later() {
    let world = pending();
    assert_eq!(root_alarm(&world), "fail");
    let link = links(&world).pop().unwrap();
    let confirmed = confirm(&world, &format!("Dear reader,\n\nTo confirm this subscription: {link}\n\nAWS\n"));
    assert_eq!((confirmed.code, &confirmed.json()["authenticated"]), (0, &json!(true)), "{confirmed:?}");
    assert!(!confirmed.stdout.contains("Token") && !confirmed.stderr.contains("Token"), "{confirmed:?}");
    assert_eq!(root_alarm(&world), "pass");
    let again = world.run(&[&ASKED[..], &["--apply", "--yes", "--no-input"]].concat());
    assert_eq!((again.code, again.stdout.lines().next()), (0, Some("nothing to do")), "{again:?}");
    assert_eq!(world.outside.unfinished(), 0);
    world.outside.aws.sign_in_as_root().unwrap();
    world.outside.aws.clock().set_offset_seconds(301);
    let mail = world.outside.aws.mailbox().into_iter().rfind(|mail| mail.kind == MailKind::Notification).unwrap();
    assert!(world.outside.aws.open_link(&mail.link.unwrap()).is_err());
    world.outside.aws.clock().set_offset_seconds(0);
    assert_eq!(root_alarm(&world), "pass");
}

#[test]
fn confirmed_in_a_browser_first_the_command_says_that_a_link_still_ends_it() {
    let world = pending();
    let link = links(&world).pop().unwrap();
    world.outside.aws.open_link(&link).unwrap();
    // AWS keeps how it was confirmed first; whether it does is not known, and both are said as they are.
    let confirmed = confirm(&world, &link);
    let authenticated = confirmed.json()["authenticated"].as_bool().unwrap();
    assert_eq!(confirmed.code, if authenticated { 0 } else { 1 }, "{confirmed:?}");
}

#[test]
fn what_is_no_link_is_not_sent_and_not_printed() {
    let world = pending();
    let sent = world.outside.actions().len();
    for wrong in ["", "2336412f37fb687f", "https://example.com/?TopicArn=a&Token=2336412f37fb687f"] {
        let done = confirm(&world, wrong);
        assert_eq!(done.code, 2, "{done:?}");
        assert!(!format!("{done:?}").contains("2336412f37fb687f"), "{done:?}");
    }
    assert_eq!(world.outside.actions().len(), sent);
    let other = topic(&world).replace(&world.outside.aws.account(), "111122223333");
    let done =
        confirm(&world, &format!("https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={other}&Token=x"));
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("link_other_account")), "{done:?}");
    let own = topic(&world);
    let done =
        confirm(&world, &format!("https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={own}&Token=x"));
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("link_refused")), "{done:?}");
}

#[test]
fn a_mail_that_has_expired_is_sent_again() {
    let world = pending();
    world.outside.aws.clock().set_offset_seconds(2 * 86_400 + 1);
    let done = world.run(&[&ASKED[..], &["--apply", "--yes", "--no-input", "--alarm-wait", "0"]].concat());
    assert_eq!((done.code, links(&world).len()), (4, 2), "{done:?}");
    let link = links(&world).pop().unwrap();
    assert_eq!(confirm(&world, &link).code, 0);
    assert_eq!(root_alarm(&world), "pass");
}

#[test]
fn an_address_that_has_unsubscribed_is_asked_again() {
    let world = made();
    world.outside.aws.arrange(|posture| posture.subscriptions[0].deleted = true);
    assert_eq!(root_alarm(&world), "fail");
    let plan = world.run(&ASKED);
    assert!(plan.stdout.contains("  calls   sns:Subscribe\n"), "{plan:?}");
    let done = world.run(&world.all());
    assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{done:?}");
}

/// Whoever made it: somebody is told, and not twice.
#[test]
fn an_alarm_that_works_is_used_and_not_doubled() {
    let world = World::new();
    let sound = Posture::sound(Partition::Aws, &world.outside.aws.account());
    world.outside.aws.arrange(|posture| *posture = sound);
    let done = world.run(&ASKED);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
    // One of another's that does not work stays, and glasskey's comes beside it.
    let world = World::of(Kind::Watched);
    let sound = Posture::sound(Partition::Aws, &world.outside.aws.account());
    world.outside.aws.arrange(|posture| {
        posture.metric_filters = sound.metric_filters;
        posture.alarms = sound.alarms;
        posture.alarms[0].threshold = 5;
        posture.subscriptions = sound.subscriptions;
    });
    let before = world.posture();
    let (_, run) = world.apply(&ASKED);
    let now = world.posture();
    assert_eq!((now.metric_filters.len(), now.alarms.len()), (2, 2));
    assert_eq!((&now.metric_filters[0], now.alarms[0].threshold), (&before.metric_filters[0], 5));
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 0);
    assert!(chain(&world.posture()) == chain(&before), "{:?}", world.posture());
}

#[test]
fn a_rule_of_eventbridge_that_works_is_used() {
    let world = unread();
    let topic = topic(&world).replace("glasskey-root-use", "theirs");
    world.outside.aws.arrange(|posture| {
        posture.topics = vec![Topic::open(&topic)];
        posture.subscriptions = vec![Subscription { topic: topic.clone(), ..Subscription::default() }];
        posture.rules = vec![Rule { targets: vec![topic], ..Rule::default() }];
    });
    let done = world.run(&ASKED);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
}

/// A chain of glasskey's that somebody has broken, in each way that is glasskey's to mend.
#[test]
fn a_broken_chain_of_glasskeys_is_mended() {
    type Arrange = fn(&mut Posture);
    let breaks: [(&str, Arrange); 10] = [
        ("all periods", |posture| posture.alarms[0].datapoints = None),
        ("count", |posture| posture.alarms[0].threshold = 3),
        ("missing", |posture| posture.alarms[0].missing = "breaching".to_owned()),
        ("unit", |posture| posture.alarms[0].unit = Some("Count".to_owned())),
        ("dimensions", |posture| _ = posture.alarms[0].dimensions.insert("a".to_owned(), "b".to_owned())),
        ("actions off", |posture| posture.alarms[0].actions_enabled = false),
        ("no action", |posture| posture.alarms[0].actions.clear()),
        ("no alarm", |posture| posture.alarms.clear()),
        ("no filter", |posture| posture.metric_filters.clear()),
        ("pattern", |posture| posture.metric_filters[0].pattern = "{ $.userIdentity.type = \"root\" }".to_owned()),
    ];
    for (what, break_it) in breaks {
        let world = made();
        let right = chain(&world.posture());
        world.outside.aws.arrange(break_it);
        let done = world.run(&[&ASKED[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
        assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{what}: {done:?}");
        assert!(chain(&world.posture()) == right, "{what}: {:?}", world.posture());
        assert_eq!(links(&world).len(), 1, "{what}: nobody is asked again");
    }
}

/// What has glasskey's name and may be somebody's is named, and nothing is written.
#[test]
fn what_is_in_the_way_is_named_and_left_alone() {
    type Arrange = fn(&mut Posture, &str);
    let ways: [(&str, Arrange); 6] = [
        ("encrypted with alias/aws/sns", |posture, topic| {
            posture.topics = vec![Topic { key: Some("alias/aws/sns".to_owned()), ..Topic::open(topic) }];
        }),
        ("encrypted with 1234abcd-12ab-34cd-56ef-1234567890ab", |posture, topic| {
            posture.keys = vec![posture::Key::default()];
            posture.topics = vec![Topic { key: Some(posture::Key::default().id), ..Topic::open(topic) }];
        }),
        ("keeps alarms out", |posture, topic| {
            let deny = posture::allowing("sns:Publish", topic).replace("Allow", "Deny");
            posture.topics = vec![Topic { policy: Some(deny), ..Topic::open(topic) }];
        }),
        ("has a filter policy", |posture, topic| {
            let filter = Some("{\"team\":[\"a\"]}".to_owned());
            posture.subscriptions = vec![Subscription { topic: topic.to_owned(), filter, ..Default::default() }];
        }),
        ("has a unit, a dimension or a default value", |posture, _| {
            let name = "glasskey-root-use".to_owned();
            posture.metric_filters = vec![MetricFilter { name, default_value: Some(0), ..Default::default() }];
        }),
        ("tells arn:aws:sns:us-east-1:111122223333:pager", |posture, _| {
            let actions = vec!["arn:aws:sns:us-east-1:111122223333:pager".to_owned()];
            posture.alarms =
                vec![posture::Alarm { name: "glasskey-root-use".to_owned(), actions, ..Default::default() }];
        }),
    ];
    for (says, arrange) in ways {
        let world = unread();
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| arrange(posture, &topic));
        let before = chain(&world.posture());
        let done = world.run(&[&ASKED[..], &["--apply", "--yes", "--no-input"]].concat());
        assert_eq!((done.code, chain(&world.posture()) == before), (1, true), "{says}: {done:?}");
        assert!(done.stdout.contains(says), "{says}: {done:?}");
    }
}

/// Somebody's topic of that name keeps its subscribers and statements; undone, it is what it was.
#[test]
fn a_topic_of_that_name_keeps_what_it_has() {
    let world = World::of(Kind::Watched);
    let topic = topic(&world);
    let theirs = posture::allowing("sns:Subscribe", &topic);
    world.outside.aws.arrange(|posture| {
        posture.topics = vec![Topic { policy: Some(theirs.clone()), ..Topic::open(&topic) }];
        let endpoint = "other@example.com".to_owned();
        posture.subscriptions = vec![Subscription { topic: topic.clone(), endpoint, ..Subscription::default() }];
    });
    let before = world.posture();
    let (_, run) = world.apply(&ASKED);
    let now: Value = serde_json::from_str(world.posture().topics[0].policy.as_deref().unwrap()).unwrap();
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    assert_eq!(
        (&now["Statement"][0], &now["Statement"][1]["Sid"]),
        (&theirs["Statement"][0], &json!("GlasskeyAlarm"))
    );
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 0);
    let (was, is) = (before, world.posture());
    assert_eq!(is.subscriptions.iter().filter(|one| !one.deleted).count(), was.subscriptions.len());
    let policy =
        |posture: &Posture| -> Value { serde_json::from_str(posture.topics[0].policy.as_deref().unwrap()).unwrap() };
    assert_eq!(policy(&is), policy(&was));
    assert_eq!((is.alarms.len(), is.metric_filters.len()), (0, 0));
}

/// Somebody has subscribed to glasskey's topic since: it is not deleted under them.
#[test]
fn a_topic_that_tells_others_since_is_not_deleted() {
    let world = World::of(Kind::Watched);
    let (_, run) = world.apply(&ASKED);
    let topic = topic(&world);
    world.outside.aws.arrange(|posture| {
        let endpoint = "other@example.com".to_owned();
        posture.subscriptions.push(Subscription { topic, endpoint, ..Subscription::default() });
    });
    let before = chain(&world.posture());
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, chain(&world.posture()) == before), (1, true), "{undone:?}");
    assert!(undone.stdout.contains("somebody has changed it since"), "{undone:?}");
}

#[test]
fn the_pattern_of_the_benchmark_is_taken_where_it_is_asked_for() {
    let world = World::of(Kind::Watched);
    let cis = [&ASKED[..], &["--pattern", "cis"]].concat();
    let _ = world.apply(&cis);
    assert!(!world.posture().metric_filters[0].pattern.contains("assumedRoot"));
    assert_eq!(world.run(&cis).code, 0, "done");
    assert_eq!(world.run(&ASKED).code, 0, "what works is left alone");
    let other = [&ASKED[..], &["--pattern", "spare-tasks"]].concat();
    let (_, run) = world.apply(&other);
    assert!(world.posture().metric_filters[0].pattern.contains("assumedRoot"));
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 0);
    assert!(!world.posture().metric_filters[0].pattern.contains("assumedRoot"));
    assert_eq!(root_alarm(&world), "pass");
}

/// The trail of the same plan brings the events, and making it does not make the alarm's state another.
#[test]
fn a_trail_and_an_alarm_are_made_by_one_plan() {
    let world = World::of(Kind::Untrailed);
    let _reader = Reader::of(&world.outside.aws);
    let both = ["--only", "trail", "--only", "root-alarm", "--alarm-email", ADDRESS];
    let (path, plan) = world.plan("plan.json", &both);
    let steps: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|step| step["id"].clone()).collect();
    assert_eq!(steps, ["trail", "root-alarm"]);
    let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input"]);
    assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{done:?}");
    assert_eq!(world.posture().metric_filters[0].log_group, "glasskey-management-events");
    let again = world.run(&both);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
}

/// A plan in a file, and each fact of it changed before it is applied.
#[test]
fn a_fact_that_has_changed_refuses_the_plan() {
    let changes: [fn(&mut Posture, &str); 5] = [
        |posture, _| posture.trails[0].log_group = None,
        |posture, topic| posture.topics = vec![Topic::open(topic)],
        |posture, _| {
            posture.alarms = vec![posture::Alarm { name: "glasskey-root-use".to_owned(), ..Default::default() }]
        },
        |posture, _| {
            let name = "glasskey-root-use".to_owned();
            posture.metric_filters = vec![MetricFilter { name, ..Default::default() }];
        },
        |posture, topic| {
            let topic = topic.to_owned();
            posture.subscriptions = vec![Subscription { topic, confirmed: false, ..Subscription::default() }];
        },
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let world = unread();
        let (path, _) = world.plan("plan.json", &ASKED);
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| change(posture, &topic));
        let before = world.posture();
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
        assert_eq!((&done.json()["code"], done.code), (&json!("facts_changed"), 3), "{nth}: {done:?}");
        assert!(world.posture() == before, "{nth}");
    }
}

/// Refused at each call that writes, the run is undone from where it stands.
#[test]
fn undone_after_each_part_the_account_is_as_it_was() {
    for action in ["CreateTopic", "SetTopicAttributes", "Subscribe", "PutMetricAlarm", "PutMetricFilter"] {
        let world = World::of(Kind::Watched);
        let before = world.snapshot();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        let done = world.run(&world.all());
        if action == "CreateTopic" {
            assert_eq!((done.code, world.outside.unfinished()), (3, 0), "{action}: {done:?}");
        } else {
            assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
            assert_eq!(world.recover("--undo").code, 0, "{action}");
        }
        assert!(world.snapshot() == before, "{action}: {:?}", world.posture());
    }
}

/// What stays of the alarm works only with the trail; and so does a metric filter of somebody else's.
#[test]
fn a_trail_whose_events_are_counted_stays() {
    let others = MetricFilter {
        name: "others".to_owned(),
        log_group: "glasskey-management-events".to_owned(),
        pattern: "{ $.errorCode = \"AccessDenied\" }".to_owned(),
        ..MetricFilter::default()
    };
    for filtered in [false, true] {
        let world = World::of(Kind::Untrailed);
        let _reader = Reader::of(&world.outside.aws);
        let (_, run) = world.apply(&["--only", "trail", "--only", "root-alarm", "--alarm-email", ADDRESS]);
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| match filtered {
            true => posture.metric_filters.push(others.clone()),
            false => {
                let endpoint = "other@example.com".to_owned();
                posture.subscriptions.push(Subscription { topic, endpoint, ..Subscription::default() });
            }
        });
        let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!((undone.code, world.posture().trails.len()), (1, 1), "{undone:?}");
        assert_eq!(world.posture().alarms.len(), usize::from(!filtered), "{undone:?}");
        let why = match filtered {
            true => "trail: trail glasskey-management-events stays: metric filter others counts its events in",
            false => "trail: root-alarm stays, and works only with it",
        };
        assert!(undone.stdout.contains(why), "{undone:?}");
    }
}
