//! What the account says no to: the caller, the user, the devices there are.

use super::super::api;
use super::{CREATED, PLAN, UNDONE, WRITTEN, enroll, fails};
use crate::support::{Simulated, Typist, run};
use glasskey::sim::aws::{Fault, Wrong};

#[test]
fn there_is_no_such_user() {
    let world = Simulated::with_keys(1);
    fails(
        &world,
        &mut world.glasskey(["enroll", "Alice", "--key", "12345678", "--yes"]),
        3,
        "glasskey: error: there is no IAM user \"Alice\" in this account\n\
         glasskey: hint: `aws iam list-users` lists them; names are case-sensitive here\n",
    );
}

#[test]
fn the_user_has_eight_devices() {
    let world = Simulated::with_keys(1);
    let _ = world.aws.add_device_for("alice", 8);
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: the user has 8 MFA devices; 1 more would exceed AWS's limit of 8\n\
         glasskey: hint: `aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer \
         used\n",
    );
}

#[test]
fn separate_devices_would_be_one_too_many() {
    let world = Simulated::with_keys(2);
    let _ = world.aws.add_device_for("alice", 7);
    fails(
        &world,
        &mut world.glasskey(world.enroll_args().iter().map(String::as_str).chain(["--separate"])),
        3,
        "glasskey: error: the user has 7 MFA devices; 2 more would exceed AWS's limit of 8\n\
         glasskey: hint: `aws iam list-mfa-devices --user-name USER` lists them; deactivate one that is no longer \
         used\n",
    );
}

#[test]
fn an_unassigned_device_of_somebody_else_has_the_name() {
    let world = Simulated::with_keys(1);
    api::call(&world.aws, &world.aws.admin(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "alice")]);
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: arn:aws:iam::ACCOUNT:mfa/alice exists already and was not made by an unfinished \
             run of this machine; it was not touched\n\
             glasskey: hint: if nobody is enrolling it right now, delete it: `aws iam delete-virtual-mfa-device \
             --serial-number arn:aws:iam::ACCOUNT:mfa/alice`\n\
             glasskey: hint: --device-name alice-2 makes another beside it\n",
    );
    assert!(!world.actions().contains(&"DeleteVirtualMFADevice".to_owned()));
}

/// The request for a device never arrived. One of that name that a colleague had made before is not deleted for it, where
/// whoever enrolls may not list devices and cannot know.
#[test]
fn a_device_that_may_be_somebody_elses_is_not_deleted_for_a_lost_reply() {
    for listed in [Wrong::Deny, Wrong::Pretend] {
        let world = Simulated::with_keys(1);
        let colleagues = listed == Wrong::Deny;
        if colleagues {
            api::call(&world.aws, &world.aws.admin(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "alice")]);
            world.aws.fail(Fault::next("ListVirtualMFADevices", listed));
        }
        let lost = if colleagues { Wrong::NeverArrive } else { Wrong::LoseReply };
        world.aws.fail(Fault::next("CreateVirtualMFADevice", lost));
        let done = run(&mut enroll(&world, &[]));
        if colleagues {
            assert!(done.code == 4 && done.stderr.contains("whether this run made it is not known"), "{done:?}");
            assert_eq!(world.run(["recover", "--yes", "--no-input"]).code, 4);
            assert_eq!(world.aws.devices().len(), 1);
        } else {
            assert!(done.code == 3 && world.aws.devices().is_empty(), "{done:?}");
        }
    }
}

/// Nor one that a colleague makes while the plan's question stands.
#[test]
fn a_device_that_was_made_while_the_question_stood_is_not_deleted_for_a_lost_reply() {
    let world = Simulated::with_keys(1);
    let mut command = world.keys.bare(["enroll", "alice", "--key", "12345678"]);
    command.envs(world.environment(&world.aws.admin()));
    let mut person = Typist::start_talking(&command);
    person.sees("Continue? [y/N] ");
    // For so long what IAM said before the question is believed.
    std::thread::sleep(std::time::Duration::from_secs(11));
    api::call(&world.aws, &world.aws.admin(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "alice")]);
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    person.types("y");
    let (shown, done) = person.end();
    assert!(done.code == 4 && shown.contains("whether this run made it is not known"), "{shown} {done:?}");
    assert_eq!(world.aws.devices().len(), 1);
}

#[test]
fn another_users_device_has_the_name() {
    let world = Simulated::with_keys(1);
    let _ = world.aws.add_user("bob");
    let _ = world.aws.add_device_for("bob", 1);
    let plan = PLAN.replace("mfa/alice", "mfa/bob-1").replace("ACCOUNT/alice", "ACCOUNT/bob-1");
    fails(
        &world,
        &mut enroll(&world, &["--device-name", "bob-1"]),
        3,
        &format!(
            "{plan}glasskey: error: arn:aws:iam::ACCOUNT:mfa/bob-1 exists already and is enabled for bob\n\
             glasskey: hint: --device-name bob-1-2 makes another beside it\nglasskey: nothing was created\n"
        ),
    );
    assert!(!world.actions().contains(&"DeleteVirtualMFADevice".to_owned()));
}

#[test]
fn the_users_own_device_has_the_name() {
    let world = Simulated::with_keys(1);
    let _ = world.aws.add_device_for("alice", 1);
    fails(
        &world,
        &mut enroll(&world, &["--device-name", "alice-1"]),
        3,
        "glasskey: error: arn:aws:iam::ACCOUNT:mfa/alice-1 exists already and is enabled for alice\n\
         glasskey: hint: --device-name alice-1-2 makes another beside it\n",
    );
}

