//! The way to keys, and the keys at the end of it: over PC/SC, and over HID.

use super::Check;
use crate::cli::commands::fido::described;
use crate::cli::explain::{self, Explanation};
use crate::cli::fixes;
use crate::cli::{advisories, environment};
use crate::fido;
use crate::fido::advisories::{Applied, Severity, Unknown, Use};
use crate::keys::{self, Applications, OathState, Pcsc};
use crate::transport::{self, Card, Ports};
use crate::unlock::fido::{ListedAuthenticator, Opened, list};
use crate::world::World;
use std::collections::BTreeMap;
use std::path::Path;

/// Keys by how they are named, with the advisories about each, or why nobody knows.
type Known = BTreeMap<String, Made>;

struct Made {
    firmware: String,
    advisories: Result<Vec<Applied>, Unknown>,
}

pub(super) fn checks(world: &World) -> Result<Vec<Check>, Box<Explanation>> {
    let mut known = Known::new();
    let mut checks = over_pcsc(&*world.ports, &mut known);
    checks.extend(over_hid(world, &mut known)?);
    if known.is_empty() {
        checks.push(Check::cannot_tell("keys", "keys", "no key that could be read is plugged in"));
    }
    for (name, made) in known {
        checks.extend(advisories_of(&name, made));
    }
    Ok(checks)
}

const SERVICE: &str = "PC/SC service";
const ACCESS: &str = "access to readers";

/// The service, polkit's word, and every reader.
fn over_pcsc(ports: &dyn Ports, known: &mut Known) -> Vec<Check> {
    let readers = match ports.readers() {
        Ok(readers) => readers,
        Err(transport::Error::NoService) => return vec![no_service()],
        Err(transport::Error::Denied) => return vec![Check::ok("pcsc_service", SERVICE, "answers"), denied()],
        Err(error) => return vec![Check::error("pcsc_service", SERVICE, explain::transport(&error))],
    };
    let mut checks = vec![service(readers.len())];
    let mut refused = false;
    for reader in &readers {
        match keys::read(ports, reader) {
            Ok((key, card)) => {
                let name = key.device.serial.map_or_else(|| reader.clone(), |serial| format!("YubiKey {serial}"));
                checks.extend(of_key(&name, &key, &*card));
                let advisories = key.device.advisories();
                known.insert(name, Made { firmware: key.device.firmware.to_string(), advisories });
            }
            // Said once, of the service.
            Err(keys::Error::Transport(transport::Error::Denied)) => refused = true,
            Err(error) => checks.push(unread(reader, &error)),
        }
    }
    if environment::are_software_keys() || !cfg!(feature = "pcsc") {
        return checks;
    }
    let access = if refused { denied() } else { Check::ok("reader_access", ACCESS, "this user may reach readers") };
    checks.insert(1, access);
    checks.extend(on_usb_without_reader(&readers));
    checks
}

fn service(readers: usize) -> Check {
    if environment::are_software_keys() {
        let what = format!("not looked at: {} or {} names software keys", environment::CARDS, environment::FIDO);
        return Check::ok("pcsc_service", SERVICE, what);
    }
    if cfg!(not(feature = "pcsc")) {
        return Check::cannot_tell("pcsc_service", SERVICE, "this glasskey was built without it");
    }
    let readers = match readers {
        0 => "no reader".to_owned(),
        1 => "1 reader".to_owned(),
        several => format!("{several} readers"),
    };
    Check::ok("pcsc_service", SERVICE, format!("answers; {readers}"))
}

fn no_service() -> Check {
    let check = Check::problem("pcsc_service", SERVICE, fixes::no_service()).fixes(fixes::start_service());
    let socket = Path::new("/run/pcscd/pcscd.comm");
    if socket.exists() {
        check.detail(format!("its socket {} is there, and nothing answers", socket.display()))
    } else {
        check
    }
}

fn denied() -> Check {
    Check::problem("reader_access", ACCESS, "polkit refuses this user").fixes(fixes::allow_by_polkit())
}

