//! `root enroll --totp --phone`: a phone beside keys, or alone. It proves itself by a code that is typed.

use super::place::Place;
use super::totp::{PROMPT, made, on_screen};
use crate::cli::json::is_documented;
use crate::support::blows::{side_by_side, tally, ways};
use crate::support::{Run, Typist, run};
use glasskey::secret::Seed;
use glasskey::sim::aws::{Fault, Keys, TwoCodes, Wrong};
use glasskey::sim::oath_card::{self, On, What, When};
use glasskey::totp::{self, AWS, Step};
use std::time::Duration;

const ALONE: &str = "root enroll --totp --phone --every 1";
const WITH_A_KEY: &str = "root enroll --totp --phone --every 1 --key 12345678";
const ASKS: &str = "Code the app shows now (empty to give up): ";
const SCREEN_OFF: &str = "\u{1b}[2J\u{1b}[H\u{1b}[?1049l";
const IT_HAS: &str = "a phone that scanned a QR code of this device still shows its codes: remove the entry there, \
                      unless the console has taken them\n";

/// Two codes that the phone shows one after the other, the later one now.
fn codes(place: &Place, secret: &str) -> [String; 2] {
    let seed = Seed::from_base32(secret.as_bytes()).unwrap();
    let step = Step::at(place.aws.clock().now(), AWS.period);
    [step.previous(), step].map(|step| totp::code(&seed, AWS, step).expose().to_owned())
}

fn code(place: &Place, secret: &str) -> String {
    let [_, now] = codes(place, secret);
    now
}

fn start(place: &Place, keys: Option<&Keys>, line: &str) -> Typist {
    Typist::start(&place.at_terminal(keys, line))
}

/// A place, the device's serial number and secret, and somebody who has given the secret and is asked for the phone's code.
fn at_the_phone(line: &str) -> (Place, String, String, Typist) {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut person = start(&place, Some(&place.aws.admin()), line);
    person.sees(PROMPT).types(&secret);
    person.sees(ASKS);
    (place, serial, secret, person)
}

/// As [`at_the_phone`], when the phone has proved itself and codes are shown: those too.
fn at_the_codes(line: &str) -> (Place, TwoCodes, Typist) {
    let (place, serial, secret, mut person) = at_the_phone(line);
    person.types(&code(&place, &secret));
    let codes = on_screen(&mut person);
    (place, TwoCodes { serial, codes }, person)
}

#[test]
fn a_phone_alone_is_proved_before_codes_are_shown() {
    let (place, serial, secret, mut person) = at_the_phone(&format!("{ALONE} --json"));
    person.types("000000").sees("That is not its code. ").sees(ASKS).types(&code(&place, &secret)).sees(SCREEN_OFF);
    assert!(!person.seen().contains("MFA code 1"), "the phone comes first");
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes: codes.clone() }).unwrap();
    let (terminal, run) = person.end();
    assert_eq!((run.code, place.credentials(), place.unfinished()), (0, 0, 0), "{run:?}");
    let (shown, after) = terminal.split_once(SCREEN_OFF).unwrap();
    assert!(shown.contains('â') && !after.contains('â'), "the picture is gone when codes are shown");
    assert!(!terminal.contains(&secret));
    let json = run.never_says(&[&secret, &codes[0], &codes[1]]).json();
    is_documented(&json);
    let one = &json["registered"][0];
    assert_eq!((&one["phone"], one["keys"].as_array().unwrap().len()), (&true.into(), 0), "{json}");
    assert_eq!((one["serial"].as_str(), one["evidence"].as_str()), (Some(&*serial), Some("seen")));
    assert!(run.stderr.contains("  phone     has it, its code matches\n"), "{run:?}");
    let alone = "glasskey: the phone alone holds it; losing it locks root out unless root has another factor\n";
    assert!(run.stderr.contains(alone), "{run:?}");
    assert!((0..=1).contains(&place.aws.devices()[0].offset_steps));
}

