//! What goes wrong after the plan was approved, and is not a message that fails.

use super::super::api;
use super::{CREATED, PLAN, enroll, standing};
use crate::support::{Simulated, run, seed};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::tap::Wire;
use std::io::Read;
use std::process::Stdio;

#[test]
fn nobody_reads_the_result() {
    let world = Simulated::with_keys(1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = enroll(&world, &[]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    world.alice_is_enrolled().unwrap();
}

#[test]
fn nobody_reads_anything() {
    let world = Simulated::with_keys(1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = enroll(&world, &[]).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    world.alice_is_enrolled().unwrap();
}

#[test]
fn the_streams_are_closed() {
    let world = Simulated::with_keys(1);
    let command = enroll(&world, &[]);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(r#"exec "$0" "$@" <&- >&- 2>&-"#).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert_eq!(shell.status().unwrap().code(), Some(3));
    world.alice_is_enrolled().unwrap();
}

#[test]
fn the_second_of_separate_devices_fails_and_the_first_stays() {
    let world = Simulated::with_keys(2);
    world.aws.fail(Fault::nth("EnableMFADevice", 2, Wrong::Deny));
    let args = world.enroll_args();
    let done = run(&mut world.glasskey(args.iter().map(String::as_str).chain(["--separate"])));
    assert_eq!((done.code, done.stdout.as_str()), (4, ""), "{done:?}");
    let account = world.aws.account();
    let end = format!(
        "glasskey: error: AWS refused EnableMFADevice: User: arn:aws:iam::{account}:user/admin is not authorized to \
         perform: iam:EnableMFADevice on resource: arn:aws:iam::{account}:user/alice because no identity-based policy \
         allows the iam:EnableMFADevice action\n\
         glasskey: hint: the caller needs the permission iam:EnableMFADevice for this\n\
         glasskey: hint: run the command again for the keys that have no device yet\n\
         glasskey: done before this: arn:aws:iam::{account}:mfa/alice-12345678 is enabled and works\n"
    );
    assert!(done.stderr.ends_with(&end), "{done:?}");
    let devices = world.aws.devices();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].arn, world.arn("alice-12345678"));
    assert_eq!(world.keys.key(0).credentials(), [world.credential("alice-12345678")]);
    assert!(world.keys.key(1).credentials().is_empty());
    assert_eq!(world.unfinished(), 0);
    world.nobody_is_locked_out().unwrap();
}

/// Between pre-flight and writing, another program puts a credential of the same name on the key. It is not
/// overwritten, and undoing does not take it away either.
#[test]
fn a_credential_that_appears_in_between_is_not_touched() {
    let world = Simulated::with_keys(1);
    let (theirs, _) = seed();
    let name = world.credential("alice");
    let (key, id) = (world.keys.key(0).clone(), name.clone());
    let theirs = std::sync::Mutex::new(Some(theirs));
    world.tap.listen(move |passing| {
        if matches!(&passing.wire, Wire::Aws { action } if action == "CreateVirtualMFADevice")
            && passing.done
            && let Some(seed) = theirs.lock().unwrap().take()
        {
            api::put(&key, &id, &seed);
        }
    });
    let done = run(&mut enroll(&world, &[]));
    let account = world.aws.account();
    let words = format!(
        "{PLAN}{CREATED}glasskey: error: a credential \"AWS:ACCOUNT/alice\" is on YubiKey 12345678 already; it was not \
         overwritten (while writing to YubiKey 12345678)\n\
         glasskey: hint: give the new one another name\n\
         glasskey: hint: where nobody signs in with the one that is there, `glasskey oath delete --key 12345678 \"AWS:ACCOUNT/alice\"` removes it\n\
         glasskey: what had been done was undone again; nothing was left behind\n"
    );
    done.is(3, "", &words.replace("ACCOUNT", &account));
    assert_eq!(world.keys.key(0).credentials(), [name], "it is theirs");
    assert!(world.aws.devices().is_empty());
    assert_eq!(world.unfinished(), 0);
}

#[test]
fn in_json_an_error_is_one_object_on_standard_output() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    let before = standing(&world);
    let done = run(&mut enroll(&world, &["--json"]));
    assert_eq!(done.code, 3);
    let json = done.json();
    assert_eq!((&json["type"], &json["code"], &json["exit"]), (&"error".into(), &"access_denied".into(), &3.into()));
    assert_eq!(json["state"][0], "what had been done was undone again; nothing was left behind");
    assert_eq!(standing(&world), before);
}

/// The seed is not in anything the process shows while it runs, nor are the codes.
#[test]
fn nothing_secret_is_said() {
    let world = Simulated::with_keys(2);
    let mut command = world.glasskey(world.enroll_args());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    let seed = world.aws.seed_of(&world.arn("alice")).unwrap();
    let base32 = data_encoding::BASE32_NOPAD.encode(&seed);
    for secret in [&base32[..12], &data_encoding::HEXLOWER.encode(&seed)[..12], &world.aws.admin().secret_access_key]
    {
        assert!(!said.contains(secret));
    }
    // Two codes of six digits were sent. Nothing of six digits alone is shown.
    assert!(said.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() != 6), "{said}");
}
