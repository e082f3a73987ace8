//! Random operations against a plain map, random seeds against the host's arithmetic, random bytes against the
//! parsers.

use super::{credential, name, open, password};
use glasskey::oath::{Error, Name, New, Session};
use glasskey::secret::Seed;
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, What, When};
use glasskey::totp::{self, Algorithm, Kind, Params, Step};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Put(u8, Vec<u8>),
    Delete(u8),
    Rename(u8, u8),
    Code(u8, u64),
    SetPassword(u8),
    ClearPassword,
    Reset,
    Reopen,
    Disturb(usize, bool),
}

fn operation() -> impl Strategy<Value = Operation> {
    let id = 0..6u8;
    prop_oneof![
        6 => (id.clone(), prop::collection::vec(any::<u8>(), 2..80)).prop_map(|(id, seed)| Operation::Put(id, seed)),
        3 => id.clone().prop_map(Operation::Delete),
        2 => (id.clone(), id.clone()).prop_map(|(from, to)| Operation::Rename(from, to)),
        4 => (id, any::<u64>()).prop_map(|(id, step)| Operation::Code(id, step)),
        1 => (0..3u8).prop_map(Operation::SetPassword),
        1 => Just(Operation::ClearPassword),
        1 => Just(Operation::Reset),
        2 => Just(Operation::Reopen),
        // A reset by another program somewhere in what follows.
        3 => (1..6usize, any::<bool>()).prop_map(|(nth, before)| Operation::Disturb(nth, before)),
    ]
}

/// What the key should hold.
#[derive(Default)]
struct Model {
    seeds: BTreeMap<String, Vec<u8>>,
    secret: Option<String>,
}

const SLOTS: usize = 4;

impl Model {
    fn put(&mut self, id: &Name, seed: &[u8]) -> Result<(), Error> {
        if self.seeds.contains_key(id.id()) {
            return Err(Error::NameTaken(id.clone()));
        }
        if self.seeds.len() >= SLOTS {
            return Err(Error::Full);
        }
        self.seeds.insert(id.id().to_owned(), seed.to_vec());
        Ok(())
    }

    fn delete(&mut self, id: &Name) -> Result<(), Error> {
        self.seeds.remove(id.id()).map(drop).ok_or_else(|| Error::NotFound(id.clone()))
    }

    fn rename(&mut self, from: &Name, to: &Name) -> Result<(), Error> {
        if !self.seeds.contains_key(from.id()) {
            return Err(Error::NotFound(from.clone()));
        }
        if self.seeds.contains_key(to.id()) {
            return Err(Error::NameTaken(to.clone()));
        }
        let seed = self.seeds.remove(from.id()).unwrap();
        self.seeds.insert(to.id().to_owned(), seed);
        Ok(())
    }
}

