//! Users that need nobody.

use super::*;
use glasskey::sim::aws::{Fault, Wrong};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn thirty_users_at_twenty_requests_a_second() {
    let world = world(30);
    world.aws.set_rate(Some(20.0));
    world.aws.set_latency(Duration::from_millis(5));
    let done = run(&mut escrowed(&world));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(enrolled(&world), 30);
    let (users, summary) = lines(&done);
    assert_eq!(users.len(), 30);
    assert!(users.iter().all(|user| user["type"] == "roster_user" && user["outcome"] == "done"), "{users:?}");
    for (name, value) in [("total", 30), ("done", 30), ("before", 0), ("failed", 0), ("not_begun", 0), ("exit", 0)] {
        assert_eq!(summary[name], value, "{summary}");
    }
    // Whatever was throttled was asked again and nothing twice: who the caller is, who exists, and five calls for each user.
    let answered = world.aws.calls().iter().filter(|call| call.status == 200).count();
    assert_eq!(answered, 2 + 5 * 30);
    assert!(done.stderr.matches("AWS answered Throttling; going on with").count() <= 1, "{done:?}");
    let ledger = ledger(&world);
    let count = |record: &str| ledger.iter().filter(|line| line["record"] == record).count();
    assert_eq!((count("ledger"), count("begun"), count("done"), count("failed")), (1, 30, 30, 0));
    assert_eq!(world.unfinished(), 0);
    // Nothing is left to do, and nothing is asked about it but who the caller is.
    let again = run(&mut escrowed(&world));
    let (users, summary) = lines(&again);
    assert_eq!((again.code, users.len(), &summary["before"]), (0, 0, &30.into()), "{again:?}");
    assert_eq!(world.aws.calls().iter().filter(|call| call.status == 200).count(), 3 + 5 * 30);
}

#[test]
fn throttling_is_said_once_and_fails_nobody() {
    let world = world(6);
    world.aws.fail(Fault { action: None, nth: 3, times: 8, what: Wrong::Throttle });
    let done = run(&mut escrowed(&world));
    assert_eq!((done.code, enrolled(&world)), (0, 6), "{done:?}");
    let throttled = world.aws.calls().iter().filter(|call| call.code.as_deref() == Some("Throttling")).count();
    assert_eq!(throttled, 8);
    assert_eq!(
        done.stderr.matches("  slower    AWS answered Throttling; going on with about ").count(),
        1,
        "{done:?}"
    );
    assert!(!done.stderr.contains("waiting"), "{done:?}");
}

#[test]
fn who_fails_stops_nobody_and_is_listed() {
    let world = world(3);
    roster(&world, "user,device-name\nuser1\nghost\nuser2,taken\nuser3\n");
    let _ = world.aws.add_user("bob");
    let mut other = world.glasskey([
        "enroll",
        "bob",
        "--device-name",
        "taken",
        "--yes",
        "--accept-unproved",
        "--escrow",
        RECIPIENT,
        "--escrow-dir",
        "state",
    ]);
    glasskey::store::own_directory(&world.keys.home.path().join("state")).unwrap();
    assert_eq!(run(&mut other).code, 0);
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    assert_eq!((done.code, &*done.stdout), (3, "2 of 4 done, 2 failed\n"), "{done:?}");
    let unknown = "glasskey: warning: 1 user of the roster does not exist in this account:\n\
                   glasskey:   line 3, ghost\n";
    assert!(done.stderr.contains(unknown), "{done:?}");
    let taken = format!("{} exists already", world.arn("taken"));
    let mut listed: Vec<&str> = done.stderr.lines().filter(|line| line.starts_with("glasskey:   line ")).collect();
    listed.sort_unstable();
    listed.retain(|line| line.contains("exit"));
    assert_eq!(listed.len(), 2, "{done:?}");
    assert_eq!(
        listed[0],
        "glasskey:   line 3, ghost: exit 3, no_such_user: there is no IAM user \"ghost\" in this account"
    );
    assert!(listed[1].starts_with(&format!("glasskey:   line 4, user2: exit 3, device_exists: {taken}")), "{done:?}");
    // Corrected, the two are done and nobody else is touched.
    roster(&world, "user,device-name\nuser1\nbob,bob-2\nuser2\nuser3\n");
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT]));
    assert_eq!((done.code, &*done.stdout), (0, "2 of 4 done, 2 done before, 0 failed\n"), "{done:?}");
}

#[test]
fn the_worst_ending_decides() {
    let world = world(4);
    world.aws.fail(Fault::nth("EnableMFADevice", 2, Wrong::Deny));
    world.aws.fail(Fault::nth("DeleteVirtualMFADevice", 1, Wrong::Deny));
    let done = run(&mut escrowed(&world));
    let (users, summary) = lines(&done);
    assert_eq!((done.code, &summary["exit"], &summary["failed"]), (4, &4.into(), &1.into()), "{done:?}");
    let failed: Vec<_> = users.iter().filter(|user| user["outcome"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["code"], &failed[0]["exit"]), (1, &"access_denied".into(), &4.into()));
    assert!(done.stderr.contains("`glasskey recover` first"), "{done:?}");
    // The roster does not go on before that user's run is settled.
    let again = run(&mut escrowed(&world));
    assert_eq!((again.code, &again.json()["code"]), (3, &"unfinished_run".into()), "{again:?}");
    assert_eq!(world.run(["recover", "--yes", "--no-input"]).code, 0);
    assert_eq!(run(&mut escrowed(&world)).code, 0);
    assert_eq!(enrolled(&world), 4);
}

