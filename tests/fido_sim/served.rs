//! Over sockets of sequenced packets, as the hidraw shim uses them.

use super::client::Client;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::hid_server::{self, REPORT_DESCRIPTOR, serve};
use glasskey::transport::Error;
use glasskey::transport::hid::{Hid, Report};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, connect, recv, send, socket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

struct Socket(OwnedFd);

impl Socket {
    fn open(device: &Path) -> rustix::io::Result<Self> {
        let socket = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None)?;
        connect(&socket, &SocketAddrUnix::new(device.join("sock"))?)?;
        Ok(Self(socket))
    }
}

impl Hid for Socket {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        send(&self.0, report, SendFlags::NOSIGNAL).map(|_| ()).map_err(|_| Error::Removed)
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        let wait = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: within.subsec_nanos().into() };
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        if rustix::event::poll(&mut polled, Some(&wait)).unwrap() == 0 {
            return Ok(None);
        }
        let mut report = [0; 64];
        match recv(&self.0, &mut report[..], RecvFlags::empty()) {
            Ok((64, _)) => Ok(Some(report)),
            Ok(_) | Err(_) => Err(Error::Removed),
        }
    }
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
    let mut one = Client::over(Box::new(Socket::open(served.path()).unwrap()));
    let mut other = Client::over(Box::new(Socket::open(served.path()).unwrap()));
    assert_eq!(one.exchange(0x01, &[9; 3000]), (0x01, vec![9; 3000]));
    let seen = other.hid.receive(Duration::from_secs(20)).unwrap().unwrap();
    assert_eq!(seen[..4], one.channel.to_be_bytes());
    other.info();
}

#[test]
fn pulling_the_key_takes_the_device_away_and_plugging_it_in_brings_it_back() {
    let (_dir, key, served) = served();
    let mut client = Client::over(Box::new(Socket::open(served.path()).unwrap()));
    key.pull();
    assert!(!served.path().exists());
    assert_eq!(client.hid.receive(Duration::from_secs(20)), Err(Error::Removed));
    key.plug_in();
    Client::over(Box::new(Socket::open(served.path()).unwrap())).info();
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