#[test]
fn a_phone_beside_a_key_and_by_the_other_name() {
    let (place, form, person) = at_the_codes(&WITH_A_KEY.replace("--phone", "--qr --json"));
    place.aws.confirm_for_root(&form).unwrap();
    let (_, run) = person.end();
    assert_eq!((run.code, place.credentials(), place.unfinished()), (0, 1, 0), "{run:?}");
    let one = run.json()["registered"][0].clone();
    assert_eq!((&one["phone"], &one["keys"][0]), (&true.into(), &12_345_678.into()), "{one}");
    assert!(run.stderr.contains("  phone     has it") && !run.stderr.contains("alone holds it"), "{run:?}");
}

#[test]
fn without_credentials_the_persons_word_ends_it() {
    let place = Place::new();
    let (_, secret) = made(&place);
    let mut person = start(&place, None, &format!("{ALONE} --account {}", place.aws.account()));
    person.sees(PROMPT).types(&secret);
    person.sees(ASKS).types(&code(&place, &secret));
    let _ = on_screen(&mut person);
    person.types("");
    person.sees("\"root-account-mfa-device\" was added? [y/N] ").types("y");
    let (_, run) = person.end();
    run.never_says(&[&secret]);
    assert_eq!((run.code, &*run.stdout), (0, "\"root-account-mfa-device\", as you said\n"), "{run:?}");
    assert_eq!((place.aws.calls().len(), place.unfinished()), (0, 0));
}

#[test]
fn the_secret_comes_from_standard_input_too() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let command = place.at_terminal(Some(&place.aws.root_session()), ALONE);
    let mut person = Typist::start_talking_with_stdin(&command, format!("{secret}\n").as_bytes());
    person.sees(ASKS).types(&code(&place, &secret));
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    assert_eq!(person.end().1.code, 0);
}

#[test]
fn nothing_is_named_that_is_to_hold_it() {
    let place = Place::new();
    let none = place.run_as(&place.aws.admin(), "root enroll --totp");
    none.is(
        2,
        "",
        "glasskey: error: nothing is named that is to hold the secret\n\
         glasskey: hint: name a key with --key SERIAL (`glasskey keys` lists them), or say --phone, for an \
         authenticator app; or both\n",
    );
    let security_keys = place.run_as(&place.aws.admin(), "root enroll");
    security_keys.is(
        2,
        "",
        "glasskey: error: no key is named\n\
         glasskey: hint: name both: --key ONE --key OTHER (`glasskey fido list` shows them); --totp --phone is for \
         codes on a phone\n",
    );
    for (line, why) in
        [("root enroll --phone --key 12345678", "--totp"), ("root enroll --totp --phone --touch", "--key")]
    {
        let refused = place.run_as(&place.aws.admin(), line);
        assert!(refused.code == 2 && refused.stderr.contains(why), "{line}: {refused:?}");
    }
    assert!(place.aws.calls().is_empty());
}

#[test]
fn a_phone_needs_a_person() {
    let place = Place::new();
    let sentence = "glasskey: error: --phone needs a terminal: the QR code is shown there, and the phone's code is typed\n\
                    glasskey: hint: run the command on a terminal, without --no-input; or leave out --phone\n";
    let admin = place.aws.admin();
    let held: [fn(&Place, &Keys, &str) -> Run; 2] = [
        |place, keys, line| run(&mut place.command(Some(keys), &format!("{line} --json"))),
        |place, keys, line| start(place, Some(keys), &format!("{line} --no-input --json")).end().1,
    ];
    for run in held {
        for line in [ALONE, WITH_A_KEY] {
            let refused = run(&place, &admin, line);
            assert_eq!((refused.code, &*refused.stderr), (5, sentence), "{line}");
            assert_eq!(refused.json()["type"], "error");
        }
    }
    assert_eq!((place.aws.calls().len(), place.unfinished(), place.credentials()), (0, 0, 0));
}

