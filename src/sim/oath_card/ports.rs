//! Software keys as readers, in process.

use super::{SoftCard, SoftKey};
use crate::transport::{self, Card, Ports};
use std::sync::Arc;

/// Readers with one software key each. A pulled key's reader is gone, as with USB. Opening is exclusive, as it is with
/// PC/SC: a key that is open already is `Busy`.
pub struct SoftPorts(pub Vec<SoftKey>);

impl SoftPorts {
    fn named(&self) -> impl Iterator<Item = (String, &SoftKey)> {
        self.0.iter().enumerate().map(|(index, key)| {
            let mut name = key.inner().reader_name();
            if key.serial().is_none() {
                name.push_str(&format!(" (#{index})"));
            }
            (name, key)
        })
    }
}

impl Ports for SoftPorts {
    fn readers(&self) -> Result<Vec<String>, transport::Error> {
        Ok(self.named().filter(|(_, key)| key.is_plugged_in()).map(|(name, _)| name).collect())
    }

    fn open(&self, reader: &str) -> Result<Box<dyn Card>, transport::Error> {
        let found = self.named().find(|(name, key)| name == reader && key.is_plugged_in());
        let (reader, key) = found.ok_or_else(|| transport::Error::NoReader { reader: reader.to_owned() })?;
        let lease = Arc::clone(&key.inner().lease);
        // The key's own, this one, and at most one card's.
        if Arc::strong_count(&lease) > 2 {
            return Err(transport::Error::Busy { reader, holder: None });
        }
        Ok(Box::new(SoftCard { _lease: Some(lease), ..key.connect() }))
    }
}
