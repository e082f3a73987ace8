//! Lists whose pages come round again: each command ends, says so, and has read no page a third time.

use crate::audit::office::{Office, organization};
use crate::support::{Run, Simulated};
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::{Aws, Fault, Wrong};

fn always(action: &str) -> Fault {
    Fault { times: 1_000_000, ..Fault::next(action, Wrong::SamePage) }
}

fn read(aws: &Aws, action: &str) -> usize {
    aws.calls().iter().filter(|call| call.action == action).count()
}

#[track_caller]
fn is_told(done: &Run, action: &str) {
    let error = format!("the list that {action} gives does not end: its pages come round again");
    assert!(done.code != 0 && format!("{}{}", done.stderr, done.stdout).contains(&error), "{action}: {done:?}");
}

#[test]
fn every_command_that_reads_a_list_ends_and_says_so() {
    let commands: [(&str, &[&str]); 6] = [
        ("ListMFADevices", &["devices", "alice"]),
        ("ListMFADevices", &["enroll", "alice", "--key", "12345678", "--yes"]),
        ("ListMFADevices", &["retire", "alice", "--device", "alice-1", "--yes"]),
        ("ListMFADevices", &["session", "--no-cache"]),
        ("ListVirtualMFADevices", &["devices", "--all"]),
        ("ListUsers", &["devices", "--all"]),
    ];
    for (action, args) in commands {
        let world = Simulated::with_keys(1);
        let _ = world.aws.add_device_for("alice", 1);
        world.aws.fail(always(action));
        let done = world.run(args);
        is_told(&done, action);
        assert_eq!(read(&world.aws, action), 2, "{args:?}: {done:?}");
        assert_eq!(world.unfinished(), 0, "{args:?}");
    }
}

/// What has been read is not the whole list, and nobody takes it for that.
#[test]
fn a_list_that_is_cut_short_is_not_taken_for_the_whole() {
    let commands: [(&str, &[&str]); 7] = [
        ("ListMFADevices", &["devices", "alice"]),
        ("ListMFADevices", &["enroll", "alice", "--key", "12345678", "--yes"]),
        ("ListMFADevices", &["retire", "alice", "--device", "alice-1", "--yes"]),
        ("ListMFADevices", &["session", "--no-cache"]),
        ("ListVirtualMFADevices", &["devices", "--all"]),
        ("ListUsers", &["devices", "--all"]),
        ("ListAccessKeys", &["rotate", "alice", "--access-key", "--secret-to-command", "cat", "--yes"]),
    ];
    for (action, args) in commands {
        let world = Simulated::with_keys(1);
        let _ = world.aws.add_device_for("alice", 1);
        let fault = Fault { times: 1_000_000, ..Fault::next(action, Wrong::NoMarker) };
        world.aws.fail(fault);
        let done = world.run(args);
        let error = format!("the reply to {action} lacks what it must have");
        assert!(done.code == 3 && done.stderr.contains(&error), "{args:?}: {done:?}");
        assert_eq!((world.aws.devices().len(), world.unfinished()), (1, 0), "{args:?}");
    }
}

/// A rule that needs such a list is unknown, which is not a pass.
#[test]
fn an_audit_does_not_know_what_a_list_without_an_end_says() {
    for action in [
        "ListVirtualMFADevices",
        "GetAccountAuthorizationDetails",
        "DescribeMetricFilters",
        "DescribeAlarms",
        "ListSubscriptionsByTopic",
    ] {
        let office = Office::sound();
        office.aws.fail(always(action));
        let (rows, code) = office.lines(&[]);
        assert!(code != 0, "{action}: {rows:?}");
        let unknown = rows[0]["findings"].as_array().unwrap().iter().any(|one| one["verdict"] == "unknown");
        assert!(unknown, "{action}: {rows:?}");
        let read = read(&office.aws, action);
        assert!((2..=6).contains(&read), "{action} was read {read} times");
    }
}

#[test]
fn so_does_an_audit_of_an_organization() {
    let (_organization, office, _) = organization(&[Kind::Sound, Kind::Sound]);
    office.aws.fail(always("ListAccounts"));
    let done = office.run(&["--org"]);
    is_told(&done, "ListAccounts");
    assert_eq!(read(&office.aws, "ListAccounts"), 2, "{done:?}");
}