#[test]
fn new_codes_are_shown_when_the_first_are_too_old() {
    for line in [ALONE, WITH_A_KEY] {
        let (place, mut form, mut person) = at_the_codes(line);
        // AWS's clock, by which the codes are computed, is told by its next answer.
        place.aws.clock().advance(Duration::from_secs(90));
        let first = form.codes.clone();
        while form.codes == first {
            form.codes = on_screen(&mut person);
        }
        place.aws.confirm_for_root(&form).unwrap();
        assert_eq!(person.end().1.code, 0, "{line}");
        assert!((0..=1).contains(&place.aws.devices()[0].offset_steps), "{line}");
    }
}

#[test]
fn a_phone_that_proves_nothing_ends_it_and_nothing_is_kept_unsaid() {
    // Alone there is nothing to take back.
    for wrong in [&[""][..], &["000000", "000000", "000000"]] {
        let (place, _, _, mut person) = at_the_phone(ALONE);
        for (nth, typed) in wrong.iter().enumerate() {
            if nth > 0 {
                person.sees(ASKS);
            }
            person.types(typed);
        }
        let (_, run) = person.end();
        assert_eq!((run.code, place.unfinished()), (3, 0), "{run:?}");
        let end = format!(
            "glasskey: error: no right code from the phone was typed in\n\
             glasskey: hint: scan the QR code with an authenticator app, then type the code it shows; the phone's clock \
             must be right\n\
             glasskey: hint: without AWS credentials the codes are by this computer's clock: that must be right too\n\
             glasskey: hint: in the console, cancel the device that was being made\n\
             glasskey: what had been done was undone again; nothing was left behind\n\
             glasskey: {IT_HAS}"
        );
        assert!(run.stderr.ends_with(&end), "{run:?}");
    }
    // Whether the key's credential goes is the person's to say: the phone may have been used without a proof.
    for (answer, code, left) in [("y", 3, 0), ("n", 4, 1)] {
        let (place, _, _, mut person) = at_the_phone(WITH_A_KEY);
        person.types("").sees("again? Only if the console has not taken the codes. [y/N] ").types(answer);
        let (_, run) = person.end();
        assert_eq!((run.code, place.credentials(), place.unfinished()), (code, left, left), "{run:?}");
        if left == 1 {
            assert!(
                run.stderr.contains("kept: the credential") && run.stderr.contains("kept: the entry on the phone")
            );
            let undone = place.run_as(&place.aws.admin(), "recover --undo --no-input");
            assert_eq!((undone.code, place.credentials(), place.unfinished()), (0, 0, 0), "{undone:?}");
            assert!(undone.stdout.ends_with(IT_HAS), "{undone:?}");
        } else {
            assert!(run.stderr.ends_with(IT_HAS), "{run:?}");
        }
    }
}

#[test]
fn interrupted_before_the_phone_has_it() {
    let (place, _, _, mut person) = at_the_phone(ALONE);
    person.interrupts();
    let (terminal, run) = person.end();
    assert!(terminal.ends_with(SCREEN_OFF), "the picture is erased: {terminal:?}");
    assert_eq!((run.code, place.unfinished()), (130, 0), "{run:?}");
    let (place, _, _, mut person) = at_the_phone(WITH_A_KEY);
    person.interrupts();
    person.sees("[y/N] ").types("y");
    assert_eq!((person.end().1.code, place.credentials(), place.unfinished()), (130, 0, 0));
}

