//! `root enroll --totp`: the console's secret onto the keys, their codes into the console.

use super::place::Place;
use crate::cli::json::is_documented;
use crate::support::{Typist, run};
use glasskey::sim::aws::{Keys, TwoCodes};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) const LINE: &str = "root enroll --totp --key 12345678 --key 12345679 --every 1";
pub(crate) const PROMPT: &str = "Secret key that the console shows (not shown here): ";

/// The two codes on the screen.
pub(crate) fn on_screen(person: &mut Typist) -> [String; 2] {
    person.sees("Ctrl-C gives up");
    let (_, line) = person.seen().rsplit_once("MFA code 1  ").unwrap();
    let line = line.lines().next().unwrap();
    let (first, second) = line.split_once("    MFA code 2  ").unwrap();
    [first, second].map(|code| code.replace(' ', ""))
}

/// A virtual device that the console has made for root, and its secret.
pub(crate) fn made(place: &Place) -> (String, String) {
    let (serial, secret) = place.aws.new_virtual_for_root("root-account-mfa-device").unwrap();
    (serial, secret.to_string())
}

/// The command without a terminal, the secret on file descriptor 3, and the codes from 4 as they come.
pub(super) struct Unattended {
    pub(super) child: Child,
    codes: BufReader<std::fs::File>,
}

impl Unattended {
    pub(super) fn start(place: &Place, keys: &Keys, more: &str, secret: &str) -> Self {
        let home = place.fido.home.path();
        std::fs::write(home.join("secret"), format!("{secret}\n")).unwrap();
        assert!(Command::new("mkfifo").arg(home.join("codes")).status().unwrap().success());
        let command = place.command(Some(keys), &format!("{LINE} --secret-fd 3 --codes-fd 4 {more}"));
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(r#"exec "$0" "$@" 3<secret 4>codes"#).arg(command.get_program()).args(command.get_args());
        shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = shell.spawn().unwrap();
        let codes = BufReader::new(std::fs::File::open(home.join("codes")).unwrap());
        Self { child, codes }
    }

    /// The next pair.
    pub(super) fn codes(&mut self) -> [String; 2] {
        let mut line = String::new();
        self.codes.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        [words[0], words[1]].map(str::to_owned)
    }
}

#[test]
fn the_codes_on_the_screen_confirm_the_device_and_iam_shows_it() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &format!("{LINE} --json")));
    person.sees(PROMPT).types(&secret);
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes: codes.clone() }).unwrap();
    let (terminal, run) = person.end();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!terminal.contains(&secret) && place.credentials() == 2 && place.unfinished() == 0);
    let json = run.never_says(&[&secret, &codes[0], &codes[1]]).json();
    is_documented(&json);
    let one = &json["registered"][0];
    assert_eq!((one["serial"].as_str(), one["evidence"].as_str()), (Some(&*serial), Some("seen")));
    assert_eq!(json["kind"], "virtual");
    assert!(run.stderr.contains("(CIS 2.6, Security Hub IAM.6) stay failed"), "{run:?}");
    assert!(run.stderr.contains(&format!("  seen      {serial}\n")), "{run:?}");
    // The device is in step: the pair was for this step and the next.
    let offset = place.aws.devices()[0].offset_steps;
    assert!((0..=1).contains(&offset), "{offset}");
}

#[test]
fn unattended_the_codes_go_where_they_were_asked_for() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut script = Unattended::start(&place, &place.aws.root_session(), "--json", &secret);
    let codes = script.codes();
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    let done = script.child.wait_with_output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(0), "{stderr}");
    let json = crate::support::schemas::read(&done.stdout);
    is_documented(&json);
    assert_eq!((&json["view"], &json["devices"][0]), (&"root".into(), &serial.into()));
}

#[test]
fn without_credentials_enter_and_the_persons_word_end_it() {
    let place = Place::new();
    let (_, secret) = made(&place);
    let line = format!("{LINE} --account {}", place.aws.account());
    let mut person = Typist::start(&place.at_terminal(None, &line));
    person.sees(PROMPT).types(&secret);
    let _ = on_screen(&mut person);
    person.types("");
    // Not yet: the codes are shown again.
    person.sees("\"root-account-mfa-device\" was added? [y/N] ").types("n");
    let _ = on_screen(&mut person);
    person.types("");
    person.sees("\"root-account-mfa-device\" was added? [y/N] ").types("y");
    let (_, run) = person.end();
    assert_eq!((run.code, &*run.stdout), (0, "\"root-account-mfa-device\", as you said\n"), "{run:?}");
    assert_eq!((place.credentials(), place.unfinished()), (2, 0));
    // The account is in the credential's name: somebody must say it.
    let nameless = Typist::start(&place.at_terminal(None, LINE)).end().1;
    assert!(nameless.code == 2 && nameless.stderr.contains("--account ID names it"), "{nameless:?}");
}

