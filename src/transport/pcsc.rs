//! Readers through the PC/SC service: pcscd on Linux and the BSDs, the system's own on macOS and Windows.
//!
//! The only file that names the `pcsc` crate. It does not know what a YubiKey is: every reader is listed, and
//! whether the card in one is a key is for [`crate::keys`] to find out.
//!
//! # Sharing
//! Exclusive access is tried first. Another program's connection (scdaemon keeps one for hours) makes that
//! impossible; then access is shared, and one PC/SC transaction is held from opening until drop, so that nobody can
//! select another applet in the middle of a sequence. The other program is never ended: it is named, see [`Busy`] and
//! [`Card::shared_with`].
//!
//! # What stays behind
//! Dropping a card resets it, whether the access was exclusive or shared: an applet unlocked with a password is
//! locked again, and a program that shares the reader is told (`SCARD_W_RESET_CARD`) that what it had selected is
//! selected no more, instead of finding another applet under its hands. Each card has a PC/SC context of its own,
//! released at the same moment: pcscd keeps a copy of the last command on the stack of the thread that serves the
//! client, and ends that thread only then (pcsc-lite 1.9.9, measured).
//!
//! [`Busy`]: Error::Busy

// Linux alone tells which program uses a reader.
#[cfg_attr(not(target_os = "linux"), path = "pcsc/no_holder.rs")]
mod holder;

use std::ffi::{CStr, CString};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Disposition, Error as Code, Protocols, ReaderState, Scope, ShareMode, State};
use zeroize::{Zeroize, Zeroizing};

use super::{Card, Error, Holder, Ports, Response};

/// How long another program's transaction is waited for. Its single commands take well under a second; a program
/// that waits for a touch may take 15 s, and its user knows it is waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the service may take to notice that a card has gone, after a command failed without saying why.
/// pcscd asks its drivers every 0.4 s.
const NOTICE: Duration = Duration::from_secs(1);

/// The system's PC/SC readers.
#[derive(Clone, Copy, Debug)]
pub struct PcscPorts {
    timeout: Duration,
}

/// This machine's readers.
#[must_use]
pub fn system() -> Box<dyn Ports> {
    Box::new(PcscPorts::default())
}

impl Default for PcscPorts {
    fn default() -> Self {
        Self { timeout: PATIENCE }
    }
}

impl PcscPorts {
    /// Readers where another program's transaction is waited for this long (by default 5 s) before the reader counts
    /// as [`Error::Busy`].
    #[must_use]
    pub fn with_timeout(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl Ports for PcscPorts {
    /// # Errors
    /// [`Error::NoService`], [`Error::Denied`], [`Error::Pcsc`].
    fn readers(&self) -> Result<Vec<String>, Error> {
        let context = Context::establish(Scope::User).map_err(|code| failure(code, ""))?;
        loop {
            match context.list_readers_owned() {
                Ok(names) => return Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect()),
                Err(Code::NoReadersAvailable) => return Ok(Vec::new()),
                // A reader came between asking for the length of the list and asking for the list.
                Err(Code::InsufficientBuffer) => {}
                Err(code) => return Err(failure(code, "")),
            }
        }
    }

    /// # Errors
    /// All of [`Error`] but `Removed`, `Reset` and `Malformed`.
    fn open(&self, reader: &str) -> Result<Box<dyn Card>, Error> {
        let context = Context::establish(Scope::User).map_err(|code| failure(code, reader))?;
        let name = named(&context, reader)?;
        let (theirs, target) = (context.clone(), name.clone());
        let opened = within(self.timeout, move || connect(&theirs, &target));
        let (card, access) = match opened {
            Ok((card, ShareMode::Exclusive)) => (card, Access::Exclusive),
            Ok((card, _)) => (card, Access::Shared(holder::likely())),
            Err(Code::SharingViolation) => {
                return Err(busy(reader));
            }
            Err(code) => return Err(failure(code, reader)),
        };
        let answer = Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]);
        Ok(Box::new(PcscCard { card: Some(card), context, reader: name, access, timeout: self.timeout, answer }))
    }
}

/// A reader's name in bytes. A driver takes it from the device, which need not write UTF-8: such a name is listed with
/// replacement characters, and the service knows it by its bytes alone.
fn named(context: &Context, reader: &str) -> Result<CString, Error> {
    if reader.contains(char::REPLACEMENT_CHARACTER) {
        let there = context.list_readers_owned().map_err(|code| failure(code, reader))?;
        if let Some(name) = there.into_iter().find(|name| name.to_string_lossy() == reader) {
            return Ok(name);
        }
    }
    CString::new(reader).map_err(|_| Error::NoReader { reader: reader.to_owned() })
}

