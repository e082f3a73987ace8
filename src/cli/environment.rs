//! Builds the [`World`] from the system: readers, AWS, the clock, the state directory.

use super::args::{Aws, Global};
use super::console::Console;
use super::explain::{self, Explanation};
use super::notices;
use super::terminal::TerminalPerson;
use crate::aws::Running;
use crate::fido::FidoPorts;
use crate::fido::NoDevices;
use crate::person::Notice;
use crate::transport::Ports;
use crate::world::{self, World, system_fido_ports, system_ports};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Names the paths of software keys, separated by colons (semicolons on Windows). Set by the export lines of `glasskey simulate`; real
/// readers are then not looked at.
pub(super) const CARDS: &str = "GLASSKEY_CARDS";
/// Names the directory of software FIDO2 keys, as `glasskey simulate` serves them. Where this or [`CARDS`] is set, no
/// real key is looked at.
pub(super) const FIDO: &str = "GLASSKEY_FIDO";
/// The world of one command: this machine's, with software keys where the environment names them.
pub(super) fn world(global: &Global, aws: Option<&Aws>, console: &Console) -> Result<World, Box<Explanation>> {
    let mut world = World::system().map_err(|error| Box::new(explain::world(&error)))?;
    let style = console.style();
    if let Some(ports) = software_ports() {
        world.ports = ports;
    }
    if let Some(fido) = software_fido_ports() {
        world.fido = fido;
    }
    world.aws.profile = aws.and_then(|aws| aws.profile.clone());
    world.aws.region = aws.and_then(|aws| aws.region.clone());
    world.aws.on_retry = Arc::new(move |retry| {
        for line in notices::lines(&Notice::Retrying(retry.clone()), style) {
            style.say(&line);
        }
    });
    world.aws.on_wait = Arc::new(move |waiting| {
        if waiting.stage == Running::Slow {
            notices::waiting(waiting, style).iter().for_each(|line| style.say(line));
        }
    });
    world.person = Box::new(TerminalPerson::new(global, style, world.interrupt.clone()));
    Ok(world)
}

pub(super) fn state_dir() -> Result<PathBuf, Box<Explanation>> {
    world::state_dir().map_err(|error| Box::new(explain::world(&error)))
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
    named(CARDS).is_some() || named(FIDO).is_some()
}

fn named(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

fn software_ports() -> Option<Box<dyn Ports>> {
    let sockets = match (named(CARDS), named(FIDO)) {
        (None, None) => return None,
        (sockets, _) => sockets.unwrap_or_default(),
    };
    let sockets = std::env::split_paths(&sockets).filter(|path| !path.as_os_str().is_empty());
    Some(Box::new(crate::transport::socket::SocketPorts::new(sockets.collect())))
}

fn software_fido_ports() -> Option<Box<dyn FidoPorts>> {
    match (named(CARDS), named(FIDO)) {
        (None, None) => None,
        (_, Some(directory)) => Some(Box::new(crate::fido::sockets::SocketFidoPorts::new(directory.into()))),
        (Some(_), None) => Some(Box::new(NoDevices)),
    }
}
