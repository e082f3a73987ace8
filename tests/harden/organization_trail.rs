//! The trail of all accounts of an organization: made, used, grown from one of the management account, undone, and seen by
//! members.

use super::trail::{AT_ONCE, good};
use super::world::{Kind, World};
use crate::support::{Run, run};
use glasskey::sim::aws::posture::{BasicSelector, Bucket, Posture, Selectors, Trail};
use glasskey::sim::aws::{Fault, Organization, Wrong};
use serde_json::{Value, json};

const MEMBER: &str = "000000000001";
const NAME: &str = "glasskey-management-events";
const ONLY: [&str; 3] = ["--org", "--only", "trail"];
const APPLY: [&str; 6] = ["--org", "--only", "trail", "--apply", "--yes", "--no-input"];
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

fn world() -> World {
    World::of(Kind::OrganizationTrail)
}

fn register(world: &World) -> Organization {
    Organization::of(&world.outside.aws).unwrap()
}

fn id(world: &World) -> String {
    register(world).view()["id"].as_str().unwrap().to_owned()
}

fn trusts_cloudtrail(world: &World) -> bool {
    register(world).view()["trusted"].as_array().unwrap().contains(&json!(CLOUDTRAIL))
}

fn writes(world: &World) -> Vec<String> {
    let reads = ["Get", "List", "Describe", "Generate", "Filter"];
    let is_write = |action: &String| !reads.iter().any(|verb| action.starts_with(verb));
    world.outside.actions().into_iter().filter(is_write).collect()
}