/// A reader without a readable key.
fn unread(reader: &str, error: &keys::Error) -> Check {
    match error {
        keys::Error::Transport(transport::Error::NoCard { .. }) => Check::ok("reader", reader, "is empty"),
        keys::Error::NotAYubiKey => Check::ok("reader", reader, "holds another card, not a YubiKey")
            .detail("glasskey puts no TOTP seed on it, whether it has an OATH applet or not"),
        error => Check::error("reader", reader, explain::keys(error)),
    }
}

fn of_key(name: &str, key: &Pcsc, card: &dyn Card) -> Vec<Check> {
    let check = Check::ok("key", name, format!("{}, firmware {}", key.device.model, key.device.firmware));
    let check = match card.shared_with() {
        Some(holder) => {
            let check = check
                .detail(format!("{} (process {}) keeps its reader open; access is shared", holder.name, holder.pid));
            if holder.name == "scdaemon" { check.fix("if it is in the way: gpgconf --kill scdaemon") } else { check }
        }
        None => check,
    };
    vec![check, oath(name, key)]
}

/// Whether a seed can be put there.
fn oath(name: &str, key: &Pcsc) -> Check {
    match key.oath {
        OathState::Absent if key.device.usb.contains(Applications::OATH) => {
            Check::problem("oath", name, "its OATH applet does not answer").fix("unplug the key and plug it in again")
        }
        OathState::Absent => Check::problem("oath", name, "OATH is disabled over USB: no TOTP seed can be put on it")
            .fix(format!("ykman{} config usb --enable OATH", device_option(key))),
        OathState::Locked { capacity } => {
            Check::ok("oath", name, format!("OATH is there, {capacity} slots, behind a password"))
        }
        OathState::Open { used, capacity, .. } if used >= capacity => {
            Check::problem("oath", name, format!("all {capacity} OATH slots are used"))
                .fix(format!("glasskey oath list{}", key_option(key)))
                .fix(format!(
                    "where a credential's device is gone, `glasskey oath delete{} NAME` makes room",
                    key_option(key)
                ))
        }
        OathState::Open { used, capacity, .. } => {
            Check::ok("oath", name, format!("OATH is there, {used} of {capacity} slots used"))
        }
    }
}

fn key_option(key: &Pcsc) -> String {
    key.device.serial.map_or_else(String::new, |serial| format!(" --key {serial}"))
}

fn device_option(key: &Pcsc) -> String {
    key.device.serial.map_or_else(String::new, |serial| format!(" --device {serial}"))
}

/// A YubiKey with a smart card interface on USB, which no reader shows: the driver is missing.
fn on_usb_without_reader(readers: &[String]) -> Option<Check> {
    /// Those of Yubico's product ids that have the interface.
    const CCID: [&str; 8] = ["0111", "0112", "0115", "0116", "0404", "0405", "0406", "0407"];
    if readers.iter().any(|reader| reader.contains("Yubi")) {
        return None;
    }
    let on_usb = std::fs::read_dir("/sys/bus/usb/devices").ok()?.flatten().any(|device| {
        let number = |name: &str| std::fs::read_to_string(device.path().join(name)).unwrap_or_default();
        number("idVendor").trim() == "1050" && CCID.contains(&number("idProduct").trim())
    });
    let what = "a YubiKey is on USB and the PC/SC service has no reader for it";
    on_usb.then(|| Check::problem("reader", "readers", what).fixes(fixes::install_driver()))
}

const HID: &str = "FIDO2 over HID";

fn over_hid(world: &World, known: &mut Known) -> Result<Vec<Check>, Box<Explanation>> {
    if !environment::are_software_keys() {
        if cfg!(not(feature = "hid")) {
            return Ok(vec![Check::cannot_tell("hid", HID, "this glasskey was built without it")]);
        }
        if cfg!(target_os = "linux") && !Path::new("/sys/class/hidraw").exists() {
            return Ok(vec![no_hidraw()]);
        }
    }
    let seen = match list(&*world.fido, &world.interrupt) {
        Ok(seen) => seen,
        Err(error @ fido::Error::Cancelled) => return Err(Box::new(explain::fido(None, &error))),
        Err(error) => return Ok(vec![Check::error("hid", HID, explain::fido(None, &error))]),
    };
    let devices = match seen.len() {
        0 => "no FIDO2 device".to_owned(),
        1 => "1 device".to_owned(),
        several => format!("{several} devices"),
    };
    let mut checks = vec![Check::ok("hid", HID, devices)];
    for ListedAuthenticator { found, key } in seen {
        let outcome = key.and_then(|mut key| of_fido_key(&mut key, known));
        match outcome {
            Ok(check) => checks.push(check),
            Err(error @ fido::Error::Cancelled) => return Err(Box::new(explain::fido(None, &error))),
            Err(error) => checks.push(Check::error("fido2", found.path, explain::fido(None, &error))),
        }
    }
    Ok(checks)
}

