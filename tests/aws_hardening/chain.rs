//! A trail, an alarm and a subscriber, set up by these calls alone: root is used and a mail arrives, and the audit says so.

use super::scene::{BUCKET, GROUP, NAME, REGION, Scene};
use crate::audit::office::{Office, auditor, verdicts};
use glasskey::aws::hardening::{Obstacle, Sample, Subscription};
use glasskey::sim::aws::posture::MailKind;
use glasskey::sim::aws::{Aws, Setup};
use glasskey::sim::clock::SimClock;
use serde_json::Value;

/// Bucket, policy, group, role, trail, logging, topic, subscription, filter, alarm: in the order without holes.
fn set_up(scene: &Scene) {
    let (account, bucket) = (&scene.account, scene.bucket());
    scene.make_bucket();
    account.block_public_access(&bucket).unwrap();
    account.enforce_bucket_owner(&bucket).unwrap();
    account.encrypt_bucket(&bucket).unwrap();
    account.version_bucket(&bucket).unwrap();
    account.put_bucket_policy(&bucket, &scene.bucket_policy()).unwrap();
    account.create_log_group(REGION, GROUP).unwrap();
    account.keep_log_events(REGION, GROUP, 365).unwrap();
    scene.make_role().unwrap();
    scene.let_role_write().unwrap();
    let trail = account.create_trail(REGION, &scene.new_trail()).unwrap();
    account.start_logging(REGION, &trail.arn).unwrap();
    scene.make_topic();
    let policy = scene.topic_policy();
    account.set_topic_policy(&scene.topic_arn(), &policy).unwrap();
    scene.make_subscriber();
    account.put_metric_filter(REGION, &Scene::filter()).unwrap();
    scene.make_alarm();
}

#[test]
fn root_signs_in_and_a_mail_arrives() {
    let scene = Scene::new();
    set_up(&scene);
    scene.wait(60);
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(299);
    assert_eq!(scene.mails(), 0, "CloudTrail has not delivered yet");
    scene.wait(2);
    assert_eq!(scene.mails(), 1);
    let mail = scene.aws.mailbox().into_iter().rfind(|mail| mail.kind == MailKind::Notification).unwrap();
    assert!(mail.subject.starts_with("ALARM: \"root-use\""), "{mail:?}");
    let alarm = scene.account.alarm(REGION, NAME).unwrap().unwrap();
    assert_eq!((alarm.state.as_str(), alarm.since), ("ALARM", Some(scene.now() - std::time::Duration::from_secs(1))));
    // A second use while the alarm is on changes no state; after a quarter of an hour without events it is over.
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(301);
    assert_eq!(scene.mails(), 1);
    scene.wait(1200);
    assert_eq!(scene.account.alarm(REGION, NAME).unwrap().unwrap().state, "OK");
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(301);
    assert_eq!(scene.mails(), 2);
}

/// Nobody looks while it happens: the alarm was raised when the event arrived, and the mail has that time.
#[test]
fn what_happened_unobserved_is_told_as_of_its_time() {
    let scene = Scene::new();
    set_up(&scene);
    scene.wait(60);
    scene.aws.sign_in_as_root().unwrap();
    let arrives = scene.now() + std::time::Duration::from_secs(300);
    scene.wait(86_400);
    let mail = scene.aws.mailbox().into_iter().rfind(|mail| mail.kind == MailKind::Notification).unwrap();
    let sent = std::time::UNIX_EPOCH + std::time::Duration::from_secs(mail.sent);
    assert_eq!((scene.mails(), sent), (1, arrives));
    assert_eq!(scene.account.alarm(REGION, NAME).unwrap().unwrap().state, "OK");
}

#[test]
fn nobody_hears_of_users() {
    let scene = Scene::new();
    set_up(&scene);
    scene.wait(600);
    assert!(scene.account.trails(REGION).is_ok());
    scene.wait(600);
    assert_eq!(scene.mails(), 0);
}

/// The marked event of a test: filter, metric, alarm and topic, without the trail's five minutes.
#[test]
fn a_marked_event_in_the_group_goes_all_the_way() {
    let scene = Scene::new();
    set_up(&scene);
    scene.wait(60);
    scene.account.create_log_stream(REGION, GROUP, super::scene::STREAM).unwrap();
    let event = Sample::RootSignIn.event(&scene.place(), scene.now(), "0f1e2d").to_string();
    scene.put(&event).unwrap();
    assert_eq!(scene.mails(), 1);
    let found = scene.account.find_log_events(REGION, GROUP, r#"{ $.eventID = "0f1e2d" }"#, scene.now()).unwrap();
    assert_eq!(found.len(), 1);
    let history = scene.account.alarm_history(REGION, NAME, std::time::UNIX_EPOCH).unwrap();
    assert_eq!(history.iter().find_map(glasskey::aws::hardening::AlarmEvent::acted), Some(true));
}

/// The audit of the same account, through the binary, before and after.
#[test]
fn the_audit_fails_before_and_passes_after() {
    let aws = Aws::with(SimClock::host(), Setup { account: Some("111122223333".to_owned()), ..Setup::default() });
    let office = Office::over(aws.clone(), auditor(&aws));
    let row = |office: &Office| -> Value { office.lines(&[]).0.remove(0) };
    let before = verdicts(&row(&office));
    let scene = Scene::over(aws);
    set_up(&scene);
    scene.wait(60);
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(301);
    assert_eq!(scene.mails(), 1);
    let after = verdicts(&row(&office));
    for (rule, verdict) in &after {
        if rule.contains("alarm") || rule.contains("trail") {
            assert_eq!(verdict, "pass", "{rule}");
            // What a trail is like does not apply where there is none.
            assert!(["fail", "not_applicable"].contains(&before[rule].as_str()), "{rule}: {before:?}");
        }
    }
    assert!(after.contains_key("root-alarm") && after.keys().any(|rule| rule.contains("trail")), "{after:?}");
}

/// Taken down again: everything but the bucket, which holds what the trail left in it.
#[test]
fn it_can_be_taken_down_but_for_the_bucket() {
    let scene = Scene::new();
    set_up(&scene);
    let account = &scene.account;
    account.delete_alarm(REGION, NAME).unwrap();
    account.delete_metric_filter(REGION, GROUP, NAME).unwrap();
    let subscriber = account.subscribers(&scene.topic_arn()).unwrap().unwrap().remove(0);
    let Subscription::Confirmed(arn) = subscriber.subscription else { panic!("not confirmed") };
    account.unsubscribe(&arn).unwrap();
    account.delete_topic(&scene.topic_arn()).unwrap();
    account.stop_logging(REGION, &scene.trail_arn()).unwrap();
    account.delete_trail(REGION, &scene.trail_arn()).unwrap();
    account.delete_role_policy(super::scene::ROLE, super::scene::POLICY).unwrap();
    account.delete_role(super::scene::ROLE).unwrap();
    account.delete_log_group(REGION, GROUP).unwrap();
    let refused = account.delete_bucket(&scene.bucket()).unwrap_err();
    assert_eq!(refused.obstacle(), Some(Obstacle::NotEmpty));
    let left = scene.aws.posture();
    assert_eq!((left.trails.len(), left.alarms.len(), left.topics.len()), (0, 0, 0));
    assert_eq!(left.buckets.iter().map(|bucket| bucket.name.as_str()).collect::<Vec<_>>(), [BUCKET]);
}
