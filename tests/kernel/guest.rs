//! What runs on the test kernel. Nothing of the machine around is in sight there but its files.

use super::ports::Plugged;
use crate::hid::probe;
use crate::judges::bench::{Bench, client};
use crate::judges::{binary, clients};
use crate::pcscd::rig::{READER, Rig};
use crate::pcscd::ykman::run_ykman;
use crate::support::fido::write_roots;
use glasskey::fido::hid::HidPorts;
use glasskey::fido::{Error, FidoPorts};
use glasskey::sim::authenticator::Options;
use glasskey::sim::card_server;
use glasskey::sim::oath_card::{self, SoftKey};
use glasskey::transport;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

const SERIAL: u32 = 12_345_678;

fn two() -> Plugged {
    Plugged::new([Options::new(SERIAL), Options::new(SERIAL + 1)])
}

/// What sysfs says of a node.
fn uevent(node: &str) -> String {
    let name = Path::new(node).file_name().unwrap().to_str().unwrap();
    fs::read_to_string(format!("/sys/class/hidraw/{name}/device/uevent")).unwrap()
}

/// INIT on the broadcast channel with a nonce, as a report.
fn init() -> [u8; 64] {
    let mut report = [0; 64];
    report[..15].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    report
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_kernel_makes_a_node_of_a_key_and_takes_it_away() {
    let keys = two();
    assert_ne!(keys.node(0), keys.node(1));
    for node in [keys.node(0), keys.node(1)] {
        assert!(fs::metadata(&node).unwrap().file_type().is_char_device());
        let uevent = uevent(&node);
        assert!(uevent.contains("HID_ID=0003:00001050:00000407\n"), "{uevent}");
        assert!(uevent.contains("HID_NAME=Yubico YubiKey OTP+FIDO+CCID\n"), "{uevent}");
    }
    let node = keys.node(0);
    keys.key(0).pull();
    assert!(!Path::new(&node).exists());
    assert!(Path::new(&keys.node(1)).exists());
    keys.key(0).plug_in();
    assert!(Path::new(&keys.node(0)).exists());
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn everybody_who_has_a_node_open_reads_every_report() {
    let keys = two();
    let open = || File::options().read(true).write(true).open(keys.node(0)).unwrap();
    let (mut one, mut other) = (open(), open());
    // The report id goes first.
    one.write_all(&[&[0], &init()[..]].concat()).unwrap();
    let (mut first, mut second) = ([0; 65], [0; 65]);
    assert_eq!((one.read(&mut first).unwrap(), other.read(&mut second).unwrap()), (64, 64));
    assert_eq!(first, second);
    // The channel and the command of the question, 17 bytes, and its nonce.
    assert_eq!((&first[..7], &first[7..15]), (&[0xFF, 0xFF, 0xFF, 0xFF, 0x86, 0, 17][..], &init()[7..15]));
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn a_key_that_is_pulled_fails_its_readers_and_its_node_goes() {
    let keys = two();
    let path = keys.node(0);
    let mut node = File::options().read(true).write(true).open(&path).unwrap();
    keys.key(0).pull();
    assert_eq!(node.read(&mut [0; 64]).unwrap_err().raw_os_error(), Some(5), "EIO");
    assert_eq!(File::open(&path).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_library_lists_opens_and_loses_keys() {
    let keys = two();
    let found = HidPorts.list().unwrap();
    let paths: Vec<&str> = found.iter().map(|found| &*found.path).collect();
    assert_eq!(paths, [keys.node(0), keys.node(1)]);
    assert!(found.iter().all(|found| (found.vendor, found.product) == (0x1050, 0x0407)), "{found:?}");

    let mut hid = HidPorts.open(&found[1].path).unwrap();
    hid.send(&init()).unwrap();
    let answer = hid.receive(Duration::from_secs(10)).unwrap().unwrap();
    assert_eq!(answer[7..15], init()[7..15]);
    assert_eq!(hid.receive(Duration::from_millis(1)).unwrap(), None);

    keys.key(1).pull();
    assert_eq!(hid.receive(Duration::from_secs(10)), Err(transport::Error::Removed));
    assert_eq!(hid.send(&init()), Err(transport::Error::Removed));
    assert_eq!(HidPorts.list().unwrap(), found[..1]);
    let gone = HidPorts.open(&found[1].path).map(drop).unwrap_err();
    assert!(matches!(gone, Error::NoDevice { .. }), "{gone:?}");
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_library_lives_a_keys_whole_life() {
    let mut keys = two();
    probe::library(&mut keys);
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_binary_lives_a_keys_whole_life_before_judges() {
    let options = |serial| Options { intermediate_in_x5c: true, ..Options::new(serial) };
    let keys = Plugged::new([options(SERIAL), options(SERIAL + 1)]);
    let roots = tempfile::NamedTempFile::new().unwrap();
    write_roots(keys.key(0), roots.path());
    binary::lives_a_keys_whole_life(&keys, roots.path());
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn python_fido2_lives_a_keys_whole_life() {
    let mut keys = two();
    clients::python_fido2(&mut keys);
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn fido2_tools_find_and_use_the_keys() {
    clients::fido2_tools(&two(), 2);
}

/// One key, seen over PC/SC and over HID: glasskey and ykman go by the serials that both tell.
#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn both_views_of_a_key_are_joined_by_us_and_by_ykman() {
    let keys = Plugged::new([Options::new(SERIAL)]);
    let rig = Rig::with_readers(1);
    let card = SoftKey::new(oath_card::Options::new(SERIAL).firmware(5, 7, 4));
    let _card = card_server::serve(&card, &rig.card_socket(0)).unwrap();
    rig.await_cards(1);
    let home = tempfile::tempdir().unwrap();
    let seen = glasskey_keys(&rig, home.path());
    let joined = seen["keys"].as_array().unwrap();
    assert_eq!(joined.len(), 1, "{seen}");
    assert_eq!((&joined[0]["serial"], &joined[0]["fido"]["path"]), (&json!(SERIAL), &json!(keys.node(0))), "{seen}");
    assert_eq!((&joined[0]["oath"]["state"], &joined[0]["software"]), (&json!("open"), &json!(false)), "{seen}");
    assert!(joined[0]["reader"].as_str().unwrap().starts_with(READER), "{seen}");
    assert_eq!(seen["unreadable"], json!([]));
    let ykman = |arguments: &[&str]| {
        let (done, stdout, stderr) = run_ykman(&rig, arguments);
        assert!(done, "ykman {arguments:?}:\n{stdout}{stderr}");
        stdout
    };
    assert_eq!(ykman(&["list"]), format!("YubiKey 5C NFC (5.7.4) [OTP+FIDO+CCID] Serial: {SERIAL}\n"));
    assert!(ykman(&["oath", "info"]).contains("OATH version:"));
    let before = ykman(&["fido", "info"]);
    assert!(before.contains("Not set"), "{before}");
    client(&keys, 0, &[&["pin-set", "246810"]]);
    let after = ykman(&["fido", "info"]);
    assert!(after.contains("8 attempt(s) remaining"), "{after}");
}

/// `glasskey keys`, in a rig.
fn glasskey_keys(rig: &Rig, home: &Path) -> Value {
    let mut command = rig.command(env!("CARGO_BIN_EXE_glasskey"));
    command.args(["keys", "--json"]).env("HOME", home).env_remove("GLASSKEY_CARDS").env_remove("GLASSKEY_FIDO");
    crate::support::run(&mut command).json()
}
