//! `root alarm confirm` where AWS's replies are lost: it looks, and says what is not known.

use super::alarm::{confirm, links, pending, root_alarm};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;

fn always(action: &str, what: Wrong) -> Fault {
    Fault { times: u32::MAX, ..Fault::next(action, what) }
}

#[test]
fn a_confirmation_whose_replies_are_all_lost_is_seen_in_the_list_of_subscriptions() {
    let world = pending();
    world.outside.aws.fail(always("ConfirmSubscription", Wrong::LoseReply));
    let done = confirm(&world, &links(&world).pop().unwrap());
    assert_eq!((done.code, &done.json()["authenticated"]), (0, &json!(true)), "{done:?}");
    assert_eq!(root_alarm(&world), "pass");
}

#[test]
fn one_that_has_not_arrived_is_seen_not_to_be_done() {
    let world = pending();
    world.outside.aws.fail(always("ConfirmSubscription", Wrong::NeverArrive));
    let done = confirm(&world, &links(&world).pop().unwrap());
    assert_eq!((done.code, &done.json()["code"]), (3, &json!("address_not_confirmed")), "{done:?}");
}

#[test]
fn what_is_not_known_is_said_with_the_commands_that_tell() {
    let world = pending();
    world.outside.aws.fail(always("ConfirmSubscription", Wrong::LoseReply));
    world.outside.aws.fail(always("ListSubscriptionsByTopic", Wrong::Deny));
    let link = links(&world).pop().unwrap();
    let done = confirm(&world, &link);
    assert_eq!(done.code, 4, "{done:?}");
    for line in ["the address of the mail may have confirmed", "run the same command again with the same link"] {
        assert!(done.stdout.contains(line) || done.stderr.contains(line), "{line}: {done:?}");
    }
    world.outside.aws.heal();
    assert_eq!(confirm(&world, &link).code, 0);
}
