//! FIDO2 keys and cards, a simulated account or organization, and root at its console.

use crate::fido_cli::roots_of;
use crate::support::fido::PIN;
use crate::support::{FidoKeys, Keys as Cards, Run, run, with_fd};
use glasskey::sim::aws::{AtConsole, Aws, Call, Keys, Organization, Setup};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use glasskey::sim::tap::{Tap, Wire};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::Mutex;

pub(crate) struct Place {
    pub(crate) fido: FidoKeys,
    pub(crate) cards: Cards,
    pub(crate) aws: Aws,
    server: Server,
}

impl Place {
    /// An account whose root has a password and nothing else, and two keys with PINs.
    pub(crate) fn new() -> Self {
        Self::over(Aws::with(SimClock::host(), Setup::default()))
    }

    pub(crate) fn over(aws: Aws) -> Self {
        Self::with(aws, FidoKeys::serve_two(), Cards::serve(2))
    }

    pub(crate) fn with(aws: Aws, fido: FidoKeys, cards: Cards) -> Self {
        let server = Server::start(aws.clone(), None).unwrap();
        Self { fido, cards, aws, server }
    }

    /// An organization; the account is its management account, and `member` one of its members.
    pub(crate) fn organization() -> (Self, Aws) {
        let organization = Organization::varied(SimClock::host(), Setup::default(), 13);
        let view = organization.view();
        let no_mfa = |account: &&Value| account["name"].as_str().unwrap().starts_with("no-mfa");
        let number = view["accounts"].as_array().unwrap().iter().find(no_mfa).unwrap()["account"].as_str().unwrap();
        let member = organization.account(number).unwrap();
        (Self::over(organization.management().clone()), member)
    }

    /// The binary with these credentials, and no terminal.
    pub(crate) fn command(&self, keys: Option<&Keys>, line: &str) -> Command {
        let mut command = self.fido.glasskey(line.split_whitespace());
        self.dress(&mut command, keys);
        command
    }

    /// As [`Place::command`], with whatever terminal it is given.
    pub(crate) fn at_terminal(&self, keys: Option<&Keys>, line: &str) -> Command {
        let mut command = self.fido.bare(line.split_whitespace());
        self.dress(&mut command, keys);
        command
    }

    fn dress(&self, command: &mut Command, keys: Option<&Keys>) {
        command.env("GLASSKEY_CARDS", self.cards.cards());
        if let Some(keys) = keys {
            command.envs(self.server.environment(keys));
        }
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    }

    pub(crate) fn run_as(&self, keys: &Keys, line: &str) -> Run {
        run(&mut self.command(Some(keys), line))
    }

    /// `root enroll` of both keys, their maker trusted.
    pub(crate) fn line(&self, more: &str) -> String {
        let roots = roots_of(&self.fido, 0);
        format!("root enroll --key 12345678 --key 12345679 --attestation-roots {roots} --every 1 {more}")
    }

    /// Runs `root enroll` of both keys without a terminal, their PINs on a file descriptor.
    pub(crate) fn enroll(&self, keys: Option<&Keys>, more: &str) -> Run {
        let line = self.line(&format!("--pin-fd 3 {more}"));
        run(&mut with_fd(&self.command(keys, &line), 3, &format!("{PIN}\n{PIN}\n")))
    }

    /// Has root do something in its console of this account when AWS has answered the n-th request of an action.
    pub(crate) fn then(&self, account: &Aws, when: &[(&'static str, usize, AtConsole)]) {
        let (account, when, tap) = (account.clone(), when.to_vec(), Tap::default());
        let seen = Mutex::new(BTreeMap::<String, usize>::new());
        self.aws.tap(&tap);
        tap.listen(move |passing| {
            let Wire::Aws { action } = &passing.wire else { return };
            if !passing.done {
                return;
            }
            let nth = {
                let mut seen = seen.lock().unwrap();
                let count = seen.entry(action.clone()).or_default();
                *count += 1;
                *count
            };
            for (_, _, act) in when.iter().filter(|(name, at, _)| name == action && *at == nth) {
                account.at_console(act).unwrap();
            }
        });
    }

    /// Every credential on the cards.
    pub(crate) fn credentials(&self) -> usize {
        self.cards.all().iter().map(|key| key.credentials().len()).sum()
    }

    /// Runs in the journal.
    pub(crate) fn unfinished(&self) -> usize {
        std::fs::read_dir(self.fido.home.path().join("state/runs")).map_or(0, Iterator::count)
    }

    /// The answer of the control path.
    pub(crate) fn control(&self, command: &str, body: &Value) -> Value {
        let (body, addr) = (body.to_string(), self.server.addr());
        let mut socket = std::net::TcpStream::connect(addr).unwrap();
        let head = format!("POST /_glasskey/{command} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
        write!(socket, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// The requests so far of one action.
    pub(crate) fn calls(&self, action: &str) -> Vec<Call> {
        self.aws.calls().into_iter().filter(|call| call.action == action).collect()
    }
}
