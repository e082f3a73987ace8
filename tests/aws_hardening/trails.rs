//! Trails as they are made, changed, started and stopped, and every refusal on the way.

use super::scene::{BUCKET, GROUP, NAME, REGION, ROLE, Scene};
use glasskey::aws::Error;
use glasskey::aws::hardening::{NewTrail, Obstacle, TrailChange, TrailStatus, logs_document, trust_document};
use glasskey::sim::aws::posture::Trail;
use glasskey::sim::aws::{Fault, Wrong};

fn obstacle<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<Obstacle> {
    outcome.unwrap_err().obstacle()
}

fn code(code: &str, message: &str) -> Wrong {
    Wrong::Code { status: 400, code: code.to_owned(), message: message.to_owned() }
}

fn status(scene: &Scene) -> TrailStatus {
    scene.account.trail_status(REGION, &scene.trail_arn()).unwrap()
}

#[test]
fn a_trail_is_made_started_seen_and_stopped() {
    let scene = Scene::new();
    let made = scene.make_trail();
    let wanted = scene.new_trail();
    assert_eq!((made.arn.as_str(), made.home_region.as_str()), (scene.trail_arn().as_str(), REGION));
    assert!(made.multi_region && made.global_events && made.validation && !made.organization);
    assert_eq!((made.bucket.as_str(), &made.logs), (BUCKET, &wanted.logs));
    assert_eq!(scene.account.trail(REGION, NAME).unwrap().unwrap(), made);
    assert_eq!(scene.account.trails("eu-west-1").unwrap(), [made], "it is seen from everywhere");
    assert_eq!(scene.account.trail(REGION, "other"), Ok(None));
    assert_eq!(status(&scene), TrailStatus::default());
    let started = scene.now();
    scene.account.start_logging(REGION, &scene.trail_arn()).unwrap();
    assert_eq!(status(&scene), TrailStatus { logging: true, started: Some(started), ..TrailStatus::default() });
    scene.wait(300);
    let later = status(&scene);
    assert_eq!((later.delivered, later.logs_delivered), (Some(scene.now()), Some(scene.now())));
    scene.aws.arrange(|posture| posture.buckets[0].policy = None);
    assert_eq!(status(&scene).delivery_error.as_deref(), Some("AccessDenied"));
    scene.account.stop_logging(REGION, &scene.trail_arn()).unwrap();
    let stopped = status(&scene);
    assert!(!stopped.logging && stopped.stopped == Some(scene.now()));
    scene.account.delete_trail(REGION, &scene.trail_arn()).unwrap();
    assert_eq!(scene.account.trails(REGION).unwrap(), []);
}

#[test]
fn a_change_leaves_the_rest_as_it_is() {
    let scene = Scene::new();
    let made = scene.make_trail();
    let arn = scene.trail_arn();
    let change = TrailChange { validation: Some(false), ..TrailChange::default() };
    let changed = scene.account.update_trail(REGION, &arn, &change).unwrap();
    assert!(!changed.validation && changed.multi_region && changed.logs == made.logs);
    let without = TrailChange { logs: Some(None), ..TrailChange::default() };
    assert_eq!(scene.account.update_trail(REGION, &arn, &without).unwrap().logs, None);
    let with = TrailChange { logs: Some(made.logs.clone()), validation: Some(true), ..TrailChange::default() };
    assert_eq!(scene.account.update_trail(REGION, &arn, &with).unwrap(), made);
}

/// IAM has just made it: CloudTrail takes it some seconds later.
#[test]
fn a_role_that_was_just_made_is_waited_for() {
    for delay in [10, 45, 110] {
        let scene = Scene::new();
        scene.aws.arrange(|posture| posture.delays.role = delay);
        scene.trail_parts();
        let begun = scene.now();
        scene.account.create_trail(REGION, &scene.new_trail()).unwrap();
        let waited = scene.now().duration_since(begun).unwrap().as_secs();
        assert!((delay..=120).contains(&waited), "{delay}: {waited}");
        let retries = scene.retries.lock().unwrap();
        assert!(!retries.is_empty() && retries.iter().all(|it| it.why.contains("role")), "{retries:?}");
    }
}

#[test]
fn what_cloudtrail_does_not_see_yet_is_waited_for() {
    for wrong in [Wrong::RoleUnseen, Wrong::PolicyUnseen] {
        let scene = Scene::new();
        scene.aws.arrange(|posture| posture.delays.role = 0);
        scene.before_trail();
        scene.aws.fail(Fault { times: 3, ..Fault::next("CreateTrail", wrong) });
        scene.account.create_trail(REGION, &scene.new_trail()).unwrap();
        let waits: Vec<u64> = scene.retries.lock().unwrap().iter().map(|it| it.after.as_secs()).collect();
        assert_eq!(waits, [2, 4, 8]);
        // A change of the trail waits in the same way.
        scene.aws.fail(Fault::next("UpdateTrail", Wrong::RoleUnseen));
        let change = TrailChange { validation: Some(false), ..TrailChange::default() };
        scene.account.update_trail(REGION, &scene.trail_arn(), &change).unwrap();
    }
}

/// CloudTrail says the same of what is wrong for good, so the wait ends.
#[test]
fn a_wrong_role_is_refused_after_two_minutes() {
    let scene = Scene::new();
    scene.before_trail();
    scene.account.put_role_policy(ROLE, "write", &logs_document(&scene.place(), "another-group", None)).unwrap();
    let begun = scene.now();
    assert_eq!(obstacle(scene.account.create_trail(REGION, &scene.new_trail())), Some(Obstacle::Role));
    let waited = scene.now().duration_since(begun).unwrap().as_secs();
    assert!((90..=120).contains(&waited), "{waited}");
    assert_eq!(scene.account.trails(REGION).unwrap(), []);
}

