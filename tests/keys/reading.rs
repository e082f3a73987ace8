//! What the Management and OATH applets say, and the product's name, which is ykman's.

use super::{key, put};
use glasskey::keys::{self, Applications, Device, Error, FormFactor, OathState, Pcsc, Serial};
use glasskey::oath::{Session, Version};
use glasskey::secret::Password;
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, SoftPorts, What, When};
use glasskey::transport::{self, Card, Ports, Response};
use zeroize::Zeroizing;

fn read(options: Options) -> Pcsc {
    keys::open(&SoftPorts(vec![SoftKey::new(options)]), None).unwrap().0
}

#[test]
fn everything_a_key_says() {
    let options = Options {
        config_locked: true,
        usb: Applications(Applications::OATH.0 | Applications::PIV.0),
        nfc: Some(Applications::FIDO2),
        ..Options::new(31_337_042)
    };
    assert_eq!(
        read(options),
        Pcsc {
            reader: "Yubico YubiKey OTP+FIDO+CCID (31337042)".to_owned(),
            device: Device {
                serial: Some(Serial(31_337_042)),
                model: "YubiKey 5C NFC".to_owned(),
                firmware: Version(5, 7, 1),
                form_factor: FormFactor::UsbCKeychain,
                usb: Applications(0x30),
                nfc: Applications(0x200),
                fips: false,
                config_locked: true,
            },
            oath: OathState::Open { used: 0, capacity: 64, touch: 0 },
        }
    );
}

#[test]
fn the_state_of_the_oath_applet() {
    let state = |soft: &SoftKey| keys::open(&SoftPorts(vec![soft.clone()]), None).unwrap().0.oath;
    let soft = key(1);
    let mut session = Session::open(soft.card()).unwrap();
    put(&mut session, "a", true);
    put(&mut session, "b", false);
    put(&mut session, "c", true);
    assert_eq!(state(&soft), OathState::Open { used: 3, capacity: 64, touch: 2 });
    session.set_password(&Password::new("p".to_owned())).unwrap();
    assert_eq!(state(&soft), OathState::Locked { capacity: 64 });
    let disabled = SoftKey::new(Options { usb: Applications::PIV, ..Options::new(1) });
    assert_eq!(state(&disabled), OathState::Absent);
    let old = SoftKey::new(Options::new(1).firmware(5, 4, 3));
    assert_eq!(state(&old), OathState::Open { used: 0, capacity: 32, touch: 0 });
}

#[test]
fn applications_have_names() {
    assert_eq!(
        Applications::ALL.names().collect::<Vec<_>>(),
        ["OTP", "FIDO U2F", "OpenPGP", "PIV", "OATH", "YubiHSM Auth", "FIDO2"]
    );
    assert_eq!(Applications(0x0204).names().collect::<Vec<_>>(), ["FIDO2"]);
    assert!(Applications::ALL.contains(Applications::OATH) && !Applications::PIV.contains(Applications::OATH));
}

/// Shape, firmware, NFC, and what changes from a plain key.
fn model(form_factor: FormFactor, firmware: Version, nfc: bool, change: impl FnOnce(&mut Options)) -> String {
    let nfc = nfc.then_some(Applications::ALL);
    let mut options = Options { form_factor, firmware, nfc, ..Options::new(1) };
    change(&mut options);
    read(options).device.model
}

