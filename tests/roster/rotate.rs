//! `rotate --roster` through the binary: a device of each user is replaced, unattended and key after key.

use super::*;
use crate::support::Typist;
use crate::support::blows::{self, Blow, KILLED, is_call};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// As [`world`], and each user has one device, `userN-1`.
fn equipped(users: usize) -> Simulated {
    let world = world(users);
    (1..=users).for_each(|nth| _ = world.aws.add_device_for(&format!("user{nth}"), 1));
    // What is enabled from now on is told from these.
    world.aws.clock().advance(Duration::from_secs(120));
    world
}

fn rotate(world: &Simulated, more: &[&str]) -> Command {
    world.glasskey(["rotate", "--roster", "team.csv", "--yes", "--no-input", "--accept-unproved"].iter().chain(more))
}

fn escrowed(world: &Simulated) -> Command {
    rotate(world, &["--escrow", RECIPIENT, "--json"])
}

fn devices_of(world: &Simulated, user: &str) -> Vec<String> {
    let devices = world.aws.devices().into_iter().filter(|device| device.user.as_deref() == Some(user));
    devices.map(|device| device.arn.rsplit('/').next().unwrap().to_owned()).collect()
}

/// Users whose only device is the new one, in escrow; the others have their old one.
#[track_caller]
fn rotated(world: &Simulated, users: usize) -> usize {
    let mut done = 0;
    for nth in 1..=users {
        let user = format!("user{nth}");
        let devices = devices_of(world, &user);
        if devices == [user.clone()] {
            assert!(world.keys.home.path().join(format!("{user}.age")).is_file(), "{user}");
            done += 1;
        } else {
            assert_eq!(devices, [format!("{user}-1")]);
        }
    }
    assert_eq!(world.aws.devices().len(), users, "nothing is left");
    done
}

#[test]
fn unattended_into_escrow() {
    let world = equipped(6);
    let done = run(&mut escrowed(&world));
    let (users, summary) = lines(&done);
    assert_eq!((done.code, rotated(&world, 6), world.unfinished()), (0, 6, 0), "{done:?}");
    assert_eq!((&summary["done"], &summary["failed"], users.len()), (&json!(6), &json!(0), 6));
    for user in &users {
        let name = user["user"].as_str().unwrap();
        assert_eq!((&user["outcome"], &user["arn"]), (&json!("done"), &json!(world.arn(name))));
        assert_eq!(user["retired"], json!(world.arn(&format!("{name}-1"))));
    }
    let plan = "  replace a device of each of 6 users of the roster\n";
    assert!(done.stderr.contains(plan), "{done:?}");
    let ledger = ledger(&world);
    assert_eq!((&ledger[0]["command"], ledger.len()), (&json!("rotate"), 13));
    let again = run(&mut escrowed(&world));
    assert_eq!((again.code, again.json()["before"].clone(), rotated(&world, 6)), (0, json!(6), 6), "{again:?}");
}

/// Where users may not be tagged that is said once; tags that are left are each named.
#[test]
fn what_could_not_be_announced_is_told() {
    let world = equipped(4);
    world.aws.fail(Fault { times: 99, ..Fault::next("TagUser", Wrong::Deny) });
    let done = run(&mut escrowed(&world));
    assert_eq!((done.code, rotated(&world, 4)), (0, 4), "{done:?}");
    let told = [
        "glasskey: warning: iam:TagUser is not allowed, so glasskey on another machine cannot see that ",
        "glasskey: this is not said again for the users that follow\n",
    ];
    assert_eq!(told.map(|line| done.stderr.matches(line).count()), [1, 1], "{done:?}");

    let world = equipped(4);
    world.aws.fail(Fault { times: 99, ..Fault::next("UntagUser", Wrong::Deny) });
    let done = run(&mut escrowed(&world));
    assert_eq!((done.code, rotated(&world, 4)), (0, 4), "{done:?}");
    for nth in 1..=4 {
        let left = format!("glasskey: warning: left on user user{nth}: the tag that announced the removal (");
        assert_eq!(done.stderr.matches(&left).count(), 1, "{done:?}");
    }
}

