//! A seed that no place proves is enabled only where somebody accepts that; a store proves it by a code of its own.

use super::*;
use crate::support::Typist;
use glasskey::secret::Seed;
use glasskey::totp::{self, AWS, Step};

/// `enroll alice`, approved, with these places.
fn approved(world: &Simulated, places: &[&str]) -> Command {
    world.glasskey(["enroll", "alice", "--yes", "--no-input"].iter().chain(places))
}

/// Reads all, stores it.
const STORES: &str = "cat >stored";
/// The code of this moment, from [`codes_lie_ready`].
const CODE: &str = "cat code.$(( $(date +%s) / 30 ))";

/// From when the device is made on, the codes of the next minutes lie beside it, as `pass otp` would print them.
fn codes_lie_ready(world: &Simulated, device: &str) {
    let (aws, arn, home) = (world.aws.clone(), world.arn(device), world.keys.home.path().to_owned());
    world.tap.listen(move |passing| {
        if passing.done && format!("{:?}", passing.wire).contains("CreateVirtualMFADevice") {
            let Some(seed) = aws.seed_of(&arn) else { return };
            let seed = Seed::from_bytes(&seed).unwrap();
            let now = Step::at(std::time::SystemTime::now(), AWS.period).0;
            for step in now..now + 6 {
                let code = totp::code(&seed, AWS, Step(step));
                std::fs::write(home.join(format!("code.{step}")), format!("{}\n", code.expose())).unwrap();
            }
        }
    });
}

#[test]
fn yes_does_not_accept_a_seed_that_no_place_proves() {
    let (_, public) = recipient();
    for places in
        [&["--to-command", "wc -c"][..], &["--escrow", &public], &["--escrow", &public, "--to-command", "wc"]]
    {
        let world = Simulated::with_keys(1);
        let error = "glasskey: error: no place proves the new seed by a code, so nothing would show that it was stored; \
                     --yes does not accept that";
        let done = fails(&world, &mut approved(&world, places), 3, error);
        assert!(done.stderr.contains("--code-from-command") && done.stderr.contains("--accept-unproved"), "{done:?}");
        let warning = "glasskey: warning: no place proves the seed of alice by a code: if none of them has it, alice cannot \
                       sign in with alice\n";
        assert!(done.stderr.contains(warning), "{done:?}");
        assert!(!world.actions().contains(&"CreateVirtualMFADevice".to_owned()));
        let accepted = run(&mut approved(&world, &[places, &["--accept-unproved", "--json"]].concat()));
        assert_eq!((accepted.code, &accepted.json()["devices"][0]["proved"]), (0, &false.into()), "{accepted:?}");
        enabled(&world);
    }
}

#[test]
fn the_plan_says_which_places_prove_a_code_and_which_do_not() {
    let (_, public) = recipient();
    let world = Simulated::with_keys(2);
    let places = ["--key", "12345678", "--key", "12345679", "--escrow", &public, "--to-command", STORES];
    let done = run(&mut approved(&world, &[&places[..], &["--json"]].concat()));
    assert_eq!((done.code, &done.json()["devices"][0]["proved"]), (0, &true.into()), "{done:?}");
    for line in [
        "  check   a code from         YubiKey 5C NFC 12345678 and YubiKey 5C NFC 12345679\n",
        "What `cat` stores is not checked; --code-from-command checks a code of it.\n",
        "The age file is read back; whether its recipients can open it is not checked.\n",
    ] {
        assert!(done.stderr.contains(line), "{line}: {done:?}");
    }
    assert!(!done.stderr.contains("warning:"), "{done:?}");
    // A dry run says it too, and refuses nothing.
    let world = Simulated::with_keys(0);
    let plan = run(&mut approved(&world, &["--to-command", STORES, "--dry-run", "--json"]));
    let device = plan.json()["devices"][0].clone();
    assert_eq!((plan.code, &device["proved"], &device["code_command"]), (0, &false.into(), &().into()), "{plan:?}");
    assert!(plan.stderr.contains("warning: no place proves"), "{plan:?}");
}

#[test]
fn a_person_is_asked_for_it_by_itself() {
    for (answer, code, devices) in [("n", 3, 0), ("y", 0, 1)] {
        let world = Simulated::with_keys(0);
        let mut command = world.keys.bare(["enroll", "alice", "--to-command", STORES]);
        command.envs(world.environment(&world.aws.admin()));
        let mut typist = Typist::start_talking(&command);
        typist.sees("warning: no place proves the seed of alice").sees("Continue? [y/N] ").types("y");
        typist.sees("No place proves the seed by a code. Enable the device all the same? [y/N] ").types(answer);
        let (seen, done) = typist.end();
        assert_eq!((done.code, world.aws.devices().len()), (code, devices), "{seen}");
    }
}

