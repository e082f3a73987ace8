//! A key that frames its messages rightly and says whatever it likes in them, asked everything there is to ask.
//! `cargo fuzz run ctap2_key`
#![no_main]

use glasskey::fido::ctaphid::{Reassembler, command, reports};
use glasskey::fido::{
    AssertionRequest, Attempt, Ctap2, Descriptor, Limits, NewCredential, NewExtensions, Permissions,
    RelyingParty, User,
};
use glasskey::platform::Interrupt;
use glasskey::secret::Password;
use glasskey::transport::Error;
use glasskey::transport::hid::{Hid, Report};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;
use std::sync::OnceLock;
use std::time::Duration;

const BROADCAST: u32 = 0xFFFF_FFFF;
const CHANNEL: u32 = 0x0102_0304;

/// Answers come from the input, each with its length before it.
struct Key {
    answers: VecDeque<Vec<u8>>,
    channels: [(u32, Reassembler); 2],
    queue: VecDeque<Report>,
}

impl Key {
    fn new(mut input: &[u8]) -> Self {
        let mut answers = VecDeque::new();
        while let Some((length, rest)) = input.split_first_chunk() {
            let (answer, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes(*length) % 1200)));
            answers.push_back(answer.to_vec());
            input = rest;
        }
        let channels = [BROADCAST, CHANNEL].map(|id| (id, Reassembler::new(id)));
        Self { answers, channels, queue: VecDeque::new() }
    }

    fn say(&mut self, channel: u32, command: u8, data: &[u8]) {
        let frames = reports(channel, command, data).expect("short enough");
        self.queue.extend(frames.iter().map(|frame| **frame));
    }
}

impl Hid for Key {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        let heard = self.channels.iter_mut().find_map(|(id, channel)| Some((*id, channel.feed(report).ok()??)));
        match heard {
            Some((BROADCAST, message)) => {
                // The nonce, a channel, the protocol, a version, and CBOR.
                let answer = [&message.data[..], &CHANNEL.to_be_bytes(), &[2, 5, 7, 4, 0x05]].concat();
                self.say(BROADCAST, command::INIT, &answer);
            }
            Some((channel, message)) => match self.answers.pop_front() {
                Some(answer) => self.say(channel, message.command, &answer),
                None => return Err(Error::Removed),
            },
            None => {}
        }
        Ok(())
    }

    fn receive(&mut self, _within: Duration) -> Result<Option<Report>, Error> {
        self.queue.pop_front().map(Some).ok_or(Error::Removed)
    }
}

fuzz_target!(|input: &[u8]| {
    static INTERRUPT: OnceLock<Interrupt> = OnceLock::new();
    let interrupt = INTERRUPT.get_or_init(|| Interrupt::new().expect("a pipe")).clone();
    let Some((&first, input)) = input.split_first() else { return };
    let Ok(mut key) = Ctap2::open(Box::new(Key::new(input)), interrupt, Limits::default()) else { return };
    let pin = Password::new("246810".to_owned());
    // Each kind of conversation has its turn, since the answers are used up by the first.
    match first % 8 {
        0 => drop((key.info(), key.pin_retries(), key.uv_retries(), glasskey::keys::device_over_hid(&mut key))),
        1 => drop((key.set_pin(&pin), key.change_pin(Attempt::new(&pin), &pin))),
        2 => register(&mut key),
        3 => sign_in(&mut key),
        4 => drop((key.large_blobs(), key.set_large_blobs(None, &[0x80]))),
        5 => drop((key.sensor(), key.set_always_uv(None, true), key.enable_enterprise_attestation(None), key.wink())),
        6 => {
            let Ok(token) = key.uv_token(Permissions::BIO_ENROLLMENT, None, &mut || ()) else { return };
            drop((key.fingerprints(&token), key.enroll_fingerprint(&token, &mut |_| ())));
        }
        _ => {
            let permissions = Permissions::CREDENTIAL_MANAGEMENT;
            let Ok(token) = key.token(Attempt::new(&pin), permissions, None) else { return };
            drop((key.credential_count(&token), key.relying_parties(&token), key.credentials(&token, &[0; 32])));
        }
    }
});

fn register(key: &mut Ctap2) {
    let request = NewCredential {
        client_data_hash: &[7; 32],
        rp: &RelyingParty { id: "example.com".to_owned(), name: None },
        user: &User { id: vec![1], name: None, display_name: None },
        algorithms: &[-7, -8],
        exclude: &[2, 3].map(|byte| Descriptor { id: vec![byte; 32], transports: Vec::new() }),
        resident: true,
        built_in_uv: false,
        enterprise: None,
        extensions: NewExtensions::default(),
        token: None,
        timeout: None,
    };
    let _ = key.make_credential(&request, &mut || ());
}

fn sign_in(key: &mut Ctap2) {
    let mut request = AssertionRequest::new("example.com", &[7; 32]);
    request.hmac_salts = Some(&[[1; 32], [2; 32]]);
    request.large_blob_key = true;
    let _ = key.get_assertion(&request, &mut || ());
}
