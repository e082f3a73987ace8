//! The alarm by rules of EventBridge: one in each region that is enabled, which send to one region, where one topic tells.

use super::alarm::{root_alarm, topic};
use super::alarm_world::{ADDRESS, chain};
use super::world::{Kind, TOLD, VIA_RULES, World};
use crate::sim_aws::client::json_call;
use crate::support::run;
use glasskey::sim::aws::posture::{self, MailKind, Posture, Rule, Target, Topic};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NAME: &str = "glasskey-root-use";

pub(crate) fn asked() -> Vec<&'static str> {
    [&TOLD[..], &VIA_RULES].concat()
}

/// An account whose rules are there.
pub(crate) fn made() -> World {
    let world = World::of(Kind::Ruled);
    let _ = world.apply(&asked());
    world
}

fn mails(world: &World) -> Vec<String> {
    let mails = world.outside.aws.mailbox().into_iter();
    mails.filter(|mail| mail.kind == MailKind::Notification && mail.to == ADDRESS).map(|mail| mail.text).collect()
}

fn regions(world: &World) -> Vec<String> {
    let mut regions: Vec<String> = world.posture().rules.into_iter().map(|rule| rule.region).collect();
    regions.sort();
    regions
}

#[test]
fn a_plan_has_a_row_for_each_region_and_one_subscription() {
    let world = World::of(Kind::Ruled);
    let before = world.posture();
    let done = world.run(&asked());
    assert_eq!((done.code, world.posture() == before), (1, true), "{done:?}");
    for line in [
        "rule in eu-west-1     none → glasskey-root-use, root's events but those of AssumeRoot's tasks to us-east-1",
        "rule in us-east-1     none → glasskey-root-use, root's events but those of AssumeRoot's tasks to the topic",
        "role                  none → glasskey-root-use-to-bus, with which EventBridge sends from region to region",
        "topic                 none → glasskey-root-use, whose policy lets rules publish",
        "security@example.com  not subscribed → subscribed and confirmed",
        "A region that is enabled later has none: the audit names it",
        "calls   sns:CreateTopic, sns:SetTopicAttributes, sns:Subscribe, iam:CreateRole, iam:PutRolePolicy, events:PutRule, events:PutTargets",
    ] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&done.stdout).contains(&words(line)), "{line}: {done:?}");
    }
    assert!(done.stdout.contains("cost    nothing") || done.stdout.contains("$0"), "{done:?}");
}

#[test]
fn from_a_trail_to_rules_that_reach_a_person_and_back() {
    let world = World::of(Kind::Ruled);
    let before = world.snapshot();
    let (done, run) = world.apply(&asked());
    assert_eq!(done.json()["findings"], json!([{ "id": "root-alarm", "before": "fail", "after": "pass" }]));
    assert_eq!(regions(&world), ["eu-west-1", "us-east-1"]);
    let made = world.snapshot();
    let again = world.run(&world.all());
    assert_eq!((again.code, again.stdout.lines().next()), (0, Some("nothing to do")), "{again:?}");
    assert!(world.snapshot() == made);
    // Root signs in, and calls something that only reads in another region.
    let aws = &world.outside.aws;
    aws.sign_in_as_root().unwrap();
    let root = aws.root_session();
    let (status, _) = json_call(aws, &root, "eu-west-1", "kms.ListKeys", &json!({}));
    assert_eq!(status, 200);
    aws.clock().set_offset_seconds(301);
    let mails = mails(&world);
    assert!(mails.iter().any(|mail| mail.contains("ConsoleLogin (signin.amazonaws.com) in us-east-1")), "{mails:?}");
    assert!(mails.iter().any(|mail| mail.contains("ListKeys (kms.amazonaws.com) in eu-west-1")), "{mails:?}");
    aws.clock().set_offset_seconds(0);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(world.snapshot() == before, "{:?}", world.posture());
}

/// A region that is enabled later: the audit names it, and the step makes its rule alone.
#[test]
fn a_region_that_is_enabled_later_is_named_and_gets_its_rule() {
    let world = made();
    world.outside.aws.arrange(|posture| posture.opted_in = vec!["ap-east-1".to_owned()]);
    let audit = run(&mut world.any_command(&["root", "audit"]));
    assert!(audit.stdout.contains("ap-east-1"), "{audit:?}");
    let plan = world.run(&asked());
    assert_eq!(plan.code, 1, "{plan:?}");
    assert!(plan.stdout.contains("rule in ap-east-1") && !plan.stdout.contains("rule in eu-west-1"), "{plan:?}");
    let (_, run_id) = world.apply(&asked());
    assert_eq!(regions(&world), ["ap-east-1", "eu-west-1", "us-east-1"]);
    let audit = run(&mut world.any_command(&["root", "audit"]));
    assert!(!audit.stdout.contains("ap-east-1"), "{audit:?}");
    assert_eq!(world.run(&["--undo", &run_id, "--yes", "--no-input"]).code, 0);
    assert_eq!(regions(&world), ["eu-west-1", "us-east-1"]);
}