#[test]
fn a_phone_that_was_used_without_its_proof_is_seen() {
    for line in [ALONE, WITH_A_KEY] {
        let (place, serial, secret, mut person) = at_the_phone(line);
        place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes: codes(&place, &secret) }).unwrap();
        person.types("");
        let (_, run) = person.end();
        assert_eq!((run.code, place.unfinished()), (4, 1), "{run:?}");
        assert!(run.stderr.contains(&format!("  seen      {serial}\n")), "{run:?}");
        assert!(
            run.stderr.contains("kept: the entry on the phone, since it may be root's factor by now\n"),
            "{run:?}"
        );
        let undone = place.run_as(&place.aws.admin(), "recover --undo --no-input");
        assert_eq!((undone.code, place.unfinished()), (4, 1), "{undone:?}");
        let recovered = place.run_as(&place.aws.admin(), "recover --yes --no-input");
        assert_eq!((recovered.code, place.unfinished()), (0, 0), "{recovered:?}");
        assert!(recovered.stdout.starts_with("complete already: root "), "{recovered:?}");
        assert_eq!(place.credentials(), usize::from(line == WITH_A_KEY));
    }
}

#[test]
fn given_up_while_codes_are_shown() {
    let question = "Did the console take no codes, so that nothing is to be recovered? [y/N] ";
    for (answer, code, left) in [("y", 130, 0), ("n", 4, 1)] {
        let (place, _, mut person) = at_the_codes(ALONE);
        person.interrupts();
        person.sees(question).types(answer);
        let (_, run) = person.end();
        assert_eq!((run.code, place.unfinished()), (code, left), "{run:?}");
        if left == 0 {
            assert!(run.stderr.ends_with(IT_HAS), "{run:?}");
            continue;
        }
        let stays = "glasskey: hint: `glasskey recover` looks at what is left, and settles it\n\
                     glasskey: kept: the entry on the phone, since it may be root's factor by now\n";
        assert!(run.stderr.ends_with(stays), "{run:?}");
        // A further enrollment waits for it.
        let again = start(&place, Some(&place.aws.admin()), ALONE).end().1;
        assert!(again.code == 3 && again.stderr.contains("glasskey recover"), "{again:?}");
        recovered_as_told(&place);
    }
}

/// The phone may have it, and IAM lists no device.
fn recovered_as_told(place: &Place) {
    let mut blind = place.command(None, "recover --yes --no-input");
    let left = run(&mut blind);
    assert_eq!((left.code, place.unfinished()), (4, 1), "{left:?}");
    assert!(left.stdout.contains("a phone may hold root's factor. --undo and --forget end this"), "{left:?}");
    assert!(left.stderr.contains("  phone     may hold it\n"), "{left:?}");
    let nobody = run(&mut place.command(None, "recover --no-input"));
    assert_eq!((nobody.code, place.unfinished()), (4, 1), "{nobody:?}");
    let settled = place.run_as(&place.aws.admin(), "recover --yes --no-input");
    assert_eq!((settled.code, place.unfinished()), (0, 0), "{settled:?}");
    assert!(settled.stdout.starts_with("nothing was left of ") && settled.stdout.ends_with(IT_HAS), "{settled:?}");
}

#[test]
fn killed_wherever_a_person_is_waited_for() {
    let place = Place::new();
    let mut person = start(&place, Some(&place.aws.admin()), ALONE);
    person.sees(PROMPT);
    person.dies();
    place.run_as(&place.aws.admin(), "recover").is(0, "nothing to recover\n", "");

    for line in [ALONE, WITH_A_KEY] {
        let (place, _, _, person) = at_the_phone(line);
        person.dies();
        is_recovered(&place, line);
        let (place, _, person) = at_the_codes(line);
        person.dies();
        is_recovered(&place, line);
        // The console had taken them.
        let (place, form, person) = at_the_codes(line);
        person.dies();
        place.aws.confirm_for_root(&form).unwrap();
        let complete = place.run_as(&place.aws.root_session(), "recover --yes --no-input");
        assert_eq!((complete.code, place.unfinished()), (0, 0), "{complete:?}");
        assert!(complete.stdout.starts_with("complete already: root "), "{complete:?}");
        assert_eq!(place.credentials(), usize::from(line == WITH_A_KEY));
    }
}