#[test]
fn who_fails_stops_nobody_and_why_is_told() {
    let world = equipped(4);
    let _ = world.aws.add_device_for("user1", 1);
    let _ = world.aws.add_device_for("user2", 1);
    let _ = world.aws.add_user("bare");
    roster(&world, "user,from\nuser1\nuser2,user2-2\nuser3,nothing\nuser4\nbare\nghost\n");
    let done = run(&mut rotate(&world, &["--escrow", RECIPIENT]));
    assert_eq!((done.code, &*done.stdout), (3, "2 of 6 done, 4 failed\n"), "{done:?}");
    let unknown = "glasskey: warning: 1 user of the roster does not exist in this account:\n\
                   glasskey:   line 7, ghost\n";
    assert!(done.stderr.contains(unknown), "{done:?}");
    for line in [
        "glasskey:   line 2, user1: exit 3, which_device: the user has 2 MFA devices, and the roster does not say which \
         one goes\n",
        "glasskey:   line 4, user3: exit 3, which_device: no device of the user is called \"nothing\"\n",
        "glasskey:   line 6, bare: exit 3, no_mfa_device: the user has no MFA device that could be replaced\n",
        "glasskey:   line 7, ghost: exit 3, no_such_user: there is no IAM user \"ghost\" in this account\n",
    ] {
        assert!(done.stderr.contains(line), "{line} {done:?}");
    }
    let told = done.stderr.find("line 7, ghost").unwrap();
    assert!(told < done.stderr.find("  done ").unwrap(), "before anything is done: {done:?}");
    assert_eq!(devices_of(&world, "user1"), ["user1-1", "user1-2"]);
    assert_eq!(devices_of(&world, "user2"), ["user2", "user2-1"]);
    assert_eq!(devices_of(&world, "user4"), ["user4"]);
    // Corrected, the rest is done and nobody else is touched.
    roster(&world, "user,from\nuser1,user1-2\nuser2,user2-2\nuser3\nuser4\n");
    let done = run(&mut rotate(&world, &["--escrow", RECIPIENT]));
    assert_eq!((done.code, &*done.stdout), (0, "2 of 4 done, 2 done before, 0 failed\n"), "{done:?}");
    assert_eq!(devices_of(&world, "user1"), ["user1", "user1-1"]);
}

/// The last step of one user is refused: both devices work, and the others are done.
#[test]
fn the_worst_ending_decides() {
    let world = equipped(4);
    world.aws.fail(Fault::nth("DeactivateMFADevice", 2, Wrong::Deny));
    let done = run(&mut escrowed(&world));
    let (users, summary) = lines(&done);
    assert_eq!((done.code, &summary["failed"], world.unfinished()), (4, &json!(1), 1), "{done:?}");
    let failed = users.iter().find(|user| user["outcome"] == "failed").unwrap()["user"].as_str().unwrap().to_owned();
    assert_eq!(devices_of(&world, &failed), [failed.clone(), format!("{failed}-1")]);
    let again = run(&mut escrowed(&world));
    assert_eq!((again.code, &again.json()["code"]), (3, &"unfinished_run".into()), "{again:?}");
    let undone = world.run(["recover", "--undo", "--accept-unproved", "--no-input"]);
    assert!(undone.code == 0 && !world.keys.home.path().join(format!("{failed}.age")).exists(), "{undone:?}");
    assert_eq!(run(&mut escrowed(&world)).code, 0);
    assert_eq!(rotated(&world, 4), 4);
}

#[test]
fn a_command_takes_every_seed() {
    let world = equipped(3);
    let done = run(&mut rotate(&world, &["--to-command", "cat >\"$GLASSKEY_USER.uri\""]));
    assert_eq!((done.code, &*done.stdout), (0, "3 of 3 done, 0 failed\n"), "{done:?}");
    for nth in 1..=3 {
        let uri = std::fs::read_to_string(world.keys.home.path().join(format!("user{nth}.uri"))).unwrap();
        let seed = world.aws.seed_of(&world.arn(&format!("user{nth}"))).unwrap();
        assert!(uri.contains(&data_encoding::BASE32_NOPAD.encode(&seed)), "user{nth}");
    }
}

/// Strikes the process when a call of this name has been answered for the n-th time.
fn struck(world: &Simulated, action: &'static str, nth: usize, blow: Blow) -> Run {
    let seen = AtomicUsize::new(0);
    blows::struck(world, escrowed(world), blow, move |passing| {
        passing.done && is_call(passing, action) && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
    })
}

#[test]
fn killed_in_the_middle_recovered_and_gone_on_with() {
    for action in ["CreateVirtualMFADevice", "EnableMFADevice", "DeleteVirtualMFADevice"] {
        let world = equipped(8);
        let done = struck(&world, action, 4, Blow::Kill);
        assert_eq!(done.code, -9, "{done:?}");
        assert!(world.unfinished() > 0);
        let refused = run(&mut escrowed(&world));
        assert_eq!((refused.code, &refused.json()["code"]), (3, &"unfinished_run".into()), "{refused:?}");
        // Without a key that holds a seed, a person says which way those go that were enabled.
        let choices: [&[&str]; 3] = [&["--yes"], &["--finish", "--accept-unproved"], &["--undo"]];
        for choice in choices {
            let recovered = world.run(["recover", "--no-input"].iter().chain(choice));
            assert!(recovered.code == 0 || choice != ["--undo"], "{action}: {recovered:?}");
        }
        assert_eq!(world.unfinished(), 0);
        let done = run(&mut escrowed(&world));
        assert_eq!((done.code, rotated(&world, 8)), (0, 8), "{action}: {done:?}");
        let (users, _) = lines(&done);
        let found = users.iter().filter(|user| user["outcome"] == "found_done").count();
        assert!(action == "CreateVirtualMFADevice" || found > 0, "{users:?}");
        assert_eq!(world.unfinished(), 0);
    }
}