/// What a member's own audit says of a rule: the verdict, and the whole finding.
fn seen_by_member(world: &World, rule: &str) -> (String, String) {
    let member = register(world).account(MEMBER).unwrap();
    let auditor = member.admin();
    let done = run(&mut world.outside.glasskey_as(&auditor, ["root", "audit", "--json"]));
    let row: Value = serde_json::from_str(done.stdout.lines().next().unwrap()).unwrap();
    let findings = row["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["id"] == rule).unwrap();
    (finding["verdict"].as_str().unwrap().to_owned(), finding.to_string())
}

#[track_caller]
fn left_alone(world: &World, says: &str) -> Run {
    let before = (world.posture(), trusts_cloudtrail(world));
    let done = world.run(&[&ONLY[..], &["--json"]].concat());
    let open = &done.json()["open"][0];
    assert_eq!((done.code, &open["code"]), (1, &json!("not_safe")), "{done:?}");
    assert!(open["message"].as_str().unwrap().contains(says), "{done:?}");
    let applied = world.run(&APPLY);
    assert_eq!((applied.code, (world.posture(), trusts_cloudtrail(world)) == before), (1, true), "{applied:?}");
    done
}

#[test]
fn a_plan_names_the_organization_the_trust_and_what_members_pay() {
    let world = world();
    let done = world.run(&ONLY);
    assert_eq!((done.code, writes(&world)), (1, vec![]), "{done:?}");
    for line in [
        format!(
            "  trail                         none → {NAME}, of all regions and of all accounts of {}, with log file \
             validation",
            id(&world)
        ),
        "  trusted access for CloudTrail  off → on".to_owned(),
        "  The events of every account come to this bucket and this log group, those of new accounts too; "
            .to_owned(),
        "  Members keep trails of their own. Where one records management events too, the second copy ".to_owned(),
    ] {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(done.stdout.lines().any(|it| squeezed(it).starts_with(&squeezed(&line))), "{line}: {done:?}");
    }
    assert!(done.stdout.contains("  calls   organizations:EnableAWSServiceAccess, s3:CreateBucket, "), "{done:?}");
}

#[test]
fn it_is_made_for_all_accounts_and_members_see_it() {
    let world = world();
    assert_eq!(seen_by_member(&world, "trail").0, "fail");
    let done = world.run(&APPLY);
    assert_eq!(done.code, 0, "{done:?}");
    let posture = world.posture();
    let [trail] = &posture.trails[..] else { panic!("{done:?}") };
    assert!(trail.organization && trail.multi_region && trail.validation && trail.logging, "{trail:?}");
    assert!(trusts_cloudtrail(&world));
    let account = world.outside.aws.account();
    let bucket = posture.buckets.iter().find(|it| it.name == trail.bucket).unwrap();
    let policy: Value = serde_json::from_str(bucket.policy.as_ref().unwrap()).unwrap();
    let arn = format!("arn:aws:s3:::{}/AWSLogs", bucket.name);
    assert_eq!(
        policy["Statement"][1]["Resource"],
        json!([format!("{arn}/{account}/*"), format!("{arn}/{}/*", id(&world))])
    );
    let source = &policy["Statement"][1]["Condition"]["StringEquals"]["aws:SourceArn"];
    assert_eq!(*source, json!(format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{NAME}")));
    for rule in ["trail", "trail-validation"] {
        assert_eq!(seen_by_member(&world, rule).0, "pass", "{rule}");
    }
    // Whether an alarm is on it, the management account alone can tell.
    let (verdict, finding) = seen_by_member(&world, "root-alarm");
    assert_eq!(verdict, "unknown", "{finding}");
    assert!(finding.contains(&account), "{finding}");
}

#[test]
fn applied_again_it_does_nothing() {
    let world = world();
    assert_eq!(world.run(&APPLY).code, 0);
    let before = (world.snapshot(), writes(&world).len());
    let again = world.run(&APPLY);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    assert_eq!((world.snapshot(), writes(&world).len()), before);
    // Without --org it is a good trail as well.
    let alone = world.run(&["--only", "trail"]);
    assert_eq!((alone.code, alone.stdout.as_str()), (0, "nothing to do\n"), "{alone:?}");
}

/// One that is there is used, beside one of the account alone too.
#[test]
fn a_good_trail_of_the_organization_is_used_and_not_doubled() {
    for beside in [false, true] {
        let world = world();
        register(&world).trust(CLOUDTRAIL, true);
        let account = world.outside.aws.account();
        let of_all = Trail { name: "of-all".to_owned(), organization: true, ..good(&account) };
        let alone = Trail { name: "alone".to_owned(), ..good(&account) };
        world.outside.aws.arrange(|posture| {
            posture.trails = std::iter::once(of_all).chain(beside.then_some(alone)).collect();
        });
        let done = world.run(&APPLY);
        assert_eq!((done.code, done.stdout.as_str(), writes(&world)), (0, "nothing to do\n", vec![]), "{done:?}");
    }
}

/// One that glasskey has made for the account alone becomes the organization's, and undone the account's again.
#[test]
fn glasskeys_trail_of_the_account_alone_grows_and_shrinks_again() {
    let world = world();
    let done = world.run(&["--only", "trail", "--apply", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    let before = world.snapshot();
    let calls = writes(&world).len();
    let plan = world.run(&ONLY);
    assert!(plan.stdout.contains("this one → all accounts of o-"), "{plan:?}");
    let (done, run) = world.apply(&ONLY);
    assert_eq!(
        writes(&world).split_off(calls),
        ["EnableAWSServiceAccess", "PutBucketPolicy", "PutRolePolicy", "UpdateTrail"],
        "{done:?}"
    );
    assert!(world.posture().trails[0].organization, "{done:?}");
    assert_eq!(seen_by_member(&world, "trail").0, "pass");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!((undone.code, world.snapshot() == before), (0, true), "{undone:?}");
    assert_eq!(seen_by_member(&world, "trail").0, "fail");
}

/// Somebody's trail of the account alone: whose bucket it is, and what it records, is not glasskey's to spread.
#[test]
fn somebodys_trail_of_the_account_alone_is_named_and_left() {
    let world = world();
    let account = world.outside.aws.account();
    world.outside.aws.arrange(|posture| posture.trails = vec![good(&account)]);
    let done = left_alone(&world, "the trail trail is of this account alone, and glasskey has not made it");
    let command = format!("--name arn:aws:cloudtrail:us-east-1:{account}:trail/trail --is-organization-trail");
    assert!(done.stdout.contains(&command), "{done:?}");
    // What is so already need not be done.
    let trust = "trust CloudTrail in the organization";
    assert!(done.stdout.contains(trust), "{done:?}");
    Organization::of(&world.outside.aws).unwrap().trust("cloudtrail.amazonaws.com", true);
    let trusted = world.run(&ONLY);
    assert!(trusted.stdout.contains(&command) && !trusted.stdout.contains(trust), "{trusted:?}");
    // Of the account alone it is good.
    let alone = world.run(&["--only", "trail"]);
    assert_eq!(alone.code, 0, "{alone:?}");
}

/// What glasskey's trail has been given since, by somebody, may not be right for every account.
#[test]
fn glasskeys_trail_with_somebodys_key_bucket_or_role_is_named_and_left() {
    let changes: [fn(&mut Trail); 3] = [
        |trail| trail.kms_key = Some("alias/theirs".to_owned()),
        |trail| trail.bucket = "trail-bucket".to_owned(),
        |trail| trail.role = trail.role.as_ref().map(|role| role.replace("glasskey-", "their-")),
    ];
    for change in changes {
        let world = world();
        assert_eq!(world.run(&["--only", "trail", "--apply", "--yes", "--no-input"]).code, 0);
        world.outside.aws.arrange(|posture| {
            posture.buckets.push(Bucket::default());
            change(&mut posture.trails[0]);
        });
        let _ = left_alone(&world, "its role or its key is not glasskey's");
    }
}

/// Events that somebody has chosen for glasskey's trail would be recorded, and paid for, in every account.
#[test]
fn glasskeys_trail_with_somebodys_events_is_named_and_left() {
    let world = world();
    assert_eq!(world.run(&["--only", "trail", "--apply", "--yes", "--no-input"]).code, 0);
    let chosen = BasicSelector { excluded: vec!["kms.amazonaws.com".to_owned()], ..BasicSelector::default() };
    world.outside.aws.arrange(|posture| posture.trails[0].selectors = Selectors::Basic(vec![chosen]));
    let _ = left_alone(&world, "somebody has chosen its events, which would be recorded in every account");
}

#[test]
fn with_consolidated_billing_the_trail_is_the_accounts_own_and_that_is_said() {
    let world = world();
    register(&world).set_all_features(false);
    let plan = world.run(&ONLY);
    let said =
        "  The organization has consolidated billing alone, so the trail is of this account alone: enable all ";
    assert!(plan.stdout.contains(said), "{plan:?}");
    let done = world.run(&APPLY);
    assert_eq!((done.code, world.posture().trails[0].organization), (0, false), "{done:?}");
    assert!(!writes(&world).contains(&"EnableAWSServiceAccess".to_owned()), "{done:?}");
}

/// Trusted access that was on stays on; what this run has turned on goes, unless somebody needs it.
#[test]
fn undone_the_trust_goes_where_it_was_off_and_nobody_else_needs_it() {
    for (was_on, other) in [(false, false), (true, false), (false, true)] {
        let world = world();
        register(&world).trust(CLOUDTRAIL, was_on);
        let before = world.snapshot();
        let (_, run) = world.apply(&ONLY);
        if other {
            let data = BasicSelector { management: false, ..BasicSelector::default() };
            let selectors = Selectors::Basic(vec![data]);
            let data = Trail { name: "data".to_owned(), organization: true, selectors, ..Trail::default() };
            world.outside.aws.arrange(|posture| posture.trails.push(data));
        }
        let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!((undone.code, trusts_cloudtrail(&world)), (1, was_on || other), "{undone:?}");
        let said = "trusted access for CloudTrail stays on: other organization trails need it";
        assert_eq!(undone.stdout.contains(said), other, "{undone:?}");
        if !other {
            assert_eq!(world.snapshot().recorded.but_records(), before.recorded, "{undone:?}");
        }
        assert_eq!(seen_by_member(&world, "trail").0, "fail");
    }
}

#[test]
fn a_trust_that_cloudtrail_does_not_see_yet_is_waited_for() {
    let world = world();
    let code = "CloudTrailAccessNotEnabledException".to_owned();
    let wrong = Wrong::Code { status: 400, code, message: "Trusted access is not enabled.".to_owned() };
    world.outside.aws.fail(Fault::next("CreateTrail", wrong));
    let done = world.run(&APPLY);
    assert_eq!((done.code, world.posture().trails.len()), (0, 1), "{done:?}");
    assert!(done.stderr.contains("CloudTrail does not see yet that the organization trusts it"), "{done:?}");
}

#[test]
fn a_trust_that_may_not_be_read_leaves_the_step_out() {
    let world = world();
    let denied = Fault { times: 99, ..Fault::next("ListAWSServiceAccessForOrganization", Wrong::Deny) };
    world.outside.aws.fail(denied);
    let done = world.run(&[&ONLY[..], &["--json"]].concat());
    assert_eq!((done.code, &done.json()["open"][0]["code"]), (1, &json!("unreadable")), "{done:?}");
}

/// Each fact under the step is another when the plan is applied.
#[test]
fn a_fact_that_has_changed_refuses_the_plan() {
    let changes: [fn(&World); 3] = [
        |world| register(world).trust(CLOUDTRAIL, true),
        |world| register(world).set_all_features(false),
        |world| {
            let account = world.outside.aws.account();
            world.outside.aws.arrange(|posture| posture.trails.push(good(&account)));
        },
    ];
    for change in changes {
        let world = world();
        let (path, _) = world.plan("plan.json", &ONLY);
        change(&world);
        let done = world.run(&["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--json"]);
        assert_eq!((done.code, &done.json()["code"]), (3, &json!("facts_changed")), "{done:?}");
        assert_eq!(writes(&world), [""; 0], "{done:?}");
    }
}

#[test]
fn the_end_state_has_the_organization_in_both_languages() {
    let world = world();
    for (language, flag) in
        [("cloudformation", "\"IsOrganizationTrail\": true"), ("terraform", "is_organization_trail")]
    {
        let done = world.run(&["--org", "--only", "trail", "--emit", language]);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(
            done.stdout.contains(flag) && done.stdout.contains(&format!("/AWSLogs/{}/*", id(&world))),
            "{done:?}"
        );
        assert!(done.stdout.contains(&format!(":log-stream:{}_*", id(&world))), "{done:?}");
        assert!(done.stderr.contains("trail: trusted access for cloudtrail.amazonaws.com"), "{done:?}");
    }
}

/// Undone after each part of it, the organization is as it was.
#[test]
fn undone_after_each_part_the_organization_is_as_it_was() {
    for action in ["PutBucketPolicy", "CreateLogGroup", "CreateRole", "PutRolePolicy", "CreateTrail"] {
        let world = world();
        let before = world.snapshot();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        let done = world.run(&world.all());
        assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
        assert!(trusts_cloudtrail(&world), "{action}: {done:?}");
        let undone = world.recover("--undo");
        assert_eq!((undone.code, world.snapshot() == before), (0, true), "{action}: {undone:?}");
    }
}

/// A member's account with its own good trail: it stays as it is.
#[test]
fn a_members_own_trail_is_not_touched() {
    let world = world();
    let member = register(&world).account(MEMBER).unwrap();
    let trail = good(MEMBER);
    member.arrange(|posture: &mut Posture| (posture.trails, posture.delays) = (vec![trail.clone()], AT_ONCE));
    let _ = world.apply(&ONLY);
    assert_eq!(member.posture().trails, [trail]);
}

/// Two runs at once, from two machines: one trail, and nothing left over once the command is said again.
#[test]
fn two_runs_at_once_make_one_trail() {
    let (world, alone) = (world(), world());
    assert_eq!(alone.run(&alone.all()).code, 0);
    let other = tempfile::tempdir().unwrap();
    let there = || {
        let mut command = world.command(&world.all());
        run(command.env("HOME", other.path()).env("GLASSKEY_STATE_DIR", other.path().join("state")))
    };
    let (one, two) = std::thread::scope(|scope| {
        let running = scope.spawn(there);
        (world.run(&world.all()), running.join().unwrap())
    });
    assert!([&one, &two].iter().all(|done| matches!(done.code, 0 | 1 | 3 | 4)), "{one:?} {two:?}");
    let again = world.run(&world.all());
    assert_eq!((again.code, world.outside.unfinished()), (0, 0), "{one:?} {two:?} {again:?}");
    assert_eq!(world.posture().trails.len(), 1);
    assert!(world.snapshot() == alone.snapshot(), "{one:?} {two:?} {again:?}");
}

/// A delegated administrator for IAM has a trail of its own account made, and trusts nobody.
#[test]
fn a_delegated_administrator_makes_no_trail_of_all_accounts() {
    let world = world();
    register(&world).delegate(MEMBER, "iam.amazonaws.com");
    let member = register(&world).account(MEMBER).unwrap();
    let admin = member.admin();
    member.arrange(|posture| posture.delays = AT_ONCE);
    let apply = [&["root", "harden"], &APPLY[..]].concat();
    let done = run(&mut world.outside.glasskey_as(&admin, apply));
    let trails = member.posture().trails;
    assert_eq!((done.code, trails.len(), trusts_cloudtrail(&world)), (0, 1, false), "{done:?}");
    assert!(!trails[0].organization, "{trails:?}");
}
