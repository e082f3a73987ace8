//! One command and its whole answer: parts joined, SELECT read, status words that mean the same everywhere.

use super::wire::{self, Apdu, Selected};
use super::{Error, Info, Version};
use crate::transport::{self, Card, Response, Sw};
use data_encoding::BASE64_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// More than any applet has to say: 64 credentials take less than 5 KiB.
const MAX_ANSWER: usize = 65_536;

/// No password was given; after CALCULATE also: nobody touched the key.
pub(super) const SECURITY: Sw = Sw(0x6982);

pub(super) fn info(version: Version, salt: &[u8], protected: bool) -> Info {
    let digest = Sha256::digest(salt);
    let device_id = BASE64_NOPAD.encode(digest.get(..16).unwrap_or_default());
    // docs.yubico.com, "OATH" of the YubiKey 5 technical manual.
    let capacity = if version >= Version(5, 7, 0) { 64 } else { 32 };
    Info { version, device_id, protected, capacity }
}

/// SELECT. A card that was reset just before is asked once more: selecting twice is selecting.
pub(super) fn select(card: &mut dyn Card) -> Result<Selected, Error> {
    let apdu = wire::select()?;
    let answer = match transmit(card, &apdu) {
        Err(Error::Transport(transport::Error::Reset)) => transmit(card, &apdu)?,
        answer => answer?,
    };
    match answer.sw {
        Sw::OK => wire::selected(&answer.data),
        Sw(0x6A82 | 0x6D00 | 0x6E00) => Err(Error::NoApplet),
        sw => Err(Error::Refused(sw)),
    }
}

/// Sends a command and collects an answer that comes in parts (61xx, SEND REMAINING).
pub(super) fn transmit(card: &mut dyn Card, apdu: &Apdu) -> Result<Response, Error> {
    let mut answer = card.transmit(apdu)?;
    while answer.sw.0 >> 8 == 0x61 {
        let more = card.transmit(&wire::send_remaining()?)?;
        let len = answer.data.len() + more.data.len();
        let stuck = more.data.is_empty() && more.sw.0 >> 8 == 0x61;
        if stuck || len > MAX_ANSWER {
            return Err(Error::Malformed);
        }
        // Growing in place could leave an unwiped copy behind.
        let mut joined = Zeroizing::new(Vec::with_capacity(len));
        joined.extend_from_slice(&answer.data);
        joined.extend_from_slice(&more.data);
        answer = Response { data: joined, sw: more.sw };
    }
    Ok(answer)
}

/// The data of a command that was carried out.
pub(super) fn done(answer: Response) -> Result<Zeroizing<Vec<u8>>, Error> {
    match answer.sw {
        Sw::OK => Ok(answer.data),
        SECURITY => Err(Error::Locked),
        sw => Err(Error::Refused(sw)),
    }
}
