//! What a roster's plan says: who is to do, how many keys are written, what no place proves; and each spelling of a file.

use super::*;
use crate::support::Typist;

/// `enroll --roster team.csv`, approved, as people type it.
fn approved(world: &Simulated, more: &[&str]) -> Run {
    world.run(["enroll", "--roster", "team.csv", "--yes", "--no-input"].iter().chain(more))
}

#[test]
fn keys_that_are_handed_out_are_counted_and_done_ones_are_not() {
    let world = Simulated::with_keys(2);
    let _ = world.aws.add_user("bob");
    roster(&world, "alice,,12345678\nbob\n");
    let mut command = world.keys.bare(["enroll", "--roster", "team.csv"]);
    command.envs(world.environment(&world.aws.admin()));
    let mut typist = Typist::start_talking(&command);
    typist
        .sees("enroll  a device for each of 2 users of the roster")
        .sees("write   the keys of 2 of them, one by one");
    typist.sees("Continue? [y/N] ").types("y").sees("12345678  written").sees("insert    a key for bob").interrupts();
    assert_eq!(typist.end().1.code, 130);
    roster(&world, "alice,,12345678\nbob,,12345679\n");
    let again = approved(&world, &["--dry-run"]);
    let plan = "  enroll  a device for 1 user of the roster; 1 is done already\n  \
                write   the keys of 1 of them, one by one\n";
    assert!(again.stderr.contains(plan), "{again:?}");
    // A row without a key that is done needs nobody to bring one.
    assert_eq!(approved(&world, &[]).code, 0);
    roster(&world, "alice,,\nbob,,12345679\n");
    let done = approved(&world, &[]);
    assert_eq!((done.code, &*done.stdout), (0, "0 of 2 done, 2 done before, 0 failed\n"), "{done:?}");
    // Where nothing is to be done, nobody is asked.
    let done = world.run(["enroll", "--roster", "team.csv", "--no-input"]);
    assert_eq!((done.code, &*done.stdout), (0, "0 of 2 done, 2 done before, 0 failed\n"), "{done:?}");
    assert!(done.stderr.contains("glasskey: all 2 users of the roster are done already, in account "), "{done:?}");
    assert!(approved(&world, &["--dry-run"]).stderr.contains("  iam:ListUsers\n"));
}

#[test]
fn yes_does_not_accept_seeds_that_no_place_proves() {
    let world = world(3);
    for places in [&["--escrow", RECIPIENT][..], &["--to-command", "cat >/dev/null"]] {
        let done = approved(&world, places);
        assert_eq!((done.code, world.aws.devices().len()), (3, 0), "{done:?}");
        let warning = "glasskey: warning: no place proves the seed of 3 users by a code: if none of them has it, they \
                       cannot sign in with it\n";
        assert!(done.stderr.contains(warning) && done.stderr.contains("--accept-unproved"), "{done:?}");
    }
    let refused = approved(&world, &["--to-command", "cat >/dev/null", "--code-from-command", "echo 000000"]);
    assert_eq!((refused.code, world.aws.devices().len(), world.unfinished()), (3, 0, 0), "{refused:?}");
    assert!(refused.stderr.contains("printed a code that is not the seed's"), "{refused:?}");
    assert_eq!(approved(&world, &["--escrow", RECIPIENT, "--accept-unproved"]).code, 0);
    assert_eq!(enrolled(&world), 3);
}

#[test]
fn semicolons_and_tabs_are_read_as_commas_are() {
    for delimiter in [";", "\t"] {
        let world = Simulated::with_keys(1);
        roster(&world, &"user,device-name,key-serial,touch\r\nalice,,12345678,no\r\n".replace(',', delimiter));
        let done = approved(&world, &[]);
        assert_eq!(done.code, 0, "{delimiter:?}: {done:?}");
        world.alice_is_enrolled().unwrap();
    }
}

/// What Excel saves: a first line for itself that names the delimiter, and "Unicode text", which is UTF-16.
#[test]
fn what_spreadsheets_write_is_read() {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(bytes).collect() };
    let tabs = "user\tdevice-name\tkey-serial\ttouch\r\nalice\t\t12345678\tno\r\n";
    let named = tabs.replace('\t', "|");
    for file in [
        format!("sep=|\r\n{named}").into_bytes(),
        format!("\u{feff}SEP=;\n{}", tabs.replace('\t', ";")).into_bytes(),
        format!("sep=,\n{}", tabs.replace('\t', ",")).into_bytes(),
        utf16(&format!("\u{feff}{tabs}"), u16::to_le_bytes),
        utf16(&format!("\u{feff}{tabs}"), u16::to_be_bytes),
        utf16(tabs, u16::to_le_bytes),
        utf16(&format!("\u{feff}sep=|\r\n{named}"), u16::to_le_bytes),
    ] {
        let world = Simulated::with_keys(1);
        std::fs::write(world.keys.home.path().join("team.csv"), &file).unwrap();
        let done = approved(&world, &[]);
        assert_eq!(done.code, 0, "{file:?}: {done:?}");
        world.alice_is_enrolled().unwrap();
    }
    // Lines are counted as the file has them.
    let world = world(1);
    for (file, told) in [
        (&b"sep=;\nuser;touch\nalice;maybe\n"[..], "glasskey: line 3: touch is yes or no, not \"maybe\"\n"),
        (
            b"\xFF\xFEa\0l",
            "glasskey: line 1: the file is UTF-16, and damaged or cut short\nglasskey: hint: save the file as UTF-8\n",
        ),
        (b"user\nJ\xFCrgen\n", "glasskey: line 2: it is not UTF-8\nglasskey: hint: save the file as UTF-8\n"),
    ] {
        std::fs::write(world.keys.home.path().join("team.csv"), file).unwrap();
        let done = approved(&world, &["--escrow", RECIPIENT]);
        assert!(done.code == 2 && done.stderr.contains(told), "{file:?}: {done:?}");
    }
}

#[test]
fn a_later_duplicate_shows_beside_an_earlier_error() {
    let world = world(1);
    roster(&world, "alice,,7,maybe\nbob,,7,never\nalice\n");
    let done = approved(&world, &["--escrow", RECIPIENT]);
    let told = "glasskey: error: 3 lines of team.csv cannot be used; nothing was done\n\
                glasskey: line 1: touch is yes or no, not \"maybe\"\n\
                glasskey: line 2: touch is yes or no, not \"never\"\n\
                glasskey: line 2: the key 7 is on line 1 already\n\
                glasskey: line 3: the user alice is on line 1 already\n";
    assert!(done.code == 2 && done.stderr.starts_with(told), "{done:?}");
}
