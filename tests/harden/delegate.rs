//! The account that becomes delegated administrator for IAM.

use super::world::{Kind, World};
use crate::support::run;
use glasskey::sim::aws::organization::{Kind as MemberKind, Status};
use glasskey::sim::aws::{self, Fault, Organization, Wrong};

fn register(world: &World) -> Organization {
    Organization::of(&world.outside.aws).unwrap()
}

/// An account that looks after root of members, beside the management account.
#[test]
fn a_delegated_administrator_is_registered_where_one_is_named() {
    let world = World::of(Kind::Managing);
    let delegate = register(&world).add(MemberKind::Sound);
    let delegates = || register(&world).view()["delegated"].clone();
    let before = (delegates(), world.snapshot());
    let only = ["--only", "central-root-access", "--delegate", &delegate];
    let (done, run) = world.apply(&only);
    assert!(delegates() != before.0, "{done:?}");
    let again = world.run(&[&["--apply", "--yes", "--no-input"], &only[..]].concat());
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to do\n"), "{again:?}");
    let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!((delegates(), world.snapshot()) == before, "{undone:?}");
}

/// AWS would refuse it when it is applied: nothing is planned, and the reason is said.
#[test]
fn who_cannot_be_delegated_administrator_is_left_as_it_is() {
    let world = World::of(Kind::Managing);
    let organization = register(&world);
    let member = organization.add(MemberKind::Sound);
    let own = world.outside.aws.account();
    let left = |caller: &aws::Keys, account: &str, says: &str| {
        let args = ["root", "harden", "--only", "central-root-access", "--delegate", account];
        for apply in [&[][..], &["--apply", "--yes", "--no-input"]] {
            let before = organization.view();
            let done = run(&mut world.outside.glasskey_as(caller, [&args[..], apply].concat()));
            let calls = world.outside.actions();
            assert_eq!((done.code, organization.view() == before), (1, true), "{says}: {done:?}");
            assert!(done.stdout.contains(says), "{says}: {done:?}");
            assert!(
                calls.iter().all(|call| !call.starts_with("Enable") && !call.starts_with("Register")),
                "{calls:?}"
            );
        }
    };
    left(&world.caller, &own, "it is the management account");
    left(&world.caller, "999988887777", "it is not in the organization");
    organization.set_status(&member, Status::Suspended);
    left(&world.caller, &member, "it is SUSPENDED");
    organization.set_status(&member, Status::Active);
    let theirs = organization.account(&member).unwrap().admin();
    left(&theirs, &own, "this account manages no organization");
    // Who may not ask AWS about it goes on.
    world.fail(&Fault { action: Some("DescribeAccount".to_owned()), nth: 1, times: 100, what: Wrong::Deny });
    let plan = world.run(&["--only", "central-root-access", "--delegate", &member]);
    assert!(plan.code == 1 && plan.stdout.contains(&format!("delegated administrator {member}")), "{plan:?}");
}
