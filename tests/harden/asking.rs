//! Who is asked, and what where nobody is there.

use super::world::{Kind, World, hardened};
use crate::support::Typist;

#[test]
fn without_a_terminal_and_without_yes_nothing_is_changed() {
    let world = World::new();
    let before = world.posture();
    for args in [&["--apply"][..], &["--apply", "--no-input"]] {
        let done = world.run(args);
        assert_eq!((done.code, world.posture() == before), (5, true), "{done:?}");
        assert_eq!(world.outside.unfinished(), 0);
    }
}

fn at_a_terminal(world: &World, args: &[&str]) -> Typist {
    let mut command = world.outside.keys.bare([&["root", "harden"], args].concat());
    command.envs(world.outside.environment(&world.caller));
    Typist::start(&command)
}

#[test]
fn the_account_number_is_typed_once() {
    let world = World::new();
    let account = world.outside.aws.account();
    let mut typist = at_a_terminal(&world, &["--apply"]);
    typist.sees(&format!("Type the account number to change account {account}: ")).types(&account);
    let (_, done) = typist.end();
    assert_eq!((done.code, world.posture().password_policy), (0, Some(hardened())), "{done:?}");
}

#[test]
fn another_number_and_a_yes_are_no() {
    let world = World::new();
    let before = world.posture();
    for answer in ["y", "yes", "123456789012", ""] {
        let mut typist = at_a_terminal(&world, &["--apply"]);
        typist.sees("Type the account number to change account ").types(answer);
        let (_, done) = typist.end();
        assert_eq!((done.code, world.posture() == before), (3, true), "{answer}: {done:?}");
        assert!(done.stderr.contains("not confirmed; nothing was done"), "{done:?}");
    }
}

/// A yes to everything is no yes to what cannot be undone.
#[test]
fn what_cannot_be_undone_is_asked_apart() {
    for (answer, code) in [("y", 0), ("n", 3)] {
        let world = World::of(Kind::OfRoot);
        let before = world.snapshot();
        let mut typist = at_a_terminal(&world, &["--apply", "--yes"]);
        let account = world.outside.aws.account();
        typist
            .sees(&format!("This cannot be undone in account {account}: root-certificates, root-access-keys. Do it "))
            .types(answer);
        let (_, done) = typist.end();
        assert_eq!((done.code, world.snapshot() == before), (code, code == 3), "{done:?}");
    }
}