/// No device of root's is there. What is on a key goes at a person's word alone.
fn is_recovered(place: &Place, line: &str) {
    assert_eq!(place.unfinished(), 1);
    if line == ALONE {
        return recovered_as_told(place);
    }
    let left = place.run_as(&place.aws.admin(), "recover --yes --no-input");
    assert_eq!((left.code, place.credentials(), place.unfinished()), (4, 1, 1), "{left:?}");
    let undone = place.run_as(&place.aws.admin(), "recover --undo --no-input");
    assert_eq!((undone.code, place.credentials(), place.unfinished()), (0, 0, 0), "{undone:?}");
}

/// The look that would show the device, in every way; and the console has taken the codes.
#[test]
fn what_aws_does_not_show_is_asked() {
    let endings = side_by_side(7, ways().to_vec(), |wrong| {
        let place = Place::new();
        place.aws.fail(Fault {
            times: if is_lasting(&wrong) { 100 } else { 1 },
            nth: 2,
            ..Fault::next("ListMFADevices", wrong.clone())
        });
        let (serial, secret) = made(&place);
        let mut person = start(&place, Some(&place.aws.root_session()), ALONE);
        person.sees(PROMPT).types(&secret);
        person.sees(ASKS).types(&code(&place, &secret));
        let codes = on_screen(&mut person);
        place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
        if is_lasting(&wrong) {
            // Shown again once root cannot be seen any more.
            let _ = on_screen(&mut person);
            person.types("").sees("\"root-account-mfa-device\" was added? [y/N] ").types("y");
        }
        let (_, run) = person.end();
        let out = if is_lasting(&wrong) { "\"root-account-mfa-device\", as you said" } else { &serial };
        assert_eq!((run.code, run.stdout.trim_end(), place.unfinished()), (0, out, 0), "{wrong:?}: {run:?}");
        assert_eq!(run.stderr.contains("root cannot be seen any more"), is_lasting(&wrong), "{wrong:?}: {run:?}");
        if is_lasting(&wrong) { "said" } else { "seen" }
    });
    tally("a phone alone, the look that shows the device", &endings);
}

/// No second try helps.
fn is_lasting(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::Deny | Wrong::Expire)
}

#[test]
fn a_wrong_clock_is_found_by_the_phone_or_does_not_matter() {
    // AWS's clock, and the phone's, is the one that is moved.
    for offset in [-120, 120] {
        let place = Place::new();
        place.aws.clock().set_offset_seconds(offset);
        let (_, secret) = made(&place);
        let mut person = start(&place, None, &format!("{ALONE} --account {}", place.aws.account()));
        person.sees(PROMPT).types(&secret);
        person.sees(ASKS).types(&code(&place, &secret)).sees("That is not its code. ").types("");
        let (_, run) = person.end();
        assert_eq!((run.code, place.unfinished()), (3, 0), "{run:?}");
        assert!(run.stderr.contains("the codes are by this computer's clock: that must be right too"), "{run:?}");
        // With credentials AWS's time is known.
        let (serial, secret) = place.aws.new_virtual_for_root("other").unwrap();
        let mut person = start(&place, Some(&place.aws.admin()), &format!("{ALONE} --device-name other"));
        person.sees(PROMPT).types(&secret);
        person.sees(ASKS).types(&code(&place, &secret));
        let codes = on_screen(&mut person);
        place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
        assert_eq!(person.end().1.code, 0);
    }
}

#[test]
fn the_key_that_fails_first_leaves_no_phone_to_speak_of() {
    let place = Place::new();
    let (_, secret) = made(&place);
    place.cards.key(0).fault(oath_card::Fault { on: On::Ins(0x01), when: When::Before, what: What::Sw(0x6F00) });
    let mut person = start(&place, Some(&place.aws.admin()), WITH_A_KEY);
    person.sees(PROMPT).types(&secret);
    let (terminal, run) = person.end();
    assert_eq!((run.code, place.credentials(), place.unfinished()), (3, 0, 0), "{run:?}");
    assert!(!terminal.contains(ASKS) && !run.stderr.contains("phone that scanned"), "{run:?}");
}
