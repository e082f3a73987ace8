//! Runs that left what they made themselves: finished, undone, complete already, or nothing.

use super::*;
use crate::support::{protect, seed, with_fd};
use glasskey::keys::Serial;

#[test]
fn there_is_nothing() {
    let world = Simulated::with_keys(1);
    recover(&world, &[]).is(0, "nothing to recover\n", "");
    assert!(world.actions().is_empty(), "AWS is not asked");
    let json = recover(&world, &["--json"]).json();
    assert_eq!(json, serde_json::json!({ "type": "recovered", "runs": [], "error": null }));
}

#[test]
fn finished_from_the_key() {
    for choice in ["--yes", "--finish"] {
        let world = Simulated::with_keys(1);
        killed_before_enabling(&world);
        let done = recover(&world, &[choice]);
        let told = format!("{}{HOLDS}{FINISHED}", found(NOT_ENABLED));
        is(&world, &done, 0, "recovered: alice can sign in with YubiKey 12345678\n", &told);
        world.alice_is_enrolled().unwrap();
        settled(&world);
    }
}

#[test]
fn finished_from_two_keys_that_agree() {
    let world = Simulated::with_keys(2);
    killed_before_enabling(&world);
    let done = recover(&world, &["--yes", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(
        done.json()["runs"],
        serde_json::json!([{
            "command": "enroll", "arn": world.arn("alice"), "user": "alice", "outcome": "finished",
            "keys": [12_345_678, 12_345_679], "escrow": null
        }])
    );
    world.alice_is_enrolled().unwrap();
    settled(&world);
}

#[test]
fn undone() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    let done = recover(&world, &["--undo"]);
    let told = format!("{}{HOLDS}", found(NOT_ENABLED));
    is(&world, &done, 0, "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone\n", &told);
    world.nothing_is_left().unwrap();
    settled(&world);
}

#[test]
fn undone_where_no_key_was_written() {
    let world = Simulated::with_keys(1);
    killed_after_creating(&world);
    let finish = recover(&world, &["--finish"]);
    let told = format!("{}{HOLDS_NOT}", found(NOT_ENABLED));
    let cannot = "glasskey: error: the run cannot be finished: no key that is plugged in holds its credential, or the \
                  device is gone\n\
                  glasskey: hint: plug in the key it was writing to, or undo the run\n\
                  glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
                  glasskey: left as it was: arn:aws:iam::ACCOUNT:mfa/alice, and what the keys hold\n";
    is(&world, &finish, 4, "", &format!("{told}{cannot}"));
    let done = recover(&world, &["--yes"]);
    is(&world, &done, 0, "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone\n", &told);
    world.nothing_is_left().unwrap();
    settled(&world);
}

/// IAM's answer to Create was not heard: the device may be another's, so a person's word is needed.
#[test]
fn killed_before_the_answer_to_create() {
    let world = Simulated::with_keys(1);
    killed_while_creating(&world);
    let told = format!("{}{HOLDS_NOT}", found(UNCERTAIN));
    for _ in 0..2 {
        let careful = recover(&world, &["--yes"]);
        is(&world, &careful, 4, MAY_BE_ANOTHERS, &told);
        assert_eq!((world.aws.devices().len(), world.unfinished()), (1, 1));
    }
    let done = recover(&world, &["--undo"]);
    is(&world, &done, 0, "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone\n", &told);
    world.nothing_is_left().unwrap();
    settled(&world);
}

#[test]
fn complete_already() {
    let world = Simulated::with_keys(1);
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    let done = recover_later(&world, &["--yes"]);
    let told = format!("{}{HOLDS}{PROVED}", found(UNPROVED));
    is(&world, &done, 0, "complete already: alice can sign in with YubiKey 12345678\n", &told);
    world.alice_is_enrolled().unwrap();
    settled(&world);
}

#[test]
fn nothing_was_left() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "CreateVirtualMFADevice") && passing.done);
    let done = recover(&world, &["--yes"]);
    let told = format!("{}{HOLDS_NOT}", found("has no such device"));
    is(&world, &done, 0, "nothing was left of arn:aws:iam::ACCOUNT:mfa/alice\n", &told);
    world.nothing_is_left().unwrap();
    settled(&world);
}

