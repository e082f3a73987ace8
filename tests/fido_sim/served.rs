//! Over stream sockets, as the hidraw shim uses them.

use super::client::Client;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::hid_server::{self, REPORT_DESCRIPTOR, serve};
use glasskey::transport::Error;
use glasskey::transport::hid::Hid;
use glasskey::transport::hid_socket;
use std::path::Path;
use std::time::Duration;

/// The device's socket, as the product opens it.
fn open(device: &Path) -> Box<dyn Hid> {
    hid_socket::connect(&device.join("sock")).unwrap()
}

fn served() -> (tempfile::TempDir, SoftAuthenticator, hid_server::Served) {
    let dir = tempfile::tempdir().unwrap();
    let key = SoftAuthenticator::new(Options::new(1));
    let served = serve(&key, dir.path(), 3).unwrap();
    (dir, key, served)
}

#[test]
fn a_device_has_the_files_of_sysfs() {
    let (dir, _key, served) = served();
    assert_eq!(served.path(), dir.path().join("hidraw3"));
    assert_eq!(served.node(), Path::new("/dev/hidraw3"));
    let uevent = std::fs::read_to_string(served.path().join("device/uevent")).unwrap();
    assert!(uevent.contains("HID_ID=0003:00001050:00000407\nHID_NAME=Yubico YubiKey OTP+FIDO+CCID\n"), "{uevent}");
    let descriptor = std::fs::read(served.path().join("device/report_descriptor")).unwrap();
    assert_eq!(descriptor, REPORT_DESCRIPTOR);
    assert_eq!(descriptor[..3], [0x06, 0xD0, 0xF1]);
}

#[test]
fn several_programs_use_it_and_see_each_other() {
    let (_dir, _key, served) = served();
    let mut one = Client::over(open(served.path()));
    let mut other = Client::over(open(served.path()));
    assert_eq!(one.exchange(0x01, &[9; 3000]), (0x01, vec![9; 3000]));
    let seen = other.hid.receive(Duration::from_secs(20)).unwrap().unwrap();
    assert_eq!(seen[..4], one.channel.to_be_bytes());
    other.info();
}

#[test]
fn pulling_the_key_takes_the_device_away_and_plugging_it_in_brings_it_back() {
    let (_dir, key, served) = served();
    let mut client = Client::over(open(served.path()));
    key.pull();
    assert!(!served.path().exists());
    assert_eq!(client.hid.receive(Duration::from_secs(20)), Err(Error::Removed));
    key.plug_in();
    Client::over(open(served.path())).info();
    let place = served.path().to_owned();
    served.stop();
    assert!(!place.exists());
    assert!(key.is_plugged_in());
}

#[test]
fn the_place_must_be_free() {
    let (dir, key, _served) = served();
    assert!(serve(&key, dir.path(), 3).is_err());
}
