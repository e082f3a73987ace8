//! Software keys served on Unix sockets, through the product's own reader side and through plain frames.

use super::{key, put};
use glasskey::keys::{self, Serial};
use glasskey::oath::{self, Session};
use glasskey::sim::card_server::{self, ATR};
use glasskey::sim::oath_card::{Fault, On, What, When};
use glasskey::transport::{Error, Ports, socket::SocketPorts};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A place for a socket, and readers for it.
fn place() -> (tempfile::TempDir, PathBuf, SocketPorts) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let ports = SocketPorts::new(vec![path.clone()]);
    (directory, path, ports)
}

fn open(ports: &SocketPorts) -> Result<Session, oath::Error> {
    let card = ports.open(&ports.readers().unwrap()[0])?;
    Session::open(card)
}

fn frame(stream: &mut UnixStream, body: &[u8]) {
    stream.write_all(&u16::try_from(body.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(body).unwrap();
}

fn answer(stream: &mut UnixStream) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut body).unwrap();
    body
}

/// A connection with a deadline, so that a test that goes wrong ends.
fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

#[test]
fn a_served_key_is_found_and_used() {
    let (_directory, path, ports) = place();
    let soft = key(77);
    let served = card_server::serve(&soft, &path).unwrap();
    assert_eq!(served.path(), path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ports.readers().unwrap(), [format!("software key at {}", path.display())]);
    let (found, card) = keys::open(&ports, None).unwrap();
    assert_eq!((found.device.serial, found.device.model.as_str()), (Some(Serial(77)), "YubiKey 5C NFC"));
    let mut session = Session::open(card).unwrap();
    for slot in 0..64 {
        put(&mut session, &format!("{slot:064}"), false);
    }
    assert_eq!(session.list().unwrap().len(), 64);
    assert_eq!(soft.credentials().len(), 64);
}

#[test]
fn connections_do_not_disturb_each_other() {
    let (_directory, path, ports) = place();
    let soft = key(1);
    let _served = card_server::serve(&soft, &path).unwrap();
    let (mut first, mut second) = (open(&ports).unwrap(), open(&ports).unwrap());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut session = open(&SocketPorts::new(vec![path])).unwrap();
                for slot in 0..8 {
                    put(&mut session, &format!("{thread} {slot}"), false);
                }
            })
        })
        .collect();
    put(&mut first, "first", false);
    put(&mut second, "second", false);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(first.list().unwrap().len(), 34);
    assert_eq!(second.list().unwrap().len(), 34);
}

#[test]
fn nobody_on_the_socket_is_an_empty_reader() {
    let (directory, path, ports) = place();
    let reader = ports.readers().unwrap().remove(0);
    let no_card = Some(Error::NoCard { reader: reader.clone() });
    assert_eq!(ports.open(&reader).err(), no_card, "missing");
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(ports.open(&reader).err(), no_card, "abandoned");
    assert_eq!(ports.open("other").err(), Some(Error::NoReader { reader: "other".to_owned() }));
    assert_eq!(keys::open(&ports, None).err(), Some(keys::Error::NoKey));
    drop(directory);
}

#[test]
fn pulling_the_key_takes_the_socket_away_and_plugging_in_brings_it_back() {
    let (_directory, path, ports) = place();
    let soft = key(1);
    let served = card_server::serve(&soft, &path).unwrap();
    let mut session = open(&ports).unwrap();
    soft.pull();
    assert!(!path.exists());
    assert_eq!(session.list(), Err(oath::Error::Transport(Error::Removed)));
    assert!(matches!(open(&ports), Err(oath::Error::Transport(Error::NoCard { .. }))));
    soft.plug_in();
    assert_eq!(session.list(), Err(oath::Error::Transport(Error::Removed)), "the old connection stays gone");
    assert!(open(&ports).unwrap().list().is_ok());
    served.stop();
    assert!(!path.exists());
    soft.pull();
    soft.plug_in();
    assert!(!path.exists(), "stopped for good");
    let again = card_server::serve(&soft, &path).unwrap();
    assert!(open(&ports).is_ok());
    drop(again);
    assert!(!path.exists());
}

