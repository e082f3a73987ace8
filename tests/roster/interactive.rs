//! Keys: plugged in already, waited for by serial number, and handed out as they come.

use super::*;
use crate::support::Typist;

fn with_keys(keys: u32, text: &str) -> Simulated {
    let world = Simulated::with_keys(keys);
    let _ = world.aws.add_user("bob");
    let _ = world.aws.add_user("carol");
    roster(&world, text);
    world
}

/// The binary at a terminal, its conversation on it too.
fn at_the_terminal(world: &Simulated) -> Typist {
    let mut command = world.keys.bare(["enroll", "--roster", "team.csv"]);
    command.envs(world.environment(&world.aws.admin()));
    Typist::start_talking(&command)
}

#[test]
fn keys_that_are_plugged_in_need_nobody() {
    let world = with_keys(2, "alice,,12345678,yes\nbob,,12345679\ncarol,,999\n");
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT, "--json"]));
    let (users, summary) = lines(&done);
    assert_eq!((done.code, &summary["done"], &summary["failed"]), (3, &2.into(), &1.into()), "{done:?}");
    assert_eq!((&users[0]["keys"], &users[2]["code"]), (&serde_json::json!([12_345_678]), &"key_not_found".into()));
    assert_eq!(world.keys.key(0).credentials(), [world.credential("alice")]);
    assert_eq!(world.keys.key(1).credentials(), [world.credential("bob")]);
    assert!(world.keys.home.path().join("bob.age").is_file());
    world.nobody_is_locked_out().unwrap();
}

#[test]
fn the_key_that_is_named_is_waited_for() {
    let world = with_keys(2, "alice,,12345678\nbob,,12345679\n");
    world.keys.key(0).pull();
    let mut typist = at_the_terminal(&world);
    typist.sees("Continue? [y/N] ").types("y");
    typist.sees("alice, 1 of 2").sees("insert    YubiKey 12345678 for alice; Ctrl-C stops");
    world.keys.key(0).plug_in();
    typist
        .sees("12345678  written, its code matches")
        .sees("bob, 2 of 2")
        .sees("12345679  written, its code matches");
    let (_, run) = typist.end();
    assert_eq!((run.code, &*run.stdout), (0, "2 of 2 done, 0 failed\n"), "{run:?}");
    world.nobody_is_locked_out().unwrap();
    assert_eq!(world.aws.devices().len(), 2);
}

#[test]
fn another_key_is_not_taken_and_ctrl_c_stops() {
    let world = with_keys(2, "alice,,12345678\nbob,,12345679\n");
    (0..2).for_each(|key| world.keys.key(key).pull());
    let mut typist = at_the_terminal(&world);
    typist.sees("Continue? [y/N] ").types("y").sees("insert    YubiKey 12345678 for alice");
    world.keys.key(1).plug_in();
    typist.sees("other     YubiKey 12345679 is not the one: 12345678 is wanted").interrupts();
    let (_, run) = typist.end();
    assert_eq!((run.code, world.aws.devices().len()), (130, 0), "{run:?}");
    assert_eq!(world.unfinished(), 0);
}

#[test]
fn keys_are_handed_out_as_they_come_and_none_twice() {
    let world = with_keys(2, "alice\nbob\n");
    world.keys.key(1).pull();
    let mut typist = at_the_terminal(&world);
    typist.sees("Continue? [y/N] ").types("y").sees("insert    a key for alice");
    typist.sees("Use YubiKey 5C NFC 12345678 for alice? [y/N] ").types("y");
    typist.sees("12345678  written, its code matches").sees("insert    a key for bob");
    typist.sees("other     YubiKey 12345678 has been handed out already; take it out");
    world.keys.key(1).plug_in();
    typist.sees("Use YubiKey 5C NFC 12345679 for bob? [y/N] ").types("y");
    let (_, run) = typist.end();
    assert_eq!((run.code, &*run.stdout), (0, "2 of 2 done, 0 failed\n"), "{run:?}");
    assert_eq!(world.keys.key(0).credentials(), [world.credential("alice")]);
    assert_eq!(world.keys.key(1).credentials(), [world.credential("bob")]);
    let keys: Vec<_> =
        ledger(&world).iter().filter(|line| line["record"] == "done").map(|line| line["keys"][0].clone()).collect();
    assert_eq!(keys, [12_345_678, 12_345_679]);
}
