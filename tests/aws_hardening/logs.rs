//! Log groups, metric filters and events, and what filters count.

use super::scene::{GROUP, NAME, REGION, STREAM, Scene};
use glasskey::aws::Error;
use glasskey::aws::hardening::{MetricFilter, MetricFilters, Obstacle, RETENTIONS, RootPattern, Sample};
use glasskey::sim::aws::posture::Datapoint;
use std::time::Duration;

fn obstacle<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<Obstacle> {
    outcome.unwrap_err().obstacle()
}

fn counted(scene: &Scene) -> Vec<(u64, u32)> {
    scene.aws.posture().datapoints.iter().map(|Datapoint { at, value, .. }| (*at, *value)).collect()
}

#[test]
fn a_group_and_its_retention_are_seen() {
    let scene = Scene::new();
    let account = &scene.account;
    assert_eq!(account.log_group(REGION, GROUP), Ok(None));
    account.create_log_group(REGION, &format!("{GROUP}-2")).unwrap();
    assert_eq!(account.log_group(REGION, GROUP), Ok(None), "a longer name is another group");
    account.create_log_group(REGION, GROUP).unwrap();
    let group = account.log_group(REGION, GROUP).unwrap().unwrap();
    assert_eq!((group.arn, group.retention_days), (scene.place().log_group(GROUP), None));
    for days in RETENTIONS {
        account.keep_log_events(REGION, GROUP, days).unwrap();
        assert_eq!(account.log_group(REGION, GROUP).unwrap().unwrap().retention_days, Some(days));
    }
    let refused = account.keep_log_events(REGION, GROUP, 42);
    assert!(
        matches!(&refused, Err(Error::Refused { code, .. }) if code == "InvalidParameterException"),
        "{refused:?}"
    );
    assert_eq!(obstacle(account.create_log_group(REGION, GROUP)), Some(Obstacle::NameTaken));
    assert_eq!(obstacle(account.keep_log_events(REGION, "other", 365)), Some(Obstacle::NotThere));
    account.delete_log_group(REGION, GROUP).unwrap();
    assert_eq!(obstacle(account.delete_log_group(REGION, GROUP)), Some(Obstacle::NotThere));
}