/// On what terms a card is open.
enum Access {
    /// Nobody else can connect to the card.
    Exclusive,
    /// Others are connected and wait for the end of our transaction. The likeliest of them, where the system tells.
    Shared(Option<Holder>),
}

struct PcscCard {
    /// Dropped, it disconnects with a reset. `None` once the card is gone or could not be taken up again.
    card: Option<pcsc::Card>,
    context: Context,
    reader: CString,
    access: Access,
    timeout: Duration,
    /// Where answers arrive. The service wants room for the longest possible one: a command whose answer does not
    /// fit is carried out and its answer lost.
    answer: Zeroizing<Vec<u8>>,
}

impl Card for PcscCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Response, Error> {
        let Some(card) = &self.card else { return Err(Error::Removed) };
        let raw = match card.transmit(command, &mut self.answer) {
            Ok(answer) => Zeroizing::new(answer.to_vec()),
            Err(Code::ResetCard) => return Err(self.reconnect()),
            Err(code) => return Err(self.broken(code)),
        };
        self.answer.iter_mut().take(raw.len()).for_each(Zeroize::zeroize);
        Response::parse(raw)
    }

    fn shared_with(&self) -> Option<&Holder> {
        match &self.access {
            Access::Exclusive => None,
            Access::Shared(holder) => holder.as_ref(),
        }
    }
}

impl PcscCard {
    /// Takes the card up again after a reset by someone else, and says what the caller is to be told.
    /// (Under our transaction pcscd lets nobody reset the card; Windows does so itself after 5 idle seconds.)
    fn reconnect(&mut self) -> Error {
        let Some(card) = self.card.take() else { return Error::Removed };
        let mode = match self.access {
            Access::Exclusive => ShareMode::Exclusive,
            Access::Shared(_) => ShareMode::Shared,
        };
        match within(self.timeout, move || take_up(card, mode)) {
            Ok((card, _)) => {
                self.card = Some(card);
                Error::Reset
            }
            Err(code) => self.broken(code),
        }
    }

    /// What a failed command means for a card that was there a moment ago.
    fn broken(&mut self, code: Code) -> Error {
        let error = broken(&self.context, &self.reader, code);
        if error == Error::Removed {
            // At once: pcscd counts the connection to a card that is gone as one to the next card in the reader.
            self.card = None;
        }
        error
    }
}

/// What a return code means that another user of the `pcsc` crate met at this reader, in which there was a card.
pub(crate) fn met_elsewhere(code: Code, reader: &str) -> Error {
    match Context::establish(Scope::User) {
        Ok(context) => match named(&context, reader) {
            Ok(name) => broken(&context, &name, code),
            Err(_) => failure(code, reader),
        },
        Err(code) => failure(code, reader),
    }
}

/// That the reader is not to be had, with whoever likely has it.
pub(crate) fn busy(reader: &str) -> Error {
    Error::Busy { reader: reader.to_owned(), holder: holder::likely() }
}

fn broken(context: &Context, reader: &CStr, code: Code) -> Error {
    let removed = match code {
        Code::RemovedCard
        | Code::NoSmartcard
        | Code::ReaderUnavailable
        | Code::UnknownReader
        | Code::NoReadersAvailable => true,
        // What a driver reports when the key is pulled while it works: only "it did not get through".
        Code::NotTransacted | Code::CommError => gone(context, reader),
        _ => false,
    };
    let reader = reader.to_string_lossy();
    match code {
        _ if removed => Error::Removed,
        Code::ResetCard => Error::Reset,
        Code::SharingViolation => busy(&reader),
        // The card is in its reader, and says nothing.
        Code::NotTransacted | Code::CommError => Error::Mute { reader: reader.into_owned() },
        code => failure(code, &reader),
    }
}

/// Whether the reader has lost its card, or the service its reader; waits until the service has noticed.
fn gone(context: &Context, reader: &CStr) -> bool {
    let deadline = Instant::now() + NOTICE;
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match context.get_status_change(left, &mut states) {
            Ok(()) => {}
            Err(Code::UnknownReader | Code::ReaderUnavailable | Code::NoReadersAvailable) => return true,
            Err(_) => return false,
        }
        for state in &mut states {
            if state.event_state().intersects(State::EMPTY | State::UNAVAILABLE | State::UNKNOWN) {
                return true;
            }
            state.sync_current_state();
        }
    }
}

/// A connection, and whether it is shared.
type Connection = (pcsc::Card, ShareMode);

