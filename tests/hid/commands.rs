//! The fido commands over hidraw, as the library and hidapi see it: what sockets cannot show.

use super::rig::HidRig;
use crate::judges::bench::Bench;
use crate::support::{FIRST, Run, run, with_fd};
use glasskey::sim::authenticator::{Options, Touch};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn command(keys: &HidRig, line: &str) -> Command {
    let mut command = keys.command(env!("CARGO_BIN_EXE_glasskey").as_ref());
    command.args(line.split(' ')).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn glasskey(keys: &HidRig, line: &str) -> Run {
    run(&mut command(keys, line))
}

fn one() -> HidRig {
    HidRig::new([Options::new(FIRST)])
}

/// What is said where the node may not be opened, on this machine.
fn no_permission(node: &str) -> String {
    let rule = ["/usr/lib/udev/rules.d/60-fido-id.rules", "/lib/udev/rules.d/60-fido-id.rules"];
    let rule = rule.into_iter().find(|rule| Path::new(rule).exists());
    let why = match rule {
        Some(rule) => format!(
            "glasskey: {rule} and 70-uaccess.rules give it to whoever is logged in at this machine; not over SSH, and not to services\n\
             glasskey: hint: log in at the machine itself\n"
        ),
        None => "glasskey: no udev rule gives it to anybody: 60-fido-id.rules of systemd is not installed\n\
                 glasskey: hint: install udev/69-glasskey.rules: `sudo install -m 644 69-glasskey.rules /etc/udev/rules.d/ && sudo udevadm control --reload`, then plug the key in again\n"
            .to_owned(),
    };
    format!(
        "glasskey: error: this user may not open {node}, the device of a FIDO2 key\n{why}\
         glasskey: hint: or, until the key is unplugged: `sudo setfacl -m \"u:$USER:rw\" {node}`\n"
    )
}

#[test]
fn a_node_that_may_not_be_opened_is_named_with_the_rule_and_the_fix() {
    let keys = one();
    keys.permit(0, false);
    for line in ["fido info", "fido blink --key /dev/hidraw0", "fido blink --key 12345678"] {
        glasskey(&keys, line).is(3, "", &no_permission("/dev/hidraw0"));
    }
    let listed = glasskey(&keys, "fido list");
    assert_eq!(listed.code, 0);
    assert!(
        listed.stdout.ends_with("this user may not open /dev/hidraw0, the device of a FIDO2 key\n"),
        "{listed:?}"
    );
}

#[test]
fn a_node_that_may_not_be_opened_does_not_hide_the_other_key() {
    let keys = HidRig::new([Options::new(FIRST), Options::new(FIRST + 1)]);
    keys.permit(0, false);
    assert_eq!(glasskey(&keys, "fido blink --key 12345679").code, 0);
    // It might be the one that is not here.
    glasskey(&keys, "fido blink --key 12345678").is(3, "", &no_permission("/dev/hidraw0"));
    glasskey(&keys, "fido blink").is(
        2,
        "",
        "glasskey: error: more than one FIDO2 key is plugged in: /dev/hidraw0, 12345679\n\
         glasskey: hint: name one with --key SERIAL, or with --key PATH where it tells no serial number\n",
    );
}

#[test]
fn a_pin_is_set_and_tried() {
    let keys = one();
    let home = tempfile::tempdir().unwrap();
    let with_pin = |line: &str, pin: &str| {
        let mut command = command(&keys, line);
        command.current_dir(home.path());
        let mut with = with_fd(&command, 3, &format!("{pin}\n"));
        with.env("PATH", std::env::var_os("PATH").unwrap());
        run(&mut with)
    };
    assert_eq!(with_pin("fido pin set --key 12345678 --new-pin-fd 3", "1357-9").code, 0);
    assert!(keys.key(0).pin_is("1357-9"));
    with_pin("fido pin verify --key 12345678 --pin-fd 3", "wrong").is(
        3,
        "",
        "glasskey: error: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n",
    );
    let listed = glasskey(&keys, "fido list");
    assert!(listed.stdout.contains("PIN set, 7/8  /dev/hidraw0"), "{listed:?}");
}

#[test]
fn a_key_that_is_pulled_while_it_waits_is_told() {
    let keys = one();
    keys.key(0).set_touch(Touch::Never);
    let child = command(&keys, "fido blink").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !keys.key(0).is_waiting() {
        std::thread::sleep(Duration::from_millis(5));
    }
    keys.key(0).pull();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("glasskey: error: YubiKey 12345678 was pulled while it was in use\n"), "{said}");
    assert_eq!(output.status.code(), Some(3));
    glasskey(&keys, "fido list").is(0, "", "glasskey: no FIDO2 key is plugged in\n");
}
