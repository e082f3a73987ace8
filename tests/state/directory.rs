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
