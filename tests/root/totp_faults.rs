//! `root enroll --totp` cut short, refused, and given up: no credential goes that may be root's, and none stays unsaid.

use super::place::Place;
use super::totp::{LINE, PROMPT, Unattended, made, on_screen};
use crate::support::{Typist, put};
use glasskey::sim::aws::{Fault, TwoCodes, Wrong};
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;
use std::time::{SystemTime, UNIX_EPOCH};

fn stderr(done: std::process::Output) -> (Option<i32>, String) {
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

/// IAM lists no such device. That is no proof that the console has not just taken the codes.
fn only_a_persons_word_removes_them(place: &Place) {
    let left = place.run_as(&place.aws.admin(), "recover --yes --no-input");
    assert_eq!((left.code, place.credentials(), place.unfinished()), (4, 2, 1), "{left:?}");
    let undone = place.run_as(&place.aws.admin(), "recover --undo --no-input");
    assert_eq!((undone.code, place.credentials(), place.unfinished()), (0, 0, 0), "{undone:?}");
}

#[test]
fn given_up_the_credentials_go_if_the_person_says_so() {
    for (answer, code, left) in [("y", 130, 0), ("n", 4, 2)] {
        let place = Place::new();
        let (_, secret) = made(&place);
        let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), LINE));
        person.sees(PROMPT).types(&secret);
        let _ = on_screen(&mut person);
        person.interrupts();
        person.sees("again? Only if the console has not taken the codes. [y/N] ").types(answer);
        let (_, run) = person.end();
        assert_eq!((run.code, place.credentials()), (code, left), "{run:?}");
        assert_eq!(place.unfinished(), usize::from(left > 0));
        if left > 0 {
            assert!(run.stderr.contains("since it may be root's factor by now"), "{run:?}");
            only_a_persons_word_removes_them(&place);
        }
    }
}

#[test]
fn a_device_that_came_at_the_last_moment_is_kept() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut person =
        Typist::start(&place.at_terminal(Some(&place.aws.admin()), &LINE.replace("--every 1", "--every 60")));
    person.sees(PROMPT).types(&secret);
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    person.interrupts();
    let (_, run) = person.end();
    assert_eq!((run.code, run.stdout), (0, format!("{serial}\n")), "{}", run.stderr);
    assert_eq!((place.credentials(), place.unfinished()), (2, 0));
}

#[test]
fn unattended_what_iam_does_not_show_stays_all_the_same() {
    let place = Place::new();
    let (_, secret) = made(&place);
    let script = Unattended::start(&place, &place.aws.root_session(), "--timeout 1", &secret);
    let (code, said) = stderr(script.child.wait_with_output().unwrap());
    assert_eq!((code, place.credentials(), place.unfinished()), (Some(4), 2, 1), "{said}");
    assert!(said.contains("since it may be root's factor by now"), "{said}");
    only_a_persons_word_removes_them(&place);
}

#[test]
fn unattended_and_blind_they_stay_for_recover() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    place.aws.fail(Fault { nth: 3, times: 100, ..Fault::next("ListMFADevices", Wrong::Expire) });
    let mut script = Unattended::start(&place, &place.aws.root_session(), "", &secret);
    let codes = script.codes();
    let (code, said) = stderr(script.child.wait_with_output().unwrap());
    assert_eq!((code, place.credentials(), place.unfinished()), (Some(4), 2, 1), "{said}");
    place.aws.heal();
    // A further enrollment waits for it.
    let again = place.command(Some(&place.aws.admin()), &format!("{LINE} --codes-fd 1"));
    let refused = crate::support::run(&mut { again });
    assert!(refused.stderr.contains("glasskey recover"), "{refused:?}");
    // The console had taken them: nothing may go, whatever is asked for.
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let kept = place.run_as(&place.aws.admin(), "recover --undo");
    assert_eq!((kept.code, place.credentials(), place.unfinished()), (4, 2, 1), "{kept:?}");
    assert!(kept.stderr.contains("the run is complete, and nothing of it is left to undo\n"), "{kept:?}");
    let complete = place.run_as(&place.aws.admin(), "recover --yes");
    assert_eq!((complete.code, place.credentials(), place.unfinished()), (0, 2, 0), "{complete:?}");
    let says = "sign in once with a code of YubiKey 12345678 and YubiKey 12345679\n";
    assert!(
        complete.stdout.starts_with("complete already: root has ") && complete.stdout.ends_with(says),
        "{complete:?}"
    );
}

#[test]
fn killed_while_codes_are_shown_it_is_recovered() {
    for confirmed in [false, true] {
        let place = Place::new();
        let (serial, secret) = made(&place);
        let mut script = Unattended::start(&place, &place.aws.root_session(), "", &secret);
        let codes = script.codes();
        script.child.kill().unwrap();
        script.child.wait().unwrap();
        assert_eq!(place.unfinished(), 1);
        if confirmed {
            place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
        }
        // Without credentials nothing is known, and nothing goes unasked.
        let mut blind = place.command(None, "recover --yes --no-input");
        let left = crate::support::run(&mut blind);
        assert_eq!((left.code, place.credentials()), (4, 2), "{left:?}");
        if !confirmed {
            only_a_persons_word_removes_them(&place);
            continue;
        }
        for caller in [place.aws.root_session(), place.aws.admin()] {
            let recovered = place.run_as(&caller, "recover --yes --no-input --json");
            assert_eq!((recovered.code, place.credentials(), place.unfinished()), (0, 2, 0), "{recovered:?}");
        }
    }
}