/// Does what may wait for another program's transaction, for a limited time; then fails with `SharingViolation`.
///
/// Connecting, reconnecting and beginning a transaction all wait for the end of another program's transaction
/// (pcsc-lite 1.9.9), and PC/SC can neither limit nor cancel that. So a thread of its own does it. Should it get the
/// card after we have given up, it leaves it as it found it.
fn within(
    timeout: Duration,
    work: impl FnOnce() -> Result<Connection, Code> + Send + 'static,
) -> Result<Connection, Code> {
    // Without room of its own the channel gives the card back when nobody takes it: it cannot be lost on the way.
    let (give, take) = mpsc::sync_channel(0);
    let waiting = move || {
        if let Err(mpsc::SendError(Ok((card, _)))) = give.send(work()) {
            leave(card);
        }
    };
    thread::Builder::new().name("pcsc-open".into()).spawn(waiting).map_err(|_| Code::NoMemory)?;
    match take.recv_timeout(timeout) {
        Ok(outcome) => outcome,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Code::SharingViolation),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(Code::InternalError),
    }
}

/// Exclusive where possible; else shared, with a transaction.
fn connect(context: &Context, name: &CStr) -> Result<Connection, Code> {
    match context.connect(name, ShareMode::Exclusive, Protocols::ANY) {
        Ok(card) => Ok((card, ShareMode::Exclusive)),
        Err(Code::SharingViolation) => hold(context.connect(name, ShareMode::Shared, Protocols::ANY)?),
        Err(code) => Err(code),
    }
}

/// Connects anew after a reset by another program, on the same terms.
fn take_up(mut card: pcsc::Card, mode: ShareMode) -> Result<Connection, Code> {
    if let Err(code) = card.reconnect(mode, Protocols::ANY, Disposition::LeaveCard) {
        leave(card);
        return Err(code);
    }
    if mode == ShareMode::Exclusive { Ok((card, mode)) } else { hold(card) }
}

/// Keeps others out of a shared card until it is dropped.
fn hold(mut card: pcsc::Card) -> Result<Connection, Code> {
    match begin(&mut card) {
        Ok(()) => Ok((card, ShareMode::Shared)),
        Err(code) => {
            leave(card);
            Err(code)
        }
    }
}

/// Disconnects from a card that we did nothing to, without the reset that dropping it means.
fn leave(card: pcsc::Card) {
    drop(card.disconnect(Disposition::LeaveCard));
}

/// Begins a transaction. The first call after another program has reset the card only tells so.
fn begin(card: &mut pcsc::Card) -> Result<(), Code> {
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        // The guard would end the transaction, and cannot live beside the card it borrows. Disconnecting ends the
        // transaction too, and happens on every way out.
        match card.transaction().map(std::mem::forget) {
            Ok(()) => return Ok(()),
            Err(Code::ResetCard) => card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::LeaveCard)?,
            Err(code) => return Err(code),
        }
    }
    Err(Code::SharingViolation)
}

/// A PC/SC return code as this room's error. `SharingViolation` has no holder here: finding one takes a search.
fn failure(code: Code, reader: &str) -> Error {
    let reader = reader.to_owned();
    match code {
        Code::NoService | Code::ServiceStopped => Error::NoService,
        Code::SecurityViolation => Error::Denied,
        Code::UnknownReader | Code::ReaderUnavailable | Code::NoReadersAvailable => Error::NoReader { reader },
        Code::SharingViolation => Error::Busy { reader, holder: None },
        Code::NoSmartcard | Code::RemovedCard => Error::NoCard { reader },
        Code::UnresponsiveCard
        | Code::UnpoweredCard
        | Code::UnsupportedCard
        | Code::CardUnsupported
        | Code::ProtoMismatch => Error::Mute { reader },
        code => Error::Pcsc { code: code as u32 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes that a test without hardware cannot provoke, from polkit and from readers in trouble.
    #[test]
    fn codes_become_errors() {
        let reader = || "Reader 00".to_owned();
        let cases = [
            (Code::NoService, Error::NoService),
            (Code::ServiceStopped, Error::NoService),
            (Code::SecurityViolation, Error::Denied),
            (Code::UnknownReader, Error::NoReader { reader: reader() }),
            (Code::ReaderUnavailable, Error::NoReader { reader: reader() }),
            (Code::SharingViolation, Error::Busy { reader: reader(), holder: None }),
            (Code::NoSmartcard, Error::NoCard { reader: reader() }),
            (Code::UnresponsiveCard, Error::Mute { reader: reader() }),
            (Code::UnpoweredCard, Error::Mute { reader: reader() }),
            (Code::ProtoMismatch, Error::Mute { reader: reader() }),
            (Code::InternalError, Error::Pcsc { code: 0x8010_0001 }),
        ];
        for (code, error) in cases {
            assert_eq!(failure(code, "Reader 00"), error, "{code:?}");
        }
    }
}
