//! `root remove` of the caller's own account: the console removes, and glasskey looks until it is done.

use super::place::Place;
use crate::cli::json::is_documented;
use crate::support::blows::{server_error, side_by_side, tally, ways};
use crate::support::{Run, Typist};
use glasskey::sim::aws::{AtConsole, Fault, Keys, Wrong};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn remove(serial: &str) -> AtConsole {
    AtConsole::Remove(serial.to_owned())
}

/// Root with security keys of these names.
fn with_keys<const N: usize>(names: [&str; N]) -> (Place, [String; N]) {
    let place = Place::new();
    let serials = names.map(|name| place.aws.add_fido_for("root", name));
    (place, serials)
}

fn as_root(place: &Place, line: &str) -> Run {
    place.run_as(&place.aws.root_session(), &format!("root remove --every 1 {line}"))
}

fn at_terminal(place: &Place, keys: &Keys, line: &str) -> Typist {
    Typist::start(&place.at_terminal(Some(keys), &format!("root remove --every 1 {line}")))
}

#[test]
fn root_sees_it_go() {
    let (place, [old, new]) = with_keys(["old", "new"]);
    place.then(&place.aws, &[("ListMFADevices", 1, remove(&old))]);
    let run = as_root(&place, &format!("{old} --json"));
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    is_documented(&json);
    assert_eq!((&json["removed"][0], json["said"].as_array().unwrap().len()), (&old.clone().into(), 0), "{json}");
    for told in [
        format!("choose {old}, then \"Remove\"\n"),
        format!("  stays     {new}\n"),
        format!("  gone      {old}\n"),
        "each device shows with its serial number.\n".to_owned(),
    ] {
        assert!(run.stderr.contains(&told), "{told}: {run:?}");
    }
    let unknown = as_root(&place, "old");
    assert!(unknown.code == 2 && unknown.stderr.contains(&new), "{unknown:?}");
}

#[test]
fn several_go_one_after_the_other_and_one_comes_back() {
    let place = Place::new();
    let [one, two] = ["one", "two"].map(|name| place.aws.add_virtual_for("root", name));
    let _ = place.aws.add_fido_for("root", "stays");
    let when = [
        ("ListMFADevices", 1, remove(&one)),
        ("ListMFADevices", 2, AtConsole::Add("virtual:one".to_owned())),
        ("ListMFADevices", 3, remove(&two)),
        ("ListMFADevices", 4, remove(&one)),
    ];
    place.then(&place.aws, &when);
    let run = as_root(&place, &format!("{two} {one} {one}"));
    assert_eq!(run.code, 0, "{run:?}");
    let mut gone: Vec<&str> = run.stdout.lines().collect();
    gone.sort_unstable();
    assert_eq!(gone, [&one, &two]);
    assert!(run.stderr.contains(&format!("{one} is listed again")), "{run:?}");
    let useless = format!("what a key or a phone still holds of {two} is of no use");
    assert!(run.stderr.contains(&useless), "{run:?}");
}

#[test]
fn an_administrator_sees_a_virtual_device_go() {
    let place = Place::new();
    let serial = place.aws.add_virtual_for("root", "phone");
    let _ = place.aws.add_virtual_for("root", "other");
    place.then(&place.aws, &[("ListVirtualMFADevices", 1, remove(&serial))]);
    let run = place.run_as(&place.aws.admin(), &format!("root remove --every 1 {serial}"));
    assert_eq!((run.code, &*run.stdout), (0, &*format!("{serial}\n")), "{run:?}");
}

#[test]
fn to_an_administrator_the_last_security_key_shows_by_the_flag() {
    let (place, [only]) = with_keys(["only"]);
    place.then(&place.aws, &[("ListVirtualMFADevices", 2, remove(&only))]);
    let account = place.aws.account();
    let line = format!("root remove --every 1 {only} --without-mfa {account}");
    let run = place.run_as(&place.aws.admin(), &line);
    assert_eq!((run.code, &*run.stdout), (0, &*format!("{only}\n")), "{run:?}");
    assert!(
        run.stderr.contains("  gone      root has no MFA any more (AccountMFAEnabled went from 1 to 0)"),
        "{run:?}"
    );
    let warned = format!(
        "glasskey: warning: {only} is the last factor of root's that shows here; security keys do not show to an \
         administrator\n"
    );
    assert!(run.stderr.contains(&warned), "{run:?}");
}

