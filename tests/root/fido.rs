//! `root enroll` with security keys, from each place that root is seen from.

use super::place::Place;
use crate::cli::json::is_documented;
use crate::support::fido::PIN;
use crate::support::{Run, Typist};
use glasskey::sim::aws::{AtConsole, Aws, Partition, Setup};
use glasskey::sim::clock::SimClock;
use serde_json::{Value, json};

pub(super) fn add(name: &str) -> AtConsole {
    AtConsole::Add(format!("fido:{name}"))
}

/// Root registers the two keys as it was told to, each as soon as it is waited for.
pub(super) fn both() -> [(&'static str, usize, AtConsole); 2] {
    [("ListMFADevices", 2, add("yubikey-12345678")), ("ListMFADevices", 4, add("yubikey-12345679"))]
}

#[track_caller]
fn says(run: &Run, parts: &[&str]) {
    let mut rest = &*run.stderr;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("no {part:?} in {rest}") };
        rest = after;
    }
}

fn serials(json: &Value) -> Vec<String> {
    json["registered"].as_array().unwrap().iter().map(|one| one["serial"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn as_root_every_key_is_seen_with_its_serial_and_certification() {
    let place = Place::new();
    place.then(&place.aws, &both());
    let run = place.enroll(Some(&place.aws.root_session()), "--no-input");
    assert_eq!(run.code, 0, "{run:?}");
    let account = place.aws.account();
    says(
        &run,
        &[
            &format!("Watching as root of account {account}: each device shows with its serial number."),
            "YubiKey 12345678:\n  genuine   YubiKey 5 Series with NFC",
            "YubiKey 12345679:\n  genuine   YubiKey 5 Series with NFC",
            "In the console, key 1 of 2: YubiKey 12345678\n  1. Sign in as root",
            "https://console.aws.amazon.com/iam/home#/security_credentials",
            "Device name: yubikey-12345678\n",
            "Passkey or security key",
            "  waiting   for \"yubikey-12345678\" to appear: 0:00, 15:00 left; Ctrl-C stops\n",
            &format!("  seen      arn:aws:iam::{account}:u2f/root/yubikey-12345678-"),
            "  attested  YubiKey 5 Series with NFC, FIDO certified L2, by the key's own statement\n",
            "  AWS says  ",
            "In the console, key 2 of 2: YubiKey 12345679\n",
            &format!("  seen      arn:aws:iam::{account}:u2f/root/yubikey-12345679-"),
        ],
    );
    assert_eq!(run.stdout.lines().count(), 2);
    run.never_says(&[PIN]);
}

#[test]
fn the_result_is_documented_and_names_both() {
    let place = Place::new();
    place.then(&place.aws, &both());
    let json = place.enroll(Some(&place.aws.root_session()), "--no-input --json").json();
    is_documented(&json);
    assert_eq!((&json["view"], &json["kind"]), (&json!("root"), &json!("fido")));
    let devices: Vec<String> = place.aws.devices().into_iter().map(|device| device.arn).collect();
    assert_eq!((serials(&json), json["devices"].as_array().unwrap().len()), (devices, 2));
    assert_eq!(json["registered"][0]["key"]["attestation"]["genuine"], json!(true));
    assert!(json["registered"][0]["certifications"].is_object(), "{json}");
}

#[test]
fn a_member_is_seen_through_the_audit_task() {
    let (place, member) = Place::organization();
    place.then(&member, &both());
    let run = place.enroll(Some(&place.aws.admin()), &format!("--no-input --json --account {}", member.account()));
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    is_documented(&json);
    assert_eq!((&json["view"], &json["account"]), (&json!("member"), &json!(member.account())));
    assert_eq!(serials(&json).len(), 2);
    // The audit task does not let anybody ask what is certified.
    assert_eq!(json["registered"][0]["certifications"], json!(null));
    assert!(run.stderr.contains("  AWS says  not told here: root alone may ask (iam:GetMFADevice)\n"), "{run:?}");
    assert_eq!(place.calls("GetMFADevice").len(), 0);
}

#[test]
fn an_administrator_sees_the_first_and_is_told_of_the_second() {
    let place = Place::new();
    let when = [("GetAccountSummary", 2, add("yubikey-12345678")), ("GetAccountSummary", 4, add("yubikey-12345679"))];
    place.then(&place.aws, &when);
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &place.line("--json")));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    person.sees("PIN of YubiKey 12345679 (8 tries left): ").types(PIN);
    // Whoever says yes to everything has not seen it either: --yes is no answer.
    person.sees("Has the console said that \"yubikey-12345679\" was added? [y/N] ").types("y");
    let (_, run) = person.end();
    assert_eq!(run.code, 0, "{run:?}");
    says(
        &run,
        &[
            "Security keys do not: for those your word is taken, and recorded as said.",
            "  seen      root has MFA now (AccountMFAEnabled went from 0 to 1); with which device, an administrator is not told\n",
            "  counted   one more MFA device is in use in this account; whose it is, an administrator is not told\n",
            "glasskey: what you said has not been seen",
        ],
    );
    let json = run.json();
    is_documented(&json);
    let known: Vec<_> =
        json["registered"].as_array().unwrap().iter().map(|one| (&one["evidence"], &one["serial"])).collect();
    assert_eq!(known, [(&json!("root_has_mfa"), &json!(null)), (&json!("said"), &json!(null))]);
    assert_eq!((&json["devices"], &json["view"]), (&json!(null), &json!("administrator")));
}

/// The first is somebody else's, the second was only called otherwise.
#[test]
fn a_person_says_whether_a_key_of_another_name_is_the_one() {
    let place = Place::new();
    let when = [
        ("ListMFADevices", 2, add("somebodys")),
        ("ListMFADevices", 3, add("mine")),
        ("ListMFADevices", 5, add("yubikey-12345679")),
    ];
    place.then(&place.aws, &when);
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.root_session()), &place.line("--yes")));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    person.sees("PIN of YubiKey 12345679 (8 tries left): ").types(PIN);
    // --yes is no answer.
    for (name, answer) in [("somebodys", "n"), ("mine", "y")] {
        person.sees(&format!("u2f/root/{name}-"));
        person.sees("the device that was to be \"yubikey-12345678\"? [y/N] ").types(answer);
    }
    let (_, run) = person.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("u2f/root/mine-") && !run.stdout.contains("u2f/root/somebodys-"), "{run:?}");
}