/// Strikes the process with a signal when a call of this name has been answered for the n-th time.
fn struck(world: &Simulated, action: &'static str, nth: usize, signal: &'static str) -> Run {
    let pid: Arc<Mutex<Option<u32>>> = Arc::default();
    let (known, seen) = (Arc::clone(&pid), std::sync::atomic::AtomicUsize::new(0));
    world.tap.listen(move |passing| {
        if passing.done
            && format!("{:?}", passing.wire).contains(&format!("\"{action}\""))
            && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth
        {
            let pid = known.lock().unwrap().expect("the process runs").to_string();
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        }
    });
    let mut slot = pid.lock().unwrap();
    let child = escrowed(world).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    *slot = Some(child.id());
    drop(slot);
    let output = child.wait_with_output().unwrap();
    world.tap.silence();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-9) }
}

#[test]
fn killed_in_the_middle_recovered_and_gone_on_with() {
    for action in ["CreateVirtualMFADevice", "EnableMFADevice"] {
        let world = world(8);
        let done = struck(&world, action, 4, "KILL");
        assert_eq!(done.code, -9, "{done:?}");
        assert!(world.unfinished() > 0);
        let refused = run(&mut escrowed(&world));
        assert_eq!((refused.code, &refused.json()["code"]), (3, &"unfinished_run".into()), "{refused:?}");
        let recovered = world.run(["recover", "--yes", "--no-input"]);
        if recovered.code == 4 {
            // Where the process was killed before it had IAM's answer, a person says that the device goes.
            assert_eq!(world.run(["recover", "--undo", "--no-input"]).code, 0);
        }
        let done = run(&mut escrowed(&world));
        assert_eq!((done.code, enrolled(&world)), (0, 8), "{action}: {done:?}");
        let (users, _) = lines(&done);
        let found = users.iter().filter(|user| user["outcome"] == "found_done").count();
        assert!(action != "EnableMFADevice" || found > 0, "{users:?}");
        assert_eq!(world.unfinished(), 0);
    }
}

#[test]
fn interrupted_it_ends_what_it_has_begun_and_goes_on_later() {
    let world = world(20);
    let done = struck(&world, "EnableMFADevice", 3, "INT");
    assert_eq!(done.code, 130, "{done:?}");
    assert_eq!(world.unfinished(), 0, "{done:?}");
    let some = enrolled(&world);
    assert!((1..20).contains(&some), "{some}");
    assert!(done.stderr.contains(" were not begun; run the same command again to go on"), "{done:?}");
    let done = run(&mut escrowed(&world));
    assert_eq!((done.code, enrolled(&world)), (0, 20), "{done:?}");
}

#[test]
fn a_command_takes_every_seed_and_knows_whose_it_is() {
    let world = world(5);
    let done = run(&mut enroll(&world, &["--to-command", "cat >\"$GLASSKEY_USER.uri\""]));
    assert_eq!((done.code, &*done.stdout), (0, "5 of 5 done, 0 failed\n"), "{done:?}");
    for nth in 1..=5 {
        let uri = std::fs::read_to_string(world.keys.home.path().join(format!("user{nth}.uri"))).unwrap();
        let seed = world.aws.seed_of(&world.arn(&format!("user{nth}"))).unwrap();
        assert!(uri.contains(&data_encoding::BASE32_NOPAD.encode(&seed)), "user{nth}");
    }
    let text = std::fs::read_to_string(world.keys.home.path().join("team.csv.ledger.jsonl")).unwrap();
    assert!(!text.contains("otpauth") && text.contains(r#""command":"cat""#), "{text}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = world(3);
    let done = run(&mut enroll(&world, &["--escrow", RECIPIENT, "--dry-run"]));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  enroll  a device for each of 3 users of the roster\n"), "{done:?}");
    assert_eq!(world.actions(), ["GetCallerIdentity", "ListUsers"]);
    assert!(!world.keys.home.path().join("team.csv.ledger.jsonl").exists());
    for more in [&["--dry-run"][..], &[]] {
        let nowhere = run(&mut enroll(&world, &[&["--escrow", RECIPIENT, "--escrow-dir", "nowhere"], more].concat()));
        assert_eq!(nowhere.code, 3, "{nowhere:?}");
        assert!(
            nowhere
                .stderr
                .contains("the escrow file nowhere/USER.age cannot be written: there is no such directory\n"),
            "{nowhere:?}"
        );
        assert_eq!(world.aws.devices().len(), 0);
    }
}

/// Killed before the device was made; then the user enrolls one of that name: the roster does not take it for its own.
#[test]
fn a_device_that_the_roster_did_not_make_is_not_its_own() {
    let world = world(3);
    world.aws.fail(Fault { times: 9, ..Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive) });
    let done = struck(&world, "CreateVirtualMFADevice", 1, "KILL");
    assert_eq!(done.code, -9, "{done:?}");
    world.aws.heal();
    assert_eq!(world.run(["recover", "--yes", "--no-input"]).code, 0);
    assert_eq!(world.unfinished(), 0);
    for nth in 1..=3 {
        let user = format!("user{nth}");
        let _ = world.aws.add_virtual_for(&user, &user);
    }
    let again = run(&mut escrowed(&world));
    let (users, summary) = lines(&again);
    assert_eq!((again.code, &summary["failed"]), (3, &3.into()), "{again:?}");
    assert!(users.iter().all(|user| user["outcome"] == "failed"), "{users:?}");
}
