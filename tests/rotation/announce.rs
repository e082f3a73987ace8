//! A removal is announced to other machines by a tag on the user, before what stays is looked at; what others have
//! announced does not count as staying.

use super::faults::scene::{Flow, Scene};
use crate::enroll::api;
use crate::support::blows::{Blow, KILLED, is_call, struck};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Tags = BTreeMap<String, String>;

fn tags(scene: &Scene) -> Tags {
    let users = scene.world.aws.users();
    users.into_iter().find(|user| user.name == "alice").unwrap().tags
}

fn tag(scene: &Scene, key: &str, value: &str) {
    let tag = [("UserName", "alice"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    api::call(&scene.world.aws, &scene.world.aws.admin(), "TagUser", &tag);
}

/// The key of a tag of another machine's, that ends so many seconds from now.
fn announced(scene: &Scene, seconds: i64) -> String {
    let now = scene.world.aws.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    format!("glasskey/removing/{}/000000000001-2-000000-0badcafe", now.strict_add_signed(seconds))
}

fn until(key: &str) -> SystemTime {
    let seconds = key.strip_prefix("glasskey/removing/").unwrap().split('/').next().unwrap();
    UNIX_EPOCH + Duration::from_secs(seconds.parse().unwrap())
}

fn is_clean(scene: &Scene, done: &Run) {
    assert!(!done.stderr.contains("warning"), "{done:?}");
    assert_eq!(tags(scene), Tags::new(), "{done:?}");
}

#[test]
fn it_is_there_when_the_device_goes_and_gone_after() {
    for flow in [Flow::Rotate, Flow::RotateOwn, Flow::ReplaceFirst, Flow::Retire, Flow::RetireOwn] {
        let scene = Scene::new(flow);
        let seen: Arc<Mutex<Vec<(Tags, SystemTime)>>> = Arc::default();
        let (aws, list) = (scene.world.aws.clone(), Arc::clone(&seen));
        scene.world.tap.listen(move |passing| {
            if is_call(passing, "DeactivateMFADevice") && !passing.done {
                let user = aws.users().into_iter().find(|user| user.name == "alice").unwrap();
                list.lock().unwrap().push((user.tags, aws.clock().now()));
            }
        });
        let done = scene.run();
        scene.world.tap.silence();
        assert_eq!(done.code, 0, "{flow:?} {done:?}");
        is_clean(&scene, &done);
        let seen = seen.lock().unwrap();
        let [(tags, at)] = &**seen else { panic!("{flow:?}: {seen:?}") };
        let (key, value) = tags.first_key_value().unwrap();
        assert_eq!((tags.len(), value), (1, &scene.world.arn("alice-1")), "{flow:?}");
        let lasts = until(key).duration_since(*at).unwrap();
        assert!((890..=900).contains(&lasts.as_secs()), "{flow:?}: {lasts:?}");
    }
}

/// The order that keeps two machines apart: first the tag, then the looks, then the deactivation.
#[test]
fn first_it_is_announced_and_then_looked() {
    let scene = Scene::new(Flow::Retire);
    assert_eq!(scene.run().code, 0);
    let calls = scene.world.aws.calls();
    let actions: Vec<_> = calls.iter().map(|call| &*call.action).collect();
    let from = actions.iter().position(|action| *action == "TagUser").unwrap();
    let right = [
        "TagUser",
        "ListUserTags",
        "ListMFADevices",
        "DeactivateMFADevice",
        "ListMFADevices",
        "UntagUser",
        "ListUserTags",
    ];
    assert_eq!(actions[from..][..right.len()], right, "{actions:?}");
}

#[test]
fn what_goes_elsewhere_does_not_stay() {
    for flow in [Flow::Retire, Flow::RetireOwn] {
        let scene = Scene::new(flow);
        let (old, other) = (scene.world.arn("alice-1"), scene.world.arn("alice-2"));
        let theirs = announced(&scene, 600);
        tag(&scene, &theirs, &other);
        let before = scene.world.devices_of("alice");
        let done = scene.run();
        assert_eq!(done.code, 3, "{flow:?} {done:?}");
        let error = format!(
            "glasskey: error: {other} is being removed by another run of glasskey, so {old} must stay\n\
             glasskey: it has said so by a tag on the user, and may go on until "
        );
        assert!(done.stderr.contains(&error), "{done:?}");
        assert!(
            done.stderr.contains(
                "glasskey: hint: `glasskey devices USER` shows what became of it; a run that was killed is ended by \
                 `glasskey recover` on its machine\n"
            ),
            "{done:?}"
        );
        assert_eq!((scene.world.devices_of("alice"), scene.world.unfinished()), (before, 0), "{done:?}");
        assert_eq!(tags(&scene), Tags::from([(theirs, other)]), "its own tag is gone, the other's is there");
    }
}

/// A rotation has made a device by then; both work.
#[test]
fn a_rotation_leaves_both() {
    let scene = Scene::new(Flow::Rotate);
    let (old, new) = (scene.world.arn("alice-1"), scene.world.arn("alice"));
    let theirs = announced(&scene, 600);
    tag(&scene, &theirs, &new);
    let done = scene.run();
    assert_eq!((done.code, scene.world.devices_of("alice")), (4, vec![new.clone(), old.clone()]), "{done:?}");
    let state =
        format!("glasskey: done before this: {new} is enabled and works\nglasskey: as it was: {old} is enabled\n");
    assert!(done.stderr.contains(&state), "{done:?}");
    // Over, whatever became of it: recovery completes.
    scene.world.aws.clock().set_offset_seconds(660);
    let done = run(&mut scene.world.glasskey(["recover", "--yes", "--no-input"]));
    assert_eq!((done.code, scene.world.devices_of("alice"), scene.world.unfinished()), (0, vec![new], 0), "{done:?}");
    assert_eq!(tags(&scene), Tags::new(), "{done:?}");
}

#[test]
fn what_stands_in_nobodys_way() {
    // It is over; it was written by nobody whose clock is right; it speaks of the same device; it is of another kind.
    let scene = Scene::new(Flow::Retire);
    let (old, other) = (scene.world.arn("alice-1"), scene.world.arn("alice-2"));
    let (over, never) = (announced(&scene, -1), announced(&scene, 4000));
    tag(&scene, &over, &other);
    tag(&scene, &never, &other);
    let kept = [
        (announced(&scene, 300), &*old),
        ("glasskey/removing/soon/x".to_owned(), &*other),
        ("team".to_owned(), &*other),
    ];
    kept.iter().for_each(|(key, value)| tag(&scene, key, value));
    let done = scene.run();
    assert_eq!((done.code, scene.world.devices_of("alice")), (0, vec![other.clone()]), "{done:?}");
    let kept = kept.map(|(key, value)| (key, value.to_owned()));
    assert_eq!(tags(&scene), Tags::from(kept), "what is over is taken away, what is another's stays");
}

#[test]
fn a_third_device_stays() {
    let scene = Scene::new(Flow::ReplaceFirst);
    tag(&scene, &announced(&scene, 600), &scene.world.arn("alice-2"));
    let done = scene.run();
    assert_eq!((done.code, scene.world.devices_of("alice").len()), (0, 8), "{done:?}");
}

fn refused(flow: Flow, action: &str, wrong: Wrong) -> (Scene, Run) {
    let scene = Scene::new(flow);
    scene.world.aws.fail(Fault { times: 99, ..Fault::next(action, wrong) });
    let done = scene.run();
    (scene, done)
}

#[test]
fn without_permission_it_goes_on_and_says_so() {
    for flow in [Flow::Rotate, Flow::Retire] {
        let old = |scene: &Scene| scene.world.arn("alice-1");
        let goes_on = |scene: &Scene, done: &Run, warning: &str| {
            assert_eq!((done.code, scene.world.devices_of("alice").contains(&old(scene))), (0, false), "{done:?}");
            let told = format!("glasskey: warning: {warning}");
            assert_eq!(done.stderr.matches(&told).count(), 1, "{told}: {done:?}");
            assert_eq!(done.stderr.matches("warning").count(), 1, "{done:?}");
        };
        let (scene, done) = refused(flow, "TagUser", Wrong::Deny);
        let warning = format!(
            "iam:TagUser is not allowed, so glasskey on another machine cannot see that {} is going: nobody should \
             remove another device of alice now\n",
            old(&scene)
        );
        goes_on(&scene, &done, &warning);
        let (scene, done) = refused(flow, "ListUserTags", Wrong::Deny);
        let warning = "iam:ListUserTags is not allowed, so it cannot be seen whether another machine is removing a \
                       device of alice\n";
        goes_on(&scene, &done, warning);
        assert_eq!(tags(&scene), Tags::new());
        let (scene, done) = refused(flow, "UntagUser", Wrong::Deny);
        goes_on(&scene, &done, "left on user alice: the tag that announced the removal (");
        assert!(done.stderr.contains(", and the next removal for this user takes it away\n"), "{done:?}");
        assert_eq!(tags(&scene).len(), 1);
    }
}

#[test]
fn a_user_with_as_many_tags_as_there_can_be() {
    let scene = Scene::new(Flow::Retire);
    (0..50).for_each(|nth| tag(&scene, &format!("tag-{nth}"), "x"));
    let done = scene.run();
    assert_eq!((done.code, scene.world.devices_of("alice").len()), (0, 1), "{done:?}");
    let told = "glasskey: warning: the removal could not be announced (";
    assert!(done.stderr.contains(told) && done.stderr.contains("TagsPerUser: 50"), "{done:?}");
    assert_eq!(tags(&scene).len(), 50);
}

/// It is not known whether others see it: nothing is removed.
#[test]
fn where_the_tag_is_lost_nothing_goes() {
    for action in ["TagUser", "ListUserTags"] {
        let (scene, done) = refused(Flow::Retire, action, Wrong::LoseReply);
        assert_eq!(
            (done.code, scene.world.devices_of("alice").len(), scene.world.unfinished()),
            (3, 2, 0),
            "{done:?}"
        );
        assert_eq!(tags(&scene), Tags::new(), "{action}");
    }
}

/// A deactivation that may still come through stays announced.
#[test]
fn what_may_be_on_its_way_stays_announced() {
    let (scene, done) = refused(Flow::Retire, "DeactivateMFADevice", Wrong::NeverArrive);
    assert_eq!((done.code, scene.world.devices_of("alice").len()), (4, 2), "{done:?}");
    assert!(done.stderr.contains("glasskey: warning: the removal stays announced by a tag on user alice until "));
    assert_eq!(tags(&scene).into_values().collect::<Vec<_>>(), [scene.world.arn("alice-1")], "{done:?}");
    scene.world.aws.heal();
    let done = run(&mut scene.world.glasskey(["recover", "--yes", "--no-input"]));
    assert_eq!((done.code, scene.world.devices_of("alice")), (0, vec![scene.world.arn("alice-2")]), "{done:?}");
    is_clean(&scene, &done);
}

/// A run that was killed stands in another machine's way until its tag is over; recovery on its own machine goes on
/// under the same name.
#[test]
fn a_run_that_was_killed() {
    let killed = || {
        let scene = Scene::new(Flow::Retire);
        let done = struck(&scene.world, scene.command(), Blow::Kill, |passing| {
            is_call(passing, "ListUserTags") && passing.done
        });
        assert_eq!((done.code, tags(&scene).len()), (KILLED, 1), "{done:?}");
        assert_eq!(scene.world.devices_of("alice").len(), 2);
        scene
    };
    let scene = killed();
    let done = run(&mut scene.world.glasskey(["recover", "--yes", "--no-input"]));
    assert_eq!((done.code, scene.world.devices_of("alice")), (0, vec![scene.world.arn("alice-2")]), "{done:?}");
    is_clean(&scene, &done);

    let scene = killed();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = || {
        let mut command = scene.as_caller(&["retire", "alice", "--device", "alice-2", "--yes", "--no-input"]);
        command.env("GLASSKEY_STATE_DIR", elsewhere.path());
        run(&mut command)
    };
    let done = other();
    assert_eq!((done.code, scene.world.devices_of("alice").len()), (3, 2), "{done:?}");
    assert!(done.stderr.contains(" is being removed by another run of glasskey, so "), "{done:?}");
    scene.world.aws.clock().set_offset_seconds(16 * 60);
    let done = other();
    assert_eq!((done.code, scene.world.devices_of("alice")), (0, vec![scene.world.arn("alice-1")]), "{done:?}");
    assert_eq!(tags(&scene), Tags::new(), "{done:?}");
}

/// Names of devices have characters that tags may not have.
#[test]
fn a_name_that_no_tag_can_have() {
    let world = Simulated::with_keys(1);
    assert_eq!(world.run(world.enroll_args()).code, 0);
    let odd = world.run(["enroll", "alice", "--key", "12345678", "--device-name", "a,b=c", "--yes", "--no-input"]);
    assert_eq!(odd.code, 0, "{odd:?}");
    let value = world.arn("a=2Cb=3Dc");
    let now = world.aws.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let key = format!("glasskey/removing/{}/000000000001-2-000000-0badcafe", now + 600);
    let tag = [("UserName", "alice"), ("Tags.member.1.Key", &*key), ("Tags.member.1.Value", &*value)];
    api::call(&world.aws, &world.aws.admin(), "TagUser", &tag);
    let retire = |device| world.run(["retire", "alice", "--device", device, "--yes", "--no-input"]);
    let done = retire("alice");
    let error = format!("glasskey: error: {} is being removed by another run of glasskey", world.arn("a,b=c"));
    assert_eq!((done.code, done.stderr.contains(&error)), (3, true), "{done:?}");

    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (aws, list) = (world.aws.clone(), Arc::clone(&seen));
    world.tap.listen(move |passing| {
        if is_call(passing, "DeactivateMFADevice") && !passing.done {
            let alice = aws.users().into_iter().find(|user| user.name == "alice").unwrap();
            list.lock().unwrap().extend(alice.tags.into_values());
        }
    });
    let done = retire("a,b=c");
    world.tap.silence();
    assert_eq!((done.code, world.devices_of("alice")), (0, vec![world.arn("alice")]), "{done:?}");
    assert!(!done.stderr.contains("warning"), "{done:?}");
    assert_eq!(*seen.lock().unwrap(), [value.clone(), value]);
}

/// The machine slept between the look and the deactivation: by now its tag may be over.
#[test]
fn too_late_is_not_done() {
    let scene = Scene::new(Flow::Retire);
    let clock = scene.world.aws.clock().clone();
    scene.world.tap.listen(move |passing| {
        if is_call(passing, "ListUserTags") && !passing.done {
            clock.set_offset_seconds(600);
        }
    });
    let done = scene.run();
    scene.world.tap.silence();
    assert_eq!((done.code, scene.world.devices_of("alice").len(), scene.world.unfinished()), (3, 2, 0), "{done:?}");
    assert!(done.stderr.contains("was to be deactivated minutes ago, and this machine seems to have slept since\n"));
    is_clean(&scene, &done);
}

/// Ctrl-C at each message of announcing: the device is there, and no tag is.
#[test]
fn interrupted_while_it_is_announced() {
    for action in ["TagUser", "ListUserTags"] {
        let scene = Scene::new(Flow::Retire);
        // Once: a second Ctrl-C ends the undoing too.
        let first = AtomicBool::new(true);
        let done = struck(&scene.world, scene.command(), Blow::Interrupt, move |passing| {
            is_call(passing, action) && !passing.done && first.swap(false, Ordering::SeqCst)
        });
        assert_eq!(
            (done.code, scene.world.devices_of("alice").len(), scene.world.unfinished()),
            (130, 2, 0),
            "{action}: {done:?}"
        );
        assert_eq!(tags(&scene), Tags::new(), "{action}: {done:?}");
    }
}
