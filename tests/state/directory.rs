//! The state directory: whose it is, who may write to it, and where it is.

use super::*;
use crate::support::run;
use std::os::unix::fs::{chown, symlink};

fn says(done: &Run, what: &str) {
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains(what), "{what}: {done:?}");
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    for (place, bits) in [("", 0o1777), ("", 0o770), ("runs", 0o722), ("runs", 0o770)] {
        let world = Simulated::with_keys(1);
        let path = runs(&world).parent().unwrap().join(place);
        set_mode(&path, bits);
        let words = format!("{}: other users may write to it", path.display().to_string().trim_end_matches('/'));
        says(&world.run(world.enroll_args()), &words);
        says(&recover(&world, "--yes"), &words);
        assert!(world.aws.devices().is_empty());
        set_mode(&path, 0o700);
        assert_eq!(world.run(world.enroll_args()).code, 0);
    }
}

/// Of one that others may only look into, their own eyes are no danger.
#[test]
fn a_directory_that_others_may_read_is_not_refused() {
    let world = Simulated::with_keys(1);
    set_mode(runs(&world).parent().unwrap(), 0o755);
    assert_eq!(world.run(world.enroll_args()).code, 0);
}

#[test]
fn a_file_that_others_may_reach_and_write_to_is_refused() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    let path = place.join("000000000001-1-000001-0000abcd.jsonl");
    fs::write(&path, lines(&[begin(&world, "ghost", &json!({}))])).unwrap();
    set_mode(&path, 0o666);
    set_mode(&place, 0o755);
    says(&recover(&world, "--yes"), "jsonl: other users may write to it");
    set_mode(&place, 0o700);
    assert_eq!(recover(&world, "--yes").code, 0);
}

/// Where the tests may give files away.
#[test]
fn what_belongs_to_another_user_is_refused() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    if chown(&place, Some(65_534), None).is_err() {
        return;
    }
    says(&recover(&world, "--yes"), "runs: it belongs to another user");
    chown(&place, Some(rustix::process::geteuid().as_raw()), None).unwrap();
    let path = place.join("000000000001-1-000001-0000abcd.jsonl");
    fs::write(&path, lines(&[begin(&world, "ghost", &json!({}))])).unwrap();
    chown(&path, Some(65_534), None).unwrap();
    says(&recover(&world, "--yes"), "jsonl: it belongs to another user");
    assert!(path.exists());
}

#[test]
fn a_place_for_runs_that_is_a_link_is_refused() {
    let world = Simulated::with_keys(1);
    let place = runs(&world);
    fs::rename(&place, world.keys.home.path().join("elsewhere")).unwrap();
    symlink("../elsewhere", &place).unwrap();
    says(&world.run(world.enroll_args()), "runs: it is a symbolic link");
}

/// Relative, it would be another one wherever one stands, and hide the runs of the last one.
#[test]
fn a_relative_directory_is_refused_or_ignored() {
    let world = Simulated::with_keys(1);
    let done = run(world.glasskey(["recover", "--yes"]).env("GLASSKEY_STATE_DIR", "state"));
    says(&done, "GLASSKEY_STATE_DIR is not a whole path: state\n");
    let mut recover = world.glasskey(["recover", "--yes"]);
    recover.env_remove("GLASSKEY_STATE_DIR").env("XDG_STATE_HOME", "state").env("HOME", world.keys.home.path());
    assert_eq!(run(&mut recover).code, 0);
    assert!(world.keys.home.path().join(".local/state/glasskey/runs").is_dir());
    says(&run(recover.env("HOME", ".")), "there is no directory for the journal");
    assert!(!world.keys.home.path().join("state").exists());
}

/// Whoever may write to a directory above can put another state directory in this one's place: as with sshd's
/// StrictModes, the way to it is the user's own or the system's.
#[test]
fn a_directory_below_one_that_others_may_write_to_is_refused() {
    let world = Simulated::with_keys(1);
    let base = world.keys.home.path().join("base");
    let state = base.join("a/state");
    let with = |args: &[&str]| run(world.glasskey(args).env("GLASSKEY_STATE_DIR", &state));
    let enroll = ["enroll", "alice", "--key", "12345678", "--yes", "--no-input"];
    for made in [false, true] {
        for (place, bits) in [("base", 0o777), ("base", 0o775), ("base/a", 0o722)] {
            fs::create_dir_all(base.join("a")).unwrap();
            let path = world.keys.home.path().join(place);
            // A group of the user's own number is the user's alone.
            if bits & 0o002 == 0 && chown(&path, None, Some(65_534)).is_err() {
                continue;
            }
            set_mode(&path, bits);
            let words = format!("{}: other users may write to {}, above it", state.display(), path.display());
            for args in [&enroll[..], &["recover", "--yes", "--no-input"]] {
                let done = with(args);
                says(&done, &words);
                assert!(done.stderr.contains(&format!("`chmod go-w {}`", path.display())), "{done:?}");
            }
            assert_eq!((state.exists(), world.aws.devices().len()), (made, 0), "{place}: nothing was begun");
            let doctor = with(&["doctor", "--offline"]);
            assert!(doctor.stdout.contains(&words), "{doctor:?}");
            set_mode(&path, 0o755);
            let _ = chown(&path, None, Some(rustix::process::getegid().as_raw()));
        }
        // Where others may write, but move only what is theirs, nothing can be put in its place.
        set_mode(&base, 0o1777);
        assert_eq!(with(&["recover", "--yes", "--no-input"]).code, 0);
        assert!(state.join("runs").is_dir());
        set_mode(&base, 0o755);
    }
    assert_eq!(with(&enroll).code, 0);
}

