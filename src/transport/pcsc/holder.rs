//! Which program has the reader open.
//!
//! PC/SC does not tell. On Linux `/proc` does, nearly: a program that talks to pcscd has loaded its client library.
//! That makes a program likely, not certain: it may have loaded the library and hold another reader, or none.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::transport::Holder;

/// Where pcscd listens, under the root directory a process sees.
const SERVICE: &str = "run/pcscd/pcscd.comm";

/// Programs whose work is holding a card, in the order they are suspected. As the kernel shows them: at most 15 bytes.
const SUSPECTS: [&str; 9] = [
    "scdaemon",
    "yubikey-agent",
    "authenticator-h", // authenticator-helper, of Yubico Authenticator
    "ykman",
    "age-plugin-yubi", // age-plugin-yubikey
    "piv-agent",
    "p11-kit-remote",
    "ssh-pkcs11-help", // ssh-pkcs11-helper
    "glasskey",
];

/// The most likely holder among the running programs. `None` when there is none, or several that nothing
/// tells apart: naming the wrong one would be worse than naming none.
pub(super) fn likely() -> Option<Holder> {
    let processes: Vec<Process> = fs::read_dir("/proc").ok()?.flatten().filter_map(Process::read).collect();
    pick(&processes)
}

/// How a process stands to the PC/SC service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// It has the client library in memory and sees the same service as we do.
    Yes,
    No,
    /// It belongs to another user or shields its memory, so that only its name is known.
    Unknown,
}

#[derive(Debug)]
struct Process {
    holder: Holder,
    client: Client,
}

impl Process {
    fn read(entry: fs::DirEntry) -> Option<Self> {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        if pid == std::process::id() {
            return None;
        }
        let name = fs::read_to_string(entry.path().join("comm")).ok()?.trim_end().to_owned();
        let client = if name == "pcscd" { Client::No } else { client(&entry.path()) };
        Some(Self { holder: Holder { name, pid }, client })
    }

    fn suspicion(&self) -> Option<usize> {
        SUSPECTS.iter().position(|name| *name == self.holder.name)
    }
}

fn client(process: &Path) -> Client {
    let Ok(maps) = fs::read(process.join("maps")) else { return Client::Unknown };
    if !String::from_utf8_lossy(&maps).contains("/libpcsclite") {
        return Client::No;
    }
    // A container may run a pcscd of its own; its clients do not keep us from ours.
    let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    match (identity(&Path::new("/").join(SERVICE)), identity(&process.join("root").join(SERVICE))) {
        (Some(ours), Some(theirs)) if ours != theirs => Client::No,
        _ => Client::Yes,
    }
}

/// A known name among the clients; else the only client; else a known name nothing else is known of.
fn pick(processes: &[Process]) -> Option<Holder> {
    let suspect = |client: Client| {
        let of_kind = processes.iter().filter(|process| process.client == client);
        of_kind.filter_map(|process| Some((process.suspicion()?, process))).min_by_key(|(rank, _)| *rank)
    };
    let mut clients = processes.iter().filter(|process| process.client == Client::Yes);
    let found = match (suspect(Client::Yes), clients.next(), clients.next()) {
        (Some((_, process)), ..) | (None, Some(process), None) => Some(process),
        (None, Some(_), Some(_)) => None,
        (None, None, _) => suspect(Client::Unknown).map(|(_, process)| process),
    };
    found.map(|process| process.holder.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn picked(processes: &[(&str, Client)]) -> Option<String> {
        let processes: Vec<Process> = (100..)
            .zip(processes)
            .map(|(pid, (name, client))| Process {
                holder: Holder { name: (*name).to_owned(), pid },
                client: *client,
            })
            .collect();
        pick(&processes).map(|holder| format!("{} {}", holder.name, holder.pid))
    }

    #[test]
    fn a_client_is_named_before_a_mere_name_and_a_known_client_before_an_unknown_one() {
        use Client::{No, Unknown, Yes};
        assert_eq!(picked(&[("init", No), ("scdaemon", No)]), None);
        assert_eq!(picked(&[("firefox", Yes)]).as_deref(), Some("firefox 100"));
        assert_eq!(picked(&[("firefox", Yes), ("scdaemon", Yes)]).as_deref(), Some("scdaemon 101"));
        assert_eq!(picked(&[("ykman", Yes), ("scdaemon", Yes)]).as_deref(), Some("scdaemon 101"));
        assert_eq!(picked(&[("firefox", Yes), ("scdaemon", Unknown)]).as_deref(), Some("firefox 100"));
        assert_eq!(picked(&[("bash", Unknown), ("scdaemon", Unknown)]).as_deref(), Some("scdaemon 101"));
        assert_eq!(picked(&[("firefox", Yes), ("chrome", Yes)]), None, "nothing tells the two apart");
        assert_eq!(picked(&[("bash", Unknown)]), None);
    }

    #[test]
    fn this_process_is_not_its_own_suspect() {
        let own = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .find(|entry| entry.file_name().to_str() == Some(&std::process::id().to_string()));
        assert!(Process::read(own.expect("this process is listed")).is_none());
    }
}
