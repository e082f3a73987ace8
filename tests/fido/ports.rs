//! Finding and opening keys: in process, over sockets, and the system's own.

use super::script::LIMITS;
use glasskey::fido::sockets::SocketFidoPorts;
use glasskey::fido::{self, Ctap2, Error, FidoPorts};
use glasskey::keys::Serial;
use glasskey::platform::Interrupt;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::fido_ports::SoftFidoPorts;
use glasskey::sim::hid_server;
use std::path::PathBuf;

fn two() -> [SoftAuthenticator; 2] {
    [SoftAuthenticator::new(Options::new(1)), SoftAuthenticator::new(Options::bio(2))]
}

/// Lists two keys, opens each, pulls one.
fn two_keys(ports: &dyn FidoPorts, keys: &[SoftAuthenticator; 2]) {
    let found = ports.list().unwrap();
    assert_eq!(
        found.iter().map(|found| (found.vendor, found.product)).collect::<Vec<_>>(),
        [(0x1050, 0x0407), (0x1050, 0x0402)]
    );
    assert!(found[0].name.contains("YubiKey"), "{}", found[0].name);
    let interrupt = Interrupt::new().unwrap();
    for (serial, found) in [1, 2].into_iter().zip(&found) {
        let mut key = fido::open(ports, &found.path, &interrupt).unwrap();
        assert_eq!(glasskey::keys::device_over_hid(&mut key).unwrap().unwrap().serial, Some(Serial(serial)));
        key.ping(&[1; 1000]).unwrap();
    }
    let mut open = fido::open(ports, &found[0].path, &interrupt).unwrap();
    keys[0].pull();
    assert_eq!(open.info().err(), Some(Error::Transport(glasskey::transport::Error::Removed)));
    assert_eq!(ports.list().unwrap(), found[1..]);
    let gone = fido::open(ports, &found[0].path, &interrupt).err();
    assert_eq!(gone, Some(Error::NoDevice { path: PathBuf::from(&found[0].path) }));
    keys[0].plug_in();
    assert_eq!(ports.list().unwrap(), found);
}

#[test]
fn software_keys_in_process_are_found_and_opened() {
    let keys = two();
    two_keys(&SoftFidoPorts(keys.to_vec()), &keys);
}

#[test]
fn software_keys_on_sockets_are_found_and_opened() {
    let keys = two();
    let directory = tempfile::tempdir().unwrap();
    let served: Vec<_> =
        keys.iter().zip(0..).map(|(key, n)| hid_server::serve(key, directory.path(), n).unwrap()).collect();
    two_keys(&SocketFidoPorts::new(directory.path().to_owned()), &keys);
    drop(served);
}

#[test]
fn no_directory_holds_no_keys() {
    let ports = SocketFidoPorts::new(PathBuf::from("/nowhere/at/all"));
    assert_eq!(ports.list().unwrap(), []);
}

#[test]
fn a_silent_socket_is_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let key = SoftAuthenticator::new(Options::new(1));
    let served = hid_server::serve(&key, directory.path(), 0).unwrap();
    let ports = SocketFidoPorts::new(directory.path().to_owned());
    let hid = ports.open(&served.path().to_string_lossy()).unwrap();
    served.stop();
    let outcome = Ctap2::open(hid, Interrupt::new().unwrap(), LIMITS).err();
    assert_eq!(outcome, Some(Error::Transport(glasskey::transport::Error::Removed)));
}

#[cfg(all(feature = "hid", target_os = "linux"))]
#[test]
fn a_device_that_is_not_there_and_one_that_is_not_ours_are_told_apart() {
    use glasskey::fido::hid::HidPorts;
    use std::os::unix::fs::PermissionsExt;

    let none = PathBuf::from("/dev/hidraw-none");
    assert_eq!(HidPorts.open("/dev/hidraw-none").err(), Some(Error::NoDevice { path: none }));
    assert!(matches!(HidPorts.open("/dev/\0").err(), Some(Error::NoDevice { .. })));
    // A file that is no device, and that root may open all the same.
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_string_lossy().into_owned();
    assert!(matches!(HidPorts.open(&path).err(), Some(Error::System { .. })));
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(file.path()).is_err() {
        let path = file.path().to_owned();
        assert_eq!(HidPorts.open(&path.to_string_lossy()).err(), Some(Error::NoPermission { path }));
    }
}