#[test]
fn models_are_named_as_ykman_names_them() {
    use FormFactor::*;
    let plain = |form_factor, firmware, nfc| model(form_factor, firmware, nfc, |_| ());
    let now = Version(5, 7, 1);
    assert_eq!(plain(UsbAKeychain, now, true), "YubiKey 5 NFC");
    assert_eq!(plain(UsbAKeychain, now, false), "YubiKey 5A");
    assert_eq!(plain(UsbANano, now, false), "YubiKey 5 Nano");
    assert_eq!(plain(UsbANano, now, true), "YubiKey 5 Nano", "there is no antenna in it");
    assert_eq!(plain(UsbCKeychain, now, true), "YubiKey 5C NFC");
    assert_eq!(plain(UsbCKeychain, now, false), "YubiKey 5C");
    assert_eq!(plain(UsbCKeychain, Version(5, 1, 2), true), "YubiKey 5C", "nor in these");
    assert_eq!(plain(UsbCNano, now, false), "YubiKey 5C Nano");
    assert_eq!(plain(UsbCLightning, now, false), "YubiKey 5Ci");
    assert_eq!(plain(UsbABio, now, false), "YubiKey Bio - Multi-protocol Edition");
    assert_eq!(plain(UsbCBio, now, false), "YubiKey C Bio - Multi-protocol Edition");
    assert_eq!(plain(Unknown, now, false), "YubiKey 5");
    assert_eq!(plain(UsbAKeychain, Version(5, 2, 1), true), "YubiKey Preview");
    assert_eq!(plain(UsbAKeychain, Version(4, 3, 5), false), "YubiKey 4");
    assert_eq!(plain(UsbAKeychain, Version(4, 4, 5), false), "YubiKey FIPS (4 Series)");

    let fido = Applications(Applications::U2F.0 | Applications::FIDO2.0);
    let fips = |options: &mut Options| options.fips = true;
    let fido_only = |options: &mut Options| options.supported = fido;
    let security_key = |options: &mut Options| (options.supported, options.security_key) = (fido, true);
    let nameless = |options: &mut Options| (options.supported, options.serial) = (fido, None);
    assert_eq!(model(UsbCNano, Version(5, 4, 3), false, fips), "YubiKey 5C Nano FIPS");
    assert_eq!(model(UsbABio, now, false, fido_only), "YubiKey Bio - FIDO Edition");
    assert_eq!(model(UsbCKeychain, now, true, security_key), "Security Key C NFC - Enterprise Edition");
    assert_eq!(
        model(UsbAKeychain, now, true, |options| (security_key(options), options.serial = None).1),
        "Security Key NFC"
    );
    assert_eq!(model(UsbAKeychain, Version(5, 1, 0), true, nameless), "Security Key NFC");
    assert_eq!(model(UsbAKeychain, Version(5, 1, 0), false, nameless), "Security Key by Yubico");
    let edge = |options: &mut Options| options.supported = Applications(0x03);
    assert_eq!(model(UsbAKeychain, Version(4, 3, 5), false, edge), "YubiKey Edge");
}

#[test]
fn what_old_firmware_reports_wrongly_is_put_right() {
    let quirk = read(Options { nfc: None, ..Options::new(1).firmware(4, 2, 4) });
    assert_eq!((quirk.device.usb, quirk.device.model.as_str()), (Applications(0x3F), "YubiKey 4"));
    let fips = read(Options { nfc: None, ..Options::new(1).firmware(4, 4, 2) });
    assert!(fips.device.fips);
}

/// Answers each command with what the script has for it.
struct Scripted(Vec<(&'static str, &'static str)>);

impl Card for Scripted {
    fn transmit(&mut self, command: &[u8]) -> Result<Response, transport::Error> {
        let asked = data_encoding::HEXUPPER.encode(command);
        let answer = self.0.iter().find(|(command, _)| *command == asked).map_or("6D00", |(_, answer)| answer);
        Response::parse(Zeroizing::new(data_encoding::HEXUPPER.decode(answer.as_bytes()).unwrap()))
    }
}

struct One(Vec<(&'static str, &'static str)>);

impl Ports for One {
    fn readers(&self) -> Result<Vec<String>, transport::Error> {
        Ok(vec!["reader".to_owned()])
    }

    fn open(&self, _: &str) -> Result<Box<dyn Card>, transport::Error> {
        Ok(Box::new(Scripted(self.0.clone())))
    }
}

