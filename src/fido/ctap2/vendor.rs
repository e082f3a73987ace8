//! What a YubiKey says of itself over HID: the Management application's pages, by a vendor command.

use super::Ctap2;
use crate::fido::Error;
use crate::fido::ctaphid::{ChannelError, command};

impl Ctap2 {
    /// A page of what a YubiKey's Management application says. `None` for keys of other makers, and before version 4.
    ///
    /// # Errors
    /// The key does not answer.
    pub fn management_page(&mut self, page: u8) -> Result<Option<Vec<u8>>, Error> {
        let timeout = self.channel.limits().command;
        match self.channel.call(command::READ_CONFIG, &[page], timeout, &mut |_| ()) {
            // Other makers' keys do not know the command, or use its number for something else.
            Err(Error::Channel(
                ChannelError::InvalidCommand | ChannelError::InvalidParameter | ChannelError::InvalidLength,
            )) => Ok(None),
            answer => Ok(Some(answer?.to_vec())),
        }
    }
}
