//! `root alarm test` for rules of EventBridge: each hop proved, and each dead chain named by it and by the audit.

use super::alarm::{root_alarm, topic};
use super::alarm_rules::made;
use super::world::World;
use crate::enroll::api;
use crate::support::{Run, Typist, run};
use glasskey::sim::aws::posture::{self, MailKind, Posture, Rule, Target, Topic};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::Value;

fn test(world: &World, args: &[&str]) -> Run {
    run(&mut world.any_command(&[&["root", "alarm", "test", "--json"], args].concat()))
}

const AGREED: [&str; 4] = ["--yes", "--no-input", "--wait", "5"];

/// Each hop: its name, its region, its proof and its message.
fn hops(done: &Run) -> Vec<[String; 4]> {
    let report = done.json();
    let text = |hop: &Value, name: &str| hop[name].as_str().unwrap_or_default().to_owned();
    let hop = |hop: &Value| ["hop", "region", "proof", "message"].map(|name| text(hop, name));
    report["hops"].as_array().unwrap().iter().map(hop).collect()
}

fn proofs(done: &Run) -> Vec<String> {
    let hop = |[hop, region, proof, _]: [String; 4]| format!("{hop} {region} {proof}").replace("  ", " ");
    hops(done).into_iter().map(hop).collect()
}

#[test]
fn each_hop_is_proved_in_each_region_and_the_audit_shows_when() {
    let world = made();
    let done = test(&world, &AGREED);
    let right = [
        "pattern proven",
        "trail not_provable",
        "rule eu-west-1 proven",
        "rule us-east-1 proven",
        "topic proven",
        "mail not_provable",
    ];
    assert_eq!((done.code, proofs(&done)), (0, right.map(str::to_owned).to_vec()), "{done:?}");
    assert_eq!(done.json()["rule"], "glasskey-root-use");
    let told = hops(&done)[4][3].clone();
    assert_eq!(told, "glasskey-root-use told the topic 2 times, and FailedInvocations is 0");
    let audit = run(&mut world.any_command(&["root", "audit", "--json"]));
    assert!(audit.stdout.contains("`glasskey root alarm test` proved the chain on "), "{audit:?}");
    // No alarm stays on: it can be repeated at once, and what was counted before proves nothing now.
    assert_eq!(test(&world, &AGREED).code, 0);
    world.outside.aws.arrange(|posture| {
        posture
            .rules
            .iter_mut()
            .filter(|rule| rule.region == "eu-west-1")
            .for_each(|rule| rule.targets_by_id.clear());
    });
    let cut = test(&world, &["--yes", "--no-input", "--wait", "2"]);
    let proofs = proofs(&cut);
    assert!(proofs.contains(&"rule eu-west-1 broken".to_owned()), "{cut:?}");
    assert!(proofs.contains(&"rule us-east-1 proven".to_owned()), "{cut:?}");
}

#[test]
fn whoever_reads_the_mail_types_the_code_back() {
    let world = made();
    let mut command = world.outside.keys.bare(["root", "alarm", "test", "--wait", "5"]);
    command.envs(world.outside.environment(&world.caller));
    let mut typist = Typist::start(&command);
    typist.sees("Continue? [y/N] ").types("y");
    typist.sees("Code in the mail to security@example.com (empty to give up): ");
    let mails = world.outside.aws.mailbox();
    let text = mails.into_iter().rfind(|mail| mail.text.contains("the code is ")).unwrap().text;
    typist.types(&text.split_once("the code is ").unwrap().1[..8]);
    let (screen, done) = typist.end();
    assert_eq!(done.code, 0, "{screen} {done:?}");
}

#[test]
fn without_a_yes_nothing_is_sent() {
    let world = made();
    let done = test(&world, &["--no-input", "--wait", "1"]);
    assert_eq!((done.code, world.posture().datapoints.len()), (1, 0), "{done:?}");
    assert!(hops(&done)[2][3].contains("--yes agrees"), "{done:?}");
    assert!(!world.outside.actions().contains(&"PutEvents".to_owned()));
}

