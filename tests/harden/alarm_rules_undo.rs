//! Rules of EventBridge undone: what the run has made goes, what it has mended stays, and a region may be disabled since.

use super::alarm_rules::made;
use super::alarm_world::ADDRESS;
use super::world::{Kind, TOLD, VIA_RULES, World};
use crate::enroll::api;
use crate::support::Run;
use glasskey::sim::aws::posture::{BasicSelector, Posture, Selectors};
use serde_json::json;

const OFF: &str = "DISABLED";
const ALL: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
const BUS_ROLE: &str = "glasskey-root-use-to-bus";

fn asked() -> Vec<&'static str> {
    [&TOLD[..], &VIA_RULES].concat()
}

fn undo(world: &World, run: &str) -> Run {
    world.run(&["--undo", run, "--yes", "--no-input"])
}

/// Applies what cannot all be undone.
fn mend(world: &World, args: &[&str]) -> String {
    let apply = ["--apply", "--yes", "--no-input", "--accept-irreversible", "--json"];
    let done = world.run(&[&apply[..], args].concat());
    assert_eq!(done.code, 0, "{done:?}");
    done.json()["run"].as_str().unwrap().to_owned()
}

fn regions(world: &World) -> Vec<String> {
    let mut regions: Vec<String> = world.posture().rules.into_iter().map(|rule| rule.region).collect();
    regions.sort();
    regions
}

/// Switches off the rule of a region.
fn switch_off(posture: &mut Posture, region: &str) {
    posture.rules.iter_mut().filter(|rule| rule.region == region).for_each(|rule| rule.state = OFF.to_owned());
}

/// One rule is mended and another one made: the second goes, the first stays as it is, and the plan has said so.
#[test]
fn undoing_takes_the_rules_that_were_made_and_leaves_those_that_were_mended() {
    for broken in ["us-east-1", "eu-west-1"] {
        let world = made();
        world.outside.aws.arrange(|posture| {
            posture.rules.retain(|rule| rule.region == broken);
            switch_off(posture, broken);
        });
        let plan = world.run(&asked());
        assert!(plan.stdout.contains("rules that were mended stay as they are then"), "{plan:?}");
        let run = mend(&world, &asked());
        assert_eq!(regions(&world), ["eu-west-1", "us-east-1"]);
        let undone = undo(&world, &run);
        assert_eq!((undone.code, regions(&world)), (1, vec![broken.to_owned()]), "{broken}: {undone:?}");
        assert!(world.posture().rules.iter().all(|rule| rule.state == ALL), "{broken}: {undone:?}");
        let says = format!("the rule glasskey-root-use in {broken} was there before and has been mended");
        assert!(undone.stdout.contains(&says), "{broken}: {undone:?}");
        assert_eq!((undo(&world, &run).code, world.outside.unfinished()), (2, 0));
    }
}

/// With the rules, what the run has made around them goes as well.
#[test]
fn a_role_and_a_topic_that_were_made_go_although_a_rule_was_mended() {
    let world = made();
    world.outside.aws.arrange(|posture| {
        posture.rules.retain(|rule| rule.region == "us-east-1");
        switch_off(posture, "us-east-1");
        posture.topics.clear();
        posture.subscriptions.clear();
    });
    change_role(&world, "DeleteRolePolicy", &[("RoleName", BUS_ROLE), ("PolicyName", BUS_ROLE)]);
    change_role(&world, "DeleteRole", &[("RoleName", BUS_ROLE)]);
    let run = mend(&world, &asked());
    assert_eq!(world.posture().topics.len(), 1);
    let undone = undo(&world, &run);
    assert_eq!((undone.code, regions(&world)), (1, vec!["us-east-1".to_owned()]), "{undone:?}");
    assert!(world.posture().topics.is_empty(), "{undone:?}");
    let aws = &world.outside.aws;
    assert!(api::answered(aws, &aws.admin(), "GetRole", &[("RoleName", BUS_ROLE)]).contains("NoSuchEntity"));
}

/// The filter's chain does the same.
#[test]
fn a_filter_that_was_made_goes_although_its_alarm_was_mended() {
    let world = super::alarm::made();
    world.outside.aws.arrange(|posture| {
        posture.metric_filters.clear();
        posture.alarms[0].threshold = 3;
    });
    let run = mend(&world, &TOLD);
    let undone = undo(&world, &run);
    assert_eq!((undone.code, world.posture().metric_filters.len()), (1, 0), "{undone:?}");
    assert_eq!((world.posture().alarms.len(), world.posture().alarms[0].threshold), (1, 1), "{undone:?}");
    assert!(undone.stdout.contains("the alarm glasskey-root-use was there before and has been mended"), "{undone:?}");
}

fn three_regions() -> (World, String) {
    let world = World::of(Kind::Ruled);
    world.outside.aws.arrange(|posture| posture.opted_in = vec!["ap-east-1".to_owned()]);
    let (_, run) = world.apply(&asked());
    (world, run)
}