fn no_hidraw() -> Check {
    let kernel = std::fs::read_to_string("/proc/version").unwrap_or_default();
    let fix = if kernel.to_lowercase().contains("microsoft") {
        "in WSL 2: wsl --update, and usbipd attach for the key; a kernel of your own needs CONFIG_HIDRAW"
    } else {
        "a kernel with CONFIG_HIDRAW; in a container, /dev/hidraw* and /sys of the host"
    };
    Check::problem("hid", HID, "this kernel has no hidraw").fix(fix)
}

/// Its name, its PIN, and what advisories go by where PC/SC has not said it.
fn of_fido_key(key: &mut Opened, known: &mut Known) -> Result<Check, fido::Error> {
    let info = key.key.info()?;
    let name = key.id.serial().map_or_else(|| key.found.path.clone(), |serial| format!("YubiKey {serial}"));
    let read_over_pcsc = known.contains_key(&name);
    known.entry(name.clone()).or_insert_with(|| Made {
        firmware: key.firmware(&info).map(|firmware| firmware.to_string()).unwrap_or_default(),
        advisories: key.advisories(&info),
    });
    let what = format!("{}, FIDO2 at {}", key.model(&info), key.found.path);
    let has_oath = key.device.as_ref().is_some_and(|device| device.usb.contains(Applications::OATH));
    let pin = match info.pin_set() {
        Some(true) if info.force_pin_change => "its PIN must be changed before it is taken".to_owned(),
        Some(true) => {
            let left = described(key.key.pin_retries())?.map(|retries| retries.left);
            if left == Some(0) {
                let text = explain::fido(Some(&key.id), &fido::Error::PinBlocked);
                return Ok(Check::error("fido2", name, text));
            }
            match left {
                Some(left) => format!("PIN set, {left} of 8 tries left"),
                None => "PIN set; it does not tell how many tries are left".to_owned(),
            }
        }
        Some(false) => "no PIN yet".to_owned(),
        None => "takes no PIN".to_owned(),
    };
    let check = Check::ok("fido2", name, format!("{what}; {pin}"));
    Ok(if read_over_pcsc || has_oath {
        check
    } else if !key.is_yubico() {
        check.detail("it is not a YubiKey: glasskey puts no TOTP seed on it, whether it has an OATH applet or not")
    } else {
        check.detail("it has no OATH applet, or none that is enabled over USB: no TOTP seed can be put on it")
    })
}

/// A problem where an advisory of weight touches FIDO2 or TOTP; that it does not is said too.
fn advisories_of(name: &str, Made { firmware, advisories: about }: Made) -> Vec<Check> {
    let about = match about {
        Ok(about) => about,
        Err(why) => return vec![Check::cannot_tell("advisory", name, advisories::unknown(why))],
    };
    if about.is_empty() {
        return vec![Check::ok("advisory", name, format!("no advisory that is known is about firmware {firmware}"))];
    }
    let checks = about.into_iter().map(|applied| {
        let advisory = applied.advisory;
        let touched = [Use::Fido2, Use::Oath].into_iter().any(|at_hand| applied.effect(at_hand).affected);
        let what = format!("{}: {}", advisory.id, advisory.title);
        let mut check = if touched && advisory.severity > Severity::Low {
            Check::problem("advisory", name, what).fix(advisory.advice.clone())
        } else {
            Check::ok("advisory", name, what)
        };
        check.details.extend([Use::Fido2, Use::Oath, Use::Piv].map(|at_hand| applied.sentence(at_hand)));
        check.detail(advisories::source(&applied))
    });
    checks.collect()
}