#[test]
fn interrupted_it_ends_what_it_has_begun_and_goes_on_later() {
    let world = equipped(20);
    let done = struck(&world, "DeleteVirtualMFADevice", 3, Blow::Interrupt);
    assert_eq!(done.code, 130, "{done:?}");
    for choice in [&["--finish", "--accept-unproved"][..], &["--yes"]] {
        let _ = world.run(["recover", "--no-input"].iter().chain(choice));
    }
    assert_eq!(world.unfinished(), 0, "{done:?}");
    let some = rotated(&world, 20);
    assert!((1..20).contains(&some), "{some}");
    assert!(done.stderr.contains(" were not begun; run the same command again to go on"), "{done:?}");
    let done = run(&mut escrowed(&world));
    assert_eq!((done.code, rotated(&world, 20)), (0, 20), "{done:?}");
}

fn with_keys(text: &str) -> Simulated {
    let world = Simulated::with_keys(2);
    let _ = world.aws.add_user("bob");
    assert_eq!(world.run(["enroll", "alice", "--key", "12345678", "--yes", "--no-input"]).code, 0);
    let _ = world.aws.add_device_for("bob", 1);
    roster(&world, text);
    world
}

#[test]
fn from_key_to_key() {
    let world = with_keys("alice,,12345679,no\nbob,bob-new,12345678,,bob-1\n");
    let done = run(&mut rotate(&world, &[]));
    assert_eq!((done.code, &*done.stdout), (0, "2 of 2 done, 0 failed\n"), "{done:?}");
    assert_eq!(world.keys.key(1).credentials(), [world.credential("alice-2")]);
    // The old credential is gone from its key, which is here.
    assert_eq!(world.keys.key(0).credentials(), [world.credential("bob-new")]);
    assert_eq!(
        (devices_of(&world, "alice"), devices_of(&world, "bob")),
        (vec!["alice-2".into()], vec!["bob-new".into()])
    );
    let told = format!("  done      alice: {} in place of {}\n", world.arn("alice-2"), world.arn("alice"));
    assert!(done.stderr.contains(&told), "{done:?}");
    world.nobody_is_locked_out().unwrap();
}

/// A row without a key means the other places, whether the user's old key happens to be plugged in or not.
#[test]
fn a_row_without_a_key_goes_to_the_other_places_whatever_is_plugged_in() {
    for here in [true, false] {
        let world = with_keys("alice\nbob,,12345679\n");
        if !here {
            world.keys.key(0).pull();
        }
        let done = run(&mut rotate(&world, &["--escrow", RECIPIENT]));
        assert_eq!((done.code, &*done.stdout), (0, "2 of 2 done, 0 failed\n"), "{here}: {done:?}");
        assert!(world.keys.home.path().join("alice-2.age").is_file(), "{done:?}");
        let lost = "fewer keys: the old device is on 1 (12345678), the new one will be on no key\n";
        assert_eq!(done.stderr.contains(lost), here, "{done:?}");
        assert_eq!(world.keys.key(1).credentials().len(), 1);
    }
    // Fewer keys than the row names are still asked for.
    let world = with_keys("alice,,12345679\n");
    let more =
        ["rotate", "alice", "--from", "alice", "--key", "12345678", "--key", "12345679", "--yes", "--no-input"];
    let more = world.run(more);
    assert_eq!(more.code, 0, "{more:?}");
    let done = run(&mut rotate(&world, &[]));
    assert!(done.code == 2 && done.stderr.contains("fewer_keys"), "{done:?}");
}

#[test]
fn the_key_that_is_named_is_waited_for() {
    let world = with_keys("alice,,12345679\nbob,,999\n");
    world.keys.key(1).pull();
    let mut command = world.keys.bare(["rotate", "--roster", "team.csv"]);
    command.envs(world.environment(&world.aws.admin()));
    let mut typist = Typist::start_talking(&command);
    typist.sees("Continue? [y/N] ").types("y");
    typist.sees("alice, 1 of 2").sees("insert    YubiKey 12345679 for alice; Ctrl-C stops");
    world.keys.key(1).plug_in();
    typist.sees("12345679  written, its code matches").sees("bob, 2 of 2").sees("insert    YubiKey 999 for bob");
    typist.interrupts();
    let (_, done) = typist.end();
    assert_eq!((done.code, world.unfinished()), (130, 0), "{done:?}");
    assert_eq!(devices_of(&world, "alice"), ["alice-2"]);
    assert_eq!(devices_of(&world, "bob"), ["bob-1"]);
}