/// Beyond the home directory nobody looks: it is the system's to keep.
#[test]
fn what_is_above_the_home_directory_is_the_systems() {
    let world = Simulated::with_keys(1);
    let above = world.keys.home.path().join("homes");
    let home = above.join("me");
    fs::create_dir_all(&home).unwrap();
    set_mode(&above, 0o777);
    let recover = |home: &Path| {
        let mut recover = world.glasskey(["recover", "--yes"]);
        run(recover.env_remove("GLASSKEY_STATE_DIR").env_remove("XDG_STATE_HOME").env("HOME", home))
    };
    assert_eq!(recover(&home).code, 0);
    set_mode(&home, 0o777);
    says(&recover(&home), &format!("other users may write to {}, above it", home.display()));
}

/// As Red Hat's systems make them: each user has a group, and what it may write to, the user alone may.
#[test]
fn a_group_of_the_users_own_may_write_to_what_is_above() {
    let world = Simulated::with_keys(1);
    let base = world.keys.home.path().join("base");
    fs::create_dir_all(&base).unwrap();
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    set_mode(&base, 0o775);
    let done = run(world.glasskey(["recover", "--yes"]).env("GLASSKEY_STATE_DIR", base.join("state")));
    assert_eq!(done.code, if user == group { 0 } else { 3 }, "{done:?}");
}

/// A link is followed, and the directories above where it leads count too.
#[test]
fn a_link_to_below_a_directory_that_others_may_write_to_is_refused() {
    let world = Simulated::with_keys(1);
    let elsewhere = world.keys.home.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join("state")).unwrap();
    set_mode(&elsewhere.join("state"), 0o700);
    set_mode(&elsewhere, 0o777);
    let link = world.keys.home.path().join("link");
    symlink(elsewhere.join("state"), &link).unwrap();
    let done = run(world.glasskey(["recover", "--yes"]).env("GLASSKEY_STATE_DIR", &link));
    says(&done, &format!("other users may write to {}, above it", elsewhere.display()));
}

/// Where the tests may give files away.
#[test]
fn a_directory_below_another_users_is_refused() {
    let world = Simulated::with_keys(1);
    let base = world.keys.home.path().join("base");
    fs::create_dir_all(base.join("state")).unwrap();
    if chown(&base, Some(65_534), None).is_err() {
        return;
    }
    let done = run(world.glasskey(["recover", "--yes"]).env("GLASSKEY_STATE_DIR", base.join("state")));
    says(&done, &format!("{}, above it, belongs to another user", base.display()));
}

/// Records of FIDO2 keys are what a key is held against.
#[test]
fn records_in_a_directory_that_others_may_write_to_are_not_believed() {
    let world = Simulated::with_keys(1);
    let fido = world.keys.state_dir().join("fido");
    fs::create_dir_all(&fido).unwrap();
    set_mode(&fido, 0o777);
    let keys = crate::support::FidoKeys::serve(1);
    let done = world.keys.with_fido(&keys, "fido verify --no-input");
    assert_ne!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("other users may write to it"), "{done:?}");
}

#[test]
fn the_doctor_says_so() {
    let world = Simulated::with_keys(1);
    let state = runs(&world).parent().unwrap().to_owned();
    set_mode(&state, 0o770);
    let done = world.keys.run(["doctor", "--offline"]);
    assert!(done.stdout.contains(&format!("other users may write to {}", state.display())), "{done:?}");
    set_mode(&state, 0o700);
    fs::write(state.join("runs/000000000001-1-000001-0000abcd.jsonl"), "").unwrap();
    let done = world.keys.run(["doctor", "--offline"]);
    assert!(done.stdout.contains("jsonl is empty"), "{done:?}");
}

#[test]
fn a_state_directory_that_is_none_is_called_so() {
    let world = Simulated::with_keys(1);
    for line in ["recover", "enroll alice --key 12345678 --yes --no-input"] {
        let done = run(world.glasskey(line.split(' ')).env("GLASSKEY_STATE_DIR", "/dev/full"));
        says(&done, "Not a directory");
        assert!(!done.stderr.contains("chmod"), "{done:?}");
    }
}

/// Whoever only looks needs no place to write in, and makes none; whoever writes needs one before anything else.
#[test]
fn what_changes_nothing_needs_no_state_directory() {
    let world = Simulated::with_keys(1);
    let there = world.keys.home.path().join("not/made/yet");
    // In /proc nobody makes anything.
    for dir in [there.as_path(), Path::new("/proc/glasskey/state")] {
        for line in [
            "root harden --only password-policy",
            "root harden --only password-policy --emit terraform",
            "enroll alice --key 12345678 --dry-run",
            "devices --all",
        ] {
            let done = run(world.glasskey(line.split(' ')).env("GLASSKEY_STATE_DIR", dir));
            assert!(matches!(done.code, 0 | 1) && !done.stderr.contains("journal"), "{line}: {done:?}");
        }
        assert!(!dir.exists());
    }
    let before = world.aws.posture();
    for line in [
        "root harden --only password-policy --apply --yes --no-input",
        "enroll alice --key 12345678 --yes --no-input",
        "retire alice --device alice --yes --no-input",
        "recover",
    ] {
        let done = run(world.glasskey(line.split(' ')).env("GLASSKEY_STATE_DIR", "/proc/glasskey/state"));
        says(&done, "the journal cannot be used: /proc/glasskey/state");
    }
    assert!(world.aws.posture() == before && world.aws.devices().is_empty());
}
