//! Every call of hardening that changes something: its reply lost, denied, throttled, and answered by what is no answer of
//! AWS's with a status that means success. Done is said only where it is done.

use super::scene::{ADDRESS, BUCKET, GROUP, NAME, POLICY, REGION, ROLE, STREAM, Scene};
use crate::support::blows::{side_by_side, tally};
use glasskey::aws::hardening::{AlarmState, TrailChange, trust_document};
use glasskey::aws::{Call, Error};
use glasskey::sim::aws::posture::{PublicAccessBlock, Trail};
use glasskey::sim::aws::{Fault, Strange, Wrong};
use std::collections::BTreeSet;

/// A call: what is there before it, the call, and whether the world shows that it was carried out.
pub(super) struct Row {
    pub(super) call: Call,
    pub(super) before: fn(&Scene),
    pub(super) act: fn(&Scene) -> Result<(), Error>,
    pub(super) done: fn(&Scene) -> bool,
}

fn trail(scene: &Scene) -> Option<Trail> {
    scene.aws.posture().trails.into_iter().find(|trail| trail.name == NAME)
}

fn group_is_there(scene: &Scene) -> bool {
    scene.aws.posture().log_groups.iter().any(|group| group.name == GROUP && !group.deleted)
}

fn bucket_of(scene: &Scene) -> glasskey::sim::aws::posture::Bucket {
    scene.aws.posture().buckets.into_iter().find(|bucket| bucket.name == BUCKET).unwrap()
}

/// A bucket with none of the settings that a new one has.
fn bare_bucket(scene: &Scene) {
    scene.make_bucket();
    scene.aws.arrange(|posture| {
        let bucket = &mut posture.buckets[0];
        (bucket.public_access_block, bucket.ownership) = (None, None);
        bucket.encryption = "aws:kms".to_owned();
    });
}

fn bucket_with_policy(scene: &Scene) {
    scene.make_bucket();
    scene.account.put_bucket_policy(&scene.bucket(), &scene.bucket_policy()).unwrap();
}

fn logging(scene: &Scene) {
    scene.make_trail();
    scene.account.start_logging(REGION, &scene.trail_arn()).unwrap();
}

fn is_logging(scene: &Scene) -> bool {
    trail(scene).is_some_and(|trail| trail.logging)
}

fn filtered_group(scene: &Scene) {
    scene.make_stream();
    scene.account.put_metric_filter(REGION, &Scene::filter()).unwrap();
}

fn has_filter(scene: &Scene) -> bool {
    scene.aws.posture().metric_filters.iter().any(|filter| filter.name == NAME)
}

fn role_with_policy(scene: &Scene) {
    scene.make_role().unwrap();
    scene.let_role_write().unwrap();
}

fn writing_role(scene: &Scene) -> bool {
    scene.account.role_policy(ROLE, POLICY).unwrap().is_some()
}

fn has_topic(scene: &Scene) -> bool {
    scene.aws.posture().topics.iter().any(|topic| topic.arn == scene.topic_arn())
}

fn has_policy(scene: &Scene) -> bool {
    scene.aws.posture().topics.iter().any(|topic| topic.policy.as_ref().is_some_and(|it| it.contains("Glasskey")))
}

fn subscribed(scene: &Scene, is: fn(&glasskey::sim::aws::posture::Subscription) -> bool) -> bool {
    scene.aws.posture().subscriptions.iter().any(|one| one.endpoint == ADDRESS && is(one))
}

fn rule_with_target(scene: &Scene) {
    scene.make_topic();
    scene.make_rule();
    scene.account.put_target(REGION, NAME, &scene.target()).unwrap();
}

fn has_rule(scene: &Scene) -> bool {
    scene.aws.posture().rules.iter().any(|rule| rule.name == NAME)
}

fn has_target(scene: &Scene) -> bool {
    scene.aws.posture().rules.iter().any(|rule| rule.targets_by_id.iter().any(|target| target.id == "mail"))
}