fn step(key: &SoftKey, session: &mut Session, model: &mut Model, operation: &Operation) {
    let id = |number: &u8| name(&format!("issuer:account {number}"));
    match operation {
        Operation::Put(number, raw) => {
            let (id, seed) = (id(number), Seed::from_bytes(raw).unwrap());
            assert_eq!(session.put(&credential(&id, &seed)), model.put(&id, raw));
        }
        Operation::Delete(number) => {
            let armed = key.faults_left();
            let (deleted, expected) = (session.delete(&id(number)), model.delete(&id(number)));
            // After a reset nobody can tell a name that was never there from one that the first try deleted.
            let told = key.faults_left() == armed;
            assert!(deleted == expected || (!told && deleted == Ok(())), "{deleted:?} instead of {expected:?}");
        }
        Operation::Rename(from, to) => {
            assert_eq!(session.rename(&id(from), &id(to)), model.rename(&id(from), &id(to)));
        }
        Operation::Code(number, at) => match (session.code(&id(number), Step(*at)), model.seeds.get(id(number).id()))
        {
            (Ok(code), Some(raw)) => {
                let seed = Seed::from_bytes(raw).unwrap();
                assert!(code.matches(&totp::code(&seed, totp::AWS, Step(*at))));
            }
            (Err(error), None) => assert_eq!(error, Error::NotFound(id(number))),
            (got, expected) => panic!("{:?} where the model has {expected:?}", got.err()),
        },
        Operation::SetPassword(number) => {
            let secret = format!("password {number}");
            session.set_password(&password(&secret)).unwrap();
            model.secret = Some(secret);
        }
        Operation::ClearPassword => {
            session.clear_password().unwrap();
            model.secret = None;
        }
        Operation::Reset => {
            session.reset().unwrap();
            *model = Model::default();
        }
        Operation::Reopen => {
            *session = open(key);
            assert_eq!(session.is_locked(), model.secret.is_some());
            if let Some(secret) = &model.secret {
                session.unlock(&password(secret)).unwrap();
            }
        }
        Operation::Disturb(nth, before) => {
            let when = if *before { When::Before } else { When::After };
            // One at a time: two in one command are reported, not survived.
            if key.faults_left() == 0 {
                key.fault(Fault { on: On::Nth(*nth), when, what: What::Reset });
            }
        }
    }
    let listed: Vec<String> = key.credentials();
    assert!(listed.iter().all(|id| model.seeds.contains_key(id)) && listed.len() == model.seeds.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_key_is_a_map(operations in prop::collection::vec(operation(), 1..40)) {
        let key = SoftKey::new(Options { capacity: Some(SLOTS), ..Options::new(1) });
        let (mut session, mut model) = (open(&key), Model::default());
        for operation in &operations {
            step(&key, &mut session, &mut model, operation);
        }
    }

    #[test]
    fn the_key_computes_what_the_host_computes(
        raw in prop::collection::vec(any::<u8>(), 2..200),
        algorithm in prop::sample::select(vec![Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]),
        digits in 6..=8u8,
        period in prop::sample::select(vec![15u32, 30, 60, 3600]),
        step in any::<u64>(),
    ) {
        let key = SoftKey::new(Options::new(1));
        let mut session = open(&key);
        let id = Name::new(period, Some("issuer"), "account").unwrap();
        let seed = Seed::from_bytes(&raw).unwrap();
        let params = Params { algorithm, digits, period };
        session.put(&New { name: &id, kind: Kind::Totp, params, touch: false, seed: &seed }).unwrap();
        let code = session.code(&id, Step(step)).unwrap();
        prop_assert_eq!(code.expose().len(), usize::from(digits));
        prop_assert!(code.matches(&totp::code(&seed, params, Step(step))));
        prop_assert_eq!(session.list().unwrap()[0].algorithm, algorithm);
    }

    #[test]
    fn a_name_is_read_back_as_it_was_composed(
        period in 1..=u32::MAX,
        issuer in prop::option::of("[^:]{1,20}"),
        account in ".{0,70}",
    ) {
        match Name::new(period, issuer.as_deref(), &account) {
            Ok(name) => {
                prop_assert!((1..=64).contains(&name.id().len()));
                let (read_period, read_issuer, read_account) = name.parts();
                prop_assert_eq!(read_period, period);
                if issuer.is_some() || !account.contains(':') {
                    prop_assert_eq!((read_issuer, read_account), (issuer.as_deref(), account.as_str()));
                }
            }
            Err(Error::BadName { bytes }) => {
                let first = issuer.as_deref().unwrap_or(&account);
                let ambiguous = first.starts_with(|c: char| c.is_ascii_digit()) && (first.contains('/'));
                prop_assert!(bytes > 64 || account.is_empty() || ambiguous, "{issuer:?} {account:?}");
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn no_answer_makes_a_parser_panic(answer in prop::collection::vec(any::<u8>(), 0..300)) {
        glasskey::oath::fuzz_answer(&answer);
        glasskey::keys::fuzz_config(&answer);
    }

    /// Bytes that look like the protocol's, with lengths that lie.
    #[test]
    fn no_near_answer_makes_a_parser_panic(
        tlvs in prop::collection::vec((0x71..=0x7Cu8, any::<u8>(), prop::collection::vec(any::<u8>(), 0..10)), 0..10),
    ) {
        let bytes: Vec<u8> = tlvs.iter().flat_map(|(tag, lie, value)| {
            let len = if lie % 4 == 0 { *lie } else { value.len() as u8 };
            [&[*tag, len], value.as_slice()].concat()
        }).collect();
        glasskey::oath::fuzz_answer(&bytes);
        glasskey::keys::fuzz_config(&[&[bytes.len() as u8], bytes.as_slice()].concat());
    }

    #[test]
    fn no_command_makes_the_software_key_panic(commands in prop::collection::vec(
        (prop::sample::select(vec![0x01u8, 0x02, 0x03, 0x04, 0x05, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0x1D]),
         0..2u8, 0..2u8, prop::collection::vec(any::<u8>(), 0..40)), 0..10))
    {
        let key = SoftKey::new(Options::new(1));
        let mut card = key.card();
        let select = [0x00, 0xA4, 0x04, 0x00, 0x07, 0xA0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01];
        prop_assert_eq!(card.transmit(&select).unwrap().sw.0, 0x9000);
        for (ins, p1, p2, data) in commands {
            card.transmit(&[&[0, ins, p1, p2], data.as_slice()].concat()).unwrap();
            let sized = [&[0, ins, p1, p2, data.len() as u8], data.as_slice()].concat();
            card.transmit(&sized).unwrap();
        }
    }
}
