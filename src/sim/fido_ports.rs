//! Software authenticators as FIDO devices, in process.

use super::authenticator::SoftAuthenticator;
use crate::fido::{DiscoveredDevice, Error, FidoPorts};
use crate::transport::hid::Hid;
use std::path::PathBuf;

/// Devices with one software authenticator each, named `software:0`, `software:1`, …; pulled ones are not there.
pub struct SoftFidoPorts(pub Vec<SoftAuthenticator>);

impl SoftFidoPorts {
    fn plugged_in(&self) -> impl Iterator<Item = (String, &SoftAuthenticator)> {
        let named = self.0.iter().enumerate().map(|(index, key)| (format!("software:{index}"), key));
        named.filter(|(_, key)| key.is_plugged_in())
    }
}

impl FidoPorts for SoftFidoPorts {
    fn list(&self) -> Result<Vec<DiscoveredDevice>, Error> {
        let found = |(path, key): (String, &SoftAuthenticator)| {
            let options = key.options();
            DiscoveredDevice { path, vendor: options.vendor_id, product: options.product_id, name: options.product }
        };
        Ok(self.plugged_in().map(found).collect())
    }

    fn open(&self, path: &str) -> Result<Box<dyn Hid>, Error> {
        let key = self.plugged_in().find(|(name, _)| name == path);
        key.map(|(_, key)| key.hid()).ok_or_else(|| Error::NoDevice { path: PathBuf::from(path) })
    }
}