#[test]
fn a_key_served_while_it_is_pulled_appears_when_it_is_plugged_in() {
    let (_directory, path, ports) = place();
    let soft = key(1);
    soft.pull();
    let _served = card_server::serve(&soft, &path).unwrap();
    assert!(!path.exists());
    soft.plug_in();
    assert!(open(&ports).is_ok());
}

#[test]
fn faults_reach_the_other_side() {
    let (_directory, path, ports) = place();
    let soft = key(1);
    let _served = card_server::serve(&soft, &path).unwrap();
    for (what, expected) in [
        (What::Pull, Error::Removed),
        (What::Reset, Error::Removed),
        (What::Mute, Error::Removed),
        (What::Malformed, Error::Malformed),
    ] {
        let mut session = open(&ports).unwrap();
        soft.fault(Fault { on: On::Nth(1), when: When::Before, what });
        assert_eq!(session.list(), Err(oath::Error::Transport(expected)), "{what:?}");
        soft.plug_in();
    }
}

#[test]
fn frames_as_a_reader_driver_sends_them() {
    let (_directory, path, _) = place();
    let soft = key(1);
    let _served = card_server::serve(&soft, &path).unwrap();
    let mut stream = connect(&path);
    let select = [0x00, 0xA4, 0x04, 0x00, 0x07, 0xA0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01];
    let list = [0x00, 0xA1, 0x00, 0x00, 0x00];
    frame(&mut stream, &[1]);
    frame(&mut stream, &[4]);
    assert_eq!(answer(&mut stream), ATR);
    frame(&mut stream, &select);
    assert!(answer(&mut stream).ends_with(&[0x90, 0x00]));
    frame(&mut stream, &list);
    assert_eq!(answer(&mut stream), [0x90, 0x00]);
    for control in [0, 1, 2] {
        frame(&mut stream, &select);
        answer(&mut stream);
        frame(&mut stream, &[control]);
        frame(&mut stream, &list);
        assert_eq!(answer(&mut stream), [0x6D, 0x00], "control {control}: nothing is selected");
    }
    frame(&mut stream, &[9]); // no such control: not answered
    frame(&mut stream, &[1, 2]);
    assert_eq!(answer(&mut stream), [0x67, 0x00], "no command is this short");
    frame(&mut stream, &[0; 65_535]);
    assert_eq!(answer(&mut stream), [0x67, 0x00]);
    // A frame of nothing ends the connection; half a frame does no harm.
    frame(&mut stream, &[]);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let mut half = connect(&path);
    half.write_all(&[0x00, 0x05, 0x00]).unwrap();
    drop(half);
    let mut stream = connect(&path);
    frame(&mut stream, &[4]);
    assert_eq!(answer(&mut stream), ATR);
}

#[test]
fn only_an_abandoned_socket_is_replaced() {
    let (_directory, path, _) = place();
    let soft = key(1);
    drop(UnixListener::bind(&path).unwrap());
    let served = card_server::serve(&soft, &path).unwrap();
    let second = card_server::serve(&key(2), &path).map(drop).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::AddrInUse);
    drop(served);
    std::fs::write(&path, "precious").unwrap();
    let third = card_server::serve(&key(2), &path).map(drop).unwrap_err();
    assert_eq!(third.kind(), ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_directory_that_is_gone_does_not_keep_the_server_from_stopping() {
    let (directory, path, _) = place();
    let served = card_server::serve(&key(1), &path).unwrap();
    drop(directory);
    served.stop();
}

/// A peer that misbehaves after the power-on frame: what the reader side makes of it.
fn against(reply: &'static [u8]) -> Error {
    let (_directory, path, ports) = place();
    let listener = UnixListener::bind(&path).unwrap();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 3 + 2 + 12];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(reply).unwrap();
    });
    let error = open(&ports).map(drop).unwrap_err();
    peer.join().unwrap();
    match error {
        oath::Error::Transport(error) => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_peer_that_misbehaves() {
    assert_eq!(against(&[]), Error::Removed);
    assert_eq!(against(&[0x00]), Error::Removed);
    assert_eq!(against(&[0x00, 0x05, 0x90]), Error::Removed);
    assert_eq!(against(&[0x00, 0x00]), Error::Malformed);
    assert_eq!(against(&[0x00, 0x01, 0x90]), Error::Malformed);
}
