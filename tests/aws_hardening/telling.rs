//! Alarms, topics and rules: what is put is seen, what is refused is told apart.

use super::scene::{ADDRESS, NAME, REGION, Scene};
use glasskey::aws::Error;
use glasskey::aws::hardening::{
    AlarmState, Confirmation, NewAlarm, NewRule, Obstacle, RuleTarget, Sample, Subscription, bus_event,
    root_event_pattern,
};
use glasskey::sim::aws::posture::{MailKind, allowing};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;
use std::time::UNIX_EPOCH;

fn obstacle<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<Obstacle> {
    outcome.unwrap_err().obstacle()
}

#[test]
fn an_alarm_is_seen_as_it_was_put() {
    let scene = Scene::new();
    let account = &scene.account;
    assert_eq!(account.alarm(REGION, NAME), Ok(None));
    scene.make_alarm();
    let alarm = account.alarm(REGION, NAME).unwrap().unwrap();
    assert!(alarm.is(&scene.new_alarm()), "{alarm:?}");
    assert_eq!((alarm.arn.as_str(), alarm.state.as_str()), (scene.place().alarm(NAME).as_str(), "INSUFFICIENT_DATA"));
    let other = NewAlarm { topic: scene.place().topic("other"), ..scene.new_alarm() };
    assert!(!alarm.is(&other));
    scene.aws.arrange(|posture| posture.alarms[0].periods = 1);
    assert!(!account.alarm(REGION, NAME).unwrap().unwrap().is(&scene.new_alarm()));
    account.delete_alarm(REGION, NAME).unwrap();
    assert_eq!(obstacle(account.delete_alarm(REGION, NAME)), Some(Obstacle::NotThere));
}

/// The alarm says nothing of a mail that did not go; its history does.
#[test]
fn the_history_tells_whether_the_topic_took_the_message() {
    let scene = Scene::new();
    let account = &scene.account;
    scene.make_subscriber();
    scene.make_alarm();
    let acted = || {
        account.set_alarm_state(REGION, NAME, AlarmState::Ok, "before").unwrap();
        account.set_alarm_state(REGION, NAME, AlarmState::Alarm, "code 314159").unwrap();
        let history = account.alarm_history(REGION, NAME, UNIX_EPOCH).unwrap();
        let newest = history.into_iter().find(|event| event.acted().is_some()).unwrap();
        (newest.acted(), newest.summary)
    };
    assert_eq!(acted().0, Some(true), "the policy of a new topic lets the account's alarms in");
    let mail = scene.aws.mailbox().pop().unwrap();
    assert!(mail.kind == MailKind::Notification && mail.text.contains("code 314159"), "{mail:?}");
    let elsewhere = allowing("sns:Publish", "arn:aws:sns:us-east-1:111122223333:other");
    account.set_topic_policy(&scene.topic_arn(), &elsewhere).unwrap();
    let (went, summary) = acted();
    assert!(went == Some(false) && summary.contains("not authorized to perform: SNS:Publish"), "{summary}");
    let policy = scene.topic_policy();
    account.set_topic_policy(&scene.topic_arn(), &policy).unwrap();
    assert_eq!(acted().0, Some(true));
    assert_eq!(obstacle(account.set_alarm_state(REGION, "other", AlarmState::Ok, "x")), Some(Obstacle::NotThere));
    scene.wait(5);
    assert_eq!(account.alarm_history(REGION, NAME, scene.now()).unwrap(), []);
}

#[test]
fn a_subscription_is_followed_from_pending_to_its_end() {
    let scene = Scene::new();
    let (account, topic) = (&scene.account, scene.topic_arn());
    assert_eq!((account.topic(&topic), account.subscribers(&topic)), (Ok(None), Ok(None)));
    scene.ask_to_subscribe();
    let state = || account.subscribers(&topic).unwrap().unwrap().remove(0).subscription;
    assert_eq!(state(), Subscription::Pending);
    let wrong = format!("https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={topic}&Token=2336");
    let wrong = Confirmation::of_link(&wrong).unwrap();
    assert_eq!(obstacle(account.confirm_subscription(&wrong)), Some(Obstacle::Token));
    let pending = scene.aws.posture().subscriptions[0].arn.clone();
    assert_eq!(obstacle(account.unsubscribe(&pending)), Some(Obstacle::Pending));
    let arn = account.confirm_subscription(&scene.confirmation()).unwrap();
    assert_eq!(state(), Subscription::Confirmed(arn.clone()));
    assert_eq!(account.subscription_is_authenticated(&arn), Ok(Some(true)), "a link in a mail does not end it");
    assert_eq!(account.subscribe(&topic, ADDRESS), Ok(Some(arn.clone())), "it is there already");
    account.unsubscribe(&arn).unwrap();
    assert_eq!(state(), Subscription::Deleted);
    assert_eq!(account.subscription_is_authenticated(&arn), Ok(None));
    account.delete_topic(&topic).unwrap();
    assert_eq!(account.topic(&topic), Ok(None));
}