/// The chains that are dead although everything seems to be there: the hop, and what is said of it.
#[test]
fn each_dead_chain_is_named_by_the_test_and_by_the_audit() {
    type Arrange = fn(&mut Posture, &str);
    let dead: [(&str, &str, Arrange); 10] = [
        ("topic", "does not let events.amazonaws.com publish", |posture, topic| {
            posture.topics = vec![Topic { arn: topic.to_owned(), ..Topic::default() }];
        }),
        ("topic", "encrypted with a key that events.amazonaws.com may not use", |posture, topic| {
            posture.topics = vec![Topic { key: Some("alias/aws/sns".to_owned()), ..Topic::open(topic) }];
        }),
        ("topic", "encrypted with a key that events.amazonaws.com may not use", |posture, topic| {
            posture.keys = vec![posture::Key::default()];
            posture.topics = vec![Topic { key: Some(posture::Key::default().id), ..Topic::open(topic) }];
        }),
        ("topic", "there is no topic", |posture, _| {
            posture.topics.clear();
            posture.subscriptions.clear();
        }),
        ("rule", "is switched off", |posture, _| posture.rules[0].state = "DISABLED".to_owned()),
        ("mail", "filter policy", |posture, _| {
            posture.subscriptions[0].filter = Some("{\"team\":[\"a\"]}".to_owned());
        }),
        ("mail", "no subscription has been confirmed", |posture, _| {
            posture.subscriptions[0].confirmed = false;
            posture.subscriptions[0].asked = None;
        }),
        ("mail", "no subscription has been confirmed", |posture, _| posture.subscriptions[0].deleted = true),
        ("pattern", "passes over a sign-in of root", |posture, _| {
            let pattern = posture.rules[0].pattern.as_ref().unwrap();
            posture.rules[0].pattern = Some(pattern.replace(",\"AWS Console Sign In via CloudTrail\"", ""));
        }),
        ("trail", "no trail records everything", |posture, _| posture.trails.clear()),
    ];
    for (hop, says, arrange) in dead {
        let world = made();
        let topic = topic(&world);
        world.outside.aws.arrange(|posture| arrange(posture, &topic));
        assert_eq!(root_alarm(&world), "fail", "{says}");
        let done = test(&world, &["--yes", "--no-input", "--wait", "1"]);
        let broken = hops(&done).into_iter().find(|[_, _, proof, _]| proof == "broken");
        let named = broken.map(|[hop, _, _, message]| (hop, message)).unwrap_or_default();
        assert_eq!((done.code, named.0.as_str()), (1, hop), "{says}: {done:?}");
        assert!(named.1.contains(says), "{says}: {done:?}");
    }
}

/// A region whose events do not come to the one that tells: the audit names it, and so does the test.
#[test]
fn a_region_that_is_cut_off_is_named_by_the_test_and_by_the_audit() {
    type Cut = fn(&World);
    let cuts: [(&str, bool, Cut); 4] = [
        ("no rule is about root here", true, |world| {
            world.outside.aws.arrange(|posture| posture.rules.retain(|rule| rule.region != "eu-west-1"));
        }),
        ("is switched off", true, |world| {
            let off = |posture: &mut Posture| {
                posture.rules.iter_mut().filter(|rule| rule.region == "eu-west-1").for_each(|rule| {
                    rule.state = "DISABLED".to_owned();
                });
            };
            world.outside.aws.arrange(off);
        }),
        ("the role with which it sends to another region is gone", true, |world| {
            let aws = &world.outside.aws;
            let role = ("RoleName", "glasskey-root-use-to-bus");
            let _ = api::call(aws, &aws.admin(), "DeleteRolePolicy", &[role, ("PolicyName", role.1)]);
            let _ = api::call(aws, &aws.admin(), "DeleteRole", &[role]);
        }),
        ("its role may not put events on the bus", true, |world| {
            let aws = &world.outside.aws;
            let role = ("RoleName", "glasskey-root-use-to-bus");
            let _ = api::call(aws, &aws.admin(), "DeleteRolePolicy", &[role, ("PolicyName", role.1)]);
        }),
    ];
    for (says, seen, cut) in cuts {
        let world = made();
        cut(&world);
        let audit = run(&mut world.any_command(&["root", "audit"]));
        assert_eq!(audit.stdout.contains("but not of its calls in eu-west-1"), seen, "{says}: {audit:?}");
        let done = test(&world, &["--yes", "--no-input", "--wait", "1"]);
        let broken = hops(&done).into_iter().find(|[_, _, proof, _]| proof == "broken").unwrap_or_default();
        assert_eq!((done.code, broken[0].as_str(), broken[1].as_str()), (1, "rule", "eu-west-1"), "{says}: {done:?}");
        assert!(broken[3].contains(says), "{says}: {done:?}");
    }
}