/// The rule in a region that was disabled since cannot be reached: that is said, all else goes, and once the region is
/// enabled the rest goes too.
#[test]
fn a_rule_in_a_region_that_was_disabled_since_is_named_and_goes_once_it_is_enabled() {
    let (world, run) = three_regions();
    world.outside.aws.arrange(|posture| posture.opted_in.clear());
    for _ in 0..2 {
        let undone = undo(&world, &run);
        assert_eq!((undone.code, regions(&world)), (4, vec!["ap-east-1".to_owned()]), "{undone:?}");
        for line in [
            "disabled since the run: ap-east-1",
            "left behind: the rule glasskey-root-use in ap-east-1, which is disabled",
            "a rule in a region that is disabled does nothing",
        ] {
            assert!(undone.stderr.contains(line), "{line}: {undone:?}");
        }
        assert!(!undone.stderr.contains("somebody"), "{undone:?}");
        assert!(world.posture().topics.is_empty(), "{undone:?}");
    }
    world.outside.aws.arrange(|posture| posture.opted_in = vec!["ap-east-1".to_owned()]);
    let undone = undo(&world, &run);
    assert_eq!((undone.code, regions(&world), world.outside.unfinished()), (0, vec![], 0), "{undone:?}");
}

/// A region that was enabled since has nothing of the run's.
#[test]
fn a_region_that_was_enabled_since_does_not_stop_undoing() {
    let world = World::of(Kind::Ruled);
    let before = world.snapshot();
    let (_, run) = world.apply(&asked());
    world.outside.aws.arrange(|posture| posture.opted_in = vec!["ap-east-1".to_owned()]);
    let undone = undo(&world, &run);
    assert_eq!((undone.code, regions(&world)), (0, vec![]), "{undone:?}");
    assert!(world.snapshot() == before);
}

fn role(world: &World, name: &str, service: &str) {
    let aws = &world.outside.aws;
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" },
    ] });
    let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", &*trust.to_string())];
    let _ = api::call(aws, &aws.admin(), "CreateRole", &parameters);
}

fn change_role(world: &World, action: &str, parameters: &[(&str, &str)]) {
    let aws = &world.outside.aws;
    let _ = api::call(aws, &aws.admin(), action, parameters);
}

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const ANYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A role that has the name and can do more, or that somebody else may use, is left alone, with the reason.
#[test]
fn a_role_that_carries_more_than_glasskeys_is_not_used() {
    type Way = (&'static str, &'static str, fn(&World, &str));
    let attached: fn(&World, &str) =
        |world, name| change_role(world, "AttachRolePolicy", &[("RoleName", name), ("PolicyArn", ADMINISTRATOR)]);
    let inline: fn(&World, &str) = |world, name| {
        let of = [("RoleName", name), ("PolicyName", "more"), ("PolicyDocument", ANYTHING)];
        change_role(world, "PutRolePolicy", &of);
    };
    let wider: fn(&World, &str) = |world, name| {
        let of = [("RoleName", name), ("PolicyName", name), ("PolicyDocument", ANYTHING)];
        change_role(world, "PutRolePolicy", &of);
    };
    let ways: [Way; 4] = [
        ("events.amazonaws.com", "has further policies (AdministratorAccess)", attached),
        ("events.amazonaws.com", "has further policies (more)", inline),
        ("events.amazonaws.com", "has another policy glasskey-root-use-to-bus than glasskey's", wider),
        ("ec2.amazonaws.com", "is not for EventBridge alone", |_, _| {}),
    ];
    for (service, says, arrange) in ways {
        let world = World::of(Kind::Ruled);
        role(&world, BUS_ROLE, service);
        arrange(&world, BUS_ROLE);
        let before = world.snapshot();
        let done = world.run(&[&asked()[..], &["--apply", "--yes", "--no-input"]].concat());
        assert_eq!((done.code, world.snapshot() == before), (1, true), "{says}: {done:?}");
        assert!(done.stdout.contains(says), "{says}: {done:?}");
    }
    for (says, arrange) in [("has further policies (AdministratorAccess)", attached), ("policies (more)", inline)] {
        let world = World::of(Kind::Untrailed);
        role(&world, "glasskey-cloudtrail-to-logs", "cloudtrail.amazonaws.com");
        arrange(&world, "glasskey-cloudtrail-to-logs");
        let done = world.run(&["--only", "trail", "--apply", "--yes", "--no-input"]);
        assert_eq!((done.code, world.posture().trails.len()), (1, 0), "{says}: {done:?}");
        assert!(done.stdout.contains(says) && done.stdout.contains("left alone"), "{says}: {done:?}");
    }
}

fn only(read_write: &str) -> Selectors {
    let read_write = read_write.to_owned();
    Selectors::Basic(vec![BasicSelector { read_write, ..BasicSelector::default() }])
}

/// Rules that are whole see nothing of root where no trail brings it: that is said, as of a filter.
#[test]
fn rules_without_a_trail_that_feeds_them_are_not_called_done() {
    type Arrange = fn(&mut Posture);
    let ways: [(&str, Arrange); 4] = [
        ("stopped", |posture| posture.trails[0].logging = false),
        ("gone", |posture| posture.trails.clear()),
        ("reads", |posture| posture.trails[0].selectors = only("ReadOnly")),
        ("one region", |posture| posture.trails[0].multi_region = false),
    ];
    for (what, arrange) in ways {
        let world = made();
        world.outside.aws.arrange(arrange);
        for args in [vec!["--only", "root-alarm", "--via", "eventbridge"], asked()] {
            let done = world.run(&args);
            assert_eq!(done.code, 1, "{what}: {done:?}");
            assert!(done.stdout.contains("EventBridge has root's events only where a trail"), "{what}: {done:?}");
        }
        // Nor does the filter's chain take them for a chain that works.
        let by_filter = world.run(&["--only", "root-alarm", "--alarm-email", ADDRESS]);
        assert_eq!(by_filter.code, 1, "{what}: {by_filter:?}");
    }
}