/// The default does not make a filter beside rules that work, nor rules beside a filter.
#[test]
fn what_works_by_one_means_is_not_doubled_by_the_other() {
    let world = made();
    let done = world.run(&TOLD);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
    let world = World::of(Kind::Watched);
    let _ = world.apply(&TOLD);
    let done = world.run(&asked());
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
}

#[test]
fn without_a_trail_rules_would_see_nothing_and_it_is_left_as_it_is() {
    let world = World::of(Kind::Ruled);
    world.outside.aws.arrange(|posture| posture.trails.clear());
    let done = world.run(&asked());
    assert!(done.code == 1 && done.stdout.contains("EventBridge has root's events only where a trail"), "{done:?}");
    // A trail of the same plan brings them.
    let both = ["--only", "trail", "--only", "root-alarm", "--alarm-email", ADDRESS, "--via", "eventbridge"];
    let done = world.run(&[&both[..], &["--apply", "--yes", "--no-input"]].concat());
    assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{done:?}");
    let again = world.run(&both);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
}

/// Rules of glasskey's that somebody has broken, in each way that is glasskey's to mend.
#[test]
fn broken_rules_of_glasskeys_are_mended() {
    type Arrange = fn(&mut Posture);
    let breaks: [(&str, Arrange); 8] = [
        ("off", |posture| posture.rules[0].state = "DISABLED".to_owned()),
        ("reads", |posture| posture.rules[0].state = "ENABLED".to_owned()),
        ("no target", |posture| posture.rules[0].targets_by_id.clear()),
        ("no transformer", |posture| posture.rules[0].targets_by_id[0].transformer = None),
        ("pattern", |posture| posture.rules[0].pattern = Some("{\"source\":[\"aws.signin\"]}".to_owned())),
        ("gone", |posture| _ = posture.rules.remove(0)),
        ("elsewhere gone", |posture| _ = posture.rules.remove(1)),
        ("elsewhere off", |posture| posture.rules[1].state = "DISABLED".to_owned()),
    ];
    for (what, break_it) in breaks {
        let world = made();
        let right = chain(&world.posture());
        world.outside.aws.arrange(break_it);
        let done = world.run(&[&asked()[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
        assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{what}: {done:?}");
        assert!(chain(&world.posture()) == right, "{what}: {:?}", world.posture());
    }
}

/// A run was cut short between a rule and its target: the next one completes it, and undone, it is as it was found.
#[test]
fn rules_that_were_half_made_are_completed_and_come_back() {
    let world = World::of(Kind::Ruled);
    world.outside.aws.fail(Fault::nth("PutTargets", 2, Wrong::Deny));
    assert_eq!(world.run(&world.all()).code, 4);
    world.outside.aws.heal();
    let half = world.snapshot();
    let (_, run) = world.apply(&asked());
    assert_eq!(root_alarm(&world), "pass");
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 0);
    assert!(world.snapshot() == half, "{:?}", world.posture());
}

/// What has glasskey's name and may be somebody's is named, and nothing is written.
#[test]
fn what_is_in_the_way_is_named_and_left_alone() {
    type Arrange = fn(&mut Posture, &str);
    let ways: [(&str, Arrange); 3] = [
        ("in eu-west-1 sends events to arn:aws:sqs:eu-west-1:111122223333:q", |posture, _| {
            let target = Target {
                id: "q".to_owned(),
                arn: "arn:aws:sqs:eu-west-1:111122223333:q".to_owned(),
                ..Target::default()
            };
            let (name, region) = (NAME.to_owned(), "eu-west-1".to_owned());
            posture.rules = vec![Rule { name, region, targets_by_id: vec![target], ..Rule::default() }];
        }),
        ("keeps rules out", |posture, topic| {
            let deny = posture::allowing("sns:Publish", topic).replace("Allow", "Deny");
            posture.topics = vec![Topic { policy: Some(deny), ..Topic::open(topic) }];
        }),
        ("encrypted with alias/aws/sns, with which rules cannot publish", |posture, topic| {
            posture.topics = vec![Topic { key: Some("alias/aws/sns".to_owned()), ..Topic::open(topic) }];
        }),
    ];
    for (says, arrange) in ways {
        let world = World::of(Kind::Ruled);
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| arrange(posture, &topic));
        let before = chain(&world.posture());
        let done = world.run(&[&asked()[..], &["--apply", "--yes", "--no-input"]].concat());
        assert_eq!((done.code, chain(&world.posture()) == before), (1, true), "{says}: {done:?}");
        assert!(done.stdout.contains(says), "{says}: {done:?}");
    }
}

/// Refused at each call that writes, the run is undone from where it stands.
#[test]
fn undone_after_each_part_the_account_is_as_it_was() {
    let writes =
        ["CreateTopic", "SetTopicAttributes", "Subscribe", "CreateRole", "PutRolePolicy", "PutRule", "PutTargets"];
    for (action, nth) in writes.into_iter().map(|action| (action, 1)).chain([("PutRule", 2), ("PutTargets", 2)]) {
        let world = World::of(Kind::Ruled);
        let before = world.snapshot();
        world.outside.aws.fail(Fault::nth(action, nth, Wrong::Deny));
        let done = world.run(&world.all());
        if action == "CreateTopic" {
            assert_eq!((done.code, world.outside.unfinished()), (3, 0), "{action}: {done:?}");
        } else {
            assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
            world.outside.aws.heal();
            let undone = world.recover("--undo");
            assert_eq!(undone.code, 0, "{action}: {undone:?}");
        }
        assert!(world.snapshot() == before, "{action}: {:?}", world.posture());
    }
}

/// A plan in a file, and each fact of it changed before it is applied.
#[test]
fn a_fact_that_has_changed_refuses_the_plan() {
    let changes: [fn(&mut Posture, &str); 4] = [
        |posture, _| posture.opted_in = vec!["ap-east-1".to_owned()],
        |posture, topic| posture.topics = vec![Topic::open(topic)],
        |posture, _| posture.rules = vec![Rule { name: NAME.to_owned(), ..Rule::default() }],
        |posture, _| posture.trails[0].multi_region = false,
    ];
    for (nth, change) in changes.into_iter().enumerate() {
        let world = World::of(Kind::Ruled);
        let (path, _) = world.plan("plan.json", &asked());
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| change(posture, &topic));
        let before = world.posture();
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
        assert_eq!((&done.json()["code"], done.code), (&json!("facts_changed"), 3), "{nth}: {done:?}");
        assert!(world.posture() == before, "{nth}");
    }
}

