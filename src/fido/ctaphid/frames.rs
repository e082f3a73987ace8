//! Messages in reports and back (CTAP 2.1 §11.2.4). Pure; takes whatever bytes come.

use crate::fido::Error;
use crate::transport::hid::Report;
use zeroize::Zeroizing;

/// The longest message: one initialization report and 128 continuations.
pub const MAX_MESSAGE: usize = FIRST + 128 * NEXT;

const REPORT: usize = 64;
/// Payload of an initialization report.
const FIRST: usize = REPORT - 7;
/// Payload of a continuation report.
const NEXT: usize = REPORT - 5;
/// Set in an initialization report's command.
const INITIAL: u8 = 0x80;

/// A whole message. Wiped on drop: it may hold a token.
pub struct Message {
    /// Its command, without the initialization bit.
    pub command: u8,
    /// Its payload, at most [`MAX_MESSAGE`] bytes.
    pub data: Zeroizing<Vec<u8>>,
}

/// Puts the reports of one channel together. Pure; takes whatever bytes come.
pub struct Reassembler {
    channel: u32,
    partial: Option<Partial>,
}

struct Partial {
    message: Message,
    len: usize,
    /// The next continuation's number.
    next: u8,
}

/// Reports that do not make a message: out of order, or announcing more than a message can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reports do not make a message")]
pub struct BadFrame;

impl Reassembler {
    #[must_use]
    pub fn new(channel: u32) -> Self {
        Self { channel, partial: None }
    }

    /// Takes a report; gives the message that it completes. Reports of other channels change nothing, nor do
    /// continuations of a message whose beginning was not seen. A new beginning replaces what was unfinished.
    ///
    /// # Errors
    /// [`BadFrame`]; what was unfinished is dropped.
    pub fn feed(&mut self, report: &Report) -> Result<Option<Message>, BadFrame> {
        let (channel, rest) = report.split_at(4);
        if channel != self.channel.to_be_bytes() {
            return Ok(None);
        }
        match *rest {
            [head, high, low, ref data @ ..] if head & INITIAL != 0 => {
                let len = usize::from(u16::from_be_bytes([high, low]));
                self.partial = None;
                if len > MAX_MESSAGE {
                    return Err(BadFrame);
                }
                // In its final size at once: growing would leave copies behind.
                let message = Message { command: head & !INITIAL, data: Zeroizing::new(Vec::with_capacity(len)) };
                self.partial = Some(Partial { message, len, next: 0 });
                Ok(self.add(data))
            }
            [number, ref data @ ..] => match &mut self.partial {
                None => Ok(None),
                Some(partial) if partial.next == number => {
                    partial.next += 1; // at most 128: a message has no more continuations
                    Ok(self.add(data))
                }
                Some(_) => {
                    self.partial = None;
                    Err(BadFrame)
                }
            },
            [] => Ok(None),
        }
    }

    fn add(&mut self, data: &[u8]) -> Option<Message> {
        let partial = self.partial.as_mut()?;
        let missing = partial.len - partial.message.data.len();
        partial.message.data.extend(data.iter().take(missing));
        if partial.message.data.len() < partial.len {
            return None;
        }
        self.partial.take().map(|partial| partial.message)
    }
}

/// Cuts a message into reports.
///
/// # Errors
/// [`Error::TooLarge`] for more than [`MAX_MESSAGE`] bytes.
pub fn reports(channel: u32, command: u8, data: &[u8]) -> Result<Vec<Zeroizing<Report>>, Error> {
    let len = u16::try_from(data.len()).ok().filter(|_| data.len() <= MAX_MESSAGE).ok_or(Error::TooLarge)?;
    let [high, low] = len.to_be_bytes();
    let (first, rest) = data.split_at(data.len().min(FIRST));
    let mut reports = vec![report(channel, &[command | INITIAL, high, low], first)];
    for (number, part) in (0u8..).zip(rest.chunks(NEXT)) {
        reports.push(report(channel, &[number], part));
    }
    Ok(reports)
}

fn report(channel: u32, head: &[u8], data: &[u8]) -> Zeroizing<Report> {
    let mut report = Zeroizing::new([0; REPORT]);
    let channel = channel.to_be_bytes();
    let bytes = channel.iter().chain(head).chain(data);
    report.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    report
}
