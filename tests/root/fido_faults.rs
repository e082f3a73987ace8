//! `root enroll` with security keys, and everything that can go wrong with it.

use super::fido::{add, both};
use super::place::Place;
use crate::support::fido::PIN;
use crate::support::{FIRST, FidoKeys, Keys as Cards, Typist, run, with_fd};
use glasskey::sim::authenticator::{Attestation, Authority, Options};
use glasskey::sim::aws::{AtConsole, Aws, Fault, Wrong};
use glasskey::sim::clock::SimClock;
use std::process::Stdio;

#[test]
fn the_same_key_twice_is_refused_under_any_name() {
    let place = Place::new();
    let same = "glasskey: error: both keys are YubiKey 12345678: a pair needs two different ones\n\
                glasskey: hint: plug both in, and name each by its own serial number\n";
    for other in ["12345678".to_owned(), place.fido.path(0)] {
        let line = format!("root enroll --key 12345678 --key {other}");
        let run = place.run_as(&place.aws.root_session(), &line);
        assert!(run.code == 2 && run.stderr.ends_with(same), "{run:?}");
    }
}

#[test]
fn a_key_that_is_not_genuine_is_not_registered() {
    let place = Place::new();
    place.fido.key(0).set_attestation(Attestation::Own);
    let run = place.enroll(Some(&place.aws.root_session()), "");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("glasskey: error: YubiKey 12345678 is not shown to be genuine"), "{run:?}");
    assert!(!run.stderr.contains("In the console") && place.aws.devices().is_empty());
    // The second of the two is looked at before root goes to the console, too.
    place.fido.key(0).set_attestation(Attestation::Packed);
    place.fido.key(1).set_attestation(Attestation::None);
    let run = place.enroll(Some(&place.aws.root_session()), "");
    assert_eq!(run.code, 4, "{run:?}");
    assert!(!run.stderr.contains("In the console") && place.aws.devices().is_empty());
}

#[test]
fn a_wrong_pin_and_a_missing_key_end_it_before_the_console() {
    let place = Place::new();
    let session = place.aws.root_session();
    let command = place.command(Some(&session), &place.line("--pin-fd 3"));
    let wrong = run(&mut with_fd(&command, 3, "wrong\n"));
    assert!(wrong.code == 3 && wrong.stderr.contains("that is not the PIN of YubiKey 12345678"), "{wrong:?}");
    let none = run(&mut place.command(Some(&session), &place.line("")));
    assert!(none.code == 5 && none.stderr.contains("nobody can be asked"), "{none:?}");
    place.fido.key(1).pull();
    let pulled = place.enroll(Some(&session), "");
    assert!(pulled.code == 3 && !pulled.stderr.contains("In the console"), "{pulled:?}");
}

#[test]
fn a_mistyped_pin_is_asked_for_again_with_the_tries_left() {
    let place = Place::new();
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &place.line("")));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types("mistyped");
    person.sees("PIN of YubiKey 12345678 (7 tries left): ").types(PIN);
    person.sees("PIN of YubiKey 12345679 (8 tries left): ").interrupts();
    let (_, done) = person.end();
    let told = "glasskey: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n  PIN       right\n";
    assert!(done.stderr.contains(told), "{done:?}");
    assert_eq!(place.fido.key(0).pin_retries(), 8, "a right one starts again");
}

#[test]
fn a_key_without_a_pin_gets_one() {
    let authority = Some(Authority::generate());
    let options = |nth| Options { authority: authority.clone(), ..Options::new(FIRST + nth) };
    let place = Place::with(Aws::new(SimClock::host()), FidoKeys::of([0, 1].map(options)), Cards::serve(1));
    place.then(&place.aws, &both());
    let line = place.line("--new-pin-fd 3");
    let done = run(&mut with_fd(&place.command(Some(&place.aws.root_session()), &line), 3, "new-pin-1\nnew-pin-2\n"));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(place.fido.key(0).pin_is("new-pin-1") && place.fido.key(1).pin_is("new-pin-2"));
}

#[test]
fn a_denied_call_is_said_at_once_or_makes_the_view_smaller() {
    // As root: without ListMFADevices there is nothing to look at.
    let place = Place::new();
    place.aws.fail(Fault::next("ListMFADevices", Wrong::Deny));
    let refused = place.enroll(Some(&place.aws.root_session()), "");
    assert!(refused.code == 3 && refused.stderr.contains("iam:ListMFADevices"), "{refused:?}");
    // An administrator who may not read one or both: less is seen, and that is said; nobody there is too few.
    for denied in [&["GetAccountSummary"][..], &["GetAccountSummary", "ListVirtualMFADevices"]] {
        let place = Place::new();
        denied.iter().for_each(|call| place.aws.fail(Fault::next(call, Wrong::Deny)));
        let blind = place.enroll(Some(&place.aws.admin()), "");
        assert!(blind.code == 5 && blind.stdout.is_empty(), "{blind:?}");
    }
    let place = Place::new();
    place.aws.fail(Fault::next("GetAccountSummary", Wrong::Deny));
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &place.line("")));
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
    }
    person.sees("\"yubikey-12345678\" was added? [y/N] ").types("y");
    person.sees("\"yubikey-12345679\" was added? [y/N] ").types("y");
    let (_, done) = person.end();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("Not allowed, so not seen: iam:GetAccountSummary\n"), "{done:?}");
}