const TRAILS: &[Row] = &[
    Row {
        call: Call::CreateTrail,
        before: Scene::before_trail,
        act: |scene| scene.account.create_trail(REGION, &scene.new_trail()).map(drop),
        done: |scene| trail(scene).is_some(),
    },
    Row {
        call: Call::UpdateTrail,
        before: |scene| drop(scene.make_trail()),
        act: |scene| {
            let change = TrailChange { validation: Some(false), ..TrailChange::default() };
            scene.account.update_trail(REGION, &scene.trail_arn(), &change).map(drop)
        },
        done: |scene| !trail(scene).unwrap().validation,
    },
    Row {
        call: Call::StartLogging,
        before: |scene| drop(scene.make_trail()),
        act: |scene| scene.account.start_logging(REGION, &scene.trail_arn()),
        done: is_logging,
    },
    Row {
        call: Call::StopLogging,
        before: logging,
        act: |scene| scene.account.stop_logging(REGION, &scene.trail_arn()),
        done: |scene| !is_logging(scene),
    },
    Row {
        call: Call::DeleteTrail,
        before: logging,
        act: |scene| scene.account.delete_trail(REGION, &scene.trail_arn()),
        done: |scene| trail(scene).is_none(),
    },
    Row {
        call: Call::CreateRole,
        before: |_| {},
        act: Scene::make_role,
        done: |scene| scene.account.role(ROLE).unwrap().is_some(),
    },
    Row {
        call: Call::PutRolePolicy,
        before: |scene| scene.make_role().unwrap(),
        act: Scene::let_role_write,
        done: writing_role,
    },
    Row {
        call: Call::DeleteRolePolicy,
        before: role_with_policy,
        act: |scene| scene.account.delete_role_policy(ROLE, POLICY),
        done: |scene| !writing_role(scene),
    },
    Row {
        call: Call::DeleteRole,
        before: |scene| scene.make_role().unwrap(),
        act: |scene| scene.account.delete_role(ROLE),
        done: |scene| scene.account.role(ROLE).unwrap().is_none(),
    },
];

const BUCKETS: &[Row] = &[
    Row {
        call: Call::CreateBucket,
        before: |_| {},
        act: |scene| scene.account.create_bucket(REGION, BUCKET).map(drop),
        done: |scene| scene.aws.posture().buckets.iter().any(|bucket| bucket.name == BUCKET),
    },
    Row {
        call: Call::DeleteBucket,
        before: Scene::make_bucket,
        act: |scene| scene.account.delete_bucket(&scene.bucket()),
        done: |scene| scene.aws.posture().buckets.is_empty(),
    },
    Row {
        call: Call::PutBucketPolicy,
        before: Scene::make_bucket,
        act: |scene| scene.account.put_bucket_policy(&scene.bucket(), &scene.bucket_policy()),
        done: |scene| bucket_of(scene).policy.is_some(),
    },
    Row {
        call: Call::DeleteBucketPolicy,
        before: bucket_with_policy,
        act: |scene| scene.account.delete_bucket_policy(&scene.bucket()),
        done: |scene| bucket_of(scene).policy.is_none(),
    },
    Row {
        call: Call::PutPublicAccessBlock,
        before: bare_bucket,
        act: |scene| scene.account.block_public_access(&scene.bucket()),
        done: |scene| bucket_of(scene).public_access_block == Some(PublicAccessBlock::default()),
    },
    Row {
        call: Call::PutBucketOwnershipControls,
        before: bare_bucket,
        act: |scene| scene.account.enforce_bucket_owner(&scene.bucket()),
        done: |scene| bucket_of(scene).ownership.as_deref() == Some("BucketOwnerEnforced"),
    },
    Row {
        call: Call::PutBucketEncryption,
        before: bare_bucket,
        act: |scene| scene.account.encrypt_bucket(&scene.bucket()),
        done: |scene| bucket_of(scene).encryption == "AES256",
    },
    Row {
        call: Call::PutBucketVersioning,
        before: bare_bucket,
        act: |scene| scene.account.version_bucket(&scene.bucket()),
        done: |scene| bucket_of(scene).versioning.as_deref() == Some("Enabled"),
    },
];

const LOGS: &[Row] = &[
    Row {
        call: Call::CreateLogGroup,
        before: |_| {},
        act: |scene| scene.account.create_log_group(REGION, GROUP),
        done: group_is_there,
    },
    Row {
        call: Call::DeleteLogGroup,
        before: Scene::make_stream,
        act: |scene| scene.account.delete_log_group(REGION, GROUP),
        done: |scene| !group_is_there(scene),
    },
    Row {
        call: Call::PutRetentionPolicy,
        before: Scene::make_stream,
        act: |scene| scene.account.keep_log_events(REGION, GROUP, 365),
        done: |scene| scene.aws.posture().log_groups[0].retention_days == Some(365),
    },
    Row {
        call: Call::CreateLogStream,
        before: |scene| scene.account.create_log_group(REGION, GROUP).unwrap(),
        act: |scene| scene.account.create_log_stream(REGION, GROUP, STREAM),
        done: |scene| scene.aws.posture().log_groups[0].streams.contains_key(STREAM),
    },
    Row {
        call: Call::PutLogEvents,
        before: Scene::make_stream,
        act: |scene| scene.put("hello"),
        done: |scene| scene.aws.posture().log_groups[0].streams[STREAM].len() == 1,
    },
    Row {
        call: Call::PutMetricFilter,
        before: Scene::make_stream,
        act: |scene| scene.account.put_metric_filter(REGION, &Scene::filter()),
        done: has_filter,
    },
    Row {
        call: Call::DeleteMetricFilter,
        before: filtered_group,
        act: |scene| scene.account.delete_metric_filter(REGION, GROUP, NAME),
        done: |scene| !has_filter(scene),
    },
];