/// The one that the person said is theirs goes, and somebody registers one of the expected name: that one is not it.
#[test]
fn another_key_does_not_take_the_place_of_one_that_a_person_named() {
    let place = Place::new();
    place.then(&place.aws, &[("ListMFADevices", 2, add("mine"))]);
    let line = place.line("--yes --one-key").replace("--key 12345679 ", "");
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.root_session()), &line));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    person.sees("the device that was to be \"yubikey-12345678\"? [y/N] ");
    let mine = place.aws.devices().remove(0).arn;
    place.aws.at_console(&AtConsole::Remove(mine)).unwrap();
    place.aws.add_fido_for("root", "yubikey-12345678");
    person.types("y");
    let (_, run) = person.end();
    assert_eq!((run.code, &*run.stdout), (3, ""), "{run:?}");
    assert!(run.stderr.contains("u2f/root/mine-") && run.stderr.contains("is not root's any more"), "{run:?}");
}

#[test]
fn keys_registered_in_another_order_are_both_seen() {
    let place = Place::new();
    let when = [
        ("ListMFADevices", 2, add("yubikey-12345679")),
        ("ListMFADevices", 4, add("yubikey-12345678")),
        ("ListMFADevices", 6, add("nobodys")),
    ];
    place.then(&place.aws, &when);
    let run = place.enroll(Some(&place.aws.root_session()), "--no-input --timeout 60");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stderr.contains("remove it in the console"), "{run:?}");
    assert_eq!(run.stderr.matches("u2f/root/yubikey-12345679-").count(), 1, "{run:?}");
    let [first, second] = run.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{run:?}") };
    assert!(first.contains("u2f/root/yubikey-12345678-") && second.contains("u2f/root/yubikey-12345679-"), "{run:?}");
}

#[test]
fn a_key_that_goes_meanwhile_is_not_registered() {
    let place = Place::new();
    let (aws, looks) = (place.aws.clone(), std::sync::atomic::AtomicUsize::new(0));
    let tap = glasskey::sim::tap::Tap::default();
    place.aws.tap(&tap);
    tap.listen(move |passing| {
        if !(crate::support::blows::is_call(passing, "ListMFADevices") && passing.done) {
            return;
        }
        match looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 {
            2 => drop(aws.at_console(&add("yubikey-12345678"))),
            4 => {
                let first = aws.devices().remove(0).arn;
                aws.at_console(&AtConsole::Remove(first)).unwrap();
            }
            5 => drop(aws.at_console(&add("yubikey-12345679"))),
            _ => {}
        }
    });
    let run = place.enroll(Some(&place.aws.root_session()), "--no-input");
    assert!(
        run.code == 4 && run.stderr.contains("is not root's any more: it was removed before this ended"),
        "{run:?}"
    );
    assert!(run.stderr.contains("registered before this: YubiKey 12345679 as "), "{run:?}");
    assert!(run.stderr.contains("`glasskey root enroll --one-key --key 12345678` goes on"), "{run:?}");
}

/// The run before it ended after the first key.
#[test]
fn a_key_that_root_has_already_is_asked_about() {
    for (answer, code) in [("y", 0), ("n", 4)] {
        let place = Place::new();
        place.aws.add_fido_for("root", "yubikey-12345678");
        place.then(&place.aws, &[("ListMFADevices", 2, add("yubikey-12345679"))]);
        let line = place.line("--yes --timeout 3");
        let mut person = Typist::start(&place.at_terminal(Some(&place.aws.root_session()), &line));
        person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
        person.sees("PIN of YubiKey 12345679 (8 tries left): ").types(PIN);
        // --yes is no answer.
        person
            .sees("YubiKey 12345678, and does it sign in? If not, answer no and register it again. [y/N] ")
            .types(answer);
        let (_, run) = person.end();
        assert_eq!((run.code, run.stdout.lines().count()), (code, if code == 0 { 2 } else { 0 }), "{run:?}");
    }
}

