//! Built without USB HID: there are no devices.

pub use super::ports::NoDevices as HidPorts;