#[test]
fn the_rules_are_written_in_both_languages() {
    let world = World::of(Kind::Ruled);
    let text = world.run(&[&asked()[..], &["--emit", "cloudformation"]].concat()).stdout;
    let template: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(template["Resources"]["RootUseRule"]["Type"], "AWS::Events::Rule");
    assert!(template["Metadata"]["NotExpressible"].to_string().contains("eu-west-1"), "{template}");
    let text = world.run(&[&asked()[..], &["--emit", "terraform"]].concat()).stdout;
    assert!(text.contains("= toset([\"eu-west-1\"])") && text.contains("version = \">= 6.0\""), "{text}");
}

/// A rule of that name that takes other events and sends nothing yet: somebody is making it.
#[test]
fn a_rule_of_somebody_elses_that_sends_nothing_is_left_alone() {
    let world = World::of(Kind::Ruled);
    let theirs = Rule {
        name: "glasskey-root-use".to_owned(),
        region: "eu-west-1".to_owned(),
        pattern: Some(r#"{"source":["aws.ec2"]}"#.to_owned()),
        ..Rule::default()
    };
    world.outside.aws.arrange(|posture| posture.rules.push(theirs));
    let before = world.posture().rules;
    let done = world.run(&[&["--apply", "--yes", "--no-input"], &asked()[..]].concat());
    assert_eq!((done.code, world.posture().rules == before), (1, true), "{done:?}");
    assert!(
        done.stdout.contains("takes other events than root's and sends nothing, so it is not glasskey's"),
        "{done:?}"
    );
}

/// Twenty-two regions cost the time of a few calls: each alone would take its own.
#[test]
fn the_regions_are_asked_side_by_side() {
    let world = World::of(Kind::Ruled);
    let more = |number| format!("xx-test-{number}");
    world.outside.aws.arrange(|posture| posture.opted_in = (1..=20).map(more).collect());
    let latency = Duration::from_millis(200);
    world.outside.aws.set_latency(latency);
    let begun = Instant::now();
    let plan = world.run(&asked());
    let took = begun.elapsed();
    assert!(plan.stdout.contains("rule in xx-test-20"), "{plan:?}");
    assert!(took < latency * 22, "{took:?}");
    let rows: Vec<&str> = plan.stdout.lines().filter(|line| line.contains("rule in ")).collect();
    assert!(rows.is_sorted() && rows.len() == 22, "{rows:?}");
}