#[test]
fn a_ledger_of_another_command_or_account_is_refused() {
    let world = equipped(2);
    assert_eq!(run(&mut enroll(&world, &["--escrow", RECIPIENT, "--json"])).code, 0);
    let done = run(&mut rotate(&world, &["--escrow", RECIPIENT]));
    let error = "glasskey: error: the ledger team.csv.ledger.jsonl is of `glasskey enroll`\n";
    assert!(done.code == 2 && done.stderr.contains(error), "{done:?}");
    assert!(!world.actions().contains(&"DeactivateMFADevice".to_owned()));
    let done = run(&mut rotate(&world, &["--escrow", RECIPIENT, "--ledger", "rotation.jsonl", "--dry-run"]));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  iam:DeactivateMFADevice\n"), "{done:?}");
    assert!(!world.keys.home.path().join("rotation.jsonl").exists());
    let world = equipped(1);
    assert_eq!(run(&mut escrowed(&world)).code, 0);
    let other = glasskey::sim::aws::Aws::new(glasskey::sim::clock::SimClock::host());
    let server = glasskey::sim::serve::Server::start(other.clone(), None).unwrap();
    let done = run(escrowed(&world).envs(server.environment(&other.admin())));
    assert_eq!((done.code, &done.json()["code"]), (2, &json!("other_ledger")), "{done:?}");
}

/// The old device is enabled again by the undoing, later than the turn began. It is not taken for the new one.
#[test]
fn what_was_undone_is_begun_again() {
    let world = with_keys("alice,,12345679,,alice\n");
    let _ = world.aws.add_device_for("alice", 2);
    let at_create = |it: &glasskey::sim::tap::Passing| is_call(it, "CreateVirtualMFADevice") && !it.done;
    let done = blows::struck(&world, rotate(&world, &["--replace-first"]), Blow::Kill, at_create);
    assert_eq!((done.code, world.unfinished()), (KILLED, 1), "{done:?}");
    world.aws.clock().advance(Duration::from_secs(90));
    let done = world.run(["recover", "--undo", "--no-input"]);
    assert_eq!((done.code, world.unfinished()), (0, 0), "{done:?}");
    let done = run(&mut rotate(&world, &["--replace-first"]));
    assert_eq!((done.code, &*done.stdout), (0, "1 of 1 done, 0 failed\n"), "{done:?}");
    let mut devices = devices_of(&world, "alice");
    devices.sort();
    assert_eq!(devices.len(), 3, "{devices:?}");
    assert!(!devices.contains(&"alice".to_owned()), "{devices:?}");
}

/// Who may not list users is told so, and nothing else is different.
#[test]
fn the_caller_may_not_list_users() {
    let world = equipped(2);
    let operator = world.aws.add_user("operator");
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies/rotate.json");
    world.aws.allow("operator", &std::fs::read_to_string(policy).unwrap()).unwrap();
    let args = ["rotate", "--roster", "team.csv", "--escrow", RECIPIENT, "--yes", "--no-input", "--accept-unproved"];
    let done = run(&mut world.glasskey_as(&operator, args));
    assert_eq!((done.code, rotated(&world, 2)), (0, 2), "{done:?}");
    let note = "Without iam:ListUsers it cannot be said now who of them does not exist; that shows at their turn.\n";
    assert!(done.stderr.contains(note), "{done:?}");
}

#[test]
fn mistakes_in_the_command_line_and_in_the_file() {
    let world = equipped(1);
    for more in [["--from", "x"], ["--key", "12345678"], ["--device-name", "x"], ["--secret-to-command", "cat"]] {
        assert_eq!(run(&mut rotate(&world, &more)).code, 2, "{more:?}");
    }
    let done = run(&mut rotate(&world, &[]));
    assert_eq!(done.code, 5, "{done:?}");
    roster(&world, "user,device-name,from\nuser1,a b,\nuser1,,\nuser2,x,y,z,a,b\n");
    let done = run(&mut rotate(&world, &["--escrow", RECIPIENT]));
    let told = "glasskey: error: 3 lines of team.csv cannot be used; nothing was done\n\
                glasskey: line 2: \"a b\" is not a device name that IAM takes\n\
                glasskey: line 3: the user user1 is on line 2 already\n\
                glasskey: line 4: 6 fields, and the roster has 3 columns\n\
                glasskey: hint: columns are user,device-name,key-serial,touch,from; all but the first may be empty; \
                commas, semicolons or tabs between them\n";
    done.is(2, "", told);
    assert!(world.actions().is_empty());
}