#[test]
fn without_credentials_the_person_is_taken_at_their_word() {
    let place = Place::new();
    let mut person = Typist::start(&place.at_terminal(None, &place.line("--yes")));
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
    }
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("Has the console said that \"yubikey-{key}\" was added? [y/N] ")).types("y");
    }
    let (_, run) = person.end();
    assert_eq!(run.code, 0, "{run:?}");
    says(&run, &["Nothing is asked of AWS: what the console says is taken from you, and recorded as said."]);
    let stdout =
        "YubiKey 12345678  \"yubikey-12345678\", as you said\nYubiKey 12345679  \"yubikey-12345679\", as you said\n";
    assert_eq!(run.stdout, stdout);
    assert!(place.aws.calls().is_empty());
}

#[test]
fn no_watch_asks_aws_nothing() {
    let place = Place::new();
    let line = place.line("--no-watch --region cn-north-1");
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &line));
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
    }
    person.sees("\"yubikey-12345678\" was added? [y/N] ").types("n");
    let (_, run) = person.end();
    assert_eq!(run.code, 3);
    // The region names the partition, and so the console.
    says(
        &run,
        &[
            "https://console.amazonaws.cn/iam/home#/security_credentials",
            "In China the choice of devices may be smaller",
            "glasskey: error: the console did not add it, as you said\n",
        ],
    );
    assert!(place.aws.calls().is_empty());
}

#[test]
fn one_key_is_refused_unless_asked_for() {
    let place = Place::new();
    let roots = crate::fido_cli::roots_of(&place.fido, 0);
    let one = format!("root enroll --key 12345678 --attestation-roots {roots} --every 1");
    place.run_as(&place.aws.root_session(), &one).is(
        2,
        "",
        "glasskey: error: one key is named, and whoever loses the only key of root is locked out\n\
         glasskey: hint: name the second too: --key ONE --key OTHER; or say --one-key, where root has another factor\n",
    );
    place.then(&place.aws, &both());
    let line = format!("{one} --one-key --pin-fd 3");
    let command = place.command(Some(&place.aws.root_session()), &line);
    let run = crate::support::run(&mut crate::support::with_fd(&command, 3, &format!("{PIN}\n")));
    assert_eq!(run.code, 0, "{run:?}");
    says(&run, &["one key was asked for; losing it locks root out unless root has another factor\n"]);
    for (more, why) in
        [("--one-key", "--one-key, and several keys are named"), ("--key 1", "more than two keys are named")]
    {
        let run = place.run_as(&place.aws.root_session(), &place.line(more));
        assert!(run.code == 2 && run.stderr.contains(why), "{run:?}");
    }
}

#[test]
fn the_console_is_opened_where_asked_for() {
    let place = Place::new();
    place.then(&place.aws, &both());
    let bin = place.fido.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // A fifo: reading it waits until the browser was called.
    let said = bin.join("said");
    assert!(std::process::Command::new("mkfifo").arg(&said).status().unwrap().success());
    std::fs::write(bin.join("xdg-open"), format!("#!/bin/sh\nprintf %s \"$1\" >{}\n", said.display())).unwrap();
    std::os::unix::fs::symlink("/bin/sh", bin.join("sh")).unwrap();
    assert!(std::process::Command::new("chmod").arg("+x").arg(bin.join("xdg-open")).status().unwrap().success());
    let reader = std::thread::spawn(move || std::fs::read_to_string(said).unwrap());
    let mut command = place.command(Some(&place.aws.root_session()), &place.line("--pin-fd 3 --open"));
    command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    let run = crate::support::run(&mut crate::support::with_fd(&command, 3, &format!("{PIN}\n{PIN}\n")));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(reader.join().unwrap(), "https://console.aws.amazon.com/iam/home#/security_credentials");
}

#[test]
fn each_partition_has_its_console_and_govcloud_none() {
    for (partition, host) in [(Partition::AwsCn, "console.amazonaws.cn"), (Partition::Aws, "console.aws.amazon.com")]
    {
        let place = Place::over(Aws::with(SimClock::host(), Setup { partition, ..Setup::default() }));
        place.then(&place.aws, &both());
        let run = place.enroll(Some(&place.aws.root_session()), "");
        says(&run, &[&format!("https://{host}/iam/home#/security_credentials")]);
        assert_eq!(run.code, 0);
    }
    let gov = Setup { partition: Partition::AwsUsGov, ..Setup::default() };
    let place = Place::over(Aws::with(SimClock::host(), gov));
    place.enroll(Some(&place.aws.admin()), "").is(
        3,
        "",
        "glasskey: error: root of an account in aws-us-gov cannot sign in to the console there, so it can be given no \
         factor\n\
         glasskey: AWS GovCloud (US) is entered by IAM users and roles only; the standard account that the account is \
         linked to has a root user of its own\n\
         glasskey: hint: name the profile of that standard account\n",
    );
}