#[test]
fn the_stores_code_proves_it() {
    let world = Simulated::with_keys(0);
    codes_lie_ready(&world, "alice");
    let done = run(&mut approved(&world, &["--to-command", STORES, "--code-from-command", CODE, "--json"]));
    assert_eq!((done.code, &done.json()["devices"][0]["proved"]), (0, &true.into()), "{done:?}");
    enabled(&world);
    for line in [
        "  check   a code from         `cat`\n",
        "  command   `cat` read the seed and ended with status 0\n",
        "  command   `cat` printed a code, and it matches\n",
    ] {
        assert!(done.stderr.contains(line), "{line}: {done:?}");
    }
    assert!(!done.stderr.contains("warning:") && !done.stderr.contains("not checked"), "{done:?}");
}

#[test]
fn a_store_that_gives_another_code_undoes_all() {
    let wrong = "`echo` printed a code that is not the seed's, so the store does not have the seed";
    let other = "`echo` printed something other than one code of six digits";
    for (line, what) in [
        ("echo 000000", wrong),
        ("echo 12345", other),
        ("echo 123 456 7", other),
        ("echo", other),
        ("echo the code is 123456", other),
        ("exit 9", "`exit` printed no code: exit status 9"),
        ("no-such-store", "`no-such-store` printed no code: exit status 127"),
    ] {
        for key in [&[][..], &["--key", "12345678"]] {
            let world = Simulated::with_keys(1);
            let places = [&["--to-command", STORES, "--code-from-command", line], key].concat();
            let done = fails(&world, &mut approved(&world, &places), 3, &format!("glasskey: error: {what}"));
            assert!(done.stderr.contains("`cat` may have stored"), "{line}: {done:?}");
        }
    }
    let world = Simulated::with_keys(0);
    let places = ["--to-command", STORES, "--code-from-command", "sleep 100", "--command-timeout", "1"];
    let error = "glasskey: error: `sleep` did not end within 1 s, and was killed";
    fails(&world, &mut approved(&world, &places), 3, error);
    // What it says where it fails is shown, but for the seed.
    let world = Simulated::with_keys(0);
    let places = ["--to-command", STORES, "--code-from-command", "cat stored >&2; exit 1"];
    let done =
        fails(&world, &mut approved(&world, &places), 3, "glasskey: error: `cat` printed no code: exit status 1");
    assert!(done.stderr.contains("said: it printed the code; its words are not shown"), "{done:?}");
}

#[test]
fn a_rotation_to_a_store_needs_its_code_or_a_word() {
    let world = Simulated::with_keys(1);
    assert_eq!(run(&mut approved(&world, &["--key", "12345678"])).code, 0);
    world.keys.key(0).pull();
    let rotate = |more: &[&str]| {
        let args = ["rotate", "alice", "--from", "alice", "--to-command", STORES, "--yes", "--no-input", "--json"];
        run(&mut world.glasskey(args.iter().chain(more)))
    };
    let refused = rotate(&[]);
    assert_eq!((refused.code, &refused.json()["code"]), (3, &"unproved".into()), "{refused:?}");
    assert!(refused.stderr.contains("Nothing proves the new one before the old one goes.\n"), "{refused:?}");
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
    let wrong = rotate(&["--code-from-command", "echo 000000"]);
    assert_eq!((wrong.code, &wrong.json()["code"]), (3, &"store_code".into()), "{wrong:?}");
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
    codes_lie_ready(&world, "alice-2");
    let done = rotate(&["--code-from-command", CODE]);
    assert_eq!((done.code, &done.json()["proof"]), (0, &"arithmetic".into()), "{done:?}");
    assert!(done.stderr.contains("it is proved by the store's code alone.\n"), "{done:?}");
    assert_eq!(world.devices_of("alice"), [world.arn("alice-2")]);
    let args =
        ["rotate", "alice", "--from", "alice-2", "--to-command", STORES, "--accept-unproved", "--yes", "--json"];
    let accepted = world.run(args);
    assert_eq!((accepted.code, &accepted.json()["proof"]), (0, &"none".into()), "{accepted:?}");
}
