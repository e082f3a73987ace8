//! `glasskey simulate`: a simulated AWS on loopback and software keys at paths of this machine, until interrupted.

use crate::cli::args::{Cli, Simulate};
use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::private_dir::PrivateDir;
use crate::cli::{Outcome, environment};
use crate::platform::Interrupt;
use crate::sim::authenticator::{self, Authority, SoftAuthenticator};
use crate::sim::aws::{Aws, Organization, Partition, Setup};
use crate::sim::card_server;
use crate::sim::clock::SimClock;
use crate::sim::hid_server;
use crate::sim::oath_card::{Options, SoftKey};
use crate::sim::serve::Server;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(in crate::cli) fn run(args: &Simulate, _cli: &Cli, console: &mut Console) -> Outcome {
    let failed = |what: String| Box::new(Explanation::new("simulate", what));
    let interrupt = Interrupt::install().map_err(|cause| failed(format!("cannot catch signals: {cause}")))?;
    if let Some(path) = &args.card_socket {
        let _card = serve_one(path).map_err(|cause| failed(format!("cannot serve {}: {cause}", path.display())))?;
        console.say(&format!("serving a software key as a card on {}; Ctrl-C pulls it", path.display()));
        return Ok(until_interrupted(&interrupt));
    }
    let directory =
        PrivateDir::create().map_err(|cause| failed(format!("cannot make a directory for sockets: {cause}")))?;
    let (_keys, paths) =
        serve_keys(&directory, args.keys).map_err(|cause| failed(format!("cannot serve a software key: {cause}")))?;
    let (aws, organization) = account_or_organization(args);
    let port = Some(args.port).filter(|port| *port != 0);
    let server = Server::start(aws.clone(), port)
        .map_err(|cause| failed(format!("cannot listen on 127.0.0.1:{}: {cause}", args.port)))?;
    let (lines, environment) = environment_of(&server, &aws, &paths, directory.path());
    let report = Report {
        url: server.url().to_owned(),
        account: aws.account().to_owned(),
        environment,
        accounts: organization.as_ref().and_then(accounts),
    };
    console.result(&lines.iter().collect::<Page>(), &report);
    if console.has_lost() {
        return Ok(Exit::Done);
    }
    let what = match args.org {
        Some(count) => format!("organization of {count}, managed by account"),
        None => "account".to_owned(),
    };
    console.say(&format!(
        "simulated {what} {} on {}, {} software keys; paste the lines into another terminal. Ctrl-C ends it.",
        aws.account(),
        server.url(),
        paths.len()
    ));
    Ok(until_interrupted(&interrupt))
}

fn until_interrupted(interrupt: &Interrupt) -> Exit {
    while !interrupt.wait(Duration::from_secs(3600)) {}
    Exit::Done
}

/// What makes another command use all this: lines for a shell, and names with their values.
fn environment_of(
    server: &Server,
    aws: &Aws,
    sockets: &[PathBuf],
    directory: &Path,
) -> (Vec<String>, BTreeMap<&'static str, String>) {
    let admin = aws.admin();
    let sockets = std::env::join_paths(sockets).unwrap_or_default().to_string_lossy().into_owned();
    let mut lines = server.exports(&admin);
    let direct = environment::without_proxy();
    let quoted = |value: &str| shlex::try_quote(value).unwrap_or_default().into_owned();
    lines.extend(direct.iter().map(|(name, value)| format!("export {name}={}", quoted(value))));
    let fido = directory.display().to_string();
    if !sockets.is_empty() {
        lines.push(format!("export {}={}", environment::CARDS, quoted(&sockets)));
        lines.push(format!("export {}={}", environment::FIDO, quoted(&fido)));
    }
    let software = [(environment::CARDS, sockets), (environment::FIDO, fido)];
    let all: BTreeMap<_, _> = server.environment(&admin).into_iter().chain(direct).chain(software).collect();
    if cfg!(windows) {
        // As PowerShell takes them.
        lines = all.iter().map(|(name, value)| format!("$env:{name} = '{}'", value.replace('\'', "''"))).collect();
    }
    (lines, all)
}

