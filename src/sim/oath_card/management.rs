//! The Management applet: what the key says it is. Read only.

use super::command::{Command, push};
use super::{Options, Reply};
use crate::keys::FormFactor;
use crate::oath::Version;

pub(super) const AID: &[u8] = &[0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];

const READ_CONFIG: u8 = 0x1D;

/// SELECT answers with a sentence that ends in the version.
pub(super) fn selected(options: &Options) -> Reply {
    Reply::data(format!("Virtual mgr - FW version {}", options.firmware).into_bytes())
}

pub(super) fn answer(options: &Options, command: &Command<'_>) -> Reply {
    // READ CONFIG came with firmware 4.1.
    if command.ins != READ_CONFIG || options.firmware < Version(4, 1, 0) {
        return Reply::sw(0x6D00);
    }
    page(options, command.p1).map_or_else(|| Reply::sw(0x6B00), Reply::data)
}

/// One page of the configuration, with its length before it: the same over every interface.
pub(super) fn page(options: &Options, number: u8) -> Option<Vec<u8>> {
    let paged = options.firmware >= Version(5, 7, 0);
    let config = match number {
        0 => first_page(options, paged),
        1 if paged => second_page(options),
        _ => return None,
    };
    let mut data = vec![u8::try_from(config.len()).unwrap_or(u8::MAX)];
    data.extend(config);
    Some(data)
}

fn first_page(options: &Options, more: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let Version(major, minor, patch) = options.firmware;
    // Firmware 4.2.4 reports nonsense here.
    let supported = if options.firmware == Version(4, 2, 4) { 0x07 } else { options.supported.0 };
    push(&mut out, 0x01, &capabilities(supported));
    if let Some(serial) = options.serial {
        push(&mut out, 0x02, &serial.0.to_be_bytes());
    }
    if major >= 5 {
        push(&mut out, 0x03, &capabilities(options.usb.0));
    }
    push(&mut out, 0x04, &[form_factor(options)]);
    push(&mut out, 0x05, &[major, minor, patch]);
    push(&mut out, 0x06, &[0, 0]);
    push(&mut out, 0x07, &[15]);
    push(&mut out, 0x08, &[0]);
    push(&mut out, 0x0A, &[u8::from(options.config_locked)]);
    if let Some(nfc) = options.nfc {
        push(&mut out, 0x0D, &capabilities(options.supported.0));
        push(&mut out, 0x0E, &capabilities(nfc.0));
    }
    if more {
        push(&mut out, 0x10, &[1]);
    }
    out
}

/// What firmware 5.7 added: part number, FIPS, PIN complexity, reset blocked.
fn second_page(options: &Options) -> Vec<u8> {
    let fips = if options.fips { capabilities(options.supported.0) } else { vec![0, 0] };
    let mut out = Vec::new();
    push(&mut out, 0x13, &[0; 16]);
    push(&mut out, 0x14, &fips);
    push(&mut out, 0x15, &[0, 0]);
    push(&mut out, 0x16, &[0]);
    push(&mut out, 0x18, &[0, 0]);
    out
}

/// One byte where that is enough, as YubiKeys do.
fn capabilities(bits: u16) -> Vec<u8> {
    match u8::try_from(bits) {
        Ok(low) => vec![low],
        Err(_) => bits.to_be_bytes().to_vec(),
    }
}

fn form_factor(options: &Options) -> u8 {
    let shape = match options.form_factor {
        FormFactor::Unknown => 0x00,
        FormFactor::UsbAKeychain => 0x01,
        FormFactor::UsbANano => 0x02,
        FormFactor::UsbCKeychain => 0x03,
        FormFactor::UsbCNano => 0x04,
        FormFactor::UsbCLightning => 0x05,
        FormFactor::UsbABio => 0x06,
        FormFactor::UsbCBio => 0x07,
    };
    shape | if options.fips { 0x80 } else { 0 } | if options.security_key { 0x40 } else { 0 }
}