#[test]
fn a_device_under_another_name_is_asked_about_and_its_credentials_can_be_renamed() {
    let place = Place::new();
    let (serial, secret) = place.aws.new_virtual_for_root("my-own-name").unwrap();
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.root_session()), LINE));
    person.sees(PROMPT).types(&secret);
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    person.sees("the device that was to be \"root-account-mfa-device\"? [y/N] ").types("y");
    let (_, run) = person.end();
    assert_eq!((run.code, run.stdout), (0, format!("{serial}\n")), "{}", run.stderr);
    // The command works as it is printed.
    let command = run.stderr.split('`').find(|code| code.starts_with("glasskey oath rename ")).expect("a command");
    let renamed = place.run_as(&place.aws.admin(), &command.replace('"', "")["glasskey ".len()..]);
    let name = format!("AWS:{}/my-own-name", place.aws.account());
    assert_eq!((renamed.code, place.cards.key(0).credentials()), (0, vec![name]), "{command}: {renamed:?}");
}

#[test]
fn a_member_is_enrolled_through_the_audit_task() {
    let (place, member) = Place::organization();
    let (serial, secret) = member.new_virtual_for_root("root-account-mfa-device").unwrap();
    let more = format!("--account {}", member.account());
    let mut script = Unattended::start(&place, &place.aws.admin(), &more, &secret);
    let codes = script.codes();
    member.confirm_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
    let done = script.child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), format!("{serial}\n"));
}

#[test]
fn the_secret_comes_from_a_picture_too() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let account = place.aws.account();
    let uri = format!(
        "otpauth://totp/Amazon%20Web%20Services:root-account-mfa-device@{account}?secret={secret}&issuer=Amazon%20Web%20Services"
    );
    let picture = place.fido.home.path().join("code.png");
    std::fs::write(&picture, crate::cli::oath::adding::picture(&[&uri])).unwrap();
    let line = format!("{LINE} --qr-image {}", picture.display());
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), &line));
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let (_, run) = person.end();
    assert_eq!((run.code, place.credentials()), (0, 2), "{run:?}");
}

#[test]
fn a_mistyped_secret_is_asked_for_again() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), LINE));
    person.sees(PROMPT).types("JBSWY3DPEHPK3PX1").sees(PROMPT).types("JBSWY3DPE").sees(PROMPT).types(&secret);
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let (_, run) = person.end();
    let told = "glasskey: the secret is not base32: character 16 cannot be\n\
                glasskey: the secret is not complete: base32 never has 9 characters, so some are missing or one is too many\n";
    assert!(run.code == 0 && run.stderr.contains(told) && place.credentials() == 2, "{run:?}");

    let place = Place::new();
    let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), LINE));
    for _ in 0..3 {
        person.sees(PROMPT).types("1");
    }
    let (_, run) = person.end();
    assert!(run.code == 2 && run.stderr.contains("glasskey: error: the secret is not base32"), "{run:?}");
    assert_eq!((place.credentials(), place.unfinished()), (0, 0));
}

#[test]
fn of_several_lines_the_person_says_which_is_the_secret() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let input = format!("user: root\n{secret}\n");
    let mut person =
        Typist::start_talking_with_stdin(&place.at_terminal(Some(&place.aws.admin()), LINE), input.as_bytes());
    person.sees("Which line is the secret? [2; Enter: none of them] ").types("2");
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    let (_, run) = person.end();
    assert_eq!((run.code, place.credentials()), (0, 2), "{run:?}");
}

#[test]
fn standard_input_gives_the_secret_and_bad_ones_write_nothing() {
    let place = Place::new();
    let (serial, secret) = made(&place);
    let admin = place.aws.admin();
    let mut person =
        Typist::start_talking_with_stdin(&place.at_terminal(Some(&admin), LINE), format!("{secret}\n").as_bytes());
    let codes = on_screen(&mut person);
    place.aws.confirm_for_root(&TwoCodes { serial, codes }).unwrap();
    assert_eq!(person.end().1.code, 0);

    let place = Place::new();
    let not_png = place.fido.home.path().join("text.png");
    std::fs::write(&not_png, "no picture").unwrap();
    let picture = format!("{LINE} --qr-image {}", not_png.display());
    for (line, stdin, why) in [
        (LINE, "not base32!", "not base32"),
        (LINE, "otpauth://totp/x?secret=MFRGG&digits=8", "that secret is not one of AWS"),
        (LINE, "otpauth://hotp/x?secret=MFRGG&counter=1", "that secret is not one of AWS"),
        (&*picture, "", "not a PNG or JPEG picture"),
    ] {
        let command = place.at_terminal(Some(&place.aws.admin()), line);
        let (_, run) = Typist::start_with_stdin(&command, stdin.as_bytes()).end();
        assert!(run.code == 2 && run.stderr.contains(why), "{line}: {run:?}");
        assert_eq!((place.credentials(), place.unfinished()), (0, 0));
    }
    let empty = place.at_terminal(Some(&place.aws.admin()), LINE);
    assert_eq!(Typist::start_with_stdin(&empty, b"").end().1.code, 5);
    let mut nobody = place.command(Some(&place.aws.admin()), LINE);
    assert_eq!(run(&mut nobody).code, 5);
}
