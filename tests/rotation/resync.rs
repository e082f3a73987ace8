//! `glasskey resync`.

use crate::enroll::api;
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Alice's device, enabled by a computer whose clock was five minutes fast.
fn out_of_step() -> Simulated {
    let world = Simulated::with_keys(1);
    world.aws.clock().set_offset_seconds(-300);
    let serial = {
        let admin = world.aws.admin();
        api::call(&world.aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "alice")]);
        world.arn("alice")
    };
    api::hold(&world.aws, world.keys.key(0), &serial, &world.credential("alice"));
    let seed = glasskey::secret::Seed::from_bytes(&world.aws.seed_of(&serial).unwrap()).unwrap();
    let fast = glasskey::totp::Step::at(world.aws.clock().now() + Duration::from_secs(300), 30);
    let [first, second] = [fast.previous(), fast].map(|step| glasskey::totp::code(&seed, glasskey::totp::AWS, step));
    let pair = [
        ("UserName", "alice"),
        ("SerialNumber", &*serial),
        ("AuthenticationCode1", first.expose()),
        ("AuthenticationCode2", second.expose()),
    ];
    api::call(&world.aws, &world.aws.admin(), "EnableMFADevice", &pair);
    assert_eq!(world.aws.devices()[0].offset_steps, 10);
    // IAM takes newer codes only.
    world.aws.clock().set_offset_seconds(120);
    world
}

fn resync(world: &Simulated, more: &[&str]) -> Run {
    world.run(["resync", "alice", "--key", "12345678", "--no-input"].iter().chain(more))
}

#[track_caller]
fn is_in_step(world: &Simulated) {
    let offset = world.aws.devices()[0].offset_steps;
    assert!((-1..=0).contains(&offset), "{offset}");
}

#[test]
fn one_command_and_nothing_to_wait_for() {
    for more in [&[][..], &["--device", "alice"]] {
        let world = out_of_step();
        let done = resync(&world, more);
        assert_eq!((done.code, done.stdout.as_str()), (0, format!("{}\n", world.arn("alice")).as_str()), "{done:?}");
        let verdict = "  clock     this computer's is 1";
        assert!(done.stderr.starts_with(verdict), "{done:?}");
        assert!(done.stderr.contains(" s behind AWS: codes that other programs compute here are refused, since AWS"));
        assert!(
            done.stderr.contains(&format!("  in step   {}: AWS took the codes for ", world.arn("alice"))),
            "{done:?}"
        );
        assert!(!done.stderr.contains("waiting"), "{done:?}");
        is_in_step(&world);
        assert_eq!(world.actions().iter().filter(|action| *action == "ResyncMFADevice").count(), 1);
    }
}

#[test]
fn a_clock_that_is_right_is_said_to_be() {
    let world = Simulated::with_keys(1);
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    let done = resync(&world, &["--json"]);
    assert!(done.stderr.starts_with("  clock     this computer's is right\n"), "{done:?}");
    let done = done.json();
    let codes = done["codes"].as_array().unwrap();
    assert_eq!(codes[1].as_u64().unwrap() - codes[0].as_u64().unwrap(), 30);
    assert_eq!(
        (&done["type"], &done["user"], &done["device"], &done["key"]),
        (&json!("resynced"), &json!("alice"), &json!(serial), &json!(12_345_678))
    );
}

#[test]
fn ones_own_needs_no_session() {
    let world = out_of_step();
    let alice = api::free_user(&world.aws, "alice");
    let done = run(&mut world.glasskey_as(&alice, ["resync", "alice", "--key", "12345678", "--no-input"]));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!world.actions().contains(&"GetSessionToken".to_owned()));
    is_in_step(&world);
}

#[test]
fn it_is_refused_and_nothing_is_changed() {
    let world = out_of_step();
    let none = resync(&world, &["--device", "bob"]);
    assert_eq!(none.code, 3, "{none:?}");
    let other = world.aws.add_device_for("alice", 1).remove(0);
    let not_on = resync(&world, &["--device", "alice-1"]);
    let error = format!("glasskey: error: YubiKey 12345678 holds no credential of {other}\n");
    let hint = "glasskey: hint: `glasskey devices USER` shows which key here holds which device\n";
    assert_eq!(not_on.code, 3);
    assert!(not_on.stderr.contains(&error) && not_on.stderr.ends_with(hint), "{not_on:?}");
    world.aws.fail(Fault::next("ResyncMFADevice", Wrong::Deny));
    let denied = resync(&world, &[]);
    assert_eq!(denied.code, 3, "{denied:?}");
    assert!(denied.stderr.contains("the caller needs the permission iam:ResyncMFADevice for this"), "{denied:?}");
    world.keys.key(0).pull();
    let away = resync(&world, &[]);
    assert_eq!(away.code, 3, "{away:?}");
}

/// The key computes other codes than AWS expects: it is not the device's, whatever its name says.
#[test]
fn another_seed_under_the_name() {
    let world = Simulated::with_keys(1);
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    crate::support::put(world.keys.key(0), &serial, false);
    let done = resync(&world, &[]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("glasskey: error: AWS refused both codes\n"), "{done:?}");
}

/// Puts the host's clock forward by the seconds that a file says, and leaves the clocks alone that nobody sets.
const SKEW: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    char text[32] = {0};
    int file = clock == CLOCK_REALTIME ? open(getenv("SKEW_FILE"), O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        if (read(file, text, 31) > 0) now->tv_sec += atol(text);
        close(file);
    }
    return failed;
}
"#;

/// As when the clock of a machine that has just started is put right over the network.
#[test]
fn a_clock_that_is_set_while_a_code_is_waited_for_moves_no_code() {
    let world = Simulated::with_keys(1);
    assert_eq!(world.run(world.enroll_args()).code, 0);
    let path = |name: &str| world.keys.home.path().join(name);
    std::fs::write(path("skew.c"), SKEW).unwrap();
    std::fs::write(path("skew"), "0").unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([path("skew.so"), path("skew.c")])
        .arg("-ldl")
        .status();
    assert!(built.unwrap().success());
    let skewed = |args: &[&str]| {
        let mut command = world.glasskey(args);
        command.env("LD_PRELOAD", path("skew.so")).env("SKEW_FILE", path("skew"));
        command
    };
    // It is a clock that is wrong where it was so from the beginning.
    std::fs::write(path("skew"), "3600").unwrap();
    let wrong = run(&mut skewed(&["enroll", "alice", "--device-name", "other", "--dry-run", "--key", "12345678"]));
    assert!(wrong.stderr.contains(" s ahead of AWS; codes are computed by AWS's time\n"), "{wrong:?}");
    std::fs::write(path("skew"), "0").unwrap();
    let mut command = skewed(&["resync", "alice", "--key", "12345678", "--yes", "--no-input"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("waiting") {
        assert_ne!(stderr.read_line(&mut told).unwrap(), 0, "{told}");
    }
    std::fs::write(path("skew"), "3600").unwrap();
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{told}");
    world.alice_is_enrolled().unwrap();
}