#[test]
fn a_members_run_is_recovered_from_the_management_account() {
    let (place, member) = Place::organization();
    let (serial, secret) = member.new_virtual_for_root("root-account-mfa-device").unwrap();
    let more = format!("--account {}", member.account());
    let mut script = Unattended::start(&place, &place.aws.admin(), &more, &secret);
    let codes = script.codes();
    script.child.kill().unwrap();
    script.child.wait().unwrap();
    member.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let recovered = place.run_as(&place.aws.admin(), "recover --yes --no-input");
    assert_eq!((recovered.code, place.credentials(), place.unfinished()), (0, 2, 0), "{recovered:?}");
    assert!(recovered.stderr.contains(&format!("for root of account {}", member.account())), "{recovered:?}");
}

#[test]
fn a_device_under_another_name_is_said_and_never_undone_unasked() {
    let place = Place::new();
    let (serial, secret) = place.aws.new_virtual_for_root("my-own-name").unwrap();
    let mut script = Unattended::start(&place, &place.aws.root_session(), "", &secret);
    let codes = script.codes();
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    let (code, said) = stderr(script.child.wait_with_output().unwrap());
    // It may be somebody else's: the run stays until a person has signed in.
    assert_eq!((code, place.credentials(), place.unfinished()), (Some(4), 2, 1), "{said}");
    assert!(said.contains("it is not called \"root-account-mfa-device\""), "{said}");
    assert!(said.contains("`glasskey recover root --forget` ends the run"), "{said}");
    let ended = place.run_as(&place.aws.admin(), "recover root --forget");
    assert_eq!((ended.code, place.credentials(), place.unfinished()), (0, 2, 0), "{ended:?}");

    let place = Place::new();
    let (serial, secret) = place.aws.new_virtual_for_root("my-own-name").unwrap();
    let mut script = Unattended::start(&place, &place.aws.root_session(), "", &secret);
    let codes = script.codes();
    script.child.kill().unwrap();
    script.child.wait().unwrap();
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let left = place.run_as(&place.aws.admin(), "recover --yes --no-input");
    assert_eq!((left.code, place.credentials()), (4, 2), "{left:?}");
}

#[test]
fn what_stands_in_the_way_is_said_before_the_secret_is_asked_for() {
    let place = Place::new();
    let admin = place.aws.admin();
    let at = |line: &str| Typist::start(&place.at_terminal(Some(&admin), line)).end().1;
    let twice = at("root enroll --totp --key 12345678 --key 12345678");
    assert!(twice.code == 2 && twice.stderr.contains("YubiKey 12345678 is named twice"), "{twice:?}");
    let path = at("root enroll --totp --key /dev/hidraw0");
    assert!(path.code == 2 && path.stderr.contains("named by its serial number"), "{path:?}");
    let bad = at(&format!("{LINE} --device-name a/b"));
    assert!(bad.code == 2 && bad.stderr.contains("is not a device name"), "{bad:?}");
    let id = format!("AWS:{}/root-account-mfa-device", place.aws.account());
    let _ = put(place.cards.key(1), &id, false);
    let there = at(LINE);
    assert!(there.code == 3 && there.stderr.contains("12345679"), "{there:?}");
    let _ = place.aws.add_virtual_for("root", "root-account-mfa-device");
    let taken = at(LINE);
    assert!(taken.code == 3 && taken.stderr.contains("mfa/root-account-mfa-device"), "{taken:?}");
    assert_eq!(place.unfinished(), 0);
}

#[test]
fn a_touch_is_asked_for_before_each_code() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut script = Unattended::start(&place, &place.aws.root_session(), "--touch", &secret);
    let codes = script.codes();
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let (code, said) = stderr(script.child.wait_with_output().unwrap());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.matches("touch     YubiKey 12345679 now: it blinks").count() >= 2, "{said}");
}

/// Its record may be edited or damaged: what names the credential that root signs in with is left for a person.
#[test]
fn a_record_that_names_roots_live_credential_undoes_nothing_unasked() {
    let place = Place::new();
    let account = place.aws.account();
    let _ = place.aws.add_virtual_for("root", "my-own-name");
    let credential = format!("AWS:{account}/root-account-mfa-device");
    let _ = put(place.cards.key(0), &credential, false);
    let runs = place.fido.home.path().join("state/runs");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&runs).unwrap();
    // It says that it began an hour after the device was enabled, and that no codes were shown.
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3_600;
    let begin = json!({
        "record": "begin", "version": 1, "command": "enroll", "started": started, "caller": "arn:of:somebody",
        "root": true, "user": "root", "arn": format!("arn:aws:iam::{account}:mfa/root-account-mfa-device"),
        "credential": credential, "keys": [12_345_678], "touch": false, "phone": false,
    });
    let intend = json!({ "record": "intend", "undo": "remove_credential", "key": 12_345_678 });
    std::fs::write(runs.join("000000000001-1-000001-0000abcd.jsonl"), format!("{begin}\n{intend}\n")).unwrap();
    for caller in [place.aws.root_session(), place.aws.admin()] {
        let left = place.run_as(&caller, "recover --yes --no-input");
        assert_eq!((left.code, place.credentials(), place.unfinished()), (4, 1, 1), "{left:?}");
    }
}