#[test]
fn an_event_that_was_put_is_found() {
    let scene = Scene::new();
    scene.make_stream();
    let account = &scene.account;
    assert_eq!(obstacle(account.create_log_stream(REGION, GROUP, STREAM)), Some(Obstacle::NameTaken));
    assert_eq!(account.log_group_is_empty(REGION, GROUP), Ok(true));
    scene.put(r#"{"mark":"ours"}"#).unwrap();
    assert_eq!(account.log_group_is_empty(REGION, GROUP), Ok(false));
    scene.put(r#"{"mark":"theirs"}"#).unwrap();
    let found = account.find_log_events(REGION, GROUP, r#"{ $.mark = "ours" }"#, scene.now()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].stream.as_str(), found[0].message.as_str()), (STREAM, r#"{"mark":"ours"}"#));
    assert_eq!((found[0].at, found[0].ingested), (Some(scene.now()), Some(scene.now())));
    let later = scene.now() + Duration::from_secs(1);
    assert_eq!(account.find_log_events(REGION, GROUP, "", later).unwrap(), []);
    let old = scene.now() - Duration::from_secs(15 * 86_400);
    let rejected = account.put_log_event(REGION, (GROUP, STREAM), old, "old");
    assert!(matches!(&rejected, Err(Error::Invalid { message }) if message.contains("tooOld")), "{rejected:?}");
    assert_eq!(obstacle(account.find_log_events(REGION, "other", "", later)), Some(Obstacle::NotThere));
}

#[test]
fn the_pattern_takes_roots_events_and_not_those_of_users_tasks_and_services() {
    let scene = Scene::new();
    let events = Sample::ALL.map(|sample| sample.event(&scene.place(), scene.now(), "mark").to_string());
    for pattern in [RootPattern::SparingTasks, RootPattern::Cis] {
        let taken = scene.account.test_metric_filter(REGION, pattern.text(), &events).unwrap();
        let right = Sample::ALL.map(|one| one.is_roots() || one == Sample::Task && pattern == RootPattern::Cis);
        assert_eq!(taken, right, "{pattern:?}");
    }
    let refused = scene.account.test_metric_filter(REGION, "{ $.x = ", &events);
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
}

#[test]
fn a_filter_is_seen_as_it_was_put_and_another_is_told_by_its_name() {
    let scene = Scene::new();
    let account = &scene.account;
    assert_eq!(account.metric_filters(REGION, GROUP), Ok(None));
    assert_eq!(obstacle(account.put_metric_filter(REGION, &Scene::filter())), Some(Obstacle::NotThere));
    scene.make_stream();
    account.put_metric_filter(REGION, &Scene::filter()).unwrap();
    let cis = MetricFilter { pattern: RootPattern::Cis.text().to_owned(), ..Scene::filter() };
    account.put_metric_filter(REGION, &cis).unwrap();
    scene.aws.arrange(|posture| {
        let mut other = posture.metric_filters[0].clone();
        (other.name, other.unit) = ("with-unit".to_owned(), Some("Count".to_owned()));
        posture.metric_filters.push(other);
    });
    let right = MetricFilters { plain: vec![cis], others: vec!["with-unit".to_owned()] };
    assert_eq!(account.metric_filters(REGION, GROUP), Ok(Some(right)));
    account.delete_metric_filter(REGION, GROUP, NAME).unwrap();
    assert_eq!(obstacle(account.delete_metric_filter(REGION, GROUP, NAME)), Some(Obstacle::NotThere));
    scene.aws.arrange(|posture| {
        let one = posture.metric_filters[0].clone();
        let many =
            (0..100).map(|n| glasskey::sim::aws::posture::MetricFilter { name: format!("f{n}"), ..one.clone() });
        posture.metric_filters = many.collect();
    });
    assert_eq!(obstacle(account.put_metric_filter(REGION, &Scene::filter())), Some(Obstacle::Limit));
}

#[test]
fn a_filter_counts_what_matches_from_the_moment_it_is_put() {
    let scene = Scene::new();
    scene.make_stream();
    scene.put(&Scene::root_event()).unwrap();
    scene.account.put_metric_filter(REGION, &Scene::filter()).unwrap();
    assert_eq!(counted(&scene), [], "what was there before is not counted");
    scene.put(&Scene::root_event()).unwrap();
    scene.put(r#"{"userIdentity":{"type":"IAMUser"}}"#).unwrap();
    let at = scene.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(counted(&scene), [(at, 1)]);
    scene.account.delete_metric_filter(REGION, GROUP, NAME).unwrap();
    scene.put(&Scene::root_event()).unwrap();
    assert_eq!(counted(&scene).len(), 1);
}

/// A default value is written in minutes in which something was logged and nothing matched; a field's value where the
/// filter counts with one.
#[test]
fn a_filter_writes_its_default_and_the_value_of_a_field() {
    let scene = Scene::new();
    scene.make_stream();
    scene.account.put_metric_filter(REGION, &Scene::filter()).unwrap();
    scene.aws.arrange(|posture| posture.metric_filters[0].default_value = Some(0));
    let values = |scene: &Scene| counted(scene).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    scene.put("{}").unwrap();
    scene.put("{}").unwrap();
    assert_eq!(values(&scene), [0]);
    scene.wait(60);
    scene.put(&Scene::root_event()).unwrap();
    scene.put("{}").unwrap();
    assert_eq!(values(&scene), [0, 1]);
    scene.aws.arrange(|posture| {
        let filter = &mut posture.metric_filters[0];
        (filter.default_value, filter.value) = (None, "$.n".to_owned());
        filter.pattern = "{ $.n EXISTS }".to_owned();
        filter.dimensions = [("Who".to_owned(), "$.who".to_owned())].into();
    });
    scene.put(r#"{"n":7,"who":"a"}"#).unwrap();
    scene.put(r#"{"n":8}"#).unwrap();
    assert_eq!(values(&scene), [0, 1, 7], "without its dimension it is not counted");
    assert_eq!(scene.aws.posture().datapoints[2].dimensions["Who"], "a");
}

/// What the trail delivers is counted when it arrives, and only what arrives after the filter was put.
#[test]
fn a_filter_counts_what_a_trail_delivers() {
    let scene = Scene::new();
    scene.make_trail();
    scene.account.start_logging(REGION, &scene.trail_arn()).unwrap();
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(300);
    scene.account.put_metric_filter(REGION, &Scene::filter()).unwrap();
    let at = scene.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    scene.aws.sign_in_as_root().unwrap();
    scene.wait(299);
    let _ = scene.aws.mailbox();
    assert_eq!(counted(&scene), [], "the first arrived before the filter, the second has not arrived");
    scene.wait(1);
    let _ = scene.aws.mailbox();
    assert_eq!(counted(&scene), [(at, 1)], "at the time of the event");
    scene.wait(600);
    let _ = scene.aws.mailbox();
    assert_eq!(counted(&scene).len(), 1, "each is counted once");
}
