//! Builds the [`World`] from the system: readers, AWS, the clock, the state directory.

use super::args::{Aws, Global};
use super::console::Console;
use super::explain::Explanation;
use super::notices;
use super::terminal::TerminalPerson;
use crate::aws::{Connector, Wire};
use crate::fido::FidoPorts;
use crate::person::Notice;
use crate::platform::{Interrupt, SystemClock};
use crate::totp::Clock;
use crate::transport::Ports;
use crate::world::World;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Names Unix sockets of software keys, separated by colons. Set by the export lines of `glasskey simulate`; real
/// readers are then not looked at.
pub(super) const CARDS: &str = "GLASSKEY_CARDS";
/// Names the directory of software FIDO2 keys, as `glasskey simulate` serves them. Where this or [`CARDS`] is set, no
/// real key is looked at.
pub(super) const FIDO: &str = "GLASSKEY_FIDO";
/// Names the state directory.
const STATE_DIR: &str = "GLASSKEY_STATE_DIR";

/// The world of one command.
pub(super) fn world(global: &Global, aws: Option<&Aws>, console: &Console) -> Result<World, Box<Explanation>> {
    let interrupt = Interrupt::install()
        .map_err(|cause| Box::new(Explanation::new("signals", format!("cannot catch signals: {cause}"))))?;
    let clock = Clock::new(Arc::new(SystemClock(interrupt.clone())));
    let style = console.style();
    Ok(World {
        ports: ports(),
        fido: fido_ports(),
        aws: Connector {
            profile: aws.and_then(|aws| aws.profile.clone()),
            region: aws.and_then(|aws| aws.region.clone()),
            wire: Wire::Network,
            clock: clock.clone(),
            interrupt: interrupt.clone(),
            on_retry: Arc::new(move |retry| {
                for line in notices::lines(&Notice::Retrying(retry.clone()), style) {
                    style.say(&line);
                }
            }),
        },
        person: Box::new(TerminalPerson::new(global, style, interrupt.clone())),
        clock,
        interrupt,
        state: state_dir()?,
    })
}

/// What keeps requests to this machine from a proxy: what the environment says already, and the loopback address.
pub(super) fn without_proxy() -> [(&'static str, String); 2] {
    ["NO_PROXY", "no_proxy"].map(|name| {
        let there = std::env::var(name).unwrap_or_default();
        let known = there.split(',').map(str::trim).any(|host| matches!(host, "*" | "127.0.0.1"));
        let hosts = [there.as_str(), if known { "" } else { "127.0.0.1" }];
        (name, hosts.into_iter().filter(|hosts| !hosts.is_empty()).collect::<Vec<_>>().join(","))
    })
}

/// Software keys where the environment names them, else the system's readers.
pub(super) fn ports() -> Box<dyn Ports> {
    software_ports().unwrap_or_else(system_ports)
}

/// Software authenticators where the environment names them, else the system's FIDO devices.
pub(super) fn fido_ports() -> Box<dyn FidoPorts> {
    software_fido_ports().unwrap_or_else(system_fido_ports)
}

/// Whether [`ports`] and [`fido_ports`] are software keys.
pub(super) fn are_software_keys() -> bool {
    cfg!(unix) && (named(CARDS).is_some() || named(FIDO).is_some())
}

fn named(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

#[cfg(unix)]
fn software_ports() -> Option<Box<dyn Ports>> {
    let sockets = match (named(CARDS), named(FIDO)) {
        (None, None) => return None,
        (sockets, _) => sockets.unwrap_or_default(),
    };
    let sockets = std::env::split_paths(&sockets).filter(|path| !path.as_os_str().is_empty());
    Some(Box::new(crate::transport::socket::SocketPorts::new(sockets.collect())))
}

#[cfg(unix)]
fn software_fido_ports() -> Option<Box<dyn FidoPorts>> {
    match (named(CARDS), named(FIDO)) {
        (None, None) => None,
        (_, Some(directory)) => Some(Box::new(crate::fido::sockets::SocketFidoPorts::new(directory.into()))),
        (Some(_), None) => Some(no_fido_ports()),
    }
}

/// Software keys are served on Unix sockets.
#[cfg(not(unix))]
fn software_fido_ports() -> Option<Box<dyn FidoPorts>> {
    None
}

#[cfg(feature = "hid")]
fn system_fido_ports() -> Box<dyn FidoPorts> {
    Box::new(crate::fido::hid::HidPorts)
}

#[cfg(not(feature = "hid"))]
fn system_fido_ports() -> Box<dyn FidoPorts> {
    no_fido_ports()
}

#[cfg(any(unix, not(feature = "hid")))]
fn no_fido_ports() -> Box<dyn FidoPorts> {
    Box::new(crate::sim::fido_ports::SoftFidoPorts(Vec::new()))
}

/// Software keys are served on Unix sockets.
#[cfg(not(unix))]
fn software_ports() -> Option<Box<dyn Ports>> {
    None
}

#[cfg(feature = "pcsc")]
fn system_ports() -> Box<dyn Ports> {
    Box::new(crate::transport::pcsc::PcscPorts::default())
}

#[cfg(not(feature = "pcsc"))]
fn system_ports() -> Box<dyn Ports> {
    Box::new(crate::sim::oath_card::SoftPorts(Vec::new()))
}

/// Where the journal lives: `$GLASSKEY_STATE_DIR`, else as the platform has it (XDG Base Directory: state). A relative
/// one would be another directory wherever one stands, and hide the runs of the last one: ours is refused, the
/// platform's are ignored, as XDG has it.
pub(super) fn state_dir() -> Result<PathBuf, Box<Explanation>> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let whole = |name| var(name).filter(|dir| dir.is_absolute());
    let platform = || {
        if cfg!(windows) {
            whole("LOCALAPPDATA")
        } else {
            whole("XDG_STATE_HOME").or_else(|| whole("HOME").map(|home| home.join(".local/state")))
        }
    };
    if let Some(relative) = var(STATE_DIR).filter(|dir| !dir.is_absolute()) {
        let what = format!("{STATE_DIR} is not a whole path: {}", relative.display());
        let hint = "name it from the root on: a relative one is another directory wherever you stand";
        return Err(Box::new(Explanation::new("journal", what).hint(hint)));
    }
    var(STATE_DIR).or_else(|| platform().map(|dir| dir.join("glasskey"))).ok_or_else(|| {
        Box::new(
            Explanation::new(
                "journal",
                "there is no directory for the journal: neither HOME nor XDG_STATE_HOME is set",
            )
            .hint(format!("{STATE_DIR} names one")),
        )
    })
}