const TELLING: &[Row] = &[
    Row {
        call: Call::PutMetricAlarm,
        before: |_| {},
        act: |scene| scene.account.put_alarm(REGION, &scene.new_alarm()),
        done: |scene| scene.aws.posture().alarms.len() == 1,
    },
    Row {
        call: Call::SetAlarmState,
        before: Scene::make_alarm,
        act: |scene| scene.account.set_alarm_state(REGION, NAME, AlarmState::Alarm, "a test"),
        done: |scene| scene.aws.posture().alarms[0].state == "ALARM",
    },
    Row {
        call: Call::DeleteAlarms,
        before: Scene::make_alarm,
        act: |scene| scene.account.delete_alarm(REGION, NAME),
        done: |scene| scene.aws.posture().alarms.is_empty(),
    },
    Row {
        call: Call::CreateTopic,
        before: |_| {},
        act: |scene| scene.account.create_topic(REGION, NAME).map(drop),
        done: has_topic,
    },
    Row {
        call: Call::SetTopicAttributes,
        before: Scene::make_topic,
        act: |scene| scene.account.set_topic_policy(&scene.topic_arn(), &scene.topic_policy()),
        done: has_policy,
    },
    Row {
        call: Call::DeleteTopic,
        before: Scene::make_topic,
        act: |scene| scene.account.delete_topic(&scene.topic_arn()),
        done: |scene| !has_topic(scene),
    },
    Row {
        call: Call::Subscribe,
        before: Scene::make_topic,
        act: |scene| scene.account.subscribe(&scene.topic_arn(), ADDRESS).map(drop),
        done: |scene| subscribed(scene, |one| !one.confirmed),
    },
    Row {
        call: Call::ConfirmSubscription,
        before: Scene::ask_to_subscribe,
        act: |scene| scene.account.confirm_subscription(&scene.confirmation()).map(drop),
        done: |scene| subscribed(scene, |one| one.confirmed && one.authenticated),
    },
    Row {
        call: Call::Unsubscribe,
        before: |scene| drop(scene.make_subscriber()),
        act: |scene| {
            let arn = scene.aws.posture().subscriptions[0].arn.clone();
            scene.account.unsubscribe(&arn)
        },
        done: |scene| subscribed(scene, |one| one.deleted),
    },
    Row {
        call: Call::PutRule,
        before: |_| {},
        act: |scene| {
            let pattern = glasskey::aws::hardening::root_event_pattern(true);
            let (name, description) = (NAME.to_owned(), String::new());
            let rule = glasskey::aws::hardening::NewRule { name, description, pattern };
            scene.account.put_rule(REGION, &rule).map(drop)
        },
        done: has_rule,
    },
    Row {
        call: Call::DeleteRule,
        before: Scene::make_rule,
        act: |scene| scene.account.delete_rule(REGION, NAME),
        done: |scene| !has_rule(scene),
    },
    Row {
        call: Call::PutTargets,
        before: Scene::make_rule,
        act: |scene| scene.account.put_target(REGION, NAME, &scene.target()),
        done: has_target,
    },
    Row {
        call: Call::RemoveTargets,
        before: rule_with_target,
        act: |scene| scene.account.remove_targets(REGION, NAME, &["mail"]),
        done: |scene| !has_target(scene),
    },
];

fn rows() -> impl Iterator<Item = &'static Row> {
    [TRAILS, BUCKETS, LOGS, TELLING, super::administrator::ROWS].into_iter().flatten()
}

/// What came of a call with a fault, and whether it was carried out.
fn tried(row: &Row, fault: Fault) -> (Result<(), Error>, bool) {
    let scene = Scene::new();
    (row.before)(&scene);
    assert!(!(row.done)(&scene), "{} is done before it is tried", row.call);
    scene.aws.fail(fault);
    let outcome = (row.act)(&scene);
    scene.aws.heal();
    (outcome, (row.done)(&scene))
}

fn is_unknown(outcome: &Result<(), Error>, of: Call) -> bool {
    matches!(outcome, Err(Error::OutcomeUnknown { call, .. }) if *call == of)
}

#[test]
fn each_call_does_what_it_says() {
    side_by_side(6, rows().collect(), |row| {
        let scene = Scene::new();
        (row.before)(&scene);
        assert!(!(row.done)(&scene), "{}", row.call);
        assert_eq!((row.act)(&scene), Ok(()), "{}", row.call);
        assert!((row.done)(&scene), "{}", row.call);
    });
}

