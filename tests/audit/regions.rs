//! AssumeRoot where STS throttles: each region's endpoint has a limit of its own.

use glasskey::aws::Connector;
use glasskey::aws::posture::{Fact, Progress, Scope};
use glasskey::platform::Interrupt;
use glasskey::sim::aws::{Aws, Fault, Organization, Wrong};
use glasskey::sim::clock::SimClock;
use glasskey::totp::Clock;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Audits an organization; gives how many members were read, and the regions to which AssumeRoot went, in turn.
fn audited(region: Option<&str>, faults: &[Fault]) -> (usize, Vec<String>) {
    let clock = SimClock::host();
    let organization = Organization::new(clock.clone());
    organization.add_many(12);
    let aws: Aws = organization.management().clone();
    faults.iter().for_each(|fault| aws.fail(fault.clone()));
    let connector = Connector {
        profile: None,
        region: region.map(str::to_owned),
        wire: aws.wire(&aws.admin()),
        clock: Clock::new(Arc::new(clock)),
        interrupt: Interrupt::new().unwrap(),
        on_retry: Arc::new(|_| {}),
        on_wait: Arc::new(|_| {}),
    };
    let account = connector.connect().unwrap();
    let mut read = 0;
    let mut each = |progress: Progress, _: usize| {
        let Progress::Facts(facts) = progress else { return true };
        read += usize::from(facts.around.is_none() && matches!(facts.root.summary, Fact::Known(_)));
        true
    };
    account.sweep(Scope::Organization, 1, &std::time::SystemTime::now, &|_| false, &mut each).unwrap();
    let calls = aws.calls().into_iter().filter(|call| call.action == "AssumeRoot");
    (read, calls.map(|call| call.region).collect())
}

#[test]
fn the_callers_own_region_alone_while_nothing_throttles() {
    let (read, regions) = audited(None, &[]);
    assert!(read > 5, "{read}");
    assert_eq!(regions.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["us-east-1".to_owned()]));
}

#[test]
fn one_region_throttles_and_the_others_are_asked_in_turn() {
    let (well, without) = audited(None, &[]);
    let (read, regions) = audited(None, &[Fault::next("AssumeRoot", Wrong::Throttle)]);
    assert_eq!((read, regions.len()), (well, without.len() + 1));
    let distinct = regions.iter().collect::<BTreeSet<_>>();
    assert!(distinct.len() > without.len() / 2, "{regions:?}");
}

#[test]
fn a_region_that_is_named_is_the_only_one() {
    let (_, regions) = audited(Some("eu-west-1"), &[Fault::next("AssumeRoot", Wrong::Throttle)]);
    assert_eq!(regions.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["eu-west-1".to_owned()]));
}

/// STS is not active there, or a policy denies the region: the caller's own decides, and that region is left alone.
#[test]
fn what_another_region_refuses_the_callers_own_decides() {
    let (well, _) = audited(None, &[]);
    let message = "STS is not activated in this region";
    let refused =
        Wrong::Code { status: 403, code: "RegionDisabledException".to_owned(), message: message.to_owned() };
    // The first is throttled; of the next two, in turn, the second is another region's.
    let faults = [Fault::next("AssumeRoot", Wrong::Throttle), Fault::nth("AssumeRoot", 3, refused)];
    let (read, regions) = audited(None, &faults);
    assert_eq!(read, well);
    let disabled = &regions[2];
    assert_ne!(disabled, "us-east-1");
    assert_eq!(regions[3], "us-east-1", "{regions:?}");
    assert_eq!(regions.iter().filter(|region| *region == disabled).count(), 1, "{regions:?}");
}