#[test]
fn a_bucket_that_does_not_let_the_trail_in_is_refused_after_two_minutes() {
    let scene = Scene::new();
    scene.before_trail();
    let other = NewTrail { name: "another".to_owned(), ..scene.new_trail() };
    assert_eq!(obstacle(scene.account.create_trail(REGION, &other)), Some(Obstacle::BucketPolicy));
    assert!(scene.refused_with("InsufficientS3BucketPolicyException") > 5);
}

#[test]
fn refusals_that_do_not_pass_are_told_at_once_and_apart() {
    let scene = Scene::new();
    scene.make_trail();
    scene.retries.lock().unwrap().clear();
    let create = |trail: &NewTrail| obstacle(scene.account.create_trail(REGION, trail));
    assert_eq!(create(&scene.new_trail()), Some(Obstacle::NameTaken));
    let no_bucket = NewTrail { name: "x-1".to_owned(), bucket: "nowhere-at-all".to_owned(), ..scene.new_trail() };
    assert_eq!(create(&no_bucket), Some(Obstacle::NoBucket));
    let organization = NewTrail { name: "x-2".to_owned(), organization: true, ..scene.new_trail() };
    assert_eq!(create(&organization), Some(Obstacle::Organization));
    for (error, right) in [
        (code("ConflictException", "wait a few minutes"), Obstacle::Conflict),
        (code("NoManagementAccountSLRExistsException", ""), Obstacle::Organization),
        (code("InsufficientDependencyServiceAccessPermissionException", ""), Obstacle::Organization),
        (code("CloudTrailARNInvalidException", "Region in ARN is wrong."), Obstacle::WrongRegion),
    ] {
        scene.aws.fail(Fault::next("CreateTrail", error));
        assert_eq!(create(&NewTrail { name: "x-3".to_owned(), ..scene.new_trail() }), Some(right));
    }
    scene.aws.arrange(|posture| {
        let more = (0..4).map(|n| Trail { name: format!("more-{n}"), ..Trail::default() });
        posture.trails.extend(more);
    });
    let sixth = NewTrail { name: "sixth".to_owned(), ..scene.new_trail() };
    assert_eq!(create(&sixth), Some(Obstacle::Limit));
    assert_eq!(scene.retries.lock().unwrap().len(), 0, "nothing is waited for");
}

#[test]
fn a_trail_changes_in_its_home_region_alone() {
    let scene = Scene::new();
    scene.make_trail();
    let (account, arn) = (&scene.account, scene.trail_arn());
    let change = TrailChange { validation: Some(false), ..TrailChange::default() };
    let elsewhere = "eu-west-1";
    let refused = [
        account.start_logging(elsewhere, &arn),
        account.stop_logging(elsewhere, &arn),
        account.delete_trail(elsewhere, &arn),
        account.update_trail(elsewhere, &arn, &change).map(drop),
    ];
    for outcome in refused {
        assert_eq!(obstacle(outcome), Some(Obstacle::WrongRegion));
    }
    assert_eq!(account.trail(elsewhere, &arn).unwrap().unwrap().home_region, REGION);
    assert_eq!(obstacle(account.start_logging(REGION, "other")), Some(Obstacle::NotThere));
    assert_eq!(obstacle(account.trail_status(REGION, "other")), Some(Obstacle::NotThere));
}

#[test]
fn the_role_is_read_as_it_was_put() {
    let scene = Scene::new();
    assert_eq!((scene.account.role(ROLE), scene.account.role_policy(ROLE, "write")), (Ok(None), Ok(None)));
    scene.make_role().unwrap();
    scene.let_role_write().unwrap();
    let role = scene.account.role(ROLE).unwrap().unwrap();
    assert_eq!((role.arn.ends_with(ROLE), role.trust), (true, Some(trust_document())));
    let right = logs_document(&scene.place(), GROUP, None);
    assert_eq!(scene.account.role_policy(ROLE, "write").unwrap(), Some(right));
    assert_eq!(obstacle(scene.account.delete_role(ROLE)), Some(Obstacle::InUse));
    scene.account.delete_role_policy(ROLE, "write").unwrap();
    scene.account.delete_role(ROLE).unwrap();
    assert_eq!(obstacle(scene.account.delete_role(ROLE)), Some(Obstacle::NotThere));
}

/// The role of a trail that was arranged can be looked at.
#[test]
fn the_role_of_a_sound_accounts_trail_is_there() {
    let scene = Scene::new();
    scene.aws.protect();
    let trail = scene.account.trails(REGION).unwrap().remove(0);
    let role = scene.account.role("trail-to-logs").unwrap().unwrap();
    assert_eq!((trail.logs.unwrap().role, role.trust), (role.arn, Some(trust_document())));
    let change = TrailChange { validation: Some(true), ..TrailChange::default() };
    assert!(scene.account.update_trail(REGION, &trail.arn, &change).is_ok());
}

/// The organization has trusted CloudTrail a moment ago: it is sent again.
#[test]
fn a_trust_that_is_not_seen_yet_is_waited_for() {
    let scene = Scene::new();
    scene.before_trail();
    scene.aws.fail(Fault::next("CreateTrail", code("CloudTrailAccessNotEnabledException", "")));
    scene.account.create_trail(REGION, &scene.new_trail()).unwrap();
    let retries = scene.retries.lock().unwrap();
    assert!(retries.iter().any(|it| it.why.contains("trusts it")), "{retries:?}");
}
