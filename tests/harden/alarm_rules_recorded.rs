//! EventBridge has the events of a region only where a trail records them there: the audit, the plan and the test of the
//! alarm say in which regions none does.

use super::alarm::audited;
use super::alarm_rules::{asked, made};
use super::world::{TOLD, World};
use crate::support::run;
use glasskey::sim::aws::posture::{BasicSelector, Posture, Selectors, Trail};
use serde_json::Value;

type Arrange = fn(&mut Posture);

fn of_one_region(posture: &mut Posture) {
    posture.trails[0].multi_region = false;
}

/// A trail of one region, and another one there.
fn another(posture: &mut Posture, change: impl FnOnce(&mut Trail)) {
    of_one_region(posture);
    let (name, region) = ("elsewhere".to_owned(), "eu-west-1".to_owned());
    let mut trail = Trail { name, region, multi_region: false, log_group: None, ..posture.trails[0].clone() };
    change(&mut trail);
    posture.trails.push(trail);
}

fn only(kind: &str) -> Selectors {
    Selectors::Basic(vec![BasicSelector { read_write: kind.to_owned(), ..BasicSelector::default() }])
}

/// What the test of the alarm says of the trail: its proof and its message.
fn tested(world: &World) -> (String, String) {
    let args = ["root", "alarm", "test", "--json", "--no-input", "--wait", "1"];
    let report = run(&mut world.any_command(&args)).json();
    let hop = report["hops"].as_array().unwrap().iter().find(|hop| hop["hop"] == "trail").unwrap();
    let text = |name: &str| hop[name].as_str().unwrap().to_owned();
    (text("proof"), text("message"))
}

const UNSEEN: &str = "no trail records everything in eu-west-1";
const NONE: &str = "no trail records what changes something in eu-west-1";

/// How trails are, the audit's verdict and what it says, and what the test of the alarm says.
const STATES: [(&str, Arrange, &str, &str, &str); 8] = [
    ("all", |_| {}, "pass", "", "records everything where there are rules"),
    ("one region", of_one_region, "fail", NONE, UNSEEN),
    ("each region its own", |all| another(all, |_| {}), "pass", "", "records everything where there are rules"),
    ("there off", |all| another(all, |trail| trail.logging = false), "fail", NONE, UNSEEN),
    ("there reads", |all| another(all, |trail| trail.selectors = only("ReadOnly")), "fail", NONE, UNSEEN),
    (
        "there writes",
        |all| another(all, |trail| trail.selectors = only("WriteOnly")),
        "pass",
        "calls that only read are left out in eu-west-1",
        "not what only reads in eu-west-1",
    ),
    (
        "writes",
        |all| all.trails[0].selectors = only("WriteOnly"),
        "pass",
        "(calls that only read are left out)",
        "not what only reads in us-east-1, eu-west-1",
    ),
    (
        "two halves",
        |all| {
            all.trails[0].selectors = only("WriteOnly");
            let trail = Trail { name: "reads".to_owned(), selectors: only("ReadOnly"), ..all.trails[0].clone() };
            all.trails.push(trail);
        },
        "pass",
        "",
        "records everything where there are rules",
    ),
];

#[test]
fn each_regions_rule_needs_a_trail_that_records_there() {
    for (what, arrange, verdict, says, test_says) in STATES {
        let world = made();
        world.outside.aws.arrange(arrange);
        let found = audited(&world);
        assert_eq!(found["verdict"], verdict, "{what}: {found}");
        assert!(found["evidence"].to_string().contains(says), "{what}: {found}");
        if verdict == "fail" {
            assert!(found["title"].as_str().unwrap().contains("not of its calls in eu-west-1"), "{what}: {found}");
            assert!(found["fix"].to_string().contains("--is-multi-region-trail"), "{what}: {found}");
        } else if says.is_empty() {
            assert!(!found["evidence"].to_string().contains("left out"), "{what}: {found}");
        }
        let plan = world.run(&asked());
        assert_eq!(plan.stdout == "nothing to do\n", verdict == "pass", "{what}: {plan:?}");
        let (proof, message) = tested(&world);
        assert_eq!(proof == "broken", verdict == "fail", "{what}: {message}");
        assert!(message.contains(test_says), "{what}: {message}");
    }
}

/// Rules that are as they should be do not make the plan empty while they see nothing.
#[test]
fn the_plan_says_that_the_trail_is_what_rules_lack() {
    let world = made();
    world.outside.aws.arrange(of_one_region);
    let before = world.posture();
    for args in [&asked()[..], &TOLD] {
        let done = world.run(args);
        assert_eq!((done.code, world.posture() == before), (1, true), "{done:?}");
        assert!(done.stdout.contains("no trail"), "{done:?}");
    }
    // The trail of the same plan mends it.
    let both = ["--only", "trail", "--only", "root-alarm", "--via", "eventbridge"];
    let done = world.run(&[&both[..], &["--apply", "--yes", "--no-input"]].concat());
    let found: Value = audited(&world);
    assert_eq!((done.code, found["verdict"].as_str()), (0, Some("pass")), "{done:?}");
    assert_eq!(world.posture().rules, before.rules, "and makes no second alarm");
    assert!(world.posture().metric_filters.is_empty(), "{done:?}");
}
