//! The simulated AWS keeps to the recorded semantics: every rule through `handle`, on a clock that stands still.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod administration; // an organization as it is changed: trust, delegation, policies
mod alarms; // an alarm's topic, its mail, its states, as they are set up
mod assume_root; // sessions of a member's root, task by task
mod buckets; // S3: buckets and their settings
mod callers; // who is calling, expiry, signing times, policies
pub(crate) mod client;
mod clocks; // the simulated clock
mod contacts; // alternate contacts, put and deleted
mod credential_report; // missing, in progress, complete, expired; its rows
mod devices; // create, enable, resynchronise, deactivate, delete, tag, list
mod faults; // what goes wrong on demand
mod keys; // KMS: keys and aliases made, and scheduled for deletion
mod log_groups; // log groups, metric filters, events
mod organization; // who is in it, who may ask, policies
mod posture; // trails, filters, alarms, subscriptions, rules, contacts
mod root; // root's credentials, administrators
mod rules; // EventBridge: patterns, targets, events
mod sdk; // the real SDK through its HTTP seam
mod served; // the loopback server and its control path
mod sessions; // STS: single codes, propagation, budget, roles
mod settings; // the password policy, and passwords under it
mod signatures; // Signature Version 4; access keys from their making to their end
mod trail; // trails made, started, stopped; what they deliver
mod users; // users, access keys, policies as stored

use glasskey::sim::aws::{Aws, Keys, Setup};
use glasskey::sim::clock::SimClock;
use std::time::Duration;

/// An account whose number is known, and its administrator.
fn account() -> (Aws, Keys) {
    let setup = Setup { account: Some("111122223333".to_owned()), ..Setup::default() };
    let aws = Aws::with(SimClock::manual(client::noon()), setup);
    let admin = aws.admin();
    (aws, admin)
}

fn wait(aws: &Aws, seconds: u64) {
    aws.clock().advance(Duration::from_secs(seconds));
}