/// A person, or a mail scanner, followed the link: the account confirms again, and the link ends it no longer.
#[test]
fn a_subscription_that_a_link_confirmed_is_confirmed_again_by_the_account() {
    let scene = Scene::new();
    scene.ask_to_subscribe();
    let link = scene.aws.mailbox()[0].link.clone().unwrap();
    scene.aws.open_link(&link).unwrap();
    let Subscription::Confirmed(arn) =
        scene.account.subscribers(&scene.topic_arn()).unwrap().unwrap().remove(0).subscription
    else {
        panic!("not confirmed");
    };
    assert_eq!(scene.account.subscription_is_authenticated(&arn), Ok(Some(false)));
    scene.account.confirm_subscription(&Confirmation::of_link(&link).unwrap()).unwrap();
    assert_eq!(scene.account.subscription_is_authenticated(&arn), Ok(Some(true)));
}

#[test]
fn a_confirmation_comes_too_late_after_two_days() {
    let scene = Scene::new();
    scene.ask_to_subscribe();
    let confirmation = scene.confirmation();
    scene.wait(2 * 86_400);
    assert_eq!(obstacle(scene.account.confirm_subscription(&confirmation)), Some(Obstacle::Token));
    assert_eq!(scene.account.subscribers(&scene.topic_arn()).unwrap().unwrap(), []);
}

#[test]
fn a_topic_of_the_name_is_given_as_it_is() {
    let scene = Scene::new();
    scene.make_topic();
    let policy = scene.topic_policy();
    scene.account.set_topic_policy(&scene.topic_arn(), &policy).unwrap();
    scene.make_topic();
    let topic = scene.account.topic(&scene.topic_arn()).unwrap().unwrap();
    assert_eq!((topic.policy, topic.key), (Some(policy), None));
    let refused = scene.account.subscribe(&scene.topic_arn(), "nobody");
    assert!(matches!(&refused, Err(Error::Refused { message, .. }) if message.contains("Email")), "{refused:?}");
    let before = scene.aws.calls().len();
    for arn in ["", "root-use", "arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sns::111122223333:t"] {
        assert!(matches!(scene.account.delete_topic(arn), Err(Error::Invalid { .. })), "{arn}");
    }
    assert_eq!(scene.aws.calls().len(), before, "what is no topic is not asked about");
}

#[test]
fn a_rule_and_its_target_are_seen_as_they_were_put() {
    let scene = Scene::new();
    let account = &scene.account;
    assert_eq!((account.rule(REGION, NAME), account.rule_targets(REGION, NAME)), (Ok(None), Ok(None)));
    assert_eq!(obstacle(account.put_target(REGION, NAME, &scene.target())), Some(Obstacle::NotThere));
    scene.make_rule();
    let rule = account.rule(REGION, NAME).unwrap().unwrap();
    assert_eq!((rule.pattern, rule.arn), (Some(root_event_pattern(true)), scene.rule_arn()));
    assert_eq!(rule.state, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    scene.make_topic();
    account.put_target(REGION, NAME, &scene.target()).unwrap();
    assert_eq!(account.rule_targets(REGION, NAME).unwrap().unwrap(), [scene.target()]);
    scene.make_rule();
    assert_eq!(account.rule_targets(REGION, NAME).unwrap().unwrap().len(), 1, "a rule that is put again keeps them");
    assert_eq!(obstacle(account.delete_rule(REGION, NAME)), Some(Obstacle::InUse));
    assert_eq!(account.rule("eu-west-1", NAME), Ok(None), "it is of its region");
    for number in 1..5 {
        let more = RuleTarget { id: format!("more-{number}"), ..scene.target() };
        account.put_target(REGION, NAME, &more).unwrap();
    }
    let sixth = RuleTarget { id: "sixth".to_owned(), ..scene.target() };
    assert_eq!(obstacle(account.put_target(REGION, NAME, &sixth)), Some(Obstacle::Limit));
    let ids = ["mail", "more-1", "more-2", "more-3", "more-4"];
    account.remove_targets(REGION, NAME, &ids).unwrap();
    account.delete_rule(REGION, NAME).unwrap();
    account.delete_rule(REGION, NAME).unwrap();
    scene.aws.fail(Fault { times: 999, ..Fault::next("PutRule", code("ConcurrentModificationException")) });
    let pattern = root_event_pattern(false);
    let rule = NewRule { name: NAME.to_owned(), description: String::new(), pattern };
    assert_eq!(obstacle(account.put_rule(REGION, &rule)), Some(Obstacle::Conflict));
}

fn code(code: &str) -> Wrong {
    Wrong::Code { status: 400, code: code.to_owned(), message: String::new() }
}

#[test]
fn the_event_pattern_takes_roots_events_and_not_those_of_users_tasks_and_services() {
    let scene = Scene::new();
    for spare_tasks in [true, false] {
        for sample in Sample::ALL {
            let event = bus_event(&scene.place(), &sample.event(&scene.place(), scene.now(), "mark"));
            let taken = scene.account.test_event_pattern(REGION, &root_event_pattern(spare_tasks), &event).unwrap();
            let right = sample.is_roots() || sample == Sample::Task && !spare_tasks;
            assert_eq!(taken, right, "{sample:?}, {spare_tasks}");
        }
    }
    let refused = scene.account.test_event_pattern(REGION, &json!({}), &json!({ "id": "1" }));
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
}