#[test]
fn to_an_administrator_another_security_key_is_counted_and_asked_for() {
    let (place, [old, _]) = with_keys(["old", "new"]);
    let _ = place.aws.add_virtual_for("root", "phone");
    let admin = place.aws.admin();
    // With nobody there it would not be seen.
    let nobody = place.run_as(&admin, &format!("root remove {old}"));
    assert_eq!(nobody.code, 5, "{nobody:?}");
    let why = "glasskey: error: it would not be seen that the devices are gone, and nobody can be asked\n";
    assert!(nobody.stderr.contains(why) && !nobody.stderr.contains("In the console"), "{nobody:?}");
    place.then(&place.aws, &[("ListVirtualMFADevices", 1, remove(&old))]);
    let mut person = at_terminal(&place, &admin, &format!("{old} --json"));
    person.sees(&format!("Has the console removed {old}? [y/N] ")).types("y");
    let (_, run) = person.end();
    let json = run.json();
    is_documented(&json);
    assert_eq!((run.code, &json["said"][0]), (0, &old.into()), "{run:?}");
    assert!(run.stderr.contains("  counted   one MFA device fewer is in use in this account"), "{run:?}");
    assert!(run.stderr.contains("what you said has not been seen"), "{run:?}");
}

#[test]
fn what_stays_is_said_in_time() {
    let (place, [one, two, _]) = with_keys(["one", "two", "stays"]);
    let run = as_root(&place, &format!("{one} --timeout 1"));
    let end = format!(
        "glasskey: error: root still has {one}, as far as shows after 1 s\n\
         glasskey: hint: if the console says that it is removed, `glasskey root audit` shows what root has now\n\
         glasskey: hint: --timeout SECONDS waits longer; the same command begins again\n"
    );
    assert!(run.code == 3 && run.stderr.ends_with(&end), "{run:?}");
    place.then(&place.aws, &[("ListMFADevices", 1, remove(&one))]);
    let run = as_root(&place, &format!("{one} {two} --timeout 1"));
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.contains(&format!("glasskey: removed before this: {one}\n")), "{run:?}");
    assert!(run.stderr.contains(&format!("root still has {two}, as far as shows")), "{run:?}");
}

#[test]
fn ctrl_c_ends_the_watch() {
    for (goes, code) in [(false, 130), (true, 4)] {
        let (place, [one, two, _]) = with_keys(["one", "two", "stays"]);
        if goes {
            place.then(&place.aws, &[("ListMFADevices", 1, remove(&one))]);
        }
        let line = format!("root remove --every 1 {one} {two}");
        let mut person = Typist::start_talking(&place.at_terminal(Some(&place.aws.root_session()), &line));
        person.sees(": 0:01").interrupts();
        let (_, run) = person.end();
        assert_eq!(run.code, code, "{run:?}");
    }
}

#[test]
fn killed_it_leaves_nothing_unfinished() {
    let (place, [one, _]) = with_keys(["one", "stays"]);
    let mut command = place.command(Some(&place.aws.root_session()), &format!("root remove --every 1 {one}"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("to go")));
    child.kill().unwrap();
    child.wait().unwrap();
    place.run_as(&place.aws.admin(), "recover").is(0, "nothing to recover\n", "");
}

#[test]
fn credentials_that_end_midway_leave_the_persons_word() {
    for (answer, code) in [("y", 0), ("n", 3)] {
        let (place, [one, _]) = with_keys(["one", "stays"]);
        place.aws.fail(Fault { nth: 2, times: 100, ..Fault::next("ListMFADevices", Wrong::Expire) });
        let mut person = at_terminal(&place, &place.aws.root_session(), &one);
        person.sees(&format!("Has the console removed {one}? [y/N] ")).types(answer);
        let (_, run) = person.end();
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.contains("root cannot be seen any more: the AWS credentials have expired"), "{run:?}");
        let end = format!(
            "glasskey: error: the console did not remove {one}, as you said\nglasskey: hint: the same command begins again\n"
        );
        assert!(if code == 0 { run.stdout == format!("{one}, as you said\n") } else { run.stderr.ends_with(&end) });
    }
}

