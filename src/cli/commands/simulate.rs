//! `glasskey simulate`: a simulated AWS on loopback and software keys on Unix sockets, until interrupted.

use crate::cli::args::{Cli, Simulate};
use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::{Outcome, outside};
use crate::platform::Interrupt;
use crate::sim::aws::Aws;
use crate::sim::card_server::{self, Served};
use crate::sim::clock::SimClock;
use crate::sim::oath_card::{Options, SoftKey};
use crate::sim::serve::Server;
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(in crate::cli) fn run(args: &Simulate, _cli: &Cli, console: &mut Console) -> Outcome {
    let failed = |what: String| Box::new(Explanation::new("simulate", what));
    let interrupt = Interrupt::install().map_err(|cause| failed(format!("cannot catch signals: {cause}")))?;
    if let Some(path) = &args.card_socket {
        let _card = serve_one(path).map_err(|cause| failed(format!("cannot serve {}: {cause}", path.display())))?;
        console.say(&format!("serving a software key as a card on {}; Ctrl-C pulls it", path.display()));
        while !interrupt.wait(Duration::from_secs(3600)) {}
        return Ok(Exit::Done);
    }
    let directory =
        Sockets::create().map_err(|cause| failed(format!("cannot make a directory for sockets: {cause}")))?;
    let keys = directory.serve(args.keys).map_err(|cause| failed(format!("cannot serve a software key: {cause}")))?;
    let aws = Aws::new(SimClock::host());
    let port = Some(args.port).filter(|port| *port != 0);
    let server = Server::start(aws.clone(), port)
        .map_err(|cause| failed(format!("cannot listen on 127.0.0.1:{}: {cause}", args.port)))?;
    let admin = aws.admin();
    let sockets: Vec<String> = keys.iter().map(|key| key.path().display().to_string()).collect();
    let sockets = sockets.join(":");
    let mut lines = server.exports(&admin);
    if !sockets.is_empty() {
        lines.push(format!("export {}={sockets}", outside::CARDS));
    }
    let environment: serde_json::Map<String, serde_json::Value> = server
        .environment(&admin)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .chain([(outside::CARDS.to_owned(), json!(sockets))])
        .collect();
    console.result(
        &lines.iter().map(|line| format!("{line}\n")).collect::<String>(),
        &json!({ "type": "simulation", "url": server.url(), "account": aws.account(), "environment": environment }),
    );
    console.say(&format!(
        "simulated account {} on {}, {} software keys; paste the lines into another terminal. Ctrl-C ends it.",
        aws.account(),
        server.url(),
        keys.len()
    ));
    while !interrupt.wait(Duration::from_secs(3600)) {}
    Ok(Exit::Done)
}

fn serve_one(path: &Path) -> io::Result<Served> {
    card_server::serve(&SoftKey::new(Options::new(random_serial()?)), path)
}

/// Eight digits, as on recent keys.
fn random_serial() -> io::Result<u32> {
    let random = getrandom::u32().map_err(io::Error::other)?;
    Ok(10_000_000 + random % 90_000_000)
}

/// A private directory for sockets, removed at the end.
struct Sockets(PathBuf);

impl Sockets {
    fn create() -> io::Result<Self> {
        let parent = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let path = parent.join(format!("glasskey-{}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    fn serve(&self, count: u8) -> io::Result<Vec<Served>> {
        (0..count)
            .map(|_| {
                let serial = random_serial()?;
                card_server::serve(&SoftKey::new(Options::new(serial)), &self.0.join(format!("{serial}.sock")))
            })
            .collect()
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
