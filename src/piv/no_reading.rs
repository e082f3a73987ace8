//! Built without the feature `piv`: nothing can be read.

use super::{Certificate, Error, Info};
use crate::keys::Serial;

pub(super) fn read(_: &str, _: Option<Serial>) -> Result<Info, Error> {
    Err(Error::NotBuiltIn)
}

pub(super) fn certificate(_: &[u8]) -> Certificate {
    Certificate::Unreadable
}