#[test]
fn nobody_looks_where_nobody_is_to() {
    let (place, [one, _]) = with_keys(["one", "stays"]);
    let nobody = as_root(&place, &format!("{one} --no-watch"));
    assert_eq!(nobody.code, 5, "{nobody:?}");
    let mut person = at_terminal(&place, &place.aws.root_session(), &format!("{one} --no-watch"));
    person.sees(&format!("Has the console removed {one}? [y/N] ")).types("y");
    assert_eq!(person.end().1.stdout, format!("{one}, as you said\n"));
    let elsewhere = as_root(&place, &format!("{one} --no-watch --account 111122223333"));
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
}

#[test]
fn the_last_factor_is_named() {
    let (place, [only]) = with_keys(["only"]);
    let account = place.aws.account();
    let refused = as_root(&place, &only);
    let end = format!(
        "glasskey: error: root of account {account} would be left without MFA; nothing was changed\n\
         glasskey: {only} is root's last factor: without it the password alone signs in\n\
         glasskey: hint: give it another factor first: `glasskey root enroll`\n\
         glasskey: hint: --without-mfa {account} says that this is meant\n"
    );
    assert!(refused.code == 3 && refused.stderr.ends_with(&end), "{refused:?}");
    place.then(&place.aws, &[("ListMFADevices", 2, remove(&only))]);
    let meant = as_root(&place, &format!("{only} --without-mfa {account}"));
    assert_eq!(meant.code, 0, "{meant:?}");
    let warning =
        format!("glasskey: warning: {only} is root's last factor: without it the password alone signs in\n");
    assert!(meant.stderr.contains(&warning), "{meant:?}");
}

#[test]
fn what_was_not_meant_is_said() {
    let (place, [one, two, _]) = with_keys(["one", "two", "stays"]);
    let when = [
        ("ListMFADevices", 1, remove(&two)),
        ("ListMFADevices", 2, AtConsole::Add("virtual:new".to_owned())),
        ("ListMFADevices", 3, remove(&one)),
    ];
    place.then(&place.aws, &when);
    let run = as_root(&place, &one);
    assert_eq!((run.code, &*run.stdout), (0, &*format!("{one}\n")), "{run:?}");
    assert!(run.stderr.contains(&format!("glasskey: warning: a device of root's is gone: {two}\n")), "{run:?}");
    assert!(run.stderr.contains("glasskey: warning: another device has appeared: "), "{run:?}");
}

/// Whatever fails: what is called gone is gone, and nothing is called gone that is there.
#[test]
fn every_call_may_fail() {
    let calls = [("GetCallerIdentity", 1), ("ListMFADevices", 1), ("GetAccountSummary", 1), ("ListMFADevices", 2)];
    let mut cases = Vec::new();
    for (action, nth) in calls {
        for wrong in ways() {
            for goes in [true, false] {
                cases.push((goes, Fault::nth(action, nth, wrong.clone())));
            }
        }
    }
    for nth in 1..=4 {
        cases.push((true, Fault { action: None, nth, times: 999, what: server_error() }));
    }
    let endings = side_by_side(12, cases, |(goes, fault)| {
        let (place, [one, _]) = with_keys(["one", "stays"]);
        place.aws.fail(fault.clone());
        if goes {
            place.then(&place.aws, &[("GetAccountSummary", 1, remove(&one))]);
        }
        let run = as_root(&place, &format!("{one} --timeout 1"));
        let gone = place.aws.devices().iter().all(|device| device.arn != one);
        match run.code {
            0 => assert!(gone && run.stdout == format!("{one}\n"), "{fault:?}: {run:?}"),
            3 => assert!(run.stdout.is_empty() && run.stderr.contains("glasskey: error: "), "{fault:?}: {run:?}"),
            _ => panic!("{fault:?}: {run:?}"),
        }
        if run.code == 0 { "gone" } else { "not seen" }
    });
    tally("root remove, each AWS call", &endings);
}