#[test]
fn the_name_does_not_fit_on_a_key() {
    let world = Simulated::with_keys(1);
    // "AWS:", 12 digits and "/" leave 47 of the 64 bytes.
    let name = "n".repeat(48);
    fails(
        &world,
        &mut enroll(&world, &["--device-name", &name]),
        3,
        &format!(
            "glasskey: error: \"AWS:ACCOUNT/{name}\" has 65 bytes; a key's credential name holds 64\n\
             glasskey: hint: choose a shorter --device-name or --path\n"
        ),
    );
    let fits = run(&mut enroll(&world, &["--device-name", &name[1..]]));
    assert_eq!(fits.code, 0, "{fits:?}");
}

#[test]
fn iam_does_not_take_the_name_or_the_path() {
    let world = Simulated::with_keys(1);
    let letters = "glasskey: hint: letters, digits and _+=,.@- only\n";
    for (args, words) in [
        (
            ["--device-name", "schlüssel"],
            format!("glasskey: error: \"schlüssel\" is not a device name that IAM takes\n{letters}"),
        ),
        (
            ["--device-name", "a/b"],
            format!("glasskey: error: \"a/b\" is not a device name that IAM takes\n{letters}"),
        ),
        (["--device-name", ""], format!("glasskey: error: \"\" is not a device name that IAM takes\n{letters}")),
        (
            ["--path", "team"],
            "glasskey: error: \"team\" is not a path that IAM takes\n\
             glasskey: hint: a path is / or begins and ends with /, at most 512 characters\n"
                .to_owned(),
        ),
    ] {
        fails(&world, &mut enroll(&world, &args), 2, &words);
    }
}

#[test]
fn the_caller_is_root() {
    let world = Simulated::with_keys(1);
    let root = world.aws.root();
    fails(
        &world,
        &mut world.glasskey_as(&root, ["enroll", "--key", "12345678", "--yes"]),
        3,
        "glasskey: error: the caller is the root user, whose MFA can be enabled in the console only\n\
         glasskey: hint: name an IAM user, or enable root's MFA in the console: \
         https://console.aws.amazon.com/iam/home#/security_credentials\n",
    );
}

#[test]
fn the_caller_is_a_role_and_no_user_is_named() {
    let world = Simulated::with_keys(1);
    let session = api::role_session(&world.aws, "SecurityAdmin");
    fails(
        &world,
        &mut world.glasskey_as(&session, ["enroll", "--key", "12345678", "--yes"]),
        2,
        "glasskey: error: the caller is not an IAM user: \
         arn:aws:sts::ACCOUNT:assumed-role/SecurityAdmin/laptop\n\
         glasskey: hint: name the user: `glasskey enroll USER --key SERIAL`\n",
    );
    let named = run(&mut world.glasskey_as(&session, ["enroll", "alice", "--key", "12345678", "--yes"]));
    assert_eq!(named.code, 0, "{named:?}");
    world.alice_is_enrolled().unwrap();
}

/// AWS's sentence, and ours around it.
fn denied(action: &str, resource: &str) -> String {
    format!(
        "glasskey: error: AWS refused {action}: User: arn:aws:iam::ACCOUNT:user/admin is not authorized to perform: \
         iam:{action} on resource: arn:aws:iam::ACCOUNT:{resource} because no identity-based policy allows the \
         iam:{action} action\n\
         glasskey: hint: the caller needs the permission iam:{action} for this\n"
    )
}

#[test]
fn each_call_is_denied() {
    for (action, resource, before, after) in [
        ("ListMFADevices", "user/alice", String::new(), ""),
        ("CreateVirtualMFADevice", "mfa/alice", PLAN.to_owned(), "glasskey: nothing was created\n"),
        ("EnableMFADevice", "user/alice", format!("{PLAN}{CREATED}{WRITTEN}"), UNDONE),
    ] {
        let world = Simulated::with_keys(1);
        world.aws.fail(Fault::next(action, Wrong::Deny));
        fails(&world, &mut enroll(&world, &[]), 3, &format!("{before}{}{after}", denied(action, resource)));
    }
}

#[test]
fn looking_it_up_again_is_denied_and_the_device_is_enabled_all_the_same() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::nth("ListMFADevices", 2, Wrong::Deny));
    let done = run(&mut enroll(&world, &["--json"]));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["devices"][0]["confirmed"], false);
    assert!(
        done.stderr.contains(
            "  enabled   AWS acknowledged it; not looked up again (no permission for iam:ListMFADevices)\n"
        ),
        "{done:?}"
    );
    world.alice_is_enrolled().unwrap();
}

#[test]
fn throttling_that_ends_is_waited_for_aloud() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault { times: 2, ..Fault::next("EnableMFADevice", Wrong::Throttle) });
    let done = run(&mut enroll(&world, &[]));
    assert_eq!(done.code, 0, "{done:?}");
    let waits = "  waiting   1 s, then EnableMFADevice again: AWS answered Throttling\n  \
                 waiting   2 s, then EnableMFADevice again: AWS answered Throttling\n";
    assert!(done.stderr.contains(waits), "{done:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_concurrent_change_is_waited_for_aloud() {
    for code in ["ConcurrentModification", "EntityTemporarilyUnmodifiable"] {
        let world = Simulated::with_keys(1);
        let wrong = Wrong::Code { status: 409, code: code.to_owned(), message: "Please try again.".to_owned() };
        world.aws.fail(Fault::next("EnableMFADevice", wrong));
        let done = run(&mut enroll(&world, &[]));
        assert_eq!(done.code, 0, "{done:?}");
        let wait = format!("  waiting   1 s, then EnableMFADevice again: AWS answered {code}\n");
        assert!(done.stderr.contains(&wait), "{done:?}");
        world.alice_is_enrolled().unwrap();
    }
}
