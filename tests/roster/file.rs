//! Rosters and ledgers that cannot be used: refused before anything is done.

use super::*;
use glasskey::journal::Journal;

#[test]
fn all_errors_of_a_roster_are_told_with_their_lines() {
    let world = world(1);
    roster(
        &world,
        "\u{FEFF}user,device-name,key-serial,touch\r\nalice,,12x,\r\nbob,b/b\r\nalice2\r\nALICE2,x,,\r\nc,,,often\r\n\"d e\"\r\n",
    );
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    let told = "glasskey: error: 5 lines of team.csv cannot be used; nothing was done\n\
                glasskey: line 2: \"12x\" is not a serial number\n\
                glasskey: line 3: \"b/b\" is not a device name that IAM takes\n\
                glasskey: line 5: the user ALICE2 is on line 4 already\n\
                glasskey: line 6: touch is yes or no, not \"often\"\n\
                glasskey: line 7: \"d e\" is not a user name that IAM takes\n\
                glasskey: hint: columns are user,device-name,key-serial,touch; all but the first may be empty; commas, \
                semicolons or tabs between them\n";
    done.is(2, "", told);
    assert!(world.actions().is_empty());
    let missing = world.run(["enroll", "--roster", "nowhere.csv", "--yes", "--escrow", RECIPIENT]);
    missing.is(2, "", "glasskey: error: cannot read nowhere.csv: No such file or directory (os error 2)\n");
}

#[test]
fn a_ledger_of_another_account_or_roster_is_refused() {
    let world = world(2);
    assert_eq!(run(&mut escrowed(&world)).code, 0);
    let text = std::fs::read_to_string(world.keys.home.path().join("team.csv.ledger.jsonl")).unwrap();
    // Another roster.
    roster(&world, "somebody\nuser2\n");
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    let error = "glasskey: error: the ledger team.csv.ledger.jsonl is of another roster: user1 is done in it, and this \
                 roster has no such user with device user1\n\
                 glasskey: hint: --ledger FILE names another; each roster has its own\n";
    done.is(2, "", error);
    // Another account.
    roster(&world, "user1\nuser2\nuser3\n");
    let other = glasskey::sim::aws::Aws::new(glasskey::sim::clock::SimClock::host());
    let server = glasskey::sim::serve::Server::start(other.clone(), None).unwrap();
    let done = run(enroll(&world, &["--escrow", RECIPIENT]).envs(server.environment(&other.admin())));
    assert_eq!(done.code, 2, "{done:?}");
    let error = format!("glasskey: error: the ledger team.csv.ledger.jsonl is of account {}\n", world.aws.account());
    assert!(done.stderr.starts_with(&error), "{done:?}");
    // Not a ledger, and one that was cut short while a line was written.
    let path = world.keys.home.path().join("team.csv.ledger.jsonl");
    std::fs::write(&path, "x\n").unwrap();
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    let error = "glasskey: error: line 1 of the ledger team.csv.ledger.jsonl is not one this version writes\n";
    done.is(2, "", error);
    std::fs::write(&path, format!("{text}{{\"record\":\"beg")).unwrap();
    let _ = world.aws.add_user("user3");
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    assert_eq!((done.code, &*done.stdout), (0, "1 of 3 done, 2 done before, 0 failed\n"), "{done:?}");
    assert_eq!(ledger(&world).len(), 7);
}

#[test]
fn one_glasskey_at_a_time() {
    let world = world(2);
    let mut journal = Journal::open(&world.keys.state_dir()).unwrap();
    journal.hold().unwrap();
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    let pid = std::process::id();
    let error = format!(
        "glasskey: error: another glasskey is at work (process {pid})\nglasskey: hint: wait until it has ended\n"
    );
    done.is(3, "", &error);
    assert!(world.actions().is_empty());
}

#[test]
fn nobody_is_there_to_bring_keys() {
    let world = world(2);
    let done = run(&mut enroll(&world, &[]));
    let error = "glasskey: error: line 1 of the roster names no key for user1, and nobody is there to insert one\n\
                 glasskey: hint: name keys in the roster, or give --escrow or --to-command\n";
    done.is(5, "", error);
    let done = run(&mut world.glasskey(["enroll", "--roster", "team.csv", "--escrow", RECIPIENT, "--no-input"]));
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stderr.ends_with(
        "glasskey: error: a confirmation is needed, and nobody can be asked\nglasskey: hint: --yes says yes\n"
    ));
    assert!(world.aws.devices().is_empty());
}

/// A pipe with a name is read while somebody writes to it, and not waited for while nobody does.
#[test]
fn a_pipe_that_nobody_writes_to_is_refused() {
    let world = world(1);
    let pipe = world.keys.home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.display().to_string();
    let role = "session --role arn:aws:iam::111122223333:role/r --policy file://";
    for line in ["enroll --yes --roster ", role, "oath add alice --key 12345678 --qr-image "] {
        let done = world.run(format!("{line}{pipe}").split(' '));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{line}: {done:?}");
        assert!(done.stderr.contains("it is a pipe, and nobody writes to it\n"), "{line}: {done:?}");
    }
    let mut writer = Command::new("sh").args(["-c", "echo user1 > \"$0\"", &pipe]).spawn().unwrap();
    let done =
        world.run(["enroll", "--yes", "--no-input", "--accept-unproved", "--escrow", RECIPIENT, "--roster", &pipe]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(writer.wait().unwrap().success());
    let inner = world.glasskey(["enroll", "--dry-run", "--accept-unproved", "--escrow", RECIPIENT, "--roster"]);
    let mut shell = Command::new("bash");
    shell.args(["-c", "\"$0\" \"$@\" <(echo user1)"]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    shell
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(inner.get_current_dir().unwrap());
    let done = run(&mut shell);
    assert!(!done.stderr.contains("cannot read") && !done.stderr.contains("pipe"), "{done:?}");
    assert!([0, 3].contains(&done.code), "{done:?}");
}
