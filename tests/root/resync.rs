//! `root resync-codes`: two codes that the console's form takes.

use super::place::Place;
use super::totp::on_screen;
use crate::cli::json::is_documented;
use crate::support::Typist;
use glasskey::oath::{Name, New, Session};
use glasskey::secret::Seed;
use glasskey::sim::aws::TwoCodes;
use glasskey::totp::{AWS, Kind};
use serde_json::json;

/// A virtual device of root's whose seed is on the first key; its serial number.
pub(crate) fn held(place: &Place, name: &str) -> String {
    let serial = place.aws.add_virtual_for("root", name);
    let seed = Seed::from_bytes(&place.aws.seed_of(&serial).unwrap()).unwrap();
    let name = Name::from_id(&format!("AWS:{}/{name}", place.aws.account())).unwrap();
    let new = New { name: &name, kind: Kind::Totp, params: AWS, touch: false, seed: &seed };
    Session::open(place.cards.key(0).card()).unwrap().put(&new).unwrap();
    serial
}

#[test]
fn the_codes_on_the_screen_resynchronise_and_the_next_are_later() {
    let place = Place::new();
    let serial = held(&place, "phone");
    let line = "root resync-codes --key 12345678";
    for _ in 0..2 {
        let mut person = Typist::start(&place.at_terminal(Some(&place.aws.admin()), line));
        let codes = on_screen(&mut person);
        // Codes that had been taken before would be refused.
        place.aws.resync_for_root(&TwoCodes { serial: serial.clone(), codes }).unwrap();
        person.types("");
        let (_, run) = person.end();
        assert_eq!((run.code, &*run.stdout), (0, &*format!("{serial}\n")), "{run:?}");
        assert!(run.stderr.contains("this computer's is right"), "{run:?}");
    }
}

#[test]
fn json_hands_over_two_codes_once() {
    let place = Place::new();
    let serial = held(&place, "phone");
    let run = place.run_as(&place.aws.root_session(), "root resync-codes --key 12345678 --json");
    let json = run.json();
    is_documented(&json);
    let codes = [0, 1].map(|nth| json["codes"][nth].as_str().unwrap().to_owned());
    assert!(!run.stderr.contains(&codes[0]) && !run.stderr.contains(&codes[1]));
    place.aws.resync_for_root(&TwoCodes { serial, codes }).unwrap();
    let again = place.run_as(&place.aws.root_session(), "root resync-codes --key 12345678 --json").json();
    assert_ne!(again["codes"], json["codes"]);
    // Without a terminal they are shown to nobody.
    assert_eq!(place.run_as(&place.aws.admin(), "root resync-codes --key 12345678").code, 5);
}

#[test]
fn the_key_must_hold_a_device_of_roots() {
    let place = Place::new();
    let line = "root resync-codes --json --key";
    let none = place.run_as(&place.aws.admin(), &format!("{line} 12345678"));
    assert!(none.code == 3 && none.stderr.contains("holds no such device of root's"), "{none:?}");
    let (one, _two) = (held(&place, "one"), held(&place, "two"));
    let several = place.run_as(&place.aws.admin(), &format!("{line} 12345678"));
    assert!(several.code == 2 && several.stderr.contains("--device NAME names one"), "{several:?}");
    let named = place.run_as(&place.aws.admin(), &format!("{line} 12345678 --device one")).json();
    assert_eq!(named["device"], json!(one));
    let absent = place.run_as(&place.aws.admin(), "root resync-codes --json --key 999");
    assert_eq!(absent.code, 3, "{absent:?}");
}