#[test]
fn assume_root_refused_is_said_before_anything() {
    let (place, member) = Place::organization();
    let line = format!("--account {}", member.account());
    let stranger = place.aws.add_user("stranger");
    let refused = place.enroll(Some(&stranger), &line);
    assert!(refused.code == 3 && refused.stderr.contains("sts:AssumeRoot"), "{refused:?}");
    let root = place.enroll(Some(&place.aws.root_session()), &line);
    assert!(root.code == 2 && root.stderr.contains("AssumeRoot is not for root"), "{root:?}");
    member.strip_root();
    let bare = place.enroll(Some(&place.aws.admin()), &line);
    let why = format!("root of account {} has no password, so nobody can sign in as root", member.account());
    assert!(bare.code == 3 && bare.stderr.contains(&why), "{bare:?}");
}

#[test]
fn throttling_and_lost_replies_are_waited_out() {
    let place = Place::new();
    place.then(&place.aws, &both());
    place.aws.fail(Fault { nth: 3, ..Fault::next("ListMFADevices", Wrong::LoseReply) });
    place.aws.fail(Fault { nth: 2, ..Fault::next("ListMFADevices", Wrong::Throttle) });
    let done = place.enroll(Some(&place.aws.root_session()), "");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("then ListMFADevices again"), "{done:?}");
}

#[test]
fn credentials_that_end_midway_leave_the_persons_word() {
    let place = Place::new();
    place.then(&place.aws, &[("ListMFADevices", 2, add("yubikey-12345678"))]);
    // From the fourth look on.
    place.aws.fail(Fault { nth: 4, times: 100, ..Fault::next("ListMFADevices", Wrong::Expire) });
    let session = place.aws.root_session();
    let mut person = Typist::start(&place.at_terminal(Some(&session), &place.line("")));
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
    }
    person.sees("\"yubikey-12345679\" was added? [y/N] ").types("y");
    let (_, done) = person.end();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("root cannot be seen any more: the AWS credentials have expired"), "{done:?}");
    // With nobody there it ends, and says what is registered.
    let place = Place::new();
    place.then(&place.aws, &[("ListMFADevices", 2, add("yubikey-12345678"))]);
    place.aws.fail(Fault { nth: 4, times: 100, ..Fault::next("ListMFADevices", Wrong::Expire) });
    let ended = place.enroll(Some(&place.aws.root_session()), "");
    assert_eq!(ended.code, 4, "{ended:?}");
    let account = place.aws.account();
    let there = format!("glasskey: registered before this: YubiKey 12345678 as arn:aws:iam::{account}:u2f/root/");
    assert!(ended.stderr.contains(&there), "{ended:?}");
    let hint = "`glasskey root enroll --one-key --key 12345679` goes on with the key that is missing";
    assert!(ended.stderr.contains(hint), "{ended:?}");
}

#[test]
fn a_members_session_is_opened_anew_when_it_ends() {
    let (place, member) = Place::organization();
    place.then(&member, &both());
    member.fail(Fault { nth: 3, ..Fault::next("ListMFADevices", Wrong::Expire) });
    let line = format!("--account {}", member.account());
    let done = place.enroll(Some(&place.aws.admin()), &line);
    assert_eq!((done.code, place.calls("AssumeRoot").len()), (0, 2), "{done:?}");
}

#[test]
fn what_was_not_waited_for_is_said_and_not_taken() {
    let place = Place::new();
    let virtual_one = AtConsole::Add("virtual:phone".to_owned());
    let when = [
        ("ListMFADevices", 2, virtual_one),
        ("ListMFADevices", 3, add("another-name")),
        ("ListMFADevices", 4, add("yubikey-12345678")),
        ("ListMFADevices", 6, add("yubikey-12345679")),
    ];
    place.then(&place.aws, &when);
    let done = place.enroll(Some(&place.aws.root_session()), "");
    let account = place.aws.account();
    assert_eq!(done.code, 0, "{done:?}");
    let other = format!(
        "glasskey: warning: another device has appeared: arn:aws:iam::{account}:mfa/phone (virtual MFA). That is not \
         what is waited for; if it was not you, find out who\n"
    );
    assert!(done.stderr.contains(&other), "{done:?}");
    let name =
        "it is not called \"yubikey-12345678\"; if it is another than was asked for, remove it in the console\n";
    assert!(done.stderr.contains(name), "{done:?}");
    assert!(!done.stdout.contains("another-name"), "{done:?}");
}