const MANAGEMENT: &str = "00A4040008A000000527471117";
const PAGE_0: &str = "001D000000";
/// `Virtual mgr - FW version 5.4.3`.
const FW_5_4_3: &str = "5669727475616C206D6772202D2046572076657273696F6E20352E342E339000";

#[test]
fn a_neo_tells_its_serial_through_the_otp_applet() {
    let neo = One(vec![
        (MANAGEMENT, "5669727475616C206D6772202D2046572076657273696F6E20332E342E309000"),
        ("A4040008", "6D00"),
        ("00A4040007A0000005272001", "03040001050000009000"),
        ("0001100000", "003D09009000"),
    ]);
    let (key, _) = keys::open(&neo, None).unwrap();
    assert_eq!((key.device.model.as_str(), key.device.serial), ("YubiKey NEO", Some(Serial(4_000_000))));
    assert_eq!(key.device.usb.names().collect::<Vec<_>>(), ["OTP", "FIDO U2F", "OpenPGP", "PIV", "OATH"]);
    assert_eq!(key.oath, OathState::Absent, "the script has none");
}

#[test]
fn an_edge_says_its_status_word_twice() {
    let selected: &str = "5669727475616C206D6772202D2046572076657273696F6E20342E322E3990009000";
    let edge = One(vec![(MANAGEMENT, selected), (PAGE_0, "0301010390 00".replace(' ', "").leak())]);
    let (key, _) = keys::open(&edge, None).unwrap();
    assert_eq!((key.device.model.as_str(), key.device.firmware), ("YubiKey Edge", Version(4, 2, 9)));
}

#[test]
fn what_is_not_a_yubikey_or_not_a_page() {
    let row = |script: Vec<(&'static str, &'static str)>| keys::list(&One(script)).unwrap().remove(0).key.err();
    assert_eq!(row(vec![]), Some(Error::NotAYubiKey));
    assert_eq!(row(vec![(MANAGEMENT, "9000")]), Some(Error::NotAYubiKey), "no version");
    assert_eq!(row(vec![(MANAGEMENT, FW_5_4_3)]), Some(Error::NotAYubiKey), "no page");
    for page in ["9000", "059000", "0201049000", "03010203049000", "0401030000009000", "0201009000"] {
        assert_eq!(row(vec![(MANAGEMENT, FW_5_4_3), (PAGE_0, page)]), Some(Error::NotAYubiKey), "{page}");
    }
    // A page that always has another after it ends as well.
    struct Endless;
    impl Card for Endless {
        fn transmit(&mut self, command: &[u8]) -> Result<Response, transport::Error> {
            let page = [0x03, 0x10, 0x01, 0x01, 0x90, 0x00].to_vec();
            let selected = data_encoding::HEXUPPER.decode(FW_5_4_3.as_bytes()).unwrap();
            Response::parse(Zeroizing::new(if command[1] == 0x1D { page } else { selected }))
        }
    }
    impl Ports for Endless {
        fn readers(&self) -> Result<Vec<String>, transport::Error> {
            Ok(vec!["reader".to_owned()])
        }
        fn open(&self, _: &str) -> Result<Box<dyn Card>, transport::Error> {
            Ok(Box::new(Self))
        }
    }
    assert_eq!(keys::list(&Endless).unwrap().remove(0).key.err(), Some(Error::NotAYubiKey));
}

#[test]
fn an_oath_applet_that_answers_badly_has_its_row() {
    let soft = key(1);
    let ports = SoftPorts(vec![soft.clone()]);
    // Management: SELECT and two pages; then OATH's SELECT, then CALCULATE ALL.
    soft.fault(Fault { on: On::Nth(5), when: When::Before, what: What::Sw(0x6581) });
    let row = keys::list(&ports).unwrap().remove(0);
    assert!(matches!(row.key, Err(Error::Oath(glasskey::oath::Error::Refused(sw))) if sw.0 == 0x6581));
}
