//! Built without PC/SC: there are no readers.

pub use super::NoReaders as PcscPorts;