#[test]
fn the_key_is_not_plugged_in_at_first() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    world.keys.key(0).pull();
    let away = "  12345678  not plugged in, or not readable\n";
    let first = recover(&world, &["--undo"]);
    let left = "glasskey: error: not everything could be undone\n\
                glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
                glasskey: left behind: the credential \"AWS:ACCOUNT/alice\" on YubiKey 12345678 (YubiKey 12345678 is \
                not plugged in; no key is)\n";
    is(&world, &first, 4, "", &format!("{}{away}{left}", found(NOT_ENABLED)));
    assert!(world.aws.devices().is_empty());
    assert_eq!(world.unfinished(), 1);
    world.keys.key(0).plug_in();
    let second = recover(&world, &["--yes"]);
    let began = "  undoing   had begun; finishing it is not what --yes does\n";
    let told = format!("{}{HOLDS}{began}", found("has no such device"));
    is(&world, &second, 0, "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone\n", &told);
    world.nothing_is_left().unwrap();
    settled(&world);
}

#[test]
fn forgotten() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    world.keys.key(0).pull();
    let done = recover(&world, &["--forget"]);
    let told = format!("{}  12345678  not plugged in, or not readable\n", found(NOT_ENABLED));
    is(&world, &done, 0, "forgotten: arn:aws:iam::ACCOUNT:mfa/alice, as it is\n", &told);
    assert_eq!(world.aws.devices().len(), 1, "nothing was changed");
    assert_eq!(world.keys.key(0).credentials().len(), 1);
    settled(&world);
}

#[test]
fn nobody_can_be_asked() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    let done = recover(&world, &[]);
    let error = "glasskey: error: a confirmation is needed, and nobody can be asked\n\
                 glasskey: hint: --yes says yes\n\
                 glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
                 glasskey: left as it was: arn:aws:iam::ACCOUNT:mfa/alice, and what the keys hold\n";
    is(&world, &done, 4, "", &format!("{}{HOLDS}{error}", found(NOT_ENABLED)));
    assert_eq!(world.unfinished(), 1);
}

#[test]
fn a_key_with_a_password() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    protect(world.keys.key(0), "open sesame");
    let command = world.glasskey(["recover", "--yes", "--no-input", "--password-fd", "8"]);
    let done = run(&mut with_fd(&command, 8, "open sesame\n"));
    let told = format!("{}{HOLDS}{FINISHED}", found(NOT_ENABLED));
    is(&world, &done, 0, "recovered: alice can sign in with YubiKey 12345678\n", &told);
    assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"));
}

#[test]
fn keys_that_differ() {
    let world = Simulated::with_keys(2);
    killed_before_enabling(&world);
    // The second key lost its credential, and got another of the same name.
    let id = world.credential("alice");
    let name = glasskey::oath::Name::from_id(&id).unwrap();
    glasskey::oath::Session::open(world.keys.key(1).card()).unwrap().delete(&name).unwrap();
    api::put(world.keys.key(1), &id, &seed().0);
    let done = recover(&world, &["--yes"]);
    let other = HOLDS.replace("12345678", "12345679");
    let told = format!("{}{HOLDS}{other}", found(NOT_ENABLED));
    let error = "glasskey: error: the keys of this run compute different codes, so one of them was not written by it\n\
                 glasskey: hint: take out the key whose credential is another's, and run it again\n\
                 glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
                 glasskey: left as it was: arn:aws:iam::ACCOUNT:mfa/alice, and what the keys hold\n";
    is(&world, &done, 4, "", &format!("{told}{error}"));
    assert_eq!(world.aws.devices()[0].user, None);
    assert_eq!(recover(&world, &["--undo"]).code, 0);
    world.nothing_is_left().unwrap();
    settled(&world);
}

