//! Things that go wrong on demand, at a chosen report or message.

use super::hid::{self, CBOR, ERROR, Message};
use crate::transport::hid::Report;

/// A fault, armed for one report or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub on: On,
    pub when: When,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The n-th report from now, counted from 1. Here [`What::Pull`], [`What::Drop`] and [`What::Error`] can happen;
    /// anything else happens to the next message that is complete.
    Report(usize),
    /// The n-th complete message from now, counted from 1; INIT and CANCEL do not count.
    Message(usize),
    /// The next message with this command, told as in [`crate::sim::tap::Wire::Fido`].
    Command(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It does not reach the key.
    Before,
    /// The key carried it out; the answer is lost or spoiled.
    After,
}

/// What goes wrong. The last four spoil an answer, so for them the command is carried out in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Pull,
    /// It is lost: no answer comes.
    Drop,
    /// CTAPHID_ERROR with this code is the answer.
    Error(u8),
    /// This CTAP2 status byte is the answer, without data.
    Status(u8),
    /// The answer says it is longer than any message can be.
    Malformed,
    /// The second half of the answer's bytes is missing; its reports are well formed.
    Truncated,
    /// The reports do not follow each other: the first is left out where there are several, else a stray following
    /// report comes in its place.
    WrongSequence,
    /// Another program is talking to the key: reports of its channel stand between those of the answer.
    Stranger,
}

/// The channel of the other program.
const STRANGER: u32 = 0x5747_0001;

/// A fault, and how much has gone by.
pub(super) struct Armed {
    fault: Fault,
    seen: usize,
}

impl Armed {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0 }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Passing {
    Report,
    Message { command: u8 },
}

/// Counts what is passing; the first fault due on it is taken out and returned.
pub(super) fn due(faults: &mut Vec<Armed>, passing: Passing) -> Option<(When, What)> {
    let mut struck = None;
    for (index, armed) in faults.iter_mut().enumerate() {
        let strikes = match (armed.fault.on, passing) {
            (On::Report(nth), Passing::Report) | (On::Message(nth), Passing::Message { .. }) => {
                armed.seen += 1;
                armed.seen >= nth
            }
            (On::Command(wanted), Passing::Message { command }) => wanted == command,
            _ => false,
        };
        if strikes && struck.is_none() {
            struck = Some(index);
        }
    }
    let armed = faults.remove(struck?);
    Some((armed.fault.when, armed.fault.what))
}

/// Whether the command is carried out although the fault strikes before it.
pub(super) fn spoils_only_the_answer(what: What) -> bool {
    matches!(what, What::Malformed | What::Truncated | What::WrongSequence | What::Stranger)
}

pub(super) fn spoil(what: Option<What>, mut answer: Message) -> Vec<Report> {
    match what {
        None => hid::reports(&answer),
        Some(What::Pull | What::Drop) => Vec::new(),
        Some(What::Error(code)) => hid::reports(&hid::error_message(answer.channel, code)),
        Some(What::Status(status)) => {
            hid::reports(&Message { channel: answer.channel, command: CBOR, data: vec![status] })
        }
        Some(What::Truncated) => {
            answer.data.truncate(answer.data.len() / 2);
            hid::reports(&answer)
        }
        Some(What::Malformed) => {
            let mut reports = hid::reports(&answer);
            if let Some([_, _, _, _, _, high, low, ..]) = reports.first_mut() {
                (*high, *low) = (0xFF, 0xFF);
            }
            reports
        }
        Some(What::WrongSequence) => {
            let mut reports = hid::reports(&answer);
            let several = reports.len() > 2;
            if several {
                reports.remove(1);
            } else if let Some([_, _, _, _, kind, ..]) = reports.last_mut() {
                *kind = 0x05;
            }
            reports
        }
        Some(What::Stranger) => among_strangers(&answer),
    }
}

fn among_strangers(answer: &Message) -> Vec<Report> {
    let long = Message { channel: STRANGER, command: CBOR, data: [vec![0x00], vec![0xA5; 400]].concat() };
    let refused = Message { channel: STRANGER, command: ERROR, data: vec![0x06] };
    let mut strange = hid::reports(&long).into_iter().chain(hid::reports(&refused)).cycle();
    let mut reports = Vec::new();
    for own in hid::reports(answer) {
        reports.extend(strange.by_ref().take(2));
        reports.push(own);
    }
    reports.extend(strange.take(1));
    reports
}
