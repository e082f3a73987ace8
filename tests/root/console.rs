//! Root at the simulated console: what only it can do, through the control path as well.

use super::place::Place;
use glasskey::secret::Seed;
use glasskey::sim::aws::{AtConsole, Aws, TwoCodes};
use glasskey::sim::clock::SimClock;
use glasskey::totp::{self, AWS, Step};
use serde_json::json;

/// The codes of a secret for the step before now, and for now.
fn codes(aws: &Aws, secret: &str) -> [String; 2] {
    let seed = Seed::from_base32(secret.as_bytes()).unwrap();
    let step = Step::at(aws.clock().now(), AWS.period);
    [step.previous(), step].map(|step| totp::code(&seed, AWS, step).expose().to_owned())
}

#[test]
fn a_virtual_device_is_roots_once_two_codes_confirm_it() {
    let aws = Aws::new(SimClock::host());
    let made = aws.at_console(&AtConsole::NewVirtual("phone".to_owned())).unwrap();
    let (serial, secret) = (made["serial"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned());
    assert_eq!(aws.devices()[0].user, None);
    let form = |codes| TwoCodes { serial: serial.clone(), codes };
    let right = codes(&aws, &secret);
    let [first, second] = right.clone();
    assert!(aws.at_console(&AtConsole::Confirm(form([second, first]))).is_err());
    aws.at_console(&AtConsole::Confirm(form(right.clone()))).unwrap();
    assert_eq!(aws.devices()[0].user.as_deref(), Some("root"));
    // Not again, and the same codes resynchronise nothing.
    assert!(aws.at_console(&AtConsole::Confirm(form(right.clone()))).is_err());
    assert!(aws.at_console(&AtConsole::Resync(form(right))).is_err());
    aws.clock().advance(std::time::Duration::from_secs(60));
    aws.at_console(&AtConsole::Resync(form(codes(&aws, &secret)))).unwrap();
    aws.at_console(&AtConsole::Remove(serial)).unwrap();
    assert!(aws.devices().is_empty());
}

#[test]
fn devices_are_added_one_by_one_up_to_eight() {
    let aws = Aws::new(SimClock::host());
    for nth in 0..8 {
        aws.at_console(&AtConsole::Add(format!("fido:key{nth}"))).unwrap();
    }
    assert_eq!(aws.devices().len(), 8);
    assert!(aws.at_console(&AtConsole::Add("fido:ninth".to_owned())).is_err());
    assert!(aws.at_console(&AtConsole::Remove("arn:aws:iam::1:u2f/root/x".to_owned())).is_err());
}

#[test]
fn the_control_path_signs_root_in() {
    let place = Place::new();
    let session = aws_login(&place);
    let caller = place.run_as(&session, "root login-check --json").json();
    assert_eq!(caller["root"], json!(true));
}

/// As a person who rehearses does it: with curl.
fn aws_login(place: &Place) -> glasskey::sim::aws::Keys {
    let answer = place.control("console", &json!("login"));
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    glasskey::sim::aws::Keys {
        access_key_id: text("AWS_ACCESS_KEY_ID"),
        secret_access_key: text("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(text("AWS_SESSION_TOKEN")),
    }
}