/// Whose reply is the same whichever call it is to, as far as the protocol goes: a request id, and nothing else. What was
/// acknowledged is looked at afterwards.
fn is_told_from_another(call: Call) -> bool {
    let xml = matches!(call.permission().split(':').next(), Some("iam" | "sns"));
    let with_output = [Call::CreateTrail, Call::UpdateTrail, Call::CreateBucket, Call::PutRule, Call::PutTargets];
    xml || with_output.contains(&call) || call == Call::RemoveTargets
}

#[test]
fn no_call_takes_what_is_not_an_answer_of_aws_for_one() {
    let mut cases = Vec::new();
    for row in rows() {
        for what in Strange::ALL.into_iter().filter(|what| *what != Strange::Other || is_told_from_another(row.call))
        {
            cases.extend([true, false].map(|done| (row, what, done)));
        }
    }
    let count = cases.len();
    let endings = side_by_side(6, cases, |(row, what, done)| {
        let reply = || Wrong::Reply { what, done };
        let name = row.call.to_string();
        let at = format!("{name}, {what:?}, carried out: {done}");
        let (once, happened) = tried(row, Fault::next(&name, reply()));
        match &once {
            // It may be sent again, and was.
            Ok(()) => assert!(happened, "{at}: said to be done"),
            Err(_) => {
                assert!(is_unknown(&once, row.call), "{at}: {once:?}");
                assert_eq!(happened, done, "{at}");
            }
        }
        let (always, _) = tried(row, Fault { times: 999, ..Fault::next(&name, reply()) });
        assert!(is_unknown(&always, row.call), "{at}, every time: {always:?}");
        if once.is_ok() { "sent again" } else { "not known" }
    });
    tally("strange replies to hardening", &endings);
    assert!(count > 350, "{count}");
}

/// What cannot be told: `{}` or nothing, with the id of a request, is AWS's answer to each of these. So each is looked at by
/// whoever makes it.
#[test]
fn where_the_protocol_names_no_call_another_calls_answer_is_taken() {
    let untold: Vec<&Row> = rows().filter(|row| !is_told_from_another(row.call)).collect();
    assert_eq!(untold.len(), 21, "{:?}", untold.iter().map(|row| row.call).collect::<Vec<_>>());
    side_by_side(6, untold, |row| {
        let reply = Wrong::Reply { what: Strange::Other, done: false };
        let (outcome, happened) = tried(row, Fault::next(&row.call.to_string(), reply));
        assert!(outcome == Ok(()) && !happened, "{}: {outcome:?}", row.call);
    });
}

#[test]
fn a_lost_reply_is_asked_again_where_twice_is_as_good_as_once_and_else_is_not_known() {
    let cases = rows().flat_map(|row| [Wrong::LoseReply, Wrong::NeverArrive].map(|wrong| (row, wrong))).collect();
    let endings = side_by_side(6, cases, |(row, wrong)| {
        let at = format!("{}, {wrong:?}", row.call);
        let carried_out = wrong == Wrong::LoseReply;
        let (outcome, happened) = tried(row, Fault::next(&row.call.to_string(), wrong));
        match &outcome {
            Ok(()) => assert!(happened, "{at}"),
            Err(_) => assert!(is_unknown(&outcome, row.call) && happened == carried_out, "{at}: {outcome:?}"),
        }
        (row.call.to_string(), outcome.is_ok())
    });
    let again: BTreeSet<&str> = endings.iter().filter(|(_, ok)| *ok).map(|(call, _)| call.as_str()).collect();
    let never = ["CreateTrail", "CreateBucket", "PutBucketPolicy", "PutLogEvents", "Subscribe", "SetAlarmState"];
    assert!(!never.iter().any(|call| again.contains(call)), "{again:?}");
    assert!(again.contains("PutMetricFilter") && again.contains("StartLogging"), "{again:?}");
}

#[test]
fn a_denied_call_says_which_and_does_nothing() {
    side_by_side(6, rows().collect(), |row| {
        let (outcome, happened) = tried(row, Fault::next(&row.call.to_string(), Wrong::Deny));
        assert!(
            matches!(&outcome, Err(Error::Denied { call, .. }) if *call == row.call),
            "{}: {outcome:?}",
            row.call
        );
        assert!(!happened, "{}", row.call);
    });
}

#[test]
fn a_throttled_call_is_sent_again() {
    side_by_side(6, rows().collect(), |row| {
        let (outcome, happened) = tried(row, Fault::next(&row.call.to_string(), Wrong::Throttle));
        assert!(outcome == Ok(()) && happened, "{}: {outcome:?}", row.call);
    });
}

#[test]
fn a_role_that_is_there_already_is_not_made_again() {
    let scene = Scene::new();
    scene.make_role().unwrap();
    let again = scene.account.create_role(ROLE, &trust_document(), "");
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
}