/// The first rule of a region.
fn of_region(world: &World, region: &str, change: impl Fn(&mut Rule)) {
    let is_here = |rule: &&mut Rule| rule.region == region;
    world.outside.aws.arrange(|posture| posture.rules.iter_mut().filter(is_here).for_each(&change));
}

fn gone(world: &World, region: &str) {
    world.outside.aws.arrange(|posture| posture.rules.retain(|rule| rule.region != region));
}

fn untargeted(rule: &mut Rule) {
    rule.targets_by_id.clear();
}

fn users_pattern(rule: &mut Rule) {
    rule.pattern = Some(rule.pattern.as_ref().unwrap().replace("\"Root\"", "\"IAMUser\""));
}

fn wide_pattern(rule: &mut Rule) {
    rule.pattern = Some(r#"{"source":["aws.ec2"]}"#.to_owned());
}

/// To a topic in the rule's own region that is not there.
fn other_target(rule: &mut Rule) {
    let account = rule.targets_by_id[0].arn.split(':').nth(4).unwrap();
    let topic = format!("arn:aws:sns:{}:{account}:nobody", rule.region);
    rule.targets_by_id = vec![Target { id: "other".to_owned(), arn: topic, ..Target::default() }];
}

/// Each link that certainly does not hold is named before anything is sent, with its region; the audit names the same.
#[test]
fn each_link_that_does_not_hold_is_named_at_once_with_its_region() {
    type Cut = fn(&World);
    let cuts: [(&str, &str, &str, Cut); 11] = [
        (
            "eu-west-1",
            "takes events of others too",
            "in eu-west-1 → it lets events of others through too",
            |world| {
                of_region(world, "eu-west-1", wide_pattern);
            },
        ),
        ("us-east-1", "takes events of others too", "→ it lets events of others through too", |world| {
            of_region(world, "us-east-1", wide_pattern);
        }),
        ("eu-west-1", "no rule is about root here", "no rule tells of root's calls in eu-west-1", |world| {
            gone(world, "eu-west-1");
        }),
        (
            "eu-west-1",
            "(its state is DISABLED)",
            "in eu-west-1 → it is switched off (its state is DISABLED)",
            |world| {
                of_region(world, "eu-west-1", |rule| rule.state = "DISABLED".to_owned());
            },
        ),
        ("eu-west-1", "has no target", "in eu-west-1 → it has no target", |world| {
            of_region(world, "eu-west-1", untargeted);
        }),
        ("eu-west-1", "takes other events", "in eu-west-1 → its pattern takes other events than root's", |world| {
            of_region(world, "eu-west-1", users_pattern);
        }),
        ("eu-west-1", "and nobody is told there", "in eu-west-1 → there is no such topic", |world| {
            of_region(world, "eu-west-1", other_target);
        }),
        ("us-east-1", "is gone here", "\"glasskey-root-use\" in us-east-1 is gone", |world| gone(world, "us-east-1")),
        ("us-east-1", "(its state is DISABLED)", "it is switched off (its state is DISABLED)", |world| {
            of_region(world, "us-east-1", |rule| rule.state = "DISABLED".to_owned());
        }),
        ("us-east-1", "has no target", "→ it has no target", |world| of_region(world, "us-east-1", untargeted)),
        ("us-east-1", "takes other events", "→ its pattern takes other events than root's", |world| {
            of_region(world, "us-east-1", users_pattern);
        }),
    ];
    for (region, says, audited, cut) in cuts {
        let world = made();
        cut(&world);
        let audit = run(&mut world.any_command(&["root", "audit"]));
        assert!(audit.stdout.contains(audited), "{says}: {audit:?}");
        // A region without any rule, as one that was enabled lately, is named and does not fail.
        let verdict = if says.starts_with("no rule") { "pass" } else { "fail" };
        assert_eq!(root_alarm(&world), verdict, "{says}: {audit:?}");
        if region == "eu-west-1" && verdict == "fail" {
            let plan = "glasskey root harden --only root-alarm --alarm-email ADDRESS --via eventbridge";
            assert!(
                audit.stdout.contains("not of its calls in eu-west-1, where the rule does not work"),
                "{audit:?}"
            );
            assert!(audit.stdout.contains(plan), "{says}: {audit:?}");
        }
        let done = test(&world, &["--no-input", "--wait", "600"]);
        let broken = |[hop, of, proof, _]: &[String; 4]| (&**hop, &**of, &**proof) == ("rule", region, "broken");
        let found: Vec<[String; 4]> = hops(&done).into_iter().filter(broken).collect();
        assert!(done.code == 1 && found.len() == 1 && found[0][3].contains(says), "{says}: {done:?}");
        assert!(!world.outside.actions().contains(&"PutEvents".to_owned()), "{says}");
        let of_filters = |[_, _, _, message]: [String; 4]| message.contains("filter");
        assert!(!hops(&done).into_iter().any(of_filters), "{says}: {done:?}");
    }
}

/// Where another service is to assume the role, EventBridge may not.
#[test]
fn a_role_that_eventbridge_may_not_assume_is_named() {
    let world = made();
    let aws = &world.outside.aws;
    let role = ("RoleName", "glasskey-root-use-to-bus");
    let _ = api::call(aws, &aws.admin(), "DeleteRolePolicy", &[role, ("PolicyName", role.1)]);
    let _ = api::call(aws, &aws.admin(), "DeleteRole", &[role]);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let _ = api::call(aws, &aws.admin(), "CreateRole", &[role, ("AssumeRolePolicyDocument", trust)]);
    let says = "EventBridge may not assume the role";
    assert!(run(&mut world.any_command(&["root", "audit"])).stdout.contains(says));
    assert!(test(&world, &["--no-input", "--wait", "1"]).stdout.contains(says));
}

/// Whoever reads the mail of a test sees at its beginning that it is one, and a mail of root's says nothing of a test.
#[test]
fn the_mail_of_a_test_says_so_and_that_of_root_does_not() {
    let world = made();
    let mails = || {
        let all = world.outside.aws.mailbox().into_iter();
        all.filter(|mail| mail.kind == MailKind::Notification).map(|mail| mail.text).collect::<Vec<String>>()
    };
    assert_eq!(test(&world, &AGREED).code, 0);
    let of_test = mails();
    let right = "NONE. This is a test by the command glasskey root alarm test (glasskey.test)";
    assert!(of_test.len() == 2 && of_test.iter().all(|text| text.contains(right)), "{of_test:?}");
    assert!(
        !of_test.iter().any(|text| text.contains("was used") || text.contains("amazonaws.com) in")),
        "{of_test:?}"
    );
    world.outside.aws.sign_in_as_root().unwrap();
    world.outside.aws.clock().set_offset_seconds(301);
    let of_root = mails().split_off(2);
    world.outside.aws.clock().set_offset_seconds(0);
    assert!(!of_root.is_empty() && !of_root.iter().any(|text| text.contains("test")), "{of_root:?}");
    assert!(of_root[0].contains("ConsoleLogin (signin.amazonaws.com) in us-east-1"), "{of_root:?}");
}

/// What may not be asked is not called broken, and nothing of it is called proved.
#[test]
fn what_is_denied_is_not_provable_here() {
    for (action, hop) in [("TestEventPattern", "pattern"), ("PutEvents", "rule"), ("GetMetricData", "rule")] {
        let world = made();
        world.outside.aws.fail(Fault { times: u32::MAX, ..Fault::next(action, Wrong::Deny) });
        let done = test(&world, &["--yes", "--no-input", "--wait", "1"]);
        world.outside.aws.heal();
        let of = |proof: &str| hops(&done).into_iter().any(|[name, _, of, _]| name == hop && of == proof);
        assert!(of("not_provable") && !of("proven"), "{action}: {done:?}");
        assert!(!proofs(&done).iter().any(|proof| proof.ends_with("broken")), "{action}: {done:?}");
    }
}

/// A rule that asks for AWS's own source takes no event that anybody else can send.
#[test]
fn a_rule_for_aws_own_sources_is_not_provable_here() {
    let world = made();
    let pin = |posture: &mut Posture| {
        for rule in &mut posture.rules {
            let mut pattern: Value = serde_json::from_str(rule.pattern.as_deref().unwrap()).unwrap();
            pattern["source"] = serde_json::json!([{ "prefix": "aws." }]);
            rule.pattern = Some(pattern.to_string());
        }
    };
    world.outside.aws.arrange(pin);
    let done = test(&world, &["--yes", "--no-input", "--wait", "1"]);
    let rules: Vec<[String; 4]> = hops(&done).into_iter().filter(|[hop, ..]| hop == "rule").collect();
    assert!(rules.iter().all(|[_, _, proof, _]| proof == "not_provable"), "{done:?}");
    assert!(rules[0][3].contains("which nobody else can send"), "{done:?}");
}
