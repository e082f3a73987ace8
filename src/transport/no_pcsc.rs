//! Built without PC/SC: there are no readers.

use super::{NoReaders, Ports};

/// No readers.
#[must_use]
pub fn system() -> Box<dyn Ports> {
    Box::new(NoReaders)
}
