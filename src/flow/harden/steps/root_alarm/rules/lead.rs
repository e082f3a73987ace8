//! The calls that make the rules, and those that take them away again.

use super::super::key;
use super::super::topic::{self, TopicAt, gone};
use super::read::read_role;
use super::{OwnRole, OwnRule, OwnTarget, State, new_rule, new_target};
use crate::aws::Account;
use crate::aws::hardening::{Obstacle, Place, forward_document, forward_trust};
use crate::flow::failure::Cause;
use crate::flow::harden::names::{BUS_ROLE, ROOT_USE};
use crate::flow::harden::step::Hands;

/// What is made is made from the far end: no event is sent before somebody can be told of it. Taken away, the far end goes
/// last. Everything is there before the address is waited for.
pub(in super::super) fn lead(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let account = hands.account;
    let home = Place::of(account.caller(), &to.home);
    let at = TopicAt::of_rule(home.clone());
    let (topic_now, topic_to) = (now.topic.as_ref(), to.topic.as_ref());
    key::make(now.key.as_ref(), to.key.as_ref(), &at, hands)?;
    topic::make(topic_now, topic_to, &at, account)?;
    let address = match topic_to {
        Some(_) => topic::ask((now.consent, to.consent), &at, hands)?,
        None => None,
    };
    make_role(now.role.as_ref(), to.role.as_ref(), &home, account)?;
    let at_home = |region: &&String| **region == to.home;
    let elsewhere = |region: &&String| !at_home(region);
    for region in to.rules.keys().filter(at_home).chain(to.rules.keys().filter(elsewhere)) {
        make_rule(now, to, &home, region, hands)?;
    }
    for region in to.rules.keys().filter(elsewhere).chain(to.rules.keys().filter(at_home)) {
        take_rule(now, to, region, hands)?;
    }
    take_role(now.role.as_ref(), to.role.as_ref(), account)?;
    topic::take_back((topic_now, topic_to), (now.consent, to.consent), &at, hands)?;
    key::take_back(now.key.as_ref(), to.key.as_ref(), &at, hands)?;
    topic::await_consent(address, &at, hands)
}

fn make_role(now: Option<&OwnRole>, to: Option<&OwnRole>, home: &Place, account: &Account) -> Result<(), Cause> {
    if now == to || to != Some(&OwnRole::Right) {
        return Ok(());
    }
    if now.is_none() {
        let description = "Sends events of the root user to the region in which it signs in";
        match account.create_role(BUS_ROLE, &forward_trust(), description) {
            // Another run has just made it, or somebody else.
            Err(why) if why.obstacle() == Some(Obstacle::NameTaken) => {
                if let Some(OwnRole::Other { .. }) = read_role(account, home)? {
                    return Err(Cause::Aws(why));
                }
            }
            outcome => drop(outcome?),
        }
    }
    Ok(account.put_role_policy(BUS_ROLE, BUS_ROLE, &forward_document(home))?)
}

fn take_role(now: Option<&OwnRole>, to: Option<&OwnRole>, account: &Account) -> Result<(), Cause> {
    if now.is_none() || to == Some(&OwnRole::Right) || now == to {
        return Ok(());
    }
    gone(account.delete_role_policy(BUS_ROLE, BUS_ROLE))?;
    if to.is_none() {
        gone(account.delete_role(BUS_ROLE))?;
    }
    Ok(())
}

fn of<'s>(state: &'s State, region: &str) -> Option<&'s OwnRule> {
    state.rules.get(region).and_then(Option::as_ref)
}

fn make_rule(now: &State, to: &State, home: &Place, region: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let there = of(now, region);
    let Some(wanted) = of(to, region).filter(|rule| rule.can_be_put() && there != Some(*rule)) else { return Ok(()) };
    let account = hands.account;
    if there.is_none_or(|there| (there.events, there.sees_all) != (wanted.events, wanted.sees_all)) {
        account.put_rule(region, &new_rule(wanted.events))?;
    }
    match (there.map_or(&OwnTarget::None, |there| &there.target), &wanted.target) {
        (one, other) if one == other => {}
        (_, OwnTarget::Right) => account.put_target(region, ROOT_USE, &new_target(home, region))?,
        // Undoing what has completed a rule that was half made.
        _ => gone(account.remove_targets(region, ROOT_USE, &[ROOT_USE]))?,
    }
    hands.tell(format!("the rule of {region} is as it should be"));
    Ok(())
}

/// A rule cannot be deleted while it has targets.
fn take_rule(now: &State, to: &State, region: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let (Some(there), None) = (of(now, region), of(to, region)) else { return Ok(()) };
    if there.target != OwnTarget::None {
        gone(hands.account.remove_targets(region, ROOT_USE, &[ROOT_USE]))?;
    }
    Ok(gone(hands.account.delete_rule(region, ROOT_USE))?)
}
