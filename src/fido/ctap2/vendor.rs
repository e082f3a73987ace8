//! What a YubiKey says of itself over HID: the Management application's pages, by a vendor command.

use super::Ctap2;
use crate::fido::Error;
use crate::fido::ctaphid::{ChannelError, command};
use crate::keys;
use crate::oath::Version;

impl Ctap2 {
    /// What a YubiKey's Management application says. `None` for keys of other makers, and before version 4.
    pub fn device_info(&mut self) -> Result<Option<keys::Device>, Error> {
        let (major, minor, patch) = self.device().version;
        let patience = self.channel.limits().command;
        let read = |page| self.channel.call(command::READ_CONFIG, &[page], patience, &mut |_| ());
        match keys::read_device(Version(major, minor, patch), read) {
            // Other makers' keys do not know the command, or use its number for something else.
            Err(Error::Channel(
                ChannelError::InvalidCommand | ChannelError::InvalidParameter | ChannelError::InvalidLength,
            )) => Ok(None),
            device => device,
        }
    }
}