#[test]
fn to_an_administrator_a_virtual_device_is_no_security_key() {
    let place = Place::new();
    let virtual_one = AtConsole::Add("virtual:phone".to_owned());
    // The flag rises with it, and is no sign any more; the key that follows is counted.
    place.then(
        &place.aws,
        &[("GetAccountSummary", 2, virtual_one), ("GetAccountSummary", 3, add("yubikey-12345678"))],
    );
    let line = place.line("");
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &line));
    for key in [12_345_678, 12_345_679] {
        person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
    }
    person.sees("\"yubikey-12345678\" was added? [y/N] ").interrupts();
    let (_, stopped) = person.end();
    assert_eq!(stopped.code, 130, "{stopped:?}");
    assert!(stopped.stderr.contains("mfa/phone (virtual MFA). That is not what is waited for"), "{stopped:?}");
    assert!(!stopped.stderr.contains("root has MFA now"), "{stopped:?}");
}

#[test]
fn a_device_that_goes_is_said() {
    let place = Place::new();
    let old = place.aws.add_fido_for("root", "old");
    let [first, second] = both();
    place.then(&place.aws, &[("ListMFADevices", 2, AtConsole::Remove(old.clone())), first, second]);
    let done = place.enroll(Some(&place.aws.root_session()), "");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains(&format!("glasskey: warning: a device of root's is gone: {old}\n")), "{done:?}");
}

#[test]
fn both_registered_at_once_are_both_seen() {
    let place = Place::new();
    let when = [("ListMFADevices", 2, add("yubikey-12345679")), ("ListMFADevices", 2, add("yubikey-12345678"))];
    place.then(&place.aws, &when);
    let json = place.enroll(Some(&place.aws.root_session()), "--json").json();
    let serial = |nth: usize| json["registered"][nth]["serial"].as_str().unwrap().to_owned();
    assert!(serial(0).contains("yubikey-12345678") && serial(1).contains("yubikey-12345679"), "{json}");
}

#[test]
fn eight_devices_leave_no_room() {
    let place = Place::new();
    (0..7).for_each(|nth| drop(place.aws.add_fido_for("root", &format!("key{nth}"))));
    let full = place.enroll(Some(&place.aws.root_session()), "");
    full.is(
        3,
        "",
        "glasskey: error: root has 7 MFA devices, and 8 are allowed: there is no room for 2 more\n\
         glasskey: hint: `glasskey root remove` tells how to take one away\n",
    );
}

#[test]
fn nothing_appears_in_time() {
    let place = Place::new();
    let run = place.enroll(Some(&place.aws.root_session()), "--timeout 1");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("glasskey: error: \"yubikey-12345678\" did not appear within 1 s\n"), "{run:?}");
    // The first did.
    place.then(&place.aws, &[("ListMFADevices", 2, add("yubikey-12345678"))]);
    let run = place.enroll(Some(&place.aws.root_session()), "--timeout 1");
    assert!(run.code == 4 && run.stderr.contains("registered before this: YubiKey 12345678"), "{run:?}");
}

#[test]
fn ctrl_c_ends_the_watch() {
    for (when, code) in [(vec![], 130), (vec![("ListMFADevices", 2, add("yubikey-12345678"))], 4)] {
        let place = Place::new();
        place.then(&place.aws, &when);
        let awaited = if when.is_empty() { "yubikey-12345678" } else { "yubikey-12345679" };
        let session = place.aws.root_session();
        let mut person = Typist::start_talking(&place.at_terminal(Some(&session), &place.line("")));
        for key in [12_345_678, 12_345_679] {
            person.sees(&format!("PIN of YubiKey {key} (8 tries left): ")).types(PIN);
        }
        person.sees(&format!("for \"{awaited}\" to appear: 0:01")).interrupts();
        let (_, ended) = person.end();
        assert_eq!(ended.code, code, "{ended:?}");
    }
}

#[test]
fn killed_it_leaves_nothing_unfinished() {
    let place = Place::new();
    let mut child = with_fd(
        &place.command(Some(&place.aws.root_session()), &place.line("--pin-fd 3")),
        3,
        &format!("{PIN}\n{PIN}\n"),
    )
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("to appear")));
    // `setsid` and the shell have become the binary.
    child.kill().unwrap();
    child.wait().unwrap();
    let recovered = place.run_as(&place.aws.admin(), "recover");
    recovered.is(0, "nothing to recover\n", "");
}
