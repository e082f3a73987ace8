//! What the attached keys hold of an account's devices, as the names of their credentials say.

use super::context::Context;
use super::failure::Cause;
use super::naming::device_of;
use crate::aws::{Caller, DeviceArn};
use crate::keys::{self, Serial};
use crate::oath::{Credential, Name};
use crate::person::Notice;
use crate::unlock;

/// A credential on an attached key that is called as a device of the account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) key: Serial,
    pub(super) name: Name,
    pub(super) device: DeviceArn,
}

#[derive(Default)]
pub(super) struct Holdings {
    pub(super) held: Vec<Holding>,
    /// Keys whose credentials could not be read, and why.
    pub(super) unread: Vec<(Serial, unlock::Error)>,
    /// Readers in which there is a card that does not even tell which key it is, if it is one.
    pub(super) unknown: Vec<(String, keys::Error)>,
}

impl Holdings {
    pub(super) fn of<'a>(&'a self, serial: &'a str) -> impl Iterator<Item = &'a Holding> {
        self.held.iter().filter(move |holding| holding.device.to_string() == serial)
    }

    /// Where a device is to go: says of which keys it is not known whether they hold it.
    pub(super) fn tell_unread(&self, context: &mut Context<'_>) {
        self.unread.iter().for_each(|(key, _)| context.tell(Notice::KeyUnread { key: *key }));
        // Some other card is in nobody's way.
        let keys = self.unknown.iter().filter(|(_, cause)| *cause != keys::Error::NotAYubiKey);
        keys.for_each(|(reader, _)| context.tell(Notice::ReaderUnread { reader: reader.clone() }));
    }
}

pub(super) fn holdings_of(
    key: Serial,
    partition: &str,
    account: &str,
    context: &mut Context<'_>,
) -> Result<Vec<Holding>, Cause> {
    Ok(on_key(key, partition, account, context)?)
}

/// What is on a key.
pub(super) fn credentials(key: Serial, context: &mut Context<'_>) -> Result<Vec<Credential>, unlock::Error> {
    let mut session = context.keys.session(key, context.person)?;
    session.list().map_err(|cause| unlock::Error::Oath { key, cause })
}

fn on_key(
    key: Serial,
    partition: &str,
    account: &str,
    context: &mut Context<'_>,
) -> Result<Vec<Holding>, unlock::Error> {
    let holding = |Credential { name, .. }: Credential| {
        let device = device_of(&name, partition, account)?;
        Some(Holding { key, name, device })
    };
    Ok(credentials(key, context)?.into_iter().filter_map(holding).collect())
}

pub(super) fn holdings(caller: &Caller, context: &mut Context<'_>) -> Result<Holdings, Cause> {
    holdings_until(caller, context, |_| false)
}

/// Reads the attached keys until one holds what is looked for: the others are not asked for their passwords. One that
/// cannot be read may be followed by one that can.
pub(super) fn holdings_until(
    caller: &Caller,
    context: &mut Context<'_>,
    enough: impl Fn(&Holding) -> bool,
) -> Result<Holdings, Cause> {
    let mut all = Holdings::default();
    for found in keys::list(context.keys.ports())? {
        let key = match found.key.and_then(|key| key.device.serial.ok_or(keys::Error::NoSerial)) {
            Ok(key) => key,
            Err(cause) => {
                if !cause.is_of_no_card() {
                    all.unknown.push((found.reader, cause));
                }
                continue;
            }
        };
        match on_key(key, &caller.partition, &caller.account, context) {
            Ok(held) => all.held.extend(held),
            Err(cause) => all.unread.push((key, cause)),
        }
        if all.held.iter().any(&enough) {
            break;
        }
    }
    Ok(all)
}
