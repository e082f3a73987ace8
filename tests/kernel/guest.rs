//! What runs on the test kernel. There everything may be plugged in: nothing of the machine around is in sight.

use super::echo::Echo;
use glasskey::fido::FidoPorts;
use glasskey::fido::hid::HidPorts;
use glasskey::sim::uhid::{Identity, Uhid};
use glasskey::transport::Error;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

/// Refuses to plug keys into a machine that somebody works at.
fn in_the_guest() {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap();
    assert!(processor.contains("User Mode Linux"), "these tests run on the test kernel: make test-kernel");
}

fn plug_in(echo: &Echo) -> Uhid {
    let echo = echo.clone();
    Uhid::plug_in(&Identity::yubikey(), move || echo.open()).unwrap()
}

/// What sysfs says of a node.
fn uevent(node: &Path) -> String {
    let name = node.file_name().unwrap().to_str().unwrap();
    fs::read_to_string(format!("/sys/class/hidraw/{name}/device/uevent")).unwrap()
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_kernel_makes_a_node_of_a_key_and_takes_it_away() {
    in_the_guest();
    let first = plug_in(&Echo::default());
    let second = plug_in(&Echo::default());
    assert_ne!(first.node(), second.node());
    for key in [&first, &second] {
        assert!(fs::metadata(key.node()).unwrap().file_type().is_char_device());
        let uevent = uevent(key.node());
        assert!(uevent.contains("HID_ID=0003:00001050:00000407\n"), "{uevent}");
        assert!(uevent.contains("HID_NAME=Yubico YubiKey OTP+FIDO+CCID\n"), "{uevent}");
    }
    let node = first.node().to_owned();
    drop(first);
    assert!(!node.exists());
    assert!(second.node().exists());
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn reports_go_through_hidraw_both_ways() {
    in_the_guest();
    let echo = Echo::default();
    let key = plug_in(&echo);
    let mut node = File::options().read(true).write(true).open(key.node()).unwrap();
    for first in 0..50_u8 {
        // The report id, a channel, PING with 57 bytes.
        let mut report = [first; 65];
        report[..8].copy_from_slice(&[0, 0, 0, 0, 7, 0x81, 0, 57]);
        node.write_all(&report).unwrap();
        let mut answer = [0; 65];
        assert_eq!(node.read(&mut answer).unwrap(), 64);
        assert_eq!(answer[..64], report[1..]);
    }
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn a_key_that_is_pulled_fails_its_readers_and_its_node_goes() {
    in_the_guest();
    let echo = Echo::default();
    let key = plug_in(&echo);
    let mut node = File::options().read(true).write(true).open(key.node()).unwrap();
    echo.unplug();
    assert_eq!(node.read(&mut [0; 64]).unwrap_err().raw_os_error(), Some(5), "EIO");
    assert_eq!(File::open(key.node()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
#[ignore = "runs on the test kernel: make test-kernel"]
fn the_library_lists_opens_and_loses_keys() {
    in_the_guest();
    assert_eq!(HidPorts.list().unwrap(), []);
    let echoes = [Echo::default(), Echo::default()];
    let keys = [plug_in(&echoes[0]), plug_in(&echoes[1])];
    let found = HidPorts.list().unwrap();
    let paths: Vec<&Path> = found.iter().map(|found| Path::new(&found.path)).collect();
    assert_eq!(paths, [keys[0].node(), keys[1].node()]);
    assert!(found.iter().all(|found| (found.vendor, found.product) == (0x1050, 0x0407)), "{found:?}");

    let mut hid = HidPorts.open(&found[1].path).unwrap();
    let mut ping = [0xA5; 64];
    ping[..7].copy_from_slice(&[0, 0, 0, 7, 0x81, 0, 57]);
    hid.send(&ping).unwrap();
    assert_eq!(hid.receive(Duration::from_secs(10)).unwrap(), Some(ping));
    assert_eq!(hid.receive(Duration::from_millis(1)).unwrap(), None);

    echoes[1].unplug();
    assert_eq!(hid.receive(Duration::from_secs(10)), Err(Error::Removed));
    assert_eq!(hid.send(&ping), Err(Error::Removed));
    assert_eq!(HidPorts.list().unwrap(), found[..1]);
    let gone = HidPorts.open(&found[1].path).map(drop).unwrap_err();
    assert!(matches!(gone, glasskey::fido::Error::NoDevice { .. }), "{gone:?}");
}
