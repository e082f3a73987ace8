//! `keys::open` takes the key that was named, or the only one; otherwise it says why.

use super::key;
use glasskey::keys::{self, Error, Serial};
use glasskey::oath::Session;
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, SoftPorts, What, When};
use glasskey::transport::{self, Card, Ports, Response, Sw};

/// Readers of which some cannot be read.
struct Mixed(Vec<(&'static str, Slot)>);

enum Slot {
    Key(SoftKey),
    Fails(transport::Error),
    /// Some other card, which knows none of a YubiKey's applets.
    Stranger,
}

struct Stranger;

impl Card for Stranger {
    fn transmit(&mut self, _: &[u8]) -> Result<Response, transport::Error> {
        Ok(Response { data: Default::default(), sw: Sw(0x6A82) })
    }
}

impl Ports for Mixed {
    fn readers(&self) -> Result<Vec<String>, transport::Error> {
        Ok(self.0.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    fn open(&self, reader: &str) -> Result<Box<dyn Card>, transport::Error> {
        match &self.0.iter().find(|(name, _)| *name == reader).unwrap().1 {
            Slot::Key(key) => Ok(key.card()),
            Slot::Fails(error) => Err(error.clone()),
            Slot::Stranger => Ok(Box::new(Stranger)),
        }
    }
}

struct NoService;

impl Ports for NoService {
    fn readers(&self) -> Result<Vec<String>, transport::Error> {
        Err(transport::Error::NoService)
    }

    fn open(&self, _: &str) -> Result<Box<dyn Card>, transport::Error> {
        Err(transport::Error::NoService)
    }
}

fn chosen(ports: &dyn Ports, wanted: Option<u32>) -> Result<Option<Serial>, Error> {
    keys::open(ports, wanted.map(Serial)).map(|(key, _)| key.device.serial)
}

fn busy() -> transport::Error {
    transport::Error::Busy { reader: "b".to_owned(), holder: None }
}

fn empty() -> transport::Error {
    transport::Error::NoCard { reader: "empty".to_owned() }
}

#[test]
fn the_only_key_need_not_be_named() {
    let ports = SoftPorts(vec![key(11)]);
    assert_eq!(chosen(&ports, None), Ok(Some(Serial(11))));
    assert_eq!(chosen(&ports, Some(11)), Ok(Some(Serial(11))));
    assert_eq!(chosen(&ports, Some(1)), Err(Error::Missing { wanted: Serial(1), present: vec![Serial(11)] }));
}

#[test]
fn of_two_one_must_be_named() {
    let ports = SoftPorts(vec![key(11), key(22)]);
    assert_eq!(chosen(&ports, None), Err(Error::Several(vec![Some(Serial(11)), Some(Serial(22))])));
    assert_eq!(chosen(&ports, Some(22)), Ok(Some(Serial(22))));
    let wanted = Serial(33);
    assert_eq!(chosen(&ports, Some(33)), Err(Error::Missing { wanted, present: vec![Serial(11), Serial(22)] }));
}

#[test]
fn no_key_is_no_key() {
    assert_eq!(chosen(&SoftPorts(vec![]), None), Err(Error::NoKey));
    assert_eq!(chosen(&SoftPorts(vec![]), Some(1)), Err(Error::Missing { wanted: Serial(1), present: vec![] }));
    let pulled = key(1);
    pulled.pull();
    assert_eq!(chosen(&SoftPorts(vec![pulled.clone()]), None), Err(Error::NoKey));
    pulled.plug_in();
    assert_eq!(chosen(&SoftPorts(vec![pulled]), None), Ok(Some(Serial(1))));
    let others = Mixed(vec![("empty", Slot::Fails(empty())), ("passport", Slot::Stranger)]);
    assert_eq!(chosen(&others, None), Err(Error::Foreign { readers: vec!["passport".to_owned()] }));
}

#[test]
fn a_reader_that_cannot_be_read_does_not_hide_the_key_that_can() {
    let ports = Mixed(vec![("b", Slot::Fails(busy())), ("passport", Slot::Stranger), ("k", Slot::Key(key(11)))]);
    assert_eq!(chosen(&ports, None), Ok(Some(Serial(11))));
    assert_eq!(chosen(&ports, Some(11)), Ok(Some(Serial(11))));
    // The one named may be in the reader that could not be read.
    assert_eq!(chosen(&ports, Some(22)), Err(Error::Transport(busy())));
    assert_eq!(chosen(&Mixed(vec![("b", Slot::Fails(busy()))]), None), Err(Error::Transport(busy())));
}

#[test]
fn a_service_that_does_not_answer_is_an_error_of_the_whole() {
    let error = Error::Transport(transport::Error::NoService);
    assert_eq!(chosen(&NoService, None), Err(error.clone()));
    assert_eq!(keys::list(&NoService).err(), Some(error));
}

#[test]
fn list_gives_every_reader_a_row() {
    let ports = Mixed(vec![
        ("b", Slot::Fails(busy())),
        ("passport", Slot::Stranger),
        ("empty", Slot::Fails(empty())),
        ("k", Slot::Key(key(11))),
    ]);
    let found = keys::list(&ports).unwrap();
    let rows: Vec<_> = found.iter().map(|row| (row.reader.as_str(), row.key.as_ref().err().cloned())).collect();
    assert_eq!(
        rows,
        [
            ("b", Some(Error::Transport(busy()))),
            ("passport", Some(Error::NotAYubiKey)),
            ("empty", Some(Error::Transport(empty()))),
            ("k", None)
        ]
    );
    assert_eq!(found[3].key.as_ref().unwrap().reader, "k");
}

#[test]
fn the_opened_card_is_the_keys() {
    let soft = key(11);
    let ports = SoftPorts(vec![soft.clone(), key(22)]);
    let (_, card) = keys::open(&ports, Some(Serial(11))).unwrap();
    let mut session = Session::open(card).unwrap();
    super::put(&mut session, "a", false);
    assert_eq!(soft.credentials(), ["a"]);
}

#[test]
fn an_open_key_is_busy_until_it_is_closed() {
    let ports = SoftPorts(vec![key(11)]);
    let (found, card) = keys::open(&ports, None).unwrap();
    let error = transport::Error::Busy { reader: found.reader, holder: None };
    assert_eq!(chosen(&ports, None), Err(Error::Transport(error)));
    drop(card);
    assert_eq!(chosen(&ports, None), Ok(Some(Serial(11))));
}

#[test]
fn keys_that_hide_their_serial_can_only_be_chosen_alone() {
    let hidden = || SoftKey::new(Options { serial: None, ..Options::new(0) });
    assert_eq!(chosen(&SoftPorts(vec![hidden()]), None), Ok(None));
    assert_eq!(chosen(&SoftPorts(vec![hidden(), hidden()]), None), Err(Error::Several(vec![None, None])));
    assert_eq!(chosen(&SoftPorts(vec![hidden(), key(7)]), Some(7)), Ok(Some(Serial(7))));
}

#[test]
fn a_key_reset_or_pulled_while_it_is_read() {
    for when in [When::Before, When::After] {
        for nth in 1.. {
            let soft = key(11);
            let ports = SoftPorts(vec![soft.clone()]);
            soft.fault(Fault { on: On::Nth(nth), when, what: What::Reset });
            assert_eq!(chosen(&ports, None), Ok(Some(Serial(11))), "reset {when:?} command {nth}");
            if soft.faults_left() > 0 {
                assert_eq!(nth, 6, "two for Management and a page more, two for OATH");
                break;
            }
            soft.fault(Fault { on: On::Nth(nth), when, what: What::Pull });
            assert_eq!(chosen(&ports, None), Err(Error::Transport(transport::Error::Removed)));
        }
    }
}