/// What is served: the account whose keys are printed, and the organization it manages if there is one.
fn account_or_organization(args: &Simulate) -> (Aws, Option<Organization>) {
    let partition = match args.partition.as_str() {
        "aws-cn" => Partition::AwsCn,
        "aws-us-gov" => Partition::AwsUsGov,
        "aws-eusc" => Partition::AwsEusc,
        _ => Partition::Aws,
    };
    let setup = Setup { partition, ..Setup::default() };
    match args.org {
        None => (Aws::with(SimClock::host(), setup), None),
        Some(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let organization = Organization::varied(SimClock::host(), setup, count);
            (organization.management().clone(), Some(organization))
        }
    }
}

/// What is simulated. Printed once, when everything listens; the command then runs until it is interrupted.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "simulation")]
pub(in crate::cli) struct Report {
    /// The URL of the simulated AWS.
    url: String,
    /// The account number.
    account: String,
    /// The environment that points any AWS client, and glasskey itself, at the simulation. Its credentials open nothing
    /// else.
    environment: BTreeMap<&'static str, String>,
    /// With `--org`: the organization's accounts; else null.
    accounts: Option<Vec<AccountReport>>,
}

/// A simulated account.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(in crate::cli) struct AccountReport {
    /// The account number.
    account: String,
    /// The account's name, which says what its root user is like.
    name: String,
    /// The account's state.
    status: String,
    /// The organizational unit or root that the account is in.
    parent: String,
}

fn accounts(organization: &Organization) -> Option<Vec<AccountReport>> {
    serde_json::from_value(organization.view().get("accounts")?.clone()).ok()
}

/// Eight digits, as on recent keys.
pub(super) fn random_serial() -> io::Result<u32> {
    let random = getrandom::u32().map_err(io::Error::other)?;
    Ok(10_000_000 + random % 90_000_000)
}

fn serve_one(path: &Path) -> io::Result<card_server::Served> {
    card_server::serve(&SoftKey::new(Options::new(random_serial()?)), path)
}

/// What `--attestation-roots` takes to call the simulated keys genuine, in the directory of their sockets.
const ROOTS: &str = "attestation-roots.pem";

fn pem(ders: &[Vec<u8>]) -> String {
    let block = |der: &Vec<u8>| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", data_encoding::BASE64.encode(der))
    };
    ders.iter().map(block).collect()
}

/// A software key, plugged in as long as this lives: a card and an authenticator of one serial number and firmware.
struct Served {
    card: card_server::Served,
    _fido: hid_server::Served,
}

fn serve_keys(directory: &PrivateDir, count: u8) -> io::Result<(Vec<Served>, Vec<PathBuf>)> {
    // One maker's keys. Nobody trusts it who is not told to.
    let authority = Authority::generate();
    std::fs::write(directory.path().join(ROOTS), pem(&[authority.root(), authority.intermediate()]))?;
    let serve = |number| {
        let serial = random_serial()?;
        let options = Options::new(serial);
        let firmware = options.firmware;
        let card = SoftKey::new(options);
        let authority = Some(authority.clone());
        let fido = authenticator::Options { firmware, authority, ..authenticator::Options::new(serial) };
        let fido = SoftAuthenticator::new(fido);
        let fido = hid_server::serve(&fido, directory.path(), number)?;
        let card = card_server::serve(&card, &directory.path().join(format!("{serial}.sock")))?;
        Ok(Served { card, _fido: fido })
    };
    let served: Vec<Served> = (0..u32::from(count)).map(serve).collect::<io::Result<_>>()?;
    let paths = served.iter().map(|key| key.card.path().to_owned()).collect();
    Ok((served, paths))
}