#[test]
fn one_of_two_keys_is_away() {
    let world = Simulated::with_keys(2);
    killed_before_enabling(&world);
    world.keys.key(1).pull();
    let done = recover(&world, &["--finish"]);
    let told = format!("{}{HOLDS}  12345679  not plugged in, or not readable\n{FINISHED}", found(NOT_ENABLED));
    let sum = "recovered: alice can sign in with YubiKey 12345678; YubiKey 12345679 was not plugged in and may hold it \
               too\n";
    is(&world, &done, 0, sum, &told);
    world.alice_is_enrolled().unwrap();
    settled(&world);
}

#[test]
fn the_credentials_are_another_accounts() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    let other = glasskey::sim::aws::Aws::new(glasskey::sim::clock::SimClock::host());
    let server = glasskey::sim::serve::Server::start(other.clone(), None).unwrap();
    let mut command = world.glasskey(["recover", "--yes", "--no-input"]);
    let done = run(command.envs(server.environment(&other.admin())));
    let runs = world.keys.home.path().join("state/runs");
    let mut record = std::fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path());
    let record = record.find(|path| path.extension().is_some_and(|end| end == "jsonl")).unwrap();
    let error = format!(
        "glasskey: error: the unfinished run belongs to account ACCOUNT, and these credentials do not\n\
         glasskey: hint: run `glasskey recover` with --profile for that account\n\
         glasskey: hint: if nobody has credentials for that account any more, move its record away: {}\n\
         glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
         glasskey: perhaps left behind: arn:aws:iam::ACCOUNT:mfa/alice; AWS has not been asked\n",
        record.display()
    );
    is(&world, &done, 4, "", &error);
    assert_eq!((world.unfinished(), world.aws.devices().len()), (1, 1));
}

#[test]
fn a_user_who_may_not_delete_devices_finishes() {
    for wrong in [Wrong::Deny, Wrong::NeverArrive] {
        let world = Simulated::with_keys(1);
        let alice = without_delete(&world, "alice");
        world.aws.fail(Fault::next("EnableMFADevice", wrong.clone()));
        let enrolled = run(&mut world.glasskey_as(&alice, ["enroll", "--key", "12345678", "--yes", "--no-input"]));
        assert_eq!((enrolled.code, world.unfinished()), (4, 1), "{enrolled:?}");
        let kept = "glasskey: kept: the credential \"AWS:ACCOUNT/alice\" on YubiKey 12345678, which can still finish \
                    the device\n";
        assert!(said(&world, &enrolled).2.contains(kept), "{enrolled:?}");
        world.a_minute_passes_for_codes();
        let done = run(&mut world.glasskey_as(&alice, ["recover", "--yes", "--no-input"]));
        let told = format!("{}{HOLDS}{FINISHED}", found(NOT_ENABLED));
        is(&world, &done, 0, "recovered: alice can sign in with YubiKey 12345678\n", &told);
        world.alice_is_enrolled().unwrap();
        settled(&world);
    }
}

/// While finishing, the reply to Enable is lost, and so is the question after it.
#[test]
fn finishing_is_cut_short_and_done_again() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::LoseReply));
    world.aws.fail(Fault { times: 3, ..Fault::next("ListMFADevices", Wrong::NeverArrive) });
    let first = recover(&world, &["--yes"]);
    assert_eq!(first.code, 4, "{first:?}");
    assert!(first.stderr.contains("perhaps left behind: "), "{first:?}");
    let second = recover_later(&world, &["--yes"]);
    let told = format!("{}{HOLDS}{PROVED}", found(UNPROVED));
    is(&world, &second, 0, "complete already: alice can sign in with YubiKey 12345678\n", &told);
    settled(&world);
}

#[test]
fn a_touch_is_asked_for_where_the_credential_wants_one() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    let args = world.enroll_args().into_iter().chain(["--touch".to_owned()]);
    killed(&world, &mut world.glasskey(args), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    let done = recover(&world, &["--yes"]);
    let touch = "  touch     YubiKey 12345678 now: it blinks\n";
    let told = format!("{}{HOLDS}{touch}{touch}{FINISHED}", found(NOT_ENABLED));
    is(&world, &done, 0, "recovered: alice can sign in with YubiKey 12345678\n", &told);
    assert_eq!(world.keys.key(0).serial(), Some(Serial(12_345_678)));
    world.alice_is_enrolled().unwrap();
}
